// SPDX-License-Identifier: GPL-2.0
/*
 * A look at those who wait for a daemon: who waits for too long?
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/string.h>

#include "request.h"

static const char * const zxp_look_names[] = {
	[ZXP_REQUEST_READ] = "READ",
	[ZXP_REQUEST_DIRTY] = "DIRTY",
	[ZXP_REQUEST_SYNC] = "SYNC",
};

/* What the log is to have is noted, and printed without a lock. */
static void zxp_look_note(struct zxp_look *look, const struct zxp_wait *wait)
{
	if (look->nr_told++)
		return;
	look->type = wait->type;
	look->start = wait->start;
	look->end = wait->end;
	look->age = look->now - wait->since;
	look->pid = task_pid_nr(wait->task);
	strscpy(look->comm, wait->task->comm, sizeof(look->comm));
}

/**
 * zxp_look_at() - does somebody wait for too long?
 * @source: the source
 * @look: the look; its @next becomes less if this is the next one to be too long
 * @wait: who waits for what; or a hint, which the log does not tell of
 *
 * Return: whether it is to fail.
 */
bool zxp_look_at(struct zxp_source *source, struct zxp_look *look,
		 const struct zxp_wait *wait)
{
	unsigned long age = look->now - wait->since;

	lockdep_assert_held(&source->lock);

	if (look->limit && age >= look->limit) {
		if (wait->task)
			zxp_look_note(look, wait);
		look->fails = true;
		return true;
	}
	if (look->limit)
		look->next = min(look->next, look->limit - age);
	if (!look->patience || !wait->task || source->told)
		return false;
	if (age < look->patience) {
		look->next = min(look->next, look->patience - age);
	} else {
		source->told = true;
		look->first = true;
		zxp_look_note(look, wait);
	}
	return false;
}

/**
 * zxp_look_tell() - have it in the log
 * @look: a look that is over
 * @key: of the VMO
 *
 * The first one of a VMO in any case, and then within the rate that the kernel has for that.
 */
void zxp_look_tell(const struct zxp_look *look, u64 key)
{
	static DEFINE_RATELIMIT_STATE(rate, DEFAULT_RATELIMIT_INTERVAL, DEFAULT_RATELIMIT_BURST);

	if (!look->nr_told || (!look->first && !__ratelimit(&rate)))
		return;
	pr_warn("%s of %s[%d], %llu bytes at %llu of the VMO with key %#llx, %s after %lu.%02lu s without an answer (%u such)\n",
		zxp_look_names[look->type], look->comm, look->pid,
		(u64)(look->end - look->start) << PAGE_SHIFT, (u64)look->start << PAGE_SHIFT,
		key, look->fails ? "fails" : "waits", look->age / HZ,
		look->age % HZ * 100 / HZ, look->nr_told);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * A look at one wait: is it too long?
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/printk.h>

#include "request.h"

static const char * const zxp_look_names[] = {
	[ZXP_REQUEST_READ] = "READ",
	[ZXP_REQUEST_DIRTY] = "DIRTY",
	[ZXP_REQUEST_SYNC] = "SYNC",
};

/**
 * zxp_look_at() - is this wait too long?
 * @source: the source
 * @look: the look; its @next becomes less if this is the next one to be too long
 * @type: what is waited for
 * @start: first page
 * @end: the page after the last one
 * @task: who waits, or NULL for a hint, which the log does not tell of
 * @since: since when, in jiffies
 *
 * Each one that fails is told of, within the rate that the kernel has for that; of what does
 * not fail the first one of each VMO.
 *
 * Return: whether it is to fail.
 */
bool zxp_look_at(struct zxp_source *source, struct zxp_look *look,
		 enum zxp_request_type type, pgoff_t start, pgoff_t end,
		 struct task_struct *task, unsigned long since)
{
	unsigned long age = look->now - since;
	const char *name = zxp_look_names[type];
	u64 offset = (u64)start << PAGE_SHIFT;
	u64 length = (u64)(end - start) << PAGE_SHIFT;

	lockdep_assert_held(&source->lock);

	if (look->limit && age >= look->limit) {
		if (task)
			pr_warn_ratelimited("%s of %s[%d], %llu bytes at %llu of the VMO with key %#llx, fails: no answer for %u ms\n",
					    name, task->comm, task_pid_nr(task), length,
					    offset, source->key, jiffies_to_msecs(age));
		return true;
	}
	if (look->limit)
		look->next = min(look->next, look->limit - age);
	if (!look->patience || !task || source->told)
		return false;
	if (age < look->patience) {
		look->next = min(look->next, look->patience - age);
		return false;
	}
	source->told = true;
	pr_warn("%s of %s[%d], %llu bytes at %llu of the VMO with key %#llx, waits for %lu s: its daemon does not answer\n",
		name, task->comm, task_pid_nr(task), length, offset, source->key,
		age / HZ);
	return false;
}

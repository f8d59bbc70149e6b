// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel traces calls of a function, each with a stack, again and again.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "slow.h"
#include "util.h"

#define TRACING		"/sys/kernel/tracing"
#define MOST		64	/* probes */

/* What is there already stays. */
static bool trace(const char *name, const char *text)
{
	int dir = open(TRACING, O_PATH | O_CLOEXEC);
	int fd = openat(dir, name, O_WRONLY | O_APPEND | O_CLOEXEC);
	ssize_t len = strlen(text);
	bool ok = write(fd, text, len) == len;

	close(fd);
	close(dir);
	return ok;
}

static bool slow_down_once(const struct slow *slow, unsigned int i)
{
	char probe[128], trigger[64], text[64] = "stacktrace\n";

	snprintf(probe, sizeof(probe), "%c:zxp_slow/slow%u %s\n", *slow->where, i,
		 slow->where + 2);
	snprintf(trigger, sizeof(trigger), "events/zxp_slow/slow%u/trigger", i);
	if (slow->tid)
		snprintf(text, sizeof(text), "stacktrace if common_pid == %d\n", slow->tid);
	return trace("kprobe_events", probe) && trace(trigger, text);
}

bool can_slow_down(void)
{
	if (access(TRACING "/kprobe_events", W_OK))
		mount("tracefs", TRACING, "tracefs", 0, NULL);
	/*
	 * Otherwise the first event has names of tasks recorded where each of them is scheduled.
	 * That changes code that all processors run all the time, and emulated ones may see it
	 * half changed.
	 */
	trace("options/record-cmd", "0\n");
	return !access(TRACING "/kprobe_events", W_OK);
}

bool slow_down(const struct slow *slow, unsigned int nr)
{
	unsigned int used = 0, i;

	can_slow_down();
	/* A test that has failed leaves it as it is. */
	speed_up();
	for (; nr; nr--, slow++) {
		for (i = 0; i < slow->times; i++) {
			if (used < MOST && slow_down_once(slow, used++))
				continue;
			diag("nothing slows %s down here", slow->where);
			speed_up();
			return false;
		}
	}
	return true;
}

void speed_up(void)
{
	char probe[64], trigger[64];
	unsigned int i;

	for (i = 0; i < MOST; i++) {
		snprintf(probe, sizeof(probe), "-:zxp_slow/slow%u\n", i);
		snprintf(trigger, sizeof(trigger), "events/zxp_slow/slow%u/trigger", i);
		/* They are made in this order. */
		if (access(TRACING, X_OK) || !trace(trigger, "!stacktrace\n"))
			break;
		trace("kprobe_events", probe);
	}
}

uint64_t slow_calls(void)
{
	FILE *file = fopen(TRACING "/kprobe_profile", "r");
	uint64_t calls = 0;
	char line[160];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, " slow0 %" SCNu64, &calls) == 1)
			break;
	if (file)
		fclose(file);
	return calls;
}

// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "slow.h"

#define TRACING		"/sys/kernel/tracing"
#define PROBES		8

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

void speed_up(void)
{
	char probe[64], trigger[64];
	int i;

	trace("events/zxp_slow/enable", "0\n");
	for (i = 0; i < PROBES; i++) {
		snprintf(probe, sizeof(probe), "-:zxp_slow/slow%d\n", i);
		snprintf(trigger, sizeof(trigger), "events/zxp_slow/slow%d/trigger", i);
		trace(trigger, "!stacktrace\n");
		trace("kprobe_events", probe);
	}
}

bool slow_down(const char *function, unsigned int stacks)
{
	char probe[128], trigger[64];
	bool ok = stacks <= PROBES;
	unsigned int i;

	if (access(TRACING "/kprobe_events", W_OK))
		mount("tracefs", TRACING, "tracefs", 0, NULL);
	/* A test that has failed leaves it as it is. */
	speed_up();
	for (i = 0; ok && i < stacks; i++) {
		snprintf(probe, sizeof(probe), "r:zxp_slow/slow%u zxpager:%s\n", i, function);
		snprintf(trigger, sizeof(trigger), "events/zxp_slow/slow%u/trigger", i);
		ok = trace("kprobe_events", probe) && trace(trigger, "stacktrace\n");
	}
	return ok && trace("events/zxp_slow/enable", "1\n");
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

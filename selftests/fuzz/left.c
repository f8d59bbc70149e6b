// SPDX-License-Identifier: GPL-2.0
/*
 * What programs have left behind, though all that they had is closed: references to
 * the module, of which each file and each VMO has one, and memory.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../lib/kmemleak.h"
#include "fuzzer.h"

long references(void)
{
	FILE *f = fopen("/sys/module/zxpager/refcnt", "re");
	long n = -1;

	if (!f || fscanf(f, "%ld", &n) != 1)
		n = -1;
	if (f)
		fclose(f);
	return n;
}

/* Descriptors in sockets that nobody has are looked for when one is closed. */
static void collect_sockets(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return;
	close(pair[0]);
	close(pair[1]);
}

/* After a program. The last ones go a moment after the worker. */
void look_for_references(void)
{
	struct timespec pause = { .tv_nsec = 5000000 };
	int left = 2000;

	while (references() > 0 && left--) {
		collect_sockets();
		nanosleep(&pause, NULL);
	}
	if (references() > 0) {
		report(seen.executions, "references to the module are left");
		seen.left = true;
	}
}

/* Threads have the number of their program in their name: see worker.c. */
static unsigned long program_in(const char *line)
{
	const char *name = strstr(line, "comm \"" THREAD_NAME);

	return name ? strtoul(name + strlen("comm \"" THREAD_NAME), NULL, 10) : 0;
}

/* At the end, and now and then: it takes some seconds. */
void look_for_leaks(void)
{
	FILE *f = kmemleak_scan();
	unsigned long execution = 0;
	char line[300];
	bool some = false;

	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		printf("# %s", line);
		some = true;
		/* The first is the first that was lost. */
		if (!execution)
			execution = program_in(line);
	}
	fclose(f);
	klog_skip();
	if (some) {
		report(execution, "memory is left that nothing refers to");
		seen.left = true;
	}
}

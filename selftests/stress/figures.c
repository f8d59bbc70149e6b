// SPDX-License-Identifier: GPL-2.0
/*
 * How long locks were held, and how long tasks could not be woken: as far as the kernel
 * tells.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "stress.h"

#define LOCKS		64
#define INSTANCE	"/sys/kernel/tracing/instances/zxp_stress"
#define EVENT		INSTANCE "/events/sched/sched_stat_blocked"

static struct lock {
	char name[48];
	double contentions, acquisitions, wait_max, hold_max;
} locks[LOCKS];

static int nr_locks;
static bool has_lock_stat, has_trace;
static uint64_t killed_max;

static struct {
	const char *comm;
	uint64_t count, max;
} blocked[] = { { "zxp-actor", 0, 0 }, { "zxp-daemon", 0, 0 }, { "zxp-churn", 0, 0 } };

static bool set(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return ok;
}

void figures_init(void)
{
	has_lock_stat = set("/proc/lock_stat", "0");
	set("/proc/sys/kernel/lock_stat", "1");
	mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL);
	mkdir(INSTANCE, 0700);
	has_trace = set("/proc/sys/kernel/sched_schedstats", "1") &&
		    set(EVENT "/filter", "delay > 100000 && comm ~ \"zxp-*\"") &&
		    set(EVENT "/enable", "1");
}

static struct lock *lock_named(const char *name)
{
	int i;

	for (i = 0; i < nr_locks; i++)
		if (!strcmp(locks[i].name, name))
			return &locks[i];
	if (nr_locks == LOCKS)
		return NULL;
	snprintf(locks[nr_locks].name, sizeof(locks[0].name), "%s", name);
	return &locks[nr_locks++];
}

static bool is_interesting(const char *name)
{
	static const char * const parts[] = {
		"&vmo->", "&source->", "&port->", "&pager->", "zxp", "mmap_lock",
		"vm_lock", "i_mmap_rwsem", "invalidate_lock", "sb_writers",
	};
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strstr(name, parts[i]))
			return true;
	return false;
}

static double max(double a, double b)
{
	return a > b ? a : b;
}

static bool numbers(const char *text, double n[12])
{
	char *end;
	int i;

	for (i = 0; i < 12; i++, text = end) {
		n[i] = strtod(text, &end);
		if (end == text)
			return false;
	}
	return true;
}

/* Before the module goes, and its lock classes with it. */
static void read_lock_stat(void)
{
	FILE *f = fopen("/proc/lock_stat", "re");
	char line[400];

	while (f && fgets(line, sizeof(line), f)) {
		char *end = strrchr(line, ':'), *name = line + strspn(line, " ");
		struct lock *l;
		double n[12];

		if (!end || end <= name || !numbers(end + 1, n))
			continue;
		*end = '\0';
		l = is_interesting(name) ? lock_named(name) : NULL;
		if (!l)
			continue;
		l->contentions += n[1];
		l->wait_max = max(l->wait_max, n[3]);
		l->acquisitions += n[7];
		l->hold_max = max(l->hold_max, n[9]);
	}
	if (f)
		fclose(f);
	set("/proc/lock_stat", "0");
}

static void read_trace(void)
{
	FILE *f = fopen(INSTANCE "/trace", "re");
	char line[400];

	while (f && fgets(line, sizeof(line), f)) {
		char *comm = strstr(line, "comm="), *delay = strstr(line, "delay=");
		uint64_t ns;
		size_t i;

		if (!comm || !delay)
			continue;
		ns = strtoull(delay + 6, NULL, 10);
		for (i = 0; i < sizeof(blocked) / sizeof(blocked[0]); i++) {
			if (strncmp(comm + 5, blocked[i].comm, strlen(blocked[i].comm)))
				continue;
			blocked[i].count++;
			if (ns > blocked[i].max)
				blocked[i].max = ns;
		}
	}
	if (f)
		fclose(f);
	set(INSTANCE "/trace", "");
}

void figures_round(void)
{
	if (has_lock_stat)
		read_lock_stat();
	if (has_trace)
		read_trace();
}

void figures_killed(uint64_t ns)
{
	if (ns > killed_max)
		killed_max = ns;
}

static int by_hold(const void *a, const void *b)
{
	const struct lock *l = a, *m = b;

	return l->hold_max < m->hold_max ? 1 : l->hold_max > m->hold_max ? -1 : 0;
}

void figures_print(void)
{
	size_t i;

	if (has_lock_stat) {
		qsort(locks, nr_locks, sizeof(locks[0]), by_hold);
		diag("%-34s %10s %11s %11s %11s", "lock (times in us)", "taken", "contended",
		     "wait max", "hold max");
		for (i = 0; i < (size_t)nr_locks; i++)
			diag("%-34s %10.0f %11.0f %11.1f %11.1f", locks[i].name,
			     locks[i].acquisitions, locks[i].contentions, locks[i].wait_max,
			     locks[i].hold_max);
	} else {
		diag("how long locks are held: this kernel has no lock_stat");
	}
	for (i = 0; has_trace && i < sizeof(blocked) / sizeof(blocked[0]); i++)
		diag("longest blocked, or waiting so that only SIGKILL ends it: %s %.1f ms (%"
		     PRIu64 " times more than 0.1 ms)", blocked[i].comm,
		     blocked[i].max / 1e6, blocked[i].count);
	if (!has_trace)
		diag("how long tasks are blocked: this kernel has no sched_stat_blocked");
	diag("longest from SIGKILL until a client was gone: %.1f ms", killed_max / 1e6);
	set(EVENT "/enable", "0");
	rmdir(INSTANCE);
}

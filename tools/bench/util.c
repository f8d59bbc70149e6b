// SPDX-License-Identifier: GPL-2.0
/*
 * What all works need.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

/* The exit status for "could not measure". */
#define STATUS_FAILED	2

void die(const char *fmt, ...)
{
	int error = errno;
	va_list args;

	fprintf(stderr, "zxbench: ");
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	if (error)
		fprintf(stderr, ": %s", strerror(error));
	fprintf(stderr, "\n");
	/* Threads may be anywhere: nothing is to be tidied up. */
	_exit(STATUS_FAILED);
}

void note(const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "# ");
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\n");
}

void check_rc(int rc, const char *what)
{
	if (!rc)
		return;
	errno = rc;
	die("%s", what);
}

struct cpu_time {
	unsigned long long idle;
	unsigned long long all;
};

static struct cpu_time cpu_time(void)
{
	struct cpu_time t = { 0 };
	FILE *f = fopen("/proc/stat", "re");
	unsigned long long value;
	char line[256], *at;
	unsigned int i;

	/* cpu USER NICE SYSTEM IDLE IOWAIT IRQ SOFTIRQ STEAL, then guests' */
	if (!f || !fgets(line, sizeof(line), f) || strncmp(line, "cpu ", 4))
		die("/proc/stat");
	fclose(f);
	for (at = line + 4, i = 0; i < 8; i++) {
		value = strtoull(at, &at, 10);
		t.all += value;
		if (i == 3 || i == 4)
			t.idle += value;
	}
	return t;
}

/*
 * In its first seconds a guest is busy with itself, and everything takes twice as
 * long. There is no event for the end of that: it is so when there were
 * three seconds, one after another, of which each was idle to 95 %.
 */
void settle(void)
{
	struct cpu_time before, after;
	unsigned int good = 0, tries;

	for (tries = 0; good < 3 && tries < 120; tries++) {
		before = cpu_time();
		sleep(1);
		after = cpu_time();
		if ((after.idle - before.idle) * 100 >=
		    (after.all - before.all) * 95)
			good++;
		else
			good = 0;
	}
	errno = 0;
	if (good < 3)
		die("the guest does not settle");
}

size_t memory_available(void)
{
	char line[128];
	size_t kib = 0;
	FILE *f = fopen("/proc/meminfo", "re");

	if (!f)
		die("/proc/meminfo");
	while (!kib && fgets(line, sizeof(line), f)) {
		if (strncmp(line, "MemAvailable:", 13) == 0)
			kib = strtoul(line + 13, NULL, 10);
	}
	fclose(f);
	return kib << 10;
}

static void *map(size_t size, int prot, int flags, int fd)
{
	void *p = mmap(NULL, size, prot, flags, fd, 0);

	if (p == MAP_FAILED)
		die("mmap of %zu KiB", size >> 10);
	return p;
}

void *map_memory(size_t size, int fd)
{
	return map(size, PROT_READ | PROT_WRITE,
		   fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd);
}

void *map_to_read(size_t size, int fd)
{
	return map(size, PROT_READ, MAP_SHARED, fd);
}

int make_memfd(size_t size)
{
	int fd = memfd_create("zxbench", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, (off_t)size))
		die("memfd");
	return fd;
}

unsigned int *random_order(unsigned int n)
{
	unsigned int *order = calloc(n, sizeof(*order)), i, j, swap;
	uint64_t state = 88172645463325252;

	if (!order)
		die("memory for %u numbers", n);
	for (i = 0; i < n; i++)
		order[i] = i;
	for (i = n; i > 1; i--) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		j = (unsigned int)(state % i);
		swap = order[i - 1];
		order[i - 1] = order[j];
		order[j] = swap;
	}
	return order;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Between the rounds, with the module gone, the kernel has as much memory as before.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>

#include "../lib/kmemleak.h"
#include "stress.h"

#define CACHES		400
#define SAMPLES		512
#define WARM		2		/* samples until all is as it stays */
#define SHOWN		12		/* samples that are printed */
#define CACHE_LIMIT	(192 << 10)	/* growth of one cache that is not noise */
#define ALL_LIMIT	(8 << 20)	/* of all together */
#define TOTALS		2		/* the first of the list are no caches */

static struct cache {
	char name[40];
	uint64_t bytes[SAMPLES];
} *caches;

static int nr_caches, nr_samples;

/*
 * What processors keep to themselves is free, but not counted so, and may be an eighth of
 * all memory if nobody limits it.
 */
static void limit_lists(void)
{
	int fd = open("/proc/sys/vm/percpu_pagelist_high_fraction", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "2000", 4) != 4)
		diag("percpu_pagelist_high_fraction: %m");
	close(fd);
}

void growth_init(void)
{
	limit_lists();
	caches = calloc(CACHES, sizeof(*caches));
	if (!caches)
		abort();
	snprintf(caches[nr_caches++].name, sizeof(caches[0].name), "SUnreclaim");
	snprintf(caches[nr_caches++].name, sizeof(caches[0].name), "memory in use");
}

static void note(const char *name, uint64_t bytes)
{
	int i;

	for (i = 0; i < nr_caches && strcmp(caches[i].name, name); i++)
		;
	if (i == CACHES)
		return;
	if (i == nr_caches)
		snprintf(caches[nr_caches++].name, sizeof(caches[0].name), "%s", name);
	caches[i].bytes[nr_samples] += bytes;
}

static void settle(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, "3", 1) != 1)
		errno = 0;
	close(fd);
}

void growth_sample(void)
{
	char line[300], name[40];
	uint64_t active, size, kb, used = 0;
	FILE *f;

	if (nr_samples == SAMPLES)
		return;
	settle();
	f = fopen("/proc/meminfo", "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "MemTotal: %" SCNu64, &kb) == 1)
			used += kb << 10;
		else if (sscanf(line, "MemFree: %" SCNu64, &kb) == 1)
			used -= kb << 10;
		/* It has failed, see poison.c, and is never free again. */
		else if (sscanf(line, "HardwareCorrupted: %" SCNu64, &kb) == 1)
			used -= kb << 10;
		else if (sscanf(line, "SUnreclaim: %" SCNu64, &kb) == 1)
			note("SUnreclaim", kb << 10);
	}
	if (f)
		fclose(f);
	note("memory in use", used);
	f = fopen("/proc/slabinfo", "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%39s %" SCNu64 " %*u %" SCNu64, name, &active, &size) == 3)
			note(name, active * size);
	if (f)
		fclose(f);
	nr_samples++;
}

/* The first rounds fill what caches keep, on kernels with KASAN more than others. */
bool growth_known(void)
{
	return nr_samples >= WARM + 2;
}

/* All of the last third are larger than all of the first, the first samples left out. */
static bool has_grown(const struct cache *c, uint64_t limit)
{
	int warm = WARM, third = (nr_samples - warm) / 3, i;
	uint64_t most = 0, least = UINT64_MAX;

	if (!third)
		third = 1;
	for (i = warm; i < warm + third; i++)
		if (c->bytes[i] > most)
			most = c->bytes[i];
	for (i = nr_samples - third; i < nr_samples; i++)
		if (c->bytes[i] < least)
			least = c->bytes[i];
	if (least <= most + limit)
		return false;
	diag("%s has grown from %" PRIu64 " to %" PRIu64 " KiB in %d rounds", c->name,
	     most >> 10, least >> 10, nr_samples - warm - third);
	return true;
}

static void print_samples(const struct cache *c)
{
	char line[20 * SHOWN];
	int i, n = 0;

	for (i = nr_samples > SHOWN ? nr_samples - SHOWN : 0; i < nr_samples; i++)
		n += snprintf(line + n, sizeof(line) - n, " %" PRIu64, c->bytes[i] >> 10);
	diag("%s after the last rounds, in KiB:%s", c->name, line);
}

bool growth_none(void)
{
	int i, grown = 0;

	for (i = 0; i < nr_caches; i++)
		grown += has_grown(&caches[i], i < TOTALS ? ALL_LIMIT : CACHE_LIMIT);
	for (i = 0; i < TOTALS; i++)
		print_samples(&caches[i]);
	return !grown;
}

/* Where there is a kmemleak. */
bool kmemleak_none(void)
{
	FILE *f = kmemleak_scan();
	char line[300];
	bool none = true;

	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		diag("kmemleak: %s", line);
		none = false;
	}
	if (f)
		fclose(f);
	return none;
}

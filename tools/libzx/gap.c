// SPDX-License-Identifier: MIT
/*
 * Free addresses, of which only the kernel knows.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base.h"
#include "region.h"

/* Nobody may map the first ones. */
#define LOWEST	(UINT64_C(1) << 20)

/* The highest aligned start of @size bytes in a gap, or 0. */
static uint64_t fit(uint64_t start, uint64_t end, uint64_t size, uint64_t align)
{
	uint64_t at;

	if (start < LOWEST)
		start = LOWEST;
	if (end < start || end - start < size)
		return 0;
	at = (end - size) & ~(align - 1);
	return at >= start ? at : 0;
}

uint64_t zxi_find_gap(uint64_t limit, uint64_t size, uint64_t align)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	uint64_t from = 0, start, end, at, best = 0;
	char line[512], *rest;

	if (!maps)
		return 0;
	while (fgets(line, sizeof(line), maps)) {
		start = strtoull(line, &rest, 16);
		if (*rest != '-')
			continue;
		end = strtoull(rest + 1, NULL, 16);
		at = fit(from, start < limit ? start : limit, size, align);
		if (at)
			best = at;
		from = end;
		if (from >= limit)
			break;
	}
	fclose(maps);
	at = from < limit ? fit(from, limit, size, align) : 0;
	return at ? at : best;
}

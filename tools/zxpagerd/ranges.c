// SPDX-License-Identifier: GPL-2.0
/*
 * Sets of ranges.
 */
#include <string.h>

#include "ranges.h"

/* The first range that ends at or behind @offset. */
static unsigned int find(const struct ranges *set, uint64_t offset)
{
	unsigned int low = 0, high = set->count;

	while (low < high) {
		unsigned int middle = low + (high - low) / 2;

		if (set->range[middle].end < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Puts @with in the place of ranges [from, to); @n is how many it is, 0 to 2. */
static void replace(struct ranges *set, unsigned int from, unsigned int to,
		    const struct range *with, unsigned int n)
{
	if (set->count - (to - from) + n > RANGES_MAX) {
		set->count = 0;
		from = 0;
		to = 0;
	}
	memmove(&set->range[from + n], &set->range[to],
		(set->count - to) * sizeof(*set->range));
	memcpy(&set->range[from], with, n * sizeof(*with));
	set->count = set->count - (to - from) + n;
}

void ranges_add(struct ranges *set, uint64_t offset, uint64_t end)
{
	struct range all = { offset, end };
	unsigned int from = find(set, offset), to = from;

	while (to < set->count && set->range[to].offset <= end) {
		if (set->range[to].offset < all.offset)
			all.offset = set->range[to].offset;
		if (set->range[to].end > all.end)
			all.end = set->range[to].end;
		to++;
	}
	replace(set, from, to, &all, 1);
}

void ranges_remove(struct ranges *set, uint64_t offset, uint64_t end)
{
	struct range left[2];
	unsigned int from = find(set, offset), to = from, n = 0;

	while (to < set->count && set->range[to].offset < end) {
		if (set->range[to].offset < offset)
			left[n++] = (struct range){ set->range[to].offset, offset };
		if (set->range[to].end > end)
			left[n++] = (struct range){ end, set->range[to].end };
		to++;
	}
	replace(set, from, to, left, n);
}

bool ranges_have(const struct ranges *set, uint64_t offset, uint64_t end)
{
	unsigned int i = find(set, end);

	return i < set->count && set->range[i].offset <= offset;
}

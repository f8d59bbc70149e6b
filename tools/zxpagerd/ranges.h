/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_RANGES_H
#define ZXD_RANGES_H

#include <stdbool.h>
#include <stdint.h>

#define RANGES_MAX	1024

/*
 * struct ranges - a set of bytes that is good to know but may be forgotten
 * @range: in ascending order, with gaps between them
 */
struct ranges {
	unsigned int count;
	struct range {
		uint64_t offset;
		uint64_t end;
	} range[RANGES_MAX];
};

/* One that would be too many makes it forget all others. */
void ranges_add(struct ranges *set, uint64_t offset, uint64_t end);
void ranges_remove(struct ranges *set, uint64_t offset, uint64_t end);

/* All of [offset, end) is in there. */
bool ranges_have(const struct ranges *set, uint64_t offset, uint64_t end);

#endif /* ZXD_RANGES_H */

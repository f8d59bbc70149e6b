/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_BAD_H
#define ZXD_BAD_H

#include <stdbool.h>
#include <stdint.h>

struct target;

/* struct bad - a range that is to fail */
struct bad {
	struct bad *next;
	uint64_t offset;
	uint64_t end;
	int code;
};

/* struct bads - those of one VMO */
struct bads {
	struct bad *first;
	unsigned int count;
};

/* 0 or an errno: READs of the range fail with @code until bad_clear(). */
int bad_add(struct bads *bads, struct target *t, uint64_t offset, uint64_t length,
	    int code);
void bad_clear(struct bads *bads);

/* What @offset's page is to fail with, or 0; and whether any page of a range is. */
int bad_code(const struct bads *bads, uint64_t offset);
bool bad_any(const struct bads *bads, uint64_t offset, uint64_t end);

#endif /* ZXD_BAD_H */

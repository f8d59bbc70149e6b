/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One who takes snapshots of a VMO, and knows what each of them has to have for ever.
 */
#ifndef ZXP_SELFTESTS_WITNESS_H
#define ZXP_SELFTESTS_WITNESS_H

#include "../lib/pager.h"
#include "dice.h"

#define WITNESS_SNAPSHOTS	3	/* at a time */

/* Of the first @size bytes, if there is one: else it has no mapping. */
struct snapshot {
	int fd;
	char *map;
	char *shadow;
	uint64_t size;
};

struct witness {
	struct test_vmo *vmo;
	uint64_t room;
	char *buf;
	struct snapshot snapshot[WITNESS_SNAPSHOTS];
	uint64_t made;
	uint64_t looks;
};

/* @room: pages that the VMO may ever have. */
bool witness_init(struct witness *w, struct test_vmo *vmo, uint64_t room);
/* One goes, or there is a new one of what @shadow has; nobody changes the VMO meanwhile. */
bool witness_snapshot(struct witness *w, struct dice *d, const char *shadow, uint64_t size);
/* One has still what it has to have in a range; and may be stored to. */
bool witness_look(struct witness *w, struct dice *d, uint64_t off, uint64_t len);
/* All have, everywhere, and go. */
bool witness_end(struct witness *w);

#endif /* ZXP_SELFTESTS_WITNESS_H */

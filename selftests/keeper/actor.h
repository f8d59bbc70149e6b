/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A client that does anything at all, one thing after the other, and compares.
 */
#ifndef ZXP_SELFTESTS_ACTOR_H
#define ZXP_SELFTESTS_ACTOR_H

#include "keeper.h"
#include "witness.h"

#define ROOM		48	/* pages that it may grow to */
#define TOLD		24	/* operations that a failure tells */

struct actor {
	struct test_vmo *vmo;
	struct keeper *k;
	struct witness *witness;	/* or NULL */
	struct dice dice;
	uint32_t options;
	bool sync;
	int append;		/* the VMO again, to append to */
	char *map;		/* MAX bytes, of which only those of @size are used */
	char *shadow;		/* what the VMO has to contain */
	uint64_t size;
	char *buf;
	uint64_t done;
	uint64_t synced;	/* fsync() and the like after which the store was right */
	char told[TOLD][80];
};

/* Of the VMO of @k, which is full of its content; the dice are there. */
bool actor_start(struct actor *a, struct keeper *k, uint64_t size);
/* One more operation; false after a message if something was not as it has to be. */
bool actor_go_on(struct actor *a);
/* The last operations. */
void actor_tell(const struct actor *a);

#endif /* ZXP_SELFTESTS_ACTOR_H */

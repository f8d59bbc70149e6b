/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_BATCH_H
#define ZXD_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "chunks.h"
#include "loop.h"
#include "parts.h"

struct dirty;

/*
 * struct batch - some of what is dirty in a VMO, as it is written back together
 * @done: called when it is durable or has failed
 * @busy: under way
 * @start: where it begins; @rewrites how often the store has lost what it was given there
 * @at: next to be zeroed, in part number @current
 * @piece: end of the zeroes under way from @at on; @drop if they give up space
 * @limit: where zeroes end, because the store has nothing beyond, or will not
 * @chunks: its data
 * @unsynced: the store was changed since its last sync; @resized in size
 * @old_size, @new_size: of the store, while it gets another, larger or smaller
 * @grow_error: what keeps the store from being as large as the stream
 */
struct batch {
	struct target *target;
	struct dirty *dirty;
	void (*done)(struct batch *b);
	bool busy;
	struct parts parts;
	uint64_t start;
	unsigned int rewrites;
	unsigned int current;
	uint64_t at;
	uint64_t piece;
	bool drop;
	uint64_t limit;
	struct chunks chunks;
	struct event event;
	bool unsynced;
	bool resized;
	uint64_t old_size, new_size;
	int grow_error;
};

/* 0 or an errno; before serving, because writing back must not need memory. */
int batch_init(struct batch *b, struct target *t, struct reader *r, struct dirty *d);

/*
 * Begins to write back what is dirty in [@offset, @end), or the first of it, and the
 * VMO's size.  False if there is nothing to do; otherwise @b->done is called in the end.
 */
bool batch_begin(struct batch *b, uint64_t offset, uint64_t end);

#endif /* ZXD_BATCH_H */

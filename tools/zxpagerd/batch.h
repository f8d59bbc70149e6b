/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_BATCH_H
#define ZXD_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "loop.h"
#include "parts.h"

#define CHUNKS		4
#define CHUNK_SIZE	(256u << 10)

struct dirty;

/* struct chunk - a piece of a part on its way to the store */
struct chunk {
	struct event event;
	struct batch *batch;
	bool busy;
	uint8_t *buffer;	/* while it is busy */
	struct part *part;
	uint64_t offset;
	uint32_t length, put;
};

/*
 * struct batch - some of what is dirty in a VMO, as it is written back together
 * @done: called when it is durable or has failed
 * @busy: under way
 * @start: where it begins; @rewrites how often the store has lost what it was given there
 * @at: next to be zeroed or written, in part number @current
 * @piece: end of the zeroes under way from @at on; @drop if they give up space
 * @limit: where zeroes end, because the store has nothing beyond, or will not
 * @writes: chunks under way
 * @next_starving: among those that have none under way, and wait for a buffer
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
	struct chunk chunks[CHUNKS];
	unsigned int writes;
	struct batch *next_starving;
	struct event event;
	bool unsynced;
	bool resized;
	uint64_t old_size, new_size;
	int grow_error;
};

/* 0 or an errno; before serving, because writing back must not need memory. */
int batch_init(struct batch *b, struct target *t, struct reader *r, struct dirty *d);

/* How many chunks all VMOs share, to be set before the first one. */
extern unsigned int batch_chunks;

/* Once in each turn of the loop: those that wait for buffers of others go on. */
void batch_turn(void);

/*
 * Begins to write back what is dirty in [@offset, @end), or the first of it, and the
 * VMO's size.  False if there is nothing to do; otherwise @b->done is called in the end.
 */
bool batch_begin(struct batch *b, uint64_t offset, uint64_t end);

#endif /* ZXD_BATCH_H */

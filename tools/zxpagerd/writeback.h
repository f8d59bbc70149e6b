/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_WRITEBACK_H
#define ZXD_WRITEBACK_H

#include <stdbool.h>
#include <stdint.h>

#include "batch.h"
#include "dirty.h"

/*
 * struct sync_request - somebody waits until a range is durable
 * @done: called once, with 0 or an errno; perhaps from within writeback_sync()
 */
struct sync_request {
	struct sync_request *next;
	uint64_t offset;
	uint64_t end;
	void (*done)(struct sync_request *req, int error);
};

/*
 * struct pass - once over a range of a VMO, batch by batch; it has come to @at
 * @size: of the stream when it began
 * @again: something was left out
 * @goes_beyond: of a sync, which waits for what is dirty behind its range
 * @lost: bytes that are, as far as it has come
 */
struct pass {
	bool active;
	bool again;
	bool goes_beyond;
	uint64_t at;
	uint64_t end;
	uint64_t size;
	uint64_t lost;
	int error;
};

/*
 * struct writeback - when what is dirty in a VMO is written back
 * @dirty: what that is
 * @batch: what is under way, for one of the passes
 * @all: the pass over all of it
 * @sync: that for the first of @syncs, which goes first
 * @sync_at: not before that, since something was left out of it
 * @wanted: all of it is to be written back, but not before @retry_at
 * @since: when something was dirty first, or 0
 * @epoch, @written: an age ago at most, and what had been written back until then
 * @granted: what had been granted when the last pass began
 * @retry_ms: how long was waited before the last try, 0 if that succeeded
 */
struct writeback {
	struct target *target;
	struct dirty dirty;
	struct batch batch;
	struct pass all;
	struct pass sync;
	struct sync_request *syncs, **syncs_end;
	uint64_t sync_at;
	bool wanted;
	bool pumping;
	uint64_t since;
	uint64_t epoch, written;
	uint64_t granted;
	uint64_t retry_at;
	unsigned int retry_ms;
};

/* 0 or an errno; @r is the reader of what is written back. */
int writeback_init(struct writeback *wb, struct target *t, struct reader *r);
void writeback_free(struct writeback *wb);

/*
 * The VMO was there before this daemon, which knows nothing of what was written to the store:
 * a sync has to be one, of the size, too, and what is dirty counts.
 */
void writeback_adopt(struct writeback *wb);

/* What is dirty is to be written back soon; after an error not at once. */
void writeback_want(struct writeback *wb);

/* Calls @req->done when what is dirty in its range by now is durable, or cannot be. */
void writeback_sync(struct writeback *wb, struct sync_request *req);

/* Once in each turn of the loop: takes the news of what became dirty, some at a time. */
void writeback_turn(void);

/*
 * Looks after age and amount of what is dirty, and at what failed; again and again.  Not at
 * all VMOs at once if they are many: tells how many calls make a round.
 */
unsigned int writeback_tick(void);

/* From now on everything is written back as soon as it is dirty. */
void writeback_hurry(void);

/* Nothing of the VMO is left to be written back that could be. */
bool writeback_is_clean(struct writeback *wb);

/* How many bytes are; *@lost others never will be, since their memory has failed. */
uint64_t writeback_left(struct writeback *wb, uint64_t *lost);

#endif /* ZXD_WRITEBACK_H */

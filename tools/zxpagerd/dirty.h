/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_DIRTY_H
#define ZXD_DIRTY_H

#include <stdbool.h>
#include <stdint.h>

#include "loop.h"
#include "ranges.h"
#include "requests.h"
#include "writers.h"

struct target;

/*
 * struct dirty - how the DIRTYs of one VMO are answered
 * @started, @done: passes of writing back over all of the VMO that were begun; the last
 *	one that succeeded
 * @bytes: in dirty pages: what the kernel said last, and what was granted since, but for
 *	@lost of them, whose memory has failed: nobody is to wait for these
 * @writers: who may go on where
 * @event: of the reservation under way, if @reserving; for [@from, @to)
 * @reserved: where the store is known to have space
 * @unreserved: the store cannot tell
 * @paused: reservations wait for dirty_resume(); @ready was not handled yet
 * @next_waiting: among those who wait for the limit of all, if @is_waiting
 * @next_news: among those that dirty_news() will take, if @has_news
 * @is_wanted: is to be written back at once
 * @goes_on: more may be granted than one turn takes: dirty_pump() is to be called again
 */
struct dirty {
	struct target *target;
	struct dirty *next;
	struct requests queue;
	uint64_t started, done;
	uint64_t bytes;
	uint64_t lost;
	bool throttled;
	struct writers writers;
	struct event event;
	bool reserving;
	uint64_t from, to;
	struct ranges reserved;
	bool unreserved;
	bool paused;
	struct event *ready;
	struct dirty *next_waiting;
	bool is_waiting;
	struct dirty *next_news;
	bool has_news;
	bool is_wanted;
	bool goes_on;
};

/* Those of all VMOs that are writable. */
extern struct dirty *dirties;
extern unsigned int dirty_vmos;		/* how many they are */

/* Before serving; and for tests, once the store has answered all. */
void dirty_init(struct dirty *d, struct target *t);
void dirty_free(struct dirty *d);

/* Somebody waits to write to a range: it will be granted or failed. */
void dirty_request(struct dirty *d, uint64_t offset, uint64_t length);

/* Nobody waits any more. */
void dirty_cancel(struct dirty *d);

/*
 * Grants what may be granted by now, in this VMO; and in those that wait for the limit of all.
 * What is too much for this turn is news, for the next.
 */
void dirty_pump(struct dirty *d);
void dirty_pump_all(void);

/* Another turn of the loop begins; no more can be granted in this one. */
void dirty_turn(void);
bool dirty_turn_is_over(void);

/* Sets the number of dirty bytes to what the kernel tells. */
void dirty_count(struct dirty *d, uint64_t bytes);

/* More than half of what may be dirty in all of them is. */
bool dirty_is_much(void);

/*
 * Takes the next VMO of which something was granted since it was taken last, or, if
 * @wanted, that is to be written back at once: a writer waits for that.  NULL if there is
 * none.
 */
struct dirty *dirty_news(bool *wanted);

/* There is one. */
bool dirty_any_news(void);

/*
 * What is about to make space of the store free again takes care here that nobody
 * reserves it in the meantime.  @ready is handled once no reservation is under way, which
 * may be at once.
 */
void dirty_pause(struct dirty *d, struct event *ready);
void dirty_resume(struct dirty *d);

#endif /* ZXD_DIRTY_H */

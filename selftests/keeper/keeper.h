/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A daemon with a store of its own, which is plain memory: it answers READ and DIRTY,
 * writes back, and answers SYNC when all is in the store.
 *
 * A wild one answers late, in pieces, in another order and more than it was asked
 * for, and writes back whenever it likes.
 *
 * One that has generations takes over from itself at random times. What a thread has read it
 * answers as the generation that it was then, so also too late.
 */
#ifndef ZXP_SELFTESTS_KEEPER_H
#define ZXP_SELFTESTS_KEEPER_H

#include <pthread.h>

#include "../lib/pager.h"
#include "dice.h"

#define KEEPER_THREADS	2

struct keeper;

/* What a thread uses from when it waits for a packet until that is answered. */
struct keeper_generation {
	unsigned int number;
	unsigned int users;
	int fd;
	int port;
	int vmo;
};

struct keeper_thread {
	struct keeper *k;
	struct keeper_generation *g;
	struct dice dice;
	pthread_t thread;
};

struct keeper {
	struct user_pager *p;
	struct test_vmo *vmo;
	bool wild;
	bool slow;		/* takes its time between BEGIN and END */
	char *store;
	uint64_t room;		/* its pages */
	/*
	 * Held from the look at the store until a supply of that is done, and while
	 * the store changes: or a supply could bring content that is old by now.
	 */
	pthread_mutex_t store_lock;
	/*
	 * One pass at a time. A second one that begins before the first has ended could
	 * clean what only the first has seen.
	 */
	pthread_mutex_t pass_lock;
	struct keeper_thread answer[KEEPER_THREADS];
	struct keeper_thread writeback;	/* of a wild one */
	int stop[2];

	/* The present generation is that of @taken_over, the one before is the other. */
	struct keeper_generation generation[2];
	pthread_mutex_t generation_lock;
	pthread_cond_t generation_left;
	struct keeper_thread successor;	/* of one that has generations */
	int keeper;			/* who begins them */
	int settle[2];
	volatile unsigned int begun;	/* calls that were made, */
	volatile unsigned int taken_over; /* and of which all is used */

	/* What it has seen so far. */
	volatile uint64_t reads;
	volatile uint64_t dirties;
	volatile uint64_t syncs;
	volatile uint64_t passes;
	volatile uint64_t page_ranges;
	volatile uint64_t zero_ranges;
	volatile uint64_t completes;
	volatile uint64_t late;		/* calls that were refused to former generations */
	volatile uint64_t errors;
};

/* @room: pages that the VMO may ever have; the store holds vmo_fill() of them. */
bool keeper_start(struct keeper *k, struct user_pager *p, struct test_vmo *vmo,
		  uint64_t room, bool wild, uint64_t seed);
/* Ended, and nothing went wrong. */
bool keeper_end(struct keeper *k);

/* generation.c */
/* From now on others take over: @keeper is the pager's, and @k->p its present generation. */
bool keeper_begin_generations(struct keeper *k, int keeper, uint64_t seed);
/* No more of them. */
bool keeper_settle(struct keeper *k);
/* The next one; the former one says all it can, and is refused. */
bool keeper_take_over(struct keeper *k, struct dice *d);
struct keeper_generation *keeper_enter(struct keeper *k);
void keeper_leave(struct keeper *k, struct keeper_generation *g);
/* Did another one begin, so that calls of this one may be refused; and are all refused? */
bool keeper_followed(const struct keeper *k, const struct keeper_generation *g);
bool keeper_is_former(const struct keeper *k, const struct keeper_generation *g);

/*
 * Write back what is dirty in a range now: all of it, or what it likes to. False if
 * something is wrong.
 */
bool keeper_pass(struct keeper *k, struct dice *d, uint64_t offset, uint64_t length,
		 bool all);
/* The same by a generation, which may be refused; see keeper_followed(). */
bool keeper_pass_by(struct keeper *k, const struct keeper_generation *g, struct dice *d,
		    uint64_t offset, uint64_t length, bool all);
/* Write back all there is until nothing is dirty. */
bool keeper_flush(struct keeper *k);
/* Bytes of the VMO that are dirty now, with or without pages. */
uint64_t keeper_dirty(struct keeper *k);
/* The store holds exactly these bytes; tells the first that differs. */
bool keeper_holds(struct keeper *k, const char *bytes, uint64_t length);

#endif /* ZXP_SELFTESTS_KEEPER_H */

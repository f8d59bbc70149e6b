/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A VMO, the pager behind it and a store, as far as the daemon's policy can tell, in a
 * process that needs neither module nor files.
 *
 * A page has one number as its content, 0 for zeroes; each write gives it a new one.
 * What the store is asked for waits until the test answers it, in any order, and is done
 * then, or, as the test likes, when it is asked for.  What was
 * written to the store is durable after a sync that succeeded; one that failed forgets it.
 */
#ifndef TESTS_FAKE_H
#define TESTS_FAKE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../zxpagerd/options.h"
#include "../zxpagerd/supply.h"
#include "../zxpagerd/vmo.h"

#define PAGE		4096u
#define PAGES		64u	/* no test but one has more */
#define PAGES_MAX	4096u
#define READ_WINDOW	(8 * PAGE)
#define DIRTY_WINDOW	(4 * PAGE)

enum state { MISSING, CLEAN, DIRTY, AWAITING, ZERO };

/*
 * struct fake_page - a page of the VMO
 * @begun: at the start of a zero range: how many pages of it writing back has begun for
 * @zeroed: the last time that zeroes took its content, on the clock of contents
 * @cut: the last time that it was cut off
 * @pinned: BEGIN leaves it dirty
 * @broken: its memory has failed: it is lost if it was dirty, and cannot be read
 * @breaks: that happens when writing back begins
 */
struct fake_page {
	enum state state;
	uint32_t value;
	unsigned int begun;
	uint32_t zeroed;
	uint32_t cut;
	bool pinned;
	bool broken;
	bool breaks;
	int failed;
};

struct block {
	uint32_t value;		/* as the page cache has it */
	uint32_t durable;
	bool changed;		/* the next sync makes that durable... */
	bool kept;		/* ... also after one that failed: it is in the journal */
	bool allocated;
};

/*
 * struct refusal - what the kernel says to a call, @times times after the next @after; 0
 * for both if it does as it is told
 */
struct refusal {
	zx_status_t status;
	unsigned int after;
	unsigned int times;
};

enum call { INFO, DIRTY_CALL, QUERY, BEGIN, END, VMO_READ, SUPPLY, FAIL, SYNC_END,
	    CALLS };
extern struct refusal refusals[CALLS];
extern unsigned long pager_steps;	/* calls, and ranges that the query told of */

enum kind { READ, WRITE, SYNC, RESERVE, BLANK, RESIZE };

/* struct asked - what the store was asked for and has not answered */
struct asked {
	enum kind kind;
	struct event *ev;
	uint8_t *buffer;
	const uint8_t *source;
	uint64_t offset;	/* RESIZE: the size */
	uint64_t length;
	bool flag;		/* SYNC: all; BLANK: keep */
	bool done;		/* with this result */
	int res;
};

extern struct vmo vmo;
extern struct fake_page page[PAGES_MAX];
extern struct block block[PAGES_MAX];
extern struct asked asked[64];
extern unsigned int asked_count, asked_ever[RESIZE + 1];
extern uint64_t vmo_size, stream_size, durable_size;
extern uint64_t store_max;		/* the most that the store can have */
extern uint32_t clock_now, resized;	/* the clock of contents; the last resize */
extern uint64_t ms_now;
extern unsigned int space;		/* blocks that are left */
extern unsigned int late_nospc;		/* writes that found none */
extern bool can_reserve, can_blank;
extern bool (*is_early)(void);		/* do it now, answer later; NULL: never */
extern bool one_turn;			/* answers come in the same turn of the loop */
extern unsigned int grants;		/* successful OP_DIRTY */
extern int sync_answer;			/* of the last SYNC_END, or -1 */

/* A VMO and a file of @bytes, all of it clean and on the disk; page i holds i + 1. */
void fake_start(uint64_t bytes);
void fake_stop(void);
void store_start(uint64_t bytes);

/* From now on neither the VMO nor the store changes its size: a block device. */
void fake_fix_size(void);

/* For tests with 16 pages. */
int setup_fake(void **state);
int teardown_fake(void **state);

/* A client's access: false if it waits for the daemon, and has to be made again. */
bool client_write(unsigned int index);
bool client_read(unsigned int index);
void client_zero(unsigned int from, unsigned int to);
void client_resize(uint64_t bytes);
void client_stream(uint64_t bytes);	/* SET_STREAM_SIZE, which leaves the VMO as it is */

/* Clean pages go. */
void evict(unsigned int from, unsigned int to);

/* A timer that is due is over; false if there is none. */
bool fake_timer_step(void);

/* Nothing happens but that the next timer is over. */
void fake_timer_wait(void);
void fake_timers_forget(void);

/* The store answers its number @i, with @error if that is not 0, or all in order. */
void answer(unsigned int i, int error);
void answer_all(void);

/* The number of the first one of @kind that waits, or -1. */
int waits(enum kind kind);

/* That is all that the store was asked for. */
void assert_only(enum kind kind);

/* A write and all that the daemon does for it. */
void write_page(unsigned int i);

/* The file is the VMO, for good. */
void assert_same(void);

/* A sync of pages [from, to); @sync_error is its result, -1 as long as there is none. */
extern int sync_error;
void begin_sync(unsigned int from, unsigned int to);

/* The same, and the store answers all. */
void sync_pages(unsigned int from, unsigned int to);
void sync_done(struct sync_request *req, int error);

#endif /* TESTS_FAKE_H */

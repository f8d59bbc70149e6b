/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_READER_H
#define ZXD_READER_H

#include <stdint.h>

#include "window.h"

/*
 * How much memory the windows of all VMOs have, to be set before the first one, if that is
 * two for each store; it is there from the start, so that answering never needs any.
 */
extern uint64_t reader_memory;

/* 0 or an errno; @ahead is how much to read ahead at most. */
int reader_init(struct reader *r, struct target *t, uint32_t window_size,
		unsigned int depth, uint64_t ahead);
void reader_free(struct reader *r);

/*
 * What supply_count was when the packets that are being served were waited for.  Another
 * thread may have supplied since what they ask for.
 */
extern uint64_t reader_taken;

/* Somebody waits for a range: it will be supplied or failed. */
void reader_request(struct reader *r, uint64_t offset, uint64_t length);

/*
 * Begins as many windows as there are requests for and room, and then some ahead: when a
 * window has become free, and where the target was held.
 */
void reader_pump(struct reader *r);

/* Once in each turn of the loop: those that wait for memory of others get what is free. */
void reader_turn(void);

/* Nobody waits any more; what is being read is thrown away. */
void reader_cancel(struct reader *r);

/*
 * The store has something newer for a range, and the kernel may forget it any time: what
 * was read so far is not supplied any more.
 */
void reader_outdate(struct reader *r, uint64_t offset, uint64_t end);

#endif /* ZXD_READER_H */

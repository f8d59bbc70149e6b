/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_WINDOW_H
#define ZXD_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "ahead.h"
#include "answer.h"
#include "bad.h"
#include "loop.h"
#include "pool.h"
#include "requests.h"
#include "supply.h"

enum window_mode {
	WHOLE,		/* read all of the window */
	RUNS,		/* only what is wanted, run by run */
	PAGES,		/* page by page */
};

/*
 * struct window - one read under way
 * @turn: the next one of the loop, if there is nothing to be read
 * @supply: of what was read, when all of it is there
 * @offset: start in the VMO
 * @length: window size, less at the end of the VMO
 * @from, @to: the part of it that is being read now
 * @got: bytes of that part that are there
 * @buffer: while it is busy
 * @outdated: what was read so far is older than the store
 * @wanted: a bit for each page that waits for an answer
 */
struct window {
	struct event event;
	struct timer turn;
	struct supply supply;
	struct reader *reader;
	bool busy;
	bool outdated;
	enum window_mode mode;
	uint64_t offset;
	uint32_t length;
	uint32_t from, to, got;
	uint8_t *buffer;
	uint64_t *wanted;
};

/*
 * struct reader - how the READs of one VMO are answered; see reader.h
 * @window_size: a power of two, a multiple of the page size
 * @depth: how many windows are read at a time
 * @busy: how many are being read now
 * @buffers: where theirs come from and go to
 * @freed: a window has become free
 */
struct reader {
	struct target *target;
	uint32_t window_size;
	unsigned int depth;
	unsigned int busy;
	struct window *windows;
	struct requests requests;
	struct ahead ahead;
	struct bads bads;
	struct pool_user buffers;
	void (*freed)(struct reader *r);
};

/* 0 or an errno. */
int window_init(struct window *w, struct reader *r);
void window_free(struct window *w);

/* It is to be read from @offset on, with no page wanted; then window_want() and _step(). */
void window_begin(struct window *w, uint64_t offset);
void window_want(struct window *w, uint64_t offset, uint64_t end);
bool window_is_wanted(const struct window *w);

/* Begins what is to be read next, or lets the window go. */
void window_step(struct window *w);

#endif /* ZXD_WINDOW_H */

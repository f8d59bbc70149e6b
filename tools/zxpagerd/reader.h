/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_READER_H
#define ZXD_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "ahead.h"

struct vmo;
struct window;

/* struct request - the part of a READ packet that no window was begun for */
struct request {
	struct request *next;
	uint64_t offset;
	uint64_t end;
};

/* struct bad - a range that is to fail */
struct bad {
	struct bad *next;
	uint64_t offset;
	uint64_t end;
	int code;
};

/*
 * struct reader - how the READs of one VMO are answered
 * @window_size: a power of two, a multiple of the page size
 * @depth: how many windows are read at a time; their memory is there from the start,
 *	so that answering never needs any
 * @busy: how many are being read now
 */
struct reader {
	uint32_t window_size;
	uint32_t page_size;
	unsigned int depth;
	unsigned int busy;
	struct window *windows;
	struct request *requests, **requests_end;
	struct ahead ahead;
	struct bad *bads;
	unsigned int bad_count;
};

/* 0 or an errno; @ahead is how much to read ahead at most. */
int reader_init(struct vmo *vmo, uint32_t window_size, unsigned int depth,
		uint64_t ahead);
void reader_free(struct vmo *vmo);

/* Somebody waits for a range: it will be supplied or failed. */
void reader_request(struct vmo *vmo, uint64_t offset, uint64_t length);

/*
 * Begins as many windows as there are requests for and room, and then some ahead: when a
 * window has become free, and where vmo->held had it stop.
 */
void reader_pump(struct vmo *vmo);

/* Fails a range with @code. */
void reader_fail(struct vmo *vmo, uint64_t offset, uint64_t length, int code);

/* Requests in the queue for what just got content are over. */
void reader_trim(struct reader *r, uint64_t offset, uint64_t end);

/* Nobody waits any more; what is being read is thrown away. */
void reader_cancel(struct vmo *vmo);

/*
 * The store has something newer for a range, and the kernel may forget it any time: what
 * was read so far is not supplied any more.
 */
void reader_outdate(struct vmo *vmo, uint64_t offset, uint64_t end);

/* 0 or an errno: READs of the range fail with @code until reader_clear_bad(). */
int reader_add_bad(struct vmo *vmo, uint64_t offset, uint64_t length, int code);
void reader_clear_bad(struct vmo *vmo);

/* What @offset's page is to fail with, or 0; and whether any page of a range is. */
int reader_bad_code(const struct reader *r, uint64_t offset);
bool reader_has_bad(const struct reader *r, uint64_t offset, uint64_t end);

#endif /* ZXD_READER_H */

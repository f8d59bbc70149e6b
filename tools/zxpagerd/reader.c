// SPDX-License-Identifier: GPL-2.0
/*
 * How READs are answered: in windows.
 *
 * A READ marks its pages as wanted in each window that it touches.  A window that is
 * being read already is not read again.  All of a VMO's windows may be busy; then requests
 * queue up, and only as many as there are packets without an answer.
 *
 * Windows that nobody has asked for yet are read ahead when no request waits for one.  They
 * take half of a VMO's windows at most, so that the next request finds one, and none is
 * begun for a stream before its client has what it waits for.
 */
#include <errno.h>
#include <stdlib.h>

#include "log.h"
#include "pager.h"
#include "reader.h"
#include "supply.h"

uint64_t reader_memory = 64ull << 20;
uint64_t reader_taken = UINT64_MAX;
static struct pool pool;

static struct window *find_window(struct reader *r, uint64_t offset)
{
	for (unsigned int i = 0; r->busy && i < r->depth; i++)
		if (r->windows[i].busy && r->windows[i].offset == offset)
			return &r->windows[i];
	return NULL;
}

/* With a buffer. */
static struct window *free_window(struct reader *r)
{
	struct window *w = r->windows;

	while (w < r->windows + r->depth && w->busy)
		w++;
	if (w == r->windows + r->depth)
		return NULL;
	w->buffer = pool_take(&r->buffers);
	if (w->buffer)
		return w;
	pool_wait(&r->buffers);
	return NULL;
}

void reader_turn(void)
{
	pool_turn(&pool);
}

/*
 * A window is to be begun for a request up to @end.  Its packet may have been taken from the
 * port before what it asks for was supplied; then it is answered, or a part of it.
 */
static bool is_answered(struct reader *r, struct request *req, uint64_t end)
{
	uint64_t present;

	if (req->taken >= supply_last(r->target, req->offset / r->window_size))
		return false;
	present = pager_present(r->target, req->offset, end - req->offset);
	requests_trim(&r->requests, req->offset, req->offset + present);
	return present;
}

/* Begins as many windows as there are requests for and room. */
static void begin_requests(struct reader *r)
{
	struct request *req;
	struct window *w;
	uint64_t start, end;
	bool begun;

	while ((req = r->requests.first)) {
		/* What was cut off the VMO in the meantime nobody waits for. */
		if (req->end > r->target->size) {
			requests_trim(&r->requests, r->target->size, UINT64_MAX);
			continue;
		}
		start = req->offset & ~(uint64_t)(r->window_size - 1);
		w = find_window(r, start);
		begun = !w;
		end = start + r->window_size < req->end ? start + r->window_size : req->end;
		if (begun && is_answered(r, req, end))
			continue;
		if (begun) {
			w = free_window(r);
			if (!w)
				return;
			window_begin(w, start);
		}
		/* It began when the VMO was smaller: when it is done. */
		if (req->offset >= start + w->length)
			return;
		end = start + w->length < req->end ? start + w->length : req->end;
		window_want(w, req->offset, end);
		if (end < req->end)
			req->offset = end;
		else
			requests_pop(&r->requests);
		if (begun)
			window_step(w);
	}
}

/* Up to the end of the file: what a VMO has beyond costs no time to be had. */
static void read_ahead(struct reader *r)
{
	struct target *t = r->target;
	uint64_t size = t->size, offset;
	struct window *w;

	if (size > t->backend->size)
		size = t->backend->size;
	/* That has time, so it leaves half of what all share to those who wait. */
	while (r->busy < r->depth / 2 && pool_has_plenty(&r->buffers) &&
	       ahead_next(&r->ahead, size, &offset)) {
		if (find_window(r, offset) ||
		    bad_any(&r->bads, offset, offset + r->window_size))
			continue;
		w = free_window(r);
		window_begin(w, offset);
		t->ahead++;
		window_step(w);
	}
}

void reader_pump(struct reader *r)
{
	if (r->target->held || r->target->detached)
		return;
	begin_requests(r);
	if (!r->requests.first)
		read_ahead(r);
}

/* Who asks once more for a window that somebody waits for already is no news. */
static void tell_ahead(struct reader *r, uint64_t offset, uint64_t end)
{
	uint64_t mask = ~(uint64_t)(r->window_size - 1);
	uint64_t first = offset & mask, last = (end - 1) & mask;
	struct window *w = find_window(r, last);

	if (!w || first < last || !window_is_wanted(w))
		ahead_read(&r->ahead, first, last, !!w);
}

void reader_outdate(struct reader *r, uint64_t offset, uint64_t end)
{
	for (unsigned int i = 0; i < r->depth; i++) {
		struct window *w = &r->windows[i];

		if (w->busy && w->offset < end && offset < w->offset + w->length)
			w->outdated = true;
	}
}

void reader_request(struct reader *r, uint64_t offset, uint64_t length)
{
	struct target *t = r->target;

	pager_refresh(t);
	if (t->detached || offset >= t->size || !length)
		return;
	if (length > t->size - offset)
		length = t->size - offset;
	if (requests_have(&r->requests, offset, offset + length))
		return;
	if (!requests_add(&r->requests, offset, offset + length, reader_taken)) {
		log_limited(&t->limit, "%s: out of memory: a READ fails", t->name);
		answer_fail(t, offset, length, EIO);
		return;
	}
	tell_ahead(r, offset, offset + length);
	reader_pump(r);
}

void reader_cancel(struct reader *r)
{
	requests_trim(&r->requests, 0, UINT64_MAX);
}

/* It is its turn to have a buffer. */
static void feed(struct pool_user *u)
{
	reader_pump(event_owner(u, struct reader, buffers));
}

int reader_init(struct reader *r, struct target *t, uint32_t window_size,
		unsigned int depth, uint64_t ahead)
{
	if (!pool.count && pool_open(&pool, window_size,
				     reader_memory > window_size ?
				     (unsigned int)(reader_memory / window_size) : 1))
		return ENOMEM;
	*r = (struct reader){
		.target = t,
		.window_size = window_size,
		.depth = depth,
		.buffers.feed = feed,
		.freed = reader_pump,
	};
	r->windows = calloc(depth, sizeof(*r->windows));
	if (!r->windows || pool_join(&pool, &r->buffers, t->backend->store))
		return ENOMEM;
	for (unsigned int i = 0; i < depth; i++)
		if (window_init(&r->windows[i], r))
			return ENOMEM;
	ahead_init(&r->ahead, window_size, ahead);
	return 0;
}

void reader_free(struct reader *r)
{
	reader_cancel(r);
	pool_leave(&r->buffers);
	bad_clear(&r->bads);
	for (unsigned int i = 0; i < r->depth; i++)
		window_free(&r->windows[i]);
	free(r->windows);
}

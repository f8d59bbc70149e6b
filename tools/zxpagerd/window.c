// SPDX-License-Identifier: GPL-2.0
/*
 * Windows, aligned pieces of a VMO that are read and supplied as a whole.
 *
 * What a window has beyond the wanted pages is a bonus: when the read of the whole window
 * fails, only the wanted pages are read again, run by run, and a run that fails page by
 * page, so that an error is answered for those pages alone that have one.  A window is
 * done when no page of it is wanted any more, so nothing that was asked for stays without
 * an answer.  One that is read ahead has none from the start, and is all bonus.
 *
 * While a window is read its file may be written back to, and END then lets the kernel
 * evict what was written.  Supplying what was read before that would bring the old
 * content back, so such a window is read anew, if anybody waits for it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "pager.h"
#include "window.h"

/* Internal errno for a file that is not as long any more; fails with EIO. */
#define TRUNCATED	ENODATA

static uint32_t page_size(const struct window *w)
{
	return w->reader->target->page_size;
}

static size_t wanted_words(const struct reader *r)
{
	return (r->window_size / r->target->page_size + 63) / 64;
}

bool window_is_wanted(const struct window *w)
{
	for (size_t i = 0; i < wanted_words(w->reader); i++)
		if (w->wanted[i])
			return true;
	return false;
}

static bool is_wanted(const struct window *w, uint32_t at)
{
	uint32_t page = at / page_size(w);

	return w->wanted[page / 64] >> page % 64 & 1;
}

static void set_wanted(struct window *w, uint32_t from, uint32_t to, bool wanted)
{
	for (uint32_t at = from; at < to; at += page_size(w)) {
		uint32_t page = at / page_size(w);
		uint64_t bit = (uint64_t)1 << page % 64;

		if (wanted)
			w->wanted[page / 64] |= bit;
		else
			w->wanted[page / 64] &= ~bit;
	}
}

/* The code that a back end's error has on the other side. */
static int fail_code(int error)
{
	switch (error) {
	case EBADMSG:	/* a checksum did not match */
	case EILSEQ:
	case EUCLEAN:
		return EBADMSG;
	case ENOSPC:
		return ENOSPC;
	}
	return EIO;
}

/* Fails [@from, @to) of a window for good. */
static void fail_part(struct window *w, uint32_t from, uint32_t to, int code)
{
	answer_fail(w->reader->target, w->offset + from, to - from, code);
	set_wanted(w, from, to, false);
}

/* How much of [w->from, w->to) the file has; beyond that it is zero. */
static uint32_t part_bytes(const struct window *w)
{
	uint64_t size = w->reader->target->backend->size, at = w->offset + w->from;
	uint64_t left = size > at ? size - at : 0;

	return left < w->to - w->from ? (uint32_t)left : w->to - w->from;
}

static void read_rest(struct window *w)
{
	struct backend *be = w->reader->target->backend;

	be->ops->read(be, &w->event, w->buffer + w->from + w->got,
		      part_bytes(w) - w->got, w->offset + w->from + w->got);
}

/*
 * The next wanted run that is not to fail, as w->from and w->to; those that are get
 * their answer on the way.  False if nothing is left.
 */
static bool next_run(struct window *w)
{
	const struct reader *r = w->reader;
	uint32_t page = page_size(w), at = 0, end;
	int code;

	while (at < w->length) {
		if (!is_wanted(w, at)) {
			at += page;
			continue;
		}
		code = bad_code(&r->bads, w->offset + at);
		for (end = at + page; end < w->length && is_wanted(w, end) &&
		     bad_code(&r->bads, w->offset + end) == code; end += page)
			;
		if (!code) {
			w->from = at;
			w->to = w->mode == PAGES ? at + page : end;
			return true;
		}
		fail_part(w, at, end, code);
		at = end;
	}
	return false;
}

/* What was being read cannot be had: with less of it perhaps. */
static void part_failed(struct window *w, int error)
{
	struct target *t = w->reader->target;

	if (w->mode == WHOLE) {
		w->mode = RUNS;
		ahead_failed(&w->reader->ahead, w->offset);
	} else if (w->to - w->from > page_size(w)) {
		w->mode = PAGES;
	} else {
		if (error == TRUNCATED)
			log_limited(&t->limit,
				    "%s: %s is shorter than the %llu bytes it had: page at %llu fails",
				    t->name, t->backend->path,
				    (unsigned long long)t->backend->size,
				    (unsigned long long)(w->offset + w->from));
		else
			log_limited(&t->limit,
				    "%s: %s: page at %llu fails: %s", t->name, t->backend->path,
				    (unsigned long long)(w->offset + w->from),
				    strerror(error));
		fail_part(w, w->from, w->to, fail_code(error));
	}
}

/* The VMO was smaller than the window thinks, and may be by now. */
static void clip(struct window *w)
{
	uint64_t end = w->offset + w->length;

	w->length = pager_clip(w->reader->target, w->offset, &end) ?
		    (uint32_t)(end - w->offset) : 0;
	set_wanted(w, w->length, w->reader->window_size, false);
}

/* What was read can be supplied; false if a range of it turned bad meanwhile. */
static bool begin_supply(struct window *w)
{
	/* The pages beside that are still good. */
	if (bad_any(&w->reader->bads, w->offset + w->from, w->offset + w->to)) {
		if (w->mode == WHOLE)
			w->mode = RUNS;
		return false;
	}
	memset(w->buffer + w->from + w->got, 0, w->to - w->from - w->got);
	w->supply.window = w->offset / w->reader->window_size;
	w->supply.content = (struct content){
		.target = w->reader->target,
		.offset = w->offset + w->from,
		.length = w->to - w->from,
		.buffer = w->buffer + w->from,
	};
	return true;
}

static void end_supply(struct window *w)
{
	const struct content *c = &w->supply.content;
	zx_status_t status = c->status;

	set_wanted(w, w->from, w->from + (uint32_t)c->done, false);
	requests_trim(&w->reader->requests, c->offset, c->offset + c->done);
	if (status == ZX_ERR_BAD_STATE)
		/* Detached: whoever waited was told. */
		set_wanted(w, 0, w->length, false);
	else if (status == ZX_ERR_OUT_OF_RANGE && w->reader->target->resizable)
		clip(w);
	else if (status != ZX_OK)
		part_failed(w, status == ZX_ERR_NO_MEMORY ? ENOMEM : EIO);
	if (w->mode == WHOLE)
		w->mode = RUNS;
}

static void let_go(struct window *w)
{
	pool_give(&w->reader->buffers, w->buffer);
	w->busy = false;
	w->reader->busy--;
}

void window_step(struct window *w)
{
	/* What nobody waits for is not worth a second try. */
	if (w->outdated && !window_is_wanted(w))
		w->mode = RUNS;
	w->got = 0;
	w->outdated = false;
	if (w->mode == WHOLE) {
		w->from = 0;
		w->to = w->length;
	} else if (!next_run(w)) {
		let_go(w);
		ahead_answered(&w->reader->ahead, w->offset);
		return;
	}
	/* Nothing is there behind the end of the store, and there may be very much of it. */
	if (part_bytes(w))
		read_rest(w);
	else
		loop_timer(&w->turn, 0);
}

void window_begin(struct window *w, uint64_t offset)
{
	struct reader *r = w->reader;
	uint64_t left = r->target->size - offset;

	w->busy = true;
	r->busy++;
	w->outdated = false;
	w->offset = offset;
	w->length = left < r->window_size ? (uint32_t)left : r->window_size;
	w->mode = bad_any(&r->bads, offset, offset + w->length) ? RUNS : WHOLE;
	memset(w->wanted, 0, wanted_words(r) * sizeof(*w->wanted));
	r->target->windows++;
}

void window_want(struct window *w, uint64_t offset, uint64_t end)
{
	set_wanted(w, (uint32_t)(offset - w->offset), (uint32_t)(end - w->offset), true);
}

static void go_on(struct window *w)
{
	window_step(w);
	w->reader->freed(w->reader);
}

/* Much may have happened since it was read. */
static bool window_ready(struct supply *s)
{
	struct window *w = event_owner(s, struct window, supply);

	if (w->reader->target->detached) {
		let_go(w);
		return false;
	}
	if (w->outdated || !begin_supply(w)) {
		go_on(w);
		return false;
	}
	return true;
}

static void window_supplied(struct supply *s)
{
	struct window *w = event_owner(s, struct window, supply);

	end_supply(w);
	go_on(w);
}

static void window_done(struct event *ev, int res)
{
	struct window *w = event_owner(ev, struct window, event);
	bool short_of;

	if (w->reader->target->detached) {
		let_go(w);
		return;
	}
	if (w->outdated) {
		go_on(w);
		return;
	}
	if (res > 0)
		w->got += (uint32_t)res;
	/* The file may have become shorter: then that is all. */
	short_of = w->got < part_bytes(w);
	if (short_of && (res > 0 || res == -EINTR || res == -EAGAIN)) {
		read_rest(w);
		return;
	}
	if (!short_of) {
		supply_later(&w->supply, window_is_wanted(w));
		return;
	}
	part_failed(w, res ? -res : TRUNCATED);
	go_on(w);
}

/* All that there is to be read is there. */
static void turn_has_come(struct event *ev, int res)
{
	struct timer *turn = event_owner(ev, struct timer, event);
	struct window *w = event_owner(turn, struct window, turn);

	(void)res;
	supply_later(&w->supply, window_is_wanted(w));
}

int window_init(struct window *w, struct reader *r)
{
	w->event.handler = window_done;
	w->turn.event.handler = turn_has_come;
	w->supply.begin = window_ready;
	w->supply.handler = window_supplied;
	w->reader = r;
	w->wanted = calloc(wanted_words(r), sizeof(*w->wanted));
	return w->wanted ? 0 : ENOMEM;
}

void window_free(struct window *w)
{
	free(w->wanted);
}

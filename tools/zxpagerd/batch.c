// SPDX-License-Identifier: GPL-2.0
/*
 * One batch of what is dirty in a VMO, on its way into the store: query, BEGIN, a smaller
 * size, zeroes, data, a larger size, sync, END, in this order.
 *
 * END says that the store has the range for good, so it comes after a sync that
 * succeeded and for no range of which any write failed.  What is left out stays dirty,
 * and a later batch takes it from the VMO again, all of it: after a sync that failed the
 * page cache may have forgotten what it could not write, and a second sync would
 * succeed with nothing done.
 *
 * The store never ends beyond data that is still to be written: if nothing more comes, it
 * has no zeroes that nobody wrote.  So behind its old end there is one write at a time, in
 * ascending order, and it grows by a hole when all data is there.
 *
 * The size is asked for after BEGIN; see parts.c for what changes after that.  Where the
 * store has one for good the VMO has the same, to the byte.
 */
#include <errno.h>
#include <string.h>

#include "batch.h"
#include "dirty.h"
#include "log.h"
#include "pager.h"
#include "reader.h"

/* A store that loses what it was given this often at a stretch has failed. */
#define REWRITES_MAX	10

/* A VMO that shrinks this often while it is asked for its size is for a later pass. */
#define COLLECTS_MAX	10

static const uint8_t zeroes[CHUNK_SIZE];

static void write_zeroes(struct batch *b);
static void zero_next(struct batch *b);

/* --- the end of it -------------------------------------------------------------- */

static void finish(struct batch *b)
{
	b->busy = false;
	b->done(b);
}

static void sync_done(struct event *ev, int res)
{
	struct batch *b = event_owner(ev, struct batch, event);

	if (res == -EAGAIN && b->rewrites < REWRITES_MAX) {
		/* What it was given may be lost, and the next pass over it gives it again. */
		b->rewrites++;
		parts_go_back(&b->parts, b->start);
		finish(b);
		return;
	}
	b->rewrites = 0;
	if (res < 0) {
		parts_note_error(&b->parts, NULL, res == -EAGAIN ? EIO : -res, "sync", 0,
				 b->target->backend->size);
	} else {
		b->unsynced = false;
		b->resized = false;
		parts_end(&b->parts);
	}
	finish(b);
}

static void sync_store(struct batch *b)
{
	struct backend *be = b->target->backend;

	b->event.handler = sync_done;
	if (b->unsynced) {
		be->ops->sync(be, &b->event, b->resized);
		return;
	}
	parts_end(&b->parts);
	finish(b);
}

/* --- a larger size -------------------------------------------------------------- */

static bool is_resized(struct batch *b, int res)
{
	uint64_t mask = b->target->page_size - 1;

	if (res < 0) {
		b->target->backend->size = b->old_size;
		return false;
	}
	/* Whether space beyond the end survives is up to the file system, and its blocks. */
	ranges_remove(&b->dirty->reserved, b->new_size & ~mask, UINT64_MAX);
	b->target->backend->size = b->new_size;
	b->resized = true;
	b->unsynced = true;
	return true;
}

static void resize(struct batch *b, uint64_t size, void (*done)(struct event *ev, int res))
{
	struct backend *be = b->target->backend;

	b->old_size = be->size;
	b->new_size = size;
	/* Reads must not miss what is being cut off, nor tell of it when that is there again. */
	if (size < be->size) {
		be->size = size;
		reader_outdate(b->parts.reader, size, UINT64_MAX);
	}
	b->event.handler = done;
	be->ops->resize(be, &b->event, size);
}

static void grown(struct event *ev, int res)
{
	struct batch *b = event_owner(ev, struct batch, event);

	/* What lies below is there all the same. */
	if (!is_resized(b, res)) {
		b->grow_error = -res;
		parts_tell_error(b->target, -res, "grow by", b->old_size,
				 b->new_size - b->old_size);
	}
	dirty_resume(b->dirty);
	sync_store(b);
}

/* Data behind the old end that this batch does not have: the one that has it comes here. */
static void paused_to_grow(struct event *ev, int res)
{
	struct batch *b = event_owner(ev, struct batch, event);
	struct target *t = b->target;
	uint64_t mask = t->page_size - 1, size = t->backend->size;
	struct pager_info info;

	(void)res;
	if (!pager_info(t, &info) && info.stream_size > size &&
	    !parts_any_pages(t, size & ~mask, (info.stream_size + mask) & ~mask)) {
		resize(b, info.stream_size, grown);
		return;
	}
	dirty_resume(b->dirty);
	sync_store(b);
}

static void grow(struct batch *b)
{
	struct target *t = b->target;
	struct pager_info info;

	if (pager_info(t, &info) || info.stream_size <= t->backend->size) {
		sync_store(b);
		return;
	}
	b->event.handler = paused_to_grow;
	dirty_pause(b->dirty, &b->event);
}

/* --- data ----------------------------------------------------------------------- */

static void data_written(struct chunks *chunks)
{
	struct batch *b = event_owner(chunks, struct batch, chunks);

	b->unsynced |= chunks->any;
	b->resized |= chunks->grew;
	grow(b);
}

/* --- a smaller size, and zeroes ------------------------------------------------------------ */

/* The piece that was under way is done, or has failed. */
static void piece_done(struct batch *b, int error)
{
	struct part *part = &b->parts.part[b->current];

	if (error) {
		parts_note_error(&b->parts, part, error, "zero", b->at, b->piece - b->at);
		b->piece = part->end;
	}
	b->at = b->piece;
	zero_next(b);
}

static void zeroes_written(struct event *ev, int res)
{
	struct batch *b = event_owner(ev, struct batch, event);

	if (res == -EINTR || res == -EAGAIN)
		res = 0;
	else if (res <= 0) {
		piece_done(b, res ? -res : EIO);
		return;
	}
	b->at += (uint32_t)res;
	if (b->at < b->piece)
		write_zeroes(b);
	else
		piece_done(b, 0);
}

static void write_zeroes(struct batch *b)
{
	struct backend *be = b->target->backend;
	uint64_t left = b->piece - b->at;

	b->event.handler = zeroes_written;
	be->ops->write(be, &b->event, zeroes,
		       left < CHUNK_SIZE ? (uint32_t)left : CHUNK_SIZE, b->at);
}

static void zero_done(struct event *ev, int res)
{
	struct batch *b = event_owner(ev, struct batch, event);

	if (res == -EOPNOTSUPP || res == -EINTR || res == -EAGAIN) {
		write_zeroes(b);
		return;
	}
	if (!res && b->drop)
		ranges_remove(&b->dirty->reserved, b->at, b->piece);
	piece_done(b, res < 0 ? -res : 0);
}

/*
 * The next piece of a zero range.  It becomes a hole, but for pages that somebody was
 * allowed to write to since: their space stays.  They read as zeroes all the same, or
 * who synced the zeroes would find after a crash what was there before.
 */
static void zero_piece(struct batch *b, uint64_t end)
{
	struct backend *be = b->target->backend;
	zx_vmo_dirty_range_t range;
	size_t count = 0;

	b->piece = end;
	b->drop = false;
	if (pager_query(b->target, b->at, end, &range, 1, &count) == ZX_OK && count) {
		b->drop = range.offset <= b->at &&
			  range.options & ZX_VMO_DIRTY_RANGE_IS_ZERO;
		if (range.offset > b->at)
			b->piece = range.offset;
		else if (range.offset + range.length < end)
			b->piece = range.offset + range.length;
	}
	b->unsynced = true;
	b->event.handler = zero_done;
	be->ops->zero(be, &b->event, b->at, b->piece - b->at, !b->drop);
}

static void zero_next(struct batch *b)
{
	for (; b->current < b->parts.count; b->current++) {
		struct part *part = &b->parts.part[b->current];
		uint64_t end = part->end < b->limit ? part->end : b->limit;

		if (b->at < part->offset)
			b->at = part->offset;
		if (part->zero && !part->error && b->at < end) {
			zero_piece(b, end);
			return;
		}
	}
	dirty_resume(b->dirty);
	chunks_write(&b->chunks);
}

static void begin_zeroes(struct batch *b)
{
	b->current = 0;
	b->at = 0;
	zero_next(b);
}

static void resize_failed(struct batch *b, int error)
{
	parts_note_error(&b->parts, NULL, error, "resize to that of the VMO", 0, b->target->size);
	for (unsigned int i = 0; i < b->parts.count; i++)
		b->parts.part[i].error = error;
}

static void is_reserved(struct event *ev, int res)
{
	struct batch *b = event_owner(ev, struct batch, event);
	uint64_t page = b->new_size & ~(b->target->page_size - 1);

	if (!res)
		ranges_add(&b->dirty->reserved, page, page + b->target->page_size);
	else
		log_limited(&b->target->limit,
			    "%s: %s: cannot reserve %llu+%u, which was cut off in part, anew: %s",
			    b->target->name, b->target->backend->path, (unsigned long long)page,
			    b->target->page_size, strerror(-res));
	begin_zeroes(b);
}

/*
 * Where blocks are smaller than a page, the one that the file ends in now has lost some.
 * If it is dirty nobody asks before writing to the rest of it, so that is reserved anew,
 * before somebody else has what has just become free.
 */
static void is_cut(struct event *ev, int res)
{
	struct batch *b = event_owner(ev, struct batch, event);
	uint64_t size = b->target->page_size, page = b->new_size & ~(size - 1);
	struct backend *be = b->target->backend;

	if (!is_resized(b, res)) {
		resize_failed(b, -res);
	} else if (b->new_size != page && be->ops->reserve && !b->dirty->unreserved &&
		   parts_any_pages(b->target, page, page + size)) {
		b->event.handler = is_reserved;
		be->ops->reserve(be, &b->event, page, size);
		return;
	}
	begin_zeroes(b);
}

/*
 * The file is cut off where the stream ends now.  Nobody may have reserved anything
 * beyond: that is why grants pause, and why the size is not an old one.
 */
static void paused(struct event *ev, int res)
{
	struct batch *b = event_owner(ev, struct batch, event);
	struct backend *be = b->target->backend;
	struct pager_info info;
	int error = pager_info(b->target, &info);

	(void)res;
	b->limit = be->size;
	if (error)
		resize_failed(b, error);
	else if (info.stream_size < b->limit)
		b->limit = info.stream_size;
	if (error || info.stream_size >= be->size)
		begin_zeroes(b);
	else
		resize(b, info.stream_size, is_cut);
}

/* --- the beginning of it -------------------------------------------------------- */

bool batch_begin(struct batch *b, uint64_t offset, uint64_t end)
{
	struct pager_info info;
	int error = EAGAIN;

	b->start = offset;
	b->parts.error = 0;
	b->grow_error = 0;
	for (unsigned int n = 0; n < COLLECTS_MAX && error == EAGAIN; n++)
		error = parts_collect(&b->parts, offset, end);
	b->parts.again = error == EAGAIN;
	if (error && !b->parts.again)
		parts_note_error(&b->parts, NULL, error, "find out what is dirty in", 0,
				 b->target->size);
	parts_begin(&b->parts);
	if (!error && !b->parts.count && !b->unsynced && !pager_info(b->target, &info) &&
	    info.stream_size == b->target->backend->size)
		return false;
	b->busy = true;
	b->event.handler = paused;
	dirty_pause(b->dirty, &b->event);
	return true;
}

int batch_init(struct batch *b, struct target *t, struct reader *r, struct dirty *d)
{
	b->target = t;
	b->dirty = d;
	b->parts.target = t;
	b->parts.reader = r;
	b->chunks.done = data_written;
	return chunks_init(&b->chunks, &b->parts);
}

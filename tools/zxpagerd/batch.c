// SPDX-License-Identifier: GPL-2.0
/*
 * One batch of what is dirty in a VMO, on its way into the store: query, BEGIN, size,
 * zeroes, data, sync, END, in this order.
 *
 * END says that the store has the range for good, so it comes after a sync that
 * succeeded and for no range of which any write failed.  What is left out stays dirty,
 * and a later batch takes it from the VMO again, all of it: after a sync that failed the
 * page cache may have forgotten what it could not write, and a second sync would
 * succeed with nothing done.
 *
 * The size is asked for after BEGIN; see parts.c for what changes after that.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "log.h"
#include "pager.h"
#include "parts.h"
#include "vmo.h"

static const uint8_t zeroes[CHUNK_SIZE];

static void write_zeroes(struct vmo *vmo);
static void zero_next(struct vmo *vmo);
static void write_next(struct vmo *vmo);

void batch_note_error(struct vmo *vmo, struct part *part, int error, const char *what,
		      uint64_t offset, uint64_t length)
{
	struct batch *b = &vmo->writeback.batch;

	vmo->target.writeback_errors++;
	if (!b->error)
		b->error = error;
	if (part)
		part->error = error;
	log_limited(&vmo->target.limit,
		    "%s: %s: cannot %s %llu+%llu: %s: it stays in memory and is tried again",
		    vmo->target.name, vmo->target.backend->path, what,
		    (unsigned long long)offset, (unsigned long long)length,
		    strerror(error));
}

/* --- the end of it -------------------------------------------------------------- */

static void finish(struct vmo *vmo)
{
	vmo->writeback.batch.busy = false;
	writeback_batch_done(vmo);
}

static void sync_done(struct event *ev, int res)
{
	struct batch *b = event_owner(ev, struct batch, event);
	struct vmo *vmo = event_owner(b, struct vmo, writeback.batch);

	if (res < 0) {
		batch_note_error(vmo, NULL, -res, "sync", 0, vmo->target.backend->size);
	} else {
		b->unsynced = false;
		b->resized = false;
		parts_end(vmo);
	}
	finish(vmo);
}

static void sync_store(struct vmo *vmo)
{
	struct batch *b = &vmo->writeback.batch;
	struct backend *be = vmo->target.backend;

	b->event.handler = sync_done;
	if (b->unsynced) {
		be->ops->sync(be, &b->event, b->resized);
		return;
	}
	parts_end(vmo);
	finish(vmo);
}

/* --- data ----------------------------------------------------------------------- */

static void write_rest(struct chunk *c)
{
	struct backend *be = c->vmo->target.backend;

	be->ops->write(be, &c->event, c->buffer + c->put, c->length - c->put,
		       c->offset + c->put);
}

static void chunk_done(struct event *ev, int res)
{
	struct chunk *c = event_owner(ev, struct chunk, event);
	struct vmo *vmo = c->vmo;
	struct batch *b = &vmo->writeback.batch;
	struct backend *be = vmo->target.backend;

	if (res > 0) {
		c->put += (uint32_t)res;
		vmo->target.written += (uint32_t)res;
		if (be->size < c->offset + c->put) {
			be->size = c->offset + c->put;
			b->resized = true;
		}
	}
	if (res == -EINTR || res == -EAGAIN || (res > 0 && c->put < c->length)) {
		write_rest(c);
		return;
	}
	if (res <= 0)
		batch_note_error(vmo, c->part, res ? -res : EIO, "write", c->offset,
				 c->length);
	c->busy = false;
	b->writes--;
	write_next(vmo);
}

/*
 * The next chunk out of the VMO; false if no part has any.  Where the stream ends so does
 * the file: what a page has beyond is not written.
 */
static bool fill(struct vmo *vmo, struct chunk *c)
{
	struct batch *b = &vmo->writeback.batch;

	for (; b->current < b->count; b->current++) {
		struct part *part = &b->parts[b->current];
		uint64_t left;
		ssize_t n;

		if (b->at < part->offset)
			b->at = part->offset;
		if (part->zero || part->error || b->at >= part->end)
			continue;
		left = part->end - b->at;
		do {
			n = pager_read(&vmo->target, c->buffer,
				       left < CHUNK_SIZE ? left : CHUNK_SIZE, b->at);
		} while (n < 0 && errno == EINTR);
		if (n < 0)
			batch_note_error(vmo, part, errno, "take out of the VMO", b->at,
					 left);
		if (n <= 0)
			continue;
		c->part = part;
		c->offset = b->at;
		c->length = (uint32_t)n;
		c->put = 0;
		b->at += (uint64_t)n;
		return true;
	}
	return false;
}

static void write_next(struct vmo *vmo)
{
	struct batch *b = &vmo->writeback.batch;

	for (unsigned int i = 0; i < CHUNKS; i++) {
		struct chunk *c = &b->chunks[i];

		if (c->busy)
			continue;
		if (!fill(vmo, c))
			break;
		c->busy = true;
		b->writes++;
		b->unsynced = true;
		write_rest(c);
	}
	if (!b->writes)
		sync_store(vmo);
}

static void write_data(struct vmo *vmo)
{
	struct batch *b = &vmo->writeback.batch;

	b->current = 0;
	b->at = 0;
	write_next(vmo);
}

/* --- size and zeroes ------------------------------------------------------------ */

/* The piece that was under way is done, or has failed. */
static void piece_done(struct vmo *vmo, int error)
{
	struct batch *b = &vmo->writeback.batch;
	struct part *part = &b->parts[b->current];

	if (error) {
		batch_note_error(vmo, part, error, "zero", b->at, b->piece - b->at);
		b->piece = part->end;
	}
	b->at = b->piece;
	zero_next(vmo);
}

static void zeroes_written(struct event *ev, int res)
{
	struct batch *b = event_owner(ev, struct batch, event);
	struct vmo *vmo = event_owner(b, struct vmo, writeback.batch);

	if (res == -EINTR || res == -EAGAIN)
		res = 0;
	else if (res <= 0) {
		piece_done(vmo, res ? -res : EIO);
		return;
	}
	b->at += (uint32_t)res;
	if (b->at < b->piece)
		write_zeroes(vmo);
	else
		piece_done(vmo, 0);
}

static void write_zeroes(struct vmo *vmo)
{
	struct batch *b = &vmo->writeback.batch;
	struct backend *be = vmo->target.backend;
	uint64_t left = b->piece - b->at;

	b->event.handler = zeroes_written;
	be->ops->write(be, &b->event, zeroes,
		       left < CHUNK_SIZE ? (uint32_t)left : CHUNK_SIZE, b->at);
}

static void zero_done(struct event *ev, int res)
{
	struct batch *b = event_owner(ev, struct batch, event);
	struct vmo *vmo = event_owner(b, struct vmo, writeback.batch);

	if (res == -EOPNOTSUPP || res == -EINTR || res == -EAGAIN) {
		write_zeroes(vmo);
		return;
	}
	if (!res && b->drop)
		ranges_remove(&vmo->dirty.reserved, b->at, b->piece);
	piece_done(vmo, res < 0 ? -res : 0);
}

/*
 * The next piece of a zero range.  It becomes a hole, but for pages that somebody was
 * allowed to write to since: their space stays.  They read as zeroes all the same, or
 * who synced the zeroes would find after a crash what was there before.
 */
static void zero_piece(struct vmo *vmo, uint64_t end)
{
	struct batch *b = &vmo->writeback.batch;
	struct backend *be = vmo->target.backend;
	zx_vmo_dirty_range_t range;
	size_t count = 0;

	b->piece = end;
	b->drop = false;
	if (pager_query(&vmo->target, b->at, end, &range, 1, &count) == ZX_OK && count) {
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

static void zero_next(struct vmo *vmo)
{
	struct batch *b = &vmo->writeback.batch;

	for (; b->current < b->count; b->current++) {
		struct part *part = &b->parts[b->current];
		uint64_t end = part->end < b->limit ? part->end : b->limit;

		if (b->at < part->offset)
			b->at = part->offset;
		if (part->zero && !part->error && b->at < end) {
			zero_piece(vmo, end);
			return;
		}
	}
	dirty_resume(vmo);
	write_data(vmo);
}

static void begin_zeroes(struct vmo *vmo)
{
	struct batch *b = &vmo->writeback.batch;

	b->current = 0;
	b->at = 0;
	zero_next(vmo);
}

static void resize_failed(struct vmo *vmo, int error)
{
	struct batch *b = &vmo->writeback.batch;

	batch_note_error(vmo, NULL, error, "resize to that of the VMO", 0, vmo->target.size);
	for (unsigned int i = 0; i < b->count; i++)
		b->parts[i].error = error;
}

static void resize_done(struct event *ev, int res)
{
	struct batch *b = event_owner(ev, struct batch, event);
	struct vmo *vmo = event_owner(b, struct vmo, writeback.batch);
	uint64_t mask = vmo->target.page_size - 1;

	if (res < 0) {
		vmo->target.backend->size = b->old_size;
		resize_failed(vmo, -res);
	} else {
		/* Whether space beyond the end survives is up to the file system. */
		ranges_remove(&vmo->dirty.reserved, (b->new_size + mask) & ~mask,
			      UINT64_MAX);
		vmo->target.backend->size = b->new_size;
		b->resized = true;
		b->unsynced = true;
	}
	begin_zeroes(vmo);
}

/*
 * The file gets the size that the stream has now.  Nobody may have reserved anything
 * beyond: that is why grants pause, and why the size is not an old one.
 */
static void paused(struct vmo *vmo)
{
	struct batch *b = &vmo->writeback.batch;
	struct backend *be = vmo->target.backend;
	struct pager_info info;
	int error = pager_info(&vmo->target, &info);

	b->limit = be->size;
	if (error)
		resize_failed(vmo, error);
	else if (info.stream_size < b->limit)
		b->limit = info.stream_size;
	if (error || !be->ops->resize || info.stream_size == be->size) {
		begin_zeroes(vmo);
		return;
	}
	b->old_size = be->size;
	b->new_size = info.stream_size;
	/* Reads must not miss what is being cut off. */
	if (b->new_size < b->old_size)
		be->size = b->new_size;
	b->event.handler = resize_done;
	be->ops->resize(be, &b->event, b->new_size);
}

/* --- the beginning of it -------------------------------------------------------- */

bool batch_begin(struct vmo *vmo, uint64_t offset, uint64_t end)
{
	struct batch *b = &vmo->writeback.batch;
	struct pager_info info;
	int error;

	b->error = 0;
	do {
		error = parts_collect(vmo, offset, end);
	} while (error == EAGAIN);
	if (error)
		batch_note_error(vmo, NULL, error, "find out what is dirty in", 0,
				 vmo->target.size);
	parts_begin(vmo);
	if (!error && !b->count && !b->unsynced && !pager_info(&vmo->target, &info) &&
	    (!vmo->target.resizable || info.stream_size == vmo->target.backend->size))
		return false;
	b->busy = true;
	dirty_pause(vmo, paused);
	return true;
}

int batch_init(struct vmo *vmo)
{
	struct batch *b = &vmo->writeback.batch;
	uint8_t *memory = mmap(NULL, (size_t)CHUNKS * CHUNK_SIZE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return ENOMEM;
	for (unsigned int i = 0; i < CHUNKS; i++) {
		b->chunks[i].event.handler = chunk_done;
		b->chunks[i].vmo = vmo;
		b->chunks[i].buffer = memory + (size_t)i * CHUNK_SIZE;
	}
	return 0;
}

void batch_free(struct vmo *vmo)
{
	munmap(vmo->writeback.batch.chunks[0].buffer,
	       (size_t)CHUNKS * CHUNK_SIZE);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * The data of a batch: chunk by chunk out of the VMO and into the store, up to four at a
 * time, with buffers that all VMOs share.
 *
 * Behind the end of the store there is one write at a time, in ascending order, and none
 * behind data that is still to be written.
 */
#include <errno.h>

#include "chunks.h"
#include "pager.h"

unsigned int chunks_shared = 64;
static struct pool pool;

static void write_next(struct chunks *chunks);

static void write_rest(struct chunk *c)
{
	struct backend *be = c->chunks->target->backend;

	be->ops->write(be, &c->event, c->buffer + c->put, c->length - c->put,
		       c->offset + c->put);
}

static void chunk_done(struct event *ev, int res)
{
	struct chunk *c = event_owner(ev, struct chunk, event);
	struct chunks *chunks = c->chunks;
	struct backend *be = chunks->target->backend;

	if (res > 0) {
		c->put += (uint32_t)res;
		chunks->target->written += (uint32_t)res;
		if (be->size < c->offset + c->put) {
			be->size = c->offset + c->put;
			chunks->grew = true;
		}
	}
	if (res == -EINTR || res == -EAGAIN || (res > 0 && c->put < c->length)) {
		write_rest(c);
		return;
	}
	if (res <= 0)
		parts_note_error(chunks->parts, c->part, res ? -res : EIO, "write", c->offset,
				 c->length);
	pool_give(&chunks->buffers, c->buffer);
	c->busy = false;
	chunks->writes--;
	write_next(chunks);
}

/*
 * The stream ends at chunks->at, within @part, and nothing behind that can be read.  The page
 * that it ends in is stored as a whole if the store has nothing behind that either.
 */
static void cut_part(struct chunks *chunks, struct part *part)
{
	uint64_t mask = chunks->target->page_size - 1;

	part->end = chunks->at & ~mask;
	if (chunks->at & mask && chunks->target->backend->size <= chunks->at)
		part->end += mask + 1;
	chunks->at = part->end;
}

/*
 * The next chunk out of the VMO; false if no part has any, or it has to wait.  Where the
 * stream ends so does the file: what a page has beyond is not written, and pages beyond
 * stay dirty.
 */
static bool fill(struct chunks *chunks, struct chunk *c)
{
	struct target *t = chunks->target;
	uint64_t mask = t->page_size - 1;

	for (; chunks->current < chunks->parts->count; chunks->current++) {
		struct part *part = &chunks->parts->part[chunks->current];
		uint64_t left, size = t->backend->size;
		ssize_t n;

		if (chunks->at < part->offset)
			chunks->at = part->offset;
		if (part->zero || part->error || chunks->at >= part->end)
			continue;
		left = part->end - chunks->at < CHUNK_SIZE ? part->end - chunks->at : CHUNK_SIZE;
		if (chunks->writes && chunks->at + left > size)
			return false;
		if (chunks->at > size && parts_any_pages(t, size & ~mask, chunks->at)) {
			part->end = chunks->at;
			chunks->parts->again = true;
			continue;
		}
		do {
			n = pager_read(t, c->buffer, left, chunks->at);
		} while (n < 0 && errno == EINTR);
		if (n < 0 && errno == EAGAIN) {
			part->end = chunks->at;
			chunks->parts->again = true;
			continue;
		}
		if (n < 0) {
			/* The memory of one page, that is, and not of its neighbours. */
			parts_note_error(chunks->parts, NULL, errno, "take out of the VMO",
					 chunks->at, mask + 1);
			parts_leave_out(chunks->parts, chunks->current, chunks->at);
		}
		if (!n)
			cut_part(chunks, part);
		if (n <= 0)
			continue;
		c->part = part;
		c->offset = chunks->at;
		c->length = (uint32_t)n;
		c->put = 0;
		chunks->at += (uint64_t)n;
		if (chunks->at & mask)
			cut_part(chunks, part);
		return true;
	}
	return false;
}

static void write_next(struct chunks *chunks)
{
	for (unsigned int i = 0; i < CHUNKS; i++) {
		struct chunk *c = &chunks->chunk[i];

		if (c->busy)
			continue;
		c->buffer = pool_take(&chunks->buffers);
		if (!c->buffer) {
			/* Who has some goes on when they are done. */
			if (!chunks->writes)
				pool_wait(&chunks->buffers);
			return;
		}
		if (!fill(chunks, c)) {
			pool_give(&chunks->buffers, c->buffer);
			break;
		}
		c->busy = true;
		chunks->writes++;
		chunks->any = true;
		write_rest(c);
	}
	if (!chunks->writes)
		chunks->done(chunks);
}

/* It is its turn to have a buffer. */
static void feed(struct pool_user *u)
{
	write_next(event_owner(u, struct chunks, buffers));
}

void chunks_turn(void)
{
	pool_turn(&pool);
}

void chunks_write(struct chunks *chunks)
{
	chunks->current = 0;
	chunks->at = 0;
	chunks->any = false;
	chunks->grew = false;
	write_next(chunks);
}

int chunks_init(struct chunks *chunks, struct parts *parts)
{
	if (!pool.count && pool_open(&pool, CHUNK_SIZE, chunks_shared))
		return ENOMEM;
	chunks->buffers.feed = feed;
	if (pool_join(&pool, &chunks->buffers, parts->target->backend->store))
		return ENOMEM;
	chunks->target = parts->target;
	chunks->parts = parts;
	for (unsigned int i = 0; i < CHUNKS; i++) {
		chunks->chunk[i].event.handler = chunk_done;
		chunks->chunk[i].chunks = chunks;
	}
	return 0;
}

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
#include "pool.h"

unsigned int chunks_shared = 64;
static struct pool pool;
static struct chunks *starving, **starving_end = &starving;	/* for a buffer */
static struct chunks *fed;	/* the one that is given some now */

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
	pool_give(&pool, c->buffer);
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

/*
 * Those who wait for a buffer go first, or have none while a store hangs; who has some goes
 * on when they are done.
 */
static bool take_buffer(struct chunks *chunks, struct chunk *c)
{
	bool may = (pool.stuck && !chunks->writes) || (pool.free && (!starving || chunks == fed));

	c->buffer = may ? pool_take(&pool) : NULL;
	if (c->buffer)
		return true;
	if (chunks->writes)
		return false;
	chunks->next_starving = NULL;
	*starving_end = chunks;
	starving_end = &chunks->next_starving;
	pool_wait(&pool);
	return false;
}

static void write_next(struct chunks *chunks)
{
	for (unsigned int i = 0; i < CHUNKS; i++) {
		struct chunk *c = &chunks->chunk[i];

		if (c->busy)
			continue;
		if (!take_buffer(chunks, c))
			return;
		if (!fill(chunks, c)) {
			pool_give(&pool, c->buffer);
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

void chunks_turn(void)
{
	struct chunks *all;

	while (starving && pool.free) {
		fed = starving;
		starving = fed->next_starving;
		if (!starving)
			starving_end = &starving;
		write_next(fed);
	}
	fed = NULL;
	if (!pool_take_news(&pool))
		return;
	all = starving;
	starving = NULL;
	starving_end = &starving;
	while (all) {
		struct chunks *chunks = all;

		all = chunks->next_starving;
		write_next(chunks);
	}
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
	chunks->target = parts->target;
	chunks->parts = parts;
	for (unsigned int i = 0; i < CHUNKS; i++) {
		chunks->chunk[i].event.handler = chunk_done;
		chunks->chunk[i].chunks = chunks;
	}
	return 0;
}

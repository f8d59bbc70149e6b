// SPDX-License-Identifier: GPL-2.0
/*
 * The parts of a batch, in the VMO: which are dirty, BEGIN and END.
 *
 * What is cut off the VMO after BEGIN takes its dirty pages along, and what it grows by is
 * dirty anew, so END of ranges that are not what they were does no harm.  One thing may: a
 * zero range remembers how far it was begun, also when that batch failed, and END of a
 * range that has its start would clean all of that.  So ranges are ended one by one, the
 * last one first, and of what was written as pages only what still is pages: zeroes are
 * only ever cleaned by the END of a range that was written as zeroes.
 *
 * A page whose memory has failed has nothing that could be written.  Until its client
 * writes all of it, or gives it up, it is none of ours.
 */
#include <errno.h>
#include <string.h>

#include <zircon/linux.h>

#include "log.h"
#include "pager.h"
#include "parts.h"
#include "reader.h"

#define LOST_ROOM	64

static bool is_lost(const zx_vmo_dirty_range_t *range)
{
	return range->options & ZX_LINUX_DIRTY_RANGE_IS_POISONED;
}

/* Pages that can be written back, rather than zeroes. */
static bool is_pages(const zx_vmo_dirty_range_t *range)
{
	return !is_lost(range) && !(range->options & ZX_VMO_DIRTY_RANGE_IS_ZERO);
}

void parts_tell_error(struct target *t, int error, const char *what, uint64_t offset,
		      uint64_t length)
{
	t->writeback_errors++;
	log_limited(&t->limit,
		    "%s: %s: cannot %s %llu+%llu: %s: it stays in memory and is tried again",
		    t->name, t->backend->path, what,
		    (unsigned long long)offset, (unsigned long long)length,
		    strerror(error));
}

void parts_note_error(struct parts *p, struct part *part, int error, const char *what,
		      uint64_t offset, uint64_t length)
{
	if (!p->error)
		p->error = error;
	if (part)
		part->error = error;
	parts_tell_error(p->target, error, what, offset, length);
}

/* The last part goes over @offset: two of it, if there is room. */
static void split(struct parts *p, uint64_t offset)
{
	struct part *part = &p->part[p->count - 1];

	if (offset <= part->offset || part->end <= offset)
		return;
	if (p->count < PARTS_MAX) {
		part[1] = *part;
		part[1].offset = offset;
		p->count++;
	}
	part->end = offset;
}

int parts_collect(struct parts *p, uint64_t offset, uint64_t end)
{
	static zx_vmo_dirty_range_t ranges[PARTS_MAX];
	uint64_t room = PARTS_BYTES, mask = p->target->page_size - 1;
	size_t count = 0;
	zx_status_t status;

	p->count = 0;
	p->lost = 0;
	p->next = end;
	pager_refresh(p->target);
	if (end > p->target->size)
		end = p->target->size;
	if (offset >= end)
		return 0;
	status = pager_query(p->target, offset, end, ranges, PARTS_MAX, &count);
	/* Cut off since it was asked for its size: whoever did that comes again. */
	if (status == ZX_ERR_OUT_OF_RANGE)
		return EAGAIN;
	if (status != ZX_OK)
		return EIO;
	for (size_t i = 0; i < count && room && p->count < PARTS_MAX; i++) {
		struct part *part = &p->part[p->count];

		if (is_lost(&ranges[i])) {
			p->lost += ranges[i].length;
			continue;
		}
		p->count++;
		*part = (struct part){
			.offset = ranges[i].offset,
			.end = ranges[i].offset + ranges[i].length,
			.zero = ranges[i].options & ZX_VMO_DIRTY_RANGE_IS_ZERO,
		};
		if (part->zero)
			continue;
		if (part->end - part->offset > room)
			part->end = part->offset + room;
		room -= part->end - part->offset;
		/* What the store refuses beyond its end does not keep the rest from it. */
		split(p, p->target->backend->size & ~mask);
	}
	/* Zeroes behind the end of the store are in it once the data behind them is. */
	if (p->count == PARTS_MAX && p->part[PARTS_MAX - 1].zero &&
	    p->part[PARTS_MAX - 1].end > p->target->backend->size)
		p->next = p->part[--p->count].offset;
	else if (!room || p->count == PARTS_MAX)
		p->next = p->part[p->count - 1].end;
	else if (count == PARTS_MAX)
		p->next = ranges[count - 1].offset + ranges[count - 1].length;
	return 0;
}

/* Calls @op for @part, or for what the VMO has left of it. */
static zx_status_t with_rest(struct target *t, struct part *part,
			     zx_status_t (*op)(struct target *t, struct part *part))
{
	zx_status_t status = ZX_OK;

	while (part->offset < part->end) {
		status = op(t, part);
		if (status != ZX_ERR_OUT_OF_RANGE)
			return status;
		if (!pager_clip(t, part->offset, &part->end))
			break;
	}
	return t->resizable ? ZX_OK : status;
}

static zx_status_t begin_part(struct target *t, struct part *part)
{
	return pager_begin(t, part->offset, part->end - part->offset, part->zero);
}

/*
 * Behind the end of a store that does not grow they stay, as one range: without memory, and
 * however often clients zero this and that of it.  Behind that of the stream, where a write
 * that failed has left them, there is nothing to store.
 */
static zx_status_t end_zeroes(struct target *t, struct part *part)
{
	uint64_t mask = t->page_size - 1, end = (t->backend->size + mask) & ~mask;
	struct pager_info info;

	if (part->end > end &&
	    (pager_info(t, &info) || info.stream_size > t->backend->size))
		part->end = end;
	if (part->offset >= part->end)
		return ZX_OK;
	return pager_end(t, part->offset, part->end - part->offset);
}

/*
 * Who cuts pages off and has zeroes there again may have put them into a zero range that
 * was begun.  Nobody does so between the query and END, since that takes a grant of ours.
 */
static zx_status_t end_pages(struct target *t, struct part *part)
{
	uint64_t at = part->offset;
	zx_vmo_dirty_range_t range;
	zx_status_t status;
	size_t count;

	while (at < part->end) {
		status = pager_query(t, at, part->end, &range, 1, &count);
		if (status == ZX_OK && count && is_pages(&range))
			status = pager_end(t, range.offset, range.length);
		if (status != ZX_OK || !count)
			return status;
		at = range.offset + range.length;
	}
	return ZX_OK;
}

bool parts_any_pages(struct target *t, uint64_t offset, uint64_t end)
{
	zx_vmo_dirty_range_t range;
	size_t count;

	for (; offset < end; offset = range.offset + range.length) {
		/* Cut off, or there is no telling. */
		if (pager_query(t, offset, end, &range, 1, &count) != ZX_OK)
			return true;
		if (!count)
			return false;
		if (is_pages(&range))
			return true;
	}
	return false;
}

uint64_t parts_lost(struct target *t, uint64_t end)
{
	zx_vmo_dirty_range_t range[LOST_ROOM];
	uint64_t offset = 0, lost = 0;
	size_t count;

	while (offset < end &&
	       pager_query(t, offset, end, range, LOST_ROOM, &count) == ZX_OK && count) {
		for (size_t i = 0; i < count; i++)
			lost += is_lost(&range[i]) ? range[i].length : 0;
		offset = range[count - 1].offset + range[count - 1].length;
	}
	return lost;
}

void parts_begin(struct parts *p)
{
	for (unsigned int i = 0; i < p->count; i++) {
		struct part *part = &p->part[i];

		if (with_rest(p->target, part, begin_part) != ZX_OK)
			parts_note_error(p, part, EIO, "begin to write back",
					 part->offset, part->end - part->offset);
	}
}

void parts_go_back(struct parts *p, uint64_t next)
{
	p->next = next;
	p->lost = 0;
}

/* Those that there is no room for have been begun in vain: the next batch has them. */
void parts_leave_out(struct parts *p, unsigned int i, uint64_t at)
{
	struct part *part = &p->part[i], rest = *part;

	part->end = at;
	rest.offset = at + p->target->page_size;
	if (rest.offset >= rest.end)
		return;
	if (i + 1 == PARTS_MAX) {
		parts_go_back(p, rest.offset);
		return;
	}
	if (p->count == PARTS_MAX)
		parts_go_back(p, p->part[--p->count].offset);
	memmove(part + 2, part + 1, (p->count - i - 1) * sizeof(*part));
	part[1] = rest;
	p->count++;
}

void parts_end(struct parts *p)
{
	for (unsigned int i = p->count; i--;) {
		struct part *part = &p->part[i];

		if (part->error)
			continue;
		/* From here on it may be evicted and read again: nothing older. */
		reader_outdate(p->reader, part->offset, part->end);
		if (with_rest(p->target, part, part->zero ? end_zeroes : end_pages) != ZX_OK)
			parts_note_error(p, part, EIO, "end writing back",
					 part->offset, part->end - part->offset);
		else if (part->zero && part->offset < part->end)
			p->target->zeroed += part->end - part->offset;
	}
}

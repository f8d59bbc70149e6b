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
 */
#include <errno.h>

#include "pager.h"
#include "parts.h"
#include "vmo.h"

int parts_collect(struct vmo *vmo, uint64_t offset, uint64_t end)
{
	static zx_vmo_dirty_range_t ranges[BATCH_RANGES];
	struct batch *b = &vmo->writeback.batch;
	uint64_t room = BATCH_BYTES;
	size_t count = 0;
	zx_status_t status;

	b->count = 0;
	b->next = end;
	pager_refresh(&vmo->target);
	if (end > vmo->target.size)
		end = vmo->target.size;
	if (offset >= end)
		return 0;
	status = pager_query(&vmo->target, offset, end, ranges, BATCH_RANGES, &count);
	/* Cut off since it was asked for its size: whoever did that comes again. */
	if (status == ZX_ERR_OUT_OF_RANGE)
		return EAGAIN;
	if (status != ZX_OK)
		return EIO;
	for (size_t i = 0; i < count && room; i++) {
		struct part *part = &b->parts[b->count++];

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
	}
	if (!room || b->count == BATCH_RANGES)
		b->next = b->parts[b->count - 1].end;
	return 0;
}

/* Calls @op for @part, or for what the VMO has left of it. */
static zx_status_t with_rest(struct vmo *vmo, struct part *part,
			     zx_status_t (*op)(struct vmo *vmo, struct part *part))
{
	zx_status_t status;

	while (part->offset < part->end) {
		status = op(vmo, part);
		if (status != ZX_ERR_OUT_OF_RANGE)
			return status;
		pager_refresh(&vmo->target);
		if (vmo->target.size >= part->end)
			return status;
		part->end = vmo->target.size > part->offset ? vmo->target.size : part->offset;
	}
	return ZX_OK;
}

static zx_status_t begin_part(struct vmo *vmo, struct part *part)
{
	return pager_begin(&vmo->target, part->offset, part->end - part->offset, part->zero);
}

static zx_status_t end_zeroes(struct vmo *vmo, struct part *part)
{
	return pager_end(&vmo->target, part->offset, part->end - part->offset);
}

/*
 * Who cuts pages off and has zeroes there again may have put them into a zero range that
 * was begun.  Nobody does so between the query and END, since that takes a grant of ours.
 */
static zx_status_t end_pages(struct vmo *vmo, struct part *part)
{
	uint64_t at = part->offset;
	zx_vmo_dirty_range_t range;
	zx_status_t status;
	size_t count;

	while (at < part->end) {
		status = pager_query(&vmo->target, at, part->end, &range, 1, &count);
		if (status == ZX_OK && count &&
		    !(range.options & ZX_VMO_DIRTY_RANGE_IS_ZERO))
			status = pager_end(&vmo->target, range.offset, range.length);
		if (status != ZX_OK || !count)
			return status;
		at = range.offset + range.length;
	}
	return ZX_OK;
}

void parts_begin(struct vmo *vmo)
{
	struct batch *b = &vmo->writeback.batch;

	for (unsigned int i = 0; i < b->count; i++) {
		struct part *part = &b->parts[i];

		if (with_rest(vmo, part, begin_part) != ZX_OK)
			batch_note_error(vmo, part, EIO, "begin to write back",
					 part->offset, part->end - part->offset);
	}
}

void parts_end(struct vmo *vmo)
{
	struct batch *b = &vmo->writeback.batch;

	for (unsigned int i = b->count; i--;) {
		struct part *part = &b->parts[i];

		if (part->error)
			continue;
		/* From here on it may be evicted and read again: nothing older. */
		reader_outdate(&vmo->reader, part->offset, part->end);
		if (with_rest(vmo, part, part->zero ? end_zeroes : end_pages) != ZX_OK)
			batch_note_error(vmo, part, EIO, "end writing back",
					 part->offset, part->end - part->offset);
		else if (part->zero)
			vmo->target.zeroed += part->end - part->offset;
	}
}

// SPDX-License-Identifier: GPL-2.0
/*
 * What may be asked about a copy: which of its pages are its own, and how many.
 */
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "child.h"

/* Ranges that are copied to the caller at once. */
#define ZXP_OWN_BATCH		16

/* Who asks for blocks waits for so many zero ranges, and pages over these, at most. */
#define ZXP_BLOCKS_STEPS	(16 * ZXP_ZERO_BUDGET)

/* Parts of pages are added up in so many parts of a byte, as they are for smaps. */
#define ZXP_PART_SHIFT		12

/**
 * struct zxp_child_pages - what a child has, in pages of layers
 * @own: pages that no other child sees
 * @shared: those that others see as well
 * @part: of all these, each by how many see it, in bytes
 */
struct zxp_child_pages {
	pgoff_t own;
	pgoff_t shared;
	u64 part;
};

/**
 * struct zxp_own_batch - ranges that were found, the last of which may go on
 * @ranges: in pages of the root, until they are told
 * @nr: how many there are
 * @max: how many there may be
 */
struct zxp_own_batch {
	struct zxp_own_range ranges[ZXP_OWN_BATCH];
	unsigned int nr;
	unsigned int max;
};

/* One more run of pages. False: there is no room for it. */
static bool zxp_own_add(struct zxp_own_batch *batch, pgoff_t start, pgoff_t end, u64 options)
{
	struct zxp_own_range *last = batch->nr ? &batch->ranges[batch->nr - 1] : NULL;

	if (last && last->offset + last->length == start && last->options == options) {
		last->length += end - start;
		return true;
	}
	if (batch->nr == batch->max)
		return false;
	batch->ranges[batch->nr++] = (struct zxp_own_range) {
		.offset = start,
		.length = end - start,
		.options = options,
	};
	return true;
}

static u64 zxp_own_options(enum zxp_seen seen, void *page, pgoff_t index)
{
	if (seen == ZXP_SEEN_LOST)
		return ZXP_OWN_RANGE_IS_POISONED;
	if (!page)
		return ZXP_OWN_RANGE_IS_ZERO;
	return zxp_folio_poisoned(page, index) ? ZXP_OWN_RANGE_IS_POISONED : 0;
}

/*
 * Look at pages from @index on, which advances, but no longer than one hold of the lock may
 * be. False: there is no room for what is there.
 */
static bool zxp_child_find_own(struct zxp_child *child, pgoff_t *index, pgoff_t end,
			       struct zxp_own_batch *batch)
{
	struct zxp_family *family = zxp_child_family(child);
	unsigned int budget;
	bool fits = true;
	enum zxp_seen seen;
	pgoff_t run_end;
	void *page;

	read_lock(&family->lock);
	/* Each look may be one at each layer. */
	budget = max(1U, ZXP_ZERO_BUDGET / max(1U, zxp_layer_steps(child->top)));
	for (; fits && *index < end && budget; budget--) {
		run_end = end;
		seen = zxp_layer_run(child->top, *index, &run_end, &page);
		if (seen != ZXP_SEEN_ROOT)
			fits = zxp_own_add(batch, *index, run_end,
					   zxp_own_options(seen, page, *index));
		if (fits)
			*index = run_end;
	}
	read_unlock(&family->lock);
	return fits;
}

/* In bytes of the child. Return: 0, -EFAULT. */
static int zxp_own_tell(struct zxp_child *child, struct zxp_own_batch *batch,
			struct zxp_own_range __user *buffer)
{
	unsigned int i;

	for (i = 0; i < batch->nr; i++) {
		struct zxp_own_range *range = &batch->ranges[i];

		range->offset = (range->offset - child->offset) << PAGE_SHIFT;
		range->length <<= PAGE_SHIFT;
	}
	if (batch->nr && copy_to_user(buffer, batch->ranges, batch->nr * sizeof(*buffer)))
		return -EFAULT;
	return 0;
}

/**
 * zxp_child_query_own() - VMO_QUERY_OWN
 * @child: the child
 * @args: what the caller gave, and gets
 *
 * Who stores waits for none of it: ranges are found in batches, and copied without a lock,
 * because the buffer may fault.
 *
 * Return: 0, -ERANGE, -EFAULT, -EINTR.
 */
int zxp_child_query_own(struct zxp_child *child, struct zxp_vmo_query_own *args)
{
	struct zxp_own_range __user *buffer = u64_to_user_ptr(args->buffer);
	u64 room = args->buffer_size / sizeof(*buffer);
	struct zxp_own_batch batch;
	pgoff_t index, end;
	int ret = 0;

	if (!zxp_child_in_bounds(child, args->offset, args->length))
		return -ERANGE;
	index = child->offset + (args->offset >> PAGE_SHIFT);
	end = child->offset + DIV_ROUND_UP_ULL(args->offset + args->length, PAGE_SIZE);
	if (!args->length)
		end = index;
	do {
		batch.nr = 0;
		batch.max = min_t(u64, room - args->out_actual, ZXP_OWN_BATCH);
		while (index < end && zxp_child_find_own(child, &index, end, &batch)) {
			if (fatal_signal_pending(current))
				return -EINTR;
			cond_resched();
		}
		ret = zxp_own_tell(child, &batch, buffer + args->out_actual);
		if (ret)
			return ret;
		args->out_actual += batch.nr;
		args->out_next = (u64)(index - child->offset) << PAGE_SHIFT;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	} while (index < end && args->out_actual < room);
	return 0;
}

/* How many pages are in its own layer. */
pgoff_t zxp_child_own_pages(struct zxp_child *child)
{
	struct zxp_family *family = zxp_child_family(child);
	pgoff_t nr;

	read_lock(&family->lock);
	nr = child->top->nr;
	read_unlock(&family->lock);
	return nr;
}

/**
 * zxp_child_count_pages() - how much memory a child has, and its part of what it shares
 * @child: the child
 * @pages: how much; what it had until then if the caller is killed
 *
 * It takes as long as there are pages in its layers, and children that see them; all layers
 * above a page are looked at in one go. Others come and go, and store, meanwhile: each page is
 * counted as it is before or after that.
 *
 * Return: 0, -EINTR.
 */
static int zxp_child_count_pages(struct zxp_child *child, struct zxp_child_pages *pages)
{
	struct zxp_family *family = zxp_child_family(child);
	pgoff_t index = child->offset, end = zxp_child_end(child);
	unsigned int sharers, budget;
	u64 parts = 0;

	*pages = (struct zxp_child_pages) {};
	while (index < end && !fatal_signal_pending(current)) {
		budget = ZXP_ZERO_BUDGET;
		read_lock(&family->lock);
		while (budget && index < end) {
			sharers = zxp_layer_next_seen(child->top, &index, end, &budget);
			if (!sharers)
				continue;
			index++;
			pages->own += sharers == 1;
			pages->shared += sharers != 1;
			parts += (1ULL << (PAGE_SHIFT + ZXP_PART_SHIFT)) / sharers;
		}
		read_unlock(&family->lock);
		cond_resched();
	}
	pages->part = parts >> ZXP_PART_SHIFT;
	return index < end ? -EINTR : 0;
}

/**
 * zxp_child_allocated() - how many pages of a child count as blocks
 * @child: the child
 *
 * As of a VMO: all but zero ranges, wherever it is. Of very many the last ones are counted, too.
 *
 * Return: so many, or some more, but no more than it has.
 */
pgoff_t zxp_child_allocated(struct zxp_child *child)
{
	struct zxp_family *family = zxp_child_family(child);
	pgoff_t index = child->offset, end = zxp_child_end(child);
	unsigned int budget, left = ZXP_BLOCKS_STEPS;
	pgoff_t nr = end - index;

	for (; index < end && left; left -= ZXP_ZERO_BUDGET) {
		budget = ZXP_ZERO_BUDGET;
		read_lock(&family->lock);
		nr -= zxp_layer_count_zero(child->top, &index, end, &budget);
		read_unlock(&family->lock);
		cond_resched();
	}
	return nr;
}

/**
 * zxp_child_get_info() - VMO_GET_INFO of a copy
 * @child: it
 * @info: what is asked for, by its size; all of it is answered
 *
 * Return: 0; -EINTR the caller was killed while pages were counted.
 */
int zxp_child_get_info(struct zxp_child *child, struct zxp_vmo_info *info)
{
	struct zxp_child_pages pages = { .own = zxp_child_own_pages(child) };

	/* That takes its time. */
	if (info->size > offsetof(struct zxp_vmo_info, out_shared_bytes) &&
	    zxp_child_count_pages(child, &pages))
		return -EINTR;
	*info = (struct zxp_vmo_info) {
		.size = sizeof(*info),
		.out_flags = ZXP_VMO_INFO_COPY,
		.out_vmo_size = (u64)zxp_child_pages(child) << PAGE_SHIFT,
		.out_stream_size = (u64)zxp_child_pages(child) << PAGE_SHIFT,
		.out_resident = (u64)pages.own << PAGE_SHIFT,
		.out_shared_bytes = (u64)pages.shared << PAGE_SHIFT,
		.out_scaled_bytes = pages.part,
		.out_options = child->options & ZXP_CHILD_RESIZABLE ? ZXP_VMO_RESIZABLE : 0,
	};
	zxp_kin_info(child->root, child->kin, info);
	zxp_vmo_info_below(child->root, child->offset, zxp_child_end(child), info);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * What the daemon may ask about a VMO: which ranges are unwritten, and whether
 * somebody has modified it.
 */
#include <linux/rcupdate_wait.h>
#include <linux/uaccess.h>

#include "zxpager_private.h"

/* Ranges that are found with one hold of the lock. */
#define ZXP_QUERY_BATCH		16
/* Pages between two looks at whether somebody else wants the CPU. */
#define ZXP_QUERY_PAGES		4096

/**
 * struct zxp_dirty_walk - finds one unwritten range after the other
 * @vmo: where, with &zxp_vmo.content_lock held
 * @index: where to go on
 * @end: where to stop
 * @page: the next unwritten page at or behind @index, or @end
 */
struct zxp_dirty_walk {
	struct zxp_vmo *vmo;
	pgoff_t index;
	pgoff_t end;
	pgoff_t page;
};

/* Go on at @index. */
static void zxp_dirty_walk_to_locked(struct zxp_dirty_walk *walk, pgoff_t index)
{
	XA_STATE(xas, &walk->vmo->inode.i_mapping->i_pages, index);
	void *entry = NULL;

	lockdep_assert_held(&walk->vmo->content_lock);

	rcu_read_lock();
	if (index < walk->end) {
		do {
			entry = xas_find_marked(&xas, walk->end - 1,
						ZXP_MARK_UNWRITTEN);
		} while (xas_retry(&xas, entry));
	}
	rcu_read_unlock();
	walk->index = index;
	/* It may begin before @index, if it is large. */
	walk->page = entry ? max(xas.xa_index, index) : walk->end;
}

/* The end of the run of unwritten pages that begins at @page. */
static pgoff_t zxp_dirty_walk_run_locked(struct zxp_dirty_walk *walk)
{
	XA_STATE(xas, &walk->vmo->inode.i_mapping->i_pages, walk->page);
	pgoff_t run_end = walk->page + 1;
	void *entry;

	lockdep_assert_held(&walk->vmo->content_lock);

	rcu_read_lock();
	xas_for_each_marked(&xas, entry, walk->end - 1, ZXP_MARK_UNWRITTEN) {
		if (xas_retry(&xas, entry))
			continue;
		if (xas.xa_index > run_end)
			break;
		run_end = xas.xa_index + folio_nr_pages(entry);
		if (run_end % ZXP_QUERY_PAGES == 0) {
			xas_pause(&xas);
			cond_resched_rcu();
		}
	}
	rcu_read_unlock();
	return min(run_end, walk->end);
}

static bool zxp_dirty_walk_next_locked(struct zxp_dirty_walk *walk,
				       struct zxp_dirty_range *found)
{
	pgoff_t start = walk->page, end = walk->end;
	struct zxp_vmo *vmo = walk->vmo;
	struct zxp_zero_range *zero;
	bool is_zero;

	lockdep_assert_held(&vmo->content_lock);

	/* Zeroes before the next page? They end there at the latest. */
	spin_lock(&vmo->zero_lock);
	zero = zxp_zero_find_kinds(&vmo->zeroes, walk->index, walk->page,
				   BIT(ZXP_ZERO_DIRTY));
	is_zero = zero;
	if (is_zero) {
		start = max(zero->start, walk->index);
		end = min(zero->end, walk->page);
	}
	spin_unlock(&vmo->zero_lock);

	if (start >= walk->end) {
		walk->index = walk->end;
		return false;
	}
	if (is_zero) {
		walk->index = end;
	} else {
		end = zxp_dirty_walk_run_locked(walk);
		zxp_dirty_walk_to_locked(walk, end);
	}

	*found = (struct zxp_dirty_range) {
		.offset = (u64)start << PAGE_SHIFT,
		.length = (u64)(end - start) << PAGE_SHIFT,
		.options = is_zero ? ZXP_DIRTY_RANGE_IS_ZERO : 0,
	};
	return true;
}

/* Up to @nr ranges from @index on, which advances; fewer if there are no more. */
static int zxp_vmo_find_dirty(struct zxp_vmo *vmo, pgoff_t *index, pgoff_t end,
			      struct zxp_dirty_range *ranges, unsigned int nr)
{
	struct zxp_dirty_walk walk = {
		.vmo = vmo,
		.end = end,
	};
	unsigned int found = 0;

	if (mutex_lock_killable(&vmo->content_lock))
		return -EINTR;
	zxp_dirty_walk_to_locked(&walk, *index);
	while (found < nr && zxp_dirty_walk_next_locked(&walk, &ranges[found]))
		found++;
	mutex_unlock(&vmo->content_lock);
	*index = walk.index;
	return found;
}

/**
 * zxp_vmo_query_dirty() - QUERY_DIRTY_RANGES
 * @vmo: a VMO with a pager
 * @args: what the daemon gave, and gets
 *
 * Ranges are found in batches with the lock held and copied without it, because
 * the daemon's buffer may fault.
 *
 * Return: 0, -ERANGE, -EFAULT, -EINTR.
 */
int zxp_vmo_query_dirty(struct zxp_vmo *vmo, struct zxp_query_dirty_ranges *args)
{
	struct zxp_dirty_range __user *buffer = u64_to_user_ptr(args->buffer);
	bool count_all = !(args->flags & ZXP_QUERY_NO_AVAIL);
	u64 room = args->buffer_size / sizeof(*buffer);
	struct zxp_dirty_range ranges[ZXP_QUERY_BATCH];
	pgoff_t index, end;
	unsigned int copy;
	int found;

	if (!zxp_vmo_in_bounds(vmo, args->offset, args->length))
		return -ERANGE;
	if (!args->length)
		return 0;

	index = args->offset >> PAGE_SHIFT;
	end = DIV_ROUND_UP_ULL(args->offset + args->length, PAGE_SIZE);
	do {
		copy = min_t(u64, room - args->out_actual, ARRAY_SIZE(ranges));
		if (!copy && !count_all)
			break;
		found = zxp_vmo_find_dirty(vmo, &index, end, ranges,
					   count_all ? ARRAY_SIZE(ranges) : copy);
		if (found < 0)
			return found;
		copy = min_t(unsigned int, copy, found);
		if (copy && copy_to_user(buffer + args->out_actual, ranges,
					 copy * sizeof(*ranges)))
			return -EFAULT;
		args->out_actual += copy;
		args->out_avail += found;
	} while (found && index < end);
	return 0;
}

/**
 * zxp_vmo_count_dirty() - how much is unwritten
 * @vmo: any VMO
 * @pages: bytes in pages
 * @zeroes: bytes in zero ranges
 *
 * Return: 0, -EINTR.
 */
int zxp_vmo_count_dirty(struct zxp_vmo *vmo, u64 *pages, u64 *zeroes)
{
	struct zxp_dirty_range ranges[ZXP_QUERY_BATCH];
	pgoff_t index = 0;
	int found, i;

	*pages = 0;
	*zeroes = 0;
	do {
		found = zxp_vmo_find_dirty(vmo, &index, ULONG_MAX, ranges,
					   ARRAY_SIZE(ranges));
		for (i = 0; i < found; i++)
			*(ranges[i].options ? zeroes : pages) += ranges[i].length;
	} while (found > 0);
	return found;
}

/**
 * zxp_vmo_query_stats() - QUERY_VMO_STATS
 * @vmo: a VMO with a pager
 * @args: what the daemon gave, and gets
 *
 * Return: 0, -EINVAL.
 */
int zxp_vmo_query_stats(struct zxp_vmo *vmo, struct zxp_query_vmo_stats *args)
{
	if (args->options & ~ZXP_STATS_RESET)
		return -EINVAL;
	args->out_modified = args->options & ZXP_STATS_RESET ?
			     xchg(&vmo->modified, 0) : READ_ONCE(vmo->modified);
	return 0;
}

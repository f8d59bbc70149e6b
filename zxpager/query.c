// SPDX-License-Identifier: GPL-2.0
/*
 * What the daemon may ask about a VMO: which ranges are unwritten, and whether
 * somebody has modified it.
 */
#include <linux/rcupdate_wait.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "content.h"

/* Ranges that are found with one hold of the lock. */
#define ZXP_QUERY_BATCH		16
/* Pages between two looks at whether somebody else wants the CPU. */
#define ZXP_QUERY_PAGES		4096

/**
 * struct zxp_dirty_walk - finds one unwritten range after the other
 * @vmo: where, with &zxp_vmo.content_lock and the RCU read lock held
 * @xas: where the page cache was looked at last
 * @index: where to go on; each step moves it forward
 * @end: where to stop
 * @page: the next unwritten page at or behind @index, or @end
 * @folio: it is in this one, or NULL. What has the mark stays in the cache while the lock
 *	is held, so no reference is needed.
 * @budget: zero ranges that may still be looked at
 */
struct zxp_dirty_walk {
	struct zxp_vmo *vmo;
	struct xa_state xas;
	pgoff_t index;
	pgoff_t end;
	pgoff_t page;
	struct folio *folio;
	unsigned int budget;
};

static struct folio *zxp_dirty_walk_find(struct zxp_dirty_walk *walk)
{
	struct folio *folio;

	do {
		folio = xas_next_marked(&walk->xas, walk->end - 1,
					ZXP_MARK_UNWRITTEN);
	} while (xas_retry(&walk->xas, folio));
	return folio;
}

static void zxp_dirty_walk_first_locked(struct zxp_dirty_walk *walk)
{
	lockdep_assert_held(&walk->vmo->content_lock);

	walk->folio = zxp_dirty_walk_find(walk);
	/* It would begin before @index if it was large, which it should not be. */
	walk->page = walk->folio ? max(walk->folio->index, walk->index) :
				   walk->end;
}

/*
 * The end of the run of unwritten pages that begins at @page; afterwards @page is the
 * next one behind it. The tree of the page cache is gone through once, which is what
 * counts where ranges are far apart. Who was killed does not need all of a long run. All
 * of it has failed, or nothing.
 */
static pgoff_t zxp_dirty_walk_run_locked(struct zxp_dirty_walk *walk, bool poisoned)
{
	struct folio *folio = walk->folio;
	pgoff_t run_end;

	lockdep_assert_held(&walk->vmo->content_lock);

	do {
		run_end = folio->index + folio_nr_pages(folio);
		if (run_end % ZXP_QUERY_PAGES == 0) {
			xas_pause(&walk->xas);
			cond_resched_rcu();
			/* Without the lock it may have gone. */
			folio = NULL;
			if (fatal_signal_pending(current))
				break;
		}
		folio = zxp_dirty_walk_find(walk);
	} while (folio && folio->index == run_end &&
		 folio_test_hwpoison(folio) == poisoned);
	walk->folio = folio;
	walk->index = clamp(run_end, walk->page + 1, walk->end);
	walk->page = folio ? max(folio->index, walk->index) : walk->end;
	return walk->index;
}

/* False if there are no more, or if that was enough for one hold of the lock. */
static bool zxp_dirty_walk_next_locked(struct zxp_dirty_walk *walk,
				       struct zxp_dirty_range *found)
{
	pgoff_t start = walk->page, end = walk->end;
	struct zxp_vmo *vmo = walk->vmo;
	struct zxp_zero_range *zero = NULL;
	bool is_zero, poisoned = false;

	lockdep_assert_held(&vmo->content_lock);

	/* Zeroes before the next page? They end there at the latest. */
	spin_lock(&vmo->zero_lock);
	if (walk->index < walk->page)
		zero = zxp_zero_find_kinds(&vmo->zeroes, &walk->index, walk->page,
					   BIT(ZXP_ZERO_DIRTY), &walk->budget);
	is_zero = zero;
	if (is_zero) {
		start = max(zero->start, walk->index);
		end = min(zero->end, walk->page);
	}
	spin_unlock(&vmo->zero_lock);

	if (!is_zero && (walk->index < walk->page || start >= walk->end))
		return false;
	if (is_zero) {
		walk->index = end;
	} else {
		poisoned = folio_test_hwpoison(walk->folio);
		end = zxp_dirty_walk_run_locked(walk, poisoned);
	}

	*found = (struct zxp_dirty_range) {
		.offset = (u64)start << PAGE_SHIFT,
		.length = (u64)(end - start) << PAGE_SHIFT,
		.options = is_zero ? ZXP_DIRTY_RANGE_IS_ZERO :
			   poisoned ? ZXP_DIRTY_RANGE_IS_POISONED : 0,
	};
	return true;
}

/*
 * Up to @nr ranges from @index on, which advances; fewer if there are no more, and it is
 * @end then, or if there was much to look at.
 */
static int zxp_vmo_find_dirty(struct zxp_vmo *vmo, pgoff_t *index, pgoff_t end,
			      struct zxp_dirty_range *ranges, unsigned int nr,
			      unsigned long epoch)
{
	struct zxp_dirty_walk walk = {
		.vmo = vmo,
		.xas = __XA_STATE(&vmo->inode.i_mapping->i_pages, *index, 0, 0),
		.index = *index,
		.end = end,
		.budget = ZXP_ZERO_BUDGET,
	};
	unsigned int found = 0;
	int ret;

	if (mutex_lock_killable(&vmo->content_lock))
		return -EINTR;
	ret = zxp_vmo_check_locked(vmo, epoch);
	if (ret) {
		mutex_unlock(&vmo->content_lock);
		return ret;
	}
	rcu_read_lock();
	zxp_dirty_walk_first_locked(&walk);
	while (found < nr && zxp_dirty_walk_next_locked(&walk, &ranges[found]))
		found++;
	rcu_read_unlock();
	mutex_unlock(&vmo->content_lock);
	*index = walk.index;
	return found;
}

/**
 * zxp_vmo_query_dirty() - QUERY_DIRTY_RANGES
 * @vmo: a VMO with a pager
 * @args: what the daemon gave, and gets
 * @epoch: of the generation that asks
 *
 * Ranges are found in batches with the lock held and copied without it, because
 * the daemon's buffer may fault.
 *
 * Return: 0, -ERANGE, -ESHUTDOWN, -EFAULT, -EINTR.
 */
int zxp_vmo_query_dirty(struct zxp_vmo *vmo, struct zxp_query_dirty_ranges *args,
			unsigned long epoch)
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
					   count_all ? ARRAY_SIZE(ranges) : copy,
					   epoch);
		if (found < 0)
			return found;
		copy = min_t(unsigned int, copy, found);
		if (copy && copy_to_user(buffer + args->out_actual, ranges,
					 copy * sizeof(*ranges)))
			return -EFAULT;
		args->out_actual += copy;
		args->out_avail += found;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	} while (index < end);
	return 0;
}

/**
 * zxp_vmo_query_stats() - QUERY_VMO_STATS
 * @vmo: a VMO with a pager
 * @args: what the daemon gave, and gets
 * @epoch: of the generation that asks
 *
 * Return: 0, -EINVAL, -ESHUTDOWN.
 */
int zxp_vmo_query_stats(struct zxp_vmo *vmo, struct zxp_query_vmo_stats *args,
			unsigned long epoch)
{
	int ret;

	if (args->options & ~ZXP_STATS_RESET)
		return -EINVAL;
	spin_lock(&vmo->source->lock);
	ret = zxp_source_check_locked(vmo->source, epoch);
	if (!ret)
		args->out_modified = args->options & ZXP_STATS_RESET ?
				     xchg(&vmo->modified, 0) : READ_ONCE(vmo->modified);
	spin_unlock(&vmo->source->lock);
	return ret;
}

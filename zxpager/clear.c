// SPDX-License-Identifier: GPL-2.0
/*
 * Making a range of a VMO zero: ZERO, and what a change of the size leaves behind.
 *
 * Whole pages are not written to: they leave the cache, and a zero range takes their
 * place. So the daemon is not asked, neither for what was missing nor for permission; but
 * what snapshots have to have is asked for first, see rescue.c.
 * A page that is pinned cannot leave; it is written to like a page that is cleared
 * in part.
 */
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/moduleparam.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "change.h"

static unsigned int zero_ranges = 131072;
module_param(zero_ranges, uint, 0644);
MODULE_PARM_DESC(zero_ranges,
		 "dirty zero ranges that ZERO may bring a VMO to (default 131072)");

/* So many pages at most are written to where they cannot be another range. */
#define ZXP_ZERO_SHORT	16

/* Without a look at the content. While a page becomes dirty its range is still there. */
static bool zxp_vmo_reads_zero(struct zxp_vmo *vmo, pgoff_t index)
{
	struct folio *folio = zxp_vmo_get_folio(vmo, index);
	bool written = false;

	if (folio) {
		written = !vmo->source || zxp_folio_dirty(folio);
		folio_put(folio);
	}
	return !written && zxp_vmo_is_zero(vmo, index);
}

/**
 * zxp_vmo_zero_beyond() - zero what a page has behind the stream
 * @vmo: the VMO
 * @folio: has that page, and is locked
 * @from: first byte
 * @to: the byte after the last one, in the same page or its end
 *
 * The stream may go on over the page meanwhile, and somebody store to what is a part of it
 * since: that stays. So where it ends is looked at with the lock under which it moves.
 */
void zxp_vmo_zero_beyond(struct zxp_vmo *vmo, struct folio *folio, loff_t from, loff_t to)
{
	spin_lock(&vmo->inode.i_lock);
	from = max(from, i_size_read(&vmo->inode));
	if (from < to)
		folio_zero_range(folio, offset_in_folio(folio, from), to - from);
	spin_unlock(&vmo->inode.i_lock);
}

/**
 * zxp_vmo_clear_part() - zero a part of a page
 * @vmo: the VMO; nothing of it is locked
 * @from: first byte
 * @to: the byte after the last one, in the same page or its end
 * @beyond: leave alone what is part of the stream when the page is locked
 *
 * Return: 0, also if the page reads as zero anyway; or what
 * zxp_vmo_folio_for_write() returns.
 */
int zxp_vmo_clear_part(struct zxp_vmo *vmo, loff_t from, loff_t to, bool beyond)
{
	pgoff_t index = from >> PAGE_SHIFT;
	struct folio *folio;

	if (zxp_vmo_reads_zero(vmo, index))
		return 0;

	folio = zxp_vmo_folio_for_write(vmo, index, index + 1, false);
	if (IS_ERR(folio))
		return zxp_write_error(folio);
	if (beyond)
		zxp_vmo_zero_beyond(vmo, folio, from, to);
	else if (from < to)
		folio_zero_range(folio, offset_in_folio(folio, from), to - from);
	folio_unlock(folio);
	folio_put(folio);
	return 0;
}

/* Is a locked page zero from @pos on, and the daemon to hear of that? */
static bool zxp_folio_has_zero_tail(struct folio *folio, loff_t pos)
{
	void *kaddr;
	bool zero;

	if (!zxp_folio_dirty(folio) || folio_test_hwpoison(folio))
		return false;
	kaddr = kmap_local_folio(folio, offset_in_folio(folio, pos));
	zero = !memchr_inv(kaddr, 0, PAGE_SIZE - offset_in_page(pos));
	kunmap_local(kaddr);
	return zero;
}

/*
 * Clear what the last page has behind the stream size, before that moves. Stores
 * through a mapping may have put something there; and the daemon may have something
 * there that was cut off when it was supplied.
 */
static int zxp_vmo_clear_tail(struct zxp_vmo *vmo, loff_t size)
{
	struct folio *folio;
	bool done;

	if (!offset_in_page(size))
		return 0;
	folio = zxp_vmo_lock_folio(vmo, size >> PAGE_SHIFT);
	if (folio) {
		done = zxp_folio_has_zero_tail(folio, size);
		folio_unlock(folio);
		folio_put(folio);
		if (done)
			return 0;
	}
	return zxp_vmo_clear_part(vmo, size, round_up(size, PAGE_SIZE), true);
}

/**
 * zxp_vmo_get_spares() - have nodes for the next step
 * @vmo: the VMO
 * @spares: what was left of the last
 * @gfp: as for zxp_vmo_alloc_zero()
 *
 * Return: 0, -ENOMEM.
 */
int zxp_vmo_get_spares(struct zxp_vmo *vmo, struct zxp_spares *spares, gfp_t gfp)
{
	if (!spares->split)
		spares->split = zxp_vmo_alloc_zero(vmo, gfp);
	if (!spares->add)
		spares->add = zxp_vmo_alloc_zero(vmo, gfp);
	return spares->split && spares->add ? 0 : -ENOMEM;
}

void zxp_spares_free(struct zxp_spares *spares)
{
	kfree(spares->split);
	kfree(spares->add);
}

/*
 * Zero ranges of a kind everywhere, but where there is one of a kind to keep. One run of
 * them needs a node at most, and each of those that are kept divides a run in two. A range
 * is split at the border of what is covered only.
 */
static int zxp_vmo_cover_locked(struct zxp_vmo *vmo, pgoff_t start, pgoff_t end,
				enum zxp_zero_kind kind, unsigned int keep,
				struct zxp_spares *spares)
{
	gfp_t gfp = kind == ZXP_ZERO_UNTRACKED ? GFP_ATOMIC : GFP_NOWAIT;
	pgoff_t covered;

	lockdep_assert_held(&vmo->content_lock);

	while (start < end) {
		if (zxp_vmo_get_spares(vmo, spares, gfp))
			return -ENOMEM;
		spin_lock(&vmo->zero_lock);
		if (spares->limited &&
		    vmo->zeroes.nr[kind] >= READ_ONCE(zero_ranges) &&
		    zxp_zero_adds(&vmo->zeroes, start, end, kind)) {
			spin_unlock(&vmo->zero_lock);
			return -ENOSPC;
		}
		covered = zxp_zero_cover(&vmo->zeroes, &start, end, kind, keep,
					 &spares->split, &spares->add);
		spin_unlock(&vmo->zero_lock);
		if (covered)
			zxp_source_resolve(vmo->source, ZXP_REQUEST_READ,
					   start - covered, start);
		cond_resched();
	}
	return 0;
}

/*
 * A folio goes, and what it was becomes a zero range first, together with what is missing
 * from @start on, which advances. Return: 0, -ENOMEM, -ENOSPC.
 */
static int zxp_vmo_clear_folio_locked(struct zxp_vmo *vmo, struct folio *folio,
				      pgoff_t *start, enum zxp_zero_kind kind,
				      unsigned int keep,
				      struct zxp_spares *spares)
{
	pgoff_t end = folio->index + 1;
	int ret = 0;

	lockdep_assert_held(&vmo->content_lock);

	if (zxp_vmo_must_keep(vmo, folio->index))
		return -EBUSY;
	if (vmo->source)
		ret = zxp_vmo_cover_locked(vmo, *start, end, kind, keep, spares);
	if (ret)
		return ret;
	*start = end;
	zxp_vmo_remove_folio(vmo, folio);
	return 0;
}

/**
 * zxp_vmo_clear_run_locked() - make whole pages zero
 * @vmo: the VMO
 * @start: first page
 * @end: the page after the last one
 * @kind: what they become
 * @keep: bits of the kinds of zero ranges that may stay
 * @beyond: leave alone what is part of the stream
 * @spares: from zxp_vmo_get_spares()
 *
 * Of what is missing, and is covered too, the caller knows that snapshots do not see it.
 *
 * From front to back pages go one by one, each leaving a zero range behind, and what is
 * missing before it is covered with the same. So a page never has content in a zero
 * range, and the ranges grow from what is before them.
 *
 * What becomes untracked is behind a stream that was cut already, and nobody could
 * undo that. Nothing but the same is kept there, so it is one range in the end, and
 * @spares nearly always do; if not, a node comes from what is there for such cases.
 *
 * Return: 0; -EAGAIN if a page is pinned, and others are zero already; -EBUSY if something has
 * to be kept first; -ENOMEM; -ENOSPC if there are too many ranges.
 */
int zxp_vmo_clear_run_locked(struct zxp_vmo *vmo, pgoff_t start, pgoff_t end,
			     enum zxp_zero_kind kind, unsigned int keep,
			     bool beyond, struct zxp_spares *spares)
{
	struct address_space *mapping = vmo->inode.i_mapping;
	struct folio_batch fbatch;
	pgoff_t index = start;
	unsigned int i;
	int ret = 0;

	lockdep_assert_held(&vmo->content_lock);

	if (start >= end)
		return 0;
	unmap_mapping_pages(mapping, start, end - start, false);
	folio_batch_init(&fbatch);
	while (!ret && index < end &&
	       filemap_get_folios(mapping, &index, end - 1, &fbatch)) {
		for (i = 0; !ret && i < folio_batch_count(&fbatch); i++) {
			struct folio *folio = fbatch.folios[i];

			if (beyond)
				start = max(start, zxp_vmo_stream_pages(vmo));
			folio_lock(folio);
			/* Else it was clean, and has been reclaimed. */
			if (folio->mapping == mapping &&
			    !(beyond && folio->index < zxp_vmo_stream_pages(vmo))) {
				if (zxp_folio_pinned(vmo, folio, folio->index))
					ret = -EAGAIN;
				else
					ret = zxp_vmo_clear_folio_locked(vmo, folio,
									 &start,
									 kind, keep,
									 spares);
			}
			folio_unlock(folio);
		}
		folio_batch_release(&fbatch);
		cond_resched();
	}
	/*
	 * Pages that are there now have become part of the stream meanwhile, and new
	 * ones cannot come.
	 */
	if (beyond)
		start = max(start, zxp_vmo_stream_pages(vmo));
	if (!ret && vmo->source)
		ret = zxp_vmo_cover_locked(vmo, start, end, kind, keep, spares);
	return ret;
}

/* Whole pages, by writing to them. What reads as zero is left as it is. */
static int zxp_vmo_clear_by_writing(struct zxp_vmo *vmo, pgoff_t start, pgoff_t end,
				    bool beyond)
{
	int ret = 0;

	for (; !ret && start < end; start++)
		ret = zxp_vmo_clear_part(vmo, (loff_t)start << PAGE_SHIFT,
					 (loff_t)(start + 1) << PAGE_SHIFT,
					 beyond);
	return ret;
}

/*
 * Who makes others pay for each range, as all do who go through them, pays for memory at
 * least.
 */
static int zxp_vmo_clear_over_limit(struct zxp_vmo *vmo, pgoff_t start, pgoff_t end,
				    enum zxp_clear_how how)
{
	if (how == ZXP_CLEAR_DISCARD)
		return -EOPNOTSUPP;
	if (end - start > ZXP_ZERO_SHORT)
		return -ENOSPC;
	return zxp_vmo_clear_by_writing(vmo, start, end, false);
}

/* Make whole pages zero; those that are pinned by writing to them. */
static int zxp_vmo_clear_pages(struct zxp_vmo *vmo, pgoff_t start, pgoff_t end,
			       unsigned int keep, bool beyond,
			       enum zxp_clear_how how)
{
	struct zxp_spares spares = { .limited = how != ZXP_CLEAR_ALWAYS };
	int ret = 0, tries = ZXP_MEMORY_TRIES;
	pgoff_t stop, pinned, part = ZXP_MAX_WRITE_BATCH;

	while (start < end) {
		/*
		 * In parts, or who makes snapshots all the time would keep this from its end;
		 * as large as these let them be, since each looks at all that is left.
		 */
		stop = end;
		if (zxp_vmo_has_snapshots(vmo))
			stop = min(end, start + part);
		ret = zxp_vmo_rescue(vmo, start, stop, end);
		if (!ret)
			ret = zxp_vmo_get_spares(vmo, &spares, GFP_KERNEL);
		if (!ret)
			ret = mutex_lock_killable(&vmo->content_lock);
		if (ret)
			break;
		end = min(end, vmo->nr_pages);
		stop = min(stop, end);
		if (beyond)
			start = max(start, zxp_vmo_stream_pages(vmo));
		pinned = zxp_vmo_find_pinned(vmo, start, stop);
		if (vmo->source && !zxp_vmo_is_kept_locked(vmo, start, pinned))
			ret = -EBUSY;
		else
			ret = zxp_vmo_clear_run_locked(vmo, start, pinned,
						       ZXP_ZERO_DIRTY, keep, beyond,
						       &spares);
		mutex_unlock(&vmo->content_lock);
		if (ret == -EBUSY)
			part = ZXP_MAX_WRITE_BATCH;
		else if (part < end)
			part *= 2;
		if (ret && fatal_signal_pending(current))
			ret = -EINTR;
		if (ret == -ENOSPC)
			ret = zxp_vmo_clear_over_limit(vmo, start, pinned, how);
		/* Pinned or in a snapshot meanwhile; or no memory. What is done stays so. */
		if (ret == -EAGAIN || ret == -EBUSY ||
		    (ret == -ENOMEM && tries-- && zxp_vmo_reserve(vmo)))
			continue;
		tries = ZXP_MEMORY_TRIES;
		start = max(start, pinned);
		if (!ret && pinned < stop)
			ret = zxp_vmo_clear_by_writing(vmo, pinned, ++start, beyond);
		if (ret)
			break;
	}
	zxp_spares_free(&spares);
	return ret;
}

/**
 * zxp_vmo_clear_gap() - the stream is going to continue at @pos
 * @vmo: the VMO; nothing of it is locked
 * @pos: where
 *
 * What lies between in other pages is part of the stream then: zeroes that the
 * daemon hears of. What others make part of the stream meanwhile is theirs.
 *
 * Return: 0, -ENOMEM, -EINTR, or what zxp_vmo_folio_for_write() returns.
 */
int zxp_vmo_clear_gap(struct zxp_vmo *vmo, loff_t pos)
{
	loff_t size = i_size_read(&vmo->inode);
	int ret = 0;

	if (pos >> PAGE_SHIFT > size >> PAGE_SHIFT)
		ret = zxp_vmo_clear_tail(vmo, size);
	if (!ret)
		ret = zxp_vmo_clear_pages(vmo, DIV_ROUND_UP_ULL(size, PAGE_SIZE),
					  pos >> PAGE_SHIFT, BIT(ZXP_ZERO_DIRTY),
					  true, ZXP_CLEAR_ALWAYS);
	/* It may have been cut meanwhile; the caller looks at that. */
	return ret == -ERANGE ? 0 : ret;
}

/**
 * zxp_vmo_clear() - ZERO
 * @vmo: the VMO; nothing of it is locked
 * @offset: first byte
 * @length: how many; the range was in bounds
 * @how: what becomes of it if there are too many ranges
 *
 * Return: 0, -ENOMEM, -EINTR; -ENOSPC, -EOPNOTSUPP if there are too many ranges; or what
 * zxp_vmo_folio_for_write() returns.
 */
int zxp_vmo_clear(struct zxp_vmo *vmo, u64 offset, u64 length,
		  enum zxp_clear_how how)
{
	loff_t end = offset + length;
	loff_t first = min_t(loff_t, round_up(offset, PAGE_SIZE), end);
	loff_t last = max_t(loff_t, round_down(end, PAGE_SIZE), first);
	int ret = 0;

	if (!length)
		return 0;
	if (offset < (u64)first)
		ret = zxp_vmo_clear_part(vmo, offset, first, false);
	if (!ret && last < end)
		ret = zxp_vmo_clear_part(vmo, last, end, false);
	if (ret)
		return ret;
	zxp_vmo_set_modified(vmo);
	return zxp_vmo_clear_pages(vmo, first >> PAGE_SHIFT, last >> PAGE_SHIFT,
				   ZXP_ZERO_ANY, false, how);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * What is in a VMO: pages in the page cache, and zero ranges.
 *
 * A folio enters the cache with its content, marked up to date, so what is found
 * there is good and nobody waits for a folio to be read. A page is
 *
 *	missing		neither in the cache nor in a zero range,
 *	clean		in the cache; reclaim may take it at any time,
 *	unwritten	in the cache, and kept there: see dirty.c.
 *
 * What is unwritten is a single page. Only in a sealed VMO what is clean may be in a large
 * folio, see large.c.
 */
#include <linux/highmem.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "content.h"

/*
 * The folio of a page if it is in the cache, with a reference; else NULL. Nobody but us puts
 * one there, since there is no ->read_folio; one without content would show what its memory
 * was used for before.
 */
struct folio *zxp_vmo_get_folio(struct zxp_vmo *vmo, pgoff_t index)
{
	struct folio *folio = zxp_filemap_get_folio(vmo->inode.i_mapping, index);

	if (folio && WARN_ON_ONCE(!folio_test_uptodate(folio))) {
		folio_put(folio);
		return NULL;
	}
	return folio;
}

/* Is there a page? It may come or go at any time. */
bool zxp_vmo_has_page(struct zxp_vmo *vmo, pgoff_t index)
{
	void *entry = xa_load(&vmo->inode.i_mapping->i_pages, index);

	/* Values are what reclaim leaves behind. */
	return entry && !xa_is_value(entry);
}

/* Might there be any page of a range? What reclaim leaves behind counts as well. */
bool zxp_vmo_has_any_page(struct zxp_vmo *vmo, pgoff_t index, unsigned int nr)
{
	unsigned long at = index;

	return xa_find(&vmo->inode.i_mapping->i_pages, &at, index + nr - 1,
		       XA_PRESENT);
}

/* Is there a page? 2 if the next one is there, too. They may come or go at any time. */
unsigned int zxp_vmo_has_pages(struct zxp_vmo *vmo, pgoff_t index)
{
	XA_STATE(xas, &vmo->inode.i_mapping->i_pages, index);
	unsigned int nr = 0;
	void *entry;

	rcu_read_lock();
	entry = xas_load(&xas);
	while (nr < 2 && entry && !xa_is_value(entry)) {
		nr++;
		entry = xas_next(&xas);
	}
	rcu_read_unlock();
	return nr;
}

/*
 * As zxp_vmo_get_folio(), but locked, and so sure to be in the cache. Whoever
 * holds a folio lock does not wait for a daemon, so this does not take long.
 */
struct folio *zxp_vmo_lock_folio(struct zxp_vmo *vmo, pgoff_t index)
{
	struct folio *folio;

	while ((folio = zxp_vmo_get_folio(vmo, index))) {
		folio_lock(folio);
		if (folio->mapping == vmo->inode.i_mapping &&
		    folio_contains(folio, index))
			return folio;
		folio_unlock(folio);
		folio_put(folio);
	}
	return NULL;
}

/* The same without waiting for the lock; -EAGAIN if somebody holds it. */
struct folio *zxp_vmo_trylock_folio(struct zxp_vmo *vmo, pgoff_t index)
{
	struct folio *folio = zxp_vmo_get_folio(vmo, index);

	if (!folio)
		return NULL;
	if (folio_trylock(folio)) {
		if (folio->mapping == vmo->inode.i_mapping &&
		    folio_contains(folio, index))
			return folio;
		folio_unlock(folio);
	}
	folio_put(folio);
	return ERR_PTR(-EAGAIN);
}

/**
 * zxp_vmo_for_folios() - look at what is in the cache
 * @vmo: the VMO
 * @start: first page
 * @end: the page after the last one
 * @mark: only at folios with this mark; %XA_PRESENT for all
 * @fn: called with the folio locked; another result than 0 ends it
 * @arg: for @fn
 *
 * Return: the result of the last @fn; 0 if there was none.
 */
int zxp_vmo_for_folios(struct zxp_vmo *vmo, pgoff_t start, pgoff_t end, xa_mark_t mark,
		       int (*fn)(struct zxp_vmo *vmo, struct folio *folio, void *arg),
		       void *arg)
{
	struct address_space *mapping = vmo->inode.i_mapping;
	struct folio_batch fbatch;
	unsigned int i;
	int ret = 0;

	folio_batch_init(&fbatch);
	while (!ret && start < end &&
	       (mark == XA_PRESENT ?
		filemap_get_folios(mapping, &start, end - 1, &fbatch) :
		filemap_get_folios_tag(mapping, &start, end - 1, mark, &fbatch))) {
		for (i = 0; !ret && i < folio_batch_count(&fbatch); i++) {
			struct folio *folio = fbatch.folios[i];

			folio_lock(folio);
			if (folio->mapping == mapping)
				ret = fn(vmo, folio, arg);
			folio_unlock(folio);
		}
		folio_batch_release(&fbatch);
		cond_resched();
	}
	return ret;
}

/* Of what reclaim has left behind so much is looked at in one go. */
#define ZXP_MISSING_BATCH	4096

/**
 * zxp_vmo_missing_end() - how far a run of missing pages goes
 * @vmo: a VMO with a pager
 * @index: a page that is missing
 * @end: where to stop at the latest
 *
 * Where very many pages have been reclaimed the run ends before that: who wants the rest asks
 * for it next. Else it would take so long that something has been supplied meanwhile, with
 * which all is looked at anew, and again.
 *
 * Return: a page behind @index, before which all are missing, or @end. It is missing as well
 * only if it is more than ZXP_MISSING_BATCH pages away.
 */
pgoff_t zxp_vmo_missing_end(struct zxp_vmo *vmo, pgoff_t index, pgoff_t end)
{
	XA_STATE(xas, &vmo->inode.i_mapping->i_pages, index + 1);
	unsigned int budget = ZXP_MISSING_BATCH;
	struct zxp_zero_range *zero;
	void *entry;

	spin_lock(&vmo->zero_lock);
	zero = zxp_zero_find(&vmo->zeroes, index + 1);
	if (zero && zero->start < end)
		end = max(zero->start, index + 1);
	spin_unlock(&vmo->zero_lock);

	rcu_read_lock();
	xas_for_each(&xas, entry, end - 1) {
		if (xas_retry(&xas, entry) || (xa_is_value(entry) && budget--))
			continue;
		end = xas.xa_index;
		break;
	}
	rcu_read_unlock();
	return end;
}

/**
 * zxp_vmo_find_missing() - is there content everywhere in a range?
 * @vmo: a VMO with a pager
 * @index: first page
 * @end: the page after the last one
 *
 * Return: the first page that is missing, or @end; who was killed may get any page.
 */
pgoff_t zxp_vmo_find_missing(struct zxp_vmo *vmo, pgoff_t index, pgoff_t end)
{
	struct zxp_zero_range *zero;
	pgoff_t limit;

	while (index < end) {
		spin_lock(&vmo->zero_lock);
		zero = zxp_zero_find(&vmo->zeroes, index);
		if (zero && zero->start <= index) {
			index = zero->end;
			limit = index;
		} else {
			limit = zero ? min(end, zero->start) : end;
		}
		spin_unlock(&vmo->zero_lock);

		for (; index < limit; index++) {
			if (!zxp_vmo_has_page(vmo, index))
				return index;
			cond_resched();
		}
		if (index < end && fatal_signal_pending(current))
			return index;
		cond_resched();
	}
	return end;
}

/* The end of the zero range that holds a page; @index if there is none. */
pgoff_t zxp_vmo_zero_end(struct zxp_vmo *vmo, pgoff_t index)
{
	struct zxp_zero_range *range;

	spin_lock(&vmo->zero_lock);
	range = zxp_zero_find(&vmo->zeroes, index);
	if (range && range->start <= index)
		index = range->end;
	spin_unlock(&vmo->zero_lock);
	return index;
}

/* Does a page that is not in the cache read as zero? */
bool zxp_vmo_is_zero(struct zxp_vmo *vmo, pgoff_t index)
{
	bool zero;

	if (!vmo->source)
		return true;
	if (zxp_zero_empty(&vmo->zeroes))
		return false;
	spin_lock(&vmo->zero_lock);
	zero = zxp_zero_contains(&vmo->zeroes, index);
	spin_unlock(&vmo->zero_lock);
	return zero;
}

/*
 * What is there if there is no page? In this order: what is put in between the two looks waits
 * for who holds the page of zeroes before it is taken out of its range.
 */
enum zxp_absent zxp_vmo_absent(struct zxp_vmo *vmo, pgoff_t index)
{
	if (zxp_vmo_has_page(vmo, index))
		return ZXP_ABSENT_NOT;
	if (!zxp_vmo_is_zero(vmo, index))
		return ZXP_ABSENT_MISSING;
	return index < zxp_vmo_pages(vmo) ? ZXP_ABSENT_ZERO : ZXP_ABSENT_NOT;
}

/*
 * The page is charged to the memory cgroup of the caller. Return: 0, and it is locked;
 * -EEXIST; -ENOMEM, and the caller waits for memory where it holds no lock.
 */
int zxp_vmo_insert_folio_locked(struct zxp_vmo *vmo, struct folio *folio,
				pgoff_t index, gfp_t gfp)
{
	int ret;

	lockdep_assert_held(&vmo->content_lock);

	__folio_mark_uptodate(folio);
	ret = filemap_add_folio(vmo->inode.i_mapping, folio, index, gfp);
	/* Nobody writes to it, collapses it or takes it out before that is done. */
	if (!ret)
		zxp_vmo_unmap_zeroes_locked(vmo, index, folio_nr_pages(folio));
	return ret;
}

/* The same, and it is not locked afterwards. */
int zxp_vmo_add_folio_locked(struct zxp_vmo *vmo, struct folio *folio,
			     pgoff_t index, gfp_t gfp)
{
	int ret = zxp_vmo_insert_folio_locked(vmo, folio, index, gfp);

	if (!ret)
		folio_unlock(folio);
	return ret;
}

/**
 * zxp_vmo_add_zeroed_locked() - put a page under a zero range into the cache
 * @vmo: the VMO
 * @folio: from zxp_vmo_alloc_zeroed()
 * @index: a page that zxp_vmo_is_zero() said is zero
 *
 * Return: 0 if it is worth looking again; -ENOMEM.
 */
int zxp_vmo_add_zeroed_locked(struct zxp_vmo *vmo, struct folio *folio,
			      pgoff_t index)
{
	gfp_t gfp = ZXP_GFP_LOCKED(mapping_gfp_mask(vmo->inode.i_mapping));
	int ret;

	lockdep_assert_held(&vmo->content_lock);

	if (index >= vmo->nr_pages || !zxp_vmo_is_zero(vmo, index))
		return 0;
	if (zxp_vmo_must_keep(vmo, index) && !zxp_vmo_has_page(vmo, index))
		zxp_family_keep_zero_locked(vmo, index);
	ret = zxp_vmo_add_folio_locked(vmo, folio, index, gfp);
	return ret == -EEXIST ? 0 : ret;
}

/**
 * zxp_vmo_fill_zero() - the same for a caller that holds no lock
 * @vmo: the VMO
 * @index: the page
 * @nowait: wait for nothing
 *
 * Return: 0 if it is worth looking again; -ENOMEM, -EINTR; -EAGAIN it would have to wait.
 */
int zxp_vmo_fill_zero(struct zxp_vmo *vmo, pgoff_t index, bool nowait)
{
	struct folio *folio = zxp_vmo_alloc_zeroed(vmo, nowait);
	int ret, tries = ZXP_MEMORY_TRIES;

	if (!folio)
		return nowait ? -EAGAIN : -ENOMEM;
	do {
		if (nowait)
			ret = mutex_trylock(&vmo->content_lock) ? 0 : -EAGAIN;
		else
			ret = mutex_lock_killable(&vmo->content_lock);
		if (ret)
			break;
		ret = zxp_vmo_add_zeroed_locked(vmo, folio, index);
		mutex_unlock(&vmo->content_lock);
		if (ret && nowait)
			ret = -EAGAIN;
	} while (ret == -ENOMEM && tries-- && zxp_vmo_reserve(vmo));
	folio_put(folio);
	return ret;
}

/* Take pages out of all zero ranges; @spare as for zxp_zero_remove(). */
void zxp_vmo_remove_zeroes(struct zxp_vmo *vmo, pgoff_t index, pgoff_t end,
			   struct zxp_zero_range **spare)
{
	while (index < end) {
		spin_lock(&vmo->zero_lock);
		index = zxp_zero_remove(&vmo->zeroes, index, end, spare);
		spin_unlock(&vmo->zero_lock);
		cond_resched();
	}
}

/* Is there anything: a page, or a zero range? */
bool zxp_vmo_has_content(struct zxp_vmo *vmo, pgoff_t index)
{
	return zxp_vmo_has_page(vmo, index) || zxp_vmo_is_zero(vmo, index);
}

static int zxp_vmo_add_marker_locked(struct zxp_vmo *vmo, pgoff_t index)
{
	struct zxp_zero_range *spare = zxp_vmo_alloc_zero(vmo, GFP_NOWAIT);

	lockdep_assert_held(&vmo->content_lock);

	if (!spare)
		return -ENOMEM;
	spin_lock(&vmo->zero_lock);
	zxp_zero_add(&vmo->zeroes, index, index + 1, ZXP_ZERO_MARKER, &spare);
	spin_unlock(&vmo->zero_lock);
	kfree(spare);
	return 0;
}

/* As in any file, a mapping sees zeroes behind the end in the last page. */
static void zxp_vmo_zero_behind_end(struct zxp_vmo *vmo, pgoff_t index,
				    struct folio *folio)
{
	loff_t end = i_size_read(&vmo->inode);

	if (offset_in_page(end) && index == (pgoff_t)(end >> PAGE_SHIFT))
		folio_zero_segment(folio, offset_in_page(end), PAGE_SIZE);
}

static int zxp_vmo_insert_locked(struct zxp_vmo *vmo, pgoff_t index,
				 struct folio *folio)
{
	lockdep_assert_held(&vmo->content_lock);

	if (IS_ERR(folio) || zxp_vmo_is_zero(vmo, index))
		return -EEXIST;
	if (!folio)
		return zxp_vmo_has_page(vmo, index) ?
		       -EEXIST : zxp_vmo_add_marker_locked(vmo, index);
	zxp_vmo_zero_behind_end(vmo, index, folio);
	return zxp_vmo_add_folio_locked(vmo, folio, index,
					ZXP_GFP_LOCKED(zxp_vmo_supply_gfp(vmo)));
}

/*
 * From @batch->done on. Return: 0, -ESHUTDOWN, -ERANGE, -ESTALE; -ENOMEM, and there is more to
 * do.
 */
static int zxp_vmo_insert_batch_locked(struct zxp_vmo *vmo, struct zxp_batch *batch,
				       struct zxp_runs *runs)
{
	pgoff_t index = batch->index + batch->done, run = index;
	pgoff_t end = batch->index + batch->nr;
	int ret;

	lockdep_assert_held(&vmo->content_lock);

	ret = zxp_vmo_check_locked(vmo, batch->epoch);
	if (!ret)
		ret = end > vmo->nr_pages ? -ERANGE : zxp_vmo_detached(vmo) ? -ESTALE : 0;
	for (; !ret && index < end; index++) {
		ret = zxp_vmo_insert_locked(vmo, index,
					    batch->folio[batch->done]);
		if (!ret) {
			batch->filled++;
		} else {
			if (run < index)
				zxp_runs_add(runs, vmo->source, run, index);
			run = index + 1;
			if (ret == -EEXIST)
				ret = 0;
		}
		if (!ret)
			batch->done++;
	}
	if (run < index && !ret)
		zxp_runs_add(runs, vmo->source, run, index);
	return ret;
}

/**
 * zxp_vmo_insert() - fill missing pages
 * @vmo: a VMO with a pager
 * @batch: what, and where; afterwards also how far this came
 * @runs: what was filled is added, for those to be woken who wait for it
 *
 * Return: 0, -ESHUTDOWN of a former generation, -ERANGE behind the end, -ESTALE detached,
 * -ENOMEM, -EINTR.
 */
int zxp_vmo_insert(struct zxp_vmo *vmo, struct zxp_batch *batch,
		   struct zxp_runs *runs)
{
	int ret, tries = ZXP_MEMORY_TRIES;
	unsigned int done;

	batch->done = 0;
	batch->filled = 0;
	for (;;) {
		done = batch->done;
		ret = mutex_lock_killable(&vmo->content_lock);
		if (ret)
			break;
		ret = zxp_vmo_insert_batch_locked(vmo, batch, runs);
		mutex_unlock(&vmo->content_lock);
		if (ret != -ENOMEM)
			break;
		if (batch->done > done)
			tries = ZXP_MEMORY_TRIES;
		/* Who waits for pages that are in may be what makes memory free. */
		zxp_runs_resolve(runs);
		if (!tries-- || !zxp_vmo_reserve_supply(vmo, 0))
			break;
	}
	atomic64_add(batch->filled, &vmo->supplied);
	return ret;
}

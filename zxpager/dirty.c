// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: Pages with content that the daemon does not have
 *
 * Such a page is *unwritten*: *dirty* from the first write, or from the daemon's
 * permission for it, until WRITEBACK_BEGIN; then *awaiting clean* until
 * WRITEBACK_END, unless it is written to in between. How that is kept::
 *
 *			flags		dirty mark	unwritten mark	private
 *	clean		-		-		-		-
 *	dirty		dirty, checked	set		set		maybe
 *	awaiting clean	-		-		set		set
 *
 * The dirty flag keeps a folio from reclaim, and so does private data, which this
 * file refuses to release; nothing else is meant by it. Flags and marks are always
 * there, so becoming dirty needs no memory and no lock that sleeps: it can happen
 * when a writable mapping is torn down or a pin is released. PG_writeback is not
 * used: it would let sync(2), reclaim and truncation wait for the daemon.
 *
 * KVM sets the dirty flag of what it has written to without a word to the file. So whoever
 * asks whether a page is dirty goes by PG_checked, which comes and goes with the mark
 * under xa_lock; and END makes dirty again what has the other flag alone.
 *
 * How many pages are unwritten is counted where the mark is set and taken away, and likewise
 * how many of those are awaiting clean.
 *
 * But for that, a folio becomes dirty with its lock held. BEGIN and END also hold
 * &zxp_vmo.content_lock.
 */
#include <linux/moduleparam.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "content.h"

/* Pages whose references fit the stack while they become dirty together. */
#define ZXP_DIRTY_FEW	16

static unsigned int write_batch = 16;
module_param(write_batch, uint, 0644);
MODULE_PARM_DESC(write_batch,
		 "pages that a write() asks for at once (1 to 4096, default 16)");

/* How many pages a write asks for at once, READ and DIRTY alike. */
unsigned int zxp_write_batch(void)
{
	return clamp_t(unsigned int, READ_ONCE(write_batch), 1,
		       ZXP_MAX_WRITE_BATCH);
}

static bool zxp_set_dirty(struct address_space *mapping, struct folio *folio)
{
	struct zxp_vmo *vmo = zxp_vmo_of(mapping->host);
	XA_STATE(xas, &mapping->i_pages, folio->index);
	unsigned long flags;
	bool newly;

	if (zxp_folio_dirty(folio))
		return false;

	xas_lock_irqsave(&xas, flags);
	newly = folio->mapping == mapping && !zxp_folio_dirty(folio);
	if (newly) {
		folio_set_dirty(folio);
		folio_set_checked(folio);
		xas_load(&xas);
		xas_set_mark(&xas, ZXP_MARK_DIRTY);
		if (!xas_get_mark(&xas, ZXP_MARK_UNWRITTEN)) {
			xas_set_mark(&xas, ZXP_MARK_UNWRITTEN);
			WRITE_ONCE(vmo->nr_unwritten, vmo->nr_unwritten + 1);
		} else {
			WRITE_ONCE(vmo->nr_begun, vmo->nr_begun - 1);
		}
	}
	xas_unlock_irqrestore(&xas, flags);
	return newly;
}

/*
 * Not by way of this file: a writable mapping is torn down, or I/O to a page ends
 * for which it was dirty when it began. May be called with spinlocks held. Whoever
 * waits for permission to write to the page does not need it any more, and as the
 * page is dirty the daemon's permission would not find it.
 */
bool zxp_dirty_folio(struct address_space *mapping, struct folio *folio)
{
	struct zxp_vmo *vmo = zxp_vmo_of(mapping->host);
	pgoff_t index = folio->index;

	/* Of what is sealed somebody tells this who has not written to it. */
	if (zxp_vmo_sealed(vmo) || !zxp_set_dirty(mapping, folio))
		return false;
	if (zxp_vmo_traps(vmo))
		zxp_source_resolve(vmo->source, ZXP_REQUEST_DIRTY, index,
				   index + 1);
	return true;
}

/* Reclaim asks: what is awaiting clean has to stay. */
bool zxp_release_folio(struct folio *folio, gfp_t gfp)
{
	return !folio_test_private(folio);
}

/* Truncation does not ask. */
void zxp_invalidate_folio(struct folio *folio, size_t offset, size_t length)
{
	folio_detach_private(folio);
}

/**
 * zxp_vmo_dirty_folio() - make a page dirty
 * @vmo: the VMO
 * @folio: its folio, locked and in the cache
 *
 * Return: 0, or -ENOMEM and nothing has changed.
 */
static int zxp_vmo_dirty_folio(struct zxp_vmo *vmo, struct folio *folio)
{
	pgoff_t index = folio->index;
	struct zxp_zero_range *spare = NULL;

	if (vmo->source && zxp_vmo_is_zero(vmo, index)) {
		spare = zxp_vmo_alloc_zero(vmo, GFP_NOWAIT);
		if (!spare)
			return -ENOMEM;
	}

	zxp_set_dirty(folio->mapping, folio);
	folio_detach_private(folio);
	if (!spare)
		return 0;

	zxp_vmo_remove_zeroes(vmo, index, index + 1, &spare);
	kfree(spare);
	/* Who found neither the page before nor the range now looks again. */
	zxp_source_resolve(vmo->source, ZXP_REQUEST_READ, index, index + 1);
	return 0;
}

/**
 * zxp_vmo_prepare_write() - a page is about to be written
 * @vmo: the VMO
 * @folio: its folio, locked and in the cache
 *
 * Return: 0 and the page is dirty; -EBUSY if it has to be kept first, by zxp_vmo_keep();
 * -EAGAIN if the daemon has to be asked first; -ENOMEM.
 */
int zxp_vmo_prepare_write(struct zxp_vmo *vmo, struct folio *folio)
{
	if (zxp_vmo_must_keep(vmo, folio->index))
		return -EBUSY;
	if (zxp_folio_dirty(folio))
		return 0;
	if (zxp_vmo_traps(vmo))
		return -EAGAIN;
	return zxp_vmo_dirty_folio(vmo, folio);
}

/**
 * zxp_vmo_dirty_at_exit() - an exiting task writes without permission
 * @vmo: a VMO that traps
 * @folio: its folio, locked, in the cache, not dirty
 *
 * The kernel does not ask twice for it: a robust mutex would belong to a dead thread for
 * ever, and whoever waits in pthread_join() would go on waiting. Others who wait for
 * permission do not need it any more.
 *
 * Return: 0 and it is dirty; -EAGAIN if the task does not exit, or the VMO is detached;
 * -ENOMEM.
 */
int zxp_vmo_dirty_at_exit(struct zxp_vmo *vmo, struct folio *folio)
{
	pgoff_t index = folio->index;
	int ret;

	if (!(current->flags & PF_EXITING) || zxp_vmo_detached(vmo))
		return -EAGAIN;
	ret = zxp_vmo_dirty_folio(vmo, folio);
	if (!ret)
		zxp_source_resolve(vmo->source, ZXP_REQUEST_DIRTY, index,
				   index + 1);
	return ret;
}

/* Is there a page or a zero range that a DIRTY request can be made for? */
static bool zxp_vmo_can_become_dirty(struct zxp_vmo *vmo, pgoff_t index)
{
	struct folio *folio = zxp_vmo_get_folio(vmo, index);
	bool dirty;

	if (!folio)
		return zxp_vmo_is_zero(vmo, index);
	dirty = zxp_folio_dirty(folio);
	folio_put(folio);
	return !dirty;
}

/**
 * zxp_vmo_undirtied_end() - how far a run of pages goes that are not dirty
 * @vmo: a VMO with a pager
 * @index: a page that is there, or zero, and not dirty
 * @end: where to stop at the latest
 *
 * Return: the first page behind @index that is missing or dirty, or @end, or as far
 * as a daemon should have to answer at once.
 */
pgoff_t zxp_vmo_undirtied_end(struct zxp_vmo *vmo, pgoff_t index, pgoff_t end)
{
	end = min(end, index + ZXP_MAX_WRITE_BATCH);
	while (++index < end && zxp_vmo_can_become_dirty(vmo, index))
		cond_resched();
	return min(index, end);
}

/* A reference to the page, which is made if the range is zero there. */
static struct folio *zxp_vmo_hold_folio_locked(struct zxp_vmo *vmo, pgoff_t index)
{
	struct folio *folio;
	int ret;

	lockdep_assert_held(&vmo->content_lock);

	folio = zxp_vmo_get_folio(vmo, index);
	if (folio)
		return folio;
	if (!zxp_vmo_is_zero(vmo, index))
		return ERR_PTR(-ENOENT);

	folio = zxp_vmo_alloc_zeroed(vmo, true);
	if (!folio)
		return ERR_PTR(-ENOMEM);
	ret = zxp_vmo_add_zeroed_locked(vmo, folio, index);
	if (!ret)
		return folio;
	folio_put(folio);
	return ERR_PTR(ret);
}

/*
 * Nothing can fail any more. Writers wake run by run, for what was not dirty. There are
 * zero ranges if there is a spare node for one.
 */
static void zxp_vmo_dirty_held_locked(struct zxp_vmo *vmo, pgoff_t start,
				      struct folio **folios, pgoff_t nr,
				      struct zxp_zero_range **spare)
{
	pgoff_t run = 0, i;

	lockdep_assert_held(&vmo->content_lock);

	for (i = 0; i < nr; i++) {
		struct folio *folio = folios[i];
		bool changed;

		folio_lock(folio);
		/* The memory has failed, and it is not there any more, or not for long. */
		changed = folio->mapping == vmo->inode.i_mapping &&
			  !zxp_folio_dirty(folio) &&
			  (folio_test_private(folio) ||
			   !zxp_folio_poisoned(folio, start + i));
		if (changed) {
			zxp_set_dirty(folio->mapping, folio);
			folio_detach_private(folio);
		}
		folio_unlock(folio);
		if (changed)
			continue;
		if (run < i)
			zxp_source_resolve(vmo->source, ZXP_REQUEST_DIRTY,
					   start + run, start + i);
		run = i + 1;
		cond_resched();
	}
	if (run < nr)
		zxp_source_resolve(vmo->source, ZXP_REQUEST_DIRTY, start + run,
				   start + nr);

	if (!*spare)
		return;
	/* Only now: each page was kept by a reference, and then by being dirty. */
	zxp_vmo_remove_zeroes(vmo, start, start + nr, spare);
	zxp_source_resolve(vmo->source, ZXP_REQUEST_READ, start, start + nr);
}

/*
 * All or nothing, because the daemon may have reserved space for just this. So
 * each page is there and held before the first one changes. If there is no memory for
 * one, @reach tells how far this came.
 */
static int zxp_vmo_dirty_range_locked(struct zxp_vmo *vmo, pgoff_t start,
				      pgoff_t end, struct folio **folios,
				      struct zxp_zero_range **spare,
				      pgoff_t *reach, unsigned long epoch)
{
	pgoff_t nr = 0, i;
	int ret;

	lockdep_assert_held(&vmo->content_lock);

	ret = zxp_vmo_check_locked(vmo, epoch);
	if (ret)
		return ret;
	if (end > vmo->nr_pages)
		return -ERANGE;
	if (zxp_vmo_detached(vmo))
		return -ESTALE;
	if (zxp_vmo_find_missing(vmo, start, end) < end)
		return fatal_signal_pending(current) ? -EINTR : -ENOENT;

	for (i = start; !ret && i < end; i++) {
		struct folio *folio = zxp_vmo_hold_folio_locked(vmo, i);

		if (IS_ERR(folio))
			ret = PTR_ERR(folio);
		else
			folios[nr++] = folio;
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
	}
	if (!ret)
		zxp_vmo_dirty_held_locked(vmo, start, folios, nr, spare);
	*reach = start + nr;
	while (nr)
		folio_put(folios[--nr]);
	return ret;
}

/**
 * zxp_vmo_dirty_range() - the daemon allows writes
 * @vmo: a VMO that traps
 * @offset: start, page aligned
 * @length: length, page aligned
 * @epoch: of the generation that does
 *
 * Return: 0; -ESHUTDOWN, -ERANGE, -ESTALE, -ENOENT a page is missing, -ENOMEM, -EINTR, and
 * nothing has changed.
 */
int zxp_vmo_dirty_range(struct zxp_vmo *vmo, u64 offset, u64 length, unsigned long epoch)
{
	pgoff_t start = offset >> PAGE_SHIFT, nr = length >> PAGE_SHIFT;
	struct folio *few[ZXP_DIRTY_FEW], **folios = few;
	struct zxp_zero_range *spare = NULL;
	int ret, tries = ZXP_MEMORY_TRIES;
	pgoff_t reach = start, far = start;

	if (!zxp_vmo_in_bounds(vmo, offset, length)) {
		ret = -ERANGE;
		goto resolve;
	}
	if (nr > ARRAY_SIZE(few)) {
		folios = kvmalloc_array(nr, sizeof(*folios),
					GFP_KERNEL_ACCOUNT | __GFP_NOWARN |
					__GFP_RETRY_MAYFAIL);
		ret = folios ? 0 : -ENOMEM;
		if (ret)
			goto resolve;
	}
	do {
		if (!spare && !zxp_zero_empty(&vmo->zeroes))
			spare = zxp_vmo_alloc_zero(vmo, GFP_KERNEL);
		ret = mutex_lock_killable(&vmo->content_lock);
		if (ret)
			break;
		/* There are no more of them later on, since they come with the lock held. */
		if (!spare && !zxp_zero_empty(&vmo->zeroes))
			ret = -ENOMEM;
		else
			ret = zxp_vmo_dirty_range_locked(vmo, start, start + nr,
							 folios, &spare, &reach, epoch);
		mutex_unlock(&vmo->content_lock);
		if (reach > far)
			tries = ZXP_MEMORY_TRIES;
		far = max(far, reach);
	} while (ret == -ENOMEM && tries-- && zxp_vmo_reserve(vmo));
	if (folios != few)
		kvfree(folios);
	kfree(spare);
resolve:
	/* Who waits in the part that is there has to look again, if it is asked about that. */
	nr = min(nr, ZXP_MAX_VMO_PAGES - min(start, ZXP_MAX_VMO_PAGES));
	if (ret && nr)
		zxp_source_fail(vmo->source, ZXP_REQUEST_DIRTY, start, start + nr, 0, epoch);
	return ret;
}

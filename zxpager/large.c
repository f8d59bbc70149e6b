// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: Large folios
 *
 * What a daemon supplies in large aligned pieces goes into large folios where the
 * mapping may have them (see zxp_vmo_may_be_large()): one entry in the page cache and
 * on the lists of reclaim, and one page table entry for 2 MiB.
 *
 * But whether a page is written to is known of a folio, not of its pages. So a large
 * folio is all clean, and lies in the stream, outside of zero ranges. Before one of its
 * pages is written to, or a range ends inside of it that is to be cleared or cut off,
 * it is *split*: single pages take its place. What the kernel has for this is not
 * exported, so the content is copied. Meanwhile the pages are missing; who asks for
 * them then is not heard by the daemon, and looks again (see zxp_source_hold()).
 *
 * The exception is a folio that is pinned for I/O: whoever pinned it and whoever writes
 * to it have to see the same memory. It cannot be split then, and all of it becomes
 * dirty at once. WRITEBACK_BEGIN splits it when the pin is gone.
 */
#include <linux/highmem.h>
#include <linux/slab.h>

#include "content.h"

/**
 * zxp_vmo_may_be_large() - may a large folio take this place?
 * @vmo: a VMO
 * @index: first page
 * @nr: how many
 *
 * All of it has to be missing, and in the stream. Pages of a VMO that traps are
 * tracked one by one from the beginning.
 *
 * Return: true if so, as long as nobody else changes what is there.
 */
bool zxp_vmo_may_be_large(struct zxp_vmo *vmo, pgoff_t index, unsigned long nr)
{
	return mapping_large_folio_support(vmo->inode.i_mapping) &&
	       index + nr <= (pgoff_t)(i_size_read(&vmo->inode) >> PAGE_SHIFT) &&
	       !zxp_vmo_has_content(vmo, index) &&
	       zxp_vmo_missing_end(vmo, index, index + nr) == index + nr;
}

/* Are there good pages everywhere? They may go at any time. */
bool zxp_vmo_all_present(struct zxp_vmo *vmo, pgoff_t index, unsigned long nr)
{
	XA_STATE(xas, &vmo->inode.i_mapping->i_pages, index);
	pgoff_t next = index;
	void *entry;

	rcu_read_lock();
	xas_for_each(&xas, entry, index + nr - 1) {
		if (xas_retry(&xas, entry))
			continue;
		if (xa_is_value(entry) || xas.xa_index > next ||
		    zxp_folio_any_poisoned(entry))
			break;
		next = xas.xa_index + 1;
	}
	rcu_read_unlock();
	return next == index + nr;
}

/**
 * zxp_vmo_alloc_large() - a large folio
 * @vmo: whose it is going to be
 * @order: its order
 *
 * Return: the folio, or NULL: not at any price, since single pages will do.
 */
struct folio *zxp_vmo_alloc_large(struct zxp_vmo *vmo, unsigned int order)
{
	return zxp_filemap_alloc_folio(mapping_gfp_mask(vmo->inode.i_mapping) |
				       __GFP_NORETRY | __GFP_NOWARN, order);
}

/**
 * zxp_vmo_insert_large_locked() - fill missing pages with one folio
 * @vmo: a VMO with a pager
 * @folio: a large folio with content, that no one else knows
 * @index: where; zxp_vmo_may_be_large() says so
 * @runs: it is added, for those to be woken who wait for it
 *
 * Return: 0, -ESTALE detached, -ENOMEM.
 */
int zxp_vmo_insert_large_locked(struct zxp_vmo *vmo, struct folio *folio,
				pgoff_t index, struct zxp_runs *runs)
{
	unsigned long nr = folio_nr_pages(folio);
	int ret;

	lockdep_assert_held(&vmo->content_lock);

	if (zxp_vmo_detached(vmo))
		return -ESTALE;
	ret = zxp_vmo_add_folio_locked(vmo, folio, index,
				       ZXP_GFP_LOCKED(zxp_vmo_supply_gfp(vmo)));
	if (ret)
		return ret;
	zxp_runs_add(runs, vmo->source, index, index + nr);
	atomic64_add(nr, &vmo->supplied);
	return 0;
}

static void zxp_put_folios(struct folio **folios, unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr; i++)
		if (folios[i])
			folio_put(folios[i]);
	kfree(folios);
}

static struct folio **zxp_alloc_folios(struct zxp_vmo *vmo, unsigned long nr)
{
	gfp_t gfp = ZXP_GFP_LOCKED(zxp_vmo_supply_gfp(vmo));
	struct folio **folios;
	unsigned long i;

	/* That is a page at most. */
	folios = kcalloc(nr, sizeof(*folios), GFP_NOWAIT | __GFP_ACCOUNT);
	if (!folios)
		return NULL;
	for (i = 0; i < nr; i++) {
		folios[i] = zxp_filemap_alloc_folio(gfp, 0);
		if (!folios[i]) {
			zxp_put_folios(folios, nr);
			return NULL;
		}
	}
	return folios;
}

/**
 * zxp_vmo_put_back_locked() - put a page where another was taken out
 * @vmo: a VMO, the other page still missing from it
 * @folio: a single page with content, that no one else knows
 * @index: where
 * @dirty: whether it is dirty
 *
 * It must get in, whatever that costs. So it may go beyond limits, and takes from what is
 * there for such cases. Only when that is used up, too, memory is waited for here.
 */
void zxp_vmo_put_back_locked(struct zxp_vmo *vmo, struct folio *folio,
			     pgoff_t index, bool dirty)
{
	gfp_t gfp = mapping_gfp_mask(vmo->inode.i_mapping);
	int ret;

	lockdep_assert_held(&vmo->content_lock);

	ret = zxp_vmo_add_folio_locked(vmo, folio, index,
				       ZXP_GFP_LOCKED(gfp) | __GFP_HIGH);
	if (ret == -ENOMEM)
		ret = zxp_vmo_add_folio_locked(vmo, folio, index,
					       gfp | __GFP_NOFAIL);
	if (ret || !dirty)
		return;
	/* Our reference keeps it until it is dirty. */
	folio_lock(folio);
	if (folio->mapping)
		zxp_dirty_folio(folio->mapping, folio);
	folio_unlock(folio);
}

/**
 * zxp_vmo_split_folio_locked() - put single pages in the place of a large folio
 * @vmo: a VMO
 * @folio: a large folio of it, locked; afterwards it is not in the cache any more
 *
 * If the memory of a page has failed nothing is copied. The daemon has what is clean, so
 * that goes.
 *
 * Return: 0; -EBUSY it is pinned, or dirty with memory that has failed; -ENOMEM.
 */
int zxp_vmo_split_folio_locked(struct zxp_vmo *vmo, struct folio *folio)
{
	struct address_space *mapping = vmo->inode.i_mapping;
	unsigned long nr = folio_nr_pages(folio), i;
	bool dirty = folio_test_dirty(folio);
	pgoff_t start = folio->index;
	struct folio **folios;

	lockdep_assert_held(&vmo->content_lock);

	if (zxp_folio_any_poisoned(folio) && !dirty) {
		zxp_vmo_remove_folio(vmo, folio);
		return 0;
	}
	if (zxp_folio_any_poisoned(folio) || zxp_folio_pinned(vmo, folio))
		return -EBUSY;
	folios = zxp_alloc_folios(vmo, nr);
	if (!folios)
		return -ENOMEM;
	/* From here on nobody stores to it, or gets hold of it by a mapping. */
	unmap_mapping_pages(mapping, start, nr, false);
	if (folio_maybe_dma_pinned(folio)) {
		zxp_put_folios(folios, nr);
		return -EBUSY;
	}

	for (i = 0; i < nr; i++) {
		copy_highpage(&folios[i]->page, folio_page(folio, i));
		cond_resched();
	}
	zxp_source_hold(vmo->source);
	zxp_vmo_remove_folio(vmo, folio);
	for (i = 0; i < nr; i++) {
		zxp_vmo_put_back_locked(vmo, folios[i], start + i, dirty);
		cond_resched();
	}
	zxp_source_release(vmo->source, start, start + nr);
	zxp_put_folios(folios, nr);
	return 0;
}

/* Have a single page, or none, at @index. 0; -EBUSY it is pinned; -ENOMEM. */
int zxp_vmo_split_locked(struct zxp_vmo *vmo, pgoff_t index)
{
	struct folio *folio;
	int ret = 0;

	lockdep_assert_held(&vmo->content_lock);

	folio = zxp_vmo_lock_folio(vmo, index);
	if (!folio)
		return 0;
	if (folio_test_large(folio))
		ret = zxp_vmo_split_folio_locked(vmo, folio);
	folio_unlock(folio);
	folio_put(folio);
	return ret;
}

/**
 * zxp_vmo_split() - have a single page, before it is written to
 * @vmo: a VMO; nothing of it is locked
 * @index: the page
 *
 * Return: 0 to look again, -ENOMEM, -EINTR.
 */
int zxp_vmo_split(struct zxp_vmo *vmo, pgoff_t index)
{
	int ret, tries = ZXP_MEMORY_TRIES;

	do {
		if (mutex_lock_killable(&vmo->content_lock))
			return -EINTR;
		ret = zxp_vmo_split_locked(vmo, index);
		mutex_unlock(&vmo->content_lock);
	} while (ret == -ENOMEM && tries-- && zxp_vmo_reserve(vmo));
	return ret == -EBUSY ? 0 : ret;
}

/**
 * zxp_vmo_split_at_locked() - have no folio on both sides of a border
 * @vmo: a VMO
 * @index: the first page behind the border
 *
 * Return: 0; -EBUSY it is pinned; -ENOMEM.
 */
int zxp_vmo_split_at_locked(struct zxp_vmo *vmo, pgoff_t index)
{
	struct folio *folio = zxp_vmo_get_folio(vmo, index);
	bool across;

	lockdep_assert_held(&vmo->content_lock);

	if (!folio)
		return 0;
	across = folio->index < index;
	folio_put(folio);
	return across ? zxp_vmo_split_locked(vmo, index) : 0;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Taking pages out of a VMO, and what must not be taken out. What is clean may go for any
 * reason; what is unwritten only if nobody is to have it any more.
 */
#include <linux/sched.h>

#include "content.h"

/*
 * Is a page pinned for I/O, which mappings show from @index of the VMO on? One that very
 * many map looks so too, so its mappings go before that is believed.
 */
bool zxp_folio_pinned(struct zxp_vmo *vmo, struct folio *folio, pgoff_t index)
{
	if (!folio_maybe_dma_pinned(folio))
		return false;
	if (folio_mapped(folio))
		unmap_mapping_pages(vmo->inode.i_mapping, index,
				    folio_nr_pages(folio), false);
	return folio_maybe_dma_pinned(folio);
}

static int zxp_vmo_note_pinned(struct zxp_vmo *vmo, struct folio *folio, void *found)
{
	if (!zxp_folio_pinned(vmo, folio, folio->index))
		return 0;
	*(pgoff_t *)found = folio->index;
	return 1;
}

/* The first page of a range that is pinned, or @end. */
pgoff_t zxp_vmo_find_pinned(struct zxp_vmo *vmo, pgoff_t start, pgoff_t end)
{
	pgoff_t found = end;

	zxp_vmo_for_folios(vmo, start, end, XA_PRESENT, zxp_vmo_note_pinned, &found);
	return found;
}

/**
 * zxp_vmo_remove_folio() - take a folio out of a VMO
 * @vmo: the VMO
 * @folio: it, locked and in the cache
 *
 * It loses its marks, and is not counted any more, before it goes: then it is not known
 * whose it was. Who makes it dirty in between has its lock, or a mapping of it.
 */
void zxp_vmo_remove_folio(struct zxp_vmo *vmo, struct folio *folio)
{
	struct address_space *mapping = vmo->inode.i_mapping;
	XA_STATE(xas, &mapping->i_pages, folio->index);

	if (folio_mapped(folio))
		unmap_mapping_pages(mapping, folio->index, folio_nr_pages(folio),
				    false);
	xas_lock_irq(&xas);
	xas_load(&xas);
	if (xas_get_mark(&xas, ZXP_MARK_UNWRITTEN)) {
		xas_clear_mark(&xas, ZXP_MARK_UNWRITTEN);
		WRITE_ONCE(vmo->nr_unwritten, vmo->nr_unwritten - 1);
		if (!xas_get_mark(&xas, ZXP_MARK_DIRTY))
			WRITE_ONCE(vmo->nr_begun, vmo->nr_begun - 1);
	}
	xas_clear_mark(&xas, ZXP_MARK_DIRTY);
	xas_unlock_irq(&xas);
	generic_error_remove_folio(mapping, folio);
}

/*
 * Who makes a page dirty with a plain reference, as direct I/O does on 6.1, may do so while
 * truncation takes it out. Then it is still counted, which is seen once nothing is left.
 */
void zxp_vmo_recount_locked(struct zxp_vmo *vmo)
{
	struct address_space *mapping = vmo->inode.i_mapping;

	lockdep_assert_held(&vmo->content_lock);

	xa_lock_irq(&mapping->i_pages);
	if (!xa_marked(&mapping->i_pages, ZXP_MARK_UNWRITTEN)) {
		WRITE_ONCE(vmo->nr_unwritten, 0);
		WRITE_ONCE(vmo->nr_begun, 0);
	}
	xa_unlock_irq(&mapping->i_pages);
}

static int zxp_vmo_remove_unwritten(struct zxp_vmo *vmo, struct folio *folio, void *arg)
{
	zxp_vmo_remove_folio(vmo, folio);
	return 0;
}

/* Take what is unwritten out from a page on. */
void zxp_vmo_remove_unwritten_locked(struct zxp_vmo *vmo, pgoff_t index)
{
	lockdep_assert_held(&vmo->content_lock);

	zxp_vmo_for_folios(vmo, index, ULONG_MAX, ZXP_MARK_UNWRITTEN,
			   zxp_vmo_remove_unwritten, NULL);
}

static int zxp_vmo_drop_clean(struct zxp_vmo *vmo, struct folio *folio, void *arg)
{
	if (!zxp_folio_unwritten(folio) && !folio_maybe_dma_pinned(folio))
		generic_error_remove_folio(folio->mapping, folio);
	return 0;
}

/* Take clean pages out, but for pinned ones. */
void zxp_vmo_drop_clean_locked(struct zxp_vmo *vmo, pgoff_t index, pgoff_t end)
{
	lockdep_assert_held(&vmo->content_lock);

	zxp_vmo_for_folios(vmo, index, end, XA_PRESENT, zxp_vmo_drop_clean, NULL);
}

/*
 * A hint: what is clean in the range and used by nobody may go, so it goes. Who has a
 * reference may be about to write to the page, as direct I/O is on kernels that do not
 * pin what they read into.
 */
void zxp_vmo_drop_unused(struct zxp_vmo *vmo, pgoff_t index, pgoff_t end)
{
	struct address_space *mapping = vmo->inode.i_mapping;
	struct folio_batch fbatch;
	pgoff_t first = index;

	if (index >= end)
		return;
	/*
	 * This CPU holds on to pages that it has not put on the lists of reclaim yet. It
	 * lets go of them when it releases a batch.
	 */
	folio_batch_init(&fbatch);
	if (filemap_get_folios(mapping, &first, end - 1, &fbatch))
		folio_batch_release(&fbatch);
	invalidate_mapping_pages(mapping, index, end - 1);
}

/**
 * zxp_vmo_detach() - end the relation of a VMO with its pager
 * @vmo: a VMO with a pager
 * @epoch: of the generation that does
 *
 * Requests end first, then all mappings go, so that the next access looks again,
 * and then what is clean. Private copies of the clients are theirs and stay.
 *
 * Return: 0, -ESHUTDOWN, -EINTR.
 */
int zxp_vmo_detach(struct zxp_vmo *vmo, unsigned long epoch)
{
	pgoff_t index = 0;
	int ret;

	if (mutex_lock_killable(&vmo->content_lock))
		return -EINTR;
	ret = zxp_vmo_check_locked(vmo, epoch);
	if (ret)
		goto unlock;
	zxp_source_detach(vmo->source, true);
	unmap_mapping_range(vmo->inode.i_mapping, 0, 0, 0);
	zxp_vmo_drop_clean_locked(vmo, 0, ULONG_MAX);
	do {
		spin_lock(&vmo->zero_lock);
		index = zxp_zero_remove_kind(&vmo->zeroes, index,
					     ZXP_ZERO_MARKER);
		spin_unlock(&vmo->zero_lock);
		cond_resched();
	} while (index != ULONG_MAX);
	/* A marker may have been mapped just before it went. */
	zxp_vmo_unmap_zeroes_locked(vmo, 0, ULONG_MAX);
unlock:
	mutex_unlock(&vmo->content_lock);
	return ret;
}

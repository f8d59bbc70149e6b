// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: Large folios
 *
 * What a daemon supplies in large aligned pieces goes into large folios where the
 * mapping may have them: one entry in the page cache and on the lists of reclaim, and one
 * page table entry for 2 MiB.
 *
 * But whether a page is written to is known of a folio, not of its pages, and what the
 * kernel has to split one is not exported. To copy it instead would make whoever writes
 * a byte pay for 2 MiB, and take pages from under those who have locked them into memory.
 * So only sealed VMOs have large folios: all that is in them is clean, lies in the stream,
 * and stays as it is until all of it goes. The kernel collapses pages to large folios only
 * where a file may have them.
 *
 * A copy has own pages beside pages of the VMO, which may be those of one large folio. What the
 * kernel maps by a single entry would hide them, whatever range it was asked for; so where there
 * may be copies folios are smaller than that. Then each page has an entry of its own, and a copy
 * forks one page: nothing is split, as that cannot be done. Which of the two a VMO has is known
 * when it is made, as the folios that there are cannot be made smaller later.
 */
#include "content.h"

/**
 * zxp_vmo_may_be_large() - may a large folio take this place?
 * @vmo: a VMO
 * @index: first page
 * @nr: how many
 *
 * The VMO has to be sealed, and all of it missing, and in the stream.
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
 * @epoch: the generation that supplies it
 * @runs: it is added, for those to be woken who wait for it
 *
 * Return: 0, -ESHUTDOWN, -ESTALE detached, -ENOMEM.
 */
int zxp_vmo_insert_large_locked(struct zxp_vmo *vmo, struct folio *folio,
				pgoff_t index, unsigned long epoch,
				struct zxp_runs *runs)
{
	unsigned long nr = folio_nr_pages(folio);
	int ret;

	lockdep_assert_held(&vmo->content_lock);

	ret = zxp_vmo_check_locked(vmo, epoch);
	if (ret)
		return ret;
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

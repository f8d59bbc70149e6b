// SPDX-License-Identifier: GPL-2.0
/*
 * What is looked at in a VMO or a child: that of a VMO is here, that of a child is called.
 */
#include "access.h"

/**
 * zxp_view_lock() - what there is at an index
 * @view: in what
 * @index: page of the VMO at the bottom
 * @nowait: -EAGAIN instead of waiting for a lock
 * @page: the page, locked and with a reference; or NULL if there is none
 *
 * It stays what is there until it is unlocked.
 *
 * Return: 0; -ERANGE not inside; -ESTALE look again; -EAGAIN; -EHWPOISON its memory has
 * failed; -EIO it is lost.
 */
int zxp_view_lock(const struct zxp_view *view, pgoff_t index, bool nowait, struct page **page)
{
	struct zxp_vmo *vmo = view->vmo;
	struct folio *folio;
	int ret = 0;

	*page = NULL;
	if (view->ops)
		return view->ops->lock(view, index, nowait, page);
	if (index >= zxp_vmo_pages(vmo))
		return -ERANGE;
	folio = nowait ? zxp_vmo_trylock_folio(vmo, index) : zxp_vmo_lock_folio(vmo, index);
	if (IS_ERR_OR_NULL(folio))
		return PTR_ERR_OR_ZERO(folio);
	if (zxp_folio_poisoned(folio, index))
		ret = zxp_vmo_drop_poisoned(vmo, folio, index) ? -ESTALE : -EHWPOISON;
	/* A shrink sets the size before it takes the folio lock. */
	else if (index >= zxp_vmo_pages(vmo))
		ret = -ERANGE;
	if (!ret) {
		*page = folio_file_page(folio, index);
		return 0;
	}
	folio_unlock(folio);
	folio_put(folio);
	return ret;
}

/* What is there if there is no page? */
enum zxp_absent zxp_view_absent(const struct zxp_view *view, pgoff_t index)
{
	return view->ops ? view->ops->absent(view, index) : zxp_vmo_absent(view->vmo, index);
}

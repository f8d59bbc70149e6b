// SPDX-License-Identifier: GPL-2.0
/*
 * What is looked at in a VMO or a child: that of a VMO is here, that of a child is called.
 */
#include "access.h"

/* See &zxp_view_ops.lock. */
int zxp_view_lock(const struct zxp_view *view, pgoff_t index, bool nowait, struct page **page)
{
	struct zxp_vmo *vmo = view->vmo;
	struct folio *folio;
	int ret;

	if (view->ops)
		return view->ops->lock(view, index, nowait, page);
	*page = NULL;
	folio = nowait ? zxp_vmo_trylock_folio(vmo, index) : zxp_vmo_lock_folio(vmo, index);
	if (IS_ERR_OR_NULL(folio))
		return PTR_ERR_OR_ZERO(folio);
	if (!zxp_folio_poisoned(folio, index)) {
		*page = folio_file_page(folio, index);
		return 0;
	}
	ret = zxp_vmo_drop_poisoned(vmo, folio, index) ? -ESTALE : -EHWPOISON;
	folio_unlock(folio);
	folio_put(folio);
	return ret;
}

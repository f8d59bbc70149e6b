// SPDX-License-Identifier: GPL-2.0
/*
 * What a VMO shows to who reads it, stores to it and maps it. For a child see child_view.c.
 */
#include "access.h"

/*
 * The daemon reads all of a folio, to write it back: whoever changes it from now on makes it
 * dirty. See zxp_vmo_unread().
 */
static void zxp_vmo_note_read(struct zxp_vmo *vmo, struct folio *folio)
{
	XA_STATE(xas, &vmo->inode.i_mapping->i_pages, folio->index);

	xas_lock_irq(&xas);
	if (xas_load(&xas) == folio && xas_get_mark(&xas, ZXP_MARK_UNWRITTEN) &&
	    !xas_get_mark(&xas, ZXP_MARK_DIRTY))
		xas_set_mark(&xas, ZXP_MARK_READ);
	xas_unlock_irq(&xas);
}

/* A page, and of its folio all that follows. */
static struct page *zxp_vmo_find_page(struct zxp_read *read, pgoff_t index, size_t *len)
{
	struct zxp_vmo *vmo = read->view.vmo;
	size_t run = PAGE_SIZE - offset_in_page(read->pos);
	struct page *page = NULL;
	struct folio *folio;

	read->mark = zxp_vmo_cuts(vmo);
	read->end = read->stream ? i_size_read(&vmo->inode) :
				   (loff_t)zxp_vmo_pages(vmo) << PAGE_SHIFT;
	if (read->pos >= read->end)
		return ERR_PTR(-ERANGE);
	folio = zxp_vmo_get_folio(vmo, index);
	if (folio) {
		page = folio_file_page(folio, index);
		if (!zxp_folio_any_poisoned(folio)) {
			run = folio_size(folio) - offset_in_folio(folio, read->pos);
		} else if (PageHWPoison(page)) {
			folio_put(folio);
			return ERR_PTR(-EHWPOISON);
		}
	} else if (!zxp_vmo_is_zero(vmo, index)) {
		return ERR_PTR(-EAGAIN);
	}
	*len = min_t(loff_t, read->end - read->pos, min(*len, run));
	if (folio && read->daemon && *len == folio_size(folio))
		zxp_vmo_note_read(vmo, folio);
	return page;
}

/* Or were there zeroes of a moment at which the stream did not reach here? */
static bool zxp_vmo_confirm(struct zxp_read *read, pgoff_t index)
{
	return !read->stream || !zxp_vmo_was_cut(read->view.vmo, read->mark);
}

static int zxp_vmo_lock_page(const struct zxp_view *view, pgoff_t index, bool nowait,
			     struct page **page)
{
	struct zxp_vmo *vmo = view->vmo;
	struct folio *folio = nowait ? zxp_vmo_trylock_folio(vmo, index) :
				       zxp_vmo_lock_folio(vmo, index);
	int ret;

	*page = NULL;
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

static int zxp_vmo_ask(const struct zxp_view *view, struct zxp_request *request,
		       pgoff_t index, pgoff_t end, unsigned long generation)
{
	return zxp_read_wait(view->vmo, request, index, end, generation);
}

const struct zxp_view_ops zxp_vmo_view_ops = {
	.find = zxp_vmo_find_page,
	.confirm = zxp_vmo_confirm,
	.lock = zxp_vmo_lock_page,
	.ask = zxp_vmo_ask,
};

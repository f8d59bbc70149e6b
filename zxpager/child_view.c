// SPDX-License-Identifier: GPL-2.0
/*
 * What a child shows to who reads it, stores to it and maps it: see read.c and fault.c. The daemon of the
 * root is asked, for what the child sees of that.
 */
#include "child.h"

static struct folio *zxp_child_find(struct zxp_read *read, pgoff_t index)
{
	struct zxp_child *child = read->view.child;
	struct folio *folio;

	read->end = (loff_t)zxp_child_pages(child) << PAGE_SHIFT;
	if (read->pos >= read->end)
		return ERR_PTR(-ERANGE);
	read->mark = zxp_child_look(child, index, &folio);
	if (read->mark == ZXP_SEEN_LOST)
		return ERR_PTR(-EHWPOISON);
	if (read->mark == ZXP_SEEN_ROOT)
		folio = zxp_vmo_get_folio(child->root, index);
	return folio || zxp_child_absent(child, index) == ZXP_ABSENT_ZERO ?
	       folio : ERR_PTR(-EAGAIN);
}

/* Or has the child got its own? What the root has got since is not for it. */
static bool zxp_child_confirm(struct zxp_read *read, pgoff_t index)
{
	return read->mark != ZXP_SEEN_ROOT ||
	       zxp_child_sees(read->view.child, index) == ZXP_SEEN_ROOT;
}

static struct folio *zxp_child_view_lock(const struct zxp_view *view, pgoff_t index,
					 bool nowait)
{
	struct zxp_child *child = view->child;
	enum zxp_seen seen;
	struct folio *folio;
	int ret;

	if (nowait)
		return ERR_PTR(-EAGAIN);
	if (!zxp_child_has(child, index))
		return ERR_PTR(-ERANGE);
	seen = zxp_child_lock_folio(child, index, &folio);
	if (seen == ZXP_SEEN_LOST)
		return ERR_PTR(-EIO);
	if (!folio || !zxp_folio_poisoned(folio, index))
		return folio;
	ret = seen == ZXP_SEEN_ROOT && zxp_vmo_drop_poisoned(child->root, folio, index) ?
	      -ESTALE : -EHWPOISON;
	folio_unlock(folio);
	folio_put(folio);
	return ERR_PTR(ret);
}

static enum zxp_absent zxp_child_view_absent(const struct zxp_view *view, pgoff_t index)
{
	return zxp_child_absent(view->child, index);
}

/* Behind @index, as far as @end, what the child sees of the root. */
pgoff_t zxp_child_run_end(struct zxp_child *child, pgoff_t index, pgoff_t end)
{
	struct zxp_family *family = zxp_child_family(child);
	pgoff_t start = index;

	read_lock(&family->lock);
	if (!zxp_layer_clip(child->top, index, &start, &end))
		end = index + 1;
	read_unlock(&family->lock);
	return end;
}

/* Ask for a page of the root, and for those behind it. 0: look again. */
int zxp_child_ask(const struct zxp_view *view, struct zxp_request *request, pgoff_t index,
		  pgoff_t end, unsigned long generation)
{
	struct zxp_child *child = view->child;

	if (zxp_child_absent(child, index) != ZXP_ABSENT_MISSING)
		return 0;
	return zxp_read_wait(child->root, request, index,
			     zxp_child_run_end(child, index, end), generation);
}

const struct zxp_view_ops zxp_child_view_ops = {
	.find = zxp_child_find,
	.confirm = zxp_child_confirm,
	.lock = zxp_child_view_lock,
	.absent = zxp_child_view_absent,
	.ask = zxp_child_ask,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * Taking pages of a child away, and zeroes in their place.
 */
#include <linux/sched/signal.h>

#include "child.h"

/* Take own pages out, of which nothing is to be seen any more. */
void zxp_child_drop_locked(struct zxp_child *child, pgoff_t start, pgoff_t end)
{
	struct zxp_family *family = zxp_child_family(child);
	struct address_space *mapping = child->root->inode.i_mapping;
	struct folio *folio;

	lockdep_assert_held(&child->content_lock);

	for (;;) {
		write_lock(&family->lock);
		folio = zxp_layer_take(child->top, &start, end);
		write_unlock(&family->lock);
		if (!folio)
			return;
		folio_lock(folio);
		folio_unlock(folio);
		if (zxp_folio_may_be_seen(folio, 0))
			unmap_mapping_pages(mapping, start - 1, 1, false);
		zxp_own_drop(folio);
		cond_resched();
	}
}

/**
 * zxp_child_cover_locked() - before pages are taken out, so that none comes in their place
 * @child: the child
 * @start: first page of the root
 * @end: the page after the last one
 * @spares: two nodes; one that is used is NULL afterwards
 *
 * Return: how far it came, a page at least.
 */
pgoff_t zxp_child_cover_locked(struct zxp_child *child, pgoff_t start, pgoff_t end,
			       struct zxp_spares *spares)
{
	struct zxp_family *family = zxp_child_family(child);

	lockdep_assert_held(&child->content_lock);

	write_lock(&family->lock);
	end = zxp_layer_zero(child->top, start, end, &spares->split, &spares->add);
	write_unlock(&family->lock);
	return end;
}

/**
 * zxp_child_zero_pages() - make pages of a child zero, asking for nothing
 * @child: the child
 * @start: first page of the root
 * @end: the page after the last one
 *
 * Return: 0, -ENOMEM, -EINTR.
 */
int zxp_child_zero_pages(struct zxp_child *child, pgoff_t start, pgoff_t end)
{
	struct zxp_spares spares = {};
	pgoff_t from = start;
	int ret = 0;

	while (!ret && start < end) {
		ret = zxp_vmo_get_spares(child->root, &spares, GFP_KERNEL);
		if (!ret)
			ret = zxp_tree_lock_child(child);
		if (ret)
			break;
		end = min(end, zxp_child_end(child));
		if (start < end) {
			start = zxp_child_cover_locked(child, start, end, &spares);
			zxp_child_drop_locked(child, from, start);
			zxp_tree_settle(child, from, start);
			from = start;
		}
		zxp_tree_unlock_child(child);
		if (fatal_signal_pending(current))
			ret = -EINTR;
	}
	zxp_spares_free(&spares);
	return ret;
}

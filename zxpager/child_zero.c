// SPDX-License-Identifier: GPL-2.0
/*
 * Taking pages of a child away, and zeroes in their place.
 */
#include <linux/sched/signal.h>

#include "child.h"

/* As many pages are taken away together, so that whoever waits for that can be killed. */
#define ZXP_PART_PAGES	4096

/**
 * zxp_child_drop_locked() - take own pages out, of which nothing is to be seen any more
 * @child: the child; zxp_child_cover_locked() and zxp_tree_unmap() are done
 * @start: first page of the root
 * @end: the page after the last one
 * @taken: what was there comes into this, with a reference, by its number from @start on; or
 *	NULL
 */
void zxp_child_drop_locked(struct zxp_child *child, pgoff_t start, pgoff_t end,
			   struct folio **taken)
{
	struct zxp_family *family = zxp_child_family(child);
	struct address_space *mapping = child->root->inode.i_mapping;
	pgoff_t next = start;
	struct folio *folio;

	lockdep_assert_held(&child->content_lock);

	for (;;) {
		write_lock(&family->lock);
		folio = zxp_layer_take(child->top, &next, end);
		write_unlock(&family->lock);
		if (!folio)
			return;
		folio_lock(folio);
		folio_unlock(folio);
		if (zxp_folio_may_be_seen(folio, 0))
			unmap_mapping_pages(mapping, next - 1, 1, false);
		if (taken) {
			folio_get(folio);
			taken[next - 1 - start] = folio;
		}
		zxp_own_drop(folio);
		cond_resched();
	}
}

/**
 * zxp_child_cover_locked() - before pages are taken out, so that none comes in their place
 * @child: the child
 * @start: first page of the root
 * @end: the page after the last one; afterwards how far it came, a page at least
 * @spares: two nodes; one that is used is NULL afterwards
 *
 * zxp_tree_unmap(), zxp_child_drop_locked() and zxp_sweep_below() are to follow.
 *
 * Return: 0; -EINTR.
 */
int zxp_child_cover_locked(struct zxp_child *child, pgoff_t start, pgoff_t *end,
			   struct zxp_spares *spares)
{
	struct zxp_family *family = zxp_child_family(child);

	lockdep_assert_held(&child->content_lock);

	if (mutex_lock_killable(&family->tree_lock))
		return -EINTR;
	*end = zxp_tree_part_locked(child, start, *end, ZXP_PART_PAGES);
	write_lock(&family->lock);
	*end = zxp_layer_zero(child->top, start, *end, &spares->split, &spares->add);
	write_unlock(&family->lock);
	zxp_tree_settle_locked(child, start, *end);
	mutex_unlock(&family->tree_lock);
	return 0;
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
	pgoff_t covered;
	int ret = 0;

	while (!ret && start < end) {
		ret = zxp_vmo_get_spares(child->root, &spares, GFP_KERNEL);
		if (!ret)
			ret = mutex_lock_killable(&child->content_lock);
		if (ret)
			break;
		end = min(end, zxp_child_end(child));
		covered = end;
		if (start < end)
			ret = zxp_child_cover_locked(child, start, &covered, &spares);
		if (start < end && !ret) {
			zxp_tree_unmap(child, start, covered);
			zxp_child_drop_locked(child, start, covered, NULL);
			zxp_sweep_below(child, start, covered);
			start = covered;
		}
		mutex_unlock(&child->content_lock);
		if (fatal_signal_pending(current))
			ret = -EINTR;
	}
	zxp_spares_free(&spares);
	return ret;
}

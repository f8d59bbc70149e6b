// SPDX-License-Identifier: GPL-2.0
/*
 * Taking pages of a child away, and zeroes in their place.
 */
#include <linux/sched/signal.h>

#include "child.h"

/*
 * A page that is pinned cannot leave: its holder would go on with what nobody sees. So it is
 * made zero. It is locked and not mapped, so it gets no pins.
 */
static bool zxp_child_clear_pinned(struct zxp_child *child, pgoff_t index,
				   struct folio *folio, struct folio *copy)
{
	if (folio_test_hwpoison(folio) || !zxp_folio_pinned(child->root, folio, index))
		return false;
	if (copy)
		copy_highpage(folio_page(copy, 0), folio_page(folio, 0));
	clear_highpage(folio_page(folio, 0));
	return true;
}

/**
 * zxp_child_drop_locked() - take own pages out, of which nothing is to be seen any more
 * @child: the child; zxp_child_cover_locked() and zxp_tree_unmap() are done
 * @start: first page of the root
 * @end: the page after the last one
 * @shrinks: pinned ones as well; else they stay, and are zero
 * @taken: if not NULL, what was there comes into @taken->own, by its number from @start on, with
 *	a reference; or if it stays, a copy into @taken->into
 */
void zxp_child_drop_locked(struct zxp_child *child, pgoff_t start, pgoff_t end, bool shrinks,
			   struct zxp_taken *taken)
{
	struct zxp_family *family = zxp_child_family(child);
	struct address_space *mapping = child->root->inode.i_mapping;
	struct folio *folio;
	unsigned long index;

	lockdep_assert_held(&child->content_lock);

	/* None comes, as zeroes are seen there; and what is there stays, with content_lock. */
	xa_for_each_range(&child->top->pages, index, folio, start, end - 1) {
		folio_lock(folio);
		if (zxp_folio_may_be_seen(folio, 0))
			unmap_mapping_pages(mapping, index, 1, false);
		if (!shrinks && zxp_child_clear_pinned(child, index, folio, taken ?
						       taken->into[index - start] : NULL)) {
			folio_unlock(folio);
			continue;
		}
		write_lock(&family->lock);
		zxp_layer_take(child->top, &(pgoff_t){ index }, index + 1);
		write_unlock(&family->lock);
		folio_unlock(folio);
		if (taken) {
			folio_get(folio);
			taken->own[index - start] = folio;
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
			zxp_child_drop_locked(child, start, covered, false, NULL);
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

// SPDX-License-Identifier: GPL-2.0
/*
 * Pages leave a copy: it is what a supply takes content out of.
 *
 * What it has for itself leaves it before that is copied, so that no store by a mapping comes
 * between. What it shares, or sees of the root, is copied first: as long as the lock of its
 * content is held nobody gets a page of its own there, and whoever changes what it sees locks
 * the folio.
 */
#include <linux/file.h>
#include <linux/highmem.h>
#include <linux/sched/signal.h>

#include "child.h"

/**
 * zxp_child_check_pins() - may pages leave a copy?
 * @child: the copy
 * @start: first page of the root
 * @end: the page after the last one
 *
 * Return: 0; -ESTALE one of its own is pinned, and may be stored to without a mapping; -EINTR.
 */
int zxp_child_check_pins(struct zxp_child *child, pgoff_t start, pgoff_t end)
{
	struct folio *folio;
	unsigned long index;
	int ret = 0;

	if (start >= end)
		return 0;
	if (mutex_lock_killable(&child->content_lock))
		return -EINTR;
	xa_for_each_range(&child->top->pages, index, folio, start, end - 1) {
		if (folio_maybe_dma_pinned(folio)) {
			ret = -ESTALE;
			break;
		}
		cond_resched();
	}
	mutex_unlock(&child->content_lock);
	return ret;
}

/*
 * Copy what is not its own, where there is content. Return: 0, and @own is its own, if it has
 * one, and else there is a copy in @into, or NULL for zeroes; -EAGAIN the root has to be asked;
 * -EIO.
 */
static int zxp_child_take_page(struct zxp_child *child, pgoff_t index, struct folio **into,
			       struct folio **own)
{
	struct folio *folio;
	enum zxp_seen seen = zxp_child_lock_folio(child, index, &folio);
	int ret = 0;

	*own = NULL;
	if (!folio) {
		if (seen == ZXP_SEEN_LOST)
			return -EIO;
		if (!zxp_child_is_zero(child, index))
			return -EAGAIN;
		folio_put(*into);
		*into = NULL;
		return 0;
	}
	if (seen == ZXP_SEEN_ROOT && zxp_vmo_drop_poisoned(child->root, folio, index))
		ret = -EAGAIN;
	else if (zxp_child_lost(seen, folio, index))
		ret = -EIO;
	else if (seen == ZXP_SEEN_TOP)
		*own = folio;
	else
		copy_highpage(folio_page(*into, 0), seen == ZXP_SEEN_ROOT ?
			      folio_file_page(folio, index) : folio_page(folio, 0));
	folio_unlock(folio);
	if (!*own)
		folio_put(folio);
	return ret;
}

/* As many of @nr pages as there is content of now. Return: how many; or what is wrong. */
static int zxp_child_take_locked(struct zxp_child *child, pgoff_t index, struct folio **into,
				 struct folio **own, unsigned int nr,
				 struct zxp_spares *spares)
{
	unsigned int i;
	pgoff_t end;
	int ret = 0;

	lockdep_assert_held(&child->content_lock);

	if (index + nr > zxp_child_end(child))
		return -ERANGE;
	for (i = 0; i < nr; i++) {
		ret = zxp_child_take_page(child, index + i, &into[i], &own[i]);
		if (ret)
			break;
	}
	if (!i)
		return ret;
	end = index + i;
	ret = zxp_child_cover_locked(child, index, &end, spares);
	if (ret)
		end = index;
	zxp_child_drop_locked(child, index, end, 1);
	zxp_tree_unmap(child, index, end);
	/* What was not covered stays, and is looked at anew. */
	for (nr = end - index; i > nr; i--)
		if (own[i - 1])
			folio_put(own[i - 1]);
	return ret ?: nr;
}

/* zxp_child_take(), once. */
static int zxp_child_take_once(struct zxp_child *child, pgoff_t index, struct folio **into,
			       unsigned int nr)
{
	struct folio *own[ZXP_SUPPLY_BATCH];
	struct zxp_spares spares = {};
	int taken, i, ret;

	ret = zxp_vmo_get_spares(child->root, &spares, GFP_KERNEL);
	if (!ret)
		ret = mutex_lock_killable(&child->content_lock);
	if (!ret) {
		ret = zxp_child_take_locked(child, index, into, own, nr, &spares);
		mutex_unlock(&child->content_lock);
	}
	zxp_spares_free(&spares);
	taken = ret;
	for (i = 0; i < taken; i++) {
		if (!own[i])
			continue;
		copy_highpage(folio_page(into[i], 0), folio_page(own[i], 0));
		folio_put(own[i]);
	}
	return ret;
}

/**
 * zxp_child_take() - pages leave a copy, which is zero there from then on
 * @child: the copy; nothing of it is locked
 * @index: first page of the root
 * @into: for each page a folio that gets its content; NULL afterwards for zeroes, and put
 * @nr: how many, no more than %ZXP_SUPPLY_BATCH
 *
 * What is missing is asked for, and all that is before that is taken without it.
 *
 * Return: how many pages were taken, of which there is one at least; or what zxp_read_wait()
 * returns, -EIO the first one is lost, -ERANGE the copy has shrunk, -ENOMEM, -EINTR.
 */
int zxp_child_take(struct zxp_child *child, pgoff_t index, struct folio **into,
		   unsigned int nr)
{
	struct zxp_request request = {};
	unsigned long generation;
	int ret;

	do {
		generation = zxp_vmo_generation(child->root);
		ret = zxp_child_take_once(child, index, into, nr);
		if (ret != -EAGAIN)
			break;
		ret = zxp_child_ask(child, &request, index, index + nr, generation);
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
	} while (!ret);
	if (child->root->source)
		zxp_request_end(child->root->source, &request);
	return ret;
}

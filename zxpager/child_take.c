// SPDX-License-Identifier: GPL-2.0
/*
 * Pages leave a copy: it is what a supply takes content out of.
 *
 * What it has for itself leaves it before that is copied, so that no store by a mapping comes
 * between. What it shares, or sees of the root, is copied first. A page that it shares may
 * become its own after that, when the last other child that sees it goes, and be stored to. So
 * whatever leaves it is what counts.
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
		if (zxp_folio_pinned(child->root, folio, index)) {
			ret = -ESTALE;
			break;
		}
		cond_resched();
	}
	mutex_unlock(&child->content_lock);
	return ret;
}

/*
 * Copy what is not its own, where there is content. Return: 0; -EAGAIN the root has to be
 * asked; -EIO.
 */
static int zxp_child_take_page(struct zxp_child *child, pgoff_t index,
			       struct zxp_taken *taken, unsigned int i)
{
	struct folio *folio;
	enum zxp_seen seen = zxp_child_lock_folio(child, index, &folio);
	int ret = 0;

	if (!folio) {
		if (seen == ZXP_SEEN_LOST)
			return -EIO;
		if (zxp_child_absent(child, index) != ZXP_ABSENT_ZERO)
			return -EAGAIN;
		__set_bit(i, taken->zero);
		return 0;
	}
	if (seen == ZXP_SEEN_ROOT && zxp_vmo_drop_poisoned(child->root, folio, index))
		ret = -EAGAIN;
	else if (zxp_folio_poisoned(folio, index))
		ret = -EIO;
	else if (seen != ZXP_SEEN_TOP)
		copy_highpage(folio_page(taken->into[i], 0),
			      folio_file_page(folio, index));
	folio_unlock(folio);
	folio_put(folio);
	return ret;
}

/* As many of @nr pages as there is content of now. Return: how many; or what is wrong. */
static int zxp_child_take_locked(struct zxp_child *child, pgoff_t index,
				 struct zxp_taken *taken, unsigned int nr)
{
	unsigned int i;
	pgoff_t end;
	int ret = 0;

	lockdep_assert_held(&child->content_lock);

	if (index + nr > zxp_child_end(child))
		return -ERANGE;
	for (i = 0; i < nr; i++) {
		ret = zxp_child_take_page(child, index + i, taken, i);
		if (ret)
			break;
	}
	if (!i)
		return ret;
	end = index + i;
	ret = zxp_child_cover_locked(child, index, &end, &taken->spares);
	if (ret)
		return ret;
	zxp_tree_unmap(child, index, end);
	zxp_child_drop_locked(child, index, end, false, taken);
	zxp_sweep_below(child, index, end);
	/* What was not covered stays, and is looked at anew. */
	return end - index;
}

/* zxp_child_take(), once. */
static int zxp_child_take_once(struct zxp_child *child, pgoff_t index, struct folio **into,
			       unsigned int nr)
{
	struct zxp_taken taken = { .into = into };
	int i, ret;

	ret = zxp_vmo_get_spares(child->root, &taken.spares, GFP_KERNEL);
	if (!ret)
		ret = mutex_lock_killable(&child->content_lock);
	if (!ret) {
		ret = zxp_child_take_locked(child, index, &taken, nr);
		mutex_unlock(&child->content_lock);
	}
	zxp_spares_free(&taken.spares);
	for (i = 0; i < ret; i++) {
		if (taken.own[i]) {
			copy_highpage(folio_page(into[i], 0), folio_page(taken.own[i], 0));
			folio_put(taken.own[i]);
		} else if (test_bit(i, taken.zero)) {
			folio_put(into[i]);
			into[i] = NULL;
		}
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

// SPDX-License-Identifier: GPL-2.0
/*
 * What a client does to a range of a child, and to its size.
 */
#include <linux/fs.h>
#include <linux/fadvise.h>
#include <linux/falloc.h>
#include <linux/fsnotify.h>
#include <linux/highmem.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "child.h"

/* A part of a page: it is copied, unless it is zero as a whole. */
static int zxp_child_zero_part(struct zxp_child *child, u64 from, u64 to)
{
	pgoff_t index = child->offset + (from >> PAGE_SHIFT);
	struct folio *folio;

	if (zxp_child_absent(child, index) == ZXP_ABSENT_ZERO)
		return 0;
	folio = zxp_child_folio_for_write(child, index, index + 1, false);
	if (IS_ERR(folio))
		return zxp_write_error(folio);
	folio_zero_segment(folio, offset_in_page(from), offset_in_page(to - 1) + 1);
	folio_unlock(folio);
	folio_put(folio);
	return 0;
}

static int zxp_child_zero(struct zxp_child *child, u64 offset, u64 length)
{
	u64 end = offset + length;
	u64 first = min(round_up(offset, PAGE_SIZE), end);
	u64 last = max(round_down(end, PAGE_SIZE), first);
	int ret = 0;

	if (offset < first)
		ret = zxp_child_zero_part(child, offset, first);
	if (!ret && last < end)
		ret = zxp_child_zero_part(child, last, end);
	return ret ?: zxp_child_zero_pages(child, child->offset + (first >> PAGE_SHIFT),
					   child->offset + (last >> PAGE_SHIFT));
}

/* All pages of a range become its own. What a shrink cuts off is not needed any more. */
static int zxp_child_commit(struct zxp_child *child, pgoff_t index, pgoff_t end)
{
	int ret = 0;

	for (; !ret && index < min(end, zxp_child_end(child)); index++) {
		if (fatal_signal_pending(current))
			return -EINTR;
		ret = zxp_commit_end(zxp_child_folio_for_write(child, index, end, false));
		cond_resched();
	}
	return ret;
}

static pgoff_t zxp_child_next_root(struct zxp_child *child, pgoff_t index, pgoff_t end)
{
	struct zxp_family *family = zxp_child_family(child);
	unsigned int budget;

	do {
		budget = ZXP_ZERO_BUDGET;
		read_lock(&family->lock);
		index = zxp_layer_next_root(child->top, index, end, &budget);
		read_unlock(&family->lock);
		cond_resched();
	} while (!budget);
	return index;
}

/* A hint goes for what is seen of the root. */
static int zxp_child_hint(struct zxp_child *child, u32 op, pgoff_t index, pgoff_t end)
{
	struct zxp_vmo *root = child->root;
	pgoff_t run_end;
	int ret = 0;

	while (!ret && (index = zxp_child_next_root(child, index, end)) < end) {
		run_end = zxp_child_run_end(child, index, end);
		if (op == ZXP_VMO_OP_DONT_NEED)
			zxp_vmo_drop_unused(root, index, run_end);
		else
			ret = zxp_vmo_bring_in(root, op, index, run_end);
		index = run_end;
		if (fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
	}
	return ret;
}

/* @file: by which it is asked for, and whose times change */
int zxp_child_op_range(struct zxp_child *child, struct file *file,
		       const struct zxp_vmo_op_range *args)
{
	int ret = zxp_op_range_check(file, child->root, zxp_child_pages(child), args);
	pgoff_t start, end;

	if (ret || !args->length)
		return min(ret, 0);

	start = child->offset + (args->offset >> PAGE_SHIFT);
	end = child->offset + DIV_ROUND_UP_ULL(args->offset + args->length, PAGE_SIZE);
	switch (args->op) {
	case ZXP_VMO_OP_COMMIT:
		return zxp_child_commit(child, start, end);
	case ZXP_VMO_OP_PREFETCH:
	case ZXP_VMO_OP_ALWAYS_NEED:
	case ZXP_VMO_OP_DONT_NEED:
		return zxp_child_hint(child, args->op, start, end);
	case ZXP_VMO_OP_ZERO:
		file_update_time(file);
		ret = zxp_child_zero(child, args->offset, args->length);
		if (!ret)
			fsnotify_modify(file);
		return ret;
	default:
		return -EOPNOTSUPP;
	}
}

/* A hole is zeroes, and takes no memory. */
long zxp_child_discard(struct zxp_child *child, int mode, loff_t offset, loff_t length)
{
	loff_t size = (loff_t)zxp_child_pages(child) << PAGE_SHIFT;

	if (mode != (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE) &&
	    (mode & ~FALLOC_FL_KEEP_SIZE) != FALLOC_FL_ZERO_RANGE)
		return -EOPNOTSUPP;
	if (!(mode & FALLOC_FL_KEEP_SIZE) && offset + length > size)
		return -ENOSPC;
	if (offset >= size)
		return 0;
	return zxp_child_zero(child, offset, min(length, size - offset));
}

/* fadvise(), for pages of the root, of the child or by a slice of it. */
int zxp_child_advise_pages(struct zxp_child *child, pgoff_t start, pgoff_t end, int advice)
{
	pgoff_t run_end;

	if (advice < POSIX_FADV_NORMAL || advice > POSIX_FADV_NOREUSE)
		return -EINVAL;
	if (advice != POSIX_FADV_WILLNEED || !child->root->source)
		return 0;
	while ((start = zxp_child_next_root(child, start, end)) < end) {
		run_end = zxp_child_run_end(child, start, end);
		zxp_vmo_will_need(child->root, start, run_end);
		start = run_end;
		if (fatal_signal_pending(current))
			break;
		cond_resched();
	}
	return 0;
}

int zxp_child_advise(struct zxp_child *child, loff_t offset, loff_t len, int advice)
{
	pgoff_t start = offset >> PAGE_SHIFT, end = zxp_child_pages(child);

	if (offset < 0 || len < 0)
		return -EINVAL;
	if (len && len < LLONG_MAX - offset)
		end = min_t(pgoff_t, end, DIV_ROUND_UP_ULL(offset + len, PAGE_SIZE));
	return zxp_child_advise_pages(child, child->offset + start, child->offset + end,
				      advice);
}

/* Return: 0; -ESTALE one of its own pages there is pinned. */
static int zxp_child_check_pins_locked(struct zxp_child *child, pgoff_t start)
{
	unsigned long index;
	struct folio *folio;

	lockdep_assert_held(&child->content_lock);

	xa_for_each_start(&child->top->pages, index, folio, start) {
		if (zxp_folio_pinned(child->root, folio, index))
			return -ESTALE;
		cond_resched();
	}
	return 0;
}

/* Where the last part of a range begins, in which there is not too much. */
static pgoff_t zxp_child_last_part_locked(struct zxp_child *child, pgoff_t start, pgoff_t end)
{
	while (zxp_tree_part_locked(child, start, end, ZXP_PART_PAGES) < end) {
		start += (end - start) / 2;
		cond_resched();
	}
	return start;
}

/* One part from the end. Return: 0; -ESTALE, -EINTR. */
static int zxp_child_shrink_locked(struct zxp_child *child, pgoff_t nr_pages)
{
	struct zxp_family *family = zxp_child_family(child);
	pgoff_t end = child->offset + nr_pages, old = zxp_child_end(child);
	struct zxp_zero_range *none = NULL;
	unsigned long index;
	int ret;

	if (mutex_lock_killable(&family->tree_lock))
		return -EINTR;
	end = zxp_child_last_part_locked(child, end, old);
	ret = zxp_child_check_pins_locked(child, end);
	if (ret) {
		mutex_unlock(&family->tree_lock);
		return ret;
	}
	WRITE_ONCE(child->nr_pages, end - child->offset);
	write_lock(&family->lock);
	zxp_layer_cut(child->top, end);
	write_unlock(&family->lock);
	zxp_tree_settle_locked(child, end, old);
	mutex_unlock(&family->tree_lock);
	zxp_tree_unmap(child, end, old);
	zxp_child_drop_locked(child, end, ULONG_MAX, true, NULL);
	zxp_sweep_below(child, end, old);
	/* To the very end, so no range is split. */
	do {
		write_lock(&family->lock);
		index = zxp_zero_remove(&child->top->zeroes, end, ULONG_MAX, &none);
		write_unlock(&family->lock);
	} while (index != ULONG_MAX);
	return 0;
}

/**
 * zxp_child_resize() - ftruncate()
 * @child: the child
 * @inode: that of its descriptors, which is not locked
 * @size: rounded up to whole pages, as the child has no stream size of its own
 *
 * What is cut off goes in parts, from the end. So who is killed, or finds pages that were
 * pinned meanwhile, leaves a size between.
 *
 * Return: 0; -EPERM, -ERANGE; -ESTALE a page that would go is pinned; -EINTR.
 */
int zxp_child_resize(struct zxp_child *child, struct inode *inode, loff_t size)
{
	pgoff_t nr_pages = DIV_ROUND_UP_ULL(size, PAGE_SIZE);
	bool again;
	int ret;

	if (!(child->options & ZXP_CHILD_RESIZABLE))
		return -EPERM;
	if (size > ZXP_MAX_VMO_SIZE || nr_pages > ZXP_MAX_VMO_PAGES - child->offset)
		return -ERANGE;
	/* Of what is pinned only later a part may have gone. */
	ret = zxp_child_check_pins(child, child->offset + nr_pages, ULONG_MAX);
	for (again = true; !ret && again;) {
		if (fatal_signal_pending(current) || mutex_lock_killable(&child->content_lock))
			return -EINTR;
		if (nr_pages < child->nr_pages)
			ret = zxp_child_shrink_locked(child, nr_pages);
		else
			WRITE_ONCE(child->nr_pages, nr_pages);
		again = child->nr_pages > nr_pages;
		i_size_write(inode, (loff_t)child->nr_pages << PAGE_SHIFT);
		mutex_unlock(&child->content_lock);
	}
	return ret;
}

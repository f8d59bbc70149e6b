// SPDX-License-Identifier: GPL-2.0
/*
 * read() and write() of a child, and the ioctls with Zircon's rules for the same. A child
 * has one size, in whole pages.
 */
#include <linux/fsnotify.h>
#include <linux/highmem.h>
#include <linux/sched/signal.h>
#include <linux/uio.h>

#include "child.h"

/* It is one of its own, and locked. Return: 0; else it is given up, and why. */
static int zxp_child_check_folio(struct zxp_child *child, pgoff_t index,
				 struct folio *folio)
{
	int ret = zxp_child_has(child, index) ? 0 : -ERANGE;

	if (!ret && folio_test_hwpoison(folio))
		ret = -EHWPOISON;
	if (ret) {
		folio_unlock(folio);
		folio_put(folio);
	}
	return ret;
}

/* A page of its own, if nothing is to be waited for; to copy one may take its time. */
static struct folio *zxp_child_try_folio(struct zxp_child *child, pgoff_t index)
{
	struct folio *folio, *again;
	enum zxp_seen seen = zxp_child_look(child, index, &folio);
	int ret = -EAGAIN;

	if (seen == ZXP_SEEN_TOP && folio_trylock(folio)) {
		seen = zxp_child_look(child, index, &again);
		if (again)
			folio_put(again);
		if (seen == ZXP_SEEN_TOP && again == folio) {
			ret = zxp_child_check_folio(child, index, folio);
			return ret ? ERR_PTR(ret) : folio;
		}
		folio_unlock(folio);
	}
	if (folio)
		folio_put(folio);
	return ERR_PTR(ret);
}

/* Return: 0 @own is its page, locked and with a reference; else as below. */
static int zxp_child_fork(struct zxp_child *child, pgoff_t index, struct folio **own)
{
	struct folio *new = zxp_own_alloc(false);
	int ret;

	if (!new)
		return -ENOMEM;
	ret = mutex_lock_killable(&child->content_lock);
	if (!ret) {
		ret = zxp_child_fork_locked(child, index, new, NULL, own);
		mutex_unlock(&child->content_lock);
	}
	folio_put(new);
	return ret;
}

/**
 * zxp_child_folio_for_write() - a page of its own, to be stored to
 * @child: the child
 * @index: page of the root
 * @end: what is wanted with it if the daemon has to be asked
 * @nowait: -EAGAIN instead of waiting for the daemon, for memory or for another fork
 *
 * Return: the folio, locked and with a reference; or -ERANGE, -ENOMEM, -EAGAIN, -EHWPOISON,
 * -EINTR, -ERESTARTNOINTR, -ESTALE, or a FAIL code.
 */
struct folio *zxp_child_folio_for_write(struct zxp_child *child, pgoff_t index,
					pgoff_t end, bool nowait)
{
	const struct zxp_view view = zxp_child_view(child);
	struct zxp_request request = {};
	int tries = ZXP_MEMORY_TRIES;
	unsigned long generation;
	struct folio *folio;
	int ret = 0;

	if (nowait)
		return zxp_child_try_folio(child, index);
	while (!ret) {
		generation = zxp_vmo_generation(child->root);
		if (zxp_child_lock_folio(child, index, &folio) == ZXP_SEEN_TOP) {
			ret = zxp_child_check_folio(child, index, folio);
			break;
		}
		if (folio) {
			folio_unlock(folio);
			folio_put(folio);
		}
		ret = zxp_child_fork(child, index, &folio);
		if (!ret)
			break;
		if (ret == -EAGAIN)
			ret = zxp_child_ask(&view, &request, index, end, generation);
		else if (ret == -ENOMEM && tries-- && zxp_vmo_reserve(child->root))
			ret = 0;
	}
	if (child->root->source)
		zxp_request_end(child->root->source, &request);
	return ret ? ERR_PTR(ret) : folio;
}

/* A page is lost, and is going to be written as a whole. 0: there is another one. */
static int zxp_child_write_lost(struct zxp_child *child, pgoff_t index,
				struct iov_iter *from)
{
	struct folio *new = zxp_own_alloc(false);
	size_t copied;
	int ret;

	if (!new)
		return -ENOMEM;
	/* It is written once more, as any page, once it is there. */
	copied = copy_page_from_iter(folio_page(new, 0), 0, PAGE_SIZE, from);
	iov_iter_revert(from, copied);
	ret = copied < PAGE_SIZE ? -EFAULT : zxp_child_replace(child, index, new);
	folio_put(new);
	return ret;
}

/* Copy into a child. Return: 0 when all is copied, else why not. */
int zxp_child_copy_in(struct zxp_child *child, loff_t *pos, struct iov_iter *from, bool nowait)
{
	struct folio *folio;
	size_t len, copied;
	pgoff_t index, end;
	int ret;

	while (iov_iter_count(from)) {
		index = child->offset + (*pos >> PAGE_SHIFT);
		end = child->offset + DIV_ROUND_UP_ULL(*pos + iov_iter_count(from),
						       PAGE_SIZE);
		len = min_t(size_t, iov_iter_count(from),
			    PAGE_SIZE - offset_in_page(*pos));
		if (fault_in_iov_iter_readable(from, len) == len)
			return -EFAULT;
		if (fatal_signal_pending(current))
			return -EINTR;
		end = min3(end, index + zxp_write_batch(), zxp_child_end(child));
		folio = zxp_child_folio_for_write(child, index, end, nowait);
		if (folio == ERR_PTR(-EHWPOISON) && len == PAGE_SIZE) {
			ret = nowait ? -EAGAIN : zxp_child_write_lost(child, index, from);
			if (ret)
				return ret;
			continue;
		}
		if (IS_ERR(folio))
			return zxp_write_error(folio);
		copied = copy_folio_from_iter_atomic(folio, offset_in_page(*pos), len,
						     from);
		flush_dcache_folio(folio);
		folio_unlock(folio);
		folio_put(folio);
		*pos += copied;
		cond_resched();
	}
	return 0;
}

ssize_t zxp_child_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct zxp_read read = { .view = zxp_child_view(zxp_child_of(iocb->ki_filp)) };

	return zxp_read_iter(&read, iocb, to);
}

/* Only ftruncate() makes it larger. */
ssize_t zxp_child_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct zxp_child *child = zxp_child_of(iocb->ki_filp);
	loff_t start, size;
	ssize_t ret;

	ret = generic_write_checks(iocb, from);
	if (ret <= 0)
		return ret;
	start = iocb->ki_pos;
	size = (loff_t)zxp_child_pages(child) << PAGE_SHIFT;
	if (start >= size)
		return -ENOSPC;
	iov_iter_truncate(from, size - start);
	file_update_time(iocb->ki_filp);
	ret = zxp_child_copy_in(child, &iocb->ki_pos, from, iocb->ki_flags & IOCB_NOWAIT);
	/* It has shrunk meanwhile. */
	if (ret == -ERANGE)
		ret = -ENOSPC;
	/* See zxp_vmo_write_iter(). */
	if (ret && iov_iter_is_bvec(from))
		iocb->ki_pos = start;
	return iocb->ki_pos > start ? iocb->ki_pos - start : ret;
}

int zxp_child_read(struct zxp_child *child, const struct zxp_vmo_io *args)
{
	struct zxp_read read = { .view = zxp_child_view(child) };

	return zxp_read_range(&read, zxp_child_pages(child), args);
}

/* @file: whose times change */
int zxp_child_write(struct zxp_child *child, struct file *file, const struct zxp_vmo_io *args)
{
	loff_t pos = args->offset;
	struct iov_iter from;
	int ret;

	ret = zxp_io_range(zxp_child_pages(child), args, &from, ITER_SOURCE);
	if (ret)
		return ret;
	file_update_time(file);
	ret = zxp_child_copy_in(child, &pos, &from, false);
	if ((u64)pos > args->offset)
		fsnotify_modify(file);
	return ret;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * read() and write() of a child, and the ioctls with Zircon's rules for the same. A child
 * has one size, in whole pages.
 */
#include <linux/fsnotify.h>
#include <linux/highmem.h>
#include <linux/sched/signal.h>
#include <linux/swap.h>
#include <linux/uio.h>

#include "child.h"

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
int zxp_child_ask(struct zxp_child *child, struct zxp_request *request, pgoff_t index,
		  pgoff_t end, unsigned long generation)
{
	if (!zxp_child_misses(child, index))
		return 0;
	return zxp_read_wait(child->root, request, index,
			     zxp_child_run_end(child, index, end), generation);
}

/* The page to read from; NULL for zeroes; or -EAGAIN the root has to be asked, -EHWPOISON. */
static struct page *zxp_child_get_page(struct zxp_child *child, pgoff_t index,
				       enum zxp_seen *seen)
{
	struct page *page;
	struct folio *folio;

	*seen = zxp_child_look(child, index, &folio);
	if (*seen == ZXP_SEEN_ROOT)
		folio = zxp_vmo_get_folio(child->root, index);
	if (*seen == ZXP_SEEN_LOST)
		return ERR_PTR(-EHWPOISON);
	if (!folio)
		return zxp_child_is_zero(child, index) ? NULL : ERR_PTR(-EAGAIN);
	/* What the root has may be large, and may have left it already. */
	page = *seen == ZXP_SEEN_ROOT ? folio_file_page(folio, index) : folio_page(folio, 0);
	if (!PageHWPoison(page))
		return page;
	folio_put(folio);
	return ERR_PTR(-EHWPOISON);
}

/* Memory of what was found has failed. 0: not any more, or the daemon has it: look again. */
static int zxp_child_read_poisoned(struct zxp_child *child, pgoff_t index)
{
	struct folio *folio;
	enum zxp_seen seen = zxp_child_lock_folio(child, index, &folio);
	int ret = 0;

	if (!folio)
		return seen == ZXP_SEEN_LOST ? -EIO : 0;
	if (zxp_child_lost(seen, folio, index) &&
	    !(seen == ZXP_SEEN_ROOT && zxp_vmo_drop_poisoned(child->root, folio, index)))
		ret = -EIO;
	folio_unlock(folio);
	folio_put(folio);
	return ret;
}

/* As zxp_read(), and with the same errors. */
int zxp_child_copy_out(struct zxp_child *child, loff_t *pos, struct iov_iter *to, bool nowait)
{
	struct zxp_request request = {};
	unsigned long generation;
	enum zxp_seen seen;
	struct page *page;
	size_t len, copied;
	pgoff_t index, end;
	loff_t size;
	int ret = 0;

	while (iov_iter_count(to)) {
		cond_resched();
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			break;
		}
		generation = zxp_vmo_generation(child->root);
		size = (loff_t)zxp_child_pages(child) << PAGE_SHIFT;
		if (*pos >= size)
			break;
		len = min_t(size_t, iov_iter_count(to), PAGE_SIZE - offset_in_page(*pos));
		index = child->offset + (*pos >> PAGE_SHIFT);
		end = child->offset + DIV_ROUND_UP_ULL(min_t(loff_t, size, *pos +
							     iov_iter_count(to)),
						       PAGE_SIZE);
		page = zxp_child_get_page(child, index, &seen);
		if (page == ERR_PTR(-EAGAIN)) {
			ret = nowait ? -EAGAIN :
			      zxp_child_ask(child, &request, index, end, generation);
			if (ret)
				break;
			continue;
		}
		if (IS_ERR(page)) {
			ret = nowait ? -EAGAIN : zxp_child_read_poisoned(child, index);
			if (ret)
				break;
			continue;
		}
		if (page) {
			copied = zxp_copy_page_to_iter(page, offset_in_page(*pos), len, to);
			/* Own pages are on no list of reclaim. */
			if (seen == ZXP_SEEN_ROOT)
				folio_mark_accessed(page_folio(page));
			put_page(page);
		} else {
			copied = iov_iter_zero(len, to);
		}
		/* The child has got its own, and what the root has got since is not for it. */
		if (seen == ZXP_SEEN_ROOT && zxp_child_sees(child, index) != seen) {
			iov_iter_revert(to, copied);
			continue;
		}
		*pos += copied;
		if (copied < len) {
			ret = -EFAULT;
			break;
		}
	}
	if (child->root->source)
		zxp_request_end(child->root->source, &request);
	return ret;
}

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
			ret = zxp_child_ask(child, &request, index, end, generation);
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
	struct zxp_child *child = zxp_child_of(iocb->ki_filp);
	loff_t start = iocb->ki_pos;
	int ret;

	ret = zxp_child_copy_out(child, &iocb->ki_pos, to, iocb->ki_flags & IOCB_NOWAIT);
	return iocb->ki_pos > start ? iocb->ki_pos - start : ret;
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

static int zxp_child_io_range(struct zxp_child *child, const struct zxp_vmo_io *args,
			      struct iov_iter *iter, unsigned int direction)
{
	void __user *buffer = u64_to_user_ptr(args->buffer);

	if (!zxp_child_in_bounds(child, args->offset, args->length))
		return -ERANGE;
	if (!access_ok(buffer, args->length))
		return -EFAULT;
	iov_iter_ubuf(iter, direction, buffer, args->length);
	return 0;
}

int zxp_child_read(struct zxp_child *child, const struct zxp_vmo_io *args)
{
	loff_t pos = args->offset;
	struct iov_iter to;
	int ret;

	ret = zxp_child_io_range(child, args, &to, ITER_DEST) ?:
	      zxp_child_copy_out(child, &pos, &to, false);
	/* It was in bounds, so the child has shrunk. */
	return !ret && iov_iter_count(&to) ? -ERANGE : ret;
}

/* @file: whose times change */
int zxp_child_write(struct zxp_child *child, struct file *file, const struct zxp_vmo_io *args)
{
	loff_t pos = args->offset;
	struct iov_iter from;
	int ret;

	ret = zxp_child_io_range(child, args, &from, ITER_SOURCE);
	if (ret)
		return ret;
	file_update_time(file);
	ret = zxp_child_copy_in(child, &pos, &from, false);
	if ((u64)pos > args->offset)
		fsnotify_modify(file);
	return ret;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * write(), and the ioctl with Zircon's rules for the same.
 *
 * No lock but that of appends is held while waiting for the daemon. None is held while
 * touching the caller's buffer either, but for the folio lock around a copy that may not
 * fault, and content_lock around that.
 */
#include <linux/fsnotify.h>
#include <linux/highmem.h>
#include <linux/sched/signal.h>
#include <linux/uio.h>

#include "access.h"

/**
 * struct zxp_write - a write under way
 * @view: to what
 * @iocb: of a write to the stream, which may grow; NULL for VMO_WRITE, whose range is known
 *	to lie before zxp_vmo_write_end()
 * @from: the caller's buffer; advances
 * @nowait: -EAGAIN instead of waiting
 * @start: where it begins. An append begins where the stream ends when the first byte is
 *	written.
 * @pos: where it is now
 * @size: the stream size when the page at @pos was looked for
 * @cuts: and how often the stream had been cut then
 * @cleared: how often it had been cut when what lies before @pos was cleared
 */
struct zxp_write {
	struct zxp_view view;
	struct kiocb *iocb;
	struct iov_iter *from;
	bool nowait;
	loff_t start;
	loff_t pos;
	loff_t size;
	unsigned long cuts;
	unsigned long cleared;
};

/* May it make the VMO larger? */
static bool zxp_write_resizes(struct zxp_write *w)
{
	return zxp_may_resize(w->iocb->ki_filp->f_path.dentry);
}

/* Is it one that may still be made at another place? */
static bool zxp_write_appends(struct zxp_write *w)
{
	return w->iocb && w->iocb->ki_flags & IOCB_APPEND && w->pos == w->start;
}

/*
 * How far anybody may write who makes nothing larger. A fixed stream is like a device: what
 * would be behind it in the last page the daemon never sees.
 */
loff_t zxp_vmo_write_end(struct zxp_vmo *vmo)
{
	return vmo->flags & ZXP_CREATE_FIXED ? i_size_read(&vmo->inode) :
					       (loff_t)zxp_vmo_pages(vmo) << PAGE_SHIFT;
}

/*
 * Where it goes, and how far it may go: to a limit of the caller's, also where an append has
 * been moved to, or of the VMO.
 */
static int zxp_write_limit(struct zxp_write *w)
{
	struct zxp_vmo *vmo = w->view.vmo;
	loff_t limit;
	int ret;

	if (!w->iocb)
		return 0;
	w->size = zxp_vmo_stream_size(vmo, &w->cuts);
	if (zxp_write_appends(w) && w->pos != w->size) {
		ret = generic_write_checks(w->iocb, w->from);
		if (ret < 0)
			return ret;
		w->start = w->iocb->ki_pos;
		w->pos = w->start;
	}
	limit = zxp_write_resizes(w) ? ZXP_MAX_VMO_SIZE : zxp_vmo_write_end(vmo);
	if (w->pos >= limit)
		return -ENOSPC;
	if (w->pos >= vmo->max_size)
		return -EFBIG;
	iov_iter_truncate(w->from, min(limit, vmo->max_size) - w->pos);
	return 0;
}

/* Make zero what lies between the stream and the write, and the VMO large enough. */
static int zxp_write_extend(struct zxp_write *w)
{
	pgoff_t index = w->pos >> PAGE_SHIFT;
	int ret;

	if (w->pos > w->size && w->cleared != w->cuts) {
		ret = w->nowait ? -EAGAIN : zxp_vmo_clear_gap(w->view.vmo, w->pos);
		if (ret)
			return ret;
		w->cleared = w->cuts;
	}
	if (index < zxp_vmo_pages(w->view.vmo))
		return 0;
	return zxp_write_resizes(w) ? zxp_vmo_grow(w->view.vmo, index + 1, w->nowait) :
				      -ENOSPC;
}

/*
 * Between the end of the stream and the page there are others, which become part of the
 * stream with the write. For that content_lock is held, which is taken before the lock of
 * the page. Return: 0 with both held; else with none, and -EAGAIN to begin anew.
 */
static int zxp_write_lock_gap(struct zxp_write *w, struct folio *folio)
{
	struct zxp_vmo *vmo = w->view.vmo;
	loff_t size;
	int ret;

	folio_unlock(folio);
	if (mutex_lock_killable(&vmo->content_lock))
		return -EINTR;
	size = i_size_read(&vmo->inode);
	ret = zxp_vmo_uncover_locked(vmo, round_down(w->pos, PAGE_SIZE));
	if (ret) {
		mutex_unlock(&vmo->content_lock);
		if (ret != -EAGAIN)
			return ret;
		return zxp_vmo_clear_gap(vmo, round_up(size, PAGE_SIZE)) ?: -EAGAIN;
	}
	folio_lock(folio);
	if (folio->mapping == vmo->inode.i_mapping &&
	    folio_contains(folio, w->pos >> PAGE_SHIFT) && zxp_folio_dirty(folio) &&
	    !folio_test_hwpoison(folio) && !zxp_vmo_must_keep(vmo, folio->index))
		return 0;
	folio_unlock(folio);
	mutex_unlock(&vmo->content_lock);
	return -EAGAIN;
}

/*
 * The page is dirty and locked. False to begin anew, because the stream was cut
 * meanwhile, or an append is not at its end any more. Else nothing is left in the
 * page between the end of the stream and what is going to be written.
 */
static bool zxp_write_begin(struct zxp_write *w, struct folio *folio)
{
	unsigned long now;
	loff_t size = zxp_vmo_stream_size(w->view.vmo, &now);

	if (now != w->cuts || (zxp_write_appends(w) && w->pos != size))
		return false;
	if (size < w->pos)
		zxp_vmo_zero_beyond(w->view.vmo, folio, round_down(w->pos, PAGE_SIZE),
				    w->pos);
	return true;
}

/* If the stream was cut just now, then after the page was written. */
static void zxp_write_end(struct zxp_write *w, struct folio *folio)
{
	if (w->pos <= i_size_read(&w->view.vmo->inode))
		return;
	zxp_vmo_zero_beyond(w->view.vmo, folio, w->pos, round_up(w->pos, PAGE_SIZE));
	zxp_vmo_advance_stream(w->view.vmo, w->pos, w->cuts);
}

/* Copy to a page that is locked and dirty, which is given up. 0, also to begin anew; -EINTR. */
static int zxp_write_page(struct zxp_write *w, struct folio *folio, loff_t at, size_t len)
{
	bool gap = w->iocb && w->size >> PAGE_SHIFT < w->pos >> PAGE_SHIFT;
	size_t copied;
	int ret;

	ret = gap ? zxp_write_lock_gap(w, folio) : 0;
	if (ret)
		goto put;
	if (w->iocb && !zxp_write_begin(w, folio))
		goto unlock;
	copied = copy_folio_from_iter_atomic(folio, offset_in_folio(folio, at), len, w->from);
	flush_dcache_folio(folio);
	w->pos += copied;
	if (copied && !w->view.child)
		zxp_vmo_set_modified(w->view.vmo);
	if (copied && w->iocb)
		zxp_write_end(w, folio);
unlock:
	folio_unlock(folio);
	if (gap)
		mutex_unlock(&w->view.vmo->content_lock);
put:
	folio_put(folio);
	return ret == -EAGAIN ? 0 : ret;
}

/*
 * A page that is lost is going to be written as a whole. What is written is in the new
 * one before anybody sees that; the caller writes it once more, as to any page. 0: do so.
 */
static int zxp_write_lost(struct zxp_write *w, pgoff_t index)
{
	const struct zxp_view *view = &w->view;
	struct folio *new = view->ops ? zxp_own_alloc(false) :
					zxp_vmo_alloc_zeroed(view->vmo, false);
	size_t copied;
	int ret;

	if (!new)
		return -ENOMEM;
	copied = copy_page_from_iter(&new->page, 0, PAGE_SIZE, w->from);
	iov_iter_revert(w->from, copied);
	ret = copied < PAGE_SIZE ? -EFAULT :
	      view->ops ? view->ops->replace(view->child, index, new) :
			  zxp_vmo_replace_poisoned(view->vmo, new, index);
	folio_put(new);
	return ret;
}

/* Copy in. Return: 0 when all is copied, else why not. */
static int zxp_write(struct zxp_write *w)
{
	const struct zxp_view *view = &w->view;
	struct folio *folio;
	pgoff_t index, end;
	bool appends;
	size_t len;
	loff_t at;
	int ret;

	/* No cut has the number that this begins with. */
	w->cleared = ULONG_MAX;
	while (iov_iter_count(w->from)) {
		ret = zxp_write_limit(w);
		if (ret)
			return ret;
		at = zxp_view_at(view, w->pos);
		index = at >> PAGE_SHIFT;
		end = DIV_ROUND_UP_ULL(at + iov_iter_count(w->from), PAGE_SIZE);
		end = min(end, index + zxp_write_batch());
		len = min_t(size_t, iov_iter_count(w->from),
			    PAGE_SIZE - offset_in_page(w->pos));
		if (fault_in_iov_iter_readable(w->from, len) == len)
			return -EFAULT;
		if (fatal_signal_pending(current))
			return -EINTR;

		ret = w->iocb ? zxp_write_extend(w) : 0;
		if (ret)
			return ret;
		appends = zxp_write_appends(w);
		folio = view->ops ?
			view->ops->folio_for_write(view->child, index, end, w->nowait) :
			zxp_vmo_folio_for_write(view->vmo, index, end, w->nowait);
		/* A stream that was cut meanwhile grows again. */
		if (folio == ERR_PTR(-ERANGE) && w->iocb)
			continue;
		/* An append may be made elsewhere in the end. */
		if (folio == ERR_PTR(-EHWPOISON) && len == PAGE_SIZE && !appends) {
			ret = w->nowait ? -EAGAIN : zxp_write_lost(w, index);
			if (ret)
				return ret;
			continue;
		}
		if (IS_ERR(folio))
			return zxp_write_error(folio);
		ret = zxp_write_page(w, folio, at, len);
		if (ret)
			return ret;
		cond_resched();
	}
	return 0;
}

/*
 * Make durable what was written, if that was asked for. Only killing ends that: the call
 * would be made again, and what it appended be there twice.
 */
static ssize_t zxp_write_sync(struct kiocb *iocb, ssize_t count)
{
	int ret;

	if (!iocb_is_dsync(iocb))
		return count;
	ret = zxp_vmo_sync(iocb->ki_filp, iocb->ki_pos - count, iocb->ki_pos - 1,
			   false);
	return ret ?: count;
}

ssize_t zxp_vmo_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct file *file = iocb->ki_filp;
	struct zxp_vmo *vmo = zxp_vmo_of(file_inode(file));
	bool append = iocb->ki_flags & IOCB_APPEND;
	bool nowait = iocb->ki_flags & IOCB_NOWAIT;
	struct zxp_write w = {
		.view = { .vmo = vmo }, .iocb = iocb, .from = from, .nowait = nowait,
	};
	ssize_t ret;

	if (zxp_vmo_sealed(vmo))
		return -EPERM;
	/* What is to be synced waits for the daemon. */
	if (nowait && iocb_is_dsync(iocb) && vmo->flags & ZXP_CREATE_SYNC)
		return -EAGAIN;
	/* Appenders may wait for the daemon, and for each other, but killably. */
	if (append && nowait && !mutex_trylock(&vmo->append_lock))
		return -EAGAIN;
	if (append && !nowait && mutex_lock_interruptible(&vmo->append_lock))
		return -ERESTARTNOINTR;

	ret = generic_write_checks(iocb, from);
	if (ret <= 0)
		goto unlock;
	w.start = iocb->ki_pos;
	w.pos = w.start;
	file_update_time(file);
	ret = zxp_write(&w);
	/*
	 * The loop driver takes a short count for success. Who writes from pages and
	 * not from a buffer gets the error, and can write all of it again; but not an
	 * append, which would be there twice then.
	 */
	if (ret && iov_iter_is_bvec(from) && !append)
		w.pos = w.start;
	iocb->ki_pos = w.pos;
	if (w.pos > w.start)
		ret = w.pos - w.start;
unlock:
	if (append)
		mutex_unlock(&vmo->append_lock);
	return ret > 0 ? zxp_write_sync(iocb, ret) : ret;
}

/**
 * zxp_write_range() - VMO_WRITE
 * @view: to what
 * @nr_pages: how large that is
 * @end: where what is written has to end, all or nothing
 * @file: whose times change
 * @args: of the ioctl
 *
 * Return: 0, -ERANGE not inside, -ENOSPC behind @end, or what a write returns.
 */
int zxp_write_range(const struct zxp_view *view, pgoff_t nr_pages, u64 end, struct file *file,
		    const struct zxp_vmo_io *args)
{
	loff_t pos = args->offset;
	struct iov_iter from;
	int ret = zxp_io_range(nr_pages, args, &from, ITER_SOURCE);

	if (ret)
		return ret;
	if (args->length && args->offset + args->length > end)
		return -ENOSPC;
	file_update_time(file);
	ret = zxp_copy_in(view, &pos, &from, false);
	if ((u64)pos > args->offset)
		fsnotify_modify(file);
	return ret;
}

int zxp_vmo_write(struct file *file, const struct zxp_vmo_io *args)
{
	struct zxp_vmo *vmo = zxp_vmo_of(file_inode(file));
	const struct zxp_view view = { .vmo = vmo };
	/* A size that is fixed stays. */
	u64 end = vmo->flags & ZXP_CREATE_FIXED ? zxp_vmo_write_end(vmo) : ULLONG_MAX;

	return zxp_vmo_sealed(vmo) ? -EPERM :
	       zxp_write_range(&view, zxp_vmo_pages(vmo), end, file, args);
}

/*
 * As VMO_WRITE, but perhaps without waiting, and the caller tells of it, and keeps to
 * zxp_vmo_write_end().
 */
int zxp_copy_in(const struct zxp_view *view, loff_t *pos, struct iov_iter *from, bool nowait)
{
	struct zxp_write w = {
		.view = *view, .from = from, .nowait = nowait, .start = *pos, .pos = *pos,
	};
	int ret = zxp_write(&w);

	*pos = w.pos;
	return ret;
}

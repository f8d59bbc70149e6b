// SPDX-License-Identifier: GPL-2.0
/*
 * read(), and the ioctl with Zircon's rules for the same, of a VMO or of a child.
 *
 * No lock is held while waiting for the daemon, nor while touching the caller's buffer.
 */
#include <linux/sched/signal.h>
#include <linux/swap.h>
#include <linux/uio.h>

#include "access.h"

/*
 * The daemon reads all of a folio, to write it back: whoever changes it from now on makes it
 * dirty. See zxp_vmo_unread().
 */
static void zxp_vmo_note_read(struct zxp_vmo *vmo, struct folio *folio,
			      unsigned long daemon)
{
	XA_STATE(xas, &vmo->inode.i_mapping->i_pages, folio->index);

	xas_lock_irq(&xas);
	if (zxp_vmo_is_daemon(vmo, daemon) && xas_load(&xas) == folio &&
	    xas_get_mark(&xas, ZXP_MARK_UNWRITTEN) &&
	    !xas_get_mark(&xas, ZXP_MARK_DIRTY))
		xas_set_mark(&xas, ZXP_MARK_READ);
	xas_unlock_irq(&xas);
}

static inline struct folio *zxp_vmo_find(struct zxp_read *read, pgoff_t index)
{
	struct zxp_vmo *vmo = read->view.vmo;
	struct folio *folio;

	read->mark = zxp_vmo_cuts(vmo);
	read->end = read->stream ? i_size_read(&vmo->inode) :
				   (loff_t)(zxp_vmo_pages(vmo) - read->view.first) <<
				   PAGE_SHIFT;
	if (read->pos >= read->end)
		return ERR_PTR(-ERANGE);
	folio = zxp_vmo_get_folio(vmo, index);
	return folio || zxp_vmo_is_zero(vmo, index) ? folio : ERR_PTR(-EAGAIN);
}

/* Or were there zeroes of a moment at which the stream did not reach here? */
static bool zxp_vmo_confirm(struct zxp_read *read)
{
	return !read->stream || !zxp_vmo_was_cut(read->view.vmo, read->mark);
}

/* Memory of a page that was found has failed. 0: look again. */
static int zxp_read_poisoned(struct zxp_read *read, pgoff_t index)
{
	const struct zxp_view *view = &read->view;
	struct folio *folio = view->ops ? view->ops->lock(view->child, index, read->nowait) :
					  zxp_vmo_lock_at(view->vmo, index, read->nowait);

	if (folio == ERR_PTR(-EHWPOISON))
		return -EIO;
	if (IS_ERR(folio))
		return folio == ERR_PTR(-ESTALE) || folio == ERR_PTR(-ERANGE) ?
		       0 : PTR_ERR(folio);
	if (folio) {
		folio_unlock(folio);
		folio_put(folio);
	}
	return 0;
}

/* There is nothing to copy. 0: look again. */
static int zxp_read_missing(struct zxp_read *read, struct zxp_request *request,
			    pgoff_t index, unsigned long generation)
{
	const struct zxp_view *view = &read->view;
	loff_t last = min_t(loff_t, read->end, read->pos + iov_iter_count(read->to));
	pgoff_t end = DIV_ROUND_UP_ULL(zxp_view_at(view, last), PAGE_SIZE);

	if (read->nowait)
		return -EAGAIN;
	return view->ops ? view->ops->ask(view->child, request, index, end, generation) :
			   zxp_read_wait(view->vmo, request, index, end, generation);
}

/*
 * How much may be copied at once of what was found: of a VMO all that follows in the folio, of
 * a child, which may have for itself what follows, a page. 0: its memory has failed.
 */
static inline size_t zxp_read_run(struct folio *folio, size_t offset, bool whole)
{
	if (folio && zxp_folio_any_poisoned(folio)) {
		if (PageHWPoison(folio_page(folio, offset >> PAGE_SHIFT)))
			return 0;
	} else if (folio && whole) {
		return folio_size(folio) - offset;
	}
	return PAGE_SIZE - offset_in_page(offset);
}

/* Copy what was found, or zeroes. Return: how much of it. */
static size_t zxp_read_copy(struct zxp_read *read, struct folio *folio, size_t offset,
			    size_t len)
{
	const struct zxp_view *view = &read->view;
	size_t copied;

	if (!folio)
		return iov_iter_zero(len, read->to);
	if (read->daemon && len == folio_size(folio))
		zxp_vmo_note_read(view->vmo, folio, read->daemon);
	copied = zxp_copy_folio_to_iter(folio, offset, len, read->to, !view->child);
	/* What a child has for itself is on no list of reclaim. */
	if (folio->mapping == view->vmo->inode.i_mapping)
		folio_mark_accessed(folio);
	folio_put(folio);
	return copied;
}

/*
 * Copy out, asking for what is missing. Return: 0 when the buffer is full or the end was
 * reached, else why not: -EAGAIN, -EFAULT, -EIO memory has failed, -ESTALE, -EINTR,
 * -ERESTARTNOINTR or a FAIL code.
 */
static int zxp_read(struct zxp_read *read)
{
	const struct zxp_view *view = &read->view;
	const struct zxp_child_ops *ops = view->ops;
	struct zxp_request request = {};
	unsigned long generation;
	struct folio *folio;
	size_t offset, len, copied;
	int ret = 0;
	loff_t at;

	while (!ret && iov_iter_count(read->to)) {
		cond_resched();
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			break;
		}
		generation = zxp_vmo_generation(view->vmo);
		at = zxp_view_at(view, read->pos);
		folio = ops ? ops->find(read, at >> PAGE_SHIFT) :
			      zxp_vmo_find(read, at >> PAGE_SHIFT);
		if (IS_ERR(folio)) {
			if (folio == ERR_PTR(-ERANGE))
				break;
			ret = folio == ERR_PTR(-EAGAIN) ?
			      zxp_read_missing(read, &request, at >> PAGE_SHIFT, generation) :
			      zxp_read_poisoned(read, at >> PAGE_SHIFT);
			continue;
		}
		offset = folio ? offset_in_folio(folio, at) : offset_in_page(at);
		len = zxp_read_run(folio, offset, !ops);
		if (!len) {
			folio_put(folio);
			ret = zxp_read_poisoned(read, at >> PAGE_SHIFT);
			continue;
		}
		len = min3((loff_t)len, read->end - read->pos,
			   (loff_t)iov_iter_count(read->to));
		copied = zxp_read_copy(read, folio, offset, len);
		if (!(ops ? ops->confirm(read, at >> PAGE_SHIFT) : zxp_vmo_confirm(read))) {
			iov_iter_revert(read->to, copied);
			continue;
		}
		read->pos += copied;
		if (copied < len)
			ret = -EFAULT;
	}

	if (view->vmo->source)
		zxp_request_end(view->vmo->source, &request);
	return ret;
}

/* read() and its kin. Of @read the view is set, and if it ends with the stream. */
ssize_t zxp_read_iter(struct zxp_read *read, struct kiocb *iocb, struct iov_iter *to)
{
	loff_t start = iocb->ki_pos;
	int ret;

	read->to = to;
	read->pos = start;
	read->nowait = iocb->ki_flags & IOCB_NOWAIT;
	ret = zxp_read(read);
	iocb->ki_pos = read->pos;
	return read->pos > start ? read->pos - start : ret;
}

/**
 * zxp_io_range() - the range of an ioctl, which has to lie inside
 * @nr_pages: how large that is
 * @args: of the ioctl
 * @iter: becomes the caller's buffer
 * @direction: ITER_DEST or ITER_SOURCE
 *
 * Return: 0, -ERANGE or -EFAULT.
 */
int zxp_io_range(pgoff_t nr_pages, const struct zxp_vmo_io *args, struct iov_iter *iter,
		 unsigned int direction)
{
	void __user *buffer = u64_to_user_ptr(args->buffer);

	if (!zxp_in_bounds(nr_pages, args->offset, args->length))
		return -ERANGE;
	if (!access_ok(buffer, args->length))
		return -EFAULT;
	iov_iter_ubuf(iter, direction, buffer, args->length);
	return 0;
}

/* VMO_READ. Of @read the view is set, and if the daemon reads. */
int zxp_read_range(struct zxp_read *read, pgoff_t nr_pages, const struct zxp_vmo_io *args)
{
	struct iov_iter to;
	int ret = zxp_io_range(nr_pages, args, &to, ITER_DEST);

	if (ret)
		return ret;
	read->to = &to;
	read->pos = args->offset;
	ret = zxp_read(read);
	/* It was in bounds, so it has shrunk. */
	return !ret && iov_iter_count(&to) ? -ERANGE : ret;
}

ssize_t zxp_vmo_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct zxp_read read = {
		.view = { .vmo = zxp_vmo_of(file_inode(iocb->ki_filp)) }, .stream = true,
	};

	return zxp_read_iter(&read, iocb, to);
}

int zxp_vmo_read(struct file *file, const struct zxp_vmo_io *args)
{
	struct zxp_vmo *vmo = zxp_vmo_of(file_inode(file));
	struct zxp_read read = {
		.view = { .vmo = vmo }, .daemon = zxp_file_daemon(file),
	};

	return zxp_read_range(&read, zxp_vmo_pages(vmo), args);
}

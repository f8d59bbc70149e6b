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

/* Memory of a page that was found has failed. 0: look again. */
static int zxp_read_poisoned(struct zxp_read *read, pgoff_t index)
{
	struct page *page;
	int ret = read->view.ops->lock(&read->view, index, read->nowait, &page);

	if (page) {
		unlock_page(page);
		put_page(page);
	}
	return ret == -ESTALE ? 0 : ret == -EHWPOISON ? -EIO : ret;
}

/* There is nothing to copy. 0: look again. */
static int zxp_read_missing(struct zxp_read *read, pgoff_t index, unsigned long generation)
{
	const struct zxp_view *view = &read->view;
	loff_t end = min_t(loff_t, read->end, read->pos + iov_iter_count(read->to));

	if (read->nowait)
		return -EAGAIN;
	return view->ops->ask(view, &read->request, index,
			      view->first + DIV_ROUND_UP_ULL(end, PAGE_SIZE), generation);
}

/* Copy a page that was found, or zeroes. Return: how much of it. */
static size_t zxp_read_copy(struct zxp_read *read, struct page *page, size_t len)
{
	const struct zxp_view *view = &read->view;
	size_t copied;

	if (!page)
		return iov_iter_zero(len, read->to);
	copied = zxp_copy_page_to_iter(page, offset_in_page(read->pos), len, read->to,
				       !view->child);
	/* What a child has for itself is on no list of reclaim. */
	if (page_folio(page)->mapping == view->vmo->inode.i_mapping)
		folio_mark_accessed(page_folio(page));
	put_page(page);
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
	unsigned long generation;
	size_t len, copied;
	struct page *page;
	pgoff_t index;
	int ret = 0;

	while (!ret && iov_iter_count(read->to)) {
		cond_resched();
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			break;
		}
		generation = zxp_vmo_generation(view->vmo);
		index = view->first + (read->pos >> PAGE_SHIFT);
		len = iov_iter_count(read->to);
		page = view->ops->find(read, index, &len);
		if (page == ERR_PTR(-ERANGE))
			break;
		if (IS_ERR(page)) {
			ret = page == ERR_PTR(-EHWPOISON) ?
			      zxp_read_poisoned(read, index) :
			      zxp_read_missing(read, index, generation);
			continue;
		}
		copied = zxp_read_copy(read, page, len);
		if (!view->ops->confirm(read, index)) {
			iov_iter_revert(read->to, copied);
			continue;
		}
		read->pos += copied;
		if (copied < len)
			ret = -EFAULT;
	}

	if (view->vmo->source)
		zxp_request_end(view->vmo->source, &read->request);
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
		.view = zxp_vmo_view(zxp_vmo_of(file_inode(iocb->ki_filp))), .stream = true,
	};

	return zxp_read_iter(&read, iocb, to);
}

int zxp_vmo_read(struct file *file, const struct zxp_vmo_io *args)
{
	struct zxp_vmo *vmo = zxp_vmo_of(file_inode(file));
	struct zxp_read read = {
		.view = zxp_vmo_view(vmo), .daemon = zxp_file_is_first(file),
	};

	return zxp_read_range(&read, zxp_vmo_pages(vmo), args);
}

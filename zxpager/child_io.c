// SPDX-License-Identifier: GPL-2.0
/*
 * read() and write() of a child, and the ioctls with Zircon's rules for the same. A child
 * has one size, in whole pages.
 */
#include <linux/uio.h>

#include "child.h"

ssize_t zxp_child_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct zxp_read read = { .view = zxp_child_view(zxp_child_of(iocb->ki_filp)) };

	return zxp_read_iter(&read, iocb, to);
}

/* Only ftruncate() makes it larger. */
ssize_t zxp_child_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct zxp_child *child = zxp_child_of(iocb->ki_filp);
	const struct zxp_view view = zxp_child_view(child);
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
	ret = zxp_copy_in(&view, &iocb->ki_pos, from, iocb->ki_flags & IOCB_NOWAIT);
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
	const struct zxp_view view = zxp_child_view(child);

	return zxp_write_range(&view, zxp_child_pages(child), ULLONG_MAX, file, args);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * What is done to a slice: it is cut where the slice ends, and done to the VMO or the copy.
 */
#include <linux/fs.h>
#include <linux/falloc.h>
#include <linux/fsnotify.h>
#include <linux/uio.h>

#include "child.h"

/* A copy may be changed whatever it is one of. */
bool zxp_slice_sealed(struct zxp_slice *slice)
{
	return !slice->child && zxp_vmo_sealed(slice->root);
}

/* Where what is written to it ends at the latest; it may be before its beginning. */
static loff_t zxp_slice_write_end(struct zxp_slice *slice)
{
	loff_t size = zxp_slice_size(slice);

	return slice->child ? size :
	       min(size, zxp_vmo_write_end(slice->root) - zxp_slice_start(slice));
}

/* It has no stream size: it ends at its last page, wherever the stream of the VMO does. */
ssize_t zxp_slice_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct zxp_slice *slice = zxp_slice_of(iocb->ki_filp);
	loff_t start = iocb->ki_pos, size = zxp_slice_size(slice);
	struct zxp_read read = { .view = zxp_slice_view(slice) };
	size_t cut;
	ssize_t ret;

	if (start >= size)
		return 0;
	cut = iov_iter_count(to);
	iov_iter_truncate(to, size - start);
	cut -= iov_iter_count(to);
	ret = zxp_read_iter(&read, iocb, to);
	iov_iter_reexpand(to, iov_iter_count(to) + cut);
	return ret;
}

/* Errors of the daemon are for who has the slice open when they come. */
void zxp_slice_begin(struct file *file)
{
	struct zxp_vmo *root = zxp_slice_of(file)->root;

	file->f_wb_err = filemap_sample_wb_err(root->inode.i_mapping);
}

/* An error that came while nobody waited is told once to each file. A copy is not stored. */
int zxp_slice_sync(struct file *file, loff_t start, loff_t end, bool restarts)
{
	struct zxp_slice *slice = zxp_slice_of(file);
	loff_t size = zxp_slice_size(slice);
	int ret = 0, err;

	if (slice->child)
		return 0;
	if (start < size)
		ret = zxp_vmo_sync_wait(slice->root, start + zxp_slice_start(slice),
					min(end, size - 1) + zxp_slice_start(slice), restarts);
	if (ret == -ERESTARTNOINTR)
		return ret;
	spin_lock(&file->f_lock);
	err = errseq_check_and_advance(&slice->root->inode.i_mapping->wb_err,
				       &file->f_wb_err);
	spin_unlock(&file->f_lock);
	return ret ?: err;
}

/* What the VFS does for the file that it knows. */
static void zxp_slice_changes(struct file *file)
{
	struct zxp_slice *slice = zxp_slice_of(file);

	zxp_slice_changed(slice);
	if (!slice->child)
		file_update_time(zxp_child_map(file_inode(file)));
}

ssize_t zxp_slice_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	bool nowait = iocb->ki_flags & IOCB_NOWAIT;
	struct file *file = iocb->ki_filp;
	struct zxp_slice *slice = zxp_slice_of(file);
	const struct zxp_view view = zxp_slice_view(slice);
	loff_t start, size = zxp_slice_write_end(slice);
	ssize_t ret;
	int err;

	if (zxp_slice_sealed(slice))
		return -EPERM;
	if (nowait && iocb_is_dsync(iocb) && !slice->child &&
	    slice->root->flags & ZXP_CREATE_SYNC)
		return -EAGAIN;
	ret = generic_write_checks(iocb, from);
	if (ret <= 0)
		return ret;
	start = iocb->ki_pos;
	if (start >= size)
		return -ENOSPC;
	/* A loop device on it does not end with the stream. See zxp_vmo_write_iter(). */
	if (size < zxp_slice_size(slice) && iov_iter_is_bvec(from) &&
	    iov_iter_count(from) > (u64)(size - start))
		return -ENOSPC;
	iov_iter_truncate(from, size - start);
	zxp_slice_changes(file);
	err = zxp_copy_in(&view, &iocb->ki_pos, from, nowait);
	/* See zxp_vmo_write_iter(). */
	if (err && iov_iter_is_bvec(from))
		iocb->ki_pos = start;
	if (iocb->ki_pos == start)
		return err;
	if (!slice->child)
		fsnotify_modify(zxp_child_map(file_inode(file)));
	ret = iocb->ki_pos - start;
	if (iocb_is_dsync(iocb))
		ret = zxp_slice_sync(file, start, iocb->ki_pos - 1, false) ?: ret;
	return ret;
}

/* Holes and zeroes. @map: the file of its mappings, which does not look at the slice. */
long zxp_slice_clear(struct file *map, int mode, loff_t offset, loff_t length)
{
	struct zxp_slice *slice = map->private_data;
	loff_t size = zxp_slice_size(slice);

	if (mode != (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE) &&
	    (mode & ~FALLOC_FL_KEEP_SIZE) != FALLOC_FL_ZERO_RANGE)
		return -EOPNOTSUPP;
	if (zxp_slice_sealed(slice))
		return -EPERM;
	if (!(mode & FALLOC_FL_KEEP_SIZE) && offset + length > zxp_slice_write_end(slice))
		return -ENOSPC;
	if (offset >= size)
		return 0;
	mode |= FALLOC_FL_KEEP_SIZE;
	length = min(length, size - offset);
	offset += zxp_slice_start(slice);
	zxp_slice_changed(slice);
	return slice->child ? zxp_child_discard(slice->child, mode, offset, length) :
			      zxp_vmo_fallocate(map, mode, offset, length);
}

int zxp_slice_advise(struct zxp_slice *slice, loff_t offset, loff_t len, int advice)
{
	loff_t start = zxp_slice_start(slice), end = zxp_slice_size(slice);

	if (offset < 0 || len < 0)
		return -EINVAL;
	offset = min(offset, end);
	if (len && len < end - offset)
		end = offset + len;
	if (slice->child)
		return zxp_child_advise_pages(slice->child,
					      slice->offset + (offset >> PAGE_SHIFT),
					      slice->offset + DIV_ROUND_UP_ULL(end, PAGE_SIZE),
					      advice);
	return zxp_vmo_advise(slice->root, start + offset, start + end, advice);
}

int zxp_slice_op_range(struct file *file, const struct zxp_vmo_op_range *args)
{
	struct zxp_slice *slice = zxp_slice_of(file);
	struct zxp_vmo_op_range moved = *args;
	int ret = zxp_op_range_check(file, slice->root, slice->nr_pages, args);

	if (ret)
		return min(ret, 0);
	moved.offset += zxp_slice_start(slice);
	if (slice->child && args->op == ZXP_VMO_OP_ZERO)
		zxp_child_changed(slice->child);
	if (slice->child)
		return zxp_child_op_range(slice->child, file, &moved);
	ret = zxp_vmo_op_range(zxp_child_map(file_inode(file)), &moved);
	if (!ret && args->op == ZXP_VMO_OP_ZERO) {
		file_update_time(file);
		fsnotify_modify(file);
	}
	return ret;
}

int zxp_slice_read(struct file *file, const struct zxp_vmo_io *args)
{
	struct zxp_slice *slice = zxp_slice_of(file);
	struct zxp_read read = { .view = zxp_slice_view(slice) };

	return zxp_read_range(&read, slice->nr_pages, args);
}

int zxp_slice_write(struct file *file, const struct zxp_vmo_io *args)
{
	struct zxp_slice *slice = zxp_slice_of(file);
	const struct zxp_view view = zxp_slice_view(slice);
	u64 end = max_t(loff_t, zxp_slice_write_end(slice), 0);
	struct file *map = zxp_child_map(file_inode(file));
	int ret;

	if (zxp_slice_sealed(slice))
		return -EPERM;
	if (!zxp_slice_in_bounds(slice, args->offset, args->length))
		return -ERANGE;
	if (slice->child)
		zxp_child_changed(slice->child);
	ret = zxp_write_range(&view, slice->nr_pages, end, slice->child ? file : map, args);
	if (!ret && !slice->child) {
		file_update_time(file);
		fsnotify_modify(file);
	}
	return ret;
}

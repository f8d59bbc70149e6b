// SPDX-License-Identifier: GPL-2.0
/*
 * fallocate() of a VMO.
 */
#include <linux/fs.h>
#include <linux/falloc.h>
#include <linux/sched/signal.h>

#include "access.h"

/* Make the stream at least @end long, with zeroes. */
static int zxp_vmo_extend(struct file *file, loff_t end)
{
	struct zxp_vmo *vmo = zxp_vmo_of(file_inode(file));
	bool resizes = zxp_may_resize(file->f_path.dentry);
	unsigned long cuts;
	int ret;

	do {
		if (zxp_vmo_stream_size(vmo, &cuts) >= end)
			return 0;
		if (vmo->flags & ZXP_CREATE_FIXED)
			return -ENOSPC;
		if (end > vmo->max_size)
			return -EFBIG;
		ret = inode_newsize_ok(&vmo->inode, end);
		if (!ret && end > (loff_t)zxp_vmo_pages(vmo) << PAGE_SHIFT)
			ret = !resizes ? -ENOSPC :
			      zxp_vmo_grow(vmo, DIV_ROUND_UP_ULL(end, PAGE_SIZE), false);
		if (!ret)
			ret = zxp_vmo_clear_gap(vmo, round_up(end, PAGE_SIZE));
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
		if (!ret)
			ret = zxp_vmo_extend_stream(vmo, end, cuts);
	} while (ret == -EAGAIN);
	return ret;
}

/*
 * ZERO in two ways. A hole is a zero range, of which the daemon hears, and can give back
 * what it has there: so do MADV_REMOVE, and what a loop device discards. There any error
 * but EOPNOTSUPP is one of the device.
 */
long zxp_vmo_fallocate(struct file *file, int mode, loff_t offset, loff_t length)
{
	struct zxp_vmo *vmo = zxp_vmo_of(file_inode(file));
	loff_t end = offset + length, size;
	bool punch = mode == (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE);
	int ret;

	if (!punch && (mode & ~FALLOC_FL_KEEP_SIZE) != FALLOC_FL_ZERO_RANGE)
		return -EOPNOTSUPP;
	if (zxp_vmo_sealed(vmo))
		return -EPERM;
	if (end > ZXP_MAX_VMO_SIZE)
		return -EFBIG;

	file_update_time(file);
	if (!(mode & FALLOC_FL_KEEP_SIZE)) {
		ret = zxp_vmo_extend(file, end);
		if (ret)
			return ret;
	}
	size = (loff_t)zxp_vmo_pages(vmo) << PAGE_SHIFT;
	ret = offset < size ?
	      zxp_vmo_clear(vmo, offset, min(end, size) - offset,
			    punch ? ZXP_CLEAR_DISCARD : ZXP_CLEAR_ZERO) : 0;
	/* Cut off meanwhile, so there is nothing to clear. */
	return ret == -ERANGE ? 0 : ret;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * What anyone who holds a VMO may know of it: VMO_GET_INFO, fdinfo, and stat().
 */
#include <linux/blk_types.h>
#include <linux/fs.h>
#include <linux/seq_file.h>

#include "access.h"

/**
 * zxp_vmo_info_flags() - what kind of VMO it is
 * @vmo: the VMO
 *
 * Return: ZXP_VMO_INFO_*, for a VMO or a slice of it.
 */
u32 zxp_vmo_info_flags(struct zxp_vmo *vmo)
{
	u32 flags = ZXP_VMO_INFO_PAGER_BACKED;

	if (!vmo->source)
		return 0;
	if (vmo->flags & ZXP_CREATE_SYNC)
		flags |= ZXP_VMO_INFO_SYNC;
	if (vmo->flags & ZXP_CREATE_FIXED)
		flags |= ZXP_VMO_INFO_FIXED;
	if (vmo->flags & ZXP_CREATE_READ_ONLY)
		flags |= ZXP_VMO_INFO_READ_ONLY;
	spin_lock(&vmo->source->lock);
	if (vmo->source->detached)
		flags |= ZXP_VMO_INFO_DETACHED;
	spin_unlock(&vmo->source->lock);
	return flags;
}

/**
 * zxp_vmo_info_below() - what a child is told of the VMO at the bottom
 * @root: that VMO
 * @start: page of @root that is the first one of the child
 * @end: the page after its last one
 * @info: what the child tells
 *
 * Whether its pager is gone, and what an access failed with, if that was in the child.
 */
void zxp_vmo_info_below(struct zxp_vmo *root, pgoff_t start, pgoff_t end,
			struct zxp_vmo_info *info)
{
	const struct zxp_failure last = zxp_vmo_last_failure(root);

	info->out_flags |= zxp_vmo_info_flags(root) & ZXP_VMO_INFO_DETACHED;
	if (!last.error || last.index < start || last.index >= end)
		return;
	info->out_failures = last.nr;
	info->out_fail_offset = (u64)(last.index - start) << PAGE_SHIFT;
	info->out_fail_error = last.error;
}

/* Anyone may ask, again and again: nothing is counted here, and no lock is slept for. */
static void zxp_vmo_info_fill(struct file *file, struct zxp_vmo_info *info)
{
	struct zxp_vmo *vmo = zxp_vmo_of(file_inode(file));
	const struct zxp_failure last = zxp_vmo_last_failure(vmo);
	struct zxp_source *source = vmo->source;

	*info = (struct zxp_vmo_info) {
		.size = sizeof(*info),
		.out_options = vmo->options,
		.out_vmo_size = (u64)zxp_vmo_pages(vmo) << PAGE_SHIFT,
		.out_stream_size = i_size_read(&vmo->inode),
		.out_resident = (u64)READ_ONCE(vmo->inode.i_mapping->nrpages) <<
				PAGE_SHIFT,
		.out_supplied_bytes =
			(u64)atomic64_read(&vmo->supplied) << PAGE_SHIFT,
		.out_failures = last.nr,
		.out_fail_offset = (u64)last.index << PAGE_SHIFT,
		.out_fail_error = last.error,
	};
	zxp_kin_info(vmo, &vmo->kin, info);
	info->out_scaled_bytes = info->out_resident;
	if (!zxp_may_resize(file->f_path.dentry))
		info->out_options &= ~ZXP_VMO_RESIZABLE;
	if (zxp_file_is_reference(file))
		info->out_flags = ZXP_VMO_INFO_REFERENCE;
	/* Of a plain VMO nothing is ever written back. */
	if (!source)
		return;

	info->out_dirty_bytes = (u64)READ_ONCE(vmo->nr_unwritten) << PAGE_SHIFT;
	info->out_zero_bytes = (u64)zxp_zero_pages(&vmo->zeroes, ZXP_ZERO_DIRTY) <<
			       PAGE_SHIFT;
	info->out_flags |= zxp_vmo_info_flags(vmo);
	spin_lock(&source->lock);
	info->out_waiting = source->nr_waiting;
	info->out_requests = source->nr_requests;
	info->out_read_packets = source->read_packets;
	info->out_read_bytes = source->read_pages << PAGE_SHIFT;
	info->out_dirty_packets = source->dirty_packets;
	info->out_sync_packets = source->sync_packets;
	spin_unlock(&source->lock);
}

int zxp_vmo_get_info(struct file *file, struct zxp_vmo_info *args)
{
	if (args->flags || args->reserved)
		return -EINVAL;
	zxp_vmo_info_fill(file, args);
	return 0;
}

void zxp_vmo_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct zxp_vmo_info info;

	zxp_vmo_info_fill(file, &info);
	seq_printf(m, "zxpager-state:\t%s\n",
		   !(info.out_flags & ZXP_VMO_INFO_PAGER_BACKED) ? "plain" :
		   info.out_flags & ZXP_VMO_INFO_DETACHED ? "detached" :
							    "attached");
	seq_printf(m, "zxpager-id:\t%llu\n", info.out_id);
	seq_printf(m, "zxpager-size:\t%llu\n", info.out_vmo_size);
	seq_printf(m, "zxpager-resident:\t%llu\n", info.out_resident);
	seq_printf(m, "zxpager-children:\t%llu\n", info.out_children);
	seq_printf(m, "zxpager-waiting:\t%llu\n", info.out_waiting);
	seq_printf(m, "zxpager-requests:\t%llu\n", info.out_requests);
	seq_printf(m, "zxpager-read-packets:\t%llu\n", info.out_read_packets);
	seq_printf(m, "zxpager-dirty:\t%llu\n", info.out_dirty_bytes);
	seq_printf(m, "zxpager-dirty-zero:\t%llu\n", info.out_zero_bytes);
	seq_printf(m, "zxpager-dirty-packets:\t%llu\n",
		   info.out_dirty_packets);
}

#define ZXP_ZERO_BLOCKS	(BIT(ZXP_ZERO_MARKER) | BIT(ZXP_ZERO_DIRTY))

/* How many pages from @index on are in zero ranges; of many ranges, not of all. */
static pgoff_t zxp_vmo_zeroes_from(struct zxp_vmo *vmo, pgoff_t index)
{
	unsigned int budget = ZXP_ZERO_BUDGET;
	struct zxp_zero_range *range;
	pgoff_t pages = 0;

	spin_lock(&vmo->zero_lock);
	while ((range = zxp_zero_find_kinds(&vmo->zeroes, &index, ULONG_MAX,
					    ZXP_ZERO_BLOCKS, &budget))) {
		pages += range->end - max(range->start, index);
		index = range->end;
	}
	spin_unlock(&vmo->zero_lock);
	return pages;
}

/*
 * How much of the stream is more than zeroes, wherever it is: there are programs that do
 * not read a file without blocks. A plain VMO has nothing but what is in memory.
 */
static pgoff_t zxp_vmo_allocated(struct zxp_vmo *vmo)
{
	pgoff_t pages = zxp_vmo_stream_pages(vmo), zero;

	if (!vmo->source)
		return READ_ONCE(vmo->inode.i_mapping->nrpages);
	zero = zxp_zero_pages(&vmo->zeroes, ZXP_ZERO_MARKER) +
	       zxp_zero_pages(&vmo->zeroes, ZXP_ZERO_DIRTY);
	/* Some of it may lie behind the stream. */
	if (zero)
		zero -= min(zero, zxp_vmo_zeroes_from(vmo, pages));
	if (zero < pages)
		return pages - zero;
	return zxp_vmo_zero_end(vmo, 0) < pages ? 1 : 0;
}

int zxp_vmo_getattr(struct mnt_idmap *idmap, const struct path *path,
		    struct kstat *stat, u32 request_mask, unsigned int flags)
{
	struct zxp_vmo *vmo = zxp_vmo_of(d_inode(path->dentry));
	int ret = simple_getattr(idmap, path, stat, request_mask, flags);

	stat->blocks = (u64)zxp_vmo_allocated(vmo) << (PAGE_SHIFT - SECTOR_SHIFT);
	return ret;
}

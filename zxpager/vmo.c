// SPDX-License-Identifier: GPL-2.0
/*
 * The file of a VMO: open, mmap, information.
 */
#include <linux/file.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include "zxpager_private.h"

/*
 * Reopened through /proc/PID/fd/N. Two readers that share a descriptor are not
 * to wait for each other's daemon in a lock that no signal ends, so the file
 * position is not locked.
 */
static int zxp_vmo_open(struct inode *inode, struct file *file)
{
	int ret = zxp_fs_pin();

	if (ret)
		return ret;
	file->f_mode &= ~FMODE_ATOMIC_POS;
	file->f_mode |= ZXP_FMODE_NOWAIT;
	return 0;
}

static int zxp_vmo_release(struct inode *inode, struct file *file)
{
	zxp_fs_unpin();
	return 0;
}

static int zxp_vmo_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &zxp_vm_ops;
	return 0;
}

/*
 * Only the daemon knows of storage, and it decides when to write. Whether it wants
 * to be asked was said when the VMO was made.
 */
static int zxp_vmo_fsync(struct file *file, loff_t start, loff_t end,
			 int datasync)
{
	struct zxp_vmo *vmo = zxp_vmo_of(file_inode(file));
	pgoff_t last = min_t(pgoff_t, end >> PAGE_SHIFT, ZXP_MAX_VMO_PAGES - 1);
	pgoff_t nr_pages = zxp_vmo_pages(vmo);
	int ret, err;

	if (!(vmo->flags & ZXP_CREATE_SYNC))
		return 0;
	ret = zxp_sync_wait(vmo->source,
			    min_t(pgoff_t, start >> PAGE_SHIFT, nr_pages),
			    min(last + 1, nr_pages));
	/* An error that came while nobody waited is told once to each file. */
	err = file_check_and_advance_wb_err(file);
	return ret ?: err;
}

/**
 * zxp_vmo_get_file() - the VMO behind a descriptor
 * @fd: the descriptor
 * @mode: FMODE_* that it must have been opened with
 * @vmo: the VMO
 *
 * Return: its file, to be put; or -EBADF, -EMEDIUMTYPE, -EACCES.
 */
struct file *zxp_vmo_get_file(int fd, fmode_t mode, struct zxp_vmo **vmo)
{
	struct file *file = fget(fd);
	int ret;

	if (!file)
		return ERR_PTR(-EBADF);

	ret = -EMEDIUMTYPE;
	if (file->f_op != &zxp_vmo_fops)
		goto put;
	ret = -EACCES;
	if ((file->f_mode & mode) != mode)
		goto put;

	*vmo = zxp_vmo_of(file_inode(file));
	return file;
put:
	fput(file);
	return ERR_PTR(ret);
}

/* The same for a VMO that must be of this pager; -EINVAL if it is not. */
struct file *zxp_pager_vmo_file(struct zxp_pager *pager, int fd, fmode_t mode,
				struct zxp_vmo **vmo)
{
	struct file *file = zxp_vmo_get_file(fd, mode, vmo);

	if (!IS_ERR(file) && (*vmo)->pager != pager) {
		fput(file);
		return ERR_PTR(-EINVAL);
	}
	return file;
}

/* An access failed with a code of the daemon: keep it for who wants to know. */
void zxp_vmo_note_failure(struct zxp_vmo *vmo, pgoff_t index, int error)
{
	atomic64_inc(&vmo->failures);
	WRITE_ONCE(vmo->fail_index, index);
	WRITE_ONCE(vmo->fail_error, -error);
}

static int zxp_vmo_info_fill(struct zxp_vmo *vmo, struct zxp_vmo_info *info)
{
	struct zxp_source *source = vmo->source;
	u64 pages, zeroes;
	int ret;

	ret = zxp_vmo_count_dirty(vmo, &pages, &zeroes);
	if (ret)
		return ret;

	*info = (struct zxp_vmo_info) {
		.size = sizeof(*info),
		.out_options = vmo->options,
		.out_vmo_size = (u64)zxp_vmo_pages(vmo) << PAGE_SHIFT,
		.out_stream_size = i_size_read(&vmo->inode),
		.out_resident = (u64)READ_ONCE(vmo->inode.i_mapping->nrpages) <<
				PAGE_SHIFT,
		.out_supplied_bytes =
			(u64)atomic64_read(&vmo->supplied) << PAGE_SHIFT,
		.out_failures = atomic64_read(&vmo->failures),
		.out_fail_offset = (u64)READ_ONCE(vmo->fail_index) << PAGE_SHIFT,
		.out_fail_error = READ_ONCE(vmo->fail_error),
		.out_dirty_bytes = pages,
		.out_zero_bytes = zeroes,
	};
	if (!source)
		return 0;

	info->out_flags = ZXP_VMO_INFO_PAGER_BACKED;
	if (vmo->flags & ZXP_CREATE_SYNC)
		info->out_flags |= ZXP_VMO_INFO_SYNC;
	spin_lock(&source->lock);
	if (source->detached)
		info->out_flags |= ZXP_VMO_INFO_DETACHED;
	info->out_key = source->key;
	info->out_waiting = source->nr_waiting;
	info->out_requests = source->nr_requests;
	info->out_read_packets = source->read_packets;
	info->out_read_bytes = source->read_pages << PAGE_SHIFT;
	info->out_dirty_packets = source->dirty_packets;
	info->out_sync_packets = source->sync_packets;
	spin_unlock(&source->lock);
	return 0;
}

int zxp_vmo_get_info(struct zxp_vmo *vmo, struct zxp_vmo_info *args)
{
	if (args->flags || args->reserved)
		return -EINVAL;
	return zxp_vmo_info_fill(vmo, args);
}

static void zxp_vmo_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct zxp_vmo_info info;

	if (zxp_vmo_info_fill(zxp_vmo_of(file_inode(file)), &info))
		return;
	seq_printf(m, "zxpager-key:\t%llu\n", info.out_key);
	seq_printf(m, "zxpager-state:\t%s\n",
		   !(info.out_flags & ZXP_VMO_INFO_PAGER_BACKED) ? "plain" :
		   info.out_flags & ZXP_VMO_INFO_DETACHED ? "detached" :
							    "attached");
	seq_printf(m, "zxpager-size:\t%llu\n", info.out_vmo_size);
	seq_printf(m, "zxpager-resident:\t%llu\n", info.out_resident);
	seq_printf(m, "zxpager-waiting:\t%llu\n", info.out_waiting);
	seq_printf(m, "zxpager-requests:\t%llu\n", info.out_requests);
	seq_printf(m, "zxpager-read-packets:\t%llu\n", info.out_read_packets);
	seq_printf(m, "zxpager-dirty:\t%llu\n", info.out_dirty_bytes);
	seq_printf(m, "zxpager-dirty-zero:\t%llu\n", info.out_zero_bytes);
	seq_printf(m, "zxpager-dirty-packets:\t%llu\n",
		   info.out_dirty_packets);
}

const struct file_operations zxp_vmo_fops = {
	.owner = THIS_MODULE,
	ZXP_FOP_FLAGS
	.open = zxp_vmo_open,
	.release = zxp_vmo_release,
	.mmap = zxp_vmo_mmap,
	.get_unmapped_area = thp_get_unmapped_area,
	.read_iter = zxp_vmo_read_iter,
	.write_iter = zxp_vmo_write_iter,
	.splice_read = copy_splice_read,
	.splice_write = iter_file_splice_write,
	.llseek = generic_file_llseek,
	.fsync = zxp_vmo_fsync,
	.fadvise = zxp_vmo_fadvise,
	.fallocate = zxp_vmo_fallocate,
	.unlocked_ioctl = zxp_vmo_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.show_fdinfo = zxp_vmo_show_fdinfo,
};

const struct inode_operations zxp_vmo_iops = {
	.setattr = zxp_vmo_setattr,
	.getattr = simple_getattr,
};

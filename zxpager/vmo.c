// SPDX-License-Identifier: GPL-2.0
/*
 * The file of a VMO: what the VFS calls.
 */
#include <linux/module.h>

#include "objects.h"

const struct address_space_operations zxp_vmo_aops = {
	.dirty_folio = zxp_dirty_folio,
	.release_folio = zxp_release_folio,
	.invalidate_folio = zxp_invalidate_folio,
	.migrate_folio = zxp_migrate_folio,
	.error_remove_folio = zxp_error_remove,
};

static void zxp_vmo_count(struct file *file, bool begins)
{
	struct zxp_vmo *vmo = zxp_vmo_of(file_inode(file));

	zxp_reference_count(file, vmo, &vmo->kin, begins);
}

/*
 * Reopened through /proc/PID/fd/N. Two readers that share a descriptor are not
 * to wait for each other's daemon in a lock that no signal ends, so the file
 * position is not locked.
 */
static int zxp_vmo_open(struct inode *inode, struct file *file)
{
	int ret = zxp_may_open(file) ?: zxp_fs_pin();

	if (ret)
		return ret;
	zxp_vmo_count(file, true);
	file->f_mode &= ~FMODE_ATOMIC_POS;
	file->f_mode |= ZXP_FMODE_NOWAIT;
	return 0;
}

static int zxp_vmo_release(struct inode *inode, struct file *file)
{
	zxp_vmo_count(file, false);
	zxp_fs_unpin();
	return 0;
}

static __poll_t zxp_vmo_poll(struct file *file, struct poll_table_struct *pt)
{
	return zxp_kin_poll(&zxp_vmo_of(file_inode(file))->kin, file, pt);
}

static int zxp_vmo_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct zxp_vmo *vmo = zxp_vmo_of(file_inode(file));
	int ret = zxp_vmo_may_map(vmo, vma);

	if (ret)
		return ret;
	vma->vm_private_data = vmo;
	vma->vm_ops = &zxp_vm_ops;
	return 0;
}

/*
 * A signal ends it, also that of the freezer, for a task that goes back to user mode and
 * makes the call again. Others would hand the code for that to their users.
 */
static int zxp_vmo_fsync(struct file *file, loff_t start, loff_t end,
			 int datasync)
{
	return zxp_vmo_sync(file, start, end, zxp_task_is_user());
}

const struct file_operations zxp_vmo_fops = {
	.owner = THIS_MODULE,
	ZXP_FOP_FLAGS
	.open = zxp_vmo_open,
	.release = zxp_vmo_release,
	.poll = zxp_vmo_poll,
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

/* Before any capability is asked, so root is not asked either. */
static int zxp_vmo_permission(struct mnt_idmap *idmap, struct inode *inode, int mask)
{
	if (mask & MAY_WRITE && zxp_vmo_sealed(zxp_vmo_of(inode)))
		return -EACCES;
	return generic_permission(idmap, inode, mask);
}

const struct inode_operations zxp_vmo_iops = {
	.permission = zxp_vmo_permission,
	.setattr = zxp_vmo_setattr,
	.getattr = zxp_vmo_getattr,
};

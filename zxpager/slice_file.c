// SPDX-License-Identifier: GPL-2.0
/*
 * The descriptors of slices: what the VFS calls, and their ioctls.
 */
#include <linux/blk_types.h>
#include <linux/fsnotify.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include "child.h"

/* What a child of it is one of. */
struct zxp_parent zxp_slice_parent(struct file *file)
{
	struct zxp_slice *slice = zxp_slice_of(file);

	return (struct zxp_parent) {
		.file = file,
		.root = slice->root,
		.child = slice->child,
		.slice = slice,
	};
}

static int zxp_slice_open(struct inode *inode, struct file *file)
{
	struct zxp_slice *slice = zxp_slice_of(file);
	int ret = zxp_child_open_file(file);

	if (ret)
		return ret;
	zxp_reference_count(file, slice->root, slice->kin, true);
	zxp_slice_begin(file);
	return 0;
}

static int zxp_slice_release(struct inode *inode, struct file *file)
{
	struct zxp_slice *slice = zxp_slice_of(file);

	zxp_reference_count(file, slice->root, slice->kin, false);
	zxp_child_unpin();
	return 0;
}

static __poll_t zxp_slice_poll(struct file *file, struct poll_table_struct *pt)
{
	return zxp_kin_poll(zxp_slice_of(file)->kin, file, pt);
}

/* See zxp_vmo_fsync(). */
static int zxp_slice_fsync(struct file *file, loff_t start, loff_t end, int datasync)
{
	return zxp_slice_sync(file, start, end, zxp_task_is_user());
}

/* The VFS tells who watches the slice, but not who watches the VMO. */
static long zxp_slice_fallocate(struct file *file, int mode, loff_t offset, loff_t length)
{
	struct file *map = zxp_child_map(file_inode(file));
	long ret = zxp_slice_clear(map, mode, offset, length);

	if (!ret && !zxp_slice_of(file)->child)
		fsnotify_modify(map);
	return ret;
}

static int zxp_slice_fadvise(struct file *file, loff_t offset, loff_t len, int advice)
{
	return zxp_slice_advise(zxp_slice_of(file), offset, len, advice);
}

static int zxp_ioc_slice_get_info(struct file *file, union zxp_args *args,
				  struct zxp_new_file *new)
{
	struct zxp_slice *slice = zxp_slice_of(file);

	if (args->vmo_info.flags || args->vmo_info.reserved)
		return -EINVAL;
	args->vmo_info = (struct zxp_vmo_info) {
		.size = sizeof(args->vmo_info),
		.out_flags = slice->child ? ZXP_VMO_INFO_COPY :
					    zxp_vmo_info_flags(slice->root),
		.out_vmo_size = zxp_slice_size(slice),
		.out_stream_size = zxp_slice_size(slice),
		.out_children = zxp_kin_children(slice->kin),
	};
	zxp_vmo_info_below(slice->root, slice->offset, zxp_slice_end(slice),
			   &args->vmo_info);
	if (zxp_file_is_reference(file))
		args->vmo_info.out_flags |= ZXP_VMO_INFO_REFERENCE;
	return 0;
}

static int zxp_ioc_slice_op_range(struct file *file, union zxp_args *args,
				  struct zxp_new_file *new)
{
	return zxp_slice_op_range(file, &args->vmo_op_range);
}

static int zxp_ioc_slice_read(struct file *file, union zxp_args *args,
			      struct zxp_new_file *new)
{
	if (args->vmo_io.flags)
		return -EINVAL;
	if (!(file->f_mode & FMODE_READ))
		return -EACCES;
	return zxp_slice_read(file, &args->vmo_io);
}

static int zxp_ioc_slice_write(struct file *file, union zxp_args *args,
			       struct zxp_new_file *new)
{
	if (args->vmo_io.flags)
		return -EINVAL;
	if (!(file->f_mode & FMODE_WRITE))
		return -EACCES;
	return zxp_slice_write(file, &args->vmo_io);
}

static int zxp_ioc_slice_create_child(struct file *file, union zxp_args *args,
				      struct zxp_new_file *new)
{
	struct zxp_parent parent = zxp_slice_parent(file);

	return zxp_create_child(&parent, &args->create_child, new);
}

/* It has none: they are those of what it is a part of. */
static int zxp_ioc_slice_query_own(struct file *file, union zxp_args *args,
				   struct zxp_new_file *new)
{
	return -EINVAL;
}

static const struct zxp_ioctl zxp_slice_ioctls[] = {
	ZXP_IOCTL(ZXP_IOC_VMO_GET_INFO, struct zxp_vmo_info,
		  reserved, .call = zxp_ioc_slice_get_info, .answers = true),
	ZXP_IOCTL(ZXP_IOC_VMO_OP_RANGE, struct zxp_vmo_op_range,
		  reserved, .call = zxp_ioc_slice_op_range),
	ZXP_IOCTL(ZXP_IOC_VMO_READ, struct zxp_vmo_io,
		  buffer, .call = zxp_ioc_slice_read),
	ZXP_IOCTL(ZXP_IOC_VMO_WRITE, struct zxp_vmo_io,
		  buffer, .call = zxp_ioc_slice_write),
	ZXP_IOCTL(ZXP_IOC_VMO_CREATE_CHILD, struct zxp_vmo_create_child,
		  reserved, .call = zxp_ioc_slice_create_child,
		  .fd_offset = offsetof(struct zxp_vmo_create_child, out_fd)),
	ZXP_IOCTL(ZXP_IOC_VMO_QUERY_OWN, struct zxp_vmo_query_own,
		  out_next, .call = zxp_ioc_slice_query_own, .answers = true),
};

static long zxp_slice_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return zxp_ioctl(zxp_slice_ioctls, ARRAY_SIZE(zxp_slice_ioctls), file, cmd, arg);
}

static void zxp_slice_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct zxp_slice *slice = zxp_slice_of(file);

	zxp_child_show_kin(m, slice->root, slice->kin);
	seq_puts(m, "zxpager-state:\tslice\n");
	seq_printf(m, "zxpager-size:\t%lld\n", zxp_slice_size(slice));
}

const struct file_operations zxp_slice_fops = {
	.owner = THIS_MODULE,
	ZXP_FOP_FLAGS
	.open = zxp_slice_open,
	.release = zxp_slice_release,
	.poll = zxp_slice_poll,
	.mmap = zxp_slice_mmap,
	.read_iter = zxp_slice_read_iter,
	.write_iter = zxp_slice_write_iter,
	.splice_read = copy_splice_read,
	.splice_write = iter_file_splice_write,
	.llseek = generic_file_llseek,
	.fsync = zxp_slice_fsync,
	.fadvise = zxp_slice_fadvise,
	.fallocate = zxp_slice_fallocate,
	.unlocked_ioctl = zxp_slice_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.show_fdinfo = zxp_slice_show_fdinfo,
};

/* As for a VMO: before any capability is asked. */
static int zxp_slice_permission(struct mnt_idmap *idmap, struct inode *inode, int mask)
{
	struct zxp_slice *slice = zxp_child_map(inode)->private_data;

	if (mask & MAY_WRITE && (!slice->writable || zxp_slice_sealed(slice)))
		return -EACCES;
	return generic_permission(idmap, inode, mask);
}

static int zxp_slice_setattr(struct mnt_idmap *idmap, struct dentry *dentry,
			     struct iattr *attr)
{
	int ret = setattr_prepare(idmap, dentry, attr);

	if (ret)
		return ret;
	if (attr->ia_valid & ATTR_SIZE)
		return zxp_dentry_limits(dentry) & ZXP_LIMIT_NO_WRITE ? -EACCES : -EPERM;
	if (attr->ia_valid & ATTR_MODE)
		attr->ia_mode &= ~(S_ISUID | S_ISGID);
	setattr_copy(idmap, d_inode(dentry), attr);
	return 0;
}

/* There are programs that do not read a file without blocks. */
static int zxp_slice_getattr(struct mnt_idmap *idmap, const struct path *path,
			     struct kstat *stat, u32 request_mask, unsigned int flags)
{
	int ret = simple_getattr(idmap, path, stat, request_mask, flags);

	stat->blocks = stat->size >> SECTOR_SHIFT;
	return ret;
}

static const struct inode_operations zxp_slice_iops = {
	.permission = zxp_slice_permission,
	.setattr = zxp_slice_setattr,
	.getattr = zxp_slice_getattr,
};

/* VMO_CREATE_CHILD of that kind. */
struct file *zxp_create_slice(const struct zxp_parent *parent,
				     const struct zxp_vmo_create_child *args)
{
	struct file *map = zxp_slice_create(parent, args), *file;
	struct zxp_slice *slice;

	if (IS_ERR(map))
		return map;
	slice = map->private_data;
	file = zxp_child_make_file(map, slice->nr_pages, slice->writable, &zxp_slice_fops,
				   &zxp_slice_iops);
	if (!IS_ERR(file)) {
		rcu_assign_pointer(slice->inode, file_inode(file));
		zxp_slice_begin(file);
	}
	return file;
}

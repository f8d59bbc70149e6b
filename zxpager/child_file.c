// SPDX-License-Identifier: GPL-2.0
/*
 * The descriptors of children: what the VFS calls, and their ioctls.
 */
#include <linux/blk_types.h>
#include <linux/file.h>
#include <linux/fsnotify.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include "child.h"

#define ZXP_CHILD_KINDS		(ZXP_CHILD_SNAPSHOT | ZXP_CHILD_SLICE | \
				 ZXP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE | \
				 ZXP_CHILD_REFERENCE | ZXP_CHILD_SNAPSHOT_MODIFIED | \
				 ZXP_CHILD_POINT_IN_TIME)
#define ZXP_CHILD_OPTIONS	(ZXP_CHILD_KINDS | ZXP_CHILD_RESIZABLE | \
				 ZXP_CHILD_NO_WRITE)

static const struct file_operations zxp_child_fops, zxp_slice_fops;
static const struct inode_operations zxp_child_iops, zxp_slice_iops;

static struct zxp_parent zxp_child_parent(struct file *file)
{
	struct zxp_child *child = zxp_child_of(file);

	return (struct zxp_parent) { .file = file, .root = child->root, .child = child };
}

static struct zxp_parent zxp_slice_parent(struct file *file)
{
	struct zxp_slice *slice = zxp_slice_of(file);

	return (struct zxp_parent) {
		.file = file,
		.root = slice->root,
		.child = slice->child,
		.slice = slice,
	};
}

/**
 * zxp_child_get() - the copy or the slice behind a descriptor
 * @fd: the descriptor
 * @mode: FMODE_* that it must have been opened with
 * @what: what it is; its file is to be put
 *
 * Return: 0; or -EBADF, -EACCES; -EINVAL neither of them.
 */
int zxp_child_get(int fd, fmode_t mode, struct zxp_parent *what)
{
	struct file *file = fget(fd);
	int ret = 0;

	if (!file)
		return -EBADF;
	if (file->f_op == &zxp_child_fops)
		*what = zxp_child_parent(file);
	else if (file->f_op == &zxp_slice_fops)
		*what = zxp_slice_parent(file);
	else
		ret = -EINVAL;
	if (!ret && (file->f_mode & mode) != mode)
		ret = -EACCES;
	if (ret)
		fput(file);
	return ret;
}

static int zxp_child_fsync(struct file *file, loff_t start, loff_t end, int datasync)
{
	return 0;
}

/* As for a VMO, see vmo.c. */
static int zxp_open(struct file *file)
{
	int ret = zxp_may_open(file) ?: zxp_child_pin();

	if (ret)
		return ret;
	file->f_mode &= ~FMODE_ATOMIC_POS;
	file->f_mode |= ZXP_FMODE_NOWAIT;
	return 0;
}

static int zxp_child_open(struct inode *inode, struct file *file)
{
	struct zxp_child *child = zxp_child_of(file);
	int ret = zxp_open(file);

	if (!ret)
		zxp_reference_count(file, child->root, child->kin, true);
	return ret;
}

static int zxp_child_release(struct inode *inode, struct file *file)
{
	struct zxp_child *child = zxp_child_of(file);

	zxp_reference_count(file, child->root, child->kin, false);
	zxp_child_unpin();
	return 0;
}

static __poll_t zxp_child_poll(struct file *file, struct poll_table_struct *pt)
{
	return zxp_kin_poll(zxp_child_of(file)->kin, file, pt);
}

/* Pages of a mapping are those of the root from here on, so that reclaim finds it. */
static int zxp_child_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct zxp_child *child = zxp_child_of(file);

	if (vma->vm_pgoff > ZXP_MAX_VMO_PAGES - child->offset)
		return -EOVERFLOW;
	vma->vm_pgoff += child->offset;
	vma->vm_private_data = child;
	vma->vm_ops = &zxp_child_vm_ops;
	vma_set_file(vma, zxp_child_map(file_inode(file)));
	zxp_child_note_mapping(child, vma, false);
	return 0;
}

static long zxp_child_fallocate(struct file *file, int mode, loff_t offset, loff_t length)
{
	file_update_time(file);
	return zxp_child_discard(zxp_child_of(file), mode, offset, length);
}

static int zxp_child_fadvise(struct file *file, loff_t offset, loff_t len, int advice)
{
	return zxp_child_advise(zxp_child_of(file), offset, len, advice);
}

static int zxp_ioc_child_get_info(struct file *file, union zxp_args *args,
				  struct zxp_new_file *new)
{
	struct zxp_child *child = zxp_child_of(file);
	int ret;

	if (args->vmo_info.flags || args->vmo_info.reserved)
		return -EINVAL;
	ret = zxp_child_get_info(child, &args->vmo_info);
	if (!ret && zxp_file_is_reference(file))
		args->vmo_info.out_flags |= ZXP_VMO_INFO_REFERENCE;
	return ret;
}

static int zxp_ioc_child_op_range(struct file *file, union zxp_args *args,
				  struct zxp_new_file *new)
{
	return zxp_child_op_range(zxp_child_of(file), file, &args->vmo_op_range);
}

static int zxp_ioc_child_read(struct file *file, union zxp_args *args,
			      struct zxp_new_file *new)
{
	if (args->vmo_io.flags)
		return -EINVAL;
	if (!(file->f_mode & FMODE_READ))
		return -EACCES;
	return zxp_child_read(zxp_child_of(file), &args->vmo_io);
}

static int zxp_ioc_child_write(struct file *file, union zxp_args *args,
			       struct zxp_new_file *new)
{
	if (args->vmo_io.flags)
		return -EINVAL;
	if (!(file->f_mode & FMODE_WRITE))
		return -EACCES;
	return zxp_child_write(zxp_child_of(file), file, &args->vmo_io);
}

static struct file *zxp_create_copy(const struct zxp_parent *parent,
				    const struct zxp_vmo_create_child *args)
{
	struct file *map = zxp_child_create(parent, args), *file;
	struct zxp_child *child;

	if (IS_ERR(map))
		return map;
	child = map->private_data;
	file = zxp_child_make_file(map, child->kin, child->nr_pages,
				   !(child->options & ZXP_CHILD_NO_WRITE),
				   &zxp_child_fops, &zxp_child_iops);
	if (!IS_ERR(file))
		rcu_assign_pointer(child->inode, file_inode(file));
	return file;
}

static struct file *zxp_create_reference(const struct zxp_parent *parent,
					 const struct zxp_vmo_create_child *args)
{
	bool is_vmo = !parent->child && !parent->slice, resizable;
	struct file *file;
	int ret = is_vmo ? zxp_fs_pin() : zxp_child_pin();

	if (ret)
		return ERR_PTR(ret);
	resizable = is_vmo ? zxp_may_resize(parent->file->f_path.dentry) :
		    !parent->slice && parent->child->options & ZXP_CHILD_RESIZABLE &&
		    !(zxp_file_limits(parent->file) & ZXP_LIMIT_NO_RESIZE);
	file = zxp_reference_create(parent, resizable, args);
	if (IS_ERR(file) && is_vmo)
		zxp_fs_unpin();
	else if (IS_ERR(file))
		zxp_child_unpin();
	else if (parent->slice)
		zxp_slice_begin(file);
	return file;
}

static struct file *zxp_create_slice(const struct zxp_parent *parent,
				     const struct zxp_vmo_create_child *args)
{
	struct file *map = zxp_slice_create(parent, args), *file;
	struct zxp_slice *slice;

	if (IS_ERR(map))
		return map;
	slice = map->private_data;
	file = zxp_child_make_file(map, slice->kin, slice->nr_pages, slice->writable,
				   &zxp_slice_fops, &zxp_slice_iops);
	if (!IS_ERR(file)) {
		rcu_assign_pointer(slice->inode, file_inode(file));
		zxp_slice_begin(file);
	}
	return file;
}

/**
 * zxp_create_child() - VMO_CREATE_CHILD
 * @parent: of what
 * @args: what is asked for
 * @new: the descriptor that comes of it
 *
 * Return: 0; -EINVAL, -EACCES, or what the function of the kind returns.
 */
int zxp_create_child(const struct zxp_parent *parent,
		     const struct zxp_vmo_create_child *args, struct zxp_new_file *new)
{
	u32 kind = args->options & ZXP_CHILD_KINDS;
	struct file *file;

	if (args->reserved || args->options & ~ZXP_CHILD_OPTIONS || hweight32(kind) != 1)
		return -EINVAL;
	if (!(parent->file->f_mode & FMODE_READ))
		return -EACCES;
	switch (kind) {
	case ZXP_CHILD_REFERENCE:
		file = zxp_create_reference(parent, args);
		break;
	case ZXP_CHILD_SLICE:
		file = zxp_create_slice(parent, args);
		break;
	default:
		file = zxp_create_copy(parent, args);
		break;
	}
	if (IS_ERR(file))
		return PTR_ERR(file);
	new->file = file;
	return 0;
}

static int zxp_ioc_child_create_child(struct file *file, union zxp_args *args,
				      struct zxp_new_file *new)
{
	struct zxp_parent parent = zxp_child_parent(file);

	return zxp_create_child(&parent, &args->create_child, new);
}

static int zxp_ioc_child_query_own(struct file *file, union zxp_args *args,
				   struct zxp_new_file *new)
{
	/* The caller may go on with what was answered last time. */
	args->query_own.out_actual = 0;
	args->query_own.out_next = 0;
	if (args->query_own.flags)
		return -EINVAL;
	if (!(file->f_mode & FMODE_READ))
		return -EACCES;
	return zxp_child_query_own(zxp_child_of(file), &args->query_own);
}

static const struct zxp_ioctl zxp_child_ioctls[] = {
	ZXP_IOCTL(ZXP_IOC_VMO_GET_INFO, struct zxp_vmo_info,
		  reserved, .call = zxp_ioc_child_get_info, .answers = true),
	ZXP_IOCTL(ZXP_IOC_VMO_OP_RANGE, struct zxp_vmo_op_range,
		  reserved, .call = zxp_ioc_child_op_range),
	ZXP_IOCTL(ZXP_IOC_VMO_READ, struct zxp_vmo_io,
		  buffer, .call = zxp_ioc_child_read),
	ZXP_IOCTL(ZXP_IOC_VMO_WRITE, struct zxp_vmo_io,
		  buffer, .call = zxp_ioc_child_write),
	ZXP_IOCTL(ZXP_IOC_VMO_CREATE_CHILD, struct zxp_vmo_create_child,
		  reserved, .call = zxp_ioc_child_create_child,
		  .fd_offset = offsetof(struct zxp_vmo_create_child, out_fd)),
	ZXP_IOCTL(ZXP_IOC_VMO_QUERY_OWN, struct zxp_vmo_query_own,
		  out_next, .call = zxp_ioc_child_query_own, .answers = true),
};

static long zxp_child_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return zxp_ioctl(zxp_child_ioctls, ARRAY_SIZE(zxp_child_ioctls), file, cmd, arg);
}

/* The daemon of a VMO looks for who holds it, and has its inode number. */
static void zxp_show_kin(struct seq_file *m, struct zxp_vmo *root, struct zxp_kin *kin)
{
	seq_printf(m, "zxpager-root:\t%llu\n", zxp_vmo_id(root));
	seq_printf(m, "zxpager-id:\t%llu\n", kin->id);
	seq_printf(m, "zxpager-parent:\t%llu\n", kin->parent_id);
	seq_printf(m, "zxpager-children:\t%u\n", zxp_kin_children(kin));
}

static void zxp_child_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct zxp_child *child = zxp_child_of(file);

	/* Anyone may look at all of them in /proc, again and again: no page is looked at. */
	zxp_show_kin(m, child->root, child->kin);
	seq_puts(m, "zxpager-state:\tchild\n");
	seq_printf(m, "zxpager-size:\t%llu\n", (u64)zxp_child_pages(child) << PAGE_SHIFT);
	seq_printf(m, "zxpager-own:\t%llu\n",
		   (u64)zxp_child_own_pages(child) << PAGE_SHIFT);
	seq_printf(m, "zxpager-family:\t%llu\n",
		   (u64)atomic_long_read(&child->root->family->nr_own) << PAGE_SHIFT);
}

static const struct file_operations zxp_child_fops = {
	.owner = THIS_MODULE,
	ZXP_FOP_FLAGS
	.open = zxp_child_open,
	.release = zxp_child_release,
	.poll = zxp_child_poll,
	.mmap = zxp_child_mmap,
	.read_iter = zxp_child_read_iter,
	.write_iter = zxp_child_write_iter,
	.splice_read = copy_splice_read,
	.splice_write = iter_file_splice_write,
	.llseek = generic_file_llseek,
	.fsync = zxp_child_fsync,
	.fadvise = zxp_child_fadvise,
	.fallocate = zxp_child_fallocate,
	.unlocked_ioctl = zxp_child_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.show_fdinfo = zxp_child_show_fdinfo,
};

/* Before any capability is asked, so root is not asked either. */
static int zxp_child_permission(struct mnt_idmap *idmap, struct inode *inode, int mask)
{
	struct zxp_child *child = zxp_child_map(inode)->private_data;

	if (mask & MAY_WRITE && child->options & ZXP_CHILD_NO_WRITE)
		return -EACCES;
	return generic_permission(idmap, inode, mask);
}

static int zxp_child_set_size(struct dentry *dentry, loff_t size)
{
	struct inode *inode = d_inode(dentry);

	if (zxp_dentry_limits(dentry) & ZXP_LIMIT_NO_RESIZE)
		return -EPERM;
	return zxp_child_resize(zxp_child_map(inode)->private_data, inode, size);
}

static int zxp_child_setattr(struct mnt_idmap *idmap, struct dentry *dentry,
			     struct iattr *attr)
{
	int ret = setattr_prepare(idmap, dentry, attr);

	if (ret)
		return ret;
	if (attr->ia_valid & ATTR_MODE)
		attr->ia_mode &= ~(S_ISUID | S_ISGID);
	if (attr->ia_valid & ATTR_SIZE)
		return zxp_setattr_size(idmap, dentry, attr, zxp_child_set_size);
	setattr_copy(idmap, d_inode(dentry), attr);
	return 0;
}

static int zxp_child_getattr(struct mnt_idmap *idmap, const struct path *path,
			     struct kstat *stat, u32 request_mask, unsigned int flags)
{
	struct zxp_child *child = zxp_child_map(d_inode(path->dentry))->private_data;
	int ret = simple_getattr(idmap, path, stat, request_mask, flags);

	stat->blocks = (u64)zxp_child_allocated(child) << (PAGE_SHIFT - SECTOR_SHIFT);
	return ret;
}

static const struct inode_operations zxp_child_iops = {
	.permission = zxp_child_permission,
	.setattr = zxp_child_setattr,
	.getattr = zxp_child_getattr,
};

static int zxp_slice_open(struct inode *inode, struct file *file)
{
	struct zxp_slice *slice = zxp_slice_of(file);
	int ret = zxp_open(file);

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
	};
	zxp_kin_info(slice->root, slice->kin, &args->vmo_info);
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

	zxp_show_kin(m, slice->root, slice->kin);
	seq_puts(m, "zxpager-state:\tslice\n");
	seq_printf(m, "zxpager-size:\t%lld\n", zxp_slice_size(slice));
}

static const struct file_operations zxp_slice_fops = {
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

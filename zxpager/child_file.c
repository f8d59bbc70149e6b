// SPDX-License-Identifier: GPL-2.0
/*
 * The descriptors of children: what the VFS calls, their ioctls, and the file system they
 * are in. Their page cache stays empty.
 */
#include <linux/file.h>
#include <linux/fs_context.h>
#include <linux/magic.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/pseudo_fs.h>
#include <linux/seq_file.h>

#include "child.h"

#define ZXP_CHILD_KINDS		(ZXP_CHILD_SNAPSHOT | ZXP_CHILD_SLICE | \
				 ZXP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE | \
				 ZXP_CHILD_REFERENCE | ZXP_CHILD_SNAPSHOT_MODIFIED)
#define ZXP_CHILD_OPTIONS	(ZXP_CHILD_KINDS | ZXP_CHILD_RESIZABLE | \
				 ZXP_CHILD_NO_WRITE)

static struct vfsmount *zxp_child_mnt;
static int zxp_child_mnt_count;

static int zxp_child_pin(void);
static void zxp_child_unpin(void);
static struct file *zxp_child_make_file(struct zxp_child *child, struct file *map);

static int zxp_child_fsync(struct file *file, loff_t start, loff_t end, int datasync)
{
	return 0;
}

/* As for a VMO, see vmo.c. */
static int zxp_child_open(struct inode *inode, struct file *file)
{
	int ret = zxp_may_open(file) ? zxp_child_pin() : -EACCES;

	if (ret)
		return ret;
	file->f_mode &= ~FMODE_ATOMIC_POS;
	file->f_mode |= ZXP_FMODE_NOWAIT;
	return 0;
}

static int zxp_child_release(struct inode *inode, struct file *file)
{
	zxp_child_unpin();
	return 0;
}

/* Pages of a mapping are those of the root from here on, so that reclaim finds it. */
static int zxp_child_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct zxp_child *child = zxp_child_of(file);

	if (vma->vm_pgoff > ZXP_MAX_VMO_PAGES - child->offset)
		return -EOVERFLOW;
	vma->vm_pgoff += child->offset;
	vma->vm_ops = &zxp_child_vm_ops;
	vma_set_file(vma, zxp_child_map(file_inode(file)));
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

	if (args->vmo_info.flags || args->vmo_info.reserved)
		return -EINVAL;
	args->vmo_info = (struct zxp_vmo_info) {
		.size = sizeof(args->vmo_info),
		.out_vmo_size = (u64)zxp_child_pages(child) << PAGE_SHIFT,
		.out_stream_size = (u64)zxp_child_pages(child) << PAGE_SHIFT,
		.out_resident = (u64)zxp_child_own_pages(child) << PAGE_SHIFT,
	};
	return 0;
}

static int zxp_ioc_child_op_range(struct file *file, union zxp_args *args,
				  struct zxp_new_file *new)
{
	return zxp_child_op_range(file, &args->vmo_op_range);
}

static int zxp_ioc_child_read(struct file *file, union zxp_args *args,
			      struct zxp_new_file *new)
{
	if (args->vmo_io.flags)
		return -EINVAL;
	if (!(file->f_mode & FMODE_READ))
		return -EACCES;
	return zxp_child_read(file, &args->vmo_io);
}

static int zxp_ioc_child_write(struct file *file, union zxp_args *args,
			       struct zxp_new_file *new)
{
	if (args->vmo_io.flags)
		return -EINVAL;
	if (!(file->f_mode & FMODE_WRITE))
		return -EACCES;
	return zxp_child_write(file, &args->vmo_io);
}

static struct file *zxp_create_copy(const struct zxp_parent *parent,
				    const struct zxp_vmo_create_child *args)
{
	struct file *map = zxp_child_create(parent, args);

	return IS_ERR(map) ? map : zxp_child_make_file(map->private_data, map);
}

static struct file *zxp_create_reference(const struct zxp_parent *parent,
					 const struct zxp_vmo_create_child *args)
{
	struct zxp_child *child = parent->child;
	struct file *file;
	bool resizable;
	int ret = child ? zxp_child_pin() : zxp_fs_pin();

	if (ret)
		return ERR_PTR(ret);
	resizable = child ? child->options & ZXP_CHILD_RESIZABLE &&
			    !(zxp_file_limits(parent->file) & ZXP_LIMIT_NO_RESIZE) :
			    zxp_may_resize(parent->file->f_path.dentry);
	file = zxp_reference_create(parent->file, resizable, args);
	if (IS_ERR(file) && child)
		zxp_child_unpin();
	else if (IS_ERR(file))
		zxp_fs_unpin();
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
	case ZXP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE:
	case ZXP_CHILD_SNAPSHOT_MODIFIED:
		file = zxp_create_copy(parent, args);
		break;
	default:
		return -EOPNOTSUPP;
	}
	if (IS_ERR(file))
		return PTR_ERR(file);
	new->file = file;
	return 0;
}

static int zxp_ioc_child_create_child(struct file *file, union zxp_args *args,
				      struct zxp_new_file *new)
{
	struct zxp_child *child = zxp_child_of(file);
	struct zxp_parent parent = { .file = file, .root = child->root, .child = child };

	return zxp_create_child(&parent, &args->create_child, new);
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
};

static long zxp_child_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return zxp_ioctl(zxp_child_ioctls, ARRAY_SIZE(zxp_child_ioctls), file, cmd, arg);
}

static void zxp_child_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct zxp_child *child = zxp_child_of(file);

	seq_puts(m, "zxpager-state:\tchild\n");
	seq_printf(m, "zxpager-size:\t%llu\n", (u64)zxp_child_pages(child) << PAGE_SHIFT);
	seq_printf(m, "zxpager-resident:\t%llu\n",
		   (u64)zxp_child_own_pages(child) << PAGE_SHIFT);
}

static const struct file_operations zxp_child_fops = {
	.owner = THIS_MODULE,
	ZXP_FOP_FLAGS
	.open = zxp_child_open,
	.release = zxp_child_release,
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

static int zxp_child_setattr(struct mnt_idmap *idmap, struct dentry *dentry,
			     struct iattr *attr)
{
	unsigned long limits = zxp_dentry_limits(dentry);
	struct inode *inode = d_inode(dentry);
	int ret = setattr_prepare(idmap, dentry, attr);

	if (!ret && attr->ia_valid & ATTR_SIZE)
		ret = limits & ZXP_LIMIT_NO_WRITE ? -EACCES :
		      limits & ZXP_LIMIT_NO_RESIZE ? -EPERM :
		      zxp_child_resize(zxp_child_map(inode)->private_data, inode,
				       attr->ia_size);
	if (ret)
		return ret;
	if (attr->ia_valid & ATTR_MODE)
		attr->ia_mode &= ~(S_ISUID | S_ISGID);
	setattr_copy(idmap, inode, attr);
	return 0;
}

static const struct inode_operations zxp_child_iops = {
	.permission = zxp_child_permission,
	.setattr = zxp_child_setattr,
};

static void zxp_child_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
	if (inode->i_private)
		fput(inode->i_private);
}

static const struct super_operations zxp_child_sops = {
	.evict_inode = zxp_child_evict_inode,
	.drop_inode = inode_just_drop,
	.statfs = simple_statfs,
};

static int zxp_child_init_fs_context(struct fs_context *fc)
{
	struct pseudo_fs_context *ctx = init_pseudo(fc, ZXP_FS_MAGIC);

	if (!ctx)
		return -ENOMEM;
	ctx->ops = &zxp_child_sops;
	fc->s_iflags |= SB_I_NOEXEC | SB_I_NODEV;
	fc->s_iflags |= SB_I_IMA_UNVERIFIABLE_SIGNATURE;
	return 0;
}

static struct file_system_type zxp_child_fs_type = {
	.owner = THIS_MODULE,
	.name = "zxpager_child",
	.init_fs_context = zxp_child_init_fs_context,
	.kill_sb = kill_anon_super,
};

static int zxp_child_pin(void)
{
	return simple_pin_fs(&zxp_child_fs_type, &zxp_child_mnt, &zxp_child_mnt_count);
}

static void zxp_child_unpin(void)
{
	simple_release_fs(&zxp_child_mnt, &zxp_child_mnt_count);
}

int zxp_child_fs_init(void)
{
	return register_filesystem(&zxp_child_fs_type);
}

void zxp_child_fs_exit(void)
{
	unregister_filesystem(&zxp_child_fs_type);
}

/* A descriptor of it. The map file is taken over, also after an error. */
static struct file *zxp_child_make_file(struct zxp_child *child, struct file *map)
{
	bool writes = !(child->options & ZXP_CHILD_NO_WRITE);
	struct inode *inode;
	struct file *file;
	int ret = zxp_child_pin();

	if (ret) {
		fput(map);
		return ERR_PTR(ret);
	}
	inode = zxp_child_new_inode(zxp_child_mnt, writes ? 0600 : 0400);
	if (!inode) {
		fput(map);
		file = ERR_PTR(-ENOMEM);
		goto unpin;
	}
	inode->i_private = map;
	inode->i_op = &zxp_child_iops;
	inode->i_fop = &zxp_child_fops;
	i_size_write(inode, (loff_t)child->nr_pages << PAGE_SHIFT);
	file = alloc_file_pseudo(inode, zxp_child_mnt, "zxpager-vmo",
				 (writes ? O_RDWR : O_RDONLY) | O_LARGEFILE,
				 &zxp_child_fops);
	if (IS_ERR(file)) {
		iput(inode);
		goto unpin;
	}
	zxp_file_begin(file);
	return file;
unpin:
	zxp_child_unpin();
	return file;
}

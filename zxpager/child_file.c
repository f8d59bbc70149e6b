// SPDX-License-Identifier: GPL-2.0
/*
 * Children as files: making one, and what the VFS calls.
 *
 * The files of the descriptors have an empty page cache of their own; that of the mappings
 * has the root's, and cannot be opened anew or mapped by itself. Its inode has a link, since
 * a core dump has all of a mapping whose file has none.
 */
#include <linux/file.h>
#include <linux/fs_context.h>
#include <linux/magic.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/pseudo_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "child.h"

#define ZXP_CHILD_KINDS		(ZXP_CHILD_SNAPSHOT | ZXP_CHILD_SLICE | \
				 ZXP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE | \
				 ZXP_CHILD_REFERENCE | ZXP_CHILD_SNAPSHOT_MODIFIED)
#define ZXP_CHILD_OPTIONS	(ZXP_CHILD_KINDS | ZXP_CHILD_RESIZABLE | \
				 ZXP_CHILD_NO_WRITE)

static struct vfsmount *zxp_child_mnt;
static int zxp_child_mnt_count;

static int zxp_child_pin(void);

/* --- the file of the mappings ----------------------------------------------------------- */

static int zxp_map_open(struct inode *inode, struct file *file)
{
	return -ENXIO;
}

static int zxp_map_mmap(struct file *file, struct vm_area_struct *vma)
{
	return -ENODEV;
}

/*
 * remap_file_pages() maps the file of a mapping at another place, by its page numbers, and
 * does not ask ->mmap of the child for that. It is known by this flag.
 */
static unsigned long zxp_map_unmapped_area(struct file *file, unsigned long addr,
					   unsigned long len, unsigned long pgoff,
					   unsigned long flags)
{
	if (flags & MAP_POPULATE)
		return -EINVAL;
	return zxp_get_unmapped_area(file, addr, len, pgoff, flags);
}

static int zxp_child_fsync(struct file *file, loff_t start, loff_t end, int datasync)
{
	return 0;
}

/* The last descriptor and the last mapping are gone. */
static int zxp_map_release(struct inode *inode, struct file *file)
{
	struct zxp_child *child = file->private_data;

	zxp_tree_remove(child);
	iput(&child->root->inode);
	kfree(child);
	zxp_fs_unpin();
	return 0;
}

/* madvise() gives offsets in the root. */
static int zxp_map_fadvise(struct file *file, loff_t offset, loff_t len, int advice)
{
	struct zxp_child *child = file->private_data;

	return zxp_child_advise(child, offset - ((loff_t)child->offset << PAGE_SHIFT), len,
				advice);
}

static long zxp_map_fallocate(struct file *file, int mode, loff_t offset, loff_t length)
{
	struct zxp_child *child = file->private_data;

	return zxp_child_discard(child, mode,
				 offset - ((loff_t)child->offset << PAGE_SHIFT), length);
}

static const struct file_operations zxp_map_fops = {
	.owner = THIS_MODULE,
	.open = zxp_map_open,
	.release = zxp_map_release,
	.mmap = zxp_map_mmap,
	.get_unmapped_area = zxp_map_unmapped_area,
	.fsync = zxp_child_fsync,
	.fadvise = zxp_map_fadvise,
	.fallocate = zxp_map_fallocate,
};

/* Own pages are as those of this inode, and never clean. */
static const struct address_space_operations zxp_map_aops = {
	.dirty_folio = noop_dirty_folio,
};

/* --- descriptors ------------------------------------------------------------------------- */

static struct file *zxp_child_map(struct inode *inode)
{
	return inode->i_private;
}

struct zxp_child *zxp_child_of(struct file *file)
{
	return zxp_child_map(file_inode(file))->private_data;
}

/* As for a VMO, see vmo.c. */
static int zxp_child_open(struct inode *inode, struct file *file)
{
	int ret = zxp_child_pin();

	if (ret)
		return ret;
	file->f_mode &= ~FMODE_ATOMIC_POS;
	file->f_mode |= ZXP_FMODE_NOWAIT;
	return 0;
}

static int zxp_child_release(struct inode *inode, struct file *file)
{
	simple_release_fs(&zxp_child_mnt, &zxp_child_mnt_count);
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

static int zxp_ioc_child_create_child(struct file *file, union zxp_args *args,
				      struct zxp_new_file *new)
{
	return zxp_create_child(file, NULL, zxp_child_of(file), &args->create_child, new);
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
	struct inode *inode = d_inode(dentry);
	int ret = setattr_prepare(idmap, dentry, attr);

	if (!ret && attr->ia_valid & ATTR_SIZE)
		ret = zxp_child_resize(zxp_child_map(inode)->private_data, inode,
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

/* --- the file system they are in --------------------------------------------------------- */

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

int zxp_child_fs_init(void)
{
	return register_filesystem(&zxp_child_fs_type);
}

void zxp_child_fs_exit(void)
{
	unregister_filesystem(&zxp_child_fs_type);
}

static struct inode *zxp_child_new_inode(struct vfsmount *mnt, umode_t mode)
{
	struct inode *inode = new_inode(mnt->mnt_sb);

	if (!inode)
		return NULL;
	inode->i_ino = get_next_ino();
	inode->i_mode = S_IFREG | mode;
	inode->i_uid = current_fsuid();
	inode->i_gid = current_fsgid();
	simple_inode_init_ts(inode);
	return inode;
}

/* --- making one --------------------------------------------------------------------------- */

/*
 * One for all children of a VMO, and theirs. It belongs to the VMO, and who owns that may
 * ask about the pages of a mapping.
 */
static struct inode *zxp_family_inode(struct zxp_vmo *root)
{
	struct zxp_family *family = root->family;
	struct inode *inode = READ_ONCE(family->map_inode), *old;

	if (inode)
		return inode;
	inode = zxp_child_new_inode(zxp_mnt, 0600);
	if (!inode)
		return NULL;
	inode->i_uid = root->inode.i_uid;
	inode->i_gid = root->inode.i_gid;
	inode->i_fop = &zxp_map_fops;
	inode->i_mapping->a_ops = &zxp_map_aops;
	old = cmpxchg(&family->map_inode, NULL, inode);
	if (old)
		iput(inode);
	return old ?: inode;
}

/* The file of the mappings. On success it has the child, which has the root. */
static struct file *zxp_child_make_map(struct zxp_child *child)
{
	struct inode *inode;
	struct file *file;
	int ret = zxp_fs_pin();

	if (ret)
		return ERR_PTR(ret);
	inode = zxp_family_inode(child->root);
	file = ERR_PTR(-ENOMEM);
	if (!inode)
		goto unpin;
	ihold(inode);
	file = alloc_file_pseudo(inode, zxp_mnt, "zxpager-child", O_RDWR | O_LARGEFILE,
				 &zxp_map_fops);
	if (IS_ERR(file)) {
		iput(inode);
		goto unpin;
	}
	__module_get(THIS_MODULE);
	file->f_mapping = child->root->inode.i_mapping;
	file->private_data = child;
	ihold(&child->root->inode);
	return file;
unpin:
	zxp_fs_unpin();
	return file;
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
	__module_get(THIS_MODULE);
	file->f_mode &= ~FMODE_NONOTIFY;
	file->f_mode |= FMODE_NONOTIFY_PERM | FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE |
			ZXP_FMODE_NOWAIT;
	return file;
unpin:
	simple_release_fs(&zxp_child_mnt, &zxp_child_mnt_count);
	return file;
}

/* Which page of the root it begins with, and how many it has; or an error. */
static int zxp_child_place(struct zxp_child *child, struct zxp_child *parent,
			   const struct zxp_vmo_create_child *args)
{
	pgoff_t before = parent ? parent->offset : 0;
	u64 most = (u64)(ZXP_MAX_VMO_PAGES - before) << PAGE_SHIFT;

	if (!PAGE_ALIGNED(args->offset))
		return -EINVAL;
	if (args->offset > most || args->length > most - args->offset)
		return -ERANGE;
	child->offset = before + (args->offset >> PAGE_SHIFT);
	child->nr_pages = DIV_ROUND_UP_ULL(args->length, PAGE_SIZE);
	return 0;
}

static int zxp_child_check(struct file *file, struct zxp_vmo *root,
			   const struct zxp_vmo_create_child *args)
{
	u32 kind = args->options & ZXP_CHILD_KINDS;

	if (args->reserved || args->options & ~ZXP_CHILD_OPTIONS || hweight32(kind) != 1)
		return -EINVAL;
	if (!(file->f_mode & FMODE_READ))
		return -EACCES;
	if (kind & ~(ZXP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE | ZXP_CHILD_SNAPSHOT_MODIFIED))
		return -EOPNOTSUPP;
	/* What is written to a plain VMO later would be seen. */
	if (!root->source)
		return -EOPNOTSUPP;
	/* An entry of 2 MiB would hide own pages, see fault.c. */
	if (zxp_vmo_sealed(root))
		return -EOPNOTSUPP;
	return 0;
}

/* From now on it sees what it is a child of. */
static int zxp_child_join(struct zxp_child *child, struct zxp_child *parent)
{
	pgoff_t end = child->offset + child->nr_pages;
	struct zxp_layer *spare;
	int ret;

	if (!parent) {
		if (mutex_lock_killable(&child->root->content_lock))
			return -EINTR;
		zxp_tree_add_locked(child, min(end, zxp_vmo_pages(child->root)));
		mutex_unlock(&child->root->content_lock);
		return 0;
	}
	spare = zxp_tree_alloc();
	if (!spare)
		return -ENOMEM;
	ret = -EINTR;
	if (!mutex_lock_killable(&parent->content_lock)) {
		ret = zxp_tree_freeze_locked(parent, child,
					     min(end, zxp_child_end(parent)), &spare);
		mutex_unlock(&parent->content_lock);
	}
	kfree(spare);
	return ret;
}

/**
 * zxp_create_child() - VMO_CREATE_CHILD
 * @file: a descriptor of the parent
 * @root: that one, if it is a VMO; else NULL
 * @parent: that one, if it is a child itself
 * @args: what is asked for
 * @new: the descriptor that comes of it
 *
 * Return: 0; -EINVAL, -EACCES, -EOPNOTSUPP, -ERANGE, -ENOMEM, -EINTR; -ESTALE a page of the
 * parent is pinned.
 */
int zxp_create_child(struct file *file, struct zxp_vmo *root, struct zxp_child *parent,
		     const struct zxp_vmo_create_child *args, struct zxp_new_file *new)
{
	struct zxp_child *child;
	struct file *map;
	int ret;

	if (parent)
		root = parent->root;
	ret = zxp_child_check(file, root, args);
	if (ret)
		return ret;
	child = kzalloc(sizeof(*child), GFP_KERNEL_ACCOUNT);
	if (!child)
		return -ENOMEM;
	mutex_init(&child->content_lock);
	child->root = root;
	child->options = args->options;
	ret = zxp_child_place(child, parent, args);
	if (ret)
		goto free;
	ret = -ENOMEM;
	child->top = zxp_tree_alloc();
	if (!child->top || !zxp_vmo_get_family(root))
		goto free;
	map = zxp_child_make_map(child);
	if (IS_ERR(map)) {
		ret = PTR_ERR(map);
		goto free;
	}
	ret = zxp_child_join(child, parent);
	if (ret) {
		fput(map);
		return ret;
	}
	file = zxp_child_make_file(child, map);
	if (IS_ERR(file))
		return PTR_ERR(file);
	new->file = file;
	return 0;
free:
	kfree(child->top);
	kfree(child);
	return ret;
}

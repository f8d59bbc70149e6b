// SPDX-License-Identifier: GPL-2.0
/*
 * The file that all mappings of a child have. It cannot be opened anew, or mapped by
 * itself. Its inode has a link, since a core dump has all of a mapping whose file has none.
 */
#include <linux/file.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/slab.h>

#include "child.h"

static int zxp_map_open(struct inode *inode, struct file *file)
{
	return -ENXIO;
}

int zxp_map_mmap(struct file *file, struct vm_area_struct *vma)
{
	return -ENODEV;
}

/*
 * remap_file_pages() maps the file of a mapping at another place, by its page numbers, and
 * does not ask ->mmap of the child for that. It is known by this flag.
 */
unsigned long zxp_map_unmapped_area(struct file *file, unsigned long addr,
				    unsigned long len, unsigned long pgoff,
				    unsigned long flags)
{
	if (flags & MAP_POPULATE)
		return -EINVAL;
	return zxp_get_unmapped_area(file, addr, len, pgoff, flags);
}

static int zxp_map_fsync(struct file *file, loff_t start, loff_t end, int datasync)
{
	return 0;
}

/* The last descriptor and the last mapping are gone. */
static int zxp_map_release(struct inode *inode, struct file *file)
{
	struct zxp_child *child = file->private_data;

	zxp_tree_remove(child);
	zxp_kin_leave(child->root, child->kin);
	iput(&child->root->inode);
	zxp_child_forget_mappings(child);
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

	zxp_child_changed(child);
	return zxp_child_discard(child, mode,
				 offset - ((loff_t)child->offset << PAGE_SHIFT), length);
}

static const struct file_operations zxp_map_fops = {
	.owner = THIS_MODULE,
	.open = zxp_map_open,
	.release = zxp_map_release,
	.mmap = zxp_map_mmap,
	.get_unmapped_area = zxp_map_unmapped_area,
	.fsync = zxp_map_fsync,
	.fadvise = zxp_map_fadvise,
	.fallocate = zxp_map_fallocate,
};

/* Own pages are as those of this inode, and never clean. */
static const struct address_space_operations zxp_map_aops = {
	.dirty_folio = noop_dirty_folio,
};

/* An inode of the caller's, in one of our file systems, without a number; or NULL. */
struct inode *zxp_child_new_inode(struct vfsmount *mnt, umode_t mode)
{
	struct inode *inode = new_inode(mnt->mnt_sb);

	if (!inode)
		return NULL;
	inode->i_mode = S_IFREG | mode;
	inode->i_uid = current_fsuid();
	inode->i_gid = current_fsgid();
	simple_inode_init_ts(inode);
	return inode;
}

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
	/* Who looks in /proc for who maps the VMO finds who maps a copy of it. */
	inode->i_ino = root->inode.i_ino;
	inode->i_uid = root->inode.i_uid;
	inode->i_gid = root->inode.i_gid;
	inode->i_fop = &zxp_map_fops;
	zxp_forbid_collapse(inode);
	inode->i_mapping->a_ops = &zxp_map_aops;
	inode->i_private = family;
	old = cmpxchg(&family->map_inode, NULL, inode);
	if (old)
		iput(inode);
	return old ?: inode;
}

/* The file of the mappings. On success it has the child, which has the root. */
struct file *zxp_child_make_map(struct zxp_child *child)
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
	file = alloc_file_pseudo(inode, zxp_mnt, zxp_kin_name(child->kin),
				 O_RDWR | O_LARGEFILE, &zxp_map_fops);
	if (IS_ERR(file)) {
		iput(inode);
		goto unpin;
	}
	__module_get(THIS_MODULE);
	file->f_mapping = child->root->inode.i_mapping;
	file->private_data = child;
	child->map = file;
	child->open = true;
	ihold(&child->root->inode);
	return file;
unpin:
	zxp_fs_unpin();
	return file;
}

/* The descriptors of a child or a slice are gone. Its mappings may go on. */
void zxp_child_put_map(struct file *map)
{
	struct zxp_child *child = map->private_data;
	struct zxp_slice *slice = map->private_data;

	if (map->f_op != &zxp_map_fops) {
		RCU_INIT_POINTER(slice->inode, NULL);
	} else {
		RCU_INIT_POINTER(child->inode, NULL);
		WRITE_ONCE(child->open, false);
		/* Who does not count this reference any more sees that. */
		smp_mb();
	}
	fput(map);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * The internal file system that the descriptors of children are in. As that of VMOs it is
 * mounted while there are any. Their page cache stays empty.
 */
#include <linux/file.h>
#include <linux/fs_context.h>
#include <linux/magic.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/pseudo_fs.h>

#include "child.h"

static struct vfsmount *zxp_child_mnt;
static int zxp_child_mnt_count;

static void zxp_child_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
	if (inode->i_private)
		zxp_child_put_map(inode->i_private);
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

int zxp_child_pin(void)
{
	return simple_pin_fs(&zxp_child_fs_type, &zxp_child_mnt, &zxp_child_mnt_count);
}

void zxp_child_unpin(void)
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

/**
 * zxp_child_make_file() - the first descriptor of a child
 * @map: the file of its mappings, which is taken over, also after an error
 * @kin: its number, which is that of the inode, and its name
 * @nr_pages: its size
 * @writes: it is open for writing
 * @fops: what is done by it
 * @iops: what is done with its inode
 *
 * Return: the file; -ENOMEM, -ENFILE.
 */
struct file *zxp_child_make_file(struct file *map, const struct zxp_kin *kin, pgoff_t nr_pages,
				 bool writes,
				 const struct file_operations *fops,
				 const struct inode_operations *iops)
{
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
	inode->i_ino = kin->id;
	inode->i_private = map;
	inode->i_op = iops;
	inode->i_fop = fops;
	i_size_write(inode, (loff_t)nr_pages << PAGE_SHIFT);
	file = alloc_file_pseudo(inode, zxp_child_mnt, zxp_kin_name(kin),
				 (writes ? O_RDWR : O_RDONLY) | O_LARGEFILE, fops);
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

// SPDX-License-Identifier: GPL-2.0
/*
 * The internal file system that VMOs are inodes of.
 *
 * It is mounted while there is a VMO file and not longer, because a mount holds
 * the module. Each open file holds a pin on the mount besides the reference that
 * any file has, so that all VMOs share one superblock; the last file gives up the
 * pin first and then, in the VFS, the mount and with it the module.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/file.h>
#include <linux/fs_context.h>
#include <linux/magic.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/pseudo_fs.h>
#include <linux/slab.h>

#include "vmo_fs.h"

static struct kmem_cache *zxp_vmo_cache;
struct vfsmount *zxp_mnt;
static int zxp_mnt_count;

static void zxp_vmo_init_once(void *p)
{
	struct zxp_vmo *vmo = p;

	inode_init_once(&vmo->inode);
}

static struct inode *zxp_alloc_inode(struct super_block *sb)
{
	struct zxp_vmo *vmo = alloc_inode_sb(sb, zxp_vmo_cache, GFP_KERNEL);

	if (!vmo)
		return NULL;

	vmo->pager = NULL;
	vmo->source = NULL;
	RB_CLEAR_NODE(&vmo->pager_node);
	vmo->options = 0;
	vmo->flags = 0;
	vmo->max_size = ZXP_MAX_VMO_SIZE;
	vmo->nr_pages = 0;
	mutex_init(&vmo->append_lock);
	mutex_init(&vmo->content_lock);
	spin_lock_init(&vmo->zero_lock);
	vmo->zeroes = (struct zxp_zeroes) {};
	vmo->zero_folio = NULL;
	vmo->family = NULL;
	zxp_kin_init(&vmo->kin);
	vmo->nr_unwritten = 0;
	vmo->nr_begun = 0;
	spin_lock_init(&vmo->faults_lock);
	INIT_LIST_HEAD(&vmo->fault_notes);
	INIT_LIST_HEAD(&vmo->traps);
	vmo->modified = 0;
	vmo->cuts = 0;
	atomic64_set(&vmo->supplied, 0);
	vmo->failure = (struct zxp_failure) {};
	return &vmo->inode;
}

static void zxp_free_inode(struct inode *inode)
{
	kfree(zxp_vmo_of(inode)->kin.name);
	kmem_cache_free(zxp_vmo_cache, zxp_vmo_of(inode));
}

/*
 * Whether its daemon is there or not: with its last descriptor and mapping nobody can reach
 * what is in it any more, and in contrast to an error of a store nobody would hear of that.
 */
static void zxp_vmo_tell_loss(struct zxp_vmo *vmo)
{
	unsigned long zeroes = zxp_zero_pages(&vmo->zeroes, ZXP_ZERO_DIRTY);

	if (vmo->source && (vmo->nr_unwritten || zeroes))
		pr_warn_ratelimited("VMO with inode %lu ended with %llu dirty bytes, and %llu of zeroes, that were not written back\n",
				    (unsigned long)vmo->inode.i_ino,
				    (u64)vmo->nr_unwritten << PAGE_SHIFT,
				    (u64)zeroes << PAGE_SHIFT);
}

/* The last descriptor, mapping and other user is gone: COMPLETE, if not before. */
static void zxp_evict_inode(struct inode *inode)
{
	struct zxp_vmo *vmo = zxp_vmo_of(inode);

	zxp_vmo_tell_loss(vmo);
	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);

	if (vmo->source) {
		/* In this order: what is asked of one generation last the next one is told. */
		zxp_source_detach(vmo->source, true);
		spin_lock(&vmo->pager->lock);
		if (!RB_EMPTY_NODE(&vmo->pager_node))
			rb_erase(&vmo->pager_node, &vmo->pager->vmos);
		RB_CLEAR_NODE(&vmo->pager_node);
		spin_unlock(&vmo->pager->lock);
		zxp_sync_forget(vmo->source, NULL);
		zxp_source_put(vmo->source);
		zxp_pager_put(vmo->pager);
	}
	zxp_vmo_forget_faults(vmo);
	zxp_vmo_remove_zeroes(vmo, 0, ULONG_MAX, NULL);
	zxp_vmo_put_zero_folio(vmo);
	zxp_vmo_free_family(vmo);
}

static const struct super_operations zxp_sops = {
	.alloc_inode = zxp_alloc_inode,
	.free_inode = zxp_free_inode,
	.evict_inode = zxp_evict_inode,
	.drop_inode = inode_just_drop,
	.statfs = simple_statfs,
};

static int zxp_init_fs_context(struct fs_context *fc)
{
	struct pseudo_fs_context *ctx = init_pseudo(fc, ZXP_FS_MAGIC);

	if (!ctx)
		return -ENOMEM;
	ctx->ops = &zxp_sops;
	/* As in Zircon a VMO is not executable. */
	fc->s_iflags |= SB_I_NOEXEC | SB_I_NODEV;
	/* What is measured of a VMO may have other content when it is read again. */
	fc->s_iflags |= SB_I_IMA_UNVERIFIABLE_SIGNATURE;
	return 0;
}

static struct file_system_type zxp_fs_type = {
	.owner = THIS_MODULE,
	.name = "zxpager",
	.init_fs_context = zxp_init_fs_context,
	.kill_sb = kill_anon_super,
};

int zxp_fs_pin(void)
{
	return simple_pin_fs(&zxp_fs_type, &zxp_mnt, &zxp_mnt_count);
}

void zxp_fs_unpin(void)
{
	simple_release_fs(&zxp_mnt, &zxp_mnt_count);
}

int zxp_fs_init(void)
{
	int ret;

	zxp_vmo_cache = kmem_cache_create("zxpager_vmo", sizeof(struct zxp_vmo), 0,
					  SLAB_RECLAIM_ACCOUNT | SLAB_ACCOUNT,
					  zxp_vmo_init_once);
	if (!zxp_vmo_cache)
		return -ENOMEM;

	ret = register_filesystem(&zxp_fs_type);
	if (ret)
		kmem_cache_destroy(zxp_vmo_cache);
	return ret;
}

void zxp_fs_exit(void)
{
	unregister_filesystem(&zxp_fs_type);
	/* Inodes are freed after a grace period. */
	rcu_barrier();
	kmem_cache_destroy(zxp_vmo_cache);
}

/**
 * zxp_reference_count() - a file begins, or ends
 * @file: it; if it is no reference, nothing is done
 * @root: the VMO at the bottom
 * @kin: of what it would be a reference
 * @begins: it begins
 *
 * After the last one ends another may begin, as long as somebody has the path.
 */
void zxp_reference_count(struct file *file, struct zxp_vmo *root, struct zxp_kin *kin,
			 bool begins)
{
	struct dentry *dentry = file->f_path.dentry;
	unsigned long before, after;

	if (!zxp_file_is_reference(file))
		return;
	spin_lock(&root->inode.i_lock);
	before = zxp_dentry_limits(dentry);
	after = begins ? before + ZXP_LIMIT_FILE : before - ZXP_LIMIT_FILE;
	WRITE_ONCE(dentry->d_fsdata, (void *)after);
	spin_unlock(&root->inode.i_lock);
	if (min(before, after) < ZXP_LIMIT_FILE)
		zxp_kin_add(root, kin, begins ? 1 : -1);
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
	if (!S_ISREG(file_inode(file)->i_mode) ||
	    file_inode(file)->i_sb->s_magic != ZXP_FS_MAGIC)
		goto put;
	/* A child is a VMO, but no pager's. */
	ret = -EINVAL;
	if (file_inode(file)->i_sb->s_op != &zxp_sops)
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

/* The same for a VMO that must be of this pager; -EINVAL if it is not, or a reference. */
struct file *zxp_pager_vmo_file(struct zxp_pager *pager, int fd, fmode_t mode,
				struct zxp_vmo **vmo)
{
	struct file *file = zxp_vmo_get_file(fd, mode, vmo);

	if (!IS_ERR(file) && ((*vmo)->pager != pager ||
			      zxp_file_limits(file) & ZXP_LIMIT_NO_PAGER)) {
		fput(file);
		return ERR_PTR(-EINVAL);
	}
	return file;
}

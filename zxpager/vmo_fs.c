// SPDX-License-Identifier: GPL-2.0
/*
 * The internal file system that VMOs are inodes of.
 *
 * It is mounted while there is a VMO file and not longer, because a mount holds
 * the module. Each open file holds a pin on the mount besides the reference that
 * any file has, so that all VMOs share one superblock; the last file gives up the
 * pin first and then, in the VFS, the mount and with it the module.
 */
#include <linux/fs_context.h>
#include <linux/magic.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/pseudo_fs.h>
#include <linux/slab.h>

#include "zxpager_private.h"

#define ZXP_FS_MAGIC	0x7a787067	/* "zxpg" */

static struct kmem_cache *zxp_vmo_cache;
static struct vfsmount *zxp_mnt;
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
	INIT_LIST_HEAD(&vmo->pager_link);
	vmo->options = 0;
	vmo->flags = 0;
	vmo->nr_pages = 0;
	mutex_init(&vmo->append_lock);
	mutex_init(&vmo->content_lock);
	spin_lock_init(&vmo->zero_lock);
	vmo->zeroes = RB_ROOT;
	spin_lock_init(&vmo->faults_lock);
	INIT_LIST_HEAD(&vmo->failed_faults);
	vmo->modified = 0;
	vmo->cuts = 0;
	atomic64_set(&vmo->supplied, 0);
	atomic64_set(&vmo->failures, 0);
	vmo->fail_index = 0;
	vmo->fail_error = 0;
	return &vmo->inode;
}

static void zxp_free_inode(struct inode *inode)
{
	kmem_cache_free(zxp_vmo_cache, zxp_vmo_of(inode));
}

/* The last descriptor, mapping and other user is gone: COMPLETE, if not before. */
static void zxp_evict_inode(struct inode *inode)
{
	struct zxp_vmo *vmo = zxp_vmo_of(inode);

	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);

	if (vmo->source) {
		spin_lock(&vmo->pager->lock);
		list_del_init(&vmo->pager_link);
		spin_unlock(&vmo->pager->lock);
		zxp_source_detach(vmo->source, true);
		zxp_source_put(vmo->source);
		zxp_pager_put(vmo->pager);
	}
	zxp_vmo_forget_faults(vmo);
	zxp_vmo_remove_zeroes(vmo, 0, ULONG_MAX, NULL);
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

static struct inode *zxp_vmo_inode_create(struct zxp_pager *pager,
					  struct zxp_port *port,
					  const struct zxp_create_vmo *args)
{
	u64 size = args->vmo_size;
	struct inode *inode = new_inode(zxp_mnt->mnt_sb);
	struct zxp_zero_range *spare;
	struct zxp_vmo *vmo;

	if (!inode)
		return ERR_PTR(-ENOMEM);

	vmo = zxp_vmo_of(inode);
	inode->i_ino = get_next_ino();
	inode->i_mode = S_IFREG | 0600;
	inode->i_uid = current_fsuid();
	inode->i_gid = current_fsgid();
	inode->i_op = &zxp_vmo_iops;
	inode->i_fop = &zxp_vmo_fops;
	inode->i_mapping->a_ops = &zxp_vmo_aops;
	simple_inode_init_ts(inode);
	/* As if open for writing for ever: so nobody collapses it to huge pages. */
	atomic_inc(&inode->i_writecount);
	vmo->options = args->options;
	vmo->flags = args->flags;
	vmo->nr_pages = args->options & ZXP_VMO_UNBOUNDED ?
			ZXP_MAX_VMO_PAGES : DIV_ROUND_UP_ULL(size, PAGE_SIZE);
	i_size_write(inode, size);

	if (!pager)
		return inode;

	/* What lies behind the stream size, if anything, is zero. */
	spare = zxp_vmo_alloc_zero(vmo, 0);
	if (!spare)
		goto put;
	zxp_zero_add(&vmo->zeroes, DIV_ROUND_UP_ULL(size, PAGE_SIZE),
		     vmo->nr_pages, ZXP_ZERO_UNTRACKED, &spare);
	kfree(spare);

	vmo->source = zxp_source_alloc(port, args->key);
	if (!vmo->source)
		goto put;
	if (!zxp_vmo_traps(vmo))
		zxp_mapping_set_large_folios(inode->i_mapping);
	kref_get(&pager->ref);
	vmo->pager = pager;
	return inode;
put:
	iput(inode);
	return ERR_PTR(-ENOMEM);
}

/**
 * zxp_vmo_file_create() - make a VMO
 * @pager: whose it is, or NULL for a plain VMO
 * @port: where its packets go
 * @args: its key, options, flags and size
 *
 * Return: an open file, or an error pointer.
 */
struct file *zxp_vmo_file_create(struct zxp_pager *pager, struct zxp_port *port,
				 const struct zxp_create_vmo *args)
{
	struct inode *inode;
	struct zxp_vmo *vmo;
	struct file *file;
	int ret;

	ret = zxp_fs_pin();
	if (ret)
		return ERR_PTR(ret);

	inode = zxp_vmo_inode_create(pager, port, args);
	if (IS_ERR(inode)) {
		ret = PTR_ERR(inode);
		goto unpin;
	}

	vmo = zxp_vmo_of(inode);
	file = alloc_file_pseudo(inode, zxp_mnt, "zxpager-vmo",
				 O_RDWR | O_LARGEFILE, &zxp_vmo_fops);
	if (IS_ERR(file)) {
		ret = PTR_ERR(file);
		/* It was never published, so nobody hears of its end. */
		if (pager)
			zxp_source_detach(vmo->source, false);
		iput(inode);
		goto unpin;
	}
	/* What open() does for other files, and fput() undoes for all. */
	__module_get(THIS_MODULE);
	file->f_mode |= FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE |
			ZXP_FMODE_NOWAIT;

	if (pager) {
		spin_lock(&pager->lock);
		list_add_tail(&vmo->pager_link, &pager->vmos);
		spin_unlock(&pager->lock);
	}
	return file;

unpin:
	zxp_fs_unpin();
	return ERR_PTR(ret);
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

// SPDX-License-Identifier: GPL-2.0
/*
 * Making a VMO: its inode, and the first file.
 */
#include <linux/file.h>
#include <linux/mount.h>
#include <linux/slab.h>

#include "objects.h"

/* For lockdep: a supply takes pages out of a plain VMO with the lock of another VMO held. */
static struct lock_class_key zxp_plain_lock_key;

static struct inode *zxp_vmo_inode_create(struct zxp_pager_file *by,
					  struct zxp_port *port,
					  const struct zxp_create_vmo *args)
{
	char *name = zxp_kin_get_name(args->name);
	u64 size = args->vmo_size;
	struct zxp_zero_range *spare;
	struct inode *inode;
	struct zxp_vmo *vmo;

	if (IS_ERR(name))
		return ERR_CAST(name);
	inode = new_inode(zxp_mnt->mnt_sb);
	if (!inode) {
		kfree(name);
		return ERR_PTR(-ENOMEM);
	}

	vmo = zxp_vmo_of(inode);
	vmo->kin.name = name;
	inode->i_mode = S_IFREG | 0600;
	inode->i_uid = current_fsuid();
	inode->i_gid = current_fsgid();
	inode->i_op = &zxp_vmo_iops;
	inode->i_fop = &zxp_vmo_fops;
	inode->i_mapping->a_ops = &zxp_vmo_aops;
	simple_inode_init_ts(inode);
	zxp_forbid_collapse(inode);
	vmo->options = args->options;
	vmo->flags = args->flags;
	if (args->max_size)
		vmo->max_size = min_t(u64, args->max_size, ZXP_MAX_VMO_SIZE);
	vmo->nr_pages = args->options & ZXP_VMO_UNBOUNDED ?
			ZXP_MAX_VMO_PAGES : DIV_ROUND_UP_ULL(size, PAGE_SIZE);
	i_size_write(inode, size);

	if (!by) {
		inode->i_ino = zxp_kin_number(&vmo->kin);
		lockdep_set_class(&vmo->content_lock, &zxp_plain_lock_key);
		return inode;
	}

	/* What lies behind the stream size, if anything, is zero. */
	spare = zxp_vmo_alloc_zero(vmo, GFP_KERNEL);
	if (!spare)
		goto put;
	zxp_zero_add(&vmo->zeroes, DIV_ROUND_UP_ULL(size, PAGE_SIZE),
		     vmo->nr_pages, ZXP_ZERO_UNTRACKED, &spare);
	kfree(spare);

	vmo->source = zxp_source_alloc(port, args->key, zxp_source_watch_work);
	if (!vmo->source)
		goto put;
	vmo->source->epoch = by->epoch;
	if (zxp_vmo_large_order(vmo))
		zxp_mapping_set_large_folios(inode->i_mapping, zxp_vmo_large_order(vmo));
	kref_get(&by->pager->ref);
	vmo->pager = by->pager;
	return inode;
put:
	iput(inode);
	return ERR_PTR(-ENOMEM);
}

/*
 * From now on who looks for the VMOs of the pager finds it. It gets its number here, so that
 * these come in order.
 */
static int zxp_pager_join(struct zxp_pager_file *by, struct zxp_vmo *vmo)
{
	struct zxp_pager *pager = by->pager;
	struct rb_node **link = &pager->vmos.rb_node, *parent = NULL;
	int ret = -ESHUTDOWN;

	spin_lock(&pager->lock);
	if (pager->epoch == by->epoch) {
		vmo->inode.i_ino = zxp_kin_number(&vmo->kin);
		for (; *link; link = &parent->rb_right)
			parent = *link;
		rb_link_node(&vmo->pager_node, parent, link);
		rb_insert_color(&vmo->pager_node, &pager->vmos);
		zxp_source_set_limit(vmo->source, pager->limit);
		ret = 0;
	}
	spin_unlock(&pager->lock);
	return ret;
}

/* A daemon's file of a VMO, which it takes over with the pin of the caller. */
static struct file *zxp_vmo_file_alloc(struct zxp_vmo *vmo, unsigned long epoch)
{
	struct file *file;

	file = alloc_file_pseudo(&vmo->inode, zxp_mnt, zxp_kin_name(&vmo->kin),
				 O_RDWR | O_LARGEFILE, &zxp_vmo_fops);
	if (!IS_ERR(file)) {
		zxp_file_set_daemon(file, epoch);
		zxp_file_begin(file);
	}
	return file;
}

/**
 * zxp_vmo_file_create() - make a VMO
 * @by: who makes it, or NULL for a plain VMO
 * @port: where its packets go
 * @args: its key, options, flags and size
 *
 * Return: an open file, or an error pointer.
 */
struct file *zxp_vmo_file_create(struct zxp_pager_file *by, struct zxp_port *port,
				 const struct zxp_create_vmo *args)
{
	struct inode *inode;
	struct zxp_vmo *vmo;
	struct file *file;
	int ret;

	ret = zxp_fs_pin();
	if (ret)
		return ERR_PTR(ret);

	inode = zxp_vmo_inode_create(by, port, args);
	if (IS_ERR(inode)) {
		ret = PTR_ERR(inode);
		goto unpin;
	}

	vmo = zxp_vmo_of(inode);
	file = zxp_vmo_file_alloc(vmo, by ? by->epoch : 0);
	if (IS_ERR(file)) {
		ret = PTR_ERR(file);
		/* It was never published, so nobody hears of its end. */
		if (by)
			zxp_source_detach(vmo->source, false);
		iput(inode);
		goto unpin;
	}

	ret = by ? zxp_pager_join(by, vmo) : 0;
	if (ret) {
		/* Likewise. */
		zxp_source_detach(vmo->source, false);
		fput(file);
		return ERR_PTR(ret);
	}
	return file;

unpin:
	zxp_fs_unpin();
	return ERR_PTR(ret);
}

/**
 * zxp_vmo_file_open() - another file of a VMO, for a daemon
 * @vmo: the VMO, which the caller holds
 * @epoch: the generation of the daemon
 *
 * Return: an open file, or an error pointer.
 */
struct file *zxp_vmo_file_open(struct zxp_vmo *vmo, unsigned long epoch)
{
	struct file *file;
	int ret;

	/* That of the caller is not kept. */
	ret = zxp_fs_pin();
	if (ret)
		return ERR_PTR(ret);
	ihold(&vmo->inode);
	file = zxp_vmo_file_alloc(vmo, epoch);
	if (IS_ERR(file)) {
		iput(&vmo->inode);
		zxp_fs_unpin();
	}
	return file;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * The file of a pager: an open /dev/zxpager, with its own stream of packets.
 */
#include <linux/module.h>
#include <linux/slab.h>

#include "abi.h"

static int zxp_pager_open(struct inode *inode, struct file *file)
{
	struct zxp_pager *pager = kzalloc(sizeof(*pager), GFP_KERNEL_ACCOUNT);

	if (!pager)
		return -ENOMEM;

	pager->port = zxp_port_alloc();
	if (!pager->port) {
		kfree(pager);
		return -ENOMEM;
	}
	kref_init(&pager->ref);
	spin_lock_init(&pager->lock);
	INIT_LIST_HEAD(&pager->vmos);
	file->private_data = pager;
	return stream_open(inode, file);
}

/*
 * The last descriptor of the pager is gone: nobody will answer any more. What is
 * in the VMOs stays; only what is missing is now out of reach.
 */
static int zxp_pager_release(struct inode *inode, struct file *file)
{
	struct zxp_pager *pager = file->private_data;
	struct zxp_vmo *vmo;

	/* A VMO on the list has its source; one that ends takes itself off first. */
	spin_lock(&pager->lock);
	while ((vmo = list_first_entry_or_null(&pager->vmos, struct zxp_vmo,
					       pager_link))) {
		list_del_init(&vmo->pager_link);
		zxp_source_detach(vmo->source, false);
		cond_resched_lock(&pager->lock);
	}
	spin_unlock(&pager->lock);
	zxp_port_close(pager->port);
	zxp_pager_put(pager);
	return 0;
}

static ssize_t zxp_pager_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct file *file = iocb->ki_filp;
	struct zxp_pager *pager = file->private_data;

	return zxp_port_read(pager->port, to,
			     (file->f_flags & O_NONBLOCK) ||
			     (iocb->ki_flags & IOCB_NOWAIT));
}

static __poll_t zxp_pager_poll(struct file *file, struct poll_table_struct *pt)
{
	struct zxp_pager *pager = file->private_data;

	return zxp_port_poll(pager->port, file, pt);
}

static void zxp_pager_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct zxp_pager *pager = file->private_data;

	zxp_port_show_fdinfo(m, pager->port);
}

const struct file_operations zxp_pager_fops = {
	.owner = THIS_MODULE,
	.open = zxp_pager_open,
	.release = zxp_pager_release,
	.read_iter = zxp_pager_read_iter,
	.poll = zxp_pager_poll,
	.unlocked_ioctl = zxp_pager_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.show_fdinfo = zxp_pager_show_fdinfo,
	.llseek = noop_llseek,
};

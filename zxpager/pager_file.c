// SPDX-License-Identifier: GPL-2.0
/*
 * The file of a pager: an open /dev/zxpager, or a generation of it, each with its own stream
 * of packets.
 */
#include <linux/module.h>
#include <linux/seq_file.h>

#include "abi.h"

static int zxp_pager_open(struct inode *inode, struct file *file)
{
	struct zxp_pager *pager = zxp_pager_alloc();
	struct zxp_pager_file *by;

	if (!pager)
		return -ENOMEM;
	by = zxp_pager_file_alloc(pager);
	if (by) {
		pager->keeper = by;
		pager->current_file = by;
	}
	zxp_pager_put(pager);
	if (!by)
		return -ENOMEM;
	file->private_data = by;
	return stream_open(inode, file);
}

static int zxp_pager_release(struct inode *inode, struct file *file)
{
	zxp_pager_file_end(file->private_data);
	return 0;
}

static ssize_t zxp_pager_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct file *file = iocb->ki_filp;
	struct zxp_pager_file *by = file->private_data;

	return zxp_port_read(by->port, to,
			     (file->f_flags & O_NONBLOCK) ||
			     (iocb->ki_flags & IOCB_NOWAIT));
}

static __poll_t zxp_pager_poll(struct file *file, struct poll_table_struct *pt)
{
	struct zxp_pager_file *by = file->private_data;

	return zxp_port_poll(by->port, file, pt);
}

static void zxp_pager_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct zxp_pager_file *by = file->private_data;

	zxp_port_show_fdinfo(m, by->port);
	seq_printf(m, "zxpager-generation:\t%lu\n", by->epoch);
	seq_printf(m, "zxpager-time-limit:\t%u\n", READ_ONCE(by->pager->limit_ms));
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

// SPDX-License-Identifier: GPL-2.0
/*
 * The file of a port. Its queue is in packet.c.
 */
#include <linux/anon_inodes.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include "objects.h"

static ssize_t zxp_port_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct file *file = iocb->ki_filp;

	return zxp_port_read(file->private_data, to,
			     (file->f_flags & O_NONBLOCK) ||
			     (iocb->ki_flags & IOCB_NOWAIT));
}

static __poll_t zxp_port_file_poll(struct file *file,
				   struct poll_table_struct *pt)
{
	return zxp_port_poll(file->private_data, file, pt);
}

static int zxp_port_release(struct inode *inode, struct file *file)
{
	zxp_port_close(file->private_data);
	zxp_port_put(file->private_data);
	return 0;
}

void zxp_port_show_fdinfo(struct seq_file *m, struct zxp_port *port)
{
	struct list_head *packet;
	unsigned int packets = 0;

	spin_lock(&port->lock);
	list_for_each(packet, &port->queue)
		packets++;
	spin_unlock(&port->lock);
	seq_printf(m, "zxpager-packets:\t%u\n", packets);
}

static void zxp_port_file_show_fdinfo(struct seq_file *m, struct file *file)
{
	zxp_port_show_fdinfo(m, file->private_data);
}

static const struct file_operations zxp_port_fops = {
	.owner = THIS_MODULE,
	.read_iter = zxp_port_read_iter,
	.poll = zxp_port_file_poll,
	.unlocked_ioctl = zxp_port_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = zxp_port_release,
	.show_fdinfo = zxp_port_file_show_fdinfo,
	.llseek = noop_llseek,
};

struct file *zxp_port_file_create(void)
{
	struct zxp_port *port = zxp_port_alloc();
	struct file *file;

	if (!port)
		return ERR_PTR(-ENOMEM);

	file = anon_inode_getfile("[zxpager-port]", &zxp_port_fops, port, O_RDWR);
	if (IS_ERR(file))
		zxp_port_put(port);
	else
		stream_open(file_inode(file), file);
	return file;
}

/* The port behind a file, or NULL if it is another kind of file. */
struct zxp_port *zxp_port_of(struct file *file)
{
	return file->f_op == &zxp_port_fops ? file->private_data : NULL;
}

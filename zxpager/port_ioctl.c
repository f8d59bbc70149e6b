// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctls of a port.
 */
#include "objects.h"

static int zxp_ioc_port_queue(struct file *file, union zxp_args *args,
			      struct zxp_new_file *new)
{
	return zxp_port_post(file->private_data, &args->port_queue);
}

static int zxp_ioc_port_cancel(struct file *file, union zxp_args *args,
			       struct zxp_new_file *new)
{
	return zxp_port_cancel(file->private_data, &args->port_cancel);
}

static const struct zxp_ioctl zxp_port_ioctls[] = {
	ZXP_IOCTL(ZXP_IOC_PORT_QUEUE, struct zxp_port_queue,
		  packet, .call = zxp_ioc_port_queue),
	ZXP_IOCTL(ZXP_IOC_PORT_CANCEL, struct zxp_port_cancel,
		  source, .call = zxp_ioc_port_cancel),
};

long zxp_port_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return zxp_ioctl(zxp_port_ioctls, ARRAY_SIZE(zxp_port_ioctls), file, cmd, arg);
}

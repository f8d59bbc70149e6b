// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctls of a VMO.
 */
#include <linux/fsnotify.h>

#include "objects.h"

static int zxp_ioc_vmo_get_info(struct file *file, union zxp_args *args,
				struct zxp_new_file *new)
{
	return zxp_vmo_get_info(file, &args->vmo_info);
}

static int zxp_ioc_vmo_op_range(struct file *file, union zxp_args *args,
				struct zxp_new_file *new)
{
	return zxp_vmo_op_range(file, &args->vmo_op_range);
}

static int zxp_ioc_vmo_read(struct file *file, union zxp_args *args,
			    struct zxp_new_file *new)
{
	if (args->vmo_io.flags)
		return -EINVAL;
	if (!(file->f_mode & FMODE_READ))
		return -EACCES;
	return zxp_vmo_read(file, &args->vmo_io);
}

static int zxp_ioc_vmo_write(struct file *file, union zxp_args *args,
			     struct zxp_new_file *new)
{
	if (args->vmo_io.flags)
		return -EINVAL;
	if (!(file->f_mode & FMODE_WRITE))
		return -EACCES;
	return zxp_vmo_write(file, &args->vmo_io);
}

static int zxp_ioc_vmo_set_stream_size(struct file *file, union zxp_args *args,
				       struct zxp_new_file *new)
{
	int ret;

	if (args->set_stream_size.flags)
		return -EINVAL;
	if (!(file->f_mode & FMODE_WRITE))
		return -EACCES;
	ret = zxp_vmo_set_stream_size(zxp_vmo_of(file_inode(file)),
				      args->set_stream_size.stream_size);
	if (!ret) {
		file_update_time(file);
		fsnotify_modify(file);
	}
	return ret;
}

static int zxp_ioc_vmo_create_child(struct file *file, union zxp_args *args,
				    struct zxp_new_file *new)
{
	struct zxp_parent parent = { .file = file, .root = zxp_vmo_of(file_inode(file)) };

	return zxp_create_child(&parent, &args->create_child, new);
}

/* Of a VMO that is no copy there is no root that it differs from. */
static int zxp_ioc_vmo_query_own(struct file *file, union zxp_args *args,
				 struct zxp_new_file *new)
{
	return -EINVAL;
}

static const struct zxp_ioctl zxp_vmo_ioctls[] = {
	ZXP_IOCTL(ZXP_IOC_VMO_GET_INFO, struct zxp_vmo_info,
		  reserved, .call = zxp_ioc_vmo_get_info, .answers = true),
	ZXP_IOCTL(ZXP_IOC_VMO_OP_RANGE, struct zxp_vmo_op_range,
		  reserved, .call = zxp_ioc_vmo_op_range),
	ZXP_IOCTL(ZXP_IOC_VMO_READ, struct zxp_vmo_io,
		  buffer, .call = zxp_ioc_vmo_read),
	ZXP_IOCTL(ZXP_IOC_VMO_WRITE, struct zxp_vmo_io,
		  buffer, .call = zxp_ioc_vmo_write),
	ZXP_IOCTL(ZXP_IOC_VMO_SET_STREAM_SIZE,
		  struct zxp_vmo_set_stream_size,
		  stream_size, .call = zxp_ioc_vmo_set_stream_size),
	ZXP_IOCTL(ZXP_IOC_VMO_CREATE_CHILD, struct zxp_vmo_create_child,
		  reserved, .call = zxp_ioc_vmo_create_child,
		  .fd_offset = offsetof(struct zxp_vmo_create_child, out_fd)),
	ZXP_IOCTL(ZXP_IOC_VMO_QUERY_OWN, struct zxp_vmo_query_own,
		  out_next, .call = zxp_ioc_vmo_query_own, .answers = true),
};

long zxp_vmo_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return zxp_ioctl(zxp_vmo_ioctls, ARRAY_SIZE(zxp_vmo_ioctls), file, cmd, arg);
}

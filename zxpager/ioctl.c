// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctls: from a command number to a function, by way of one table and one
 * copy in and out.
 */
#include <linux/file.h>
#include <linux/uaccess.h>

#include "zxpager_private.h"

/* The structure of any call; each begins with its size. */
union zxp_args {
	u32 size;
	struct zxp_info info;
	struct zxp_create_port create_port;
	struct zxp_create_vmo create_vmo;
	struct zxp_detach_vmo detach_vmo;
	struct zxp_supply_pages supply_pages;
	struct zxp_supply_ranges supply_ranges;
	struct zxp_op_range op_range;
	struct zxp_query_dirty_ranges query_dirty_ranges;
	struct zxp_query_vmo_stats query_vmo_stats;
	struct zxp_vmo_info vmo_info;
	struct zxp_vmo_op_range vmo_op_range;
	struct zxp_vmo_io vmo_io;
	struct zxp_vmo_set_stream_size set_stream_size;
	struct zxp_vmo_create_child create_child;
	struct zxp_port_queue port_queue;
	struct zxp_port_cancel port_cancel;
};

/**
 * struct zxp_ioctl - one command
 * @cmd: its number
 * @size: size of its structure
 * @min_size: size of that structure in the first ABI revision
 * @fd_offset: where in the structure the new descriptor goes, if it makes one
 * @answers: the structure goes back to the caller, also after an error
 * @call: the work
 */
struct zxp_ioctl {
	unsigned int cmd;
	u32 size;
	u32 min_size;
	u32 fd_offset;
	bool answers;
	int (*call)(struct file *file, union zxp_args *args,
		    struct zxp_new_file *new);
};

static int zxp_ioc_get_info(struct file *file, union zxp_args *args,
			    struct zxp_new_file *new)
{
	struct zxp_info *info = &args->info;

	if (info->flags || info->reserved)
		return -EINVAL;

	info->out_features = ZXP_FEATURES;
	info->out_max_vmo_size = ZXP_MAX_VMO_SIZE;
	info->out_abi_revision = ZXP_ABI_REVISION;
	info->out_page_size = PAGE_SIZE;
	info->out_packet_size = sizeof(struct zxp_packet);
	return 0;
}

static int zxp_ioc_create_port(struct file *file, union zxp_args *args,
			       struct zxp_new_file *new)
{
	if (args->create_port.flags || args->create_port.reserved)
		return -EINVAL;

	new->file = zxp_port_file_create();
	if (IS_ERR(new->file)) {
		int ret = PTR_ERR(new->file);

		new->file = NULL;
		return ret;
	}
	return 0;
}

static int zxp_ioc_create_vmo(struct file *file, union zxp_args *args,
			      struct zxp_new_file *new)
{
	return zxp_pager_create_vmo(file->private_data, &args->create_vmo, new);
}

static int zxp_ioc_detach_vmo(struct file *file, union zxp_args *args,
			      struct zxp_new_file *new)
{
	return zxp_pager_detach_vmo(file->private_data, &args->detach_vmo);
}

static int zxp_ioc_supply_pages(struct file *file, union zxp_args *args,
				struct zxp_new_file *new)
{
	return zxp_pager_supply_pages(file->private_data, &args->supply_pages);
}

static int zxp_ioc_supply_ranges(struct file *file, union zxp_args *args,
				 struct zxp_new_file *new)
{
	return zxp_pager_supply_ranges(file->private_data,
				       &args->supply_ranges);
}

static int zxp_ioc_op_range(struct file *file, union zxp_args *args,
			    struct zxp_new_file *new)
{
	return zxp_pager_op_range(file->private_data, &args->op_range);
}

static int zxp_ioc_query_dirty_ranges(struct file *file, union zxp_args *args,
				      struct zxp_new_file *new)
{
	return zxp_pager_query_dirty_ranges(file->private_data,
					    &args->query_dirty_ranges);
}

static int zxp_ioc_query_vmo_stats(struct file *file, union zxp_args *args,
				   struct zxp_new_file *new)
{
	return zxp_pager_query_vmo_stats(file->private_data,
					 &args->query_vmo_stats);
}

static int zxp_ioc_vmo_get_info(struct file *file, union zxp_args *args,
				struct zxp_new_file *new)
{
	return zxp_vmo_get_info(zxp_vmo_of(file_inode(file)), &args->vmo_info);
}

static int zxp_ioc_vmo_op_range(struct file *file, union zxp_args *args,
				struct zxp_new_file *new)
{
	return zxp_vmo_op_range(zxp_vmo_of(file_inode(file)), file->f_mode,
				&args->vmo_op_range);
}

static int zxp_ioc_vmo_read(struct file *file, union zxp_args *args,
			    struct zxp_new_file *new)
{
	if (args->vmo_io.flags)
		return -EINVAL;
	if (!(file->f_mode & FMODE_READ))
		return -EACCES;
	return zxp_vmo_read(zxp_vmo_of(file_inode(file)), &args->vmo_io);
}

static int zxp_ioc_vmo_write(struct file *file, union zxp_args *args,
			     struct zxp_new_file *new)
{
	if (args->vmo_io.flags)
		return -EINVAL;
	if (!(file->f_mode & FMODE_WRITE))
		return -EACCES;
	return zxp_vmo_write(zxp_vmo_of(file_inode(file)), &args->vmo_io);
}

static int zxp_ioc_vmo_set_stream_size(struct file *file, union zxp_args *args,
				       struct zxp_new_file *new)
{
	if (args->set_stream_size.flags)
		return -EINVAL;
	if (!(file->f_mode & FMODE_WRITE))
		return -EACCES;
	return zxp_vmo_set_stream_size(zxp_vmo_of(file_inode(file)),
				       args->set_stream_size.stream_size);
}

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

/* In the ABI already, not in the module yet. */
static int zxp_ioc_not_yet(struct file *file, union zxp_args *args,
			   struct zxp_new_file *new)
{
	return -EOPNOTSUPP;
}

#define ZXP_IOCTL(_cmd, _type, _last, _call, ...)			\
	{ .cmd = (_cmd), .size = sizeof(_type),				\
	  .min_size = offsetofend(_type, _last),			\
	  .call = (_call), ##__VA_ARGS__ }

static const struct zxp_ioctl zxp_pager_ioctls[] = {
	ZXP_IOCTL(ZXP_IOC_GET_INFO, struct zxp_info,
		  reserved, zxp_ioc_get_info,
		  .answers = true),
	ZXP_IOCTL(ZXP_IOC_CREATE_PORT, struct zxp_create_port,
		  reserved, zxp_ioc_create_port,
		  .fd_offset = offsetof(struct zxp_create_port, out_fd)),
	ZXP_IOCTL(ZXP_IOC_CREATE_VMO, struct zxp_create_vmo,
		  reserved, zxp_ioc_create_vmo,
		  .fd_offset = offsetof(struct zxp_create_vmo, out_fd)),
	ZXP_IOCTL(ZXP_IOC_DETACH_VMO, struct zxp_detach_vmo,
		  reserved, zxp_ioc_detach_vmo),
	ZXP_IOCTL(ZXP_IOC_SUPPLY_PAGES, struct zxp_supply_pages,
		  out_filled, zxp_ioc_supply_pages, .answers = true),
	ZXP_IOCTL(ZXP_IOC_OP_RANGE, struct zxp_op_range,
		  data, zxp_ioc_op_range),
	ZXP_IOCTL(ZXP_IOC_QUERY_DIRTY_RANGES, struct zxp_query_dirty_ranges,
		  out_avail, zxp_ioc_query_dirty_ranges, .answers = true),
	ZXP_IOCTL(ZXP_IOC_QUERY_VMO_STATS, struct zxp_query_vmo_stats,
		  out_modified, zxp_ioc_query_vmo_stats, .answers = true),
	ZXP_IOCTL(ZXP_IOC_SUPPLY_RANGES, struct zxp_supply_ranges,
		  out_filled, zxp_ioc_supply_ranges, .answers = true),
};

static const struct zxp_ioctl zxp_vmo_ioctls[] = {
	ZXP_IOCTL(ZXP_IOC_VMO_GET_INFO, struct zxp_vmo_info,
		  reserved, zxp_ioc_vmo_get_info, .answers = true),
	ZXP_IOCTL(ZXP_IOC_VMO_OP_RANGE, struct zxp_vmo_op_range,
		  reserved, zxp_ioc_vmo_op_range),
	ZXP_IOCTL(ZXP_IOC_VMO_READ, struct zxp_vmo_io,
		  buffer, zxp_ioc_vmo_read),
	ZXP_IOCTL(ZXP_IOC_VMO_WRITE, struct zxp_vmo_io,
		  buffer, zxp_ioc_vmo_write),
	ZXP_IOCTL(ZXP_IOC_VMO_SET_STREAM_SIZE,
		  struct zxp_vmo_set_stream_size,
		  stream_size, zxp_ioc_vmo_set_stream_size),
	ZXP_IOCTL(ZXP_IOC_VMO_CREATE_CHILD, struct zxp_vmo_create_child,
		  reserved, zxp_ioc_not_yet),
};

static const struct zxp_ioctl zxp_port_ioctls[] = {
	ZXP_IOCTL(ZXP_IOC_PORT_QUEUE, struct zxp_port_queue,
		  packet, zxp_ioc_port_queue),
	ZXP_IOCTL(ZXP_IOC_PORT_CANCEL, struct zxp_port_cancel,
		  source, zxp_ioc_port_cancel),
};

static const struct zxp_ioctl *zxp_ioctl_find(const struct zxp_ioctl *table,
					      size_t nr, unsigned int cmd)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (table[i].cmd == cmd)
			return &table[i];
	return NULL;
}

/* Not ours, or ours but meant for another kind of descriptor. */
static long zxp_ioctl_refuse(unsigned int cmd)
{
	if (zxp_ioctl_find(zxp_pager_ioctls, ARRAY_SIZE(zxp_pager_ioctls), cmd) ||
	    zxp_ioctl_find(zxp_vmo_ioctls, ARRAY_SIZE(zxp_vmo_ioctls), cmd) ||
	    zxp_ioctl_find(zxp_port_ioctls, ARRAY_SIZE(zxp_port_ioctls), cmd))
		return -EMEDIUMTYPE;
	return -ENOTTY;
}

/*
 * Reserve a number and tell the caller, since after the call nothing may fail.
 * It becomes a descriptor only when what it stands for is there.
 */
static int zxp_ioctl_reserve_fd(const struct zxp_ioctl *ioctl,
				void __user *uarg, struct zxp_new_file *new)
{
	new->fd = get_unused_fd_flags(O_CLOEXEC);
	if (new->fd < 0)
		return new->fd;
	if (put_user((s32)new->fd, (s32 __user *)(uarg + ioctl->fd_offset))) {
		put_unused_fd(new->fd);
		return -EFAULT;
	}
	return 0;
}

static void zxp_ioctl_publish_fd(const struct zxp_ioctl *ioctl,
				 void __user *uarg, struct zxp_new_file *new)
{
	if (new->file) {
		fd_install(new->fd, new->file);
		return;
	}
	put_unused_fd(new->fd);
	/* Best effort: the call has failed anyway. */
	if (put_user((s32)-1, (s32 __user *)(uarg + ioctl->fd_offset)))
		return;
}

static long zxp_ioctl_run(const struct zxp_ioctl *ioctl, struct file *file,
			  void __user *uarg)
{
	struct zxp_new_file new = { .fd = -1 };
	union zxp_args args = {};
	u32 size;
	long ret;

	if (get_user(size, (u32 __user *)uarg))
		return -EFAULT;
	if (size < ioctl->min_size)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	ret = copy_struct_from_user(&args, ioctl->size, uarg, size);
	if (ret)
		return ret;

	if (ioctl->fd_offset) {
		ret = zxp_ioctl_reserve_fd(ioctl, uarg, &new);
		if (ret)
			return ret;
	}

	ret = ioctl->call(file, &args, &new);

	if (ioctl->fd_offset)
		zxp_ioctl_publish_fd(ioctl, uarg, &new);
	if (ioctl->answers) {
		/* The caller may not see another size than the one it gave. */
		args.size = size;
		if (copy_to_user(uarg, &args, min(size, ioctl->size)) && !ret)
			ret = -EFAULT;
	}
	return ret;
}

long zxp_pager_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	const struct zxp_ioctl *ioctl;

	ioctl = zxp_ioctl_find(zxp_pager_ioctls, ARRAY_SIZE(zxp_pager_ioctls),
			       cmd);
	if (!ioctl)
		return zxp_ioctl_refuse(cmd);
	return zxp_ioctl_run(ioctl, file, (void __user *)arg);
}

long zxp_vmo_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	const struct zxp_ioctl *ioctl;

	ioctl = zxp_ioctl_find(zxp_vmo_ioctls, ARRAY_SIZE(zxp_vmo_ioctls), cmd);
	if (!ioctl)
		return zxp_ioctl_refuse(cmd);
	return zxp_ioctl_run(ioctl, file, (void __user *)arg);
}

long zxp_port_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	const struct zxp_ioctl *ioctl;

	ioctl = zxp_ioctl_find(zxp_port_ioctls, ARRAY_SIZE(zxp_port_ioctls), cmd);
	if (!ioctl)
		return zxp_ioctl_refuse(cmd);
	return zxp_ioctl_run(ioctl, file, (void __user *)arg);
}

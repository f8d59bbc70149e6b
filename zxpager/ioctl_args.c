// SPDX-License-Identifier: GPL-2.0
/*
 * An ioctl of ours: find it in a table, copy its structure in and out, hand out the
 * descriptor that it made.
 */
#include <linux/file.h>
#include <linux/uaccess.h>

#include "base.h"

static const struct zxp_ioctl *zxp_ioctl_find(const struct zxp_ioctl *table,
					      size_t nr, unsigned int cmd)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (table[i].cmd == cmd)
			return &table[i];
	return NULL;
}

static const unsigned int zxp_ioctl_numbers[] = {
	ZXP_IOC_GET_INFO, ZXP_IOC_CREATE_PORT, ZXP_IOC_CREATE_VMO,
	ZXP_IOC_DETACH_VMO, ZXP_IOC_SUPPLY_PAGES, ZXP_IOC_SUPPLY_RANGES,
	ZXP_IOC_OP_RANGE, ZXP_IOC_QUERY_DIRTY_RANGES, ZXP_IOC_QUERY_VMO_STATS,
	ZXP_IOC_QUERY_VMO_KEY, ZXP_IOC_BEGIN_GENERATION, ZXP_IOC_LIST_VMOS,
	ZXP_IOC_OPEN_VMO, ZXP_IOC_BIND_VMO, ZXP_IOC_SET_TIME_LIMIT,
	ZXP_IOC_VMO_GET_INFO, ZXP_IOC_VMO_OP_RANGE, ZXP_IOC_VMO_READ,
	ZXP_IOC_VMO_WRITE, ZXP_IOC_VMO_SET_STREAM_SIZE,
	ZXP_IOC_VMO_CREATE_CHILD, ZXP_IOC_VMO_QUERY_OWN, ZXP_IOC_PORT_QUEUE,
	ZXP_IOC_PORT_CANCEL,
};

/* Not ours, or ours but meant for another kind of descriptor. */
static long zxp_ioctl_refuse(unsigned int cmd)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(zxp_ioctl_numbers); i++)
		if (zxp_ioctl_numbers[i] == cmd)
			return -EMEDIUMTYPE;
	return -ENOTTY;
}

/*
 * Reserve a number and tell the caller, since after the call nothing may fail but to tell more.
 * It becomes a descriptor only when what it stands for is there, and all is told.
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

	if (ioctl->answers) {
		/* The caller may not see another size than the one it gave. */
		args.size = size;
		if (copy_to_user(uarg, &args, min(size, ioctl->size)) && !ret)
			ret = -EFAULT;
	}
	if (ret && new.file) {
		fput(new.file);
		new.file = NULL;
	}
	if (ioctl->fd_offset)
		zxp_ioctl_publish_fd(ioctl, uarg, &new);
	return ret;
}

/**
 * zxp_ioctl() - an ioctl on a descriptor of ours
 * @table: the commands of this kind of descriptor
 * @nr: how many there are
 * @file: the descriptor's file
 * @cmd: the command
 * @arg: address of its structure
 *
 * Return: what the command returns; -EMEDIUMTYPE if it is for another kind of
 * descriptor; -ENOTTY if it is none of ours.
 */
long zxp_ioctl(const struct zxp_ioctl *table, size_t nr, struct file *file,
	       unsigned int cmd, unsigned long arg)
{
	const struct zxp_ioctl *ioctl = zxp_ioctl_find(table, nr, cmd);

	if (!ioctl)
		return zxp_ioctl_refuse(cmd);
	return zxp_ioctl_run(ioctl, file, (void __user *)arg);
}

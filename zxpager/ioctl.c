// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctls of a pager.
 */

#include "abi.h"

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

static int zxp_ioc_begin_generation(struct file *file, union zxp_args *args,
				    struct zxp_new_file *new)
{
	return zxp_pager_begin_generation(file->private_data, file->f_op,
					  &args->begin_generation, new);
}

static int zxp_ioc_list_vmos(struct file *file, union zxp_args *args,
			     struct zxp_new_file *new)
{
	return zxp_pager_list_vmos(file->private_data, &args->list_vmos);
}

static int zxp_ioc_open_vmo(struct file *file, union zxp_args *args,
			    struct zxp_new_file *new)
{
	return zxp_pager_open_vmo(file->private_data, &args->open_vmo, new);
}

static int zxp_ioc_bind_vmo(struct file *file, union zxp_args *args,
			    struct zxp_new_file *new)
{
	return zxp_pager_bind_vmo(file->private_data, &args->bind_vmo);
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

static int zxp_ioc_query_vmo_key(struct file *file, union zxp_args *args,
				 struct zxp_new_file *new)
{
	return zxp_pager_query_vmo_key(file->private_data, &args->query_vmo_key);
}

static int zxp_ioc_set_time_limit(struct file *file, union zxp_args *args,
				  struct zxp_new_file *new)
{
	return zxp_pager_set_time_limit(file->private_data, &args->set_time_limit);
}

static const struct zxp_ioctl zxp_pager_ioctls[] = {
	ZXP_IOCTL(ZXP_IOC_GET_INFO, struct zxp_info,
		  reserved, .call = zxp_ioc_get_info,
		  .answers = true),
	ZXP_IOCTL(ZXP_IOC_CREATE_PORT, struct zxp_create_port,
		  reserved, .call = zxp_ioc_create_port,
		  .fd_offset = offsetof(struct zxp_create_port, out_fd)),
	ZXP_IOCTL(ZXP_IOC_CREATE_VMO, struct zxp_create_vmo,
		  reserved, .call = zxp_ioc_create_vmo,
		  .fd_offset = offsetof(struct zxp_create_vmo, out_fd)),
	ZXP_IOCTL(ZXP_IOC_DETACH_VMO, struct zxp_detach_vmo,
		  reserved, .call = zxp_ioc_detach_vmo),
	ZXP_IOCTL(ZXP_IOC_SUPPLY_PAGES, struct zxp_supply_pages,
		  out_filled, .call = zxp_ioc_supply_pages, .answers = true),
	ZXP_IOCTL(ZXP_IOC_OP_RANGE, struct zxp_op_range,
		  data, .call = zxp_ioc_op_range),
	ZXP_IOCTL(ZXP_IOC_QUERY_DIRTY_RANGES, struct zxp_query_dirty_ranges,
		  out_avail, .call = zxp_ioc_query_dirty_ranges, .answers = true),
	ZXP_IOCTL(ZXP_IOC_QUERY_VMO_STATS, struct zxp_query_vmo_stats,
		  out_modified, .call = zxp_ioc_query_vmo_stats, .answers = true),
	ZXP_IOCTL(ZXP_IOC_SUPPLY_RANGES, struct zxp_supply_ranges,
		  out_filled, .call = zxp_ioc_supply_ranges, .answers = true),
	ZXP_IOCTL(ZXP_IOC_QUERY_VMO_KEY, struct zxp_query_vmo_key,
		  out_key, .call = zxp_ioc_query_vmo_key, .answers = true),
	ZXP_IOCTL(ZXP_IOC_BEGIN_GENERATION, struct zxp_begin_generation,
		  out_generation, .call = zxp_ioc_begin_generation,
		  .fd_offset = offsetof(struct zxp_begin_generation, out_fd),
		  .answers = true),
	ZXP_IOCTL(ZXP_IOC_LIST_VMOS, struct zxp_list_vmos,
		  out_actual, .call = zxp_ioc_list_vmos, .answers = true),
	ZXP_IOCTL(ZXP_IOC_OPEN_VMO, struct zxp_open_vmo,
		  reserved, .call = zxp_ioc_open_vmo,
		  .fd_offset = offsetof(struct zxp_open_vmo, out_fd)),
	ZXP_IOCTL(ZXP_IOC_BIND_VMO, struct zxp_bind_vmo,
		  reserved, .call = zxp_ioc_bind_vmo),
	ZXP_IOCTL(ZXP_IOC_SET_TIME_LIMIT, struct zxp_set_time_limit,
		  reserved, .call = zxp_ioc_set_time_limit),
};

/* What takes a keeper's file that is not also the generation's. */
static bool zxp_ioctl_is_for_keeper(unsigned int cmd)
{
	switch (cmd) {
	case ZXP_IOC_GET_INFO:
	case ZXP_IOC_CREATE_PORT:
	case ZXP_IOC_BEGIN_GENERATION:
	case ZXP_IOC_LIST_VMOS:
	case ZXP_IOC_OPEN_VMO:
	case ZXP_IOC_SET_TIME_LIMIT:
		return true;
	default:
		return false;
	}
}

long zxp_pager_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct zxp_pager_file *by = file->private_data;

	/* Early, for all calls alike. What a call does is refused where that happens. */
	if (zxp_pager_file_is_former(by) &&
	    !(zxp_pager_file_is_keeper(by) && zxp_ioctl_is_for_keeper(cmd)))
		return -ESHUTDOWN;
	return zxp_ioctl(zxp_pager_ioctls, ARRAY_SIZE(zxp_pager_ioctls), file, cmd, arg);
}

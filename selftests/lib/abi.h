/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Raw ioctls of /dev/zxpager: one plain function each, which returns 0 (or a new
 * descriptor) or a negative errno, and the macros for a line that expects success
 * or one particular error.
 */
#ifndef ZXP_SELFTESTS_ABI_H
#define ZXP_SELFTESTS_ABI_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/zxpager.h>

#define ZXP_DEV		"/dev/zxpager"

/*
 * test_zxp(supply_pages, pager, vmo, ...);		must succeed
 * test_err_zxp(EINVAL, supply_pages, pager, vmo, ...);	must give that errno
 *
 * Only for calls that return 0; creators return the descriptor, so ASSERT_LE(0,
 * zxp_create_port(pager)) is their form.
 */
#define test_zxp(call, ...)	 ASSERT_EQ(0, zxp_##call(__VA_ARGS__))
#define test_err_zxp(err, call, ...) EXPECT_EQ(-(err), zxp_##call(__VA_ARGS__))

static inline int zxp_ioctl(int fd, unsigned long nr, void *arg)
{
	return ioctl(fd, nr, arg) < 0 ? -errno : 0;
}

static inline int zxp_open(int flags)
{
	int fd = open(ZXP_DEV, O_RDWR | O_CLOEXEC | flags);

	return fd < 0 ? -errno : fd;
}

static inline int zxp_get_info(int pager, struct zxp_info *info)
{
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	return zxp_ioctl(pager, ZXP_IOC_GET_INFO, info);
}

static inline int zxp_create_port(int pager)
{
	struct zxp_create_port arg = { .size = sizeof(arg), .out_fd = -1 };
	int rc = zxp_ioctl(pager, ZXP_IOC_CREATE_PORT, &arg);

	return rc ? rc : arg.out_fd;
}

static inline int zxp_create_vmo_flags(int pager, uint32_t options, uint32_t flags,
				       int port, uint64_t key, uint64_t size)
{
	struct zxp_create_vmo arg = {
		.size = sizeof(arg),
		.options = options,
		.flags = flags,
		.port_fd = port,
		.key = key,
		.vmo_size = size,
		.out_fd = -1,
	};
	int rc = zxp_ioctl(pager, ZXP_IOC_CREATE_VMO, &arg);

	return rc ? rc : arg.out_fd;
}

static inline int zxp_create_vmo(int pager, uint32_t options, int port, uint64_t key,
				 uint64_t size)
{
	return zxp_create_vmo_flags(pager, options, 0, port, key, size);
}

static inline int zxp_create_plain(int pager, uint64_t size)
{
	return zxp_create_vmo_flags(pager, 0, ZXP_CREATE_PLAIN, ZXP_PORT_OWN, 0, size);
}

static inline int zxp_create_child(int vmo, uint32_t options, uint64_t offset,
				   uint64_t length)
{
	struct zxp_vmo_create_child arg = {
		.size = sizeof(arg),
		.options = options,
		.offset = offset,
		.length = length,
		.out_fd = -1,
	};
	int rc = zxp_ioctl(vmo, ZXP_IOC_VMO_CREATE_CHILD, &arg);

	return rc ? rc : arg.out_fd;
}

/* What a copy has for itself, from arg->offset on. */
static inline int zxp_vmo_query_own(int vmo, struct zxp_vmo_query_own *arg,
				    struct zxp_own_range *ranges, uint64_t nr)
{
	arg->size = sizeof(*arg);
	arg->buffer = (uintptr_t)ranges;
	arg->buffer_size = nr * sizeof(*ranges);
	return zxp_ioctl(vmo, ZXP_IOC_VMO_QUERY_OWN, arg);
}

static inline int zxp_detach_vmo(int pager, int vmo)
{
	struct zxp_detach_vmo arg = { .size = sizeof(arg), .vmo_fd = vmo };

	return zxp_ioctl(pager, ZXP_IOC_DETACH_VMO, &arg);
}

/* Supply with everything given and the result left in @arg. */
static inline int zxp_supply(int pager, struct zxp_supply_pages *arg)
{
	arg->size = sizeof(*arg);
	return zxp_ioctl(pager, ZXP_IOC_SUPPLY_PAGES, arg);
}

static inline int zxp_supply_pages(int pager, int vmo, uint64_t offset, uint64_t length,
				   const void *buf)
{
	struct zxp_supply_pages arg = {
		.vmo_fd = vmo,
		.aux_fd = -1,
		.offset = offset,
		.length = length,
		.source = (uintptr_t)buf,
	};

	return zxp_supply(pager, &arg);
}

static inline int zxp_supply_aux(int pager, int vmo, uint64_t offset, uint64_t length,
				 int aux, uint64_t aux_offset)
{
	struct zxp_supply_pages arg = {
		.flags = ZXP_SUPPLY_AUX,
		.vmo_fd = vmo,
		.aux_fd = aux,
		.offset = offset,
		.length = length,
		.source = aux_offset,
	};

	return zxp_supply(pager, &arg);
}

/* How far it came is left in @arg, of which the caller need not fill in anything. */
static inline int zxp_supply_ranges(int pager, const struct zxp_supply_range *ranges,
				    uint32_t nr, struct zxp_supply_ranges *arg)
{
	*arg = (struct zxp_supply_ranges) {
		.size = sizeof(*arg),
		.ranges = (uintptr_t)ranges,
		.nr_ranges = nr,
		.out_ranges = ~0U,
		.out_done = ~0ULL,
		.out_filled = ~0ULL,
	};
	return zxp_ioctl(pager, ZXP_IOC_SUPPLY_RANGES, arg);
}

static inline int zxp_op_range(int pager, uint32_t op, int vmo, uint64_t offset,
			       uint64_t length, uint64_t data)
{
	struct zxp_op_range arg = {
		.size = sizeof(arg),
		.op = op,
		.vmo_fd = vmo,
		.offset = offset,
		.length = length,
		.data = data,
	};

	return zxp_ioctl(pager, ZXP_IOC_OP_RANGE, &arg);
}

static inline int zxp_fail(int pager, int vmo, uint64_t offset, uint64_t length, int err)
{
	return zxp_op_range(pager, ZXP_PAGER_OP_FAIL, vmo, offset, length, err);
}

static inline int zxp_dirty(int pager, int vmo, uint64_t offset, uint64_t length)
{
	return zxp_op_range(pager, ZXP_PAGER_OP_DIRTY, vmo, offset, length, 0);
}

/* @data is 0 or ZXP_DIRTY_RANGE_IS_ZERO. */
static inline int zxp_writeback_begin(int pager, int vmo, uint64_t offset,
				      uint64_t length, uint64_t data)
{
	return zxp_op_range(pager, ZXP_PAGER_OP_WRITEBACK_BEGIN, vmo, offset, length,
			    data);
}

static inline int zxp_writeback_end(int pager, int vmo, uint64_t offset,
				    uint64_t length)
{
	return zxp_op_range(pager, ZXP_PAGER_OP_WRITEBACK_END, vmo, offset, length, 0);
}

static inline int zxp_sync_end(int pager, int vmo, uint64_t offset, uint64_t length,
			       int err)
{
	return zxp_op_range(pager, ZXP_PAGER_OP_SYNC_END, vmo, offset, length, err);
}

/* The query with everything given and the counts left in @arg. */
static inline int zxp_query(int pager, struct zxp_query_dirty_ranges *arg)
{
	arg->size = sizeof(*arg);
	return zxp_ioctl(pager, ZXP_IOC_QUERY_DIRTY_RANGES, arg);
}

/* Up to @nr ranges into @ranges; @actual and @avail may be NULL. */
static inline int zxp_query_dirty_ranges(int pager, int vmo, uint64_t offset,
					 uint64_t length, struct zxp_dirty_range *ranges,
					 uint64_t nr, uint64_t *actual, uint64_t *avail)
{
	struct zxp_query_dirty_ranges arg = {
		.vmo_fd = vmo,
		.offset = offset,
		.length = length,
		.buffer = (uintptr_t)ranges,
		.buffer_size = nr * sizeof(*ranges),
	};
	int rc = zxp_query(pager, &arg);

	if (actual)
		*actual = arg.out_actual;
	if (avail)
		*avail = arg.out_avail;
	return rc;
}

/* In milliseconds; 0 for none. */
static inline int zxp_set_time_limit(int pager, uint32_t limit_ms)
{
	struct zxp_set_time_limit arg = { .size = sizeof(arg), .limit_ms = limit_ms };

	return zxp_ioctl(pager, ZXP_IOC_SET_TIME_LIMIT, &arg);
}

static inline int zxp_query_vmo_key(int pager, int vmo, uint64_t *key)
{
	struct zxp_query_vmo_key arg = { .size = sizeof(arg), .vmo_fd = vmo };
	int rc = zxp_ioctl(pager, ZXP_IOC_QUERY_VMO_KEY, &arg);

	*key = arg.out_key;
	return rc;
}

/* The descriptor of the new generation. */
static inline int zxp_begin_generation(int keeper)
{
	struct zxp_begin_generation arg = { .size = sizeof(arg), .out_fd = -1 };
	int rc = zxp_ioctl(keeper, ZXP_IOC_BEGIN_GENERATION, &arg);

	return rc ? rc : arg.out_fd;
}

/* How many VMOs behind @after there were, up to @nr of them. */
static inline int zxp_list_vmos(int pager, uint64_t after, struct zxp_vmo_entry *entries,
				unsigned int nr)
{
	struct zxp_list_vmos arg = {
		.size = sizeof(arg),
		.after = after,
		.buffer = (uintptr_t)entries,
		.buffer_size = nr * sizeof(*entries),
	};
	int rc = zxp_ioctl(pager, ZXP_IOC_LIST_VMOS, &arg);

	return rc ? rc : (int)arg.out_actual;
}

static inline int zxp_open_vmo(int pager, uint64_t id)
{
	struct zxp_open_vmo arg = { .size = sizeof(arg), .id = id, .out_fd = -1 };
	int rc = zxp_ioctl(pager, ZXP_IOC_OPEN_VMO, &arg);

	return rc ? rc : arg.out_fd;
}

static inline int zxp_bind_vmo(int pager, int vmo, int port, uint64_t key)
{
	struct zxp_bind_vmo arg = {
		.size = sizeof(arg),
		.vmo_fd = vmo,
		.port_fd = port,
		.key = key,
	};

	return zxp_ioctl(pager, ZXP_IOC_BIND_VMO, &arg);
}

/* @options is 0 or ZXP_STATS_RESET. */
static inline int zxp_query_vmo_stats(int pager, int vmo, uint32_t options,
				      uint32_t *modified)
{
	struct zxp_query_vmo_stats arg = {
		.size = sizeof(arg),
		.options = options,
		.vmo_fd = vmo,
	};
	int rc = zxp_ioctl(pager, ZXP_IOC_QUERY_VMO_STATS, &arg);

	*modified = arg.out_modified;
	return rc;
}

static inline int zxp_set_stream_size(int vmo, uint64_t stream_size)
{
	struct zxp_vmo_set_stream_size arg = {
		.size = sizeof(arg),
		.stream_size = stream_size,
	};

	return zxp_ioctl(vmo, ZXP_IOC_VMO_SET_STREAM_SIZE, &arg);
}

static inline int zxp_vmo_get_info(int vmo, struct zxp_vmo_info *info)
{
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	return zxp_ioctl(vmo, ZXP_IOC_VMO_GET_INFO, info);
}

static inline int zxp_vmo_op_range(int vmo, uint32_t op, uint64_t offset, uint64_t length)
{
	struct zxp_vmo_op_range arg = {
		.size = sizeof(arg),
		.op = op,
		.offset = offset,
		.length = length,
	};

	return zxp_ioctl(vmo, ZXP_IOC_VMO_OP_RANGE, &arg);
}

static inline int zxp_vmo_zero(int vmo, uint64_t offset, uint64_t length)
{
	return zxp_vmo_op_range(vmo, ZXP_VMO_OP_ZERO, offset, length);
}

static inline int zxp_vmo_io(int vmo, unsigned long nr, uint64_t offset, uint64_t length,
			     const void *buf)
{
	struct zxp_vmo_io arg = {
		.size = sizeof(arg),
		.offset = offset,
		.length = length,
		.buffer = (uintptr_t)buf,
	};

	return zxp_ioctl(vmo, nr, &arg);
}

static inline int zxp_vmo_read(int vmo, uint64_t offset, uint64_t length, void *buf)
{
	return zxp_vmo_io(vmo, ZXP_IOC_VMO_READ, offset, length, buf);
}

static inline int zxp_vmo_write(int vmo, uint64_t offset, uint64_t length,
				const void *buf)
{
	return zxp_vmo_io(vmo, ZXP_IOC_VMO_WRITE, offset, length, buf);
}

#endif /* ZXP_SELFTESTS_ABI_H */

// SPDX-License-Identifier: GPL-2.0
/*
 * The ABI itself: layout, numbers, and the feature word.
 */
#define _GNU_SOURCE
#include <stddef.h>

#include "kselftest_harness.h"
#include "lib/world.h"

#define AT(type, field, off) \
	EXPECT_EQ((size_t)(off), offsetof(struct type, field))
#define SIZE(type, size) \
	EXPECT_EQ((size_t)(size), sizeof(struct type))

TEST(layout_packet)
{
	SIZE(zxp_packet, 48);
	AT(zxp_packet, key, 0);
	AT(zxp_packet, type, 8);
	AT(zxp_packet, status, 12);
	AT(zxp_packet, command, 16);
	AT(zxp_packet, flags, 18);
	AT(zxp_packet, reserved0, 20);
	AT(zxp_packet, offset, 24);
	AT(zxp_packet, length, 32);
	AT(zxp_packet, reserved1, 40);
	EXPECT_EQ(9, ZXP_PKT_TYPE_PAGE_REQUEST);
	EXPECT_EQ(0, ZXP_PACKET_READ);
	EXPECT_EQ(1, ZXP_PACKET_COMPLETE);
	EXPECT_EQ(2, ZXP_PACKET_DIRTY);
	EXPECT_EQ(0x8000, ZXP_PACKET_SYNC);
}

TEST(layout_structures)
{
	SIZE(zxp_info, 40);
	AT(zxp_info, out_features, 8);
	AT(zxp_info, out_max_vmo_size, 16);
	AT(zxp_info, out_abi_revision, 24);
	AT(zxp_info, out_packet_size, 32);
	SIZE(zxp_create_port, 16);
	AT(zxp_create_port, out_fd, 8);
	SIZE(zxp_create_vmo, 56);
	AT(zxp_create_vmo, port_fd, 12);
	AT(zxp_create_vmo, key, 16);
	AT(zxp_create_vmo, vmo_size, 24);
	AT(zxp_create_vmo, out_fd, 32);
	AT(zxp_create_vmo, max_size, 40);
	AT(zxp_create_vmo, name, 48);
	SIZE(zxp_detach_vmo, 16);
	AT(zxp_detach_vmo, vmo_fd, 8);
	SIZE(zxp_supply_pages, 56);
	AT(zxp_supply_pages, aux_fd, 12);
	AT(zxp_supply_pages, offset, 16);
	AT(zxp_supply_pages, source, 32);
	AT(zxp_supply_pages, out_done, 40);
	AT(zxp_supply_pages, out_filled, 48);
	SIZE(zxp_supply_range, 40);
	AT(zxp_supply_range, vmo_fd, 4);
	AT(zxp_supply_range, aux_fd, 8);
	AT(zxp_supply_range, reserved, 12);
	AT(zxp_supply_range, offset, 16);
	AT(zxp_supply_range, length, 24);
	AT(zxp_supply_range, source, 32);
	SIZE(zxp_supply_ranges, 40);
	AT(zxp_supply_ranges, ranges, 8);
	AT(zxp_supply_ranges, nr_ranges, 16);
	AT(zxp_supply_ranges, out_ranges, 20);
	AT(zxp_supply_ranges, out_done, 24);
	AT(zxp_supply_ranges, out_filled, 32);
	SIZE(zxp_op_range, 40);
	AT(zxp_op_range, op, 4);
	AT(zxp_op_range, vmo_fd, 8);
	AT(zxp_op_range, flags, 12);
	AT(zxp_op_range, offset, 16);
	AT(zxp_op_range, length, 24);
	AT(zxp_op_range, data, 32);
	SIZE(zxp_vmo_info, 192);
	AT(zxp_vmo_info, out_key, 16);
	AT(zxp_vmo_info, out_resident, 40);
	AT(zxp_vmo_info, out_waiting, 48);
	AT(zxp_vmo_info, out_fail_error, 104);
	/* Here the first revision ended. */
	AT(zxp_vmo_info, out_dirty_bytes, 112);
	AT(zxp_vmo_info, out_zero_bytes, 120);
	AT(zxp_vmo_info, out_dirty_packets, 128);
	AT(zxp_vmo_info, out_sync_packets, 136);
	AT(zxp_vmo_info, out_children, 144);
	AT(zxp_vmo_info, out_shared_bytes, 152);
	AT(zxp_vmo_info, out_scaled_bytes, 160);
	AT(zxp_vmo_info, out_id, 168);
	AT(zxp_vmo_info, out_parent_id, 176);
	AT(zxp_vmo_info, out_root_id, 184);
	SIZE(zxp_vmo_op_range, 32);
	AT(zxp_vmo_op_range, offset, 8);
	SIZE(zxp_vmo_io, 32);
	AT(zxp_vmo_io, buffer, 24);
	SIZE(zxp_vmo_create_child, 40);
	SIZE(zxp_own_range, 24);
	AT(zxp_own_range, offset, 0);
	AT(zxp_own_range, length, 8);
	AT(zxp_own_range, options, 16);
	SIZE(zxp_vmo_query_own, 56);
	AT(zxp_vmo_query_own, flags, 4);
	AT(zxp_vmo_query_own, offset, 8);
	AT(zxp_vmo_query_own, length, 16);
	AT(zxp_vmo_query_own, buffer, 24);
	AT(zxp_vmo_query_own, buffer_size, 32);
	AT(zxp_vmo_query_own, out_actual, 40);
	AT(zxp_vmo_query_own, out_next, 48);
}

TEST(layout_write_half)
{
	SIZE(zxp_dirty_range, 24);
	AT(zxp_dirty_range, offset, 0);
	AT(zxp_dirty_range, length, 8);
	AT(zxp_dirty_range, options, 16);
	SIZE(zxp_query_dirty_ranges, 64);
	AT(zxp_query_dirty_ranges, flags, 4);
	AT(zxp_query_dirty_ranges, vmo_fd, 8);
	AT(zxp_query_dirty_ranges, reserved, 12);
	AT(zxp_query_dirty_ranges, offset, 16);
	AT(zxp_query_dirty_ranges, length, 24);
	AT(zxp_query_dirty_ranges, buffer, 32);
	AT(zxp_query_dirty_ranges, buffer_size, 40);
	AT(zxp_query_dirty_ranges, out_actual, 48);
	AT(zxp_query_dirty_ranges, out_avail, 56);
	SIZE(zxp_query_vmo_stats, 16);
	AT(zxp_query_vmo_stats, options, 4);
	AT(zxp_query_vmo_stats, vmo_fd, 8);
	AT(zxp_query_vmo_stats, out_modified, 12);
	SIZE(zxp_query_vmo_key, 24);
	AT(zxp_query_vmo_key, flags, 4);
	AT(zxp_query_vmo_key, vmo_fd, 8);
	AT(zxp_query_vmo_key, reserved, 12);
	AT(zxp_query_vmo_key, out_key, 16);
	SIZE(zxp_begin_generation, 24);
	AT(zxp_begin_generation, flags, 4);
	AT(zxp_begin_generation, out_fd, 8);
	AT(zxp_begin_generation, reserved, 12);
	AT(zxp_begin_generation, out_generation, 16);
	SIZE(zxp_vmo_entry, 96);
	AT(zxp_vmo_entry, key, 8);
	AT(zxp_vmo_entry, vmo_size, 16);
	AT(zxp_vmo_entry, stream_size, 24);
	AT(zxp_vmo_entry, max_size, 32);
	AT(zxp_vmo_entry, options, 40);
	AT(zxp_vmo_entry, flags, 44);
	AT(zxp_vmo_entry, state, 48);
	AT(zxp_vmo_entry, waiting, 56);
	AT(zxp_vmo_entry, requests, 64);
	AT(zxp_vmo_entry, reserved1, 72);
	SIZE(zxp_list_vmos, 40);
	AT(zxp_list_vmos, after, 8);
	AT(zxp_list_vmos, buffer, 16);
	AT(zxp_list_vmos, buffer_size, 24);
	AT(zxp_list_vmos, out_actual, 32);
	SIZE(zxp_open_vmo, 24);
	AT(zxp_open_vmo, id, 8);
	AT(zxp_open_vmo, out_fd, 16);
	AT(zxp_open_vmo, reserved, 20);
	SIZE(zxp_bind_vmo, 32);
	AT(zxp_bind_vmo, vmo_fd, 8);
	AT(zxp_bind_vmo, port_fd, 12);
	AT(zxp_bind_vmo, key, 16);
	AT(zxp_bind_vmo, reserved, 24);
	SIZE(zxp_set_time_limit, 16);
	AT(zxp_set_time_limit, flags, 4);
	AT(zxp_set_time_limit, limit_ms, 8);
	AT(zxp_set_time_limit, reserved, 12);
	SIZE(zxp_vmo_set_stream_size, 16);
	AT(zxp_vmo_set_stream_size, flags, 4);
	AT(zxp_vmo_set_stream_size, stream_size, 8);
}

TEST(numbers)
{
	EXPECT_EQ(0x5a80u, ZXP_IOC_GET_INFO);
	EXPECT_EQ(0x5a81u, ZXP_IOC_CREATE_PORT);
	EXPECT_EQ(0x5a82u, ZXP_IOC_CREATE_VMO);
	EXPECT_EQ(0x5a83u, ZXP_IOC_DETACH_VMO);
	EXPECT_EQ(0x5a84u, ZXP_IOC_SUPPLY_PAGES);
	EXPECT_EQ(0x5a85u, ZXP_IOC_OP_RANGE);
	EXPECT_EQ(0x5a86u, ZXP_IOC_QUERY_DIRTY_RANGES);
	EXPECT_EQ(0x5a87u, ZXP_IOC_QUERY_VMO_STATS);
	EXPECT_EQ(0x5a88u, ZXP_IOC_SUPPLY_RANGES);
	EXPECT_EQ(0x5a89u, ZXP_IOC_QUERY_VMO_KEY);
	EXPECT_EQ(0x5a8au, ZXP_IOC_BEGIN_GENERATION);
	EXPECT_EQ(0x5a8bu, ZXP_IOC_LIST_VMOS);
	EXPECT_EQ(0x5a8cu, ZXP_IOC_OPEN_VMO);
	EXPECT_EQ(0x5a8du, ZXP_IOC_BIND_VMO);
	EXPECT_EQ(0x5a8eu, ZXP_IOC_SET_TIME_LIMIT);
	EXPECT_EQ(0x5aa0u, ZXP_IOC_VMO_GET_INFO);
	EXPECT_EQ(0x5aa1u, ZXP_IOC_VMO_OP_RANGE);
	EXPECT_EQ(0x5aa2u, ZXP_IOC_VMO_READ);
	EXPECT_EQ(0x5aa3u, ZXP_IOC_VMO_WRITE);
	EXPECT_EQ(0x5aa4u, ZXP_IOC_VMO_SET_STREAM_SIZE);
	EXPECT_EQ(0x5aa5u, ZXP_IOC_VMO_CREATE_CHILD);
	EXPECT_EQ(0x5aa6u, ZXP_IOC_VMO_QUERY_OWN);
	EXPECT_EQ(13, ZXP_ABI_REVISION);
}

/* Those that Zircon has too have its numbers. */
TEST(numbers_of_options)
{
	EXPECT_EQ(2, ZXP_VMO_RESIZABLE);
	EXPECT_EQ(8, ZXP_VMO_TRAP_DIRTY);
	EXPECT_EQ(16, ZXP_VMO_UNBOUNDED);
	EXPECT_EQ(1, ZXP_PAGER_OP_FAIL);
	EXPECT_EQ(2, ZXP_PAGER_OP_DIRTY);
	EXPECT_EQ(3, ZXP_PAGER_OP_WRITEBACK_BEGIN);
	EXPECT_EQ(4, ZXP_PAGER_OP_WRITEBACK_END);
	EXPECT_EQ(0x100, ZXP_PAGER_OP_SYNC_END);
	EXPECT_EQ(1, ZXP_DIRTY_RANGE_IS_ZERO);
	EXPECT_EQ(2, ZXP_DIRTY_RANGE_IS_POISONED);
	EXPECT_EQ(1, ZXP_STATS_RESET);
	EXPECT_EQ(1, ZXP_STATS_MODIFIED);
	EXPECT_EQ(10, ZXP_VMO_OP_ZERO);
	EXPECT_EQ(2, ZXP_CREATE_SYNC);
	EXPECT_EQ(4, ZXP_CREATE_FIXED);
	EXPECT_EQ(8, ZXP_CREATE_READ_ONLY);
	EXPECT_EQ(16, ZXP_CREATE_COPIES);
	EXPECT_EQ(32, ZXP_CREATE_SNAPSHOTS);
	EXPECT_EQ(1, ZXP_QUERY_NO_AVAIL);
	EXPECT_EQ(1, ZXP_VMO_ENTRY_DETACHED);
	EXPECT_EQ(2, ZXP_VMO_ENTRY_UNWRITTEN);
	EXPECT_EQ(4, ZXP_VMO_ENTRY_BEGUN);
	EXPECT_EQ(4, ZXP_VMO_INFO_SYNC);
	EXPECT_EQ(8, ZXP_VMO_INFO_FIXED);
	EXPECT_EQ(16, ZXP_VMO_INFO_READ_ONLY);
	EXPECT_EQ(32, ZXP_VMO_INFO_COPY);
	EXPECT_EQ(0x10000, ZXP_CHILD_POINT_IN_TIME);
}

FIXTURE(kinds)
{
	struct world w;
};

FIXTURE_SETUP(kinds)
{
	ASSERT_TRUE(world_init(&self->w));
}

FIXTURE_TEARDOWN(kinds)
{
	EXPECT_TRUE(world_intact(&self->w));
	world_fini(&self->w);
}

static bool is_ours(int nr)
{
	return (nr >= 0x80 && nr <= 0x8e) || (nr >= 0xa0 && nr <= 0xa6) ||
	       nr == 0xc0 || nr == 0xc1;
}

TEST_F(kinds, unknown_numbers)
{
	struct world *w = &self->w;
	int fds[] = { w->p.fd, w->p.port, w->vmo->fd, w->plain };
	struct zxp_info info = { .size = sizeof(info) };

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		for (int nr = 0; nr < 256; nr++) {
			if (is_ours(nr))
				continue;
			EXPECT_EQ(-ENOTTY, zxp_ioctl(fds[i], _IO('Z', nr), &info)) {
				TH_LOG("number %#x on descriptor %zu", nr, i);
			}
		}
		/* Right number, but not exactly ours. */
		EXPECT_EQ(-ENOTTY, zxp_ioctl(fds[i], _IO('Y', 0x80), &info));
		EXPECT_EQ(-ENOTTY, zxp_ioctl(fds[i], _IOR('Z', 0x80, int), &info));
		EXPECT_EQ(-ENOTTY, zxp_ioctl(fds[i], 0xa05a80, &info));
	}
}

TEST_F(kinds, info)
{
	struct zxp_info info;

	test_zxp(get_info, self->w.p.fd, &info);
	EXPECT_EQ(ZXP_ABI_REVISION, info.out_abi_revision);
	EXPECT_EQ(page_size, info.out_page_size);
	EXPECT_EQ(48, info.out_packet_size);
	EXPECT_EQ(0, info.out_max_vmo_size % page_size);
	EXPECT_LE(1ULL << 40, info.out_max_vmo_size);
	EXPECT_EQ(0, info.reserved);
	/* All. */
	EXPECT_EQ(0x7ffff1f, info.out_features);
}

/* Who was built for the first revision gets what that had, and not a byte more. */
TEST_F(kinds, vmo_info_of_first_revision)
{
	size_t first = offsetof(struct zxp_vmo_info, out_dirty_bytes);
	struct zxp_vmo_info whole;

	test_zxp(vmo_get_info, self->w.vmo->fd, &whole);
	for (size_t size = first; size < sizeof(whole); size++) {
		unsigned char room[sizeof(whole)] = { 0 };
		struct zxp_vmo_info *info = (void *)room;

		info->size = size;
		memset(room + size, 0xa5, sizeof(room) - size);
		ASSERT_EQ(0, zxp_ioctl(self->w.vmo->fd, ZXP_IOC_VMO_GET_INFO, info));
		EXPECT_EQ(size, info->size);
		info->size = whole.size;
		EXPECT_EQ(0, memcmp(room, &whole, size));
		for (size_t i = size; i < sizeof(room); i++) {
			EXPECT_EQ(0xa5, room[i]);
		}
	}
	whole.size = first - 1;
	EXPECT_EQ(-EINVAL, zxp_ioctl(self->w.vmo->fd, ZXP_IOC_VMO_GET_INFO, &whole));
}

/* A feature that the word does not have is refused, and one that it has works. */
TEST_F(kinds, features_as_told)
{
	struct world *w = &self->w;
	uint64_t at = WORLD_RESIDENT * page_size;
	struct zxp_dirty_range range;
	struct zxp_info info;
	uint32_t modified;
	int fd;

	test_zxp(get_info, w->p.fd, &info);
#define HAS(f)	(!!(info.out_features & ZXP_FEATURE_##f))
#define GIVES(f, call) EXPECT_EQ(HAS(f), (call) != -EOPNOTSUPP)
	GIVES(WRITEBACK, zxp_query_dirty_ranges(w->p.fd, w->vmo->fd, 0, page_size,
						&range, 1, NULL, NULL));
	GIVES(WRITEBACK, zxp_writeback_begin(w->p.fd, w->vmo->fd, at, page_size, 0));
	GIVES(WRITEBACK, zxp_writeback_end(w->p.fd, w->vmo->fd, at, page_size));
	GIVES(STATS, zxp_query_vmo_stats(w->p.fd, w->vmo->fd, 0, &modified));
	GIVES(STREAM_SIZE, zxp_set_stream_size(w->vmo->fd, WORLD_PAGES * page_size));
	fd = zxp_create_child(w->vmo->fd, ZXP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, 0,
			      page_size);
	EXPECT_EQ(HAS(CHILD), fd != -EOPNOTSUPP);
	close(fd);
	fd = zxp_create_vmo(w->p.fd, ZXP_VMO_TRAP_DIRTY, ZXP_PORT_OWN, 1, page_size);
	EXPECT_EQ(HAS(TRAP_DIRTY), fd != -EOPNOTSUPP);
	GIVES(TRAP_DIRTY, zxp_dirty(w->p.fd, fd, 0, page_size));
	close(fd);
	fd = zxp_create_vmo(w->p.fd, ZXP_VMO_UNBOUNDED, ZXP_PORT_OWN, 1, page_size);
	EXPECT_EQ(HAS(STREAM_SIZE), fd != -EOPNOTSUPP);
	close(fd);
	fd = zxp_create_vmo(w->p.fd, ZXP_VMO_RESIZABLE, ZXP_PORT_OWN, 1, page_size);
	EXPECT_EQ(HAS(RESIZABLE), fd >= 0);
	close(fd);
	fd = zxp_create_vmo_flags(w->p.fd, 0, ZXP_CREATE_SYNC, ZXP_PORT_OWN, 1,
				  page_size);
	EXPECT_EQ(HAS(SYNC), fd != -EOPNOTSUPP);
	GIVES(SYNC, zxp_sync_end(w->p.fd, fd, 0, page_size, 0));
	close(fd);
	GIVES(ZERO, zxp_vmo_op_range(w->plain, ZXP_VMO_OP_ZERO, 0, page_size));
}

TEST_HARNESS_MAIN

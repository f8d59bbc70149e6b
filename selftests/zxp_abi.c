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
	SIZE(zxp_create_vmo, 40);
	AT(zxp_create_vmo, port_fd, 12);
	AT(zxp_create_vmo, key, 16);
	AT(zxp_create_vmo, vmo_size, 24);
	AT(zxp_create_vmo, out_fd, 32);
	SIZE(zxp_detach_vmo, 16);
	AT(zxp_detach_vmo, vmo_fd, 8);
	SIZE(zxp_supply_pages, 56);
	AT(zxp_supply_pages, aux_fd, 12);
	AT(zxp_supply_pages, offset, 16);
	AT(zxp_supply_pages, source, 32);
	AT(zxp_supply_pages, out_done, 40);
	AT(zxp_supply_pages, out_filled, 48);
	SIZE(zxp_op_range, 40);
	AT(zxp_op_range, op, 4);
	AT(zxp_op_range, vmo_fd, 8);
	AT(zxp_op_range, data, 32);
	SIZE(zxp_dirty_range, 24);
	SIZE(zxp_query_dirty_ranges, 64);
	SIZE(zxp_query_vmo_stats, 16);
	SIZE(zxp_vmo_info, 112);
	AT(zxp_vmo_info, out_key, 16);
	AT(zxp_vmo_info, out_resident, 40);
	AT(zxp_vmo_info, out_waiting, 48);
	AT(zxp_vmo_info, out_fail_error, 104);
	SIZE(zxp_vmo_op_range, 32);
	AT(zxp_vmo_op_range, offset, 8);
	SIZE(zxp_vmo_io, 32);
	AT(zxp_vmo_io, buffer, 24);
	SIZE(zxp_vmo_set_stream_size, 16);
	SIZE(zxp_vmo_create_child, 32);
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
	EXPECT_EQ(0x5aa0u, ZXP_IOC_VMO_GET_INFO);
	EXPECT_EQ(0x5aa1u, ZXP_IOC_VMO_OP_RANGE);
	EXPECT_EQ(0x5aa2u, ZXP_IOC_VMO_READ);
	EXPECT_EQ(0x5aa3u, ZXP_IOC_VMO_WRITE);
	EXPECT_EQ(0x5aa4u, ZXP_IOC_VMO_SET_STREAM_SIZE);
	EXPECT_EQ(0x5aa5u, ZXP_IOC_VMO_CREATE_CHILD);
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
	return (nr >= 0x80 && nr <= 0x87) || (nr >= 0xa0 && nr <= 0xa5);
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
	EXPECT_TRUE(info.out_features & ZXP_FEATURE_READ);
	EXPECT_FALSE(info.out_features & ~(uint64_t)0x7f1f);
}

/* A feature that the word does not have is refused, and one that it has works. */
TEST_F(kinds, features_as_told)
{
	struct world *w = &self->w;
	uint64_t range[3] = { 0 };
	struct zxp_query_dirty_ranges query = {
		.size = sizeof(query), .vmo_fd = w->vmo->fd, .length = page_size,
		.buffer = (uintptr_t)range, .buffer_size = sizeof(range),
	};
	struct zxp_query_vmo_stats stats = {
		.size = sizeof(stats), .vmo_fd = w->vmo->fd,
	};
	struct zxp_vmo_set_stream_size stream = {
		.size = sizeof(stream), .stream_size = WORLD_PAGES * page_size,
	};
	struct zxp_vmo_create_child child = {
		.size = sizeof(child), .options = 1 << 4, .length = page_size,
	};
	struct zxp_info info;
	int fd;

	test_zxp(get_info, w->p.fd, &info);
#define HAS(f)	(!!(info.out_features & ZXP_FEATURE_##f))
#define GIVES(f, call) EXPECT_EQ(HAS(f), (call) != -EOPNOTSUPP)
	GIVES(WRITEBACK, zxp_ioctl(w->p.fd, ZXP_IOC_QUERY_DIRTY_RANGES, &query));
	GIVES(STATS, zxp_ioctl(w->p.fd, ZXP_IOC_QUERY_VMO_STATS, &stats));
	GIVES(STREAM_SIZE, zxp_ioctl(w->vmo->fd, ZXP_IOC_VMO_SET_STREAM_SIZE,
				     &stream));
	GIVES(CHILD, zxp_ioctl(w->vmo->fd, ZXP_IOC_VMO_CREATE_CHILD, &child));
	fd = zxp_create_vmo(w->p.fd, ZXP_VMO_TRAP_DIRTY, ZXP_PORT_OWN, 1, page_size);
	EXPECT_EQ(HAS(TRAP_DIRTY), fd != -EOPNOTSUPP);
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
	close(fd);
	GIVES(ZERO, zxp_vmo_op_range(w->plain, ZXP_VMO_OP_ZERO, 0, page_size));
}

TEST_HARNESS_MAIN

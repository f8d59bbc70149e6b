// SPDX-License-Identifier: GPL-2.0
/*
 * The ABI, against numbers that are written down: where each field is, that there is
 * nothing between them, and what the constants are. A change of one of these is a
 * change of the ABI.
 */
#include "kunit.h"

struct zxp_abi_field {
	const char *name;
	size_t offset;
	size_t size;
	size_t is_offset;
	size_t is_size;
};

/* What comes last is a structure and a field of it. */
#define FIELD(_offset, _size, ...)					\
	{ #__VA_ARGS__, _offset, _size, offsetof(__VA_ARGS__),		\
	  sizeof_field(__VA_ARGS__) }

/* Ends a structure; its own size stands for an offset. */
#define END(_type, _size)						\
	{ #_type, _size, 0, sizeof(struct _type), 0 }

static const struct zxp_abi_field zxp_abi_fields[] = {
	FIELD(0, 8, struct zxp_packet, key),
	FIELD(8, 4, struct zxp_packet, type),
	FIELD(12, 4, struct zxp_packet, status),
	FIELD(16, 2, struct zxp_packet, command),
	FIELD(18, 2, struct zxp_packet, flags),
	FIELD(20, 4, struct zxp_packet, reserved0),
	FIELD(24, 8, struct zxp_packet, offset),
	FIELD(32, 8, struct zxp_packet, length),
	FIELD(40, 8, struct zxp_packet, reserved1),
	END(zxp_packet, 48),
	FIELD(0, 4, struct zxp_info, size),
	FIELD(4, 4, struct zxp_info, flags),
	FIELD(8, 8, struct zxp_info, out_features),
	FIELD(16, 8, struct zxp_info, out_max_vmo_size),
	FIELD(24, 4, struct zxp_info, out_abi_revision),
	FIELD(28, 4, struct zxp_info, out_page_size),
	FIELD(32, 4, struct zxp_info, out_packet_size),
	FIELD(36, 4, struct zxp_info, reserved),
	END(zxp_info, 40),
	FIELD(0, 4, struct zxp_create_port, size),
	FIELD(4, 4, struct zxp_create_port, flags),
	FIELD(8, 4, struct zxp_create_port, out_fd),
	FIELD(12, 4, struct zxp_create_port, reserved),
	END(zxp_create_port, 16),
	FIELD(0, 4, struct zxp_port_queue, size),
	FIELD(4, 4, struct zxp_port_queue, flags),
	FIELD(8, 8, struct zxp_port_queue, source),
	FIELD(16, 48, struct zxp_port_queue, packet),
	END(zxp_port_queue, 64),
	FIELD(0, 4, struct zxp_port_cancel, size),
	FIELD(4, 4, struct zxp_port_cancel, flags),
	FIELD(8, 8, struct zxp_port_cancel, key),
	FIELD(16, 8, struct zxp_port_cancel, source),
	END(zxp_port_cancel, 24),
	FIELD(0, 4, struct zxp_create_vmo, size),
	FIELD(4, 4, struct zxp_create_vmo, options),
	FIELD(8, 4, struct zxp_create_vmo, flags),
	FIELD(12, 4, struct zxp_create_vmo, port_fd),
	FIELD(16, 8, struct zxp_create_vmo, key),
	FIELD(24, 8, struct zxp_create_vmo, vmo_size),
	FIELD(32, 4, struct zxp_create_vmo, out_fd),
	FIELD(36, 4, struct zxp_create_vmo, reserved),
	FIELD(40, 8, struct zxp_create_vmo, max_size),
	FIELD(48, 8, struct zxp_create_vmo, name),
	END(zxp_create_vmo, 56),
	FIELD(0, 4, struct zxp_detach_vmo, size),
	FIELD(4, 4, struct zxp_detach_vmo, flags),
	FIELD(8, 4, struct zxp_detach_vmo, vmo_fd),
	FIELD(12, 4, struct zxp_detach_vmo, reserved),
	END(zxp_detach_vmo, 16),
	FIELD(0, 4, struct zxp_supply_pages, size),
	FIELD(4, 4, struct zxp_supply_pages, flags),
	FIELD(8, 4, struct zxp_supply_pages, vmo_fd),
	FIELD(12, 4, struct zxp_supply_pages, aux_fd),
	FIELD(16, 8, struct zxp_supply_pages, offset),
	FIELD(24, 8, struct zxp_supply_pages, length),
	FIELD(32, 8, struct zxp_supply_pages, source),
	FIELD(40, 8, struct zxp_supply_pages, out_done),
	FIELD(48, 8, struct zxp_supply_pages, out_filled),
	END(zxp_supply_pages, 56),
	FIELD(0, 4, struct zxp_supply_range, flags),
	FIELD(4, 4, struct zxp_supply_range, vmo_fd),
	FIELD(8, 4, struct zxp_supply_range, aux_fd),
	FIELD(12, 4, struct zxp_supply_range, reserved),
	FIELD(16, 8, struct zxp_supply_range, offset),
	FIELD(24, 8, struct zxp_supply_range, length),
	FIELD(32, 8, struct zxp_supply_range, source),
	END(zxp_supply_range, 40),
	FIELD(0, 4, struct zxp_supply_ranges, size),
	FIELD(4, 4, struct zxp_supply_ranges, flags),
	FIELD(8, 8, struct zxp_supply_ranges, ranges),
	FIELD(16, 4, struct zxp_supply_ranges, nr_ranges),
	FIELD(20, 4, struct zxp_supply_ranges, out_ranges),
	FIELD(24, 8, struct zxp_supply_ranges, out_done),
	FIELD(32, 8, struct zxp_supply_ranges, out_filled),
	END(zxp_supply_ranges, 40),
	FIELD(0, 4, struct zxp_op_range, size),
	FIELD(4, 4, struct zxp_op_range, op),
	FIELD(8, 4, struct zxp_op_range, vmo_fd),
	FIELD(12, 4, struct zxp_op_range, flags),
	FIELD(16, 8, struct zxp_op_range, offset),
	FIELD(24, 8, struct zxp_op_range, length),
	FIELD(32, 8, struct zxp_op_range, data),
	END(zxp_op_range, 40),
	FIELD(0, 8, struct zxp_dirty_range, offset),
	FIELD(8, 8, struct zxp_dirty_range, length),
	FIELD(16, 8, struct zxp_dirty_range, options),
	END(zxp_dirty_range, 24),
	FIELD(0, 4, struct zxp_query_dirty_ranges, size),
	FIELD(4, 4, struct zxp_query_dirty_ranges, flags),
	FIELD(8, 4, struct zxp_query_dirty_ranges, vmo_fd),
	FIELD(12, 4, struct zxp_query_dirty_ranges, reserved),
	FIELD(16, 8, struct zxp_query_dirty_ranges, offset),
	FIELD(24, 8, struct zxp_query_dirty_ranges, length),
	FIELD(32, 8, struct zxp_query_dirty_ranges, buffer),
	FIELD(40, 8, struct zxp_query_dirty_ranges, buffer_size),
	FIELD(48, 8, struct zxp_query_dirty_ranges, out_actual),
	FIELD(56, 8, struct zxp_query_dirty_ranges, out_avail),
	END(zxp_query_dirty_ranges, 64),
	FIELD(0, 4, struct zxp_query_vmo_stats, size),
	FIELD(4, 4, struct zxp_query_vmo_stats, options),
	FIELD(8, 4, struct zxp_query_vmo_stats, vmo_fd),
	FIELD(12, 4, struct zxp_query_vmo_stats, out_modified),
	END(zxp_query_vmo_stats, 16),
	FIELD(0, 4, struct zxp_query_vmo_key, size),
	FIELD(4, 4, struct zxp_query_vmo_key, flags),
	FIELD(8, 4, struct zxp_query_vmo_key, vmo_fd),
	FIELD(12, 4, struct zxp_query_vmo_key, reserved),
	FIELD(16, 8, struct zxp_query_vmo_key, out_key),
	END(zxp_query_vmo_key, 24),
	FIELD(0, 4, struct zxp_begin_generation, size),
	FIELD(4, 4, struct zxp_begin_generation, flags),
	FIELD(8, 4, struct zxp_begin_generation, out_fd),
	FIELD(12, 4, struct zxp_begin_generation, reserved),
	FIELD(16, 8, struct zxp_begin_generation, out_generation),
	END(zxp_begin_generation, 24),
	FIELD(0, 8, struct zxp_vmo_entry, id),
	FIELD(8, 8, struct zxp_vmo_entry, key),
	FIELD(16, 8, struct zxp_vmo_entry, vmo_size),
	FIELD(24, 8, struct zxp_vmo_entry, stream_size),
	FIELD(32, 8, struct zxp_vmo_entry, max_size),
	FIELD(40, 4, struct zxp_vmo_entry, options),
	FIELD(44, 4, struct zxp_vmo_entry, flags),
	FIELD(48, 4, struct zxp_vmo_entry, state),
	FIELD(52, 4, struct zxp_vmo_entry, reserved0),
	FIELD(56, 8, struct zxp_vmo_entry, waiting),
	FIELD(64, 8, struct zxp_vmo_entry, requests),
	FIELD(72, 8, struct zxp_vmo_entry, reserved1),
	FIELD(80, 8, struct zxp_vmo_entry, reserved2),
	FIELD(88, 8, struct zxp_vmo_entry, reserved3),
	END(zxp_vmo_entry, 96),
	FIELD(0, 4, struct zxp_list_vmos, size),
	FIELD(4, 4, struct zxp_list_vmos, flags),
	FIELD(8, 8, struct zxp_list_vmos, after),
	FIELD(16, 8, struct zxp_list_vmos, buffer),
	FIELD(24, 8, struct zxp_list_vmos, buffer_size),
	FIELD(32, 8, struct zxp_list_vmos, out_actual),
	END(zxp_list_vmos, 40),
	FIELD(0, 4, struct zxp_open_vmo, size),
	FIELD(4, 4, struct zxp_open_vmo, flags),
	FIELD(8, 8, struct zxp_open_vmo, id),
	FIELD(16, 4, struct zxp_open_vmo, out_fd),
	FIELD(20, 4, struct zxp_open_vmo, reserved),
	END(zxp_open_vmo, 24),
	FIELD(0, 4, struct zxp_bind_vmo, size),
	FIELD(4, 4, struct zxp_bind_vmo, flags),
	FIELD(8, 4, struct zxp_bind_vmo, vmo_fd),
	FIELD(12, 4, struct zxp_bind_vmo, port_fd),
	FIELD(16, 8, struct zxp_bind_vmo, key),
	FIELD(24, 8, struct zxp_bind_vmo, reserved),
	END(zxp_bind_vmo, 32),
	FIELD(0, 4, struct zxp_vmo_info, size),
	FIELD(4, 4, struct zxp_vmo_info, flags),
	FIELD(8, 4, struct zxp_vmo_info, out_flags),
	FIELD(12, 4, struct zxp_vmo_info, out_options),
	FIELD(16, 8, struct zxp_vmo_info, out_key),
	FIELD(24, 8, struct zxp_vmo_info, out_vmo_size),
	FIELD(32, 8, struct zxp_vmo_info, out_stream_size),
	FIELD(40, 8, struct zxp_vmo_info, out_resident),
	FIELD(48, 8, struct zxp_vmo_info, out_waiting),
	FIELD(56, 8, struct zxp_vmo_info, out_requests),
	FIELD(64, 8, struct zxp_vmo_info, out_read_packets),
	FIELD(72, 8, struct zxp_vmo_info, out_read_bytes),
	FIELD(80, 8, struct zxp_vmo_info, out_supplied_bytes),
	FIELD(88, 8, struct zxp_vmo_info, out_failures),
	FIELD(96, 8, struct zxp_vmo_info, out_fail_offset),
	FIELD(104, 4, struct zxp_vmo_info, out_fail_error),
	FIELD(108, 4, struct zxp_vmo_info, reserved),
	FIELD(112, 8, struct zxp_vmo_info, out_dirty_bytes),
	FIELD(120, 8, struct zxp_vmo_info, out_zero_bytes),
	FIELD(128, 8, struct zxp_vmo_info, out_dirty_packets),
	FIELD(136, 8, struct zxp_vmo_info, out_sync_packets),
	FIELD(144, 8, struct zxp_vmo_info, out_children),
	FIELD(152, 8, struct zxp_vmo_info, out_shared_bytes),
	FIELD(160, 8, struct zxp_vmo_info, out_scaled_bytes),
	FIELD(168, 8, struct zxp_vmo_info, out_id),
	FIELD(176, 8, struct zxp_vmo_info, out_parent_id),
	FIELD(184, 8, struct zxp_vmo_info, out_root_id),
	END(zxp_vmo_info, 192),
	FIELD(0, 4, struct zxp_vmo_op_range, size),
	FIELD(4, 4, struct zxp_vmo_op_range, op),
	FIELD(8, 8, struct zxp_vmo_op_range, offset),
	FIELD(16, 8, struct zxp_vmo_op_range, length),
	FIELD(24, 4, struct zxp_vmo_op_range, flags),
	FIELD(28, 4, struct zxp_vmo_op_range, reserved),
	END(zxp_vmo_op_range, 32),
	FIELD(0, 4, struct zxp_vmo_io, size),
	FIELD(4, 4, struct zxp_vmo_io, flags),
	FIELD(8, 8, struct zxp_vmo_io, offset),
	FIELD(16, 8, struct zxp_vmo_io, length),
	FIELD(24, 8, struct zxp_vmo_io, buffer),
	END(zxp_vmo_io, 32),
	FIELD(0, 4, struct zxp_vmo_set_stream_size, size),
	FIELD(4, 4, struct zxp_vmo_set_stream_size, flags),
	FIELD(8, 8, struct zxp_vmo_set_stream_size, stream_size),
	END(zxp_vmo_set_stream_size, 16),
	FIELD(0, 4, struct zxp_vmo_create_child, size),
	FIELD(4, 4, struct zxp_vmo_create_child, options),
	FIELD(8, 8, struct zxp_vmo_create_child, offset),
	FIELD(16, 8, struct zxp_vmo_create_child, length),
	FIELD(24, 4, struct zxp_vmo_create_child, out_fd),
	FIELD(28, 4, struct zxp_vmo_create_child, reserved),
	FIELD(32, 8, struct zxp_vmo_create_child, name),
	END(zxp_vmo_create_child, 40),
	FIELD(0, 8, struct zxp_own_range, offset),
	FIELD(8, 8, struct zxp_own_range, length),
	FIELD(16, 8, struct zxp_own_range, options),
	END(zxp_own_range, 24),
	FIELD(0, 4, struct zxp_vmo_query_own, size),
	FIELD(4, 4, struct zxp_vmo_query_own, flags),
	FIELD(8, 8, struct zxp_vmo_query_own, offset),
	FIELD(16, 8, struct zxp_vmo_query_own, length),
	FIELD(24, 8, struct zxp_vmo_query_own, buffer),
	FIELD(32, 8, struct zxp_vmo_query_own, buffer_size),
	FIELD(40, 8, struct zxp_vmo_query_own, out_actual),
	FIELD(48, 8, struct zxp_vmo_query_own, out_next),
	END(zxp_vmo_query_own, 56),
};

static void zxp_abi_layout(struct kunit *test)
{
	const struct zxp_abi_field *f;
	size_t next = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(zxp_abi_fields); i++) {
		f = &zxp_abi_fields[i];
		KUNIT_EXPECT_EQ_MSG(test, f->offset, f->is_offset, "%s", f->name);
		KUNIT_EXPECT_EQ_MSG(test, f->size, f->is_size, "%s", f->name);
		KUNIT_EXPECT_EQ_MSG(test, next, f->is_offset,
				    "a hole before %s", f->name);
		next = f->size ? f->is_offset + f->is_size : 0;
	}
}

struct zxp_abi_number {
	const char *name;
	u64 number;
	u64 is;
};

#define NUMBER(_name, _number)	{ #_name, _number, _name }

static const struct zxp_abi_number zxp_abi_numbers[] = {
	NUMBER(ZXP_ABI_REVISION, 13),
	NUMBER(ZXP_FEATURE_READ, 0x1),
	NUMBER(ZXP_FEATURE_SUPPLY_AUX, 0x2),
	NUMBER(ZXP_FEATURE_RESIZABLE, 0x4),
	NUMBER(ZXP_FEATURE_HINTS, 0x8),
	NUMBER(ZXP_FEATURE_VMO_IO, 0x10),
	NUMBER(ZXP_FEATURE_TRAP_DIRTY, 0x100),
	NUMBER(ZXP_FEATURE_WRITEBACK, 0x200),
	NUMBER(ZXP_FEATURE_STATS, 0x400),
	NUMBER(ZXP_FEATURE_ZERO, 0x800),
	NUMBER(ZXP_FEATURE_STREAM_SIZE, 0x1000),
	NUMBER(ZXP_FEATURE_SYNC, 0x2000),
	NUMBER(ZXP_FEATURE_CHILD, 0x4000),
	NUMBER(ZXP_FEATURE_PORT_QUEUE, 0x8000),
	NUMBER(ZXP_FEATURE_SUPPLY_RANGES, 0x10000),
	NUMBER(ZXP_FEATURE_VMO_KEY, 0x20000),
	NUMBER(ZXP_FEATURE_FIXED, 0x40000),
	NUMBER(ZXP_FEATURE_READ_ONLY, 0x80000),
	NUMBER(ZXP_FEATURE_MAX_SIZE, 0x100000),
	NUMBER(ZXP_FEATURE_QUERY_OWN, 0x200000),
	NUMBER(ZXP_FEATURE_SNAPSHOTS, 0x400000),
	NUMBER(ZXP_FEATURE_GENERATIONS, 0x800000),
	NUMBER(ZXP_FEATURE_TIME_LIMIT, 0x1000000),
	NUMBER(ZXP_FEATURE_VMO_ID, 0x2000000),
	NUMBER(ZXP_FEATURE_VMO_NAME, 0x4000000),
	NUMBER(ZXP_NAME_MAX, 247),
	NUMBER(ZXP_PKT_TYPE_USER, 0),
	NUMBER(ZXP_PKT_TYPE_PAGE_REQUEST, 9),
	NUMBER(ZXP_PACKET_READ, 0),
	NUMBER(ZXP_PACKET_COMPLETE, 1),
	NUMBER(ZXP_PACKET_DIRTY, 2),
	NUMBER(ZXP_PACKET_SYNC, 0x8000),
	NUMBER(ZXP_IOC_GET_INFO, 0x5a80),
	NUMBER(ZXP_IOC_CREATE_PORT, 0x5a81),
	NUMBER(ZXP_IOC_CREATE_VMO, 0x5a82),
	NUMBER(ZXP_IOC_DETACH_VMO, 0x5a83),
	NUMBER(ZXP_IOC_SUPPLY_PAGES, 0x5a84),
	NUMBER(ZXP_IOC_OP_RANGE, 0x5a85),
	NUMBER(ZXP_IOC_QUERY_DIRTY_RANGES, 0x5a86),
	NUMBER(ZXP_IOC_QUERY_VMO_STATS, 0x5a87),
	NUMBER(ZXP_IOC_SUPPLY_RANGES, 0x5a88),
	NUMBER(ZXP_IOC_BEGIN_GENERATION, 0x5a8a),
	NUMBER(ZXP_IOC_LIST_VMOS, 0x5a8b),
	NUMBER(ZXP_IOC_OPEN_VMO, 0x5a8c),
	NUMBER(ZXP_IOC_BIND_VMO, 0x5a8d),
	NUMBER(ZXP_IOC_VMO_GET_INFO, 0x5aa0),
	NUMBER(ZXP_IOC_VMO_OP_RANGE, 0x5aa1),
	NUMBER(ZXP_IOC_VMO_READ, 0x5aa2),
	NUMBER(ZXP_IOC_VMO_WRITE, 0x5aa3),
	NUMBER(ZXP_IOC_VMO_SET_STREAM_SIZE, 0x5aa4),
	NUMBER(ZXP_IOC_VMO_CREATE_CHILD, 0x5aa5),
	NUMBER(ZXP_IOC_VMO_QUERY_OWN, 0x5aa6),
	NUMBER(ZXP_IOC_PORT_QUEUE, 0x5ac0),
	NUMBER(ZXP_IOC_PORT_CANCEL, 0x5ac1),
	NUMBER(ZXP_PORT_QUEUE_MAX, 4097),
	NUMBER(ZXP_CANCEL_SOURCE, 0x1),
	NUMBER(ZXP_VMO_RESIZABLE, 0x2),
	NUMBER(ZXP_VMO_DISCARDABLE, 0x4),
	NUMBER(ZXP_VMO_TRAP_DIRTY, 0x8),
	NUMBER(ZXP_VMO_UNBOUNDED, 0x10),
	NUMBER(ZXP_CREATE_PLAIN, 0x1),
	NUMBER(ZXP_CREATE_SYNC, 0x2),
	NUMBER(ZXP_CREATE_FIXED, 0x4),
	NUMBER(ZXP_CREATE_READ_ONLY, 0x8),
	NUMBER(ZXP_CREATE_COPIES, 0x10),
	NUMBER(ZXP_CREATE_SNAPSHOTS, 0x20),
	NUMBER(ZXP_CHILD_POINT_IN_TIME, 0x10000),
	NUMBER(ZXP_PORT_OWN, -1),
	NUMBER(ZXP_SUPPLY_AUX, 0x1),
	NUMBER(ZXP_SUPPLY_RANGES_MAX, 1024),
	NUMBER(ZXP_PAGER_OP_FAIL, 1),
	NUMBER(ZXP_PAGER_OP_DIRTY, 2),
	NUMBER(ZXP_PAGER_OP_WRITEBACK_BEGIN, 3),
	NUMBER(ZXP_PAGER_OP_WRITEBACK_END, 4),
	NUMBER(ZXP_PAGER_OP_SYNC_END, 0x100),
	NUMBER(ZXP_DIRTY_RANGE_IS_ZERO, 1),
	NUMBER(ZXP_DIRTY_RANGE_IS_POISONED, 2),
	NUMBER(ZXP_OWN_RANGE_IS_ZERO, 1),
	NUMBER(ZXP_OWN_RANGE_IS_POISONED, 2),
	NUMBER(ZXP_QUERY_NO_AVAIL, 1),
	NUMBER(ZXP_STATS_RESET, 1),
	NUMBER(ZXP_STATS_MODIFIED, 1),
	NUMBER(ZXP_VMO_ENTRY_DETACHED, 1),
	NUMBER(ZXP_VMO_ENTRY_UNWRITTEN, 2),
	NUMBER(ZXP_VMO_ENTRY_BEGUN, 4),
	NUMBER(ZXP_VMO_INFO_PAGER_BACKED, 1),
	NUMBER(ZXP_VMO_INFO_DETACHED, 2),
	NUMBER(ZXP_VMO_INFO_SYNC, 4),
	NUMBER(ZXP_VMO_INFO_FIXED, 8),
	NUMBER(ZXP_VMO_INFO_READ_ONLY, 16),
	NUMBER(ZXP_VMO_INFO_COPY, 32),
	NUMBER(ZXP_VMO_INFO_REFERENCE, 64),
	NUMBER(ZXP_VMO_OP_COMMIT, 1),
	NUMBER(ZXP_VMO_OP_DECOMMIT, 2),
	NUMBER(ZXP_VMO_OP_ZERO, 10),
	NUMBER(ZXP_VMO_OP_DONT_NEED, 12),
	NUMBER(ZXP_VMO_OP_ALWAYS_NEED, 13),
	NUMBER(ZXP_VMO_OP_PREFETCH, 14),
};

static void zxp_abi_constants(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(zxp_abi_numbers); i++)
		KUNIT_EXPECT_EQ_MSG(test, zxp_abi_numbers[i].number,
				    zxp_abi_numbers[i].is, "%s",
				    zxp_abi_numbers[i].name);
}

/* What a module of revision 13 says that it can do. */
static void zxp_abi_features(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, (u64)ZXP_FEATURES, 0x7ffff1fULL);
}

/* Sums of offsets and lengths do not overflow, in bytes and in pages. */
static void zxp_abi_limits(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(ZXP_MAX_VMO_SIZE));
	KUNIT_EXPECT_EQ(test, (u64)ZXP_MAX_VMO_SIZE,
			(u64)ZXP_MAX_VMO_PAGES << PAGE_SHIFT);
	KUNIT_EXPECT_GT(test, (loff_t)(2 * (u64)ZXP_MAX_VMO_SIZE), 0LL);
}

static struct kunit_case zxp_abi_cases[] = {
	KUNIT_CASE(zxp_abi_layout),
	KUNIT_CASE(zxp_abi_constants),
	KUNIT_CASE(zxp_abi_features),
	KUNIT_CASE(zxp_abi_limits),
	{}
};

struct kunit_suite zxp_abi_suite = {
	.name = "zxpager_abi",
	.test_cases = zxp_abi_cases,
};

// SPDX-License-Identifier: MIT
/*
 * What a call does without the rights, with the wrong handle, and with bad arguments, by
 * the names that Zircon has for these tests.  What a descriptor alone can tell of them is
 * in the selftests of the same names.
 */
#include "fixture.h"

/* Handles like @handle, less some rights; those of a pager replace it. */
static zx_handle_t without(zx_handle_t handle, zx_rights_t all, zx_rights_t lost)
{
	zx_handle_t h;

	ok(zx_handle_duplicate(handle, all & ~lost, &h));
	return h;
}

static void pager_loses(zx_rights_t lost)
{
	ok(zx_handle_replace(pager, ZX_DEFAULT_PAGER_RIGHTS & ~lost, &pager));
}

static void InvalidPagerCreate(void **state)
{
	zx_handle_t h = 77;

	(void)state;
	is(zx_pager_create(1, &h), ZX_ERR_INVALID_ARGS);
	is(zx_pager_create(~0u, &h), ZX_ERR_INVALID_ARGS);
	assert_int_equal(h, 77);
}

static void InvalidPagerCreateVmo(void **state)
{
	zx_handle_t h = 77, deaf = without(port, ZX_DEFAULT_PORT_RIGHTS,
					   ZX_RIGHT_WRITE);

	(void)state;
	is(zx_pager_create_vmo(pager, ~0u, port, 0, PAGE, &h), ZX_ERR_INVALID_ARGS);
	is(zx_pager_create_vmo(ZX_HANDLE_INVALID, 0, port, 0, PAGE, &h),
	   ZX_ERR_BAD_HANDLE);
	is(zx_pager_create_vmo(pager, 0, ZX_HANDLE_INVALID, 0, PAGE, &h),
	   ZX_ERR_BAD_HANDLE);
	is(zx_pager_create_vmo(pager, 0, deaf, 0, PAGE, &h), ZX_ERR_ACCESS_DENIED);
	/* The port before the options. */
	is(zx_pager_create_vmo(pager, ~0u, deaf, 0, PAGE, &h), ZX_ERR_ACCESS_DENIED);
	is(zx_pager_create_vmo(port, 0, port, 0, PAGE, &h), ZX_ERR_WRONG_TYPE);
	is(zx_pager_create_vmo(pager, 0, pager, 0, PAGE, &h), ZX_ERR_WRONG_TYPE);
	is(zx_pager_create_vmo(pager, 0, vmo, 0, PAGE, &h), ZX_ERR_WRONG_TYPE);
	is(zx_pager_create_vmo(pager, 0, port, 0, UINT64_MAX, &h),
	   ZX_ERR_OUT_OF_RANGE);
	is(zx_pager_create_vmo(pager, 0, port, 0, UINT64_MAX - PAGE + 1, &h),
	   ZX_ERR_OUT_OF_RANGE);
	pager_loses(ZX_RIGHT_ATTACH_VMO);
	is(zx_pager_create_vmo(pager, 0, port, 0, PAGE, &h), ZX_ERR_ACCESS_DENIED);
	/* The pager before the port. */
	is(zx_pager_create_vmo(pager, 0, CLOSED, 0, PAGE, &h), ZX_ERR_ACCESS_DENIED);
	assert_int_equal(h, 77);
	ok(zx_handle_close(deaf));
}

static void InvalidPagerDetachVmo(void **state)
{
	zx_handle_t other, ro = read_only(vmo);

	(void)state;
	is(zx_pager_detach_vmo(ZX_HANDLE_INVALID, vmo), ZX_ERR_BAD_HANDLE);
	is(zx_pager_detach_vmo(pager, ZX_HANDLE_INVALID), ZX_ERR_BAD_HANDLE);
	is(zx_pager_detach_vmo(vmo, vmo), ZX_ERR_WRONG_TYPE);
	is(zx_pager_detach_vmo(pager, pager), ZX_ERR_WRONG_TYPE);
	is(zx_pager_detach_vmo(pager, ro), ZX_ERR_ACCESS_DENIED);
	is(zx_pager_detach_vmo(pager, plain), ZX_ERR_INVALID_ARGS);
	ok(zx_pager_create(0, &other));
	is(zx_pager_detach_vmo(other, vmo), ZX_ERR_INVALID_ARGS);
	ok(zx_handle_close(other));
	ok(zx_handle_close(ro));
	pager_loses(ZX_RIGHT_ATTACH_VMO);
	is(zx_pager_detach_vmo(pager, vmo), ZX_ERR_ACCESS_DENIED);
	ok(zx_handle_close(pager));
	ok(zx_pager_create(0, &pager));
	pager_loses(ZX_RIGHT_MANAGE_VMO);
	is(zx_pager_detach_vmo(pager, vmo), ZX_ERR_ACCESS_DENIED);
	is(zx_pager_detach_vmo(pager, CLOSED), ZX_ERR_ACCESS_DENIED);
}

static void InvalidPagerSupplyPages(void **state)
{
	zx_handle_t other, theirs, aux[2], ro = read_only(vmo);

	(void)state;
	ok(zx_pager_create(0, &other));
	ok(zx_pager_create_vmo(other, 0, port, 0, PAGE, &theirs));
	aux[0] = without(plain, ZX_DEFAULT_VMO_RIGHTS, ZX_RIGHT_READ);
	aux[1] = without(plain, ZX_DEFAULT_VMO_RIGHTS, ZX_RIGHT_WRITE);
	is(zx_pager_supply_pages(ZX_HANDLE_INVALID, vmo, 0, 0, plain, 0),
	   ZX_ERR_BAD_HANDLE);
	is(zx_pager_supply_pages(plain, vmo, 0, 0, plain, 0), ZX_ERR_WRONG_TYPE);
	is(zx_pager_supply_pages(pager, ZX_HANDLE_INVALID, 0, 0, plain, 0),
	   ZX_ERR_BAD_HANDLE);
	is(zx_pager_supply_pages(pager, pager, 0, 0, plain, 0), ZX_ERR_WRONG_TYPE);
	is(zx_pager_supply_pages(pager, ro, 0, 0, plain, 0), ZX_ERR_ACCESS_DENIED);
	/* Its owner is tested before the third handle, and that before its rights. */
	is(zx_pager_supply_pages(pager, plain, 0, 0, ZX_HANDLE_INVALID, 0),
	   ZX_ERR_INVALID_ARGS);
	is(zx_pager_supply_pages(pager, theirs, 0, 0, aux[0], 0),
	   ZX_ERR_INVALID_ARGS);
	is(zx_pager_supply_pages(pager, vmo, 0, 0, ZX_HANDLE_INVALID, 0),
	   ZX_ERR_BAD_HANDLE);
	is(zx_pager_supply_pages(pager, vmo, 0, 0, port, 0), ZX_ERR_WRONG_TYPE);
	is(zx_pager_supply_pages(pager, vmo, 0, 0, aux[0], 0), ZX_ERR_ACCESS_DENIED);
	is(zx_pager_supply_pages(pager, vmo, 0, 0, aux[1], 0), ZX_ERR_ACCESS_DENIED);
	is(zx_pager_supply_pages(pager, vmo, PAGE - 1, 0, plain, 0),
	   ZX_ERR_INVALID_ARGS);
	is(zx_pager_supply_pages(pager, vmo, 0, PAGE - 1, plain, 0),
	   ZX_ERR_INVALID_ARGS);
	is(zx_pager_supply_pages(pager, vmo, 0, 0, plain, PAGE - 1),
	   ZX_ERR_INVALID_ARGS);
	is(zx_pager_supply_pages(pager, vmo, 0, PAGE, theirs, 0),
	   ZX_ERR_NOT_SUPPORTED);
	is(zx_pager_supply_pages(pager, vmo, 4 * PAGE, PAGE, plain, 0),
	   ZX_ERR_OUT_OF_RANGE);
	is(zx_pager_supply_pages(pager, vmo, 0, PAGE, plain, 4 * PAGE),
	   ZX_ERR_OUT_OF_RANGE);
	pager_loses(ZX_RIGHT_MANAGE_VMO);
	is(zx_pager_supply_pages(pager, vmo, 0, PAGE, plain, 0),
	   ZX_ERR_ACCESS_DENIED);
	is(zx_linux_pager_supply(pager, vmo, 0, PAGE, &other, NULL),
	   ZX_ERR_ACCESS_DENIED);
	ok(zx_handle_close_many((zx_handle_t[]){ other, theirs, aux[0], aux[1], ro },
				5));
}

static void InvalidPagerOpRange(void **state)
{
	static const uint64_t fail = (uint64_t)ZX_ERR_IO;
	static const struct {
		uint32_t op;
		uint64_t data, bad_data;
	} ops[] = {
		{ ZX_PAGER_OP_FAIL, (uint64_t)ZX_ERR_IO, (uint64_t)ZX_ERR_NO_MEMORY },
		{ ZX_PAGER_OP_DIRTY, 0, 1 },
		{ ZX_PAGER_OP_WRITEBACK_BEGIN, 0, 2 },
		{ ZX_PAGER_OP_WRITEBACK_END, 0, 1 },
	};
	zx_handle_t other, theirs, ro;

	(void)state;
	replace_vmo(ZX_VMO_TRAP_DIRTY, 0);
	ro = read_only(vmo);
	ok(zx_pager_create(0, &other));
	ok(zx_pager_create_vmo(other, ZX_VMO_TRAP_DIRTY, port, 0, PAGE, &theirs));
	for (size_t i = 0; i < 4; i++) {
		uint32_t op = ops[i].op;
		uint64_t data = ops[i].data;

		is(zx_pager_op_range(ZX_HANDLE_INVALID, op, vmo, 0, 0, data),
		   ZX_ERR_BAD_HANDLE);
		is(zx_pager_op_range(vmo, op, vmo, 0, 0, data), ZX_ERR_WRONG_TYPE);
		is(zx_pager_op_range(pager, op, ZX_HANDLE_INVALID, 0, 0, data),
		   ZX_ERR_BAD_HANDLE);
		is(zx_pager_op_range(pager, op, pager, 0, 0, data),
		   ZX_ERR_WRONG_TYPE);
		is(zx_pager_op_range(pager, op, ro, 0, 0, data),
		   ZX_ERR_ACCESS_DENIED);
		is(zx_pager_op_range(pager, op, plain, 0, 0, data),
		   ZX_ERR_INVALID_ARGS);
		is(zx_pager_op_range(pager, op, theirs, 0, 0, data),
		   ZX_ERR_INVALID_ARGS);
		is(zx_pager_op_range(pager, op, vmo, 1, PAGE, data),
		   ZX_ERR_INVALID_ARGS);
		is(zx_pager_op_range(pager, op, vmo, 0, 1, data),
		   ZX_ERR_INVALID_ARGS);
		is(zx_pager_op_range(pager, op, vmo, 4 * PAGE, PAGE, data),
		   ZX_ERR_OUT_OF_RANGE);
		is(zx_pager_op_range(pager, op, vmo, 0, PAGE, ops[i].bad_data),
		   ZX_ERR_INVALID_ARGS);
	}
	is(zx_pager_op_range(pager, 0, vmo, 0, 0, 0), ZX_ERR_NOT_SUPPORTED);
	is(zx_pager_op_range(pager, 5, vmo, 0, 0, 0), ZX_ERR_NOT_SUPPORTED);
	is(zx_pager_op_range(pager, ZX_PAGER_OP_FAIL, vmo, 0, 0, 10),
	   ZX_ERR_INVALID_ARGS);
	is(zx_pager_op_range(pager, ZX_PAGER_OP_FAIL, vmo, 0, 0,
			     fail & UINT32_MAX), ZX_ERR_INVALID_ARGS);
	is(zx_pager_op_range(pager, ZX_PAGER_OP_DIRTY, vmo, 0, PAGE, 0),
	   ZX_ERR_NOT_FOUND);
	ok(zx_pager_op_range(pager, ZX_PAGER_OP_WRITEBACK_BEGIN, vmo, 0, PAGE,
			     ZX_VMO_DIRTY_RANGE_IS_ZERO));
	ok(zx_handle_close(ro));
	replace_vmo(0, 0);
	is(zx_pager_op_range(pager, ZX_PAGER_OP_DIRTY, vmo, 0, PAGE, 0),
	   ZX_ERR_NOT_SUPPORTED);
	pager_loses(ZX_RIGHT_MANAGE_VMO);
	for (size_t i = 0; i < 4; i++)
		is(zx_pager_op_range(pager, ops[i].op, vmo, 0, PAGE, ops[i].data),
		   ZX_ERR_ACCESS_DENIED);
	is(zx_linux_pager_sync_end(pager, vmo, 0, PAGE, ZX_OK),
	   ZX_ERR_ACCESS_DENIED);
	ok(zx_handle_close_many((zx_handle_t[]){ other, theirs }, 2));
}

#define QUERY(p, v, offset, size, buffer, room)				\
	zx_pager_query_dirty_ranges(p, v, offset, size, buffer, room, &actual, &avail)
#define STATS(p, v, options, buffer, room)				\
	zx_pager_query_vmo_stats(p, v, options, buffer, room)

static void InvalidQuery(void **state)
{
	zx_handle_t other, theirs, wo;
	zx_vmo_dirty_range_t range;
	zx_pager_vmo_stats_t stats;
	size_t actual, avail;

	(void)state;
	wo = without(vmo, ZX_DEFAULT_VMO_RIGHTS, ZX_RIGHT_READ);
	ok(zx_pager_create(0, &other));
	ok(zx_pager_create_vmo(other, 0, port, 0, PAGE, &theirs));
	is(QUERY(ZX_HANDLE_INVALID, vmo, 0, 0, NULL, 0), ZX_ERR_BAD_HANDLE);
	is(STATS(ZX_HANDLE_INVALID, vmo, 0, &stats, sizeof(stats)),
	   ZX_ERR_BAD_HANDLE);
	is(QUERY(vmo, vmo, 0, 0, NULL, 0), ZX_ERR_WRONG_TYPE);
	is(STATS(vmo, vmo, 0, &stats, sizeof(stats)), ZX_ERR_WRONG_TYPE);
	is(QUERY(pager, ZX_HANDLE_INVALID, 0, 0, NULL, 0), ZX_ERR_BAD_HANDLE);
	is(STATS(pager, ZX_HANDLE_INVALID, 0, &stats, sizeof(stats)),
	   ZX_ERR_BAD_HANDLE);
	is(QUERY(pager, pager, 0, 0, NULL, 0), ZX_ERR_WRONG_TYPE);
	is(STATS(pager, pager, 0, &stats, sizeof(stats)), ZX_ERR_WRONG_TYPE);
	is(QUERY(pager, wo, 0, 0, NULL, 0), ZX_ERR_ACCESS_DENIED);
	is(STATS(pager, wo, 0, &stats, sizeof(stats)), ZX_ERR_ACCESS_DENIED);
	is(QUERY(pager, plain, 0, 0, NULL, 0), ZX_ERR_INVALID_ARGS);
	is(STATS(pager, plain, 0, &stats, sizeof(stats)), ZX_ERR_INVALID_ARGS);
	is(QUERY(pager, theirs, 0, 0, NULL, 0), ZX_ERR_INVALID_ARGS);
	is(STATS(pager, theirs, 0, &stats, sizeof(stats)), ZX_ERR_INVALID_ARGS);
	is(QUERY(pager, vmo, 4 * PAGE, 1, NULL, 0), ZX_ERR_OUT_OF_RANGE);
	is(QUERY(pager, vmo, 1, UINT64_MAX, NULL, 0), ZX_ERR_OUT_OF_RANGE);
	is(STATS(pager, vmo, 2, &stats, sizeof(stats)), ZX_ERR_INVALID_ARGS);
	is(STATS(pager, vmo, 2, &stats, sizeof(stats) - 1),
	   ZX_ERR_BUFFER_TOO_SMALL);
	is(STATS(pager, vmo, 0, NULL, sizeof(stats)), ZX_ERR_INVALID_ARGS);

	supply(0, PAGE, 'q');
	ok(zx_vmo_write(vmo, "d", 0, 1));
	is(QUERY(pager, vmo, 0, PAGE, NULL, sizeof(range)), ZX_ERR_INVALID_ARGS);
	ok(QUERY(pager, vmo, 0, PAGE, &range, sizeof(range)));
	assert_int_equal(actual, 1);
	pager_loses(ZX_RIGHT_MANAGE_VMO);
	is(QUERY(pager, vmo, 0, PAGE, &range, sizeof(range)), ZX_ERR_ACCESS_DENIED);
	is(STATS(pager, vmo, 0, &stats, sizeof(stats)), ZX_ERR_ACCESS_DENIED);
	ok(zx_handle_close_many((zx_handle_t[]){ other, theirs, wo }, 3));
}

/* An address of the kernel's, and others that are nobody's. */
static void QueryDirtyRangesInvalidBuffer(void **state)
{
	static const uintptr_t bad[] = {
		8, UINTPTR_MAX - 4095, (uintptr_t)1 << 63, (uintptr_t)1 << 47,
	};
	zx_vmo_dirty_range_t range;
	size_t count;

	(void)state;
	supply(0, PAGE, 'q');
	ok(zx_vmo_write(vmo, "d", 0, 1));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		void *nowhere = (void *)bad[i];

		is(zx_pager_query_dirty_ranges(pager, vmo, 0, PAGE, nowhere,
					       sizeof(range), NULL, NULL),
		   ZX_ERR_INVALID_ARGS);
		is(zx_pager_query_dirty_ranges(pager, vmo, 0, PAGE, &range,
					       sizeof(range), nowhere, &count),
		   ZX_ERR_INVALID_ARGS);
		is(zx_pager_query_dirty_ranges(pager, vmo, 0, PAGE, &range,
					       sizeof(range), &count, nowhere),
		   ZX_ERR_INVALID_ARGS);
		is(zx_pager_query_vmo_stats(pager, vmo, 0, nowhere, 4),
		   ZX_ERR_INVALID_ARGS);
	}
}

static void VmoInfoPagerTest(void **state)
{
	zx_info_vmo_t info;

	(void)state;
	ok(zx_object_get_info(vmo, ZX_INFO_VMO, &info, sizeof(info), NULL, NULL));
	assert_int_equal(info.flags & ZX_INFO_VMO_PAGER_BACKED,
			 ZX_INFO_VMO_PAGER_BACKED);
	ok(zx_object_get_info(plain, ZX_INFO_VMO, &info, sizeof(info), NULL, NULL));
	assert_int_equal(info.flags & ZX_INFO_VMO_PAGER_BACKED, 0);
}

static void ResizeNonresizableVmo(void **state)
{
	(void)state;
	is(zx_vmo_set_size(vmo, 2 * PAGE), ZX_ERR_UNAVAILABLE);
}

static void CreateVmoUnboundedInvalidStreamSize(void **state)
{
	zx_handle_t h = 77;

	(void)state;
	is(zx_pager_create_vmo(pager, ZX_VMO_UNBOUNDED, port, 0, UINT64_MAX, &h),
	   ZX_ERR_OUT_OF_RANGE);
	assert_int_equal(h, 77);
}

static void ClosePortTest(void **state)
{
	struct waiter w;

	(void)state;
	start(&w, read_page_1);
	expect_packet(ZX_PAGER_VMO_READ, PAGE, PAGE);
	ok(zx_handle_close(port));
	ok(zx_pager_detach_vmo(pager, vmo));
	is(finish(&w), ZX_ERR_BAD_STATE);
	ok(zx_port_create(0, &port));
}

int main(void)
{
	static const struct CMUnitTest libzx_rights[] = {
		TEST(InvalidPagerCreate),
		TEST(InvalidPagerCreateVmo),
		TEST(InvalidPagerDetachVmo),
		TEST(InvalidPagerSupplyPages),
		TEST(InvalidPagerOpRange),
		TEST(InvalidQuery),
		TEST(QueryDirtyRangesInvalidBuffer),
		TEST(VmoInfoPagerTest),
		TEST(ResizeNonresizableVmo),
		TEST(CreateVmoUnboundedInvalidStreamSize),
		TEST(ClosePortTest),
	};

	if (sysconf(_SC_PAGESIZE) != PAGE)
		return 77;
	return cmocka_run_group_tests(libzx_rights, NULL, NULL);
}

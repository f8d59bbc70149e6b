// SPDX-License-Identifier: MIT
/*
 * Zircon's tests of what a clone leaves alone, and a slice does not: whether the VMO that it
 * is made of is dirty or modified.  They have the names that they have there.
 */
#include "fixture.h"

static bool modified(zx_handle_t handle)
{
	zx_pager_vmo_stats_t stats;

	ok(zx_pager_query_vmo_stats(pager, handle, ZX_PAGER_RESET_VMO_STATS, &stats,
				    sizeof(stats)));
	return stats.modified;
}

/* With a root whose writes are asked for, and with another one. */
#define BOTH(test)							\
	static void test##_TrapDirty(void **state)			\
	{								\
		(void)state;						\
		test(ZX_VMO_TRAP_DIRTY);				\
	}								\
	static void test##_NoTrapDirty(void **state)			\
	{								\
		(void)state;						\
		test(0);						\
	}

static void NoQueryOnClone(uint32_t options)
{
	zx_vmo_dirty_range_t range;
	zx_handle_t clone;
	size_t n;

	replace_vmo(options, 0);
	clone = new_child(ON_WRITE);
	ok(zx_vmo_write(clone, "c", 0, 1));
	is(zx_pager_query_dirty_ranges(pager, clone, 0, PAGE, &range, sizeof(range), &n,
				       NULL), ZX_ERR_INVALID_ARGS);
	ALL_CLEAN();
	ok(zx_pager_op_range(pager, ZX_PAGER_OP_WRITEBACK_BEGIN, vmo, 0, PAGE, 0));
	is(zx_pager_op_range(pager, ZX_PAGER_OP_WRITEBACK_BEGIN, clone, 0, PAGE, 0),
	   ZX_ERR_INVALID_ARGS);
	ok(zx_handle_close(clone));
	expect_no_packet();
}
BOTH(NoQueryOnClone)

static void NotModifiedCloneWrite(uint32_t options)
{
	zx_pager_vmo_stats_t stats;
	zx_handle_t clone;

	replace_vmo(options, 0);
	clone = new_child(ON_WRITE);
	ok(zx_vmo_write(clone, "c", 0, 1));
	is(zx_pager_query_vmo_stats(pager, clone, 0, &stats, sizeof(stats)),
	   ZX_ERR_INVALID_ARGS);
	assert_false(modified(vmo));
	expect_byte(vmo, 0, 'p');
	ok(zx_handle_close(clone));
	expect_no_packet();
}
BOTH(NotModifiedCloneWrite)

static void OpZeroClone(uint32_t options)
{
	zx_handle_t clone;

	replace_vmo(options, 0);
	ok(zx_vmo_create_child(vmo, ON_WRITE, 0, 4 * PAGE, &clone));
	supply(PAGE, PAGE, 'p');
	ok(zx_vmo_op_range(clone, ZX_VMO_OP_ZERO, 0, 4 * PAGE, NULL, 0));
	expect_no_packet();
	for (uint64_t i = 0; i < 4; i++)
		expect_byte(clone, i * PAGE, 0);
	assert_int_equal(vmo_info(clone).populated_bytes, 0);
	ALL_CLEAN();
	assert_false(modified(vmo));
	expect_byte(vmo, PAGE, 'p');
	supply(0, PAGE, 's');
	expect_byte(clone, 0, 0);
	ok(zx_handle_close(clone));
	expect_no_packet();
}
BOTH(OpZeroClone)

/* The last two pages of @vmo, and where they are mapped. */
static zx_handle_t slice;
static zx_vaddr_t slice_at;

static void make_slice(uint32_t options)
{
	replace_vmo(options, 0);
	supply(0, 4 * PAGE, 'p');
	ok(zx_vmo_create_child(vmo, SLICE, 2 * PAGE, 2 * PAGE, &slice));
	ok(zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 0, slice, 0,
		       2 * PAGE, &slice_at));
}

static void close_slice(void)
{
	ok(zx_vmar_unmap(zx_vmar_root_self(), slice_at, 2 * PAGE));
	ok(zx_handle_close(slice));
	expect_no_packet();
}

static zx_status_t write_to_slice(struct waiter *w)
{
	(void)w;
	return zx_vmo_write(slice, "w", PAGE, 1);
}

static zx_status_t store_to_slice(struct waiter *w)
{
	(void)w;
	*(volatile char *)slice_at = 's';
	return ZX_OK;
}

/* It is asked for as this page of @vmo if that has to be asked for. */
static void store_granted(uint32_t options, zx_status_t (*store)(struct waiter *w),
			  uint64_t page)
{
	struct waiter w;

	start(&w, store);
	if (options & ZX_VMO_TRAP_DIRTY) {
		expect_packet(ZX_PAGER_VMO_DIRTY, page * PAGE, PAGE);
		ok(zx_pager_op_range(pager, ZX_PAGER_OP_DIRTY, vmo, page * PAGE, PAGE, 0));
	}
	ok(finish(&w));
	expect_no_packet();
}

static void SliceWrite(uint32_t options)
{
	zx_pager_vmo_stats_t stats;
	zx_vmo_dirty_range_t range;
	size_t n;

	make_slice(options);
	store_granted(options, write_to_slice, 3);
	DIRTY(PAGES(3, 1));
	assert_true(modified(vmo));
	expect_byte(vmo, 3 * PAGE, 'w');
	is(zx_pager_query_dirty_ranges(pager, slice, 0, PAGE, &range, sizeof(range), &n,
				       NULL), ZX_ERR_INVALID_ARGS);
	is(zx_pager_query_vmo_stats(pager, slice, 0, &stats, sizeof(stats)),
	   ZX_ERR_INVALID_ARGS);
	ok(zx_pager_op_range(pager, ZX_PAGER_OP_WRITEBACK_BEGIN, vmo, 0, 4 * PAGE, 0));
	ok(zx_pager_op_range(pager, ZX_PAGER_OP_WRITEBACK_END, vmo, 0, 4 * PAGE, 0));
	ALL_CLEAN();
	store_granted(options, write_to_slice, 3);
	store_granted(options, store_to_slice, 2);
	DIRTY(PAGES(2, 2));
	assert_true(modified(vmo));
	expect_byte(vmo, 2 * PAGE, 's');
	close_slice();
}
BOTH(SliceWrite)

static void SliceOpZero(uint32_t options)
{
	make_slice(options);
	expect_byte(slice, 0, 'p');
	assert_false(modified(vmo));
	ok(zx_vmo_op_range(slice, ZX_VMO_OP_ZERO, 0, 2 * PAGE, NULL, 0));
	expect_no_packet();
	DIRTY(ZEROES(2, 2));
	assert_true(modified(vmo));
	for (uint64_t i = 0; i < 4; i++)
		expect_byte(vmo, i * PAGE, i < 2 ? 'p' : 0);
	expect_byte(slice, 0, 0);
	assert_int_equal(*(volatile char *)(slice_at + PAGE), 0);
	is(zx_vmo_op_range(slice, ZX_VMO_OP_ZERO, 0, 3 * PAGE, NULL, 0),
	   ZX_ERR_OUT_OF_RANGE);
	store_granted(options, store_to_slice, 2);
	DIRTY(PAGES(2, 1), ZEROES(3, 1));
	expect_byte(vmo, 2 * PAGE, 's');
	close_slice();
}
BOTH(SliceOpZero)

int main(void)
{
	static const struct CMUnitTest libzx_clone_dirty[] = {
		TEST(NoQueryOnClone_TrapDirty),
		TEST(NoQueryOnClone_NoTrapDirty),
		TEST(NotModifiedCloneWrite_TrapDirty),
		TEST(NotModifiedCloneWrite_NoTrapDirty),
		TEST(OpZeroClone_TrapDirty),
		TEST(OpZeroClone_NoTrapDirty),
		TEST(SliceWrite_TrapDirty),
		TEST(SliceWrite_NoTrapDirty),
		TEST(SliceOpZero_TrapDirty),
		TEST(SliceOpZero_NoTrapDirty),
	};

	if (sysconf(_SC_PAGESIZE) != PAGE)
		return 77;
	return cmocka_run_group_tests(libzx_clone_dirty, NULL, NULL);
}

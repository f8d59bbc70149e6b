// SPDX-License-Identifier: MIT
/*
 * Zircon's tests of what a clone leaves alone: whether the VMO that it is made of is dirty
 * or modified.  They have the names that they have there.
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

int main(void)
{
	static const struct CMUnitTest libzx_clone_dirty[] = {
		TEST(NoQueryOnClone_TrapDirty),
		TEST(NoQueryOnClone_NoTrapDirty),
		TEST(NotModifiedCloneWrite_TrapDirty),
		TEST(NotModifiedCloneWrite_NoTrapDirty),
		TEST(OpZeroClone_TrapDirty),
		TEST(OpZeroClone_NoTrapDirty),
	};

	if (sysconf(_SC_PAGESIZE) != PAGE)
		return 77;
	return cmocka_run_group_tests(libzx_clone_dirty, NULL, NULL);
}

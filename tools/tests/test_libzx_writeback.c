// SPDX-License-Identifier: MIT
/*
 * libzx against the module: writes that trap, writeback, the query and statistics.
 */
#include "fixture.h"

static zx_status_t op(uint32_t number, uint64_t start, uint64_t count, uint64_t data)
{
	return zx_pager_op_range(pager, number, vmo, start * PAGE, count * PAGE,
				 data);
}

static zx_status_t dirty(uint64_t start, uint64_t count)
{
	return op(ZX_PAGER_OP_DIRTY, start, count, 0);
}

static zx_status_t begin(uint64_t start, uint64_t count)
{
	return op(ZX_PAGER_OP_WRITEBACK_BEGIN, start, count, 0);
}

static zx_status_t end(uint64_t start, uint64_t count)
{
	return op(ZX_PAGER_OP_WRITEBACK_END, start, count, 0);
}

static void numbers(void **state)
{
	(void)state;
	assert_int_equal(ZX_VMO_TRAP_DIRTY, 8);
	assert_int_equal(ZX_VMO_UNBOUNDED, 16);
	assert_int_equal(ZX_PAGER_VMO_DIRTY, 2);
	assert_int_equal(ZX_VMO_DIRTY_RANGE_IS_ZERO, 1);
	assert_int_equal(ZX_LINUX_DIRTY_RANGE_IS_POISONED, 2);
	assert_int_equal(ZX_PAGER_RESET_VMO_STATS, 1);
	assert_int_equal(ZX_PAGER_VMO_STATS_MODIFIED, 1);
	assert_int_equal(sizeof(zx_vmo_dirty_range_t), 24);
	assert_int_equal(sizeof(zx_pager_vmo_stats_t), 4);
}

static void op_errors(void **state)
{
	static const uint32_t ops[] = {
		ZX_PAGER_OP_DIRTY, ZX_PAGER_OP_WRITEBACK_BEGIN,
		ZX_PAGER_OP_WRITEBACK_END,
	};
	zx_handle_t ro;

	(void)state;
	replace_vmo(ZX_VMO_TRAP_DIRTY, 0);
	ro = read_only(vmo);
	for (int i = 0; i < 3; i++) {
		is(zx_pager_op_range(CLOSED, ops[i], CLOSED, 1, PAGE, 9),
		   ZX_ERR_INVALID_ARGS);
		is(zx_pager_op_range(CLOSED, ops[i], CLOSED, 0, PAGE, 9),
		   ZX_ERR_BAD_HANDLE);
		is(zx_pager_op_range(pager, ops[i], port, 0, PAGE, 9),
		   ZX_ERR_WRONG_TYPE);
		is(zx_pager_op_range(pager, ops[i], ro, 0, PAGE, 9),
		   ZX_ERR_ACCESS_DENIED);
		is(zx_pager_op_range(pager, ops[i], plain, 0, PAGE, 9),
		   ZX_ERR_INVALID_ARGS);
		/* The data before the range. */
		is(op(ops[i], 4, 1, 9), ZX_ERR_INVALID_ARGS);
		is(op(ops[i], 4, 1, 0), ZX_ERR_OUT_OF_RANGE);
		is(op(ops[i], 3, 2, 0), ZX_ERR_OUT_OF_RANGE);
		is(zx_pager_op_range(pager, ops[i], vmo, PAGE, -(uint64_t)PAGE, 0),
		   ZX_ERR_OUT_OF_RANGE);
	}
	is(op(ZX_PAGER_OP_DIRTY, 0, 1, ZX_VMO_DIRTY_RANGE_IS_ZERO),
	   ZX_ERR_INVALID_ARGS);
	is(op(ZX_PAGER_OP_WRITEBACK_END, 0, 1, ZX_VMO_DIRTY_RANGE_IS_ZERO),
	   ZX_ERR_INVALID_ARGS);
	ok(op(ZX_PAGER_OP_WRITEBACK_BEGIN, 0, 1, ZX_VMO_DIRTY_RANGE_IS_ZERO));
	is(dirty(0, 1), ZX_ERR_NOT_FOUND);
	ok(end(0, 4));
	/* What the module has beside Zircon's operations is not to be had here. */
	is(op(0x100, 0, 1, 0), ZX_ERR_NOT_SUPPORTED);
	is(op(5, 0, 1, 0), ZX_ERR_NOT_SUPPORTED);
	zx_handle_close(ro);
}

static void dirty_without_trap(void **state)
{
	(void)state;
	is(op(ZX_PAGER_OP_DIRTY, 0, 1, 9), ZX_ERR_INVALID_ARGS);
	is(dirty(9, 1), ZX_ERR_NOT_SUPPORTED);
	supply(0, 4 * PAGE, 's');
	ok(zx_vmo_write(vmo, "x", 3 * PAGE, 1));
	DIRTY(PAGES(3, 1));
	expect_no_packet();
}

static void write_traps(void **state)
{
	struct waiter w;
	char byte;

	(void)state;
	replace_vmo(ZX_VMO_TRAP_DIRTY, 0);
	start(&w, write_page_1);
	expect_packet(ZX_PAGER_VMO_READ, PAGE, PAGE);
	supply(PAGE, PAGE, 's');
	expect_packet(ZX_PAGER_VMO_DIRTY, PAGE, PAGE);
	/* Not to be seen before it is allowed. */
	ok(zx_vmo_read(vmo, &byte, PAGE, 1));
	assert_int_equal(byte, 's');
	ALL_CLEAN();
	ok(dirty(1, 1));
	ok(finish(&w));
	ok(zx_vmo_read(vmo, &byte, PAGE, 1));
	assert_int_equal(byte, 'W');
	DIRTY(PAGES(1, 1));
	/* A page that is dirty already asks nobody. */
	ok(zx_vmo_write(vmo, "again", PAGE, 5));
	expect_no_packet();
}

static zx_vaddr_t at;

static zx_status_t store_to_page_1(struct waiter *w)
{
	(void)w;
	*(volatile char *)(at + PAGE) = 'm';
	return ZX_OK;
}

static void mapped_write_traps(void **state)
{
	const zx_vm_option_t rw = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;
	volatile char *byte;
	struct waiter w;

	(void)state;
	replace_vmo(ZX_VMO_TRAP_DIRTY, 0);
	supply(0, 4 * PAGE, 's');
	ok(zx_vmar_map(zx_vmar_root_self(), rw, 0, vmo, 0, 4 * PAGE, &at));
	byte = (char *)at + PAGE;
	assert_int_equal(*byte, 's');
	start(&w, store_to_page_1);
	expect_packet(ZX_PAGER_VMO_DIRTY, PAGE, PAGE);
	assert_int_equal(*byte, 's');
	ok(dirty(1, 1));
	ok(finish(&w));
	assert_int_equal(*byte, 'm');
	DIRTY(PAGES(1, 1));
	ok(zx_vmar_unmap(zx_vmar_root_self(), at, 4 * PAGE));
}

static void write_that_fails(void **state)
{
	struct waiter w;
	char byte;

	(void)state;
	replace_vmo(ZX_VMO_TRAP_DIRTY, 0);
	supply(0, 4 * PAGE, 's');
	start(&w, write_page_1);
	expect_packet(ZX_PAGER_VMO_DIRTY, PAGE, PAGE);
	ok(op(ZX_PAGER_OP_FAIL, 1, 1, (uint64_t)ZX_ERR_NO_SPACE));
	is(finish(&w), ZX_ERR_NO_SPACE);
	ok(zx_vmo_read(vmo, &byte, PAGE, 1));
	assert_int_equal(byte, 's');
	ALL_CLEAN();
}

static void dirty_ahead(void **state)
{
	zx_pager_vmo_stats_t stats;

	(void)state;
	replace_vmo(ZX_VMO_TRAP_DIRTY, 0);
	supply(0, 3 * PAGE, 's');
	/* All or nothing. */
	is(dirty(2, 2), ZX_ERR_NOT_FOUND);
	ALL_CLEAN();
	ok(dirty(0, 2));
	DIRTY(PAGES(0, 2));
	ok(zx_vmo_write(vmo, "no packet", PAGE - 4, 9));
	expect_no_packet();
	ok(zx_pager_query_vmo_stats(pager, vmo, ZX_PAGER_RESET_VMO_STATS, &stats,
				    sizeof(stats)));
	ok(dirty(0, 3));
	ok(zx_pager_query_vmo_stats(pager, vmo, 0, &stats, sizeof(stats)));
	assert_int_equal(stats.modified, 0);
}

static void writeback(void **state)
{
	struct waiter w;
	char byte;

	(void)state;
	replace_vmo(ZX_VMO_TRAP_DIRTY, 0);
	supply(0, 4 * PAGE, 's');
	ok(dirty(1, 2));
	ok(zx_vmo_write(vmo, "b", PAGE, 1));
	ok(begin(1, 2));
	DIRTY(PAGES(1, 2));
	/* Page 1 is written to meanwhile and stays, page 2 becomes clean. */
	start(&w, write_page_1);
	expect_packet(ZX_PAGER_VMO_DIRTY, PAGE, PAGE);
	ok(zx_vmo_read(vmo, &byte, PAGE, 1));
	assert_int_equal(byte, 'b');
	ok(dirty(1, 1));
	ok(finish(&w));
	ok(end(1, 2));
	DIRTY(PAGES(1, 1));
	ok(begin(0, 4));
	ok(end(0, 4));
	ALL_CLEAN();
	/* With IS_ZERO no page is begun. */
	ok(dirty(0, 1));
	ok(op(ZX_PAGER_OP_WRITEBACK_BEGIN, 0, 4, ZX_VMO_DIRTY_RANGE_IS_ZERO));
	ok(end(0, 4));
	DIRTY(PAGES(0, 1));
}

static zx_status_t read_page_4(struct waiter *w)
{
	return zx_vmo_read(vmo, w->buffer, 4 * PAGE, PAGE);
}

static void writeback_of_zeroes(void **state)
{
	struct waiter w;

	(void)state;
	replace_vmo(ZX_VMO_RESIZABLE, 0);
	ok(zx_vmo_set_size(vmo, 7 * PAGE));
	DIRTY(ZEROES(4, 3));
	ok(zx_vmo_write(vmo, "p", 5 * PAGE, 1));
	DIRTY(ZEROES(4, 1), PAGES(5, 1), ZEROES(6, 1));
	ok(op(ZX_PAGER_OP_WRITEBACK_BEGIN, 4, 1, ZX_VMO_DIRTY_RANGE_IS_ZERO));
	ok(end(4, 1));
	DIRTY(PAGES(5, 1), ZEROES(6, 1));
	/* What was zero is missing now. */
	start(&w, read_page_4);
	expect_packet(ZX_PAGER_VMO_READ, 4 * PAGE, PAGE);
	ok(zx_pager_supply_pages(pager, vmo, 4 * PAGE, PAGE, plain, 0));
	ok(finish(&w));
}

static void query_errors(void **state)
{
	zx_handle_t other, wo;
	zx_vmo_dirty_range_t r;
	size_t n = 77, m = 77;

	(void)state;
	ok(zx_pager_create(0, &other));
	ok(zx_handle_duplicate(vmo, ZX_RIGHT_WRITE, &wo));
	is(zx_pager_query_dirty_ranges(CLOSED, CLOSED, 9 * PAGE, 1, &r, sizeof(r),
				       &n, &m), ZX_ERR_BAD_HANDLE);
	is(zx_pager_query_dirty_ranges(port, CLOSED, 9 * PAGE, 1, &r, sizeof(r), &n,
				       &m), ZX_ERR_WRONG_TYPE);
	is(zx_pager_query_dirty_ranges(pager, CLOSED, 9 * PAGE, 1, &r, sizeof(r),
				       &n, &m), ZX_ERR_BAD_HANDLE);
	is(zx_pager_query_dirty_ranges(pager, port, 9 * PAGE, 1, &r, sizeof(r), &n,
				       &m), ZX_ERR_WRONG_TYPE);
	is(zx_pager_query_dirty_ranges(pager, wo, 9 * PAGE, 1, &r, sizeof(r), &n,
				       &m), ZX_ERR_ACCESS_DENIED);
	is(zx_pager_query_dirty_ranges(other, vmo, 9 * PAGE, 1, &r, sizeof(r), &n,
				       &m), ZX_ERR_INVALID_ARGS);
	is(zx_pager_query_dirty_ranges(pager, plain, 9 * PAGE, 1, &r, sizeof(r), &n,
				       &m), ZX_ERR_INVALID_ARGS);
	is(zx_pager_query_dirty_ranges(pager, vmo, 4 * PAGE, 1, &r, sizeof(r), &n,
				       &m), ZX_ERR_OUT_OF_RANGE);
	is(zx_pager_query_dirty_ranges(pager, vmo, 1, UINT64_MAX, &r, sizeof(r), &n,
				       &m), ZX_ERR_OUT_OF_RANGE);
	/* A bad buffer does no harm until there is something to put there. */
	ok(zx_pager_query_dirty_ranges(pager, vmo, 0, PAGE, NULL, sizeof(r), NULL,
				       NULL));
	supply(0, 4 * PAGE, 's');
	ok(zx_vmo_write(vmo, "x", 0, 1));
	is(zx_pager_query_dirty_ranges(pager, vmo, 0, PAGE, NULL, sizeof(r), &n,
				       &m), ZX_ERR_INVALID_ARGS);
	is(zx_pager_query_dirty_ranges(pager, vmo, 0, PAGE, (void *)1, sizeof(r),
				       &n, NULL), ZX_ERR_INVALID_ARGS);
	assert_int_equal(n, 77);
	assert_int_equal(m, 77);
	zx_handle_close(other);
	zx_handle_close(wo);
}

static void query_results(void **state)
{
	static const zx_vmo_dirty_range_t first = PAGES(0, 1);
	static const zx_vmo_dirty_range_t last = PAGES(2, 2);
	zx_vmo_dirty_range_t r[3];
	size_t n, m;

	(void)state;
	supply(0, 4 * PAGE, 's');
	ok(zx_vmo_write(vmo, "x", 0, 1));
	ok(zx_vmo_write(vmo, "xy", 3 * PAGE - 1, 2));
	DIRTY(first, last);
	/* Count only. */
	ok(zx_pager_query_dirty_ranges(pager, vmo, 0, 4 * PAGE, NULL, 0, &n, &m));
	assert_int_equal(n, 0);
	assert_int_equal(m, 2);
	/* Nearly two ranges of room. */
	memset(r, 0x77, sizeof(r));
	ok(zx_pager_query_dirty_ranges(pager, vmo, 0, 4 * PAGE, r,
				       2 * sizeof(*r) - 1, &n, &m));
	assert_int_equal(n, 1);
	assert_int_equal(m, 2);
	assert_memory_equal(r, &first, sizeof(first));
	assert_int_equal(r[1].offset, 0x7777777777777777);
	/* The rest, without asking how many. */
	ok(zx_pager_query_dirty_ranges(pager, vmo, PAGE, 3 * PAGE, r, sizeof(r), &n,
				       NULL));
	assert_int_equal(n, 1);
	assert_memory_equal(r, &last, sizeof(last));
	ok(zx_pager_query_dirty_ranges(pager, vmo, 0, 4 * PAGE, r, sizeof(*r), &n,
				       NULL));
	assert_int_equal(n, 1);
	ok(zx_pager_query_dirty_ranges(pager, vmo, 0, 4 * PAGE, r, sizeof(r), NULL,
				       &m));
	assert_int_equal(m, 2);
	ok(zx_pager_query_dirty_ranges(pager, vmo, 0, 4 * PAGE, NULL, 0, NULL,
				       NULL));
	/* A byte is rounded out to its page, and the range is cut to that. */
	ok(zx_pager_query_dirty_ranges(pager, vmo, 3 * PAGE + 5, 1, r, sizeof(r),
				       &n, &m));
	assert_int_equal(n, 1);
	assert_int_equal(r[0].offset, 3 * PAGE);
	assert_int_equal(r[0].length, PAGE);
	ok(zx_pager_query_dirty_ranges(pager, vmo, 4 * PAGE, 0, r, sizeof(r), &n,
				       &m));
	assert_int_equal(m, 0);
}

static void stats_errors(void **state)
{
	zx_pager_vmo_stats_t s = { .modified = 77 };
	zx_handle_t other, wo;

	(void)state;
	ok(zx_pager_create(0, &other));
	ok(zx_handle_duplicate(vmo, ZX_RIGHT_WRITE, &wo));
	is(zx_pager_query_vmo_stats(CLOSED, CLOSED, 9, &s, 0), ZX_ERR_BAD_HANDLE);
	is(zx_pager_query_vmo_stats(port, CLOSED, 9, &s, 0), ZX_ERR_WRONG_TYPE);
	is(zx_pager_query_vmo_stats(pager, CLOSED, 9, &s, 0), ZX_ERR_BAD_HANDLE);
	is(zx_pager_query_vmo_stats(pager, port, 9, &s, 0), ZX_ERR_WRONG_TYPE);
	is(zx_pager_query_vmo_stats(pager, wo, 9, &s, 0), ZX_ERR_ACCESS_DENIED);
	is(zx_pager_query_vmo_stats(other, vmo, 9, &s, 0), ZX_ERR_INVALID_ARGS);
	is(zx_pager_query_vmo_stats(pager, plain, 9, &s, 0), ZX_ERR_INVALID_ARGS);
	is(zx_pager_query_vmo_stats(pager, vmo, 9, &s, 3), ZX_ERR_BUFFER_TOO_SMALL);
	is(zx_pager_query_vmo_stats(pager, vmo, 9, NULL, 0),
	   ZX_ERR_BUFFER_TOO_SMALL);
	is(zx_pager_query_vmo_stats(pager, vmo, 2, &s, sizeof(s)),
	   ZX_ERR_INVALID_ARGS);
	is(zx_pager_query_vmo_stats(pager, vmo, 0, NULL, sizeof(s)),
	   ZX_ERR_INVALID_ARGS);
	assert_int_equal(s.modified, 77);
	zx_handle_close(other);
	zx_handle_close(wo);
}

static void stats(void **state)
{
	const uint32_t reset = ZX_PAGER_RESET_VMO_STATS;
	struct {
		zx_pager_vmo_stats_t stats;
		char behind[8];
	} s = { .behind = "behind" };

	(void)state;
	supply(0, 4 * PAGE, 's');
	ok(zx_pager_query_vmo_stats(pager, vmo, 0, &s, sizeof(s)));
	assert_int_equal(s.stats.modified, 0);
	ok(zx_vmo_write(vmo, "x", 0, 1));
	/* What fails resets nothing. */
	is(zx_pager_query_vmo_stats(pager, vmo, reset, NULL, sizeof(s)),
	   ZX_ERR_INVALID_ARGS);
	is(zx_pager_query_vmo_stats(pager, vmo, reset, &s, 3),
	   ZX_ERR_BUFFER_TOO_SMALL);
	ok(zx_pager_query_vmo_stats(pager, vmo, 0, &s, sizeof(s)));
	assert_int_equal(s.stats.modified, ZX_PAGER_VMO_STATS_MODIFIED);
	ok(zx_pager_query_vmo_stats(pager, vmo, reset, &s, sizeof(s)));
	assert_int_equal(s.stats.modified, ZX_PAGER_VMO_STATS_MODIFIED);
	ok(zx_pager_query_vmo_stats(pager, vmo, 0, &s, sizeof(s)));
	assert_int_equal(s.stats.modified, 0);
	assert_string_equal(s.behind, "behind");
}

static void after_detach(void **state)
{
	zx_pager_vmo_stats_t s;
	char byte;

	(void)state;
	replace_vmo(ZX_VMO_TRAP_DIRTY, 0);
	supply(0, 4 * PAGE, 's');
	ok(dirty(1, 1));
	ok(zx_vmo_write(vmo, "d", PAGE, 1));
	ok(zx_pager_detach_vmo(pager, vmo));
	expect_packet(ZX_PAGER_VMO_COMPLETE, 0, 0);
	DIRTY(PAGES(1, 1));
	ok(zx_pager_query_vmo_stats(pager, vmo, 0, &s, sizeof(s)));
	assert_int_equal(s.modified, ZX_PAGER_VMO_STATS_MODIFIED);
	is(dirty(1, 1), ZX_ERR_BAD_STATE);
	/* What is dirty may be written to until it is begun. */
	ok(zx_vmo_write(vmo, "e", PAGE + 1, 1));
	ok(begin(1, 1));
	is(zx_vmo_write(vmo, "f", PAGE, 1), ZX_ERR_BAD_STATE);
	ok(zx_vmo_read(vmo, &byte, PAGE, 1));
	assert_int_equal(byte, 'd');
	ok(end(1, 1));
	ALL_CLEAN();
}

int main(void)
{
	static const struct CMUnitTest libzx_writeback[] = {
		TEST(numbers),
		TEST(op_errors),
		TEST(dirty_without_trap),
		TEST(write_traps),
		TEST(mapped_write_traps),
		TEST(write_that_fails),
		TEST(dirty_ahead),
		TEST(writeback),
		TEST(writeback_of_zeroes),
		TEST(query_errors),
		TEST(query_results),
		TEST(stats_errors),
		TEST(stats),
		TEST(after_detach),
	};

	if (sysconf(_SC_PAGESIZE) != PAGE)
		return 77;
	return cmocka_run_group_tests(libzx_writeback, NULL, NULL);
}

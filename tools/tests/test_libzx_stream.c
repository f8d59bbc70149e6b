// SPDX-License-Identifier: MIT
/*
 * libzx against the module: zeroes, stream sizes and VMOs without bounds.
 */
#include "fixture.h"

static zx_status_t zero(uint64_t offset, uint64_t size)
{
	return zx_vmo_op_range(vmo, ZX_VMO_OP_ZERO, offset, size, NULL, 0);
}

static uint64_t stream_size(void)
{
	uint64_t size;

	ok(zx_vmo_get_stream_size(vmo, &size));
	return size;
}

static void zero_errors(void **state)
{
	zx_handle_t ro = read_only(vmo);
	char buffer[1];

	(void)state;
	is(zx_vmo_op_range(CLOSED, ZX_VMO_OP_ZERO, 0, 9 * PAGE, NULL, 0),
	   ZX_ERR_BAD_HANDLE);
	is(zx_vmo_op_range(port, ZX_VMO_OP_ZERO, 0, 9 * PAGE, NULL, 0),
	   ZX_ERR_WRONG_TYPE);
	is(zx_vmo_op_range(ro, ZX_VMO_OP_ZERO, 0, 9 * PAGE, NULL, 0),
	   ZX_ERR_ACCESS_DENIED);
	is(zero(0, 4 * PAGE + 1), ZX_ERR_OUT_OF_RANGE);
	is(zero(1, UINT64_MAX), ZX_ERR_OUT_OF_RANGE);
	ok(zx_vmo_op_range(vmo, ZX_VMO_OP_ZERO, 0, 0, buffer, 1));
	ok(zero(4 * PAGE, 0));
	zx_handle_close(ro);
}

static void zero_whole_pages(void **state)
{
	static const char none[PAGE];
	char page[PAGE];

	(void)state;
	replace_vmo(ZX_VMO_TRAP_DIRTY, 0);
	supply(PAGE, PAGE, 's');
	/* One page is there and one is not: neither is asked for. */
	ok(zero(PAGE, 2 * PAGE));
	expect_no_packet();
	DIRTY(ZEROES(1, 2));
	ok(zx_vmo_read(vmo, page, PAGE, PAGE));
	assert_memory_equal(page, none, PAGE);
}

static zx_status_t zero_half_of_page_1(struct waiter *w)
{
	(void)w;
	return zero(PAGE, PAGE / 2);
}

static void zero_part_of_a_page(void **state)
{
	struct waiter w;
	char bytes[2];

	(void)state;
	replace_vmo(ZX_VMO_TRAP_DIRTY, 0);
	start(&w, zero_half_of_page_1);
	expect_packet(ZX_PAGER_VMO_READ, PAGE, PAGE);
	supply(PAGE, PAGE, 's');
	expect_packet(ZX_PAGER_VMO_DIRTY, PAGE, PAGE);
	ok(zx_pager_op_range(pager, ZX_PAGER_OP_DIRTY, vmo, PAGE, PAGE, 0));
	ok(finish(&w));
	ok(zx_vmo_read(vmo, bytes, PAGE + PAGE / 2 - 1, 2));
	assert_int_equal(bytes[0], 0);
	assert_int_equal(bytes[1], 's');
	DIRTY(PAGES(1, 1));
}

static void zero_of_a_plain_vmo(void **state)
{
	char bytes[3];

	(void)state;
	ok(zx_vmo_write(plain, "abc", PAGE - 1, 3));
	ok(zx_vmo_op_range(plain, ZX_VMO_OP_ZERO, PAGE, 1, NULL, 0));
	ok(zx_vmo_read(plain, bytes, PAGE - 1, 3));
	assert_memory_equal(bytes, "a\0c", 3);
}

static void stream_size_errors(void **state)
{
	zx_handle_t ro = read_only(vmo);

	(void)state;
	is(zx_vmo_set_stream_size(CLOSED, 0), ZX_ERR_BAD_HANDLE);
	is(zx_vmo_set_stream_size(port, 0), ZX_ERR_WRONG_TYPE);
	is(zx_vmo_set_stream_size(pipe_end, 0), ZX_ERR_WRONG_TYPE);
	is(zx_vmo_set_stream_size(ro, 0), ZX_ERR_ACCESS_DENIED);
	is(zx_vmo_set_stream_size(vmo, 4 * PAGE + 1), ZX_ERR_OUT_OF_RANGE);
	is(zx_vmo_set_stream_size(vmo, UINT64_MAX), ZX_ERR_OUT_OF_RANGE);
	assert_int_equal(stream_size(), 4 * PAGE);
	zx_handle_close(ro);
}

static void stream_size_moves(void **state)
{
	zx_pager_vmo_stats_t stats;
	uint64_t size;
	char byte;

	(void)state;
	supply(0, 4 * PAGE, 's');
	ok(zx_vmo_set_stream_size(vmo, 4 * PAGE));
	ok(zx_pager_query_vmo_stats(pager, vmo, 0, &stats, sizeof(stats)));
	assert_int_equal(stats.modified, 0);
	ok(zx_vmo_set_stream_size(vmo, 2 * PAGE));
	assert_int_equal(stream_size(), 2 * PAGE);
	ok(zx_vmo_get_size(vmo, &size));
	assert_int_equal(size, 4 * PAGE);
	ok(zx_pager_query_vmo_stats(pager, vmo, 0, &stats, sizeof(stats)));
	assert_int_equal(stats.modified, ZX_PAGER_VMO_STATS_MODIFIED);
	/* Zero behind it, and nothing to write back. */
	ok(zx_vmo_read(vmo, &byte, 2 * PAGE, 1));
	assert_int_equal(byte, 0);
	ALL_CLEAN();
	ok(zx_vmo_set_stream_size(vmo, 3 * PAGE));
	DIRTY(ZEROES(2, 1));
	expect_no_packet();
}

static void unbounded(void **state)
{
	const int fd_size = 3 * PAGE + 7;
	uint64_t size;
	zx_handle_t h;

	(void)state;
	is(zx_pager_create_vmo(pager, ZX_VMO_UNBOUNDED | ZX_VMO_RESIZABLE, port,
			       KEY, PAGE, &h), ZX_ERR_INVALID_ARGS);
	is(zx_pager_create_vmo(pager, ZX_VMO_UNBOUNDED, port, KEY, UINT64_MAX, &h),
	   ZX_ERR_OUT_OF_RANGE);
	replace_vmo(ZX_VMO_UNBOUNDED | ZX_VMO_TRAP_DIRTY, 0);
	ok(zx_vmo_get_size(vmo, &size));
	assert_true(size > UINT64_C(1) << 40);
	assert_int_equal(stream_size(), 4 * PAGE);
	is(zx_vmo_set_size(vmo, PAGE), ZX_ERR_UNAVAILABLE);
	is(zx_vmo_set_size(vmo, UINT64_MAX), ZX_ERR_UNAVAILABLE);
	assert_int_equal(stream_size(), 4 * PAGE);
	ok(zx_vmo_set_stream_size(vmo, 2 * PAGE));
	assert_int_equal(stream_size(), 2 * PAGE);
	ok(zx_vmo_set_stream_size(vmo, size));
	assert_true(stream_size() == size);
	ok(zx_vmo_set_stream_size(vmo, 2 * PAGE));
	/* Linux programs have another name for that. */
	assert_int_equal(ftruncate(zx_linux_handle_to_fd(vmo), fd_size), 0);
	assert_int_equal(stream_size(), fd_size);
	expect_no_packet();
}

static void unbounded_plain(void **state)
{
	zx_handle_t h;
	uint64_t size;

	(void)state;
	ok(zx_vmo_create(5, ZX_VMO_UNBOUNDED, &h));
	ok(zx_vmo_get_size(h, &size));
	assert_true(size > UINT64_C(1) << 40);
	ok(zx_vmo_get_stream_size(h, &size));
	assert_int_equal(size, 5);
	ok(zx_vmo_set_stream_size(h, 9));
	ok(zx_vmo_get_stream_size(h, &size));
	assert_int_equal(size, 9);
	is(zx_vmo_set_size(h, PAGE), ZX_ERR_UNAVAILABLE);
	zx_handle_close(h);
}

int main(void)
{
	static const struct CMUnitTest libzx_stream[] = {
		TEST(zero_errors),
		TEST(zero_whole_pages),
		TEST(zero_part_of_a_page),
		TEST(zero_of_a_plain_vmo),
		TEST(stream_size_errors),
		TEST(stream_size_moves),
		TEST(unbounded),
		TEST(unbounded_plain),
	};

	if (sysconf(_SC_PAGESIZE) != PAGE)
		return 77;
	return cmocka_run_group_tests(libzx_stream, NULL, NULL);
}

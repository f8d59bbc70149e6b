// SPDX-License-Identifier: MIT
/*
 * The example that writes back, with a store whose flush fails and clients that go on.
 */
#include <sys/mman.h>
#include <unistd.h>

#define main		example_main
#define fdatasync	flush
static int flush(int fd);
int example_main(int argc, char **argv);
#include "../examples/writeback.c" /* NOLINT(bugprone-suspicious-include) */
#undef main

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PAGE	4096ull
#define COUNT	40u

static void (*during_flush)(void);
static int flush_error;

/* In the middle of a round. */
static int flush(int fd)
{
	(void)fd;
	if (during_flush)
		during_flush();
	errno = flush_error;
	return flush_error ? -1 : 0;
}

static void put(unsigned int index, char byte)
{
	char buffer[PAGE];

	memset(buffer, byte, sizeof(buffer));
	assert_int_equal(pwrite(zx_linux_handle_to_fd(vmo), buffer, PAGE, index * PAGE), PAGE);
}

static void zero(unsigned int from, unsigned int count)
{
	assert_int_equal(zx_vmo_op_range(vmo, ZX_VMO_OP_ZERO, from * PAGE, count * PAGE, NULL,
					 0), ZX_OK);
}

static bool round_with(int error, void (*meanwhile)(void))
{
	flush_error = error;
	during_flush = meanwhile;
	return write_back();
}

static size_t count_dirty(void)
{
	size_t n;

	assert_int_equal(zx_pager_query_dirty_ranges(pager, vmo, 0, size, NULL, 0, NULL, &n),
			 ZX_OK);
	return n;
}

/* The file has these pages after a last round. */
static void assert_stored(const char *pages)
{
	char buffer[PAGE];

	assert_true(round_with(0, NULL));
	assert_int_equal(count_dirty(), 0);
	for (unsigned int i = 0; i < COUNT; i++) {
		assert_int_equal(pread(file, buffer, PAGE, (off_t)(i * PAGE)), PAGE);
		if (buffer[0] != pages[i])
			fail_msg("page %u is %#x, not %#x", i, buffer[0], pages[i]);
	}
}

/* Nobody asks before writing, so that no other thread is needed to answer. */
static int setup(void **state)
{
	char old[COUNT * PAGE];

	(void)state;
	size = COUNT * PAGE;
	file = memfd_create("store", MFD_CLOEXEC);
	memset(old, 'o', sizeof(old));
	assert_int_equal(write(file, old, sizeof(old)), sizeof(old));
	assert_int_equal(zx_pager_create(0, &pager), ZX_OK);
	assert_int_equal(zx_port_create(0, &port), ZX_OK);
	assert_int_equal(zx_linux_pager_create_vmo(pager, 0, ZX_LINUX_CREATE_SYNC, port, 1,
						   size, &vmo), ZX_OK);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	zx_handle_close(vmo);
	zx_handle_close(port);
	zx_handle_close(pager);
	close(file);
	return 0;
}

static void make_5_zero(void)
{
	zero(5, 1);
}

/*
 * The zero range was begun as a whole in a round that failed.  In the next one page 5 is
 * written, and becomes zero again when that is in the store.
 */
static void zeroes_that_come_after_the_write(void **state)
{
	char pages[COUNT] = { 0 };

	(void)state;
	zero(0, COUNT);
	assert_false(round_with(EIO, NULL));
	put(5, 'X');
	assert_true(round_with(0, make_5_zero));
	assert_stored(pages);
}

/* It has forgotten what it could not write. */
static void forget(void)
{
	char old[COUNT * PAGE];

	memset(old, 'o', sizeof(old));
	assert_int_equal(pwrite(file, old, sizeof(old), 0), sizeof(old));
}

/* More ranges than one query has room for. */
static void all_is_written_again(void **state)
{
	char pages[COUNT] = { 0 };

	(void)state;
	zero(0, COUNT);
	for (unsigned int i = 0; i < COUNT; i += 2) {
		pages[i] = 'a';
		put(i, 'a');
	}
	assert_false(round_with(EIO, forget));
	assert_int_equal(count_dirty(), COUNT);
	assert_stored(pages);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest example[] = {
		TEST(zeroes_that_come_after_the_write),
		TEST(all_is_written_again),
	};

	return cmocka_run_group_tests(example, NULL, NULL);
}

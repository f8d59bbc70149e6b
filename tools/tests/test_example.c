// SPDX-License-Identifier: MIT
/*
 * The example that writes back, with a store whose flush fails and clients that go on, and
 * memory that is not there for a moment, or for good.
 */
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define main		example_main
#define fdatasync	flush
#define preadv2		read_now
static int flush(int fd);
static ssize_t read_now(int fd, const struct iovec *to, int count, off_t at, int flags);
int example_main(int argc, char **argv);
#include "../examples/writeback.c" /* NOLINT(bugprone-suspicious-include) */
#undef main
#undef preadv2

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PAGE	4096ull
#define COUNT	40u

static void (*during_flush)(void);
static int flush_error;
static unsigned int flushes;
static off_t missing = -1;	/* where, so often */
static unsigned int missing_times;
static off_t fails = -1;	/* where memory does when it is read */
static bool fails_for_good;	/* or it only says so */

/* In the middle of a round. */
static int flush(int fd)
{
	(void)fd;
	flushes++;
	if (during_flush)
		during_flush();
	errno = flush_error;
	return flush_error ? -1 : 0;
}

/* False if this kernel has no memory that fails.  Whoever does that may be killed for it. */
static bool break_page(int fd, off_t at)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		char *there = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, at);

		/* The kernel cannot do anything about it, and says so. */
		_exit(there == MAP_FAILED || (madvise(there, PAGE, MADV_HWPOISON) &&
					      errno != EBUSY && errno != EIO));
	}
	return waitpid(pid, &status, 0) == pid && (WIFSIGNALED(status) || !status);
}

/* Only what is there, for a read that waits would wait for ever. */
static ssize_t read_now(int fd, const struct iovec *to, int count, off_t at, int flags)
{
	struct iovec less = *to;

	assert_int_equal(count, 1);
	assert_int_equal(flags, RWF_NOWAIT);
	if (missing_times && at <= missing && missing < at + (off_t)less.iov_len) {
		less.iov_len = (size_t)(missing - at);
		missing_times -= !less.iov_len;
		errno = EAGAIN;
		return less.iov_len ? preadv2(fd, &less, 1, at, flags) : -1;
	}
	if (fails == at && !fails_for_good) {
		errno = EIO;
		return -1;
	}
	if (at <= fails && fails < at + (off_t)less.iov_len && fails_for_good) {
		fails_for_good = break_page(fd, fails);
		fails = -1;
	}
	return preadv2(fd, to, 1, at, flags);
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
	page = PAGE;
	flushes = 0;
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

static void put_all(char *pages)
{
	zero(0, COUNT);
	for (unsigned int i = 0; i < COUNT; i++) {
		pages[i] = 'a';
		put(i, 'a');
	}
}

/* What is before it is over with the first round, and the rest with the one that follows. */
static void page_that_is_missing_for_a_moment(void **state)
{
	char pages[COUNT];

	(void)state;
	put_all(pages);
	missing = 20 * PAGE;
	missing_times = 3;
	assert_true(round_with(0, NULL));
	assert_int_equal(missing_times, 0);
	assert_int_equal(flushes, 4);
	assert_int_equal(count_dirty(), 0);
	assert_stored(pages);
}

/* Who syncs hears of it, and of nothing else. */
static void page_whose_memory_fails(void **state)
{
	char pages[COUNT], buffer[PAGE];
	bool stored;

	(void)state;
	put_all(pages);
	fails = 20 * PAGE;
	fails_for_good = true;
	stored = round_with(0, NULL);
	if (!fails_for_good)
		skip();
	fails_for_good = false;
	assert_false(stored);
	/* It alone. */
	assert_int_equal(count_dirty(), 1);
	assert_int_equal(flushes, 1);
	for (unsigned int i = 0; i < COUNT; i++) {
		assert_int_equal(pread(file, buffer, PAGE, (off_t)(i * PAGE)), PAGE);
		assert_int_equal(buffer[0], i == 20 ? 'o' : 'a');
	}
	/* Who syncs once more is not told again. */
	assert_true(round_with(0, NULL));
}

/* Nothing that was not stored is ended for that, and all of it is written once more. */
static void error_of_which_nothing_is_known(void **state)
{
	char pages[COUNT];

	(void)state;
	put_all(pages);
	fails = 16 * PAGE;
	assert_false(round_with(0, NULL));
	assert_int_equal(flushes, 0);
	assert_int_equal(count_dirty(), 1);
	fails = -1;
	assert_stored(pages);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest example[] = {
		TEST(zeroes_that_come_after_the_write),
		TEST(all_is_written_again),
		TEST(page_that_is_missing_for_a_moment),
		TEST(page_whose_memory_fails),
		TEST(error_of_which_nothing_is_known),
	};

	return cmocka_run_group_tests(example, NULL, NULL);
}

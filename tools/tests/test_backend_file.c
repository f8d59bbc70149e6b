// SPDX-License-Identifier: GPL-2.0
/*
 * A file as a store.  Needs no kernel module.
 */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

#include "store.h"

#define GIB	(1ull << 30)

static int setup(void **state)
{
	(void)state;
	make_file();
	return 0;
}

/* One of them may have it open, to the end. */
static struct backend *the_file(void)
{
	static struct backend *be;

	if (!be)
		be = backend_file_open(file, true);
	return be;
}

/* What it tells of the largest size is what its file system says when that is tried. */
static void largest_size_of_a_file(void **state)
{
	struct backend *be = the_file();
	int rc;

	(void)state;
	assert_true(be->max_size >= be->size);
	if (be->max_size < INT64_MAX) {
		rc = CALL(be, resize, be->max_size + 1);
		assert_true(rc == -EFBIG || rc == -EINVAL);
	}
	assert_int_equal(CALL(be, resize, be->max_size), 0);
	assert_int_equal(size_of_file(), be->max_size);
	assert_int_equal(CALL(be, resize, SIZE), 0);
}

static void size_of_a_file(void **state)
{
	struct backend *be = the_file();
	static const uint64_t sizes[] = { 0, 1, 4096, SIZE + 1, SIZE, 3 * GIB };

	(void)state;
	for (unsigned int i = 0; i < 200; i++) {
		assert_int_equal(CALL(be, resize, sizes[i % 6]), 0);
		assert_int_equal(size_of_file(), sizes[i % 6]);
	}
}

static void size_that_is_not_allowed(void **state)
{
	struct backend *be = the_file();
	static uint8_t page[4096];
	struct rlimit old, low;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	low = old;
	low.rlim_cur = SIZE;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
	assert_int_equal(CALL(be, resize, SIZE + 1), -EFBIG);
	assert_int_equal(CALL(be, write, page, sizeof(page), SIZE), -EFBIG);
	assert_int_equal(size_of_file(), SIZE);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(CALL(be, resize, SIZE + 1), 0);
	assert_int_equal(size_of_file(), SIZE + 1);
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

static const struct CMUnitTest files[] = {
	TEST(largest_size_of_a_file),
	TEST(size_of_a_file),
	TEST(size_that_is_not_allowed),
};

int main(void)
{
	int failed;

	begin_stores();
	failed = cmocka_run_group_tests(files, NULL, NULL);
	end_stores();
	return failed;
}

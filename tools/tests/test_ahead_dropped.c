// SPDX-License-Identifier: GPL-2.0
/*
 * Where what the daemon's reader reads ahead cannot be had, or is not wanted any more.
 * Needs no kernel module.
 */
#include <unistd.h>

#include "fake_disk.h"

static void one_that_fails_is_dropped(void **state)
{
	(void)state;
	want_and_have(5, 6);
	want_and_have(6, 8);
	answer_all();
	want_and_have(8, 11);
	bad_sector[9 * 8 + 1] = true;
	answer(0);
	/* Nor is any read beyond. */
	assert_reads(10, 11);
	answer(0);
	assert_reads(11, 11);
	assert_false(supplied[9 * 8]);
	assert_true(is_supplied(10));
	assert_silent();

	/* Who comes there gets a proper answer. */
	reader_request(&vmo.reader, 9 * WINDOW, 3 * PAGE);
	answer_all();
	assert_true(supplied[9 * 8] && supplied[9 * 8 + 2]);
	assert_int_equal(failed[9 * 8 + 1], EIO);
	assert_int_equal(failed[9 * 8], 0);
	assert_int_equal(vmo.target.failed, 1);
}

/* What was still to come is left, and it begins with one window again. */
static void stops_where_it_fails(void **state)
{
	(void)state;
	ahead_of_11();
	bad_sector[12 * 8] = true;
	answer(0);
	assert_reads(13, 14);
	answer(0);
	assert_int_equal(read_count, 0);
	assert_silent();
	want_and_have(14, 16);
	answer(0);
	assert_int_equal(read_count, 0);
}

/* It fails while somebody has begun to wait for it. */
static void one_that_fails_is_wanted(void **state)
{
	(void)state;
	want_and_have(5, 6);
	want_and_have(6, 8);
	bad_sector[7 * 8 + 1] = true;
	reader_request(&vmo.reader, 7 * WINDOW, 3 * PAGE);
	answer_all();
	assert_true(supplied[7 * 8] && supplied[7 * 8 + 2]);
	assert_int_equal(failed[7 * 8 + 1], EIO);
	assert_int_equal(vmo.target.failed, 1);
}

static void no_memory_for_it(void **state)
{
	(void)state;
	want_and_have(5, 6);
	want_and_have(6, 8);
	answer_all();
	want_and_have(8, 11);
	supply_status = ZX_ERR_NO_MEMORY;
	answer_all();
	assert_int_equal(reads_ever, 11 - 5);
	assert_silent();
	supply_status = ZX_OK;
	want(9);
	answer_all();
	assert_true(is_supplied(9));
}

static void not_while_held(void **state)
{
	(void)state;
	want_and_have(5, 6);
	want(6);
	vmo.target.held = true;
	answer(0);
	assert_true(is_supplied(6));
	assert_int_equal(read_count, 0);
	vmo.target.held = false;
	reader_pump(&vmo.reader);
	assert_reads(7, 8);
}

static void not_once_detached(void **state)
{
	(void)state;
	want_and_have(5, 6);
	want_and_have(6, 8);
	want(40);
	vmo.target.detached = true;
	reader_cancel(&vmo.reader);
	reader_pump(&vmo.reader);
	answer_all();
	assert_false(is_supplied(7) || is_supplied(40));
	assert_int_equal(reads_ever, 4);
	assert_int_equal(vmo.reader.busy, 0);
	assert_silent();
}

static void bad_range_is_left_out(void **state)
{
	(void)state;
	assert_int_equal(bad_add(&vmo.reader.bads, &vmo.target, 9 * WINDOW, PAGE, EIO), 0);
	want_and_have(5, 6);
	want_and_have(6, 8);
	answer_all();
	want(8);
	answer(0);
	assert_reads(10, 11);
	/* Nor is what turns bad meanwhile supplied. */
	assert_int_equal(bad_add(&vmo.reader.bads, &vmo.target, 10 * WINDOW, PAGE, EIO), 0);
	answer_all();
	assert_int_equal(vmo.target.ahead, 2);
	assert_false(supplied[9 * 8] || supplied[10 * 8] || supplied[10 * 8 + 7]);
	assert_silent();
}

/* The store has something newer. */
static void outdated_is_dropped(void **state)
{
	(void)state;
	want_and_have(5, 6);
	want_and_have(6, 8);
	reader_outdate(&vmo.reader, 7 * WINDOW, 8 * WINDOW);
	answer(0);
	assert_int_equal(read_count, 0);
	assert_false(supplied[7 * 8]);

	/* But if somebody waits for it, it is read anew. */
	want_and_have(7, 10);
	reader_outdate(&vmo.reader, 8 * WINDOW, 9 * WINDOW);
	want(8);
	answer(0);
	assert_false(supplied[8 * 8]);
	answer_all();
	assert_true(is_supplied(8) && is_supplied(9));
	assert_silent();
}

static void not_beyond_the_end(void **state)
{
	(void)state;
	disk_stop();
	disk_start(9 * WINDOW + 100, AHEAD_DEPTH, AHEAD_MOST * WINDOW);
	want_and_have(5, 6);
	want_and_have(6, 8);
	answer_all();
	want(8);
	answer(0);
	assert_int_equal(read_count, 1);
	assert_int_equal(reads[0].length, 100);
	answer_all();
	assert_int_equal(tail_nonzero, 0);
	assert_true(supplied[72]);
	assert_false(supplied[73]);

	/* A VMO may be larger than its file. */
	ahead_restart(20, AHEAD_DEPTH, AHEAD_MOST);
	store.size = store_size = 8 * WINDOW;
	want_and_have(5, 6);
	want_and_have(6, 8);
	want_and_have(7, 8);
	want(8);
	assert_int_equal(read_count, 0);
	assert_true(turn());
	assert_true(is_supplied(8));
	assert_false(supplied[9 * 8]);
}

static void cut_off_under_way(void **state)
{
	(void)state;
	want_and_have(5, 6);
	want_and_have(6, 8);
	answer_all();
	want_and_have(8, 11);
	vmo_size = 9 * WINDOW + 2 * PAGE;
	answer(0);
	assert_true(supplied[9 * 8 + 1]);
	assert_false(supplied[9 * 8 + 2]);
	answer_all();
	assert_false(supplied[10 * 8]);
	assert_int_equal(vmo.target.size, vmo_size);
	/* Nothing is left of it to be read. */
	want(9);
	reader_request(&vmo.reader, 9 * WINDOW, PAGE);
	answer_all();
	assert_int_equal(reads_ever, 11 - 5 + 1);
	assert_silent();

	/* It grows again. */
	vmo_size = 20 * WINDOW;
	want(9);
	answer_all();
	assert_true(is_supplied(9));
	assert_silent();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, ahead_setup, ahead_teardown)

int main(void)
{
	static const struct CMUnitTest dropped[] = {
		TEST(one_that_fails_is_dropped),
		TEST(stops_where_it_fails),
		TEST(one_that_fails_is_wanted),
		TEST(no_memory_for_it),
		TEST(not_while_held),
		TEST(not_once_detached),
		TEST(bad_range_is_left_out),
		TEST(outdated_is_dropped),
		TEST(not_beyond_the_end),
		TEST(cut_off_under_way),
	};

	if (sysconf(_SC_PAGESIZE) != PAGE)
		return 77;
	return cmocka_run_group_tests(dropped, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * How the daemon writes back zeroes and the size, and what is read in the meantime.  Needs
 * no kernel module.
 */
#include "fake.h"

/* --- zeroes --------------------------------------------------------------------- */

static void zeroes_become_a_hole(void **state)
{
	(void)state;
	client_zero(4, 12);
	begin_sync(0, 16);
	assert_only(BLANK);
	assert_int_equal(asked[0].offset, 4 * PAGE);
	assert_int_equal(asked[0].length, 8 * PAGE);
	assert_false(asked[0].flag);
	answer_all();
	assert_int_equal(sync_error, 0);
	assert_int_equal(asked_ever[WRITE], 0);
	assert_false(block[4].allocated);
	assert_int_equal(page[4].state, MISSING);
	assert_int_equal(vmo.target.zeroed, 8 * PAGE);
	assert_same();
}

static void zeroes_are_written_where_holes_are_unknown(void **state)
{
	(void)state;
	can_blank = false;
	client_zero(4, 12);
	sync_pages(0, 16);
	assert_int_equal(sync_error, 0);
	assert_int_equal(asked_ever[WRITE], 1);
	assert_same();
}

/* What was promised to a writer is not given back. */
static void grant_in_a_zero_range_keeps_its_space(void **state)
{
	(void)state;
	client_zero(0, 16);
	writeback_want(&vmo.writeback);
	assert_only(BLANK);
	/* Grants wait while a hole is made. */
	assert_false(client_write(5));
	assert_int_equal(asked_count, 1);
	answer(0, 0);
	while (waits(RESERVE) >= 0)
		answer((unsigned int)waits(RESERVE), 0);
	assert_true(client_write(5));
	assert_true(block[5].allocated);
	answer_all();
	assert_int_equal(page[5].state, DIRTY);
	assert_int_equal(page[0].state, MISSING);
	sync_pages(0, 16);
	assert_int_equal(late_nospc, 0);
	assert_same();
}

/*
 * A batch that failed leaves it behind how far a zero range was begun.  In the next one
 * a part of that range is data; it is cut off and grows again while it is written, and is
 * zero then, which the file is not.
 */
static void cut_in_a_range_that_was_begun(void)
{
	options.dirty_window = PAGE;
	client_zero(0, 8);
	begin_sync(0, 8);
	answer(0, EIO);
	answer_all();
	assert_int_equal(page[0].state, ZERO);
	for (unsigned int i = 4; i < 8; i++)
		write_page(i);
	begin_sync(0, 16);
	while (waits(SYNC) < 0)
		answer(0, 0);
	client_resize(4 * PAGE);
	client_resize(16 * PAGE);
}

static void zeroes_that_are_not_in_the_file(void **state)
{
	(void)state;
	cut_in_a_range_that_was_begun();
	answer_all();
	assert_int_equal(page[0].state, MISSING);
	assert_int_equal(page[4].state, ZERO);
	sync_pages(0, 16);
	assert_same();
}

/* It begins inside of the data, since the pages before it were granted meanwhile. */
static void zeroes_among_what_was_written(void **state)
{
	(void)state;
	cut_in_a_range_that_was_begun();
	for (unsigned int i = 0; i < 5; i++) {
		/* Some of the file has its space. */
		if (!client_write(i) && waits(RESERVE) >= 0)
			answer((unsigned int)waits(RESERVE), 0);
		assert_true(client_write(i));
	}
	assert_int_equal(page[5].state, ZERO);
	assert_int_equal(page[5].begun, 3);
	answer_all();
	assert_int_equal(page[5].state, ZERO);
	sync_pages(0, 16);
	assert_same();
}

/* --- the size ------------------------------------------------------------------- */

static void file_grows(void **state)
{
	(void)state;
	client_resize(20 * PAGE);
	begin_sync(0, 20);
	assert_only(RESIZE);
	assert_int_equal(vmo.target.backend->size, 16 * PAGE);
	answer(0, 0);
	assert_int_equal(vmo.target.backend->size, 20 * PAGE);
	assert_only(SYNC);
	assert_true(asked[0].flag);
	answer_all();
	assert_int_equal(durable_size, 20 * PAGE);
	assert_int_equal(asked_ever[BLANK], 0);	/* zero it is anyway */
	assert_int_equal(page[18].state, MISSING);
	assert_false(client_read(18));
	answer_all();
	assert_same();
}

/* As the first thing, it would leave zeroes behind a daemon that is killed. */
static void grows_by_data_first(void **state)
{
	(void)state;
	client_resize(32 * PAGE);
	write_page(17);
	write_page(25);
	begin_sync(0, 32);
	assert_only(WRITE);
	assert_int_equal(asked[0].offset, 16 * PAGE);
	answer(0, 0);
	assert_only(WRITE);
	assert_int_equal(asked[0].offset, 24 * PAGE);
	answer(0, 0);
	assert_only(RESIZE);
	answer_all();
	assert_int_equal(sync_error, 0);
	assert_same();
}

/* What is between the end of the file and the range goes with it. */
static void sync_of_what_is_behind_the_end(void **state)
{
	(void)state;
	client_resize(32 * PAGE);
	write_page(17);
	write_page(29);
	sync_pages(24, 32);
	assert_int_equal(sync_error, 0);
	assert_same();
}

/* And nothing behind data that cannot be written. */
static void no_growth_behind_an_error(void **state)
{
	(void)state;
	client_resize(32 * PAGE);
	write_page(17);
	write_page(25);
	begin_sync(0, 32);
	answer(0, EIO);
	assert_only(SYNC);
	answer(0, 0);
	assert_int_equal(sync_error, EIO);
	assert_int_equal(vmo.target.backend->size, 16 * PAGE);
	assert_int_equal(page[25].state, AWAITING);
	sync_pages(0, 32);
	assert_int_equal(sync_error, 0);
	assert_same();
}

/* A hole that somebody writes into before the file has it: the sync waits for that. */
static void hole_is_written_to(void **state)
{
	(void)state;
	client_resize(32 * PAGE);
	write_page(1);
	begin_sync(0, 32);
	assert_only(WRITE);
	assert_false(client_write(20));
	answer((unsigned int)waits(RESERVE), 0);
	assert_true(client_write(20));
	answer_all();
	assert_int_equal(asked_ever[RESIZE], 0);
	assert_int_equal(sync_error, -1);
	ms_now += 1000;
	writeback_tick();
	answer_all();
	assert_int_equal(sync_error, 0);
	assert_same();
}

static void file_shrinks(void **state)
{
	(void)state;
	client_resize(3 * PAGE + 100);
	sync_pages(0, 4);
	assert_int_equal(durable_size, 3 * PAGE + 100);
	assert_int_equal(vmo.target.backend->size, 3 * PAGE + 100);
}

/* A store that takes its time with the size, or will not have it. */
static void size_that_fails_is_tried_again(void **state)
{
	(void)state;
	write_page(1);
	client_resize(3 * PAGE + 100);
	begin_sync(0, 4);
	assert_only(RESIZE);
	answer(0, EIO);
	assert_int_equal(sync_error, EIO);
	assert_int_equal(asked_count, 0);
	assert_int_equal(vmo.target.backend->size, 16 * PAGE);
	assert_int_equal(page[1].state, AWAITING);
	sync_pages(0, 4);
	assert_int_equal(sync_error, 0);
	assert_same();
}

static void reads_go_on_while_it_is_cut_off(void **state)
{
	(void)state;
	write_page(0);
	evict(1, 16);
	client_resize(9 * PAGE);
	begin_sync(0, 9);
	assert_only(RESIZE);
	assert_false(client_read(8));
	assert_int_equal(asked_count, 2);
	assert_int_equal(asked[1].kind, READ);
	assert_int_equal(asked[1].length, PAGE);
	answer(1, 0);
	assert_int_equal(page[8].state, CLEAN);
	answer_all();
	assert_same();
}

static void writers_wait_while_it_is_cut_off(void **state)
{
	(void)state;
	client_resize(9 * PAGE);
	begin_sync(0, 9);
	assert_only(RESIZE);
	assert_false(client_write(8));
	assert_only(RESIZE);
	answer_all();
	assert_true(client_write(8));
	assert_int_equal(late_nospc, 0);
}

static void old_bytes_do_not_come_back(void **state)
{
	(void)state;
	client_resize(4 * PAGE);
	client_resize(16 * PAGE);
	sync_pages(0, 16);
	evict(0, 16);
	assert_false(client_read(10));
	answer_all();		/* compares what is supplied */
	assert_same();
}

static void nothing_is_written_beyond_the_end(void **state)
{
	(void)state;
	write_page(3);
	client_resize(3 * PAGE + 100);
	begin_sync(0, 4);
	assert_only(RESIZE);
	answer(0, 0);
	assert_only(RESERVE);
	answer(0, 0);
	assert_only(WRITE);
	assert_int_equal(asked[0].offset + asked[0].length, 3 * PAGE + 100);
	answer_all();
	assert_int_equal(durable_size, 3 * PAGE + 100);
}

static void cut_off_while_it_is_written(void **state)
{
	(void)state;
	write_page(13);
	begin_sync(0, 16);
	client_resize(8 * PAGE);
	answer_all();
	assert_int_equal(sync_error, 0);
	ms_now += 60000;
	writeback_tick();
	ms_now += 60000;
	writeback_tick();
	answer_all();
	assert_same();
}

/* --- what is read meanwhile ------------------------------------------------------- */

static void read_before_the_write_is_not_supplied_after_it(void **state)
{
	(void)state;
	write_page(2);
	evict(6, 7);
	assert_false(client_read(6));	/* brings pages 0 to 7 */
	assert_only(READ);
	asked[0].res = 8 * PAGE;	/* read, but not told yet */
	asked[0].done = true;
	for (unsigned int i = 0; i < 8; i++)
		memcpy(asked[0].buffer + i * PAGE, &block[i].value, sizeof(uint32_t));
	begin_sync(0, 16);
	answer(1, 0);
	answer((unsigned int)waits(SYNC), 0);
	evict(2, 3);
	answer_all();			/* compares what is supplied */
	assert_int_equal(page[2].state, CLEAN);
	assert_int_equal(asked_ever[READ], 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup_fake, teardown_fake)

int main(void)
{
	static const struct CMUnitTest zeroes[] = {
		TEST(zeroes_become_a_hole),
		TEST(zeroes_are_written_where_holes_are_unknown),
		TEST(grant_in_a_zero_range_keeps_its_space),
		TEST(zeroes_that_are_not_in_the_file),
		TEST(zeroes_among_what_was_written),
		TEST(file_grows),
		TEST(grows_by_data_first),
		TEST(sync_of_what_is_behind_the_end),
		TEST(no_growth_behind_an_error),
		TEST(hole_is_written_to),
		TEST(file_shrinks),
		TEST(size_that_fails_is_tried_again),
		TEST(reads_go_on_while_it_is_cut_off),
		TEST(writers_wait_while_it_is_cut_off),
		TEST(old_bytes_do_not_come_back),
		TEST(nothing_is_written_beyond_the_end),
		TEST(cut_off_while_it_is_written),
		TEST(read_before_the_write_is_not_supplied_after_it),
	};

	return cmocka_run_group_tests(zeroes, NULL, NULL);
}

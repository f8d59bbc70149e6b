// SPDX-License-Identifier: GPL-2.0
/*
 * Where a store ends, and the VMO does not: it has a size for good, or refuses another.
 * What lies below is written as ever.  Needs no kernel module.
 */
#include "fake.h"

static int sync_of(unsigned int from, unsigned int to)
{
	sync_pages(from, to);
	return sync_error;
}

/* --- a size for good --------------------------------------------------------------- */

#define ODD	(2 * PAGE + 512)

static int setup_odd(void **state)
{
	(void)state;
	fake_start(ODD);
	fake_fix_size();
	return 0;
}

static void last_page_of_an_odd_size(void **state)
{
	(void)state;
	write_page(2);
	assert_int_equal(sync_of(0, 3), 0);
	assert_int_equal(page[2].state, CLEAN);
	assert_int_equal(block[2].durable, page[2].value);
}

/* The last page ends where the store does. */
static void zeroes_in_an_odd_size(void **state)
{
	(void)state;
	client_zero(1, 3);
	assert_int_equal(sync_of(0, 3), 0);
	assert_int_equal(page[2].state, MISSING);
	assert_same();
}

/* --- a size that the store refuses ----------------------------------------------- */

static void hole_is_refused(void **state)
{
	(void)state;
	store_max = 16 * PAGE;
	client_resize(40 * PAGE);
	write_page(3);
	assert_int_equal(sync_of(0, 8), 0);
	assert_int_equal(page[3].state, CLEAN);
	write_page(3);
	client_zero(8, 16);
	assert_int_equal(sync_of(0, 40), EFBIG);
	assert_int_equal(page[3].state, CLEAN);
	/* The store has these, and not those. */
	assert_int_equal(page[8].state, MISSING);
	assert_int_equal(page[15].state, MISSING);
	assert_int_equal(page[16].state, ZERO);
	assert_int_equal(sync_of(20, 24), EFBIG);
	/* It is taken back. */
	client_resize(16 * PAGE);
	assert_int_equal(sync_of(0, 16), 0);
	assert_same();
}

/* Pages of the same window lie on either side of what is the end for good. */
static void data_is_refused(void **state)
{
	(void)state;
	can_reserve = false;
	options.dirty_window = 16 * PAGE;
	store_max = 17 * PAGE;
	client_resize(17 * PAGE);
	assert_int_equal(sync_of(0, 17), 0);
	client_resize(20 * PAGE);
	write_page(16);
	write_page(18);
	assert_int_equal(sync_of(0, 20), EFBIG);
	assert_int_equal(page[16].state, CLEAN);
	assert_int_equal(page[18].state, AWAITING);
	write_page(16);
	assert_int_equal(sync_of(0, 17), 0);
	assert_int_equal(page[16].state, CLEAN);
	/* It fits now. */
	store_max = UINT64_MAX;
	assert_int_equal(sync_of(0, 20), 0);
	assert_same();
}

/* Zeroes behind the end are in the store once the data behind them is, which it refuses. */
static void data_behind_zeroes_is_refused(void **state)
{
	(void)state;
	can_reserve = false;
	store_max = 16 * PAGE;
	client_resize(40 * PAGE);
	write_page(22);
	write_page(30);
	assert_int_equal(sync_of(0, 16), 0);
	assert_int_equal(sync_of(18, 20), EFBIG);
	assert_int_equal(sync_of(0, 40), EFBIG);
	/* What lies behind the data that fits is none of their business. */
	store_max = 25 * PAGE;
	assert_int_equal(sync_of(18, 20), 0);
	assert_int_equal(durable_size, 24 * PAGE);
	assert_int_equal(sync_of(24, 28), EFBIG);
	assert_int_equal(page[30].state, AWAITING);
	store_max = UINT64_MAX;
	assert_int_equal(sync_of(24, 28), 0);
	assert_int_equal(sync_of(0, 40), 0);
	assert_same();
}

/* A write that failed has made the VMO larger, and nothing else: the file is the stream. */
static void zeroes_behind_the_stream(void **state)
{
	(void)state;
	client_stream(10 * PAGE - 100);
	assert_int_equal(sync_of(0, 16), 0);
	assert_int_equal(durable_size, 10 * PAGE - 100);
	assert_int_equal(page[12].state, MISSING);
	assert_true(writeback_is_clean(&vmo.writeback));
	client_zero(13, 14);
	writeback_want(&vmo.writeback);
	answer_all();
	assert_true(writeback_is_clean(&vmo.writeback));
	/* The stream goes on behind them. */
	client_stream(16 * PAGE);
	assert_false(writeback_is_clean(&vmo.writeback));
	assert_int_equal(sync_of(0, 16), 0);
	assert_same();
}

/* Nobody syncs, and it is tried again, later and later. */
static void growth_is_tried_again(void **state)
{
	(void)state;
	store_max = 16 * PAGE;
	client_resize(17 * PAGE);
	writeback_tick();
	for (unsigned int i = 0; i < 100; i++) {
		ms_now += 1000;
		writeback_tick();
		answer_all();
	}
	assert_in_range(asked_ever[RESIZE], 5, 15);
	assert_false(writeback_is_clean(&vmo.writeback));
	store_max = UINT64_MAX;
	ms_now += 30000;
	writeback_tick();
	answer_all();
	assert_true(writeback_is_clean(&vmo.writeback));
	assert_same();
}

int main(void)
{
#define odd(f) cmocka_unit_test_setup_teardown(f, setup_odd, teardown_fake)
#define test(f) cmocka_unit_test_setup_teardown(f, setup_fake, teardown_fake)
	static const struct CMUnitTest ends[] = {
		odd(last_page_of_an_odd_size),
		odd(zeroes_in_an_odd_size),
		test(hole_is_refused),
		test(data_is_refused),
		test(data_behind_zeroes_is_refused),
		test(zeroes_behind_the_stream),
		test(growth_is_tried_again),
	};

	return cmocka_run_group_tests(ends, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * What the daemon's reader reads ahead, and what it does not.  Needs no kernel module.
 */
#include <stdlib.h>
#include <unistd.h>

#include "fake_disk.h"

static void in_a_row_it_doubles(void **state)
{
	(void)state;
	want_and_have(5, 6);
	want_and_have(6, 8);
	answer_all();
	want_and_have(8, 11);
	answer_all();
	want_and_have(11, 16);
	answer_all();
	want_and_have(16, 25);
	answer_all();
	/* But not for ever. */
	want_and_have(25, 34);
	answer_all();
	want_and_have(34, 43);
	answer_all();
	assert_int_equal(reads_ever, 43 - 5);
	assert_int_equal(vmo.target.windows, 43 - 5);
	assert_int_equal(vmo.target.ahead, 43 - 5 - 7);
	for (unsigned int i = 5; i < 43; i++)
		assert_true(is_supplied(i));
}

static void here_and_there_nothing(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 200; i++) {
		want(i * 27 % DISK_WINDOWS);
		answer_all();
	}
	assert_int_equal(vmo.target.ahead, 0);
	assert_int_equal(reads_ever, 200);
}

/* Two neighbours may be chance. */
static void two_in_a_row_one(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		want(20 * i + 1);
		answer_all();
		want(20 * i + 2);
		answer_all();
	}
	assert_int_equal(vmo.target.ahead, 3);
}

static void never_where_it_is_off(void **state)
{
	(void)state;
	ahead_restart(DISK_WINDOWS, AHEAD_DEPTH, 0);
	for (unsigned int i = 0; i < DISK_WINDOWS; i++)
		want_and_have(i, i + 1);
	assert_int_equal(vmo.target.ahead, 0);
}

/* One READ may be for many windows, and is one READ. */
static void long_reads(void **state)
{
	(void)state;
	reader_request(&vmo.reader, 4 * WINDOW, 4 * WINDOW);
	assert_reads(4, 8);
	answer_all();
	assert_int_equal(vmo.target.ahead, 0);
	reader_request(&vmo.reader, 8 * WINDOW, 4 * WINDOW);
	assert_reads(8, 12);
	answer(0);
	answer(0);
	answer(0);
	assert_reads(11, 12);
	answer(0);
	assert_reads(12, 13);
	answer(0);
	reader_request(&vmo.reader, 13 * WINDOW, 4 * WINDOW);
	answer_all();
	assert_int_equal(vmo.target.ahead, 3);
}

/* What is ahead is not what others wait for. */
static void waited_for_is_supplied_first(void **state)
{
	(void)state;
	want_and_have(5, 6);
	want_and_have(6, 8);
	want(20);
	assert_int_equal(read_count, 2);
	assert_int_equal(reads[0].offset, 7 * WINDOW);
	read_is_done(0);
	read_is_done(0);
	together = 0;
	supply_all();
	assert_int_equal(together, 1);
	assert_true(is_supplied(20));
	assert_int_equal(supplied_last, 7 * WINDOW);
}

/* It is not read twice, and the stream goes on. */
static void asked_for_under_way(void **state)
{
	(void)state;
	want_and_have(5, 6);
	want_and_have(6, 8);
	want(7);
	assert_reads(7, 10);
	answer(2);
	want(8);
	answer(1);
	assert_true(is_supplied(8));
	answer_all();
	assert_true(is_supplied(7));
	assert_int_equal(reads_ever, 13 - 5);
	assert_silent();
}

/* Several threads in one window are one reader. */
static void same_window_again(void **state)
{
	(void)state;
	want_and_have(5, 6);
	want(6);
	for (unsigned int i = 0; i < 8; i++)
		reader_request(&vmo.reader, 6 * WINDOW + (7 - i) * PAGE, PAGE);
	assert_reads(6, 7);
	answer(0);
	assert_reads(7, 8);
	for (unsigned int i = 0; i < 8; i++)
		reader_request(&vmo.reader, 7 * WINDOW + (7 - i) * PAGE, PAGE);
	assert_reads(7, 10);
}

/* Threads that read in turns come a bit early or late. */
static void not_quite_in_order(void **state)
{
	static const unsigned int order[] = { 1, 0, 3, 2, 5, 4, 7, 6 };

	(void)state;
	for (unsigned int i = 0; i < 8; i++)
		want(order[i]);
	answer_all();
	assert_true(vmo.target.ahead > 0);
	for (unsigned int i = 0; i < 8; i++)
		assert_true(is_supplied(i));
	assert_int_equal(vmo.target.windows, 8 + vmo.target.ahead);
}

/* Nor does a late one of them begin a stream of its own. */
static void late_in_its_window(void **state)
{
	(void)state;
	want(5);
	want(6);
	want(5);
	assert_int_equal(vmo.reader.ahead.streams[1].used, 0);
	assert_int_equal(read_count, 2);
}

/* Somebody else is there already. */
static void under_way_for_others(void **state)
{
	(void)state;
	want_and_have(5, 6);
	want(7);
	want(6);
	answer(1);
	assert_true(is_supplied(6));
	assert_reads(7, 8);
	assert_int_equal(vmo.target.ahead, 0);
}

static void half_of_the_depth(void **state)
{
	(void)state;
	ahead_of_11();
	/* It goes on as they get free... */
	answer(0);
	assert_reads(13, 15);
	/* ... and there is room for others at any time. */
	want(30);
	want(40);
	assert_int_equal(read_count, 4);
	answer(0);
	answer(0);
	assert_int_equal(read_count, 2);
	assert_int_equal(reads[0].offset, 30 * WINDOW);
	answer(0);
	assert_int_equal(reads[1].offset, 15 * WINDOW);
	answer_all();
	assert_true(is_supplied(15) && is_supplied(30) && is_supplied(40));
	assert_false(is_supplied(16));
	assert_int_equal(reads_ever, 11 + 2);
}

static void one_window_is_for_requests(void **state)
{
	(void)state;
	ahead_restart(DISK_WINDOWS, 1, AHEAD_MOST);
	for (unsigned int i = 0; i < DISK_WINDOWS; i++)
		want_and_have(i, i + 1);
	assert_int_equal(vmo.target.ahead, 0);
}

static void queue_goes_first(void **state)
{
	(void)state;
	ahead_restart(DISK_WINDOWS, 4, AHEAD_MOST);
	want_and_have(5, 6);
	want(6);
	reader_request(&vmo.reader, 20 * WINDOW, 10 * WINDOW);
	assert_int_equal(read_count, 4);
	answer(0);
	assert_true(is_supplied(6));
	while (vmo.reader.requests.first) {
		assert_int_equal(vmo.target.ahead, 0);
		assert_int_equal(read_count, 4);
		answer(3);
	}
	answer_all();
	assert_int_equal(vmo.target.ahead, 1);
	assert_true(is_supplied(7));
}

static void two_at_once(void **state)
{
	(void)state;
	want_and_have(5, 6);
	want_and_have(40, 41);
	want_and_have(6, 8);
	answer_all();
	want_and_have(41, 43);
	answer_all();
	want(8);
	want(43);
	answer(0);
	assert_int_equal(reads[1].offset, 9 * WINDOW);
	answer(0);
	assert_int_equal(read_count, 4);
	answer_all();
	assert_true(is_supplied(10) && is_supplied(45));
	assert_false(is_supplied(11) || is_supplied(46));
	assert_int_equal(vmo.target.ahead, 6);
}

/* Who is the least ahead is the next. */
static void two_in_turns(void **state)
{
	(void)state;
	ahead_restart(DISK_WINDOWS, 4, AHEAD_MOST);
	for (unsigned int i = 5; i < 7; i++) {
		want(i);
		answer_all();
		want(i + 35);
		answer_all();
	}
	want(8);
	want(43);
	answer(0);
	assert_int_equal(reads[1].offset, 9 * WINDOW);
	answer(0);
	assert_int_equal(reads[1].offset, 44 * WINDOW);
}

/* Not even many READs elsewhere have a stream forgotten, nor is it kept for ever. */
static void among_many_others(void **state)
{
	unsigned int other = 0;

	(void)state;
	want_and_have(0, 1);
	want_and_have(1, 3);
	answer_all();
	for (unsigned int i = 0; i < 20; i++) {
		want(30 + other++ * 9 % 32);
		answer_all();
	}
	want_and_have(3, 6);
	answer_all();
	for (unsigned int i = 0; i < 200; i++) {
		want(30 + other++ * 9 % 32);
		answer_all();
	}
	want_and_have(6, 7);
}

/* There is room for new ones when all that were known have ended. */
static void after_many_others(void **state)
{
	uint64_t ahead;

	(void)state;
	for (unsigned int i = 0; i < AHEAD_STREAMS; i++) {
		want(i * 4);
		answer_all();
		want(i * 4 + 1);
		answer_all();
	}
	ahead = vmo.target.ahead;
	for (unsigned int i = 0; i < 50; i++) {
		want(40 + i % 8);
		answer_all();
		want(52 + i % 8);
		answer_all();
	}
	assert_true(vmo.target.ahead > ahead);
}

/* Whoever reads how: each page asked for is answered. */
static void every_request_is_answered(void **state)
{
	unsigned int seed = 1;
	struct log_limit limit = { .second = -1 };
	bool asked[DISK_PAGES];

	(void)state;
	for (unsigned int round = 0; round < 200; round++) {
		unsigned int at[3] = { 0, 100, 200 };

		ahead_restart(DISK_WINDOWS, 1 + (unsigned int)rand_r(&seed) % 6, AHEAD_MOST);
		vmo.target.limit = limit;
		memset(asked, 0, sizeof(asked));
		store_chunk = 1 + (uint32_t)rand_r(&seed) % WINDOW;
		for (unsigned int i = 0; i < DISK_PAGES; i++)
			bad_sector[i] = rand_r(&seed) % 128 == 0;
		for (unsigned int i = 0; i < 60; i++) {
			unsigned int who = (unsigned int)rand_r(&seed) % 3;
			unsigned int length = 1 + (unsigned int)rand_r(&seed) % 8;

			reader_request(&vmo.reader, at[who] * PAGE, length * PAGE);
			for (; length && at[who] < DISK_PAGES; length--)
				asked[at[who]++] = true;
			if (at[who] >= DISK_PAGES || rand_r(&seed) % 16 == 0)
				at[who] = (unsigned int)rand_r(&seed) % DISK_PAGES;
			if (read_count && rand_r(&seed) % 2)
				answer((unsigned int)rand_r(&seed) % read_count);
		}
		while (read_count)
			answer((unsigned int)rand_r(&seed) % read_count);
		for (unsigned int i = 0; i < DISK_PAGES; i++) {
			assert_false(bad_sector[i] && supplied[i]);
			assert_false(asked[i] && !bad_sector[i] && !supplied[i]);
			assert_true(!failed[i] || (bad_sector[i] && asked[i]));
			assert_false(asked[i] && bad_sector[i] && !failed[i]);
		}
		limit = vmo.target.limit;
		assert_null(vmo.reader.requests.first);
		assert_int_equal(vmo.reader.busy, 0);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, ahead_setup, ahead_teardown)

int main(void)
{
	static const struct CMUnitTest ahead[] = {
		TEST(in_a_row_it_doubles),
		TEST(here_and_there_nothing),
		TEST(two_in_a_row_one),
		TEST(never_where_it_is_off),
		TEST(long_reads),
		TEST(waited_for_is_supplied_first),
		TEST(asked_for_under_way),
		TEST(same_window_again),
		TEST(not_quite_in_order),
		TEST(late_in_its_window),
		TEST(under_way_for_others),
		TEST(half_of_the_depth),
		TEST(one_window_is_for_requests),
		TEST(queue_goes_first),
		TEST(two_at_once),
		TEST(two_in_turns),
		TEST(among_many_others),
		TEST(after_many_others),
		TEST(every_request_is_answered),
	};

	if (sysconf(_SC_PAGESIZE) != PAGE)
		return 77;
	return cmocka_run_group_tests(ahead, NULL, NULL);
}

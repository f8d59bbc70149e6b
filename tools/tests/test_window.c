// SPDX-License-Identifier: GPL-2.0
/*
 * The daemon's reader against a store that fails as told and a pager that takes notes.
 * Needs no kernel module.
 */
#include <stdlib.h>
#include <unistd.h>

#include "fake_disk.h"

#define DEPTH	3
#define PAGES	64

static int setup(void **state)
{
	(void)state;
	disk_start(PAGES * PAGE, DEPTH, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	disk_stop();
	return 0;
}

/* Pages [from, to) are supplied, all others are not. */
static void assert_supplied(unsigned int from, unsigned int to)
{
	for (unsigned int i = 0; i < PAGES; i++)
		assert_int_equal(supplied[i], from <= i && i < to);
}

static void one_page_brings_its_window(void **state)
{
	(void)state;
	reader_request(&vmo.reader, 11 * PAGE, PAGE);
	assert_int_equal(read_count, 1);
	assert_int_equal(reads[0].offset, WINDOW);
	assert_int_equal(reads[0].length, WINDOW);
	answer_all();
	assert_supplied(8, 16);
	assert_int_equal(supplies, 1);
}

static void window_under_way_is_not_read_again(void **state)
{
	(void)state;
	reader_request(&vmo.reader, 0, PAGE);
	reader_request(&vmo.reader, 5 * PAGE, PAGE);
	reader_request(&vmo.reader, 2 * PAGE, 3 * PAGE);
	assert_int_equal(read_count, 1);
	answer_all();
	assert_supplied(0, 8);
	assert_int_equal(reads_ever, 1);
}

static void long_request_goes_window_by_window(void **state)
{
	(void)state;
	reader_request(&vmo.reader, 3 * PAGE, 40 * PAGE);
	assert_int_equal(read_count, DEPTH);
	answer_all();
	assert_int_equal(reads_ever, 6);
	assert_supplied(0, 48);
}

static void queued_request_that_got_content_is_over(void **state)
{
	(void)state;
	reader_request(&vmo.reader, 0, DEPTH * WINDOW);
	reader_request(&vmo.reader, DEPTH * WINDOW, PAGE);	/* no window is free */
	reader_request(&vmo.reader, PAGE, PAGE);
	answer_all();
	assert_int_equal(reads_ever, DEPTH + 1);
	assert_null(vmo.reader.requests.first);
}

static void short_reads_are_continued(void **state)
{
	(void)state;
	store_chunk = 1000;
	reader_request(&vmo.reader, 0, PAGE);
	answer_all();
	assert_supplied(0, 8);
	assert_int_equal(supplies, 1);
}

/* Another thread has supplied it since the packet was taken; then it may have gone again. */
static void read_of_what_was_supplied_meanwhile(void **state)
{
	uint64_t taken = supply_count;

	(void)state;
	reader_request(&vmo.reader, 0, PAGE);
	answer_all();
	assert_int_equal(reads_ever, 1);
	reader_taken = taken;
	reader_request(&vmo.reader, 3 * PAGE, 2 * PAGE);
	assert_int_equal(reads_ever, 1);
	supplied[4] = false;
	reader_request(&vmo.reader, 3 * PAGE, 2 * PAGE);
	assert_int_equal(reads_ever, 2);
	answer_all();
	assert_true(supplied[4]);
	/* Of a window that was not it is believed. */
	supplied[8] = true;
	reader_request(&vmo.reader, 8 * PAGE, PAGE);
	assert_int_equal(reads_ever, 3);
	answer_all();
	/* Taken afterwards, it is believed. */
	reader_taken = supply_count;
	reader_request(&vmo.reader, 3 * PAGE, PAGE);
	assert_int_equal(reads_ever, 4);
	answer_all();
	reader_taken = UINT64_MAX;
}

static void tail_of_the_last_page_is_zero(void **state)
{
	(void)state;
	reader_free(&vmo.reader);
	disk_start(9 * PAGE + 100, DEPTH, 0);
	for (unsigned int i = 0; i < DEPTH; i++) {	/* buffers with old content */
		reader_request(&vmo.reader, 0, PAGE);
		answer_all();
	}
	reader_request(&vmo.reader, 9 * PAGE, PAGE);
	assert_int_equal(reads[0].length, PAGE + 100);
	answer_all();
	assert_supplied(0, 10);
	assert_int_equal(tail_nonzero, 0);
}

static void bad_sector_elsewhere_does_no_harm(void **state)
{
	(void)state;
	bad_sector[6] = true;
	reader_request(&vmo.reader, 2 * PAGE, 2 * PAGE);
	answer_all();
	assert_supplied(2, 4);
	assert_int_equal(failed[6], 0);
	assert_int_equal(reads_ever, 2);
}

static void bad_sector_fails_its_page_alone(void **state)
{
	(void)state;
	bad_sector[6] = true;
	reader_request(&vmo.reader, 5 * PAGE, 3 * PAGE);
	answer_all();
	assert_true(supplied[5]);
	assert_false(supplied[6]);
	assert_true(supplied[7]);
	assert_int_equal(failed[5], 0);
	assert_int_equal(failed[6], EIO);
	assert_int_equal(failed[7], 0);
}

static void errors_have_their_codes(void **state)
{
	static const struct {
		int error, code;
	} table[] = {
		{ EIO, EIO }, { EBADMSG, EBADMSG }, { EUCLEAN, EBADMSG },
		{ EILSEQ, EBADMSG }, { ENOSPC, ENOSPC }, { ENOMEM, EIO },
		{ ESTALE, EIO }, { ENXIO, EIO }, { EOPNOTSUPP, EIO },
	};

	(void)state;
	bad_sector[1] = true;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		store_error = table[i].error;
		failed[1] = 0;
		reader_request(&vmo.reader, PAGE, PAGE);
		answer_all();
		assert_int_equal(failed[1], table[i].code);
	}
}

static void page_asked_for_while_its_window_fails(void **state)
{
	(void)state;
	bad_sector[0] = true;
	reader_request(&vmo.reader, 0, PAGE);
	answer(0);				/* the window failed */
	reader_request(&vmo.reader, 3 * PAGE, PAGE);	/* and this came then */
	answer_all();
	assert_int_equal(failed[0], EIO);
	assert_true(supplied[3]);
}

static void truncated_file_fails_what_is_gone(void **state)
{
	(void)state;
	store_size = 4 * PAGE + 10;
	reader_request(&vmo.reader, 2 * PAGE, 4 * PAGE);
	answer_all();
	assert_supplied(2, 4);
	assert_int_equal(failed[3], 0);
	assert_int_equal(failed[4], EIO);
	assert_int_equal(failed[5], EIO);
	reader_request(&vmo.reader, 20 * PAGE, PAGE);
	answer_all();
	assert_int_equal(failed[20], EIO);
}

static void memory_limit_costs_the_bonus_only(void **state)
{
	(void)state;
	supply_status = ZX_ERR_NO_MEMORY;
	supply_limit = PAGE;		/* one page a call */
	reader_request(&vmo.reader, 5 * PAGE, 2 * PAGE);
	answer_all();
	assert_true(supplied[5]);
	assert_true(supplied[6]);
	assert_int_equal(failed[5], 0);
	assert_int_equal(failed[6], 0);
}

static void no_memory_at_all_fails(void **state)
{
	(void)state;
	supply_status = ZX_ERR_NO_MEMORY;
	reader_request(&vmo.reader, 5 * PAGE, 2 * PAGE);
	answer_all();
	assert_int_equal(failed[5], EIO);
	assert_int_equal(failed[6], EIO);
	assert_false(supplied[5]);
}

static void bad_range_fails_with_its_code(void **state)
{
	(void)state;
	assert_int_equal(bad_add(&vmo.reader.bads, &vmo.target, 3 * PAGE + 5, 1, ENOBUFS), 0);
	reader_request(&vmo.reader, 2 * PAGE, 3 * PAGE);
	answer_all();
	assert_true(supplied[2]);
	assert_false(supplied[3]);
	assert_true(supplied[4]);
	assert_int_equal(failed[3], ENOBUFS);
	assert_int_equal(failed[2], 0);
	/* Not even as the bonus of a neighbour. */
	reader_request(&vmo.reader, 0, PAGE);
	answer_all();
	assert_false(supplied[3]);

	bad_clear(&vmo.reader.bads);
	reader_request(&vmo.reader, 3 * PAGE, PAGE);
	answer_all();
	assert_true(supplied[3]);
}

static void range_turns_bad_under_a_read(void **state)
{
	(void)state;
	reader_request(&vmo.reader, 2 * PAGE, 2 * PAGE);
	assert_int_equal(bad_add(&vmo.reader.bads, &vmo.target, 3 * PAGE, PAGE, EIO), 0);
	answer_all();
	assert_supplied(2, 3);
	assert_int_equal(failed[3], EIO);
}

/* What was read in one turn of the loop is supplied with one call. */
static void windows_are_supplied_together(void **state)
{
	(void)state;
	reader_request(&vmo.reader, 0, 3 * WINDOW);
	reader_request(&vmo.reader, 3 * WINDOW, PAGE);
	assert_int_equal(read_count, DEPTH);
	while (read_count)
		read_is_done(read_count - 1);
	assert_int_equal(supplies, 0);
	supply_all();
	assert_int_equal(together, DEPTH);
	assert_supplied(0, 24);
	/* Then there is a window for what has to wait. */
	assert_int_equal(read_count, 1);
	answer_all();
	assert_supplied(0, 32);
	assert_int_equal(reads_ever, DEPTH + 1);
}

/* In the same turn much may happen behind a window that was read. */
static void window_changes_before_it_is_supplied(void **state)
{
	(void)state;
	/* The store has something newer. */
	reader_request(&vmo.reader, 0, 2 * WINDOW);
	read_is_done(0);
	read_is_done(0);
	reader_outdate(&vmo.reader, 3 * PAGE, 4 * PAGE);
	supply_all();
	assert_supplied(8, 16);
	assert_int_equal(together, 1);
	assert_int_equal(read_count, 1);
	answer_all();
	assert_supplied(0, 16);

	/* A range of it is to fail. */
	reader_request(&vmo.reader, 2 * WINDOW, WINDOW);
	read_is_done(0);
	assert_int_equal(bad_add(&vmo.reader.bads, &vmo.target, 17 * PAGE, PAGE, EIO), 0);
	answer_all();
	supply_all();
	answer_all();
	assert_false(supplied[17]);
	assert_int_equal(failed[17], EIO);
	assert_true(supplied[16] && supplied[23]);

	/* Nobody waits any more. */
	reader_request(&vmo.reader, 4 * WINDOW, WINDOW);
	read_is_done(0);
	vmo.target.detached = true;
	supply_all();
	assert_false(supplied[32]);
	assert_int_equal(read_count, 0);
}

/* None of several can be supplied as a whole: each goes on by itself. */
static void several_fail_together(void **state)
{
	(void)state;
	reader_request(&vmo.reader, 0, 3 * PAGE);
	reader_request(&vmo.reader, 2 * WINDOW + PAGE, PAGE);
	read_is_done(1);
	read_is_done(0);
	supply_status = ZX_ERR_NO_MEMORY;
	supply_limit = PAGE;		/* one page a call */
	supply_all();
	assert_int_equal(together, 2);
	answer_all();
	for (unsigned int i = 0; i < PAGES; i++) {
		assert_int_equal(supplied[i], i < 3 || i == 16 || i == 17);
		assert_int_equal(failed[i], 0);
	}
}

/* However much is asked for behind the end of the store, a turn gives some of it. */
static void nothing_to_read_takes_its_turns(void **state)
{
	unsigned int turns = 0;

	(void)state;
	vmo.target.resizable = true;
	vmo_size = DISK_PAGES * PAGE;
	reader_request(&vmo.reader, PAGES * PAGE, (DISK_PAGES - PAGES) * PAGE);
	reader_request(&vmo.reader, 0, PAGE);
	assert_int_equal(read_count, 0);
	assert_int_equal(supplies, 0);
	for (unsigned int before = 0; turn(); before = supplies) {
		assert_in_range(supplies - before, 1, DEPTH);
		turns++;
	}
	assert_int_equal(supplies, DISK_WINDOWS - PAGES / 8);
	assert_in_range(turns, supplies / DEPTH, supplies);
	assert_int_equal(read_count, 1);
	answer_all();
	assert_supplied(0, 8);
	for (unsigned int i = PAGES; i < DISK_PAGES; i++)
		assert_true(supplied[i]);
	assert_int_equal(tail_nonzero, 0);
}

static void bad_ranges_have_limits(void **state)
{
	(void)state;
	assert_int_equal(bad_add(&vmo.reader.bads, &vmo.target, 0, 0, EIO), ERANGE);
	assert_int_equal(bad_add(&vmo.reader.bads, &vmo.target, vmo.target.size, 1, EIO), ERANGE);
	assert_int_equal(bad_add(&vmo.reader.bads, &vmo.target, PAGE, UINT64_MAX, EIO), ERANGE);
	for (unsigned int i = 0; i < 1024; i++)
		assert_int_equal(bad_add(&vmo.reader.bads, &vmo.target, 0, PAGE, EIO), 0);
	assert_int_equal(bad_add(&vmo.reader.bads, &vmo.target, 0, PAGE, EIO), ENOSPC);
	bad_clear(&vmo.reader.bads);
	assert_int_equal(bad_add(&vmo.reader.bads, &vmo.target, 0, PAGE, EIO), 0);
}

static void held_requests_wait(void **state)
{
	(void)state;
	vmo.target.held = true;
	reader_request(&vmo.reader, 0, PAGE);
	reader_request(&vmo.reader, WINDOW, PAGE);
	assert_int_equal(read_count, 0);
	vmo.target.held = false;
	reader_pump(&vmo.reader);
	assert_int_equal(read_count, 2);
	answer_all();
	assert_supplied(0, 16);
}

static void detached_means_silence(void **state)
{
	(void)state;
	reader_request(&vmo.reader, 0, 10 * WINDOW);
	vmo.target.detached = true;
	reader_cancel(&vmo.reader);
	answer_all();
	assert_int_equal(reads_ever, DEPTH);
	assert_int_equal(supplies, 0);
	reader_request(&vmo.reader, 0, PAGE);
	assert_int_equal(read_count, 0);
}

static void odd_requests_are_cut(void **state)
{
	(void)state;
	reader_request(&vmo.reader, vmo.target.size, PAGE);
	reader_request(&vmo.reader, PAGE, 0);
	assert_int_equal(read_count, 0);
	reader_request(&vmo.reader, vmo.target.size - PAGE, UINT64_MAX - vmo.target.size);
	assert_int_equal(read_count, 1);
	answer_all();
	assert_supplied(PAGES - 8, PAGES);
}

/* Whatever comes in whatever order, each page asked for is answered. */
static void every_request_is_answered(void **state)
{
	unsigned int seed = 1;

	(void)state;
	for (unsigned int round = 0; round < 2000; round++) {
		bool asked[PAGES] = { false };
		unsigned int n = 1 + (unsigned int)rand_r(&seed) % 8;

		memset(supplied, 0, sizeof(supplied));
		memset(failed, 0, sizeof(failed));
		store_chunk = 1 + (uint32_t)rand_r(&seed) % WINDOW;
		for (unsigned int i = 0; i < PAGES; i++)
			bad_sector[i] = rand_r(&seed) % 8 == 0;
		while (n--) {
			unsigned int at = (unsigned int)rand_r(&seed) % PAGES;
			unsigned int len = 1 + (unsigned int)rand_r(&seed) %
					   (PAGES - at);

			reader_request(&vmo.reader, at * PAGE, len * PAGE);
			while (len--)
				asked[at + len] = true;
			if (read_count && rand_r(&seed) % 2)
				answer((unsigned int)rand_r(&seed) % read_count);
		}
		while (read_count)
			answer((unsigned int)rand_r(&seed) % read_count);
		for (unsigned int i = 0; i < PAGES; i++) {
			if (bad_sector[i])
				assert_false(supplied[i]);
			if (asked[i])
				assert_true(bad_sector[i] ? failed[i] == EIO :
							    supplied[i]);
		}
		assert_null(vmo.reader.requests.first);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest window[] = {
		TEST(one_page_brings_its_window),
		TEST(window_under_way_is_not_read_again),
		TEST(long_request_goes_window_by_window),
		TEST(queued_request_that_got_content_is_over),
		TEST(short_reads_are_continued),
		TEST(read_of_what_was_supplied_meanwhile),
		TEST(tail_of_the_last_page_is_zero),
		TEST(bad_sector_elsewhere_does_no_harm),
		TEST(bad_sector_fails_its_page_alone),
		TEST(errors_have_their_codes),
		TEST(page_asked_for_while_its_window_fails),
		TEST(truncated_file_fails_what_is_gone),
		TEST(memory_limit_costs_the_bonus_only),
		TEST(no_memory_at_all_fails),
		TEST(bad_range_fails_with_its_code),
		TEST(range_turns_bad_under_a_read),
		TEST(windows_are_supplied_together),
		TEST(window_changes_before_it_is_supplied),
		TEST(several_fail_together),
		TEST(nothing_to_read_takes_its_turns),
		TEST(bad_ranges_have_limits),
		TEST(held_requests_wait),
		TEST(detached_means_silence),
		TEST(odd_requests_are_cut),
		TEST(every_request_is_answered),
	};

	if (sysconf(_SC_PAGESIZE) != PAGE)
		return 77;
	return cmocka_run_group_tests(window, NULL, NULL);
}

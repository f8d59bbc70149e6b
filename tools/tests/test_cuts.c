// SPDX-License-Identifier: GPL-2.0
/*
 * Clients that cut the VMO off and have it grow again between two calls of the daemon: to a
 * call it was too small, and nobody can see that any more.  Needs no kernel module.
 */
#include "fake.h"

/* The kernel says once, or more often, that @call goes beyond the end. */
static void cut(enum call call, unsigned int times)
{
	refusals[call] = (struct refusal){ .status = ZX_ERR_OUT_OF_RANGE, .times = times };
}

/* --- writing back ----------------------------------------------------------------- */

/* No call that writes back takes it for an error. */
static void nothing_has_failed(void **state)
{
	static const enum call calls[] = { QUERY, BEGIN, END };

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		write_page(3);
		client_zero(8, 12);
		begin_sync(0, 16);
		while (waits(SYNC) < 0)
			answer(0, 0);
		cut(calls[i], 5);
		answer_all();
		assert_int_equal(sync_error, 0);
		sync_pages(0, 16);
		assert_int_equal(sync_error, 0);
		assert_int_equal(vmo.target.writeback_errors, 0);
		assert_int_equal(page[3].state, CLEAN);
		assert_same();
		refusals[calls[i]].times = 0;
	}
}

/* The query in the middle of END says so. */
static void pages_are_ended_all_the_same(void **state)
{
	(void)state;
	write_page(3);
	begin_sync(0, 16);
	while (waits(SYNC) < 0)
		answer(0, 0);
	cut(QUERY, 1);
	answer_all();
	assert_int_equal(sync_error, 0);
	assert_int_equal(page[3].state, CLEAN);
}

/* A VMO whose size is fixed has no such clients. */
static void fixed_size(void **state)
{
	(void)state;
	fake_fix_size();
	write_page(3);
	cut(BEGIN, 1);
	sync_pages(0, 16);
	assert_int_equal(sync_error, EIO);
}

/* --- the stream -------------------------------------------------------------------- */

/* Somebody has stored into it by a mapping. */
static void page_behind_the_stream(void **state)
{
	(void)state;
	client_stream(4 * PAGE);
	write_page(10);
	sync_pages(0, 16);
	assert_int_equal(sync_error, 0);
	assert_int_equal(page[10].state, AWAITING);
	client_stream(16 * PAGE);
	sync_pages(0, 16);
	assert_same();
}

static void stream_ends_within_a_part(void **state)
{
	(void)state;
	client_stream(6 * PAGE);
	write_page(5);			/* all of its window is granted */
	sync_pages(0, 16);
	assert_int_equal(sync_error, 0);
	assert_int_equal(page[5].state, CLEAN);
	assert_int_equal(page[6].state, AWAITING);
	assert_int_equal(durable_size, 6 * PAGE);
}

/* What the store has behind the end of the stream may be there again. */
static void stream_ends_within_a_page(void **state)
{
	(void)state;
	write_page(4);
	client_resize(15 * PAGE);
	begin_sync(0, 15);
	assert_only(RESIZE);
	client_stream(5 * PAGE + 100);
	answer_all();
	assert_int_equal(sync_error, 0);
	assert_int_equal(page[4].state, CLEAN);
	assert_int_equal(page[5].state, AWAITING);
	sync_pages(0, 15);
	assert_int_equal(page[5].state, CLEAN);
	assert_int_equal(durable_size, 5 * PAGE + 100);
}

/* Whose page is cut in part may write to the rest of it without asking again. */
static void space_where_the_stream_ends(void **state)
{
	(void)state;
	write_page(5);
	client_stream(5 * PAGE + 100);
	begin_sync(0, 16);
	assert_only(RESIZE);
	answer(0, 0);
	assert_false(block[5].allocated);
	assert_only(RESERVE);
	answer(0, 0);
	assert_true(block[5].allocated);
	answer_all();
	assert_int_equal(sync_error, 0);
	/* Not if nobody was allowed to. */
	client_stream(4 * PAGE + 100);
	begin_sync(0, 16);
	assert_only(RESIZE);
	answer(0, 0);
	assert_int_equal(waits(RESERVE), -1);
	answer_all();
	assert_int_equal(sync_error, 0);
}

/* --- grants and READs ------------------------------------------------------------- */

/* Who waits for what was not cut off waits on. */
static void writers_are_granted(void **state)
{
	(void)state;
	dirty_request(&vmo.writeback.dirty, 4 * PAGE, 8 * PAGE);
	cut(DIRTY_CALL, 3);
	answer_all();
	for (unsigned int i = 4; i < 12; i++)
		assert_int_equal(page[i].state, DIRTY);
	assert_null(vmo.writeback.dirty.queue.first);
}

static void writers_are_failed(void **state)
{
	(void)state;
	assert_false(client_write(5));
	cut(FAIL, 2);
	answer((unsigned int)waits(RESERVE), EIO);
	assert_int_equal(page[5].failed, EIO);
}

/* Whole windows, runs and single pages: each is supplied in the end. */
static void readers_are_supplied(void **state)
{
	(void)state;
	for (unsigned int times = 1; times < 6; times++) {
		evict(0, 16);
		assert_false(client_read(2));
		assert_false(client_read(3));
		cut(SUPPLY, times);
		answer_all();
		assert_int_equal(page[2].state, CLEAN);
		assert_int_equal(page[3].state, CLEAN);
		assert_int_equal(vmo.target.failed, 0);
	}
}

static void answer_kind(enum kind kind)
{
	int i = waits(kind);

	assert_int_not_equal(i, -1);
	answer((unsigned int)i, 0);
}

/* A read that found what was cut off says so when the store has grown again. */
static void read_meets_a_cut(void **state)
{
	(void)state;
	evict(0, 16);
	cut(SUPPLY, 1);
	assert_false(client_read(10));
	answer_kind(READ);
	/* No longer a whole window. */
	assert_int_not_equal(waits(READ), -1);
	client_resize(8 * PAGE);
	begin_sync(0, 8);
	answer_kind(RESIZE);
	asked[waits(READ)].done = true;
	answer_kind(SYNC);
	assert_int_equal(sync_error, 0);
	client_resize(16 * PAGE);
	begin_sync(0, 16);
	answer_kind(RESIZE);
	answer_kind(READ);
	answer_all();
	assert_int_equal(vmo.target.failed, 0);
	assert_int_equal(page[10].failed, 0);
}

static void readers_are_failed(void **state)
{
	(void)state;
	evict(0, 16);
	assert_int_equal(bad_add(&vmo.reader.bads, &vmo.target, 3 * PAGE, PAGE, EIO), 0);
	cut(FAIL, 2);
	client_read(3);
	answer_all();
	assert_int_equal(page[3].failed, EIO);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup_fake, teardown_fake)

int main(void)
{
	static const struct CMUnitTest cuts[] = {
		TEST(nothing_has_failed),
		TEST(pages_are_ended_all_the_same),
		TEST(fixed_size),
		TEST(page_behind_the_stream),
		TEST(stream_ends_within_a_part),
		TEST(stream_ends_within_a_page),
		TEST(space_where_the_stream_ends),
		TEST(writers_are_granted),
		TEST(writers_are_failed),
		TEST(readers_are_supplied),
		TEST(read_meets_a_cut),
		TEST(readers_are_failed),
	};

	return cmocka_run_group_tests(cuts, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * How the daemon writes back: in what order, after which errors, when.  Needs no kernel
 * module.
 */
#include "fake.h"

static int setup(void **state)
{
	(void)state;
	fake_start(16 * PAGE);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_stop();
	return 0;
}

/* A write and all that the daemon does for it. */
static void write_page(unsigned int i)
{
	while (!client_write(i))
		answer_all();
}

static void assert_same(void)
{
	assert_int_equal(durable_size, stream_size);
	for (unsigned int i = 0; i * (uint64_t)PAGE < stream_size; i++)
		assert_int_equal(block[i].durable, page[i].value);
}

static int sync_error;

static void sync_done(struct sync_request *req, int error)
{
	(void)req;
	sync_error = error;
}

static struct sync_request request;

static void begin_sync(unsigned int from, unsigned int to)
{
	sync_error = -1;
	request = (struct sync_request){
		.offset = (uint64_t)from * PAGE,
		.end = (uint64_t)to * PAGE,
		.done = sync_done,
	};
	writeback_sync(&vmo, &request);
}

static void only(enum kind kind)
{
	assert_int_equal(asked_count, 1);
	assert_int_equal(asked[0].kind, kind);
}

/* --- the order ------------------------------------------------------------------ */

static void write_sync_end(void **state)
{
	(void)state;
	write_page(5);
	begin_sync(0, 16);
	only(WRITE);
	assert_int_equal(asked[0].offset, 4 * PAGE);
	assert_int_equal(asked[0].length, 4 * PAGE);
	assert_int_equal(page[5].state, AWAITING);
	answer(0, 0);
	only(SYNC);
	assert_int_equal(page[5].state, AWAITING);
	assert_int_equal(sync_error, -1);
	answer(0, 0);
	assert_int_equal(page[5].state, CLEAN);
	assert_int_equal(sync_error, 0);
	assert_same();
}

static void nothing_to_sync(void **state)
{
	(void)state;
	begin_sync(0, 16);
	assert_int_equal(sync_error, 0);
	assert_int_equal(asked_count, 0);
}

static void sync_of_a_part(void **state)
{
	(void)state;
	write_page(0);
	write_page(12);
	begin_sync(8, 16);
	answer_all();
	assert_int_equal(sync_error, 0);
	assert_int_equal(page[0].state, DIRTY);
	assert_int_equal(page[12].state, CLEAN);
}

static void written_to_meanwhile(void **state)
{
	(void)state;
	write_page(5);
	begin_sync(0, 16);
	assert_false(client_write(5));	/* asks, and space is reserved already */
	assert_true(client_write(5));
	answer_all();
	assert_int_equal(sync_error, 0);
	assert_int_equal(page[5].state, DIRTY);
	assert_int_equal(page[6].state, DIRTY);
	assert_int_not_equal(block[5].durable, page[5].value);
	begin_sync(0, 16);
	answer_all();
	assert_int_equal(page[5].state, CLEAN);
	assert_same();
}

/* A sync that comes in the middle of one waits for one of its own. */
static void sync_during_a_sync(void **state)
{
	struct sync_request second = { .end = UINT64_MAX, .done = sync_done };

	(void)state;
	write_page(5);
	begin_sync(0, 16);
	assert_false(client_write(5));
	assert_true(client_write(5));
	writeback_sync(&vmo, &second);
	while (sync_error < 0)
		answer(0, 0);
	assert_int_not_equal(block[5].durable, page[5].value);
	sync_error = -1;
	answer_all();
	assert_int_equal(sync_error, 0);
	assert_same();
}

static void short_writes_go_on(void **state)
{
	struct event *ev;

	(void)state;
	write_page(5);
	begin_sync(0, 16);
	only(WRITE);
	ev = asked[0].ev;
	asked_count = 0;
	ev->handler(ev, 3 * PAGE);	/* of four */
	only(WRITE);
	assert_int_equal(asked[0].offset, 7 * PAGE);
	assert_int_equal(asked[0].length, PAGE);
	answer(0, EINTR);
	only(WRITE);
	answer(0, 0);
	only(SYNC);
}

/* --- errors --------------------------------------------------------------------- */

static void failed_write_stays_dirty(void **state)
{
	(void)state;
	write_page(0);
	write_page(8);
	begin_sync(0, 16);
	assert_int_equal(asked_count, 2);
	answer(1, EIO);
	only(WRITE);
	answer_all();
	assert_int_equal(sync_error, EIO);
	assert_int_equal(page[0].state, CLEAN);
	assert_int_equal(page[8].state, AWAITING);
	assert_int_equal(vmo.writeback_errors, 1);
	assert_true(vmo.writeback.retry_ms > 0);
	ms_now += 10000;
	writeback_tick();
	answer_all();
	assert_int_equal(page[8].state, CLEAN);
	assert_int_equal(vmo.writeback.retry_ms, 0);
	assert_same();
}

static void nothing_written_is_an_error(void **state)
{
	struct event *ev;

	(void)state;
	write_page(0);
	begin_sync(0, 16);
	ev = asked[0].ev;
	asked_count = 0;
	ev->handler(ev, 0);
	answer_all();
	assert_int_equal(sync_error, EIO);
	assert_int_equal(page[0].state, AWAITING);
}

/* The second sync would succeed, with nothing on the disk. */
static void failed_sync_has_all_written_again(void **state)
{
	(void)state;
	write_page(0);
	write_page(8);
	begin_sync(0, 16);
	answer(0, 0);
	answer(0, 0);
	only(SYNC);
	answer(0, EIO);
	assert_int_equal(sync_error, EIO);
	assert_int_equal(page[0].state, AWAITING);
	assert_int_not_equal(block[0].durable, page[0].value);
	begin_sync(0, 16);
	assert_int_equal(asked_ever[WRITE], 4);
	answer_all();
	assert_int_equal(sync_error, 0);
	assert_same();
}

static void tries_come_later_and_later(void **state)
{
	uint64_t before = 0;

	(void)state;
	write_page(0);
	writeback_want(&vmo);
	for (int i = 0; i < 12; i++) {
		uint64_t start = ms_now;

		only(WRITE);
		answer(0, EIO);
		if (asked_count)	/* what there is is synced all the same */
			answer(0, 0);
		while (!asked_count) {
			ms_now += 10;
			writeback_tick();
		}
		assert_true(ms_now - start >= before);
		before = ms_now - start;
	}
	assert_in_range(before, 20000, 31000);
}

/* --- zeroes --------------------------------------------------------------------- */

static void zeroes_become_a_hole(void **state)
{
	(void)state;
	client_zero(4, 12);
	begin_sync(0, 16);
	only(BLANK);
	assert_int_equal(asked[0].offset, 4 * PAGE);
	assert_int_equal(asked[0].length, 8 * PAGE);
	assert_false(asked[0].flag);
	answer_all();
	assert_int_equal(sync_error, 0);
	assert_int_equal(asked_ever[WRITE], 0);
	assert_false(block[4].allocated);
	assert_int_equal(page[4].state, MISSING);
	assert_int_equal(vmo.zeroed, 8 * PAGE);
	assert_same();
}

static void zeroes_are_written_where_holes_are_unknown(void **state)
{
	(void)state;
	can_blank = false;
	client_zero(4, 12);
	begin_sync(0, 16);
	answer_all();
	assert_int_equal(sync_error, 0);
	assert_int_equal(asked_ever[WRITE], 1);
	assert_same();
}

/* Space that was promised to a writer is not given back. */
static void grant_in_a_zero_range_keeps_its_space(void **state)
{
	(void)state;
	client_zero(0, 16);
	writeback_want(&vmo);
	only(BLANK);
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
	begin_sync(0, 16);
	answer_all();
	assert_int_equal(late_nospc, 0);
	assert_same();
}

/*
 * A batch that failed leaves it behind how far a zero range was begun.  In the next one
 * a part of that range is data; it is cut off and grows again while it is written, and is
 * zero then, which the file is not.
 */
static void zeroes_that_are_not_in_the_file(void **state)
{
	(void)state;
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
	answer_all();
	assert_int_equal(page[0].state, MISSING);
	assert_int_equal(page[4].state, ZERO);
	begin_sync(0, 16);
	answer_all();
	assert_same();
}

/* --- the size ------------------------------------------------------------------- */

static void file_grows(void **state)
{
	(void)state;
	client_resize(20 * PAGE);
	begin_sync(0, 20);
	only(SYNC);
	assert_true(asked[0].flag);
	answer_all();
	assert_int_equal(durable_size, 20 * PAGE);
	assert_int_equal(asked_ever[BLANK], 0);	/* zero it is anyway */
	assert_int_equal(page[18].state, MISSING);
	assert_false(client_read(18));
	answer_all();
	assert_same();
}

static void file_shrinks(void **state)
{
	(void)state;
	client_resize(3 * PAGE + 100);
	begin_sync(0, 4);
	answer_all();
	assert_int_equal(durable_size, 3 * PAGE + 100);
	assert_int_equal(vmo.backend->size, 3 * PAGE + 100);
}

static void old_bytes_do_not_come_back(void **state)
{
	(void)state;
	client_resize(4 * PAGE);
	client_resize(16 * PAGE);
	begin_sync(0, 16);
	answer_all();
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
	only(WRITE);
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
	only(READ);
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

/* --- when ----------------------------------------------------------------------- */

static void by_age(void **state)
{
	(void)state;
	write_page(0);
	ms_now += 4000;
	writeback_tick();
	assert_int_equal(asked_count, 0);
	ms_now += 2000;
	writeback_tick();
	answer_all();
	assert_same();
}

static void by_amount(void **state)
{
	(void)state;
	options.dirty_background = 8 * PAGE - 1;
	write_page(0);
	assert_int_equal(asked_ever[WRITE], 0);
	client_write(4);
	answer_all();
	assert_int_equal(vmo.written, 8 * PAGE);
	assert_same();
}

static void zeroes_come_without_a_packet(void **state)
{
	(void)state;
	client_zero(0, 4);
	writeback_tick();
	assert_int_equal(asked_count, 0);
	ms_now += 6000;
	writeback_tick();
	answer_all();
	assert_same();
}

static void so_does_a_size(void **state)
{
	(void)state;
	client_resize(15 * PAGE);
	writeback_tick();
	ms_now += 6000;
	writeback_tick();
	answer_all();
	assert_same();
}

static void after_detach(void **state)
{
	uint64_t left;

	(void)state;
	write_page(0);
	client_zero(8, 12);
	vmo.detached = true;
	dirty_cancel(&vmo);
	writeback_want(&vmo);
	answer_all();
	assert_true(writeback_is_clean(&vmo, &left));
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(block[i].durable, page[i].value);
	assert_int_equal(block[8].durable, 0);
}

static void detached_while_the_store_fails(void **state)
{
	uint64_t left;

	(void)state;
	write_page(0);
	vmo.detached = true;
	writeback_want(&vmo);
	answer(0, ENOSPC);
	answer_all();
	assert_false(writeback_is_clean(&vmo, &left));
	assert_int_equal(left, 4 * PAGE);
	writeback_hurry();
	answer_all();
	assert_true(writeback_is_clean(&vmo, &left));
	assert_same();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest writeback[] = {
		TEST(write_sync_end),
		TEST(nothing_to_sync),
		TEST(sync_of_a_part),
		TEST(written_to_meanwhile),
		TEST(sync_during_a_sync),
		TEST(short_writes_go_on),
		TEST(failed_write_stays_dirty),
		TEST(nothing_written_is_an_error),
		TEST(failed_sync_has_all_written_again),
		TEST(tries_come_later_and_later),
		TEST(zeroes_become_a_hole),
		TEST(zeroes_are_written_where_holes_are_unknown),
		TEST(grant_in_a_zero_range_keeps_its_space),
		TEST(zeroes_that_are_not_in_the_file),
		TEST(file_grows),
		TEST(file_shrinks),
		TEST(old_bytes_do_not_come_back),
		TEST(nothing_is_written_beyond_the_end),
		TEST(cut_off_while_it_is_written),
		TEST(read_before_the_write_is_not_supplied_after_it),
		TEST(by_age),
		TEST(by_amount),
		TEST(zeroes_come_without_a_packet),
		TEST(so_does_a_size),
		TEST(after_detach),
		TEST(detached_while_the_store_fails),	/* hurries from then on */
	};

	return cmocka_run_group_tests(writeback, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * How the daemon writes back: in what order, after which errors, when.  Needs no kernel
 * module.
 */
#include "../zxpagerd/renew.h"
#include "fake.h"

/* --- the order ------------------------------------------------------------------ */

static void write_sync_end(void **state)
{
	(void)state;
	write_page(5);
	begin_sync(0, 16);
	assert_only(WRITE);
	assert_int_equal(asked[0].offset, 4 * PAGE);
	assert_int_equal(asked[0].length, 4 * PAGE);
	assert_int_equal(page[5].state, AWAITING);
	answer(0, 0);
	assert_only(SYNC);
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

/*
 * What a predecessor did to the store, and did not sync before it died, nobody knows: a cut of
 * its size, too, which the first sync asks for though there is nothing to be written.
 */
static void first_sync_of_a_successor(void **state)
{
	(void)state;
	writeback_adopt(&vmo.writeback);
	begin_sync(0, 16);
	assert_int_equal(sync_error, -1);
	assert_only(SYNC);
	assert_true(asked[0].flag);
	answer(0, EIO);
	assert_int_equal(sync_error, EIO);
	begin_sync(0, 16);
	assert_only(SYNC);
	assert_true(asked[0].flag);
	answer(0, 0);
	assert_int_equal(sync_error, 0);
	sync_pages(0, 16);
	assert_int_equal(sync_error, 0);
	assert_int_equal(asked_ever[SYNC], 2);
}

/* What was dirty already counts, and what was begun is begun anew. */
static void dirty_before_a_successor(void **state)
{
	(void)state;
	page[3].state = DIRTY;
	page[3].value = ++clock_now;
	page[9].state = AWAITING;
	page[9].value = ++clock_now;
	writeback_adopt(&vmo.writeback);
	assert_int_equal(vmo.writeback.dirty.bytes, 2 * PAGE);
	sync_pages(0, 16);
	assert_int_equal(sync_error, 0);
	assert_int_equal(page[9].state, CLEAN);
	assert_same();
}

/* It may have been killed between cutting off a block and reserving it. */
static void reserved_anew_by_a_successor(void **state)
{
	(void)state;
	can_reserve = true;
	for (unsigned int i = 0; i < 16; i++)
		block[i].allocated = false;
	page[3].state = page[4].state = DIRTY;
	page[6].state = ZERO;
	page[9].state = AWAITING;
	renew_reservations(&vmo.target);
	assert_only(RESERVE);
	answer(0, 0);
	assert_only(RESERVE);
	answer(0, ENOSPC);
	assert_int_equal(asked_count, 0);
	assert_true(block[3].allocated && block[4].allocated);
	assert_false(block[6].allocated);
	/* What is cleaned and punched meanwhile is not reserved for good. */
	assert_false(ranges_have(&vmo.writeback.dirty.reserved, 3 * PAGE, 5 * PAGE));
	for (unsigned int i = 0; i < 16; i++)
		block[i].allocated = true;
}

static void sync_of_a_part(void **state)
{
	(void)state;
	write_page(0);
	write_page(12);
	sync_pages(8, 16);
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
	assert_int_equal(page[6].state, CLEAN);
	assert_int_not_equal(block[5].durable, page[5].value);
	sync_pages(0, 16);
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
	writeback_sync(&vmo.writeback, &second);
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
	assert_only(WRITE);
	ev = asked[0].ev;
	asked_count = 0;
	ev->handler(ev, 3 * PAGE);	/* of four */
	assert_only(WRITE);
	assert_int_equal(asked[0].offset, 7 * PAGE);
	assert_int_equal(asked[0].length, PAGE);
	answer(0, EINTR);
	assert_only(WRITE);
	answer(0, 0);
	assert_only(SYNC);
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
	assert_only(WRITE);
	answer_all();
	assert_int_equal(sync_error, EIO);
	assert_int_equal(page[0].state, CLEAN);
	assert_int_equal(page[8].state, AWAITING);
	assert_int_equal(vmo.target.writeback_errors, 1);
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
	assert_only(SYNC);
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

/* An NBD server that was restarted: no fault that remains, so nobody is to hear of it. */
static void lost_writes_are_made_again(void **state)
{
	(void)state;
	write_page(0);
	write_page(8);
	client_zero(12, 16);
	begin_sync(0, 16);
	for (unsigned int i = 1; i <= 2; i++) {
		while (waits(SYNC) < 0)
			answer(0, 0);
		answer(0, EAGAIN);
		assert_int_equal(sync_error, -1);
		assert_int_equal(page[0].state, AWAITING);
		assert_int_equal(page[8].state, AWAITING);
		assert_int_not_equal(block[0].durable, page[0].value);
		assert_int_equal(asked_ever[SYNC], i);
	}
	answer_all();
	assert_int_equal(sync_error, 0);
	assert_int_equal(asked_ever[WRITE], 6);
	assert_int_equal(asked_ever[BLANK], 3);
	assert_int_equal(vmo.target.writeback_errors, 0);
	assert_same();
}

/* In the end it is to be told. */
static void lost_again_and_again(void **state)
{
	(void)state;
	write_page(0);
	begin_sync(0, 16);
	for (unsigned int i = 0; sync_error < 0 && i < 100; i++) {
		while (waits(SYNC) < 0)
			answer(0, 0);
		answer(0, EAGAIN);
	}
	assert_int_equal(sync_error, EIO);
	assert_int_equal(page[0].state, AWAITING);
	sync_pages(0, 16);
	assert_int_equal(sync_error, 0);
	assert_same();
}

static void tries_come_later_and_later(void **state)
{
	uint64_t before = 0;

	(void)state;
	write_page(0);
	writeback_want(&vmo.writeback);
	for (int i = 0; i < 12; i++) {
		uint64_t start = ms_now;

		assert_only(WRITE);
		answer(0, EIO);
		if (asked_count)	/* the sync comes all the same */
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
	dirty_request(&vmo.writeback.dirty, 8 * PAGE, 4 * PAGE);
	writeback_turn();
	answer_all();
	assert_int_equal(vmo.target.written, 8 * PAGE);
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
	(void)state;
	write_page(0);
	client_zero(8, 12);
	vmo.target.detached = true;
	dirty_cancel(&vmo.writeback.dirty);
	writeback_want(&vmo.writeback);
	answer_all();
	assert_true(writeback_is_clean(&vmo.writeback));
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(block[i].durable, page[i].value);
	assert_int_equal(block[8].durable, 0);
}

static void detached_while_the_store_fails(void **state)
{
	uint64_t lost;

	(void)state;
	write_page(0);
	vmo.target.detached = true;
	writeback_want(&vmo.writeback);
	answer(0, ENOSPC);
	answer_all();
	assert_false(writeback_is_clean(&vmo.writeback));
	assert_int_equal(writeback_left(&vmo.writeback, &lost), 4 * PAGE);
	assert_int_equal(lost, 0);
	writeback_hurry();
	answer_all();
	assert_true(writeback_is_clean(&vmo.writeback));
	assert_same();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup_fake, teardown_fake)

int main(void)
{
	static const struct CMUnitTest writeback[] = {
		TEST(write_sync_end),
		TEST(nothing_to_sync),
		TEST(first_sync_of_a_successor),
		TEST(dirty_before_a_successor),
		TEST(reserved_anew_by_a_successor),
		TEST(sync_of_a_part),
		TEST(written_to_meanwhile),
		TEST(sync_during_a_sync),
		TEST(short_writes_go_on),
		TEST(failed_write_stays_dirty),
		TEST(nothing_written_is_an_error),
		TEST(failed_sync_has_all_written_again),
		TEST(lost_writes_are_made_again),
		TEST(lost_again_and_again),
		TEST(tries_come_later_and_later),
		TEST(by_age),
		TEST(by_amount),
		TEST(zeroes_come_without_a_packet),
		TEST(so_does_a_size),
		TEST(after_detach),
		TEST(detached_while_the_store_fails),	/* hurries from then on */
	};

	return cmocka_run_group_tests(writeback, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * How the daemon grants writes: windows, space in the store, limits.  Needs no kernel
 * module.
 */
#include "../zxpagerd/ranges.h"
#include "fake.h"

static int setup(void **state)
{
	(void)state;
	fake_start(PAGES / 2 * PAGE);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_stop();
	return 0;
}

/* Pages [from, to) are dirty, all others are not. */
static void assert_dirty(unsigned int from, unsigned int to)
{
	for (unsigned int i = 0; i < PAGES; i++)
		assert_int_equal(page[i].state == DIRTY, from <= i && i < to);
}

static void wants(unsigned int from, unsigned int pages)
{
	dirty_request(&vmo.writeback.dirty, (uint64_t)from * PAGE, (uint64_t)pages * PAGE);
	writeback_turn();
}

/* --- sets of ranges --------------------------------------------------------------- */

static void ranges_against_a_bitmap(void **state)
{
	static struct ranges set;
	bool in[64] = { false };
	unsigned int seed = 1;

	(void)state;
	set.count = 0;
	for (int round = 0; round < 20000; round++) {
		unsigned int from = (seed = seed * 1103515245 + 12345) >> 16 & 63;
		unsigned int to = from + 1 + (seed >> 8 & 7);
		bool add = seed & 1u << 30;
		bool all = true;

		if (to > 64)
			to = 64;
		for (unsigned int i = from; i < to; i++)
			all = all && in[i];
		assert_int_equal(ranges_have(&set, from, to), all);
		for (unsigned int i = from; i < to; i++)
			in[i] = add;
		if (add)
			ranges_add(&set, from, to);
		else
			ranges_remove(&set, from, to);
	}
}

static void too_many_ranges_are_forgotten(void **state)
{
	static struct ranges set;

	(void)state;
	set.count = 0;
	for (uint64_t i = 0; i < RANGES_MAX; i++)
		ranges_add(&set, i * 2, i * 2 + 1);
	assert_true(ranges_have(&set, 0, 1));
	ranges_add(&set, 100000, 100010);
	assert_false(ranges_have(&set, 0, 1));
	assert_true(ranges_have(&set, 100000, 100010));
	for (uint64_t i = 0; i < RANGES_MAX - 1; i++)
		ranges_add(&set, i * 2, i * 2 + 1);
	ranges_remove(&set, 100004, 100005);
	assert_false(ranges_have(&set, 100004, 100005));
	assert_int_equal(set.count, 2);
}

/* --- writers -------------------------------------------------------------------- */

static void one_page_alone(void **state)
{
	(void)state;
	wants(5, 1);
	answer_all();
	assert_dirty(5, 6);
	assert_int_equal(grants, 1);
	assert_int_equal(vmo.target.granted, PAGE);
	for (unsigned int i = 0; i < 8; i++)
		assert_int_equal(block[i].allocated, block[0].allocated);
}

/* A quarter more each time, up to the end of a window. */
static void who_goes_on_gets_more(void **state)
{
	static const unsigned int at[] = { 0, 1, 2, 3, 4, 6, 8, 11, 12, 16, 20 };

	(void)state;
	for (unsigned int i = 0; i < 10; i++) {
		wants(at[i], 1);
		answer_all();
		assert_dirty(0, at[i + 1]);
	}
	assert_int_equal(grants, 10);
}

/* At random nothing is granted that was not asked for, four pages in a row neither. */
static void who_jumps_gets_no_more(void **state)
{
	static const unsigned int at[] = { 24, 8, 0, 16, 28 };

	(void)state;
	for (unsigned int i = 0; i < 5; i++)
		for (unsigned int n = 0; n < 3; n++) {
			wants(at[i] + n, 1);
			answer_all();
		}
	assert_int_equal(vmo.target.granted, 15 * PAGE);
	for (unsigned int i = 0; i < 32; i++)
		assert_int_equal(page[i].state == DIRTY, i % 4 < 3 &&
				 (i / 4 % 2 == 0 || i / 4 == 7));
}

/* Eight are told apart, whatever the order; the ninth takes the place of the oldest. */
static void several_writers(void **state)
{
	struct writers w = { .notes = 0 };

	(void)state;
	for (unsigned int round = 0; round < 2; round++)
		for (unsigned int i = 0; i < WRITERS_MAX; i++)
			writers_note(&w, (i * 100 + round * 8) * PAGE,
				     (i * 100 + round * 8 + 8) * PAGE);
	for (unsigned int i = 0; i < WRITERS_MAX; i++)
		assert_int_equal(writers_ahead(&w, (i * 100 + 16) * PAGE, PAGE, PAGE),
				 4 * PAGE);
	writers_note(&w, 5000 * PAGE, 5001 * PAGE);
	assert_int_equal(writers_ahead(&w, 16 * PAGE, PAGE, PAGE), 0);
	assert_int_equal(writers_ahead(&w, 116 * PAGE, PAGE, PAGE), 4 * PAGE);
}

static void more_ends_with_the_vmo(void **state)
{
	(void)state;
	client_resize(30 * PAGE);
	wants(20, 8);
	wants(28, 1);
	answer_all();
	assert_dirty(20, 30);
}

static void request_of_several_pages(void **state)
{
	(void)state;
	wants(3, 6);
	answer_all();
	assert_dirty(3, 9);
	assert_int_equal(grants, 1);
}

static void missing_neighbour(void **state)
{
	(void)state;
	evict(5, 6);
	wants(0, 4);
	answer_all();
	wants(4, 1);
	answer_all();
	assert_dirty(0, 5);
}

/* The page itself has gone: the writer has been told to look again. */
static void missing_page(void **state)
{
	(void)state;
	evict(6, 7);
	wants(6, 1);
	answer_all();
	assert_dirty(0, 0);
	assert_null(vmo.writeback.dirty.queue.first);
}

static void request_beyond_the_end(void **state)
{
	(void)state;
	wants(30, 1);
	client_resize(8 * PAGE);	/* while space is reserved */
	answer_all();
	assert_dirty(0, 0);
	assert_null(vmo.writeback.dirty.queue.first);
	wants(30, 1);
	assert_int_equal(asked_count, 0);
}

static void end_within_the_request(void **state)
{
	(void)state;
	wants(4, 8);
	client_resize(6 * PAGE);
	answer_all();
	assert_dirty(4, 6);
}

static void held(void **state)
{
	(void)state;
	vmo.target.held = true;
	wants(0, 4);
	assert_int_equal(asked_count, 0);
	vmo.target.held = false;
	dirty_pump(&vmo.writeback.dirty);
	answer_all();
	assert_dirty(0, 4);
}

static void detached_while_reserving(void **state)
{
	(void)state;
	wants(0, 1);
	vmo.target.detached = true;
	dirty_cancel(&vmo.writeback.dirty);
	answer_all();
	assert_dirty(0, 0);
}

/* Who is killed and asks again does not make the queue longer. */
static void same_request_again(void **state)
{
	(void)state;
	vmo.target.held = true;
	for (int i = 0; i < 100; i++)
		wants(8, 2);
	assert_non_null(vmo.writeback.dirty.queue.first);
	assert_null(vmo.writeback.dirty.queue.first->next);
}

/* --- space ---------------------------------------------------------------------- */

static void space_is_reserved_first(void **state)
{
	(void)state;
	client_resize(40 * PAGE);
	wants(36, 4);
	assert_int_equal(grants, 0);
	assert_int_equal(waits(RESERVE), 0);
	answer_all();
	assert_dirty(36, 40);
	for (unsigned int i = 36; i < 40; i++)
		assert_true(block[i].allocated);
}

static void space_is_reserved_once(void **state)
{
	(void)state;
	wants(0, 4);
	answer_all();
	for (int i = 0; i < 4; i++)
		page[i].state = CLEAN;
	wants(2, 1);
	assert_int_equal(asked_count, 0);
	assert_dirty(2, 3);
	assert_int_equal(asked_ever[RESERVE], 1);
}

static void no_space_fails_before_the_data_exists(void **state)
{
	(void)state;
	client_resize(40 * PAGE);
	space = 0;
	wants(36, 1);
	answer_all();
	assert_dirty(0, 0);
	assert_int_equal(page[36].failed, ENOSPC);
	assert_int_equal(page[37].failed, 0);
	assert_int_equal(vmo.target.no_space, 1);
	assert_null(vmo.writeback.dirty.queue.first);
}

static void space_for_the_page_and_no_more(void **state)
{
	(void)state;
	client_resize(40 * PAGE);
	space = 5;
	wants(32, 4);
	answer_all();
	wants(36, 1);
	answer_all();
	assert_dirty(32, 37);
	assert_int_equal(vmo.target.no_space, 0);
}

/* What fits is granted, so that write() ends with that. */
static void space_for_a_part_of_the_request(void **state)
{
	(void)state;
	client_resize(48 * PAGE);
	space = 3;
	wants(32, 8);
	answer_all();
	assert_dirty(32, 35);
	for (unsigned int i = 35; i < 40; i++)
		assert_int_equal(page[i].failed, ENOSPC);
	assert_null(vmo.writeback.dirty.queue.first);
}

static void reserving_fails_otherwise(void **state)
{
	(void)state;
	wants(0, 1);
	answer(0, EINTR);
	answer(0, EIO);
	assert_int_equal(page[0].failed, EIO);
	wants(4, 1);
	answer(0, EDQUOT);
	assert_int_equal(page[4].failed, ENOSPC);
	assert_int_equal(grants, 0);
}

static void store_that_cannot_reserve(void **state)
{
	(void)state;
	can_reserve = false;
	wants(0, 4);
	answer_all();
	assert_dirty(0, 4);
	wants(4, 1);
	assert_dirty(0, 6);
	assert_int_equal(asked_ever[RESERVE], 1);
}

/* --- limits --------------------------------------------------------------------- */

static void over_the_limit_writers_wait(void **state)
{
	(void)state;
	options.dirty_limit = 8 * PAGE;
	wants(0, 4);
	answer_all();
	wants(4, 4);
	answer_all();
	assert_dirty(0, 8);
	wants(8, 1);
	assert_int_equal(vmo.target.throttled, 1);
	assert_int_equal(waits(RESERVE), -1);
	assert_true(waits(WRITE) >= 0);		/* and it is written back at once */
	assert_int_equal(page[8].state, CLEAN);
	answer_all();
	assert_int_equal(page[8].state, DIRTY);
	assert_int_equal(vmo.target.written, 8 * PAGE);
	assert_null(vmo.writeback.dirty.queue.first);
}

static void a_small_limit_grants_no_more(void **state)
{
	(void)state;
	options.dirty_limit = 9 * PAGE;
	wants(0, 8);
	wants(8, 1);
	answer_all();
	assert_dirty(0, 9);
}

static void limit_below_one_request(void **state)
{
	(void)state;
	options.dirty_limit = PAGE;
	wants(0, 4);
	answer_all();
	assert_dirty(0, 4);
	wants(4, 4);
	answer_all();
	assert_dirty(4, 8);
	wants(8, 2);
	answer_all();
	assert_dirty(8, 10);
}

/* Pages that stay dirty whatever is done do not stop a writer for good. */
static void limit_below_what_is_pinned(void **state)
{
	(void)state;
	options.dirty_limit = PAGE;
	page[0].pinned = true;
	wants(0, 1);
	answer_all();
	wants(8, 1);
	answer_all();
	assert_int_equal(page[0].state, DIRTY);
	assert_int_equal(page[8].state, DIRTY);
	wants(16, 1);
	answer_all();
	assert_int_equal(page[16].state, DIRTY);
}

static void throttled_while_the_store_fails(void **state)
{
	(void)state;
	options.dirty_limit = 4 * PAGE;
	wants(0, 4);
	answer_all();
	wants(8, 1);
	answer(0, EIO);			/* the write */
	answer_all();
	assert_int_equal(page[8].state, CLEAN);
	assert_int_equal(page[0].state, AWAITING);
	writeback_tick();
	assert_int_equal(asked_count, 0);	/* not at once again */
	ms_now += 1000;
	writeback_tick();
	answer_all();
	assert_int_equal(page[0].state, CLEAN);
	assert_int_equal(page[8].state, DIRTY);
}

static void limit_of_all(void **state)
{
	(void)state;
	options.dirty_total = 16 * PAGE;
	options.dirty_background = 1u << 30;
	for (unsigned int i = 0; i < 24; i += 8) {
		wants(i, 4);
		while (waits(RESERVE) >= 0)
			answer((unsigned int)waits(RESERVE), 0);
	}
	assert_int_equal(vmo.target.throttled, 0);
	wants(24, 1);
	assert_int_equal(vmo.target.throttled, 1);
	answer_all();
	assert_int_equal(page[24].state, DIRTY);
}

static void count_is_corrected(void **state)
{
	(void)state;
	options.dirty_limit = 8 * PAGE;
	wants(0, 8);
	answer_all();
	client_resize(PAGE);		/* seven of them go */
	client_resize(32 * PAGE);
	wants(16, 4);
	answer_all();
	assert_int_equal(vmo.target.throttled, 0);
	assert_int_equal(page[16].state, DIRTY);
}

/* There is room for one page of all at a time, and somebody is given it who had nothing. */
static void room_goes_round(void **state)
{
	struct dirty *a = &vmo.writeback.dirty, b = { .target = NULL };
	struct target second;

	(void)state;
	vmo.target.size = vmo_size;
	second = vmo.target;
	dirty_init(&b, &second);
	a->unreserved = b.unreserved = true;
	can_reserve = false;
	refusals[INFO] = (struct refusal){ .status = ZX_ERR_IO, .times = 1000 };
	options.dirty_window = PAGE;
	options.dirty_total = 4 * PAGE;
	dirty_count(a, PAGE);
	dirty_count(&b, 2 * PAGE);
	for (unsigned int i = 0; i < 4; i++) {
		dirty_request(a, i * PAGE, PAGE);
		dirty_request(&b, (8 + i) * PAGE, PAGE);
	}
	assert_int_equal(second.granted, 0);
	for (unsigned int i = 0; i < 4; i++) {
		dirty_count(a, PAGE);
		dirty_count(&b, PAGE);
		dirty_pump_all();
	}
	assert_int_equal(vmo.target.granted, 2 * PAGE);
	assert_int_equal(second.granted, 2 * PAGE);
	dirty_free(&b);
}

/* Another VMO has @bytes dirty: true if it is written back since a writer of this one waits. */
static bool other_is_written(uint64_t bytes)
{
	struct dirty b = { .target = NULL }, *d;
	struct target second;
	bool wanted, found = false;

	vmo.target.size = vmo_size;
	second = vmo.target;
	dirty_init(&b, &second);
	dirty_count(&b, bytes);
	dirty_request(&vmo.writeback.dirty, 0, PAGE);
	assert_int_equal(vmo.target.throttled, 1);
	while ((d = dirty_news(&wanted)))
		found |= d == &b && wanted;
	dirty_free(&b);
	return found;
}

/* Its own limit is nobody else's business, and nor is that of all for who has little. */
static void who_is_in_the_way(void **state)
{
	static const struct {
		uint64_t limit, total, others;
		bool written;
	} cases[] = {
		{ 8, 1024, 200, false },
		{ 1024, 64, 40, true },
		{ 1024, 64, 8, false },
	};

	for (unsigned int i = 0; i < 3; i++) {
		if (i) {
			teardown(state);
			setup(state);
		}
		options.dirty_limit = cases[i].limit * PAGE;
		options.dirty_total = cases[i].total * PAGE;
		refusals[INFO] = (struct refusal){ .status = ZX_ERR_IO, .times = 1000 };
		dirty_count(&vmo.writeback.dirty, 48 * PAGE);
		assert_int_equal(other_is_written(cases[i].others * PAGE), cases[i].written);
		refusals[INFO].times = 0;
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest dirty[] = {
		cmocka_unit_test(ranges_against_a_bitmap),
		cmocka_unit_test(too_many_ranges_are_forgotten),
		TEST(one_page_alone),
		TEST(who_goes_on_gets_more),
		TEST(who_jumps_gets_no_more),
		TEST(several_writers),
		TEST(more_ends_with_the_vmo),
		TEST(request_of_several_pages),
		TEST(missing_neighbour),
		TEST(missing_page),
		TEST(request_beyond_the_end),
		TEST(end_within_the_request),
		TEST(held),
		TEST(detached_while_reserving),
		TEST(same_request_again),
		TEST(space_is_reserved_first),
		TEST(space_is_reserved_once),
		TEST(no_space_fails_before_the_data_exists),
		TEST(space_for_the_page_and_no_more),
		TEST(space_for_a_part_of_the_request),
		TEST(reserving_fails_otherwise),
		TEST(store_that_cannot_reserve),
		TEST(over_the_limit_writers_wait),
		TEST(a_small_limit_grants_no_more),
		TEST(limit_below_one_request),
		TEST(limit_below_what_is_pinned),
		TEST(throttled_while_the_store_fails),
		TEST(limit_of_all),
		TEST(count_is_corrected),
		TEST(room_goes_round),
		TEST(who_is_in_the_way),
	};

	return cmocka_run_group_tests(dirty, NULL, NULL);
}

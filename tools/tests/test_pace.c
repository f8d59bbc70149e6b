// SPDX-License-Identifier: GPL-2.0
/*
 * How often the daemon writes back what is changed again and again: five minutes of it, on a
 * clock that is a variable.  Needs no kernel module.
 */
#include "fake.h"

#define SECONDS		300u
#define AGE		30u	/* the default */
#define AGES		(SECONDS / AGE)
#define SLACK		2u	/* seconds: a tick, and the pass itself */
#define MOST		512u	/* pages */

static uint32_t was[SECONDS][MOST];	/* what a page held in each second */
static unsigned int distinct;		/* pages that were ever written to */
static uint64_t most_dirty;

static unsigned int dice(unsigned int sides)
{
	static uint64_t state = 1;

	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned int)(state >> 33) % sides;
}

static int setup(void **state)
{
	(void)state;
	fake_start(MOST * PAGE);
	options.writeback_age = AGE;
	options.dirty_window = PAGE;
	distinct = 0;
	most_dirty = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_stop();
	return 0;
}

static uint64_t dirty_bytes(void)
{
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < MOST; i++)
		if (page[i].state == DIRTY || page[i].state == AWAITING)
			bytes += PAGE;
	return bytes;
}

/* Who has to wait comes again in the next step. */
static bool change(unsigned int i)
{
	uint32_t before = page[i].value;
	bool done;

	done = client_write(i);
	while (!done && waits(RESERVE) >= 0) {
		answer((unsigned int)waits(RESERVE), 0);
		done = client_write(i);
	}
	if (!done)
		done = client_write(i);
	distinct += done && before <= MOST;
	return done;
}

/* What a page holds for longer than the age has been stored, or something newer has. */
static void assert_old_is_stored(unsigned int second)
{
	for (unsigned int i = 0; second >= AGE + SLACK && i < MOST; i++)
		if (!page[i].pinned)
			assert_true(block[i].durable >= was[second - AGE - SLACK][i]);
}

/* @client goes on for five minutes, and the store takes its time. */
static void run(void (*client)(unsigned int second))
{
	for (unsigned int second = 0; second < SECONDS; second++) {
		for (unsigned int step = 0; step < 10; step++) {
			client(second);
			if (dirty_bytes() > most_dirty)
				most_dirty = dirty_bytes();
			for (unsigned int n = 0; n < 2 && asked_count; n++)
				answer(0, 0);
			ms_now += 100;
		}
		writeback_tick();
		for (unsigned int i = 0; i < MOST; i++)
			was[second][i] = page[i].value;
		assert_old_is_stored(second);
	}
	print_message("%u pages, %llu written back\n", distinct,
		      (unsigned long long)vmo.target.written / PAGE);
}

#define SET	200u

static void change_the_set(unsigned int second)
{
	(void)second;
	for (unsigned int n = 0; n < 100; n++)
		change(dice(SET));
}

/* More than is written back for its amount, and less than is near the limit. */
static void working_set(void **state)
{
	static const unsigned int background[] = { 10, 50, 130, 190, 250 };

	for (unsigned int i = 0; i < 5; i++) {
		if (i) {
			teardown(state);
			setup(state);
		}
		options.dirty_limit = 300 * PAGE;
		options.dirty_background = background[i] * PAGE;
		run(change_the_set);
		assert_int_equal(distinct, SET);
		assert_int_equal(vmo.target.throttled, 0);
		assert_in_range(vmo.target.written, (AGES - 1) * SET * PAGE,
				AGES * SET * PAGE * 3 / 2);
	}
}

/* The same, if it is the sum of all VMOs that is much. */
static void working_set_of_all(void **state)
{
	(void)state;
	options.dirty_total = 350 * PAGE;
	run(change_the_set);
	assert_int_equal(vmo.target.throttled, 0);
	assert_in_range(vmo.target.written, (AGES - 1) * SET * PAGE,
			AGES * SET * PAGE * 3 / 2);
}

/* A machine whose memory lies on the VMO: it fills it once, and uses some of it all the time. */
static void boot(unsigned int second)
{
	static unsigned int next;

	if (!second)
		next = 0;
	for (unsigned int n = 0; n < 10; n++)
		change(MOST - 10 + n);
	if (second < 100 && next < 400)
		next += change(next);
}

static void guest_that_boots(void **state)
{
	(void)state;
	options.dirty_limit = 256 * PAGE;
	options.dirty_background = 128 * PAGE;
	run(boot);
	assert_int_equal(distinct, 410);
	assert_in_range(vmo.target.written, distinct * PAGE, distinct * PAGE * 3 / 2);
}

/* From front to back each page is written back once, and nobody has to wait. */
static void stream(unsigned int second)
{
	static unsigned int next;

	if (!second)
		next = 0;
	if (next < MOST)
		next += change(next);
}

static void front_to_back(void **state)
{
	(void)state;
	options.dirty_limit = 256 * PAGE;
	options.dirty_background = 64 * PAGE;
	run(stream);
	assert_int_equal(distinct, MOST);
	assert_int_equal(vmo.target.throttled, 0);
	/* Some were granted when the pass came by, and had not been written to. */
	assert_in_range(vmo.target.written, MOST * PAGE, MOST * PAGE * 102 / 100);
}

/* What stays dirty whatever is done is no reason to begin anew all the time. */
static void pin_some(unsigned int second)
{
	for (unsigned int i = 0; !second && i < 100; i++) {
		change(i);
		page[i].pinned = true;
	}
}

static void pinned(void **state)
{
	(void)state;
	options.dirty_limit = 110 * PAGE;
	options.dirty_background = 50 * PAGE;
	run(pin_some);
	assert_in_range(vmo.target.written, (AGES - 1) * 100 * PAGE,
			(AGES + 2) * 100 * PAGE);
}

/* A set that is larger than the limit: its writer waits, and gets on. */
static void change_in_turn(unsigned int second)
{
	static unsigned int next;

	if (!second)
		next = 0;
	for (unsigned int n = 0; n < 10; n++)
		next = (next + change(next)) % SET;
}

static void larger_than_the_limit(void **state)
{
	(void)state;
	options.dirty_limit = 100 * PAGE;
	options.dirty_background = 100 * PAGE;
	run(change_in_turn);
	assert_int_equal(distinct, SET);
	assert_true(vmo.target.throttled > 0);
	assert_in_range(most_dirty, 90 * PAGE, 100 * PAGE);
	assert_true(vmo.target.written <= vmo.target.granted);
}

/* Memory that has failed keeps nobody waiting, nor does it have anything written back. */
static void lost_pages(void **state)
{
	(void)state;
	options.dirty_total = 64 * PAGE;
	options.dirty_limit = 32 * PAGE;
	options.dirty_background = 8 * PAGE;
	for (unsigned int i = 0; i < 32; i++) {
		change(2 * i);
		page[2 * i].breaks = true;
	}
	answer_all();
	sync_pages(0, MOST);
	ms_now += 60000;
	writeback_tick();
	answer_all();
	assert_int_equal(dirty_bytes(), 32 * PAGE);
	assert_int_equal(vmo.writeback.dirty.bytes, 0);
	vmo.target.throttled = 0;
	vmo.target.written = 0;
	for (unsigned int i = 0; i < 8; i++)
		assert_true(change(101 + 2 * i));
	assert_int_equal(vmo.target.throttled, 0);
	writeback_tick();
	answer_all();
	assert_int_equal(vmo.target.written, 0);
	/* It is counted again once it is written to. */
	for (unsigned int i = 0; i < 32; i++)
		page[2 * i].broken = page[2 * i].breaks = false;
	writeback_want(&vmo.writeback);
	answer_all();
	assert_int_equal(vmo.writeback.dirty.lost, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest pace[] = {
		TEST(working_set),
		TEST(working_set_of_all),
		TEST(guest_that_boots),
		TEST(front_to_back),
		TEST(pinned),
		TEST(larger_than_the_limit),
		TEST(lost_pages),
	};

	return cmocka_run_group_tests(pace, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * When a keeper starts its worker again, on a clock of the test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../zxpagerd/restarts.h"

#define QUICK_MS	10000u

static struct restarts r;
static uint64_t now;

static int setup(void **state)
{
	(void)state;
	r = (struct restarts){ .quick_ms = QUICK_MS };
	now = 1000;
	return 0;
}

/* A worker that serves for so long, and what comes then. */
static uint64_t serves_for(uint64_t ms)
{
	restarts_begun(&r, now);
	restarts_serves(&r, now);
	now += ms;
	return restarts_died(&r, now);
}

static void leaves_after(uint64_t ms)
{
	restarts_begun(&r, now);
	restarts_serves(&r, now);
	now += ms;
	restarts_left(&r, now);
}

static uint64_t never_serves(uint64_t ms)
{
	restarts_begun(&r, now);
	now += ms;
	return restarts_died(&r, now);
}

static void at_once_then_later(void **state)
{
	uint64_t last = 0, ms;

	(void)state;
	assert_int_equal(serves_for(1), 0);
	assert_int_equal(serves_for(1), 100);
	assert_int_equal(serves_for(1), 200);
	assert_int_equal(serves_for(1), 400);
	while ((ms = serves_for(1)) != RESTARTS_OVER) {
		assert_true(ms >= last && ms <= 5000);
		last = ms;
	}
	assert_int_equal(last, 5000);
	assert_int_equal(r.quick, 10);
}

static void who_served_is_no_quick_death(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 100; i++)
		assert_int_equal(serves_for(QUICK_MS), 0);
	for (unsigned int i = 0; i < 9; i++)
		assert_int_not_equal(serves_for(QUICK_MS - 1), RESTARTS_OVER);
	/* One that serves long enough wipes all that out. */
	assert_int_equal(serves_for(QUICK_MS), 0);
	assert_int_equal(serves_for(0), 0);
	assert_int_equal(serves_for(0), 100);
}

/* As one that is replaced, months later. */
static void who_leaves_at_last_wipes_that_out(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 9; i++)
		assert_int_not_equal(serves_for(0), RESTARTS_OVER);
	leaves_after(QUICK_MS);
	assert_int_equal(serves_for(0), 0);
	assert_int_equal(serves_for(0), 100);
	/* But not one that leaves soon. */
	leaves_after(QUICK_MS - 1);
	assert_int_equal(serves_for(0), 200);
}

/* As one whose store takes its time, and is not there in the end. */
static void who_never_serves_is_one_whatever_it_takes(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 9; i++)
		assert_int_not_equal(never_serves(10 * QUICK_MS), RESTARTS_OVER);
	assert_int_equal(never_serves(10 * QUICK_MS), RESTARTS_OVER);
}

/* One that leaves after that is no death. */
static void how_long_it_has_served(void **state)
{
	(void)state;
	restarts_begun(&r, now);
	now += 2 * QUICK_MS;
	assert_false(restarts_has_served(&r, now));
	restarts_serves(&r, now);
	assert_false(restarts_has_served(&r, now));
	assert_false(restarts_has_served(&r, now + QUICK_MS - 1));
	assert_true(restarts_has_served(&r, now + QUICK_MS));
	restarts_begun(&r, now);
	assert_false(restarts_has_served(&r, now + QUICK_MS));
}

static void how_long_it_may_take_to_serve(void **state)
{
	(void)state;
	restarts_begun(&r, now);
	assert_true(restarts_serves_by(&r) == UINT64_MAX);
	r.serve_ms = 5000;
	restarts_begun(&r, now);
	assert_int_equal(restarts_serves_by(&r), now + 5000);
	restarts_serves(&r, now);
	assert_true(restarts_serves_by(&r) == UINT64_MAX);
	now += 1000000;
	restarts_begun(&r, now);
	assert_int_equal(restarts_serves_by(&r), now + 5000);
}

/* Nor does it count that the one before has served. */
static void serving_is_of_one_worker(void **state)
{
	(void)state;
	serves_for(QUICK_MS);
	assert_int_equal(never_serves(QUICK_MS), 0);
	assert_int_equal(never_serves(QUICK_MS), 100);
}

static void none_is_quick(void **state)
{
	(void)state;
	r.quick_ms = 0;
	for (unsigned int i = 0; i < 100; i++)
		assert_int_equal(serves_for(0), 0);
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(at_once_then_later),
		TEST(who_served_is_no_quick_death),
		TEST(who_leaves_at_last_wipes_that_out),
		TEST(who_never_serves_is_one_whatever_it_takes),
		TEST(how_long_it_has_served),
		TEST(how_long_it_may_take_to_serve),
		TEST(serving_is_of_one_worker),
		TEST(none_is_quick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

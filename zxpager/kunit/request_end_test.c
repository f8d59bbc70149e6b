// SPDX-License-Identifier: GPL-2.0
/*
 * Requests, case by case: giving up, time limits, detach, waking in runs.
 */
#include "request_test.h"

/* A request that was ended by its waiter leaves no trace. */
static void zxp_request_given_up_takes_its_packet_back(struct kunit *test)
{
	struct zxp_requests *r = test->priv;

	zxp_ask(test, 0, 0, 4, false);
	zxp_ask(test, 1, 6, 8, false);
	zxp_give_up(test, 0);
	KUNIT_EXPECT_EQ(test, r->source->nr_requests, 1U);
	KUNIT_EXPECT_TRUE(test, zxp_next_read_is(test, 6, 8));
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(r->port));
	/* One that was still behind another one. */
	zxp_ask(test, 0, 0, 4, false);
	zxp_ask(test, 2, 10, 12, false);
	zxp_give_up(test, 2);
	KUNIT_EXPECT_TRUE(test, zxp_next_read_is(test, 0, 4));
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(r->port));
}

static void zxp_request_given_up_after_it_was_read(struct kunit *test)
{
	struct zxp_requests *r = test->priv;

	zxp_ask(test, 0, 0, 4, false);
	KUNIT_EXPECT_TRUE(test, zxp_next_read_is(test, 0, 4));
	zxp_give_up(test, 0);
	KUNIT_EXPECT_EQ(test, r->source->nr_requests, 0U);
	/* An answer that nobody waits for does no harm. */
	zxp_answer(test, 0, 4, -EIO);
	zxp_ask(test, 0, 0, 4, false);
	KUNIT_EXPECT_TRUE(test, zxp_next_read_is(test, 0, 4));
	/* Nor does giving up twice, or what was never begun. */
	zxp_give_up(test, 0);
	zxp_give_up(test, 0);
	zxp_give_up(test, 5);
	KUNIT_EXPECT_EQ(test, r->source->nr_requests, 0U);
}

static void zxp_request_given_up_in_another(struct kunit *test)
{
	zxp_ask(test, 0, 0, 4, false);
	zxp_ask(test, 1, 2, 4, false);
	zxp_give_up(test, 1);
	KUNIT_EXPECT_TRUE(test, zxp_next_read_is(test, 0, 4));
	zxp_answer(test, 0, 4, 0);
	KUNIT_EXPECT_FALSE(test, zxp_woken(test, 1));
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), 0);
}

/* The first that hung on it goes on in its place, whether it was sent or not. */
static void zxp_request_has_an_heir(struct kunit *test)
{
	struct zxp_requests *r = test->priv;
	unsigned int sent;

	for (sent = 0; sent < 3; sent++) {
		/* 0: waits behind another one; 1: is in the port; 2: was read. */
		if (!sent)
			zxp_ask(test, 7, 50, 51, false);
		zxp_ask(test, 0, 0, 8, false);
		zxp_ask(test, 1, 2, 8, false);
		zxp_ask(test, 2, 4, 8, false);
		zxp_ask(test, 3, 6, 8, false);
		if (sent == 2)
			KUNIT_EXPECT_TRUE(test, zxp_next_read_is(test, 0, 8));
		zxp_answer(test, 0, 1, 0);
		zxp_give_up(test, 0);

		KUNIT_EXPECT_EQ(test, r->request[1].start, 0UL);
		KUNIT_EXPECT_EQ(test, r->request[1].first, 2UL);
		KUNIT_EXPECT_EQ(test, r->request[1].pending, 7UL);
		KUNIT_EXPECT_NULL(test, r->request[1].primary);
		KUNIT_EXPECT_PTR_EQ(test, r->request[2].primary, &r->request[1]);
		KUNIT_EXPECT_PTR_EQ(test, r->request[3].primary, &r->request[1]);
		KUNIT_EXPECT_EQ(test, r->source->nr_requests, sent ? 1U : 2U);
		/* Giving up goes on. */
		zxp_give_up(test, 1);
		KUNIT_EXPECT_EQ(test, r->request[2].start, 0UL);

		if (!sent)
			KUNIT_EXPECT_TRUE(test, zxp_next_read_is(test, 50, 51));
		if (sent < 2)
			KUNIT_EXPECT_TRUE(test, zxp_next_read_is(test, 0, 8));
		KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(r->port));
		zxp_answer(test, 1, 8, 0);
		KUNIT_EXPECT_EQ(test, zxp_leave(test, 2), 0);
		KUNIT_EXPECT_EQ(test, zxp_leave(test, 3), 0);
		zxp_give_up(test, 7);
		KUNIT_EXPECT_EQ(test, r->source->nr_requests, 0U);
	}
}

/* What the daemon says of pages that only its forerunner wanted is not for it. */
static void zxp_request_heir_has_its_own_first_page(struct kunit *test)
{
	zxp_ask(test, 0, 0, 8, false);
	zxp_ask(test, 1, 4, 8, false);
	zxp_give_up(test, 0);
	zxp_answer(test, 0, 4, -EIO);
	zxp_answer(test, 4, 8, 0);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 1), 0);

	zxp_ask(test, 0, 0, 8, false);
	zxp_ask(test, 1, 4, 8, false);
	zxp_give_up(test, 0);
	zxp_answer(test, 0, 8, -EIO);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 1), -EIO);
}

#define ZXP_LIMIT	(100 * HZ)

/* Look at all as if so much time were over since request 0 was made. */
static unsigned long zxp_look_later(struct kunit *test, unsigned long later)
{
	struct zxp_requests *r = test->priv;
	struct zxp_look look;
	unsigned long next;

	spin_lock(&r->source->lock);
	next = zxp_source_look_locked(r->source, &look, r->request[0].since + later);
	spin_unlock(&r->source->lock);
	return next;
}

static void zxp_request_that_nobody_answers(struct kunit *test)
{
	struct zxp_requests *r = test->priv;
	unsigned long since;

	zxp_source_set_limit(r->source, ZXP_LIMIT);
	zxp_ask(test, 0, 0, 4, false);
	since = r->request[0].since;
	/* Whether it was read or not. */
	KUNIT_EXPECT_TRUE(test, zxp_next_read_is(test, 0, 4));
	zxp_ask(test, 1, 8, 9, true);
	r->request[1].since = since + 2;
	KUNIT_EXPECT_EQ(test, zxp_look_later(test, ZXP_LIMIT - 1), 1UL);
	KUNIT_EXPECT_FALSE(test, zxp_woken(test, 0));
	KUNIT_EXPECT_EQ(test, zxp_look_later(test, ZXP_LIMIT), 2UL);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), -ETIMEDOUT);
	KUNIT_EXPECT_FALSE(test, zxp_woken(test, 1));
	KUNIT_EXPECT_EQ(test, zxp_look_later(test, ZXP_LIMIT + 2), 0UL);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 1), -ETIMEDOUT);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(r->port));
	/* A late answer does no harm, and who asks again is heard. */
	zxp_answer(test, 0, 4, 0);
	zxp_ask(test, 0, 0, 4, false);
	KUNIT_EXPECT_TRUE(test, zxp_next_read_is(test, 0, 4));
	zxp_give_up(test, 0);
}

/* Each who waits for one page has its own time. */
static void zxp_request_of_several_has_heirs(struct kunit *test)
{
	struct zxp_requests *r = test->priv;
	unsigned long since;
	unsigned int i;

	zxp_source_set_limit(r->source, ZXP_LIMIT);
	for (i = 0; i < 4; i++)
		zxp_ask(test, i, 0, 4, false);
	since = r->request[0].since;
	r->request[1].since = since + 8;
	r->request[2].since = since;
	r->request[3].since = since + 5;
	KUNIT_EXPECT_TRUE(test, zxp_next_read_is(test, 0, 4));
	KUNIT_EXPECT_EQ(test, zxp_look_later(test, ZXP_LIMIT), 5UL);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 2), -ETIMEDOUT);
	KUNIT_EXPECT_FALSE(test, zxp_woken(test, 1));
	KUNIT_EXPECT_FALSE(test, zxp_woken(test, 3));
	KUNIT_EXPECT_EQ(test, r->source->nr_requests, 1U);
	KUNIT_EXPECT_EQ(test, zxp_look_later(test, ZXP_LIMIT + 5), 3UL);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 3), -ETIMEDOUT);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(r->port));
	zxp_answer(test, 0, 4, 0);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 1), 0);
}

/* A daemon that is slow is not one that hangs. */
static void zxp_request_is_answered_in_parts(struct kunit *test)
{
	struct zxp_requests *r = test->priv;
	unsigned long since;

	zxp_source_set_limit(r->source, ZXP_LIMIT);
	zxp_ask(test, 0, 0, 4, false);
	since = r->request[0].since -= ZXP_LIMIT / 2;
	zxp_answer(test, 0, 1, 0);
	KUNIT_EXPECT_TRUE(test, time_after(r->request[0].since, since));
	KUNIT_EXPECT_EQ(test, zxp_look_later(test, ZXP_LIMIT), 0UL);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), -ETIMEDOUT);
}

/* It just goes, unless somebody hangs on it. */
static void zxp_hint_that_nobody_answers(struct kunit *test)
{
	struct zxp_requests *r = test->priv;
	pgoff_t end = 6;

	zxp_source_set_limit(r->source, ZXP_LIMIT);
	KUNIT_EXPECT_EQ(test, zxp_hint(test, 2, &end), 0);
	zxp_ask(test, 0, 4, 5, false);
	r->request[0].since += ZXP_LIMIT;
	KUNIT_EXPECT_EQ(test, zxp_look_later(test, ZXP_LIMIT - 1), 1UL);
	KUNIT_EXPECT_EQ(test, r->source->nr_hints, 1U);
	KUNIT_EXPECT_FALSE(test, zxp_woken(test, 0));
	KUNIT_EXPECT_EQ(test, zxp_look_later(test, ZXP_LIMIT), 0UL);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, r->source->nr_hints, 0U);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(r->port));
}

/* Without a limit nothing fails, and it is told once. */
static void zxp_request_waits_without_a_limit(struct kunit *test)
{
	unsigned long patience = zxp_source_patience();
	struct zxp_requests *r = test->priv;

	zxp_ask(test, 0, 0, 4, false);
	KUNIT_EXPECT_EQ(test, zxp_look_later(test, patience - 1), 1UL);
	KUNIT_EXPECT_FALSE(test, r->source->told);
	KUNIT_EXPECT_EQ(test, zxp_look_later(test, patience), patience);
	KUNIT_EXPECT_TRUE(test, r->source->told);
	KUNIT_EXPECT_FALSE(test, zxp_woken(test, 0));
	zxp_give_up(test, 0);
	KUNIT_EXPECT_EQ(test, zxp_look_later(test, patience), 0UL);
}

/* The work comes when it is time, and again for who comes later, until nobody waits. */
static void zxp_request_is_watched(struct kunit *test)
{
	struct zxp_requests *r = test->priv;
	int round;

	zxp_source_set_limit(r->source, 2);
	for (round = 0; round < 3; round++) {
		zxp_ask(test, 0, 0, 4, false);
		KUNIT_EXPECT_TRUE(test, zxp_kunit_poll(zxp_woken(test, 0)));
		KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), -ETIMEDOUT);
	}
	KUNIT_EXPECT_TRUE(test, zxp_kunit_poll(!READ_ONCE(r->source->watched)));
	/* It is for what is waited for already, too. */
	zxp_source_set_limit(r->source, 0);
	zxp_ask(test, 0, 0, 4, false);
	KUNIT_EXPECT_TRUE(test, r->source->watched);
	zxp_source_set_limit(r->source, 1);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_poll(zxp_woken(test, 0)));
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), -ETIMEDOUT);
	zxp_source_set_limit(r->source, 0);
	zxp_ask(test, 0, 0, 4, false);
	zxp_source_detach(r->source, false);
	KUNIT_EXPECT_FALSE(test, r->source->watched);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), 0);
}

static void zxp_detach_wakes_everybody(struct kunit *test)
{
	struct zxp_requests *r = test->priv;
	pgoff_t end = 40;

	zxp_ask(test, 0, 0, 4, false);
	zxp_ask(test, 1, 2, 4, false);
	zxp_ask(test, 2, 8, 9, true);
	zxp_hint(test, 30, &end);
	KUNIT_EXPECT_TRUE(test, zxp_next_read_is(test, 0, 4));
	zxp_source_detach(r->source, true);

	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), 0);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 1), 0);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 2), 0);
	KUNIT_EXPECT_EQ(test, r->source->nr_requests, 0U);
	KUNIT_EXPECT_EQ(test, r->source->nr_hints, 0U);
	KUNIT_EXPECT_TRUE(test, zxp_source_detached(r->source));
	/* What nobody has read is not to be seen; COMPLETE is the last. */
	KUNIT_EXPECT_TRUE(test, zxp_kunit_next_is(test, r->port,
						  ZXP_PACKET_COMPLETE, 0, 0));
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(r->port));

	KUNIT_EXPECT_EQ(test, zxp_ask(test, 0, 0, 4, false), -ESTALE);
	KUNIT_EXPECT_EQ(test, zxp_hint(test, 0, &end), -ESTALE);
	zxp_source_detach(r->source, true);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(r->port));
}

static void zxp_detach_without_a_word(struct kunit *test)
{
	struct zxp_requests *r = test->priv;

	zxp_ask(test, 0, 0, 4, false);
	zxp_source_detach(r->source, false);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), 0);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(r->port));
	zxp_source_detach(r->source, false);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(r->port));
}

static void zxp_detach_takes_complete_back(struct kunit *test)
{
	struct zxp_requests *r = test->priv;

	zxp_source_detach(r->source, true);
	KUNIT_EXPECT_TRUE(test, r->source->packet_busy);
	zxp_source_detach(r->source, false);
	KUNIT_EXPECT_FALSE(test, r->source->packet_busy);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(r->port));
}

/* A reader has the packet of a request that is detached: COMPLETE comes after. */
static void zxp_detach_while_a_packet_is_read(struct kunit *test)
{
	struct zxp_requests *r = test->priv;

	zxp_ask(test, 0, 0, 4, false);
	zxp_kunit_pick(r->source);
	zxp_source_detach(r->source, true);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), 0);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(r->port));
	zxp_kunit_taken(r->source, true);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_next_is(test, r->port,
						  ZXP_PACKET_COMPLETE, 0, 0));
}

/* Runs of two VMOs: nobody wakes before there are enough of them. */
static void zxp_runs_wake_together(struct kunit *test)
{
	struct zxp_requests *r = test->priv;
	struct zxp_source *other = zxp_kunit_source(test, r->port, 8);
	struct zxp_request request = {};
	struct zxp_run room[4];
	struct zxp_runs runs;

	KUNIT_ASSERT_NOT_NULL(test, other);
	KUNIT_ASSERT_EQ(test, 0, zxp_request_start(other, &request,
						   ZXP_REQUEST_READ, 0, 1, false,
						   zxp_source_generation(other)));
	zxp_ask(test, 0, 0, 1, false);
	zxp_ask(test, 1, 4, 6, false);

	zxp_runs_init(&runs, room, ARRAY_SIZE(room));
	zxp_runs_add(&runs, r->source, 0, 1);
	zxp_runs_add(&runs, other, 0, 1);
	KUNIT_EXPECT_EQ(test, runs.nr, 2U);
	KUNIT_EXPECT_EQ(test, zxp_kunit_refs(other), 3U);
	KUNIT_EXPECT_FALSE(test, zxp_woken(test, 0));
	KUNIT_EXPECT_FALSE(test, request.woken);
	/* Four pages are enough. */
	zxp_runs_add(&runs, r->source, 4, 6);
	KUNIT_EXPECT_EQ(test, runs.nr, 0U);
	KUNIT_EXPECT_EQ(test, zxp_kunit_refs(other), 1U);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), 0);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 1), 0);
	KUNIT_EXPECT_TRUE(test, request.woken);
	KUNIT_EXPECT_EQ(test, zxp_request_wait(other, &request, TASK_KILLABLE), 0);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(r->port));
}

/* Who supplies what nobody asks for goes on, until two rounds are without that. */
static void zxp_supply_ahead_of_requests(struct kunit *test)
{
	struct zxp_requests *r = test->priv;
	struct zxp_packet packet;
	struct zxp_runs runs;
	int round;

	zxp_runs_init(&runs, NULL, 0);
	KUNIT_EXPECT_TRUE(test, zxp_port_rests(r->port));
	zxp_runs_add(&runs, r->source, 8, 9);
	KUNIT_EXPECT_FALSE(test, zxp_port_rests(r->port));
	for (round = 0; round < 2; round++) {
		zxp_ask(test, 0, 0, 1, false);
		KUNIT_EXPECT_FALSE(test, zxp_port_rests(r->port));
		KUNIT_EXPECT_EQ(test, zxp_kunit_read(r->port, &packet, sizeof(packet)),
				(ssize_t)sizeof(packet));
		KUNIT_EXPECT_EQ(test, zxp_port_rests(r->port), round == 1);
		zxp_runs_add(&runs, r->source, 0, 1);
		KUNIT_EXPECT_EQ(test, zxp_port_rests(r->port), round == 1);
		KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), 0);
	}
}

static void zxp_runs_wake_in_the_end(struct kunit *test)
{
	struct zxp_requests *r = test->priv;
	struct zxp_run room[4];
	struct zxp_runs runs;

	zxp_ask(test, 0, 0, 3, false);
	zxp_runs_init(&runs, room, ARRAY_SIZE(room));
	zxp_runs_add(&runs, r->source, 0, 1);
	zxp_runs_add(&runs, r->source, 1, 3);
	KUNIT_EXPECT_FALSE(test, zxp_woken(test, 0));
	zxp_runs_resolve(&runs);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), 0);
	/* Again is nothing. */
	zxp_runs_resolve(&runs);
	/* Without room for any they wake at once. */
	zxp_ask(test, 0, 0, 1, false);
	zxp_runs_init(&runs, NULL, 0);
	zxp_runs_add(&runs, r->source, 0, 1);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), 0);
}

static struct kunit_case zxp_request_end_cases[] = {
	KUNIT_CASE(zxp_request_given_up_takes_its_packet_back),
	KUNIT_CASE(zxp_request_given_up_after_it_was_read),
	KUNIT_CASE(zxp_request_given_up_in_another),
	KUNIT_CASE(zxp_request_has_an_heir),
	KUNIT_CASE(zxp_request_heir_has_its_own_first_page),
	KUNIT_CASE(zxp_request_that_nobody_answers),
	KUNIT_CASE(zxp_request_of_several_has_heirs),
	KUNIT_CASE(zxp_request_is_answered_in_parts),
	KUNIT_CASE(zxp_hint_that_nobody_answers),
	KUNIT_CASE(zxp_request_waits_without_a_limit),
	KUNIT_CASE(zxp_request_is_watched),
	KUNIT_CASE(zxp_detach_wakes_everybody),
	KUNIT_CASE(zxp_detach_without_a_word),
	KUNIT_CASE(zxp_detach_takes_complete_back),
	KUNIT_CASE(zxp_detach_while_a_packet_is_read),
	KUNIT_CASE(zxp_runs_wake_together),
	KUNIT_CASE(zxp_runs_wake_in_the_end),
	KUNIT_CASE(zxp_supply_ahead_of_requests),
	{}
};

struct kunit_suite zxp_request_end_suite = {
	.name = "zxpager_request_end",
	.init = zxp_requests_init,
	.exit = zxp_requests_exit,
	.test_cases = zxp_request_end_cases,
};

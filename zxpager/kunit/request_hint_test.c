// SPDX-License-Identifier: GPL-2.0
/*
 * Hints, case by case: requests that nobody waits for, and those that their waiters
 * have left behind.
 */
#include "request_test.h"

/* As %ZXP_MAX_HINTS of waiter.c. */
#define ZXP_HINTS	64

static void zxp_hint_asks_without_waiting(struct kunit *test)
{
	struct zxp_requests *r = test->priv;
	pgoff_t end = 8;

	KUNIT_EXPECT_EQ(test, zxp_hint(test, 2, &end), 0);
	KUNIT_EXPECT_EQ(test, end, 8UL);
	KUNIT_EXPECT_EQ(test, r->source->nr_hints, 1U);
	KUNIT_EXPECT_EQ(test, zxp_kunit_waiting(r->source), 0U);
	KUNIT_EXPECT_TRUE(test, zxp_next_read_is(test, 2, 8));
	zxp_answer(test, 2, 8, 0);
	KUNIT_EXPECT_EQ(test, r->source->nr_hints, 0U);
	KUNIT_EXPECT_EQ(test, r->source->nr_requests, 0U);
}

static void zxp_hint_leaves_out_what_is_asked_for(struct kunit *test)
{
	struct zxp_requests *r = test->priv;
	pgoff_t end = 20;

	zxp_ask(test, 0, 2, 4, false);
	zxp_ask(test, 1, 4, 6, false);
	zxp_ask(test, 2, 10, 12, false);
	KUNIT_EXPECT_EQ(test, zxp_hint(test, 3, &end), 0);
	KUNIT_EXPECT_EQ(test, end, 10UL);
	KUNIT_EXPECT_EQ(test, r->source->nr_requests, 4U);
	/* All of it is asked for. */
	end = 10;
	KUNIT_EXPECT_EQ(test, zxp_hint(test, 2, &end), 0);
	KUNIT_EXPECT_EQ(test, end, 10UL);
	KUNIT_EXPECT_EQ(test, r->source->nr_requests, 4U);
	KUNIT_EXPECT_EQ(test, r->source->nr_hints, 1U);
	KUNIT_EXPECT_TRUE(test, zxp_next_read_is(test, 2, 4));
	KUNIT_EXPECT_TRUE(test, zxp_next_read_is(test, 4, 6));
	KUNIT_EXPECT_TRUE(test, zxp_next_read_is(test, 10, 12));
	KUNIT_EXPECT_TRUE(test, zxp_next_read_is(test, 6, 10));
}

static void zxp_hints_are_not_many(struct kunit *test)
{
	struct zxp_requests *r = test->priv;
	pgoff_t end;
	unsigned int i;

	for (i = 0; i < ZXP_HINTS; i++) {
		end = 2 * i + 1;
		KUNIT_ASSERT_EQ(test, zxp_hint(test, 2 * i, &end), 0);
	}
	end = 1000;
	KUNIT_EXPECT_EQ(test, zxp_hint(test, 999, &end), -EBUSY);
	KUNIT_EXPECT_EQ(test, r->source->nr_hints, (unsigned int)ZXP_HINTS);
	/* Who waits is not concerned, and one that is answered makes room. */
	KUNIT_EXPECT_EQ(test, zxp_ask(test, 0, 500, 501, false), 0);
	zxp_answer(test, 0, 1, 0);
	KUNIT_EXPECT_EQ(test, zxp_hint(test, 999, &end), 0);
}

/* A hint may be long, so who hangs on it wakes when it has its own pages. */
static void zxp_hint_keeps_nobody_waiting(struct kunit *test)
{
	struct zxp_requests *r = test->priv;
	pgoff_t end = 100;

	zxp_hint(test, 0, &end);
	zxp_ask(test, 0, 10, 12, false);
	zxp_ask(test, 1, 11, 20, true);
	KUNIT_EXPECT_EQ(test, r->source->nr_requests, 1U);
	zxp_answer(test, 10, 11, 0);
	KUNIT_EXPECT_FALSE(test, zxp_woken(test, 0));
	zxp_answer(test, 11, 12, 0);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), 0);
	KUNIT_EXPECT_FALSE(test, r->request[0].active);
	KUNIT_EXPECT_EQ(test, r->source->nr_hints, 1U);
	zxp_answer(test, 12, 20, -EIO);
	KUNIT_EXPECT_TRUE(test, zxp_woken(test, 1));
	zxp_answer(test, 0, 100, 0);
	KUNIT_EXPECT_EQ(test, r->source->nr_requests, 0U);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 1), 0);
}

static void zxp_fill_up_with_hints(struct kunit *test)
{
	unsigned int i;
	pgoff_t end;

	for (i = 0; i < ZXP_HINTS; i++) {
		end = 2 * i + 101;
		KUNIT_ASSERT_EQ(test, zxp_hint(test, 2 * i + 100, &end), 0);
	}
}

/* The waiter goes, and what it asked for stays asked. */
static void zxp_leave_hint(struct kunit *test, unsigned int nr)
{
	struct zxp_requests *r = test->priv;

	zxp_request_leave_hint(r->source, &r->request[nr]);
	KUNIT_EXPECT_FALSE(test, r->request[nr].active);
}

/* Where the packet of a request is when its waiter leaves. */
enum zxp_packet_place { IN_FIFO, IN_PORT, WITH_READER, WAS_READ };

struct zxp_packet_case {
	const char *name;
	enum zxp_packet_place place;
};

static const struct zxp_packet_case zxp_packet_cases[] = {
	{ "behind another packet", IN_FIFO },
	{ "in the port", IN_PORT },
	{ "with a reader", WITH_READER },
	{ "was read", WAS_READ },
};

static void zxp_packet_case_name(const struct zxp_packet_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(zxp_packet_case, zxp_packet_cases, zxp_packet_case_name);

static void zxp_put_packet(struct kunit *test, enum zxp_packet_place place)
{
	struct zxp_requests *r = test->priv;

	if (place == IN_FIFO)
		zxp_ask(test, 7, 50, 51, false);
	zxp_ask(test, 0, 2, 6, false);
	if (place == WITH_READER)
		zxp_kunit_pick(r->source);
	if (place == WAS_READ)
		KUNIT_EXPECT_TRUE(test, zxp_next_read_is(test, 2, 6));
}

/* The packet of [2, 6) can be read once, unless it was before. */
static void zxp_packet_is_seen_once(struct kunit *test,
				    enum zxp_packet_place place)
{
	struct zxp_requests *r = test->priv;

	if (place == IN_FIFO)
		KUNIT_EXPECT_TRUE(test, zxp_next_read_is(test, 50, 51));
	if (place == WITH_READER)
		zxp_kunit_returned(r->source);
	if (place != WAS_READ)
		KUNIT_EXPECT_TRUE(test, zxp_next_read_is(test, 2, 6));
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(r->port));
}

static void zxp_left_hint_keeps_its_packet(struct kunit *test)
{
	const struct zxp_packet_case *c = test->param_value;
	struct zxp_requests *r = test->priv;
	unsigned int others = c->place == IN_FIFO;

	zxp_put_packet(test, c->place);
	zxp_leave_hint(test, 0);
	KUNIT_EXPECT_EQ(test, r->source->nr_hints, 1U);
	KUNIT_EXPECT_EQ(test, r->source->nr_requests, 1 + others);
	KUNIT_EXPECT_EQ(test, zxp_kunit_waiting(r->source), others);
	zxp_packet_is_seen_once(test, c->place);

	/* Who asks for it now hangs on it. */
	zxp_ask(test, 1, 3, 5, false);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(r->port));
	zxp_answer(test, 2, 4, 0);
	KUNIT_EXPECT_EQ(test, r->source->nr_hints, 1U);
	KUNIT_EXPECT_FALSE(test, zxp_woken(test, 1));
	zxp_answer(test, 4, 6, 0);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 1), 0);
	KUNIT_EXPECT_EQ(test, r->source->nr_hints, 0U);
	KUNIT_EXPECT_EQ(test, r->source->nr_requests, others);
}

/* It is not to be seen any more when it is answered before it was read. */
static void zxp_left_hint_is_answered_unread(struct kunit *test)
{
	const struct zxp_packet_case *c = test->param_value;
	struct zxp_requests *r = test->priv;

	zxp_put_packet(test, c->place);
	zxp_leave_hint(test, 0);
	zxp_answer(test, 2, 6, 0);
	KUNIT_EXPECT_EQ(test, r->source->nr_hints, 0U);
	if (c->place == WITH_READER)
		zxp_kunit_returned(r->source);
	if (c->place == IN_FIFO)
		KUNIT_EXPECT_TRUE(test, zxp_next_read_is(test, 50, 51));
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(r->port));
}

static void zxp_left_hint_is_whom_others_wait_for(struct kunit *test)
{
	struct zxp_requests *r = test->priv;

	zxp_ask(test, 0, 0, 8, false);
	zxp_ask(test, 1, 2, 4, false);
	zxp_ask(test, 2, 4, 8, true);
	zxp_answer(test, 0, 1, 0);
	zxp_leave_hint(test, 0);
	KUNIT_EXPECT_EQ(test, zxp_kunit_waiting(r->source), 2U);
	KUNIT_EXPECT_EQ(test, r->source->nr_requests, 1U);
	KUNIT_ASSERT_NOT_NULL(test, r->request[1].primary);
	KUNIT_EXPECT_NULL(test, r->request[1].primary->task);
	KUNIT_EXPECT_EQ(test, r->request[1].primary->pending, 7UL);
	KUNIT_EXPECT_PTR_EQ(test, r->request[1].primary, r->request[2].primary);

	/* As with any hint, nobody waits for more than the own pages. */
	zxp_answer(test, 2, 4, -EIO);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 1), -EIO);
	KUNIT_EXPECT_FALSE(test, zxp_woken(test, 2));
	/* Giving up does not end it. */
	zxp_give_up(test, 2);
	KUNIT_EXPECT_EQ(test, r->source->nr_hints, 1U);
	KUNIT_EXPECT_TRUE(test, zxp_next_read_is(test, 0, 8));
	zxp_answer(test, 0, 8, 0);
	KUNIT_EXPECT_EQ(test, r->source->nr_requests, 0U);
}

/* Who hangs on another one needs to leave nothing: that one is asked for. */
static void zxp_left_hint_is_not_of_an_overlap(struct kunit *test)
{
	struct zxp_requests *r = test->priv;

	zxp_ask(test, 0, 0, 8, false);
	zxp_ask(test, 1, 2, 4, false);
	zxp_leave_hint(test, 1);
	KUNIT_EXPECT_EQ(test, r->source->nr_hints, 0U);
	KUNIT_EXPECT_EQ(test, r->source->nr_requests, 1U);
	KUNIT_EXPECT_EQ(test, zxp_kunit_waiting(r->source), 1U);
	KUNIT_EXPECT_TRUE(test, list_empty(&r->request[0].overlaps));
	KUNIT_EXPECT_TRUE(test, zxp_next_read_is(test, 0, 8));
	zxp_answer(test, 0, 8, 0);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), 0);
	KUNIT_EXPECT_FALSE(test, zxp_woken(test, 1));
}

/* Too many are there: the request ends, or goes to who hangs on it. */
static void zxp_left_hint_is_one_too_many(struct kunit *test)
{
	struct zxp_requests *r = test->priv;

	zxp_ask(test, 0, 0, 4, false);
	zxp_ask(test, 1, 8, 12, false);
	zxp_ask(test, 2, 9, 12, false);
	zxp_fill_up_with_hints(test);
	zxp_leave_hint(test, 0);
	zxp_leave_hint(test, 1);
	KUNIT_EXPECT_EQ(test, r->source->nr_hints, (unsigned int)ZXP_HINTS);
	KUNIT_EXPECT_EQ(test, r->source->nr_requests, 1U + ZXP_HINTS);
	KUNIT_EXPECT_EQ(test, zxp_kunit_waiting(r->source), 1U);
	KUNIT_EXPECT_TRUE(test, r->request[2].active);
	KUNIT_EXPECT_TRUE(test, zxp_next_read_is(test, 8, 12));

	/* One that is answered makes room. */
	zxp_answer(test, 100, 101, 0);
	zxp_leave_hint(test, 2);
	KUNIT_EXPECT_EQ(test, r->source->nr_hints, (unsigned int)ZXP_HINTS);
	KUNIT_EXPECT_EQ(test, zxp_kunit_waiting(r->source), 0U);
}

/* It was answered before its waiter had left: nothing remains to be asked. */
static void zxp_left_hint_of_what_is_resolved(struct kunit *test)
{
	struct zxp_requests *r = test->priv;

	zxp_ask(test, 0, 0, 4, false);
	zxp_answer(test, 0, 4, 0);
	zxp_leave_hint(test, 0);
	KUNIT_EXPECT_EQ(test, r->source->nr_hints, 0U);
	KUNIT_EXPECT_EQ(test, r->source->nr_requests, 0U);
	KUNIT_EXPECT_EQ(test, zxp_kunit_waiting(r->source), 0U);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(r->port));
}

static void zxp_left_hint_and_a_detach(struct kunit *test)
{
	struct zxp_requests *r = test->priv;

	zxp_ask(test, 0, 0, 4, false);
	zxp_ask(test, 1, 2, 4, false);
	zxp_ask(test, 2, 8, 9, false);
	zxp_leave_hint(test, 0);
	zxp_source_detach(r->source, true);
	KUNIT_EXPECT_EQ(test, r->source->nr_hints, 0U);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 1), 0);
	/* Its request has ended with all the others. */
	zxp_leave_hint(test, 2);
	KUNIT_EXPECT_EQ(test, r->source->nr_hints, 0U);
	KUNIT_EXPECT_EQ(test, r->source->nr_requests, 0U);
	KUNIT_EXPECT_EQ(test, zxp_kunit_waiting(r->source), 0U);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_next_is(test, r->port,
						  ZXP_PACKET_COMPLETE, 0, 0));
}

/* A detached source keeps nothing that nobody waits for. */
static void zxp_hints_of_a_detached_source(struct kunit *test)
{
	struct zxp_requests *r = test->priv;
	unsigned long before;
	pgoff_t end = 24;

	KUNIT_EXPECT_EQ(test, zxp_hint(test, 20, &end), 0);
	before = zxp_source_generation(r->source);
	zxp_source_detach(r->source, false);
	KUNIT_EXPECT_EQ(test, r->source->nr_hints, 0U);
	KUNIT_EXPECT_EQ(test, r->source->nr_requests, 0U);

	KUNIT_EXPECT_EQ(test, zxp_hint(test, 20, &end), -ESTALE);
	KUNIT_EXPECT_EQ(test, -EAGAIN,
			zxp_request_hint(r->source, ZXP_REQUEST_DIRTY, 20, &end,
					 before));
	KUNIT_EXPECT_EQ(test, r->source->nr_hints, 0U);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(r->port));
}

static struct kunit_case zxp_request_hint_cases[] = {
	KUNIT_CASE(zxp_hint_asks_without_waiting),
	KUNIT_CASE(zxp_hint_leaves_out_what_is_asked_for),
	KUNIT_CASE(zxp_hints_are_not_many),
	KUNIT_CASE(zxp_hint_keeps_nobody_waiting),
	KUNIT_CASE_PARAM(zxp_left_hint_keeps_its_packet,
			 zxp_packet_case_gen_params),
	KUNIT_CASE_PARAM(zxp_left_hint_is_answered_unread,
			 zxp_packet_case_gen_params),
	KUNIT_CASE(zxp_left_hint_is_whom_others_wait_for),
	KUNIT_CASE(zxp_left_hint_is_not_of_an_overlap),
	KUNIT_CASE(zxp_left_hint_is_one_too_many),
	KUNIT_CASE(zxp_left_hint_of_what_is_resolved),
	KUNIT_CASE(zxp_left_hint_and_a_detach),
	KUNIT_CASE(zxp_hints_of_a_detached_source),
	{}
};

struct kunit_suite zxp_request_hint_suite = {
	.name = "zxpager_request_hint",
	.init = zxp_requests_init,
	.exit = zxp_requests_exit,
	.test_cases = zxp_request_hint_cases,
};

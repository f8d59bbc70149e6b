// SPDX-License-Identifier: GPL-2.0
/*
 * Requests, case by case: asking, overlapping, being resolved. How they are
 * waited for is in request_wait_test.c, how they end otherwise in request_end_test.c;
 * hints are in request_hint_test.c, random ones in request_random.c.
 */
#include "request_test.h"

int zxp_requests_init(struct kunit *test)
{
	struct zxp_requests *r;

	r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);
	if (!r)
		return -ENOMEM;
	r->port = zxp_kunit_port(test);
	r->source = zxp_kunit_source(test, r->port, 7);
	test->priv = r;
	return 0;
}

/* What a failed case has left goes, so that nobody writes to it. */
void zxp_requests_exit(struct kunit *test)
{
	struct zxp_requests *r = test->priv;
	unsigned int i;

	for (i = 0; r && i < ZXP_REQUESTS; i++)
		zxp_request_end(r->source, &r->request[i]);
}

static void zxp_request_sends_a_packet(struct kunit *test)
{
	struct zxp_requests *r = test->priv;

	KUNIT_ASSERT_EQ(test, zxp_ask(test, 0, 3, 5, false), 0);
	KUNIT_EXPECT_EQ(test, r->source->nr_requests, 1U);
	KUNIT_EXPECT_EQ(test, zxp_kunit_waiting(r->source), 1U);
	KUNIT_EXPECT_TRUE(test, zxp_next_read_is(test, 3, 5));
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(r->port));

	zxp_answer(test, 3, 5, 0);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), 0);
	KUNIT_EXPECT_FALSE(test, r->request[0].active);
	KUNIT_EXPECT_EQ(test, r->source->nr_requests, 0U);
	KUNIT_EXPECT_EQ(test, zxp_kunit_waiting(r->source), 0U);
	KUNIT_EXPECT_EQ(test, r->source->read_packets, 1ULL);
	KUNIT_EXPECT_EQ(test, r->source->read_pages, 2ULL);
}

static void zxp_request_resolved_before_it_is_read(struct kunit *test)
{
	struct zxp_requests *r = test->priv;

	zxp_ask(test, 0, 3, 5, false);
	zxp_answer(test, 0, 8, 0);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(r->port));
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), 0);
	KUNIT_EXPECT_EQ(test, r->source->read_packets, 0ULL);
}

static void zxp_request_in_another_sends_nothing(struct kunit *test)
{
	struct zxp_requests *r = test->priv;

	zxp_ask(test, 0, 0, 8, false);
	zxp_ask(test, 1, 4, 12, false);
	zxp_ask(test, 2, 0, 1, false);
	KUNIT_EXPECT_EQ(test, r->source->nr_requests, 1U);
	KUNIT_EXPECT_EQ(test, r->request[1].end, 8UL);
	KUNIT_EXPECT_PTR_EQ(test, r->request[1].primary, &r->request[0]);
	KUNIT_EXPECT_TRUE(test, zxp_next_read_is(test, 0, 8));
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(r->port));

	/* All wake with the first, though the last one had its page before. */
	zxp_answer(test, 0, 4, 0);
	KUNIT_EXPECT_FALSE(test, zxp_woken(test, 2));
	zxp_answer(test, 4, 8, 0);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), 0);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 1), 0);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 2), 0);
}

static void zxp_request_is_cut_at_the_next(struct kunit *test)
{
	struct zxp_requests *r = test->priv;

	zxp_ask(test, 0, 4, 6, false);
	zxp_ask(test, 1, 2, 9, false);
	KUNIT_EXPECT_EQ(test, r->request[1].end, 4UL);
	KUNIT_EXPECT_EQ(test, r->source->nr_requests, 2U);
	KUNIT_EXPECT_TRUE(test, zxp_next_read_is(test, 4, 6));
	KUNIT_EXPECT_TRUE(test, zxp_next_read_is(test, 2, 4));
	zxp_answer(test, 2, 4, 0);
	KUNIT_EXPECT_FALSE(test, zxp_woken(test, 0));
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 1), 0);
	zxp_answer(test, 4, 6, 0);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), 0);
}

static void zxp_request_that_only_touches_is_not_cut(struct kunit *test)
{
	struct zxp_requests *r = test->priv;

	zxp_ask(test, 0, 4, 6, false);
	zxp_ask(test, 1, 2, 4, false);
	zxp_ask(test, 2, 6, 8, false);
	KUNIT_EXPECT_EQ(test, r->source->nr_requests, 3U);
	KUNIT_EXPECT_EQ(test, r->request[1].pending, 2UL);
	KUNIT_EXPECT_EQ(test, r->request[2].pending, 2UL);
	zxp_answer(test, 0, 9, 0);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), 0);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 1), 0);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 2), 0);
}

static void zxp_request_types_do_not_meet(struct kunit *test)
{
	struct zxp_requests *r = test->priv;
	struct zxp_request *dirty = &r->request[1];

	zxp_ask(test, 0, 2, 4, false);
	KUNIT_ASSERT_EQ(test, 0,
			zxp_request_start(r->source, dirty, ZXP_REQUEST_DIRTY, 2,
					  4, false,
					  zxp_source_generation(r->source)));
	KUNIT_EXPECT_TRUE(test, zxp_next_read_is(test, 2, 4));
	KUNIT_EXPECT_TRUE(test, zxp_kunit_next_is(test, r->port,
						  ZXP_PACKET_DIRTY, 2, 4));
	zxp_answer(test, 2, 4, 0);
	KUNIT_EXPECT_TRUE(test, zxp_woken(test, 0));
	KUNIT_EXPECT_FALSE(test, dirty->woken);
	zxp_source_resolve(r->source, ZXP_REQUEST_DIRTY, 2, 4);
	KUNIT_EXPECT_TRUE(test, dirty->woken);
	zxp_request_end(r->source, dirty);
	KUNIT_EXPECT_EQ(test, r->source->dirty_packets, 1ULL);
}

static void zxp_request_of_an_old_look_is_refused(struct kunit *test)
{
	struct zxp_requests *r = test->priv;
	unsigned long before = zxp_source_generation(r->source);
	pgoff_t end = 4;

	zxp_answer(test, 50, 51, 0);
	KUNIT_EXPECT_EQ(test, -EAGAIN,
			zxp_request_start(r->source, &r->request[0],
					  ZXP_REQUEST_READ, 2, 4, false, before));
	KUNIT_EXPECT_EQ(test, -EAGAIN,
			zxp_request_hint(r->source, ZXP_REQUEST_READ, 2, &end,
					 before));
	KUNIT_EXPECT_EQ(test, zxp_kunit_waiting(r->source), 0U);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(r->port));
}

/* The pieces of [10, 14) in some order, none of which is all of it. */
static const pgoff_t zxp_pieces[][4][2] = {
	{ { 10, 11 }, { 11, 12 }, { 12, 13 }, { 13, 14 } },
	{ { 13, 20 }, { 12, 13 }, { 11, 12 }, { 0, 11 } },
	{ { 12, 14 }, { 14, 30 }, { 0, 10 }, { 10, 12 } },
	{ { 0, 12 }, { 40, 41 }, { 12, 13 }, { 13, 40 } },
};

static void zxp_request_in_pieces(struct kunit *test)
{
	struct zxp_requests *r = test->priv;
	unsigned int i, piece;

	for (i = 0; i < ARRAY_SIZE(zxp_pieces); i++) {
		zxp_ask(test, 0, 10, 14, false);
		KUNIT_EXPECT_TRUE(test, zxp_next_read_is(test, 10, 14));
		for (piece = 0; piece < 4; piece++) {
			KUNIT_EXPECT_FALSE(test, zxp_woken(test, 0));
			zxp_answer(test, zxp_pieces[i][piece][0],
				   zxp_pieces[i][piece][1], 0);
		}
		KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), 0);
		KUNIT_EXPECT_EQ(test, r->source->nr_requests, 0U);
	}
}

/* The known imprecision: only the length counts, so a repetition counts twice. */
static void zxp_request_wakes_too_soon_for_a_repetition(struct kunit *test)
{
	zxp_ask(test, 0, 0, 4, false);
	zxp_answer(test, 0, 2, 0);
	zxp_answer(test, 0, 2, 0);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), 0);
}

static void zxp_request_early_wakes_for_its_next_page(struct kunit *test)
{
	struct zxp_requests *r = test->priv;
	struct zxp_request *request = &r->request[0];
	unsigned long now;

	zxp_ask(test, 0, 0, 8, true);
	zxp_answer(test, 4, 5, 0);
	KUNIT_EXPECT_FALSE(test, zxp_woken(test, 0));
	zxp_answer(test, 0, 2, 0);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), 0);
	KUNIT_EXPECT_TRUE(test, request->active);
	KUNIT_EXPECT_EQ(test, request->wake, 2UL);

	/* It has taken two, and waits on for the third. */
	now = zxp_source_generation(r->source);
	KUNIT_EXPECT_EQ(test, 0, zxp_request_continue(r->source, request, 2, now));
	KUNIT_EXPECT_FALSE(test, zxp_woken(test, 0));
	zxp_answer(test, 3, 4, 0);
	KUNIT_EXPECT_FALSE(test, zxp_woken(test, 0));
	zxp_answer(test, 2, 3, 0);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), 0);
	KUNIT_EXPECT_TRUE(test, request->active);
	/* The rest is the end of it. */
	now = zxp_source_generation(r->source);
	KUNIT_EXPECT_EQ(test, 0, zxp_request_continue(r->source, request, 5, now));
	zxp_answer(test, 5, 8, 0);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), 0);
	KUNIT_EXPECT_FALSE(test, request->active);
}

static void zxp_request_early_in_another(struct kunit *test)
{
	struct zxp_requests *r = test->priv;

	zxp_ask(test, 0, 0, 8, true);
	zxp_ask(test, 1, 1, 8, true);
	zxp_ask(test, 2, 1, 8, false);
	zxp_ask(test, 3, 4, 8, true);
	/* Who takes pages as they come takes them with the first. */
	zxp_answer(test, 0, 3, 0);
	KUNIT_EXPECT_TRUE(test, zxp_woken(test, 0));
	KUNIT_EXPECT_TRUE(test, zxp_woken(test, 1));
	KUNIT_EXPECT_EQ(test, r->request[1].wake, 3UL);
	KUNIT_EXPECT_FALSE(test, zxp_woken(test, 2));
	KUNIT_EXPECT_FALSE(test, zxp_woken(test, 3));
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), 0);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 1), 0);
	zxp_answer(test, 3, 8, 0);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 2), 0);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 3), 0);
}

static void zxp_request_goes_on_or_not(struct kunit *test)
{
	struct zxp_requests *r = test->priv;
	struct zxp_request *request = &r->request[0];
	struct zxp_source *source = r->source;
	unsigned long now;

	zxp_ask(test, 0, 2, 8, true);
	zxp_answer(test, 2, 3, 0);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), 0);
	now = zxp_source_generation(source);
	/* Something came since it looked. */
	KUNIT_EXPECT_EQ(test, -EAGAIN,
			zxp_request_continue(source, request, 3, now - 1));
	KUNIT_EXPECT_TRUE(test, request->active);
	/* It needs a page that it did not ask for. */
	KUNIT_EXPECT_EQ(test, -ENOENT,
			zxp_request_continue(source, request, 8, now));
	KUNIT_EXPECT_FALSE(test, request->active);
	KUNIT_EXPECT_EQ(test, -ENOENT,
			zxp_request_continue(source, request, 3, now));
	KUNIT_EXPECT_EQ(test, zxp_kunit_waiting(source), 0U);

	zxp_ask(test, 0, 2, 8, true);
	zxp_answer(test, 2, 3, 0);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), 0);
	KUNIT_EXPECT_EQ(test, -ENOENT,
			zxp_request_continue(source, request, 1,
					     zxp_source_generation(source)));

	/* The daemon failed the next page while it was copying. */
	zxp_ask(test, 0, 2, 8, true);
	zxp_answer(test, 2, 3, 0);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), 0);
	zxp_answer(test, 3, 4, -EIO);
	KUNIT_EXPECT_EQ(test, -EIO,
			zxp_request_continue(source, request, 3,
					     zxp_source_generation(source)));
}

static void zxp_request_error_counts_for_the_first_page(struct kunit *test)
{
	struct zxp_requests *r = test->priv;

	/* Of all of it. */
	zxp_ask(test, 0, 2, 6, false);
	zxp_answer(test, 0, 8, -EIO);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), -EIO);

	/* Of the first page, and the others come. */
	zxp_ask(test, 0, 2, 6, false);
	zxp_answer(test, 2, 3, -ENOSPC);
	zxp_answer(test, 3, 6, 0);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), -ENOSPC);

	/* Of another page: it looks again, and asks for that one. */
	zxp_ask(test, 0, 2, 6, false);
	zxp_answer(test, 2, 5, 0);
	zxp_answer(test, 5, 6, -EIO);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), 0);

	/* Of the next page of one that takes pages as they come. */
	zxp_ask(test, 0, 2, 6, true);
	zxp_answer(test, 2, 4, 0);
	zxp_answer(test, 4, 5, -EIO);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), -EIO);
	KUNIT_EXPECT_FALSE(test, r->request[0].active);

	/* The first word counts. */
	zxp_ask(test, 0, 2, 6, false);
	zxp_answer(test, 2, 3, -EIO);
	zxp_answer(test, 2, 5, -ENOSPC);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), -EIO);
}

static void zxp_request_error_of_another(struct kunit *test)
{
	zxp_ask(test, 0, 2, 6, false);
	zxp_ask(test, 1, 4, 6, false);
	zxp_answer(test, 2, 4, -EIO);
	zxp_answer(test, 4, 6, 0);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), -EIO);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 1), 0);

	zxp_ask(test, 0, 2, 6, false);
	zxp_ask(test, 1, 4, 6, false);
	zxp_answer(test, 4, 6, -EIO);
	zxp_answer(test, 2, 4, 0);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), 0);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 1), -EIO);
}

static void zxp_request_packets_come_in_order(struct kunit *test)
{
	struct zxp_requests *r = test->priv;
	unsigned int i;

	for (i = 0; i < ZXP_REQUESTS; i++)
		zxp_ask(test, i, 20 - 2 * i, 21 - 2 * i, false);
	/* One of them goes meanwhile, and one that was sent already. */
	zxp_answer(test, 20 - 2 * 3, 21 - 2 * 3, 0);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 3), 0);
	zxp_answer(test, 20, 21, 0);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), 0);
	for (i = 1; i < ZXP_REQUESTS; i++)
		if (i != 3)
			KUNIT_EXPECT_TRUE(test,
					  zxp_next_read_is(test, 20 - 2 * i,
							   21 - 2 * i));
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(r->port));
	zxp_answer(test, 0, 30, 0);
	for (i = 1; i < ZXP_REQUESTS; i++)
		if (i != 3)
			KUNIT_EXPECT_EQ(test, zxp_leave(test, i), 0);
}

static struct kunit_case zxp_request_cases[] = {
	KUNIT_CASE(zxp_request_sends_a_packet),
	KUNIT_CASE(zxp_request_resolved_before_it_is_read),
	KUNIT_CASE(zxp_request_in_another_sends_nothing),
	KUNIT_CASE(zxp_request_is_cut_at_the_next),
	KUNIT_CASE(zxp_request_that_only_touches_is_not_cut),
	KUNIT_CASE(zxp_request_types_do_not_meet),
	KUNIT_CASE(zxp_request_of_an_old_look_is_refused),
	KUNIT_CASE(zxp_request_in_pieces),
	KUNIT_CASE(zxp_request_wakes_too_soon_for_a_repetition),
	KUNIT_CASE(zxp_request_early_wakes_for_its_next_page),
	KUNIT_CASE(zxp_request_early_in_another),
	KUNIT_CASE(zxp_request_goes_on_or_not),
	KUNIT_CASE(zxp_request_error_counts_for_the_first_page),
	KUNIT_CASE(zxp_request_error_of_another),
	KUNIT_CASE(zxp_request_packets_come_in_order),
	{}
};

struct kunit_suite zxp_request_suite = {
	.name = "zxpager_request",
	.init = zxp_requests_init,
	.exit = zxp_requests_exit,
	.test_cases = zxp_request_cases,
};

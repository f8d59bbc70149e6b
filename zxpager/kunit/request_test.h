/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the suites of requests share. Most cases ask for several ranges in the
 * name of one task, their own, and wait only for what is there already.
 */
#ifndef _ZXPAGER_KUNIT_REQUEST_TEST_H
#define _ZXPAGER_KUNIT_REQUEST_TEST_H

#include "kunit.h"

#define ZXP_REQUESTS	8

/**
 * struct zxp_requests - a source and some requests of it
 * @port: its port
 * @source: the source
 * @request: requests
 */
struct zxp_requests {
	struct zxp_port *port;
	struct zxp_source *source;
	struct zxp_request request[ZXP_REQUESTS];
};

int zxp_requests_init(struct kunit *test);
void zxp_requests_exit(struct kunit *test);

/* Ask with the generation of now. */
static inline int zxp_ask(struct kunit *test, unsigned int nr, pgoff_t start,
			  pgoff_t end, bool early)
{
	struct zxp_requests *r = test->priv;

	return zxp_request_start(r->source, &r->request[nr], ZXP_REQUEST_READ,
				 start, end, early,
				 zxp_source_generation(r->source));
}

/* Ask for what nobody waits for. */
static inline int zxp_hint(struct kunit *test, pgoff_t start, pgoff_t *end)
{
	struct zxp_requests *r = test->priv;

	return zxp_request_hint(r->source, ZXP_REQUEST_READ, start, end,
				zxp_source_generation(r->source));
}

/* The daemon deals with some pages. */
static inline void zxp_answer(struct kunit *test, pgoff_t start, pgoff_t end,
			      int error)
{
	struct zxp_requests *r = test->priv;

	if (error)
		zxp_source_fail(r->source, ZXP_REQUEST_READ, start, end, error, 0);
	else
		zxp_source_resolve(r->source, ZXP_REQUEST_READ, start, end);
}

/* Leave a wait that is over. */
static inline int zxp_leave(struct kunit *test, unsigned int nr)
{
	struct zxp_requests *r = test->priv;

	KUNIT_ASSERT_TRUE(test, READ_ONCE(r->request[nr].woken));
	return zxp_request_wait(r->source, &r->request[nr], TASK_KILLABLE);
}

static inline void zxp_give_up(struct kunit *test, unsigned int nr)
{
	struct zxp_requests *r = test->priv;

	zxp_request_end(r->source, &r->request[nr]);
}

static inline bool zxp_woken(struct kunit *test, unsigned int nr)
{
	struct zxp_requests *r = test->priv;

	return r->request[nr].woken;
}

static inline bool zxp_next_read_is(struct kunit *test, pgoff_t start, pgoff_t end)
{
	struct zxp_requests *r = test->priv;

	return zxp_kunit_next_is(test, r->port, ZXP_PACKET_READ, start, end);
}

#endif /* _ZXPAGER_KUNIT_REQUEST_TEST_H */

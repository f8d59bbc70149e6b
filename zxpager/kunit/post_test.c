// SPDX-License-Identifier: GPL-2.0
/*
 * Packets that are queued by hand, case by case.
 */
#include "kunit.h"

/**
 * struct zxp_post_fixture - a port, and a source that sends to it, too
 * @port: the port
 * @source: the source
 * @packet: what was read
 */
struct zxp_post_fixture {
	struct zxp_port *port;
	struct zxp_source *source;
	struct zxp_packet packet;
};

static int zxp_post_test_init(struct kunit *test)
{
	struct zxp_post_fixture *f;

	f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	if (!f)
		return -ENOMEM;
	f->port = zxp_kunit_port(test);
	f->source = zxp_kunit_source(test, f->port, 7);
	test->priv = f;
	return 0;
}

static int zxp_post(struct kunit *test, u64 key, u64 source, u64 mark)
{
	struct zxp_post_fixture *f = test->priv;
	struct zxp_port_queue args = {
		.size = sizeof(args),
		.source = source,
		.packet = {
			.key = key,
			.type = ZXP_PKT_TYPE_USER,
			.status = -5,
			.command = 3,
			.flags = 4,
			.reserved0 = 5,
			.offset = mark,
			.length = 7,
			.reserved1 = 8,
		},
	};

	return zxp_port_post(f->port, &args);
}

static int zxp_unpost(struct kunit *test, u64 key, u32 flags, u64 source)
{
	struct zxp_post_fixture *f = test->priv;
	struct zxp_port_cancel args = {
		.size = sizeof(args),
		.flags = flags,
		.key = key,
		.source = source,
	};

	return zxp_port_cancel(f->port, &args);
}

/* What a VMO has to say. */
static void zxp_speak(struct kunit *test, pgoff_t start)
{
	struct zxp_post_fixture *f = test->priv;
	pgoff_t end = start + 1;

	KUNIT_ASSERT_EQ(test, 0,
			zxp_request_hint(f->source, ZXP_REQUEST_READ, start, &end,
					 zxp_source_generation(f->source)));
}

/* The mark of the next packet; -1 if there is none. */
static long zxp_next_mark(struct kunit *test)
{
	struct zxp_post_fixture *f = test->priv;

	if (zxp_kunit_read(f->port, &f->packet, sizeof(f->packet)) < 0)
		return -1;
	return f->packet.offset;
}

static void zxp_post_comes_back_as_it_is(struct kunit *test)
{
	struct zxp_post_fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, zxp_post(test, 9, 0, 42), 0);
	KUNIT_EXPECT_EQ(test, zxp_next_mark(test), 42L);
	KUNIT_EXPECT_EQ(test, f->packet.key, 9ULL);
	KUNIT_EXPECT_EQ(test, f->packet.type, 0U);
	KUNIT_EXPECT_EQ(test, f->packet.status, -5);
	KUNIT_EXPECT_EQ(test, f->packet.command, (u16)3);
	KUNIT_EXPECT_EQ(test, f->packet.flags, (u16)4);
	KUNIT_EXPECT_EQ(test, f->packet.reserved0, 5U);
	KUNIT_EXPECT_EQ(test, f->packet.length, 7ULL);
	KUNIT_EXPECT_EQ(test, f->packet.reserved1, 8ULL);
	KUNIT_EXPECT_EQ(test, f->port->nr_posted, 0U);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(f->port));
}

static void zxp_post_is_in_order(struct kunit *test)
{
	zxp_post(test, 1, 0, 100);
	zxp_speak(test, 2);
	zxp_post(test, 1, 0, 101);
	KUNIT_EXPECT_EQ(test, zxp_next_mark(test), 100L);
	KUNIT_EXPECT_EQ(test, zxp_next_mark(test), 2L << PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, zxp_next_mark(test), 101L);
	KUNIT_EXPECT_EQ(test, zxp_next_mark(test), -1L);
}

static void zxp_post_is_refused(struct kunit *test)
{
	struct zxp_post_fixture *f = test->priv;
	struct zxp_port_queue args = { .size = sizeof(args), .flags = 1 };

	KUNIT_EXPECT_EQ(test, zxp_port_post(f->port, &args), -EINVAL);
	args.flags = 0;
	args.packet.type = ZXP_PKT_TYPE_PAGE_REQUEST;
	KUNIT_EXPECT_EQ(test, zxp_port_post(f->port, &args), -EINVAL);
	KUNIT_EXPECT_EQ(test, zxp_unpost(test, 0, 2, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, zxp_unpost(test, 0, 0, 1), -EINVAL);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(f->port));
}

static void zxp_post_keeps_what_could_not_be_copied(struct kunit *test)
{
	struct zxp_post_fixture *f = test->priv;

	zxp_post(test, 1, 0, 100);
	zxp_post(test, 1, 0, 101);
	KUNIT_EXPECT_EQ(test, zxp_kunit_read_nowhere(f->port), (ssize_t)-EFAULT);
	KUNIT_EXPECT_EQ(test, f->port->nr_posted, 2U);
	KUNIT_EXPECT_EQ(test, zxp_next_mark(test), 100L);
	KUNIT_EXPECT_EQ(test, zxp_next_mark(test), 101L);
}

static void zxp_post_is_taken_back_by_key(struct kunit *test)
{
	zxp_post(test, 1, 5, 100);
	zxp_post(test, 7, 5, 101);
	zxp_post(test, 1, 6, 102);
	/* That of a VMO with the same key stays. */
	zxp_speak(test, 2);
	KUNIT_EXPECT_EQ(test, zxp_unpost(test, 2, 0, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, zxp_unpost(test, 1, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, zxp_unpost(test, 1, 0, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, zxp_unpost(test, 7, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, zxp_next_mark(test), 2L << PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, zxp_next_mark(test), -1L);
}

static void zxp_post_is_taken_back_by_source(struct kunit *test)
{
	zxp_post(test, 1, 5, 100);
	zxp_post(test, 1, 0, 101);
	zxp_post(test, 1, 5, 102);
	KUNIT_EXPECT_EQ(test, zxp_unpost(test, 1, ZXP_CANCEL_SOURCE, 6), -ENOENT);
	KUNIT_EXPECT_EQ(test, zxp_unpost(test, 1, ZXP_CANCEL_SOURCE, 5), 0);
	KUNIT_EXPECT_EQ(test, zxp_next_mark(test), 101L);
	KUNIT_EXPECT_EQ(test, zxp_next_mark(test), -1L);
}

/* A reader has it, but may have to give it back: too late, and not lost either. */
static void zxp_post_is_not_taken_from_a_reader(struct kunit *test)
{
	struct zxp_post_fixture *f = test->priv;
	struct zxp_port_packet *picked;

	zxp_post(test, 1, 0, 100);
	zxp_post(test, 1, 0, 101);
	picked = list_first_entry(&f->port->queue, struct zxp_port_packet, link);
	list_del_init(&picked->link);
	KUNIT_EXPECT_EQ(test, zxp_unpost(test, 1, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, zxp_unpost(test, 1, 0, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, f->port->nr_posted, 1U);
	KUNIT_EXPECT_TRUE(test, list_is_singular(&f->port->posted));
	zxp_port_requeue(f->port, picked);
	KUNIT_EXPECT_EQ(test, zxp_next_mark(test), 100L);
	KUNIT_EXPECT_EQ(test, zxp_next_mark(test), -1L);
	KUNIT_EXPECT_TRUE(test, list_empty(&f->port->posted));
}

static void zxp_post_has_an_end(struct kunit *test)
{
	struct zxp_post_fixture *f = test->priv;
	unsigned int i;

	for (i = 0; i < ZXP_PORT_QUEUE_MAX; i++)
		KUNIT_ASSERT_EQ(test, zxp_post(test, 1, 0, i), 0);
	KUNIT_EXPECT_EQ(test, zxp_post(test, 1, 0, i), -EAGAIN);
	/* VMOs are not concerned, and one that is read makes room. */
	zxp_speak(test, 2);
	KUNIT_EXPECT_EQ(test, zxp_next_mark(test), 0L);
	KUNIT_EXPECT_EQ(test, zxp_post(test, 1, 0, i), 0);
	KUNIT_EXPECT_EQ(test, zxp_post(test, 1, 0, i), -EAGAIN);
	/* What is left goes with the port. */
	zxp_port_close(f->port);
	KUNIT_EXPECT_EQ(test, f->port->nr_posted, 0U);
	KUNIT_EXPECT_TRUE(test, list_empty(&f->port->queue));
	KUNIT_EXPECT_TRUE(test, list_empty(&f->port->posted));
}

static struct kunit_case zxp_post_cases[] = {
	KUNIT_CASE(zxp_post_comes_back_as_it_is),
	KUNIT_CASE(zxp_post_is_in_order),
	KUNIT_CASE(zxp_post_is_refused),
	KUNIT_CASE(zxp_post_keeps_what_could_not_be_copied),
	KUNIT_CASE(zxp_post_is_taken_back_by_key),
	KUNIT_CASE(zxp_post_is_taken_back_by_source),
	KUNIT_CASE(zxp_post_is_not_taken_from_a_reader),
	KUNIT_CASE(zxp_post_has_an_end),
	{}
};

struct kunit_suite zxp_post_suite = {
	.name = "zxpager_post",
	.init = zxp_post_test_init,
	.test_cases = zxp_post_cases,
};

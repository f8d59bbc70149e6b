// SPDX-License-Identifier: GPL-2.0
/*
 * The packet queue of a port, case by case: order, buffers, copies that fail, and the
 * end of the port. Hints stand for what sources have to say.
 */
#include <linux/poll.h>
#include <linux/uio.h>

#include "kunit.h"

#define ZXP_SOURCES	3

/**
 * struct zxp_port_fixture - a port and who sends to it
 * @port: the port
 * @source: sources; their keys are 100, 101 and so on
 * @packet: what was read
 */
struct zxp_port_fixture {
	struct zxp_port *port;
	struct zxp_source *source[ZXP_SOURCES];
	struct zxp_packet packet[8];
};

static int zxp_port_test_init(struct kunit *test)
{
	struct zxp_port_fixture *f;
	unsigned int i;

	f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	if (!f)
		return -ENOMEM;
	f->port = zxp_kunit_port(test);
	for (i = 0; i < ZXP_SOURCES; i++)
		f->source[i] = zxp_kunit_source(test, f->port, 100 + i);
	test->priv = f;
	return 0;
}

/* Have a source say something. */
static void zxp_send(struct kunit *test, unsigned int nr,
		     enum zxp_request_type type, pgoff_t start, pgoff_t end)
{
	struct zxp_port_fixture *f = test->priv;
	pgoff_t to = end;

	KUNIT_ASSERT_EQ(test, 0,
			zxp_request_hint(f->source[nr], type, start, &to,
					 zxp_source_generation(f->source[nr])));
	KUNIT_ASSERT_EQ(test, to, end);
}

static ssize_t zxp_read_bytes(struct kunit *test, size_t bytes)
{
	struct zxp_port_fixture *f = test->priv;

	memset(f->packet, 0xff, sizeof(f->packet));
	return zxp_kunit_read(f->port, f->packet, bytes);
}

static void zxp_port_is_first_in_first_out(struct kunit *test)
{
	struct zxp_port_fixture *f = test->priv;

	zxp_send(test, 2, ZXP_REQUEST_READ, 4, 6);
	zxp_send(test, 0, ZXP_REQUEST_DIRTY, 0, 1);
	/* The second word of a source comes when its first was read. */
	zxp_send(test, 2, ZXP_REQUEST_READ, 8, 9);
	zxp_send(test, 1, ZXP_REQUEST_READ, 1, 2);
	KUNIT_ASSERT_EQ(test, zxp_read_bytes(test, sizeof(f->packet)),
			(ssize_t)(4 * sizeof(struct zxp_packet)));
	KUNIT_EXPECT_EQ(test, f->packet[0].key, 102ULL);
	KUNIT_EXPECT_EQ(test, f->packet[0].offset, 4ULL << PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, f->packet[0].length, 2ULL << PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, f->packet[0].command, (u16)ZXP_PACKET_READ);
	KUNIT_EXPECT_EQ(test, f->packet[1].key, 100ULL);
	KUNIT_EXPECT_EQ(test, f->packet[1].command, (u16)ZXP_PACKET_DIRTY);
	KUNIT_EXPECT_EQ(test, f->packet[2].key, 101ULL);
	KUNIT_EXPECT_EQ(test, f->packet[3].key, 102ULL);
	KUNIT_EXPECT_EQ(test, f->packet[3].offset, 8ULL << PAGE_SHIFT);
	/* Nothing was written behind the last one. */
	KUNIT_EXPECT_EQ(test, f->packet[4].key, U64_MAX);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(f->port));
}

static void zxp_port_gives_whole_packets(struct kunit *test)
{
	struct zxp_port_fixture *f = test->priv;
	size_t size = sizeof(struct zxp_packet);

	KUNIT_EXPECT_EQ(test, zxp_read_bytes(test, 0), (ssize_t)-EINVAL);
	KUNIT_EXPECT_EQ(test, zxp_read_bytes(test, size - 1), (ssize_t)-EINVAL);
	KUNIT_EXPECT_EQ(test, zxp_read_bytes(test, size), (ssize_t)-EAGAIN);
	zxp_send(test, 0, ZXP_REQUEST_READ, 0, 1);
	zxp_send(test, 1, ZXP_REQUEST_READ, 0, 1);
	zxp_send(test, 2, ZXP_REQUEST_READ, 0, 1);
	KUNIT_EXPECT_EQ(test, zxp_read_bytes(test, size - 1), (ssize_t)-EINVAL);
	KUNIT_EXPECT_EQ(test, zxp_read_bytes(test, 2 * size + size / 2),
			(ssize_t)(2 * size));
	KUNIT_EXPECT_EQ(test, f->packet[2].key, U64_MAX);
	KUNIT_EXPECT_EQ(test, zxp_read_bytes(test, 2 * size - 1), (ssize_t)size);
	KUNIT_EXPECT_EQ(test, f->packet[0].key, 102ULL);
}

static void zxp_port_counts_what_was_read(struct kunit *test)
{
	struct zxp_port_fixture *f = test->priv;
	struct zxp_source *source = f->source[0];

	zxp_send(test, 0, ZXP_REQUEST_READ, 0, 5);
	KUNIT_EXPECT_EQ(test, source->read_packets, 0ULL);
	zxp_send(test, 0, ZXP_REQUEST_READ, 7, 9);
	zxp_send(test, 0, ZXP_REQUEST_DIRTY, 0, 5);
	zxp_read_bytes(test, sizeof(f->packet));
	KUNIT_EXPECT_EQ(test, source->read_packets, 2ULL);
	KUNIT_EXPECT_EQ(test, source->read_pages, 7ULL);
	KUNIT_EXPECT_EQ(test, source->dirty_packets, 1ULL);
	KUNIT_EXPECT_EQ(test, source->sync_packets, 0ULL);
	zxp_source_detach(source, true);
	zxp_read_bytes(test, sizeof(f->packet));
	KUNIT_EXPECT_EQ(test, source->read_packets, 2ULL);
	KUNIT_EXPECT_EQ(test, source->dirty_packets, 1ULL);
}

/* A copy that fails ends the read, and loses nothing. */
static void zxp_port_keeps_what_could_not_be_copied(struct kunit *test)
{
	struct zxp_port_fixture *f = test->priv;

	zxp_send(test, 0, ZXP_REQUEST_READ, 0, 1);
	zxp_send(test, 1, ZXP_REQUEST_READ, 0, 1);
	KUNIT_EXPECT_EQ(test, zxp_kunit_read_nowhere(f->port), (ssize_t)-EFAULT);
	KUNIT_EXPECT_EQ(test, f->source[0]->read_packets, 0ULL);
	KUNIT_EXPECT_EQ(test, zxp_read_bytes(test, sizeof(f->packet)),
			(ssize_t)(2 * sizeof(struct zxp_packet)));
	/* It is still the first. */
	KUNIT_EXPECT_EQ(test, f->packet[0].key, 100ULL);
	KUNIT_EXPECT_EQ(test, f->packet[1].key, 101ULL);
}

static void zxp_port_keeps_complete(struct kunit *test)
{
	struct zxp_port_fixture *f = test->priv;

	zxp_source_detach(f->source[0], true);
	KUNIT_EXPECT_EQ(test, zxp_kunit_read_nowhere(f->port), (ssize_t)-EFAULT);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_next_is(test, f->port,
						  ZXP_PACKET_COMPLETE, 0, 0));
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(f->port));
}

/* Its request ended while it was copied, so it is not given to anybody else. */
static void zxp_port_forgets_what_is_over(struct kunit *test)
{
	struct zxp_port_fixture *f = test->priv;

	zxp_send(test, 0, ZXP_REQUEST_READ, 0, 1);
	zxp_send(test, 0, ZXP_REQUEST_READ, 4, 5);
	zxp_kunit_pick(f->source[0]);
	zxp_source_resolve(f->source[0], ZXP_REQUEST_READ, 0, 1);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(f->port));
	zxp_kunit_returned(f->source[0]);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_next_is(test, f->port,
						  ZXP_PACKET_READ, 4, 5));
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(f->port));
}

static void zxp_port_retracts_what_is_queued(struct kunit *test)
{
	struct zxp_port *port = zxp_kunit_port(test);
	struct zxp_port_packet packet[2] = {};

	INIT_LIST_HEAD(&packet[0].link);
	INIT_LIST_HEAD(&packet[1].link);
	KUNIT_EXPECT_TRUE(test, zxp_port_queue(port, &packet[0], false));
	KUNIT_EXPECT_TRUE(test, zxp_port_queue(port, &packet[1], false));
	KUNIT_EXPECT_TRUE(test, zxp_port_retract(port, &packet[0]));
	KUNIT_EXPECT_FALSE(test, zxp_port_retract(port, &packet[0]));
	zxp_port_requeue(port, &packet[0]);
	KUNIT_EXPECT_PTR_EQ(test, port->queue.next, &packet[0].link);
	KUNIT_EXPECT_TRUE(test, zxp_port_retract(port, &packet[0]));
	KUNIT_EXPECT_TRUE(test, zxp_port_retract(port, &packet[1]));
	KUNIT_EXPECT_TRUE(test, list_empty(&port->queue));
	zxp_port_close(port);
	KUNIT_EXPECT_FALSE(test, zxp_port_queue(port, &packet[0], false));
	KUNIT_EXPECT_TRUE(test, list_empty(&port->queue));
}

static void zxp_port_says_complete_last(struct kunit *test)
{
	struct zxp_port_fixture *f = test->priv;

	zxp_send(test, 1, ZXP_REQUEST_READ, 0, 1);
	zxp_send(test, 0, ZXP_REQUEST_READ, 0, 1);
	zxp_send(test, 0, ZXP_REQUEST_READ, 4, 5);
	zxp_source_detach(f->source[0], true);
	KUNIT_ASSERT_EQ(test, zxp_read_bytes(test, sizeof(f->packet)),
			(ssize_t)(2 * sizeof(struct zxp_packet)));
	KUNIT_EXPECT_EQ(test, f->packet[0].key, 101ULL);
	KUNIT_EXPECT_EQ(test, f->packet[1].key, 100ULL);
	KUNIT_EXPECT_EQ(test, f->packet[1].command, (u16)ZXP_PACKET_COMPLETE);
	KUNIT_EXPECT_EQ(test, f->packet[1].offset, 0ULL);
	KUNIT_EXPECT_EQ(test, f->packet[1].length, 0ULL);
}

/* COMPLETE needs its source, whoever has let go of that. */
static void zxp_port_complete_outlives_its_vmo(struct kunit *test)
{
	struct zxp_port_fixture *f = test->priv;
	struct zxp_source *source = zxp_source_alloc(f->port, 55, zxp_source_watch_work);

	KUNIT_ASSERT_NOT_NULL(test, source);
	zxp_source_detach(source, true);
	KUNIT_EXPECT_EQ(test, zxp_kunit_refs(source), 2U);
	zxp_source_put(source);
	KUNIT_ASSERT_EQ(test, zxp_read_bytes(test, sizeof(f->packet)),
			(ssize_t)sizeof(struct zxp_packet));
	KUNIT_EXPECT_EQ(test, f->packet[0].key, 55ULL);
	KUNIT_EXPECT_EQ(test, f->packet[0].command, (u16)ZXP_PACKET_COMPLETE);
}

static void zxp_port_closes_first(struct kunit *test)
{
	struct zxp_port_fixture *f = test->priv;
	struct zxp_source *source = f->source[0];

	zxp_send(test, 0, ZXP_REQUEST_READ, 0, 1);
	zxp_send(test, 0, ZXP_REQUEST_READ, 4, 5);
	zxp_port_close(f->port);
	/* Nothing was read, and nothing is left in the port. */
	KUNIT_EXPECT_EQ(test, source->read_packets, 0ULL);
	KUNIT_EXPECT_FALSE(test, source->packet_busy);
	KUNIT_EXPECT_TRUE(test, list_empty(&f->port->queue));
	KUNIT_EXPECT_EQ(test, zxp_kunit_refs(source), 1U);
	/* The requests stay, new ones can be made, and all can be answered. */
	zxp_send(test, 0, ZXP_REQUEST_READ, 8, 9);
	KUNIT_EXPECT_EQ(test, source->nr_requests, 3U);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(f->port));
	zxp_source_resolve(source, ZXP_REQUEST_READ, 0, 9);
	KUNIT_EXPECT_EQ(test, source->nr_requests, 0U);
	zxp_source_detach(source, true);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(f->port));
	KUNIT_EXPECT_EQ(test, zxp_kunit_refs(source), 1U);
}

static void zxp_port_polls(struct kunit *test)
{
	struct zxp_port_fixture *f = test->priv;

	KUNIT_EXPECT_TRUE(test, zxp_port_poll(f->port, NULL, NULL) == 0);
	zxp_send(test, 0, ZXP_REQUEST_READ, 0, 1);
	KUNIT_EXPECT_TRUE(test, zxp_port_poll(f->port, NULL, NULL) ==
				(EPOLLIN | EPOLLRDNORM));
	zxp_source_resolve(f->source[0], ZXP_REQUEST_READ, 0, 1);
	KUNIT_EXPECT_TRUE(test, zxp_port_poll(f->port, NULL, NULL) == 0);
}

static long zxp_reader_fn(void *arg)
{
	struct zxp_packet packet;
	struct kvec vec = { .iov_base = &packet, .iov_len = sizeof(packet) };
	struct iov_iter to;
	ssize_t ret;

	iov_iter_kvec(&to, ITER_DEST, &vec, 1, sizeof(packet));
	ret = zxp_port_read(arg, &to, false);
	return ret == sizeof(packet) ? packet.key : ret;
}

static bool zxp_reader_waits(struct zxp_port *port)
{
	/* It is all that is looked at, again and again, so there is no order. */
	return waitqueue_active(&port->wait);
}

static void zxp_port_wakes_a_reader(struct kunit *test)
{
	struct zxp_port_fixture *f = test->priv;
	struct zxp_task *first, *second;

	first = zxp_kunit_task(test, NULL, zxp_reader_fn, f->port);
	second = zxp_kunit_task(test, NULL, zxp_reader_fn, f->port);
	KUNIT_ASSERT_TRUE(test, zxp_kunit_poll(zxp_reader_waits(f->port)));
	zxp_send(test, 0, ZXP_REQUEST_READ, 0, 1);
	zxp_send(test, 0, ZXP_REQUEST_READ, 4, 5);
	KUNIT_ASSERT_TRUE(test, zxp_task_join(first));
	KUNIT_ASSERT_TRUE(test, zxp_task_join(second));
	KUNIT_EXPECT_EQ(test, first->result, 100L);
	KUNIT_EXPECT_EQ(test, second->result, 100L);
}

static void zxp_port_reader_ends_for_a_signal(struct kunit *test)
{
	struct zxp_port_fixture *f = test->priv;
	struct zxp_task *task;

	task = zxp_kunit_task(test, NULL, zxp_reader_fn, f->port);
	KUNIT_ASSERT_TRUE(test, zxp_kunit_poll(zxp_reader_waits(f->port)));
	zxp_task_kill(task);
	KUNIT_ASSERT_TRUE(test, zxp_task_join(task));
	KUNIT_EXPECT_EQ(test, task->result, (long)-ERESTARTSYS);
	/* It has taken nothing with it. */
	zxp_send(test, 0, ZXP_REQUEST_READ, 0, 1);
	KUNIT_EXPECT_FALSE(test, zxp_kunit_silent(f->port));
}

static struct kunit_case zxp_port_cases[] = {
	KUNIT_CASE(zxp_port_is_first_in_first_out),
	KUNIT_CASE(zxp_port_gives_whole_packets),
	KUNIT_CASE(zxp_port_counts_what_was_read),
	KUNIT_CASE(zxp_port_keeps_what_could_not_be_copied),
	KUNIT_CASE(zxp_port_keeps_complete),
	KUNIT_CASE(zxp_port_forgets_what_is_over),
	KUNIT_CASE(zxp_port_retracts_what_is_queued),
	KUNIT_CASE(zxp_port_says_complete_last),
	KUNIT_CASE(zxp_port_complete_outlives_its_vmo),
	KUNIT_CASE(zxp_port_closes_first),
	KUNIT_CASE(zxp_port_polls),
	KUNIT_CASE(zxp_port_wakes_a_reader),
	KUNIT_CASE(zxp_port_reader_ends_for_a_signal),
	{}
};

struct kunit_suite zxp_port_suite = {
	.name = "zxpager_port",
	.init = zxp_port_test_init,
	.test_cases = zxp_port_cases,
};

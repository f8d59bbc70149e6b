// SPDX-License-Identifier: GPL-2.0
/*
 * Sources that another generation answers, or that send their packets elsewhere, case by case:
 * what is asked anew, and where a packet goes that a reader has just picked.
 */
#include "request_test.h"

static struct zxp_port *zxp_move(struct kunit *test, unsigned long epoch)
{
	struct zxp_requests *r = test->priv;
	struct zxp_port *port = zxp_kunit_port(test);

	zxp_port_shut(r->port);
	zxp_source_move(r->source, port, epoch);
	return port;
}

static bool zxp_next_is(struct kunit *test, struct zxp_port *port, pgoff_t start, pgoff_t end)
{
	return zxp_kunit_next_is(test, port, ZXP_PACKET_READ, start, end);
}

/* One was read, one is in the port, one waits for its turn, and one is a hint. */
static void zxp_move_asks_anew(struct kunit *test)
{
	struct zxp_requests *r = test->priv;
	struct zxp_port *port;
	pgoff_t end = 40;

	zxp_ask(test, 0, 0, 4, false);
	KUNIT_EXPECT_TRUE(test, zxp_next_read_is(test, 0, 4));
	zxp_ask(test, 1, 8, 9, false);
	zxp_ask(test, 2, 10, 12, false);
	zxp_ask(test, 3, 2, 4, false);
	zxp_hint(test, 30, &end);
	port = zxp_move(test, 1);
	/* It waits in no line but that of the new one, and not twice there. */
	KUNIT_EXPECT_TRUE(test, list_empty(&r->port->queue));
	KUNIT_EXPECT_TRUE(test, zxp_next_is(test, port, 8, 9));
	KUNIT_EXPECT_TRUE(test, zxp_next_is(test, port, 10, 12));
	KUNIT_EXPECT_TRUE(test, zxp_next_is(test, port, 30, 40));
	KUNIT_EXPECT_TRUE(test, zxp_next_is(test, port, 0, 4));
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(port));
	zxp_source_resolve(r->source, ZXP_REQUEST_READ, 0, 40);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), 0);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 3), 0);
	KUNIT_EXPECT_EQ(test, r->source->nr_requests, 0U);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(port));
}

/* The former one's answers are not taken, but for pages that are there. */
static void zxp_move_refuses_the_former(struct kunit *test)
{
	struct zxp_requests *r = test->priv;
	errseq_t wb_err = 0;

	zxp_ask(test, 0, 0, 4, false);
	zxp_move(test, 5);
	KUNIT_EXPECT_EQ(test, -ESHUTDOWN,
			zxp_source_fail(r->source, ZXP_REQUEST_READ, 0, 4, -EIO, 0));
	KUNIT_EXPECT_EQ(test, -ESHUTDOWN,
			zxp_sync_end(r->source, 0, 4, 0, &wb_err, 4));
	KUNIT_EXPECT_FALSE(test, zxp_woken(test, 0));
	KUNIT_EXPECT_EQ(test, 0,
			zxp_source_fail(r->source, ZXP_REQUEST_READ, 0, 4, -EIO, 5));
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), -EIO);
}

/* How a reader ends with a packet that it has picked, whose turn is over. */
static void zxp_end_late(const struct zxp_picked *picked, bool taken)
{
	if (taken)
		zxp_source_packet_taken(picked, true);
	else
		zxp_source_packet_returned(picked);
}

/* A reader that has just picked a packet is not waited for, and changes nothing but counts. */
static void zxp_move_while_a_packet_is_read(struct kunit *test)
{
	struct zxp_requests *r = test->priv;
	struct zxp_picked picked;
	struct zxp_port *port;
	unsigned int how;
	u64 read;

	/* Bit 0: it has it; bit 1: before that is sent again, which may be answered by then. */
	for (how = 0; how < 4; how++) {
		zxp_ask(test, 0, 0, 4, false);
		zxp_ask(test, 1, 8, 9, false);
		picked = zxp_kunit_pick(r->source);
		port = zxp_move(test, how + 1);
		read = r->source->read_packets;
		if (how & 2)
			zxp_end_late(&picked, how & 1);
		KUNIT_EXPECT_TRUE(test, zxp_next_is(test, port, 0, 4));
		KUNIT_EXPECT_TRUE(test, zxp_next_is(test, port, 8, 9));
		zxp_source_resolve(r->source, ZXP_REQUEST_READ, 0, 9);
		if (!(how & 2))
			zxp_end_late(&picked, how & 1);
		KUNIT_EXPECT_EQ(test, r->source->read_packets, read + 2 + (how & 1));
		KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(port));
		KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), 0);
		KUNIT_EXPECT_EQ(test, zxp_leave(test, 1), 0);
		KUNIT_EXPECT_EQ(test, zxp_kunit_refs(r->source), 1U);
	}
}

/* COMPLETE is for each generation, once, whatever became of it before. */
static void zxp_move_completes(struct kunit *test)
{
	struct zxp_requests *r = test->priv;
	struct zxp_port *port;
	struct zxp_picked picked;
	unsigned int how;

	zxp_source_detach(r->source, true);
	/* 0: unread; 1: read; 2: just picked, and read; 3: and not copied. */
	for (how = 0; how < 4; how++) {
		if (how > 1)
			picked = zxp_kunit_pick(r->source);
		port = zxp_move(test, how + 1);
		if (how > 1)
			zxp_end_late(&picked, how == 2);
		KUNIT_EXPECT_FALSE(test, list_empty(&port->queue));
		KUNIT_EXPECT_EQ(test, zxp_kunit_refs(r->source), 2U);
		if (how)
			continue;
		KUNIT_EXPECT_TRUE(test, zxp_kunit_next_is(test, port, ZXP_PACKET_COMPLETE,
							  0, 0));
		KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(port));
	}
	KUNIT_EXPECT_TRUE(test, zxp_kunit_next_is(test, port, ZXP_PACKET_COMPLETE, 0, 0));
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(port));
	/* Not if the pager has ended, which nobody is told. */
	zxp_source_detach(r->source, false);
	port = zxp_move(test, 9);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(port));
}

static void zxp_move_binds(struct kunit *test)
{
	struct zxp_requests *r = test->priv;
	struct zxp_port *port = zxp_kunit_port(test);
	struct zxp_packet packet = {};

	zxp_ask(test, 0, 0, 4, false);
	KUNIT_EXPECT_TRUE(test, zxp_next_read_is(test, 0, 4));
	zxp_ask(test, 1, 8, 9, false);
	KUNIT_EXPECT_EQ(test, -ESHUTDOWN, zxp_source_bind(r->source, port, 70, 1));
	KUNIT_EXPECT_EQ(test, 0, zxp_source_bind(r->source, port, 70, 0));
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(r->port));
	KUNIT_EXPECT_EQ(test, zxp_kunit_read(port, &packet, sizeof(packet)),
			(ssize_t)sizeof(packet));
	KUNIT_EXPECT_EQ(test, packet.key, 70ULL);
	KUNIT_EXPECT_EQ(test, packet.offset, 8ULL << PAGE_SHIFT);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(port));
	/* One that was just picked counts as read, unless it could not be copied. */
	zxp_ask(test, 2, 20, 21, false);
	zxp_kunit_pick(r->source);
	KUNIT_EXPECT_EQ(test, 0, zxp_source_bind(r->source, r->port, 71, 0));
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(r->port));
	zxp_kunit_returned(r->source);
	KUNIT_EXPECT_EQ(test, zxp_kunit_read(r->port, &packet, sizeof(packet)),
			(ssize_t)sizeof(packet));
	KUNIT_EXPECT_EQ(test, packet.key, 71ULL);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(r->port));
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(port));
}

/* Nothing is read of a port that is shut, and nothing of it is lost. */
static void zxp_move_of_a_shut_port(struct kunit *test)
{
	struct zxp_requests *r = test->priv;
	struct zxp_port *port = zxp_kunit_port(test);
	struct zxp_packet packet;

	zxp_source_detach(r->source, true);
	zxp_port_shut(r->port);
	KUNIT_EXPECT_EQ(test, zxp_kunit_read(r->port, &packet, sizeof(packet)),
			(ssize_t)-ESHUTDOWN);
	zxp_port_hand_over(r->port, port);
	KUNIT_EXPECT_EQ(test, zxp_kunit_read(r->port, &packet, sizeof(packet)),
			(ssize_t)-ESHUTDOWN);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_next_is(test, port, ZXP_PACKET_COMPLETE, 0, 0));
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(port));
}

static struct kunit_case zxp_move_cases[] = {
	KUNIT_CASE(zxp_move_asks_anew),
	KUNIT_CASE(zxp_move_refuses_the_former),
	KUNIT_CASE(zxp_move_while_a_packet_is_read),
	KUNIT_CASE(zxp_move_completes),
	KUNIT_CASE(zxp_move_binds),
	KUNIT_CASE(zxp_move_of_a_shut_port),
	{}
};

struct kunit_suite zxp_move_suite = {
	.name = "zxpager_move",
	.init = zxp_requests_init,
	.exit = zxp_requests_exit,
	.test_cases = zxp_move_cases,
};

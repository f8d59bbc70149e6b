// SPDX-License-Identifier: MIT
/*
 * libzx against the module: packets of signals in ports.  Zircon's own tests have their
 * names.
 */
#include <poll.h>
#include <sys/wait.h>

#include "fixture.h"

static void async_errors(void **state)
{
	zx_handle_t h = new_event(), poor, mute;

	(void)state;
	ok(zx_handle_duplicate(h, ZX_RIGHT_SIGNAL, &poor));
	ok(zx_handle_duplicate(port, ZX_RIGHT_READ, &mute));
	is(zx_object_wait_async(CLOSED, CLOSED, 1, SIGNALED, 8), ZX_ERR_INVALID_ARGS);
	is(zx_object_wait_async(CLOSED, CLOSED, 1, SIGNALED, ZX_WAIT_ASYNC_TIMESTAMP |
				ZX_WAIT_ASYNC_BOOT_TIMESTAMP), ZX_ERR_INVALID_ARGS);
	is(zx_object_wait_async(CLOSED, ZX_HANDLE_INVALID, 1, SIGNALED, 0),
	   ZX_ERR_BAD_HANDLE);
	is(zx_object_wait_async(CLOSED, vmo, 1, SIGNALED, 0), ZX_ERR_WRONG_TYPE);
	is(zx_object_wait_async(CLOSED, mute, 1, SIGNALED, 0), ZX_ERR_ACCESS_DENIED);
	is(zx_object_wait_async(CLOSED, port, 1, SIGNALED, 0), ZX_ERR_BAD_HANDLE);
	is(zx_object_wait_async(poor, port, 1, SIGNALED, 0), ZX_ERR_ACCESS_DENIED);
	is(zx_object_wait_async(pager, port, 1, SIGNALED, 0), ZX_ERR_ACCESS_DENIED);
	is(zx_object_wait_async(port, port, 1, SIGNALED, 0), ZX_ERR_ACCESS_DENIED);
	is(zx_object_wait_async(pipe_end, port, 1, SIGNALED, 0), ZX_ERR_NOT_SUPPORTED);
	ok(zx_object_signal(h, 0, SIGNALED));
	expect_no_packet();
	ok(zx_handle_close_many((zx_handle_t[]){ h, poor, mute }, 3));
}

static void AsyncWaitInvalidOption(void **state)
{
	zx_handle_t h = new_event();

	(void)state;
	is(zx_object_wait_async(h, port, 0, SIGNALED, 20), ZX_ERR_INVALID_ARGS);
	ok(zx_handle_close(h));
}

static void once(void **state)
{
	zx_handle_t h = new_event();

	(void)state;
	ok(zx_object_wait_async(h, port, KEY, SIGNALED | S(2), ZX_WAIT_ASYNC_ONCE));
	expect_no_packet();
	ok(zx_object_signal(h, 0, S(1)));
	expect_no_packet();
	ok(zx_object_signal(h, 0, SIGNALED));
	/* What there was then, not what there is when the packet is taken. */
	ok(zx_object_signal(h, SIGNALED, S(2)));
	expect_signal(KEY, SIGNALED | S(2), SIGNALED | S(1));
	expect_no_packet();
	/* What is there now will do. */
	ok(zx_object_wait_async(h, port, 7, S(1), 0));
	expect_signal(7, S(1), S(1) | S(2));
	ok(zx_handle_close(h));
}

static void EventAsyncSignalWaitSingle(void **state)
{
	zx_handle_t h = new_event();
	uint64_t keys = 0;

	(void)state;
	for (uint64_t i = 0; i < 7; i++)
		ok(zx_object_wait_async(h, port, i, SIGNALED, 0));
	ok(zx_object_signal(h, 0, SIGNALED));
	/* Who came last is first. */
	for (int i = 0; i < 5; i++)
		keys += next_packet().key;
	assert_int_equal(keys, 20);
	assert_int_equal(next_packet().key, 1);
	assert_int_equal(next_packet().key, 0);
	ok(zx_handle_close(h));
}

static void AsyncWaitEventRepeat(void **state)
{
	zx_handle_t h = new_event();

	(void)state;
	for (int i = 0; i < 24; i++) {
		zx_signals_t both = SIGNALED | (i % 2 ? 0 : S(2));

		ok(zx_object_wait_async(h, port, KEY, SIGNALED | S(2), 0));
		ok(zx_object_signal(h, 0, both));
		ok(zx_object_signal(h, both, 0));
		expect_signal(KEY, SIGNALED | S(2), both);
	}
	ok(zx_handle_close(h));
}

/* More than a port takes of a program's own packets, in order. */
static void AsyncWaitEventManyAllProcessed(void **state)
{
	zx_port_packet_t mine = { .key = 5000 };
	zx_handle_t h = new_event(), first;

	(void)state;
	first = new_event();
	ok(zx_object_wait_async(first, port, 6000, SIGNALED, 0));
	for (uint64_t i = 0; i < 4500; i++)
		ok(zx_object_wait_async(h, port, i, SIGNALED, 0));
	ok(zx_object_signal(h, 0, SIGNALED));
	is(zx_port_queue(port, &mine), ZX_ERR_SHOULD_WAIT);
	ok(zx_object_signal(first, 0, SIGNALED));
	/* Some of those that are late, too, can be taken back. */
	ok(zx_port_cancel(port, h, 0));
	ok(zx_port_cancel_key(port, 0, 1));
	is(zx_port_cancel(port, h, 0), ZX_ERR_NOT_FOUND);
	/* What has room does not get before them. */
	assert_int_equal(next_packet().key, 4499);
	is(zx_port_queue(port, &mine), ZX_ERR_SHOULD_WAIT);
	for (uint64_t i = 4498; i > 1; i--)
		assert_int_equal(next_packet().key, i);
	assert_int_equal(next_packet().key, 6000);
	expect_no_packet();
	ok(zx_port_queue(port, &mine));
	assert_int_equal(next_packet().key, 5000);
	ok(zx_handle_close_many((zx_handle_t[]){ h, first }, 2));
}

static void AsyncWaitCloseOrder(void **state)
{
	static const int orders[][3] = {
		{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 },
	};
	zx_handle_t h[3];

	(void)state;
	for (size_t i = 0; i < COUNT(orders); i++) {
		ok(zx_port_create(0, &h[0]));
		ok(zx_eventpair_create(0, &h[1], &h[2]));
		ok(zx_object_wait_async(h[2], h[0], 1, SIGNALED | ZX_EVENTPAIR_PEER_CLOSED,
					0));
		for (int j = 0; j < 3; j++)
			ok(zx_handle_close(h[orders[i][j]]));
	}
}

/* ChannelAsyncWaitOnExistingStateIsNotified, of a pair. */
static void AsyncWaitOnExistingStateIsNotified(void **state)
{
	const zx_signals_t both = SIGNALED | ZX_EVENTPAIR_PEER_CLOSED;
	zx_handle_t a, b;

	(void)state;
	ok(zx_eventpair_create(0, &a, &b));
	ok(zx_object_signal_peer(a, 0, SIGNALED));
	ok(zx_handle_close(a));
	ok(zx_object_wait_async(b, port, KEY, both, 0));
	expect_signal(KEY, both, both);
	expect_no_packet();
	ok(zx_handle_close(b));
}

static void CancelEventKey(void **state)
{
	static const uint64_t keys[] = { 128, 13, 7, 13 };
	zx_handle_t h = new_event();

	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++)
		ok(zx_object_wait_async(h, port, keys[i], SIGNALED, 0));
	ok(zx_port_cancel(port, h, 13));
	for (int i = 0; i < 2; i++) {
		ok(zx_object_signal(h, 0, SIGNALED));
		ok(zx_object_signal(h, SIGNALED, 0));
	}
	expect_signal(7, SIGNALED, SIGNALED);
	expect_signal(128, SIGNALED, SIGNALED);
	expect_no_packet();
	is(zx_port_cancel(port, h, 128), ZX_ERR_NOT_FOUND);
	ok(zx_handle_close(h));
}

static void CancelEventKeyAfter(void **state)
{
	static const uint64_t keys[] = { 128, 3, 3 };
	zx_handle_t h[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		h[i] = new_event();
		ok(zx_object_wait_async(h[i], port, keys[i], SIGNALED, 0));
	}
	ok(zx_object_signal(h[0], 0, SIGNALED));
	ok(zx_object_signal(h[1], 0, SIGNALED));
	/* One that is in the port, and one that is not yet. */
	ok(zx_port_cancel(port, h[1], 3));
	ok(zx_port_cancel(port, h[2], 3));
	ok(zx_object_signal(h[2], 0, SIGNALED));
	expect_signal(128, SIGNALED, SIGNALED);
	expect_no_packet();
	ok(zx_handle_close_many(h, 3));
}

/* By another handle of the same object it was not asked for. */
static void cancel_is_of_a_handle(void **state)
{
	zx_handle_t h = new_event(), other;

	(void)state;
	ok(zx_handle_duplicate(h, ZX_RIGHT_SAME_RIGHTS, &other));
	ok(zx_object_wait_async(h, port, 1, SIGNALED, 0));
	is(zx_port_cancel(port, other, 1), ZX_ERR_NOT_FOUND);
	is(zx_port_cancel(port, h, 2), ZX_ERR_NOT_FOUND);
	/* By key it is whoever's. */
	ok(zx_object_wait_async(other, port, 1, SIGNALED, 0));
	ok(zx_port_cancel_key(port, 0, 1));
	is(zx_port_cancel_key(port, 0, 1), ZX_ERR_NOT_FOUND);
	ok(zx_object_signal(h, 0, SIGNALED));
	expect_no_packet();
	ok(zx_handle_close_many((zx_handle_t[]){ h, other }, 2));
}

/* Closing ends what waits and leaves what is there. */
static void closed(void **state)
{
	zx_handle_t h = new_event(), other;

	(void)state;
	ok(zx_handle_duplicate(h, ZX_RIGHT_SAME_RIGHTS, &other));
	ok(zx_object_wait_async(h, port, 1, SIGNALED, 0));
	ok(zx_object_wait_async(h, port, 2, S(1), 0));
	ok(zx_object_signal(h, 0, S(1)));
	ok(zx_handle_close(h));
	ok(zx_object_signal(other, 0, SIGNALED));
	expect_signal(2, S(1), S(1));
	expect_no_packet();
	ok(zx_handle_close(other));
}

/* The port is there as long as it has handles, whichever was used. */
static void port_handle_closed(void **state)
{
	zx_handle_t h = new_event(), p;

	(void)state;
	ok(zx_handle_duplicate(port, ZX_RIGHT_SAME_RIGHTS, &p));
	ok(zx_object_wait_async(h, p, 1, SIGNALED, 0));
	ok(zx_handle_close(p));
	ok(zx_object_signal(h, 0, SIGNALED));
	expect_signal(1, SIGNALED, SIGNALED);
	ok(zx_handle_close(h));
}

static zx_status_t take_one(struct waiter *w)
{
	return zx_port_wait(port, ZX_TIME_INFINITE, (zx_port_packet_t *)w->buffer);
}

/* Zircon's EdgeTriggerTimeout, and what comes then. */
static void EdgeTriggerTimeout(void **state)
{
	zx_handle_t h = new_event();

	(void)state;
	ok(zx_object_signal(h, 0, SIGNALED));
	ok(zx_object_wait_async(h, port, 1, SIGNALED, ZX_WAIT_ASYNC_EDGE));
	expect_no_packet();
	/* It is there, so this is none; nor is that another one goes. */
	ok(zx_object_signal(h, 0, SIGNALED));
	ok(zx_object_signal(h, SIGNALED, SIGNALED));
	ok(zx_object_signal(h, S(1), 0));
	expect_no_packet();
	/* With any new signal all that are there count, which is what Zircon does. */
	ok(zx_object_signal(h, 0, S(1)));
	expect_signal(1, SIGNALED, SIGNALED | S(1));
	ok(zx_object_wait_async(h, port, 1, SIGNALED, ZX_WAIT_ASYNC_EDGE));
	ok(zx_object_signal(h, 0, S(1)));
	expect_no_packet();
	ok(zx_object_signal(h, SIGNALED, 0));
	expect_no_packet();
	ok(zx_object_signal(h, 0, SIGNALED));
	expect_signal(1, SIGNALED, SIGNALED | S(1));
	ok(zx_handle_close(h));
}

static void EdgeTriggerDetected(void **state)
{
	zx_handle_t h = new_event();
	struct waiter w;

	(void)state;
	ok(zx_object_wait_async(h, port, 2, SIGNALED, ZX_WAIT_ASYNC_EDGE));
	start(&w, take_one);
	ok(zx_object_signal(h, 0, SIGNALED));
	ok(finish(&w));
	assert_int_equal(((zx_port_packet_t *)w.buffer)->key, 2);
	assert_int_equal(((zx_port_packet_t *)w.buffer)->signal.trigger, SIGNALED);
	assert_int_equal(((zx_port_packet_t *)w.buffer)->signal.observed, SIGNALED);
	ok(zx_handle_close(h));
}

static void EdgeTriggerCancel(void **state)
{
	static const uint64_t keys[] = { 42, 999, 2020 };
	zx_handle_t h = new_event();

	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++)
		ok(zx_object_wait_async(h, port, keys[i], SIGNALED, ZX_WAIT_ASYNC_EDGE));
	ok(zx_port_cancel(port, h, 999));
	ok(zx_object_signal(h, 0, SIGNALED));
	ok(zx_port_cancel(port, h, 2020));
	expect_signal(42, SIGNALED, SIGNALED);
	expect_no_packet();
	ok(zx_handle_close(h));
}

/* When, on the clock that @option names; nothing without one. */
static void stamps(uint32_t option, zx_time_t (*now)(void))
{
	zx_handle_t h = new_event();
	zx_time_t before, after;
	zx_port_packet_t p;

	ok(zx_object_wait_async(h, port, 2, SIGNALED, 0));
	ok(zx_object_wait_async(h, port, 1, SIGNALED, option));
	before = now();
	ok(zx_object_signal(h, 0, SIGNALED));
	after = now();
	p = next_packet();
	assert_int_equal(p.key, 1);
	assert_int_equal(p.signal.trigger, SIGNALED);
	assert_in_range(p.signal.timestamp, before, after);
	p = next_packet();
	assert_int_equal(p.key, 2);
	assert_int_equal(p.signal.timestamp, 0);
	ok(zx_handle_close(h));
}

static void Timestamp(void **state)
{
	(void)state;
	stamps(ZX_WAIT_ASYNC_TIMESTAMP, zx_clock_get_monotonic);
}

static void WaitAsyncBootTimestamp(void **state)
{
	zx_handle_t h = new_event();

	(void)state;
	is(zx_object_wait_async(h, port, 1, SIGNALED, ZX_WAIT_ASYNC_TIMESTAMP |
				ZX_WAIT_ASYNC_BOOT_TIMESTAMP), ZX_ERR_INVALID_ARGS);
	ok(zx_handle_close(h));
	stamps(ZX_WAIT_ASYNC_BOOT_TIMESTAMP, zx_clock_get_boot);
}

static void ThreadEvents(void **state)
{
	zx_handle_t h = new_event();
	struct waiter w[3];

	(void)state;
	for (uint64_t i = 0; i < 3; i++) {
		ok(zx_object_wait_async(h, port, 500 + i, SIGNALED, 0));
		start(&w[i], take_one);
	}
	ok(zx_object_signal(h, 0, SIGNALED));
	for (int i = 0; i < 3; i++)
		ok(finish(&w[i]));
	expect_no_packet();
	ok(zx_handle_close(h));
}

/* Signals, packets of the program's own and requests, as they come. */
static void among_others(void **state)
{
	zx_port_packet_t mine = { .key = 3 }, p;
	zx_handle_t h = new_event();
	struct pollfd pfd = { .fd = zx_linux_handle_to_fd(port), .events = POLLIN };

	(void)state;
	ok(zx_port_queue(port, &mine));
	ok(zx_object_wait_async(h, port, 1, SIGNALED, 0));
	ok(zx_object_signal(h, 0, SIGNALED));
	ok(zx_handle_close(vmo));
	ok(zx_object_wait_async(h, port, 2, SIGNALED, 0));
	p = next_packet();
	assert_int_equal(p.key, 3);
	expect_signal(1, SIGNALED, SIGNALED);
	expect_packet(ZX_PAGER_VMO_COMPLETE, 0, 0);
	assert_int_equal(poll(&pfd, 1, 0), 1);
	expect_signal(2, SIGNALED, SIGNALED);
	assert_int_equal(poll(&pfd, 1, 0), 0);
	ok(zx_pager_create_vmo(pager, 0, port, KEY, 4 * PAGE, &vmo));
	ok(zx_handle_close(h));
}

/* The child of a fork() does not do what its parent asked for. */
static void fork_does_not_wait(void **state)
{
	zx_handle_t h = new_event();
	int status;

	(void)state;
	ok(zx_object_wait_async(h, port, 1, SIGNALED, 0));
	if (!fork())
		_exit(zx_object_signal(h, 0, SIGNALED) ||
		      zx_object_wait_async(h, port, 2, SIGNALED, 0));
	assert_true(wait(&status) > 0);
	assert_int_equal(status, 0);
	/* What it asks for itself comes, and the parent does not take it back. */
	is(zx_port_cancel(port, h, 2), ZX_ERR_NOT_FOUND);
	expect_signal(2, SIGNALED, SIGNALED);
	expect_no_packet();
	ok(zx_object_signal(h, 0, SIGNALED));
	expect_signal(1, SIGNALED, SIGNALED);
	ok(zx_handle_close(h));
}

int main(void)
{
	static const struct CMUnitTest libzx_async[] = {
		TEST(async_errors),
		TEST(AsyncWaitInvalidOption),
		TEST(once),
		TEST(EventAsyncSignalWaitSingle),
		TEST(AsyncWaitEventRepeat),
		TEST(AsyncWaitEventManyAllProcessed),
		TEST(AsyncWaitCloseOrder),
		TEST(AsyncWaitOnExistingStateIsNotified),
		TEST(CancelEventKey),
		TEST(CancelEventKeyAfter),
		TEST(cancel_is_of_a_handle),
		TEST(closed),
		TEST(port_handle_closed),
		TEST(EdgeTriggerTimeout),
		TEST(EdgeTriggerDetected),
		TEST(EdgeTriggerCancel),
		TEST(Timestamp),
		TEST(WaitAsyncBootTimestamp),
		TEST(ThreadEvents),
		TEST(among_others),
		TEST(fork_does_not_wait),
	};

	if (sysconf(_SC_PAGESIZE) != PAGE)
		return 77;
	return cmocka_run_group_tests(libzx_async, NULL, NULL);
}

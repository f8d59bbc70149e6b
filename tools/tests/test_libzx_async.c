// SPDX-License-Identifier: MIT
/*
 * libzx against the module: packets of signals in ports, and a VMO that has no children.
 * Zircon's own tests have their names.
 */
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "fixture.h"

#define SIGNALED	ZX_EVENT_SIGNALED
#define NO_CHILDREN	ZX_VMO_ZERO_CHILDREN
#define S(n)		(ZX_USER_SIGNAL_0 << (n))

static zx_handle_t new_event(void)
{
	zx_handle_t h;

	ok(zx_event_create(0, &h));
	return h;
}

/* Leaves the packet to who asks. */
static zx_port_packet_t next_packet(void)
{
	zx_port_packet_t p;

	ok(zx_port_wait(port, ZX_TIME_INFINITE, &p));
	return p;
}

static void expect_signal(uint64_t key, zx_signals_t trigger, zx_signals_t observed)
{
	zx_port_packet_t p = next_packet();

	assert_int_equal(p.key, key);
	assert_int_equal(p.type, ZX_PKT_TYPE_SIGNAL_ONE);
	assert_int_equal(p.status, ZX_OK);
	assert_int_equal(p.signal.trigger, trigger);
	assert_int_equal(p.signal.observed, observed);
	assert_int_equal(p.signal.count, 1);
	assert_int_equal(p.signal.timestamp, 0);
	assert_int_equal(p.signal.reserved1, 0);
}

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
	for (int i = 0; i < 7; i++)
		keys |= 1u << next_packet().key;
	assert_int_equal(keys, 0x7f);
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
	ok(zx_port_cancel(port, h, 4499));
	ok(zx_port_cancel_key(port, 0, 4498));
	is(zx_port_cancel(port, h, 4499), ZX_ERR_NOT_FOUND);
	for (uint64_t i = 0; i < 4498; i++)
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
	expect_signal(128, SIGNALED, SIGNALED);
	expect_signal(7, SIGNALED, SIGNALED);
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

static void edge(void **state)
{
	zx_handle_t h = new_event();

	(void)state;
	ok(zx_object_signal(h, 0, SIGNALED));
	ok(zx_object_wait_async(h, port, 1, SIGNALED, ZX_WAIT_ASYNC_EDGE));
	expect_no_packet();
	/* It is there, so this is none; nor is another signal. */
	ok(zx_object_signal(h, 0, SIGNALED));
	ok(zx_object_signal(h, SIGNALED, SIGNALED));
	ok(zx_object_signal(h, 0, S(1)));
	expect_no_packet();
	ok(zx_object_signal(h, SIGNALED, 0));
	expect_no_packet();
	ok(zx_object_signal(h, 0, SIGNALED));
	expect_signal(1, SIGNALED, SIGNALED | S(1));
	ok(zx_handle_close(h));
}

static void Timestamp(void **state)
{
	zx_handle_t h[2] = { new_event(), new_event() };
	zx_time_t before, after;
	zx_port_packet_t p;

	(void)state;
	for (int i = 0; i < 2; i++) {
		ok(zx_object_wait_async(h[i], port, 1, SIGNALED, i ?
					ZX_WAIT_ASYNC_BOOT_TIMESTAMP :
					ZX_WAIT_ASYNC_TIMESTAMP));
		ok(zx_object_wait_async(h[i], port, 2, SIGNALED, 0));
		before = i ? zx_clock_get_boot() : zx_clock_get_monotonic();
		ok(zx_object_signal(h[i], 0, SIGNALED));
		after = i ? zx_clock_get_boot() : zx_clock_get_monotonic();
		p = next_packet();
		assert_int_equal(p.key, 1);
		assert_in_range(p.signal.timestamp, before, after);
		expect_signal(2, SIGNALED, SIGNALED);
	}
	ok(zx_handle_close_many(h, 2));
}

static zx_status_t take_one(struct waiter *w)
{
	return zx_port_wait(port, ZX_TIME_INFINITE, (zx_port_packet_t *)w->buffer);
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

static _Atomic bool stop;

static void *signaler(void *arg)
{
	while (!stop) {
		ok(zx_object_signal(*(zx_handle_t *)arg, 0, SIGNALED));
		ok(zx_object_signal(*(zx_handle_t *)arg, SIGNALED, 0));
	}
	return NULL;
}

/* What was seen by who waits here is, or was, on its way to the port. */
static void WaitSignalCancel(void **state)
{
	zx_handle_t h = new_event();
	zx_signals_t observed;
	pthread_t thread;

	(void)state;
	stop = false;
	assert_int_equal(pthread_create(&thread, NULL, signaler, &h), 0);
	for (int i = 0; i < 500; i++) {
		ok(zx_object_wait_async(h, port, 919, SIGNALED, 0));
		ok(zx_object_wait_one(h, SIGNALED, ZX_TIME_INFINITE, &observed));
		ok(zx_port_cancel(port, h, 919));
	}
	stop = true;
	assert_int_equal(pthread_join(thread, NULL), 0);
	expect_no_packet();
	ok(zx_handle_close(h));
}

static _Atomic zx_handle_t race_port;

static void *wait_async_loop(void *arg)
{
	while (!stop) {
		zx_status_t status = zx_object_wait_async(*(zx_handle_t *)arg, race_port, 0,
							  SIGNALED, 0);

		if (status != ZX_ERR_BAD_HANDLE)
			ok(status);
	}
	return NULL;
}

static void CloseWaitRace(void **state)
{
	zx_handle_t h = new_event(), p;
	pthread_t threads[4];

	(void)state;
	stop = false;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, wait_async_loop, &h), 0);
	for (int i = 0; i < 50; i++) {
		ok(zx_port_create(0, &p));
		race_port = p;
		sched_yield();
		ok(zx_handle_close(p));
	}
	stop = true;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	ok(zx_handle_close(h));
}

static void *queue_loop(void *arg)
{
	zx_port_packet_t p = { .key = 1 };
	zx_status_t status;

	do {
		status = zx_port_queue(*(zx_handle_t *)arg, &p);
		if (status == ZX_ERR_SHOULD_WAIT)
			status = zx_port_cancel_key(*(zx_handle_t *)arg, 0, 1);
		stop = true;
	} while (status == ZX_OK);
	is(status, ZX_ERR_BAD_HANDLE);
	return NULL;
}

static void CloseQueueRace(void **state)
{
	pthread_t thread;
	zx_handle_t p;

	(void)state;
	ok(zx_port_create(0, &p));
	stop = false;
	assert_int_equal(pthread_create(&thread, NULL, queue_loop, &p), 0);
	while (!stop)
		sched_yield();
	ok(zx_handle_close(p));
	assert_int_equal(pthread_join(thread, NULL), 0);
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

/* ---- children ---- */

static zx_signals_t pending(zx_handle_t handle)
{
	zx_signals_t observed = 77;

	is(zx_object_wait_one(handle, 0, 0, &observed), ZX_ERR_TIMED_OUT);
	return observed;
}

static void zero_children(void **state)
{
	zx_handle_t child, slice;
	zx_signals_t observed;

	(void)state;
	assert_int_equal(pending(vmo), NO_CHILDREN);
	assert_int_equal(pending(plain), NO_CHILDREN);
	child = new_child(ON_WRITE);
	assert_int_equal(pending(vmo), 0);
	assert_int_equal(pending(child), NO_CHILDREN);
	is(zx_object_wait_one(vmo, NO_CHILDREN, 0, &observed), ZX_ERR_TIMED_OUT);
	ok(zx_vmo_create_child(vmo, SLICE, 0, PAGE, &slice));
	ok(zx_handle_close(child));
	assert_int_equal(pending(vmo), 0);
	ok(zx_handle_close(slice));
	assert_int_equal(pending(vmo), NO_CHILDREN);
	/* The kernel's, and so nobody's to set. */
	is(zx_object_signal(vmo, NO_CHILDREN, 0), ZX_ERR_INVALID_ARGS);
	is(zx_object_signal(vmo, 0, NO_CHILDREN), ZX_ERR_INVALID_ARGS);
	ok(zx_object_signal(vmo, 0, S(0)));
	assert_int_equal(pending(vmo), NO_CHILDREN | S(0));
	is(zx_object_signal(pager, 0, S(0)), ZX_ERR_ACCESS_DENIED);
	is(zx_object_signal(port, 0, S(0)), ZX_ERR_ACCESS_DENIED);
	is(zx_object_signal_peer(vmo, 0, S(0)), ZX_ERR_ACCESS_DENIED);
}

static zx_status_t wait_for_none(struct waiter *w)
{
	return zx_object_wait_one(vmo, NO_CHILDREN, ZX_TIME_INFINITE,
				  (zx_signals_t *)w->buffer);
}

/* The last one may be a mapping, of which no handle is left. */
static void zero_children_wakes(void **state)
{
	const zx_handle_t root = zx_vmar_root_self();
	zx_handle_t child = new_child(ON_WRITE), again;
	struct waiter w;
	zx_vaddr_t at;

	(void)state;
	ok(zx_vmar_map(root, ZX_VM_PERM_READ, 0, child, 0, PAGE, &at));
	ok(zx_object_wait_async(vmo, port, 1, NO_CHILDREN, 0));
	start(&w, wait_for_none);
	ok(zx_handle_close(child));
	expect_no_packet();
	ok(zx_vmar_unmap(root, at, PAGE));
	ok(finish(&w));
	assert_int_equal(*(zx_signals_t *)w.buffer, NO_CHILDREN);
	expect_signal(1, NO_CHILDREN, NO_CHILDREN);
	/* Again, and of one that is waited for already. */
	ok(zx_vmo_create_child(vmo, ON_WRITE, 0, PAGE, &again));
	ok(zx_object_wait_async(vmo, port, 2, NO_CHILDREN | S(3), 0));
	expect_no_packet();
	ok(zx_handle_close(again));
	expect_signal(2, NO_CHILDREN | S(3), NO_CHILDREN);
}

static void zero_children_edge(void **state)
{
	zx_handle_t child;

	(void)state;
	supply(0, 4 * PAGE, 'p');
	ok(zx_object_wait_async(vmo, port, 1, NO_CHILDREN, ZX_WAIT_ASYNC_EDGE));
	expect_no_packet();
	ok(zx_vmo_create_child(vmo, ON_WRITE, 0, PAGE, &child));
	expect_no_packet();
	ok(zx_handle_close(child));
	expect_signal(1, NO_CHILDREN, NO_CHILDREN);
}

/* That somebody waits for it does not keep a VMO. */
static void waited_for_is_not_kept(void **state)
{
	zx_handle_t child = new_child(ON_WRITE);

	(void)state;
	ok(zx_object_wait_async(vmo, port, 1, NO_CHILDREN, 0));
	ok(zx_handle_close(vmo));
	expect_no_packet();
	ok(zx_handle_close(child));
	expect_packet(ZX_PAGER_VMO_COMPLETE, 0, 0);
	expect_no_packet();
	ok(zx_pager_create_vmo(pager, 0, port, KEY, 4 * PAGE, &vmo));
}

/* A child that another process has. */
static void zero_children_elsewhere(void **state)
{
	zx_handle_t child = new_child(ON_WRITE), go, peer;
	zx_signals_t observed;
	int status;

	(void)state;
	ok(zx_eventpair_create(0, &go, &peer));
	if (!fork()) {
		zx_handle_close(go);
		_exit(zx_object_wait_one(peer, ZX_EVENTPAIR_PEER_CLOSED, ZX_TIME_INFINITE,
					 &observed));
	}
	ok(zx_handle_close(child));
	ok(zx_object_wait_async(vmo, port, 1, NO_CHILDREN, 0));
	is(zx_object_wait_one(vmo, NO_CHILDREN, 0, &observed), ZX_ERR_TIMED_OUT);
	expect_no_packet();
	ok(zx_handle_close(go));
	ok(zx_object_wait_one(vmo, NO_CHILDREN, ZX_TIME_INFINITE, &observed));
	expect_signal(1, NO_CHILDREN, NO_CHILDREN);
	assert_true(wait(&status) > 0);
	assert_int_equal(status, 0);
	ok(zx_handle_close(peer));
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
		TEST(edge),
		TEST(Timestamp),
		TEST(ThreadEvents),
		TEST(among_others),
		TEST(WaitSignalCancel),
		TEST(CloseWaitRace),
		TEST(CloseQueueRace),
		TEST(fork_does_not_wait),
		TEST(zero_children),
		TEST(zero_children_wakes),
		TEST(zero_children_edge),
		TEST(waited_for_is_not_kept),
		TEST(zero_children_elsewhere),
	};

	if (sysconf(_SC_PAGESIZE) != PAGE)
		return 77;
	return cmocka_run_group_tests(libzx_async, NULL, NULL);
}

// SPDX-License-Identifier: MIT
/*
 * libzx against the module: waits for a port that race with their end, by the names of
 * Zircon's tests.
 */
#include <sched.h>

#include "fixture.h"

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

static void begin_thread(pthread_t *thread, void *(*call)(void *arg), void *arg)
{
	assert_int_equal(pthread_create(thread, NULL, call, arg), 0);
}

static void end_thread(pthread_t thread)
{
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static void MatchHandleCloseRace(void **state)
{
	zx_handle_t h = new_event(), p;
	pthread_t thread;

	(void)state;
	stop = false;
	begin_thread(&thread, signaler, &h);
	for (int i = 0; i < 500; i++) {
		ok(zx_port_create(0, &p));
		ok(zx_object_wait_async(h, p, 1, SIGNALED, 0));
		ok(zx_handle_close(p));
	}
	stop = true;
	end_thread(thread);
	ok(zx_handle_close(h));
}

#define EVENTS	100

static void *signal_all(void *arg)
{
	const zx_handle_t *h = arg;

	for (int i = 0; i < EVENTS; i++)
		ok(zx_object_signal(h[i], 0, SIGNALED));
	return NULL;
}

/* Events that wait for a port. */
static void new_events(zx_handle_t h[EVENTS], zx_handle_t p)
{
	for (int i = 0; i < EVENTS; i++) {
		h[i] = new_event();
		ok(zx_object_wait_async(h[i], p, 7, SIGNALED, ZX_WAIT_ASYNC_ONCE));
	}
}

static void QueuePacketAfterPortClosedConcurrentRace(void **state)
{
	zx_handle_t h[EVENTS], p;
	pthread_t thread;

	(void)state;
	for (int i = 0; i < 20; i++) {
		ok(zx_port_create(0, &p));
		new_events(h, p);
		begin_thread(&thread, signal_all, h);
		ok(zx_handle_close(p));
		end_thread(thread);
		ok(zx_handle_close_many(h, EVENTS));
	}
}

static void expect_canceled(zx_status_t status)
{
	if (status != ZX_ERR_NOT_FOUND)
		ok(status);
}

static void CancelKeySharedKeyRace(void **state)
{
	zx_handle_t h[EVENTS];
	pthread_t thread;

	(void)state;
	for (int i = 0; i < 20; i++) {
		new_events(h, port);
		begin_thread(&thread, signal_all, h);
		expect_canceled(zx_port_cancel_key(port, 0, 7));
		end_thread(thread);
		expect_canceled(zx_port_cancel_key(port, 0, 7));
		expect_no_packet();
		ok(zx_handle_close_many(h, EVENTS));
	}
}

static void *close_first(void *arg)
{
	ok(zx_handle_close(*(zx_handle_t *)arg));
	return NULL;
}

static void CancelKeyCloseRace(void **state)
{
	zx_handle_t h[EVENTS];
	pthread_t thread;

	(void)state;
	for (int i = 0; i < 20; i++) {
		new_events(h, port);
		begin_thread(&thread, close_first, h);
		expect_canceled(zx_port_cancel_key(port, 0, 7));
		end_thread(thread);
		ok(zx_handle_close_many(h + 1, EVENTS - 1));
	}
	expect_no_packet();
}

static void *cancel_loop(void *arg)
{
	while (!stop)
		expect_canceled(zx_port_cancel_key(port, 0, *(uint64_t *)arg));
	return NULL;
}

static void *take_loop(void *arg)
{
	zx_port_packet_t p;

	while (!stop)
		zx_port_wait(port, zx_deadline_after(ZX_MSEC(1)), &p);
	return arg;
}

static void CancelKeyDuringRegistrationRace(void **state)
{
	zx_handle_t h = new_event();
	uint64_t key = 1234;
	pthread_t threads[3];

	(void)state;
	stop = false;
	begin_thread(&threads[0], signaler, &h);
	begin_thread(&threads[1], cancel_loop, &key);
	begin_thread(&threads[2], take_loop, NULL);
	for (int i = 0; i < 2000; i++)
		ok(zx_object_wait_async(h, port, key, SIGNALED, 0));
	stop = true;
	for (int i = 0; i < 3; i++)
		end_thread(threads[i]);
	expect_canceled(zx_port_cancel_key(port, 0, key));
	expect_no_packet();
	ok(zx_handle_close(h));
}

static void *signal_once(void *arg)
{
	ok(zx_object_signal(*(zx_handle_t *)arg, 0, SIGNALED));
	return NULL;
}

static void *take_key(void *arg)
{
	zx_port_packet_t p;

	ok(zx_port_wait(port, ZX_TIME_INFINITE, &p));
	*(uint64_t *)arg = p.key;
	return NULL;
}

/* A wait is over by a packet that is taken, or is canceled, and never both. */
static void CancelKeyDuringMatchRace(void **state)
{
	const zx_port_packet_t end = { .key = 1 };
	zx_handle_t h = new_event();
	pthread_t threads[2];
	zx_port_packet_t p;
	zx_status_t status;
	uint64_t key;

	(void)state;
	for (int i = 0; i < 200; i++) {
		ok(zx_object_wait_async(h, port, 7, SIGNALED, 0));
		begin_thread(&threads[0], take_key, &key);
		begin_thread(&threads[1], signal_once, &h);
		status = zx_port_cancel_key(port, 0, 7);
		ok(zx_port_queue(port, &end));
		end_thread(threads[1]);
		end_thread(threads[0]);
		row_is((size_t)i, status, key == 7 ? ZX_ERR_NOT_FOUND : ZX_OK);
		if (key == 7)
			ok(zx_port_wait(port, 0, &p));
		expect_no_packet();
		ok(zx_object_signal(h, SIGNALED, 0));
	}
	ok(zx_handle_close(h));
}

static void *signal_and_close(void *arg)
{
	for (int i = 0; i < 300; i++) {
		zx_handle_t h = new_event();

		ok(zx_object_wait_async(h, port, 0, SIGNALED, 0));
		ok(zx_object_signal(h, 0, SIGNALED));
		ok(zx_handle_close(h));
	}
	return arg;
}

static void *drain(void *arg)
{
	zx_port_packet_t p;

	do {
		ok(zx_port_wait(port, ZX_TIME_INFINITE, &p));
	} while (p.type != ZX_PKT_TYPE_USER);
	return arg;
}

static void SignalCloseWait(void **state)
{
	const zx_port_packet_t end = { .key = 1 };
	pthread_t threads[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		begin_thread(&threads[i], i < 2 ? signal_and_close : drain, NULL);
	end_thread(threads[0]);
	end_thread(threads[1]);
	ok(zx_port_queue(port, &end));
	ok(zx_port_queue(port, &end));
	end_thread(threads[2]);
	end_thread(threads[3]);
	expect_no_packet();
}

int main(void)
{
	static const struct CMUnitTest libzx_async_race[] = {
		TEST(WaitSignalCancel),
		TEST(CloseWaitRace),
		TEST(CloseQueueRace),
		TEST(MatchHandleCloseRace),
		TEST(QueuePacketAfterPortClosedConcurrentRace),
		TEST(CancelKeySharedKeyRace),
		TEST(CancelKeyCloseRace),
		TEST(CancelKeyDuringRegistrationRace),
		TEST(CancelKeyDuringMatchRace),
		TEST(SignalCloseWait),
	};

	if (sysconf(_SC_PAGESIZE) != PAGE)
		return 77;
	return cmocka_run_group_tests(libzx_async_race, NULL, NULL);
}

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

int main(void)
{
	static const struct CMUnitTest libzx_async_race[] = {
		TEST(WaitSignalCancel),
		TEST(CloseWaitRace),
		TEST(CloseQueueRace),
	};

	if (sysconf(_SC_PAGESIZE) != PAGE)
		return 77;
	return cmocka_run_group_tests(libzx_async_race, NULL, NULL);
}

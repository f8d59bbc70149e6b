// SPDX-License-Identifier: MIT
/*
 * Events, and calls that wait for their signals: Zircon's own tests by their names, and what
 * is Linux's.  Needs no module.
 */
#include <sys/resource.h>

#include "fixture.h"

/* ---- events ---- */

static void event_create(void **state)
{
	zx_info_handle_basic_t info;
	zx_handle_t h = 77;

	(void)state;
	is(zx_event_create(1, &h), ZX_ERR_INVALID_ARGS);
	is(zx_event_create(0, NULL), ZX_ERR_INVALID_ARGS);
	is(zx_event_create(0, (void *)8), ZX_ERR_INVALID_ARGS);
	assert_int_equal(h, 77);
	h = new_event();
	ok(zx_object_get_info(h, ZX_INFO_HANDLE_BASIC, &info, sizeof(info), NULL, NULL));
	assert_int_equal(info.type, ZX_OBJ_TYPE_EVENT);
	assert_int_equal(info.rights, ZX_RIGHTS_BASIC | ZX_RIGHT_SIGNAL);
	assert_int_equal(info.related_koid, 0);
	assert_int_not_equal(info.koid, 0);
	assert_int_equal(fcntl(zx_linux_handle_to_fd(h), F_GETFD), FD_CLOEXEC);
	ok(zx_handle_close(h));
	/* Zircon's numbers. */
	assert_int_equal(ZX_DEFAULT_EVENT_RIGHTS, 0xd003);
	assert_int_equal(ZX_DEFAULT_EVENTPAIR_RIGHTS, 0xf003);
	assert_int_equal(ZX_OBJ_TYPE_EVENT, 5);
	assert_int_equal(ZX_OBJ_TYPE_EVENTPAIR, 16);
	assert_int_equal(ZX_USER_SIGNAL_7, 0x80000000);
	assert_int_equal(ZX_SIGNAL_HANDLE_CLOSED, 0x800000);
	assert_int_equal(ZX_EVENT_SIGNAL_MASK, 0xff000008);
	assert_int_equal(ZX_EVENTPAIR_SIGNAL_MASK, 0xff00000c);
	assert_int_equal(ZX_VMO_ZERO_CHILDREN, 8);
}

static void too_many_files(void **state)
{
	struct rlimit old, few;
	zx_status_t status[5];
	zx_handle_t h[2];

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = old;
	h[0] = new_event();
	/* Room for none, for one, and for all but one of those of a pair. */
	for (rlim_t room = 0; room < 4; room++) {
		few.rlim_cur = (rlim_t)zx_linux_handle_to_fd(h[0]) + 1 + room;
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
		status[room] = zx_eventpair_create(0, &h[1], &h[1]);
		if (!room)
			status[4] = zx_event_create(0, &h[1]);
		setrlimit(RLIMIT_NOFILE, &old);
	}
	for (int i = 0; i < 5; i++)
		is(status[i], ZX_ERR_NO_RESOURCES);
	/* Nothing is left of them. */
	h[1] = new_event();
	assert_int_equal(zx_linux_handle_to_fd(h[1]), zx_linux_handle_to_fd(h[0]) + 1);
	ok(zx_handle_close_many(h, 2));
}

static void signal_errors(void **state)
{
	zx_handle_t h = new_event(), poor;

	(void)state;
	is(zx_object_signal(ZX_HANDLE_INVALID, 0, 0), ZX_ERR_BAD_HANDLE);
	is(zx_object_signal(CLOSED, 0, 1), ZX_ERR_BAD_HANDLE);
	is(zx_object_signal(ODD, 0, 1), ZX_ERR_BAD_HANDLE);
	ok(zx_handle_duplicate(h, ZX_RIGHT_WAIT, &poor));
	is(zx_object_signal(poor, 0, 1), ZX_ERR_ACCESS_DENIED);
	is(zx_object_signal(zx_vmar_root_self(), 0, S(0)), ZX_ERR_ACCESS_DENIED);
	for (int bit = 0; bit < 32; bit++) {
		const zx_signals_t one = (zx_signals_t)1 << bit;
		bool may = one & (ZX_USER_SIGNAL_ALL | SIGNALED);

		row_is((size_t)bit, zx_object_signal(h, 0, one),
		       may ? ZX_OK : ZX_ERR_INVALID_ARGS);
		row_is((size_t)bit, zx_object_signal(h, one, 0),
		       may ? ZX_OK : ZX_ERR_INVALID_ARGS);
	}
	assert_int_equal(pending(h), 0);
	/* What is in both is set. */
	ok(zx_object_signal(h, S(1) | SIGNALED, S(1)));
	assert_int_equal(pending(h), S(1));
	ok(zx_handle_close_many((zx_handle_t[]){ h, poor }, 2));
}

static void wait_errors(void **state)
{
	zx_handle_t h = new_event(), poor, file;
	zx_wait_item_t items[2];
	zx_signals_t observed = 77;
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	file = zx_linux_handle_from_fd(fds[0]);
	ok(zx_handle_duplicate(h, ZX_RIGHT_SIGNAL, &poor));
	is(zx_object_wait_one(CLOSED, SIGNALED, 0, &observed), ZX_ERR_BAD_HANDLE);
	is(zx_object_wait_one(ZX_HANDLE_INVALID, SIGNALED, 0, &observed), ZX_ERR_BAD_HANDLE);
	is(zx_object_wait_one(poor, SIGNALED, 0, &observed), ZX_ERR_ACCESS_DENIED);
	is(zx_object_wait_one(zx_vmar_root_self(), SIGNALED, 0, &observed),
	   ZX_ERR_ACCESS_DENIED);
	is(zx_object_wait_one(file, SIGNALED, 0, &observed), ZX_ERR_NOT_SUPPORTED);
	assert_int_equal(observed, 77);
	is(zx_object_wait_one(h, SIGNALED, 0, (void *)8), ZX_ERR_INVALID_ARGS);
	is(zx_object_wait_one(h, SIGNALED, 0, NULL), ZX_ERR_TIMED_OUT);
	/* The first item that is wrong says how. */
	items[0] = (zx_wait_item_t){ file, SIGNALED, 77 };
	items[1] = (zx_wait_item_t){ CLOSED, SIGNALED, 77 };
	is(zx_object_wait_many(items, 2, 0), ZX_ERR_NOT_SUPPORTED);
	items[0].handle = h;
	is(zx_object_wait_many(items, 2, 0), ZX_ERR_BAD_HANDLE);
	items[1].handle = poor;
	is(zx_object_wait_many(items, 2, 0), ZX_ERR_ACCESS_DENIED);
	assert_int_equal(items[0].pending, 77);
	is(zx_object_wait_many(NULL, 1, 0), ZX_ERR_INVALID_ARGS);
	is(zx_object_wait_many((void *)8, 1, 0), ZX_ERR_INVALID_ARGS);
	ok(zx_handle_close_many((zx_handle_t[]){ h, poor, file }, 3));
	close(fds[1]);
}

/* What is there is seen though the time is over, and it is never over early. */
static void deadlines(void **state)
{
	zx_handle_t h = new_event();
	zx_signals_t observed;
	zx_time_t until;

	(void)state;
	until = zx_deadline_after(ZX_MSEC(3));
	is(zx_object_wait_one(h, SIGNALED, until, &observed), ZX_ERR_TIMED_OUT);
	assert_true(zx_clock_get_monotonic() >= until);
	is(zx_object_wait_one(h, SIGNALED, 0, &observed), ZX_ERR_TIMED_OUT);
	is(zx_object_wait_one(h, SIGNALED, -1, &observed), ZX_ERR_TIMED_OUT);
	is(zx_object_wait_one(h, SIGNALED, 1, &observed), ZX_ERR_TIMED_OUT);
	is(zx_object_wait_one(h, SIGNALED, ZX_TIME_INFINITE_PAST, &observed),
	   ZX_ERR_TIMED_OUT);
	ok(zx_object_signal(h, 0, SIGNALED | S(2)));
	ok(zx_object_wait_one(h, SIGNALED, ZX_TIME_INFINITE_PAST, &observed));
	assert_int_equal(observed, SIGNALED | S(2));
	ok(zx_handle_close(h));
}

/* ---- Zircon's, of wait_one ---- */

static void WaitForEventSignaled(void **state)
{
	zx_handle_t h = new_event();
	zx_signals_t observed;

	(void)state;
	ok(zx_object_signal(h, 0, SIGNALED));
	ok(zx_object_wait_one(h, SIGNALED, ZX_TIME_INFINITE, &observed));
	assert_int_equal(observed, SIGNALED);
	ok(zx_handle_close(h));
}

static void WaitForEventTimeout(void **state)
{
	zx_handle_t h = new_event();
	zx_signals_t observed = 77;

	(void)state;
	is(zx_object_wait_one(h, SIGNALED, zx_deadline_after(ZX_MSEC(1)), &observed),
	   ZX_ERR_TIMED_OUT);
	assert_int_equal(observed, 0);
	ok(zx_handle_close(h));
}

static void EmptySignalSet(void **state)
{
	zx_handle_t h = new_event();

	(void)state;
	assert_int_equal(pending(h), 0);
	ok(zx_object_signal(h, 0, S(3)));
	assert_int_equal(pending(h), S(3));
	ok(zx_handle_close(h));
}

static void WaitForEventTimeoutPreSignalClear(void **state)
{
	zx_handle_t h = new_event();
	zx_signals_t observed = 77;

	(void)state;
	ok(zx_object_signal(h, 0, SIGNALED));
	ok(zx_object_signal(h, SIGNALED, 0));
	is(zx_object_wait_one(h, SIGNALED, zx_deadline_after(ZX_MSEC(1)), &observed),
	   ZX_ERR_TIMED_OUT);
	assert_int_equal(observed, 0);
	ok(zx_handle_close(h));
}

static void WaitForEventThenSignal(void **state)
{
	zx_handle_t h = new_event();
	struct wait_call c = { .items = { { h, SIGNALED, 0 } } };

	(void)state;
	begin_wait(&c);
	ok(zx_object_signal(h, 0, SIGNALED));
	ok(end_wait(&c));
	assert_int_equal(c.items[0].pending, SIGNALED);
	/* Seen though it is gone again before the thread runs. */
	ok(zx_object_signal(h, SIGNALED, 0));
	begin_wait(&c);
	ok(zx_object_signal(h, 0, SIGNALED));
	ok(zx_object_signal(h, SIGNALED, S(1)));
	ok(end_wait(&c));
	assert_int_equal(c.items[0].pending, SIGNALED);
	ok(zx_handle_close(h));
}

static void TransientSignalsNotReturned(void **state)
{
	zx_handle_t h = new_event();
	struct wait_call c = { .items = { { h, S(1), 0 } } };

	(void)state;
	begin_wait(&c);
	ok(zx_object_signal(h, 0, S(0)));
	ok(zx_object_signal(h, S(0), 0));
	ok(zx_object_signal(h, 0, S(1)));
	ok(end_wait(&c));
	assert_int_equal(c.items[0].pending, S(1));
	ok(zx_handle_close(h));
}

/* ---- and of wait_many ---- */

static void TooManyObjects(void **state)
{
	zx_wait_item_t items[ZX_WAIT_MANY_MAX_ITEMS + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(items); i++)
		items[i] = (zx_wait_item_t){ new_event(), SIGNALED, 0 };
	is(zx_object_wait_many(items, COUNT(items), ZX_TIME_INFINITE), ZX_ERR_OUT_OF_RANGE);
	ok(zx_object_signal(items[63].handle, 0, SIGNALED));
	ok(zx_object_wait_many(items, ZX_WAIT_MANY_MAX_ITEMS, ZX_TIME_INFINITE));
	assert_int_equal(items[63].pending, SIGNALED);
	for (size_t i = 0; i < COUNT(items); i++)
		ok(zx_handle_close(items[i].handle));
}

static void InvalidHandle(void **state)
{
	zx_wait_item_t items[3];

	(void)state;
	for (size_t i = 0; i < 3; i++)
		items[i] = (zx_wait_item_t){ new_event(), SIGNALED, 0 };
	ok(zx_handle_close(items[1].handle));
	is(zx_object_wait_many(items, 3, ZX_TIME_INFINITE), ZX_ERR_BAD_HANDLE);
	ok(zx_handle_close(items[0].handle));
	ok(zx_handle_close(items[2].handle));
}

static void WaitForEventsSignaled(void **state)
{
	zx_wait_item_t items[8];

	(void)state;
	for (size_t i = 0; i < 8; i++)
		items[i] = (zx_wait_item_t){ new_event(), SIGNALED, 77 };
	ok(zx_object_signal(items[2].handle, 0, SIGNALED));
	ok(zx_object_signal(items[5].handle, 0, SIGNALED));
	ok(zx_object_wait_many(items, 8, ZX_TIME_INFINITE));
	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(items[i].pending, i == 2 || i == 5 ? SIGNALED : 0);
		ok(zx_handle_close(items[i].handle));
	}
}

static void WaitForEventsThenSignal(void **state)
{
	struct wait_call c = { .n = 3 };

	(void)state;
	for (size_t i = 0; i < 3; i++)
		c.items[i] = (zx_wait_item_t){ new_event(), SIGNALED, 77 };
	begin_wait(&c);
	ok(zx_object_signal(c.items[1].handle, 0, SIGNALED));
	ok(end_wait(&c));
	assert_int_equal(c.items[0].pending, 0);
	assert_int_equal(c.items[1].pending, SIGNALED);
	for (size_t i = 0; i < 3; i++)
		ok(zx_handle_close(c.items[i].handle));
}

static void TransientSignalsNotReturnedMany(void **state)
{
	struct wait_call c = { .n = 3 };

	(void)state;
	for (size_t i = 0; i < 3; i++)
		c.items[i] = (zx_wait_item_t){ new_event(), S(0), 77 };
	begin_wait(&c);
	ok(zx_object_signal(c.items[0].handle, 0, S(1)));
	ok(zx_object_signal(c.items[0].handle, S(1), 0));
	ok(zx_object_signal(c.items[2].handle, 0, S(1)));
	ok(zx_object_signal(c.items[2].handle, S(1), 0));
	ok(zx_object_signal(c.items[1].handle, 0, S(1)));
	ok(zx_object_signal(c.items[0].handle, 0, S(0)));
	ok(end_wait(&c));
	assert_int_equal(c.items[0].pending, S(0));
	assert_int_equal(c.items[1].pending, S(1));
	assert_int_equal(c.items[2].pending, 0);
	for (size_t i = 0; i < 3; i++)
		ok(zx_handle_close(c.items[i].handle));
}

static void WaitOnZeroThings(void **state)
{
	zx_time_t until = zx_deadline_after(ZX_MSEC(3));

	(void)state;
	is(zx_object_wait_many(NULL, 0, until), ZX_ERR_TIMED_OUT);
	assert_true(zx_clock_get_monotonic() >= until);
}

/* ---- a handle that is closed while it is waited for ---- */

static void closed_is_canceled(void **state)
{
	zx_handle_t h = new_event(), other;
	struct wait_call one = { .items = { { h, SIGNALED, 0 } } };
	struct wait_call many = { .n = 2 };
	struct wait_call by_other = { 0 };

	(void)state;
	ok(zx_handle_duplicate(h, ZX_RIGHT_SAME_RIGHTS, &other));
	many.items[0] = (zx_wait_item_t){ other, SIGNALED, 0 };
	many.items[1] = (zx_wait_item_t){ h, SIGNALED, 0 };
	by_other.items[0] = (zx_wait_item_t){ other, SIGNALED, 0 };
	ok(zx_object_signal(h, 0, S(4)));
	begin_wait(&one);
	begin_wait(&many);
	begin_wait(&by_other);
	ok(zx_handle_close(h));
	is(end_wait(&one), ZX_ERR_CANCELED);
	assert_int_equal(one.items[0].pending, S(4) | ZX_SIGNAL_HANDLE_CLOSED);
	is(end_wait(&many), ZX_ERR_CANCELED);
	assert_int_equal(many.items[0].pending, S(4));
	assert_int_equal(many.items[1].pending, S(4) | ZX_SIGNAL_HANDLE_CLOSED);
	/* Another handle of the same object is another matter. */
	ok(zx_object_signal(other, 0, SIGNALED));
	ok(end_wait(&by_other));
	ok(zx_handle_close(other));
}

static void replaced_is_canceled(void **state)
{
	zx_handle_t h = new_event(), new;
	struct wait_call c = { .items = { { h, SIGNALED, 0 } } };

	(void)state;
	begin_wait(&c);
	ok(zx_handle_replace(h, ZX_RIGHT_SAME_RIGHTS, &new));
	is(end_wait(&c), ZX_ERR_CANCELED);
	is(zx_object_signal(h, 0, SIGNALED), ZX_ERR_BAD_HANDLE);
	ok(zx_object_signal(new, 0, SIGNALED));
	assert_int_equal(pending(new), SIGNALED);
	ok(zx_handle_close(new));
}

/* A number that lives again has not the signals that it had. */
static void signals_go_with_the_object(void **state)
{
	zx_handle_t h = new_event(), new;

	(void)state;
	ok(zx_object_signal(h, 0, SIGNALED | S(7)));
	ok(zx_handle_close(h));
	new = new_event();
	assert_int_equal(pending(new), 0);
	is(zx_object_signal(h, 0, SIGNALED), ZX_ERR_BAD_HANDLE);
	assert_int_equal(pending(new), 0);
	ok(zx_handle_close(new));
}

int main(void)
{
	static const struct CMUnitTest libzx_wait[] = {
		cmocka_unit_test(event_create),
		cmocka_unit_test(too_many_files),
		cmocka_unit_test(signal_errors),
		cmocka_unit_test(wait_errors),
		cmocka_unit_test(deadlines),
		cmocka_unit_test(WaitForEventSignaled),
		cmocka_unit_test(WaitForEventTimeout),
		cmocka_unit_test(EmptySignalSet),
		cmocka_unit_test(WaitForEventTimeoutPreSignalClear),
		cmocka_unit_test(WaitForEventThenSignal),
		cmocka_unit_test(TransientSignalsNotReturned),
		cmocka_unit_test(TooManyObjects),
		cmocka_unit_test(InvalidHandle),
		cmocka_unit_test(WaitForEventsSignaled),
		cmocka_unit_test(WaitForEventsThenSignal),
		cmocka_unit_test(TransientSignalsNotReturnedMany),
		cmocka_unit_test(WaitOnZeroThings),
		cmocka_unit_test(closed_is_canceled),
		cmocka_unit_test(replaced_is_canceled),
		cmocka_unit_test(signals_go_with_the_object),
	};

	return cmocka_run_group_tests(libzx_wait, NULL, NULL);
}

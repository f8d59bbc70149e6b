// SPDX-License-Identifier: MIT
/*
 * Events, pairs of them, and calls that wait for their signals: Zircon's own tests by their
 * names, and what is Linux's.  Needs no module.
 */
#include <poll.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <linux/futex.h>

#include "fixture.h"

#define SIGNALED	ZX_EVENT_SIGNALED
#define PEER_CLOSED	ZX_EVENTPAIR_PEER_CLOSED
#define S(n)		(ZX_USER_SIGNAL_0 << (n))

static zx_handle_t new_event(void)
{
	zx_handle_t h;

	ok(zx_event_create(0, &h));
	return h;
}

struct pair {
	zx_handle_t a, b;
};

static struct pair new_pair(void)
{
	struct pair p;

	ok(zx_eventpair_create(0, &p.a, &p.b));
	return p;
}

/* All signals that there are now. */
static zx_signals_t pending(zx_handle_t handle)
{
	zx_signals_t observed = 77;

	is(zx_object_wait_one(handle, 0, ZX_TIME_INFINITE_PAST, &observed),
	   ZX_ERR_TIMED_OUT);
	return observed;
}

static short polled(zx_handle_t handle)
{
	struct pollfd pfd = { .fd = zx_linux_handle_to_fd(handle), .events = POLLIN };

	assert_int_not_equal(poll(&pfd, 1, 0), -1);
	return pfd.revents;
}

/*
 * A call in a thread of its own, which has begun to wait: that is a wait for a condition,
 * as the kernel tells of the system call that the thread is in.
 */
static bool waits(pid_t tid)
{
	unsigned long long operation = 0;
	char path[64];
	long number = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", tid);
	file = fopen(path, "re");
	assert_non_null(file);
	if (fscanf(file, "%ld %*x %llx", &number, &operation) != 2)
		number = -1;
	fclose(file);
	return number == SYS_futex && (operation & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET;
}

struct call {
	pthread_t thread;
	_Atomic pid_t tid;
	zx_wait_item_t items[3];
	size_t n;
	zx_status_t status;
};

static void *call_main(void *arg)
{
	struct call *c = arg;

	c->tid = gettid();
	c->status = c->n ? zx_object_wait_many(c->items, c->n, ZX_TIME_INFINITE) :
			   zx_object_wait_one(c->items[0].handle, c->items[0].waitfor,
					      ZX_TIME_INFINITE, &c->items[0].pending);
	return NULL;
}

static void begin(struct call *c)
{
	c->tid = 0;
	assert_int_equal(pthread_create(&c->thread, NULL, call_main, c), 0);
	while (!c->tid || !waits(c->tid))
		sched_yield();
}

static zx_status_t end(struct call *c)
{
	assert_int_equal(pthread_join(c->thread, NULL), 0);
	return c->status;
}

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
	struct call c = { .items = { { h, SIGNALED, 0 } } };

	(void)state;
	begin(&c);
	ok(zx_object_signal(h, 0, SIGNALED));
	ok(end(&c));
	assert_int_equal(c.items[0].pending, SIGNALED);
	/* Seen though it is gone again before the thread runs. */
	ok(zx_object_signal(h, SIGNALED, 0));
	begin(&c);
	ok(zx_object_signal(h, 0, SIGNALED));
	ok(zx_object_signal(h, SIGNALED, S(1)));
	ok(end(&c));
	assert_int_equal(c.items[0].pending, SIGNALED);
	ok(zx_handle_close(h));
}

static void TransientSignalsNotReturned(void **state)
{
	zx_handle_t h = new_event();
	struct call c = { .items = { { h, S(1), 0 } } };

	(void)state;
	begin(&c);
	ok(zx_object_signal(h, 0, S(0)));
	ok(zx_object_signal(h, S(0), 0));
	ok(zx_object_signal(h, 0, S(1)));
	ok(end(&c));
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
	struct call c = { .n = 3 };

	(void)state;
	for (size_t i = 0; i < 3; i++)
		c.items[i] = (zx_wait_item_t){ new_event(), SIGNALED, 77 };
	begin(&c);
	ok(zx_object_signal(c.items[1].handle, 0, SIGNALED));
	ok(end(&c));
	assert_int_equal(c.items[0].pending, 0);
	assert_int_equal(c.items[1].pending, SIGNALED);
	for (size_t i = 0; i < 3; i++)
		ok(zx_handle_close(c.items[i].handle));
}

static void TransientSignalsNotReturnedMany(void **state)
{
	struct call c = { .n = 3 };

	(void)state;
	for (size_t i = 0; i < 3; i++)
		c.items[i] = (zx_wait_item_t){ new_event(), S(0), 77 };
	begin(&c);
	ok(zx_object_signal(c.items[0].handle, 0, S(1)));
	ok(zx_object_signal(c.items[0].handle, S(1), 0));
	ok(zx_object_signal(c.items[2].handle, 0, S(1)));
	ok(zx_object_signal(c.items[2].handle, S(1), 0));
	ok(zx_object_signal(c.items[1].handle, 0, S(1)));
	ok(zx_object_signal(c.items[0].handle, 0, S(0)));
	ok(end(&c));
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
	struct call one = { .items = { { h, SIGNALED, 0 } } };
	struct call many = { .n = 2 };
	struct call by_other = { 0 };

	(void)state;
	ok(zx_handle_duplicate(h, ZX_RIGHT_SAME_RIGHTS, &other));
	many.items[0] = (zx_wait_item_t){ other, SIGNALED, 0 };
	many.items[1] = (zx_wait_item_t){ h, SIGNALED, 0 };
	by_other.items[0] = (zx_wait_item_t){ other, SIGNALED, 0 };
	ok(zx_object_signal(h, 0, S(4)));
	begin(&one);
	begin(&many);
	begin(&by_other);
	ok(zx_handle_close(h));
	is(end(&one), ZX_ERR_CANCELED);
	assert_int_equal(one.items[0].pending, S(4) | ZX_SIGNAL_HANDLE_CLOSED);
	is(end(&many), ZX_ERR_CANCELED);
	assert_int_equal(many.items[0].pending, S(4));
	assert_int_equal(many.items[1].pending, S(4) | ZX_SIGNAL_HANDLE_CLOSED);
	/* Another handle of the same object is another matter. */
	ok(zx_object_signal(other, 0, SIGNALED));
	ok(end(&by_other));
	ok(zx_handle_close(other));
}

static void replaced_is_canceled(void **state)
{
	zx_handle_t h = new_event(), new;
	struct call c = { .items = { { h, SIGNALED, 0 } } };

	(void)state;
	begin(&c);
	ok(zx_handle_replace(h, ZX_RIGHT_SAME_RIGHTS, &new));
	is(end(&c), ZX_ERR_CANCELED);
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

/* ---- Zircon's, of pairs ---- */

static void HandlesNotInvalid(void **state)
{
	struct pair p = new_pair();

	(void)state;
	assert_int_not_equal(p.a, ZX_HANDLE_INVALID);
	assert_int_not_equal(p.b, ZX_HANDLE_INVALID);
	assert_int_not_equal(p.a, p.b);
	ok(zx_handle_close_many(&p.a, 2));
}

static void HandleRightsAreCorrect(void **state)
{
	struct pair p = new_pair();
	zx_info_handle_basic_t info;

	(void)state;
	for (int i = 0; i < 2; i++) {
		ok(zx_object_get_info(i ? p.b : p.a, ZX_INFO_HANDLE_BASIC, &info,
				      sizeof(info), NULL, NULL));
		assert_int_equal(info.rights, ZX_RIGHTS_BASIC | ZX_RIGHT_SIGNAL |
				 ZX_RIGHT_SIGNAL_PEER);
		assert_int_equal(info.type, ZX_OBJ_TYPE_EVENTPAIR);
	}
	ok(zx_handle_close_many(&p.a, 2));
}

static void KoidsAreCorrect(void **state)
{
	struct pair p = new_pair();
	zx_info_handle_basic_t a, b;

	(void)state;
	ok(zx_object_get_info(p.a, ZX_INFO_HANDLE_BASIC, &a, sizeof(a), NULL, NULL));
	ok(zx_object_get_info(p.b, ZX_INFO_HANDLE_BASIC, &b, sizeof(b), NULL, NULL));
	assert_int_not_equal(a.koid, 0);
	assert_int_not_equal(a.koid, b.koid);
	assert_int_equal(a.koid, b.related_koid);
	assert_int_equal(b.koid, a.related_koid);
	ok(zx_handle_close_many(&p.a, 2));
}

static void CheckNoFlagsSupported(void **state)
{
	zx_handle_t a = 77, b = 77;

	(void)state;
	is(zx_eventpair_create(1, &a, &b), ZX_ERR_NOT_SUPPORTED);
	is(zx_eventpair_create(0, NULL, &b), ZX_ERR_INVALID_ARGS);
	assert_int_equal(a, 77);
	assert_int_equal(b, 77);
	is(zx_eventpair_create(0, &a, NULL), ZX_ERR_INVALID_ARGS);
}

static void SignalEventPairAndClearVerifySignals(void **state)
{
	struct pair p = new_pair();

	(void)state;
	assert_int_equal(pending(p.a), 0);
	assert_int_equal(pending(p.b), 0);
	ok(zx_object_signal(p.a, 0, S(0)));
	assert_int_equal(pending(p.a), S(0));
	assert_int_equal(pending(p.b), 0);
	ok(zx_object_signal(p.a, S(0), 0));
	assert_int_equal(pending(p.a), 0);
	assert_int_equal(pending(p.b), 0);
	ok(zx_handle_close_many(&p.a, 2));
}

static void SignalPeerAndVerifyRecived(void **state)
{
	struct pair p = new_pair();

	(void)state;
	ok(zx_object_signal_peer(p.a, 0, S(0)));
	assert_int_equal(pending(p.a), 0);
	assert_int_equal(pending(p.b), S(0));
	ok(zx_object_signal_peer(p.b, 0, S(1) | S(2)));
	assert_int_equal(pending(p.a), S(1) | S(2));
	ok(zx_object_signal_peer(p.a, S(0), S(3) | S(4)));
	assert_int_equal(pending(p.a), S(1) | S(2));
	assert_int_equal(pending(p.b), S(3) | S(4));
	ok(zx_handle_close_many(&p.a, 2));
}

static void SignalPeerThenCloseAndVerifySignalReceived(void **state)
{
	struct pair p = new_pair();

	(void)state;
	ok(zx_object_signal_peer(p.a, 0, S(3) | S(4)));
	ok(zx_handle_close(p.a));
	assert_int_equal(pending(p.b), PEER_CLOSED | S(3) | S(4));
	ok(zx_handle_close(p.b));
}

static void SignalingClosedPeerReturnsPeerClosed(void **state)
{
	struct pair p = new_pair();

	(void)state;
	ok(zx_handle_close(p.b));
	is(zx_object_signal_peer(p.a, 0, S(0)), ZX_ERR_PEER_CLOSED);
	ok(zx_handle_close(p.a));
}

static void SignalAccessDeniedMissingRights(void **state)
{
	const zx_rights_t all = ZX_DEFAULT_EVENTPAIR_RIGHTS;
	struct pair p = new_pair();
	zx_signals_t observed;
	zx_handle_t h[3];

	(void)state;
	ok(zx_handle_duplicate(p.a, all & ~ZX_RIGHT_SIGNAL, &h[0]));
	ok(zx_handle_duplicate(p.a, all & ~ZX_RIGHT_SIGNAL_PEER, &h[1]));
	ok(zx_handle_duplicate(p.a, all & ~ZX_RIGHT_WAIT, &h[2]));
	is(zx_object_signal(h[0], 0, S(0)), ZX_ERR_ACCESS_DENIED);
	is(zx_object_signal_peer(h[1], 0, S(0)), ZX_ERR_ACCESS_DENIED);
	is(zx_object_wait_one(h[2], S(0), 0, &observed), ZX_ERR_ACCESS_DENIED);
	assert_int_equal(pending(p.a) | pending(p.b), 0);
	ok(zx_handle_close_many(h, 3));
	ok(zx_handle_close_many(&p.a, 2));
}

static void DuplicateHandlesAndPeerClosed(void **state)
{
	struct pair p = new_pair();
	zx_handle_t one, two;

	(void)state;
	ok(zx_handle_duplicate(p.a, ZX_RIGHT_SAME_RIGHTS, &one));
	ok(zx_handle_duplicate(p.a, ZX_RIGHT_SAME_RIGHTS, &two));
	ok(zx_handle_close(p.a));
	assert_int_equal(pending(p.b), 0);
	ok(zx_handle_close(one));
	assert_int_equal(pending(p.b), 0);
	ok(zx_object_signal_peer(two, 0, S(0)));
	assert_int_equal(pending(p.b), S(0));
	ok(zx_handle_close(two));
	assert_int_equal(pending(p.b), PEER_CLOSED | S(0));
	ok(zx_handle_close(p.b));
}

static void SignalSelfAfterPeerClosed(void **state)
{
	struct pair p = new_pair();

	(void)state;
	ok(zx_handle_close(p.b));
	assert_int_equal(pending(p.a), PEER_CLOSED);
	ok(zx_object_signal(p.a, 0, S(3) | SIGNALED));
	assert_int_equal(pending(p.a), PEER_CLOSED | S(3) | SIGNALED);
	ok(zx_object_signal(p.a, S(3) | SIGNALED, 0));
	assert_int_equal(pending(p.a), PEER_CLOSED);
	ok(zx_handle_close(p.a));
}

static void InvalidSignalBits(void **state)
{
	static const zx_signals_t not[] = { PEER_CLOSED, 1u << 4, 1u << 23 };
	struct pair p = new_pair();

	(void)state;
	for (size_t i = 0; i < COUNT(not); i++) {
		row_is(i, zx_object_signal(p.a, 0, not[i]), ZX_ERR_INVALID_ARGS);
		row_is(i, zx_object_signal(p.a, not[i], 0), ZX_ERR_INVALID_ARGS);
		row_is(i, zx_object_signal_peer(p.a, 0, not[i]), ZX_ERR_INVALID_ARGS);
		row_is(i, zx_object_signal_peer(p.a, not[i], 0), ZX_ERR_INVALID_ARGS);
	}
	ok(zx_object_signal(p.a, 0, SIGNALED));
	assert_int_equal(pending(p.a), SIGNALED);
	ok(zx_object_signal(p.a, SIGNALED, 0));
	ok(zx_object_signal_peer(p.a, 0, SIGNALED));
	assert_int_equal(pending(p.a), 0);
	assert_int_equal(pending(p.b), SIGNALED);
	/* What is asked for is looked at before whether anybody is there. */
	ok(zx_handle_close(p.b));
	is(zx_object_signal_peer(p.a, 0, PEER_CLOSED), ZX_ERR_INVALID_ARGS);
	ok(zx_handle_close(p.a));
}

static void InvalidHandleAndWrongType(void **state)
{
	zx_handle_t h = new_event();

	(void)state;
	is(zx_object_signal_peer(ZX_HANDLE_INVALID, 0, S(0)), ZX_ERR_BAD_HANDLE);
	is(zx_object_signal_peer(h, 0, S(0)), ZX_ERR_ACCESS_DENIED);
	ok(zx_handle_close(h));
}

static void peer_closed_wakes(void **state)
{
	struct pair p = new_pair();
	struct call c = { .items = { { p.a, PEER_CLOSED | SIGNALED, 0 } } };

	(void)state;
	begin(&c);
	ok(zx_handle_close(p.b));
	ok(end(&c));
	assert_int_equal(c.items[0].pending, PEER_CLOSED);
	ok(zx_handle_close(p.a));
}

/* ---- descriptors ---- */

static void poll_understands(void **state)
{
	zx_handle_t h = new_event(), other;
	struct pair p = new_pair();

	(void)state;
	assert_int_equal(polled(h), 0);
	ok(zx_object_signal(h, 0, S(0)));
	assert_int_equal(polled(h), 0);
	for (int i = 0; i < 3; i++) {
		ok(zx_object_signal(h, 0, SIGNALED));
		assert_int_equal(polled(h), POLLIN);
	}
	ok(zx_handle_duplicate(h, ZX_RIGHT_SAME_RIGHTS, &other));
	ok(zx_handle_close(h));
	assert_int_equal(polled(other), POLLIN);
	ok(zx_object_signal(other, SIGNALED, 0));
	assert_int_equal(polled(other), 0);
	ok(zx_handle_close(other));

	assert_int_equal(polled(p.a) | polled(p.b), 0);
	ok(zx_object_signal(p.a, 0, SIGNALED));
	assert_int_equal(polled(p.a), POLLIN);
	assert_int_equal(polled(p.b), 0);
	ok(zx_object_signal_peer(p.b, SIGNALED, 0));
	assert_int_equal(polled(p.a), 0);
	ok(zx_object_signal_peer(p.a, 0, SIGNALED));
	ok(zx_object_signal_peer(p.a, 0, SIGNALED | S(1)));
	assert_int_equal(polled(p.b), POLLIN);
	ok(zx_object_signal(p.b, SIGNALED, 0));
	assert_int_equal(polled(p.b), 0);
	ok(zx_handle_close(p.a));
	assert_true(polled(p.b) & POLLHUP);
	ok(zx_handle_close(p.b));
}

/* A child has the descriptor too, and so its peer is not closed before it is gone. */
static void peer_closed_in_another_process(void **state)
{
	struct pair p = new_pair(), go = new_pair();
	struct call c = { .items = { { p.a, PEER_CLOSED, 0 } } };
	zx_signals_t observed;
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	if (!pid) {
		/* The peer of this one is the parent's alone. */
		zx_handle_close(go.a);
		_exit(zx_object_wait_one(go.b, PEER_CLOSED, ZX_TIME_INFINITE, &observed));
	}
	ok(zx_handle_close(p.b));
	is(zx_object_wait_one(p.a, PEER_CLOSED, 0, &observed), ZX_ERR_TIMED_OUT);
	is(zx_object_signal_peer(p.a, 0, S(0)), ZX_ERR_NOT_SUPPORTED);
	begin(&c);
	ok(zx_handle_close(go.a));
	ok(end(&c));
	assert_int_equal(c.items[0].pending, PEER_CLOSED);
	is(zx_object_signal_peer(p.a, 0, S(0)), ZX_ERR_PEER_CLOSED);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	ok(zx_handle_close(go.b));
	ok(zx_handle_close(p.a));
}

/* What it is told after that it keeps to itself, and who waited in the parent does not here. */
static void fork_has_its_own_signals(void **state)
{
	zx_handle_t h = new_event();
	struct call c = { .items = { { h, S(1) | SIGNALED, 0 } } };
	zx_signals_t observed;
	int status;
	pid_t pid;

	(void)state;
	ok(zx_object_signal(h, 0, S(0)));
	begin(&c);
	pid = fork();
	if (!pid)
		_exit(zx_object_wait_one(h, S(0), 0, &observed) ||
		      zx_object_signal(h, S(0), S(1)) ||
		      zx_object_wait_one(h, S(1), 0, &observed) || observed != S(1) ||
		      zx_handle_close(h));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(pending(h), S(0));
	ok(zx_object_signal(h, 0, SIGNALED));
	ok(end(&c));
	ok(zx_handle_close(h));
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
		cmocka_unit_test(HandlesNotInvalid),
		cmocka_unit_test(HandleRightsAreCorrect),
		cmocka_unit_test(KoidsAreCorrect),
		cmocka_unit_test(CheckNoFlagsSupported),
		cmocka_unit_test(SignalEventPairAndClearVerifySignals),
		cmocka_unit_test(SignalPeerAndVerifyRecived),
		cmocka_unit_test(SignalPeerThenCloseAndVerifySignalReceived),
		cmocka_unit_test(SignalingClosedPeerReturnsPeerClosed),
		cmocka_unit_test(SignalAccessDeniedMissingRights),
		cmocka_unit_test(DuplicateHandlesAndPeerClosed),
		cmocka_unit_test(SignalSelfAfterPeerClosed),
		cmocka_unit_test(InvalidSignalBits),
		cmocka_unit_test(InvalidHandleAndWrongType),
		cmocka_unit_test(peer_closed_wakes),
		cmocka_unit_test(poll_understands),
		cmocka_unit_test(peer_closed_in_another_process),
		cmocka_unit_test(fork_has_its_own_signals),
	};

	return cmocka_run_group_tests(libzx_wait, NULL, NULL);
}

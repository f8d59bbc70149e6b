// SPDX-License-Identifier: MIT
/*
 * Pairs of events, and what other processes see of signals: Zircon's own tests by their
 * names, and what is Linux's.  Needs no module.
 */
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "fixture.h"

struct pair {
	zx_handle_t a, b;
};

static struct pair new_pair(void)
{
	struct pair p;

	ok(zx_eventpair_create(0, &p.a, &p.b));
	return p;
}

static short polled(zx_handle_t handle)
{
	struct pollfd pfd = { .fd = zx_linux_handle_to_fd(handle), .events = POLLIN };

	assert_int_not_equal(poll(&pfd, 1, 0), -1);
	return pfd.revents;
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

/* An end of @p without a right. */
static zx_handle_t end_without(const struct pair *p, zx_rights_t right)
{
	zx_handle_t h;

	ok(zx_handle_duplicate(p->a, ZX_DEFAULT_EVENTPAIR_RIGHTS & ~right, &h));
	return h;
}

static void end_with(const struct pair *p, zx_handle_t h)
{
	assert_int_equal(pending(p->a) | pending(p->b), 0);
	ok(zx_handle_close_many((zx_handle_t[]){ h, p->a, p->b }, 3));
}

static void SignalAccessDeniedMissingSignalRight(void **state)
{
	struct pair p = new_pair();
	zx_handle_t h = end_without(&p, ZX_RIGHT_SIGNAL);

	(void)state;
	is(zx_object_signal(h, 0, S(0)), ZX_ERR_ACCESS_DENIED);
	end_with(&p, h);
}

static void SignalPeerAccessDeniedMissingSignalPeerRight(void **state)
{
	struct pair p = new_pair();
	zx_handle_t h = end_without(&p, ZX_RIGHT_SIGNAL_PEER);

	(void)state;
	is(zx_object_signal_peer(h, 0, S(0)), ZX_ERR_ACCESS_DENIED);
	end_with(&p, h);
}

static void WaitAccessDeniedMissingWaitRight(void **state)
{
	struct pair p = new_pair();
	zx_handle_t h = end_without(&p, ZX_RIGHT_WAIT);
	zx_signals_t observed;

	(void)state;
	is(zx_object_wait_one(h, S(0), 0, &observed), ZX_ERR_ACCESS_DENIED);
	end_with(&p, h);
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
	struct wait_call c = { .items = { { p.a, PEER_CLOSED | SIGNALED, 0 } } };

	(void)state;
	begin_wait(&c);
	ok(zx_handle_close(p.b));
	ok(end_wait(&c));
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
	struct wait_call c = { .items = { { p.a, PEER_CLOSED, 0 } } };
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
	begin_wait(&c);
	ok(zx_handle_close(go.a));
	ok(end_wait(&c));
	assert_int_equal(c.items[0].pending, PEER_CLOSED);
	is(zx_object_signal_peer(p.a, 0, S(0)), ZX_ERR_PEER_CLOSED);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	ok(zx_handle_close(go.b));
	ok(zx_handle_close(p.a));
}

static void send_fd(int by, int fd)
{
	char byte = 0, space[CMSG_SPACE(sizeof(fd))] = { 0 };
	struct iovec data = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &data, .msg_iovlen = 1,
		.msg_control = space, .msg_controllen = sizeof(space),
	};
	struct cmsghdr *control = CMSG_FIRSTHDR(&msg);

	control->cmsg_level = SOL_SOCKET;
	control->cmsg_type = SCM_RIGHTS;
	control->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(control), &fd, sizeof(fd));
	assert_int_equal(sendmsg(by, &msg, 0), 1);
}

/* Whoever may get it has it, also while it is on its way. */
static void peer_closed_where_it_was_sent(void **state)
{
	struct pair p = new_pair();
	struct wait_call c = { .items = { { p.a, PEER_CLOSED, 0 } } };
	zx_signals_t observed;
	int by[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, by), 0);
	send_fd(by[0], zx_linux_handle_to_fd(p.b));
	ok(zx_handle_close(p.b));
	is(zx_object_wait_one(p.a, PEER_CLOSED, 0, &observed), ZX_ERR_TIMED_OUT);
	begin_wait(&c);
	close(by[0]);
	close(by[1]);
	ok(end_wait(&c));
	assert_int_equal(c.items[0].pending, PEER_CLOSED);
	ok(zx_handle_close(p.a));
}

/* What it is told after that it keeps to itself, and who waited in the parent does not here. */
static void fork_has_its_own_signals(void **state)
{
	zx_handle_t h = new_event();
	struct wait_call c = { .items = { { h, S(1) | SIGNALED, 0 } } };
	zx_signals_t observed;
	int status;
	pid_t pid;

	(void)state;
	ok(zx_object_signal(h, 0, S(0)));
	begin_wait(&c);
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
	ok(end_wait(&c));
	ok(zx_handle_close(h));
}

/* What it does to its signals poll() does not tell its parent; in both that tells the parent's. */
static void fork_leaves_descriptors_alone(void **state)
{
	zx_handle_t yes = new_event(), no = new_event();
	struct pair p = new_pair(), q = new_pair();
	int status;
	pid_t pid;

	(void)state;
	ok(zx_object_signal(yes, 0, SIGNALED));
	ok(zx_object_signal(p.a, 0, SIGNALED));
	pid = fork();
	if (!pid)
		_exit(zx_object_signal(yes, SIGNALED, 0) || zx_object_signal(p.a, SIGNALED, 0) ||
		      zx_object_signal(no, 0, SIGNALED) || zx_object_signal(q.a, 0, SIGNALED) ||
		      zx_object_signal_peer(q.a, 0, SIGNALED) || pending(yes) || pending(p.a) ||
		      pending(no) != SIGNALED || pending(q.b) != SIGNALED ||
		      polled(yes) != POLLIN || polled(no));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(polled(yes), POLLIN);
	assert_int_equal(polled(p.a), POLLIN);
	assert_int_equal(polled(no), 0);
	assert_int_equal(polled(q.a), 0);
	assert_int_equal(polled(q.b), 0);
	ok(zx_object_signal(yes, SIGNALED, 0));
	ok(zx_object_signal(p.a, SIGNALED, 0));
	assert_int_equal(polled(yes), 0);
	assert_int_equal(polled(p.a), 0);
	ok(zx_handle_close_many((zx_handle_t[]){ yes, no, p.a, p.b, q.a, q.b }, 6));
}

static zx_handle_t forks;
static _Atomic pid_t forked;

/* In a thread that waits. */
static void fork_and_signal(int signal)
{
	const pid_t pid = fork();

	(void)signal;
	if (!pid) {
		alarm(60);
		zx_object_signal(forks, 0, SIGNALED);
	}
	atomic_store(&forked, pid ? pid : -1);
}

static _Atomic int sleeper;

static void *wait_for_forks(void *arg)
{
	zx_signals_t observed = 0;
	zx_status_t status;

	atomic_store(&sleeper, gettid());
	status = zx_object_wait_one(forks, SIGNALED, ZX_TIME_INFINITE, &observed);
	if (atomic_load(&forked) < 0)
		_exit(status || observed != SIGNALED);
	ok(status);
	return arg;
}

/* A signal handler forks while its thread waits: both wait on, each for its own signals. */
static void fork_while_it_waits(void **state)
{
	struct sigaction action = { .sa_handler = fork_and_signal };
	pthread_t thread;
	int status;

	(void)state;
	forks = new_event();
	atomic_store(&forked, 0);
	assert_int_equal(sigaction(SIGUSR2, &action, NULL), 0);
	assert_int_equal(pthread_create(&thread, NULL, wait_for_forks, NULL), 0);
	wait_asleep(&sleeper);
	atomic_store(&sleeper, 0);
	assert_int_equal(pthread_kill(thread, SIGUSR2), 0);
	while (!atomic_load(&forked))
		zx_nanosleep(0);
	assert_int_equal(waitpid(forked, &status, 0), forked);
	assert_int_equal(status, 0);
	ok(zx_object_signal(forks, 0, SIGNALED));
	assert_int_equal(pthread_join(thread, NULL), 0);
	ok(zx_handle_close(forks));
}

static void *wait_cancelled(void *arg)
{
	atomic_store(&sleeper, gettid());
	zx_object_wait_one(forks, SIGNALED, ZX_TIME_INFINITE, NULL);
	pthread_testcancel();
	return arg;
}

/* A thread that is cancelled while it waits does so to the end, and leaves nothing behind. */
static void cancelled_thread(void **state)
{
	pthread_t thread;
	void *result;

	(void)state;
	forks = new_event();
	assert_int_equal(pthread_create(&thread, NULL, wait_cancelled, NULL), 0);
	wait_asleep(&sleeper);
	atomic_store(&sleeper, 0);
	assert_int_equal(pthread_cancel(thread), 0);
	alarm(60);
	ok(zx_object_signal(forks, 0, SIGNALED));
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_ptr_equal(result, PTHREAD_CANCELED);
	ok(zx_object_signal(forks, SIGNALED, 0));
	alarm(0);
	ok(zx_handle_close(forks));
}

/* All that can be called without the module. */
__attribute__((noinline))
static void call_all(void)
{
	zx_handle_t event, copy, end, peer;
	zx_info_handle_basic_t info;

	zx_event_create(0, &event);
	zx_object_signal(event, 0, SIGNALED);
	zx_object_signal(event, SIGNALED, 0);
	zx_object_get_info(event, ZX_INFO_HANDLE_BASIC, &info, sizeof(info), NULL, NULL);
	zx_handle_duplicate(event, ZX_RIGHT_WAIT, &copy);
	zx_handle_replace(copy, ZX_RIGHT_SAME_RIGHTS, &copy);
	zx_object_wait_one(copy, SIGNALED, 0, NULL);
	zx_eventpair_create(0, &end, &peer);
	zx_object_signal_peer(end, 0, SIGNALED);
	zx_object_wait_one(peer, SIGNALED, ZX_TIME_INFINITE, NULL);
	zx_handle_close(end);
	zx_object_wait_one(peer, ZX_EVENTPAIR_PEER_CLOSED, ZX_TIME_INFINITE, NULL);
	zx_handle_close(peer);
	zx_handle_close(copy);
	zx_handle_close(event);
}

/*
 * With a cancellation pending.  The frame that is then unwound has no variables, and so nothing
 * is inlined there: ASan takes those of one that did not return for ones that live.
 */
static void *call_cancelled(void *finished)
{
	pthread_cancel(pthread_self());
	call_all();
	atomic_store((_Atomic bool *)finished, true);
	pthread_testcancel();
	return NULL;
}

/* Nor is it cancelled in any other call, in which it might have a lock. */
static void cancelled_in_calls(void **state)
{
	_Atomic bool finished = false;
	pthread_t thread;
	void *result;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, call_cancelled, &finished), 0);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_ptr_equal(result, PTHREAD_CANCELED);
	assert_true(atomic_load(&finished));
	/* Which would be missing here. */
	alarm(60);
	ok(zx_handle_close(new_event()));
	alarm(0);
}

int main(void)
{
	static const struct CMUnitTest libzx_pair[] = {
		cmocka_unit_test(HandlesNotInvalid),
		cmocka_unit_test(HandleRightsAreCorrect),
		cmocka_unit_test(KoidsAreCorrect),
		cmocka_unit_test(CheckNoFlagsSupported),
		cmocka_unit_test(SignalEventPairAndClearVerifySignals),
		cmocka_unit_test(SignalPeerAndVerifyRecived),
		cmocka_unit_test(SignalPeerThenCloseAndVerifySignalReceived),
		cmocka_unit_test(SignalingClosedPeerReturnsPeerClosed),
		cmocka_unit_test(SignalAccessDeniedMissingSignalRight),
		cmocka_unit_test(SignalPeerAccessDeniedMissingSignalPeerRight),
		cmocka_unit_test(WaitAccessDeniedMissingWaitRight),
		cmocka_unit_test(DuplicateHandlesAndPeerClosed),
		cmocka_unit_test(SignalSelfAfterPeerClosed),
		cmocka_unit_test(InvalidSignalBits),
		cmocka_unit_test(InvalidHandleAndWrongType),
		cmocka_unit_test(peer_closed_wakes),
		cmocka_unit_test(poll_understands),
		cmocka_unit_test(peer_closed_in_another_process),
		cmocka_unit_test(peer_closed_where_it_was_sent),
		cmocka_unit_test(fork_has_its_own_signals),
		cmocka_unit_test(fork_leaves_descriptors_alone),
		cmocka_unit_test(fork_while_it_waits),
		cmocka_unit_test(cancelled_thread),
		cmocka_unit_test(cancelled_in_calls),
	};

	return cmocka_run_group_tests(libzx_pair, NULL, NULL);
}

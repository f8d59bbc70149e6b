// SPDX-License-Identifier: MIT
/*
 * How many instructions a call of libzx has above the ioctl that it is: a child makes both,
 * one instruction at a time.  The module is a fake, which costs the same in both.
 */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <linux/zxpager.h>

#include "fake_module.h"
#include "fixture.h"

/* What a call may have above the bare ioctl, for each of its handles. */
#define LIMIT	60

/* Sanitizers have instructions of their own; so has what is not optimized. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__OPTIMIZE__)
#define COUNTED	false
#else
#define COUNTED	true
#endif

static char buffer[8];
static zx_handle_t stream, event;
static int fds[5];

static void nothing(void)
{
}

static void bare_write(void)
{
	struct zxp_vmo_io arg = {
		.size = sizeof(arg), .length = 4, .buffer = (uintptr_t)buffer,
	};

	ioctl(fds[1], ZXP_IOC_VMO_WRITE, &arg);
}

static void call_write(void)
{
	zx_vmo_write(vmo, buffer, 0, 4);
}

static void bare_op(void)
{
	struct zxp_op_range arg = {
		.size = sizeof(arg), .op = ZXP_PAGER_OP_DIRTY, .vmo_fd = fds[1],
		.length = PAGE,
	};

	ioctl(fds[0], ZXP_IOC_OP_RANGE, &arg);
}

static void call_op(void)
{
	zx_pager_op_range(pager, ZX_PAGER_OP_DIRTY, vmo, 0, PAGE, 0);
}

static void bare_supply(void)
{
	struct zxp_supply_pages arg = {
		.size = sizeof(arg), .vmo_fd = fds[1], .aux_fd = -1, .length = PAGE,
	};

	ioctl(fds[0], ZXP_IOC_SUPPLY_PAGES, &arg);
}

static void call_supply(void)
{
	zx_linux_pager_supply(pager, vmo, 0, PAGE, NULL, NULL);
}

static char bytes[2];

static void bare_stream(void)
{
	struct iovec v = { bytes, 2 };

	preadv(fds[2], &v, 1, 0);
}

static void call_stream(void)
{
	zx_iovec_t v = { bytes, 2 };
	size_t actual;

	zx_stream_readv_at(stream, 0, 0, &v, 1, &actual);
}

static void bare_queue(void)
{
	struct zxp_port_queue arg = { .size = sizeof(arg) };
	struct zxp_packet p;
	ssize_t n;

	ioctl(fds[3], ZXP_IOC_PORT_QUEUE, &arg);
	n = read(fds[3], &p, sizeof(p));
	(void)n;
}

static void call_queue(void)
{
	zx_port_packet_t p = { .key = 1 };

	zx_port_queue(port, &p);
	zx_port_wait(port, ZX_TIME_INFINITE, &p);
}

static void bare_wait(void)
{
	struct pollfd pfd = { .fd = fds[4], .events = POLLIN };

	poll(&pfd, 1, 0);
}

static void call_wait(void)
{
	zx_signals_t observed;

	zx_object_wait_one(event, SIGNALED, 0, &observed);
}

/* Each, once before, so that nothing is bound or made the first time. */
static void child(void (*const *calls)(void), int n)
{
	for (int i = 0; i < n; i++)
		calls[i]();
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	for (int i = 0; i < n; i++) {
		raise(SIGUSR1);
		calls[i]();
		raise(SIGUSR1);
	}
	_exit(0);
}

/* Steps from one signal to the next, with what raise() takes. */
static long count(pid_t pid)
{
	long steps = 0;
	int status = 0;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status) && WSTOPSIG(status) == SIGUSR1);
	do {
		assert_int_equal(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSTOPPED(status));
		steps++;
	} while (WSTOPSIG(status) == SIGTRAP);
	assert_int_equal(WSTOPSIG(status), SIGUSR1);
	assert_int_equal(ptrace(PTRACE_CONT, pid, NULL, NULL), 0);
	return steps;
}

static void few_instructions_above_the_ioctl(void **state)
{
	static void (*const calls[])(void) = {
		nothing, bare_write, call_write, bare_op, call_op, bare_supply, call_supply,
		bare_queue, call_queue, bare_stream, call_stream, bare_wait, call_wait,
	};
	static const struct {
		const char *name;
		long limit;
	} what[] = {
		[2] = { "zx_vmo_write", LIMIT },
		[4] = { "zx_pager_op_range", 2 * LIMIT },
		[6] = { "zx_linux_pager_supply", 2 * LIMIT },
		/* These copy what the caller named, have a lock, or are several calls. */
		[8] = { "zx_port_queue and zx_port_wait", 300 },
		[10] = { "zx_stream_readv_at", 600 },
		[12] = { "zx_object_wait_one", 700 },
	};
	long steps[COUNT(calls)];
	int status;
	pid_t pid;

	(void)state;
	if (!COUNTED)
		skip();
	ok(zx_pager_create(0, &pager));
	ok(zx_vmo_create(PAGE, 0, &vmo));
	fds[0] = zx_linux_handle_to_fd(pager);
	fds[1] = zx_linux_handle_to_fd(vmo);
	ok(zx_stream_create(ZX_STREAM_MODE_READ, vmo, 0, &stream));
	fds[2] = zx_linux_handle_to_fd(stream);
	ok(zx_port_create(0, &port));
	fds[3] = zx_linux_handle_to_fd(port);
	event = new_event();
	ok(zx_object_signal(event, 0, SIGNALED));
	fds[4] = zx_linux_handle_to_fd(event);
	pid = fork();
	if (!pid)
		child(calls, COUNT(calls));
	for (size_t i = 0; i < COUNT(calls); i++)
		steps[i] = count(pid);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	for (size_t i = 2; i < COUNT(calls); i += 2) {
		print_message("# %s: %ld above the ioctl\n", what[i].name,
			      steps[i] - steps[i - 1]);
		/* So that what is compared is what was called. */
		assert_in_range(steps[i - 1] - steps[0], 10, 100000);
		assert_in_range(steps[i] - steps[i - 1], 1, what[i].limit);
	}
	ok(zx_handle_close_many((zx_handle_t[]){ stream, port, event, vmo, pager }, 5));
}

int main(void)
{
	static const struct CMUnitTest libzx_cost[] = {
		cmocka_unit_test(few_instructions_above_the_ioctl),
	};

	return cmocka_run_group_tests(libzx_cost, NULL, NULL);
}

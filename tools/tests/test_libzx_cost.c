// SPDX-License-Identifier: MIT
/*
 * How many instructions a call of libzx has above the ioctl that it is: a child makes both,
 * one instruction at a time.  The module is a fake, which costs the same in both.
 */
#include <alloca.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <linux/zxpager.h>

#include "fake_module.h"
#include "fixture.h"

/* What a call may have above the bare ioctl; the rows say why some have more. */
#define LIMIT	60

/*
 * Sanitizers have instructions of their own; so has what is not optimized.  The figures are what
 * gcc makes of it.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
	!defined(__OPTIMIZE__) || defined(__clang__)
#define COUNTED	false
#else
#define COUNTED	true
#endif

static char buffer[8];
static zx_handle_t stream, event;
/* Of the pager, the VMO, the stream, the port, the event and of the VMO that has sizes. */
static int fds[6];
static zx_handle_t sized;

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

static char byte;

static void bare_read_at(void)
{
	struct iovec v = { &byte, 1 };

	preadv(fds[2], &v, 1, 0);
}

static void call_read_at(void)
{
	zx_iovec_t v = { &byte, 1 };
	size_t actual;

	zx_stream_readv_at(stream, 0, 0, &v, 1, &actual);
}

static void bare_write_at(void)
{
	struct iovec v = { &byte, 1 };

	pwritev(fds[2], &v, 1, 0);
}

static void call_write_at(void)
{
	zx_iovec_t v = { &byte, 1 };
	size_t actual;

	zx_stream_writev_at(stream, 0, 0, &v, 1, &actual);
}

static void bare_seek(void)
{
	lseek(fds[2], 0, SEEK_SET);
}

static void call_seek(void)
{
	zx_off_t at;

	zx_stream_seek(stream, ZX_STREAM_SEEK_ORIGIN_START, 0, &at);
}

static void bare_read(void)
{
	struct iovec v = { &byte, 1 };
	ssize_t n = readv(fds[2], &v, 1);

	(void)n;
}

static void call_read(void)
{
	zx_iovec_t v = { &byte, 1 };
	size_t actual;

	zx_stream_readv(stream, 0, &v, 1, &actual);
}

static void bare_queue(void)
{
	struct zxp_port_queue arg = { .size = sizeof(arg) };

	ioctl(fds[3], ZXP_IOC_PORT_QUEUE, &arg);
}

static void call_queue(void)
{
	zx_port_packet_t p = { .key = 1 };

	zx_port_queue(port, &p);
}

static void bare_take(void)
{
	struct zxp_packet p;
	ssize_t n = read(fds[3], &p, sizeof(p));

	(void)n;
}

static void call_take(void)
{
	zx_port_packet_t p;

	zx_port_wait(port, ZX_TIME_INFINITE, &p);
}

/* It asks the library alone. */
static void call_wait(void)
{
	zx_signals_t observed;

	zx_object_wait_one(event, SIGNALED, 0, &observed);
}

/* There is no call of Linux's for a signal of a program's own. */
static void call_signal(void)
{
	static zx_signals_t was;

	was ^= S(0);
	zx_object_signal(event, ~was & S(0), was);
}

static void bare_async(void)
{
	struct zxp_port_cancel arg = { .size = sizeof(arg), .flags = ZXP_CANCEL_SOURCE };

	ioctl(fds[3], ZXP_IOC_PORT_CANCEL, &arg);
}

static void call_async(void)
{
	zx_object_wait_async(event, port, KEY, S(1), 0);
	zx_port_cancel(port, event, KEY);
}

static void bare_get_size(void)
{
	struct zxp_vmo_info arg = { .size = sizeof(arg) };

	ioctl(fds[5], ZXP_IOC_VMO_GET_INFO, &arg);
}

static void call_get_size(void)
{
	uint64_t size;

	zx_vmo_get_size(sized, &size);
}

/* Of memory that is anywhere only the kernel knows whether it is there. */
static void call_get_size_elsewhere(void)
{
	static uint64_t size;

	zx_vmo_get_size(sized, &size);
}

static void bare_set_size(void)
{
	int rc = ftruncate(fds[5], PAGE);

	(void)rc;
}

static void call_set_size(void)
{
	zx_vmo_set_size(sized, PAGE);
}

static void bare_duplicate(void)
{
	close(fcntl(fds[1], F_DUPFD_CLOEXEC, 0));
}

static void call_duplicate(void)
{
	zx_handle_t other;

	zx_handle_duplicate(vmo, ZX_RIGHT_SAME_RIGHTS, &other);
	zx_handle_close(other);
}

static const struct {
	const char *name;
	void (*bare)(void);
	void (*call)(void);
	long limit;
} rows[] = {
	{ "zx_vmo_write", bare_write, call_write, LIMIT },
	{ "zx_vmo_set_size", bare_set_size, call_set_size, LIMIT },
	/* What is copied is looked at, whether it is there. */
	{ "zx_vmo_get_size", bare_get_size, call_get_size, 65 },
	{ "zx_port_queue", bare_queue, call_queue, 72 },
	{ "zx_port_wait", bare_take, call_take, 68 },
	{ "zx_stream_readv_at", bare_read_at, call_read_at, 100 },
	{ "zx_stream_writev_at", bare_write_at, call_write_at, 100 },
	/* A system call more. */
	{ "zx_vmo_get_size into memory elsewhere", bare_get_size, call_get_size_elsewhere, 150 },
	/* It makes no system call: this is all that it does. */
	{ "zx_object_wait_one", nothing, call_wait, 80 },
	/* Two handles. */
	{ "zx_pager_op_range", bare_op, call_op, 105 },
	{ "zx_linux_pager_supply", bare_supply, call_supply, 105 },
	/* A lock, which has 55. */
	{ "zx_stream_seek", bare_seek, call_seek, 160 },
	{ "zx_stream_readv", bare_read, call_read, 170 },
	{ "zx_object_signal", nothing, call_signal, 210 },
	/* Two locks, memory, or several system calls. */
	{ "zx_handle_duplicate and zx_handle_close", bare_duplicate, call_duplicate, 850 },
	{ "zx_object_wait_async and zx_port_cancel", bare_async, call_async, 1080 },
};

/*
 * Where the stack is in its page depends on how long the program's environment is.  Here it
 * is where it is nearly always: what is there, and what the call has, are in the same page.
 */
static __attribute__((__noinline__)) void on_one_page(void (*call)(void))
{
	const uintptr_t at = (uintptr_t)__builtin_frame_address(0);
	volatile char *pad = alloca(PAGE + (at + PAGE / 2) % PAGE);

	pad[0] = 0;
	call();
	pad[0] = 1;
}

static void step_through(void (*call)(void))
{
	raise(SIGUSR1);
	on_one_page(call);
	raise(SIGUSR1);
}

/* Each once before, so that nothing is bound or made the first time. */
static void child(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		on_one_page(rows[i].bare);
		on_one_page(rows[i].call);
	}
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	step_through(nothing);
	for (size_t i = 0; i < COUNT(rows); i++) {
		step_through(rows[i].bare);
		step_through(rows[i].call);
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
	long empty, bare, call;
	int status;
	pid_t pid;

	(void)state;
	if (!COUNTED)
		skip();
	ok(zx_pager_create(0, &pager));
	fds[0] = zx_linux_handle_to_fd(pager);
	ok(zx_vmo_create(PAGE, 0, &vmo));
	fds[1] = zx_linux_handle_to_fd(vmo);
	ok(zx_stream_create(ZX_STREAM_MODE_READ | ZX_STREAM_MODE_WRITE, vmo, 0, &stream));
	fds[2] = zx_linux_handle_to_fd(stream);
	ok(zx_port_create(0, &port));
	fds[3] = zx_linux_handle_to_fd(port);
	event = new_event();
	ok(zx_object_signal(event, 0, SIGNALED));
	fds[4] = zx_linux_handle_to_fd(event);
	ok(zx_vmo_create(PAGE, ZX_VMO_RESIZABLE, &sized));
	fds[5] = zx_linux_handle_to_fd(sized);
	pid = fork();
	if (!pid)
		child();
	empty = count(pid);
	for (size_t i = 0; i < COUNT(rows); i++) {
		bare = count(pid);
		call = count(pid);
		print_message("# %s: %ld above the ioctl\n", rows[i].name, call - bare);
		/* So that what is compared is what was called. */
		if (rows[i].bare != nothing)
			assert_in_range(bare - empty, 8, 100000);
		assert_in_range(call - bare, 1, rows[i].limit);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	ok(zx_handle_close_many((zx_handle_t[]){ stream, port, event, sized, vmo, pager }, 6));
}

static void new_and_closed(void)
{
	zx_handle_close(new_event());
}

static void new_vmo_and_closed(void)
{
	zx_handle_t h;

	if (zx_vmo_create(PAGE, 0, &h) == ZX_OK)
		zx_handle_close(h);
}

/* What finds an object, adds one, or takes one away. */
static void (*const among[])(void) = {
	new_and_closed, new_vmo_and_closed, call_duplicate, call_async,
};

#define OTHERS	400

/* Each with few objects, and with many. */
static void child_with_many(void)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	for (size_t i = 0; i < COUNT(among); i++) {
		among[i]();
		step_through(among[i]);
	}
	for (int i = 0; i < OTHERS / 2; i++) {
		zx_handle_t h = new_event();

		zx_object_wait_async(h, port, KEY + 1, S(1), 0);
		if (zx_vmo_create(PAGE, 0, &h) != ZX_OK)
			_exit(1);
	}
	for (size_t i = 0; i < COUNT(among); i++)
		step_through(among[i]);
	_exit(0);
}

static void as_cheap_among_many_objects(void **state)
{
	long few[COUNT(among)], many;
	int status;
	pid_t pid;

	(void)state;
	if (!COUNTED)
		skip();
	ok(zx_vmo_create(PAGE, 0, &vmo));
	ok(zx_port_create(0, &port));
	event = new_event();
	pid = fork();
	if (!pid)
		child_with_many();
	for (size_t i = 0; i < COUNT(among); i++)
		few[i] = count(pid);
	for (size_t i = 0; i < COUNT(among); i++) {
		many = count(pid);
		print_message("# %zu: %ld, %ld among %d others\n", i, few[i], many, OTHERS);
		/* A look at each would be several for each. */
		assert_in_range(many, 1, few[i] + OTHERS);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	ok(zx_handle_close_many((zx_handle_t[]){ port, event, vmo }, 3));
}

int main(void)
{
	static const struct CMUnitTest libzx_cost[] = {
		cmocka_unit_test(few_instructions_above_the_ioctl),
		cmocka_unit_test(as_cheap_among_many_objects),
	};

	return cmocka_run_group_tests(libzx_cost, NULL, NULL);
}

// SPDX-License-Identifier: MIT
/*
 * How many instructions a call of libzx has above the ioctl that it is: a child makes both,
 * one instruction at a time.  The module is a fake, which costs the same in both.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
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
static int fds[2];

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
	};
	static const struct {
		const char *name;
		int handles;
	} what[] = {
		[2] = { "zx_vmo_write", 1 },
		[4] = { "zx_pager_op_range", 2 },
		[6] = { "zx_linux_pager_supply", 2 },
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
		assert_in_range(steps[i - 1] - steps[0], 20, 100000);
		assert_in_range(steps[i] - steps[i - 1], 1, LIMIT * what[i].handles);
	}
	ok(zx_handle_close(vmo));
	ok(zx_handle_close(pager));
}

int main(void)
{
	static const struct CMUnitTest libzx_cost[] = {
		cmocka_unit_test(few_instructions_above_the_ioctl),
	};

	return cmocka_run_group_tests(libzx_cost, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Calls by tasks that end with a VMO in their hands, that are looked into, and that get
 * signals while they wait.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"

#define STACK_BYTES	16384
/* Of a dump, which lies in the guest's memory. */
#define CORE_BYTES	(4 << 20)
#define ALARM_NS	5000000

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

/* It touches nothing but its stack and this. */
struct leaver {
	void *list;
	void *tid_at;
};

static int leave_now(void *arg)
{
	const struct leaver *l = arg;

	syscall(SYS_set_robust_list, l->list, sizeof(struct robust_list_head));
	syscall(SYS_set_tid_address, l->tid_at);
	syscall(SYS_exit, 0);
	return 0;
}

/*
 * A thread that exits. The kernel reads its list of mutexes, and each mutex in that, and
 * writes to where the TID would be, when nothing can end its wait any more.
 */
RUN(leave)
{
	struct leaver l = { pointer(t, a[0]), pointer(t, a[1]) };
	char *stack = malloc(STACK_BYTES);
	sigset_t all, before;
	pid_t tid;

	if (!stack)
		return -ENOMEM;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	tid = clone(leave_now, stack + STACK_BYTES, CLONE_VM | CLONE_FS | CLONE_FILES |
		    CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, &l);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	while (tid > 0 && !syscall(SYS_tgkill, getpid(), tid, 0))
		nap();
	free(stack);
	return tid < 0 ? -errno : 0;
}

static void wait_child(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* A child that dumps core, with all that is mapped. */
RUN(dump)
{
	struct rlimit limit = { CORE_BYTES, CORE_BYTES };
	pid_t pid = syscall(SYS_fork);

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		write_string("/proc/self/coredump_filter", a[0] & 1 ? "0x7f" : "0x33");
		setrlimit(RLIMIT_CORE, &limit);
		prctl(PR_SET_DUMPABLE, 1);
		signal(SIGABRT, SIG_DFL);
		kill(getpid(), SIGABRT);
		syscall(SYS_exit_group, 0);
	}
	wait_child(pid);
	return 0;
}

/* Into a process that only waits, and has copies of the mappings. */
RUN(vm_other)
{
	struct iovec remote = { pointer(t, a[0]), a[1] % (WINDOW_PAGES * PAGE) };
	struct iovec local = { pointer(t, a[2]), remote.iov_len };
	pid_t pid = syscall(SYS_fork);
	long ret;

	if (pid < 0)
		return -errno;
	while (pid == 0)
		syscall(SYS_pause);
	if (a[3] & 1)
		ret = result(process_vm_writev(pid, &local, 1, &remote, 1, 0));
	else
		ret = result(process_vm_readv(pid, &local, 1, &remote, 1, 0));
	kill(pid, SIGKILL);
	wait_child(pid);
	return ret;
}

/* With a signal every few milliseconds. It is begun anew each time, or ends. */
RUN(fsync_alarm)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_THREAD_ID,
		.sigev_signo = SIGUSR1,
		._sigev_un._tid = gettid(),
	};
	struct itimerspec often = { { 0, ALARM_NS }, { 0, ALARM_NS } };
	timer_t timer;
	long ret;

	if (timer_create(CLOCK_MONOTONIC, &event, &timer))
		return -errno;
	timer_settime(timer, 0, &often, NULL);
	ret = result(a[1] & 1 ? fdatasync(slot_fd(a[0])) : fsync(slot_fd(a[0])));
	timer_delete(timer);
	return ret;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * The worker as the fuzzer sees it: a process that is started, is given programs, and
 * has to end when it is told to.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fuzzer.h"

static struct {
	pid_t pid;
	int pidfd;
	int go_fd;
	int ready_fd;
} worker;

static bool poll_ready(void)
{
	struct pollfd p = { .fd = worker.ready_fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

/* For its end, or for it to be ready again. */
static bool wait_worker(int ms, bool or_ready)
{
	struct pollfd p[] = {
		{ .fd = worker.pidfd, .events = POLLIN },
		{ .fd = worker.ready_fd, .events = POLLIN },
	};
	int n;

	do {
		n = poll(p, or_ready ? 2 : 1, ms);
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

/* Children that the worker has left are this process's now. All have to end. */
static bool reap_all(pid_t group)
{
	struct timespec pause = { .tv_nsec = 5000000 };
	long left = options.stuck_s * 200;
	pid_t pid;

	while (left--) {
		kill(-group, SIGKILL);
		do {
			pid = waitpid(-1, NULL, WNOHANG);
		} while (pid > 0);
		if (pid < 0)
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

static int new_event(int old)
{
	if (old)
		close(old);
	return hide_fd(eventfd(0, EFD_CLOEXEC));
}

/* Ready for a program; it lives as long as its programs leave nothing behind. */
static void start_worker(void)
{
	/* What a killed one has not read, or has told, is not meant for this one. */
	worker.go_fd = new_event(worker.go_fd);
	worker.ready_fd = new_event(worker.ready_fd);
	worker.pid = fork();
	if (worker.pid < 0) {
		perror("fuzz: fork");
		exit(2);
	}
	if (worker.pid == 0) {
		write_string(CGROUP "/cgroup.procs", "0");
		worker_main(worker.go_fd, worker.ready_fd, options.fail);
	}
	worker.pidfd = syscall(SYS_pidfd_open, worker.pid, 0);
	seen.workers++;
}

/* Then even a signal may find no room on its stack, and ends the worker. */
static bool may_fail(const struct program *p)
{
	unsigned int i;

	for (i = 0; i < p->nr; i++)
		if (p->call[i].fail && options.fail)
			return true;
	return false;
}

/* All of it is gone, or is stuck. */
static void end_worker(const struct program *p)
{
	siginfo_t info = {};

	kill(worker.pid, SIGKILL);
	if (!wait_worker(options.stuck_s * 1000, false)) {
		report(seen.executions, "stuck task: the worker does not end");
		show_tasks(worker.pid);
		seen.stuck = true;
		return;
	}
	waitid(P_PID, worker.pid, &info, WEXITED | WNOWAIT);
	if (info.si_code == CLD_EXITED && info.si_status == NO_WORKER)
		exit(2);
	if (info.si_code != CLD_EXITED && info.si_status != SIGKILL && !may_fail(p))
		finding("the worker got signal %d", info.si_status);
	close(worker.pidfd);
	if (!reap_all(worker.pid)) {
		report(seen.executions, "stuck task: a child of the worker does not end");
		seen.stuck = true;
	}
	worker.pid = 0;
}

/* Run it. True if it has reached something new. */
bool execute(const struct program *p)
{
	unsigned int i;
	uint64_t one = 1;
	bool alive;

	program_begins(p);
	memset(shared, 0, sizeof(*shared));
	shared->program = *p;
	shared->number = seen.executions;
	for (i = 0; i < MAX_CALLS; i++)
		atomic_store(&shared->result[i], NOT_RUN);
	if (!worker.pid)
		start_worker();
	cover_reset();
	if (write(worker.go_fd, &one, sizeof(one)) < 0) {
		perror("fuzz: eventfd");
		exit(2);
	}
	if (!wait_worker(options.run_ms, true))
		seen.timeouts++;
	alive = !wait_worker(0, false) && poll_ready() &&
		read(worker.ready_fd, &one, sizeof(one)) == sizeof(one);
	if (!alive)
		end_worker(p);
	if (seen.stuck)
		return false;
	if (atomic_load(&shared->nr_findings))
		report(seen.executions, shared->finding);
	look_for_references();
	klog_look();
	if (options.verbose)
		for (i = 0; i < p->nr; i++)
			fprintf(stderr, "# call %u (%s): %d\n", i + 1,
				calls[p->call[i].kind].name,
				atomic_load(&shared->result[i]));
	return cover_collect(p);
}


void runner_end(void)
{
	if (worker.pid)
		end_worker(&shared->program);
}

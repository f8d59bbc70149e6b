// SPDX-License-Identifier: GPL-2.0
/*
 * A keeper in a process of its own.  Its workers are the program that this is part of.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../zxpagerd/backend.h"
#include "../zxpagerd/generation.h"
#include "../zxpagerd/keep.h"
#include "../zxpagerd/keeper.h"
#include "../zxpagerd/options.h"
#include "../zxpagerd/spawn.h"
#include "keeper_fixture.h"

/* --- what a keeper has from elsewhere ------------------------------------------------------ */

struct keeper_shared *keeper_shared;
pid_t keeper;
int news;
bool ignores_children, serves_exports;
uint64_t served = UINT64_C(0x5e4ed);
void (*keeper_begins)(int *ready_fd);
char keeper_directory[32], keeper_path[80];
static char socket_path[64];

int a_file(void)
{
	return open("/dev/null", O_RDWR | O_CLOEXEC);
}

int generation_open_pager(void)
{
	return a_file();
}

int generation_begin(int pager_fd)
{
	(void)pager_fd;
	return a_file();
}

uint64_t __wrap_options_served(void);

uint64_t __wrap_options_served(void)
{
	return served;
}

bool backend_is_nbd(const char *path)
{
	(void)path;
	return serves_exports;
}

#define REAL_MS	20

int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_poll(struct pollfd *fds, nfds_t count, int ms);
int __real_poll(struct pollfd *fds, nfds_t count, int ms);

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
	int error = __real_clock_gettime(clock, now);

	now->tv_sec += (time_t)(keeper_shared->skipped / 1000);
	return error;
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int ms)
{
	int ready;

	/* What has its turn in keeper_run() is skipped, no wait for a manager in between. */
	if (count == 1)
		return __real_poll(fds, count, ms);
	ready = __real_poll(fds, count, ms > REAL_MS ? REAL_MS : ms);
	/* In whole seconds, so that what is due then is. */
	if (!ready)
		keeper_shared->timeouts++;
	if (!ready && ms > REAL_MS && keeper_shared->skips &&
	    keeper_shared->skipped < keeper_shared->skip_most)
		keeper_shared->skipped += (uint64_t)(ms / 1000 + 1) * 1000;
	return ready;
}

int __wrap_accept4(int fd, struct sockaddr *addr, socklen_t *size, int flags);
int __real_accept4(int fd, struct sockaddr *addr, socklen_t *size, int flags);

int __wrap_accept4(int fd, struct sockaddr *addr, socklen_t *size, int flags)
{
	static unsigned int timeouts = UINT32_MAX;	/* when that was so before */

	if (!keeper_shared->accept_fails)
		return __real_accept4(fd, addr, size, flags);
	keeper_shared->accept_fails--;
	keeper_shared->accept_spins += keeper_shared->timeouts == timeouts;
	timeouts = keeper_shared->timeouts;
	keeper_tell_news();
	errno = EMFILE;
	return -1;
}

/* --- the keeper ----------------------------------------------------------------------------- */

static void run_keeper(const char *first, int ready_fd)
{
	static struct vmo_option vmo = { .name = (char *)"f", .path = "f" };
	char *argv[3] = { (char *)"test_keeper", (char *)first, NULL };
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	dup2(null, STDERR_FILENO);
	if (keeper_begins)
		keeper_begins(&ready_fd);
	if (ignores_children)
		signal(SIGCHLD, SIG_IGN);
	spawn_note_arguments(2, argv);
	options = (struct options){
		.socket = socket_path,
		.quick = 1000000,
		.ready_fd = ready_fd,
		.worker_sock = -1,
		.vmos = &vmo,
		.vmo_count = 1,
	};
	keeper_run();
}

void await(unsigned int workers)
{
	char byte;

	while (workers--)
		assert_int_equal(read(news, &byte, 1), 1);
}

void start(const char *first)
{
	int ready[2], from_workers[2];
	char line[8], fd[16];

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	assert_int_equal(pipe2(from_workers, O_CLOEXEC), 0);
	/* Workers have it. */
	assert_int_equal(fcntl(from_workers[1], F_SETFD, 0), 0);
	news = from_workers[0];
	snprintf(fd, sizeof(fd), "%d", from_workers[1]);
	setenv("NEWS", fd, true);
	keeper = fork();
	assert_true(keeper >= 0);
	if (!keeper) {
		close(ready[0]);
		close(news);
		run_keeper(first, ready[1]);
	}
	close(ready[1]);
	close(from_workers[1]);
	assert_int_equal(read(ready[0], line, sizeof(line)), 6);
	assert_memory_equal(line, "ready\n", 6);
	close(ready[0]);
	await(1);
}

int status(void)
{
	int end_status;

	assert_int_equal(waitpid(keeper, &end_status, 0), keeper);
	keeper = 0;
	assert_true(WIFEXITED(end_status));
	return WEXITSTATUS(end_status);
}

int stopped(void)
{
	kill(keeper, SIGTERM);
	return status();
}

int keeper_teardown(void **state)
{
	(void)state;
	close(news);
	/* A test that has failed leaves none, nor the worker, which goes with it. */
	if (keeper > 0) {
		kill(keeper, SIGKILL);
		waitpid(keeper, NULL, 0);
	}
	keeper = 0;
	return 0;
}

int keeper_setup(void **state)
{
	(void)state;
	serves_exports = false;
	keeper_begins = NULL;
	ignores_children = false;
	*keeper_shared = (struct keeper_shared){ .skips = true, .skip_most = UINT64_MAX };
	return 0;
}

int status_of(const char *first)
{
	start(first);
	return stopped();
}

int keeper_make_directory(void **state)
{
	(void)state;
	keeper_shared = mmap(NULL, sizeof(*keeper_shared), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (keeper_shared == MAP_FAILED)
		return -1;
	snprintf(keeper_directory, sizeof(keeper_directory), "/tmp/test_keeper.XXXXXX");
	if (!mkdtemp(keeper_directory))
		return -1;
	snprintf(socket_path, sizeof(socket_path), "%s/sock", keeper_directory);
	snprintf(keeper_path, sizeof(keeper_path), "%s.keeper", socket_path);
	return 0;
}

int keeper_remove_directory(void **state)
{
	(void)state;
	unlink(keeper_path);
	return rmdir(keeper_directory);
}

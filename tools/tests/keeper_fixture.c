// SPDX-License-Identifier: GPL-2.0
/*
 * A keeper in a process of its own, and workers that are broken, or worse.  They are the program
 * that this is part of.  Needs no kernel module.
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
#include <sys/prctl.h>
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

#define FLOODERS	4
#define DROPS		2000u	/* several times what both sockets hold */

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
	int ready = __real_poll(fds, count, ms > REAL_MS ? REAL_MS : ms);

	/* In whole seconds, so that what is due then is. */
	if (!ready)
		keeper_shared->timeouts++;
	if (!ready && ms > REAL_MS && keeper_shared->skips)
		keeper_shared->skipped += (uint64_t)(ms / 1000 + 1) * 1000;
	return ready;
}

int __wrap_accept4(int fd, struct sockaddr *addr, socklen_t *size, int flags);
int __real_accept4(int fd, struct sockaddr *addr, socklen_t *size, int flags);

static int descriptor(const char *text)
{
	return text ? (int)strtol(text, NULL, 10) : -1;
}

int __wrap_accept4(int fd, struct sockaddr *addr, socklen_t *size, int flags)
{
	static unsigned int timeouts = UINT32_MAX;	/* when that was so before */

	if (!keeper_shared->accept_fails)
		return __real_accept4(fd, addr, size, flags);
	keeper_shared->accept_fails--;
	keeper_shared->accept_spins += keeper_shared->timeouts == timeouts;
	timeouts = keeper_shared->timeouts;
	(void)!write(descriptor(getenv("NEWS")), ".", 1);
	errno = EMFILE;
	return -1;
}

/* --- the worker ---------------------------------------------------------------------------- */

static const char *how;
static int sock;
static uint64_t number;		/* so many were before */
static unsigned int copies;	/* that it was given */
static unsigned int given;	/* the same of sockets and locks */
static bool is_stopped, is_stored, is_dropped;

/* Before anybody has left to it: this is what it would serve. */
static void be_tried(void)
{
	struct keep_message fit = { .kind = KEEP_FIT, .number = served };

	if (!strcmp(how, "does not start"))
		_exit(1);
	if (!strcmp(how, "never says what it is")) {
		(void)!write(descriptor(getenv("NEWS")), ".", 1);
		pause();
	}
	if (!strcmp(how, "serves something else"))
		fit.number++;
	if (!strcmp(how, "needs long to serve"))
		fit.seconds = NEEDS_S;
	if (keep_send(sock, &fit, -1, 0))
		_exit(95);
}

static void hear(struct keep_message *message)
{
	int fd;

	if (keep_receive(sock, message, &fd, 0))
		_exit(99);
	if (message->kind == KEEP_TRY)
		be_tried();
	if (message->kind == KEEP_COPY)
		copies++;
	if ((message->kind == KEEP_LISTENER || message->kind == KEEP_LOCK) && fd >= 0)
		given++;
	is_stored |= message->kind == KEEP_STORED;
	is_dropped |= message->kind == KEEP_DROPPED;
	if (message->kind == KEEP_STOP)
		is_stopped = true;
	if (message->kind == KEEP_SERVE)
		number = message->number;
}

static void say(enum keep_kind kind, int fd)
{
	struct keep_message message = { .kind = kind };

	if (kind == KEEP_COPY || kind == KEEP_DROP)
		strncpy(message.name, "one", sizeof(message.name) - 1);
	if (kind == KEEP_COPY)
		strncpy(message.of, "f", sizeof(message.of) - 1);
	if (keep_send(sock, &message, fd, 0))
		_exit(98);
}

/* Comes to the end of the daemon when it is told to, with that status. */
static int end(int status)
{
	struct keep_message message;

	while (!is_stopped)
		hear(&message);
	return KEEP_EXIT_END + status;
}

static int leave_or_end(void)
{
	struct keep_message message = { .kind = 0 };

	while (message.kind != KEEP_LEAVE && !is_stopped)
		hear(&message);
	return is_stopped ? KEEP_EXIT_END : KEEP_EXIT_LEFT;
}

static char state_of(pid_t pid)
{
	char path[32], line[256] = "", *end_of_name, state = '?';
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		_exit(97);
	(void)!fgets(line, sizeof(line), file);
	fclose(file);
	end_of_name = strrchr(line, ')');
	if (end_of_name)
		state = end_of_name[2];
	return state;
}

/*
 * It has something to read, says something, and dies, all of which the keeper finds out at
 * once.
 */
static void have_last_words(void)
{
	struct pollfd pfd = { .fd = sock, .events = POLLIN };
	pid_t keeper = getppid();
	int ends[2];
	char byte;

	__real_poll(&pfd, 1, -1);
	kill(keeper, SIGSTOP);
	while (state_of(keeper) != 'T')
		;
	if (pipe2(ends, O_CLOEXEC))
		_exit(96);
	if (!fork()) {
		close(sock);
		close(ends[1]);
		(void)!read(ends[0], &byte, 1);
		kill(keeper, SIGCONT);
		_exit(0);
	}
	say(KEEP_COPY, a_file());
	kill(getpid(), SIGKILL);
}

/* One of each, but for what is too much to be kept. */
static void have_all_kept(void)
{
	int fd = a_file();

	say(KEEP_LOCK, fd);
	say(KEEP_LISTENER, fd);
	say(KEEP_VMO, fd);
	say(KEEP_COPY, fd);
}

static void drop(void)
{
	struct keep_message message;

	say(KEEP_DROP, -1);
	while (!is_dropped)
		hear(&message);
	(void)!write(descriptor(getenv("NEWS")), ".", 1);
}

/* What it was given and told shows when it ends. */
static int be_kept(void)
{
	int was_stored = is_stored ? KEPT_STORED : 0;

	/* It cannot be the first one, and would be killed if it took that for true. */
	if (!number && given)
		pause();
	if (!number)
		have_all_kept();
	say(KEEP_READY, -1);
	(void)!write(descriptor(getenv("NEWS")), ".", 1);
	if (!strcmp(how, "is kept, and drops"))
		drop();
	if (leave_or_end() == KEEP_EXIT_LEFT)
		return KEEP_EXIT_LEFT;
	return KEEP_EXIT_END + was_stored + (int)(KEPT_GIVEN * given + KEPT_COPY * copies);
}

/* Children of its own go on with that until nobody listens. */
static void flood(void)
{
	for (unsigned int i = 0; i < FLOODERS; i++)
		if (!fork())
			for (;;)
				say(KEEP_PONG, -1);
}

/*
 * Sends more than is answered while it does not read: until who sends that sleeps, and so does
 * the keeper, which has no room for an answer then.
 */
static void read_late(void)
{
	struct keep_message message;
	unsigned int dropped = 0;
	int fd = a_file();
	pid_t pid = fork();

	for (unsigned int i = 0; !pid && i < DROPS; i++) {
		say(KEEP_COPY, fd);
		say(KEEP_DROP, -1);
	}
	if (!pid)
		_exit(0);
	while (state_of(pid) != 'S' || state_of(getppid()) != 'S' || state_of(pid) != 'S')
		;
	while (dropped < DROPS) {
		hear(&message);
		dropped += message.kind == KEEP_DROPPED;
	}
}

int keeper_be_worker(void)
{
	struct keep_message message = { .kind = 0 };
	int fd = a_file();

	while (message.kind != KEEP_SERVE)
		hear(&message);
	if ((!strcmp(how, "never serves") || !strcmp(how, "needs long to serve")) && number) {
		(void)!write(descriptor(getenv("NEWS")), ".", 1);
		pause();
	}
	if (!strncmp(how, "is kept", 7))
		return be_kept();
	if (!strcmp(how, "starts, and dies"))
		kill(getpid(), SIGKILL);
	say(KEEP_READY, -1);
	(void)!write(descriptor(getenv("NEWS")), ".", 1);
	if (!strcmp(how, "leaves"))
		return KEEP_EXIT_LEFT;
	if (!strcmp(how, "leaves when it is told"))
		return leave_or_end();
	if (number)
		return end(10 + (int)copies);
	if (!strcmp(how, "dies") || !strcmp(how, "never serves"))
		kill(getpid(), SIGKILL);
	if (!strcmp(how, "fails at the end")) {
		end(0);
		return 1;
	}
	if (!strcmp(how, "ends unasked"))
		return KEEP_EXIT_END;
	if (!strcmp(how, "has last words"))
		have_last_words();
	if (!strcmp(how, "sends what is no message") && write(sock, how, strlen(how)) > 0)
		pause();
	if (!strcmp(how, "sends what is not to be held")) {
		say(KEEP_STOP, fd);
		pause();
	}
	if (!strcmp(how, "floods"))
		flood();
	if (!strcmp(how, "reads late"))
		read_late();
	return end(20);
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
	*keeper_shared = (struct keeper_shared){ .skips = true };
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

bool keeper_is_worker(int argc, char **argv)
{
	if (argc != 4 || strcmp(argv[1], "--worker"))
		return false;
	sock = descriptor(argv[2]);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	how = argv[3];
	return true;
}

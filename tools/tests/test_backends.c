// SPDX-License-Identifier: GPL-2.0
/*
 * The daemon's stores by themselves: a file, and exports of nbdkit that come and go.
 * Needs no kernel module.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../zxpagerd/backend.h"

#define SIZE	(1u << 20)
#define AT_ONCE	9	/* requests under way, the most that an export is told of */
#define GIB	(1ull << 30)

/* struct call - something that the store was asked for */
struct call {
	struct event event;
	unsigned int answers;
	int res;
};

static char dir[32], uri[128];
static char file[64], sock[64], pidfile[64], inject[64];
static pid_t server;
static uint8_t buffer[AT_ONCE][4096];
static bool asking;

static void called(struct event *ev, int res)
{
	struct call *c = event_owner(ev, struct call, event);

	assert_false(asking);
	c->answers++;
	c->res = res;
}

static int wait_for(struct call *c)
{
	while (!c->answers)
		loop_turn();
	assert_int_equal(c->answers, 1);
	return c->res;
}

#define CALL(be, op, ...) ({ \
	struct call call_ = { .event = { called } }; \
	asking = true; \
	(be)->ops->op(be, &call_.event, ##__VA_ARGS__); \
	asking = false; \
	wait_for(&call_); \
})

static bool is_there(const char *path)
{
	struct stat st;

	return !stat(path, &st) && st.st_size;
}

/* An nbdkit with these arguments; with $file for that. */
static void start_server(const char *const *args)
{
	const char *argv[24] = { "nbdkit", "-f", "-U", sock, "-P", pidfile };
	unsigned int n = 6;

	for (; *args; args++)
		argv[n++] = strcmp(*args, "$file") ? *args : file;
	unlink(sock);
	unlink(pidfile);
	server = fork();
	assert_true(server >= 0);
	if (!server) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execvp(argv[0], (char **)argv);
		_exit(127);
	}
	while (!is_there(pidfile)) {
		assert_int_equal(waitpid(server, NULL, WNOHANG), 0);
		poll(NULL, 0, 10);
	}
}

#define START(...) start_server((const char *const []){ __VA_ARGS__, NULL })

static void kill_server(void)
{
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
}

static void no_inject(void)
{
	unlink(inject);
}

static void do_inject(void)
{
	int fd = open(inject, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	close(fd);
}

/* Byte @at of @file itself. */
static int byte_of_file(off_t at)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	uint8_t byte;

	assert_int_equal(pread(fd, &byte, 1, at), 1);
	close(fd);
	return byte;
}

static off_t size_of_file(void)
{
	struct stat st;

	assert_int_equal(stat(file, &st), 0);
	return st.st_size;
}

static int setup(void **state)
{
	int fd = open(file, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, SIZE), 0);
	close(fd);
	memset(buffer, 'x', sizeof(buffer));
	no_inject();
	return 0;
}

/* --- files ------------------------------------------------------------------------ */

/* One of them may have it open, to the end. */
static struct backend *the_file(void)
{
	static struct backend *be;

	if (!be)
		be = backend_file_open(file, true);
	return be;
}

static void size_of_a_file(void **state)
{
	struct backend *be = the_file();
	static const uint64_t sizes[] = { 0, 1, 4096, SIZE + 1, SIZE, 3 * GIB };

	(void)state;
	for (unsigned int i = 0; i < 200; i++) {
		assert_int_equal(CALL(be, resize, sizes[i % 6]), 0);
		assert_int_equal(size_of_file(), sizes[i % 6]);
	}
}

static void size_that_is_not_allowed(void **state)
{
	struct backend *be = the_file();
	struct rlimit old, low;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	low = old;
	low.rlim_cur = SIZE;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
	assert_int_equal(CALL(be, resize, SIZE + 1), -EFBIG);
	assert_int_equal(CALL(be, write, buffer[0], 4096, SIZE), -EFBIG);
	assert_int_equal(size_of_file(), SIZE);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(CALL(be, resize, SIZE + 1), 0);
	assert_int_equal(size_of_file(), SIZE + 1);
}

/* The daemon has its stores to the end, too. */
static struct backend *open_export(void)
{
	static struct backend *opened[16];
	static unsigned int count;

	assert_true(count < 16);
	opened[count] = backend_nbd_open(uri, true, AT_ONCE);
	return opened[count++];
}

/* --- exports ---------------------------------------------------------------------- */

static void export_is_read_and_written(void **state)
{
	struct backend *be;

	(void)state;
	START("file", "$file");
	be = open_export();
	assert_int_equal(be->size, SIZE);
	assert_null(be->ops->resize);
	assert_int_equal(CALL(be, write, buffer[0], 4096, 8192), 4096);
	assert_int_equal(CALL(be, sync, true), 0);
	assert_int_equal(byte_of_file(8192), 'x');
	assert_int_equal(CALL(be, read, buffer[1], 4096, 4096), 4096);
	assert_int_equal(buffer[1][0], 0);
	assert_int_equal(CALL(be, read, buffer[1], 4096, 8192), 4096);
	assert_int_equal(buffer[1][4095], 'x');
	assert_int_equal(CALL(be, zero, 0, SIZE, false), 0);
	assert_int_equal(CALL(be, zero, 8192, 1, true), 0);
	assert_int_equal(byte_of_file(8192), 0);
	kill_server();
}

static void zeroes_of_many_requests(void **state)
{
	static const uint64_t at[] = { 0, GIB - 4096, GIB, 4 * GIB, 5 * GIB - 4096 };
	struct backend *be;

	(void)state;
	START("memory", "5G");
	be = open_export();
	for (unsigned int i = 0; i < 5; i++)
		assert_int_equal(CALL(be, write, buffer[0], 4096, at[i]), 4096);
	assert_int_equal(CALL(be, zero, 1, 5 * GIB - 2, false), 0);
	for (unsigned int i = 0; i < 5; i++) {
		assert_int_equal(CALL(be, read, buffer[1], 4096, at[i]), 4096);
		assert_int_equal(buffer[1][0], i ? 0 : 'x');
		assert_int_equal(buffer[1][4095], i < 4 ? 0 : 'x');
		assert_int_equal(buffer[1][2000], 0);
	}
	kill_server();
}

static void zeroes_that_it_cannot(void **state)
{
	struct backend *be;

	(void)state;
	START("--filter=nozero", "file", "$file");
	be = open_export();
	assert_int_equal(CALL(be, zero, 0, 4096, false), -EOPNOTSUPP);
	kill_server();
}

static void errors_have_their_numbers(void **state)
{
	static const int codes[] = { EIO, ENOSPC, EPERM, ENOMEM };
	static const char *const names[] = {
		"error=EIO", "error=ENOSPC", "error=EPERM", "error=ENOMEM",
	};
	char injected[80];

	(void)state;
	snprintf(injected, sizeof(injected), "error-file=%s", inject);
	for (unsigned int i = 0; i < 4; i++) {
		struct backend *be;

		START("--filter=error", "file", "$file", names[i], "error-rate=100%",
		      injected);
		be = open_export();
		do_inject();
		assert_int_equal(CALL(be, read, buffer[0], 4096, 0), -codes[i]);
		assert_int_equal(CALL(be, write, buffer[0], 4096, 0), -codes[i]);
		assert_int_equal(CALL(be, zero, 0, 4096, false), -codes[i]);
		no_inject();
		assert_int_equal(CALL(be, read, buffer[0], 4096, 0), 4096);
		kill_server();
	}
}

/* Each that was under way has one answer, whatever it is. */
static void server_dies_in_the_middle(void **state)
{
	struct call calls[AT_ONCE];
	struct backend *be;

	(void)state;
	START("--filter=delay", "file", "$file", "delay-read=10");
	be = open_export();
	for (unsigned int i = 0; i < AT_ONCE; i++) {
		calls[i] = (struct call){ .event = { called } };
		be->ops->read(be, &calls[i].event, buffer[i], 4096, i * 4096);
	}
	kill_server();
	for (unsigned int i = 0; i < AT_ONCE; i++)
		assert_int_equal(wait_for(&calls[i]), -ENOTCONN);
	/* No server, and then one. */
	for (unsigned int i = 0; i < 3; i++)
		assert_true(CALL(be, read, buffer[0], 4096, 0) < 0);
	START("file", "$file");
	while (CALL(be, read, buffer[0], 4096, 0) < 0)
		poll(NULL, 0, 10);
	for (unsigned int i = 0; i < AT_ONCE; i++) {
		calls[i] = (struct call){ .event = { called } };
		be->ops->read(be, &calls[i].event, buffer[i], 4096, i * 4096);
	}
	for (unsigned int i = 0; i < AT_ONCE; i++)
		assert_int_equal(wait_for(&calls[i]), 4096);
	kill_server();
}

/* It is dead before anybody has noticed: the first request does, the second connects. */
static void server_is_dead_already(void **state)
{
	struct call calls[2];
	struct backend *be;

	(void)state;
	START("file", "$file");
	be = open_export();
	for (unsigned int round = 0; round < 3; round++) {
		kill_server();
		START("file", "$file");
		for (unsigned int i = 0; i < 2; i++) {
			calls[i] = (struct call){ .event = { called } };
			be->ops->read(be, &calls[i].event, buffer[i], 4096, 0);
		}
		for (unsigned int i = 0; i < 2; i++)
			assert_true(wait_for(&calls[i]) < 0);
		while (CALL(be, read, buffer[0], 4096, 0) < 0)
			poll(NULL, 0, 10);
	}
	kill_server();
}

/* What was not flushed may be gone, and a flush of another server would not tell. */
static void sync_after_a_lost_connection(void **state)
{
	struct backend *be;

	(void)state;
	START("file", "$file");
	be = open_export();
	assert_int_equal(CALL(be, write, buffer[0], 4096, 0), 4096);
	assert_int_equal(CALL(be, sync, false), 0);
	kill_server();
	START("file", "$file");
	/* Nothing was written since the flush: nothing is lost. */
	while (CALL(be, read, buffer[0], 4096, 0) < 0)
		poll(NULL, 0, 10);
	assert_int_equal(CALL(be, sync, false), 0);
	assert_int_equal(CALL(be, write, buffer[0], 4096, 0), 4096);
	kill_server();
	START("file", "$file");
	while (CALL(be, read, buffer[0], 4096, 0) < 0)
		poll(NULL, 0, 10);
	assert_int_equal(CALL(be, sync, false), -EIO);
	assert_int_equal(CALL(be, write, buffer[0], 4096, 0), 4096);
	assert_int_equal(CALL(be, sync, false), 0);
	kill_server();
}

/* For as long as it takes to connect again, and not to like what is there. */
static void assert_unused(struct backend *be)
{
	uint64_t end = loop_now() + 1500;

	do {
		assert_int_equal(CALL(be, read, buffer[0], 4096, 0), -ENOTCONN);
		poll(NULL, 0, 10);
	} while (loop_now() < end);
}

static void another_export_is_not_used(void **state)
{
	struct backend *be;

	(void)state;
	START("file", "$file");
	be = open_export();
	kill_server();
	START("memory", "2M");
	assert_unused(be);
	kill_server();
	START("-r", "file", "$file");
	assert_unused(be);
	kill_server();
	START("file", "$file");
	while (CALL(be, read, buffer[0], 4096, 0) < 0)
		poll(NULL, 0, 10);
	kill_server();
}

static bool have_nbdkit(void)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

		dup2(null, STDOUT_FILENO);
		execlp("nbdkit", "nbdkit", "--version", NULL);
		_exit(127);
	}
	return waitpid(pid, &status, 0) == pid && !status;
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

static const struct CMUnitTest stores[] = {
	TEST(size_of_a_file),
	TEST(size_that_is_not_allowed),
	TEST(export_is_read_and_written),
	TEST(zeroes_of_many_requests),
	TEST(zeroes_that_it_cannot),
	TEST(errors_have_their_numbers),
	TEST(server_dies_in_the_middle),
	TEST(server_is_dead_already),
	TEST(sync_after_a_lost_connection),
	TEST(another_export_is_not_used),
};

int main(void)
{
	int failed;

	snprintf(dir, sizeof(dir), "/tmp/zxd-store-XXXXXX");
	if (!mkdtemp(dir))
		return 1;
	snprintf(file, sizeof(file), "%s/file", dir);
	snprintf(sock, sizeof(sock), "%s/sock", dir);
	snprintf(pidfile, sizeof(pidfile), "%s/pid", dir);
	snprintf(inject, sizeof(inject), "%s/inject", dir);
	snprintf(uri, sizeof(uri), "nbd+unix:///?socket=%s", sock);
	loop_init(256);
	if (!have_nbdkit()) {
		puts("# no nbdkit: files alone");
		cmocka_set_test_filter("size_*");
	}
	failed = cmocka_run_group_tests(stores, NULL, NULL);
	unlink(file);
	unlink(sock);
	unlink(pidfile);
	rmdir(dir);
	return failed;
}

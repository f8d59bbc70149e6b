// SPDX-License-Identifier: GPL-2.0
/*
 * Exports of NBD servers as stores: an nbdkit comes and goes.  Needs no kernel module.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../zxpagerd/options.h"
#include "nbd_proxy.h"
#include "nbd_server.h"
#include "store.h"
#include "open_files.h"

#define AT_ONCE	9	/* requests under way, the most that an export is told of */
#define GIB	(1ull << 30)

static uint8_t buffer[AT_ONCE][4096];

/* Byte @at of @file itself. */
static int byte_of_file(off_t at)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	uint8_t byte;

	assert_int_equal(pread(fd, &byte, 1, at), 1);
	close(fd);
	return byte;
}

static void fill_file(off_t at, int byte)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);
	uint8_t page[4096];

	memset(page, byte, sizeof(page));
	assert_int_equal(pwrite(fd, page, sizeof(page), at), sizeof(page));
	close(fd);
}

static int setup(void **state)
{
	(void)state;
	make_file();
	new_socket();
	memset(buffer, 'x', sizeof(buffer));
	options.reconnect_timeout = 30;
	options.request_timeout = 0;
	options.connections = 1;
	options.identity_length = 0;
	return 0;
}

/* The daemon has its stores to the end, too. */
static struct backend *open_export(void)
{
	static struct backend *opened[64];
	static unsigned int count;

	assert_true(count < 64);
	opened[count] = backend_nbd_open(uri, true, AT_ONCE);
	return opened[count++];
}

/* --- what can be asked for -------------------------------------------------------- */

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
	char injected[96];

	(void)state;
	snprintf(injected, sizeof(injected), "error-file=%s", inject);
	for (unsigned int i = 0; i < 4; i++) {
		struct backend *be;

		setup(NULL);
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

static bool timer_is_over;

static void timed_out(struct event *ev, int res)
{
	(void)ev;
	(void)res;
	timer_is_over = true;
}

/* The daemon goes on with other things. */
static void turn_for(unsigned int ms)
{
	struct timer timer = { .event.handler = timed_out };

	timer_is_over = false;
	loop_timer(&timer, ms);
	while (!timer_is_over)
		loop_turn();
}

/* --- connections that are lost ---------------------------------------------------- */

static void begin_reads(struct backend *be, struct call *calls)
{
	for (unsigned int i = 0; i < AT_ONCE; i++) {
		calls[i] = (struct call){ .event.handler = called };
		be->ops->read(be, &calls[i].event, buffer[i], 4096, i * 4096);
	}
}

static void end_reads(struct call *calls, int res)
{
	for (unsigned int i = 0; i < AT_ONCE; i++)
		assert_int_equal(wait_for(&calls[i]), res);
}

/* Nobody hears of it: what was under way is asked for again, whatever it was. */
static void server_dies_in_the_middle(void **state)
{
	struct call calls[AT_ONCE], write = { .event.handler = called };
	struct call zero = { .event.handler = called };
	struct backend *be;

	(void)state;
	fill_file(8192, 'y');
	START("--filter=delay", "file", "$file", "rdelay=60", "wdelay=60");
	be = open_export();
	begin_reads(be, calls);
	kill_server();
	START("file", "$file");
	end_reads(calls, 4096);
	assert_int_equal(buffer[2][0], 'y');
	kill_server();
	START("--filter=delay", "file", "$file", "wdelay=60");
	memset(buffer[0], 'z', 4096);
	be->ops->write(be, &write.event, buffer[0], 4096, 0);
	be->ops->zero(be, &zero.event, 8192, 4096, true);
	kill_server();
	START("file", "$file");
	assert_int_equal(wait_for(&write), 4096);
	assert_int_equal(wait_for(&zero), 0);
	assert_int_equal(byte_of_file(0), 'z');
	assert_int_equal(byte_of_file(8192), 0);
	kill_server();
}

/* It is dead before anybody has noticed. */
static void server_is_dead_already(void **state)
{
	struct call calls[AT_ONCE];
	struct backend *be;

	(void)state;
	START("file", "$file");
	be = open_export();
	for (unsigned int round = 0; round < 3; round++) {
		kill_server();
		START("file", "$file");
		begin_reads(be, calls);
		end_reads(calls, 4096);
	}
	kill_server();
}

/* Who waits has an error in time, who comes later at once; and it is found again. */
static void server_stays_away(void **state)
{
	struct call calls[AT_ONCE];
	struct backend *be;
	uint64_t start;

	(void)state;
	options.reconnect_timeout = 10;
	START("--filter=delay", "file", "$file", "rdelay=60");
	be = open_export();
	begin_reads(be, calls);
	kill_server();
	start = loop_now();
	end_reads(calls, -ENOTCONN);
	assert_in_range(loop_now() - start, 7500, 120000);
	start = loop_now();
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(CALL(be, read, buffer[0], 4096, 0), -ENOTCONN);
	/* None of them has waited as long once more. */
	assert_in_range(loop_now() - start, 0, 7500);
	START("file", "$file");
	while (CALL(be, read, buffer[0], 4096, 0) < 0)
		poll(NULL, 0, 10);
	kill_server();
}

/* One that is there for each connection and dies of the first request. */
static void server_dies_again_and_again(void **state)
{
	struct call call = { .event.handler = called };
	struct backend *be;

	(void)state;
	options.reconnect_timeout = 3;
	START("--filter=delay", "file", "$file", "rdelay=60");
	be = open_export();
	be->ops->read(be, &call.event, buffer[0], 4096, 0);
	while (!call.answers) {
		turn_for(1200);
		kill_server();
		START("--filter=delay", "file", "$file", "rdelay=60");
	}
	assert_int_equal(wait_for(&call), -ENOTCONN);
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
	assert_int_equal(CALL(be, sync, false), 0);
	assert_int_equal(CALL(be, write, buffer[0], 4096, 0), 4096);
	kill_server();
	START("file", "$file");
	assert_int_equal(CALL(be, sync, false), -EAGAIN);
	assert_int_equal(CALL(be, write, buffer[0], 4096, 0), 4096);
	assert_int_equal(CALL(be, sync, false), 0);
	kill_server();
}

static void sync_that_is_under_way(void **state)
{
	struct call sync = { .event.handler = called };
	struct backend *be;

	(void)state;
	START("eval", "get_size=echo 65536", "can_write=exit 0", "can_flush=exit 0",
	      "pread=exit 1", "pwrite=cat >/dev/null", "flush=exec sleep 20");
	be = open_export();
	assert_int_equal(CALL(be, write, buffer[0], 4096, 0), 4096);
	be->ops->sync(be, &sync.event, false);
	turn_for(100);
	kill_server();
	START("eval", "get_size=echo 65536", "can_write=exit 0", "can_flush=exit 0",
	      "pread=exit 1", "pwrite=cat >/dev/null", "flush=exit 0");
	assert_int_equal(wait_for(&sync), -EAGAIN);
	assert_int_equal(CALL(be, write, buffer[0], 4096, 0), 4096);
	assert_int_equal(CALL(be, sync, false), 0);
	kill_server();
}

/* It says so, and somebody else will be there. */
static void server_that_shuts_down(void **state)
{
	struct call call = { .event.handler = called };
	char injected[96];
	struct backend *be;

	(void)state;
	snprintf(injected, sizeof(injected), "error-pread-file=%s", inject);
	START("--filter=error", "file", "$file", "error-pread=ESHUTDOWN",
	      "error-pread-rate=100%", injected);
	be = open_export();
	do_inject();
	be->ops->read(be, &call.event, buffer[0], 4096, 0);
	turn_for(1500);
	assert_int_equal(call.answers, 0);
	no_inject();
	assert_int_equal(wait_for(&call), 4096);
	kill_server();
}

/* Another one at the same socket answers, once the first is not waited for any more. */
static void server_that_hangs(void **state)
{
	struct call calls[AT_ONCE];
	struct backend *be;
	uint64_t start = loop_now();
	pid_t hung;

	(void)state;
	options.request_timeout = 1;
	START("--filter=delay", "file", "$file", "rdelay=60");
	be = open_export();
	hung = server;
	begin_reads(be, calls);
	START("file", "$file");
	end_reads(calls, 4096);
	assert_in_range(loop_now() - start, 1000, 120000);
	kill_server();
	server = hung;
	kill_server();
}

/* --- which export it is ----------------------------------------------------------- */

/* For as long as it takes to connect again, and not to like what is there. */
static void assert_unused(struct backend *be)
{
	uint64_t end = loop_now() + 1500;

	do {
		assert_int_equal(CALL(be, read, buffer[0], 4096, 0), -ENOTCONN);
		poll(NULL, 0, 10);
	} while (loop_now() < end);
	kill_server();
}

static void another_export_is_not_used(void **state)
{
	struct backend *be;

	(void)state;
	options.reconnect_timeout = 2;
	START("file", "$file");
	be = open_export();
	kill_server();
	START("memory", "2M");
	assert_unused(be);
	START("-r", "file", "$file");
	assert_unused(be);
	START("--filter=nozero", "file", "$file");
	assert_unused(be);
	START("--filter=multi-conn", "file", "$file", "multi-conn-mode=disable");
	assert_unused(be);
	START("file", "$file");
	while (CALL(be, read, buffer[0], 4096, 0) < 0)
		poll(NULL, 0, 10);
	kill_server();
}

static void assert_used(struct backend *be)
{
	uint64_t end;

	START("file", "$file");
	end = loop_now() + 120000;
	while (CALL(be, read, buffer[1], 4096, 0) < 0) {
		assert_true(loop_now() < end);
		poll(NULL, 0, 10);
	}
	kill_server();
}

static void another_content_is_not_used(void **state)
{
	struct backend *be;

	(void)state;
	options.reconnect_timeout = 2;
	options.identity_offset = 8000;
	options.identity_length = 400;
	fill_file(8192, 'a');
	START("file", "$file");
	be = open_export();
	kill_server();
	assert_used(be);
	fill_file(8192, 'b');
	START("file", "$file");
	assert_unused(be);
	fill_file(8192, 'a');
	assert_used(be);
	fill_file(4096, 'c');
	START("file", "$file");
	assert_unused(be);
	fill_file(4096, 0);
	/* What was written without a flush may be there or not. */
	START("file", "$file");
	while (CALL(be, write, buffer[0], 4096, 8192) < 0)
		poll(NULL, 0, 10);
	kill_server();
	assert_used(be);
	fill_file(8192, 'a');
	assert_used(be);
	/* What was flushed has to be. */
	START("file", "$file");
	while (CALL(be, write, buffer[0], 4096, 8192) < 0)
		poll(NULL, 0, 10);
	while (CALL(be, sync, false) == -EAGAIN)
		assert_int_equal(CALL(be, write, buffer[0], 4096, 8192), 4096);
	kill_server();
	fill_file(8192, 'a');
	START("file", "$file");
	assert_unused(be);
	fill_file(8192, 'x');
	assert_used(be);
}

/* A write that failed is no news of what is there, also after a flush. */
static void content_after_a_failed_write(void **state)
{
	char injected[96];
	struct backend *be;

	(void)state;
	options.identity_offset = 8192;
	options.identity_length = 4096;
	snprintf(injected, sizeof(injected), "error-pwrite-file=%s", inject);
	fill_file(8192, 'a');
	START("--filter=error", "file", "$file", "error-pwrite=EIO",
	      "error-pwrite-rate=100%", injected);
	be = open_export();
	do_inject();
	assert_int_equal(CALL(be, write, buffer[0], 4096, 8192), -EIO);
	assert_int_equal(CALL(be, sync, false), 0);
	kill_server();
	assert_used(be);
	fill_file(8192, 'b');
	assert_used(be);
}

/* By a process of its own, which has no other export. */
static bool is_refused(const char *name, bool writable)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

		dup2(null, STDERR_FILENO);
		_exit(!backend_nbd_open(name, writable, AT_ONCE));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status) == 1;
}

static void one_writer_of_an_export(void **state)
{
	char other[192];
	const char *base = strrchr(sock, '/');

	(void)state;
	START("--filter=exportname", "file", "$file", "exportname=a", "exportname=b");
	assert_false(is_refused(uri, true));
	open_export();
	assert_true(is_refused(uri, true));
	assert_true(is_refused(uri, false));
	snprintf(other, sizeof(other), "nbd+unix:///?socket=%s/../%s%s", dir, dir + 5, base);
	assert_true(is_refused(other, true));
	snprintf(other, sizeof(other), "nbd+unix:///b?socket=%s", sock);
	assert_false(is_refused(other, true));
	kill_server();
	setup(NULL);
	START("file", "$file");
	assert_false(is_refused(uri, true));
	kill_server();
}

/* The daemon may go on without it, and serve it later. */
static void refused_leaves_nothing(void **state)
{
	unsigned int before;

	(void)state;
	START("-r", "file", "$file");
	/* What is opened once for all is open then. */
	backend_nbd_close(backend_nbd_open(uri, false, AT_ONCE));
	before = open_files();
	for (unsigned int i = 0; i < 3; i++)
		assert_null(backend_nbd_open(uri, true, AT_ONCE));
	assert_int_equal(open_files(), before);
	for (unsigned int i = 0; i < 3; i++)
		backend_nbd_close(backend_nbd_open(uri, false, AT_ONCE));
	assert_int_equal(open_files(), before);
	kill_server();
	for (unsigned int i = 0; i < 3; i++)
		assert_null(backend_nbd_open(uri, true, AT_ONCE));
	assert_int_equal(open_files(), before);
}

/* --- several connections ---------------------------------------------------------- */

static void connections_where_they_are_offered(void **state)
{
	static const char *const modes[] = { "auto", "disable" };
	char logged[80], mode[40];

	(void)state;
	snprintf(logged, sizeof(logged), "logfile=%s", log_file);
	for (unsigned int i = 0; i < 2; i++) {
		struct call calls[AT_ONCE];
		struct backend *be;

		setup(NULL);
		unlink(log_file);
		options.connections = 3;
		snprintf(mode, sizeof(mode), "multi-conn-mode=%s", modes[i]);
		START("--filter=log", "--filter=multi-conn", "file", "$file", logged, mode);
		be = open_export();
		for (unsigned int round = 0; round < 3; round++) {
			begin_reads(be, calls);
			end_reads(calls, 4096);
		}
		while (!i && connections_in_log() < 3)
			CALL(be, read, buffer[0], 4096, 0);
		assert_int_equal(connections_in_log(), i ? 1 : 3);
		kill_server();
	}
}

/* Whichever it is, what was written may be lost with it, and the others go on. */
static void one_of_several_is_lost(void **state)
{
	struct call calls[AT_ONCE];
	char through[64];
	struct backend *be;

	(void)state;
	options.connections = 3;
	START("file", "$file");
	snprintf(through, sizeof(through), "%s/proxy", dir);
	proxy_start(through, sock);
	snprintf(uri, sizeof(uri), "nbd+unix:///?socket=%s", through);
	be = open_export();
	while (proxy_count() < 3)
		CALL(be, read, buffer[0], 4096, 0);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(CALL(be, write, buffer[0], 4096, i * 4096), 4096);
		proxy_cut(i);
		poll(NULL, 0, 20);
		begin_reads(be, calls);
		end_reads(calls, 4096);
		assert_int_equal(CALL(be, sync, false), -EAGAIN);
		assert_int_equal(CALL(be, write, buffer[0], 4096, i * 4096), 4096);
		assert_int_equal(CALL(be, sync, false), 0);
	}
	kill_server();
	unlink(through);
}

/* --- over a network --------------------------------------------------------------- */

/* Timer 2 of an idle connection is that of keepalive. */
static bool is_kept_alive(unsigned int wanted)
{
	bool found = false;
	char line[512], to[16];
	const char *at;
	FILE *f = fopen("/proc/net/tcp", "re");

	assert_non_null(f);
	snprintf(to, sizeof(to), ":%04X 01 ", wanted);
	while (fgets(line, sizeof(line), f)) {
		at = strstr(line, to);
		if (at && !strncmp(at + strlen(to) + strlen("00000000:00000000 "), "02:", 3))
			found = true;
	}
	fclose(f);
	return found;
}

/* A machine that is gone says nothing any more. */
static void peers_are_kept_alive(void **state)
{
	struct backend *be;
	unsigned int number = new_port("127.0.0.1");

	(void)state;
	START("file", "$file");
	port[0] = '\0';
	be = open_export();
	assert_int_equal(CALL(be, read, buffer[0], 4096, 0), 4096);
	assert_true(is_kept_alive(number));
	kill_server();
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

static const struct CMUnitTest exports[] = {
	TEST(export_is_read_and_written),
	TEST(zeroes_of_many_requests),
	TEST(zeroes_that_it_cannot),
	TEST(errors_have_their_numbers),
	TEST(server_dies_in_the_middle),
	TEST(server_is_dead_already),
	TEST(server_stays_away),
	TEST(server_dies_again_and_again),
	TEST(sync_after_a_lost_connection),
	TEST(sync_that_is_under_way),
	TEST(server_that_shuts_down),
	TEST(server_that_hangs),
	TEST(another_export_is_not_used),
	TEST(another_content_is_not_used),
	TEST(content_after_a_failed_write),
	TEST(one_writer_of_an_export),
		TEST(refused_leaves_nothing),
	TEST(connections_where_they_are_offered),
	TEST(one_of_several_is_lost),
	TEST(peers_are_kept_alive),
};

int main(void)
{
	int failed;

	begin_stores();
	begin_servers();
	failed = cmocka_run_group_tests(exports, NULL, NULL);
	end_servers();
	end_stores();
	return failed;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * A running daemon against clients that want too much of it: descriptors, connections,
 * its time, its log.  After each of them it is as it was before.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "peer.h"

#define THOUSANDS	5000

static unsigned int fds_before, threads_before;

static int look_before(void **state)
{
	(void)state;
	fds_before = daemon_fds();
	threads_before = (unsigned int)daemon_status("Threads");
	return 0;
}

static int look_after(void **state)
{
	(void)state;
	assert_served();
	assert_daemon_fds(fds_before);
	assert_int_equal(daemon_status("Threads"), threads_before);
	return 0;
}

static void floods_of_descriptors(void **state)
{
	struct zxd_request req = request(ZXD_OPEN, "f");
	int fd[MESSAGE_FDS], pipes[2];

	(void)state;
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	for (unsigned int i = 0; i < MESSAGE_FDS; i++)
		fd[i] = pipes[i % 2];
	for (unsigned int i = 0; i < 50; i++) {
		int sock = dial();

		/* More of them may or may not be taken before the end comes. */
		fd[0] = sock;
		assert_int_equal(send_with_fds(sock, &req, fd, MESSAGE_FDS), sizeof(req));
		send_with_fds(sock, &req, fd, MESSAGE_FDS);
		assert_refused(sock, EPROTO);
	}
	close(pipes[0]);
	close(pipes[1]);
}

/* A reply that is not taken keeps a descriptor alive, so there are few of these. */
static void replies_that_pile_up(void **state)
{
	struct zxd_request req = request(ZXD_OPEN, "f");
	struct timeval limit = { .tv_sec = 60 };
	unsigned int replies = 0;
	char buffer[256];
	int sock = dial();

	(void)state;
	setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	while (send(sock, &req, sizeof(req), MSG_NOSIGNAL) > 0)
		;
	assert_true(errno == EPIPE || errno == ECONNRESET);
	/* That it was hung up on may be told once, before what came earlier. */
	if (recv(sock, buffer, 0, MSG_DONTWAIT | MSG_PEEK) < 0)
		assert_int_equal(errno, ECONNRESET);
	while (recv(sock, buffer, sizeof(buffer), MSG_DONTWAIT) > 0)
		replies++;
	assert_in_range(replies, 1, 16);
	close(sock);
}

/* They say nothing and stay. */
static void connections_by_the_thousand(void **state)
{
	struct zxd_request req = request(ZXD_STAT, "f");
	static int sock[THOUSANDS];
	struct rlimit files;

	(void)state;
	raise_limit(THOUSANDS + 100);
	assert_int_equal(prlimit(daemon_pid(), RLIMIT_NOFILE, NULL, &files), 0);
	for (unsigned int i = 0; i < THOUSANDS; i++) {
		sock[i] = dial();
		if (i % 1000 == 999)
			assert_served();
	}
	assert_served();
	assert_true(daemon_fds() < files.rlim_cur);
	assert_true(daemon_fds() < THOUSANDS);
	/* The newest is there still. */
	assert_int_equal(ask(sock[THOUSANDS - 1], &req), 0);
	for (unsigned int i = 0; i < THOUSANDS; i++)
		close(sock[i]);
}

static void half_closed_connections(void **state)
{
	struct zxd_request req = request(ZXD_STAT, "f");
	struct zxd_reply reply;
	int sock;

	(void)state;
	for (unsigned int i = 0; i < 50; i++) {
		sock = dial();
		assert_int_equal(send(sock, &req, sizeof(req), 0), sizeof(req));
		shutdown(sock, SHUT_WR);
		assert_int_equal(recv(sock, &reply, sizeof(reply), 0), sizeof(reply));
		assert_int_equal(reply.error, 0);
		assert_dropped(sock);
		sock = dial();
		shutdown(sock, SHUT_RD);
		send(sock, &req, sizeof(req), MSG_NOSIGNAL);
		close(sock);
	}
}

/* Never comes back. */
static void __attribute__((noreturn)) talk_nonsense(unsigned int seed)
{
	static uint8_t message[8192];
	int sock = -1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		size_t n = 1 + (size_t)rand_r(&seed) % sizeof(message);

		if (sock < 0)
			sock = dial();
		for (size_t i = 0; i < n && i < 128; i++)
			message[i] = (uint8_t)rand_r(&seed);
		/* Refused: once more from the beginning. */
		if (send(sock, message, n, MSG_NOSIGNAL) < 0 || rand_r(&seed) % 8 == 0) {
			close(sock);
			sock = -1;
		}
	}
}

static off_t log_size(void)
{
	struct stat st;

	assert_int_equal(stat(told("ZXD_LOG"), &st), 0);
	return st.st_size;
}

static void nonsense_without_end(void **state)
{
	struct zxd_request req = request(ZXD_STAT, "f");
	off_t size = log_size();
	time_t start = time(NULL);
	pid_t child[4];
	int sock;

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		child[i] = fork();
		assert_true(child[i] >= 0);
		if (!child[i])
			talk_nonsense(i + 1);
	}
	sock = dial();
	/*
	 * The test before this one may have had the lines of this second: it goes on into
	 * one that has some left.
	 */
	for (unsigned int i = 0; i < 200 || log_size() == size; i++) {
		assert_int_equal(ask(sock, &req), 0);
		if (i % 10 == 0)
			assert_served();
	}
	close(sock);
	for (unsigned int i = 0; i < 4; i++) {
		kill(child[i], SIGKILL);
		waitpid(child[i], NULL, 0);
	}
	/* A line tells of it, and 10 each second and what was left out are all. */
	size = log_size() - size;
	assert_true(size > 0);
	assert_true(size < (time(NULL) - start + 2) * 11 * 160);
}

/* The limit of the daemon's descriptors is lowered to what it has open. */
static void no_descriptor_left(void **state)
{
	struct zxd_request req = request(ZXD_STAT, "f");
	struct zxd_reply reply;
	struct rlimit old, low;
	int sock, other, fd;

	(void)state;
	sock = dial();
	assert_int_equal(ask(sock, &req), 0);
	assert_int_equal(prlimit(daemon_pid(), RLIMIT_NOFILE, NULL, &old), 0);
	low = old;
	low.rlim_cur = daemon_fds();
	assert_int_equal(prlimit(daemon_pid(), RLIMIT_NOFILE, &low, NULL), 0);
	assert_int_equal(ask_for_fd(sock, "f", &fd), EMFILE);
	assert_int_equal(ask(sock, &req), 0);
	other = dial();
	assert_int_equal(recv(other, &reply, sizeof(reply), 0), sizeof(reply));
	assert_int_equal(reply.op, 0);
	assert_int_equal(reply.error, EMFILE);
	close(other);
	/* That one took the place of the idlest. */
	assert_dropped(sock);
	assert_int_equal(prlimit(daemon_pid(), RLIMIT_NOFILE, &old, NULL), 0);
	sock = dial();
	assert_int_equal(ask_for_fd(sock, "f", &fd), 0);
	close(fd);
	close(sock);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, look_before, look_after)

int main(int argc, char **argv)
{
	static const struct CMUnitTest flood[] = {
		TEST(floods_of_descriptors),
		TEST(replies_that_pile_up),
		TEST(connections_by_the_thousand),
		TEST(half_closed_connections),
		TEST(nonsense_without_end),
		TEST(no_descriptor_left),
	};

	if (!is_served())
		return 77;
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(flood, NULL, NULL);
}

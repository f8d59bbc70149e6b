// SPDX-License-Identifier: GPL-2.0
/*
 * Clients of a daemon that runs.
 */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "peer.h"

#define PATIENCE	60	/* seconds */

bool is_served(void)
{
	if (getenv("ZXD_SOCKET") && getenv("ZXD_PID") && getenv("ZXD_FILE"))
		return true;
	fputs("no daemon: see tests/daemon.bash --serve\n", stderr);
	return false;
}

const char *told(const char *name)
{
	const char *value = getenv(name);

	assert_non_null(value);
	return value;
}

int dial(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = PATIENCE };
	int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	strncpy(addr.sun_path, told("ZXD_SOCKET"), sizeof(addr.sun_path) - 1);
	assert_true(sock >= 0);
	assert_int_equal(connect(sock, (struct sockaddr *)&addr, sizeof(addr)), 0);
	setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return sock;
}

struct zxd_request request(enum zxd_op op, const char *name)
{
	struct zxd_request req = {
		.size = sizeof(req),
		.version = ZXD_VERSION,
		.op = op,
	};

	strncpy(req.name, name, sizeof(req.name) - 1);
	return req;
}

int ask(int sock, const struct zxd_request *req)
{
	struct zxd_reply reply;

	assert_int_equal(send(sock, req, sizeof(*req), MSG_NOSIGNAL), sizeof(*req));
	assert_int_equal(recv(sock, &reply, sizeof(reply), 0), sizeof(reply));
	assert_int_equal(reply.size, sizeof(reply));
	assert_int_equal(reply.version, ZXD_VERSION);
	assert_int_equal(reply.op, req->op);
	return (int)reply.error;
}

int ask_for_fd(int sock, const char *name, int *fd)
{
	struct zxd_request req = request(ZXD_OPEN, name);
	union {
		char buffer[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct zxd_reply reply;
	struct iovec iov = { &reply, sizeof(reply) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buffer,
		.msg_controllen = sizeof(control.buffer),
	};
	struct cmsghdr *cmsg;

	assert_int_equal(send(sock, &req, sizeof(req), MSG_NOSIGNAL), sizeof(req));
	assert_int_equal(recvmsg(sock, &msg, MSG_CMSG_CLOEXEC), sizeof(reply));
	assert_int_equal(reply.op, ZXD_OPEN);
	*fd = -1;
	if (reply.error)
		return (int)reply.error;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (cmsg)
		memcpy(fd, CMSG_DATA(cmsg), sizeof(*fd));
	assert_true(*fd >= 0);
	return 0;
}

ssize_t send_with_fds(int sock, const struct zxd_request *req, const int *fd,
		      unsigned int count)
{
	union {
		char buffer[CMSG_SPACE(MESSAGE_FDS * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { (void *)req, sizeof(*req) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buffer,
		.msg_controllen = CMSG_SPACE(count * sizeof(int)),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	assert_in_range(count, 1, MESSAGE_FDS);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(cmsg), fd, count * sizeof(int));
	return sendmsg(sock, &msg, MSG_NOSIGNAL);
}

void assert_served(void)
{
	struct zxd_request req = request(ZXD_STAT, "f");
	int sock = dial();

	assert_int_equal(ask(sock, &req), 0);
	close(sock);
}

void assert_dropped(int sock)
{
	char byte;

	errno = 0;
	assert_true(recv(sock, &byte, 1, 0) <= 0);
	assert_int_not_equal(errno, EAGAIN);
	close(sock);
	assert_served();
}

void assert_refused(int sock, int error)
{
	struct zxd_reply reply;

	assert_int_equal(recv(sock, &reply, sizeof(reply), 0), sizeof(reply));
	assert_int_equal(reply.size, sizeof(reply));
	assert_int_equal(reply.version, ZXD_VERSION);
	assert_int_equal(reply.op, 0);
	assert_int_equal(reply.error, error);
	assert_dropped(sock);
}

pid_t daemon_pid(void)
{
	return (pid_t)strtol(told("ZXD_PID"), NULL, 10);
}

unsigned int daemon_fds(void)
{
	struct dirent *entry;
	unsigned int count = 0;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)daemon_pid());
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

unsigned long daemon_status(const char *field)
{
	unsigned long value = 0;
	char path[64], line[256];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)daemon_pid());
	file = fopen(path, "re");
	assert_non_null(file);
	while (!found && fgets(line, sizeof(line), file)) {
		found = !strncmp(line, field, strlen(field)) &&
			line[strlen(field)] == ':';
		if (found)
			value = strtoul(line + strlen(field) + 1, NULL, 10);
	}
	fclose(file);
	assert_true(found);
	return value;
}

void assert_daemon_fds(unsigned int count)
{
	time_t end = time(NULL) + PATIENCE;

	while (daemon_fds() != count && time(NULL) < end)
		poll(NULL, 0, 10);
	assert_int_equal(daemon_fds(), count);
}

void raise_limit(unsigned int files)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_cur >= files)
		return;
	limit.rlim_cur = files;
	if (limit.rlim_max < files)
		limit.rlim_max = files;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Talking to zxpagerd.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "connection.h"

static int sock = -1;
static int fixed_status;

void die_always_with(int status)
{
	fixed_status = status;
}

void die(int status, const char *fmt, ...)
{
	va_list args;

	fputs("zxpager: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(fixed_status ? fixed_status : status);
}

void connection_open(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(addr.sun_path))
		die(EXIT_USAGE, "--socket %s: longer than %zu bytes", path,
		    sizeof(addr.sun_path) - 1);
	memcpy(addr.sun_path, path, strlen(path));
	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (sock < 0)
		die(EXIT_DAEMON, "cannot make a socket: %s", strerror(errno));
	if (!connect(sock, (struct sockaddr *)&addr, sizeof(addr)))
		return;
	switch (errno) {
	case ENOENT:
	case ECONNREFUSED:
		die(EXIT_DAEMON, "no daemon at %s: start zxpagerd, or give its --socket",
		    path);
	case EACCES:
	case EPERM:
		die(EXIT_DENIED, "you may not connect to %s (zxpagerd --allow-uid)",
		    path);
	}
	die(EXIT_DAEMON, "cannot connect to %s: %s", path, strerror(errno));
}

static int take_fd(struct msghdr *msg)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);
	int fd;

	if (!cmsg || cmsg->cmsg_level != SOL_SOCKET ||
	    cmsg->cmsg_type != SCM_RIGHTS ||
	    cmsg->cmsg_len != CMSG_LEN(sizeof(int)))
		return -1;
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	return fd;
}

static int receive(struct zxd_reply *reply)
{
	union {
		char buffer[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { reply, sizeof(*reply) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buffer,
		.msg_controllen = sizeof(control.buffer),
	};
	ssize_t n;

	do {
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		die(EXIT_DAEMON, "no reply: %s", strerror(errno));
	if (!n)
		die(EXIT_DAEMON, "the daemon closed the connection");
	if (n != (ssize_t)sizeof(*reply) || reply->size != sizeof(*reply) ||
	    reply->version != ZXD_VERSION ||
	    reply->name[sizeof(reply->name) - 1])
		die(EXIT_DAEMON, "not a zxpagerd of this version (%d)", ZXD_VERSION);
	return take_fd(&msg);
}

struct zxd_request connection_request(enum zxd_op op, const char *name)
{
	struct zxd_request request = {
		.size = sizeof(request),
		.version = ZXD_VERSION,
		.op = op,
	};

	if (strlen(name) >= sizeof(request.name))
		die(EXIT_NO_VMO, "no VMO '%s': a name has up to %zu characters", name,
		    sizeof(request.name) - 1);
	memcpy(request.name, name, strlen(name));
	return request;
}

int connection_call(const struct zxd_request *request, struct zxd_reply *reply,
		    int *fd)
{
	int received;

	/* A daemon that refuses this user has replied and gone: that reply counts. */
	if (send(sock, request, sizeof(*request), MSG_NOSIGNAL) < 0 &&
	    errno != EPIPE)
		die(EXIT_DAEMON, "cannot ask the daemon: %s", strerror(errno));
	received = receive(reply);
	if (reply->error == EACCES && !reply->op)
		die(EXIT_DENIED, "the daemon does not serve you (zxpagerd --allow-uid)");
	if (reply->error && !reply->op)
		die(EXIT_DAEMON, "the daemon does not serve you now: %s",
		    strerror((int)reply->error));
	if (fd)
		*fd = received;
	else if (received >= 0)
		close(received);
	return (int)reply->error;
}

void die_refused(const struct zxd_request *request, int error)
{
	const char *name = request->name;

	switch (error) {
	case ENOENT:
		die(EXIT_NO_VMO, "no VMO '%s' (zxpager ls tells which there are)", name);
	case EPERM:
		die(EXIT_DENIED, "only root and the daemon's user may do that");
	case EACCES:
		die(EXIT_DENIED, "%s: is a copy of another user", name);
	case EMEDIUMTYPE:
		die(EXIT_OPERATION, request->op == ZXD_DROP ?
		    "%s: is no copy, but served from a file; detach is what ends that" :
		    "%s: is a copy, which no file is behind", name);
	case ESHUTDOWN:
		die(EXIT_DAEMON, "the daemon is about to end");
	case ERANGE:
		die(EXIT_OPERATION, "%s: that range is outside of the VMO", name);
	}
	die(EXIT_OPERATION, "%s: %s", name, strerror(error));
}

void connection_must(const struct zxd_request *request, struct zxd_reply *reply,
		     int *fd)
{
	int error = connection_call(request, reply, fd);

	if (error)
		die_refused(request, error);
	if (fd && *fd < 0)
		die(EXIT_DAEMON, "%s: no file descriptor came with the reply",
		    request->name);
}

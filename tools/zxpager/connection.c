// SPDX-License-Identifier: GPL-2.0
/*
 * Talking to zxpagerd.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "connection.h"
#include "../zxpagerd/pass.h"

/* Daemons that a keeper has started one after the other, and that died with a request. */
#define DEATHS_MAX	20

static int sock = -1;
static int fixed_status;
static struct sockaddr_un addr = { .sun_family = AF_UNIX };

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

/* 0 or an errno. */
static int begin(void)
{
	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (sock < 0)
		die(EXIT_DAEMON, "cannot make a socket: %s", strerror(errno));
	return connect(sock, (struct sockaddr *)&addr, sizeof(addr)) ? errno : 0;
}

void connection_open(const char *path)
{
	int error;

	if (strlen(path) >= sizeof(addr.sun_path))
		die(EXIT_USAGE, "--socket %s: longer than %zu bytes", path,
		    sizeof(addr.sun_path) - 1);
	memcpy(addr.sun_path, path, strlen(path));
	error = begin();
	switch (error) {
	case 0:
		return;
	case ENOENT:
	case ECONNREFUSED:
		die(EXIT_DAEMON, "no daemon at %s: start zxpagerd, or give its --socket",
		    path);
	case EACCES:
	case EPERM:
		die(EXIT_DENIED, "you may not connect to %s (zxpagerd --allow-uid)",
		    path);
	}
	die(EXIT_DAEMON, "cannot connect to %s: %s", path, strerror(error));
}

/* *@fd is what came along, or -1.  False if the daemon has gone. */
static bool receive(struct zxd_reply *reply, int *fd)
{
	ssize_t n = pass_receive(sock, reply, sizeof(*reply), fd, 0);

	if (!n)
		return false;
	if (n < 0 && n != -EPROTO)
		die(EXIT_DAEMON, "no reply: %s", strerror((int)-n));
	if (n != (ssize_t)sizeof(*reply) || reply->size != sizeof(*reply) ||
	    reply->version != ZXD_VERSION ||
	    reply->name[sizeof(reply->name) - 1])
		die(EXIT_DAEMON, "not a zxpagerd of this version (%d)", ZXD_VERSION);
	return true;
}

void connection_wait_for_end(void)
{
	char byte;
	ssize_t n;

	do {
		n = recv(sock, &byte, sizeof(byte), 0);
	} while (n > 0 || (n < 0 && errno == EINTR));
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

/* Twice is as good as once: all but what makes or drops a copy, which may be done already. */
static bool may_repeat(const struct zxd_request *request)
{
	return request->op < ZXD_CLONE;
}

/*
 * Where the daemon has a keeper another one takes the connection, in time.  Without one nobody
 * is there.
 */
static bool begin_again(const struct zxd_request *request)
{
	static unsigned int deaths;

	if (!may_repeat(request) || deaths++ >= DEATHS_MAX)
		return false;
	close(sock);
	return !begin();
}

int connection_call(const struct zxd_request *request, struct zxd_reply *reply,
		    int *fd)
{
	int received;

	do {
		/* A daemon that refuses this user has replied and gone: that reply counts. */
		if (send(sock, request, sizeof(*request), MSG_NOSIGNAL) < 0 &&
		    errno != EPIPE && errno != ECONNRESET)
			die(EXIT_DAEMON, "cannot ask the daemon: %s", strerror(errno));
		if (receive(reply, &received))
			break;
		if (!begin_again(request))
			die(EXIT_DAEMON, "the daemon closed the connection");
	} while (true);
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
	die(EXIT_OPERATION, "%s: %s", *name ? name : "the daemon", strerror(error));
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

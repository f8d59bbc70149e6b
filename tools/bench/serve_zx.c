// SPDX-License-Identifier: GPL-2.0
/*
 * zxpagerd, as it is shipped, and a client of it.
 */
#include <errno.h>
#include <libgen.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../zxpagerd/proto.h"
#include "store.h"

#define NAME	"data"

/* It is built beside this program. */
static void program_path(char *path, size_t size)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		die("/proc/self/exe");
	self[n] = '\0';
	if ((size_t)snprintf(path, size, "%s/zxpagerd/zxpagerd",
			     dirname(dirname(self))) >= size)
		die("the path of zxpagerd");
}

static struct zxd_reply ask(const struct server *s, enum zxd_op op, int *fd)
{
	struct zxd_request request = {
		.size = sizeof(request),
		.version = ZXD_VERSION,
		.op = op,
		.name = NAME,
	};
	union {
		char buffer[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct zxd_reply reply;
	struct iovec iov = { &reply, sizeof(reply) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buffer,
		.msg_controllen = sizeof(control.buffer),
	};
	struct cmsghdr *cmsg;

	if (send(s->sock, &request, sizeof(request), 0) != sizeof(request) ||
	    recvmsg(s->sock, &msg, MSG_CMSG_CLOEXEC) != sizeof(reply))
		die("talk with zxpagerd");
	errno = (int)reply.error;
	if (reply.error)
		die("zxpagerd");
	if (!fd)
		return reply;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS)
		die("zxpagerd gave no descriptor");
	memcpy(fd, CMSG_DATA(cmsg), sizeof(*fd));
	return reply;
}

static void zxpagerd_start(struct server *s, const struct store *store)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char program[PATH_MAX], file[96], ready_fd[16], window[32], line[8];
	char *argv[11] = { program, "--socket", addr.sun_path, "--ready-fd", ready_fd,
			   file, s->window ? "--window" : NULL, window,
			   "--readahead", "0" };
	int ready[2];

	if (s->program)
		snprintf(program, sizeof(program), "%s", s->program);
	else
		program_path(program, sizeof(program));
	make_directory(s->dir, sizeof(s->dir));
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/socket", s->dir);
	snprintf(file, sizeof(file), NAME "=%s", store->path);
	snprintf(window, sizeof(window), "%zu", s->window);
	if (pipe2(ready, O_CLOEXEC))
		die("pipe");
	snprintf(ready_fd, sizeof(ready_fd), "%d", ready[1]);
	s->pid = run_program(argv, ready[1]);
	close(ready[1]);
	errno = 0;
	if (read(ready[0], line, sizeof(line)) <= 0)
		die("zxpagerd does not start");
	close(ready[0]);
	s->sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (s->sock < 0 || connect(s->sock, (struct sockaddr *)&addr, sizeof(addr)))
		die("%s", addr.sun_path);
	ask(s, ZXD_OPEN, &s->fd);
}

size_t zxpagerd_windows(const struct server *s)
{
	return ask(s, ZXD_STAT, NULL).windows;
}

static void zxpagerd_stop(struct server *s)
{
	close(s->fd);
	close(s->sock);
	kill(s->pid, SIGTERM);
	wait_for_end(s->pid, "zxpagerd");
	rmdir(s->dir);
}

const struct serving serving_zxpagerd = {
	.name = "zxpagerd",
	.start = zxpagerd_start,
	.stop = zxpagerd_stop,
};

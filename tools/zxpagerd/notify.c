// SPDX-License-Identifier: GPL-2.0
/*
 * Words with a service manager, as sd_notify(3) has them, by hand: that call may wait for ever, and
 * whom it waits for may wait for what the keeper is to start.  Its main process is the keeper: a
 * worker has no say.
 */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "notify.h"
#include "pass.h"

#define PATIENCE_MS	5000

/* -1 and errno: ENOENT if there is none. */
static int dial(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	socklen_t length = path ? (socklen_t)strlen(path) : 0;
	int sock;

	errno = ENOENT;
	if (!length || length >= sizeof(addr.sun_path) || !strchr("/@", *path))
		return -1;
	memcpy(addr.sun_path, path, length);
	if (*path == '@')
		addr.sun_path[0] = '\0';
	sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock < 0)
		return -1;
	length += (socklen_t)offsetof(struct sockaddr_un, sun_path);
	if (!connect(sock, (struct sockaddr *)&addr, length))
		return sock;
	close(sock);
	return -1;
}

/* Its queue is short. */
static int send_or_wait(int sock, const char *text, int fd, int ms)
{
	struct pollfd pfd = { .fd = sock, .events = POLLOUT };
	int error = pass_send(sock, text, strlen(text), fd, MSG_DONTWAIT);

	while (error == EAGAIN && poll(&pfd, 1, ms) > 0)
		error = pass_send(sock, text, strlen(text), fd, MSG_DONTWAIT);
	return error;
}

int notify_send(const char *text, int fd, int ms)
{
	int sock = dial(), error;

	if (sock < 0)
		return errno;
	error = send_or_wait(sock, text, fd, ms);
	close(sock);
	return error;
}

void notify_ready(void)
{
	notify_send("READY=1", -1, PATIENCE_MS);
}

void notify_stopping(void)
{
	notify_send("STOPPING=1", -1, PATIENCE_MS);
}

/* It says so again. */
void notify_alive(void)
{
	notify_send("WATCHDOG=1", -1, 0);
}

static unsigned long long number(const char *name)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : 0;
}

/* Twice in the time that it has. */
uint64_t notify_every(void)
{
	unsigned long long usec = number("WATCHDOG_USEC"), pid = number("WATCHDOG_PID");

	return usec && (!pid || pid == (unsigned long long)getpid()) ? usec / 2000 + 1 : 0;
}

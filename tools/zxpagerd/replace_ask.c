// SPDX-License-Identifier: GPL-2.0
/*
 * zxpagerd --replace: asks the keeper that runs to go on with this program and these options.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "keep.h"
#include "log.h"
#include "options.h"
#include "replace.h"
#include "spawn.h"

/* Who has the directory of @path says what is there. */
static bool owns_directory(uid_t uid, const char *path)
{
	const char *slash = strrchr(path, '/');
	char directory[sizeof(((struct sockaddr_un *)0)->sun_path)] = ".";
	struct stat st;

	if (slash)
		snprintf(directory, sizeof(directory), "%.*s/", (int)(slash - path), path);
	return !stat(directory, &st) && st.st_uid == uid;
}

/*
 * Anybody may have made a socket of that name in a directory that is everybody's.  Root asks
 * keepers of others, too, where those make them.
 */
static bool is_trusted(int sock, const char *path)
{
	struct ucred cred;
	socklen_t size = sizeof(cred);

	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &cred, &size))
		return false;
	return !cred.uid || cred.uid == geteuid() || (!geteuid() && owns_directory(cred.uid, path));
}

static int connect_to_keeper(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int length = snprintf(addr.sun_path, sizeof(addr.sun_path), "%s.keeper", options.socket);
	int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (length >= (int)sizeof(addr.sun_path))
		die("--replace: the name of the socket is too long for that");
	if (sock < 0)
		die("cannot make a socket: %s", strerror(errno));
	if (connect(sock, (struct sockaddr *)&addr, sizeof(addr)))
		die("--replace: no daemon with --keep at %s: %s", options.socket,
		    strerror(errno));
	if (!is_trusted(sock, addr.sun_path))
		die("--replace: who listens at %s is neither root nor of this user",
		    addr.sun_path);
	return sock;
}

/* It may have refused already, and says so. */
static void tell(int sock, enum keep_kind kind, int fd)
{
	struct keep_message message = { .kind = kind };
	int error = keep_send(sock, &message, fd, 0);

	if (error && error != EPIPE && error != ECONNRESET)
		die("--replace: cannot ask: %s", strerror(error));
}

static const char *why(int error)
{
	switch (error) {
	case EPERM:
		return "that is for root and the daemon's user";
	case EINVAL:
		return "it serves other files, or under other names or otherwise";
	case ENOEXEC:
		return "the new one does not start; the daemon's log tells why";
	case ETIMEDOUT:
		return "the new one does not say what it would serve";
	case EPROTO:
		return "the keeper is of another version: stop it, and start this one";
	case ESHUTDOWN:
		return "the daemon is about to end";
	}
	return strerror(error);
}

void replace_ask(void)
{
	int sock = connect_to_keeper(), fd, error;
	int program = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct keep_message message;

	if (program < 0)
		die("--replace: cannot open this program: %s", strerror(errno));
	tell(sock, KEEP_PROGRAM, program);
	tell(sock, KEEP_REPLACE, spawn_arguments());
	error = keep_receive(sock, &message, &fd, 0);
	if (error)
		die("--replace: the keeper does not answer: %s", why(error));
	if (message.number)
		die("--replace: refused: %s", why((int)message.number));
	exit(0);
}

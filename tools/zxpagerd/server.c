// SPDX-License-Identifier: GPL-2.0
/*
 * The socket that clients connect to.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "client.h"
#include "copies.h"
#include "lock.h"
#include "log.h"
#include "loop.h"
#include "options.h"
#include "server.h"

#define GROUPS_MAX	256
#define SPARE_FDS	16	/* for what serving a client takes for a moment */
#define PAUSE_MS	100

static struct event connections;
static struct timer pause_timer;
static struct log_limit limit;
static int listen_fd = -1, spare_fd = -1, lock_fd = -1;
static char lock_path[sizeof(((struct sockaddr_un *)NULL)->sun_path) + sizeof(".lock")];
static const char *socket_path;
static bool listening;	/* for connections, in the loop */
static void (*on_close)(void);

/* Removes what a daemon left that was killed; a live one is let be. */
static void remove_stale(const struct sockaddr_un *addr)
{
	struct stat st;
	int fd;

	if (lstat(addr->sun_path, &st))
		return;
	if (!S_ISSOCK(st.st_mode))
		die("%s exists and is no socket: choose another --socket",
		    addr->sun_path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		die("cannot make a socket: %s", strerror(errno));
	if (!connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) ||
	    errno != ECONNREFUSED)
		die("%s is in use by a running daemon: stop it, or choose another --socket",
		    addr->sun_path);
	close(fd);
	if (unlink(addr->sun_path))
		die("%s is left over and cannot be removed: %s", addr->sun_path,
		    strerror(errno));
	log_line("%s was left over by a daemon that died: removed",
		 addr->sun_path);
}

static void name_lock(const char *path)
{
	snprintf(lock_path, sizeof(lock_path), "%s.lock", path);
}

/* Of two daemons that start at once, one is told that the socket is in use. */
static void lock_socket(const char *path)
{
	name_lock(path);
	if (lock_fd < 0)
		lock_fd = lock_file(lock_path);
	if (lock_fd >= 0)
		return;
	if (errno == EWOULDBLOCK)
		die("%s is in use by a running daemon: stop it, or choose another --socket",
		    path);
	if (errno == EPERM)
		die("%s is no file of this user: choose another --socket", lock_path);
	die("cannot open %s: %s", lock_path, strerror(errno));
}

/* By uid, group or supplementary group; the lists come from the command line. */
static bool is_allowed(int fd, const struct ucred *cred)
{
	gid_t groups[GROUPS_MAX];
	socklen_t size = sizeof(groups);
	size_t count = 0;

	if (cred->uid == 0 || cred->uid == geteuid())
		return true;
	for (unsigned int i = 0; i < options.uid_count; i++)
		if (options.uids[i] == cred->uid)
			return true;
	if (!getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size))
		count = size / sizeof(*groups);
	for (unsigned int i = 0; i < options.gid_count; i++) {
		if (options.gids[i] == cred->gid)
			return true;
		for (size_t j = 0; j < count; j++)
			if (options.gids[i] == groups[j])
				return true;
	}
	return false;
}

static void listen_for_clients(void)
{
	if (listening || listen_fd < 0)
		return;
	listening = true;
	loop_poll(&connections, listen_fd);
}

static void pause_over(struct event *ev, int res)
{
	(void)ev;
	(void)res;
	listening = false;
	listen_for_clients();
}

static int take(void)
{
	return accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

/* Whose connection it is; false if that cannot be had. */
static bool whose(int fd, struct ucred *cred)
{
	socklen_t size = sizeof(*cred);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, cred, &size);
}

/*
 * No descriptor is left, or no memory.  Whoever waits is told, by means of a descriptor
 * that is kept for that, and somebody idle makes room if it may come again.
 */
static void refuse_one(int error)
{
	struct ucred cred;
	bool allowed;
	int fd;

	log_limited(&limit, "cannot take a connection: %s", strerror(error));
	if (spare_fd >= 0) {
		close(spare_fd);
		fd = take();
		if (fd >= 0) {
			allowed = whose(fd, &cred) && is_allowed(fd, &cred);
			if (allowed)
				client_drop_for(cred.uid);
			client_refuse(fd, allowed ? error : EACCES);
		}
	}
	spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	/* It would be the same again at once. */
	listening = true;
	pause_timer.event.handler = pause_over;
	loop_timer(&pause_timer, PAUSE_MS);
}

static void connection_ready(struct event *ev, int res)
{
	struct ucred cred;
	int fd;

	(void)ev;
	(void)res;
	listening = false;
	if (listen_fd < 0)
		return;
	fd = take();
	if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		       errno == ENOMEM)) {
		refuse_one(errno);
		return;
	}
	if (fd >= 0 && whose(fd, &cred))
		client_add(fd, cred.uid, is_allowed(fd, &cred));
	else if (fd >= 0)
		close(fd);
	listen_for_clients();
}

/* The lowest free descriptor tells how many there are below it. */
static void find_room(void)
{
	struct rlimit files;
	unsigned int used = (unsigned int)(spare_fd >= 0 ? spare_fd : listen_fd) + SPARE_FDS, room;

	if (getrlimit(RLIMIT_NOFILE, &files) ||
	    files.rlim_cur >= used + CLIENTS_MAX + COPIES_MAX)
		return;
	room = files.rlim_cur > used ? (unsigned int)files.rlim_cur - used : 1;
	if (copy_max > room / 4)
		copy_max = room / 4;
	if (client_max > room - copy_max)
		client_max = room - copy_max;
	log_line("the limit of %llu open files leaves room for %u clients and %u copies",
		 (unsigned long long)files.rlim_cur, client_max, copy_max);
}

static void begin(const char *path)
{
	socket_path = path;
	spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	find_room();
	connections.handler = connection_ready;
	client_on_gone(listen_for_clients);
	listen_for_clients();
}

void server_open(const char *path, int lock)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	mode_t mode = options.uid_count || options.gid_count ? 0666 : 0600, mask;

	lock_fd = lock;
	lock_socket(path);
	strncpy(addr.sun_path, path, sizeof(addr.sun_path) - 1);
	remove_stale(&addr);
	listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
			   0);
	if (listen_fd < 0)
		die("cannot make a socket: %s", strerror(errno));
	/* Who may connect is a matter of the mode, who is served one of the peer. */
	mask = umask(~mode & 0777);
	if (bind(listen_fd, (struct sockaddr *)&addr, sizeof(addr)))
		die("cannot make the socket %s: %s", path, strerror(errno));
	umask(mask);
	if (listen(listen_fd, SOMAXCONN))
		die("cannot listen on %s: %s", path, strerror(errno));
	begin(path);
}

void server_take(const char *path, int listener, int lock)
{
	name_lock(path);
	listen_fd = listener;
	lock_fd = lock;
	begin(path);
}

int server_listener(void)
{
	return listen_fd;
}

int server_lock(void)
{
	return lock_fd;
}

void server_close(void)
{
	if (listen_fd < 0)
		return;
	if (lock_has_name(lock_fd)) {
		unlink(socket_path);
		unlink(lock_path);
	}
	close(lock_fd);
	lock_fd = -1;
	close(listen_fd);
	listen_fd = -1;
	if (spare_fd >= 0)
		close(spare_fd);
	spare_fd = -1;
	if (on_close)
		on_close();
}

void server_on_close(void (*closed)(void))
{
	on_close = closed;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * The keeper's side of zxpagerd --replace.
 *
 * Who asks may do anything to the keeper already, being of its user or root; still nobody is
 * waited for, one at a time is heard, and who hangs up takes back what is not done yet.  What is
 * wrong with a program shows before it takes over: it says what it would serve by a hash of that,
 * which has to be the keeper's own.  If it then dies before it serves, the one before is back.
 */
#include <errno.h>
#include <stdio.h>
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

static const struct program itself = PROGRAM_NONE;

static int listener = -1, client = -1;
static struct sockaddr_un addr = { .sun_family = AF_UNIX };
static const sigset_t *old_mask;
static struct program current = PROGRAM_NONE;	/* of workers */
static struct program former = PROGRAM_NONE;	/* if @is_on_trial */
static struct program asked = PROGRAM_NONE;	/* of who waits to be a worker */
static bool is_on_trial;	/* no worker of @current has served */
static pid_t pid;		/* who waits, or 0 */
static int sock = -1;
static bool fits;
static uint64_t answer_due;	/* of who waits, as long as it does not fit */

static uint64_t paused_until;	/* no descriptor is left for who asks */

#define ANSWER_MS	60000
#define PAUSE_MS	1000

/* --- who asks ------------------------------------------------------------------------------ */

/* 0, or an errno that tells why not. */
static void reply(int error)
{
	struct keep_message message = { .kind = KEEP_REPLACE, .number = (uint64_t)error };

	if (client < 0)
		return;
	keep_send(client, &message, -1, MSG_DONTWAIT);
	close(client);
	client = -1;
}

static void forget_asked(void)
{
	if (pid)
		kill(pid, SIGKILL);
	if (sock >= 0)
		close(sock);
	sock = -1;
	fits = false;
	program_close(&asked);
}

static void refuse(int error)
{
	forget_asked();
	reply(error);
}

static void start(uint64_t now_ms)
{
	struct keep_message message = { .kind = KEEP_TRY };

	pid = spawn_process(&asked, old_mask, &sock);
	if (!pid) {
		refuse(EAGAIN);
		return;
	}
	answer_due = now_ms + ANSWER_MS;
	/* The first message always fits. */
	keep_send(sock, &message, -1, MSG_DONTWAIT);
}

/* 0, or what is wrong with it. */
static int flaw_of(const struct keep_message *message, int fd)
{
	if (pid || is_on_trial)
		return EBUSY;
	if (fd >= 0 && message->kind == KEEP_PROGRAM && asked.file < 0)
		return 0;
	if (fd >= 0 && message->kind == KEEP_REPLACE && asked.file >= 0)
		return 0;
	return EPROTO;
}

static void take(const struct keep_message *message, int fd, uint64_t now_ms)
{
	if (message->kind == KEEP_PROGRAM) {
		asked.file = fd;
		return;
	}
	asked.arguments = fd;
	start(now_ms);
}

static void hear_client(uint64_t now_ms)
{
	struct keep_message message;
	int fd, error = keep_receive(client, &message, &fd, MSG_DONTWAIT);

	if (error == EAGAIN)
		return;
	if (!error)
		error = flaw_of(&message, fd);
	if (!error) {
		take(&message, fd, now_ms);
		return;
	}
	if (fd >= 0)
		close(fd);
	refuse(error);
}

static bool may_ask(int fd)
{
	struct ucred cred;
	socklen_t size = sizeof(cred);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) &&
	       (!cred.uid || cred.uid == geteuid());
}

/* Who cannot be taken is there still, and would be the same again at once. */
static void accept_client(uint64_t now_ms)
{
	client = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	paused_until = client < 0 && errno != EAGAIN ? now_ms + PAUSE_MS : 0;
	if (client >= 0 && !may_ask(client))
		reply(EPERM);
}

/* --- who waits to be a worker ---------------------------------------------------------------- */

static void hear_next(void)
{
	struct keep_message message;
	int fd, error = keep_receive(sock, &message, &fd, MSG_DONTWAIT);

	if (error == EAGAIN)
		return;
	if (!error && fd < 0 && message.kind == KEEP_FIT && !fits) {
		fits = message.number == options_served();
		asked.reconnect_timeout = message.seconds;
		if (!fits) {
			log_line("--replace: refused: it would serve other VMOs, or otherwise");
			refuse(EINVAL);
		}
		return;
	}
	if (fd >= 0)
		close(fd);
	/* It has ended, and has said why; or is no worker. */
	refuse(ENOEXEC);
}

void replace_reap(void)
{
	int status;

	if (!pid || !spawn_has_ended(pid, &status))
		return;
	pid = 0;
	if (sock >= 0) {
		log_line("--replace: refused: it does not start");
		refuse(ENOEXEC);
	}
}

bool replace_is_due(void)
{
	return fits;
}

pid_t replace_take(int *worker_sock)
{
	pid_t taken = pid;

	if (!fits || !pid)
		return 0;
	*worker_sock = sock;
	pid = 0;
	sock = -1;
	fits = false;
	former = current;
	current = asked;
	asked = itself;
	is_on_trial = true;
	return taken;
}

const struct program *replace_program(void)
{
	return &current;
}

bool replace_is_on_trial(void)
{
	return is_on_trial;
}

void replace_serves(void)
{
	if (!is_on_trial)
		return;
	is_on_trial = false;
	program_close(&former);
	reply(0);
}

void replace_died(void)
{
	if (!is_on_trial)
		return;
	log_line("--replace: it does not serve: what was there before does again");
	is_on_trial = false;
	program_close(&current);
	current = former;
	former = itself;
	reply(ENOEXEC);
}

/* --- the socket ------------------------------------------------------------------------------ */

/* Whoever has the lock of the clients' socket has this one, too; nothing else is taken away. */
static void remove_old(void)
{
	struct stat st;

	if (!lstat(addr.sun_path, &st) && S_ISSOCK(st.st_mode))
		unlink(addr.sun_path);
}

void replace_open(const sigset_t *mask)
{
	int length = snprintf(addr.sun_path, sizeof(addr.sun_path), "%s.keeper", options.socket);

	old_mask = mask;
	if (length >= (int)sizeof(addr.sun_path)) {
		log_line("no --replace: the name of the socket is too long for that");
		return;
	}
	remove_old();
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener < 0 || fchmod(listener, 0600) ||
	    bind(listener, (struct sockaddr *)&addr, sizeof(addr)) || listen(listener, 8)) {
		log_line("no --replace: cannot make %s: %s", addr.sun_path, strerror(errno));
		if (listener >= 0)
			close(listener);
		listener = -1;
	}
}

void replace_close(bool is_own)
{
	refuse(ESHUTDOWN);
	if (listener < 0)
		return;
	if (is_own)
		unlink(addr.sun_path);
	close(listener);
	listener = -1;
	paused_until = 0;
}

/* It was killed and is not waited for yet: nobody is heard before that. */
static bool is_going(void)
{
	return pid && sock < 0;
}

void replace_poll(struct pollfd fds[REPLACE_FDS])
{
	int next = client >= 0 ? client : paused_until ? -1 : listener;

	fds[0] = (struct pollfd){ .fd = is_going() ? -1 : next, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = sock, .events = POLLIN };
}

uint64_t replace_wants_a_turn(void)
{
	uint64_t due = sock >= 0 && !fits ? answer_due : UINT64_MAX;

	return paused_until && paused_until < due ? paused_until : due;
}

void replace_turn(uint64_t now_ms)
{
	if (client < 0 && listener >= 0 && !is_going() && now_ms >= paused_until)
		accept_client(now_ms);
	if (client >= 0 && !is_going())
		hear_client(now_ms);
	if (sock >= 0)
		hear_next();
	if (sock >= 0 && !fits && now_ms >= answer_due) {
		log_line("--replace: refused: it does not say what it would serve");
		refuse(ETIMEDOUT);
	}
}

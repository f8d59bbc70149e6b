// SPDX-License-Identifier: GPL-2.0
/*
 * The worker's end of its keeper's socket.
 *
 * That the keeper has gone is seen by the end of the socket.  A signal, as PR_SET_PDEATHSIG
 * sends it, would be one more that means something else to a worker, and would not come if
 * the keeper had gone before it was asked for.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "copies.h"
#include "generation.h"
#include "holders.h"
#include "keep.h"
#include "links.h"
#include "lock.h"
#include "log.h"
#include "loop.h"
#include "op.h"
#include "options.h"
#include "pager.h"
#include "server.h"
#include "stop.h"
#include "user.h"
#include "worker.h"

#define PATIENCE_MS	10000	/* with what the one before has locked */

static struct event event;
static int generation = -1, listener = -1, lock = -1;
static bool alone;	/* the keeper has gone */
static bool stored;	/* another one will come then */

int worker_generation(void)
{
	return generation;
}

int worker_listener(void)
{
	return listener;
}

int worker_lock(void)
{
	return lock;
}

/* All that can be wrong with this program that shows before it takes over has shown by then. */
static void tell_fit(void)
{
	struct keep_message message = { .kind = KEEP_FIT, .number = options_served(),
					.seconds = options.reconnect_timeout };
	int error;

	close(generation_open_pager());
	error = keep_send(options.worker_sock, &message, -1, 0);
	if (error)
		die("the keeper cannot be told: %s", strerror(error));
}

static void take(const struct keep_message *message, int fd)
{
	switch (message->kind) {
	case KEEP_TRY:
		tell_fit();
		return;
	case KEEP_GENERATION:
		generation = fd;
		return;
	case KEEP_LISTENER:
		listener = fd;
		return;
	case KEEP_LOCK:
		lock = fd;
		return;
	case KEEP_COPY:
		copy_adopt(message, fd);
		return;
	case KEEP_LINK:
		links_take(fd);
		return;
	case KEEP_STORED:
		stored = true;
		return;
	case KEEP_STOP:
		stop_told((unsigned int)message->number);
		return;
	}
}

/*
 * It waits for the keeper, which does nothing but to listen.  That it has gone is seen as soon as
 * this worker serves, and is then the end in good order.
 */
static void tell_keeper(const struct keep_message *message, int fd)
{
	int error = keep_send(options.worker_sock, message, fd, 0);

	if (error && error != EPIPE && error != ECONNRESET)
		die("the keeper cannot be told: %s", strerror(error));
}

static void keep(enum keep_kind kind, int fd)
{
	tell_keeper(&(struct keep_message){ .kind = kind }, fd);
}

/* If it cannot be told who waits there does so until the keeper ends. */
static void tell_closed(void)
{
	keep_send(options.worker_sock, &(struct keep_message){ .kind = KEEP_CLOSE }, -1,
		  MSG_DONTWAIT);
}

static void keep_vmo(int fd)
{
	keep(KEEP_VMO, fd);
}

static void keep_link(unsigned int place, int fd)
{
	struct keep_message message = { .kind = KEEP_LINK, .number = place };

	tell_keeper(&message, fd);
}

static int keep_copy(const struct keep_message *message, int fd)
{
	return keep_send(options.worker_sock, message, fd, MSG_DONTWAIT);
}

static const struct copy_keeper keeper = { .send = keep_copy };

/* It has made the socket.  Once it has gone the parent is somebody else, as init. */
static pid_t pid_of_keeper(void)
{
	struct ucred cred;
	socklen_t size = sizeof(cred);

	if (getsockopt(options.worker_sock, SOL_SOCKET, SO_PEERCRED, &cred, &size))
		die("cannot tell who the keeper is: %s", strerror(errno));
	return cred.pid;
}

void worker_begin(void)
{
	struct keep_message message = { .kind = 0 };
	int fd, error;

	fcntl(options.worker_sock, F_SETFD, FD_CLOEXEC);
	while (message.kind != KEEP_SERVE) {
		error = keep_receive(options.worker_sock, &message, &fd, 0);
		if (error)
			die("the keeper does not say what there is: %s", strerror(error));
		take(&message, fd);
	}
	if (generation < 0)
		die("the keeper has sent no generation");
	holders_keeper = op_keeper = pid_of_keeper();
	if (message.number) {
		links_wait();
		lock_wait_for(PATIENCE_MS);
		user_all_were_given();
	}
	pager_on_vmo(keep_vmo);
	links_on_made(keep_link);
	copy_keeper = &keeper;
	server_on_close(tell_closed);
}

void worker_keep_listener(int new_listener, int new_lock)
{
	if (lock < 0)
		keep(KEEP_LOCK, new_lock);
	keep(KEEP_LISTENER, new_listener);
}

static void handle(const struct keep_message *message)
{
	switch (message->kind) {
	case KEEP_STOP:
		stop_told((unsigned int)message->number);
		return;
	case KEEP_LEAVE:
		stop_leave();
		return;
	case KEEP_DROPPED:
		copy_dropped(message->name);
		return;
	case KEEP_PING:
		keep_send(options.worker_sock, &(struct keep_message){ .kind = KEEP_PONG }, -1,
			  MSG_DONTWAIT);
		return;
	}
}

/* All that it has said by now, or that it says nothing any more. */
static void hear(void)
{
	struct keep_message message;
	int fd, error;

	while (!(error = keep_receive(options.worker_sock, &message, &fd, MSG_DONTWAIT))) {
		if (fd >= 0)
			close(fd);
		handle(&message);
	}
	if (error == EAGAIN || alone)
		return;
	alone = true;
	if (stored && !stop_is_told()) {
		log_line("the keeper has gone: leaving to the next one");
		if (!stop_is_wanted())
			stop_leave();
		return;
	}
	log_line("the keeper has gone: this is the end");
	holders_keeper = 0;
	copies_alone();
	stop_told(1);
}

static void keeper_ready(struct event *ev, int res)
{
	(void)ev;
	(void)res;
	hear();
	if (!alone)
		loop_poll(&event, options.worker_sock);
}

void worker_serve(void)
{
	keep(KEEP_READY, -1);
	stop_on_leave(hear);
	event.handler = keeper_ready;
	loop_poll(&event, options.worker_sock);
}

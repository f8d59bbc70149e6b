// SPDX-License-Identifier: GPL-2.0
/*
 * Connections of clients.  One message at a time is read from each, and the reply is sent
 * at once; that to a sync, or about a copy that comes or goes, when that is done.  A client
 * that sends anything but requests is told so and dropped; one that does not take its replies
 * is dropped, too.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "copies.h"
#include "log.h"
#include "loop.h"
#include "op.h"
#include "pass.h"
#include "proto.h"
#include "user.h"
#include "vmo.h"

/*
 * struct client - one connection
 * @next, @link: among those that wait for a request, idle the longest first
 * @waits: for a sync of @vmo, or for a copy to be made or, by @copy_op, to go
 * @inside: its request is just being handled
 * @gone: it did not take the reply
 * @leaving: it was dropped, and is not counted any more
 */
struct client {
	struct event event;
	struct client *next, **link;
	int fd;
	struct user *user;
	struct sync_request sync;
	struct vmo *vmo;
	struct copy_request copy;
	uint16_t copy_op;
	bool waits;
	bool inside;
	bool gone;
	bool leaving;
};

unsigned int client_max = CLIENTS_MAX;
static struct client *clients, **clients_end = &clients;
static unsigned int count, waiting;
static struct log_limit limit;
static void (*tell_gone)(void);
static bool stopping;

void client_stop(void)
{
	stopping = true;
}

void client_on_gone(void (*gone)(void))
{
	tell_gone = gone;
}

unsigned int client_count(void)
{
	return count;
}

static void enqueue(struct client *c)
{
	c->next = NULL;
	c->link = clients_end;
	*clients_end = c;
	clients_end = &c->next;
}

static void dequeue(struct client *c)
{
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	else
		clients_end = c->link;
}

static void uncount(struct client *c)
{
	count--;
	c->user->clients--;
}

/* Only where nothing is under way for @c, that is, in its handler. */
static void client_close(struct client *c)
{
	if (!c->leaving)
		uncount(c);
	if (c->fd >= 0)
		close(c->fd);
	free(c);
	if (tell_gone)
		tell_gone();
}

/* The one to be dropped for one of @user; @user's own if others have no more than that. */
static struct client *choose(const struct user *user)
{
	struct client *c, *own = NULL, *other = NULL;

	for (c = clients; c; c = c->next) {
		if (c->leaving)
			continue;
		if (c->user == user)
			own = own ? own : c;
		else if (!other || c->user->clients > other->user->clients)
			other = c;
	}
	if (!other || (own && other->user->clients <= user->clients))
		return own;
	return other->user->clients > user->clients || user_is_admin(user) ? other : NULL;
}

/* The poll that is under way for it ends, and so does the client. */
static bool drop_for(const struct user *user)
{
	struct client *c = choose(user);

	if (!c)
		return false;
	log_limited(&c->user->limit, "too many clients: one of user %u, idle for longest, is dropped",
		    (unsigned int)c->user->uid);
	c->leaving = true;
	uncount(c);
	shutdown(c->fd, SHUT_RDWR);
	return true;
}

bool client_drop_for(uid_t uid)
{
	const struct user *user = user_find(uid);

	return user && drop_for(user);
}

/* @fd goes along if it is one, and is closed.  False if the client took neither. */
static bool send_reply(struct client *c, const struct zxd_reply *reply, int fd)
{
	int error = pass_send(c->fd, reply, sizeof(*reply), fd, MSG_DONTWAIT);

	if (fd >= 0)
		close(fd);
	return !error;
}

/*
 * Says why there will be no service, and hangs up.  What the client had sent meanwhile
 * is taken first, or else the reply would be lost.
 */
void client_refuse(int fd, int error)
{
	struct zxd_reply reply = {
		.size = sizeof(reply),
		.version = ZXD_VERSION,
		.error = (uint32_t)error,
	};
	char byte;

	send(fd, &reply, sizeof(reply), MSG_DONTWAIT | MSG_NOSIGNAL);
	shutdown(fd, SHUT_RD);
	while (recv(fd, &byte, 1, MSG_DONTWAIT) > 0)
		;
	close(fd);
}

/* False if the client is to be dropped. */
static bool answer(struct client *c, const struct zxd_reply *reply, int fd)
{
	if (send_reply(c, reply, fd))
		return true;
	log_limited(&c->user->limit, "a client of user %u does not take its reply: dropped",
		    (unsigned int)c->user->uid);
	return false;
}

static void listen_to(struct client *c)
{
	enqueue(c);
	loop_poll(&c->event, c->fd);
}

/* To what it has waited for. */
static void answer_late(struct client *c, const struct zxd_reply *reply)
{
	c->waits = false;
	waiting--;
	c->user->waiting--;
	c->gone = !answer(c, reply, -1);
	if (c->inside)
		return;
	if (c->gone)
		client_close(c);
	else
		listen_to(c);
}

static void sync_done(struct sync_request *req, int error)
{
	struct client *c = event_owner(req, struct client, sync);
	struct zxd_reply reply = {
		.size = sizeof(reply),
		.version = ZXD_VERSION,
		.op = ZXD_SYNC,
		.error = (uint32_t)error,
	};

	if (!error)
		vmo_describe(c->vmo, &reply);
	answer_late(c, &reply);
}

static void begin_wait(struct client *c)
{
	c->waits = true;
	waiting++;
	c->user->waiting++;
}

/*
 * Those who wait, for a store that hangs or for copies of what is large, must leave room for
 * others, and each user for more.
 */
static bool may_wait(const struct client *c)
{
	return waiting < (client_max + 1) / 2 &&
	       (user_is_admin(c->user) || c->user->waiting < (client_max + 3) / 4);
}

/* The reply comes when there is something to say.  False if it could not be sent. */
static bool begin_sync(struct client *c, struct vmo *vmo)
{
	c->vmo = vmo;
	c->gone = false;
	begin_wait(c);
	log_debug("%s: a client waits for a sync", vmo->target.name);
	c->sync = (struct sync_request){ .end = UINT64_MAX, .done = sync_done };
	if (vmo->target.writable)
		writeback_sync(&vmo->writeback, &c->sync);
	else
		sync_done(&c->sync, 0);
	return !c->gone;
}

static void copy_done(struct copy_request *req, const struct copy *copy, int error)
{
	struct client *c = event_owner(req, struct client, copy);
	struct zxd_reply reply = {
		.size = sizeof(reply),
		.version = ZXD_VERSION,
		.op = c->copy_op,
		.error = (uint32_t)error,
	};

	if (copy)
		copy_describe(copy, &reply);
	answer_late(c, &reply);
}

/* 0 if the reply comes when that is done, or an errno. */
static int begin_copy(struct client *c, const struct op *op)
{
	int error;

	c->copy.done = copy_done;
	c->copy_op = op->req->op;
	error = op_begin(op, &c->copy, c->user);
	if (!error)
		begin_wait(c);
	return error;
}

static bool handle(struct client *c, const struct zxd_request *req)
{
	struct zxd_reply reply = {
		.size = sizeof(reply),
		.version = ZXD_VERSION,
		.op = req->op,
	};
	struct op op = op_of(req);
	int error = op_refuses(&op, c->user, stopping), fd = -1;

	if (!error && op_takes_time(&op) && !may_wait(c)) {
		error = EBUSY;
	} else if (!error && req->op == ZXD_SYNC) {
		return begin_sync(c, op.vmo);
	} else if (!error && op_takes_time(&op)) {
		error = begin_copy(c, &op);
		if (!error)
			return true;
	} else if (!error) {
		error = op_serve(&op, c->user, &fd);
	}
	reply.error = (uint32_t)error;
	if (!error && (op.vmo || op.copy))
		op_describe(&op, &reply);
	if (op_is_for_admins(&op) && !error)
		log_line("%s: operation %u of user %u",
			 op.vmo ? op.vmo->target.name : "all", req->op,
			 (unsigned int)c->user->uid);
	return answer(c, &reply, fd);
}

/* What is wrong with a message of @n bytes; NULL if it is a request. */
static const char *flaw(const struct zxd_request *req, size_t n, int flags)
{
	if (flags & MSG_CTRUNC)
		return "descriptors";
	if (n != sizeof(*req) || req->size != sizeof(*req))
		return "a message that has not the size of a request";
	if (req->name[sizeof(req->name) - 1] || req->new_name[sizeof(req->new_name) - 1])
		return "a name without an end";
	return NULL;
}

/* One message, or the end.  Descriptors that come along are dropped unseen. */
static bool receive(struct client *c)
{
	struct zxd_request req;
	struct iovec iov = { &req, sizeof(req) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n = recvmsg(c->fd, &msg, MSG_DONTWAIT | MSG_TRUNC);
	const char *why;
	int error;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n <= 0)
		return false;
	if (n >= 6 && req.size == (size_t)n && req.version != ZXD_VERSION) {
		why = "a request of another version";
		error = EPROTONOSUPPORT;
	} else {
		why = flaw(&req, (size_t)n, msg.msg_flags);
		error = EPROTO;
	}
	if (!why)
		return handle(c, &req);
	log_limited(&c->user->limit, "a client of user %u sent %s (%zd bytes): dropped",
		    (unsigned int)c->user->uid, why, n);
	client_refuse(c->fd, error);
	c->fd = -1;
	return false;
}

static void client_ready(struct event *ev, int res)
{
	struct client *c = event_owner(ev, struct client, event);
	bool ok;

	(void)res;
	dequeue(c);
	c->inside = true;
	ok = !c->leaving && receive(c);
	c->inside = false;
	if (!ok)
		client_close(c);
	else if (!c->waits)
		listen_to(c);
}

void client_add(int fd, uid_t uid, bool allowed)
{
	struct user *user;
	struct client *c;

	if (!allowed) {
		log_limited(&limit, "user %u may not connect: refused",
			    (unsigned int)uid);
		client_refuse(fd, EACCES);
		return;
	}
	user = user_find(uid);
	c = user ? calloc(1, sizeof(*c)) : NULL;
	if (!c) {
		client_refuse(fd, ENOMEM);
		return;
	}
	if (count >= client_max && !drop_for(user)) {
		log_limited(&user->limit, "too many clients: one of user %u is refused",
			    (unsigned int)uid);
		client_refuse(fd, EBUSY);
		free(c);
		return;
	}
	/* As little as there is: a few replies, and the descriptors in them. */
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){ 1 }, sizeof(int));
	c->fd = fd;
	c->user = user;
	c->event.handler = client_ready;
	count++;
	user->clients++;
	listen_to(c);
}

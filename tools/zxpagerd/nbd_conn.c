// SPDX-License-Identifier: GPL-2.0
/*
 * One connection to an NBD export, through libnbd.
 *
 * libnbd looks up the name of a host within the call that begins to connect, and whoever is
 * asked for it may take any time.  So a thread makes that call, and has the handle until then.
 * A look-up is never given up: one that hangs is one thread, and no more are started.
 *
 * It is ready once the export at its end is known to be the one that it was at the start.
 * libnbd tells of ends from within other calls, and must not be called then; what follows
 * from them is up to nbd_conn_look().
 */
#include <errno.h>
#include <libnbd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "links.h"
#include "log.h"
#include "nbd_conn.h"
#include "nbd_identity.h"
#include "options.h"
#include "thread.h"

#define CONNECT_MS	10000

/* A peer that is gone without a word is noticed within half a minute. */
#define KEEP_IDLE_S	15
#define KEEP_INTERVAL_S	5
#define KEEP_COUNT	3
#define UNHEARD_MS	30000

static struct nbd_handle *make_handle(void)
{
	struct nbd_handle *h = nbd_create();

	if (!h)
		return NULL;
	/* Buffers of ours have nothing secret in them, nor is one used that failed. */
	nbd_set_pread_initialize(h, false);
	nbd_set_uri_allow_local_file(h, true);
	return h;
}

void nbd_conn_close(struct nbd_conn *conn)
{
	int fd = nbd_aio_get_fd(conn->handle);

	loop_cancel(&conn->event, fd);
	links_end(fd);
	conn->events = 0;
	nbd_close(conn->handle);
	conn->handle = NULL;
	conn->state = NBD_CLOSED;
	conn->under_way = 0;
	conn->hangs = false;
	conn->leaving = false;
}

/* It is the caller's again. */
static void begin_to_connect(struct nbd_conn *conn)
{
	conn->handle = conn->away;
	conn->away = NULL;
	conn->state = NBD_CONNECTING;
	if (conn->failed)
		nbd_conn_close(conn);
}

/* With the lock if others are there; what libnbd has to say it says to the thread. */
static void note_call(struct nbd_conn *conn, int rc)
{
	conn->failed = rc;
	if (rc)
		log_debug("%s: no connection: %s", conn->uri, nbd_get_error());
}

static void *look_up(void *arg)
{
	struct nbd_conn *conn = arg;
	int rc = nbd_aio_connect_uri(conn->away, conn->uri);

	loop_lock();
	note_call(conn, rc);
	loop_timer(&conn->found, 0);
	loop_unlock();
	return NULL;
}

/* Connecting has its time from now on. */
static void looked_up(struct event *ev, int res)
{
	struct timer *found = event_owner(ev, struct timer, event);
	struct nbd_conn *conn = event_owner(found, struct nbd_conn, found);

	(void)res;
	begin_to_connect(conn);
	if (conn->state == NBD_CONNECTING)
		conn->tried_at = loop_now();
	conn->moved(conn);
}

void nbd_conn_open_now(struct nbd_conn *conn)
{
	conn->tried_at = loop_now();
	conn->away = make_handle();
	if (!conn->away)
		return;
	note_call(conn, nbd_aio_connect_uri(conn->away, conn->uri));
	begin_to_connect(conn);
}

void nbd_conn_open(struct nbd_conn *conn)
{
	int error;

	conn->tried_at = loop_now();
	conn->away = make_handle();
	if (!conn->away)
		return;
	conn->state = NBD_LOOKING_UP;
	error = thread_start(look_up, conn);
	if (!error)
		return;
	log_debug("%s: no thread to connect: %s", conn->uri, strerror(error));
	conn->failed = true;
	begin_to_connect(conn);
}

bool nbd_conn_has_hope(const struct nbd_conn *conn)
{
	return conn->state > NBD_LOOKING_UP ||
	       (conn->state == NBD_LOOKING_UP && loop_now() < conn->tried_at + CONNECT_MS);
}

/* Not for UNIX sockets, whose other end cannot vanish; they refuse all of it. */
static void keep_alive(struct nbd_conn *conn)
{
	static const struct {
		int level, option, value;
	} set[] = {
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, KEEP_IDLE_S },
		{ IPPROTO_TCP, TCP_KEEPINTVL, KEEP_INTERVAL_S },
		{ IPPROTO_TCP, TCP_KEEPCNT, KEEP_COUNT },
		{ IPPROTO_TCP, TCP_USER_TIMEOUT, UNHEARD_MS },
	};
	int fd = nbd_aio_get_fd(conn->handle);

	for (size_t i = 0; i < sizeof(set) / sizeof(set[0]); i++)
		setsockopt(fd, set[i].level, set[i].option, &set[i].value,
			   sizeof(set[i].value));
}

/* From now on it may be written by it. */
static void be_ready(struct nbd_conn *conn)
{
	links_made(conn->place, nbd_aio_get_fd(conn->handle));
	conn->state = NBD_READY;
}

/* NULL, or why it is not connected; to look up a name may take longer than the rest may. */
static const char *connect_in_time(struct nbd_handle *handle, const char *uri)
{
	uint64_t now = loop_now(), end = now + CONNECT_MS;

	if (nbd_aio_connect_uri(handle, uri))
		return nbd_get_error();
	for (; nbd_aio_is_connecting(handle) > 0; now = loop_now()) {
		if (now >= end)
			return "it takes too long";
		if (nbd_poll(handle, (int)(end - now)) < 0)
			return nbd_get_error();
	}
	return nbd_aio_is_ready(handle) > 0 ? NULL : "the connection is lost";
}

bool nbd_conn_open_first(struct nbd_conn *conn)
{
	const char *why;

	conn->tried_at = loop_now();
	conn->handle = make_handle();
	if (!conn->handle)
		die("out of memory");
	why = connect_in_time(conn->handle, conn->uri);
	if (why)
		log_line("cannot connect to %s: %s", conn->uri, why);
	if (why || !nbd_identity_note(conn->identity, conn->handle, conn->uri)) {
		nbd_conn_close(conn);
		return false;
	}
	keep_alive(conn);
	be_ready(conn);
	return true;
}

static bool can_connect(const char *uri)
{
	struct nbd_handle *handle = make_handle();
	const char *why;

	if (!handle)
		die("out of memory");
	why = connect_in_time(handle, uri);
	if (why)
		log_debug("cannot connect to %s: %s", uri, why);
	else
		nbd_aio_disconnect(handle, 0);
	nbd_close(handle);
	return !why;
}

/* All together, or as many that are not there would take as many times as long. */
bool nbd_conn_wait(const char *uri)
{
	static uint64_t end;

	if (!end)
		end = loop_now() + (uint64_t)options.reconnect_timeout * 1000;
	while (!can_connect(uri)) {
		if (loop_now() >= end) {
			log_line("cannot connect to %s for %u s", uri, options.reconnect_timeout);
			return false;
		}
		sleep(1);
	}
	return true;
}

/* --- is it the export? ---------------------------------------------------------- */

static int check_done(void *data, int *error) /* NOLINT(readability-non-const-parameter) */
{
	struct nbd_conn *conn = data;

	conn->checked = true;
	conn->check_error = -*error;
	return 1;
}

static const char *begin_check(struct nbd_conn *conn)
{
	struct nbd_identity *id = conn->identity;
	nbd_completion_callback done = { .callback = check_done, .user_data = conn };
	const char *why;

	conn->state = NBD_CHECKING;
	why = nbd_identity_differs(id, conn->handle);
	if (why)
		return why;
	keep_alive(conn);
	conn->checked = !id->length;
	conn->check_error = 0;
	if (!id->length)
		return NULL;
	if (!conn->content)
		conn->content = malloc(id->length);
	if (!conn->content ||
	    nbd_aio_pread(conn->handle, conn->content, id->length, id->offset, done, 0) < 0)
		return "cannot be asked for what it is known by";
	return NULL;
}

static const char *end_check(struct nbd_conn *conn)
{
	if (conn->check_error)
		return "does not tell what it is known by";
	if (!nbd_identity_matches(conn->identity, conn->content))
		return "has another content";
	be_ready(conn);
	return NULL;
}

const char *nbd_conn_look(struct nbd_conn *conn)
{
	bool dead = conn->handle && (nbd_aio_is_dead(conn->handle) ||
				     nbd_aio_is_closed(conn->handle));
	const char *why = NULL;

	if (conn->state == NBD_CLOSED || conn->state == NBD_LOOKING_UP)
		return NULL;
	if (dead)
		return conn->state == NBD_CHECKING ? "goes away again" : "is lost";
	if (conn->leaving)
		return "is about to end";
	if (conn->hangs)
		return "is given up: it does not answer";
	if (conn->state == NBD_CONNECTING && nbd_aio_is_ready(conn->handle))
		why = begin_check(conn);
	if (!why && conn->state == NBD_CHECKING && conn->checked)
		why = end_check(conn);
	if (!why && conn->state != NBD_READY && loop_now() >= conn->tried_at + CONNECT_MS)
		why = "takes too long";
	return why;
}

bool nbd_conn_is_ready(const struct nbd_conn *conn)
{
	return conn->state == NBD_READY && !conn->leaving &&
	       !nbd_aio_is_dead(conn->handle) && !nbd_aio_is_closed(conn->handle);
}

/* --- the loop ------------------------------------------------------------------- */

/* While it connects there may be one socket after the other, of the same number. */
void nbd_conn_listen(struct nbd_conn *conn)
{
	unsigned int direction;
	uint32_t events;

	if (!conn->handle)
		return;
	direction = nbd_aio_get_direction(conn->handle);
	events = (direction & LIBNBD_AIO_DIRECTION_READ ? EPOLLIN : 0) |
		 (direction & LIBNBD_AIO_DIRECTION_WRITE ? EPOLLOUT : 0);
	if (!events || (events == conn->events && conn->state != NBD_CONNECTING))
		return;
	conn->events = events;
	loop_poll_for(&conn->event, nbd_aio_get_fd(conn->handle), events);
}

/* A failure of these shows in the state. */
static void conn_ready(struct event *ev, int res)
{
	struct nbd_conn *conn = event_owner(ev, struct nbd_conn, event);

	conn->events = 0;
	if (res & (EPOLLIN | EPOLLERR | EPOLLHUP) &&
	    nbd_aio_get_direction(conn->handle) & LIBNBD_AIO_DIRECTION_READ)
		nbd_aio_notify_read(conn->handle);
	if (res & (EPOLLOUT | EPOLLERR | EPOLLHUP) &&
	    nbd_aio_get_direction(conn->handle) & LIBNBD_AIO_DIRECTION_WRITE)
		nbd_aio_notify_write(conn->handle);
	conn->moved(conn);
}

void nbd_conn_init(struct nbd_conn *conn)
{
	conn->event.handler = conn_ready;
	conn->found.event.handler = looked_up;
}

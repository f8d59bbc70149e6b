/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_NBD_CONN_H
#define ZXD_NBD_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "loop.h"

struct backend_nbd;
struct nbd_conn;
struct nbd_handle;
struct nbd_identity;

/*
 * NBD_LOOKING_UP: where it is to lead, in a thread, for that may take any time.
 * NBD_CHECKING: it leads somewhere, and whether that is the export is being found out.
 */
enum nbd_state { NBD_CLOSED, NBD_LOOKING_UP, NBD_CONNECTING, NBD_CHECKING, NBD_READY };

/*
 * struct nbd_conn - one connection to an export
 * @place: in this process, see links.h
 * @moved: something has happened to it that the owner should look at
 * @handle: libnbd's, or NULL if it is closed, or a thread has it as @away
 * @found: handled when the thread is done, which has @failed or not
 * @events: of its socket that are waited for
 * @tried_at: when it was connected last, or not connected, or began to look up
 * @under_way: requests; the owner's number
 * @hangs: one of them has taken too long, says the owner
 * @leaving: the server has said that it is going to end
 * @content: of the range of the identity, once @checked, or @check_error if not 0
 */
struct nbd_conn {
	struct backend_nbd *nbd;
	unsigned int place;
	const char *uri;
	struct nbd_identity *identity;
	void (*moved)(struct nbd_conn *conn);
	enum nbd_state state;
	struct nbd_handle *handle, *away;
	struct timer found;
	bool failed;
	struct event event;
	uint32_t events;
	uint64_t tried_at;
	unsigned int under_way;
	bool hangs;
	bool leaving;
	uint8_t *content;
	bool checked;
	int check_error;
};

/* The rest of @conn is filled in by the caller. */
void nbd_conn_init(struct nbd_conn *conn);

/*
 * Connects and waits for that, and takes note of what is there.  False, after a line, if that
 * cannot be had, or not in time: then it is closed.
 */
bool nbd_conn_open_first(struct nbd_conn *conn);

/*
 * Tries to connect, and closes that again, until --reconnect-timeout after the first time;
 * false, after a line, if it cannot be had.
 */
bool nbd_conn_wait(const char *uri);

/* Begins to connect, now, as long as nobody is served yet; or once that was looked up. */
void nbd_conn_open_now(struct nbd_conn *conn);
void nbd_conn_open(struct nbd_conn *conn);

/* It is ready, or may be soon. */
bool nbd_conn_has_hope(const struct nbd_conn *conn);

/* What was under way is forgotten: nobody is told of its end any more.  No thread has it. */
void nbd_conn_close(struct nbd_conn *conn);

/*
 * Finds out what has become of it, and goes on from there.  Returns why it is to be
 * closed, or NULL.
 */
const char *nbd_conn_look(struct nbd_conn *conn);

/* It can take requests. */
bool nbd_conn_is_ready(const struct nbd_conn *conn);

/* Waits for what libnbd waits for. */
void nbd_conn_listen(struct nbd_conn *conn);

#endif /* ZXD_NBD_CONN_H */

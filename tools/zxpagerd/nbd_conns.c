// SPDX-License-Identifier: GPL-2.0
/*
 * The connections to an NBD export: one, or several where the server says that a flush of
 * one counts for all.
 *
 * One that is lost is made anew when there is something to ask for.  Requests do without it
 * as long as there is another one, and else wait, for --reconnect-timeout.
 */
#include <libnbd.h>
#include <stdlib.h>

#include "links.h"
#include "nbd_conns.h"
#include "options.h"

#define RETRY_MS	1000
#define RETRY_MORE_MS	10000	/* where another connection is ready */

static bool any_in(const struct nbd_conns *conns, enum nbd_state from, enum nbd_state to)
{
	for (unsigned int i = 0; i < conns->count; i++)
		if (conns->conn[i].state >= from && conns->conn[i].state <= to)
			return true;
	return false;
}

/* The server may be gone, or have something else there now, which is told once. */
static void tell(struct nbd_conns *conns, struct nbd_conn *conn, const char *why)
{
	if (conn->state == NBD_READY)
		log_limited(&conns->limit, "%s: the connection %s", conn->uri, why);
	else if (conn->state == NBD_CHECKING && conns->told != why)
		log_limited(&conns->limit, "%s: is back, but %s: not used", conn->uri,
			    why);
	else
		log_debug("%s: a new connection %s", conn->uri, why);
	if (conn->state == NBD_CHECKING)
		conns->told = why;
}

static void drop(struct nbd_conns *conns, struct nbd_conn *conn, const char *why)
{
	bool was_ready = conn->state == NBD_READY;

	tell(conns, conn, why);
	nbd_conn_close(conn);
	if (was_ready)
		conns->dropped(conn);
}

static void is_ready(struct nbd_conns *conns, const struct nbd_conn *conn)
{
	if (conns->trying_since)
		log_limited(&conns->limit, "%s: connected again", conn->uri);
	conns->trying_since = 0;
	conns->given_up = false;
	conns->told = NULL;
}

static void look(struct nbd_conns *conns, struct nbd_conn *conn)
{
	bool was_ready = conn->state == NBD_READY;
	const char *why = nbd_conn_look(conn);

	if (why)
		drop(conns, conn, why);
	else if (!was_ready && conn->state == NBD_READY)
		is_ready(conns, conn);
}

void nbd_conns_look(struct nbd_conns *conns)
{
	for (unsigned int i = 0; i < conns->count; i++)
		look(conns, &conns->conn[i]);
}

void nbd_conns_open(struct nbd_conns *conns)
{
	bool ready = any_in(conns, NBD_READY, NBD_READY);
	uint64_t pause = ready ? RETRY_MORE_MS : RETRY_MS;

	for (unsigned int i = 0; i < conns->count; i++) {
		struct nbd_conn *conn = &conns->conn[i];

		if (conn->state != NBD_CLOSED ||
		    (conn->tried_at && loop_now() < conn->tried_at + pause))
			continue;
		if (!ready && !conns->trying_since)
			conns->trying_since = loop_now();
		nbd_conn_open(conn);
	}
}

struct nbd_conn *nbd_conns_choose(struct nbd_conns *conns)
{
	struct nbd_conn *best = NULL;

	for (unsigned int i = 0; i < conns->count; i++) {
		struct nbd_conn *conn = &conns->conn[i];

		if (nbd_conn_is_ready(conn) && (!best || conn->under_way < best->under_way))
			best = conn;
	}
	return best;
}

bool nbd_conns_opening(const struct nbd_conns *conns)
{
	return any_in(conns, NBD_CONNECTING, NBD_CHECKING);
}

static bool any_hope(const struct nbd_conns *conns)
{
	for (unsigned int i = 0; i < conns->count; i++)
		if (nbd_conn_has_hope(&conns->conn[i]))
			return true;
	return false;
}

bool nbd_conns_given_up(struct nbd_conns *conns)
{
	uint64_t most = (uint64_t)options.reconnect_timeout * 1000;

	if (!conns->trying_since || loop_now() < conns->trying_since + most ||
	    any_hope(conns))
		return false;
	if (!conns->given_up)
		log_limited(&conns->limit, "%s: no connection for %u s: requests fail now",
			    conns->conn[0].uri, options.reconnect_timeout);
	conns->given_up = true;
	return true;
}

void nbd_conns_listen(struct nbd_conns *conns)
{
	for (unsigned int i = 0; i < conns->count; i++)
		nbd_conn_listen(&conns->conn[i]);
}

bool nbd_conns_init(struct nbd_conns *conns, struct backend_nbd *nbd, const char *uri,
		    struct nbd_identity *identity)
{
	unsigned int place = links_reserve(options.connections);

	conns->conn = calloc(options.connections, sizeof(*conns->conn));
	if (!conns->conn)
		die("out of memory");
	conns->limit.second = -1;
	for (unsigned int i = 0; i < options.connections; i++) {
		struct nbd_conn *conn = &conns->conn[i];

		conn->nbd = nbd;
		conn->place = place + i;
		conn->uri = uri;
		conn->identity = identity;
		conn->moved = conns->moved;
		nbd_conn_init(conn);
	}
	if (!nbd_conn_open_first(&conns->conn[0])) {
		nbd_conns_close(conns);
		return false;
	}
	conns->count = nbd_can_multi_conn(conns->conn[0].handle) > 0 ?
		       options.connections : 1;
	/* All of them now, before it is counted how many descriptors are left. */
	for (unsigned int i = 1; i < conns->count; i++)
		nbd_conn_open_now(&conns->conn[i]);
	return true;
}

void nbd_conns_close(struct nbd_conns *conns)
{
	for (unsigned int i = 0; i < conns->count; i++)
		if (conns->conn[i].handle)
			nbd_conn_close(&conns->conn[i]);
	free(conns->conn);
	conns->conn = NULL;
	conns->count = 0;
}

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_NBD_CONNS_H
#define ZXD_NBD_CONNS_H

#include "log.h"
#include "nbd_conn.h"

/*
 * struct nbd_conns - the connections to an export
 * @moved: what becomes of that of each connection
 * @dropped: called when one that was ready is closed: what was under way on it is lost
 * @trying_since: the first try to connect since none was ready, or 0
 * @given_up: none was ready within the time
 * @told: what was wrong with the export that was there last
 */
struct nbd_conns {
	struct nbd_conn *conn;
	unsigned int count;
	void (*moved)(struct nbd_conn *conn);
	void (*dropped)(struct nbd_conn *conn);
	uint64_t trying_since;
	bool given_up;
	const char *told;
	struct log_limit limit;
};

/*
 * Has one connection, or is false after a line, and begins with more if the server allows it.
 * @moved and @dropped are set by the caller.
 */
bool nbd_conns_init(struct nbd_conns *conns, struct backend_nbd *nbd, const char *uri,
		    struct nbd_identity *identity);

/* Closes all there are; none is asked for anything. */
void nbd_conns_close(struct nbd_conns *conns);

/* Drops those that are lost, and goes on with those that are not ready. */
void nbd_conns_look(struct nbd_conns *conns);

/* Connects what is not connected, but not again and again. */
void nbd_conns_open(struct nbd_conns *conns);

/* Of those that are ready the one that has least to do, or NULL. */
struct nbd_conn *nbd_conns_choose(struct nbd_conns *conns);

/* There is none, and has not been for so long that requests are to fail. */
bool nbd_conns_given_up(struct nbd_conns *conns);

/* One is on its way to be ready. */
bool nbd_conns_opening(const struct nbd_conns *conns);

void nbd_conns_listen(struct nbd_conns *conns);

#endif /* ZXD_NBD_CONNS_H */

// SPDX-License-Identifier: GPL-2.0
/*
 * Exports of NBD servers: what is asked of them.
 *
 * What was under way on a connection that is lost is asked for again on another one.  Who
 * waits gets an error only if there is none for --reconnect-timeout.  What the server was
 * given since the last flush it may have lost with any of the connections, so the sync
 * that follows has its caller write all of that again.
 *
 * libnbd may tell of an end from within the call that began something, and must not be
 * called then.  So what is done queues up, and is handled by the loop.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "log.h"

static const char *const schemes[] = {
	"nbd://", "nbds://", "nbd+unix://", "nbds+unix://",
};

bool backend_is_nbd(const char *path)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (!strncmp(path, schemes[i], strlen(schemes[i])))
			return true;
	return false;
}

#ifndef ZXD_LIBNBD

struct backend *backend_nbd_open(const char *uri, bool writable,
				 unsigned int under_way)
{
	(void)writable;
	(void)under_way;
	die("%s: this zxpagerd was built without libnbd", uri);
}

void backend_nbd_close(struct backend *be)
{
	(void)be;
}

bool backend_nbd_wait(const char *uri)
{
	(void)uri;
	return true;
}

#else

#include <libnbd.h>

#include "nbd_claim.h"
#include "nbd_conns.h"
#include "nbd_identity.h"
#include "options.h"

#define ZERO_MAX	(1ull << 30)	/* bytes for one request */
#define TICK_MS		250

enum kind { NBD_READ, NBD_WRITE, NBD_ZERO, NBD_FLUSH };

/*
 * struct op - what the loop was asked for
 * @length: bytes that are left; @piece of them are under way
 * @conn: where, or NULL; since @sent_at
 * @lost_at: when it was under way on a connection that was lost, for the first time, or 0
 * @res: what @ev will be told
 */
struct op {
	struct op *next;
	struct backend_nbd *nbd;
	struct event *ev;
	enum kind kind;
	bool keep;
	uint8_t *buffer;
	uint64_t offset, length;
	uint32_t piece;
	struct nbd_conn *conn;
	uint64_t sent_at;
	uint64_t lost_at;
	int res;
};

struct ops {
	struct op *first, **end;
};

/*
 * struct backend_nbd - an export
 * @all: the @op_count ops that there are; @spare those that are not in use
 * @waiting: until a connection is ready
 * @done: to be handled by the loop, which @wake has it do
 * @tick: while there is something to be looked after, if @ticking
 * @claim: no other one has it
 * @next_closed: once it is closed, since a timer may have it still
 * @changed: something was written since the last flush; @lost if a connection, too
 */
struct backend_nbd {
	struct backend base;
	struct nbd_claim *claim;
	struct backend_nbd *next_closed;
	struct nbd_identity identity;
	struct nbd_conns conns;
	struct op *all, *spare;
	unsigned int op_count;
	struct ops waiting, done;
	struct timer wake, tick;
	bool woken, ticking;
	bool changed;
	bool lost;
	bool can_flush;
	bool can_zero;
};

static void settle(struct backend_nbd *nbd);

static struct backend_nbd *nbd_of(struct backend *be)
{
	return event_owner(be, struct backend_nbd, base);
}

static void ops_add(struct ops *ops, struct op *op)
{
	op->next = NULL;
	*ops->end = op;
	ops->end = &op->next;
}

static struct op *ops_take(struct ops *ops)
{
	struct op *op = ops->first;

	if (!op)
		return NULL;
	ops->first = op->next;
	if (!ops->first)
		ops->end = &ops->first;
	return op;
}

static void end_op(struct op *op, int res)
{
	op->res = res;
	ops_add(&op->nbd->done, op);
}

/*
 * It was under way on a connection that was lost.  A server that loses one after the
 * other is not asked for ever.
 */
static void lose_op(struct op *op)
{
	uint64_t now = loop_now(), most = (uint64_t)options.reconnect_timeout * 1000;

	if (!op->lost_at)
		op->lost_at = now;
	if (op->kind == NBD_FLUSH && op->nbd->changed)
		end_op(op, -EAGAIN);
	else if (now - op->lost_at >= most)
		end_op(op, -ENOTCONN);
	else
		ops_add(&op->nbd->waiting, op);
}

static void conn_dropped(struct nbd_conn *conn)
{
	struct backend_nbd *nbd = conn->nbd;

	if (nbd->changed)
		nbd->lost = true;
	for (unsigned int i = 0; i < nbd->op_count; i++) {
		if (nbd->all[i].conn != conn)
			continue;
		nbd->all[i].conn = NULL;
		lose_op(&nbd->all[i]);
	}
}

/* --- requests ------------------------------------------------------------------- */

/* A server that is about to end says so once for each request. */
static int op_done(void *data, int *error)
{
	struct op *op = data;
	struct nbd_conn *conn = op->conn;

	conn->under_way--;
	op->conn = NULL;
	if (*error == ESHUTDOWN)
		conn->leaving = true;
	if (*error == ESHUTDOWN || *error == ENOTCONN)
		lose_op(op);
	else
		end_op(op, *error ? -*error : (int)op->piece);
	return 1;	/* libnbd may forget it */
}

/* Flushing and zeroing end with 0; a long range of zeroes has pieces. */
static void issue(struct op *op, struct nbd_conn *conn)
{
	struct backend_nbd *nbd = op->nbd;
	nbd_completion_callback done = { .callback = op_done, .user_data = op };
	int64_t rc = -1;

	op->conn = conn;
	op->sent_at = loop_now();
	op->piece = op->length < ZERO_MAX ? (uint32_t)op->length : ZERO_MAX;
	conn->under_way++;
	if (op->kind == NBD_WRITE || op->kind == NBD_ZERO) {
		nbd->changed = true;
		nbd_identity_doubt(&nbd->identity, op->offset, op->piece);
	}
	switch (op->kind) {
	case NBD_READ:
		rc = nbd_aio_pread(conn->handle, op->buffer, op->piece, op->offset, done,
				   0);
		break;
	case NBD_WRITE:
		rc = nbd_aio_pwrite(conn->handle, op->buffer, op->piece, op->offset, done,
				    0);
		break;
	case NBD_ZERO:
		rc = nbd_aio_zero(conn->handle, op->piece, op->offset, done,
				  op->keep ? LIBNBD_CMD_FLAG_NO_HOLE : 0);
		break;
	case NBD_FLUSH:
		rc = nbd_aio_flush(conn->handle, done, 0);
		break;
	}
	if (rc >= 0)
		return;
	conn->under_way--;
	op->conn = NULL;
	if (!nbd_conn_is_ready(conn))
		lose_op(op);
	else
		end_op(op, -(nbd_get_errno() ? nbd_get_errno() : EIO));
}

/* Nothing is written while a flush is under way, and after an error all is again. */
static void flushed(struct backend_nbd *nbd, struct op *op)
{
	if (!op->res && nbd->lost)
		op->res = -EAGAIN;
	if (!op->res)
		nbd_identity_flushed(&nbd->identity);
	nbd->changed = false;
	nbd->lost = false;
}

/* False if there is still something to do for it. */
static bool is_over(struct op *op)
{
	struct backend_nbd *nbd = op->nbd;

	if (op->kind == NBD_FLUSH)
		flushed(nbd, op);
	if (op->res >= 0 && (op->kind == NBD_WRITE || op->kind == NBD_ZERO))
		nbd_identity_written(&nbd->identity, op->offset, op->piece, op->buffer);
	if (op->kind != NBD_ZERO || op->res < 0)
		return true;
	op->offset += op->piece;
	op->length -= op->piece;
	op->lost_at = 0;
	op->res = 0;
	return !op->length;
}

static void handle_done(struct event *ev, int res)
{
	struct timer *wake = event_owner(ev, struct timer, event);
	struct backend_nbd *nbd = event_owner(wake, struct backend_nbd, wake);
	struct op *op;
	struct ops done = nbd->done;

	(void)res;
	nbd->woken = false;
	/* Those that come while these are handled are for the next time. */
	nbd->done = (struct ops){ .end = &nbd->done.first };
	while ((op = ops_take(&done))) {
		if (!is_over(op)) {
			ops_add(&nbd->waiting, op);
			continue;
		}
		ev = op->ev;
		res = op->res;
		op->next = nbd->spare;
		nbd->spare = op;
		ev->handler(ev, res);
	}
	settle(nbd);
}

/* --- the loop ------------------------------------------------------------------- */

/* Whether any of what is under way could take too long, and what has. */
static bool look_for_hangs(struct backend_nbd *nbd)
{
	uint64_t most = (uint64_t)options.request_timeout * 1000, now = loop_now();
	bool any = false;

	for (unsigned int i = 0; most && i < nbd->op_count; i++) {
		struct op *op = &nbd->all[i];

		if (!op->conn)
			continue;
		any = true;
		if (now - op->sent_at >= most)
			op->conn->hangs = true;
	}
	return any;
}

/* What follows from the state of the connections, after anything that may change it. */
static void settle(struct backend_nbd *nbd)
{
	struct nbd_conn *conn;
	struct op *op;

	nbd_conns_look(&nbd->conns);
	/* Only while somebody waits: a server that has gone is not called for ever. */
	if (nbd->waiting.first)
		nbd_conns_open(&nbd->conns);
	while (nbd->waiting.first && (conn = nbd_conns_choose(&nbd->conns)))
		issue(ops_take(&nbd->waiting), conn);
	if (nbd->waiting.first && nbd_conns_given_up(&nbd->conns))
		while ((op = ops_take(&nbd->waiting)))
			end_op(op, -ENOTCONN);
	nbd_conns_listen(&nbd->conns);
	if (nbd->done.first && !nbd->woken) {
		nbd->woken = true;
		loop_timer(&nbd->wake, 0);
	}
	if (!nbd->ticking && (nbd->waiting.first || nbd_conns_opening(&nbd->conns) ||
			      look_for_hangs(nbd))) {
		nbd->ticking = true;
		loop_timer(&nbd->tick, TICK_MS);
	}
}

static void ticked(struct event *ev, int res)
{
	struct timer *tick = event_owner(ev, struct timer, event);
	struct backend_nbd *nbd = event_owner(tick, struct backend_nbd, tick);

	(void)res;
	nbd->ticking = false;
	look_for_hangs(nbd);
	settle(nbd);
}

static void conn_moved(struct nbd_conn *conn)
{
	settle(conn->nbd);
}

/* What needs no server is done at once. */
static bool is_known(struct op *op)
{
	struct backend_nbd *nbd = op->nbd;

	if (op->kind == NBD_ZERO && !nbd->can_zero)
		end_op(op, -EOPNOTSUPP);
	else if (op->kind == NBD_FLUSH && (nbd->lost || !nbd->can_flush))
		end_op(op, 0);
	else
		return false;
	return true;
}

/* There are as many as the caller said there would be. */
static void begin(struct backend *be, struct event *ev, struct op how)
{
	struct backend_nbd *nbd = nbd_of(be);
	struct op *op = nbd->spare;

	nbd->spare = op->next;
	*op = how;
	op->nbd = nbd;
	op->ev = ev;
	if (!is_known(op))
		ops_add(&nbd->waiting, op);
	settle(nbd);
}

static void export_read(struct backend *be, struct event *ev, void *buffer,
			uint32_t length, uint64_t offset)
{
	begin(be, ev, (struct op){
		.kind = NBD_READ,
		.buffer = buffer,
		.length = length,
		.offset = offset,
	});
}

static void export_write(struct backend *be, struct event *ev, const void *buffer,
			 uint32_t length, uint64_t offset)
{
	begin(be, ev, (struct op){
		.kind = NBD_WRITE,
		.buffer = (uint8_t *)buffer,
		.length = length,
		.offset = offset,
	});
}

static void export_sync(struct backend *be, struct event *ev, bool all)
{
	(void)all;
	begin(be, ev, (struct op){ .kind = NBD_FLUSH });
}

static void export_zero(struct backend *be, struct event *ev, uint64_t offset,
			uint64_t length, bool keep)
{
	begin(be, ev, (struct op){
		.kind = NBD_ZERO,
		.keep = keep,
		.length = length,
		.offset = offset,
	});
}

static const struct backend_ops export_ops = {
	.read = export_read,
	.write = export_write,
	.sync = export_sync,
	.zero = export_zero,
};

/* --- the beginning -------------------------------------------------------------- */

static void make_ops(struct backend_nbd *nbd, unsigned int count)
{
	nbd->op_count = count;
	nbd->all = calloc(count, sizeof(*nbd->all));
	if (!nbd->all)
		die("out of memory");
	for (unsigned int i = 0; i < count; i++) {
		nbd->all[i].next = nbd->spare;
		nbd->spare = &nbd->all[i];
	}
	nbd->waiting.end = &nbd->waiting.first;
	nbd->done.end = &nbd->done.first;
}

bool backend_nbd_wait(const char *uri)
{
	return nbd_conn_wait(uri);
}

static void free_nbd(struct backend_nbd *nbd)
{
	nbd_identity_forget(&nbd->identity);
	free(nbd->all);
	free(nbd);
}

void backend_nbd_close(struct backend *be)
{
	static struct backend_nbd *closed;
	struct backend_nbd *nbd = nbd_of(be);

	nbd_conns_close(&nbd->conns);
	nbd_unclaim(nbd->claim);
	nbd->claim = NULL;
	nbd->next_closed = closed;
	closed = nbd;
}

struct backend *backend_nbd_open(const char *uri, bool writable,
				 unsigned int under_way)
{
	struct backend_nbd *nbd = calloc(1, sizeof(*nbd));
	struct nbd_handle *first;
	int error = ENOTCONN;

	if (!nbd)
		die("out of memory");
	make_ops(nbd, under_way);
	nbd->conns.moved = conn_moved;
	nbd->conns.dropped = conn_dropped;
	if (nbd_conns_init(&nbd->conns, nbd, uri, &nbd->identity)) {
		nbd->claim = nbd_claim(nbd->conns.conn[0].handle, uri, writable);
		error = errno;
	}
	if (!nbd->claim) {
		nbd_conns_close(&nbd->conns);
		free_nbd(nbd);
		errno = error;
		return NULL;
	}
	first = nbd->conns.conn[0].handle;
	nbd->base = (struct backend){
		.ops = &export_ops, .path = uri, .size = nbd->identity.size, .store = nbd,
		.identity = nbd->claim->identity,
	};
	nbd->can_flush = nbd_can_flush(first) > 0;
	nbd->can_zero = nbd_can_zero(first) > 0;
	nbd->wake.event.handler = handle_done;
	nbd->tick.event.handler = ticked;
	settle(nbd);
	return &nbd->base;
}

#endif /* ZXD_LIBNBD */

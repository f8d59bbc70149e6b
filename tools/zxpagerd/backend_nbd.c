// SPDX-License-Identifier: GPL-2.0
/*
 * Exports of NBD servers, through libnbd.
 *
 * A connection that is lost fails what was under way, and is made anew for the next
 * request.  What the server was given since the last flush it may have lost with it, so
 * the sync that follows fails: then all of that is written again.
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

#else

#include <libnbd.h>

#define ZERO_MAX	(1ull << 30)	/* bytes for one request */
#define RETRY_MS	1000

struct backend_nbd;

enum kind { NBD_READ, NBD_WRITE, NBD_ZERO, NBD_FLUSH };

/*
 * struct op - what the loop was asked for
 * @length: bytes that are left; @piece of them are under way
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
	int res;
};

struct ops {
	struct op *first, **end;
};

/* struct side - waiting for one direction of the connection, perhaps of an old one */
struct side {
	struct event event;
	struct backend_nbd *nbd;
	unsigned int direction;
	bool armed;
	bool stale;
};

/*
 * struct backend_nbd - an export
 * @handle: the connection, or NULL; @connecting if it cannot be used yet
 * @waiting: until it can
 * @done: to be handled by the loop, which @wake has it do
 * @changed: something was written since the last flush; @lost if the connection, too
 */
struct backend_nbd {
	struct backend base;
	struct nbd_handle *handle;
	bool writable;
	bool connecting;
	struct side in, out;
	struct timer wake;
	bool woken;
	struct op *spare;
	struct ops waiting, done;
	uint64_t retry_at;
	bool changed;
	bool lost;
	bool can_flush;
	bool can_zero;
	struct log_limit limit;
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

/* --- the connection ------------------------------------------------------------- */

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

static void abandon(struct side *side)
{
	if (!side->armed || side->stale)
		return;
	side->stale = true;
	loop_cancel(&side->event);
}

static void drop_connection(struct backend_nbd *nbd)
{
	struct op *op;

	abandon(&nbd->in);
	abandon(&nbd->out);
	nbd_close(nbd->handle);	/* ends what was under way, if anything still is */
	nbd->handle = NULL;
	nbd->connecting = false;
	if (nbd->changed)
		nbd->lost = true;
	nbd->retry_at = loop_now() + RETRY_MS;
	while ((op = ops_take(&nbd->waiting)))
		end_op(op, -ENOTCONN);
}

static void connect_again(struct backend_nbd *nbd)
{
	struct op *op;

	if (loop_now() >= nbd->retry_at)
		nbd->handle = make_handle();
	if (!nbd->handle) {
		while ((op = ops_take(&nbd->waiting)))
			end_op(op, -ENOTCONN);
		return;
	}
	nbd->connecting = true;
	if (nbd_aio_connect_uri(nbd->handle, nbd->base.path)) {
		log_limited(&nbd->limit, "%s: no connection: %s", nbd->base.path,
			    nbd_get_error());
		drop_connection(nbd);
	}
}

/* It may be another export that is there now. */
static const char *unsuitable(struct backend_nbd *nbd)
{
	if (nbd_get_size(nbd->handle) != (int64_t)nbd->base.size)
		return "has not the size that it had";
	if (nbd->writable && nbd_is_read_only(nbd->handle))
		return "cannot be written to any more";
	return NULL;
}

static void note_abilities(struct backend_nbd *nbd)
{
	nbd->can_flush = nbd_can_flush(nbd->handle) > 0;
	nbd->can_zero = nbd_can_zero(nbd->handle) > 0;
}

static void connected(struct backend_nbd *nbd)
{
	const char *why = unsuitable(nbd);

	nbd->connecting = false;
	if (why) {
		log_limited(&nbd->limit, "%s: is back, but %s: not used",
			    nbd->base.path, why);
		drop_connection(nbd);
		return;
	}
	log_limited(&nbd->limit, "%s: connected again", nbd->base.path);
	note_abilities(nbd);
}

/* --- requests ------------------------------------------------------------------- */

static int op_done(void *data, int *error)
{
	struct op *op = data;

	end_op(op, *error ? -*error : (int)op->piece);
	return 1;	/* libnbd may forget it */
}

/* Flushing and zeroing end with 0; a long range of zeroes has pieces. */
static void issue(struct op *op)
{
	struct backend_nbd *nbd = op->nbd;
	nbd_completion_callback done = { .callback = op_done, .user_data = op };
	int64_t rc = -1;

	op->piece = 0;
	switch (op->kind) {
	case NBD_READ:
		op->piece = (uint32_t)op->length;
		rc = nbd_aio_pread(nbd->handle, op->buffer, op->length, op->offset,
				   done, 0);
		break;
	case NBD_WRITE:
		nbd->changed = true;
		op->piece = (uint32_t)op->length;
		rc = nbd_aio_pwrite(nbd->handle, op->buffer, op->length, op->offset,
				    done, 0);
		break;
	case NBD_ZERO:
		if (!nbd->can_zero) {
			end_op(op, -EOPNOTSUPP);
			return;
		}
		nbd->changed = true;
		op->piece = op->length < ZERO_MAX ? (uint32_t)op->length : ZERO_MAX;
		rc = nbd_aio_zero(nbd->handle, op->piece, op->offset, done,
				  op->keep ? LIBNBD_CMD_FLAG_NO_HOLE : 0);
		break;
	case NBD_FLUSH:
		if (nbd->lost || !nbd->can_flush) {
			end_op(op, nbd->lost ? -EIO : 0);
			return;
		}
		rc = nbd_aio_flush(nbd->handle, done, 0);
		break;
	}
	if (rc < 0)
		end_op(op, -(nbd_get_errno() ? nbd_get_errno() : EIO));
}

/* False if there is still something to do for it. */
static bool is_over(struct op *op)
{
	struct backend_nbd *nbd = op->nbd;

	/* Nothing is written while one is under way, and after an error all is again. */
	if (op->kind == NBD_FLUSH) {
		nbd->changed = false;
		nbd->lost = false;
	}
	if (op->kind != NBD_ZERO || op->res < 0)
		return true;
	op->offset += op->piece;
	op->length -= op->piece;
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

static void arm(struct backend_nbd *nbd, struct side *side, unsigned int direction)
{
	if (side->armed || !(direction & side->direction))
		return;
	side->armed = true;
	loop_poll_for(&side->event, nbd_aio_get_fd(nbd->handle),
		      side->direction == LIBNBD_AIO_DIRECTION_WRITE);
}

/* What follows from the state of the connection, after anything that may change it. */
static void settle(struct backend_nbd *nbd)
{
	struct op *op;

	if (nbd->handle && (nbd_aio_is_dead(nbd->handle) ||
			    nbd_aio_is_closed(nbd->handle))) {
		log_limited(&nbd->limit, "%s: the connection is lost",
			    nbd->base.path);
		drop_connection(nbd);
	} else if (nbd->handle && nbd->connecting && nbd_aio_is_ready(nbd->handle)) {
		connected(nbd);
	}
	if (nbd->waiting.first && !nbd->handle)
		connect_again(nbd);
	while (nbd->handle && !nbd->connecting && (op = ops_take(&nbd->waiting)))
		issue(op);
	if (nbd->handle) {
		unsigned int direction = nbd_aio_get_direction(nbd->handle);

		arm(nbd, &nbd->in, direction);
		arm(nbd, &nbd->out, direction);
	}
	if (nbd->done.first && !nbd->woken) {
		nbd->woken = true;
		loop_timer(&nbd->wake, 0);
	}
}

static void side_ready(struct event *ev, int res)
{
	struct side *side = event_owner(ev, struct side, event);
	struct backend_nbd *nbd = side->nbd;
	bool stale = side->stale;

	(void)res;
	side->armed = false;
	side->stale = false;
	/* A failure of these shows in the state. */
	if (!stale && nbd_aio_get_direction(nbd->handle) & side->direction) {
		if (side == &nbd->in)
			nbd_aio_notify_read(nbd->handle);
		else
			nbd_aio_notify_write(nbd->handle);
	}
	settle(nbd);
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

static void init_side(struct backend_nbd *nbd, struct side *side,
		      unsigned int direction)
{
	*side = (struct side){
		.event = { side_ready },
		.nbd = nbd,
		.direction = direction,
	};
}

struct backend *backend_nbd_open(const char *uri, bool writable,
				 unsigned int under_way)
{
	struct backend_nbd *nbd = calloc(1, sizeof(*nbd));
	struct op *ops = calloc(under_way, sizeof(*ops));
	int64_t size;

	if (nbd)
		nbd->handle = make_handle();
	if (!nbd || !ops || !nbd->handle)
		die("out of memory");
	if (nbd_connect_uri(nbd->handle, uri))
		die("cannot connect to %s: %s", uri, nbd_get_error());
	size = nbd_get_size(nbd->handle);
	if (size < 0)
		die("%s: its size cannot be had: %s", uri, nbd_get_error());
	if (!size)
		die("%s is empty: there is nothing to serve", uri);
	if (writable && nbd_is_read_only(nbd->handle))
		die("%s is read-only: leave --rw out", uri);
	nbd->base = (struct backend){ &export_ops, uri, (uint64_t)size };
	nbd->writable = writable;
	nbd->limit.second = -1;
	nbd->wake.event.handler = handle_done;
	nbd->waiting.end = &nbd->waiting.first;
	nbd->done.end = &nbd->done.first;
	init_side(nbd, &nbd->in, LIBNBD_AIO_DIRECTION_READ);
	init_side(nbd, &nbd->out, LIBNBD_AIO_DIRECTION_WRITE);
	note_abilities(nbd);
	for (unsigned int i = 0; i < under_way; i++) {
		ops[i].next = nbd->spare;
		nbd->spare = &ops[i];
	}
	settle(nbd);
	return &nbd->base;
}

#endif /* ZXD_LIBNBD */

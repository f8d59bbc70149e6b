// SPDX-License-Identifier: GPL-2.0
/*
 * What clients ask for.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "copies.h"
#include "op.h"
#include "proto.h"
#include "serve.h"
#include "user.h"
#include "vmo.h"

pid_t op_keeper;

/* In a list copies come behind VMOs. */
struct op op_of(const struct zxd_request *req)
{
	uint64_t vmos = vmo_count();

	if (req->op != ZXD_LIST)
		return (struct op){ req, vmo_find(req->name), copy_find(req->name) };
	if (req->index < vmos)
		return (struct op){ req, vmo_at(req->index), NULL };
	return (struct op){ req, NULL, copy_from(req->index - vmos) };
}

void op_describe(const struct op *op, struct zxd_reply *reply)
{
	if (op->vmo) {
		vmo_describe(op->vmo, reply);
		reply->next = op->vmo->index + 1;
	} else {
		copy_describe(op->copy, reply);
		reply->next = vmo_count() + copy_number(op->copy) + 1;
	}
}

/* --- what is refused ----------------------------------------------------------------- */

static bool makes_copy(const struct zxd_request *req)
{
	return req->op == ZXD_CLONE || req->op == ZXD_SNAPSHOT;
}

/* What @req's operation leaves unused must be zero. */
static bool is_clean(const struct zxd_request *req)
{
	if (req->reserved || (!makes_copy(req) && req->new_name[0]))
		return false;
	if (req->op != ZXD_FAIL && (req->offset || req->length))
		return false;
	if (req->op == ZXD_STOP ? req->code > 1 : req->op != ZXD_FAIL && req->code)
		return false;
	if (req->op != ZXD_LIST && req->index)
		return false;
	return (req->op != ZXD_LIST && req->op != ZXD_STOP) || !req->name[0];
}

bool op_takes_time(const struct op *op)
{
	return op->req->op >= ZXD_SYNC && op->req->op <= ZXD_DROP;
}

bool op_is_for_admins(const struct op *op)
{
	unsigned int number = op->req->op;

	return (number >= ZXD_FAIL && number <= ZXD_DETACH) || number == ZXD_STOP;
}

/* It is for the other kind. */
static bool is_of_wrong_kind(const struct op *op)
{
	unsigned int number = op->req->op;

	return op->vmo ? number == ZXD_DROP : number >= ZXD_FAIL && number <= ZXD_SYNC;
}

int op_refuses(const struct op *op, const struct user *user, bool stopping)
{
	const struct zxd_request *req = op->req;

	if (req->op < ZXD_LIST || req->op > ZXD_STOP)
		return EOPNOTSUPP;
	if (!is_clean(req))
		return EINVAL;
	if (op_is_for_admins(op) && !user_is_admin(user))
		return EPERM;
	if (req->op == ZXD_STOP)
		return 0;
	if (!op->vmo && !op->copy)
		return ENOENT;
	if (is_of_wrong_kind(op))
		return EMEDIUMTYPE;
	if (op->copy && req->op > ZXD_STAT && !copy_is_for(op->copy, user))
		return EACCES;
	return stopping && (req->op == ZXD_OPEN || makes_copy(req)) ? ESHUTDOWN : 0;
}

/* --- what is done ------------------------------------------------------------------------ */

/* Of a keeper that has gone a worker hears elsewhere.  Two of one kind might come as one. */
static void end_daemon(bool force)
{
	pid_t pid = op_keeper ? op_keeper : getpid();

	if (op_keeper && op_keeper != getppid())
		return;
	kill(pid, SIGTERM);
	if (force)
		kill(pid, SIGINT);
}

int op_serve(const struct op *op, struct user *user, int *fd)
{
	const struct zxd_request *req = op->req;

	switch (req->op) {
	case ZXD_OPEN:
		*fd = op->vmo ? vmo_open(op->vmo) : copy_open(op->copy);
		if (*fd < 0)
			return errno;
		user->given |= !op->vmo || op->vmo->target.writable;
		return 0;
	case ZXD_FAIL:
		return vmo_fail(op->vmo, req->offset, req->length, (int)req->code);
	case ZXD_CLEAR:
		vmo_clear(op->vmo);
		return 0;
	case ZXD_HOLD:
	case ZXD_RELEASE:
		vmo_hold(op->vmo, req->op == ZXD_HOLD);
		return 0;
	case ZXD_DETACH:
		return serve_detach(op->vmo);
	case ZXD_STOP:
		end_daemon(req->code);
		return 0;
	}
	return 0;	/* LIST and STAT: the description is all */
}

int op_begin(const struct op *op, struct copy_request *req, struct user *user)
{
	bool frozen = op->req->op == ZXD_SNAPSHOT;

	if (op->req->op == ZXD_DROP)
		return copy_drop(req, op->copy);
	if (op->vmo)
		return copy_vmo(req, op->vmo, op->req->new_name, user, frozen);
	return copy_copy(req, op->copy, op->req->new_name, user, frozen);
}

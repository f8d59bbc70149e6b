/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_OP_H
#define ZXD_OP_H

#include <stdbool.h>
#include <sys/types.h>

struct copy;
struct copy_request;
struct user;
struct vmo;
struct zxd_reply;
struct zxd_request;

/* struct op - a request and what it is about: a VMO, a copy, or neither */
struct op {
	const struct zxd_request *req;
	struct vmo *vmo;
	struct copy *copy;
};

struct op op_of(const struct zxd_request *req);

/* 0, or an errno: why it is not to be done for @user. */
int op_refuses(const struct op *op, const struct user *user, bool stopping);

/*
 * 0 or an errno: what is no sync and not about a copy that comes or goes; *@fd is what goes to
 * the client, and so to @user.  What is, begins; @req is done when it ends.
 */
int op_serve(const struct op *op, struct user *user, int *fd);
int op_begin(const struct op *op, struct copy_request *req, struct user *user);

/* All of a reply but what is the same for each. */
void op_describe(const struct op *op, struct zxd_reply *reply);

/* Who ends the daemon when it gets SIGTERM: its keeper, or 0 for this process. */
extern pid_t op_keeper;

/* It is begun, and answered later. */
bool op_takes_time(const struct op *op);

/* It changes what is served, for root and the daemon's user. */
bool op_is_for_admins(const struct op *op);

#endif /* ZXD_OP_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An actor: a thread of a client, and all the things that it can do.
 */
#ifndef ZXP_SELFTESTS_STRESS_CLIENT_H
#define ZXP_SELFTESTS_STRESS_CLIENT_H

#include <pthread.h>
#include <setjmp.h>

#include "../lib/ring.h"
#include "stress.h"

/* Two places for each VMO's mapping, and one that all threads of the process use. */
#define SLOT		(2 * ROOM_BYTES)
#define SLOTS		(2 * VMOS)

struct actor {
	int id;
	struct actor_board *ab;
	struct dice dice;
	pthread_t thread;
	bool child;		/* of a fork: it does not fork again */
	char *buf;		/* ROOM pages */
	char *other;		/* ROOM pages */
	int pipe[2];
	int memfd;		/* ROOM pages */
	struct ring ring;
	char *base;		/* SLOTS places */
	char *shared;		/* of the process: VMOS places */
	struct window window;
	sigjmp_buf crash;
};

/*
 * An operation returns how many bytes it has read into a->buf, or written from there,
 * or made zero; or a negative errno. A SIGBUS on the way makes it -EFAULT.
 */
typedef ssize_t (*op_fn)(struct actor *a, const struct range *r);

enum op_kind { OP_READ, OP_WRITE, OP_ZERO, OP_SIZE, OP_OTHER };

struct op {
	const char *name;
	enum op_kind kind;
	unsigned int weight;
	op_fn fn;
	unsigned int flags;
};

#define OP_SEGV		1	/* it uses the mapping that others change */
#define OP_FREE		2	/* any error will do; still no wrong byte */
#define OP_NO_FORK	4	/* not in a forked child */
#define OP_RESTORE	8	/* a crash leaves the mapping as it should not be */
#define OP_EXTENDS	16	/* it moves the end of the stream */

extern const struct op ops[];
extern const int nr_ops;

static inline char *place(struct actor *a, int vmo)
{
	return a->base + 2 * vmo * SLOT;
}

static inline char *mapped(struct actor *a, const struct range *r)
{
	return place(a, r->vmo) + r->off;
}

static inline int vmo_fd(const struct range *r)
{
	return board->vmo[r->vmo].fd;
}

/* client.c */
/* Do it; a crash on the way is a negative errno. Within another, that is over then. */
ssize_t attempt(struct actor *a, const struct op *op, const struct range *r);
void run_op(struct actor *a, const struct op *op);
const struct op *choose_op(struct actor *a, bool forked);

/* direct.c */
ssize_t op_direct(struct actor *a, const struct range *r);

/* ops_end.c */
ssize_t op_exit(struct actor *a, const struct range *r);
ssize_t op_dump(struct actor *a, const struct range *r);

/* ops_trap.c */
ssize_t op_trap(struct actor *a, const struct range *r);

/* ops_file.c */
ssize_t op_pread(struct actor *a, const struct range *r);
ssize_t op_pread_nowait(struct actor *a, const struct range *r);
ssize_t op_reopened(struct actor *a, const struct range *r);
ssize_t op_vmo_read(struct actor *a, const struct range *r);
ssize_t op_splice(struct actor *a, const struct range *r);
ssize_t op_sendfile(struct actor *a, const struct range *r);
ssize_t op_uring_read(struct actor *a, const struct range *r);
ssize_t op_pwrite(struct actor *a, const struct range *r);
ssize_t op_pwrite_nowait(struct actor *a, const struct range *r);
ssize_t op_vmo_write(struct actor *a, const struct range *r);
ssize_t op_splice_in(struct actor *a, const struct range *r);
ssize_t op_uring_write(struct actor *a, const struct range *r);
ssize_t op_zero(struct actor *a, const struct range *r);
ssize_t op_size(struct actor *a, const struct range *r);
ssize_t op_sync(struct actor *a, const struct range *r);
ssize_t op_hint(struct actor *a, const struct range *r);
ssize_t op_info(struct actor *a, const struct range *r);

/* ops_map.c */
ssize_t op_load(struct actor *a, const struct range *r);
ssize_t op_store(struct actor *a, const struct range *r);
ssize_t op_shared_load(struct actor *a, const struct range *r);
ssize_t op_shared_store(struct actor *a, const struct range *r);
ssize_t op_shared_change(struct actor *a, const struct range *r);
ssize_t op_private(struct actor *a, const struct range *r);
ssize_t op_remap(struct actor *a, const struct range *r);
ssize_t op_protect(struct actor *a, const struct range *r);
ssize_t op_advise(struct actor *a, const struct range *r);
ssize_t op_lock(struct actor *a, const struct range *r);
ssize_t op_copy_out(struct actor *a, const struct range *r);
ssize_t op_copy_in(struct actor *a, const struct range *r);
ssize_t op_vm_read(struct actor *a, const struct range *r);
ssize_t op_vm_write(struct actor *a, const struct range *r);
ssize_t op_vm_write_to(struct actor *a, const struct range *r);
ssize_t op_peek(struct actor *a, const struct range *r);
ssize_t op_vmsplice(struct actor *a, const struct range *r);
ssize_t op_fork(struct actor *a, const struct range *r);
bool map_place(struct actor *a, int vmo);

#endif /* ZXP_SELFTESTS_STRESS_CLIENT_H */

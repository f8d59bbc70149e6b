// SPDX-License-Identifier: GPL-2.0
/*
 * A client: a process with actors in it that do one thing after the other.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "client.h"

const struct op ops[] = {
	{ "load", OP_READ, 30, op_load, 0 },
	{ "pread", OP_READ, 20, op_pread, 0 },
	{ "pread_nowait", OP_READ, 4, op_pread_nowait, 0 },
	{ "reopened", OP_READ, 4, op_reopened, 0 },
	{ "vmo_read", OP_READ, 8, op_vmo_read, 0 },
	{ "splice", OP_READ, 5, op_splice, 0 },
	{ "sendfile", OP_READ, 5, op_sendfile, 0 },
	{ "uring_read", OP_READ, 5, op_uring_read, OP_NO_FORK },
	{ "copy_out", OP_READ, 6, op_copy_out, 0 },
	{ "vm_read", OP_READ, 6, op_vm_read, OP_FREE },
	{ "peek", OP_READ, 3, op_peek, OP_FREE },
	{ "vmsplice", OP_READ, 3, op_vmsplice, 0 },
	{ "private", OP_READ, 4, op_private, OP_RESTORE },
	{ "dump", OP_READ, 1, op_dump, OP_FREE | OP_NO_FORK },
	{ "lock", OP_READ, 2, op_lock, OP_RESTORE },
	{ "protect", OP_READ, 2, op_protect, OP_RESTORE },
	{ "remap", OP_READ, 2, op_remap, OP_RESTORE },
	{ "shared_load", OP_READ, 8, op_shared_load, OP_SEGV },
	{ "store", OP_WRITE, 30, op_store, 0 },
	{ "shared_store", OP_WRITE, 8, op_shared_store, OP_SEGV },
	{ "pwrite", OP_WRITE, 20, op_pwrite, OP_EXTENDS },
	{ "pwrite_nowait", OP_WRITE, 4, op_pwrite_nowait, OP_EXTENDS },
	{ "vmo_write", OP_WRITE, 6, op_vmo_write, 0 },
	{ "splice_in", OP_WRITE, 4, op_splice_in, OP_EXTENDS },
	{ "uring_write", OP_WRITE, 4, op_uring_write, OP_EXTENDS | OP_NO_FORK },
	{ "copy_in", OP_WRITE, 6, op_copy_in, 0 },
	{ "vm_write", OP_WRITE, 5, op_vm_write, 0 },
	{ "vm_write_to", OP_WRITE, 5, op_vm_write_to, OP_FREE },
	{ "trap", OP_WRITE, 3, op_trap, 0 },
	{ "exit", OP_WRITE, 3, op_exit, 0 },
	{ "direct", OP_WRITE, 4, op_direct, 0 },
	{ "zero", OP_ZERO, 10, op_zero, 0 },
	{ "size", OP_SIZE, 12, op_size, 0 },
	{ "sync", OP_OTHER, 2, op_sync, 0 },
	{ "hint", OP_OTHER, 10, op_hint, 0 },
	{ "info", OP_OTHER, 2, op_info, 0 },
	{ "advise", OP_OTHER, 8, op_advise, 0 },
	{ "shared_change", OP_OTHER, 4, op_shared_change, OP_FREE },
	{ "fork", OP_OTHER, 1, op_fork, OP_NO_FORK },
};

const int nr_ops = sizeof(ops) / sizeof(ops[0]);

static __thread struct actor *current;
static __thread const struct op *current_op;

/* Wherever it was: a mapped access fails, and that is an outcome like another. */
static void on_crash(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (!current || info->si_code <= 0 ||
	    (sig == SIGSEGV && !(current_op->flags & OP_SEGV))) {
		wrong("signal %d at %p in %s", sig, info->si_addr,
		      current ? current_op->name : "nothing");
		signal(sig, SIG_DFL);
		return;
	}
	siglongjmp(current->crash, sig);
}

static void on_alarm(int sig)
{
	(void)sig;
}

static void note_time(const struct op *op, uint64_t ns)
{
	uint64_t *longest = &board->longest[op - ops], seen = load(*longest);

	while (ns > seen && !__atomic_compare_exchange_n(longest, &seen, ns, false,
							 __ATOMIC_SEQ_CST,
							 __ATOMIC_SEQ_CST))
		;
}

ssize_t attempt(struct actor *a, const struct op *op, const struct range *r)
{
	ssize_t n;

	current_op = op;
	current = a;
	if (sigsetjmp(a->crash, 1)) {
		current = NULL;
		if (op->flags & OP_RESTORE)
			map_place(a, r->vmo);
		return op->flags & OP_SEGV ? -EAGAIN : -EFAULT;
	}
	n = op->fn(a, r);
	current = NULL;
	return n;
}

static bool error_is_right(const struct op *op, const struct range *r, int err)
{
	struct vmo_board *vb = &board->vmo[r->vmo];

	if (op->flags & OP_FREE)
		return true;
	switch (err) {
	case EINTR:
	case EAGAIN:
	case ENOMEM:
	case ENOSYS:
	case ECANCELED:	/* io_uring has no thread for it after a signal */
		return true;
	case EIO:
	case EBADMSG:
	case ENOBUFS:
		return vb->fails || load(vb->gone);
	case ENOSPC:
	case ESTALE:
	case EFAULT:
		return vb->fails || load(vb->gone) || in_tail(r) || op->kind == OP_SIZE;
	case ERANGE:	/* a stream size, of a VMO that has just been cut off */
		return in_tail(r) || op->kind == OP_SIZE;
	default:
		return false;
	}
}

static void judge(struct actor *a, const struct op *op, const struct range *r, ssize_t n)
{
	add(board->ops[op - ops], 1);
	if (n < 0) {
		add(board->failed[op - ops], 1);
		if (n == -ENOSYS)
			put(board->lacks[op - ops], true);
		if (!error_is_right(op, r, -n))
			wrong("%s of VMO %d (options %#x flags %#x%s%s) %#" PRIx64 "+%#"
			      PRIx64 ": %s", op->name, r->vmo, board->vmo[r->vmo].options,
			      board->vmo[r->vmo].flags,
			      board->vmo[r->vmo].fails ? " fails" : "",
			      load(board->vmo[r->vmo].gone) ? " gone" : "", r->off, r->len,
			      strerror(-n));
	} else if (op->kind == OP_READ) {
		if (!n && !in_tail(r) && !(op->flags & OP_FREE))
			wrong("%s of VMO %d %#" PRIx64 "+%#" PRIx64 ": the end", op->name,
			      r->vmo, r->off, r->len);
		window_check(&a->window, a->buf, n, op->name);
	} else if (op->kind == OP_WRITE || op->kind == OP_ZERO) {
		write_end(r, n);
	}
}

/* Most of all is done in a few pages, so that it meets. */
static bool any_range(struct actor *a, struct range *r)
{
	uint64_t end = roll(&a->dice, 5) ? one_in(&a->dice, 2) ? HOT_BYTES :
		       STABLE_BYTES : ROOM_BYTES;
	uint64_t most = one_in(&a->dice, 16) ? 16 * 4096 : 2 * 4096;

	r->vmo = roll(&a->dice, VMOS);
	r->off = 8 * (uint64_t)roll(&a->dice, end / 8);
	r->len = 8 * (uint64_t)(1 + roll(&a->dice, most / 8));
	if (r->len > end - r->off)
		r->len = end - r->off;
	return true;
}

/* A run of chunks that are this actor's own, or that are anybody's. */
static bool own_range(struct actor *a, struct range *r)
{
	uint64_t chunk, nr, most = one_in(&a->dice, 4) ? 24 : 4;

	r->vmo = roll(&a->dice, VMOS);
	if (one_in(&a->dice, 6))
		chunk = STABLE_BYTES / CHUNK + roll(&a->dice, CHUNKS - STABLE_BYTES / CHUNK);
	else
		chunk = roll(&a->dice, (one_in(&a->dice, 2) ? HOT_BYTES : STABLE_BYTES) /
			     CHUNK);
	/* Whole pages of it, if all of them are this actor's. */
	if (one_in(&a->dice, 3)) {
		chunk -= chunk % (4096 / CHUNK);
		most = 24;
	}
	for (nr = 0; nr < most && chunk + nr < CHUNKS; nr++) {
		bool tail = chunk + nr >= STABLE_BYTES / CHUNK;

		/* What may be cut off and what may not do not go together. */
		if (tail != (chunk >= STABLE_BYTES / CHUNK))
			break;
		if (owner_of(r->vmo, chunk + nr) != a->id &&
		    !(tail && board->vmo[r->vmo].wild))
			break;
	}
	r->off = chunk * CHUNK;
	r->len = nr * CHUNK;
	return nr;
}

/* Behind the end of a stream that is not wild only what moves the end may write. */
static bool behind_end(const struct op *op, const struct range *r)
{
	struct stat st;

	if (r->off < STABLE_BYTES || board->vmo[r->vmo].wild || op->flags & OP_EXTENDS)
		return false;
	return fstat(board->vmo[r->vmo].fd, &st) || r->off + r->len > (uint64_t)st.st_size;
}

static bool size_range(struct actor *a, struct range *r)
{
	r->vmo = roll(&a->dice, VMOS);
	r->off = STABLE_BYTES + CHUNK * roll(&a->dice, CHUNKS - STABLE_BYTES / CHUNK);
	r->len = 0;
	return board->vmo[r->vmo].options & (ZXP_VMO_RESIZABLE | ZXP_VMO_UNBOUNDED) &&
	       (board->vmo[r->vmo].wild || owner_of(r->vmo, CHUNKS - 1) == a->id);
}

void run_op(struct actor *a, const struct op *op)
{
	bool writes = op->kind == OP_WRITE || op->kind == OP_ZERO;
	struct range r;
	int tries = 100;
	uint64_t begin;
	ssize_t n;

	while (tries-- && !(writes ? own_range(a, &r) : op->kind == OP_SIZE ?
			    size_range(a, &r) : any_range(a, &r)))
		;
	if (tries < 0 || (writes && behind_end(op, &r)))
		return;
	put(a->ab->op, op - ops);
	a->ab->vmo = r.vmo;
	a->ab->offset = r.off;
	a->ab->length = r.len;
	if (op->kind == OP_WRITE)
		write_begin(&r, a->buf);
	else if (op->kind == OP_ZERO)
		zero_begin(&r);
	else if (op->kind != OP_SIZE)
		window_open(&a->window, &r);
	begin = now_ns();
	n = attempt(a, op, &r);
	note_time(op, now_ns() - begin);
	judge(a, op, &r, n);
	add(a->ab->ops, 1);
}

/*
 * What was done least in this round, so that each round has some of everything; NULL once
 * it has.
 */
static const struct op *op_behind(struct actor *a, bool forked)
{
	int first = roll(&a->dice, nr_ops), i;
	uint64_t least = 2 * LEAST;
	const struct op *found = NULL;

	for (i = 0; i < nr_ops; i++) {
		const struct op *op = &ops[(first + i) % nr_ops];
		uint64_t n = load(board->ops[op - ops]) - load(board->failed[op - ops]);

		if (n >= least || load(board->lacks[op - ops]) ||
		    (forked && op->flags & OP_NO_FORK))
			continue;
		found = op;
		least = n;
	}
	return found;
}

const struct op *choose_op(struct actor *a, bool forked)
{
	static unsigned int sum;
	const struct op *behind;
	unsigned int i, n = 0;

	if (!sum) {
		for (i = 0; i < (unsigned int)nr_ops; i++)
			n += ops[i].weight;
		sum = n;
	}
	behind = one_in(&a->dice, 3) ? op_behind(a, forked) : NULL;
	if (behind)
		return behind;
	do {
		n = roll(&a->dice, sum);
		for (i = 0; n >= ops[i].weight; i++)
			n -= ops[i].weight;
	} while (forked && ops[i].flags & OP_NO_FORK);
	return &ops[i];
}

static char *reserve(uint64_t slots)
{
	char *p = mmap(NULL, slots * SLOT, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static void *actor_main(void *arg)
{
	struct actor *a = arg;
	int v;

	prctl(PR_SET_NAME, "zxp-actor");
	put(a->ab->tid, syscall(SYS_gettid));
	a->base = reserve(SLOTS);
	a->buf = map_anon(ROOM);
	a->other = map_anon(ROOM);
	a->memfd = memfd_create("zxp", MFD_CLOEXEC);
	if (!a->base || !a->buf || !a->other || a->memfd < 0 || pipe(a->pipe)) {
		wrong("actor %d: %m", a->id);
		return NULL;
	}
	ring_init(&a->ring, 4, 0);
	for (v = 0; v < VMOS; v++)
		map_place(a, v);
	put(a->ab->seq, a->ab->seq + 1);
	put(a->ab->pid, getpid());
	put(a->ab->base, (uintptr_t)a->base);
	put(a->ab->seq, a->ab->seq + 1);
	while (load(board->phase) == PHASE_RUN && !load(board->wrong))
		run_op(a, choose_op(a, false));
	return NULL;
}

/*
 * In the actors: the main thread only waits for them. Not in all processes, because what a
 * signal has interrupted is begun anew, and so nobody waits in vain.
 */
static void start_signals(struct dice *d)
{
	struct itimerval it = { .it_interval.tv_usec = 1000 + roll(d, 50000) };
	struct sigaction crash = { .sa_sigaction = on_crash, .sa_flags = SA_SIGINFO };
	struct sigaction alarm = {
		.sa_handler = on_alarm,
		.sa_flags = one_in(d, 2) ? SA_RESTART : 0,
	};

	sigaction(SIGBUS, &crash, NULL);
	sigaction(SIGSEGV, &crash, NULL);
	sigaction(SIGALRM, &alarm, NULL);
	it.it_value = it.it_interval;
	if (one_in(d, 2))
		setitimer(ITIMER_REAL, &it, NULL);
}

static void no_signals_here(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

void client_main(int proc, uint64_t incarnation)
{
	static struct actor actors[THREADS];
	struct dice dice = { seed_of(10 + proc, incarnation) };
	char *shared = reserve(VMOS);
	int i, v;

	start_signals(&dice);
	for (v = 0; v < VMOS; v++)
		mmap(shared + v * SLOT, ROOM_BYTES, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_FIXED, board->vmo[v].fd, 0);
	for (i = 0; i < THREADS; i++) {
		struct actor *a = &actors[i];

		a->id = proc * THREADS + i;
		a->ab = &board->actor[a->id];
		a->shared = shared;
		a->dice.state = seed_of(1000 + a->id, incarnation);
		if (pthread_create(&a->thread, NULL, actor_main, a))
			wrong("client %d has no threads", proc);
	}
	no_signals_here();
	for (i = 0; i < THREADS; i++)
		pthread_join(actors[i].thread, NULL);
	_exit(0);
}

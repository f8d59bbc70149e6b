// SPDX-License-Identifier: GPL-2.0
/*
 * What is done by mappings, and to them.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "client.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ	22
#define MADV_POPULATE_WRITE	23
#endif

static ssize_t result(ssize_t n)
{
	return n < 0 ? -errno : n;
}

/* Word by word: each is loaded and stored at once. */
static void copy_words(void *to, const void *from, uint64_t len)
{
	const volatile uint64_t *f = from;
	volatile uint64_t *t = to;
	uint64_t i;

	for (i = 0; i < len / 8; i++)
		t[i] = f[i];
}

static char *shared_place(struct actor *a, const struct range *r)
{
	return a->shared + r->vmo * SLOT + r->off;
}

bool map_place(struct actor *a, int vmo)
{
	int populate = one_in(&a->dice, 64) ? MAP_POPULATE : 0;
	char *p = mmap(place(a, vmo), ROOM_BYTES, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_FIXED | populate, board->vmo[vmo].fd, 0);

	if (p == MAP_FAILED)
		wrong("mmap of VMO %d: %m", vmo);
	return p != MAP_FAILED;
}

ssize_t op_load(struct actor *a, const struct range *r)
{
	copy_words(a->buf, mapped(a, r), r->len);
	return r->len;
}

ssize_t op_store(struct actor *a, const struct range *r)
{
	copy_words(mapped(a, r), a->buf, r->len);
	return r->len;
}

ssize_t op_shared_load(struct actor *a, const struct range *r)
{
	copy_words(a->buf, shared_place(a, r), r->len);
	return r->len;
}

ssize_t op_shared_store(struct actor *a, const struct range *r)
{
	copy_words(shared_place(a, r), a->buf, r->len);
	return r->len;
}

/* While others of the process are in it. The place stays its own all the time. */
ssize_t op_shared_change(struct actor *a, const struct range *r)
{
	char *p = a->shared + r->vmo * SLOT, *to;
	uint64_t off = r->off / 4096 * 4096;
	uint64_t len = (r->off + r->len + 4095) / 4096 * 4096 - off;

	switch (roll(&a->dice, 6)) {
	case 0:
		/* Of the VMO still, as case 1 may make it readable again. */
		p = mmap(p + off, len, PROT_NONE, MAP_SHARED | MAP_FIXED, vmo_fd(r), off);
		break;
	case 1:
		return result(mprotect(p + off, len, PROT_READ));
	case 2:
		return result(madvise(p + off, len, MADV_DONTNEED));
	case 3:
		/* The page tables go, the mapping stays. */
		to = mremap(p + off, len, len, MREMAP_MAYMOVE | MREMAP_DONTUNMAP);
		if (to != MAP_FAILED)
			munmap(to, len);
		return 0;
	default:
		p = mmap(p, ROOM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			 vmo_fd(r), 0);
	}
	return p == MAP_FAILED ? -errno : 0;
}

/* Copied pages keep what was stored there, and do not reach the VMO. */
ssize_t op_private(struct actor *a, const struct range *r)
{
	char *p = mmap(place(a, r->vmo) + SLOT, ROOM_BYTES, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_FIXED, vmo_fd(r), 0);
	uint64_t mine = 0x0123456789abcdefULL + a->id;
	volatile uint64_t *word;

	if (p == MAP_FAILED)
		return -errno;
	copy_words(a->buf, p + r->off, r->len);
	word = (void *)(p + r->off);
	*word = mine;
	if (*word != mine)
		wrong("private mapping of VMO %d: %#jx", r->vmo, (uintmax_t)*word);
	return r->len;
}

static bool hold_place(char *p)
{
	return mmap(p, ROOM_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		    0) != MAP_FAILED;
}

/*
 * Away, elsewhere, and anew. Where other threads might get a hole for a mapping of theirs
 * there is never one.
 */
ssize_t op_remap(struct actor *a, const struct range *r)
{
	char *p = place(a, r->vmo), *to = p + SLOT;
	uint64_t off = r->off / 4096 * 4096, len = ROOM_BYTES - off;
	int flags = MREMAP_MAYMOVE | MREMAP_FIXED | (a->child ? 0 : MREMAP_DONTUNMAP);

	switch (roll(&a->dice, 3)) {
	case 0:
		if (!hold_place(p))
			return -errno;
		break;
	case 1:
		if (mremap(p + off, len, len, flags, to + off) == MAP_FAILED)
			return -errno;
		copy_words(a->buf, to + r->off, r->len);
		return map_place(a, r->vmo) && hold_place(to) ? (ssize_t)r->len : -errno;
	default:
		if (a->child && munmap(p + off, len))
			return -errno;
	}
	return map_place(a, r->vmo) ? -EAGAIN : -errno;
}

/* Permissions go and come back; run_op() sees to it if this crashes. */
ssize_t op_protect(struct actor *a, const struct range *r)
{
	char *p = place(a, r->vmo);

	if (mprotect(p, ROOM_BYTES, PROT_READ))
		return -errno;
	copy_words(a->buf, mapped(a, r), r->len);
	return mprotect(p, ROOM_BYTES, PROT_READ | PROT_WRITE) ? -errno : (ssize_t)r->len;
}

ssize_t op_advise(struct actor *a, const struct range *r)
{
	static const int advice[] = {
		MADV_DONTNEED, MADV_PAGEOUT, MADV_COLD, MADV_WILLNEED,
		MADV_POPULATE_READ, MADV_POPULATE_WRITE, MADV_PAGEOUT, MADV_DONTNEED,
	};
	uint64_t off = r->off / 4096 * 4096;

	return result(madvise(place(a, r->vmo) + off, r->off + r->len - off,
			      advice[roll(&a->dice, 8)]));
}

ssize_t op_lock(struct actor *a, const struct range *r)
{
	ssize_t n = result(mlock(mapped(a, r), r->len));

	if (!n)
		copy_words(a->buf, mapped(a, r), r->len);
	munlock(mapped(a, r), r->len);
	return n ? n : (ssize_t)r->len;
}

/* The kernel copies from the mapping, and to it. */
ssize_t op_copy_out(struct actor *a, const struct range *r)
{
	ssize_t n = result(pwrite(a->memfd, mapped(a, r), r->len, 0));

	return n > 0 ? result(pread(a->memfd, a->buf, n, 0)) : n;
}

ssize_t op_copy_in(struct actor *a, const struct range *r)
{
	ssize_t n = result(pwrite(a->memfd, a->buf, r->len, 0));

	return n > 0 ? result(pread(a->memfd, mapped(a, r), n, 0)) : n;
}

/* Out of another process, or this one, as it may be. */
ssize_t op_vm_read(struct actor *a, const struct range *r)
{
	struct actor_board *of = &board->actor[roll(&a->dice, ACTORS)];
	uint64_t seq = load(of->seq), base = load(of->base);
	struct iovec to = { a->buf, r->len };
	struct iovec from = {
		(void *)(uintptr_t)(base + 2 * r->vmo * SLOT + r->off), r->len,
	};
	ssize_t n;

	if (!base)
		return -EAGAIN;
	n = result(process_vm_readv(of->pid, &to, 1, &from, 1, 0));
	return seq == load(of->seq) ? n : -EAGAIN;
}

ssize_t op_vm_write(struct actor *a, const struct range *r)
{
	struct iovec from = { a->buf, r->len };
	struct iovec to = { mapped(a, r), r->len };

	return result(process_vm_writev(getpid(), &from, 1, &to, 1, 0));
}

/* Into the memory of any client, which may take that away or forbid it just now. */
ssize_t op_vm_write_to(struct actor *a, const struct range *r)
{
	struct actor_board *of = &board->actor[roll(&a->dice, ACTORS)];
	uint64_t seq = load(of->seq), base = load(of->base);
	struct iovec from = { a->buf, r->len };
	struct iovec to = {
		(void *)(uintptr_t)(base + 2 * r->vmo * SLOT + r->off), r->len,
	};
	ssize_t n;

	if (!base)
		return -EAGAIN;
	n = result(process_vm_writev(of->pid, &from, 1, &to, 1, 0));
	return seq == load(of->seq) ? n : -EAGAIN;
}

/* This one waits with mmap_lock held. */
ssize_t op_peek(struct actor *a, const struct range *r)
{
	int fd = open("/proc/thread-self/mem", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = result(pread(fd, a->buf, r->len, (uintptr_t)mapped(a, r)));
	close(fd);
	return n;
}

/* References to the pages, held for a while. */
ssize_t op_vmsplice(struct actor *a, const struct range *r)
{
	struct iovec iov = { mapped(a, r), r->len < 8 * 4096 ? r->len : 8 * 4096 };
	ssize_t n = result(vmsplice(a->pipe[1], &iov, 1, 0)), got, all = 0;
	int i;

	for (i = roll(&a->dice, 10); i; i--)
		nap();
	while (all < n) {
		got = read(a->pipe[0], a->buf + all, n - all);
		if (got > 0)
			all += got;
		else if (got < 0 && errno != EINTR)
			break;
	}
	return n < 0 ? n : all;
}

static void child_of_fork(struct actor *a)
{
	int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == 1)
		_exit(0);
	a->child = true;
	a->ring.fd = -1;
	for (i = 1 + roll(&a->dice, 10); i && load(board->phase) == PHASE_RUN; i--)
		run_op(a, choose_op(a, true));
	_exit(0);
}

/* The child is the actor while it lives. It may be killed at it. */
ssize_t op_fork(struct actor *a, const struct range *r)
{
	bool killed = one_in(&a->dice, 3);
	int status, i = roll(&a->dice, 20);
	pid_t pid = fork();

	(void)r;
	if (pid < 0)
		return -errno;
	if (!pid)
		child_of_fork(a);
	for (; killed && i; i--)
		nap();
	if (killed)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	/* What it may have left in the pipe goes with that. */
	if (killed) {
		close(a->pipe[0]);
		close(a->pipe[1]);
		if (pipe(a->pipe))
			wrong("pipe: %m");
	}
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
		wrong("a forked child has died of signal %d", WTERMSIG(status));
	return 0;
}

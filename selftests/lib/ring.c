// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ring.h"

static void *ring_map(struct ring *r, size_t len, off_t what)
{
	return mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd,
		    what);
}

int ring_init(struct ring *r, unsigned int entries, unsigned int flags)
{
	struct io_uring_params p = { .flags = flags };
	char *sq, *cq;

	r->fd = syscall(SYS_io_uring_setup, entries, &p);
	if (r->fd < 0)
		return -errno;
	sq = ring_map(r, p.sq_off.array + p.sq_entries * 4, IORING_OFF_SQ_RING);
	cq = ring_map(r, p.cq_off.cqes + p.cq_entries * sizeof(*r->cqes),
		      IORING_OFF_CQ_RING);
	r->sqes = ring_map(r, p.sq_entries * sizeof(*r->sqes), IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || r->sqes == MAP_FAILED) {
		ring_close(r);
		return -ENOMEM;
	}
	r->sq_tail = (uint32_t *)(sq + p.sq_off.tail);
	r->sq_mask = (uint32_t *)(sq + p.sq_off.ring_mask);
	r->sq_array = (uint32_t *)(sq + p.sq_off.array);
	r->cq_head = (uint32_t *)(cq + p.cq_off.head);
	r->cq_tail = (uint32_t *)(cq + p.cq_off.tail);
	r->cq_mask = (uint32_t *)(cq + p.cq_off.ring_mask);
	r->cqes = (struct io_uring_cqe *)(cq + p.cq_off.cqes);
	return 0;
}

void ring_close(struct ring *r)
{
	close(r->fd);
	r->fd = -1;
}

void ring_put(struct ring *r, const struct io_uring_sqe *sqe)
{
	uint32_t tail = *r->sq_tail, i = tail & *r->sq_mask;

	r->sqes[i] = *sqe;
	r->sq_array[i] = i;
	__atomic_store_n(r->sq_tail, tail + 1, __ATOMIC_RELEASE);
}

bool ring_done(struct ring *r)
{
	return *r->cq_head != __atomic_load_n(r->cq_tail, __ATOMIC_ACQUIRE);
}

void ring_take(struct ring *r, struct io_uring_cqe *cqe)
{
	*cqe = r->cqes[*r->cq_head & *r->cq_mask];
	__atomic_store_n(r->cq_head, *r->cq_head + 1, __ATOMIC_RELEASE);
}

ssize_t ring_io(struct ring *r, int opcode, int fd, void *buf, size_t len, uint64_t off)
{
	struct io_uring_sqe sqe = {
		.opcode = opcode,
		.fd = fd,
		.off = off,
		.addr = (uintptr_t)buf,
		.len = len,
	};
	struct io_uring_cqe cqe;
	int submit = 1;

	ring_put(r, &sqe);
	while (!ring_done(r))
		if (syscall(SYS_io_uring_enter, r->fd, submit, 1, IORING_ENTER_GETEVENTS,
			    NULL, 0) >= 0)
			submit = 0;
	ring_take(r, &cqe);
	return cqe.res;
}

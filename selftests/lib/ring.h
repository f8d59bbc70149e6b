/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As much of io_uring as the tests need, without a library.
 */
#ifndef ZXP_SELFTESTS_RING_H
#define ZXP_SELFTESTS_RING_H

#include <linux/io_uring.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct ring {
	int fd;
	struct io_uring_sqe *sqes;
	uint32_t *sq_tail, *sq_mask, *sq_array;
	uint32_t *cq_head, *cq_tail, *cq_mask;
	struct io_uring_cqe *cqes;
};

/* 0 or a negative errno; then there is nothing to close, and the descriptor is -1. */
int ring_init(struct ring *r, unsigned int entries, unsigned int flags);
void ring_close(struct ring *r);

/* Something to be done, which nobody has been told of. */
void ring_put(struct ring *r, const struct io_uring_sqe *sqe);
/* Is there a result? */
bool ring_done(struct ring *r);
/* The next one, which is there. */
void ring_take(struct ring *r, struct io_uring_cqe *cqe);

/* One thing at a time, which ends whatever signals come; its result. */
ssize_t ring_io(struct ring *r, int opcode, int fd, void *buf, size_t len, uint64_t off);

#endif /* ZXP_SELFTESTS_RING_H */

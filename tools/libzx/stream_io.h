/* SPDX-License-Identifier: MIT */
/*
 * Data on its way between a vector of buffers and a VMO, see stream.h.
 */
#ifndef LIBZX_STREAM_IO_H
#define LIBZX_STREAM_IO_H

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <zircon/types.h>

#include "base.h"

/**
 * struct zxi_io - a transfer
 * @fd: of the VMO
 * @write: into it
 * @append: at the end of it, in place of @offset; that of @fd becomes what comes behind
 * @resizes: it may make the VMO larger
 * @offset: in the VMO; afterwards that of an append that has begun, and failed
 * @begun: there was room for something, but then it failed
 * @failures: how often a pager has failed something of the VMO when that was asked last
 */
struct zxi_io {
	int fd;
	bool write;
	bool append;
	bool resizes;
	bool begun;
	uint64_t offset;
	_Atomic uint64_t *failures;
};

/* The kernel refuses more buffers than IOV_MAX, but looks at the low 32 bits of a count only. */
static ZXI_INLINE size_t zxi_kernels_count(size_t count)
{
	return count > IOV_MAX ? IOV_MAX + 1 : count;
}

/* What the kernel moves at once.  By syscall(), which is no cancellation point. */
static ZXI_INLINE ssize_t zxi_move_once(int fd, bool write, const void *vector, size_t count,
					uint64_t offset)
{
	return syscall(write ? SYS_pwritev : SYS_preadv, fd, vector, zxi_kernels_count(count),
		       offset, 0L);
}

/* How much there is room for in a vector that the kernel has just read. */
static ZXI_INLINE size_t zxi_capacity(const zx_iovec_t *vector, size_t count)
{
	size_t capacity = count ? vector->capacity : 0;

	for (size_t i = 1; i < count; i++)
		capacity += vector[i].capacity;
	return capacity;
}

/*
 * Moves what can be moved, which may be less than there is room for, whatever signals come.  A
 * vector, or a buffer of it, may be bad: INVALID_ARGS is the one, and NOT_FOUND the other if it
 * is the first one, or INVALID_ARGS if that cannot be an address.  An append is one, but for a
 * signal that comes while it waits for a pager: what another one appends then is in the middle.
 */
zx_status_t zxi_move(struct zxi_io *io, const zx_iovec_t *vector, size_t count,
		     size_t *done);

/* The same when zxi_move_once() has done so much of it, or has failed with this errno. */
zx_status_t zxi_move_on(struct zxi_io *io, const zx_iovec_t *vector, size_t count,
			ssize_t moved, size_t *done);

#endif /* LIBZX_STREAM_IO_H */

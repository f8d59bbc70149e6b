/* SPDX-License-Identifier: MIT */
/*
 * Data on its way between a vector of buffers and a VMO, see stream.h.
 */
#ifndef LIBZX_STREAM_IO_H
#define LIBZX_STREAM_IO_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <zircon/types.h>

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

/*
 * Moves what can be moved, which may be less than there is room for, whatever signals come.  A
 * vector, or a buffer of it, may be bad: INVALID_ARGS is the one, and NOT_FOUND the other if it
 * is the first one, or INVALID_ARGS if that cannot be an address.  An append is one, but for a
 * signal that comes while it waits for a pager: what another one appends then is in the middle.
 */
zx_status_t zxi_move(struct zxi_io *io, const zx_iovec_t *vector, size_t count,
		     size_t *done);

#endif /* LIBZX_STREAM_IO_H */

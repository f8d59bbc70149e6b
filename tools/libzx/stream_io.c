// SPDX-License-Identifier: MIT
/*
 * Data on its way between a vector of buffers and a VMO, see stream_io.h.
 *
 * The kernel looks at the vector.  It refuses more than that, and does not say what is wrong:
 * then the vector is looked at here, and what is good of it is moved.
 */
#include <limits.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base.h"
#include "stream_io.h"

/* Buffers that are copied at once, and what the kernel moves at once. */
#define BATCH	64
#define MOST	(INT32_MAX & ~(size_t)0xffff)

_Static_assert(sizeof(zx_iovec_t) == sizeof(struct iovec) &&
	       offsetof(zx_iovec_t, buffer) == offsetof(struct iovec, iov_base) &&
	       offsetof(zx_iovec_t, capacity) == offsetof(struct iovec, iov_len),
	       "vectors are the same");

static ssize_t move_once(const struct zxi_io *io, const struct iovec *iov, size_t count,
			 uint64_t offset)
{
	const int n = (int)count;
	ssize_t done;

	do {
		if (io->append)
			done = pwritev2(io->fd, iov, n, -1, RWF_APPEND);
		else if (io->write)
			done = pwritev(io->fd, iov, n, (off_t)offset);
		else
			done = preadv(io->fd, iov, n, (off_t)offset);
	} while (done < 0 && errno == EINTR);
	return done;
}

static uint64_t vmo_size(int fd, uint64_t *stream_size)
{
	struct zxp_vmo_info info = { .size = ZXI_VMO_INFO_UNCOUNTED };

	if (zxi_fd_ioctl(fd, ZXP_IOC_VMO_GET_INFO, &info) != ZX_OK)
		return 0;
	*stream_size = info.out_stream_size;
	return info.out_vmo_size;
}

/* What it is that nothing was moved. */
static zx_status_t failure(const struct zxi_io *io, int error)
{
	uint64_t stream_size;

	switch (error) {
	case EFAULT:
		return ZX_ERR_NOT_FOUND;
	case EFBIG:
		return ZX_ERR_FILE_BIG;
	case ENOSPC:
		/* It cannot be so large, or the pager has no room for it. */
		if (io->resizes && !io->append &&
		    io->offset >= vmo_size(io->fd, &stream_size))
			return ZX_ERR_OUT_OF_RANGE;
		return ZX_ERR_NO_SPACE;
	}
	return zx_linux_status_from_errno(error);
}

/* The next ones of a vector. */
static zx_status_t next_batch(const zx_iovec_t *vector, size_t count, struct iovec *batch,
			      size_t *n)
{
	*n = count < BATCH ? count : BATCH;
	return zxi_copy_in(batch, vector, *n * sizeof(*batch));
}

static zx_status_t total_capacity(const zx_iovec_t *vector, size_t count, uint64_t *total)
{
	struct iovec batch[BATCH];
	zx_status_t status;
	size_t n;

	for (*total = 0; count; vector += n, count -= n) {
		status = next_batch(vector, count, batch, &n);
		if (status != ZX_OK)
			return status;
		for (size_t i = 0; i < n; i++)
			if (__builtin_add_overflow(*total, batch[i].iov_len, total))
				return ZX_ERR_INVALID_ARGS;
	}
	return ZX_OK;
}

/* Is the end of it a number?  What is behind all ends of the kernel's cannot be moved. */
static zx_status_t check_end(const struct zxi_io *io, uint64_t total, bool *nothing)
{
	uint64_t end, stream_size = 0;

	*nothing = !total;
	if (!total)
		return ZX_OK;
	if (io->append) {
		vmo_size(io->fd, &stream_size);
		return __builtin_add_overflow(stream_size, total, &end) ?
		       ZX_ERR_OUT_OF_RANGE : ZX_OK;
	}
	if (io->write && __builtin_add_overflow(io->offset, total, &end))
		return ZX_ERR_FILE_BIG;
	*nothing = io->offset > INT64_MAX;
	if (!*nothing || !io->write)
		return ZX_OK;
	return io->resizes ? ZX_ERR_OUT_OF_RANGE : ZX_ERR_NO_SPACE;
}

/* As much as the kernel takes at once; true if that is less. */
static bool cut(struct iovec *batch, size_t n)
{
	size_t room = MOST;
	bool cut = false;

	for (size_t i = 0; i < n; i++) {
		if (batch[i].iov_len > room) {
			batch[i].iov_len = room;
			cut = true;
		}
		room -= batch[i].iov_len;
	}
	return cut;
}

static zx_status_t move_checked(const struct zxi_io *io, const zx_iovec_t *vector,
				size_t count, size_t *done)
{
	struct iovec batch[BATCH];
	zx_status_t status;
	uint64_t total;
	bool last;
	size_t n;

	*done = 0;
	status = total_capacity(vector, count, &total);
	if (status == ZX_OK)
		status = check_end(io, total, &last);
	if (status != ZX_OK || last)
		return status;
	for (; count && !last; vector += n, count -= n) {
		size_t wanted = 0;
		ssize_t moved;

		status = next_batch(vector, count, batch, &n);
		if (status != ZX_OK)
			return *done ? ZX_OK : status;
		last = cut(batch, n);
		for (size_t i = 0; i < n; i++)
			wanted += batch[i].iov_len;
		moved = move_once(io, batch, n, io->offset + *done);
		if (moved < 0)
			return *done ? ZX_OK : failure(io, errno);
		*done += (size_t)moved;
		if ((size_t)moved < wanted)
			break;
	}
	return ZX_OK;
}

zx_status_t zxi_move(const struct zxi_io *io, const zx_iovec_t *vector, size_t count,
		     size_t *done)
{
	ssize_t moved;

	if (count <= IOV_MAX && (io->append || io->offset <= INT64_MAX)) {
		moved = move_once(io, (const struct iovec *)vector, count, io->offset);
		*done = moved < 0 ? 0 : (size_t)moved;
		if (moved >= 0)
			return ZX_OK;
		if (errno != EFAULT && errno != EINVAL)
			return failure(io, errno);
	}
	return move_checked(io, vector, count, done);
}

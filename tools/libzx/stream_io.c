// SPDX-License-Identifier: MIT
/*
 * Data on its way between a vector of buffers and a VMO, see stream_io.h.
 *
 * The kernel looks at the vector.  It refuses more than that, and does not say what is wrong:
 * then the vector is looked at here, and what is good of it is moved.  It also moves less
 * than it could, such as when a signal comes: then this goes on.
 */
#include <limits.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base.h"
#include "stream_io.h"

/* What the kernel takes at once: so many buffers, and no more of one of them. */
#define BATCH	IOV_MAX
#define MOST	(INT32_MAX & ~(size_t)0xffff)

/* Where the addresses of a program end that does not ask for more. */
#if defined(__x86_64__)
#define ADDRESS_END	((UINT64_C(1) << 47) - UINT64_C(4096))
#elif defined(__aarch64__)
#define ADDRESS_END	(UINT64_C(1) << 48)
#else
#define ADDRESS_END	(UINT64_C(1) << 56)
#endif

/* As large as a VMO can be. */
#define SIZE_END	(((uint64_t)INT64_MAX >> 1) & ~(uint64_t)(zxi_page() - 1))

/* What is left of a vector: of its first buffer @skip bytes are done. */
struct rest {
	const zx_iovec_t *vector;
	size_t count;
	size_t skip;
};

/* The next of it. @beyond: the first one begins where no memory can be. */
struct batch {
	struct iovec iov[BATCH];
	size_t n;
	size_t wanted;
	bool beyond;
};

_Static_assert(sizeof(zx_iovec_t) == sizeof(struct iovec) &&
	       offsetof(zx_iovec_t, buffer) == offsetof(struct iovec, iov_base) &&
	       offsetof(zx_iovec_t, capacity) == offsetof(struct iovec, iov_len),
	       "vectors are the same");

static ssize_t move_once(const struct zxi_io *io, const void *vector, size_t count,
			 uint64_t offset)
{
	ssize_t done;

	do {
		done = io->append ?
		       syscall(SYS_pwritev2, io->fd, vector, zxi_kernels_count(count), -1L,
			       -1L, RWF_APPEND) :
		       zxi_move_once(io->fd, io->write, vector, count, offset);
	} while (done < 0 && errno == EINTR);
	return done;
}

static bool ask(int fd, struct zxp_vmo_info *info)
{
	*info = (struct zxp_vmo_info){ .size = ZXI_VMO_INFO_UNCOUNTED };
	return zxi_fd_ioctl(fd, ZXP_IOC_VMO_GET_INFO, info) == ZX_OK;
}

/*
 * Less was moved than there is room for.  The kernel does not say why: it may be a signal,
 * or that it takes no more at once.  But what the pager has failed since this was asked last
 * is not asked for once more.
 */
static bool is_over(const struct zxi_io *io, size_t done)
{
	const uint64_t at = io->append ? (uint64_t)lseek(io->fd, 0, SEEK_CUR) :
					 io->offset + done;
	const uint64_t page = at & ~(uint64_t)(zxi_page() - 1);
	struct zxp_vmo_info info;

	if (!ask(io->fd, &info) || (!io->write && at >= info.out_stream_size))
		return true;
	return atomic_exchange(io->failures, info.out_failures) != info.out_failures &&
	       info.out_fail_error && info.out_fail_offset == page;
}

/* What it is that nothing of @total bytes was moved. */
static zx_status_t failure(struct zxi_io *io, uint64_t total, int error)
{
	const bool no_space = error == ENOSPC || error == EFBIG;
	struct zxp_vmo_info info;
	uint64_t end;

	io->begun = !no_space;
	if (io->append && ask(io->fd, &info)) {
		io->offset = info.out_stream_size;
		/* Else it is the pager that has no room. */
		io->begun |= io->offset < info.out_vmo_size;
	}
	if (!no_space)
		return error == EFAULT ? ZX_ERR_NOT_FOUND : zx_linux_status_from_errno(error);
	/* It has whole pages. */
	if (__builtin_add_overflow(io->offset, total, &end) || end > UINT64_MAX - zxi_page() + 1)
		return ZX_ERR_OUT_OF_RANGE;
	return io->resizes && end > SIZE_END ? ZX_ERR_OUT_OF_RANGE : ZX_ERR_NO_SPACE;
}

static zx_status_t total_capacity(const zx_iovec_t *vector, size_t count, uint64_t *total)
{
	struct iovec some[64];
	zx_status_t status;
	size_t n;

	for (*total = 0; count; vector += n, count -= n) {
		n = count < 64 ? count : 64;
		status = zxi_copy_in(some, vector, n * sizeof(some[0]));
		if (status != ZX_OK)
			return status;
		for (size_t i = 0; i < n; i++)
			if (__builtin_add_overflow(*total, some[i].iov_len, total))
				return ZX_ERR_INVALID_ARGS;
	}
	return ZX_OK;
}

/* Is the end of it a number?  What is behind all ends of the kernel's cannot be moved. */
static zx_status_t check_end(struct zxi_io *io, uint64_t total, bool *nothing)
{
	struct zxp_vmo_info info;
	uint64_t end;

	*nothing = !total;
	if (!total)
		return ZX_OK;
	if (io->append)
		return ask(io->fd, &info) &&
		       __builtin_add_overflow(info.out_stream_size, total, &end) ?
		       ZX_ERR_OUT_OF_RANGE : ZX_OK;
	if (io->write && __builtin_add_overflow(io->offset, total, &end))
		return ZX_ERR_FILE_BIG;
	*nothing = io->offset > INT64_MAX;
	return *nothing && io->write ? failure(io, total, ENOSPC) : ZX_OK;
}

/*
 * By so many bytes, and by buffers that have no size.  The vector was read just now; what it
 * says may have changed meanwhile, also by what was moved.
 */
static void advance(struct rest *rest, size_t by)
{
	while (rest->count && by >= rest->vector->capacity - rest->skip) {
		by -= rest->vector->capacity - rest->skip;
		rest->vector++;
		rest->count--;
		rest->skip = 0;
	}
	rest->skip += by;
}

/* As many buffers as the kernel takes, each as far as there can be memory. */
static zx_status_t next_batch(const struct rest *rest, struct batch *batch)
{
	const size_t count = rest->count < BATCH ? rest->count : BATCH;
	zx_status_t status = zxi_copy_in(batch->iov, rest->vector,
					 count * sizeof(batch->iov[0]));
	size_t skip = rest->skip;
	bool cut = false;

	batch->wanted = 0;
	for (batch->n = 0; status == ZX_OK && batch->n < count && !cut; batch->n++) {
		struct iovec *b = &batch->iov[batch->n];
		const uint64_t start = (uintptr_t)b->iov_base + skip;
		uint64_t room = start < ADDRESS_END ? ADDRESS_END - start : 0;

		room = room < MOST ? room : MOST;
		b->iov_base = (char *)b->iov_base + skip;
		b->iov_len = skip < b->iov_len ? b->iov_len - skip : 0;
		cut = b->iov_len > room;
		if (cut)
			b->iov_len = room;
		/* The kernel also looks at where nothing is. */
		if (!b->iov_len)
			b->iov_base = NULL;
		batch->wanted += b->iov_len;
		skip = 0;
	}
	/* The kernel is to look at all else before it finds that there is nothing. */
	batch->beyond = status == ZX_OK && !batch->wanted;
	if (batch->beyond)
		batch->iov[0] = (struct iovec){ NULL, 1 };
	if (batch->beyond)
		batch->n = 1;
	return status;
}

/* Until all of @rest is moved or there is a reason why not; nothing of it is, if @done is 0. */
static __attribute__((__noinline__)) zx_status_t
move_rest(struct zxi_io *io, struct rest *rest, uint64_t total, size_t *done)
{
	struct batch batch;
	zx_status_t status;
	ssize_t moved;

	for (advance(rest, 0); rest->count; advance(rest, (size_t)moved)) {
		status = next_batch(rest, &batch);
		if (status != ZX_OK)
			return *done ? ZX_OK : status;
		moved = move_once(io, batch.iov, batch.n, io->offset + *done);
		if (moved < 0 && !*done) {
			const bool bad = batch.beyond && errno == EFAULT;

			status = failure(io, total, errno);
			return bad ? ZX_ERR_INVALID_ARGS : status;
		}
		if (moved <= 0)
			break;
		*done += (size_t)moved;
		if ((size_t)moved < batch.wanted && is_over(io, *done))
			break;
	}
	return ZX_OK;
}

/* One buffer of all, as far as they can be read; or NULL. */
static char *gather(struct rest rest, uint64_t total, size_t *got)
{
	char *buffer = total > SSIZE_MAX ? NULL : malloc(total);
	struct batch batch;

	*got = 0;
	for (advance(&rest, 0); buffer && rest.count; advance(&rest, batch.wanted)) {
		struct iovec local = { buffer + *got, total - *got };
		ssize_t n;

		if (next_batch(&rest, &batch) != ZX_OK)
			break;
		n = process_vm_readv(getpid(), &local, 1, batch.iov, batch.n, 0);
		if (n <= 0)
			break;
		*got += (size_t)n;
		if ((size_t)n < batch.wanted)
			break;
	}
	if (*got)
		return buffer;
	free(buffer);
	return NULL;
}

static zx_status_t move_checked(struct zxi_io *io, const zx_iovec_t *vector, size_t count,
				size_t *done)
{
	struct rest rest = { vector, count, 0 };
	zx_iovec_t all = { NULL, 0 };
	zx_status_t status;
	uint64_t total;
	bool nothing;

	*done = 0;
	status = total_capacity(vector, count, &total);
	if (status == ZX_OK)
		status = check_end(io, total, &nothing);
	if (status != ZX_OK || nothing)
		return status;
	/* Nobody else's append may come between. */
	if (io->append && count > BATCH)
		all.buffer = gather(rest, total, &all.capacity);
	if (all.buffer)
		rest = (struct rest){ &all, 1, 0 };
	status = move_rest(io, &rest, total, done);
	free(all.buffer);
	return status;
}

static zx_status_t move_more(struct zxi_io *io, const zx_iovec_t *vector, size_t count,
			     size_t *done)
{
	struct rest rest = { vector, count, 0 };

	if (!*done || is_over(io, *done))
		return ZX_OK;
	advance(&rest, *done);
	return move_rest(io, &rest, 0, done);
}

zx_status_t zxi_move_on(struct zxi_io *io, const zx_iovec_t *vector, size_t count,
			ssize_t moved, size_t *done)
{
	if (moved < 0 && errno == EINTR)
		moved = move_once(io, vector, count, io->offset);
	*done = moved < 0 ? 0 : (size_t)moved;
	if (moved >= 0)
		return *done >= zxi_capacity(vector, count) ? ZX_OK :
		       move_more(io, vector, count, done);
	/* The kernel takes neither all offsets nor all vectors. */
	if (errno == EFAULT || errno == EINVAL)
		return move_checked(io, vector, count, done);
	/* It has not read the vector if the descriptor is not of a VMO any more. */
	if (errno != ENOSPC && errno != EFBIG)
		return failure(io, 0, errno);
	return failure(io, zxi_capacity(vector, count), errno);
}

zx_status_t zxi_move(struct zxi_io *io, const zx_iovec_t *vector, size_t count, size_t *done)
{
	return zxi_move_on(io, vector, count, move_once(io, vector, count, io->offset), done);
}

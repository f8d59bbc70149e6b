// SPDX-License-Identifier: GPL-2.0
/*
 * What is done by a descriptor.
 */
#define _GNU_SOURCE
#include <linux/falloc.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "client.h"

/* A pipe in the way takes no more than this. */
#define PIPE_BYTES	(15 * 4096ULL)

static ssize_t result(ssize_t n)
{
	return n < 0 ? -errno : n;
}

static uint64_t at_most(const struct range *r, uint64_t bytes)
{
	return r->len < bytes ? r->len : bytes;
}

ssize_t op_pread(struct actor *a, const struct range *r)
{
	struct iovec iov[2] = {
		{ a->buf, r->len / 2 },
		{ a->buf + r->len / 2, r->len - r->len / 2 },
	};

	switch (roll(&a->dice, 8)) {
	case 0:
		return result(preadv(vmo_fd(r), iov, 2, r->off));
	default:
		return result(pread(vmo_fd(r), a->buf, r->len, r->off));
	}
}

/* What it does not get is brought in, since each has to succeed at times. */
ssize_t op_pread_nowait(struct actor *a, const struct range *r)
{
	struct iovec iov[2] = {
		{ a->buf, r->len / 2 },
		{ a->buf + r->len / 2, r->len - r->len / 2 },
	};
	ssize_t n = result(preadv2(vmo_fd(r), iov, 2, r->off, RWF_NOWAIT));

	if (n == -EAGAIN && pread(vmo_fd(r), a->other, r->len, r->off) > 0)
		n = result(preadv2(vmo_fd(r), iov, 2, r->off, RWF_NOWAIT));
	if (n == -EINTR)
		wrong("pread_nowait of VMO %d: %s", r->vmo, strerror(EINTR));
	return n;
}

static int reopen_vmo(const struct range *r, int flags)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/thread-self/fd/%d", vmo_fd(r));
	return open(path, flags | O_CLOEXEC);
}

/* By a descriptor of its own, which goes again. */
ssize_t op_reopened(struct actor *a, const struct range *r)
{
	int fd = reopen_vmo(r, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = result(pread(fd, a->buf, r->len, r->off));
	close(fd);
	return n;
}

/* All or nothing. */
ssize_t op_vmo_read(struct actor *a, const struct range *r)
{
	int rc = zxp_vmo_read(vmo_fd(r), r->off, r->len, a->buf);

	return rc ? rc : (ssize_t)r->len;
}

static ssize_t out_of_pipe(struct actor *a, int fd, ssize_t n)
{
	ssize_t got, all = 0;

	while (all < n) {
		got = read(fd, a->buf + all, n - all);
		if (got > 0)
			all += got;
		else if (got < 0 && errno != EINTR)
			break;
	}
	return n < 0 ? n : all;
}

ssize_t op_splice(struct actor *a, const struct range *r)
{
	loff_t off = r->off;
	ssize_t n = result(splice(vmo_fd(r), &off, a->pipe[1], NULL,
				  at_most(r, PIPE_BYTES), 0));

	return out_of_pipe(a, a->pipe[0], n);
}

ssize_t op_sendfile(struct actor *a, const struct range *r)
{
	off_t off = r->off;
	ssize_t n = result(sendfile(a->pipe[1], vmo_fd(r), &off,
				    at_most(r, PIPE_BYTES)));

	return out_of_pipe(a, a->pipe[0], n);
}

ssize_t op_uring_read(struct actor *a, const struct range *r)
{
	if (a->ring.fd < 0)
		return -ENOSYS;
	return ring_io(&a->ring, IORING_OP_READ, vmo_fd(r), a->buf, r->len, r->off);
}

ssize_t op_pwrite(struct actor *a, const struct range *r)
{
	struct iovec iov[2] = {
		{ a->buf, r->len / 3 },
		{ a->buf + r->len / 3, r->len - r->len / 3 },
	};

	switch (roll(&a->dice, 8)) {
	case 0:
		return result(pwritev(vmo_fd(r), iov, 2, r->off));
	case 1:
		return one_in(&a->dice, 8) ?
			result(pwritev2(vmo_fd(r), iov, 2, r->off, RWF_SYNC)) : -EAGAIN;
	default:
		return result(pwrite(vmo_fd(r), a->buf, r->len, r->off));
	}
}

/* One that waits goes before another attempt, and asks for what that one needs. */
ssize_t op_pwrite_nowait(struct actor *a, const struct range *r)
{
	struct iovec iov[2] = {
		{ a->buf, r->len / 3 },
		{ a->buf + r->len / 3, r->len - r->len / 3 },
	};
	ssize_t n = result(pwritev2(vmo_fd(r), iov, 2, r->off, RWF_NOWAIT));
	int more = 4;

	while (n == -EAGAIN && more-- && pwrite(vmo_fd(r), a->buf, r->len, r->off) > 0)
		n = result(pwritev2(vmo_fd(r), iov, 2, r->off, RWF_NOWAIT));
	if (n == -EINTR)
		wrong("pwrite_nowait of VMO %d: %s", r->vmo, strerror(EINTR));
	return n;
}

ssize_t op_vmo_write(struct actor *a, const struct range *r)
{
	int rc = zxp_vmo_write(vmo_fd(r), r->off, r->len, a->buf);

	return rc ? rc : (ssize_t)r->len;
}

static void empty_pipe(struct actor *a, ssize_t n)
{
	while (n > 0) {
		ssize_t got = read(a->pipe[0], a->other, n);

		if (got > 0)
			n -= got;
		else if (got < 0 && errno != EINTR)
			return;
	}
}

ssize_t op_splice_in(struct actor *a, const struct range *r)
{
	ssize_t in = result(write(a->pipe[1], a->buf, at_most(r, PIPE_BYTES)));
	ssize_t done = 0, n = 0;
	loff_t off = r->off;

	while (done < in) {
		n = result(splice(a->pipe[0], NULL, vmo_fd(r), &off, in - done, 0));
		if (n <= 0)
			break;
		done += n;
	}
	empty_pipe(a, in - done);
	return in < 0 ? in : done ? done : n;
}

ssize_t op_uring_write(struct actor *a, const struct range *r)
{
	if (a->ring.fd < 0)
		return -ENOSYS;
	return ring_io(&a->ring, IORING_OP_WRITE, vmo_fd(r), a->buf, r->len, r->off);
}

ssize_t op_zero(struct actor *a, const struct range *r)
{
	int rc;

	if (one_in(&a->dice, 2))
		rc = zxp_vmo_zero(vmo_fd(r), r->off, r->len);
	else
		rc = fallocate(vmo_fd(r), FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
			       r->off, r->len) ? -errno : 0;
	return rc ? rc : (ssize_t)r->len;
}

/*
 * Another size, somewhere in the tail. In one that is not wild nobody else does that, and
 * the rest of the tail is zero afterwards, from the smaller size on.
 */
ssize_t op_size(struct actor *a, const struct range *r)
{
	struct vmo_board *vb = &board->vmo[r->vmo];
	struct range rest = { .vmo = r->vmo };
	uint64_t size = r->off;
	struct stat st;
	int rc;

	if (fstat(vb->fd, &st))
		return -errno;
	if (load(board->calm) && size > (uint64_t)st.st_size)
		return -EAGAIN;
	if (vb->wild && !load(board->calm) && one_in(&a->dice, 2))
		size += 8 * roll(&a->dice, CHUNK / 8);
	rest.off = size < (uint64_t)st.st_size ? size : (uint64_t)st.st_size;
	rest.off = rest.off / CHUNK * CHUNK;
	if (rest.off < STABLE_BYTES || rest.off > ROOM_BYTES)
		wrong("VMO %d: its size is %#jx", r->vmo, (uintmax_t)st.st_size);
	rest.len = ROOM_BYTES - rest.off;
	if (!vb->wild)
		zero_begin(&rest);
	/* Of what is resizable, only the wild ones have both. */
	if (vb->options & ZXP_VMO_UNBOUNDED ? one_in(&a->dice, 2) :
					      vb->wild && one_in(&a->dice, 3))
		rc = zxp_set_stream_size(vb->fd, size);
	else
		rc = ftruncate(vb->fd, size) ? -errno : 0;
	if (!vb->wild && !rc)
		write_end(&rest, rest.len);
	return rc;
}

/* What was written before is in the store after it, all of it. */
ssize_t op_sync(struct actor *a, const struct range *r)
{
	struct range stable = { r->vmo, 0, STABLE_BYTES };
	int fd = vmo_fd(r), rc;

	window_open(&a->window, &stable);
	rc = one_in(&a->dice, 2) ? fdatasync(fd) : fsync(fd);
	if (rc)
		return -errno;
	if (!(board->vmo[r->vmo].flags & ZXP_CREATE_SYNC))
		return 0;
	memcpy(a->buf, store + r->vmo * ROOM_BYTES, STABLE_BYTES);
	add(board->synced, 1);
	return window_check(&a->window, a->buf, STABLE_BYTES, "store after fsync") ? 0 : -EIO;
}

ssize_t op_hint(struct actor *a, const struct range *r)
{
	static const uint32_t hints[] = {
		ZXP_VMO_OP_COMMIT, ZXP_VMO_OP_PREFETCH, ZXP_VMO_OP_ALWAYS_NEED,
		ZXP_VMO_OP_DONT_NEED, ZXP_VMO_OP_DONT_NEED,
	};
	uint32_t i = roll(&a->dice, sizeof(hints) / sizeof(hints[0]) + 1);

	if (i < sizeof(hints) / sizeof(hints[0]))
		return zxp_vmo_op_range(vmo_fd(r), hints[i], r->off, r->len);
	return -posix_fadvise(vmo_fd(r), r->off, r->len,
			      one_in(&a->dice, 4) ? POSIX_FADV_WILLNEED :
						    POSIX_FADV_DONTNEED);
}

ssize_t op_info(struct actor *a, const struct range *r)
{
	struct zxp_vmo_info info;
	int rc = zxp_vmo_get_info(vmo_fd(r), &info);

	(void)a;
	if (!rc && info.out_key)
		wrong("VMO %d: key %ju", r->vmo, (uintmax_t)info.out_key);
	return rc;
}

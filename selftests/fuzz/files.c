// SPDX-License-Identifier: GPL-2.0
/*
 * Calls on descriptors.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "calls.h"

RUN(read)
{
	return result(read(slot_fd(a[0]), pointer(t, a[1]), a[2]));
}

RUN(readv)
{
	struct iovec io[] = {
		{ pointer(t, a[1]), a[2] },
		{ pointer(t, a[3]), a[4] },
	};

	return result(readv(slot_fd(a[0]), io, ARRAY_SIZE(io)));
}

RUN(poll)
{
	struct pollfd p = { .fd = slot_fd(a[0]), .events = a[1] };

	return result(poll(&p, 1, a[2] % 16));
}

RUN(pread)
{
	return result(pread(slot_fd(a[0]), pointer(t, a[1]), a[2], a[3]));
}

RUN(pwrite)
{
	return result(pwrite(slot_fd(a[0]), pointer(t, a[1]), a[2], a[3]));
}

/* In two parts, so that something has been done when the second one is wrong. */
static void halves(struct thread *t, struct iovec *io, const uint64_t *a)
{
	uint8_t *at = pointer(t, a[1]);

	io[0] = (struct iovec){ at, a[2] / 2 };
	io[1] = (struct iovec){ at + a[2] / 2, a[2] - a[2] / 2 };
}

RUN(preadv2)
{
	struct iovec io[2];

	halves(t, io, a);
	return result(preadv2(slot_fd(a[0]), io, 2, a[3], a[4]));
}

RUN(pwritev2)
{
	struct iovec io[2];

	halves(t, io, a);
	return result(pwritev2(slot_fd(a[0]), io, 2, a[3], a[4]));
}

RUN(lseek)
{
	return result(lseek(slot_fd(a[0]), a[1], a[2]));
}

RUN(ftruncate)
{
	return result(ftruncate(slot_fd(a[0]), a[1]));
}

RUN(fallocate)
{
	return result(fallocate(slot_fd(a[0]), a[1], a[2], a[3]));
}

RUN(fsync)
{
	return result(a[1] & 1 ? fdatasync(slot_fd(a[0])) : fsync(slot_fd(a[0])));
}

RUN(sync_range)
{
	return result(sync_file_range(slot_fd(a[0]), a[1], a[2], a[3]));
}

RUN(fadvise)
{
	return -posix_fadvise(slot_fd(a[0]), a[1], a[2], a[3]);
}

/* A pipe has no offset. */
static bool is_pipe(uint64_t slot)
{
	return slot == SLOT_PIPE || slot == SLOT_PIPE + 1;
}

RUN(splice)
{
	loff_t offset = a[2];

	return result(splice(slot_fd(a[0]), is_pipe(a[0]) ? NULL : &offset,
			     slot_fd(a[1]), is_pipe(a[1]) ? NULL : &offset, a[3],
			     a[4]));
}

RUN(sendfile)
{
	off_t offset = a[2];

	return result(sendfile(slot_fd(a[0]), slot_fd(a[1]), &offset, a[3]));
}

RUN(copy_range)
{
	loff_t from = a[2], to = 0;

	return result(copy_file_range(slot_fd(a[0]), &from, slot_fd(a[1]), &to, a[3],
				      0));
}

RUN(ioctl_raw)
{
	long ret = result(ioctl(slot_fd(a[0]), a[1], pointer(t, a[2])));

	if (!ret)
		vmo_unknown();
	return ret;
}

RUN(fstat)
{
	struct stat st;

	return result(fstat(slot_fd(a[0]), &st));
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Calls on mappings, all of them in the windows, and accesses.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/mman.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "calls.h"

#define MAX_LOST	64	/* pages that a worker has fail */

/* Of a window, whatever the program says. */
static uint8_t *in_window(uint64_t address)
{
	uint64_t window = (address - WINDOWS) / WINDOW_STRIDE % NR_WINDOWS;
	uint64_t offset = address % WINDOW_STRIDE % (WINDOW_PAGES * PAGE);

	return (uint8_t *)(uintptr_t)(WINDOWS + window * WINDOW_STRIDE + offset);
}

/*
 * Up to the end of the window; or one that wraps, since what lies behind the window is
 * what the worker runs on.
 */
static uint64_t in_length(const uint8_t *at, uint64_t length)
{
	uint64_t most = WINDOW_PAGES * PAGE - (uintptr_t)at % WINDOW_STRIDE;

	if (length <= most)
		return length;
	return length < 1ULL << 63 ? most : 0 - PAGE;
}

RUN(mmap)
{
	uint8_t *at = in_window(a[0] / PAGE * PAGE);
	int flags = a[3] & ~(MAP_GROWSDOWN | MAP_ANONYMOUS);
	uint64_t length = in_length(at, a[1]);

	if (mmap(at, length, a[2], flags | MAP_FIXED, slot_fd(a[4]), a[5]) ==
	    MAP_FAILED)
		return -errno;
	return 0;
}

RUN(munmap)
{
	uint8_t *at = in_window(a[0]);

	return result(munmap(at, in_length(at, a[1])));
}

RUN(mremap)
{
	uint8_t *at = in_window(a[0]), *to = in_window(a[4]);

	if (mremap(at, in_length(at, a[1]), in_length(to, a[2]),
		   a[3] & MREMAP_MAYMOVE ? a[3] | MREMAP_FIXED : a[3], to) ==
	    MAP_FAILED)
		return -errno;
	return 0;
}

RUN(madvise)
{
	uint64_t length = in_length(in_window(a[0]), a[1]);
	uint8_t *at = in_window(a[0]);

	/* These take memory away from the machine: a page at a time, and not for ever. */
	if (a[2] == MADV_HWPOISON || a[2] == MADV_SOFT_OFFLINE) {
		static atomic_uint lost;

		if (length > PAGE)
			length = PAGE;
		if (atomic_fetch_add(&lost, 1) >= MAX_LOST)
			return -EINVAL;
	}
	return result(madvise(at, length, a[2]));
}

RUN(mprotect)
{
	uint8_t *at = in_window(a[0]);

	return result(mprotect(at, in_length(at, a[1]), a[2]));
}

RUN(msync)
{
	uint8_t *at = in_window(a[0]);

	return result(msync(at, in_length(at, a[1]), a[2]));
}

RUN(mlock)
{
	uint8_t *at = in_window(a[0]);
	uint64_t length = in_length(at, a[1]);

	if (a[2] == 1)
		return result(munlock(at, length));
	return result(mlock2(at, length, a[2] == 2 ? MLOCK_ONFAULT : 0));
}

/* A signal that comes of it is a result like any other. */
static long touch(struct thread *t, uint64_t address, bool write)
{
	volatile uint8_t *at = in_window(address);

	if (sigsetjmp(t->back, 1)) {
		t->touching = false;
		return -EFAULT;
	}
	t->touching = true;
	if (write)
		*at = 1;
	else
		(void)*at;
	t->touching = false;
	return 0;
}

RUN(touch_read)
{
	return touch(t, a[0], false);
}

RUN(touch_write)
{
	return touch(t, a[0], true);
}

/* Pages that a pipe holds. */
RUN(vmsplice)
{
	uint8_t *at = in_window(a[1]);
	struct iovec io = { at, in_length(at, a[2]) };

	return result(vmsplice(slot_fd(a[0]), &io, 1, a[3]));
}

/* As a debugger would: the kernel faults, on behalf of somebody else. */
RUN(vm_readv)
{
	uint8_t *at = in_window(a[0]);
	struct iovec remote = { at, in_length(at, a[1]) };
	struct iovec local = { pointer(t, a[2]), remote.iov_len };

	if (a[3] & 1)
		return result(process_vm_writev(getpid(), &local, 1, &remote, 1, 0));
	return result(process_vm_readv(getpid(), &local, 1, &remote, 1, 0));
}

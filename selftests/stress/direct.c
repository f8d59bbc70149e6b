// SPDX-License-Identifier: GPL-2.0
/*
 * Transfers of a device into a mapping: the pages are pinned while it writes to them, and
 * it does so without a fault. The device is a loop over memory, one for each actor.
 *
 * Buffers that are registered with io_uring would be pinned for longer, but no kernel
 * takes memory of a file with page_mkwrite for that: 6.1 says EOPNOTSUPP, later ones
 * EFAULT. So it is with each file system that keeps track of what is dirty.
 */
#define _GNU_SOURCE
#include <linux/loop.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "client.h"

static struct {
	int memory;
	int device;		/* -1: there is none */
} disks[ACTORS];

static int make_loop(int control, int memory)
{
	int number = ioctl(control, LOOP_CTL_GET_FREE), device;
	char path[32];

	if (number < 0)
		return -1;
	snprintf(path, sizeof(path), "/dev/loop%d", number);
	device = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
	if (device >= 0 && ioctl(device, LOOP_SET_FD, memory)) {
		close(device);
		return -1;
	}
	return device;
}

void direct_init(void)
{
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), i;

	for (i = 0; i < ACTORS; i++) {
		disks[i].memory = memfd_create("zxp-disk", MFD_CLOEXEC);
		disks[i].device = -1;
		if (!ftruncate(disks[i].memory, ROOM_BYTES))
			disks[i].device = make_loop(control, disks[i].memory);
	}
	if (disks[0].device < 0)
		diag("no loop devices here");
	close(control);
}

void direct_end(void)
{
	int i;

	for (i = 0; i < ACTORS; i++) {
		if (disks[i].device >= 0)
			ioctl(disks[i].device, LOOP_CLR_FD);
		close(disks[i].device);
		close(disks[i].memory);
	}
}

ssize_t op_direct(struct actor *a, const struct range *r)
{
	ssize_t n;

	if (disks[a->id].device < 0)
		return -ENOSYS;
	if (pwrite(disks[a->id].memory, a->buf, r->len, 0) != (ssize_t)r->len)
		return -errno;
	/*
	 * A signal may cut the transfer short, and then the kernel goes on with what it has
	 * of the device in its cache: not what was there before.
	 */
	posix_fadvise(disks[a->id].device, 0, 0, POSIX_FADV_DONTNEED);
	n = pread(disks[a->id].device, mapped(a, r), r->len, 0);
	return n < 0 ? -errno : n;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * A loop device over a descriptor.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "loop.h"

int loop_over(int fd, uint32_t flags, char path[32])
{
	struct loop_config config = { .fd = fd, .info.lo_flags = flags };
	int ctl, nr, loop;

	ctl = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	if (ctl < 0)
		return -ENODEV;
	nr = ioctl(ctl, LOOP_CTL_GET_FREE);
	close(ctl);
	snprintf(path, 32, "/dev/loop%d", nr);
	mknod(path, S_IFBLK | 0600, makedev(7, nr));
	loop = open(path, O_RDWR | O_CLOEXEC);
	if (loop < 0 || ioctl(loop, LOOP_CONFIGURE, &config))
		return -errno;
	return loop;
}

int loop_end(int loop)
{
	int rc = ioctl(loop, LOOP_CLR_FD) ? -errno : 0;

	close(loop);
	return rc;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Regular files and block devices, read with io_uring.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "backend.h"
#include "log.h"

struct backend_file {
	struct backend base;
	int fd;
};

static void file_read(struct backend *be, struct event *ev, void *buffer,
		      uint32_t length, uint64_t offset)
{
	struct backend_file *file = event_owner(be, struct backend_file, base);

	loop_read(ev, file->fd, buffer, length, offset);
}

static const struct backend_ops file_ops = {
	.read = file_read,
};

static uint64_t file_size(int fd, const char *path)
{
	struct stat st;
	uint64_t size;

	if (fstat(fd, &st))
		die("%s: %s", path, strerror(errno));
	if (S_ISREG(st.st_mode))
		size = (uint64_t)st.st_size;
	else if (!S_ISBLK(st.st_mode))
		die("%s is neither a regular file nor a block device", path);
	else if (ioctl(fd, BLKGETSIZE64, &size))
		die("%s: its size cannot be had: %s", path, strerror(errno));
	if (!size)
		die("%s is empty: there is nothing to serve", path);
	return size;
}

struct backend *backend_file_open(const char *path)
{
	struct backend_file *file = calloc(1, sizeof(*file));

	if (!file)
		die("out of memory");
	/* Not to hang on a FIFO that nobody writes to. */
	file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (file->fd < 0)
		die("cannot open %s: %s", path, strerror(errno));
	file->base.ops = &file_ops;
	file->base.path = path;
	file->base.size = file_size(file->fd, path);
	if (fcntl(file->fd, F_SETFL, 0))
		die("%s: %s", path, strerror(errno));
	return &file->base;
}

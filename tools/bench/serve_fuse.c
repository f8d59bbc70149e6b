// SPDX-License-Identifier: GPL-2.0
/*
 * A FUSE file system that hands a file on, in libfuse's own loop. It answers with the
 * file's descriptor, so that libfuse splices what is longer than a page from the page
 * cache, without a copy of its own, and copies the rest.
 */
#include "fuse.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "store.h"

static int file_fd;

static void op_init(void *data, struct fuse_conn_info *conn)
{
	(void)data;
	conn->want |= conn->capable & (FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE);
}

static void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		    struct fuse_file_info *fi)
{
	struct fuse_bufvec data = FUSE_BUFVEC_INIT(size);

	(void)ino;
	(void)fi;
	data.buf[0].flags = FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK;
	data.buf[0].fd = file_fd;
	data.buf[0].pos = offset;
	fuse_reply_data(req, &data, FUSE_BUF_SPLICE_MOVE);
}

/* The process of the file system. */
__attribute__((noreturn))
static void serve(const char *dir, const struct store *store, int ready)
{
	struct fuse_file file = { .size = store->pages * PAGE_SIZE };

	file_fd = open(store->path, O_RDONLY | O_CLOEXEC);
	if (file_fd < 0)
		die("%s", store->path);
	fuse_file_mount(&file, (struct fuse_lowlevel_ops){
				.init = op_init,
				.read = op_read,
			}, dir);
	if (write(ready, "", 1) != 1)
		die("pipe");
	fuse_file_loop(&file);
	_exit(0);
}

static void fuse_start(struct server *s, const struct store *store)
{
	int ready[2];
	char byte;

	make_directory(s->dir, sizeof(s->dir));
	if (pipe2(ready, O_CLOEXEC))
		die("pipe");
	s->pid = fork();
	if (s->pid < 0)
		die("fork");
	if (!s->pid)
		serve(s->dir, store, ready[1]);
	close(ready[1]);
	errno = 0;
	if (read(ready[0], &byte, 1) != 1)
		die("FUSE does not start");
	close(ready[0]);
	s->fd = fuse_file_open(s->dir, O_RDONLY);
}

static void fuse_stop(struct server *s)
{
	close(s->fd);
	if (umount2(s->dir, 0))
		die("umount %s", s->dir);
	wait_for_end(s->pid, "FUSE");
	rmdir(s->dir);
}

const struct serving serving_fuse = {
	.name = "fuse",
	.start = fuse_start,
	.stop = fuse_stop,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * A FUSE file system that hands a file on, by libfuse's low-level interface and its own
 * loop. It answers with the file's descriptor, so that libfuse splices what is longer
 * than a page from the page cache, without a copy of its own, and copies the rest.
 */
#define FUSE_USE_VERSION 314

#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse_lowlevel.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store.h"

#define FILE_NAME	"data"
#define FILE_INO	2
#define FOR_EVER	1e9

static int file_fd;

static struct stat attributes(fuse_ino_t ino)
{
	struct stat st = { .st_mode = S_IFDIR | 0700, .st_nlink = 1 };

	if (ino != FUSE_ROOT_ID)
		fstat(file_fd, &st);
	st.st_ino = ino;
	return st;
}

static void op_init(void *data, struct fuse_conn_info *conn)
{
	(void)data;
	conn->want |= conn->capable & (FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE);
}

static void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param entry = {
		.ino = FILE_INO,
		.attr_timeout = FOR_EVER,
		.entry_timeout = FOR_EVER,
	};

	if (parent != FUSE_ROOT_ID || strcmp(name, FILE_NAME)) {
		fuse_reply_err(req, ENOENT);
		return;
	}
	entry.attr = attributes(FILE_INO);
	fuse_reply_entry(req, &entry);
}

static void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct stat st = attributes(ino);

	(void)fi;
	fuse_reply_attr(req, &st, FOR_EVER);
}

static void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	fi->keep_cache = 1;
	fuse_reply_open(req, fi);
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

static const struct fuse_lowlevel_ops ops = {
	.init = op_init,
	.lookup = op_lookup,
	.getattr = op_getattr,
	.open = op_open,
	.read = op_read,
};

/* The process of the file system, until it is unmounted. */
__attribute__((noreturn))
static void serve(const char *dir, const char *path, int ready)
{
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	struct fuse_session *session;

	file_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (file_fd < 0)
		die("%s", path);
	if (fuse_opt_add_arg(&args, "zxbench"))
		die("memory for arguments");
	session = fuse_session_new(&args, &ops, sizeof(ops), NULL);
	if (!session || fuse_session_mount(session, dir))
		die("mount of FUSE");
	if (write(ready, "", 1) != 1)
		die("pipe");
	errno = 0;
	if (fuse_session_loop(session))
		die("the loop of libfuse");
	_exit(0);
}

static void fuse_start(struct server *s, const struct store *store)
{
	char path[64], byte;
	int ready[2];

	make_directory(s->dir, sizeof(s->dir));
	if (pipe2(ready, O_CLOEXEC))
		die("pipe");
	s->pid = fork();
	if (s->pid < 0)
		die("fork");
	if (!s->pid)
		serve(s->dir, store->path, ready[1]);
	close(ready[1]);
	errno = 0;
	if (read(ready[0], &byte, 1) != 1)
		die("FUSE does not start");
	close(ready[0]);
	snprintf(path, sizeof(path), "%s/%s", s->dir, FILE_NAME);
	s->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (s->fd < 0)
		die("%s", path);
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

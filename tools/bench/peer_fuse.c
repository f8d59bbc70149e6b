// SPDX-License-Identifier: GPL-2.0
/*
 * FUSE: a file system of one file, by libfuse's low-level interface and its own loop.
 * The file is not looked up or asked for its attributes again, and keeps its pages in
 * the page cache. A read is answered with one writev() out of memory.
 *
 * The kernel reads ahead as it does for all of FUSE, 128 KiB, whatever
 * region_spec.window says, unless the region is to be touched at random:
 * MADV_RANDOM and POSIX_FADV_RANDOM then make each request one for what is needed.
 */
#define FUSE_USE_VERSION 314

#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse_lowlevel.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/uio.h>
#include <unistd.h>

#include "peer.h"

#define FILE_NAME	"data"
#define FILE_INO	2
#define FOR_EVER	1e9

/**
 * struct mount - the file system of a region
 * @session: of libfuse
 * @dir: where it is mounted
 * @thread: in libfuse's loop
 */
struct mount {
	struct fuse_session *session;
	char dir[32];
	pthread_t thread;
};

static struct stat attributes(const struct region *r, fuse_ino_t ino)
{
	struct stat st = { .st_ino = ino, .st_nlink = 1 };

	if (ino == FUSE_ROOT_ID) {
		st.st_mode = S_IFDIR | 0700;
	} else {
		st.st_mode = S_IFREG | 0600;
		st.st_size = (off_t)(r->spec.pages * PAGE_SIZE);
	}
	return st;
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
	entry.attr = attributes(fuse_req_userdata(req), FILE_INO);
	fuse_reply_entry(req, &entry);
}

static void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct stat st = attributes(fuse_req_userdata(req), ino);

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
	struct region *r = fuse_req_userdata(req);
	size_t page = (size_t)offset / PAGE_SIZE, nr = size / PAGE_SIZE, run;
	struct iovec iov[2];

	(void)ino;
	(void)fi;
	if (page > r->spec.pages)
		page = r->spec.pages;
	if (nr > r->spec.pages - page)
		nr = r->spec.pages - page;
	r->asked++;
	r->supplied += nr;
	run = content_run(page, nr);
	iov[0].iov_base = (void *)content_at(page);
	iov[0].iov_len = run * PAGE_SIZE;
	iov[1].iov_base = (void *)content_at(page + run);
	iov[1].iov_len = (nr - run) * PAGE_SIZE;
	fuse_reply_iov(req, iov, run == nr ? 1 : 2);
}

static const struct fuse_lowlevel_ops ops = {
	.lookup = op_lookup,
	.getattr = op_getattr,
	.open = op_open,
	.read = op_read,
};

static void *serve(void *arg)
{
	const struct mount *m = arg;

	errno = 0;
	if (fuse_session_loop(m->session))
		die("the loop of libfuse");
	return NULL;
}

static void fuse_open(struct region *r)
{
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	struct mount *m = calloc(1, sizeof(*m));
	char path[64];

	errno = 0;
	if (!m || r->spec.with || r->spec.flags & REGION_TRAP)
		die("no such region with FUSE");
	strcpy(m->dir, "/tmp/zxbench.XXXXXX");
	if (!mkdtemp(m->dir))
		die("%s", m->dir);
	if (fuse_opt_add_arg(&args, "zxbench"))
		die("memory for arguments");
	m->session = fuse_session_new(&args, &ops, sizeof(ops), r);
	if (!m->session || fuse_session_mount(m->session, m->dir))
		die("mount of FUSE");
	fuse_opt_free_args(&args);
	r->priv = m;
	check_rc(pthread_create(&m->thread, NULL, serve, m), "thread");

	snprintf(path, sizeof(path), "%s/%s", m->dir, FILE_NAME);
	r->fd = open(path, O_RDWR | O_CLOEXEC);
	if (r->fd < 0)
		die("%s", path);
	r->addr = map_memory(r->spec.pages * PAGE_SIZE, r->fd);
	if (r->spec.flags & REGION_RANDOM &&
	    (madvise(r->addr, r->spec.pages * PAGE_SIZE, MADV_RANDOM) ||
	     posix_fadvise(r->fd, 0, 0, POSIX_FADV_RANDOM)))
		die("advice");
}

/* With nothing open its end is at once, and ends the loop, whose descriptor stays. */
static void fuse_close(struct region *r)
{
	struct mount *m = r->priv;

	munmap(r->addr, r->spec.pages * PAGE_SIZE);
	close(r->fd);
	if (umount2(m->dir, 0))
		die("umount %s", m->dir);
	check_rc(pthread_join(m->thread, NULL), "thread");
	fuse_session_unmount(m->session);
	fuse_session_destroy(m->session);
	rmdir(m->dir);
	free(m);
}

const struct peer peer_fuse = {
	.name = "fuse",
	.reads = true,
	.open = fuse_open,
	.close = fuse_close,
};

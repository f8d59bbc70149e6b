// SPDX-License-Identifier: GPL-2.0
/*
 * FUSE: a file system of one file, in libfuse's own loop. A read is answered with one
 * writev() out of memory.
 *
 * The kernel reads ahead as it does for all of FUSE, 128 KiB, whatever
 * region_spec.window says, unless the region is to be touched at random:
 * MADV_RANDOM and POSIX_FADV_RANDOM then make each request one for what is needed.
 */
#include "fuse.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/uio.h>
#include <unistd.h>

#include "peer.h"

/**
 * struct mount - the file system of a region
 * @file: with the region as its private data
 * @dir: where it is mounted
 * @thread: in libfuse's loop
 */
struct mount {
	struct fuse_file file;
	char dir[32];
	pthread_t thread;
};

static void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		    struct fuse_file_info *fi)
{
	const struct fuse_file *file = fuse_req_userdata(req);
	struct region *r = file->priv;
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

static void *serve(void *arg)
{
	const struct mount *m = arg;

	fuse_file_loop(&m->file);
	return NULL;
}

static void fuse_open(struct region *r)
{
	struct mount *m = calloc(1, sizeof(*m));

	errno = 0;
	if (!m || r->spec.with || r->spec.flags & REGION_TRAP)
		die("no such region with FUSE");
	strcpy(m->dir, "/tmp/zxbench.XXXXXX");
	if (!mkdtemp(m->dir))
		die("%s", m->dir);
	m->file.size = r->spec.pages * PAGE_SIZE;
	m->file.priv = r;
	fuse_file_mount(&m->file, (struct fuse_lowlevel_ops){ .read = op_read },
			m->dir);
	r->priv = m;
	check_rc(pthread_create(&m->thread, NULL, serve, m), "thread");

	r->fd = fuse_file_open(m->dir, O_RDWR);
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
	fuse_session_unmount(m->file.session);
	fuse_session_destroy(m->file.session);
	rmdir(m->dir);
	free(m);
}

const struct peer peer_fuse = {
	.name = "fuse",
	.reads = true,
	.open = fuse_open,
	.close = fuse_close,
};

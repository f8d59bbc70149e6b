/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A FUSE file system that has one file, by libfuse's low-level interface. The file is not
 * looked up or asked for its attributes again, and keeps its pages in the page cache.
 */
#ifndef ZXB_FUSE_H
#define ZXB_FUSE_H

#define FUSE_USE_VERSION 314

#include <fuse3/fuse_lowlevel.h>

#include "bench.h"

/**
 * struct fuse_file - the file; the user data of each request
 * @size: its size
 * @session: of libfuse, whose loop the user runs
 * @priv: the user's own
 */
struct fuse_file {
	size_t size;
	struct fuse_session *session;
	void *priv;
};

/* Of @ops the rest is filled in: all but reading the file. */
void fuse_file_mount(struct fuse_file *file, struct fuse_lowlevel_ops ops,
		     const char *dir);
void fuse_file_loop(const struct fuse_file *file);	/* until it is unmounted */
int fuse_file_open(const char *dir, int flags);

#endif

// SPDX-License-Identifier: GPL-2.0
/*
 * What file systems of one file have in common, see fuse.h.
 */
#include "fuse.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_NAME	"data"
#define FILE_INO	2
#define FOR_EVER	1e9

static struct stat attributes(fuse_req_t req, fuse_ino_t ino)
{
	const struct fuse_file *file = fuse_req_userdata(req);
	struct stat st = { .st_ino = ino, .st_nlink = 1 };

	if (ino == FUSE_ROOT_ID) {
		st.st_mode = S_IFDIR | 0700;
	} else {
		st.st_mode = S_IFREG | 0600;
		st.st_size = (off_t)file->size;
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
	entry.attr = attributes(req, FILE_INO);
	fuse_reply_entry(req, &entry);
}

static void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct stat st = attributes(req, ino);

	(void)fi;
	fuse_reply_attr(req, &st, FOR_EVER);
}

static void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	fi->keep_cache = 1;
	fuse_reply_open(req, fi);
}

void fuse_file_mount(struct fuse_file *file, struct fuse_lowlevel_ops ops,
		     const char *dir)
{
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);

	ops.lookup = op_lookup;
	ops.getattr = op_getattr;
	ops.open = op_open;
	if (fuse_opt_add_arg(&args, "zxbench"))
		die("memory for arguments");
	file->session = fuse_session_new(&args, &ops, sizeof(ops), file);
	if (!file->session || fuse_session_mount(file->session, dir))
		die("mount of FUSE");
	fuse_opt_free_args(&args);
}

void fuse_file_loop(const struct fuse_file *file)
{
	errno = 0;
	if (fuse_session_loop(file->session))
		die("the loop of libfuse");
}

int fuse_file_open(const char *dir, int flags)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, FILE_NAME);
	fd = open(path, flags | O_CLOEXEC);
	if (fd < 0)
		die("%s", path);
	return fd;
}

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_BACKEND_H
#define ZXD_BACKEND_H

#include <stdint.h>

#include "loop.h"

struct backend;

/*
 * struct backend_ops - one kind of store
 * @read: begins to read @length bytes at @offset; @ev is handled with the number
 *	of bytes, fewer only if more can be asked for, 0 only past the end, or with
 *	-errno
 *
 * A store that can be written joins here, with a call of its own.
 */
struct backend_ops {
	void (*read)(struct backend *be, struct event *ev, void *buffer,
		     uint32_t length, uint64_t offset);
};

/*
 * struct backend - where the content of a VMO comes from
 * @path: how messages call it
 * @size: bytes that it had when it was opened
 */
struct backend {
	const struct backend_ops *ops;
	const char *path;
	uint64_t size;
};

/* A regular file or block device; on failure the daemon ends with a message. */
struct backend *backend_file_open(const char *path);

#endif /* ZXD_BACKEND_H */

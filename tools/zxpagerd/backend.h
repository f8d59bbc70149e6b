/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_BACKEND_H
#define ZXD_BACKEND_H

#include <stdbool.h>
#include <stdint.h>

#include "loop.h"

struct backend;

/*
 * struct backend_ops - one kind of store
 * @read: begins to read @length bytes at @offset; @ev is handled with the number
 *	of bytes, fewer only if more can be asked for, 0 only past the end, or with
 *	-errno
 * @write: the same for writing, which makes the store larger where it can be
 * @sync: begins to make durable what was written, zeroed and, with @all, resized;
 *	after an error nothing since the last success may be counted on.  -EAGAIN if it
 *	is no fault of the store that remains: all of that is to be written again
 * @reserve: begins to make sure that writing to the range needs no more space;
 *	-EOPNOTSUPP if this store cannot promise that.  NULL if space never runs out
 * @zero: begins to make the range read as zeroes, in any size; @keep has it keep what
 *	was reserved; -EOPNOTSUPP if zeroes are to be written instead
 * @resize: begins to cut the store off or to let it go on with zeroes.  NULL if the size
 *	is fixed
 *
 * A store that is only read has none but @read.
 */
struct backend_ops {
	void (*read)(struct backend *be, struct event *ev, void *buffer,
		     uint32_t length, uint64_t offset);
	void (*write)(struct backend *be, struct event *ev, const void *buffer,
		      uint32_t length, uint64_t offset);
	void (*sync)(struct backend *be, struct event *ev, bool all);
	void (*reserve)(struct backend *be, struct event *ev, uint64_t offset,
			uint64_t length);
	void (*zero)(struct backend *be, struct event *ev, uint64_t offset,
		     uint64_t length, bool keep);
	void (*resize)(struct backend *be, struct event *ev, uint64_t size);
};

/*
 * struct backend - where the content of a VMO comes from
 * @path: how messages call it
 * @store: the same for those that hang together
 * @max_size: the most that @size can become, or 0 if that is not known
 * @identity: what tells it from others, in numbers that are spread over all there are
 * @size: bytes that it had when it was opened, and since then what was made of that
 *	by whoever calls write() and resize()
 */
struct backend {
	const struct backend_ops *ops;
	const char *path;
	const void *store;
	uint64_t max_size;
	uint64_t identity;
	uint64_t size;
};

/*
 * A regular file or block device.  NULL, after a line that says why, and with an errno, if it
 * cannot be had: EWOULDBLOCK if another daemon writes to it.
 */
struct backend *backend_file_open(const char *path, bool writable);

/* One that was opened, and that nothing is asked for. */
void backend_file_close(struct backend *be);

/* What is served in place of a store that is not the one of a VMO of @size bytes. */
struct backend *backend_refused_open(const char *path, uint64_t size);

/*
 * An export of an NBD server, by its URI; NULL likewise.  At most @under_way requests will be
 * under way at a time.
 */
bool backend_is_nbd(const char *path);
struct backend *backend_nbd_open(const char *uri, bool writable,
				 unsigned int under_way);

void backend_nbd_close(struct backend *be);

/*
 * Tries to connect, until --reconnect-timeout after the first time; false, after a line, if it
 * cannot be had.
 */
bool backend_nbd_wait(const char *uri);

#endif /* ZXD_BACKEND_H */

// SPDX-License-Identifier: GPL-2.0
/*
 * What stands in for a store that is not there any more, or is another one: all that it is
 * asked for fails with EIO, and the VMO keeps what it has.
 */
#include <errno.h>
#include <stdlib.h>

#include "backend.h"
#include "calls.h"
#include "log.h"

struct backend_refused {
	struct backend base;
	struct disk *disk;
};

static int make_nothing(const struct file_call *c)
{
	(void)c;
	return -EIO;
}

/* Not from within the call, as with any store. */
static void refuse(struct backend *be, struct event *ev)
{
	struct backend_refused *refused = event_owner(be, struct backend_refused, base);

	calls_begin(refused->disk, ev, (struct file_call){ .make = make_nothing });
}

static void refuse_read(struct backend *be, struct event *ev, void *buffer, uint32_t length,
			uint64_t offset)
{
	(void)buffer;
	(void)length;
	(void)offset;
	refuse(be, ev);
}

static void refuse_write(struct backend *be, struct event *ev, const void *buffer,
			 uint32_t length, uint64_t offset)
{
	(void)buffer;
	(void)length;
	(void)offset;
	refuse(be, ev);
}

static void refuse_sync(struct backend *be, struct event *ev, bool all)
{
	(void)all;
	refuse(be, ev);
}

static void refuse_reserve(struct backend *be, struct event *ev, uint64_t offset,
			   uint64_t length)
{
	(void)offset;
	(void)length;
	refuse(be, ev);
}

static void refuse_zero(struct backend *be, struct event *ev, uint64_t offset, uint64_t length,
			bool keep)
{
	(void)offset;
	(void)length;
	(void)keep;
	refuse(be, ev);
}

static void refuse_resize(struct backend *be, struct event *ev, uint64_t size)
{
	(void)size;
	refuse(be, ev);
}

static const struct backend_ops ops = {
	.read = refuse_read,
	.write = refuse_write,
	.sync = refuse_sync,
	.reserve = refuse_reserve,
	.zero = refuse_zero,
	.resize = refuse_resize,
};

struct backend *backend_refused_open(const char *path, uint64_t size)
{
	struct backend_refused *refused = calloc(1, sizeof(*refused));

	if (!refused)
		die("out of memory");
	refused->disk = calls_disk(0);
	if (!refused->disk)
		die("out of memory");
	refused->base = (struct backend){
		.ops = &ops,
		.path = path,
		.size = size,
		.store = refused->disk,
	};
	return &refused->base;
}

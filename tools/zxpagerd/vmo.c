// SPDX-License-Identifier: GPL-2.0
/*
 * The VMOs that the daemon serves.  They are made at the start and stay to its end.
 */
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "options.h"
#include "pager.h"
#include "proto.h"
#include "vmo.h"

#define VMOS_TOGETHER	64

struct vmo *vmos;
static struct vmo **vmos_end = &vmos;
static struct slot {
	struct vmo *vmo;
} *by_key;			/* the first has key 1 */
static uint64_t count;
static void *by_name;		/* a tree of <search.h>, of targets */

static int compare(const void *a, const void *b)
{
	const struct target *one = a, *other = b;

	return strcmp(one->name, other->name);
}

int vmo_register(struct vmo *vmo)
{
	struct slot *more = by_key;

	/* Twice as many whenever that is what there is room for. */
	if (!(count & (count - 1)))
		more = realloc(by_key, (count ? 2 * count : 1) * sizeof(*more));
	if (!more)
		return ENOMEM;
	by_key = more;
	if (!tsearch(&vmo->target, &by_name, compare))
		return ENOMEM;
	by_key[count++].vmo = vmo;
	vmo->target.key = count;
	*vmos_end = vmo;
	vmos_end = &vmo->next;
	return 0;
}

/*
 * So many together that calloc() has fresh memory from the kernel, of which what only VMOs
 * that are written to need is never touched for others.
 */
static struct vmo *allocate(void)
{
	static struct vmo *next;
	static unsigned int left;

	if (!left) {
		left = VMOS_TOGETHER;
		next = calloc(left, sizeof(*next));
	}
	if (!next)
		die("out of memory");
	left--;
	return next++;
}

/*
 * What the store, a limit of this process or the command line does not allow is an error of
 * whoever asks for it, rather than of each fsync() afterwards.  Whether there is space for it
 * is another matter.
 */
static uint64_t max_size(const struct target *t)
{
	uint64_t max = t->backend->max_size ? t->backend->max_size : UINT64_MAX;
	struct rlimit limit;

	if (!getrlimit(RLIMIT_FSIZE, &limit) && limit.rlim_cur < max)
		max = limit.rlim_cur;
	if (options.max_size && options.max_size < max)
		max = options.max_size;
	return max < t->backend->size ? t->backend->size : max;
}

void vmo_add(const struct vmo_option *option)
{
	const char *name = option->name, *path = option->path;
	bool writable = option->writable;
	struct vmo *vmo = allocate();
	uint32_t page_size = (uint32_t)sysconf(_SC_PAGESIZE);
	uint64_t mask = page_size - 1;
	struct target *t;

	t = &vmo->target;
	t->name = name;
	t->writable = writable;
	t->scratch = option->scratch;
	t->snapshots = option->snapshots;
	/* Each window and each chunk, and one request of the batch itself. */
	t->backend = backend_is_nbd(path) ?
		     backend_nbd_open(path, writable, options.depth + CHUNKS + 1) :
		     backend_file_open(path, writable);
	t->resizable = writable && t->backend->ops->resize;
	t->max_size = t->resizable ? max_size(t) : 0;
	t->page_size = page_size;
	t->size = (t->backend->size + mask) & ~mask;
	if (reader_init(&vmo->reader, t, options.window, options.depth,
			options.readahead))
		die("%s: out of memory for %u windows of %u bytes", name,
		    options.depth, options.window);
	if (writable && writeback_init(&vmo->writeback, t, &vmo->reader))
		die("%s: out of memory for writing back", name);
	if (vmo_register(vmo))
		die("%s: out of memory", name);
	pager_create_vmo(t);
	log_debug("%s: %s, %llu bytes, %s", name, path,
		  (unsigned long long)t->backend->size,
		  writable ? "writable" : "read-only");
}

struct vmo *vmo_find(const char *name)
{
	struct target key = { .name = name };
	struct target **found = tfind(&key, &by_name, compare);

	return found ? event_owner(*found, struct vmo, target) : NULL;
}

struct vmo *vmo_of_key(uint64_t key)
{
	return key && key <= count ? by_key[key - 1].vmo : NULL;
}

struct vmo *vmo_at(uint64_t index)
{
	return vmo_of_key(index + 1);
}

uint64_t vmo_count(void)
{
	return count;
}

int vmo_open(struct vmo *vmo)
{
	return pager_reopen(pager_fd(&vmo->target), vmo->target.writable);
}

void vmo_describe(struct vmo *vmo, struct zxd_reply *reply)
{
	const struct dirty *dirty = &vmo->writeback.dirty;
	struct target *t = &vmo->target;

	pager_refresh(t);
	reply->flags = (t->writable ? ZXD_WRITABLE : 0) |
		       (t->held ? ZXD_HELD : 0) |
		       (t->detached ? ZXD_DETACHED : 0) |
		       (t->complete ? ZXD_COMPLETE : 0) |
		       (dirty->throttled && dirty->queue.first ? ZXD_THROTTLED : 0) |
		       (vmo->writeback.retry_ms ? ZXD_FAILING : 0);
	reply->vmo_size = t->size;
	reply->file_size = t->backend->size;
	reply->packets = t->packets;
	reply->windows = t->windows;
	reply->failed = t->failed;
	reply->late = t->late;
	reply->dirty_packets = t->dirty_packets;
	reply->dirty = vmo->writeback.dirty.bytes;
	reply->granted = t->granted;
	reply->throttled = t->throttled;
	reply->no_space = t->no_space;
	reply->written = t->written;
	reply->zeroed = t->zeroed;
	reply->writeback_errors = t->writeback_errors;
	reply->syncs = t->syncs;
	reply->ahead = t->ahead;
	strncpy(reply->name, t->name, sizeof(reply->name) - 1);
}

int vmo_fail(struct vmo *vmo, uint64_t offset, uint64_t length, int code)
{
	switch (code) {
	case EIO:
	case EBADMSG:
	case ESTALE:
	case ENOSPC:
	case ENOBUFS:
		return bad_add(&vmo->reader.bads, &vmo->target, offset, length, code);
	}
	return EINVAL;
}

void vmo_clear(struct vmo *vmo)
{
	bad_clear(&vmo->reader.bads);
}

void vmo_hold(struct vmo *vmo, bool held)
{
	vmo->target.held = held;
	reader_pump(&vmo->reader);
	if (vmo->target.writable)
		dirty_pump(&vmo->writeback.dirty);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * How VMOs come to be served: they are made at the start, or were made by a predecessor, and
 * stay to the end.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "generation.h"
#include "key.h"
#include "options.h"
#include "pager.h"
#include "renew.h"
#include "vmo.h"

#define VMOS_TOGETHER	64

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

/* Each window and each chunk, and one request of the batch itself. */
static struct backend *open_store(const char *path, bool writable)
{
	return backend_is_nbd(path) ?
	       backend_nbd_open(path, writable, options.depth + CHUNKS + 1) :
	       backend_file_open(path, writable);
}

static bool passes(int error)
{
	return error == EWOULDBLOCK || error == EBUSY || error == EINTR || error == ENOMEM ||
	       error == ENOBUFS || error == EMFILE || error == ENFILE;
}

static void close_store(struct backend *be)
{
	if (backend_is_nbd(be->path))
		backend_nbd_close(be);
	else
		backend_file_close(be);
}

/*
 * If it is not there now, that is no reason for all the others to fail.  But what may be otherwise
 * in a moment says nothing about the store: clients wait for another worker then.
 */
static struct backend *open_again(const struct vmo_option *option)
{
	struct backend *be;

	if (backend_is_nbd(option->path) && !backend_nbd_wait(option->path))
		return NULL;
	be = open_store(option->path, option->writable);
	if (!be && passes(errno))
		die("%s: that may pass: another worker tries again", option->name);
	return be;
}

/*
 * A VMO has the size that its store had, and only a file that is written to follows it.  What
 * a larger store has more is not served, and of a smaller one that is only read the rest
 * fails, as if it had been cut off while it was served.
 */
static bool has_size(struct backend *be, bool writable, uint64_t size)
{
	if (writable && be->ops->resize)
		return true;
	if (writable && be->size < size)
		return false;
	be->size = size;
	return true;
}

/* NULL, or what is wrong with a store as that of a VMO which is there. */
static const char *flaw_of(struct backend *be, const struct vmo_option *option,
			   const struct found *found)
{
	if (key_of(option->name, be->identity) != found->key)
		return "is another one than it was";
	if (!has_size(be, option->writable, found->stream_size))
		return "is smaller than it was";
	return NULL;
}

/* One that is there already goes on with the store that it had, and with no other. */
static struct backend *find_store(const struct vmo_option *option, const struct found *found)
{
	struct backend *be = found ? open_again(option) :
				     open_store(option->path, option->writable);
	const char *flaw = be && found ? flaw_of(be, option, found) : NULL;

	if (!be && !found)
		exit(1);
	if (be && !flaw)
		return be;
	if (flaw)
		log_line("%s: %s %s", option->name, option->path, flaw);
	if (be)
		close_store(be);
	log_line("%s: its accesses fail: what it has stays there until its store is back",
		 option->name);
	return backend_refused_open(option->path, found->stream_size);
}

/* A predecessor has made it, and may have been anywhere. */
static void adopt(struct vmo *vmo, const struct found *found)
{
	struct target *t = &vmo->target;

	pager_adopt_vmo(t, found);
	log_debug("%s: was there already, with key %llx", t->name, (unsigned long long)t->key);
	if (!t->writable)
		return;
	writeback_adopt(&vmo->writeback);
	renew_reservations(t);
}

static void register_vmo(struct vmo *vmo)
{
	int error = vmo_register(vmo);

	if (error == EEXIST)
		die("%s: another name has the same key: choose a different one",
		    vmo->target.name);
	if (error)
		die("%s: out of memory", vmo->target.name);
}

void vmo_add(const struct vmo_option *option)
{
	const struct found *found = pager_find_vmo(key_of(option->name, 0));
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
	t->backend = find_store(option, found);
	t->key = found ? found->key : key_of(name, t->backend->identity);
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
	register_vmo(vmo);
	if (found)
		adopt(vmo, found);
	else
		pager_create_vmo(t);
	log_debug("%s: %s, %llu bytes, %s", name, path,
		  (unsigned long long)t->backend->size,
		  writable ? "writable" : "read-only");
}

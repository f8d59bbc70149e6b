// SPDX-License-Identifier: GPL-2.0
/*
 * The VMOs that the daemon serves.  They are made at the start and stay to its end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zircon/linux.h>
#include <zircon/status.h>

#include "options.h"
#include "pager.h"
#include "vmo.h"

struct vmo *vmos;

void vmo_add(const char *name, const char *path, bool writable)
{
	struct vmo **link = &vmos, *vmo = calloc(1, sizeof(*vmo));
	uint64_t mask = (uint64_t)sysconf(_SC_PAGESIZE) - 1;

	if (!vmo)
		die("out of memory");
	vmo->name = name;
	vmo->writable = writable;
	/* Each window and each chunk, and one request of the batch itself. */
	vmo->backend = backend_is_nbd(path) ?
		       backend_nbd_open(path, writable, options.depth + CHUNKS + 1) :
		       backend_file_open(path, writable);
	vmo->resizable = writable && vmo->backend->ops->resize;
	vmo->size = (vmo->backend->size + mask) & ~mask;
	if (reader_init(vmo, options.window, options.depth, options.readahead))
		die("%s: out of memory for %u windows of %u bytes", name,
		    options.depth, options.window);
	if (writable) {
		dirty_init(vmo);
		if (writeback_init(vmo))
			die("%s: out of memory for writing back", name);
	}
	pager_create_vmo(vmo);
	while (*link)
		link = &(*link)->next;
	*link = vmo;
	log_debug("%s: %s, %llu bytes, %s", name, path,
		  (unsigned long long)vmo->backend->size,
		  writable ? "writable" : "read-only");
}

struct vmo *vmo_find(const char *name)
{
	struct vmo *vmo = vmos;

	while (vmo && strcmp(vmo->name, name))
		vmo = vmo->next;
	return vmo;
}

void vmo_read_packet(struct vmo *vmo, uint64_t offset, uint64_t length)
{
	if (vmo->complete) {
		vmo->late++;
		log_line("%s: a READ after COMPLETE", vmo->name);
		return;
	}
	vmo->packets++;
	log_debug("%s: READ %llu+%llu", vmo->name, (unsigned long long)offset,
		  (unsigned long long)length);
	reader_request(vmo, offset, length);
}

/* It is detached: nobody waits any more, but what is dirty is still there. */
static void cancel(struct vmo *vmo)
{
	reader_cancel(vmo);
	if (!vmo->writable)
		return;
	dirty_cancel(vmo);
	writeback_want(vmo);
}

void vmo_dirty_packet(struct vmo *vmo, uint64_t offset, uint64_t length)
{
	if (vmo->complete) {
		vmo->late++;
		log_line("%s: a DIRTY after COMPLETE", vmo->name);
		return;
	}
	vmo->dirty_packets++;
	log_debug("%s: DIRTY %llu+%llu", vmo->name, (unsigned long long)offset,
		  (unsigned long long)length);
	dirty_request(vmo, offset, length);
}

/* struct sync - a SYNC packet until it is answered */
struct sync {
	struct sync_request request;
	struct vmo *vmo;
	uint64_t offset;
	uint64_t length;
};

/* fsync() knows fewer errors than a store has. */
static int sync_code(int error)
{
	switch (error) {
	case 0:
	case EBADMSG:
	case ENOSPC:
		return error;
	case EDQUOT:
	case EFBIG:
		return ENOSPC;
	}
	return EIO;
}

static void answer_sync(struct vmo *vmo, uint64_t offset, uint64_t length, int error)
{
	zx_status_t status = pager_sync_end(vmo, offset, length, sync_code(error));

	/* Nobody may be waiting for it any more, or it was detached meanwhile. */
	if (status != ZX_OK && status != ZX_ERR_NOT_FOUND &&
	    status != ZX_ERR_BAD_STATE)
		log_limited(&vmo->limit, "%s: cannot answer a SYNC: %s", vmo->name,
			    zx_status_get_string(status));
	vmo->syncs++;
}

static void sync_done(struct sync_request *req, int error)
{
	struct sync *sync = event_owner(req, struct sync, request);

	answer_sync(sync->vmo, sync->offset, sync->length, error);
	free(sync);
}

void vmo_sync_packet(struct vmo *vmo, uint64_t offset, uint64_t length)
{
	struct sync *sync;

	if (vmo->complete) {
		vmo->late++;
		log_line("%s: a SYNC after COMPLETE", vmo->name);
		return;
	}
	log_debug("%s: SYNC %llu+%llu", vmo->name, (unsigned long long)offset,
		  (unsigned long long)length);
	sync = malloc(sizeof(*sync));
	if (!sync) {
		log_limited(&vmo->limit, "%s: out of memory: an fsync fails",
			    vmo->name);
		answer_sync(vmo, offset, length, EIO);
		return;
	}
	*sync = (struct sync){
		.request = {
			.offset = offset,
			.end = offset + length,
			.done = sync_done,
		},
		.vmo = vmo,
		.offset = offset,
		.length = length,
	};
	writeback_sync(vmo, &sync->request);
}

void vmo_complete_packet(struct vmo *vmo)
{
	if (vmo->complete) {
		vmo->late++;
		log_line("%s: a second COMPLETE", vmo->name);
		return;
	}
	vmo->detached = true;
	vmo->complete = true;
	cancel(vmo);
	log_debug("%s: COMPLETE after %llu READ packets", vmo->name,
		  (unsigned long long)vmo->packets);
}

int vmo_open(struct vmo *vmo)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d",
		 zx_linux_handle_to_fd(vmo->handle));
	return open(path, (vmo->writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
}

int vmo_fail(struct vmo *vmo, uint64_t offset, uint64_t length, int code)
{
	switch (code) {
	case EIO:
	case EBADMSG:
	case ESTALE:
	case ENOSPC:
	case ENOBUFS:
		return reader_add_bad(vmo, offset, length, code);
	}
	return EINVAL;
}

void vmo_clear(struct vmo *vmo)
{
	reader_clear_bad(vmo);
}

void vmo_hold(struct vmo *vmo, bool held)
{
	vmo->held = held;
	reader_pump(vmo);
	dirty_pump(vmo);
}

/* COMPLETE is there once the call has returned, so it is not waited for. */
int vmo_detach(struct vmo *vmo)
{
	zx_status_t status = pager_detach(vmo);

	if (status != ZX_OK) {
		log_line("%s: cannot detach: %s", vmo->name,
			 zx_status_get_string(status));
		return zx_linux_errno_from_status(status);
	}
	vmo->detached = true;
	cancel(vmo);
	while (!vmo->complete && pager_take_packets())
		;
	return 0;
}

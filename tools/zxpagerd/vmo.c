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
	vmo->backend = backend_file_open(path);
	vmo->size = (vmo->backend->size + mask) & ~mask;
	if (reader_init(vmo, options.window, options.depth))
		die("%s: out of memory for %u windows of %u bytes", name,
		    options.depth, options.window);
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

void vmo_complete_packet(struct vmo *vmo)
{
	if (vmo->complete) {
		vmo->late++;
		log_line("%s: a second COMPLETE", vmo->name);
		return;
	}
	vmo->detached = true;
	vmo->complete = true;
	reader_cancel(vmo);
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
	reader_resume(vmo);
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
	reader_cancel(vmo);
	while (!vmo->complete && pager_take_packets())
		;
	return 0;
}

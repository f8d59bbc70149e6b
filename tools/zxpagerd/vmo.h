/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_VMO_H
#define ZXD_VMO_H

#include <stdbool.h>
#include <stdint.h>

#include <zircon/types.h>

#include "backend.h"
#include "dirty.h"
#include "log.h"
#include "pager.h"
#include "reader.h"
#include "writeback.h"

/*
 * struct vmo - one file that is served
 * @size: of the VMO; see vmo_refresh()
 * @resizable: clients may change that, and the file follows
 * @held: READs and DIRTYs wait for ZXD_RELEASE
 * @detached: no READ is answered any more
 * @complete: its last packet has come
 */
struct vmo {
	struct vmo *next;
	const char *name;
	struct backend *backend;
	zx_handle_t handle;
	uint64_t size;
	bool writable;
	bool resizable;
	bool held;
	bool detached;
	bool complete;
	struct reader reader;
	struct dirty dirty;
	struct writeback writeback;
	struct log_limit limit;
	/* What ZXD_STAT tells. */
	uint64_t packets;
	uint64_t windows;
	uint64_t ahead;
	uint64_t failed;
	uint64_t late;
	uint64_t dirty_packets;
	uint64_t granted;
	uint64_t throttled;
	uint64_t no_space;
	uint64_t written;
	uint64_t zeroed;
	uint64_t writeback_errors;
	uint64_t syncs;
};

extern struct vmo *vmos;

/* Before serving: adds a VMO; a failure ends the daemon. */
void vmo_add(const char *name, const char *path, bool writable);

/* NULL if there is none of that name. */
struct vmo *vmo_find(const char *name);

/* Clients may have changed the size at any time, so it is asked for where it matters. */
static inline void vmo_refresh(struct vmo *vmo)
{
	struct pager_info info;

	if (vmo->resizable && !pager_info(vmo, &info))
		vmo->size = info.size;
}

/* A descriptor for a client, or -1 and errno; each has a file position of its own. */
int vmo_open(struct vmo *vmo);

/* 0 or an errno: what administrators ask for. */
int vmo_fail(struct vmo *vmo, uint64_t offset, uint64_t length, int code);
void vmo_clear(struct vmo *vmo);
void vmo_hold(struct vmo *vmo, bool held);

#endif /* ZXD_VMO_H */

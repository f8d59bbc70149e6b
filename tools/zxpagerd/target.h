/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_TARGET_H
#define ZXD_TARGET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <zircon/types.h>

#include "backend.h"
#include "log.h"

/*
 * struct target - a VMO that is served, as far as everything below struct vmo sees it
 * @key: of its packets, a number that no other has
 * @dev, @ino: what fstat() tells of the VMO
 * @size: of the VMO; see pager_refresh()
 * @max_size: the most that clients may make of it, in bytes, or 0
 * @page_size: that of the machine
 * @scratch: there may be copies of it that are written to
 * @snapshots: it is written to, and there may be snapshots of it
 * @resizable: clients may change the size, and the file follows
 * @held: READs and DIRTYs wait for ZXD_RELEASE
 * @detached: no READ is answered any more
 * @was_detached: it was when this daemon came, and nobody knows from whom
 * @complete: its last packet has come; a number that grows from one to the next
 */
struct target {
	const char *name;
	struct backend *backend;
	zx_handle_t handle;
	uint64_t key;
	dev_t dev;
	ino_t ino;
	uint64_t size;
	uint64_t max_size;
	uint32_t page_size;
	bool writable;
	bool scratch;
	bool snapshots;
	bool resizable;
	bool held;
	bool detached;
	bool was_detached;
	uint64_t complete;
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

#endif /* ZXD_TARGET_H */

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_PAGER_H
#define ZXD_PAGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <zircon/syscalls-next.h>
#include <zircon/syscalls/port.h>
#include <zircon/types.h>

struct event;
struct supply;
struct vmo;

/*
 * struct pager_info - what the kernel knows of a VMO now
 * @size: a multiple of the page size
 * @stream_size: to the byte
 * @dirty: bytes in pages that are not written back
 * @zero: bytes in zero ranges that are not
 */
struct pager_info {
	uint64_t size;
	uint64_t stream_size;
	uint64_t dirty;
	uint64_t zero;
};

/* The daemon's one pager and its port; ends the daemon if there is no module. */
void pager_open(void);

/* Makes the VMO itself; its handle is in @vmo afterwards. */
void pager_create_vmo(struct vmo *vmo);

/* Takes packets that are there, at most @count; tells how many. */
unsigned int pager_read_packets(zx_port_packet_t *packets, unsigned int count);

/* Once there are packets. */
void pager_listen(struct event *ev);

zx_status_t pager_detach(struct vmo *vmo);

/* Content for a range; *@done tells how far it came, also on failure. */
zx_status_t pager_supply(struct vmo *vmo, uint64_t offset, uint64_t length,
			 const void *buffer, uint64_t *done);

/* The same for several, of which each has its own outcome. */
void pager_supply_all(struct supply **s, unsigned int n);

/* Fails what waits in a range; @code is an errno that the ABI knows for that. */
zx_status_t pager_fail(struct vmo *vmo, uint64_t offset, uint64_t length,
		       int code);

/* Allows writes to a range. */
zx_status_t pager_dirty(struct vmo *vmo, uint64_t offset, uint64_t length);

/*
 * What of a VMO is dirty from @offset on, before @end: at most @count ranges, with how
 * many as *@actual.
 */
zx_status_t pager_query(struct vmo *vmo, uint64_t offset, uint64_t end,
			zx_vmo_dirty_range_t *ranges, size_t count,
			size_t *actual);

/* Writing a range back begins, with @zero only its zero ranges; and it has ended. */
zx_status_t pager_begin(struct vmo *vmo, uint64_t offset, uint64_t length,
			bool zero);
zx_status_t pager_end(struct vmo *vmo, uint64_t offset, uint64_t length);

/* Answers a SYNC with 0 or an errno that the ABI knows for that. */
zx_status_t pager_sync_end(struct vmo *vmo, uint64_t offset, uint64_t length,
			   int code);

/* 0 or an errno. */
int pager_info(struct vmo *vmo, struct pager_info *info);

/* pread() of the VMO; only of what is dirty, or the daemon waits for itself. */
ssize_t pager_read(struct vmo *vmo, void *buffer, size_t length, uint64_t offset);

#endif /* ZXD_PAGER_H */

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_SERVE_H
#define ZXD_SERVE_H

#include <stdint.h>

#include <zircon/syscalls/port.h>

struct vmo;

/* struct serve_mark - what had been done at some time */
struct serve_mark {
	uint64_t completes;
	uint64_t supplies;
};

struct serve_mark serve_mark(void);

/*
 * Serves packets that were taken from the port.  Other threads may have served later ones
 * already: @before is what serve_mark() told before they were waited for.
 */
void serve_packets(const zx_port_packet_t *packets, unsigned int count,
		   struct serve_mark before);

/*
 * After each turn of any thread: what was read is supplied, and what is to be written back
 * is begun.
 */
void serve_settle(void);

/* What a packet of each kind asks for. */
void serve_read(struct vmo *vmo, uint64_t offset, uint64_t length);
void serve_dirty(struct vmo *vmo, uint64_t offset, uint64_t length);
void serve_sync(struct vmo *vmo, uint64_t offset, uint64_t length);
void serve_complete(struct vmo *vmo);

/* 0 or an errno.  Nothing waits for the VMO any more; what is dirty is written back. */
int serve_detach(struct vmo *vmo);

#endif /* ZXD_SERVE_H */

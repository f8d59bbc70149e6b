/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_SERVE_H
#define ZXD_SERVE_H

#include <stdint.h>

struct vmo;

/* Takes packets whenever there are some, and serves them. */
void serve_listen(void);

/*
 * Once round the loop.  What the last turn left to be written back is begun, and what was
 * read is supplied.
 */
void serve_turn(void);

/* What a packet of each kind asks for. */
void serve_read(struct vmo *vmo, uint64_t offset, uint64_t length);
void serve_dirty(struct vmo *vmo, uint64_t offset, uint64_t length);
void serve_sync(struct vmo *vmo, uint64_t offset, uint64_t length);
void serve_complete(struct vmo *vmo);

/* 0 or an errno.  Nothing waits for the VMO any more; what is dirty is written back. */
int serve_detach(struct vmo *vmo);

#endif /* ZXD_SERVE_H */

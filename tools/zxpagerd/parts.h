/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_PARTS_H
#define ZXD_PARTS_H

#include <stdint.h>

struct vmo;

/*
 * Parts for the batch of @vmo, from @offset on, until there are enough; its @next is where
 * they end.  0; EAGAIN to come again; EIO.
 */
int parts_collect(struct vmo *vmo, uint64_t offset, uint64_t end);

/* BEGIN.  A part that could not be begun has an error. */
void parts_begin(struct vmo *vmo);

/* END, for the parts without an error, when they are durable. */
void parts_end(struct vmo *vmo);

#endif /* ZXD_PARTS_H */

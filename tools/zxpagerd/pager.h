/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_PAGER_H
#define ZXD_PAGER_H

#include <stddef.h>
#include <stdint.h>

#include <zircon/types.h>

struct vmo;

/* The daemon's one pager and its port; ends the daemon if there is no module. */
void pager_open(void);

/* Makes the VMO itself; its handle is in @vmo afterwards. */
void pager_create_vmo(struct vmo *vmo);

/* Takes packets that are there and hands them to their VMOs; tells how many. */
unsigned int pager_take_packets(void);

/* Goes on taking packets whenever there are some. */
void pager_listen(void);

zx_status_t pager_detach(struct vmo *vmo);

/* Content for a range; *@done tells how far it came, also on failure. */
zx_status_t pager_supply(struct vmo *vmo, uint64_t offset, uint64_t length,
			 const void *buffer, uint64_t *done);

/* Fails what waits in a range; @code is an errno that the ABI knows for that. */
zx_status_t pager_fail(struct vmo *vmo, uint64_t offset, uint64_t length,
		       int code);

#endif /* ZXD_PAGER_H */

/* SPDX-License-Identifier: MIT */
/*
 * What the objects offer to the calls, besides calls of their own.
 */
#ifndef LIBZX_OBJECTS_H
#define LIBZX_OBJECTS_H

#include <linux/zxpager.h>

#include <zircon/types.h>

/* The handles of a call on a VMO of a pager. */
zx_status_t zxi_check_pager_vmo(zx_handle_t pager, zx_rights_t pager_rights,
				zx_handle_t vmo, zx_rights_t vmo_rights);

/* BAD_HANDLE, WRONG_TYPE, or what there is to know of a VMO. */
zx_status_t zxi_vmo_info(zx_handle_t vmo, struct zxp_vmo_info *info);

/*
 * A supply out of a VMO, in several calls if signals come. What it got is before
 * @arg->offset + @arg->out_done.
 */
zx_status_t zxi_supply_aux(int pager_fd, struct zxp_supply_pages *arg);

/* zx_vmo_op_range() of a descriptor. */
zx_status_t zxi_vmo_op(int fd, uint32_t op, uint64_t offset, uint64_t length);

#endif /* LIBZX_OBJECTS_H */

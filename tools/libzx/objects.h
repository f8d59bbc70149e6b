/* SPDX-License-Identifier: MIT */
/*
 * What the objects offer to the calls, besides calls of their own.
 */
#ifndef LIBZX_OBJECTS_H
#define LIBZX_OBJECTS_H

#include <linux/zxpager.h>

#include <zircon/types.h>

#include "slot.h"

/*
 * The descriptors of a call on a VMO of a pager, by zxi_get() in the order in which Zircon
 * looks at them.  zxi_put() both.
 */
zx_status_t zxi_get_pager_vmo(zx_handle_t pager, zx_rights_t pager_rights, int *pager_fd,
			      zx_handle_t vmo, zx_rights_t vmo_rights, int *vmo_fd);

zx_status_t zxi_pager_ioctl_slowly(zx_handle_t pager, zx_rights_t pager_rights,
				   zx_handle_t vmo, zx_rights_t vmo_rights,
				   unsigned long request, void *arg, int *vmo_fd);

/* The same for one ioctl of the pager; @vmo_fd is in @arg. */
static ZXI_INLINE zx_status_t
zxi_pager_ioctl(zx_handle_t pager, zx_rights_t pager_rights, zx_handle_t vmo,
		zx_rights_t vmo_rights, unsigned long request, void *arg, int *vmo_fd)
{
	struct zxi_slot *p = zxi_fd_slot(pager), *v = zxi_fd_slot(vmo);
	const int fd = (int)zxi_fd_of(pager);
	zx_status_t status;

	if (!zxi_try_get(p, pager, ZX_OBJ_TYPE_PAGER, pager_rights))
		return zxi_pager_ioctl_slowly(pager, pager_rights, vmo, vmo_rights, request,
					      arg, vmo_fd);
	*vmo_fd = (int)zxi_fd_of(vmo);
	if (!zxi_try_get(v, vmo, ZX_OBJ_TYPE_VMO, vmo_rights)) {
		zxi_put_slot(p, fd);
		return zxi_pager_ioctl_slowly(pager, pager_rights, vmo, vmo_rights, request,
					      arg, vmo_fd);
	}
	status = zxi_fd_ioctl(fd, request, arg);
	zxi_put_slot(v, *vmo_fd);
	zxi_put_slot(p, fd);
	return status;
}

/* What there is to know of a VMO; BAD_HANDLE and WRONG_TYPE of a handle. */
zx_status_t zxi_fd_vmo_info(int fd, struct zxp_vmo_info *info);
zx_status_t zxi_vmo_info(zx_handle_t vmo, struct zxp_vmo_info *info);

/*
 * A supply out of a VMO, in several calls if signals come. What it got is before
 * @arg->offset + @arg->out_done.
 */
zx_status_t zxi_supply_aux(int pager_fd, struct zxp_supply_pages *arg);

/* zx_vmo_op_range() of a descriptor. */
zx_status_t zxi_vmo_op(int fd, uint32_t op, uint64_t offset, uint64_t length);

#endif /* LIBZX_OBJECTS_H */

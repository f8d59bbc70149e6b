// SPDX-License-Identifier: MIT
/*
 * Pagers, the VMOs that they make, and supply.
 */
#include <errno.h>

#include "base.h"
#include "objects.h"
#include "table.h"

zx_status_t zx_pager_create(uint32_t options, zx_handle_t *out)
{
	zx_status_t status;
	int fd;

	if (options)
		return ZX_ERR_INVALID_ARGS;
	fd = zxi_open(&status);
	if (fd < 0)
		return status;
	return zxi_publish(fd, ZX_OBJ_TYPE_PAGER, ZX_DEFAULT_PAGER_RIGHTS,
			   ZX_HANDLE_INVALID, out);
}

zx_status_t zxi_get_pager_vmo(zx_handle_t pager, zx_rights_t pager_rights, int *pager_fd,
			      zx_handle_t vmo, zx_rights_t vmo_rights, int *vmo_fd)
{
	zx_status_t status = zxi_get(pager, ZX_OBJ_TYPE_PAGER, pager_rights, pager_fd);

	if (status != ZX_OK)
		return status;
	status = zxi_get(vmo, ZX_OBJ_TYPE_VMO, vmo_rights, vmo_fd);
	if (status != ZX_OK)
		zxi_put(*pager_fd);
	return status;
}

zx_status_t zxi_pager_ioctl_slowly(zx_handle_t pager, zx_rights_t pager_rights,
				   zx_handle_t vmo, zx_rights_t vmo_rights,
				   unsigned long request, void *arg, int *vmo_fd)
{
	zx_status_t status;
	int fd;

	status = zxi_get_pager_vmo(pager, pager_rights, &fd, vmo, vmo_rights, vmo_fd);
	if (status != ZX_OK)
		return status;
	status = zxi_fd_ioctl(fd, request, arg);
	zxi_put(*vmo_fd);
	zxi_put(fd);
	return status;
}

static zx_status_t create_vmo(zx_handle_t pager, uint32_t options,
			      uint32_t flags, zx_handle_t port, uint64_t key,
			      uint64_t size, uint64_t max_size, zx_handle_t *out)
{
	struct zxp_create_vmo arg = {
		.size = sizeof(arg),
		.options = options,
		.flags = flags,
		.key = key,
		.vmo_size = size,
		.max_size = max_size,
	};
	zx_rights_t rights = ZX_DEFAULT_VMO_RIGHTS;
	zx_status_t status;
	int fd;

	status = zxi_get(pager, ZX_OBJ_TYPE_PAGER, ZX_RIGHT_ATTACH_VMO, &fd);
	if (status != ZX_OK)
		return status;
	status = zxi_get(port, ZX_OBJ_TYPE_PORT, ZX_RIGHT_WRITE, &arg.port_fd);
	if (status == ZX_OK) {
		status = zxi_fd_ioctl(fd, ZXP_IOC_CREATE_VMO, &arg);
		zxi_put(arg.port_fd);
	}
	zxi_put(fd);
	if (status != ZX_OK)
		return status;
	if (options & ZX_VMO_RESIZABLE)
		rights |= ZX_RIGHT_RESIZE;
	return zxi_publish(arg.out_fd, ZX_OBJ_TYPE_VMO, rights, ZX_HANDLE_INVALID,
			   out);
}

zx_status_t zx_pager_create_vmo(zx_handle_t pager, uint32_t options,
				zx_handle_t port, uint64_t key, uint64_t size,
				zx_handle_t *out)
{
	return create_vmo(pager, options, 0, port, key, size, 0, out);
}

zx_status_t zx_linux_pager_create_vmo(zx_handle_t pager, uint32_t options,
				      uint32_t flags, zx_handle_t port,
				      uint64_t key, uint64_t size,
				      zx_handle_t *out)
{
	return zx_linux_pager_create_vmo_max(pager, options, flags, port, key, size, 0,
					     out);
}

zx_status_t zx_linux_pager_create_vmo_max(zx_handle_t pager, uint32_t options,
					  uint32_t flags, zx_handle_t port,
					  uint64_t key, uint64_t size,
					  uint64_t max_size, zx_handle_t *out)
{
	uint32_t create = 0;

	if (flags & ~(ZX_LINUX_CREATE_SYNC | ZX_LINUX_CREATE_FIXED |
		      ZX_LINUX_CREATE_READ_ONLY | ZX_LINUX_CREATE_COPIES |
		      ZX_LINUX_CREATE_SNAPSHOTS))
		return ZX_ERR_INVALID_ARGS;
	if (flags & ZX_LINUX_CREATE_SYNC)
		create |= ZXP_CREATE_SYNC;
	if (flags & ZX_LINUX_CREATE_FIXED)
		create |= ZXP_CREATE_FIXED;
	if (flags & ZX_LINUX_CREATE_READ_ONLY)
		create |= ZXP_CREATE_READ_ONLY;
	if (flags & ZX_LINUX_CREATE_COPIES)
		create |= ZXP_CREATE_COPIES;
	if (flags & ZX_LINUX_CREATE_SNAPSHOTS)
		create |= ZXP_CREATE_SNAPSHOTS;
	return create_vmo(pager, options, create, port, key, size, max_size, out);
}

zx_status_t zx_pager_detach_vmo(zx_handle_t pager, zx_handle_t vmo)
{
	struct zxp_detach_vmo arg = { .size = sizeof(arg) };

	return zxi_pager_ioctl(pager, ZX_RIGHT_ATTACH_VMO | ZX_RIGHT_MANAGE_VMO, vmo,
			       ZX_RIGHT_WRITE, ZXP_IOC_DETACH_VMO, &arg, &arg.vmo_fd);
}

zx_status_t zxi_supply_aux(int pager_fd, struct zxp_supply_pages *arg)
{
	zx_status_t status;

	for (;;) {
		errno = 0;
		status = zxi_fd_ioctl_once(pager_fd, ZXP_IOC_SUPPLY_PAGES, arg);
		if (status == ZX_OK || errno != EINTR)
			return status;
		/* A signal, while what a clone misses was waited for. What is done has left it. */
		arg->offset += arg->out_done;
		arg->source += arg->out_done;
		arg->length -= arg->out_done;
	}
}

/*
 * The alignment is looked at before any handle is, and whose the VMO is before
 * @aux_vmo: so the module is asked also with an @aux_vmo that will not do.
 */
zx_status_t zx_pager_supply_pages(zx_handle_t pager, zx_handle_t pager_vmo,
				  uint64_t offset, uint64_t length,
				  zx_handle_t aux_vmo, uint64_t aux_offset)
{
	struct zxp_supply_pages arg = {
		.size = sizeof(arg),
		.flags = ZXP_SUPPLY_AUX,
		.offset = offset,
		.length = length,
		.source = aux_offset,
	};
	zx_status_t status, aux_status;
	int fd;

	if (!zxi_aligned(offset | length | aux_offset))
		return ZX_ERR_INVALID_ARGS;
	status = zxi_get_pager_vmo(pager, ZX_RIGHT_MANAGE_VMO, &fd, pager_vmo,
				   ZX_RIGHT_WRITE, &arg.vmo_fd);
	if (status != ZX_OK)
		return status;
	aux_status = zxi_get(aux_vmo, ZX_OBJ_TYPE_VMO, ZX_RIGHTS_IO, &arg.aux_fd);
	if (aux_status != ZX_OK)
		arg.aux_fd = ZXI_NO_FD;
	status = zxi_supply_aux(fd, &arg);
	if (aux_status == ZX_OK)
		zxi_put(arg.aux_fd);
	zxi_put(arg.vmo_fd);
	zxi_put(fd);
	return aux_status != ZX_OK && status == ZX_ERR_BAD_HANDLE ? aux_status :
								    status;
}

zx_status_t zx_linux_pager_supply(zx_handle_t pager, zx_handle_t pager_vmo,
				  uint64_t offset, uint64_t length,
				  const void *buffer, uint64_t *done)
{
	struct zxp_supply_pages arg = {
		.size = sizeof(arg),
		.aux_fd = -1,
		.offset = offset,
		.length = length,
		.source = (uintptr_t)buffer,
	};
	zx_status_t status;

	if (done)
		*done = 0;
	if (!zxi_aligned(offset | length))
		return ZX_ERR_INVALID_ARGS;
	status = zxi_pager_ioctl(pager, ZX_RIGHT_MANAGE_VMO, pager_vmo, ZX_RIGHT_WRITE,
				 ZXP_IOC_SUPPLY_PAGES, &arg, &arg.vmo_fd);
	if (done)
		*done = arg.out_done;
	return status;
}

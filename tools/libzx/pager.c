// SPDX-License-Identifier: MIT
/*
 * Pagers, the VMOs that they make, and supply.
 */
#include <fcntl.h>

#include "internal.h"

#define DEVICE "/dev/zxpager"

zx_status_t zxi_open_pager(zx_handle_t *out)
{
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0) {
		switch (errno) {
		case ENOENT:
		case ENXIO:
		case ENODEV:
			return ZX_ERR_UNAVAILABLE;
		case EPERM:
			return ZX_ERR_ACCESS_DENIED;
		}
		return zxi_errno();
	}
	*out = zx_linux_handle_from_fd(fd);
	return ZX_OK;
}

zx_status_t zx_pager_create(uint32_t options, zx_handle_t *out)
{
	if (options || !out)
		return ZX_ERR_INVALID_ARGS;
	return zxi_open_pager(out);
}

/*
 * Zircon looks at the port before the options, the module the other way round.
 * A size that no VMO has makes nothing but gets past the port.
 */
static zx_status_t check_port(zx_handle_t pager, zx_handle_t port)
{
	struct zxp_create_vmo arg = {
		.size = sizeof(arg),
		.port_fd = zxi_fd(port),
		.vmo_size = UINT64_MAX,
	};
	zx_status_t status = zxi_ioctl(pager, ZXP_IOC_CREATE_VMO, &arg);

	if (status == ZX_ERR_BAD_HANDLE || status == ZX_ERR_WRONG_TYPE)
		return status;
	return ZX_OK;
}

static zx_status_t create_vmo(zx_handle_t pager, uint32_t options,
			      uint32_t flags, zx_handle_t port, uint64_t key,
			      uint64_t size, zx_handle_t *out)
{
	struct zxp_create_vmo arg = {
		.size = sizeof(arg),
		.options = options,
		.flags = flags,
		.port_fd = zxi_fd(port),
		.key = key,
		.vmo_size = size,
	};
	zx_status_t status, port_status;

	if (!out)
		return ZX_ERR_INVALID_ARGS;
	status = zxi_ioctl(pager, ZXP_IOC_CREATE_VMO, &arg);
	if (status == ZX_ERR_INVALID_ARGS || status == ZX_ERR_NOT_SUPPORTED) {
		port_status = check_port(pager, port);
		if (port_status != ZX_OK)
			status = port_status;
	}
	if (status == ZX_OK)
		*out = zx_linux_handle_from_fd(arg.out_fd);
	return status;
}

zx_status_t zx_pager_create_vmo(zx_handle_t pager, uint32_t options,
				zx_handle_t port, uint64_t key, uint64_t size,
				zx_handle_t *out)
{
	return create_vmo(pager, options, 0, port, key, size, out);
}

zx_status_t zx_linux_pager_create_vmo(zx_handle_t pager, uint32_t options,
				      uint32_t flags, zx_handle_t port,
				      uint64_t key, uint64_t size,
				      zx_handle_t *out)
{
	if (flags & ~ZX_LINUX_CREATE_SYNC)
		return ZX_ERR_INVALID_ARGS;
	return create_vmo(pager, options,
			  flags & ZX_LINUX_CREATE_SYNC ? ZXP_CREATE_SYNC : 0,
			  port, key, size, out);
}

zx_status_t zx_pager_detach_vmo(zx_handle_t pager, zx_handle_t vmo)
{
	struct zxp_detach_vmo arg = {
		.size = sizeof(arg),
		.vmo_fd = zxi_fd(vmo),
	};

	return zxi_ioctl(pager, ZXP_IOC_DETACH_VMO, &arg);
}

/* The alignment is looked at before any handle is. */
zx_status_t zx_pager_supply_pages(zx_handle_t pager, zx_handle_t pager_vmo,
				  uint64_t offset, uint64_t length,
				  zx_handle_t aux_vmo, uint64_t aux_offset)
{
	struct zxp_supply_pages arg = {
		.size = sizeof(arg),
		.flags = ZXP_SUPPLY_AUX,
		.vmo_fd = zxi_fd(pager_vmo),
		.aux_fd = zxi_fd(aux_vmo),
		.offset = offset,
		.length = length,
		.source = aux_offset,
	};

	if (!zxi_aligned(offset | length | aux_offset))
		return ZX_ERR_INVALID_ARGS;
	return zxi_ioctl(pager, ZXP_IOC_SUPPLY_PAGES, &arg);
}

zx_status_t zx_linux_pager_supply(zx_handle_t pager, zx_handle_t pager_vmo,
				  uint64_t offset, uint64_t length,
				  const void *buffer, uint64_t *done)
{
	struct zxp_supply_pages arg = {
		.size = sizeof(arg),
		.vmo_fd = zxi_fd(pager_vmo),
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
	status = zxi_ioctl(pager, ZXP_IOC_SUPPLY_PAGES, &arg);
	if (done)
		*done = arg.out_done;
	return status;
}

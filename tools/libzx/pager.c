// SPDX-License-Identifier: MIT
/*
 * Pagers: zx_pager_*() and supply from memory.
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

zx_status_t zx_pager_create_vmo(zx_handle_t pager, uint32_t options,
				zx_handle_t port, uint64_t key, uint64_t size,
				zx_handle_t *out)
{
	struct zxp_create_vmo arg = {
		.size = sizeof(arg),
		.options = options,
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

/* A status as FAIL takes it, as the errno that the ABI takes; 0 is refused. */
static uint64_t fail_data(uint64_t data)
{
	zx_status_t status = (zx_status_t)data;

	if ((uint64_t)(int64_t)status != data)
		return 0;
	switch (status) {
	case ZX_ERR_IO:
	case ZX_ERR_IO_DATA_INTEGRITY:
	case ZX_ERR_BAD_STATE:
	case ZX_ERR_NO_SPACE:
	case ZX_ERR_BUFFER_TOO_SMALL:
		return zx_linux_errno_from_status(status);
	}
	return 0;
}

zx_status_t zx_pager_op_range(zx_handle_t pager, uint32_t op,
			      zx_handle_t pager_vmo, uint64_t offset,
			      uint64_t length, uint64_t data)
{
	struct zxp_op_range arg = {
		.size = sizeof(arg),
		.op = op,
		.vmo_fd = zxi_fd(pager_vmo),
		.offset = offset,
		.length = length,
		.data = op == ZX_PAGER_OP_FAIL ? fail_data(data) : data,
	};

	if (!zxi_aligned(offset | length))
		return ZX_ERR_INVALID_ARGS;
	return zxi_ioctl(pager, ZXP_IOC_OP_RANGE, &arg);
}

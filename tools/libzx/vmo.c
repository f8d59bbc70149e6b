// SPDX-License-Identifier: MIT
/*
 * VMOs: zx_vmo_*().
 */
#include <fcntl.h>
#include <unistd.h>

#include "internal.h"

zx_status_t zxi_vmo_info(zx_handle_t vmo, struct zxp_vmo_info *info)
{
	*info = (struct zxp_vmo_info){ .size = sizeof(*info) };
	return zxi_ioctl(vmo, ZXP_IOC_VMO_GET_INFO, info);
}

zx_status_t zx_vmo_create(uint64_t size, uint32_t options, zx_handle_t *out)
{
	struct zxp_create_vmo arg = {
		.size = sizeof(arg),
		.options = options,
		.flags = ZXP_CREATE_PLAIN,
		.port_fd = ZXP_PORT_OWN,
		.vmo_size = size,
	};
	zx_handle_t pager;
	zx_status_t status;

	if (!out || (options & ~(ZX_VMO_RESIZABLE | ZX_VMO_DISCARDABLE |
				 ZX_VMO_UNBOUNDED)))
		return ZX_ERR_INVALID_ARGS;
	/* Legal in Zircon, but nothing here would discard its pages. */
	if (options & ZX_VMO_DISCARDABLE)
		return ZX_ERR_NOT_SUPPORTED;
	status = zxi_open_pager(&pager);
	if (status != ZX_OK)
		return status;
	status = zxi_ioctl(pager, ZXP_IOC_CREATE_VMO, &arg);
	zx_handle_close(pager);
	if (status == ZX_OK)
		*out = zx_linux_handle_from_fd(arg.out_fd);
	return status;
}

static zx_status_t vmo_io(zx_handle_t handle, unsigned long request,
			  const void *buffer, uint64_t offset, size_t length)
{
	struct zxp_vmo_io arg = {
		.size = sizeof(arg),
		.offset = offset,
		.length = length,
		.buffer = (uintptr_t)buffer,
	};

	return zxi_ioctl(handle, request, &arg);
}

zx_status_t zx_vmo_read(zx_handle_t handle, void *buffer, uint64_t offset,
			size_t buffer_size)
{
	return vmo_io(handle, ZXP_IOC_VMO_READ, buffer, offset, buffer_size);
}

zx_status_t zx_vmo_write(zx_handle_t handle, const void *buffer, uint64_t offset,
			 size_t buffer_size)
{
	return vmo_io(handle, ZXP_IOC_VMO_WRITE, buffer, offset, buffer_size);
}

zx_status_t zx_vmo_get_size(zx_handle_t handle, uint64_t *size)
{
	struct zxp_vmo_info info;
	zx_status_t status = zxi_vmo_info(handle, &info);

	if (status != ZX_OK)
		return status;
	if (!size)
		return ZX_ERR_INVALID_ARGS;
	*size = info.out_vmo_size;
	return ZX_OK;
}

zx_status_t zx_vmo_get_stream_size(zx_handle_t handle, uint64_t *size)
{
	struct zxp_vmo_info info;
	zx_status_t status = zxi_vmo_info(handle, &info);

	if (status != ZX_OK)
		return status;
	if (!size)
		return ZX_ERR_INVALID_ARGS;
	*size = info.out_stream_size;
	return ZX_OK;
}

zx_status_t zx_vmo_set_size(zx_handle_t handle, uint64_t size)
{
	struct zxp_vmo_info info;
	zx_status_t status = zxi_vmo_info(handle, &info);
	int fd = zxi_fd(handle), rc;

	if (status != ZX_OK)
		return status;
	if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY)
		return ZX_ERR_ACCESS_DENIED;
	/* Also for an unbounded one, where ftruncate() sets the stream size. */
	if (!(info.out_options & ZXP_VMO_RESIZABLE))
		return ZX_ERR_UNAVAILABLE;
	if (size > INT64_MAX)
		return ZX_ERR_OUT_OF_RANGE;
	do {
		rc = ftruncate(fd, (off_t)size);
	} while (rc && errno == EINTR);
	return rc ? zxi_errno() : ZX_OK;
}

zx_status_t zx_vmo_set_stream_size(zx_handle_t handle, uint64_t size)
{
	struct zxp_vmo_set_stream_size arg = {
		.size = sizeof(arg),
		.stream_size = size,
	};

	return zxi_ioctl(handle, ZXP_IOC_VMO_SET_STREAM_SIZE, &arg);
}

zx_status_t zx_vmo_op_range(zx_handle_t handle, uint32_t op, uint64_t offset,
			    uint64_t size, void *buffer, size_t buffer_size)
{
	struct zxp_vmo_op_range arg = {
		.size = sizeof(arg),
		.op = op,
		.offset = offset,
		.length = size,
	};
	struct zxp_vmo_info info;
	zx_status_t status;

	switch (op) {
	case ZX_VMO_OP_LOCK:
	case ZX_VMO_OP_UNLOCK:
	case ZX_VMO_OP_TRY_LOCK:
	case ZX_VMO_OP_CACHE_SYNC:
	case ZX_VMO_OP_CACHE_INVALIDATE:
	case ZX_VMO_OP_CACHE_CLEAN:
	case ZX_VMO_OP_CACHE_CLEAN_INVALIDATE:
		status = zxi_vmo_info(handle, &info);
		return status == ZX_OK ? ZX_ERR_NOT_SUPPORTED : status;
	}
	if (buffer || buffer_size) {
		status = zxi_vmo_info(handle, &info);
		return status == ZX_OK ? ZX_ERR_INVALID_ARGS : status;
	}
	return zxi_ioctl(handle, ZXP_IOC_VMO_OP_RANGE, &arg);
}

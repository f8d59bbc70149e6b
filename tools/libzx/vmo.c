// SPDX-License-Identifier: MIT
/*
 * VMOs: zx_vmo_*().
 */
#include <fcntl.h>
#include <unistd.h>

#include "base.h"
#include "objects.h"
#include "signals.h"
#include "table.h"

zx_status_t zxi_fd_vmo_info(int fd, struct zxp_vmo_info *info)
{
	*info = (struct zxp_vmo_info){ .size = ZXI_VMO_INFO_UNCOUNTED };
	return zxi_fd_ioctl(fd, ZXP_IOC_VMO_GET_INFO, info);
}

static ZXI_INLINE zx_status_t vmo_info(zx_handle_t vmo, struct zxp_vmo_info *info)
{
	*info = (struct zxp_vmo_info){ .size = ZXI_VMO_INFO_UNCOUNTED };
	return zxi_ioctl(vmo, ZX_OBJ_TYPE_VMO, 0, ZXP_IOC_VMO_GET_INFO, info);
}

zx_status_t zxi_vmo_info(zx_handle_t vmo, struct zxp_vmo_info *info)
{
	return vmo_info(vmo, info);
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
	zx_rights_t rights = ZX_DEFAULT_VMO_RIGHTS;
	zx_status_t status;
	int fd;

	if (options & ~(ZX_VMO_RESIZABLE | ZX_VMO_DISCARDABLE | ZX_VMO_UNBOUNDED))
		return ZX_ERR_INVALID_ARGS;
	/* Legal in Zircon, but nothing here would discard its pages. */
	if (options & ZX_VMO_DISCARDABLE)
		return ZX_ERR_NOT_SUPPORTED;
	fd = zxi_open(&status);
	if (fd < 0)
		return status;
	status = zxi_fd_ioctl(fd, ZXP_IOC_CREATE_VMO, &arg);
	zxi_close_fd(fd);
	if (status != ZX_OK)
		return status;
	if (options & ZX_VMO_RESIZABLE)
		rights |= ZX_RIGHT_RESIZE;
	return zxi_publish(arg.out_fd, ZX_OBJ_TYPE_VMO, rights, ZX_HANDLE_INVALID,
			   out);
}

static ZXI_INLINE zx_status_t vmo_io(zx_handle_t handle, zx_rights_t right,
				     unsigned long request, const void *buffer,
				     uint64_t offset, size_t length)
{
	struct zxp_vmo_io arg = {
		.size = sizeof(arg),
		.offset = offset,
		.length = length,
		.buffer = (uintptr_t)buffer,
	};

	return zxi_ioctl(handle, ZX_OBJ_TYPE_VMO, right, request, &arg);
}

zx_status_t zx_vmo_read(zx_handle_t handle, void *buffer, uint64_t offset,
			size_t buffer_size)
{
	return vmo_io(handle, ZX_RIGHT_READ, ZXP_IOC_VMO_READ, buffer, offset,
		      buffer_size);
}

zx_status_t zx_vmo_write(zx_handle_t handle, const void *buffer, uint64_t offset,
			 size_t buffer_size)
{
	return vmo_io(handle, ZX_RIGHT_WRITE, ZXP_IOC_VMO_WRITE, buffer, offset,
		      buffer_size);
}

static __attribute__((__noinline__)) zx_status_t tell_size(zx_handle_t handle, uint64_t *size,
							   bool of_stream)
{
	struct zxp_vmo_info info;
	zx_status_t status = zxi_vmo_info(handle, &info);

	return status == ZX_OK ?
	       zxi_copy_out(size, of_stream ? &info.out_stream_size : &info.out_vmo_size,
			    sizeof(*size)) : status;
}

/* Anyone may know the sizes. */
static ZXI_INLINE zx_status_t get_size(zx_handle_t handle, uint64_t *size, bool of_stream)
{
	struct zxp_vmo_info info;
	zx_status_t status;

	if (!zxi_is_beside(size, sizeof(*size)))
		return tell_size(handle, size, of_stream);
	status = vmo_info(handle, &info);
	if (status == ZX_OK)
		*size = of_stream ? info.out_stream_size : info.out_vmo_size;
	return status;
}

zx_status_t zx_vmo_get_size(zx_handle_t handle, uint64_t *size)
{
	return get_size(handle, size, false);
}

zx_status_t zx_vmo_get_stream_size(zx_handle_t handle, uint64_t *size)
{
	return get_size(handle, size, true);
}

/* Of a descriptor, which has WRITE. */
static zx_status_t set_size(int fd, zx_handle_t handle, uint64_t size)
{
	struct zxp_vmo_info info;
	zx_status_t status = zxi_fd_vmo_info(fd, &info);
	int rc;

	if (status != ZX_OK)
		return status;
	/* Also for an unbounded one, where ftruncate() sets the stream size. */
	if (!(info.out_options & ZXP_VMO_RESIZABLE))
		return ZX_ERR_UNAVAILABLE;
	status = zxi_check(handle, ZX_OBJ_TYPE_VMO, ZX_RIGHT_RESIZE);
	if (status != ZX_OK)
		return status;
	if (size > INT64_MAX)
		return ZX_ERR_OUT_OF_RANGE;
	/* A copy has whole pages; of the last one the rest is zero, as in Zircon. */
	if ((info.out_flags & ZXP_VMO_INFO_COPY) && !zxi_aligned(size) &&
	    size < info.out_vmo_size) {
		status = zxi_vmo_op(fd, ZX_VMO_OP_ZERO, size, zxi_round_up(size) - size);
		if (status != ZX_OK)
			return status;
	}
	do {
		rc = ftruncate(fd, (off_t)size);
	} while (rc && errno == EINTR);
	return rc ? zxi_errno() : ZX_OK;
}

static __attribute__((__noinline__)) zx_status_t set_size_slowly(zx_handle_t handle,
								 uint64_t size)
{
	zx_status_t status;
	int fd;

	status = zxi_get(handle, ZX_OBJ_TYPE_VMO, ZX_RIGHT_WRITE, &fd);
	if (status != ZX_OK)
		return status;
	status = set_size(fd, handle, size);
	zxi_put(fd);
	return status;
}

zx_status_t zx_vmo_set_size(zx_handle_t handle, uint64_t size)
{
	struct zxi_slot *slot = zxi_fd_slot(handle);
	const int fd = (int)zxi_fd_of(handle);
	int rc;

	/* A handle has RESIZE if that can be done; then there is nothing to ask for whole pages. */
	if (!zxi_aligned(size) || size > INT64_MAX ||
	    !zxi_try_get(slot, handle, ZX_OBJ_TYPE_VMO, ZX_RIGHT_WRITE | ZX_RIGHT_RESIZE))
		return set_size_slowly(handle, size);
	rc = ftruncate(fd, (off_t)size);
	zxi_put_slot(slot, fd);
	return rc ? set_size_slowly(handle, size) : ZX_OK;
}

zx_status_t zx_vmo_set_stream_size(zx_handle_t handle, uint64_t size)
{
	struct zxp_vmo_set_stream_size arg = {
		.size = sizeof(arg),
		.stream_size = size,
	};
	struct zxp_vmo_info info;
	zx_status_t status;
	int fd;

	status = zxi_get(handle, ZX_OBJ_TYPE_VMO, ZX_RIGHT_WRITE, &fd);
	if (status != ZX_OK)
		return status;
	status = zxi_fd_ioctl(fd, ZXP_IOC_VMO_SET_STREAM_SIZE, &arg);
	/* A VMO that does not have that call is a child: its stream size is its size. */
	if (status == ZX_ERR_WRONG_TYPE && zxi_fd_vmo_info(fd, &info) == ZX_OK) {
		if (size > info.out_vmo_size)
			status = ZX_ERR_OUT_OF_RANGE;
		else
			status = size == info.out_stream_size ? ZX_OK :
								ZX_ERR_NOT_SUPPORTED;
	}
	zxi_put(fd);
	return status;
}

/* The rights that an operation needs; of those for a lock one will do. */
static zx_status_t check_op(zx_handle_t handle, uint32_t op)
{
	zx_status_t status;

	switch (op) {
	case ZX_VMO_OP_COMMIT:
	case ZX_VMO_OP_DECOMMIT:
	case ZX_VMO_OP_ZERO:
		return zxi_check(handle, ZX_OBJ_TYPE_VMO, ZX_RIGHT_WRITE);
	case ZX_VMO_OP_PREFETCH:
		return zxi_check(handle, ZX_OBJ_TYPE_VMO, ZX_RIGHT_READ);
	case ZX_VMO_OP_CACHE_SYNC:
	case ZX_VMO_OP_CACHE_INVALIDATE:
	case ZX_VMO_OP_CACHE_CLEAN:
	case ZX_VMO_OP_CACHE_CLEAN_INVALIDATE:
		status = zxi_check(handle, ZX_OBJ_TYPE_VMO, ZX_RIGHT_READ);
		break;
	case ZX_VMO_OP_LOCK:
	case ZX_VMO_OP_UNLOCK:
	case ZX_VMO_OP_TRY_LOCK:
		status = zxi_check(handle, ZX_OBJ_TYPE_VMO, ZX_RIGHT_READ);
		if (status == ZX_ERR_ACCESS_DENIED)
			status = zxi_check(handle, ZX_OBJ_TYPE_VMO, ZX_RIGHT_WRITE);
		break;
	default:
		return zxi_check(handle, ZX_OBJ_TYPE_VMO, 0);
	}
	/* Linux lets no program look after caches, and nothing is discardable. */
	return status == ZX_OK ? ZX_ERR_NOT_SUPPORTED : status;
}

/* What is no pager's and no copy gives pages back, and reads as zeroes there. */
static zx_status_t plan_decommit(int fd, struct zxp_vmo_op_range *arg)
{
	struct zxp_vmo_info info;
	zx_status_t status = zxi_fd_vmo_info(fd, &info);

	if (status != ZX_OK ||
	    (info.out_flags & (ZXP_VMO_INFO_PAGER_BACKED | ZXP_VMO_INFO_COPY)))
		return status;
	if (!zxi_aligned(arg->offset | arg->length))
		return ZX_ERR_INVALID_ARGS;
	arg->op = ZXP_VMO_OP_ZERO;
	return ZX_OK;
}

zx_status_t zxi_vmo_op(int fd, uint32_t op, uint64_t offset, uint64_t length)
{
	struct zxp_vmo_op_range arg = {
		.size = sizeof(arg),
		.op = op,
		.offset = offset,
		.length = length,
	};
	zx_status_t status = ZX_OK;

	if (op == ZX_VMO_OP_DECOMMIT)
		status = plan_decommit(fd, &arg);
	return status == ZX_OK ? zxi_fd_ioctl(fd, ZXP_IOC_VMO_OP_RANGE, &arg) :
				 status;
}

/* As in Zircon @buffer is not looked at: it is for locks. */
zx_status_t zx_vmo_op_range(zx_handle_t handle, uint32_t op, uint64_t offset,
			    uint64_t size, void *buffer, size_t buffer_size)
{
	zx_status_t status = check_op(handle, op);
	int fd;

	(void)buffer;
	(void)buffer_size;
	if (status == ZX_OK)
		status = zxi_get(handle, ZX_OBJ_TYPE_VMO, 0, &fd);
	if (status != ZX_OK)
		return status;
	status = zxi_vmo_op(fd, op, offset, size);
	zxi_put(fd);
	return status;
}

#define COPIES		(ZX_VMO_CHILD_SNAPSHOT | ZX_VMO_CHILD_SNAPSHOT_MODIFIED | \
			 ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE)
#define CHILD_OPTIONS	(COPIES | ZX_VMO_CHILD_SLICE | ZX_VMO_CHILD_REFERENCE | \
			 ZX_VMO_CHILD_RESIZABLE | ZX_VMO_CHILD_NO_WRITE)

/* What the child's handle may do, of what the parent's may. */
static zx_rights_t child_rights(zx_rights_t rights, uint32_t options)
{
	rights &= ~ZX_RIGHT_RESIZE;
	rights |= ZX_RIGHTS_PROPERTY;
	if (options & ZX_VMO_CHILD_RESIZABLE)
		rights |= ZX_RIGHT_RESIZE;
	if (options & ZX_VMO_CHILD_NO_WRITE)
		return rights & ~ZX_RIGHT_WRITE;
	if (options & (COPIES | ZXP_CHILD_POINT_IN_TIME))
		rights = (rights & ~ZX_RIGHT_EXECUTE) | ZX_RIGHT_WRITE;
	return rights;
}

/* @linux_options are ZXP_CHILD_* that Zircon does not have. */
static zx_status_t create_child(zx_handle_t handle, uint32_t options, uint32_t linux_options,
				uint64_t offset, uint64_t size, zx_handle_t *out)
{
	const uint32_t both = ZX_VMO_CHILD_NO_WRITE | ZX_VMO_CHILD_RESIZABLE;
	const uint32_t resizable = ZX_VMO_CHILD_REFERENCE | ZX_VMO_CHILD_RESIZABLE;
	struct zxp_vmo_create_child arg = {
		.size = sizeof(arg),
		.options = options | linux_options,
		.offset = offset,
		.length = size,
	};
	zx_rights_t rights;
	zx_obj_type_t type;
	zx_status_t status;

	if (zxi_round_up(size) < size)
		return ZX_ERR_OUT_OF_RANGE;
	if ((options & both) == both)
		return ZX_ERR_INVALID_ARGS;
	status = zxi_check(handle, ZX_OBJ_TYPE_VMO,
			   ZX_RIGHT_DUPLICATE | ZX_RIGHT_READ);
	if (status == ZX_OK)
		status = zxi_identify(handle, &type, &rights);
	/* Whatever the kind is, and so before whether there are any of it. */
	if (status == ZX_OK && (!zxi_aligned(offset) || options & ~CHILD_OPTIONS))
		status = ZX_ERR_INVALID_ARGS;
	if (status == ZX_OK && (options & resizable) == resizable &&
	    !(rights & ZX_RIGHT_RESIZE))
		status = ZX_ERR_ACCESS_DENIED;
	/* What is no copy is written to by who may write to the parent, by any handle. */
	if (status == ZX_OK && options & (ZX_VMO_CHILD_SLICE | ZX_VMO_CHILD_REFERENCE) &&
	    !(rights & ZX_RIGHT_WRITE))
		arg.options |= ZXP_CHILD_NO_WRITE;
	if (status == ZX_OK)
		status = zxi_ioctl(handle, ZX_OBJ_TYPE_VMO, 0, ZXP_IOC_VMO_CREATE_CHILD, &arg);
	if (status != ZX_OK)
		return status;
	zxi_signal_child(handle);
	return zxi_publish_child(arg.out_fd, child_rights(rights, options | linux_options),
				 handle, rights & ZX_RIGHT_GET_PROPERTY, out);
}

zx_status_t zx_vmo_create_child(zx_handle_t handle, uint32_t options,
				uint64_t offset, uint64_t size, zx_handle_t *out)
{
	return create_child(handle, options, 0, offset, size, out);
}

zx_status_t zx_linux_vmo_create_child(zx_handle_t handle, uint32_t options, uint32_t flags,
				      uint64_t offset, uint64_t size, zx_handle_t *out)
{
	if (flags & ~ZX_LINUX_CHILD_POINT_IN_TIME)
		return ZX_ERR_INVALID_ARGS;
	return create_child(handle, options,
			    flags & ZX_LINUX_CHILD_POINT_IN_TIME ? ZXP_CHILD_POINT_IN_TIME : 0,
			    offset, size, out);
}

/* There are no resources, so anybody may, as where Zircon's job policy allows it. */
zx_status_t zx_vmo_replace_as_executable(zx_handle_t handle, zx_handle_t vmex,
					 zx_handle_t *out)
{
	zx_obj_type_t type;
	zx_rights_t rights;
	zx_status_t status, vmex_status = ZX_OK;

	if (vmex != ZX_HANDLE_INVALID) {
		vmex_status = zxi_identify(vmex, &type, &rights);
		if (vmex_status == ZX_OK)
			vmex_status = ZX_ERR_WRONG_TYPE;
	}
	status = zxi_identify(handle, &type, &rights);
	if (status == ZX_OK && type != ZX_OBJ_TYPE_VMO)
		status = ZX_ERR_BAD_HANDLE;
	if (status == ZX_OK)
		status = vmex_status;
	if (status == ZX_OK)
		status = zxi_replace(handle, rights | ZX_RIGHT_EXECUTE, -1, out);
	if (status != ZX_OK)
		zx_handle_close(handle);
	return status;
}

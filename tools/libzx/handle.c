// SPDX-License-Identifier: MIT
/*
 * Handles: file descriptors in Zircon's clothes.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "internal.h"

zx_handle_t zx_linux_handle_from_fd(int fd)
{
	if (fd < 0 || fd >= INT_MAX / 2)
		return ZX_HANDLE_INVALID;
	return (zx_handle_t)fd << 2 | ZX_HANDLE_FIXED_BITS_MASK;
}

int zx_linux_handle_to_fd(zx_handle_t handle)
{
	if (handle == ZXI_VMAR_ROOT ||
	    (handle & ZX_HANDLE_FIXED_BITS_MASK) != ZX_HANDLE_FIXED_BITS_MASK)
		return -1;
	return (int)(handle >> 2);
}

zx_status_t zx_handle_close(zx_handle_t handle)
{
	if (handle == ZX_HANDLE_INVALID || handle == ZXI_VMAR_ROOT)
		return ZX_OK;
	/* Linux has closed it too when a signal came or a flush failed. */
	if (close(zxi_fd(handle)) && errno == EBADF)
		return ZX_ERR_BAD_HANDLE;
	return ZX_OK;
}

/* A new open file of the same VMO, for there is no way to take a mode away. */
static int reopen(int fd, int mode)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, mode | O_CLOEXEC);
}

static zx_status_t dup_fd(int fd, zx_handle_t *out)
{
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return zxi_errno();
	*out = zx_linux_handle_from_fd(fd);
	return ZX_OK;
}

zx_status_t zx_handle_duplicate(zx_handle_t handle, zx_rights_t rights,
				zx_handle_t *out)
{
	struct zxp_info pager = { .size = sizeof(pager) };
	struct zxp_vmo_info vmo;
	int fd = zxi_fd(handle), flags = fcntl(fd, F_GETFL), mode;
	zx_rights_t has;

	if (flags < 0)
		return ZX_ERR_BAD_HANDLE;
	if (zxi_ioctl(handle, ZXP_IOC_GET_INFO, &pager) == ZX_OK)
		return ZX_ERR_ACCESS_DENIED;
	if (!out)
		return ZX_ERR_INVALID_ARGS;
	if (rights == ZX_RIGHT_SAME_RIGHTS || zxi_vmo_info(handle, &vmo) != ZX_OK)
		return dup_fd(fd, out);

	mode = flags & O_ACCMODE;
	has = mode == O_RDWR ? ZX_RIGHTS_IO :
	      mode == O_WRONLY ? ZX_RIGHT_WRITE : ZX_RIGHT_READ;
	rights &= ZX_RIGHTS_IO;
	if (rights & ~has)
		return ZX_ERR_INVALID_ARGS;
	if (!rights)
		return ZX_ERR_NOT_SUPPORTED;
	if (rights == has)
		return dup_fd(fd, out);
	fd = reopen(fd, rights == ZX_RIGHT_READ ? O_RDONLY : O_WRONLY);
	if (fd < 0)
		return zxi_errno();
	*out = zx_linux_handle_from_fd(fd);
	return ZX_OK;
}

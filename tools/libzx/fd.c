// SPDX-License-Identifier: MIT
/*
 * Handles that are file descriptors.
 */
#include "base.h"

zx_handle_t zx_linux_handle_from_fd(int fd)
{
	if (fd < 0 || (unsigned int)fd >= ZXI_MAX_FD)
		return ZX_HANDLE_INVALID;
	return (zx_handle_t)fd << 2 | ZX_HANDLE_FIXED_BITS_MASK;
}

int zx_linux_handle_to_fd(zx_handle_t handle)
{
	if ((handle & ZX_HANDLE_FIXED_BITS_MASK) != ZX_HANDLE_FIXED_BITS_MASK ||
	    handle >> 2 >= ZXI_MAX_FD)
		return -1;
	return (int)(handle >> 2);
}

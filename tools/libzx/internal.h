/* SPDX-License-Identifier: MIT */
/*
 * What the files of libzx share.
 */
#ifndef LIBZX_INTERNAL_H
#define LIBZX_INTERNAL_H

#include <errno.h>
#include <sys/ioctl.h>

#include <linux/zxpager.h>

#include <zircon/linux.h>
#include <zircon/syscalls.h>

/* A number that is no descriptor, nor ZXP_PORT_OWN, which means something. */
#define ZXI_NO_FD	(-2)

/* The only handle that is no file descriptor; no descriptor is that large. */
#define ZXI_VMAR_ROOT	((zx_handle_t)0xffffffff)

static inline int zxi_fd(zx_handle_t handle)
{
	int fd = zx_linux_handle_to_fd(handle);

	return fd < 0 ? ZXI_NO_FD : fd;
}

static inline zx_status_t zxi_errno(void)
{
	return zx_linux_status_from_errno(errno);
}

/* ioctl() of @handle; @arg begins with its size. */
static inline zx_status_t zxi_ioctl(zx_handle_t handle, unsigned long request,
				    void *arg)
{
	int rc;

	do {
		rc = ioctl(zxi_fd(handle), request, arg);
	} while (rc < 0 && errno == EINTR);
	return rc < 0 ? zxi_errno() : ZX_OK;
}

/* Opens /dev/zxpager; the new pager is *@out. */
zx_status_t zxi_open_pager(zx_handle_t *out);

/* BAD_HANDLE, WRONG_TYPE, or what there is to know of a VMO. */
zx_status_t zxi_vmo_info(zx_handle_t vmo, struct zxp_vmo_info *info);

static inline int zxi_aligned(uint64_t value)
{
	return !(value & (zx_system_get_page_size() - 1));
}

#endif /* LIBZX_INTERNAL_H */

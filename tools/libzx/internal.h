/* SPDX-License-Identifier: MIT */
/*
 * What the files of libzx share.
 */
#ifndef LIBZX_INTERNAL_H
#define LIBZX_INTERNAL_H

#include <errno.h>
#include <stdbool.h>
#include <sys/ioctl.h>

#include <linux/zxpager.h>

#include <zircon/linux.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>

#include "table.h"

/* A number that is no descriptor, nor ZXP_PORT_OWN, which means something. */
#define ZXI_NO_FD	(-2)

static inline int zxi_fd(zx_handle_t handle)
{
	int fd = zx_linux_handle_to_fd(handle);

	return fd < 0 ? ZXI_NO_FD : fd;
}

static inline zx_status_t zxi_errno(void)
{
	return zx_linux_status_from_errno(errno);
}

/* ioctl() of @fd; @arg begins with its size. */
static inline zx_status_t zxi_fd_ioctl(int fd, unsigned long request, void *arg)
{
	int rc;

	do {
		rc = ioctl(fd, request, arg);
	} while (rc < 0 && errno == EINTR);
	return rc < 0 ? zxi_errno() : ZX_OK;
}

static inline zx_status_t zxi_ioctl(zx_handle_t handle, unsigned long request,
				    void *arg)
{
	return zxi_fd_ioctl(zxi_fd(handle), request, arg);
}

/* Opens /dev/zxpager; a descriptor, or -1 and *@status. */
int zxi_open(zx_status_t *status);

/* The handles of a call on a VMO of a pager. */
zx_status_t zxi_check_pager_vmo(zx_handle_t pager, zx_rights_t pager_rights,
				zx_handle_t vmo, zx_rights_t vmo_rights);

/* BAD_HANDLE, WRONG_TYPE, or what there is to know of a VMO. */
zx_status_t zxi_vmo_info(zx_handle_t vmo, struct zxp_vmo_info *info);

/* zx_vmo_op_range() of a descriptor. */
zx_status_t zxi_vmo_op(int fd, uint32_t op, uint64_t offset, uint64_t length);

/*
 * Copies between the library and memory that the caller named, which may be bad:
 * then INVALID_ARGS, as from a system call.
 */
zx_status_t zxi_copy_out(void *to, const void *from, size_t size);
zx_status_t zxi_copy_in(void *to, const void *from, size_t size);

static inline bool zxi_aligned(uint64_t value)
{
	return !(value & (zx_system_get_page_size() - 1));
}

/* @value rounded up to a page; 0 if it is 0 or would wrap. */
static inline uint64_t zxi_round_up(uint64_t value)
{
	uint64_t mask = zx_system_get_page_size() - 1;

	return (value + mask) & ~mask;
}

#endif /* LIBZX_INTERNAL_H */

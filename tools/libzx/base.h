/* SPDX-License-Identifier: MIT */
/*
 * What all of libzx stands on: descriptors, calls of the module, copies to and from the
 * caller's memory, permissions.
 */
#ifndef LIBZX_BASE_H
#define LIBZX_BASE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>

#include <linux/zxpager.h>

#include <zircon/linux.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>

/* The size of a struct zxp_vmo_info for which the kernel counts no pages. */
#define ZXI_VMO_INFO_UNCOUNTED	offsetof(struct zxp_vmo_info, out_shared_bytes)

/* A number that is no descriptor, nor ZXP_PORT_OWN, which means something. */
#define ZXI_NO_FD	(-2)

static inline zx_status_t zxi_errno(void)
{
	return zx_linux_status_from_errno(errno);
}

/* ioctl() of @fd, which a signal may end; @arg begins with its size. */
static inline zx_status_t zxi_fd_ioctl_once(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) < 0 ? zxi_errno() : ZX_OK;
}

/* The same, once more after a signal. */
static inline zx_status_t zxi_fd_ioctl(int fd, unsigned long request, void *arg)
{
	zx_status_t status;

	do {
		errno = 0;
		status = zxi_fd_ioctl_once(fd, request, arg);
	} while (status != ZX_OK && errno == EINTR);
	return status;
}

/* Opens /dev/zxpager; a descriptor, or -1 and *@status. */
int zxi_open(zx_status_t *status);

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

#define ZXI_VM_PERMS	(ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE)
#define ZXI_CAN_MAP	(ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | \
			 ZX_VM_CAN_MAP_EXECUTE)
#define ZXI_VM_SPECIFIC	(ZX_VM_SPECIFIC | ZX_VM_SPECIFIC_OVERWRITE)

zx_vm_option_t zxi_add_read(zx_vm_option_t options);
zx_vm_option_t zxi_perms_of(zx_rights_t rights);
/* What can be written or executed can be read. */
bool zxi_valid_perms(zx_vm_option_t options);
bool zxi_valid_align(zx_vm_option_t options);
int zxi_prot(zx_vm_option_t options);

#endif /* LIBZX_BASE_H */

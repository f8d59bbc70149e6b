/* SPDX-License-Identifier: MIT */
/*
 * What all of libzx stands on: descriptors, calls of the module, copies to and from the
 * caller's memory, permissions.
 */
#ifndef LIBZX_BASE_H
#define LIBZX_BASE_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>

#include <linux/zxpager.h>

#include <zircon/linux.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>

/* The size of a struct zxp_vmo_info for which the kernel counts no pages. */
#define ZXI_VMO_INFO_UNCOUNTED	offsetof(struct zxp_vmo_info, out_shared_bytes)

/* In each call, whose handles' types and rights are known there. */
#define ZXI_INLINE	inline __attribute__((__always_inline__))

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

/* What an ioctl that failed was: once more after a signal. */
zx_status_t zxi_ioctl_failed(int fd, unsigned long request, void *arg);

/* The same, once more after a signal. */
static inline zx_status_t zxi_fd_ioctl(int fd, unsigned long request, void *arg)
{
	return __builtin_expect(ioctl(fd, request, arg) < 0, false) ?
	       zxi_ioctl_failed(fd, request, arg) : ZX_OK;
}

/*
 * No call ends in the middle because its thread is cancelled, as what it holds would be held
 * forever: that waits until the call returns.
 */
static inline int zxi_cancel_off(void)
{
	int was;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &was);
	return was;
}

static inline void zxi_cancel_as(int was)
{
	pthread_setcancelstate(was, NULL);
}

/* As close(), but no cancellation point. */
int zxi_close_fd(int fd);

/* What @fd is of, with O_RDONLY, O_WRONLY or O_RDWR; a new descriptor, or -1 and errno. */
int zxi_reopen(int fd, int mode);

/* Opens /dev/zxpager; a descriptor, or -1 and *@status. */
int zxi_open(zx_status_t *status);

/* The size of a page, which never changes; 0: nobody has asked yet. */
extern _Atomic uint32_t zxi_page_size;
uint32_t zxi_ask_page_size(void);

/* No page is smaller. */
#define ZXI_SMALLEST_PAGE	4096u

static inline uint32_t zxi_page(void)
{
#ifdef __x86_64__
	return ZXI_SMALLEST_PAGE;
#else
	uint32_t size = atomic_load_explicit(&zxi_page_size, memory_order_relaxed);

	return size ? size : zxi_ask_page_size();
#endif
}

static inline bool zxi_aligned(uint64_t value)
{
	return !(value & (zxi_page() - 1));
}

/* @value rounded up to a page; 0 if it is 0 or would wrap. */
static inline uint64_t zxi_round_up(uint64_t value)
{
	uint64_t mask = zxi_page() - 1;

	return (value + mask) & ~mask;
}

/* Copies by the kernel, which knows whether what the caller named is there. */
zx_status_t zxi_copy_out_by_kernel(void *to, const void *from, size_t size);
zx_status_t zxi_copy_in_by_kernel(void *to, const void *from, size_t size);

/*
 * Whether all that is there is in the page of the stack where this call is, which can be read and
 * written: so are most things that a caller names.
 */
static ZXI_INLINE bool zxi_is_beside(const void *what, size_t size)
{
	char here;
	const uintptr_t at = (uintptr_t)&here, first = (uintptr_t)what, last = first + size - 1;

	return ((at ^ first) | (at ^ last)) < ZXI_SMALLEST_PAGE;
}

/*
 * Copies between the library and memory that the caller named, which may be bad:
 * then INVALID_ARGS, as from a system call.
 */
static ZXI_INLINE zx_status_t zxi_copy_out(void *to, const void *from, size_t size)
{
	if (!zxi_is_beside(to, size))
		return zxi_copy_out_by_kernel(to, from, size);
	/* NOLINTNEXTLINE(clang-analyzer-unix.cstring.NullArg): no stack is there */
	__builtin_memcpy(to, from, size);
	return ZX_OK;
}

static ZXI_INLINE zx_status_t zxi_copy_in(void *to, const void *from, size_t size)
{
	if (!size || !zxi_is_beside(from, size))
		return zxi_copy_in_by_kernel(to, from, size);
	__builtin_memcpy(to, from, size);
	return ZX_OK;
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

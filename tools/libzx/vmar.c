// SPDX-License-Identifier: MIT
/*
 * The address space of the calling process.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"

#define PERMS (ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE)

/* What changes nothing here, or is looked at in zx_vmar_map(). */
#define MAP_OPTIONS (PERMS | ZX_VM_COMPACT | ZX_VM_SPECIFIC | \
		     ZX_VM_SPECIFIC_OVERWRITE | ZX_VM_MAP_RANGE | \
		     ZX_VM_REQUIRE_NON_RESIZABLE | ZX_VM_ALLOW_FAULTS | \
		     ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED | \
		     ZX_VM_FAULT_BEYOND_STREAM_SIZE)

/* Zircon has these, Linux has not. */
#define UNSUPPORTED_OPTIONS (ZX_VM_OFFSET_IS_UPPER_LIMIT | \
			     ~(((zx_vm_option_t)1 << ZX_VM_ALIGN_BASE) - 1))

uint32_t zx_system_get_page_size(void)
{
	return (uint32_t)sysconf(_SC_PAGESIZE);
}

zx_handle_t zx_vmar_root_self(void)
{
	return ZXI_VMAR_ROOT;
}

static zx_status_t check_vmar(zx_handle_t handle)
{
	if (handle == ZXI_VMAR_ROOT)
		return ZX_OK;
	return fcntl(zxi_fd(handle), F_GETFD) < 0 ? ZX_ERR_BAD_HANDLE :
						    ZX_ERR_WRONG_TYPE;
}

/* Zircon has no way to say write-only either. */
static zx_status_t protection(zx_vm_option_t options, int *prot)
{
	if (options & ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED)
		options |= ZX_VM_PERM_READ;
	if ((options & ZX_VM_PERM_WRITE) && !(options & ZX_VM_PERM_READ))
		return ZX_ERR_INVALID_ARGS;
	*prot = (options & ZX_VM_PERM_READ ? PROT_READ : 0) |
		(options & ZX_VM_PERM_WRITE ? PROT_WRITE : 0) |
		(options & ZX_VM_PERM_EXECUTE ? PROT_EXEC : 0);
	return ZX_OK;
}

/* Rounds @len up to a page; OUT_OF_RANGE if it overflows then, 0 is not allowed. */
static zx_status_t round_len(uint64_t *len)
{
	uint64_t mask = zx_system_get_page_size() - 1;

	if (!*len)
		return ZX_ERR_INVALID_ARGS;
	if (*len > INT64_MAX - mask)
		return ZX_ERR_OUT_OF_RANGE;
	*len = (*len + mask) & ~mask;
	return ZX_OK;
}

/* The kind of mapping that @options and @vmar_offset ask for, as mmap()'s flags. */
static zx_status_t placement(zx_vm_option_t options, uint64_t vmar_offset,
			     int *flags)
{
	if (options & UNSUPPORTED_OPTIONS)
		return ZX_ERR_NOT_SUPPORTED;
	if (options & ~MAP_OPTIONS)
		return ZX_ERR_INVALID_ARGS;
	if ((options & ZX_VM_FAULT_BEYOND_STREAM_SIZE) &&
	    !(options & ZX_VM_ALLOW_FAULTS))
		return ZX_ERR_INVALID_ARGS;
	*flags = MAP_SHARED;
	if (options & ZX_VM_SPECIFIC_OVERWRITE)
		*flags |= MAP_FIXED;
	else if (options & ZX_VM_SPECIFIC)
		*flags |= MAP_FIXED_NOREPLACE;
	else if (vmar_offset)
		return ZX_ERR_INVALID_ARGS;
	return zxi_aligned(vmar_offset) ? ZX_OK : ZX_ERR_INVALID_ARGS;
}

static zx_status_t check_extent(zx_vm_option_t options, zx_handle_t vmo,
				uint64_t vmo_offset, uint64_t len)
{
	struct zxp_vmo_info info;
	zx_status_t status = zxi_vmo_info(vmo, &info);
	bool resizable;

	if (status != ZX_OK)
		return status;
	if (!zxi_aligned(vmo_offset))
		return ZX_ERR_INVALID_ARGS;
	if (vmo_offset > INT64_MAX - len)
		return ZX_ERR_OUT_OF_RANGE;
	resizable = info.out_options & ZXP_VMO_RESIZABLE;
	if (resizable && (options & ZX_VM_REQUIRE_NON_RESIZABLE))
		return ZX_ERR_NOT_SUPPORTED;
	if (!resizable && !(options & ZX_VM_ALLOW_FAULTS) &&
	    vmo_offset + len > info.out_vmo_size)
		return ZX_ERR_BUFFER_TOO_SMALL;
	return ZX_OK;
}

zx_status_t zx_vmar_map(zx_handle_t handle, zx_vm_option_t options,
			uint64_t vmar_offset, zx_handle_t vmo,
			uint64_t vmo_offset, uint64_t len,
			zx_vaddr_t *mapped_addr)
{
	zx_status_t status = check_vmar(handle);
	int flags, prot;
	void *addr;

	if (status == ZX_OK)
		status = placement(options, vmar_offset, &flags);
	if (status == ZX_OK)
		status = protection(options, &prot);
	if (status == ZX_OK)
		status = round_len(&len);
	if (status == ZX_OK)
		status = check_extent(options, vmo, vmo_offset, len);
	if (status == ZX_OK && !mapped_addr)
		status = ZX_ERR_INVALID_ARGS;
	if (status != ZX_OK)
		return status;

	addr = mmap((void *)(uintptr_t)vmar_offset, len, prot, flags, zxi_fd(vmo),
		    (off_t)vmo_offset);
	if (addr == MAP_FAILED)
		return errno == EPERM ? ZX_ERR_ACCESS_DENIED : zxi_errno();
	*mapped_addr = (zx_vaddr_t)addr;
	return ZX_OK;
}

zx_status_t zx_vmar_unmap(zx_handle_t handle, zx_vaddr_t addr, uint64_t len)
{
	zx_status_t status = check_vmar(handle);

	if (status == ZX_OK && !zxi_aligned(addr))
		status = ZX_ERR_INVALID_ARGS;
	if (status == ZX_OK && round_len(&len) != ZX_OK)
		status = ZX_ERR_INVALID_ARGS;
	if (status != ZX_OK)
		return status;
	return munmap((void *)addr, len) ? zxi_errno() : ZX_OK;
}

zx_status_t zx_vmar_protect(zx_handle_t handle, zx_vm_option_t options,
			    zx_vaddr_t addr, uint64_t len)
{
	zx_status_t status = check_vmar(handle);
	int prot;

	if (status == ZX_OK && ((options & ~PERMS) || !zxi_aligned(addr)))
		status = ZX_ERR_INVALID_ARGS;
	if (status == ZX_OK)
		status = protection(options, &prot);
	if (status == ZX_OK && round_len(&len) != ZX_OK)
		status = ZX_ERR_INVALID_ARGS;
	if (status != ZX_OK)
		return status;
	if (!mprotect((void *)addr, len, prot))
		return ZX_OK;
	/* ENOMEM: a hole in the range, for all that this call allocates is little. */
	return errno == ENOMEM ? ZX_ERR_NOT_FOUND : zxi_errno();
}

// SPDX-License-Identifier: MIT
/*
 * What a mapping may be used for: Zircon's options, the rights of handles, and PROT_*.
 */
#include <sys/mman.h>

#include "base.h"

zx_vm_option_t zxi_add_read(zx_vm_option_t options)
{
	/* Memory that can be executed and not read is not for each machine. */
	if (options & ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED)
		options |= ZX_VM_PERM_READ;
	return options & ~ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED;
}

zx_vm_option_t zxi_perms_of(zx_rights_t rights)
{
	return (rights & ZX_RIGHT_READ ? ZX_VM_PERM_READ : 0) |
	       (rights & ZX_RIGHT_WRITE ? ZX_VM_PERM_WRITE : 0) |
	       (rights & ZX_RIGHT_EXECUTE ? ZX_VM_PERM_EXECUTE : 0);
}

bool zxi_valid_perms(zx_vm_option_t options)
{
	return (options & ZX_VM_PERM_READ) ||
	       !(options & (ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE));
}

int zxi_prot(zx_vm_option_t options)
{
	return (options & ZX_VM_PERM_READ ? PROT_READ : 0) |
	       (options & ZX_VM_PERM_WRITE ? PROT_WRITE : 0) |
	       (options & ZX_VM_PERM_EXECUTE ? PROT_EXEC : 0);
}

bool zxi_valid_align(zx_vm_option_t options)
{
	uint32_t align = options >> ZX_VM_ALIGN_BASE;

	return !align || (align >= 10 && align <= 32);
}

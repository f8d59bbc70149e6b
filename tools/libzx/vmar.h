/* SPDX-License-Identifier: MIT */
/*
 * Permissions of mappings.
 */
#ifndef LIBZX_VMAR_H
#define LIBZX_VMAR_H

#include <stdbool.h>

#include <zircon/types.h>

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

#endif /* LIBZX_VMAR_H */

/* SPDX-License-Identifier: MIT */
/*
 * Which right to the machine a resource is.  There are none here: who asks for one by its kind
 * compiles, and gets none.
 */
#ifndef ZIRCON_SYSCALLS_RESOURCE_H_
#define ZIRCON_SYSCALLS_RESOURCE_H_

#include <stdint.h>

typedef uint32_t zx_rsrc_kind_t;

#define ZX_RSRC_KIND_MMIO	((zx_rsrc_kind_t)0)
#define ZX_RSRC_KIND_IRQ	((zx_rsrc_kind_t)1)
#define ZX_RSRC_KIND_IOPORT	((zx_rsrc_kind_t)2)
#define ZX_RSRC_KIND_ROOT	((zx_rsrc_kind_t)3)
#define ZX_RSRC_KIND_SMC	((zx_rsrc_kind_t)4)
#define ZX_RSRC_KIND_SYSTEM	((zx_rsrc_kind_t)5)
#define ZX_RSRC_KIND_COUNT	((zx_rsrc_kind_t)6)

typedef uint32_t zx_rsrc_flags_t;

#define ZX_RSRC_FLAG_EXCLUSIVE	((zx_rsrc_flags_t)1 << 16)
#define ZX_RSRC_FLAGS_MASK	ZX_RSRC_FLAG_EXCLUSIVE

/* Which part of the system, of ZX_RSRC_KIND_SYSTEM. */
typedef uint64_t zx_rsrc_system_base_t;

#define ZX_RSRC_SYSTEM_HYPERVISOR_BASE	((zx_rsrc_system_base_t)0)
#define ZX_RSRC_SYSTEM_VMEX_BASE	((zx_rsrc_system_base_t)1)
#define ZX_RSRC_SYSTEM_DEBUG_BASE	((zx_rsrc_system_base_t)2)
#define ZX_RSRC_SYSTEM_INFO_BASE	((zx_rsrc_system_base_t)3)
#define ZX_RSRC_SYSTEM_CPU_BASE		((zx_rsrc_system_base_t)4)
#define ZX_RSRC_SYSTEM_POWER_BASE	((zx_rsrc_system_base_t)5)
#define ZX_RSRC_SYSTEM_MEXEC_BASE	((zx_rsrc_system_base_t)6)
#define ZX_RSRC_SYSTEM_ENERGY_INFO_BASE	((zx_rsrc_system_base_t)7)
#define ZX_RSRC_SYSTEM_IOMMU_BASE	((zx_rsrc_system_base_t)8)
#define ZX_RSRC_SYSTEM_FRAMEBUFFER_BASE	((zx_rsrc_system_base_t)9)
#define ZX_RSRC_SYSTEM_PROFILE_BASE	((zx_rsrc_system_base_t)10)
#define ZX_RSRC_SYSTEM_MSI_BASE		((zx_rsrc_system_base_t)11)
#define ZX_RSRC_SYSTEM_DEBUGLOG_BASE	((zx_rsrc_system_base_t)12)
#define ZX_RSRC_SYSTEM_STALL_BASE	((zx_rsrc_system_base_t)13)

#endif /* ZIRCON_SYSCALLS_RESOURCE_H_ */

/* SPDX-License-Identifier: MIT */
/*
 * Zircon's types and option bits, as far as pager, port, VMO and VMAR need them.
 */
#ifndef ZIRCON_TYPES_H_
#define ZIRCON_TYPES_H_

#include <stddef.h>
#include <stdint.h>

#include <zircon/errors.h>
#include <zircon/limits.h>
#include <zircon/rights.h>
#include <zircon/time.h>

/*
 * A handle is a file descriptor below 2^20 and a count of how often that was a handle
 * before, so that one that was closed is BAD_HANDLE though its descriptor's number lives
 * again.  As in Zircon 0 is no handle and the two lowest bits of each handle are set.
 * <zircon/linux.h> converts.
 */
typedef uint32_t zx_handle_t;

#define ZX_HANDLE_INVALID		((zx_handle_t)0)
#define ZX_HANDLE_FIXED_BITS_MASK	((zx_handle_t)0x3)

typedef int32_t zx_status_t;
typedef uintptr_t zx_vaddr_t;
typedef uintptr_t zx_paddr_t;
typedef uintptr_t zx_gpaddr_t;
typedef uint64_t zx_off_t;
typedef uint32_t zx_signals_t;
typedef uint32_t zx_vm_option_t;

/* Who an object is: the same for all its handles. */
typedef uint64_t zx_koid_t;

#define ZX_KOID_INVALID			((zx_koid_t)0)
#define ZX_KOID_KERNEL			((zx_koid_t)1)
#define ZX_KOID_FIRST			((zx_koid_t)1024)

/*
 * What an object is.  Of a handle of ours it is never RESOURCE, IOMMU, BTI, PMT or CLOCK, nor
 * one that is not here.
 */
typedef uint32_t zx_obj_type_t;

#define ZX_OBJ_TYPE_NONE		((zx_obj_type_t)0)
#define ZX_OBJ_TYPE_PROCESS		((zx_obj_type_t)1)
#define ZX_OBJ_TYPE_THREAD		((zx_obj_type_t)2)
#define ZX_OBJ_TYPE_VMO			((zx_obj_type_t)3)
#define ZX_OBJ_TYPE_CHANNEL		((zx_obj_type_t)4)
#define ZX_OBJ_TYPE_EVENT		((zx_obj_type_t)5)
#define ZX_OBJ_TYPE_PORT		((zx_obj_type_t)6)
#define ZX_OBJ_TYPE_INTERRUPT		((zx_obj_type_t)9)
#define ZX_OBJ_TYPE_PCI_DEVICE		((zx_obj_type_t)11)
#define ZX_OBJ_TYPE_DEBUGLOG		((zx_obj_type_t)12)
#define ZX_OBJ_TYPE_SOCKET		((zx_obj_type_t)14)
#define ZX_OBJ_TYPE_RESOURCE		((zx_obj_type_t)15)
#define ZX_OBJ_TYPE_EVENTPAIR		((zx_obj_type_t)16)
#define ZX_OBJ_TYPE_JOB			((zx_obj_type_t)17)
#define ZX_OBJ_TYPE_VMAR		((zx_obj_type_t)18)
#define ZX_OBJ_TYPE_FIFO		((zx_obj_type_t)19)
#define ZX_OBJ_TYPE_GUEST		((zx_obj_type_t)20)
#define ZX_OBJ_TYPE_VCPU		((zx_obj_type_t)21)
#define ZX_OBJ_TYPE_TIMER		((zx_obj_type_t)22)
#define ZX_OBJ_TYPE_IOMMU		((zx_obj_type_t)23)
#define ZX_OBJ_TYPE_BTI			((zx_obj_type_t)24)
#define ZX_OBJ_TYPE_PROFILE		((zx_obj_type_t)25)
#define ZX_OBJ_TYPE_PMT			((zx_obj_type_t)26)
#define ZX_OBJ_TYPE_SUSPEND_TOKEN	((zx_obj_type_t)27)
#define ZX_OBJ_TYPE_PAGER		((zx_obj_type_t)28)
#define ZX_OBJ_TYPE_EXCEPTION		((zx_obj_type_t)29)
#define ZX_OBJ_TYPE_CLOCK		((zx_obj_type_t)30)
#define ZX_OBJ_TYPE_STREAM		((zx_obj_type_t)31)
#define ZX_OBJ_TYPE_UPPER_BOUND		((zx_obj_type_t)64)

/* Signals that any object that can be waited for has, and that programs set. */
#define ZX_SIGNAL_NONE			((zx_signals_t)0)
#define ZX_USER_SIGNAL_0		((zx_signals_t)1 << 24)
#define ZX_USER_SIGNAL_1		((zx_signals_t)1 << 25)
#define ZX_USER_SIGNAL_2		((zx_signals_t)1 << 26)
#define ZX_USER_SIGNAL_3		((zx_signals_t)1 << 27)
#define ZX_USER_SIGNAL_4		((zx_signals_t)1 << 28)
#define ZX_USER_SIGNAL_5		((zx_signals_t)1 << 29)
#define ZX_USER_SIGNAL_6		((zx_signals_t)1 << 30)
#define ZX_USER_SIGNAL_7		((zx_signals_t)1 << 31)
#define ZX_USER_SIGNAL_ALL		((zx_signals_t)0xff000000)

/* A handle was closed while it was waited for; is told, and cannot be waited for. */
#define ZX_SIGNAL_HANDLE_CLOSED		((zx_signals_t)1 << 23)

/* What the other signals mean depends on the object. */
/* NOLINTBEGIN(bugprone-reserved-identifier): Zircon's names */
#define __ZX_OBJECT_SIGNAL_ALL		((zx_signals_t)0x00ffffff)
#define __ZX_OBJECT_READABLE		((zx_signals_t)1 << 0)
#define __ZX_OBJECT_WRITABLE		((zx_signals_t)1 << 1)
#define __ZX_OBJECT_PEER_CLOSED		((zx_signals_t)1 << 2)
#define __ZX_OBJECT_SIGNALED		((zx_signals_t)1 << 3)
#define __ZX_OBJECT_SIGNAL_4		((zx_signals_t)1 << 4)
#define __ZX_OBJECT_SIGNAL_5		((zx_signals_t)1 << 5)
#define __ZX_OBJECT_SIGNAL_6		((zx_signals_t)1 << 6)
#define __ZX_OBJECT_SIGNAL_7		((zx_signals_t)1 << 7)
#define __ZX_OBJECT_SIGNAL_8		((zx_signals_t)1 << 8)
#define __ZX_OBJECT_SIGNAL_9		((zx_signals_t)1 << 9)
#define __ZX_OBJECT_SIGNAL_10		((zx_signals_t)1 << 10)
#define __ZX_OBJECT_SIGNAL_11		((zx_signals_t)1 << 11)
#define __ZX_OBJECT_SIGNAL_12		((zx_signals_t)1 << 12)
#define __ZX_OBJECT_SIGNAL_13		((zx_signals_t)1 << 13)
#define __ZX_OBJECT_SIGNAL_14		((zx_signals_t)1 << 14)
#define __ZX_OBJECT_SIGNAL_15		((zx_signals_t)1 << 15)
#define __ZX_OBJECT_SIGNAL_16		((zx_signals_t)1 << 16)
#define __ZX_OBJECT_SIGNAL_17		((zx_signals_t)1 << 17)
#define __ZX_OBJECT_SIGNAL_18		((zx_signals_t)1 << 18)
#define __ZX_OBJECT_SIGNAL_19		((zx_signals_t)1 << 19)
#define __ZX_OBJECT_SIGNAL_20		((zx_signals_t)1 << 20)
#define __ZX_OBJECT_SIGNAL_21		((zx_signals_t)1 << 21)
#define __ZX_OBJECT_SIGNAL_22		((zx_signals_t)1 << 22)
#define __ZX_OBJECT_HANDLE_CLOSED	((zx_signals_t)1 << 23)
/* NOLINTEND(bugprone-reserved-identifier) */

#define ZX_OBJECT_READABLE		__ZX_OBJECT_READABLE
#define ZX_OBJECT_WRITABLE		__ZX_OBJECT_WRITABLE
#define ZX_OBJECT_PEER_CLOSED		__ZX_OBJECT_PEER_CLOSED
#define ZX_OBJECT_SIGNALED		__ZX_OBJECT_SIGNALED

#define ZX_EVENT_SIGNALED		ZX_OBJECT_SIGNALED
#define ZX_EVENT_SIGNAL_MASK		(ZX_USER_SIGNAL_ALL | ZX_EVENT_SIGNALED)

#define ZX_EVENTPAIR_SIGNALED		ZX_OBJECT_SIGNALED
#define ZX_EVENTPAIR_PEER_CLOSED	ZX_OBJECT_PEER_CLOSED
#define ZX_EVENTPAIR_SIGNAL_MASK	\
	(ZX_USER_SIGNAL_ALL | ZX_EVENTPAIR_SIGNALED | ZX_EVENTPAIR_PEER_CLOSED)

/* Of what is no object here. */
#define ZX_TASK_TERMINATED		ZX_OBJECT_SIGNALED
#define ZX_JOB_TERMINATED		ZX_OBJECT_SIGNALED
#define ZX_PROCESS_TERMINATED		ZX_OBJECT_SIGNALED
#define ZX_THREAD_TERMINATED		ZX_OBJECT_SIGNALED
#define ZX_THREAD_RUNNING		__ZX_OBJECT_SIGNAL_4
#define ZX_THREAD_SUSPENDED		__ZX_OBJECT_SIGNAL_5

/* A VMO has no children, in any process. */
#define ZX_VMO_ZERO_CHILDREN		ZX_OBJECT_SIGNALED

/* Processors, by number. */
#define ZX_CPU_SET_MAX_CPUS		512
#define ZX_CPU_SET_BITS_PER_WORD	64

typedef struct zx_cpu_set {
	uint64_t mask[ZX_CPU_SET_MAX_CPUS / ZX_CPU_SET_BITS_PER_WORD];
} zx_cpu_set_t;

/* Of zx_object_wait_many(): @pending is what there was when the wait was over. */
typedef struct zx_wait_item {
	zx_handle_t handle;
	zx_signals_t waitfor;
	zx_signals_t pending;
} zx_wait_item_t;

#define ZX_WAIT_MANY_MAX_ITEMS		((size_t)64)

/* Of the name of an object, with the zero at its end. */
#define ZX_MAX_NAME_LEN			((size_t)32)

/* zx_vmo_create(), zx_pager_create_vmo() */
#define ZX_VMO_RESIZABLE		((uint32_t)1 << 1)
#define ZX_VMO_DISCARDABLE		((uint32_t)1 << 2)
#define ZX_VMO_TRAP_DIRTY		((uint32_t)1 << 3)
#define ZX_VMO_UNBOUNDED		((uint32_t)1 << 4)

/* zx_vmo_create_child() */
#define ZX_VMO_CHILD_SNAPSHOT		((uint32_t)1 << 0)
#define ZX_VMO_CHILD_RESIZABLE		((uint32_t)1 << 2)
#define ZX_VMO_CHILD_SLICE		((uint32_t)1 << 3)
#define ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE ((uint32_t)1 << 4)
#define ZX_VMO_CHILD_NO_WRITE		((uint32_t)1 << 5)
#define ZX_VMO_CHILD_REFERENCE		((uint32_t)1 << 6)
#define ZX_VMO_CHILD_SNAPSHOT_MODIFIED	((uint32_t)1 << 7)

/* zx_info_vmo_t.cache_policy, zx_vmo_set_cache_policy() */
#define ZX_CACHE_POLICY_CACHED		((uint32_t)0)
#define ZX_CACHE_POLICY_UNCACHED	((uint32_t)1)
#define ZX_CACHE_POLICY_UNCACHED_DEVICE	((uint32_t)2)
#define ZX_CACHE_POLICY_WRITE_COMBINING	((uint32_t)3)
#define ZX_CACHE_POLICY_MASK		((uint32_t)3)

/* zx_stream_create() */
#define ZX_STREAM_MODE_READ		((uint32_t)1 << 0)
#define ZX_STREAM_MODE_WRITE		((uint32_t)1 << 1)
#define ZX_STREAM_MODE_APPEND		((uint32_t)1 << 2)
#define ZX_STREAM_CREATE_MASK		(ZX_STREAM_MODE_READ | ZX_STREAM_MODE_WRITE | \
					 ZX_STREAM_MODE_APPEND)

/* zx_stream_writev() */
#define ZX_STREAM_APPEND		((uint32_t)1 << 0)

/* zx_stream_seek() */
typedef uint32_t zx_stream_seek_origin_t;

#define ZX_STREAM_SEEK_ORIGIN_START	((zx_stream_seek_origin_t)0)
#define ZX_STREAM_SEEK_ORIGIN_CURRENT	((zx_stream_seek_origin_t)1)
#define ZX_STREAM_SEEK_ORIGIN_END	((zx_stream_seek_origin_t)2)

/* zx_bti_pin(), which is not supported */
#define ZX_BTI_PERM_READ		((uint32_t)1 << 0)
#define ZX_BTI_PERM_WRITE		((uint32_t)1 << 1)
#define ZX_BTI_PERM_EXECUTE		((uint32_t)1 << 2)
#define ZX_BTI_COMPRESS			((uint32_t)1 << 3)
#define ZX_BTI_CONTIGUOUS		((uint32_t)1 << 4)

/* zx_process_create(), which is not supported */
#define ZX_PROCESS_SHARED		((uint32_t)1 << 0)

/* One of several buffers. */
typedef struct zx_iovec {
	void *buffer;
	size_t capacity;
} zx_iovec_t;

/* zx_vmo_op_range() */
#define ZX_VMO_OP_COMMIT		((uint32_t)1)
#define ZX_VMO_OP_DECOMMIT		((uint32_t)2)
#define ZX_VMO_OP_LOCK			((uint32_t)3)
#define ZX_VMO_OP_UNLOCK		((uint32_t)4)
#define ZX_VMO_OP_CACHE_SYNC		((uint32_t)6)
#define ZX_VMO_OP_CACHE_INVALIDATE	((uint32_t)7)
#define ZX_VMO_OP_CACHE_CLEAN		((uint32_t)8)
#define ZX_VMO_OP_CACHE_CLEAN_INVALIDATE ((uint32_t)9)
#define ZX_VMO_OP_ZERO			((uint32_t)10)
#define ZX_VMO_OP_TRY_LOCK		((uint32_t)11)
#define ZX_VMO_OP_DONT_NEED		((uint32_t)12)
#define ZX_VMO_OP_ALWAYS_NEED		((uint32_t)13)
#define ZX_VMO_OP_PREFETCH		((uint32_t)14)

/* zx_vmar_op_range() */
#define ZX_VMAR_OP_COMMIT		((uint32_t)1)
#define ZX_VMAR_OP_DECOMMIT		((uint32_t)2)
#define ZX_VMAR_OP_MAP_RANGE		((uint32_t)3)
#define ZX_VMAR_OP_ZERO			((uint32_t)10)
#define ZX_VMAR_OP_DONT_NEED		((uint32_t)12)
#define ZX_VMAR_OP_ALWAYS_NEED		((uint32_t)13)
#define ZX_VMAR_OP_PREFETCH		((uint32_t)14)

/* zx_pager_op_range() */
#define ZX_PAGER_OP_FAIL		((uint32_t)1)
#define ZX_PAGER_OP_DIRTY		((uint32_t)2)
#define ZX_PAGER_OP_WRITEBACK_BEGIN	((uint32_t)3)
#define ZX_PAGER_OP_WRITEBACK_END	((uint32_t)4)

/* zx_vmar_map(), zx_vmar_allocate() */
#define ZX_VM_PERM_READ			((zx_vm_option_t)1 << 0)
#define ZX_VM_PERM_WRITE		((zx_vm_option_t)1 << 1)
#define ZX_VM_PERM_EXECUTE		((zx_vm_option_t)1 << 2)
#define ZX_VM_COMPACT			((zx_vm_option_t)1 << 3)
#define ZX_VM_SPECIFIC			((zx_vm_option_t)1 << 4)
#define ZX_VM_SPECIFIC_OVERWRITE	((zx_vm_option_t)1 << 5)
#define ZX_VM_CAN_MAP_SPECIFIC		((zx_vm_option_t)1 << 6)
#define ZX_VM_CAN_MAP_READ		((zx_vm_option_t)1 << 7)
#define ZX_VM_CAN_MAP_WRITE		((zx_vm_option_t)1 << 8)
#define ZX_VM_CAN_MAP_EXECUTE		((zx_vm_option_t)1 << 9)
#define ZX_VM_MAP_RANGE			((zx_vm_option_t)1 << 10)
#define ZX_VM_REQUIRE_NON_RESIZABLE	((zx_vm_option_t)1 << 11)
#define ZX_VM_ALLOW_FAULTS		((zx_vm_option_t)1 << 12)
#define ZX_VM_OFFSET_IS_UPPER_LIMIT	((zx_vm_option_t)1 << 13)
#define ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED ((zx_vm_option_t)1 << 14)
#define ZX_VM_FAULT_BEYOND_STREAM_SIZE	((zx_vm_option_t)1 << 15)
#define ZX_VM_ALIGN_BASE		24
#define ZX_VM_ALIGN_1KB		((zx_vm_option_t)10 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_2KB		((zx_vm_option_t)11 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_4KB		((zx_vm_option_t)12 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_8KB		((zx_vm_option_t)13 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_16KB		((zx_vm_option_t)14 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_32KB		((zx_vm_option_t)15 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_64KB		((zx_vm_option_t)16 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_128KB	((zx_vm_option_t)17 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_256KB	((zx_vm_option_t)18 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_512KB	((zx_vm_option_t)19 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_1MB		((zx_vm_option_t)20 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_2MB		((zx_vm_option_t)21 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_4MB		((zx_vm_option_t)22 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_8MB		((zx_vm_option_t)23 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_16MB		((zx_vm_option_t)24 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_32MB		((zx_vm_option_t)25 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_64MB		((zx_vm_option_t)26 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_128MB	((zx_vm_option_t)27 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_256MB	((zx_vm_option_t)28 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_512MB	((zx_vm_option_t)29 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_1GB		((zx_vm_option_t)30 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_2GB		((zx_vm_option_t)31 << ZX_VM_ALIGN_BASE)
#define ZX_VM_ALIGN_4GB		((zx_vm_option_t)32 << ZX_VM_ALIGN_BASE)

#endif /* ZIRCON_TYPES_H_ */

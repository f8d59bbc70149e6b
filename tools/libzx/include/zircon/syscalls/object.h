/* SPDX-License-Identifier: MIT */
/*
 * What zx_object_get_info() and zx_object_get_property() tell.
 */
#ifndef ZIRCON_SYSCALLS_OBJECT_H_
#define ZIRCON_SYSCALLS_OBJECT_H_

#include <zircon/types.h>

/* zx_object_get_info() */
typedef uint32_t zx_object_info_topic_t;

#define ZX_INFO_NONE		((zx_object_info_topic_t)0)
#define ZX_INFO_HANDLE_VALID	((zx_object_info_topic_t)1)
#define ZX_INFO_HANDLE_BASIC	((zx_object_info_topic_t)2)
#define ZX_INFO_VMAR		((zx_object_info_topic_t)7)
/* Of a thread, which is no object here. */
#define ZX_INFO_THREAD		((zx_object_info_topic_t)10)
#define ZX_INFO_THREAD_EXCEPTION_REPORT	((zx_object_info_topic_t)(11 | 1 << 28))
#define ZX_INFO_HANDLE_COUNT	((zx_object_info_topic_t)19)
/* Of a BTI, of which there are none here. */
#define ZX_INFO_BTI		((zx_object_info_topic_t)20)
#define ZX_INFO_STREAM		((zx_object_info_topic_t)26)
/* The fourth shape of topic 23. */
#define ZX_INFO_VMO		((zx_object_info_topic_t)(23 | 3 << 28))

/* Of ZX_INFO_HANDLE_BASIC.  An end of a pair is related to the other one. */
typedef struct zx_info_handle_basic {
	zx_koid_t koid;
	zx_rights_t rights;
	zx_obj_type_t type;
	zx_koid_t related_koid;
	uint32_t reserved;
	uint8_t padding1[4];
} zx_info_handle_basic_t;

/* Of ZX_INFO_HANDLE_COUNT: the handles of this process. */
typedef struct zx_info_handle_count {
	uint32_t handle_count;
} zx_info_handle_count_t;

/* Of ZX_INFO_VMAR. */
typedef struct zx_info_vmar {
	uintptr_t base;
	size_t len;
} zx_info_vmar_t;

/* Of ZX_INFO_BTI. */
typedef struct zx_info_bti {
	uint64_t minimum_contiguity;
	uint64_t aspace_size;
	uint64_t pmo_count;
	uint64_t quarantine_count;
} zx_info_bti_t;

/* Of ZX_INFO_STREAM. */
typedef struct zx_info_stream {
	uint32_t options;	/* ZX_STREAM_MODE_* */
	uint8_t padding1[4];
	zx_off_t seek;
	uint64_t content_size;
} zx_info_stream_t;

/* Of ZX_INFO_THREAD. */
typedef uint32_t zx_thread_state_t;

typedef struct zx_info_thread {
	zx_thread_state_t state;
	uint32_t wait_exception_channel_type;	/* ZX_EXCEPTION_CHANNEL_TYPE_* */
	zx_cpu_set_t cpu_affinity_mask;
} zx_info_thread_t;

/* zx_info_thread_t.state */
#define ZX_THREAD_STATE_NEW			((zx_thread_state_t)0)
#define ZX_THREAD_STATE_RUNNING			((zx_thread_state_t)1)
#define ZX_THREAD_STATE_SUSPENDED		((zx_thread_state_t)2)
#define ZX_THREAD_STATE_BLOCKED			((zx_thread_state_t)3)
#define ZX_THREAD_STATE_DYING			((zx_thread_state_t)4)
#define ZX_THREAD_STATE_DEAD			((zx_thread_state_t)5)
#define ZX_THREAD_STATE_BLOCKED_EXCEPTION	((zx_thread_state_t)0x103)
#define ZX_THREAD_STATE_BLOCKED_SLEEPING	((zx_thread_state_t)0x203)
#define ZX_THREAD_STATE_BLOCKED_FUTEX		((zx_thread_state_t)0x303)
#define ZX_THREAD_STATE_BLOCKED_PORT		((zx_thread_state_t)0x403)
#define ZX_THREAD_STATE_BLOCKED_CHANNEL		((zx_thread_state_t)0x503)
#define ZX_THREAD_STATE_BLOCKED_WAIT_ONE	((zx_thread_state_t)0x603)
#define ZX_THREAD_STATE_BLOCKED_WAIT_MANY	((zx_thread_state_t)0x703)
#define ZX_THREAD_STATE_BLOCKED_INTERRUPT	((zx_thread_state_t)0x803)
#define ZX_THREAD_STATE_BLOCKED_PAGER		((zx_thread_state_t)0x903)
#define ZX_THREAD_STATE_BASIC(n)		((n) & 0xff)

/* zx_info_vmo_t.flags; the type is PAGED here, always */
#define ZX_INFO_VMO_TYPE_PAGED		((uint32_t)1 << 0)
#define ZX_INFO_VMO_TYPE_PHYSICAL	((uint32_t)0 << 0)
#define ZX_INFO_VMO_TYPE(flags)		((flags) & ((uint32_t)1 << 0))
#define ZX_INFO_VMO_RESIZABLE		((uint32_t)1 << 1)
#define ZX_INFO_VMO_IS_COW_CLONE	((uint32_t)1 << 2)
#define ZX_INFO_VMO_VIA_HANDLE		((uint32_t)1 << 3)
#define ZX_INFO_VMO_VIA_MAPPING		((uint32_t)1 << 4)
#define ZX_INFO_VMO_PAGER_BACKED	((uint32_t)1 << 5)
#define ZX_INFO_VMO_CONTIGUOUS		((uint32_t)1 << 6)
#define ZX_INFO_VMO_DISCARDABLE		((uint32_t)1 << 7)
#define ZX_INFO_VMO_IMMUTABLE		((uint32_t)1 << 8)

/*
 * Of ZX_INFO_VMO.  num_mappings and share_count are those of this process; num_children counts
 * also those of others, but for the children of a reference.  parent_koid is 0 with a module before
 * revision 12.  The bytes of a child are those of the pages that it alone has.  What is about
 * kernel memory and reclaim is 0.
 */
typedef struct zx_info_vmo {
	zx_koid_t koid;
	char name[ZX_MAX_NAME_LEN];
	uint64_t size_bytes;
	zx_koid_t parent_koid;
	size_t num_children;
	size_t num_mappings;
	size_t share_count;
	uint32_t flags;
	uint8_t padding1[4];
	uint64_t committed_bytes;
	zx_rights_t handle_rights;
	uint32_t cache_policy;
	uint64_t metadata_bytes;
	uint64_t committed_change_events;
	uint64_t populated_bytes;
	uint64_t committed_private_bytes;
	uint64_t populated_private_bytes;
	uint64_t committed_scaled_bytes;
	uint64_t populated_scaled_bytes;
	uint64_t committed_fractional_scaled_bytes;
	uint64_t populated_fractional_scaled_bytes;
} zx_info_vmo_t;

/* zx_object_get_property(), zx_object_set_property() */
#define ZX_PROP_NAME			((uint32_t)3)	/* char[ZX_MAX_NAME_LEN] */
#define ZX_PROP_EXCEPTION_STATE		((uint32_t)16)	/* of what is no object here */
#define ZX_PROP_VMO_CONTENT_SIZE	((uint32_t)17)	/* uint64_t */
#define ZX_PROP_EXCEPTION_STRATEGY	((uint32_t)18)	/* the same */
#define ZX_PROP_STREAM_MODE_APPEND	((uint32_t)19)	/* uint8_t */

#endif /* ZIRCON_SYSCALLS_OBJECT_H_ */

// SPDX-License-Identifier: MIT
/*
 * Calls that are there to be found missing, see <zircon/syscalls/unsupported.h>.
 */
#include <zircon/process.h>
#include <zircon/syscalls/unsupported.h>

#include "base.h"
#include "table.h"

zx_status_t zx_vmo_set_cache_policy(zx_handle_t handle, uint32_t cache_policy)
{
	zx_status_t status;

	if (cache_policy & ~ZX_CACHE_POLICY_MASK)
		return ZX_ERR_INVALID_ARGS;
	status = zxi_check(handle, ZX_OBJ_TYPE_VMO, ZX_RIGHT_MAP);
	if (status == ZX_OK && cache_policy != ZX_CACHE_POLICY_CACHED)
		status = ZX_ERR_NOT_SUPPORTED;
	return status;
}

/* Nothing is an object of these kinds. */
zx_handle_t zx_process_self(void)
{
	return ZX_HANDLE_INVALID;
}

zx_handle_t zx_thread_self(void)
{
	return ZX_HANDLE_INVALID;
}

zx_handle_t zx_job_default(void)
{
	return ZX_HANDLE_INVALID;
}

/* All parameters are left alone. */
#pragma GCC diagnostic ignored "-Wunused-parameter"
/* NOLINTBEGIN(misc-unused-parameters,readability-non-const-parameter) */

#define UNSUPPORTED(call, ...)			\
	zx_status_t call(__VA_ARGS__)		\
	{					\
		return ZX_ERR_NOT_SUPPORTED;	\
	}

UNSUPPORTED(zx_vmo_create_contiguous, zx_handle_t bti, size_t size, uint32_t alignment_log2,
	    zx_handle_t *out)
UNSUPPORTED(zx_vmo_create_physical, zx_handle_t resource, zx_paddr_t paddr, size_t size,
	    zx_handle_t *out)
UNSUPPORTED(zx_iommu_create, zx_handle_t resource, uint32_t type, const void *desc,
	    size_t desc_size, zx_handle_t *out)
UNSUPPORTED(zx_bti_create, zx_handle_t iommu, uint32_t options, uint64_t bti_id,
	    zx_handle_t *out)
UNSUPPORTED(zx_bti_pin, zx_handle_t handle, uint32_t options, zx_handle_t vmo,
	    uint64_t offset, uint64_t size, zx_paddr_t *addrs, size_t num_addrs,
	    zx_handle_t *pmt)
UNSUPPORTED(zx_bti_release_quarantine, zx_handle_t handle)
UNSUPPORTED(zx_pmt_unpin, zx_handle_t handle)
UNSUPPORTED(zx_job_create, zx_handle_t parent_job, uint32_t options, zx_handle_t *out)
UNSUPPORTED(zx_process_create, zx_handle_t job, const char *name, size_t name_size,
	    uint32_t options, zx_handle_t *proc_handle, zx_handle_t *vmar_handle)
UNSUPPORTED(zx_process_start, zx_handle_t handle, zx_handle_t thread, zx_vaddr_t entry,
	    zx_vaddr_t stack, zx_handle_t arg1, uintptr_t arg2)
UNSUPPORTED(zx_process_read_memory, zx_handle_t handle, zx_vaddr_t vaddr, void *buffer,
	    size_t buffer_size, size_t *actual)
UNSUPPORTED(zx_process_write_memory, zx_handle_t handle, zx_vaddr_t vaddr,
	    const void *buffer, size_t buffer_size, size_t *actual)
UNSUPPORTED(zx_thread_create, zx_handle_t process, const char *name, size_t name_size,
	    uint32_t options, zx_handle_t *out)
UNSUPPORTED(zx_thread_start, zx_handle_t handle, zx_vaddr_t thread_entry, zx_vaddr_t stack,
	    uintptr_t arg1, uintptr_t arg2)
UNSUPPORTED(zx_thread_read_state, zx_handle_t handle, uint32_t kind, void *buffer,
	    size_t buffer_size)
UNSUPPORTED(zx_thread_write_state, zx_handle_t handle, uint32_t kind, const void *buffer,
	    size_t buffer_size)
UNSUPPORTED(zx_thread_raise_exception, uint32_t options, zx_excp_type_t type,
	    const zx_exception_context_t *context)
UNSUPPORTED(zx_task_create_exception_channel, zx_handle_t handle, uint32_t options,
	    zx_handle_t *out)
UNSUPPORTED(zx_task_suspend, zx_handle_t handle, zx_handle_t *token)
UNSUPPORTED(zx_task_kill, zx_handle_t handle)
UNSUPPORTED(zx_exception_get_thread, zx_handle_t handle, zx_handle_t *out)
UNSUPPORTED(zx_exception_get_process, zx_handle_t handle, zx_handle_t *out)
UNSUPPORTED(zx_job_set_policy, zx_handle_t handle, uint32_t options, uint32_t topic,
	    const void *policy, uint32_t policy_size)
UNSUPPORTED(zx_object_get_child, zx_handle_t handle, uint64_t koid, zx_rights_t rights,
	    zx_handle_t *out)
UNSUPPORTED(zx_object_set_profile, zx_handle_t handle, zx_handle_t profile, uint32_t options)
UNSUPPORTED(zx_clock_create, uint64_t options, const void *args, zx_handle_t *out)
UNSUPPORTED(zx_clock_read, zx_handle_t handle, zx_time_t *now)
UNSUPPORTED(zx_clock_get_details, zx_handle_t handle, uint64_t options, void *details)
UNSUPPORTED(zx_clock_update, zx_handle_t handle, uint64_t options, const void *args)
/* NOLINTEND(misc-unused-parameters,readability-non-const-parameter) */

// SPDX-License-Identifier: MIT
/*
 * A process, which is no object here: self() has no handle, and all else is NOT_SUPPORTED.
 */
#ifndef LIB_ZX_PROCESS_H_
#define LIB_ZX_PROCESS_H_

#include <lib/zx/handle.h>
#include <lib/zx/object.h>
#include <lib/zx/task.h>
#include <lib/zx/thread.h>
#include <lib/zx/vmar.h>
#include <zircon/process.h>

namespace zx {

class job;

class process final : public task<process> {
public:
	static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_PROCESS;

	constexpr process() = default;
	explicit process(zx_handle_t value) : task(value) {}
	explicit process(handle &&h) : task(h.release()) {}

	static zx_status_t create(const object<job> &job, const char *name, uint32_t name_len,
				  uint32_t flags, process *proc, vmar *root_vmar)
	{
		return zx_process_create(job.get(), name, name_len, flags,
					 proc->reset_and_get_address(),
					 root_vmar->reset_and_get_address());
	}

	static unowned<process> self() { return unowned<process>(zx_process_self()); }

	/* The handle that the process would have got is closed. */
	zx_status_t start(const thread &thread_handle, zx_vaddr_t entry, zx_vaddr_t stack,
			  handle arg_handle, uintptr_t arg2) const
	{
		return zx_process_start(get(), thread_handle.get(), entry, stack,
					arg_handle.get(), arg2);
	}

	zx_status_t read_memory(zx_vaddr_t vaddr, void *buffer, size_t len, size_t *actual) const
	{
		return zx_process_read_memory(get(), vaddr, buffer, len, actual);
	}

	zx_status_t write_memory(zx_vaddr_t vaddr, const void *buffer, size_t len,
				 size_t *actual) const
	{
		return zx_process_write_memory(get(), vaddr, buffer, len, actual);
	}

	using task::get_child;
	zx_status_t get_child(uint64_t koid, zx_rights_t rights, thread *result) const
	{
		return zx_object_get_child(get(), koid, rights,
					   result->reset_and_get_address());
	}
};

using unowned_process = unowned<process>;

} // namespace zx

#endif // LIB_ZX_PROCESS_H_

// SPDX-License-Identifier: MIT
/*
 * A thread, which is no object here: self() has no handle, and all else is NOT_SUPPORTED.
 * std::thread makes threads.
 */
#ifndef LIB_ZX_THREAD_H_
#define LIB_ZX_THREAD_H_

#include <lib/zx/handle.h>
#include <lib/zx/object.h>
#include <lib/zx/task.h>
#include <zircon/process.h>

namespace zx {

class process;

class thread final : public task<thread> {
public:
	static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_THREAD;

	constexpr thread() = default;
	explicit thread(zx_handle_t value) : task(value) {}
	explicit thread(handle &&h) : task(h.release()) {}

	static zx_status_t create(const object<process> &process, const char *name,
				  uint32_t name_len, uint32_t flags, thread *result)
	{
		return zx_thread_create(process.get(), name, name_len, flags,
					result->reset_and_get_address());
	}

	static unowned<thread> self() { return unowned<thread>(zx_thread_self()); }

	zx_status_t start(zx_vaddr_t thread_entry, zx_vaddr_t stack, uintptr_t arg1,
			  uintptr_t arg2) const
	{
		return zx_thread_start(get(), thread_entry, stack, arg1, arg2);
	}

	zx_status_t start(void (*thread_entry)(uintptr_t arg1, uintptr_t arg2), void *stack,
			  uintptr_t arg1, uintptr_t arg2) const
	{
		return start(reinterpret_cast<zx_vaddr_t>(thread_entry),
			     reinterpret_cast<zx_vaddr_t>(stack), arg1, arg2);
	}

	zx_status_t read_state(uint32_t kind, void *buffer, size_t len) const
	{
		return zx_thread_read_state(get(), kind, buffer, len);
	}

	zx_status_t write_state(uint32_t kind, const void *buffer, size_t len) const
	{
		return zx_thread_write_state(get(), kind, buffer, len);
	}
};

using unowned_thread = unowned<thread>;

} // namespace zx

#endif // LIB_ZX_THREAD_H_

// SPDX-License-Identifier: MIT
/*
 * An exception, of which there are none here: signals are in their place.
 */
#ifndef LIB_ZX_EXCEPTION_H_
#define LIB_ZX_EXCEPTION_H_

#include <lib/zx/handle.h>
#include <lib/zx/object.h>
#include <lib/zx/process.h>
#include <lib/zx/thread.h>
#include <zircon/syscalls/unsupported.h>

namespace zx {

class exception final : public object<exception> {
public:
	static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_EXCEPTION;

	constexpr exception() = default;
	explicit exception(zx_handle_t value) : object(value) {}
	explicit exception(handle &&h) : object(h.release()) {}

	zx_status_t get_thread(thread *thread) const
	{
		return zx_exception_get_thread(get(), thread->reset_and_get_address());
	}

	zx_status_t get_process(process *process) const
	{
		return zx_exception_get_process(get(), process->reset_and_get_address());
	}
};

using unowned_exception = unowned<exception>;

} // namespace zx

#endif // LIB_ZX_EXCEPTION_H_

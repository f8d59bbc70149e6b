// SPDX-License-Identifier: MIT
/*
 * What zx::thread, zx::process and zx::job have in common.  None of them is an object here:
 * their calls are NOT_SUPPORTED.
 */
#ifndef LIB_ZX_TASK_H_
#define LIB_ZX_TASK_H_

#include <lib/zx/handle.h>
#include <lib/zx/object.h>
#include <lib/zx/suspend_token.h>
#include <zircon/syscalls/unsupported.h>

namespace zx {

class channel;

template <typename T>
class task : public object<T> {
public:
	constexpr task() = default;
	explicit task(zx_handle_t value) : object<T>(value) {}
	explicit task(handle &&h) : object<T>(h.release()) {}

	zx_status_t kill() const { return zx_task_kill(this->get()); }

	zx_status_t suspend(suspend_token *result) const
	{
		return zx_task_suspend(this->get(), result->reset_and_get_address());
	}

	zx_status_t create_exception_channel(uint32_t options, object<channel> *channel) const
	{
		return zx_task_create_exception_channel(this->get(), options,
							channel->reset_and_get_address());
	}
};

} // namespace zx

#endif // LIB_ZX_TASK_H_

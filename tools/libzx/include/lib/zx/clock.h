// SPDX-License-Identifier: MIT
/*
 * The clocks of the system.  A program has none of its own here: to make one is NOT_SUPPORTED.
 */
#ifndef LIB_ZX_CLOCK_H_
#define LIB_ZX_CLOCK_H_

#include <lib/zx/handle.h>
#include <lib/zx/object.h>
#include <lib/zx/time.h>
#include <zircon/syscalls/unsupported.h>

namespace zx {

class clock final : public object<clock> {
public:
	static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_CLOCK;

	constexpr clock() = default;
	explicit clock(zx_handle_t value) : object(value) {}
	explicit clock(handle &&h) : object(h.release()) {}

	static zx_status_t create(uint64_t options, const zx_clock_create_args_v1_t *args,
				  clock *result)
	{
		return zx_clock_create(options | (args ? ZX_CLOCK_ARGS_VERSION(1) : 0), args,
				       result->reset_and_get_address());
	}

	zx_handle_t get_handle() const { return get(); }

	zx_status_t read(zx_time_t *now) const { return zx_clock_read(get(), now); }

	zx_status_t get_details(zx_clock_details_v1_t *details) const
	{
		return zx_clock_get_details(get(), ZX_CLOCK_ARGS_VERSION(1), details);
	}

	static time get_monotonic() { return time(zx_clock_get_monotonic()); }
	static time_boot get_boot() { return time_boot(zx_clock_get_boot()); }
};

using unowned_clock = unowned<clock>;

} // namespace zx

#endif // LIB_ZX_CLOCK_H_

// SPDX-License-Identifier: MIT
/*
 * The clocks of the system.  A program has none of its own here.
 */
#ifndef LIB_ZX_CLOCK_H_
#define LIB_ZX_CLOCK_H_

#include <lib/zx/handle.h>
#include <lib/zx/object.h>
#include <lib/zx/time.h>

namespace zx {

class clock final : public object<clock> {
public:
	static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_CLOCK;

	constexpr clock() = default;
	explicit clock(zx_handle_t value) : object(value) {}
	explicit clock(handle &&h) : object(h.release()) {}

	zx_handle_t get_handle() const { return get(); }

	static time get_monotonic() { return time(zx_clock_get_monotonic()); }
	static time_boot get_boot() { return time_boot(zx_clock_get_boot()); }
};

using unowned_clock = unowned<clock>;

} // namespace zx

#endif // LIB_ZX_CLOCK_H_

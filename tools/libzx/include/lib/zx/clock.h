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
	/* What update() is to set, and nothing else. */
	class update_args final {
	public:
		constexpr update_args() = default;

		update_args &reset()
		{
			options_ = 0;
			return *this;
		}

		update_args &set_value(time value)
		{
			args_.synthetic_value = value.get();
			return with(ZX_CLOCK_UPDATE_OPTION_SYNTHETIC_VALUE_VALID);
		}

		update_args &set_reference_value(time value)
		{
			args_.reference_value = value.get();
			return with(ZX_CLOCK_UPDATE_OPTION_REFERENCE_VALUE_VALID);
		}

		update_args &set_both_values(time reference, time value)
		{
			return set_reference_value(reference).set_value(value);
		}

		update_args &set_rate_adjust(int32_t rate)
		{
			args_.rate_adjust = rate;
			return with(ZX_CLOCK_UPDATE_OPTION_RATE_ADJUST_VALID);
		}

		update_args &set_error_bound(uint64_t error_bound)
		{
			args_.error_bound = error_bound;
			return with(ZX_CLOCK_UPDATE_OPTION_ERROR_BOUND_VALID);
		}

	private:
		friend class ::zx::clock;

		update_args &with(uint64_t option)
		{
			options_ |= option;
			return *this;
		}

		zx_clock_update_args_v2_t args_ = {};
		uint64_t options_ = 0;
	};

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

	zx_status_t update(const update_args &args) const
	{
		return zx_clock_update(get(), args.options_ | ZX_CLOCK_ARGS_VERSION(2),
				       &args.args_);
	}

	static time get_monotonic() { return time(zx_clock_get_monotonic()); }
	static time_boot get_boot() { return time_boot(zx_clock_get_boot()); }
};

using unowned_clock = unowned<clock>;

} // namespace zx

#endif // LIB_ZX_CLOCK_H_

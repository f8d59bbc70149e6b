// SPDX-License-Identifier: MIT
/*
 * Two events, each of which can signal the other.
 */
#ifndef LIB_ZX_EVENTPAIR_H_
#define LIB_ZX_EVENTPAIR_H_

#include <lib/zx/handle.h>
#include <lib/zx/object.h>

namespace zx {

class eventpair final : public object<eventpair> {
public:
	static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_EVENTPAIR;

	constexpr eventpair() = default;
	explicit eventpair(zx_handle_t value) : object(value) {}
	explicit eventpair(handle &&h) : object(h.release()) {}

	/* What they had is closed only then. */
	static zx_status_t create(uint32_t options, eventpair *endpoint0, eventpair *endpoint1)
	{
		eventpair made0, made1;
		const zx_status_t status =
			zx_eventpair_create(options, made0.reset_and_get_address(),
					    made1.reset_and_get_address());

		endpoint0->reset(made0.release());
		endpoint1->reset(made1.release());
		return status;
	}
};

using unowned_eventpair = unowned<eventpair>;

} // namespace zx

#endif // LIB_ZX_EVENTPAIR_H_

// SPDX-License-Identifier: MIT
/*
 * What holds a thread or process, of which there is none here.
 */
#ifndef LIB_ZX_SUSPEND_TOKEN_H_
#define LIB_ZX_SUSPEND_TOKEN_H_

#include <lib/zx/handle.h>
#include <lib/zx/object.h>

namespace zx {

class suspend_token final : public object<suspend_token> {
public:
	static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_SUSPEND_TOKEN;

	constexpr suspend_token() = default;
	explicit suspend_token(zx_handle_t value) : object(value) {}
	explicit suspend_token(handle &&h) : object(h.release()) {}
};

using unowned_suspend_token = unowned<suspend_token>;

} // namespace zx

#endif // LIB_ZX_SUSPEND_TOKEN_H_

// SPDX-License-Identifier: MIT
/*
 * The right to something of the machine, of which there are none here.
 */
#ifndef LIB_ZX_RESOURCE_H_
#define LIB_ZX_RESOURCE_H_

#include <lib/zx/handle.h>
#include <lib/zx/object.h>
#include <zircon/syscalls/resource.h>

namespace zx {

class resource final : public object<resource> {
public:
	static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_RESOURCE;

	constexpr resource() = default;
	explicit resource(zx_handle_t value) : object(value) {}
	explicit resource(handle &&h) : object(h.release()) {}
};

using unowned_resource = unowned<resource>;

} // namespace zx

#endif // LIB_ZX_RESOURCE_H_

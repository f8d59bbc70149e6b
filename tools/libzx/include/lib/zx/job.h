// SPDX-License-Identifier: MIT
/*
 * A job, of which there are none here: default_job() has no handle, and all else is
 * NOT_SUPPORTED.
 */
#ifndef LIB_ZX_JOB_H_
#define LIB_ZX_JOB_H_

#include <lib/zx/handle.h>
#include <lib/zx/object.h>
#include <lib/zx/process.h>
#include <lib/zx/task.h>
#include <zircon/process.h>

namespace zx {

class job final : public task<job> {
public:
	static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_JOB;

	constexpr job() = default;
	explicit job(zx_handle_t value) : task(value) {}
	explicit job(handle &&h) : task(h.release()) {}

	static zx_status_t create(const zx::job &parent, uint32_t options, job *result)
	{
		return zx_job_create(parent.get(), options, result->reset_and_get_address());
	}

	static unowned<job> default_job() { return unowned<job>(zx_job_default()); }

	zx_status_t set_policy(uint32_t options, uint32_t topic, const void *policy,
			       uint32_t count) const
	{
		return zx_job_set_policy(get(), options, topic, policy, count);
	}

	using task::get_child;

	/* The result may be this one. */
	zx_status_t get_child(uint64_t koid, zx_rights_t rights, job *result) const
	{
		job found;
		const zx_status_t status = zx_object_get_child(get(), koid, rights,
							       found.reset_and_get_address());

		result->reset(found.release());
		return status;
	}

	zx_status_t get_child(uint64_t koid, zx_rights_t rights, process *result) const
	{
		return zx_object_get_child(get(), koid, rights,
					   result->reset_and_get_address());
	}
};

using unowned_job = unowned<job>;

} // namespace zx

#endif // LIB_ZX_JOB_H_

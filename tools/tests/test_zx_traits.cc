// SPDX-License-Identifier: MIT
/*
 * lib/zx: what each type is said to be able to, and what the calls answer, by the names of
 * Zircon's tests.  Needs the module.
 */
#include "cxx.hh"

#include <lib/zx/bti.h>
#include <lib/zx/clock.h>
#include <lib/zx/event.h>
#include <lib/zx/eventpair.h>
#include <lib/zx/exception.h>
#include <lib/zx/job.h>
#include <lib/zx/pager.h>
#include <lib/zx/port.h>
#include <lib/zx/process.h>
#include <lib/zx/stream.h>
#include <lib/zx/suspend_token.h>
#include <lib/zx/thread.h>
#include <lib/zx/vmar.h>
#include <lib/zx/vmo.h>

using zx::object_traits;

static zx_status_t if_it(bool can)
{
	return can ? ZX_OK : ZX_ERR_ACCESS_DENIED;
}

#define is_as(call, can) assert_string_equal(zx_status_get_string(call), \
					     zx_status_get_string(if_it(can)))

/* What is said of T is what the calls answer to a handle of one. */
template <typename T>
static void is_as_said(const T &object)
{
	using traits = object_traits<T>;
	zx_info_handle_basic_t info = {};
	zx::handle copy, child;

	ok(object.get_info(ZX_INFO_HANDLE_BASIC, &info, sizeof(info), nullptr, nullptr));
	assert_int_equal(info.type, T::TYPE);
	is_as(zx_handle_duplicate(object.get(), ZX_RIGHT_SAME_RIGHTS,
				  copy.reset_and_get_address()), traits::supports_duplication);
	is_as(zx_object_signal(object.get(), 0, ZX_USER_SIGNAL_0), traits::supports_user_signal);
	is_as(zx_object_wait_one(object.get(), ZX_USER_SIGNAL_0, 0, nullptr),
	      traits::supports_wait);
	is_as(zx_object_signal_peer(object.get(), 0, ZX_USER_SIGNAL_0), traits::has_peer_handle);
	/* Of these nobody can know, whatever is said. */
	is(zx_object_get_child(object.get(), 1024, ZX_RIGHT_SAME_RIGHTS,
			       child.reset_and_get_address()), ZX_ERR_NOT_SUPPORTED);
	is(zx_object_set_profile(object.get(), ZX_HANDLE_INVALID, 0), ZX_ERR_NOT_SUPPORTED);
}

static void EventTraits(void **)
{
	zx::event event;

	ok(zx::event::create(0, &event));
	is_as_said(event);
}

static void EventPairTraits(void **)
{
	zx::eventpair one, other;

	ok(zx::eventpair::create(0, &one, &other));
	is_as_said(one);
}

static void VmoTraits(void **)
{
	zx::vmo vmo;

	ok(zx::vmo::create(4096, 0, &vmo));
	is_as_said(vmo);
}

static void stream_traits(void **)
{
	zx::stream stream;
	zx::vmo vmo;

	ok(zx::vmo::create(4096, 0, &vmo));
	ok(zx::stream::create(ZX_STREAM_MODE_READ, vmo, 0, &stream));
	is_as_said(stream);
}

static void PortTraits(void **)
{
	zx::port port;

	ok(zx::port::create(0, &port));
	is_as_said(port);
}

static void VmarTraits(void **)
{
	zx::vmar vmar;
	zx_vaddr_t addr = 0;

	ok(zx::vmar::root_self()->allocate(0, 0, 4096, &vmar, &addr));
	is_as_said(vmar);
	ok(vmar.destroy());
}

/* ---- what there is none of here ---- */

#define SAID(name, type, duplication, child, profile, signal, wait)		\
	static void name(void **)						\
	{									\
		using traits = object_traits<zx::type>;				\
										\
		static_assert(traits::supports_duplication == (duplication));	\
		static_assert(traits::supports_get_child == (child));		\
		static_assert(traits::supports_set_profile == (profile));	\
		static_assert(traits::supports_user_signal == (signal));	\
		static_assert(traits::supports_wait == (wait));			\
		static_assert(!traits::has_peer_handle);			\
		assert_int_not_equal(zx::type::TYPE, ZX_OBJ_TYPE_NONE);		\
	}

SAID(BtiTraits, bti, true, false, false, true, true)
SAID(ExceptionTraits, exception, false, false, false, false, false)
SAID(IommuTraits, iommu, true, false, false, true, true)
SAID(JobTraits, job, true, true, false, true, true)
SAID(PmtTraits, pmt, false, false, false, false, false)
SAID(ProcessTraits, process, true, true, false, true, true)
SAID(ResourceTraits, resource, true, true, false, true, true)
SAID(ThreadTraits, thread, true, false, true, true, true)

/* The numbers are Zircon's. */
static_assert(zx::process::TYPE == 1 && zx::thread::TYPE == 2 && zx::eventpair::TYPE == 16);
static_assert(zx::job::TYPE == 17 && zx::suspend_token::TYPE == 27 && zx::pager::TYPE == 28);
static_assert(zx::exception::TYPE == 29 && zx::clock::TYPE == 30 && zx::stream::TYPE == 31);

int main()
{
	static const struct CMUnitTest zx_traits[] = {
		cmocka_unit_test(EventTraits),
		cmocka_unit_test(EventPairTraits),
		cmocka_unit_test(VmoTraits),
		cmocka_unit_test(stream_traits),
		cmocka_unit_test(PortTraits),
		cmocka_unit_test(VmarTraits),
		cmocka_unit_test(BtiTraits),
		cmocka_unit_test(ExceptionTraits),
		cmocka_unit_test(IommuTraits),
		cmocka_unit_test(JobTraits),
		cmocka_unit_test(PmtTraits),
		cmocka_unit_test(ProcessTraits),
		cmocka_unit_test(ResourceTraits),
		cmocka_unit_test(ThreadTraits),
	};

	return cmocka_run_group_tests(zx_traits, nullptr, nullptr);
}

// SPDX-License-Identifier: MIT
/*
 * What the tests of lib/zx have in common; fixture.h is for those in C.
 */
#ifndef TESTS_CXX_HH
#define TESTS_CXX_HH

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Before is(), which is a name of theirs. */
#include <thread>
#include <utility>

extern "C" {
#include <cmocka.h>
}

#include <lib/zx/handle.h>
#include <zircon/status.h>

#define is(call, status) assert_string_equal(zx_status_get_string(call), #status)
#define ok(call) is(call, ZX_OK)
#define yes(what) assert_true(static_cast<bool>(what))
#define no(what) assert_false(static_cast<bool>(what))

inline zx_status_t valid(zx_handle_t handle)
{
	return zx_object_get_info(handle, ZX_INFO_HANDLE_VALID, nullptr, 0, nullptr, nullptr);
}

/* How many handles there are of what this is one of. */
inline uint32_t count(const zx::object_base &object)
{
	zx_info_handle_count_t info = {};

	ok(object.get_info(ZX_INFO_HANDLE_COUNT, &info, sizeof(info), nullptr, nullptr));
	return info.handle_count;
}

inline zx_koid_t koid(const zx::object_base &object)
{
	zx_info_handle_basic_t info = {};

	ok(object.get_info(ZX_INFO_HANDLE_BASIC, &info, sizeof(info), nullptr, nullptr));
	return info.koid;
}

#endif // TESTS_CXX_HH

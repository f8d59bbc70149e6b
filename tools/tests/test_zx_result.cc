// SPDX-License-Identifier: MIT
/*
 * lib/zx: zx::result, and threads, processes and jobs, of which there are none.  Needs no module.
 */
#include <memory>
#include <string>

#include <lib/zx/exception.h>
#include <lib/zx/job.h>
#include <lib/zx/process.h>
#include <lib/zx/result.h>
#include <lib/zx/suspend_token.h>
#include <lib/zx/thread.h>
#include <zircon/threads.h>

#include "cxx.hh"

/* The macro is for the tests; zx::ok() is of what is tested. */
#undef ok

static zx::result<> with_status(zx_status_t status)
{
	return zx::make_result(status);
}

static zx::result<int> with_number(zx_status_t status)
{
	return zx::make_result(status, 42);
}

/* As most functions are that call others which have a result. */
static zx::result<std::string> told(zx_status_t status)
{
	zx::result number = with_number(status);

	if (number.is_error())
		return number.take_error();
	return zx::ok(std::to_string(*number));
}

static void status_alone(void **)
{
	const zx::result<> good = with_status(ZX_OK), bad = with_status(ZX_ERR_NO_SPACE);

	yes(good.is_ok());
	no(good.is_error());
	is(good.status_value(), ZX_OK);
	assert_string_equal(good.status_string(), "ZX_OK");
	no(bad.is_ok());
	yes(bad.is_error());
	is(bad.status_value(), ZX_ERR_NO_SPACE);
	is(bad.error_value(), ZX_ERR_NO_SPACE);
	assert_string_equal(bad.status_string(), "ZX_ERR_NO_SPACE");
	is(zx::result<>(zx::ok()).status_value(), ZX_OK);
	is(zx::result<>(zx::error(ZX_ERR_IO)).status_value(), ZX_ERR_IO);
	is(zx::result<>(bad.take_error()).status_value(), ZX_ERR_NO_SPACE);
}

static void value(void **)
{
	zx::result<int> good = with_number(ZX_OK);
	const zx::result<int> bad = with_number(ZX_ERR_IO);

	yes(good.is_ok());
	assert_int_equal(good.value(), 42);
	assert_int_equal(*good, 42);
	*good = 43;
	assert_int_equal(good.value(), 43);
	assert_int_equal(good.value_or(44), 43);
	is(bad.status_value(), ZX_ERR_IO);
	assert_int_equal(bad.value_or(44), 44);
	assert_int_equal(with_number(ZX_ERR_IO).value_or(44), 44);
	assert_int_equal(with_number(ZX_OK).value_or(44), 42);
}

/* An error goes on to a result of another type, and a value to one that is made of it. */
static void conversions(void **)
{
	const zx::result<std::string> text = zx::ok("some");
	const zx::result<long> number = with_number(ZX_OK), none = with_number(ZX_ERR_IO);

	assert_string_equal(told(ZX_OK).value().c_str(), "42");
	is(told(ZX_ERR_NO_MEMORY).error_value(), ZX_ERR_NO_MEMORY);
	assert_string_equal(text->c_str(), "some");
	assert_int_equal(text->size(), 4);
	assert_int_equal(*number, 42);
	is(none.error_value(), ZX_ERR_IO);
}

/* What is only moved, and points on. */
static void moves(void **)
{
	zx::result<std::unique_ptr<std::string>> owner = zx::ok(std::make_unique<std::string>("it"));
	zx::result<zx::handle> handle = zx::ok(zx::handle());

	assert_string_equal(owner->c_str(), "it");

	std::unique_ptr<std::string> taken = std::move(owner).value();

	assert_string_equal(taken->c_str(), "it");
	assert_null(owner.value().get());

	zx::result<std::unique_ptr<std::string>> again = zx::ok(std::move(taken));
	zx::result<std::unique_ptr<std::string>> last = again.take_value();

	assert_string_equal(last->c_str(), "it");
	no(handle->is_valid());

	std::string text = "there";
	const zx::result<std::string *> pointer = zx::ok(&text);

	assert_int_equal(pointer->size(), 5);
}

/* ---- what there is none of here ---- */

static void threads(void **)
{
	zx::thread thread;
	zx::suspend_token token;
	char state[8];
	std::thread native([] {});

	is(zx::thread::create(zx::process(), "it", 2, 0, &thread), ZX_ERR_NOT_SUPPORTED);
	is(thread.start(zx_vaddr_t(0), 0, 0, 0), ZX_ERR_NOT_SUPPORTED);
	is(thread.start(+[](uintptr_t, uintptr_t) {}, state, 0, 0), ZX_ERR_NOT_SUPPORTED);
	is(thread.read_state(0, state, sizeof(state)), ZX_ERR_NOT_SUPPORTED);
	is(thread.write_state(0, state, sizeof(state)), ZX_ERR_NOT_SUPPORTED);
	is(thread.suspend(&token), ZX_ERR_NOT_SUPPORTED);
	is(thread.kill(), ZX_ERR_NOT_SUPPORTED);
	no(thread);
	no(token);
	no(zx::thread::self()->is_valid());
	assert_int_equal(native_thread_get_zx_handle(native.native_handle()), ZX_HANDLE_INVALID);
	native.join();
}

static void processes(void **)
{
	zx::process process;
	zx::thread thread;
	zx::job job;
	zx::vmar vmar;
	char content[8];
	size_t actual;

	is(zx::process::create(job, "it", 2, 0, &process, &vmar), ZX_ERR_NOT_SUPPORTED);
	is(process.start(thread, 0, 0, zx::handle(), 0), ZX_ERR_NOT_SUPPORTED);
	is(process.read_memory(0, content, sizeof(content), &actual), ZX_ERR_NOT_SUPPORTED);
	is(process.write_memory(0, content, sizeof(content), &actual), ZX_ERR_NOT_SUPPORTED);
	is(process.get_child(1, ZX_RIGHT_SAME_RIGHTS, &thread), ZX_ERR_NOT_SUPPORTED);
	is(zx::job::create(job, 0, &job), ZX_ERR_NOT_SUPPORTED);
	is(job.set_policy(0, 0, nullptr, 0), ZX_ERR_NOT_SUPPORTED);
	is(job.get_child(1, ZX_RIGHT_SAME_RIGHTS, &job), ZX_ERR_NOT_SUPPORTED);
	is(job.get_child(1, ZX_RIGHT_SAME_RIGHTS, &process), ZX_ERR_NOT_SUPPORTED);
	no(process);
	no(vmar);
	no(job);
	no(zx::process::self()->is_valid());
	no(zx::job::default_job()->is_valid());
}

static void exceptions(void **)
{
	const zx::exception exception;
	zx::process process;
	zx::thread thread;

	is(exception.get_thread(&thread), ZX_ERR_NOT_SUPPORTED);
	is(exception.get_process(&process), ZX_ERR_NOT_SUPPORTED);
	no(thread);
	no(process);
}

static void traits(void **)
{
	using zx::object_traits;

	static_assert(object_traits<zx::thread>::supports_set_profile);
	static_assert(object_traits<zx::thread>::supports_wait);
	static_assert(!object_traits<zx::thread>::supports_get_child);
	static_assert(object_traits<zx::process>::supports_get_child);
	static_assert(object_traits<zx::job>::supports_get_child);
	static_assert(!object_traits<zx::exception>::supports_wait);
	static_assert(!object_traits<zx::exception>::supports_duplication);
	static_assert(zx::process::TYPE == 1 && zx::thread::TYPE == 2 && zx::job::TYPE == 17);
	static_assert(zx::suspend_token::TYPE == 27 && zx::exception::TYPE == 29);
}

int main()
{
	static const struct CMUnitTest zx[] = {
		cmocka_unit_test(status_alone),
		cmocka_unit_test(value),
		cmocka_unit_test(conversions),
		cmocka_unit_test(moves),
		cmocka_unit_test(threads),
		cmocka_unit_test(processes),
		cmocka_unit_test(exceptions),
		cmocka_unit_test(traits),
	};

	return cmocka_run_group_tests(zx, nullptr, nullptr);
}

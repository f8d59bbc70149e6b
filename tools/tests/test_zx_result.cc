// SPDX-License-Identifier: MIT
/*
 * lib/zx: zx::result.  Needs no module.
 */
#include <csignal>
#include <memory>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

#include <lib/zx/result.h>

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
	zx::result<std::unique_ptr<std::string>> owner =
		zx::ok(std::make_unique<std::string>("it"));
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

/* An error that is none would be taken for a value that is not there. */
static void no_error_is_ok(void **)
{
	volatile zx_status_t status = ZX_OK;
	int how = 0;
	const pid_t pid = fork();

	if (!pid) {
		std::signal(SIGABRT, SIG_DFL);
		_exit(zx::error(status).error_value());
	}
	assert_int_equal(waitpid(pid, &how, 0), pid);
	yes(WIFSIGNALED(how));
}

int main()
{
	static const struct CMUnitTest zx_result[] = {
		cmocka_unit_test(status_alone),
		cmocka_unit_test(value),
		cmocka_unit_test(conversions),
		cmocka_unit_test(moves),
		cmocka_unit_test(no_error_is_ok),
	};

	return cmocka_run_group_tests(zx_result, nullptr, nullptr);
}

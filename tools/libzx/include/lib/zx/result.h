// SPDX-License-Identifier: MIT
/*
 * A status that is not ZX_OK, or what a function has instead: zx::result<T>, and zx::result<> of
 * those that have nothing.
 */
#ifndef LIB_ZX_RESULT_H_
#define LIB_ZX_RESULT_H_

#include <optional>
#include <type_traits>
#include <utility>

#include <zircon/assert.h>
#include <zircon/status.h>
#include <zircon/types.h>

namespace zx {

/* What becomes a result that is an error, of any type. */
class [[nodiscard]] error {
public:
	explicit constexpr error(zx_status_t status) : status_(status)
	{
		ZX_ASSERT(status != ZX_OK);
	}

	constexpr zx_status_t error_value() const { return status_; }

private:
	zx_status_t status_;
};

using error_result = error;

/* What becomes a result that is not: with a value, or with none. */
template <typename... Ts>
class success;

template <>
class [[nodiscard]] success<> {};

template <typename T>
class [[nodiscard]] success<T> {
public:
	explicit constexpr success(T &&value) : value_(std::move(value)) {}
	explicit constexpr success(const T &value) : value_(value) {}

	constexpr T &value() & { return value_; }
	constexpr const T &value() const & { return value_; }
	constexpr T &&value() && { return std::move(value_); }

private:
	T value_;
};

constexpr success<> ok()
{
	return {};
}

template <typename T>
constexpr success<std::decay_t<T>> ok(T &&value)
{
	return success<std::decay_t<T>>(std::forward<T>(value));
}

namespace internal {

/* What results of all types have. */
class result_status {
public:
	[[nodiscard]] constexpr bool is_ok() const { return status_ == ZX_OK; }
	[[nodiscard]] constexpr bool is_error() const { return status_ != ZX_OK; }

	constexpr zx_status_t status_value() const { return status_; }
	const char *status_string() const { return zx_status_get_string(status_); }

	/* Of an error alone. */
	constexpr zx_status_t error_value() const
	{
		ZX_ASSERT(is_error());
		return status_;
	}

	constexpr error take_error() const { return error(error_value()); }

protected:
	explicit constexpr result_status(zx_status_t status) : status_(status) {}

private:
	zx_status_t status_;
};

template <typename T, typename = void>
struct has_arrow : std::is_pointer<T> {};

template <typename T>
struct has_arrow<T, std::void_t<decltype(std::declval<T &>().operator->())>> : std::true_type {};

} // namespace internal

template <typename... Ts>
class result;

template <>
class [[nodiscard]] result<> : public internal::result_status {
public:
	constexpr result(error e) : result_status(e.error_value()) {}
	constexpr result(success<>) : result_status(ZX_OK) {}
};

template <typename T>
class [[nodiscard]] result<T> : public internal::result_status {
public:
	using value_type = T;

	constexpr result(error e) : result_status(e.error_value()) {}

	template <typename U, typename = std::enable_if_t<std::is_constructible_v<T, U>>>
	constexpr result(success<U> other) : result_status(ZX_OK), value_(std::move(other).value())
	{
	}

	template <typename U, typename = std::enable_if_t<!std::is_same_v<T, U> &&
							  std::is_constructible_v<T, U>>>
	constexpr result(result<U> other) : result_status(other.status_value())
	{
		if (other.is_ok())
			value_.emplace(std::move(other).value());
	}

	/* Of one that is no error alone. */
	constexpr T &value() &
	{
		ZX_ASSERT(is_ok());
		return *value_;
	}

	constexpr const T &value() const &
	{
		ZX_ASSERT(is_ok());
		return *value_;
	}

	constexpr T &&value() && { return std::move(value()); }

	constexpr success<T> take_value() { return success<T>(std::move(value())); }

	template <typename U>
	constexpr T value_or(U &&otherwise) const &
	{
		return is_ok() ? *value_ : static_cast<T>(std::forward<U>(otherwise));
	}

	template <typename U>
	constexpr T value_or(U &&otherwise) &&
	{
		return is_ok() ? std::move(*value_) :
				 static_cast<T>(std::forward<U>(otherwise));
	}

	constexpr T &operator*() & { return value(); }
	constexpr const T &operator*() const & { return value(); }
	constexpr T &&operator*() && { return std::move(value()); }

	/* What can be pointed with points on: a result of a std::unique_ptr to what that has. */
	constexpr auto operator->() { return arrow(value()); }
	constexpr auto operator->() const { return arrow(value()); }

private:
	template <typename U>
	static constexpr auto arrow(U &value)
	{
		if constexpr (std::is_pointer_v<std::remove_const_t<U>>)
			return value;
		else if constexpr (internal::has_arrow<U>::value)
			return value.operator->();
		else
			return &value;
	}

	std::optional<T> value_;
};

/* The result of a call that tells a status, and of one that has a value if it is ZX_OK. */
constexpr result<> make_result(zx_status_t status)
{
	if (status == ZX_OK)
		return ok();
	return error(status);
}

template <typename T>
constexpr result<std::decay_t<T>> make_result(zx_status_t status, T &&value)
{
	if (status == ZX_OK)
		return ok(std::forward<T>(value));
	return error(status);
}

} // namespace zx

#endif // LIB_ZX_RESULT_H_

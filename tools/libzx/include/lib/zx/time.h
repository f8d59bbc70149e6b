// SPDX-License-Identifier: MIT
/*
 * Times, and what lies between them, in nanoseconds or in ticks.  What is too much for 64 bits
 * becomes infinite.
 */
#ifndef LIB_ZX_TIME_H_
#define LIB_ZX_TIME_H_

#include <ctime>

#include <zircon/syscalls.h>
#include <zircon/time.h>
#include <zircon/types.h>

namespace zx {

namespace internal {

constexpr int64_t from_timespec(std::timespec ts)
{
	return zx_duration_add_duration(zx_duration_mul_int64(ZX_SEC(1), ts.tv_sec),
					ts.tv_nsec);
}

constexpr std::timespec to_timespec(int64_t nanoseconds)
{
	std::timespec ts = {};

	ts.tv_sec = nanoseconds / ZX_SEC(1);
	ts.tv_nsec = nanoseconds % ZX_SEC(1);
	return ts;
}

} // namespace internal

class duration final {
public:
	constexpr duration() = default;
	explicit constexpr duration(zx_duration_t value) : value_(value) {}
	explicit constexpr duration(std::timespec ts) : value_(internal::from_timespec(ts)) {}

	static constexpr duration infinite() { return duration(ZX_TIME_INFINITE); }
	static constexpr duration infinite_past() { return duration(ZX_TIME_INFINITE_PAST); }

	constexpr zx_duration_t get() const { return value_; }
	constexpr std::timespec to_timespec() const { return internal::to_timespec(value_); }

	/* Whole ones, toward 0. */
	constexpr int64_t to_nsecs() const { return value_; }
	constexpr int64_t to_usecs() const { return value_ / ZX_USEC(1); }
	constexpr int64_t to_msecs() const { return value_ / ZX_MSEC(1); }
	constexpr int64_t to_secs() const { return value_ / ZX_SEC(1); }
	constexpr int64_t to_mins() const { return value_ / ZX_MIN(1); }
	constexpr int64_t to_hours() const { return value_ / ZX_HOUR(1); }

	constexpr duration operator-() const { return *this * -1; }

	constexpr duration operator+(duration other) const
	{
		return duration(zx_duration_add_duration(value_, other.value_));
	}

	constexpr duration operator-(duration other) const
	{
		return duration(zx_duration_sub_duration(value_, other.value_));
	}

	constexpr duration operator*(int64_t multiplier) const
	{
		return duration(zx_duration_mul_int64(value_, multiplier));
	}

	constexpr duration operator/(int64_t divisor) const { return duration(value_ / divisor); }
	constexpr int64_t operator/(duration other) const { return value_ / other.value_; }
	constexpr duration operator%(int64_t divisor) const { return duration(value_ % divisor); }
	constexpr int64_t operator%(duration other) const { return value_ % other.value_; }

	constexpr duration &operator+=(duration other) { return *this = *this + other; }
	constexpr duration &operator-=(duration other) { return *this = *this - other; }
	constexpr duration &operator*=(int64_t multiplier) { return *this = *this * multiplier; }
	constexpr duration &operator/=(int64_t divisor) { return *this = *this / divisor; }
	constexpr duration &operator%=(int64_t divisor) { return *this = *this % divisor; }

	constexpr bool operator==(duration other) const { return value_ == other.value_; }
	constexpr bool operator!=(duration other) const { return value_ != other.value_; }
	constexpr bool operator<(duration other) const { return value_ < other.value_; }
	constexpr bool operator<=(duration other) const { return value_ <= other.value_; }
	constexpr bool operator>(duration other) const { return value_ > other.value_; }
	constexpr bool operator>=(duration other) const { return value_ >= other.value_; }

private:
	zx_duration_t value_ = 0;
};

constexpr duration operator*(int64_t multiplier, duration d)
{
	return d * multiplier;
}

constexpr duration nsec(int64_t n) { return duration(ZX_NSEC(n)); }
constexpr duration usec(int64_t n) { return duration(ZX_USEC(n)); }
constexpr duration msec(int64_t n) { return duration(ZX_MSEC(n)); }
constexpr duration sec(int64_t n) { return duration(ZX_SEC(n)); }
constexpr duration min(int64_t n) { return duration(ZX_MIN(n)); }
constexpr duration hour(int64_t n) { return duration(ZX_HOUR(n)); }

/* A time by one of the clocks: those of two clocks are different types. */
template <zx_clock_t clock_id>
class basic_time final {
public:
	constexpr basic_time() = default;
	explicit constexpr basic_time(zx_time_t value) : value_(value) {}
	explicit constexpr basic_time(std::timespec ts) : value_(internal::from_timespec(ts)) {}

	static constexpr basic_time infinite() { return basic_time(ZX_TIME_INFINITE); }
	static constexpr basic_time infinite_past() { return basic_time(ZX_TIME_INFINITE_PAST); }

	constexpr zx_time_t get() const { return value_; }
	zx_time_t *get_address() { return &value_; }
	constexpr std::timespec to_timespec() const { return internal::to_timespec(value_); }

	constexpr duration operator-(basic_time other) const
	{
		return duration(zx_time_sub_time(value_, other.value_));
	}

	constexpr basic_time operator+(duration delta) const
	{
		return basic_time(zx_time_add_duration(value_, delta.get()));
	}

	constexpr basic_time operator-(duration delta) const
	{
		return basic_time(zx_time_sub_duration(value_, delta.get()));
	}

	constexpr basic_time &operator+=(duration delta) { return *this = *this + delta; }
	constexpr basic_time &operator-=(duration delta) { return *this = *this - delta; }

	constexpr bool operator==(basic_time other) const { return value_ == other.value_; }
	constexpr bool operator!=(basic_time other) const { return value_ != other.value_; }
	constexpr bool operator<(basic_time other) const { return value_ < other.value_; }
	constexpr bool operator<=(basic_time other) const { return value_ <= other.value_; }
	constexpr bool operator>(basic_time other) const { return value_ > other.value_; }
	constexpr bool operator>=(basic_time other) const { return value_ >= other.value_; }

private:
	zx_time_t value_ = 0;
};

template <zx_clock_t clock_id>
constexpr basic_time<clock_id> operator+(duration delta, basic_time<clock_id> time)
{
	return time + delta;
}

using time_monotonic = basic_time<ZX_CLOCK_MONOTONIC>;
using time_boot = basic_time<ZX_CLOCK_BOOT>;
using time = time_monotonic;

/* A number of ticks of one of the clocks. */
template <zx_clock_t clock_id>
class basic_ticks final {
public:
	constexpr basic_ticks() = default;
	explicit constexpr basic_ticks(zx_ticks_t value) : value_(value) {}

	static basic_ticks now()
	{
		if constexpr (clock_id == ZX_CLOCK_BOOT)
			return basic_ticks(zx_ticks_get_boot());
		else
			return basic_ticks(zx_ticks_get());
	}

	static basic_ticks per_second() { return basic_ticks(zx_ticks_per_second()); }

	static constexpr basic_ticks infinite() { return basic_ticks(INT64_MAX); }
	static constexpr basic_ticks infinite_past() { return basic_ticks(INT64_MIN); }

	constexpr zx_ticks_t get() const { return value_; }

	constexpr basic_ticks operator+(basic_ticks other) const
	{
		return basic_ticks(zx_duration_add_duration(value_, other.value_));
	}

	constexpr basic_ticks operator-(basic_ticks other) const
	{
		return basic_ticks(zx_duration_sub_duration(value_, other.value_));
	}

	constexpr basic_ticks operator*(uint64_t multiplier) const
	{
		zx_ticks_t product = 0;

		if (__builtin_mul_overflow(value_, multiplier, &product))
			return value_ < 0 ? infinite_past() : infinite();
		return basic_ticks(product);
	}

	/* A divisor of 64 bits is more than any ticks. */
	constexpr basic_ticks operator/(uint64_t divisor) const
	{
		return basic_ticks(divisor > INT64_MAX ? 0 :
				   value_ / static_cast<int64_t>(divisor));
	}

	constexpr basic_ticks operator%(uint64_t divisor) const
	{
		return basic_ticks(divisor > INT64_MAX ? value_ :
				   value_ % static_cast<int64_t>(divisor));
	}

	constexpr uint64_t operator/(basic_ticks other) const
	{
		return static_cast<uint64_t>(value_ / other.value_);
	}

	constexpr uint64_t operator%(basic_ticks other) const
	{
		return static_cast<uint64_t>(value_ % other.value_);
	}

	constexpr basic_ticks &operator+=(basic_ticks other) { return *this = *this + other; }
	constexpr basic_ticks &operator-=(basic_ticks other) { return *this = *this - other; }
	constexpr basic_ticks &operator*=(uint64_t factor) { return *this = *this * factor; }
	constexpr basic_ticks &operator/=(uint64_t divisor) { return *this = *this / divisor; }
	constexpr basic_ticks &operator%=(uint64_t divisor) { return *this = *this % divisor; }

	constexpr bool operator==(basic_ticks other) const { return value_ == other.value_; }
	constexpr bool operator!=(basic_ticks other) const { return value_ != other.value_; }
	constexpr bool operator<(basic_ticks other) const { return value_ < other.value_; }
	constexpr bool operator<=(basic_ticks other) const { return value_ <= other.value_; }
	constexpr bool operator>(basic_ticks other) const { return value_ > other.value_; }
	constexpr bool operator>=(basic_ticks other) const { return value_ >= other.value_; }

private:
	zx_ticks_t value_ = 0;
};

using ticks_monotonic = basic_ticks<ZX_CLOCK_MONOTONIC>;
using ticks_boot = basic_ticks<ZX_CLOCK_BOOT>;
using ticks = ticks_monotonic;

inline zx_status_t nanosleep(zx::time deadline)
{
	return zx_nanosleep(deadline.get());
}

inline zx::time deadline_after(zx::duration nanoseconds)
{
	return zx::time(zx_deadline_after(nanoseconds.get()));
}

} // namespace zx

#endif // LIB_ZX_TIME_H_

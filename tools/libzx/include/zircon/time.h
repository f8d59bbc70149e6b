/* SPDX-License-Identifier: MIT */
/*
 * Zircon's times: nanoseconds, signed, on CLOCK_MONOTONIC or CLOCK_BOOTTIME.
 */
#ifndef ZIRCON_TIME_H_
#define ZIRCON_TIME_H_

#include <stdint.h>

#include <zircon/compiler.h>

typedef int64_t zx_time_t;
typedef int64_t zx_duration_t;
typedef int64_t zx_instant_mono_t;
typedef int64_t zx_duration_mono_t;
typedef int64_t zx_instant_boot_t;
typedef int64_t zx_ticks_t;
typedef int64_t zx_instant_mono_ticks_t;
typedef int64_t zx_instant_boot_ticks_t;

typedef uint32_t zx_clock_t;

#define ZX_CLOCK_MONOTONIC	((zx_clock_t)0)
#define ZX_CLOCK_BOOT		((zx_clock_t)1)

#define ZX_TIME_INFINITE	INT64_MAX
#define ZX_TIME_INFINITE_PAST	INT64_MIN

#define ZX_NSEC(n)	((zx_duration_t)(1LL * (n)))
#define ZX_USEC(n)	((zx_duration_t)(1000LL * (n)))
#define ZX_MSEC(n)	((zx_duration_t)(1000000LL * (n)))
#define ZX_SEC(n)	((zx_duration_t)(1000000000LL * (n)))
#define ZX_MIN(n)	((zx_duration_t)(60LL * 1000000000LL * (n)))
#define ZX_HOUR(n)	((zx_duration_t)(3600LL * 1000000000LL * (n)))

/* Sums and products; what is too much becomes infinite, or infinitely long ago. */
__CONSTEXPR static inline zx_duration_t zx_duration_add_duration(zx_duration_t a, zx_duration_t b)
{
	zx_duration_t sum = 0;

	if (__builtin_add_overflow(a, b, &sum))
		return b < 0 ? ZX_TIME_INFINITE_PAST : ZX_TIME_INFINITE;
	return sum;
}

__CONSTEXPR static inline zx_duration_t zx_duration_sub_duration(zx_duration_t a, zx_duration_t b)
{
	zx_duration_t difference = 0;

	if (__builtin_sub_overflow(a, b, &difference))
		return b < 0 ? ZX_TIME_INFINITE : ZX_TIME_INFINITE_PAST;
	return difference;
}

__CONSTEXPR static inline zx_duration_t zx_duration_mul_int64(zx_duration_t duration, int64_t n)
{
	zx_duration_t product = 0;

	if (__builtin_mul_overflow(duration, n, &product))
		return (duration < 0) == (n < 0) ? ZX_TIME_INFINITE : ZX_TIME_INFINITE_PAST;
	return product;
}

__CONSTEXPR static inline zx_time_t zx_time_add_duration(zx_time_t time, zx_duration_t duration)
{
	return zx_duration_add_duration(time, duration);
}

__CONSTEXPR static inline zx_time_t zx_time_sub_duration(zx_time_t time, zx_duration_t duration)
{
	return zx_duration_sub_duration(time, duration);
}

__CONSTEXPR static inline zx_duration_t zx_time_sub_time(zx_time_t a, zx_time_t b)
{
	return zx_duration_sub_duration(a, b);
}

#endif /* ZIRCON_TIME_H_ */

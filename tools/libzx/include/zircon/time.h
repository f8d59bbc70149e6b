/* SPDX-License-Identifier: MIT */
/*
 * Zircon's times: nanoseconds, signed, on CLOCK_MONOTONIC.
 */
#ifndef ZIRCON_TIME_H_
#define ZIRCON_TIME_H_

#include <stdint.h>

typedef int64_t zx_time_t;
typedef int64_t zx_duration_t;
typedef int64_t zx_instant_mono_t;
typedef int64_t zx_duration_mono_t;
typedef int64_t zx_instant_boot_t;
typedef int64_t zx_ticks_t;
typedef int64_t zx_instant_mono_ticks_t;

#define ZX_TIME_INFINITE	INT64_MAX
#define ZX_TIME_INFINITE_PAST	INT64_MIN

#define ZX_NSEC(n)	((zx_duration_t)(1LL * (n)))
#define ZX_USEC(n)	((zx_duration_t)(1000LL * (n)))
#define ZX_MSEC(n)	((zx_duration_t)(1000000LL * (n)))
#define ZX_SEC(n)	((zx_duration_t)(1000000000LL * (n)))
#define ZX_MIN(n)	((zx_duration_t)(60LL * 1000000000LL * (n)))
#define ZX_HOUR(n)	((zx_duration_t)(3600LL * 1000000000LL * (n)))

#endif /* ZIRCON_TIME_H_ */

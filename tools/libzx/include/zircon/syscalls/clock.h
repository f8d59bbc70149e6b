/* SPDX-License-Identifier: MIT */
/*
 * What zx_clock_create() and its kin take and give, by Zircon's names.  There are no such clocks.
 */
#ifndef ZIRCON_SYSCALLS_CLOCK_H_
#define ZIRCON_SYSCALLS_CLOCK_H_

#include <stdint.h>

#include <zircon/types.h>

/* Options have the version of the structure with them, in the topmost six bits. */
#define ZX_CLOCK_ARGS_VERSION_SHIFT	58U
#define ZX_CLOCK_ARGS_VERSION_MASK	(UINT64_C(0x3f) << ZX_CLOCK_ARGS_VERSION_SHIFT)
#define ZX_CLOCK_ARGS_VERSION(n)	((uint64_t)(n) << ZX_CLOCK_ARGS_VERSION_SHIFT)

/* Options of zx_clock_create(). */
#define ZX_CLOCK_OPT_MONOTONIC		(UINT64_C(1) << 0)
#define ZX_CLOCK_OPT_CONTINUOUS		(UINT64_C(1) << 1)
#define ZX_CLOCK_OPT_AUTO_START		(UINT64_C(1) << 2)

/* Options of zx_clock_update(): what of its arguments counts. */
#define ZX_CLOCK_UPDATE_OPTION_VALUE_VALID		(UINT64_C(1) << 0)
#define ZX_CLOCK_UPDATE_OPTION_SYNTHETIC_VALUE_VALID	ZX_CLOCK_UPDATE_OPTION_VALUE_VALID
#define ZX_CLOCK_UPDATE_OPTION_RATE_ADJUST_VALID	(UINT64_C(1) << 1)
#define ZX_CLOCK_UPDATE_OPTION_ERROR_BOUND_VALID	(UINT64_C(1) << 2)
#define ZX_CLOCK_UPDATE_OPTION_REFERENCE_VALUE_VALID	(UINT64_C(1) << 3)

#define ZX_CLOCK_UPDATE_MIN_RATE_ADJUST	INT32_C(-1000)
#define ZX_CLOCK_UPDATE_MAX_RATE_ADJUST	INT32_C(1000)
#define ZX_CLOCK_UNKNOWN_ERROR		UINT64_MAX

typedef struct zx_clock_create_args_v1 {
	zx_time_t backstop_time;
} zx_clock_create_args_v1_t;

typedef struct zx_clock_rate {
	uint32_t synthetic_ticks;
	uint32_t reference_ticks;
} zx_clock_rate_t;

typedef struct zx_clock_transformation {
	int64_t reference_offset;
	int64_t synthetic_offset;
	zx_clock_rate_t rate;
} zx_clock_transformation_t;

typedef struct zx_clock_details_v1 {
	uint64_t options;
	zx_time_t backstop_time;
	zx_clock_transformation_t ticks_to_synthetic;
	zx_clock_transformation_t mono_to_synthetic;
	uint64_t error_bound;
	zx_ticks_t query_ticks;
	zx_ticks_t last_value_update_ticks;
	zx_ticks_t last_rate_adjust_update_ticks;
	zx_ticks_t last_error_bounds_update_ticks;
	uint32_t generation_counter;
	uint8_t padding1[4];
} zx_clock_details_v1_t;

typedef struct zx_clock_update_args_v1 {
	int32_t rate_adjust;
	uint8_t padding1[4];
	int64_t value;
	uint64_t error_bound;
} zx_clock_update_args_v1_t;

typedef struct zx_clock_update_args_v2 {
	int32_t rate_adjust;
	uint8_t padding1[4];
	int64_t synthetic_value;
	int64_t reference_value;
	uint64_t error_bound;
} zx_clock_update_args_v2_t;

#endif /* ZIRCON_SYSCALLS_CLOCK_H_ */

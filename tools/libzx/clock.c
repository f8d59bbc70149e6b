// SPDX-License-Identifier: MIT
/*
 * The clock that deadlines are on.
 */
#include <time.h>

#include "internal.h"

zx_instant_mono_t zx_clock_get_monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return ZX_SEC(now.tv_sec) + now.tv_nsec;
}

zx_instant_mono_t zx_deadline_after(zx_duration_mono_t nanoseconds)
{
	zx_instant_mono_t deadline;

	if (__builtin_add_overflow(zx_clock_get_monotonic(), nanoseconds,
				   &deadline))
		return nanoseconds < 0 ? ZX_TIME_INFINITE_PAST : ZX_TIME_INFINITE;
	return deadline;
}

// SPDX-License-Identifier: MIT
/*
 * The clocks, and waiting for one.
 */
#include <sched.h>
#include <time.h>

#include "base.h"

static zx_time_t now_on(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return ZX_SEC(now.tv_sec) + now.tv_nsec;
}

zx_instant_mono_t zx_clock_get_monotonic(void)
{
	return now_on(CLOCK_MONOTONIC);
}

zx_instant_boot_t zx_clock_get_boot(void)
{
	return now_on(CLOCK_BOOTTIME);
}

zx_instant_mono_t zx_deadline_after(zx_duration_mono_t nanoseconds)
{
	zx_instant_mono_t deadline;

	if (__builtin_add_overflow(zx_clock_get_monotonic(), nanoseconds,
				   &deadline))
		return nanoseconds < 0 ? ZX_TIME_INFINITE_PAST : ZX_TIME_INFINITE;
	return deadline;
}

/* A tick is a nanosecond here. */
zx_instant_mono_ticks_t zx_ticks_get(void)
{
	return zx_clock_get_monotonic();
}

zx_instant_boot_ticks_t zx_ticks_get_boot(void)
{
	return zx_clock_get_boot();
}

zx_ticks_t zx_ticks_per_second(void)
{
	return ZX_SEC(1);
}

zx_status_t zx_nanosleep(zx_instant_mono_t deadline)
{
	struct timespec until = {
		.tv_sec = deadline / ZX_SEC(1),
		.tv_nsec = deadline % ZX_SEC(1),
	};

	if (deadline <= 0) {
		sched_yield();
		return ZX_OK;
	}
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
	return ZX_OK;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Words with systemd.  Its main process is the keeper: a worker has no say.
 */
#ifdef ZXD_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

#include "notify.h"

#ifdef ZXD_SYSTEMD

void notify_ready(void)
{
	sd_notify(0, "READY=1");
}

void notify_stopping(void)
{
	sd_notify(0, "STOPPING=1");
}

void notify_alive(void)
{
	sd_notify(0, "WATCHDOG=1");
}

/* Twice in the time that it has. */
uint64_t notify_every(void)
{
	uint64_t usec;

	return sd_watchdog_enabled(0, &usec) > 0 ? usec / 2000 + 1 : 0;
}

#else /* ZXD_SYSTEMD */

void notify_ready(void)
{
}

void notify_stopping(void)
{
}

void notify_alive(void)
{
}

uint64_t notify_every(void)
{
	return 0;
}

#endif /* ZXD_SYSTEMD */

// SPDX-License-Identifier: GPL-2.0
/*
 * Suspend, as far as to the freezer.
 */
#define _GNU_SOURCE
#include <stdio.h>

#include "client.h"
#include "suspend.h"

#define PM_TEST		"/sys/power/pm_test"
#define PM_DELAY	"/sys/module/suspend/parameters/pm_test_delay"
#define PM_STATE	"/sys/power/state"

long long suspend_prepare(void)
{
	long long delay = read_number(PM_DELAY);

	if (delay < 0 || write_file(PM_TEST, "freezer") || write_file(PM_DELAY, "0"))
		return -1;
	return delay;
}

void suspend_leave(long long delay)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", delay);
	write_file(PM_TEST, "none");
	write_file(PM_DELAY, text);
}

int suspend(void)
{
	return write_file(PM_STATE, "freeze");
}

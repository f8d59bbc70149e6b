/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Suspend, as far as to the freezer, which stops all tasks, and at once back. So nothing
 * else is suspended.
 */
#ifndef ZXP_SELFTESTS_SUSPEND_H
#define ZXP_SELFTESTS_SUSPEND_H

/*
 * From now on it goes no further than that. The seconds that it stayed there before, for
 * suspend_leave(); negative if it may not be tried.
 */
long long suspend_prepare(void);
void suspend_leave(long long delay);

/* 0, or a negative errno: -EBUSY if somebody did not stop, after 20 seconds. */
int suspend(void);

#endif /* ZXP_SELFTESTS_SUSPEND_H */

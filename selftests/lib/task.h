/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What /proc tells of a task, of any process. A process has the tid of its first
 * thread.
 */
#ifndef ZXP_SELFTESTS_TASK_H
#define ZXP_SELFTESTS_TASK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* R, S, D and so on; 0 if there is no such task. */
char task_state(pid_t pid, pid_t tid);
/* It waits for something. */
bool task_asleep(pid_t pid, pid_t tid);
/* It has begun to exit. */
bool task_exits(pid_t pid, pid_t tid);

/*
 * Page faults that came to their end, also those that the kernel made for it. One that
 * gives up its lock and is taken again counts when it is done.
 */
int64_t task_faults(pid_t pid, pid_t tid);
/* How often it went to sleep. */
int64_t task_sleeps(pid_t pid, pid_t tid);
/* It sleeps in a function of the kernel whose name has @name in it. */
bool task_sleeps_in(pid_t pid, pid_t tid, const char *name);

#endif /* ZXP_SELFTESTS_TASK_H */

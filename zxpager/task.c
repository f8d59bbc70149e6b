// SPDX-License-Identifier: GPL-2.0
/*
 * What the calling task is, where that decides whether it may wait, and how.
 */
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "base.h"

/**
 * zxp_task_ends() - must the calling task not wait for a daemon any more?
 *
 * No signal reaches a task that exits or dumps core, or one whose process does, and
 * it may be the daemon itself: then nobody would ever answer.
 *
 * Return: true if so.
 */
bool zxp_task_ends(void)
{
	return current->flags & (PF_EXITING | PF_DUMPCORE) ||
	       READ_ONCE(current->signal->flags) & SIGNAL_GROUP_EXIT;
}

/**
 * zxp_task_is_user() - does the calling task return to user mode?
 *
 * Only such a task runs its task work and the handlers of its signals there.
 *
 * Return: true if so.
 */
bool zxp_task_is_user(void)
{
	return !(current->flags & (PF_KTHREAD | PF_IO_WORKER | PF_USER_WORKER));
}

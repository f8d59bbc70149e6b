// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: On which CPU a daemon and its clients run
 *
 * A client that sends a request sleeps next, and a daemon that has answered its
 * last request does so, too. Between the two only one has work to do, so the best
 * place for whoever is woken is the CPU of its waker: the caches are warm and no
 * idle CPU has to be roused by an interrupt, which costs more than all the rest
 * of a fault. That holds only as long as nobody else wants that CPU, and as the
 * daemon does no more than answer (see zxp_port_rests()); else the scheduler decides.
 * The module parameter ``handover`` switches it off.
 */
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/sched/stat.h>
#include <linux/wait.h>

#include "base.h"

static bool handover = true;
module_param(handover, bool, 0644);
MODULE_PARM_DESC(handover,
		 "run who is woken on the CPU of a waker that sleeps next (default Y)");

/**
 * zxp_wake() - wake a task
 * @wait: its &wait_queue_entry.private is the task
 * @mode: which states count as sleeping
 * @sleeps: the caller sleeps next
 *
 * Before 6.6 the scheduler is told no more than that the caller sleeps next.
 *
 * Context: Any.
 * Return: whether the task slept.
 */
bool zxp_wake(struct wait_queue_entry *wait, unsigned int mode, bool sleeps)
{
	int flags = 0;

	if (sleeps && READ_ONCE(handover) && single_task_running())
		flags = ZXP_WF_SYNC | ZXP_WF_CURRENT_CPU;
	return default_wake_function(wait, mode, flags, NULL);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Threads for the suites: one that waits while the case goes on, and one that does
 * what has to be done in the files and the memory of a case, whoever asks.
 */
#include <linux/kthread.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "kunit.h"

static int zxp_task_main(void *arg)
{
	struct zxp_task *task = arg;

	allow_signal(SIGKILL);
	allow_signal(SIGUSR1);
	if (task->mm)
		kthread_use_mm(task->mm);
	task->result = task->fn(task->arg);
	if (task->mm)
		kthread_unuse_mm(task->mm);
	/* Does not return, so no code of the module runs behind it. */
	kthread_complete_and_exit(&task->done, 0);
}

static int zxp_task_start(struct zxp_task *task, struct mm_struct *mm,
			  long (*fn)(void *arg), void *arg)
{
	task->mm = mm;
	task->fn = fn;
	task->arg = arg;
	init_completion(&task->done);
	task->task = kthread_create(zxp_task_main, task, "zxp_kunit");
	if (IS_ERR(task->task))
		return PTR_ERR(task->task);
	get_task_struct(task->task);
	wake_up_process(task->task);
	return 0;
}

/* The case is over; its thread is, too, unless the case has failed. */
static void zxp_task_free(struct kunit_resource *res)
{
	struct zxp_task *task = res->data;

	if (!completion_done(&task->done))
		send_sig(SIGKILL, task->task, 1);
	wait_for_completion(&task->done);
	put_task_struct(task->task);
	kfree(task);
}

static int zxp_task_init(struct kunit_resource *res, void *context)
{
	struct zxp_task *wanted = context, *task;
	int ret;

	task = kzalloc(sizeof(*task), GFP_KERNEL);
	if (!task)
		return -ENOMEM;
	ret = zxp_task_start(task, wanted->mm, wanted->fn, wanted->arg);
	if (ret)
		kfree(task);
	else
		res->data = task;
	return ret;
}

/* A thread of a case; it is killed if the case ends before. */
struct zxp_task *zxp_kunit_task(struct kunit *test, struct mm_struct *mm,
				long (*fn)(void *arg), void *arg)
{
	struct zxp_task wanted = { .mm = mm, .fn = fn, .arg = arg };
	struct zxp_task *task;

	task = kunit_alloc_resource(test, zxp_task_init, zxp_task_free,
				    GFP_KERNEL, &wanted);
	KUNIT_ASSERT_NOT_NULL(test, task);
	return task;
}

/* Wait for the end of a thread. It can still be waited for again. */
bool zxp_task_join(struct zxp_task *task)
{
	bool done = wait_for_completion_timeout(&task->done, 60 * HZ);

	if (done)
		complete_all(&task->done);
	return done;
}

void zxp_task_kill(struct zxp_task *task)
{
	send_sig(SIGKILL, task->task, 1);
}

/* Call a function in a thread of its own, and wait for it. */
long zxp_kunit_call(struct mm_struct *mm, long (*fn)(void *arg), void *arg)
{
	struct zxp_task *task = kzalloc(sizeof(*task), GFP_KERNEL | __GFP_NOFAIL);
	long ret;

	ret = zxp_task_start(task, mm, fn, arg);
	if (!ret) {
		wait_for_completion(&task->done);
		ret = task->result;
		put_task_struct(task->task);
	}
	kfree(task);
	return ret;
}

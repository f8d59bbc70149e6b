// SPDX-License-Identifier: GPL-2.0
/*
 * How long an exiting task may wait for daemons.
 *
 * The kernel writes to memory of a task that exits: it marks the robust mutexes that the
 * task holds, and clears a word that another thread waits for in pthread_join(). If such
 * a word is missing a daemon can still bring it, and it would be a pity to leave it as
 * it is. But no signal reaches the task any more. So it waits for a second at most, in
 * all its exit, and not at all for a daemon that has let one wait in vain and has
 * answered nothing since.
 *
 * What it has used of that second is kept until its task work runs for the last time.
 */
#include <linux/file.h>
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/task_work.h>

#include "access.h"

/**
 * struct zxp_exit - a task that exits
 * @work: in the task
 * @link: in zxp_exits
 * @task: the task, which outlives this
 * @until: it waits until then
 * @file: keeps the module
 */
struct zxp_exit {
	struct callback_head work;
	struct list_head link;
	struct task_struct *task;
	unsigned long until;
	struct file *file;
};

static DEFINE_SPINLOCK(zxp_exits_lock);
static LIST_HEAD(zxp_exits);

static void zxp_exit_work(struct callback_head *work)
{
	struct zxp_exit *leaving = container_of(work, struct zxp_exit, work);

	spin_lock(&zxp_exits_lock);
	list_del(&leaving->link);
	spin_unlock(&zxp_exits_lock);
	fput(leaving->file);
	kfree(leaving);
}

static struct zxp_exit *zxp_exit_find(void)
{
	struct zxp_exit *leaving, *found = NULL;

	spin_lock(&zxp_exits_lock);
	list_for_each_entry(leaving, &zxp_exits, link) {
		if (leaving->task == current) {
			found = leaving;
			break;
		}
	}
	spin_unlock(&zxp_exits_lock);
	return found;
}

/**
 * zxp_exit_time_left() - for how long may the calling task still wait?
 * @file: a file of a VMO
 *
 * Return: jiffies, or 0.
 */
long zxp_exit_time_left(struct file *file)
{
	struct zxp_exit *leaving = zxp_exit_find();

	if (leaving)
		return max(0L, (long)(leaving->until - jiffies));

	leaving = kmalloc(sizeof(*leaving), GFP_KERNEL);
	if (!leaving)
		return 0;
	init_task_work(&leaving->work, zxp_exit_work);
	/* Too late in its exit: nothing would free this. */
	if (task_work_add(current, &leaving->work, TWA_NONE)) {
		kfree(leaving);
		return 0;
	}
	leaving->task = current;
	leaving->until = jiffies + HZ;
	leaving->file = get_file(file);
	spin_lock(&zxp_exits_lock);
	list_add(&leaving->link, &zxp_exits);
	spin_unlock(&zxp_exits_lock);
	return HZ;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * SYNC: fsync() asks the daemon to make durable what was written.
 *
 * At most one SYNC of a VMO is to be answered at a time. What a client wrote after
 * the daemon has read the packet may not be in what it makes durable, so whoever
 * comes later waits for the next one; all who wait for that are asked for together,
 * with a range that holds theirs. Nobody else joins a request that was read.
 *
 * A SYNC whose waiters were all killed is retracted, if nobody has read it. Else it
 * is to be answered all the same.
 *
 * A signal ends the wait, and the system call is made again when its handler has run.
 * What it waited for is kept for that, and the call that comes back takes the answer
 * to the SYNC that it had asked for: else a timer that is faster than the daemon would
 * keep fsync() from ever ending. It is known by its task, its range, and by where in
 * the program it is made and on which stack. A task that has changed the VMO since has
 * to ask again.
 *
 * Everything is under &zxp_source.lock, as in request.c.
 */
#include <linux/errno.h>
#include <linux/freezer.h>
#include <linux/ptrace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>

#include "request.h"

/**
 * struct zxp_sync_waiter - an fsync()
 * @link: in &zxp_sync.waiters or &zxp_sync.next, until it is answered
 * @left: in &zxp_sync.left; empty while the task waits
 * @task: who waits; referenced while @left
 * @start: first page
 * @end: the page after the last one
 * @ip: where the system call was made
 * @sp: with this stack
 * @since: in jiffies, when it began
 * @error: the daemon's answer
 * @woken: it has come
 *
 * On the stack of a caller that does not come back, else allocated.
 */
struct zxp_sync_waiter {
	struct list_head link;
	struct list_head left;
	struct task_struct *task;
	pgoff_t start;
	pgoff_t end;
	unsigned long ip;
	unsigned long sp;
	unsigned long since;
	int error;
	bool woken;
};

static void zxp_sync_wake(struct zxp_sync_waiter *waiter, int error)
{
	list_del_init(&waiter->link);
	waiter->error = error;
	WRITE_ONCE(waiter->woken, true);
	if (list_empty(&waiter->left))
		wake_up_process(waiter->task);
}

static void zxp_sync_wake_all(struct list_head *waiters, int error)
{
	struct zxp_sync_waiter *waiter, *next;

	list_for_each_entry_safe(waiter, next, waiters, link)
		zxp_sync_wake(waiter, error);
}

/* Has nobody read the packet yet? */
static bool zxp_sync_unread_locked(struct zxp_source *source)
{
	struct zxp_sync *sync = &source->sync;

	lockdep_assert_held(&source->lock);

	return !list_empty(&sync->request.link) ||
	       source->sending == &sync->request;
}

/* Ask for all who wait, if nothing is to be answered. */
static void zxp_sync_send_locked(struct zxp_source *source)
{
	struct zxp_sync *sync = &source->sync;
	struct zxp_sync_waiter *waiter;

	lockdep_assert_held(&source->lock);

	if (sync->active || list_empty(&sync->next))
		return;

	waiter = list_first_entry(&sync->next, struct zxp_sync_waiter, link);
	sync->request.start = waiter->start;
	sync->request.end = waiter->end;
	list_for_each_entry(waiter, &sync->next, link) {
		sync->request.start = min(sync->request.start, waiter->start);
		sync->request.end = max(sync->request.end, waiter->end);
	}
	list_splice_init(&sync->next, &sync->waiters);
	sync->active = true;
	list_add_tail(&sync->request.link, &source->fifo);
	zxp_source_dispatch_locked(source);
}

/*
 * Nobody waits any more, so the packet is not to be seen. If it is being read just
 * now it will be answered; until then no other one may be sent, which that answer
 * could be taken for.
 */
static void zxp_sync_retract_locked(struct zxp_source *source)
{
	struct zxp_sync *sync = &source->sync;

	lockdep_assert_held(&source->lock);

	if (source->sending == &sync->request) {
		if (!zxp_port_retract(source->port, &source->packet))
			return;
		source->sending = NULL;
		source->packet_busy = false;
		zxp_source_put(source);
	}
	list_del_init(&sync->request.link);
	sync->active = false;
	zxp_sync_send_locked(source);
	zxp_source_dispatch_locked(source);
}

static int zxp_sync_start(struct zxp_source *source,
			  struct zxp_sync_waiter *waiter)
{
	struct zxp_sync *sync = &source->sync;
	int ret = 0;

	spin_lock(&source->lock);
	if (source->detached) {
		ret = -ESTALE;
	} else {
		source->nr_waiting++;
		waiter->since = jiffies;
		zxp_source_watch_locked(source);
		if (sync->active && zxp_sync_unread_locked(source) &&
		    waiter->start >= sync->request.start &&
		    waiter->end <= sync->request.end)
			list_add_tail(&waiter->link, &sync->waiters);
		else
			list_add_tail(&waiter->link, &sync->next);
		zxp_sync_send_locked(source);
	}
	spin_unlock(&source->lock);
	return ret;
}

/* It is not waited for any more. */
static void zxp_sync_abandon_locked(struct zxp_source *source,
				    struct zxp_sync_waiter *waiter)
{
	lockdep_assert_held(&source->lock);

	list_del(&waiter->link);
	if (source->sync.active && list_empty(&source->sync.waiters) &&
	    zxp_sync_unread_locked(source))
		zxp_sync_retract_locked(source);
}

/* Nobody comes back for it. */
static void zxp_sync_drop_left_locked(struct zxp_source *source,
				      struct zxp_sync_waiter *waiter)
{
	lockdep_assert_held(&source->lock);

	list_del(&waiter->left);
	zxp_sync_abandon_locked(source, waiter);
	put_task_struct(waiter->task);
	kfree(waiter);
}

/* Each task leaves one at most, and one that is dead none. */
static void zxp_sync_leave_locked(struct zxp_source *source,
				  struct zxp_sync_waiter *new)
{
	struct zxp_sync_waiter *waiter, *next;

	lockdep_assert_held(&source->lock);

	list_for_each_entry_safe(waiter, next, &source->sync.left, left)
		if (waiter->task == current || READ_ONCE(waiter->task->exit_state))
			zxp_sync_drop_left_locked(source, waiter);
	get_task_struct(new->task);
	list_add(&new->left, &source->sync.left);
}

/**
 * zxp_sync_forget() - forget what an interrupted fsync() waited for
 * @source: the source
 * @task: whose; NULL for all
 */
void zxp_sync_forget(struct zxp_source *source, struct task_struct *task)
{
	struct zxp_sync_waiter *waiter, *next;

	if (list_empty_careful(&source->sync.left))
		return;
	spin_lock(&source->lock);
	list_for_each_entry_safe(waiter, next, &source->sync.left, left)
		if (!task || waiter->task == task)
			zxp_sync_drop_left_locked(source, waiter);
	spin_unlock(&source->lock);
}

/* What this call waited for before a signal's handler ran. */
static struct zxp_sync_waiter *zxp_sync_return(struct zxp_source *source,
					       const struct zxp_sync_waiter *call)
{
	struct zxp_sync_waiter *waiter, *found = NULL;

	if (list_empty_careful(&source->sync.left))
		return NULL;
	spin_lock(&source->lock);
	list_for_each_entry(waiter, &source->sync.left, left) {
		if (waiter->task != call->task)
			continue;
		/* What has grown since is not what this call was about. */
		if (waiter->start == call->start && waiter->end <= call->end &&
		    waiter->ip == call->ip && waiter->sp == call->sp) {
			list_del_init(&waiter->left);
			source->nr_waiting++;
			found = waiter;
		}
		break;
	}
	spin_unlock(&source->lock);
	if (found)
		put_task_struct(found->task);
	return found;
}

/*
 * Ask, or go on waiting for what was asked. A caller that may be interrupted needs a
 * waiter that outlives it; without memory for one it is not interrupted.
 */
static int zxp_sync_begin(struct zxp_source *source, struct zxp_sync_waiter **waiter,
			  bool *restarts)
{
	struct zxp_sync_waiter *call = *waiter, *own = NULL;
	int ret;

	if (*restarts) {
		call->ip = instruction_pointer(current_pt_regs());
		call->sp = user_stack_pointer(current_pt_regs());
		*waiter = zxp_sync_return(source, call);
		if (*waiter)
			return 0;
		own = kmemdup(call, sizeof(*call), GFP_KERNEL_ACCOUNT);
	}
	*restarts = own;
	*waiter = own ?: call;
	INIT_LIST_HEAD(&(*waiter)->left);
	ret = zxp_sync_start(source, *waiter);
	if (ret)
		kfree(own);
	return ret;
}

/**
 * zxp_sync_wait() - have the daemon make a range durable
 * @source: the source
 * @start: first page
 * @end: the page after the last one
 * @restarts: after -ERESTARTNOINTR the caller returns to user mode, to come back
 *
 * Return: 0; the daemon's error; -ESTALE detached; -EINTR killed, or the task ends;
 * -ERESTARTNOINTR for a signal.
 */
int zxp_sync_wait(struct zxp_source *source, pgoff_t start, pgoff_t end,
		  bool restarts)
{
	struct zxp_sync_waiter call = {
		.task = current,
		.start = start,
		.end = end,
	};
	struct zxp_sync_waiter *waiter = &call;
	unsigned int state;
	int ret;

	if (zxp_task_ends())
		return -EINTR;
	ret = zxp_sync_begin(source, &waiter, &restarts);
	if (ret)
		return ret;

	state = restarts ? TASK_INTERRUPTIBLE : TASK_KILLABLE;
	for (;;) {
		set_current_state(state | TASK_FREEZABLE_UNSAFE);
		if (READ_ONCE(waiter->woken) || signal_pending_state(state, current))
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);

	spin_lock(&source->lock);
	source->nr_waiting--;
	if (waiter->woken) {
		ret = waiter->error;
	} else if (fatal_signal_pending(current)) {
		ret = -EINTR;
		zxp_sync_abandon_locked(source, waiter);
	} else {
		ret = -ERESTARTNOINTR;
		zxp_sync_leave_locked(source, waiter);
	}
	spin_unlock(&source->lock);
	if (waiter != &call && ret != -ERESTARTNOINTR)
		kfree(waiter);
	return ret;
}

/**
 * zxp_sync_end() - the daemon answers
 * @source: the source
 * @start: first page of the packet
 * @end: the page after its last one
 * @error: 0 or a negative errno
 * @wb_err: where an error is kept for those who have the VMO open
 * @epoch: of the generation that answers
 *
 * Return: 0, -ESHUTDOWN, -ESTALE detached, -ENOENT there is no such SYNC that was read.
 */
int zxp_sync_end(struct zxp_source *source, pgoff_t start, pgoff_t end,
		 int error, errseq_t *wb_err, unsigned long epoch)
{
	struct zxp_sync *sync = &source->sync;
	int ret;

	spin_lock(&source->lock);
	ret = zxp_source_check_locked(source, epoch);
	if (ret) {
		/* It knows nothing of what was written since its SYNC. */
	} else if (source->detached) {
		ret = -ESTALE;
	} else if (!sync->active || zxp_sync_unread_locked(source) ||
		   sync->request.start != start || sync->request.end != end) {
		ret = -ENOENT;
	} else {
		if (error)
			errseq_set(wb_err, error);
		sync->active = false;
		zxp_sync_wake_all(&sync->waiters, error);
		zxp_sync_send_locked(source);
	}
	spin_unlock(&source->lock);
	return ret;
}

static void zxp_sync_overdue_list_locked(struct zxp_source *source,
					 struct list_head *waiters, struct zxp_look *look)
{
	struct zxp_sync_waiter *waiter, *next;

	lockdep_assert_held(&source->lock);

	list_for_each_entry_safe(waiter, next, waiters, link) {
		const struct zxp_wait wait = {
			.type = ZXP_REQUEST_SYNC,
			.start = waiter->start,
			.end = waiter->end,
			.task = waiter->task,
			.since = waiter->since,
		};

		if (zxp_look_at(source, look, &wait))
			zxp_sync_wake(waiter, -ETIMEDOUT);
	}
}

/*
 * Who waits for too long. A SYNC that was read is to be answered all the same, as if its
 * waiters were killed: the answer may still come, and is not to be taken for one to the next.
 */
void zxp_sync_overdue_locked(struct zxp_source *source, struct zxp_look *look)
{
	struct zxp_sync *sync = &source->sync;

	lockdep_assert_held(&source->lock);

	zxp_sync_overdue_list_locked(source, &sync->waiters, look);
	zxp_sync_overdue_list_locked(source, &sync->next, look);
	if (sync->active && list_empty(&sync->waiters) && zxp_sync_unread_locked(source))
		zxp_sync_retract_locked(source);
}

/* Does anybody wait for a SYNC? */
bool zxp_sync_waits_locked(struct zxp_source *source)
{
	lockdep_assert_held(&source->lock);

	return !list_empty(&source->sync.waiters) || !list_empty(&source->sync.next);
}

/* No more answers: nobody knows what is durable. */
void zxp_sync_detach_locked(struct zxp_source *source)
{
	struct zxp_sync *sync = &source->sync;

	lockdep_assert_held(&source->lock);

	sync->active = false;
	zxp_source_unsend_locked(source, &sync->request);
	zxp_sync_wake_all(&sync->waiters, -ESTALE);
	zxp_sync_wake_all(&sync->next, -ESTALE);
}

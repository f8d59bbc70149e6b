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
 * Everything is under &zxp_source.lock, as in request.c.
 */
#include <linux/errno.h>
#include <linux/freezer.h>
#include <linux/sched/signal.h>

#include "request.h"

/**
 * struct zxp_sync_waiter - an fsync(), on the stack of the caller
 * @link: in &zxp_sync.waiters or &zxp_sync.next
 * @task: who waits
 * @start: first page
 * @end: the page after the last one
 * @error: the daemon's answer
 * @woken: it has come
 */
struct zxp_sync_waiter {
	struct list_head link;
	struct task_struct *task;
	pgoff_t start;
	pgoff_t end;
	int error;
	bool woken;
};

static void zxp_sync_wake_all(struct list_head *waiters, int error)
{
	struct zxp_sync_waiter *waiter, *next;

	list_for_each_entry_safe(waiter, next, waiters, link) {
		list_del_init(&waiter->link);
		waiter->error = error;
		WRITE_ONCE(waiter->woken, true);
		wake_up_process(waiter->task);
	}
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

/**
 * zxp_sync_wait() - have the daemon make a range durable
 * @source: the source
 * @start: first page
 * @end: the page after the last one
 *
 * Return: 0; the daemon's error; -ESTALE detached; -EINTR killed.
 */
int zxp_sync_wait(struct zxp_source *source, pgoff_t start, pgoff_t end)
{
	struct zxp_sync_waiter waiter = {
		.task = current,
		.start = start,
		.end = end,
	};
	int ret;

	ret = zxp_sync_start(source, &waiter);
	if (ret)
		return ret;

	for (;;) {
		set_current_state(TASK_KILLABLE | TASK_FREEZABLE_UNSAFE);
		if (READ_ONCE(waiter.woken) || fatal_signal_pending(current))
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);

	spin_lock(&source->lock);
	source->nr_waiting--;
	if (waiter.woken) {
		ret = waiter.error;
	} else {
		ret = -EINTR;
		list_del(&waiter.link);
		if (source->sync.active && list_empty(&source->sync.waiters) &&
		    zxp_sync_unread_locked(source))
			zxp_sync_retract_locked(source);
	}
	spin_unlock(&source->lock);
	return ret;
}

/**
 * zxp_sync_end() - the daemon answers
 * @source: the source
 * @start: first page of the packet
 * @end: the page after its last one
 * @error: 0 or a negative errno
 * @wb_err: where an error is kept for those who have the VMO open
 *
 * Return: 0, -ESTALE detached, -ENOENT there is no such SYNC that was read.
 */
int zxp_sync_end(struct zxp_source *source, pgoff_t start, pgoff_t end,
		 int error, errseq_t *wb_err)
{
	struct zxp_sync *sync = &source->sync;
	int ret = 0;

	spin_lock(&source->lock);
	if (source->detached) {
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

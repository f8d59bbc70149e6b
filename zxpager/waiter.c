// SPDX-License-Identifier: GPL-2.0
/*
 * A task that asks for pages: it waits, or leaves a hint that nobody waits for. What
 * becomes of its request is in request.c.
 */
#include <linux/errno.h>
#include <linux/error-injection.h>
#include <linux/freezer.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "request.h"

/* Hints that nobody waits for: enough to be useful, too few to hurt. */
#define ZXP_MAX_HINTS	64

static bool zxp_request_may_start(struct zxp_source *source,
				  unsigned long generation, int *ret)
{
	lockdep_assert_held(&source->lock);

	if (source->generation != generation)
		*ret = -EAGAIN;
	else if (source->detached)
		*ret = -ESTALE;
	else
		*ret = 0;
	return !*ret;
}

static int zxp_request_ask(struct zxp_source *source, struct zxp_request *request,
			   enum zxp_request_type type, pgoff_t start, pgoff_t end,
			   bool early, unsigned long generation)
{
	struct zxp_request *other;
	int ret;

	spin_lock(&source->lock);
	if (!zxp_request_may_start(source, generation, &ret))
		goto unlock;

	*request = (struct zxp_request) {
		.task = current,
		.start = start,
		.end = end,
		.first = start,
		.wake = start,
		.since = jiffies,
		.type = type,
		.early = early,
		.active = true,
	};
	INIT_LIST_HEAD(&request->link);
	INIT_LIST_HEAD(&request->overlaps);

	other = zxp_request_find(&source->requests[type], start);
	if (other)
		request->end = min(end, other->start <= start ? other->end :
								other->start);
	request->pending = request->end - start;
	if (other && other->start <= start) {
		request->primary = other;
		list_add_tail(&request->link, &other->overlaps);
	} else {
		zxp_request_send_locked(source, request);
	}
	source->nr_waiting++;
	zxp_source_watch_locked(source);
unlock:
	spin_unlock(&source->lock);
	return ret;
}

/**
 * zxp_request_start() - ask for a range
 * @source: the source
 * @request: of the caller, often on its stack; its content does not matter
 * @type: READ or DIRTY
 * @start: the first page needed
 * @end: the page after the last one that is wanted with it
 * @early: wake for each run of pages that comes next, not only at the end
 * @generation: zxp_source_generation() before the page was looked for
 *
 * On success zxp_request_wait() has to follow, or zxp_request_leave().
 *
 * Return: 0, -EAGAIN if something came meanwhile and the caller has to look
 * again, -ESTALE if the source is detached, -EINTR if the task ends.
 */
int zxp_request_start(struct zxp_source *source, struct zxp_request *request,
		      enum zxp_request_type type, pgoff_t start, pgoff_t end,
		      bool early, unsigned long generation)
{
	if (zxp_task_ends())
		return -EINTR;
	return zxp_request_ask(source, request, type, start, end, early,
			       generation);
}
ALLOW_ERROR_INJECTION(zxp_request_start, ERRNO);

/**
 * zxp_request_start_ending() - ask for a range on behalf of a task that ends
 * @source: the source
 * @request: as for zxp_request_start()
 * @type: READ or DIRTY
 * @start: the first page needed
 * @end: the page after the last one
 * @generation: zxp_source_generation() before the page was looked for
 *
 * On success zxp_request_sleep() with a limit has to follow, and zxp_request_leave().
 *
 * Return: 0, -EAGAIN, -ESTALE as zxp_request_start().
 */
int zxp_request_start_ending(struct zxp_source *source,
			     struct zxp_request *request,
			     enum zxp_request_type type, pgoff_t start,
			     pgoff_t end, unsigned long generation)
{
	return zxp_request_ask(source, request, type, start, end, false,
			       generation);
}

/**
 * zxp_request_continue() - wait on, having taken what came early
 * @source: the source
 * @request: a request that zxp_request_wait() left active
 * @wake: the next page needed
 * @generation: zxp_source_generation() before the page was looked for
 *
 * Return: 0 and zxp_request_wait() has to follow; -EAGAIN if the caller has to
 * look again; -ENOENT if the page lies outside, and the request has ended; -EINTR if
 * the task ends; the daemon's error, if it came meanwhile.
 */
int zxp_request_continue(struct zxp_source *source, struct zxp_request *request,
			 pgoff_t wake, unsigned long generation)
{
	int ret = 0;

	if (zxp_task_ends())
		return -EINTR;
	spin_lock(&source->lock);
	if (request->error) {
		ret = request->error;
	} else if (!request->active) {
		ret = -ENOENT;
	} else if (source->generation != generation) {
		ret = -EAGAIN;
	} else if (wake < request->start || wake >= request->end) {
		zxp_request_cancel_locked(source, request);
		ret = -ENOENT;
	} else {
		request->wake = wake;
		WRITE_ONCE(request->woken, false);
		source->nr_waiting++;
	}
	spin_unlock(&source->lock);
	return ret;
}
ALLOW_ERROR_INJECTION(zxp_request_continue, ERRNO);

/**
 * zxp_request_sleep() - sleep until there is reason to look again
 * @request: started or continued
 * @state: %TASK_INTERRUPTIBLE or %TASK_KILLABLE
 * @timeout: for how many jiffies at most; or %MAX_SCHEDULE_TIMEOUT
 *
 * The task may be frozen while it waits, whatever locks its caller holds: they
 * are all the caller's own or taken killably. It may sleep again after -ETIME; else
 * zxp_request_leave() has to follow.
 *
 * Return: 0, -ERESTARTNOINTR for a signal, -ETIME.
 */
int zxp_request_sleep(struct zxp_request *request, unsigned int state,
		      long timeout)
{
	int ret = 0;

	for (;;) {
		set_current_state(state | TASK_FREEZABLE_UNSAFE);
		if (READ_ONCE(request->woken))
			break;
		if (signal_pending_state(state, current))
			ret = -ERESTARTNOINTR;
		else if (!timeout)
			ret = -ETIME;
		if (ret)
			break;
		timeout = schedule_timeout(timeout);
	}
	__set_current_state(TASK_RUNNING);
	return ret;
}

/**
 * zxp_request_leave() - the waiter waits no more
 * @source: the source
 * @request: started or continued
 * @ret: what zxp_request_sleep() has returned, or another reason to leave
 *
 * Return: 0, the daemon's error, or @ret. After an error the request has ended; after
 * 0 an early one may still be active.
 */
int zxp_request_leave(struct zxp_source *source, struct zxp_request *request,
		      int ret)
{
	spin_lock(&source->lock);
	source->nr_waiting--;
	if (request->woken)
		ret = request->error;
	if (request->active && (ret || !request->early))
		zxp_request_cancel_locked(source, request);
	spin_unlock(&source->lock);
	return ret;
}

/**
 * zxp_request_wait() - wait until there is reason to look again
 * @source: the source
 * @request: started or continued
 * @state: %TASK_INTERRUPTIBLE or %TASK_KILLABLE
 *
 * Return: 0, the daemon's error, or -ERESTARTNOINTR for a signal. After an error
 * the request has ended; after 0 an early one may still be active.
 */
int zxp_request_wait(struct zxp_source *source, struct zxp_request *request,
		     unsigned int state)
{
	int ret = zxp_request_sleep(request, state, MAX_SCHEDULE_TIMEOUT);

	return zxp_request_leave(source, request, ret);
}

/**
 * zxp_request_end() - the waiter needs no more
 * @source: the source
 * @request: a request that may be active, or was never started; then it is zero
 *
 * Even an inactive request is left under the lock, since whoever deactivated it
 * may be about to wake it.
 */
void zxp_request_end(struct zxp_source *source, struct zxp_request *request)
{
	if (!request->task)
		return;
	spin_lock(&source->lock);
	if (request->active)
		zxp_request_cancel_locked(source, request);
	spin_unlock(&source->lock);
}

static struct zxp_request *zxp_request_alloc_hint(void)
{
	struct zxp_request *request;

	request = kzalloc(sizeof(*request), GFP_KERNEL_ACCOUNT);
	if (request) {
		INIT_LIST_HEAD(&request->link);
		INIT_LIST_HEAD(&request->overlaps);
	}
	return request;
}

/**
 * zxp_request_leave_hint() - the waiter waits no more, but what it asked for stays asked
 * @source: the source
 * @request: started
 *
 * Its packet stays as it is. Without memory, or with too many hints, the request ends.
 */
void zxp_request_leave_hint(struct zxp_source *source, struct zxp_request *request)
{
	struct zxp_request *hint = zxp_request_alloc_hint();

	spin_lock(&source->lock);
	if (hint && request->active && !request->primary && !source->detached &&
	    source->nr_hints < ZXP_MAX_HINTS) {
		hint->type = request->type;
		hint->first = request->first;
		hint->wake = request->wake;
		hint->since = request->since;
		hint->active = true;
		zxp_request_replace_locked(source, request, hint);
		source->nr_hints++;
		hint = NULL;
	}
	spin_unlock(&source->lock);
	kfree(hint);
	zxp_request_leave(source, request, -EINTR);
}

/**
 * zxp_request_hint() - ask for a range without waiting for it
 * @source: the source
 * @type: READ or DIRTY
 * @start: first page
 * @end: the page after the last one; on success, how far this call came
 * @generation: zxp_source_generation() before the pages were looked for
 *
 * What is asked for already is left out. The request stays until it is answered
 * or the source is detached; only so many are kept.
 *
 * Return: 0, also if nothing was to be asked for; -EAGAIN to look again; -EBUSY
 * with too many hints; -ENOMEM; -ESTALE.
 */
int zxp_request_hint(struct zxp_source *source, enum zxp_request_type type,
		     pgoff_t start, pgoff_t *end, unsigned long generation)
{
	struct zxp_request *request, *other;
	int ret;

	request = zxp_request_alloc_hint();
	if (!request)
		return -ENOMEM;

	spin_lock(&source->lock);
	if (!zxp_request_may_start(source, generation, &ret))
		goto unlock;

	other = zxp_request_find(&source->requests[type], start);
	while (other && other->start <= start) {
		start = other->end;
		other = rb_entry_safe(rb_next(&other->node), struct zxp_request,
				      node);
	}
	if (start >= *end)
		goto unlock;
	if (source->nr_hints >= ZXP_MAX_HINTS) {
		ret = -EBUSY;
		goto unlock;
	}

	if (other)
		*end = min(*end, other->start);
	request->start = start;
	request->end = *end;
	request->first = start;
	request->wake = start;
	request->pending = *end - start;
	request->since = jiffies;
	request->type = type;
	request->active = true;
	source->nr_hints++;
	zxp_source_watch_locked(source);
	zxp_request_send_locked(source, request);
	request = NULL;
unlock:
	spin_unlock(&source->lock);
	kfree(request);
	return ret;
}
ALLOW_ERROR_INJECTION(zxp_request_hint, ERRNO);

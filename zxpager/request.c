// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: Requests
 *
 * Four actors meet here. A *waiter* is a task that needs pages which are not
 * there; its &struct zxp_request lies on its own stack, so waiting allocates
 * nothing and cannot fail for want of memory. The *source*, one for each VMO,
 * keeps what is outstanding. The *port* carries packets to the *daemon*, whose
 * answers come back as calls of zxp_source_resolve().
 *
 * Outstanding requests of one type never overlap. A new one that begins inside
 * another hangs on that one as an *overlap* and sends no packet; one that runs
 * into another is cut where that begins. What was cut off is asked for when the
 * waiter has woken and looked again. So any number of tasks that want one page
 * cause one packet.
 *
 * Reading a packet does not tie it to the answer: the daemon may answer any range
 * in any order and in any pieces.
 *
 * A request counts the pages that are still to be resolved. The count is by
 * length and not by a bitmap, so resolving a page twice may end a request too
 * soon. That costs a repetition and nothing else, since being woken never means
 * that a page is there: *a waiter always looks again*.
 *
 * Early waiters (read) also wake when a run that starts at their wake offset is
 * resolved; they take what has come and go on with the same request.
 *
 * Everything is under &zxp_source.lock. A waiter takes that lock before it
 * leaves, and whoever wakes it does so with the lock held, so its stack cannot
 * vanish under the waker.
 *
 * This file knows pages by their index only: no file, no mapping, no folio.
 */
#include <linux/errno.h>
#include <linux/error-injection.h>
#include <linux/freezer.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "request.h"

/* Hints that nobody waits for: enough to be useful, too few to hurt. */
#define ZXP_MAX_HINTS	64

/* The primary that ends after @index first: it holds @index, or comes next. */
static struct zxp_request *zxp_request_find(struct rb_root *root, pgoff_t index)
{
	struct zxp_request *request, *found = NULL;
	struct rb_node *node = root->rb_node;

	while (node) {
		request = rb_entry(node, struct zxp_request, node);
		if (request->end > index) {
			found = request;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return found;
}

static void zxp_request_insert(struct rb_root *root, struct zxp_request *new)
{
	struct rb_node **link = &root->rb_node, *parent = NULL;
	struct zxp_request *request;

	while (*link) {
		parent = *link;
		request = rb_entry(parent, struct zxp_request, node);
		link = new->start < request->start ? &parent->rb_left :
						     &parent->rb_right;
	}
	rb_link_node(&new->node, parent, link);
	rb_insert_color(&new->node, root);
}

static void zxp_request_erase(struct zxp_source *source,
			      struct zxp_request *request)
{
	rb_erase(&request->node, &source->requests[request->type]);
	request->active = false;
	source->nr_requests--;
	if (!request->task)
		source->nr_hints--;
}

/* A daemon with nothing left to read is about to wait for the next packet. */
static void zxp_request_wake(struct zxp_source *source,
			     struct zxp_request *request)
{
	struct wait_queue_entry wait = { .private = request->task };

	WRITE_ONCE(request->woken, true);
	zxp_wake(&wait, TASK_NORMAL, zxp_port_rests(source->port));
}

/* All that was asked for is resolved: everybody looks again. */
static void zxp_request_complete_locked(struct zxp_source *source,
					struct zxp_request *request)
{
	struct zxp_request *overlap, *next;

	lockdep_assert_held(&source->lock);

	zxp_request_erase(source, request);
	zxp_source_unsend_locked(source, request);
	list_for_each_entry_safe(overlap, next, &request->overlaps, link) {
		list_del_init(&overlap->link);
		overlap->primary = NULL;
		overlap->active = false;
		zxp_request_wake(source, overlap);
	}
	if (request->task)
		zxp_request_wake(source, request);
	else
		kfree(request);
}

/* Another one takes the place of a primary, with its packet as it is. */
static void zxp_request_replace_locked(struct zxp_source *source,
				       struct zxp_request *request,
				       struct zxp_request *heir)
{
	struct zxp_request *overlap;

	lockdep_assert_held(&source->lock);

	list_splice_init(&request->overlaps, &heir->overlaps);
	list_for_each_entry(overlap, &heir->overlaps, link)
		overlap->primary = heir;
	heir->primary = NULL;
	heir->start = request->start;
	heir->end = request->end;
	heir->pending = request->pending;
	rb_replace_node(&request->node, &heir->node,
			&source->requests[request->type]);
	if (!list_empty(&request->link))
		list_replace_init(&request->link, &heir->link);
	else if (source->sending == request)
		source->sending = heir;
	request->active = false;
}

/* A waiter gives up. Its first overlap, if any, takes its place. */
static void zxp_request_cancel_locked(struct zxp_source *source,
				      struct zxp_request *request)
{
	struct zxp_request *heir;

	lockdep_assert_held(&source->lock);

	if (request->primary) {
		list_del_init(&request->link);
		request->primary = NULL;
		request->active = false;
		return;
	}

	heir = list_first_entry_or_null(&request->overlaps, struct zxp_request,
					link);
	if (!heir) {
		zxp_request_erase(source, request);
		zxp_source_unsend_locked(source, request);
		zxp_source_dispatch_locked(source);
		return;
	}

	list_del_init(&heir->link);
	zxp_request_replace_locked(source, request, heir);
}

/* Take [start, end) off a request. True if that was all that it waited for. */
static bool zxp_request_credit(struct zxp_request *request, pgoff_t start,
			       pgoff_t end, int error)
{
	pgoff_t first = max(start, request->start);
	pgoff_t last = min(end, request->end);

	if (first >= last)
		return false;
	if (error && !request->error &&
	    ((first <= request->first && request->first < last) ||
	     (first <= request->wake && request->wake < last)))
		request->error = error;
	request->pending -= min(request->pending, last - first);
	return !request->pending;
}

/*
 * An overlap wakes with its primary, also early if both take pages as they come.
 * But a hint is nobody's wait, and may be long: who hangs on one wakes when its
 * own pages are resolved.
 */
static void zxp_request_resolve_overlaps(struct zxp_source *source,
					 struct zxp_request *request,
					 pgoff_t start, pgoff_t end, int error,
					 bool early)
{
	struct zxp_request *overlap, *next;

	list_for_each_entry_safe(overlap, next, &request->overlaps, link) {
		if (zxp_request_credit(overlap, start, end, error) &&
		    !request->task) {
			list_del_init(&overlap->link);
			overlap->primary = NULL;
			overlap->active = false;
			zxp_request_wake(source, overlap);
		} else if (early && overlap->early && overlap->wake < end) {
			overlap->wake = min(end, overlap->end);
			zxp_request_wake(source, overlap);
		}
	}
}

static void zxp_request_resolve_locked(struct zxp_source *source,
				       struct zxp_request *request,
				       pgoff_t start, pgoff_t end, int error)
{
	pgoff_t last = min(end, request->end);
	bool early = request->early &&
		     request->wake == max(start, request->start);

	lockdep_assert_held(&source->lock);

	if (zxp_request_credit(request, start, end, error)) {
		zxp_request_resolve_overlaps(source, request, start, end, error,
					     false);
		zxp_request_complete_locked(source, request);
		return;
	}

	zxp_request_resolve_overlaps(source, request, start, end, error, early);
	if (early) {
		request->wake = last;
		zxp_request_wake(source, request);
	}
}

/**
 * zxp_source_resolve() - something was done about a range
 * @source: the source
 * @type: which requests it concerns
 * @start: first page
 * @end: the page after the last one
 * @error: negative errno if the daemon failed the range, or 0
 *
 * To be called after the pages are in place. An error counts for a request only
 * if it meets its first page or its wake offset; the other pages are asked for
 * again.
 *
 * Context: Any. Takes &zxp_source.lock.
 * Return: whether any of it had been asked for.
 */
bool zxp_source_resolve(struct zxp_source *source, enum zxp_request_type type,
			pgoff_t start, pgoff_t end, int error)
{
	struct zxp_request *request, *next;
	bool asked = false;
	struct rb_node *node;

	spin_lock(&source->lock);
	/* After the pages; pairs with zxp_source_generation(). */
	smp_store_release(&source->generation, source->generation + 1);
	request = zxp_request_find(&source->requests[type], start);
	while (request && request->start < end) {
		node = rb_next(&request->node);
		next = rb_entry_safe(node, struct zxp_request, node);
		zxp_request_resolve_locked(source, request, start, end, error);
		request = next;
		asked = true;
	}
	zxp_source_dispatch_locked(source);
	spin_unlock(&source->lock);
	return asked;
}

/* All requests and hints end; whoever waits looks again. */
static void zxp_request_complete_all_locked(struct zxp_source *source)
{
	struct rb_node *node;
	int type;

	lockdep_assert_held(&source->lock);

	for (type = 0; type < ZXP_REQUEST_TYPES; type++)
		while ((node = rb_first(&source->requests[type])))
			zxp_request_complete_locked(source,
						    rb_entry(node, struct zxp_request,
							     node));
}

/**
 * zxp_source_detach() - no more requests
 * @source: the source
 * @complete: tell the daemon with a COMPLETE packet
 *
 * Whoever waits wakes without an error, looks again, and is refused. Packets
 * that nobody has read are retracted. Only the first call does anything, but for
 * one case: without @complete, a COMPLETE that is still in the port is withdrawn
 * too.
 */
void zxp_source_detach(struct zxp_source *source, bool complete)
{
	spin_lock(&source->lock);
	if (!source->detached) {
		WRITE_ONCE(source->detached, true);
		/* Pairs with zxp_source_generation(). */
		smp_store_release(&source->generation, source->generation + 1);
		zxp_request_complete_all_locked(source);
		zxp_sync_detach_locked(source);
		source->complete = complete;
		zxp_source_dispatch_locked(source);
	} else if (!complete) {
		source->complete = false;
		if (zxp_port_retract(source->port, &source->packet)) {
			source->packet_busy = false;
			zxp_source_put(source);
		}
	}
	spin_unlock(&source->lock);
}

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

/* Make a primary of [start, end) and send its packet. */
static void zxp_request_send_locked(struct zxp_source *source,
				    struct zxp_request *request)
{
	lockdep_assert_held(&source->lock);

	zxp_request_insert(&source->requests[request->type], request);
	source->nr_requests++;
	list_add_tail(&request->link, &source->fifo);
	zxp_source_dispatch_locked(source);
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
	request->type = type;
	request->active = true;
	source->nr_hints++;
	zxp_request_send_locked(source, request);
	request = NULL;
unlock:
	spin_unlock(&source->lock);
	kfree(request);
	return ret;
}
ALLOW_ERROR_INJECTION(zxp_request_hint, ERRNO);

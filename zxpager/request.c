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
 * vanish under the waker. How a task asks and waits is in waiter.c.
 *
 * Pages are known by their index only: no file, no mapping, no folio.
 */
#include <linux/errno.h>
#include <linux/slab.h>

#include "request.h"

/* The primary that ends after @index first: it holds @index, or comes next. */
struct zxp_request *zxp_request_find(struct rb_root *root, pgoff_t index)
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
void zxp_request_replace_locked(struct zxp_source *source,
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

/* Make a primary of [start, end) and send its packet. */
void zxp_request_send_locked(struct zxp_source *source,
			     struct zxp_request *request)
{
	lockdep_assert_held(&source->lock);

	zxp_request_insert(&source->requests[request->type], request);
	source->nr_requests++;
	list_add_tail(&request->link, &source->fifo);
	zxp_source_dispatch_locked(source);
}

/* A waiter gives up. Its first overlap, if any, takes its place. */
void zxp_request_cancel_locked(struct zxp_source *source,
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
	request->since = jiffies;
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

/* This one waits no more, but those that hang on it do. A hint that nobody does just goes. */
void zxp_request_fail_locked(struct zxp_source *source, struct zxp_request *request,
			     int error)
{
	lockdep_assert_held(&source->lock);

	if (!request->task) {
		zxp_request_complete_locked(source, request);
		return;
	}
	if (!request->error)
		request->error = error;
	zxp_request_cancel_locked(source, request);
	zxp_request_wake(source, request);
}

/* Return: whether any of it had been asked for. */
static bool zxp_source_resolve_locked(struct zxp_source *source,
				      enum zxp_request_type type, pgoff_t start,
				      pgoff_t end, int error)
{
	struct zxp_request *request, *next;
	bool asked = false;
	struct rb_node *node;

	lockdep_assert_held(&source->lock);

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
	return asked;
}

/**
 * zxp_source_resolve() - something was done about a range
 * @source: the source
 * @type: which requests it concerns
 * @start: first page
 * @end: the page after the last one
 *
 * To be called after the pages are in place.
 *
 * Context: Any. Takes &zxp_source.lock.
 */
void zxp_source_resolve(struct zxp_source *source, enum zxp_request_type type,
			pgoff_t start, pgoff_t end)
{
	spin_lock(&source->lock);
	zxp_source_resolve_locked(source, type, start, end, 0);
	spin_unlock(&source->lock);
}

/**
 * zxp_source_supplied() - pages were supplied
 * @source: the source
 * @start: first page
 * @end: the page after the last one
 *
 * As zxp_source_resolve(). If none of them was asked for the daemon is taken to go on.
 */
void zxp_source_supplied(struct zxp_source *source, pgoff_t start, pgoff_t end)
{
	spin_lock(&source->lock);
	if (!zxp_source_resolve_locked(source, ZXP_REQUEST_READ, start, end, 0))
		zxp_port_goes_on(source->port);
	spin_unlock(&source->lock);
}

/**
 * zxp_source_fail() - the daemon fails a range
 * @source: the source
 * @type: which requests it concerns
 * @start: first page
 * @end: the page after the last one
 * @error: negative errno
 * @epoch: of the generation that does
 *
 * It counts for a request only if it meets its first page or its wake offset; the other
 * pages are asked for again.
 *
 * Return: 0, -ESHUTDOWN.
 */
int zxp_source_fail(struct zxp_source *source, enum zxp_request_type type,
		    pgoff_t start, pgoff_t end, int error, unsigned long epoch)
{
	int ret;

	spin_lock(&source->lock);
	ret = zxp_source_check_locked(source, epoch);
	if (!ret)
		zxp_source_resolve_locked(source, type, start, end, error);
	spin_unlock(&source->lock);
	return ret;
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
		zxp_source_unwatch_locked(source);
		source->complete = complete;
		source->completes = complete;
		zxp_source_dispatch_locked(source);
	} else if (!complete) {
		source->complete = false;
		source->completes = false;
		if (zxp_port_retract(source->port, &source->packet)) {
			source->packet_busy = false;
			zxp_source_put(source);
		}
	}
	spin_unlock(&source->lock);
}

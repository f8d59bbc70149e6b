// SPDX-License-Identifier: GPL-2.0
/*
 * What a daemon does not answer: with a time limit it fails, and without one the log tells of
 * it.
 *
 * Each who waits has a time of its own. An answer counts, also if it brings a part: a daemon
 * that is slow is not one that hangs. But being read is no answer, nor is a successor of the
 * daemon, so clients know how long they wait at most if nobody does anything for them.
 */
#include <linux/jiffies.h>

#include "request.h"

static bool zxp_request_overdue_locked(struct zxp_source *source, struct zxp_look *look,
				       const struct zxp_request *request)
{
	const struct zxp_wait wait = {
		.type = request->type,
		.start = request->start,
		.end = request->end,
		.task = request->task,
		.since = request->since,
	};

	return zxp_look_at(source, look, &wait);
}

/* First those that hang on it: what is left of them goes on in its place. */
static void zxp_primary_overdue_locked(struct zxp_source *source, struct zxp_look *look,
				       struct zxp_request *request)
{
	struct zxp_request *overlap, *next;

	lockdep_assert_held(&source->lock);

	list_for_each_entry_safe(overlap, next, &request->overlaps, link)
		if (zxp_request_overdue_locked(source, look, overlap))
			zxp_request_fail_locked(source, overlap, -ETIMEDOUT);
	/* A hint is kept for those who hang on it. */
	if (!request->task && !list_empty(&request->overlaps))
		return;
	if (zxp_request_overdue_locked(source, look, request))
		zxp_request_fail_locked(source, request, -ETIMEDOUT);
}

static void zxp_requests_overdue_locked(struct zxp_source *source,
					enum zxp_request_type type, struct zxp_look *look)
{
	struct rb_node *node = rb_first(&source->requests[type]), *next;

	lockdep_assert_held(&source->lock);

	for (; node; node = next) {
		/* The others stay where they are when this one goes. */
		next = rb_next(node);
		zxp_primary_overdue_locked(source, look,
					   rb_entry(node, struct zxp_request, node));
	}
}

/**
 * zxp_source_look_locked() - end what is waited for too long
 * @source: the source
 * @look: what is found; of the caller, who tells of it without the lock
 * @now: in jiffies
 *
 * Return: for how many jiffies nothing can become too old; 0 if nothing is waited for.
 */
unsigned long zxp_source_look_locked(struct zxp_source *source, struct zxp_look *look,
				     unsigned long now)
{
	int type;

	lockdep_assert_held(&source->lock);

	*look = (struct zxp_look) {
		.now = now,
		.limit = source->limit,
		.patience = zxp_source_patience(),
		.next = zxp_source_first_look(source),
	};
	for (type = 0; type < ZXP_REQUEST_TYPES; type++)
		zxp_requests_overdue_locked(source, type, look);
	zxp_sync_overdue_locked(source, look);
	zxp_source_dispatch_locked(source);
	/* The first of a VMO is told of in any case. */
	if (look->fails && look->nr_told && !source->told) {
		source->told = true;
		look->first = true;
	}
	return source->nr_requests || zxp_sync_waits_locked(source) ? look->next : 0;
}

/* The work of a source. */
void zxp_source_watch_work(struct work_struct *work)
{
	struct zxp_source *source = container_of(to_delayed_work(work),
						 struct zxp_source, watch);
	struct zxp_look look;
	unsigned long next;
	u64 key;

	spin_lock(&source->lock);
	next = zxp_source_look_locked(source, &look, jiffies);
	source->watched = next;
	if (next)
		zxp_source_watch_again_locked(source, next);
	key = source->key;
	spin_unlock(&source->lock);
	zxp_look_tell(&look, key);
	if (!next)
		zxp_source_put(source);
}

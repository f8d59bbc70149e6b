// SPDX-License-Identifier: GPL-2.0
/*
 * What a daemon does not answer: with a time limit it fails, and without one the log tells of
 * it.
 *
 * Each answer counts, also if it brings a part: a daemon that is slow is not one that hangs.
 * But being read is no answer, nor is a successor of the daemon, so clients know how long they
 * wait at most if nobody does anything for them.
 */
#include <linux/jiffies.h>

#include "request.h"

static void zxp_requests_overdue_locked(struct zxp_source *source,
					enum zxp_request_type type, struct zxp_look *look)
{
	struct rb_node *node = rb_first(&source->requests[type]);
	struct zxp_request *request;

	lockdep_assert_held(&source->lock);

	while (node) {
		request = rb_entry(node, struct zxp_request, node);
		/* The others stay where they are when this one goes. */
		node = rb_next(node);
		if (zxp_look_at(source, look, type, request->start, request->end,
				request->task, request->since))
			zxp_request_fail_locked(source, request, -ETIMEDOUT);
	}
}

/**
 * zxp_source_look_locked() - end what is waited for too long
 * @source: the source
 * @now: in jiffies
 *
 * Return: for how many jiffies nothing can become too old; 0 if nothing is waited for.
 */
unsigned long zxp_source_look_locked(struct zxp_source *source, unsigned long now)
{
	struct zxp_look look = {
		.now = now,
		.limit = source->limit,
		.patience = zxp_source_patience(),
		.next = zxp_source_first_look(source),
	};
	int type;

	lockdep_assert_held(&source->lock);

	for (type = 0; type < ZXP_REQUEST_TYPES; type++)
		zxp_requests_overdue_locked(source, type, &look);
	zxp_sync_overdue_locked(source, &look);
	zxp_source_dispatch_locked(source);
	return source->nr_requests || zxp_sync_waits_locked(source) ? look.next : 0;
}

/* The work of a source. */
void zxp_source_watch_work(struct work_struct *work)
{
	struct zxp_source *source = container_of(to_delayed_work(work),
						 struct zxp_source, watch);
	unsigned long next;

	spin_lock(&source->lock);
	next = zxp_source_look_locked(source, jiffies);
	source->watched = next;
	if (next)
		zxp_source_watch_again_locked(source, next);
	spin_unlock(&source->lock);
	if (!next)
		zxp_source_put(source);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Reservations of a predecessor.  What is dirty exists, so nobody can be told that it does
 * not fit: a line tells of that, and writing back tries.  Nothing of it is taken as reserved
 * for what comes later, since it may be cleaned and punched meanwhile.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "pager.h"
#include "renew.h"

#define RANGES	32

/* struct renewal - it has come to @at, and to number @next of the @count last ranges */
struct renewal {
	struct event event;
	struct target *target;
	uint64_t at;
	zx_vmo_dirty_range_t ranges[RANGES];
	size_t next, count;
};

/* False if there is nothing more. */
static bool query(struct renewal *r)
{
	struct target *t = r->target;

	r->next = 0;
	pager_refresh(t);
	return r->at < t->size &&
	       pager_query(t, r->at, t->size, r->ranges, RANGES, &r->count) == ZX_OK && r->count;
}

static void go_on(struct renewal *r)
{
	struct backend *be = r->target->backend;

	while (r->next < r->count || query(r)) {
		const zx_vmo_dirty_range_t *range = &r->ranges[r->next++];

		r->at = range->offset + range->length;
		if (range->options & ZX_VMO_DIRTY_RANGE_IS_ZERO)
			continue;
		be->ops->reserve(be, &r->event, range->offset, range->length);
		return;
	}
	free(r);
}

static void renewed(struct event *ev, int res)
{
	struct renewal *r = event_owner(ev, struct renewal, event);
	struct target *t = r->target;

	if (res < 0 && res != -EINTR && res != -EAGAIN && res != -EOPNOTSUPP && res != -ENOSYS)
		log_limited(&t->limit, "%s: %s: cannot reserve anew what is dirty: %s", t->name,
			    t->backend->path, strerror(-res));
	go_on(r);
}

void renew_reservations(struct target *t)
{
	struct renewal *r;

	if (!t->writable || !t->backend->ops->reserve)
		return;
	r = calloc(1, sizeof(*r));
	if (!r) {
		log_line("%s: out of memory: what is dirty is not reserved anew", t->name);
		return;
	}
	r->event.handler = renewed;
	r->target = t;
	go_on(r);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * How DIRTYs are granted: in order, with what their writer is likely to ask for next (see
 * writers.c), up to a window, and only when two things are there.
 *
 * Space in the store.  It is reserved before the grant, because afterwards the data
 * exists and there is nobody left to tell that it does not fit.
 *
 * Room below the limits of dirty bytes.  Without it the request stays where it is, and
 * so does its writer, while what is dirty is written back.  The last quarter of the
 * limit of all VMOs is kept for those that have little in it, each its share, so a VMO
 * whose store fails for good does not hold up the others.  A limit that is too small
 * for anything to pass slows writers down to one request for each pass of writing back,
 * and never stops them.
 */
#include <errno.h>
#include <string.h>

#include "dirty.h"
#include "log.h"
#include "options.h"
#include "pager.h"

struct dirty *dirties;
static struct dirty **dirties_end = &dirties;
unsigned int dirty_vmos;
static struct dirty *waiting, **waiting_end = &waiting;
static bool all_told;		/* that they are to be written back, since the last turn */
static uint64_t total;		/* dirty bytes of all */
static struct dirty *news, **news_end = &news;
static unsigned int turn_left = TURN_MAX;	/* steps of granting, in this turn */

static void set_bytes(struct dirty *d, uint64_t bytes)
{
	total += bytes - d->bytes;
	d->bytes = bytes;
}

void dirty_count(struct dirty *d, uint64_t bytes)
{
	set_bytes(d, bytes > d->lost ? bytes - d->lost : 0);
}

bool dirty_is_much(void)
{
	return total > options.dirty_total / 2;
}

/*
 * There is news for writing back, which looks at it in the next turn of the loop: it may
 * come back here to grant more, and that must not happen from within a grant.
 */
static void tell(struct dirty *d, bool wanted)
{
	d->is_wanted |= wanted;
	if (d->has_news)
		return;
	d->has_news = true;
	d->next_news = NULL;
	*news_end = d;
	news_end = &d->next_news;
}

bool dirty_any_news(void)
{
	return news;
}

struct dirty *dirty_news(bool *wanted)
{
	struct dirty *d = news;

	if (!d) {
		all_told = false;
		return NULL;
	}
	news = d->next_news;
	if (!news)
		news_end = &news;
	*wanted = d->is_wanted;
	d->has_news = false;
	d->is_wanted = false;
	return d;
}

/* What each VMO may have, whatever the others have. */
static uint64_t share(void)
{
	return options.dirty_total / 4 / dirty_vmos;
}

static bool fits_in_total(uint64_t length)
{
	return total + length <= options.dirty_total / 4 * 3;
}

static bool fits(const struct dirty *d, uint64_t length)
{
	uint64_t limit = options.dirty_limit, bytes = d->bytes + length;

	/* Once over it, grants go on with some room, or each page would be a stop. */
	if (d->throttled)
		limit -= limit / 4;
	if (bytes > limit)
		return false;
	return fits_in_total(length) || bytes <= share();
}

/*
 * With the kernel's own figure, if ours says no for the first time.  Later each batch and
 * each tick brings that: many may wait, and all of them are looked at when there is room.
 */
static bool is_admitted(struct dirty *d, const struct request *g, uint64_t length)
{
	struct pager_info info;

	if (fits(d, length))
		return true;
	if (g->waits || pager_info(d->target, &info))
		return false;
	dirty_count(d, info.dirty);
	return fits(d, length);
}

void dirty_cancel(struct dirty *d)
{
	requests_trim(&d->queue, 0, UINT64_MAX);
	d->throttled = false;
}

static void wait_in_line(struct dirty *d)
{
	if (d->is_waiting)
		return;
	d->is_waiting = true;
	d->next_waiting = NULL;
	*waiting_end = d;
	waiting_end = &d->next_waiting;
}

static void leave_line(struct dirty **link)
{
	struct dirty *d = *link;

	d->is_waiting = false;
	*link = d->next_waiting;
	if (!*link)
		waiting_end = link;
}

/* The first request is not granted now. */
static void throttle(struct dirty *d, struct request *g)
{
	bool is_new = !g->waits;

	if (is_new) {
		g->waits = true;
		g->pass = d->started + 1;
		d->target->throttled++;
		log_debug("%s: DIRTY %llu+%llu waits: %llu bytes are dirty, %llu in all",
			  d->target->name, (unsigned long long)g->offset,
			  (unsigned long long)(g->end - g->offset),
			  (unsigned long long)d->bytes, (unsigned long long)total);
	}
	d->throttled = true;
	tell(d, true);
	if (fits_in_total(d->to - d->from))
		return;
	wait_in_line(d);
	if (all_told || !is_new)
		return;
	/* Who has no more than its share is in nobody's way. */
	for (struct dirty *other = dirties; other; other = other->next)
		if (other->bytes > share())
			tell(other, true);
	all_told = true;
}

/*
 * What the first request is to be granted as: with what is likely to follow, up to the end
 * of its window, where reading has ended, too; itself alone; or not now.
 */
static bool choose(struct dirty *d, struct request *g)
{
	uint64_t mask = options.dirty_window - 1;
	uint64_t ahead = writers_ahead(&d->writers, g->offset, g->end - g->offset,
				       d->target->page_size);

	d->from = g->offset;
	d->to = (g->end + mask) & ~mask;
	if (d->to > g->end + ahead)
		d->to = g->end + ahead;
	if (d->to > d->target->size)
		d->to = d->target->size;
	if (!g->alone && is_admitted(d, g, d->to - d->from))
		return true;
	d->from = g->offset;
	d->to = g->end;
	return is_admitted(d, g, d->to - d->from) || !d->bytes ||
	       (g->waits && d->done >= g->pass);
}

static bool is_alone(const struct dirty *d)
{
	return d->from == d->queue.first->offset && d->to == d->queue.first->end;
}

/* There is no space for the first request, or the store cannot tell. */
static void refuse(struct dirty *d, int error)
{
	struct target *t = d->target;
	struct request *g = d->queue.first;
	uint64_t pages = (g->end - g->offset) / t->page_size;
	int code = error == EDQUOT || error == EFBIG ? ENOSPC :
		   error == ENOSPC ? ENOSPC : EIO;
	zx_status_t status;

	/* What does fit of it: a write() then ends with that. */
	if (code == ENOSPC && pages > 1 &&
	    requests_split(&d->queue, g->offset + pages / 2 * t->page_size))
		return;
	log_limited(&t->limit, "%s: %s: cannot reserve %llu+%llu: %s: the write fails",
		    t->name, t->backend->path, (unsigned long long)g->offset,
		    (unsigned long long)(g->end - g->offset), strerror(error));
	do {
		status = pager_fail(t, g->offset, g->end - g->offset, code);
	} while (status == ZX_ERR_OUT_OF_RANGE && pager_clip(t, g->offset, &g->end));
	if (status != ZX_OK && status != ZX_ERR_BAD_STATE &&
	    status != ZX_ERR_OUT_OF_RANGE)
		log_limited(&t->limit, "%s: cannot fail %llu+%llu: status %d",
			    t->name, (unsigned long long)g->offset,
			    (unsigned long long)(g->end - g->offset), status);
	t->no_space++;
	requests_pop(&d->queue);
}

/* The VMO ends before the first request does, whose writer knows of that already. */
static void clip(struct dirty *d)
{
	struct target *t = d->target;
	struct request *g = d->queue.first;

	if (g->offset < t->size && t->size < g->end)
		g->end = t->size;
	else
		requests_pop(&d->queue);
}

/* Space is there for [from, to), which has the first request in it. */
static void grant(struct dirty *d)
{
	struct target *t = d->target;
	zx_status_t status = pager_dirty(t, d->from, d->to - d->from);

	if (status == ZX_OK) {
		set_bytes(d, d->bytes + d->to - d->from);
		writers_note(&d->writers, d->from, d->to);
		t->granted += d->to - d->from;
		d->throttled = false;
		requests_trim(&d->queue, d->from, d->to);
		tell(d, false);
		return;
	}
	/* Cut off, and perhaps there again: who waits for the rest of it still does. */
	if (status == ZX_ERR_OUT_OF_RANGE && t->resizable) {
		pager_refresh(t);
		return;
	}
	/* A page beside it is missing, or memory is short: with less then. */
	if (status != ZX_ERR_BAD_STATE && !is_alone(d)) {
		d->queue.first->alone = true;
		return;
	}
	/* The kernel has woken the writers: they look again, and ask again. */
	if (status == ZX_ERR_NO_MEMORY) {
		log_limited(&t->limit, "%s: no memory for a write to %llu+%llu",
			    t->name, (unsigned long long)d->from,
			    (unsigned long long)(d->to - d->from));
		requests_pop(&d->queue);
		tell(d, true);
		return;
	}
	if (status != ZX_ERR_NOT_FOUND && status != ZX_ERR_BAD_STATE) {
		log_limited(&t->limit, "%s: cannot grant %llu+%llu: status %d",
			    t->name, (unsigned long long)d->from,
			    (unsigned long long)(d->to - d->from), status);
		refuse(d, EIO);
		return;
	}
	requests_pop(&d->queue);
}

void dirty_turn(void)
{
	turn_left = TURN_MAX;
}

bool dirty_turn_is_over(void)
{
	return !turn_left;
}

void dirty_pump(struct dirty *d)
{
	struct backend *be = d->target->backend;

	d->goes_on = false;
	while (d->queue.first && !d->target->held && !d->paused && !d->reserving) {
		if (!turn_left) {
			d->goes_on = true;
			tell(d, false);
			return;
		}
		turn_left--;
		if (d->queue.first->end > d->target->size) {
			clip(d);
			continue;
		}
		if (!choose(d, d->queue.first)) {
			throttle(d, d->queue.first);
			return;
		}
		if (be->ops->reserve && !d->unreserved &&
		    !ranges_have(&d->reserved, d->from, d->to)) {
			d->reserving = true;
			be->ops->reserve(be, &d->event, d->from, d->to - d->from);
			return;
		}
		grant(d);
	}
}

/*
 * Who waits for the limit of all, in turn: up to the first for whom there is no room yet, so
 * it costs nothing that the others are many.  Who got something is at the end from then on.
 */
void dirty_pump_all(void)
{
	struct dirty *d;

	while ((d = waiting) &&
	       (!d->queue.first || fits_in_total(d->queue.first->end - d->queue.first->offset))) {
		leave_line(&waiting);
		dirty_pump(d);
	}
}

static void reserve_done(struct event *ev, int res)
{
	struct dirty *d = event_owner(ev, struct dirty, event);

	d->reserving = false;
	if (res == -EOPNOTSUPP || res == -ENOSYS) {
		log_line("%s: the file system of %s cannot reserve space: if it runs full, what is written stays in memory until there is room",
			 d->target->name, d->target->backend->path);
		d->unreserved = true;
	} else if (!res) {
		ranges_add(&d->reserved, d->from, d->to);
	} else if (res != -EINTR && res != -EAGAIN && d->queue.first) {
		if (is_alone(d))
			refuse(d, -res);
		else
			d->queue.first->alone = true;
	}
	if (d->paused) {
		d->ready->handler(d->ready, 0);
		return;
	}
	dirty_pump(d);
}

void dirty_pause(struct dirty *d, struct event *ready)
{
	d->paused = true;
	d->ready = ready;
	if (!d->reserving)
		ready->handler(ready, 0);
}

void dirty_resume(struct dirty *d)
{
	d->paused = false;
	dirty_pump(d);
}

void dirty_request(struct dirty *d, uint64_t offset, uint64_t length)
{
	struct target *t = d->target;

	pager_refresh(t);
	if (t->detached || offset >= t->size || !length)
		return;
	if (length > t->size - offset)
		length = t->size - offset;
	if (requests_have(&d->queue, offset, offset + length))
		return;
	if (!requests_add(&d->queue, offset, offset + length, 0)) {
		log_limited(&t->limit, "%s: out of memory: a write fails",
			    t->name);
		pager_fail(t, offset, length, EIO);
		return;
	}
	dirty_pump(d);
}

void dirty_init(struct dirty *d, struct target *t)
{
	d->target = t;
	d->event.handler = reserve_done;
	*dirties_end = d;
	dirties_end = &d->next;
	dirty_vmos++;
}

void dirty_free(struct dirty *d)
{
	struct dirty **link = &dirties;
	bool wanted;

	dirty_cancel(d);
	set_bytes(d, 0);
	while (dirty_news(&wanted))
		;
	for (struct dirty **at = &waiting; d->is_waiting; at = &(*at)->next_waiting)
		if (*at == d) {
			leave_line(at);
			break;
		}
	while (*link && *link != d)
		link = &(*link)->next;
	*link = d->next;
	if (!*link)
		dirties_end = link;
	dirty_vmos--;
}

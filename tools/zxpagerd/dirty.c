// SPDX-License-Identifier: GPL-2.0
/*
 * How DIRTYs are granted: in order, in aligned windows so that a writer asks once for
 * all of one, and only when two things are there.
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
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "options.h"
#include "pager.h"
#include "vmo.h"

static uint64_t total;		/* dirty bytes of all */

static void set_bytes(struct vmo *vmo, uint64_t bytes)
{
	total += bytes - vmo->dirty.bytes;
	vmo->dirty.bytes = bytes;
}

void dirty_count(struct vmo *vmo, uint64_t bytes)
{
	set_bytes(vmo, bytes);
}

bool dirty_is_much(void)
{
	return total > options.dirty_total / 2;
}

static unsigned int writable_vmos(void)
{
	unsigned int count = 0;

	for (const struct vmo *vmo = vmos; vmo; vmo = vmo->next)
		count += vmo->target.writable;
	return count;
}

static bool fits(const struct vmo *vmo, uint64_t length)
{
	uint64_t limit = options.dirty_limit, bytes = vmo->dirty.bytes + length;

	/* Once over it, grants go on with some room, or each page would be a stop. */
	if (vmo->dirty.throttled)
		limit -= limit / 4;
	if (bytes > limit)
		return false;
	return total + length <= options.dirty_total / 4 * 3 ||
	       bytes <= options.dirty_total / 4 / writable_vmos();
}

/* With the kernel's own figure, if ours says no. */
static bool is_admitted(struct vmo *vmo, uint64_t length)
{
	struct pager_info info;

	if (fits(vmo, length))
		return true;
	if (pager_info(&vmo->target, &info))
		return false;
	set_bytes(vmo, info.dirty);
	return fits(vmo, length);
}

static void pop(struct vmo *vmo)
{
	struct dirty *d = &vmo->dirty;
	struct grant *g = d->queue;

	d->queue = g->next;
	if (!d->queue)
		d->queue_end = &d->queue;
	free(g);
}

/* Requests in the queue that a grant covers are over. */
static void trim(struct vmo *vmo, uint64_t offset, uint64_t end)
{
	struct dirty *d = &vmo->dirty;
	struct grant **link = &d->queue, *g;

	while ((g = *link)) {
		if (offset <= g->offset && g->offset < end)
			g->offset = end < g->end ? end : g->end;
		else if (g->offset < offset && offset < g->end && g->end <= end)
			g->end = offset;
		if (g->offset < g->end) {
			link = &g->next;
			continue;
		}
		*link = g->next;
		if (!g->next)
			d->queue_end = link;
		free(g);
	}
}

void dirty_cancel(struct vmo *vmo)
{
	trim(vmo, 0, UINT64_MAX);
	vmo->dirty.throttled = false;
}

/* The first request is not granted now. */
static void throttle(struct vmo *vmo, struct grant *g)
{
	struct dirty *d = &vmo->dirty;

	if (!g->waits) {
		g->waits = true;
		g->pass = vmo->writeback.started + 1;
		vmo->target.throttled++;
		log_debug("%s: DIRTY %llu+%llu waits: %llu bytes are dirty, %llu in all",
			  vmo->target.name, (unsigned long long)g->offset,
			  (unsigned long long)(g->end - g->offset),
			  (unsigned long long)d->bytes, (unsigned long long)total);
	}
	d->throttled = true;
	for (struct vmo *v = vmos; v; v = v->next)
		if (v->target.writable && (v == vmo || v->dirty.bytes))
			writeback_want(v);
}

/*
 * What the first request is to be granted as: the windows it lies in, itself alone, or
 * not now.
 */
static bool choose(struct vmo *vmo, struct grant *g)
{
	struct dirty *d = &vmo->dirty;
	uint64_t mask = options.dirty_window - 1;

	d->from = g->offset & ~mask;
	d->to = (g->end + mask) & ~mask;
	if (d->to > vmo->target.size)
		d->to = vmo->target.size;
	if (!g->alone && is_admitted(vmo, d->to - d->from))
		return true;
	d->from = g->offset;
	d->to = g->end;
	return is_admitted(vmo, d->to - d->from) || !d->bytes ||
	       (g->waits && vmo->writeback.done >= g->pass);
}

static bool is_alone(const struct dirty *d)
{
	return d->from == d->queue->offset && d->to == d->queue->end;
}

/* There is no space for the first request, or the store cannot tell. */
static void refuse(struct vmo *vmo, int error)
{
	struct grant *g = vmo->dirty.queue, *rest;
	uint64_t pages = (g->end - g->offset) / vmo->target.page_size;
	int code = error == EDQUOT || error == EFBIG ? ENOSPC :
		   error == ENOSPC ? ENOSPC : EIO;
	zx_status_t status;

	/* What does fit of it: a write() then ends with that. */
	rest = code == ENOSPC && pages > 1 ? malloc(sizeof(*rest)) : NULL;
	if (rest) {
		*rest = *g;
		g->end = g->offset + pages / 2 * vmo->target.page_size;
		rest->offset = g->end;
		g->next = rest;
		if (!rest->next)
			vmo->dirty.queue_end = &rest->next;
		return;
	}
	log_limited(&vmo->target.limit, "%s: %s: cannot reserve %llu+%llu: %s: the write fails",
		    vmo->target.name, vmo->target.backend->path, (unsigned long long)g->offset,
		    (unsigned long long)(g->end - g->offset), strerror(error));
	status = pager_fail(&vmo->target, g->offset, g->end - g->offset, code);
	if (status != ZX_OK && status != ZX_ERR_BAD_STATE &&
	    status != ZX_ERR_OUT_OF_RANGE)
		log_limited(&vmo->target.limit, "%s: cannot fail %llu+%llu: status %d",
			    vmo->target.name, (unsigned long long)g->offset,
			    (unsigned long long)(g->end - g->offset), status);
	vmo->target.no_space++;
	pop(vmo);
}

/* The VMO ends before the first request does, whose writer knows of that already. */
static void clip(struct vmo *vmo)
{
	struct grant *g = vmo->dirty.queue;

	if (g->offset < vmo->target.size && vmo->target.size < g->end)
		g->end = vmo->target.size;
	else
		pop(vmo);
}

/* Space is there for [from, to), which has the first request in it. */
static void grant(struct vmo *vmo)
{
	struct dirty *d = &vmo->dirty;
	zx_status_t status = pager_dirty(&vmo->target, d->from, d->to - d->from);

	if (status == ZX_OK) {
		set_bytes(vmo, d->bytes + d->to - d->from);
		vmo->target.granted += d->to - d->from;
		d->throttled = false;
		trim(vmo, d->from, d->to);
		writeback_note(vmo);
		return;
	}
	/* A page beside it is missing, or memory is short: with less then. */
	if (status != ZX_ERR_BAD_STATE && !is_alone(d)) {
		d->queue->alone = true;
		return;
	}
	if (status == ZX_ERR_OUT_OF_RANGE) {
		pager_refresh(&vmo->target);
		clip(vmo);
		return;
	}
	/* The kernel has woken the writers: they look again, and ask again. */
	if (status == ZX_ERR_NO_MEMORY) {
		log_limited(&vmo->target.limit, "%s: no memory for a write to %llu+%llu",
			    vmo->target.name, (unsigned long long)d->from,
			    (unsigned long long)(d->to - d->from));
		pop(vmo);
		/* This may come back here, to grant what is next. */
		writeback_want(vmo);
		return;
	}
	if (status != ZX_ERR_NOT_FOUND && status != ZX_ERR_BAD_STATE) {
		log_limited(&vmo->target.limit, "%s: cannot grant %llu+%llu: status %d",
			    vmo->target.name, (unsigned long long)d->from,
			    (unsigned long long)(d->to - d->from), status);
		refuse(vmo, EIO);
		return;
	}
	pop(vmo);
}

void dirty_pump(struct vmo *vmo)
{
	struct dirty *d = &vmo->dirty;
	struct backend *be = vmo->target.backend;

	while (d->queue && !vmo->target.held && !d->paused && !d->reserving) {
		if (d->queue->end > vmo->target.size) {
			clip(vmo);
			continue;
		}
		if (!choose(vmo, d->queue)) {
			throttle(vmo, d->queue);
			return;
		}
		if (be->ops->reserve && !d->unreserved &&
		    !ranges_have(&d->reserved, d->from, d->to)) {
			d->reserving = true;
			be->ops->reserve(be, &d->event, d->from, d->to - d->from);
			return;
		}
		grant(vmo);
	}
}

void dirty_pump_all(void)
{
	for (struct vmo *vmo = vmos; vmo; vmo = vmo->next)
		dirty_pump(vmo);
}

static void reserve_done(struct event *ev, int res)
{
	struct dirty *d = event_owner(ev, struct dirty, event);
	struct vmo *vmo = event_owner(d, struct vmo, dirty);

	d->reserving = false;
	if (res == -EOPNOTSUPP || res == -ENOSYS) {
		log_line("%s: the file system of %s cannot reserve space: if it runs full, what is written stays in memory until there is room",
			 vmo->target.name, vmo->target.backend->path);
		d->unreserved = true;
	} else if (!res) {
		ranges_add(&d->reserved, d->from, d->to);
	} else if (res != -EINTR && res != -EAGAIN && d->queue) {
		if (is_alone(d))
			refuse(vmo, -res);
		else
			d->queue->alone = true;
	}
	if (d->paused) {
		d->ready(vmo);
		return;
	}
	dirty_pump(vmo);
}

void dirty_pause(struct vmo *vmo, void (*ready)(struct vmo *vmo))
{
	struct dirty *d = &vmo->dirty;

	d->paused = true;
	d->ready = ready;
	if (!d->reserving)
		ready(vmo);
}

void dirty_resume(struct vmo *vmo)
{
	vmo->dirty.paused = false;
	dirty_pump(vmo);
}

void dirty_request(struct vmo *vmo, uint64_t offset, uint64_t length)
{
	struct dirty *d = &vmo->dirty;
	struct grant *g;

	pager_refresh(&vmo->target);
	if (vmo->target.detached || offset >= vmo->target.size || !length)
		return;
	if (length > vmo->target.size - offset)
		length = vmo->target.size - offset;
	/* Who was killed while it waited may come again, as often as it likes. */
	for (g = d->queue; g; g = g->next)
		if (g->offset <= offset && offset + length <= g->end)
			return;
	g = malloc(sizeof(*g));
	if (!g) {
		log_limited(&vmo->target.limit, "%s: out of memory: a write fails",
			    vmo->target.name);
		pager_fail(&vmo->target, offset, length, EIO);
		return;
	}
	*g = (struct grant){ .offset = offset, .end = offset + length };
	*d->queue_end = g;
	d->queue_end = &g->next;
	dirty_pump(vmo);
}

void dirty_init(struct vmo *vmo)
{
	vmo->dirty.queue_end = &vmo->dirty.queue;
	vmo->dirty.event.handler = reserve_done;
}

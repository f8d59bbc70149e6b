// SPDX-License-Identifier: GPL-2.0
/*
 * When what is dirty is written back: when it is old, when there is much of it, when a
 * writer waits for room, when somebody syncs, and at the end.
 *
 * A pass goes once over a VMO, or over the range of a sync, in batches.  What becomes
 * dirty behind it is left for the next one, so it ends however busy writers are.  Syncs
 * go between the batches of the pass over all, so that they wait for one batch at most.
 *
 * What is changed again and again is to be stored once in an age.  So a pass for the amount
 * is worth it only if it writes at least twice what was written in this age: all of them
 * then write no more than 1.5 times what is dirty.  Near the limit another rule holds, or
 * writers would wait: a quarter of it has become dirty since the last pass.
 */
#include <errno.h>
#include <stddef.h>

#include "log.h"
#include "options.h"
#include "pager.h"
#include "writeback.h"

#define RETRY_MIN_MS	250
#define RETRY_MAX_MS	30000
#define HURRY_MAX_MS	1000

#define TICK_VMOS	256	/* looked at with one tick */

static bool hurry, next_is_due;
static struct dirty *next_look;

static struct writeback *writeback_of(struct dirty *d)
{
	return event_owner(d, struct writeback, dirty);
}

static void begin_pass(struct pass *pass, uint64_t offset, uint64_t end)
{
	*pass = (struct pass){ .active = true, .at = offset, .end = end };
}

/* What lies between the end of the store and the range is to be written first. */
static void begin_sync(struct writeback *wb)
{
	struct target *t = wb->target;
	uint64_t end = t->backend->size & ~(uint64_t)(t->page_size - 1);
	struct pager_info info;

	if (end > wb->syncs->offset)
		end = wb->syncs->offset;
	begin_pass(&wb->sync, end, wb->syncs->end);
	if (!pager_info(t, &info))
		wb->sync.size = info.stream_size;
}

/* The store does not reach as far as the range of a sync does. */
static bool is_short(const struct writeback *wb, const struct pager_info *info)
{
	uint64_t size = wb->sync.size;

	if (size > wb->syncs->end)
		size = wb->syncs->end;
	if (size > info->stream_size)
		size = info->stream_size;
	return wb->target->backend->size < size;
}

static uint64_t age_ms(void)
{
	return (uint64_t)options.writeback_age * 1000;
}

static bool is_old(const struct writeback *wb)
{
	return wb->since && loop_now() - wb->since >= age_ms();
}

static void begin_epoch(struct writeback *wb)
{
	wb->epoch = loop_now();
	wb->written = wb->target->written;
}

/* Bytes that were written back in this age. */
static uint64_t written(struct writeback *wb)
{
	if (loop_now() - wb->epoch >= age_ms())
		begin_epoch(wb);
	return wb->target->written - wb->written;
}

static bool is_near_limit(const struct writeback *wb)
{
	uint64_t quarter = options.dirty_limit / 4;

	return wb->dirty.bytes > 3 * quarter &&
	       wb->target->granted - wb->granted >= quarter;
}

/* So much is dirty that it is not to wait for its age. */
static bool is_much(struct writeback *wb)
{
	uint64_t bytes = wb->dirty.bytes;

	if (bytes <= options.dirty_background && !dirty_is_much())
		return false;
	return written(wb) <= bytes / 2 || is_near_limit(wb);
}

/* Another try, later and later. */
static void retry(struct writeback *wb)
{
	unsigned int max = hurry ? HURRY_MAX_MS : RETRY_MAX_MS;

	wb->retry_ms = wb->retry_ms ? wb->retry_ms * 2 : RETRY_MIN_MS;
	if (wb->retry_ms > max)
		wb->retry_ms = max;
	wb->retry_at = loop_now() + wb->retry_ms;
	wb->wanted = true;
}

static void succeeded(struct writeback *wb)
{
	if (wb->retry_ms)
		log_line("%s: %s: writing back succeeds again", wb->target->name,
			 wb->target->backend->path);
	wb->retry_ms = 0;
	wb->retry_at = 0;
}

static void end_sync(struct writeback *wb)
{
	struct sync_request *req = wb->syncs;
	int error = wb->sync.error;

	wb->sync.active = false;
	wb->syncs = req->next;
	if (!wb->syncs)
		wb->syncs_end = &wb->syncs;
	if (error)
		retry(wb);
	req->done(req, error);
}

/* It is begun anew, and that is for a tick to do: this must not go round and round. */
static void put_off_sync(struct writeback *wb)
{
	wb->sync.active = false;
	wb->sync_at = loop_now() + RETRY_MIN_MS;
}

static void end_all(struct writeback *wb)
{
	wb->all.active = false;
	if (wb->all.error) {
		retry(wb);
		return;
	}
	if (wb->all.again) {
		wb->wanted = true;
		wb->retry_at = loop_now() + RETRY_MIN_MS;
		return;
	}
	wb->dirty.done = wb->dirty.started;
	succeeded(wb);
}

/* The pass whose turn it is; NULL if there is none. */
static struct pass *choose(struct writeback *wb)
{
	if (wb->syncs && loop_now() >= wb->sync_at) {
		if (!wb->sync.active)
			begin_sync(wb);
		return &wb->sync;
	}
	if (!wb->all.active && wb->wanted && loop_now() >= wb->retry_at) {
		wb->wanted = false;
		if (is_old(wb))
			begin_epoch(wb);
		wb->since = 0;
		wb->granted = wb->target->granted;
		wb->dirty.started++;
		begin_pass(&wb->all, 0, UINT64_MAX);
	}
	return wb->all.active ? &wb->all : NULL;
}

/*
 * A batch of the first sync is done.  The store grows when all data below its new end is
 * there, so a range of zeroes has to wait for what is dirty behind it, and fails with that.
 */
static void advance_sync(struct writeback *wb, bool ends_short)
{
	uint64_t mask = wb->target->page_size - 1;
	struct pass *pass = &wb->sync;

	/* It goes as far as the range now, whatever has failed behind that: begun anew. */
	if (pass->goes_beyond && !ends_short) {
		pass->active = false;
	} else if (!pass->error && pass->at < pass->end) {
		return;
	} else if (!pass->error && ends_short && !pass->goes_beyond) {
		pass->goes_beyond = true;
		pass->end = (pass->size + mask) & ~mask;
	} else if (!pass->error && (ends_short || pass->again)) {
		put_off_sync(wb);
	} else {
		end_sync(wb);
	}
}

/* @pass is over if it has come to its end; that of a sync also with an error. */
static void advance(struct writeback *wb, struct pass *pass)
{
	struct pager_info info;
	bool known = !pager_info(wb->target, &info);
	bool is_sync = pass == &wb->sync, ends_short = is_sync && known && is_short(wb, &info);

	pass->at = wb->batch.parts.next;
	pass->again |= wb->batch.parts.again;
	pass->lost += wb->batch.parts.lost;
	if (!pass->error)
		pass->error = wb->batch.parts.error;
	/* To those who sync what lies below its end it is none that the store cannot grow. */
	if (!pass->error && (ends_short || !is_sync))
		pass->error = wb->batch.grow_error;
	if (!is_sync && pass->at >= pass->end)
		wb->dirty.lost = pass->lost;
	if (known)
		dirty_count(&wb->dirty, info.dirty);
	if (is_sync)
		advance_sync(wb, ends_short);
	else if (pass->at >= pass->end)
		end_all(wb);
	/* Others may have been waiting for what is not dirty any more. */
	dirty_pump_all();
	dirty_pump(&wb->dirty);
}

static void pump(struct writeback *wb)
{
	struct pass *pass;

	if (wb->pumping)
		return;
	wb->pumping = true;
	while (!wb->batch.busy && (pass = choose(wb)))
		if (!batch_begin(&wb->batch, pass->at, pass->end))
			advance(wb, pass);
	wb->pumping = false;
}

static void batch_done(struct batch *b)
{
	struct writeback *wb = event_owner(b, struct writeback, batch);

	advance(wb, wb->sync.active ? &wb->sync : &wb->all);
	pump(wb);
}

void writeback_want(struct writeback *wb)
{
	wb->wanted = true;
	pump(wb);
}

/* Something has become dirty.  A pass that is under way may still come to it. */
static void note(struct writeback *wb)
{
	if (!wb->since)
		wb->since = loop_now();
	if (!wb->all.active && (is_old(wb) || is_much(wb)))
		writeback_want(wb);
}

void writeback_sync(struct writeback *wb, struct sync_request *req)
{
	req->next = NULL;
	*wb->syncs_end = req;
	wb->syncs_end = &req->next;
	pump(wb);
}

/* But for what is lost, of which nothing will ever be written. */
static bool is_clean(const struct writeback *wb, const struct pager_info *info)
{
	if (info->zero || wb->batch.unsynced ||
	    info->stream_size != wb->target->backend->size)
		return false;
	return !info->dirty || !parts_any_pages(wb->target, 0, info->size);
}

bool writeback_is_clean(struct writeback *wb)
{
	struct pager_info info;

	return !wb->batch.busy && !pager_info(wb->target, &info) && is_clean(wb, &info);
}

uint64_t writeback_left(struct writeback *wb, uint64_t *lost)
{
	struct pager_info info;

	*lost = 0;
	if (pager_info(wb->target, &info))
		return 0;
	if (info.dirty)
		*lost = parts_lost(wb->target, info.size);
	return info.dirty + info.zero - (*lost < info.dirty ? *lost : info.dirty);
}

/* Zeroes and sizes come without a packet, so it is looked for them. */
static void look(struct writeback *wb)
{
	struct pager_info info;

	if (pager_info(wb->target, &info))
		return;
	dirty_count(&wb->dirty, info.dirty);
	if (is_clean(wb, &info)) {
		wb->since = 0;
		return;
	}
	note(wb);
	/* Not with each grant, or it would be written back before its writer is there. */
	if (hurry)
		wb->wanted = true;
}

/* There was more news than one turn takes. */
static void next_turn(struct event *ev, int res)
{
	(void)ev;
	(void)res;
	next_is_due = false;
}

/* A writer that waits is looked at when the pass under way is done, and waits on or not. */
void writeback_turn(void)
{
	static struct timer next = { .event.handler = next_turn };
	struct dirty *d;
	bool wanted;

	dirty_turn();
	/* Who is told of when nothing can be granted any more is the first in the next turn. */
	for (unsigned int n = 0; n < TURN_MAX && !dirty_turn_is_over() &&
	     (d = dirty_news(&wanted)); n++) {
		struct writeback *wb = writeback_of(d);

		if (d->goes_on)
			dirty_pump(d);
		if (wanted && !wb->all.active)
			writeback_want(wb);
		else
			note(wb);
	}
	if (!dirty_any_news() || next_is_due)
		return;
	next_is_due = true;
	loop_timer(&next, 0);
}

unsigned int writeback_tick(void)
{
	struct dirty *d = next_look ? next_look : dirties;

	for (unsigned int n = 0; d && n < TICK_VMOS; n++) {
		look(writeback_of(d));
		pump(writeback_of(d));
		dirty_pump(d);
		d = d->next;
	}
	next_look = d;
	return dirty_vmos / TICK_VMOS + 1;
}

void writeback_hurry(void)
{
	hurry = true;
	for (struct dirty *d = dirties; d; d = d->next) {
		writeback_of(d)->retry_at = 0;
		writeback_want(writeback_of(d));
	}
}

int writeback_init(struct writeback *wb, struct target *t, struct reader *r)
{
	wb->target = t;
	wb->syncs_end = &wb->syncs;
	wb->batch.done = batch_done;
	dirty_init(&wb->dirty, t);
	return batch_init(&wb->batch, t, r, &wb->dirty);
}

void writeback_adopt(struct writeback *wb)
{
	wb->batch.unsynced = true;
	wb->batch.resized = true;
	look(wb);
}

void writeback_free(struct writeback *wb)
{
	next_look = NULL;
	dirty_free(&wb->dirty);
}

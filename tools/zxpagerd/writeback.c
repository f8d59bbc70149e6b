// SPDX-License-Identifier: GPL-2.0
/*
 * When what is dirty is written back: when it is old, when there is much of it, when a
 * writer waits for room, when somebody syncs, and at the end.
 *
 * A pass goes once over a VMO, or over the range of a sync, in batches.  What becomes
 * dirty behind it is left for the next one, so it ends however busy writers are.  Syncs
 * go between the batches of the pass over all, so that they wait for one batch at most.
 */
#include <errno.h>
#include <stddef.h>

#include "log.h"
#include "options.h"
#include "pager.h"
#include "vmo.h"

#define RETRY_MIN_MS	250
#define RETRY_MAX_MS	30000
#define HURRY_MAX_MS	1000

static bool hurry;

static void begin_pass(struct pass *pass, uint64_t offset, uint64_t end)
{
	*pass = (struct pass){ .active = true, .at = offset, .end = end };
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

static void succeeded(struct vmo *vmo)
{
	struct writeback *wb = &vmo->writeback;

	if (wb->retry_ms)
		log_line("%s: %s: what could not be written is there now", vmo->target.name,
			 vmo->target.backend->path);
	wb->retry_ms = 0;
	wb->retry_at = 0;
}

static void end_sync(struct vmo *vmo)
{
	struct writeback *wb = &vmo->writeback;
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

static void end_all(struct vmo *vmo)
{
	struct writeback *wb = &vmo->writeback;

	wb->all.active = false;
	if (wb->all.error) {
		retry(wb);
		return;
	}
	wb->done = wb->started;
	succeeded(vmo);
}

/* The pass whose turn it is; NULL if there is none. */
static struct pass *choose(struct vmo *vmo)
{
	struct writeback *wb = &vmo->writeback;

	if (wb->syncs) {
		if (!wb->sync.active)
			begin_pass(&wb->sync, wb->syncs->offset, wb->syncs->end);
		return &wb->sync;
	}
	if (!wb->all.active && wb->wanted && loop_now() >= wb->retry_at) {
		wb->wanted = false;
		wb->since = 0;
		wb->started++;
		begin_pass(&wb->all, 0, UINT64_MAX);
	}
	return wb->all.active ? &wb->all : NULL;
}

/* @pass is over if it has come to its end; that of a sync also with an error. */
static void advance(struct vmo *vmo, struct pass *pass)
{
	struct writeback *wb = &vmo->writeback;
	struct pager_info info;

	pass->at = wb->batch.next;
	if (!pass->error)
		pass->error = wb->batch.error;
	if (!pager_info(&vmo->target, &info))
		dirty_count(vmo, info.dirty);
	if (pass == &wb->sync) {
		if (pass->at >= pass->end || pass->error)
			end_sync(vmo);
	} else if (pass->at >= pass->end) {
		end_all(vmo);
	}
	/* Others may have been waiting for what is not dirty any more. */
	dirty_pump_all();
}

static void pump(struct vmo *vmo)
{
	struct writeback *wb = &vmo->writeback;
	struct pass *pass;

	if (wb->pumping)
		return;
	wb->pumping = true;
	while (!wb->batch.busy && (pass = choose(vmo)))
		if (!batch_begin(vmo, pass->at, pass->end))
			advance(vmo, pass);
	wb->pumping = false;
}

void writeback_batch_done(struct vmo *vmo)
{
	struct writeback *wb = &vmo->writeback;

	advance(vmo, wb->sync.active ? &wb->sync : &wb->all);
	pump(vmo);
}

void writeback_want(struct vmo *vmo)
{
	vmo->writeback.wanted = true;
	pump(vmo);
}

void writeback_note(struct vmo *vmo)
{
	struct writeback *wb = &vmo->writeback;

	if (!wb->since)
		wb->since = loop_now();
	if (vmo->dirty.bytes > options.dirty_background || dirty_is_much())
		writeback_want(vmo);
}

void writeback_sync(struct vmo *vmo, struct sync_request *req)
{
	struct writeback *wb = &vmo->writeback;

	req->next = NULL;
	*wb->syncs_end = req;
	wb->syncs_end = &req->next;
	pump(vmo);
}

static bool is_clean(const struct vmo *vmo, const struct pager_info *info)
{
	return !info->dirty && !info->zero && !vmo->writeback.batch.unsynced &&
	       (!vmo->target.resizable || info->stream_size == vmo->target.backend->size);
}

bool writeback_is_clean(struct vmo *vmo, uint64_t *left)
{
	struct pager_info info;

	*left = 0;
	if (pager_info(&vmo->target, &info))
		return false;
	*left = info.dirty + info.zero;
	return is_clean(vmo, &info) && !vmo->writeback.batch.busy;
}

/* Zeroes and sizes come without a packet, so it is looked for them. */
static void look(struct vmo *vmo)
{
	struct writeback *wb = &vmo->writeback;
	struct pager_info info;

	if (pager_info(&vmo->target, &info))
		return;
	dirty_count(vmo, info.dirty);
	if (is_clean(vmo, &info)) {
		wb->since = 0;
		return;
	}
	writeback_note(vmo);
	if (hurry || loop_now() - wb->since >= (uint64_t)options.writeback_age * 1000)
		wb->wanted = true;
}

void writeback_tick(void)
{
	for (struct vmo *vmo = vmos; vmo; vmo = vmo->next) {
		if (!vmo->target.writable)
			continue;
		look(vmo);
		pump(vmo);
		dirty_pump(vmo);
	}
}

void writeback_hurry(void)
{
	hurry = true;
	for (struct vmo *vmo = vmos; vmo; vmo = vmo->next) {
		if (!vmo->target.writable)
			continue;
		vmo->writeback.retry_at = 0;
		writeback_want(vmo);
	}
}

int writeback_init(struct vmo *vmo)
{
	vmo->writeback.syncs_end = &vmo->writeback.syncs;
	return batch_init(vmo);
}

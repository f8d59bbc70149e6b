// SPDX-License-Identifier: GPL-2.0
/*
 * Before-images of what is going to be destroyed: ZERO, and what is cut off.
 *
 * What is missing is nobody's but the daemon's, which stores what it is told. So it is asked
 * for first, if that is not too much, and kept as what was there.
 */
#include <linux/sched/signal.h>

#include "change.h"

/* Who would destroy more than this that is missing does not wait for it. */
#define ZXP_RESCUE_MAX		1024

/* Is it too much? Then @index is a page of it. */
static bool zxp_vmo_misses_much(struct zxp_vmo *vmo, pgoff_t start, pgoff_t end,
				pgoff_t *index)
{
	unsigned long nr = 0;
	pgoff_t run;

	while (start < end && nr <= ZXP_RESCUE_MAX && !fatal_signal_pending(current)) {
		run = end;
		start = zxp_vmo_find_unkept_missing(vmo, start, &run);
		if (start < end)
			*index = start;
		nr += run - start;
		start = run;
	}
	return nr > ZXP_RESCUE_MAX;
}

/* Have a part of what is missing from @index on. Return: 0; -EINTR, -ERESTARTNOINTR, -ETIMEDOUT. */
static int zxp_vmo_rescue_some(struct zxp_vmo *vmo, struct zxp_request *request,
			       pgoff_t index, pgoff_t end, unsigned long generation)
{
	int ret;

	if (fatal_signal_pending(current))
		return -EINTR;
	ret = zxp_read_wait(vmo, request, index, end, generation);
	/* A daemon that is late may have it. */
	if (ret == -EINTR || ret == -ERESTARTNOINTR || ret == -ETIMEDOUT)
		return ret;
	/* The daemon has not got it, or there is none any more. A part may be on its way still. */
	if (ret) {
		zxp_request_end(vmo->source, request);
		*request = (struct zxp_request){};
		ret = zxp_vmo_break_snapshots(vmo, index);
	}
	return ret ?: zxp_vmo_keep_range(vmo, index, end);
}

/**
 * zxp_vmo_rescue() - a range is going to be destroyed
 * @vmo: the VMO; nothing of it is locked
 * @start: first page
 * @stop: the page after the last one that is done now
 * @end: the page after the last one that is going to be
 *
 * Snapshots get what they see there, or are broken if too much is missing up to @end.
 *
 * Return: 0; the caller looks with zxp_vmo_is_kept_locked() that there is nothing new;
 * -EINTR, -ERESTARTNOINTR, -ETIMEDOUT.
 */
int zxp_vmo_rescue(struct zxp_vmo *vmo, pgoff_t start, pgoff_t stop, pgoff_t end)
{
	struct zxp_request request = {};
	unsigned long generation;
	pgoff_t index, run, counted = start;
	unsigned long nr = 0;
	int ret;

	ret = zxp_vmo_keep_range(vmo, start, stop);
	if (ret || !vmo->source)
		return ret;
	end = min(end, zxp_vmo_pages(vmo));
	stop = min(stop, end);
	while (!ret && zxp_vmo_misses_much(vmo, start, end, &index))
		ret = zxp_vmo_break_snapshots(vmo, index);
	while (!ret && start < stop) {
		generation = zxp_vmo_generation(vmo);
		run = stop;
		start = zxp_vmo_find_unkept_missing(vmo, start, &run);
		if (start == stop)
			break;
		run = min(run, start + ZXP_HINT_BATCH);
		if (run > counted) {
			nr += run - max(start, counted);
			counted = run;
		}
		/* A snapshot may have been made meanwhile, and of more. */
		if (nr > ZXP_RESCUE_MAX)
			ret = zxp_vmo_break_snapshots(vmo, start);
		else
			ret = zxp_vmo_rescue_some(vmo, &request, start, run, generation);
	}
	zxp_request_end(vmo->source, &request);
	return ret;
}

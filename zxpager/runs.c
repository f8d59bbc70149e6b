// SPDX-License-Identifier: GPL-2.0
/*
 * Runs of pages that were filled, and whose waiters were not woken yet.
 *
 * Who is woken may take the CPU from the daemon that still has answers to give. So a
 * call that fills several ranges first puts the pages of some in and wakes for all of
 * these then. Two rules keep anybody from being left waiting for a page that is there:
 * the runs are resolved on each way out of the call, and before it waits for a daemon.
 */
#include "request.h"

void zxp_runs_init(struct zxp_runs *runs, struct zxp_run *room, unsigned int max)
{
	runs->run = room;
	runs->max = max;
	runs->nr = 0;
	runs->pages = 0;
}

/* Wake whoever waits for what was filled. */
void zxp_runs_resolve(struct zxp_runs *runs)
{
	unsigned int i;

	for (i = 0; i < runs->nr; i++) {
		struct zxp_run *run = &runs->run[i];

		zxp_source_supplied(run->source, run->start, run->end);
		zxp_source_put(run->source);
	}
	runs->nr = 0;
	runs->pages = 0;
}

/**
 * zxp_runs_add() - pages were filled
 * @runs: what was filled before
 * @source: of the VMO
 * @start: first page
 * @end: the page after the last one
 *
 * If that is enough all are resolved. Takes a reference on the source, since the VMO may
 * go before its waiters are woken.
 */
void zxp_runs_add(struct zxp_runs *runs, struct zxp_source *source, pgoff_t start,
		  pgoff_t end)
{
	if (!runs->max) {
		zxp_source_supplied(source, start, end);
		return;
	}
	zxp_source_get(source);
	runs->run[runs->nr++] = (struct zxp_run) {
		.source = source,
		.start = start,
		.end = end,
	};
	runs->pages += end - start;
	if (runs->pages >= runs->max)
		zxp_runs_resolve(runs);
}

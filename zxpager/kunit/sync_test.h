/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the two suites of SYNC share. Each fsync() is a thread, since it waits.
 */
#ifndef _ZXPAGER_KUNIT_SYNC_TEST_H
#define _ZXPAGER_KUNIT_SYNC_TEST_H

#include "kunit.h"

#define ZXP_SYNCERS	4

/**
 * struct zxp_syncer - one fsync()
 * @source: where
 * @start: first page
 * @end: the page after the last one
 * @restarts: it comes back after a signal
 * @left: it was left for a signal
 * @go_on: it may come back
 * @task: the thread
 */
struct zxp_syncer {
	struct zxp_source *source;
	pgoff_t start;
	pgoff_t end;
	bool restarts;
	struct completion left;
	struct completion go_on;
	struct zxp_task *task;
};

/**
 * struct zxp_sync_fixture - a source and who syncs
 * @port: its port
 * @source: the source
 * @wb_err: where errors are kept
 * @syncer: threads
 */
struct zxp_sync_fixture {
	struct zxp_port *port;
	struct zxp_source *source;
	errseq_t wb_err;
	struct zxp_syncer syncer[ZXP_SYNCERS];
};

int zxp_sync_test_init(struct kunit *test);
void zxp_begin_sync(struct kunit *test, unsigned int nr, pgoff_t start,
		    pgoff_t end, bool restarts);
long zxp_synced(struct kunit *test, unsigned int nr);

static inline bool zxp_sync_waits(struct kunit *test, unsigned int nr)
{
	struct zxp_sync_fixture *f = test->priv;

	return !completion_done(&f->syncer[nr].task->done);
}

static inline int zxp_sync_answer(struct kunit *test, pgoff_t start, pgoff_t end,
				  int error)
{
	struct zxp_sync_fixture *f = test->priv;

	return zxp_sync_end(f->source, start, end, error, &f->wb_err, 0);
}

static inline bool zxp_next_sync_is(struct kunit *test, pgoff_t start, pgoff_t end)
{
	struct zxp_sync_fixture *f = test->priv;

	return zxp_kunit_next_is(test, f->port, ZXP_PACKET_SYNC, start, end);
}

#endif /* _ZXPAGER_KUNIT_SYNC_TEST_H */

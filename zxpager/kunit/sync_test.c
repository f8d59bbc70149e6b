// SPDX-License-Identifier: GPL-2.0
/*
 * SYNC, case by case. What signals do to it is in sync_signal_test.c.
 */
#include <linux/sched/signal.h>

#include "sync_test.h"

int zxp_sync_test_init(struct kunit *test)
{
	struct zxp_sync_fixture *f;

	f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	if (!f)
		return -ENOMEM;
	f->port = zxp_kunit_port(test);
	f->source = zxp_kunit_source(test, f->port, 1);
	test->priv = f;
	return 0;
}

/* As a task that takes a signal returns to user mode, and makes its call again. */
static long zxp_syncer_fn(void *arg)
{
	struct zxp_syncer *syncer = arg;
	long ret;

	for (;;) {
		ret = zxp_sync_wait(syncer->source, syncer->start, syncer->end,
				    syncer->restarts);
		if (ret != -ERESTARTNOINTR)
			return ret;
		flush_signals(current);
		complete(&syncer->left);
		if (wait_for_completion_interruptible(&syncer->go_on))
			return -ECANCELED;
	}
}

/* Begin an fsync(), and come back when it waits. */
void zxp_begin_sync(struct kunit *test, unsigned int nr, pgoff_t start,
		    pgoff_t end, bool restarts)
{
	struct zxp_sync_fixture *f = test->priv;
	unsigned int waiting = zxp_kunit_waiting(f->source);
	struct zxp_syncer *syncer = &f->syncer[nr];

	*syncer = (struct zxp_syncer) {
		.source = f->source, .start = start, .end = end,
		.restarts = restarts,
	};
	init_completion(&syncer->left);
	init_completion(&syncer->go_on);
	syncer->task = zxp_kunit_task(test, NULL, zxp_syncer_fn, syncer);
	KUNIT_ASSERT_TRUE(test, zxp_kunit_poll(zxp_kunit_waiting(f->source) ==
					       waiting + 1));
}

long zxp_synced(struct kunit *test, unsigned int nr)
{
	struct zxp_sync_fixture *f = test->priv;

	KUNIT_ASSERT_TRUE(test, zxp_task_join(f->syncer[nr].task));
	return f->syncer[nr].task->result;
}

/* One that only a fatal signal ends. */
static void zxp_sync(struct kunit *test, unsigned int nr, pgoff_t start,
		     pgoff_t end)
{
	zxp_begin_sync(test, nr, start, end, false);
}

static void zxp_sync_is_answered(struct kunit *test)
{
	struct zxp_sync_fixture *f = test->priv;

	zxp_sync(test, 0, 2, 5);
	/* Nobody can answer what nobody has read. */
	KUNIT_EXPECT_EQ(test, zxp_sync_answer(test, 2, 5, 0), -ENOENT);
	KUNIT_EXPECT_TRUE(test, zxp_next_sync_is(test, 2, 5));
	KUNIT_EXPECT_EQ(test, zxp_sync_answer(test, 2, 4, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, zxp_sync_answer(test, 1, 5, 0), -ENOENT);
	KUNIT_EXPECT_TRUE(test, zxp_sync_waits(test, 0));
	KUNIT_EXPECT_EQ(test, zxp_sync_answer(test, 2, 5, 0), 0);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 0), 0L);
	KUNIT_EXPECT_EQ(test, zxp_sync_answer(test, 2, 5, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, f->source->sync_packets, 1ULL);
	KUNIT_EXPECT_EQ(test, f->wb_err, 0U);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(f->port));
}

static void zxp_sync_fails(struct kunit *test)
{
	struct zxp_sync_fixture *f = test->priv;
	errseq_t since = errseq_sample(&f->wb_err);

	zxp_sync(test, 0, 2, 5);
	KUNIT_EXPECT_TRUE(test, zxp_next_sync_is(test, 2, 5));
	KUNIT_EXPECT_EQ(test, zxp_sync_answer(test, 2, 5, -ENOSPC), 0);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 0), (long)-ENOSPC);
	/* Others that have the file open are told, too. */
	KUNIT_EXPECT_EQ(test, errseq_check(&f->wb_err, since), -ENOSPC);
}

/* What nobody has read may still speak for more; what was read may not. */
static void zxp_sync_is_joined_only_unread(struct kunit *test)
{
	struct zxp_sync_fixture *f = test->priv;

	zxp_sync(test, 0, 2, 8);
	zxp_sync(test, 1, 4, 6);
	KUNIT_EXPECT_TRUE(test, zxp_next_sync_is(test, 2, 8));
	zxp_sync(test, 2, 4, 6);
	zxp_sync(test, 3, 1, 3);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(f->port));
	KUNIT_EXPECT_EQ(test, zxp_sync_answer(test, 2, 8, 0), 0);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 0), 0L);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 1), 0L);
	KUNIT_EXPECT_TRUE(test, zxp_sync_waits(test, 2));

	/* The next one is for all who came meanwhile. */
	KUNIT_EXPECT_TRUE(test, zxp_next_sync_is(test, 1, 6));
	KUNIT_EXPECT_EQ(test, zxp_sync_answer(test, 1, 6, -EIO), 0);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 2), (long)-EIO);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 3), (long)-EIO);
}

/* Not joined, since the unread one does not hold all of it. */
static void zxp_sync_of_more_comes_next(struct kunit *test)
{
	zxp_sync(test, 0, 2, 4);
	zxp_sync(test, 1, 3, 5);
	zxp_sync(test, 2, 1, 3);
	KUNIT_EXPECT_TRUE(test, zxp_next_sync_is(test, 2, 4));
	KUNIT_EXPECT_EQ(test, zxp_sync_answer(test, 2, 4, 0), 0);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 0), 0L);
	KUNIT_EXPECT_TRUE(test, zxp_next_sync_is(test, 1, 5));
	KUNIT_EXPECT_EQ(test, zxp_sync_answer(test, 1, 5, 0), 0);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 1), 0L);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 2), 0L);
}

static void zxp_sync_killed_takes_its_packet_back(struct kunit *test)
{
	struct zxp_sync_fixture *f = test->priv;

	zxp_sync(test, 0, 2, 4);
	zxp_sync(test, 1, 2, 4);
	zxp_sync(test, 2, 5, 6);
	zxp_task_kill(f->syncer[0].task);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 0), (long)-EINTR);
	/* Another one waits for the same; when that goes the next is sent. */
	zxp_task_kill(f->syncer[1].task);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 1), (long)-EINTR);
	KUNIT_EXPECT_TRUE(test, zxp_next_sync_is(test, 5, 6));
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(f->port));
	/* What was read is to be answered, though nobody waits any more. */
	zxp_task_kill(f->syncer[2].task);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 2), (long)-EINTR);
	zxp_sync(test, 3, 5, 6);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(f->port));
	KUNIT_EXPECT_EQ(test, zxp_sync_answer(test, 5, 6, 0), 0);
	KUNIT_EXPECT_TRUE(test, zxp_sync_waits(test, 3));
	KUNIT_EXPECT_TRUE(test, zxp_next_sync_is(test, 5, 6));
	KUNIT_EXPECT_EQ(test, zxp_sync_answer(test, 5, 6, 0), 0);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 3), 0L);
}

/* It was not sent yet, since the packet speaks of something else. */
static void zxp_sync_killed_behind_another_packet(struct kunit *test)
{
	struct zxp_sync_fixture *f = test->priv;
	pgoff_t end = 8;

	KUNIT_ASSERT_EQ(test, 0,
			zxp_request_hint(f->source, ZXP_REQUEST_READ, 7, &end,
					 zxp_source_generation(f->source)));
	zxp_sync(test, 0, 2, 4);
	KUNIT_EXPECT_EQ(test, zxp_sync_answer(test, 2, 4, 0), -ENOENT);
	zxp_task_kill(f->syncer[0].task);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 0), (long)-EINTR);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_next_is(test, f->port,
						  ZXP_PACKET_READ, 7, 8));
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(f->port));
}

/* While a reader copies the packet nobody knows whether it will be read. */
static void zxp_sync_killed_while_it_is_read(struct kunit *test)
{
	struct zxp_sync_fixture *f = test->priv;

	zxp_sync(test, 0, 2, 4);
	zxp_kunit_pick(f->source);
	zxp_task_kill(f->syncer[0].task);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 0), (long)-EINTR);
	KUNIT_EXPECT_TRUE(test, f->source->sync.active);
	zxp_sync(test, 1, 2, 4);
	zxp_kunit_taken(f->source, true);
	KUNIT_EXPECT_EQ(test, zxp_sync_answer(test, 2, 4, 0), 0);
	KUNIT_EXPECT_EQ(test, f->source->sync_packets, 1ULL);
	/* Who came in between was unread then, and is answered with it. */
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 1), 0L);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(f->port));
}

static void zxp_sync_of_a_killed_one_in_the_next_round(struct kunit *test)
{
	struct zxp_sync_fixture *f = test->priv;

	zxp_sync(test, 0, 2, 4);
	KUNIT_EXPECT_TRUE(test, zxp_next_sync_is(test, 2, 4));
	zxp_sync(test, 1, 6, 8);
	zxp_sync(test, 2, 0, 1);
	zxp_task_kill(f->syncer[1].task);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 1), (long)-EINTR);
	KUNIT_EXPECT_EQ(test, zxp_sync_answer(test, 2, 4, 0), 0);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 0), 0L);
	/* Only what the others need. */
	KUNIT_EXPECT_TRUE(test, zxp_next_sync_is(test, 0, 1));
	KUNIT_EXPECT_EQ(test, zxp_sync_answer(test, 0, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 2), 0L);
}

static void zxp_sync_ends_with_a_detach(struct kunit *test)
{
	struct zxp_sync_fixture *f = test->priv;

	zxp_sync(test, 0, 2, 4);
	KUNIT_EXPECT_TRUE(test, zxp_next_sync_is(test, 2, 4));
	zxp_sync(test, 1, 6, 8);
	zxp_source_detach(f->source, true);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 0), (long)-ESTALE);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 1), (long)-ESTALE);
	KUNIT_EXPECT_EQ(test, zxp_sync_answer(test, 2, 4, 0), -ESTALE);
	KUNIT_EXPECT_EQ(test, zxp_sync_wait(f->source, 0, 1, false), -ESTALE);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_next_is(test, f->port,
						  ZXP_PACKET_COMPLETE, 0, 0));
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(f->port));
	KUNIT_EXPECT_EQ(test, zxp_kunit_waiting(f->source), 0U);
}

static void zxp_sync_unread_goes_with_a_detach(struct kunit *test)
{
	struct zxp_sync_fixture *f = test->priv;

	zxp_sync(test, 0, 2, 4);
	zxp_source_detach(f->source, true);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 0), (long)-ESTALE);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_next_is(test, f->port,
						  ZXP_PACKET_COMPLETE, 0, 0));
}

static void zxp_sync_look(struct kunit *test, unsigned long later)
{
	struct zxp_sync_fixture *f = test->priv;
	struct zxp_look look;

	spin_lock(&f->source->lock);
	zxp_source_look_locked(f->source, &look, jiffies + later);
	spin_unlock(&f->source->lock);
}

/*
 * What was read is to be answered before there is another one, or the late answer would be
 * taken for one to that.
 */
static void zxp_sync_that_nobody_answers(struct kunit *test)
{
	struct zxp_sync_fixture *f = test->priv;

	zxp_source_set_limit(f->source, 100 * HZ);
	zxp_sync(test, 0, 2, 4);
	KUNIT_EXPECT_TRUE(test, zxp_next_sync_is(test, 2, 4));
	zxp_sync(test, 1, 2, 4);
	zxp_sync_look(test, 100 * HZ);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 0), (long)-ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 1), (long)-ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, f->wb_err, 0U);
	zxp_sync(test, 2, 2, 4);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(f->port));
	KUNIT_EXPECT_EQ(test, zxp_sync_answer(test, 2, 4, 0), 0);
	KUNIT_EXPECT_TRUE(test, zxp_sync_waits(test, 2));
	KUNIT_EXPECT_TRUE(test, zxp_next_sync_is(test, 2, 4));
	KUNIT_EXPECT_EQ(test, zxp_sync_answer(test, 2, 4, 0), 0);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 2), 0L);
}

static void zxp_sync_that_nobody_reads(struct kunit *test)
{
	struct zxp_sync_fixture *f = test->priv;

	zxp_source_set_limit(f->source, 100 * HZ);
	zxp_sync(test, 0, 2, 4);
	zxp_sync_look(test, 50 * HZ);
	KUNIT_EXPECT_TRUE(test, zxp_sync_waits(test, 0));
	zxp_sync_look(test, 100 * HZ);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 0), (long)-ETIMEDOUT);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(f->port));
	zxp_sync(test, 1, 3, 4);
	KUNIT_EXPECT_TRUE(test, zxp_next_sync_is(test, 3, 4));
	KUNIT_EXPECT_EQ(test, zxp_sync_answer(test, 3, 4, 0), 0);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 1), 0L);
}

static struct kunit_case zxp_sync_cases[] = {
	KUNIT_CASE(zxp_sync_is_answered),
	KUNIT_CASE(zxp_sync_fails),
	KUNIT_CASE(zxp_sync_is_joined_only_unread),
	KUNIT_CASE(zxp_sync_of_more_comes_next),
	KUNIT_CASE(zxp_sync_killed_takes_its_packet_back),
	KUNIT_CASE(zxp_sync_killed_behind_another_packet),
	KUNIT_CASE(zxp_sync_killed_while_it_is_read),
	KUNIT_CASE(zxp_sync_of_a_killed_one_in_the_next_round),
	KUNIT_CASE(zxp_sync_ends_with_a_detach),
	KUNIT_CASE(zxp_sync_unread_goes_with_a_detach),
	KUNIT_CASE(zxp_sync_that_nobody_answers),
	KUNIT_CASE(zxp_sync_that_nobody_reads),
	{}
};

struct kunit_suite zxp_sync_suite = {
	.name = "zxpager_sync",
	.init = zxp_sync_test_init,
	.test_cases = zxp_sync_cases,
};

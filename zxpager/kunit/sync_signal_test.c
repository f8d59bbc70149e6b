// SPDX-License-Identifier: GPL-2.0
/*
 * SYNC and signals: a call that was ended by one, and is made again, takes up what it
 * had asked for. The threads of the suite have no registers of user mode, so all their
 * calls are made in the same place.
 */
#include <linux/sched/signal.h>

#include "sync_test.h"

/* Begin an fsync() that may be interrupted. */
static void zxp_sync(struct kunit *test, unsigned int nr, pgoff_t start,
		     pgoff_t end)
{
	zxp_begin_sync(test, nr, start, end, true);
}

/* It takes a signal, whose handler runs until zxp_return(). */
static void zxp_interrupt(struct kunit *test, unsigned int nr)
{
	struct zxp_sync_fixture *f = test->priv;
	struct zxp_syncer *syncer = &f->syncer[nr];

	send_sig(SIGUSR1, syncer->task->task, 1);
	KUNIT_ASSERT_NE(test, 0UL,
			wait_for_completion_timeout(&syncer->left, 60 * HZ));
}

/* It comes back, to wait or not. */
static void zxp_return(struct kunit *test, unsigned int nr)
{
	struct zxp_sync_fixture *f = test->priv;

	complete(&f->syncer[nr].go_on);
}

/* It comes back, and has to wait. */
static void zxp_return_to_wait(struct kunit *test, unsigned int nr)
{
	struct zxp_sync_fixture *f = test->priv;
	unsigned int waiting = zxp_kunit_waiting(f->source);

	zxp_return(test, nr);
	KUNIT_ASSERT_TRUE(test, zxp_kunit_poll(zxp_kunit_waiting(f->source) ==
					       waiting + 1));
}

/* Its task ends in the handler. */
static void zxp_die_in_handler(struct kunit *test, unsigned int nr)
{
	struct zxp_sync_fixture *f = test->priv;
	struct zxp_task *task = f->syncer[nr].task;

	zxp_task_kill(task);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, nr), (long)-ECANCELED);
	KUNIT_ASSERT_TRUE(test,
			  zxp_kunit_poll(READ_ONCE(task->task->exit_state)));
}

static unsigned int zxp_left(struct kunit *test)
{
	struct zxp_sync_fixture *f = test->priv;
	unsigned int left = 0;
	struct list_head *pos;

	spin_lock(&f->source->lock);
	list_for_each(pos, &f->source->sync.left)
		left++;
	spin_unlock(&f->source->lock);
	return left;
}

/* However often a signal comes, and wherever the packet is, one SYNC is enough. */
static void zxp_sync_goes_on_after_signals(struct kunit *test)
{
	struct zxp_sync_fixture *f = test->priv;

	zxp_sync(test, 0, 2, 5);
	zxp_interrupt(test, 0);
	KUNIT_EXPECT_EQ(test, zxp_left(test), 1U);
	KUNIT_EXPECT_EQ(test, zxp_kunit_waiting(f->source), 0U);
	zxp_return_to_wait(test, 0);
	KUNIT_EXPECT_EQ(test, zxp_left(test), 0U);
	KUNIT_EXPECT_TRUE(test, zxp_next_sync_is(test, 2, 5));
	zxp_interrupt(test, 0);
	zxp_return_to_wait(test, 0);
	zxp_interrupt(test, 0);
	zxp_return_to_wait(test, 0);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(f->port));
	KUNIT_EXPECT_EQ(test, zxp_sync_answer(test, 2, 5, -EIO), 0);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 0), (long)-EIO);
	KUNIT_EXPECT_EQ(test, f->source->sync_packets, 1ULL);
	KUNIT_EXPECT_EQ(test, zxp_left(test), 0U);
	KUNIT_EXPECT_EQ(test, zxp_kunit_waiting(f->source), 0U);
}

/* The answer comes while the handler runs. */
static void zxp_sync_is_answered_meanwhile(struct kunit *test)
{
	struct zxp_sync_fixture *f = test->priv;

	zxp_sync(test, 0, 2, 5);
	KUNIT_EXPECT_TRUE(test, zxp_next_sync_is(test, 2, 5));
	zxp_interrupt(test, 0);
	KUNIT_EXPECT_EQ(test, zxp_sync_answer(test, 2, 5, -ENOSPC), 0);
	KUNIT_EXPECT_EQ(test, zxp_left(test), 1U);
	zxp_return(test, 0);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 0), (long)-ENOSPC);
	KUNIT_EXPECT_EQ(test, f->source->sync_packets, 1ULL);
	KUNIT_EXPECT_EQ(test, zxp_left(test), 0U);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(f->port));
}

static void zxp_sync_is_detached_meanwhile(struct kunit *test)
{
	struct zxp_sync_fixture *f = test->priv;

	/* One that was answered before takes that answer. */
	zxp_sync(test, 0, 2, 5);
	KUNIT_EXPECT_TRUE(test, zxp_next_sync_is(test, 2, 5));
	zxp_interrupt(test, 0);
	KUNIT_EXPECT_EQ(test, zxp_sync_answer(test, 2, 5, 0), 0);
	zxp_sync(test, 1, 2, 5);
	KUNIT_EXPECT_TRUE(test, zxp_next_sync_is(test, 2, 5));
	zxp_sync(test, 2, 6, 8);
	zxp_interrupt(test, 1);
	zxp_interrupt(test, 2);
	zxp_source_detach(f->source, false);
	KUNIT_EXPECT_EQ(test, zxp_left(test), 3U);
	zxp_return(test, 0);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 0), 0L);
	zxp_return(test, 1);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 1), (long)-ESTALE);
	zxp_return(test, 2);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 2), (long)-ESTALE);
	KUNIT_EXPECT_EQ(test, zxp_left(test), 0U);
	KUNIT_EXPECT_EQ(test, zxp_kunit_waiting(f->source), 0U);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(f->port));
}

/* It waits for the next round; that comes while its handler runs. */
static void zxp_sync_of_the_next_round_is_interrupted(struct kunit *test)
{
	struct zxp_sync_fixture *f = test->priv;

	zxp_sync(test, 0, 2, 4);
	KUNIT_EXPECT_TRUE(test, zxp_next_sync_is(test, 2, 4));
	zxp_sync(test, 1, 6, 8);
	zxp_interrupt(test, 1);
	KUNIT_EXPECT_EQ(test, zxp_sync_answer(test, 2, 4, 0), 0);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 0), 0L);
	KUNIT_EXPECT_TRUE(test, zxp_next_sync_is(test, 6, 8));
	zxp_return_to_wait(test, 1);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(f->port));
	KUNIT_EXPECT_EQ(test, zxp_sync_answer(test, 6, 8, 0), 0);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 1), 0L);
}

/* How a call is made again that takes up what it had asked for, or does not. */
struct zxp_again_case {
	const char *name;
	pgoff_t start;
	pgoff_t end;
	bool same;
};

static const struct zxp_again_case zxp_again[] = {
	{ "the same", 2, 5, true },
	{ "of a VMO that has grown", 2, 9, true },
	{ "of less", 2, 4, false },
	{ "from before", 1, 5, false },
	{ "from behind", 3, 5, false },
};

static void zxp_again_name(const struct zxp_again_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(zxp_again, zxp_again, zxp_again_name);

static void zxp_sync_is_known_by_its_range(struct kunit *test)
{
	const struct zxp_again_case *c = test->param_value;
	struct zxp_sync_fixture *f = test->priv;

	zxp_sync(test, 0, 2, 5);
	KUNIT_EXPECT_TRUE(test, zxp_next_sync_is(test, 2, 5));
	zxp_interrupt(test, 0);
	f->syncer[0].start = c->start;
	f->syncer[0].end = c->end;
	zxp_return_to_wait(test, 0);
	KUNIT_EXPECT_EQ(test, zxp_left(test), c->same ? 0U : 1U);
	KUNIT_EXPECT_EQ(test, zxp_sync_answer(test, 2, 5, 0), 0);
	if (!c->same) {
		/* That was about something else. */
		KUNIT_EXPECT_TRUE(test, zxp_next_sync_is(test, c->start, c->end));
		KUNIT_EXPECT_TRUE(test, zxp_sync_waits(test, 0));
		/* A task has one that it can come back to, and not two. */
		zxp_interrupt(test, 0);
		KUNIT_EXPECT_EQ(test, zxp_left(test), 1U);
		zxp_return_to_wait(test, 0);
		KUNIT_EXPECT_EQ(test, 0, zxp_sync_answer(test, c->start, c->end,
							 0));
	}
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 0), 0L);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(f->port));
}

/* A task takes up what it asked for itself, not what another one did. */
static void zxp_sync_is_known_by_its_task(struct kunit *test)
{
	struct zxp_sync_fixture *f = test->priv;

	zxp_sync(test, 0, 2, 5);
	KUNIT_EXPECT_TRUE(test, zxp_next_sync_is(test, 2, 5));
	zxp_interrupt(test, 0);
	zxp_sync(test, 1, 2, 5);
	KUNIT_EXPECT_EQ(test, zxp_left(test), 1U);
	KUNIT_EXPECT_EQ(test, zxp_sync_answer(test, 2, 5, 0), 0);
	KUNIT_EXPECT_TRUE(test, zxp_sync_waits(test, 1));
	KUNIT_EXPECT_TRUE(test, zxp_next_sync_is(test, 2, 5));
	zxp_return(test, 0);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 0), 0L);
	KUNIT_EXPECT_EQ(test, zxp_sync_answer(test, 2, 5, 0), 0);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 1), 0L);
	KUNIT_EXPECT_EQ(test, f->source->sync_packets, 2ULL);
}

/* Who has written in the handler needs a SYNC that speaks of that, too. */
static void zxp_sync_is_forgotten(struct kunit *test)
{
	struct zxp_sync_fixture *f = test->priv;

	zxp_sync(test, 0, 2, 5);
	zxp_sync(test, 1, 2, 5);
	KUNIT_EXPECT_TRUE(test, zxp_next_sync_is(test, 2, 5));
	zxp_interrupt(test, 0);
	zxp_interrupt(test, 1);
	zxp_sync_forget(f->source, current);
	KUNIT_EXPECT_EQ(test, zxp_left(test), 2U);
	zxp_sync_forget(f->source, f->syncer[0].task->task);
	KUNIT_EXPECT_EQ(test, zxp_left(test), 1U);
	zxp_return_to_wait(test, 0);
	zxp_return_to_wait(test, 1);
	KUNIT_EXPECT_EQ(test, zxp_sync_answer(test, 2, 5, -EIO), 0);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 1), (long)-EIO);
	KUNIT_EXPECT_TRUE(test, zxp_sync_waits(test, 0));
	KUNIT_EXPECT_TRUE(test, zxp_next_sync_is(test, 2, 5));
	KUNIT_EXPECT_EQ(test, zxp_sync_answer(test, 2, 5, 0), 0);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 0), 0L);
}

/* An answer that has come already is forgotten with the rest. */
static void zxp_sync_is_forgotten_with_its_answer(struct kunit *test)
{
	struct zxp_sync_fixture *f = test->priv;

	zxp_sync(test, 0, 2, 5);
	KUNIT_EXPECT_TRUE(test, zxp_next_sync_is(test, 2, 5));
	zxp_interrupt(test, 0);
	KUNIT_EXPECT_EQ(test, zxp_sync_answer(test, 2, 5, 0), 0);
	zxp_sync_forget(f->source, f->syncer[0].task->task);
	zxp_return_to_wait(test, 0);
	KUNIT_EXPECT_TRUE(test, zxp_next_sync_is(test, 2, 5));
	KUNIT_EXPECT_EQ(test, zxp_sync_answer(test, 2, 5, 0), 0);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 0), 0L);
}

/* Nobody has read it, and nobody comes back for it any more. */
static void zxp_sync_unread_goes_with_the_last_left(struct kunit *test)
{
	struct zxp_sync_fixture *f = test->priv;

	zxp_sync(test, 0, 2, 5);
	zxp_sync(test, 1, 2, 5);
	zxp_sync(test, 2, 6, 8);
	zxp_interrupt(test, 0);
	zxp_interrupt(test, 1);
	zxp_interrupt(test, 2);
	zxp_sync_forget(f->source, f->syncer[0].task->task);
	KUNIT_EXPECT_TRUE(test, f->source->sync.active);
	KUNIT_EXPECT_EQ(test, f->source->sync.request.end, 5UL);
	/* The last one of this round; then the next is sent. */
	zxp_sync_forget(f->source, f->syncer[1].task->task);
	KUNIT_EXPECT_EQ(test, f->source->sync.request.end, 8UL);
	zxp_sync_forget(f->source, NULL);
	KUNIT_EXPECT_FALSE(test, f->source->sync.active);
	KUNIT_EXPECT_EQ(test, zxp_left(test), 0U);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(f->port));
}

/* It is still asked for: by one that will come back, though another one is killed. */
static void zxp_sync_left_keeps_its_packet(struct kunit *test)
{
	struct zxp_sync_fixture *f = test->priv;

	zxp_sync(test, 0, 2, 5);
	zxp_sync(test, 1, 2, 5);
	zxp_interrupt(test, 0);
	zxp_task_kill(f->syncer[1].task);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 1), (long)-EINTR);
	KUNIT_EXPECT_TRUE(test, zxp_next_sync_is(test, 2, 5));
	zxp_return_to_wait(test, 0);
	KUNIT_EXPECT_EQ(test, zxp_sync_answer(test, 2, 5, 0), 0);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 0), 0L);
}

/* The next one that leaves for a signal finds it dead. */
static void zxp_sync_of_a_dead_task_is_dropped(struct kunit *test)
{
	struct zxp_sync_fixture *f = test->priv;

	zxp_sync(test, 0, 2, 5);
	zxp_sync(test, 1, 6, 8);
	zxp_interrupt(test, 0);
	zxp_die_in_handler(test, 0);
	KUNIT_EXPECT_EQ(test, zxp_left(test), 1U);
	zxp_interrupt(test, 1);
	KUNIT_EXPECT_EQ(test, zxp_left(test), 1U);
	/* Its packet goes, too, for it was the only one that wanted it. */
	KUNIT_EXPECT_TRUE(test, zxp_next_sync_is(test, 6, 8));
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(f->port));
	zxp_return_to_wait(test, 1);
	KUNIT_EXPECT_EQ(test, zxp_sync_answer(test, 6, 8, 0), 0);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 1), 0L);

	/* Or, of one that nobody follows, when the VMO goes. */
	zxp_sync(test, 2, 2, 5);
	zxp_interrupt(test, 2);
	zxp_die_in_handler(test, 2);
	zxp_sync_forget(f->source, NULL);
	KUNIT_EXPECT_EQ(test, zxp_left(test), 0U);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(f->port));
}

/* A reader copies the packet just now: it is to be answered, and no other is sent. */
static void zxp_sync_is_forgotten_while_it_is_read(struct kunit *test)
{
	struct zxp_sync_fixture *f = test->priv;

	zxp_sync(test, 0, 2, 5);
	zxp_kunit_pick(f->source);
	zxp_interrupt(test, 0);
	zxp_sync_forget(f->source, NULL);
	KUNIT_EXPECT_TRUE(test, f->source->sync.active);
	zxp_kunit_taken(f->source, true);
	zxp_return_to_wait(test, 0);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(f->port));
	KUNIT_EXPECT_EQ(test, zxp_sync_answer(test, 2, 5, 0), 0);
	KUNIT_EXPECT_TRUE(test, zxp_next_sync_is(test, 2, 5));
	KUNIT_EXPECT_EQ(test, zxp_sync_answer(test, 2, 5, 0), 0);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 0), 0L);
}

/* A fatal signal does not bring it back, also after others. */
static void zxp_sync_is_killed_after_signals(struct kunit *test)
{
	struct zxp_sync_fixture *f = test->priv;

	zxp_sync(test, 0, 2, 5);
	zxp_interrupt(test, 0);
	zxp_return_to_wait(test, 0);
	zxp_task_kill(f->syncer[0].task);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 0), (long)-EINTR);
	KUNIT_EXPECT_EQ(test, zxp_left(test), 0U);
	KUNIT_EXPECT_EQ(test, zxp_kunit_waiting(f->source), 0U);
	KUNIT_EXPECT_FALSE(test, f->source->sync.active);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(f->port));
}

/* Who does not come back, as in a write that is synchronous, is not interrupted. */
static void zxp_sync_that_does_not_restart(struct kunit *test)
{
	struct zxp_sync_fixture *f = test->priv;

	zxp_begin_sync(test, 0, 2, 5, false);
	send_sig(SIGUSR1, f->syncer[0].task->task, 1);
	zxp_sync(test, 1, 2, 5);
	zxp_interrupt(test, 1);
	KUNIT_EXPECT_TRUE(test, zxp_sync_waits(test, 0));
	KUNIT_EXPECT_EQ(test, zxp_kunit_waiting(f->source), 1U);
	KUNIT_EXPECT_TRUE(test, zxp_next_sync_is(test, 2, 5));
	KUNIT_EXPECT_EQ(test, zxp_sync_answer(test, 2, 5, 0), 0);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 0), 0L);
	zxp_return(test, 1);
	KUNIT_EXPECT_EQ(test, zxp_synced(test, 1), 0L);
}

/* What a failed case has left holds its task. */
static void zxp_sync_signal_exit(struct kunit *test)
{
	struct zxp_sync_fixture *f = test->priv;

	if (f)
		zxp_sync_forget(f->source, NULL);
}

static struct kunit_case zxp_sync_signal_cases[] = {
	KUNIT_CASE(zxp_sync_goes_on_after_signals),
	KUNIT_CASE(zxp_sync_is_answered_meanwhile),
	KUNIT_CASE(zxp_sync_is_detached_meanwhile),
	KUNIT_CASE(zxp_sync_of_the_next_round_is_interrupted),
	KUNIT_CASE_PARAM(zxp_sync_is_known_by_its_range, zxp_again_gen_params),
	KUNIT_CASE(zxp_sync_is_known_by_its_task),
	KUNIT_CASE(zxp_sync_is_forgotten),
	KUNIT_CASE(zxp_sync_is_forgotten_with_its_answer),
	KUNIT_CASE(zxp_sync_unread_goes_with_the_last_left),
	KUNIT_CASE(zxp_sync_left_keeps_its_packet),
	KUNIT_CASE(zxp_sync_of_a_dead_task_is_dropped),
	KUNIT_CASE(zxp_sync_is_forgotten_while_it_is_read),
	KUNIT_CASE(zxp_sync_is_killed_after_signals),
	KUNIT_CASE(zxp_sync_that_does_not_restart),
	{}
};

struct kunit_suite zxp_sync_signal_suite = {
	.name = "zxpager_sync_signal",
	.init = zxp_sync_test_init,
	.exit = zxp_sync_signal_exit,
	.test_cases = zxp_sync_signal_cases,
};

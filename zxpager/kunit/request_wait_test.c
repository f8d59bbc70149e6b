// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting for a request, case by case: being woken, signals, a limit, and tasks that
 * end.
 */
#include <linux/sched/signal.h>

#include "request_test.h"

/**
 * struct zxp_waiter - a thread that waits
 * @source: where
 * @state: how it waits
 */
struct zxp_waiter {
	struct zxp_source *source;
	unsigned int state;
};

/* As a thread that needs the page 3. */
static long zxp_waiter_fn(void *arg)
{
	struct zxp_waiter *waiter = arg;
	struct zxp_source *source = waiter->source;
	struct zxp_request request;
	int ret;

	do {
		ret = zxp_request_start(source, &request, ZXP_REQUEST_READ, 3, 4,
					false, zxp_source_generation(source));
	} while (ret == -EAGAIN);
	return ret ?: zxp_request_wait(source, &request, waiter->state);
}

/* Begin to wait in a thread. */
static struct zxp_task *zxp_waiter(struct kunit *test, unsigned int state)
{
	struct zxp_requests *r = test->priv;
	struct zxp_waiter *waiter;

	waiter = kunit_kzalloc(test, sizeof(*waiter), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, waiter);
	waiter->source = r->source;
	waiter->state = state;
	return zxp_kunit_task(test, NULL, zxp_waiter_fn, waiter);
}

static void zxp_request_sleeps_until_it_is_resolved(struct kunit *test)
{
	struct zxp_requests *r = test->priv;
	struct zxp_task *task[3];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(task); i++)
		task[i] = zxp_waiter(test, TASK_INTERRUPTIBLE);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_poll(zxp_kunit_waiting(r->source) == 3));
	KUNIT_EXPECT_TRUE(test, zxp_next_read_is(test, 3, 4));
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(r->port));
	zxp_answer(test, 3, 4, -ENOBUFS);
	for (i = 0; i < ARRAY_SIZE(task); i++) {
		KUNIT_ASSERT_TRUE(test, zxp_task_join(task[i]));
		KUNIT_EXPECT_EQ(test, task[i]->result, (long)-ENOBUFS);
	}
	KUNIT_EXPECT_EQ(test, zxp_kunit_waiting(r->source), 0U);
}

struct zxp_signal_case {
	const char *name;
	unsigned int state;
	int signal;
	bool ends;
};

static const struct zxp_signal_case zxp_signals[] = {
	{ "interruptible, a signal", TASK_INTERRUPTIBLE, SIGUSR1, true },
	{ "interruptible, killed", TASK_INTERRUPTIBLE, SIGKILL, true },
	{ "killable, a signal", TASK_KILLABLE, SIGUSR1, false },
	{ "killable, killed", TASK_KILLABLE, SIGKILL, true },
};

static void zxp_signal_name(const struct zxp_signal_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(zxp_signal, zxp_signals, zxp_signal_name);

static void zxp_request_ends_for_a_signal(struct kunit *test)
{
	const struct zxp_signal_case *c = test->param_value;
	struct zxp_requests *r = test->priv;
	struct zxp_task *task;

	task = zxp_waiter(test, c->state);
	KUNIT_ASSERT_TRUE(test, zxp_kunit_poll(zxp_kunit_waiting(r->source) == 1));
	send_sig(c->signal, task->task, 1);
	if (!c->ends) {
		/* It is still there to be resolved. */
		KUNIT_EXPECT_TRUE(test, zxp_next_read_is(test, 3, 4));
		zxp_answer(test, 3, 4, 0);
	}
	KUNIT_ASSERT_TRUE(test, zxp_task_join(task));
	KUNIT_EXPECT_EQ(test, task->result, c->ends ? (long)-ERESTARTNOINTR : 0L);
	KUNIT_EXPECT_EQ(test, r->source->nr_requests, 0U);
	KUNIT_EXPECT_EQ(test, zxp_kunit_waiting(r->source), 0U);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(r->port));
}

/* Who has waited long enough decides whether to wait on or to leave. */
static void zxp_request_sleeps_for_a_while(struct kunit *test)
{
	struct zxp_requests *r = test->priv;
	struct zxp_request *request = &r->request[0];

	zxp_ask(test, 0, 3, 5, false);
	zxp_ask(test, 1, 4, 5, false);
	KUNIT_EXPECT_EQ(test, -ETIME,
			zxp_request_sleep(request, TASK_KILLABLE, 2));
	KUNIT_EXPECT_EQ(test, -ETIME,
			zxp_request_sleep(request, TASK_INTERRUPTIBLE, 0));
	KUNIT_EXPECT_TRUE(test, request->active);
	KUNIT_EXPECT_EQ(test, zxp_kunit_waiting(r->source), 2U);
	KUNIT_EXPECT_TRUE(test, zxp_next_read_is(test, 3, 5));
	zxp_answer(test, 3, 5, -EIO);
	KUNIT_EXPECT_EQ(test, 0, zxp_request_sleep(request, TASK_KILLABLE, 0));
	KUNIT_EXPECT_EQ(test, -EIO, zxp_request_leave(r->source, request, 0));
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 1), -EIO);
	KUNIT_EXPECT_EQ(test, zxp_kunit_waiting(r->source), 0U);
}

static void zxp_request_is_left_after_a_while(struct kunit *test)
{
	struct zxp_requests *r = test->priv;
	struct zxp_request *request = &r->request[0];

	/* Also one that takes pages as they come has to be asked again. */
	zxp_ask(test, 0, 3, 5, true);
	zxp_ask(test, 1, 4, 5, false);
	KUNIT_EXPECT_EQ(test, -ETIME,
			zxp_request_sleep(request, TASK_KILLABLE, 1));
	KUNIT_EXPECT_EQ(test, -ETIME,
			zxp_request_leave(r->source, request, -ETIME));
	KUNIT_EXPECT_FALSE(test, request->active);
	KUNIT_EXPECT_EQ(test, zxp_kunit_waiting(r->source), 1U);
	KUNIT_EXPECT_NULL(test, r->request[1].primary);
	KUNIT_EXPECT_EQ(test, -EINTR,
			zxp_request_leave(r->source, &r->request[1], -EINTR));
	KUNIT_EXPECT_EQ(test, r->source->nr_requests, 0U);
	KUNIT_EXPECT_EQ(test, zxp_kunit_waiting(r->source), 0U);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_silent(r->port));
}

/* What came between the last look at the clock and leaving counts. */
static void zxp_request_is_left_too_late(struct kunit *test)
{
	struct zxp_requests *r = test->priv;
	struct zxp_request *request = &r->request[0];

	zxp_ask(test, 0, 3, 5, false);
	KUNIT_EXPECT_EQ(test, -ETIME,
			zxp_request_sleep(request, TASK_KILLABLE, 0));
	zxp_answer(test, 3, 5, 0);
	KUNIT_EXPECT_EQ(test, 0, zxp_request_leave(r->source, request, -ETIME));

	zxp_ask(test, 0, 3, 5, true);
	KUNIT_EXPECT_EQ(test, -ETIME,
			zxp_request_sleep(request, TASK_KILLABLE, 0));
	zxp_answer(test, 3, 4, 0);
	KUNIT_EXPECT_EQ(test, 0, zxp_request_leave(r->source, request, -ETIME));
	KUNIT_EXPECT_TRUE(test, request->active);
	KUNIT_EXPECT_EQ(test, zxp_kunit_waiting(r->source), 0U);
}

/* A signal is told even if no time is left; an answer goes before both. */
static void zxp_request_sleeps_with_a_signal(struct kunit *test)
{
	struct zxp_requests *r = test->priv;
	struct zxp_request *request = &r->request[0];
	int signalled, answered;

	zxp_ask(test, 0, 3, 5, false);
	allow_signal(SIGKILL);
	send_sig(SIGKILL, current, 1);
	signalled = zxp_request_sleep(request, TASK_KILLABLE, 0);
	zxp_answer(test, 3, 5, 0);
	answered = zxp_request_sleep(request, TASK_KILLABLE, 0);
	flush_signals(current);
	KUNIT_EXPECT_EQ(test, signalled, -ERESTARTNOINTR);
	KUNIT_EXPECT_EQ(test, answered, 0);
	KUNIT_EXPECT_EQ(test, 0,
			zxp_request_leave(r->source, request, signalled));
}

/* What a task that cannot be woken by a signal any more is known by. */
struct zxp_end_case {
	const char *name;
	unsigned int task_flag;
	unsigned int signal_flag;
};

static const struct zxp_end_case zxp_ends[] = {
	{ "exits", .task_flag = PF_EXITING },
	{ "dumps core", .task_flag = PF_DUMPCORE },
	{ "its process exits", .signal_flag = SIGNAL_GROUP_EXIT },
};

static void zxp_end_name(const struct zxp_end_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(zxp_end, zxp_ends, zxp_end_name);

/**
 * struct zxp_ending - what a task that ends was told
 * @source: where it asked
 * @request: early, and active
 * @task_flag: what it is known by
 * @signal_flag: or its process is
 * @start: of zxp_request_start()
 * @go_on: of zxp_request_continue()
 * @sync: of zxp_sync_wait()
 * @ask: of zxp_request_start_ending()
 * @leave: of zxp_request_leave()
 */
struct zxp_ending {
	struct zxp_source *source;
	struct zxp_request *request;
	unsigned int task_flag;
	unsigned int signal_flag;
	int start;
	int go_on;
	int sync;
	int ask;
	int leave;
};

/* The thread only looks as if it ended, and only while it asks. */
static long zxp_ending_fn(void *arg)
{
	struct zxp_ending *e = arg;
	struct zxp_source *source = e->source;
	unsigned long now = zxp_source_generation(source);
	struct zxp_request request;

	current->flags |= e->task_flag;
	current->signal->flags |= e->signal_flag;
	e->start = zxp_request_start(source, &request, ZXP_REQUEST_READ, 20, 21,
				     false, now);
	e->go_on = zxp_request_continue(source, e->request, 3, now);
	e->sync = zxp_sync_wait(source, 0, 1, false);
	e->ask = zxp_request_start_ending(source, &request, ZXP_REQUEST_READ,
					  20, 21, now);
	if (!e->ask) {
		e->leave = zxp_request_sleep(&request, TASK_KILLABLE, 0);
		e->leave = zxp_request_leave(source, &request, e->leave);
	}
	current->flags &= ~e->task_flag;
	current->signal->flags &= ~e->signal_flag;
	return 0;
}

static void zxp_request_of_a_task_that_ends(struct kunit *test)
{
	const struct zxp_end_case *c = test->param_value;
	struct zxp_requests *r = test->priv;
	struct zxp_ending *e;
	struct zxp_task *task;

	e = kunit_kzalloc(test, sizeof(*e), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, e);
	*e = (struct zxp_ending) {
		.source = r->source,
		.request = &r->request[0],
		.task_flag = c->task_flag,
		.signal_flag = c->signal_flag,
	};
	zxp_ask(test, 0, 2, 8, true);
	zxp_answer(test, 2, 3, 0);
	KUNIT_EXPECT_EQ(test, zxp_leave(test, 0), 0);
	task = zxp_kunit_task(test, NULL, zxp_ending_fn, e);
	KUNIT_ASSERT_TRUE(test, zxp_task_join(task));
	KUNIT_EXPECT_EQ(test, e->start, -EINTR);
	KUNIT_EXPECT_EQ(test, e->go_on, -EINTR);
	KUNIT_EXPECT_EQ(test, e->sync, -EINTR);
	/* It may ask if it knows how long it waits. */
	KUNIT_EXPECT_EQ(test, e->ask, 0);
	KUNIT_EXPECT_EQ(test, e->leave, -ETIME);
	/* What it had asked for before it still has to end. */
	KUNIT_EXPECT_EQ(test, r->source->nr_requests, 1U);
	KUNIT_EXPECT_EQ(test, zxp_kunit_waiting(r->source), 0U);
}

static struct kunit_case zxp_request_wait_cases[] = {
	KUNIT_CASE(zxp_request_sleeps_until_it_is_resolved),
	KUNIT_CASE_PARAM(zxp_request_ends_for_a_signal, zxp_signal_gen_params),
	KUNIT_CASE(zxp_request_sleeps_for_a_while),
	KUNIT_CASE(zxp_request_is_left_after_a_while),
	KUNIT_CASE(zxp_request_is_left_too_late),
	KUNIT_CASE(zxp_request_sleeps_with_a_signal),
	KUNIT_CASE_PARAM(zxp_request_of_a_task_that_ends, zxp_end_gen_params),
	{}
};

struct kunit_suite zxp_request_wait_suite = {
	.name = "zxpager_request_wait",
	.init = zxp_requests_init,
	.exit = zxp_requests_exit,
	.test_cases = zxp_request_wait_cases,
};

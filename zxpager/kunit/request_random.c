// SPDX-License-Identifier: GPL-2.0
/*
 * Requests against the model of request_model.c: the same random operations on both,
 * and then all of both is compared, each time, by request_same.c.
 *
 * One task asks in the name of many. It leaves a wait when that is over, or for a
 * signal that it sends to itself. One generation follows the other, and readers of the former
 * ones are still there.
 */
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "request_pair.h"

static void zxp_pair_drop_source(struct zxp_request_pair *pair)
{
	struct zxp_source *source = pair->source;
	unsigned int i;

	if (!source)
		return;
	pair->source = NULL;
	for (i = 0; i < ZXP_ASKED_TASKS; i++)
		zxp_request_end(source, &pair->request[i]);
	zxp_source_detach(source, false);
	if (pair->model.picked)
		zxp_source_packet_taken(&pair->picked, false);
	while (pair->nr_late)
		zxp_source_packet_taken(&pair->late[--pair->nr_late], false);
	zxp_source_put(source);
}

static int zxp_pair_new_source(struct zxp_request_pair *pair)
{
	pair->source = zxp_source_alloc(pair->port[0], 3, zxp_source_watch_work);
	if (!pair->source)
		return -ENOMEM;
	pair->epoch = 0;
	zxp_asked_init(&pair->model);
	memset(pair->request, 0, sizeof(pair->request));
	memset(pair->state, 0, sizeof(pair->state));
	return 0;
}

static int zxp_request_pair_init(struct kunit *test)
{
	struct zxp_request_pair *pair;

	pair = kunit_kzalloc(test, sizeof(*pair), GFP_KERNEL);
	test->priv = pair;
	if (!pair)
		return -ENOMEM;
	pair->port[0] = zxp_kunit_port(test);
	pair->port[1] = zxp_kunit_port(test);
	zxp_kunit_dice(test, &pair->dice);
	allow_signal(SIGKILL);
	return zxp_pair_new_source(pair);
}

static void zxp_request_pair_exit(struct kunit *test)
{
	if (test->priv)
		zxp_pair_drop_source(test->priv);
}

/* The generation, or sometimes one of before. */
static unsigned long zxp_pair_generation(struct zxp_request_pair *pair)
{
	return zxp_source_generation(pair->source) -
	       !zxp_roll(&pair->dice, 10);
}

static bool zxp_try_start(struct zxp_request_pair *pair, unsigned int nr,
			  enum zxp_request_type type, unsigned int start,
			  unsigned int end)
{
	unsigned long generation = zxp_pair_generation(pair);
	bool early = zxp_roll(&pair->dice, 2);
	int ret;

	ret = zxp_request_start(pair->source, &pair->request[nr], type, start,
				end, early, generation);
	if (!ret)
		pair->state[nr] = WAITING;
	return ret == zxp_asked_start(&pair->model, nr, type, start, end, early,
				      generation);
}

/* Leave a wait that is over, or, for a signal, one that is not. */
static bool zxp_try_leave(struct zxp_request_pair *pair, unsigned int nr)
{
	struct zxp_request *request = &pair->request[nr];
	bool signal = !request->woken;
	int ret;

	if (signal)
		send_sig(SIGKILL, current, 1);
	ret = zxp_request_wait(pair->source, request, TASK_KILLABLE);
	if (signal)
		flush_signals(current);
	if (ret != zxp_asked_wait(&pair->model, nr))
		return false;
	pair->state[nr] = ret || !request->early ? IDLE : HELD;
	return true;
}

static bool zxp_hints_are_many(const struct zxp_request_pair *pair)
{
	return zxp_asked_hints(&pair->model) >= ZXP_ASKED - ZXP_ASKED_TASKS;
}

/* Leave a wait, over or not, and let a hint take the place of the request. */
static bool zxp_try_leave_hint(struct zxp_request_pair *pair, unsigned int nr)
{
	zxp_request_leave_hint(pair->source, &pair->request[nr]);
	zxp_asked_leave_hint(&pair->model, nr);
	pair->state[nr] = pair->request[nr].active ? HELD : IDLE;
	return true;
}

static bool zxp_try_continue(struct zxp_request_pair *pair, unsigned int nr)
{
	unsigned int wake = pair->request[nr].first + zxp_roll(&pair->dice, 10);
	unsigned long generation = zxp_pair_generation(pair);
	int ret;

	ret = zxp_request_continue(pair->source, &pair->request[nr], wake,
				   generation);
	if (!ret)
		pair->state[nr] = WAITING;
	return ret == zxp_asked_continue(&pair->model, nr, wake, generation);
}

static bool zxp_try_end(struct zxp_request_pair *pair, unsigned int nr)
{
	zxp_request_end(pair->source, &pair->request[nr]);
	zxp_asked_end(&pair->model, nr);
	pair->state[nr] = IDLE;
	return true;
}

/* What the task of a request can do next. */
static bool zxp_try_task(struct zxp_request_pair *pair, unsigned int nr,
			 enum zxp_request_type type, unsigned int start,
			 unsigned int end)
{
	switch (pair->state[nr]) {
	case WAITING:
		/* Most wait until it is over. */
		if (!pair->request[nr].woken && zxp_roll(&pair->dice, 8))
			return true;
		if (!zxp_hints_are_many(pair) && !zxp_roll(&pair->dice, 6))
			return zxp_try_leave_hint(pair, nr);
		return zxp_try_leave(pair, nr);
	case HELD:
		return zxp_roll(&pair->dice, 4) ? zxp_try_continue(pair, nr) :
						  zxp_try_end(pair, nr);
	default:
		return zxp_try_start(pair, nr, type, start, end);
	}
}

static bool zxp_try_hint(struct zxp_request_pair *pair,
			 enum zxp_request_type type, unsigned int start,
			 unsigned int end)
{
	unsigned long generation = zxp_pair_generation(pair);
	unsigned int model_end = end;
	pgoff_t real_end = end;
	int ret;

	if (zxp_hints_are_many(pair))
		return true;
	ret = zxp_request_hint(pair->source, type, start, &real_end, generation);
	return ret == zxp_asked_hint(&pair->model, type, start, &model_end,
				     generation) && real_end == model_end;
}

/* Read a packet, or begin or end to. */
static bool zxp_try_read(struct zxp_request_pair *pair)
{
	struct zxp_request_model *m = &pair->model;
	struct zxp_packet *packet = &pair->source->packet.data;
	bool there = m->busy && !m->picked;

	if (m->picked && zxp_roll(&pair->dice, 2)) {
		zxp_source_packet_returned(&pair->picked);
		zxp_asked_returned(m);
		return true;
	}
	if (m->picked) {
		zxp_source_packet_taken(&pair->picked, true);
		zxp_asked_taken(m);
		return true;
	}
	if (there && (packet->command != m->command ||
		      packet->offset != (u64)m->start << PAGE_SHIFT ||
		      packet->length != (u64)(m->end - m->start) << PAGE_SHIFT))
		return false;
	if (there && !zxp_roll(&pair->dice, 4)) {
		pair->picked = zxp_kunit_pick(pair->source);
		m->picked = true;
		return true;
	}
	if (there)
		zxp_asked_taken(m);
	return there == !zxp_kunit_silent(pair->port[0]);
}

/* Another generation, with another port or the same. Who reads is late from then on. */
static bool zxp_try_move(struct zxp_request_pair *pair)
{
	if (pair->model.picked && pair->nr_late == ZXP_LATE)
		return true;
	if (pair->model.picked)
		pair->late[pair->nr_late++] = pair->picked;
	if (zxp_roll(&pair->dice, 2))
		swap(pair->port[0], pair->port[1]);
	zxp_source_move(pair->source, pair->port[0], ++pair->epoch);
	zxp_asked_move(&pair->model);
	return true;
}

static bool zxp_try_bind(struct zxp_request_pair *pair)
{
	swap(pair->port[0], pair->port[1]);
	zxp_asked_bind(&pair->model);
	return !zxp_source_bind(pair->source, pair->port[0], 4, pair->epoch);
}

/* A former generation answers, and wants packets. */
static bool zxp_try_former(struct zxp_request_pair *pair, enum zxp_request_type type,
			   unsigned int start, unsigned int end, int error)
{
	unsigned long epoch = pair->epoch - 1 - zxp_roll(&pair->dice, 3);
	errseq_t wb_err = 0;

	return zxp_source_fail(pair->source, type, start, end, error, epoch) == -ESHUTDOWN &&
	       zxp_sync_end(pair->source, start, end, error, &wb_err, epoch) == -ESHUTDOWN &&
	       zxp_source_bind(pair->source, pair->port[1], 5, epoch) == -ESHUTDOWN;
}

/* A reader of a former generation comes to its end: it has its packet, or not. */
static bool zxp_try_late(struct zxp_request_pair *pair)
{
	struct zxp_picked picked;
	unsigned int i;

	if (!pair->nr_late)
		return true;
	i = zxp_roll(&pair->dice, pair->nr_late);
	picked = pair->late[i];
	pair->late[i] = pair->late[--pair->nr_late];
	if (zxp_roll(&pair->dice, 2)) {
		zxp_source_packet_returned(&picked);
		return true;
	}
	zxp_source_packet_taken(&picked, true);
	zxp_asked_count(&pair->model, picked.data.command, picked.data.length >> PAGE_SHIFT);
	return true;
}

/* What may still happen to one that is detached. */
static bool zxp_try_detached(struct zxp_request_pair *pair)
{
	bool complete = zxp_roll(&pair->dice, 2);

	switch (zxp_roll(&pair->dice, 5)) {
	case 0:
		zxp_source_detach(pair->source, complete);
		zxp_asked_detach(&pair->model, complete);
		return true;
	case 1:
		return zxp_try_move(pair);
	case 2:
		return zxp_try_late(pair);
	default:
		return zxp_try_read(pair);
	}
}

/* And all over again; what was waited for is left first. */
static bool zxp_try_detach(struct zxp_request_pair *pair)
{
	bool complete = zxp_roll(&pair->dice, 4);
	unsigned int i;

	zxp_source_detach(pair->source, complete);
	zxp_asked_detach(&pair->model, complete);
	for (i = 0; i < 8; i++)
		if (!zxp_same_source(pair) || !zxp_try_detached(pair))
			return false;
	for (i = 0; i < ZXP_ASKED_TASKS; i++)
		if (pair->state[i] == WAITING && !zxp_try_leave(pair, i))
			return false;
	/* Nobody waits, and all hints are gone. */
	if (!zxp_same_source(pair) || pair->source->nr_requests ||
	    pair->source->nr_waiting)
		return false;
	zxp_pair_drop_source(pair);
	return !zxp_pair_new_source(pair);
}

/* One operation on both. Do they answer the same? */
static bool zxp_request_step(struct zxp_request_pair *pair)
{
	enum zxp_request_type type = zxp_roll(&pair->dice, ZXP_REQUEST_TYPES);
	unsigned int what = zxp_roll(&pair->dice, 1000);
	unsigned int nr = zxp_roll(&pair->dice, ZXP_ASKED_TASKS);
	unsigned int start = zxp_roll(&pair->dice, ZXP_ASKED_PAGES);
	unsigned int most = min(ZXP_ASKED_PAGES - start, 16U);
	unsigned int end = start + 1 + zxp_roll(&pair->dice, most);
	int error = zxp_roll(&pair->dice, 4) ? 0 : -EIO;

	pair->step.what = what;
	pair->step.nr = nr;
	pair->step.start = start;
	pair->step.end = end;
	pair->step.error = error;
	if (what < 500)
		return zxp_try_task(pair, nr, type, start, end);
	if (what < 550)
		return zxp_try_hint(pair, type, start, end);
	if (what < 800) {
		if (error)
			zxp_source_fail(pair->source, type, start, end, error, pair->epoch);
		else
			zxp_source_resolve(pair->source, type, start, end);
		zxp_asked_resolve(&pair->model, type, start, end, error);
		return true;
	}
	if (what < 960)
		return zxp_try_read(pair);
	if (what < 972)
		return zxp_try_late(pair);
	if (what < 980)
		return zxp_try_former(pair, type, start, end, error);
	if (what < 992)
		return zxp_try_move(pair);
	if (what < 998)
		return zxp_try_bind(pair);
	return zxp_try_detach(pair);
}

static void zxp_requests_are_what_the_model_is(struct kunit *test)
{
	unsigned long operations = zxp_kunit_operations(45), i;
	struct zxp_request_pair *pair = test->priv;

	for (i = 0; i < operations; i++) {
		bool same = zxp_request_step(pair);

		KUNIT_ASSERT_TRUE_MSG(test, same && zxp_same_source(pair),
				      "operation %lu, %u: %u, [%u, %u), %d", i,
				      pair->step.what, pair->step.nr,
				      pair->step.start, pair->step.end,
				      pair->step.error);
		cond_resched();
	}
	kunit_info(test, "%lu operations\n", operations);
}

static struct kunit_case zxp_request_random_cases[] = {
	KUNIT_CASE(zxp_requests_are_what_the_model_is),
	{}
};

struct kunit_suite zxp_request_random_suite = {
	.name = "zxpager_request_random",
	.init = zxp_request_pair_init,
	.exit = zxp_request_pair_exit,
	.test_cases = zxp_request_random_cases,
};

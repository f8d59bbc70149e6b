// SPDX-License-Identifier: GPL-2.0
/*
 * Requests against the model of request_model.c: the same random operations on both,
 * and then all of both is compared, each time.
 *
 * One task asks in the name of many. It leaves a wait when that is over, or for a
 * signal that it sends to itself.
 */
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "kunit.h"
#include "request_model.h"

/* What a task does with its request. */
enum zxp_slot_state { IDLE, WAITING, HELD };

/**
 * struct zxp_request_pair - the same source twice
 * @port: its port
 * @source: as it is
 * @request: of the tasks, as they are
 * @state: what they are used for
 * @model: as it should be
 * @dice: what happens
 * @step: the last operation, for the log
 */
struct zxp_request_pair {
	struct zxp_port *port;
	struct zxp_source *source;
	struct zxp_request request[ZXP_ASKED_TASKS];
	enum zxp_slot_state state[ZXP_ASKED_TASKS];
	struct zxp_request_model model;
	struct rnd_state dice;
	struct {
		unsigned int what;
		unsigned int nr;
		unsigned int start;
		unsigned int end;
		int error;
	} step;
};

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
		zxp_kunit_taken(source, false);
	zxp_source_put(source);
}

static int zxp_pair_new_source(struct zxp_request_pair *pair)
{
	pair->source = zxp_source_alloc(pair->port, 3, zxp_source_watch_work);
	if (!pair->source)
		return -ENOMEM;
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
	pair->port = zxp_kunit_port(test);
	zxp_kunit_dice(test, &pair->dice);
	allow_signal(SIGKILL);
	return zxp_pair_new_source(pair);
}

static void zxp_request_pair_exit(struct kunit *test)
{
	if (test->priv)
		zxp_pair_drop_source(test->priv);
}

static bool zxp_same_request(const struct zxp_request *request,
			     const struct zxp_asked *a)
{
	return request->type == a->type && request->start == a->start &&
	       request->end == a->end && request->first == a->first &&
	       request->wake == a->wake && request->pending == a->pending &&
	       request->error == a->error && request->early == a->early &&
	       request->active == a->active && request->woken == a->woken;
}

/* Which number has it in the model? Hints are known by where they are. */
static int zxp_pair_number(const struct zxp_request_pair *pair,
			   const struct zxp_request *request)
{
	const struct zxp_asked *a;
	int nr;

	if (request->task)
		return request - pair->request;
	for (nr = ZXP_ASKED_TASKS; nr < ZXP_ASKED; nr++) {
		a = &pair->model.asked[nr];
		if (a->active && a->type == request->type &&
		    a->start == request->start)
			return nr;
	}
	return -1;
}

/* A leader, and who follows it, in order. */
static bool zxp_same_leader(const struct zxp_request_pair *pair,
			    const struct zxp_request *request)
{
	const struct zxp_request_model *m = &pair->model;
	int nr = zxp_pair_number(pair, request), other;
	const struct zxp_request *overlap;
	unsigned int after = 0;

	if (nr < 0 || m->asked[nr].leader >= 0 || request->primary ||
	    !zxp_same_request(request, &m->asked[nr]))
		return false;
	list_for_each_entry(overlap, &request->overlaps, link) {
		other = zxp_asked_follower(m, nr, after);
		if (other < 0 || overlap != &pair->request[other] ||
		    overlap->primary != request)
			return false;
		after = m->asked[other].since;
	}
	return zxp_asked_follower(m, nr, after) < 0;
}

static bool zxp_same_leaders(const struct zxp_request_pair *pair)
{
	const struct zxp_request *request;
	unsigned int type, count = 0;
	struct rb_node *node;
	pgoff_t end;

	for (type = 0; type < ZXP_REQUEST_TYPES; type++) {
		end = 0;
		for (node = rb_first(&pair->source->requests[type]); node;
		     node = rb_next(node)) {
			request = rb_entry(node, struct zxp_request, node);
			if (request->start < end || request->type != type ||
			    !zxp_same_leader(pair, request))
				return false;
			end = request->end;
			count++;
		}
	}
	return count == zxp_asked_leaders(&pair->model) &&
	       count == pair->source->nr_requests;
}

/* Who waits for its packet to be sent, in order; and the packet itself. */
static bool zxp_same_packets(const struct zxp_request_pair *pair)
{
	const struct zxp_source *source = pair->source;
	const struct zxp_request_model *m = &pair->model;
	const struct zxp_request *request;
	unsigned int after = 0;
	int nr;

	list_for_each_entry(request, &source->fifo, link) {
		nr = zxp_asked_next_queued(m, after);
		if (nr < 0 || nr != zxp_pair_number(pair, request))
			return false;
		after = m->asked[nr].queued;
	}
	if (zxp_asked_next_queued(m, after) >= 0)
		return false;
	nr = source->sending ? zxp_pair_number(pair, source->sending) : -1;
	return source->packet_busy == m->busy && nr == m->sending &&
	       list_empty(&source->packet.link) == (!m->busy || m->picked);
}

static bool zxp_same_source(const struct zxp_request_pair *pair)
{
	const struct zxp_source *source = pair->source;
	const struct zxp_request_model *m = &pair->model;
	unsigned int i;

	for (i = 0; i < ZXP_ASKED_TASKS; i++)
		if (pair->request[i].task &&
		    !zxp_same_request(&pair->request[i], &m->asked[i]))
			return false;
	return source->generation == m->generation &&
	       source->nr_waiting == m->waiting &&
	       source->nr_hints == zxp_asked_hints(m) &&
	       source->complete == m->complete &&
	       source->detached == m->detached &&
	       source->read_packets == m->packets[ZXP_PACKET_READ] &&
	       source->dirty_packets == m->packets[ZXP_PACKET_DIRTY] &&
	       source->read_pages == m->read_pages &&
	       zxp_same_leaders(pair) && zxp_same_packets(pair);
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
		zxp_kunit_returned(pair->source);
		zxp_asked_returned(m);
		return true;
	}
	if (m->picked) {
		zxp_kunit_taken(pair->source, true);
		zxp_asked_taken(m);
		return true;
	}
	if (there && (packet->command != m->command ||
		      packet->offset != (u64)m->start << PAGE_SHIFT ||
		      packet->length != (u64)(m->end - m->start) << PAGE_SHIFT))
		return false;
	if (there && !zxp_roll(&pair->dice, 4)) {
		zxp_kunit_pick(pair->source);
		m->picked = true;
		return true;
	}
	if (there)
		zxp_asked_taken(m);
	return there == !zxp_kunit_silent(pair->port);
}

/* And all over again; what was waited for is left first. */
static bool zxp_try_detach(struct zxp_request_pair *pair)
{
	bool complete = zxp_roll(&pair->dice, 2);
	unsigned int i;

	for (i = 0; i < 2; i++, complete = zxp_roll(&pair->dice, 2)) {
		zxp_source_detach(pair->source, complete);
		zxp_asked_detach(&pair->model, complete);
		if (!zxp_same_source(pair))
			return false;
	}
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
			zxp_source_fail(pair->source, type, start, end, error, 0);
		else
			zxp_source_resolve(pair->source, type, start, end);
		zxp_asked_resolve(&pair->model, type, start, end, error);
		return true;
	}
	if (what < 998)
		return zxp_try_read(pair);
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

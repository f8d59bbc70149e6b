// SPDX-License-Identifier: GPL-2.0
/*
 * Is all of a source as its model says?
 */
#include "request_pair.h"

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
	       list_empty(&pair->port[0]->queue) == (!m->busy || m->picked) &&
	       list_empty(&pair->port[1]->queue);
}

bool zxp_same_source(const struct zxp_request_pair *pair)
{
	const struct zxp_source *source = pair->source;
	const struct zxp_request_model *m = &pair->model;
	unsigned int i;

	for (i = 0; i < ZXP_ASKED_TASKS; i++)
		if (pair->request[i].task &&
		    !zxp_same_request(&pair->request[i], &m->asked[i]))
			return false;
	return source->epoch == pair->epoch && source->port == pair->port[0] &&
	       source->generation == m->generation &&
	       source->nr_waiting == m->waiting &&
	       source->nr_hints == zxp_asked_hints(m) &&
	       source->complete == m->complete &&
	       source->detached == m->detached &&
	       source->read_packets == m->packets[ZXP_PACKET_READ] &&
	       source->dirty_packets == m->packets[ZXP_PACKET_DIRTY] &&
	       source->read_pages == m->read_pages &&
	       zxp_same_leaders(pair) && zxp_same_packets(pair);
}

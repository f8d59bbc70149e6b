// SPDX-License-Identifier: GPL-2.0
/*
 * Requests as an array that is searched from one end to the other for each page: what
 * request.c and source.c have to come to, however they do it.
 *
 * What comes first is told by a clock. A request that waits for no other one is a
 * leader; the others follow one.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "request_model.h"

void zxp_asked_init(struct zxp_request_model *m)
{
	memset(m, 0, sizeof(*m));
	m->sending = -1;
}

static bool zxp_asked_is_hint(unsigned int nr)
{
	return nr >= ZXP_ASKED_TASKS;
}

static bool zxp_asked_leads(const struct zxp_request_model *m, unsigned int nr)
{
	return m->asked[nr].active && m->asked[nr].leader < 0;
}

/* Which leader asks for this page? -1: none. */
static int zxp_asked_owner(const struct zxp_request_model *m,
			   enum zxp_request_type type, unsigned int page)
{
	const struct zxp_asked *a;
	unsigned int nr;

	for (nr = 0; nr < ZXP_ASKED; nr++) {
		a = &m->asked[nr];
		if (zxp_asked_leads(m, nr) && a->type == type &&
		    page >= a->start && page < a->end)
			return nr;
	}
	return -1;
}

unsigned int zxp_asked_leaders(const struct zxp_request_model *m)
{
	unsigned int nr, count = 0;

	for (nr = 0; nr < ZXP_ASKED; nr++)
		count += zxp_asked_leads(m, nr);
	return count;
}

unsigned int zxp_asked_hints(const struct zxp_request_model *m)
{
	unsigned int nr, count = 0;

	for (nr = ZXP_ASKED_TASKS; nr < ZXP_ASKED; nr++)
		count += m->asked[nr].active;
	return count;
}

/* Who follows @nr next, of those who came behind @after? -1: nobody. */
int zxp_asked_follower(const struct zxp_request_model *m, unsigned int nr,
		       unsigned int after)
{
	int other, found = -1;

	for (other = 0; other < ZXP_ASKED_TASKS; other++) {
		const struct zxp_asked *a = &m->asked[other];

		if (a->active && a->leader == (int)nr && a->since > after &&
		    (found < 0 || a->since < m->asked[found].since))
			found = other;
	}
	return found;
}

/* Whose packet is sent next, of those who wait for that since after @after? */
int zxp_asked_next_queued(const struct zxp_request_model *m, unsigned int after)
{
	int nr, found = -1;

	for (nr = 0; nr < ZXP_ASKED; nr++)
		if (m->asked[nr].queued > after &&
		    (found < 0 || m->asked[nr].queued < m->asked[found].queued))
			found = nr;
	return found;
}

static void zxp_asked_dispatch(struct zxp_request_model *m)
{
	static const u16 commands[] = { ZXP_PACKET_READ, ZXP_PACKET_DIRTY };
	int nr = zxp_asked_next_queued(m, 0);

	if (m->busy || (nr < 0 && !m->complete))
		return;
	m->busy = true;
	m->sending = nr;
	if (nr >= 0) {
		m->asked[nr].queued = 0;
		m->command = commands[m->asked[nr].type];
		m->start = m->asked[nr].start;
		m->end = m->asked[nr].end;
	} else {
		m->complete = false;
		m->command = ZXP_PACKET_COMPLETE;
		m->start = 0;
		m->end = 0;
	}
}

/* Its packet is not to be seen, unless somebody has it already. */
static void zxp_asked_unsend(struct zxp_request_model *m, unsigned int nr)
{
	m->asked[nr].queued = 0;
	if (m->sending != (int)nr)
		return;
	m->sending = -1;
	if (!m->picked)
		m->busy = false;
}

static void zxp_asked_release(struct zxp_asked *a)
{
	a->active = false;
	a->leader = -1;
	a->woken = true;
}

static void zxp_asked_complete(struct zxp_request_model *m, unsigned int nr)
{
	int other;

	zxp_asked_unsend(m, nr);
	while ((other = zxp_asked_follower(m, nr, 0)) >= 0)
		zxp_asked_release(&m->asked[other]);
	zxp_asked_release(&m->asked[nr]);
}

/* Another one is asked for in its place, with its packet and who follows it. */
static void zxp_asked_replace(struct zxp_request_model *m, unsigned int nr,
			      unsigned int by)
{
	struct zxp_asked *a = &m->asked[nr], *heir = &m->asked[by];
	int other;

	heir->leader = -1;
	while ((other = zxp_asked_follower(m, nr, 0)) >= 0)
		m->asked[other].leader = by;
	heir->start = a->start;
	heir->end = a->end;
	heir->pending = a->pending;
	heir->queued = a->queued;
	a->queued = 0;
	a->active = false;
	if (m->sending == (int)nr)
		m->sending = by;
}

static void zxp_asked_cancel(struct zxp_request_model *m, unsigned int nr)
{
	struct zxp_asked *a = &m->asked[nr];
	int first = zxp_asked_follower(m, nr, 0);

	a->active = false;
	if (a->leader >= 0) {
		a->leader = -1;
	} else if (first < 0) {
		zxp_asked_unsend(m, nr);
		zxp_asked_dispatch(m);
	} else {
		zxp_asked_replace(m, nr, first);
	}
}

/* Page by page. True if that was the last one that was to come. */
static bool zxp_asked_credit(struct zxp_asked *a, unsigned int start,
			     unsigned int end, int error)
{
	bool met = false;
	unsigned int page;

	for (page = start; page < end && page < ZXP_ASKED_PAGES; page++) {
		if (page < a->start || page >= a->end)
			continue;
		met = true;
		if (a->pending)
			a->pending--;
		if (error && !a->error && (page == a->first || page == a->wake))
			a->error = error;
	}
	return met && !a->pending;
}

static void zxp_asked_resolve_one(struct zxp_request_model *m, unsigned int nr,
				  unsigned int start, unsigned int end, int error)
{
	struct zxp_asked *a = &m->asked[nr], *o;
	bool early = a->early && a->wake == max(start, a->start);
	bool done = zxp_asked_credit(a, start, end, error);
	unsigned int after = 0;
	int other;

	while ((other = zxp_asked_follower(m, nr, after)) >= 0) {
		o = &m->asked[other];
		after = o->since;
		if (zxp_asked_credit(o, start, end, error) &&
		    zxp_asked_is_hint(nr)) {
			zxp_asked_release(o);
		} else if (!done && early && o->early && o->wake < end) {
			o->wake = min(end, o->end);
			o->woken = true;
		}
	}
	if (done) {
		zxp_asked_complete(m, nr);
	} else if (early) {
		a->wake = min(end, a->end);
		a->woken = true;
	}
}

void zxp_asked_resolve(struct zxp_request_model *m, enum zxp_request_type type,
		       unsigned int start, unsigned int end, int error)
{
	struct zxp_asked *a;
	unsigned int nr;

	m->generation++;
	for (nr = 0; nr < ZXP_ASKED; nr++) {
		a = &m->asked[nr];
		if (zxp_asked_leads(m, nr) && a->type == type &&
		    a->start < end && a->end > start)
			zxp_asked_resolve_one(m, nr, start, end, error);
	}
	zxp_asked_dispatch(m);
}

void zxp_asked_detach(struct zxp_request_model *m, bool complete)
{
	unsigned int nr;

	if (m->detached) {
		if (complete)
			return;
		m->complete = false;
		m->completes = false;
		if (m->busy && !m->picked)
			m->busy = false;
		return;
	}
	m->detached = true;
	m->generation++;
	for (nr = 0; nr < ZXP_ASKED; nr++)
		if (zxp_asked_leads(m, nr))
			zxp_asked_complete(m, nr);
	m->complete = complete;
	m->completes = complete;
	zxp_asked_dispatch(m);
}

/* The packet that is out is to be the next one. */
static void zxp_asked_take_back(struct zxp_request_model *m)
{
	unsigned int nr;

	for (nr = 0; m->sending >= 0 && nr < ZXP_ASKED; nr++)
		m->asked[nr].queued += !!m->asked[nr].queued;
	if (m->sending >= 0) {
		m->clock++;
		m->asked[m->sending].queued = 1;
	} else if (m->command == ZXP_PACKET_COMPLETE) {
		m->complete = true;
	}
	m->busy = false;
	m->picked = false;
	m->sending = -1;
}

/* Packets go elsewhere. What was read stays read. */
void zxp_asked_bind(struct zxp_request_model *m)
{
	if (m->busy && !m->picked)
		zxp_asked_take_back(m);
	zxp_asked_dispatch(m);
}

/* Another generation: all that is not answered is asked of it, once. */
void zxp_asked_move(struct zxp_request_model *m)
{
	enum zxp_request_type type;
	unsigned int page;
	int nr;

	if (m->busy)
		zxp_asked_take_back(m);
	for (type = 0; type < ZXP_REQUEST_TYPES; type++) {
		for (page = 0; page < ZXP_ASKED_PAGES; page++) {
			nr = zxp_asked_owner(m, type, page);
			if (nr >= 0 && !m->asked[nr].queued)
				m->asked[nr].queued = ++m->clock;
		}
	}
	m->complete = m->completes;
	zxp_asked_dispatch(m);
}

static int zxp_asked_may_start(const struct zxp_request_model *m,
			       unsigned long generation)
{
	return m->detached ? -ESTALE : m->generation != generation ? -EAGAIN : 0;
}

static void zxp_asked_send(struct zxp_request_model *m, unsigned int nr)
{
	m->asked[nr].queued = ++m->clock;
	zxp_asked_dispatch(m);
}

/* Only up to where somebody asks already. */
static void zxp_asked_cut(const struct zxp_request_model *m,
			  enum zxp_request_type type, unsigned int start,
			  unsigned int *end)
{
	unsigned int page;

	for (page = start + 1; page < *end; page++)
		if (zxp_asked_owner(m, type, page) >= 0)
			*end = page;
}

static void zxp_asked_fill(struct zxp_request_model *m, unsigned int nr,
			   enum zxp_request_type type, unsigned int start,
			   unsigned int end)
{
	m->asked[nr] = (struct zxp_asked) {
		.active = true,
		.type = type,
		.start = start,
		.end = end,
		.first = start,
		.wake = start,
		.pending = end - start,
		.leader = -1,
	};
}

int zxp_asked_start(struct zxp_request_model *m, unsigned int nr,
		    enum zxp_request_type type, unsigned int start,
		    unsigned int end, bool early, unsigned long generation)
{
	int leader = zxp_asked_owner(m, type, start);
	int ret = zxp_asked_may_start(m, generation);

	if (ret)
		return ret;
	if (leader >= 0)
		end = min(end, m->asked[leader].end);
	else
		zxp_asked_cut(m, type, start, &end);
	zxp_asked_fill(m, nr, type, start, end);
	m->asked[nr].early = early;
	m->asked[nr].leader = leader;
	m->asked[nr].since = ++m->clock;
	if (leader < 0)
		zxp_asked_send(m, nr);
	m->waiting++;
	return 0;
}

int zxp_asked_continue(struct zxp_request_model *m, unsigned int nr,
		       unsigned int wake, unsigned long generation)
{
	struct zxp_asked *a = &m->asked[nr];

	if (a->error)
		return a->error;
	if (!a->active)
		return -ENOENT;
	if (m->generation != generation)
		return -EAGAIN;
	if (wake < a->start || wake >= a->end) {
		zxp_asked_cancel(m, nr);
		return -ENOENT;
	}
	a->wake = wake;
	a->woken = false;
	m->waiting++;
	return 0;
}

static int zxp_asked_leave(struct zxp_request_model *m, unsigned int nr, int ret)
{
	struct zxp_asked *a = &m->asked[nr];

	if (a->woken)
		ret = a->error;
	m->waiting--;
	if (a->active && (ret || !a->early))
		zxp_asked_cancel(m, nr);
	return ret;
}

/* Leave a wait, because it is over or for a signal. */
int zxp_asked_wait(struct zxp_request_model *m, unsigned int nr)
{
	return zxp_asked_leave(m, nr, -ERESTARTNOINTR);
}

static unsigned int zxp_asked_free_hint(const struct zxp_request_model *m)
{
	unsigned int nr = ZXP_ASKED_TASKS;

	while (m->asked[nr].active)
		nr++;
	return nr;
}

/* Leave it, to stay asked for. The caller sees to it that hints are not too many. */
void zxp_asked_leave_hint(struct zxp_request_model *m, unsigned int nr)
{
	struct zxp_asked *a = &m->asked[nr];
	unsigned int hint;

	if (zxp_asked_leads(m, nr) && !m->detached) {
		hint = zxp_asked_free_hint(m);
		zxp_asked_fill(m, hint, a->type, a->start, a->end);
		m->asked[hint].first = a->first;
		m->asked[hint].wake = a->wake;
		zxp_asked_replace(m, nr, hint);
	}
	zxp_asked_leave(m, nr, -EINTR);
}

void zxp_asked_end(struct zxp_request_model *m, unsigned int nr)
{
	if (m->asked[nr].active)
		zxp_asked_cancel(m, nr);
}

/* The caller sees to it that there are not too many. */
int zxp_asked_hint(struct zxp_request_model *m, enum zxp_request_type type,
		   unsigned int start, unsigned int *end,
		   unsigned long generation)
{
	int ret = zxp_asked_may_start(m, generation);
	unsigned int nr;

	if (ret)
		return ret;
	while (start < *end && zxp_asked_owner(m, type, start) >= 0)
		start++;
	if (start >= *end)
		return 0;
	zxp_asked_cut(m, type, start, end);
	nr = zxp_asked_free_hint(m);
	zxp_asked_fill(m, nr, type, start, *end);
	zxp_asked_send(m, nr);
	return 0;
}

/* A packet was read, by whatever generation. */
void zxp_asked_count(struct zxp_request_model *m, u16 command, unsigned int pages)
{
	m->packets[command]++;
	if (command == ZXP_PACKET_READ)
		m->read_pages += pages;
}

/* The packet was read, by whoever picked it. */
void zxp_asked_taken(struct zxp_request_model *m)
{
	zxp_asked_count(m, m->command, m->end - m->start);
	m->picked = false;
	m->busy = false;
	m->sending = -1;
	zxp_asked_dispatch(m);
}

/* Whoever picked it could not read it. */
void zxp_asked_returned(struct zxp_request_model *m)
{
	m->picked = false;
	if (m->sending >= 0 || m->command == ZXP_PACKET_COMPLETE)
		return;
	m->busy = false;
	zxp_asked_dispatch(m);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * When a worker that has died is started again: at once, unless that was so the last time as
 * well.  Then later and later, or a machine whose memory is short has nothing else to do; and
 * not for ever, since clients that wait cannot know that it is in vain.
 */
#include "restarts.h"

#define QUICK_MAX	10
#define FIRST_MS	100
#define MOST_MS		5000

void restarts_begun(struct restarts *r, uint64_t now_ms)
{
	r->serves = false;
	r->begun = now_ms;
}

uint64_t restarts_serves_by(const struct restarts *r)
{
	return r->serves || !r->serve_ms ? UINT64_MAX : r->begun + r->serve_ms;
}

void restarts_serves(struct restarts *r, uint64_t now_ms)
{
	r->serves = true;
	r->since = now_ms;
}

bool restarts_has_served(const struct restarts *r, uint64_t now_ms)
{
	return r->serves && now_ms - r->since >= r->quick_ms;
}

void restarts_left(struct restarts *r, uint64_t now_ms)
{
	if (restarts_has_served(r, now_ms))
		r->quick = 0;
}

/* One that has never served has died quickly however long it has tried. */
uint64_t restarts_died(struct restarts *r, uint64_t now_ms)
{
	uint64_t ms = FIRST_MS;

	if (restarts_has_served(r, now_ms)) {
		r->quick = 0;
		return 0;
	}
	if (++r->quick >= QUICK_MAX)
		return RESTARTS_OVER;
	if (r->quick == 1)
		return 0;
	for (unsigned int i = 2; i < r->quick && ms < MOST_MS; i++)
		ms *= 2;
	return ms < MOST_MS ? ms : MOST_MS;
}

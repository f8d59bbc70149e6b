// SPDX-License-Identifier: GPL-2.0
/*
 * What to read ahead: which READs follow one another, and how far they are likely to go.
 *
 * A READ for a window that no stream has come to begins a stream, of which nothing more is
 * known: nothing is read ahead.  A READ for what comes next in a stream, or for what was
 * begun ahead of it, has the stream go on, twice as far each time.  So who reads here and
 * there pays for nothing, and who reads two windows in a row for one at most.
 *
 * A stream is ahead of READs, not of the client: that one makes no READ until it comes
 * to the end of what it was given.
 */
#include <stddef.h>

#include "ahead.h"

/* A stream that has gone on is kept for so many READs that it does not get. */
#define KEPT	64

void ahead_init(struct ahead *a, uint64_t window, uint64_t max)
{
	*a = (struct ahead){
		.window = window,
		.max = (max + window - 1) / window * window,
	};
}

/* The stream that windows @first to @last belong to: of several the longest. */
static struct stream *find(struct ahead *a, uint64_t first, uint64_t last)
{
	struct stream *found = NULL;

	for (struct stream *s = a->streams; s < a->streams + AHEAD_STREAMS; s++)
		if (s->used && first <= s->next && last >= s->from &&
		    (!found || s->length > found->length))
			found = s;
	return found;
}

/* Many READs here and there do not push out a stream, but one that has ended goes. */
static uint64_t kept_until(const struct stream *s)
{
	return s->used + (s->length ? KEPT : 0);
}

static struct stream *replace(struct ahead *a)
{
	struct stream *oldest = a->streams;

	for (struct stream *s = a->streams; s < a->streams + AHEAD_STREAMS; s++)
		if (kept_until(s) < kept_until(oldest))
			oldest = s;
	return oldest;
}

void ahead_read(struct ahead *a, uint64_t first, uint64_t last, bool under_way)
{
	struct stream *s;

	if (!a->max)
		return;
	s = find(a, first, last);
	if (!s) {
		s = replace(a);
		*s = (struct stream){
			.from = last,
			.next = last + a->window,
			.until = last + a->window,
			.waits = !under_way,
		};
	} else if (last > s->from) {
		s->length = s->length ? s->length * 2 : a->window;
		if (s->length > a->max)
			s->length = a->max;
		s->from = last;
		s->waits = !under_way;
		if (last >= s->next)
			s->next = last + a->window;
		s->until = last + a->window + s->length;
		a->going = true;
	}
	s->used = ++a->clock;
}

void ahead_answered(struct ahead *a, uint64_t offset)
{
	for (struct stream *s = a->streams; s < a->streams + AHEAD_STREAMS; s++)
		if (s->from == offset)
			s->waits = false;
}

/* A disk that has one bad place may have more, and take its time for each. */
void ahead_failed(struct ahead *a, uint64_t offset)
{
	for (struct stream *s = a->streams; s < a->streams + AHEAD_STREAMS; s++)
		if (s->from <= offset && offset < s->next) {
			s->length = 0;
			s->until = s->next;
		}
}

/* That of the stream which is least ahead. */
bool ahead_next(struct ahead *a, uint64_t size, uint64_t *offset)
{
	struct stream *least = NULL;
	bool going = false;

	if (!a->going)
		return false;
	for (struct stream *s = a->streams; s < a->streams + AHEAD_STREAMS; s++) {
		if (s->next >= s->until || s->next >= size)
			continue;
		going = true;
		if (!s->waits &&
		    (!least || s->next - s->from < least->next - least->from))
			least = s;
	}
	a->going = going;
	if (!least)
		return false;
	*offset = least->next;
	least->next += a->window;
	return true;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * What was read in one turn of the loop is supplied with one call, whatever VMOs it is
 * for: the clients then wake together, and none takes the CPU from the daemon before it
 * has answered the others. What nobody waits for comes after that, with a call of its own.
 */
#include <stddef.h>

#include "supply.h"

/* So many with one call. */
#define TOGETHER	64

struct queue {
	struct supply *first, **end;
};

/* Windows of the same place share it, so that it is of a fixed size. */
#define PLACES		1024

uint64_t supply_count;
static uint64_t supplied[PLACES];	/* what supply_count was then */

static uint64_t *place(const struct target *t, uint64_t window)
{
	return &supplied[(t->key * 61 + window) % PLACES];
}

uint64_t supply_last(const struct target *t, uint64_t window)
{
	return *place(t, window);
}

static struct queue urgent = { NULL, &urgent.first };
static struct queue others = { NULL, &others.first };

void supply_later(struct supply *s, bool somebody_waits)
{
	struct queue *q = somebody_waits ? &urgent : &others;

	s->next = NULL;
	*q->end = s;
	q->end = &s->next;
}

static struct supply *take(struct queue *q)
{
	struct supply *s = q->first;

	if (s) {
		q->first = s->next;
		if (!q->first)
			q->end = &q->first;
	}
	return s;
}

void supply_all(void)
{
	struct supply *together[TOGETHER], *s;
	struct content *content[TOGETHER];
	struct queue *q;
	unsigned int n;

	while (urgent.first || others.first) {
		q = urgent.first ? &urgent : &others;
		n = 0;
		while (n < TOGETHER && (s = take(q))) {
			if (!s->begin(s))
				continue;
			content[n] = &s->content;
			together[n++] = s;
		}
		if (n) {
			pager_supply_all(content, n);
			supply_count++;
			for (unsigned int i = 0; i < n; i++)
				*place(content[i]->target, together[i]->window) =
					supply_count;
		}
		for (unsigned int i = 0; i < n; i++)
			together[i]->handler(together[i]);
	}
}

// SPDX-License-Identifier: GPL-2.0
/*
 * What was read in one turn of the loop is supplied with one call, whatever VMOs it is
 * for: the clients then wake together, and none takes the CPU from the daemon before it
 * has answered the others.
 */
#include <stddef.h>

#include "pager.h"
#include "supply.h"

/* So many with one call. */
#define TOGETHER	64

static struct supply *first, **end = &first;

void supply_later(struct supply *s)
{
	s->next = NULL;
	*end = s;
	end = &s->next;
}

static struct supply *take(void)
{
	struct supply *s = first;

	if (s) {
		first = s->next;
		if (!first)
			end = &first;
	}
	return s;
}

void supply_all(void)
{
	struct supply *together[TOGETHER], *s;
	unsigned int n;

	do {
		n = 0;
		while (n < TOGETHER && (s = take()))
			if (s->begin(s))
				together[n++] = s;
		if (n)
			pager_supply_all(together, n);
		for (unsigned int i = 0; i < n; i++)
			together[i]->handler(together[i]);
	} while (first);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Who writes where: a first write to a page has its own page granted, and one that goes on
 * where the last one ended a quarter more than there was until now.
 *
 * What is granted is dirty, and takes space in the store, whether it is written to or not.
 * So at most a fifth of that is for nothing, and a writer who goes on for long still asks
 * seldom.  Up to eight are told apart, by where they write, not by who they are.
 */
#include "writers.h"

#define SHARE	4

/* The one that would go on at @offset. */
static int find(const struct writers *w, uint64_t offset)
{
	for (int i = 0; i < WRITERS_MAX; i++)
		if (w->writer[i].run && w->writer[i].next == offset)
			return i;
	return -1;
}

uint64_t writers_ahead(const struct writers *w, uint64_t offset, uint64_t length,
		       uint32_t page_size)
{
	int i = find(w, offset);

	if (i < 0)
		return 0;
	return (w->writer[i].run + length) / SHARE & ~(uint64_t)(page_size - 1);
}

static int oldest(const struct writers *w)
{
	int best = 0;

	for (int i = 1; i < WRITERS_MAX; i++)
		if (w->writer[i].noted < w->writer[best].noted)
			best = i;
	return best;
}

void writers_note(struct writers *w, uint64_t offset, uint64_t end)
{
	int i = find(w, offset);
	struct writer *who = &w->writer[i < 0 ? oldest(w) : i];

	if (i < 0)
		who->run = 0;
	who->next = end;
	who->run += end - offset;
	who->noted = ++w->notes;
}

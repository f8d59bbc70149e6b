// SPDX-License-Identifier: GPL-2.0
/*
 * Regions, for all contenders alike.
 */
#include <errno.h>
#include <stdlib.h>

#include "peer.h"

struct region *region_open(const struct peer *peer, const struct region_spec *spec)
{
	struct region *r = calloc(1, sizeof(*r));

	if (!r)
		die("memory for a region");
	r->peer = peer;
	r->spec = *spec;
	r->fd = -1;
	if (!r->spec.window)
		r->spec.window = 1;
	peer->open(r);
	return r;
}

void region_close(struct region *r)
{
	r->peer->close(r);
	free(r);
}

/* Each page as it was supplied, and nothing asked for that was there. */
void region_check(struct region *r, size_t page, size_t nr)
{
	content_check(region_page(r, page), page, nr, r->peer->name);
}

struct window region_window(const struct region *r, size_t page, size_t nr)
{
	size_t mask = r->spec.window - 1, end = (page + nr + mask) & ~mask;
	struct window w = { .page = page & ~mask };

	if (end > r->spec.pages)
		end = r->spec.pages;
	w.nr = end - w.page;
	return w;
}

/*
 * Supplies what was asked for, and goes on a while, window by window. Who waits may so
 * have its page already when its message is read: there is nothing to be done then.
 */
void region_answer(struct region *r, size_t page, size_t nr,
		   void (*supply)(struct region *r, size_t page, size_t nr))
{
	struct window w = region_window(r, page, nr);
	size_t end = w.page + w.nr + r->spec.ahead;

	r->asked++;
	if (page < r->edge)
		return;
	for (;;) {
		r->supplied += w.nr;
		supply(r, w.page, w.nr);
		if (!r->spec.ahead)
			return;
		r->edge = w.page + w.nr;
		if (r->edge >= end || r->edge >= r->spec.pages)
			return;
		w = region_window(r, r->edge, 1);
	}
}

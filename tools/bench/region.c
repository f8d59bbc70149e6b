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

// SPDX-License-Identifier: GPL-2.0
/*
 * How many children see a page of a layer.
 *
 * It is told by a walk over the layers above, as nothing is counted when children come and go
 * or store: that would be a step for each page of a layer.
 */
#include <linux/kernel.h>

#include "layer.h"

/* The next one above @owner, each before those above it, which are left out if they are hidden. */
static struct zxp_layer *zxp_layer_next_above(struct zxp_layer *owner,
					      struct zxp_layer *layer, bool hidden)
{
	if (!hidden && !list_empty(&layer->above))
		return list_first_entry(&layer->above, struct zxp_layer, link);
	for (; layer != owner; layer = layer->below)
		if (!list_is_last(&layer->link, &layer->below->above))
			return list_next_entry(layer, link);
	return NULL;
}

/* How many see the page that a layer has? */
static unsigned int zxp_layer_sharers(struct zxp_layer *owner, pgoff_t index,
				      unsigned int *steps)
{
	struct zxp_layer *layer = owner;
	unsigned int nr = 0;
	bool hidden = false;

	while ((layer = zxp_layer_next_above(owner, layer, hidden))) {
		hidden = layer->borrows || zxp_layer_hides(layer, index);
		nr += !hidden && list_empty(&layer->above);
		++*steps;
	}
	return nr;
}

/* The layer below that has the page itself. */
static struct zxp_layer *zxp_layer_owner(struct zxp_layer *top, pgoff_t index,
					 unsigned int *steps)
{
	struct zxp_layer *layer = top->below;

	for (; layer->below; layer = layer->below) {
		++*steps;
		if (layer->nr && xa_load(&layer->pages, index))
			return layer;
	}
	return NULL;
}

/* Where there is a page in a layer next, seen or not. */
static pgoff_t zxp_layer_next_page(struct zxp_layer *top, pgoff_t index, pgoff_t end,
				   unsigned int *steps)
{
	struct zxp_layer *layer;
	unsigned long at;

	for (layer = top; layer->below && index < end;
	     layer = zxp_layer_next(layer)) {
		++*steps;
		at = index;
		if (layer->nr && xa_find(&layer->pages, &at, end - 1, XA_PRESENT))
			end = at;
	}
	return end;
}

/**
 * zxp_layer_next_seen() - which page of a layer does a child see next?
 * @top: its top layer
 * @index: first page to look at; afterwards that page, or @end; or, if @budget is used up,
 *	where to go on
 * @end: the page after the last one
 * @budget: how many layers may be looked at; goes down
 *
 * Return: how many children see that page, this one as well; 0 if there is none.
 */
unsigned int zxp_layer_next_seen(struct zxp_layer *top, pgoff_t *index, pgoff_t end,
				 unsigned int *budget)
{
	struct zxp_layer *owner;
	unsigned int steps, nr = 0;
	enum zxp_seen seen;
	void *page;

	for (; !nr && *budget; *budget -= min(*budget, steps)) {
		steps = 1;
		*index = zxp_layer_next_page(top, *index, end, &steps);
		if (*index >= end)
			break;
		seen = zxp_layer_find(top, *index, &page);
		owner = seen == ZXP_SEEN_SHARED ? zxp_layer_owner(top, *index, &steps) : NULL;
		if (seen == ZXP_SEEN_TOP)
			nr = 1;
		else if (owner)
			nr = zxp_layer_sharers(owner, *index, &steps);
		else
			++*index;
	}
	return nr;
}

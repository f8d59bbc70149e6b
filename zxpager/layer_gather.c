// SPDX-License-Identifier: GPL-2.0
/*
 * What is to be seen below a layer in one other, so that a look at a page takes a bounded
 * number of steps.
 *
 * That other layer is on the bottom, or on that for before-images that is open, and has pointers
 * to all these pages. Of layers for before-images there is one more with each snapshot, below
 * all others. So each eighth of them gathers what lies before the next eighth, each 64th before
 * the next 64th, and so on.
 *
 * The pages themselves stay where they are. Each belongs to a single layer, in which it is
 * counted, moved and freed, and what was gathered is only looked at. That holds because what is
 * seen below a layer does not change, and no page of it goes as long as the layer is there, but
 * to this layer itself, or to one above, or because nobody sees it. Then it is forgotten wherever
 * it was gathered.
 */
#include <linux/kernel.h>

#include "layer.h"

/**
 * zxp_layer_gather_begin() - gather what is to be seen below a layer
 * @g: what is kept of it
 * @over: the layer; the caller sees to it that it does not change
 * @into: a new one, with nothing below
 * @gfp: how its memory is had
 */
void zxp_layer_gather_begin(struct zxp_layer_gather *g, struct zxp_layer *over,
			    struct zxp_layer *into, gfp_t gfp)
{
	*g = (struct zxp_layer_gather) {
		.over = over,
		.into = into,
		.gfp = gfp,
		.from = zxp_layer_next(over),
		.limit = over->limit,
	};
	into->borrows = true;
}

/* The next page. Return: 1, 0 the layer has no more, -ENOMEM. */
static int zxp_layer_gather_page(struct zxp_layer_gather *g)
{
	struct zxp_layer *from = g->from, *into = g->into;
	unsigned long at = g->index;
	void *page;

	page = from->nr ? xa_find(&from->pages, &at, ULONG_MAX, XA_PRESENT) : NULL;
	if (!page)
		return 0;
	if (at < g->limit && !zxp_layer_hides(g->over, at) && !zxp_layer_hides(into, at)) {
		if (xa_err(xa_store(&into->pages, at, page, g->gfp)))
			return -ENOMEM;
		into->nr++;
	}
	g->index = at + 1;
	return 1;
}

/* A part of the next zero range. Return: 1, 0 the layer has no more, -ENOMEM. */
static int zxp_layer_gather_zero(struct zxp_layer_gather *g)
{
	struct zxp_zero_range *range = zxp_zero_find(&g->from->zeroes, g->index);
	pgoff_t start;

	if (!range)
		return 0;
	start = max(range->start, g->index);
	if (start >= g->limit)
		return 0;
	if (!g->spare)
		return -ENOMEM;
	g->index = zxp_layer_add_zeroes(g->into, start, min(range->end, g->limit),
					&g->spare);
	return 1;
}

/**
 * zxp_layer_gather() - gather a page or a zero range
 * @g: after zxp_layer_gather_begin()
 *
 * Nothing of this is seen before zxp_layer_gather_end(). As long as no layer is merged no
 * lock is needed, so it may sleep for memory. Who wants no more of it frees @g->into, but none
 * of its pages.
 *
 * Return: 1 call it again; 0 it is done; -ENOMEM.
 */
int zxp_layer_gather(struct zxp_layer_gather *g)
{
	int ret = 0;

	if (!g->from->below || g->from->open || g->into->lost)
		return 0;
	if (!g->zeroes)
		ret = zxp_layer_gather_page(g);
	if (ret)
		return ret;
	if (!g->zeroes)
		g->index = 0;
	g->zeroes = true;
	ret = zxp_layer_gather_zero(g);
	if (ret)
		return ret;
	/* That of the last one changes with the root, but nothing comes after it. */
	g->limit = min(g->limit, READ_ONCE(g->from->limit));
	g->into->lost = g->from->lost;
	g->from = zxp_layer_next(g->from);
	g->index = 0;
	g->zeroes = false;
	return 1;
}

/**
 * zxp_layer_gather_end() - look at what was gathered from now on
 * @g: after the last step
 *
 * The root may have shrunk meanwhile, and will tell what was gathered when it does again.
 * An open layer changes, so it is looked at itself.
 *
 * Return: what had been gathered before, which nobody looks at any more; or NULL.
 */
struct zxp_layer *zxp_layer_gather_end(struct zxp_layer_gather *g)
{
	struct zxp_layer *layer = g->over, *old;
	pgoff_t limit = ULONG_MAX;

	for (; layer->below && !layer->open; layer = zxp_layer_next(layer))
		limit = min(limit, layer->limit);
	old = zxp_layer_ungather(g->over);
	zxp_layer_push(g->into, layer, limit);
	g->over->gathered = g->into;
	return old;
}

/* The layer for before-images that was opened before this one; or NULL. */
static struct zxp_layer *zxp_layer_before(const struct zxp_layer *layer)
{
	struct zxp_layer *above;

	list_for_each_entry(above, &layer->above, link)
		if (above->before)
			return above;
	return NULL;
}

/**
 * zxp_layer_to_gather() - which layer for before-images is to gather what is below it?
 * @open: the one that is open
 *
 * Whenever that is an eighth one it is the eighth one before, whenever it is a 64th one that
 * and the 64th one before, and so on: the nearer ones first, as what they have gathered is
 * looked at for the next.
 *
 * Return: it, or NULL if that is done.
 */
struct zxp_layer *zxp_layer_to_gather(struct zxp_layer *open)
{
	struct zxp_layer *layer = zxp_layer_before(open), *next;
	unsigned int level;

	for (level = 1; layer && level <= zxp_layer_level(open);
	     layer = zxp_layer_before(layer)) {
		if (zxp_layer_level(layer) < level)
			continue;
		next = zxp_layer_next(layer);
		if (next != open && !(next->borrows && next->below == open))
			return layer;
		level++;
	}
	return NULL;
}

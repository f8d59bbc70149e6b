// SPDX-License-Identifier: GPL-2.0
/*
 * Layers of pages that belong to children, one on the other.
 *
 * A child sees the pages of its top layer, through the places where that has nothing those
 * of the layer below, and so on down to the bottom, which stands for the root. When another
 * child is made of it, what its top has from then on is for both, and each gets a new top.
 * So a layer with others above it does not change, but for one thing: a page that a single
 * top sees is moved there, see zxp_layer_merge().
 *
 * Where the parent ended when a child was made, the child sees zeroes, for good, also when
 * the parent grows. That is the limit of a layer.
 *
 * Indexes are those in the root, for children of any depth. This file knows pages by their
 * index only: no file, no mapping, no folio. The caller has a lock.
 */
#include <linux/kernel.h>

#include "layer.h"

void zxp_layer_init(struct zxp_layer *layer)
{
	*layer = (struct zxp_layer) { .limit = ULONG_MAX };
	INIT_LIST_HEAD(&layer->link);
	INIT_LIST_HEAD(&layer->above);
	xa_init_flags(&layer->pages, XA_FLAGS_ACCOUNT);
}

/**
 * zxp_layer_push() - put a layer on another one
 * @layer: it, with nothing below
 * @below: the other one
 * @limit: of that, what comes from this page on is not seen
 */
void zxp_layer_push(struct zxp_layer *layer, struct zxp_layer *below, pgoff_t limit)
{
	layer->below = below;
	layer->limit = limit;
	layer->depth = below->depth + 1;
	list_add_tail(&layer->link, &below->above);
}

/* The reverse. Return: the one below. */
struct zxp_layer *zxp_layer_pop(struct zxp_layer *layer)
{
	struct zxp_layer *below = layer->below;

	list_del_init(&layer->link);
	layer->below = NULL;
	return below;
}

/* Is nothing to be seen here but what is below? */
bool zxp_layer_is_empty(const struct zxp_layer *layer)
{
	return !layer->nr && zxp_zero_empty(&layer->zeroes);
}

/* The layer above, if it is the only one; the bottom is nobody's. */
struct zxp_layer *zxp_layer_only_above(const struct zxp_layer *layer)
{
	if (!layer->below || !list_is_singular(&layer->above))
		return NULL;
	return list_first_entry(&layer->above, struct zxp_layer, link);
}

/**
 * zxp_layer_find() - what a child has at an index
 * @top: its top layer
 * @index: the page
 * @page: its page, if it has one; else NULL
 *
 * Return: where that is.
 */
enum zxp_seen zxp_layer_find(struct zxp_layer *top, pgoff_t index, void **page)
{
	struct zxp_layer *layer = top;

	for (;; layer = layer->below) {
		*page = layer->nr ? xa_load(&layer->pages, index) : NULL;
		if (*page)
			return layer == top ? ZXP_SEEN_TOP : ZXP_SEEN_SHARED;
		if (!layer->below)
			return ZXP_SEEN_ROOT;
		if (index >= layer->limit || zxp_zero_contains(&layer->zeroes, index))
			return ZXP_SEEN_ZERO;
	}
}

/* Narrow a range around a page to where this layer has nothing. False: not even there. */
static bool zxp_layer_clip_one(struct zxp_layer *layer, pgoff_t index, pgoff_t *start,
			       pgoff_t *end)
{
	struct zxp_zero_range *range;
	unsigned long at = *start;

	if (index >= layer->limit)
		return false;
	*end = min(*end, layer->limit);
	for (; layer->nr && xa_find(&layer->pages, &at, *end - 1, XA_PRESENT); at++) {
		if (at == index)
			return false;
		if (at > index)
			*end = at;
		else
			*start = at + 1;
	}
	while ((range = zxp_zero_find(&layer->zeroes, *start)) && range->start < *end) {
		if (range->start > index)
			*end = range->start;
		else if (range->end <= index)
			*start = range->end;
		else
			return false;
	}
	return true;
}

/**
 * zxp_layer_clip() - where around a page does a child see the root?
 * @top: its top layer
 * @index: the page
 * @start: first page of the range to look at; moves towards @index
 * @end: the page after the last one; moves towards @index
 *
 * It takes a step for each own page and zero range in the range.
 *
 * Return: false if it does not see the root at @index.
 */
bool zxp_layer_clip(struct zxp_layer *top, pgoff_t index, pgoff_t *start, pgoff_t *end)
{
	struct zxp_layer *layer;

	for (layer = top; layer->below; layer = layer->below)
		if (!zxp_layer_clip_one(layer, index, start, end))
			return false;
	return true;
}

/**
 * zxp_layer_next_root() - where does a child see the root next?
 * @top: its top layer
 * @index: first page to look at
 * @end: the page after the last one
 *
 * Return: that page, or @end.
 */
pgoff_t zxp_layer_next_root(struct zxp_layer *top, pgoff_t index, pgoff_t end)
{
	struct zxp_zero_range *range;
	struct zxp_layer *layer = top;

	while (index < end && layer->below) {
		/* Nor anywhere behind. */
		if (index >= layer->limit)
			return end;
		range = zxp_zero_find(&layer->zeroes, index);
		if (range && range->start <= index)
			index = range->end;
		else if (layer->nr && xa_load(&layer->pages, index))
			index++;
		else {
			layer = layer->below;
			continue;
		}
		layer = top;
	}
	return min(index, end);
}

/**
 * zxp_layer_set() - give a child a page
 * @top: its top layer, which has none there
 * @index: where; memory for it is reserved
 * @page: the page
 */
void zxp_layer_set(struct zxp_layer *top, pgoff_t index, void *page)
{
	void *old = xa_store(&top->pages, index, page, GFP_NOWAIT | __GFP_NOWARN);

	if (!WARN_ON_ONCE(old))
		top->nr++;
}

/**
 * zxp_layer_take() - take the next page of a range out
 * @layer: the layer
 * @index: first page; advances behind what was taken
 * @end: the page after the last one
 *
 * Return: the page, or NULL if there is none left.
 */
void *zxp_layer_take(struct zxp_layer *layer, pgoff_t *index, pgoff_t end)
{
	void *page = NULL;

	if (*index < end && layer->nr)
		page = xa_find(&layer->pages, index, end - 1, XA_PRESENT);
	if (!page)
		return NULL;
	xa_erase(&layer->pages, *index);
	layer->nr--;
	++*index;
	return page;
}

/**
 * zxp_layer_zero() - make a run of pages zero
 * @top: the top layer of a child, which has no pages there
 * @start: first page
 * @end: the page after the last one
 * @split: a node, used if a range is split in two
 * @add: a node that may be used for the new range
 *
 * Return: how far it came: @end, or less if that was enough for one call.
 */
pgoff_t zxp_layer_zero(struct zxp_layer *top, pgoff_t start, pgoff_t end,
		       struct zxp_zero_range **split,
		       struct zxp_zero_range **add)
{
	zxp_zero_cover(&top->zeroes, &start, end, ZXP_ZERO_MARKER, 0, split, add);
	return start;
}

/* Less of what is below is seen. The caller has taken out own pages from there on. */
void zxp_layer_cut(struct zxp_layer *layer, pgoff_t limit)
{
	layer->limit = min(layer->limit, limit);
}

/* Move a zero range. Return: 1, 0 there is none any more, -ENOMEM without a node. */
static int zxp_layer_merge_zero(struct zxp_layer_merge *m)
{
	struct zxp_zero_range *range = zxp_zero_find(&m->from->zeroes, 0);
	struct zxp_zero_range *none = NULL;
	pgoff_t start, end, at;

	if (!range)
		return 0;
	if (!m->spare)
		return -ENOMEM;
	start = range->start;
	end = range->end;
	/* What is zero there already is left alone, and so no range is split. */
	if (start < m->into->limit) {
		end = min(end, m->into->limit);
		at = start;
		zxp_zero_cover(&m->into->zeroes, &at, end, ZXP_ZERO_MARKER, ZXP_ZERO_ANY,
			       &none, &m->spare);
		end = min(end, at);
	}
	zxp_zero_remove(&m->from->zeroes, start, end, &none);
	return 1;
}

/**
 * zxp_layer_merge() - move something of a layer to the only one above it
 * @m: both
 *
 * What is seen is the same before and after each step. With the last step the layer is not
 * below the other one any more.
 *
 * Return: 1 call it again; 0 it is done, and @m->from is nobody's; -ENOMEM.
 */
int zxp_layer_merge(struct zxp_layer_merge *m)
{
	struct zxp_layer *from = m->from, *into = m->into;
	unsigned long at = 0;
	int ret;

	m->page = from->nr ? xa_find(&from->pages, &at, ULONG_MAX, XA_PRESENT) : NULL;
	if (m->page) {
		if (at < into->limit && !xa_load(&into->pages, at) &&
		    !zxp_zero_contains(&into->zeroes, at)) {
			if (xa_err(xa_store(&into->pages, at, m->page,
					    GFP_NOWAIT | __GFP_NOWARN)))
				return -ENOMEM;
			into->nr++;
			m->page = NULL;
		}
		xa_erase(&from->pages, at);
		from->nr--;
		return 1;
	}
	ret = zxp_layer_merge_zero(m);
	if (ret)
		return ret;
	zxp_layer_cut(into, from->limit);
	list_del_init(&into->link);
	into->below = zxp_layer_pop(from);
	into->depth--;
	list_add_tail(&into->link, &into->below->above);
	return 0;
}

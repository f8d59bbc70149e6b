// SPDX-License-Identifier: GPL-2.0
/*
 * What a child sees from a page on, in runs: see layer.c for what there is.
 */
#include <linux/kernel.h>

#include "layer.h"

/* Narrow a range around a page to where this layer has nothing. False: not even there. */
static bool zxp_layer_clip_one(struct zxp_layer *layer, pgoff_t index, pgoff_t *start,
			       pgoff_t *end)
{
	struct zxp_zero_range *range;
	unsigned long at = *start;

	if (index >= layer->limit || layer->lost)
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

	for (layer = top; layer->below; layer = zxp_layer_next(layer))
		if (!zxp_layer_clip_one(layer, index, start, end))
			return false;
	return true;
}

/**
 * zxp_layer_run() - what a child has from an index on
 * @top: its top layer
 * @index: the page
 * @end: the page after the last one to look at; afterwards, after the last one of which all
 *	that holds
 * @page: its page, if it has one, and no more than that one is told of; else NULL
 *
 * It takes a step for each layer. What comes behind may be more of the same.
 *
 * Return: where that is.
 */
enum zxp_seen zxp_layer_run(struct zxp_layer *top, pgoff_t index, pgoff_t *end, void **page)
{
	struct zxp_zero_range *range;
	struct zxp_layer *layer;
	unsigned long at;

	for (layer = top;; layer = zxp_layer_next(layer)) {
		at = index;
		*page = layer->nr ? xa_find(&layer->pages, &at, *end - 1, XA_PRESENT) : NULL;
		if (*page && at == index) {
			*end = index + 1;
			return layer == top ? ZXP_SEEN_TOP : ZXP_SEEN_SHARED;
		}
		if (*page)
			*end = at;
		*page = NULL;
		if (!layer->below)
			return ZXP_SEEN_ROOT;
		/* Nothing of what is below comes behind that either. */
		if (index >= layer->limit)
			return ZXP_SEEN_ZERO;
		*end = min(*end, layer->limit);
		range = zxp_zero_find(&layer->zeroes, index);
		if (range && range->start <= index) {
			*end = min(*end, range->end);
			return ZXP_SEEN_ZERO;
		}
		if (range)
			*end = min(*end, range->start);
		if (layer->lost)
			return ZXP_SEEN_LOST;
	}
}

/**
 * zxp_layer_next_root() - where does a child see the root next?
 * @top: its top layer
 * @index: first page to look at
 * @end: the page after the last one
 * @budget: how many own pages and zero ranges may be looked at; goes down
 *
 * Return: that page, or @end; or, if @budget is used up, where to go on.
 */
pgoff_t zxp_layer_next_root(struct zxp_layer *top, pgoff_t index, pgoff_t end,
			    unsigned int *budget)
{
	pgoff_t run_end;
	void *page;

	for (; *budget && index < end; --*budget) {
		run_end = end;
		if (zxp_layer_run(top, index, &run_end, &page) == ZXP_SEEN_ROOT)
			break;
		index = run_end;
	}
	return index;
}

/* Where a layer next has zeroes, seen or not, or ends. */
static pgoff_t zxp_layer_next_range(struct zxp_layer *top, pgoff_t index, pgoff_t end)
{
	struct zxp_zero_range *range;
	struct zxp_layer *layer;

	for (layer = top; layer->below && index < end; layer = zxp_layer_next(layer)) {
		end = min(end, max(index, layer->limit));
		range = zxp_zero_find(&layer->zeroes, index);
		if (range)
			end = min(end, max(index, range->start));
	}
	return end;
}

/**
 * zxp_layer_count_zero() - at how many pages has a child zeroes that are not the root's?
 * @top: its top layer
 * @index: first page to look at; afterwards @end, or, if @budget is used up, where to go on
 * @end: the page after the last one
 * @budget: how many zero ranges, and pages over these, may be looked at; goes down
 *
 * Return: so many.
 */
pgoff_t zxp_layer_count_zero(struct zxp_layer *top, pgoff_t *index, pgoff_t end,
			     unsigned int *budget)
{
	pgoff_t run_end, nr = 0;
	void *page;

	for (; *budget && *index < end; --*budget) {
		*index = zxp_layer_next_range(top, *index, end);
		run_end = end;
		if (*index < end &&
		    zxp_layer_run(top, *index, &run_end, &page) == ZXP_SEEN_ZERO)
			nr += run_end - *index;
		*index = run_end;
	}
	return nr;
}

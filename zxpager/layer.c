// SPDX-License-Identifier: GPL-2.0
/*
 * Layers of pages that belong to children, one on the other.
 *
 * A child sees the pages of its top layer, through the places where that has nothing those
 * of the layer below, and so on down to the bottom, which stands for the root. When another
 * child is made of it, what its top has from then on is for both, and each gets a new top.
 * So a layer with others above it does not change, but for one thing: a page that a single
 * top sees is moved there, and one that none sees goes: see sharers.c, and zxp_layer_merge().
 *
 * Where the parent ended when a child was made, the child sees zeroes, for good, also when
 * the parent grows. That is the limit of a layer.
 *
 * A child that is not to see what the root is going to have is on a layer for
 * before-images, and so are all that came before it: what was not changed between two
 * moments is the same at both. So only the newest such layer, right on the bottom, is open,
 * and what the root loses goes there. It then changes, but not in what is seen by it.
 *
 * So that a look at a page takes a bounded number of steps, what is to be seen below a layer
 * is gathered in another one, see layer_gather.c. But each page belongs to a single layer, and
 * one that is in the top of a child is seen by nobody else, and may be stored to.
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

/*
 * A layer is going to have others above it. Who looks for a few that see a page finds some
 * sooner among those that have not, see sharers.c.
 */
static void zxp_layer_order(struct zxp_layer *layer)
{
	struct zxp_layer *below = layer->below;

	/* Who is asked to pay for before-images is found in this order: see before.c. */
	if (below && below->below && !below->before)
		list_move_tail(&layer->link, &below->above);
}

/**
 * zxp_layer_push() - put a layer on another one
 * @layer: it, with nothing below
 * @below: the other one
 * @limit: of that, what comes from this page on is not seen
 */
void zxp_layer_push(struct zxp_layer *layer, struct zxp_layer *below, pgoff_t limit)
{
	if (list_empty(&below->above))
		zxp_layer_order(below);
	layer->below = below;
	layer->limit = limit;
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

/* Is there nothing here, and may it be left out? What is below is looked at the same way. */
bool zxp_layer_is_empty(const struct zxp_layer *layer)
{
	return !layer->nr && zxp_zero_empty(&layer->zeroes) && !layer->gathered &&
	       !layer->lost;
}

/**
 * zxp_layer_open() - from now on what the root loses goes to another layer
 * @layer: it, with nothing below; of what lies before its start nothing is kept, unless @last
 *	keeps it
 * @bottom: that of the root
 * @last: the one that was open until now, whose layers see the new one; or NULL
 * @limit: from this page on nothing of the root is seen, unless @last sees it
 */
void zxp_layer_open(struct zxp_layer *layer, struct zxp_layer *bottom,
		    struct zxp_layer *last, pgoff_t limit)
{
	layer->before = true;
	layer->open = true;
	layer->moment = last ? last->moment + 1 : 0;
	zxp_layer_push(layer, bottom, last ? max(limit, last->limit) : limit);
	if (!last)
		return;
	layer->start = min(layer->start, last->start);
	last->open = false;
	zxp_layer_pop(last);
	zxp_layer_push(last, layer, last->limit);
}

/* The reverse: nothing is in the new one yet. */
void zxp_layer_reopen(struct zxp_layer *layer, struct zxp_layer *last)
{
	struct zxp_layer *bottom = zxp_layer_pop(layer);

	layer->open = false;
	if (!last)
		return;
	zxp_layer_pop(last);
	zxp_layer_push(last, bottom, last->limit);
	last->open = true;
}

/* The layer above, if it is the only one, but for what was gathered; the bottom is nobody's. */
struct zxp_layer *zxp_layer_only_above(const struct zxp_layer *layer)
{
	struct zxp_layer *above, *only = NULL;

	if (!layer->below)
		return NULL;
	list_for_each_entry(above, &layer->above, link) {
		if (above->borrows)
			continue;
		if (only)
			return NULL;
		only = above;
	}
	return only;
}

/* How many layers are looked at for a page of the root. */
unsigned int zxp_layer_steps(const struct zxp_layer *layer)
{
	unsigned int steps = 0;

	for (; layer->below; layer = zxp_layer_next(layer))
		steps++;
	return steps;
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

	for (;; layer = zxp_layer_next(layer)) {
		*page = layer->nr ? xa_load(&layer->pages, index) : NULL;
		if (*page)
			return layer == top ? ZXP_SEEN_TOP : ZXP_SEEN_SHARED;
		if (!layer->below)
			return ZXP_SEEN_ROOT;
		if (index >= layer->limit || zxp_zero_contains(&layer->zeroes, index))
			return ZXP_SEEN_ZERO;
		if (layer->lost)
			return ZXP_SEEN_LOST;
	}
}

/**
 * zxp_layer_set() - give a child a page
 * @top: its top layer, which has none there
 * @index: where
 * @page: the page
 *
 * Return: 0, -ENOMEM.
 */
int zxp_layer_set(struct zxp_layer *top, pgoff_t index, void *page)
{
	void *old = xa_store(&top->pages, index, page, GFP_NOWAIT | __GFP_NOWARN);

	if (xa_is_err(old))
		return xa_err(old);
	if (!WARN_ON_ONCE(old))
		top->nr++;
	return 0;
}

/**
 * zxp_layer_replace() - give a child another page for the one that it has
 * @top: its top layer
 * @index: where
 * @page: the new page; no memory is needed
 *
 * Return: the old one.
 */
void *zxp_layer_replace(struct zxp_layer *top, pgoff_t index, void *page)
{
	return xa_store(&top->pages, index, page, GFP_NOWAIT | __GFP_NOWARN);
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
	WRITE_ONCE(layer->limit, min(layer->limit, limit));
}

/* Is nothing of what is below to be seen here, or above? */
bool zxp_layer_hides(struct zxp_layer *layer, pgoff_t index)
{
	return index < layer->start || index >= layer->limit ||
	       zxp_zero_contains(&layer->zeroes, index) ||
	       (layer->nr && xa_load(&layer->pages, index));
}

/*
 * Have a run of zeroes, where it is not there already, so that no range is split. Return:
 * how far it came.
 */
pgoff_t zxp_layer_add_zeroes(struct zxp_layer *layer, pgoff_t start, pgoff_t end,
			     struct zxp_zero_range **spare)
{
	struct zxp_zero_range *none = NULL;

	zxp_zero_cover(&layer->zeroes, &start, end, ZXP_ZERO_MARKER, ZXP_ZERO_ANY, &none,
		       spare);
	return min(start, end);
}

/*
 * Move a zero range; what of it is not seen by the other one goes. Return: 1, 0 there is none any
 * more, -ENOMEM without a node.
 */
static int zxp_layer_merge_zero(struct zxp_layer_merge *m)
{
	struct zxp_zero_range *range = zxp_zero_find(&m->from->zeroes, 0);
	struct zxp_zero_range *none = NULL;
	pgoff_t start, end, seen_end, done;

	if (!range)
		return 0;
	if (!m->spare)
		return -ENOMEM;
	start = max(range->start, m->into->start);
	end = range->end;
	seen_end = min(end, m->into->limit);
	if (start < seen_end) {
		done = zxp_layer_add_zeroes(m->into, start, seen_end, &m->spare);
		end = done < seen_end ? done : end;
	}
	zxp_zero_remove(&m->from->zeroes, range->start, end, &none);
	return 1;
}

/* A page is not below any more. */
void zxp_layer_forget(struct zxp_layer *gathered, pgoff_t index)
{
	if (gathered && xa_erase(&gathered->pages, index))
		gathered->nr--;
}

/**
 * zxp_layer_ungather() - look at the layers below themselves
 * @layer: the layer on them
 *
 * Return: what was gathered of them, whose pages are theirs; or NULL.
 */
struct zxp_layer *zxp_layer_ungather(struct zxp_layer *layer)
{
	struct zxp_layer *gathered = layer->gathered;

	layer->gathered = NULL;
	if (gathered)
		zxp_layer_pop(gathered);
	return gathered;
}

/* How many powers of %ZXP_LAYERS_MAX its number has. */
unsigned int zxp_layer_level(const struct zxp_layer *layer)
{
	return layer->moment ? __ffs(layer->moment) / ilog2(ZXP_LAYERS_MAX) : BITS_PER_LONG;
}

/*
 * What was gathered down to a layer ends above the other one, so that nothing is missed that
 * moves there; but of that one itself it is not needed any more.
 */
static void zxp_layer_merge_begin(struct zxp_layer_merge *m)
{
	struct zxp_layer *into = m->into, *layer, *next;

	m->gathered = NULL;
	if (into->gathered && into->gathered->below == m->from)
		m->gathered = zxp_layer_ungather(into);
	list_for_each_entry_safe(layer, next, &m->from->above, link) {
		if (!layer->borrows)
			continue;
		layer->below = into;
		list_move_tail(&layer->link, &into->above);
	}
}

/* What one layer hides the other one does now. So what is gathered below serves both. */
static void zxp_layer_merge_end(struct zxp_layer_merge *m)
{
	struct zxp_layer *from = m->from, *into = m->into;

	zxp_layer_cut(into, from->limit);
	into->lost |= from->lost;
	if (zxp_layer_level(from) > zxp_layer_level(into))
		into->moment = from->moment;
	if (into->gathered)
		m->gathered = zxp_layer_ungather(from);
	else
		swap(into->gathered, from->gathered);
	list_del_init(&into->link);
	into->below = zxp_layer_pop(from);
	list_add_tail(&into->link, &into->below->above);
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
	void *page;
	int ret;

	zxp_layer_merge_begin(m);
	m->page = NULL;
	page = from->nr ? xa_find(&from->pages, &at, ULONG_MAX, XA_PRESENT) : NULL;
	if (page) {
		if (zxp_layer_hides(into, at))
			m->page = page;
		else if (zxp_layer_set(into, at, page))
			return -ENOMEM;
		xa_erase(&from->pages, at);
		from->nr--;
		zxp_layer_forget(into->gathered, at);
		return 1;
	}
	ret = zxp_layer_merge_zero(m);
	if (!ret)
		zxp_layer_merge_end(m);
	return ret;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * How many children see a page of a layer, and what becomes of one that few see.
 *
 * It is told by a walk over the layers above, as nothing is counted when children come and go
 * or store: that would be a step for each page of a layer.
 *
 * Who stores over a page wants to know only whether two others see it. Then the walk ends. It
 * begins with the next relatives, and the two that it has found to see the page are the first
 * to be looked at next time, so that who has stored is not looked at by each that comes later:
 * of n children that store one after the other all but the last two take a few steps, and
 * these two n each. No walk has more than %ZXP_SEERS_STEPS. What would take more is left where
 * it is, as if many saw it, and goes with its layer.
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

/* How many see the page that a layer has? Of very many that might, not all are looked at. */
static unsigned int zxp_layer_sharers(struct zxp_layer *owner, pgoff_t index,
				      unsigned int *steps)
{
	struct zxp_layer *layer = owner;
	unsigned int nr = 0, looked = 0;
	bool hidden = false;

	while ((layer = zxp_layer_next_above(owner, layer, hidden))) {
		if (looked++ == ZXP_SHARERS_STEPS) {
			nr = max(nr, 2U);
			break;
		}
		hidden = layer->borrows || zxp_layer_hides(layer, index);
		nr += !hidden && list_empty(&layer->above);
	}
	*steps += looked;
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
 * Return: how many children see that page, this one as well, or if very many might, two at least;
 * 0 if there is none.
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

/*
 * The next look at those above a layer begins with who was found to see a page, and goes on
 * where this one has ended.
 */
static void zxp_layer_look_from(struct zxp_layer *under, struct zxp_layer *first,
				struct zxp_layer *last)
{
	/* As in zxp_layer_push(). */
	if (!first || under->before)
		return;
	if (last != first)
		list_move_tail(&first->link, &last->link);
	list_rotate_to_front(&first->link, &under->above);
}

/* Of those above a layer, without @except and what is on that, how many see the page below? */
static void zxp_layer_add_seers(struct zxp_layer *under, struct zxp_layer *except,
				pgoff_t index, struct zxp_layer_seers *seers)
{
	struct zxp_layer *layer = under, *branch = NULL, *first = NULL;
	bool hidden = false;

	while (seers->nr < 2 && (layer = zxp_layer_next_above(under, layer, hidden))) {
		if (layer->below == under)
			branch = layer;
		if (++seers->steps > ZXP_SEERS_STEPS) {
			first = first ?: branch;
			seers->nr = 2;
			break;
		}
		hidden = layer == except || layer->borrows || zxp_layer_hides(layer, index);
		if (hidden || !list_empty(&layer->above))
			continue;
		seers->only = layer;
		seers->nr++;
		first = first ?: branch;
	}
	zxp_layer_look_from(under, first, seers->nr < 2 ? first : branch);
}

/**
 * zxp_layer_find_seers() - who else sees a page that a child sees?
 * @top: its top layer, which has none there
 * @index: the page, which is in a layer below
 * @seers: who, but for this child; the layer is there if there are fewer than two
 *
 * What is in the layer that is open stays there, as nothing is kept twice: as if many saw it.
 *
 * The order of layers that are on the same one changes. So the caller may change layers, and
 * who only may not change them has to have the lock to look at that order.
 */
void zxp_layer_find_seers(struct zxp_layer *top, pgoff_t index,
			  struct zxp_layer_seers *seers)
{
	struct zxp_layer *layer = top->below, *except = top;

	*seers = (struct zxp_layer_seers) {};
	for (; layer->below && seers->nr < 2; layer = layer->below) {
		zxp_layer_add_seers(layer, except, index, seers);
		if (layer->nr && xa_load(&layer->pages, index)) {
			seers->owner = layer;
			if (layer->open)
				seers->nr = 2;
			return;
		}
		if (++seers->steps > ZXP_SEERS_STEPS)
			break;
		except = layer;
	}
	seers->nr = 2;
}

/* Where a layer next does not show what is below, if it has no zero ranges. */
static pgoff_t zxp_layer_next_hidden(struct zxp_layer *layer, pgoff_t index)
{
	unsigned long at = index;

	if (index < layer->start || index >= layer->limit)
		return index;
	return xa_find(&layer->pages, &at, layer->limit - 1, XA_PRESENT) ? at : layer->limit;
}

/**
 * struct zxp_layer_pair - two children who see most of what is in a layer
 * @top: their tops, on the layer and without zero ranges; those that have least. NULL if no
 *	two were found
 *
 * What both see has no fewer than two who see it, so not each page need be looked at.
 */
struct zxp_layer_pair {
	struct zxp_layer *top[2];
};

static void zxp_layer_find_pair(struct zxp_layer *under, struct zxp_layer_pair *pair)
{
	unsigned int left = ZXP_PAIR_STEPS;
	struct zxp_layer *layer;

	*pair = (struct zxp_layer_pair) {};
	list_for_each_entry(layer, &under->above, link) {
		if (!left--)
			break;
		if (layer->borrows || !list_empty(&layer->above) ||
		    !RB_EMPTY_ROOT(&layer->zeroes.root))
			continue;
		if (pair->top[1] && pair->top[1]->nr <= layer->nr)
			continue;
		pair->top[1] = layer;
		if (!pair->top[0] || pair->top[0]->nr > layer->nr)
			swap(pair->top[0], pair->top[1]);
	}
}

/* From a page on, the first that one of both does not see. */
static pgoff_t zxp_layer_pair_misses(const struct zxp_layer_pair *pair, pgoff_t index)
{
	if (!pair->top[1])
		return index;
	return min(zxp_layer_next_hidden(pair->top[0], index),
		   zxp_layer_next_hidden(pair->top[1], index));
}

/**
 * zxp_layer_next_unshared() - the next page of a layer that fewer than two children see
 * @layer: it, which has others above it
 * @index: first page to look at; afterwards that page, or @end; or, if @budget is used up,
 *	where to go on
 * @end: the page after the last one
 * @budget: how many layers may be looked at; goes down
 * @seers: who sees that page
 *
 * As above, the order of layers changes.
 *
 * Return: the page, or NULL.
 */
void *zxp_layer_next_unshared(struct zxp_layer *layer, pgoff_t *index, pgoff_t end,
			      unsigned int *budget, struct zxp_layer_seers *seers)
{
	struct zxp_layer_pair pair;
	void *page;

	zxp_layer_find_pair(layer, &pair);
	for (; *budget; *budget -= min(*budget, seers->steps + 1), ++*index) {
		*index = zxp_layer_pair_misses(&pair, *index);
		page = *index < end && layer->nr && !layer->open ?
		       xa_find(&layer->pages, index, end - 1, XA_PRESENT) : NULL;
		if (!page) {
			*index = end;
			return NULL;
		}
		*seers = (struct zxp_layer_seers) { .owner = layer };
		zxp_layer_add_seers(layer, NULL, *index, seers);
		if (seers->nr < 2)
			return page;
	}
	return NULL;
}

/*
 * A page is about to leave its layer. It was gathered for those above who see it, and for who
 * hides it by now; what is above one that hides it never had it.
 */
static void zxp_layer_forget_above(struct zxp_layer *owner, pgoff_t index, void *page)
{
	struct zxp_layer *layer = owner;
	bool hidden = false;

	while ((layer = zxp_layer_next_above(owner, layer, hidden))) {
		if (layer->gathered && xa_load(&layer->gathered->pages, index) == page)
			zxp_layer_forget(layer->gathered, index);
		hidden = layer->borrows || zxp_layer_hides(layer, index);
	}
}

/**
 * zxp_layer_drop() - a page that nobody sees leaves its layer
 * @owner: the layer, by zxp_layer_find_seers() or zxp_layer_next_unshared(); nothing has
 *	changed since
 * @index: the page
 */
void zxp_layer_drop(struct zxp_layer *owner, pgoff_t index)
{
	void *page = xa_load(&owner->pages, index);

	zxp_layer_forget_above(owner, index, page);
	xa_erase(&owner->pages, index);
	owner->nr--;
}

/**
 * zxp_layer_move() - a page that one child sees becomes its own
 * @owner: the layer, as above
 * @index: the page
 * @into: the top of that child
 *
 * Return: 0; -ENOMEM, and it is where it was.
 */
int zxp_layer_move(struct zxp_layer *owner, pgoff_t index, struct zxp_layer *into)
{
	int ret = zxp_layer_set(into, index, xa_load(&owner->pages, index));

	if (!ret)
		zxp_layer_drop(owner, index);
	return ret;
}

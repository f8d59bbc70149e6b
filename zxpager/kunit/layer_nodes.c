// SPDX-License-Identifier: GPL-2.0
/*
 * Children whose layers are made, put on each other and taken away as tree.c and child_op.c
 * do it, but whose pages are numbers. So it is seen whether one is lost or dropped twice.
 */
#include <linux/bitmap.h>
#include <linux/slab.h>

#include "layer_test.h"

void zxp_nodes_init(struct zxp_nodes *nodes)
{
	*nodes = (struct zxp_nodes) {
		.max = ZXP_LAYERS_MAX,
		.steps = UINT_MAX,
	};
	zxp_layer_init(&nodes->bottom);
}

void zxp_nodes_exit(struct zxp_nodes *nodes)
{
	unsigned int node;

	nodes->stepped = NULL;
	nodes->steps = UINT_MAX;
	for (node = 0; node < ZXP_NODES; node++)
		if (nodes->top[node])
			zxp_nodes_remove(nodes, node);
	xa_destroy(&nodes->bottom.pages);
}

static void zxp_nodes_drop(struct zxp_nodes *nodes, void *page)
{
	unsigned long id = xa_to_value(page);

	if (!nodes->used[id]) {
		nodes->wrong++;
		return;
	}
	nodes->used[id] = false;
	nodes->nr_used--;
}

static struct zxp_layer *zxp_nodes_alloc(struct zxp_nodes *nodes)
{
	struct zxp_layer *layer = kmalloc(sizeof(*layer), GFP_KERNEL);

	if (layer) {
		zxp_layer_init(layer);
		nodes->nr_layers++;
	}
	return layer;
}

static void zxp_nodes_free(struct zxp_nodes *nodes, struct zxp_layer *layer)
{
	pgoff_t index = 0;
	void *page;

	while ((page = zxp_layer_take(layer, &index, ULONG_MAX)))
		zxp_nodes_drop(nodes, page);
	while (zxp_zero_remove_kind(&layer->zeroes, 0, ZXP_ZERO_MARKER) != ULONG_MAX)
		;
	xa_destroy(&layer->pages);
	kfree(layer);
	nodes->nr_layers--;
}

/* What was gathered, if anything: its pages are those of others. */
static void zxp_nodes_free_gathered(struct zxp_nodes *nodes, struct zxp_layer *gathered)
{
	if (!gathered)
		return;
	xa_destroy(&gathered->pages);
	gathered->nr = 0;
	nodes->nr_gathered--;
	zxp_nodes_free(nodes, gathered);
}

/* False: there was no memory. */
bool zxp_nodes_gather(struct zxp_nodes *nodes, struct zxp_layer *over)
{
	struct zxp_layer *into = zxp_nodes_alloc(nodes);
	unsigned int steps = nodes->steps;
	struct zxp_layer_gather gather;
	int ret = 1;

	if (!into)
		return false;
	nodes->nr_gathered++;
	zxp_layer_gather_begin(&gather, over, into, GFP_KERNEL);
	while (ret > 0 && steps--) {
		if (!gather.spare)
			gather.spare = kmalloc(sizeof(*gather.spare), GFP_KERNEL);
		ret = zxp_layer_gather(&gather);
	}
	kfree(gather.spare);
	if (ret) {
		zxp_nodes_free_gathered(nodes, into);
		return false;
	}
	zxp_nodes_free_gathered(nodes, zxp_layer_gather_end(&gather));
	nodes->gathers++;
	return true;
}

/* The same between the layers for before-images. */
static bool zxp_nodes_gather_before(struct zxp_nodes *nodes)
{
	struct zxp_layer *over;

	while (nodes->open && (over = zxp_layer_to_gather(nodes->open)))
		if (!zxp_nodes_gather(nodes, over))
			return false;
	return true;
}

/* A child of the root. False: no memory, as from all that say so. */
bool zxp_nodes_add(struct zxp_nodes *nodes, unsigned int node, pgoff_t start, pgoff_t limit)
{
	struct zxp_layer *top = zxp_nodes_alloc(nodes);

	nodes->top[node] = top;
	if (!top)
		return false;
	top->start = start;
	zxp_layer_push(top, &nodes->bottom, limit);
	return true;
}

static struct zxp_layer *zxp_nodes_merge(struct zxp_nodes *nodes, struct zxp_layer *from);

/* So few children see a page any more, if it is fewer than two. */
static void zxp_nodes_sweep_page(struct zxp_nodes *nodes, const struct zxp_layer_seers *seers,
				 pgoff_t index)
{
	void *page;

	if (seers->nr > 1)
		return;
	page = xa_load(&seers->owner->pages, index);
	if (seers->nr) {
		nodes->stuck |= !!zxp_layer_move(seers->owner, index, seers->only);
		return;
	}
	zxp_layer_drop(seers->owner, index);
	zxp_nodes_drop(nodes, page);
}

/* In calls that come to no page at times. */
static void zxp_nodes_sweep(struct zxp_nodes *nodes, struct zxp_layer *layer, pgoff_t start,
			    pgoff_t end)
{
	struct zxp_layer_seers seers;
	unsigned int budget;

	while (start < end) {
		budget = 3;
		if (zxp_layer_next_unshared(layer, &start, end, &budget, &seers))
			zxp_nodes_sweep_page(nodes, &seers, start++);
	}
}

static void zxp_nodes_sweep_below(struct zxp_nodes *nodes, struct zxp_layer *layer,
				  pgoff_t start, pgoff_t end)
{
	for (; layer->below; layer = layer->below)
		zxp_nodes_sweep(nodes, layer, start, end);
}

/* A child of the root that sees nothing of what becomes of that. */
bool zxp_nodes_snapshot(struct zxp_nodes *nodes, unsigned int node, pgoff_t start,
			pgoff_t limit)
{
	struct zxp_layer *top = zxp_nodes_alloc(nodes), *last = nodes->open, *new;

	nodes->top[node] = top;
	if (!top)
		return false;
	top->start = start;
	if (!last || !zxp_layer_is_empty(last) || limit > last->limit || start < last->start) {
		nodes->stuck |= !zxp_nodes_gather_before(nodes);
		new = zxp_nodes_alloc(nodes);
		if (!new)
			return false;
		new->start = start;
		zxp_layer_open(new, &nodes->bottom, last, limit);
		nodes->open = new;
	}
	zxp_layer_push(top, nodes->open, limit);
	if (last && last != nodes->open)
		zxp_nodes_sweep(nodes, zxp_nodes_merge(nodes, last), 0, ULONG_MAX);
	return true;
}

/* The root loses a page. */
bool zxp_nodes_keep(struct zxp_nodes *nodes, pgoff_t index, int id)
{
	if (!nodes->open || zxp_layer_hides(nodes->open, index))
		return true;
	if (zxp_layer_set(nodes->open, index, xa_mk_value(id)))
		return false;
	nodes->used[id] = true;
	nodes->nr_used++;
	return true;
}

/* It gets a page where it has zeroes: that need not be kept, but marked. */
bool zxp_nodes_keep_zero(struct zxp_nodes *nodes, pgoff_t index)
{
	struct zxp_zero_range *none = NULL, *spare;
	pgoff_t end = index;

	if (!nodes->open || zxp_layer_hides(nodes->open, index))
		return true;
	spare = kmalloc(sizeof(*spare), GFP_KERNEL);
	if (spare)
		end = zxp_layer_zero(nodes->open, index, index + 1, &none, &spare);
	kfree(spare);
	return end > index;
}

/* Something could not be kept. */
void zxp_nodes_break(struct zxp_nodes *nodes)
{
	if (!nodes->open)
		return;
	nodes->open->lost = true;
	nodes->open->open = false;
	nodes->open = NULL;
}

/* A child of a child. It is there also without memory to gather what is below. */
bool zxp_nodes_fork(struct zxp_nodes *nodes, unsigned int parent, unsigned int node,
		    pgoff_t start, pgoff_t limit)
{
	struct zxp_layer *old = nodes->top[parent], *top = zxp_nodes_alloc(nodes), *new;

	nodes->top[node] = top;
	if (!top)
		return false;
	top->start = start;
	if (zxp_layer_is_empty(old)) {
		zxp_layer_push(top, old->below, min(limit, old->limit));
		return true;
	}
	if (!old->gathered && zxp_layer_steps(old) >= nodes->max)
		nodes->stuck |= !zxp_nodes_gather(nodes, old);
	new = zxp_nodes_alloc(nodes);
	zxp_layer_push(top, old, limit);
	if (!new)
		return false;
	new->start = old->start;
	zxp_layer_push(new, old, ULONG_MAX);
	nodes->top[parent] = new;
	zxp_nodes_sweep(nodes, old, 0, start);
	zxp_nodes_sweep(nodes, old, limit, ULONG_MAX);
	return true;
}

/* It stores a page. One that it alone has seen is not copied, but has changed then. */
bool zxp_nodes_set(struct zxp_nodes *nodes, unsigned int node, pgoff_t index, int id)
{
	struct zxp_layer *top = nodes->top[node];
	struct zxp_layer_seers seers = { .nr = 2 };
	void *page;
	enum zxp_seen seen = zxp_layer_find(top, index, &page);

	if (seen == ZXP_SEEN_SHARED)
		zxp_layer_find_seers(top, index, &seers);
	if (!seers.nr) {
		if (zxp_layer_move(seers.owner, index, top))
			return false;
		seen = ZXP_SEEN_TOP;
		seers.nr = 2;
	}
	if (seen == ZXP_SEEN_TOP)
		zxp_nodes_drop(nodes, zxp_layer_replace(top, index, xa_mk_value(id)));
	else if (zxp_layer_set(top, index, xa_mk_value(id)))
		return false;
	zxp_nodes_sweep_page(nodes, &seers, index);
	nodes->used[id] = true;
	nodes->nr_used++;
	return true;
}

static void zxp_nodes_take(struct zxp_nodes *nodes, unsigned int node, pgoff_t start,
			   pgoff_t end)
{
	void *page;

	while ((page = zxp_layer_take(nodes->top[node], &start, end)))
		zxp_nodes_drop(nodes, page);
}

bool zxp_nodes_zero(struct zxp_nodes *nodes, unsigned int node, pgoff_t start,
		    pgoff_t end)
{
	struct zxp_zero_range *split, *add;
	pgoff_t at = start;

	do {
		split = kmalloc(sizeof(*split), GFP_KERNEL);
		add = kmalloc(sizeof(*add), GFP_KERNEL);
		if (split && add)
			at = zxp_layer_zero(nodes->top[node], start, end, &split, &add);
		else
			end = start;
		kfree(split);
		kfree(add);
		zxp_nodes_take(nodes, node, start, at);
		zxp_nodes_sweep_below(nodes, nodes->top[node]->below, start, at);
		start = at;
	} while (start < end);
	return start == end;
}

void zxp_nodes_shrink(struct zxp_nodes *nodes, unsigned int node, pgoff_t limit)
{
	struct zxp_layer *top = nodes->top[node];
	struct zxp_zero_range *none = NULL;

	zxp_layer_cut(top, limit);
	zxp_nodes_take(nodes, node, limit, ULONG_MAX);
	zxp_nodes_sweep_below(nodes, top->below, limit, ULONG_MAX);
	while (zxp_zero_remove(&top->zeroes, limit, ULONG_MAX, &none) != ULONG_MAX)
		;
}

/* The root shrinks. */
void zxp_nodes_cut(struct zxp_nodes *nodes, pgoff_t limit)
{
	struct zxp_layer *layer;

	list_for_each_entry(layer, &nodes->bottom.above, link)
		if (!layer->lost)
			zxp_layer_cut(layer, limit);
}

/* Return: the layer that has it now, or the one below if that is the top of a child. */
static struct zxp_layer *zxp_nodes_merge(struct zxp_nodes *nodes, struct zxp_layer *from)
{
	struct zxp_layer_merge merge = {
		.from = from,
		.into = from->open ? NULL : zxp_layer_only_above(from),
	};
	unsigned int steps = nodes->steps;
	bool stuck = nodes->stuck;
	int ret = 1;

	nodes->stuck = true;
	while (merge.into && ret > 0 && steps--) {
		if (!merge.spare)
			merge.spare = kmalloc(sizeof(*merge.spare), GFP_KERNEL);
		ret = zxp_layer_merge(&merge);
		if (merge.page)
			zxp_nodes_drop(nodes, merge.page);
		zxp_nodes_free_gathered(nodes, merge.gathered);
		if (!ret)
			zxp_nodes_free(nodes, from);
		if (nodes->stepped)
			nodes->stepped(nodes);
	}
	kfree(merge.spare);
	nodes->stuck = stuck || (merge.into && ret);
	if (!merge.into || ret)
		return from;
	return list_empty(&merge.into->above) ? merge.into->below : merge.into;
}

void zxp_nodes_remove(struct zxp_nodes *nodes, unsigned int node)
{
	struct zxp_layer *layer = nodes->top[node], *below;

	nodes->top[node] = NULL;
	while (layer->below && list_empty(&layer->above)) {
		zxp_nodes_free_gathered(nodes, zxp_layer_ungather(layer));
		below = zxp_layer_pop(layer);
		if (layer == nodes->open)
			nodes->open = NULL;
		zxp_nodes_free(nodes, layer);
		layer = below;
	}
	layer = zxp_nodes_merge(nodes, layer);
	zxp_nodes_sweep_below(nodes, layer, 0, ULONG_MAX);
}

enum zxp_seen zxp_nodes_find(struct zxp_nodes *nodes, unsigned int node, pgoff_t index,
			     int *view)
{
	void *page;
	enum zxp_seen seen = zxp_layer_find(nodes->top[node], index, &page);

	if (page)
		*view = xa_to_value(page);
	else if (seen == ZXP_SEEN_LOST)
		*view = ZXP_VIEW_LOST;
	else
		*view = seen == ZXP_SEEN_ROOT ? ZXP_VIEW_ROOT : ZXP_VIEW_ZERO;
	return seen;
}

/* All layers, each before those above it; begins with the bottom, and ends with NULL. */
struct zxp_layer *zxp_nodes_next_layer(struct zxp_nodes *nodes, struct zxp_layer *layer)
{
	if (!list_empty(&layer->above))
		return list_first_entry(&layer->above, struct zxp_layer, link);
	while (layer->below && list_is_last(&layer->link, &layer->below->above))
		layer = layer->below;
	return layer->below ? list_next_entry(layer, link) : NULL;
}

/*
 * How many layers are looked at, but for those with before-images and what was gathered, of which
 * other tests take care.
 */
static unsigned int zxp_nodes_steps(struct zxp_layer *layer)
{
	unsigned int steps = 0;

	for (; layer->below; layer = zxp_layer_next(layer))
		steps += !layer->before && !layer->borrows;
	return steps;
}

/* Is the layer the top of a child? Then it must not have to look at too many. */
static bool zxp_nodes_is_top(struct zxp_nodes *nodes, struct zxp_layer *layer)
{
	unsigned int node;

	for (node = 0; node < ZXP_NODES; node++)
		if (nodes->top[node] == layer)
			return nodes->stuck || zxp_nodes_steps(layer) <= nodes->max;
	return false;
}

/* Is each page that was gathered below a layer in one of those that are below? */
static bool zxp_nodes_are_below(struct zxp_layer *over)
{
	struct zxp_layer *layer;
	unsigned long index;
	void *page;

	xa_for_each(&over->gathered->pages, index, page) {
		for (layer = over->below; layer; layer = layer->below)
			if (xa_load(&layer->pages, index) == page)
				break;
		if (!layer)
			return false;
	}
	return true;
}

/* How many see each page of a layer that is not their own? */
static void zxp_nodes_count_seers(struct zxp_nodes *nodes)
{
	unsigned int node;
	pgoff_t index;
	int view;

	memset(nodes->seers, 0, sizeof(nodes->seers));
	for (node = 0; node < ZXP_NODES; node++)
		for (index = nodes->top[node] ? nodes->top[node]->start : ZXP_NODE_PAGES;
		     index < ZXP_NODE_PAGES; index++)
			if (zxp_nodes_find(nodes, node, index, &view) == ZXP_SEEN_SHARED)
				nodes->seers[view]++;
}

/*
 * May a page be where it is? What one child sees is in its top, and what none sees is gone, but
 * for what was open, also until it was broken.
 */
static bool zxp_nodes_is_shared(struct zxp_nodes *nodes, struct zxp_layer *layer, void *page)
{
	return nodes->stuck || layer->open || layer->lost || list_empty(&layer->above) ||
	       nodes->seers[xa_to_value(page)] > 1;
}

/* Nothing is there that no layer above shows, as it would be counted: see zxp_child_allocated(). */
static bool zxp_nodes_begins_with(struct zxp_layer *layer)
{
	struct zxp_zero_range *first = zxp_zero_find(&layer->zeroes, 0);
	unsigned long index = 0;

	if (first && first->start < layer->start)
		return false;
	return !layer->start || !xa_find(&layer->pages, &index, layer->start - 1, XA_PRESENT);
}

/* Is each page that is used in one layer, and is each layer there for somebody? */
bool zxp_nodes_are_sound(struct zxp_nodes *nodes)
{
	unsigned int layers = 0, pages = 0, gathered = 0, others = 0;
	struct zxp_layer *layer = &nodes->bottom;
	DECLARE_BITMAP(seen, ZXP_NODE_IDS);
	unsigned long index, nr;
	void *page;

	zxp_nodes_count_seers(nodes);
	bitmap_zero(seen, ZXP_NODE_IDS);
	while ((layer = zxp_nodes_next_layer(nodes, layer))) {
		layers++;
		gathered += !!layer->gathered;
		if (layer->gathered && !zxp_nodes_are_below(layer))
			return false;
		if (!zxp_nodes_begins_with(layer))
			return false;
		if (list_empty(&layer->above) && !zxp_nodes_is_top(nodes, layer)) {
			others++;
			continue;
		}
		/*
		 * What a single layer would see is in that one. But one with before-images waits
		 * for the next that goes if it was open or just broken.
		 */
		if (zxp_layer_only_above(layer) && !nodes->stuck && !layer->open &&
		    !layer->lost)
			return false;
		nr = 0;
		xa_for_each(&layer->pages, index, page) {
			if (!nodes->used[xa_to_value(page)] ||
			    !zxp_nodes_is_shared(nodes, layer, page) ||
			    __test_and_set_bit(xa_to_value(page), seen))
				return false;
			nr++;
		}
		if (nr != layer->nr)
			return false;
		pages += nr;
	}
	return pages == nodes->nr_used && layers == nodes->nr_layers && !nodes->wrong &&
	       gathered == nodes->nr_gathered && others == gathered;
}

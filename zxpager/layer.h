/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Floor 10, base: layers of pages that belong to children.
 */
#ifndef _ZXPAGER_LAYER_H
#define _ZXPAGER_LAYER_H

#include <linux/list.h>
#include <linux/xarray.h>

#include "base.h"

/**
 * struct zxp_layer - pages, by their index in the root
 * @below: what is seen where there is nothing here; NULL for the bottom, which stands for
 *	the root itself and holds nothing
 * @link: in &zxp_layer.above of that one
 * @above: layers that see this one
 * @start: the first page of the child that it was made for, or of all snapshots on it, as no
 *	layer above begins before that: of @below nothing before it is looked at
 * @limit: from this page on nothing of @below is seen, but zeroes
 * @gathered: what is to be seen below, all of it down to some layer in one on that; or NULL
 * @pages: own pages; of what was gathered, those of the layers below
 * @nr: how many
 * @id: of the child that it was made for, which others take care of
 * @moment: of one for before-images, how many such layers had been opened before, in a row
 * @payer: memory cgroup that is asked to pay for before-images, or NULL; others take care
 *	of it
 * @zeroes: ranges that are zero where there is no page over them
 * @before: it was made for before-images, that is for what the root is going to lose
 * @borrows: it was gathered, so it is no child's
 * @open: it still gets them. There is one such layer at most, right on the bottom.
 * @lost: one could not be had: what the root has is not what is to be seen here
 *
 * A layer that has others above it does not change what they see. One without any is the
 * top of a child.
 */
struct zxp_layer {
	struct zxp_layer *below;
	struct list_head link;
	struct list_head above;
	pgoff_t start;
	pgoff_t limit;
	struct zxp_layer *gathered;
	struct xarray pages;
	unsigned long nr;
	unsigned long id;
	unsigned long moment;
	struct mem_cgroup *payer;
	struct zxp_zeroes zeroes;
	bool borrows;
	bool before;
	bool open;
	bool lost;
};

/**
 * enum zxp_seen - what a child has at an index
 * @ZXP_SEEN_TOP: a page of its own
 * @ZXP_SEEN_SHARED: a page of a layer below, which does not change
 * @ZXP_SEEN_ZERO: zeroes
 * @ZXP_SEEN_ROOT: what the root has
 * @ZXP_SEEN_LOST: what the root had, and nobody has any more
 */
enum zxp_seen {
	ZXP_SEEN_TOP,
	ZXP_SEEN_SHARED,
	ZXP_SEEN_ZERO,
	ZXP_SEEN_ROOT,
	ZXP_SEEN_LOST,
};

/*
 * What is below more layers is gathered, so that a look at a page takes so many steps; of those
 * for before-images, so many for each power of this that there are of them.
 */
#define ZXP_LAYERS_MAX		8

/* Where to look next; of the bottom, NULL. */
static inline struct zxp_layer *zxp_layer_next(const struct zxp_layer *layer)
{
	return layer->gathered ?: layer->below;
}

void zxp_layer_init(struct zxp_layer *layer);
void zxp_layer_push(struct zxp_layer *layer, struct zxp_layer *below, pgoff_t limit);
struct zxp_layer *zxp_layer_pop(struct zxp_layer *layer);
void zxp_layer_open(struct zxp_layer *layer, struct zxp_layer *bottom,
		    struct zxp_layer *last, pgoff_t limit);
void zxp_layer_reopen(struct zxp_layer *layer, struct zxp_layer *last);
bool zxp_layer_hides(struct zxp_layer *layer, pgoff_t index);
bool zxp_layer_is_empty(const struct zxp_layer *layer);
struct zxp_layer *zxp_layer_only_above(const struct zxp_layer *layer);
unsigned int zxp_layer_steps(const struct zxp_layer *layer);
enum zxp_seen zxp_layer_find(struct zxp_layer *top, pgoff_t index, void **page);
int zxp_layer_set(struct zxp_layer *top, pgoff_t index, void *page);
void *zxp_layer_replace(struct zxp_layer *top, pgoff_t index, void *page);
void *zxp_layer_take(struct zxp_layer *layer, pgoff_t *index, pgoff_t end);
pgoff_t zxp_layer_zero(struct zxp_layer *top, pgoff_t start, pgoff_t end,
		       struct zxp_zero_range **split,
		       struct zxp_zero_range **add);
void zxp_layer_cut(struct zxp_layer *layer, pgoff_t limit);
pgoff_t zxp_layer_add_zeroes(struct zxp_layer *layer, pgoff_t start, pgoff_t end,
			     struct zxp_zero_range **spare);

/* layer_run.c */
bool zxp_layer_clip(struct zxp_layer *top, pgoff_t index, pgoff_t *start,
		    pgoff_t *end);
enum zxp_seen zxp_layer_run(struct zxp_layer *top, pgoff_t index, pgoff_t *end, void **page);
pgoff_t zxp_layer_next_root(struct zxp_layer *top, pgoff_t index, pgoff_t end,
			    unsigned int *budget);
pgoff_t zxp_layer_count_zero(struct zxp_layer *top, pgoff_t *index, pgoff_t end,
			     unsigned int *budget);

/**
 * struct zxp_layer_merge - what is left of a layer that one other sees
 * @from: it
 * @into: the one above
 * @page: after a step, a page that nobody sees any more; or NULL
 * @gathered: after a step, what was gathered and is not needed any more; or NULL
 * @spare: a node for zero ranges; NULL after a step that has used it
 */
struct zxp_layer_merge {
	struct zxp_layer *from;
	struct zxp_layer *into;
	void *page;
	struct zxp_layer *gathered;
	struct zxp_zero_range *spare;
};

int zxp_layer_merge(struct zxp_layer_merge *merge);
void zxp_layer_forget(struct zxp_layer *gathered, pgoff_t index);
struct zxp_layer *zxp_layer_ungather(struct zxp_layer *layer);
unsigned int zxp_layer_level(const struct zxp_layer *layer);

/**
 * struct zxp_layer_gather - what is below a layer becomes one
 * @over: the layer
 * @into: a new one, with nothing below
 * @gfp: how its memory is had
 * @spare: a node for zero ranges; NULL after a step that has used it
 * @from: the layer that is looked at
 * @limit: of all from @over down to the one above @from
 * @index: the next page of @from to look at
 * @zeroes: its pages are done, these are its zero ranges
 */
struct zxp_layer_gather {
	struct zxp_layer *over;
	struct zxp_layer *into;
	gfp_t gfp;
	struct zxp_zero_range *spare;
	struct zxp_layer *from;
	pgoff_t limit;
	pgoff_t index;
	bool zeroes;
};

/* layer_gather.c */
void zxp_layer_gather_begin(struct zxp_layer_gather *gather, struct zxp_layer *over,
			    struct zxp_layer *into, gfp_t gfp);
int zxp_layer_gather(struct zxp_layer_gather *gather);
struct zxp_layer *zxp_layer_gather_end(struct zxp_layer_gather *gather);
struct zxp_layer *zxp_layer_to_gather(struct zxp_layer *open);

/* For who sees a page no more layers are looked at, see zxp_layer_find_seers(). */
#define ZXP_SEERS_STEPS		1024
/* Nor more than these to count them, see zxp_layer_next_seen(). */
#define ZXP_SHARERS_STEPS	(16 * ZXP_SEERS_STEPS)
/* And for two who see most of a layer. */
#define ZXP_PAIR_STEPS		16

/**
 * struct zxp_layer_seers - who sees a page of a layer
 * @owner: the layer; NULL if that was not looked for
 * @only: the top of who sees it, if @nr is 1
 * @nr: how many; 2 stands for more, and for too many to look at
 * @steps: how many layers were looked at
 */
struct zxp_layer_seers {
	struct zxp_layer *owner;
	struct zxp_layer *only;
	unsigned int nr;
	unsigned int steps;
};

/* sharers.c */
void zxp_layer_find_seers(struct zxp_layer *top, pgoff_t index,
			  struct zxp_layer_seers *seers);
void *zxp_layer_next_unshared(struct zxp_layer *layer, pgoff_t *index, pgoff_t end,
			      unsigned int *budget, struct zxp_layer_seers *seers);
int zxp_layer_move(struct zxp_layer *owner, pgoff_t index, struct zxp_layer *into);
void zxp_layer_drop(struct zxp_layer *owner, pgoff_t index);
unsigned int zxp_layer_next_seen(struct zxp_layer *top, pgoff_t *index, pgoff_t end,
				 unsigned int *budget);

#endif /* _ZXPAGER_LAYER_H */

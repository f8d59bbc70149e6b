/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the suites about layers share.
 */
#ifndef _ZXPAGER_KUNIT_LAYER_TEST_H
#define _ZXPAGER_KUNIT_LAYER_TEST_H

#include "../layer.h"

#define ZXP_NODES		8
#define ZXP_NODE_PAGES		32
/* More pages than all layers of so many nodes can have, and than there are letters. */
#define ZXP_NODE_IDS		1024

/* What a node sees at an index, if it is not the number of a page. */
#define ZXP_VIEW_ROOT		0
#define ZXP_VIEW_ZERO		(-1)
#define ZXP_VIEW_LOST		(-2)

/**
 * struct zxp_nodes - children of a root, as the module has them
 * @bottom: below all layers
 * @open: the layer for before-images, if any
 * @top: of each child; NULL if there is none of that number
 * @used: by its number, is the page in a layer?
 * @nr_used: how many are
 * @seers: by its number, how many see the page that is not in their own top
 * @nr_layers: how many there are above the bottom
 * @nr_gathered: how many of them were gathered of others
 * @gathers: how often it was gathered
 * @max: no child looks at more layers for a page
 * @wrong: how many pages were dropped that were in no layer
 * @steps: a merge, or gathering, has no memory any more after so many steps
 * @stuck: a merge has not come to its end, so a layer may be there for a single other one
 * @stepped: called after each step of a merge or of gathering, if it is there
 */
struct zxp_nodes {
	struct zxp_layer bottom;
	struct zxp_layer *open;
	struct zxp_layer *top[ZXP_NODES];
	bool used[ZXP_NODE_IDS];
	unsigned int nr_used;
	unsigned char seers[ZXP_NODE_IDS];
	unsigned int nr_layers;
	unsigned int nr_gathered;
	unsigned long gathers;
	unsigned int max;
	unsigned int wrong;
	unsigned int steps;
	bool stuck;
	void (*stepped)(struct zxp_nodes *nodes);
};

/* layer_nodes.c */
void zxp_nodes_init(struct zxp_nodes *nodes);
void zxp_nodes_exit(struct zxp_nodes *nodes);
bool zxp_nodes_add(struct zxp_nodes *nodes, unsigned int node, pgoff_t start, pgoff_t limit);
bool zxp_nodes_snapshot(struct zxp_nodes *nodes, unsigned int node, pgoff_t start,
			pgoff_t limit);
bool zxp_nodes_keep(struct zxp_nodes *nodes, pgoff_t index, int id);
bool zxp_nodes_keep_zero(struct zxp_nodes *nodes, pgoff_t index);
void zxp_nodes_break(struct zxp_nodes *nodes);
bool zxp_nodes_gather(struct zxp_nodes *nodes, struct zxp_layer *over);
bool zxp_nodes_fork(struct zxp_nodes *nodes, unsigned int parent, unsigned int node,
		    pgoff_t start, pgoff_t limit);
bool zxp_nodes_set(struct zxp_nodes *nodes, unsigned int node, pgoff_t index, int id);
bool zxp_nodes_zero(struct zxp_nodes *nodes, unsigned int node, pgoff_t start,
		    pgoff_t end);
void zxp_nodes_shrink(struct zxp_nodes *nodes, unsigned int node, pgoff_t limit);
void zxp_nodes_cut(struct zxp_nodes *nodes, pgoff_t limit);
void zxp_nodes_remove(struct zxp_nodes *nodes, unsigned int node);
enum zxp_seen zxp_nodes_find(struct zxp_nodes *nodes, unsigned int node, pgoff_t index,
			     int *view);
struct zxp_layer *zxp_nodes_next_layer(struct zxp_nodes *nodes, struct zxp_layer *layer);
bool zxp_nodes_are_sound(struct zxp_nodes *nodes);

/**
 * struct zxp_layer_model - what children see, page by page and without layers
 * @used: is there a node of that number?
 * @start: where each begins
 * @view: ZXP_VIEW_* or the number of a page; as long as that is what the root has there, it is
 *	seen of the root
 * @root: the number of what the root has, with each change another one
 * @zero: is that zeroes?
 */
struct zxp_layer_model {
	bool used[ZXP_NODES];
	pgoff_t start[ZXP_NODES];
	int view[ZXP_NODES][ZXP_NODE_PAGES];
	int root[ZXP_NODE_PAGES];
	bool zero[ZXP_NODE_PAGES];
};

/* layer_model.c */
void zxp_layer_model_init(struct zxp_layer_model *m);
int zxp_layer_model_at(const struct zxp_layer_model *m, unsigned int node, pgoff_t index);
void zxp_layer_model_add(struct zxp_layer_model *m, unsigned int node, pgoff_t start,
			 pgoff_t limit);
void zxp_layer_model_snapshot(struct zxp_layer_model *m, unsigned int node, pgoff_t start,
			      pgoff_t limit);
void zxp_layer_model_fork(struct zxp_layer_model *m, unsigned int parent,
			  unsigned int node, pgoff_t start, pgoff_t limit);
void zxp_layer_model_zero(struct zxp_layer_model *m, unsigned int node, pgoff_t start,
			  pgoff_t end);
void zxp_layer_model_cut(struct zxp_layer_model *m, pgoff_t limit);
void zxp_layer_model_lose(struct zxp_layer_model *m, pgoff_t index, int view);
unsigned int zxp_layer_model_seers(const struct zxp_layer_model *m, pgoff_t index, int id);
bool zxp_layer_model_clip(const struct zxp_layer_model *m, unsigned int node,
			  pgoff_t index, pgoff_t *start, pgoff_t *end);
pgoff_t zxp_layer_model_run(const struct zxp_layer_model *m, unsigned int node,
			    pgoff_t index, pgoff_t end);
pgoff_t zxp_layer_model_next_root(const struct zxp_layer_model *m, unsigned int node,
				  pgoff_t index, pgoff_t end);

/* With as much time as it takes. */
static inline pgoff_t zxp_layer_find_root(struct zxp_layer *top, pgoff_t index, pgoff_t end)
{
	unsigned int budget = UINT_MAX;

	return zxp_layer_next_root(top, index, end, &budget);
}

#endif /* _ZXPAGER_KUNIT_LAYER_TEST_H */

// SPDX-License-Identifier: GPL-2.0
/*
 * What children see, as an array for each: what layers have to come to, however they are
 * made, gathered and merged. A child of a child is a copy of the whole array.
 */
#include <linux/string.h>

#include "layer_test.h"

void zxp_layer_model_add(struct zxp_layer_model *m, unsigned int node, pgoff_t start,
			 pgoff_t limit)
{
	m->used[node] = true;
	m->start[node] = start;
	memset(m->view[node], 0, sizeof(m->view[node]));
	zxp_layer_model_zero(m, node, limit, ZXP_NODE_PAGES);
}

void zxp_layer_model_fork(struct zxp_layer_model *m, unsigned int parent,
			  unsigned int node, pgoff_t start, pgoff_t limit)
{
	m->used[node] = true;
	m->start[node] = start;
	memcpy(m->view[node], m->view[parent], sizeof(m->view[node]));
	zxp_layer_model_zero(m, node, limit, ZXP_NODE_PAGES);
}

/* Also what a shrink comes to. */
void zxp_layer_model_zero(struct zxp_layer_model *m, unsigned int node, pgoff_t start,
			  pgoff_t end)
{
	for (; start < end; start++)
		m->view[node][start] = ZXP_VIEW_ZERO;
}

/* The root shrinks. */
void zxp_layer_model_cut(struct zxp_layer_model *m, pgoff_t limit)
{
	unsigned int node;
	pgoff_t index;

	for (node = 0; node < ZXP_NODES; node++)
		for (index = limit; index < ZXP_NODE_PAGES; index++)
			if (m->view[node][index] == ZXP_VIEW_ROOT)
				m->view[node][index] = ZXP_VIEW_ZERO;
}

/* How many see a page? */
unsigned int zxp_layer_model_seers(const struct zxp_layer_model *m, pgoff_t index, int id)
{
	unsigned int node, seers = 0;

	for (node = 0; node < ZXP_NODES; node++)
		seers += m->used[node] && index >= m->start[node] &&
			 m->view[node][index] == id;
	return seers;
}

bool zxp_layer_model_clip(const struct zxp_layer_model *m, unsigned int node,
			  pgoff_t index, pgoff_t *start, pgoff_t *end)
{
	const int *view = m->view[node];
	pgoff_t from = index, to = index;

	while (to < *end && view[to] == ZXP_VIEW_ROOT)
		to++;
	if (to == index)
		return false;
	while (from > *start && view[from - 1] == ZXP_VIEW_ROOT)
		from--;
	*start = from;
	*end = to;
	return true;
}

/* How far does it go on seeing the root, or zeroes, or only this page? */
pgoff_t zxp_layer_model_run(const struct zxp_layer_model *m, unsigned int node,
			    pgoff_t index, pgoff_t end)
{
	int view = m->view[node][index];

	if (view != ZXP_VIEW_ROOT && view != ZXP_VIEW_ZERO)
		return index + 1;
	while (index < end && m->view[node][index] == view)
		index++;
	return index;
}

pgoff_t zxp_layer_model_next_root(const struct zxp_layer_model *m, unsigned int node,
				  pgoff_t index, pgoff_t end)
{
	while (index < end && m->view[node][index] != ZXP_VIEW_ROOT)
		index++;
	return index;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * What children see, as an array for each: what layers have to come to, however they are
 * made, gathered and merged. A child of a child is a copy of the whole array, and a snapshot
 * is one of that of the root.
 */
#include <linux/string.h>

#include "layer_test.h"

void zxp_layer_model_init(struct zxp_layer_model *m)
{
	pgoff_t index;

	for (index = 0; index < ZXP_NODE_PAGES; index++)
		m->root[index] = 1 + index;
}

/* As layers tell it. */
int zxp_layer_model_at(const struct zxp_layer_model *m, unsigned int node, pgoff_t index)
{
	int view = m->view[node][index];

	return view == m->root[index] ? ZXP_VIEW_ROOT : view;
}

void zxp_layer_model_add(struct zxp_layer_model *m, unsigned int node, pgoff_t start,
			 pgoff_t limit)
{
	m->used[node] = true;
	m->start[node] = start;
	memset(m->view[node], 0, sizeof(m->view[node]));
	zxp_layer_model_zero(m, node, limit, ZXP_NODE_PAGES);
}

void zxp_layer_model_snapshot(struct zxp_layer_model *m, unsigned int node, pgoff_t start,
			      pgoff_t limit)
{
	m->used[node] = true;
	m->start[node] = start;
	memcpy(m->view[node], m->root, sizeof(m->view[node]));
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
			if (zxp_layer_model_at(m, node, index) == ZXP_VIEW_ROOT)
				m->view[node][index] = ZXP_VIEW_ZERO;
}

/* Who has what the root has here at this moment has this from now on. */
void zxp_layer_model_lose(struct zxp_layer_model *m, pgoff_t index, int view)
{
	unsigned int node;

	for (node = 0; node < ZXP_NODES; node++)
		if (m->view[node][index] == m->root[index])
			m->view[node][index] = view;
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
	pgoff_t from = index, to = index;

	while (to < *end && zxp_layer_model_at(m, node, to) == ZXP_VIEW_ROOT)
		to++;
	if (to == index)
		return false;
	while (from > *start && zxp_layer_model_at(m, node, from - 1) == ZXP_VIEW_ROOT)
		from--;
	*start = from;
	*end = to;
	return true;
}

/* How far does it go on seeing the root, or zeroes, or what is lost, or only this page? */
pgoff_t zxp_layer_model_run(const struct zxp_layer_model *m, unsigned int node,
			    pgoff_t index, pgoff_t end)
{
	int view = zxp_layer_model_at(m, node, index);

	if (view > 0)
		return index + 1;
	while (index < end && zxp_layer_model_at(m, node, index) == view)
		index++;
	return index;
}

pgoff_t zxp_layer_model_next_root(const struct zxp_layer_model *m, unsigned int node,
				  pgoff_t index, pgoff_t end)
{
	while (index < end && zxp_layer_model_at(m, node, index) != ZXP_VIEW_ROOT)
		index++;
	return index;
}

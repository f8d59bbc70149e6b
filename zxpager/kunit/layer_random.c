// SPDX-License-Identifier: GPL-2.0
/*
 * Layers against the model of layer_model.c: the same random operations on both, and then
 * all that each child sees is compared, also after each step of a merge. What a missing page
 * of the root is supplied with is what it has, so that is no operation.
 */
#include <linux/sched.h>

#include "kunit.h"
#include "layer_test.h"

/**
 * struct zxp_layer_pair - the same children twice
 * @nodes: as they are
 * @model: as they should be
 * @dice: what happens
 * @same: were they the same after each step of a merge?
 * @may_stick: there is no memory at times
 * @what: the last operation, for the log
 * @node: of which node
 */
struct zxp_layer_pair {
	struct zxp_nodes nodes;
	struct zxp_layer_model model;
	struct rnd_state dice;
	bool same;
	bool may_stick;
	const char *what;
	unsigned int node;
};

static bool zxp_layer_same_page(struct zxp_layer_pair *pair, unsigned int node,
				pgoff_t index)
{
	int view, expected = zxp_layer_model_at(&pair->model, node, index);
	enum zxp_seen seen = zxp_nodes_find(&pair->nodes, node, index, &view);

	if (view != expected)
		return false;
	/* A page that is stored to is nobody else's. */
	return seen != ZXP_SEEN_TOP ||
	       zxp_layer_model_seers(&pair->model, index, view) == 1;
}

static bool zxp_layer_same_views(struct zxp_layer_pair *pair)
{
	unsigned int node;
	pgoff_t index;

	for (node = 0; node < ZXP_NODES; node++)
		for (index = pair->model.start[node];
		     pair->model.used[node] && index < ZXP_NODE_PAGES; index++)
			if (!zxp_layer_same_page(pair, node, index))
				return false;
	return true;
}

static void zxp_layer_pair_stepped(struct zxp_nodes *nodes)
{
	struct zxp_layer_pair *pair = container_of(nodes, struct zxp_layer_pair, nodes);

	pair->same &= zxp_layer_same_views(pair) && zxp_nodes_are_sound(nodes);
}

static int zxp_layer_pair_init(struct kunit *test)
{
	struct zxp_layer_pair *pair = kunit_kzalloc(test, sizeof(*pair), GFP_KERNEL);

	test->priv = pair;
	if (!pair)
		return -ENOMEM;
	zxp_nodes_init(&pair->nodes);
	zxp_layer_model_init(&pair->model);
	zxp_kunit_dice(test, &pair->dice);
	pair->nodes.stepped = zxp_layer_pair_stepped;
	/* So that it is gathered often. */
	pair->nodes.max = 3;
	pair->same = true;
	return 0;
}

static void zxp_layer_pair_exit(struct kunit *test)
{
	struct zxp_layer_pair *pair = test->priv;

	if (pair)
		zxp_nodes_exit(&pair->nodes);
}

/* A node that is there, or one that is not; %ZXP_NODES if there is none. */
static unsigned int zxp_layer_pick(struct zxp_layer_pair *pair, bool used)
{
	unsigned int node = zxp_roll(&pair->dice, ZXP_NODES), i;

	for (i = 0; i < ZXP_NODES; i++, node = (node + 1) % ZXP_NODES)
		if (pair->model.used[node] == used)
			return node;
	return ZXP_NODES;
}

/* A page of a node, or where one of its children begins. */
static pgoff_t zxp_layer_roll_page(struct zxp_layer_pair *pair, unsigned int node)
{
	pgoff_t start = pair->model.start[node];

	return start + zxp_roll(&pair->dice, ZXP_NODE_PAGES - start);
}

/* Where a child of the root begins. */
static pgoff_t zxp_layer_roll_start(struct zxp_layer_pair *pair)
{
	return zxp_roll(&pair->dice, 2) * zxp_roll(&pair->dice, ZXP_NODE_PAGES);
}

static unsigned int zxp_layer_roll_limit(struct zxp_layer_pair *pair)
{
	return zxp_roll(&pair->dice, 2) ? ZXP_NODE_PAGES :
					  1 + zxp_roll(&pair->dice, ZXP_NODE_PAGES);
}

/* How far the operation comes, if it needs memory for each step. */
static void zxp_layer_roll_steps(struct zxp_layer_pair *pair)
{
	pair->nodes.steps = UINT_MAX;
	if (pair->may_stick && !zxp_roll(&pair->dice, 4))
		pair->nodes.steps = zxp_roll(&pair->dice, 6);
}

static bool zxp_layer_try_add(struct zxp_layer_pair *pair)
{
	unsigned int node = zxp_layer_pick(pair, false);
	pgoff_t start = zxp_layer_roll_start(pair);
	pgoff_t limit = zxp_layer_roll_limit(pair);

	pair->what = "add";
	if (node == ZXP_NODES)
		return true;
	zxp_layer_model_add(&pair->model, node, start, limit);
	return zxp_nodes_add(&pair->nodes, node, start, limit);
}

static bool zxp_layer_try_snapshot(struct zxp_layer_pair *pair)
{
	unsigned int node = zxp_layer_pick(pair, false);
	pgoff_t start = zxp_layer_roll_start(pair);
	pgoff_t limit = zxp_layer_roll_limit(pair);

	pair->what = "snapshot";
	if (node == ZXP_NODES)
		return true;
	zxp_layer_roll_steps(pair);
	zxp_layer_model_snapshot(&pair->model, node, start, limit);
	return zxp_nodes_snapshot(&pair->nodes, node, start, limit);
}

/* One that is not made in the end. */
static bool zxp_layer_try_undo(struct zxp_layer_pair *pair)
{
	struct zxp_nodes *nodes = &pair->nodes;
	struct zxp_layer layer;
	bool same;

	pair->what = "undo";
	zxp_layer_init(&layer);
	zxp_layer_open(&layer, &nodes->bottom, nodes->open, zxp_layer_roll_limit(pair));
	same = zxp_layer_same_views(pair);
	zxp_layer_reopen(&layer, nodes->open);
	return same;
}

static bool zxp_layer_try_fork(struct zxp_layer_pair *pair, unsigned int parent)
{
	unsigned int node = zxp_layer_pick(pair, false);
	pgoff_t start = zxp_roll(&pair->dice, 2) ? zxp_layer_roll_page(pair, parent) :
						   pair->model.start[parent];
	pgoff_t limit = zxp_layer_roll_limit(pair);

	pair->what = "fork";
	if (node == ZXP_NODES)
		return true;
	zxp_layer_roll_steps(pair);
	zxp_layer_model_fork(&pair->model, parent, node, start, limit);
	return zxp_nodes_fork(&pair->nodes, parent, node, start, limit);
}

/* A number that is no page's, and not what the root has. */
static int zxp_layer_new_id(struct zxp_layer_pair *pair)
{
	pgoff_t index;
	int id;

	for (id = 1; id < ZXP_NODE_IDS; id++) {
		for (index = 0; index < ZXP_NODE_PAGES; index++)
			if (pair->model.root[index] == id)
				break;
		if (index == ZXP_NODE_PAGES && !pair->nodes.used[id])
			break;
	}
	return id;
}

static bool zxp_layer_try_set(struct zxp_layer_pair *pair, unsigned int node)
{
	pgoff_t index = zxp_layer_roll_page(pair, node);
	int id = zxp_layer_new_id(pair), view;

	pair->what = "set";
	if (id == ZXP_NODE_IDS)
		return false;
	if (zxp_nodes_find(&pair->nodes, node, index, &view) == ZXP_SEEN_TOP)
		return true;
	pair->model.view[node][index] = id;
	return zxp_nodes_set(&pair->nodes, node, index, id);
}

static bool zxp_layer_try_zero(struct zxp_layer_pair *pair, unsigned int node)
{
	pgoff_t start = zxp_layer_roll_page(pair, node);
	pgoff_t end = start + 1 + zxp_roll(&pair->dice, min(ZXP_NODE_PAGES - start, 6UL));

	pair->what = "zero";
	zxp_layer_model_zero(&pair->model, node, start, end);
	return zxp_nodes_zero(&pair->nodes, node, start, end);
}

static bool zxp_layer_try_shrink(struct zxp_layer_pair *pair, unsigned int node)
{
	pgoff_t limit = zxp_layer_roll_limit(pair);

	pair->what = "shrink";
	zxp_layer_model_zero(&pair->model, node, limit, ZXP_NODE_PAGES);
	zxp_nodes_shrink(&pair->nodes, node, limit);
	return true;
}

/* The root has something else there, and what it has had is kept before. */
static bool zxp_layer_change(struct zxp_layer_pair *pair, pgoff_t index, bool zero)
{
	struct zxp_layer_model *m = &pair->model;
	int id = zxp_layer_new_id(pair);
	bool kept;

	if (id == ZXP_NODE_IDS)
		return false;
	if (m->zero[index] && zxp_roll(&pair->dice, 2)) {
		zxp_layer_model_lose(m, index, ZXP_VIEW_ZERO);
		kept = zxp_nodes_keep_zero(&pair->nodes, index);
	} else {
		kept = zxp_nodes_keep(&pair->nodes, index, m->root[index]);
	}
	m->root[index] = id;
	m->zero[index] = zero;
	return kept;
}

static bool zxp_layer_try_root_store(struct zxp_layer_pair *pair)
{
	pgoff_t start = zxp_roll(&pair->dice, ZXP_NODE_PAGES);
	pgoff_t end = start + 1 + zxp_roll(&pair->dice, min(ZXP_NODE_PAGES - start, 4UL));
	bool kept = true;

	pair->what = "store by the root";
	for (; kept && start < end; start++)
		kept = zxp_layer_change(pair, start, false);
	return kept;
}

/* What is zero already does not change. */
static bool zxp_layer_zero_root(struct zxp_layer_pair *pair, pgoff_t start, pgoff_t end)
{
	bool kept = true;

	for (; kept && start < end; start++)
		if (!pair->model.zero[start])
			kept = zxp_layer_change(pair, start, true);
	return kept;
}

static bool zxp_layer_try_root_zero(struct zxp_layer_pair *pair)
{
	pgoff_t start = zxp_roll(&pair->dice, ZXP_NODE_PAGES);
	pgoff_t end = start + 1 + zxp_roll(&pair->dice, min(ZXP_NODE_PAGES - start, 6UL));

	pair->what = "zeroes in the root";
	return zxp_layer_zero_root(pair, start, end);
}

static bool zxp_layer_try_break(struct zxp_layer_pair *pair)
{
	pgoff_t index;

	pair->what = "break";
	for (index = 0; index < ZXP_NODE_PAGES; index++)
		zxp_layer_model_lose(&pair->model, index, ZXP_VIEW_LOST);
	zxp_nodes_break(&pair->nodes);
	return true;
}

static bool zxp_layer_try_cut(struct zxp_layer_pair *pair)
{
	pgoff_t limit = zxp_layer_roll_limit(pair);

	pair->what = "cut";
	if (!zxp_layer_zero_root(pair, limit, ZXP_NODE_PAGES))
		return false;
	zxp_layer_model_cut(&pair->model, limit);
	zxp_nodes_cut(&pair->nodes, limit);
	return true;
}

static bool zxp_layer_try_remove(struct zxp_layer_pair *pair, unsigned int node)
{
	pair->what = "remove";
	pair->model.used[node] = false;
	zxp_layer_roll_steps(pair);
	zxp_nodes_remove(&pair->nodes, node);
	return true;
}

/* Runs of zeroes may be told in parts, as ranges of several layers are. */
static bool zxp_layer_try_run(struct zxp_layer_pair *pair, unsigned int node, pgoff_t index,
			      pgoff_t end)
{
	pgoff_t model_end = zxp_layer_model_run(&pair->model, node, index, end), run_end = end;
	struct zxp_layer *top = pair->nodes.top[node];
	enum zxp_seen seen, found;
	void *page, *found_page;

	seen = zxp_layer_run(top, index, &run_end, &page);
	found = zxp_layer_find(top, index, &found_page);
	if (seen != found || page != found_page || run_end <= index || run_end > model_end)
		return false;
	return seen == ZXP_SEEN_ZERO || run_end == model_end;
}

static bool zxp_layer_sees_page(struct zxp_layer_pair *pair, unsigned int node, pgoff_t index,
				int *view)
{
	enum zxp_seen seen = zxp_nodes_find(&pair->nodes, node, index, view);

	return seen == ZXP_SEEN_TOP || seen == ZXP_SEEN_SHARED;
}

/* Page by page, with so little time for each call that a call comes to no page at times. */
static bool zxp_layer_try_shared(struct zxp_layer_pair *pair, unsigned int node, pgoff_t index,
				 pgoff_t end)
{
	struct zxp_layer *top = pair->nodes.top[node];
	unsigned int sharers, budget;
	pgoff_t at, next;
	int view;

	for (at = index; at < end; at = next + !!sharers) {
		next = at;
		budget = 1 + zxp_roll(&pair->dice, 8);
		sharers = zxp_layer_next_seen(top, &next, end, &budget);
		for (; at < next; at++)
			if (zxp_layer_sees_page(pair, node, at, &view))
				return false;
		if (!sharers)
			continue;
		if (!zxp_layer_sees_page(pair, node, next, &view) ||
		    sharers != zxp_layer_model_seers(&pair->model, next, view))
			return false;
	}
	return at == end;
}

/* In calls that look at a few ranges each. */
static bool zxp_layer_try_zeroes(struct zxp_layer_pair *pair, unsigned int node, pgoff_t index,
				 pgoff_t end)
{
	pgoff_t at = index, nr = 0, expected = 0;
	unsigned int budget;

	for (; index < end; index++)
		expected += zxp_layer_model_at(&pair->model, node, index) == ZXP_VIEW_ZERO;
	while (at < end) {
		budget = 1 + zxp_roll(&pair->dice, 4);
		nr += zxp_layer_count_zero(pair->nodes.top[node], &at, end, &budget);
	}
	return nr == expected;
}

static bool zxp_layer_try_queries(struct zxp_layer_pair *pair, unsigned int node)
{
	pgoff_t start = zxp_layer_roll_page(pair, node);
	pgoff_t end = start + 1 + zxp_roll(&pair->dice, ZXP_NODE_PAGES - start);
	pgoff_t index = start + zxp_roll(&pair->dice, end - start);
	pgoff_t model_start = start, model_end = end;
	struct zxp_layer *top = pair->nodes.top[node];
	bool is;

	pair->what = "queries";
	if (zxp_layer_find_root(top, index, end) !=
	    zxp_layer_model_next_root(&pair->model, node, index, end))
		return false;
	if (!zxp_layer_try_run(pair, node, index, end) ||
	    !zxp_layer_try_zeroes(pair, node, start, end) ||
	    !zxp_layer_try_shared(pair, node, start, end))
		return false;
	is = zxp_layer_clip(top, index, &start, &end);
	if (is != zxp_layer_model_clip(&pair->model, node, index, &model_start, &model_end))
		return false;
	return !is || (start == model_start && end == model_end);
}

/* One operation on both. Do they answer the same? */
static bool zxp_layer_step(struct zxp_layer_pair *pair)
{
	unsigned int what = zxp_roll(&pair->dice, 100);
	unsigned int node = zxp_layer_pick(pair, true);

	pair->node = node;
	if (what < 6)
		return zxp_layer_try_snapshot(pair);
	if (what < 8)
		return zxp_layer_try_undo(pair);
	if (what < 20)
		return zxp_layer_try_root_store(pair);
	if (what < 23)
		return zxp_layer_try_root_zero(pair);
	if (what < 24)
		return zxp_layer_try_break(pair);
	if (what < 26)
		return zxp_layer_try_cut(pair);
	if (node == ZXP_NODES || what < 30)
		return zxp_layer_try_add(pair);
	if (what < 42)
		return zxp_layer_try_fork(pair, node);
	if (what < 65)
		return zxp_layer_try_set(pair, node);
	if (what < 72)
		return zxp_layer_try_zero(pair, node);
	if (what < 74)
		return zxp_layer_try_shrink(pair, node);
	if (what < 86)
		return zxp_layer_try_queries(pair, node);
	return zxp_layer_try_remove(pair, node);
}

static void zxp_layer_compare(struct kunit *test, unsigned long operations)
{
	struct zxp_layer_pair *pair = test->priv;
	unsigned long i;

	for (i = 0; i < operations; i++) {
		bool same = zxp_layer_step(pair);

		KUNIT_ASSERT_TRUE_MSG(test, same && pair->same &&
				      zxp_layer_same_views(pair) &&
				      zxp_nodes_are_sound(&pair->nodes),
				      "operation %lu, %s of node %u", i, pair->what,
				      pair->node);
		cond_resched();
	}
	zxp_nodes_exit(&pair->nodes);
	KUNIT_EXPECT_EQ(test, pair->nodes.nr_layers, 0U);
	KUNIT_EXPECT_EQ(test, pair->nodes.nr_used, 0U);
	KUNIT_EXPECT_EQ(test, pair->nodes.wrong, 0U);
	kunit_info(test, "%lu operations, gathered %lu times\n", operations,
		   pair->nodes.gathers);
}

static void zxp_layers_are_what_the_model_is(struct kunit *test)
{
	zxp_layer_compare(test, zxp_kunit_operations(1));
}

/* What cannot go on leaves what is seen as it is, and goes on later. */
static void zxp_layers_are_what_they_are_without_memory(struct kunit *test)
{
	struct zxp_layer_pair *pair = test->priv;

	pair->may_stick = true;
	zxp_layer_compare(test, zxp_kunit_operations(1));
}

static struct kunit_case zxp_layer_random_cases[] = {
	KUNIT_CASE(zxp_layers_are_what_the_model_is),
	KUNIT_CASE(zxp_layers_are_what_they_are_without_memory),
	{}
};

struct kunit_suite zxp_layer_random_suite = {
	.name = "zxpager_layer_random",
	.init = zxp_layer_pair_init,
	.exit = zxp_layer_pair_exit,
	.test_cases = zxp_layer_random_cases,
};

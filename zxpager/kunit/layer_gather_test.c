// SPDX-License-Identifier: GPL-2.0
/*
 * What is below a layer as a single one, case by case: as much is seen, in fewer steps.
 */
#include "layer_text.h"

/* It takes the square of that, and nobody may wait for two minutes for one case. */
#define ZXP_CHAIN	(IS_ENABLED(CONFIG_KASAN) ? 250 : 1000)

/* Also of zeroes and limits, and of pages that others hide. */
static void zxp_layer_gathers_what_is_seen_below(struct kunit *test)
{
	struct zxp_layer_fixture *f = test->priv;
	struct zxp_layer *over, *gathered;

	zxp_layer_add(test, ONE, 7);
	zxp_layer_write(test, ONE, "abcd0..e");
	zxp_layer_fork(test, ONE, TWO, 6);
	zxp_layer_write(test, TWO, "f0...g");
	zxp_layer_fork(test, TWO, THREE, 8);
	zxp_layer_write(test, THREE, "..h");
	zxp_layer_fork(test, THREE, FOUR, 8);
	ZXP_EXPECT_SEEN(test, FOUR, "F0HD0G00");

	over = f->nodes.top[FOUR]->below;
	KUNIT_EXPECT_EQ(test, zxp_layer_steps(over), 3U);
	KUNIT_ASSERT_TRUE(test, zxp_nodes_gather(&f->nodes, over));
	KUNIT_EXPECT_EQ(test, zxp_layer_steps(over), 2U);
	ZXP_EXPECT_SEEN(test, ONE, "abCD0..e");
	ZXP_EXPECT_SEEN(test, TWO, "F0CD0G00");
	ZXP_EXPECT_SEEN(test, THREE, "F0HD0G00");
	ZXP_EXPECT_SEEN(test, FOUR, "F0HD0G00");
	/* There are no more pages than before, and none is there that is hidden. */
	gathered = over->gathered;
	KUNIT_EXPECT_EQ(test, gathered->nr, 3UL);
	KUNIT_EXPECT_EQ(test, gathered->limit, 6UL);
	KUNIT_EXPECT_EQ(test, f->nodes.nr_used, 8U);
	KUNIT_EXPECT_TRUE(test, zxp_nodes_are_sound(&f->nodes));
	/* The root tells it, too. */
	zxp_layer_write(test, FOUR, "...0");
	zxp_nodes_cut(&f->nodes, 5);
	KUNIT_EXPECT_EQ(test, gathered->limit, 5UL);
	ZXP_EXPECT_SEEN(test, FOUR, "F0H00G00");
}

/* A page that comes to the top of a child is stored to, so nobody looks at it elsewhere. */
static void zxp_layer_what_was_gathered_moves_as_well(struct kunit *test)
{
	struct zxp_layer_fixture *f = test->priv;
	struct zxp_layer *top;

	zxp_layer_add(test, ONE, 8);
	zxp_layer_write(test, ONE, "ab");
	zxp_layer_fork(test, ONE, TWO, 8);
	zxp_layer_write(test, TWO, "..c");
	zxp_layer_fork(test, TWO, THREE, 8);
	zxp_layer_write(test, TWO, "...d");
	KUNIT_ASSERT_TRUE(test, zxp_nodes_gather(&f->nodes, f->nodes.top[THREE]->below));
	/* The layer that had it goes into a top, which has it from then on. */
	zxp_nodes_remove(&f->nodes, TWO);
	top = f->nodes.top[THREE];
	ZXP_EXPECT_SEEN(test, THREE, "ABc.....");
	KUNIT_ASSERT_NOT_NULL(test, top->gathered);
	KUNIT_EXPECT_EQ(test, top->gathered->nr, 2UL);
	/* It is not left out where nothing else is in the top. */
	zxp_nodes_shrink(&f->nodes, THREE, 2);
	KUNIT_EXPECT_FALSE(test, zxp_layer_is_empty(top));
	ZXP_EXPECT_SEEN(test, THREE, "AB000000");
	/* Of what is below, all comes into the top, and nothing is left of it elsewhere. */
	zxp_layer_write(test, THREE, "e");
	zxp_nodes_remove(&f->nodes, ONE);
	ZXP_EXPECT_SEEN(test, THREE, "eb000000");
	KUNIT_ASSERT_NOT_NULL(test, top->gathered);
	KUNIT_EXPECT_EQ(test, top->gathered->nr, 0UL);
	KUNIT_EXPECT_EQ(test, f->nodes.nr_used, 2U);
}

/* Without memory all stays as it is. */
static void zxp_layer_gathers_all_or_nothing(struct kunit *test)
{
	struct zxp_layer_fixture *f = test->priv;
	struct zxp_layer *over;
	unsigned int steps = 0;

	zxp_layer_add(test, ONE, 8);
	zxp_layer_write(test, ONE, "a.0");
	zxp_layer_fork(test, ONE, TWO, 8);
	zxp_layer_write(test, TWO, "....b");
	zxp_layer_fork(test, TWO, THREE, 8);
	over = f->nodes.top[THREE]->below;
	do {
		KUNIT_ASSERT_NULL(test, over->gathered);
		ZXP_EXPECT_SEEN(test, THREE, "A.0.B...");
		KUNIT_EXPECT_TRUE(test, zxp_nodes_are_sound(&f->nodes));
		f->nodes.steps = steps++;
	} while (!zxp_nodes_gather(&f->nodes, over));
	KUNIT_EXPECT_GT(test, steps, 2U);
	KUNIT_EXPECT_NOT_NULL(test, over->gathered);
	ZXP_EXPECT_SEEN(test, THREE, "A.0.B...");
}

/* Each with a page of its own, so that each is a layer. */
static void zxp_layer_chain_is_looked_at_in_few_steps(struct kunit *test)
{
	struct zxp_layer_fixture *f = test->priv;
	struct zxp_nodes *nodes = &f->nodes;
	struct zxp_layer **parents;
	unsigned int i;
	int view;

	parents = kunit_kcalloc(test, ZXP_CHAIN, sizeof(*parents), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, parents);
	zxp_layer_add(test, ONE, ULONG_MAX);
	for (i = 0; i < ZXP_CHAIN; i++) {
		KUNIT_ASSERT_TRUE(test, zxp_nodes_set(nodes, ONE, i, i + 1));
		zxp_layer_fork(test, ONE, TWO, ULONG_MAX);
		parents[i] = nodes->top[ONE];
		nodes->top[ONE] = nodes->top[TWO];
		nodes->top[TWO] = NULL;
		KUNIT_ASSERT_LE(test, zxp_layer_steps(nodes->top[ONE]),
				(unsigned int)ZXP_LAYERS_MAX);
	}
	KUNIT_EXPECT_FALSE(test, nodes->stuck);
	for (i = 0; i < ZXP_CHAIN; i++) {
		KUNIT_ASSERT_EQ(test, zxp_nodes_find(nodes, ONE, i, &view),
				ZXP_SEEN_SHARED);
		KUNIT_ASSERT_EQ(test, view, (int)i + 1);
	}
	KUNIT_EXPECT_EQ(test, zxp_layer_find_root(nodes->top[ONE], 0, ULONG_MAX),
			(pgoff_t)ZXP_CHAIN);

	/* As they go the last one gets all, from the one nearest to it on. */
	for (i = ZXP_CHAIN; i--;) {
		nodes->top[TWO] = parents[i];
		zxp_nodes_remove(nodes, TWO);
	}
	KUNIT_EXPECT_EQ(test, nodes->top[ONE]->nr, (unsigned long)ZXP_CHAIN);
	KUNIT_EXPECT_EQ(test, nodes->nr_layers, 1U + nodes->nr_gathered);
	KUNIT_EXPECT_LE(test, nodes->nr_gathered, 1U);
}

/* Layers that are looked at for one page: up to the largest power, and down from it. */
#define ZXP_MANY_STEPS		(9U * ZXP_LAYERS_MAX)

/* One snapshot after another of a root that loses a page in between; see what each has. */
static void zxp_layer_many_snapshots_are_looked_at_in_few_steps(struct kunit *test)
{
	struct zxp_layer_fixture *f = test->priv;
	struct zxp_nodes *nodes = &f->nodes;
	struct zxp_layer **tops;
	unsigned int i, at, round;
	int view;

	tops = kunit_kcalloc(test, ZXP_CHAIN, sizeof(*tops), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, tops);
	for (i = 0; i < ZXP_CHAIN; i++) {
		KUNIT_ASSERT_TRUE(test, zxp_nodes_snapshot(nodes, ONE, 0, ULONG_MAX));
		KUNIT_ASSERT_TRUE(test, zxp_nodes_keep(nodes, i, i + 1));
		tops[i] = nodes->top[ONE];
		nodes->top[ONE] = NULL;
		KUNIT_ASSERT_LE(test, zxp_layer_steps(tops[0]), ZXP_MANY_STEPS);
	}
	/* Half of them go, out of turn, and the others see what they saw. */
	for (round = 0; round < 2; round++) {
		for (i = round; i < ZXP_CHAIN; i += 1 + round) {
			nodes->top[ONE] = tops[i];
			KUNIT_ASSERT_LE(test, zxp_layer_steps(tops[i]), ZXP_MANY_STEPS);
			for (at = 0; at < ZXP_CHAIN; at += 37) {
				zxp_nodes_find(nodes, ONE, at, &view);
				KUNIT_ASSERT_EQ(test, view, at < i ? ZXP_VIEW_ROOT :
						(int)at + 1);
			}
		}
		nodes->top[ONE] = NULL;
		for (i = 0; !round && i < ZXP_CHAIN; i += 2) {
			nodes->top[ONE] = tops[i * 7 % ZXP_CHAIN];
			zxp_nodes_remove(nodes, ONE);
		}
	}
	KUNIT_EXPECT_FALSE(test, nodes->stuck);
	/* The first that was lost is seen by nobody any more. */
	KUNIT_EXPECT_EQ(test, nodes->nr_used, ZXP_CHAIN - 1U);
	for (i = 1; i < ZXP_CHAIN; i += 2) {
		nodes->top[ONE] = tops[i];
		zxp_nodes_remove(nodes, ONE);
	}
	KUNIT_EXPECT_EQ(test, nodes->nr_layers, 0U);
}

static struct kunit_case zxp_layer_gather_cases[] = {
	KUNIT_CASE(zxp_layer_gathers_what_is_seen_below),
	KUNIT_CASE(zxp_layer_what_was_gathered_moves_as_well),
	KUNIT_CASE(zxp_layer_gathers_all_or_nothing),
	KUNIT_CASE(zxp_layer_chain_is_looked_at_in_few_steps),
	KUNIT_CASE(zxp_layer_many_snapshots_are_looked_at_in_few_steps),
	{}
};

struct kunit_suite zxp_layer_gather_suite = {
	.name = "zxpager_layer_gather",
	.init = zxp_layer_test_init,
	.exit = zxp_layer_test_exit,
	.test_cases = zxp_layer_gather_cases,
};

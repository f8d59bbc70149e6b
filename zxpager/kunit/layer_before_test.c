// SPDX-License-Identifier: GPL-2.0
/*
 * Snapshots of the root, case by case: what it had when they were made is kept for them, where
 * it is seen by all that are to see it.
 */
#include "layer_text.h"

/* Of what is lost twice the older one has the first, and the other one the second. */
static void zxp_layer_snapshots_see_what_there_was(struct kunit *test)
{
	struct zxp_layer_fixture *f = test->priv;

	zxp_layer_snapshot(test, ONE, 8);
	zxp_layer_snapshot(test, TWO, 4);
	KUNIT_EXPECT_EQ(test, f->nodes.nr_layers, 3U);
	zxp_layer_write(test, TWO, "..x");
	zxp_layer_lose(test, "a.b");
	zxp_layer_lose(test, "c.d");
	ZXP_EXPECT_SEEN(test, ONE, "A.B.....");
	ZXP_EXPECT_SEEN(test, TWO, "A.x.0000");
	zxp_layer_snapshot(test, THREE, 6);
	ZXP_EXPECT_SEEN(test, THREE, "......00");
	zxp_layer_lose(test, "ef...");
	ZXP_EXPECT_SEEN(test, ONE, "AFb.....");
	ZXP_EXPECT_SEEN(test, TWO, "AFx.0000");
	ZXP_EXPECT_SEEN(test, THREE, "EF....00");
	/* Behind its own end the newest one keeps what the others see. */
	zxp_layer_lose(test, ".......g");
	ZXP_EXPECT_SEEN(test, ONE, "AFb....G");
	ZXP_EXPECT_SEEN(test, THREE, "EF....00");
}

/* What a single one sees is its own, but what is open stays so as long as there is one. */
static void zxp_layer_snapshots_go(struct kunit *test)
{
	struct zxp_layer_fixture *f = test->priv;

	zxp_layer_snapshot(test, ONE, 8);
	zxp_layer_lose(test, "a");
	zxp_layer_snapshot(test, TWO, 8);
	ZXP_EXPECT_SEEN(test, ONE, "a.......");
	zxp_layer_lose(test, ".b");
	zxp_layer_snapshot(test, THREE, 8);
	zxp_layer_lose(test, "..c");
	zxp_layer_fork(test, ONE, FOUR, 8);
	ZXP_EXPECT_SEEN(test, FOUR, "ABC.....");
	zxp_nodes_remove(&f->nodes, TWO);
	zxp_nodes_remove(&f->nodes, THREE);
	zxp_layer_lose(test, "...d");
	ZXP_EXPECT_SEEN(test, ONE, "ABCD....");
	zxp_nodes_remove(&f->nodes, ONE);
	ZXP_EXPECT_SEEN(test, FOUR, "abCD....");
	zxp_layer_lose(test, "....e");
	ZXP_EXPECT_SEEN(test, FOUR, "abCDE...");
	zxp_nodes_remove(&f->nodes, FOUR);
	KUNIT_EXPECT_NULL(test, f->nodes.open);
	KUNIT_EXPECT_EQ(test, f->nodes.nr_layers, 0U);
}

/* Nothing is kept of what lies before all of them, which begin at 3, 1 and 5. */
static void zxp_layer_snapshots_of_parts(struct kunit *test)
{
	struct zxp_layer_fixture *f = test->priv;

	KUNIT_ASSERT_TRUE(test, zxp_nodes_snapshot(&f->nodes, ONE, 3, 8));
	zxp_layer_lose(test, "ab");
	KUNIT_EXPECT_EQ(test, f->nodes.nr_used, 0U);
	/* So this one is of another moment, although nothing was kept in between. */
	KUNIT_ASSERT_TRUE(test, zxp_nodes_snapshot(&f->nodes, TWO, 1, 8));
	zxp_layer_lose(test, "cd.e");
	ZXP_EXPECT_SEEN(test, ONE, ".D.E....");
	ZXP_EXPECT_SEEN(test, TWO, ".D.E....");
	KUNIT_EXPECT_EQ(test, f->nodes.nr_used, 2U);
	/* The newest keeps for the others what they see. */
	KUNIT_ASSERT_TRUE(test, zxp_nodes_snapshot(&f->nodes, THREE, 5, 8));
	zxp_layer_lose(test, "fgh");
	ZXP_EXPECT_SEEN(test, TWO, ".dHE....");
	KUNIT_EXPECT_EQ(test, f->nodes.nr_used, 4U);
}

static void zxp_layer_snapshot_is_undone(struct kunit *test)
{
	struct zxp_layer_fixture *f = test->priv;
	struct zxp_layer new;

	zxp_layer_init(&new);
	zxp_layer_snapshot(test, ONE, 4);
	zxp_layer_lose(test, "a");
	zxp_layer_open(&new, &f->nodes.bottom, f->nodes.open, 8);
	KUNIT_EXPECT_EQ(test, new.limit, 8UL);
	KUNIT_EXPECT_PTR_EQ(test, f->nodes.open->below, &new);
	zxp_layer_reopen(&new, f->nodes.open);
	KUNIT_EXPECT_TRUE(test, f->nodes.open->open);
	KUNIT_EXPECT_PTR_EQ(test, f->nodes.open->below, &f->nodes.bottom);
	zxp_layer_lose(test, ".b");
	ZXP_EXPECT_SEEN(test, ONE, "AB..0000");
}

/* Behind the end there are zeroes, as ever; all else is not known to anybody. */
static void zxp_layer_snapshots_are_lost(struct kunit *test)
{
	struct zxp_layer_fixture *f = test->priv;
	pgoff_t start = 0, end = 8;

	zxp_layer_snapshot(test, ONE, 6);
	zxp_layer_lose(test, "a");
	zxp_layer_fork(test, ONE, TWO, 8);
	zxp_layer_write(test, TWO, ".b0");
	f->nodes.open->lost = true;
	f->nodes.open->open = false;
	f->nodes.open = NULL;
	ZXP_EXPECT_SEEN(test, ONE, "A!!!!!00");
	ZXP_EXPECT_SEEN(test, TWO, "Ab0!!!00");
	KUNIT_EXPECT_FALSE(test, zxp_layer_clip(f->nodes.top[ONE], 3, &start, &end));
	KUNIT_EXPECT_EQ(test, zxp_layer_find_root(f->nodes.top[ONE], 0, 8), 8UL);
	/* The next one is another matter. */
	zxp_layer_snapshot(test, THREE, 8);
	zxp_layer_lose(test, "...c");
	ZXP_EXPECT_SEEN(test, THREE, "...C....");
	ZXP_EXPECT_SEEN(test, ONE, "A!!!!!00");
	/* Nor does it become zeroes. */
	zxp_nodes_cut(&f->nodes, 2);
	ZXP_EXPECT_SEEN(test, ONE, "A!!!!!00");
	zxp_nodes_remove(&f->nodes, ONE);
	ZXP_EXPECT_SEEN(test, TWO, "ab0!!!00");
	ZXP_EXPECT_SEEN(test, THREE, "..0C0000");
}

/* What is open changes, so it is not gathered. */
static void zxp_layer_gathers_down_to_what_is_open(struct kunit *test)
{
	struct zxp_layer_fixture *f = test->priv;
	struct zxp_layer *over;

	zxp_layer_snapshot(test, ONE, 8);
	zxp_layer_lose(test, "a");
	zxp_layer_snapshot(test, TWO, 8);
	zxp_layer_fork(test, ONE, THREE, 8);
	zxp_layer_lose(test, ".b");
	over = f->nodes.top[THREE]->below;
	KUNIT_ASSERT_PTR_NE(test, over, f->nodes.open);
	zxp_layer_write(test, THREE, "..c");
	zxp_layer_fork(test, THREE, FOUR, 8);
	over = f->nodes.top[FOUR]->below;
	KUNIT_ASSERT_TRUE(test, zxp_nodes_gather(&f->nodes, over));
	KUNIT_EXPECT_PTR_EQ(test, over->gathered->below, f->nodes.open);
	zxp_layer_lose(test, "...d");
	ZXP_EXPECT_SEEN(test, FOUR, "ABCD....");
	ZXP_EXPECT_SEEN(test, ONE, "AB.D....");
	/* What was gathered is nobody who sees it. */
	zxp_layer_expect_seers(test, FOUR, 3, 3, 4);
	zxp_nodes_remove(&f->nodes, ONE);
	zxp_nodes_remove(&f->nodes, TWO);
	zxp_layer_lose(test, "....e");
	ZXP_EXPECT_SEEN(test, FOUR, "ABCDE...");
}

static struct kunit_case zxp_layer_before_cases[] = {
	KUNIT_CASE(zxp_layer_snapshots_see_what_there_was),
	KUNIT_CASE(zxp_layer_snapshots_go),
	KUNIT_CASE(zxp_layer_snapshots_of_parts),
	KUNIT_CASE(zxp_layer_snapshot_is_undone),
	KUNIT_CASE(zxp_layer_snapshots_are_lost),
	KUNIT_CASE(zxp_layer_gathers_down_to_what_is_open),
	{}
};

struct kunit_suite zxp_layer_before_suite = {
	.name = "zxpager_layer_before",
	.init = zxp_layer_test_init,
	.exit = zxp_layer_test_exit,
	.test_cases = zxp_layer_before_cases,
};

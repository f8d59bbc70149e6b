// SPDX-License-Identifier: GPL-2.0
/*
 * Layers, case by case. Against a model, see layer_random.c.
 */
#include <linux/slab.h>

#include "layer_text.h"

static void zxp_layer_child_sees_its_root(struct kunit *test)
{
	zxp_layer_add(test, ONE, 6);
	ZXP_EXPECT_SEEN(test, ONE, "......00");
	zxp_layer_write(test, ONE, "ab.0");
	ZXP_EXPECT_SEEN(test, ONE, "ab.0..00");
	/* Zeroes take the place of a page, and a page that of zeroes. */
	zxp_layer_write(test, ONE, "0..c");
	ZXP_EXPECT_SEEN(test, ONE, "0b.c..00");
	/* Also behind the end of the root, when the child has grown. */
	zxp_layer_write(test, ONE, ".......d");
	ZXP_EXPECT_SEEN(test, ONE, "0b.c..0d");
}

static void zxp_layer_replaces_a_page(struct kunit *test)
{
	struct zxp_layer_fixture *f = test->priv;
	struct zxp_layer *top;

	zxp_layer_add(test, ONE, 8);
	zxp_layer_write(test, ONE, "a");
	top = f->nodes.top[ONE];
	KUNIT_EXPECT_PTR_EQ(test, zxp_layer_replace(top, 0, xa_mk_value('b')),
			    xa_mk_value('a'));
	ZXP_EXPECT_SEEN(test, ONE, "b.......");
	KUNIT_EXPECT_EQ(test, top->nr, 1);
	KUNIT_EXPECT_PTR_EQ(test, zxp_layer_replace(top, 0, xa_mk_value('a')),
			    xa_mk_value('b'));
}

static void zxp_layer_fork_sees_what_there_was(struct kunit *test)
{
	zxp_layer_add(test, ONE, 8);
	zxp_layer_write(test, ONE, "ab0");
	zxp_layer_fork(test, ONE, TWO, 7);
	ZXP_EXPECT_SEEN(test, ONE, "AB0.....");
	ZXP_EXPECT_SEEN(test, TWO, "AB0....0");
	/* Nobody sees what the other one does. */
	zxp_layer_write(test, ONE, "c.d");
	zxp_layer_write(test, TWO, ".0.e");
	/* And what only one sees any more is that one's own. */
	ZXP_EXPECT_SEEN(test, ONE, "cbd.....");
	ZXP_EXPECT_SEEN(test, TWO, "a00e...0");
	/* Of a child of a child as well. */
	zxp_layer_fork(test, TWO, THREE, 8);
	zxp_layer_write(test, TWO, "....fg");
	ZXP_EXPECT_SEEN(test, TWO, "A00Efg.0");
	ZXP_EXPECT_SEEN(test, THREE, "A00E...0");
}

static void zxp_layer_empty_tops_make_no_layers(struct kunit *test)
{
	struct zxp_layer_fixture *f = test->priv;

	zxp_layer_add(test, ONE, 8);
	zxp_layer_write(test, ONE, "a");
	zxp_layer_fork(test, ONE, TWO, 6);
	KUNIT_EXPECT_EQ(test, f->nodes.nr_layers, 3U);
	/* But the limit is kept. */
	zxp_layer_fork(test, TWO, THREE, 7);
	zxp_layer_fork(test, THREE, FOUR, 5);
	KUNIT_EXPECT_EQ(test, f->nodes.nr_layers, 5U);
	ZXP_EXPECT_SEEN(test, THREE, "A.....00");
	ZXP_EXPECT_SEEN(test, FOUR, "A....000");
}

static void zxp_layer_limits_hide_what_is_below(struct kunit *test)
{
	struct zxp_layer_fixture *f = test->priv;

	zxp_layer_add(test, ONE, 8);
	zxp_layer_write(test, ONE, "abcdefgh");
	zxp_layer_fork(test, ONE, TWO, 6);
	zxp_layer_write(test, TWO, ".......i");
	ZXP_EXPECT_SEEN(test, TWO, "ABCDEF0i");
	zxp_layer_fork(test, TWO, THREE, 8);
	/* A shrink takes own pages away, and hides others, for good. */
	zxp_nodes_shrink(&f->nodes, TWO, 3);
	ZXP_EXPECT_SEEN(test, TWO, "ABC00000");
	ZXP_EXPECT_SEEN(test, THREE, "ABCDEF0i");
	zxp_nodes_shrink(&f->nodes, ONE, 0);
	ZXP_EXPECT_SEEN(test, ONE, "00000000");
	ZXP_EXPECT_SEEN(test, THREE, "ABCdef0i");
}

/* It is told of by all layers on the root. */
static void zxp_layer_shrink_of_the_root_is_seen_by_all(struct kunit *test)
{
	struct zxp_layer_fixture *f = test->priv;

	zxp_layer_add(test, ONE, 8);
	zxp_layer_write(test, ONE, "a....b");
	zxp_layer_fork(test, ONE, TWO, 8);
	zxp_layer_write(test, TWO, "......c");
	zxp_nodes_cut(&f->nodes, 4);
	ZXP_EXPECT_SEEN(test, ONE, "A...0B00");
	ZXP_EXPECT_SEEN(test, TWO, "A...0Bc0");
	/* When it has grown again, others see that. */
	zxp_nodes_cut(&f->nodes, 7);
	zxp_layer_add(test, THREE, 8);
	ZXP_EXPECT_SEEN(test, THREE, "........");
	zxp_layer_fork(test, TWO, FOUR, 8);
	ZXP_EXPECT_SEEN(test, FOUR, "A...0BC0");
}

/* What the last one that sees it has is its own, whoever goes first. */
static void zxp_layer_pages_move_to_the_child(struct kunit *test)
{
	struct zxp_layer_fixture *f = test->priv;

	zxp_layer_add(test, ONE, 7);
	zxp_layer_write(test, ONE, "abc0ef0");
	zxp_layer_fork(test, ONE, TWO, 5);
	zxp_layer_write(test, TWO, "g0.h");
	ZXP_EXPECT_SEEN(test, TWO, "g0ChE000");
	KUNIT_EXPECT_EQ(test, f->nodes.nr_used, 7U);
	zxp_nodes_remove(&f->nodes, ONE);
	ZXP_EXPECT_SEEN(test, TWO, "g0che000");
	/* What is hidden is gone. */
	KUNIT_EXPECT_EQ(test, f->nodes.nr_used, 4U);
	KUNIT_EXPECT_EQ(test, f->nodes.nr_layers, 1U);
}

static void zxp_layer_pages_move_to_the_parent(struct kunit *test)
{
	struct zxp_layer_fixture *f = test->priv;

	zxp_layer_add(test, ONE, 7);
	zxp_layer_write(test, ONE, "abc0ef0");
	zxp_layer_fork(test, ONE, TWO, 5);
	zxp_layer_write(test, TWO, "g0.h");
	zxp_layer_write(test, ONE, "i");
	zxp_nodes_remove(&f->nodes, TWO);
	ZXP_EXPECT_SEEN(test, ONE, "ibc0ef00");
	KUNIT_EXPECT_EQ(test, f->nodes.nr_used, 5U);
	KUNIT_EXPECT_EQ(test, f->nodes.nr_layers, 1U);
}

/* A layer that others see is not the top of anybody, but may be seen by a single layer. */
static void zxp_layer_pages_move_to_a_layer_between(struct kunit *test)
{
	struct zxp_layer_fixture *f = test->priv;

	zxp_layer_add(test, ONE, 8);
	zxp_layer_write(test, ONE, "ad0");
	zxp_layer_fork(test, ONE, TWO, 6);
	zxp_layer_write(test, TWO, "b..0");
	zxp_layer_fork(test, TWO, THREE, 8);
	zxp_layer_write(test, THREE, "....c");
	zxp_nodes_remove(&f->nodes, ONE);
	ZXP_EXPECT_SEEN(test, TWO, "BD00..00");
	ZXP_EXPECT_SEEN(test, THREE, "BD00c.00");
	KUNIT_EXPECT_EQ(test, f->nodes.nr_layers, 3U);
	KUNIT_EXPECT_EQ(test, f->nodes.nr_used, 3U);
	zxp_nodes_remove(&f->nodes, TWO);
	ZXP_EXPECT_SEEN(test, THREE, "bd00c.00");
}

struct zxp_zeroes_meet {
	const char *name;
	const char *below;
	pgoff_t limit;
	const char *above;
	const char *seen;
	unsigned long ranges;
	pgoff_t start;
};

static const struct zxp_zeroes_meet zxp_zeroes_meet[] = {
	{ "apart", "00", 8, "...00", "00.00...", 2 },
	{ "side by side", "00", 8, "..00", "0000....", 1 },
	{ "around", "0000", 8, ".00.", "0000....", 1 },
	{ "inside", ".00", 8, "0000", "0000....", 1 },
	{ "over a gap", "00.00", 8, ".000", "00000...", 1 },
	{ "into a gap", ".000", 8, "00.00", "00000...", 1 },
	{ "two inside of one", "0.0.0", 8, "00000", "00000...", 1 },
	{ "up to the limit", "..0000", 4, "0", "0.000000", 2 },
	{ "behind the limit", "....00", 3, "0", "0..00000", 1 },
	{ "under pages", "000", 8, ".a", "0a0.....", 1 },
	{ "over pages", "abc", 8, "0.0", "0b0.....", 2 },
	{ "before the first page", "000d", 8, "...", "...d....", 0, 3 },
	{ "around the first page", "0000", 8, "....a", "..00a...", 1, 2 },
	{ "on both sides of it", "00.00", 8, "....", "...00...", 1, 2 },
};

static void zxp_zeroes_meet_name(const struct zxp_zeroes_meet *m, char *desc)
{
	strscpy(desc, m->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(zxp_zeroes_meet, zxp_zeroes_meet, zxp_zeroes_meet_name);

static void zxp_layer_zeroes_become_one(struct kunit *test)
{
	const struct zxp_zeroes_meet *m = test->param_value;
	struct zxp_layer_fixture *f = test->priv;

	zxp_layer_add(test, ONE, 8);
	zxp_layer_write(test, ONE, m->below);
	KUNIT_ASSERT_TRUE(test, zxp_nodes_fork(&f->nodes, ONE, TWO, m->start, m->limit));
	zxp_layer_write(test, TWO, m->above);
	zxp_nodes_remove(&f->nodes, ONE);
	ZXP_EXPECT_SEEN(test, TWO, m->seen);
	KUNIT_EXPECT_EQ(test, f->nodes.top[TWO]->zeroes.nr[ZXP_ZERO_MARKER], m->ranges);
}

/* A zero range needs a node, unless it goes. */
static void zxp_layer_merge_goes_on_where_memory_ended(struct kunit *test)
{
	struct zxp_layer_fixture *f = test->priv;
	struct zxp_layer_merge merge = {};

	zxp_layer_add(test, ONE, 8);
	zxp_layer_write(test, ONE, "ab.0.0");
	zxp_layer_fork(test, ONE, TWO, 8);
	/* As it is where somebody else has the page that is hidden. */
	KUNIT_ASSERT_EQ(test, zxp_layer_set(f->nodes.top[TWO], 0, xa_mk_value('c')), 0);
	f->nodes.used['c'] = true;
	f->nodes.nr_used++;
	/* The parent's top goes, but not what is below. */
	merge.from = zxp_layer_pop(f->nodes.top[ONE]);
	kfree(f->nodes.top[ONE]);
	f->nodes.top[ONE] = NULL;
	f->nodes.nr_layers--;
	f->nodes.stuck = true;
	merge.into = zxp_layer_only_above(merge.from);
	KUNIT_ASSERT_PTR_EQ(test, merge.into, f->nodes.top[TWO]);

	/* One of both pages moves; of the other nobody sees anything. */
	KUNIT_ASSERT_EQ(test, zxp_layer_merge(&merge), 1);
	KUNIT_EXPECT_PTR_EQ(test, merge.page, xa_mk_value('a'));
	f->nodes.used['a'] = false;
	f->nodes.nr_used--;
	KUNIT_ASSERT_EQ(test, zxp_layer_merge(&merge), 1);
	KUNIT_EXPECT_NULL(test, merge.page);
	KUNIT_EXPECT_EQ(test, zxp_layer_merge(&merge), -ENOMEM);
	ZXP_EXPECT_SEEN(test, TWO, "cb.0.0..");
	KUNIT_EXPECT_FALSE(test, zxp_layer_is_empty(merge.from));
	KUNIT_EXPECT_TRUE(test, zxp_nodes_are_sound(&f->nodes));

	/* The next child that goes brings it to an end. */
	zxp_layer_fork(test, TWO, THREE, 8);
	zxp_nodes_remove(&f->nodes, TWO);
	ZXP_EXPECT_SEEN(test, THREE, "cb.0.0..");
}

static void zxp_layer_clips_to_the_root(struct kunit *test)
{
	struct zxp_layer_fixture *f = test->priv;
	struct zxp_layer *top;
	pgoff_t start, end;

	zxp_layer_add(test, ONE, 7);
	zxp_layer_write(test, ONE, ".a....");
	zxp_layer_fork(test, ONE, TWO, 8);
	zxp_layer_write(test, TWO, "0....0");
	top = f->nodes.top[TWO];
	ZXP_EXPECT_SEEN(test, TWO, "0A...0.0");

	for (end = 0; end < 8; end++) {
		pgoff_t from = 0, to = 8;

		KUNIT_EXPECT_EQ(test, zxp_layer_clip(top, end, &from, &to),
				!!strchr("2346", '0' + end));
	}
	start = 0;
	end = 8;
	KUNIT_EXPECT_TRUE(test, zxp_layer_clip(top, 3, &start, &end));
	KUNIT_EXPECT_EQ(test, start, 2UL);
	KUNIT_EXPECT_EQ(test, end, 5UL);
	/* It only gets less. */
	start = 3;
	end = 4;
	KUNIT_EXPECT_TRUE(test, zxp_layer_clip(top, 3, &start, &end));
	KUNIT_EXPECT_EQ(test, start, 3UL);
	KUNIT_EXPECT_EQ(test, end, 4UL);
	start = 0;
	end = ULONG_MAX;
	KUNIT_EXPECT_TRUE(test, zxp_layer_clip(top, 6, &start, &end));
	KUNIT_EXPECT_EQ(test, start, 6UL);
	KUNIT_EXPECT_EQ(test, end, 7UL);
}

static void zxp_layer_finds_the_root_next(struct kunit *test)
{
	static const pgoff_t expected[] = { 2, 2, 2, 3, 4, 6, 6, 8, 8 };
	struct zxp_layer_fixture *f = test->priv;
	struct zxp_layer *top;
	pgoff_t i;

	zxp_layer_add(test, ONE, 7);
	zxp_layer_write(test, ONE, ".a....");
	zxp_layer_fork(test, ONE, TWO, 8);
	zxp_layer_write(test, TWO, "0....0");
	top = f->nodes.top[TWO];
	for (i = 0; i < ARRAY_SIZE(expected); i++)
		KUNIT_EXPECT_EQ(test, zxp_layer_find_root(top, i, 8), expected[i]);
	/* Not behind the end of what is asked for, nor far behind that of the layer. */
	KUNIT_EXPECT_EQ(test, zxp_layer_find_root(top, 0, 1), 1UL);
	KUNIT_EXPECT_EQ(test, zxp_layer_find_root(top, 5, 6), 6UL);
	KUNIT_EXPECT_EQ(test, zxp_layer_find_root(top, 7, ULONG_MAX), ULONG_MAX);
}

/* What is at each page, and how far that goes at least. */
static void zxp_layer_tells_runs(struct kunit *test)
{
	static const struct {
		enum zxp_seen seen;
		pgoff_t end;
	} expected[] = {
		{ ZXP_SEEN_ZERO, 1 }, { ZXP_SEEN_SHARED, 2 }, { ZXP_SEEN_ROOT, 4 },
		{ ZXP_SEEN_ROOT, 4 }, { ZXP_SEEN_TOP, 5 }, { ZXP_SEEN_ZERO, 6 },
		{ ZXP_SEEN_ROOT, 7 }, { ZXP_SEEN_ZERO, 8 },
	};
	struct zxp_layer_fixture *f = test->priv;
	struct zxp_layer *top;
	pgoff_t i, end;
	void *page;

	zxp_layer_add(test, ONE, 7);
	zxp_layer_write(test, ONE, ".a....");
	zxp_layer_fork(test, ONE, TWO, 8);
	zxp_layer_write(test, TWO, "0...b0");
	top = f->nodes.top[TWO];
	for (i = 0; i < ARRAY_SIZE(expected); i++) {
		end = 8;
		KUNIT_EXPECT_EQ(test, zxp_layer_run(top, i, &end, &page), expected[i].seen);
		KUNIT_EXPECT_EQ(test, end, expected[i].end);
	}
	/* Behind all limits there is one run, however far that is. */
	end = ULONG_MAX;
	KUNIT_EXPECT_EQ(test, zxp_layer_run(top, 8, &end, &page), ZXP_SEEN_ZERO);
	KUNIT_EXPECT_EQ(test, end, ULONG_MAX);
}

static void zxp_layer_takes_one_by_one(struct kunit *test)
{
	struct zxp_layer_fixture *f = test->priv;
	struct zxp_layer *top;
	pgoff_t index = 1;

	zxp_layer_add(test, ONE, 8);
	zxp_layer_write(test, ONE, "a.bc...d");
	top = f->nodes.top[ONE];
	KUNIT_EXPECT_EQ(test, top->nr, 4UL);
	KUNIT_EXPECT_PTR_EQ(test, zxp_layer_take(top, &index, 4), xa_mk_value('b'));
	KUNIT_EXPECT_EQ(test, index, 3UL);
	KUNIT_EXPECT_PTR_EQ(test, zxp_layer_take(top, &index, 4), xa_mk_value('c'));
	KUNIT_EXPECT_NULL(test, zxp_layer_take(top, &index, 4));
	KUNIT_EXPECT_NULL(test, zxp_layer_take(top, &index, 7));
	KUNIT_EXPECT_EQ(test, top->nr, 2UL);
	ZXP_EXPECT_SEEN(test, ONE, "a......d");
	f->nodes.used['b'] = false;
	f->nodes.used['c'] = false;
	f->nodes.nr_used -= 2;
}

/* What lies before the start of the only one that sees a layer is nobody's any more. */
static void zxp_layer_keeps_nothing_before_the_start(struct kunit *test)
{
	struct zxp_layer_fixture *f = test->priv;

	zxp_layer_add(test, ONE, 8);
	zxp_layer_write(test, ONE, "abc");
	KUNIT_ASSERT_TRUE(test, zxp_nodes_fork(&f->nodes, ONE, TWO, 2, 8));
	KUNIT_EXPECT_EQ(test, f->nodes.nr_used, 3U);
	zxp_nodes_remove(&f->nodes, ONE);
	KUNIT_EXPECT_EQ(test, f->nodes.nr_used, 1U);
	ZXP_EXPECT_SEEN(test, TWO, "..c.....");
}

static struct kunit_case zxp_layer_cases[] = {
	KUNIT_CASE(zxp_layer_child_sees_its_root),
	KUNIT_CASE(zxp_layer_replaces_a_page),
	KUNIT_CASE(zxp_layer_fork_sees_what_there_was),
	KUNIT_CASE(zxp_layer_empty_tops_make_no_layers),
	KUNIT_CASE(zxp_layer_limits_hide_what_is_below),
	KUNIT_CASE(zxp_layer_shrink_of_the_root_is_seen_by_all),
	KUNIT_CASE(zxp_layer_pages_move_to_the_child),
	KUNIT_CASE(zxp_layer_pages_move_to_the_parent),
	KUNIT_CASE(zxp_layer_pages_move_to_a_layer_between),
	KUNIT_CASE_PARAM(zxp_layer_zeroes_become_one, zxp_zeroes_meet_gen_params),
	KUNIT_CASE(zxp_layer_merge_goes_on_where_memory_ended),
	KUNIT_CASE(zxp_layer_clips_to_the_root),
	KUNIT_CASE(zxp_layer_tells_runs),
	KUNIT_CASE(zxp_layer_finds_the_root_next),
	KUNIT_CASE(zxp_layer_takes_one_by_one),
	KUNIT_CASE(zxp_layer_keeps_nothing_before_the_start),
	{}
};

struct kunit_suite zxp_layer_suite = {
	.name = "zxpager_layer",
	.init = zxp_layer_test_init,
	.exit = zxp_layer_test_exit,
	.test_cases = zxp_layer_cases,
};

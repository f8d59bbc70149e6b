// SPDX-License-Identifier: GPL-2.0
/*
 * Layers, case by case. What a child sees is written as a string with a letter a page: "."
 * for the root's, "0" for zeroes, a small letter for a page of its own, and a capital one
 * for one of a layer below, and "!" for what is lost. Against a model, see layer_random.c.
 */
#include <linux/ctype.h>
#include <linux/slab.h>

#include "kunit.h"
#include "layer_test.h"

#define ZXP_TEXT	8
#define ZXP_CHAIN	1000

/**
 * struct zxp_layer_fixture - children, and what is to be seen of one
 * @nodes: the children
 * @text: zxp_layer_show() writes here
 */
struct zxp_layer_fixture {
	struct zxp_nodes nodes;
	char text[ZXP_TEXT + 1];
};

/* Numbers of children. */
enum { ONE, TWO, THREE, FOUR };

static int zxp_layer_test_init(struct kunit *test)
{
	struct zxp_layer_fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	test->priv = f;
	if (!f)
		return -ENOMEM;
	zxp_nodes_init(&f->nodes);
	return 0;
}

static void zxp_layer_test_exit(struct kunit *test)
{
	struct zxp_layer_fixture *f = test->priv;

	if (!f)
		return;
	KUNIT_EXPECT_TRUE(test, zxp_nodes_are_sound(&f->nodes));
	zxp_nodes_exit(&f->nodes);
	KUNIT_EXPECT_EQ(test, f->nodes.nr_layers, 0U);
	KUNIT_EXPECT_EQ(test, f->nodes.nr_used, 0U);
	KUNIT_EXPECT_EQ(test, f->nodes.wrong, 0U);
}

/* Give a child pages where there are letters, and zeroes where there is a "0". */
static void zxp_layer_write(struct kunit *test, unsigned int node, const char *text)
{
	struct zxp_layer_fixture *f = test->priv;
	unsigned int i;

	for (i = 0; text[i]; i++) {
		if (text[i] == '0')
			KUNIT_ASSERT_TRUE(test, zxp_nodes_zero(&f->nodes, node, i, i + 1));
		if (islower(text[i]))
			KUNIT_ASSERT_TRUE(test, zxp_nodes_set(&f->nodes, node, i, text[i]));
	}
}

static const char *zxp_layer_show(struct zxp_layer_fixture *f, unsigned int node)
{
	unsigned int i;
	int view;

	for (i = 0; i < ZXP_TEXT; i++) {
		switch (zxp_nodes_find(&f->nodes, node, i, &view)) {
		case ZXP_SEEN_TOP:
			f->text[i] = view;
			break;
		case ZXP_SEEN_SHARED:
			f->text[i] = toupper(view);
			break;
		case ZXP_SEEN_ZERO:
			f->text[i] = '0';
			break;
		case ZXP_SEEN_ROOT:
			f->text[i] = '.';
			break;
		case ZXP_SEEN_LOST:
			f->text[i] = '!';
			break;
		}
	}
	return f->text;
}

#define ZXP_EXPECT_SEEN(_test, node, expected)	do {				\
	struct kunit *__test = (_test);						\
										\
	KUNIT_EXPECT_STREQ(__test, zxp_layer_show(__test->priv, node), expected); \
} while (0)

static void zxp_layer_add(struct kunit *test, unsigned int node, pgoff_t limit)
{
	struct zxp_layer_fixture *f = test->priv;

	KUNIT_ASSERT_TRUE(test, zxp_nodes_add(&f->nodes, node, 0, limit));
}

static void zxp_layer_fork(struct kunit *test, unsigned int parent, unsigned int node,
			   pgoff_t limit)
{
	struct zxp_layer_fixture *f = test->priv;

	KUNIT_ASSERT_TRUE(test, zxp_nodes_fork(&f->nodes, parent, node, 0, limit));
}

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
	zxp_layer_fork(test, ONE, TWO, m->limit);
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

/* The root loses what it has at some pages, a letter each. */
static void zxp_layer_lose(struct kunit *test, const char *text)
{
	struct zxp_layer_fixture *f = test->priv;
	unsigned int i;

	for (i = 0; text[i]; i++)
		if (islower(text[i]))
			KUNIT_ASSERT_TRUE(test, zxp_nodes_keep(&f->nodes, i, text[i]));
}

static void zxp_layer_snapshot(struct kunit *test, unsigned int node, pgoff_t limit)
{
	struct zxp_layer_fixture *f = test->priv;

	KUNIT_ASSERT_TRUE(test, zxp_nodes_snapshot(&f->nodes, node, limit));
}

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

/* From a page on, the next one that is its own or shared, and how many see it. */
static void zxp_layer_expect_seers(struct kunit *test, unsigned int node, pgoff_t from,
				   pgoff_t page, unsigned int nr)
{
	struct zxp_layer_fixture *f = test->priv;
	unsigned int budget = UINT_MAX;
	pgoff_t index = from;

	KUNIT_EXPECT_EQ_MSG(test, nr, zxp_layer_next_seen(f->nodes.top[node], &index, 8,
							  &budget),
			    "node %u from page %lu", node, from);
	KUNIT_EXPECT_EQ_MSG(test, index, page, "node %u from page %lu", node, from);
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

/* Not who begins behind it, ends before it, or has something in its place. */
static void zxp_layer_tells_sharers(struct kunit *test)
{
	struct zxp_layer_fixture *f = test->priv;

	zxp_layer_add(test, ONE, 8);
	zxp_layer_write(test, ONE, ".ab..c");
	zxp_layer_expect_seers(test, ONE, 0, 1, 1);
	zxp_layer_expect_seers(test, ONE, 6, 8, 0);
	zxp_layer_fork(test, ONE, TWO, 8);
	KUNIT_ASSERT_TRUE(test, zxp_nodes_fork(&f->nodes, ONE, THREE, 2, 8));
	zxp_layer_fork(test, TWO, FOUR, 5);
	zxp_layer_expect_seers(test, ONE, 0, 1, 3);
	zxp_layer_expect_seers(test, ONE, 2, 2, 4);
	zxp_layer_expect_seers(test, ONE, 3, 5, 3);
	zxp_layer_expect_seers(test, FOUR, 3, 8, 0);
	zxp_layer_write(test, TWO, ".d0");
	zxp_layer_expect_seers(test, TWO, 0, 1, 1);
	zxp_layer_expect_seers(test, TWO, 2, 5, 3);
	zxp_layer_expect_seers(test, THREE, 2, 2, 3);
	zxp_nodes_remove(&f->nodes, ONE);
	zxp_layer_expect_seers(test, FOUR, 0, 1, 1);
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

/* What was gathered of a page goes with it, also where its layer has others above. */
static void zxp_layer_what_nobody_sees_goes(struct kunit *test)
{
	struct zxp_layer_fixture *f = test->priv;
	struct zxp_layer *over;

	zxp_layer_add(test, ONE, 8);
	zxp_layer_write(test, ONE, "abc");
	zxp_layer_fork(test, ONE, TWO, 8);
	zxp_layer_write(test, TWO, "...d");
	zxp_layer_fork(test, TWO, THREE, 8);
	over = f->nodes.top[THREE]->below;
	KUNIT_ASSERT_TRUE(test, zxp_nodes_gather(&f->nodes, over));
	KUNIT_EXPECT_EQ(test, over->gathered->nr, 3UL);
	/* By two of three, and then by one, whose it is. */
	zxp_layer_write(test, ONE, "e0");
	KUNIT_EXPECT_EQ(test, over->gathered->nr, 3UL);
	zxp_layer_write(test, TWO, "f0");
	ZXP_EXPECT_SEEN(test, THREE, "abCD....");
	KUNIT_EXPECT_EQ(test, over->gathered->nr, 1UL);
	KUNIT_EXPECT_EQ(test, f->nodes.nr_used, 6U);
	/* A store to that needs no other page. */
	zxp_layer_write(test, THREE, "gh");
	KUNIT_EXPECT_EQ(test, f->nodes.nr_used, 6U);
	zxp_nodes_shrink(&f->nodes, ONE, 2);
	zxp_nodes_shrink(&f->nodes, TWO, 2);
	ZXP_EXPECT_SEEN(test, THREE, "ghcd....");
	KUNIT_EXPECT_EQ(test, over->gathered->nr, 0UL);
}

/*
 * Siblings store to what they share, in the order in which they were made, but for the first
 * one, which is silent. Who has stored is not looked at by each that comes later.
 */
static void zxp_layer_who_has_stored_is_passed_once(struct kunit *test)
{
	unsigned int i, nr = 300, steps = 0;
	struct zxp_layer owner, root, *above;
	struct zxp_layer_seers seers;

	above = kunit_kcalloc(test, nr, sizeof(*above), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, above);
	zxp_layer_init(&root);
	zxp_layer_init(&owner);
	zxp_layer_push(&owner, &root, 8);
	KUNIT_ASSERT_EQ(test, zxp_layer_set(&owner, 0, xa_mk_value(1)), 0);
	for (i = 0; i < nr; i++) {
		zxp_layer_init(&above[i]);
		zxp_layer_push(&above[i], &owner, 8);
	}
	for (i = 1; i < nr; i++) {
		zxp_layer_find_seers(&above[i], 0, &seers);
		KUNIT_EXPECT_EQ(test, seers.nr, min(2U, nr - i));
		steps += seers.steps;
		/* It is hidden, as by a page. */
		above[i].start = 1;
	}
	KUNIT_EXPECT_LT(test, steps, 8 * nr);
	xa_destroy(&owner.pages);
}

/* Of many pages only those are looked at that one of two children does not see. */
static void zxp_layer_what_two_see_is_not_looked_at(struct kunit *test)
{
	struct zxp_layer owner, root, above[3];
	unsigned int i, nr = 256, budget = 64;
	struct zxp_layer_seers seers;
	pgoff_t index = 0;

	zxp_layer_init(&root);
	zxp_layer_init(&owner);
	zxp_layer_push(&owner, &root, ULONG_MAX);
	for (i = 0; i < nr; i++)
		KUNIT_ASSERT_EQ(test, zxp_layer_set(&owner, i, xa_mk_value(1)), 0);
	for (i = 0; i < ARRAY_SIZE(above); i++) {
		zxp_layer_init(&above[i]);
		zxp_layer_push(&above[i], &owner, ULONG_MAX);
	}
	KUNIT_ASSERT_EQ(test, zxp_layer_set(&above[0], nr - 2, xa_mk_value(2)), 0);
	KUNIT_ASSERT_EQ(test, zxp_layer_set(&above[1], nr - 2, xa_mk_value(3)), 0);
	KUNIT_ASSERT_EQ(test, zxp_layer_set(&above[2], 3, xa_mk_value(4)), 0);
	KUNIT_EXPECT_PTR_EQ(test, xa_mk_value(1),
			    zxp_layer_next_unshared(&owner, &index, nr, &budget, &seers));
	KUNIT_EXPECT_EQ(test, index, (pgoff_t)nr - 2);
	KUNIT_EXPECT_EQ(test, seers.nr, 1U);
	index++;
	KUNIT_EXPECT_NULL(test,
			  zxp_layer_next_unshared(&owner, &index, nr, &budget, &seers));
	KUNIT_EXPECT_EQ(test, index, (pgoff_t)nr);
	KUNIT_EXPECT_LT(test, 0U, budget);
	xa_destroy(&owner.pages);
	for (i = 0; i < ARRAY_SIZE(above); i++)
		xa_destroy(&above[i].pages);
}

/* Siblings that have stored are not looked at for ever. */
static void zxp_layer_seers_are_found_in_few_steps(struct kunit *test)
{
	struct zxp_layer_seers seers;
	struct zxp_layer owner, root, *above;
	unsigned int i, nr = ZXP_SEERS_STEPS + 1, budget;
	pgoff_t index = 0;

	above = kunit_kcalloc(test, nr, sizeof(*above), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, above);
	zxp_layer_init(&root);
	zxp_layer_init(&owner);
	zxp_layer_push(&owner, &root, 8);
	KUNIT_ASSERT_EQ(test, zxp_layer_set(&owner, 0, xa_mk_value(1)), 0);
	for (i = 0; i < nr; i++) {
		zxp_layer_init(&above[i]);
		/* All but the last one hide it. */
		above[i].start = i < nr - 1;
		if (i < nr - 1)
			zxp_layer_push(&above[i], &owner, 8);
	}
	/* Nobody sees it; that is known after a look at all of them. */
	budget = 1;
	KUNIT_EXPECT_PTR_EQ(test, xa_mk_value(1),
			    zxp_layer_next_unshared(&owner, &index, 8, &budget, &seers));
	KUNIT_EXPECT_EQ(test, seers.nr, 0U);
	/* With one more there are too many, whoever sees it. */
	zxp_layer_push(&above[nr - 1], &owner, 8);
	zxp_layer_find_seers(&above[0], 0, &seers);
	KUNIT_EXPECT_EQ(test, seers.nr, 2U);
	/* But who has seen it is found first from then on. */
	KUNIT_EXPECT_PTR_EQ(test, list_first_entry(&owner.above, struct zxp_layer, link),
			    &above[nr - 1]);
	xa_destroy(&owner.pages);
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
	KUNIT_CASE(zxp_layer_gathers_what_is_seen_below),
	KUNIT_CASE(zxp_layer_what_was_gathered_moves_as_well),
	KUNIT_CASE(zxp_layer_gathers_all_or_nothing),
	KUNIT_CASE(zxp_layer_chain_is_looked_at_in_few_steps),
	KUNIT_CASE(zxp_layer_snapshots_see_what_there_was),
	KUNIT_CASE(zxp_layer_snapshots_go),
	KUNIT_CASE(zxp_layer_snapshot_is_undone),
	KUNIT_CASE(zxp_layer_snapshots_are_lost),
	KUNIT_CASE(zxp_layer_gathers_down_to_what_is_open),
	KUNIT_CASE(zxp_layer_tells_sharers),
	KUNIT_CASE(zxp_layer_keeps_nothing_before_the_start),
	KUNIT_CASE(zxp_layer_what_nobody_sees_goes),
	KUNIT_CASE(zxp_layer_who_has_stored_is_passed_once),
	KUNIT_CASE(zxp_layer_what_two_see_is_not_looked_at),
	KUNIT_CASE(zxp_layer_seers_are_found_in_few_steps),
	{}
};

struct kunit_suite zxp_layer_suite = {
	.name = "zxpager_layer",
	.init = zxp_layer_test_init,
	.exit = zxp_layer_test_exit,
	.test_cases = zxp_layer_cases,
};

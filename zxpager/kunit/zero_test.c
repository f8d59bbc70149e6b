// SPDX-License-Identifier: GPL-2.0
/*
 * Zero ranges, case by case. A set is written as a string with a letter a page: "."
 * for none, "m" for a marker, "d" for dirty, "u" for untracked. Against a model, see
 * zero_random.c.
 */
#include <linux/slab.h>

#include "kunit.h"

#define ZXP_TEXT	16
/* More single pages than one call deals with. */
#define ZXP_MANY	1500

static const char zxp_letters[] = {
	[ZXP_ZERO_MARKER] = 'm',
	[ZXP_ZERO_DIRTY] = 'd',
	[ZXP_ZERO_UNTRACKED] = 'u',
};

/**
 * struct zxp_zero_fixture - a set, and what is to be seen of it
 * @zeroes: the set
 * @text: zxp_zero_show() writes here
 */
struct zxp_zero_fixture {
	struct zxp_zeroes zeroes;
	char text[ZXP_TEXT + 1];
};

static int zxp_zero_test_init(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, sizeof(struct zxp_zero_fixture),
				   GFP_KERNEL);
	return test->priv ? 0 : -ENOMEM;
}

static void zxp_zero_test_exit(struct kunit *test)
{
	struct zxp_zero_fixture *f = test->priv;
	struct zxp_zero_range *range, *next;

	if (!f)
		return;
	rbtree_postorder_for_each_entry_safe(range, next, &f->zeroes.root, node)
		kfree(range);
}

static struct zxp_zero_range *zxp_spare(struct kunit *test)
{
	struct zxp_zero_range *spare = kmalloc(sizeof(*spare), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, spare);
	return spare;
}

/* Add a run. Was a node needed for that? */
static bool zxp_zero_put(struct kunit *test, pgoff_t start, pgoff_t end,
			 enum zxp_zero_kind kind)
{
	struct zxp_zero_fixture *f = test->priv;
	struct zxp_zero_range *spare = zxp_spare(test);
	bool used;

	zxp_zero_add(&f->zeroes, start, end, kind, &spare);
	used = !spare;
	kfree(spare);
	return used;
}

static void zxp_zero_write(struct kunit *test, const char *text)
{
	unsigned int i, kind;

	for (i = 0; text[i]; i++)
		for (kind = 0; kind < ARRAY_SIZE(zxp_letters); kind++)
			if (text[i] == zxp_letters[kind])
				zxp_zero_put(test, i, i + 1, kind);
}

static const char *zxp_zero_show(struct zxp_zero_fixture *f)
{
	struct zxp_zero_range *range;
	struct rb_node *node;
	pgoff_t i;

	memset(f->text, '.', ZXP_TEXT);
	for (node = rb_first(&f->zeroes.root); node; node = rb_next(node)) {
		range = rb_entry(node, struct zxp_zero_range, node);
		for (i = range->start; i < range->end && i < ZXP_TEXT; i++)
			f->text[i] = zxp_letters[range->kind];
	}
	return f->text;
}

/* How many ranges there are, and whether each ends before the next one begins. */
static unsigned int zxp_zero_count(struct kunit *test)
{
	struct zxp_zero_fixture *f = test->priv;
	struct zxp_zero_range *range, *last = NULL;
	unsigned int count = 0;
	struct rb_node *node;

	for (node = rb_first(&f->zeroes.root); node; node = rb_next(node)) {
		range = rb_entry(node, struct zxp_zero_range, node);
		KUNIT_EXPECT_LT(test, range->start, range->end);
		if (last) {
			KUNIT_EXPECT_LE(test, last->end, range->start);
			if (last->end == range->start)
				KUNIT_EXPECT_NE(test, last->kind, range->kind);
		}
		last = range;
		count++;
	}
	return count;
}

/* What the range says that begins at @start; -1 if there is none. */
static long zxp_zero_awaiting(struct zxp_zero_fixture *f, pgoff_t start)
{
	struct zxp_zero_range *range = zxp_zero_find(&f->zeroes, start);

	return range && range->start == start ? (long)range->awaiting : -1;
}

enum zxp_zero_op { ADD, REMOVE, REMOVE_KIND };

struct zxp_zero_change {
	const char *name;
	const char *before;
	enum zxp_zero_op op;
	pgoff_t start;
	pgoff_t end;
	enum zxp_zero_kind kind;
	const char *after;
	unsigned int ranges;
	bool uses_node;
};

static const struct zxp_zero_change zxp_zero_changes[] = {
	{ "add to nothing", "", ADD, 3, 6, ZXP_ZERO_DIRTY,
	  "...ddd..........", 1, true },
	{ "add nothing", "dd", ADD, 3, 3, ZXP_ZERO_DIRTY,
	  "dd..............", 1, false },
	{ "add joins its left", "dd", ADD, 2, 4, ZXP_ZERO_DIRTY,
	  "dddd............", 1, false },
	{ "add joins its right", "....dd", ADD, 2, 4, ZXP_ZERO_DIRTY,
	  "..dddd..........", 1, false },
	{ "add joins both", "dd..dd", ADD, 2, 4, ZXP_ZERO_DIRTY,
	  "dddddd..........", 1, false },
	{ "add joins no other kind", "mm..uu", ADD, 2, 4, ZXP_ZERO_DIRTY,
	  "mmdduu..........", 3, true },
	{ "add joins only its kind", "mm..dd", ADD, 2, 4, ZXP_ZERO_DIRTY,
	  "mmdddd..........", 2, false },
	{ "add leaves a gap", "d....d", ADD, 2, 4, ZXP_ZERO_DIRTY,
	  "d.dd.d..........", 3, true },
	{ "remove from nothing", "", REMOVE, 0, 9, 0,
	  "................", 0, false },
	{ "remove all", "mmdduu", REMOVE, 0, 9, 0,
	  "................", 0, false },
	{ "remove exactly", "mmdduu", REMOVE, 2, 4, 0,
	  "mm..uu..........", 2, false },
	{ "remove a front", "..dddd", REMOVE, 0, 4, 0,
	  "....dd..........", 1, false },
	{ "remove a back", "..dddd", REMOVE, 4, 9, 0,
	  "..dd............", 1, false },
	{ "remove a middle", "..dddd", REMOVE, 3, 5, 0,
	  "..d..d..........", 2, true },
	{ "remove across", "mmmddduuu", REMOVE, 1, 8, 0,
	  "m.......u.......", 2, false },
	{ "remove between", "dd....dd", REMOVE, 2, 6, 0,
	  "dd....dd........", 2, false },
	{ "remove behind", "dd", REMOVE, 5, ULONG_MAX, 0,
	  "dd..............", 1, false },
	{ "remove a kind", "mmddmmuumm", REMOVE_KIND, 0, 0, ZXP_ZERO_MARKER,
	  "..dd..uu........", 2, false },
	{ "remove a kind from there on", "mm.ddm.mm", REMOVE_KIND, 3, 0,
	  ZXP_ZERO_MARKER, "mm.dd...........", 2, false },
	{ "remove a kind that is not there", "mmm", REMOVE_KIND, 0, 0,
	  ZXP_ZERO_DIRTY, "mmm.............", 1, false },
};

static void zxp_zero_change_name(const struct zxp_zero_change *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(zxp_zero_change, zxp_zero_changes, zxp_zero_change_name);

static void zxp_zero_changes_as_it_should(struct kunit *test)
{
	const struct zxp_zero_change *c = test->param_value;
	struct zxp_zero_fixture *f = test->priv;
	struct zxp_zero_range *spare = zxp_spare(test);
	bool used;

	/* Arrange */
	zxp_zero_write(test, c->before);

	/* Act */
	switch (c->op) {
	case ADD:
		zxp_zero_add(&f->zeroes, c->start, c->end, c->kind, &spare);
		break;
	case REMOVE:
		KUNIT_EXPECT_EQ(test, c->end,
				zxp_zero_remove(&f->zeroes, c->start, c->end,
						&spare));
		break;
	case REMOVE_KIND:
		KUNIT_EXPECT_EQ(test, ULONG_MAX,
				zxp_zero_remove_kind(&f->zeroes, c->start,
						     c->kind));
		break;
	}
	used = !spare;
	kfree(spare);

	/* Assert */
	KUNIT_EXPECT_STREQ(test, c->after, zxp_zero_show(f));
	KUNIT_EXPECT_EQ(test, used, c->uses_node);
	KUNIT_EXPECT_EQ(test, zxp_zero_count(test), c->ranges);
}

static void zxp_zero_finds_the_next_range(struct kunit *test)
{
	static const long expected[] = { 2, 2, 2, 2, 6, 6, 6, 7, -1 };
	struct zxp_zero_fixture *f = test->priv;
	struct zxp_zero_range *range;
	unsigned int i;

	zxp_zero_write(test, "..mm..dm");
	for (i = 0; i < ARRAY_SIZE(expected); i++) {
		range = zxp_zero_find(&f->zeroes, i);
		KUNIT_EXPECT_EQ(test, expected[i],
				range ? (long)range->start : -1);
		KUNIT_EXPECT_EQ(test, zxp_zero_contains(&f->zeroes, i),
				!!strchr("2367", '0' + i));
	}
}

/* Where the next range of a kind begins; -1 if there is none. */
static long zxp_zero_next(struct kunit *test, pgoff_t index, pgoff_t end,
			  unsigned int kinds)
{
	struct zxp_zero_fixture *f = test->priv;
	unsigned int budget = ZXP_ZERO_BUDGET;
	struct zxp_zero_range *range;

	range = zxp_zero_find_kinds(&f->zeroes, &index, end, kinds, &budget);
	if (!range)
		KUNIT_EXPECT_EQ(test, index, end);
	return range ? (long)range->start : -1;
}

static void zxp_zero_finds_kinds(struct kunit *test)
{
	zxp_zero_write(test, "mmdd..uu");
	KUNIT_EXPECT_EQ(test, zxp_zero_next(test, 0, 8, BIT(ZXP_ZERO_DIRTY)), 2L);
	KUNIT_EXPECT_EQ(test, zxp_zero_next(test, 3, 8, BIT(ZXP_ZERO_DIRTY)), 2L);
	KUNIT_EXPECT_EQ(test, zxp_zero_next(test, 4, 7, ZXP_ZERO_ANY), 6L);
	/* Not behind the end, not of another kind, not if there is none. */
	KUNIT_EXPECT_EQ(test, zxp_zero_next(test, 4, 6, ZXP_ZERO_ANY), -1L);
	KUNIT_EXPECT_EQ(test, zxp_zero_next(test, 4, 8, BIT(ZXP_ZERO_MARKER)), -1L);
	KUNIT_EXPECT_EQ(test, zxp_zero_next(test, 0, 8, 0), -1L);
}

static void zxp_zero_covers_run_by_run(struct kunit *test)
{
	struct zxp_zero_fixture *f = test->priv;
	struct zxp_zero_range *split = zxp_spare(test), *add = zxp_spare(test);
	pgoff_t start = 0;

	zxp_zero_write(test, "..mmm.uu..dd");
	/* All up to what is kept, which then is stepped over, and so on. */
	KUNIT_EXPECT_EQ(test, 6UL,
			zxp_zero_cover(&f->zeroes, &start, 11, ZXP_ZERO_DIRTY,
				       BIT(ZXP_ZERO_UNTRACKED), &split, &add));
	KUNIT_EXPECT_EQ(test, start, 6UL);
	kfree(add);
	add = zxp_spare(test);
	KUNIT_EXPECT_EQ(test, 0UL,
			zxp_zero_cover(&f->zeroes, &start, 11, ZXP_ZERO_DIRTY,
				       BIT(ZXP_ZERO_UNTRACKED), &split, &add));
	KUNIT_EXPECT_EQ(test, start, 8UL);
	KUNIT_EXPECT_EQ(test, 3UL,
			zxp_zero_cover(&f->zeroes, &start, 11, ZXP_ZERO_DIRTY,
				       BIT(ZXP_ZERO_UNTRACKED), &split, &add));
	KUNIT_EXPECT_EQ(test, start, 11UL);
	KUNIT_EXPECT_STREQ(test, "dddddduudddd....", zxp_zero_show(f));
	KUNIT_EXPECT_EQ(test, zxp_zero_count(test), 3U);
	kfree(split);
	kfree(add);
}

static void zxp_zero_covers_the_inside(struct kunit *test)
{
	struct zxp_zero_fixture *f = test->priv;
	struct zxp_zero_range *split = zxp_spare(test), *add = zxp_spare(test);
	pgoff_t start = 2;

	zxp_zero_write(test, "mmmmmm");
	KUNIT_EXPECT_EQ(test, 2UL,
			zxp_zero_cover(&f->zeroes, &start, 4, ZXP_ZERO_UNTRACKED,
				       0, &split, &add));
	KUNIT_EXPECT_STREQ(test, "mmuumm..........", zxp_zero_show(f));
	KUNIT_EXPECT_NULL(test, split);
	KUNIT_EXPECT_NULL(test, add);
}

/* Only the ranges that begin in what is being written back say how far. */
static void zxp_zero_begin_is_kept_at_the_front(struct kunit *test)
{
	struct zxp_zero_fixture *f = test->priv;

	zxp_zero_write(test, "ddd.mm.dddd.dd");
	KUNIT_EXPECT_EQ(test, 9UL, zxp_zero_begin(&f->zeroes, 1, 9));
	KUNIT_EXPECT_EQ(test, 0L, zxp_zero_awaiting(f, 0));
	KUNIT_EXPECT_EQ(test, 0L, zxp_zero_awaiting(f, 4));
	KUNIT_EXPECT_EQ(test, 2L, zxp_zero_awaiting(f, 7));
	KUNIT_EXPECT_EQ(test, 0L, zxp_zero_awaiting(f, 12));
	/* A shorter one takes nothing back, a longer one adds. */
	zxp_zero_begin(&f->zeroes, 7, 8);
	KUNIT_EXPECT_EQ(test, 2L, zxp_zero_awaiting(f, 7));
	zxp_zero_begin(&f->zeroes, 0, 16);
	KUNIT_EXPECT_EQ(test, 3L, zxp_zero_awaiting(f, 0));
	KUNIT_EXPECT_EQ(test, 4L, zxp_zero_awaiting(f, 7));
	KUNIT_EXPECT_EQ(test, 2L, zxp_zero_awaiting(f, 12));
}

static void zxp_zero_awaiting_follows_the_front(struct kunit *test)
{
	struct zxp_zero_fixture *f = test->priv;
	struct zxp_zero_range *spare = zxp_spare(test);

	zxp_zero_write(test, "..dddddd");
	zxp_zero_begin(&f->zeroes, 2, 6);
	/* Cut in front: what is left of the length stays. */
	zxp_zero_remove(&f->zeroes, 0, 3, &spare);
	KUNIT_EXPECT_EQ(test, 3L, zxp_zero_awaiting(f, 3));
	/* Cut behind: the length stays, though it goes past the end. */
	zxp_zero_remove(&f->zeroes, 5, 8, &spare);
	KUNIT_EXPECT_EQ(test, 3L, zxp_zero_awaiting(f, 3));
	/* Grown to the right: still. Grown to the left: lost. */
	zxp_zero_put(test, 5, 8, ZXP_ZERO_DIRTY);
	KUNIT_EXPECT_EQ(test, 3L, zxp_zero_awaiting(f, 3));
	zxp_zero_put(test, 1, 3, ZXP_ZERO_DIRTY);
	KUNIT_EXPECT_EQ(test, 0L, zxp_zero_awaiting(f, 1));
	/* Split: the back has not begun. */
	zxp_zero_begin(&f->zeroes, 1, 8);
	zxp_zero_remove(&f->zeroes, 4, 5, &spare);
	KUNIT_EXPECT_EQ(test, 7L, zxp_zero_awaiting(f, 1));
	KUNIT_EXPECT_EQ(test, 0L, zxp_zero_awaiting(f, 5));
	/* Cut by more than there is: nothing is left of the length. */
	zxp_zero_begin(&f->zeroes, 5, 6);
	KUNIT_EXPECT_EQ(test, 1L, zxp_zero_awaiting(f, 5));
	zxp_zero_remove(&f->zeroes, 5, 7, &spare);
	KUNIT_EXPECT_EQ(test, 0L, zxp_zero_awaiting(f, 7));
	kfree(spare);
}

static void zxp_zero_joined_loses_its_own_length(struct kunit *test)
{
	struct zxp_zero_fixture *f = test->priv;

	zxp_zero_write(test, "dd..dd");
	zxp_zero_begin(&f->zeroes, 0, 6);
	zxp_zero_put(test, 2, 4, ZXP_ZERO_DIRTY);
	KUNIT_EXPECT_EQ(test, 2L, zxp_zero_awaiting(f, 0));
	KUNIT_EXPECT_EQ(test, zxp_zero_count(test), 1U);
}

static void zxp_zero_end_takes_what_was_begun(struct kunit *test)
{
	struct zxp_zero_fixture *f = test->priv;
	pgoff_t start = 0, reach = 0, cleaned = 0;

	zxp_zero_write(test, "ddd.mm.dddd.dd");
	zxp_zero_begin(&f->zeroes, 0, 9);
	/* The first as a whole, */
	KUNIT_ASSERT_TRUE(test, zxp_zero_end(&f->zeroes, &start, 16, &reach,
					     &cleaned));
	KUNIT_EXPECT_EQ(test, start, 3UL);
	KUNIT_EXPECT_EQ(test, cleaned, 3UL);
	/* of the second what was begun, and no marker, */
	KUNIT_ASSERT_TRUE(test, zxp_zero_end(&f->zeroes, &start, 16, &reach,
					     &cleaned));
	KUNIT_EXPECT_EQ(test, start, 9UL);
	KUNIT_EXPECT_EQ(test, cleaned, 2UL);
	/* and nothing of the third. */
	KUNIT_EXPECT_FALSE(test, zxp_zero_end(&f->zeroes, &start, 16, &reach,
					      &cleaned));
	KUNIT_EXPECT_EQ(test, start, 16UL);
	KUNIT_EXPECT_STREQ(test, "....mm...dd.dd..", zxp_zero_show(f));
}

static void zxp_zero_end_sees_no_length_from_behind(struct kunit *test)
{
	struct zxp_zero_fixture *f = test->priv;
	pgoff_t start = 1, reach = 0, cleaned = 0;

	zxp_zero_write(test, "dddd.dd");
	zxp_zero_begin(&f->zeroes, 0, 5);
	KUNIT_EXPECT_FALSE(test, zxp_zero_end(&f->zeroes, &start, 8, &reach,
					      &cleaned));
	KUNIT_EXPECT_EQ(test, start, 8UL);
	KUNIT_EXPECT_STREQ(test, "dddd.dd.........", zxp_zero_show(f));
}

/* A length that goes past the end of its range counts for the next one. */
static void zxp_zero_end_reaches_over_a_hole(struct kunit *test)
{
	struct zxp_zero_fixture *f = test->priv;
	struct zxp_zero_range *spare = zxp_spare(test);
	pgoff_t start = 0, reach = 0, cleaned = 0;

	zxp_zero_write(test, "ddddddd");
	zxp_zero_begin(&f->zeroes, 0, 6);
	zxp_zero_remove(&f->zeroes, 2, 4, &spare);
	KUNIT_ASSERT_TRUE(test, zxp_zero_end(&f->zeroes, &start, 5, &reach,
					     &cleaned));
	KUNIT_EXPECT_EQ(test, start, 2UL);
	KUNIT_ASSERT_TRUE(test, zxp_zero_end(&f->zeroes, &start, 5, &reach,
					     &cleaned));
	KUNIT_EXPECT_EQ(test, start, 5UL);
	KUNIT_EXPECT_EQ(test, cleaned, 1UL);
	KUNIT_EXPECT_FALSE(test, zxp_zero_end(&f->zeroes, &start, 5, &reach,
					      &cleaned));
	KUNIT_EXPECT_STREQ(test, ".....dd.........", zxp_zero_show(f));
}

/* Whoever holds a spinlock is not kept busy for ever. */
static void zxp_zero_many_go_in_portions(struct kunit *test)
{
	struct zxp_zero_fixture *f = test->priv;
	unsigned int calls = 0;
	pgoff_t i, at;

	for (i = 0; i < ZXP_MANY; i++)
		zxp_zero_put(test, 2 * i, 2 * i + 1, ZXP_ZERO_DIRTY);

	for (at = 0; at < 2 * ZXP_MANY; calls++) {
		i = at;
		at = zxp_zero_begin(&f->zeroes, i, 2 * ZXP_MANY);
		KUNIT_ASSERT_GT(test, at, i);
	}
	KUNIT_EXPECT_EQ(test, calls, 2U);
	for (i = 0; i < ZXP_MANY; i++)
		KUNIT_ASSERT_EQ(test, zxp_zero_awaiting(f, 2 * i), 1L);

	for (at = 0, calls = 0; at != ULONG_MAX; calls++) {
		i = at;
		at = zxp_zero_remove_kind(&f->zeroes, i, ZXP_ZERO_MARKER);
		KUNIT_ASSERT_GT(test, at, i);
	}
	KUNIT_EXPECT_EQ(test, calls, 2U);
	KUNIT_EXPECT_EQ(test, zxp_zero_count(test), (unsigned int)ZXP_MANY);

	for (at = 0, calls = 0; at < 2 * ZXP_MANY; calls++) {
		i = at;
		at = zxp_zero_remove(&f->zeroes, i, 2 * ZXP_MANY, NULL);
		KUNIT_ASSERT_GT(test, at, i);
	}
	KUNIT_EXPECT_EQ(test, calls, 2U);
	KUNIT_EXPECT_EQ(test, zxp_zero_count(test), 0U);
}

/* Also not with what is of no interest to it. */
static void zxp_zero_others_count_as_well(struct kunit *test)
{
	struct zxp_zero_fixture *f = test->priv;
	unsigned int budget = ZXP_ZERO_BUDGET;
	pgoff_t end = 2 * ZXP_MANY, i, at, reach = 0, cleaned;

	for (i = 0; i < ZXP_MANY; i++)
		zxp_zero_put(test, 2 * i, 2 * i + 1, ZXP_ZERO_MARKER);

	at = zxp_zero_begin(&f->zeroes, 0, end);
	KUNIT_EXPECT_GT(test, at, 0UL);
	KUNIT_EXPECT_LT(test, at, end);
	KUNIT_EXPECT_EQ(test, zxp_zero_begin(&f->zeroes, at, end), end);

	at = 0;
	KUNIT_EXPECT_FALSE(test, zxp_zero_end(&f->zeroes, &at, end, &reach, &cleaned));
	KUNIT_EXPECT_GT(test, at, 0UL);
	KUNIT_EXPECT_LT(test, at, end);
	KUNIT_EXPECT_FALSE(test, zxp_zero_end(&f->zeroes, &at, end, &reach, &cleaned));
	KUNIT_EXPECT_EQ(test, at, end);

	at = 0;
	KUNIT_EXPECT_NULL(test, zxp_zero_find_kinds(&f->zeroes, &at, end, 0, &budget));
	KUNIT_EXPECT_EQ(test, budget, 0U);
	KUNIT_EXPECT_EQ(test, at, 2UL * ZXP_ZERO_BUDGET - 1);
}

static struct kunit_case zxp_zero_cases[] = {
	KUNIT_CASE_PARAM(zxp_zero_changes_as_it_should, zxp_zero_change_gen_params),
	KUNIT_CASE(zxp_zero_finds_the_next_range),
	KUNIT_CASE(zxp_zero_finds_kinds),
	KUNIT_CASE(zxp_zero_covers_run_by_run),
	KUNIT_CASE(zxp_zero_covers_the_inside),
	KUNIT_CASE(zxp_zero_begin_is_kept_at_the_front),
	KUNIT_CASE(zxp_zero_awaiting_follows_the_front),
	KUNIT_CASE(zxp_zero_joined_loses_its_own_length),
	KUNIT_CASE(zxp_zero_end_takes_what_was_begun),
	KUNIT_CASE(zxp_zero_end_sees_no_length_from_behind),
	KUNIT_CASE(zxp_zero_end_reaches_over_a_hole),
	KUNIT_CASE(zxp_zero_many_go_in_portions),
	KUNIT_CASE(zxp_zero_others_count_as_well),
	{}
};

struct kunit_suite zxp_zero_suite = {
	.name = "zxpager_zero",
	.init = zxp_zero_test_init,
	.exit = zxp_zero_test_exit,
	.test_cases = zxp_zero_cases,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * Who sees a page of a layer, case by case.
 */
#include <linux/slab.h>

#include "layer_text.h"

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

/* A layer with its first pages, and layers to be put on it, which are not on the stack. */
static struct zxp_layer *zxp_layer_of_pages(struct kunit *test, struct zxp_layer *root,
					    struct zxp_layer *owner, unsigned int pages,
					    unsigned int nr_above)
{
	struct zxp_layer *above = kunit_kcalloc(test, nr_above, sizeof(*above), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, above);
	zxp_layer_init(root);
	zxp_layer_init(owner);
	zxp_layer_push(owner, root, ULONG_MAX);
	for (i = 0; i < pages; i++)
		KUNIT_ASSERT_EQ(test, zxp_layer_set(owner, i, xa_mk_value(1)), 0);
	return above;
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

	above = zxp_layer_of_pages(test, &root, &owner, 1, nr);
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
	unsigned int i, nr = 256, budget = 64;
	struct zxp_layer owner, root, *above;
	struct zxp_layer_seers seers;
	pgoff_t index = 0;

	above = zxp_layer_of_pages(test, &root, &owner, nr, 3);
	for (i = 0; i < 3; i++) {
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
	for (i = 0; i < 3; i++)
		xa_destroy(&above[i].pages);
}

/* Siblings that have stored are not looked at for ever. */
static void zxp_layer_seers_are_found_in_few_steps(struct kunit *test)
{
	struct zxp_layer_seers seers;
	struct zxp_layer owner, root, *above;
	unsigned int i, nr = ZXP_SEERS_STEPS + 1, budget;
	pgoff_t index = 0;

	above = zxp_layer_of_pages(test, &root, &owner, 1, nr);
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

/* Whoever wants to know of very many has not to wait for all of them. */
static void zxp_layer_sharers_are_counted_in_some_steps(struct kunit *test)
{
	const unsigned int nr = ZXP_SHARERS_STEPS + 64;
	struct zxp_layer *above = kvcalloc(nr, sizeof(*above), GFP_KERNEL);
	unsigned int budget = UINT_MAX, i, sharers;
	struct zxp_layer owner, bottom;
	pgoff_t index = 0;

	KUNIT_ASSERT_NOT_NULL(test, above);
	zxp_layer_init(&bottom);
	zxp_layer_init(&owner);
	zxp_layer_push(&owner, &bottom, 8);
	KUNIT_EXPECT_EQ(test, zxp_layer_set(&owner, 0, xa_mk_value(1)), 0);
	/* The last two see it, which are not found: but the page is nobody's own. */
	for (i = 0; i < nr; i++) {
		zxp_layer_init(&above[i]);
		above[i].start = i < nr - 2;
		zxp_layer_push(&above[i], &owner, 8);
	}
	sharers = zxp_layer_next_seen(&above[nr - 1], &index, 8, &budget);
	KUNIT_EXPECT_EQ(test, sharers, 2U);
	KUNIT_EXPECT_GE(test, ZXP_SHARERS_STEPS + 8U, UINT_MAX - budget);
	/* If most see it, each has next to nothing of it. */
	for (i = 0; i < nr; i++)
		above[i].start = 0;
	budget = UINT_MAX;
	sharers = zxp_layer_next_seen(&above[nr - 1], &index, 8, &budget);
	KUNIT_EXPECT_EQ(test, sharers, (unsigned int)ZXP_SHARERS_STEPS);
	xa_destroy(&owner.pages);
	kvfree(above);
}

static struct kunit_case zxp_layer_sharers_cases[] = {
	KUNIT_CASE(zxp_layer_tells_sharers),
	KUNIT_CASE(zxp_layer_what_nobody_sees_goes),
	KUNIT_CASE(zxp_layer_who_has_stored_is_passed_once),
	KUNIT_CASE(zxp_layer_what_two_see_is_not_looked_at),
	KUNIT_CASE(zxp_layer_seers_are_found_in_few_steps),
	KUNIT_CASE(zxp_layer_sharers_are_counted_in_some_steps),
	{}
};

struct kunit_suite zxp_layer_sharers_suite = {
	.name = "zxpager_layer_sharers",
	.init = zxp_layer_test_init,
	.exit = zxp_layer_test_exit,
	.test_cases = zxp_layer_sharers_cases,
};

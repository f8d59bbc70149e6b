// SPDX-License-Identifier: GPL-2.0
/*
 * Zero ranges against the model of zero_model.c: the same random operations on both,
 * and then all of both is compared, each time.
 */
#include <linux/sched.h>
#include <linux/slab.h>

#include "kunit.h"
#include "zero_model.h"

/**
 * struct zxp_zero_pair - the same set twice
 * @zeroes: as it is
 * @model: as it should be
 * @spare: nodes that may be used
 * @dice: what happens
 * @step: the last operation, for the log
 */
struct zxp_zero_pair {
	struct zxp_zeroes zeroes;
	struct zxp_zero_model model;
	struct zxp_zero_range *spare[2];
	struct rnd_state dice;
	struct {
		unsigned int what;
		unsigned int start;
		unsigned int end;
		unsigned int kind;
	} step;
};

static int zxp_zero_pair_init(struct kunit *test)
{
	struct zxp_zero_pair *pair;

	pair = kunit_kzalloc(test, sizeof(*pair), GFP_KERNEL);
	test->priv = pair;
	if (!pair)
		return -ENOMEM;
	zxp_model_clear(&pair->model);
	zxp_kunit_dice(test, &pair->dice);
	return 0;
}

static void zxp_zero_pair_exit(struct kunit *test)
{
	struct zxp_zero_pair *pair = test->priv;
	struct zxp_zero_range *range, *next;

	if (!pair)
		return;
	rbtree_postorder_for_each_entry_safe(range, next, &pair->zeroes.root, node)
		kfree(range);
	kfree(pair->spare[0]);
	kfree(pair->spare[1]);
}

static bool zxp_zero_same_range(const struct zxp_zero_pair *pair,
				const struct zxp_zero_range *range,
				unsigned int end)
{
	const struct zxp_zero_model *m = &pair->model;

	return range->start >= end && range->start < ZXP_MODEL_PAGES &&
	       zxp_model_is_first(m, range->start) &&
	       m->kind[range->start] == range->kind &&
	       zxp_model_run_end(m, range->start) == range->end &&
	       m->awaiting[range->start] == range->awaiting;
}

/* Is what is counted of a kind what is there? */
static bool zxp_zero_same_count(const struct zxp_zero_pair *pair,
				enum zxp_zero_kind kind)
{
	const struct zxp_zero_model *m = &pair->model;
	unsigned long nr = 0, pages = 0;
	unsigned int page;

	for (page = 0; page < ZXP_MODEL_PAGES; page++) {
		if (m->kind[page] != kind)
			continue;
		nr += zxp_model_is_first(m, page);
		pages++;
	}
	return pair->zeroes.nr[kind] == nr && pair->zeroes.pages[kind] == pages;
}

/* All of it: each range is a run, and there are as many. */
static bool zxp_zero_same(const struct zxp_zero_pair *pair)
{
	const struct zxp_zero_range *range;
	unsigned int count = 0, end = 0;
	struct rb_node *node;

	for (node = rb_first(&pair->zeroes.root); node; node = rb_next(node)) {
		range = rb_entry(node, struct zxp_zero_range, node);
		if (!zxp_zero_same_range(pair, range, end))
			return false;
		end = range->end;
		count++;
	}
	return count == zxp_model_runs(&pair->model) &&
	       pair->zeroes.begun == zxp_model_begun(&pair->model) &&
	       zxp_zero_same_count(pair, ZXP_ZERO_MARKER) &&
	       zxp_zero_same_count(pair, ZXP_ZERO_DIRTY) &&
	       zxp_zero_same_count(pair, ZXP_ZERO_UNTRACKED);
}

static bool zxp_zero_try_add(struct zxp_zero_pair *pair, unsigned int start,
			     unsigned int end, unsigned int kind)
{
	/* To be added is what is not there. */
	if (!zxp_model_is_free(&pair->model, start, end))
		end = start;
	zxp_zero_add(&pair->zeroes, start, end, kind, &pair->spare[0]);
	zxp_model_add(&pair->model, start, end, kind);
	return true;
}

static bool zxp_zero_try_cover(struct zxp_zero_pair *pair, unsigned int start,
			       unsigned int end, unsigned int kind)
{
	unsigned int keep = zxp_roll(&pair->dice, ZXP_ZERO_ANY + 1);
	pgoff_t at = start, covered;

	covered = zxp_zero_cover(&pair->zeroes, &at, end, kind, keep,
				 &pair->spare[0], &pair->spare[1]);
	return covered == zxp_model_cover(&pair->model, &start, end, kind, keep) &&
	       at == start;
}

static bool zxp_zero_try_end(struct zxp_zero_pair *pair, unsigned int start,
			     unsigned int end)
{
	unsigned int model_reach = 0, model_cleaned = 0;
	pgoff_t at = start, reach = 0, cleaned = 0;
	bool more;

	do {
		more = zxp_zero_end(&pair->zeroes, &at, end, &reach, &cleaned);
		if (more != zxp_model_end(&pair->model, &start, end, &model_reach,
					  &model_cleaned))
			return false;
		if (more && (at != start || cleaned != model_cleaned))
			return false;
	} while (more);
	return at == end && reach == model_reach;
}

static bool zxp_zero_try_find(struct zxp_zero_pair *pair, unsigned int start,
			      unsigned int end)
{
	unsigned int kinds = zxp_roll(&pair->dice, ZXP_ZERO_ANY + 1);
	const struct zxp_zero_model *m = &pair->model;
	unsigned int budget = ZXP_ZERO_BUDGET;
	struct zxp_zero_range *any, *range;
	pgoff_t at = start;
	int found;

	any = zxp_zero_find(&pair->zeroes, start);
	found = zxp_model_find(m, start, ZXP_MODEL_PAGES, ZXP_ZERO_ANY);
	if (found != (any ? (int)any->start : -1))
		return false;
	range = zxp_zero_find_kinds(&pair->zeroes, &at, end, kinds, &budget);
	found = zxp_model_find(m, start, end, kinds);
	return found == (range ? (int)range->start : -1) && (range || at == end) &&
	       zxp_zero_contains(&pair->zeroes, start) ==
	       (m->kind[start] != ZXP_MODEL_NONE);
}

/* One operation on both. Do they answer the same? */
static bool zxp_zero_step(struct zxp_zero_pair *pair)
{
	unsigned int what = zxp_roll(&pair->dice, 100);
	unsigned int kind = zxp_roll(&pair->dice, 3);
	unsigned int start = zxp_roll(&pair->dice, ZXP_MODEL_PAGES);
	unsigned int most = ZXP_MODEL_PAGES - start, end, i;
	bool same = true;

	for (i = 0; i < ARRAY_SIZE(pair->spare); i++)
		if (!pair->spare[i])
			pair->spare[i] = kmalloc(sizeof(*pair->spare[i]), GFP_KERNEL);
	if (!pair->spare[0] || !pair->spare[1])
		return false;

	/* Short ones, but for some. */
	if (most > 12 && zxp_roll(&pair->dice, 8))
		most = 12;
	end = start + 1 + zxp_roll(&pair->dice, most);
	pair->step.what = what;
	pair->step.start = start;
	pair->step.end = end;
	pair->step.kind = kind;
	if (what < 30)
		same = zxp_zero_try_add(pair, start, end, kind);
	else if (what < 45)
		same = zxp_zero_try_cover(pair, start, end, kind);
	else if (what < 60)
		same = zxp_zero_try_find(pair, start, end);
	else if (what < 75)
		same = zxp_zero_try_end(pair, start, end);

	if (what >= 75 && what < 90) {
		same = zxp_zero_begin(&pair->zeroes, start, end) == end;
		zxp_model_begin(&pair->model, start, end);
	} else if (what >= 90 && what < 99) {
		same = zxp_zero_remove(&pair->zeroes, start, end,
				       &pair->spare[0]) == end;
		zxp_model_remove(&pair->model, start, end);
	} else if (what == 99) {
		same = zxp_zero_remove_kind(&pair->zeroes, start, kind) == ULONG_MAX;
		zxp_model_remove_kind(&pair->model, start, kind);
	}
	return same;
}

static void zxp_zero_is_what_the_model_is(struct kunit *test)
{
	unsigned long operations = zxp_kunit_operations(55), i;
	struct zxp_zero_pair *pair = test->priv;

	for (i = 0; i < operations; i++) {
		bool same = zxp_zero_step(pair);

		KUNIT_ASSERT_TRUE_MSG(test, same && zxp_zero_same(pair),
				      "operation %lu, %u: [%u, %u), kind %u", i,
				      pair->step.what, pair->step.start,
				      pair->step.end, pair->step.kind);
		cond_resched();
	}
	kunit_info(test, "%lu operations\n", operations);
}

static struct kunit_case zxp_zero_random_cases[] = {
	KUNIT_CASE(zxp_zero_is_what_the_model_is),
	{}
};

struct kunit_suite zxp_zero_random_suite = {
	.name = "zxpager_zero_random",
	.init = zxp_zero_pair_init,
	.exit = zxp_zero_pair_exit,
	.test_cases = zxp_zero_random_cases,
};

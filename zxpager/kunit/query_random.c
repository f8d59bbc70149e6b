// SPDX-License-Identifier: GPL-2.0
/*
 * The query against all that the page cache and the tree of zero ranges can hold,
 * whether the module would have made it or not: folios of several sizes, unwritten or
 * clean, and zero ranges of all kinds anywhere, under them, too. Whatever is there, the
 * ranges go upwards, and are what is seen page by page.
 */
#include <linux/fs.h>
#include <linux/slab.h>

#include "world.h"
#include "zero_model.h"

/* Orders of folios from 0 to one below. */
#define ZXP_QUERY_ORDERS	6

/**
 * struct zxp_query_pair - a VMO, and what is in it page by page
 * @w: whose VMO 0 it is
 * @zero: zero ranges
 * @unwritten: of each page
 * @dice: what happens
 * @ranges: what a query tells
 */
struct zxp_query_pair {
	struct zxp_world *w;
	struct zxp_zero_model zero;
	bool unwritten[ZXP_MODEL_PAGES];
	struct rnd_state dice;
	struct zxp_dirty_range ranges[ZXP_MODEL_PAGES + 1];
};

static int zxp_query_put_folio(struct zxp_query_pair *p, struct zxp_vmo *vmo,
			       unsigned int index, unsigned int order)
{
	struct folio *folio = zxp_filemap_alloc_folio(GFP_KERNEL, order);
	bool dirty = zxp_roll(&p->dice, 2);
	int ret;

	if (!folio)
		return -ENOMEM;
	mutex_lock(&vmo->content_lock);
	ret = zxp_vmo_add_folio_locked(vmo, folio, index, GFP_KERNEL);
	if (!ret && dirty) {
		folio_lock(folio);
		zxp_dirty_folio(vmo->inode.i_mapping, folio);
		folio_unlock(folio);
		memset(p->unwritten + index, true, BIT(order));
	}
	mutex_unlock(&vmo->content_lock);
	folio_put(folio);
	return ret;
}

/* Folios side by side, with gaps. */
static int zxp_query_put_folios(struct zxp_query_pair *p, struct zxp_vmo *vmo)
{
	bool large = IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE);
	unsigned int index = 0, order;
	int ret = 0;

	while (!ret && index < ZXP_MODEL_PAGES) {
		order = large ? zxp_roll(&p->dice, ZXP_QUERY_ORDERS) : 0;
		/* A folio is aligned to its size. */
		order = min_t(unsigned int, order, __ffs(index | ZXP_MODEL_PAGES));
		if (zxp_roll(&p->dice, 3))
			ret = zxp_query_put_folio(p, vmo, index, order);
		index += BIT(order);
	}
	return ret;
}

static int zxp_query_put_zeroes(struct zxp_query_pair *p, struct zxp_vmo *vmo)
{
	unsigned int index = zxp_roll(&p->dice, 8), end, kind;
	struct zxp_zero_range *spare;

	while (index < ZXP_MODEL_PAGES) {
		end = min_t(unsigned int, ZXP_MODEL_PAGES,
			    index + 1 + zxp_roll(&p->dice, 40));
		kind = zxp_roll(&p->dice, 4) ? ZXP_ZERO_DIRTY : ZXP_ZERO_MARKER;
		spare = zxp_vmo_alloc_zero(vmo, GFP_KERNEL);
		if (!spare)
			return -ENOMEM;
		spin_lock(&vmo->zero_lock);
		zxp_zero_add(&vmo->zeroes, index, end, kind, &spare);
		spin_unlock(&vmo->zero_lock);
		kfree(spare);
		zxp_model_add(&p->zero, index, end, kind);
		index = end + zxp_roll(&p->dice, 8);
	}
	return 0;
}

static u64 zxp_query_options(const struct zxp_query_pair *p, unsigned int page)
{
	return p->unwritten[page] ? 0 : ZXP_DIRTY_RANGE_IS_ZERO;
}

static bool zxp_query_reports(const struct zxp_query_pair *p, unsigned int page)
{
	return p->unwritten[page] || p->zero.kind[page] == ZXP_ZERO_DIRTY;
}

/* Is what was found in [@start, @end) what is seen page by page? */
static bool zxp_query_is_right(const struct zxp_query_pair *p, unsigned int start,
			       unsigned int end, int found)
{
	unsigned int page = start, run;
	int i;

	for (i = 0; i < found; i++) {
		while (page < end && !zxp_query_reports(p, page))
			page++;
		for (run = page; run < end && zxp_query_reports(p, run); run++)
			if (zxp_query_options(p, run) != zxp_query_options(p, page))
				break;
		if (page == end || p->ranges[i].offset != page ||
		    p->ranges[i].length != run - page ||
		    p->ranges[i].options != zxp_query_options(p, page))
			return false;
		page = run;
	}
	while (page < end && !zxp_query_reports(p, page))
		page++;
	return page == end;
}

/* The room ends a query that does not advance. */
static bool zxp_query_step(struct kunit *test, struct zxp_query_pair *p)
{
	unsigned int start = zxp_roll(&p->dice, ZXP_MODEL_PAGES);
	unsigned int end = start + 1 + zxp_roll(&p->dice, ZXP_MODEL_PAGES - start);
	int found;

	found = zxp_world_query_from(p->w, 0, ZXP_QUERY_NO_AVAIL, start, end - start,
				     p->ranges, ARRAY_SIZE(p->ranges));
	if (found >= 0 && zxp_query_is_right(p, start, end, found))
		return true;
	kunit_err(test, "%d ranges in [%u, %u)\n", found, start, end);
	return false;
}

static void zxp_query_clear(struct zxp_query_pair *p, struct zxp_vmo *vmo)
{
	truncate_inode_pages(vmo->inode.i_mapping, 0);
	zxp_vmo_remove_zeroes(vmo, 0, ULONG_MAX, NULL);
	zxp_model_clear(&p->zero);
	memset(p->unwritten, false, sizeof(p->unwritten));
}

static void zxp_query_always_advances(struct kunit *test)
{
	unsigned long rounds = zxp_kunit_operations(1) / 10 + 1, i, j;
	struct zxp_query_pair *p;
	struct zxp_vmo *vmo;

	p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	p->w = test->priv;
	zxp_kunit_dice(test, &p->dice);
	KUNIT_ASSERT_EQ(test, 0,
			zxp_world_create(p->w, 0, 0, 0, -1, ZXP_MODEL_PAGES));
	vmo = zxp_world_vmo(p->w, 0);
	mapping_set_large_folios(vmo->inode.i_mapping);

	for (i = 0; i < rounds; i++) {
		zxp_query_clear(p, vmo);
		KUNIT_ASSERT_EQ(test, 0, zxp_query_put_folios(p, vmo));
		KUNIT_ASSERT_EQ(test, 0, zxp_query_put_zeroes(p, vmo));
		for (j = 0; j < 10; j++)
			KUNIT_ASSERT_TRUE_MSG(test, zxp_query_step(test, p),
					      "round %lu", i);
		cond_resched();
	}
	zxp_query_clear(p, vmo);
	kunit_info(test, "%lu rounds\n", rounds);
}

static struct kunit_case zxp_query_random_cases[] = {
	KUNIT_CASE(zxp_query_always_advances),
	{}
};

struct kunit_suite zxp_query_random_suite = {
	.name = "zxpager_query_random",
	.suite_init = zxp_world_suite_init,
	.suite_exit = zxp_world_suite_exit,
	.init = zxp_world_init,
	.exit = zxp_world_exit,
	.test_cases = zxp_query_random_cases,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * The states of the pages of a VMO against an array of them: random operations of a
 * daemon and of clients on both, through the files, and what a query tells is
 * compared each time. Content is compared, too, where the daemon need not be asked. One
 * generation of the daemon follows the other, which changes nothing of all that, and what the
 * former ones say is refused.
 *
 * Nothing of it waits. The VMO does not trap, so writing needs content and no more.
 */
#include <linux/fs.h>
#include <linux/slab.h>

#include "world.h"
#include "zero_model.h"

/* The states of a page: in the cache, and what of it the daemon does not have. */
#define ZXP_HAS_PAGE	1
#define ZXP_DIRTY	2
#define ZXP_AWAITING	4
#define ZXP_UNWRITTEN	(ZXP_DIRTY | ZXP_AWAITING)

/**
 * struct zxp_page_pair - a VMO and what it should be
 * @w: whose VMO 0 it is
 * @page: state of each page
 * @byte: its content
 * @zero: zero ranges
 * @pages: size
 * @dice: what happens
 * @what: the last operation, for the log
 * @ranges: what a query tells
 */
struct zxp_page_pair {
	struct zxp_world *w;
	u8 page[ZXP_MODEL_PAGES];
	u8 byte[ZXP_MODEL_PAGES];
	struct zxp_zero_model zero;
	unsigned int pages;
	struct rnd_state dice;
	char what[64];
	struct zxp_dirty_range ranges[ZXP_MODEL_PAGES];
};

static bool zxp_page_is_zero(const struct zxp_page_pair *p, unsigned int i)
{
	return p->zero.kind[i] != ZXP_MODEL_NONE;
}

static bool zxp_page_has_content(const struct zxp_page_pair *p, unsigned int i)
{
	return p->page[i] || zxp_page_is_zero(p, i);
}

/* What is clean may have been reclaimed; then the model has to know. */
static void zxp_page_look(struct zxp_page_pair *p, unsigned int i)
{
	if (p->page[i] == ZXP_HAS_PAGE &&
	    !zxp_vmo_has_page(zxp_world_vmo(p->w, 0), i))
		p->page[i] = 0;
}

static bool zxp_try_supply(struct zxp_page_pair *p, unsigned int start,
			   unsigned int end, u8 byte)
{
	end = min(end, start + ZXP_DATA_PAGES);
	if (zxp_world_supply(p->w, 0, start, end - start, byte))
		return false;
	for (; start < end; start++) {
		if (zxp_page_has_content(p, start))
			continue;
		p->page[start] = ZXP_HAS_PAGE;
		p->byte[start] = byte;
	}
	return true;
}

static bool zxp_try_write(struct zxp_page_pair *p, unsigned int i, u8 byte)
{
	loff_t pos = (loff_t)i << PAGE_SHIFT;

	if (!zxp_page_has_content(p, i))
		return true;
	if (kernel_write(p->w->file[0], &byte, 1, &pos) != 1)
		return false;
	zxp_model_remove(&p->zero, i, i + 1);
	p->page[i] = ZXP_HAS_PAGE | ZXP_DIRTY;
	p->byte[i] = byte;
	return true;
}

static bool zxp_try_read(struct zxp_page_pair *p, unsigned int i)
{
	loff_t pos = (loff_t)i << PAGE_SHIFT;
	u8 byte;

	if (!zxp_page_has_content(p, i))
		return true;
	return kernel_read(p->w->file[0], &byte, 1, &pos) == 1 &&
	       byte == (zxp_page_is_zero(p, i) ? 0 : p->byte[i]);
}

/* DIRTY, for which the VMO would have to trap, by so many generations back. */
static int zxp_allow(struct zxp_page_pair *p, unsigned int start, unsigned int end,
		     unsigned int back)
{
	struct zxp_vmo *vmo = zxp_world_vmo(p->w, 0);

	return zxp_vmo_dirty_range(vmo, (u64)start << PAGE_SHIFT,
				   (u64)(end - start) << PAGE_SHIFT,
				   vmo->source->epoch - back);
}

static bool zxp_try_dirty(struct zxp_page_pair *p, unsigned int start,
			  unsigned int end)
{
	unsigned int i;
	int ret = 0;

	for (i = start; i < end; i++)
		if (!zxp_page_has_content(p, i))
			ret = -ENOENT;
	if (zxp_allow(p, start, end, 0) != ret)
		return false;
	for (i = start; !ret && i < end; i++) {
		if (zxp_page_is_zero(p, i))
			p->byte[i] = 0;
		if (!(p->page[i] & ZXP_DIRTY))
			p->page[i] = ZXP_HAS_PAGE | ZXP_DIRTY;
	}
	if (!ret)
		zxp_model_remove(&p->zero, start, end);
	return true;
}

static bool zxp_try_begin(struct zxp_page_pair *p, unsigned int start,
			  unsigned int end, bool zeroes)
{
	unsigned int i;

	if (zxp_world_op(p->w, 0, ZXP_PAGER_OP_WRITEBACK_BEGIN, start, end - start,
			 zeroes ? ZXP_DIRTY_RANGE_IS_ZERO : 0))
		return false;
	for (i = start; !zeroes && i < end; i++)
		if (p->page[i] & ZXP_DIRTY)
			p->page[i] = ZXP_HAS_PAGE | ZXP_AWAITING;
	zxp_model_begin(&p->zero, start, end);
	return true;
}

static bool zxp_try_end(struct zxp_page_pair *p, unsigned int start,
			unsigned int end)
{
	unsigned int i, reach = 0, cleaned;

	if (zxp_world_op(p->w, 0, ZXP_PAGER_OP_WRITEBACK_END, start, end - start, 0))
		return false;
	for (i = start; i < end; i++)
		p->page[i] &= ~ZXP_AWAITING;
	/* What is clean over a zero range goes with it. */
	while (zxp_model_end(&p->zero, &start, end, &reach, &cleaned))
		for (i = start - cleaned; i < start; i++)
			p->page[i] = 0;
	return true;
}

static bool zxp_try_zero(struct zxp_page_pair *p, unsigned int start,
			 unsigned int end)
{
	unsigned int i, at;

	if (zxp_world_vmo_op(p->w, 0, ZXP_VMO_OP_ZERO, start, end - start))
		return false;
	/* Pages one by one, and then what was missing, run by run. */
	for (i = start; i < end; i++) {
		if (!p->page[i])
			continue;
		at = i;
		zxp_model_cover(&p->zero, &at, i + 1, ZXP_ZERO_DIRTY, ZXP_ZERO_ANY);
		p->page[i] = 0;
	}
	while (start < end)
		zxp_model_cover(&p->zero, &start, end, ZXP_ZERO_DIRTY,
				ZXP_ZERO_ANY);
	return true;
}

static bool zxp_try_resize(struct zxp_page_pair *p, unsigned int pages)
{
	unsigned int i;

	if (vfs_truncate(&p->w->file[0]->f_path, (loff_t)pages << PAGE_SHIFT))
		return false;
	for (i = pages; i < ZXP_MODEL_PAGES; i++)
		p->page[i] = 0;
	if (pages > p->pages)
		zxp_model_add(&p->zero, p->pages, pages, ZXP_ZERO_DIRTY);
	else
		zxp_model_remove(&p->zero, pages, ZXP_MODEL_PAGES);
	p->pages = pages;
	return true;
}

/* A call of the former generation that has begun before the present one did. */
static bool zxp_late_is_refused(struct zxp_page_pair *p, unsigned int start,
				unsigned int end)
{
	struct zxp_op_range args = {
		.offset = (u64)start << PAGE_SHIFT,
		.length = (u64)(end - start) << PAGE_SHIFT,
	};
	struct zxp_vmo *vmo = zxp_world_vmo(p->w, 0);
	unsigned long former = vmo->source->epoch - 1;

	args.op = zxp_roll(&p->dice, 2) ? ZXP_PAGER_OP_WRITEBACK_BEGIN :
					  ZXP_PAGER_OP_WRITEBACK_END;
	return zxp_vmo_writeback(vmo, &args, former) == -ESHUTDOWN &&
	       zxp_vmo_detach(vmo, former) == -ESHUTDOWN &&
	       zxp_allow(p, start, end, 1) == -ESHUTDOWN;
}

/* All that the former generation may say of a range. */
static bool zxp_try_former(struct zxp_page_pair *p, unsigned int start,
			   unsigned int end, u8 byte)
{
	static const struct { u32 op, data; } late[] = {
		{ ZXP_PAGER_OP_FAIL, EIO },
		{ ZXP_PAGER_OP_WRITEBACK_BEGIN, 0 },
		{ ZXP_PAGER_OP_WRITEBACK_BEGIN, ZXP_DIRTY_RANGE_IS_ZERO },
		{ ZXP_PAGER_OP_WRITEBACK_END, 0 },
		{ ZXP_PAGER_OP_SYNC_END, 0 },
	};
	struct zxp_world *w = p->w;
	bool refused = true;
	unsigned int i;

	if (!w->former)
		return true;
	swap(w->pager, w->former);
	for (i = 0; i < ARRAY_SIZE(late); i++)
		refused &= zxp_world_op(w, 0, late[i].op, start, end - start,
					late[i].data) == -ESHUTDOWN;
	refused &= zxp_world_supply(w, 0, start, end - start, byte) == -ESHUTDOWN;
	refused &= zxp_world_query(w, 0, p->pages, p->ranges, 1) == -ESHUTDOWN;
	refused &= zxp_world_detach(w, 0) == -ESHUTDOWN;
	swap(w->pager, w->former);
	return refused && zxp_late_is_refused(p, start, end);
}

/* What a query has to tell of a page: 0 nothing, 1 unwritten, 2 a dirty zero. */
static unsigned int zxp_page_tells(const struct zxp_page_pair *p, unsigned int i)
{
	if (p->page[i] & ZXP_UNWRITTEN)
		return 1;
	return p->zero.kind[i] == ZXP_ZERO_DIRTY ? 2 : 0;
}

static bool zxp_same_query(struct zxp_page_pair *p)
{
	int nr = zxp_world_query(p->w, 0, p->pages, p->ranges, ZXP_MODEL_PAGES);
	unsigned int i = 0, end;
	int range = 0;

	for (; i < p->pages; i = end) {
		for (end = i + 1; end < p->pages &&
		     zxp_page_tells(p, end) == zxp_page_tells(p, i);)
			end++;
		if (!zxp_page_tells(p, i))
			continue;
		if (range >= nr || p->ranges[range].offset != i ||
		    p->ranges[range].length != end - i ||
		    p->ranges[range].options != zxp_page_tells(p, i) - 1)
			return false;
		range++;
	}
	return range == nr;
}

/* Is what is counted what is there? */
static bool zxp_same_count(struct zxp_page_pair *p)
{
	unsigned int unwritten = 0, zero = 0, begun = 0, i;
	struct zxp_vmo *vmo = zxp_world_vmo(p->w, 0);
	struct zxp_vmo_info info;

	for (i = 0; i < p->pages; i++) {
		unwritten += zxp_page_tells(p, i) == 1;
		zero += zxp_page_tells(p, i) > 1;
		begun += !!(p->page[i] & ZXP_AWAITING);
	}
	return !zxp_world_info(p->w, 0, &info) && vmo->nr_begun == begun &&
	       vmo->zeroes.begun == zxp_model_begun(&p->zero) &&
	       info.out_dirty_bytes == (u64)unwritten << PAGE_SHIFT &&
	       info.out_zero_bytes == (u64)zero << PAGE_SHIFT;
}

static bool zxp_page_step(struct zxp_page_pair *p)
{
	unsigned int start, end, i, what = zxp_roll(&p->dice, 100);
	u8 byte = 1 + zxp_roll(&p->dice, 255);

	if (!p->pages)
		what = 99;
	start = p->pages ? zxp_roll(&p->dice, p->pages) : 0;
	end = p->pages ? start + 1 + zxp_roll(&p->dice, min(p->pages - start, 12U)) :
			 0;
	snprintf(p->what, sizeof(p->what), "%u: [%u, %u) of %u", what, start, end,
		 p->pages);
	for (i = start; i < end; i++)
		zxp_page_look(p, i);
	if (what < 20)
		return zxp_try_supply(p, start, end, byte);
	if (what < 45)
		return zxp_try_write(p, start, byte);
	if (what < 55)
		return zxp_try_read(p, start);
	if (what < 60)
		return zxp_try_dirty(p, start, end);
	if (what < 62)
		return !zxp_world_begin_generation(p->w);
	if (what < 64)
		return zxp_try_former(p, start, end, byte);
	if (what < 78)
		return zxp_try_begin(p, start, end, what == 77);
	if (what < 90)
		return zxp_try_end(p, start, end);
	if (what < 97)
		return zxp_try_zero(p, start, end);
	return zxp_try_resize(p, zxp_roll(&p->dice, ZXP_MODEL_PAGES + 1));
}

static void zxp_pages_are_what_the_model_is(struct kunit *test)
{
	unsigned long operations = zxp_kunit_operations(1), i;
	struct zxp_world *w = test->priv;
	struct zxp_page_pair *p;

	p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	p->w = w;
	p->pages = ZXP_MODEL_PAGES / 2;
	zxp_model_clear(&p->zero);
	zxp_kunit_dice(test, &p->dice);
	KUNIT_ASSERT_EQ(test, 0, zxp_world_create(w, 0, ZXP_VMO_RESIZABLE,
						  ZXP_CREATE_SYNC, -1, p->pages));
	for (i = 0; i < operations; i++) {
		bool same = zxp_page_step(p);

		KUNIT_ASSERT_TRUE_MSG(test, same && zxp_same_query(p) &&
				      zxp_same_count(p), "operation %lu, %s", i, p->what);
		cond_resched();
	}
	kunit_info(test, "%lu operations\n", operations);
}

static struct kunit_case zxp_vmo_random_cases[] = {
	KUNIT_CASE(zxp_pages_are_what_the_model_is),
	{}
};

struct kunit_suite zxp_vmo_random_suite = {
	.name = "zxpager_vmo_random",
	.suite_init = zxp_world_suite_init,
	.suite_exit = zxp_world_suite_exit,
	.init = zxp_world_init,
	.exit = zxp_world_exit,
	.test_cases = zxp_vmo_random_cases,
};

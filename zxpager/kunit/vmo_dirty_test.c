// SPDX-License-Identifier: GPL-2.0
/*
 * The writing half of a VMO: DIRTY, writeback, query, zero ranges, SYNC, stream size.
 * Random operations on the same are in vmo_random.c.
 */
#include <linux/highmem.h>

#include "world.h"

#define ZXP_PAGES	8
#define ZXP_RANGES	8

static struct zxp_world *zxp_new(struct kunit *test, u32 options, u32 flags)
{
	struct zxp_world *w = test->priv;

	KUNIT_ASSERT_EQ(test, 0,
			zxp_world_create(w, 0, options, flags, -1, ZXP_PAGES));
	KUNIT_ASSERT_EQ(test, zxp_world_map(w, 0, 0, ZXP_PAGES), 0);
	return w;
}

/* "1-3 5z" if the pages 1 to 3 are unwritten, and 5 is a dirty zero range. */
static bool zxp_dirty_is(struct kunit *test, const char *expected)
{
	struct zxp_dirty_range ranges[ZXP_RANGES];
	struct zxp_world *w = test->priv;
	char text[64] = "";
	int nr, i, len = 0;

	nr = zxp_world_query(w, 0, zxp_vmo_pages(zxp_world_vmo(w, 0)), ranges,
			     ZXP_RANGES);
	for (i = 0; i < nr; i++) {
		len += scnprintf(text + len, sizeof(text) - len, "%s%llu",
				 len ? " " : "", ranges[i].offset);
		if (ranges[i].length > 1)
			len += scnprintf(text + len, sizeof(text) - len, "-%llu",
					 ranges[i].offset + ranges[i].length - 1);
		if (ranges[i].options == ZXP_DIRTY_RANGE_IS_ZERO)
			len += scnprintf(text + len, sizeof(text) - len, "z");
	}
	if (nr >= 0 && !strcmp(text, expected))
		return true;
	kunit_err(test, "dirty is %d: \"%s\"\n", nr, text);
	return false;
}

static int zxp_op(struct kunit *test, u32 op, pgoff_t start, pgoff_t pages)
{
	return zxp_world_op(test->priv, 0, op, start, pages, 0);
}

struct zxp_writer_case {
	const char *name;
	enum zxp_kunit_access access;
	long failed;
	long detached;
};

static const struct zxp_writer_case zxp_writers[] = {
	{ "store", STORE, -EFAULT, -EFAULT },
	{ "pwrite", PWRITE, -EBADMSG, -ESTALE },
};

static void zxp_writer_name(const struct zxp_writer_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(zxp_writer, zxp_writers, zxp_writer_name);

static void zxp_dirty_is_asked_for(struct kunit *test)
{
	const struct zxp_writer_case *c = test->param_value;
	struct zxp_world *w = zxp_new(test, ZXP_VMO_TRAP_DIRTY, 0);
	struct zxp_client *client;
	struct zxp_vmo_info info;
	u8 byte;

	KUNIT_ASSERT_EQ(test, zxp_world_supply(w, 0, 0, ZXP_PAGES, 0x11), 0);
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, LOAD, 0, 3, &byte), 0L);
	client = zxp_client_start(test, c->access, 0, 3, 0x77);
	KUNIT_ASSERT_TRUE(test, zxp_pager_next_is(test, ZXP_PACKET_DIRTY, 3, 4));
	KUNIT_EXPECT_TRUE(test, zxp_dirty_is(test, ""));
	KUNIT_EXPECT_EQ(test, zxp_op(test, ZXP_PAGER_OP_DIRTY, 2, 3), 0);
	KUNIT_EXPECT_EQ(test, zxp_client_end(test, client), 0L);
	KUNIT_EXPECT_TRUE(test, zxp_dirty_is(test, "2-4"));
	/* Once asked for it may be written as often as one likes. */
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, STORE, 0, 3, &byte), 0L);
	byte = 0x88;
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, PWRITE, 0, 4, &byte), 0L);
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, PREAD, 0, 4, &byte), 0L);
	KUNIT_EXPECT_EQ(test, byte, (u8)0x88);
	KUNIT_EXPECT_TRUE(test, zxp_world_silent(w->pager));
	KUNIT_ASSERT_EQ(test, zxp_world_info(w, 0, &info), 0);
	KUNIT_EXPECT_EQ(test, info.out_dirty_bytes, 3ULL << PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, info.out_dirty_packets, 1ULL);
}

static void zxp_dirty_is_refused(struct kunit *test)
{
	const struct zxp_writer_case *c = test->param_value;
	struct zxp_world *w = zxp_new(test, ZXP_VMO_TRAP_DIRTY, 0);
	struct zxp_client *client;
	u8 byte;

	KUNIT_ASSERT_EQ(test, zxp_world_supply(w, 0, 0, ZXP_PAGES, 0x11), 0);
	client = zxp_client_start(test, c->access, 0, 3, 0x77);
	KUNIT_ASSERT_TRUE(test, zxp_pager_next_is(test, ZXP_PACKET_DIRTY, 3, 4));
	KUNIT_EXPECT_EQ(test, 0, zxp_world_op(w, 0, ZXP_PAGER_OP_FAIL, 3, 1,
					      EBADMSG));
	KUNIT_EXPECT_EQ(test, zxp_client_end(test, client), c->failed);
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, LOAD, 0, 3, &byte), 0L);
	KUNIT_EXPECT_EQ(test, byte, (u8)0x11);

	client = zxp_client_start(test, c->access, 0, 3, 0x77);
	KUNIT_ASSERT_TRUE(test, zxp_world_waiting(w, 0, 1));
	KUNIT_EXPECT_EQ(test, zxp_world_detach(w, 0), 0);
	KUNIT_EXPECT_EQ(test, zxp_client_end(test, client), c->detached);
	KUNIT_EXPECT_TRUE(test, zxp_pager_next_is(test, ZXP_PACKET_COMPLETE, 0, 0));
	KUNIT_EXPECT_TRUE(test, zxp_dirty_is(test, ""));
}

/* All of the range, or nothing; and then writers look again. */
static void zxp_dirty_is_all_or_nothing(struct kunit *test)
{
	struct zxp_world *w = zxp_new(test, ZXP_VMO_TRAP_DIRTY, 0);

	KUNIT_ASSERT_EQ(test, zxp_world_supply(w, 0, 0, 4, 0x11), 0);
	KUNIT_EXPECT_EQ(test, zxp_op(test, ZXP_PAGER_OP_DIRTY, 2, 3), -ENOENT);
	KUNIT_EXPECT_EQ(test, zxp_op(test, ZXP_PAGER_OP_DIRTY, 7, 2), -ERANGE);
	KUNIT_EXPECT_TRUE(test, zxp_dirty_is(test, ""));
	KUNIT_EXPECT_EQ(test, zxp_op(test, ZXP_PAGER_OP_DIRTY, 2, 2), 0);
	KUNIT_EXPECT_EQ(test, zxp_op(test, ZXP_PAGER_OP_DIRTY, 5, 0), 0);
	KUNIT_EXPECT_TRUE(test, zxp_dirty_is(test, "2-3"));
}

static void zxp_writeback_cleans(struct kunit *test)
{
	struct zxp_world *w = zxp_new(test, 0, 0);
	u8 byte = 0x22;

	KUNIT_ASSERT_EQ(test, zxp_world_supply(w, 0, 0, ZXP_PAGES, 0x11), 0);
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, STORE, 0, 2, &byte), 0L);
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, PWRITE, 0, 4, &byte), 0L);
	KUNIT_EXPECT_TRUE(test, zxp_dirty_is(test, "2 4"));
	/* What is being written is still unwritten, */
	KUNIT_EXPECT_EQ(test, 0, zxp_op(test, ZXP_PAGER_OP_WRITEBACK_BEGIN, 0, 8));
	KUNIT_EXPECT_TRUE(test, zxp_dirty_is(test, "2 4"));
	/* what is written to meanwhile stays so, by whichever way, */
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, STORE, 0, 2, &byte), 0L);
	KUNIT_EXPECT_EQ(test, 0, zxp_op(test, ZXP_PAGER_OP_WRITEBACK_END, 0, 8));
	KUNIT_EXPECT_TRUE(test, zxp_dirty_is(test, "2"));
	/* and END without BEGIN does nothing. */
	KUNIT_EXPECT_EQ(test, 0, zxp_op(test, ZXP_PAGER_OP_WRITEBACK_END, 0, 8));
	KUNIT_EXPECT_TRUE(test, zxp_dirty_is(test, "2"));
	KUNIT_EXPECT_EQ(test, 0, zxp_op(test, ZXP_PAGER_OP_WRITEBACK_BEGIN, 2, 1));
	KUNIT_EXPECT_EQ(test, 0, zxp_op(test, ZXP_PAGER_OP_WRITEBACK_END, 2, 1));
	KUNIT_EXPECT_TRUE(test, zxp_dirty_is(test, ""));
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, LOAD, 0, 2, &byte), 0L);
	KUNIT_EXPECT_EQ(test, byte, (u8)0x22);
	KUNIT_EXPECT_EQ(test, -ERANGE,
			zxp_op(test, ZXP_PAGER_OP_WRITEBACK_BEGIN, 0, 9));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			zxp_world_op(w, 0, ZXP_PAGER_OP_WRITEBACK_END, 0, 8, 1));
}

/* As KVM does with what it has written to: it tells neither the file nor us. */
static void zxp_set_dirty_flag(struct kunit *test, pgoff_t page)
{
	struct zxp_world *w = test->priv;
	struct folio *folio = zxp_vmo_lock_folio(zxp_world_vmo(w, 0), page);

	KUNIT_ASSERT_NOT_NULL(test, folio);
	folio_set_dirty(folio);
	folio_unlock(folio);
	folio_put(folio);
}

static void zxp_dirty_flag_of_others(struct kunit *test)
{
	struct zxp_world *w = zxp_new(test, 0, 0);
	u8 byte = 0x22;

	KUNIT_ASSERT_EQ(test, zxp_world_supply(w, 0, 0, ZXP_PAGES, 0x11), 0);
	/* It keeps nobody from making the page dirty, */
	zxp_set_dirty_flag(test, 2);
	zxp_set_dirty_flag(test, 4);
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, STORE, 0, 2, &byte), 0L);
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, PWRITE, 0, 4, &byte), 0L);
	KUNIT_EXPECT_TRUE(test, zxp_dirty_is(test, "2 4"));
	/* and what is being written is not clean if it came meanwhile. */
	KUNIT_EXPECT_EQ(test, 0, zxp_op(test, ZXP_PAGER_OP_WRITEBACK_BEGIN, 0, 8));
	zxp_set_dirty_flag(test, 2);
	KUNIT_EXPECT_EQ(test, 0, zxp_op(test, ZXP_PAGER_OP_WRITEBACK_END, 0, 8));
	KUNIT_EXPECT_TRUE(test, zxp_dirty_is(test, "2"));
	KUNIT_EXPECT_EQ(test, 0, zxp_op(test, ZXP_PAGER_OP_WRITEBACK_BEGIN, 0, 8));
	KUNIT_EXPECT_EQ(test, 0, zxp_op(test, ZXP_PAGER_OP_WRITEBACK_END, 0, 8));
	KUNIT_EXPECT_TRUE(test, zxp_dirty_is(test, ""));
}

/* What is to be written last survives a detach. */
static void zxp_writeback_after_a_detach(struct kunit *test)
{
	struct zxp_world *w = zxp_new(test, ZXP_VMO_TRAP_DIRTY, 0);
	u8 byte = 0x22;

	KUNIT_ASSERT_EQ(test, zxp_world_supply(w, 0, 0, ZXP_PAGES, 0x11), 0);
	KUNIT_EXPECT_EQ(test, zxp_op(test, ZXP_PAGER_OP_DIRTY, 2, 1), 0);
	KUNIT_EXPECT_EQ(test, zxp_op(test, ZXP_PAGER_OP_DIRTY, 5, 1), 0);
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, STORE, 0, 2, &byte), 0L);
	KUNIT_EXPECT_EQ(test, 0, zxp_op(test, ZXP_PAGER_OP_WRITEBACK_BEGIN, 5, 1));
	KUNIT_EXPECT_EQ(test, zxp_world_detach(w, 0), 0);
	KUNIT_EXPECT_TRUE(test, zxp_dirty_is(test, "2 5"));
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, LOAD, 0, 2, &byte), 0L);
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, LOAD, 0, 3, &byte), (long)-EFAULT);
	KUNIT_EXPECT_EQ(test, zxp_op(test, ZXP_PAGER_OP_DIRTY, 2, 1), -ESTALE);
	KUNIT_EXPECT_EQ(test, 0, zxp_op(test, ZXP_PAGER_OP_WRITEBACK_BEGIN, 0, 8));
	KUNIT_EXPECT_EQ(test, 0, zxp_op(test, ZXP_PAGER_OP_WRITEBACK_END, 0, 8));
	KUNIT_EXPECT_TRUE(test, zxp_dirty_is(test, ""));
}

static void zxp_zero_needs_no_page(struct kunit *test)
{
	struct zxp_world *w = zxp_new(test, 0, 0);
	struct zxp_vmo_info info;
	u8 byte = 0x22;

	KUNIT_ASSERT_EQ(test, zxp_world_supply(w, 0, 0, 4, 0x11), 0);
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, STORE, 0, 1, &byte), 0L);
	/* Pages that are clean, dirty and missing. */
	KUNIT_EXPECT_EQ(test, zxp_world_vmo_op(w, 0, ZXP_VMO_OP_ZERO, 1, 5), 0);
	KUNIT_EXPECT_TRUE(test, zxp_dirty_is(test, "1-5z"));
	KUNIT_ASSERT_EQ(test, zxp_world_info(w, 0, &info), 0);
	KUNIT_EXPECT_EQ(test, info.out_zero_bytes, 5ULL << PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, info.out_resident, 1ULL << PAGE_SHIFT);
	/* Reading does not change that, writing does. */
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, LOAD, 0, 2, &byte), 0L);
	KUNIT_EXPECT_EQ(test, byte, (u8)0);
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, PREAD, 0, 4, &byte), 0L);
	KUNIT_EXPECT_TRUE(test, zxp_dirty_is(test, "1-5z"));
	byte = 0x33;
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, PWRITE, 0, 3, &byte), 0L);
	KUNIT_EXPECT_TRUE(test, zxp_dirty_is(test, "1-2z 3 4-5z"));
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, COMMIT, 0, 5, NULL), 0L);
	KUNIT_EXPECT_TRUE(test, zxp_dirty_is(test, "1-2z 3 4z 5"));
	KUNIT_EXPECT_TRUE(test, zxp_world_silent(w->pager));
}

/* A zero range that was written back is missing, but for who has read its zeroes. */
static void zxp_zero_is_written_back(struct kunit *test)
{
	struct zxp_world *w = zxp_new(test, 0, 0);
	struct zxp_client *client;
	u8 byte;

	KUNIT_EXPECT_EQ(test, zxp_world_vmo_op(w, 0, ZXP_VMO_OP_ZERO, 0, 6), 0);
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, LOAD, 0, 1, &byte), 0L);
	KUNIT_EXPECT_EQ(test, 0,
			zxp_world_op(w, 0, ZXP_PAGER_OP_WRITEBACK_BEGIN, 0, 4,
				     ZXP_DIRTY_RANGE_IS_ZERO));
	KUNIT_EXPECT_TRUE(test, zxp_dirty_is(test, "0-5z"));
	KUNIT_EXPECT_EQ(test, 0, zxp_op(test, ZXP_PAGER_OP_WRITEBACK_END, 0, 6));
	KUNIT_EXPECT_TRUE(test, zxp_dirty_is(test, "4-5z"));
	byte = 0x22;
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, LOAD, 0, 1, &byte), 0L);
	KUNIT_EXPECT_EQ(test, byte, (u8)0);
	KUNIT_EXPECT_TRUE(test, zxp_world_silent(w->pager));
	client = zxp_client_start(test, LOAD, 0, 2, 0);
	KUNIT_ASSERT_TRUE(test, zxp_pager_next_is(test, ZXP_PACKET_READ, 2, 3));
	KUNIT_EXPECT_EQ(test, zxp_world_supply(w, 0, 1, 2, 0x66), 0);
	KUNIT_EXPECT_EQ(test, zxp_client_end(test, client), 0L);
	KUNIT_EXPECT_EQ(test, client->byte, (u8)0x66);
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, LOAD, 0, 1, &byte), 0L);
	KUNIT_EXPECT_EQ(test, byte, (u8)0x66);
}

/* Zeroes are mapped only where there is nothing else. */
static void zxp_zeroes_are_mapped(struct kunit *test)
{
	struct zxp_world *w = zxp_new(test, 0, 0);
	struct zxp_vmo *vmo = zxp_world_vmo(w, 0);
	pgoff_t page;
	u8 byte = 0x22;

	KUNIT_EXPECT_EQ(test, zxp_world_vmo_op(w, 0, ZXP_VMO_OP_ZERO, 0, 6), 0);
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, PWRITE, 0, 3, &byte), 0L);
	KUNIT_EXPECT_FALSE(test, zxp_vmo_settle_zeroes(vmo));
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, LOAD, 0, 1, &byte), 0L);
	KUNIT_EXPECT_TRUE(test, zxp_vmo_settle_zeroes(vmo));
	for (page = 0; page <= ZXP_PAGES; page++)
		KUNIT_EXPECT_EQ(test, zxp_vmo_absent(vmo, page) == ZXP_ABSENT_ZERO,
				page < 6 && page != 3);
	byte = 0x33;
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, PWRITE, 0, 1, &byte), 0L);
	KUNIT_EXPECT_FALSE(test, zxp_vmo_settle_zeroes(vmo));
}

/* There is another one before so many have the first that nobody could count them. */
static void zxp_zero_page_is_replaced(struct kunit *test)
{
	struct zxp_world *w = zxp_new(test, 0, 0);
	struct zxp_vmo *vmo = zxp_world_vmo(w, 0);
	struct folio *old;
	u8 byte = 0x22;

	KUNIT_EXPECT_EQ(test, zxp_world_vmo_op(w, 0, ZXP_VMO_OP_ZERO, 0, 6), 0);
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, LOAD, 0, 1, &byte), 0L);
	old = vmo->zero_folio;
	KUNIT_ASSERT_NOT_NULL(test, old);
	KUNIT_EXPECT_TRUE(test, folio_mapped(old));
	folio_ref_add(old, BIT(30));
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, LOAD, 0, 2, &byte), 0L);
	KUNIT_EXPECT_EQ(test, byte, (u8)0);
	KUNIT_EXPECT_PTR_NE(test, old, vmo->zero_folio);
	/* The other one is nowhere now, so that who puts a page in need not know it. */
	KUNIT_EXPECT_FALSE(test, folio_mapped(old));
	KUNIT_EXPECT_EQ(test, folio_ref_count(old), (int)BIT(30));
	folio_ref_sub(old, BIT(30) - 1);
	folio_put(old);
}

/* Zeroes and pages: only the zeroes are begun, if that is said. */
static void zxp_writeback_of_zeroes_only(struct kunit *test)
{
	struct zxp_world *w = zxp_new(test, 0, 0);
	u8 byte = 0x22;

	KUNIT_ASSERT_EQ(test, zxp_world_supply(w, 0, 0, 4, 0x11), 0);
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, STORE, 0, 1, &byte), 0L);
	KUNIT_EXPECT_EQ(test, zxp_world_vmo_op(w, 0, ZXP_VMO_OP_ZERO, 4, 4), 0);
	KUNIT_EXPECT_EQ(test, 0,
			zxp_world_op(w, 0, ZXP_PAGER_OP_WRITEBACK_BEGIN, 0, 8,
				     ZXP_DIRTY_RANGE_IS_ZERO));
	KUNIT_EXPECT_EQ(test, 0, zxp_op(test, ZXP_PAGER_OP_WRITEBACK_END, 0, 8));
	KUNIT_EXPECT_TRUE(test, zxp_dirty_is(test, "1"));
}

static void zxp_zero_range_is_dirtied(struct kunit *test)
{
	struct zxp_world *w = zxp_new(test, ZXP_VMO_TRAP_DIRTY, 0);
	struct zxp_client *client;

	KUNIT_EXPECT_EQ(test, zxp_world_vmo_op(w, 0, ZXP_VMO_OP_ZERO, 0, 6), 0);
	client = zxp_client_start(test, STORE, 0, 2, 0x12);
	KUNIT_ASSERT_TRUE(test, zxp_pager_next_is(test, ZXP_PACKET_DIRTY, 2, 3));
	KUNIT_EXPECT_EQ(test, zxp_op(test, ZXP_PAGER_OP_DIRTY, 2, 2), 0);
	KUNIT_EXPECT_EQ(test, zxp_client_end(test, client), 0L);
	KUNIT_EXPECT_TRUE(test, zxp_dirty_is(test, "0-1z 2-3 4-5z"));
}

static void zxp_size_changes(struct kunit *test)
{
	u8 byte = 0x22;

	zxp_new(test, ZXP_VMO_RESIZABLE, 0);
	/* What is new is zero, and the daemon is to hear of it. */
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, TRUNCATE, 0, 12, NULL), 0L);
	KUNIT_EXPECT_TRUE(test, zxp_dirty_is(test, "8-11z"));
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, PWRITE, 0, 10, &byte), 0L);
	KUNIT_EXPECT_TRUE(test, zxp_dirty_is(test, "8-9z 10 11z"));
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, TRUNCATE, 0, 9, NULL), 0L);
	KUNIT_EXPECT_TRUE(test, zxp_dirty_is(test, "8z"));
	/* A write behind the end makes what lies between zero. */
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, PWRITE, 0, 13, &byte), 0L);
	KUNIT_EXPECT_TRUE(test, zxp_dirty_is(test, "8-12z 13"));
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, TRUNCATE, 0, 0, NULL), 0L);
	KUNIT_EXPECT_TRUE(test, zxp_dirty_is(test, ""));
}

/* Whole pages behind the stream are nobody's business. */
static void zxp_stream_size_changes(struct kunit *test)
{
	struct zxp_vmo_set_stream_size args = { .size = sizeof(args) };
	struct zxp_world *w = zxp_new(test, 0, 0);
	u8 byte = 0x22;

	KUNIT_ASSERT_EQ(test, zxp_world_supply(w, 0, 0, ZXP_PAGES, 0x11), 0);
	args.stream_size = 3ULL << PAGE_SHIFT;
	KUNIT_EXPECT_EQ(test, 0L,
			zxp_world_ioctl(w, 0, w->file[0],
					ZXP_IOC_VMO_SET_STREAM_SIZE, &args,
					sizeof(args)));
	KUNIT_EXPECT_TRUE(test, zxp_dirty_is(test, ""));
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, PREAD, 0, 3, NULL), (long)-ENODATA);
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, LOAD, 0, 5, &byte), 0L);
	KUNIT_EXPECT_EQ(test, byte, (u8)0);
	args.stream_size = 5ULL << PAGE_SHIFT;
	KUNIT_EXPECT_EQ(test, 0L,
			zxp_world_ioctl(w, 0, w->file[0],
					ZXP_IOC_VMO_SET_STREAM_SIZE, &args,
					sizeof(args)));
	KUNIT_EXPECT_TRUE(test, zxp_dirty_is(test, "3-4z"));
	args.stream_size = 9ULL << PAGE_SHIFT;
	KUNIT_EXPECT_EQ(test, (long)-ERANGE,
			zxp_world_ioctl(w, 0, w->file[0],
					ZXP_IOC_VMO_SET_STREAM_SIZE, &args,
					sizeof(args)));
}

static int zxp_set_stream(struct zxp_world *w, pgoff_t pages)
{
	struct zxp_vmo *vmo = zxp_world_vmo(w, 0);
	int ret;

	mutex_lock(&vmo->content_lock);
	ret = zxp_vmo_cut_stream_locked(vmo, (loff_t)pages << PAGE_SHIFT,
					vmo->nr_pages);
	mutex_unlock(&vmo->content_lock);
	return ret;
}

static u8 zxp_byte(struct folio *folio, size_t offset)
{
	const u8 *kaddr = kmap_local_folio(folio, offset);
	u8 byte = *kaddr;

	kunmap_local(kaddr);
	return byte;
}

/* The stream has gone on over a page since somebody saw that it ends there. */
static void zxp_stream_is_not_zeroed(struct kunit *test)
{
	struct zxp_world *w = zxp_new(test, 0, 0);
	struct zxp_vmo *vmo = zxp_world_vmo(w, 0);
	struct folio *folio;
	size_t at;

	KUNIT_EXPECT_EQ(test, zxp_world_supply(w, 0, 0, 1, 0x33), 0);
	KUNIT_EXPECT_EQ(test, zxp_set_stream(w, 1), 0);
	folio = zxp_vmo_lock_folio(vmo, 0);
	KUNIT_ASSERT_NOT_NULL(test, folio);
	at = offset_in_folio(folio, 0);
	zxp_vmo_zero_beyond(vmo, folio, 100, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, zxp_byte(folio, at + 100), 0x33);
	spin_lock(&vmo->inode.i_lock);
	i_size_write(&vmo->inode, 200);
	spin_unlock(&vmo->inode.i_lock);
	zxp_vmo_zero_beyond(vmo, folio, 100, PAGE_SIZE - 1);
	KUNIT_EXPECT_EQ(test, zxp_byte(folio, at + 199), 0x33);
	KUNIT_EXPECT_EQ(test, zxp_byte(folio, at + 200), 0);
	KUNIT_EXPECT_EQ(test, zxp_byte(folio, at + PAGE_SIZE - 2), 0);
	KUNIT_EXPECT_EQ(test, zxp_byte(folio, at + PAGE_SIZE - 1), 0x33);
	folio_unlock(folio);
	folio_put(folio);
}

/* What was stored after it had been cleared is in it, written back or not. */
static void zxp_stream_grows_over_stores(struct kunit *test)
{
	struct zxp_world *w = zxp_new(test, 0, 0);
	u8 byte = 0x22;

	KUNIT_EXPECT_EQ(test, zxp_set_stream(w, 2), 0);
	KUNIT_EXPECT_EQ(test, zxp_world_vmo_op(w, 0, ZXP_VMO_OP_ZERO, 2, 6), 0);
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, STORE, 0, 3, &byte), 0L);
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, STORE, 0, 6, &byte), 0L);
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, LOAD, 0, 4, &byte), 0L);
	KUNIT_EXPECT_EQ(test, 0, zxp_op(test, ZXP_PAGER_OP_WRITEBACK_BEGIN, 3, 1));
	KUNIT_EXPECT_EQ(test, zxp_set_stream(w, 5), 0);
	KUNIT_EXPECT_EQ(test, 0, zxp_op(test, ZXP_PAGER_OP_WRITEBACK_END, 3, 1));
	KUNIT_EXPECT_TRUE(test, zxp_dirty_is(test, "2z 3 4-5z 6 7z"));
	/* From now on it is part of the stream, and can be written back. */
	KUNIT_EXPECT_EQ(test, 0, zxp_op(test, ZXP_PAGER_OP_WRITEBACK_BEGIN, 3, 1));
	KUNIT_EXPECT_EQ(test, 0, zxp_op(test, ZXP_PAGER_OP_WRITEBACK_END, 3, 1));
	KUNIT_EXPECT_TRUE(test, zxp_dirty_is(test, "2z 4-5z 6 7z"));
	/* And what is behind it cannot, by who has not read it. */
	KUNIT_EXPECT_EQ(test, 0, zxp_op(test, ZXP_PAGER_OP_WRITEBACK_BEGIN, 6, 1));
	KUNIT_EXPECT_EQ(test, 0, zxp_op(test, ZXP_PAGER_OP_WRITEBACK_END, 6, 1));
	KUNIT_EXPECT_TRUE(test, zxp_dirty_is(test, "2z 4-5z 6 7z"));
}

static void zxp_sync_waits_for_the_daemon(struct kunit *test)
{
	struct zxp_world *w = zxp_new(test, 0, ZXP_CREATE_SYNC);
	struct zxp_client *client;

	client = zxp_client_start(test, FSYNC, 0, 0, 0);
	KUNIT_ASSERT_TRUE(test, zxp_pager_next_is(test, ZXP_PACKET_SYNC, 0, 8));
	KUNIT_EXPECT_EQ(test, zxp_op(test, ZXP_PAGER_OP_SYNC_END, 0, 7), -ENOENT);
	KUNIT_EXPECT_EQ(test, zxp_op(test, ZXP_PAGER_OP_SYNC_END, 0, 8), 0);
	KUNIT_EXPECT_EQ(test, zxp_client_end(test, client), 0L);

	client = zxp_client_start(test, FSYNC, 0, 0, 0);
	KUNIT_ASSERT_TRUE(test, zxp_pager_next_is(test, ZXP_PACKET_SYNC, 0, 8));
	KUNIT_EXPECT_EQ(test, 0, zxp_world_op(w, 0, ZXP_PAGER_OP_SYNC_END, 0, 8, EIO));
	KUNIT_EXPECT_EQ(test, zxp_client_end(test, client), (long)-EIO);

	client = zxp_client_start(test, FSYNC, 0, 0, 0);
	KUNIT_ASSERT_TRUE(test, zxp_world_waiting(w, 0, 1));
	KUNIT_EXPECT_EQ(test, zxp_world_detach(w, 0), 0);
	KUNIT_EXPECT_EQ(test, zxp_client_end(test, client), (long)-ESTALE);
}

static void zxp_stats_tell_who_wrote(struct kunit *test)
{
	struct zxp_query_vmo_stats args = { .size = sizeof(args) };
	struct zxp_world *w = zxp_new(test, 0, 0);
	unsigned int i;
	u8 byte = 1;

	KUNIT_ASSERT_EQ(test, zxp_world_supply(w, 0, 0, ZXP_PAGES, 0x11), 0);
	args.vmo_fd = w->fd[0];
	args.options = ZXP_STATS_RESET;
	for (i = 0; i < 4; i++) {
		/* Not before, once after, and then no more. */
		if (i == 1)
			zxp_client_do(test, PWRITE, 0, 1, &byte);
		KUNIT_EXPECT_EQ(test, 0L,
				zxp_world_ioctl(w, 0, w->pager,
						ZXP_IOC_QUERY_VMO_STATS, &args,
						sizeof(args)));
		KUNIT_EXPECT_EQ(test, args.out_modified,
				i == 1 ? ZXP_STATS_MODIFIED : 0);
	}
}

static struct kunit_case zxp_vmo_dirty_cases[] = {
	KUNIT_CASE_PARAM(zxp_dirty_is_asked_for, zxp_writer_gen_params),
	KUNIT_CASE_PARAM(zxp_dirty_is_refused, zxp_writer_gen_params),
	KUNIT_CASE(zxp_dirty_is_all_or_nothing),
	KUNIT_CASE(zxp_writeback_cleans),
	KUNIT_CASE(zxp_dirty_flag_of_others),
	KUNIT_CASE(zxp_writeback_after_a_detach),
	KUNIT_CASE(zxp_writeback_of_zeroes_only),
	KUNIT_CASE(zxp_zero_needs_no_page),
	KUNIT_CASE(zxp_zero_is_written_back),
	KUNIT_CASE(zxp_zero_range_is_dirtied),
	KUNIT_CASE(zxp_zeroes_are_mapped),
	KUNIT_CASE(zxp_zero_page_is_replaced),
	KUNIT_CASE(zxp_size_changes),
	KUNIT_CASE(zxp_stream_size_changes),
	KUNIT_CASE(zxp_stream_is_not_zeroed),
	KUNIT_CASE(zxp_stream_grows_over_stores),
	KUNIT_CASE(zxp_sync_waits_for_the_daemon),
	KUNIT_CASE(zxp_stats_tell_who_wrote),
	{}
};

struct kunit_suite zxp_vmo_dirty_suite = {
	.name = "zxpager_vmo_dirty",
	.suite_init = zxp_world_suite_init,
	.suite_exit = zxp_world_suite_exit,
	.init = zxp_world_init,
	.exit = zxp_world_exit,
	.test_cases = zxp_vmo_dirty_cases,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * Zircon's tests of the operation ZERO.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <linux/falloc.h>
#include <kselftest_harness.h>

#include "lib/fixture.h"

#define TRAP	ZXP_VMO_TRAP_DIRTY

PAGER_FIXTURE(op_zero);

/* Pages and missing pages become a zero range, and nobody is asked. */
#define zero_pages_and_gaps(options) do {				\
	struct test_vmo *vmo = new_vmo_options(5, options);		\
									\
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));			\
	ASSERT_TRUE(vmo_shows(vmo, 0, 1, SUPPLIED));			\
	ASSERT_TRUE(vmo_zero(vmo, 0, 1));				\
	ASSERT_TRUE(is_dirty(vmo, ZERO(0, 1)));				\
	EXPECT_EQ(0, vmo_info(vmo).out_resident);			\
	EXPECT_EQ(page_size, vmo_info(vmo).out_zero_bytes);		\
	EXPECT_TRUE(vmo_has(vmo, 0, 1, ZEROES));			\
	/* Apart from the first. */					\
	ASSERT_TRUE(vmo_zero(vmo, 2, 2));				\
	ASSERT_TRUE(is_dirty(vmo, ZERO(0, 1), ZERO(2, 2)));		\
	EXPECT_TRUE(vmo_has(vmo, 2, 2, ZEROES));			\
	/* Again, and across what was between them. */			\
	ASSERT_TRUE(vmo_zero(vmo, 2, 2));				\
	ASSERT_TRUE(is_dirty(vmo, ZERO(0, 1), ZERO(2, 2)));		\
	ASSERT_TRUE(vmo_zero(vmo, 1, 2));				\
	ASSERT_TRUE(is_dirty(vmo, ZERO(0, 4)));				\
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 4));			\
	ASSERT_TRUE(is_dirty(vmo, ZERO(0, 4)));				\
	EXPECT_TRUE(vmo_has(vmo, 0, 4, ZEROES));			\
	EXPECT_EQ(0, vmo_info(vmo).out_resident);			\
	EXPECT_TRUE(vmo_shows(vmo, 0, 4, ZEROES));			\
	EXPECT_EQ(0, vmo_info(vmo).out_resident);			\
	ASSERT_TRUE(is_dirty(vmo, ZERO(0, 4)));				\
	ASSERT_TRUE(pager_idle(&self->p));				\
	/* The one that was left out is still missing. */		\
	ASSERT_TRUE(thread_check_vmo(&self->t[0], vmo, 4, 1));		\
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 4, 1));		\
	ASSERT_TRUE(pager_supply(&self->p, vmo, 4, 1));			\
	ASSERT_TRUE(thread_wait(&self->t[0]));				\
	ASSERT_TRUE(pager_idle(&self->p));				\
} while (0)

TEST_F(op_zero, OpZero)
{
	zero_pages_and_gaps(0);
}

TEST_F(op_zero, OpZeroTrapDirty)
{
	zero_pages_and_gaps(TRAP);
}

/* Who waits for the content of a page that is cleared gets zeroes. */
TEST_F(op_zero, DelayedReadZeroRange)
{
	struct test_vmo *vmo = new_vmo(2);

	self->t[0].zero = true;
	ASSERT_TRUE(thread_check_vmo(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(vmo_zero(vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, ZERO(0, 1)));
	ASSERT_TRUE(pager_idle(&self->p));

	ASSERT_TRUE(pager_writeback_begin_zero(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 1));
	ASSERT_TRUE(is_clean(vmo));
	EXPECT_EQ(0, vmo_info(vmo).out_resident);
	self->t[0].zero = false;
	ASSERT_TRUE(thread_check_vmo(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A reader of several pages goes on behind those that are cleared. */
TEST_F(op_zero, ZeroWakesReaderEarly)
{
	struct test_vmo *vmo = new_vmo(4);
	volatile uint64_t *seen;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_check_vmo(&self->t[0], vmo, 0, 4));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, 3));
	ASSERT_TRUE(threads_blocked(self->t, 1, vmo));
	seen = (void *)self->t[0].buf;
	seen[page_size / 8] = STORED_WORD;
	ASSERT_TRUE(vmo_zero(vmo, 0, 2));
	ASSERT_TRUE(wait_until(!seen[page_size / 8]));
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 2, 2));
	/* Not what was supplied, in part. */
	ASSERT_TRUE(thread_wait_failure(&self->t[0], EILSEQ));
	EXPECT_TRUE(is_zero(self->t[0].buf + page_size, page_size));
	EXPECT_TRUE(vmo_matches(vmo, 2, 2, self->t[0].buf + 2 * page_size));
	ASSERT_TRUE(is_dirty(vmo, ZERO(0, 2)));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A writer waits on, and what DIRTY finds then counts. */
TEST_F(op_zero, DelayedDirtyZeroRange)
{
	struct test_vmo *vmo = new_vmo_options(1, TRAP);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(threads_blocked(self->t, 1, vmo));
	ASSERT_TRUE(vmo_zero(vmo, 0, 1));
	EXPECT_TRUE(thread_asleep(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, ZERO(0, 1)));
	ASSERT_TRUE(pager_writeback_begin_zero(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 1));
	EXPECT_TRUE(thread_asleep(&self->t[0]));
	ASSERT_TRUE(is_clean(vmo));
	ASSERT_TRUE(pager_idle(&self->p));

	test_err_zxp(ENOENT, dirty, self->p.fd, vmo->fd, 0, page_size);
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	EXPECT_TRUE(vmo_has(vmo, 0, 1, WRITTEN));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* It works on the zero range if that was not written back. */
TEST_F(op_zero, DirtyOfClearedPage)
{
	struct test_vmo *vmo = new_vmo_options(1, TRAP);
	uint64_t *words = (void *)vmo->map;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_store(&self->t[0], vmo->map));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(vmo_zero(vmo, 0, 1));
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	EXPECT_EQ(STORED_WORD, words[0]);
	EXPECT_TRUE(is_zero(&words[1], page_size - 8));
	ASSERT_TRUE(pager_idle(&self->p));
}

TRAP_FIXTURE(zero_trap);

TEST_F(zero_trap, OpZeroTail)
{
	struct test_vmo *vmo = new_trap_vmo(1);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(vmo_resize(vmo, 3));
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 2)));
	ASSERT_TRUE(vmo_zero(vmo, 1, 2));
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 2)));
	ASSERT_TRUE(vmo_zero(vmo, 2, 1));
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 2)));
	/* From a page into it. */
	ASSERT_TRUE(vmo_zero(vmo, 0, 2));
	ASSERT_TRUE(is_dirty(vmo, ZERO(0, 3)));
	EXPECT_TRUE(vmo_shows(vmo, 0, 3, ZEROES));
	EXPECT_EQ(0, vmo_info(vmo).out_resident);
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(zero_trap, OpZeroDecommit)
{
	struct test_vmo *vmo = new_trap_vmo(2);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(vmo_resize(vmo, 3));
	write_granted(vmo, 2, 1);
	ASSERT_TRUE(is_dirty(vmo, DATA(2, 1)));
	EXPECT_EQ(2 * page_size, vmo_info(vmo).out_resident);
	ASSERT_TRUE(vmo_zero(vmo, 0, 3));
	ASSERT_TRUE(is_dirty(vmo, ZERO(0, 3)));
	EXPECT_EQ(0, vmo_info(vmo).out_resident);
	EXPECT_TRUE(vmo_shows(vmo, 0, 3, ZEROES));
	EXPECT_EQ(0, vmo_info(vmo).out_resident);
	EXPECT_TRUE(vmo_has(vmo, 0, 3, ZEROES));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(zero_trap, OpZeroPartialPage)
{
	struct test_vmo *vmo = new_trap_vmo(2);
	char *buf = map_anon(1);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_zero(&self->t[0], vmo, 0, page_size / 2));
	grant(vmo, 0, 1);
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	test_zxp(vmo_read, vmo->fd, 0, page_size, buf);
	EXPECT_TRUE(is_zero(buf, page_size / 2));
	EXPECT_EQ(vmo_word(vmo, page_size / 16), ((uint64_t *)buf)[page_size / 16]);
	ASSERT_TRUE(pager_idle(&self->p));

	/* A missing page is asked for, and then it is a write. */
	ASSERT_TRUE(thread_zero(&self->t[0], vmo, page_size + 8, 8));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	grant(vmo, 1, 1);
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 2)));

	/* In a zero range there is nothing to do. */
	ASSERT_TRUE(vmo_resize(vmo, 4));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 2), ZERO(2, 2)));
	ASSERT_TRUE(thread_zero(&self->t[0], vmo, 2 * page_size + 1, page_size));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 2), ZERO(2, 2)));
	EXPECT_EQ(2 * page_size, vmo_info(vmo).out_resident);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* The page to be cleared in part is cut off meanwhile. */
TEST_F(zero_trap, ZeroOfCutPage)
{
	struct test_vmo *vmo = new_trap_vmo(2);

	ASSERT_TRUE(thread_zero(&self->t[0], vmo, page_size + 8, 8));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, 1));
	ASSERT_TRUE(vmo_resize(vmo, 1));
	ASSERT_TRUE(thread_wait_failure(&self->t[0], ERANGE));
	ASSERT_TRUE(is_clean(vmo));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Joined on its left a range loses what was known of its writeback. */
TEST_F(zero_trap, OpZeroWriteback)
{
	struct test_vmo *vmo = new_trap_vmo(1);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(vmo_resize(vmo, 3));
	ASSERT_TRUE(pager_writeback_begin_zero(&self->p, vmo, 1, 2));
	ASSERT_TRUE(vmo_zero(vmo, 0, 1));
	ASSERT_TRUE(is_dirty(vmo, ZERO(0, 3)));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 3));
	ASSERT_TRUE(is_dirty(vmo, ZERO(0, 3)));

	ASSERT_TRUE(pager_writeback_begin_zero(&self->p, vmo, 0, 3));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 3));
	ASSERT_TRUE(is_clean(vmo));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(zero_trap, OpZeroWithMarkers)
{
	struct test_vmo *vmo = new_trap_vmo(3);

	ASSERT_TRUE(pager_supply_zero(&self->p, vmo, 0, 3));
	EXPECT_TRUE(vmo_shows(vmo, 0, 3, ZEROES));
	ASSERT_TRUE(vmo_zero(vmo, 0, 3));
	ASSERT_TRUE(is_clean(vmo));
	ASSERT_TRUE(thread_zero(&self->t[0], vmo, 5, page_size));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_clean(vmo));
	EXPECT_EQ(0, vmo_info(vmo).out_resident);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* fallocate() by its own name for it. */
TEST_F(zero_trap, FallocateZeroRange)
{
	struct test_vmo *vmo = new_trap_vmo(3);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 3));
	ASSERT_EQ(0, fallocate(vmo->fd, FALLOC_FL_ZERO_RANGE, page_size, page_size));
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 1)));
	EXPECT_TRUE(vmo_has(vmo, 0, 1, SUPPLIED));
	EXPECT_TRUE(vmo_has(vmo, 1, 1, ZEROES));
	EXPECT_TRUE(vmo_has(vmo, 2, 1, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN

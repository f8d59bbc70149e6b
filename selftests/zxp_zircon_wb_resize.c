// SPDX-License-Identifier: GPL-2.0
/*
 * Zircon's tests of VMOs that grow and shrink while they are written to.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <kselftest_harness.h>

#include "lib/fixture.h"

#define TRAP	ZXP_VMO_TRAP_DIRTY

TRAP_FIXTURE(grow);

/* New space is a dirty zero range, which a supply does not change. */
TEST_F(grow, ResizeSupplyZero)
{
	struct test_vmo *vmo = new_trap_vmo(1);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(vmo_resize(vmo, 3));
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 2)));
	EXPECT_EQ(page_size, vmo_info(vmo).out_resident);
	EXPECT_EQ(0, vmo_info(vmo).out_dirty_bytes);
	EXPECT_EQ(2 * page_size, vmo_info(vmo).out_zero_bytes);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	EXPECT_TRUE(vmo_has(vmo, 1, 2, ZEROES));
	EXPECT_TRUE(vmo_shows(vmo, 1, 2, ZEROES));
	EXPECT_EQ(page_size, vmo_info(vmo).out_resident);
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 2)));
	ASSERT_TRUE(pager_idle(&self->p));

	/* What is written to becomes a page, and what is not does not. */
	write_granted(vmo, 1, 1);
	ASSERT_TRUE(is_dirty(vmo, DATA(1, 1), ZERO(2, 1)));
	EXPECT_EQ(2 * page_size, vmo_info(vmo).out_resident);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 3));
	EXPECT_TRUE(vmo_has(vmo, 0, 1, SUPPLIED));
	EXPECT_TRUE(vmo_has(vmo, 1, 1, WRITTEN));
	EXPECT_TRUE(vmo_has(vmo, 2, 1, ZEROES));
	EXPECT_TRUE(vmo_shows(vmo, 2, 1, ZEROES));
	EXPECT_EQ(2 * page_size, vmo_info(vmo).out_resident);
	ASSERT_TRUE(is_dirty(vmo, DATA(1, 1), ZERO(2, 1)));
	EXPECT_EQ(0, vmo_info(vmo).out_read_packets);
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(grow, ResizeWriteback)
{
	struct test_vmo *vmo = new_trap_vmo(1);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	write_granted(vmo, 0, 1);
	ASSERT_TRUE(vmo_resize(vmo, 2));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1), ZERO(1, 1)));
	ASSERT_TRUE(vmo_resize(vmo, 3));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1), ZERO(1, 2)));
	write_granted(vmo, 2, 1);
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1), ZERO(1, 1), DATA(2, 1)));

	EXPECT_TRUE(vmo_shows(vmo, 1, 1, ZEROES));

	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, 3));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1), ZERO(1, 1), DATA(2, 1)));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 3));
	ASSERT_TRUE(is_clean(vmo));
	EXPECT_TRUE(vmo_shows(vmo, 1, 1, ZEROES));
	EXPECT_EQ(2 * page_size, vmo_info(vmo).out_resident);
	EXPECT_TRUE(vmo_has(vmo, 0, 1, WRITTEN));
	EXPECT_TRUE(vmo_has(vmo, 2, 1, WRITTEN));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Cut in the middle of a page: the rest of it is zero when it comes back. */
TEST_F(grow, ResizePartialPage)
{
	struct test_vmo *vmo = new_trap_vmo(2);
	struct test_thread *t = &self->t[0];
	char *buf = map_anon(1);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(thread_set_size(t, vmo, page_size / 2));
	grant(vmo, 0, 1);
	ASSERT_TRUE(thread_wait(t));
	EXPECT_EQ(page_size, vmo_info(vmo).out_vmo_size);
	EXPECT_EQ(page_size / 2, vmo_info(vmo).out_stream_size);
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	ASSERT_TRUE(vmo_resize(vmo, 2));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1), ZERO(1, 1)));
	test_zxp(vmo_read, vmo->fd, 0, page_size, buf);
	EXPECT_EQ(vmo_word(vmo, page_size / 16 - 1),
		  ((uint64_t *)buf)[page_size / 16 - 1]);
	EXPECT_TRUE(is_zero(buf + page_size / 2, page_size / 2));
	EXPECT_TRUE(vmo_has(vmo, 1, 1, ZEROES));

	/* A page that reads as zero has nothing to be cleared. */
	ASSERT_TRUE(thread_set_size(t, vmo, page_size + 8));
	ASSERT_TRUE(thread_wait(t));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1), ZERO(1, 1)));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* That page may have to be asked for. */
TEST_F(grow, ResizeMissingPartialPage)
{
	struct test_vmo *vmo = new_trap_vmo(2);

	ASSERT_TRUE(thread_set_size(&self->t[0], vmo, page_size / 2));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	grant(vmo, 0, 1);
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	EXPECT_EQ(page_size, vmo_info(vmo).out_vmo_size);
	ASSERT_TRUE(pager_idle(&self->p));

	/* If it cannot be had, nothing has changed. */
	vmo = new_trap_vmo(2);
	was_modified(vmo);
	ASSERT_TRUE(thread_set_size(&self->t[0], vmo, page_size / 2));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 0, 1, EIO));
	ASSERT_TRUE(thread_wait_failure(&self->t[0], EIO));
	EXPECT_EQ(2 * page_size, vmo_info(vmo).out_stream_size);
	EXPECT_FALSE(was_modified(vmo));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* What lay behind the stream size is part of the stream then. */
TEST_F(grow, ResizeBehindStreamSize)
{
	struct test_vmo *vmo = new_trap_vmo(4);

	test_zxp(set_stream_size, vmo->fd, 2 * page_size);
	ASSERT_TRUE(is_clean(vmo));
	ASSERT_TRUE(vmo_resize(vmo, 3));
	EXPECT_EQ(3 * page_size, vmo_info(vmo).out_stream_size);
	ASSERT_TRUE(is_dirty(vmo, ZERO(2, 1)));
	test_zxp(set_stream_size, vmo->fd, page_size);
	ASSERT_TRUE(is_clean(vmo));
	ASSERT_TRUE(vmo_resize(vmo, 6));
	EXPECT_EQ(6 * page_size, vmo_info(vmo).out_stream_size);
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 5)));
	EXPECT_TRUE(vmo_has(vmo, 1, 5, ZEROES));
	ASSERT_TRUE(pager_idle(&self->p));
}

PAGER_FIXTURE(resize_write);

TEST_F(resize_write, ResizeDirtyRequest)
{
	struct test_vmo *vmo = new_vmo_options(1, TRAP | ZXP_VMO_RESIZABLE);
	unsigned int i;

	/* A run goes from a clean page into a zero range. */
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(vmo_resize(vmo, 3));
	ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo, 0, 2));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 2));
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 2));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 2), ZERO(2, 1)));
	EXPECT_EQ(2 * page_size, vmo_info(vmo).out_resident);

	/* Single pages in a zero range. */
	vmo = new_vmo_options(1, TRAP | ZXP_VMO_RESIZABLE);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(vmo_resize(vmo, 8));
	for (i = 1; i <= 4; i++) {
		if (i == 3)
			continue;
		ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo, i, 1));
		ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, i, 1));
		ASSERT_TRUE(pager_idle(&self->p));
		ASSERT_TRUE(pager_dirty(&self->p, vmo, i, 1));
		ASSERT_TRUE(thread_wait(&self->t[0]));
	}
	ASSERT_TRUE(is_dirty(vmo, DATA(1, 2), ZERO(3, 1), DATA(4, 1), ZERO(5, 3)));

	/* All of it: what is dirty is not asked for. */
	ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo, 0, 8));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 3, 1));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 3, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 5, 3));
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 5, 3));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 8)));
	EXPECT_TRUE(vmo_has(vmo, 0, 8, WRITTEN));
	EXPECT_EQ(0, vmo_info(vmo).out_read_packets);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A writer of pages that are cut off fails; what is left of its request stays. */
TEST_F(resize_write, ResizeWithOutstandingDirtyRequests)
{
	struct test_vmo *vmo = new_vmo_options(2, TRAP | ZXP_VMO_RESIZABLE);
	uint64_t page = page_size;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo, 1, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 1, 1));
	ASSERT_TRUE(vmo_resize(vmo, 1));
	ASSERT_TRUE(thread_wait_failure(&self->t[0], ERANGE));
	test_err_zxp(ERANGE, dirty, self->p.fd, vmo->fd, page, page);
	EXPECT_EQ(0, vmo_info(vmo).out_requests);
	ASSERT_TRUE(is_clean(vmo));

	/* What has grown again is not asked for with a READ. */
	ASSERT_TRUE(vmo_resize(vmo, 2));
	ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo, 0, 2));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 2));
	ASSERT_TRUE(threads_blocked(self->t, 1, vmo));
	ASSERT_TRUE(vmo_resize(vmo, 1));
	EXPECT_TRUE(thread_asleep(&self->t[0]));
	EXPECT_EQ(1, vmo_info(vmo).out_requests);
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait_failure(&self->t[0], ERANGE));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(resize_write, ResizeWritebackWithOutstandingDirtyRequests)
{
	struct test_vmo *vmo = new_vmo_options(2, TRAP | ZXP_VMO_RESIZABLE);
	uint64_t page = page_size;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 2));
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, 2));
	ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo, 1, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 1, 1));
	ASSERT_TRUE(vmo_resize(vmo, 1));
	ASSERT_TRUE(thread_wait_failure(&self->t[0], ERANGE));
	test_err_zxp(ERANGE, dirty, self->p.fd, vmo->fd, page, page);
	test_err_zxp(ERANGE, writeback_end, self->p.fd, vmo->fd, 0, 2 * page);
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 1));
	ASSERT_TRUE(is_clean(vmo));

	/* The new page of a VMO that is being written back again. */
	ASSERT_TRUE(vmo_resize(vmo, 2));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, 2));
	ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo, 0, 2));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 2));
	ASSERT_TRUE(threads_blocked(self->t, 1, vmo));
	ASSERT_TRUE(vmo_resize(vmo, 1));
	EXPECT_TRUE(thread_asleep(&self->t[0]));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 1));
	ASSERT_TRUE(is_clean(vmo));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait_failure(&self->t[0], ERANGE));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Page 0 dirty and a zero range behind it, both being written back. */
#define begin_mixed(pages) ({						\
	struct test_vmo *__vmo =					\
		new_vmo_options(1, TRAP | ZXP_VMO_RESIZABLE);		\
									\
	ASSERT_TRUE(pager_supply(&self->p, __vmo, 0, 1));		\
	ASSERT_TRUE(pager_dirty(&self->p, __vmo, 0, 1));		\
	ASSERT_TRUE(vmo_resize(__vmo, pages));				\
	ASSERT_TRUE(pager_writeback_begin(&self->p, __vmo, 0, pages));	\
	ASSERT_TRUE(is_dirty(__vmo, DATA(0, 1), ZERO(1, (pages) - 1)));	\
	__vmo;								\
})

TEST_F(resize_write, ResizeWritebackNewDirtyRequestsInterleaved)
{
	struct test_vmo *vmo = begin_mixed(2);

	ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo, 0, 2));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 2));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1), ZERO(1, 1)));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 2));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 2)));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 2));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 2)));
	EXPECT_TRUE(vmo_has(vmo, 0, 2, WRITTEN));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A zero range that was written back is missing, a page is not. */
TEST_F(resize_write, ResizeWritebackNewDirtyRequests)
{
	struct test_vmo *vmo = begin_mixed(3);

	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 3));
	ASSERT_TRUE(is_clean(vmo));
	EXPECT_EQ(page_size, vmo_info(vmo).out_resident);
	ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo, 0, 3));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, 2));
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_supply_zero(&self->p, vmo, 1, 2));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 1, 2));
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 1, 2));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 3)));
	EXPECT_TRUE(vmo_has(vmo, 0, 3, WRITTEN));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN

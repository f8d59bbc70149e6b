// SPDX-License-Identifier: GPL-2.0
/*
 * Zircon's tests of what detach leaves, and of writing that back.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <kselftest_harness.h>

#include "lib/fixture.h"

#define TRAP	ZXP_VMO_TRAP_DIRTY

TRAP_FIXTURE(detach);

#define detach_complete(vmo) do {					\
	ASSERT_TRUE(pager_detach(&self->p, vmo));			\
	ASSERT_TRUE(pager_wait_complete(&self->p, (vmo)->key));		\
	ASSERT_TRUE(pager_idle(&self->p));				\
} while (0)

TEST_F(detach, WritebackDirtyPagesAfterDetach)
{
	struct test_vmo *vmo = new_trap_vmo(2);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	write_granted(vmo, 0, 1);
	EXPECT_TRUE(vmo_shows(vmo, 0, 1, WRITTEN));
	detach_complete(vmo);

	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	EXPECT_TRUE(vmo_shows(vmo, 0, 1, WRITTEN));
	EXPECT_TRUE(vmo_has(vmo, 0, 1, WRITTEN));
	/* It is dirty, so it may be written to. */
	write_untrapped(vmo, 0, 1);
	EXPECT_EQ(page_size, vmo_info(vmo).out_resident);

	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, 2));
	EXPECT_TRUE(vmo_has(vmo, 0, 1, WRITTEN));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 2));
	ASSERT_TRUE(is_clean(vmo));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(detach, WritebackResizedRangeAfterDetach)
{
	struct test_vmo *vmo = new_trap_vmo(1);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(vmo_resize(vmo, 4));
	write_granted(vmo, 2, 1);
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 1), DATA(2, 1), ZERO(3, 1)));
	detach_complete(vmo);

	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 1), DATA(2, 1), ZERO(3, 1)));
	EXPECT_TRUE(vmo_has(vmo, 1, 1, ZEROES));
	EXPECT_TRUE(vmo_has(vmo, 2, 1, WRITTEN));
	EXPECT_TRUE(vmo_has(vmo, 3, 1, ZEROES));
	EXPECT_TRUE(vmo_shows(vmo, 1, 1, ZEROES));
	EXPECT_TRUE(vmo_shows(vmo, 2, 1, WRITTEN));

	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, 4));
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 1), DATA(2, 1), ZERO(3, 1)));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 4));
	ASSERT_TRUE(is_clean(vmo));
	/* What was a zero range cannot be supplied any more. */
	ASSERT_TRUE(thread_check_vmo(&self->t[0], vmo, 1, 1));
	ASSERT_TRUE(thread_wait_failure(&self->t[0], ESTALE));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(detach, DecommitCleanOnDetach)
{
	struct test_vmo *vmo = new_trap_vmo(3);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(pager_supply_zero(&self->p, vmo, 2, 1));
	/* Dirty and written back is clean. */
	write_granted(vmo, 0, 1);
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 1));
	EXPECT_EQ(2 * page_size, vmo_info(vmo).out_resident);
	detach_complete(vmo);

	EXPECT_EQ(0, vmo_info(vmo).out_resident);
	ASSERT_TRUE(is_clean(vmo));
	ASSERT_TRUE(thread_check_vmo(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(thread_wait_failure(&self->t[0], ESTALE));
	ASSERT_TRUE(thread_check_vmo(&self->t[0], vmo, 2, 1));
	ASSERT_TRUE(thread_wait_failure(&self->t[0], ESTALE));
	ASSERT_TRUE(thread_check_vmar(&self->t[0], vmo, 1, 1));
	ASSERT_TRUE(thread_wait_crash(&self->t[0], vmo->map + page_size, SIGBUS));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A zero range can be read, but to make pages of it somebody has to be asked. */
TEST_F(detach, DetachedZeroRangeWrite)
{
	struct test_vmo *vmo = new_trap_vmo(0);

	ASSERT_TRUE(vmo_resize(vmo, 3));
	detach_complete(vmo);
	ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo, 1, 1));
	if (variant->trap) {
		ASSERT_TRUE(thread_wait_failure(&self->t[0], ESTALE));
		ASSERT_TRUE(thread_store(&self->t[0], vmo->map));
		ASSERT_TRUE(thread_wait_crash(&self->t[0], vmo->map, SIGBUS));
		ASSERT_TRUE(is_dirty(vmo, ZERO(0, 3)));
	} else {
		ASSERT_TRUE(thread_wait(&self->t[0]));
		ASSERT_TRUE(is_dirty(vmo, ZERO(0, 1), DATA(1, 1), ZERO(2, 1)));
	}
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Sizes and whole pages of zeroes need nobody. */
TEST_F(detach, DetachedResizeAndZero)
{
	struct test_vmo *vmo = new_trap_vmo(3);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 3));
	write_granted(vmo, 0, 2);
	was_modified(vmo);
	detach_complete(vmo);
	EXPECT_FALSE(was_modified(vmo));
	ASSERT_TRUE(vmo_zero(vmo, 1, 2));
	EXPECT_TRUE(was_modified(vmo));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1), ZERO(1, 2)));
	ASSERT_TRUE(vmo_resize(vmo, 5));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1), ZERO(1, 4)));
	ASSERT_TRUE(vmo_resize(vmo, 2));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1), ZERO(1, 1)));
	EXPECT_TRUE(was_modified(vmo));
	EXPECT_TRUE(vmo_shows(vmo, 0, 1, WRITTEN));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A page that is being written back is not clean yet. */
TEST_F(detach, DetachDuringWriteback)
{
	struct test_vmo *vmo = new_trap_vmo(1);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	write_granted(vmo, 0, 1);
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, 1));
	detach_complete(vmo);
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	EXPECT_TRUE(vmo_has(vmo, 0, 1, WRITTEN));
	if (variant->trap) {
		/* Nobody can be asked for the write. */
		ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo, 0, 1));
		ASSERT_TRUE(thread_wait_failure(&self->t[0], ESTALE));
		ASSERT_TRUE(thread_store(&self->t[0], vmo->map));
		ASSERT_TRUE(thread_wait_crash(&self->t[0], vmo->map, SIGBUS));
		ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 1));
		ASSERT_TRUE(is_clean(vmo));
	} else {
		write_untrapped(vmo, 0, 1);
		ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 1));
		ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	}
	ASSERT_TRUE(pager_idle(&self->p));
}

WRITE_FIXTURE(detach_write);

TEST_F(detach_write, DetachWithPendingDirtyRequest)
{
	struct test_vmo *vmo = new_vmo_options(1, TRAP);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(variant->write(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_detach(&self->p, vmo));
	assert_failure(0, vmo, 0, ESTALE);
	ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));
	EXPECT_EQ(0, vmo_info(vmo).out_resident);
	ASSERT_TRUE(is_clean(vmo));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* The packet that was not read yet is taken back. */
TEST_F(detach_write, DetachBeforeDirtyIsRead)
{
	struct test_vmo *vmo = new_vmo_options(1, TRAP);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(variant->write(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(threads_blocked(self->t, 1, vmo));
	ASSERT_TRUE(pager_detach(&self->p, vmo));
	assert_failure(0, vmo, 0, ESTALE);
	ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));
	ASSERT_TRUE(pager_idle(&self->p));
	EXPECT_EQ(0, vmo_info(vmo).out_dirty_packets);
}

/* Nor may it write once nobody can be asked, but reading goes on. */
TEST_F(detach_write, ClosePagerWithPendingDirtyRequest)
{
	struct test_vmo *vmo = new_vmo_options(1, TRAP);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(variant->write(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 1));
	pager_close(&self->p);
	assert_failure(0, vmo, 0, ESTALE);
	ASSERT_TRUE(variant->write(&self->t[0], vmo, 0, 1));
	assert_failure(0, vmo, 0, ESTALE);
	EXPECT_TRUE(vmo_has(vmo, 0, 1, SUPPLIED));
	EXPECT_TRUE(vmo_shows(vmo, 0, 1, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

PAGER_FIXTURE(detach_resolve);

TEST_F(detach_resolve, ResolveDirtyRequestAfterDetach)
{
	struct test_vmo *vmo = new_vmo_options(1, TRAP);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_detach(&self->p, vmo));
	test_err_zxp(ESTALE, fail, self->p.fd, vmo->fd, 0, page_size, EIO);
	test_err_zxp(ESTALE, dirty, self->p.fd, vmo->fd, 0, page_size);
	ASSERT_TRUE(thread_wait_failure(&self->t[0], ESTALE));
	ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));
	ASSERT_TRUE(is_clean(vmo));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN

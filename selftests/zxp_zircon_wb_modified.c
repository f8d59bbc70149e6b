// SPDX-License-Identifier: GPL-2.0
/*
 * Zircon's tests of the MODIFIED bit: what sets it and what does not.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <kselftest_harness.h>

#include "lib/fixture.h"

TRAP_FIXTURE(modified);

TEST_F(modified, ModifiedOnVmoWrite)
{
	struct test_vmo *vmo = new_trap_vmo(1);

	EXPECT_FALSE(was_modified(vmo));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	EXPECT_FALSE(was_modified(vmo));
	if (variant->trap) {
		/* To allow a write is not to write. */
		ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 1));
		ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
		EXPECT_FALSE(was_modified(vmo));
	}
	write_untrapped(vmo, 0, 1);
	EXPECT_TRUE(was_modified(vmo));
	EXPECT_FALSE(was_modified(vmo));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));

	/* Nor does writing back change it, or clear it. */
	write_untrapped(vmo, 0, 1);
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 1));
	EXPECT_TRUE(was_modified(vmo));
	EXPECT_FALSE(was_modified(vmo));
	write_granted(vmo, 0, 1);
	EXPECT_TRUE(was_modified(vmo));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Not before the writer has been allowed to write. */
TEST_F(modified, ModifiedOnMappingWrite)
{
	struct test_vmo *vmo = new_trap_vmo(2);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(thread_store(&self->t[0], vmo->map));
	if (variant->trap) {
		ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 1));
		EXPECT_FALSE(was_modified(vmo));
		ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 1));
	}
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(was_modified(vmo));

	/* A page that is dirty already, but not mapped to be written. */
	if (variant->trap) {
		ASSERT_TRUE(pager_dirty(&self->p, vmo, 1, 1));
		EXPECT_FALSE(was_modified(vmo));
	}
	ASSERT_TRUE(thread_store(&self->t[0], vmo->map + page_size));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(was_modified(vmo));

	/* BEGIN makes the next store be noticed. */
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, 2));
	EXPECT_FALSE(was_modified(vmo));
	ASSERT_TRUE(thread_store(&self->t[0], vmo->map));
	grant(vmo, 0, 1);
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(was_modified(vmo));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(modified, ModifiedOnResize)
{
	struct test_vmo *vmo = new_trap_vmo(2);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(vmo_resize(vmo, 1));
	EXPECT_TRUE(was_modified(vmo));
	ASSERT_TRUE(is_clean(vmo));
	EXPECT_FALSE(was_modified(vmo));
	ASSERT_TRUE(vmo_resize(vmo, 3));
	EXPECT_TRUE(was_modified(vmo));
	EXPECT_FALSE(was_modified(vmo));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(modified, ModifiedOnOpZero)
{
	struct test_vmo *vmo = new_trap_vmo(2);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_supply_zero(&self->p, vmo, 1, 1));
	ASSERT_TRUE(vmo_zero(vmo, 0, 1));
	EXPECT_TRUE(was_modified(vmo));
	EXPECT_FALSE(was_modified(vmo));
	ASSERT_TRUE(is_dirty(vmo, ZERO(0, 1)));
	/* Even where it changes nothing. */
	ASSERT_TRUE(vmo_zero(vmo, 0, 2));
	EXPECT_TRUE(was_modified(vmo));
	ASSERT_TRUE(is_dirty(vmo, ZERO(0, 1)));
	/* But not where there is nothing to be done. */
	ASSERT_TRUE(vmo_zero(vmo, 0, 0));
	EXPECT_FALSE(was_modified(vmo));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(modified, NotModifiedOnVmoRead)
{
	struct test_vmo *vmo = new_trap_vmo(1);

	ASSERT_TRUE(thread_check_vmo(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_check_read(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_FALSE(was_modified(vmo));
	ASSERT_TRUE(is_clean(vmo));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(modified, NotModifiedOnMappingRead)
{
	struct test_vmo *vmo = new_trap_vmo(2);

	ASSERT_TRUE(thread_check_vmar(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_FALSE(was_modified(vmo));
	ASSERT_TRUE(is_clean(vmo));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(modified, ModifiedNoReset)
{
	struct test_vmo *vmo = new_trap_vmo(1);
	uint32_t seen;
	int i;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	test_zxp(query_vmo_stats, self->p.fd, vmo->fd, 0, &seen);
	EXPECT_EQ(0, seen);
	write_granted(vmo, 0, 1);
	for (i = 0; i < 3; i++) {
		test_zxp(query_vmo_stats, self->p.fd, vmo->fd, 0, &seen);
		EXPECT_EQ(ZXP_STATS_MODIFIED, seen);
	}
	EXPECT_TRUE(was_modified(vmo));
	test_zxp(query_vmo_stats, self->p.fd, vmo->fd, 0, &seen);
	EXPECT_EQ(0, seen);
	/* It can be asked for as long as the VMO is this pager's. */
	write_untrapped(vmo, 0, 1);
	ASSERT_TRUE(pager_detach(&self->p, vmo));
	ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));
	EXPECT_TRUE(was_modified(vmo));
	EXPECT_FALSE(was_modified(vmo));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A write from memory whose second page is bad. */
#define write_from_bad_memory(vmo, page, good) do {			\
	char *__buf = map_anon((good) + 1);				\
									\
	ASSERT_NE(NULL, __buf);						\
	fill_written(vmo, page, good, __buf);				\
	ASSERT_EQ(0, mprotect(__buf + (good) * page_size, page_size,	\
			      PROT_NONE));				\
	test_err_zxp(EFAULT, vmo_write, (vmo)->fd, (page) * page_size,	\
		     ((good) + 1) * page_size, __buf);			\
} while (0)

/* Nothing was copied, so nothing is modified. */
TEST_F(modified, NotModifiedOnFailedVmoWrite)
{
	struct test_vmo *vmo = new_trap_vmo(2);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	if (variant->trap) {
		ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 2));
	}
	write_from_bad_memory(vmo, 0, 0);
	EXPECT_FALSE(was_modified(vmo));
	if (!variant->trap) {
		/* In Zircon the page is dirty all the same. */
		ASSERT_TRUE(is_clean(vmo));
	}
	EXPECT_TRUE(vmo_has(vmo, 0, 2, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(modified, ModifiedOnPartialVmoWrite)
{
	struct test_vmo *vmo = new_trap_vmo(2);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	if (variant->trap) {
		ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 2));
	}
	write_from_bad_memory(vmo, 0, 1);
	EXPECT_TRUE(was_modified(vmo));
	EXPECT_TRUE(vmo_has(vmo, 0, 1, WRITTEN));
	EXPECT_TRUE(vmo_has(vmo, 1, 1, SUPPLIED));
	if (!variant->trap) {
		ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	}
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN

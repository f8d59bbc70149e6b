// SPDX-License-Identifier: GPL-2.0
/*
 * Zircon's tests of writes and COMMIT on pages that were supplied as zeroes, which
 * take no memory until then.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/random.h>
#include <kselftest_harness.h>

#include "lib/fixture.h"

#define TRAP	ZXP_VMO_TRAP_DIRTY

WRITE_FIXTURE(write_zero);

TEST_F(write_zero, DirtyRequestsForZeroPages)
{
	struct test_vmo *vmo = new_vmo_options(3, TRAP);

	ASSERT_TRUE(pager_supply_zero(&self->p, vmo, 0, 3));
	EXPECT_EQ(0, vmo_info(vmo).out_resident);
	ASSERT_TRUE(is_clean(vmo));
	ASSERT_TRUE(vmo_shows(vmo, 0, 3, ZEROES));
	EXPECT_EQ(0, vmo_info(vmo).out_resident);

	ASSERT_TRUE(variant->write(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 1));
	EXPECT_EQ(0, vmo_info(vmo).out_dirty_bytes);
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	EXPECT_EQ(page_size, vmo_info(vmo).out_resident);

	ASSERT_TRUE(variant->write(&self->t[0], vmo, 2, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 2, 1));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 2, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1), DATA(2, 1)));
	EXPECT_EQ(2 * page_size, vmo_info(vmo).out_resident);
	EXPECT_TRUE(vmo_shows(vmo, 0, 1, WRITTEN));
	EXPECT_TRUE(vmo_shows(vmo, 1, 1, ZEROES));
	EXPECT_EQ(2 * page_size, vmo_info(vmo).out_resident);
	EXPECT_TRUE(vmo_has(vmo, 1, 1, ZEROES));
	EXPECT_TRUE(vmo_has(vmo, 2, 1, WRITTEN));
	ASSERT_TRUE(pager_idle(&self->p));
}

PAGER_FIXTURE(zero_run);

/* A run goes over both kinds of present pages, and ends at a missing one. */
TEST_F(zero_run, DirtyRequestsForZeroRanges)
{
	struct test_vmo *vmo = new_vmo_options(7, TRAP);

	ASSERT_TRUE(pager_supply_zero(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	ASSERT_TRUE(pager_supply_zero(&self->p, vmo, 2, 2));
	ASSERT_TRUE(pager_supply_zero(&self->p, vmo, 5, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 6, 1));

	ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo, 0, 7));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 4));
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 4));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 4, 1));
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 4, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 4, 3));
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 4)));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 4, 3));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 7)));
	EXPECT_EQ(7 * page_size, vmo_info(vmo).out_resident);
	EXPECT_TRUE(vmo_has(vmo, 0, 7, WRITTEN));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(zero_run, NoDirtyRequestsOnCommit)
{
	struct test_vmo *vmo = new_vmo_options(4, TRAP);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_commit(&self->t[0], vmo, 0, 4));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, 3));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 3));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_clean(vmo));
	EXPECT_EQ(4 * page_size, vmo_info(vmo).out_resident);
	EXPECT_TRUE(vmo_has(vmo, 0, 4, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

#define RANDOM_PAGES	40

/* One write of all, wherever the zeroes are. */
TEST_F(zero_run, DirtyNoTrapRandomOffsets)
{
	struct test_vmo *vmo = new_vmo(RANDOM_PAGES);
	unsigned int seed, i, real = 0;

	ASSERT_EQ((ssize_t)sizeof(seed), getrandom(&seed, sizeof(seed), 0));
	diag("seed %u", seed);
	srandom(seed);
	for (i = 0; i < RANDOM_PAGES; i++) {
		if (random() % 2) {
			ASSERT_TRUE(pager_supply(&self->p, vmo, i, 1));
			real++;
		} else {
			ASSERT_TRUE(pager_supply_zero(&self->p, vmo, i, 1));
		}
	}
	EXPECT_EQ(real * page_size, vmo_info(vmo).out_resident);
	ASSERT_TRUE(is_clean(vmo));
	write_untrapped(vmo, 0, RANDOM_PAGES);
	ASSERT_TRUE(is_dirty(vmo, DATA(0, RANDOM_PAGES)));
	EXPECT_EQ(RANDOM_PAGES * page_size, vmo_info(vmo).out_resident);
	EXPECT_TRUE(vmo_has(vmo, 0, RANDOM_PAGES, WRITTEN));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* DIRTY finds the memory for as much as it is asked to. */
TEST_F(zero_run, DirtyLargeRange)
{
	struct test_vmo *vmo = new_vmo_options(100, TRAP | ZXP_VMO_RESIZABLE);

	ASSERT_TRUE(pager_supply_zero(&self->p, vmo, 0, 100));
	ASSERT_TRUE(vmo_resize(vmo, 200));
	ASSERT_TRUE(is_dirty(vmo, ZERO(100, 100)));
	EXPECT_TRUE(vmo_shows(vmo, 0, 200, ZEROES));
	EXPECT_EQ(0, vmo_info(vmo).out_resident);
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 200));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 200)));
	EXPECT_EQ(200 * page_size, vmo_info(vmo).out_resident);
	EXPECT_EQ(200 * page_size, vmo_info(vmo).out_dirty_bytes);
	EXPECT_EQ(0, vmo_info(vmo).out_zero_bytes);
	EXPECT_TRUE(vmo_has(vmo, 0, 200, ZEROES));
	write_untrapped(vmo, 0, 200);
	EXPECT_TRUE(vmo_has(vmo, 0, 200, WRITTEN));
	ASSERT_TRUE(pager_idle(&self->p));
}

TRAP_FIXTURE(zero_page);

TEST_F(zero_page, CannotOverwriteZeroPage)
{
	struct test_vmo *vmo = new_trap_vmo(1);

	ASSERT_TRUE(pager_supply_zero(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	EXPECT_TRUE(vmo_has(vmo, 0, 1, ZEROES));
	EXPECT_TRUE(vmo_shows(vmo, 0, 1, ZEROES));
	EXPECT_EQ(0, vmo_info(vmo).out_resident);
	ASSERT_TRUE(is_clean(vmo));

	write_granted(vmo, 0, 1);
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	EXPECT_EQ(page_size, vmo_info(vmo).out_resident);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	EXPECT_TRUE(vmo_has(vmo, 0, 1, WRITTEN));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* COMMIT gives memory to a zero page, which stays clean. */
TEST_F(zero_page, NoDirtyOnCommit)
{
	struct test_vmo *vmo = new_trap_vmo(2);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_supply_zero(&self->p, vmo, 1, 1));
	EXPECT_TRUE(vmo_shows(vmo, 1, 1, ZEROES));
	EXPECT_EQ(page_size, vmo_info(vmo).out_resident);
	ASSERT_TRUE(thread_commit(&self->t[0], vmo, 0, 2));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(2 * page_size, vmo_info(vmo).out_resident);
	ASSERT_TRUE(is_clean(vmo));
	EXPECT_FALSE(was_modified(vmo));
	EXPECT_TRUE(vmo_has(vmo, 1, 1, ZEROES));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* COMMIT of a dirty zero range is a write without content. */
TEST_F(zero_page, CommitExtendedTail)
{
	struct test_vmo *vmo = new_trap_vmo(1);

	ASSERT_TRUE(vmo_resize(vmo, 2));
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 1)));
	was_modified(vmo);
	ASSERT_TRUE(thread_commit(&self->t[0], vmo, 0, 2));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	grant(vmo, 1, 1);
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(1, 1)));
	EXPECT_EQ(2 * page_size, vmo_info(vmo).out_resident);
	EXPECT_FALSE(was_modified(vmo));
	EXPECT_TRUE(vmo_has(vmo, 0, 1, SUPPLIED));
	EXPECT_TRUE(vmo_has(vmo, 1, 1, ZEROES));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* What is cut off while COMMIT waits is no concern of it. */
TEST_F(zero_run, CommitOfCutZeroes)
{
	struct test_vmo *vmo = new_vmo_options(0, TRAP | ZXP_VMO_RESIZABLE);

	ASSERT_TRUE(vmo_resize(vmo, 3));
	ASSERT_TRUE(thread_commit(&self->t[0], vmo, 0, 3));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 3));
	ASSERT_TRUE(threads_blocked(self->t, 1, vmo));
	ASSERT_TRUE(vmo_resize(vmo, 1));
	EXPECT_TRUE(thread_asleep(&self->t[0]));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Reading by a mapping has left a page of zeroes there, which nobody has committed. */
TEST_F(zero_page, CommitOfMappedZeroes)
{
	struct test_vmo *vmo = new_trap_vmo(0);

	ASSERT_TRUE(vmo_resize(vmo, 2));
	EXPECT_TRUE(vmo_shows(vmo, 0, 2, ZEROES));
	ASSERT_TRUE(is_dirty(vmo, ZERO(0, 2)));
	ASSERT_TRUE(thread_commit(&self->t[0], vmo, 0, 2));
	grant(vmo, 0, 2);
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 2)));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* The same for zeroes that were supplied: that page is not content. */
TEST_F(zero_page, MappedMarkers)
{
	struct test_vmo *vmo = new_trap_vmo(4);

	ASSERT_TRUE(pager_supply_zero(&self->p, vmo, 0, 4));
	EXPECT_TRUE(vmo_shows(vmo, 0, 4, ZEROES));
	ASSERT_TRUE(vmo_zero(vmo, 0, 4));
	ASSERT_TRUE(thread_zero(&self->t[0], vmo, 8, page_size));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_clean(vmo));
	write_granted(vmo, 1, 1);
	ASSERT_TRUE(is_dirty(vmo, DATA(1, 1)));
	EXPECT_TRUE(vmo_shows(vmo, 1, 1, WRITTEN));
	if (variant->trap) {
		ASSERT_TRUE(pager_dirty(&self->p, vmo, 2, 1));
		ASSERT_TRUE(is_dirty(vmo, DATA(1, 2)));
		EXPECT_TRUE(vmo_shows(vmo, 2, 1, ZEROES));
	}
	ASSERT_TRUE(pager_detach(&self->p, vmo));
	ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));
	EXPECT_EQ((variant->trap ? 2 : 1) * page_size, vmo_info(vmo).out_resident);
	EXPECT_TRUE(crashes(vmo->map, SIGBUS));
	EXPECT_TRUE(vmo_shows(vmo, 1, 1, WRITTEN));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN

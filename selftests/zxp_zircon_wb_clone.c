// SPDX-License-Identifier: GPL-2.0
/*
 * Zircon's tests of writing to clones.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <kselftest_harness.h>

#include "lib/child.h"
#include "lib/fixture.h"

#define TRAP	ZXP_VMO_TRAP_DIRTY

/* What this thread stores in each of its pages. */
static int store_pages(struct test_thread *t)
{
	uint64_t i;

	for (i = 0; i < t->nr; i++)
		*(volatile uint64_t *)((char *)t->arg + i * page_size) = STORED_WORD;
	return 0;
}

static bool thread_store_pages(struct test_thread *t, void *addr, uint64_t nr)
{
	t->arg = addr;
	t->nr = nr;
	return thread_start(t, store_pages);
}

PAGER_FIXTURE(clone_write);

/* A clone's write asks for content only, all at once, and the VMO does not see it. */
TEST_F(clone_write, NoDirtyRequestsForClones)
{
	struct test_vmo *vmo = new_vmo_options(3, TRAP), *clone = new_clone(vmo);

	ASSERT_TRUE(thread_write_vmo(&self->t[0], clone, 0, 3));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 3));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 3));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(vmo_shows(clone, 0, 3, WRITTEN));
	EXPECT_TRUE(vmo_has(vmo, 0, 3, SUPPLIED));
	ASSERT_TRUE(is_clean(vmo));
	ASSERT_TRUE(pager_idle(&self->p));

	ASSERT_TRUE(vmo_put(clone, 0, STORED_WORD));
	ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo, 0, 3));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 3));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 3));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 3)));
	EXPECT_TRUE(vmo_has(vmo, 0, 3, WRITTEN));
	EXPECT_TRUE(vmo_word_is(clone, 0, STORED_WORD));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A clone shows what its closed parent has, dirty pages too, and then lets it go. */
TEST_F(clone_write, ChildAttributedCounts)
{
	struct test_vmo *vmo = new_vmo_options(2, TRAP), *clone = new_clone(vmo);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	vmo_release(vmo);
	ASSERT_TRUE(pager_idle(&self->p));
	EXPECT_TRUE(vmo_has(clone, 0, 1, WRITTEN));
	EXPECT_TRUE(vmo_shows(clone, 0, 1, WRITTEN));
	EXPECT_TRUE(vmo_shows(clone, 1, 1, SUPPLIED));
	/* None of that is the clone's. */
	EXPECT_EQ(0, child_own_pages(clone));
	vmo_release(clone);
	ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));
	ASSERT_TRUE(pager_idle(&self->p));
}

TRAP_FIXTURE(clone_trap);

TEST_F(clone_trap, NoQueryOnClone)
{
	struct test_vmo *vmo = new_trap_vmo(2), *clone = new_clone(vmo);
	struct zxp_dirty_range range;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(thread_store_pages(&self->t[0], clone->map, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	test_err_zxp(EINVAL, query_dirty_ranges, self->p.fd, clone->fd, 0, page_size,
		     &range, 1, NULL, NULL);
	ASSERT_TRUE(is_clean(vmo));
	write_granted(vmo, 1, 1);
	ASSERT_TRUE(is_dirty(vmo, DATA(1, 1)));
	test_err_zxp(EINVAL, query_dirty_ranges, self->p.fd, clone->fd, 0, 2 * page_size,
		     &range, 1, NULL, NULL);
	/* What the clone has not copied follows the VMO. */
	EXPECT_TRUE(vmo_shows(clone, 1, 1, WRITTEN));
	ASSERT_TRUE(thread_store_pages(&self->t[0], clone->map + page_size, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(vmo_has(vmo, 0, 1, SUPPLIED));
	EXPECT_TRUE(vmo_has(vmo, 1, 1, WRITTEN));
	ASSERT_TRUE(is_dirty(vmo, DATA(1, 1)));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(clone_trap, NotModifiedCloneWrite)
{
	struct test_vmo *vmo = new_trap_vmo(1), *clone = new_clone(vmo);
	uint32_t modified;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_store_pages(&self->t[0], clone->map, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(vmo_put(clone, 0, STORED_WORD));
	EXPECT_TRUE(vmo_word_is(clone, 0, STORED_WORD));
	test_err_zxp(EINVAL, query_vmo_stats, self->p.fd, clone->fd, 0, &modified);
	EXPECT_FALSE(was_modified(vmo));
	ASSERT_TRUE(is_clean(vmo));
	EXPECT_TRUE(vmo_has(vmo, 0, 1, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A clone's zeroes ask for nothing, and are only its own. */
TEST_F(clone_trap, OpZeroClone)
{
	struct test_vmo *vmo = new_trap_vmo(3), *clone = new_clone(vmo);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	ASSERT_TRUE(vmo_shows(clone, 1, 1, SUPPLIED));
	ASSERT_TRUE(vmo_zero(clone, 0, 3));
	ASSERT_TRUE(pager_idle(&self->p));
	EXPECT_TRUE(vmo_has(clone, 0, 3, ZEROES));
	EXPECT_TRUE(vmo_shows(clone, 0, 3, ZEROES));
	EXPECT_EQ(0, child_own_pages(clone));
	ASSERT_TRUE(is_clean(vmo));
	EXPECT_FALSE(was_modified(vmo));
	EXPECT_TRUE(vmo_has(vmo, 1, 1, SUPPLIED));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	EXPECT_TRUE(vmo_shows(vmo, 0, 2, SUPPLIED));
	EXPECT_TRUE(vmo_shows(clone, 0, 3, ZEROES));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN

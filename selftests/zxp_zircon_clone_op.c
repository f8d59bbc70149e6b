// SPDX-License-Identifier: GPL-2.0
/*
 * Zircon's tests of operations on ranges of clones: COMMIT, which copies, and hints.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include "lib/child.h"
#include "lib/fixture.h"

PAGER_FIXTURE(clone_op);

/* What is the clone's own already is kept, and bounds what is asked for. */
TEST_F(clone_op, CloneCommitKeepsOwn)
{
	struct test_vmo *vmo = new_vmo(6), *clone = new_clone(vmo);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 2, 1));
	ASSERT_TRUE(vmo_put(clone, 2, STORED_WORD));
	ASSERT_TRUE(vmo_zero(clone, 4, 1));
	ASSERT_TRUE(thread_commit(&self->t[0], clone, 0, 6));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 2));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 3, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 3, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 5, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 5, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(6, child_own_pages(clone));
	EXPECT_TRUE(vmo_word_is(clone, 2, STORED_WORD));
	EXPECT_TRUE(vmo_has(clone, 4, 1, ZEROES));
	EXPECT_TRUE(vmo_has(clone, 5, 1, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A page that fails ends it, with the code; what came before stays. */
TEST_F(clone_op, CloneCommitFails)
{
	struct test_vmo *vmo = new_vmo(3), *clone = new_clone(vmo);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_commit(&self->t[0], clone, 0, 3));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, 2));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 1, 2, EBADMSG));
	ASSERT_TRUE(thread_wait_failure(&self->t[0], EBADMSG));
	EXPECT_EQ(1, child_own_pages(clone));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Hints go for what is seen of the root; a clone's own pages need none. */
TEST_F(clone_op, EvictionHintsWithClones)
{
	struct test_vmo *vmo = new_vmo(6), *clone = new_clone(vmo), *child;
	const uint32_t dont = ZXP_VMO_OP_DONT_NEED, always = ZXP_VMO_OP_ALWAYS_NEED;

	ASSERT_TRUE(thread_op(&self->t[0], clone, dont, 0, 6));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));

	/* Page 1 of the root is the child's own, page 3 the clone's when it was made. */
	ASSERT_TRUE(pager_supply(&self->p, vmo, 3, 1));
	ASSERT_TRUE(vmo_put(clone, 3, STORED_WORD));
	child = new_child(clone, AT_LEAST, 1, 5);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	ASSERT_TRUE(vmo_put(child, 0, STORED_WORD));
	ASSERT_TRUE(thread_op(&self->t[0], vmo, dont, 0, 6));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));

	ASSERT_TRUE(thread_op(&self->t[0], clone, always, 3, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_op(&self->t[0], child, always, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));

	ASSERT_TRUE(thread_op(&self->t[0], clone, always, 2, 3));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 2, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 2, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 4, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 4, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_op(&self->t[0], child, always, 0, 5));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 5, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 5, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_op(&self->t[0], clone, dont, 0, 6));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(1, child_own_pages(child));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Only what is missing and seen, and nothing is copied. */
TEST_F(clone_op, Prefetch)
{
	struct test_vmo *vmo = new_vmo(8), *clone = new_child(vmo, AT_LEAST, 1, 7);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 3, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 5, 1));
	ASSERT_TRUE(vmo_put(clone, 2, STORED_WORD));
	ASSERT_TRUE(vmo_zero(clone, 5, 1));
	ASSERT_TRUE(thread_op(&self->t[0], clone, ZXP_VMO_OP_PREFETCH, 0, 7));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, 2));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 2));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 4, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 4, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 7, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 7, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(1, child_own_pages(clone));
	ASSERT_TRUE(pager_idle(&self->p));
	EXPECT_TRUE(vmo_has(clone, 0, 2, SUPPLIED));
	EXPECT_TRUE(vmo_has(clone, 5, 1, ZEROES));
	/* The root's page 6 was not needed. */
	ASSERT_TRUE(thread_check_vmo(&self->t[0], vmo, 6, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 6, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 6, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
}

/* Memory cannot be given back, be it the root's or the clone's own. */
TEST_F(clone_op, DecommitTest)
{
	struct test_vmo *vmo = new_vmo(2), *clone = new_clone(vmo);
	const uint32_t decommit = ZXP_VMO_OP_DECOMMIT;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(vmo_put(clone, 0, STORED_WORD));
	test_err_zxp(EOPNOTSUPP, vmo_op_range, clone->fd, decommit, 0, page_size);
	test_err_zxp(EOPNOTSUPP, vmo_op_range, clone->fd, decommit, page_size, page_size);
	test_err_zxp(ERANGE, vmo_op_range, clone->fd, decommit, 0, 3 * page_size);
	test_zxp(vmo_op_range, clone->fd, decommit, 0, 0);
	EXPECT_TRUE(vmo_word_is(clone, 0, STORED_WORD));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN

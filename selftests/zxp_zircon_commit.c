// SPDX-License-Identifier: GPL-2.0
/*
 * Zircon's tests of COMMIT, PREFETCH and the eviction hints.
 */
#include <signal.h>
#include <kselftest_harness.h>

#include "lib/fixture.h"

PAGER_FIXTURE(commit);

TEST_F(commit, SimpleCommitTest)
{
	struct test_vmo *vmo = new_vmo(555);

	ASSERT_TRUE(thread_commit(&self->t[0], vmo, 0, 555));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 555));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 555));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(555 * page_size, vmo_info(vmo).out_resident);
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(commit, SplitCommitTest)
{
	struct test_vmo *vmo = new_vmo(11);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 5, 1));
	ASSERT_TRUE(thread_commit(&self->t[0], vmo, 0, 11));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 5));
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 5));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 6, 5));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 6, 5));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(commit, PresentPageSplitsRange)
{
	struct test_vmo *vmo = new_vmo(3);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	ASSERT_TRUE(thread_commit(&self->t[0], vmo, 0, 3));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 2, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 2, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
}

/*
 * A request is cut where an outstanding one starts; what lies behind is asked for
 * only after the thread woke and looked again.
 */
TEST_F(commit, OverlapCommitTest)
{
	struct test_vmo *vmo = new_vmo(32);

	ASSERT_TRUE(thread_commit(&self->t[0], vmo, 8, 16));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 8, 16));
	ASSERT_TRUE(thread_commit(&self->t[1], vmo, 0, 32));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 8));
	ASSERT_TRUE(pager_idle(&self->p));

	ASSERT_TRUE(pager_supply(&self->p, vmo, 8, 16));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 8));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 24, 8));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 24, 8));
	ASSERT_TRUE(thread_wait(&self->t[1]));
	ASSERT_TRUE(pager_idle(&self->p));
}

/*
 * A request that starts inside of an outstanding one hangs on it without a packet,
 * wakes with it and not before, and then asks for what lies behind.
 */
TEST_F(commit, OverlapCommitWaits)
{
	struct test_vmo *vmo = new_vmo(6);

	ASSERT_TRUE(thread_commit(&self->t[0], vmo, 0, 4));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 4));
	ASSERT_TRUE(thread_commit(&self->t[1], vmo, 2, 4));
	ASSERT_TRUE(threads_blocked(self->t, 2, vmo));
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 2, 2));
	EXPECT_TRUE(thread_asleep(&self->t[0]));
	EXPECT_TRUE(thread_asleep(&self->t[1]));
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 4, 2));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 4, 2));
	ASSERT_TRUE(thread_wait(&self->t[1]));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(commit, OverlapCommitSupplyTest)
{
	const unsigned int pages = 3 * 5 * 7;
	struct test_vmo *vmo = new_vmo(pages);
	unsigned int nr = 0, i;

	for (i = 0; i < pages; i += 7) {
		ASSERT_TRUE(thread_commit(&self->t[nr++], vmo, i, 7));
	}
	for (i = 0; i < pages; i += 5) {
		ASSERT_TRUE(thread_commit(&self->t[nr++], vmo, i, 5));
	}
	ASSERT_TRUE(vmo_wait_blocked(vmo, nr));
	for (i = 0; i < pages; i += 3) {
		ASSERT_TRUE(pager_supply(&self->p, vmo, i, 3));
	}
	for (i = 0; i < nr; i++) {
		ASSERT_TRUE(thread_wait(&self->t[i]));
	}
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(commit, MultisupplyCommitTest)
{
	struct test_vmo *vmo = new_vmo(32);
	unsigned int i;

	ASSERT_TRUE(thread_commit(&self->t[0], vmo, 0, 32));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 32));
	ASSERT_TRUE(threads_blocked(self->t, 1, vmo));
	for (i = 0; i < 32; i++) {
		EXPECT_TRUE(thread_asleep(&self->t[0]));
		ASSERT_TRUE(pager_supply(&self->p, vmo, i, 1));
	}
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(commit, MulticommitSupplyTest)
{
	struct test_vmo *vmo = new_vmo(32);
	unsigned int i;

	for (i = 0; i < 4; i++) {
		ASSERT_TRUE(thread_commit(&self->t[i], vmo, i * 8, 8));
		ASSERT_TRUE(pager_wait_read(&self->p, vmo, i * 8, 8));
	}
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 12));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 12, 16));
	ASSERT_TRUE(thread_wait(&self->t[1]));
	ASSERT_TRUE(thread_wait(&self->t[2]));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 28, 4));
	ASSERT_TRUE(thread_wait(&self->t[3]));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(commit, CommitRedundantSupplyTest)
{
	struct test_vmo *vmo = new_vmo(8);
	unsigned int i;

	ASSERT_TRUE(thread_commit(&self->t[0], vmo, 0, 8));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 8));
	for (i = 1; i <= 8; i++) {
		ASSERT_TRUE(pager_supply(&self->p, vmo, 0, i));
	}
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(8 * page_size, vmo_info(vmo).out_supplied_bytes);
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(commit, Prefetch)
{
	struct test_vmo *vmo = new_vmo(9);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 4, 1));
	ASSERT_TRUE(thread_op(&self->t[0], vmo, ZXP_VMO_OP_PREFETCH, 1, 8));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, 3));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 3));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 5, 4));
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 5, 4));
	ASSERT_TRUE(thread_wait(&self->t[0]));

	/* Errors are returned; ranges round out to pages. */
	self->t[0].op = ZXP_VMO_OP_PREFETCH;
	ASSERT_TRUE(thread_op(&self->t[0], vmo, ZXP_VMO_OP_PREFETCH, 0, 9));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 0, 1, ENOSPC));
	ASSERT_TRUE(thread_wait_failure(&self->t[0], ENOSPC));
	ASSERT_TRUE(pager_idle(&self->p));
}

PAGER_FIXTURE(hints);

TEST_F(hints, EvictionHintAlwaysNeed)
{
	struct test_vmo *vmo = new_vmo(20);

	ASSERT_TRUE(thread_op(&self->t[0], vmo, ZXP_VMO_OP_ALWAYS_NEED, 10, 10));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 10, 10));
	EXPECT_EQ(1, vmo_info(vmo).out_waiting);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 10, 10));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A page that fails is skipped: the next request starts behind it. */
TEST_F(hints, AlwaysNeedSkipsFailures)
{
	struct test_vmo *vmo = new_vmo(4);

	ASSERT_TRUE(thread_op(&self->t[0], vmo, ZXP_VMO_OP_ALWAYS_NEED, 0, 4));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 4));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 0, 4, EIO));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, 3));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 3));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
}

static int odd_hint(struct test_thread *t)
{
	return -zxp_vmo_op_range(t->vmo->fd, t->op, 2 * page_size + 17, page_size);
}

TEST_F(hints, EvictionHintsOpRange)
{
	static const uint32_t ops[] = { ZXP_VMO_OP_ALWAYS_NEED, ZXP_VMO_OP_DONT_NEED };
	struct test_vmo *vmo = new_vmo(20);
	int plain = zxp_create_plain(self->p.fd, page_size);
	unsigned int i;

	ASSERT_LE(0, plain);
	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		test_err_zxp(ERANGE, vmo_op_range, vmo->fd, ops[i], 20 * page_size,
			     page_size);
		test_err_zxp(ERANGE, vmo_op_range, vmo->fd, ops[i], 0, 21 * page_size);
		test_err_zxp(ERANGE, vmo_op_range, vmo->fd, ops[i], page_size,
			     UINT64_MAX);
		test_err_zxp(ERANGE, vmo_op_range, vmo->fd, ops[i], UINT64_MAX,
			     page_size);
		/* On a plain VMO they do nothing, whatever the range. */
		test_zxp(vmo_op_range, plain, ops[i], 0, page_size);
		test_zxp(vmo_op_range, plain, ops[i], page_size, UINT64_MAX);
	}
	ASSERT_TRUE(pager_idle(&self->p));

	/* A page at an odd offset touches two. */
	self->t[0].vmo = vmo;
	self->t[0].op = ZXP_VMO_OP_ALWAYS_NEED;
	ASSERT_TRUE(thread_start(&self->t[0], odd_hint));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 2, 2));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 2, 2));
	ASSERT_TRUE(thread_wait(&self->t[0]));

	/* DONT_NEED asks for nothing, and the pages that are there still are. */
	test_zxp(vmo_op_range, vmo->fd, ZXP_VMO_OP_DONT_NEED, 0, 20 * page_size);
	test_zxp(vmo_op_range, vmo->fd, ZXP_VMO_OP_DONT_NEED, 2 * page_size + 17,
		 page_size);
	ASSERT_TRUE(pager_idle(&self->p));
	close(plain);
}

/* A shrink ends the hint with success: what is left of its range is nothing. */
TEST_F(hints, EvictionHintsWithResize)
{
	struct test_vmo *vmo = new_vmo_options(20, ZXP_VMO_RESIZABLE);

	ASSERT_TRUE(thread_op(&self->t[0], vmo, ZXP_VMO_OP_ALWAYS_NEED, 10, 10));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 10, 10));
	ASSERT_TRUE(vmo_resize(vmo, 10));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));

	/* In the middle of the range: the rest of it is still wanted. */
	ASSERT_TRUE(thread_op(&self->t[0], vmo, ZXP_VMO_OP_ALWAYS_NEED, 0, 10));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 10));
	ASSERT_TRUE(vmo_resize(vmo, 4));
	EXPECT_EQ(1, vmo_info(vmo).out_waiting);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 4));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN

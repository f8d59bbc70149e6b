// SPDX-License-Identifier: GPL-2.0
/*
 * Zircon's tests of failing requests.
 */
#include <signal.h>
#include <kselftest_harness.h>

#include "lib/fixture.h"

ACCESS_FIXTURE(fail_read);

TEST_F(fail_read, FailSinglePage)
{
	struct test_vmo *vmo = new_vmo(1);

	ASSERT_TRUE(variant->check(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 0, 1, EIO));
	assert_failure(0, vmo, 0, EIO);
	EXPECT_TRUE(vmo_failed(vmo, 0, EIO));
	EXPECT_EQ(1, vmo_info(vmo).out_failures);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A failure lasts for whoever waits, not for who comes later. */
TEST_F(fail_read, SupplyAfterFail)
{
	struct test_vmo *vmo = new_vmo(1);

	ASSERT_TRUE(variant->check(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 0, 1, EIO));
	assert_failure(0, vmo, 0, EIO);

	ASSERT_TRUE(variant->check(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* With nobody waiting it succeeds; pages that are there stay as they are. */
TEST_F(fail_read, FailNothing)
{
	struct test_vmo *vmo = new_vmo(2);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 0, 2, EIO));
	ASSERT_TRUE(variant->check(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(variant->check(&self->t[0], vmo, 1, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(0, vmo_info(vmo).out_failures);
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(fail_read, FailErrorCode)
{
	static const int codes[] = { EIO, EBADMSG, ESTALE, ENOSPC, ENOBUFS };
	struct test_vmo *vmo = new_vmo(1);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(codes); i++) {
		ASSERT_TRUE(thread_commit(&self->t[0], vmo, 0, 1));
		ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
		ASSERT_TRUE(pager_fail(&self->p, vmo, 0, 1, codes[i]));
		ASSERT_TRUE(thread_wait_failure(&self->t[0], codes[i]));

		ASSERT_TRUE(variant->check(&self->t[0], vmo, 0, 1));
		ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
		ASSERT_TRUE(pager_fail(&self->p, vmo, 0, 1, codes[i]));
		assert_failure(0, vmo, 0, codes[i]);
		EXPECT_TRUE(vmo_failed(vmo, 0, codes[i]));
		EXPECT_EQ(2 * (i + 1), vmo_info(vmo).out_failures);
	}
	ASSERT_TRUE(pager_idle(&self->p));
}

PAGER_FIXTURE(fail);

TEST_F(fail, FailExactRange)
{
	struct test_vmo *vmo = new_vmo(11);

	ASSERT_TRUE(thread_commit(&self->t[0], vmo, 0, 11));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 11));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 0, 11, EIO));
	ASSERT_TRUE(thread_wait_failure(&self->t[0], EIO));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(fail, FailMultipleCommits)
{
	struct test_vmo *vmo = new_vmo(11);
	unsigned int i;

	/* Eleven requests of a page each, and one answer for all. */
	for (i = 0; i < 11; i++) {
		ASSERT_TRUE(thread_commit(&self->t[i], vmo, i, 1));
	}
	for (i = 0; i < 11; i++) {
		ASSERT_TRUE(pager_wait_read(&self->p, vmo, i, 1));
	}
	ASSERT_TRUE(pager_fail(&self->p, vmo, 0, 11, EIO));
	for (i = 0; i < 11; i++) {
		ASSERT_TRUE(thread_wait_failure(&self->t[i], EIO));
	}

	/* Eleven threads that want the same. */
	for (i = 0; i < 11; i++) {
		ASSERT_TRUE(thread_commit(&self->t[i], vmo, 0, 11));
	}
	ASSERT_TRUE(vmo_wait_blocked(vmo, 11));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 11));
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 0, 11, EIO));
	for (i = 0; i < 11; i++) {
		ASSERT_TRUE(thread_wait_failure(&self->t[i], EIO));
	}
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(fail, FailMultipleVmos)
{
	struct test_vmo *vmo1 = new_vmo(1), *vmo2 = new_vmo(1);

	ASSERT_TRUE(thread_commit(&self->t[0], vmo1, 0, 1));
	ASSERT_TRUE(thread_commit(&self->t[1], vmo2, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo1, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo2, 0, 1));
	ASSERT_TRUE(threads_blocked(&self->t[1], 1, vmo2));

	ASSERT_TRUE(pager_fail(&self->p, vmo1, 0, 1, EIO));
	EXPECT_TRUE(thread_asleep(&self->t[1]));
	ASSERT_TRUE(thread_wait_failure(&self->t[0], EIO));
	EXPECT_EQ(0, vmo_info(vmo2).out_failures);

	ASSERT_TRUE(pager_supply(&self->p, vmo2, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[1]));
	ASSERT_TRUE(pager_idle(&self->p));
}

/*
 * The error counts only if it meets the start of the request: a failed tail is
 * asked for again once the head is there.
 */
TEST_F(fail, FailOverlappingRangeCommit)
{
	struct test_vmo *vmo = new_vmo(11);

	ASSERT_TRUE(thread_commit(&self->t[0], vmo, 0, 11));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 11));
	ASSERT_TRUE(threads_blocked(self->t, 1, vmo));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 9, 2, EIO));
	EXPECT_TRUE(thread_asleep(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 9));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 9, 2));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 9, 2, EBADMSG));
	ASSERT_TRUE(thread_wait_failure(&self->t[0], EBADMSG));
	EXPECT_TRUE(vmo_failed(vmo, 9, EBADMSG));

	/* A range larger than the request fails it, whatever else it covers. */
	ASSERT_TRUE(thread_commit(&self->t[0], vmo, 9, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 9, 1));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 3, 8, EIO));
	ASSERT_TRUE(thread_wait_failure(&self->t[0], EIO));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* The head fails: recorded, and returned when the rest is answered too. */
TEST_F(fail, FailHeadOfCommit)
{
	struct test_vmo *vmo = new_vmo(4);

	ASSERT_TRUE(thread_commit(&self->t[0], vmo, 0, 4));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 4));
	ASSERT_TRUE(threads_blocked(self->t, 1, vmo));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 0, 1, ENOSPC));
	EXPECT_TRUE(thread_asleep(&self->t[0]));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 3));
	ASSERT_TRUE(thread_wait_failure(&self->t[0], ENOSPC));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* The same with a reader, which wakes as soon as its next page is answered. */
TEST_F(fail, FailOverlappingRangeRead)
{
	struct test_vmo *vmo = new_vmo(11);

	ASSERT_TRUE(thread_check_vmo(&self->t[0], vmo, 0, 11));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 11));
	ASSERT_TRUE(threads_blocked(self->t, 1, vmo));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 9, 2, EIO));
	EXPECT_TRUE(thread_asleep(&self->t[0]));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 9));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 9, 2));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 9, 2, EBADMSG));
	ASSERT_TRUE(thread_wait_failure(&self->t[0], EBADMSG));

	ASSERT_TRUE(thread_check_vmo(&self->t[0], vmo, 8, 3));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 9, 2));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 9, 1, EIO));
	ASSERT_TRUE(thread_wait_failure(&self->t[0], EIO));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* read() tells how far it came, and the next one gets the error. */
TEST_F(fail, FailTailOfRead)
{
	struct test_vmo *vmo = new_vmo(4);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(thread_check_read(&self->t[0], vmo, 0, 4));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 2, 2));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 2, 2, EIO));
	ASSERT_TRUE(thread_wait_failure(&self->t[0], ENODATA));
	EXPECT_TRUE(vmo_matches(vmo, 0, 2, self->t[0].buf));

	ASSERT_TRUE(thread_check_read(&self->t[0], vmo, 2, 2));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 2, 2));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 2, 2, EIO));
	ASSERT_TRUE(thread_wait_failure(&self->t[0], EIO));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(fail, FailRedundant)
{
	struct test_vmo *vmo = new_vmo(11);
	unsigned int i;

	ASSERT_TRUE(thread_commit(&self->t[0], vmo, 0, 11));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 11));
	for (i = 0; i < 11; i++) {
		ASSERT_TRUE(pager_fail(&self->p, vmo, i, 1, EIO));
	}
	ASSERT_TRUE(thread_wait_failure(&self->t[0], EIO));
	EXPECT_EQ(1, vmo_info(vmo).out_failures);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* An overlap that has failed waits for the request it hangs on all the same. */
TEST_F(fail, FailOverlapRequest)
{
	struct test_vmo *vmo = new_vmo(3);

	ASSERT_TRUE(thread_commit(&self->t[0], vmo, 0, 3));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 3));
	ASSERT_TRUE(thread_commit(&self->t[1], vmo, 1, 1));
	ASSERT_TRUE(threads_blocked(self->t, 2, vmo));
	ASSERT_TRUE(pager_idle(&self->p));

	ASSERT_TRUE(pager_fail(&self->p, vmo, 1, 1, EIO));
	EXPECT_TRUE(thread_asleep(&self->t[1]));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	EXPECT_TRUE(thread_asleep(&self->t[0]));
	EXPECT_TRUE(thread_asleep(&self->t[1]));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 2, 1));
	ASSERT_TRUE(thread_wait_failure(&self->t[1], EIO));

	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A reader that has got on to page 1 is failed by page 1. */
TEST_F(fail, FailEarlyWake)
{
	struct test_vmo *vmo = new_vmo(3);
	volatile uint64_t *seen;

	ASSERT_TRUE(thread_check_vmo(&self->t[0], vmo, 0, 3));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 3));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	seen = (void *)self->t[0].buf;
	ASSERT_TRUE(wait_until(seen[page_size / 8 - 1] == vmo_word(vmo, page_size / 8 - 1)));
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 1, 1, EIO));
	ASSERT_TRUE(thread_wait_failure(&self->t[0], EIO));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Zircon's tests of early wake: a reader of many pages goes on as they come.
 */
#include <signal.h>
#include <kselftest_harness.h>

#include "lib/fixture.h"

PAGER_FIXTURE(wake);

FIXTURE_VARIANT(wake)
{
	start_fn check;
};

FIXTURE_VARIANT_ADD(wake, Vmo)
{
	.check = thread_check_vmo,
};

FIXTURE_VARIANT_ADD(wake, Read)
{
	.check = thread_check_read,
};

/* The reader has copied page @page of its range (but perhaps not noticed). */
static bool has_copied(struct test_thread *t, uint64_t page)
{
	uint64_t word = (page + 1) * page_size / 8 - 1;
	volatile uint64_t *buf = (void *)t->buf;

	return buf[word] == vmo_word(t->vmo, t->page * page_size / 8 + word);
}

TEST_F(wake, EarlyWakeOnSupply)
{
	struct test_vmo *vmo = new_vmo(128);
	struct test_thread *t = &self->t[0];
	unsigned int i;

	ASSERT_TRUE(variant->check(t, vmo, 0, 128));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 128));
	for (i = 0; i < 128; i += 32) {
		EXPECT_FALSE(has_copied(t, i));
		ASSERT_TRUE(pager_supply(&self->p, vmo, i, 32));
		ASSERT_TRUE(wait_until(has_copied(t, i + 31)));
		/* It goes on with the same request. */
		ASSERT_TRUE(pager_idle(&self->p));
	}
	ASSERT_TRUE(thread_wait(t));
	EXPECT_EQ(1, vmo_info(vmo).out_read_packets);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Supply somewhere else in the range does not wake. */
TEST_F(wake, EarlyWakeNonLinearSupply)
{
	struct test_vmo *vmo = new_vmo(4);
	struct test_thread *t = &self->t[0];

	ASSERT_TRUE(variant->check(t, vmo, 0, 4));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 4));
	ASSERT_TRUE(threads_blocked(t, 1, vmo));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 2, 2));
	EXPECT_TRUE(thread_asleep(t));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	EXPECT_TRUE(thread_asleep(t));
	EXPECT_FALSE(has_copied(t, 1));
	EXPECT_FALSE(has_copied(t, 2));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(t));
	ASSERT_TRUE(pager_idle(&self->p));
}

/*
 * The reader was woken for page 0, finds that page 1 has come too, and waits for
 * page 2 on the same request.
 */
TEST_F(wake, EarlyWakeSkipsPresentPages)
{
	struct test_vmo *vmo = new_vmo(4);
	struct test_thread *t = &self->t[0];

	ASSERT_TRUE(variant->check(t, vmo, 0, 4));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 4));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(wait_until(has_copied(t, 1)));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 2, 1));
	ASSERT_TRUE(wait_until(has_copied(t, 2)));
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 3, 1));
	ASSERT_TRUE(thread_wait(t));
	EXPECT_EQ(1, vmo_info(vmo).out_read_packets);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Readers that share a request go on together, and one asks for the rest. */
TEST_F(wake, EarlyWakeOverlappingRequests)
{
	struct test_vmo *vmo = new_vmo(8);
	struct test_thread *t = self->t;

	ASSERT_TRUE(variant->check(&t[0], vmo, 0, 6));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 6));
	ASSERT_TRUE(variant->check(&t[1], vmo, 0, 6));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 2));
	ASSERT_TRUE(variant->check(&t[2], vmo, 2, 6));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 3));
	ASSERT_TRUE(pager_idle(&self->p));

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(wait_until(has_copied(&t[0], 1)));
	ASSERT_TRUE(wait_until(has_copied(&t[1], 1)));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 3));
	ASSERT_TRUE(pager_idle(&self->p));

	ASSERT_TRUE(pager_supply(&self->p, vmo, 2, 2));
	ASSERT_TRUE(wait_until(has_copied(&t[0], 3)));
	ASSERT_TRUE(wait_until(has_copied(&t[1], 3)));
	ASSERT_TRUE(wait_until(has_copied(&t[2], 1)));
	ASSERT_TRUE(pager_idle(&self->p));

	ASSERT_TRUE(pager_supply(&self->p, vmo, 4, 2));
	ASSERT_TRUE(thread_wait(&t[0]));
	ASSERT_TRUE(thread_wait(&t[1]));
	/* The part that no request covered. */
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 6, 2));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 6, 2));
	ASSERT_TRUE(thread_wait(&t[2]));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Only readers wake early: a COMMIT waits for all of its range. */
TEST_F(wake, CommitDoesNotWakeEarly)
{
	struct test_vmo *vmo = new_vmo(4);

	ASSERT_TRUE(thread_commit(&self->t[0], vmo, 0, 4));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 4));
	ASSERT_TRUE(variant->check(&self->t[1], vmo, 0, 1));
	ASSERT_TRUE(threads_blocked(self->t, 2, vmo));
	/* Nor does the reader that hangs on it. */
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	EXPECT_TRUE(thread_asleep(&self->t[0]));
	EXPECT_TRUE(thread_asleep(&self->t[1]));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 2, 2));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_wait(&self->t[1]));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN

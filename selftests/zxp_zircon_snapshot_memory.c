// SPDX-License-Identifier: GPL-2.0
/*
 * Zircon's tests of snapshots that look at how much memory each has: what several share is
 * a part of each.
 */
#define _GNU_SOURCE
#include <unistd.h>
#include <kselftest_harness.h>

#include "lib/child.h"
#include "lib/fixture.h"

PAGER_FIXTURE(snapshot_memory);

/* Snapshots of a chain go one by one; what others still see stays, and no more. */
TEST_F(snapshot_memory, DropVmos)
{
	struct test_vmo *vmo = new_vmo(2), *clone, *full, *partial;
	struct zxp_vmo_info info;
	int odd;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	EXPECT_HALVES(vmo, 4);
	EXPECT_EQ(0, vmo_info(vmo).out_children);
	clone = new_snapshot(vmo);
	EXPECT_HALVES(clone, 0);
	ASSERT_TRUE(vmo_put(clone, 0, 1));
	ASSERT_TRUE(vmo_put(clone, 1, 2));
	EXPECT_HALVES(clone, 4);
	EXPECT_EQ(1, vmo_info(vmo).out_children);
	EXPECT_EQ(0, vmo_info(clone).out_children);

	full = new_snapshot(clone);
	ASSERT_TRUE(vmo_put(full, 0, 3));
	ASSERT_TRUE(vmo_put(full, 1, 4));
	partial = new_child(full, MODIFIED, 0, 1);
	EXPECT_HALVES(full, 3);
	EXPECT_HALVES(partial, 1);
	EXPECT_HALVES(clone, 4);

	/* Of what was shared one page goes, and one is the other's. */
	vmo_release(full);
	EXPECT_HALVES(partial, 2);
	EXPECT_EQ(0, vmo_info(partial).out_children);
	EXPECT_TRUE(vmo_word_is(partial, 0, 3));
	EXPECT_TRUE(vmo_word_is(clone, 0, 1));
	EXPECT_TRUE(vmo_word_is(clone, 1, 2));

	vmo_release(partial);
	EXPECT_EQ(1, vmo_info(vmo).out_children);
	EXPECT_EQ(0, vmo_info(clone).out_children);
	EXPECT_HALVES(vmo, 4);
	EXPECT_HALVES(clone, 4);
	EXPECT_TRUE(vmo_has(vmo, 0, 2, SUPPLIED));

	/* A size is rounded up. */
	odd = zxp_create_child(vmo->fd, MODIFIED, 0, page_size + 1);
	ASSERT_LE(0, odd);
	test_zxp(vmo_get_info, odd, &info);
	EXPECT_EQ(2 * page_size, info.out_vmo_size);
	close(odd);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* In the middle: its own goes, and what the last one sees is kept, and its own in the end. */
TEST_F(snapshot_memory, DropTheMiddle)
{
	struct test_vmo *vmo = new_vmo(2), *clone = new_snapshot(vmo), *first, *second;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(vmo_put(clone, 0, 1));
	first = new_snapshot(clone);
	ASSERT_TRUE(vmo_put(first, 1, 2));
	second = new_snapshot(first);
	ASSERT_TRUE(vmo_put(first, 0, 3));
	EXPECT_HALVES(clone, 1);
	EXPECT_HALVES(first, 3);
	EXPECT_HALVES(second, 2);

	vmo_release(first);
	EXPECT_TRUE(vmo_word_is(second, 0, 1));
	EXPECT_TRUE(vmo_word_is(second, 1, 2));
	EXPECT_TRUE(vmo_word_is(clone, 0, 1));
	EXPECT_TRUE(vmo_shows(clone, 1, 1, SUPPLIED));
	EXPECT_HALVES(clone, 1);
	EXPECT_HALVES(second, 3);

	vmo_release(clone);
	EXPECT_TRUE(vmo_word_is(second, 0, 1));
	EXPECT_TRUE(vmo_word_is(second, 1, 2));
	EXPECT_EQ(2, child_own_pages(second));
	EXPECT_HALVES(second, 4);
	vmo_release(second);
	EXPECT_TRUE(vmo_has(vmo, 0, 2, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* What is stored in each of them is its own, and what the root has is the root's. */
TEST_F(snapshot_memory, ObjMemAccounting)
{
	struct test_vmo *vmo = new_vmo(2), *clone, *snapshot;

	EXPECT_HALVES(vmo, 0);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	EXPECT_HALVES(vmo, 4);
	ASSERT_TRUE(vmo_put(vmo, 0, 1));
	ASSERT_TRUE(vmo_put(vmo, 1, 1));
	EXPECT_HALVES(vmo, 4);

	clone = new_snapshot(vmo);
	ASSERT_TRUE(vmo_put(clone, 0, 2));
	snapshot = new_snapshot(clone);
	EXPECT_HALVES(vmo, 4);
	EXPECT_HALVES(clone, 1);
	EXPECT_HALVES(snapshot, 1);
	EXPECT_EQ(0, child_own_pages(clone));
	EXPECT_EQ(page_size, vmo_info(snapshot).out_shared_bytes);

	ASSERT_TRUE(vmo_put(clone, 1, 3));
	EXPECT_HALVES(clone, 3);
	ASSERT_TRUE(vmo_put(snapshot, 0, 4));
	EXPECT_HALVES(vmo, 4);
	EXPECT_HALVES(clone, 4);
	EXPECT_HALVES(snapshot, 2);
	EXPECT_EQ(2, child_own_pages(clone));
	EXPECT_EQ(0, vmo_info(clone).out_shared_bytes);

	ASSERT_TRUE(vmo_put(vmo, 1, 5));
	ASSERT_TRUE(vmo_put(clone, 1, 6));
	ASSERT_TRUE(vmo_put(snapshot, 1, 7));
	EXPECT_HALVES(vmo, 4);
	EXPECT_HALVES(clone, 4);
	EXPECT_HALVES(snapshot, 4);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A page that two share becomes the committing one's own, and is the other's as before. */
TEST_F(snapshot_memory, CommitRangeInSnapshot)
{
	struct test_vmo *vmo = new_vmo(1), *clone = new_snapshot(vmo), *snapshot;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(vmo_put(clone, 0, 1));
	snapshot = new_snapshot(clone);
	EXPECT_HALVES(clone, 1);
	EXPECT_HALVES(snapshot, 1);
	ASSERT_TRUE(thread_commit(&self->t[0], snapshot, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(1, child_own_pages(snapshot));
	EXPECT_HALVES(clone, 2);
	EXPECT_HALVES(snapshot, 2);
	EXPECT_TRUE(vmo_word_is(snapshot, 0, 1));
	ASSERT_TRUE(vmo_put(snapshot, 0, 2));
	EXPECT_TRUE(vmo_word_is(clone, 0, 1));
	EXPECT_TRUE(vmo_word_is(snapshot, 0, 2));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Zircon's tests of ZERO in clones and in snapshots of them: it asks for nothing, and only
 * who asked for zeroes sees them.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include "lib/child.h"
#include "lib/fixture.h"

PAGER_FIXTURE(snapshot_zero);

/* These pages are as the root was supplied, by mapping and by a system call. */
#define expect_root(vmo, page, nr) do {						\
	EXPECT_TRUE(vmo_shows(vmo, page, nr, SUPPLIED));			\
	EXPECT_TRUE(vmo_has(vmo, page, nr, SUPPLIED));				\
} while (0)

#define expect_zero(vmo, page, nr) do {						\
	EXPECT_TRUE(vmo_shows(vmo, page, nr, ZEROES));				\
	EXPECT_TRUE(vmo_has(vmo, page, nr, ZEROES));				\
} while (0)

/* A snapshot of the first pages only; then the end of the clone is zeroed. */
TEST_F(snapshot_zero, ZeroRangeFromEndOfParent)
{
	struct test_vmo *vmo = new_vmo(3), *clone = new_snapshot(vmo), *snapshot;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 3));
	ASSERT_TRUE(vmo_put(clone, 0, 1));
	ASSERT_TRUE(vmo_put(clone, 1, 2));
	ASSERT_TRUE(vmo_put(clone, 2, 3));
	snapshot = new_child(clone, MODIFIED, 0, 2);
	ASSERT_TRUE(vmo_zero(clone, 1, 2));
	EXPECT_TRUE(vmo_word_is(clone, 0, 1));
	expect_zero(clone, 1, 2);
	EXPECT_TRUE(vmo_word_is(snapshot, 0, 1));
	EXPECT_TRUE(vmo_word_is(snapshot, 1, 2));
	expect_root(vmo, 0, 3);
	EXPECT_EQ(0, child_own_pages(clone));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Zeroes come first, and the root's pages after them. */
TEST_F(snapshot_zero, ZeroRangeLeftInSnapshotNoPagesInParent)
{
	struct test_vmo *vmo = new_vmo(2), *clone = new_snapshot(vmo);
	struct test_vmo *snapshot = new_snapshot(clone);

	ASSERT_TRUE(vmo_zero(snapshot, 0, 1));
	expect_zero(snapshot, 0, 1);
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	expect_zero(snapshot, 0, 1);
	expect_root(snapshot, 1, 1);
	expect_root(clone, 0, 2);
	expect_root(vmo, 0, 2);
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(snapshot_zero, ZeroRangeLeftInSnapshotPageInParent)
{
	struct test_vmo *vmo = new_vmo(2), *clone = new_snapshot(vmo);
	struct test_vmo *snapshot = new_snapshot(clone);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	expect_root(snapshot, 0, 2);
	ASSERT_TRUE(vmo_zero(snapshot, 0, 1));
	expect_zero(snapshot, 0, 1);
	expect_root(snapshot, 1, 1);
	expect_root(clone, 0, 2);
	expect_root(vmo, 0, 2);
	ASSERT_TRUE(pager_idle(&self->p));
}

/*
 * Three snapshots, each of the one before, where a page behind those that matter makes sure
 * that there is something for them to share.
 */
#define new_chain(first)							\
	struct test_vmo *chain[4] = { first };					\
	uint64_t nr;								\
										\
	for (nr = 1; nr < 4; nr++) {						\
		ASSERT_TRUE(vmo_put(chain[nr - 1], 2, nr));			\
		chain[nr] = new_snapshot(chain[nr - 1]);			\
	}

TEST_F(snapshot_zero, ZeroRangeLeftInSnapshotNoPagesInParentChain)
{
	struct test_vmo *vmo = new_vmo(3), *clone = new_snapshot(vmo);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 2, 1));
	new_chain(clone);

	ASSERT_TRUE(vmo_zero(chain[3], 0, 1));
	expect_zero(chain[3], 0, 1);
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	expect_zero(chain[3], 0, 1);
	expect_root(chain[3], 1, 1);
	for (nr = 0; nr < 3; nr++) {
		expect_root(chain[nr], 0, 2);
		EXPECT_TRUE(vmo_word_is(chain[nr], 2, nr + 1));
	}
	EXPECT_TRUE(vmo_word_is(chain[3], 2, 3));
	expect_root(vmo, 0, 3);
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(snapshot_zero, ZeroRangeLeftInSnapshotPagesInParentChain)
{
	struct test_vmo *vmo = new_vmo(3), *clone = new_snapshot(vmo);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 3));
	ASSERT_TRUE(vmo_put(clone, 0, 0x10));
	new_chain(clone);

	ASSERT_TRUE(vmo_zero(chain[3], 0, 1));
	ASSERT_TRUE(vmo_put(clone, 0, 0x11));
	ASSERT_TRUE(vmo_put(clone, 1, 0x12));
	expect_zero(chain[3], 0, 1);
	expect_root(chain[3], 1, 1);
	EXPECT_TRUE(vmo_word_is(clone, 0, 0x11));
	EXPECT_TRUE(vmo_word_is(clone, 1, 0x12));
	for (nr = 1; nr < 3; nr++) {
		EXPECT_TRUE(vmo_word_is(chain[nr], 0, 0x10));
		expect_root(chain[nr], 1, 1);
	}
	expect_root(vmo, 0, 3);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* The snapshot's own page goes, and what was below does not come up. */
TEST_F(snapshot_zero, ZeroRangeLeftInSnapshotPageInSnapshot)
{
	struct test_vmo *vmo = new_vmo(2), *clone = new_snapshot(vmo), *snapshot;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(vmo_put(clone, 1, 1));
	snapshot = new_snapshot(clone);
	ASSERT_TRUE(vmo_put(snapshot, 0, 2));
	ASSERT_TRUE(vmo_put(snapshot, 1, 3));
	EXPECT_EQ(2, child_own_pages(snapshot));
	ASSERT_TRUE(vmo_zero(snapshot, 0, 2));
	EXPECT_EQ(0, child_own_pages(snapshot));
	expect_zero(snapshot, 0, 2);
	expect_root(clone, 0, 1);
	EXPECT_TRUE(vmo_word_is(clone, 1, 1));
	expect_root(vmo, 0, 2);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* The clone has written to the page since: it keeps that. */
TEST_F(snapshot_zero, ZeroRangeLeftInSnapshotPageInClone)
{
	struct test_vmo *vmo = new_vmo(2), *clone = new_snapshot(vmo);
	struct test_vmo *snapshot = new_snapshot(clone);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(vmo_put(clone, 0, 1));
	ASSERT_TRUE(vmo_zero(snapshot, 0, 1));
	expect_zero(snapshot, 0, 1);
	expect_root(snapshot, 1, 1);
	EXPECT_TRUE(vmo_word_is(clone, 0, 1));
	expect_root(clone, 1, 1);
	expect_root(vmo, 0, 2);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Both have seen one page; after the one's zeroes the other still does, alone. */
TEST_F(snapshot_zero, ZeroRangeLeftInSnapshotPageInHiddenNode)
{
	struct test_vmo *vmo = new_vmo(2), *clone = new_snapshot(vmo), *snapshot;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(vmo_put(clone, 0, 1));
	snapshot = new_snapshot(clone);
	ASSERT_TRUE(vmo_zero(snapshot, 0, 1));
	expect_zero(snapshot, 0, 1);
	expect_root(snapshot, 1, 1);
	EXPECT_TRUE(vmo_word_is(clone, 0, 1));
	vmo_release(clone);
	expect_zero(snapshot, 0, 1);
	expect_root(snapshot, 1, 1);
	expect_root(vmo, 0, 2);
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Zircon's tests of slices and references, which are the VMO itself.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <kselftest_harness.h>

#include "lib/child.h"
#include "lib/fixture.h"

PAGER_FIXTURE(references);

/* A clone of a reference follows the VMO until it has a page of its own. */
TEST_F(references, ChildSnapshotAtLeastOnWrite)
{
	struct test_vmo *vmo = new_vmo(1), *reference = new_reference(vmo, 0), *clone;

	clone = new_clone(reference);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	EXPECT_TRUE(vmo_shows(clone, 0, 1, SUPPLIED));
	ASSERT_TRUE(vmo_put(vmo, 0, STORED_WORD));
	EXPECT_TRUE(vmo_word_is(clone, 0, STORED_WORD));
	ASSERT_TRUE(vmo_put(clone, 0, 1));
	ASSERT_TRUE(vmo_put(reference, 0, 2));
	EXPECT_TRUE(vmo_word_is(vmo, 0, 2));
	EXPECT_TRUE(vmo_word_is(clone, 0, 1));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A whole snapshot is not for what has a pager, nor is it by a reference. */
TEST_F(references, UnsupportedChild)
{
	struct test_vmo *vmo = new_vmo(1), *reference = new_reference(vmo, 0);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	EXPECT_EQ(-EOPNOTSUPP, zxp_create_child(reference->fd, ZXP_CHILD_SNAPSHOT, 0,
						page_size));
	reference = new_reference(reference, 0);
	EXPECT_EQ(-EOPNOTSUPP, zxp_create_child(reference->fd, ZXP_CHILD_SNAPSHOT, 0,
						page_size));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN

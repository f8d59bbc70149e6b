// SPDX-License-Identifier: GPL-2.0
/*
 * Zircon's tests of snapshots: of a clone, and of what is made of it, whose pages each keeps
 * as they were while the root's show through where nobody has changed any.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <kselftest_harness.h>

#include "lib/child.h"
#include "lib/fixture.h"

PAGER_FIXTURE(snapshot);

/* What the clone has forked is kept, by whichever of the two writes then. */
TEST_F(snapshot, Smoke)
{
	struct test_vmo *vmo = new_vmo(1), *clone = new_snapshot(vmo), *snapshot;
	volatile uint64_t *words = (uint64_t *)clone->map;

	ASSERT_TRUE(thread_store(&self->t[0], clone->map));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(vmo_word_is(clone, 0, STORED_WORD));
	EXPECT_TRUE(vmo_has(vmo, 0, 1, SUPPLIED));

	snapshot = new_snapshot(clone);
	EXPECT_TRUE(vmo_word_is(snapshot, 0, STORED_WORD));
	EXPECT_TRUE(vmo_word_is(clone, 0, STORED_WORD));
	EXPECT_HALVES(clone, 1);
	EXPECT_HALVES(snapshot, 1);
	words[0] = 2;
	EXPECT_HALVES(snapshot, 2);
	EXPECT_HALVES(clone, 2);
	EXPECT_HALVES(vmo, 2);
	EXPECT_TRUE(vmo_word_is(clone, 0, 2));
	EXPECT_TRUE(vmo_word_is(snapshot, 0, STORED_WORD));
	EXPECT_EQ(vmo_word(vmo, 1), words[1]);
	EXPECT_TRUE(vmo_has(vmo, 0, 1, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* What is asked to be less than a snapshot is one all the same. */
TEST_F(snapshot, AtLeastOnWriteAfterSnapshotModified)
{
	struct test_vmo *vmo = new_vmo(1), *clone = new_snapshot(vmo), *snapshot, *last;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(vmo_put(clone, 0, 1));
	snapshot = new_snapshot(clone);
	last = new_clone(snapshot);
	EXPECT_TRUE(vmo_word_is(last, 0, 1));
	ASSERT_TRUE(vmo_put(snapshot, 0, 2));
	EXPECT_TRUE(vmo_word_is(snapshot, 0, 2));
	EXPECT_TRUE(vmo_word_is(last, 0, 1));
	ASSERT_TRUE(vmo_put(clone, 0, 3));
	EXPECT_TRUE(vmo_word_is(snapshot, 0, 2));
	EXPECT_TRUE(vmo_word_is(last, 0, 1));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Both kinds may be children of the root, and of a clone that is at least on write. */
TEST_F(snapshot, SnapshotModifiedAfterAtLeastOnWrite)
{
	struct test_vmo *vmo = new_vmo(2), *clone = new_clone(vmo);
	struct test_vmo *beside = new_snapshot(vmo), *snapshot;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(vmo_put(clone, 0, 1));
	ASSERT_TRUE(vmo_put(beside, 0, 2));
	snapshot = new_snapshot(clone);
	ASSERT_TRUE(vmo_put(vmo, 1, 3));
	EXPECT_TRUE(vmo_word_is(clone, 0, 1));
	EXPECT_TRUE(vmo_word_is(beside, 0, 2));
	EXPECT_TRUE(vmo_word_is(snapshot, 0, 1));
	EXPECT_TRUE(vmo_word_is(clone, 1, 3));
	EXPECT_TRUE(vmo_word_is(beside, 1, 3));
	EXPECT_TRUE(vmo_word_is(snapshot, 1, 3));
	ASSERT_TRUE(vmo_put(clone, 0, 4));
	EXPECT_TRUE(vmo_word_is(snapshot, 0, 1));
	EXPECT_TRUE(vmo_has(vmo, 0, 1, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* There is nothing to be freed, in the snapshot or below. */
TEST_F(snapshot, ResizeShrinkSnapshotWithEmptyParent)
{
	struct test_vmo *vmo = new_vmo(2), *clone = new_snapshot(vmo);
	struct test_vmo *snapshot = new_snapshot(clone), *next;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	next = new_snapshot(snapshot);
	ASSERT_TRUE(vmo_resize(snapshot, 1));
	ASSERT_TRUE(vmo_resize(next, 0));
	EXPECT_EQ(0, child_own_pages(clone));
	EXPECT_EQ(0, child_own_pages(snapshot));
	EXPECT_EQ(0, child_own_pages(next));
	EXPECT_TRUE(vmo_shows(snapshot, 0, 1, SUPPLIED));
	EXPECT_TRUE(vmo_shows(clone, 0, 2, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A clone that is not written to has snapshots that are. */
TEST_F(snapshot, SnapshotReadOnlyVmo)
{
	struct test_vmo *vmo = new_vmo(1);
	struct test_vmo *clone = new_child(vmo, MODIFIED | ZXP_CHILD_NO_WRITE, 0, 1);
	struct test_vmo *snapshot;
	uint64_t word = 1;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	test_err_zxp(EACCES, vmo_write, clone->fd, 0, 8, &word);
	EXPECT_EQ(-1, pwrite(clone->fd, &word, 8, 0));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, page_size, PROT_WRITE, MAP_SHARED, clone->fd, 0));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, mprotect(clone->map, page_size, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_TRUE(vmo_has(clone, 0, 1, SUPPLIED));

	snapshot = new_snapshot(clone);
	ASSERT_TRUE(vmo_put(snapshot, 0, 2));
	EXPECT_TRUE(vmo_word_is(snapshot, 0, 2));
	EXPECT_TRUE(vmo_shows(clone, 0, 1, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Nor do others become writers by opening it again. */
TEST_F(snapshot, NoWriteReopened)
{
	struct test_vmo *vmo = new_vmo(1);
	struct test_vmo *clone = new_child(vmo, AT_LEAST | ZXP_CHILD_NO_WRITE, 0, 1);
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", clone->fd);
	EXPECT_EQ(-1, open(path, O_RDWR));
	fd = open(path, O_RDONLY);
	ASSERT_LE(0, fd);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, page_size, PROT_WRITE, MAP_SHARED, fd, 0));
	close(fd);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A chain whose middle goes: what is seen from the end of it stays, the root has all. */
#define release_middle(pages, page, forked) do {				\
	struct test_vmo *vmo = new_vmo(pages), *clone = new_snapshot(vmo);	\
	struct test_vmo *middle, *leaf;						\
										\
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, pages));			\
	if (forked) {								\
		ASSERT_TRUE(vmo_put(clone, page, STORED_WORD));			\
	}									\
	middle = new_snapshot(clone);						\
	leaf = new_child(middle, MODIFIED, page, 1);				\
	vmo_release(middle);							\
	if (forked) {								\
		EXPECT_TRUE(vmo_word_is(leaf, 0, STORED_WORD));			\
		EXPECT_TRUE(vmo_word_is(clone, page, STORED_WORD));		\
		vmo_release(clone);						\
		EXPECT_TRUE(vmo_word_is(leaf, 0, STORED_WORD));			\
	} else {								\
		EXPECT_TRUE(vmo_shows(leaf, 0, 1, SUPPLIED));			\
		EXPECT_TRUE(vmo_has(leaf, 0, 1, SUPPLIED));			\
		EXPECT_TRUE(vmo_has(clone, 0, pages, SUPPLIED));		\
	}									\
	EXPECT_TRUE(vmo_has(vmo, 0, pages, SUPPLIED));				\
	EXPECT_EQ(pages, vmo_info(vmo).out_resident / page_size);		\
	ASSERT_TRUE(pager_idle(&self->p));					\
} while (0)

TEST_F(snapshot, ReleaseCowParentPagesRight)
{
	release_middle(2, 0, false);
}

TEST_F(snapshot, ReleaseCowParentPagesLeftAndRight)
{
	release_middle(3, 1, false);
}

TEST_F(snapshot, ReleaseCowParentPagesRightInHiddenNode)
{
	release_middle(2, 0, true);
}

/* Each has its own content, read and written by system calls. */
TEST_F(snapshot, Read)
{
	struct test_vmo *vmo = new_vmo(1), *clone = new_snapshot(vmo), *snapshot;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	EXPECT_TRUE(vmo_has(clone, 0, 1, SUPPLIED));
	ASSERT_TRUE(vmo_put(clone, 0, 1));
	snapshot = new_snapshot(clone);
	ASSERT_TRUE(vmo_put(snapshot, 0, 2));
	ASSERT_TRUE(vmo_put(vmo, 0, 3));
	EXPECT_TRUE(vmo_word_is(vmo, 0, 3));
	EXPECT_TRUE(vmo_word_is(clone, 0, 1));
	EXPECT_TRUE(vmo_word_is(snapshot, 0, 2));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(snapshot, SnapshotModifiedClone)
{
	struct test_vmo *vmo = new_vmo(2), *clone = new_snapshot(vmo), *snapshot;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(vmo_put(clone, 0, 1));
	snapshot = new_snapshot(clone);
	EXPECT_TRUE(vmo_word_is(snapshot, 0, 1));
	EXPECT_TRUE(vmo_shows(snapshot, 1, 1, SUPPLIED));
	EXPECT_TRUE(vmo_has(vmo, 0, 2, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* What was modified is as it was; all else is the root's, as it is. */
TEST_F(snapshot, CloneModifyChain)
{
	struct test_vmo *vmo = new_vmo(3), *clone = new_snapshot(vmo), *first, *second;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 3));
	ASSERT_TRUE(vmo_put(clone, 0, 0x10));
	first = new_snapshot(clone);
	ASSERT_TRUE(vmo_put(first, 1, 0x21));
	second = new_snapshot(first);
	ASSERT_TRUE(vmo_put(clone, 0, 0x11));
	ASSERT_TRUE(vmo_put(first, 1, 0x22));

	ASSERT_TRUE(vmo_put(vmo, 0, 1));
	ASSERT_TRUE(vmo_put(vmo, 1, 2));
	ASSERT_TRUE(vmo_put(vmo, 2, 3));
	EXPECT_TRUE(vmo_word_is(clone, 0, 0x11));
	EXPECT_TRUE(vmo_word_is(first, 0, 0x10));
	EXPECT_TRUE(vmo_word_is(second, 0, 0x10));
	EXPECT_TRUE(vmo_word_is(clone, 1, 2));
	EXPECT_TRUE(vmo_word_is(first, 1, 0x22));
	EXPECT_TRUE(vmo_word_is(second, 1, 0x21));
	EXPECT_TRUE(vmo_word_is(clone, 2, 3));
	EXPECT_TRUE(vmo_word_is(first, 2, 3));
	EXPECT_TRUE(vmo_word_is(second, 2, 3));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A clone, and a snapshot of what it had changed. */
#define make_both(vmo, clone, snapshot)						\
	struct test_vmo *vmo = new_vmo(2), *clone = new_snapshot(vmo), *snapshot;	\
										\
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));				\
	ASSERT_TRUE(vmo_put(clone, 0, 0xc10e));					\
	snapshot = new_snapshot(clone)

TEST_F(snapshot, CloneVmoWrite)
{
	make_both(vmo, clone, snapshot);

	ASSERT_TRUE(vmo_put(clone, 0, 1));
	ASSERT_TRUE(vmo_put(clone, 1, 2));
	EXPECT_TRUE(vmo_word_is(clone, 0, 1));
	EXPECT_TRUE(vmo_word_is(snapshot, 0, 0xc10e));
	EXPECT_TRUE(vmo_shows(snapshot, 1, 1, SUPPLIED));
	EXPECT_TRUE(vmo_has(vmo, 0, 2, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(snapshot, SnapshotVmoWrite)
{
	make_both(vmo, clone, snapshot);

	ASSERT_TRUE(vmo_put(snapshot, 0, 1));
	ASSERT_TRUE(vmo_put(snapshot, 1, 2));
	EXPECT_TRUE(vmo_word_is(snapshot, 0, 1));
	EXPECT_TRUE(vmo_word_is(clone, 0, 0xc10e));
	EXPECT_TRUE(vmo_shows(clone, 1, 1, SUPPLIED));
	EXPECT_TRUE(vmo_has(vmo, 0, 2, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(snapshot, CloseClone)
{
	make_both(vmo, clone, snapshot);

	vmo_release(clone);
	EXPECT_TRUE(vmo_word_is(snapshot, 0, 0xc10e));
	EXPECT_TRUE(vmo_shows(snapshot, 1, 1, SUPPLIED));
	EXPECT_TRUE(vmo_has(vmo, 0, 2, SUPPLIED));
	EXPECT_EQ(1, child_own_pages(snapshot));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(snapshot, CloseSnapshot)
{
	make_both(vmo, clone, snapshot);

	vmo_release(snapshot);
	EXPECT_TRUE(vmo_word_is(clone, 0, 0xc10e));
	EXPECT_TRUE(vmo_shows(clone, 1, 1, SUPPLIED));
	EXPECT_TRUE(vmo_has(vmo, 0, 2, SUPPLIED));
	EXPECT_EQ(1, child_own_pages(clone));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* COMPLETE comes only when the clone and its snapshot are gone as well. */
TEST_F(snapshot, CloseRoot)
{
	make_both(vmo, clone, snapshot);

	vmo_release(vmo);
	ASSERT_TRUE(pager_idle(&self->p));
	EXPECT_TRUE(vmo_word_is(clone, 0, 0xc10e));
	EXPECT_TRUE(vmo_word_is(snapshot, 0, 0xc10e));
	EXPECT_TRUE(vmo_shows(clone, 1, 1, SUPPLIED));
	EXPECT_TRUE(vmo_has(snapshot, 1, 1, SUPPLIED));
	vmo_release(clone);
	ASSERT_TRUE(pager_idle(&self->p));
	vmo_release(snapshot);
	ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));
	ASSERT_TRUE(pager_idle(&self->p));
}

static int shrink(struct test_thread *t)
{
	return ftruncate(t->vmo->fd, 0) ? errno : 0;
}

/* Whoever comes first: what the clone has changed is there, and the root is not. */
TEST_F(snapshot, ResizeSnapshotRace)
{
	unsigned int i;

	for (i = 0; i < 120; i++) {
		struct test_vmo *vmo = new_vmo_options(2, ZXP_VMO_RESIZABLE);
		struct test_vmo *clone = new_snapshot(vmo), *snapshot;
		uint64_t word;

		ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
		ASSERT_TRUE(vmo_put(clone, 0, 1));
		self->t[0].vmo = vmo;
		ASSERT_TRUE(thread_start(&self->t[0], shrink));
		snapshot = new_snapshot(clone);
		test_zxp(vmo_read, snapshot->fd, page_size, 8, &word);
		EXPECT_TRUE(!word || word == vmo_word(vmo, page_size / 8));
		ASSERT_TRUE(thread_wait(&self->t[0]));
		EXPECT_TRUE(vmo_word_is(clone, 0, 1));
		EXPECT_TRUE(vmo_word_is(snapshot, 0, 1));
		EXPECT_TRUE(vmo_shows(clone, 1, 1, ZEROES));
		EXPECT_TRUE(vmo_shows(snapshot, 1, 1, ZEROES));
		vmo_release(vmo);
		vmo_release(clone);
		vmo_release(snapshot);
		ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));
	}
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Zircon's tests of COMMIT of clones, which copies every page.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <kselftest_harness.h>

#include "lib/child.h"
#include "lib/fixture.h"

#define NR		32
#define GONE		0x60e

PAGER_FIXTURE(clone_commit);

/* The first word of each page changes, and is in memory already. */
static bool change_all(struct test_vmo *vmo)
{
	uint64_t page;

	for (page = 0; page < vmo->pages; page++)
		if (!vmo_put(vmo, page, GONE))
			return false;
	return true;
}

/*
 * COMMIT of a clone copies every page. Those that the root does not have are asked for,
 * run by run; is_present tells of page i.
 */
#define commit_clone(vmo, clone, is_present) do {				\
	uint64_t i, first;						\
									\
	for (i = 0; i < NR; i++) {					\
		if (is_present) {					\
			ASSERT_TRUE(pager_supply(&self->p, vmo, i, 1));	\
		}							\
	}								\
	ASSERT_TRUE(thread_commit(&self->t[0], clone, 0, NR));		\
	for (i = 0; i < NR; i++) {					\
		if (is_present)						\
			continue;					\
		for (first = i; i < NR && !(is_present); i++)		\
			;						\
		ASSERT_TRUE(pager_wait_read(&self->p, vmo, first, i - first));	\
		ASSERT_TRUE(pager_idle(&self->p));			\
		ASSERT_TRUE(pager_supply(&self->p, vmo, first, i - first));	\
	}								\
	ASSERT_TRUE(thread_wait(&self->t[0]));				\
	EXPECT_EQ(NR, child_own_pages(clone));				\
	ASSERT_TRUE(change_all(vmo));					\
	EXPECT_TRUE(vmo_shows(clone, 0, NR, SUPPLIED));			\
	EXPECT_TRUE(vmo_has(clone, 0, NR, SUPPLIED));			\
	EXPECT_TRUE(vmo_word_is(vmo, 0, GONE));				\
	ASSERT_TRUE(pager_idle(&self->p));				\
} while (0)

TEST_F(clone_commit, CloneCommitTest)
{
	struct test_vmo *vmo = new_vmo(NR), *clone = new_clone(vmo);

	commit_clone(vmo, clone, false);
}

/* All of it comes to the last one, and nothing to the one between. */
TEST_F(clone_commit, CloneChainCommitTest)
{
	struct test_vmo *vmo = new_vmo(NR), *clone = new_clone(vmo);
	struct test_vmo *child = new_clone(clone);

	commit_clone(vmo, child, false);
	EXPECT_EQ(0, child_own_pages(clone));
	EXPECT_TRUE(vmo_word_is(clone, 0, GONE));
}

TEST_F(clone_commit, CloneCommitSingleBatch)
{
	struct test_vmo *vmo = new_vmo(NR), *clone = new_clone(vmo);

	commit_clone(vmo, clone, i == NR - 1);
}

TEST_F(clone_commit, CloneCommitTwoBatches)
{
	struct test_vmo *vmo = new_vmo(NR), *clone = new_clone(vmo);

	commit_clone(vmo, clone, i == 2);
}

TEST_F(clone_commit, CloneCommitMultipleBatches)
{
	struct test_vmo *vmo = new_vmo(NR), *clone = new_clone(vmo);

	commit_clone(vmo, clone, i == 2 || i == 20);
}

TEST_F(clone_commit, CloneCommitRandomBatches)
{
	struct test_vmo *vmo = new_vmo(NR), *clone = new_clone(vmo);
	const uint32_t present = 0x48214a92;

	commit_clone(vmo, clone, present >> i & 1);
}

/* A read of a clone asks for a whole run at once as well. */
TEST_F(clone_commit, CloneReadIsOneRequest)
{
	struct test_vmo *vmo = new_vmo(NR), *clone = new_clone(vmo);

	ASSERT_TRUE(thread_check_vmo(&self->t[0], clone, 0, NR));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, NR));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, NR));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
}

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE	23
#endif

PAGER_FIXTURE(private_commit);

static int populate(struct test_thread *t)
{
	return madvise(t->arg, t->nr * page_size, MADV_POPULATE_WRITE) ? errno : 0;
}

/*
 * COMMIT of a private mapping copies every page. Linux does that page by page: missing ones
 * are asked for one at a time and in order, present ones are not.
 */
#define commit_private(is_present) do {					\
	const unsigned int nr = 32;					\
	struct test_vmo *vmo = new_vmo(nr);				\
	char *map = mmap(NULL, nr * page_size, PROT_READ | PROT_WRITE,	\
			 MAP_PRIVATE, vmo->fd, 0);			\
	void *zeroes = map_anon(nr);					\
	uint64_t i;							\
									\
	ASSERT_NE(MAP_FAILED, map);					\
	for (i = 0; i < nr; i++) {					\
		if (is_present) {					\
			ASSERT_TRUE(pager_supply(&self->p, vmo, i, 1));	\
		}							\
	}								\
	self->t[0].arg = map;						\
	self->t[0].nr = nr;						\
	ASSERT_TRUE(thread_start(&self->t[0], populate));		\
	for (i = 0; i < nr; i++) {					\
		if (is_present)						\
			continue;					\
		ASSERT_TRUE(pager_wait_read(&self->p, vmo, i, 1));	\
		ASSERT_TRUE(pager_idle(&self->p));			\
		ASSERT_TRUE(pager_supply(&self->p, vmo, i, 1));		\
	}								\
	ASSERT_TRUE(thread_wait(&self->t[0]));				\
	test_zxp(vmo_write, vmo->fd, 0, nr * page_size, zeroes);	\
	EXPECT_TRUE(vmo_matches(vmo, 0, nr, map));			\
	EXPECT_TRUE(is_zero(vmo->map, nr * page_size));			\
	ASSERT_TRUE(pager_idle(&self->p));				\
} while (0)

TEST_F(private_commit, CloneCommitTest)
{
	commit_private(false);
}

TEST_F(private_commit, CloneCommitSingleBatch)
{
	commit_private(i == 31);
}

TEST_F(private_commit, CloneCommitTwoBatches)
{
	commit_private(i == 2);
}

TEST_F(private_commit, CloneCommitMultipleBatches)
{
	commit_private(i == 2 || i == 20);
}

TEST_F(private_commit, CloneCommitRandomBatches)
{
	const uint32_t present = 0x48214a92;

	commit_private(present >> i & 1);
}

TEST_HARNESS_MAIN

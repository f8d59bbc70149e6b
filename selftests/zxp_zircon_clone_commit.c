// SPDX-License-Identifier: GPL-2.0
/*
 * Zircon's tests of COMMIT of clones, which copies every page.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <kselftest_harness.h>

#include "lib/fixture.h"

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

// SPDX-License-Identifier: GPL-2.0
/*
 * Private mappings of a VMO, which are what Linux has for clones: pages that were not
 * written to are the VMO's own, and what is written stays in the mapping. Names are those
 * of Zircon's tests of clones; what comes out is the same as there but for sizes.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <kselftest_harness.h>

#include "lib/fixture.h"

PAGER_FIXTURE(private);

/* A private mapping of the whole VMO. */
#define new_clone(vmo) ({							\
	char *__map = mmap(NULL, (vmo)->pages * page_size, PROT_READ | PROT_WRITE,	\
			   MAP_PRIVATE, (vmo)->fd, 0);				\
										\
	ASSERT_NE(MAP_FAILED, __map);						\
	__map;									\
})

/* At an offset: the request names the VMO's offset. */
TEST_F(private, CloneReadAtOffset)
{
	struct test_vmo *vmo = new_vmo(3);
	char *map = mmap(NULL, page_size, PROT_READ, MAP_PRIVATE, vmo->fd, 2 * page_size);

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_TRUE(thread_check_at(&self->t[0], vmo, map - 2 * page_size, 2, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 2, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 2, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Copied pages outlive the detach, all others go. */
TEST_F(private, CloneDetachTest)
{
	struct test_vmo *vmo = new_vmo(3);
	char *map = new_clone(vmo);
	uint64_t *words = (uint64_t *)map;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	words[0] = STORED_WORD;
	ASSERT_TRUE(vmo_matches(vmo, 1, 1, map + page_size));

	ASSERT_TRUE(pager_detach(&self->p, vmo));
	ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));
	EXPECT_EQ(STORED_WORD, words[0]);
	EXPECT_EQ(vmo_word(vmo, 1), words[1]);
	EXPECT_TRUE(crashes(map + page_size, SIGBUS));
	EXPECT_TRUE(crashes(map + 2 * page_size, SIGBUS));
	EXPECT_TRUE(store_crashes(map + 2 * page_size, SIGBUS));
	/* Still its own, and writable. */
	words[0] = 1;
	EXPECT_EQ(1, words[0]);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* As any file on Linux: what is beyond the end is gone from private mappings too. */
TEST_F(private, CloneResizeParentOK)
{
	struct test_vmo *vmo = new_vmo_options(2, ZXP_VMO_RESIZABLE);
	char *map = new_clone(vmo);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	*(volatile uint64_t *)map = STORED_WORD;
	ASSERT_TRUE(vmo_matches(vmo, 1, 1, map + page_size));
	ASSERT_TRUE(vmo_resize(vmo, 0));
	EXPECT_TRUE(crashes(map, SIGBUS));
	EXPECT_TRUE(crashes(map + page_size, SIGBUS));
	EXPECT_TRUE(store_crashes(map, SIGBUS));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* What a shrink took away never comes back: zeroes are seen, without a request. */
TEST_F(private, CloneShrinkGrowParent)
{
	struct test_vmo *vmo = new_vmo_options(2, ZXP_VMO_RESIZABLE);
	char *map = new_clone(vmo);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(vmo_matches(vmo, 0, 2, map));
	ASSERT_TRUE(vmo_resize(vmo, 1));
	EXPECT_TRUE(crashes(map + page_size, SIGBUS));
	ASSERT_TRUE(vmo_resize(vmo, 2));
	EXPECT_TRUE(vmo_matches(vmo, 0, 1, map));
	EXPECT_TRUE(is_zero(map + page_size, page_size));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	EXPECT_TRUE(is_zero(map + page_size, page_size));
	ASSERT_TRUE(pager_idle(&self->p));
}

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ	22
#define MADV_POPULATE_WRITE	23
#endif
#ifndef MADV_COLD
#define MADV_COLD		20
#endif

static int populate(struct test_thread *t)
{
	return madvise(t->arg, t->nr * page_size, t->op) ? errno : 0;
}

static bool thread_populate(struct test_thread *t, void *map, uint64_t nr, uint32_t advice)
{
	t->arg = map;
	t->nr = nr;
	t->op = advice;
	return thread_start(t, populate);
}

/*
 * A private mapping that is populated asks for what it has not copied, page by page,
 * and not for what it has, even where the VMO has nothing any more.
 */
TEST_F(private, EvictionHintsWithClones)
{
	struct test_vmo *vmo = new_vmo(3);
	uint64_t *clone = (void *)new_clone(vmo), word = page_size / 8;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	clone[word] = STORED_WORD;
	ASSERT_TRUE(drain_lru());
	ASSERT_EQ(0, posix_fadvise(vmo->fd, 0, 0, POSIX_FADV_DONTNEED));
	EXPECT_EQ(0, madvise(clone, 3 * page_size, MADV_COLD));
	ASSERT_TRUE(pager_idle(&self->p));

	ASSERT_TRUE(thread_populate(&self->t[0], clone, 3, MADV_POPULATE_READ));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 2, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 2, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(vmo_matches(vmo, 0, 1, clone));
	EXPECT_EQ(STORED_WORD, clone[word]);
	EXPECT_EQ(vmo_word(vmo, word + 1), clone[word + 1]);
	EXPECT_TRUE(vmo_matches(vmo, 2, 1, &clone[2 * word]));
	EXPECT_EQ(0, madvise(clone, 3 * page_size, MADV_COLD));
	ASSERT_TRUE(pager_idle(&self->p));

	/* The page was missing from the VMO indeed. */
	ASSERT_TRUE(thread_check_vmo(&self->t[0], vmo, 1, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
}

TEST_HARNESS_MAIN

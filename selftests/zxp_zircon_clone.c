// SPDX-License-Identifier: GPL-2.0
/*
 * Zircon's tests of clones, with private mappings for clones: pages that were not
 * written to are the VMO's own, and what is written stays in the mapping.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <kselftest_harness.h>

#include "lib/fixture.h"

/* The kernel copies from the mapping, as it does for any buffer. */
static int kernel_copies(struct test_thread *t)
{
	ssize_t size = t->nr * page_size, n;
	char *from = (char *)t->arg + t->page * page_size;
	int file = memfd_create("copy", MFD_CLOEXEC);

	t->buf = map_anon(t->nr);
	n = pwrite(file, from, size, 0);
	if (n != size)
		return n < 0 ? errno : ENODATA;
	if (pread(file, t->buf, size, 0) != size)
		return errno;
	close(file);
	return vmo_matches(t->vmo, t->page, t->nr, t->buf) ? 0 : EILSEQ;
}

static bool thread_check_copy(struct test_thread *t, struct test_vmo *vmo,
			      const void *map, uint64_t page, uint64_t nr)
{
	t->vmo = vmo;
	t->arg = (void *)map;
	t->page = page;
	t->nr = nr;
	return thread_start(t, kernel_copies);
}

FIXTURE(clone)
{
	struct user_pager p;
	struct test_thread t[MAX_THREADS];
};

FIXTURE_VARIANT(clone)
{
	bool (*check)(struct test_thread *t, struct test_vmo *vmo, const void *map,
		      uint64_t page, uint64_t nr);
};

/* Loads, and a system call's buffer. */
FIXTURE_VARIANT_ADD(clone, Vmar)
{
	.check = thread_check_at,
};

FIXTURE_VARIANT_ADD(clone, Copy)
{
	.check = thread_check_copy,
};

FIXTURE_SETUP(clone)
{
	ASSERT_TRUE(user_pager_init(&self->p));
}

FIXTURE_TEARDOWN(clone)
{
	user_pager_fini(&self->p);
}

/* A private mapping of the whole VMO. */
#define new_clone(vmo) ({							\
	char *__map = mmap(NULL, (vmo)->pages * page_size, PROT_READ | PROT_WRITE,	\
			   MAP_PRIVATE, (vmo)->fd, 0);				\
										\
	ASSERT_NE(MAP_FAILED, __map);						\
	__map;									\
})

TEST_F(clone, CloneReadFromCloneTest)
{
	struct test_vmo *vmo = new_vmo(1);
	char *map = new_clone(vmo);

	ASSERT_TRUE(variant->check(&self->t[0], vmo, map, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* At an offset: the request names the VMO's offset. */
TEST_F(clone, CloneReadAtOffset)
{
	struct test_vmo *vmo = new_vmo(3);
	char *map = mmap(NULL, page_size, PROT_READ, MAP_PRIVATE, vmo->fd, 2 * page_size);

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_TRUE(variant->check(&self->t[0], vmo, map - 2 * page_size, 2, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 2, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 2, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(clone, CloneReadFromParentTest)
{
	struct test_vmo *vmo = new_vmo(1);
	char *map = new_clone(vmo);

	ASSERT_TRUE(thread_check_vmar(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(variant->check(&self->t[0], vmo, map, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(clone, CloneSimultaneousReadTest)
{
	struct test_vmo *vmo = new_vmo(1);
	char *map = new_clone(vmo);

	ASSERT_TRUE(thread_check_vmar(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(variant->check(&self->t[1], vmo, map, 0, 1));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 2));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_wait(&self->t[1]));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(clone, CloneSimultaneousChildReadTest)
{
	struct test_vmo *vmo = new_vmo(1);
	char *map1 = new_clone(vmo), *map2 = new_clone(vmo);

	ASSERT_TRUE(variant->check(&self->t[0], vmo, map1, 0, 1));
	ASSERT_TRUE(variant->check(&self->t[1], vmo, map2, 0, 1));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 2));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_wait(&self->t[1]));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* The store reads the page first, then goes to a copy. */
TEST_F(clone, CloneWriteToCloneTest)
{
	struct test_vmo *vmo = new_vmo(1);
	char *map = new_clone(vmo);
	uint64_t *words = (uint64_t *)map;

	ASSERT_TRUE(thread_store(&self->t[0], map));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(STORED_WORD, words[0]);
	EXPECT_EQ(vmo_word(vmo, 1), words[1]);
	ASSERT_TRUE(thread_check_vmar(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_check_vmo(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
}

PAGER_FIXTURE(clone_life);

/* Copied pages outlive the detach, all others go. */
TEST_F(clone_life, CloneDetachTest)
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
TEST_F(clone_life, CloneResizeParentOK)
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
TEST_F(clone_life, CloneShrinkGrowParent)
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

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE	23
#endif

static int populate(struct test_thread *t)
{
	return madvise(t->arg, t->nr * page_size, MADV_POPULATE_WRITE) ? errno : 0;
}

/*
 * COMMIT of a clone copies every page. Linux does that page by page: missing ones
 * are asked for one at a time and in order, present ones are not.
 */
#define commit_clone(is_present) do {					\
	const unsigned int nr = 32;					\
	struct test_vmo *vmo = new_vmo(nr);				\
	char *map = new_clone(vmo);					\
	void *zeroes = map_anon(nr);					\
	uint64_t i;							\
									\
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

TEST_F(clone_life, CloneCommitTest)
{
	commit_clone(false);
}

TEST_F(clone_life, CloneCommitSingleBatch)
{
	commit_clone(i == 31);
}

TEST_F(clone_life, CloneCommitTwoBatches)
{
	commit_clone(i == 2);
}

TEST_F(clone_life, CloneCommitMultipleBatches)
{
	commit_clone(i == 2 || i == 20);
}

TEST_F(clone_life, CloneCommitRandomBatches)
{
	const uint32_t present = 0x48214a92;

	commit_clone(present >> i & 1);
}

TEST_HARNESS_MAIN

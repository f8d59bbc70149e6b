// SPDX-License-Identifier: GPL-2.0
/*
 * Zircon's tests of mappings that come and go, and of operations on them.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <kselftest_harness.h>

#include "lib/child.h"
#include "lib/fixture.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ	22
#define MADV_POPULATE_WRITE	23
#endif
#ifndef MADV_COLD
#define MADV_COLD		20
#endif

PAGER_FIXTURE(mapping);

/* The mapping goes while a thread waits: after the answer there is nothing. */
TEST_F(mapping, VmarUnmapTest)
{
	struct test_vmo *vmo = new_vmo(1);
	void *addr = vmo->map, *buf = map_anon(1);

	ASSERT_TRUE(thread_check_vmar(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	/* Nothing is mapped from here on: it could get that very address. */
	ASSERT_EQ(0, munmap(vmo->map, page_size));
	vmo->map = NULL;
	test_zxp(supply_pages, self->p.fd, vmo->fd, 0, page_size, buf);
	ASSERT_TRUE(thread_wait_crash(&self->t[0], addr, SIGSEGV));
	EXPECT_EQ(SEGV_MAPERR, self->t[0].signal_code);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Another VMO takes its place: the access goes on there. */
TEST_F(mapping, VmarRemapTest)
{
	struct test_vmo *vmo = new_vmo(1), *other = new_vmo(1);

	ASSERT_TRUE(thread_check_at(&self->t[0], other, vmo->map, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_EQ(vmo->map, mmap(vmo->map, page_size, PROT_READ, MAP_SHARED | MAP_FIXED,
				 other->fd, 0));
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, other, 0, 1));
	ASSERT_TRUE(pager_supply(&self->p, other, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
}

/*
 * Linux maps resident neighbours of a page that is touched (fault-around), which
 * is what MAP_RANGE does, and never asks for those that are not there.
 */
TEST_F(mapping, VmarMapRangeTest)
{
	struct test_vmo *vmo = new_vmo(4);

	ASSERT_TRUE(vmo_map_in_window(vmo));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 3));
	EXPECT_FALSE(is_mapped(vmo->map));
	ASSERT_TRUE(vmo_matches(vmo, 0, 1, vmo->map));
	EXPECT_TRUE(is_mapped(vmo->map));
	EXPECT_TRUE(is_mapped(vmo->map + page_size));
	EXPECT_TRUE(is_mapped(vmo->map + 2 * page_size));
	EXPECT_FALSE(is_mapped(vmo->map + 3 * page_size));
	ASSERT_TRUE(pager_idle(&self->p));

	ASSERT_TRUE(thread_check_vmar(&self->t[0], vmo, 0, 4));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 3, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 3, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
}

struct advice {
	char *addr;
	size_t length;
	int advice;
};

static int give_advice(struct test_thread *t)
{
	const struct advice *a = t->arg;

	return madvise(a->addr, a->length, a->advice) ? errno : 0;
}

/* Put @second behind @first, and a page of anonymous memory behind both. */
#define map_in_a_row(base, first, second) do {					\
	base = mmap(NULL, 8 * page_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,	\
		    -1, 0);							\
	ASSERT_NE(MAP_FAILED, base);						\
	ASSERT_EQ(base, mmap(base, 2 * page_size, PROT_READ | PROT_WRITE,	\
			     MAP_SHARED | MAP_FIXED, first->fd, 0));		\
	ASSERT_EQ(base + 2 * page_size,						\
		  mmap(base + 2 * page_size, 2 * page_size, PROT_READ | PROT_WRITE,	\
		       MAP_SHARED | MAP_FIXED, second->fd, 0));			\
	ASSERT_EQ(0, mprotect(base + 4 * page_size, page_size,			\
			      PROT_READ | PROT_WRITE));				\
	ASSERT_EQ(0, munmap(base + 5 * page_size, page_size));			\
} while (0)

/* Page by page where Zircon goes run by run; the gap is ENOMEM. */
TEST_F(mapping, OpCommitVmar)
{
	struct test_vmo *vmo1 = new_vmo(2), *vmo2 = new_vmo(2);
	struct advice advice = { .advice = MADV_POPULATE_READ };
	unsigned int i;
	char *base;

	map_in_a_row(base, vmo1, vmo2);
	advice.addr = base;
	advice.length = 5 * page_size;
	self->t[0].arg = &advice;
	ASSERT_TRUE(thread_start(&self->t[0], give_advice));
	for (i = 0; i < 4; i++) {
		struct test_vmo *vmo = i < 2 ? vmo1 : vmo2;

		ASSERT_TRUE(pager_wait_read(&self->p, vmo, i % 2, 1));
		ASSERT_TRUE(pager_idle(&self->p));
		ASSERT_TRUE(pager_supply(&self->p, vmo, i % 2, 1));
	}
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(is_mapped(base));
	EXPECT_TRUE(is_mapped(base + 3 * page_size));
	EXPECT_TRUE(vmo_matches(vmo1, 0, 2, base));
	EXPECT_TRUE(vmo_matches(vmo2, 0, 2, base + 2 * page_size));

	/* All is there: no request, and only then the gap is met. */
	EXPECT_EQ(-1, madvise(base, 6 * page_size, MADV_POPULATE_READ));
	EXPECT_EQ(ENOMEM, errno);
	ASSERT_TRUE(pager_idle(&self->p));
	munmap(base, 8 * page_size);
}

/* A clone is committed by copying; a page copied before is kept. */
#define commit_mapping(vmo, map) do {						\
	struct advice advice = { map, 3 * page_size, MADV_POPULATE_WRITE };	\
	uint64_t *words = (uint64_t *)(map), word = page_size / 8;		\
	uint64_t *changed = &words[word];					\
	void *zeroes = map_anon(3);						\
										\
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));				\
	*changed = STORED_WORD;							\
	self->t[0].arg = &advice;						\
	ASSERT_TRUE(thread_start(&self->t[0], give_advice));			\
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));			\
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));				\
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 2, 1));			\
	ASSERT_TRUE(pager_supply(&self->p, vmo, 2, 1));				\
	ASSERT_TRUE(thread_wait(&self->t[0]));					\
	EXPECT_EQ(STORED_WORD, *changed);					\
										\
	/* They are copies: what is written to the VMO does not show. */	\
	test_zxp(vmo_write, (vmo)->fd, 0, 3 * page_size, zeroes);		\
	EXPECT_TRUE(vmo_matches(vmo, 0, 1, words));				\
	EXPECT_TRUE(vmo_matches(vmo, 2, 1, &words[2 * word]));			\
	EXPECT_EQ(STORED_WORD, *changed);					\
	EXPECT_EQ(vmo_word(vmo, word + 1), changed[1]);				\
	ASSERT_TRUE(pager_idle(&self->p));					\
} while (0)

TEST_F(mapping, OpCommitCloneVmar)
{
	struct test_vmo *vmo = new_vmo(3), *clone = new_clone(vmo);

	commit_mapping(vmo, clone->map);
	EXPECT_EQ(3, child_own_pages(clone));
}

TEST_F(mapping, CommitPrivateMapping)
{
	struct test_vmo *vmo = new_vmo(3), *clone = vmo_map_private(vmo);

	ASSERT_NE(NULL, clone);
	commit_mapping(vmo, clone->map);
}

/*
 * madvise() goes from mapping to mapping, and reaches the VMOs: MADV_WILLNEED asks run
 * by run, as ALWAYS_NEED, but does not wait and leaves no mark; a gap is ENOMEM.
 */
TEST_F(mapping, EvictionHintsVmar)
{
	struct test_vmo *vmo1 = new_vmo(2), *vmo2 = new_vmo(2);
	char *base;

	map_in_a_row(base, vmo1, vmo2);
	/* That little will be needed is no reason to ask. */
	EXPECT_EQ(0, madvise(base, 5 * page_size, MADV_COLD));
	ASSERT_TRUE(pager_idle(&self->p));

	EXPECT_EQ(0, madvise(base, 4 * page_size, MADV_WILLNEED));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo1, 0, 2));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo2, 0, 2));
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_supply(&self->p, vmo1, 0, 2));
	ASSERT_TRUE(pager_supply(&self->p, vmo2, 0, 2));
	EXPECT_TRUE(vmo_matches(vmo1, 0, 2, base));
	EXPECT_TRUE(vmo_matches(vmo2, 0, 2, base + 2 * page_size));

	/* What comes before the gap is advised all the same. */
	ASSERT_EQ(0, munmap(base + 4 * page_size, page_size));
	EXPECT_EQ(-1, madvise(base, 6 * page_size, MADV_COLD));
	EXPECT_EQ(ENOMEM, errno);
	EXPECT_EQ(-1, madvise(base, 6 * page_size, MADV_WILLNEED));
	EXPECT_EQ(ENOMEM, errno);
	EXPECT_TRUE(vmo_matches(vmo1, 0, 2, base));
	ASSERT_TRUE(pager_idle(&self->p));
	munmap(base, 8 * page_size);
}

TEST_HARNESS_MAIN

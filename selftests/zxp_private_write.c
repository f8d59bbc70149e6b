// SPDX-License-Identifier: GPL-2.0
/*
 * Writing to private mappings of a VMO, of which that does not hear. Names are those of
 * Zircon's tests of clones.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <kselftest_harness.h>

#include "lib/fixture.h"

#define TRAP	ZXP_VMO_TRAP_DIRTY

/* What this thread stores in each of its pages. */
static int store_pages(struct test_thread *t)
{
	uint64_t i;

	for (i = 0; i < t->nr; i++)
		*(volatile uint64_t *)((char *)t->arg + i * page_size) = STORED_WORD;
	return 0;
}

static bool thread_store_pages(struct test_thread *t, void *addr, uint64_t nr)
{
	t->arg = addr;
	t->nr = nr;
	return thread_start(t, store_pages);
}

#define new_clone(vmo) ({						\
	char *__map = mmap(NULL, (vmo)->pages * page_size, PROT_READ | PROT_WRITE, \
			   MAP_PRIVATE, (vmo)->fd, 0);			\
									\
	ASSERT_NE(MAP_FAILED, __map);					\
	__map;								\
})

PAGER_FIXTURE(private_write);

/* A clone's write asks for content only, and the VMO does not see it. */
TEST_F(private_write, NoDirtyRequestsForClones)
{
	struct test_vmo *vmo = new_vmo_options(3, TRAP);
	char *clone = new_clone(vmo);
	unsigned int i;

	ASSERT_TRUE(thread_store_pages(&self->t[0], clone, 3));
	for (i = 0; i < 3; i++) {
		ASSERT_TRUE(pager_wait_read(&self->p, vmo, i, 1));
		ASSERT_TRUE(pager_supply(&self->p, vmo, i, 1));
	}
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_clean(vmo));
	ASSERT_TRUE(pager_idle(&self->p));

	ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo, 0, 3));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 3));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 3));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 3)));
	EXPECT_TRUE(vmo_has(vmo, 0, 3, WRITTEN));
	for (i = 0; i < 3; i++) {
		uint64_t *words = (void *)(clone + i * page_size);

		EXPECT_EQ(STORED_WORD, words[0]);
		EXPECT_EQ(vmo_word(vmo, i * page_size / 8 + 1), words[1]);
	}
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A clone keeps what its closed parent has, dirty pages too, and then lets it go. */
TEST_F(private_write, ChildAttributedCounts)
{
	struct test_vmo *vmo = new_vmo_options(2, TRAP);
	char *clone = new_clone(vmo);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	vmo_release(vmo);
	ASSERT_TRUE(pager_idle(&self->p));
	EXPECT_TRUE(content_is(vmo, 0, 1, WRITTEN, clone));
	EXPECT_TRUE(content_is(vmo, 1, 1, SUPPLIED, clone + page_size));
	ASSERT_EQ(0, munmap(clone, 2 * page_size));
	ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));
	ASSERT_TRUE(pager_idle(&self->p));
}

TRAP_FIXTURE(private_trap);

TEST_F(private_trap, NoQueryOnClone)
{
	struct test_vmo *vmo = new_trap_vmo(2);
	char *clone = new_clone(vmo);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(thread_store_pages(&self->t[0], clone, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_clean(vmo));
	write_granted(vmo, 1, 1);
	ASSERT_TRUE(is_dirty(vmo, DATA(1, 1)));
	/* What the clone has not copied follows the VMO. */
	EXPECT_TRUE(content_is(vmo, 1, 1, WRITTEN, clone + page_size));
	ASSERT_TRUE(thread_store_pages(&self->t[0], clone + page_size, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(vmo_has(vmo, 0, 1, SUPPLIED));
	EXPECT_TRUE(vmo_has(vmo, 1, 1, WRITTEN));
	ASSERT_TRUE(is_dirty(vmo, DATA(1, 1)));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(private_trap, NotModifiedCloneWrite)
{
	struct test_vmo *vmo = new_trap_vmo(1);
	char *clone = new_clone(vmo);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_store_pages(&self->t[0], clone, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(STORED_WORD, *(uint64_t *)clone);
	EXPECT_FALSE(was_modified(vmo));
	ASSERT_TRUE(is_clean(vmo));
	EXPECT_TRUE(vmo_has(vmo, 0, 1, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Zircon's tests of clones: what they show of their parent, and what becomes of them when
 * that changes. Reading is tested with private mappings too, which are Linux's own clones.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <kselftest_harness.h>

#include "lib/child.h"
#include "lib/fixture.h"

/* The kernel copies from the mapping, as it does for any buffer. */
static int kernel_copies(struct test_thread *t)
{
	ssize_t size = t->nr * page_size, n;
	char *from = t->vmo->map + t->page * page_size;
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
			      uint64_t page, uint64_t nr)
{
	t->vmo = vmo;
	t->page = page;
	t->nr = nr;
	return thread_start(t, kernel_copies);
}

PAGER_FIXTURE(clone);

FIXTURE_VARIANT(clone)
{
	struct test_vmo *(*clone)(struct test_vmo *parent);
	start_fn check;
};

FIXTURE_VARIANT_ADD(clone, Vmar)
{
	.clone = vmo_clone,
	.check = thread_check_vmar,
};

FIXTURE_VARIANT_ADD(clone, Vmo)
{
	.clone = vmo_clone,
	.check = thread_check_vmo,
};

FIXTURE_VARIANT_ADD(clone, Read)
{
	.clone = vmo_clone,
	.check = thread_check_read,
};

/* The mapping is a system call's buffer. */
FIXTURE_VARIANT_ADD(clone, Copy)
{
	.clone = vmo_clone,
	.check = thread_check_copy,
};

FIXTURE_VARIANT_ADD(clone, Private)
{
	.clone = vmo_map_private,
	.check = thread_check_vmar,
};

FIXTURE_VARIANT_ADD(clone, PrivateCopy)
{
	.clone = vmo_map_private,
	.check = thread_check_copy,
};

#define clone_of(vmo) ({							\
	struct test_vmo *__clone = variant->clone(vmo);			\
										\
	ASSERT_NE(NULL, __clone);						\
	__clone;								\
})

TEST_F(clone, CloneReadFromCloneTest)
{
	struct test_vmo *vmo = new_vmo(1), *clone = clone_of(vmo);

	ASSERT_TRUE(variant->check(&self->t[0], clone, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(clone, CloneReadFromParentTest)
{
	struct test_vmo *vmo = new_vmo(1), *clone = clone_of(vmo);

	ASSERT_TRUE(thread_check_vmar(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(variant->check(&self->t[0], clone, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(clone, CloneSimultaneousReadTest)
{
	struct test_vmo *vmo = new_vmo(1), *clone = clone_of(vmo);

	ASSERT_TRUE(thread_check_vmar(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(variant->check(&self->t[1], clone, 0, 1));
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
	struct test_vmo *clone1 = clone_of(vmo), *clone2 = clone_of(vmo);

	ASSERT_TRUE(variant->check(&self->t[0], clone1, 0, 1));
	ASSERT_TRUE(variant->check(&self->t[1], clone2, 0, 1));
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
	struct test_vmo *vmo = new_vmo(1), *clone = clone_of(vmo);
	uint64_t *words = (uint64_t *)clone->map;

	ASSERT_TRUE(thread_store(&self->t[0], words));
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

WRITE_FIXTURE(clone_store);

/* Whichever way, and also where nothing of what is asked for is needed. */
TEST_F(clone_store, CloneWriteToCloneTest)
{
	struct test_vmo *vmo = new_vmo(2), *clone = new_clone(vmo);

	ASSERT_TRUE(variant->write(&self->t[0], clone, 1, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(vmo_shows(clone, 1, 1, WRITTEN));
	EXPECT_TRUE(vmo_has(clone, 1, 1, WRITTEN));
	ASSERT_TRUE(variant->check(&self->t[0], vmo, 1, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(1, child_own_pages(clone));
	ASSERT_TRUE(pager_idle(&self->p));

	/* The next one goes to the copy. */
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(variant->write(&self->t[0], clone, 0, 2));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(vmo_shows(clone, 0, 2, WRITTEN));
	EXPECT_TRUE(vmo_has(vmo, 0, 2, SUPPLIED));
	EXPECT_EQ(2, child_own_pages(clone));
	ASSERT_TRUE(pager_idle(&self->p));
}

ACCESS_FIXTURE(clone_read);

/* The request names the VMO's offset. */
TEST_F(clone_read, CloneReadAtOffset)
{
	struct test_vmo *vmo = new_vmo(6), *clone = new_child(vmo, AT_LEAST, 2, 4);
	struct test_vmo *child = new_child(clone, AT_LEAST, 1, 2);

	ASSERT_TRUE(variant->check(&self->t[0], clone, 1, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 3, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 3, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(variant->check(&self->t[0], child, 1, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 4, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 4, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Who waits looks again at the answer: then the clone ends before that page. */
TEST_F(clone_read, CloneShrinksUnderReader)
{
	struct test_vmo *vmo = new_vmo(2), *clone = new_clone(vmo);

	ASSERT_TRUE(variant->check(&self->t[0], clone, 1, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, 1));
	ASSERT_TRUE(vmo_resize(clone, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	assert_failure(0, clone, 1, variant->out_of_range);
	ASSERT_TRUE(pager_idle(&self->p));
}

PAGER_FIXTURE(clone_life);

/* Copied pages outlive the detach, all others go. */
TEST_F(clone_life, CloneDetachTest)
{
	struct test_vmo *vmo = new_vmo(3), *clone = new_clone(vmo);
	volatile uint64_t *words = (uint64_t *)clone->map;
	uint64_t word;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	words[0] = STORED_WORD;
	ASSERT_TRUE(vmo_matches(clone, 1, 1, clone->map + page_size));

	ASSERT_TRUE(pager_detach(&self->p, vmo));
	ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));
	EXPECT_EQ(STORED_WORD, words[0]);
	EXPECT_EQ(vmo_word(vmo, 1), words[1]);
	EXPECT_TRUE(crashes(clone->map + page_size, SIGBUS));
	EXPECT_TRUE(crashes(clone->map + 2 * page_size, SIGBUS));
	EXPECT_TRUE(store_crashes(clone->map + 2 * page_size, SIGBUS));
	test_err_zxp(ESTALE, vmo_read, clone->fd, page_size, 8, &word);
	test_err_zxp(ESTALE, vmo_write, clone->fd, 2 * page_size, 8, &word);
	/* Still its own, and writable. */
	words[0] = 1;
	EXPECT_TRUE(vmo_word_is(clone, 0, 1));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Nothing is left where the clone has ended, and nothing is there when it grows again. */
TEST_F(clone_life, CloneResizeCloneHazard)
{
	struct test_vmo *vmo = new_vmo(2), *clone = new_clone(vmo);
	char *map = clone->map;
	uint64_t word;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(vmo_put(clone, 0, STORED_WORD));
	ASSERT_TRUE(vmo_word_is(clone, 0, STORED_WORD));
	ASSERT_TRUE(vmo_matches(clone, 1, 1, map + page_size));
	ASSERT_TRUE(vmo_resize(clone, 0));
	EXPECT_TRUE(crashes(map, SIGBUS));
	EXPECT_TRUE(crashes(map + page_size, SIGBUS));
	EXPECT_TRUE(store_crashes(map, SIGBUS));
	test_err_zxp(ERANGE, vmo_read, clone->fd, 0, 8, &word);
	EXPECT_EQ(0, child_own_pages(clone));

	ASSERT_TRUE(vmo_resize(clone, 2));
	EXPECT_TRUE(vmo_shows(clone, 0, 2, ZEROES));
	EXPECT_TRUE(vmo_has(clone, 0, 2, ZEROES));
	EXPECT_TRUE(vmo_has(vmo, 0, 2, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* The clone's mapping stays: it reads zeroes, and can be written to. */
TEST_F(clone_life, CloneResizeParentOK)
{
	struct test_vmo *vmo = new_vmo_options(3, ZXP_VMO_RESIZABLE);
	struct test_vmo *clone = new_clone(vmo);
	volatile uint64_t *words = (uint64_t *)clone->map;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(vmo_put(clone, 0, STORED_WORD));
	ASSERT_TRUE(vmo_matches(clone, 1, 1, clone->map + page_size));
	ASSERT_TRUE(vmo_resize(vmo, 0));
	/* Its own stays, and all else is zeroes. */
	EXPECT_TRUE(vmo_word_is(clone, 0, STORED_WORD));
	EXPECT_EQ(vmo_word(vmo, 1), words[1]);
	EXPECT_TRUE(vmo_shows(clone, 1, 2, ZEROES));
	EXPECT_TRUE(vmo_has(clone, 1, 2, ZEROES));
	words[page_size / 8] = 1;
	EXPECT_TRUE(vmo_word_is(clone, 1, 1));
	ASSERT_TRUE(vmo_put(clone, 2, 2));
	EXPECT_TRUE(vmo_word_is(clone, 2, 2));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* What a shrink took away never comes back for who was there before. */
TEST_F(clone_life, CloneShrinkGrowParent)
{
	struct test_vmo *vmo = new_vmo_options(4, ZXP_VMO_RESIZABLE);
	struct test_vmo *clone = new_clone(vmo);
	struct test_vmo *part = new_child(vmo, AT_LEAST, 2, 2);
	struct test_vmo *child = new_clone(clone), *later;
	uint64_t page;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 4));
	/* One has looked, and one has not. */
	ASSERT_TRUE(vmo_matches(clone, 0, 4, clone->map));
	ASSERT_TRUE(vmo_put(clone, 3, 3));
	ASSERT_TRUE(vmo_resize(vmo, 1));
	ASSERT_TRUE(vmo_resize(vmo, 4));
	for (page = 0; page < 4; page++) {
		ASSERT_TRUE(vmo_put(vmo, page, STORED_WORD));
	}
	later = new_clone(vmo);

	EXPECT_TRUE(vmo_word_is(clone, 0, STORED_WORD));
	EXPECT_TRUE(vmo_shows(clone, 1, 2, ZEROES));
	EXPECT_TRUE(vmo_has(clone, 1, 2, ZEROES));
	EXPECT_TRUE(vmo_word_is(clone, 3, 3));
	EXPECT_TRUE(vmo_shows(part, 0, 2, ZEROES));
	EXPECT_TRUE(vmo_has(part, 0, 2, ZEROES));
	EXPECT_TRUE(vmo_word_is(child, 0, STORED_WORD));
	EXPECT_TRUE(vmo_shows(child, 1, 3, ZEROES));
	for (page = 0; page < 4; page++) {
		EXPECT_TRUE(vmo_word_is(later, page, STORED_WORD));
	}

	/* Zeroes are forked as anything else. */
	ASSERT_TRUE(vmo_put(part, 1, 1));
	EXPECT_TRUE(vmo_word_is(part, 1, 1));
	EXPECT_TRUE(vmo_word_is(vmo, 3, STORED_WORD));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN

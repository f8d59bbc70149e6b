// SPDX-License-Identifier: GPL-2.0
/*
 * What is done to ranges of a copy that begins inside of its root: by its descriptor, where
 * offsets are its own, and by its mapping, where the kernel gives those of the root.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "kselftest_harness.h"
#include "lib/child.h"
#include "lib/fixture.h"

#define BYTES(pages)	((pages) * page_size)
#define FROM		2
#define PAGES		6
#define MANY		9000			/* more than two parts of a cut */

PAGER_FIXTURE(child_range);

#define make_copy(vmo, copy)							\
	struct test_vmo *vmo = new_vmo(FROM + PAGES + 2);			\
	struct test_vmo *copy = new_child(vmo, MODIFIED, FROM, PAGES)

/* All of the copy is as in @want, whichever way it is read. */
static bool has_all(struct test_vmo *copy, const char *want)
{
	char *got = map_anon(PAGES);
	bool ok = pread(copy->fd, got, BYTES(PAGES), 0) == (ssize_t)BYTES(PAGES) &&
		  !memcmp(got, want, BYTES(PAGES)) && !memcmp(copy->map, want, BYTES(PAGES));

	munmap(got, BYTES(PAGES));
	return ok;
}

/* Pages of which a part stays are copied, unless they are zero. */
TEST_F(child_range, zero_in_parts)
{
	static const struct {
		uint64_t offset, length;
		unsigned int own;	/* pages, after that */
	} ranges[] = {
		{ 100, 50, 1 },		/* inside of one page, */
		{ 3000, 4096, 2 },	/* of two, */
		{ 8192, 5000, 3 },	/* from its first byte on, */
		{ 16000, 4480, 3 },	/* up to its last one, with what is zero, */
		{ 20500, 1000, 4 },	/* of the last one, */
		{ 8192, 100, 4 },	/* of zeroes, */
		{ 50, 20430, 2 },	/* and of all but little of both ends. */
	};
	char *want = map_anon(PAGES);

	ASSERT_EQ(4096, page_size);
	make_copy(vmo, copy);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, vmo->pages));
	ASSERT_EQ((ssize_t)BYTES(PAGES), pread(copy->fd, want, BYTES(PAGES), 0));
	for (unsigned int i = 0; i < ARRAY_SIZE(ranges); i++) {
		test_zxp(vmo_zero, copy->fd, ranges[i].offset, ranges[i].length);
		memset(want + ranges[i].offset, 0, ranges[i].length);
		EXPECT_TRUE(has_all(copy, want)) {
			TH_LOG("range %u", i);
		}
		EXPECT_EQ(ranges[i].own, child_own_pages(copy)) {
			TH_LOG("range %u", i);
		}
	}
	ASSERT_EQ(0, fallocate(copy->fd, FALLOC_FL_ZERO_RANGE, 21600, 10));
	memset(want + 21600, 0, 10);
	EXPECT_TRUE(has_all(copy, want));
	EXPECT_TRUE(vmo_has(vmo, 0, vmo->pages, SUPPLIED));
	ASSERT_TRUE(is_clean(vmo));
	ASSERT_TRUE(pager_idle(&self->p));
	munmap(want, BYTES(PAGES));
}

static int zero_from_inside(struct test_thread *t)
{
	return -zxp_vmo_zero(t->vmo->fd, page_size + 8, BYTES(2) - 8);
}

/* What has to stay is asked for, all else is not; and there is none of it without an answer. */
TEST_F(child_range, zero_in_parts_asks)
{
	make_copy(vmo, copy);

	self->t[0].vmo = copy;
	self->t[1].vmo = copy;
	ASSERT_TRUE(thread_start(&self->t[0], zero_from_inside));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, FROM + 1, 1));
	ASSERT_TRUE(pager_fail(&self->p, vmo, FROM + 1, 1, EIO));
	ASSERT_TRUE(thread_wait_failure(&self->t[0], EIO));
	ASSERT_TRUE(thread_start(&self->t[1], zero_from_inside));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, FROM + 1, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, FROM + 1, 1));
	ASSERT_TRUE(thread_wait(&self->t[1]));
	EXPECT_EQ(1, child_own_pages(copy));
	EXPECT_TRUE(vmo_word_is(copy, 2, 0));
	EXPECT_TRUE(vmo_has(vmo, FROM + 1, 1, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Only what the copy sees of its root is of any use. */
TEST_F(child_range, advice)
{
	make_copy(vmo, copy);

	ASSERT_TRUE(vmo_zero(copy, 2, 1));
	ASSERT_EQ(0, posix_fadvise(copy->fd, page_size, BYTES(2) + 1, POSIX_FADV_WILLNEED));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, FROM + 1, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, FROM + 1, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, FROM + 3, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, FROM + 3, 1));
	ASSERT_EQ(0, madvise(copy->map + BYTES(2), BYTES(3), MADV_WILLNEED));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, FROM + 4, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, FROM + 4, 1));
	ASSERT_EQ(0, posix_fadvise(copy->fd, 0, 0, POSIX_FADV_WILLNEED));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, FROM, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, FROM, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, FROM + 5, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, FROM + 5, 1));
	EXPECT_EQ(EINVAL, posix_fadvise(copy->fd, 0, -1, POSIX_FADV_WILLNEED));
	EXPECT_EQ(EINVAL, posix_fadvise(copy->fd, 0, 0, 99));
	EXPECT_EQ(0, posix_fadvise(copy->fd, 0, 0, POSIX_FADV_RANDOM));
	EXPECT_EQ(0, posix_fadvise(copy->fd, BYTES(PAGES), 0, POSIX_FADV_WILLNEED));
	EXPECT_EQ(0, child_own_pages(copy));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A hole by the mapping; and nothing of a copy is ever written to a store. */
TEST_F(child_range, mapping)
{
	make_copy(vmo, copy);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, vmo->pages));
	for (uint64_t page = 0; page < PAGES; page++) {
		ASSERT_TRUE(vmo_put(copy, page, page + 1));
	}
	EXPECT_EQ(0, msync(copy->map, BYTES(PAGES), MS_SYNC));
	EXPECT_EQ(0, msync(copy->map + page_size, page_size, MS_ASYNC));
	ASSERT_EQ(0, madvise(copy->map + BYTES(2), BYTES(3), MADV_REMOVE));
	EXPECT_TRUE(vmo_word_is(copy, 1, 2));
	EXPECT_TRUE(vmo_has(copy, 2, 3, ZEROES));
	EXPECT_TRUE(vmo_shows(copy, 2, 3, ZEROES));
	EXPECT_TRUE(vmo_word_is(copy, 5, 6));
	EXPECT_EQ(3, child_own_pages(copy));
	EXPECT_TRUE(vmo_has(vmo, 0, vmo->pages, SUPPLIED));
	ASSERT_TRUE(is_clean(vmo));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* It goes in parts, which together are all of it. */
TEST_F(child_range, large_cut)
{
	struct test_vmo *vmo = new_vmo(MANY), *clone = new_clone(vmo);
	struct stat st;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, MANY));
	test_zxp(vmo_op_range, clone->fd, ZXP_VMO_OP_COMMIT, 0, BYTES(MANY));
	EXPECT_EQ(MANY, child_own_pages(clone));
	ASSERT_TRUE(vmo_resize(clone, 3));
	ASSERT_EQ(0, fstat(clone->fd, &st));
	EXPECT_EQ((off_t)BYTES(3), st.st_size);
	EXPECT_EQ(BYTES(3), vmo_info(clone).out_vmo_size);
	EXPECT_EQ(3, child_own_pages(clone));
	EXPECT_TRUE(vmo_has(clone, 0, 3, SUPPLIED));
	/* What it grows over again is zero, whatever the root has. */
	ASSERT_TRUE(vmo_resize(clone, MANY));
	EXPECT_TRUE(vmo_has(clone, 3, MANY - 3, ZEROES));
	EXPECT_TRUE(vmo_has(vmo, 0, MANY, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN

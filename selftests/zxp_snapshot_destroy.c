// SPDX-License-Identifier: GPL-2.0
/*
 * What destroys pages of a VMO with a pager that allows snapshots has them asked for first, up
 * to a limit, if a snapshot needs them.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include "lib/client.h"
#include "lib/fixture.h"
#include "lib/snapshot.h"

#define PAGES		4
#define RESCUED		1024	/* pages at most that are asked for before they go */
#define ASKED		128	/* of these at once */

#define new_moment(parent)	new_moment_by(ZXP_CHILD_POINT_IN_TIME, parent)

/* In what ways something can be destroyed without a look at it. */
PAGER_DATA(destroy);
FIXTURE_VARIANT(destroy)
{
	bool (*start)(struct test_thread *t, struct test_vmo *vmo, uint64_t page);
	uint32_t options;
};

static bool start_zero(struct test_thread *t, struct test_vmo *vmo, uint64_t page)
{
	return thread_zero(t, vmo, page * page_size, (vmo->pages - page) * page_size);
}

static bool start_shrink(struct test_thread *t, struct test_vmo *vmo, uint64_t page)
{
	return thread_set_size(t, vmo, page * page_size);
}

static bool start_cut(struct test_thread *t, struct test_vmo *vmo, uint64_t page)
{
	return thread_set_stream(t, vmo, page * page_size);
}

FIXTURE_VARIANT_ADD(destroy, by_zero) { .start = start_zero };
FIXTURE_VARIANT_ADD(destroy, by_shrink)
{
	.start = start_shrink, .options = ZXP_VMO_RESIZABLE,
};
FIXTURE_VARIANT_ADD(destroy, by_stream_size) { .start = start_cut };

/* It waits for what is missing. What is there, or was asked for before, need not be asked. */
TEST_F(destroy, what_is_missing)
{
	struct test_vmo *vmo = new_paged(PAGES, variant->options), *first = new_moment(vmo);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 2, 1));
	ASSERT_TRUE(variant->start(&self->t[0], vmo, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, 1));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 1));
	EXPECT_EQ(PAGES * page_size, vmo_info(vmo).out_stream_size);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 3, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 3, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	for (unsigned int page = 1; page < PAGES; page++)
		EXPECT_TRUE(vmo_word_is(first, page, supplied(vmo, page)));
	/* Nobody has a reason to ask for more. */
	EXPECT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(thread_check_vmo(&self->t[0], first, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
}

/* A snapshot that is made meanwhile gets it, too. */
TEST_F(destroy, while_there_is_another)
{
	struct test_vmo *vmo = new_paged(PAGES, variant->options), *first = new_moment(vmo);
	struct test_vmo *second;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 3));
	ASSERT_TRUE(vmo_put(vmo, 1, 10));
	ASSERT_TRUE(variant->start(&self->t[0], vmo, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 3, 1));
	ASSERT_TRUE(vmo_put(vmo, 2, 11));
	second = new_moment(vmo);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 3, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(vmo_word_is(first, 1, supplied(vmo, 1)));
	EXPECT_TRUE(vmo_word_is(first, 2, supplied(vmo, 2)));
	EXPECT_TRUE(vmo_word_is(first, 3, supplied(vmo, 3)));
	EXPECT_TRUE(vmo_word_is(second, 1, 10));
	EXPECT_TRUE(vmo_word_is(second, 2, 11));
	EXPECT_TRUE(vmo_word_is(second, 3, supplied(vmo, 3)));
	EXPECT_TRUE(pager_idle(&self->p));
}

/* The daemon has not got it, so nobody can. Who destroys it goes on. */
TEST_F(destroy, what_fails)
{
	struct test_vmo *vmo = new_paged(PAGES, variant->options), *first, *second;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	first = new_moment(vmo);
	ASSERT_TRUE(vmo_put(vmo, 0, 10));
	ASSERT_TRUE(variant->start(&self->t[0], vmo, 2));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 2, 2));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 2, 2, EIO));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(vmo_word_is(first, 0, supplied(vmo, 0)));
	EXPECT_TRUE(is_broken(first, 1));
	EXPECT_TRUE(is_broken(first, 2));
	/* The next one is not. */
	second = new_moment(vmo);
	ASSERT_TRUE(vmo_put(vmo, 1, 11));
	EXPECT_TRUE(vmo_word_is(second, 1, supplied(vmo, 1)));
	EXPECT_TRUE(vmo_word_is(second, 2, 0));
	EXPECT_TRUE(is_broken(first, 1));
}

/* A part of what is waited for comes, and then no more does. */
TEST_F(destroy, what_fails_in_part)
{
	struct test_vmo *vmo, *first;

	for (int i = 0; i < 10; i++) {
		vmo = new_paged(ASKED + 1, variant->options);
		first = new_moment(vmo);
		ASSERT_TRUE(variant->start(&self->t[0], vmo, 1));
		ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, ASKED));
		ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 8));
		ASSERT_TRUE(pager_fail(&self->p, vmo, 9, ASKED - 8, EIO));
		/* The rest is asked for once more if all that was seen is what came. */
		while (thread_running(&self->t[0])) {
			zxp_fail(self->p.fd, vmo->fd, 9 * page_size,
				 (ASKED - 8) * page_size, EIO);
			nap();
		}
		EXPECT_TRUE(thread_wait(&self->t[0]));
		EXPECT_TRUE(is_broken(first, ASKED));
		EXPECT_EQ(0, vmo_info(vmo).out_requests);
	}
	ASSERT_TRUE(pager_idle(&self->p));
}

/* So much is asked for, in few pieces. */
TEST_F(destroy, much)
{
	struct test_vmo *vmo = new_paged(RESCUED + 1, variant->options), *first;
	struct server s;

	ASSERT_TRUE(server_start(&s, &self->p));
	first = new_moment(vmo);
	ASSERT_TRUE(variant->start(&self->t[0], vmo, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(RESCUED, s.pages);
	EXPECT_EQ(RESCUED / ASKED, s.reads);
	for (unsigned int page = 0; page <= RESCUED; page += 64)
		EXPECT_TRUE(vmo_word_is(first, page, supplied(vmo, page)));
	EXPECT_TRUE(server_end(&s));
}

/* And not more. */
TEST_F(destroy, too_much)
{
	struct test_vmo *vmo = new_paged(RESCUED + 2, variant->options), *first, *second;
	struct server s;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	first = new_moment(vmo);
	ASSERT_TRUE(vmo_put(vmo, 0, 10));
	ASSERT_TRUE(server_start(&s, &self->p));
	ASSERT_TRUE(variant->start(&self->t[0], vmo, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(0, s.reads);
	EXPECT_TRUE(vmo_word_is(first, 0, supplied(vmo, 0)));
	EXPECT_TRUE(is_broken(first, 1));
	EXPECT_TRUE(is_broken(first, RESCUED + 1));
	/* Of all that is nothing left that the next one could miss. */
	second = new_moment(vmo);
	ASSERT_TRUE(vmo_put(vmo, 0, 11));
	EXPECT_TRUE(vmo_word_is(second, 0, 10));
	EXPECT_TRUE(vmo_word_is(second, 1, 0));
	EXPECT_TRUE(server_end(&s));
}

/* Nor if what is missing grows while it waits, by another snapshot. */
TEST_F(destroy, too_much_meanwhile)
{
	struct test_vmo *vmo = new_paged(RESCUED + 3, variant->options), *first, *second;
	struct server s;

	first = new_child(vmo, ZXP_CHILD_POINT_IN_TIME, 0, 2);
	ASSERT_TRUE(variant->start(&self->t[0], vmo, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, 1));
	second = new_moment(vmo);
	ASSERT_TRUE(server_start(&s, &self->p));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_GE(RESCUED, s.pages);
	EXPECT_TRUE(vmo_word_is(first, 1, supplied(vmo, 1)));
	EXPECT_TRUE(vmo_word_is(second, 1, supplied(vmo, 1)));
	EXPECT_TRUE(is_broken(second, RESCUED + 2));
	EXPECT_TRUE(server_end(&s));
}

struct destroyer {
	bool (*start)(struct test_thread *t, struct test_vmo *vmo, uint64_t page);
	struct test_vmo *vmo;
};

static int destroy_all(void *arg)
{
	struct destroyer *d = arg;
	struct test_thread t = {};

	if (d->start(&t, d->vmo, 0))
		pause();
	return 1;
}

/* Who is killed while it waits has destroyed nothing. */
TEST_F(destroy, interrupted)
{
	struct test_vmo *vmo = new_paged(PAGES, variant->options), *first;
	struct destroyer d = { .start = variant->start, .vmo = vmo };
	pid_t pid;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	first = new_moment(vmo);
	pid = child_start(destroy_all, &d);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, 3));
	ASSERT_TRUE(child_kill(pid));
	EXPECT_EQ(PAGES * page_size, vmo_info(vmo).out_stream_size);
	EXPECT_TRUE(vmo_word_is(vmo, 0, supplied(vmo, 0)));
	EXPECT_TRUE(vmo_word_is(first, 0, supplied(vmo, 0)));
}

TEST_HARNESS_MAIN

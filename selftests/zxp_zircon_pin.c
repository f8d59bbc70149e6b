// SPDX-License-Identifier: GPL-2.0
/*
 * Zircon's tests of pinned pages, with pages that a pipe holds (vmsplice) for
 * pinned ones: the kernel looks them up and keeps them.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/uio.h>
#include <kselftest_harness.h>

#include "lib/fixture.h"

FIXTURE(pin)
{
	struct user_pager p;
	struct test_thread t[1];
	int pipe[2];
};

FIXTURE_SETUP(pin)
{
	ASSERT_TRUE(user_pager_init(&self->p));
	ASSERT_EQ(0, pipe(self->pipe));
}

FIXTURE_TEARDOWN(pin)
{
	user_pager_fini(&self->p);
}

/* Put the page at t->arg into the pipe t->page. */
static int hold(struct test_thread *t)
{
	struct iovec iov = { .iov_base = t->arg, .iov_len = page_size };
	ssize_t n = vmsplice(t->page, &iov, 1, 0);

	if (n < 0)
		return errno;
	return n == (ssize_t)page_size ? 0 : ENODATA;
}

#define start_hold(addr) do {						\
	self->t[0].arg = (addr);					\
	self->t[0].page = self->pipe[1];				\
	ASSERT_TRUE(thread_start(&self->t[0], hold));			\
} while (0)

/* A held page keeps its place and its content; the others are supplied. */
TEST_F(pin, PinnedSupplyPages)
{
	struct test_vmo *vmo = new_vmo(3);
	char *buf = map_anon(1);

	start_hold(vmo->map + page_size);
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));

	/* All three would get what belongs somewhere else. */
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_supply_from(&self->p, vmo, 1, 2, 2));
	EXPECT_TRUE(vmo_matches(vmo, 0, 2, vmo->map));
	ASSERT_EQ((ssize_t)page_size, read(self->pipe[0], buf, page_size));
	EXPECT_TRUE(vmo_matches(vmo, 1, 1, buf));
	EXPECT_EQ(3 * page_size, vmo_info(vmo).out_supplied_bytes);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* The lookup waits for the page, and finds that it is no more: EFAULT. */
TEST_F(pin, ResizeBlockedPin)
{
	struct test_vmo *vmo = new_vmo_options(1, ZXP_VMO_RESIZABLE);

	start_hold(vmo->map);
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(vmo_resize(vmo, 0));
	ASSERT_TRUE(thread_wait_failure(&self->t[0], EFAULT));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* The VMO loses the page, who holds it does not. */
TEST_F(pin, PagerDetachPinned)
{
	struct test_vmo *vmo = new_vmo(1);
	char *buf = map_anon(1);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	start_hold(vmo->map);
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_detach(&self->p, vmo));
	ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));
	ASSERT_EQ((ssize_t)page_size, read(self->pipe[0], buf, page_size));
	EXPECT_TRUE(vmo_matches(vmo, 0, 1, buf));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * SIGKILL of who makes a copy of a copy, or of a plain VMO, which takes as long as there are
 * pages; and of who waits for that: it goes at once, and the copy was not made.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <kselftest_harness.h>

#include "lib/child.h"
#include "lib/client.h"
#include "lib/fixture.h"
#include "lib/slow.h"
#include "lib/task.h"

#define PAGES		4096
#define STACKS		4
#define EACH(function)	{ .where = "r:zxpager:" function, .times = STACKS }
#define ROUNDS		20	/* who is faster than the signal is no matter */

PAGER_DATA_AND(freeze_kill, speed_up());
FIXTURE_VARIANT(freeze_kill)
{
	struct slow each;	/* is called for each page */
	uint32_t kind;
	bool of_copy;
};

FIXTURE_VARIANT_ADD(freeze_kill, of_copy) {
	.each = EACH("zxp_own_settle"), .kind = MODIFIED, .of_copy = true,
};
FIXTURE_VARIANT_ADD(freeze_kill, of_plain) {
	.each = EACH("zxp_vmo_settle_folio"), .kind = ZXP_CHILD_SNAPSHOT,
};

struct maker {
	struct test_vmo *vmo;
	uint32_t kind;
};

/* One copy, which is given up. */
static int make_one(void *arg)
{
	struct maker *maker = arg;
	int fd = zxp_create_child(maker->vmo->fd, maker->kind, 0, PAGES * page_size);

	if (fd < 0)
		return 1;
	/* Not by this process, in which that would take as long. */
	pause();
	return 0;
}

static int make_in_thread(struct test_thread *t)
{
	struct maker *maker = t->arg;
	int fd = zxp_create_child(maker->vmo->fd, maker->kind, 0, PAGES * page_size);

	return fd < 0 ? -fd : close(fd);
}

static struct test_vmo *make_parent(struct user_pager *p, bool of_copy)
{
	struct test_vmo *vmo = pager_create_plain(p, PAGES, 0);
	uint64_t i;

	if (vmo && of_copy)
		vmo = vmo_create_child(vmo, ZXP_CHILD_SNAPSHOT, 0, PAGES);
	for (i = 0; vmo && i < PAGES; i++)
		word_at(vmo, i) = i + 1;
	return vmo;
}

TEST_F(freeze_kill, maker)
{
	struct maker maker = { .kind = variant->kind };
	uint64_t before, calls = 0;
	struct test_vmo *copy;
	unsigned int i;
	pid_t pid;

	maker.vmo = make_parent(&self->p, variant->of_copy);
	ASSERT_NE(NULL, maker.vmo);
	SLOW_OR_SKIP(slow_down(&variant->each, 1));
	for (i = 0; i < ROUNDS && (!calls || calls >= PAGES); i++) {
		before = slow_calls();
		pid = child_start(make_one, &maker);
		ASSERT_LE(0, pid);
		ASSERT_TRUE(wait_until(slow_calls() != before));
		ASSERT_TRUE(child_kill(pid));
		calls = slow_calls() - before;
	}
	speed_up();
	EXPECT_LT(calls, PAGES);
	EXPECT_LT(0, calls);

	/* Nothing is left of it, and all goes on as before. */
	EXPECT_EQ(0, vmo_info(maker.vmo).out_children);
	EXPECT_EQ(PAGES * page_size, vmo_info(maker.vmo).out_resident);
	word_at(maker.vmo, 1) = 100;
	copy = new_child(maker.vmo, variant->kind, 0, PAGES);
	word_at(maker.vmo, 2) = 200;
	EXPECT_TRUE(vmo_word_is(copy, 0, 1));
	EXPECT_TRUE(vmo_word_is(copy, 1, 100));
	EXPECT_TRUE(vmo_word_is(copy, 2, 3));
	EXPECT_TRUE(vmo_word_is(maker.vmo, 2, 200));
	EXPECT_TRUE(vmo_word_is(copy, PAGES - 1, PAGES));
}

PAGER_DATA_AND(freeze_wait, speed_up());
FIXTURE_VARIANT(freeze_wait)
{
	int (*change)(void *arg);
};

static int zeroes(void *arg)
{
	struct test_vmo *vmo = arg;

	for (;;)
		if (zxp_vmo_zero(vmo->fd, 0, page_size))
			return 1;
}

static int shrinks(void *arg)
{
	struct test_vmo *vmo = arg;

	for (;;)
		if (ftruncate(vmo->fd, page_size) || ftruncate(vmo->fd, 2 * page_size))
			return 1;
}

FIXTURE_VARIANT_ADD(freeze_wait, zero) { .change = zeroes };
FIXTURE_VARIANT_ADD(freeze_wait, shrink) { .change = shrinks };

/* Who changes another one of the family waits for that moment to end. */
TEST_F(freeze_wait, other)
{
	const struct slow each = EACH("zxp_own_settle");
	struct maker maker = { .kind = MODIFIED };
	struct test_vmo *other;
	uint64_t calls = PAGES, before;
	unsigned int i;
	pid_t pid;

	maker.vmo = make_parent(&self->p, true);
	ASSERT_NE(NULL, maker.vmo);
	other = new_child(self->p.vmos[0], ZXP_CHILD_SNAPSHOT | ZXP_CHILD_RESIZABLE, 0, 2);
	SLOW_OR_SKIP(slow_down(&each, 1));
	for (i = 0; i < ROUNDS && calls >= PAGES; i++) {
		before = slow_calls();
		self->t[0].arg = &maker;
		ASSERT_TRUE(thread_start(&self->t[0], make_in_thread));
		ASSERT_TRUE(wait_until(slow_calls() != before));
		pid = child_start(variant->change, other);
		ASSERT_LE(0, pid);
		while (!task_sleeps_in(pid, pid, "zxp_") && thread_running(&self->t[0]))
			;
		ASSERT_TRUE(child_kill(pid));
		calls = slow_calls() - before;
		ASSERT_TRUE(thread_wait(&self->t[0]));
	}
	speed_up();
	EXPECT_LT(calls, PAGES);
	EXPECT_TRUE(vmo_word_is(maker.vmo, PAGES - 1, PAGES));
}

TEST_HARNESS_MAIN

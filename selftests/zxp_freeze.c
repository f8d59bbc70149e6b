// SPDX-License-Identifier: GPL-2.0
/*
 * Who makes a copy of a copy, or a snapshot of a VMO, which takes as long as there are pages;
 * and who waits for that moment to end because he would change what is copied: each goes at
 * once by SIGKILL, and stops for the freezer of suspend.
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
#include "lib/pin.h"
#include "lib/slow.h"
#include "lib/suspend.h"
#include "lib/task.h"

#define PAGES		4096
#define FEWER		1024	/* where others wait */
#define FIRST		1	/* the word of the first page */
#define CHANGED		0xc4a09edULL
#define STACKS		4
/* What is called for each page. */
#define EACH_OF_COPY	"r:zxpager:zxp_own_settle"
#define EACH_OF_VMO	"r:zxpager:zxp_vmo_settle_folio"
#define EACH_GATHERED	"r:zxpager:zxp_layer_gather"
#define EACH_MERGED	"r:zxpager:zxp_layer_merge"
#define ROUNDS		20	/* who is faster than the signal is no matter */

PAGER_DATA_AND(freeze, speed_up());
FIXTURE_VARIANT(freeze)
{
	const char *each;
	uint32_t kind;
	bool of_copy;
	unsigned int earlier;	/* copies that stay */
	uint64_t stored;	/* pages, after each of these */
};

#define OF_COPY		.kind = MODIFIED, .of_copy = true
#define OF_PLAIN	.kind = ZXP_CHILD_SNAPSHOT

FIXTURE_VARIANT_ADD(freeze, of_copy) { OF_COPY, .each = EACH_OF_COPY };
FIXTURE_VARIANT_ADD(freeze, of_copy_with_layers) {
	OF_COPY, .each = EACH_OF_COPY,
	.earlier = 3, .stored = PAGES,
};
/* With this one there are so many that what is below is gathered. */
FIXTURE_VARIANT_ADD(freeze, gather) {
	OF_COPY, .each = EACH_GATHERED, .earlier = 6, .stored = 1,
};
FIXTURE_VARIANT_ADD(freeze, of_plain) { OF_PLAIN, .each = EACH_OF_VMO };
FIXTURE_VARIANT_ADD(freeze, of_plain_with_snapshots) {
	OF_PLAIN, .each = EACH_OF_VMO, .earlier = 3, .stored = PAGES,
};
/* What was kept for the one before moves to that one. */
FIXTURE_VARIANT_ADD(freeze, merge) {
	OF_PLAIN, .each = EACH_MERGED, .earlier = 1, .stored = PAGES,
};

struct maker {
	struct test_vmo *vmo;	/* of all of it */
	uint32_t kind;
};

/* One copy, which is given up. */
static int make_one(void *arg)
{
	struct maker *maker = arg;
	int fd = zxp_create_child(maker->vmo->fd, maker->kind, 0,
				  maker->vmo->pages * page_size);

	if (fd < 0)
		return 1;
	/* Not by this process, in which that would take as long. */
	pause();
	return 0;
}

static int make_in_thread(struct test_thread *t)
{
	struct maker *maker = t->arg;
	int fd = zxp_create_child(maker->vmo->fd, maker->kind, 0,
				  maker->vmo->pages * page_size);

	return fd < 0 ? -fd : close(fd);
}

static void store_words(struct test_vmo *vmo, uint64_t first, uint64_t pages)
{
	for (uint64_t i = first; i < first + pages; i++)
		word_at(vmo, i % PAGES) = i % PAGES + 1;
}

static struct test_vmo *make_parent(struct user_pager *p, bool of_copy)
{
	struct test_vmo *vmo = pager_create_plain(p, PAGES, 0);

	if (vmo && of_copy)
		vmo = vmo_create_child(vmo, ZXP_CHILD_SNAPSHOT, 0, PAGES);
	if (vmo)
		store_words(vmo, 0, PAGES);
	return vmo;
}

TEST_F(freeze, maker)
{
	const struct slow each = { variant->each, .times = STACKS };
	struct maker maker = { .kind = variant->kind };
	uint64_t before, calls = 0;
	struct test_vmo *copy;
	unsigned int i;
	uint64_t own;
	pid_t pid;

	maker.vmo = make_parent(&self->p, variant->of_copy);
	ASSERT_NE(NULL, maker.vmo);
	for (i = 0; i < variant->earlier; i++) {
		new_child(maker.vmo, variant->kind, 0, PAGES);
		store_words(maker.vmo, i, variant->stored);
	}
	own = vmo_info(maker.vmo).out_resident;
	SLOW_OR_SKIP(slow_down(&each, 1));
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
	EXPECT_EQ(variant->earlier, vmo_info(maker.vmo).out_children);
	EXPECT_EQ(own, vmo_info(maker.vmo).out_resident);
	word_at(maker.vmo, 1) = 100;
	copy = new_child(maker.vmo, variant->kind, 0, PAGES);
	word_at(maker.vmo, 2) = 200;
	EXPECT_TRUE(vmo_word_is(copy, 0, 1));
	EXPECT_TRUE(vmo_word_is(copy, 1, 100));
	EXPECT_TRUE(vmo_word_is(copy, 2, 3));
	EXPECT_TRUE(vmo_word_is(maker.vmo, 2, 200));
	EXPECT_TRUE(vmo_word_is(copy, PAGES - 1, PAGES));
}

/* What is frozen, and whom the others wait for. */
struct frozen {
	const char *each;	/* as above */
	uint32_t kind;
	enum {
		A_COPY,		/* of a plain VMO */
		A_PLAIN_VMO,
		A_PAGERS_VMO,
	} what;
};

#define COPY	{ .each = EACH_OF_COPY, .kind = MODIFIED, .what = A_COPY }
#define PLAIN	{ .each = EACH_OF_VMO, .kind = ZXP_CHILD_SNAPSHOT, .what = A_PLAIN_VMO }
#define PAGERS	{ .each = EACH_OF_VMO, .kind = ZXP_CHILD_POINT_IN_TIME, .what = A_PAGERS_VMO }

/* A change of the first page or of the last one, which is zero; false if that failed. */
typedef bool (*change_fn)(struct test_vmo *vmo);

static bool stores(struct test_vmo *vmo)
{
	word_at(vmo, 0) = CHANGED;
	return true;
}

static bool writes(struct test_vmo *vmo)
{
	uint64_t word = CHANGED;

	return pwrite(vmo->fd, &word, sizeof(word), 0) == sizeof(word);
}

static bool zeroes(struct test_vmo *vmo)
{
	return !zxp_vmo_zero(vmo->fd, 0, page_size);
}

static bool commits_first(struct test_vmo *vmo)
{
	return !zxp_vmo_op_range(vmo->fd, ZXP_VMO_OP_COMMIT, 0, page_size);
}

static bool commits_last(struct test_vmo *vmo)
{
	return !zxp_vmo_op_range(vmo->fd, ZXP_VMO_OP_COMMIT, (vmo->pages - 1) * page_size,
				 page_size);
}

static bool shrinks(struct test_vmo *vmo)
{
	return !ftruncate(vmo->fd, (vmo->pages - 1) * page_size) &&
	       !ftruncate(vmo->fd, vmo->pages * page_size);
}

static bool is_copied(struct test_vmo *vmo)
{
	int fd = zxp_create_child(vmo->fd, MODIFIED, 0, page_size);

	return fd >= 0 && !close(fd);
}

PAGER_DATA_AND(freeze_wait, speed_up());
FIXTURE_VARIANT(freeze_wait)
{
	struct frozen frozen;
	change_fn change;
	uint64_t word;		/* the first one is this then */
	bool of_other;		/* the change is one of another copy */
};

#define WAITER(name, of, how, then, ...)					\
	FIXTURE_VARIANT_ADD(freeze_wait, name)				\
	{								\
		.frozen = of, .change = how, .word = then, __VA_ARGS__	\
	}

WAITER(store_to_copy, COPY, stores, CHANGED);
WAITER(write_to_copy, COPY, writes, CHANGED);
WAITER(zero_of_copy, COPY, zeroes, 0);
WAITER(commit_of_copy, COPY, commits_first, FIRST);
WAITER(copy_of_copy, COPY, is_copied, FIRST);
WAITER(zero_of_other, COPY, zeroes, 0, .of_other = true);
WAITER(shrink_of_other, COPY, shrinks, FIRST, .of_other = true);
WAITER(store_to_plain, PLAIN, stores, CHANGED);
WAITER(write_to_plain, PLAIN, writes, CHANGED);
WAITER(zero_of_plain, PLAIN, zeroes, 0);
WAITER(commit_of_plain, PLAIN, commits_last, FIRST);
WAITER(shrink_of_plain, PLAIN, shrinks, FIRST);
WAITER(copy_of_plain, PLAIN, is_copied, FIRST);
WAITER(store_to_pagers, PAGERS, stores, CHANGED);
WAITER(write_to_pagers, PAGERS, writes, CHANGED);
WAITER(zero_of_pagers, PAGERS, zeroes, 0);
WAITER(commit_of_pagers, PAGERS, commits_last, FIRST);
WAITER(shrink_of_pagers, PAGERS, shrinks, FIRST);
WAITER(copy_of_pagers, PAGERS, is_copied, FIRST);

/* There is a copy being made, for which somebody waits. */
struct moment {
	struct maker maker;
	change_fn change;
	struct test_vmo *changed;
	pid_t waiter;
	uint64_t before;	/* calls */
};

/* All pages but the last one have a word. */
static struct test_vmo *make_frozen(struct user_pager *p, const struct frozen *frozen)
{
	struct test_vmo *vmo = NULL;
	uint64_t i;

	switch (frozen->what) {
	case A_COPY:
		vmo = pager_create_plain(p, FEWER + 1, 0);
		vmo = vmo ? vmo_create_child(vmo, ZXP_CHILD_SNAPSHOT, 0, FEWER + 1) : NULL;
		break;
	case A_PLAIN_VMO:
		vmo = pager_create_plain(p, FEWER + 1, ZXP_VMO_RESIZABLE);
		break;
	case A_PAGERS_VMO:
		vmo = pager_create_paged(p, FEWER + 1, ZXP_VMO_RESIZABLE);
		if (vmo && !(pager_supply(p, vmo, 0, FEWER) &&
			     pager_supply_zero(p, vmo, FEWER, 1)))
			vmo = NULL;
		break;
	}
	for (i = 0; vmo && i < FEWER; i++)
		word_at(vmo, i) = i + FIRST;
	return vmo;
}

/* A copy beside the one that is frozen, with a page. */
static struct test_vmo *make_other(struct user_pager *p)
{
	struct test_vmo *vmo = vmo_create_child(p->vmos[0], ZXP_CHILD_SNAPSHOT |
						ZXP_CHILD_RESIZABLE, 0, 2);

	if (vmo)
		word_at(vmo, 0) = FIRST;
	return vmo;
}

static int change_once(void *arg)
{
	struct moment *m = arg;

	return m->change(m->changed) ? 0 : 1;
}

/* True if the waiter waits for the copy; else that one was sooner, or it has not to. */
static bool moment_begin(struct moment *m, struct test_thread *t)
{
	bool begun;

	t->arg = &m->maker;
	m->before = slow_calls();
	begun = thread_start(t, make_in_thread) && wait_until(slow_calls() != m->before);
	m->waiter = child_start(change_once, m);
	while (begun && !task_sleeps_in(m->waiter, m->waiter, "zxp_"))
		begun = thread_running(t);
	return begun;
}

/* As before a moment that has come to its end. */
static bool moment_undo(struct moment *m)
{
	struct test_vmo *vmo = m->changed;

	word_at(vmo, 0) = FIRST;
	/* Who was killed half way has left it smaller. */
	return (m->change != shrinks || !ftruncate(vmo->fd, vmo->pages * page_size)) &&
	       !zxp_vmo_zero(vmo->fd, (vmo->pages - 1) * page_size, page_size);
}

#define new_moment() ({								\
	const struct slow __each = { variant->frozen.each, .times = STACKS };	\
	struct moment *__m = calloc(1, sizeof(*__m));				\
										\
	ASSERT_NE(NULL, __m);							\
	SLOW_OR_SKIP(slow_down(&__each, 1));					\
	__m->maker.vmo = make_frozen(&self->p, &variant->frozen);		\
	__m->maker.kind = variant->frozen.kind;					\
	ASSERT_NE(NULL, __m->maker.vmo);					\
	__m->change = variant->change;						\
	__m->changed = variant->of_other ? make_other(&self->p) : __m->maker.vmo;	\
	ASSERT_NE(NULL, __m->changed);						\
	__m;									\
})

/* Whoever waits for that moment to end goes at once, and has changed nothing. */
TEST_F(freeze_wait, killed)
{
	struct moment *m = new_moment();
	bool in_time = false;
	int status;

	for (unsigned int i = 0; i < ROUNDS && !in_time; i++) {
		ASSERT_TRUE(moment_undo(m));
		moment_begin(m, &self->t[0]);
		ASSERT_LT(0, m->waiter);
		kill(m->waiter, SIGKILL);
		ASSERT_EQ(m->waiter, waitpid(m->waiter, &status, 0));
		in_time = WIFSIGNALED(status) && slow_calls() - m->before < FEWER;
		ASSERT_TRUE(thread_wait(&self->t[0]));
	}
	speed_up();
	EXPECT_TRUE(in_time);
	EXPECT_TRUE(vmo_word_is(m->changed, 0, FIRST));
	EXPECT_TRUE(vmo_word_is(m->maker.vmo, FEWER - 1, FEWER));
}

/* It goes on where there is no copy in the end, and what it changes is as if none had begun. */
TEST_F(freeze_wait, undone)
{
	struct moment *m = new_moment();
	struct test_vmo *vmo = m->maker.vmo;
	/* Of a page that is pinned there is no snapshot, which all are but those that follow. */
	bool fails = variant->change == is_copied && variant->frozen.what != A_PAGERS_VMO;
	uint64_t pages = FEWER;
	struct pin pin = { 0 };
	bool waited = false;

	ASSERT_TRUE(pin_start(&pin, vmo, FEWER - 1, 1, true));
	ASSERT_TRUE(pin_held(&pin));
	for (unsigned int i = 0; i < ROUNDS && !waited; i++) {
		ASSERT_TRUE(moment_undo(m));
		waited = moment_begin(m, &self->t[0]);
		ASSERT_TRUE(thread_wait_failure(&self->t[0], ESTALE));
		ASSERT_TRUE(child_wait(m->waiter, fails));
	}
	speed_up();
	EXPECT_TRUE(waited);
	EXPECT_TRUE(vmo_word_is(m->changed, 0, variant->word));
	if (variant->change == zeroes && !variant->of_other)
		pages--;
	if (variant->change == commits_last)
		pages++;
	EXPECT_EQ(pages * page_size, vmo_info(vmo).out_resident);
	EXPECT_TRUE(pin_release(&pin));
}

/* The freezer of suspend waits with them, and not for ever; and then they go on. */
TEST_F(freeze_wait, suspended)
{
	struct moment *m = new_moment();
	long long delay = suspend_prepare();
	bool waited = false;
	int rc = 0;

	if (delay < 0)
		SKIP(return, "it cannot be tried here");
	for (unsigned int i = 0; i < ROUNDS && !waited && !rc; i++) {
		ASSERT_TRUE(moment_undo(m));
		waited = moment_begin(m, &self->t[0]);
		rc = suspend();
		ASSERT_TRUE(thread_wait(&self->t[0]));
		ASSERT_TRUE(child_wait(m->waiter, 0));
	}
	suspend_leave(delay);
	speed_up();
	EXPECT_EQ(0, rc);
	EXPECT_TRUE(waited);
	EXPECT_TRUE(vmo_word_is(m->changed, 0, variant->word));
}

TEST_HARNESS_MAIN

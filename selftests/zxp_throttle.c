// SPDX-License-Identifier: GPL-2.0
/*
 * A client that is over its memory.high sleeps when it is charged for pages, up to two
 * seconds each time. That is its own affair: while it sleeps the daemon does all that
 * it does, others use the VMO and can be killed, and who may not wait does not. So it is
 * when it stores in a copy, and when it has made a snapshot and pays for what it changes then.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "lib/child.h"
#include "lib/client.h"
#include "lib/fixture.h"
#include "lib/victim.h"

#define CGROUP		"/sys/fs/cgroup/zxp_throttle"
#define HIGH		"2097152"
#define BYTES(pages)	((pages) * page_size)
#define MISSING		64			/* the first pages of the VMO */
#define ZEROES		(24 * 512)		/* and those behind, for the client */
#define OTHERS		1024			/* and for others */
#define CHUNK		512
#define BYSTANDER	32			/* of these, each time */
/* How often it is watched at most, and how often all must come to its end meanwhile. */
#define NAPS		8
#define ENOUGH		3

/* What the client is charged for. */
enum charged { PAGES_OF_THE_VMO, PAGES_OF_A_COPY, BEFORE_IMAGES };

FIXTURE(throttle)
{
	struct user_pager p;
	struct test_vmo *root;
	struct test_vmo *vmo;		/* what all use: it, or the copy */
	struct victim *client;
	struct victim *other;
};

typedef FIXTURE_DATA(throttle) throttle_data;

/* What is done while the client sleeps, for the @nr'th time. */
FIXTURE_VARIANT(throttle)
{
	enum charged charged;
	bool (*prepare)(throttle_data *self, unsigned int nr);
	bool (*go)(throttle_data *self, unsigned int nr);
};

static uint64_t zero_page(unsigned int nr)
{
	return MISSING + ZEROES + nr;
}

static bool prepare_nothing(throttle_data *self, unsigned int nr)
{
	(void)self;
	(void)nr;
	return true;
}

static bool writeback_begin(throttle_data *self, unsigned int nr)
{
	(void)nr;
	return pager_writeback_begin(&self->p, self->root, 0, 0);
}

static bool supply(throttle_data *self, unsigned int nr)
{
	return pager_supply(&self->p, self->root, nr, 1);
}

static bool store(throttle_data *self, unsigned int nr)
{
	word_at(self->vmo, zero_page(nr)) = 1;
	return true;
}

/* Whoever stores waits for that. */
static bool make_copy(throttle_data *self, unsigned int nr)
{
	struct test_vmo *copy = vmo_create_child(self->vmo, MODIFIED, 0, self->vmo->pages);

	(void)nr;
	if (copy)
		vmo_release(copy);
	return copy;
}

/* A fault of a bystander, on a page of zeroes that has to be made. */
static bool load_zero(throttle_data *self, unsigned int nr)
{
	return !*(volatile char *)(self->vmo->map + BYTES(zero_page(nr)));
}

static bool write_nowait(throttle_data *self, unsigned int nr)
{
	struct iovec iov = { "now", 3 };
	ssize_t n = pwritev2(self->vmo->fd, &iov, 1, BYTES(zero_page(nr)), RWF_NOWAIT);

	return n == 3 || (n < 0 && errno == EAGAIN);
}

/* In pages from the end on, which no bystander has touched before. */
static int load_zeroes(struct victim *v)
{
	const unsigned int *nr = v->arg;
	char *end = v->vmo->map + BYTES(v->vmo->pages - *nr * BYSTANDER);

	victim_stop_at(v, 1);
	for (;; v->count++)
		if (*(volatile char *)(end - BYTES(1 + v->count % BYSTANDER)))
			return 1;
}

static bool start_bystander(throttle_data *self, unsigned int nr)
{
	self->other = victim_start(load_zeroes, self->vmo, &nr);
	return self->other && victim_at(self->other, 1);
}

/* Wherever it is just now. */
static bool kill_bystander(throttle_data *self, unsigned int nr)
{
	(void)nr;
	victim_pass(self->other, 1);
	return wait_until(self->other->count > BYSTANDER ||
			  task_state(self->other->pid, self->other->pid) == 'D') &&
	       victim_kill(self->other);
}

#define ACTION(name, what_for, before, what) \
	FIXTURE_VARIANT_ADD(throttle, name) { \
		.charged = what_for, .prepare = before, .go = what \
	}

ACTION(writeback_begin, PAGES_OF_THE_VMO, prepare_nothing, writeback_begin);
ACTION(supply, PAGES_OF_THE_VMO, prepare_nothing, supply);
ACTION(fault, PAGES_OF_THE_VMO, prepare_nothing, load_zero);
ACTION(write_nowait, PAGES_OF_THE_VMO, prepare_nothing, write_nowait);
ACTION(kill, PAGES_OF_THE_VMO, start_bystander, kill_bystander);
ACTION(supply_of_copy, PAGES_OF_A_COPY, prepare_nothing, supply);
ACTION(fault_of_copy, PAGES_OF_A_COPY, prepare_nothing, load_zero);
ACTION(store_of_copy, PAGES_OF_A_COPY, prepare_nothing, store);
ACTION(copy_of_copy, PAGES_OF_A_COPY, prepare_nothing, make_copy);
ACTION(kill_of_copy, PAGES_OF_A_COPY, start_bystander, kill_bystander);
ACTION(supply_of_snapshot, BEFORE_IMAGES, prepare_nothing, supply);
ACTION(store_of_snapshot, BEFORE_IMAGES, prepare_nothing, store);
ACTION(fault_of_snapshot, BEFORE_IMAGES, prepare_nothing, load_zero);

/* Write to all pages of zeroes that are for the client. */
static bool fill(struct test_vmo *vmo, int byte)
{
	char *buf = map_anon(CHUNK);
	bool done = true;

	memset(buf, byte, BYTES(CHUNK));
	for (uint64_t i = 0; done && i < ZEROES; i += CHUNK)
		done = pwrite(vmo->fd, buf, BYTES(CHUNK), BYTES(MISSING + i)) ==
		       (ssize_t)BYTES(CHUNK);
	munmap(buf, BYTES(CHUNK));
	return done;
}

FIXTURE_SETUP(throttle)
{
	self->client = self->other = NULL;
	if (mkdir(CGROUP, 0755) && errno != EEXIST)
		SKIP(return, "no cgroup2 here");
	if (access(CGROUP "/memory.high", W_OK))
		SKIP(return, "no memory controller here");
	ASSERT_EQ(0, write_file(CGROUP "/memory.high", HIGH));
	ASSERT_TRUE(user_pager_init(&self->p));
	self->root = variant->charged == BEFORE_IMAGES ?
		     pager_create_paged(&self->p, MISSING, ZXP_VMO_RESIZABLE) :
		     pager_create_vmo_options(&self->p, MISSING, ZXP_VMO_RESIZABLE);
	ASSERT_NE(NULL, self->root);
	ASSERT_TRUE(vmo_resize(self->root, MISSING + ZEROES + OTHERS));
	self->vmo = self->root;
	if (variant->charged == PAGES_OF_A_COPY)
		self->vmo = vmo_create_child(self->root, MODIFIED, 0, self->root->pages);
	ASSERT_NE(NULL, self->vmo);
	/* Of zeroes there are no before-images. */
	if (variant->charged == BEFORE_IMAGES)
		ASSERT_TRUE(fill(self->vmo, 2));
}

FIXTURE_TEARDOWN(throttle)
{
	if (self->client) {
		EXPECT_TRUE(victim_kill(self->client));
		user_pager_fini(&self->p);
	}
	wait_until(!rmdir(CGROUP));
}

/* Write to all pages of zeroes, which are charged to it. */
static int write_zeroes(struct victim *v)
{
	const bool *snapshot = v->arg;

	if (!enter_cgroup(CGROUP))
		return 1;
	if (*snapshot && zxp_create_child(v->vmo->fd, ZXP_CHILD_POINT_IN_TIME, 0,
					  BYTES(v->vmo->pages)) < 0)
		return 2;
	victim_stop_at(v, 1);
	return fill(v->vmo, 1) ? 0 : 3;
}

/* Which of its naps this is; negative if it is awake. */
static int64_t which_nap(struct victim *v)
{
	int64_t nr = task_sleeps(v->pid, v->pid);

	return task_sleeps_in(v->pid, v->pid, "over_high") &&
	       task_sleeps(v->pid, v->pid) == nr ? nr : -1;
}

TEST_F(throttle, concerns_nobody_else)
{
	bool snapshot = variant->charged == BEFORE_IMAGES;
	unsigned int i, done = 0;
	int64_t sleep, last = -1;

	self->client = victim_start(write_zeroes, self->vmo, &snapshot);
	ASSERT_NE(NULL, self->client);
	ASSERT_TRUE(victim_at(self->client, 1));
	victim_pass(self->client, 1);
	/* Who watches may itself be late. Who has to wait is so each time. */
	for (i = 0; i < NAPS && done < ENOUGH; i++) {
		ASSERT_TRUE(variant->prepare(self, i));
		ASSERT_TRUE(wait_until((sleep = which_nap(self->client)) >= 0 &&
				       sleep != last));
		ASSERT_TRUE(variant->go(self, i));
		done += which_nap(self->client) == sleep;
		last = sleep;
	}
	TH_LOG("%u of %u times while the client slept", done, i);
	EXPECT_LE(ENOUGH, done);
}

TEST_HARNESS_MAIN

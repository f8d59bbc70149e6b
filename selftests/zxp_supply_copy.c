// SPDX-License-Identifier: GPL-2.0
/*
 * A supply out of a copy: what that sees leaves it, whoever it belongs to, and all others
 * see what they saw.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdatomic.h>
#include <unistd.h>
#include <kselftest_harness.h>

#include "lib/child.h"
#include "lib/client.h"
#include "lib/fixture.h"
#include "lib/slow.h"

#define PAGES		6
#define OWN		0	/* what is stored in the copy */
#define ZEROED		2	/* what is zeroed there */
#define CHANGED		3	/* what the root changes afterwards */

#define WORD(page)	((page) + 1ULL)
#define ROUNDS		24

PAGER_DATA_AND(supply_copy, speed_up());
FIXTURE_VARIANT(supply_copy)
{
	struct test_vmo *(*root)(struct user_pager *p, uint64_t pages, uint32_t options);
	uint32_t kind;
	bool of_copy;
};

static struct test_vmo *paged(struct user_pager *p, uint64_t pages, uint32_t options)
{
	struct test_vmo *vmo = pager_create_paged(p, pages, options);

	return vmo && pager_supply(p, vmo, 0, pages) ? vmo : NULL;
}

FIXTURE_VARIANT_ADD(supply_copy, clone) { .root = paged, .kind = AT_LEAST };
FIXTURE_VARIANT_ADD(supply_copy, snapshot_of_clone) {
	.root = paged, .kind = MODIFIED, .of_copy = true,
};
FIXTURE_VARIANT_ADD(supply_copy, snapshot) {
	.root = pager_create_plain, .kind = ZXP_CHILD_SNAPSHOT,
};
FIXTURE_VARIANT_ADD(supply_copy, snapshot_of_snapshot) {
	.root = pager_create_plain, .kind = ZXP_CHILD_SNAPSHOT, .of_copy = true,
};
FIXTURE_VARIANT_ADD(supply_copy, point_in_time) {
	.root = paged, .kind = ZXP_CHILD_POINT_IN_TIME,
};

/* One that sees its own pages and others; @root has WORD() everywhere but where it changed. */
static struct test_vmo *make_copy(struct test_vmo *root, uint32_t kind, bool of_copy)
{
	struct test_vmo *copy;
	uint64_t i;

	for (i = 0; i < root->pages; i++)
		if (!vmo_put(root, i, WORD(i)))
			return NULL;
	copy = vmo_create_child(root, kind, 0, root->pages);
	if (!copy || !vmo_put(copy, OWN, 100))
		return NULL;
	if (of_copy)
		copy = vmo_create_child(copy, MODIFIED, 0, root->pages);
	if (!copy || !vmo_zero(copy, ZEROED, 1) || !vmo_put(root, CHANGED, 50))
		return NULL;
	return copy;
}

static void note_words(struct test_vmo *vmo, uint64_t *words)
{
	uint64_t i;

	for (i = 0; i < vmo->pages; i++)
		words[i] = word_at(vmo, i);
}

TEST_F(supply_copy, leaves_it)
{
	struct test_vmo *root = variant->root(&self->p, PAGES, 0), *filled = new_vmo(PAGES);
	struct test_vmo *copy, *beside;
	uint64_t words[PAGES], roots[PAGES], i;

	ASSERT_NE(NULL, root);
	copy = make_copy(root, variant->kind, variant->of_copy);
	ASSERT_NE(NULL, copy);
	beside = new_snapshot(copy);
	note_words(copy, words);
	note_words(root, roots);
	EXPECT_EQ(100, words[OWN]);
	EXPECT_EQ(0, words[ZEROED]);
	EXPECT_EQ(WORD(PAGES - 1), words[PAGES - 1]);

	/* In two parts, of which the first one begins in the middle. */
	test_zxp(supply_aux, self->p.fd, filled->fd, page_size, (PAGES - 1) * page_size,
		 copy->fd, page_size);
	EXPECT_TRUE(vmo_word_is(copy, 0, 100));
	test_zxp(supply_aux, self->p.fd, filled->fd, 0, page_size, copy->fd, 0);
	for (i = 0; i < PAGES; i++) {
		EXPECT_TRUE(vmo_word_is(filled, i, words[i]));
		EXPECT_TRUE(vmo_word_is(copy, i, 0));
		EXPECT_TRUE(vmo_word_is(beside, i, words[i]));
		EXPECT_TRUE(vmo_word_is(root, i, roots[i]));
	}
	EXPECT_EQ(0, child_own_pages(copy));
	/* What reads as zeroes takes no memory. */
	EXPECT_EQ((PAGES - 1) * page_size, vmo_info(filled).out_resident);

	/* It can be stored to as before. */
	word_at(copy, 1) = 7;
	ASSERT_TRUE(vmo_put(copy, 0, 8));
	EXPECT_TRUE(vmo_word_is(copy, 0, 8));
	EXPECT_TRUE(vmo_word_is(copy, 1, 7));
	EXPECT_TRUE(vmo_word_is(filled, 1, words[1]));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Nobody wants it, and yet it leaves; so it does if nothing can be put in. */
TEST_F(supply_copy, leaves_it_for_nothing)
{
	struct test_vmo *root = variant->root(&self->p, PAGES, 0), *filled = new_vmo(PAGES);
	struct test_vmo *copy;
	uint64_t i;

	ASSERT_NE(NULL, root);
	copy = make_copy(root, variant->kind, variant->of_copy);
	ASSERT_NE(NULL, copy);
	ASSERT_TRUE(pager_supply(&self->p, filled, 0, 1));
	test_zxp(supply_aux, self->p.fd, filled->fd, 0, page_size, copy->fd, 0);
	EXPECT_TRUE(vmo_has(filled, 0, 1, SUPPLIED));
	EXPECT_TRUE(vmo_word_is(copy, 0, 0));
	EXPECT_TRUE(vmo_word_is(copy, 1, WORD(1)));
	test_err_zxp(ERANGE, supply_aux, self->p.fd, filled->fd, 4 * page_size,
		     3 * page_size, copy->fd, page_size);
	ASSERT_TRUE(pager_detach(&self->p, filled));
	ASSERT_TRUE(pager_wait_complete(&self->p, filled->key));
	test_err_zxp(ESTALE, supply_aux, self->p.fd, filled->fd, 0, 3 * page_size, copy->fd,
		     3 * page_size);
	for (i = 0; i < PAGES; i++)
		EXPECT_TRUE(vmo_word_is(copy, i, 0));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* As many additions as there were, each in what was taken or in what came after it. */
struct adder {
	struct test_vmo *copy;
	atomic_bool stop;
	uint64_t added;
};

static int add(struct test_thread *t)
{
	struct adder *a = t->arg;

	while (!atomic_load(&a->stop)) {
		atomic_fetch_add((_Atomic uint64_t *)page_at(a->copy, OWN), 1);
		a->added++;
	}
	return 0;
}

TEST_F(supply_copy, no_store_is_lost)
{
	struct test_vmo *root = variant->root(&self->p, PAGES, 0), *filled = new_vmo(ROUNDS);
	struct adder a = {};
	uint64_t sum, i;

	ASSERT_NE(NULL, root);
	a.copy = make_copy(root, variant->kind, variant->of_copy);
	ASSERT_NE(NULL, a.copy);
	self->t[0].arg = &a;
	ASSERT_TRUE(thread_start(&self->t[0], add));
	for (i = 0; i < ROUNDS; i++) {
		/* So that there is something to take. */
		ASSERT_TRUE(wait_until(word_at(a.copy, OWN) >= 3));
		test_zxp(supply_aux, self->p.fd, filled->fd, i * page_size, page_size,
			 a.copy->fd, OWN);
	}
	atomic_store(&a.stop, true);
	ASSERT_TRUE(thread_wait(&self->t[0]));
	sum = word_at(a.copy, OWN);
	for (i = 0; i < ROUNDS; i++)
		sum += word_at(filled, i);
	EXPECT_EQ(100 + a.added, sum);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* What is shared becomes the copy's own when who shares it goes, and is stored to. */
struct sharer {
	struct test_vmo *copy;
	int fd;
	uint64_t calls;
};

static int leave_and_store(struct test_thread *t)
{
	struct sharer *s = t->arg;

	if (!wait_until(slow_calls() > s->calls))
		return ETIMEDOUT;
	close(s->fd);
	atomic_fetch_add((_Atomic uint64_t *)page_at(s->copy, OWN), 1);
	return 0;
}

TEST_F(supply_copy, no_store_is_lost_of_who_adopts)
{
	const struct slow cover = { "p:zxpager:zxp_child_cover_locked", .times = 64 };
	struct test_vmo *root = variant->root(&self->p, PAGES, 0), *filled = new_vmo(ROUNDS);
	struct sharer s = {};
	uint64_t i;

	ASSERT_NE(NULL, root);
	s.copy = make_copy(root, variant->kind, variant->of_copy);
	ASSERT_NE(NULL, s.copy);
	SLOW_OR_SKIP(slow_down(&cover, 1));
	self->t[0].arg = &s;
	for (i = 0; i < ROUNDS; i++) {
		s.calls = slow_calls();
		s.fd = zxp_create_child(s.copy->fd, MODIFIED, 0, PAGES * page_size);
		ASSERT_LE(0, s.fd);
		ASSERT_TRUE(thread_start(&self->t[0], leave_and_store));
		test_zxp(supply_aux, self->p.fd, filled->fd, i * page_size, page_size,
			 s.copy->fd, OWN);
		ASSERT_TRUE(thread_wait(&self->t[0]));
		EXPECT_EQ(100 + 1, word_at(filled, i) + word_at(s.copy, OWN));
		ASSERT_TRUE(vmo_put(s.copy, OWN, 100));
	}
	ASSERT_TRUE(pager_idle(&self->p));
}

PAGER_FIXTURE(supply_missing);

/* Two pages that the copy has for itself, then one that is missing, and one more. */
#define make_missing(copy, root, filled)					\
	struct test_vmo *root = new_vmo(4), *filled = new_vmo(4);		\
	struct test_vmo *copy = new_clone(root);				\
										\
	ASSERT_TRUE(pager_supply(&self->p, root, 0, 2));			\
	ASSERT_TRUE(pager_supply(&self->p, root, 3, 1));			\
	ASSERT_TRUE(vmo_put(copy, 0, 10));					\
	ASSERT_TRUE(vmo_put(copy, 1, 11));					\
	ASSERT_TRUE(vmo_put(copy, 3, 13))

struct call {
	struct test_vmo *filled;
	struct test_vmo *copy;
	struct zxp_supply_pages args;
};

static int supply(struct test_thread *t)
{
	struct call *call = t->arg;

	call->args = (struct zxp_supply_pages) {
		.flags = ZXP_SUPPLY_AUX,
		.vmo_fd = call->filled->fd,
		.aux_fd = call->copy->fd,
		.length = 4 * page_size,
	};
	return -zxp_supply(call->filled->pager->fd, &call->args);
}

/* It is asked for, as by who reads the copy. */
TEST_F(supply_missing, is_asked_for)
{
	make_missing(copy, root, filled);
	struct call call = { .filled = filled, .copy = copy };

	self->t[0].arg = &call;
	ASSERT_TRUE(thread_start(&self->t[0], supply));
	ASSERT_TRUE(pager_wait_read(&self->p, root, 2, 1));
	EXPECT_TRUE(vmo_word_is(copy, 1, 0));
	ASSERT_TRUE(pager_supply(&self->p, root, 2, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(4 * page_size, call.args.out_filled);
	EXPECT_TRUE(vmo_word_is(filled, 0, 10));
	EXPECT_TRUE(vmo_word_is(filled, 1, 11));
	EXPECT_TRUE(vmo_word_is(filled, 2, vmo_word(root, 2 * page_size / 8)));
	EXPECT_TRUE(vmo_word_is(filled, 3, 13));
	EXPECT_TRUE(vmo_word_is(copy, 2, 0));
	EXPECT_TRUE(vmo_has(root, 0, 4, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* What comes before it is supplied, and what comes behind it stays where it is. */
TEST_F(supply_missing, fails)
{
	make_missing(copy, root, filled);
	struct call call = { .filled = filled, .copy = copy };

	self->t[0].arg = &call;
	ASSERT_TRUE(thread_start(&self->t[0], supply));
	ASSERT_TRUE(pager_wait_read(&self->p, root, 2, 1));
	ASSERT_TRUE(pager_fail(&self->p, root, 2, 1, EIO));
	ASSERT_TRUE(thread_wait_failure(&self->t[0], EIO));
	EXPECT_EQ(2 * page_size, call.args.out_done);
	EXPECT_TRUE(vmo_word_is(filled, 1, 11));
	EXPECT_TRUE(vmo_word_is(copy, 1, 0));
	EXPECT_TRUE(vmo_word_is(copy, 3, 13));
	ASSERT_TRUE(pager_idle(&self->p));
}

static int supply_once(void *call)
{
	struct test_thread t = { .arg = call };

	return supply(&t);
}

/* Who waits for it is killed. */
TEST_F(supply_missing, is_given_up)
{
	make_missing(copy, root, filled);
	struct call call = { .filled = filled, .copy = copy };
	pid_t pid = child_start(supply_once, &call);

	ASSERT_LT(0, pid);
	ASSERT_TRUE(pager_wait_read(&self->p, root, 2, 1));
	ASSERT_TRUE(vmo_wait_blocked(root, 1));
	ASSERT_TRUE(child_kill(pid));
	ASSERT_TRUE(vmo_wait_blocked(root, 0));
	EXPECT_TRUE(vmo_word_is(filled, 1, 11));
	EXPECT_TRUE(vmo_word_is(copy, 1, 0));
	EXPECT_TRUE(vmo_word_is(copy, 3, 13));
	/* The rest can be had by another call. */
	ASSERT_TRUE(pager_supply(&self->p, root, 2, 1));
	test_zxp(supply_aux, self->p.fd, filled->fd, 2 * page_size, 2 * page_size, copy->fd,
		 2 * page_size);
	EXPECT_TRUE(vmo_word_is(filled, 3, 13));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Out of a slice or by a reference it leaves what they are of, at that place. */
TEST_F(supply_copy, leaves_by_others)
{
	struct test_vmo *root = variant->root(&self->p, PAGES, 0), *filled = new_vmo(PAGES);
	struct test_vmo *copy, *outer, *slice, *again, *by_slice;
	uint64_t words[PAGES], i;

	ASSERT_NE(NULL, root);
	copy = make_copy(root, variant->kind, variant->of_copy);
	ASSERT_NE(NULL, copy);
	note_words(copy, words);
	outer = vmo_create_child(copy, ZXP_CHILD_SLICE, 1, PAGES - 1);
	ASSERT_NE(NULL, outer);
	slice = vmo_create_child(outer, ZXP_CHILD_SLICE, 1, 3);
	again = vmo_refer(copy, 0);
	by_slice = vmo_refer(outer, 0);
	ASSERT_TRUE(slice && again && by_slice);

	/* Pages 3 and 4 of the copy; its last one; its first one. */
	test_zxp(supply_aux, self->p.fd, filled->fd, 3 * page_size, 2 * page_size, slice->fd,
		 page_size);
	test_zxp(supply_aux, self->p.fd, filled->fd, 5 * page_size, page_size, by_slice->fd,
		 4 * page_size);
	test_zxp(supply_aux, self->p.fd, filled->fd, 0, page_size, again->fd, 0);
	for (i = 0; i < PAGES; i++) {
		bool left = i == 0 || i >= 3;

		EXPECT_TRUE(vmo_word_is(copy, i, left ? 0 : words[i]));
		if (left)
			EXPECT_TRUE(vmo_word_is(filled, i, words[i]));
	}
	ASSERT_TRUE(pager_supply(&self->p, filled, 1, 2));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* The same of a plain VMO. */
TEST_F(supply_missing, leaves_by_slice_of_plain)
{
	struct test_vmo *plain = pager_create_plain(&self->p, 4, 0), *filled = new_vmo(1);
	struct test_vmo *slice;
	uint64_t i;

	ASSERT_NE(NULL, plain);
	slice = vmo_create_child(plain, ZXP_CHILD_SLICE, 1, 3);
	ASSERT_NE(NULL, slice);
	for (i = 0; i < 4; i++)
		ASSERT_TRUE(vmo_put(plain, i, WORD(i)));
	test_err_zxp(ERANGE, supply_aux, self->p.fd, filled->fd, 0, page_size, slice->fd,
		     3 * page_size);
	test_zxp(supply_aux, self->p.fd, filled->fd, 0, page_size, slice->fd, page_size);
	EXPECT_TRUE(vmo_word_is(filled, 0, WORD(2)));
	for (i = 0; i < 4; i++)
		EXPECT_TRUE(vmo_word_is(plain, i, i == 2 ? 0 : WORD(i)));
	EXPECT_EQ(3 * page_size, vmo_info(plain).out_resident);
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(supply_missing, is_refused)
{
	struct test_vmo *root = new_vmo(4), *filled = new_vmo(4);
	struct test_vmo *copy = new_child(root, AT_LEAST, 0, 4);
	struct test_vmo *slice = vmo_create_child(root, ZXP_CHILD_SLICE, 0, 4);
	struct test_vmo *part = vmo_create_child(copy, ZXP_CHILD_SLICE, 0, 2);
	struct test_vmo *again = vmo_refer(copy, 0);
	const int pager = self->p.fd, vmo = filled->fd;
	int read_only = zxp_create_child(root->fd, AT_LEAST | ZXP_CHILD_NO_WRITE, 0, page_size);

	ASSERT_TRUE(slice && part && again);
	ASSERT_LE(0, read_only);
	test_err_zxp(EACCES, supply_aux, pager, vmo, 0, page_size, read_only, 0);
	test_err_zxp(ERANGE, supply_aux, pager, vmo, 0, page_size, copy->fd, 4 * page_size);
	test_err_zxp(ERANGE, supply_aux, pager, vmo, 0, page_size, copy->fd, -page_size);
	test_err_zxp(EINVAL, supply_aux, pager, vmo, 0, page_size, copy->fd, 1);
	/* A slice of what has a pager is no better, also where nothing is. */
	test_err_zxp(EOPNOTSUPP, supply_aux, pager, vmo, 0, page_size, slice->fd, 0);
	test_err_zxp(EOPNOTSUPP, supply_aux, pager, vmo, 0, page_size, slice->fd, 4 * page_size);
	test_err_zxp(ERANGE, supply_aux, pager, vmo, 0, page_size, part->fd, 2 * page_size);
	test_err_zxp(ERANGE, supply_aux, pager, vmo, 0, page_size, part->fd, -page_size);
	test_err_zxp(ERANGE, supply_aux, pager, vmo, 0, page_size, again->fd, 4 * page_size);
	test_zxp(supply_aux, pager, vmo, 0, 0, copy->fd, 0);
	close(read_only);
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that a copy had when copies were made of it, which all of them share: what the last
 * one that sees such a page has is its own, without a copy being made of it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <kselftest_harness.h>

#include "lib/child.h"
#include "lib/client.h"
#include "lib/fixture.h"

#define COPIES	10
#define PAGES	64
#define OTHER	1000

PAGER_DATA(child_share);

/* A way not to see anything any more of what @copy has shared. */
FIXTURE_VARIANT(child_share)
{
	bool (*leave)(struct test_vmo *copy);
	uint64_t own;	/* pages that it has in their place */
	bool closes;	/* it is gone */
};

static bool leave_by_mapping(struct test_vmo *copy)
{
	for (uint64_t page = 0; page < PAGES; page++)
		word_at(copy, page) = OTHER + page;
	return true;
}

static bool leave_by_write(struct test_vmo *copy)
{
	for (uint64_t page = 0; page < PAGES; page++)
		if (!vmo_put(copy, page, OTHER + page))
			return false;
	return true;
}

static bool leave_by_commit(struct test_vmo *copy)
{
	return !zxp_vmo_op_range(copy->fd, ZXP_VMO_OP_COMMIT, 0, PAGES * page_size);
}

static bool leave_by_zero(struct test_vmo *copy)
{
	return vmo_zero(copy, 0, PAGES);
}

static bool leave_by_size(struct test_vmo *copy)
{
	return vmo_resize(copy, 0);
}

static bool leave_by_supply(struct test_vmo *copy)
{
	struct user_pager *p = copy->pager;
	struct test_vmo *filled = pager_create_vmo(p, PAGES);

	return filled && !zxp_supply_aux(p->fd, filled->fd, 0, PAGES * page_size, copy->fd, 0);
}

static bool leave_by_close(struct test_vmo *copy)
{
	vmo_release(copy);
	return true;
}

FIXTURE_VARIANT_ADD(child_share, mapping) { .leave = leave_by_mapping, .own = PAGES };
FIXTURE_VARIANT_ADD(child_share, pwrite) { .leave = leave_by_write, .own = PAGES };
FIXTURE_VARIANT_ADD(child_share, commit) { .leave = leave_by_commit, .own = PAGES };
FIXTURE_VARIANT_ADD(child_share, zero) { .leave = leave_by_zero };
FIXTURE_VARIANT_ADD(child_share, shrink) { .leave = leave_by_size };
FIXTURE_VARIANT_ADD(child_share, supply) { .leave = leave_by_supply };
FIXTURE_VARIANT_ADD(child_share, close) { .leave = leave_by_close, .closes = true };

/* How many pages are in its own layer, be they seen by others or not. */
static uint64_t layer_pages(const struct test_vmo *copy)
{
	struct zxp_vmo_info info = { .size = offsetof(struct zxp_vmo_info, out_shared_bytes) };
	int rc = zxp_ioctl(copy->fd, ZXP_IOC_VMO_GET_INFO, &info);

	if (rc)
		diag("VMO info: %s", strerror(-rc));
	return rc ? UINT64_MAX : info.out_resident / page_size;
}

/* Which page of memory a mapping has, once a word of it was loaded; 0 for none. */
static uint64_t frame_at(struct test_vmo *vmo, uint64_t page)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry = 0;

	(void)word_at(vmo, page);
	if (fd < 0 || pread(fd, &entry, 8, (uintptr_t)page_at(vmo, page) / page_size * 8) != 8)
		diag("pagemap: %s", strerror(errno));
	close(fd);
	return entry & 1ULL << 63 ? entry & ((1ULL << 55) - 1) : 0;
}

/* A copy with pages, which all of the others share, and all have them mapped. */
static bool share(struct user_pager *p, struct test_vmo **copies, unsigned int nr)
{
	struct test_vmo *vmo = pager_create_vmo(p, PAGES);

	if (!vmo || !pager_supply(p, vmo, 0, PAGES))
		return false;
	for (unsigned int i = 0; i < nr; i++) {
		copies[i] = vmo_create_child(i ? copies[0] : vmo,
					     MODIFIED | ZXP_CHILD_RESIZABLE, 0, PAGES);
		for (uint64_t page = 0; copies[i] && !i && page < PAGES; page++)
			if (!vmo_put(copies[i], page, page + 1))
				return false;
		if (!copies[i])
			return false;
	}
	for (unsigned int i = 0; i < nr; i++)
		for (uint64_t page = 0; page < PAGES; page++)
			if (word_at(copies[i], page) != page + 1)
				return false;
	return true;
}

/* Whichever of them stays, all is its own, and in the same memory. */
TEST_F(child_share, last_one_has_it)
{
	struct test_vmo *copies[COPIES], *last;
	uint64_t frames[PAGES], page;

	for (unsigned int stays = 0; stays < COPIES; stays += COPIES - 1) {
		ASSERT_TRUE(share(&self->p, copies, COPIES));
		last = copies[stays];
		for (page = 0; page < PAGES; page++) {
			frames[page] = frame_at(last, page);
			ASSERT_NE(0, frames[page]);
		}
		for (unsigned int i = 0; i < COPIES; i++) {
			if (i == stays)
				continue;
			EXPECT_EQ(0, layer_pages(last));
			ASSERT_TRUE(variant->leave(copies[i]));
		}
		/* Stores of others do not look for what this one has mapped. */
		EXPECT_EQ(variant->own ? 0 : PAGES, layer_pages(last));
		for (unsigned int i = 0; i < COPIES && !variant->closes; i++)
			if (i != stays)
				EXPECT_EQ(variant->own, layer_pages(copies[i]));
		for (page = 0; page < PAGES; page++)
			EXPECT_TRUE(vmo_word_is(last, page, page + 1));
		/* No store copies anything. */
		for (page = 0; page < PAGES; page++) {
			if (page % 2)
				word_at(last, page) = page;
			else
				ASSERT_TRUE(vmo_put(last, page, page));
			EXPECT_EQ(frames[page], frame_at(last, page));
		}
		/* Nothing is left where they have shared it. */
		EXPECT_EQ(PAGES, layer_pages(last));
		EXPECT_EQ(PAGES, child_own_pages(last));
		for (unsigned int i = 0; i < COPIES && variant->own; i++)
			for (page = 0; i != stays && page < PAGES; page++)
				EXPECT_NE(page, word_at(copies[i], page));
	}
	ASSERT_TRUE(pager_idle(&self->p));
}

/*
 * Somebody has kept a page of one that does not see it any more. So it does not become the
 * last one's own, and is copied when that stores, unless nobody has it any more by then.
 */
TEST_F(child_share, what_is_lent_is_not)
{
	const uint64_t moved = variant->own ? 0 : PAGES - 2;
	struct test_vmo *copies[2];
	uint64_t frames[2], word;
	struct iovec iov;
	int ends[2];

	ASSERT_TRUE(share(&self->p, copies, 2));
	ASSERT_EQ(0, pipe(ends));
	for (uint64_t page = 0; page < 2; page++) {
		frames[page] = frame_at(copies[1], page);
		iov = (struct iovec){ page_at(copies[0], page), sizeof(word) };
		ASSERT_EQ(sizeof(word), vmsplice(ends[1], &iov, 1, 0));
	}
	ASSERT_TRUE(variant->leave(copies[0]));
	EXPECT_EQ(moved, layer_pages(copies[1]));
	ASSERT_TRUE(vmo_put(copies[1], 0, OTHER));
	EXPECT_NE(frames[0], frame_at(copies[1], 0));
	for (uint64_t page = 0; page < 2; page++) {
		ASSERT_EQ(sizeof(word), read(ends[0], &word, sizeof(word)));
		EXPECT_EQ(page + 1, word);
	}
	/* Nobody has that one now. */
	EXPECT_EQ(moved + 1, layer_pages(copies[1]));
	ASSERT_EQ(frames[1], frame_at(copies[1], 1));
	word_at(copies[1], 1) = OTHER;
	EXPECT_EQ(frames[1], frame_at(copies[1], 1));
	EXPECT_EQ(moved + 2, layer_pages(copies[1]));
	close(ends[0]);
	close(ends[1]);
	ASSERT_TRUE(pager_idle(&self->p));
}

PAGER_FIXTURE(child_share_race);

/* A store to each page but each @op-th, from page @page on, which only this one leaves alone. */
static int store_to_others(struct test_thread *t)
{
	for (uint64_t page = 0; page < PAGES; page++) {
		if (page % t->op == t->page)
			continue;
		if ((page + t->page) % 2)
			word_at(t->vmo, page) = OTHER * t->page + page;
		else if (!vmo_put(t->vmo, page, OTHER * t->page + page))
			return EIO;
	}
	return 0;
}

/*
 * All but one of them store to a page at once, while others come and go that see it: to that
 * one it is what it was, and nobody copies it any more.
 */
TEST_F(child_share_race, all_but_one)
{
	enum { ROUNDS = 12, THREADS = 5 };
	struct test_vmo *copies[THREADS], *snapshot;
	uint64_t frames[PAGES], page;

	for (unsigned int round = 0; round < ROUNDS; round++) {
		ASSERT_TRUE(share(&self->p, copies, THREADS));
		for (page = 0; page < PAGES; page++)
			frames[page] = frame_at(copies[page % THREADS], page);
		for (unsigned int i = 0; i < THREADS; i++) {
			self->t[i].vmo = copies[i];
			self->t[i].page = i;
			self->t[i].op = THREADS;
			ASSERT_TRUE(thread_start(&self->t[i], store_to_others));
		}
		for (unsigned int i = 0; i < 2 * THREADS; i++) {
			snapshot = new_snapshot(copies[i % THREADS]);
			for (page = 0; page < PAGES; page++)
				(void)word_at(snapshot, page);
			vmo_release(snapshot);
		}
		for (unsigned int i = 0; i < THREADS; i++)
			ASSERT_TRUE(thread_wait(&self->t[i]));
		for (unsigned int i = 0; i < THREADS; i++) {
			for (page = 0; page < PAGES; page++)
				EXPECT_TRUE(vmo_word_is(copies[i], page,
							page % THREADS == i ? page + 1 :
							OTHER * i + page));
			for (page = i; page < PAGES; page += THREADS)
				word_at(copies[i], page) = 0;
			EXPECT_EQ(PAGES, layer_pages(copies[i]));
			for (page = i; page < PAGES; page += THREADS)
				EXPECT_EQ(frames[page], frame_at(copies[i], page));
		}
		for (unsigned int i = 0; i < THREADS; i++)
			vmo_release(copies[i]);
	}
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * The moment of a snapshot is one for all that is stored meanwhile.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include "lib/child.h"
#include "lib/client.h"
#include "lib/fixture.h"

#define PAGES		64
#define MOMENTS		150

/* Writers of the first and then the last of some pages. */
PAGER_DATA(order);
FIXTURE_VARIANT(order)
{
	bool maps;
	bool paged;
};
FIXTURE_VARIANT_ADD(order, mapping) { .maps = true };
FIXTURE_VARIANT_ADD(order, pwrite) {};
FIXTURE_VARIANT_ADD(order, mapping_of_a_pagers) { .maps = true, .paged = true };
FIXTURE_VARIANT_ADD(order, pwrite_of_a_pagers) { .paged = true };

/* A pager allows each first store after it has begun to write back. */
static struct test_vmo *make_vmo(struct user_pager *p, bool paged)
{
	return paged ? pager_create_paged(p, PAGES, ZXP_VMO_TRAP_DIRTY) :
		       pager_create_plain(p, PAGES, 0);
}

static int make_moment(struct test_vmo *vmo, bool paged)
{
	return zxp_create_child(vmo->fd, paged ? ZXP_CHILD_POINT_IN_TIME : ZXP_CHILD_SNAPSHOT,
				0, PAGES * page_size);
}

static volatile bool order_ends;

static int store_in_order(struct test_thread *t)
{
	for (uint64_t n = 1; !order_ends; n++) {
		for (uint64_t page = 0; page < PAGES; page += PAGES - 1) {
			if (t->arg)
				word_at(t->vmo, page) = n;
			else if (pwrite(t->vmo->fd, &n, 8, page * page_size) != 8)
				return errno;
		}
	}
	return 0;
}

static bool in_order(int fd, uint64_t *first)
{
	uint64_t last;

	if (pread(fd, first, 8, 0) != 8 ||
	    pread(fd, &last, 8, (PAGES - 1) * page_size) != 8)
		return false;
	if (*first == last || *first == last + 1)
		return true;
	diag("the first page has %lu, the last one %lu", *first, last);
	return false;
}

/* As of one moment: no store is there without the one before. And it stays that moment. */
TEST_F(order, of_stores_is_kept)
{
	struct test_vmo *vmo = make_vmo(&self->p, variant->paged);
	int kept = -1, fd;
	struct server s;
	uint64_t was = 0, now;

	ASSERT_NE(NULL, vmo);
	ASSERT_TRUE(server_start(&s, &self->p));
	order_ends = false;
	self->t[0].vmo = vmo;
	self->t[0].arg = variant->maps ? vmo : NULL;
	ASSERT_TRUE(vmo_put(vmo, 0, 0) && vmo_put(vmo, PAGES - 1, 0));
	ASSERT_TRUE(thread_start(&self->t[0], store_in_order));
	ASSERT_TRUE(wait_until(word_at(vmo, 0) > 1));
	for (unsigned int i = 0; i < (variant->paged ? MOMENTS / 3 : MOMENTS); i++) {
		if (variant->paged)
			ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, PAGES));
		fd = make_moment(vmo, variant->paged);
		ASSERT_LE(0, fd);
		ASSERT_TRUE(in_order(fd, &now));
		ASSERT_LE(was, now);
		if (kept >= 0) {
			uint64_t then;

			ASSERT_TRUE(in_order(kept, &then));
			ASSERT_EQ(was, then);
			close(kept);
		}
		kept = fd;
		was = now;
	}
	close(kept);
	order_ends = true;
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(server_end(&s));
}

/* A reader looks again and again at what is being written. */
static int look_for_one_value(struct test_thread *t)
{
	uint64_t first, word;

	if (pread(t->vmo->fd, &first, 8, 0) != 8)
		return errno;
	for (unsigned int i = 0; !order_ends; i++) {
		uint64_t page = i % PAGES;

		if (pread(t->vmo->fd, &word, 8, page * page_size) != 8)
			return errno;
		if (word != first || word_at(t->vmo, page) != first) {
			diag("page %lu has %lu, and the first one had %lu", page, word, first);
			return EILSEQ;
		}
	}
	return 0;
}

/* All pages have one value at the moment of the snapshot, and there for ever. */
TEST_F(order, is_one_value_for_ever)
{
	struct test_vmo *vmo = make_vmo(&self->p, variant->paged), *first;
	struct server s;

	ASSERT_NE(NULL, vmo);
	ASSERT_TRUE(server_start(&s, &self->p));
	for (uint64_t round = 1; round < 12; round++) {
		for (uint64_t page = 0; page < PAGES; page++)
			ASSERT_TRUE(vmo_put(vmo, page, round));
		first = new_child(vmo, variant->paged ? ZXP_CHILD_POINT_IN_TIME :
				  ZXP_CHILD_SNAPSHOT, 0, PAGES);
		order_ends = false;
		self->t[0].vmo = first;
		ASSERT_TRUE(thread_start(&self->t[0], look_for_one_value));
		for (uint64_t n = 0; n < 3 * PAGES; n++) {
			if (variant->maps)
				word_at(vmo, n % PAGES) = 1000 + n;
			else
				ASSERT_TRUE(vmo_put(vmo, n % PAGES, 1000 + n));
		}
		order_ends = true;
		ASSERT_TRUE(thread_wait(&self->t[0]));
		vmo_release(first);
	}
	EXPECT_TRUE(server_end(&s));
}

TEST_HARNESS_MAIN

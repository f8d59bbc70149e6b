// SPDX-License-Identifier: GPL-2.0
/*
 * What is unmapped when pages of a copy go or are frozen: all mappings of the family are
 * looked at for that, so it is done once for many pages, and not where others are.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <kselftest_harness.h>

#include "lib/child.h"
#include "lib/fixture.h"
#include "lib/slow.h"

#define PAGES	1024
#define OWN	256
#define MAPPINGS 1100	/* a page with as many references looks as if it were pinned */

PAGER_DATA_AND(child_unmap, speed_up());
FIXTURE_VARIANT(child_unmap)
{
	bool (*change)(struct test_vmo *copy);
};

/* All that is to be seen in @copy is its own up to page OWN, and mapped. */
#define make_own(copy)								\
	struct test_vmo *__root = new_vmo(PAGES), *copy;			\
										\
	ASSERT_TRUE(pager_supply(&self->p, __root, 0, PAGES));			\
	copy = new_clone(__root);						\
	for (uint64_t __i = 0; __i < OWN; __i++)				\
		word_at(copy, __i) = __i + 1

/* How many pages are in the page table of a mapping. */
static uint64_t mapped_pages(struct test_vmo *vmo, uint64_t from, uint64_t end)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t nr = 0, entry;

	for (; from < end; from++)
		if (pread(pagemap, &entry, sizeof(entry), (uintptr_t)page_at(vmo, from) /
			  page_size * sizeof(entry)) == sizeof(entry))
			nr += entry >> 63;
	close(pagemap);
	return nr;
}

static bool zero(struct test_vmo *copy)
{
	return vmo_zero(copy, 0, OWN);
}

static bool shrink(struct test_vmo *copy)
{
	return vmo_resize(copy, 0);
}

static bool supply(struct test_vmo *copy)
{
	struct user_pager *p = copy->pager;
	struct test_vmo *filled = pager_create_vmo(p, OWN);

	return filled && !zxp_supply_aux(p->fd, filled->fd, 0, OWN * page_size, copy->fd, 0);
}

static bool freeze(struct test_vmo *copy)
{
	return vmo_create_child(copy, MODIFIED, 0, PAGES);
}

FIXTURE_VARIANT_ADD(child_unmap, zero) { .change = zero };
FIXTURE_VARIANT_ADD(child_unmap, shrink) { .change = shrink };
FIXTURE_VARIANT_ADD(child_unmap, supply) { .change = supply };
FIXTURE_VARIANT_ADD(child_unmap, freeze) { .change = freeze };

TEST_F(child_unmap, once_for_many)
{
	const struct slow unmap = { "p:unmap_mapping_pages", .times = 1 };
	uint64_t calls;

	make_own(copy);
	SLOW_OR_SKIP(slow_down(&unmap, 1));
	ASSERT_EQ(OWN, mapped_pages(copy, 0, OWN));
	ASSERT_TRUE(variant->change(copy));
	calls = slow_calls();
	speed_up();
	EXPECT_LT(0, calls);
	EXPECT_GT(OWN / 8, calls);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Who maps a page very often has not pinned it. */
TEST_F(child_unmap, many_mappings)
{
	char *map;

	make_own(copy);
	for (int i = 0; i < MAPPINGS; i++) {
		map = mmap(NULL, page_size, PROT_READ, MAP_SHARED, copy->fd, 0);
		ASSERT_NE(MAP_FAILED, map);
		EXPECT_EQ(1, *(volatile uint64_t *)map);
	}
	EXPECT_TRUE(variant->change(copy));
	ASSERT_TRUE(pager_idle(&self->p));
}

PAGER_FIXTURE(child_freeze);

/* What lies between the pages that are frozen stays mapped, by others and by the copy itself. */
TEST_F(child_freeze, unmaps_nothing_else)
{
	struct test_vmo *root = new_vmo(PAGES), *copy, *other;

	ASSERT_TRUE(pager_supply(&self->p, root, 0, PAGES));
	copy = new_clone(root);
	other = new_clone(root);
	ASSERT_TRUE(vmo_matches(copy, 0, PAGES, copy->map));
	ASSERT_TRUE(vmo_matches(other, 0, PAGES, other->map));
	word_at(copy, 0) = 1;
	word_at(copy, PAGES - 1) = 2;
	ASSERT_EQ(PAGES, mapped_pages(copy, 0, PAGES));
	for (int i = 0; i < 2; i++) {
		new_snapshot(copy);
		EXPECT_EQ(0, mapped_pages(copy, 0, 1));
		EXPECT_EQ(0, mapped_pages(copy, PAGES - 1, PAGES));
		EXPECT_EQ(PAGES - 2, mapped_pages(copy, 1, PAGES - 1));
		EXPECT_LE(PAGES - 2, mapped_pages(other, 0, PAGES));
		word_at(copy, 0) = 3;
		word_at(copy, PAGES - 1) = 4;
	}
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN

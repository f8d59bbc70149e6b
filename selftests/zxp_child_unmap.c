// SPDX-License-Identifier: GPL-2.0
/*
 * What is unmapped when pages of a copy go or are frozen: all mappings of the family are
 * looked at for that, so it is done once for many pages, and not where others are.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
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

/* Another mapping of a copy, of a process that does nothing else if that is not 0. */
struct other {
	char *map;
	pid_t pid;
};

static bool map_with(struct other *o, struct test_vmo *copy, int prot, int flags)
{
	o->map = mmap(NULL, PAGES * page_size, prot, flags, copy->fd, 0);
	return o->map != MAP_FAILED;
}

static bool again(struct other *o, struct test_vmo *copy)
{
	return map_with(o, copy, PROT_READ | PROT_WRITE, MAP_SHARED);
}

static bool to_read(struct other *o, struct test_vmo *copy)
{
	return map_with(o, copy, PROT_READ, MAP_SHARED);
}

static bool privately(struct other *o, struct test_vmo *copy)
{
	return map_with(o, copy, PROT_READ | PROT_WRITE, MAP_PRIVATE);
}

/* Behind something else, so that it cannot stay where it is. */
static bool and_moved(struct other *o, struct test_vmo *copy)
{
	char *to = mmap(NULL, PAGES * page_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (to == MAP_FAILED || !again(o, copy))
		return false;
	o->map = mremap(o->map, PAGES * page_size, PAGES * page_size,
			MREMAP_MAYMOVE | MREMAP_FIXED, to);
	return o->map == to;
}

static bool in_parts(struct other *o, struct test_vmo *copy)
{
	return again(o, copy) &&
	       !mprotect(o->map + PAGES / 2 * page_size, page_size, PROT_NONE);
}

static bool by_fork(struct other *o, struct test_vmo *copy)
{
	o->map = copy->map;
	o->pid = fork();
	while (!o->pid)
		pause();
	return o->pid > 0;
}

static bool too_often(struct other *o, struct test_vmo *copy)
{
	for (int i = 0; i < 9; i++)
		if (!again(o, copy))
			return false;
	return true;
}

/* What that process has there, by its own page table. */
static uint64_t word_of(const struct other *o, uint64_t page)
{
	uint64_t word = 0;
	struct iovec to = { &word, sizeof(word) }, from = { o->map + page * page_size, 8 };

	if (process_vm_readv(o->pid ?: getpid(), &to, 1, &from, 1, 0) != 8)
		diag("page %lu of another mapping: %m", page);
	return word;
}

FIXTURE(child_mapped)
{
	struct user_pager p;
	struct other o;
};
FIXTURE_SETUP(child_mapped)
{
	ASSERT_TRUE(user_pager_init(&self->p));
}
FIXTURE_TEARDOWN(child_mapped)
{
	speed_up();
	if (self->o.pid > 0 && !kill(self->o.pid, SIGKILL))
		waitpid(self->o.pid, NULL, 0);
	user_pager_fini(&self->p);
}
FIXTURE_VARIANT(child_mapped)
{
	bool (*map)(struct other *o, struct test_vmo *copy);
	bool unknown;		/* so all mappings of the family are looked at */
};
FIXTURE_VARIANT_ADD(child_mapped, again) { .map = again };
FIXTURE_VARIANT_ADD(child_mapped, to_read) { .map = to_read };
FIXTURE_VARIANT_ADD(child_mapped, and_moved) { .map = and_moved };
FIXTURE_VARIANT_ADD(child_mapped, in_parts) { .map = in_parts };
FIXTURE_VARIANT_ADD(child_mapped, by_fork) { .map = by_fork };
FIXTURE_VARIANT_ADD(child_mapped, privately) { .map = privately, .unknown = true };
FIXTURE_VARIANT_ADD(child_mapped, too_often) { .map = too_often, .unknown = true };

/* Each shows what is stored by another, for which those of siblings are not looked at. */
TEST_F(child_mapped, sees_what_is_stored)
{
	const struct slow unmap = { "p:unmap_mapping_pages", .times = 1 };
	struct test_vmo *root = new_vmo(PAGES), *copy;
	const uint64_t by_write = 6;
	struct other *o = &self->o;
	uint64_t calls;

	ASSERT_TRUE(pager_supply(&self->p, root, 0, PAGES));
	copy = new_clone(root);
	ASSERT_TRUE(variant->map(o, copy));
	for (uint64_t page = 0; page < 3; page++)
		ASSERT_EQ(word_of(o, page), word_at(copy, page));
	SLOW_OR_SKIP(slow_down(&unmap, 1));
	word_at(copy, 1) = 5;
	ASSERT_EQ(0, zxp_vmo_write(copy->fd, 2 * page_size, 8, &by_write));
	calls = slow_calls();
	speed_up();
	EXPECT_EQ(5, word_of(o, 1));
	EXPECT_EQ(by_write, word_of(o, 2));
	EXPECT_EQ(variant->unknown, calls > 0);
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Large folios: in a sealed VMO what is supplied in large aligned pieces is kept in such
 * pieces, on kernels that have them for this, and nobody can tell but by the speed. All
 * other VMOs are a matter of single pages, whoever would like to join them.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>

#include "kselftest_harness.h"
#include "lib/child.h"
#include "lib/client.h"
#include "lib/fixture.h"

/* Pages of the largest folio, and of the VMO. */
#define LARGE	((2 << 20) / page_size)
#define PAGES	(2 * LARGE)

PAGER_FIXTURE(large);

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

#define new_sealed()	new_vmo_flags(PAGES * page_size, 0, ZXP_CREATE_READ_ONLY)

/* Supplied with one call. */
#define supplied(vmo) ({						\
	struct test_vmo *__s = (vmo);					\
									\
	ASSERT_TRUE(pager_supply(&self->p, __s, 0, PAGES));		\
	__s;								\
})

/* Is the page part of something larger? */
static bool is_large(struct test_vmo *vmo, uint64_t page)
{
	return page_is_large(vmo->map + page * page_size);
}

/* Does the kernel collapse files that may have large folios? */
static bool files_collapse(void)
{
	return kernel_has_large_folios() && kernel_is_since(7, 2);
}

/* How much of the mapping is mapped by page table entries of 2 MiB, in kB. */
static long huge_mapped_kb(struct test_vmo *vmo)
{
	char line[256], want[32];
	bool found = false;
	long kb = -1;
	FILE *f = fopen("/proc/self/smaps", "re");

	snprintf(want, sizeof(want), "%lx-", (unsigned long)vmo->map);
	while (f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, want, strlen(want)))
			found = true;
		if (found && sscanf(line, "FilePmdMapped: %ld", &kb) == 1)
			break;
	}
	if (f)
		fclose(f);
	return kb;
}

TEST_F(large, aligned_supply_is_large)
{
	struct test_vmo *vmo = supplied(new_sealed());

	if (kernel_has_large_folios()) {
		EXPECT_TRUE(is_large(vmo, 0));
		EXPECT_TRUE(is_large(vmo, PAGES - 1));
	}
	EXPECT_EQ(PAGES * page_size, vmo_info(vmo).out_resident);
	EXPECT_TRUE(vmo_has(vmo, 0, PAGES, SUPPLIED));
}

/* Whoever may write to it has single pages. */
TEST_F(large, only_if_sealed)
{
	static const uint32_t options[] = {
		0, ZXP_VMO_RESIZABLE, ZXP_VMO_UNBOUNDED, ZXP_VMO_TRAP_DIRTY,
	};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		struct test_vmo *vmo = pager_create_vmo_flags(&self->p, PAGES * page_size,
							      options[i], 0);

		ASSERT_NE(NULL, vmo);
		ASSERT_TRUE(pager_supply(&self->p, vmo, 0, PAGES));
		ASSERT_TRUE(options[i] != ZXP_VMO_UNBOUNDED || vmo_resize(vmo, PAGES));
		EXPECT_FALSE(is_large(vmo, 0));
		EXPECT_FALSE(is_large(vmo, PAGES - 1));
	}
}

/* Some bytes short of alignment at both ends. */
TEST_F(large, unaligned_supply)
{
	struct test_vmo *vmo = new_sealed();

	ASSERT_TRUE(pager_supply(&self->p, vmo, 3, LARGE));
	EXPECT_TRUE(vmo_has(vmo, 3, LARGE, SUPPLIED));
	EXPECT_TRUE(vmo_shows(vmo, 3, LARGE, SUPPLIED));
	EXPECT_EQ(LARGE * page_size, vmo_info(vmo).out_resident);
	EXPECT_FALSE(is_large(vmo, 3));
	if (kernel_has_large_folios())
		EXPECT_TRUE(is_large(vmo, LARGE / 2));
	ASSERT_TRUE(thread_check_vmar(&self->t[0], vmo, 2, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 2, 1));
	ASSERT_TRUE(thread_check_vmar(&self->t[1], vmo, LARGE + 3, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, LARGE + 3, 1));
}

/* What is there already stays as it is. */
TEST_F(large, supply_around_a_page)
{
	struct test_vmo *vmo = new_sealed();

	ASSERT_TRUE(pager_supply_from(&self->p, vmo, 100, 1, 0));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, PAGES));
	EXPECT_TRUE(vmo_has(vmo, 0, 100, SUPPLIED));
	EXPECT_FALSE(vmo_has(vmo, 100, 1, SUPPLIED));
	EXPECT_TRUE(vmo_has(vmo, 101, PAGES - 101, SUPPLIED));
	EXPECT_TRUE(is_clean(vmo));
}

/* The daemon's memory ends in the middle of what would be one folio. */
TEST_F(large, source_ends)
{
	struct test_vmo *vmo = new_sealed();
	struct zxp_supply_pages arg = {
		.vmo_fd = vmo->fd,
		.aux_fd = -1,
		.length = LARGE * page_size,
	};
	char *source = map_anon(LARGE);

	ASSERT_NE(NULL, source);
	vmo_fill(vmo, 0, LARGE, source);
	ASSERT_EQ(0, munmap(source + 40 * page_size, (LARGE - 40) * page_size));
	arg.source = (uintptr_t)source;
	EXPECT_EQ(-EFAULT, zxp_supply(self->p.fd, &arg));
	EXPECT_EQ(40 * page_size, arg.out_done);
	EXPECT_EQ(40 * page_size, arg.out_filled);
	EXPECT_EQ(40 * page_size, vmo_info(vmo).out_resident);
	EXPECT_TRUE(vmo_has(vmo, 0, 40, SUPPLIED));
	ASSERT_TRUE(thread_check_vmar(&self->t[0], vmo, 40, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 40, 1));
	munmap(source, 40 * page_size);
}

TEST_F(large, wakes_who_waits)
{
	struct test_vmo *vmo = new_sealed();

	ASSERT_TRUE(thread_check_vmar(&self->t[0], vmo, 7, 1));
	ASSERT_TRUE(thread_check_read(&self->t[1], vmo, LARGE - 2, 4));
	ASSERT_TRUE(thread_check_vmo(&self->t[2], vmo, PAGES - 1, 1));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 3));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, PAGES));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_wait(&self->t[1]));
	ASSERT_TRUE(thread_wait(&self->t[2]));
	EXPECT_TRUE(pager_idle(&self->p));
}

TEST_F(large, mapped_at_once)
{
	struct test_vmo *vmo;

	if (!kernel_has_large_folios())
		SKIP(return, "no large folios for this on this kernel");
	vmo = supplied(new_sealed());
	ASSERT_EQ(0, (uintptr_t)vmo->map % (2 << 20));
	(void)*(volatile char *)vmo->map;
	EXPECT_EQ(2048, huge_mapped_kb(vmo));
}

TEST_F(large, private_copy)
{
	struct test_vmo *vmo = supplied(new_sealed());
	uint64_t *copy = mmap(NULL, PAGES * page_size, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE, vmo->fd, 0);

	ASSERT_NE(MAP_FAILED, copy);
	copy[9 * page_size / 8] = STORED_WORD;
	EXPECT_TRUE(is_clean(vmo));
	EXPECT_TRUE(vmo_shows(vmo, 0, PAGES, SUPPLIED));
	EXPECT_TRUE(content_is(vmo, 0, 9, SUPPLIED, copy));
	munmap(copy, PAGES * page_size);
}

/* A hint about a part of a folio is no reason to lose the rest. */
TEST_F(large, dont_need)
{
	struct test_vmo *vmo = supplied(new_sealed());
	struct test_thread *t = &self->t[0];

	ASSERT_TRUE(thread_op(t, vmo, ZXP_VMO_OP_DONT_NEED, 1, LARGE - 2));
	ASSERT_TRUE(thread_wait(t));
	EXPECT_TRUE(vmo_has(vmo, 0, 1, SUPPLIED));
	EXPECT_TRUE(vmo_has(vmo, LARGE - 1, 1, SUPPLIED));
	EXPECT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(drain_lru());
	ASSERT_TRUE(thread_op(t, vmo, ZXP_VMO_OP_DONT_NEED, 0, PAGES));
	ASSERT_TRUE(thread_wait(t));
	EXPECT_EQ(0, vmo_info(vmo).out_resident);
}

TEST_F(large, detach)
{
	struct test_vmo *vmo = supplied(new_sealed());

	EXPECT_TRUE(vmo_shows(vmo, 0, PAGES, SUPPLIED));
	ASSERT_TRUE(pager_detach(&self->p, vmo));
	EXPECT_EQ(0, vmo_info(vmo).out_resident);
	EXPECT_TRUE(crashes(vmo->map, SIGBUS));
	EXPECT_TRUE(crashes(vmo->map + LARGE * page_size, SIGBUS));
}

/* Reclaim takes it, and it is asked for again. */
TEST_F(large, reclaim)
{
	struct test_vmo *vmo = supplied(new_sealed());

	EXPECT_TRUE(vmo_shows(vmo, 0, PAGES, SUPPLIED));
	ASSERT_TRUE(drain_lru());
	ASSERT_EQ(0, madvise(vmo->map, PAGES * page_size, MADV_PAGEOUT));
	ASSERT_EQ(0, vmo_info(vmo).out_resident);
	ASSERT_TRUE(thread_check_vmar(&self->t[0], vmo, 50, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 50, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 50, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, PAGES));
	EXPECT_TRUE(vmo_has(vmo, 0, PAGES, SUPPLIED));
}

/*
 * Two pages of what could be one folio are stored to, and written back apart; the second
 * is dirty, then awaiting, while the VMO is cut right behind it.
 */
TEST_F(large, stores_are_seen_page_by_page)
{
	struct test_vmo *vmo = supplied(new_vmo_options(PAGES, ZXP_VMO_RESIZABLE));
	static const uint64_t stored[] = { 5, 300 };

	(void)*(volatile char *)vmo->map;
	for (int i = 0; i < 2; i++)
		*(volatile uint64_t *)(vmo->map + stored[i] * page_size) = STORED_WORD;
	EXPECT_TRUE(is_dirty(vmo, DATA(5, 1), DATA(300, 1)));
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 5, 1));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 5, 1));
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 300, 1));
	ASSERT_TRUE(vmo_resize(vmo, 301));
	ASSERT_EQ(0, madvise(vmo->map, 301 * page_size, MADV_DONTNEED));
	ASSERT_TRUE(drop_caches(1));
	EXPECT_TRUE(is_dirty(vmo, DATA(300, 1)));
	EXPECT_EQ(STORED_WORD, *(volatile uint64_t *)(vmo->map + 300 * page_size));
	EXPECT_EQ(vmo_word(vmo, 300 * page_size / 8 + 1),
		  *(volatile uint64_t *)(vmo->map + 300 * page_size + 8));
	EXPECT_EQ(page_size, vmo_info(vmo).out_resident);
	EXPECT_TRUE(pager_idle(&self->p));
	/* What the daemon has is asked of it again. */
	ASSERT_TRUE(thread_check_vmar(&self->t[0], vmo, 299, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 299, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 301));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(vmo_has(vmo, 0, 300, SUPPLIED));
	EXPECT_EQ(STORED_WORD, *(volatile uint64_t *)(vmo->map + 300 * page_size));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 300, 1));
	EXPECT_TRUE(is_clean(vmo));
}

/* Nobody pays for more than he stores, and what others have locked stays where it is. */
TEST_F(large, store_beside_locked_memory)
{
	struct test_vmo *vmo = supplied(new_vmo(PAGES));
	char *other = mmap(NULL, PAGES * page_size, PROT_READ, MAP_SHARED, vmo->fd, 0);

	ASSERT_NE(MAP_FAILED, other);
	ASSERT_EQ(0, mlock(other, PAGES * page_size));
	*(volatile uint64_t *)(vmo->map + 5 * page_size) = STORED_WORD;
	ASSERT_TRUE(vmo_zero(vmo, 20, 2));
	EXPECT_TRUE(is_dirty(vmo, DATA(5, 1), ZERO(20, 2)));
	for (uint64_t page = 0; page < PAGES; page++)
		EXPECT_EQ(page / 2 != 10, is_mapped(other + page * page_size));
	EXPECT_TRUE(pager_idle(&self->p));
	munmap(other, PAGES * page_size);
}

/* The kernel joins nothing where somebody may write. */
TEST_F(large, collapse_of_what_is_written_to)
{
	struct test_vmo *vmo = supplied(new_vmo_options(PAGES, ZXP_VMO_RESIZABLE));

	(void)*(volatile char *)vmo->map;
	*(volatile uint64_t *)(vmo->map + 5 * page_size) = STORED_WORD;
	EXPECT_EQ(-1, madvise(vmo->map, PAGES * page_size, MADV_COLLAPSE));
	EXPECT_EQ(EINVAL, errno);
	ASSERT_EQ(0, madvise(vmo->map, PAGES * page_size, MADV_HUGEPAGE));
	EXPECT_EQ(-1, madvise(vmo->map, PAGES * page_size, MADV_COLLAPSE));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_FALSE(is_large(vmo, LARGE));
	*(volatile uint64_t *)(vmo->map + 300 * page_size) = STORED_WORD;
	EXPECT_TRUE(is_dirty(vmo, DATA(5, 1), DATA(300, 1)));
}

/*
 * In a sealed VMO newer kernels may: what comes out is what would have been supplied so.
 * Where a page is missing, or zero without one, there is nothing to join.
 */
TEST_F(large, collapse_of_what_is_sealed)
{
	uint64_t zero = LARGE + 40, missing = LARGE + 80, page;
	struct test_vmo *vmo = new_sealed();

	ASSERT_TRUE(pager_supply_zero(&self->p, vmo, zero, 1));
	for (page = 0; page < PAGES; page++) {
		if (page != zero && page != missing) {
			ASSERT_TRUE(pager_supply(&self->p, vmo, page, 1));
		}
	}
	EXPECT_TRUE(vmo_shows(vmo, 0, LARGE, SUPPLIED));
	EXPECT_FALSE(is_large(vmo, 0));
	EXPECT_EQ(files_collapse() ? 0 : -1,
		  madvise(vmo->map, LARGE * page_size, MADV_COLLAPSE));
	EXPECT_EQ(files_collapse(), is_large(vmo, 0));
	EXPECT_EQ(-1, madvise(vmo->map + LARGE * page_size, LARGE * page_size,
			      MADV_COLLAPSE));
	EXPECT_FALSE(is_large(vmo, LARGE));
	EXPECT_TRUE(vmo_has(vmo, 0, zero, SUPPLIED));
	EXPECT_TRUE(vmo_shows(vmo, 0, zero, SUPPLIED));
	EXPECT_TRUE(vmo_has(vmo, zero, 1, ZEROES));
	EXPECT_TRUE(is_clean(vmo));
	EXPECT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(thread_check_vmar(&self->t[0], vmo, missing, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, missing, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, missing, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
}

/* A mapping where an entry of 2 MiB could be. */
static char *map_where_it_fits(int fd, int prot, int flags)
{
	size_t align = LARGE * page_size, bytes = PAGES * page_size;
	char *room = mmap(NULL, bytes + align, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (room == MAP_FAILED)
		return NULL;
	room += align - (uintptr_t)room % align;
	return mmap(room, bytes, prot, flags | MAP_FIXED, fd, 0) == room ? room : NULL;
}

/* All of it is mapped, and yet the kernel joins nothing. */
static bool nothing_is_joined(struct test_vmo *vmo, int prot, int flags)
{
	char *map = map_where_it_fits(vmo->fd, prot, flags);
	bool ok = map;

	for (uint64_t page = 0; ok && page < PAGES; page++) {
		(void)*(volatile char *)(map + page * page_size);
		if (flags & MAP_PRIVATE && page < LARGE)
			*(volatile char *)(map + page * page_size + 8) = 1;
	}
	ok = ok && madvise(map, PAGES * page_size, MADV_COLLAPSE) &&
	     !madvise(map, PAGES * page_size, MADV_HUGEPAGE) &&
	     madvise(map, LARGE * page_size, MADV_COLLAPSE);
	if (map)
		munmap(map, PAGES * page_size);
	return ok && !is_large(vmo, 0) && !is_large(vmo, PAGES - 1);
}

#define EXPECT_NOTHING_JOINED(vmo, prot) do {					\
	EXPECT_TRUE(nothing_is_joined(vmo, PROT_READ, MAP_SHARED));		\
	EXPECT_TRUE(nothing_is_joined(vmo, prot, MAP_SHARED));			\
	EXPECT_TRUE(nothing_is_joined(vmo, PROT_READ | PROT_WRITE, MAP_PRIVATE));	\
} while (0)

/* An entry of 2 MiB would hide what a copy has for itself. See also zxp_large_copy.c. */
TEST_F(large, collapse_over_copies)
{
	static const uint32_t flags[] = { 0, ZXP_CREATE_READ_ONLY | ZXP_CREATE_COPIES };
	const int both = PROT_READ | PROT_WRITE;

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		struct test_vmo *vmo = new_vmo_flags(PAGES * page_size, 0, flags[i]);
		struct test_vmo *clone = new_child(vmo, AT_LEAST, 0, PAGES), *snapshot;
		uint64_t word = vmo_word(vmo, 6 * page_size / 8);

		/* So they are single ones in any case. */
		for (uint64_t page = 0; page < PAGES; page++)
			ASSERT_TRUE(pager_supply(&self->p, vmo, page, 1));
		EXPECT_NOTHING_JOINED(clone, both);
		ASSERT_TRUE(vmo_put(clone, 5, 1));
		snapshot = new_child(clone, MODIFIED, 0, PAGES);
		EXPECT_NOTHING_JOINED(vmo, flags[i] ? PROT_READ : both);
		EXPECT_NOTHING_JOINED(clone, both);
		EXPECT_NOTHING_JOINED(snapshot, both);
		word_at(clone, 6) = 2;
		EXPECT_TRUE(vmo_word_is(clone, 5, 1) && vmo_word_is(clone, 6, 2));
		EXPECT_TRUE(vmo_word_is(snapshot, 5, 1) && vmo_word_is(snapshot, 6, word));
		EXPECT_TRUE(vmo_word_is(vmo, 6, word));
		EXPECT_TRUE(vmo_has(vmo, 0, PAGES, SUPPLIED));
		vmo_release(snapshot);
		/* All of it is its own. */
		for (uint64_t page = 0; page < PAGES; page++)
			ASSERT_TRUE(vmo_put(clone, page, page + 1));
		EXPECT_NOTHING_JOINED(clone, both);
		for (uint64_t page = 0; page < PAGES; page++)
			ASSERT_TRUE(vmo_word_is(clone, page, page + 1));
		EXPECT_EQ(PAGES, child_own_pages(clone));
		vmo_release(clone);
	}
	EXPECT_TRUE(pager_idle(&self->p));
}

/* Nor are pages joined of which there are to be before-images. */
TEST_F(large, collapse_under_a_snapshot)
{
	struct test_vmo *vmo = pager_create_plain(&self->p, PAGES, 0), *first;
	const int both = PROT_READ | PROT_WRITE;

	ASSERT_NE(NULL, vmo);
	for (uint64_t page = 0; page < PAGES; page++)
		ASSERT_TRUE(vmo_put(vmo, page, page + 1));
	first = new_child(vmo, ZXP_CHILD_SNAPSHOT, 0, PAGES);
	EXPECT_NOTHING_JOINED(vmo, both);
	EXPECT_NOTHING_JOINED(first, both);
	for (uint64_t page = 0; page < PAGES; page += 2)
		word_at(vmo, page) = 1000 + page;
	EXPECT_NOTHING_JOINED(vmo, both);
	EXPECT_NOTHING_JOINED(first, both);
	for (uint64_t page = 0; page < PAGES; page++) {
		ASSERT_TRUE(vmo_word_is(first, page, page + 1));
		ASSERT_TRUE(vmo_word_is(vmo, page, page % 2 ? page + 1 : 1000 + page));
	}
}

TEST_HARNESS_MAIN

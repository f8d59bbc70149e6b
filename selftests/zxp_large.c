// SPDX-License-Identifier: GPL-2.0
/*
 * Large folios: what is supplied in large aligned pieces is kept in such pieces, on
 * kernels that have them for this, and nobody can tell but by the speed. What is
 * written to, cleared or cut off is still a matter of single pages. All but the first
 * test hold on every kernel.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>

#include "kselftest_harness.h"
#include "lib/client.h"
#include "lib/fixture.h"
#include "lib/pin.h"

/* Pages of the largest folio, and of the VMO. */
#define LARGE	((2 << 20) / page_size)
#define PAGES	(2 * LARGE)

PAGER_FIXTURE(large);

/* A VMO, supplied with one call. */
#define new_supplied(options) ({					\
	struct test_vmo *__v = new_vmo_options(PAGES, options);		\
									\
	ASSERT_TRUE(pager_supply(&self->p, __v, 0, PAGES));		\
	__v;								\
})

static uint64_t read_u64(const char *path, uint64_t index)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t value = 0;

	if (fd < 0 || pread(fd, &value, sizeof(value), index * 8) != sizeof(value))
		diag("%s: %s", path, strerror(errno));
	close(fd);
	return value;
}

/* Is the page part of something larger? */
static bool is_large(struct test_vmo *vmo, uint64_t page)
{
	volatile char *address = vmo->map + page * page_size;
	uint64_t frame, flags;

	(void)*address;
	frame = read_u64("/proc/self/pagemap", (uintptr_t)address / page_size) &
		((1ULL << 55) - 1);
	flags = read_u64("/proc/kpageflags", frame);
	/* KPF_COMPOUND_HEAD and KPF_COMPOUND_TAIL */
	return frame && flags & (3ULL << 15);
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
	struct test_vmo *vmo, *trap;

	if (!kernel_has_large_folios())
		SKIP(return, "no large folios for this on this kernel");
	vmo = new_supplied(0);
	trap = new_supplied(ZXP_VMO_TRAP_DIRTY);
	EXPECT_TRUE(is_large(vmo, 0));
	EXPECT_TRUE(is_large(vmo, PAGES - 1));
	EXPECT_FALSE(is_large(trap, 0));
	EXPECT_FALSE(is_large(trap, PAGES - 1));
	EXPECT_EQ(PAGES * page_size, vmo_info(vmo).out_resident);
	EXPECT_EQ(PAGES * page_size, vmo_info(trap).out_resident);
}

/* Some bytes short of alignment at both ends. */
TEST_F(large, unaligned_supply)
{
	struct test_vmo *vmo = new_vmo(PAGES);

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
	struct test_vmo *vmo = new_vmo(PAGES);

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
	struct test_vmo *vmo = new_vmo(PAGES);
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
	struct test_vmo *vmo = new_vmo(PAGES);

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
	vmo = new_supplied(0);
	ASSERT_EQ(0, (uintptr_t)vmo->map % (2 << 20));
	(void)*(volatile char *)vmo->map;
	EXPECT_EQ(2048, huge_mapped_kb(vmo));
	/* A store is to be seen: from then on it is single pages. */
	*(volatile uint64_t *)vmo->map = STORED_WORD;
	EXPECT_EQ(0, huge_mapped_kb(vmo));
	EXPECT_TRUE(is_dirty(vmo, DATA(0, 1)));
}

FIXTURE(large_write)
{
	struct user_pager p;
	struct test_thread t[MAX_THREADS];
};

FIXTURE_VARIANT(large_write)
{
	start_fn write;
};

FIXTURE_VARIANT_ADD(large_write, Vmar) { .write = thread_write_vmar };
FIXTURE_VARIANT_ADD(large_write, Vmo) { .write = thread_write_vmo };
FIXTURE_VARIANT_ADD(large_write, Write) { .write = thread_write_file };

FIXTURE_SETUP(large_write)
{
	ASSERT_TRUE(user_pager_init(&self->p));
}

FIXTURE_TEARDOWN(large_write)
{
	user_pager_fini(&self->p);
}

TEST_F(large_write, one_page_is_dirty)
{
	struct test_vmo *vmo = new_supplied(0);

	/* Mapped, some of it. */
	EXPECT_TRUE(vmo_shows(vmo, 0, 10, SUPPLIED));
	ASSERT_TRUE(variant->write(&self->t[0], vmo, 5, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(is_dirty(vmo, DATA(5, 1)));
	EXPECT_TRUE(vmo_has(vmo, 5, 1, WRITTEN));
	EXPECT_TRUE(vmo_shows(vmo, 5, 1, WRITTEN));
	EXPECT_TRUE(vmo_shows(vmo, 0, 5, SUPPLIED));
	EXPECT_TRUE(vmo_shows(vmo, 6, PAGES - 6, SUPPLIED));
	EXPECT_EQ(PAGES * page_size, vmo_info(vmo).out_resident);
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, PAGES));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, PAGES));
	EXPECT_TRUE(is_clean(vmo));
	EXPECT_TRUE(pager_idle(&self->p));
}

/* From the end of one folio into the next. */
TEST_F(large_write, across_a_border)
{
	struct test_vmo *vmo = new_supplied(0);

	ASSERT_TRUE(variant->write(&self->t[0], vmo, LARGE - 2, 4));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(is_dirty(vmo, DATA(LARGE - 2, 4)));
	EXPECT_TRUE(vmo_has(vmo, LARGE - 2, 4, WRITTEN));
	EXPECT_TRUE(vmo_has(vmo, 0, LARGE - 2, SUPPLIED));
	EXPECT_TRUE(vmo_has(vmo, LARGE + 2, LARGE - 2, SUPPLIED));
}

/*
 * Pinned to be read from, so that it cannot be split: the writer and whoever has it
 * pinned see one memory, and the daemon hears of all that may have been written.
 */
TEST_F(large_write, pinned)
{
	struct test_vmo *vmo = new_supplied(0);
	struct pin pin = {};

	ASSERT_TRUE(pin_start(&pin, vmo, 8, 4, false));
	ASSERT_TRUE(pin_held(&pin));
	ASSERT_TRUE(variant->write(&self->t[0], vmo, 20, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(vmo_has(vmo, 20, 1, WRITTEN));
	EXPECT_TRUE(vmo_shows(vmo, 20, 1, WRITTEN));
	if (kernel_has_large_folios()) {
		EXPECT_TRUE(is_dirty(vmo, DATA(0, LARGE)));
		/* It may change at any time, so it stays dirty. */
		ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, PAGES));
		ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, PAGES));
		EXPECT_TRUE(is_dirty(vmo, DATA(0, LARGE)));
		EXPECT_TRUE(is_large(vmo, 20));
	} else {
		EXPECT_TRUE(is_dirty(vmo, DATA(20, 1)));
	}
	ASSERT_TRUE(pin_release(&pin));

	/* Now it can be split: of a part of the range only that part is begun. */
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, 64));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 64));
	if (kernel_has_large_folios())
		EXPECT_TRUE(is_dirty(vmo, DATA(64, LARGE - 64)));
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, PAGES));
	EXPECT_FALSE(is_large(vmo, 20));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, PAGES));
	EXPECT_TRUE(is_clean(vmo));
	EXPECT_TRUE(vmo_has(vmo, 0, 20, SUPPLIED));
	EXPECT_TRUE(vmo_has(vmo, 20, 1, WRITTEN));
	EXPECT_TRUE(vmo_has(vmo, 21, PAGES - 21, SUPPLIED));
}

TEST_F(large, private_copy)
{
	struct test_vmo *vmo = new_supplied(0);
	uint64_t *copy = mmap(NULL, PAGES * page_size, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE, vmo->fd, 0);

	ASSERT_NE(MAP_FAILED, copy);
	copy[9 * page_size / 8] = STORED_WORD;
	EXPECT_TRUE(is_clean(vmo));
	EXPECT_TRUE(vmo_shows(vmo, 0, PAGES, SUPPLIED));
	EXPECT_TRUE(content_is(vmo, 0, 9, SUPPLIED, copy));
	munmap(copy, PAGES * page_size);
}

#define ROUNDS	8

struct reader {
	struct test_vmo *vmo;
	volatile bool stop;
	volatile uint64_t rounds;
};

/* Looks into the middle of pages in all of it, by the mapping and by read(). */
static int read_all_the_time(struct test_thread *t)
{
	struct reader *r = t->arg;
	uint64_t half = page_size / 16, page, i, words[8];

	while (!r->stop) {
		for (page = 3; page < PAGES; page += 10) {
			i = page * page_size / 8 + half;
			if (*(volatile uint64_t *)(r->vmo->map + i * 8) !=
			    vmo_word(r->vmo, i))
				return EILSEQ;
			if (pread(r->vmo->fd, words, sizeof(words), i * 8) !=
			    sizeof(words))
				return errno ?: ENODATA;
			if (words[7] != vmo_word(r->vmo, i + 7))
				return EILSEQ;
		}
		r->rounds++;
	}
	return 0;
}

/* While a folio is split its pages are missing for a moment. Nobody notices. */
TEST_F(large, split_is_not_noticed)
{
	struct test_vmo *vmo = new_vmo_options(PAGES, 0);
	struct reader r = { .vmo = vmo };
	uint64_t rounds, page;
	unsigned int i, n;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, PAGES));
	for (i = 0; i < 3; i++) {
		self->t[i].arg = &r;
		ASSERT_TRUE(thread_start(&self->t[i], read_all_the_time));
	}
	for (n = 0; n < ROUNDS; n++) {
		/* All of it is clean, and goes, and comes back large. */
		rounds = r.rounds;
		for (page = 13; page < PAGES; page += LARGE)
			*(volatile uint64_t *)(vmo->map + page * page_size) =
				vmo_word(vmo, page * page_size / 8);
		ASSERT_TRUE(wait_until(r.rounds > rounds));
		ASSERT_TRUE(is_dirty(vmo, DATA(13, 1), DATA(LARGE + 13, 1)));
		EXPECT_TRUE(pager_idle(&self->p));
		ASSERT_EQ(0, vmo_info(vmo).out_read_packets);
		if (n < ROUNDS - 1) {
			r.stop = true;
			for (i = 0; i < 3; i++)
				ASSERT_TRUE(thread_wait(&self->t[i]));
			r.stop = false;
			ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, PAGES));
			ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, PAGES));
			ASSERT_EQ(0, madvise(vmo->map, PAGES * page_size,
					     MADV_DONTNEED));
			ASSERT_EQ(0, write_file("/proc/sys/vm/drop_caches", "1"));
			ASSERT_EQ(0, vmo_info(vmo).out_resident);
			ASSERT_TRUE(pager_supply(&self->p, vmo, 0, PAGES));
			for (i = 0; i < 3; i++)
				ASSERT_TRUE(thread_start(&self->t[i],
							 read_all_the_time));
		}
	}
	r.stop = true;
	for (i = 0; i < 3; i++)
		ASSERT_TRUE(thread_wait(&self->t[i]));
}

TEST_F(large, cut_in_the_middle)
{
	struct test_vmo *vmo = new_supplied(ZXP_VMO_RESIZABLE);

	ASSERT_TRUE(vmo_resize(vmo, 77));
	EXPECT_TRUE(vmo_has(vmo, 0, 77, SUPPLIED));
	EXPECT_EQ(77 * page_size, vmo_info(vmo).out_resident);
	EXPECT_TRUE(is_clean(vmo));
	ASSERT_TRUE(vmo_resize(vmo, PAGES));
	EXPECT_TRUE(vmo_has(vmo, 0, 77, SUPPLIED));
	EXPECT_TRUE(vmo_has(vmo, 77, PAGES - 77, ZEROES));
	EXPECT_TRUE(is_dirty(vmo, ZERO(77, PAGES - 77)));
	EXPECT_TRUE(pager_idle(&self->p));
}

TEST_F(large, stream_cut_in_the_middle)
{
	struct test_vmo *vmo = new_supplied(ZXP_VMO_RESIZABLE);

	ASSERT_TRUE(thread_set_stream(&self->t[0], vmo, 77 * page_size + 100));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(vmo_has(vmo, 0, 77, SUPPLIED));
	EXPECT_TRUE(vmo_has(vmo, 78, PAGES - 78, ZEROES));
	EXPECT_TRUE(is_zero(vmo->map + 77 * page_size + 100, page_size - 100));
	EXPECT_TRUE(is_dirty(vmo, DATA(77, 1)));
	EXPECT_TRUE(pager_idle(&self->p));
}

TEST_F(large, zeroes_in_the_middle)
{
	struct test_vmo *vmo = new_supplied(0);

	EXPECT_TRUE(vmo_shows(vmo, 0, PAGES, SUPPLIED));
	ASSERT_TRUE(vmo_zero(vmo, 20, LARGE));
	EXPECT_TRUE(is_dirty(vmo, ZERO(20, LARGE)));
	EXPECT_TRUE(vmo_shows(vmo, 0, 20, SUPPLIED));
	EXPECT_TRUE(vmo_shows(vmo, 20, LARGE, ZEROES));
	EXPECT_TRUE(vmo_shows(vmo, LARGE + 20, LARGE - 20, SUPPLIED));
	EXPECT_TRUE(pager_idle(&self->p));
}

/* Parts of pages at both ends. */
TEST_F(large, zeroes_of_some_bytes)
{
	struct test_vmo *vmo = new_supplied(0);
	uint64_t from = 20 * page_size + 8, to = 30 * page_size - 8;

	ASSERT_TRUE(thread_zero(&self->t[0], vmo, from, to - from));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(is_dirty(vmo, DATA(20, 1), ZERO(21, 8), DATA(29, 1)));
	EXPECT_TRUE(is_zero(vmo->map + from, to - from));
	EXPECT_EQ(vmo_word(vmo, from / 8 - 1), *(uint64_t *)(vmo->map + from - 8));
	EXPECT_EQ(vmo_word(vmo, to / 8), *(uint64_t *)(vmo->map + to));
	EXPECT_TRUE(vmo_shows(vmo, 0, 20, SUPPLIED));
	EXPECT_TRUE(vmo_shows(vmo, 30, PAGES - 30, SUPPLIED));
}

/* All of a range that is pinned in part: what is pinned is written to instead. */
TEST_F(large, zeroes_where_pinned)
{
	struct test_vmo *vmo = new_supplied(0);
	struct pin pin = {};

	ASSERT_TRUE(pin_start(&pin, vmo, 8, 4, false));
	ASSERT_TRUE(pin_held(&pin));
	ASSERT_TRUE(vmo_zero(vmo, 6, 8));
	EXPECT_TRUE(vmo_has(vmo, 6, 8, ZEROES));
	EXPECT_TRUE(vmo_has(vmo, 0, 6, SUPPLIED));
	EXPECT_TRUE(vmo_has(vmo, 14, PAGES - 14, SUPPLIED));
	ASSERT_TRUE(pin_release(&pin));
	EXPECT_TRUE(vmo_has(vmo, 6, 8, ZEROES));
}

TEST_F(large, pinned_is_not_cut_off)
{
	struct test_vmo *vmo = new_supplied(ZXP_VMO_RESIZABLE);
	struct pin pin = {};

	ASSERT_TRUE(pin_start(&pin, vmo, 80, 4, false));
	ASSERT_TRUE(pin_held(&pin));
	ASSERT_TRUE(thread_set_size(&self->t[0], vmo, 77 * page_size));
	ASSERT_TRUE(thread_wait_failure(&self->t[0], ESTALE));
	EXPECT_TRUE(vmo_has(vmo, 0, PAGES, SUPPLIED));
	ASSERT_TRUE(pin_release(&pin));
	ASSERT_TRUE(vmo_resize(vmo, 77));
	EXPECT_TRUE(vmo_has(vmo, 0, 77, SUPPLIED));
}

/* A hint about a part of a folio is no reason to lose the rest. */
TEST_F(large, dont_need)
{
	struct test_thread *t = &self->t[0];
	struct test_vmo *vmo;

	ASSERT_TRUE(stay_on_cpu());
	vmo = new_supplied(0);
	ASSERT_TRUE(thread_op(t, vmo, ZXP_VMO_OP_DONT_NEED, 1, LARGE - 2));
	ASSERT_TRUE(thread_wait(t));
	EXPECT_TRUE(vmo_has(vmo, 0, 1, SUPPLIED));
	EXPECT_TRUE(vmo_has(vmo, LARGE - 1, 1, SUPPLIED));
	EXPECT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(thread_op(t, vmo, ZXP_VMO_OP_DONT_NEED, 0, PAGES));
	ASSERT_TRUE(thread_wait(t));
	EXPECT_EQ(0, vmo_info(vmo).out_resident);
}

TEST_F(large, detach)
{
	struct test_vmo *vmo = new_supplied(0);

	EXPECT_TRUE(vmo_shows(vmo, 0, PAGES, SUPPLIED));
	ASSERT_TRUE(thread_write_vmar(&self->t[0], vmo, 9, 2));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_detach(&self->p, vmo));
	EXPECT_EQ(2 * page_size, vmo_info(vmo).out_resident);
	EXPECT_TRUE(vmo_has(vmo, 9, 2, WRITTEN));
	EXPECT_TRUE(crashes(vmo->map, SIGBUS));
	EXPECT_TRUE(crashes(vmo->map + LARGE * page_size, SIGBUS));
	EXPECT_TRUE(is_dirty(vmo, DATA(9, 2)));
}

/* Reclaim takes it, and it is asked for again. */
TEST_F(large, reclaim)
{
	struct test_vmo *vmo = new_supplied(0);

	EXPECT_TRUE(vmo_shows(vmo, 0, PAGES, SUPPLIED));
	ASSERT_EQ(0, madvise(vmo->map, PAGES * page_size, MADV_PAGEOUT));
	ASSERT_EQ(0, vmo_info(vmo).out_resident);
	ASSERT_TRUE(thread_check_vmar(&self->t[0], vmo, 50, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 50, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 50, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, PAGES));
	EXPECT_TRUE(vmo_has(vmo, 0, PAGES, SUPPLIED));
}

TEST_HARNESS_MAIN

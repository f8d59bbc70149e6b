// SPDX-License-Identifier: GPL-2.0
/*
 * Zircon's tests of zero ranges that are being written back: how far, and what
 * writes, BEGIN and END do to that.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <kselftest_harness.h>

#include "lib/fixture.h"

TRAP_FIXTURE(interval);

/*
 * Page 0 is there and clean, and what is behind it up to @pages is a zero range, which
 * was read through a mapping.
 */
#define new_interval(pages) ({						\
	struct test_vmo *__vmo = new_trap_vmo(1);			\
									\
	ASSERT_TRUE(pager_supply(&self->p, __vmo, 0, 1));		\
	ASSERT_TRUE(vmo_resize(__vmo, pages));				\
	ASSERT_TRUE(vmo_shows(__vmo, 1, (pages) - 1, ZEROES));		\
	EXPECT_EQ(page_size, vmo_info(__vmo).out_resident);		\
	ASSERT_TRUE(is_dirty(__vmo, ZERO(1, (pages) - 1)));		\
	__vmo;								\
})

/* A mapping that has read zeroes does so after END, and nobody is asked. */
#define still_zeroes(vmo, page, nr) do {				\
	EXPECT_TRUE(vmo_shows(vmo, page, nr, ZEROES));			\
	ASSERT_TRUE(pager_idle(&self->p));				\
} while (0)

/* Pages that END has cleaned as zeroes are the pager's again. */
#define must_be_supplied(vmo, page, nr) do {				\
	ASSERT_TRUE(thread_check_vmo(&self->t[0], vmo, page, nr));	\
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, page, nr));		\
	ASSERT_TRUE(pager_supply(&self->p, vmo, page, nr));		\
	ASSERT_TRUE(thread_wait(&self->t[0]));				\
} while (0)

TEST_F(interval, ResizeWritebackNonIntersectingWrite)
{
	struct test_vmo *vmo = new_interval(10);

	ASSERT_TRUE(pager_writeback_begin_zero(&self->p, vmo, 1, 3));
	/* Before it, and behind what is being written of it. */
	write_granted(vmo, 0, 1);
	write_granted(vmo, 6, 1);
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1), ZERO(1, 5), DATA(6, 1), ZERO(7, 3)));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 1, 3));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1), ZERO(4, 2), DATA(6, 1), ZERO(7, 3)));
	still_zeroes(vmo, 1, 5);
	EXPECT_TRUE(vmo_shows(vmo, 6, 1, WRITTEN));
	must_be_supplied(vmo, 1, 3);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A write splits it, and END cleans both parts, but not that page. */
TEST_F(interval, ResizeWritebackIntersectingWrite)
{
	struct test_vmo *vmo = new_interval(10);

	ASSERT_TRUE(pager_writeback_begin_zero(&self->p, vmo, 1, 5));
	write_granted(vmo, 3, 1);
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 2), DATA(3, 1), ZERO(4, 6)));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 1, 5));
	ASSERT_TRUE(is_dirty(vmo, DATA(3, 1), ZERO(6, 4)));
	still_zeroes(vmo, 1, 2);
	still_zeroes(vmo, 4, 6);
	EXPECT_TRUE(vmo_shows(vmo, 3, 1, WRITTEN));
	must_be_supplied(vmo, 4, 2);

	/* At its start: what is being written is shorter by that page. */
	vmo = new_interval(10);
	ASSERT_TRUE(pager_writeback_begin_zero(&self->p, vmo, 1, 5));
	write_granted(vmo, 1, 1);
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 1, 5));
	ASSERT_TRUE(is_dirty(vmo, DATA(1, 1), ZERO(6, 4)));

	/* At its end. */
	vmo = new_interval(10);
	ASSERT_TRUE(pager_writeback_begin_zero(&self->p, vmo, 1, 5));
	write_granted(vmo, 5, 1);
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 1, 5));
	ASSERT_TRUE(is_dirty(vmo, DATA(5, 1), ZERO(6, 4)));
	ASSERT_TRUE(pager_idle(&self->p));
}

#define RANDOM_PAGES	40

TEST_F(interval, ResizeWritebackIntersectingRandomWrites)
{
	struct dirty_range want[RANDOM_PAGES];
	struct test_vmo *vmo = new_interval(RANDOM_PAGES);
	bool written[RANDOM_PAGES] = { 0 };
	unsigned int seed, i, nr = 0;

	ASSERT_EQ((ssize_t)sizeof(seed), getrandom(&seed, sizeof(seed), 0));
	diag("seed %u", seed);
	srandom(seed);
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, RANDOM_PAGES));
	/*
	 * In ascending order, as there: when all of the front part has become pages,
	 * what was known of the parts behind it is gone with it.
	 */
	for (i = 1; i < RANDOM_PAGES; i++) {
		written[i] = random() % 3 == 0;
		if (written[i]) {
			write_granted(vmo, i, 1);
		}
	}
	for (i = 0; i < RANDOM_PAGES; i++) {
		if (!written[i])
			continue;
		if (i && written[i - 1])
			want[nr - 1].nr++;
		else
			want[nr++] = (struct dirty_range)DATA(i, 1);
	}
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, RANDOM_PAGES));
	ASSERT_TRUE(dirty_ranges_are(vmo, want, nr));
	for (i = 0; i < nr; i++) {
		EXPECT_TRUE(vmo_has(vmo, want[i].page, want[i].nr, WRITTEN));
	}
	ASSERT_TRUE(pager_idle(&self->p));
}

/* The part that knows how far becomes a page: the rest is written once more. */
TEST_F(interval, ResizeWritebackLostFront)
{
	struct test_vmo *vmo = new_interval(10);

	ASSERT_TRUE(pager_writeback_begin_zero(&self->p, vmo, 1, 9));
	write_granted(vmo, 2, 1);
	write_granted(vmo, 1, 1);
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 1, 9));
	ASSERT_TRUE(is_dirty(vmo, DATA(1, 2), ZERO(3, 7)));
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 1, 9));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 1, 9));
	ASSERT_TRUE(is_clean(vmo));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* The end that is cut off does not come back by an END for the old length. */
TEST_F(interval, ResizeWritebackIntersectingResize)
{
	struct test_vmo *vmo = new_interval(4);
	uint64_t page = page_size;

	ASSERT_TRUE(pager_writeback_begin_zero(&self->p, vmo, 1, 3));
	ASSERT_TRUE(vmo_resize(vmo, 3));
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 2)));
	test_err_zxp(ERANGE, writeback_end, self->p.fd, vmo->fd, page, 3 * page);
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 2)));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 1, 2));
	ASSERT_TRUE(is_clean(vmo));
	still_zeroes(vmo, 1, 2);
	must_be_supplied(vmo, 1, 2);

	/* All of it is cut off. */
	vmo = new_interval(4);
	ASSERT_TRUE(pager_writeback_begin_zero(&self->p, vmo, 1, 3));
	ASSERT_TRUE(vmo_resize(vmo, 1));
	ASSERT_TRUE(is_clean(vmo));
	test_err_zxp(ERANGE, writeback_end, self->p.fd, vmo->fd, page, 3 * page);
	ASSERT_TRUE(is_clean(vmo));
	EXPECT_TRUE(vmo_has(vmo, 0, 1, SUPPLIED));

	/* And what is new then was not being written. */
	ASSERT_TRUE(vmo_resize(vmo, 4));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 1, 3));
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 3)));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(interval, ResizeWritebackNonIntersectingResize)
{
	struct test_vmo *vmo = new_interval(6);

	ASSERT_TRUE(pager_writeback_begin_zero(&self->p, vmo, 1, 2));
	ASSERT_TRUE(vmo_resize(vmo, 5));
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 4)));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 1, 2));
	ASSERT_TRUE(is_dirty(vmo, ZERO(3, 2)));
	still_zeroes(vmo, 1, 4);

	/* New pages behind are not among those being written. */
	ASSERT_TRUE(pager_writeback_begin_zero(&self->p, vmo, 3, 2));
	ASSERT_TRUE(vmo_resize(vmo, 8));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 8));
	ASSERT_TRUE(is_dirty(vmo, ZERO(5, 3)));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Cut and grown again in the middle of it: as long as it was (semantics of there). */
TEST_F(interval, ResizeWritebackRegrow)
{
	struct test_vmo *vmo = new_interval(4);

	ASSERT_TRUE(pager_writeback_begin_zero(&self->p, vmo, 1, 3));
	ASSERT_TRUE(vmo_resize(vmo, 2));
	ASSERT_TRUE(vmo_resize(vmo, 6));
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 5)));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 1, 5));
	ASSERT_TRUE(is_dirty(vmo, ZERO(4, 2)));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A page behind a zero range is written back without it. */
TEST_F(interval, ResizeWritebackAfterGap)
{
	struct test_vmo *vmo = new_interval(5);

	write_granted(vmo, 3, 1);
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 2), DATA(3, 1), ZERO(4, 1)));
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 3, 1));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 3, 1));
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 2), ZERO(4, 1)));
	EXPECT_EQ(3 * page_size, vmo_info(vmo).out_zero_bytes);
	EXPECT_TRUE(vmo_has(vmo, 1, 2, ZEROES));
	EXPECT_TRUE(vmo_has(vmo, 3, 1, WRITTEN));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(interval, ResizeWritebackMulipleGaps)
{
	struct test_vmo *vmo = new_interval(10);

	write_granted(vmo, 2, 1);
	write_granted(vmo, 5, 2);
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 1), DATA(2, 1), ZERO(3, 2), DATA(5, 2),
			     ZERO(7, 3)));
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, 10));
	/* One of them was a page, the other one is in a zero range. */
	ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo, 6, 2));
	grant(vmo, 6, 2);
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 1), DATA(2, 1), ZERO(3, 2), DATA(5, 3),
			     ZERO(8, 2)));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 10));
	ASSERT_TRUE(is_dirty(vmo, DATA(6, 2)));
	still_zeroes(vmo, 3, 2);
	still_zeroes(vmo, 8, 2);
	EXPECT_TRUE(vmo_has(vmo, 2, 1, WRITTEN));
	EXPECT_TRUE(vmo_has(vmo, 5, 3, WRITTEN));
	must_be_supplied(vmo, 3, 2);
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(interval, ResizeWritebackSequential)
{
	struct test_vmo *vmo = new_interval(8);

	write_granted(vmo, 3, 1);
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 2), DATA(3, 1), ZERO(4, 4)));
	ASSERT_TRUE(pager_writeback_begin_zero(&self->p, vmo, 1, 2));
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 3, 1));
	ASSERT_TRUE(pager_writeback_begin_zero(&self->p, vmo, 4, 4));
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 2), DATA(3, 1), ZERO(4, 4)));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 1, 2));
	ASSERT_TRUE(is_dirty(vmo, DATA(3, 1), ZERO(4, 4)));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 3, 1));
	ASSERT_TRUE(is_dirty(vmo, ZERO(4, 4)));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 4, 4));
	ASSERT_TRUE(is_clean(vmo));
	still_zeroes(vmo, 1, 2);
	EXPECT_TRUE(vmo_shows(vmo, 3, 1, WRITTEN));
	still_zeroes(vmo, 4, 4);
	EXPECT_EQ(2 * page_size, vmo_info(vmo).out_resident);
	ASSERT_TRUE(pager_idle(&self->p));
}

/*
 * Only a BEGIN that covers the start of a zero range counts, and a shorter one does
 * not take back a longer one. END cleans as far as both go.
 */
TEST_F(interval, ResizeWritebackRepeated)
{
	struct test_vmo *vmo = new_interval(10);

	ASSERT_TRUE(pager_writeback_begin_zero(&self->p, vmo, 3, 4));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 1, 9));
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 9)));

	ASSERT_TRUE(pager_writeback_begin_zero(&self->p, vmo, 1, 6));
	ASSERT_TRUE(pager_writeback_begin_zero(&self->p, vmo, 1, 2));
	ASSERT_TRUE(pager_writeback_begin_zero(&self->p, vmo, 1, 6));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 2, 4));
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 9)));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 1, 2));
	ASSERT_TRUE(is_dirty(vmo, ZERO(3, 7)));
	/* The rest is still being written. */
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 1, 9));
	ASSERT_TRUE(is_dirty(vmo, ZERO(7, 3)));
	/* Once. */
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 1, 9));
	ASSERT_TRUE(is_dirty(vmo, ZERO(7, 3)));
	ASSERT_TRUE(pager_idle(&self->p));
}

/*
 * Reading a zero range through a mapping changes nothing of what is there. A mapping that
 * has done so goes on reading zeroes when the range is clean, until there is a page.
 */
TEST_F(interval, MappedZeroesAreNoPages)
{
	struct test_vmo *vmo = new_interval(4);

	EXPECT_TRUE(vmo_shows(vmo, 1, 2, ZEROES));
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 3)));
	ASSERT_TRUE(pager_writeback_begin_zero(&self->p, vmo, 1, 3));
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 3)));
	EXPECT_TRUE(vmo_shows(vmo, 2, 2, ZEROES));
	EXPECT_EQ(page_size, vmo_info(vmo).out_resident);
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 1, 3));
	ASSERT_TRUE(is_clean(vmo));
	EXPECT_EQ(page_size, vmo_info(vmo).out_resident);
	EXPECT_TRUE(vmo_shows(vmo, 1, 3, ZEROES));
	ASSERT_TRUE(pager_idle(&self->p));
	/* Whoever looks anew does not. */
	must_be_supplied(vmo, 1, 1);
	EXPECT_TRUE(vmo_shows(vmo, 1, 1, SUPPLIED));
	EXPECT_TRUE(vmo_shows(vmo, 2, 2, ZEROES));
	ASSERT_EQ(0, madvise(vmo->map + 2 * page_size, page_size, MADV_DONTNEED));
	ASSERT_TRUE(thread_check_vmar(&self->t[0], vmo, 2, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 2, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 2, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* The page of a mapped write. */
#define store_granted(vmo, page) do {					\
	ASSERT_TRUE(thread_write_vmar(&self->t[0], vmo, page, 1));	\
	grant(vmo, page, 1);						\
	ASSERT_TRUE(thread_wait(&self->t[0]));				\
} while (0)

TEST_F(interval, ResizeWritebackWithMapping)
{
	struct test_vmo *vmo = new_interval(3);

	EXPECT_TRUE(vmo_shows(vmo, 1, 2, ZEROES));
	store_granted(vmo, 2);
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 1), DATA(2, 1)));
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, 3));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 3));
	ASSERT_TRUE(is_clean(vmo));
	still_zeroes(vmo, 1, 1);
	store_granted(vmo, 2);
	ASSERT_TRUE(is_dirty(vmo, DATA(2, 1)));
	EXPECT_TRUE(vmo_shows(vmo, 2, 1, WRITTEN));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(interval, ResizeWritebackInterleavedWriteWithMapping)
{
	struct test_vmo *vmo = new_interval(7);

	ASSERT_TRUE(pager_writeback_begin_zero(&self->p, vmo, 1, 6));
	store_granted(vmo, 2);
	store_granted(vmo, 4);
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 1), DATA(2, 1), ZERO(3, 1), DATA(4, 1),
			     ZERO(5, 2)));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 1, 6));
	ASSERT_TRUE(is_dirty(vmo, DATA(2, 1), DATA(4, 1)));
	/* Those may be written to as they are. */
	ASSERT_TRUE(thread_write_vmar(&self->t[0], vmo, 4, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	still_zeroes(vmo, 1, 1);
	still_zeroes(vmo, 5, 2);

	/* The others are the pager's now, for whoever stores there. */
	ASSERT_TRUE(thread_write_vmar(&self->t[0], vmo, 3, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 3, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 3, 1));
	grant(vmo, 3, 1);
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(2, 3)));
	EXPECT_TRUE(vmo_shows(vmo, 2, 3, WRITTEN));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN

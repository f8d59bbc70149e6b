// SPDX-License-Identifier: GPL-2.0
/*
 * Zircon's tests of writing back: BEGIN and END, one after another and interleaved.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/random.h>
#include <kselftest_harness.h>

#include "lib/fixture.h"

#define TRAP	ZXP_VMO_TRAP_DIRTY

TRAP_FIXTURE(writeback);

TEST_F(writeback, SimpleWriteback)
{
	struct test_vmo *vmo = new_trap_vmo(1);
	int i;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	for (i = 0; i < 2; i++) {
		write_granted(vmo, 0, 1);
		ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
		ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, 1));
		ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
		EXPECT_TRUE(vmo_has(vmo, 0, 1, WRITTEN));
		ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 1));
		ASSERT_TRUE(is_clean(vmo));
		EXPECT_EQ(0, vmo_info(vmo).out_dirty_bytes);
		EXPECT_TRUE(vmo_has(vmo, 0, 1, WRITTEN));
	}
	/* An END that nothing was begun for changes nothing. */
	write_granted(vmo, 0, 1);
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 1));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	ASSERT_TRUE(pager_idle(&self->p));
}

/*
 * Page 0 is clean, and in the rest pages and zero ranges take turns:
 * 1 zero, 2 data, 3 zero, 4-5 data, 6 zero, 7 data, 8-9 zero.
 */
static const struct dirty_range mixed[] = {
	ZERO(1, 1), DATA(2, 1), ZERO(3, 1), DATA(4, 2), ZERO(6, 1), DATA(7, 1),
	ZERO(8, 2),
};

#define make_mixed() ({							\
	struct test_vmo *__vmo = new_trap_vmo(1);			\
									\
	ASSERT_TRUE(pager_supply(&self->p, __vmo, 0, 1));		\
	ASSERT_TRUE(vmo_resize(__vmo, 10));				\
	write_granted(__vmo, 2, 1);					\
	write_granted(__vmo, 4, 2);					\
	write_granted(__vmo, 7, 1);					\
	ASSERT_TRUE(dirty_ranges_are(__vmo, mixed, ARRAY_SIZE(mixed)));	\
	EXPECT_TRUE(vmo_shows(__vmo, 6, 1, ZEROES));			\
	EXPECT_TRUE(vmo_shows(__vmo, 8, 2, ZEROES));			\
	__vmo;								\
})

/*
 * All is clean: data stays, zero ranges have to be supplied again, but for the mapping that
 * has read them.
 */
#define check_mixed_clean(vmo) do {					\
	ASSERT_TRUE(is_clean(vmo));					\
	EXPECT_EQ(5 * page_size, vmo_info(vmo).out_resident);		\
	EXPECT_EQ(0, vmo_info(vmo).out_zero_bytes);			\
	EXPECT_TRUE(vmo_has(vmo, 4, 2, WRITTEN));			\
	EXPECT_TRUE(vmo_shows(vmo, 6, 1, ZEROES));			\
	EXPECT_TRUE(vmo_shows(vmo, 8, 2, ZEROES));			\
	ASSERT_TRUE(pager_idle(&self->p));				\
	ASSERT_TRUE(thread_check_vmo(&self->t[0], vmo, 8, 2));		\
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 8, 2));		\
	ASSERT_TRUE(pager_supply(&self->p, vmo, 8, 2));			\
	ASSERT_TRUE(thread_wait(&self->t[0]));				\
	ASSERT_TRUE(pager_idle(&self->p));				\
} while (0)

TEST_F(writeback, WritebackCombined)
{
	struct test_vmo *vmo = make_mixed();

	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, 10));
	ASSERT_TRUE(dirty_ranges_are(vmo, mixed, ARRAY_SIZE(mixed)));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 10));
	check_mixed_clean(vmo);
}

#define begin_range(vmo, r) do {						\
	if ((r)->options) {							\
		ASSERT_TRUE(pager_writeback_begin_zero(&self->p, vmo,		\
						       (r)->page, (r)->nr));	\
	} else {								\
		ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, (r)->page,	\
						  (r)->nr));			\
	}									\
} while (0)

static void shuffle(unsigned int *order, unsigned int nr)
{
	unsigned int i, j, swap;

	for (i = 0; i < nr; i++)
		order[i] = i;
	for (i = nr - 1; i > 0; i--) {
		j = random() % (i + 1);
		swap = order[i];
		order[i] = order[j];
		order[j] = swap;
	}
}

#define seed_random() do {						\
	unsigned int __seed;						\
									\
	ASSERT_EQ((ssize_t)sizeof(__seed),				\
		  getrandom(&__seed, sizeof(__seed), 0));		\
	diag("seed %u", __seed);					\
	srandom(__seed);						\
} while (0)

TEST_F(writeback, WritebackOutOfOrder)
{
	unsigned int order[ARRAY_SIZE(mixed)], i, round;

	seed_random();
	for (round = 0; round < 8; round++) {
		struct test_vmo *vmo = make_mixed();

		shuffle(order, ARRAY_SIZE(mixed));
		for (i = 0; i < ARRAY_SIZE(mixed); i++) {
			begin_range(vmo, &mixed[order[i]]);
		}
		ASSERT_TRUE(dirty_ranges_are(vmo, mixed, ARRAY_SIZE(mixed)));
		shuffle(order, ARRAY_SIZE(mixed));
		for (i = 0; i < ARRAY_SIZE(mixed); i++) {
			const struct dirty_range *r = &mixed[order[i]];

			ASSERT_TRUE(pager_writeback_end(&self->p, vmo, r->page, r->nr));
		}
		check_mixed_clean(vmo);
	}
}

TEST_F(writeback, WritebackOutOfOrderCombinedEnd)
{
	unsigned int order[ARRAY_SIZE(mixed)], i, round;

	seed_random();
	for (round = 0; round < 8; round++) {
		struct test_vmo *vmo = make_mixed();

		shuffle(order, ARRAY_SIZE(mixed));
		for (i = 0; i < ARRAY_SIZE(mixed); i++) {
			begin_range(vmo, &mixed[order[i]]);
		}
		ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 10));
		check_mixed_clean(vmo);
	}
}

/* Who promised to write zeroes has not written the pages. */
TEST_F(writeback, BeginOfZeroesLeavesPages)
{
	struct test_vmo *vmo = make_mixed();

	ASSERT_TRUE(pager_writeback_begin_zero(&self->p, vmo, 0, 10));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 10));
	ASSERT_TRUE(is_dirty(vmo, DATA(2, 1), DATA(4, 2), DATA(7, 1)));
	EXPECT_EQ(4 * page_size, vmo_info(vmo).out_dirty_bytes);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* BEGIN makes the next store be seen also where the page stays dirty. */
TEST_F(writeback, BeginTakesPermission)
{
	struct test_vmo *vmo = new_trap_vmo(1);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_write_vmar(&self->t[0], vmo, 0, 1));
	grant(vmo, 0, 1);
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(was_modified(vmo));
	/* Through a mapping that is writable nothing is noticed. */
	ASSERT_TRUE(thread_store(&self->t[0], vmo->map));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_FALSE(was_modified(vmo));

	ASSERT_TRUE(pager_writeback_begin_zero(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_store(&self->t[0], vmo->map));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(was_modified(vmo));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 1));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* What was begun together may end apart. */
TEST_F(writeback, EndOfPart)
{
	struct test_vmo *vmo = new_trap_vmo(4);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 4));
	write_granted(vmo, 0, 4);
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, 3));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 1, 3));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1), DATA(3, 1)));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 4));
	ASSERT_TRUE(is_dirty(vmo, DATA(3, 1)));
	ASSERT_TRUE(pager_idle(&self->p));
}

PAGER_FIXTURE(writeback_race);

TEST_F(writeback_race, WritebackWithMapping)
{
	struct test_vmo *vmo = new_vmo_options(1, TRAP);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_write_vmar(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));

	/* BEGIN took the permission away; END does not wait for who asks for it. */
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, 1));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	ASSERT_TRUE(thread_store(&self->t[0], vmo->map));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 0, 1, EIO));
	ASSERT_TRUE(thread_wait_crash(&self->t[0], vmo->map, SIGBUS));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 1));
	ASSERT_TRUE(is_clean(vmo));
	EXPECT_TRUE(vmo_shows(vmo, 0, 1, WRITTEN));

	ASSERT_TRUE(thread_store(&self->t[0], vmo->map));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	EXPECT_EQ(STORED_WORD, *(uint64_t *)vmo->map);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Written to between BEGIN and END: dirty again, and END leaves it so. */
TEST_F(writeback_race, RedirtiedPageStaysDirty)
{
	struct test_vmo *vmo = new_vmo_options(2, TRAP);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 2));
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, 2));
	ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo, 1, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 1, 1));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 1, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 2)));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 2));
	ASSERT_TRUE(is_dirty(vmo, DATA(1, 1)));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* END comes while the writer waits: clean, then DIRTY makes it dirty. */
TEST_F(writeback_race, DirtyDuringWriteback)
{
	struct test_vmo *vmo = new_vmo_options(1, TRAP);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(threads_blocked(self->t, 1, vmo));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 1));
	EXPECT_TRUE(thread_asleep(&self->t[0]));
	ASSERT_TRUE(is_clean(vmo));
	EXPECT_TRUE(vmo_has(vmo, 0, 1, SUPPLIED));

	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	EXPECT_TRUE(vmo_has(vmo, 0, 1, WRITTEN));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Without the option it is the same, and nobody is asked. */
TEST_F(writeback_race, SimpleDirtyNoTrap)
{
	struct test_vmo *vmo = new_vmo(2);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(vmo_shows(vmo, 0, 2, SUPPLIED));
	ASSERT_TRUE(is_clean(vmo));
	write_untrapped(vmo, 0, 1);
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	ASSERT_TRUE(thread_write_vmar(&self->t[0], vmo, 1, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 2)));

	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, 2));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 2)));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 2));
	ASSERT_TRUE(is_clean(vmo));
	ASSERT_TRUE(thread_store(&self->t[0], vmo->map + page_size));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(1, 1)));
	EXPECT_EQ(STORED_WORD, *(uint64_t *)(vmo->map + page_size));

	/* In between the two it is noticed as well. */
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, 2));
	ASSERT_TRUE(thread_write_vmar(&self->t[0], vmo, 1, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 2));
	ASSERT_TRUE(is_dirty(vmo, DATA(1, 1)));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN

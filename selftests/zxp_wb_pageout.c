// SPDX-License-Identifier: GPL-2.0
/*
 * Stores that no page table allows any more. Reclaim takes many pages out of the page
 * tables before it flushes the TLBs, so for a while a processor goes on storing to a page
 * that is mapped nowhere. BEGIN has to end that: what is stored after it must be seen to
 * have been stored.
 *
 * Three threads of one process, so that switching between them flushes nothing: one
 * stores to a few pages as fast as it can; one pages them out, and many more behind them,
 * so that the flush is late; and the daemon writes them back in the midst of that.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/mman.h>

#include "kselftest_harness.h"
#include "keeper/keeper.h"
#include "lib/fixture.h"

#define BYTES(pages)	((pages) * page_size)
#define HOT		16	/* pages that are stored to and written back */
#define PAGES		512	/* what is paged out at once: those of one page table */
#define PASSES		100	/* that are to meet a page-out */
#define ENOUGH_MS	15000	/* fewer will do if it takes that long */

struct scene {
	struct user_pager p;
	struct keeper k;
	struct test_vmo *vmo;
	char *map;
	int cpu[3];		/* of who pages out, who stores, and the daemon */
	pthread_t thread[2];
	volatile bool stop;
	volatile bool hold;		/* store nothing for now */
	volatile uint64_t pageouts;	/* twice as many; odd while one is under way */
	volatile uint64_t errors;
	uint64_t stored;		/* the last value, everywhere */
	char *seen;			/* HOT pages */
};

FIXTURE(wb_pageout)
{
	struct scene s;
};

FIXTURE_VARIANT(wb_pageout)
{
	bool trap;
};

FIXTURE_VARIANT_ADD(wb_pageout, TrapDirty) { .trap = true };
FIXTURE_VARIANT_ADD(wb_pageout, NoTrapDirty) { .trap = false };

/* The last one is used twice if there are only two. */
static int pick_cpus(int cpu[3])
{
	int nr = 0, i;
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return 0;
	for (i = 0; i < CPU_SETSIZE && nr < 3; i++)
		if (CPU_ISSET(i, &set))
			cpu[nr++] = i;
	if (nr == 2)
		cpu[2] = cpu[1];
	return nr;
}

/* Where one page table shows all of it, and so one call takes all of it. */
static char *map_aligned(struct test_vmo *vmo)
{
	char *p = mmap(NULL, BYTES(2 * PAGES), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uintptr_t at = ((uintptr_t)p + BYTES(PAGES) - 1) / BYTES(PAGES) * BYTES(PAGES);

	if (p == MAP_FAILED)
		return p;
	return mmap((void *)at, BYTES(PAGES), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_FIXED, vmo->fd, 0);
}

FIXTURE_SETUP(wb_pageout)
{
	struct scene *s = &self->s;

	if (pick_cpus(s->cpu) < 2)
		SKIP(return, "one processor has no stale TLB");
	ASSERT_TRUE(user_pager_init(&s->p));
	s->vmo = pager_create_vmo_options(&s->p, PAGES,
					  variant->trap ? ZXP_VMO_TRAP_DIRTY : 0);
	ASSERT_NE(NULL, s->vmo);
	/* Only pages that are mapped once are paged out. */
	ASSERT_EQ(0, munmap(s->vmo->map, BYTES(PAGES)));
	s->vmo->map = NULL;
	s->map = map_aligned(s->vmo);
	ASSERT_NE(MAP_FAILED, s->map);
	s->seen = map_anon(HOT);
	ASSERT_TRUE(keeper_start(&s->k, &s->p, s->vmo, PAGES, false, 1));
}

FIXTURE_TEARDOWN(wb_pageout)
{
	user_pager_fini(&self->s.p);
}

static volatile uint64_t *word_of(struct scene *s, uint64_t page)
{
	return (volatile uint64_t *)(s->map + BYTES(page));
}

static void *store_main(void *arg)
{
	struct scene *s = arg;
	int i;

	run_on(s->cpu[1]);
	while (!s->stop) {
		s->stored++;
		for (i = 0; i < HOT && !s->hold; i++)
			*word_of(s, i) = s->stored;
		if (s->hold || s->cpu[1] == s->cpu[2])
			sched_yield();
	}
	/* One that is whole. */
	for (i = 0; i < HOT; i++)
		*word_of(s, i) = s->stored;
	return NULL;
}

/* All but the hot ones are dirty for good, so they come back by a minor fault. */
static void *pageout_main(void *arg)
{
	struct scene *s = arg;
	int i;

	run_on(s->cpu[0]);
	while (!s->stop) {
		for (i = HOT; i < PAGES; i++)
			(void)*word_of(s, i);
		s->pageouts++;
		if (madvise(s->map, BYTES(PAGES), MADV_PAGEOUT))
			s->errors++;
		s->pageouts++;
	}
	return NULL;
}

/*
 * What is read goes to the store, which answers requests also while it is read. Then
 * there is time to store some more, and often no more after that: for a later store would
 * make a page dirty, and save what was lost before.
 */
static bool write_back(struct scene *s, struct dice *dice)
{
	int i;

	if (!pager_writeback_begin(&s->p, s->vmo, 0, HOT) ||
	    zxp_vmo_read(s->vmo->fd, 0, BYTES(HOT), s->seen))
		return false;
	pthread_mutex_lock(&s->k.store_lock);
	memcpy(s->k.store, s->seen, BYTES(HOT));
	pthread_mutex_unlock(&s->k.store_lock);
	for (i = 0; i < 4; i++)
		sched_yield();
	s->hold = one_in(dice, 2);
	return pager_writeback_end(&s->p, s->vmo, 0, HOT);
}

static bool is_in(const struct zxp_dirty_range *r, uint64_t nr, uint64_t page)
{
	uint64_t i;

	for (i = 0; i < nr; i++)
		if (BYTES(page) >= r[i].offset && BYTES(page) < r[i].offset + r[i].length)
			return true;
	return false;
}

/*
 * Each hot page is dirty, or has what the store has. A page becomes dirty before it is
 * stored to, and nobody but this thread cleans any: so it is looked at first, and what
 * is clean after that was clean then.
 */
static bool nothing_is_lost(struct scene *s)
{
	struct zxp_dirty_range range[HOT];
	uint64_t nr, avail, i;

	if (zxp_vmo_read(s->vmo->fd, 0, BYTES(HOT), s->seen) ||
	    zxp_query_dirty_ranges(s->p.fd, s->vmo->fd, 0, BYTES(HOT), range, HOT, &nr,
				   &avail))
		return false;
	for (i = 0; i < HOT; i++) {
		if (is_in(range, nr, i) ||
		    !memcmp(s->seen + BYTES(i), s->k.store + BYTES(i), page_size))
			continue;
		diag("page %ju is clean with %ju, the store has %ju", (uintmax_t)i,
		     (uintmax_t)*(uint64_t *)(s->seen + BYTES(i)),
		     (uintmax_t)*(uint64_t *)(s->k.store + BYTES(i)));
		return false;
	}
	return true;
}

/* A pass somewhere in a page-out. Did it end before that? */
static bool meet(struct scene *s, struct dice *dice, bool *ok)
{
	uint64_t seen;
	uint32_t i;

	while (!((seen = s->pageouts) & 1))
		sched_yield();
	for (i = roll(dice, 1 << roll(dice, 9)); i; i--)
		sched_yield();
	*ok = write_back(s, dice);
	if (*ok)
		*ok = nothing_is_lost(s);
	s->hold = false;
	return seen == s->pageouts;
}

TEST_F(wb_pageout, stores_go_on)
{
	struct scene *s = &self->s;
	int64_t enough = now_ms() + ENOUGH_MS;
	uint64_t met = 0, tries = 0;
	struct dice dice = { 1 };
	bool ok = true;
	int i;

	/* Out of the keeper's store, and by a store each. */
	for (i = 0; i < PAGES; i++)
		*word_of(s, i) = 0;
	ASSERT_EQ(0, pthread_create(&s->thread[0], NULL, store_main, s));
	ASSERT_EQ(0, pthread_create(&s->thread[1], NULL, pageout_main, s));
	run_on(s->cpu[2]);
	while (ok && (!met || (met < PASSES && now_ms() < enough))) {
		met += meet(s, &dice, &ok);
		tries++;
	}
	s->stop = true;
	pthread_join(s->thread[0], NULL);
	pthread_join(s->thread[1], NULL);
	TH_LOG("%ju passes, %ju of them within one page-out; %ju page-outs, %ju READ packets",
	       (uintmax_t)tries, (uintmax_t)met, (uintmax_t)s->pageouts / 2,
	       (uintmax_t)s->k.reads);
	EXPECT_TRUE(ok);
	EXPECT_EQ(0, s->errors);
	/* And in the end all of it is in the store. */
	EXPECT_TRUE(keeper_flush(&s->k));
	for (i = 0; i < HOT; i++)
		EXPECT_EQ(s->stored, *(uint64_t *)(s->k.store + BYTES(i)));
	EXPECT_TRUE(keeper_end(&s->k));
}

TEST_HARNESS_MAIN

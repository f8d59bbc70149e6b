// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever takes memory away or moves it about, and whatever ends the pager: pages that
 * hold what the daemon has not are still there, those that are clean may go.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>

#include "kselftest_harness.h"
#include "lib/client.h"
#include "lib/fixture.h"

#define BYTES(pages)	((pages) * page_size)
#define PAGES		32
/* Dirty 0..4, awaiting clean 4..8, dirty zeroes 8..12 of which 8..10 await it. */
#define KEPT		8
#define CLEAN		12	/* and from here on */

TRAP_FIXTURE(wb_reclaim);

static bool mix(struct test_vmo *vmo)
{
	struct user_pager *p = vmo->pager;

	return pager_writeback_begin(p, vmo, 4, 4) && vmo_zero(vmo, 8, 4) &&
	       pager_writeback_begin_zero(p, vmo, 8, 2);
}

#define new_mixed_vmo() ({						\
	struct test_vmo *__m = new_trap_vmo(PAGES);			\
									\
	ASSERT_TRUE(pager_supply(&self->p, __m, 0, PAGES));		\
	write_granted(__m, 0, KEPT);					\
	ASSERT_TRUE(mix(__m));						\
	__m;								\
})

static bool is_mixed(struct test_vmo *vmo)
{
	return is_dirty(vmo, DATA(0, KEPT), ZERO(KEPT, 4)) &&
	       vmo_has(vmo, 0, KEPT, WRITTEN) && vmo_has(vmo, KEPT, 4, ZEROES);
}

/* END finds each page in the state that it was left in. */
static bool ends_well(struct test_vmo *vmo)
{
	return pager_writeback_end(vmo->pager, vmo, 0, PAGES) &&
	       is_dirty(vmo, DATA(0, 4), ZERO(10, 2)) &&
	       vmo_has(vmo, 0, 4, WRITTEN) && vmo_has(vmo, 10, 2, ZEROES);
}

#define resident(vmo)	(vmo_info(vmo).out_resident / page_size)

#define unmap(vmo) do {							\
	ASSERT_EQ(0, munmap((vmo)->map, BYTES(PAGES)));			\
	(vmo)->map = NULL;						\
} while (0)

/* All there is to ask for memory by. */
static bool squeeze(struct test_vmo *vmo)
{
	return drop_caches(3) &&
	       !posix_fadvise(vmo->fd, 0, 0, POSIX_FADV_DONTNEED) &&
	       !zxp_vmo_op_range(vmo->fd, ZXP_VMO_OP_DONT_NEED, 0, BYTES(PAGES)) &&
	       drop_caches(1);
}

TEST_F(wb_reclaim, squeezed)
{
	struct test_vmo *vmo = new_mixed_vmo();

	unmap(vmo);
	ASSERT_TRUE(squeeze(vmo));
	EXPECT_EQ(KEPT, resident(vmo));
	EXPECT_TRUE(is_mixed(vmo));
	EXPECT_TRUE(ends_well(vmo));
	ASSERT_TRUE(squeeze(vmo));
	EXPECT_TRUE(is_dirty(vmo, DATA(0, 4), ZERO(10, 2)));
	EXPECT_TRUE(vmo_has(vmo, 0, 4, WRITTEN));
	/* Those that END has cleaned are gone; read zeroes may have a page now. */
	EXPECT_GE(6, resident(vmo));
	EXPECT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(thread_check_vmo(&self->t[0], vmo, 4, 6));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 4, 6));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 4, 6));
	ASSERT_TRUE(thread_wait(&self->t[0]));
}

/* In the pages' own order, and while they are mapped. */
TEST_F(wb_reclaim, paged_out)
{
	struct test_vmo *vmo = new_mixed_vmo();

	EXPECT_TRUE(vmo_shows(vmo, 0, KEPT, WRITTEN));
	EXPECT_TRUE(vmo_shows(vmo, CLEAN, PAGES - CLEAN, SUPPLIED));
	ASSERT_EQ(0, madvise(vmo->map, BYTES(PAGES), MADV_PAGEOUT));
	EXPECT_TRUE(is_mixed(vmo));
	EXPECT_LE(KEPT, resident(vmo));
	EXPECT_TRUE(ends_well(vmo));
}

TEST_F(wb_reclaim, detached)
{
	struct test_vmo *vmo = new_mixed_vmo();
	char *map = vmo->map;

	ASSERT_TRUE(pager_detach(&self->p, vmo));
	ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));
	EXPECT_EQ(KEPT, resident(vmo));
	ASSERT_TRUE(squeeze(vmo));
	ASSERT_EQ(0, madvise(map, BYTES(KEPT), MADV_DONTNEED));
	ASSERT_EQ(0, madvise(map, BYTES(KEPT), MADV_PAGEOUT));
	sync();
	EXPECT_TRUE(is_mixed(vmo));
	EXPECT_TRUE(vmo_shows(vmo, 0, KEPT, WRITTEN));
	EXPECT_TRUE(crashes(map + BYTES(CLEAN), SIGBUS));
	/* A page that is dirty can be written to, others if nobody has to be asked. */
	ASSERT_TRUE(thread_store(&self->t[0], map + BYTES(1)));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_EQ(variant->trap, store_crashes(map + BYTES(5), SIGBUS));
	*(volatile uint64_t *)(map + BYTES(1)) = written_word(vmo, BYTES(1) / 8);
	if (!variant->trap) {
		*(volatile uint64_t *)(map + BYTES(5)) =
			written_word(vmo, BYTES(5) / 8);
		EXPECT_TRUE(pager_writeback_end(&self->p, vmo, 0, PAGES));
		EXPECT_TRUE(is_dirty(vmo, DATA(0, 4), DATA(5, 1), ZERO(10, 2)));
		return;
	}
	EXPECT_TRUE(ends_well(vmo));
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, PAGES));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, PAGES));
	EXPECT_TRUE(is_clean(vmo));
	unmap(vmo);
	ASSERT_TRUE(squeeze(vmo));
	EXPECT_EQ(0, resident(vmo));
	EXPECT_TRUE(pager_idle(&self->p));
}

/* Without its pager the VMO keeps what was written as long as somebody has it. */
TEST_F(wb_reclaim, pager_closed)
{
	struct test_vmo *vmo = new_mixed_vmo();
	char buf[8];

	pager_close(&self->p);
	unmap(vmo);
	ASSERT_TRUE(squeeze(vmo));
	EXPECT_EQ(KEPT, resident(vmo));
	EXPECT_TRUE(vmo_has(vmo, 0, KEPT, WRITTEN));
	EXPECT_TRUE(vmo_has(vmo, KEPT, 4, ZEROES));
	EXPECT_EQ(-1, pread(vmo->fd, buf, 8, BYTES(CLEAN)));
	EXPECT_EQ(ESTALE, errno);
	EXPECT_EQ(8, pwrite(vmo->fd, buf, 8, BYTES(1)));
}

static int scribble(void *arg)
{
	struct test_vmo *vmo = arg;
	struct test_thread t = { 0 };

	return thread_write_vmar(&t, vmo, 16, 2) && thread_wait(&t) &&
	       thread_write_file(&t, vmo, 20, 2) && thread_wait(&t) ? 0 : 1;
}

/* A client that is gone has left its data in the daemon's care. */
TEST_F(wb_reclaim, client_gone)
{
	struct test_vmo *vmo = new_mixed_vmo();
	struct server s;
	pid_t pid;

	ASSERT_TRUE(server_start(&s, &self->p));
	pid = child_start(scribble, vmo);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(child_wait(pid, 0));
	ASSERT_TRUE(server_end(&s));
	EXPECT_EQ(variant->trap, !!s.dirties);
	ASSERT_TRUE(squeeze(vmo));
	EXPECT_TRUE(is_dirty(vmo, DATA(0, KEPT), ZERO(KEPT, 4), DATA(16, 2),
			     DATA(20, 2)));
	EXPECT_TRUE(vmo_has(vmo, 16, 2, WRITTEN));
	EXPECT_TRUE(vmo_has(vmo, 20, 2, WRITTEN));
}

/* The last one to have it is gone, and with it all that nobody wrote back. */
TEST_F(wb_reclaim, abandoned)
{
	struct test_vmo *vmo = new_mixed_vmo();

	vmo_release(vmo);
	ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));
	EXPECT_TRUE(pager_idle(&self->p));
}

/* The physical place of a mapped page, or 0. */
static uint64_t frame(int pagemap, const char *at)
{
	uint64_t entry;

	if (pread(pagemap, &entry, 8, (uintptr_t)at / page_size * 8) != 8)
		return 0;
	return entry & 1ULL << 63 ? entry & ((1ULL << 55) - 1) : 0;
}

#define MANY		4096

/* Pages in every state move to other places, and stay what they are. */
TEST_F(wb_reclaim, migrated)
{
	struct test_vmo *vmo = new_trap_vmo(MANY);
	int pagemap = open("/proc/self/pagemap", O_RDONLY);
	uint64_t *before = calloc(MANY, 8), moved = 0;
	size_t room = 64UL << 20;
	struct server s;
	char *holes;

	if (access("/proc/sys/vm/compact_memory", W_OK))
		SKIP(return, "no compaction here");
	ASSERT_TRUE(server_start(&s, &self->p));
	/* Between ours are others' pages, which are given back. */
	holes = map_anon(room / page_size);
	for (size_t i = 0; i < MANY; i++) {
		size_t each = room / MANY;

		memset(holes + i * each, 1, each);
		ASSERT_TRUE(pager_supply(&self->p, vmo, i, 1));
	}
	ASSERT_TRUE(thread_write_vmar(&self->t[0], vmo, 0, 2 * MANY / 3));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, MANY / 3, MANY / 3));
	EXPECT_TRUE(vmo_shows(vmo, 0, 2 * MANY / 3, WRITTEN));
	EXPECT_TRUE(vmo_shows(vmo, 2 * MANY / 3, MANY - 2 * MANY / 3, SUPPLIED));
	/* What is clean could be reclaimed instead of being moved. */
	ASSERT_EQ(0, mlock(vmo->map + BYTES(2 * MANY / 3), BYTES(MANY - 2 * MANY / 3)));
	for (size_t i = 0; i < MANY; i++)
		before[i] = frame(pagemap, vmo->map + BYTES(i));
	ASSERT_EQ(0, munmap(holes, room));
	ASSERT_EQ(0, write_file("/proc/sys/vm/compact_memory", "1"));
	/* If there was room enough: huge pages are made out of what is in use. */
	write_file("/proc/sys/vm/nr_hugepages", "300");
	write_file("/proc/sys/vm/nr_hugepages", "0");
	EXPECT_TRUE(vmo_shows(vmo, 0, 2 * MANY / 3, WRITTEN));
	for (size_t i = 0; i < 2 * MANY / 3; i++)
		moved += before[i] != frame(pagemap, vmo->map + BYTES(i));
	TH_LOG("%ju pages have moved", (uintmax_t)moved);
	if (!moved)
		SKIP(goto out, "the kernel found no reason to move a page");
	EXPECT_TRUE(is_dirty(vmo, DATA(0, 2 * MANY / 3)));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, MANY));
	EXPECT_TRUE(is_dirty(vmo, DATA(0, MANY / 3)));
	EXPECT_TRUE(vmo_shows(vmo, 0, 2 * MANY / 3, WRITTEN));
	EXPECT_TRUE(vmo_shows(vmo, 2 * MANY / 3, MANY - 2 * MANY / 3, SUPPLIED));
	EXPECT_EQ(0, s.reads);
out:
	EXPECT_TRUE(server_end(&s));
	close(pagemap);
}

TEST_HARNESS_MAIN

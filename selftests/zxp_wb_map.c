// SPDX-License-Identifier: GPL-2.0
/*
 * Dirty pages in mappings of every kind: mprotect(), mremap(), fork(), private copies
 * and madvise() neither make a page writable that is clean nor lose one that is dirty.
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "kselftest_harness.h"
#include "lib/client.h"
#include "lib/fixture.h"

#define BYTES(pages)	((pages) * page_size)
#define word_at(map, page)	(*(volatile uint64_t *)((map) + BYTES(page)))

TRAP_FIXTURE(wb_map);

static char *map_again(struct test_vmo *vmo, int prot, int flags)
{
	return mmap(NULL, BYTES(vmo->pages), prot, flags, vmo->fd, 0);
}

/* A store through @at that changes the state of this page, and so traps. */
#define store_granted(vmo, at, page) do {				\
	ASSERT_TRUE(thread_store(&self->t[0], at));			\
	grant(vmo, page, 1);						\
	ASSERT_TRUE(thread_wait(&self->t[0]));				\
} while (0)

/* One that does not, on both kinds of VMO. */
#define store_untrapped(at) do {					\
	ASSERT_TRUE(thread_store(&self->t[0], at));			\
	ASSERT_TRUE(thread_wait(&self->t[0]));				\
	EXPECT_TRUE(pager_idle(&self->p));				\
} while (0)

/* A VMO with all its pages there and clean. */
#define new_full_vmo(pages) ({						\
	struct test_vmo *__v = new_trap_vmo(pages);			\
									\
	ASSERT_TRUE(pager_supply(&self->p, __v, 0, pages));		\
	__v;								\
})

TEST_F(wb_map, mprotect_adds_write)
{
	struct test_vmo *vmo = new_full_vmo(4);
	char *map = map_again(vmo, PROT_READ, MAP_SHARED);

	ASSERT_NE(MAP_FAILED, map);
	EXPECT_TRUE(content_is(vmo, 0, 4, SUPPLIED, map));
	ASSERT_EQ(0, mprotect(map, BYTES(4), PROT_READ | PROT_WRITE));
	EXPECT_TRUE(is_clean(vmo));
	store_granted(vmo, map + BYTES(1), 1);
	EXPECT_TRUE(is_dirty(vmo, DATA(1, 1)));
	EXPECT_EQ(STORED_WORD, word_at(vmo->map, 1));
}

/* The permission comes and goes, on a page in every state. */
TEST_F(wb_map, mprotect_back_and_forth)
{
	struct test_vmo *vmo = new_full_vmo(3);

	store_granted(vmo, vmo->map, 0);
	store_granted(vmo, vmo->map + BYTES(1), 1);
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 1, 1));
	EXPECT_TRUE(vmo_shows(vmo, 2, 1, SUPPLIED));
	ASSERT_EQ(0, mprotect(vmo->map, BYTES(3), PROT_READ));
	EXPECT_TRUE(store_crashes(vmo->map, SIGSEGV));
	ASSERT_EQ(0, mprotect(vmo->map, BYTES(3), PROT_READ | PROT_WRITE));
	/* Dirty: goes on as before. Awaiting clean, and clean: a first write. */
	store_untrapped(vmo->map);
	store_granted(vmo, vmo->map + BYTES(1), 1);
	store_granted(vmo, vmo->map + BYTES(2), 2);
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 3));
	EXPECT_TRUE(is_dirty(vmo, DATA(0, 3)));
}

/* Without writing, END leaves it clean, whatever permissions there were. */
TEST_F(wb_map, mprotect_during_writeback)
{
	struct test_vmo *vmo = new_full_vmo(2);

	store_granted(vmo, vmo->map, 0);
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, 2));
	ASSERT_EQ(0, mprotect(vmo->map, BYTES(2), PROT_READ));
	ASSERT_EQ(0, mprotect(vmo->map, BYTES(2), PROT_READ | PROT_WRITE));
	EXPECT_EQ(STORED_WORD, word_at(vmo->map, 0));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 2));
	EXPECT_TRUE(is_clean(vmo));
	store_granted(vmo, vmo->map, 0);
	EXPECT_TRUE(is_dirty(vmo, DATA(0, 1)));
}

/* Write permission goes along with the mapping, and BEGIN takes it there too. */
TEST_F(wb_map, mremap_moves)
{
	struct test_vmo *vmo = new_full_vmo(4);
	char *to = mmap(NULL, BYTES(4), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, to);
	store_granted(vmo, vmo->map + BYTES(1), 1);
	ASSERT_EQ(to, mremap(vmo->map, BYTES(4), BYTES(4),
			     MREMAP_MAYMOVE | MREMAP_FIXED, to));
	vmo->map = to;
	EXPECT_TRUE(is_dirty(vmo, DATA(1, 1)));
	store_untrapped(to + BYTES(1));
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, 4));
	store_granted(vmo, to + BYTES(1), 1);
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 4));
	EXPECT_TRUE(is_dirty(vmo, DATA(1, 1)));
	store_granted(vmo, to + BYTES(2), 2);
	EXPECT_TRUE(is_dirty(vmo, DATA(1, 2)));
}

/* A second mapping made by mremap(), and one that has grown. */
TEST_F(wb_map, mremap_doubles)
{
	struct test_vmo *vmo = new_full_vmo(4);
	char *again;

	store_granted(vmo, vmo->map + BYTES(3), 3);
	again = mremap(vmo->map, 0, BYTES(4), MREMAP_MAYMOVE);
	ASSERT_NE(MAP_FAILED, again);
	EXPECT_EQ(STORED_WORD, word_at(again, 3));
	store_granted(vmo, again, 0);
	EXPECT_EQ(STORED_WORD, word_at(vmo->map, 0));
	EXPECT_TRUE(is_dirty(vmo, DATA(0, 1), DATA(3, 1)));
	ASSERT_EQ(0, munmap(again + BYTES(2), BYTES(2)));
	ASSERT_NE(MAP_FAILED, mremap(again, BYTES(2), BYTES(4), MREMAP_MAYMOVE));
	EXPECT_TRUE(is_dirty(vmo, DATA(0, 1), DATA(3, 1)));
}

/* BEGIN protects each of many mappings, of all sizes and places. */
TEST_F(wb_map, begin_protects_all)
{
	struct test_vmo *vmo = new_full_vmo(4);
	char *map[8];

	store_granted(vmo, vmo->map + BYTES(2), 2);
	for (int i = 0; i < 8; i++) {
		map[i] = mmap(NULL, BYTES(1), PROT_READ | PROT_WRITE, MAP_SHARED,
			      vmo->fd, BYTES(2));
		ASSERT_NE(MAP_FAILED, map[i]);
		store_untrapped(map[i]);
	}
	for (int i = 0; i < 8; i++) {
		ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 2, 1));
		store_granted(vmo, map[i], 2);
		ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 2, 1));
		EXPECT_TRUE(is_dirty(vmo, DATA(2, 1)));
	}
}

TEST_F(wb_map, fork_child_stores)
{
	struct test_vmo *vmo = new_full_vmo(4);
	struct client *dirty = client_new(ACC_STORE, vmo, 0, 1);
	struct client *clean = client_new(ACC_STORE, vmo, 2, 1);

	*(volatile uint64_t *)dirty->buf = 0;
	store_granted(vmo, vmo->map, 0);
	word_at(vmo->map, 0) = 1;
	ASSERT_TRUE(client_fork(dirty));
	ASSERT_TRUE(client_good(dirty));
	EXPECT_EQ(STORED_WORD, word_at(vmo->map, 0));
	EXPECT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(client_fork(clean));
	grant(vmo, 2, 1);
	ASSERT_TRUE(client_good(clean));
	/* The child has gone, what it wrote has not. */
	EXPECT_EQ(STORED_WORD, word_at(vmo->map, 2));
	EXPECT_TRUE(is_dirty(vmo, DATA(0, 1), DATA(2, 1)));
	EXPECT_TRUE(drop_caches(3));
	EXPECT_TRUE(is_dirty(vmo, DATA(0, 1), DATA(2, 1)));
}

/* A child that makes one store for each byte that it gets, and tells of each. */
struct puppet {
	volatile uint64_t *at;
	int order[2], done[2];
};

static int puppet_main(void *arg)
{
	struct puppet *p = arg;
	uint64_t word = 100;
	char byte;

	close(p->order[1]);
	while (read(p->order[0], &byte, 1) == 1) {
		*p->at = word++;
		if (write(p->done[1], &byte, 1) != 1)
			return 1;
	}
	return 0;
}

#define puppet_order(p)	ASSERT_EQ(1, write((p)->order[1], "", 1))
#define puppet_done(p) do {						\
	struct pollfd __pfd = { .fd = (p)->done[0], .events = POLLIN };	\
	char __byte;							\
									\
	ASSERT_EQ(1, poll(&__pfd, 1, FAILURE_MS));			\
	ASSERT_EQ(1, read((p)->done[0], &__byte, 1));			\
} while (0)

/* Page tables of another process: BEGIN protects those too. */
TEST_F(wb_map, begin_protects_child)
{
	struct test_vmo *vmo = new_full_vmo(2);
	struct puppet p = { .at = (uint64_t *)(vmo->map + BYTES(1)) };
	pid_t pid;

	ASSERT_EQ(0, pipe(p.order));
	ASSERT_EQ(0, pipe(p.done));
	pid = child_start(puppet_main, &p);
	ASSERT_LT(0, pid);
	puppet_order(&p);
	grant(vmo, 1, 1);
	puppet_done(&p);
	puppet_order(&p);
	puppet_done(&p);
	EXPECT_TRUE(pager_idle(&self->p));
	EXPECT_EQ(101, word_at(vmo->map, 1));
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, 2));
	puppet_order(&p);
	grant(vmo, 1, 1);
	puppet_done(&p);
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 2));
	EXPECT_TRUE(is_dirty(vmo, DATA(1, 1)));
	/* And for good: a store after END is not lost either. */
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, 2));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 2));
	EXPECT_TRUE(is_clean(vmo));
	puppet_order(&p);
	grant(vmo, 1, 1);
	puppet_done(&p);
	EXPECT_EQ(103, word_at(vmo->map, 1));
	close(p.order[1]);
	ASSERT_TRUE(child_wait(pid, 0));
	EXPECT_TRUE(is_dirty(vmo, DATA(1, 1)));
}

/* A private mapping copies dirty pages like any others, and dirties none. */
TEST_F(wb_map, private_over_dirty)
{
	struct test_vmo *vmo = new_full_vmo(4);
	char *priv = map_again(vmo, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	ASSERT_NE(MAP_FAILED, priv);
	store_granted(vmo, vmo->map, 0);
	store_granted(vmo, vmo->map + BYTES(1), 1);
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 1, 1));
	EXPECT_EQ(STORED_WORD, word_at(priv, 0));
	for (int i = 0; i < 3; i++)
		word_at(priv, i) = i + 50;
	EXPECT_TRUE(pager_idle(&self->p));
	EXPECT_EQ(STORED_WORD, word_at(vmo->map, 0));
	EXPECT_EQ(STORED_WORD, word_at(vmo->map, 1));
	EXPECT_TRUE(vmo_has(vmo, 2, 2, SUPPLIED));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 4));
	EXPECT_TRUE(is_dirty(vmo, DATA(0, 1)));
	/* The copies are nobody else's, whatever becomes of the VMO. */
	ASSERT_TRUE(pager_detach(&self->p, vmo));
	for (unsigned int i = 0; i < 3; i++) {
		EXPECT_EQ(i + 50, word_at(priv, i));
	}
	EXPECT_TRUE(is_dirty(vmo, DATA(0, 1)));
}

/* The page that is not there is asked for, but not to be written. */
TEST_F(wb_map, private_of_missing)
{
	struct test_vmo *vmo = new_trap_vmo(2);
	char *priv = map_again(vmo, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	ASSERT_NE(MAP_FAILED, priv);
	ASSERT_TRUE(thread_store(&self->t[0], priv));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(pager_idle(&self->p));
	EXPECT_TRUE(is_clean(vmo));
	EXPECT_TRUE(vmo_has(vmo, 0, 1, SUPPLIED));
}

/* One page of each state that holds something that the daemon has not. */
#define new_mixed_vmo() ({						\
	struct test_vmo *__m = new_full_vmo(6);				\
									\
	write_granted(__m, 0, 2);					\
	ASSERT_TRUE(pager_writeback_begin(&self->p, __m, 1, 1));	\
	ASSERT_TRUE(vmo_zero(__m, 2, 2));				\
	EXPECT_TRUE(is_dirty(__m, DATA(0, 2), ZERO(2, 2)));		\
	__m;								\
})

#define expect_mixed(vmo) do {						\
	EXPECT_TRUE(is_dirty(vmo, DATA(0, 2), ZERO(2, 2)));		\
	EXPECT_TRUE(vmo_shows(vmo, 0, 2, WRITTEN));			\
	EXPECT_TRUE(vmo_has(vmo, 0, 2, WRITTEN));			\
	EXPECT_TRUE(vmo_has(vmo, 2, 2, ZEROES));			\
} while (0)

TEST_F(wb_map, madvise)
{
	static const int advice[] = { MADV_DONTNEED, MADV_COLD, MADV_PAGEOUT,
				      MADV_RANDOM, MADV_WILLNEED };
	struct test_vmo *vmo = new_mixed_vmo();

	for (size_t i = 0; i < sizeof(advice) / sizeof(advice[0]); i++) {
		EXPECT_TRUE(vmo_shows(vmo, 0, 2, WRITTEN));
		/* Only of what needs no request: some of these bring pages in. */
		EXPECT_EQ(0, madvise(vmo->map, BYTES(4), advice[i])) {
			TH_LOG("advice %d", advice[i]);
		}
		expect_mixed(vmo);
	}
	EXPECT_TRUE(pager_idle(&self->p));
}

TEST_F(wb_map, munmap_keeps)
{
	struct test_vmo *vmo = new_mixed_vmo();

	ASSERT_EQ(0, munmap(vmo->map, BYTES(6)));
	vmo->map = map_again(vmo, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, vmo->map);
	expect_mixed(vmo);
	/* A new mapping has no right to write that the old one had not. */
	ASSERT_TRUE(thread_store(&self->t[0], vmo->map + BYTES(1)));
	grant(vmo, 1, 1);
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 6));
	EXPECT_TRUE(is_dirty(vmo, DATA(0, 2), ZERO(2, 2)));
}

/* Locked and populated for writing: the daemon is asked for each page. */
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE	23
#endif

static int populate_write(struct test_thread *t)
{
	return madvise(t->arg, BYTES(4), MADV_POPULATE_WRITE) ? errno : 0;
}

TEST_F(wb_map, populate_write)
{
	struct test_vmo *vmo = new_full_vmo(4);

	self->t[0].arg = vmo->map;
	ASSERT_TRUE(thread_start(&self->t[0], populate_write));
	for (int i = 0; i < 4; i++)
		grant(vmo, i, 1);
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(is_dirty(vmo, DATA(0, 4)));
	EXPECT_TRUE(vmo_has(vmo, 0, 4, SUPPLIED));
}

TEST_HARNESS_MAIN

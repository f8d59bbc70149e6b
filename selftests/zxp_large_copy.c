// SPDX-License-Identifier: GPL-2.0
/*
 * Large folios under copies: a sealed VMO that may have copies has some, of which copies see
 * those pages that they have not changed, as if each was a single one. Nothing is split or
 * copied for a store beside them, and none hides what a copy has for itself.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <kselftest_harness.h>

#include "lib/child.h"
#include "lib/client.h"
#include "lib/fixture.h"
#include "lib/slow.h"

/* Pages of the largest folio there, and of the VMO. */
#define LARGE		((1 << 20) / page_size)
#define PAGES		(3 * LARGE)
#define BYTES(pages)	((pages) * page_size)
#define AROUND		16	/* pages that the kernel looks at around a fault */

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT	21
#endif

enum view { VIEW_COPY, VIEW_SLICE, VIEW_SNAPSHOT };

#define FAULT_AROUND	"/sys/kernel/debug/fault_around_bytes"

/*
 * @view: what it is looked at by; @piece: how many pages are supplied at once, 0 for all;
 * @lone: nothing is mapped around a fault before that is asked for its page
 */
PAGER_DATA_AND(large_copy, (speed_up(), write_file(FAULT_AROUND, "65536")));
FIXTURE_VARIANT(large_copy)
{
	enum view view;
	uint64_t piece;
	bool lone;
};
FIXTURE_VARIANT_ADD(large_copy, Copy) { .view = VIEW_COPY };
FIXTURE_VARIANT_ADD(large_copy, SliceOfCopy) { .view = VIEW_SLICE };
FIXTURE_VARIANT_ADD(large_copy, Snapshot) { .view = VIEW_SNAPSHOT };
FIXTURE_VARIANT_ADD(large_copy, SmallerFolios) { .view = VIEW_COPY, .piece = AROUND };
FIXTURE_VARIANT_ADD(large_copy, Lone) { .view = VIEW_COPY, .lone = true };

static bool supply_all(struct user_pager *p, struct test_vmo *vmo, uint64_t piece)
{
	bool ok = true;

	piece = piece ?: PAGES;
	for (uint64_t page = 0; ok && page < PAGES; page += piece)
		ok = pager_supply(p, vmo, page, piece);
	return ok;
}

/* Of the first two folios, but not of the last one. */
static bool is_own(uint64_t page)
{
	uint64_t at = page % LARGE;

	return page < 2 * LARGE && (!at || at == 77 || at == 78 || at == LARGE - 1);
}

#define OWN	8

static bool put_own(struct test_vmo *copy)
{
	bool ok = true;

	for (uint64_t page = 0; ok && page < PAGES; page++)
		ok = !is_own(page) || vmo_put(copy, page, page + 1);
	return ok;
}

static uint64_t word_of(const struct test_vmo *root, uint64_t page)
{
	return is_own(page) ? page + 1 : vmo_word(root, BYTES(page) / 8);
}

/* Loads of all pages that are own ones, or are not, in that order. */
static bool are_right(const struct test_vmo *root, const char *map, bool own)
{
	for (uint64_t page = 0; page < PAGES; page++) {
		const volatile uint64_t *words = (const uint64_t *)(map + BYTES(page));
		uint64_t word, next;

		if (is_own(page) != own)
			continue;
		word = words[0];
		next = words[1];
		/* Nothing but the first word is ever changed. */
		if (word == word_of(root, page) && next == vmo_word(root, BYTES(page) / 8 + 1))
			continue;
		diag("page %" PRIu64 " has %#" PRIx64 ", %#" PRIx64 ", not %#" PRIx64, page,
		     word, next, word_of(root, page));
		return false;
	}
	return true;
}

static bool all_right(const struct test_vmo *root, const char *map)
{
	return are_right(root, map, false) && are_right(root, map, true);
}

/* By the system call as well. */
static bool shows_all(const struct test_vmo *root, struct test_vmo *view)
{
	bool ok = all_right(root, view->map);

	for (uint64_t page = 0; ok && page < PAGES; page++)
		ok = vmo_word_is(view, page, word_of(root, page));
	return ok;
}

/* That it sees, whoever else does. */
static uint64_t copied_pages(struct test_vmo *copy)
{
	struct zxp_vmo_info info = vmo_info(copy);

	return (info.out_resident + info.out_shared_bytes) / page_size;
}

static bool forget(struct test_vmo *vmo)
{
	return !madvise(vmo->map, BYTES(PAGES), MADV_DONTNEED);
}

#define new_root() ({								\
	if (variant->lone && write_file(FAULT_AROUND, "4096"))			\
		SKIP(return, "the kernel cannot be told what to map");		\
	new_vmo_flags(BYTES(PAGES), 0, ZXP_CREATE_READ_ONLY | ZXP_CREATE_COPIES);	\
})

/* All of it is there, and a copy has some for itself, which are mapped nowhere. */
#define make_view(root, copy, view)						\
	struct test_vmo *root = new_root(), *copy = new_child(root, AT_LEAST, 0, PAGES);	\
	struct test_vmo *view;							\
										\
	ASSERT_TRUE(supply_all(&self->p, root, variant->piece));		\
	ASSERT_TRUE(put_own(copy));						\
	view = variant->view == VIEW_COPY ? copy :				\
	       variant->view == VIEW_SLICE ? new_slice(copy, 0, PAGES) :	\
	       new_child(copy, MODIFIED, 0, PAGES)

/* Are the folios what they were when they were supplied? */
static bool are_whole(struct test_vmo *root)
{
	bool ok = true;

	for (uint64_t page = 0; ok && kernel_has_large_folios() && page < PAGES; page++)
		ok = page_is_large(page_at(root, page));
	return ok;
}

/* Each page is seen in its place, whichever is looked at first and mapped with others. */
TEST_F(large_copy, own_pages_are_not_hidden)
{
	static const struct {
		int prot, flags;
	} maps[] = {
		{ PROT_READ, MAP_SHARED },
		{ PROT_READ | PROT_WRITE, MAP_SHARED },
		{ PROT_READ | PROT_WRITE, MAP_PRIVATE },
		{ PROT_READ, MAP_SHARED | MAP_POPULATE },
	};
	make_view(root, copy, view);

	EXPECT_TRUE(are_whole(root));
	for (size_t i = 0; i < 2 * ARRAY_SIZE(maps); i++) {
		char *map = mmap(NULL, BYTES(PAGES), maps[i / 2].prot, maps[i / 2].flags,
				 view->fd, 0);

		ASSERT_NE(MAP_FAILED, map);
		EXPECT_TRUE(are_right(root, map, i % 2)) TH_LOG("first, %zu", i);
		EXPECT_TRUE(are_right(root, map, !(i % 2))) TH_LOG("second, %zu", i);
		/* One folio, from behind. */
		ASSERT_EQ(0, madvise(map, BYTES(PAGES), MADV_DONTNEED));
		for (uint64_t page = LARGE; page--;)
			EXPECT_EQ(word_of(root, page), *(volatile uint64_t *)(map + BYTES(page)));
		EXPECT_TRUE(all_right(root, map));
		munmap(map, BYTES(PAGES));
	}
	EXPECT_EQ(OWN, copied_pages(copy));
	EXPECT_TRUE(are_whole(root));
	EXPECT_TRUE(vmo_has(root, 0, PAGES, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* What a copy stores takes a page, and what lies beside it is the VMO's as before. */
TEST_F(large_copy, store_takes_a_page)
{
	struct test_vmo *root = new_root(), *copy = new_child(root, AT_LEAST, 0, PAGES);
	struct test_vmo *other = new_child(root, AT_LEAST, 0, PAGES);
	uint64_t own = 0;

	ASSERT_TRUE(supply_all(&self->p, root, variant->piece));
	ASSERT_TRUE(are_whole(root));
	EXPECT_TRUE(vmo_shows(other, 0, PAGES, SUPPLIED));
	for (uint64_t page = 0; page < PAGES; page++) {
		if (!is_own(page))
			continue;
		/* Mapped before, mapped by a neighbour only, not at all; and by a call. */
		ASSERT_TRUE(forget(copy));
		if (own % 4 < 2)
			(void)word_at(copy, own % 4 ? page ^ 1 : page);
		if (own % 4 == 3) {
			ASSERT_TRUE(vmo_put(copy, page, page + 1));
		} else {
			word_at(copy, page) = page + 1;
		}
		EXPECT_EQ(page + 1, word_at(copy, page));
		EXPECT_EQ(++own, child_own_pages(copy));
	}
	EXPECT_TRUE(shows_all(root, copy));
	EXPECT_TRUE(vmo_shows(root, 0, PAGES, SUPPLIED));
	for (uint64_t page = 0; page < PAGES; page++) {
		EXPECT_EQ(is_own(page), page_frame(page_at(copy, page)) !=
					page_frame(page_at(root, page)));
		EXPECT_EQ(page_frame(page_at(other, page)), page_frame(page_at(root, page)));
	}
	EXPECT_TRUE(are_whole(root));
	EXPECT_TRUE(vmo_shows(other, 0, PAGES, SUPPLIED));
	EXPECT_EQ(0, child_own_pages(other));
	EXPECT_EQ(BYTES(PAGES), vmo_info(root).out_resident);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* The same for zeroes, which are not seen by those who see the rest. */
TEST_F(large_copy, zeroes)
{
	make_view(root, copy, view);

	EXPECT_TRUE(shows_all(root, view));
	ASSERT_TRUE(vmo_zero(view, 100, 20));
	ASSERT_EQ(0, fallocate(view->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			       BYTES(LARGE + 60), BYTES(30)));
	for (int i = 0; i < 2; i++) {
		EXPECT_TRUE(vmo_shows(view, 80, 20, SUPPLIED));
		EXPECT_TRUE(vmo_shows(view, 100, 20, ZEROES));
		EXPECT_TRUE(vmo_shows(view, 120, 20, SUPPLIED));
		EXPECT_TRUE(vmo_shows(view, LARGE + 60, 30, ZEROES));
		EXPECT_TRUE(vmo_shows(view, LARGE + 90, 30, SUPPLIED));
		ASSERT_TRUE(forget(view));
	}
	EXPECT_TRUE(are_whole(root));
	EXPECT_TRUE(vmo_has(root, 0, PAGES, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* How many faults it takes to read a folio. */
static long faults(struct test_vmo *vmo, uint64_t page)
{
	struct rusage before, after;

	if (!forget(vmo) || getrusage(RUSAGE_THREAD, &before))
		return -1;
	for (uint64_t i = 0; i < LARGE; i++)
		(void)word_at(vmo, page + i);
	return getrusage(RUSAGE_THREAD, &after) ? -1 : after.ru_minflt - before.ru_minflt;
}

/* Pages around one are mapped with it, also where the copy has some for itself. */
TEST_F(large_copy, faults_around)
{
	make_view(root, copy, view);

	if (variant->lone)
		SKIP(return, "that is what it is without");
	for (uint64_t page = 0; page < PAGES; page += LARGE) {
		long nr = faults(view, page);

		EXPECT_LE(0, nr);
		EXPECT_GE((long)(LARGE / AROUND * 2), nr) TH_LOG("from page %lu", page);
	}
	EXPECT_TRUE(all_right(root, view->map));
}

/* The kernel gets at pages without a fault of the processor, which does not end. */
TEST_F(large_copy, others_get_pages)
{
	static const enum access ways[] = {
		ACC_PREAD, ACC_VMO_READ, ACC_SPLICE, ACC_PIPE_WRITE, ACC_FILE_WRITE,
		ACC_VM_READ, ACC_POPULATE, ACC_MLOCK,
	};
	make_view(root, copy, view);

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct client *c = client_new(ways[i], view, 1, 15);

		ASSERT_NE(NULL, c);
		ASSERT_TRUE(forget(view));
		client_run(c);
		EXPECT_TRUE(client_good(c)) TH_LOG("%s", access_name(ways[i]));
		EXPECT_TRUE(all_right(root, view->map));
		munlock(view->map, BYTES(PAGES));
	}
	ASSERT_TRUE(pager_idle(&self->p));
}

/* What takes pages out of a mapping that is known. */
static const char *zap(void)
{
	return kernel_is_since(7, 1) ? "p:zap_vma_range" :
	       kernel_is_since(6, 3) ? "p:zap_page_range_single" : "p:zap_page_range";
}

/*
 * A store takes nothing out of the only mapping of a copy that has not mapped the page, though
 * other pages of the same folio are mapped, by the copy and by all.
 */
TEST_F(large_copy, store_beside_siblings)
{
	const struct slow unmap = { zap(), .times = 1 };
	struct test_vmo *root = new_root(), *copy = new_child(root, AT_LEAST, 0, PAGES);
	struct test_vmo *other = new_child(root, AT_LEAST, 0, PAGES);
	uint64_t calls;

	ASSERT_TRUE(supply_all(&self->p, root, variant->piece));
	EXPECT_TRUE(vmo_shows(root, 0, PAGES, SUPPLIED));
	EXPECT_TRUE(vmo_shows(other, 0, PAGES, SUPPLIED));
	ASSERT_TRUE(drain_lru());
	SLOW_OR_SKIP(slow_down(&unmap, 1));
	for (uint64_t page = 0; page < 2 * LARGE; page += 8)
		word_at(copy, page) = page;
	calls = slow_calls();
	speed_up();
	EXPECT_GT(LARGE / 32, calls);
	EXPECT_EQ(LARGE / 4, child_own_pages(copy));
	for (uint64_t page = 0; page < 2 * LARGE; page += 8)
		EXPECT_EQ(page, word_at(copy, page));
	EXPECT_TRUE(vmo_shows(other, 0, PAGES, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

static volatile bool ends;

/* Map what is beside the pages that others store to, again and again. */
static int look_around(struct test_thread *t)
{
	for (uint64_t page = 0; !ends; page = (page + 8) % t->nr) {
		if (!(page % 64) && !forget(t->vmo))
			return errno;
		(void)word_at(t->vmo, page);
	}
	return 0;
}

/* Whoever maps a neighbour at the moment of a store does not map what was there before. */
TEST_F(large_copy, store_beside_loads)
{
	/* Each is where a fault has found a page, and it is not mapped yet. */
	static const struct slow maps[] = {
		{ "p:finish_fault", 0, 2 }, { "p:vmf_insert_page_mkwrite", 0, 2 },
	};
	struct test_vmo *root = new_root(), *copy = new_child(root, AT_LEAST, 0, PAGES);
	struct test_thread *t = self->t;

	ASSERT_TRUE(supply_all(&self->p, root, variant->piece));
	/* Without that there is less to be seen. */
	slow_down(maps, kernel_is_since(6, 18) ? 2 : 1);
	ends = false;
	for (int i = 0; i < 2; i++) {
		t[i].vmo = copy;
		t[i].nr = 2 * LARGE;
		ASSERT_TRUE(thread_start(&t[i], look_around));
	}
	for (uint64_t page = 1; page < 2 * LARGE; page += 2) {
		if (page % 4 == 1) {
			ASSERT_TRUE(vmo_put(copy, page, page));
		} else {
			word_at(copy, page) = page;
		}
		for (int i = 0; i < 4; i++) {
			ASSERT_EQ(page, word_at(copy, page));
			sched_yield();
		}
	}
	ends = true;
	ASSERT_TRUE(thread_wait(&t[0]));
	ASSERT_TRUE(thread_wait(&t[1]));
	speed_up();
	for (uint64_t page = 1; page < 2 * LARGE; page += 2)
		ASSERT_TRUE(vmo_word_is(copy, page, page));
	EXPECT_EQ(LARGE, child_own_pages(copy));
	EXPECT_TRUE(are_whole(root));
	EXPECT_TRUE(vmo_has(root, 0, PAGES, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* What ends in the middle of a folio, and a mapping that does not. */
TEST_F(large_copy, ends_inside)
{
	const uint64_t end = LARGE + 100;
	struct test_vmo *root = new_root(), *copy = new_child(root, AT_LEAST, 0, PAGES);
	int slice = zxp_create_child(root->fd, ZXP_CHILD_SLICE, 0, BYTES(end));
	int of[] = {
		slice,
		zxp_create_child(root->fd, AT_LEAST, 0, BYTES(end)),
		zxp_create_child(copy->fd, ZXP_CHILD_SLICE, 0, BYTES(end)),
		zxp_create_child(slice, AT_LEAST, 0, BYTES(end)),
	};

	ASSERT_TRUE(supply_all(&self->p, root, variant->piece));
	for (size_t i = 0; i < ARRAY_SIZE(of); i++) {
		char *map;

		ASSERT_LE(0, of[i]);
		map = mmap(NULL, BYTES(PAGES), PROT_READ, MAP_SHARED, of[i], 0);
		ASSERT_NE(MAP_FAILED, map);
		EXPECT_TRUE(vmo_matches(root, 0, end, map)) TH_LOG("%zu", i);
		EXPECT_TRUE(crashes(map + BYTES(end), SIGBUS)) TH_LOG("%zu", i);
		EXPECT_TRUE(crashes(map + BYTES(2 * LARGE - 1), SIGBUS)) TH_LOG("%zu", i);
		EXPECT_TRUE(crashes(map + BYTES(2 * LARGE), SIGBUS)) TH_LOG("%zu", i);
		munmap(map, BYTES(PAGES));
		close(of[i]);
	}
	EXPECT_TRUE(are_whole(root));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A copy that becomes smaller is zero there for good, and sees all of the rest. */
TEST_F(large_copy, cut)
{
	const uint64_t cut = LARGE + 100;
	struct test_vmo *root = new_root(), *copy = new_clone(root);
	char *map;

	ASSERT_TRUE(supply_all(&self->p, root, variant->piece));
	map = mmap(NULL, BYTES(PAGES), PROT_READ, MAP_SHARED, copy->fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_TRUE(vmo_matches(root, 0, PAGES, map));
	ASSERT_TRUE(vmo_resize(copy, cut));
	EXPECT_TRUE(vmo_matches(root, 0, cut, map));
	EXPECT_TRUE(crashes(map + BYTES(cut), SIGBUS));
	ASSERT_TRUE(vmo_resize(copy, PAGES));
	EXPECT_TRUE(vmo_matches(root, 0, cut, map));
	EXPECT_TRUE(is_zero(map + BYTES(cut), BYTES(PAGES - cut)));
	munmap(map, BYTES(PAGES));
	EXPECT_TRUE(are_whole(root));
	EXPECT_TRUE(vmo_has(root, 0, PAGES, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* What is under copies goes, and comes back as large as before; what they have stays. */
TEST_F(large_copy, reclaim)
{
	make_view(root, copy, view);

	EXPECT_TRUE(shows_all(root, view));
	ASSERT_EQ(0, munmap(root->map, BYTES(PAGES)));
	root->map = NULL;
	ASSERT_TRUE(drain_lru());
	ASSERT_EQ(0, madvise(view->map, BYTES(PAGES), MADV_PAGEOUT));
	/* Of the last folio all is mapped. */
	EXPECT_GE(BYTES(2 * LARGE), vmo_info(root).out_resident);
	EXPECT_FALSE(is_mapped(page_at(view, 2 * LARGE + 5)));
	ASSERT_TRUE(forget(view));
	ASSERT_TRUE(drain_lru());
	ASSERT_TRUE(drop_caches(1));
	EXPECT_EQ(0, vmo_info(root).out_resident);
	ASSERT_TRUE(thread_check_vmar(&self->t[0], view, 79, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, root, 79, 1));
	ASSERT_TRUE(supply_all(&self->p, root, variant->piece));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(shows_all(root, view));
	EXPECT_TRUE(!kernel_has_large_folios() || page_is_large(page_at(view, 79)));
	EXPECT_EQ(OWN, copied_pages(copy));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A hint of a copy takes a folio of which it sees all. */
TEST_F(large_copy, dont_need)
{
	make_view(root, copy, view);

	ASSERT_TRUE(drain_lru());
	EXPECT_EQ(0, zxp_vmo_op_range(view->fd, ZXP_VMO_OP_DONT_NEED, 0, BYTES(PAGES)));
	EXPECT_GE(BYTES(2 * LARGE), vmo_info(root).out_resident);
	ASSERT_TRUE(supply_all(&self->p, root, variant->piece));
	EXPECT_TRUE(shows_all(root, view));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A page of a folio fails that is seen by a copy: the daemon has it, and others stay. */
TEST_F(large_copy, poison)
{
	const uint64_t bad = 80;
	make_view(root, copy, view);

	if (!memory_can_fail())
		SKIP(return, "no CONFIG_MEMORY_FAILURE here");
	EXPECT_TRUE(shows_all(root, view));
	ASSERT_TRUE(memory_fails(view->fd, bad));
	/* Where it was mapped it stays lost. */
	ASSERT_TRUE(forget(view));
	ASSERT_TRUE(thread_check_vmar(&self->t[0], view, bad, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, root, bad, 1));
	ASSERT_TRUE(pager_supply(&self->p, root, 0, PAGES));
	EXPECT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(shows_all(root, view));
	/* And one that is the copy's own. */
	ASSERT_TRUE(memory_fails(view->fd, 77));
	EXPECT_TRUE(vmo_page_is_lost(view, 77));
	ASSERT_TRUE(forget(view));
	EXPECT_TRUE(crashes(page_at(view, 77), SIGBUS));
	EXPECT_EQ(word_of(root, 76), word_at(view, 76));
	EXPECT_EQ(word_of(root, 78), word_at(view, 78));
	EXPECT_TRUE(vmo_has(root, 0, PAGES, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Who has it done may be killed for that. */
static int fail_page(void *addr)
{
	return madvise(addr, page_size, MADV_HWPOISON);
}

/*
 * The folio stays as somebody holds it, with a page that has failed: no other page of it is
 * worse for that, and the failed one is not mapped with them.
 */
TEST_F(large_copy, poison_in_what_is_held)
{
	const uint64_t bad = 84;
	make_view(root, copy, view);
	struct iovec iov = { page_at(root, bad), 1 };
	int pipefd[2];
	pid_t pid;

	if (!memory_can_fail())
		SKIP(return, "no CONFIG_MEMORY_FAILURE here");
	EXPECT_TRUE(shows_all(root, view));
	ASSERT_EQ(0, pipe(pipefd));
	ASSERT_EQ(1, vmsplice(pipefd[1], &iov, 1, 0));
	pid = child_start(fail_page, page_at(view, bad));
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	ASSERT_TRUE(forget(view));
	for (uint64_t page = bad - 4; page < bad + 4; page++) {
		if (page != bad)
			EXPECT_EQ(word_of(root, page), word_at(view, page));
	}
	EXPECT_FALSE(is_mapped(page_at(view, bad)));
	ASSERT_TRUE(forget(root));
	EXPECT_EQ(vmo_word(root, BYTES(bad - 1) / 8), word_at(root, bad - 1));
	EXPECT_FALSE(is_mapped(page_at(root, bad)));
	EXPECT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(thread_check_vmar(&self->t[0], view, bad, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, root, bad, 1));
	ASSERT_TRUE(pager_supply(&self->p, root, 0, PAGES));
	EXPECT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(shows_all(root, view));
	close(pipefd[0]);
	close(pipefd[1]);
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN

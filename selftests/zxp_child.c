// SPDX-License-Identifier: GPL-2.0
/*
 * What Zircon's tests of clones have no case for, since it is Linux that has pipes, futexes
 * with an identity of their own, calls that must not wait, and memory that fails.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>
#include <kselftest_harness.h>

#include "lib/child.h"
#include "lib/fixture.h"
#include "lib/pin.h"
#include "lib/slow.h"
#include "lib/task.h"

PAGER_DATA_AND(child, speed_up());

/* The page itself goes into the pipe, as a reference. */
static bool put_into_pipe(int pipe_end, struct test_vmo *vmo, uint64_t page)
{
	struct iovec iov = { page_at(vmo, page), page_size };

	return vmsplice(pipe_end, &iov, 1, 0) == (ssize_t)page_size;
}

static uint64_t word_of_pipe(int pipe_end)
{
	uint64_t words[page_size / 8];

	return read(pipe_end, words, page_size) == (ssize_t)page_size ? words[0] : 0;
}

/*
 * A reader of the clone has kept a page. Once the clone is gone its snapshot is the only one
 * that sees it, and yet what is stored in the snapshot is not for the reader.
 */
TEST_F(child, kept_page)
{
	struct test_vmo *vmo = new_vmo(2), *clone = new_snapshot(vmo), *snapshot;
	int ends[2];

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_EQ(0, pipe(ends));
	ASSERT_TRUE(vmo_put(clone, 0, 1));
	ASSERT_TRUE(vmo_put(clone, 1, 1));
	snapshot = new_snapshot(clone);
	ASSERT_TRUE(put_into_pipe(ends[1], clone, 0));
	ASSERT_TRUE(put_into_pipe(ends[1], snapshot, 1));
	vmo_release(clone);
	ASSERT_TRUE(vmo_put(snapshot, 0, 2));
	*(volatile uint64_t *)page_at(snapshot, 1) = 2;
	EXPECT_EQ(1, word_of_pipe(ends[0]));
	EXPECT_EQ(1, word_of_pipe(ends[0]));
	EXPECT_TRUE(vmo_word_is(snapshot, 0, 2));
	EXPECT_TRUE(vmo_word_is(snapshot, 1, 2));
	/* Nobody has it any more, so the next snapshot finds one layer where there were two. */
	clone = new_snapshot(snapshot);
	EXPECT_TRUE(vmo_word_is(clone, 0, 2));
	EXPECT_TRUE(vmo_word_is(clone, 1, 2));
	close(ends[0]);
	close(ends[1]);
	ASSERT_TRUE(pager_idle(&self->p));
}

static int wait_for_word(struct test_thread *t)
{
	return syscall(SYS_futex, t->vmo->map, FUTEX_WAIT, 1, NULL, NULL, 0) ? errno : 0;
}

/* It waits in the first word of @vmo, which is 1. */
static bool start_waiter(struct test_thread *t, struct test_vmo *vmo)
{
	t->vmo = vmo;
	return thread_start(t, wait_for_word) &&
	       wait_until(task_sleeps_in(getpid(), t->tid, "futex"));
}

static long wake(struct test_vmo *vmo)
{
	return syscall(SYS_futex, vmo->map, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/*
 * Who waits in the clone is woken in the clone, also when a snapshot has come between and
 * the page that it waits in is another one now; who waits in the snapshot in the snapshot.
 */
TEST_F(child, futex_over_snapshot)
{
	struct test_vmo *vmo = new_vmo(1), *clone = new_snapshot(vmo), *snapshot;
	uint32_t word = 1;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(vmo_put(clone, 0, word));
	ASSERT_TRUE(start_waiter(&self->t[0], clone));
	snapshot = new_snapshot(clone);
	/* A futex of the kernel is looked up in a page that could be stored to. */
	ASSERT_TRUE(vmo_put(clone, 0, word));
	ASSERT_TRUE(vmo_put(snapshot, 0, word));
	ASSERT_TRUE(start_waiter(&self->t[1], snapshot));
	EXPECT_EQ(0, wake(vmo));
	EXPECT_EQ(1, wake(clone));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(0, wake(clone));
	EXPECT_EQ(1, wake(snapshot));
	ASSERT_TRUE(thread_wait(&self->t[1]));
	ASSERT_TRUE(pager_idle(&self->p));
}

#define word_by(map, page)	(*(volatile uint64_t *)((map) + (page) * page_size))

/*
 * What is stored by one mapping of a child, or of a slice of it, is seen by its others, which
 * had loaded what was there before: also once these mappings are all that is left of it. The
 * second half was zeroed.
 */
TEST_F(child, seen_by_each_mapping)
{
	enum { BY_MAPPING, BY_CALL, ALONE, PAGES };
	struct test_vmo *vmo = new_vmo(2 * PAGES), *clone, *mapped;
	size_t size = 2 * PAGES * page_size;
	char *one, *other;
	uint64_t page;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2 * PAGES));
	for (int slice = 0; slice <= 1; slice++) {
		clone = new_child(vmo, AT_LEAST, 0, 2 * PAGES);
		mapped = slice ? new_slice(clone, 0, 2 * PAGES) : clone;
		one = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, mapped->fd, 0);
		ASSERT_NE(MAP_FAILED, one);
		other = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, mapped->fd, 0);
		ASSERT_NE(MAP_FAILED, other);
		ASSERT_EQ(0, zxp_vmo_op_range(clone->fd, ZXP_VMO_OP_ZERO, size / 2, size / 2));
		for (page = 0; page < 2 * PAGES; page++)
			EXPECT_EQ(word_by(one, page), word_by(other, page));

		for (page = 0; page < 2 * PAGES; page += PAGES) {
			word_by(one, page + BY_MAPPING) = 1;
			ASSERT_TRUE(vmo_put(clone, page + BY_CALL, 2));
		}
		vmo_release(clone);
		vmo_release(mapped);
		for (page = 0; page < 2 * PAGES; page += PAGES) {
			word_by(one, page + ALONE) = 3;
			EXPECT_EQ(1, word_by(other, page + BY_MAPPING));
			EXPECT_EQ(2, word_by(one, page + BY_CALL));
			EXPECT_EQ(2, word_by(other, page + BY_CALL));
			EXPECT_EQ(3, word_by(other, page + ALONE));
		}
		munmap(one, size);
		munmap(other, size);
	}

	/* And where there is only one it has no old entry left. */
	clone = new_clone(vmo);
	EXPECT_TRUE(vmo_matches(vmo, 0, 2 * PAGES, clone->map));
	word_by(clone->map, 0) = 4;
	EXPECT_EQ(4, word_by(clone->map, 0));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Who waits in what a snapshot has got from the one that went is as good as any other. */
TEST_F(child, futex_after_adoption)
{
	struct test_vmo *vmo = new_vmo(1), *clone = new_snapshot(vmo), *snapshot;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(vmo_put(clone, 0, 1));
	snapshot = new_snapshot(clone);
	vmo_release(clone);
	EXPECT_EQ(1, child_own_pages(snapshot));
	ASSERT_TRUE(start_waiter(&self->t[0], snapshot));
	clone = new_snapshot(snapshot);
	ASSERT_TRUE(vmo_put(snapshot, 0, 1));
	EXPECT_EQ(0, wake(clone));
	EXPECT_EQ(1, wake(snapshot));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
}

static int64_t free_pages(void)
{
	struct sysinfo info;

	return sysinfo(&info) ? -1 : (int64_t)(info.freeram * info.mem_unit / page_size);
}

/*
 * Again and again something is stored, a snapshot made, and it goes, while somebody keeps a
 * page of each: what is below has as many pages as there are to be seen, and no more.
 */
TEST_F(child, kept_pages_of_many)
{
	enum { SNAPSHOTS = 30, PAGES = 256 };
	struct test_vmo *vmo = new_vmo(PAGES), *clone = new_snapshot(vmo), *snapshot;
	int64_t before = 0;
	int ends[2];

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, PAGES));
	ASSERT_EQ(0, pipe(ends));
	ASSERT_LT(0, fcntl(ends[1], F_SETPIPE_SZ, SNAPSHOTS * page_size));
	for (unsigned int i = 0; i < SNAPSHOTS; i++) {
		for (unsigned int page = 0; page < PAGES; page++)
			ASSERT_TRUE(vmo_put(clone, page, i));
		snapshot = new_snapshot(clone);
		ASSERT_TRUE(vmo_put(clone, 0, i + 1));
		ASSERT_TRUE(put_into_pipe(ends[1], snapshot, 1));
		vmo_release(snapshot);
		/* What has gone has done so when its last mapping has. */
		if (i == 9)
			before = free_pages();
	}
	/* It is twice as much if none have gone. */
	EXPECT_GT(10 * PAGES, before - free_pages());
	close(ends[0]);
	close(ends[1]);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* What is not there and the page that is to be copied are both for somebody who may wait. */
TEST_F(child, nowait)
{
	struct test_vmo *vmo = new_vmo(2), *clone = new_clone(vmo);
	uint64_t word = 1;
	struct iovec iov = { &word, sizeof(word) };

	EXPECT_EQ(-1, preadv2(clone->fd, &iov, 1, 0, RWF_NOWAIT));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(-1, pwritev2(clone->fd, &iov, 1, 0, RWF_NOWAIT));
	EXPECT_EQ(EAGAIN, errno);
	ASSERT_TRUE(pager_idle(&self->p));

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	EXPECT_EQ(-1, pwritev2(clone->fd, &iov, 1, 0, RWF_NOWAIT));
	EXPECT_EQ(EAGAIN, errno);
	ASSERT_TRUE(vmo_put(clone, 0, 2));
	EXPECT_EQ((ssize_t)sizeof(word), pwritev2(clone->fd, &iov, 1, 0, RWF_NOWAIT));
	EXPECT_TRUE(vmo_word_is(clone, 0, 1));
	word = 0;
	EXPECT_EQ((ssize_t)sizeof(word), preadv2(clone->fd, &iov, 1, 0, RWF_NOWAIT));
	EXPECT_EQ(1, word);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* What is written to the page by a call is seen by a mapping that had loaded it before. */
static bool written_is_seen(struct test_vmo *clone, char *map, uint64_t page)
{
	uint64_t before = word_by(map, page), word = before + page + 1;

	if (vmo_put(clone, page, word) && word_by(map, page) == word)
		return true;
	diag("page %lu has %#lx, and was written to with %#lx", page, word_by(map, page), word);
	return false;
}

struct elsewhere {
	struct test_vmo *clone;
	char *map;
	int ends[2];
};

/* Has the page mapped, and tells what it sees once somebody has written there. */
static int see_elsewhere(void *arg)
{
	struct elsewhere *e = arg;
	uint64_t before = word_by(e->map, 6);
	char byte = 0;

	if (write(e->ends[1], &byte, 1) != 1)
		return 2;
	return wait_until(word_by(e->map, 6) != before) ? 0 : 1;
}

/* Where and how that mapping, the only one or not, is now: it is not looked for elsewhere. */
TEST_F(child, written_where_it_is_mapped)
{
	struct test_vmo *vmo = new_vmo(8), *clone, *private;
	struct elsewhere e;
	size_t size = 8 * page_size;
	char *map, *half, byte;
	pid_t pid;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 8));
	clone = new_clone(vmo);
	EXPECT_TRUE(written_is_seen(clone, clone->map, 0));

	/* Something else is at its old place. */
	map = map_anon(16);
	map = mremap(clone->map, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, map);
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(clone->map, mmap(clone->map, size, PROT_READ | PROT_WRITE, MAP_FIXED |
				   MAP_SHARED, vmo->fd, 0));
	EXPECT_TRUE(written_is_seen(clone, map, 1));

	/* In two parts, of which one is moved, and then only that is left. */
	EXPECT_EQ(vmo_word(vmo, 4 * page_size / 8), word_by(map, 4));
	half = map_anon(4);
	half = mremap(map + size / 2, size / 2, size / 2, MREMAP_MAYMOVE | MREMAP_FIXED, half);
	ASSERT_NE(MAP_FAILED, half);
	EXPECT_TRUE(written_is_seen(clone, half - size / 2, 4));
	EXPECT_TRUE(written_is_seen(clone, map, 2));
	ASSERT_EQ(0, munmap(map, size / 2));
	EXPECT_TRUE(written_is_seen(clone, half - size / 2, 5));
	/* Where it is not mapped at all. */
	ASSERT_TRUE(vmo_put(clone, 3, 9));

	/* Another process has one, too. */
	e = (struct elsewhere){ .clone = clone, .map = half - size / 2 };
	ASSERT_EQ(0, pipe(e.ends));
	pid = child_start(see_elsewhere, &e);
	ASSERT_LT(0, pid);
	ASSERT_EQ(1, read(e.ends[0], &byte, 1));
	EXPECT_TRUE(written_is_seen(clone, half - size / 2, 6));
	ASSERT_TRUE(child_wait(pid, 0));

	/* A private one keeps what is its own. */
	ASSERT_EQ(0, munmap(half, size / 2));
	private = vmo_map_private(clone);
	ASSERT_NE(NULL, private);
	word_at(private, 7) = 5;
	ASSERT_TRUE(vmo_put(clone, 7, 6));
	EXPECT_EQ(5, word_at(private, 7));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* What is mapped of the root goes when there is something else to be seen. */
TEST_F(child, store_beside_mapping)
{
	struct test_vmo *vmo = new_vmo_options(2, ZXP_VMO_RESIZABLE);
	struct test_vmo *clone, *other;
	unsigned int page;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	/* Zeroes. */
	ASSERT_TRUE(vmo_resize(vmo, 4));
	clone = new_clone(vmo);
	other = new_clone(vmo);
	for (page = 1; page < 3; page++) {
		uint64_t before = page == 1 ? vmo_word(vmo, page_size / 8) : 0;
		volatile uint64_t *seen = (uint64_t *)page_at(clone, page);
		volatile uint64_t *others = (uint64_t *)page_at(other, page);

		EXPECT_EQ(before, *seen);
		EXPECT_EQ(before, *others);
		ASSERT_TRUE(vmo_put(clone, page, 1));
		EXPECT_EQ(1, *seen);
		EXPECT_EQ(before, *others);
		ASSERT_TRUE(vmo_put(vmo, page, 2));
		EXPECT_EQ(1, *seen);
		EXPECT_EQ(2, *others);
		*others = 3;
		EXPECT_TRUE(vmo_word_is(other, page, 3));
		EXPECT_TRUE(vmo_word_is(clone, page, 1));
		EXPECT_TRUE(vmo_word_is(vmo, page, 2));
	}
	ASSERT_TRUE(pager_idle(&self->p));
}

/* However large its folios are, none hides what the copy has for itself. */
TEST_F(child, of_a_read_only_vmo)
{
	enum { PAGES = 512 };
	struct test_vmo *vmo = new_vmo_flags(PAGES * page_size, 0,
					     ZXP_CREATE_READ_ONLY | ZXP_CREATE_COPIES);
	struct test_vmo *clone, *other;
	uint64_t page;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, PAGES));
	clone = new_clone(vmo);
	for (page = 0; page < PAGES; page += 100)
		ASSERT_TRUE(vmo_put(clone, page, page + 1));
	other = new_clone(vmo);
	EXPECT_TRUE(vmo_shows(other, 0, PAGES, SUPPLIED));
	for (page = 0; page < PAGES; page += 100) {
		EXPECT_TRUE(vmo_shows(clone, page + 1, 10, SUPPLIED));
		EXPECT_TRUE(vmo_word_is(clone, page, page + 1));
	}
	EXPECT_EQ(6, child_own_pages(clone));
	EXPECT_TRUE(vmo_has(vmo, 0, PAGES, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

static uint64_t page_blocks(struct test_vmo *vmo)
{
	struct stat st;

	return fstat(vmo->fd, &st) ? UINT64_MAX : st.st_blocks * 512 / page_size;
}

/* There are programs that do not read a file without blocks, or behind the last one. */
TEST_F(child, blocks)
{
	struct test_vmo *vmo = new_vmo(3), *clone = new_clone(vmo);

	EXPECT_EQ(3, page_blocks(clone));
	ASSERT_TRUE(vmo_zero(clone, 1, 1));
	EXPECT_EQ(2, page_blocks(clone));
	ASSERT_TRUE(vmo_zero(clone, 0, 3));
	EXPECT_EQ(0, page_blocks(clone));
	ASSERT_TRUE(vmo_put(clone, 2, 1));
	EXPECT_EQ(1, page_blocks(clone));
	ASSERT_TRUE(vmo_resize(clone, 2));
	EXPECT_EQ(0, page_blocks(clone));
	EXPECT_EQ(3, page_blocks(vmo));
}

/* Zeroes before its first page are none of it; those below are, but not under pages. */
TEST_F(child, blocks_of_a_part)
{
	struct test_vmo *vmo = new_vmo(4), *clone = new_clone(vmo), *part, *all;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 4));
	ASSERT_TRUE(vmo_zero(clone, 0, 3));
	all = new_child(clone, MODIFIED, 0, 5);
	part = new_child(clone, MODIFIED, 3, 1);
	EXPECT_EQ(1, page_blocks(all));
	ASSERT_TRUE(vmo_put(all, 1, 1));
	EXPECT_EQ(2, page_blocks(all));
	vmo_release(all);
	vmo_release(clone);
	EXPECT_EQ(1, page_blocks(part));
	ASSERT_TRUE(vmo_put(part, 0, 1));
	EXPECT_EQ(1, page_blocks(part));
}

/* What others have copied behind the end of the root goes, as if there had been no child. */
TEST_F(child, shrink_without_children)
{
	struct test_vmo *vmo = new_vmo_options(2, ZXP_VMO_RESIZABLE);
	volatile uint64_t *copy;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	copy = mmap(NULL, 2 * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, vmo->fd, 0);
	ASSERT_NE(MAP_FAILED, copy);
	vmo_release(new_clone(vmo));
	copy += page_size / 8;
	*copy = 1;
	ASSERT_TRUE(vmo_resize(vmo, 1));
	EXPECT_TRUE(crashes((void *)copy, SIGBUS));
	ASSERT_TRUE(vmo_resize(vmo, 2));
	EXPECT_EQ(0, *copy);
	munmap((char *)copy - page_size, 2 * page_size);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Memory that failed is what only the child had: it is lost, and nobody gets another thing. */
TEST_F(child, poison)
{
	struct test_vmo *vmo = new_vmo(2), *clone = new_snapshot(vmo), *snapshot;

	if (!memory_can_fail())
		SKIP(return, "no CONFIG_MEMORY_FAILURE here");
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(vmo_put(clone, 0, 1));
	ASSERT_TRUE(vmo_put(clone, 1, 1));
	/* Whether it could do anything about the page is not for it to say. */
	madvise(page_at(clone, 0), page_size, MADV_HWPOISON);
	snapshot = new_snapshot(clone);

	EXPECT_TRUE(vmo_page_is_lost(clone, 0));
	EXPECT_TRUE(vmo_page_is_lost(snapshot, 0));
	EXPECT_TRUE(crashes(page_at(snapshot, 0), SIGBUS));
	EXPECT_TRUE(store_crashes(page_at(snapshot, 0), SIGBUS));
	EXPECT_TRUE(vmo_word_is(snapshot, 1, 1));

	/* All of it anew, or zeroes. */
	EXPECT_TRUE(vmo_put_page(clone, 0, 7));
	EXPECT_TRUE(vmo_word_is(clone, 0, 0x0707070707070707));
	EXPECT_TRUE(vmo_page_is_lost(snapshot, 0));
	test_zxp(vmo_zero, snapshot->fd, 0, page_size);
	EXPECT_TRUE(vmo_word_is(snapshot, 0, 0));
	EXPECT_TRUE(vmo_has(vmo, 0, 2, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Who unmaps pages, each when it was loaded, and takes its time to tell other processors. */
struct unmapper {
	volatile uint64_t loaded;
	volatile uint64_t unmapped;
};

static int unmap_each(struct test_thread *t)
{
	struct unmapper *u = t->arg;

	if (!run_on(1))
		return errno;
	for (uint64_t page = 0; page < t->nr; page++) {
		while (u->loaded == page)
			;
		if (madvise(page_at(t->vmo, page), page_size, MADV_DONTNEED))
			return errno;
		u->unmapped = page + 1;
	}
	return 0;
}

/*
 * A page of the root has left the page tables, and is not counted as mapped any more, but the
 * processor of a reader knows it still. It does not after a write.
 */
TEST_F(child, page_that_only_a_processor_knows)
{
	const struct slow slow = { "p:tlb_finish_mmu", 0, 8 };
	uint64_t pages = 500, in_time = 0;
	struct test_vmo *vmo = new_vmo(pages), *clone;
	struct unmapper u = {};

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, pages));
	clone = new_clone(vmo);
	if (!run_on(0) || sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "a single processor");
	SLOW_OR_SKIP(slow_down(&slow, 1));
	self->t[0].vmo = clone;
	self->t[0].nr = pages;
	self->t[0].arg = &u;
	ASSERT_TRUE(thread_start(&self->t[0], unmap_each));
	for (uint64_t page = 0; page < pages; page++) {
		ASSERT_EQ(vmo_word(vmo, page * page_size / 8), word_at(clone, page));
		u.loaded = page + 1;
		/* A little later each time. */
		for (volatile unsigned int early = page % 64 * 32; early; early--)
			;
		ASSERT_TRUE(vmo_put(clone, page, page + 1));
		in_time += u.unmapped == page;
		ASSERT_EQ(page + 1, word_at(clone, page));
		while (u.unmapped == page && thread_running(&self->t[0]))
			sched_yield();
	}
	ASSERT_TRUE(thread_wait(&self->t[0]));
	diag("%lu of %lu writes ended before others were told", in_time, pages);
	EXPECT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN

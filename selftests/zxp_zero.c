// SPDX-License-Identifier: GPL-2.0
/*
 * Zero ranges that are read through a mapping: they take no page, and what the kernel does
 * to pages does not harm the one that is mapped. What takes its place is in
 * zxp_zero_change.c, and races are in zxp_zero_race.c.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lib/zero.h"

static long long blocks_of(const struct test_vmo *vmo)
{
	struct stat st;

	return fstat(vmo->fd, &st) ? -1 : (long long)st.st_blocks;
}

/* The kilobytes of a mapping that /proc/self/smaps has in that line. */
static long smaps_kb(const char *map, const char *name)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	size_t len = strlen(name);
	bool here = false;
	char line[256];
	long kb = -1;
	void *start;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%p-", &start) == 1 && strchr(line, '-'))
			here = start == map;
		else if (here && !strncmp(line, name, len))
			kb = atol(line + len);
	}
	if (f)
		fclose(f);
	return kb;
}

TEST_F(zero, reading_takes_no_page)
{
	struct test_vmo *vmo = new_trap_vmo(PAGES);
	long long blocks;

	/* Supplied zeroes, two pages, and new ones. */
	ASSERT_TRUE(pager_supply_zero(&self->p, vmo, 0, 4));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 4, 2));
	ASSERT_TRUE(vmo_zero(vmo, 6, 2));
	ASSERT_TRUE(vmo_resize(vmo, 2 * PAGES));
	ASSERT_TRUE(was_modified(vmo));
	ASSERT_EQ(2, resident(vmo));
	blocks = blocks_of(vmo);
	EXPECT_TRUE(vmo_shows(vmo, 0, 4, ZEROES));
	EXPECT_TRUE(vmo_shows(vmo, 4, 2, SUPPLIED));
	EXPECT_TRUE(vmo_shows(vmo, 6, PAGES + 2, ZEROES));
	EXPECT_EQ(2, resident(vmo));
	EXPECT_EQ(blocks, blocks_of(vmo));
	EXPECT_EQ((long long)(BYTES(2) / 512), blocks);
	EXPECT_EQ(BYTES(PAGES + 2), vmo_info(vmo).out_zero_bytes);
	EXPECT_EQ(0, vmo_info(vmo).out_dirty_bytes);
	EXPECT_TRUE(is_dirty(vmo, ZERO(6, PAGES + 2)));
	EXPECT_FALSE(was_modified(vmo));
	/* Nor do pages that reclaim or a hint may take. */
	EXPECT_TRUE(vmo_has(vmo, 0, 4, ZEROES));
	EXPECT_TRUE(pager_idle(&self->p));
}

/* Behind the stream size. */
TEST_F(zero, untracked)
{
	struct test_vmo *vmo = new_trap_vmo(PAGES);

	ASSERT_EQ(0, zxp_set_stream_size(vmo->fd, BYTES(2)));
	EXPECT_TRUE(vmo_shows(vmo, 2, PAGES - 2, ZEROES));
	EXPECT_EQ(0, resident(vmo));
	write_granted(vmo, 3, 1);
	EXPECT_TRUE(vmo_shows(vmo, 3, 1, WRITTEN));
	EXPECT_TRUE(vmo_shows(vmo, 4, PAGES - 4, ZEROES));
	EXPECT_EQ(1, resident(vmo));
	EXPECT_TRUE(pager_idle(&self->p));
}

/* In a mapping that it has from its parent. */
static int sees_zeroes(void *map)
{
	return !all_bytes_are(map, PAGES, 0);
}

TEST_F(zero, fork)
{
	struct test_vmo *vmo = new_mapped_zeroes();
	char *copy = map_vmo(vmo, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	ASSERT_NE(NULL, copy);
	/* With a copy of a page in it fork() copies the page table, too. */
	copy[BYTES(PAGES) - 1] = 1;
	ASSERT_TRUE(all_bytes_are(copy, PAGES - 1, 0));
	EXPECT_TRUE(child_wait(child_start(sees_zeroes, vmo->map), 0));
	EXPECT_TRUE(child_wait(child_start(sees_zeroes, copy), 0));
	EXPECT_EQ(0, resident(vmo));
	write_granted(vmo, 0, PAGES);
	EXPECT_TRUE(vmo_shows(vmo, 0, PAGES, WRITTEN));
	EXPECT_TRUE(content_is(vmo, 0, PAGES - 1, WRITTEN, copy));
	munmap(copy, BYTES(PAGES));
}

/* A private copy comes from zeroes, and the VMO has nothing of it. */
TEST_F(zero, private)
{
	struct test_vmo *vmo = new_mapped_zeroes();
	char *copy = map_vmo(vmo, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	uint64_t page;

	ASSERT_NE(NULL, copy);
	for (page = 0; page < PAGES; page++) {
		/* Some were read before. */
		if (page % 2) {
			EXPECT_EQ(0, *(volatile char *)(copy + BYTES(page)));
		}
		copy[BYTES(page) + 1] = 'p';
		EXPECT_EQ(0, copy[BYTES(page)]);
		EXPECT_EQ('p', copy[BYTES(page) + 1]);
	}
	EXPECT_TRUE(vmo_shows(vmo, 0, PAGES, ZEROES));
	EXPECT_TRUE(is_dirty(vmo, ZERO(0, PAGES)));
	EXPECT_EQ(0, resident(vmo));
	EXPECT_FALSE(was_modified(vmo));
	munmap(copy, BYTES(PAGES));
	EXPECT_TRUE(pager_idle(&self->p));
}

TEST_F(zero, process_vm_readv)
{
	struct test_vmo *vmo = new_mapped_zeroes();
	char *buf = map_anon(PAGES);
	struct iovec to = { buf, BYTES(PAGES) };
	struct iovec from = { vmo->map, BYTES(PAGES) };

	memset(buf, 'x', BYTES(PAGES));
	ASSERT_EQ((ssize_t)BYTES(PAGES),
		  process_vm_readv(getpid(), &to, 1, &from, 1, 0));
	EXPECT_TRUE(is_zero(buf, BYTES(PAGES)));
	write_granted(vmo, 3, 1);
	ASSERT_EQ((ssize_t)BYTES(PAGES),
		  process_vm_readv(getpid(), &to, 1, &from, 1, 0));
	EXPECT_TRUE(content_is(vmo, 3, 1, WRITTEN, buf + BYTES(3)));
	EXPECT_TRUE(is_zero(buf, BYTES(3)));
	EXPECT_EQ(1, resident(vmo));
}

/* Whoever holds the page keeps the zeroes; who looks again does not. */
TEST_F(zero, held_for_reading)
{
	struct test_vmo *vmo = new_mapped_zeroes();
	struct iovec from = { vmo->map + BYTES(2), BYTES(1) };
	char *buf = map_anon(1);
	int fds[2];

	ASSERT_EQ(0, pipe2(fds, O_CLOEXEC));
	ASSERT_EQ((ssize_t)BYTES(1), vmsplice(fds[1], &from, 1, 0));
	write_granted(vmo, 2, 1);
	EXPECT_TRUE(vmo_shows(vmo, 2, 1, WRITTEN));
	memset(buf, 'x', BYTES(1));
	ASSERT_EQ((ssize_t)BYTES(1), read(fds[0], buf, BYTES(1)));
	EXPECT_TRUE(is_zero(buf, BYTES(1)));
	close(fds[0]);
	close(fds[1]);
}

/* It outlives the VMO where it is held. */
TEST_F(zero, held_at_the_end)
{
	struct test_vmo *vmo = new_mapped_zeroes();
	struct iovec from = { vmo->map, BYTES(1) };
	char *buf = map_anon(1);
	int fds[2];

	ASSERT_EQ(0, pipe2(fds, O_CLOEXEC));
	ASSERT_EQ((ssize_t)BYTES(1), vmsplice(fds[1], &from, 1, 0));
	vmo_release(vmo);
	memset(buf, 'x', BYTES(1));
	ASSERT_EQ((ssize_t)BYTES(1), read(fds[0], buf, BYTES(1)));
	EXPECT_TRUE(is_zero(buf, BYTES(1)));
	close(fds[0]);
	close(fds[1]);
}

/* It is counted where it is mapped, and locking it in memory reserves nothing. */
TEST_F(zero, mlock)
{
	struct test_vmo *vmo = new_mapped_zeroes();
	char *map = map_vmo(vmo, PROT_READ | PROT_WRITE, MAP_SHARED);

	ASSERT_NE(NULL, map);
	EXPECT_EQ(0, smaps_kb(map, "Rss:"));
	ASSERT_EQ(0, mlock(map, BYTES(PAGES)));
	EXPECT_EQ((long)BYTES(PAGES) / 1024, smaps_kb(map, "Rss:"));
	EXPECT_EQ(0, resident(vmo));
	write_granted(vmo, 0, 2);
	EXPECT_TRUE(content_is(vmo, 0, 2, WRITTEN, map));
	EXPECT_EQ((long)BYTES(PAGES) / 1024, smaps_kb(map, "Rss:"));
	ASSERT_EQ(0, munlock(map, BYTES(PAGES)));
	ASSERT_EQ(0, mlock(map, BYTES(PAGES)));
	EXPECT_EQ(0, munmap(map, BYTES(PAGES)));
	EXPECT_TRUE(vmo_shows(vmo, 2, PAGES - 2, ZEROES));
}

/* What gives up pages, or moves them, leaves zeroes. */
TEST_F(zero, madvise)
{
	static const int advice[] = {
		MADV_COLD, MADV_PAGEOUT, MADV_DONTNEED, MADV_WILLNEED,
		MADV_POPULATE_READ, MADV_SEQUENTIAL, MADV_NORMAL,
	};
	struct test_vmo *vmo = new_mapped_zeroes();
	unsigned int i;

	for (i = 0; i < sizeof(advice) / sizeof(*advice); i++) {
		EXPECT_EQ(0, madvise(vmo->map, BYTES(PAGES), advice[i]));
		EXPECT_TRUE(vmo_shows(vmo, 0, PAGES, ZEROES));
	}
	EXPECT_EQ(0, resident(vmo));
	EXPECT_TRUE(is_dirty(vmo, ZERO(0, PAGES)));
	if (variant->trap)
		return;
	EXPECT_EQ(0, madvise(vmo->map, BYTES(2), MADV_POPULATE_WRITE));
	EXPECT_TRUE(is_dirty(vmo, DATA(0, 2), ZERO(2, PAGES - 2)));
	EXPECT_TRUE(pager_idle(&self->p));
}

TEST_F(zero, mremap)
{
	struct test_vmo *vmo = new_mapped_zeroes();
	char *old = map_vmo(vmo, PROT_READ, MAP_SHARED), *map;

	ASSERT_NE(NULL, old);
	ASSERT_TRUE(all_bytes_are(old, PAGES, 0));
	map = mremap(old, BYTES(PAGES), BYTES(PAGES), MREMAP_MAYMOVE | MREMAP_FIXED,
		     map_anon(PAGES));
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_TRUE(all_bytes_are(map, PAGES, 0));
	write_granted(vmo, 2, 1);
	EXPECT_TRUE(content_is(vmo, 2, 1, WRITTEN, map + BYTES(2)));
	munmap(map, BYTES(PAGES));
}

/* Waiters of a futex are found by the page that it is in, and this is in no file. */
TEST_F(zero, futex)
{
	struct test_vmo *vmo = new_mapped_zeroes();
	char *map = map_vmo(vmo, PROT_READ, MAP_SHARED);
	struct timespec none = {};

	ASSERT_NE(NULL, map);
	ASSERT_TRUE(all_bytes_are(map, PAGES, 0));
	EXPECT_EQ(-1, syscall(SYS_futex, map, FUTEX_WAIT, 0, &none, NULL, 0));
	EXPECT_EQ(EFAULT, errno);
	if (!variant->trap) {
		/* Through one that can be written to it gets a page. */
		EXPECT_EQ(-1, syscall(SYS_futex, vmo->map, FUTEX_WAIT, 0, &none,
				      NULL, 0));
		EXPECT_EQ(ETIMEDOUT, errno);
		EXPECT_EQ(-1, syscall(SYS_futex, map, FUTEX_WAIT, 0, &none, NULL, 0));
		EXPECT_EQ(ETIMEDOUT, errno);
		EXPECT_EQ(1, resident(vmo));
	}
	munmap(map, BYTES(PAGES));
}

/* The page has failed, which costs nobody anything: there is another one. */
static int fail_zeroes(void *arg)
{
	struct test_vmo *vmo = arg;

	signal(SIGBUS, SIG_IGN);
	(void)*(volatile char *)vmo->map;
	/* The kernel cannot do anything about it, and says so. */
	return !madvise(vmo->map, page_size, MADV_HWPOISON) ||
	       (errno != EBUSY && errno != EIO);
}

TEST_F(zero, poison)
{
	struct test_vmo *vmo = new_mapped_zeroes();

	if (!memory_can_fail())
		SKIP(return, "no CONFIG_MEMORY_FAILURE here");
	ASSERT_TRUE(child_wait(child_start(fail_zeroes, vmo), 0));
	ASSERT_EQ(0, madvise(vmo->map, page_size, MADV_DONTNEED));
	ASSERT_TRUE(is_mapped(vmo->map + BYTES(1)));
	EXPECT_TRUE(vmo_shows(vmo, 0, 1, ZEROES));
	/* It is nowhere mapped now. */
	EXPECT_FALSE(is_mapped(vmo->map + BYTES(1)));
	EXPECT_TRUE(vmo_shows(vmo, 0, PAGES, ZEROES));
	EXPECT_EQ(0, resident(vmo));
	write_granted(vmo, 2, 1);
	EXPECT_TRUE(vmo_shows(vmo, 2, 1, WRITTEN));
	EXPECT_TRUE(vmo_shows(vmo, 3, PAGES - 3, ZEROES));
	EXPECT_TRUE(pager_idle(&self->p));
}

/* A plain VMO is zero where it has no page. */
TEST_F(zero, plain)
{
	int fd = zxp_create_plain(self->p.fd, BYTES(PAGES));
	struct test_vmo vmo = { .fd = fd, .pages = PAGES };
	char *map;

	ASSERT_LE(0, fd);
	map = map_vmo(&vmo, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(NULL, map);
	EXPECT_TRUE(all_bytes_are(map, PAGES, 0));
	EXPECT_EQ(0, resident(&vmo));
	EXPECT_EQ(0, blocks_of(&vmo));
	ASSERT_EQ(1, pwrite(fd, "x", 1, BYTES(2)));
	map[BYTES(3)] = 'x';
	EXPECT_TRUE(all_bytes_are(map, 2, 0));
	EXPECT_TRUE(all_bytes_are(map + BYTES(2), 2, 'x'));
	EXPECT_TRUE(all_bytes_are(map + BYTES(4), PAGES - 4, 0));
	EXPECT_EQ(2, resident(&vmo));
	munmap(map, BYTES(PAGES));
	close(fd);
}

TEST_HARNESS_MAIN

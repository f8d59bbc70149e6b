// SPDX-License-Identifier: GPL-2.0
/*
 * The stream size when several change it at once, and what is behind it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/falloc.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <kselftest_harness.h>

#include "lib/client.h"
#include "lib/fixture.h"

#define WRITERS	4
#define ROUNDS	40

#define BYTES(pages)	((pages) * page_size)

PAGER_FIXTURE(stream);

/* @page of each writer; far from the others, so that there are gaps. */
static uint64_t page_of(const struct test_thread *t)
{
	return 1 + 13 * t->page;
}

static int extend(struct test_thread *t)
{
	char buf[64];
	uint64_t off = page_of(t) * page_size;

	memset(buf, 'a' + t->page, sizeof(buf));
	return pwrite(t->vmo->fd, buf, sizeof(buf), off) == sizeof(buf) ? 0 : EIO;
}

/* Each makes what lies before its page zero, but not what another one has written. */
TEST_F(stream, extended_by_many)
{
	struct test_vmo *vmo = new_unbounded(0, 0);
	char byte;

	for (unsigned int round = 0; round < ROUNDS; round++) {
		test_zxp(set_stream_size, vmo->fd, 0);
		for (unsigned int i = 0; i < WRITERS; i++) {
			self->t[i].vmo = vmo;
			self->t[i].page = i;
			ASSERT_TRUE(thread_start(&self->t[i], extend));
		}
		for (unsigned int i = 0; i < WRITERS; i++)
			ASSERT_TRUE(thread_wait(&self->t[i]));
		for (unsigned int i = 0; i < WRITERS; i++) {
			ASSERT_EQ(1, pread(vmo->fd, &byte, 1,
					   page_of(&self->t[i]) * page_size));
			ASSERT_EQ('a' + (int)i, byte);
		}
	}
}

static int two_pages(struct test_thread *t)
{
	char buf[2 * 4096];

	memset(buf, 'n', sizeof(buf));
	return pwrite(t->vmo->fd, buf, sizeof(buf), 8 * page_size) == sizeof(buf) ?
	       0 : EIO;
}

/* The stream is cut while a write to it waits: what is between is reported. */
TEST_F(stream, cut_under_a_write)
{
	struct test_vmo *vmo = new_unbounded(10 * page_size, ZXP_VMO_TRAP_DIRTY);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 10));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 8, 1));
	self->t[0].vmo = vmo;
	ASSERT_TRUE(thread_start(&self->t[0], two_pages));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 9, 1));
	test_zxp(set_stream_size, vmo->fd, 2 * page_size);
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 9, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(10 * page_size, vmo_info(vmo).out_stream_size);
	ASSERT_TRUE(is_dirty(vmo, ZERO(2, 7), DATA(9, 1)));
}

static volatile bool stop;

/* Fails if it sees a byte that nobody has written. */
static int read_first(struct test_thread *t)
{
	ssize_t len;
	char byte;

	while (!stop) {
		len = pread(t->vmo->fd, &byte, 1, 0);
		if (len < 0 || (len && byte != 'a'))
			return EILSEQ;
	}
	return 0;
}

TEST_F(stream, cut_under_a_read)
{
	struct test_vmo *vmo = new_unbounded(0, 0);
	char buf[64 * 4096];

	memset(buf, 'a', sizeof(buf));
	stop = false;
	self->t[0].vmo = vmo;
	ASSERT_TRUE(thread_start(&self->t[0], read_first));
	for (unsigned int round = 0; round < 5 * ROUNDS; round++) {
		EXPECT_EQ(sizeof(buf), pwrite(vmo->fd, buf, sizeof(buf), 0));
		EXPECT_EQ(0, zxp_set_stream_size(vmo->fd, 0));
	}
	stop = true;
	ASSERT_TRUE(thread_wait(&self->t[0]));
}

static int grow(struct test_thread *t)
{
	return ftruncate(t->vmo->fd, 2 * page_size) ? errno : 0;
}

/* What the daemon has behind the end was cut off, and is not seen when that moves. */
TEST_F(stream, tail_of_the_store)
{
	struct test_vmo *vmo = pager_create_vmo_flags(&self->p, 100,
						      ZXP_VMO_RESIZABLE |
						      ZXP_VMO_TRAP_DIRTY, 0);
	char buf[4096], zeroes[4096] = {};

	ASSERT_NE(NULL, vmo);
	for (int resident = 0; resident < 2; resident++) {
		if (resident)
			ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
		self->t[0].vmo = vmo;
		ASSERT_TRUE(thread_start(&self->t[0], grow));
		if (!resident) {
			ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
			ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
		}
		ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 1));
		ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 1));
		ASSERT_TRUE(thread_wait(&self->t[0]));
		ASSERT_TRUE(is_dirty(vmo, DATA(0, 1), ZERO(1, 1)));
		ASSERT_EQ((ssize_t)page_size - 100,
			  pread(vmo->fd, buf, page_size - 100, 100));
		EXPECT_EQ(0, memcmp(buf, zeroes, page_size - 100));
		/* Once more, with a page that is there. */
		ASSERT_EQ(0, ftruncate(vmo->fd, 0));
		vmo_release(vmo);
		vmo = pager_create_vmo_flags(&self->p, 100, ZXP_VMO_RESIZABLE |
					     ZXP_VMO_TRAP_DIRTY, 0);
		ASSERT_NE(NULL, vmo);
	}
}

static int cut_to_page(struct test_thread *t)
{
	return -zxp_set_stream_size(t->vmo->fd, BYTES(1));
}

/* Who sees the new end and writes there is not cut off by what made that the end. */
TEST_F(stream, write_behind_a_cut)
{
	char *buf = calloc(1000, page_size), *map, byte;
	struct test_vmo *vmo = new_unbounded(0, 0);

	ASSERT_NE(NULL, buf);
	map = mmap(NULL, BYTES(1000), PROT_READ | PROT_WRITE, MAP_SHARED, vmo->fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	for (int round = 0; round < 4; round++) {
		ASSERT_EQ((ssize_t)BYTES(1000), pwrite(vmo->fd, buf, BYTES(1000), 0));
		memset(map, 'm', BYTES(1000));
		self->t[0].vmo = vmo;
		ASSERT_TRUE(thread_start(&self->t[0], cut_to_page));
		while (lseek(vmo->fd, 0, SEEK_END) != (off_t)BYTES(1))
			sched_yield();
		ASSERT_EQ(1, pwrite(vmo->fd, "w", 1, BYTES(1)));
		ASSERT_TRUE(thread_wait(&self->t[0]));
		ASSERT_EQ(BYTES(1) + 1, vmo_info(vmo).out_stream_size);
		ASSERT_EQ(1, pread(vmo->fd, &byte, 1, BYTES(1)));
		ASSERT_EQ('w', byte);
		ASSERT_EQ(0, map[BYTES(1) + 1]);
		ASSERT_TRUE(is_dirty(vmo, DATA(0, 2)));
	}
	munmap(map, BYTES(1000));
	free(buf);
}

static int write_far(struct test_thread *t)
{
	return pwrite(t->vmo->fd, "far", 3, BYTES(5)) == 3 ? 0 : EIO;
}

static int write_near(struct test_thread *t)
{
	return pwrite(t->vmo->fd, "near", 4, BYTES(2)) == 4 ? 0 : EIO;
}

/* Neither shows what a mapping has stored behind the other one's end. */
TEST_F(stream, extended_by_two)
{
	struct test_vmo *vmo = new_unbounded(100, 0);
	char *map, byte = 'x';

	map = mmap(NULL, BYTES(8), PROT_READ | PROT_WRITE, MAP_SHARED, vmo->fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	map[BYTES(2) + 3000] = 'm';
	self->t[0].vmo = vmo;
	self->t[1].vmo = vmo;
	ASSERT_TRUE(thread_start(&self->t[0], write_far));
	ASSERT_TRUE(thread_start(&self->t[1], write_near));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 2));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_wait(&self->t[1]));
	EXPECT_EQ(BYTES(5) + 3, vmo_info(vmo).out_stream_size);
	EXPECT_EQ(1, pread(vmo->fd, &byte, 1, BYTES(2) + 3000));
	EXPECT_EQ(0, byte);
	EXPECT_EQ(0, memcmp(map + BYTES(2), "near", 4));
	munmap(map, BYTES(8));
}

static int append(struct test_thread *t)
{
	int fd = reopen(t->vmo->fd, O_WRONLY | O_APPEND), rc;

	if (fd < 0)
		return errno;
	rc = write(fd, "append", 6) == 6 ? 0 : EIO;
	close(fd);
	return rc;
}

static int write_300(struct test_thread *t)
{
	char buf[300];

	memset(buf, 'p', sizeof(buf));
	return pwrite(t->vmo->fd, buf, 300, 100) == 300 ? 0 : EIO;
}

/* The end is where it is when the append is written, not when it began to wait. */
TEST_F(stream, append_waits)
{
	struct test_vmo *vmo = new_unbounded(100, 0);
	char buf[406], want[300];
	uint64_t size;

	memset(want, 'p', sizeof(want));
	self->t[0].vmo = vmo;
	self->t[1].vmo = vmo;
	ASSERT_TRUE(thread_start(&self->t[0], append));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 1));
	ASSERT_TRUE(thread_start(&self->t[1], write_300));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 2));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_wait(&self->t[1]));
	/* One was first; nothing of the other write is missing in either case. */
	size = vmo_info(vmo).out_stream_size;
	ASSERT_TRUE(size == 400 || size == 406);
	ASSERT_EQ((ssize_t)size, pread(vmo->fd, buf, sizeof(buf), 0));
	EXPECT_EQ(0, memcmp(buf + 100, want, 300));
	if (size == 406)
		EXPECT_EQ(0, memcmp(buf + 400, "append", 6));
}

/* Also where that has become less. */
TEST_F(stream, append_after_a_cut)
{
	struct test_vmo *vmo = new_unbounded(100, ZXP_VMO_TRAP_DIRTY);
	char buf[6];

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	self->t[0].vmo = vmo;
	ASSERT_TRUE(thread_start(&self->t[0], append));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 1));
	test_zxp(set_stream_size, vmo->fd, 0);
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(6, vmo_info(vmo).out_stream_size);
	ASSERT_EQ(6, pread(vmo->fd, buf, sizeof(buf), 0));
	EXPECT_EQ(0, memcmp(buf, "append", sizeof(buf)));
}

/* What a mapping has stored behind the end is not seen before what is written. */
TEST_F(stream, gap_in_the_page)
{
	struct test_vmo *vmo = new_unbounded(0, 0);
	char *map, buf[100], zeroes[100] = {};

	map = mmap(NULL, 4 * page_size, PROT_READ | PROT_WRITE, MAP_SHARED, vmo->fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	memset(map + page_size, 'x', page_size);
	ASSERT_EQ(1, pwrite(vmo->fd, "y", 1, page_size + 100));
	ASSERT_EQ(100, pread(vmo->fd, buf, 100, page_size));
	EXPECT_EQ(0, memcmp(buf, zeroes, 100));
	EXPECT_EQ('y', map[page_size + 100]);
	munmap(map, 4 * page_size);
}

/* Nothing goes through a VMO page by page that has no pages. */
TEST_F(stream, nothing_to_bring_in)
{
	struct test_vmo *vmo = new_unbounded(0, ZXP_VMO_TRAP_DIRTY);
	uint64_t size = vmo_info(vmo).out_vmo_size;

	EXPECT_EQ(0, posix_fadvise(vmo->fd, 0, 0, POSIX_FADV_WILLNEED));
	EXPECT_EQ(0, zxp_vmo_op_range(vmo->fd, ZXP_VMO_OP_PREFETCH, 0, size));
	EXPECT_EQ(0, zxp_vmo_op_range(vmo->fd, ZXP_VMO_OP_ALWAYS_NEED, 0, size));
	ASSERT_TRUE(is_clean(vmo));
	ASSERT_TRUE(pager_idle(&self->p));
}

static int commit_all(void *arg)
{
	struct test_vmo *vmo = arg;

	return zxp_vmo_op_range(vmo->fd, ZXP_VMO_OP_COMMIT, 0,
				vmo_info(vmo).out_vmo_size);
}

/* The whole of a VMO that takes no memory is too much to ask for at once. */
TEST_F(stream, commit_of_all)
{
	struct test_vmo *vmo = new_unbounded(0, ZXP_VMO_TRAP_DIRTY);
	pid_t pid = child_start(commit_all, vmo);

	ASSERT_LT(0, pid);
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 4096));
	ASSERT_TRUE(child_kill(pid));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(stream, fallocate_too_large)
{
	struct test_vmo *vmo = new_vmo_options(1, ZXP_VMO_RESIZABLE);

	errno = 0;
	EXPECT_EQ(-1, fallocate(vmo->fd, FALLOC_FL_ZERO_RANGE, 0, INT64_MAX));
	EXPECT_EQ(EFBIG, errno);
	EXPECT_EQ(page_size, vmo_info(vmo).out_vmo_size);
	EXPECT_EQ(page_size, vmo_info(vmo).out_stream_size);
}

TEST_HARNESS_MAIN

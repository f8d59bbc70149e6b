// SPDX-License-Identifier: GPL-2.0
/*
 * A stream that grows over what was stored behind its end.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "kselftest_harness.h"
#include "lib/client.h"
#include "lib/fixture.h"

#define BYTES(pages)	((pages) * page_size)

PAGER_FIXTURE(grow);

static int write_far(struct test_thread *t)
{
	return pwrite(t->vmo->fd, "far", 3, BYTES(5)) == 3 ? 0 : EIO;
}

/* The daemon stores all of the page. */
static bool writeback(struct user_pager *p, struct test_vmo *vmo, uint64_t page)
{
	char buf[4096];

	return pager_writeback_begin(p, vmo, page, 1) &&
	       !zxp_vmo_read(vmo->fd, BYTES(page), page_size, buf) &&
	       pager_writeback_end(p, vmo, page, 1);
}

/*
 * What was stored behind the end and not cleared since is part of the stream once that
 * grows over it, whatever was written back of it meanwhile.
 */
TEST_F(grow, over_stores)
{
	struct test_vmo *vmo = new_unbounded(page_size, ZXP_VMO_TRAP_DIRTY);
	char *map, buf[3];

	map = mmap(NULL, BYTES(8), PROT_READ | PROT_WRITE, MAP_SHARED, vmo->fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	self->t[0].vmo = vmo;
	ASSERT_TRUE(thread_start(&self->t[0], write_far));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 5, 1));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 2, 3));
	memset(map + BYTES(2), 'm', BYTES(3));
	ASSERT_TRUE(writeback(&self->p, vmo, 2));
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 1), DATA(3, 2)));
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 3, 1));
	EXPECT_EQ(0, zxp_vmo_read(vmo->fd, BYTES(3), 3, buf));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 5, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 3, 1));
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 1), DATA(2, 4)));
	EXPECT_EQ(3, pread(vmo->fd, buf, 3, BYTES(2)));
	EXPECT_EQ(0, memcmp(buf, "mmm", 3));
	munmap(map, BYTES(8));
}

static int write_far_in_part(struct test_thread *t)
{
	char *from = map_anon(2);

	if (mprotect(from + page_size, page_size, PROT_NONE))
		return errno;
	return pwrite(t->vmo->fd, from, BYTES(2), BYTES(5)) == (ssize_t)page_size ? 0 : EIO;
}

/* So it is if the write ends half-way. */
TEST_F(grow, over_stores_in_part)
{
	struct test_vmo *vmo = new_unbounded(page_size, ZXP_VMO_TRAP_DIRTY);
	char *map = mmap(NULL, BYTES(8), PROT_READ | PROT_WRITE, MAP_SHARED, vmo->fd, 0);

	ASSERT_NE(MAP_FAILED, map);
	self->t[0].vmo = vmo;
	ASSERT_TRUE(thread_start(&self->t[0], write_far_in_part));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 5, 2));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 2, 1));
	memset(map + BYTES(2), 'm', page_size);
	ASSERT_TRUE(writeback(&self->p, vmo, 2));
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 1), ZERO(3, 2)));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 5, 2));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(BYTES(6), vmo_info(vmo).out_stream_size);
	EXPECT_TRUE(is_dirty(vmo, ZERO(1, 1), DATA(2, 1), ZERO(3, 2), DATA(5, 2)));
	munmap(map, BYTES(8));
}

/* The same with what the page has in which the stream ended. */
TEST_F(grow, over_the_last_page)
{
	struct test_vmo *vmo = new_unbounded(100, ZXP_VMO_TRAP_DIRTY);
	char *map, buf[3];

	map = mmap(NULL, BYTES(8), PROT_READ | PROT_WRITE, MAP_SHARED, vmo->fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 1));
	self->t[0].vmo = vmo;
	ASSERT_TRUE(thread_start(&self->t[0], write_far));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 5, 1));
	memcpy(map + 200, "mmm", 3);
	/* All that is in the stream is stored. */
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 1));
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 4)));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 5, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1), ZERO(1, 4), DATA(5, 1)));
	EXPECT_EQ(3, pread(vmo->fd, buf, 3, 200));
	EXPECT_EQ(0, memcmp(buf, "mmm", 3));
	munmap(map, BYTES(8));
}

/* And if that was evicted: what the daemon has behind the end there stays cut off. */
TEST_F(grow, over_a_missing_page)
{
	struct test_vmo *vmo = new_unbounded(100, ZXP_VMO_TRAP_DIRTY);
	char buf[4096];

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 1));
	self->t[0].vmo = vmo;
	ASSERT_TRUE(thread_start(&self->t[0], write_far));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 5, 1));
	ASSERT_TRUE(writeback(&self->p, vmo, 0));
	ASSERT_TRUE(drop_caches(1));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 5, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	EXPECT_EQ(100, vmo_info(vmo).out_stream_size);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1), ZERO(1, 4), DATA(5, 1)));
	ASSERT_EQ((ssize_t)page_size - 100, pread(vmo->fd, buf, page_size - 100, 100));
	EXPECT_TRUE(is_zero(buf, page_size - 100));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A read() of the daemon ends with the stream, so what is behind that was not stored. */
TEST_F(grow, written_back_behind_the_end)
{
	struct test_vmo *vmo = new_unbounded(page_size, 0);
	int fd = reopen(vmo->fd, O_RDWR);
	char *map, buf[4096];

	ASSERT_LE(0, fd);
	map = mmap(NULL, BYTES(8), PROT_READ | PROT_WRITE, MAP_SHARED, vmo->fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	memset(map + BYTES(3), 'm', BYTES(2));
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 3, 2));
	EXPECT_EQ(0, pread(vmo->fd, buf, page_size, BYTES(3)));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 3, 2));
	ASSERT_TRUE(is_dirty(vmo, DATA(3, 2)));
	/* Nor was it by a client, or when that was before BEGIN, or a part of a page. */
	test_zxp(vmo_read, vmo->fd, BYTES(3), page_size, buf);
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 3, 2));
	test_zxp(vmo_read, fd, BYTES(3), page_size, buf);
	test_zxp(vmo_read, vmo->fd, BYTES(3) + 1, page_size - 1, buf);
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 3, 2));
	ASSERT_TRUE(is_dirty(vmo, DATA(3, 2)));
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 3, 2));
	test_zxp(vmo_read, vmo->fd, BYTES(4), page_size, buf);
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 3, 2));
	ASSERT_TRUE(is_dirty(vmo, DATA(3, 1)));
	/* What is stored to meanwhile is dirty, as ever. */
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 3, 1));
	test_zxp(vmo_read, vmo->fd, BYTES(3), page_size, buf);
	map[BYTES(3)] = 'n';
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 3, 1));
	ASSERT_TRUE(is_dirty(vmo, DATA(3, 1)));
	ASSERT_TRUE(writeback(&self->p, vmo, 3));
	ASSERT_TRUE(is_clean(vmo));
	munmap(map, BYTES(8));
	close(fd);
}

TEST_HARNESS_MAIN

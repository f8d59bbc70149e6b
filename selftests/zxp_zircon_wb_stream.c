// SPDX-License-Identifier: GPL-2.0
/*
 * Zircon's tests of the stream size: what is behind it, and write() as a stream.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/stat.h>
#include <kselftest_harness.h>

#include "lib/fixture.h"

#define TRAP	ZXP_VMO_TRAP_DIRTY

TRAP_FIXTURE(untracked);

/* An unbounded VMO whose stream has that many pages. */
#define new_unbounded_pages(pages, trap)				\
	new_unbounded((pages) * page_size, (trap) ? TRAP : 0)

#define set_stream_pages(vmo, pages) \
	test_zxp(set_stream_size, (vmo)->fd, (pages) * page_size)

TEST_F(untracked, Unbounded)
{
	struct test_vmo *vmo = new_unbounded_pages(0, variant->trap);
	uint32_t options = variant->trap ? TRAP : 0;
	struct zxp_info info;

	test_zxp(get_info, self->p.fd, &info);
	EXPECT_EQ(info.out_max_vmo_size, vmo_info(vmo).out_vmo_size);
	EXPECT_EQ(0, vmo_info(vmo).out_stream_size);
	EXPECT_EQ(ZXP_VMO_UNBOUNDED | options, vmo_info(vmo).out_options);
	ASSERT_TRUE(is_clean(vmo));
	EXPECT_FALSE(was_modified(vmo));
	/* Its size is not to be had any other way, or changed. */
	EXPECT_EQ(-EINVAL, zxp_create_vmo(self->p.fd, options | ZXP_VMO_UNBOUNDED |
					  ZXP_VMO_RESIZABLE, self->p.port, 1,
					  page_size));
	EXPECT_EQ(-ERANGE, zxp_create_vmo(self->p.fd, options | ZXP_VMO_UNBOUNDED,
					  self->p.port, 1, info.out_max_vmo_size + 1));
	test_err_zxp(ERANGE, set_stream_size, vmo->fd, info.out_max_vmo_size + 1);
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(untracked, UntrackedBeyondStreamSize)
{
	struct test_vmo *vmo = new_unbounded_pages(1, variant->trap);
	struct stat st;

	/* The stream has to be supplied, and what is behind it does not. */
	ASSERT_TRUE(vmo_has(vmo, 1, 9, ZEROES));
	ASSERT_TRUE(thread_check_vmo(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_clean(vmo));
	EXPECT_FALSE(was_modified(vmo));
	ASSERT_TRUE(pager_idle(&self->p));

	set_stream_pages(vmo, 5);
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 4)));
	EXPECT_TRUE(was_modified(vmo));
	ASSERT_EQ(0, fstat(vmo->fd, &st));
	EXPECT_EQ((off_t)(5 * page_size), st.st_size);
	set_stream_pages(vmo, 5);
	EXPECT_FALSE(was_modified(vmo));
	set_stream_pages(vmo, 3);
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 2)));
	/* In the middle of a page that reads as zero there is nothing to clear. */
	test_zxp(set_stream_size, vmo->fd, page_size + 1);
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 1)));
	EXPECT_EQ(page_size + 1, vmo_info(vmo).out_stream_size);
	set_stream_pages(vmo, 1);
	ASSERT_TRUE(is_clean(vmo));
	EXPECT_TRUE(vmo_has(vmo, 0, 1, SUPPLIED));
	EXPECT_TRUE(vmo_has(vmo, 1, 9, ZEROES));
	EXPECT_EQ(page_size, vmo_info(vmo).out_resident);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Zero ranges of single pages, on both sides of the stream size. */
TEST_F(untracked, UntrackedAbsorbsIntervalSlots)
{
	struct test_vmo *vmo = new_trap_vmo(4);

	set_stream_pages(vmo, 3);
	ASSERT_TRUE(is_clean(vmo));
	EXPECT_EQ(4 * page_size, vmo_info(vmo).out_vmo_size);
	set_stream_pages(vmo, 2);
	ASSERT_TRUE(is_clean(vmo));
	EXPECT_TRUE(vmo_has(vmo, 2, 2, ZEROES));
	ASSERT_TRUE(pager_idle(&self->p));

	set_stream_pages(vmo, 4);
	ASSERT_TRUE(is_dirty(vmo, ZERO(2, 2)));
	write_granted(vmo, 2, 1);
	ASSERT_TRUE(is_dirty(vmo, DATA(2, 1), ZERO(3, 1)));
	set_stream_pages(vmo, 2);
	ASSERT_TRUE(is_clean(vmo));
	EXPECT_EQ(0, vmo_info(vmo).out_resident);
	EXPECT_TRUE(vmo_has(vmo, 2, 2, ZEROES));
	test_err_zxp(ERANGE, set_stream_size, vmo->fd, 4 * page_size + 1);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* What is written behind the stream size is lost when that changes. */
TEST_F(untracked, UntrackedAbsorbsPages)
{
	struct test_vmo *vmo = new_unbounded_pages(1, variant->trap);

	write_granted(vmo, 3, 1);
	ASSERT_TRUE(is_dirty(vmo, DATA(3, 1)));
	EXPECT_TRUE(vmo_has(vmo, 3, 1, WRITTEN));
	EXPECT_EQ(page_size, vmo_info(vmo).out_stream_size);
	set_stream_pages(vmo, 5);
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 4)));
	EXPECT_TRUE(vmo_has(vmo, 1, 9, ZEROES));
	EXPECT_EQ(0, vmo_info(vmo).out_resident);

	write_granted(vmo, 2, 1);
	write_granted(vmo, 7, 1);
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 1), DATA(2, 1), ZERO(3, 2), DATA(7, 1)));
	set_stream_pages(vmo, 2);
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 1)));
	EXPECT_TRUE(vmo_has(vmo, 1, 9, ZEROES));
	EXPECT_EQ(0, vmo_info(vmo).out_resident);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* By a mapping it is all the same. */
TEST_F(untracked, UntrackedByMapping)
{
	struct test_vmo *vmo = new_trap_vmo(6);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 6));
	EXPECT_TRUE(vmo_shows(vmo, 5, 1, SUPPLIED));
	set_stream_pages(vmo, 2);
	EXPECT_TRUE(vmo_shows(vmo, 2, 4, ZEROES));
	ASSERT_TRUE(is_clean(vmo));
	ASSERT_TRUE(vmo_zero(vmo, 2, 4));
	ASSERT_TRUE(is_clean(vmo));
	ASSERT_TRUE(thread_write_vmar(&self->t[0], vmo, 4, 1));
	grant(vmo, 4, 1);
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(4, 1)));
	EXPECT_TRUE(vmo_shows(vmo, 4, 1, WRITTEN));
	set_stream_pages(vmo, 3);
	ASSERT_TRUE(is_dirty(vmo, ZERO(2, 1)));
	EXPECT_TRUE(vmo_shows(vmo, 2, 4, ZEROES));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Who waits for a page that falls behind the stream size: readers get zeroes. */
TEST_F(untracked, CutStreamWithRequests)
{
	struct test_vmo *vmo = new_trap_vmo(4);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 2, 1));
	self->t[0].zero = true;
	ASSERT_TRUE(thread_check_vmo(&self->t[0], vmo, 3, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 3, 1));
	if (variant->trap) {
		ASSERT_TRUE(thread_write_vmo(&self->t[1], vmo, 2, 1));
		ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 2, 1));
		ASSERT_TRUE(threads_blocked(self->t, 2, vmo));
	}
	set_stream_pages(vmo, 1);
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_clean(vmo));
	if (variant->trap) {
		EXPECT_TRUE(thread_asleep(&self->t[1]));
		ASSERT_TRUE(pager_dirty(&self->p, vmo, 2, 1));
		ASSERT_TRUE(thread_wait(&self->t[1]));
		ASSERT_TRUE(is_dirty(vmo, DATA(2, 1)));
		EXPECT_TRUE(vmo_has(vmo, 2, 1, WRITTEN));
	}
	ASSERT_TRUE(pager_idle(&self->p));
}

/* In the middle of a page the rest of it is cleared, as by a write. */
TEST_F(untracked, StreamSizeInPage)
{
	struct test_vmo *vmo = new_trap_vmo(2);
	char *buf = map_anon(1);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(thread_set_stream(&self->t[0], vmo, page_size / 2));
	grant(vmo, 0, 1);
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(page_size / 2, vmo_info(vmo).out_stream_size);
	EXPECT_EQ(2 * page_size, vmo_info(vmo).out_vmo_size);
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	test_zxp(vmo_read, vmo->fd, 0, page_size, buf);
	EXPECT_TRUE(is_zero(buf + page_size / 2, page_size / 2));
	EXPECT_EQ(vmo_word(vmo, page_size / 16 - 1),
		  ((uint64_t *)buf)[page_size / 16 - 1]);
	EXPECT_TRUE(vmo_has(vmo, 1, 1, ZEROES));
	ASSERT_TRUE(pager_idle(&self->p));
}

PAGER_FIXTURE(stream);

#define BATCH	16

/* The size goes with what is written, not with what is wanted. */
TEST_F(stream, ContentSizeUpdatedOnPartialWrite)
{
	struct test_vmo *vmo = new_unbounded_pages(0, true);
	unsigned int i;

	ASSERT_TRUE(thread_write_file(&self->t[0], vmo, 0, 3 * BATCH));
	for (i = 0; i < 3; i++) {
		ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, i * BATCH, BATCH));
		EXPECT_EQ(i * BATCH * page_size, vmo_info(vmo).out_stream_size);
		EXPECT_TRUE(vmo_has(vmo, 0, i * BATCH, WRITTEN));
		EXPECT_EQ(i > 0, was_modified(vmo));
		ASSERT_TRUE(pager_idle(&self->p));
		ASSERT_TRUE(pager_dirty(&self->p, vmo, i * BATCH, BATCH));
	}
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(3 * BATCH * page_size, vmo_info(vmo).out_stream_size);
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 3 * BATCH)));
	EXPECT_TRUE(vmo_has(vmo, 0, 3 * BATCH, WRITTEN));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(stream, PartialVmoDirty)
{
	struct test_vmo *vmo = new_vmo_options(4, TRAP);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 4));
	ASSERT_TRUE(thread_write_file(&self->t[0], vmo, 1, 2));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 1, 2));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 1, 1));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 2, 1, EIO));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 2, 1));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 2, 1, EIO));
	/* A short count: half of it was written. */
	ASSERT_TRUE(thread_wait_failure(&self->t[0], ENODATA));
	EXPECT_TRUE(was_modified(vmo));
	ASSERT_TRUE(is_dirty(vmo, DATA(1, 1)));
	EXPECT_TRUE(vmo_has(vmo, 1, 1, WRITTEN));
	EXPECT_TRUE(vmo_has(vmo, 2, 1, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

static int append(struct test_thread *t)
{
	char *buf = map_anon(2);
	ssize_t n;

	memset(buf, 'a', t->nr);
	lseek(t->vmo->fd, 0, SEEK_END);
	n = write(t->vmo->fd, buf, t->nr);
	return n < 0 ? errno : n < (ssize_t)t->nr ? ENODATA : 0;
}

TEST_F(stream, AppendSuppliesZeroes)
{
	static const struct {
		unsigned int quarters;	/* of a page */
		struct dirty_range asks;
	} steps[] = {
		{ 1, DATA(0, 1) }, { 1, DATA(0, 0) }, { 2, DATA(0, 0) },
		{ 4, DATA(1, 1) }, { 8, DATA(2, 2) }, { 6, DATA(4, 2) },
		{ 2, DATA(0, 0) }, { 1, DATA(6, 1) }, { 4, DATA(7, 1) },
	};
	struct test_vmo *vmo = new_unbounded_pages(0, true);
	uint64_t size = 0;
	char *buf = map_anon(8);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		const struct dirty_range *r = &steps[i].asks;

		self->t[0].vmo = vmo;
		self->t[0].nr = steps[i].quarters * page_size / 4;
		size += self->t[0].nr;
		ASSERT_TRUE(thread_start(&self->t[0], append));
		if (r->nr) {
			ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, r->page, r->nr));
			ASSERT_TRUE(pager_dirty(&self->p, vmo, r->page, r->nr));
		}
		ASSERT_TRUE(thread_wait(&self->t[0]));
		EXPECT_EQ(size, vmo_info(vmo).out_stream_size);
		ASSERT_TRUE(pager_idle(&self->p));
	}
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 8)));
	test_zxp(vmo_read, vmo->fd, 0, 8 * page_size, buf);
	EXPECT_EQ(NULL, memchr(buf, 0, size));
	EXPECT_TRUE(is_zero(buf + size, 8 * page_size - size));
	EXPECT_EQ(0, vmo_info(vmo).out_read_packets);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A write behind the end: what is between is a dirty zero range. */
TEST_F(stream, WriteBehindEnd)
{
	struct test_vmo *vmo = new_unbounded_pages(1, false);

	ASSERT_TRUE(thread_write_file(&self->t[0], vmo, 5, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(6 * page_size, vmo_info(vmo).out_stream_size);
	ASSERT_TRUE(is_dirty(vmo, ZERO(1, 4), DATA(5, 1)));
	EXPECT_TRUE(vmo_has(vmo, 1, 4, ZEROES));
	EXPECT_EQ(page_size, vmo_info(vmo).out_resident);
	ASSERT_TRUE(pager_idle(&self->p));
}

#define SMALL	16

static int write_twice(struct test_thread *t)
{
	char buf[SMALL];
	int i;

	memset(buf, 'w', sizeof(buf));
	for (i = 0; i < 2; i++) {
		ssize_t n = pwrite(t->vmo->fd, buf, SMALL, i * SMALL);

		if (n != SMALL)
			return n < 0 ? errno : ENODATA;
	}
	return 0;
}

static int read_some(struct test_thread *t)
{
	char buf[2 * SMALL];
	ssize_t n = pread(t->vmo->fd, buf, sizeof(buf), 0), i;

	for (i = 0; i < n; i++)
		if (buf[i] && buf[i] != 'w')
			return EILSEQ;
	return n < 0 ? errno : 0;
}

static int shrink(struct test_thread *t)
{
	return ftruncate(t->vmo->fd, t->nr) ? errno : 0;
}

/* Both writes are complete, and the size is what either left. */
TEST_F(stream, WriteShrinkRace)
{
	unsigned int i;

	for (i = 0; i < 50; i++) {
		struct test_vmo *vmo = new_vmo_options(1, ZXP_VMO_RESIZABLE);
		uint64_t size;

		ASSERT_TRUE(pager_supply_zero(&self->p, vmo, 0, 1));
		test_zxp(set_stream_size, vmo->fd, SMALL);
		self->t[0].vmo = self->t[1].vmo = vmo;
		self->t[1].nr = 0;
		ASSERT_TRUE(thread_start(&self->t[0], write_twice));
		ASSERT_TRUE(thread_start(&self->t[1], shrink));
		ASSERT_TRUE(thread_wait(&self->t[0]));
		ASSERT_TRUE(thread_wait(&self->t[1]));
		size = vmo_info(vmo).out_stream_size;
		EXPECT_TRUE(size == 0 || size == 2 * SMALL) TH_LOG("size %ju", size);
		vmo_release(vmo);
		ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));
	}
	ASSERT_TRUE(pager_idle(&self->p));
}

static int cut_stream(struct test_thread *t)
{
	return -zxp_set_stream_size(t->vmo->fd, t->nr);
}

TEST_F(stream, ReadWriteShrinkRace)
{
	struct test_vmo *vmo = new_unbounded_pages(1, false);
	unsigned int i;

	ASSERT_TRUE(pager_supply_zero(&self->p, vmo, 0, 1));
	for (i = 0; i < 3; i++)
		self->t[i].vmo = vmo;
	for (i = 0; i < 500; i++) {
		self->t[2].nr = i % 3 * SMALL / 2;
		ASSERT_TRUE(thread_start(&self->t[0], write_twice));
		ASSERT_TRUE(thread_start(&self->t[1], read_some));
		ASSERT_TRUE(thread_start(&self->t[2], cut_stream));
		ASSERT_TRUE(thread_wait(&self->t[0]));
		ASSERT_TRUE(thread_wait(&self->t[1]));
		ASSERT_TRUE(thread_wait(&self->t[2]));
		ASSERT_GE(2 * SMALL, vmo_info(vmo).out_stream_size);
	}
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * What clients give back: PUNCH_HOLE, MADV_REMOVE, and what a loop device discards. And how
 * many zero ranges a VMO may get in that way.
 */
#define _GNU_SOURCE
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <sys/mman.h>

#include "kselftest_harness.h"
#include "lib/client.h"
#include "lib/fixture.h"

#define BYTES(pages)	((pages) * page_size)
#define PUNCH		(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)
#define LIMIT		"/sys/module/zxpager/parameters/zero_ranges"

PAGER_FIXTURE(discard);

#define new_full_vmo(pages) ({						\
	struct test_vmo *__v = new_vmo_options(pages, ZXP_VMO_TRAP_DIRTY); \
									\
	ASSERT_TRUE(pager_supply(&self->p, __v, 0, pages));		\
	__v;								\
})

TEST_F(discard, punch_hole)
{
	struct test_vmo *vmo = new_full_vmo(8);

	ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo, 2, 2));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 2, 2));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 2, 2));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_EQ(0, fallocate(vmo->fd, PUNCH, BYTES(1), BYTES(2)));
	EXPECT_TRUE(is_dirty(vmo, ZERO(1, 2), DATA(3, 1)));
	EXPECT_TRUE(vmo_has(vmo, 1, 2, ZEROES));
	EXPECT_TRUE(vmo_shows(vmo, 1, 2, ZEROES));
	EXPECT_TRUE(vmo_has(vmo, 0, 1, SUPPLIED));
	EXPECT_TRUE(vmo_has(vmo, 3, 1, WRITTEN));
	/* Also behind the end, where there is nothing. */
	EXPECT_EQ(0, fallocate(vmo->fd, PUNCH, BYTES(7), BYTES(9)));
	EXPECT_EQ(0, fallocate(vmo->fd, PUNCH, BYTES(8), BYTES(9)));
	EXPECT_EQ(BYTES(8), vmo_info(vmo).out_stream_size);
	EXPECT_TRUE(is_dirty(vmo, ZERO(1, 2), DATA(3, 1), ZERO(7, 1)));
	EXPECT_TRUE(pager_idle(&self->p));

	/* The daemon gives it back, and is asked for it anew. */
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, 8));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 8));
	EXPECT_TRUE(is_clean(vmo));
	self->t[0].zero = true;
	ASSERT_TRUE(thread_check_vmo(&self->t[0], vmo, 1, 2));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, 2));
	ASSERT_TRUE(pager_supply_zero(&self->p, vmo, 1, 2));
	ASSERT_TRUE(thread_wait(&self->t[0]));
}

TEST_F(discard, madv_remove)
{
	struct test_vmo *vmo = new_full_vmo(4);

	ASSERT_EQ(0, madvise(vmo->map + BYTES(1), BYTES(2), MADV_REMOVE));
	EXPECT_TRUE(is_dirty(vmo, ZERO(1, 2)));
	EXPECT_TRUE(vmo_shows(vmo, 1, 2, ZEROES));
	EXPECT_TRUE(vmo_shows(vmo, 3, 1, SUPPLIED));
	EXPECT_TRUE(pager_idle(&self->p));
}

/* What fstrim does on a file system there. */
TEST_F(discard, loop_device)
{
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), number, dev;
	struct test_vmo *vmo;
	uint64_t range[2] = { BYTES(2), BYTES(3) };
	char path[32];

	if (control < 0)
		SKIP(return, "no loop devices here");
	vmo = new_full_vmo(8);
	number = ioctl(control, LOOP_CTL_GET_FREE);
	ASSERT_LE(0, number);
	snprintf(path, sizeof(path), "/dev/loop%d", number);
	dev = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, dev);
	ASSERT_EQ(0, ioctl(dev, LOOP_SET_FD, vmo->fd));
	EXPECT_EQ(0, ioctl(dev, BLKDISCARD, range)) {
		TH_LOG("%s", strerror(errno));
	}
	EXPECT_TRUE(is_dirty(vmo, ZERO(2, 3)));

	/* Too many ranges are no error of the device: the hint is not taken. */
	ASSERT_EQ(0, write_file(LIMIT, "1"));
	range[0] = BYTES(6);
	range[1] = BYTES(1);
	EXPECT_EQ(0, ioctl(dev, BLKDISCARD, range));
	EXPECT_EQ(0, write_file(LIMIT, "131072"));
	EXPECT_TRUE(is_dirty(vmo, ZERO(2, 3)));
	EXPECT_EQ(0, ioctl(dev, LOOP_CLR_FD));
	close(dev);
	close(control);
}

FIXTURE(limit)
{
	struct user_pager p;
	struct test_thread t[1];
	struct test_vmo *vmo;
};

/* Pages 1, 3 and 5 are zero, and there may be no more ranges. */
FIXTURE_SETUP(limit)
{
	ASSERT_EQ(131072, read_number(LIMIT));
	ASSERT_TRUE(user_pager_init(&self->p));
	self->vmo = pager_create_vmo_options(&self->p, 64, ZXP_VMO_RESIZABLE);
	ASSERT_NE(NULL, self->vmo);
	ASSERT_TRUE(pager_supply(&self->p, self->vmo, 0, 64));
	for (int i = 1; i < 6; i += 2)
		ASSERT_TRUE(vmo_zero(self->vmo, i, 1));
	ASSERT_EQ(0, write_file(LIMIT, "3"));
}

FIXTURE_TEARDOWN(limit)
{
	EXPECT_EQ(0, write_file(LIMIT, "131072"));
	user_pager_fini(&self->p);
}

TEST_F(limit, short_runs_are_written)
{
	ASSERT_TRUE(vmo_zero(self->vmo, 10, 16));
	EXPECT_TRUE(is_dirty(self->vmo, ZERO(1, 1), ZERO(3, 1), ZERO(5, 1), DATA(10, 16)));
	EXPECT_TRUE(vmo_has(self->vmo, 10, 16, ZEROES));
	ASSERT_EQ(0, fallocate(self->vmo->fd, FALLOC_FL_ZERO_RANGE, BYTES(30), BYTES(1)));
	EXPECT_TRUE(is_dirty(self->vmo, ZERO(1, 1), ZERO(3, 1), ZERO(5, 1), DATA(10, 16),
			     DATA(30, 1)));
	EXPECT_TRUE(pager_idle(&self->p));
}

TEST_F(limit, long_runs_fail)
{
	EXPECT_EQ(-ENOSPC, zxp_vmo_op_range(self->vmo->fd, ZXP_VMO_OP_ZERO, BYTES(10),
					    BYTES(17)));
	EXPECT_EQ(-1, fallocate(self->vmo->fd, FALLOC_FL_ZERO_RANGE, BYTES(10),
				BYTES(17)));
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_EQ(-1, fallocate(self->vmo->fd, PUNCH, BYTES(10), BYTES(1)));
	EXPECT_EQ(EOPNOTSUPP, errno);
	EXPECT_TRUE(is_dirty(self->vmo, ZERO(1, 1), ZERO(3, 1), ZERO(5, 1)));
	EXPECT_TRUE(vmo_has(self->vmo, 10, 17, SUPPLIED));
}

/* Of those that are there more can be made. */
TEST_F(limit, ranges_grow)
{
	ASSERT_TRUE(vmo_zero(self->vmo, 6, 40));
	ASSERT_EQ(0, fallocate(self->vmo->fd, PUNCH, 0, BYTES(1)));
	EXPECT_TRUE(is_dirty(self->vmo, ZERO(0, 2), ZERO(3, 1), ZERO(5, 41)));
	/* With one less there may be another one. */
	ASSERT_TRUE(vmo_zero(self->vmo, 2, 1));
	ASSERT_TRUE(vmo_zero(self->vmo, 50, 1));
	EXPECT_TRUE(is_dirty(self->vmo, ZERO(0, 4), ZERO(5, 41), ZERO(50, 1)));
}

/* What splits a range does not fail for it, nor does growth. */
TEST_F(limit, others_have_none)
{
	ASSERT_TRUE(vmo_zero(self->vmo, 6, 10));
	for (int i = 6; i < 15; i += 2) {
		ASSERT_TRUE(thread_write_vmo(&self->t[0], self->vmo, i, 1));
		ASSERT_TRUE(thread_wait(&self->t[0]));
	}
	EXPECT_EQ(BYTES(5), vmo_info(self->vmo).out_dirty_bytes);
	EXPECT_EQ(BYTES(8), vmo_info(self->vmo).out_zero_bytes);
	ASSERT_TRUE(vmo_resize(self->vmo, 128));
	EXPECT_EQ(BYTES(72), vmo_info(self->vmo).out_zero_bytes);
	ASSERT_TRUE(pager_writeback_begin(&self->p, self->vmo, 0, 128));
	ASSERT_TRUE(pager_writeback_end(&self->p, self->vmo, 0, 128));
	EXPECT_TRUE(is_clean(self->vmo));
}

TEST_HARNESS_MAIN

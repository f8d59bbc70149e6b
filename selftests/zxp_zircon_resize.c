// SPDX-License-Identifier: GPL-2.0
/*
 * Zircon's tests of resizing while requests are outstanding.
 */
#include <signal.h>
#include <kselftest_harness.h>

#include "lib/fixture.h"

ACCESS_FIXTURE(resize_read);

/* Zircon's OUT_OF_RANGE: ERANGE, the end of the file, or SIGBUS. */
TEST_F(resize_read, ReadResizeTest)
{
	struct test_vmo *vmo = new_vmo_options(1, ZXP_VMO_RESIZABLE);

	ASSERT_TRUE(variant->check(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(vmo_resize(vmo, 0));
	assert_failure(0, vmo, 0, variant->out_of_range);
	/* No FAIL code is behind it. */
	EXPECT_EQ(0, vmo_info(vmo).out_fail_error);
	EXPECT_EQ(0, vmo_info(vmo).out_requests);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* The packet was not read yet. */
TEST_F(resize_read, ReadResizeEarly)
{
	struct test_vmo *vmo = new_vmo_options(2, ZXP_VMO_RESIZABLE);

	ASSERT_TRUE(variant->check(&self->t[0], vmo, 1, 1));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 1));
	ASSERT_TRUE(vmo_resize(vmo, 1));
	assert_failure(0, vmo, 1, variant->out_of_range);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* New space is zeroes that nobody has to supply, and supply does not change it. */
TEST_F(resize_read, ResizeSupplyZero)
{
	struct test_vmo *vmo = new_vmo_options(1, ZXP_VMO_RESIZABLE);
	uint64_t resident;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(vmo_resize(vmo, 3));
	EXPECT_EQ(3 * page_size, vmo_info(vmo).out_vmo_size);
	resident = vmo_info(vmo).out_resident;
	EXPECT_EQ(page_size, resident);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	self->t[0].zero = true;
	ASSERT_TRUE(variant->check(&self->t[0], vmo, 1, 2));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 2, 1));
	ASSERT_TRUE(variant->check(&self->t[0], vmo, 1, 2));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	self->t[0].zero = false;
	ASSERT_TRUE(variant->check(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(page_size, vmo_info(vmo).out_resident);
	EXPECT_EQ(0, vmo_info(vmo).out_read_packets);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Pages that a shrink dropped do not come back with a growth. */
TEST_F(resize_read, ShrinkGrowIsZero)
{
	struct test_vmo *vmo = new_vmo_options(2, ZXP_VMO_RESIZABLE);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(vmo_resize(vmo, 1));
	EXPECT_EQ(page_size, vmo_info(vmo).out_resident);
	ASSERT_TRUE(vmo_resize(vmo, 2));
	self->t[0].zero = true;
	ASSERT_TRUE(variant->check(&self->t[0], vmo, 1, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
}

PAGER_FIXTURE(resize);

TEST_F(resize, ResizeNonresizableVmo)
{
	struct test_vmo *vmo = new_vmo(2);

	EXPECT_EQ(-1, ftruncate(vmo->fd, page_size));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-1, ftruncate(vmo->fd, 3 * page_size));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(2 * page_size, vmo_info(vmo).out_vmo_size);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* COMMIT of a range that is no more succeeds. */
TEST_F(resize, ResizeCommitTest)
{
	struct test_vmo *vmo = new_vmo_options(3, ZXP_VMO_RESIZABLE);

	ASSERT_TRUE(thread_commit(&self->t[0], vmo, 0, 3));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 3));
	ASSERT_TRUE(vmo_resize(vmo, 1));
	EXPECT_EQ(1, vmo_info(vmo).out_waiting);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));

	ASSERT_TRUE(vmo_resize(vmo, 0));
	test_err_zxp(ERANGE, vmo_op_range, vmo->fd, ZXP_VMO_OP_COMMIT, 0, page_size);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Answers for the old size are out of range, and the rest can still be answered. */
TEST_F(resize, ShrinkCutsRequest)
{
	struct test_vmo *vmo = new_vmo_options(4, ZXP_VMO_RESIZABLE);
	void *buf = map_anon(4);

	ASSERT_TRUE(thread_commit(&self->t[0], vmo, 0, 4));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 4));
	ASSERT_TRUE(vmo_resize(vmo, 2));
	test_err_zxp(ERANGE, supply_pages, self->p.fd, vmo->fd, 0, 4 * page_size, buf);
	test_err_zxp(ERANGE, fail, self->p.fd, vmo->fd, 0, 4 * page_size, EIO);
	EXPECT_EQ(1, vmo_info(vmo).out_waiting);
	EXPECT_EQ(0, vmo_info(vmo).out_resident);
	ASSERT_TRUE(pager_fail(&self->p, vmo, 0, 2, EIO));
	ASSERT_TRUE(thread_wait_failure(&self->t[0], EIO));
	ASSERT_TRUE(pager_idle(&self->p));
}

static int shrink(struct test_thread *t)
{
	return ftruncate(t->vmo->fd, 0) ? errno : 0;
}

TEST_F(resize, CommitResizeRace)
{
	unsigned int i;

	for (i = 0; i < 60; i++) {
		struct test_vmo *vmo = new_vmo_options(1, ZXP_VMO_RESIZABLE);
		int rc;

		self->t[0].vmo = vmo;
		ASSERT_TRUE(thread_start(&self->t[0], shrink));
		/* Before the shrink, during it, or after it. */
		rc = zxp_vmo_op_range(vmo->fd, ZXP_VMO_OP_COMMIT, 0, page_size);
		EXPECT_TRUE(rc == 0 || rc == -ERANGE) TH_LOG("commit: %d", rc);
		ASSERT_TRUE(thread_wait(&self->t[0]));
		ASSERT_TRUE(pager_idle(&self->p));
		vmo_release(vmo);
		ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));
	}
}

static int read_16(struct test_thread *t)
{
	char buf[16];
	ssize_t n = pread(t->vmo->fd, buf, sizeof(buf), 0);

	if (n < 0)
		return errno;
	return n == 0 || n == sizeof(buf) ? 0 : ERANGE;
}

/* From Zircon's streams: a read that races with a shrink gets all or nothing. */
TEST_F(resize, ReadShrinkRace)
{
	unsigned int i;

	for (i = 0; i < 60; i++) {
		struct test_vmo *vmo = new_vmo_options(1, ZXP_VMO_RESIZABLE);

		ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
		self->t[0].vmo = self->t[1].vmo = vmo;
		ASSERT_TRUE(thread_start(&self->t[0], read_16));
		ASSERT_TRUE(thread_start(&self->t[1], shrink));
		ASSERT_TRUE(thread_wait(&self->t[0]));
		ASSERT_TRUE(thread_wait(&self->t[1]));
		ASSERT_TRUE(thread_check_read(&self->t[0], vmo, 0, 1));
		ASSERT_TRUE(thread_wait_failure(&self->t[0], ENODATA));
		vmo_release(vmo);
		ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));
	}
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN

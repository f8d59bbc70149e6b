// SPDX-License-Identifier: GPL-2.0
/*
 * Zircon's tests of detaching VMOs and of closing pagers, ports and VMOs.
 */
#include <signal.h>
#include <sched.h>
#include <kselftest_harness.h>

#include "lib/child.h"
#include "lib/fixture.h"

ACCESS_FIXTURE(interrupt);

TEST_F(interrupt, ReadDetachInterruptLateTest)
{
	struct test_vmo *vmo = new_vmo(1);

	ASSERT_TRUE(variant->check(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_detach(&self->p, vmo));
	assert_failure(0, vmo, 0, ESTALE);
	ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* The READ packet was not read yet: it is taken back. */
TEST_F(interrupt, ReadDetachInterruptEarlyTest)
{
	struct test_vmo *vmo = new_vmo(1);

	ASSERT_TRUE(variant->check(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 1));
	ASSERT_TRUE(pager_detach(&self->p, vmo));
	assert_failure(0, vmo, 0, ESTALE);
	ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Unlike a detach, the close of a pager sends no COMPLETE. */
TEST_F(interrupt, ReadCloseInterruptLateTest)
{
	struct test_vmo *vmo = new_vmo(1);

	ASSERT_TRUE(variant->check(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	pager_close(&self->p);
	assert_failure(0, vmo, 0, ESTALE);
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(interrupt, ReadCloseInterruptEarlyTest)
{
	struct test_vmo *vmo = new_vmo(1);

	ASSERT_TRUE(variant->check(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 1));
	pager_close(&self->p);
	assert_failure(0, vmo, 0, ESTALE);
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(interrupt, DecommitOnDetachTest)
{
	struct test_vmo *vmo = new_vmo(2), *clone = new_clone(vmo);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(variant->check(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(variant->check(&self->t[0], clone, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));

	ASSERT_TRUE(pager_detach(&self->p, vmo));
	ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));
	EXPECT_EQ(0, vmo_info(vmo).out_resident);
	EXPECT_TRUE(vmo_info(vmo).out_flags & ZXP_VMO_INFO_DETACHED);

	ASSERT_TRUE(variant->check(&self->t[0], vmo, 0, 1));
	assert_failure(0, vmo, 0, ESTALE);
	ASSERT_TRUE(variant->check(&self->t[0], vmo, 1, 1));
	assert_failure(0, vmo, 1, ESTALE);
	ASSERT_TRUE(variant->check(&self->t[0], clone, 0, 1));
	assert_failure(0, clone, 0, ESTALE);
	ASSERT_TRUE(variant->check(&self->t[0], clone, 1, 1));
	assert_failure(0, clone, 1, ESTALE);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* What is in memory stays readable; nothing else ever comes. */
TEST_F(interrupt, ClosePagerTest)
{
	struct test_vmo *vmo = new_vmo(2);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(variant->check(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	pager_close(&self->p);
	EXPECT_TRUE(vmo_info(vmo).out_flags & ZXP_VMO_INFO_DETACHED);
	ASSERT_TRUE(variant->check(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(variant->check(&self->t[0], vmo, 1, 1));
	assert_failure(0, vmo, 1, ESTALE);
	ASSERT_TRUE(pager_idle(&self->p));
}

PAGER_FIXTURE(closing);

TEST_F(closing, DetachPageCompleteTest)
{
	struct test_vmo *vmo = new_vmo(1);

	ASSERT_TRUE(pager_detach(&self->p, vmo));
	ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));
	/* A second one is allowed and changes nothing, nor does the release. */
	ASSERT_TRUE(pager_detach(&self->p, vmo));
	vmo_release(vmo);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* The VMO ends with its last descriptor or mapping, whichever comes last. */
TEST_F(closing, ClosePageCompleteTest)
{
	struct test_vmo *vmo = new_vmo(1), *other = new_vmo(1);
	int dup_fd = dup(other->fd);

	close(vmo->fd);
	vmo->fd = -1;
	ASSERT_TRUE(pager_idle(&self->p));
	vmo_release(vmo);
	ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));

	vmo_release(other);
	ASSERT_TRUE(pager_idle(&self->p));
	close(dup_fd);
	ASSERT_TRUE(pager_wait_complete(&self->p, other->key));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(closing, DetachClosePagerTest)
{
	struct test_vmo *vmo = new_vmo(1);

	ASSERT_TRUE(pager_detach(&self->p, vmo));
	pager_close(&self->p);
	EXPECT_TRUE(crashes(vmo->map, SIGBUS));
	/* The COMPLETE of the detach is withdrawn if it was not read. */
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(closing, ClosePortTest)
{
	struct test_vmo *vmo = new_vmo(2);

	ASSERT_TRUE(thread_check_vmar(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 1));
	port_close(&self->p);
	ASSERT_TRUE(thread_check_vmar(&self->t[1], vmo, 1, 1));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 2));

	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	ASSERT_TRUE(thread_wait(&self->t[1]));
	ASSERT_TRUE(thread_running(&self->t[0]));

	ASSERT_TRUE(pager_detach(&self->p, vmo));
	ASSERT_TRUE(thread_wait_crash(&self->t[0], vmo->map, SIGBUS));
}

TEST_F(closing, FailAfterDetach)
{
	struct test_vmo *vmo = new_vmo(1);

	ASSERT_TRUE(pager_detach(&self->p, vmo));
	test_err_zxp(ESTALE, fail, self->p.fd, vmo->fd, 0, page_size, EIO);
	ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(closing, SupplyAfterDetach)
{
	struct test_vmo *vmo = new_vmo(1);
	void *buf = map_anon(1);

	ASSERT_TRUE(pager_detach(&self->p, vmo));
	test_err_zxp(ESTALE, supply_pages, self->p.fd, vmo->fd, 0, page_size, buf);
	EXPECT_EQ(0, vmo_info(vmo).out_resident);
	ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(closing, DetachAndAlwaysNeed)
{
	struct test_vmo *vmo = new_vmo(2);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_detach(&self->p, vmo));
	test_zxp(vmo_op_range, vmo->fd, ZXP_VMO_OP_ALWAYS_NEED, 0, 2 * page_size);
	test_err_zxp(ESTALE, vmo_op_range, vmo->fd, ZXP_VMO_OP_COMMIT, 0, page_size);
	test_err_zxp(ESTALE, vmo_op_range, vmo->fd, ZXP_VMO_OP_PREFETCH, 0, page_size);
	ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));
	ASSERT_TRUE(pager_idle(&self->p));
}

static int close_arg(struct test_thread *t)
{
	close((intptr_t)t->arg);
	return 0;
}

/* Creation either came before the close, or finds no such descriptor. */
TEST_F(closing, ZeroHandlesRace)
{
	unsigned int i;

	for (i = 0; i < 500; i++) {
		int pager = zxp_open(0), vmo;

		ASSERT_LE(0, pager);
		self->t[0].arg = (void *)(intptr_t)pager;
		ASSERT_TRUE(thread_start(&self->t[0], close_arg));
		vmo = zxp_create_vmo(pager, 0, ZXP_PORT_OWN, i, page_size);
		ASSERT_TRUE(thread_wait(&self->t[0]));
		if (vmo >= 0) {
			char byte;

			EXPECT_EQ(-1, pread(vmo, &byte, 1, 0));
			EXPECT_EQ(ESTALE, errno);
			close(vmo);
		} else {
			EXPECT_TRUE(vmo == -EBADF || vmo == -ESTALE)
				TH_LOG("create: %d", vmo);
		}
	}
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Zircon's tests of DIRTY requests that fail, are interrupted, or find that their
 * page has gone.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <kselftest_harness.h>

#include "lib/fixture.h"

#define TRAP	ZXP_VMO_TRAP_DIRTY

WRITE_FIXTURE(fail_write);

TEST_F(fail_write, FailDirtyRequests)
{
	struct test_vmo *vmo = new_vmo_options(2, TRAP);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(variant->write(&self->t[0], vmo, 1, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 1, 1));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 1, 1, EIO));
	assert_failure(0, vmo, 1, EIO);
	EXPECT_TRUE(vmo_failed(vmo, 1, EIO));
	ASSERT_TRUE(is_clean(vmo));
	EXPECT_TRUE(vmo_has(vmo, 0, 2, SUPPLIED));
	EXPECT_TRUE(vmo_shows(vmo, 0, 2, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));

	/* A failure is for who waits; the next one is asked for again. */
	ASSERT_TRUE(variant->write(&self->t[0], vmo, 1, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 1, 1));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 0, 2, ENOSPC));
	assert_failure(0, vmo, 1, ENOSPC);
	EXPECT_TRUE(vmo_failed(vmo, 1, ENOSPC));
	ASSERT_TRUE(variant->write(&self->t[0], vmo, 1, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 1, 1));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 1, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(1, 1)));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A page of zeroes stays one, and costs no memory. */
TEST_F(fail_write, FailDirtyRequestsForZeroPages)
{
	struct test_vmo *vmo = new_vmo_options(2, TRAP);

	ASSERT_TRUE(pager_supply_zero(&self->p, vmo, 0, 2));
	ASSERT_TRUE(vmo_shows(vmo, 0, 2, ZEROES));
	ASSERT_TRUE(variant->write(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 0, 1, EIO));
	assert_failure(0, vmo, 0, EIO);
	ASSERT_TRUE(is_clean(vmo));
	EXPECT_EQ(0, vmo_info(vmo).out_resident);
	EXPECT_TRUE(vmo_has(vmo, 0, 2, ZEROES));
	EXPECT_TRUE(vmo_shows(vmo, 0, 2, ZEROES));
	EXPECT_EQ(0, vmo_info(vmo).out_resident);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A failed DIRTY is no modification. */
TEST_F(fail_write, NotModifiedOnFailedDirtyRequest)
{
	struct test_vmo *vmo = new_vmo_options(1, TRAP);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(variant->write(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 0, 1, EIO));
	assert_failure(0, vmo, 0, EIO);
	EXPECT_FALSE(was_modified(vmo));
	ASSERT_TRUE(is_clean(vmo));
	ASSERT_TRUE(pager_idle(&self->p));
}

static volatile sig_atomic_t handled;

static void on_signal(int sig)
{
	(void)sig;
	handled++;
}

TEST_F(fail_write, SuspendDirtyTest)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct test_vmo *vmo = new_vmo_options(1, TRAP);

	handled = 0;
	ASSERT_EQ(0, sigaction(SIGUSR1, &sa, NULL));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(variant->write(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(threads_blocked(self->t, 1, vmo));

	ASSERT_EQ(0, pthread_kill(self->t[0].thread, SIGUSR1));
	ASSERT_TRUE(wait_until(handled == 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(is_clean(vmo));

	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	ASSERT_TRUE(pager_idle(&self->p));
}

PAGER_FIXTURE(dirty_life);

/* An answer that comes before the packet is read takes the packet back. */
TEST_F(dirty_life, EarlyDirty)
{
	struct test_vmo *vmo = new_vmo_options(3, TRAP);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(threads_blocked(self->t, 1, vmo));
	ASSERT_TRUE(thread_write_vmar(&self->t[1], vmo, 1, 1));
	ASSERT_TRUE(threads_blocked(self->t, 2, vmo));
	ASSERT_TRUE(thread_check_vmo(&self->t[2], vmo, 2, 1));
	ASSERT_TRUE(threads_blocked(self->t, 3, vmo));

	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 2));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_wait(&self->t[1]));
	/* A READ waits in the same line. */
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 2, 1));
	ASSERT_TRUE(pager_idle(&self->p));
	EXPECT_EQ(0, vmo_info(vmo).out_dirty_packets);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 2, 1));
	ASSERT_TRUE(thread_wait(&self->t[2]));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 2)));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A request is done when all of it is; what is dirty already does not count again. */
TEST_F(dirty_life, DirtyCountsOnce)
{
	struct test_vmo *vmo = new_vmo_options(3, TRAP);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_supply_zero(&self->p, vmo, 1, 2));
	ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo, 0, 3));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 3));
	ASSERT_TRUE(threads_blocked(self->t, 1, vmo));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 2, 1));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 1, 2));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 1, 2));
	EXPECT_TRUE(thread_asleep(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(1, 2)));
	EXPECT_TRUE(vmo_has(vmo, 1, 2, ZEROES));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 3)));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* The head fails: recorded, and returned when the rest is answered too. */
TEST_F(dirty_life, FailHeadOfDirty)
{
	struct test_vmo *vmo = new_vmo_options(3, TRAP);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 3));
	ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo, 0, 3));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 3));
	ASSERT_TRUE(threads_blocked(self->t, 1, vmo));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 0, 1, ENOSPC));
	EXPECT_TRUE(thread_asleep(&self->t[0]));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 1, 2));
	ASSERT_TRUE(thread_wait_failure(&self->t[0], ENOSPC));
	EXPECT_TRUE(vmo_failed(vmo, 0, ENOSPC));
	ASSERT_TRUE(is_dirty(vmo, DATA(1, 2)));
	EXPECT_TRUE(vmo_has(vmo, 0, 3, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A FAIL is for both kinds of requests in its range. */
TEST_F(dirty_life, FailBothKinds)
{
	struct test_vmo *vmo = new_vmo_options(2, TRAP);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_check_vmo(&self->t[1], vmo, 1, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, 1));
	/* Supply is not for DIRTY. */
	ASSERT_TRUE(threads_blocked(self->t, 2, vmo));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	EXPECT_TRUE(thread_asleep(&self->t[0]));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 0, 2, EBADMSG));
	ASSERT_TRUE(thread_wait_failure(&self->t[0], EBADMSG));
	ASSERT_TRUE(thread_wait_failure(&self->t[1], EBADMSG));
	ASSERT_TRUE(pager_idle(&self->p));
}

PAGER_FIXTURE(lost_page);

/*
 * The zero page that a writer waits for is written back meanwhile. That does not
 * wake the writer; who wants to allow the write finds nothing, and then the writer
 * asks for the page.
 */
TEST_F(lost_page, DelayedDirtyNotFound)
{
	struct test_vmo *vmo = new_vmo_options(1, TRAP | ZXP_VMO_RESIZABLE);

	ASSERT_TRUE(vmo_resize(vmo, 2));
	ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo, 1, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 1, 1));
	ASSERT_TRUE(threads_blocked(self->t, 1, vmo));
	ASSERT_TRUE(pager_writeback_begin_zero(&self->p, vmo, 1, 1));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 1, 1));
	EXPECT_TRUE(thread_asleep(&self->t[0]));
	ASSERT_TRUE(is_clean(vmo));
	ASSERT_TRUE(pager_idle(&self->p));

	test_err_zxp(ENOENT, dirty, self->p.fd, vmo->fd, page_size, page_size);
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 1, 1));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 1, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(1, 1)));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* One missing page in the range: nothing of it becomes dirty. */
TEST_F(lost_page, DirtyIsAllOrNothing)
{
	struct test_vmo *vmo = new_vmo_options(4, TRAP);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_supply_zero(&self->p, vmo, 1, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 3, 1));
	test_err_zxp(ENOENT, dirty, self->p.fd, vmo->fd, 0, 4 * page_size);
	ASSERT_TRUE(is_clean(vmo));
	EXPECT_EQ(2 * page_size, vmo_info(vmo).out_resident);
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 2));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 2)));
	EXPECT_EQ(3 * page_size, vmo_info(vmo).out_resident);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Past the end nothing becomes dirty, but writers before it look again. */
TEST_F(lost_page, DirtyPastEndReleases)
{
	struct test_vmo *vmo = new_vmo_options(2, TRAP);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo, 1, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 1, 1));
	test_err_zxp(ERANGE, dirty, self->p.fd, vmo->fd, 3 * page_size, page_size);
	EXPECT_EQ(1, vmo_info(vmo).out_dirty_packets);
	ASSERT_TRUE(pager_idle(&self->p));
	test_err_zxp(ERANGE, dirty, self->p.fd, vmo->fd, 0, 3 * page_size);
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 1, 1));
	ASSERT_TRUE(is_clean(vmo));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 1, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN

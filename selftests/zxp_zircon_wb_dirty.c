// SPDX-License-Identifier: GPL-2.0
/*
 * Zircon's tests of the first write to a clean page: DIRTY requests and their
 * answer.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <kselftest_harness.h>

#include "lib/fixture.h"

#define TRAP	ZXP_VMO_TRAP_DIRTY

WRITE_FIXTURE(first_write);

TEST_F(first_write, SimpleTrapDirty)
{
	struct test_vmo *vmo = new_vmo_options(2, TRAP), *other = new_vmo(1);

	/* A page that was read, and one that is missing. */
	ASSERT_TRUE(variant->check(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(variant->write(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(is_clean(vmo));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));

	ASSERT_TRUE(variant->write(&self->t[0], vmo, 1, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, 1));
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 1, 1));
	/* Nothing of the write is to be seen before it is allowed. */
	ASSERT_TRUE(vmo_has(vmo, 1, 1, SUPPLIED));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 1, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 2)));
	EXPECT_TRUE(vmo_has(vmo, 0, 2, WRITTEN));
	EXPECT_TRUE(vmo_shows(vmo, 0, 2, WRITTEN));
	EXPECT_EQ(2, vmo_info(vmo).out_dirty_packets);

	/* Without the option there are no requests. */
	ASSERT_TRUE(variant->write(&self->t[0], other, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, other, 0, 1));
	ASSERT_TRUE(pager_supply(&self->p, other, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(other, DATA(0, 1)));
	EXPECT_TRUE(vmo_has(other, 0, 1, WRITTEN));
	ASSERT_TRUE(pager_idle(&self->p));

	/* Nor does the option go with a VMO that has no pager. */
	EXPECT_EQ(-EINVAL, zxp_create_vmo_flags(self->p.fd, TRAP, ZXP_CREATE_PLAIN,
						ZXP_PORT_OWN, 0, page_size));
}

TEST_F(first_write, DirtyRequestsRepeatedWrites)
{
	struct test_vmo *vmo = new_vmo_options(1, TRAP);
	int i;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(variant->write(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	for (i = 0; i < 3; i++) {
		ASSERT_TRUE(variant->write(&self->t[0], vmo, 0, 1));
		ASSERT_TRUE(thread_wait(&self->t[0]));
		ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	}
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A page that reading has mapped is not writable yet. */
TEST_F(first_write, DirtyRequestsOnWriteAfterRead)
{
	struct test_vmo *vmo = new_vmo_options(1, TRAP);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(vmo_shows(vmo, 0, 1, SUPPLIED));
	ASSERT_TRUE(is_clean(vmo));
	ASSERT_TRUE(variant->write(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	/* And what was mapped then shows what was written. */
	EXPECT_TRUE(vmo_shows(vmo, 0, 1, WRITTEN));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A page that DIRTY has made dirty before can be written to at once. */
TEST_F(first_write, NoDirtyRequestsMapExistingDirty)
{
	struct test_vmo *vmo = new_vmo_options(2, TRAP);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 2));
	ASSERT_TRUE(variant->write(&self->t[0], vmo, 0, 2));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 2)));
	EXPECT_TRUE(vmo_has(vmo, 0, 2, WRITTEN));
	ASSERT_TRUE(pager_idle(&self->p));
}

PAGER_FIXTURE(dirty_request);

TEST_F(dirty_request, OpDirtyNoWrite)
{
	struct test_vmo *vmo = new_vmo_options(1, TRAP);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	EXPECT_EQ(page_size, vmo_info(vmo).out_dirty_bytes);
	/* Once more changes nothing. */
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	EXPECT_TRUE(vmo_has(vmo, 0, 1, SUPPLIED));
	EXPECT_TRUE(vmo_shows(vmo, 0, 1, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A write of pages that one request asks for, and that is allowed. */
#define write_with_request(start, vmo, page, nr) do {			\
	ASSERT_TRUE(start(&self->t[0], vmo, page, nr));			\
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, page, nr));		\
	ASSERT_TRUE(pager_dirty(&self->p, vmo, page, nr));		\
	ASSERT_TRUE(thread_wait(&self->t[0]));				\
	ASSERT_TRUE(pager_idle(&self->p));				\
} while (0)

TEST_F(dirty_request, DirtyRequestsOnVmoWrite)
{
	struct test_vmo *vmo = new_vmo_options(20, TRAP);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 20));
	write_with_request(thread_write_vmo, vmo, 3, 1);
	write_with_request(thread_write_vmo, vmo, 5, 1);
	write_with_request(thread_write_file, vmo, 7, 1);
	ASSERT_TRUE(is_dirty(vmo, DATA(3, 1), DATA(5, 1), DATA(7, 1)));
	write_with_request(thread_write_vmo, vmo, 11, 5);
	write_with_request(thread_write_file, vmo, 16, 3);
	ASSERT_TRUE(is_dirty(vmo, DATA(3, 1), DATA(5, 1), DATA(7, 1), DATA(11, 8)));
	write_with_request(thread_write_vmo, vmo, 4, 1);
	ASSERT_TRUE(is_dirty(vmo, DATA(3, 3), DATA(7, 1), DATA(11, 8)));

	/* Across what is dirty: the runs between are asked for one by one. */
	ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo, 2, 10));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 2, 1));
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 2, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 6, 1));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 6, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 8, 3));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 8, 3));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(2, 17)));
	EXPECT_TRUE(vmo_has(vmo, 0, 2, SUPPLIED));
	EXPECT_TRUE(vmo_has(vmo, 2, 17, WRITTEN));
	EXPECT_TRUE(vmo_has(vmo, 19, 1, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* The most that one request asks for, as kMaxWriteWaitPages there. */
TEST_F(dirty_request, LargeWriteBatched)
{
	struct test_vmo *vmo = new_vmo_options(40, TRAP);
	uint64_t page, nr;

	/* A write asks for content in the same portions. */
	ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo, 0, 40));
	for (page = 0; page < 40; page += nr) {
		nr = 40 - page < 16 ? 40 - page : 16;
		ASSERT_TRUE(pager_wait_read(&self->p, vmo, page, nr));
		ASSERT_TRUE(pager_supply(&self->p, vmo, page, nr));
		ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, page, nr));
		ASSERT_TRUE(pager_idle(&self->p));
		ASSERT_TRUE(pager_dirty(&self->p, vmo, page, nr));
	}
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 40)));
	EXPECT_TRUE(vmo_has(vmo, 0, 40, WRITTEN));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(dirty_request, DirtyRequestsViaMapping)
{
	struct test_vmo *vmo = new_vmo_options(20, TRAP);
	unsigned int i;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 20));
	write_with_request(thread_write_vmar, vmo, 3, 1);
	write_with_request(thread_write_vmar, vmo, 5, 1);
	ASSERT_TRUE(is_dirty(vmo, DATA(3, 1), DATA(5, 1)));

	ASSERT_TRUE(thread_write_vmar(&self->t[0], vmo, 8, 3));
	for (i = 8; i < 11; i++) {
		ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, i, 1));
		ASSERT_TRUE(pager_idle(&self->p));
		ASSERT_TRUE(pager_dirty(&self->p, vmo, i, 1));
	}
	ASSERT_TRUE(thread_wait(&self->t[0]));

	/* More than was asked for: the next pages do not ask. */
	ASSERT_TRUE(thread_write_vmar(&self->t[0], vmo, 11, 5));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 11, 1));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 11, 5));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(3, 1), DATA(5, 1), DATA(8, 8)));
	EXPECT_TRUE(vmo_has(vmo, 8, 8, WRITTEN));
	EXPECT_TRUE(vmo_has(vmo, 16, 4, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(dirty_request, NoDirtyRequestsOnRead)
{
	struct test_vmo *vmo = new_vmo_options(6, TRAP);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(pager_supply_zero(&self->p, vmo, 3, 1));
	ASSERT_TRUE(thread_check_vmar(&self->t[0], vmo, 0, 3));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 2, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 2, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_check_vmo(&self->t[0], vmo, 0, 3));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_check_read(&self->t[0], vmo, 0, 3));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(vmo_has(vmo, 3, 1, ZEROES));
	ASSERT_TRUE(vmo_shows(vmo, 3, 1, ZEROES));
	ASSERT_TRUE(is_clean(vmo));
	EXPECT_EQ(0, vmo_info(vmo).out_dirty_packets);
	ASSERT_TRUE(pager_idle(&self->p));
}

/*
 * What an outstanding request covers is not asked for again: a writer is cut where
 * one begins, and waits for one that it begins in.
 */
TEST_F(dirty_request, DirtyRequestsOverlap)
{
	struct test_vmo *vmo = new_vmo_options(20, TRAP);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 20));
	ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo, 10, 5));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 10, 5));
	ASSERT_TRUE(thread_write_vmo(&self->t[1], vmo, 5, 7));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 5, 5));
	ASSERT_TRUE(thread_write_vmo(&self->t[2], vmo, 12, 5));
	ASSERT_TRUE(threads_blocked(self->t, 3, vmo));
	EXPECT_EQ(2, vmo_info(vmo).out_requests);
	ASSERT_TRUE(pager_idle(&self->p));

	ASSERT_TRUE(pager_dirty(&self->p, vmo, 10, 5));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 15, 2));
	EXPECT_TRUE(thread_asleep(&self->t[1]));
	ASSERT_TRUE(is_dirty(vmo, DATA(10, 5)));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 5, 5));
	ASSERT_TRUE(thread_wait(&self->t[1]));
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 15, 2));
	ASSERT_TRUE(thread_wait(&self->t[2]));
	ASSERT_TRUE(is_dirty(vmo, DATA(5, 12)));
	EXPECT_TRUE(vmo_has(vmo, 5, 12, WRITTEN));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Permission to write to the mapping is not permission to dirty the page. */
TEST_F(dirty_request, DirtyAfterMapProtect)
{
	struct test_vmo *vmo = new_vmo_options(2, TRAP), *other = new_vmo(1);
	size_t bytes = 2 * page_size;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_EQ(0, mprotect(vmo->map, bytes, PROT_READ));
	ASSERT_TRUE(vmo_shows(vmo, 0, 2, SUPPLIED));
	ASSERT_EQ(0, mprotect(vmo->map, bytes, PROT_READ | PROT_WRITE));
	ASSERT_TRUE(is_clean(vmo));
	write_with_request(thread_write_vmar, vmo, 1, 1);
	ASSERT_TRUE(is_dirty(vmo, DATA(1, 1)));

	/* It was written to, so it may be again. */
	ASSERT_EQ(0, mprotect(vmo->map, bytes, PROT_READ));
	ASSERT_EQ(0, mprotect(vmo->map, bytes, PROT_READ | PROT_WRITE));
	ASSERT_TRUE(thread_write_vmar(&self->t[0], vmo, 1, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));

	ASSERT_TRUE(pager_supply(&self->p, other, 0, 1));
	ASSERT_EQ(0, mprotect(other->map, page_size, PROT_READ));
	ASSERT_TRUE(vmo_shows(other, 0, 1, SUPPLIED));
	ASSERT_EQ(0, mprotect(other->map, page_size, PROT_READ | PROT_WRITE));
	ASSERT_TRUE(thread_write_vmar(&self->t[0], other, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(other, DATA(0, 1)));
	ASSERT_TRUE(pager_idle(&self->p));
}

/*
 * There is no MAP_RANGE: touching a resident page maps its resident neighbours. That
 * neither asks for anything nor makes them writable.
 */
TEST_F(dirty_request, NoDirtyRequestsOnMapRange)
{
	struct test_vmo *vmo = new_vmo_options(4, TRAP);
	unsigned int i;

	ASSERT_TRUE(vmo_map_in_window(vmo));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 4));
	ASSERT_TRUE(vmo_shows(vmo, 1, 1, SUPPLIED));
	ASSERT_TRUE(is_clean(vmo));
	ASSERT_TRUE(pager_idle(&self->p));
	for (i = 0; i < 4; i++) {
		EXPECT_TRUE(is_mapped(vmo->map + i * page_size));
		write_with_request(thread_write_vmar, vmo, i, 1);
	}
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 4)));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * What takes the place of zero ranges that are mapped: writes, supplies, COMMIT and DIRTY,
 * other zeroes, END, another size, a detach. Nobody goes on seeing zeroes where there is
 * something else.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "kselftest_harness.h"
#include "lib/pin.h"
#include "lib/zero.h"

TEST_F(zero, write)
{
	struct test_vmo *vmo = new_mapped_zeroes();
	char *other = map_vmo(vmo, PROT_READ, MAP_SHARED);

	ASSERT_NE(NULL, other);
	ASSERT_TRUE(all_bytes_are(other, PAGES, 0));
	write_granted(vmo, 2, 3);
	EXPECT_TRUE(vmo_shows(vmo, 0, 2, ZEROES));
	EXPECT_TRUE(vmo_shows(vmo, 2, 3, WRITTEN));
	EXPECT_TRUE(vmo_shows(vmo, 5, PAGES - 5, ZEROES));
	EXPECT_TRUE(content_is(vmo, 2, 3, WRITTEN, other + BYTES(2)));
	EXPECT_TRUE(is_dirty(vmo, ZERO(0, 2), DATA(2, 3), ZERO(5, PAGES - 5)));
	EXPECT_EQ(3, resident(vmo));
	EXPECT_TRUE(was_modified(vmo));
	munmap(other, BYTES(PAGES));
	EXPECT_TRUE(pager_idle(&self->p));
}

/* Only the page that is stored to is made; and what shows zeroes beside it stays. */
TEST_F(zero, store)
{
	struct test_vmo *vmo = new_mapped_zeroes();
	char *other = map_vmo(vmo, PROT_READ, MAP_SHARED);

	ASSERT_NE(NULL, other);
	ASSERT_TRUE(all_bytes_are(other, PAGES, 0));
	ASSERT_TRUE(thread_write_vmar(&self->t[0], vmo, 3, 1));
	grant(vmo, 3, 1);
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(vmo_shows(vmo, 3, 1, WRITTEN));
	EXPECT_TRUE(content_is(vmo, 3, 1, WRITTEN, other + BYTES(3)));
	EXPECT_TRUE(vmo_shows(vmo, 4, PAGES - 4, ZEROES));
	EXPECT_TRUE(all_bytes_are(other, 3, 0));
	EXPECT_TRUE(is_dirty(vmo, ZERO(0, 3), DATA(3, 1), ZERO(4, PAGES - 4)));
	EXPECT_EQ(1, resident(vmo));
	EXPECT_TRUE(was_modified(vmo));
	munmap(other, BYTES(PAGES));
	EXPECT_TRUE(pager_idle(&self->p));
}

/* A store that the daemon does not allow leaves zeroes. */
TEST_F(zero, store_fails)
{
	struct test_vmo *vmo = new_mapped_zeroes();

	if (!variant->trap)
		SKIP(return, "nobody is asked");
	ASSERT_TRUE(thread_store(&self->t[0], vmo->map + BYTES(3)));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 3, 1));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 3, 1, EIO));
	ASSERT_TRUE(thread_wait_crash(&self->t[0], vmo->map + BYTES(3), SIGBUS));
	EXPECT_TRUE(vmo_shows(vmo, 0, PAGES, ZEROES));
	EXPECT_TRUE(is_dirty(vmo, ZERO(0, PAGES)));
	EXPECT_EQ(0, resident(vmo));
	EXPECT_FALSE(was_modified(vmo));
}

/* Stores from inside the kernel, which looks the page up first. */
TEST_F(zero, read_into)
{
	struct test_vmo *vmo = new_mapped_zeroes();
	struct pin pin;

	ASSERT_TRUE(pin_start(&pin, vmo, 2, 1, true));
	grant(vmo, 2, 1);
	ASSERT_TRUE(pin_held(&pin));
	ASSERT_TRUE(pin_release(&pin));
	EXPECT_TRUE(vmo_shows(pin.buffer, 0, 1, SUPPLIED));
	EXPECT_EQ(0, memcmp(vmo->map + BYTES(2), pin.buffer->map, page_size));
	EXPECT_TRUE(vmo_shows(vmo, 3, PAGES - 3, ZEROES));
}

/* END asks nobody who has seen the zeroes, and all others. */
TEST_F(zero, end)
{
	struct test_vmo *vmo = new_ended_zeroes();
	char *other = map_vmo(vmo, PROT_READ, MAP_SHARED);

	ASSERT_NE(NULL, other);
	EXPECT_TRUE(vmo_shows(vmo, 0, PAGES, ZEROES));
	EXPECT_TRUE(pager_idle(&self->p));
	EXPECT_EQ(0, resident(vmo));
	EXPECT_EQ(0, vmo_info(vmo).out_zero_bytes);

	ASSERT_TRUE(thread_check_vmo(&self->t[0], vmo, 1, 1));
	ASSERT_TRUE(thread_check_at(&self->t[1], vmo, other, 2, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 2, 1));
	EXPECT_TRUE(vmo_shows(vmo, 0, PAGES, ZEROES));
	/* Now they see what is there. */
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 2));
	EXPECT_TRUE(vmo_shows(vmo, 1, 2, SUPPLIED));
	EXPECT_TRUE(vmo_shows(vmo, 3, PAGES - 3, ZEROES));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_wait(&self->t[1]));
	ASSERT_TRUE(pager_supply_zero(&self->p, vmo, 3, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 3, 2));
	EXPECT_TRUE(vmo_shows(vmo, 3, 1, ZEROES));
	EXPECT_TRUE(vmo_shows(vmo, 4, 1, SUPPLIED));
	munmap(other, BYTES(PAGES));
	EXPECT_TRUE(pager_idle(&self->p));
}

/* What was cleaned has to be asked for, although zeroes are mapped. */
TEST_F(zero, store_after_end)
{
	struct test_vmo *vmo = new_ended_zeroes();

	ASSERT_TRUE(thread_store(&self->t[0], vmo->map + BYTES(3)));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 3, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 3, 1));
	grant(vmo, 3, 1);
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(STORED_WORD, *(volatile uint64_t *)(vmo->map + BYTES(3)));
	EXPECT_EQ(vmo_word(vmo, BYTES(3) / 8 + 1),
		  *(volatile uint64_t *)(vmo->map + BYTES(3) + 8));
	EXPECT_TRUE(is_dirty(vmo, DATA(3, 1)));
	EXPECT_TRUE(pager_idle(&self->p));
}

TEST_F(zero, write_after_end)
{
	struct test_vmo *vmo = new_ended_zeroes();

	ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo, 3, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 3, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 3, 1));
	grant(vmo, 3, 1);
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(vmo_shows(vmo, 3, 1, WRITTEN));
	EXPECT_TRUE(vmo_shows(vmo, 4, PAGES - 4, ZEROES));
}

/* Zeroes over zeroes are no news; over a page they are. */
TEST_F(zero, zero_and_punch)
{
	struct test_vmo *vmo = new_mapped_zeroes();
	int hole = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;

	ASSERT_TRUE(vmo_zero(vmo, 0, 2));
	ASSERT_EQ(0, fallocate(vmo->fd, hole, BYTES(2), BYTES(2)));
	EXPECT_TRUE(vmo_shows(vmo, 0, PAGES, ZEROES));
	EXPECT_TRUE(is_dirty(vmo, ZERO(0, PAGES)));
	write_granted(vmo, 1, 2);
	ASSERT_TRUE(vmo_zero(vmo, 1, 1));
	ASSERT_EQ(0, fallocate(vmo->fd, hole, BYTES(2), BYTES(1)));
	EXPECT_TRUE(vmo_shows(vmo, 0, PAGES, ZEROES));
	EXPECT_TRUE(is_dirty(vmo, ZERO(0, PAGES)));
	EXPECT_EQ(0, resident(vmo));
	EXPECT_TRUE(pager_idle(&self->p));

	/* After END it is a zero range anew. */
	vmo = new_ended_zeroes();
	ASSERT_TRUE(vmo_zero(vmo, 1, 2));
	EXPECT_TRUE(is_dirty(vmo, ZERO(1, 2)));
	EXPECT_TRUE(vmo_shows(vmo, 0, PAGES, ZEROES));
	EXPECT_EQ(0, resident(vmo));
	EXPECT_TRUE(pager_idle(&self->p));
}

TEST_F(zero, commit)
{
	struct test_vmo *vmo = new_mapped_zeroes();

	ASSERT_TRUE(thread_commit(&self->t[0], vmo, 2, 2));
	grant(vmo, 2, 2);
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(is_dirty(vmo, ZERO(0, 2), DATA(2, 2), ZERO(4, PAGES - 4)));
	EXPECT_EQ(2, resident(vmo));
	EXPECT_TRUE(vmo_shows(vmo, 0, PAGES, ZEROES));
	EXPECT_EQ(2, resident(vmo));
	write_untrapped(vmo, 2, 2);
	EXPECT_TRUE(vmo_shows(vmo, 2, 2, WRITTEN));
	EXPECT_TRUE(pager_idle(&self->p));
}

/* COMMIT of supplied zeroes makes clean pages, which are mapped in their place. */
TEST_F(zero, commit_of_markers)
{
	struct test_vmo *vmo = new_trap_vmo(PAGES);

	ASSERT_TRUE(pager_supply_zero(&self->p, vmo, 0, PAGES));
	ASSERT_TRUE(vmo_shows(vmo, 0, PAGES, ZEROES));
	ASSERT_TRUE(thread_commit(&self->t[0], vmo, 2, 2));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(is_clean(vmo));
	EXPECT_EQ(2, resident(vmo));
	write_granted(vmo, 2, 3);
	EXPECT_TRUE(vmo_shows(vmo, 2, 3, WRITTEN));
	EXPECT_TRUE(vmo_shows(vmo, 5, PAGES - 5, ZEROES));
	EXPECT_EQ(3, resident(vmo));
	EXPECT_TRUE(pager_idle(&self->p));
}

TEST_F(zero, dirty)
{
	struct test_vmo *vmo = new_mapped_zeroes();

	if (!variant->trap)
		SKIP(return, "nothing is allowed here");
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 2, 2));
	EXPECT_TRUE(is_dirty(vmo, ZERO(0, 2), DATA(2, 2), ZERO(4, PAGES - 4)));
	ASSERT_TRUE(thread_write_vmar(&self->t[0], vmo, 2, 2));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(vmo_has(vmo, 2, 2, WRITTEN));
	EXPECT_TRUE(pager_idle(&self->p));
	/* Not where END has made it the daemon's. */
	vmo = new_ended_zeroes();
	test_err_zxp(ENOENT, dirty, self->p.fd, vmo->fd, 0, BYTES(1));
}

/* A supply over zeroes does nothing, mapped or not. */
TEST_F(zero, supply)
{
	struct test_vmo *vmo = new_mapped_zeroes();

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, PAGES));
	EXPECT_TRUE(vmo_shows(vmo, 0, PAGES, ZEROES));
	EXPECT_TRUE(vmo_has(vmo, 0, PAGES, ZEROES));
	EXPECT_EQ(0, resident(vmo));
}

TEST_F(zero, shrink)
{
	struct test_vmo *vmo = new_mapped_zeroes();
	char *map = map_vmo(vmo, PROT_READ | PROT_WRITE, MAP_SHARED);
	char *copy = map_vmo(vmo, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	ASSERT_NE(NULL, map);
	ASSERT_NE(NULL, copy);
	ASSERT_TRUE(all_bytes_are(map, PAGES, 0));
	ASSERT_TRUE(all_bytes_are(copy, PAGES, 0));
	ASSERT_TRUE(vmo_resize(vmo, 3));
	EXPECT_TRUE(crashes(map + BYTES(3), SIGBUS));
	EXPECT_TRUE(store_crashes(map + BYTES(4), SIGBUS));
	EXPECT_TRUE(crashes(copy + BYTES(3), SIGBUS));
	EXPECT_TRUE(all_bytes_are(map, 3, 0));
	ASSERT_TRUE(vmo_resize(vmo, PAGES));
	EXPECT_TRUE(all_bytes_are(map, PAGES, 0));
	EXPECT_TRUE(is_dirty(vmo, ZERO(0, PAGES)));
	EXPECT_EQ(0, resident(vmo));
	munmap(map, BYTES(PAGES));
	munmap(copy, BYTES(PAGES));
}

/* Supplied zeroes go, those of clients stay. */
TEST_F(zero, detach)
{
	struct test_vmo *vmo = new_trap_vmo(PAGES);

	ASSERT_TRUE(pager_supply_zero(&self->p, vmo, 0, 4));
	ASSERT_TRUE(vmo_zero(vmo, 4, 4));
	ASSERT_TRUE(vmo_shows(vmo, 0, PAGES, ZEROES));
	ASSERT_TRUE(pager_detach(&self->p, vmo));
	EXPECT_TRUE(crashes(vmo->map, SIGBUS));
	EXPECT_TRUE(vmo_shows(vmo, 4, 4, ZEROES));
	EXPECT_EQ(0, resident(vmo));
	EXPECT_EQ(variant->trap, store_crashes(vmo->map + BYTES(5), SIGBUS));
	EXPECT_EQ(variant->trap ? 0 : 1, resident(vmo));
	EXPECT_TRUE(vmo_shows(vmo, 6, 2, ZEROES));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Snapshots of a VMO with a pager that allows them: what is not in memory is asked for later,
 * and what nobody can have any more is not made up.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <kselftest_harness.h>

#include "lib/client.h"
#include "lib/fixture.h"
#include "lib/pin.h"
#include "lib/snapshot.h"

#define PAGES		4

PAGER_FIXTURE(paged);

#define new_moment(parent)	new_moment_by(ZXP_CHILD_POINT_IN_TIME, parent)

static int moment_of(int fd)
{
	return zxp_create_child(fd, ZXP_CHILD_POINT_IN_TIME, 0, page_size);
}

/* What the daemon has of pages. */
static bool supply_bytes(struct test_vmo *vmo, uint64_t page, const void *bytes)
{
	int rc = zxp_supply_pages(vmo->pager->fd, vmo->fd, page * page_size, page_size,
				  bytes);

	if (rc)
		diag("supply of page %lu: %s", page, strerror(-rc));
	return !rc;
}

/* All that is there is clean, and goes; nobody else has it mapped. */
static bool drop(struct test_vmo *vmo)
{
	return !madvise(vmo->map, vmo->pages * page_size, MADV_DONTNEED) && drain_lru() &&
	       !zxp_vmo_op_range(vmo->fd, ZXP_VMO_OP_DONT_NEED, 0, vmo->pages * page_size) &&
	       !vmo_info(vmo).out_resident;
}

/* Only where the daemon said so, and only by this name. */
TEST_F(paged, refused)
{
	struct test_vmo *old = new_vmo(PAGES), *old_slice = new_slice(old, 0, 2);
	struct test_vmo *vmo = new_paged(PAGES, 0), *clone = new_clone(vmo), *first, *part;

	EXPECT_EQ(-EOPNOTSUPP, moment_of(old->fd));
	EXPECT_EQ(-EOPNOTSUPP, moment_of(old_slice->fd));
	EXPECT_EQ(-EOPNOTSUPP, zxp_create_child(vmo->fd, ZXP_CHILD_SNAPSHOT, 0, page_size));
	/* What the clone has not for itself is as in the VMO later. */
	EXPECT_EQ(-EOPNOTSUPP, moment_of(clone->fd));
	EXPECT_EQ(-EINVAL, zxp_create_child(vmo->fd, ZXP_CHILD_POINT_IN_TIME | AT_LEAST, 0,
					    page_size));
	EXPECT_EQ(-EINVAL, zxp_create_child(vmo->fd, ZXP_CHILD_POINT_IN_TIME |
					    ZXP_CHILD_SLICE, 0, page_size));

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, PAGES));
	first = new_moment(vmo);
	EXPECT_EQ(-EOPNOTSUPP, zxp_create_child(first->fd, ZXP_CHILD_SNAPSHOT, 0, page_size));
	part = new_child(new_slice(vmo, 1, 2), ZXP_CHILD_POINT_IN_TIME, 1, 1);
	first = new_moment(first);
	ASSERT_TRUE(vmo_put(vmo, 2, 10));
	EXPECT_TRUE(vmo_word_is(part, 0, supplied(vmo, 2)));
	EXPECT_TRUE(vmo_word_is(first, 2, supplied(vmo, 2)));
	EXPECT_TRUE(vmo_word_is(clone, 2, 10));
	first = new_child(new_reference(vmo, 0), ZXP_CHILD_POINT_IN_TIME, 0, PAGES);
	ASSERT_TRUE(vmo_put(vmo, 2, 11));
	EXPECT_TRUE(vmo_word_is(first, 2, 10));
	EXPECT_TRUE(vmo_word_is(clone, 2, 11));
}

/* A page that is missing is asked for by who needs it first, and for both. */
TEST_F(paged, missing)
{
	struct test_vmo *vmo = new_paged(PAGES, 0), *first = new_moment(vmo);

	ASSERT_TRUE(pager_idle(&self->p));
	/* By who looks at the snapshot. */
	ASSERT_TRUE(thread_check_vmo(&self->t[0], first, 1, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(vmo_put(vmo, 1, 10));
	EXPECT_TRUE(vmo_word_is(first, 1, supplied(vmo, 1)));
	/* By who writes all of it. */
	ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo, 2, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 2, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 2, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(vmo_word_is(first, 2, supplied(vmo, 2)));
	EXPECT_TRUE(vmo_has(vmo, 2, 1, WRITTEN));
	EXPECT_TRUE(pager_idle(&self->p));
}

/* The store gets what the snapshot has, and so it can come from there when the page is gone. */
TEST_F(paged, written_back)
{
	struct test_vmo *vmo = new_paged(PAGES, 0), *first;
	uint64_t *store = map_anon(1);

	ASSERT_NE(NULL, store);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	ASSERT_TRUE(vmo_put(vmo, 1, 10));
	first = new_moment(vmo);
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, PAGES));
	ASSERT_EQ(0, zxp_vmo_read(vmo->fd, page_size, page_size, store));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, PAGES));
	ASSERT_TRUE(drop(vmo));

	ASSERT_TRUE(thread_touch(&self->t[0], page_at(first, 1)));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, 1));
	ASSERT_TRUE(supply_bytes(vmo, 1, store));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(vmo_word_is(first, 1, 10));

	/* What is stored after that is not for it, wherever that is. */
	ASSERT_TRUE(vmo_put(vmo, 1, 20));
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, PAGES));
	ASSERT_EQ(0, zxp_vmo_read(vmo->fd, page_size, page_size, store));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, PAGES));
	ASSERT_TRUE(drop(vmo));
	EXPECT_TRUE(vmo_word_is(first, 1, 10));
	EXPECT_TRUE(pager_idle(&self->p));
	EXPECT_EQ(20, store[0]);
}

/* Zeroes that the VMO has are zeroes in the snapshot, whatever becomes of the range. */
TEST_F(paged, zeroes)
{
	struct test_vmo *vmo = new_paged(PAGES, 0), *first;
	struct server s;

	ASSERT_TRUE(pager_supply_zero(&self->p, vmo, 0, 2));
	ASSERT_TRUE(vmo_zero(vmo, 2, 2));
	first = new_moment(vmo);
	EXPECT_TRUE(vmo_word_is(first, 0, 0));
	word_at(vmo, 0) = 10;
	ASSERT_TRUE(vmo_put(vmo, 1, 11));
	word_at(vmo, 2) = 12;
	for (unsigned int page = 0; page < 3; page++)
		EXPECT_TRUE(vmo_word_is(first, page, 0));
	/* The last one is written back, and missing then. */
	ASSERT_TRUE(pager_writeback_begin_zero(&self->p, vmo, 3, 1));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 3, 1));
	ASSERT_TRUE(thread_touch(&self->t[0], page_at(first, 3)));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 3, 1));
	ASSERT_TRUE(pager_supply_zero(&self->p, vmo, 3, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(server_start(&s, &self->p));
	ASSERT_TRUE(vmo_put(vmo, 3, 13));
	EXPECT_TRUE(vmo_word_is(first, 3, 0));
	EXPECT_EQ(0, s.reads);
	EXPECT_TRUE(server_end(&s));
}

/* The stream ends in a page that is there and clean, and has nothing but zeroes. */
TEST_F(paged, end_in_zeroes)
{
	struct test_vmo *vmo = new_paged(PAGES, ZXP_VMO_RESIZABLE), *first;

	ASSERT_TRUE(pager_supply_zero(&self->p, vmo, 0, PAGES));
	test_zxp(vmo_op_range, vmo->fd, ZXP_VMO_OP_COMMIT, 0, 3 * page_size);
	first = new_moment(vmo);
	EXPECT_EQ(0, zxp_set_stream_size(vmo->fd, 2 * page_size + 16));
	EXPECT_EQ(0, ftruncate(vmo->fd, page_size + 16));
	ASSERT_TRUE(vmo_put(vmo, 1, 10));
	for (unsigned int page = 0; page < PAGES; page++)
		EXPECT_TRUE(vmo_word_is(first, page, 0));
	EXPECT_TRUE(pager_idle(&self->p));
}

/* What was kept is there for ever. Nobody can have the rest, or makes something up for it. */
TEST_F(paged, detached)
{
	struct test_vmo *vmo = new_paged(PAGES, 0), *first;
	uint64_t word;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 3));
	ASSERT_TRUE(vmo_put(vmo, 2, 12));
	first = new_moment(vmo);
	ASSERT_TRUE(vmo_put(vmo, 0, 10));
	ASSERT_TRUE(pager_detach(&self->p, vmo));
	EXPECT_TRUE(vmo_word_is(first, 0, supplied(vmo, 0)));
	EXPECT_EQ(-ESTALE, zxp_vmo_read(first->fd, page_size, 8, &word));
	/* What is dirty stays. */
	EXPECT_TRUE(vmo_word_is(first, 2, 12));
	ASSERT_TRUE(vmo_put(vmo, 2, 13));
	EXPECT_TRUE(vmo_word_is(first, 2, 12));
	ASSERT_TRUE(vmo_zero(vmo, 0, PAGES));
	EXPECT_TRUE(vmo_word_is(vmo, 1, 0));
	EXPECT_TRUE(vmo_word_is(first, 0, supplied(vmo, 0)));
	EXPECT_TRUE(vmo_word_is(first, 2, 12));
	EXPECT_TRUE(is_broken(first, 1));
	EXPECT_TRUE(is_broken(first, 3));
}

/* The same without a pager. */
TEST_F(paged, whose_pager_is_closed)
{
	struct test_vmo *vmo = new_paged(PAGES, 0), *first;
	uint64_t word;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	first = new_moment(vmo);
	ASSERT_TRUE(vmo_put(vmo, 0, 10));
	pager_close(&self->p);
	EXPECT_TRUE(vmo_word_is(first, 0, supplied(vmo, 0)));
	EXPECT_EQ(-ESTALE, zxp_vmo_read(first->fd, 2 * page_size, 8, &word));
	ASSERT_TRUE(vmo_zero(vmo, 0, PAGES));
	EXPECT_TRUE(vmo_word_is(first, 0, supplied(vmo, 0)));
	EXPECT_TRUE(is_broken(first, 2));
}

/* Who has pinned a page may store to it without anybody noticing. */
TEST_F(paged, of_a_pinned_page)
{
	struct test_vmo *vmo = new_paged(PAGES, 0), *first;
	struct pin pin;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, PAGES));
	word_at(vmo, 1) = 5;
	ASSERT_TRUE(pin_start(&pin, vmo, 1, 1, true));
	ASSERT_TRUE(pin_held(&pin));
	EXPECT_EQ(-ESTALE, moment_of(vmo->fd));
	word_at(vmo, 2) = 6;
	ASSERT_TRUE(pin_release(&pin));
	first = new_moment(vmo);
	ASSERT_TRUE(vmo_put(vmo, 2, 7));
	EXPECT_TRUE(vmo_word_is(first, 2, 6));
}

/* The kernel clears the word that another thread may wait for. */
static int leave(struct test_thread *t)
{
	syscall(SYS_set_tid_address, page_at(t->vmo, 1));
	syscall(SYS_exit, 0);
	return EILSEQ;
}

/* A store that the daemon is not asked for, since who makes it ends. */
TEST_F(paged, store_at_exit)
{
	struct test_vmo *vmo = new_paged(PAGES, ZXP_VMO_TRAP_DIRTY), *first;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, PAGES));
	first = new_moment(vmo);
	self->t[0].vmo = vmo;
	ASSERT_TRUE(thread_start(&self->t[0], leave));
	ASSERT_TRUE(wait_until(!(word_at(vmo, 1) & UINT32_MAX)));
	EXPECT_TRUE(vmo_word_is(first, 1, supplied(vmo, 1)));
}

/* What is behind the end of the stream is that of the moment as well. */
TEST_F(paged, growth_over_what_was_stored_behind_the_end)
{
	struct test_vmo *vmo = new_vmo_flags(2 * page_size, ZXP_VMO_RESIZABLE,
					     ZXP_CREATE_SNAPSHOTS), *first;
	struct server s;

	ASSERT_TRUE(server_start(&s, &self->p));
	ASSERT_TRUE(vmo_resize(vmo, PAGES));
	ASSERT_EQ(0, zxp_set_stream_size(vmo->fd, page_size + 16));
	word_at(vmo, 1) = 5;
	word_at(vmo, 2) = 6;
	first = new_moment(vmo);
	ASSERT_EQ(0, zxp_set_stream_size(vmo->fd, PAGES * page_size));
	EXPECT_TRUE(vmo_word_is(vmo, 1, 5));
	EXPECT_TRUE(vmo_word_is(vmo, 2, 0));
	EXPECT_TRUE(vmo_word_is(first, 1, 5));
	EXPECT_TRUE(vmo_word_is(first, 2, 6));
	EXPECT_TRUE(vmo_word_is(first, 3, 0));
	EXPECT_TRUE(server_end(&s));
}

/* One that has no end of its own, and of which nearly all is missing. */
TEST_F(paged, unbounded)
{
	struct test_vmo *vmo = new_vmo_flags(PAGES * page_size, ZXP_VMO_UNBOUNDED,
					     ZXP_CREATE_SNAPSHOTS), *first;
	struct server s;

	ASSERT_TRUE(server_start(&s, &self->p));
	first = new_child(vmo, ZXP_CHILD_POINT_IN_TIME, 0, PAGES);
	ASSERT_TRUE(vmo_put(vmo, 1, 10));
	ASSERT_EQ(0, zxp_set_stream_size(vmo->fd, 0));
	EXPECT_EQ(0, vmo_info(vmo).out_resident);
	for (unsigned int page = 0; page < PAGES; page++)
		EXPECT_TRUE(vmo_word_is(first, page, supplied(vmo, page)));
	EXPECT_TRUE(server_end(&s));
}

/* Memory of a page fails. The daemon has what was not kept, unless it is unwritten. */
TEST_F(paged, memory_fails)
{
	struct test_vmo *vmo, *first;
	struct server s;

	if (!memory_can_fail())
		SKIP(return, "no memory failure here");
	vmo = new_paged(PAGES, 0);
	ASSERT_TRUE(server_start(&s, &self->p));
	first = new_moment(vmo);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(memory_fails(vmo->fd, 0));
	ASSERT_TRUE(vmo_put(vmo, 0, 10));
	EXPECT_TRUE(vmo_word_is(first, 0, supplied(vmo, 0)));
	/* What is dirty, and lost. */
	ASSERT_TRUE(vmo_put(vmo, 1, 11));
	first = new_moment(vmo);
	ASSERT_TRUE(memory_fails(vmo->fd, 1));
	ASSERT_TRUE(vmo_put_page(vmo, 1, 1));
	EXPECT_TRUE(is_broken(first, 1));
	EXPECT_TRUE(server_end(&s));
}

TEST_HARNESS_MAIN

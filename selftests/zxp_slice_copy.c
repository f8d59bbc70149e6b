// SPDX-License-Identifier: GPL-2.0
/*
 * Slices of copies: parts of what a copy has, which is the copy's own or the root's. What
 * they have in common with parts of a VMO is in zxp_slice.c.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lib/child.h"
#include "lib/client.h"
#include "lib/fixture.h"
#include "lib/pin.h"

#define SLICE		ZXP_CHILD_SLICE
#define BYTES(pages)	((pages) * page_size)

PAGER_FIXTURE(slice_copy);

/* Pages 1 to 6 of a VMO of 8, of which the slice has the four from 3 on. */
#define make_slice(vmo, copy, slice)						\
	struct test_vmo *vmo = new_vmo_options(8, ZXP_VMO_TRAP_DIRTY);		\
	struct test_vmo *copy = new_child(vmo, MODIFIED, 1, 6);			\
	struct test_vmo *slice = new_slice(copy, 2, 4)

/* What is stored by it is the copy's, and what is missing is asked for in the root's name. */
TEST_F(slice_copy, is_a_part)
{
	make_slice(vmo, copy, slice);
	char *buf = map_anon(5);

	ASSERT_TRUE(thread_check_vmar(&self->t[0], slice, 1, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 4, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 4, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	/* As far as it goes, and no further. */
	self->t[0].buf = buf;
	ASSERT_TRUE(thread_check_read(&self->t[0], slice, 2, 2));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 5, 2));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 5, 3));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_write_file(&self->t[1], slice, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 3, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 4));
	ASSERT_TRUE(thread_wait(&self->t[1]));

	EXPECT_EQ(1, child_own_pages(copy));
	EXPECT_TRUE(vmo_shows(copy, 2, 1, WRITTEN));
	ASSERT_TRUE(vmo_put(slice, 1, STORED_WORD));
	*(volatile uint64_t *)(slice->map + BYTES(2)) = STORED_WORD;
	EXPECT_EQ(3, child_own_pages(copy));
	EXPECT_TRUE(vmo_word_is(copy, 3, STORED_WORD));
	EXPECT_TRUE(vmo_word_is(copy, 4, STORED_WORD));
	ASSERT_TRUE(vmo_put(copy, 5, 5));
	EXPECT_TRUE(vmo_word_is(slice, 3, 5));

	EXPECT_EQ((ssize_t)BYTES(4), pread(slice->fd, buf, BYTES(5), 0));
	EXPECT_EQ(0, pread(slice->fd, buf, 1, BYTES(4)));
	EXPECT_EQ(1, pwrite(slice->fd, "xy", 2, BYTES(4) - 1));
	EXPECT_EQ(-1, pwrite(slice->fd, "x", 1, BYTES(4)));
	EXPECT_EQ(ENOSPC, errno);
	test_err_zxp(ERANGE, vmo_read, slice->fd, BYTES(3), BYTES(1) + 1, buf);
	test_err_zxp(ERANGE, vmo_write, slice->fd, BYTES(4) - 1, 2, "xy");
	EXPECT_EQ('x', copy->map[BYTES(6) - 1]);
	EXPECT_EQ(0, fsync(slice->fd));
	EXPECT_EQ(0, msync(slice->map, BYTES(4), MS_SYNC));
	EXPECT_EQ(1, pwritev2(slice->fd, &(struct iovec){ "y", 1 }, 1, 0, RWF_DSYNC));
	EXPECT_EQ('y', copy->map[BYTES(2)]);

	EXPECT_TRUE(vmo_has(vmo, 0, 8, SUPPLIED));
	ASSERT_TRUE(is_clean(vmo));
	EXPECT_EQ(ZXP_VMO_INFO_COPY, vmo_info(slice).out_flags);
	EXPECT_EQ(BYTES(4), vmo_info(slice).out_vmo_size);
	EXPECT_EQ(0, vmo_info(slice).out_resident);
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(slice_copy, options)
{
	struct test_vmo *vmo = new_vmo(8), *copy = new_child(vmo, MODIFIED, 1, 4), *slice;
	int fd = copy->fd, growing = new_clone(vmo)->fd, reference;

	EXPECT_EQ(-EINVAL, zxp_create_child(fd, SLICE, 0, BYTES(4) + 1));
	EXPECT_EQ(-EINVAL, zxp_create_child(fd, SLICE, BYTES(5), 0));
	EXPECT_EQ(-EINVAL, zxp_create_child(fd, SLICE, -page_size, BYTES(2)));
	slice = new_slice(copy, 1, 2);
	EXPECT_EQ(-EINVAL, zxp_create_child(slice->fd, SLICE, page_size, BYTES(2)));
	EXPECT_EQ(-EINVAL, zxp_create_child(fd, SLICE | ZXP_CHILD_RESIZABLE, 0, page_size));
	EXPECT_EQ(-EACCES, zxp_create_child(reopen(fd, O_WRONLY), SLICE, 0, page_size));
	/* What may be resized by anybody has none, by whomever. */
	EXPECT_EQ(-EOPNOTSUPP, zxp_create_child(growing, SLICE, 0, page_size));
	reference = zxp_create_child(growing, ZXP_CHILD_REFERENCE, 0, 0);
	ASSERT_LE(0, reference);
	EXPECT_EQ(-EOPNOTSUPP, zxp_create_child(reference, SLICE, 0, page_size));
	/* A copy of a slice is as long as one likes. */
	ASSERT_LE(0, zxp_create_child(slice->fd, AT_LEAST | ZXP_CHILD_RESIZABLE, page_size,
				      BYTES(100)));
	EXPECT_EQ(-1, ftruncate(slice->fd, page_size));
	EXPECT_EQ(EPERM, errno);
	test_err_zxp(EMEDIUMTYPE, set_stream_size, slice->fd, page_size);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A part of the copy's own is kept, and what is not in the slice is not seen. */
TEST_F(slice_copy, copy_of_it)
{
	make_slice(vmo, copy, slice);
	struct test_vmo *inner = new_slice(slice, 1, 2), *copies[2];

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 8));
	for (uint64_t page = 0; page < 6; page++) {
		ASSERT_TRUE(vmo_put(copy, page, page + 1));
	}
	copies[0] = new_child(slice, MODIFIED, 1, 4);
	copies[1] = new_child(inner, AT_LEAST, 0, 4);
	ASSERT_TRUE(vmo_put(slice, 1, 11));
	ASSERT_TRUE(vmo_put(inner, 1, 12));
	ASSERT_TRUE(vmo_put(copy, 5, 13));
	for (int i = 0; i < 2; i++) {
		EXPECT_TRUE(vmo_word_is(copies[i], 0, 4));
		EXPECT_TRUE(vmo_word_is(copies[i], 1, 5));
		EXPECT_TRUE(vmo_word_is(copies[i], 2, i ? 0 : 6));
		EXPECT_TRUE(vmo_has(copies[i], 3, 1, ZEROES));
		EXPECT_TRUE(vmo_shows(copies[i], 3, 1, ZEROES));
		ASSERT_TRUE(vmo_put(copies[i], 0, 20 + i));
		ASSERT_TRUE(vmo_put(copies[i], 3, 20 + i));
	}
	EXPECT_TRUE(vmo_word_is(copy, 3, 11));
	EXPECT_TRUE(vmo_word_is(copy, 4, 12));
	EXPECT_TRUE(vmo_word_is(slice, 3, 13));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Where it ends, by its descriptor and by a mapping that is larger. */
TEST_F(slice_copy, zero)
{
	const int zero = FALLOC_FL_ZERO_RANGE, keep = FALLOC_FL_KEEP_SIZE;
	const int punch = FALLOC_FL_PUNCH_HOLE | keep;
	make_slice(vmo, copy, slice);
	char *map = mmap(NULL, BYTES(6), PROT_READ | PROT_WRITE, MAP_SHARED, slice->fd, 0);

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 8));
	for (uint64_t page = 0; page < 6; page++) {
		ASSERT_TRUE(vmo_put(copy, page, page + 1));
	}
	ASSERT_EQ(0, fallocate(slice->fd, punch, BYTES(3), BYTES(9)));
	EXPECT_EQ(5, child_own_pages(copy));
	EXPECT_EQ(-1, fallocate(slice->fd, zero, BYTES(3), BYTES(2)));
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_EQ(-1, fallocate(slice->fd, 0, 0, page_size));
	EXPECT_EQ(EOPNOTSUPP, errno);
	ASSERT_EQ(0, fallocate(slice->fd, zero | keep, BYTES(4), page_size));
	ASSERT_EQ(0, fallocate(slice->fd, zero, 0, page_size));
	EXPECT_EQ(4, child_own_pages(copy));
	ASSERT_TRUE(vmo_zero(slice, 1, 1));
	EXPECT_EQ(3, child_own_pages(copy));
	test_err_zxp(ERANGE, vmo_zero, slice->fd, BYTES(3), BYTES(2));
	EXPECT_TRUE(vmo_word_is(slice, 2, 5));
	ASSERT_EQ(0, madvise(map + BYTES(2), BYTES(4), MADV_REMOVE));
	EXPECT_TRUE(vmo_shows(slice, 0, 4, ZEROES));
	EXPECT_TRUE(vmo_has(copy, 2, 4, ZEROES));
	EXPECT_TRUE(vmo_word_is(copy, 0, 1));
	EXPECT_TRUE(vmo_word_is(copy, 1, 2));
	EXPECT_EQ(2, child_own_pages(copy));
	EXPECT_TRUE(vmo_has(vmo, 0, 8, SUPPLIED));
	ASSERT_TRUE(is_clean(vmo));
	ASSERT_EQ(0, munmap(map, BYTES(6)));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Only of the slice, and only what the copy does not have for itself. */
TEST_F(slice_copy, hints)
{
	static const uint32_t ops[] = {
		ZXP_VMO_OP_PREFETCH, ZXP_VMO_OP_ALWAYS_NEED, ZXP_VMO_OP_COMMIT,
	};

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		make_slice(vmo, copy, slice);

		ASSERT_TRUE(vmo_zero(slice, 1, 1));
		ASSERT_TRUE(thread_op(&self->t[i], slice, ops[i], 0, 4));
		ASSERT_TRUE(pager_wait_read(&self->p, vmo, 3, 1));
		ASSERT_TRUE(pager_supply(&self->p, vmo, 3, 1));
		ASSERT_TRUE(pager_wait_read(&self->p, vmo, 5, 2));
		ASSERT_TRUE(pager_supply(&self->p, vmo, 5, 2));
		ASSERT_TRUE(thread_wait(&self->t[i]));
		EXPECT_EQ(ops[i] == ZXP_VMO_OP_COMMIT ? 4 : 0, child_own_pages(copy));
		EXPECT_TRUE(vmo_has(copy, 3, 1, ZEROES));
		test_err_zxp(ERANGE, vmo_op_range, slice->fd, ops[i], 0, BYTES(5));
		test_err_zxp(EOPNOTSUPP, vmo_op_range, slice->fd, ZXP_VMO_OP_DECOMMIT, 0,
			     page_size);
		ASSERT_TRUE(pager_idle(&self->p));
	}
}

TEST_F(slice_copy, advice)
{
	make_slice(vmo, copy, slice);
	char *map = mmap(NULL, BYTES(6), PROT_READ, MAP_SHARED, slice->fd, 0);

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_TRUE(vmo_zero(copy, 4, 1));
	ASSERT_EQ(0, posix_fadvise(slice->fd, page_size, BYTES(9), POSIX_FADV_WILLNEED));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 4, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 4, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 6, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 6, 1));
	ASSERT_EQ(0, madvise(map, BYTES(6), MADV_WILLNEED));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 3, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 3, 1));
	ASSERT_EQ(0, posix_fadvise(slice->fd, BYTES(4), 0, POSIX_FADV_WILLNEED));
	EXPECT_EQ(EINVAL, posix_fadvise(slice->fd, 0, 0, 99));
	EXPECT_EQ(0, posix_fadvise(slice->fd, 0, 0, POSIX_FADV_RANDOM));
	ASSERT_TRUE(pager_idle(&self->p));

	/* No page has been touched. */
	ASSERT_TRUE(drain_lru());
	test_zxp(vmo_op_range, slice->fd, ZXP_VMO_OP_DONT_NEED, BYTES(1), BYTES(3));
	EXPECT_EQ(page_size, vmo_info(vmo).out_resident);
	EXPECT_TRUE(vmo_shows(slice, 0, 1, SUPPLIED));
	ASSERT_EQ(0, munmap(map, BYTES(6)));
	ASSERT_TRUE(pager_idle(&self->p));
}

struct race {
	struct test_vmo *by[2];		/* where the first page is stored to, and the last */
	volatile bool ends;
	uint64_t stored;
};

/* A number to the first page by a mapping, then to the last one, by both ways in turn. */
static int store_in_order(struct test_thread *t)
{
	struct race *race = t->arg;
	struct test_vmo *last = race->by[1];
	uint64_t n, page = last->pages - 1;

	for (n = 1; !race->ends; n++) {
		*(volatile uint64_t *)race->by[0]->map = n;
		if (n & 1)
			*(volatile uint64_t *)(last->map + page * page_size) = n;
		else if (zxp_vmo_write(last->fd, page * page_size, sizeof(n), &n))
			return EIO;
		race->stored = n;
	}
	return 0;
}

/* Each copy that is made meanwhile has both as of one moment, whoever stores by what. */
TEST_F(slice_copy, one_moment)
{
	enum { PAGES = 4, COPIES = 60 };
	struct test_vmo *vmo = new_vmo(PAGES), *copy = new_child(vmo, MODIFIED, 0, PAGES);
	struct test_vmo *head = new_slice(copy, 0, 1), *tail = new_slice(copy, 2, 2);
	struct test_vmo *all = new_slice(copy, 0, PAGES);
	struct race races[] = {
		{ .by = { head, tail } }, { .by = { copy, tail } }, { .by = { head, copy } },
	};
	uint64_t first, last, seen, changes = 0;
	int fd;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, PAGES));
	for (size_t i = 0; i < ARRAY_SIZE(races); i++) {
		ASSERT_TRUE(vmo_put(head, 0, 0));
		ASSERT_TRUE(vmo_put(tail, 1, 0));
		self->t[i].arg = &races[i];
		ASSERT_TRUE(thread_start(&self->t[i], store_in_order));
		seen = 0;
		for (int n = 0; n < COPIES; n++) {
			fd = zxp_create_child(n & 1 ? all->fd : copy->fd, MODIFIED, 0,
					      BYTES(PAGES));
			ASSERT_LE(0, fd);
			test_zxp(vmo_read, fd, 0, 8, &first);
			test_zxp(vmo_read, fd, BYTES(PAGES - 1), 8, &last);
			ASSERT_TRUE(first == last || first == last + 1) {
				TH_LOG("%" PRIu64 " first, %" PRIu64 " last", first, last);
			}
			changes += first != seen;
			seen = first;
			close(fd);
		}
		races[i].ends = true;
		ASSERT_TRUE(thread_wait(&self->t[i]));
		EXPECT_TRUE(vmo_word_is(copy, 0, races[i].stored));
		EXPECT_TRUE(vmo_word_is(copy, PAGES - 1, races[i].stored));
	}
	EXPECT_LT(0, changes);
	EXPECT_TRUE(vmo_has(vmo, 0, PAGES, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A page that is pinned by a mapping of the slice is stored to without one. */
TEST_F(slice_copy, pinned)
{
	make_slice(vmo, copy, slice);
	struct pin pin = {};

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 8));
	ASSERT_TRUE(vmo_put(slice, 1, 1));
	ASSERT_TRUE(pin_start(&pin, slice, 1, 1, true));
	ASSERT_TRUE(pin_held(&pin));
	EXPECT_EQ(-ESTALE, zxp_create_child(copy->fd, MODIFIED, 0, page_size));
	EXPECT_EQ(-ESTALE, zxp_create_child(slice->fd, MODIFIED, 0, page_size));
	/* And it is as before. */
	ASSERT_TRUE(vmo_put(slice, 2, 2));
	EXPECT_TRUE(vmo_word_is(copy, 4, 2));
	ASSERT_TRUE(pin_release(&pin));
	EXPECT_TRUE(vmo_matches(pin.buffer, 0, 1, copy->map + BYTES(3)));
	ASSERT_LE(0, zxp_create_child(slice->fd, MODIFIED, 0, page_size));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* It has the copy as long as it or a mapping of it is there, and the copy has the root. */
TEST_F(slice_copy, outlives_the_copy)
{
	make_slice(vmo, copy, slice);
	struct test_vmo *snapshot;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 8));
	ASSERT_TRUE(vmo_put(slice, 0, 1));
	vmo_release(vmo);
	vmo_release(copy);
	ASSERT_TRUE(pager_idle(&self->p));
	EXPECT_TRUE(vmo_word_is(slice, 0, 1));
	snapshot = new_child(slice, MODIFIED, 0, 4);
	ASSERT_TRUE(vmo_put(slice, 0, 2));
	EXPECT_TRUE(vmo_word_is(snapshot, 0, 1));
	close(slice->fd);
	slice->fd = -1;
	*(volatile uint64_t *)(slice->map + BYTES(1)) = 3;
	EXPECT_TRUE(vmo_shows(slice, 2, 2, SUPPLIED));
	EXPECT_TRUE(vmo_shows(snapshot, 1, 3, SUPPLIED));
	vmo_release(snapshot);
	EXPECT_EQ(2, *(volatile uint64_t *)slice->map);
	ASSERT_TRUE(pager_idle(&self->p));
	vmo_release(slice);
	ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));
}

/* A copy of what is read-only may be written to, and so may a part of it. */
TEST_F(slice_copy, of_a_read_only_vmo)
{
	struct test_vmo *vmo = new_vmo_flags(BYTES(4), 0,
					     ZXP_CREATE_READ_ONLY | ZXP_CREATE_COPIES);
	struct test_vmo *copy = new_child(vmo, AT_LEAST, 0, 4), *slice = new_slice(copy, 1, 2);
	char *map;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 4));
	EXPECT_TRUE(vmo_shows(slice, 0, 2, SUPPLIED));
	ASSERT_EQ(1, pwrite(slice->fd, "x", 1, 0));
	ASSERT_TRUE(vmo_put(slice, 1, 1));
	*(volatile uint64_t *)slice->map = 2;
	EXPECT_TRUE(vmo_word_is(copy, 1, 2));
	EXPECT_TRUE(vmo_word_is(copy, 2, 1));
	ASSERT_EQ(0, fallocate(slice->fd, FALLOC_FL_ZERO_RANGE, 0, page_size));
	EXPECT_TRUE(vmo_has(copy, 1, 1, ZEROES));
	ASSERT_LE(0, reopen(slice->fd, O_RDWR));
	/* It is larger than the slice, as no single entry has to end where that does. */
	map = mmap(NULL, BYTES(4), PROT_READ, MAP_SHARED, slice->fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_TRUE(crashes(map + BYTES(2), SIGBUS));
	ASSERT_EQ(0, munmap(map, BYTES(4)));
	EXPECT_TRUE(vmo_has(vmo, 0, 4, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* What the copy has for itself stays, and all else is gone. */
TEST_F(slice_copy, detach)
{
	make_slice(vmo, copy, slice);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 3, 2));
	ASSERT_TRUE(vmo_put(slice, 0, 1));
	EXPECT_TRUE(vmo_shows(slice, 1, 1, SUPPLIED));
	ASSERT_TRUE(thread_check_vmar(&self->t[0], slice, 3, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 6, 1));
	ASSERT_TRUE(pager_detach(&self->p, vmo));
	ASSERT_TRUE(thread_wait_crash(&self->t[0], slice->map + BYTES(3), SIGBUS));
	ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));
	EXPECT_TRUE(vmo_word_is(slice, 0, 1));
	EXPECT_TRUE(crashes(slice->map + BYTES(1), SIGBUS));
	test_err_zxp(ESTALE, vmo_read, slice->fd, BYTES(2), 1, &(char){ 0 });
	test_err_zxp(ESTALE, vmo_write, slice->fd, BYTES(2), 1, "x");
	ASSERT_TRUE(vmo_put(slice, 0, 2));
	EXPECT_TRUE(vmo_word_is(copy, 2, 2));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* The only page there was is lost, by whatever it is looked for. */
TEST_F(slice_copy, poison)
{
	make_slice(vmo, copy, slice);

	if (!memory_can_fail())
		SKIP(return, "no CONFIG_MEMORY_FAILURE here");
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 8));
	ASSERT_TRUE(vmo_put(slice, 1, 1));
	/* Whether it could do anything about the page is not for it to say. */
	madvise(slice->map + BYTES(1), page_size, MADV_HWPOISON);
	EXPECT_TRUE(vmo_page_is_lost(slice, 1));
	EXPECT_TRUE(vmo_page_is_lost(copy, 3));
	EXPECT_TRUE(vmo_put_page(slice, 1, 7));
	EXPECT_TRUE(vmo_word_is(copy, 3, 0x0707070707070707));
	EXPECT_TRUE(vmo_has(vmo, 0, 8, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Slices as files: what is allocated, advised, synced and spliced ends where the slice does.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lib/child.h"
#include "lib/client.h"
#include "lib/fixture.h"

#define SLICE		ZXP_CHILD_SLICE
#define BYTES(pages)	((pages) * page_size)

PAGER_FIXTURE(slice);

PAGER_DATA(any_slice);
FIXTURE_VARIANT(any_slice)
{
	bool copy;
};
FIXTURE_VARIANT_ADD(any_slice, Vmo)
{
	.copy = false,
};
FIXTURE_VARIANT_ADD(any_slice, Copy)
{
	.copy = true,
};

/* What there are slices of. */
#define new_whole(vmo) (variant->copy ? new_child(vmo, MODIFIED, 0, (vmo)->pages) : (vmo))

/* Holes and zeroes, by the descriptor and by a mapping that is larger than it. */
TEST_F(slice, fallocate)
{
	const int zero = FALLOC_FL_ZERO_RANGE, keep = FALLOC_FL_KEEP_SIZE;
	const int punch = FALLOC_FL_PUNCH_HOLE | keep;
	struct test_vmo *vmo = new_vmo(8), *slice = new_slice(vmo, 2, 3);
	char *map = mmap(NULL, BYTES(6), PROT_READ | PROT_WRITE, MAP_SHARED, slice->fd, 0);

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 8));
	ASSERT_EQ(0, fallocate(slice->fd, punch, BYTES(2), BYTES(9)));
	ASSERT_TRUE(is_dirty(vmo, ZERO(4, 1)));
	EXPECT_EQ(-1, fallocate(slice->fd, zero, BYTES(2), BYTES(2)));
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_EQ(-1, fallocate(slice->fd, 0, 0, page_size));
	EXPECT_EQ(EOPNOTSUPP, errno);
	ASSERT_EQ(0, fallocate(slice->fd, zero | keep, BYTES(3), page_size));
	ASSERT_TRUE(is_dirty(vmo, ZERO(4, 1)));
	ASSERT_EQ(0, fallocate(slice->fd, zero, 0, page_size));
	ASSERT_TRUE(is_dirty(vmo, ZERO(2, 1), ZERO(4, 1)));
	ASSERT_EQ(0, madvise(map + page_size, BYTES(5), MADV_REMOVE));
	ASSERT_TRUE(is_dirty(vmo, ZERO(2, 3)));
	EXPECT_TRUE(vmo_has(vmo, 0, 2, SUPPLIED));
	EXPECT_TRUE(vmo_has(vmo, 5, 3, SUPPLIED));
	EXPECT_TRUE(vmo_shows(slice, 0, 3, ZEROES));
	ASSERT_EQ(0, munmap(map, BYTES(6)));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* What is going to be needed of it, and what is not needed of it any more. */
TEST_F(slice, advice)
{
	struct test_vmo *vmo = new_vmo(8), *slice = new_slice(vmo, 2, 3);
	char *map = mmap(NULL, BYTES(6), PROT_READ, MAP_SHARED, slice->fd, 0);

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, posix_fadvise(slice->fd, page_size, 0, POSIX_FADV_WILLNEED));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 3, 2));
	ASSERT_EQ(0, posix_fadvise(slice->fd, BYTES(3), 0, POSIX_FADV_WILLNEED));
	test_err_zxp(EINVAL, vmo_op_range, slice->fd, 99, 0, page_size);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 3, 1));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 4, 1, EIO));
	/* Not the one behind it. */
	ASSERT_EQ(0, posix_fadvise(slice->fd, 0, page_size, POSIX_FADV_WILLNEED));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 2, 1));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 2, 1, EIO));
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_EQ(0, madvise(map, BYTES(6), MADV_WILLNEED));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 2, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 2, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 4, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 4, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 5, 3));
	ASSERT_TRUE(pager_idle(&self->p));

	/* The descriptor's mapping has not been touched. */
	EXPECT_EQ(BYTES(8), vmo_info(vmo).out_resident);
	ASSERT_TRUE(drain_lru());
	ASSERT_EQ(0, posix_fadvise(slice->fd, 0, 0, POSIX_FADV_DONTNEED));
	EXPECT_EQ(BYTES(5), vmo_info(vmo).out_resident);
	EXPECT_EQ(EINVAL, posix_fadvise(slice->fd, 0, 0, 99));
	EXPECT_EQ(0, posix_fadvise(slice->fd, 0, 0, POSIX_FADV_RANDOM));
	EXPECT_TRUE(vmo_shows(vmo, 0, 2, SUPPLIED));
	ASSERT_EQ(0, munmap(map, BYTES(6)));
	ASSERT_TRUE(pager_idle(&self->p));
}

static int do_fsync(struct test_thread *t)
{
	return fsync(t->vmo->fd) ? errno : 0;
}

static int do_msync(struct test_thread *t)
{
	return msync(t->vmo->map + BYTES(t->page), BYTES(t->nr), MS_SYNC) ? errno : 0;
}

static int do_dsync(struct test_thread *t)
{
	return pwritev2(t->vmo->fd, &(struct iovec){ "x", 1 }, 1, BYTES(t->page),
			RWF_DSYNC) == 1 ? 0 : errno;
}

/* The daemon is asked for this part; what failed is told once to each descriptor. */
TEST_F(slice, sync)
{
	struct test_vmo *vmo = new_vmo_flags(BYTES(8), 0, ZXP_CREATE_SYNC);
	struct test_vmo *slice = new_slice(vmo, 2, 3);
	static const struct {
		access_fn fn;
		uint64_t page, nr;
	} calls[] = {
		{ do_fsync, 0, 3 },
		{ do_msync, 1, 2 },
		{ do_dsync, 1, 1 },
	};
	int late;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 8));
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		self->t[i].vmo = slice;
		self->t[i].page = calls[i].page;
		self->t[i].nr = calls[i].nr;
		ASSERT_TRUE(thread_start(&self->t[i], calls[i].fn));
		ASSERT_TRUE(pager_wait_sync(&self->p, vmo, 2 + calls[i].page, calls[i].nr));
		ASSERT_TRUE(pager_sync_end(&self->p, vmo, 2 + calls[i].page, calls[i].nr, 0));
		ASSERT_TRUE(thread_wait(&self->t[i]));
	}
	EXPECT_EQ(-1, pwritev2(slice->fd, &(struct iovec){ "y", 1 }, 1, 0,
			       RWF_DSYNC | RWF_NOWAIT));
	EXPECT_EQ(EAGAIN, errno);

	self->t[0].vmo = slice;
	ASSERT_TRUE(thread_start(&self->t[0], do_fsync));
	ASSERT_TRUE(pager_wait_sync(&self->p, vmo, 2, 3));
	late = reopen(slice->fd, O_RDWR);
	ASSERT_TRUE(pager_sync_end(&self->p, vmo, 2, 3, ENOSPC));
	ASSERT_TRUE(thread_wait_failure(&self->t[0], ENOSPC));
	for (int i = 0; i < 2; i++) {
		self->t[0].vmo = i ? slice : &(struct test_vmo){ .fd = late };
		ASSERT_TRUE(thread_start(&self->t[0], do_fsync));
		ASSERT_TRUE(pager_wait_sync(&self->p, vmo, 2, 3));
		ASSERT_TRUE(pager_sync_end(&self->p, vmo, 2, 3, 0));
		if (i) {
			ASSERT_TRUE(thread_wait(&self->t[0]));
		} else {
			ASSERT_TRUE(thread_wait_failure(&self->t[0], ENOSPC));
		}
	}
	close(late);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Pages go from it to a pipe, and from a pipe to it. */
TEST_F(any_slice, splice)
{
	struct test_vmo *vmo = new_vmo(4), *whole = new_whole(vmo);
	struct test_vmo *slice = new_slice(whole, 1, 2);
	char *buf = map_anon(2);
	loff_t at = page_size;
	int p[2];

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 4));
	ASSERT_EQ(0, pipe2(p, O_CLOEXEC));
	ASSERT_EQ((ssize_t)page_size, splice(slice->fd, &at, p[1], NULL, BYTES(2), 0));
	ASSERT_EQ((ssize_t)page_size, read(p[0], buf, page_size));
	EXPECT_TRUE(vmo_matches(slice, 1, 1, buf));
	EXPECT_EQ(0, splice(slice->fd, &at, p[1], NULL, 1, 0));
	ASSERT_EQ(2, write(p[1], "xy", 2));
	at = BYTES(2) - 1;
	ASSERT_EQ(1, splice(p[0], NULL, slice->fd, &at, 2, 0));
	EXPECT_EQ('x', whole->map[BYTES(3) - 1]);
	EXPECT_TRUE(vmo_shows(whole, 3, 1, SUPPLIED));
	ASSERT_TRUE(variant->copy ? is_clean(vmo) : is_dirty(vmo, DATA(2, 1)));
	close(p[0]);
	close(p[1]);
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN

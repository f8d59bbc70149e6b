// SPDX-License-Identifier: GPL-2.0
/*
 * Zircon's tests of the queries, and of wrong arguments to what the write half has.
 *
 * Handles have no rights here: a VMO without the right to read or to write is one
 * that was opened that way, and a pager's descriptor always has all of its rights.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <kselftest_harness.h>

#include "lib/client.h"
#include "lib/fixture.h"

#define TRAP	ZXP_VMO_TRAP_DIRTY
#define BAD_FD	9999

FIXTURE(wb_invalid)
{
	struct user_pager p;
	struct user_pager other;
	struct test_vmo *vmo;		/* four pages, the first one dirty */
	struct test_vmo *untrapped;	/* one page, missing */
	struct test_vmo *foreign;
	int plain;
	int read_only;
	int write_only;
	int no_zxp;
};

FIXTURE_SETUP(wb_invalid)
{
	ASSERT_TRUE(user_pager_init(&self->p));
	ASSERT_TRUE(user_pager_init(&self->other));
	self->vmo = new_vmo_options(4, TRAP);
	ASSERT_TRUE(pager_supply(&self->p, self->vmo, 0, 1));
	ASSERT_TRUE(pager_dirty(&self->p, self->vmo, 0, 1));
	self->untrapped = new_vmo(1);
	self->foreign = pager_create_vmo_options(&self->other, 4, TRAP);
	ASSERT_NE(NULL, self->foreign);
	self->plain = zxp_create_plain(self->p.fd, 4 * page_size);
	ASSERT_LE(0, self->plain);
	self->read_only = reopen(self->vmo->fd, O_RDONLY);
	ASSERT_LE(0, self->read_only);
	self->write_only = reopen(self->vmo->fd, O_WRONLY);
	ASSERT_LE(0, self->write_only);
	self->no_zxp = open("/dev/null", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->no_zxp);
}

FIXTURE_TEARDOWN(wb_invalid)
{
	/* Nothing of all that had an effect. */
	EXPECT_TRUE(is_dirty(self->vmo, DATA(0, 1)));
	EXPECT_EQ(page_size, vmo_info(self->vmo).out_resident);
	EXPECT_TRUE(pager_idle(&self->p));
	EXPECT_TRUE(pager_idle(&self->other));
	user_pager_fini(&self->p);
	user_pager_fini(&self->other);
}

TEST_F(wb_invalid, InvalidPagerOpRange)
{
	static const struct {
		uint32_t op;
		uint64_t data;
	} ops[] = {
		{ ZXP_PAGER_OP_FAIL, EIO },
		{ ZXP_PAGER_OP_DIRTY, 0 },
		{ ZXP_PAGER_OP_WRITEBACK_BEGIN, 0 },
		{ ZXP_PAGER_OP_WRITEBACK_BEGIN, ZXP_DIRTY_RANGE_IS_ZERO },
		{ ZXP_PAGER_OP_WRITEBACK_END, 0 },
	};
	static const uint64_t bad_data[] = { 1, 2, 3, EIO, 1ULL << 32, 1ULL << 63 };
	int pager = self->p.fd, vmo = self->vmo->fd, other = self->untrapped->fd;
	uint64_t page = page_size;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		uint32_t op = ops[i].op;
		uint64_t data = ops[i].data;

		test_err_zxp(EINVAL, op_range, pager, op, BAD_FD, 1, page, data);
		test_err_zxp(EINVAL, op_range, pager, op, vmo, 0, page + 1, data);
		test_err_zxp(EBADF, op_range, BAD_FD, op, vmo, 0, page, data);
		test_err_zxp(ENOTTY, op_range, self->no_zxp, op, vmo, 0, page, data);
		test_err_zxp(EMEDIUMTYPE, op_range, vmo, op, vmo, 0, page, data);
		test_err_zxp(EBADF, op_range, pager, op, BAD_FD, 0, page, data);
		test_err_zxp(EMEDIUMTYPE, op_range, pager, op, self->no_zxp, 0, page,
			     data);
		test_err_zxp(EACCES, op_range, pager, op, self->read_only, 0, page,
			     data);
		test_err_zxp(EINVAL, op_range, pager, op, self->plain, 0, page, data);
		test_err_zxp(EINVAL, op_range, pager, op, self->foreign->fd, 0, page,
			     data);
		test_err_zxp(ERANGE, op_range, pager, op, vmo, 4 * page, page, data);
		test_err_zxp(ERANGE, op_range, pager, op, vmo, 0, 5 * page, data);
		test_err_zxp(ERANGE, op_range, pager, op, vmo, 5 * page, 0, data);
		test_err_zxp(ERANGE, op_range, pager, op, vmo, page, -page, data);
		test_err_zxp(ERANGE, op_range, pager, op, vmo, -page, 2 * page, data);
	}

	test_err_zxp(EOPNOTSUPP, op_range, pager, 0, vmo, 0, page, 0);
	test_err_zxp(EOPNOTSUPP, op_range, pager, 5, vmo, 0, page, 0);
	test_err_zxp(EOPNOTSUPP, op_range, pager, UINT32_MAX, vmo, 0, page, 0);

	for (i = 0; i < ARRAY_SIZE(bad_data); i++) {
		uint64_t data = bad_data[i];

		test_err_zxp(EINVAL, op_range, pager, ZXP_PAGER_OP_DIRTY, vmo, 0, page,
			     data);
		test_err_zxp(EINVAL, op_range, pager, ZXP_PAGER_OP_WRITEBACK_END, vmo,
			     0, page, data);
		if (data == ZXP_DIRTY_RANGE_IS_ZERO)
			continue;
		test_err_zxp(EINVAL, op_range, pager, ZXP_PAGER_OP_WRITEBACK_BEGIN,
			     vmo, 0, page, data);
	}
	/* Also where the range is wrong. */
	test_err_zxp(EINVAL, op_range, pager, ZXP_PAGER_OP_DIRTY, vmo, 4 * page, page, 1);

	/* DIRTY is for VMOs that trap, whatever the range, and for what is there. */
	test_err_zxp(EOPNOTSUPP, dirty, pager, other, 0, page);
	test_err_zxp(EOPNOTSUPP, dirty, pager, other, page, page);
	test_err_zxp(EINVAL, op_range, pager, ZXP_PAGER_OP_DIRTY, other, 0, page, 1);
	test_err_zxp(ENOENT, dirty, pager, vmo, page, page);
	test_err_zxp(ENOENT, dirty, pager, vmo, 0, 4 * page);
	/* The others are for all. */
	test_zxp(writeback_begin, pager, other, 0, page, 0);
	test_zxp(writeback_end, pager, other, 0, page);
}

/* With room for one range. */
static int zxp_query_for_one(int pager, int vmo, uint64_t offset, uint64_t length)
{
	struct zxp_dirty_range range;

	return zxp_query_dirty_ranges(pager, vmo, offset, length, &range, 1, NULL, NULL);
}

TEST_F(wb_invalid, InvalidQuery)
{
	int pager = self->p.fd, vmo = self->vmo->fd;
	struct zxp_query_vmo_stats stats = { .size = sizeof(stats), .vmo_fd = vmo };
	struct zxp_query_dirty_ranges args = { .vmo_fd = vmo, .length = page_size };
	uint64_t page = page_size;
	uint32_t seen;
	int i;

	test_err_zxp(EBADF, query_for_one, BAD_FD, vmo, 0, page);
	test_err_zxp(ENOTTY, query_for_one, self->no_zxp, vmo, 0, page);
	test_err_zxp(EMEDIUMTYPE, query_for_one, vmo, vmo, 0, page);
	test_err_zxp(EBADF, query_for_one, pager, BAD_FD, 0, page);
	test_err_zxp(EMEDIUMTYPE, query_for_one, pager, self->no_zxp, 0, page);
	test_err_zxp(EACCES, query_for_one, pager, self->write_only, 0, page);
	test_err_zxp(EINVAL, query_for_one, pager, self->plain, 0, page);
	test_err_zxp(EINVAL, query_for_one, pager, self->foreign->fd, 0, page);
	test_err_zxp(ERANGE, query_for_one, pager, vmo, 0, 4 * page + 1);
	test_err_zxp(ERANGE, query_for_one, pager, vmo, 4 * page, 1);
	test_err_zxp(ERANGE, query_for_one, pager, vmo, 1, UINT64_MAX);
	test_zxp(query_for_one, pager, self->read_only, 0, page);
	for (i = 1; i < 32; i++) {
		args.flags = 1U << i;
		EXPECT_EQ(-EINVAL, zxp_query(pager, &args));
	}
	/* A null buffer that has a size. */
	test_err_zxp(EFAULT, query_dirty_ranges, pager, vmo, 0, page, NULL, 1, NULL,
		     NULL);
	/* Where there is nothing to report, it is not needed. */
	test_zxp(query_dirty_ranges, pager, vmo, page, page, NULL, 1, NULL, NULL);

	test_err_zxp(EBADF, query_vmo_stats, BAD_FD, vmo, 0, &seen);
	test_err_zxp(ENOTTY, query_vmo_stats, self->no_zxp, vmo, 0, &seen);
	test_err_zxp(EMEDIUMTYPE, query_vmo_stats, vmo, vmo, 0, &seen);
	test_err_zxp(EBADF, query_vmo_stats, pager, BAD_FD, 0, &seen);
	test_err_zxp(EMEDIUMTYPE, query_vmo_stats, pager, self->no_zxp, 0, &seen);
	test_err_zxp(EACCES, query_vmo_stats, pager, self->write_only, 0, &seen);
	test_err_zxp(EINVAL, query_vmo_stats, pager, self->plain, 0, &seen);
	test_err_zxp(EINVAL, query_vmo_stats, pager, self->foreign->fd, 0, &seen);
	for (i = 1; i < 32; i++) {
		test_err_zxp(EINVAL, query_vmo_stats, pager, vmo, 1U << i, &seen);
	}
	stats.size = sizeof(stats) - 1;
	EXPECT_EQ(-EINVAL, zxp_ioctl(pager, ZXP_IOC_QUERY_VMO_STATS, &stats));
	EXPECT_EQ(-EFAULT, zxp_ioctl(pager, ZXP_IOC_QUERY_VMO_STATS, NULL));
}

TEST_F(wb_invalid, QueryDirtyRangesInvalidBuffer)
{
	int pager = self->p.fd, vmo = self->vmo->fd;
	char *hole = mmap(NULL, page_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *bad[] = {
		(void *)(1UL << 63), (void *)-page_size, (void *)-24UL, hole, (void *)8,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		test_err_zxp(EFAULT, query_dirty_ranges, pager, vmo, 0, page_size,
			     bad[i], 1, NULL, NULL);
		test_err_zxp(EFAULT, query_dirty_ranges, pager, vmo, 0, page_size,
			     bad[i], 1000, NULL, NULL);
	}
	ASSERT_EQ(0, mprotect(hole, page_size, PROT_READ));
	test_err_zxp(EFAULT, query_dirty_ranges, pager, vmo, 0, page_size,
		     (void *)hole, 1, NULL, NULL);
}

PAGER_FIXTURE(query);

/* @runs dirty pages with a clean one behind each. */
#define new_striped(runs) ({						\
	struct test_vmo *__vmo = new_vmo_options(2 * (runs), TRAP);	\
	unsigned int __i;						\
									\
	ASSERT_TRUE(pager_supply(&self->p, __vmo, 0, 2 * (runs)));	\
	for (__i = 0; __i < (runs); __i++) {				\
		ASSERT_TRUE(pager_dirty(&self->p, __vmo, 2 * __i, 1));	\
	}								\
	__vmo;								\
})

#define RUNS	100

/* A short buffer gets as many as it has room for, and that is no error. */
TEST_F(query, QueryEarlyTermination)
{
	struct test_vmo *vmo = new_striped(RUNS);
	struct zxp_dirty_range ranges[RUNS + 1];
	struct dirty_range want[RUNS];
	uint64_t bytes = 2 * RUNS * page_size, actual, avail, room;
	unsigned int i;

	for (i = 0; i < RUNS; i++)
		want[i] = (struct dirty_range)DATA(2 * i, 1);
	for (room = 0; room <= RUNS; room += 1 + room / 2) {
		memset(ranges, 0xff, sizeof(ranges));
		test_zxp(query_dirty_ranges, self->p.fd, vmo->fd, 0, bytes, ranges,
			 room, &actual, &avail);
		EXPECT_EQ(room, actual);
		EXPECT_EQ(RUNS, avail);
		for (i = 0; i < room; i++) {
			ASSERT_EQ(2 * i * page_size, ranges[i].offset);
			ASSERT_EQ(page_size, ranges[i].length);
			ASSERT_EQ(0, ranges[i].options);
		}
		/* And not a byte more. */
		EXPECT_EQ(UINT64_MAX, ranges[room].offset);
	}
	ASSERT_TRUE(dirty_ranges_are(vmo, want, RUNS));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Without the count the search ends where the buffer does; part entries count not. */
TEST_F(query, QueryWithoutAvail)
{
	struct test_vmo *vmo = new_striped(5);
	struct zxp_dirty_range ranges[3];
	struct zxp_query_dirty_ranges args = {
		.flags = ZXP_QUERY_NO_AVAIL,
		.vmo_fd = vmo->fd,
		.length = 10 * page_size,
		.buffer = (uintptr_t)ranges,
		.buffer_size = sizeof(ranges) - 1,
	};

	test_zxp(query, self->p.fd, &args);
	EXPECT_EQ(2, args.out_actual);
	EXPECT_EQ(2, args.out_avail);
	args.buffer = 0;
	args.buffer_size = 0;
	test_zxp(query, self->p.fd, &args);
	EXPECT_EQ(0, args.out_actual);
	EXPECT_EQ(0, args.out_avail);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* The range is rounded out to pages, and what is reported is cut to it. */
TEST_F(query, QueryPartOfRange)
{
	struct test_vmo *vmo = new_vmo_options(4, TRAP | ZXP_VMO_RESIZABLE);
	struct zxp_dirty_range ranges[3];
	uint64_t actual, avail;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 4));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 4));
	ASSERT_TRUE(vmo_resize(vmo, 8));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 4), ZERO(4, 4)));
	test_zxp(query_dirty_ranges, self->p.fd, vmo->fd, 2 * page_size - 1,
		 4 * page_size, ranges, 3, &actual, &avail);
	ASSERT_EQ(2, actual);
	EXPECT_EQ(2, avail);
	EXPECT_EQ(page_size, ranges[0].offset);
	EXPECT_EQ(3 * page_size, ranges[0].length);
	EXPECT_EQ(0, ranges[0].options);
	EXPECT_EQ(4 * page_size, ranges[1].offset);
	EXPECT_EQ(2 * page_size, ranges[1].length);
	EXPECT_EQ(ZXP_DIRTY_RANGE_IS_ZERO, ranges[1].options);
	/* Nothing lies in nothing. */
	test_zxp(query_dirty_ranges, self->p.fd, vmo->fd, 8 * page_size, 0, ranges, 3,
		 &actual, &avail);
	EXPECT_EQ(0, actual);
	EXPECT_EQ(0, avail);
	ASSERT_TRUE(pager_idle(&self->p));
}

static int query_into(struct test_thread *t)
{
	return -zxp_query_dirty_ranges(t->vmo->pager->fd, t->vmo->fd, 0,
				       t->vmo->pages * page_size, t->arg, 4, NULL, NULL);
}

/* The buffer may be in a VMO of the same pager, and not be there yet. */
TEST_F(query, QueryIntoMissingPage)
{
	struct test_vmo *vmo = new_striped(2), *buffer = new_vmo(1);
	struct zxp_dirty_range *ranges = (void *)buffer->map;

	self->t[0].vmo = vmo;
	self->t[0].arg = buffer->map;
	ASSERT_TRUE(thread_start(&self->t[0], query_into));
	ASSERT_TRUE(pager_wait_read(&self->p, buffer, 0, 1));
	/* It holds up nobody else. */
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1), DATA(2, 1)));
	ASSERT_TRUE(pager_supply(&self->p, buffer, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(0, ranges[0].offset);
	EXPECT_EQ(2 * page_size, ranges[1].offset);
	EXPECT_EQ(page_size, ranges[1].length);
	ASSERT_TRUE(is_dirty(buffer, DATA(0, 1)));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN

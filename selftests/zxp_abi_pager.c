// SPDX-License-Identifier: GPL-2.0
/*
 * Bad input of the ioctls on a pager: each value wrong in turn gives its error and
 * changes nothing, and of two wrong ones the one that is tested first counts.
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "kselftest_harness.h"
#include "lib/client.h"
#include "lib/world.h"

FIXTURE(bad)
{
	struct world w;
	int pager;
	int vmo;
	char *buf;		/* one page */
	uint64_t max;		/* size of a VMO */
};

FIXTURE_SETUP(bad)
{
	struct zxp_info info;

	ASSERT_TRUE(world_init(&self->w));
	self->pager = self->w.p.fd;
	self->vmo = self->w.vmo->fd;
	self->buf = map_anon(1);
	ASSERT_NE(NULL, self->buf);
	test_zxp(get_info, self->pager, &info);
	self->max = info.out_max_vmo_size;
}

FIXTURE_TEARDOWN(bad)
{
	EXPECT_TRUE(world_intact(&self->w));
	world_fini(&self->w);
}

#define END	(WORLD_PAGES * page_size)

TEST_F(bad, create_vmo_options)
{
	static const struct {
		uint32_t options;
		int err;
	} bad[] = {
		{ 1 << 0, EINVAL },
		{ ZXP_VMO_DISCARDABLE, EINVAL },
		{ ZXP_VMO_DISCARDABLE | ZXP_VMO_RESIZABLE, EINVAL },
		{ ZXP_VMO_RESIZABLE | ZXP_VMO_UNBOUNDED, EINVAL },
		{ 1 << 5, EINVAL },
		{ 1U << 31, EINVAL },
		{ ZXP_VMO_TRAP_DIRTY | 1 << 5, EINVAL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-bad[i].err, zxp_create_vmo(self->pager, bad[i].options,
						      ZXP_PORT_OWN, 1, page_size)) {
			TH_LOG("options %#x", bad[i].options);
		}
	}
}

TEST_F(bad, create_vmo_port)
{
	const struct bad_fd bad[] = {
		{ -2, EBADF, "-2" },
		{ INT32_MIN, EBADF, "the lowest number" },
		{ INT32_MAX, EBADF, "the highest number" },
		{ self->w.pipe[0], EMEDIUMTYPE, "a pipe" },
		{ self->w.memfd, EMEDIUMTYPE, "a tmpfs file" },
		{ self->pager, EMEDIUMTYPE, "the pager itself" },
		{ self->w.other.fd, EMEDIUMTYPE, "another pager" },
		{ self->vmo, EMEDIUMTYPE, "a VMO" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_BAD(&bad[i], zxp_create_vmo(self->pager, 0, bad[i].fd, 1,
						   page_size));
	}
}

TEST_F(bad, create_vmo_size)
{
	EXPECT_EQ(-ERANGE, zxp_create_vmo(self->pager, 0, -1, 1, self->max + 1));
	EXPECT_EQ(-ERANGE, zxp_create_vmo(self->pager, 0, -1, 1, 1ULL << 63));
	EXPECT_EQ(-ERANGE, zxp_create_vmo(self->pager, 0, -1, 1, UINT64_MAX));
	EXPECT_EQ(-ERANGE, zxp_create_vmo(self->pager, 0, -1, 1, -page_size));
	EXPECT_EQ(-ERANGE, zxp_create_plain(self->pager, self->max + 1));
}

TEST_F(bad, create_plain)
{
	EXPECT_EQ(-EINVAL, zxp_create_vmo_flags(self->pager, 0, ZXP_CREATE_PLAIN,
						self->w.p.port, 0, page_size));
	EXPECT_EQ(-EINVAL, zxp_create_vmo_flags(self->pager, 0, ZXP_CREATE_PLAIN,
						ZXP_PORT_OWN, 1, page_size));
	EXPECT_EQ(-EINVAL, zxp_create_vmo_flags(self->pager, ZXP_VMO_TRAP_DIRTY,
						ZXP_CREATE_PLAIN, ZXP_PORT_OWN, 0,
						page_size));
	EXPECT_EQ(-EINVAL, zxp_create_vmo_flags(self->pager, ZXP_VMO_DISCARDABLE,
						ZXP_CREATE_PLAIN, ZXP_PORT_OWN, 0,
						page_size));
	for (uint32_t flag = ZXP_CREATE_SYNC; flag <= ZXP_CREATE_SNAPSHOTS; flag <<= 1) {
		EXPECT_EQ(-EINVAL, zxp_create_vmo_flags(self->pager, 0,
							ZXP_CREATE_PLAIN | flag,
							ZXP_PORT_OWN, 0, page_size));
	}
}

/* What never changes its size, or is never written to, cannot be made so that it is. */
TEST_F(bad, create_fixed)
{
	static const uint32_t bad[][2] = {
		{ ZXP_VMO_RESIZABLE, ZXP_CREATE_FIXED },
		{ ZXP_VMO_UNBOUNDED, ZXP_CREATE_FIXED },
		{ ZXP_VMO_RESIZABLE, ZXP_CREATE_READ_ONLY },
		{ ZXP_VMO_UNBOUNDED, ZXP_CREATE_READ_ONLY },
		{ ZXP_VMO_TRAP_DIRTY, ZXP_CREATE_READ_ONLY },
		{ ZXP_VMO_TRAP_DIRTY, ZXP_CREATE_READ_ONLY | ZXP_CREATE_FIXED },
		{ 0, ZXP_CREATE_COPIES },
		{ 0, ZXP_CREATE_SNAPSHOTS | ZXP_CREATE_READ_ONLY },
		{ 0, ZXP_CREATE_SNAPSHOTS | ZXP_CREATE_READ_ONLY | ZXP_CREATE_COPIES },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(-EINVAL, zxp_create_vmo_flags(self->pager, bad[i][0], bad[i][1],
							ZXP_PORT_OWN, 1, page_size));
}

TEST_F(bad, create_vmo_order)
{
	/* The port, then the options, then the size, as in Zircon. */
	EXPECT_EQ(-EBADF, zxp_create_vmo(self->pager, 1, -2, 1, page_size));
	EXPECT_EQ(-EINVAL, zxp_create_vmo(self->pager, 1, -1, 1, UINT64_MAX));
	EXPECT_EQ(-EBADF, zxp_create_vmo(self->pager, 0, -2, 1, UINT64_MAX));
	EXPECT_EQ(-EMEDIUMTYPE, zxp_create_vmo(self->pager, 0, self->w.memfd, 1,
					       UINT64_MAX));
}

TEST_F(bad, detach_vmo)
{
	EACH_BAD(vmos, b) {
		EXPECT_BAD(b, zxp_detach_vmo(self->pager, b->fd));
	}
}

TEST_F(bad, supply_vmo)
{
	EACH_BAD(vmos, b) {
		EXPECT_BAD(b, zxp_supply_pages(self->pager, b->fd, 0, page_size,
					       self->buf));
	}
}

TEST_F(bad, supply_plain)
{
	EACH_BAD(plains, b) {
		EXPECT_BAD(b, zxp_supply_aux(self->pager, self->vmo, 0, page_size,
					     b->fd, 0));
	}
}

TEST_F(bad, supply_alignment)
{
	struct world *w = &self->w;

	for (uint64_t off = 1; off < page_size; off *= 2) {
		EXPECT_EQ(-EINVAL, zxp_supply_pages(self->pager, self->vmo, off,
						    page_size, self->buf));
		EXPECT_EQ(-EINVAL, zxp_supply_pages(self->pager, self->vmo, 0,
						    off, self->buf));
		EXPECT_EQ(-EINVAL, zxp_supply_aux(self->pager, self->vmo, 0,
						  page_size, w->plain, off));
	}
	EXPECT_EQ(-EINVAL, zxp_supply_pages(self->pager, self->vmo, UINT64_MAX,
					    page_size, self->buf));
	EXPECT_EQ(-EINVAL, zxp_supply_pages(self->pager, self->vmo, 0, UINT64_MAX,
					    self->buf));
}

TEST_F(bad, supply_outside)
{
	struct world *w = &self->w;

	for (size_t i = 0; i < NR_WORLD_OUTSIDE; i++) {
		uint64_t off = world_outside[i].offset, len = world_outside[i].length;

		EXPECT_EQ(-ERANGE, zxp_supply_pages(self->pager, self->vmo, off,
						    len, self->buf)) {
			TH_LOG("offset %#jx length %#jx", off, len);
		}
		/* The same range of the plain VMO, into a place that is there. */
		if (len && len <= END) {
			EXPECT_EQ(-ERANGE, zxp_supply_aux(self->pager, self->vmo, 0,
							  len, w->plain, off)) {
				TH_LOG("source %#jx length %#jx", off, len);
			}
		}
	}
}

TEST_F(bad, supply_source)
{
	char *hole = mmap(NULL, page_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	EXPECT_EQ(-EFAULT, zxp_supply_pages(self->pager, self->vmo, 0, page_size,
					    NULL));
	EXPECT_EQ(-EFAULT, zxp_supply_pages(self->pager, self->vmo, 0, page_size,
					    hole));
	EXPECT_EQ(-EFAULT, zxp_supply_pages(self->pager, self->vmo, 0, page_size,
					    (void *)-page_size));
	EXPECT_EQ(-EFAULT, zxp_supply_pages(self->pager, self->vmo, 0, page_size,
					    (void *)(1UL << 63)));
}

TEST_F(bad, supply_aux_without_flag)
{
	struct zxp_supply_pages arg = {
		.vmo_fd = self->vmo,
		.aux_fd = self->w.plain,
		.length = page_size,
		.source = (uintptr_t)self->buf,
	};

	EXPECT_EQ(-EINVAL, zxp_supply(self->pager, &arg));
	arg.aux_fd = -2;
	EXPECT_EQ(-EINVAL, zxp_supply(self->pager, &arg));
}

TEST_F(bad, supply_detached)
{
	EXPECT_EQ(-ESTALE, zxp_supply_pages(self->pager, self->w.detached->fd, 0,
					    page_size, self->buf));
}

/* In the order of the header; each call has two things wrong, in neighbours. */
TEST_F(bad, supply_order)
{
	struct world *w = &self->w;
	int pager = self->pager, vmo = self->vmo, plain = w->plain;
	int ro = w->read_only;

	EXPECT_EQ(-EINVAL, zxp_supply_pages(pager, -1, 1, page_size, self->buf));
	EXPECT_EQ(-EINVAL, zxp_supply_aux(pager, -1, 0, page_size, plain, 1));
	EXPECT_EQ(-EBADF, zxp_supply_aux(pager, -1, 0, page_size, -1, 0));
	EXPECT_EQ(-EMEDIUMTYPE, zxp_supply_aux(pager, w->memfd, 0, page_size, -1, 0));
	EXPECT_EQ(-EACCES, zxp_supply_aux(pager, ro, 0, page_size, -1, 0));
	EXPECT_EQ(-EINVAL, zxp_supply_aux(pager, w->foreign->fd, 0, page_size, -1, 0));
	EXPECT_EQ(-EINVAL, zxp_supply_pages(pager, w->foreign->fd, END, page_size,
					    self->buf));
	EXPECT_EQ(-EBADF, zxp_supply_aux(pager, vmo, 0, page_size, -1, END));
	EXPECT_EQ(-EBADF, zxp_supply_aux(pager, vmo, END, page_size, -1, 0));
	EXPECT_EQ(-EOPNOTSUPP, zxp_supply_aux(pager, vmo, 0, page_size,
					      w->foreign->fd, END));
	EXPECT_EQ(-ERANGE, zxp_supply_aux(pager, w->detached->fd, 0, page_size,
					  plain, END));
	EXPECT_EQ(-ERANGE, zxp_supply_pages(pager, w->detached->fd, END, page_size,
					    self->buf));
	EXPECT_EQ(-ESTALE, zxp_supply_pages(pager, w->detached->fd, 0, page_size,
					    NULL));
	EXPECT_EQ(-ERANGE, zxp_supply_pages(pager, vmo, END, page_size, NULL));
}

TEST_F(bad, op_range_vmo)
{
	EACH_BAD(vmos, b) {
		EXPECT_BAD(b, zxp_fail(self->pager, b->fd, 0, page_size, EIO));
	}
}

TEST_F(bad, op_range_alignment)
{
	for (uint64_t off = 1; off < page_size; off *= 2) {
		EXPECT_EQ(-EINVAL, zxp_fail(self->pager, self->vmo, off, page_size,
					    EIO));
		EXPECT_EQ(-EINVAL, zxp_fail(self->pager, self->vmo, 0, off, EIO));
	}
}

TEST_F(bad, op_range_unknown_op)
{
	/* DIRTY and SYNC_END are not for a VMO that was made without. */
	static const uint32_t ops[] = {
		0, ZXP_PAGER_OP_DIRTY, 5, 6, 0xff, ZXP_PAGER_OP_SYNC_END,
		0x101, 0x10001, UINT32_MAX,
	};

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		EXPECT_EQ(-EOPNOTSUPP, zxp_op_range(self->pager, ops[i], self->vmo,
						    WORLD_AWAITED * page_size,
						    page_size, 0)) {
			TH_LOG("op %#x", ops[i]);
		}
	}
}

TEST_F(bad, fail_data)
{
	static const int good[] = { EIO, EBADMSG, ESTALE, ENOSPC, ENOBUFS };
	uint64_t at = WORLD_AWAITED * page_size;

	for (int data = -150; data < 600; data++) {
		bool ok = false;

		for (size_t i = 0; i < ARRAY_SIZE(good); i++)
			ok |= data == good[i];
		if (ok)
			continue;
		EXPECT_EQ(-EINVAL, zxp_fail(self->pager, self->vmo, at, page_size,
					    data)) {
			TH_LOG("data %d", data);
		}
	}
	EXPECT_EQ(-EINVAL, zxp_op_range(self->pager, ZXP_PAGER_OP_FAIL, self->vmo,
					at, page_size, 1ULL << 32 | EIO));
}

TEST_F(bad, fail_outside)
{
	for (size_t i = 0; i < NR_WORLD_OUTSIDE; i++) {
		EXPECT_EQ(-ERANGE, zxp_fail(self->pager, self->vmo,
					    world_outside[i].offset, world_outside[i].length,
					    EIO)) {
			TH_LOG("offset %#llx length %#llx",
			       (unsigned long long)world_outside[i].offset,
			       (unsigned long long)world_outside[i].length);
		}
	}
}

TEST_F(bad, fail_detached)
{
	EXPECT_EQ(-ESTALE, zxp_fail(self->pager, self->w.detached->fd, 0, page_size,
				    EIO));
}

TEST_F(bad, op_range_order)
{
	struct world *w = &self->w;
	int pager = self->pager;

	EXPECT_EQ(-EINVAL, zxp_fail(pager, -1, 1, page_size, EIO));
	EXPECT_EQ(-EACCES, zxp_op_range(pager, 0, w->read_only, 0, page_size, 0));
	EXPECT_EQ(-EINVAL, zxp_op_range(pager, 0, w->foreign->fd, 0, page_size, 0));
	EXPECT_EQ(-EOPNOTSUPP, zxp_op_range(pager, 0, self->vmo, END, page_size, 0));
	EXPECT_EQ(-EINVAL, zxp_fail(pager, self->vmo, END, page_size, EPERM));
	EXPECT_EQ(-ERANGE, zxp_fail(pager, w->detached->fd, END, page_size, EIO));
	EXPECT_EQ(-EINVAL, zxp_fail(pager, w->detached->fd, 0, page_size, EPERM));
}

FIXTURE(partly)
{
	struct user_pager p;
	struct test_vmo *vmo;
	char *buf;
};

FIXTURE_SETUP(partly)
{
	ASSERT_TRUE(user_pager_init(&self->p));
	self->vmo = pager_create_vmo(&self->p, 8);
	ASSERT_NE(NULL, self->vmo);
	self->buf = map_anon(8);
	ASSERT_NE(NULL, self->buf);
}

FIXTURE_TEARDOWN(partly)
{
	user_pager_fini(&self->p);
}

/* A source that ends early: what was there is supplied, and told. */
TEST_F(partly, supply_source_ends)
{
	struct zxp_supply_pages arg = {
		.vmo_fd = self->vmo->fd,
		.aux_fd = -1,
		.length = 8 * page_size,
		.source = (uintptr_t)self->buf,
	};

	vmo_fill(self->vmo, 0, 8, self->buf);
	ASSERT_TRUE(pager_supply(&self->p, self->vmo, 1, 1));
	ASSERT_EQ(0, mprotect(self->buf + 5 * page_size, page_size, PROT_NONE));
	EXPECT_EQ(-EFAULT, zxp_supply(self->p.fd, &arg));
	EXPECT_EQ(5 * page_size, arg.out_done);
	EXPECT_EQ(4 * page_size, arg.out_filled);
	EXPECT_EQ(5 * page_size, vmo_info(self->vmo).out_resident);
	EXPECT_TRUE(vmo_matches(self->vmo, 0, 5, self->vmo->map));
	EXPECT_TRUE(pager_idle(&self->p));
}

/* Unaligned, it ends in the middle of a page, which then is not supplied. */
TEST_F(partly, supply_source_ends_in_page)
{
	struct zxp_supply_pages arg = {
		.vmo_fd = self->vmo->fd,
		.aux_fd = -1,
		.length = 4 * page_size,
		.source = (uintptr_t)self->buf + 100,
	};

	vmo_fill(self->vmo, 0, 7, self->buf);
	memmove(self->buf + 100, self->buf, 2 * page_size);
	ASSERT_EQ(0, mprotect(self->buf + 3 * page_size, page_size, PROT_NONE));
	EXPECT_EQ(-EFAULT, zxp_supply(self->p.fd, &arg));
	EXPECT_EQ(2 * page_size, arg.out_done);
	EXPECT_EQ(2 * page_size, arg.out_filled);
	EXPECT_EQ(2 * page_size, vmo_info(self->vmo).out_resident);
	EXPECT_TRUE(vmo_matches(self->vmo, 0, 2, self->vmo->map));
}

TEST_F(partly, supply_tells)
{
	struct zxp_supply_pages arg = {
		.vmo_fd = self->vmo->fd,
		.aux_fd = -1,
		.length = 8 * page_size,
		.source = (uintptr_t)self->buf,
	};

	ASSERT_TRUE(pager_supply(&self->p, self->vmo, 2, 3));
	vmo_fill(self->vmo, 0, 8, self->buf);
	test_zxp(supply, self->p.fd, &arg);
	EXPECT_EQ(8 * page_size, arg.out_done);
	EXPECT_EQ(5 * page_size, arg.out_filled);
	EXPECT_EQ(8 * page_size, vmo_info(self->vmo).out_supplied_bytes);
	/* Nothing is done by a length of 0, not even at the very end. */
	arg.offset = 8 * page_size;
	arg.length = 0;
	test_zxp(supply, self->p.fd, &arg);
	EXPECT_EQ(0, arg.out_done);
	EXPECT_EQ(0, arg.out_filled);
}

TEST_F(partly, sizes_at_the_limit)
{
	struct zxp_info info;
	int fd;

	test_zxp(get_info, self->p.fd, &info);
	fd = zxp_create_vmo(self->p.fd, 0, ZXP_PORT_OWN, 1, info.out_max_vmo_size);
	ASSERT_LE(0, fd);
	/* The last page is one like any other. */
	test_zxp(supply_pages, self->p.fd, fd, info.out_max_vmo_size - page_size,
		 page_size, self->buf);
	test_zxp(vmo_read, fd, info.out_max_vmo_size - page_size, page_size,
		 self->buf);
	ASSERT_EQ(0, close(fd));
	fd = zxp_create_vmo(self->p.fd, 0, ZXP_PORT_OWN, 2, 0);
	ASSERT_LE(0, fd);
	test_err_zxp(ERANGE, supply_pages, self->p.fd, fd, 0, page_size, self->buf);
	ASSERT_EQ(0, close(fd));
}

TEST_HARNESS_MAIN

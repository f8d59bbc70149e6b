// SPDX-License-Identifier: GPL-2.0
/*
 * Bad input of the ioctls and of the file calls on a VMO.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "kselftest_harness.h"
#include "lib/client.h"
#include "lib/world.h"

#ifndef FALLOC_FL_KEEP_SIZE
#include <linux/falloc.h>
#endif

#define END	(WORLD_PAGES * page_size)

static const uint32_t ops[] = {
	ZXP_VMO_OP_COMMIT, ZXP_VMO_OP_DECOMMIT, ZXP_VMO_OP_ZERO,
	ZXP_VMO_OP_DONT_NEED, ZXP_VMO_OP_ALWAYS_NEED, ZXP_VMO_OP_PREFETCH,
};

/* Ranges that are not in a VMO of END bytes, each for one reason. */
static const struct {
	uint64_t offset, length;
} outside[] = {
	{ 0, 8 * 4096 + 1 },
	{ 8 * 4096, 1 },
	{ 8 * 4096 + 1, 0 },
	{ 1, 8 * 4096 },
	{ 1ULL << 32, 1 },
	{ 1ULL << 63, 0 },
	{ UINT64_MAX, 1 },
	{ UINT64_MAX, 0 },
	{ 1, UINT64_MAX },
	{ 4096, -4096ULL },
	{ 4096, -4095ULL },
	{ UINT64_MAX, UINT64_MAX },
};

FIXTURE(bad)
{
	struct world w;
	int vmo;
	char *buf;		/* END bytes, and nothing behind them */
};

FIXTURE_SETUP(bad)
{
	ASSERT_TRUE(world_init(&self->w));
	self->vmo = self->w.vmo->fd;
	self->buf = map_anon(WORLD_PAGES + 1);
	ASSERT_NE(NULL, self->buf);
	ASSERT_EQ(0, mprotect(self->buf + END, page_size, PROT_NONE));
}

FIXTURE_TEARDOWN(bad)
{
	EXPECT_TRUE(world_intact(&self->w));
	world_fini(&self->w);
}

TEST_F(bad, op_range_unknown_op)
{
	static const uint32_t unknown[] = {
		0, 3, 4, 5, 6, 7, 8, 9, 11, 15, 16, 0x10001, UINT32_MAX,
	};

	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		EXPECT_EQ(-EINVAL, zxp_vmo_op_range(self->vmo, unknown[i],
						    page_size, page_size)) {
			TH_LOG("op %u", unknown[i]);
		}
		/* It is looked at before anything else is. */
		EXPECT_EQ(-EINVAL, zxp_vmo_op_range(self->w.read_only, unknown[i],
						    END, page_size));
	}
}

TEST_F(bad, op_range_outside)
{
	for (size_t o = 0; o < ARRAY_SIZE(ops); o++)
		for (size_t i = 0; i < ARRAY_SIZE(outside); i++) {
			EXPECT_EQ(-ERANGE,
				  zxp_vmo_op_range(self->vmo, ops[o],
						   outside[i].offset,
						   outside[i].length)) {
				TH_LOG("op %u, range %zu", ops[o], i);
			}
		}
}

TEST_F(bad, op_range_not_supported)
{
	uint32_t op = ZXP_VMO_OP_DECOMMIT;

	EXPECT_EQ(-EOPNOTSUPP, zxp_vmo_op_range(self->vmo, op, page_size, page_size));
	/* Bounds are looked at first, and so are a detached VMO's. */
	EXPECT_EQ(-ERANGE, zxp_vmo_op_range(self->w.detached->fd, op, END, page_size));
	EXPECT_EQ(-EOPNOTSUPP, zxp_vmo_op_range(self->w.detached->fd, op, 0, page_size));
}

TEST_F(bad, op_range_access)
{
	int write_only = reopen(self->vmo, O_WRONLY);
	int ro = self->w.read_only;

	ASSERT_LE(0, write_only);
	EXPECT_EQ(-EACCES, zxp_vmo_op_range(ro, ZXP_VMO_OP_COMMIT, page_size, 1));
	EXPECT_EQ(-EACCES, zxp_vmo_op_range(ro, ZXP_VMO_OP_DECOMMIT, page_size, 1));
	EXPECT_EQ(-EACCES, zxp_vmo_op_range(ro, ZXP_VMO_OP_ZERO, page_size, 1));
	EXPECT_EQ(-EACCES, zxp_vmo_op_range(ro, ZXP_VMO_OP_COMMIT, END, 1));
	EXPECT_EQ(-EACCES, zxp_vmo_op_range(write_only, ZXP_VMO_OP_PREFETCH,
					    page_size, 1));
	EXPECT_EQ(0, zxp_vmo_op_range(ro, ZXP_VMO_OP_PREFETCH, page_size, 1));
	EXPECT_EQ(0, zxp_vmo_op_range(ro, ZXP_VMO_OP_ALWAYS_NEED, page_size, 1));
	EXPECT_EQ(0, zxp_vmo_op_range(ro, ZXP_VMO_OP_DONT_NEED, 0, 1));
	EXPECT_EQ(0, zxp_vmo_op_range(write_only, ZXP_VMO_OP_ALWAYS_NEED, page_size,
				      1));
	EXPECT_EQ(0, zxp_vmo_op_range(write_only, ZXP_VMO_OP_COMMIT, page_size, 1));
	close(write_only);
}

TEST_F(bad, op_range_detached)
{
	int fd = self->w.detached->fd;

	EXPECT_EQ(-ESTALE, zxp_vmo_op_range(fd, ZXP_VMO_OP_COMMIT, 0, page_size));
	EXPECT_EQ(-ESTALE, zxp_vmo_op_range(fd, ZXP_VMO_OP_PREFETCH, 0, page_size));
	EXPECT_EQ(0, zxp_vmo_op_range(fd, ZXP_VMO_OP_ALWAYS_NEED, 0, page_size));
	EXPECT_EQ(0, zxp_vmo_op_range(fd, ZXP_VMO_OP_DONT_NEED, 0, page_size));
	/* Part of a page that is not there, and cannot be asked for. */
	EXPECT_EQ(-ESTALE, zxp_vmo_zero(fd, 1, 8));
}

TEST_F(bad, set_stream_size)
{
	struct zxp_vmo_set_stream_size arg = {
		.size = sizeof(arg), .flags = 1, .stream_size = END + 1,
	};

	/* In the order of the header; each with what is tested next wrong as well. */
	EXPECT_EQ(-EINVAL, zxp_ioctl(self->w.read_only, ZXP_IOC_VMO_SET_STREAM_SIZE,
				     &arg));
	EXPECT_EQ(-EACCES, zxp_set_stream_size(self->w.read_only, END + 1));
	EXPECT_EQ(-EACCES, zxp_set_stream_size(self->w.read_only, END));
	EXPECT_EQ(-ERANGE, zxp_set_stream_size(self->w.detached->fd, END + 1));
	EXPECT_EQ(-ERANGE, zxp_set_stream_size(self->vmo, 1ULL << 63));
	EXPECT_EQ(-ERANGE, zxp_set_stream_size(self->vmo, UINT64_MAX));
	/* Part of a page that is not there, and cannot be asked for. */
	EXPECT_EQ(-ESTALE, zxp_set_stream_size(self->w.detached->fd, END - 1));
}

/* On a plain VMO hints do nothing, for any range. */
TEST_F(bad, hints_on_plain)
{
	static const uint32_t hints[] = {
		ZXP_VMO_OP_DONT_NEED, ZXP_VMO_OP_ALWAYS_NEED,
	};

	for (size_t o = 0; o < ARRAY_SIZE(hints); o++) {
		for (size_t i = 0; i < ARRAY_SIZE(outside); i++) {
			EXPECT_EQ(0, zxp_vmo_op_range(self->w.plain, hints[o],
						      outside[i].offset,
						      outside[i].length));
		}
		EXPECT_EQ(0, zxp_vmo_op_range(self->w.plain, hints[o], 0, END));
	}
}

TEST_F(bad, io_outside)
{
	for (size_t i = 0; i < ARRAY_SIZE(outside); i++) {
		uint64_t off = outside[i].offset, len = outside[i].length;

		EXPECT_EQ(-ERANGE, zxp_vmo_read(self->vmo, off, len, self->buf));
		EXPECT_EQ(-ERANGE, zxp_vmo_write(self->vmo, off, len, self->buf));
		EXPECT_EQ(-ERANGE, zxp_vmo_read(self->w.plain, off, len, self->buf));
		EXPECT_EQ(-ERANGE, zxp_vmo_write(self->w.plain, off, len, self->buf));
	}
	EXPECT_TRUE(is_zero(self->buf, END));
}

TEST_F(bad, io_access)
{
	int write_only = reopen(self->vmo, O_WRONLY);

	ASSERT_LE(0, write_only);
	EXPECT_EQ(-EACCES, zxp_vmo_write(self->w.read_only, page_size, 8, self->buf));
	EXPECT_EQ(-EACCES, zxp_vmo_read(write_only, page_size, 8, self->buf));
	close(write_only);
}

TEST_F(bad, io_pointer)
{
	uint64_t at = WORLD_RESIDENT * page_size;

	EXPECT_EQ(-EFAULT, zxp_vmo_read(self->vmo, at, 8, NULL));
	EXPECT_EQ(-EFAULT, zxp_vmo_read(self->vmo, at, 8, self->buf + END));
	EXPECT_EQ(-EFAULT, zxp_vmo_read(self->vmo, at, 8, self->buf + END - 4));
	EXPECT_EQ(-EFAULT, zxp_vmo_read(self->vmo, at, 8, (void *)(1UL << 63)));
	EXPECT_EQ(-EFAULT, zxp_vmo_write(self->w.plain, at, 8, NULL));
	EXPECT_EQ(-EFAULT, zxp_vmo_write(self->w.plain, at, 8, self->buf + END));
	EXPECT_EQ(-EFAULT, zxp_vmo_write(self->vmo, at, 8, (void *)(1UL << 63)));
}

TEST_F(bad, io_detached)
{
	int fd = self->w.detached->fd;

	EXPECT_EQ(-ESTALE, zxp_vmo_read(fd, 0, page_size, self->buf));
	EXPECT_EQ(-ESTALE, zxp_vmo_write(fd, 0, page_size, self->buf));
	EXPECT_EQ(-ERANGE, zxp_vmo_read(fd, END, page_size, self->buf));
}

TEST_F(bad, file_calls)
{
	int fd = self->vmo, ro = self->w.read_only;
	char byte = 1;

	EXPECT_EQ(-1, write(ro, &byte, 1));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(-1, pread(fd, self->buf + END, 8, WORLD_RESIDENT * page_size));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, pread(fd, self->buf, 8, -1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, pwrite(fd, &byte, 1, END));
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_EQ(-1, ftruncate(fd, END / 2));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-1, ftruncate(fd, END));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-1, ftruncate(ro, END));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, ftruncate(fd, -1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, fallocate(fd, 0, 0, page_size));
	EXPECT_EQ(EOPNOTSUPP, errno);
	EXPECT_EQ(-1, fallocate(ro, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
				page_size));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(-1, fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, page_size));
	EXPECT_EQ(EOPNOTSUPP, errno);
	EXPECT_EQ(-1, fallocate(fd, FALLOC_FL_ZERO_RANGE, 0, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, fallocate(ro, FALLOC_FL_ZERO_RANGE, 0, page_size));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(-1, lseek(fd, -1, SEEK_SET));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, lseek(fd, END, SEEK_DATA));
	EXPECT_EQ(ENXIO, errno);
	/* At and past the end there is nothing to be read. */
	EXPECT_EQ(0, pread(fd, self->buf, 8, END));
	EXPECT_EQ(0, pread(fd, self->buf, 8, 1LL << 40));
}

TEST_F(bad, stream_reads_of_other_kinds)
{
	char byte = 1;

	/* A pager and a port are not written to, and do not seek. */
	EXPECT_EQ(-1, write(self->w.p.fd, &byte, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, write(self->w.p.port, &byte, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, lseek(self->w.p.port, 0, SEEK_SET));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, page_size, PROT_READ, MAP_SHARED,
				   self->w.p.fd, 0));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, page_size, PROT_READ, MAP_SHARED,
				   self->w.p.port, 0));
	EXPECT_EQ(ENODEV, errno);
}

FIXTURE(resizable)
{
	struct user_pager p;
	struct test_vmo *vmo;
	uint64_t max;
};

FIXTURE_SETUP(resizable)
{
	struct zxp_info info;

	ASSERT_TRUE(user_pager_init(&self->p));
	test_zxp(get_info, self->p.fd, &info);
	self->max = info.out_max_vmo_size;
	self->vmo = pager_create_vmo_options(&self->p, 4, ZXP_VMO_RESIZABLE);
	ASSERT_NE(NULL, self->vmo);
}

FIXTURE_TEARDOWN(resizable)
{
	user_pager_fini(&self->p);
}

TEST_F(resizable, sizes)
{
	int fd = self->vmo->fd, ro = reopen(fd, O_RDONLY);
	struct stat st;

	ASSERT_TRUE(pager_supply(&self->p, self->vmo, 0, 4));
	EXPECT_EQ(-1, ftruncate(fd, self->max + 1));
	EXPECT_EQ(ERANGE, errno);
	EXPECT_EQ(-1, ftruncate(fd, INT64_MAX));
	EXPECT_EQ(ERANGE, errno);
	EXPECT_EQ(-1, ftruncate(ro, page_size));
	EXPECT_EQ(EINVAL, errno);
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ((off_t)(4 * page_size), st.st_size);
	EXPECT_EQ(4 * page_size, vmo_info(self->vmo).out_resident);
	ASSERT_EQ(0, ftruncate(fd, 0));
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(0, st.st_size);
	EXPECT_EQ(0, vmo_info(self->vmo).out_resident);
	EXPECT_TRUE(pager_idle(&self->p));
	close(ro);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Zircon's tests of wrong arguments: each of its status codes by its errno.
 *
 * Handles have no rights here: a VMO without the right to write is one that was
 * opened read-only, and a pager's descriptor always has all of its rights.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <kselftest_harness.h>

#include "lib/fixture.h"

/* Two pagers with a VMO each, a plain VMO, and other descriptors. */
FIXTURE(invalid)
{
	struct user_pager p;
	struct user_pager other;
	struct test_vmo *vmo;
	struct test_vmo *foreign;
	int plain;
	int read_only;
	int no_zxp;
	char *buf;
};

static int reopen(int fd, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, flags | O_CLOEXEC);
}

FIXTURE_SETUP(invalid)
{
	ASSERT_TRUE(user_pager_init(&self->p));
	ASSERT_TRUE(user_pager_init(&self->other));
	self->vmo = new_vmo(4);
	self->foreign = pager_create_vmo(&self->other, 4);
	ASSERT_NE(NULL, self->foreign);
	self->plain = zxp_create_plain(self->p.fd, 4 * page_size);
	ASSERT_LE(0, self->plain);
	self->read_only = reopen(self->vmo->fd, O_RDONLY);
	ASSERT_LE(0, self->read_only);
	self->no_zxp = open("/dev/null", O_RDWR);
	ASSERT_LE(0, self->no_zxp);
	self->buf = map_anon(8);
}

FIXTURE_TEARDOWN(invalid)
{
	/* Nothing of all that had an effect. */
	EXPECT_EQ(0, vmo_info(self->vmo).out_resident);
	EXPECT_EQ(0, vmo_info(self->vmo).out_flags & ZXP_VMO_INFO_DETACHED);
	EXPECT_TRUE(pager_idle(&self->p));
	EXPECT_TRUE(pager_idle(&self->other));
	user_pager_fini(&self->p);
	user_pager_fini(&self->other);
}

#define BAD_FD	9999

/* A pager is made by open(), which takes no options; the ioctls take none either. */
TEST_F(invalid, InvalidPagerCreate)
{
	struct zxp_create_port port = { .size = sizeof(port), .flags = 1 };
	struct zxp_info info = { .size = sizeof(info), .flags = 1 };

	EXPECT_EQ(-EINVAL, zxp_ioctl(self->p.fd, ZXP_IOC_CREATE_PORT, &port));
	EXPECT_EQ(-EINVAL, zxp_ioctl(self->p.fd, ZXP_IOC_GET_INFO, &info));
}

TEST_F(invalid, InvalidPagerCreateVmo)
{
	int pager = self->p.fd, port = self->p.port, i;

	for (i = 5; i < 32; i++) {
		EXPECT_EQ(-EINVAL, zxp_create_vmo(pager, 1U << i, port, 0, page_size));
	}
	EXPECT_EQ(-EINVAL, zxp_create_vmo(pager, 1, port, 0, page_size));
	EXPECT_EQ(-EINVAL, zxp_create_vmo(pager, ZXP_VMO_DISCARDABLE, port, 0, page_size));

	EXPECT_EQ(-EBADF, zxp_create_vmo(BAD_FD, 0, port, 0, page_size));
	EXPECT_EQ(-EBADF, zxp_create_vmo(pager, 0, BAD_FD, 0, page_size));
	/* Another kind of descriptor; outside of this module there is no such call. */
	EXPECT_EQ(-ENOTTY, zxp_create_vmo(self->no_zxp, 0, port, 0, page_size));
	EXPECT_EQ(-EMEDIUMTYPE, zxp_create_vmo(self->vmo->fd, 0, port, 0, page_size));
	EXPECT_EQ(-EMEDIUMTYPE, zxp_create_vmo(pager, 0, self->no_zxp, 0, page_size));
	EXPECT_EQ(-EMEDIUMTYPE, zxp_create_vmo(pager, 0, self->vmo->fd, 0, page_size));

	EXPECT_EQ(-ERANGE, zxp_create_vmo(pager, 0, port, 0, UINT64_MAX));
	EXPECT_EQ(-ERANGE, zxp_create_vmo(pager, 0, port, 0, UINT64_MAX - page_size + 1));
	EXPECT_EQ(-ERANGE, zxp_create_vmo(pager, 0, port, 0, 1ULL << 63));
}

/* The largest VMO there is, and one page more. */
TEST_F(invalid, LargestVmo)
{
	struct zxp_info info;
	int fd;

	test_zxp(get_info, self->p.fd, &info);
	EXPECT_EQ(-ERANGE, zxp_create_vmo(self->p.fd, 0, self->p.port, 0,
					  info.out_max_vmo_size + 1));
	fd = zxp_create_vmo(self->p.fd, 0, self->p.port, 77, info.out_max_vmo_size);
	ASSERT_LE(0, fd);
	close(fd);
	EXPECT_TRUE(pager_wait_complete(&self->p, 77));

	/* None at all is legal. */
	fd = zxp_create_vmo(self->p.fd, 0, self->p.port, 78, 0);
	ASSERT_LE(0, fd);
	close(fd);
	EXPECT_TRUE(pager_wait_complete(&self->p, 78));
}

TEST_F(invalid, CreateVmoUnboundedInvalidStreamSize)
{
	EXPECT_EQ(-ERANGE, zxp_create_vmo(self->p.fd, ZXP_VMO_UNBOUNDED, self->p.port, 0,
					  UINT64_MAX));
}

TEST_F(invalid, InvalidPagerDetachVmo)
{
	int pager = self->p.fd;

	test_err_zxp(EBADF, detach_vmo, BAD_FD, self->vmo->fd);
	test_err_zxp(ENOTTY, detach_vmo, self->no_zxp, self->vmo->fd);
	test_err_zxp(EMEDIUMTYPE, detach_vmo, self->vmo->fd, self->vmo->fd);
	test_err_zxp(EBADF, detach_vmo, pager, BAD_FD);
	test_err_zxp(EMEDIUMTYPE, detach_vmo, pager, self->no_zxp);
	test_err_zxp(EMEDIUMTYPE, detach_vmo, pager, self->p.port);
	test_err_zxp(EACCES, detach_vmo, pager, self->read_only);
	test_err_zxp(EINVAL, detach_vmo, pager, self->plain);
	test_err_zxp(EINVAL, detach_vmo, pager, self->foreign->fd);
}

TEST_F(invalid, InvalidPagerSupplyPages)
{
	int pager = self->p.fd, vmo = self->vmo->fd, plain = self->plain;
	int plain_ro = reopen(plain, O_RDONLY), plain_wo = reopen(plain, O_WRONLY);
	uint64_t page = page_size;
	char *buf = self->buf;

	/* Alignment comes before anything else. */
	test_err_zxp(EINVAL, supply_pages, pager, BAD_FD, 1, page, buf);
	test_err_zxp(EINVAL, supply_pages, pager, BAD_FD, 0, page + 1, buf);
	test_err_zxp(EINVAL, supply_aux, pager, BAD_FD, 0, page, BAD_FD, 1);

	test_err_zxp(EBADF, supply_pages, BAD_FD, vmo, 0, page, buf);
	test_err_zxp(ENOTTY, supply_pages, self->no_zxp, vmo, 0, page, buf);
	test_err_zxp(EMEDIUMTYPE, supply_pages, vmo, vmo, 0, page, buf);
	test_err_zxp(EBADF, supply_pages, pager, BAD_FD, 0, page, buf);
	test_err_zxp(EMEDIUMTYPE, supply_pages, pager, self->no_zxp, 0, page, buf);
	test_err_zxp(EACCES, supply_pages, pager, self->read_only, 0, page, buf);

	/* Whose VMO it is comes before the source. */
	test_err_zxp(EINVAL, supply_aux, pager, plain, 0, page, BAD_FD, 0);
	test_err_zxp(EINVAL, supply_aux, pager, self->foreign->fd, 0, page, BAD_FD, 0);

	test_err_zxp(EBADF, supply_aux, pager, vmo, 0, page, BAD_FD, 0);
	test_err_zxp(EMEDIUMTYPE, supply_aux, pager, vmo, 0, page, self->no_zxp, 0);
	test_err_zxp(EACCES, supply_aux, pager, vmo, 0, page, plain_ro, 0);
	test_err_zxp(EACCES, supply_aux, pager, vmo, 0, page, plain_wo, 0);
	test_err_zxp(EOPNOTSUPP, supply_aux, pager, vmo, 0, page, self->foreign->fd, 0);
	test_err_zxp(EOPNOTSUPP, supply_aux, pager, vmo, 0, page, vmo, 0);

	test_err_zxp(ERANGE, supply_aux, pager, vmo, 0, page, plain, 4 * page);
	test_err_zxp(ERANGE, supply_aux, pager, vmo, 0, 2 * page, plain, 3 * page);
	test_err_zxp(ERANGE, supply_aux, pager, vmo, 0, page, plain, -page);
	test_err_zxp(ERANGE, supply_pages, pager, vmo, 4 * page, page, buf);
	test_err_zxp(ERANGE, supply_pages, pager, vmo, 0, 5 * page, buf);
	test_err_zxp(ERANGE, supply_pages, pager, vmo, -page, 2 * page, buf);

	/* Nothing to do is fine. */
	test_zxp(supply_pages, pager, vmo, 0, 0, buf);
	test_zxp(supply_aux, pager, vmo, page, 0, plain, page);
	close(plain_ro);
	close(plain_wo);
}

/* Pages leave the source even if the target cannot take them. */
TEST_F(invalid, SupplyEmptiesSource)
{
	ASSERT_EQ(3, pwrite(self->plain, "abc", 3, 0));
	test_err_zxp(ERANGE, supply_aux, self->p.fd, self->vmo->fd, 4 * page_size,
		     page_size, self->plain, 0);
	ASSERT_EQ(3, pread(self->plain, self->buf, 3, 0));
	EXPECT_TRUE(is_zero(self->buf, 3));
}

/* The codes of FAIL, and that they are looked at before the range is. */
TEST_F(invalid, FailCodes)
{
	static const int codes[] = { EIO, EBADMSG, ESTALE, ENOSPC, ENOBUFS };
	int pager = self->p.fd, vmo = self->vmo->fd, err;
	uint64_t page = page_size;
	unsigned int i;

	/* Only these codes; nor their negatives, nor with higher bits. */
	for (err = 0; err < 200; err++) {
		for (i = 0; i < ARRAY_SIZE(codes) && codes[i] != err; i++)
			;
		if (i == ARRAY_SIZE(codes)) {
			test_err_zxp(EINVAL, fail, pager, vmo, 0, page, err);
		} else {
			test_zxp(fail, pager, vmo, 0, page, err);
		}
		test_err_zxp(EINVAL, op_range, pager, ZXP_PAGER_OP_FAIL, vmo, 0, page,
			     1ULL << 32 | err);
	}
	test_err_zxp(EINVAL, fail, pager, vmo, 0, page, -EIO);
	/* The code comes before the range. */
	test_err_zxp(EINVAL, fail, pager, vmo, 4 * page, page, EPERM);
	test_err_zxp(ERANGE, fail, pager, vmo, 4 * page, page, EIO);
	test_err_zxp(ERANGE, fail, pager, vmo, 0, 5 * page, EIO);
	test_err_zxp(ERANGE, fail, pager, vmo, -page, 2 * page, EIO);
}

TEST_F(invalid, DecommitTest)
{
	int vmo = self->vmo->fd;

	test_err_zxp(EOPNOTSUPP, vmo_op_range, vmo, ZXP_VMO_OP_DECOMMIT, 0, page_size);
	test_err_zxp(ERANGE, vmo_op_range, vmo, ZXP_VMO_OP_DECOMMIT, 0, 5 * page_size);
	test_zxp(vmo_op_range, vmo, ZXP_VMO_OP_DECOMMIT, 0, 0);
	/* Linux's own ways to ask for it are ZERO, which is no secret from the daemon. */
	EXPECT_EQ(0, fallocate(vmo, 3 /* PUNCH_HOLE | KEEP_SIZE */, 0, page_size));
	EXPECT_EQ(0, madvise(self->vmo->map + page_size, page_size, MADV_REMOVE));
	EXPECT_TRUE(is_dirty(self->vmo, ZERO(0, 2)));
}

TEST_F(invalid, VmoInfoPagerTest)
{
	const uint32_t kind = ZXP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE;
	struct zxp_vmo_info info;
	int child;

	test_zxp(vmo_get_info, self->vmo->fd, &info);
	EXPECT_TRUE(info.out_flags & ZXP_VMO_INFO_PAGER_BACKED);
	/* That is its daemon's business, who can ask for it. */
	EXPECT_EQ(0, info.out_key);
	EXPECT_EQ(4 * page_size, info.out_vmo_size);
	test_zxp(vmo_get_info, self->plain, &info);
	EXPECT_FALSE(info.out_flags & ZXP_VMO_INFO_PAGER_BACKED);

	/* A child is no pager's, and its size is its own. */
	child = zxp_create_child(self->vmo->fd, kind | ZXP_CHILD_RESIZABLE, 0, 2 * page_size);
	ASSERT_LE(0, child);
	test_zxp(vmo_get_info, child, &info);
	EXPECT_EQ(ZXP_VMO_INFO_COPY, info.out_flags);
	EXPECT_EQ(ZXP_VMO_RESIZABLE, info.out_options);
	EXPECT_EQ(2 * page_size, info.out_vmo_size);
	close(child);
	child = zxp_create_child(self->vmo->fd, kind, 0, 2 * page_size);
	ASSERT_LE(0, child);
	test_zxp(vmo_get_info, child, &info);
	EXPECT_EQ(0, info.out_options);
	close(child);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * What a VMO is for good from the moment that it is made: read-only, for root and its maker,
 * too, or of a fixed size.
 */
#define _GNU_SOURCE
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "lib/client.h"
#include "lib/fixture.h"

#define BYTES(pages)	((pages) * page_size)
#define SHORT		100	/* bytes of the last page that are not in the stream */

PAGER_FIXTURE(read_only);

/* All pages are there. Its mapping is for reading. */
#define new_sealed(pages) ({						\
	struct test_vmo *__v =						\
		new_vmo_flags(BYTES(pages), 0, ZXP_CREATE_READ_ONLY);	\
									\
	ASSERT_TRUE(pager_supply(&self->p, __v, 0, pages));		\
	__v;								\
})

TEST_F(read_only, root_cannot_open_it)
{
	struct test_vmo *vmo = new_sealed(4);
	static const int modes[] = { 0600, 0666, 0777 };
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", vmo->fd);
	EXPECT_TRUE(vmo_info(vmo).out_flags & ZXP_VMO_INFO_READ_ONLY);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		ASSERT_EQ(0, fchmod(vmo->fd, modes[i]));
		EXPECT_EQ(-EACCES, reopen(vmo->fd, O_RDWR));
		EXPECT_EQ(-EACCES, reopen(vmo->fd, O_WRONLY));
		EXPECT_EQ(-EACCES, reopen(vmo->fd, O_RDONLY | O_TRUNC));
		EXPECT_EQ(-EACCES, reopen(vmo->fd, O_WRONLY | O_APPEND));
		EXPECT_EQ(-1, truncate(path, 0));
		EXPECT_EQ(EACCES, errno);
		EXPECT_EQ(-1, access(path, W_OK));
		EXPECT_EQ(EACCES, errno);
	}
	EXPECT_EQ(0, access(path, R_OK));
	fd = reopen(vmo->fd, O_RDONLY);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EACCES, reopen(fd, O_RDWR));
	EXPECT_EQ(-1, pwrite(fd, "x", 1, 0));
	EXPECT_EQ(EBADF, errno);
	close(fd);
	EXPECT_TRUE(vmo_has(vmo, 0, 4, SUPPLIED));
	EXPECT_TRUE(is_clean(vmo));
}

static int write_a_byte(int fd)
{
	return pwrite(fd, "x", 1, BYTES(2));
}

static int append_a_byte(int fd)
{
	return pwritev2(fd, &(struct iovec){ "x", 1 }, 1, -1, RWF_APPEND);
}

static int write_by_ioctl(int fd)
{
	int ret = zxp_vmo_write(fd, 1, 1, "x");

	errno = -ret;
	return ret ? -1 : 0;
}

static int zero_by_ioctl(int fd)
{
	int ret = zxp_vmo_zero(fd, 0, page_size);

	errno = -ret;
	return ret ? -1 : 0;
}

static int set_stream_size(int fd)
{
	int ret = zxp_set_stream_size(fd, 1);

	errno = -ret;
	return ret ? -1 : 0;
}

static int cut(int fd)
{
	return ftruncate(fd, page_size);
}

static int zero_range(int fd)
{
	return fallocate(fd, FALLOC_FL_ZERO_RANGE, 0, page_size);
}

static int punch_hole(int fd)
{
	return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, page_size);
}

static int splice_a_byte(int fd)
{
	loff_t at = 0;
	int p[2], ret;

	if (pipe2(p, O_CLOEXEC) || write(p[1], "x", 1) != 1)
		return 0;
	ret = splice(p[0], NULL, fd, &at, 1, 0);
	at = errno;
	close(p[0]);
	close(p[1]);
	errno = at;
	return ret;
}

/*
 * The daemon's own descriptor, and so a duplicate, is for the calls of the pager: what is
 * there is what it has supplied.
 */
TEST_F(read_only, first_descriptor)
{
	static int (*const write[])(int fd) = {
		write_a_byte, append_a_byte, write_by_ioctl, zero_by_ioctl,
		set_stream_size, cut, zero_range, punch_hole, splice_a_byte,
	};
	struct test_vmo *vmo = new_sealed(4);
	int fd = dup(vmo->fd);
	char *map;

	ASSERT_LE(0, fd);
	for (size_t i = 0; i < ARRAY_SIZE(write); i++) {
		EXPECT_EQ(-1, write[i](fd)) TH_LOG("way %zu", i);
		EXPECT_EQ(EPERM, errno) TH_LOG("way %zu", i);
	}
	close(fd);
	EXPECT_TRUE(is_clean(vmo));
	EXPECT_TRUE(vmo_has(vmo, 0, 4, SUPPLIED));
	EXPECT_EQ(BYTES(4), vmo_info(vmo).out_stream_size);

	EXPECT_EQ(MAP_FAILED, mmap(NULL, BYTES(4), PROT_READ | PROT_WRITE, MAP_SHARED,
				   vmo->fd, 0));
	EXPECT_EQ(EPERM, errno);
	map = mmap(NULL, BYTES(4), PROT_READ, MAP_SHARED, vmo->fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(-1, mprotect(map, BYTES(4), PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_TRUE(vmo_matches(vmo, 0, 2, map));
	munmap(map, BYTES(4));
	/* A copy is everybody's own. */
	map = mmap(NULL, BYTES(4), PROT_READ | PROT_WRITE, MAP_PRIVATE, vmo->fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	*(volatile char *)map = 1;
	munmap(map, BYTES(4));
	EXPECT_TRUE(is_clean(vmo));
}

/* A loop device on what a client has is read-only by itself. */
TEST_F(read_only, loop_device)
{
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), number, dev, fd, ro = 0;
	struct test_vmo *vmo;
	char path[32];

	if (control < 0)
		SKIP(return, "no loop devices here");
	vmo = new_sealed(4);
	fd = reopen(vmo->fd, O_RDONLY);
	ASSERT_LE(0, fd);
	number = ioctl(control, LOOP_CTL_GET_FREE);
	ASSERT_LE(0, number);
	snprintf(path, sizeof(path), "/dev/loop%d", number);
	dev = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, dev);
	ASSERT_EQ(0, ioctl(dev, LOOP_SET_FD, fd));
	EXPECT_EQ(0, ioctl(dev, BLKROGET, &ro));
	EXPECT_EQ(1, ro);
	EXPECT_EQ(-1, pwrite(dev, "x", 1, 0));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(0, ioctl(dev, LOOP_CLR_FD));
	close(dev);
	close(fd);
	close(control);
	EXPECT_TRUE(is_clean(vmo));
	EXPECT_TRUE(vmo_has(vmo, 0, 4, SUPPLIED));
}

FIXTURE(fixed)
{
	struct user_pager p;
	struct test_thread t[1];
	struct test_vmo *vmo;
	uint64_t size;
};

FIXTURE_SETUP(fixed)
{
	ASSERT_TRUE(user_pager_init(&self->p));
	self->size = BYTES(4) - SHORT;
	self->vmo = pager_create_vmo_flags(&self->p, self->size, 0, ZXP_CREATE_FIXED);
	ASSERT_NE(NULL, self->vmo);
	ASSERT_TRUE(pager_supply(&self->p, self->vmo, 0, 4));
}

FIXTURE_TEARDOWN(fixed)
{
	EXPECT_EQ(self->size, vmo_info(self->vmo).out_stream_size);
	user_pager_fini(&self->p);
}

TEST_F(fixed, sizes_stay)
{
	EXPECT_TRUE(vmo_info(self->vmo).out_flags & ZXP_VMO_INFO_FIXED);
	EXPECT_EQ(-EPERM, zxp_set_stream_size(self->vmo->fd, self->size));
	EXPECT_EQ(-EPERM, zxp_set_stream_size(self->vmo->fd, 0));
	EXPECT_EQ(-EPERM, zxp_set_stream_size(self->vmo->fd, BYTES(4)));
	EXPECT_EQ(-1, ftruncate(self->vmo->fd, 0));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-1, ftruncate(self->vmo->fd, BYTES(8)));
	EXPECT_EQ(EPERM, errno);
	EXPECT_TRUE(is_clean(self->vmo));
}

/* A write ends with the stream, and not with its last page. */
TEST_F(fixed, writes_end)
{
	int append = reopen(self->vmo->fd, O_WRONLY | O_APPEND);
	char buf[2 * SHORT] = { 1 };

	ASSERT_LE(0, append);
	EXPECT_EQ(10, pwrite(self->vmo->fd, buf, sizeof(buf), self->size - 10));
	EXPECT_EQ(-1, pwrite(self->vmo->fd, buf, 1, self->size));
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_EQ(-1, pwrite(self->vmo->fd, buf, 1, BYTES(4)));
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_EQ(-1, write(append, buf, 1));
	EXPECT_EQ(ENOSPC, errno);
	close(append);
}

TEST_F(fixed, zeroes_end)
{
	EXPECT_EQ(-1, fallocate(self->vmo->fd, FALLOC_FL_ZERO_RANGE, BYTES(3), BYTES(1)));
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_TRUE(is_clean(self->vmo));
	EXPECT_EQ(0, fallocate(self->vmo->fd, FALLOC_FL_ZERO_RANGE, BYTES(1), BYTES(1)));
	EXPECT_EQ(0, fallocate(self->vmo->fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
			       BYTES(2), BYTES(9)));
	EXPECT_TRUE(is_dirty(self->vmo, ZERO(1, 3)));
}

TEST_HARNESS_MAIN

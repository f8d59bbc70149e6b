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
#include "lib/child.h"
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

static char text[SHORT] = "x";

/* Each tells how much was written, or why nothing. */
static int by_pwrite(int fd, uint64_t offset, size_t len)
{
	ssize_t n = pwrite(fd, text, len, offset);

	return n < 0 ? -errno : n;
}

static int by_append(int fd, uint64_t offset, size_t len)
{
	ssize_t n = pwritev2(fd, &(struct iovec){ text, len }, 1, offset, RWF_APPEND);

	return n < 0 ? -errno : n;
}

static int by_splice(int fd, uint64_t offset, size_t len)
{
	loff_t at = offset;
	int p[2], ret;

	if (pipe2(p, O_CLOEXEC) || write(p[1], text, len) != (ssize_t)len)
		return 0;
	ret = splice(p[0], NULL, fd, &at, len, 0) < 0 ? -errno : (int)(at - offset);
	close(p[0]);
	close(p[1]);
	return ret;
}

static int by_ioctl(int fd, uint64_t offset, size_t len)
{
	return zxp_vmo_write(fd, offset, len, text) ?: (int)len;
}

/*
 * A write ends with the stream, and not with its last page, of which nobody would ever be
 * told. Who writes from pages to a slice gets the error, see zxp_vmo_write_iter().
 */
TEST_F(fixed, writes_end)
{
	static const struct {
		int (*write)(int fd, uint64_t offset, size_t len);
		bool by_slice;
		int across;		/* the end, to which there are ten bytes */
	} ways[] = {
		{ by_pwrite, false, 10 },
		{ by_pwrite, true, 10 },
		{ by_append, false, -ENOSPC },
		{ by_append, true, -ENOSPC },
		{ by_splice, false, 10 },
		{ by_splice, true, -ENOSPC },
		{ by_ioctl, false, -ENOSPC },
		{ by_ioctl, true, -ENOSPC },
	};
	struct test_vmo *slice = new_slice(self->vmo, 1, 3);
	char tail[SHORT];

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		uint64_t size = self->size - (ways[i].by_slice ? BYTES(1) : 0);
		int fd = ways[i].by_slice ? slice->fd : self->vmo->fd;

		EXPECT_EQ(ways[i].across, ways[i].write(fd, size - 10, SHORT))
			TH_LOG("way %zu", i);
		EXPECT_EQ(-ENOSPC, ways[i].write(fd, size, 1)) TH_LOG("way %zu", i);
		EXPECT_EQ(-ENOSPC, ways[i].write(fd, size + SHORT - 1, 1)) TH_LOG("way %zu", i);
		EXPECT_EQ(0, zxp_vmo_read(fd, size, SHORT, tail));
		EXPECT_TRUE(is_zero(tail, SHORT)) TH_LOG("way %zu", i);
	}
	/* Up to there it is one as any other, and what is nothing ends nowhere. */
	EXPECT_EQ(0, zxp_vmo_write(slice->fd, BYTES(2), BYTES(1) - SHORT, page_at(slice, 0)));
	EXPECT_EQ(0, zxp_vmo_write(self->vmo->fd, BYTES(4), 0, text));
	EXPECT_EQ(-ENOSPC, by_pwrite(self->vmo->fd, BYTES(4), 1));
	vmo_release(slice);
}

TEST_F(fixed, zeroes_end)
{
	struct test_vmo *slice = new_slice(self->vmo, 3, 1);

	EXPECT_EQ(-1, fallocate(self->vmo->fd, FALLOC_FL_ZERO_RANGE, BYTES(3), BYTES(1)));
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_EQ(-1, fallocate(slice->fd, FALLOC_FL_ZERO_RANGE, 0, BYTES(1)));
	EXPECT_EQ(ENOSPC, errno);
	vmo_release(slice);
	EXPECT_TRUE(is_clean(self->vmo));
	EXPECT_EQ(0, fallocate(self->vmo->fd, FALLOC_FL_ZERO_RANGE, BYTES(1), BYTES(1)));
	EXPECT_EQ(0, fallocate(self->vmo->fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
			       BYTES(2), BYTES(9)));
	EXPECT_TRUE(is_dirty(self->vmo, ZERO(1, 3)));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel log tells of VMOs that end with something that was not written back.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "kselftest_harness.h"
#include "lib/abi.h"
#include "lib/util.h"

#define PAGES		4

FIXTURE(lost)
{
	int log;
	int pager;
	char *buf;
	ino_t inode;		/* of the last VMO */
};

typedef FIXTURE_DATA(lost) lost_data;

FIXTURE_SETUP(lost)
{
	self->log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ASSERT_LE(0, self->log);
	ASSERT_LE(0, lseek(self->log, 0, SEEK_END));
	self->buf = map_anon(PAGES);
	ASSERT_NE(NULL, self->buf);
	memset(self->buf, 'a', PAGES * page_size);
	self->pager = -1;
}

FIXTURE_TEARDOWN(lost)
{
	if (self->pager >= 0)
		close(self->pager);
	close(self->log);
}

static void note_inode(lost_data *self, int fd)
{
	struct stat st = {};

	fstat(fd, &st);
	self->inode = st.st_ino;
}

/* A VMO whose first @dirty pages are dirty. Closes the last pager. */
static int new_vmo(lost_data *self, unsigned int dirty)
{
	ssize_t bytes = dirty * page_size;
	int fd;

	if (self->pager >= 0)
		close(self->pager);
	self->pager = open("/dev/zxpager", O_RDWR | O_CLOEXEC);
	fd = zxp_create_vmo(self->pager, 0, ZXP_PORT_OWN, 1, PAGES * page_size);
	note_inode(self, fd);
	if (fd < 0 ||
	    zxp_supply_pages(self->pager, fd, 0, PAGES * page_size, self->buf) ||
	    (dirty && pwrite(fd, self->buf, bytes, 0) != bytes))
		return -1;
	return fd;
}

/* Is there a line about the last VMO, with @bytes of each? */
static bool told(lost_data *self, const char *bytes)
{
	char record[1024], vmo[64];
	bool found = false;
	ssize_t n;

	snprintf(vmo, sizeof(vmo), "zxpager: VMO with inode %ju ", (uintmax_t)self->inode);
	/* EPIPE: some were overwritten before. */
	while ((n = read(self->log, record, sizeof(record) - 1)) >= 0 || errno == EPIPE) {
		if (n < 0)
			continue;
		record[n] = '\0';
		if (strstr(record, vmo) && strstr(record, bytes))
			found = true;
	}
	return found;
}

/* The kernel does not print all that comes at once, and after a while it does again. */
static bool die_and_tell(lost_data *self)
{
	int fd = new_vmo(self, 3);
	char want[64];

	snprintf(want, sizeof(want), " %zu dirty bytes, and %zu of zeroes", 2 * page_size,
		 page_size);
	if (fd < 0 || zxp_vmo_op_range(fd, ZXP_VMO_OP_ZERO, 0, page_size))
		return false;
	close(self->pager);
	self->pager = -1;
	close(fd);
	return told(self, want);
}

TEST_F(lost, daemon_has_gone)
{
	EXPECT_TRUE(wait_until(die_and_tell(self)));
}

static bool detach_and_tell(lost_data *self)
{
	int fd = new_vmo(self, PAGES);

	if (fd < 0 || zxp_detach_vmo(self->pager, fd))
		return false;
	close(fd);
	return told(self, " dirty bytes, and 0 of zeroes");
}

/* A daemon that detaches one and does not write it back loses it, too. */
TEST_F(lost, detached)
{
	EXPECT_TRUE(wait_until(detach_and_tell(self)));
}

static bool close_and_tell(lost_data *self)
{
	int fd = new_vmo(self, PAGES);

	if (fd < 0)
		return false;
	close(fd);
	return told(self, " dirty bytes, and 0 of zeroes");
}

/* Without a descriptor its daemon, which is there, cannot write it back either. */
TEST_F(lost, closed)
{
	EXPECT_TRUE(wait_until(close_and_tell(self)));
}

/* Nothing is lost of what is clean, or was written back, or is nobody's but the clients'. */
TEST_F(lost, nothing)
{
	int fd = new_vmo(self, 0);

	ASSERT_LE(0, fd);
	close(self->pager);
	self->pager = -1;
	close(fd);
	EXPECT_FALSE(told(self, ""));

	fd = new_vmo(self, PAGES);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, zxp_detach_vmo(self->pager, fd));
	ASSERT_EQ(0, zxp_writeback_begin(self->pager, fd, 0, PAGES * page_size, 0));
	ASSERT_EQ(0, zxp_writeback_end(self->pager, fd, 0, PAGES * page_size));
	close(fd);
	EXPECT_FALSE(told(self, ""));

	fd = zxp_create_plain(self->pager, PAGES * page_size);
	ASSERT_LE(0, fd);
	note_inode(self, fd);
	ASSERT_EQ(1, pwrite(fd, "x", 1, 0));
	close(self->pager);
	self->pager = -1;
	close(fd);
	EXPECT_FALSE(told(self, ""));
}

TEST_HARNESS_MAIN

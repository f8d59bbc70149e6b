// SPDX-License-Identifier: GPL-2.0
/*
 * The VMO as a file: offsets, hints, accesses that may not wait, and what other
 * parts of the kernel do with its pages.
 */
#define _GNU_SOURCE
#include <linux/loop.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "kselftest_harness.h"
#include "lib/client.h"
#include "lib/fixture.h"
#include "lib/loop.h"

PAGER_FIXTURE(file);

#define BYTES(pages)	((pages) * page_size)

static ssize_t read_nowait(int fd, void *buf, size_t len, off_t off)
{
	struct iovec iov = { buf, len };

	return preadv2(fd, &iov, 1, off, RWF_NOWAIT);
}

TEST_F(file, nowait)
{
	struct test_vmo *vmo = new_vmo(8);
	char *buf = map_anon(8);

	EXPECT_EQ(-1, read_nowait(vmo->fd, buf, BYTES(4), 0));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(0, vmo_info(vmo).out_waiting);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	EXPECT_EQ((ssize_t)BYTES(2), read_nowait(vmo->fd, buf, BYTES(4), 0));
	EXPECT_TRUE(vmo_matches(vmo, 0, 2, buf));
	EXPECT_EQ((ssize_t)BYTES(2), read_nowait(vmo->fd, buf, BYTES(2), 0));
	EXPECT_EQ(0, read_nowait(vmo->fd, buf, BYTES(2), BYTES(8)));
}

TEST_F(file, scattered)
{
	struct test_vmo *vmo = new_vmo(4);
	char buf[700];
	struct iovec iov[4] = {
		{ buf, 1 }, { buf + 1, 399 }, { buf, 0 }, { buf + 400, 300 },
	};

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 4));
	ASSERT_EQ(700, preadv(vmo->fd, iov, 4, page_size - 350));
	EXPECT_TRUE(vmo_bytes_match(vmo, page_size - 350, buf, 700));
	memset(buf, 0x11, sizeof(buf));
	ASSERT_EQ(700, pwritev(vmo->fd, iov, 4, 2 * page_size - 350));
	memset(buf, 0, sizeof(buf));
	ASSERT_EQ(700, pread(vmo->fd, buf, 700, 2 * page_size - 350));
	for (int i = 0; i < 700; i++) {
		EXPECT_EQ(0x11, buf[i]);
	}
	ASSERT_EQ(10, pread(vmo->fd, buf, 10, 2 * page_size - 360));
	EXPECT_TRUE(vmo_bytes_match(vmo, 2 * page_size - 360, buf, 10));
}

/* read() moves the offset by what it returns, and a failing one does not. */
TEST_F(file, offset)
{
	struct test_vmo *vmo = new_vmo(4);
	char *buf = map_anon(8);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 3));
	ASSERT_EQ(100, read(vmo->fd, buf, 100));
	EXPECT_EQ(100, lseek(vmo->fd, 0, SEEK_CUR));
	ASSERT_EQ((ssize_t)page_size, read(vmo->fd, buf, page_size));
	EXPECT_TRUE(vmo_bytes_match(vmo, 100, buf, page_size));
	EXPECT_EQ((off_t)(BYTES(4) - 10), lseek(vmo->fd, -10, SEEK_END));
	ASSERT_TRUE(pager_detach(&self->p, vmo));
	EXPECT_EQ(-1, read(vmo->fd, buf, 10));
	EXPECT_EQ(ESTALE, errno);
	EXPECT_EQ((off_t)(BYTES(4) - 10), lseek(vmo->fd, 0, SEEK_CUR));
	EXPECT_EQ((off_t)BYTES(9), lseek(vmo->fd, BYTES(9), SEEK_SET));
	EXPECT_EQ(0, read(vmo->fd, buf, 10));
}

/* All of a VMO is data, wherever that is now. */
TEST_F(file, seek_data_and_hole)
{
	struct test_vmo *vmo = new_vmo(4);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	EXPECT_EQ(0, lseek(vmo->fd, 0, SEEK_DATA));
	EXPECT_EQ((off_t)BYTES(2), lseek(vmo->fd, BYTES(2), SEEK_DATA));
	EXPECT_EQ((off_t)BYTES(4), lseek(vmo->fd, 0, SEEK_HOLE));
	EXPECT_TRUE(pager_idle(&self->p));
}

TEST_F(file, append_goes_nowhere)
{
	struct test_vmo *vmo = new_vmo(2);
	int fd = reopen(vmo->fd, O_WRONLY | O_APPEND);
	char byte = 1;

	ASSERT_LE(0, fd);
	EXPECT_EQ(-1, write(fd, &byte, 1));
	EXPECT_EQ(ENOSPC, errno);
	close(fd);
}

/* A write across the end of a fixed size writes what fits. */
TEST_F(file, write_across_the_end)
{
	struct test_vmo *vmo = new_vmo(2);
	char *buf = map_anon(2);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	memset(buf, 7, BYTES(2));
	EXPECT_EQ(100, pwrite(vmo->fd, buf, BYTES(1), BYTES(2) - 100));
	EXPECT_EQ(0, memcmp(vmo->map + BYTES(2) - 100, buf, 100));
	EXPECT_TRUE(vmo_matches(vmo, 0, 1, vmo->map));
}

/* WILLNEED asks and does not wait. */
TEST_F(file, will_need)
{
	struct test_vmo *vmo = new_vmo(16);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 4, 1));
	EXPECT_EQ(0, posix_fadvise(vmo->fd, 0, BYTES(8), POSIX_FADV_WILLNEED));
	EXPECT_EQ(0, vmo_info(vmo).out_waiting);
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 4));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 5, 3));
	EXPECT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 8));
	EXPECT_EQ(0, vmo_info(vmo).out_requests);
	EXPECT_TRUE(vmo_matches(vmo, 0, 8, vmo->map));
	EXPECT_EQ(0, readahead(vmo->fd, BYTES(8), BYTES(2)));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 8, 2));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 8, 2, EIO));
	EXPECT_EQ(0, vmo_info(vmo).out_requests);
	EXPECT_TRUE(pager_idle(&self->p));
}

/* Who comes later joins what a hint has asked for. */
TEST_F(file, will_need_is_joined)
{
	struct test_vmo *vmo = new_vmo(16);

	EXPECT_EQ(0, posix_fadvise(vmo->fd, 0, BYTES(8), POSIX_FADV_WILLNEED));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 8));
	ASSERT_TRUE(thread_check_vmar(&self->t[0], vmo, 3, 1));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 1));
	EXPECT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 8));
	ASSERT_TRUE(thread_wait(&self->t[0]));
}

TEST_F(file, advice)
{
	struct test_vmo *vmo = new_vmo(4);
	int pipefd[2];

	ASSERT_EQ(0, pipe(pipefd));
	EXPECT_EQ(0, posix_fadvise(vmo->fd, 0, 0, POSIX_FADV_NORMAL));
	EXPECT_EQ(0, posix_fadvise(vmo->fd, 0, 0, POSIX_FADV_RANDOM));
	EXPECT_EQ(0, posix_fadvise(vmo->fd, 0, 0, POSIX_FADV_SEQUENTIAL));
	EXPECT_EQ(0, posix_fadvise(vmo->fd, 0, 0, POSIX_FADV_NOREUSE));
	EXPECT_EQ(EINVAL, posix_fadvise(vmo->fd, 0, 0, 99));
	EXPECT_EQ(0, posix_fadvise(vmo->fd, BYTES(9), BYTES(1), POSIX_FADV_WILLNEED));
	EXPECT_TRUE(pager_idle(&self->p));
}

/* Pages given to a pipe by reference are the VMO's own. */
TEST_F(file, vmsplice)
{
	struct test_vmo *vmo = new_vmo(4);
	struct iovec iov = { vmo->map, BYTES(2) };
	char *buf = map_anon(2);
	struct server s;
	int pipefd[2];

	ASSERT_EQ(0, pipe(pipefd));
	ASSERT_TRUE(server_start(&s, &self->p));
	ASSERT_EQ((ssize_t)BYTES(2), vmsplice(pipefd[1], &iov, 1, 0));
	EXPECT_TRUE(server_end(&s));
	/* It outlives the VMO. */
	vmo_release(vmo);
	ASSERT_EQ((ssize_t)BYTES(2), read(pipefd[0], buf, BYTES(2)));
	EXPECT_TRUE(vmo_matches(vmo, 0, 2, buf));
}

static int read_proc_mem(void *arg)
{
	struct test_vmo *vmo = arg;
	char *buf = map_anon(2);
	int fd = open("/proc/self/mem", O_RDONLY);

	if (pread(fd, buf, BYTES(2), (uintptr_t)vmo->map) != (ssize_t)BYTES(2))
		return 1;
	return vmo_matches(vmo, 0, 2, buf) ? 0 : 2;
}

/*
 * It cannot let go of mmap_lock, so only another process can serve it; and it can
 * be killed while it waits.
 */
TEST_F(file, proc_mem)
{
	struct test_vmo *vmo = new_vmo(4);
	struct server s;
	pid_t pid;

	pid = child_start(read_proc_mem, vmo);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(vmo_wait_blocked(vmo, 1));
	ASSERT_TRUE(child_kill(pid));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 0));
	ASSERT_TRUE(server_start(&s, &self->p));
	pid = child_start(read_proc_mem, vmo);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(child_wait(pid, 0));
	EXPECT_TRUE(server_end(&s));
	EXPECT_EQ(2, s.pages);
}

/* A system call whose arguments lie in a missing page. */
static int stat_path_in_vmo(struct test_thread *t)
{
	struct stat st;

	return stat(t->arg, &st) ? errno : 0;
}

TEST_F(file, path_in_missing_page)
{
	struct test_vmo *vmo = new_vmo(2);
	char *page = map_anon(1);

	strcpy(page + 100, "/proc/self/status");
	self->t[0].arg = vmo->map + page_size + 100;
	ASSERT_TRUE(thread_start(&self->t[0], stat_path_in_vmo));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, 1));
	test_zxp(supply_pages, self->p.fd, vmo->fd, page_size, page_size, page);
	ASSERT_TRUE(thread_wait(&self->t[0]));
}

/* The source of a supply lies in another VMO that is served as well. */
static int supply_from_vmo(struct test_thread *t)
{
	return -zxp_supply_pages(t->vmo->pager->fd, t->vmo->fd, 0, page_size,
				 t->arg);
}

TEST_F(file, source_in_missing_page)
{
	struct test_vmo *vmo = new_vmo(2), *from = new_vmo(2);

	self->t[0].vmo = vmo;
	self->t[0].arg = from->map + page_size;
	ASSERT_TRUE(thread_start(&self->t[0], supply_from_vmo));
	ASSERT_TRUE(pager_wait_read(&self->p, from, 1, 1));
	ASSERT_TRUE(pager_supply(&self->p, from, 1, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(0, memcmp(vmo->map, from->map + page_size, page_size));
}

static int supply_from_self(void *arg)
{
	struct test_vmo *vmo = arg;

	return zxp_supply_pages(vmo->pager->fd, vmo->fd, 0, page_size, vmo->map) ?
		1 : 0;
}

/* A daemon that takes the content from what it has to supply hangs, killably. */
TEST_F(file, source_in_own_page)
{
	struct test_vmo *vmo = new_vmo(2);
	pid_t pid = child_start(supply_from_self, vmo);

	ASSERT_LT(0, pid);
	ASSERT_TRUE(vmo_wait_blocked(vmo, 1));
	ASSERT_TRUE(child_kill(pid));
	EXPECT_EQ(0, vmo_info(vmo).out_waiting);
	ASSERT_TRUE(thread_check_vmo(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
}

TEST_F(file, loop_device)
{
	struct test_vmo *vmo = new_vmo(64);
	char path[32], *buf = map_anon(64);
	struct server s;
	int loop, ro = reopen(vmo->fd, O_RDONLY);

	loop = loop_over(ro, LO_FLAGS_READ_ONLY, path);
	if (loop == -ENODEV)
		SKIP(return, "no loop devices here");
	ASSERT_LE(0, loop);
	ASSERT_TRUE(server_start(&s, &self->p));
	EXPECT_EQ((ssize_t)BYTES(64), pread(loop, buf, BYTES(64), 0));
	EXPECT_TRUE(server_end(&s));
	EXPECT_TRUE(vmo_matches(vmo, 0, 64, buf));
	EXPECT_LE(1, vmo_info(vmo).out_read_packets);
	ASSERT_EQ(0, loop_end(loop));
	close(ro);
}

TEST_F(file, loop_device_fails)
{
	struct test_vmo *vmo = new_vmo(64);
	char path[32], *buf = map_anon(64);
	int loop, ro = reopen(vmo->fd, O_RDONLY);

	loop = loop_over(ro, LO_FLAGS_READ_ONLY, path);
	if (loop == -ENODEV)
		SKIP(return, "no loop devices here");
	ASSERT_LE(0, loop);
	ASSERT_TRUE(pager_detach(&self->p, vmo));
	EXPECT_EQ(-1, pread(loop, buf, BYTES(1), 0));
	EXPECT_EQ(EIO, errno);
	ASSERT_EQ(0, loop_end(loop));
	close(ro);
}

static int read_to_vmo(struct test_thread *t)
{
	ssize_t n = read(*(int *)t->arg, t->vmo->map, BYTES(2));

	return n == (ssize_t)BYTES(2) ? 0 : n < 0 ? errno : EIO;
}

/* O_DIRECT into missing pages: they are pinned, so they are asked for first. */
TEST_F(file, direct_io_into_mapping)
{
	struct test_vmo *vmo = new_vmo(4), *disk = new_vmo(64);
	int loop, direct;
	char path[32];

	ASSERT_TRUE(pager_supply(&self->p, disk, 0, 64));
	loop = loop_over(disk->fd, 0, path);
	if (loop == -ENODEV)
		SKIP(return, "no loop devices here");
	ASSERT_LE(0, loop);
	direct = open(path, O_RDONLY | O_DIRECT);
	ASSERT_LE(0, direct);
	self->t[0].vmo = vmo;
	self->t[0].arg = &direct;
	ASSERT_TRUE(thread_start(&self->t[0], read_to_vmo));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(vmo_matches(disk, 0, 2, vmo->map));
	/* It was written to, so nothing throws it away. */
	ASSERT_TRUE(drop_caches(1));
	EXPECT_TRUE(vmo_matches(disk, 0, 2, vmo->map));
	close(direct);
	ASSERT_EQ(0, loop_end(loop));
}

TEST_F(file, fdinfo)
{
	struct test_vmo *vmo = new_vmo(4);
	int plain = zxp_create_plain(self->p.fd, BYTES(2));

	ASSERT_LE(0, plain);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	EXPECT_EQ(0, fdinfo_number(self->p.port, "zxpager-packets"));
	EXPECT_EQ(0, fdinfo_number(self->p.fd, "zxpager-packets"));
	ASSERT_TRUE(thread_check_vmo(&self->t[0], vmo, 2, 1));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 1));
	EXPECT_EQ(1, fdinfo_number(self->p.port, "zxpager-packets"));
	EXPECT_EQ(-1, fdinfo_number(vmo->fd, "zxpager-key"));
	EXPECT_EQ((long long)BYTES(4), fdinfo_number(vmo->fd, "zxpager-size"));
	EXPECT_EQ((long long)BYTES(2), fdinfo_number(vmo->fd, "zxpager-resident"));
	EXPECT_EQ(1, fdinfo_number(vmo->fd, "zxpager-waiting"));
	EXPECT_EQ(1, fdinfo_number(vmo->fd, "zxpager-requests"));
	EXPECT_EQ(0, fdinfo_number(vmo->fd, "zxpager-dirty"));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 2, 2));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(0, fdinfo_number(vmo->fd, "zxpager-waiting"));
	EXPECT_EQ((long long)BYTES(4), fdinfo_number(vmo->fd, "zxpager-resident"));
	EXPECT_EQ((long long)BYTES(2), fdinfo_number(plain, "zxpager-size"));
	close(plain);
}

static uint64_t blocks(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? UINT64_MAX : (uint64_t)st.st_blocks * 512;
}

/* What a file has in store, in memory or not: archivers do not read one without blocks. */
TEST_F(file, blocks)
{
	struct test_vmo *vmo = pager_create_vmo_flags(&self->p, BYTES(8) - 100,
						      ZXP_VMO_RESIZABLE, 0);
	int plain = zxp_create_plain(self->p.fd, BYTES(4));
	char byte = 1;

	ASSERT_NE(NULL, vmo);
	ASSERT_LE(0, plain);
	EXPECT_EQ(BYTES(8), blocks(vmo->fd));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	EXPECT_EQ(BYTES(8), blocks(vmo->fd));
	/* Zeroes are not: the daemon's, a client's, and those of a file that grows. */
	ASSERT_TRUE(pager_supply_zero(&self->p, vmo, 1, 2));
	EXPECT_EQ(BYTES(6), blocks(vmo->fd));
	ASSERT_TRUE(vmo_zero(vmo, 4, 1));
	EXPECT_EQ(BYTES(5), blocks(vmo->fd));
	ASSERT_EQ(1, pwrite(vmo->fd, &byte, 1, BYTES(4)));
	EXPECT_EQ(BYTES(6), blocks(vmo->fd));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 7, 1));
	ASSERT_TRUE(vmo_resize(vmo, 20));
	EXPECT_EQ(BYTES(6), blocks(vmo->fd));
	ASSERT_TRUE(vmo_resize(vmo, 3));
	EXPECT_EQ(BYTES(1), blocks(vmo->fd));
	/* What has been stored is there, if only as a hole. */
	ASSERT_TRUE(vmo_resize(vmo, 6));
	EXPECT_EQ(BYTES(1), blocks(vmo->fd));
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, 6));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 6));
	EXPECT_EQ(BYTES(4), blocks(vmo->fd));

	/* What is behind the stream has nothing to do with it. */
	vmo = pager_create_vmo_flags(&self->p, BYTES(4), ZXP_VMO_UNBOUNDED, 0);
	ASSERT_NE(NULL, vmo);
	ASSERT_EQ(0, zxp_vmo_zero(vmo->fd, BYTES(2), BYTES(8)));
	EXPECT_EQ(BYTES(2), blocks(vmo->fd));
	ASSERT_EQ(0, zxp_vmo_zero(vmo->fd, BYTES(20), BYTES(1)));
	EXPECT_EQ(BYTES(2), blocks(vmo->fd));

	EXPECT_EQ(0, blocks(plain));
	ASSERT_EQ(1, pwrite(plain, &byte, 1, BYTES(2)));
	EXPECT_EQ(BYTES(1), blocks(plain));
	close(plain);
}

TEST_HARNESS_MAIN

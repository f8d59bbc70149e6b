// SPDX-License-Identifier: GPL-2.0
/*
 * What others see of a VMO's inode: times, notifications, its mode, and what limits the
 * size of a file. The calls of a VMO are like those of any file in this.
 */
#define _GNU_SOURCE
#include <linux/falloc.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "kselftest_harness.h"
#include "lib/client.h"
#include "lib/fixture.h"

#define BYTES(pages)	((pages) * page_size)
#define STRANGER	1000

PAGER_FIXTURE(inode);

static int64_t ns(const struct timespec *ts)
{
	return ts->tv_sec * 1000000000LL + ts->tv_nsec;
}

/* As times of files are taken. */
static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME_COARSE, &ts);
	return ns(&ts);
}

static int64_t mtime(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? -1 : ns(&st.st_mtim);
}

static int watch(int fd)
{
	int notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return inotify_add_watch(notify, path, IN_MODIFY) < 0 ? -1 : notify;
}

static bool notified(int notify)
{
	char buf[4096];

	return read(notify, buf, sizeof(buf)) > 0;
}

/* @call changes the VMO, and that is to be seen. */
#define expect_seen(call) do {						\
	struct timespec __past[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };	\
									\
	ASSERT_EQ(0, futimens(vmo->fd, __past));			\
	notified(notify);						\
	EXPECT_EQ(0, call);						\
	EXPECT_LT(1000000000LL, mtime(vmo->fd));			\
	EXPECT_TRUE(notified(notify));					\
} while (0)

TEST_F(inode, changes_are_seen)
{
	struct test_vmo *vmo = new_vmo_options(8, ZXP_VMO_RESIZABLE);
	char byte = 1;
	int notify = watch(vmo->fd);
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", vmo->fd);
	ASSERT_LE(0, notify);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 8));
	expect_seen(zxp_vmo_write(vmo->fd, 100, 1, &byte));
	expect_seen(zxp_vmo_op_range(vmo->fd, ZXP_VMO_OP_ZERO, BYTES(1), BYTES(2)));
	expect_seen(zxp_vmo_op_range(vmo->fd, ZXP_VMO_OP_ZERO, 10, 20));
	expect_seen(zxp_set_stream_size(vmo->fd, BYTES(6)));
	expect_seen(zxp_set_stream_size(vmo->fd, BYTES(7)));
	expect_seen(ftruncate(vmo->fd, BYTES(5)));
	/* It does not tell the file system of times by itself. */
	expect_seen(truncate(path, BYTES(4)));
	expect_seen(fallocate(vmo->fd, FALLOC_FL_ZERO_RANGE, 0, BYTES(1)));
	/* And who only looks changes nothing. */
	EXPECT_EQ(0, zxp_vmo_read(vmo->fd, 100, 1, &byte));
	EXPECT_EQ(0, zxp_vmo_op_range(vmo->fd, ZXP_VMO_OP_PREFETCH, 0, BYTES(4)));
	EXPECT_FALSE(notified(notify));
	close(notify);
}

/* In a child, whom limits do not hurt. */
static int limited(int (*fn)(struct test_vmo *vmo), struct test_vmo *vmo)
{
	struct rlimit limit = { BYTES(4), BYTES(4) };
	int status;
	pid_t pid = fork();

	if (!pid) {
		signal(SIGXFSZ, SIG_IGN);
		_exit(setrlimit(RLIMIT_FSIZE, &limit) ? 255 : fn(vmo));
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static int to_eight(struct test_vmo *vmo)
{
	return -zxp_set_stream_size(vmo->fd, BYTES(8));
}

static int to_four(struct test_vmo *vmo)
{
	return -zxp_set_stream_size(vmo->fd, BYTES(4));
}

static int zero_to_eight(struct test_vmo *vmo)
{
	return fallocate(vmo->fd, FALLOC_FL_ZERO_RANGE, 0, BYTES(8)) ? errno : 0;
}

static int zero_inside(struct test_vmo *vmo)
{
	return fallocate(vmo->fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 0,
			 BYTES(8)) ? errno : 0;
}

static int truncate_to_eight(struct test_vmo *vmo)
{
	return ftruncate(vmo->fd, BYTES(8)) ? errno : 0;
}

static int write_behind(struct test_vmo *vmo)
{
	return pwrite(vmo->fd, "x", 1, BYTES(7)) == 1 ? 0 : errno;
}

TEST_F(inode, file_size_limit)
{
	struct test_vmo *vmo = pager_create_vmo_flags(&self->p, 0, ZXP_VMO_UNBOUNDED, 0);

	ASSERT_NE(NULL, vmo);
	EXPECT_EQ(EFBIG, limited(to_eight, vmo));
	EXPECT_EQ(EFBIG, limited(zero_to_eight, vmo));
	EXPECT_EQ(EFBIG, limited(truncate_to_eight, vmo));
	EXPECT_EQ(EFBIG, limited(write_behind, vmo));
	EXPECT_EQ(0, vmo_info(vmo).out_stream_size);
	EXPECT_EQ(0, limited(zero_inside, vmo));
	EXPECT_EQ(0, limited(to_four, vmo));
	EXPECT_EQ(BYTES(4), vmo_info(vmo).out_stream_size);
}

/*
 * A truncation by somebody else waits for the daemon. What its owner changes meanwhile
 * stays so, and its time is that of its end.
 */
TEST_F(inode, truncation_undoes_nothing)
{
	struct test_vmo *vmo = new_vmo_options(8, ZXP_VMO_RESIZABLE);
	struct stat st;
	int64_t end;
	int status;
	pid_t pid;

	ASSERT_EQ(0, fchown(vmo->fd, STRANGER, STRANGER));
	ASSERT_EQ(0, fchmod(vmo->fd, 06666));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		if (setresgid(STRANGER, STRANGER, STRANGER) ||
		    setresuid(STRANGER, STRANGER, STRANGER))
			_exit(255);
		_exit(ftruncate(vmo->fd, BYTES(3) + 100) ? errno : 0);
	}
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 3, 1));
	ASSERT_EQ(0, fchmod(vmo->fd, 0600));
	ASSERT_EQ(0, fchown(vmo->fd, STRANGER, 0));
	/* The clock of files moves on. */
	end = now_ns();
	ASSERT_TRUE(wait_until(now_ns() > end));
	end = now_ns();
	ASSERT_TRUE(pager_supply(&self->p, vmo, 3, 1));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	ASSERT_EQ(0, fstat(vmo->fd, &st));
	EXPECT_EQ(S_IFREG | 0600, st.st_mode);
	EXPECT_EQ(0, st.st_gid);
	EXPECT_EQ((off_t)(BYTES(3) + 100), st.st_size);
	EXPECT_LE(end, ns(&st.st_mtim));
	EXPECT_LE(end, ns(&st.st_ctim));
}

/* A VMO is not executed, so there is nothing that a truncation would have to take away. */
TEST_F(inode, no_set_id_bits)
{
	struct test_vmo *vmo = new_vmo(1);
	struct stat st;

	ASSERT_EQ(0, fchmod(vmo->fd, 06755));
	ASSERT_EQ(0, fstat(vmo->fd, &st));
	EXPECT_EQ(S_IFREG | 0755, st.st_mode);
}

TEST_HARNESS_MAIN

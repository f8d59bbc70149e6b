// SPDX-License-Identifier: GPL-2.0
/*
 * How large a VMO may become: limits of who writes, and of who made it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/falloc.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "kselftest_harness.h"
#include "lib/client.h"
#include "lib/fixture.h"

#define BYTES(pages)	((pages) * page_size)
#define MAX		(BYTES(3) + 100)

static int too_large;

static void on_too_large(int signal)
{
	too_large += signal == SIGXFSZ;
}

PAGER_FIXTURE(limits);

/* Returns what *@arg says, or fails with that errno. */
static int append(struct test_thread *t)
{
	int fd = reopen(t->vmo->fd, O_WRONLY | O_APPEND), rc;

	if (fd < 0)
		return errno;
	rc = write(fd, "append", 6);
	if (rc < 0)
		rc = errno;
	close(fd);
	return rc == *(int *)t->arg ? 0 : rc ?: ENODATA;
}

static int write_behind(struct test_thread *t)
{
	return pwrite(t->vmo->fd, "12345", t->nr, BYTES(2)) == (ssize_t)t->nr ? 0 : EIO;
}

/*
 * The end moves while an append waits: it is written there as far as the limit goes, and
 * fails if that does not go farther.
 */
TEST_F(limits, append_that_has_moved)
{
	static const struct {
		uint64_t other;		/* bytes that somebody else writes */
		int result;
		int signals;
	} cases[] = { { 3, 2, 0 }, { 4, 1, 0 }, { 5, EFBIG, 1 } };
	struct rlimit old, limit;

	ASSERT_TRUE(signal(SIGXFSZ, on_too_large) != SIG_ERR);
	ASSERT_EQ(0, getrlimit(RLIMIT_FSIZE, &old));
	limit = old;
	limit.rlim_cur = BYTES(2) + 5;
	ASSERT_EQ(0, setrlimit(RLIMIT_FSIZE, &limit));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct test_vmo *vmo = pager_create_vmo_flags(&self->p, BYTES(1),
							      ZXP_VMO_UNBOUNDED |
							      ZXP_VMO_TRAP_DIRTY, 0);
		int want = cases[i].result;
		uint64_t end;

		ASSERT_NE(NULL, vmo);
		too_large = 0;
		self->t[0].vmo = vmo;
		self->t[0].arg = &want;
		ASSERT_TRUE(thread_start(&self->t[0], append));
		ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 1, 1));
		self->t[1].vmo = vmo;
		self->t[1].nr = cases[i].other;
		ASSERT_TRUE(thread_start(&self->t[1], write_behind));
		ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 2, 1));
		ASSERT_TRUE(pager_dirty(&self->p, vmo, 2, 1));
		ASSERT_TRUE(thread_wait(&self->t[1]));
		ASSERT_TRUE(pager_dirty(&self->p, vmo, 1, 1));
		ASSERT_TRUE(thread_wait(&self->t[0]));
		end = BYTES(2) + cases[i].other + (want == EFBIG ? 0 : want);
		EXPECT_EQ(end, vmo_info(vmo).out_stream_size);
		EXPECT_EQ(cases[i].signals, too_large);
		vmo_release(vmo);
		ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));
	}
	ASSERT_EQ(0, setrlimit(RLIMIT_FSIZE, &old));
	ASSERT_TRUE(signal(SIGXFSZ, SIG_DFL) != SIG_ERR);
}

/* A VMO with a largest size; its number, or -errno. */
static int create_max(struct user_pager *p, uint32_t options, uint32_t flags,
		      uint64_t size, uint64_t max)
{
	struct zxp_create_vmo arg = {
		.size = sizeof(arg), .options = options, .flags = flags,
		.port_fd = ZXP_PORT_OWN, .key = flags & ZXP_CREATE_PLAIN ? 0 : 1,
		.vmo_size = size, .max_size = max,
	};
	int rc = zxp_ioctl(p->fd, ZXP_IOC_CREATE_VMO, &arg);

	return rc ?: arg.out_fd;
}

static uint64_t size_of(int fd)
{
	struct zxp_vmo_info info;

	return zxp_vmo_get_info(fd, &info) ? UINT64_MAX : info.out_stream_size;
}

#define expect_efbig(call) do {						\
	uint64_t __size = size_of(fd);					\
									\
	EXPECT_EQ(-1, call);						\
	EXPECT_EQ(EFBIG, errno);					\
	EXPECT_EQ(__size, size_of(fd));					\
} while (0)

FIXTURE(largest)
{
	struct user_pager p;
};

FIXTURE_VARIANT(largest)
{
	uint32_t options;
};

FIXTURE_VARIANT_ADD(largest, Resizable)
{
	.options = ZXP_VMO_RESIZABLE,
};

FIXTURE_VARIANT_ADD(largest, Unbounded)
{
	.options = ZXP_VMO_UNBOUNDED,
};

FIXTURE_SETUP(largest)
{
	ASSERT_TRUE(user_pager_init(&self->p));
	ASSERT_TRUE(signal(SIGXFSZ, on_too_large) != SIG_ERR);
	too_large = 0;
}

FIXTURE_TEARDOWN(largest)
{
	/* Nobody is killed for a limit that is not the caller's. */
	EXPECT_EQ(0, too_large);
	user_pager_fini(&self->p);
}

TEST_F(largest, each_way_to_grow)
{
	int fd = create_max(&self->p, variant->options, 0, 0, MAX), end;
	char buf[2 * 4096] = { 'a' };

	ASSERT_LE(0, fd);
	expect_efbig(ftruncate(fd, MAX + 1));
	expect_efbig(ftruncate(fd, INT64_MAX / 4));
	expect_efbig(pwrite(fd, buf, 1, MAX));
	expect_efbig(fallocate(fd, FALLOC_FL_ZERO_RANGE, 0, MAX + 1));
	/* A write is short, and then it fails. */
	EXPECT_EQ((ssize_t)page_size + 100, pwrite(fd, buf, BYTES(2), BYTES(2)));
	EXPECT_EQ(MAX, size_of(fd));
	expect_efbig(pwrite(fd, buf, 1, MAX));
	end = reopen(fd, O_WRONLY | O_APPEND);
	ASSERT_LE(0, end);
	expect_efbig(write(end, buf, 1));
	ASSERT_EQ(0, ftruncate(fd, MAX - 1));
	EXPECT_EQ(1, write(end, buf, 2));
	ASSERT_EQ(0, ftruncate(fd, 0));
	ASSERT_EQ(0, ftruncate(fd, MAX));
	ASSERT_EQ(0, ftruncate(fd, 0));
	ASSERT_EQ(0, fallocate(fd, FALLOC_FL_ZERO_RANGE, 0, MAX));
	EXPECT_EQ(MAX, size_of(fd));
	/* What does not make it larger may go on. */
	EXPECT_EQ(0, fallocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 0,
			       BYTES(8)));
	close(end);
	close(fd);
}

TEST_F(largest, stream_size)
{
	int fd = create_max(&self->p, variant->options, 0, 0, MAX);

	ASSERT_LE(0, fd);
	if (variant->options & ZXP_VMO_RESIZABLE)
		ASSERT_EQ(0, ftruncate(fd, MAX));
	EXPECT_EQ(-EFBIG, zxp_set_stream_size(fd, MAX + 1));
	EXPECT_EQ(0, zxp_set_stream_size(fd, 100));
	EXPECT_EQ(0, zxp_set_stream_size(fd, MAX));
	EXPECT_EQ(MAX, size_of(fd));
	close(fd);
}

/* It is what was there, at least, and not for what has no daemon. */
TEST_F(largest, created)
{
	uint32_t options = variant->options;
	int fd;

	EXPECT_EQ(-ERANGE, create_max(&self->p, options, 0, MAX + 1, MAX));
	EXPECT_EQ(-EINVAL, create_max(&self->p, 0, ZXP_CREATE_PLAIN, BYTES(1), BYTES(1)));
	fd = create_max(&self->p, options, 0, BYTES(3), BYTES(3));
	ASSERT_LE(0, fd);
	expect_efbig(ftruncate(fd, BYTES(3) + 1));
	close(fd);
	/* 0 is none, and so is more than a VMO can be. */
	fd = create_max(&self->p, options, 0, BYTES(3), 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, ftruncate(fd, BYTES(3) + 1));
	close(fd);
	fd = create_max(&self->p, options, 0, BYTES(3), UINT64_MAX);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, ftruncate(fd, BYTES(3) + 1));
	close(fd);
}

TEST_HARNESS_MAIN

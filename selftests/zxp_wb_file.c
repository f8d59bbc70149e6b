// SPDX-License-Identifier: GPL-2.0
/*
 * Writing to a VMO by the calls of files: splice() and its kin, appending, writing
 * without waiting, how much is asked for at once, and fallocate().
 */
#define _GNU_SOURCE
#include <linux/falloc.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "kselftest_harness.h"
#include "lib/client.h"
#include "lib/fixture.h"

#define BYTES(pages)	((pages) * page_size)
#define BATCH		"/sys/module/zxpager/parameters/write_batch"

TRAP_FIXTURE(wb_file);
PAGER_FIXTURE(wb_trap);

#define new_trapping(pages) ({						\
	struct test_vmo *__v = new_vmo_options(pages,			\
					       ZXP_VMO_TRAP_DIRTY);	\
									\
	ASSERT_TRUE(pager_supply(&self->p, __v, 0, pages));		\
	__v;								\
})

/* Clean pages, all there. */
#define new_full_vmo(pages) ({						\
	struct test_vmo *__v = new_trap_vmo(pages);			\
									\
	ASSERT_TRUE(pager_supply(&self->p, __v, 0, pages));		\
	__v;								\
})

/* WRITTEN of some pages comes out of a file or a pipe and goes into the VMO. */
struct inflow {
	struct test_vmo *vmo;
	uint64_t page, nr;
};

static int fill_file(struct inflow *in)
{
	int fd = memfd_create("zxp", MFD_CLOEXEC);
	char *buf = map_anon(in->nr);

	fill_written(in->vmo, in->page, in->nr, buf);
	if (fd < 0 || write(fd, buf, BYTES(in->nr)) != (ssize_t)BYTES(in->nr))
		abort();
	munmap(buf, BYTES(in->nr));
	return fd;
}

static int outcome(struct inflow *in, ssize_t n)
{
	return n == (ssize_t)BYTES(in->nr) ? 0 : n < 0 ? errno : EIO;
}

static int by_splice(struct test_thread *t)
{
	struct inflow *in = t->arg;
	int fd = fill_file(in), fds[2];
	loff_t from = 0, to = BYTES(in->page);
	ssize_t n, sum = 0;

	if (pipe(fds))
		return errno;
	if (splice(fd, &from, fds[1], NULL, BYTES(in->nr), 0) != (ssize_t)BYTES(in->nr))
		return EIO;
	do {
		n = splice(fds[0], NULL, in->vmo->fd, &to, BYTES(in->nr) - sum, 0);
		sum += n > 0 ? n : 0;
	} while (n > 0 && sum < (ssize_t)BYTES(in->nr));
	n = n < 0 ? n : sum;
	n = outcome(in, n);
	close(fd);
	close(fds[0]);
	close(fds[1]);
	return n;
}

static int by_sendfile(struct test_thread *t)
{
	struct inflow *in = t->arg;
	int fd = fill_file(in), to = reopen(in->vmo->fd, O_WRONLY), rc;
	off_t from = 0;

	if (lseek(to, BYTES(in->page), SEEK_SET) < 0)
		return errno;
	rc = outcome(in, sendfile(to, fd, &from, BYTES(in->nr)));
	close(fd);
	close(to);
	return rc;
}

static int by_copy_range(struct test_thread *t)
{
	struct inflow *in = t->arg;
	int plain = zxp_create_plain(in->vmo->pager->fd, BYTES(in->nr)), rc;
	char *buf = map_anon(in->nr);
	loff_t from = 0, to = BYTES(in->page);

	fill_written(in->vmo, in->page, in->nr, buf);
	if (pwrite(plain, buf, BYTES(in->nr), 0) != (ssize_t)BYTES(in->nr))
		return EIO;
	rc = outcome(in, copy_file_range(plain, &from, in->vmo->fd, &to,
					 BYTES(in->nr), 0));
	close(plain);
	return rc;
}

static int by_pwritev(struct test_thread *t)
{
	struct inflow *in = t->arg;
	char *buf = map_anon(in->nr);
	struct iovec iov[2] = {
		{ buf, 100 },
		{ buf + 100, BYTES(in->nr) - 100 },
	};

	fill_written(in->vmo, in->page, in->nr, buf);
	return outcome(in, pwritev(in->vmo->fd, iov, 2, BYTES(in->page)));
}

/* The source is a mapping of the same VMO, whose pages are missing as well. */
static int by_own_mapping(struct test_thread *t)
{
	struct inflow *in = t->arg;

	return outcome(in, pwrite(in->vmo->fd, in->vmo->map + BYTES(in->page + 8),
				  BYTES(in->nr), BYTES(in->page)));
}

/* DIRTY packets come for these pages, in whatever runs, and for no others. */
#define grant_all(vmo, from, count) do {				\
	uint64_t __at, __n, __left = variant->trap ? (count) : 0;	\
									\
	while (__left) {						\
		ASSERT_TRUE(pager_wait_any_dirty(&self->p, vmo, &__at, &__n)); \
		EXPECT_EQ((from) + (count) - __left, __at);		\
		ASSERT_GE(__left, __n);					\
		ASSERT_TRUE(pager_dirty(&self->p, vmo, __at, __n));	\
		__left -= __n;						\
	}								\
} while (0)

TEST_F(wb_file, inflows)
{
	static const access_fn ways[] = {
		by_splice, by_sendfile, by_copy_range, by_pwritev,
	};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct test_vmo *vmo = new_full_vmo(8);
		struct inflow in = { vmo, 2, 4 };

		self->t[0].arg = &in;
		ASSERT_TRUE(thread_start(&self->t[0], ways[i]));
		grant_all(vmo, 2UL, 4UL);
		ASSERT_TRUE(thread_wait(&self->t[0])) {
			TH_LOG("way %zu", i);
		}
		EXPECT_TRUE(is_dirty(vmo, DATA(2, 4)));
		EXPECT_TRUE(vmo_has(vmo, 2, 4, WRITTEN));
		EXPECT_TRUE(vmo_has(vmo, 0, 2, SUPPLIED));
		EXPECT_TRUE(vmo_has(vmo, 6, 2, SUPPLIED));
		EXPECT_TRUE(pager_idle(&self->p));
	}
}

TEST_F(wb_file, inflow_from_own_mapping)
{
	struct test_vmo *vmo = new_trap_vmo(16);
	struct inflow in = { vmo, 1, 4 };
	struct server s;

	ASSERT_TRUE(server_start(&s, &self->p));
	self->t[0].arg = &in;
	ASSERT_TRUE(thread_start(&self->t[0], by_own_mapping));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(server_end(&s));
	EXPECT_EQ(0, memcmp(vmo->map + BYTES(1), vmo->map + BYTES(9), BYTES(4)));
	EXPECT_TRUE(vmo_has(vmo, 9, 4, SUPPLIED));
	EXPECT_TRUE(is_dirty(vmo, DATA(1, 4)));
	EXPECT_EQ(8, s.pages);
	EXPECT_EQ(variant->trap, !!s.dirties);
}

/* Refused in the middle: what was written before counts, nothing after it. */
TEST_F(wb_trap, short_write)
{
	struct test_vmo *vmo = new_trapping(8);
	struct client *c = client_new(ACC_PWRITE, vmo, 0, 6);

	ASSERT_TRUE(client_thread(c));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 6));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 2));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 2, 4, ENOSPC));
	/* The end of the first request; the second one starts with page 2. */
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 2, 4));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 2, 4, ENOSPC));
	ASSERT_TRUE(client_end(c));
	EXPECT_EQ((long)BYTES(2), c->ret);
	EXPECT_TRUE(is_dirty(vmo, DATA(0, 2)));
	EXPECT_TRUE(vmo_has(vmo, 2, 6, SUPPLIED));
}

TEST_F(wb_file, nowait)
{
	struct test_vmo *vmo = new_full_vmo(4);
	char *buf = map_anon(3);
	struct iovec iov = { buf, BYTES(3) };

	memset(buf, 0x5a, BYTES(3));
	if (!variant->trap) {
		EXPECT_EQ((ssize_t)BYTES(3),
			  pwritev2(vmo->fd, &iov, 1, 0, RWF_NOWAIT));
		EXPECT_TRUE(is_dirty(vmo, DATA(0, 3)));
		return;
	}
	EXPECT_EQ(-1, pwritev2(vmo->fd, &iov, 1, 0, RWF_NOWAIT));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_TRUE(is_clean(vmo));
	EXPECT_TRUE(pager_idle(&self->p));
	/* As far as it goes without asking. */
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 2));
	EXPECT_EQ((ssize_t)BYTES(2), pwritev2(vmo->fd, &iov, 1, 0, RWF_NOWAIT));
	EXPECT_TRUE(is_dirty(vmo, DATA(0, 2)));
	EXPECT_EQ(0, memcmp(vmo->map, buf, BYTES(2)));
	EXPECT_TRUE(vmo_has(vmo, 2, 2, SUPPLIED));
	EXPECT_TRUE(pager_idle(&self->p));
	/* Awaiting clean is as clean. */
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, 2));
	EXPECT_EQ(-1, pwritev2(vmo->fd, &iov, 1, 0, RWF_NOWAIT));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_TRUE(pager_idle(&self->p));
}

/* One write() of @nr clean pages asks for them @batch at a time. */
#define expect_batches(nr, batch) do {					\
	struct test_vmo *__v = new_trapping(nr);			\
									\
	ASSERT_TRUE(thread_write_file(&self->t[0], __v, 0, nr));	\
	for (uint64_t __i = 0; __i < (nr); __i += (batch)) {		\
		uint64_t __n = (nr) - __i < (batch) ? (nr) - __i : (batch); \
									\
		ASSERT_TRUE(pager_wait_dirty(&self->p, __v, __i, __n));	\
		ASSERT_TRUE(pager_dirty(&self->p, __v, __i, __n));	\
	}								\
	ASSERT_TRUE(thread_wait(&self->t[0]));				\
	EXPECT_TRUE(is_dirty(__v, DATA(0, nr)));			\
	EXPECT_TRUE(pager_idle(&self->p));				\
} while (0)

TEST_F(wb_trap, write_batch)
{
	ASSERT_EQ(16, read_number(BATCH));
	expect_batches(40UL, 16UL);
	ASSERT_EQ(0, write_file(BATCH, "4"));
	expect_batches(10UL, 4UL);
	ASSERT_EQ(0, write_file(BATCH, "1"));
	expect_batches(3UL, 1UL);
	ASSERT_EQ(0, write_file(BATCH, "256"));
	expect_batches(100UL, 256UL);
	ASSERT_EQ(0, write_file(BATCH, "16"));
}

static int append(struct test_thread *t)
{
	int fd = reopen(t->vmo->fd, O_WRONLY | O_APPEND);
	char line[100];
	int i;

	memset(line, (int)(intptr_t)t->arg, sizeof(line));
	for (i = 0; i < 100; i++)
		if (write(fd, line, sizeof(line)) != sizeof(line))
			return EIO;
	close(fd);
	return 0;
}

/* Four who append: each of their lines is there, whole, and no page was read. */
TEST_F(wb_file, appenders)
{
	struct test_vmo *vmo = new_trap_vmo(0);
	size_t size = 4 * 100 * 100;
	unsigned int lines[4] = { 0 };
	char *buf = map_anon(16);
	struct server s;

	ASSERT_TRUE(server_start(&s, &self->p));
	for (intptr_t i = 0; i < 4; i++) {
		self->t[i].vmo = vmo;
		self->t[i].arg = (void *)('a' + i);
		ASSERT_TRUE(thread_start(&self->t[i], append));
	}
	for (int i = 0; i < 4; i++) {
		ASSERT_TRUE(thread_wait(&self->t[i]));
	}
	ASSERT_TRUE(server_end(&s));
	EXPECT_EQ(0, s.reads);
	EXPECT_EQ(variant->trap, !!s.dirties);
	EXPECT_EQ(size, vmo_info(vmo).out_stream_size);
	ASSERT_EQ((ssize_t)size, pread(vmo->fd, buf, BYTES(16), 0));
	for (size_t i = 0; i < size; i += 100) {
		for (int j = 1; j < 100; j++) {
			ASSERT_EQ(buf[i], buf[i + j]);
		}
		ASSERT_TRUE(buf[i] >= 'a' && buf[i] <= 'd');
		lines[buf[i] - 'a']++;
	}
	for (int i = 0; i < 4; i++) {
		EXPECT_EQ(100, lines[i]);
	}
	EXPECT_TRUE(is_dirty(vmo, DATA(0, 10)));
}

TEST_F(wb_file, zero_range)
{
	struct test_vmo *vmo = new_full_vmo(8);

	write_granted(vmo, 2, 2);
	ASSERT_EQ(0, fallocate(vmo->fd, FALLOC_FL_ZERO_RANGE, BYTES(1), BYTES(4)));
	EXPECT_TRUE(pager_idle(&self->p));
	EXPECT_TRUE(is_dirty(vmo, ZERO(1, 4)));
	EXPECT_TRUE(vmo_has(vmo, 1, 4, ZEROES));
	EXPECT_EQ(BYTES(4), vmo_info(vmo).out_zero_bytes);
	EXPECT_EQ(0, vmo_info(vmo).out_dirty_bytes);
	EXPECT_EQ(BYTES(4), vmo_info(vmo).out_resident);
	/* Also where nothing is, and without a change of the size. */
	ASSERT_EQ(0, posix_fadvise(vmo->fd, 0, 0, POSIX_FADV_DONTNEED));
	ASSERT_EQ(0, fallocate(vmo->fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
			       BYTES(5), BYTES(3)));
	EXPECT_TRUE(is_dirty(vmo, ZERO(1, 7)));
	EXPECT_EQ(BYTES(8), vmo_info(vmo).out_stream_size);
	write_granted(vmo, 3, 1);
	EXPECT_TRUE(is_dirty(vmo, ZERO(1, 2), DATA(3, 1), ZERO(4, 4)));
	EXPECT_TRUE(pager_idle(&self->p));
}

static int zero_bytes(struct test_thread *t)
{
	return fallocate(t->vmo->fd, FALLOC_FL_ZERO_RANGE, page_size - 10,
			 2 * page_size + 20) ? errno : 0;
}

/* What it clears of a page in part is a write like any other. */
TEST_F(wb_file, zero_range_in_part)
{
	struct test_vmo *vmo = new_full_vmo(4);

	self->t[0].vmo = vmo;
	ASSERT_TRUE(thread_start(&self->t[0], zero_bytes));
	if (variant->trap) {
		for (int i = 0; i < 2; i++) {
			uint64_t page, nr;

			ASSERT_TRUE(pager_wait_any_dirty(&self->p, vmo, &page, &nr));
			EXPECT_TRUE(page == 0 || page == 3);
			EXPECT_EQ(1, nr);
			ASSERT_TRUE(pager_dirty(&self->p, vmo, page, nr));
		}
	}
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(is_dirty(vmo, DATA(0, 1), ZERO(1, 2), DATA(3, 1)));
	EXPECT_TRUE(is_zero(vmo->map + BYTES(1) - 10, BYTES(2) + 20));
	EXPECT_TRUE(vmo_bytes_match(vmo, 0, vmo->map, BYTES(1) - 10));
	EXPECT_TRUE(vmo_bytes_match(vmo, BYTES(3) + 10, vmo->map + BYTES(3) + 10,
				    BYTES(1) - 10));
}

TEST_F(wb_file, fallocate_refused)
{
	static const int modes[] = {
		FALLOC_FL_COLLAPSE_RANGE,
		FALLOC_FL_INSERT_RANGE,
		FALLOC_FL_UNSHARE_RANGE,
	};
	struct test_vmo *vmo = new_full_vmo(4);
	int ro = reopen(vmo->fd, O_RDONLY);

	write_granted(vmo, 1, 1);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		EXPECT_EQ(-1, fallocate(vmo->fd, modes[i], BYTES(1), BYTES(2)));
		EXPECT_EQ(EOPNOTSUPP, errno) {
			TH_LOG("mode %#x", modes[i]);
		}
	}
	EXPECT_EQ(-1, fallocate(ro, FALLOC_FL_ZERO_RANGE, 0, BYTES(1)));
	EXPECT_EQ(EBADF, errno);
	close(ro);
	EXPECT_TRUE(is_dirty(vmo, DATA(1, 1)));
	EXPECT_TRUE(vmo_has(vmo, 2, 2, SUPPLIED));
	EXPECT_EQ(BYTES(4), vmo_info(vmo).out_stream_size);
}

/* The size in bytes of an unbounded VMO is what ftruncate() sets. */
TEST_F(wb_file, truncate_unbounded)
{
	struct test_vmo *vmo;
	struct stat st;
	char byte;

	vmo = pager_create_vmo_flags(&self->p, BYTES(4), ZXP_VMO_UNBOUNDED |
				     (variant->trap ? ZXP_VMO_TRAP_DIRTY : 0), 0);
	ASSERT_NE(NULL, vmo);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 4));
	ASSERT_EQ(0, ftruncate(vmo->fd, BYTES(10)));
	ASSERT_EQ(0, fstat(vmo->fd, &st));
	EXPECT_EQ((off_t)BYTES(10), st.st_size);
	EXPECT_EQ(BYTES(10), vmo_info(vmo).out_stream_size);
	EXPECT_LT(BYTES(1UL << 20), vmo_info(vmo).out_vmo_size);
	EXPECT_TRUE(is_dirty(vmo, ZERO(4, 6)));
	EXPECT_TRUE(vmo_has(vmo, 0, 4, SUPPLIED));
	EXPECT_TRUE(vmo_has(vmo, 4, 6, ZEROES));
	ASSERT_EQ(0, ftruncate(vmo->fd, BYTES(2)));
	EXPECT_TRUE(is_clean(vmo));
	EXPECT_EQ(0, pread(vmo->fd, &byte, 1, BYTES(2)));
	EXPECT_TRUE(vmo_has(vmo, 2, 8, ZEROES));
	EXPECT_TRUE(vmo_has(vmo, 0, 2, SUPPLIED));
	EXPECT_TRUE(pager_idle(&self->p));
}

/* What can grow does; zeroes are zeroes, whether there was something or not. */
TEST_F(wb_file, zero_range_beyond_the_end)
{
	uint32_t trap = variant->trap ? ZXP_VMO_TRAP_DIRTY : 0;
	struct test_vmo *vmo;

	vmo = pager_create_vmo_flags(&self->p, BYTES(4), ZXP_VMO_RESIZABLE | trap, 0);
	ASSERT_NE(NULL, vmo);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 4));
	ASSERT_EQ(0, fallocate(vmo->fd, FALLOC_FL_ZERO_RANGE, BYTES(3), BYTES(5)));
	EXPECT_EQ(BYTES(8), vmo_info(vmo).out_vmo_size);
	EXPECT_EQ(BYTES(8), vmo_info(vmo).out_stream_size);
	EXPECT_TRUE(is_dirty(vmo, ZERO(3, 5)));
	EXPECT_TRUE(vmo_has(vmo, 0, 3, SUPPLIED));
	EXPECT_TRUE(vmo_has(vmo, 3, 5, ZEROES));

	vmo = pager_create_vmo_flags(&self->p, BYTES(4), ZXP_VMO_UNBOUNDED | trap, 0);
	ASSERT_NE(NULL, vmo);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 4));
	ASSERT_EQ(0, fallocate(vmo->fd, FALLOC_FL_ZERO_RANGE, BYTES(6), BYTES(2)));
	EXPECT_EQ(BYTES(8), vmo_info(vmo).out_stream_size);
	EXPECT_TRUE(is_dirty(vmo, ZERO(4, 4)));
	EXPECT_TRUE(vmo_has(vmo, 0, 4, SUPPLIED));
	EXPECT_TRUE(vmo_has(vmo, 4, 4, ZEROES));
	EXPECT_TRUE(pager_idle(&self->p));
}

/* What ulimit -f allows holds for VMOs, too, whatever their size. */
TEST_F(wb_trap, file_size_limit)
{
	struct test_vmo *vmo = new_trapping(4);
	struct rlimit old, limit;
	char byte = 1;

	ASSERT_EQ(0, getrlimit(RLIMIT_FSIZE, &old));
	limit = old;
	limit.rlim_cur = BYTES(1);
	ASSERT_TRUE(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	ASSERT_EQ(0, setrlimit(RLIMIT_FSIZE, &limit));
	EXPECT_EQ(-1, pwrite(vmo->fd, &byte, 1, BYTES(1)));
	EXPECT_EQ(EFBIG, errno);
	ASSERT_EQ(0, setrlimit(RLIMIT_FSIZE, &old));
	EXPECT_TRUE(is_clean(vmo));
	EXPECT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN

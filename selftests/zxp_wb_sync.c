// SPDX-License-Identifier: GPL-2.0
/*
 * fsync() and its kin: with the option SYNC they ask the daemon and wait for its
 * answer; without it, and by what is not meant to wait, nobody is asked.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "kselftest_harness.h"
#include "lib/client.h"
#include "lib/fixture.h"

#define BYTES(pages)	((pages) * page_size)
#define PAGES		8

FIXTURE(wb_sync)
{
	struct user_pager p;
	struct test_thread t[MAX_THREADS];
	struct test_vmo *vmo;
};

/* All pages there, two of them dirty. */
FIXTURE_SETUP(wb_sync)
{
	ASSERT_TRUE(user_pager_init(&self->p));
	self->vmo = pager_create_vmo_flags(&self->p, BYTES(PAGES), 0,
					   ZXP_CREATE_SYNC);
	ASSERT_NE(NULL, self->vmo);
	ASSERT_TRUE(pager_supply(&self->p, self->vmo, 0, PAGES));
	ASSERT_TRUE(thread_write_vmo(&self->t[0], self->vmo, 1, 2));
	ASSERT_TRUE(thread_wait(&self->t[0]));
}

FIXTURE_TEARDOWN(wb_sync)
{
	user_pager_fini(&self->p);
}

static int no_error(int rc)
{
	return rc ? errno : 0;
}

/* @op is the descriptor, or 0 for the VMO's own. */
static int fd_of(struct test_thread *t)
{
	return t->op ? (int)t->op : t->vmo->fd;
}

static int do_fsync(struct test_thread *t)
{
	return no_error(fsync(fd_of(t)));
}

static int do_fdatasync(struct test_thread *t)
{
	return no_error(fdatasync(fd_of(t)));
}

static int do_msync(struct test_thread *t)
{
	return no_error(msync(t->vmo->map + BYTES(t->page), BYTES(t->nr), MS_SYNC));
}

/* A write to pages that are dirty already, so that it asks for nothing else. */
static int write_synced(struct test_thread *t, int flags, int rwf)
{
	int fd = reopen(t->vmo->fd, O_RDWR | flags), rc;
	uint64_t word = STORED_WORD;
	struct iovec iov = { &word, 8 };

	rc = no_error(pwritev2(fd, &iov, 1, BYTES(t->page) + 40, rwf) != 8);
	close(fd);
	return rc;
}

static int do_o_sync(struct test_thread *t)
{
	return write_synced(t, O_SYNC, 0);
}

static int do_o_dsync(struct test_thread *t)
{
	return write_synced(t, O_DSYNC, 0);
}

static int do_rwf_sync(struct test_thread *t)
{
	return write_synced(t, 0, RWF_SYNC);
}

static int do_rwf_dsync(struct test_thread *t)
{
	return write_synced(t, 0, RWF_DSYNC);
}

/* Thread @i makes this call, for these pages if it has a range. */
#define start(i, fn, first, count)	start_by(i, fn, 0, first, count)

/* The same by another open file. */
#define start_by(i, fn, fd, first, count) do {				\
	self->t[i].vmo = self->vmo;					\
	self->t[i].op = fd;						\
	self->t[i].page = first;					\
	self->t[i].nr = count;						\
	ASSERT_TRUE(thread_start(&self->t[i], fn));			\
} while (0)

#define wait_sync(first, count)						\
	ASSERT_TRUE(pager_wait_sync(&self->p, self->vmo, first, count))

#define answer(first, count, err)					\
	ASSERT_TRUE(pager_sync_end(&self->p, self->vmo, first, count, err))

struct call {
	access_fn fn;
	uint64_t page, nr;	/* what it asks for */
};

static const struct call calls[] = {
	{ do_fsync, 0, PAGES },
	{ do_fdatasync, 0, PAGES },
	{ do_msync, 1, 2 },
	{ do_o_sync, 1, 1 },
	{ do_o_dsync, 2, 1 },
	{ do_rwf_sync, 1, 1 },
	{ do_rwf_dsync, 2, 1 },
};

#define NR_CALLS	(sizeof(calls) / sizeof(calls[0]))

TEST_F(wb_sync, asks_and_waits)
{
	for (size_t i = 0; i < NR_CALLS; i++) {
		const struct call *c = &calls[i];

		start(0, c->fn, c->page, c->nr);
		wait_sync(c->page, c->nr) {
			TH_LOG("call %zu", i);
		}
		ASSERT_TRUE(vmo_wait_blocked(self->vmo, 1));
		EXPECT_TRUE(thread_running(&self->t[0]));
		EXPECT_TRUE(pager_idle(&self->p));
		answer(c->page, c->nr, 0);
		ASSERT_TRUE(thread_wait(&self->t[0])) {
			TH_LOG("call %zu", i);
		}
		EXPECT_EQ(i + 1, vmo_info(self->vmo).out_sync_packets);
	}
	EXPECT_EQ(0, vmo_info(self->vmo).out_waiting);
	EXPECT_EQ(0, vmo_info(self->vmo).out_requests);
	/* It is the daemon that writes back; asking cleans nothing. */
	EXPECT_TRUE(is_dirty(self->vmo, DATA(1, 2)));
}

TEST_F(wb_sync, fails_with_its_errno)
{
	static const int errors[] = { EIO, ENOSPC, EBADMSG };

	for (size_t i = 0; i < NR_CALLS; i++) {
		const struct call *c = &calls[i];
		int err = errors[i % 3];

		start(0, c->fn, c->page, c->nr);
		wait_sync(c->page, c->nr);
		answer(c->page, c->nr, err);
		ASSERT_TRUE(thread_wait_failure(&self->t[0], err)) {
			TH_LOG("call %zu", i);
		}
	}
	EXPECT_TRUE(is_dirty(self->vmo, DATA(1, 2)));
}

/* What comes while one is out is asked for together, and only afterwards. */
TEST_F(wb_sync, merges)
{
	start(0, do_fsync, 0, 0);
	wait_sync(0, PAGES);
	start(1, do_msync, 1, 1);
	start(2, do_msync, 3, 2);
	start(3, do_msync, 6, 1);
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 4));
	EXPECT_TRUE(pager_idle(&self->p));
	answer(0, PAGES, 0);
	ASSERT_TRUE(thread_wait(&self->t[0]));
	wait_sync(1, 6);
	EXPECT_TRUE(pager_idle(&self->p));
	for (int i = 1; i < 4; i++) {
		EXPECT_TRUE(thread_running(&self->t[i]));
	}
	answer(1, 6, 0);
	for (int i = 1; i < 4; i++) {
		ASSERT_TRUE(thread_wait(&self->t[i]));
	}
	EXPECT_TRUE(pager_idle(&self->p));
	EXPECT_EQ(2, vmo_info(self->vmo).out_sync_packets);
}

TEST_F(wb_sync, many_are_two)
{
	start(0, do_fsync, 0, 0);
	wait_sync(0, PAGES);
	for (int i = 1; i < 32; i++)
		start(i, i % 2 ? do_fsync : do_fdatasync, 0, 0);
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 32));
	answer(0, PAGES, 0);
	ASSERT_TRUE(thread_wait(&self->t[0]));
	wait_sync(0, PAGES);
	answer(0, PAGES, 0);
	for (int i = 1; i < 32; i++) {
		ASSERT_TRUE(thread_wait(&self->t[i]));
	}
	EXPECT_TRUE(pager_idle(&self->p));
	EXPECT_EQ(2, vmo_info(self->vmo).out_sync_packets);
}

/* All that were asked for together hear of the error. */
TEST_F(wb_sync, merged_failure)
{
	int fds[4];

	start(0, do_fsync, 0, 0);
	wait_sync(0, PAGES);
	for (int i = 1; i < 4; i++) {
		fds[i] = reopen(self->vmo->fd, O_RDWR);
		ASSERT_LT(0, fds[i]);
		start_by(i, do_fsync, fds[i], 0, 0);
	}
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 4));
	answer(0, PAGES, 0);
	ASSERT_TRUE(thread_join(&self->t[0]));
	wait_sync(0, PAGES);
	answer(0, PAGES, EIO);
	for (int i = 1; i < 4; i++) {
		ASSERT_TRUE(thread_wait_failure(&self->t[i], EIO));
		close(fds[i]);
	}
}

/* Each open file hears of an error, and hears of it once. */
TEST_F(wb_sync, once_per_open_file)
{
	int other = reopen(self->vmo->fd, O_RDWR), late;

	ASSERT_LT(0, other);
	start(0, do_fsync, 0, 0);
	wait_sync(0, PAGES);
	answer(0, PAGES, ENOSPC);
	ASSERT_TRUE(thread_wait_failure(&self->t[0], ENOSPC));
	start(0, do_fsync, 0, 0);
	wait_sync(0, PAGES);
	answer(0, PAGES, 0);
	ASSERT_TRUE(thread_wait(&self->t[0]));
	for (int i = 0; i < 2; i++) {
		start_by(1, do_fsync, other, 0, 0);
		wait_sync(0, PAGES);
		answer(0, PAGES, 0);
		ASSERT_TRUE(thread_wait_failure(&self->t[1], i ? 0 : ENOSPC));
	}
	/* Who opens it after all that has missed nothing. */
	late = reopen(self->vmo->fd, O_RDWR);
	start_by(1, do_fsync, late, 0, 0);
	wait_sync(0, PAGES);
	answer(0, PAGES, 0);
	ASSERT_TRUE(thread_wait(&self->t[1]));
	close(other);
	close(late);
}

static int child_fsync(void *arg)
{
	return fsync(((struct test_vmo *)arg)->fd) ? 1 : 0;
}

TEST_F(wb_sync, killed)
{
	pid_t pid = child_start(child_fsync, self->vmo);
	int rc;

	/* The packet that nobody has read goes with it. */
	ASSERT_LT(0, pid);
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 1));
	ASSERT_TRUE(child_kill(pid));
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 0));
	EXPECT_TRUE(pager_idle(&self->p));
	EXPECT_EQ(0, vmo_info(self->vmo).out_requests);
	/* The one that was read can be answered late, or is answered in vain. */
	pid = child_start(child_fsync, self->vmo);
	ASSERT_LT(0, pid);
	wait_sync(0, PAGES);
	ASSERT_TRUE(child_kill(pid));
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 0));
	rc = zxp_sync_end(self->p.fd, self->vmo->fd, 0, BYTES(PAGES), 0);
	EXPECT_TRUE(!rc || rc == -ENOENT);
	/* And nobody is held up by it. */
	start(0, do_fsync, 0, 0);
	wait_sync(0, PAGES);
	answer(0, PAGES, 0);
	ASSERT_TRUE(thread_wait(&self->t[0]));
}

/* One is killed while others wait for the same answer. */
TEST_F(wb_sync, killed_among_others)
{
	pid_t pid = child_start(child_fsync, self->vmo);

	ASSERT_LT(0, pid);
	wait_sync(0, PAGES);
	start(0, do_fsync, 0, 0);
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 2));
	ASSERT_TRUE(child_kill(pid));
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 1));
	/* The answer to the first is not one to the second, which may come now. */
	zxp_sync_end(self->p.fd, self->vmo->fd, 0, BYTES(PAGES), 0);
	EXPECT_TRUE(thread_running(&self->t[0]));
	wait_sync(0, PAGES);
	answer(0, PAGES, 0);
	ASSERT_TRUE(thread_wait(&self->t[0]));
}

static volatile sig_atomic_t handled;

static void on_signal(int sig)
{
	(void)sig;
	handled = 1;
}

/* The handler runs, and the answer is still the one that was asked for. */
TEST_F(wb_sync, signal)
{
	struct sigaction sa = { .sa_handler = on_signal };

	handled = 0;
	sigaction(SIGUSR1, &sa, NULL);
	start(0, do_fsync, 0, 0);
	wait_sync(0, PAGES);
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 1));
	ASSERT_EQ(0, syscall(SYS_tgkill, getpid(), self->t[0].tid, SIGUSR1));
	ASSERT_TRUE(wait_until(handled));
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 1));
	EXPECT_TRUE(pager_idle(&self->p));
	answer(0, PAGES, 0);
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(1, vmo_info(self->vmo).out_sync_packets);
}

TEST_F(wb_sync, detach)
{
	start(0, do_fsync, 0, 0);
	wait_sync(0, PAGES);
	start(1, do_msync, 1, 1);
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 2));
	ASSERT_TRUE(pager_detach(&self->p, self->vmo));
	for (int i = 0; i < 2; i++) {
		ASSERT_TRUE(thread_wait_failure(&self->t[i], ESTALE));
	}
	ASSERT_TRUE(pager_wait_complete(&self->p, self->vmo->key));
	/* Nobody can promise anything any more. */
	start(0, do_fsync, 0, 0);
	ASSERT_TRUE(thread_wait_failure(&self->t[0], ESTALE));
	EXPECT_TRUE(pager_idle(&self->p));
	EXPECT_TRUE(is_dirty(self->vmo, DATA(1, 2)));
}

TEST_F(wb_sync, pager_closed)
{
	start(0, do_fsync, 0, 0);
	wait_sync(0, PAGES);
	pager_close(&self->p);
	ASSERT_TRUE(thread_wait_failure(&self->t[0], ESTALE));
}

/* What the whole system does must not wait for somebody's daemon. */
TEST_F(wb_sync, never_asked)
{
	start(0, do_fsync, 0, 0);
	wait_sync(0, PAGES);
	sync();
	EXPECT_EQ(0, syncfs(self->vmo->fd));
	EXPECT_EQ(0, sync_file_range(self->vmo->fd, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE |
				     SYNC_FILE_RANGE_WRITE |
				     SYNC_FILE_RANGE_WAIT_AFTER));
	EXPECT_EQ(0, msync(self->vmo->map, BYTES(PAGES), MS_ASYNC));
	EXPECT_EQ(0, close(reopen(self->vmo->fd, O_RDWR)));
	EXPECT_EQ(0, munmap(self->vmo->map, BYTES(PAGES)));
	self->vmo->map = NULL;
	EXPECT_EQ(1, vmo_info(self->vmo).out_waiting);
	EXPECT_TRUE(pager_idle(&self->p));
	answer(0, PAGES, 0);
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(pager_idle(&self->p));
	EXPECT_TRUE(is_dirty(self->vmo, DATA(1, 2)));
}

/* Without the option nobody waits, and nothing is promised. */
TEST_F(wb_sync, without_option)
{
	struct test_vmo *with = self->vmo;

	self->vmo = pager_create_vmo(&self->p, PAGES);
	ASSERT_NE(NULL, self->vmo);
	ASSERT_TRUE(pager_supply(&self->p, self->vmo, 0, PAGES));
	ASSERT_TRUE(thread_write_vmo(&self->t[0], self->vmo, 1, 2));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	for (size_t i = 0; i < NR_CALLS; i++) {
		start(0, calls[i].fn, calls[i].page, calls[i].nr);
		ASSERT_TRUE(thread_wait(&self->t[0]));
	}
	EXPECT_TRUE(pager_idle(&self->p));
	EXPECT_TRUE(is_dirty(self->vmo, DATA(1, 2)));
	EXPECT_EQ(-EOPNOTSUPP, zxp_sync_end(self->p.fd, self->vmo->fd, 0,
					    BYTES(PAGES), 0));
	self->vmo = with;
	EXPECT_EQ(-ENOENT, zxp_sync_end(self->p.fd, with->fd, 0, BYTES(PAGES), 0));
}

/* The whole way: who has synced can lose the daemon without losing data. */
TEST_F(wb_sync, writes_back)
{
	char *store = map_anon(PAGES);

	start(0, do_fsync, 0, 0);
	wait_sync(0, PAGES);
	ASSERT_TRUE(pager_writeback_begin(&self->p, self->vmo, 1, 2));
	test_zxp(vmo_read, self->vmo->fd, BYTES(1), BYTES(2), store + BYTES(1));
	ASSERT_TRUE(pager_writeback_end(&self->p, self->vmo, 1, 2));
	EXPECT_TRUE(thread_running(&self->t[0]));
	answer(0, PAGES, 0);
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(is_clean(self->vmo));
	EXPECT_TRUE(content_is(self->vmo, 1, 2, WRITTEN, store + BYTES(1)));
	/* With nothing dirty it is still the daemon that knows what is durable. */
	start(0, do_fsync, 0, 0);
	wait_sync(0, PAGES);
	answer(0, PAGES, 0);
	ASSERT_TRUE(thread_wait(&self->t[0]));
}

TEST_HARNESS_MAIN

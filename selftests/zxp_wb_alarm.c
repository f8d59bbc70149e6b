// SPDX-License-Identifier: GPL-2.0
/*
 * Signals to who waits for a SYNC: the handler runs at once, and then the call waits on
 * for the same answer, however fast the signals come. It stops and freezes as well. A
 * write that syncs is not begun again, and so not interrupted.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "lib/client.h"
#include "lib/fixture.h"
#include "lib/victim.h"

#define BYTES(pages)	((pages) * page_size)
#define PAGES		4
#define CGROUP		"/sys/fs/cgroup/zxp_wb_alarm"
/* An alarm each, and a daemon that takes many times that. */
#define ALARM_MS	10
#define ANSWER_MS	200

FIXTURE(wb_alarm)
{
	struct user_pager p;
	struct test_vmo *vmo;
	struct victim *v;
};

FIXTURE_VARIANT(wb_alarm)
{
	int (*sync)(struct test_vmo *vmo);
	uint64_t page, nr;	/* what it asks for */
};

static int do_fsync(struct test_vmo *vmo)
{
	return fsync(vmo->fd);
}

static int do_fdatasync(struct test_vmo *vmo)
{
	return fdatasync(vmo->fd);
}

static int do_msync(struct test_vmo *vmo)
{
	return msync(vmo->map + BYTES(1), BYTES(2), MS_SYNC);
}

FIXTURE_VARIANT_ADD(wb_alarm, fsync) { .sync = do_fsync, .nr = PAGES };
FIXTURE_VARIANT_ADD(wb_alarm, fdatasync) { .sync = do_fdatasync, .nr = PAGES };
FIXTURE_VARIANT_ADD(wb_alarm, msync) { .sync = do_msync, .page = 1, .nr = 2 };

FIXTURE_SETUP(wb_alarm)
{
	ASSERT_TRUE(user_pager_init(&self->p));
	self->v = NULL;
	self->vmo = pager_create_vmo_flags(&self->p, BYTES(PAGES), ZXP_VMO_RESIZABLE,
					   ZXP_CREATE_SYNC);
	ASSERT_NE(NULL, self->vmo);
	ASSERT_TRUE(pager_supply(&self->p, self->vmo, 0, PAGES));
}

FIXTURE_TEARDOWN(wb_alarm)
{
	if (self->v)
		kill(self->v->pid, SIGKILL);
	user_pager_fini(&self->p);
}

static struct victim *handler_of;

/* It returns when it is let, if it is a handler that waits. */
static void count(int sig)
{
	(void)sig;
	handler_of->count++;
	while (handler_of->value && handler_of->allowed < 2)
		nap();
}

static void catch(struct victim *v, int sig)
{
	struct sigaction sa = { .sa_handler = count };

	handler_of = v;
	sigaction(sig, &sa, NULL);
}

static void alarms(unsigned int ms)
{
	struct itimerval often = {
		.it_interval.tv_usec = ms * 1000,
		.it_value.tv_usec = ms * 1000,
	};

	setitimer(ITIMER_REAL, &often, NULL);
}

typedef FIXTURE_VARIANT(wb_alarm) wb_alarm_variant;

static int sync_once(struct victim *v)
{
	const wb_alarm_variant *variant = v->arg;

	v->ret = variant->sync(v->vmo);
	v->error = v->ret ? errno : 0;
	victim_reach(v, 1);
	return 0;
}

static int sync_under_alarms(struct victim *v)
{
	int ret;

	catch(v, SIGALRM);
	alarms(ALARM_MS);
	ret = sync_once(v);
	alarms(0);
	return ret;
}

static int sync_with_handler(struct victim *v)
{
	catch(v, SIGUSR1);
	return sync_once(v);
}

#define start(fn) do {							\
	self->v = victim_start(fn, self->vmo, variant);			\
	ASSERT_NE(NULL, self->v);					\
} while (0)

#define wait_sync()							\
	ASSERT_TRUE(pager_wait_sync(&self->p, self->vmo, variant->page,	\
				    variant->nr))
#define answer(err)							\
	ASSERT_TRUE(pager_sync_end(&self->p, self->vmo, variant->page,	\
				   variant->nr, err))

/* It has returned this, and nobody asks for anything any more. */
#define expect_synced(err, packets) do {				\
	ASSERT_TRUE(victim_exited(self->v, 0));				\
	EXPECT_EQ(err, self->v->error);					\
	EXPECT_TRUE(pager_idle(&self->p));				\
	EXPECT_EQ(0, vmo_info(self->vmo).out_waiting);			\
	EXPECT_EQ(packets, vmo_info(self->vmo).out_sync_packets);	\
	self->v = NULL;							\
} while (0)

/* The daemon of this test is as slow as that. */
static void take_time(void)
{
	int64_t end = now_ms() + ANSWER_MS;

	while (now_ms() < end)
		nap();
}

/* Whatever comes until it has returned, at most two times. */
TEST_F(wb_alarm, faster_than_the_daemon)
{
	unsigned int packets = 0;
	uint64_t page, nr;

	start(sync_under_alarms);
	while (!self->v->step && packets < 10) {
		if (!pager_get_sync(&self->p, self->vmo, &page, &nr)) {
			nap();
			continue;
		}
		packets++;
		take_time();
		/* It runs its handler while it waits. */
		EXPECT_TRUE(wait_until(self->v->count > 2));
		ASSERT_TRUE(pager_sync_end(&self->p, self->vmo, page, nr, 0));
	}
	EXPECT_GE(2, packets);
	ASSERT_LT(0, packets);
	expect_synced(0, packets);
}

/* One signal: the handler runs, and there is no other packet. */
TEST_F(wb_alarm, handler_runs)
{
	start(sync_with_handler);
	wait_sync();
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 1));
	ASSERT_EQ(0, kill(self->v->pid, SIGUSR1));
	EXPECT_TRUE(wait_until(self->v->count == 1));
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 1));
	EXPECT_TRUE(pager_idle(&self->p));
	answer(0);
	expect_synced(0, 1);
}

/* The same before the packet was read. */
TEST_F(wb_alarm, handler_runs_before_packet)
{
	start(sync_with_handler);
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 1));
	ASSERT_EQ(0, kill(self->v->pid, SIGUSR1));
	EXPECT_TRUE(wait_until(self->v->count == 1));
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 1));
	wait_sync();
	EXPECT_TRUE(pager_idle(&self->p));
	answer(0);
	expect_synced(0, 1);
}

#define answer_meanwhile(err) do {					\
	start(sync_with_handler);					\
	self->v->value = 1;						\
	wait_sync();							\
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 1));			\
	ASSERT_EQ(0, kill(self->v->pid, SIGUSR1));			\
	ASSERT_TRUE(wait_until(self->v->count == 1));			\
	answer(err);							\
	victim_pass(self->v, 2);					\
	expect_synced(err, 1);						\
} while (0)

/* The answer comes while the handler runs: it is taken afterwards. */
TEST_F(wb_alarm, answered_in_handler)
{
	answer_meanwhile(0);
}

TEST_F(wb_alarm, failed_in_handler)
{
	answer_meanwhile(ENOSPC);
	/* Once: the next one hears of its own answer only. */
	start(sync_with_handler);
	wait_sync();
	answer(0);
	ASSERT_TRUE(victim_exited(self->v, 0));
	self->v = NULL;
}

/* A handler that jumps away, or SIGKILL while it runs: the answer is for nobody. */
TEST_F(wb_alarm, killed_in_handler)
{
	start(sync_with_handler);
	self->v->value = 1;
	wait_sync();
	ASSERT_EQ(0, kill(self->v->pid, SIGUSR1));
	ASSERT_TRUE(wait_until(self->v->count == 1));
	ASSERT_TRUE(victim_kill(self->v));
	EXPECT_EQ(0, vmo_info(self->vmo).out_waiting);
	zxp_sync_end(self->p.fd, self->vmo->fd, BYTES(variant->page),
		     BYTES(variant->nr), 0);
	start(sync_with_handler);
	wait_sync();
	answer(0);
	expect_synced(0, 2);
}

static bool stopped(pid_t pid)
{
	int status;

	return waitpid(pid, &status, WUNTRACED | WNOHANG) == pid && WIFSTOPPED(status);
}

TEST_F(wb_alarm, stopped)
{
	start(sync_once);
	wait_sync();
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 1));
	ASSERT_EQ(0, kill(self->v->pid, SIGSTOP));
	EXPECT_TRUE(wait_until(stopped(self->v->pid)));
	ASSERT_EQ(0, kill(self->v->pid, SIGCONT));
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 1));
	EXPECT_TRUE(pager_idle(&self->p));
	answer(0);
	expect_synced(0, 1);
}

/* Frozen, it waits for nothing; and what it had asked for is answered meanwhile. */
TEST_F(wb_alarm, frozen)
{
	char pid[16];

	if (mkdir(CGROUP, 0755) && errno != EEXIST)
		SKIP(return, "no cgroup2 here");
	for (unsigned int i = 0; i < 2; i++) {
		start(sync_once);
		snprintf(pid, sizeof(pid), "%d", self->v->pid);
		ASSERT_EQ(0, write_file(CGROUP "/cgroup.procs", pid));
		wait_sync();
		ASSERT_TRUE(vmo_wait_blocked(self->vmo, 1));
		ASSERT_EQ(0, write_file(CGROUP "/cgroup.freeze", "1"));
		EXPECT_TRUE(wait_until(read_keyed(CGROUP "/cgroup.events", "frozen") == 1));
		EXPECT_EQ(0, vmo_info(self->vmo).out_waiting);
		if (i)
			answer(0);
		ASSERT_EQ(0, write_file(CGROUP "/cgroup.freeze", "0"));
		if (!i) {
			ASSERT_TRUE(vmo_wait_blocked(self->vmo, 1));
			answer(0);
		}
		expect_synced(0, i + 1);
	}
	EXPECT_TRUE(wait_until(!rmdir(CGROUP)));
}

FIXTURE(wb_alarm_write)
{
	struct user_pager p;
	struct test_vmo *vmo;
	struct victim *v;
};

FIXTURE_SETUP(wb_alarm_write)
{
	ASSERT_TRUE(user_pager_init(&self->p));
	self->v = NULL;
	self->vmo = pager_create_vmo_flags(&self->p, page_size, ZXP_VMO_RESIZABLE,
					   ZXP_CREATE_SYNC);
	ASSERT_NE(NULL, self->vmo);
	ASSERT_TRUE(pager_supply(&self->p, self->vmo, 0, 1));
}

FIXTURE_TEARDOWN(wb_alarm_write)
{
	if (self->v)
		kill(self->v->pid, SIGKILL);
	user_pager_fini(&self->p);
}

static int append_under_alarms(struct victim *v)
{
	int fd = reopen(v->vmo->fd, O_WRONLY | O_APPEND | O_SYNC);

	catch(v, SIGALRM);
	alarms(ALARM_MS);
	v->ret = write(fd, "once", 4);
	v->error = v->ret < 0 ? errno : 0;
	alarms(0);
	return 0;
}

TEST_F(wb_alarm_write, appends_once)
{
	char tail[16];
	uint64_t page, nr;

	self->v = victim_start(append_under_alarms, self->vmo, NULL);
	ASSERT_NE(NULL, self->v);
	ASSERT_TRUE(pager_wait_any_sync(&self->p, self->vmo, &page, &nr));
	take_time();
	EXPECT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_sync_end(&self->p, self->vmo, page, nr, 0));
	ASSERT_TRUE(victim_exited(self->v, 0));
	self->v = NULL;
	EXPECT_TRUE(pager_idle(&self->p));
	EXPECT_EQ(page_size + 4, vmo_info(self->vmo).out_stream_size);
	EXPECT_EQ(4, pread(self->vmo->fd, tail, sizeof(tail), page_size));
	EXPECT_EQ(0, memcmp(tail, "once", 4));
	EXPECT_EQ(1, vmo_info(self->vmo).out_sync_packets);
}

TEST_F(wb_alarm_write, can_be_killed)
{
	uint64_t page, nr;

	self->v = victim_start(append_under_alarms, self->vmo, NULL);
	ASSERT_NE(NULL, self->v);
	ASSERT_TRUE(pager_wait_any_sync(&self->p, self->vmo, &page, &nr));
	ASSERT_TRUE(victim_kill(self->v));
	self->v = NULL;
	EXPECT_EQ(0, vmo_info(self->vmo).out_waiting);
}

TEST_HARNESS_MAIN

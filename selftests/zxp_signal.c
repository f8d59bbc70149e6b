// SPDX-License-Identifier: GPL-2.0
/*
 * Signals to who waits for the pager: a handler runs at once, and then the access
 * goes on as if nothing had been, with a new request.  SIGKILL is in zxp_kill.c.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "lib/child.h"
#include "lib/client.h"
#include "lib/fixture.h"

#define PAGES	8

static volatile unsigned int handled;
static volatile bool answered, answered_before;

static void count(int sig)
{
	(void)sig;
	answered_before = answered;
	handled++;
}

FIXTURE(handler)
{
	struct user_pager p;
	struct test_vmo *vmo;
	struct test_vmo *root;
};

FIXTURE_VARIANT(handler)
{
	int flags;
	enum vmo_kind kind;
};

FIXTURE_VARIANT_ADD(handler, plain) { .flags = 0 };
FIXTURE_VARIANT_ADD(handler, restart) { .flags = SA_RESTART };
FIXTURE_VARIANT_ADD(handler, plain_by_copy) { .kind = KIND_COPY };
FIXTURE_VARIANT_ADD(handler, restart_by_copy) { .flags = SA_RESTART, .kind = KIND_COPY };
FIXTURE_VARIANT_ADD(handler, restart_by_slice) { .flags = SA_RESTART, .kind = KIND_SLICE };
FIXTURE_VARIANT_ADD(handler, plain_by_slice_of_copy) { .kind = KIND_SLICE_OF_COPY };
FIXTURE_VARIANT_ADD(handler, plain_by_reference) { .kind = KIND_REFERENCE };
FIXTURE_VARIANT_ADD(handler, restart_by_snapshot)
{
	.flags = SA_RESTART,
	.kind = KIND_SNAPSHOT,
};

FIXTURE_SETUP(handler)
{
	struct sigaction sa = { .sa_handler = count, .sa_flags = variant->flags };

	ASSERT_EQ(0, sigaction(SIGUSR1, &sa, NULL));
	ASSERT_TRUE(user_pager_init(&self->p));
	self->vmo = pager_create_kind(&self->p, variant->kind, PAGES, 0);
	ASSERT_NE(NULL, self->vmo);
	self->root = self->vmo->root;
}

FIXTURE_TEARDOWN(handler)
{
	user_pager_fini(&self->p);
}

/* A client in a thread, that waits for the pager. */
#define start(how, page, nr) ({						\
	struct client *__c = client_new(how, self->vmo, page, nr);	\
									\
	ASSERT_TRUE(client_thread(__c));				\
	ASSERT_TRUE(vmo_wait_blocked(self->root, 1));			\
	__c;								\
})

/* Its handler runs, and then it waits again. */
#define interrupt(c) do {						\
	unsigned int __before = handled;				\
									\
	ASSERT_EQ(0, pthread_kill((c)->thread.thread, SIGUSR1));	\
	ASSERT_TRUE(wait_until(handled == __before + 1));		\
	ASSERT_TRUE(vmo_wait_blocked(self->root, 1));			\
} while (0)

static const enum access interruptible[] = {
	ACC_LOAD, ACC_STORE, ACC_PREAD, ACC_PWRITE, ACC_COMMIT, ACC_PREFETCH,
	ACC_VMO_READ,
};

/* The pager has the packet already: it gets another one. */
TEST_F(handler, after_packet)
{
	for (size_t i = 0; i < ARRAY_SIZE(interruptible); i++) {
		struct client *c = start(interruptible[i], i, 1);

		ASSERT_TRUE(pager_wait_read(&self->p, self->root, i, 1));
		interrupt(c);
		ASSERT_TRUE(pager_wait_read(&self->p, self->root, i, 1));
		interrupt(c);
		ASSERT_TRUE(pager_wait_read(&self->p, self->root, i, 1));
		ASSERT_TRUE(pager_supply(&self->p, self->root, i, 1));
		ASSERT_TRUE(client_good(c)) {
			TH_LOG("%s", access_name(c->how));
		}
		EXPECT_TRUE(pager_idle(&self->p));
	}
}

/* The packet was not read: there still is only one. */
TEST_F(handler, before_packet)
{
	for (size_t i = 0; i < ARRAY_SIZE(interruptible); i++) {
		struct client *c = start(interruptible[i], i, 1);

		interrupt(c);
		interrupt(c);
		ASSERT_TRUE(pager_wait_read(&self->p, self->root, i, 1));
		EXPECT_TRUE(pager_idle(&self->p));
		ASSERT_TRUE(pager_supply(&self->p, self->root, i, 1));
		ASSERT_TRUE(client_good(c)) {
			TH_LOG("%s", access_name(c->how));
		}
	}
}

/* The answer to the old packet does for the new request. */
TEST_F(handler, fails_afterwards)
{
	for (size_t i = 0; i < ARRAY_SIZE(interruptible); i++) {
		struct client *c = start(interruptible[i], i, 1);

		ASSERT_TRUE(pager_wait_read(&self->p, self->root, i, 1));
		interrupt(c);
		ASSERT_TRUE(pager_fail(&self->p, self->root, i, 1, EBADMSG));
		ASSERT_TRUE(client_failed(c, EBADMSG)) {
			TH_LOG("%s", access_name(c->how));
		}
		EXPECT_TRUE(pager_idle(&self->p));
	}
}

/* Some of a read() was copied: that is what it returns. */
TEST_F(handler, short_read)
{
	struct client *c = start(ACC_PREAD, 0, 4);
	volatile char *end = c->buf + page_size - 1;
	unsigned int before = handled;

	*end = 0x7f;
	ASSERT_TRUE(pager_wait_read(&self->p, self->root, 0, 4));
	ASSERT_TRUE(pager_supply(&self->p, self->root, 0, 1));
	ASSERT_TRUE(wait_until(*end != 0x7f));
	ASSERT_TRUE(vmo_wait_blocked(self->root, 1));
	/* Early wake means no second packet, then or now. */
	EXPECT_TRUE(pager_idle(&self->p));
	ASSERT_EQ(0, pthread_kill(c->thread.thread, SIGUSR1));
	ASSERT_TRUE(client_end(c));
	EXPECT_EQ(before + 1, handled);
	EXPECT_EQ((long)page_size, c->ret);
	EXPECT_TRUE(vmo_matches(self->vmo, 0, 1, c->buf));
	EXPECT_EQ(0, vmo_info(self->root).out_waiting);
	EXPECT_EQ(0, vmo_info(self->root).out_requests);
}

/* VMO_READ is all or nothing, so it goes on until it has all. */
TEST_F(handler, whole_vmo_read)
{
	struct client *c = start(ACC_VMO_READ, 0, 4);
	volatile char *end = c->buf + page_size - 1;

	*end = 0x7f;
	ASSERT_TRUE(pager_wait_read(&self->p, self->root, 0, 4));
	ASSERT_TRUE(pager_supply(&self->p, self->root, 0, 1));
	ASSERT_TRUE(wait_until(*end != 0x7f));
	ASSERT_TRUE(vmo_wait_blocked(self->root, 1));
	interrupt(c);
	ASSERT_TRUE(pager_wait_read(&self->p, self->root, 1, 3));
	ASSERT_TRUE(pager_supply(&self->p, self->root, 1, 3));
	ASSERT_TRUE(client_good(c));
	EXPECT_TRUE(pager_idle(&self->p));
}

/* One of two waiters: the other one keeps the request, and no packet is sent. */
TEST_F(handler, one_of_two)
{
	struct client *a = start(ACC_LOAD, 0, 1);
	struct client *b = client_new(ACC_PREAD, self->vmo, 0, 1);

	ASSERT_TRUE(client_thread(b));
	ASSERT_TRUE(vmo_wait_blocked(self->root, 2));
	ASSERT_TRUE(pager_wait_read(&self->p, self->root, 0, 1));
	ASSERT_EQ(0, pthread_kill(a->thread.thread, SIGUSR1));
	ASSERT_TRUE(wait_until(handled == 1));
	ASSERT_TRUE(vmo_wait_blocked(self->root, 2));
	ASSERT_EQ(0, pthread_kill(b->thread.thread, SIGUSR1));
	ASSERT_TRUE(wait_until(handled == 2));
	ASSERT_TRUE(vmo_wait_blocked(self->root, 2));
	EXPECT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_supply(&self->p, self->root, 0, 1));
	ASSERT_TRUE(client_good(a));
	ASSERT_TRUE(client_good(b));
}

static const enum access copies[] = {
	ACC_PIPE_WRITE, ACC_FILE_WRITE, ACC_PIPE_READ, ACC_VM_READ,
};

/*
 * A fault in the middle of a kernel copy cannot be left: the handler runs after. The
 * wait may begin anew, but once only: see zxp_copy.
 */
TEST_F(handler, after_copy)
{
	for (size_t i = 0; i < ARRAY_SIZE(copies); i++) {
		struct client *c = start(copies[i], i, 1);
		unsigned int before = handled, again = 0;

		answered = false;
		ASSERT_TRUE(pager_wait_read(&self->p, self->root, i, 1));
		ASSERT_EQ(0, pthread_kill(c->thread.thread, SIGUSR1));
		/* Give it the time to do it wrong: it needs the processor once. */
		for (int n = 0; n < 100; n++)
			sched_yield();
		ASSERT_TRUE(vmo_wait_blocked(self->root, 1));
		EXPECT_EQ(before, handled);
		answered = true;
		ASSERT_TRUE(pager_supply(&self->p, self->root, i, 1));
		ASSERT_TRUE(client_good(c)) {
			TH_LOG("%s", access_name(c->how));
		}
		EXPECT_EQ(before + 1, handled);
		EXPECT_TRUE(answered_before);
		while (pager_has_read(&self->p, self->root, i, 1))
			again++;
		EXPECT_GE(1, again) {
			TH_LOG("%s: %u, %llu packets", access_name(c->how), again,
			       vmo_info(self->root).out_read_packets);
		}
		EXPECT_TRUE(pager_idle(&self->p));
	}
}

static sigjmp_buf way_out;

static void jump(int sig)
{
	(void)sig;
	siglongjmp(way_out, 1);
}

static int load_or_jump(struct test_thread *t)
{
	if (sigsetjmp(way_out, 1))
		return EINTR;
	return *(volatile char *)t->arg & 0;
}

/* A handler need not return: then the access is over, and so is its request. */
TEST_F(handler, jumps_away)
{
	struct sigaction sa = { .sa_handler = jump, .sa_flags = variant->flags };
	struct test_thread t = { .arg = self->vmo->map };

	ASSERT_EQ(0, sigaction(SIGUSR1, &sa, NULL));
	for (int i = 0; i < 3; i++) {
		ASSERT_TRUE(thread_start(&t, load_or_jump));
		ASSERT_TRUE(vmo_wait_blocked(self->root, 1));
		ASSERT_EQ(0, pthread_kill(t.thread, SIGUSR1));
		ASSERT_TRUE(thread_wait_failure(&t, EINTR));
		EXPECT_EQ(0, vmo_info(self->root).out_waiting);
		EXPECT_EQ(0, vmo_info(self->root).out_requests);
		EXPECT_TRUE(pager_idle(&self->p));
	}
}

/* Signals come all the time, and all accesses come to their end. */
TEST_F(handler, storm)
{
	struct test_vmo *vmo = pager_create_kind(&self->p, variant->kind, 512, 0);
	struct client *c[8];
	struct server s;
	int64_t end;
	bool all;

	ASSERT_NE(NULL, vmo);
	ASSERT_TRUE(server_start(&s, &self->p));
	for (int i = 0; i < 8; i++) {
		c[i] = client_new(i % 2 ? ACC_VMO_READ : ACC_COMMIT, vmo, i * 32,
				  256);
		ASSERT_TRUE(client_thread(c[i]));
	}
	end = now_ms() + FAILURE_MS;
	do {
		all = true;
		for (int i = 0; i < 8; i++) {
			if (!client_running(c[i]))
				continue;
			pthread_kill(c[i]->thread.thread, SIGUSR1);
			all = false;
		}
		nap();
	} while (!all && now_ms() < end);
	EXPECT_TRUE(all);
	for (int i = 0; i < 8; i++) {
		ASSERT_TRUE(client_good(c[i]));
	}
	EXPECT_TRUE(server_end(&s));
	EXPECT_EQ(0, vmo_info(vmo->root).out_waiting);
	EXPECT_EQ(0, vmo_info(vmo->root).out_requests);
}

FIXTURE(stop)
{
	struct user_pager p;
	struct test_vmo *vmo;
	struct test_vmo *root;
	struct client *c;
};

FIXTURE_VARIANT(stop)
{
	enum access how;
	enum vmo_kind kind;
};

#define BY_CHILD(name, acc, of) \
	FIXTURE_VARIANT_ADD(stop, name) { .how = acc, .kind = of }
#define KIND(name, acc) BY_CHILD(name, acc, KIND_VMO)

KIND(load, ACC_LOAD);
KIND(store, ACC_STORE);
KIND(pread, ACC_PREAD);
KIND(pwrite, ACC_PWRITE);
KIND(commit, ACC_COMMIT);
KIND(vmo_read, ACC_VMO_READ);
BY_CHILD(load_of_copy, ACC_LOAD, KIND_COPY);
BY_CHILD(store_of_copy, ACC_STORE, KIND_COPY);
BY_CHILD(pread_of_copy, ACC_PREAD, KIND_COPY);
BY_CHILD(pwrite_of_copy, ACC_PWRITE, KIND_COPY);
BY_CHILD(commit_of_copy, ACC_COMMIT, KIND_COPY);
BY_CHILD(store_of_slice, ACC_STORE, KIND_SLICE);
BY_CHILD(pwrite_of_slice, ACC_PWRITE, KIND_SLICE);
BY_CHILD(store_of_snapshot, ACC_STORE, KIND_SNAPSHOT);
BY_CHILD(vmo_read_of_snapshot, ACC_VMO_READ, KIND_SNAPSHOT);

FIXTURE_SETUP(stop)
{
	ASSERT_TRUE(user_pager_init(&self->p));
	self->vmo = pager_create_kind(&self->p, variant->kind, PAGES, 0);
	ASSERT_NE(NULL, self->vmo);
	self->root = self->vmo->root;
	self->c = client_new(variant->how, self->vmo, 0, 1);
	ASSERT_TRUE(client_fork(self->c));
	ASSERT_TRUE(vmo_wait_blocked(self->root, 1));
}

FIXTURE_TEARDOWN(stop)
{
	user_pager_fini(&self->p);
}

static bool stopped(pid_t pid)
{
	int status;

	return waitpid(pid, &status, WUNTRACED | WNOHANG) == pid &&
	       WIFSTOPPED(status);
}

TEST_F(stop, then_continued)
{
	ASSERT_TRUE(pager_wait_read(&self->p, self->root, 0, 1));
	ASSERT_EQ(0, kill(self->c->pid, SIGSTOP));
	ASSERT_TRUE(wait_until(stopped(self->c->pid)));
	/* A stopped process waits for nothing. */
	EXPECT_EQ(0, vmo_info(self->root).out_waiting);
	EXPECT_TRUE(pager_idle(&self->p));
	ASSERT_EQ(0, kill(self->c->pid, SIGCONT));
	ASSERT_TRUE(vmo_wait_blocked(self->root, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, self->root, 0, 1));
	ASSERT_TRUE(pager_supply(&self->p, self->root, 0, 1));
	ASSERT_TRUE(client_good(self->c));
}

TEST_F(stop, supplied_meanwhile)
{
	ASSERT_EQ(0, kill(self->c->pid, SIGSTOP));
	ASSERT_TRUE(wait_until(stopped(self->c->pid)));
	EXPECT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_supply(&self->p, self->root, 0, 1));
	ASSERT_EQ(0, kill(self->c->pid, SIGCONT));
	ASSERT_TRUE(client_good(self->c));
	EXPECT_TRUE(pager_idle(&self->p));
}

TEST_F(stop, killed_meanwhile)
{
	ASSERT_EQ(0, kill(self->c->pid, SIGSTOP));
	ASSERT_TRUE(wait_until(stopped(self->c->pid)));
	ASSERT_TRUE(client_kill(self->c));
	EXPECT_TRUE(pager_idle(&self->p));
}

#define CGROUP	"/sys/fs/cgroup/zxp_signal"

static bool frozen(void)
{
	char line[64];
	bool yes = false;
	FILE *f = fopen(CGROUP "/cgroup.events", "re");

	while (f && fgets(line, sizeof(line), f))
		yes |= !strcmp(line, "frozen 1\n");
	if (f)
		fclose(f);
	return yes;
}

/* As suspend does: a task that waits for the pager must not hold that up. */
TEST_F(stop, frozen)
{
	char pid[16];

	if (mkdir(CGROUP, 0755) && errno != EEXIST)
		SKIP(return, "no cgroup2 here");
	snprintf(pid, sizeof(pid), "%d", self->c->pid);
	ASSERT_EQ(0, write_file(CGROUP "/cgroup.procs", pid));
	ASSERT_EQ(0, write_file(CGROUP "/cgroup.freeze", "1"));
	EXPECT_TRUE(wait_until(frozen()));
	EXPECT_EQ(0, vmo_info(self->root).out_waiting);
	ASSERT_EQ(0, write_file(CGROUP "/cgroup.freeze", "0"));
	ASSERT_TRUE(vmo_wait_blocked(self->root, 1));
	ASSERT_TRUE(pager_supply(&self->p, self->root, 0, 1));
	ASSERT_TRUE(client_good(self->c));
	rmdir(CGROUP);
}

TEST_HARNESS_MAIN

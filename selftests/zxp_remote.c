// SPDX-License-Identifier: GPL-2.0
/*
 * Access to the memory of another process. Where the kernel cannot let go of the lock of
 * that process's address space nobody waits for the daemon: it is asked, and the access
 * fails. So a debugger answers, and the process goes on.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "lib/child.h"
#include "lib/client.h"
#include "lib/fixture.h"
#include "lib/victim.h"

#define BYTES(pages)	((pages) * page_size)
#define PAGES		8

/* Whose memory it is: it maps something else whenever it is told to. */
static int target_main(struct victim *v)
{
	for (int i = 1;; i++) {
		void *map;

		victim_stop_at(v, i);
		map = mmap(NULL, BYTES(1), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (map == MAP_FAILED || munmap(map, BYTES(1)))
			return 1;
	}
}

struct plan;

/* In the process that makes the access; 0, or -1 with errno. */
typedef long (*remote_fn)(const struct plan *plan, char *at);

struct plan {
	remote_fn prepare;
	remote_fn go;
	pid_t target;
	uint64_t page;
};

static long nothing(const struct plan *plan, char *at)
{
	(void)plan;
	(void)at;
	return 0;
}

static long attach(const struct plan *plan, char *at)
{
	int status;

	(void)at;
	return ptrace(PTRACE_SEIZE, plan->target, 0, 0) ||
	       ptrace(PTRACE_INTERRUPT, plan->target, 0, 0) ||
	       waitpid(plan->target, &status, __WALL) != plan->target ? -1 : 0;
}

static long peek(const struct plan *plan, char *at)
{
	errno = 0;
	ptrace(PTRACE_PEEKDATA, plan->target, at, 0);
	return errno ? -1 : 0;
}

static long poke(const struct plan *plan, char *at)
{
	return ptrace(PTRACE_POKEDATA, plan->target, at, STORED_WORD);
}

static int open_mem(const struct plan *plan)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/mem", plan->target);
	return open(path, O_RDWR | O_CLOEXEC);
}

static long read_mem(const struct plan *plan, char *at)
{
	uint64_t word;

	return pread(open_mem(plan), &word, 8, (uintptr_t)at) == 8 ? 0 : -1;
}

static long write_mem(const struct plan *plan, char *at)
{
	uint64_t word = STORED_WORD;

	return pwrite(open_mem(plan), &word, 8, (uintptr_t)at) == 8 ? 0 : -1;
}

static long vm_readv(const struct plan *plan, char *at)
{
	uint64_t word;
	struct iovec to = { &word, 8 }, from = { at, 8 };

	return process_vm_readv(plan->target, &to, 1, &from, 1, 0) == 8 ? 0 : -1;
}

static long vm_writev(const struct plan *plan, char *at)
{
	uint64_t word = STORED_WORD;
	struct iovec from = { &word, 8 }, to = { at, 8 };

	return process_vm_writev(plan->target, &from, 1, &to, 1, 0) == 8 ? 0 : -1;
}

FIXTURE(remote)
{
	struct user_pager p;
	struct test_vmo *vmo;
	struct test_vmo *root;
	struct victim *target;
	struct victim *reader;
	struct server s;
};

FIXTURE_VARIANT(remote)
{
	struct plan plan;
	enum vmo_kind kind;	/* of what the target has mapped */
	bool refused;		/* EIO instead of waiting */
	bool stops;		/* the target, by ptrace */
	bool writes;
};

#define REMOTE(name, ...) \
	FIXTURE_VARIANT_ADD(remote, name) { __VA_ARGS__ }

REMOTE(peekdata, .plan = { .prepare = attach, .go = peek }, .refused = true, .stops = true);
REMOTE(pokedata, .plan = { .prepare = attach, .go = poke }, .refused = true, .stops = true,
       .writes = true);
REMOTE(read_proc_mem, .plan = { .prepare = nothing, .go = read_mem }, .refused = true);
REMOTE(write_proc_mem, .plan = { .prepare = nothing, .go = write_mem }, .refused = true,
       .writes = true);
REMOTE(process_vm_readv, .plan = { .prepare = nothing, .go = vm_readv });
REMOTE(process_vm_writev, .plan = { .prepare = nothing, .go = vm_writev }, .writes = true);
REMOTE(peekdata_of_copy, .plan = { .prepare = attach, .go = peek }, .refused = true,
       .stops = true, .kind = KIND_COPY);
REMOTE(pokedata_of_copy, .plan = { .prepare = attach, .go = poke }, .refused = true,
       .stops = true, .writes = true, .kind = KIND_COPY);
REMOTE(read_proc_mem_of_slice, .plan = { .prepare = nothing, .go = read_mem },
       .refused = true, .kind = KIND_SLICE);
REMOTE(write_proc_mem_of_slice, .plan = { .prepare = nothing, .go = write_mem },
       .refused = true, .writes = true, .kind = KIND_SLICE);
REMOTE(write_proc_mem_of_snapshot, .plan = { .prepare = nothing, .go = write_mem },
       .refused = true, .writes = true, .kind = KIND_SNAPSHOT);
REMOTE(process_vm_readv_of_copy, .plan = { .prepare = nothing, .go = vm_readv },
       .kind = KIND_COPY);
REMOTE(process_vm_writev_of_copy, .plan = { .prepare = nothing, .go = vm_writev },
       .writes = true, .kind = KIND_COPY);
REMOTE(process_vm_writev_of_slice_of_copy, .plan = { .prepare = nothing, .go = vm_writev },
       .writes = true, .kind = KIND_SLICE_OF_COPY);
REMOTE(process_vm_writev_of_reference, .plan = { .prepare = nothing, .go = vm_writev },
       .writes = true, .kind = KIND_REFERENCE);
REMOTE(process_vm_readv_of_snapshot, .plan = { .prepare = nothing, .go = vm_readv },
       .kind = KIND_SNAPSHOT);

FIXTURE_SETUP(remote)
{
	ASSERT_TRUE(user_pager_init(&self->p));
	self->vmo = pager_create_kind(&self->p, variant->kind, PAGES, 0);
	ASSERT_NE(NULL, self->vmo);
	self->root = self->vmo->root;
	self->reader = NULL;
	self->target = victim_start(target_main, self->vmo, NULL);
	ASSERT_NE(NULL, self->target);
	ASSERT_TRUE(victim_at(self->target, 1));
}

FIXTURE_TEARDOWN(remote)
{
	user_pager_fini(&self->p);
	if (self->reader)
		kill(self->reader->pid, SIGKILL);
	kill(self->target->pid, SIGKILL);
}

/* The access, as often as it is let pass. */
static int access_remotely(struct victim *v)
{
	const struct plan *plan = v->arg;

	if (plan->prepare(plan, NULL))
		return 1;
	for (int i = 1;; i++) {
		victim_stop_at(v, i);
		v->ret = plan->go(plan, v->vmo->map + BYTES(plan->page));
		v->error = v->ret ? errno : 0;
	}
}

#define start_access(at_page) do {					\
	struct plan __plan = variant->plan;				\
									\
	__plan.target = self->target->pid;				\
	__plan.page = at_page;						\
	self->reader = victim_start(access_remotely, self->vmo, &__plan); \
	ASSERT_NE(NULL, self->reader);					\
	ASSERT_TRUE(victim_at(self->reader, 1));			\
	victim_pass(self->reader, 1);					\
} while (0)

/* The second time @page holds what the target sees. */
#define expect_done(at_page) do {					\
	EXPECT_EQ(0, self->reader->ret) {				\
		TH_LOG("%s", strerror(self->reader->error));		\
	}								\
	if (variant->writes)						\
		EXPECT_EQ(STORED_WORD, *(volatile uint64_t *)		\
			  (self->vmo->map + BYTES(at_page)));		\
} while (0)

TEST_F(remote, daemon_stalled)
{
	start_access(1);
	ASSERT_TRUE(pager_wait_read(&self->p, self->root, 1, 1));
	if (variant->refused) {
		ASSERT_TRUE(victim_at(self->reader, 2));
		EXPECT_EQ(-1, self->reader->ret);
		EXPECT_EQ(EIO, self->reader->error);
		/* What it asked for comes, and is there when it tries again. */
		EXPECT_EQ(0, vmo_info(self->root).out_waiting);
		EXPECT_EQ(1, vmo_info(self->root).out_requests);
		ASSERT_TRUE(pager_supply(&self->p, self->root, 1, 1));
		EXPECT_EQ(0, vmo_info(self->root).out_requests);
		victim_pass(self->reader, 2);
		ASSERT_TRUE(victim_at(self->reader, 3));
		expect_done(1);
		EXPECT_TRUE(pager_idle(&self->p));
	} else {
		ASSERT_TRUE(vmo_wait_blocked(self->root, 1));
		EXPECT_EQ(1, self->reader->step);
	}
	ASSERT_TRUE(victim_kill(self->reader));
	self->reader = NULL;
	EXPECT_EQ(0, vmo_info(self->root).out_waiting);
	EXPECT_EQ(0, vmo_info(self->root).out_requests);
}

TEST_F(remote, daemon_healthy)
{
	ASSERT_TRUE(server_start(&self->s, &self->p));
	start_access(1);
	ASSERT_TRUE(victim_at(self->reader, 2));
	if (variant->refused) {
		EXPECT_EQ(-1, self->reader->ret);
		EXPECT_EQ(EIO, self->reader->error);
		ASSERT_TRUE(wait_until(vmo_info(self->root).out_resident));
		victim_pass(self->reader, 2);
		ASSERT_TRUE(victim_at(self->reader, 3));
	}
	expect_done(1);
	EXPECT_TRUE(server_end(&self->s));
	EXPECT_EQ(1, self->s.reads);
}

/* A process that looks at what /proc tells of the target. */
static int look_at_target(struct victim *v)
{
	const pid_t *target = v->arg;
	char path[32], buf[4096];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", *target);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && read(fd, buf, sizeof(buf)) > 0 ? 0 : 1;
}

/*
 * Meanwhile the address space of the target is nobody's: it changes, and ps looks at
 * it. With the lock held the first would wait for the daemon, and the others for that.
 */
TEST_F(remote, target_goes_on)
{
	struct victim *ps;

	if (variant->stops)
		SKIP(return, "a stopped process maps nothing");
	start_access(1);
	ASSERT_TRUE(wait_until(self->reader->step == 2 ||
			       vmo_info(self->root).out_waiting == 1));
	victim_pass(self->target, 1);
	ASSERT_TRUE(victim_at(self->target, 2));
	ps = victim_start(look_at_target, self->vmo, &self->target->pid);
	ASSERT_NE(NULL, ps);
	ASSERT_TRUE(victim_exited(ps, 0));
	EXPECT_EQ(variant->refused ? 2 : 1, self->reader->step);
}

/* Nothing is different where no daemon has to be asked, or none is left. */
TEST_F(remote, resident)
{
	ASSERT_TRUE(pager_supply(&self->p, self->root, 0, PAGES));
	start_access(1);
	ASSERT_TRUE(victim_at(self->reader, 2));
	expect_done(1);
	EXPECT_EQ(0, vmo_info(self->root).out_read_packets);
	EXPECT_TRUE(pager_idle(&self->p));
}

TEST_F(remote, detached)
{
	ASSERT_TRUE(pager_detach(&self->p, self->root));
	start_access(1);
	ASSERT_TRUE(victim_at(self->reader, 2));
	EXPECT_EQ(-1, self->reader->ret);
	EXPECT_EQ(variant->refused ? EIO : EFAULT, self->reader->error);
	EXPECT_EQ(0, vmo_info(self->root).out_requests);
}

TEST_HARNESS_MAIN

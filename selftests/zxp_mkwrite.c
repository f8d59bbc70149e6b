// SPDX-License-Identifier: GPL-2.0
/*
 * The first write to a clean page through a mapping, while another thread reads that
 * page all the time: whoever writes, the daemon is asked once and soon, and who waits
 * for it can be killed though it never answers.
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "lib/client.h"
#include "lib/fixture.h"
#include "lib/victim.h"

#define ROUNDS		16
/* Faults that one access may take, with those of the code around it. */
#define HANDFUL		8
#define WOKEN_WORD	7

/* How far a victim is. The page is supplied once the first has begun. */
enum step {
	STARTED = 1,
	READY,
	WRITTEN_TO,
};

FIXTURE(mkwrite)
{
	struct user_pager p;
	struct test_vmo *vmo;
	struct victim *target;	/* whose mapping it is, and who reads */
	struct victim *writer;	/* the same, or another process */
	struct server s;
};

FIXTURE_VARIANT(mkwrite)
{
	int (*prepare)(struct victim *v, pid_t target);
	long (*write)(struct victim *v, pid_t target);
	uint64_t word;		/* what it leaves; 0 is what FUTEX_UNLOCK_PI does */
	bool remote;		/* by another process */
	bool refused;		/* EIO instead of waiting */
};

static uint64_t source_word = STORED_WORD;
static int pipe_end;

static int nothing(struct victim *v, pid_t target)
{
	(void)v;
	(void)target;
	return 0;
}

static long store(struct victim *v, pid_t target)
{
	(void)target;
	*(volatile uint64_t *)v->vmo->map = STORED_WORD;
	return 0;
}

static long unlock_pi(struct victim *v, pid_t target)
{
	(void)target;
	return syscall(SYS_futex, v->vmo->map, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0);
}

/* The key of a shared futex is the page, which is looked up first. */
static long unlock_shared_pi(struct victim *v, pid_t target)
{
	(void)target;
	return syscall(SYS_futex, v->vmo->map, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
}

static long wake_op(struct victim *v, pid_t target)
{
	static uint32_t other;

	(void)target;
	return syscall(SYS_futex, &other, FUTEX_WAKE_OP_PRIVATE, 1, 1L, v->vmo->map,
		       FUTEX_OP(FUTEX_OP_SET, WOKEN_WORD, FUTEX_OP_CMP_EQ, 1));
}

static int fill_pipe(struct victim *v, pid_t target)
{
	int fds[2];

	(void)v;
	(void)target;
	if (pipe(fds) || write(fds[1], &source_word, 8) != 8)
		return 1;
	pipe_end = fds[0];
	return 0;
}

static long read_pipe(struct victim *v, pid_t target)
{
	(void)target;
	return read(pipe_end, v->vmo->map, 8) - 8;
}

static long vm_writev(struct victim *v, pid_t target)
{
	struct iovec from = { &source_word, 8 }, to = { v->vmo->map, 8 };

	return process_vm_writev(target, &from, 1, &to, 1, 0) - 8;
}

static int attach(struct victim *v, pid_t target)
{
	int status;

	(void)v;
	return ptrace(PTRACE_SEIZE, target, 0, 0) ||
	       ptrace(PTRACE_INTERRUPT, target, 0, 0) ||
	       waitpid(target, &status, __WALL) != target;
}

static long poke(struct victim *v, pid_t target)
{
	return ptrace(PTRACE_POKEDATA, target, v->vmo->map, source_word);
}

#define WRITER(name, ...) \
	FIXTURE_VARIANT_ADD(mkwrite, name) { __VA_ARGS__ }

WRITER(store, .prepare = nothing, .write = store, .word = STORED_WORD);
WRITER(unlock_pi, .prepare = nothing, .write = unlock_pi);
WRITER(unlock_shared_pi, .prepare = nothing, .write = unlock_shared_pi);
WRITER(wake_op, .prepare = nothing, .write = wake_op, .word = WOKEN_WORD);
WRITER(read_from_pipe, .prepare = fill_pipe, .write = read_pipe, .word = STORED_WORD);
WRITER(process_vm_writev, .prepare = nothing, .write = vm_writev, .word = STORED_WORD,
       .remote = true);
WRITER(pokedata, .prepare = attach, .write = poke, .word = STORED_WORD, .remote = true,
       .refused = true);

typedef FIXTURE_VARIANT(mkwrite) mkwrite_variant;

struct plan {
	const mkwrite_variant *how;
	struct victim *target;	/* NULL in the target itself */
};

static void *read_on_and_on(void *arg)
{
	struct victim *v = arg;

	for (;;) {
		(void)*(volatile uint64_t *)v->vmo->map;
		v->count++;
	}
	return NULL;
}

static int write_once(struct victim *v, const struct plan *plan, pid_t target)
{
	if (plan->how->prepare(v, target))
		return 1;
	victim_stop_at(v, READY);
	v->ret = plan->how->write(v, target);
	v->error = v->ret ? errno : 0;
	victim_stop_at(v, WRITTEN_TO);
	return 0;
}

static int target_main(struct victim *v)
{
	const struct plan *plan = v->arg;
	pthread_t thread;

	victim_stop_at(v, STARTED);
	if (pthread_create(&thread, NULL, read_on_and_on, v) || !wait_until(v->count))
		return 1;
	if (!plan->how->remote)
		return write_once(v, plan, v->pid);
	victim_stop_at(v, READY);
	return 0;
}

static int writer_main(struct victim *v)
{
	const struct plan *plan = v->arg;

	return write_once(v, plan, plan->target->pid);
}

FIXTURE_SETUP(mkwrite)
{
	ASSERT_TRUE(user_pager_init(&self->p));
	self->vmo = NULL;
	self->target = self->writer = NULL;
}

FIXTURE_TEARDOWN(mkwrite)
{
	user_pager_fini(&self->p);
	if (self->target)
		kill(self->target->pid, SIGKILL);
	if (self->writer)
		kill(self->writer->pid, SIGKILL);
}

/*
 * All is ready for the write: the page is there and clean, is being read, and holds the
 * TID of whose mapping it is, as a mutex of FUTEX_LOCK_PI does.
 */
#define start_writer() do {						\
	struct plan __plan = { .how = variant };			\
	uint64_t *__page = map_anon(1);					\
									\
	self->vmo = pager_create_vmo_options(&self->p, 1,		\
					     ZXP_VMO_TRAP_DIRTY);	\
	ASSERT_NE(NULL, self->vmo);					\
	self->target = victim_start(target_main, self->vmo, &__plan);	\
	ASSERT_NE(NULL, self->target);					\
	*__page = self->target->pid;					\
	test_zxp(supply_pages, self->p.fd, self->vmo->fd, 0, page_size,	\
		 __page);						\
	munmap(__page, page_size);					\
	victim_pass(self->target, STARTED);				\
	ASSERT_TRUE(victim_at(self->target, READY));			\
	self->writer = self->target;					\
	__plan.target = self->target;					\
	if (variant->remote)						\
		self->writer = victim_start(writer_main, self->vmo, &__plan); \
	ASSERT_NE(NULL, self->writer);					\
	ASSERT_TRUE(victim_at(self->writer, READY));			\
} while (0)

#define kill_all() do {							\
	ASSERT_TRUE(victim_kill(self->writer));				\
	if (variant->remote)						\
		ASSERT_TRUE(victim_kill(self->target));			\
	self->writer = self->target = NULL;				\
} while (0)

TEST_F_TIMEOUT(mkwrite, stalled_daemon, 400)
{
	int64_t before, faults, most = 0;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		unsigned int reads;
		pid_t pid;

		start_writer();
		pid = self->writer->pid;
		before = task_faults(pid, pid);
		victim_pass(self->writer, READY);
		ASSERT_TRUE(pager_wait_dirty(&self->p, self->vmo, 0, 1));
		if (variant->refused) {
			ASSERT_TRUE(victim_at(self->writer, WRITTEN_TO));
			EXPECT_EQ(-1, self->writer->ret);
			EXPECT_EQ(EIO, self->writer->error);
		} else {
			ASSERT_TRUE(wait_until(task_asleep(pid, pid)));
			EXPECT_EQ(READY, self->writer->step);
		}
		faults = task_faults(pid, pid) - before;
		if (faults > most)
			most = faults;
		/* The reader goes on meanwhile. */
		reads = self->target->count;
		ASSERT_TRUE(wait_until(self->target->count != reads));
		kill_all();
		EXPECT_EQ(1, vmo_info(self->vmo).out_dirty_packets);
		EXPECT_TRUE(pager_idle(&self->p));
		EXPECT_TRUE(is_clean(self->vmo));
		if (!variant->refused) {
			ASSERT_TRUE(wait_until(!vmo_info(self->vmo).out_requests));
			EXPECT_EQ(0, vmo_info(self->vmo).out_waiting);
		} else {
			ASSERT_TRUE(pager_fail(&self->p, self->vmo, 0, 1, EIO));
		}
		vmo_release(self->vmo);
		ASSERT_TRUE(pager_wait_complete(&self->p, self->vmo->key));
	}
	TH_LOG("%d faults at most", (int)most);
	EXPECT_GE(HANDFUL, most);
}

/* Whoever reads meanwhile, the write succeeds, and with one packet. */
TEST_F_TIMEOUT(mkwrite, healthy_daemon, 400)
{
	int64_t before, faults, most = 0;
	uint64_t word;

	ASSERT_TRUE(server_start(&self->s, &self->p));
	for (unsigned int i = 1; i <= ROUNDS; i++) {
		pid_t pid;

		start_writer();
		pid = self->writer->pid;
		before = task_faults(pid, pid);
		victim_pass(self->writer, READY);
		ASSERT_TRUE(victim_at(self->writer, WRITTEN_TO));
		faults = task_faults(pid, pid) - before;
		if (faults > most)
			most = faults;
		if (variant->refused) {
			/* Unless the daemon was quick. Now it was asked for, so it works. */
			EXPECT_TRUE(!self->writer->ret || self->writer->error == EIO);
			ASSERT_TRUE(wait_until(vmo_info(self->vmo).out_dirty_bytes ==
					       page_size));
			EXPECT_TRUE(is_dirty(self->vmo, DATA(0, 1)));
		} else {
			EXPECT_EQ(0, self->writer->ret) {
				TH_LOG("%s", strerror(self->writer->error));
			}
			EXPECT_TRUE(is_dirty(self->vmo, DATA(0, 1)));
			test_zxp(vmo_read, self->vmo->fd, 0, 8, &word);
			EXPECT_EQ(variant->word, word);
		}
		EXPECT_EQ(i, self->s.dirties);
		kill_all();
		vmo_release(self->vmo);
	}
	TH_LOG("%d faults at most", (int)most);
	EXPECT_GE(HANDFUL, most);
	EXPECT_TRUE(server_end(&self->s));
}

/*
 * A writer that is gone, though its process is not.
 */
PAGER_FIXTURE(gone);

static sigjmp_buf way_out;

static void jump(int sig)
{
	(void)sig;
	siglongjmp(way_out, 1);
}

static volatile sig_atomic_t handled;

static void on_signal(int sig)
{
	(void)sig;
	handled++;
}

static int store_or_jump(struct victim *v)
{
	struct sigaction sa = { .sa_handler = jump };

	sigaction(SIGUSR1, &sa, NULL);
	if (!sigsetjmp(way_out, 1)) {
		/* It is there and clean; only then page_mkwrite() is met. */
		(void)*(volatile uint64_t *)v->vmo->map;
		*(volatile uint64_t *)v->vmo->map = STORED_WORD;
		return 1;
	}
	victim_stop_at(v, 1);
	return 0;
}

#define expect_nobody_asks(vmo) do {					\
	EXPECT_EQ(0, vmo_info(vmo).out_waiting);			\
	EXPECT_EQ(0, vmo_info(vmo).out_requests);			\
	EXPECT_TRUE(pager_idle(&self->p));				\
	EXPECT_TRUE(is_clean(vmo));					\
} while (0)

TEST_F(gone, jumped_away)
{
	struct test_vmo *vmo = new_vmo_options(1, ZXP_VMO_TRAP_DIRTY);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	for (int read = 0; read < 2; read++) {
		struct victim *v = victim_start(store_or_jump, vmo, NULL);

		ASSERT_NE(NULL, v);
		ASSERT_TRUE(vmo_wait_blocked(vmo, 1));
		if (read)
			ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 1));
		ASSERT_EQ(0, kill(v->pid, SIGUSR1));
		ASSERT_TRUE(victim_at(v, 1));
		expect_nobody_asks(vmo);
		victim_pass(v, 1);
		ASSERT_TRUE(victim_exited(v, 0));
	}
}

/* What it meets when it comes back is not the page that was asked for. */
static int store_where_nothing_is(struct victim *v)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct test_thread t = { 0 };

	sigaction(SIGUSR1, &sa, NULL);
	(void)*(volatile uint64_t *)v->vmo->map;
	if (!thread_store(&t, v->vmo->map))
		return 1;
	victim_stop_at(v, 1);
	if (munmap(v->vmo->map, page_size) || pthread_kill(t.thread, SIGUSR1) ||
	    !thread_wait_crash(&t, v->vmo->map, SIGSEGV))
		return 2;
	victim_stop_at(v, 2);
	return 0;
}

TEST_F(gone, unmapped)
{
	struct test_vmo *vmo = new_vmo_options(1, ZXP_VMO_TRAP_DIRTY);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	for (int read = 0; read < 2; read++) {
		struct victim *v = victim_start(store_where_nothing_is, vmo, NULL);

		ASSERT_NE(NULL, v);
		ASSERT_TRUE(vmo_wait_blocked(vmo, 1));
		if (read)
			ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 1));
		ASSERT_TRUE(victim_at(v, 1));
		victim_pass(v, 1);
		ASSERT_TRUE(victim_at(v, 2));
		expect_nobody_asks(vmo);
		victim_pass(v, 2);
		ASSERT_TRUE(victim_exited(v, 0));
	}
}

static int store_clean(struct victim *v)
{
	(void)*(volatile uint64_t *)v->vmo->map;
	*(volatile uint64_t *)v->vmo->map = STORED_WORD;
	return 1;
}

TEST_F(gone, killed)
{
	struct test_vmo *vmo = new_vmo_options(1, ZXP_VMO_TRAP_DIRTY);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	for (int read = 0; read < 2; read++) {
		struct victim *v = victim_start(store_clean, vmo, NULL);

		ASSERT_NE(NULL, v);
		ASSERT_TRUE(vmo_wait_blocked(vmo, 1));
		if (read)
			ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 1));
		ASSERT_TRUE(victim_kill(v));
		expect_nobody_asks(vmo);
	}
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Zircon's tests of suspending a blocked thread, with signals instead: the handler
 * runs, the request is cancelled, and the access is made again.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <kselftest_harness.h>

#include "lib/fixture.h"

static volatile sig_atomic_t handled;

static void on_signal(int sig)
{
	(void)sig;
	handled++;
}

static void catch_usr1(void)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	handled = 0;
	sigaction(SIGUSR1, &sa, NULL);
}

ACCESS_FIXTURE(suspend);

TEST_F(suspend, SuspendReadTest)
{
	struct test_vmo *vmo = new_vmo(1);

	catch_usr1();
	ASSERT_TRUE(variant->check(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 1));

	ASSERT_EQ(0, pthread_kill(self->t[0].thread, SIGUSR1));
	ASSERT_TRUE(wait_until(handled == 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_idle(&self->p));

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* The packet of the cancelled request was not read: there is one, not two. */
TEST_F(suspend, SuspendReadEarly)
{
	struct test_vmo *vmo = new_vmo(1);

	catch_usr1();
	ASSERT_TRUE(variant->check(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 1));
	ASSERT_EQ(0, pthread_kill(self->t[0].thread, SIGUSR1));
	ASSERT_TRUE(wait_until(handled == 1));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Somebody else still wants it: the request goes on without a new packet. */
TEST_F(suspend, SuspendOneOfTwo)
{
	struct test_vmo *vmo = new_vmo(1);

	catch_usr1();
	ASSERT_TRUE(variant->check(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(variant->check(&self->t[1], vmo, 0, 1));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 2));
	ASSERT_EQ(0, pthread_kill(self->t[0].thread, SIGUSR1));
	ASSERT_TRUE(wait_until(handled == 1));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 2));
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_wait(&self->t[1]));
	ASSERT_TRUE(pager_idle(&self->p));
}

PAGER_FIXTURE(suspend_op);

TEST_F(suspend_op, SuspendCommitTest)
{
	struct test_vmo *vmo = new_vmo(3);

	catch_usr1();
	ASSERT_TRUE(thread_commit(&self->t[0], vmo, 0, 3));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 3));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 1));
	ASSERT_EQ(0, pthread_kill(self->t[0].thread, SIGUSR1));
	ASSERT_TRUE(wait_until(handled == 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 3));
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 3));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* The kernel writes the answer of a system call to a page of the VMO. */
static int kernel_writes(struct test_thread *t)
{
	return getrusage(RUSAGE_SELF, t->arg) ? errno : 0;
}

/* The source of a write() is a page of the VMO. */
static int kernel_reads(struct test_thread *t)
{
	int file = memfd_create("copy", MFD_CLOEXEC);
	char *copy = map_anon(1);
	ssize_t size = page_size;

	if (file < 0 || pwrite(file, t->arg, size, 0) != size ||
	    pread(file, copy, size, 0) != size)
		return errno;
	close(file);
	return vmo_matches(t->vmo, 0, 1, copy) ? 0 : EILSEQ;
}

/* Is a signal pending for that thread? */
static bool is_pending(pid_t tid, int sig)
{
	char path[64], line[128];
	unsigned long long mask = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", tid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "SigPnd: %llx", &mask) == 1)
			break;
	if (f)
		fclose(f);
	return mask & 1ULL << (sig - 1);
}

/*
 * The thread waits in the kernel's copy from or to its memory. A signal does not
 * break that off: its handler runs when the system call is over. The wait itself may
 * begin anew, once, since the kernel's caller may be one that looks at signals.
 */
#define suspend_in_kernel(call) do {						\
	struct test_vmo *vmo = new_vmo(1);					\
	struct test_thread *t = &self->t[0];					\
										\
	catch_usr1();								\
	t->vmo = vmo;								\
	t->arg = vmo->map;							\
	ASSERT_TRUE(thread_start(t, call));					\
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));			\
	ASSERT_TRUE(threads_blocked(t, 1, vmo));				\
	ASSERT_EQ(0, pthread_kill(t->thread, SIGUSR1));				\
	ASSERT_TRUE(is_pending(t->tid, SIGUSR1));				\
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));			\
	ASSERT_TRUE(threads_blocked(t, 1, vmo));				\
	ASSERT_EQ(0, handled);							\
	ASSERT_EQ(0, pthread_kill(t->thread, SIGUSR1));				\
	ASSERT_TRUE(threads_blocked(t, 1, vmo));				\
	ASSERT_TRUE(pager_idle(&self->p));					\
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));				\
	ASSERT_TRUE(thread_wait(t));						\
	/* Had the wait begun anew again, there would have been another. */	\
	EXPECT_EQ(2, vmo_info(vmo).out_read_packets);				\
	EXPECT_EQ(1, handled);							\
	ASSERT_TRUE(pager_idle(&self->p));					\
} while (0)

TEST_F(suspend_op, SuspendInKernelTest)
{
	suspend_in_kernel(kernel_writes);
}

TEST_F(suspend_op, SuspendInKernelCaptureFaultsTest)
{
	suspend_in_kernel(kernel_reads);
}

TEST_HARNESS_MAIN

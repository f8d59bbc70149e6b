// SPDX-License-Identifier: GPL-2.0
/*
 * A copy inside of the kernel, from or to a page that is missing, when a signal comes
 * that does not kill. Such a fault is taken again at once, whatever the signal, so it
 * has to wait: it may not spin, nor ask again and again. SIGKILL ends it.
 */
#define _GNU_SOURCE
#include <signal.h>

#include "kselftest_harness.h"
#include "lib/client.h"
#include "lib/fixture.h"
#include "lib/task.h"

#define SIGNALS		50
/* Faults and sleeps of one such call, with all that is around it. */
#define HANDFUL		16

FIXTURE(copy)
{
	struct user_pager p;
	struct test_vmo *vmo;
	struct client *c;
	struct server s;
};

FIXTURE_VARIANT(copy)
{
	enum access how;
};

#define COPY(name, acc) \
	FIXTURE_VARIANT_ADD(copy, name) { .how = acc }

COPY(write_to_pipe, ACC_PIPE_WRITE);
COPY(write_to_file, ACC_FILE_WRITE);
COPY(read_from_pipe, ACC_PIPE_READ);
COPY(process_vm_readv, ACC_VM_READ);

static void on_signal(int sig)
{
	(void)sig;
}

/* Its process inherits the handler. */
FIXTURE_SETUP(copy)
{
	struct sigaction sa = { .sa_handler = on_signal };

	ASSERT_EQ(0, sigaction(SIGUSR1, &sa, NULL));
	ASSERT_TRUE(user_pager_init(&self->p));
	self->vmo = pager_create_vmo(&self->p, 4);
	ASSERT_NE(NULL, self->vmo);
	self->c = client_new(variant->how, self->vmo, 1, 1);
	ASSERT_TRUE(client_fork(self->c));
	ASSERT_TRUE(pager_wait_read(&self->p, self->vmo, 1, 1));
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 1));
}

FIXTURE_TEARDOWN(copy)
{
	user_pager_fini(&self->p);
}

typedef FIXTURE_DATA(copy) copy_data;

/* How often the daemon was asked once more. */
static unsigned int asked_again(copy_data *self)
{
	unsigned int nr = 0;

	while (pager_has_read(&self->p, self->vmo, 1, 1))
		nr++;
	return nr;
}

/* It waits again, or still. */
#define signal_once() do {						\
	ASSERT_EQ(0, kill(self->c->pid, SIGUSR1));			\
	ASSERT_TRUE(wait_until(task_asleep(self->c->pid, self->c->pid)));	\
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 1));			\
} while (0)

TEST_F(copy, waits_on)
{
	pid_t pid = self->c->pid;
	int64_t sleeps = task_sleeps(pid, pid), faults = task_faults(pid, pid);
	unsigned int again = 0;

	for (int i = 0; i < SIGNALS; i++) {
		signal_once();
		again += asked_again(self);
	}
	EXPECT_GE(1, again);
	EXPECT_GE(HANDFUL, task_sleeps(pid, pid) - sleeps);
	EXPECT_GE(HANDFUL, task_faults(pid, pid) - faults);
	ASSERT_TRUE(pager_supply(&self->p, self->vmo, 1, 1));
	ASSERT_TRUE(client_good(self->c));
	EXPECT_TRUE(pager_idle(&self->p));
}

TEST_F(copy, killed)
{
	signal_once();
	EXPECT_GE(1, asked_again(self));
	ASSERT_TRUE(client_kill(self->c));
	EXPECT_EQ(0, vmo_info(self->vmo).out_waiting);
	EXPECT_EQ(0, vmo_info(self->vmo).out_requests);
	EXPECT_TRUE(pager_idle(&self->p));
}

/* Some copies try a second time, and so fail twice. */
TEST_F(copy, failed)
{
	signal_once();
	asked_again(self);
	ASSERT_TRUE(server_start(&self->s, &self->p));
	self->s.fail = EIO;
	ASSERT_TRUE(pager_fail(&self->p, self->vmo, 1, 1, EIO));
	ASSERT_TRUE(client_failed(self->c, EIO));
	EXPECT_TRUE(server_end(&self->s));
	EXPECT_GE(1, self->s.reads);
}

TEST_HARNESS_MAIN

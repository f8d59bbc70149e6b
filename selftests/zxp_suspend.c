// SPDX-License-Identifier: GPL-2.0
/*
 * Suspend freezes all tasks first, and gives up if one of them does not stop.  Who waits
 * for the pager does stop, in each kind of wait and with whatever locks, and waits on
 * afterwards.  The kernel comes back at once from here, so nothing else is suspended.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <sys/mman.h>

#include "kselftest_harness.h"
#include "lib/child.h"
#include "lib/client.h"
#include "lib/dirty.h"
#include "lib/fixture.h"
#include "lib/suspend.h"

FIXTURE(suspend)
{
	struct user_pager p;
	struct test_vmo *vmo;
	long long delay;
};

FIXTURE_VARIANT(suspend)
{
	enum access how;
	enum vmo_kind kind;
};

#define BY_CHILD(name, acc, of) \
	FIXTURE_VARIANT_ADD(suspend, name) { .how = acc, .kind = of }
#define KIND(name, acc) BY_CHILD(name, acc, KIND_VMO)

FOR_EACH_ACCESS(KIND);
FOR_ACCESSES_BY_CHILDREN(BY_CHILD);

FIXTURE_SETUP(suspend)
{
	self->delay = suspend_prepare();
	if (self->delay < 0)
		SKIP(return, "it cannot be tried here");
	ASSERT_TRUE(user_pager_init(&self->p));
	self->vmo = pager_create_kind(&self->p, variant->kind, 4, 0);
	ASSERT_NE(NULL, self->vmo);
}

FIXTURE_TEARDOWN(suspend)
{
	if (self->delay < 0)
		return;
	suspend_leave(self->delay);
	user_pager_fini(&self->p);
}

TEST_F(suspend, client_waits_on)
{
	struct client *c = client_new(variant->how, self->vmo, 1, 1);
	struct test_vmo *root = self->vmo->root;

	ASSERT_TRUE(client_fork(c));
	ASSERT_TRUE(pager_wait_read(&self->p, root, 1, 1));
	ASSERT_EQ(0, suspend());
	ASSERT_TRUE(vmo_wait_blocked(root, 1));
	ASSERT_TRUE(pager_supply(&self->p, root, 1, 1));
	ASSERT_TRUE(client_good(c));
}

FIXTURE(suspend_others)
{
	struct user_pager p;
	struct test_thread t[MAX_THREADS];
	long long delay;
};

FIXTURE_SETUP(suspend_others)
{
	self->delay = suspend_prepare();
	if (self->delay < 0)
		SKIP(return, "it cannot be tried here");
	ASSERT_TRUE(user_pager_init(&self->p));
}

FIXTURE_TEARDOWN(suspend_others)
{
	if (self->delay < 0)
		return;
	suspend_leave(self->delay);
	user_pager_fini(&self->p);
}

/* By a store, and by a call. */
TEST_F(suspend_others, writers_wait_for_permission)
{
	struct test_vmo *vmo = pager_create_vmo_options(&self->p, 2, ZXP_VMO_TRAP_DIRTY);

	ASSERT_NE(NULL, vmo);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(thread_write_vmar(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(thread_write_vmo(&self->t[1], vmo, 1, 1));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 2));
	ASSERT_EQ(0, suspend());
	ASSERT_TRUE(vmo_wait_blocked(vmo, 2));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 2));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_wait(&self->t[1]));
	EXPECT_TRUE(vmo_has(vmo, 0, 2, WRITTEN));
}

static int do_fsync(struct test_thread *t)
{
	return fsync(t->vmo->fd) ? errno : 0;
}

TEST_F(suspend_others, fsync_waits_for_its_answer)
{
	struct test_vmo *vmo = pager_create_vmo_flags(&self->p, page_size, 0,
						      ZXP_CREATE_SYNC);

	ASSERT_NE(NULL, vmo);
	self->t[0].vmo = vmo;
	ASSERT_TRUE(thread_start(&self->t[0], do_fsync));
	ASSERT_TRUE(pager_wait_sync(&self->p, vmo, 0, 1));
	ASSERT_EQ(0, suspend());
	ASSERT_TRUE(vmo_wait_blocked(vmo, 1));
	EXPECT_TRUE(thread_running(&self->t[0]));
	ASSERT_TRUE(pager_sync_end(&self->p, vmo, 0, 1, 0));
	ASSERT_TRUE(thread_wait(&self->t[0]));
}

static int read_packet(struct test_thread *t)
{
	const struct user_pager *p = t->arg;
	struct zxp_packet packet;

	if (read(p->port, &packet, sizeof(packet)) != sizeof(packet))
		return errno ?: ENODATA;
	return packet.command == ZXP_PACKET_READ ? 0 : EPROTO;
}

static int poll_packet(struct test_thread *t)
{
	const struct user_pager *p = t->arg;
	struct pollfd pfd = { .fd = p->port, .events = POLLIN };

	return poll(&pfd, 1, -1) == 1 ? read_packet(t) : errno;
}

/* What a frozen daemon is asked it reads when it goes on. */
TEST_F(suspend_others, daemon_waits_for_packets)
{
	struct test_vmo *vmo = pager_create_vmo(&self->p, 2);
	struct client *c;

	ASSERT_NE(NULL, vmo);
	for (unsigned int i = 0; i < 2; i++) {
		self->t[0].arg = &self->p;
		ASSERT_TRUE(thread_start(&self->t[0], i ? poll_packet : read_packet));
		ASSERT_TRUE(wait_until(thread_asleep(&self->t[0])));
		ASSERT_EQ(0, suspend());
		EXPECT_TRUE(thread_running(&self->t[0]));
		c = client_new(ACC_LOAD, vmo, i, 1);
		ASSERT_TRUE(client_thread(c));
		ASSERT_TRUE(thread_wait(&self->t[0]));
		ASSERT_TRUE(pager_supply(&self->p, vmo, i, 1));
		ASSERT_TRUE(client_good(c));
	}
}

TEST_HARNESS_MAIN

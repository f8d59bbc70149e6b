// SPDX-License-Identifier: GPL-2.0
/*
 * SIGKILL of a client in each kind of wait: it goes at once, and takes with it what
 * was there for it alone.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>

#include "kselftest_harness.h"
#include "lib/child.h"
#include "lib/client.h"
#include "lib/fixture.h"

FIXTURE(kill)
{
	struct user_pager p;
	struct test_vmo *vmo;
	struct test_vmo *root;
	struct client *c;
};

FIXTURE_VARIANT(kill)
{
	enum access how;
	enum vmo_kind kind;
};

#define BY_CHILD(name, acc, of) \
	FIXTURE_VARIANT_ADD(kill, name) { .how = acc, .kind = of }
#define KIND(name, acc) BY_CHILD(name, acc, KIND_VMO)

FOR_EACH_ACCESS(KIND);
FOR_ACCESSES_BY_CHILDREN(BY_CHILD);

FIXTURE_SETUP(kill)
{
	ASSERT_TRUE(user_pager_init(&self->p));
	self->vmo = pager_create_kind(&self->p, variant->kind, 4, 0);
	ASSERT_NE(NULL, self->vmo);
	self->root = self->vmo->root;
	self->c = client_new(variant->how, self->vmo, 1, 1);
	ASSERT_TRUE(client_fork(self->c));
	ASSERT_TRUE(vmo_wait_blocked(self->root, 1));
}

FIXTURE_TEARDOWN(kill)
{
	struct zxp_vmo_info info = vmo_info(self->root);

	EXPECT_EQ(0, info.out_waiting);
	EXPECT_EQ(0, info.out_requests);
	EXPECT_TRUE(pager_idle(&self->p));
	user_pager_fini(&self->p);
}

TEST_F(kill, packet_not_read)
{
	ASSERT_TRUE(client_kill(self->c));
	ASSERT_TRUE(vmo_wait_blocked(self->root, 0));
	EXPECT_TRUE(pager_idle(&self->p));
	EXPECT_EQ(0, vmo_info(self->root).out_requests);
}

/* The pager answers a packet whose client is gone: fine, and of use to the next. */
TEST_F(kill, packet_read)
{
	struct client *next = client_new(variant->how, self->vmo, 1, 1);

	ASSERT_TRUE(pager_wait_read(&self->p, self->root, 1, 1));
	ASSERT_TRUE(client_kill(self->c));
	ASSERT_TRUE(vmo_wait_blocked(self->root, 0));
	ASSERT_TRUE(pager_supply(&self->p, self->root, 1, 1));
	ASSERT_TRUE(client_fork(next));
	ASSERT_TRUE(client_good(next));
}

TEST_F(kill, asked_again)
{
	struct client *next = client_new(variant->how, self->vmo, 1, 1);

	ASSERT_TRUE(pager_wait_read(&self->p, self->root, 1, 1));
	ASSERT_TRUE(client_kill(self->c));
	ASSERT_TRUE(vmo_wait_blocked(self->root, 0));
	ASSERT_TRUE(client_fork(next));
	ASSERT_TRUE(pager_wait_read(&self->p, self->root, 1, 1));
	ASSERT_TRUE(pager_supply(&self->p, self->root, 1, 1));
	ASSERT_TRUE(client_good(next));
}

/* Of two that wait the first is killed: the other one inherits the packet. */
TEST_F(kill, first_of_two)
{
	struct client *other = client_new(ACC_PREAD, self->vmo, 1, 1);

	ASSERT_TRUE(client_fork(other));
	ASSERT_TRUE(vmo_wait_blocked(self->root, 2));
	ASSERT_TRUE(client_kill(self->c));
	ASSERT_TRUE(vmo_wait_blocked(self->root, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, self->root, 1, 1));
	EXPECT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_supply(&self->p, self->root, 1, 1));
	ASSERT_TRUE(client_good(other));
}

TEST_F(kill, second_of_two)
{
	struct client *second = client_new(variant->how, self->vmo, 1, 1);
	struct client *first = self->c;

	ASSERT_TRUE(pager_wait_read(&self->p, self->root, 1, 1));
	ASSERT_TRUE(client_fork(second));
	ASSERT_TRUE(vmo_wait_blocked(self->root, 2));
	ASSERT_TRUE(client_kill(second));
	ASSERT_TRUE(vmo_wait_blocked(self->root, 1));
	EXPECT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_supply(&self->p, self->root, 1, 1));
	ASSERT_TRUE(client_good(first));
}

/* SIGTERM, for which there is no handler, ends it as well. */
TEST_F(kill, sigterm)
{
	int status;

	ASSERT_EQ(0, kill(self->c->pid, SIGTERM));
	ASSERT_TRUE(wait_until(waitpid(self->c->pid, &status, WNOHANG)));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGTERM, WTERMSIG(status));
	ASSERT_TRUE(vmo_wait_blocked(self->root, 0));
}

TEST_HARNESS_MAIN

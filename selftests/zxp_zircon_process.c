// SPDX-License-Identifier: GPL-2.0
/*
 * Zircon's tests of killing a process that waits for the pager.
 */
#include <signal.h>
#include <kselftest_harness.h>

#include "lib/fixture.h"

PAGER_FIXTURE(kill);

static int read_vmo(void *arg)
{
	struct test_vmo *vmo = arg;
	char buf[64];

	return zxp_vmo_read(vmo->fd, 0, sizeof(buf), buf) ? 1 : 0;
}

static int pread_vmo(void *arg)
{
	struct test_vmo *vmo = arg;
	char buf[64];

	return pread(vmo->fd, buf, sizeof(buf), 0) == sizeof(buf) ? 0 : 1;
}

/* A mapping made in the child, read-only. */
static void *child_map(struct test_vmo *vmo)
{
	void *p = mmap(NULL, page_size, PROT_READ, MAP_SHARED, vmo->fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

static int touch_vmo(void *arg)
{
	volatile char *p = child_map(arg);

	return p ? *p & 0 : 1;
}

/* The kernel reads a system call's structure out of the VMO. */
static int usercopy_vmo(void *arg)
{
	void *p = child_map(arg);

	return p && !open(p, O_RDONLY) ? 0 : 1;
}

/* The same by the path that tells its caller about faults. */
static int usercopy_capture_vmo(void *arg)
{
	struct test_vmo *vmo = arg;
	void *p = child_map(vmo);
	int plain = zxp_create_plain(vmo->pager->fd, page_size);

	return p && zxp_vmo_write(plain, 0, page_size, p) ? 1 : 0;
}

/*
 * The child waits for page 0, and is killed without an answer. Nothing is left
 * of its request, and the VMO works as before.
 */
#define kill_blocked(fn) do {						\
	struct test_vmo *vmo = new_vmo(1);				\
	pid_t child = child_start(fn, vmo);				\
									\
	ASSERT_LT(0, child);						\
	ASSERT_TRUE(pager_wait_any_read(&self->p, vmo, &page, &nr));	\
	EXPECT_EQ(0, page);						\
	EXPECT_EQ(1, nr);						\
	ASSERT_TRUE(vmo_wait_blocked(vmo, 1));				\
	ASSERT_TRUE(child_kill(child));					\
	ASSERT_TRUE(vmo_wait_blocked(vmo, 0));				\
	EXPECT_EQ(0, vmo_info(vmo).out_requests);			\
	ASSERT_TRUE(pager_idle(&self->p));				\
									\
	ASSERT_TRUE(thread_check_vmar(&self->t[0], vmo, 0, 1));		\
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));		\
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));			\
	ASSERT_TRUE(thread_wait(&self->t[0]));				\
	ASSERT_TRUE(pager_idle(&self->p));				\
} while (0)

TEST_F(kill, KillBlockedUserVmoRead)
{
	uint64_t page, nr;

	kill_blocked(read_vmo);
}

TEST_F(kill, KillBlockedUserPread)
{
	uint64_t page, nr;

	kill_blocked(pread_vmo);
}

TEST_F(kill, KillBlockedUserPageFault)
{
	uint64_t page, nr;

	kill_blocked(touch_vmo);
}

TEST_F(kill, KillBlockedUsercopy)
{
	uint64_t page, nr;

	kill_blocked(usercopy_vmo);
}

TEST_F(kill, KillBlockedUsercopyCaptureFaults)
{
	uint64_t page, nr;

	kill_blocked(usercopy_capture_vmo);
}

/* The packet was not read yet: it goes with the child. */
TEST_F(kill, KillBeforePacketIsRead)
{
	struct test_vmo *vmo = new_vmo(1);
	pid_t child = child_start(touch_vmo, vmo);

	ASSERT_LT(0, child);
	ASSERT_TRUE(vmo_wait_blocked(vmo, 1));
	ASSERT_TRUE(child_kill(child));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 0));
	ASSERT_TRUE(pager_idle(&self->p));
}

static int commit_vmo(void *arg)
{
	struct test_vmo *vmo = arg;

	return -zxp_vmo_op_range(vmo->fd, ZXP_VMO_OP_COMMIT, 0, 3 * page_size);
}

/* Who hangs on the killed one's request inherits it: range, packet and all. */
TEST_F(kill, KillPrimaryOfTwo)
{
	struct test_vmo *vmo = new_vmo(3);
	pid_t child = child_start(commit_vmo, vmo);

	ASSERT_LT(0, child);
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 3));
	ASSERT_TRUE(thread_check_vmar(&self->t[0], vmo, 1, 1));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 2));
	ASSERT_TRUE(child_kill(child));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 1));
	EXPECT_EQ(1, vmo_info(vmo).out_requests);
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 3));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Who only hangs on a request leaves it alone. */
TEST_F(kill, KillOverlapOfTwo)
{
	struct test_vmo *vmo = new_vmo(3);
	pid_t child;

	ASSERT_TRUE(thread_commit(&self->t[0], vmo, 0, 3));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 3));
	child = child_start(commit_vmo, vmo);
	ASSERT_LT(0, child);
	ASSERT_TRUE(vmo_wait_blocked(vmo, 2));
	ASSERT_TRUE(child_kill(child));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 3));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN

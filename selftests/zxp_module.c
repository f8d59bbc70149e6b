// SPDX-License-Identifier: GPL-2.0
/*
 * The module cannot be removed while anything of it is in use.  That it can be
 * afterwards is for run.sh to see: here only its count of users is looked at.
 */
#define _GNU_SOURCE
#include <linux/loop.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "lib/client.h"

#define REFCNT	"/sys/module/zxpager/refcnt"

FIXTURE(module)
{
	int pager;
	int vmo;
};

FIXTURE_SETUP(module)
{
	if (access(REFCNT, R_OK))
		SKIP(return, "zxpager is not a module here");
	ASSERT_TRUE(wait_until(read_number(REFCNT) == 0));
	self->pager = zxp_open(0);
	ASSERT_LE(0, self->pager);
	self->vmo = zxp_create_vmo(self->pager, 0, ZXP_PORT_OWN, 1, 4 * page_size);
	ASSERT_LE(0, self->vmo);
}

FIXTURE_TEARDOWN(module)
{
	/* Users go a moment after the last close() at the latest. */
	EXPECT_TRUE(wait_until(read_number(REFCNT) == 0));
}

static int remove_module(void)
{
	return syscall(SYS_delete_module, "zxpager", O_NONBLOCK) ? -errno : 0;
}

#define EXPECT_IN_USE() do {						\
	EXPECT_LT(0, read_number(REFCNT));				\
	EXPECT_EQ(-EWOULDBLOCK, remove_module());			\
} while (0)

TEST_F(module, pager)
{
	ASSERT_EQ(0, close(self->vmo));
	EXPECT_IN_USE();
	ASSERT_EQ(0, close(self->pager));
}

TEST_F(module, port)
{
	int port = zxp_create_port(self->pager);

	ASSERT_LE(0, port);
	ASSERT_EQ(0, close(self->vmo));
	ASSERT_EQ(0, close(self->pager));
	EXPECT_IN_USE();
	ASSERT_EQ(0, close(port));
}

TEST_F(module, vmo)
{
	ASSERT_EQ(0, close(self->pager));
	EXPECT_IN_USE();
	ASSERT_EQ(0, close(self->vmo));
}

TEST_F(module, plain_vmo)
{
	int plain = zxp_create_plain(self->pager, page_size);

	ASSERT_LE(0, plain);
	ASSERT_EQ(0, close(self->pager));
	ASSERT_EQ(0, close(self->vmo));
	EXPECT_IN_USE();
	ASSERT_EQ(0, close(plain));
}

TEST_F(module, mapping)
{
	void *map = mmap(NULL, 4 * page_size, PROT_READ, MAP_SHARED, self->vmo, 0);

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, close(self->pager));
	ASSERT_EQ(0, close(self->vmo));
	EXPECT_IN_USE();
	/* And it still is a mapping of a VMO. */
	EXPECT_TRUE(crashes(map, SIGBUS));
	ASSERT_EQ(0, munmap(map, 4 * page_size));
}

TEST_F(module, private_mapping)
{
	char *buf = map_anon(1), *map;

	map = mmap(NULL, 4 * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE,
		   self->vmo, 0);
	ASSERT_NE(MAP_FAILED, map);
	test_zxp(supply_pages, self->pager, self->vmo, 0, page_size, buf);
	*(volatile char *)map = 1;
	ASSERT_EQ(0, close(self->pager));
	ASSERT_EQ(0, close(self->vmo));
	EXPECT_IN_USE();
	ASSERT_EQ(0, munmap(map, 4 * page_size));
}

TEST_F(module, path_descriptor)
{
	int path = reopen(self->vmo, O_PATH);

	ASSERT_LE(0, path);
	ASSERT_EQ(0, close(self->pager));
	ASSERT_EQ(0, close(self->vmo));
	EXPECT_IN_USE();
	/* Opened through it, it is the VMO again, with no pager any more. */
	self->vmo = reopen(path, O_RDONLY);
	ASSERT_LE(0, self->vmo);
	EXPECT_EQ(-ESTALE, zxp_vmo_op_range(self->vmo, ZXP_VMO_OP_PREFETCH, 0, 1));
	ASSERT_EQ(0, close(path));
	EXPECT_IN_USE();
	ASSERT_EQ(0, close(self->vmo));
}

TEST_F(module, read_only_reopen)
{
	int ro = reopen(self->vmo, O_RDONLY);

	ASSERT_LE(0, ro);
	ASSERT_EQ(0, close(self->pager));
	ASSERT_EQ(0, close(self->vmo));
	EXPECT_IN_USE();
	ASSERT_EQ(0, close(ro));
}

/* A descriptor on its way through a socket. */
TEST_F(module, in_flight)
{
	int sock[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	ASSERT_EQ(0, send_fd(sock[0], self->vmo));
	ASSERT_EQ(0, close(self->pager));
	ASSERT_EQ(0, close(self->vmo));
	EXPECT_IN_USE();
	ASSERT_EQ(0, close(sock[0]));
	ASSERT_EQ(0, close(sock[1]));
}

/* A task that waits for the pager is all that is left of a VMO. */
static int load(struct test_thread *t)
{
	return *(volatile char *)t->arg & 0;
}

TEST_F(module, waiter)
{
	char *map = mmap(NULL, 4 * page_size, PROT_READ, MAP_SHARED, self->vmo, 0);
	struct test_thread t = { .arg = map };
	struct test_vmo vmo = { .fd = self->vmo };

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_TRUE(thread_start(&t, load));
	ASSERT_TRUE(vmo_wait_blocked(&vmo, 1));
	ASSERT_EQ(0, close(self->vmo));
	ASSERT_EQ(0, munmap(map, 4 * page_size));
	EXPECT_IN_USE();
	ASSERT_EQ(0, close(self->pager));
	ASSERT_TRUE(thread_wait_crash(&t, map, SIGSEGV));
}

/* Threads that store to what is there, but that they may not write to yet. */
static int store_clean(struct test_thread *t)
{
	(void)*(volatile char *)t->arg;
	*(volatile char *)t->arg = 1;
	return 0;
}

#define WRITERS	4

static int store_by_threads(void *arg)
{
	struct test_thread t[WRITERS] = { 0 };

	for (int i = 0; i < WRITERS; i++) {
		t[i].arg = (char *)arg + i * page_size;
		if (!thread_start(&t[i], store_clean))
			return 1;
	}
	for (int i = 0; i < WRITERS; i++)
		if (!thread_join(&t[i]))
			return 1;
	return 0;
}

/* They end in all ways there are, at the moment at which all else of it goes. */
TEST_F(module, trapped_writers)
{
	char *content = map_anon(WRITERS), *map;
	struct test_vmo vmo;
	int status, pager;
	pid_t pid;

	ASSERT_EQ(0, close(self->vmo));
	for (int i = 0; i < 24; i++) {
		pager = zxp_open(0);
		vmo.fd = zxp_create_vmo(pager, ZXP_VMO_TRAP_DIRTY, ZXP_PORT_OWN, 1,
					WRITERS * page_size);
		ASSERT_LE(0, vmo.fd);
		test_zxp(supply_pages, pager, vmo.fd, 0, WRITERS * page_size, content);
		map = mmap(NULL, WRITERS * page_size, PROT_READ | PROT_WRITE,
			   MAP_SHARED, vmo.fd, 0);
		ASSERT_NE(MAP_FAILED, map);
		pid = child_start(store_by_threads, map);
		ASSERT_LT(0, pid);
		ASSERT_TRUE(vmo_wait_blocked(&vmo, WRITERS));
		ASSERT_EQ(0, munmap(map, WRITERS * page_size));
		EXPECT_IN_USE();
		if (i % 3 == 0)
			ASSERT_EQ(0, kill(pid, SIGKILL));
		/* The child has the pager too, so it is not this that closes it. */
		if (i % 3 == 1)
			test_zxp(detach_vmo, pager, vmo.fd);
		ASSERT_EQ(0, close(vmo.fd));
		ASSERT_EQ(0, close(pager));
		if (i % 3 == 2)
			ASSERT_EQ(0, kill(pid, SIGKILL));
		ASSERT_TRUE(wait_until(waitpid(pid, &status, WNOHANG)));
		EXPECT_EQ(i % 3 == 1 ? 0 : SIGKILL, status);
	}
	ASSERT_EQ(0, close(self->pager));
}

TEST_F(module, loop_device)
{
	int ctl = open("/dev/loop-control", O_RDWR | O_CLOEXEC), nr, loop;
	char path[32];

	if (ctl < 0) {
		close(self->pager);
		close(self->vmo);
		SKIP(return, "no loop devices here");
	}
	nr = ioctl(ctl, LOOP_CTL_GET_FREE);
	close(ctl);
	sprintf(path, "/dev/loop%d", nr);
	mknod(path, S_IFBLK | 0600, makedev(7, nr));
	loop = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, loop);
	ASSERT_EQ(0, ioctl(loop, LOOP_SET_FD, self->vmo));
	ASSERT_EQ(0, close(self->pager));
	ASSERT_EQ(0, close(self->vmo));
	EXPECT_IN_USE();
	ASSERT_EQ(0, ioctl(loop, LOOP_CLR_FD));
	ASSERT_EQ(0, close(loop));
}

TEST_HARNESS_MAIN

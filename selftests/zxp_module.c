// SPDX-License-Identifier: GPL-2.0
/*
 * The module cannot be removed while anything of it is in use.  That it can be
 * afterwards is for run.sh to see: here only its count of users is looked at.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "lib/client.h"
#include "lib/loop.h"

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

TEST_F(module, plain_vmo)
{
	int plain = zxp_create_plain(self->pager, page_size);

	ASSERT_LE(0, plain);
	ASSERT_EQ(0, close(self->pager));
	ASSERT_EQ(0, close(self->vmo));
	EXPECT_IN_USE();
	ASSERT_EQ(0, close(plain));
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

/*
 * A VMO or a child of one, of which page 0 is there and was stored to. Nothing else is left but
 * the pager, which goes as well.
 */
FIXTURE(life)
{
	int pager;
	int vmo;
	bool skipped;
};

FIXTURE_VARIANT(life)
{
	uint32_t child;		/* what kind of one, or 0 */
	uint32_t of;		/* of a child of this kind, which goes too; or 0 */
	bool plain;		/* the VMO has no pager */
};

#define COPY	ZXP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE
#define LIFE(name, kind, parent) \
	FIXTURE_VARIANT_ADD(life, name) { .child = (kind), .of = (parent) }

LIFE(vmo, 0, 0);
LIFE(copy, COPY, 0);
LIFE(copy_of_copy, ZXP_CHILD_SNAPSHOT_MODIFIED, COPY);
LIFE(slice, ZXP_CHILD_SLICE, 0);
LIFE(slice_of_copy, ZXP_CHILD_SLICE, COPY);
LIFE(reference, ZXP_CHILD_REFERENCE, 0);
LIFE(reference_of_copy, ZXP_CHILD_REFERENCE, COPY);
LIFE(reference_of_slice, ZXP_CHILD_REFERENCE, ZXP_CHILD_SLICE);
LIFE(snapshot, ZXP_CHILD_POINT_IN_TIME, 0);
FIXTURE_VARIANT_ADD(life, plain_snapshot) { .child = ZXP_CHILD_SNAPSHOT, .plain = true };

FIXTURE_SETUP(life)
{
	uint64_t length = variant->child == ZXP_CHILD_REFERENCE ? 0 : 4 * page_size;
	char *content = map_anon(1);
	int parent;

	self->skipped = access(REFCNT, R_OK);
	if (self->skipped)
		SKIP(return, "zxpager is not a module here");
	ASSERT_TRUE(wait_until(read_number(REFCNT) == 0));
	self->pager = zxp_open(0);
	ASSERT_LE(0, self->pager);
	if (variant->plain)
		self->vmo = zxp_create_plain(self->pager, 4 * page_size);
	else
		self->vmo = zxp_create_vmo_flags(self->pager, 0, ZXP_CREATE_SNAPSHOTS,
						 ZXP_PORT_OWN, 1, 4 * page_size);
	ASSERT_LE(0, self->vmo);
	if (variant->plain) {
		ASSERT_EQ(1, pwrite(self->vmo, "p", 1, 0));
	} else {
		test_zxp(supply_pages, self->pager, self->vmo, 0, page_size, content);
	}
	munmap(content, page_size);
	if (variant->of) {
		parent = self->vmo;
		self->vmo = zxp_create_child(parent, variant->of, 0, 4 * page_size);
		ASSERT_LE(0, self->vmo);
		ASSERT_EQ(1, pwrite(self->vmo, "p", 1, 1));
		ASSERT_EQ(0, close(parent));
	}
	if (variant->child) {
		parent = self->vmo;
		self->vmo = zxp_create_child(parent, variant->child, 0, length);
		ASSERT_LE(0, self->vmo);
		ASSERT_EQ(0, close(parent));
	}
	ASSERT_EQ(1, pwrite(self->vmo, "c", 1, 0));
}

FIXTURE_TEARDOWN(life)
{
	if (!self->skipped)
		EXPECT_TRUE(wait_until(read_number(REFCNT) == 0));
}

#define close_both() do {						\
	ASSERT_EQ(0, close(self->pager));				\
	ASSERT_EQ(0, close(self->vmo));					\
} while (0)

TEST_F(life, descriptor)
{
	char byte;

	ASSERT_EQ(0, close(self->pager));
	EXPECT_IN_USE();
	ASSERT_EQ(1, pread(self->vmo, &byte, 1, 0));
	EXPECT_EQ('c', byte);
	ASSERT_EQ(0, close(self->vmo));
}

TEST_F(life, mapping)
{
	char *map = mmap(NULL, 4 * page_size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 self->vmo, 0);

	ASSERT_NE(MAP_FAILED, map);
	close_both();
	EXPECT_IN_USE();
	/* And it still is a mapping of a VMO. */
	EXPECT_EQ('c', *(volatile char *)map);
	if (variant->plain) {
		EXPECT_EQ(0, *(volatile char *)(map + page_size));
	} else {
		EXPECT_TRUE(crashes(map + page_size, SIGBUS));
	}
	ASSERT_EQ(0, munmap(map, 4 * page_size));
}

TEST_F(life, private_mapping)
{
	char *map = mmap(NULL, 4 * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE,
			 self->vmo, 0);

	ASSERT_NE(MAP_FAILED, map);
	*(volatile char *)map = 1;
	close_both();
	EXPECT_IN_USE();
	ASSERT_EQ(0, munmap(map, 4 * page_size));
}

TEST_F(life, path_descriptor)
{
	int path = reopen(self->vmo, O_PATH);

	ASSERT_LE(0, path);
	close_both();
	EXPECT_IN_USE();
	/* Opened through it, it is the VMO again, with no pager any more. */
	self->vmo = reopen(path, O_RDONLY);
	ASSERT_LE(0, self->vmo);
	EXPECT_EQ(variant->plain ? 0 : -ESTALE,
		  zxp_vmo_op_range(self->vmo, ZXP_VMO_OP_PREFETCH, page_size, 1));
	ASSERT_EQ(0, close(path));
	EXPECT_IN_USE();
	ASSERT_EQ(0, close(self->vmo));
}

TEST_F(life, read_only_reopen)
{
	int ro = reopen(self->vmo, O_RDONLY);

	ASSERT_LE(0, ro);
	close_both();
	EXPECT_IN_USE();
	ASSERT_EQ(0, close(ro));
}

/* A descriptor on its way through a socket. */
TEST_F(life, in_flight)
{
	int sock[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	ASSERT_EQ(0, send_fd(sock[0], self->vmo));
	close_both();
	EXPECT_IN_USE();
	ASSERT_EQ(0, close(sock[0]));
	ASSERT_EQ(0, close(sock[1]));
}

/* A page of it in a pipe does not keep it, and does not go with it. */
TEST_F(life, page_in_pipe)
{
	char *map = mmap(NULL, page_size, PROT_READ, MAP_SHARED, self->vmo, 0), byte = 0;
	struct iovec iov = { map, 1 };
	int pipefd[2];

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, pipe(pipefd));
	ASSERT_EQ(1, vmsplice(pipefd[1], &iov, 1, 0));
	ASSERT_EQ(0, munmap(map, page_size));
	close_both();
	EXPECT_TRUE(wait_until(read_number(REFCNT) == 0));
	ASSERT_EQ(1, read(pipefd[0], &byte, 1));
	EXPECT_EQ('c', byte);
	close(pipefd[0]);
	close(pipefd[1]);
}

/* A task that waits for the pager is all that is left. */
static int load(struct test_thread *t)
{
	return *(volatile char *)t->arg & 0;
}

static bool packet_comes(int pager)
{
	struct pollfd pfd = { .fd = pager, .events = POLLIN };

	return wait_until(poll(&pfd, 1, 0) == 1 && pfd.revents & POLLIN);
}

TEST_F(life, waiter)
{
	char *map = mmap(NULL, 4 * page_size, PROT_READ, MAP_SHARED, self->vmo, 0);
	struct test_thread t = { .arg = map + page_size };

	if (variant->plain) {
		ASSERT_EQ(0, munmap(map, 4 * page_size));
		close_both();
		SKIP(return, "nobody waits for a plain VMO");
	}
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_TRUE(thread_start(&t, load));
	/* What it asks for is asked of the VMO at the bottom, of which nobody has a descriptor. */
	ASSERT_TRUE(packet_comes(self->pager));
	ASSERT_TRUE(wait_until(thread_asleep(&t)));
	ASSERT_EQ(0, close(self->vmo));
	ASSERT_EQ(0, munmap(map, 4 * page_size));
	EXPECT_IN_USE();
	ASSERT_EQ(0, close(self->pager));
	ASSERT_TRUE(thread_wait_crash(&t, map + page_size, SIGSEGV));
}

TEST_F(life, loop_device)
{
	char path[32];
	int loop = loop_over(self->vmo, 0, path);

	close_both();
	if (loop == -ENODEV)
		SKIP(return, "no loop devices here");
	ASSERT_LE(0, loop);
	EXPECT_IN_USE();
	ASSERT_EQ(0, loop_end(loop));
}

TEST_HARNESS_MAIN

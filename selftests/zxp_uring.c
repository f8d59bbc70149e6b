// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring: reads that it tries without waiting, and then waits for elsewhere, and
 * polls of the packet stream.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"
#include "lib/child.h"
#include "lib/client.h"
#include "lib/fixture.h"
#include "lib/ring.h"

#define BYTES(pages)	((pages) * page_size)

static bool ring_submit(struct ring *r, const struct io_uring_sqe *sqe)
{
	ring_put(r, sqe);
	return syscall(SYS_io_uring_enter, r->fd, 1, 0, 0, NULL, 0) == 1;
}

/* Wait for the next result and leave it in @cqe. */
static bool ring_wait(struct ring *r, struct io_uring_cqe *cqe)
{
	struct pollfd pfd = { .fd = r->fd, .events = POLLIN };

	if (!ring_done(r) && poll(&pfd, 1, FAILURE_MS) != 1) {
		diag("io_uring: no result");
		return false;
	}
	ring_take(r, cqe);
	return true;
}

static struct io_uring_sqe read_sqe(int fd, void *buf, size_t len, uint64_t off)
{
	return (struct io_uring_sqe){
		.opcode = IORING_OP_READ,
		.fd = fd,
		.off = off,
		.addr = (uintptr_t)buf,
		.len = len,
		.user_data = off,
	};
}

FIXTURE(uring)
{
	struct user_pager p;
	struct test_vmo *vmo;
	struct test_vmo *root;
	struct ring r;
	char *buf;
};

FIXTURE_VARIANT(uring)
{
	enum vmo_kind kind;
};

FIXTURE_VARIANT_ADD(uring, vmo) { .kind = KIND_VMO };
FIXTURE_VARIANT_ADD(uring, copy) { .kind = KIND_COPY };
FIXTURE_VARIANT_ADD(uring, slice) { .kind = KIND_SLICE };
FIXTURE_VARIANT_ADD(uring, slice_of_copy) { .kind = KIND_SLICE_OF_COPY };
FIXTURE_VARIANT_ADD(uring, reference) { .kind = KIND_REFERENCE };
FIXTURE_VARIANT_ADD(uring, snapshot) { .kind = KIND_SNAPSHOT };

FIXTURE_SETUP(uring)
{
	int rc = ring_init(&self->r, 16, 0);

	if (rc == -ENOSYS || rc == -EPERM)
		SKIP(return, "no io_uring here");
	ASSERT_EQ(0, rc);
	ASSERT_TRUE(user_pager_init(&self->p));
	self->vmo = pager_create_kind(&self->p, variant->kind, 16, 0);
	ASSERT_NE(NULL, self->vmo);
	self->root = self->vmo->root;
	self->buf = map_anon(16);
}

FIXTURE_TEARDOWN(uring)
{
	close(self->r.fd);
	user_pager_fini(&self->p);
}

TEST_F(uring, resident)
{
	struct io_uring_sqe sqe = read_sqe(self->vmo->fd, self->buf, BYTES(4), 0);
	struct io_uring_cqe cqe;

	ASSERT_TRUE(pager_supply(&self->p, self->root, 0, 4));
	ASSERT_TRUE(ring_submit(&self->r, &sqe));
	/* With nothing to wait for it is done before that call returns. */
	EXPECT_TRUE(ring_done(&self->r));
	ASSERT_TRUE(ring_wait(&self->r, &cqe));
	EXPECT_EQ((int)BYTES(4), cqe.res);
	EXPECT_TRUE(vmo_matches(self->vmo, 0, 4, self->buf));
	EXPECT_TRUE(pager_idle(&self->p));
}

TEST_F(uring, missing)
{
	struct io_uring_sqe sqe = read_sqe(self->vmo->fd, self->buf, BYTES(4), 0);
	struct io_uring_cqe cqe;

	/* It does not wait here, but in a worker. */
	ASSERT_TRUE(ring_submit(&self->r, &sqe));
	ASSERT_TRUE(vmo_wait_blocked(self->root, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, self->root, 0, 4));
	EXPECT_FALSE(ring_done(&self->r));
	ASSERT_TRUE(pager_supply(&self->p, self->root, 0, 4));
	ASSERT_TRUE(ring_wait(&self->r, &cqe));
	EXPECT_EQ((int)BYTES(4), cqe.res);
	EXPECT_TRUE(vmo_matches(self->vmo, 0, 4, self->buf));
}

/*
 * What would have to wait does so in another thread at once: nothing is tried again for which
 * this one had to come back.
 */
TEST_F(uring, asks_at_once)
{
	struct io_uring_sqe sqe = read_sqe(self->vmo->fd, self->buf, BYTES(4), 0);
	struct io_uring_cqe cqe;
	struct ring r;
	int rc = ring_init(&r, 16, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);

	ASSERT_EQ(0, rc);
	ASSERT_TRUE(ring_submit(&r, &sqe));
	ASSERT_TRUE(pager_wait_read(&self->p, self->root, 0, 4));
	ASSERT_TRUE(pager_supply(&self->p, self->root, 0, 4));
	ASSERT_EQ(0, syscall(SYS_io_uring_enter, r.fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0));
	ASSERT_TRUE(ring_wait(&r, &cqe));
	EXPECT_EQ((int)BYTES(4), cqe.res);
	EXPECT_TRUE(vmo_matches(self->vmo, 0, 4, self->buf));
	ring_close(&r);
}

TEST_F(uring, partly_missing)
{
	struct io_uring_sqe sqe = read_sqe(self->vmo->fd, self->buf, BYTES(4), 0);
	struct io_uring_cqe cqe;
	struct server s;

	ASSERT_TRUE(pager_supply(&self->p, self->root, 0, 2));
	ASSERT_TRUE(server_start(&s, &self->p));
	ASSERT_TRUE(ring_submit(&self->r, &sqe));
	ASSERT_TRUE(ring_wait(&self->r, &cqe));
	EXPECT_TRUE(server_end(&s));
	EXPECT_EQ((int)BYTES(4), cqe.res);
	EXPECT_TRUE(vmo_matches(self->vmo, 0, 4, self->buf));
}

TEST_F(uring, fails)
{
	struct io_uring_sqe sqe = read_sqe(self->vmo->fd, self->buf, BYTES(1), 0);
	struct io_uring_cqe cqe;

	ASSERT_TRUE(ring_submit(&self->r, &sqe));
	ASSERT_TRUE(pager_wait_read(&self->p, self->root, 0, 1));
	ASSERT_TRUE(pager_fail(&self->p, self->root, 0, 1, EBADMSG));
	ASSERT_TRUE(ring_wait(&self->r, &cqe));
	EXPECT_EQ(-EBADMSG, cqe.res);
	ASSERT_TRUE(ring_submit(&self->r, &sqe));
	ASSERT_TRUE(pager_wait_read(&self->p, self->root, 0, 1));
	ASSERT_TRUE(pager_detach(&self->p, self->root));
	ASSERT_TRUE(ring_wait(&self->r, &cqe));
	EXPECT_EQ(-ESTALE, cqe.res);
}

/* A store to a missing page, which a copy gets for itself once the root has it. */
TEST_F(uring, written)
{
	uint64_t word = STORED_WORD;
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_WRITE,
		.fd = self->vmo->fd,
		.off = BYTES(1),
		.addr = (uintptr_t)&word,
		.len = sizeof(word),
	};
	struct io_uring_cqe cqe;

	ASSERT_TRUE(ring_submit(&self->r, &sqe));
	ASSERT_TRUE(vmo_wait_blocked(self->root, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, self->root, 1, 1));
	EXPECT_FALSE(ring_done(&self->r));
	ASSERT_TRUE(pager_supply(&self->p, self->root, 1, 1));
	ASSERT_TRUE(ring_wait(&self->r, &cqe));
	EXPECT_EQ((int)sizeof(word), cqe.res);
	EXPECT_TRUE(vmo_word_is(self->vmo, 1, STORED_WORD));
	if (kind_is_copy(variant->kind))
		EXPECT_TRUE(vmo_matches(self->root, 1, 1, self->root->map + BYTES(1)));
}

/* Several at once, answered in another order. */
TEST_F(uring, out_of_order)
{
	static const int order[] = { 2, 0, 3, 1 };
	struct io_uring_cqe cqe;

	for (int i = 0; i < 4; i++) {
		struct io_uring_sqe sqe = read_sqe(self->vmo->fd,
						   self->buf + BYTES(i), BYTES(1),
						   BYTES(i));

		ASSERT_TRUE(ring_submit(&self->r, &sqe));
		ASSERT_TRUE(pager_wait_read(&self->p, self->root, i, 1));
	}
	for (int i = 0; i < 4; i++) {
		ASSERT_TRUE(pager_supply(&self->p, self->root, order[i], 1));
		ASSERT_TRUE(ring_wait(&self->r, &cqe));
		EXPECT_EQ(BYTES(order[i]), cqe.user_data);
		EXPECT_EQ((int)BYTES(1), cqe.res);
	}
	EXPECT_TRUE(vmo_matches(self->vmo, 0, 4, self->buf));
}

static int submit_and_pause(void *arg)
{
	struct test_vmo *vmo = arg;
	struct io_uring_sqe sqe = read_sqe(vmo->fd, map_anon(1), BYTES(1), 0);
	struct ring r;

	if (ring_init(&r, 16, 0) || !ring_submit(&r, &sqe))
		return 1;
	for (;;)
		pause();
}

/* Its worker goes with the process. */
TEST_F(uring, killed)
{
	pid_t pid = child_start(submit_and_pause, self->vmo);

	ASSERT_LT(0, pid);
	ASSERT_TRUE(vmo_wait_blocked(self->root, 1));
	ASSERT_TRUE(child_kill(pid));
	ASSERT_TRUE(vmo_wait_blocked(self->root, 0));
	EXPECT_EQ(0, vmo_info(self->root).out_requests);
	EXPECT_TRUE(pager_idle(&self->p));
}

TEST_F(uring, cancelled)
{
	struct io_uring_sqe sqe = read_sqe(self->vmo->fd, self->buf, BYTES(1), 0);
	struct io_uring_sqe cancel = {
		.opcode = IORING_OP_ASYNC_CANCEL,
		.fd = -1,
		.addr = sqe.user_data,
		.user_data = 1,
	};
	struct io_uring_cqe cqe;
	int results = 0;

	ASSERT_TRUE(ring_submit(&self->r, &sqe));
	ASSERT_TRUE(vmo_wait_blocked(self->root, 1));
	ASSERT_TRUE(ring_submit(&self->r, &cancel));
	for (int i = 0; i < 2; i++) {
		ASSERT_TRUE(ring_wait(&self->r, &cqe));
		results |= 1 << cqe.user_data;
		if (!cqe.user_data) {
			EXPECT_TRUE(cqe.res == -EINTR || cqe.res == -ECANCELED);
		}
	}
	EXPECT_EQ(3, results);
	EXPECT_EQ(0, vmo_info(self->root).out_waiting);
	EXPECT_TRUE(pager_idle(&self->p));
}

/* A daemon that lives in a ring: it polls, and it reads packets. */
TEST_F(uring, packets)
{
	struct io_uring_sqe poll_sqe = {
		.opcode = IORING_OP_POLL_ADD,
		.fd = self->p.port,
		.poll32_events = POLLIN,
		.user_data = 1,
	};
	struct io_uring_sqe read_pkt = read_sqe(self->p.port, self->buf, BYTES(1), 0);
	struct test_thread t = { 0 };
	struct zxp_packet *pkt = (void *)self->buf;
	struct io_uring_cqe cqe;

	ASSERT_TRUE(ring_submit(&self->r, &poll_sqe));
	EXPECT_FALSE(ring_done(&self->r));
	ASSERT_TRUE(thread_check_vmar(&t, self->vmo, 3, 1));
	ASSERT_TRUE(ring_wait(&self->r, &cqe));
	EXPECT_EQ(1, cqe.user_data);
	EXPECT_TRUE(cqe.res & POLLIN);
	ASSERT_TRUE(ring_submit(&self->r, &read_pkt));
	ASSERT_TRUE(ring_wait(&self->r, &cqe));
	ASSERT_EQ((int)sizeof(*pkt), cqe.res);
	EXPECT_EQ(BYTES(3), pkt->offset);
	ASSERT_TRUE(pager_supply(&self->p, self->root, 3, 1));
	ASSERT_TRUE(thread_wait(&t));
	/* A read that comes first waits for the packet. */
	ASSERT_TRUE(ring_submit(&self->r, &read_pkt));
	ASSERT_TRUE(thread_check_vmar(&t, self->vmo, 5, 1));
	ASSERT_TRUE(ring_wait(&self->r, &cqe));
	ASSERT_EQ((int)sizeof(*pkt), cqe.res);
	EXPECT_EQ(BYTES(5), pkt->offset);
	ASSERT_TRUE(pager_supply(&self->p, self->root, 5, 1));
	ASSERT_TRUE(thread_wait(&t));
}

TEST_HARNESS_MAIN

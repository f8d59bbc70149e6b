// SPDX-License-Identifier: GPL-2.0
/*
 * Polling the packet stream, and what else happens to a port: it is closed, handed
 * over, or read into memory that it serves itself.
 */
#define _GNU_SOURCE
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "lib/client.h"
#include "lib/fixture.h"

#define PKT	sizeof(struct zxp_packet)

FIXTURE(poll)
{
	struct user_pager p;
	struct test_vmo *vmo, *vmo2;
	struct test_thread t[4];
	struct zxp_packet pkt[4];
	int ep;
};

FIXTURE_VARIANT(poll)
{
	bool own;
};

FIXTURE_VARIANT_ADD(poll, own) { .own = true };
FIXTURE_VARIANT_ADD(poll, port) { .own = false };

FIXTURE_SETUP(poll)
{
	ASSERT_TRUE(variant->own ? user_pager_init_own(&self->p) :
				   user_pager_init(&self->p));
	self->vmo = pager_create_vmo(&self->p, 8);
	self->vmo2 = pager_create_vmo(&self->p, 8);
	ASSERT_NE(NULL, self->vmo);
	ASSERT_NE(NULL, self->vmo2);
	ASSERT_EQ(0, fcntl(self->p.port, F_SETFL, O_NONBLOCK));
	self->ep = epoll_create1(EPOLL_CLOEXEC);
	ASSERT_LE(0, self->ep);
}

FIXTURE_TEARDOWN(poll)
{
	close(self->ep);
	user_pager_fini(&self->p);
}

/* A thread asks for this page; its packet is then on the stream. */
#define ask(i, vmo, page, waiting) do {					\
	ASSERT_TRUE(thread_check_vmar(&self->t[i], vmo, page, 1));	\
	ASSERT_TRUE(vmo_wait_blocked(vmo, waiting));			\
} while (0)

#define serve(i, vmo, page) do {					\
	ASSERT_TRUE(pager_supply(&self->p, vmo, page, 1));		\
	ASSERT_TRUE(thread_wait(&self->t[i]));				\
} while (0)

static short events_of(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN | POLLOUT | POLLPRI };

	return poll(&pfd, 1, 0) < 0 ? -1 : pfd.revents;
}

#define readable(fd)	(events_of(fd) == POLLIN)
#define quiet(fd)	(events_of(fd) == 0)

static int ready(int ep)
{
	struct epoll_event ev[4];

	return epoll_wait(ep, ev, 4, 0);
}

static bool watch(int ep, int op, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.fd = fd };

	return !epoll_ctl(ep, op, fd, &ev);
}

TEST_F(poll, level)
{
	int fd = self->p.port;

	EXPECT_TRUE(quiet(fd));
	ask(0, self->vmo, 1, 1);
	EXPECT_TRUE(readable(fd));
	EXPECT_TRUE(readable(fd));
	ASSERT_EQ(PKT, read(fd, self->pkt, PKT));
	EXPECT_TRUE(quiet(fd));
	serve(0, self->vmo, 1);
	EXPECT_TRUE(quiet(fd));
}

TEST_F(poll, retracted_is_not_readable)
{
	ask(0, self->vmo, 1, 1);
	EXPECT_TRUE(readable(self->p.port));
	serve(0, self->vmo, 1);
	EXPECT_TRUE(quiet(self->p.port));
	EXPECT_EQ(-1, read(self->p.port, self->pkt, PKT));
	EXPECT_EQ(EAGAIN, errno);
}

TEST_F(poll, next_of_vmo_is_readable)
{
	int fd = self->p.port;

	ask(0, self->vmo, 1, 1);
	ask(1, self->vmo, 3, 2);
	ASSERT_EQ(PKT, read(fd, self->pkt, PKT));
	EXPECT_TRUE(readable(fd));
	ASSERT_EQ(PKT, read(fd, self->pkt, PKT));
	EXPECT_EQ(3 * page_size, self->pkt->offset);
	EXPECT_TRUE(quiet(fd));
	serve(0, self->vmo, 1);
	serve(1, self->vmo, 3);
}

TEST_F(poll, complete_is_readable)
{
	ASSERT_TRUE(pager_detach(&self->p, self->vmo));
	EXPECT_TRUE(readable(self->p.port));
	ASSERT_TRUE(pager_wait_complete(&self->p, self->vmo->key));
	EXPECT_TRUE(quiet(self->p.port));
}

static int wait_readable(struct test_thread *t)
{
	struct pollfd pfd = { .fd = *(int *)t->arg, .events = POLLIN };

	return poll(&pfd, 1, FAILURE_MS) == 1 && pfd.revents == POLLIN ? 0 : ETIME;
}

TEST_F(poll, sleeper_is_woken)
{
	self->t[3].arg = &self->p.port;
	ASSERT_TRUE(thread_start(&self->t[3], wait_readable));
	ask(0, self->vmo, 1, 1);
	ASSERT_TRUE(thread_wait(&self->t[3]));
	serve(0, self->vmo, 1);
}

TEST_F(poll, sleeper_is_woken_by_complete)
{
	self->t[3].arg = &self->p.port;
	ASSERT_TRUE(thread_start(&self->t[3], wait_readable));
	ASSERT_TRUE(pager_detach(&self->p, self->vmo));
	ASSERT_TRUE(thread_wait(&self->t[3]));
}

TEST_F(poll, epoll_level)
{
	int fd = self->p.port;

	ask(0, self->vmo, 1, 1);
	ASSERT_TRUE(watch(self->ep, EPOLL_CTL_ADD, fd, EPOLLIN));
	EXPECT_EQ(1, ready(self->ep));
	EXPECT_EQ(1, ready(self->ep));
	ASSERT_EQ(PKT, read(fd, self->pkt, PKT));
	EXPECT_EQ(0, ready(self->ep));
	serve(0, self->vmo, 1);
	ask(0, self->vmo, 2, 1);
	EXPECT_EQ(1, ready(self->ep));
	serve(0, self->vmo, 2);
	EXPECT_EQ(0, ready(self->ep));
}

/* Edge-triggered: each new packet is told, though older ones are still there. */
TEST_F(poll, epoll_edge)
{
	int fd = self->p.port;

	ASSERT_TRUE(watch(self->ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLET));
	EXPECT_EQ(0, ready(self->ep));
	ask(0, self->vmo, 1, 1);
	EXPECT_EQ(1, ready(self->ep));
	EXPECT_EQ(0, ready(self->ep));
	ask(1, self->vmo2, 1, 1);
	EXPECT_EQ(1, ready(self->ep));
	EXPECT_EQ(0, ready(self->ep));
	ASSERT_EQ(2 * PKT, read(fd, self->pkt, sizeof(self->pkt)));
	EXPECT_EQ(0, ready(self->ep));
	serve(0, self->vmo, 1);
	serve(1, self->vmo2, 1);
}

/*
 * The edge-triggered loop that reads until EAGAIN misses nothing: the packet that
 * takes the place of one that was read is there at once, in the same loop.
 */
TEST_F(poll, epoll_edge_drains)
{
	int fd = self->p.port, n = 0;

	ASSERT_TRUE(watch(self->ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLET));
	for (int i = 0; i < 4; i++)
		ask(i, self->vmo, i, i + 1);
	ASSERT_EQ(1, ready(self->ep));
	while (read(fd, self->pkt, PKT) == PKT)
		n++;
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(4, n);
	for (int i = 0; i < 4; i++)
		serve(i, self->vmo, i);
}

TEST_F(poll, epoll_oneshot)
{
	int fd = self->p.port;
	uint32_t events = EPOLLIN | EPOLLONESHOT;

	ASSERT_TRUE(watch(self->ep, EPOLL_CTL_ADD, fd, events));
	ask(0, self->vmo, 1, 1);
	EXPECT_EQ(1, ready(self->ep));
	ask(1, self->vmo2, 1, 1);
	EXPECT_EQ(0, ready(self->ep));
	ASSERT_TRUE(watch(self->ep, EPOLL_CTL_MOD, fd, events));
	EXPECT_EQ(1, ready(self->ep));
	serve(0, self->vmo, 1);
	serve(1, self->vmo2, 1);
}

static int epoll_sleeper(struct test_thread *t)
{
	struct epoll_event ev;

	return epoll_wait(*(int *)t->arg, &ev, 1, FAILURE_MS) == 1 ? 0 : ETIME;
}

/* Each of two packets wakes a sleeper of its own. */
TEST_F(poll, epoll_exclusive)
{
	int fd = self->p.port, ep[2];

	for (int i = 0; i < 2; i++) {
		ep[i] = epoll_create1(EPOLL_CLOEXEC);
		ASSERT_TRUE(watch(ep[i], EPOLL_CTL_ADD, fd,
				  EPOLLIN | EPOLLEXCLUSIVE));
		self->t[2 + i].arg = &ep[i];
		ASSERT_TRUE(thread_start(&self->t[2 + i], epoll_sleeper));
	}
	ask(0, self->vmo, 1, 1);
	ask(1, self->vmo2, 1, 1);
	ASSERT_TRUE(thread_wait(&self->t[2]));
	ASSERT_TRUE(thread_wait(&self->t[3]));
	EXPECT_EQ(1, ready(ep[0]));
	EXPECT_EQ(1, ready(ep[1]));
	serve(0, self->vmo, 1);
	serve(1, self->vmo2, 1);
}

/* Closed while it is watched, it is watched no more and nothing goes wrong. */
TEST_F(poll, closed_while_watched)
{
	ASSERT_TRUE(watch(self->ep, EPOLL_CTL_ADD, self->p.port, EPOLLIN));
	ask(0, self->vmo, 1, 1);
	EXPECT_EQ(1, ready(self->ep));
	if (variant->own) {
		pager_close(&self->p);
		ASSERT_TRUE(thread_wait_crash(&self->t[0],
					      self->vmo->map + page_size, SIGBUS));
	} else {
		port_close(&self->p);
		EXPECT_EQ(0, ready(self->ep));
		serve(0, self->vmo, 1);
	}
	EXPECT_EQ(0, ready(self->ep));
}

PAGER_FIXTURE(port);

TEST_F(port, closed_then_supplied)
{
	struct test_vmo *vmo = new_vmo(4);

	ASSERT_TRUE(thread_check_vmar(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 1));
	port_close(&self->p);
	ASSERT_TRUE(thread_check_vmo(&self->t[1], vmo, 1, 2));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 2));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 4));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_wait(&self->t[1]));
}

TEST_F(port, closed_then_failed_and_detached)
{
	struct test_vmo *vmo = new_vmo(4);

	ASSERT_TRUE(thread_check_vmo(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 1));
	port_close(&self->p);
	ASSERT_TRUE(pager_fail(&self->p, vmo, 0, 1, EBADMSG));
	ASSERT_TRUE(thread_wait_failure(&self->t[0], EBADMSG));
	ASSERT_TRUE(thread_check_vmo(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 1));
	ASSERT_TRUE(pager_detach(&self->p, vmo));
	ASSERT_TRUE(thread_wait_failure(&self->t[0], ESTALE));
}

/* A port that is handed over goes on with all that was in it. */
TEST_F(port, handed_over)
{
	struct test_vmo *vmo = new_vmo(4);
	struct zxp_packet pkt;
	int sock[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	ASSERT_TRUE(thread_check_vmar(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 1));
	ASSERT_EQ(0, send_fd(sock[0], self->p.port));
	port_close(&self->p);
	ASSERT_TRUE(thread_check_vmar(&self->t[1], vmo, 1, 1));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 2));
	self->p.port = recv_fd(sock[1]);
	ASSERT_LE(0, self->p.port);
	ASSERT_EQ(PKT, read(self->p.port, &pkt, PKT));
	EXPECT_EQ(0, pkt.offset);
	ASSERT_EQ(PKT, read(self->p.port, &pkt, PKT));
	EXPECT_EQ(page_size, pkt.offset);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_wait(&self->t[1]));
	close(sock[0]);
	close(sock[1]);
}

/* A port outlives the pager it was made with, and serves VMOs of others. */
TEST_F(port, outlives_pager)
{
	struct test_vmo *vmo = new_vmo(4);
	int pager2 = zxp_open(0);
	struct test_vmo own = { .pager = &self->p, .key = 5 };

	ASSERT_LE(0, pager2);
	own.fd = zxp_create_vmo(pager2, 0, self->p.port, own.key, page_size);
	ASSERT_LE(0, own.fd);
	ASSERT_TRUE(pager_detach(&self->p, vmo));
	pager_close(&self->p);
	EXPECT_EQ(-EBADF, zxp_create_port(self->p.fd));
	self->p.fd = pager2;
	ASSERT_TRUE(thread_check_vmo(&self->t[0], &own, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, &own, 0, 1));
	ASSERT_TRUE(pager_supply(&self->p, &own, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	close(own.fd);
}

static int read_packet_to(struct test_thread *t)
{
	ssize_t n = read(((struct test_vmo *)t->vmo)->pager->port, t->arg, PKT);

	return n == PKT ? 0 : n < 0 ? errno : ENODATA;
}

/*
 * The buffer of a read() is itself a missing page that this port serves: the
 * reader waits for it as anybody would, and another reader serves it.
 */
TEST_F(port, buffer_is_missing_page)
{
	struct test_vmo *vmo = new_vmo(4), *into = new_vmo(2);
	struct zxp_packet *pkt = (void *)into->map;

	ASSERT_TRUE(thread_check_vmar(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 1));
	self->t[1].vmo = vmo;
	self->t[1].arg = pkt;
	ASSERT_TRUE(thread_start(&self->t[1], read_packet_to));
	ASSERT_TRUE(vmo_wait_blocked(into, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, into, 0, 1));
	ASSERT_TRUE(pager_supply(&self->p, into, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[1]));
	EXPECT_EQ(vmo->key, pkt->key);
	EXPECT_EQ(ZXP_PACKET_READ, pkt->command);
	EXPECT_EQ(0, pkt->offset);
	EXPECT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
}

static int read_packet_child(void *arg)
{
	struct test_thread *t = arg;

	return read_packet_to(t);
}

/* With nobody else to serve it such a reader hangs, but can be killed. */
TEST_F(port, buffer_is_missing_page_kill)
{
	struct test_vmo *vmo = new_vmo(4), *into = new_vmo(2);
	struct zxp_packet pkt[4];
	pid_t pid;
	ssize_t n;

	ASSERT_TRUE(thread_check_vmar(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 1));
	self->t[1].vmo = vmo;
	self->t[1].arg = into->map;
	pid = child_start(read_packet_child, &self->t[1]);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(vmo_wait_blocked(into, 1));
	ASSERT_TRUE(child_kill(pid));
	ASSERT_TRUE(vmo_wait_blocked(into, 0));
	/* The packet that it could not take is there for the next reader. */
	n = read(self->p.port, pkt, sizeof(pkt));
	ASSERT_LE((ssize_t)PKT, n);
	EXPECT_EQ(vmo->key, pkt[n / PKT - 1].key);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
}

/* A daemon that reads a packet and goes away fails its clients, and at once. */
TEST_F(port, pager_closed_with_packet_read)
{
	struct test_vmo *vmo = new_vmo(2);

	ASSERT_TRUE(thread_check_vmo(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_idle(&self->p));
	EXPECT_TRUE(thread_running(&self->t[0]));
	pager_close(&self->p);
	ASSERT_TRUE(thread_wait_failure(&self->t[0], ESTALE));
}

TEST_HARNESS_MAIN

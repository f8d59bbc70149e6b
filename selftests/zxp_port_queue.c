// SPDX-License-Identifier: GPL-2.0
/*
 * Packets that are queued by hand: their order among those of VMOs, how many there may
 * be, and which of them are taken back.
 */
#define _GNU_SOURCE
#include <stddef.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "lib/client.h"
#include "lib/fixture.h"

static int queue(int port, uint64_t key, uint64_t source, uint64_t offset)
{
	struct zxp_port_queue arg = {
		.size = sizeof(arg),
		.source = source,
		.packet = { .key = key, .status = 7, .offset = offset },
	};

	return zxp_ioctl(port, ZXP_IOC_PORT_QUEUE, &arg);
}

static int cancel(int port, uint32_t flags, uint64_t key, uint64_t source)
{
	struct zxp_port_cancel arg = {
		.size = sizeof(arg), .flags = flags, .key = key, .source = source,
	};

	return zxp_ioctl(port, ZXP_IOC_PORT_CANCEL, &arg);
}

FIXTURE(queued)
{
	struct user_pager p;
	struct test_vmo *vmo;
	struct test_thread t;
	struct zxp_packet pkt;
};

FIXTURE_SETUP(queued)
{
	ASSERT_TRUE(user_pager_init(&self->p));
	self->vmo = pager_create_vmo(&self->p, 4);
	ASSERT_NE(NULL, self->vmo);
	fcntl(self->p.port, F_SETFL, O_NONBLOCK);
}

FIXTURE_TEARDOWN(queued)
{
	user_pager_fini(&self->p);
}

/* The next packet is the one that queue() made of these. */
#define next_is(_key, _offset) do {					\
	struct zxp_packet __want = {					\
		.key = (_key), .status = 7, .offset = (_offset),	\
	};								\
	ASSERT_EQ(sizeof(self->pkt),					\
		  read(self->p.port, &self->pkt, sizeof(self->pkt)));	\
	EXPECT_EQ(0, memcmp(&self->pkt, &__want, sizeof(__want)));	\
} while (0)

#define nothing_left() do {						\
	EXPECT_EQ(-1, read(self->p.port, &self->pkt, sizeof(self->pkt))); \
	EXPECT_EQ(EAGAIN, errno);					\
} while (0)

TEST_F(queued, all_of_the_packet)
{
	struct zxp_port_queue arg = {
		.size = sizeof(arg),
		.packet = {
			.key = ~0ULL, .type = 1, .status = -1, .command = 0xffff,
			.flags = 0xffff, .reserved0 = 0xdeadbeef, .offset = 1,
			.length = 2, .reserved1 = 3,
		},
	};
	struct pollfd pfd = { .fd = self->p.port, .events = POLLIN };

	EXPECT_EQ(0, poll(&pfd, 1, 0));
	ASSERT_EQ(0, zxp_ioctl(self->p.port, ZXP_IOC_PORT_QUEUE, &arg));
	EXPECT_EQ(1, poll(&pfd, 1, 0));
	ASSERT_EQ(sizeof(self->pkt),
		  read(self->p.port, &self->pkt, sizeof(self->pkt)));
	EXPECT_EQ(0, memcmp(&self->pkt, &arg.packet, sizeof(self->pkt)));
	nothing_left();
}

TEST_F(queued, beside_requests_in_order)
{
	ASSERT_EQ(0, queue(self->p.port, 1, 0, 10));
	ASSERT_TRUE(thread_check_vmo(&self->t, self->vmo, 1, 1));
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 1));
	ASSERT_EQ(0, queue(self->p.port, 2, 0, 20));
	next_is(1, 10);
	ASSERT_EQ(sizeof(self->pkt),
		  read(self->p.port, &self->pkt, sizeof(self->pkt)));
	EXPECT_EQ(ZXP_PKT_TYPE_PAGE_REQUEST, self->pkt.type);
	EXPECT_EQ(self->vmo->key, self->pkt.key);
	next_is(2, 20);
	nothing_left();
	ASSERT_TRUE(pager_supply(&self->p, self->vmo, 1, 1));
	ASSERT_TRUE(thread_wait(&self->t));
}

TEST_F(queued, wakes_a_reader)
{
	struct zxp_packet got[2];
	int status;

	fcntl(self->p.port, F_SETFL, 0);
	if (!fork()) {
		_exit(read(self->p.port, got, sizeof(got)) == sizeof(got[0]) &&
		      got[0].key == 3 ? 0 : 1);
	}
	ASSERT_EQ(0, queue(self->p.port, 3, 0, 0));
	ASSERT_LT(0, wait(&status));
	EXPECT_EQ(0, status);
}

TEST_F(queued, as_many_as_there_may_be)
{
	for (int i = 0; i < ZXP_PORT_QUEUE_MAX; i++)
		ASSERT_EQ(0, queue(self->p.port, i & 1, 0, i));
	EXPECT_EQ(-EAGAIN, queue(self->p.port, 0, 0, 0));
	/* Requests are not counted, nor held up. */
	ASSERT_TRUE(thread_check_vmo(&self->t, self->vmo, 1, 1));
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 1));
	next_is(0, 0);
	ASSERT_EQ(0, queue(self->p.port, 0, 0, 0));
	EXPECT_EQ(-EAGAIN, queue(self->p.port, 0, 0, 0));
	ASSERT_EQ(0, cancel(self->p.port, 0, 1, 0));
	for (int i = 0; i < ZXP_PORT_QUEUE_MAX / 2; i++)
		ASSERT_EQ(0, queue(self->p.port, 1, 0, i));
	EXPECT_EQ(-EAGAIN, queue(self->p.port, 0, 0, 0));
	ASSERT_TRUE(pager_supply(&self->p, self->vmo, 1, 1));
	ASSERT_TRUE(thread_wait(&self->t));
}

TEST_F(queued, cancel_by_key_and_source)
{
	int port = self->p.port;

	EXPECT_EQ(-ENOENT, cancel(port, 0, 1, 0));
	ASSERT_EQ(0, queue(port, 1, 5, 0));
	ASSERT_EQ(0, queue(port, 1, 6, 1));
	ASSERT_EQ(0, queue(port, 2, 5, 2));
	ASSERT_EQ(0, queue(port, 1, 5, 3));
	EXPECT_EQ(-ENOENT, cancel(port, ZXP_CANCEL_SOURCE, 1, 0));
	EXPECT_EQ(-ENOENT, cancel(port, ZXP_CANCEL_SOURCE, 2, 6));
	EXPECT_EQ(0, cancel(port, ZXP_CANCEL_SOURCE, 1, 5));
	EXPECT_EQ(-ENOENT, cancel(port, ZXP_CANCEL_SOURCE, 1, 5));
	next_is(1, 1);
	next_is(2, 2);
	nothing_left();
	ASSERT_EQ(0, queue(port, 1, 5, 0));
	ASSERT_EQ(0, queue(port, 1, 6, 1));
	EXPECT_EQ(0, cancel(port, 0, 1, 0));
	nothing_left();
}

/* Whoever waits behind it is answered all the same. */
TEST_F(queued, cancel_spares_requests)
{
	ASSERT_TRUE(thread_check_vmo(&self->t, self->vmo, 1, 1));
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 1));
	EXPECT_EQ(-ENOENT, cancel(self->p.port, 0, self->vmo->key, 0));
	EXPECT_EQ(-ENOENT, cancel(self->p.port, ZXP_CANCEL_SOURCE,
				  self->vmo->key, 0));
	ASSERT_TRUE(pager_wait_read(&self->p, self->vmo, 1, 1));
	ASSERT_TRUE(pager_supply(&self->p, self->vmo, 1, 1));
	ASSERT_TRUE(thread_wait(&self->t));
}

/* A copy that fails leaves the packet where it was, and it still counts. */
TEST_F(queued, bad_buffer_loses_nothing)
{
	void *bad = map_anon(1);

	ASSERT_EQ(0, munmap(bad, page_size));
	ASSERT_EQ(0, queue(self->p.port, 1, 0, 10));
	ASSERT_EQ(0, queue(self->p.port, 2, 0, 20));
	EXPECT_EQ(-1, read(self->p.port, bad, sizeof(self->pkt)));
	EXPECT_EQ(EFAULT, errno);
	next_is(1, 10);
	next_is(2, 20);
	nothing_left();
}

/* Nothing is left behind; slab and kmemleak would tell. */
TEST_F(queued, port_closed_with_packets)
{
	for (int i = 0; i < 100; i++)
		ASSERT_EQ(0, queue(self->p.port, i, 0, i));
	port_close(&self->p);
}

TEST_F(queued, arguments)
{
	union {
		struct zxp_port_queue queue;
		struct zxp_port_cancel cancel;
		char room[128];
	} arg;
	static const struct {
		unsigned long nr;
		uint32_t size;
		int valid;
	} calls[] = {
		{ ZXP_IOC_PORT_QUEUE, sizeof(struct zxp_port_queue), 0 },
		{ ZXP_IOC_PORT_CANCEL, sizeof(struct zxp_port_cancel), -ENOENT },
	};
	int port = self->p.port;

	EXPECT_EQ(64, sizeof(struct zxp_port_queue));
	EXPECT_EQ(24, sizeof(struct zxp_port_cancel));
	EXPECT_EQ(16, offsetof(struct zxp_port_queue, packet));
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		memset(&arg, 0, sizeof(arg));
		EXPECT_EQ(-EINVAL, zxp_ioctl(port, calls[i].nr, &arg));
		arg.queue.size = calls[i].size - 1;
		EXPECT_EQ(-EINVAL, zxp_ioctl(port, calls[i].nr, &arg));
		arg.queue.size = sizeof(arg);
		arg.room[calls[i].size] = 1;
		EXPECT_EQ(-E2BIG, zxp_ioctl(port, calls[i].nr, &arg));
		EXPECT_EQ(-EFAULT, zxp_ioctl(port, calls[i].nr, (void *)8));
		arg.queue.size = calls[i].size;
		EXPECT_EQ(-EMEDIUMTYPE, zxp_ioctl(self->p.fd, calls[i].nr, &arg));
		EXPECT_EQ(-EMEDIUMTYPE,
			  zxp_ioctl(self->vmo->fd, calls[i].nr, &arg));
		for (int bit = calls[i].valid ? 1 : 0; bit < 32; bit++) {
			arg.queue.flags = 1U << bit;
			EXPECT_EQ(-EINVAL, zxp_ioctl(port, calls[i].nr, &arg));
		}
		arg.queue.flags = 0;
		nothing_left();
		EXPECT_EQ(calls[i].valid, zxp_ioctl(port, calls[i].nr, &arg));
		while (read(port, &self->pkt, sizeof(self->pkt)) > 0)
			;
	}
	EXPECT_EQ(-EINVAL, cancel(port, 0, 0, 1));
	memset(&arg, 0, sizeof(arg));
	arg.queue.size = sizeof(arg.queue);
	arg.queue.packet.type = ZXP_PKT_TYPE_PAGE_REQUEST;
	EXPECT_EQ(-EINVAL, zxp_ioctl(port, ZXP_IOC_PORT_QUEUE, &arg));
}

TEST_HARNESS_MAIN

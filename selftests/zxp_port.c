// SPDX-License-Identifier: GPL-2.0
/*
 * The packet stream as a file: buffers of any size, blocking, many readers, and
 * what is left when a port or a reader goes away.  Polling is in zxp_poll.c.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "kselftest_harness.h"
#include "lib/client.h"
#include "lib/fixture.h"

#define PKT	sizeof(struct zxp_packet)

static void set_nonblock(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL) & ~O_NONBLOCK;

	fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags);
}

/*
 * The stream: the pager's own one, or a port.  It holds the packets of NR VMOs,
 * for each VMO has only one at a time.
 */
#define NR	5

FIXTURE(stream)
{
	struct user_pager p;
	struct test_vmo *vmo[NR];
	struct test_thread t[NR];
	struct zxp_packet pkt[2 * NR];
};

FIXTURE_VARIANT(stream)
{
	bool own;
};

FIXTURE_VARIANT_ADD(stream, own) { .own = true };
FIXTURE_VARIANT_ADD(stream, port) { .own = false };

FIXTURE_SETUP(stream)
{
	ASSERT_TRUE(variant->own ? user_pager_init_own(&self->p) :
				   user_pager_init(&self->p));
	for (int i = 0; i < NR; i++) {
		self->vmo[i] = pager_create_vmo(&self->p, 4);
		ASSERT_NE(NULL, self->vmo[i]);
	}
	set_nonblock(self->p.port, true);
}

FIXTURE_TEARDOWN(stream)
{
	user_pager_fini(&self->p);
}

/* One packet of each of the first @nr VMOs, in that order. */
#define fill_stream(nr) do {						\
	for (int __i = 0; __i < (nr); __i++) {				\
		ASSERT_TRUE(thread_check_vmar(&self->t[__i],		\
					      self->vmo[__i], 1, 1));	\
		ASSERT_TRUE(vmo_wait_blocked(self->vmo[__i], 1));	\
	}								\
} while (0)

#define serve_all(nr) do {						\
	for (int __i = 0; __i < (nr); __i++) {				\
		ASSERT_TRUE(pager_supply(&self->p, self->vmo[__i], 1, 1)); \
		ASSERT_TRUE(thread_wait(&self->t[__i]));		\
	}								\
} while (0)

static bool is_read_of(const struct zxp_packet *pkt, const struct test_vmo *vmo)
{
	struct zxp_packet want = {
		.key = vmo->key,
		.type = ZXP_PKT_TYPE_PAGE_REQUEST,
		.command = ZXP_PACKET_READ,
		.offset = page_size,
		.length = page_size,
	};

	return !memcmp(pkt, &want, sizeof(want));
}

TEST_F(stream, short_buffer)
{
	static const size_t sizes[] = { 0, 1, 8, 47 };
	int fd = self->p.port;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		EXPECT_EQ(-1, read(fd, self->pkt, sizes[i]));
		EXPECT_EQ(EINVAL, errno);
	}
	fill_stream(1);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		EXPECT_EQ(-1, read(fd, self->pkt, sizes[i]));
		EXPECT_EQ(EINVAL, errno);
	}
	EXPECT_EQ(PKT, read(fd, self->pkt, PKT));
	EXPECT_TRUE(is_read_of(&self->pkt[0], self->vmo[0]));
	serve_all(1);
}

TEST_F(stream, whole_packets_only)
{
	static const struct {
		size_t size, packets;
	} reads[] = {
		{ 95, 1 }, { 2 * 48 + 47, 2 }, { 49, 1 }, { 48 * 2 * NR, 1 },
	};
	int fd = self->p.port, next = 0;

	fill_stream(NR);
	for (size_t i = 0; i < ARRAY_SIZE(reads); i++) {
		memset(self->pkt, 0xaa, sizeof(self->pkt));
		ASSERT_EQ(reads[i].packets * PKT,
			  (size_t)read(fd, self->pkt, reads[i].size));
		for (size_t k = 0; k < reads[i].packets; k++) {
			EXPECT_TRUE(is_read_of(&self->pkt[k], self->vmo[next++]));
		}
		EXPECT_EQ(0xaa, *(unsigned char *)&self->pkt[reads[i].packets]);
	}
	EXPECT_EQ(-1, read(fd, self->pkt, PKT));
	EXPECT_EQ(EAGAIN, errno);
	serve_all(NR);
}

TEST_F(stream, all_at_once)
{
	fill_stream(NR);
	ASSERT_EQ(NR * PKT, read(self->p.port, self->pkt, sizeof(self->pkt)));
	for (int i = 0; i < NR; i++) {
		EXPECT_TRUE(is_read_of(&self->pkt[i], self->vmo[i]));
	}
	serve_all(NR);
}

TEST_F(stream, bad_pointer)
{
	char *page = map_anon(2), *end = page + page_size;
	int fd = self->p.port;

	ASSERT_EQ(0, mprotect(end, page_size, PROT_NONE));
	fill_stream(NR);
	/* Bad from the start: nothing is lost. */
	EXPECT_EQ(-1, read(fd, end, 4 * PKT));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, read(fd, end - 1, 4 * PKT));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, read(fd, end - PKT + 1, 4 * PKT));
	EXPECT_EQ(EFAULT, errno);
	/* Two and a half fit: two come, the others stay. */
	memset(page, 0, page_size);
	EXPECT_EQ(2 * PKT, read(fd, end - 2 * PKT - PKT / 2, 4 * PKT));
	for (int i = 0; i < 2; i++) {
		memcpy(self->pkt, end - (2 - i) * PKT - PKT / 2, PKT);
		EXPECT_TRUE(is_read_of(self->pkt, self->vmo[i]));
	}
	ASSERT_EQ((NR - 2) * PKT, read(fd, self->pkt, sizeof(self->pkt)));
	for (int i = 2; i < NR; i++) {
		EXPECT_TRUE(is_read_of(&self->pkt[i - 2], self->vmo[i]));
	}
	serve_all(NR);
}

/* A packet that could not be handed over is still tied to its request. */
TEST_F(stream, bad_pointer_then_retracted)
{
	void *hole = mmap(NULL, page_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	fill_stream(1);
	EXPECT_EQ(-1, read(self->p.port, hole, PKT));
	EXPECT_EQ(EFAULT, errno);
	serve_all(1);
	EXPECT_EQ(-1, read(self->p.port, self->pkt, PKT));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(0, vmo_info(self->vmo[0]).out_read_packets);
}

TEST_F(stream, scattered_buffer)
{
	char bytes[3 * PKT];
	struct iovec iov[5] = {
		{ bytes, 1 }, { bytes + 1, 46 }, { NULL, 0 }, { bytes + 47, 2 },
		{ bytes + 49, 2 * PKT + 10 - 49 },
	};

	fill_stream(3);
	EXPECT_EQ(-1, readv(self->p.port, iov, 2));
	EXPECT_EQ(EINVAL, errno);
	ASSERT_EQ(2 * PKT, readv(self->p.port, iov, 5));
	for (int i = 0; i < 2; i++) {
		memcpy(self->pkt, bytes + i * PKT, PKT);
		EXPECT_TRUE(is_read_of(self->pkt, self->vmo[i]));
	}
	ASSERT_EQ(PKT, read(self->p.port, self->pkt, PKT));
	EXPECT_TRUE(is_read_of(self->pkt, self->vmo[2]));
	serve_all(3);
}

TEST_F(stream, no_wait)
{
	EXPECT_EQ(-1, read(self->p.port, self->pkt, PKT));
	EXPECT_EQ(EAGAIN, errno);
}

/* A retracted packet is never seen; the others keep their order. */
TEST_F(stream, retracted)
{
	fill_stream(3);
	ASSERT_TRUE(pager_supply(&self->p, self->vmo[1], 1, 1));
	ASSERT_TRUE(thread_wait(&self->t[1]));
	ASSERT_EQ(2 * PKT, read(self->p.port, self->pkt, sizeof(self->pkt)));
	EXPECT_TRUE(is_read_of(&self->pkt[0], self->vmo[0]));
	EXPECT_TRUE(is_read_of(&self->pkt[1], self->vmo[2]));
	ASSERT_TRUE(pager_supply(&self->p, self->vmo[0], 1, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_supply(&self->p, self->vmo[2], 1, 1));
	ASSERT_TRUE(thread_wait(&self->t[2]));
}

static int read_one(struct test_thread *t)
{
	ssize_t n = read(*(int *)t->arg, t->buf, PKT);

	return n == PKT ? 0 : n < 0 ? errno : ENODATA;
}

/* Is that thread asleep in the kernel? */
static bool sleeps(pid_t tid)
{
	char path[64], state = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	f = fopen(path, "re");
	if (f && fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
		state = 0;
	if (f)
		fclose(f);
	return state == 'S';
}

TEST_F(stream, waits_for_packet)
{
	struct test_thread reader = {
		.arg = &self->p.port, .buf = (char *)self->pkt,
	};

	set_nonblock(self->p.port, false);
	ASSERT_TRUE(thread_start(&reader, read_one));
	ASSERT_TRUE(wait_until(sleeps(reader.tid)));
	fill_stream(1);
	ASSERT_TRUE(thread_wait(&reader));
	EXPECT_TRUE(is_read_of(self->pkt, self->vmo[0]));
	serve_all(1);
}

static void on_signal(int sig)
{
	(void)sig;
}

TEST_F(stream, wait_ended_by_signal)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct test_thread reader = {
		.arg = &self->p.port, .buf = (char *)self->pkt,
	};

	set_nonblock(self->p.port, false);
	ASSERT_EQ(0, sigaction(SIGUSR1, &sa, NULL));
	ASSERT_TRUE(thread_start(&reader, read_one));
	ASSERT_TRUE(wait_until(sleeps(reader.tid)));
	ASSERT_EQ(0, pthread_kill(reader.thread, SIGUSR1));
	ASSERT_TRUE(thread_wait_failure(&reader, EINTR));
	/* With SA_RESTART it goes on waiting. */
	sa.sa_flags = SA_RESTART;
	ASSERT_EQ(0, sigaction(SIGUSR1, &sa, NULL));
	ASSERT_TRUE(thread_start(&reader, read_one));
	ASSERT_TRUE(wait_until(sleeps(reader.tid)));
	ASSERT_EQ(0, pthread_kill(reader.thread, SIGUSR1));
	fill_stream(1);
	ASSERT_TRUE(thread_wait(&reader));
	serve_all(1);
}

/* A reader that sleeps keeps the stream, though its number is closed. */
TEST_F(stream, closed_while_reading)
{
	struct test_thread reader = {
		.arg = &self->p.port, .buf = (char *)self->pkt,
	};
	int fd;

	set_nonblock(self->p.port, false);
	ASSERT_TRUE(thread_start(&reader, read_one));
	ASSERT_TRUE(wait_until(sleeps(reader.tid)));
	if (variant->own) {
		/* The pager itself, then: keep another number for it. */
		fd = dup(self->p.fd);
		close(self->p.fd);
		self->p.fd = fd;
		self->p.port = fd;
	} else {
		port_close(&self->p);
	}
	fill_stream(1);
	ASSERT_TRUE(thread_wait(&reader));
	EXPECT_TRUE(is_read_of(self->pkt, self->vmo[0]));
	serve_all(1);
}

FIXTURE(many)
{
	struct user_pager p;
	struct test_vmo *vmo[NR];
	struct test_thread t[MAX_THREADS];
};

FIXTURE_SETUP(many)
{
	ASSERT_TRUE(user_pager_init(&self->p));
	for (int i = 0; i < NR; i++) {
		self->vmo[i] = pager_create_vmo(&self->p, 256);
		ASSERT_NE(NULL, self->vmo[i]);
	}
}

FIXTURE_TEARDOWN(many)
{
	user_pager_fini(&self->p);
}

static unsigned int seen[NR][256];
static struct user_pager *the_pager;
static volatile unsigned int gone_home, all_seen;

/* Serve packets until there is a COMPLETE. */
static int serve_packets(struct test_thread *t)
{
	struct zxp_packet pkt[3];
	ssize_t n;

	(void)t;
	while ((n = read(the_pager->port, pkt, sizeof(pkt))) > 0) {
		for (size_t i = 0; i < n / PKT; i++) {
			unsigned int v = 0;
			uint64_t page = pkt[i].offset / page_size;

			if (pkt[i].command == ZXP_PACKET_COMPLETE) {
				__sync_fetch_and_add(&gone_home, 1);
				return 0;
			}
			while (the_pager->vmos[v]->key != pkt[i].key)
				v++;
			__sync_fetch_and_add(&seen[v][page], 1);
			__sync_fetch_and_add(&all_seen, 1);
			if (!pager_supply(the_pager, the_pager->vmos[v], page, 1))
				return EIO;
		}
	}
	return errno;
}

#define READERS	8

/* However long all of it takes, as long as there is one more. */
static bool wait_all_seen(unsigned int nr)
{
	unsigned int before;

	while ((before = all_seen) < nr)
		if (!wait_until(all_seen != before))
			return false;
	return true;
}

/* Eight readers of one port: each packet comes to exactly one of them. */
TEST_F(many, readers)
{
	the_pager = &self->p;
	set_nonblock(self->p.port, false);
	for (int i = 0; i < READERS; i++) {
		ASSERT_TRUE(thread_start(&self->t[i], serve_packets));
	}
	for (int i = 0; i < 2 * NR; i++) {
		ASSERT_TRUE(thread_check_vmar(&self->t[READERS + i],
					      self->vmo[i % NR], 0, 256));
	}
	ASSERT_TRUE(wait_all_seen(NR * 256));
	for (int i = 0; i < 2 * NR; i++) {
		ASSERT_TRUE(thread_wait(&self->t[READERS + i]));
	}
	for (int v = 0; v < NR; v++) {
		EXPECT_EQ(256, vmo_info(self->vmo[v]).out_read_packets);
		for (int i = 0; i < 256; i++) {
			EXPECT_EQ(1, seen[v][i]);
		}
	}
	/* A COMPLETE each sends them home, one after the other. */
	for (int i = 0; i < READERS; i++) {
		struct test_vmo *vmo = pager_create_vmo(&self->p, 1);

		ASSERT_NE(NULL, vmo);
		ASSERT_TRUE(pager_detach(&self->p, vmo));
		ASSERT_TRUE(wait_until(gone_home > (unsigned int)i));
	}
	for (int i = 0; i < READERS; i++) {
		ASSERT_TRUE(thread_wait(&self->t[i]));
	}
}

/* One packet of a VMO at a time, and VMOs take turns. */
TEST_F(many, vmos_take_turns)
{
	struct test_vmo **vmo = self->vmo;
	struct zxp_packet pkt[8];
	int fd = self->p.port;

	for (int i = 0; i < 6; i++) {
		ASSERT_TRUE(thread_check_vmar(&self->t[i], vmo[i % 2], i / 2, 1));
		ASSERT_TRUE(vmo_wait_blocked(vmo[i % 2], i / 2 + 1));
	}
	for (int i = 0; i < 3; i++) {
		for (int v = 0; v < 2; v++) {
			ASSERT_EQ(PKT, read(fd, pkt, PKT));
			EXPECT_EQ(vmo[v]->key, pkt[0].key);
			EXPECT_EQ(i * page_size, pkt[0].offset);
		}
	}
	EXPECT_TRUE(pager_idle(&self->p));
	for (int v = 0; v < 2; v++) {
		ASSERT_TRUE(pager_supply(&self->p, vmo[v], 0, 3));
	}
	for (int i = 0; i < 6; i++) {
		ASSERT_TRUE(thread_wait(&self->t[i]));
	}
}

/* The pager's own stream and ports do not mix. */
TEST_F(many, streams_apart)
{
	struct test_vmo own = { .pager = &self->p, .pages = 4, .key = 77 };
	struct zxp_packet pkt[4];

	own.fd = zxp_create_vmo(self->p.fd, 0, ZXP_PORT_OWN, own.key, 4 * page_size);
	ASSERT_LE(0, own.fd);
	ASSERT_TRUE(thread_check_vmo(&self->t[0], &own, 0, 2));
	ASSERT_TRUE(vmo_wait_blocked(&own, 1));
	ASSERT_TRUE(thread_check_vmo(&self->t[1], self->vmo[0], 1, 1));
	ASSERT_TRUE(vmo_wait_blocked(self->vmo[0], 1));
	ASSERT_EQ(PKT, read(self->p.fd, pkt, sizeof(pkt)));
	EXPECT_EQ(77, pkt[0].key);
	EXPECT_EQ(2 * page_size, pkt[0].length);
	ASSERT_TRUE(pager_wait_read(&self->p, self->vmo[0], 1, 1));
	EXPECT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_supply(&self->p, &own, 0, 2));
	ASSERT_TRUE(pager_supply(&self->p, self->vmo[0], 1, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_wait(&self->t[1]));
	close(own.fd);
}

TEST_HARNESS_MAIN

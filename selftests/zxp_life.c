// SPDX-License-Identifier: GPL-2.0
/*
 * Lifetimes: closing in every order, and daemons that die.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "lib/client.h"

enum object { PAGER, PORT, VMO, MAPPING, NR_OBJECTS };

/* The @n-th order of the four objects. */
static void order_of(int n, enum object order[NR_OBJECTS])
{
	enum object left[NR_OBJECTS] = { PAGER, PORT, VMO, MAPPING };

	for (int i = 0; i < NR_OBJECTS; i++) {
		int radix = NR_OBJECTS - i, pick = n % radix;

		n /= radix;
		order[i] = left[pick];
		memmove(&left[pick], &left[pick + 1],
			(radix - pick - 1) * sizeof(left[0]));
	}
}

struct scene {
	struct user_pager p;
	struct test_vmo *vmo;
	char *map;
	bool open[NR_OBJECTS];
};

static bool scene_init(struct scene *s)
{
	if (!user_pager_init(&s->p))
		return false;
	s->vmo = pager_create_vmo(&s->p, 4);
	s->map = s->vmo ? s->vmo->map : NULL;
	for (int i = 0; i < NR_OBJECTS; i++)
		s->open[i] = true;
	return s->map && pager_supply(&s->p, s->vmo, 0, 1);
}

static void scene_close(struct scene *s, enum object what)
{
	switch (what) {
	case PAGER:
		pager_close(&s->p);
		break;
	case PORT:
		port_close(&s->p);
		break;
	case VMO:
		close(s->vmo->fd);
		s->vmo->fd = -1;
		break;
	default:
		munmap(s->map, 4 * page_size);
		s->vmo->map = NULL;
	}
	s->open[what] = false;
}

static bool packet_waits(struct scene *s)
{
	struct pollfd pfd = { .fd = s->p.port, .events = POLLIN };

	return poll(&pfd, 1, 0) == 1;
}

/* What is resident can be read by whatever is left. */
static bool readable(struct scene *s)
{
	uint64_t word = 0;

	if (s->open[MAPPING] && !vmo_matches(s->vmo, 0, 1, s->map))
		return false;
	return !s->open[VMO] || (pread(s->vmo->fd, &word, 8, 0) == 8 &&
				 word == vmo_word(s->vmo, 0));
}

FIXTURE(order)
{
	struct scene s;
	enum object order[NR_OBJECTS];
};

#define NR_ORDERS	24

FIXTURE_SETUP(order)
{
}

FIXTURE_TEARDOWN(order)
{
	user_pager_fini(&self->s.p);
}

#define TOLD(n, i) TH_LOG("order %d: %d %d %d %d, step %d", n, self->order[0], \
			  self->order[1], self->order[2], self->order[3], i)

/* Nobody waits: COMPLETE comes when the VMO goes, if it goes before the pager. */
TEST_F(order, idle)
{
	struct scene *s = &self->s;

	for (int n = 0; n < NR_ORDERS; n++) {
		bool detached = false;

		memset(s, 0, sizeof(*s));
		ASSERT_TRUE(scene_init(s));
		order_of(n, self->order);
		for (int i = 0; i < NR_OBJECTS; i++) {
			bool gone;

			scene_close(s, self->order[i]);
			gone = !s->open[VMO] && !s->open[MAPPING];
			if (!gone) {
				EXPECT_TRUE(readable(s)) {
					TOLD(n, i);
				}
			} else if (s->open[PAGER] && s->open[PORT] && !detached) {
				detached = true;
				EXPECT_TRUE(pager_wait_complete(&s->p, s->vmo->key)) {
					TOLD(n, i);
				}
			}
			if (s->open[PORT])
				EXPECT_FALSE(packet_waits(s)) {
					TOLD(n, i);
				}
		}
		user_pager_fini(&s->p);
	}
}

static int close_in_order(struct scene *s, enum object *order, struct client *c)
{
	struct scene before;

	for (int i = 0; i < NR_OBJECTS; i++) {
		before = *s;
		scene_close(s, order[i]);
		if (s->open[PAGER]) {
			/* Only the pager's end ends the wait. */
			if (!client_running(c))
				return i + 1;
			continue;
		}
		if (!client_end(c))
			return i + 1;
		if (c->how == ACC_LOAD && order[i] == PAGER &&
		    c->signal != (before.open[MAPPING] ? SIGBUS : SIGSEGV))
			return i + 1;
		if (c->how == ACC_PREAD && (c->ret != -1 || c->error != ESTALE))
			return i + 1;
		if (s->open[PORT] && packet_waits(s))
			return i + 1;
	}
	return 0;
}

/* With a waiter, in a fault and in read(). */
TEST_F(order, waiting)
{
	static const enum access how[] = { ACC_LOAD, ACC_PREAD };
	struct scene *s = &self->s;

	for (size_t h = 0; h < ARRAY_SIZE(how); h++) {
		for (int n = 0; n < NR_ORDERS; n++) {
			struct client *c;
			int failed;

			memset(s, 0, sizeof(*s));
			ASSERT_TRUE(scene_init(s));
			order_of(n, self->order);
			c = client_new(how[h], s->vmo, 2, 1);
			ASSERT_TRUE(client_thread(c));
			ASSERT_TRUE(vmo_wait_blocked(s->vmo, 1));
			ASSERT_TRUE(pager_wait_read(&s->p, s->vmo, 2, 1));
			failed = close_in_order(s, self->order, c);
			ASSERT_EQ(0, failed) {
				TOLD(n, failed - 1);
				TH_LOG("%s: %ld %d %d", access_name(c->how), c->ret,
				       c->error, c->signal);
			}
			user_pager_fini(&s->p);
		}
	}
}

/* The packet was not read when its VMO's pager is closed: it goes. */
TEST_F(order, unread_packet)
{
	struct scene *s = &self->s;
	struct client *c;

	ASSERT_TRUE(scene_init(s));
	c = client_new(ACC_PREAD, s->vmo, 2, 1);
	ASSERT_TRUE(client_thread(c));
	ASSERT_TRUE(vmo_wait_blocked(s->vmo, 1));
	EXPECT_TRUE(packet_waits(s));
	scene_close(s, PAGER);
	ASSERT_TRUE(client_failed(c, ESTALE));
	EXPECT_FALSE(packet_waits(s));
}

/* So does a COMPLETE that was not read. */
TEST_F(order, unread_complete)
{
	struct scene *s = &self->s;

	ASSERT_TRUE(scene_init(s));
	ASSERT_TRUE(pager_detach(&s->p, s->vmo));
	EXPECT_TRUE(packet_waits(s));
	scene_close(s, PAGER);
	EXPECT_FALSE(packet_waits(s));
}

/* One of two descriptors of a pager is closed: nothing happens. */
TEST_F(order, pager_has_two_descriptors)
{
	struct scene *s = &self->s;
	struct client *c;
	int other;

	ASSERT_TRUE(scene_init(s));
	other = dup(s->p.fd);
	c = client_new(ACC_LOAD, s->vmo, 2, 1);
	ASSERT_TRUE(client_thread(c));
	ASSERT_TRUE(vmo_wait_blocked(s->vmo, 1));
	close(s->p.fd);
	s->p.fd = other;
	EXPECT_EQ(1, vmo_info(s->vmo).out_waiting);
	EXPECT_EQ(ZXP_VMO_INFO_PAGER_BACKED, vmo_info(s->vmo).out_flags);
	ASSERT_TRUE(pager_wait_read(&s->p, s->vmo, 2, 1));
	ASSERT_TRUE(pager_supply(&s->p, s->vmo, 2, 1));
	ASSERT_TRUE(client_good(c));
}

FIXTURE(daemon)
{
	pid_t pid;
	struct user_pager p;	/* not ours: it has no descriptors here */
	struct test_vmo vmo;
};

static int daemon_main(void *arg)
{
	struct user_pager p;
	struct test_vmo *vmo;
	int sock = *(int *)arg;

	if (!user_pager_init(&p))
		return 1;
	vmo = pager_create_vmo(&p, 8);
	if (!vmo || !pager_supply(&p, vmo, 0, 1) || send_fd(sock, vmo->fd) ||
	    write(sock, &vmo->key, sizeof(vmo->key)) != sizeof(vmo->key))
		return 2;
	for (;;)
		pause();
}

FIXTURE_SETUP(daemon)
{
	int sock[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	self->pid = child_start(daemon_main, &sock[0]);
	ASSERT_LT(0, self->pid);
	self->vmo.fd = recv_fd(sock[1]);
	ASSERT_LE(0, self->vmo.fd);
	ASSERT_EQ((ssize_t)sizeof(self->vmo.key),
		  read(sock[1], &self->vmo.key, sizeof(self->vmo.key)));
	self->vmo.map = mmap(NULL, 8 * page_size, PROT_READ | PROT_WRITE, MAP_SHARED,
			     self->vmo.fd, 0);
	ASSERT_NE(MAP_FAILED, self->vmo.map);
	self->vmo.pager = &self->p;
}

FIXTURE_TEARDOWN(daemon)
{
	munmap(self->vmo.map, 8 * page_size);
	close(self->vmo.fd);
}

static const enum access all[] = {
	ACC_LOAD, ACC_STORE, ACC_PREAD, ACC_PWRITE, ACC_COMMIT, ACC_PREFETCH,
	ACC_VMO_READ, ACC_SPLICE, ACC_SENDFILE, ACC_PIPE_WRITE, ACC_FILE_WRITE,
	ACC_PIPE_READ, ACC_VM_READ, ACC_POPULATE, ACC_MLOCK,
};

TEST_F(daemon, killed)
{
	struct client *c[ARRAY_SIZE(all)];

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		c[i] = client_new(all[i], &self->vmo, 1 + i % 7, 1);
		/* Each with mmap_lock of its own, as some do not let go of it. */
		ASSERT_TRUE(client_fork(c[i]));
		ASSERT_TRUE(vmo_wait_blocked(&self->vmo, i + 1));
	}
	ASSERT_TRUE(child_kill(self->pid));
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		EXPECT_TRUE(client_failed(c[i], ESTALE));
	}
	EXPECT_EQ(ZXP_VMO_INFO_PAGER_BACKED | ZXP_VMO_INFO_DETACHED,
		  vmo_info(&self->vmo).out_flags);
	EXPECT_EQ(0, vmo_info(&self->vmo).out_waiting);
	/* What was there is there still. */
	EXPECT_TRUE(vmo_matches(&self->vmo, 0, 1, self->vmo.map));
	EXPECT_TRUE(crashes(self->vmo.map + page_size, SIGBUS));
}

/* A daemon that does nothing: its clients wait, and can be killed. */
TEST_F(daemon, stalled)
{
	struct client *c[ARRAY_SIZE(all)];

	ASSERT_EQ(0, kill(self->pid, SIGSTOP));
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		c[i] = client_new(all[i], &self->vmo, 1 + i % 7, 1);
		ASSERT_TRUE(client_fork(c[i]));
		ASSERT_TRUE(vmo_wait_blocked(&self->vmo, i + 1));
	}
	EXPECT_TRUE(vmo_matches(&self->vmo, 0, 1, self->vmo.map));
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		EXPECT_TRUE(client_kill(c[i]));
	}
	EXPECT_TRUE(vmo_wait_blocked(&self->vmo, 0));
	EXPECT_EQ(0, vmo_info(&self->vmo).out_requests);
	ASSERT_TRUE(child_kill(self->pid));
}

/*
 * Made and gone again and again, nothing is left behind. What is free but still
 * with a processor counts as active, so it is given back before counting.
 */
static long vmo_objects(void)
{
	char name[64], line[256];
	long active, found = -1;
	FILE *f;

	write_file("/sys/kernel/slab/zxpager_vmo/shrink", "1");
	f = fopen("/proc/slabinfo", "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%63s %ld", name, &active) == 2 &&
		    !strcmp(name, "zxpager_vmo"))
			found = active;
	if (f)
		fclose(f);
	return found;
}

TEST(nothing_is_left_behind)
{
	long before, after;

	for (int i = 0; i < 1001; i++) {
		struct user_pager p;
		struct test_vmo *vmo;

		ASSERT_TRUE(user_pager_init(&p));
		vmo = pager_create_vmo(&p, 4);
		ASSERT_NE(NULL, vmo);
		ASSERT_TRUE(pager_supply(&p, vmo, 0, 2));
		ASSERT_TRUE(vmo_matches(vmo, 0, 1, vmo->map));
		user_pager_fini(&p);
		if (!i)
			before = vmo_objects();
	}
	EXPECT_TRUE(wait_until(read_number("/sys/module/zxpager/refcnt") <= 0));
	/* Inodes are freed by RCU, so some may be on their way: a leak is 1000. */
	EXPECT_TRUE(wait_until((after = vmo_objects()) < before + 64)) {
		TH_LOG("%ld VMOs before, %ld after", before, after);
	}
}

TEST_HARNESS_MAIN

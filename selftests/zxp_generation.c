// SPDX-License-Identifier: GPL-2.0
/*
 * Generations of a pager: another daemon takes over, and clients notice nothing. What was
 * asked of the former one is asked again, once; for what that says late see zxp_late.c.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>

#include "kselftest_harness.h"
#include "lib/client.h"
#include "lib/generation.h"

GENERATION_FIXTURE(generation);

static int do_hint(struct test_thread *t)
{
	return posix_fadvise(t->vmo->fd, BYTES(t->page), BYTES(t->nr), POSIX_FADV_WILLNEED);
}

/* Which request a case is about, and how it is made and answered. */
enum kind { READ, DIRTY, SYNC, HINT, COMPLETE };

GENERATION_FIXTURE(requeue);

FIXTURE_VARIANT(requeue)
{
	enum kind kind;
	bool read;
};

#define REQUEUE(name, k) \
	FIXTURE_VARIANT_ADD(requeue, name##_unread) { .kind = k, .read = false }; \
	FIXTURE_VARIANT_ADD(requeue, name##_read) { .kind = k, .read = true }

REQUEUE(READ, READ);
REQUEUE(DIRTY, DIRTY);
REQUEUE(SYNC, SYNC);
REQUEUE(HINT, HINT);
REQUEUE(COMPLETE, COMPLETE);

/* Its packet is there, and then there is nothing more. */
static bool comes_alone(struct user_pager *p, struct test_vmo *vmo, enum kind kind)
{
	bool comes = false;

	switch (kind) {
	case READ:
		comes = pager_wait_read(p, vmo, 1, 2);
		break;
	case DIRTY:
		comes = pager_wait_dirty(p, vmo, 1, 2);
		break;
	case SYNC:
		comes = pager_wait_sync(p, vmo, 0, PAGES);
		break;
	case HINT:
		comes = pager_wait_read(p, vmo, 4, 4);
		break;
	case COMPLETE:
		comes = pager_wait_complete(p, vmo->key);
		break;
	}
	return comes && pager_idle(p);
}

#define expect_only(p)	ASSERT_TRUE(comes_alone(p, self->vmo, variant->kind))

TEST_F(requeue, once)
{
	switch (variant->kind) {
	case READ:
		ASSERT_TRUE(thread_check_vmo(&self->t[0], self->vmo, 1, 2));
		break;
	case DIRTY:
		ASSERT_TRUE(pager_supply(&self->old, self->vmo, 1, 2));
		ASSERT_TRUE(thread_write_vmo(&self->t[0], self->vmo, 1, 2));
		break;
	case SYNC:
		start(0, do_fsync, 0, 0);
		break;
	case HINT:
		start(0, do_hint, 4, 4);
		ASSERT_TRUE(thread_wait(&self->t[0]));
		break;
	case COMPLETE:
		ASSERT_TRUE(pager_detach(&self->old, self->vmo));
		break;
	}
	if (variant->kind <= SYNC)
		ASSERT_TRUE(vmo_wait_blocked(self->vmo, 1));
	if (variant->read)
		expect_only(&self->old);

	take_over();
	expect_only(&self->next);
	/* And so for each that follows. */
	close(self->old.fd);
	self->old.fd = self->next.fd;
	self->old.port = self->next.fd;
	take_over();
	expect_only(&self->next);

	switch (variant->kind) {
	case READ:
		ASSERT_TRUE(pager_supply(&self->next, self->vmo, 1, 2));
		break;
	case DIRTY:
		ASSERT_TRUE(pager_dirty(&self->next, self->vmo, 1, 2));
		break;
	case SYNC:
		ASSERT_TRUE(pager_sync_end(&self->next, self->vmo, 0, PAGES, 0));
		break;
	default:
		return;
	}
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(pager_idle(&self->next));
	EXPECT_EQ(0, vmo_info(self->vmo).out_waiting);
	EXPECT_EQ(0, vmo_info(self->vmo).out_requests);
}

/* All of one VMO at a time, of which each has but one packet; who comes later joins. */
TEST_F(generation, all_of_one_vmo)
{
	ASSERT_TRUE(pager_supply(&self->old, self->vmo, 8, 2));
	ASSERT_TRUE(thread_check_vmo(&self->t[0], self->vmo, 0, 2));
	ASSERT_TRUE(thread_check_vmo(&self->t[1], self->vmo, 4, 1));
	ASSERT_TRUE(thread_write_vmo(&self->t[2], self->vmo, 8, 1));
	start(3, do_fsync, 0, 0);
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 4));
	/* One is read, one in the stream, and two wait. */
	ASSERT_TRUE(pager_wait_read(&self->old, self->vmo, 0, 2));
	self->old.nr_aside = 0;
	take_over();
	ASSERT_TRUE(thread_check_vmo(&self->t[4], self->vmo, 0, 2));
	ASSERT_TRUE(thread_check_vmo(&self->t[5], self->vmo, 4, 1));
	start(6, do_fsync, 0, 0);
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 7));
	ASSERT_TRUE(pager_wait_read(&self->next, self->vmo, 0, 2));
	ASSERT_TRUE(pager_wait_read(&self->next, self->vmo, 4, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->next, self->vmo, 8, 1));
	ASSERT_TRUE(pager_wait_sync(&self->next, self->vmo, 0, PAGES));
	EXPECT_TRUE(pager_idle(&self->next));
	ASSERT_TRUE(pager_supply(&self->next, self->vmo, 0, 5));
	ASSERT_TRUE(pager_dirty(&self->next, self->vmo, 8, 1));
	ASSERT_TRUE(pager_sync_end(&self->next, self->vmo, 0, PAGES, 0));
	for (int i = 0; i < 7; i++)
		ASSERT_TRUE(thread_wait(&self->t[i]));
	EXPECT_TRUE(pager_idle(&self->next));
}

/* A reader that has taken some of it waits for the rest. */
TEST_F(generation, answered_in_part)
{
	uint64_t page, nr;

	ASSERT_TRUE(thread_check_vmo(&self->t[0], self->vmo, 0, 4));
	ASSERT_TRUE(pager_wait_read(&self->old, self->vmo, 0, 4));
	ASSERT_TRUE(pager_supply(&self->old, self->vmo, 0, 2));
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 1));
	take_over();
	ASSERT_TRUE(pager_wait_any_read(&self->next, self->vmo, &page, &nr));
	EXPECT_GE(2, page);
	EXPECT_EQ(4, page + nr);
	EXPECT_TRUE(pager_idle(&self->next));
	ASSERT_TRUE(pager_supply(&self->next, self->vmo, 2, 2));
	ASSERT_TRUE(thread_wait(&self->t[0]));
}

/* What a port that somebody has closed has swallowed. */
TEST_F(generation, closed_port)
{
	int port = zxp_create_port(self->old.fd);

	ASSERT_LE(0, port);
	ASSERT_EQ(0, zxp_bind_vmo(self->old.fd, self->vmo->fd, port, self->vmo->key));
	ASSERT_TRUE(thread_check_vmo(&self->t[0], self->vmo, 0, 1));
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 1));
	close(port);
	ASSERT_TRUE(thread_check_vmo(&self->t[1], self->vmo, 3, 1));
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 2));
	take_over();
	ASSERT_TRUE(pager_wait_read(&self->next, self->vmo, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->next, self->vmo, 3, 1));
	EXPECT_TRUE(pager_idle(&self->next));
	ASSERT_TRUE(pager_supply(&self->next, self->vmo, 0, 4));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_wait(&self->t[1]));
}

/* The COMPLETE of a VMO that has gone is read by somebody. */
TEST_F(generation, complete_of_one_that_is_gone)
{
	uint64_t key = self->vmo->key;

	vmo_release(self->vmo);
	take_over();
	ASSERT_TRUE(pager_wait_complete(&self->next, key));
	EXPECT_TRUE(pager_idle(&self->next));
}

/* The same if nobody had the pager but the keeper. */
TEST_F(generation, complete_while_there_was_no_daemon)
{
	uint64_t key = self->vmo->key;

	pager_close(&self->old);
	vmo_release(self->vmo);
	take_over();
	ASSERT_TRUE(pager_wait_complete(&self->next, key));
	EXPECT_TRUE(pager_idle(&self->next));
}

TEST_F(generation, waits_while_there_is_a_keeper)
{
	ASSERT_TRUE(thread_check_vmo(&self->t[0], self->vmo, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->old, self->vmo, 0, 1));
	pager_close(&self->old);
	ASSERT_TRUE(thread_check_vmo(&self->t[1], self->vmo, 2, 1));
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 2));
	take_over();
	ASSERT_TRUE(pager_wait_read(&self->next, self->vmo, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->next, self->vmo, 2, 1));
	ASSERT_TRUE(pager_supply(&self->next, self->vmo, 0, 3));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_wait(&self->t[1]));
	/* It ends with the last of the two; a former generation keeps nobody waiting. */
	ASSERT_TRUE(thread_check_vmo(&self->t[0], self->vmo, 5, 1));
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 1));
	close(self->keeper);
	self->keeper = -1;
	ASSERT_TRUE(pager_wait_read(&self->next, self->vmo, 5, 1));
	EXPECT_TRUE(thread_running(&self->t[0]));
	pager_close(&self->next);
	ASSERT_TRUE(thread_wait_failure(&self->t[0], ESTALE));
}

TEST_F(generation, former_keeps_nobody_waiting)
{
	take_over();
	ASSERT_TRUE(thread_check_vmo(&self->t[0], self->vmo, 5, 1));
	ASSERT_TRUE(pager_wait_read(&self->next, self->vmo, 5, 1));
	pager_close(&self->next);
	EXPECT_TRUE(thread_running(&self->t[0]));
	close(self->keeper);
	self->keeper = -1;
	ASSERT_TRUE(thread_wait_failure(&self->t[0], ESTALE));
	EXPECT_LE(0, self->old.fd);
}

/* A reader has a packet, and its buffer hangs: nobody waits for that but itself. */
TEST_F(generation, reader_that_hangs)
{
	struct user_pager other;
	struct test_vmo *buffer;

	ASSERT_TRUE(user_pager_init(&other));
	buffer = pager_create_vmo(&other, 1);
	ASSERT_NE(NULL, buffer);
	ASSERT_TRUE(thread_check_vmo(&self->t[0], self->vmo, 0, 2));
	ASSERT_TRUE(thread_check_vmo(&self->t[1], self->vmo, 4, 1));
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 2));
	self->t[2].vmo = buffer;
	self->t[2].op = self->old.fd;
	ASSERT_TRUE(thread_start(&self->t[2], do_read_packet_there));
	ASSERT_TRUE(vmo_wait_blocked(buffer, 1));

	take_over();
	ASSERT_TRUE(pager_wait_read(&self->next, self->vmo, 0, 2));
	ASSERT_TRUE(pager_wait_read(&self->next, self->vmo, 4, 1));
	ASSERT_TRUE(pager_supply(&self->next, self->vmo, 0, 5));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_wait(&self->t[1]));
	EXPECT_TRUE(thread_running(&self->t[2]));
	ASSERT_TRUE(pager_supply(&other, buffer, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[2]));
	ASSERT_TRUE(thread_check_vmo(&self->t[0], self->vmo, 8, 1));
	ASSERT_TRUE(pager_wait_read(&self->next, self->vmo, 8, 1));
	EXPECT_TRUE(pager_idle(&self->next));
	ASSERT_TRUE(pager_supply(&self->next, self->vmo, 8, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	user_pager_fini(&other);
}

/* Readers of the former stream wake, all of them. */
TEST_F(generation, stream_of_the_former)
{
	fcntl(self->old.fd, F_SETFL, 0);
	for (int i = 0; i < 2; i++) {
		self->t[i].op = self->old.fd;
		ASSERT_TRUE(thread_start(&self->t[i], do_read_packet));
		ASSERT_TRUE(wait_until(thread_asleep(&self->t[i])));
	}
	EXPECT_EQ(0, revents(self->old.fd));
	take_over();
	for (int i = 0; i < 2; i++)
		ASSERT_TRUE(thread_wait_failure(&self->t[i], ESHUTDOWN));
	EXPECT_EQ(POLLIN | POLLERR | POLLHUP, revents(self->old.fd));
	EXPECT_EQ(0, revents(self->next.fd));
	/* The stream of the keeper has nothing either. */
	self->t[0].op = self->keeper;
	ASSERT_TRUE(thread_start(&self->t[0], do_read_packet));
	ASSERT_TRUE(thread_wait_failure(&self->t[0], ESHUTDOWN));
}

TEST_F(generation, who_may_begin)
{
	struct zxp_begin_generation arg = { .size = sizeof(arg), .out_fd = -1 };
	struct zxp_info info;

	EXPECT_EQ(-EPERM, zxp_begin_generation(self->old.fd));
	take_over();
	EXPECT_EQ(-EPERM, zxp_begin_generation(self->next.fd));
	EXPECT_EQ(-ESHUTDOWN, zxp_begin_generation(self->old.fd));
	/* Each has its number. */
	ASSERT_EQ(0, zxp_ioctl(self->keeper, ZXP_IOC_BEGIN_GENERATION, &arg));
	EXPECT_EQ(3, arg.out_generation);
	EXPECT_EQ(FD_CLOEXEC, fcntl(arg.out_fd, F_GETFD));
	EXPECT_EQ(-ESHUTDOWN, zxp_get_info(self->next.fd, &info));
	EXPECT_EQ(0, zxp_get_info(arg.out_fd, &info));
	/* What the keeper may do. */
	EXPECT_EQ(0, zxp_get_info(self->keeper, &info));
	EXPECT_TRUE(info.out_features & ZXP_FEATURE_GENERATIONS);
	EXPECT_EQ(0, close(zxp_create_port(self->keeper)));
	EXPECT_EQ(-ESHUTDOWN, zxp_create_vmo(self->keeper, 0, ZXP_PORT_OWN, 1, 1));
	EXPECT_EQ(-ESHUTDOWN, zxp_create_vmo(self->next.fd, 0, ZXP_PORT_OWN, 1, 1));
	EXPECT_EQ(-ESHUTDOWN, zxp_detach_vmo(self->keeper, self->vmo->fd));
	EXPECT_EQ(0, zxp_detach_vmo(arg.out_fd, self->vmo->fd));
	close(arg.out_fd);
}

/* Who is not told of all has no descriptor; the next call is answered. */
TEST_F(generation, answer_that_faults)
{
	char *pages = map_anon(2);
	struct zxp_begin_generation *arg =
		(void *)(pages + page_size - offsetof(struct zxp_begin_generation, out_generation));
	int lowest = dup(self->keeper);

	ASSERT_LE(0, lowest);
	close(lowest);
	ASSERT_TRUE(thread_check_vmo(&self->t[0], self->vmo, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->old, self->vmo, 0, 1));
	arg->size = sizeof(*arg);
	ASSERT_EQ(0, mprotect(pages + page_size, page_size, PROT_READ));
	EXPECT_EQ(-EFAULT, zxp_ioctl(self->keeper, ZXP_IOC_BEGIN_GENERATION, arg));
	EXPECT_EQ(-1, arg->out_fd);
	EXPECT_EQ(-1, fcntl(lowest, F_GETFD));
	take_over();
	ASSERT_TRUE(pager_wait_read(&self->next, self->vmo, 0, 1));
	ASSERT_TRUE(pager_supply(&self->next, self->vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	munmap(pages, 2 * page_size);
}

/* Until there is a generation the open() is all of it. */
TEST_F(generation, zero)
{
	int keeper = zxp_open(O_NONBLOCK), vmo, next;
	struct zxp_vmo_entry entry;

	ASSERT_LE(0, keeper);
	vmo = zxp_create_vmo(keeper, 0, ZXP_PORT_OWN, 7, BYTES(1));
	ASSERT_LE(0, vmo);
	next = zxp_begin_generation(keeper);
	ASSERT_LE(0, next);
	ASSERT_EQ(1, zxp_list_vmos(next, 0, &entry, 1));
	EXPECT_EQ(7, entry.key);
	EXPECT_EQ(-ESHUTDOWN, zxp_detach_vmo(keeper, vmo));
	EXPECT_EQ(0, zxp_detach_vmo(next, vmo));
	close(next);
	close(vmo);
	close(keeper);
}

/* Begins one after the other until it is killed, and counts them at @arg. */
static int begin_for_ever(void *arg)
{
	volatile int *word = arg;
	int keeper = word[0], fd = -1, next;

	for (;;) {
		next = zxp_begin_generation(keeper);
		if (next < 0)
			return 1;
		if (fd >= 0)
			close(fd);
		fd = next;
		word[1]++;
	}
}

#define VMOS	40
#define GONE	4

/* Wherever that is, the next one is asked for all, once. */
TEST_F(generation, killed_while_it_begins)
{
	int *word = mmap(NULL, page_size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct test_vmo *vmo[VMOS];
	int stop = 0;
	pid_t pid;

	ASSERT_NE(MAP_FAILED, (void *)word);
	for (int i = 0; i < VMOS; i++) {
		vmo[i] = pager_create_vmo(&self->old, 1);
		ASSERT_NE(NULL, vmo[i]);
		ASSERT_TRUE(thread_check_vmo(&self->t[i], vmo[i], 0, 1));
		ASSERT_TRUE(vmo_wait_blocked(vmo[i], 1));
	}
	word[0] = self->keeper;
	for (int round = 0; round < 10; round++) {
		uint64_t gone[GONE];

		take_over();
		for (int i = 0; i < GONE; i++) {
			gone[i] = 0xdead00 + i;
			close(zxp_create_vmo(self->next.fd, 0, ZXP_PORT_OWN, gone[i], 1));
		}
		stop = word[1] + 1 + round;
		pid = child_start(begin_for_ever, word);
		ASSERT_LT(0, pid);
		ASSERT_TRUE(wait_until(((volatile int *)word)[1] >= stop));
		ASSERT_TRUE(child_kill(pid));
		pager_close(&self->next);
		take_over();
		for (int i = 0; i < VMOS; i++)
			ASSERT_TRUE(pager_wait_read(&self->next, vmo[i], 0, 1));
		for (int i = 0; i < GONE; i++)
			ASSERT_TRUE(pager_wait_complete(&self->next, gone[i]));
		ASSERT_TRUE(pager_idle(&self->next));
		pager_close(&self->next);
	}
	take_over();
	for (int i = 0; i < VMOS; i++) {
		vmo[i]->pager = &self->next;
		ASSERT_TRUE(pager_supply(&self->next, vmo[i], 0, 1));
		ASSERT_TRUE(thread_wait(&self->t[i]));
	}
	munmap(word, page_size);
}

TEST_HARNESS_MAIN

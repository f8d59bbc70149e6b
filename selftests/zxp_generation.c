// SPDX-License-Identifier: GPL-2.0
/*
 * Generations of a pager: another daemon takes over, and clients notice nothing. What was
 * asked of the former one is asked again, once; for what that says late see zxp_late.c.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>

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

static int do_read_packet(struct test_thread *t)
{
	struct zxp_packet pkt;

	return read((int)t->op, &pkt, sizeof(pkt)) < 0 ? errno : 0;
}

/* Into a page that is missing. */
static int do_read_packet_there(struct test_thread *t)
{
	return read((int)t->op, t->vmo->map, sizeof(struct zxp_packet)) < 0 ? errno : 0;
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

static int revents(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, 0) < 0 ? -1 : pfd.revents;
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

/* What was unread goes to the new port with the new key; what was read stays read. */
TEST_F(generation, bind)
{
	struct user_pager other = self->old;
	struct test_vmo renamed;
	uint64_t key;

	other.nr_aside = 0;
	other.port = zxp_create_port(self->old.fd);
	ASSERT_LE(0, other.port);
	ASSERT_TRUE(thread_check_vmo(&self->t[0], self->vmo, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->old, self->vmo, 0, 1));
	ASSERT_TRUE(thread_check_vmo(&self->t[1], self->vmo, 3, 1));
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 2));
	renamed = *self->vmo;
	renamed.key = 0x77;
	ASSERT_EQ(0, zxp_bind_vmo(self->old.fd, self->vmo->fd, other.port, renamed.key));
	EXPECT_TRUE(pager_idle(&self->old));
	ASSERT_TRUE(pager_wait_read(&other, &renamed, 3, 1));
	EXPECT_TRUE(pager_idle(&other));
	ASSERT_EQ(0, zxp_query_vmo_key(self->old.fd, self->vmo->fd, &key));
	EXPECT_EQ(renamed.key, key);
	/* And back, with a COMPLETE that nobody has read. */
	ASSERT_TRUE(pager_supply(&self->old, self->vmo, 0, 4));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_wait(&self->t[1]));
	ASSERT_TRUE(pager_detach(&self->old, self->vmo));
	ASSERT_EQ(0, zxp_bind_vmo(self->old.fd, self->vmo->fd, ZXP_PORT_OWN, 0x99));
	EXPECT_TRUE(pager_idle(&other));
	ASSERT_TRUE(pager_wait_complete(&self->old, 0x99));
	EXPECT_TRUE(pager_idle(&self->old));
	close(other.port);
	/* In the order in which they are looked for. */
	EXPECT_EQ(-EBADF, zxp_bind_vmo(self->old.fd, -1, 9999, 0));
	EXPECT_EQ(-EMEDIUMTYPE, zxp_bind_vmo(self->old.fd, -1, self->old.fd, 0));
	EXPECT_EQ(-EBADF, zxp_bind_vmo(self->old.fd, -1, ZXP_PORT_OWN, 0));
}

TEST_F(generation, list)
{
	struct zxp_vmo_entry entry[8] = {};
	struct test_vmo *vmo[4] = { self->vmo };
	int plain = zxp_create_plain(self->old.fd, BYTES(1));
	uint64_t after = 0;
	struct stat st;

	ASSERT_LE(0, plain);
	for (int i = 1; i < 4; i++) {
		vmo[i] = pager_create_vmo_flags(&self->old, BYTES(i) - 5, 0, 0);
		ASSERT_NE(NULL, vmo[i]);
	}
	ASSERT_TRUE(pager_detach(&self->old, vmo[2]));
	ASSERT_TRUE(pager_supply(&self->old, vmo[3], 0, 3));
	ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo[3], 0, 2));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_check_vmo(&self->t[1], self->vmo, 0, 1));
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 1));
	self->old.nr_aside = 0;
	take_over();
	ASSERT_EQ(4, zxp_list_vmos(self->next.fd, 0, entry, 8));
	for (int i = 0; i < 4; i++) {
		struct zxp_vmo_info info = vmo_info(vmo[i]);

		ASSERT_EQ(0, fstat(vmo[i]->fd, &st));
		EXPECT_EQ(st.st_ino, entry[i].id);
		EXPECT_EQ(vmo[i]->key, entry[i].key);
		EXPECT_EQ(info.out_vmo_size, entry[i].vmo_size);
		EXPECT_EQ((uint64_t)st.st_size, entry[i].stream_size);
		EXPECT_LT(entry[i].stream_size, entry[i].max_size);
		EXPECT_EQ(i == 2 ? ZXP_VMO_ENTRY_DETACHED :
			  i == 3 ? ZXP_VMO_ENTRY_UNWRITTEN : 0, entry[i].state);
		EXPECT_EQ(i ? 0 : 1, entry[i].waiting);
		EXPECT_EQ(i ? 0 : 1, entry[i].requests);
	}
	EXPECT_EQ(ZXP_VMO_TRAP_DIRTY, entry[0].options);
	EXPECT_EQ(ZXP_CREATE_SYNC, entry[0].flags);
	EXPECT_EQ(0, entry[1].options);
	/* One by one, also while those go that were told of. */
	for (int i = 0; i < 4; i++) {
		ASSERT_EQ(1, zxp_list_vmos(self->keeper, after, entry, 1));
		EXPECT_EQ(vmo[i]->key, entry[0].key);
		after = entry[0].id;
		if (i == 1)
			vmo_release(vmo[1]);
	}
	EXPECT_EQ(0, zxp_list_vmos(self->next.fd, after, entry, 8));
	EXPECT_EQ(0, zxp_list_vmos(self->next.fd, ~0ULL, entry, 8));
	EXPECT_EQ(0, zxp_list_vmos(self->next.fd, 0, NULL, 0));
	EXPECT_EQ(-EFAULT, zxp_list_vmos(self->next.fd, 0, NULL, 1));
	EXPECT_EQ(3, zxp_list_vmos(self->next.fd, 0, entry, 8));
	EXPECT_EQ(-ESHUTDOWN, zxp_list_vmos(self->old.fd, 0, entry, 8));
	/* Some of it awaits the end of its writeback, and then not any more. */
	vmo[3]->pager = &self->next;
	ASSERT_TRUE(pager_writeback_begin(&self->next, vmo[3], 1, 1));
	ASSERT_EQ(1, zxp_list_vmos(self->next.fd, entry[1].id, entry, 8));
	EXPECT_EQ(ZXP_VMO_ENTRY_UNWRITTEN | ZXP_VMO_ENTRY_BEGUN, entry[0].state);
	ASSERT_TRUE(pager_writeback_end(&self->next, vmo[3], 1, 1));
	ASSERT_EQ(1, zxp_list_vmos(self->next.fd, entry[0].id - 1, entry, 8));
	EXPECT_EQ(ZXP_VMO_ENTRY_UNWRITTEN, entry[0].state);
	ASSERT_TRUE(vmo_zero(vmo[3], 0, 1));
	ASSERT_TRUE(pager_writeback_begin(&self->next, vmo[3], 0, 1));
	ASSERT_EQ(1, zxp_list_vmos(self->next.fd, entry[0].id - 1, entry, 8));
	EXPECT_EQ(ZXP_VMO_ENTRY_UNWRITTEN | ZXP_VMO_ENTRY_BEGUN, entry[0].state);
	ASSERT_TRUE(pager_supply(&self->next, self->vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[1]));
	close(plain);
}

/* A VMO that is held by a mapping alone is served by who opens it. */
TEST_F(generation, open)
{
	struct zxp_vmo_entry entry;
	int fd;

	ASSERT_EQ(1, zxp_list_vmos(self->old.fd, 0, &entry, 1));
	EXPECT_EQ(-ENOENT, zxp_open_vmo(self->old.fd, 0));
	EXPECT_EQ(-ENOENT, zxp_open_vmo(self->old.fd, entry.id - 1));
	EXPECT_EQ(-ENOENT, zxp_open_vmo(self->old.fd, entry.id + 1));
	EXPECT_EQ(-ENOENT, zxp_open_vmo(self->old.fd, ~0ULL));
	close(self->vmo->fd);
	self->vmo->fd = -1;
	ASSERT_TRUE(thread_check_vmar(&self->t[0], self->vmo, 2, 1));
	take_over();
	EXPECT_EQ(-ESHUTDOWN, zxp_open_vmo(self->old.fd, entry.id));
	fd = zxp_open_vmo(self->next.fd, entry.id);
	ASSERT_LE(0, fd);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	EXPECT_EQ(O_RDWR, fcntl(fd, F_GETFL) & O_ACCMODE);
	self->vmo->fd = fd;
	ASSERT_TRUE(pager_wait_read(&self->next, self->vmo, 2, 1));
	ASSERT_TRUE(pager_supply(&self->next, self->vmo, 2, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	/* With the last of them it is gone. */
	vmo_release(self->vmo);
	ASSERT_TRUE(pager_wait_complete(&self->next, entry.key));
	EXPECT_EQ(-ENOENT, zxp_open_vmo(self->next.fd, entry.id));
}

/* What a former generation has read of a page behind the stream is not stored. */
TEST_F(generation, reads_of_the_former)
{
	struct test_vmo *vmo = pager_create_vmo_flags(&self->old, 0, ZXP_VMO_UNBOUNDED, 0);
	struct zxp_vmo_entry entry[2];
	char buf[2 * 4096];
	int first;

	ASSERT_NE(NULL, vmo);
	vmo->map = mmap(NULL, BYTES(1), PROT_READ | PROT_WRITE, MAP_SHARED, vmo->fd, 0);
	ASSERT_NE(MAP_FAILED, (void *)vmo->map);
	vmo->map_pages = 1;
	ASSERT_TRUE(thread_store(&self->t[0], vmo->map));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	ASSERT_TRUE(pager_writeback_begin(&self->old, vmo, 0, 1));
	ASSERT_EQ(0, zxp_vmo_read(vmo->fd, 0, page_size, buf));
	take_over();
	vmo->pager = &self->next;
	first = vmo->fd;
	ASSERT_TRUE(pager_writeback_end(&self->next, vmo, 0, 1));
	EXPECT_TRUE(is_dirty(vmo, DATA(0, 1)));
	/* Nor what is read by a descriptor of that. */
	ASSERT_TRUE(pager_writeback_begin(&self->next, vmo, 0, 1));
	ASSERT_EQ(0, zxp_vmo_read(first, 0, page_size, buf));
	ASSERT_TRUE(pager_writeback_end(&self->next, vmo, 0, 1));
	EXPECT_TRUE(is_dirty(vmo, DATA(0, 1)));
	ASSERT_EQ(2, zxp_list_vmos(self->next.fd, 0, entry, 2));
	vmo->fd = zxp_open_vmo(self->next.fd, entry[1].id);
	ASSERT_LE(0, vmo->fd);
	ASSERT_TRUE(pager_writeback_begin(&self->next, vmo, 0, 1));
	ASSERT_EQ(0, zxp_vmo_read(vmo->fd, 0, page_size, buf));
	ASSERT_TRUE(pager_writeback_end(&self->next, vmo, 0, 1));
	EXPECT_TRUE(is_clean(vmo));
	close(first);
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

// SPDX-License-Identifier: GPL-2.0
/*
 * What a successor finds: it lists the VMOs, opens them, knows those that it was given, and
 * binds them to ports. For what it is asked see zxp_generation.c.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/stat.h>

#include "kselftest_harness.h"
#include "lib/child.h"
#include "lib/client.h"
#include "lib/generation.h"

GENERATION_FIXTURE(successor);

/* What was unread goes to the new port with the new key; what was read stays read. */
TEST_F(successor, bind)
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

/* It may serve another pager, too, and so it stays open. Of this one it has what no VMO sends. */
TEST_F(successor, port_of_the_former)
{
	struct zxp_port_queue by_hand = { .size = sizeof(by_hand), .packet.key = 0x55 };
	struct user_pager port = self->old, other;
	struct test_vmo *gone, *others;
	struct zxp_packet pkt;

	port.nr_aside = 0;
	port.port = zxp_create_port(self->old.fd);
	ASSERT_LE(0, port.port);
	ASSERT_TRUE(user_pager_init(&other));
	ASSERT_EQ(0, zxp_bind_vmo(self->old.fd, self->vmo->fd, port.port, self->vmo->key));
	gone = pager_create_vmo(&self->old, 1);
	others = pager_create_vmo(&other, 4);
	ASSERT_NE(NULL, gone);
	ASSERT_NE(NULL, others);
	ASSERT_EQ(0, zxp_bind_vmo(self->old.fd, gone->fd, port.port, gone->key));
	ASSERT_EQ(0, zxp_bind_vmo(other.fd, others->fd, port.port, others->key));
	ASSERT_TRUE(thread_check_vmo(&self->t[0], self->vmo, 0, 1));
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 1));
	vmo_release(gone);
	ASSERT_EQ(0, zxp_ioctl(port.port, ZXP_IOC_PORT_QUEUE, &by_hand));

	take_over();
	ASSERT_TRUE(thread_check_vmo(&self->t[1], others, 1, 1));
	ASSERT_TRUE(vmo_wait_blocked(others, 1));
	ASSERT_EQ((ssize_t)sizeof(pkt), read(port.port, &pkt, sizeof(pkt)));
	EXPECT_EQ(ZXP_PACKET_COMPLETE, pkt.command);
	ASSERT_EQ((ssize_t)sizeof(pkt), read(port.port, &pkt, sizeof(pkt)));
	EXPECT_EQ(0x55, pkt.key);
	ASSERT_TRUE(pager_wait_read(&port, others, 1, 1));
	EXPECT_TRUE(pager_idle(&port));
	ASSERT_TRUE(pager_wait_read(&self->next, self->vmo, 0, 1));
	EXPECT_TRUE(pager_idle(&self->next));
	ASSERT_TRUE(pager_supply(&other, others, 1, 1));
	ASSERT_TRUE(pager_supply(&self->next, self->vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_wait(&self->t[1]));
	close(port.port);
	user_pager_fini(&other);
}

static int do_poll(struct test_thread *t)
{
	struct pollfd pfd = { .fd = (int)t->op, .events = POLLIN };

	return poll(&pfd, 1, -1) == 1 && pfd.revents == POLLIN ? 0 : EIO;
}

/* Who waits for a packet of it waits on, and hears of those alone that others have queued. */
TEST_F(successor, waits_for_the_former_port)
{
	struct zxp_port_queue by_hand = { .size = sizeof(by_hand), .packet.key = 0x55 };
	int port = zxp_create_port(self->old.fd);

	ASSERT_LE(0, port);
	ASSERT_EQ(0, zxp_bind_vmo(self->old.fd, self->vmo->fd, port, self->vmo->key));
	for (int i = 0; i < 2; i++) {
		self->t[i].op = port;
		ASSERT_TRUE(thread_start(&self->t[i], i ? do_poll : do_read_packet));
		ASSERT_TRUE(wait_until(thread_asleep(&self->t[i])));
	}
	take_over();
	ASSERT_TRUE(thread_check_vmo(&self->t[2], self->vmo, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->next, self->vmo, 0, 1));
	for (int i = 0; i < 2; i++)
		EXPECT_TRUE(thread_asleep(&self->t[i]));
	EXPECT_EQ(0, revents(port));
	/* One for each of the two. */
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, zxp_ioctl(port, ZXP_IOC_PORT_QUEUE, &by_hand));
	for (int i = 0; i < 2; i++)
		ASSERT_TRUE(thread_wait(&self->t[i]));
	ASSERT_TRUE(pager_supply(&self->next, self->vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[2]));
	close(port);
}

/* What nobody has read of it is not there any more, and nobody puts back what he has. */
TEST_F(successor, leaves_the_former_port)
{
	int port = zxp_create_port(self->old.fd);
	struct user_pager other;
	struct test_vmo *buffer;

	ASSERT_LE(0, port);
	ASSERT_TRUE(user_pager_init(&other));
	buffer = pager_create_vmo(&other, 1);
	ASSERT_NE(NULL, buffer);
	ASSERT_EQ(0, zxp_bind_vmo(self->old.fd, self->vmo->fd, port, self->vmo->key));
	ASSERT_TRUE(thread_check_vmo(&self->t[0], self->vmo, 0, 2));
	ASSERT_TRUE(thread_check_vmo(&self->t[1], self->vmo, 4, 1));
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 2));
	EXPECT_EQ(POLLIN, revents(port));
	take_over();
	EXPECT_EQ(0, revents(port));
	ASSERT_TRUE(pager_wait_read(&self->next, self->vmo, 0, 2));
	ASSERT_TRUE(pager_wait_read(&self->next, self->vmo, 4, 1));

	/* A reader has it, and its buffer hangs, and then is gone. */
	ASSERT_EQ(0, zxp_bind_vmo(self->next.fd, self->vmo->fd, port, self->vmo->key));
	ASSERT_TRUE(thread_check_vmo(&self->t[2], self->vmo, 8, 1));
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 3));
	self->t[3].vmo = buffer;
	self->t[3].op = port;
	ASSERT_TRUE(thread_start(&self->t[3], do_read_packet_there));
	ASSERT_TRUE(vmo_wait_blocked(buffer, 1));
	close(self->old.fd);
	self->old.fd = self->next.fd;
	self->old.port = self->next.fd;
	take_over();
	ASSERT_TRUE(pager_wait_read(&self->next, self->vmo, 0, 2));
	ASSERT_TRUE(pager_wait_read(&self->next, self->vmo, 4, 1));
	ASSERT_TRUE(pager_wait_read(&self->next, self->vmo, 8, 1));
	ASSERT_TRUE(pager_detach(&other, buffer));
	ASSERT_TRUE(thread_wait_failure(&self->t[3], EFAULT));
	EXPECT_EQ(0, revents(port));
	EXPECT_TRUE(pager_idle(&self->next));
	ASSERT_TRUE(pager_supply(&self->next, self->vmo, 0, 9));
	for (int i = 0; i < 3; i++)
		ASSERT_TRUE(thread_wait(&self->t[i]));
	close(port);
	user_pager_fini(&other);
}

TEST_F(successor, list)
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
TEST_F(successor, open)
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
TEST_F(successor, reads_of_the_former)
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

/* Of children that somebody has kept for it, it knows which VMO they are made of. */
TEST_F(successor, children)
{
	struct test_vmo *second = pager_create_vmo(&self->old, 4), *kept[8];
	struct test_vmo *clone = new_clone(second), *slice = new_slice(second, 1, 2);
	struct zxp_vmo_entry entry[3];
	struct test_vmo *vmo;

	ASSERT_NE(NULL, second);
	kept[0] = new_clone(self->vmo);
	kept[1] = new_slice(self->vmo, 1, 2);
	kept[2] = new_snapshot(kept[0]);
	kept[3] = new_reference(self->vmo, 0);
	kept[4] = clone;
	kept[5] = slice;
	kept[6] = new_snapshot(clone);
	kept[7] = new_reference(second, 0);
	take_over();
	ASSERT_EQ(2, zxp_list_vmos(self->next.fd, 0, entry, 3));
	for (int i = 0; i < 2; i++) {
		vmo = i ? second : self->vmo;
		EXPECT_EQ(vmo->key, entry[i].key);
		EXPECT_EQ(vmo_info(vmo).out_id, entry[i].id);
	}
	for (int i = 0; i < 8; i++) {
		struct zxp_vmo_info is = vmo_info(kept[i]);
		uint64_t of = is.out_root_id ?: is.out_id;

		EXPECT_EQ(entry[i / 4].id, of);
		EXPECT_EQ(i % 4 == 2 ? vmo_info(kept[i - 2]).out_id : is.out_root_id,
			  is.out_parent_id);
	}
}

TEST_HARNESS_MAIN

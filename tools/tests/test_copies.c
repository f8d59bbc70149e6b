// SPDX-License-Identifier: GPL-2.0
/*
 * Copies that have a name: whose they are, how many there may be, and what is going on while
 * one of them comes or goes.  Needs no kernel module.
 */
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zircon/linux.h>

#include "../zxpagerd/client.h"
#include "../zxpagerd/copies.h"
#include "../zxpagerd/keep.h"
#include "../zxpagerd/proto.h"
#include "../zxpagerd/user.h"
#include "fake.h"
#include "fake_loop.h"

#define ADMIN	0
#define ANNA	4711
#define BERTA	4712

static void none_waits(struct copy_request *req, const struct copy *copy, int error)
{
	(void)req;
	(void)copy;
	assert_int_equal(error, 0);
}

static int setup(void **state)
{
	setup_fake(state);
	fake_register();
	vmo.target.size = 16 * PAGE;
	vmo.target.writable = false;
	vmo.target.scratch = true;
	vmo.target.handle = zx_linux_handle_from_fd(memfd_create("vmo", MFD_CLOEXEC));
	options.copies = 3;
	client_max = 12;
	copy_max = 5;
	fake_copies_wait = false;
	fake_copy_error = 0;
	return 0;
}

static int teardown(void **state)
{
	struct copy_request req = { .done = none_waits };
	struct copy *copy;

	while ((copy = copy_from(0))) {
		assert_int_equal(copy_drop(&req, copy), 0);
		while (fake_copy_step())
			;
	}
	assert_int_equal(fake_copy_fds, 0);
	assert_int_equal(user_find(ANNA)->copies, 0);
	close(zx_linux_handle_to_fd(vmo.target.handle));
	return teardown_fake(state);
}

/* --- a keeper -------------------------------------------------------------------------- */

static struct keep_message sent[16];
static unsigned int sent_count;
static int sent_fd, keeper_error;

static int send_to_keeper(const struct keep_message *message, int fd)
{
	assert_true(sent_count < 16);
	sent[sent_count++] = *message;
	sent_fd = fd;
	return keeper_error;
}

static const struct copy_keeper keeper = { .send = send_to_keeper };

static int setup_kept(void **state)
{
	setup(state);
	copy_keeper = &keeper;
	sent_count = 0;
	keeper_error = 0;
	return 0;
}

static int teardown_kept(void **state)
{
	copies_alone();
	return teardown(state);
}

static void step(void)
{
	while (fake_loop_step(0))
		;
}

static int connects(uid_t uid)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
				    0, pair), 0);
	client_add(pair[1], uid, true);
	return pair[0];
}

static void hang_up(int sock)
{
	close(sock);
	step();
}

static void say(int sock, enum zxd_op op, const char *name, const char *new_name)
{
	struct zxd_request req = {
		.size = sizeof(req),
		.version = ZXD_VERSION,
		.op = op,
	};

	strncpy(req.name, name, sizeof(req.name) - 1);
	strncpy(req.new_name, new_name, sizeof(req.new_name) - 1);
	assert_int_equal(send(sock, &req, sizeof(req), 0), sizeof(req));
	step();
}

static struct zxd_reply reply;

/* The error that there is, or -1 as long as there is no reply. */
static int hear(int sock)
{
	ssize_t n = recv(sock, &reply, sizeof(reply), 0);

	if (n < 0)
		return -1;
	assert_int_equal(n, sizeof(reply));
	return (int)reply.error;
}

static int asks(int sock, enum zxd_op op, const char *name, const char *new_name)
{
	say(sock, op, name, new_name);
	return hear(sock);
}

/* The same, by a connection of its own. */
static int tells(uid_t uid, enum zxd_op op, const char *name, const char *new_name)
{
	int sock = connects(uid), error = asks(sock, op, name, new_name);

	hang_up(sock);
	return error;
}

static int lists(uint64_t index)
{
	struct zxd_request req = {
		.size = sizeof(req),
		.version = ZXD_VERSION,
		.op = ZXD_LIST,
		.index = index,
	};
	int sock = connects(ADMIN), error;

	assert_int_equal(send(sock, &req, sizeof(req), 0), sizeof(req));
	step();
	error = hear(sock);
	hang_up(sock);
	return error;
}

/* --- what there is ------------------------------------------------------------------- */

static void reply_tells_of_it(void **state)
{
	(void)state;
	assert_int_equal(tells(ANNA, ZXD_CLONE, "vmo", "one"), 0);
	assert_string_equal(reply.name, "one");
	assert_string_equal(reply.copy_of, "vmo");
	assert_int_equal(reply.flags, ZXD_COPY | ZXD_WRITABLE);
	assert_int_equal(reply.uid, ANNA);
	assert_int_equal(reply.vmo_size, 16 * PAGE);
	assert_int_equal(reply.own, 0);
	assert_int_equal(tells(ANNA, ZXD_SNAPSHOT, "one", "two"), 0);
	assert_string_equal(reply.copy_of, "one");
	assert_int_equal(reply.flags, ZXD_COPY);
	assert_int_equal(tells(ANNA, ZXD_STAT, "two", ""), 0);
	assert_string_equal(reply.name, "two");
	assert_int_equal(tells(ANNA, ZXD_DROP, "two", ""), 0);
	assert_string_equal(reply.name, "");
	assert_int_equal(tells(ANNA, ZXD_STAT, "two", ""), ENOENT);
	assert_int_equal(tells(ANNA, ZXD_DROP, "two", ""), ENOENT);
}

/* A list that is being read leaves none out that is there all the time. */
static void list_goes_on(void **state)
{
	uint64_t second, third;

	(void)state;
	assert_int_equal(tells(ANNA, ZXD_CLONE, "vmo", "a"), 0);
	assert_int_equal(tells(ANNA, ZXD_CLONE, "vmo", "b"), 0);
	assert_int_equal(tells(ANNA, ZXD_CLONE, "vmo", "c"), 0);
	assert_int_equal(lists(0), 0);
	assert_string_equal(reply.name, "vmo");
	assert_int_equal(lists(reply.next), 0);
	assert_string_equal(reply.name, "a");
	second = reply.next;
	assert_int_equal(tells(ANNA, ZXD_DROP, "a", ""), 0);
	assert_int_equal(lists(second), 0);
	assert_string_equal(reply.name, "b");
	third = reply.next;
	assert_int_equal(tells(ANNA, ZXD_CLONE, "vmo", "a"), 0);
	assert_int_equal(lists(third), 0);
	assert_string_equal(reply.name, "c");
	assert_int_equal(lists(reply.next), 0);
	assert_string_equal(reply.name, "a");
	assert_int_equal(lists(reply.next), ENOENT);
	assert_int_equal(lists(UINT64_MAX), ENOENT);
}

/* --- what is refused ----------------------------------------------------------------- */

static void names_that_are_none(void **state)
{
	static const char *const names[] = { "", "a b", "a/b", "a\nb", "\xc3\xa4" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(tells(ADMIN, ZXD_CLONE, "vmo", names[i]), EINVAL);
	assert_int_equal(tells(ADMIN, ZXD_CLONE, "vmo", "vmo"), EEXIST);
	assert_int_equal(tells(ADMIN, ZXD_CLONE, "vmo", "A-z_0.9"), 0);
	assert_int_equal(tells(ADMIN, ZXD_CLONE, "vmo", "A-z_0.9"), EEXIST);
	assert_int_equal(tells(ADMIN, ZXD_CLONE, "none", "new"), ENOENT);
	assert_int_equal(tells(ADMIN, ZXD_STAT, "A-z_0.9", "new"), EINVAL);
}

static void vmos_that_have_none(void **state)
{
	(void)state;
	vmo.target.scratch = false;
	assert_int_equal(tells(ADMIN, ZXD_CLONE, "vmo", "new"), EOPNOTSUPP);
	vmo.target.writable = true;
	assert_int_equal(tells(ADMIN, ZXD_SNAPSHOT, "vmo", "new"), ETXTBSY);
	assert_int_equal(tells(ADMIN, ZXD_CLONE, "vmo", "new"), 0);
	assert_int_equal(tells(ADMIN, ZXD_SNAPSHOT, "new", "newer"), 0);
	vmo.target.snapshots = true;
	assert_int_equal(tells(ADMIN, ZXD_SNAPSHOT, "vmo", "newest"), 0);
}

static void operations_of_one_kind(void **state)
{
	(void)state;
	assert_int_equal(tells(ADMIN, ZXD_CLONE, "vmo", "new"), 0);
	for (enum zxd_op op = ZXD_FAIL; op <= ZXD_SYNC; op++)
		assert_int_equal(tells(ADMIN, op, "new", ""), EMEDIUMTYPE);
	assert_int_equal(tells(ADMIN, ZXD_DROP, "vmo", ""), EMEDIUMTYPE);
	assert_int_equal(tells(ADMIN, ZXD_STAT, "vmo", ""), 0);
}

static void copies_are_their_users(void **state)
{
	(void)state;
	assert_int_equal(tells(ANNA, ZXD_CLONE, "vmo", "new"), 0);
	assert_int_equal(tells(BERTA, ZXD_STAT, "new", ""), 0);
	assert_int_equal(tells(BERTA, ZXD_OPEN, "new", ""), EACCES);
	assert_int_equal(tells(BERTA, ZXD_CLONE, "new", "newer"), EACCES);
	assert_int_equal(tells(BERTA, ZXD_SNAPSHOT, "new", "newer"), EACCES);
	assert_int_equal(tells(BERTA, ZXD_DROP, "new", ""), EACCES);
	assert_int_equal(tells(BERTA, ZXD_CLONE, "vmo", "new"), EEXIST);
	assert_int_equal(tells(ANNA, ZXD_OPEN, "new", ""), 0);
	assert_int_equal(tells(ADMIN, ZXD_OPEN, "new", ""), 0);
	assert_int_equal(tells(ADMIN, ZXD_DROP, "new", ""), 0);
}

static void there_are_limits(void **state)
{
	(void)state;
	assert_int_equal(tells(ANNA, ZXD_CLONE, "vmo", "a1"), 0);
	assert_int_equal(tells(ANNA, ZXD_CLONE, "vmo", "a2"), 0);
	assert_int_equal(tells(ANNA, ZXD_CLONE, "vmo", "a3"), 0);
	assert_int_equal(tells(ANNA, ZXD_CLONE, "vmo", "a4"), EDQUOT);
	assert_int_equal(tells(BERTA, ZXD_CLONE, "vmo", "b1"), 0);
	/* Who has no limit has that of the daemon. */
	assert_int_equal(tells(ADMIN, ZXD_CLONE, "vmo", "r1"), 0);
	assert_int_equal(tells(ADMIN, ZXD_CLONE, "vmo", "r2"), EUSERS);
	assert_int_equal(tells(BERTA, ZXD_CLONE, "vmo", "b2"), EUSERS);
	assert_int_equal(tells(ADMIN, ZXD_DROP, "a1", ""), 0);
	assert_int_equal(tells(ANNA, ZXD_CLONE, "vmo", "a4"), 0);
	/* It is the same user still, though without a connection. */
	for (uid_t uid = 5000; uid < 5100; uid++)
		user_find(uid);
	assert_int_equal(tells(ANNA, ZXD_CLONE, "vmo", "a5"), EDQUOT);
	options.copies = 0;
	assert_int_equal(tells(BERTA, ZXD_CLONE, "vmo", "b2"), EDQUOT);
}

/* However many a user may have: who comes next has room in a small daemon. */
static void half_is_for_others(void **state)
{
	(void)state;
	copy_max = 3;
	assert_int_equal(tells(ANNA, ZXD_CLONE, "vmo", "a1"), 0);
	assert_int_equal(tells(ANNA, ZXD_CLONE, "vmo", "a2"), 0);
	assert_int_equal(tells(ANNA, ZXD_CLONE, "vmo", "a3"), EDQUOT);
	assert_int_equal(tells(BERTA, ZXD_CLONE, "vmo", "b1"), 0);
	assert_int_equal(tells(BERTA, ZXD_CLONE, "vmo", "b2"), EUSERS);
}

static void kernel_refuses(void **state)
{
	(void)state;
	fake_copy_error = ESTALE;
	for (unsigned int i = 0; i < 10; i++)
		assert_int_equal(tells(ANNA, ZXD_CLONE, "vmo", "new"), ESTALE);
	assert_int_equal(user_find(ANNA)->copies, 0);
	fake_copy_error = 0;
	assert_int_equal(tells(ANNA, ZXD_CLONE, "vmo", "new"), 0);
}

static void none_is_made_at_the_end(void **state)
{
	(void)state;
	assert_int_equal(tells(ANNA, ZXD_CLONE, "vmo", "new"), 0);
	client_stop();
	assert_int_equal(tells(ANNA, ZXD_CLONE, "vmo", "newer"), ESHUTDOWN);
	assert_int_equal(tells(ANNA, ZXD_SNAPSHOT, "new", "newer"), ESHUTDOWN);
	assert_int_equal(tells(ANNA, ZXD_OPEN, "new", ""), ESHUTDOWN);
	assert_int_equal(tells(ANNA, ZXD_DROP, "new", ""), 0);
}

/* --- meanwhile ----------------------------------------------------------------------- */

static void name_is_taken_at_once(void **state)
{
	int anna = connects(ANNA);

	(void)state;
	fake_copies_wait = true;
	assert_int_equal(asks(anna, ZXD_CLONE, "vmo", "new"), -1);
	assert_int_equal(tells(ADMIN, ZXD_CLONE, "vmo", "new"), EEXIST);
	assert_int_equal(tells(ADMIN, ZXD_STAT, "new", ""), ENOENT);
	assert_int_equal(tells(ADMIN, ZXD_DROP, "new", ""), ENOENT);
	assert_int_equal(lists(1), ENOENT);
	assert_true(fake_copy_step());
	assert_int_equal(hear(anna), 0);
	assert_int_equal(tells(ADMIN, ZXD_STAT, "new", ""), 0);
	hang_up(anna);
}

/* Who has asked for it and gone has it all the same. */
static void client_goes_meanwhile(void **state)
{
	(void)state;
	fake_copies_wait = true;
	assert_int_equal(tells(ANNA, ZXD_CLONE, "vmo", "new"), -1);
	assert_true(fake_copy_step());
	step();
	assert_int_equal(client_count(), 0);
	assert_int_equal(tells(ANNA, ZXD_STAT, "new", ""), 0);
}

/* What copies are made of stays open until they are there. */
static void dropped_while_it_is_copied(void **state)
{
	int anna = connects(ANNA), other = connects(ANNA), dropping = connects(ANNA);

	(void)state;
	assert_int_equal(asks(anna, ZXD_CLONE, "vmo", "old"), 0);
	fake_copies_wait = true;
	assert_int_equal(asks(anna, ZXD_CLONE, "old", "new"), -1);
	assert_int_equal(asks(other, ZXD_SNAPSHOT, "old", "newer"), -1);
	assert_int_equal(asks(dropping, ZXD_DROP, "old", ""), -1);
	assert_int_equal(tells(ANNA, ZXD_STAT, "old", ""), ENOENT);
	/* It has no name, and all it had. */
	assert_int_equal(tells(ANNA, ZXD_CLONE, "vmo", "old"), EBUSY);
	assert_int_equal(user_find(ANNA)->copies, 3);
	assert_true(fake_copy_step());
	assert_int_equal(hear(anna), 0);
	assert_int_equal(fake_copy_fds, 2);
	assert_int_equal(hear(dropping), -1);
	/* The last one does not come to be, which makes no difference. */
	fake_copy_error = ENOMEM;
	assert_true(fake_copy_step());
	assert_int_equal(hear(other), ENOMEM);
	assert_int_equal(hear(dropping), -1);
	assert_true(fake_copy_step());
	assert_int_equal(hear(dropping), 0);
	assert_int_equal(user_find(ANNA)->copies, 1);
	assert_int_equal(fake_copy_fds, 1);
	assert_false(fake_copy_step());
	hang_up(anna);
	hang_up(other);
	hang_up(dropping);
}

/* Who waits for copies leaves connections to others, who only look, and to other users. */
static void waiting_leaves_room(void **state)
{
	int anna = connects(ANNA), again = connects(ANNA), berta, admin;

	(void)state;
	client_max = 4;
	fake_copies_wait = true;
	assert_int_equal(asks(anna, ZXD_CLONE, "vmo", "a1"), -1);
	assert_int_equal(asks(again, ZXD_CLONE, "vmo", "a2"), EBUSY);
	assert_int_equal(asks(again, ZXD_SYNC, "vmo", ""), EBUSY);
	assert_int_equal(asks(again, ZXD_STAT, "vmo", ""), 0);
	berta = connects(BERTA);
	assert_int_equal(asks(berta, ZXD_CLONE, "vmo", "b1"), -1);
	admin = connects(ADMIN);
	assert_int_equal(asks(admin, ZXD_CLONE, "vmo", "r1"), EBUSY);
	assert_true(fake_copy_step());
	assert_int_equal(hear(anna), 0);
	assert_int_equal(asks(admin, ZXD_CLONE, "vmo", "r1"), -1);
	assert_true(fake_copy_step());
	assert_true(fake_copy_step());
	assert_int_equal(hear(berta), 0);
	assert_int_equal(hear(admin), 0);
	assert_int_equal(asks(again, ZXD_DROP, "a1", ""), -1);
	assert_true(fake_copy_step());
	assert_int_equal(hear(again), 0);
	hang_up(anna);
	hang_up(again);
	hang_up(berta);
	hang_up(admin);
}

/* --- what outlives the daemon --------------------------------------------------------- */

static void made_and_kept(void **state)
{
	(void)state;
	assert_int_equal(tells(ANNA, ZXD_SNAPSHOT, "vmo", "one"), 0);
	assert_int_equal(sent_count, 1);
	assert_int_equal(sent[0].kind, KEEP_COPY);
	assert_string_equal(sent[0].name, "one");
	assert_string_equal(sent[0].of, "vmo");
	assert_int_equal(sent[0].uid, ANNA);
	assert_int_equal(sent[0].frozen, true);
	assert_true(sent_fd >= 0);
	fake_copy_error = ENOMEM;
	assert_int_equal(tells(ANNA, ZXD_SNAPSHOT, "vmo", "two"), ENOMEM);
	assert_int_equal(sent_count, 1);
}

/* The keeper's descriptor goes first: only then what it had is gone when this one is closed. */
static void dropped_when_the_keeper_has(void **state)
{
	int anna = connects(ANNA), again = connects(ANNA);

	(void)state;
	assert_int_equal(asks(anna, ZXD_CLONE, "vmo", "one"), 0);
	assert_int_equal(asks(anna, ZXD_DROP, "one", ""), -1);
	assert_int_equal(sent[1].kind, KEEP_DROP);
	assert_string_equal(sent[1].name, "one");
	assert_int_equal(fake_copy_fds, 1);
	assert_int_equal(asks(again, ZXD_CLONE, "vmo", "one"), 0);
	copy_dropped("none");
	copy_dropped("one");
	step();
	assert_int_equal(hear(anna), 0);
	assert_int_equal(fake_copy_fds, 1);
	assert_int_equal(asks(again, ZXD_STAT, "one", ""), 0);
	copy_dropped("one");
	step();
	assert_int_equal(fake_copy_fds, 1);
	hang_up(anna);
	hang_up(again);
}

/*
 * The keeper never has two of one name: the name is free at once, so it is told at once, though
 * there is somebody who copies the one that goes.
 */
static void dropped_while_it_is_copied_and_made_anew(void **state)
{
	int anna = connects(ANNA), copying = connects(ANNA), berta = connects(BERTA);

	(void)state;
	assert_int_equal(asks(anna, ZXD_CLONE, "vmo", "old"), 0);
	fake_copies_wait = true;
	assert_int_equal(asks(copying, ZXD_CLONE, "old", "of_it"), -1);
	assert_int_equal(asks(anna, ZXD_DROP, "old", ""), -1);
	assert_int_equal(asks(berta, ZXD_CLONE, "vmo", "old"), -1);
	assert_int_equal(sent_count, 2);
	assert_int_equal(sent[1].kind, KEEP_DROP);
	assert_string_equal(sent[1].name, "old");
	/* The keeper has closed it, and who copies it needs it. */
	copy_dropped("old");
	assert_int_equal(fake_copy_fds, 1);
	assert_true(fake_copy_step());
	assert_int_equal(hear(copying), 0);
	assert_true(fake_copy_step());
	assert_int_equal(hear(berta), 0);
	assert_int_equal(sent_count, 4);
	assert_int_equal(sent[3].kind, KEEP_COPY);
	assert_string_equal(sent[3].name, "old");
	assert_int_equal(hear(anna), -1);
	assert_true(fake_copy_step());
	assert_int_equal(hear(anna), 0);
	assert_int_equal(fake_copy_fds, 2);
	assert_int_equal(asks(berta, ZXD_STAT, "old", ""), 0);
	hang_up(anna);
	hang_up(copying);
	hang_up(berta);
}

/* The other way round: the copy of it is there first. */
static void copied_before_the_keeper_has_dropped(void **state)
{
	int anna = connects(ANNA), copying = connects(ANNA);

	(void)state;
	assert_int_equal(asks(anna, ZXD_CLONE, "vmo", "old"), 0);
	fake_copies_wait = true;
	assert_int_equal(asks(copying, ZXD_CLONE, "old", "of_it"), -1);
	assert_int_equal(asks(anna, ZXD_DROP, "old", ""), -1);
	assert_true(fake_copy_step());
	assert_int_equal(hear(copying), 0);
	assert_false(fake_copy_step());
	copy_dropped("old");
	assert_true(fake_copy_step());
	assert_int_equal(hear(anna), 0);
	assert_int_equal(fake_copy_fds, 1);
	hang_up(anna);
	hang_up(copying);
}

/* One that the keeper does not know of as dropped keeps its name. */
static void keeper_cannot_be_told(void **state)
{
	(void)state;
	assert_int_equal(tells(ANNA, ZXD_CLONE, "vmo", "one"), 0);
	keeper_error = EAGAIN;
	assert_int_equal(tells(ANNA, ZXD_DROP, "one", ""), EBUSY);
	assert_int_equal(tells(ANNA, ZXD_STAT, "one", ""), 0);
	assert_int_equal(tells(ANNA, ZXD_CLONE, "vmo", "one"), EEXIST);
	keeper_error = 0;
	assert_int_equal(tells(ANNA, ZXD_DROP, "one", ""), -1);
	copy_dropped("one");
	step();
	assert_int_equal(fake_copy_fds, 0);
}

/* It is there all the same, as long as this daemon. */
static void keeper_takes_none(void **state)
{
	(void)state;
	keeper_error = ENOBUFS;
	assert_int_equal(tells(ANNA, ZXD_CLONE, "vmo", "one"), 0);
	assert_int_equal(tells(ANNA, ZXD_DROP, "one", ""), 0);
	assert_int_equal(sent_count, 1);
}

static void keeper_goes_meanwhile(void **state)
{
	int anna = connects(ANNA);

	(void)state;
	assert_int_equal(asks(anna, ZXD_CLONE, "vmo", "one"), 0);
	assert_int_equal(asks(anna, ZXD_DROP, "one", ""), -1);
	copies_alone();
	step();
	assert_int_equal(hear(anna), 0);
	hang_up(anna);
}

static void those_of_a_predecessor(void **state)
{
	struct keep_message message = { .kind = KEEP_COPY, .uid = ANNA, .number = 1000 };

	(void)state;
	strcpy(message.name, "old");
	strcpy(message.of, "vmo");
	copy_adopt(&message, memfd_create("old", MFD_CLOEXEC));
	assert_int_equal(user_find(ANNA)->copies, 1);
	assert_int_equal(tells(BERTA, ZXD_DROP, "old", ""), EACCES);
	assert_int_equal(tells(BERTA, ZXD_CLONE, "vmo", "old"), EEXIST);
	assert_int_equal(tells(ANNA, ZXD_STAT, "old", ""), 0);
	assert_string_equal(reply.copy_of, "vmo");
	assert_int_equal(reply.flags, ZXD_COPY | ZXD_WRITABLE);
	assert_int_equal(tells(ANNA, ZXD_CLONE, "vmo", "new"), 0);
	/* Who reads the list meanwhile goes on where it was. */
	assert_int_equal(lists(1 + 1000), 0);
	assert_string_equal(reply.name, "old");
	assert_int_equal(lists(reply.next), 0);
	assert_string_equal(reply.name, "new");
}

#define KEPT(f) cmocka_unit_test_setup_teardown(f, setup_kept, teardown_kept)
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest copies[] = {
		TEST(reply_tells_of_it),
		TEST(list_goes_on),
		TEST(names_that_are_none),
		TEST(vmos_that_have_none),
		TEST(operations_of_one_kind),
		TEST(copies_are_their_users),
		TEST(there_are_limits),
		TEST(half_is_for_others),
		TEST(kernel_refuses),
		TEST(name_is_taken_at_once),
		TEST(client_goes_meanwhile),
		TEST(dropped_while_it_is_copied),
		TEST(waiting_leaves_room),
		KEPT(made_and_kept),
		KEPT(dropped_when_the_keeper_has),
		KEPT(dropped_while_it_is_copied_and_made_anew),
		KEPT(copied_before_the_keeper_has_dropped),
		KEPT(keeper_cannot_be_told),
		KEPT(keeper_takes_none),
		KEPT(keeper_goes_meanwhile),
		KEPT(those_of_a_predecessor),
		TEST(none_is_made_at_the_end),
	};

	return cmocka_run_group_tests(copies, NULL, NULL);
}

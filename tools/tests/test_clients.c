// SPDX-License-Identifier: GPL-2.0
/*
 * Clients of several users, whom one daemon serves: what each of them may have, and what
 * nobody may take from another.  Needs no kernel module.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zircon/linux.h>
#include <zircon/syscalls.h>

#include "../zxpagerd/client.h"
#include "../zxpagerd/op.h"
#include "../zxpagerd/proto.h"
#include "../zxpagerd/serve.h"
#include "../zxpagerd/server.h"
#include "../zxpagerd/user.h"
#include "fake.h"
#include "fake_loop.h"

#define NOBODY	65534

static bool no_memory;

void *__wrap_calloc(size_t count, size_t size);
void *__real_calloc(size_t count, size_t size);

void *__wrap_calloc(size_t count, size_t size)
{
	return no_memory ? NULL : __real_calloc(count, size);
}

static int setup(void **state)
{
	setup_fake(state);
	fake_register();
	vmo.target.size = 16 * PAGE;
	no_memory = false;
	client_max = 8;
	return 0;
}

static int client_end;

/* A client of that user, which is served or not. */
static void begin_client(uid_t uid, bool allowed)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
				    0, pair), 0);
	client_end = pair[0];
	client_add(pair[1], uid, allowed);
}

static void say(enum zxd_op op)
{
	struct zxd_request req = {
		.size = sizeof(req),
		.version = ZXD_VERSION,
		.op = op,
		.name = "vmo",
	};

	if (op == ZXD_STOP)
		req.name[0] = '\0';
	assert_int_equal(send(client_end, &req, sizeof(req), 0), sizeof(req));
	while (fake_loop_step(0))
		;
}

/* The error that the client hears of, -1 for nothing, -2 for the end. */
static int hear(enum zxd_op op)
{
	struct zxd_reply reply;
	ssize_t n = recv(client_end, &reply, sizeof(reply), 0);

	if (n <= 0)
		return n ? -1 : -2;
	assert_int_equal(reply.op, op);
	return (int)reply.error;
}

static void end_client(void)
{
	close(client_end);
	while (fake_loop_step(0))
		;
}

static void users_have_rights(void **state)
{
	(void)state;
	begin_client(4711, false);
	assert_int_equal(hear(0), EACCES);
	assert_int_equal(hear(0), -2);
	end_client();
	begin_client(4711, true);
	for (enum zxd_op op = ZXD_LIST; op <= ZXD_SYNC; op++) {
		if (op == ZXD_LIST || op == ZXD_OPEN)
			continue;
		say(op);
		assert_int_equal(hear(op),
				 op >= ZXD_FAIL && op <= ZXD_DETACH ? EPERM : 0);
	}
	op_keeper = -1;		/* or this test would end */
	say(ZXD_STOP);
	assert_int_equal(hear(ZXD_STOP), EPERM);
	assert_false(vmo.target.held);
	end_client();
	assert_int_equal(client_count(), 0);
}

static void client_without_memory(void **state)
{
	(void)state;
	no_memory = true;
	begin_client(0, true);
	no_memory = false;
	assert_int_equal(hear(0), ENOMEM);
	assert_int_equal(hear(0), -2);
	end_client();
	assert_int_equal(client_count(), 0);
}

static void read_only_is_always_in_sync(void **state)
{
	(void)state;
	vmo.target.writable = false;
	begin_client(0, true);
	say(ZXD_SYNC);
	assert_int_equal(hear(ZXD_SYNC), 0);
	end_client();
}

/* Half of the clients may wait, also those that have hung up since. */
static void waiting_clients_leave_room(void **state)
{
	int ends[4];

	(void)state;
	write_page(3);
	for (unsigned int i = 0; i < 4; i++) {
		begin_client(0, true);
		ends[i] = client_end;
		say(ZXD_SYNC);
		assert_int_equal(hear(ZXD_SYNC), -1);
	}
	begin_client(0, true);
	say(ZXD_SYNC);
	assert_int_equal(hear(ZXD_SYNC), EBUSY);
	say(ZXD_STAT);
	assert_int_equal(hear(ZXD_STAT), 0);
	close(ends[0]);
	close(ends[3]);
	answer_all();
	for (unsigned int i = 1; i < 3; i++) {
		struct zxd_reply reply;

		assert_int_equal(recv(ends[i], &reply, sizeof(reply), 0), sizeof(reply));
		assert_int_equal(reply.error, 0);
		close(ends[i]);
	}
	say(ZXD_SYNC);
	assert_int_equal(hear(ZXD_SYNC), 0);
	end_client();
	assert_int_equal(client_count(), 0);
	assert_same();
}

/* --- room -------------------------------------------------------------------------- */

/* The socket of one that has room, or the error that it is refused with, below 0. */
static int connects(uid_t uid)
{
	int error;

	begin_client(uid, true);
	while (fake_loop_step(0))
		;
	error = hear(0);
	if (error < 0)
		return client_end;
	close(client_end);
	return -error;
}

/* It waits for a sync, or is told why it cannot. */
static int begins_sync(int sock)
{
	client_end = sock;
	say(ZXD_SYNC);
	return hear(ZXD_SYNC);
}

/* So many of them have not been dropped. */
static unsigned int count_there(const int *sock, unsigned int n)
{
	unsigned int there = 0;
	char byte;

	for (unsigned int i = 0; i < n; i++)
		there += recv(sock[i], &byte, 1, MSG_PEEK) < 0;
	return there;
}

static void hang_up(const int *sock, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		close(sock[i]);
	while (fake_loop_step(0))
		;
}

static void who_has_most_makes_room(void **state)
{
	int greedy[13], modest[4];

	(void)state;
	modest[0] = connects(4711);
	for (unsigned int i = 0; i < 12; i++)
		greedy[i] = connects(4712);
	assert_int_equal(count_there(modest, 1), 1);
	assert_int_equal(count_there(greedy, 12), 7);
	/* The one that has been idle the longest goes first. */
	assert_int_equal(count_there(greedy, 5), 0);
	for (unsigned int i = 1; i < 4; i++)
		modest[i] = connects(4711);
	assert_int_equal(count_there(modest, 4), 4);
	assert_int_equal(count_there(greedy, 12), 4);
	/* One of his own. */
	greedy[12] = connects(4712);
	assert_int_equal(count_there(modest, 4), 4);
	assert_int_equal(count_there(greedy, 13), 4);
	hang_up(modest, 4);
	hang_up(greedy, 13);
	assert_int_equal(client_count(), 0);
}

static void syncs_leave_room_for_other_users(void **state)
{
	int waiting[2], busy, other[5], root;

	(void)state;
	write_page(3);
	for (unsigned int i = 0; i < 2; i++) {
		waiting[i] = connects(4711);
		assert_int_equal(begins_sync(waiting[i]), -1);
	}
	busy = connects(4711);
	assert_int_equal(begins_sync(busy), EBUSY);
	hang_up(&busy, 1);
	for (unsigned int i = 0; i < 5; i++)
		other[i] = connects(4712 + i);
	assert_int_equal(begins_sync(other[0]), -1);
	/* None of the first user is idle, and the others have fewer. */
	busy = connects(4720);
	assert_true(busy >= 0);
	assert_int_equal(connects(4711), -EBUSY);
	assert_int_equal(count_there(other, 5), 5);
	root = connects(0);
	assert_true(root >= 0);
	assert_int_equal(count_there(other, 5), 4);
	answer_all();
	client_end = waiting[1];
	assert_int_equal(hear(ZXD_SYNC), 0);
	client_end = other[0];
	assert_int_equal(hear(ZXD_SYNC), 0);
	hang_up(waiting, 2);
	hang_up(other, 5);
	hang_up(&busy, 1);
	hang_up(&root, 1);
	assert_int_equal(client_count(), 0);
}

/* Who is connected is served to the end, but is given nothing that would delay it. */
static void nothing_is_opened_at_the_end(void **state)
{
	(void)state;
	begin_client(0, true);
	client_stop();
	say(ZXD_OPEN);
	assert_int_equal(hear(ZXD_OPEN), ESHUTDOWN);
	say(ZXD_SYNC);
	assert_int_equal(hear(ZXD_SYNC), 0);
	end_client();
}

/* 0 if a process of nobody is refused as one that may not connect. */
static int try_as_nobody(const struct sockaddr_un *addr)
{
	struct zxd_reply reply;
	int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (setgid(NOBODY) || setuid(NOBODY) ||
	    connect(sock, (const struct sockaddr *)addr, sizeof(*addr)) ||
	    recv(sock, &reply, sizeof(reply), 0) != (ssize_t)sizeof(reply))
		return 1;
	return reply.error != EACCES;
}

static void nobody_is_dropped_for_those_who_may_not(void **state)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char dir[] = "/tmp/zxd-clients-XXXXXX";
	int sock[8], status;
	pid_t pid;

	(void)state;
	if (geteuid())
		skip();
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chmod(dir, 0755), 0);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/socket", dir);
	options.uid_count = 1;
	options.uids[0] = 4711;
	server_open(addr.sun_path, -1);
	client_max = 8;
	for (unsigned int i = 0; i < 8; i++)
		sock[i] = connects(4711);
	pid = fork();
	if (!pid)
		_exit(try_as_nobody(&addr));
	while (!waitpid(pid, &status, WNOHANG))
		fake_loop_step(0);
	assert_int_equal(status, 0);
	assert_int_equal(count_there(sock, 8), 8);
	hang_up(sock, 8);
	assert_int_equal(client_count(), 0);
	server_close();
	fake_loop_forget();
	rmdir(dir);
}

/* --- the log ------------------------------------------------------------------------ */

static void lines_are_of_one_user(void **state)
{
	struct user *noisy = user_find(4711);

	(void)state;
	for (unsigned int i = 0; i < 100; i++)
		log_allowed(&noisy->limit);
	assert_false(log_allowed(&noisy->limit));
	/* Not even when all of his connections have gone. */
	assert_ptr_equal(user_find(4711), noisy);
	assert_true(log_allowed(&user_find(4712)->limit));
	/* Those who do not come again are forgotten. */
	for (uid_t uid = 5000; uid < 5100; uid++)
		user_find(uid);
	assert_int_equal(user_find(4711)->limit.lines, 0);
}

/* --- who has something -------------------------------------------------------------- */

static void opens_as(uid_t uid)
{
	begin_client(uid, true);
	say(ZXD_OPEN);
	assert_int_equal(hear(ZXD_OPEN), 0);
	end_client();
}

/* For good, however many come after them; but not who has what nobody writes to. */
static void who_was_given_a_descriptor(void **state)
{
	static const uid_t reader = 6000, writer = 6001, both[] = { 6000, 6001 };

	(void)state;
	vmo.target.handle = zx_linux_handle_from_fd(memfd_create("vmo", MFD_CLOEXEC));
	vmo.target.writable = false;
	opens_as(reader);
	assert_false(user_was_given(NULL, 0));
	vmo.target.writable = true;
	opens_as(writer);
	for (uid_t uid = 7000; uid < 7100; uid++)
		user_find(uid);
	assert_false(user_was_given(&reader, 1));
	assert_true(user_was_given(&writer, 1));
	assert_true(user_was_given(both, 2));
	assert_true(user_was_given(NULL, 0));
	user_find(writer)->given = false;
	zx_handle_close(vmo.target.handle);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown_fake)

int main(void)
{
	static const struct CMUnitTest clients[] = {
		TEST(users_have_rights),
		TEST(client_without_memory),
		TEST(read_only_is_always_in_sync),
		TEST(waiting_clients_leave_room),
		TEST(who_has_most_makes_room),
		TEST(syncs_leave_room_for_other_users),
		TEST(nobody_is_dropped_for_those_who_may_not),
		TEST(lines_are_of_one_user),
		TEST(who_was_given_a_descriptor),
		TEST(nothing_is_opened_at_the_end),
	};

	return cmocka_run_group_tests(clients, NULL, NULL);
}

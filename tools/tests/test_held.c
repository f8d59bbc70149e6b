// SPDX-License-Identifier: GPL-2.0
/*
 * What a keeper takes from its worker, and what it does not: whatever that sends, no
 * descriptor is left over.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "../zxpagerd/held.h"
#include "../zxpagerd/key.h"
#include "open_files.h"

static struct held held;
static int socks[2];
static unsigned int before;

static int setup(void **state)
{
	(void)state;
	assert_true(held_init(&held, 2, 3));
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks), 0);
	before = open_files();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close(socks[0]);
	close(socks[1]);
	free(held.vmos);
	free(held.copies);
	free(held.links);
	return 0;
}

static int a_file(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static struct keep_message copy(const char *name)
{
	struct keep_message message = { .kind = KEEP_COPY, .version = KEEP_VERSION,
					.number = 7, .uid = 1000 };

	strncpy(message.name, name, sizeof(message.name) - 1);
	strncpy(message.of, "f", sizeof(message.of) - 1);
	return message;
}

static const char *take(enum keep_kind kind, int fd)
{
	return held_take(&held, &(struct keep_message){ .kind = kind }, fd);
}

static const char *take_copy(const char *name)
{
	struct keep_message message = copy(name);

	return held_take(&held, &message, a_file());
}

static const char *drop(const char *name)
{
	struct keep_message message = copy(name);

	message.kind = KEEP_DROP;
	return held_take(&held, &message, -1);
}

static void as_many_as_there_may_be(void **state)
{
	(void)state;
	assert_null(take(KEEP_VMO, a_file()));
	assert_null(take(KEEP_VMO, a_file()));
	assert_non_null(take(KEEP_VMO, a_file()));
	assert_null(take_copy("one"));
	assert_null(take_copy("two"));
	assert_null(take_copy("three"));
	assert_non_null(take_copy("four"));
	assert_null(take(KEEP_LISTENER, a_file()));
	assert_non_null(take(KEEP_LISTENER, a_file()));
	assert_null(take(KEEP_LOCK, a_file()));
	assert_non_null(take(KEEP_LOCK, a_file()));
	assert_int_equal(open_files(), before + 7);
}

static void what_makes_no_sense(void **state)
{
	struct keep_message message = copy("two");

	(void)state;
	assert_non_null(take(KEEP_VMO, -1));
	assert_non_null(take(KEEP_STOP, -1));
	assert_non_null(take(KEEP_READY, a_file()));
	assert_non_null(take(KEEP_DROP, a_file()));
	assert_non_null(take((enum keep_kind)1000, a_file()));
	assert_non_null(take_copy(""));
	assert_non_null(take_copy("../x"));
	message.of[0] = ':';
	assert_non_null(held_take(&held, &message, a_file()));
	assert_non_null(drop("none"));
	assert_null(take_copy("one"));
	assert_non_null(take_copy("one"));
	assert_int_equal(open_files(), before + 1);
}

/* Also if they are not there any more. */
static void the_socket_goes(void **state)
{
	struct keep_message message;
	int fd;

	(void)state;
	assert_null(take(KEEP_LOCK, a_file()));
	assert_null(take(KEEP_LISTENER, a_file()));
	assert_non_null(take(KEEP_CLOSE, a_file()));
	assert_int_equal(open_files(), before + 2);
	for (unsigned int i = 0; i < 2; i++) {
		assert_null(take(KEEP_CLOSE, -1));
		assert_int_equal(open_files(), before);
		assert_true(held_tell(&held, 0, &message, &fd));
		assert_int_equal(fd, -1);
		assert_true(held_tell(&held, 1, &message, &fd));
		assert_int_equal(fd, -1);
	}
	assert_null(take(KEEP_LISTENER, a_file()));
}

static void copies_are_told_in_order(void **state)
{
	struct keep_message message;
	int fd;

	(void)state;
	assert_null(take_copy("one"));
	assert_null(take_copy("two"));
	assert_null(take_copy("three"));
	assert_null(drop("one"));
	assert_null(take_copy("one"));
	assert_int_equal(open_files(), before + 3);
	assert_true(held_tell(&held, 0, &message, &fd));
	assert_int_equal(fd, -1);
	assert_true(held_tell(&held, 2, &message, &fd));
	assert_string_equal(message.name, "two");
	assert_int_equal(message.kind, KEEP_COPY);
	assert_int_equal(message.number, 7);
	assert_int_equal(message.uid, 1000);
	assert_true(fd >= 0);
	assert_true(held_tell(&held, 3, &message, &fd));
	assert_string_equal(message.name, "three");
	assert_true(held_tell(&held, 4, &message, &fd));
	assert_string_equal(message.name, "one");
}

/* Each place has one, the last that came; what two exports may have there is room for. */
static void connections_have_places(void **state)
{
	struct keep_message message = { .kind = KEEP_LINK, .number = 31 };
	int fd, told = 0;

	(void)state;
	assert_null(held_take(&held, &message, a_file()));
	assert_null(held_take(&held, &message, a_file()));
	assert_non_null(held_take(&held, &message, -1));
	message.number = 0;
	assert_null(held_take(&held, &message, a_file()));
	message.number = 32;
	assert_non_null(held_take(&held, &message, a_file()));
	assert_int_equal(open_files(), before + 2);
	for (unsigned int i = 2; held_tell(&held, i, &message, &fd); i++) {
		assert_int_equal(message.kind, KEEP_LINK);
		told += fd >= 0;
	}
	assert_int_equal(told, 2);
}

/* Whatever the order is in which they come. */
static void copies_are_told_by_number(void **state)
{
	static const char *const names[] = { "one", "two", "three" };
	struct keep_message message;
	int fd;

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		message = copy(names[i]);
		message.number = (i + 2) % 3;
		assert_null(held_take(&held, &message, a_file()));
	}
	for (unsigned int i = 0; i < 3; i++) {
		assert_true(held_tell(&held, 2 + i, &message, &fd));
		assert_int_equal(message.number, i);
	}
}

/* --- what comes by the socket ------------------------------------------------------------ */

static int receive(struct keep_message *message, int *fd)
{
	return keep_receive(socks[0], message, fd, MSG_DONTWAIT);
}

static void a_message_and_its_descriptor(void **state)
{
	struct keep_message sent = copy("one"), got;
	int fd = a_file(), came;

	(void)state;
	assert_int_equal(receive(&got, &came), EAGAIN);
	assert_int_equal(keep_send(socks[1], &sent, fd, 0), 0);
	close(fd);
	assert_int_equal(receive(&got, &came), 0);
	assert_memory_equal(&got, &sent, sizeof(got));
	assert_true(fcntl(came, F_GETFD) & FD_CLOEXEC);
	close(came);
	assert_int_equal(keep_send(socks[1], &sent, -1, 0), 0);
	assert_int_equal(receive(&got, &came), 0);
	assert_int_equal(came, -1);
	close(socks[1]);
	assert_int_equal(receive(&got, &came), EPIPE);
	socks[1] = -1;
}

/* It had something to read still: that is no reason not to hear what it has said. */
static void last_words(void **state)
{
	struct keep_message sent = copy("one"), got;
	int fd = a_file(), came;

	(void)state;
	assert_int_equal(keep_send(socks[0], &sent, -1, 0), 0);
	assert_int_equal(keep_send(socks[1], &sent, fd, 0), 0);
	assert_int_equal(keep_send(socks[1], &sent, -1, 0), 0);
	close(fd);
	close(socks[1]);
	socks[1] = -1;
	assert_int_equal(receive(&got, &came), 0);
	assert_memory_equal(&got, &sent, sizeof(got));
	assert_true(came >= 0);
	close(came);
	assert_int_equal(receive(&got, &came), 0);
	assert_int_equal(receive(&got, &came), EPIPE);
	assert_int_equal(receive(&got, &came), EPIPE);
	assert_int_equal(open_files(), before - 1);
}

/* Of @size bytes, with @count descriptors. */
static void send_raw(const void *data, size_t size, unsigned int count)
{
	union {
		char buffer[CMSG_SPACE(8 * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { (void *)data, size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;
	int fds[8];

	for (unsigned int i = 0; i < count; i++)
		fds[i] = a_file();
	if (count) {
		msg.msg_control = control.buffer;
		msg.msg_controllen = CMSG_SPACE(count * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, count * sizeof(int));
	}
	assert_int_equal(sendmsg(socks[1], &msg, 0), (ssize_t)size);
	for (unsigned int i = 0; i < count; i++)
		close(fds[i]);
}

static void what_is_no_message(void **state)
{
	struct keep_message message = copy("one"), got;
	char large[2 * sizeof(message)] = { 0 };
	int fd;

	(void)state;
	send_raw(&message, sizeof(message) - 1, 1);
	send_raw(large, sizeof(large), 1);
	send_raw(&message, sizeof(message), 2);
	send_raw(&message, sizeof(message), 8);
	message.version++;
	send_raw(&message, sizeof(message), 1);
	message.version--;
	memset(message.name, 'x', sizeof(message.name));
	send_raw(&message, sizeof(message), 1);
	for (unsigned int i = 0; i < 6; i++) {
		assert_int_equal(receive(&got, &fd), EPROTO);
		assert_int_equal(fd, -1);
	}
	assert_int_equal(receive(&got, &fd), EAGAIN);
	assert_int_equal(open_files(), before);
}

/* --- keys -------------------------------------------------------------------------------- */

static void keys_tell_names_and_stores(void **state)
{
	uint64_t key = key_of("f", 1);

	(void)state;
	assert_int_equal(key, key_of("f", 1));
	assert_int_not_equal(key, key_of("f", 2));
	assert_true(key_is_of_name(key, key_of("f", 2)));
	assert_false(key_is_of_name(key, key_of("g", 1)));
	assert_false(key_is_of_name(key_of("", 1), key_of("ab", 1)));
}

/* Names that follow each other, as they do, and numbers of files. */
static void keys_of_many_are_different(void **state)
{
	enum { MANY = 20000 };
	uint64_t *keys = calloc(MANY, sizeof(*keys));
	char name[16];

	(void)state;
	assert_non_null(keys);
	for (unsigned int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "vm%u", i);
		keys[i] = key_of(name, key_hash(KEY_SEED, &i, sizeof(i)));
	}
	for (unsigned int i = 1; i < MANY; i++)
		for (unsigned int j = i > 200 ? i - 200 : 0; j < i; j++) {
			assert_false(key_is_of_name(keys[i], keys[j]));
			assert_int_not_equal(key_of("f", key_hash(KEY_SEED, &i, sizeof(i))),
					     key_of("f", key_hash(KEY_SEED, &j, sizeof(j))));
		}
	free(keys);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(as_many_as_there_may_be),
		TEST(what_makes_no_sense),
		TEST(the_socket_goes),
		TEST(copies_are_told_in_order),
		TEST(copies_are_told_by_number),
		TEST(connections_have_places),
		TEST(a_message_and_its_descriptor),
		TEST(last_words),
		TEST(what_is_no_message),
		cmocka_unit_test(keys_tell_names_and_stores),
		cmocka_unit_test(keys_of_many_are_different),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

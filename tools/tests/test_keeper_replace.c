// SPDX-License-Identifier: GPL-2.0
/*
 * The keeper, and another program in the place of the one that is there: those that cannot be that,
 * or die as soon as they are.  Needs no kernel module.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "../zxpagerd/keep.h"
#include "../zxpagerd/pass.h"
#include "keeper_fixture.h"

static int ask(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	memcpy(addr.sun_path, keeper_path, strlen(keeper_path));
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static void tell(int fd, enum keep_kind kind, int sent)
{
	struct keep_message message = { .kind = kind };

	assert_int_equal(keep_send(fd, &message, sent, 0), 0);
	if (sent >= 0)
		close(sent);
}

static void tell_program(int fd, const char *next)
{
	int arguments = memfd_create("arguments", MFD_CLOEXEC);

	tell(fd, KEEP_PROGRAM, open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
	assert_true(write(arguments, next, strlen(next) + 1) > 0);
	tell(fd, KEEP_REPLACE, arguments);
}

/* What the keeper says, after which it has hung up. */
static int answer(int fd)
{
	struct keep_message message;
	int received;

	assert_int_equal(keep_receive(fd, &message, &received, 0), 0);
	assert_int_equal(message.kind, KEEP_REPLACE);
	close(fd);
	return (int)message.number;
}

static int replace(const char *next)
{
	int fd = ask();

	tell_program(fd, next);
	return answer(fd);
}

/* A program takes its time to start. */
static void start_to_replace(void)
{
	keeper_shared->skips = false;
	start("leaves when it is told");
}

static void replaced_by_another(void **state)
{
	(void)state;
	start_to_replace();
	assert_int_equal(replace("is well"), 0);
	await(1);
	assert_int_equal(stopped(), 10);
}

/* Each time the one that is there goes on, and is the end at last. */
static void one_that_cannot_replace(void **state)
{
	int fd;

	(void)state;
	start_to_replace();
	assert_int_equal(replace("does not start"), ENOEXEC);
	assert_int_equal(replace("serves something else"), EINVAL);
	fd = ask();
	tell(fd, KEEP_REPLACE, a_file());
	assert_int_equal(answer(fd), EPROTO);
	fd = ask();
	tell(fd, KEEP_PROGRAM, -1);
	assert_int_equal(answer(fd), EPROTO);
	fd = ask();
	tell_program(fd, "never says what it is");
	close(fd);
	fd = ask();
	tell(fd, KEEP_PROGRAM, a_file());
	tell(fd, KEEP_REPLACE, a_file());
	assert_int_not_equal(answer(fd), 0);
	assert_int_equal(stopped(), 0);
}

/* Who was there before is back. */
static void one_that_replaces_and_dies(void **state)
{
	(void)state;
	start_to_replace();
	assert_int_equal(replace("starts, and dies"), ENOEXEC);
	await(1);
	assert_int_equal(replace("serves something else"), EINVAL);
	assert_int_equal(stopped(), 0);
}

/* The one that is there has not noticed. */
static void one_that_is_tried_and_hangs(void **state)
{
	int fd;

	(void)state;
	start_to_replace();
	fd = ask();
	tell_program(fd, "never says what it is");
	await(1);
	keeper_shared->skips = true;
	assert_int_equal(answer(fd), ETIMEDOUT);
	keeper_shared->skips = false;
	assert_int_equal(replace("serves something else"), EINVAL);
	assert_int_equal(stopped(), 0);
}

/* That is no fault of the one before, which is not given up for it. */
static void many_that_replace_and_die(void **state)
{
	(void)state;
	start_to_replace();
	for (unsigned int i = 0; i < 2 * QUICK_DEATHS; i++) {
		assert_int_equal(replace("starts, and dies"), ENOEXEC);
		await(1);
	}
	assert_int_equal(stopped(), 0);
}

/* Another one is there that does; no first one was, and no store of an export. */
static void one_that_replaces_and_hangs(void **state)
{
	int fd;

	(void)state;
	start_to_replace();
	fd = ask();
	tell_program(fd, "never serves");
	await(1);
	keeper_shared->skips = true;
	assert_int_equal(answer(fd), ENOEXEC);
	await(1);
	assert_int_equal(stopped(), 0);
}

/* That is its own affair, and the keeper was not asked to wait for so long itself. */
static void one_that_needs_long_to_serve(void **state)
{
	int fd;

	(void)state;
	serves_exports = true;
	start_to_replace();
	fd = ask();
	tell_program(fd, "needs long to serve");
	await(1);
	/* The one before needs its time to be back. */
	keeper_shared->skip_most = NEEDS_S * UINT64_C(1000);
	keeper_shared->skips = true;
	assert_int_equal(answer(fd), ENOEXEC);
	assert_true(keeper_shared->skipped >= NEEDS_S * UINT64_C(1000));
	await(1);
	assert_int_equal(stopped(), 0);
}

/* It waits until there may be one, and nobody is lost meanwhile. */
static void no_descriptor_is_left(void **state)
{
	int fd;

	(void)state;
	start_to_replace();
	keeper_shared->skips = true;
	keeper_shared->accept_fails = 4;
	fd = ask();
	await(4);
	assert_int_equal(keeper_shared->accept_spins, 0);
	keeper_shared->skips = false;
	tell_program(fd, "serves something else");
	assert_int_equal(answer(fd), EINVAL);
	assert_int_equal(stopped(), 0);
}

/* One of a later version, or an earlier one. */
static void one_that_speaks_another_language(void **state)
{
	struct keep_message message = { .kind = KEEP_PROGRAM, .version = KEEP_VERSION + 1 };
	int fd;

	(void)state;
	start_to_replace();
	fd = ask();
	assert_int_equal(pass_send(fd, &message, sizeof(message), fd, 0), 0);
	assert_int_equal(answer(fd), EPROTO);
	assert_int_equal(stopped(), 0);
}

/* Who asks is told, and who is tried goes. */
static void end_while_one_is_tried(void **state)
{
	int fd;

	(void)state;
	start_to_replace();
	fd = ask();
	tell_program(fd, "never says what it is");
	await(1);
	assert_int_equal(stopped(), 0);
	assert_int_equal(answer(fd), ESHUTDOWN);
}

/* Nobody can ask then. */
static void what_is_no_socket_stays(void **state)
{
	struct stat st;
	int fd;

	(void)state;
	unlink(keeper_path);
	fd = open(keeper_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(status_of("is well"), 20);
	assert_int_equal(lstat(keeper_path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	unlink(keeper_path);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(replaced_by_another),
		TEST(one_that_cannot_replace),
		TEST(one_that_replaces_and_dies),
		TEST(one_that_is_tried_and_hangs),
		TEST(many_that_replace_and_die),
		TEST(one_that_replaces_and_hangs),
		TEST(what_is_no_socket_stays),
		TEST(one_that_needs_long_to_serve),
		TEST(no_descriptor_is_left),
		TEST(one_that_speaks_another_language),
		TEST(end_while_one_is_tried),
	};

	if (keeper_is_worker(argc, argv))
		return keeper_be_worker();
	return cmocka_run_group_tests(tests, keeper_make_directory, keeper_remove_directory);
}

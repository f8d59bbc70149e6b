// SPDX-License-Identifier: GPL-2.0
/*
 * A keeper, and a service manager that has a descriptor store, which is this program: what that is
 * given to keep, and what comes back of it when the keeper has gone.  Needs no kernel module.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../zxpagerd/keep.h"
#include "../zxpagerd/pass.h"
#include "keeper_fixture.h"
#include "open_files.h"

#define STORED		4	/* the status of a keeper that has left */
#define ALL		5	/* pager, lock, socket, VMO, copy */
#define HIGH		100	/* above all descriptors of a keeper that is started */
#define MOST		16
#define LIMIT_S		120	/* for what comes, on a machine however busy */
#define COPY		"c/0/0/0/one/f"

/* --- the manager --------------------------------------------------------------------------- */

struct stored {
	char name[256];
	int fd;
};

static struct stored store[MOST];
static unsigned int count;
static bool polls;		/* it was not told to leave one alone that seems at its end */
static bool holds_barriers;
static int barrier = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int notify_sock;
static pthread_t manager;

static void drop_named(const char *name)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < count; i++) {
		if (strcmp(store[i].name, name))
			store[kept++] = store[i];
		else
			close(store[i].fd);
	}
	count = kept;
}

static void take(char *text, int fd)
{
	char *name = strstr(text, "FDNAME=");

	if (name)
		name += strlen("FDNAME=");
	if (!strncmp(text, "FDSTORE=1\n", 10) && name && fd >= 0 && count < MOST) {
		polls |= !strstr(text, "FDPOLL=0\n");
		snprintf(store[count].name, sizeof(store[count].name), "%s", name);
		store[count++].fd = fd;
		return;
	}
	if (!strncmp(text, "FDSTOREREMOVE=1\n", 16) && name)
		drop_named(name);
	if (!strcmp(text, "BARRIER=1") && holds_barriers)
		barrier = fd;
	else if (fd >= 0)
		close(fd);
}

static void *manage(void *unused)
{
	char text[512];
	ssize_t n;
	int fd;

	while ((n = pass_receive(notify_sock, text, sizeof(text) - 1, &fd, 0)) > 0) {
		text[n] = '\0';
		if (!strcmp(text, "end"))
			break;
		pthread_mutex_lock(&lock);
		take(text, fd);
		pthread_cond_broadcast(&changed);
		pthread_mutex_unlock(&lock);
	}
	return unused;
}

/* With the lock held, and before it is that late.  No time is skipped there. */
static bool changes_before(time_t end)
{
	struct timespec until = { .tv_sec = end };

	return !pthread_cond_timedwait(&changed, &lock, &until);
}

static void await_stored(unsigned int wanted)
{
	time_t end = time(NULL) + LIMIT_S;
	unsigned int is;

	pthread_mutex_lock(&lock);
	while (count != wanted && changes_before(end))
		;
	is = count;
	pthread_mutex_unlock(&lock);
	if (is != wanted)
		fail_msg("%u are stored, and not %u", is, wanted);
}

static void await_barrier(void)
{
	time_t end = time(NULL) + LIMIT_S;
	bool is;

	pthread_mutex_lock(&lock);
	while (barrier < 0 && changes_before(end))
		;
	is = barrier >= 0;
	pthread_mutex_unlock(&lock);
	if (!is)
		fail_msg("there is no barrier");
}

static bool is_among_them(const char *name)
{
	bool is = false;

	for (unsigned int i = 0; i < count; i++)
		is |= !strcmp(store[i].name, name);
	return is;
}

static bool is_stored(const char *name)
{
	bool is;

	pthread_mutex_lock(&lock);
	is = is_among_them(name);
	pthread_mutex_unlock(&lock);
	return is;
}

/* It comes, or goes. */
static void await_named(const char *name, bool wanted)
{
	time_t end = time(NULL) + LIMIT_S;
	bool is;

	pthread_mutex_lock(&lock);
	while (is_among_them(name) != wanted && changes_before(end))
		;
	is = is_among_them(name);
	pthread_mutex_unlock(&lock);
	if (is != wanted)
		fail_msg("%s is %sstored", name, is ? "still " : "not ");
}

/* As systemd does it: from 3 on, in the order opposite to that in which they came. */
static void give_back(int *ready_fd)
{
	char text[16], names[MOST * sizeof(store[0].name)] = "";
	const char *told = getenv("NEWS");
	int fds[MOST], news_fd;
	size_t length = 0;

	news_fd = fcntl((int)strtol(told ? told : "", NULL, 10), F_DUPFD, HIGH);
	*ready_fd = fcntl(*ready_fd, F_DUPFD_CLOEXEC, HIGH);
	for (unsigned int i = 0; i < count; i++)
		fds[i] = fcntl(store[count - 1 - i].fd, F_DUPFD_CLOEXEC, HIGH);
	for (int fd = 3; fd < HIGH; fd++)
		close(fd);
	for (unsigned int i = 0; i < count; i++) {
		dup2(fds[i], 3 + (int)i);
		close(fds[i]);
		length += (size_t)snprintf(names + length, sizeof(names) - length, "%s%s",
					   i ? ":" : "", store[count - 1 - i].name);
	}
	snprintf(text, sizeof(text), "%d", news_fd);
	setenv("NEWS", text, true);
	snprintf(text, sizeof(text), "%d", (int)getpid());
	setenv("LISTEN_PID", text, true);
	snprintf(text, sizeof(text), "%u", count);
	setenv("LISTEN_FDS", text, true);
	setenv("LISTEN_FDNAMES", names, true);
}

static void start_again(const char *first)
{
	close(news);
	keeper_begins = give_back;
	start(first);
}

static void kill_keeper(void)
{
	kill(keeper, SIGKILL);
	waitpid(keeper, NULL, 0);
	keeper = 0;
}

static int begin(void **state)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	keeper_setup(state);
	/* A manager that is slow is not passed over. */
	keeper_shared->skips = false;
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/notify", keeper_directory);
	setenv("NOTIFY_SOCKET", addr.sun_path, true);
	setenv("FDSTORE", "16", true);
	notify_sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	polls = holds_barriers = false;
	return bind(notify_sock, (struct sockaddr *)&addr, sizeof(addr)) ||
	       pthread_create(&manager, NULL, manage, NULL);
}

static int finish(void **state)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	keeper_teardown(state);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/notify", keeper_directory);
	sendto(notify_sock, "end", 3, 0, (struct sockaddr *)&addr, sizeof(addr));
	pthread_join(manager, NULL);
	unlink(addr.sun_path);
	close(notify_sock);
	while (count)
		drop_named(store[0].name);
	if (barrier >= 0)
		close(barrier);
	barrier = -1;

	return 0;
}

/* --- the tests ----------------------------------------------------------------------------- */

/* The end is one, and nothing is left over by then. */
static void assert_ends(int with)
{
	assert_int_equal(stopped(), with);
	await_stored(0);
}

static void what_outlives_a_keeper(void **state)
{
	(void)state;
	start("is kept");
	await_stored(ALL);
	assert_true(is_stored("l"));
	assert_true(is_stored("s"));
	assert_true(is_stored("v"));
	assert_true(is_stored(COPY));
	assert_false(polls);
	for (unsigned int i = 0; i < 3; i++) {
		kill_keeper();
		start_again("is kept");
	}
	await_stored(ALL);
	assert_ends(KEPT_STORED + 2 * KEPT_GIVEN + KEPT_COPY);
}

/* It writes back what there is, and so does a keeper that comes after one that was killed. */
static void leaves_to_the_next_keeper(void **state)
{
	(void)state;
	start("is kept");
	kill(keeper, SIGUSR1);
	assert_int_equal(status(), STORED);
	await_stored(ALL);
	start_again("is kept");
	kill(keeper, SIGUSR1);
	assert_int_equal(status(), STORED);
	start_again("is kept");
	assert_ends(KEPT_STORED + 2 * KEPT_GIVEN + KEPT_COPY);
}

static void the_end_is_one(void **state)
{
	(void)state;
	start("is kept");
	await_stored(ALL);
	assert_ends(KEPT_STORED);
	keeper_shared->skips = true;
	close(news);
	start("leaves");
	assert_int_equal(status(), GIVEN_UP);
	await_stored(0);
}

/* There is nobody to leave it to. */
static void without_a_store_it_is_the_end(void **state)
{
	(void)state;
	unsetenv("FDSTORE");
	start("is kept");
	kill(keeper, SIGUSR1);
	assert_int_equal(status(), 0);
	await_stored(0);
}

/* Nothing is closed by the manager after who has asked for it was told so. */
static void a_copy_goes(void **state)
{
	struct pollfd told = { .events = POLLIN };

	(void)state;
	holds_barriers = true;
	start("is kept, and drops");
	await_barrier();
	assert_false(is_stored(COPY));
	told.fd = news;
	assert_int_equal(poll(&told, 1, 200), 0);
	holds_barriers = false;
	close(barrier);
	barrier = -1;
	await(1);
	kill_keeper();
	start_again("is kept");
	assert_ends(KEPT_STORED + 2 * KEPT_GIVEN);
}

/* Nobody can serve what is there: that is its end, and nothing of it is mixed with the new. */
static void a_keeper_of_something_else(void **state)
{
	char before[256];

	(void)state;
	start("is kept");
	await_stored(ALL);
	snprintf(before, sizeof(before), "%s", store[0].name);
	kill_keeper();
	served++;
	start_again("is kept");
	/* There are as many until the old ones go. */
	await_named(before, false);
	await_stored(ALL);
	assert_false(is_stored(before));
	kill_keeper();
	served--;
	assert_true(is_stored(COPY));
	start_again("is kept");
	await_named(before, true);
	await_stored(ALL);
	assert_ends(KEPT_STORED);
}

static void more_than_there_is_room_for(void **state)
{
	(void)state;
	setenv("FDSTORE", "4", true);
	start("is kept");
	await_stored(4);
	assert_false(is_stored(COPY));
	kill_keeper();
	start_again("is kept");
	assert_ends(KEPT_STORED + 2 * KEPT_GIVEN);
}

#undef TEST
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, finish)

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(what_outlives_a_keeper),
		TEST(leaves_to_the_next_keeper),
		TEST(the_end_is_one),
		TEST(without_a_store_it_is_the_end),
		TEST(a_copy_goes),
		TEST(a_keeper_of_something_else),
		TEST(more_than_there_is_room_for),
	};

	if (keeper_is_worker(argc, argv))
		return keeper_be_worker();
	return cmocka_run_group_tests(tests, keeper_make_directory, keeper_remove_directory);
}

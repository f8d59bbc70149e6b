// SPDX-License-Identifier: GPL-2.0
/*
 * Exports of NBD servers whose names have to be looked up: nobody but who needs them is held
 * up by who is asked for the name.  Needs no kernel module.
 */
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "../zxpagerd/crew.h"
#include "../zxpagerd/options.h"
#include "../zxpagerd/thread.h"
#include "fake_port.h"
#include "nbd_server.h"
#include "store.h"

#define AT_ONCE	2
#define EXPORTS	7
#define MANY_MS	20000	/* more than connecting may take */

static uint8_t buffer[AT_ONCE][4096];
static uint64_t jump;	/* of the clock, in ms */
static bool no_threads;

/* Who looks up names, and what becomes of that. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t change = PTHREAD_COND_INITIALIZER;
static unsigned int look_ups;
static pthread_t looks_up, loop_thread;
static bool hangs;
static int lookup_error;
static size_t stack_used, stack_size;

uint64_t __wrap_loop_now(void);
uint64_t __real_loop_now(void);
int __wrap_thread_start(void *(*run)(void *arg), void *arg);
int __real_thread_start(void *(*run)(void *arg), void *arg);

uint64_t __wrap_loop_now(void)
{
	return __real_loop_now() + jump;
}

/* struct start - of a thread whose stack is looked at */
struct start {
	void *(*run)(void *arg);
	void *arg;
};

#define PAINT	0xa5

/* Nothing is called, so there is nothing below but what is painted. */
__attribute__((noinline, no_sanitize("address", "thread")))
static void paint(volatile uint8_t *from, volatile const uint8_t *to)
{
	while (from < to)
		*from++ = PAINT;
}

__attribute__((noinline, no_sanitize("address", "thread")))
static size_t count_painted(volatile const uint8_t *from, volatile const uint8_t *to)
{
	volatile const uint8_t *at = from;

	while (at < to && *at == PAINT)
		at++;
	return (size_t)(at - from);
}

/* Finds out what a thread uses of its stack, if it ends at all. */
static void *run_measured(void *arg)
{
	struct start start = *(struct start *)arg;
	uint8_t *here = __builtin_frame_address(0), *low;
	pthread_attr_t attr;
	size_t all, guard;
	void *stack;

	free(arg);
	if (pthread_getattr_np(pthread_self(), &attr))
		return NULL;
	pthread_attr_getstack(&attr, &stack, &all);
	pthread_attr_getguardsize(&attr, &guard);
	pthread_attr_destroy(&attr);
	low = (uint8_t *)stack + guard;
	paint(low, here - 1024);
	start.run(start.arg);
	pthread_mutex_lock(&lock);
	stack_used = (size_t)(here - low) - count_painted(low, here);
	stack_size = all;
	pthread_cond_broadcast(&change);
	pthread_mutex_unlock(&lock);
	return NULL;
}

int __wrap_thread_start(void *(*run)(void *arg), void *arg)
{
	struct start *start = no_threads ? NULL : malloc(sizeof(*start));

	if (!start)
		return EAGAIN;
	*start = (struct start){ .run = run, .arg = arg };
	return __real_thread_start(run_measured, start);
}

/* That of libnbd, too. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		struct addrinfo **res)
{
	int (*real)(const char *node, const char *service, const struct addrinfo *hints,
		    struct addrinfo **res);
	int error;

	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	pthread_mutex_lock(&lock);
	look_ups++;
	looks_up = pthread_self();
	/* The loop would never come to end that. */
	while (hangs && !pthread_equal(looks_up, loop_thread))
		pthread_cond_wait(&change, &lock);
	error = lookup_error;
	pthread_mutex_unlock(&lock);
	return error ? error : real(node, service, hints, res);
}

static unsigned int count_look_ups(void)
{
	unsigned int count;

	pthread_mutex_lock(&lock);
	count = look_ups;
	pthread_mutex_unlock(&lock);
	return count;
}

static void set_look_ups(bool hang, int error)
{
	pthread_mutex_lock(&lock);
	hangs = hang;
	lookup_error = error;
	pthread_cond_broadcast(&change);
	pthread_mutex_unlock(&lock);
}

/* The loop goes on all the time, or this never ends. */
static void turn_until_looked_up(unsigned int count)
{
	while (count_look_ups() < count)
		crew_turn();
}

static struct call waiting;

static void begin_read(struct backend *be)
{
	waiting = (struct call){ .event.handler = called };
	be->ops->read(be, &waiting.event, buffer[0], 4096, 0);
}

static int setup(void **state)
{
	(void)state;
	make_file();
	set_look_ups(false, 0);
	jump = 0;
	options.reconnect_timeout = 3600;
	options.connections = 1;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	/* What a test that failed has left. */
	set_look_ups(false, 0);
	no_threads = false;
	port[0] = '\0';
	return 0;
}

/* The daemon has its stores to the end, too. */
static struct backend *open_export(void)
{
	static char uris[EXPORTS][sizeof(uri)];
	static struct backend *opened[EXPORTS];
	static unsigned int count;

	assert_true(count < EXPORTS);
	memcpy(uris[count], uri, sizeof(uri));
	opened[count] = backend_nbd_open(uris[count], true, AT_ONCE);
	return opened[count++];
}

/* Its server was there, and has gone. */
static struct backend *open_lost(void)
{
	struct backend *be;

	new_port("localhost");
	START("file", "$file");
	be = open_export();
	assert_int_equal(CALL(be, read, buffer[0], 4096, 0), 4096);
	kill_server();
	pthread_mutex_lock(&lock);
	look_ups = 0;
	pthread_mutex_unlock(&lock);
	/* It may be called again at once. */
	jump += 2000;
	return be;
}

/* By no thread that has anything else to do: neither this one nor the one that asked. */
static void others_are_served_meanwhile(void **state)
{
	struct backend *lost = open_lost(), *other;
	char its_port[sizeof(port)];
	pid_t others_server;

	(void)state;
	memcpy(its_port, port, sizeof(port));
	port[0] = '\0';
	new_socket();
	START("memory", "1M");
	others_server = server;
	other = open_export();
	set_look_ups(true, 0);
	begin_read(lost);
	turn_until_looked_up(1);
	assert_int_equal(CALL(other, read, buffer[1], 4096, 0), 4096);
	assert_int_equal(waiting.answers, 0);
	assert_false(pthread_equal(looks_up, loop_thread));
	memcpy(port, its_port, sizeof(port));
	START("file", "$file");
	set_look_ups(false, 0);
	assert_int_equal(wait_for(&waiting), 4096);
	assert_int_equal(count_look_ups(), 1);
	kill_server();
	kill(others_server, SIGKILL);
	waitpid(others_server, NULL, 0);
}

/* Who waits has an error after the time, and so has who comes; one thread hangs, not more. */
static void look_up_that_hangs(void **state)
{
	struct backend *be = open_lost();

	(void)state;
	set_look_ups(true, 0);
	begin_read(be);
	turn_until_looked_up(1);
	assert_int_equal(waiting.answers, 0);
	jump += options.reconnect_timeout * 1000ull + MANY_MS;
	assert_int_equal(wait_for(&waiting), -ENOTCONN);
	for (unsigned int i = 0; i < 3; i++) {
		jump += MANY_MS;
		assert_int_equal(CALL(be, read, buffer[0], 4096, 0), -ENOTCONN);
	}
	assert_int_equal(count_look_ups(), 1);
	/* What it finds at last is good. */
	START("file", "$file");
	set_look_ups(false, 0);
	do {
		begin_read(be);
		wait_for(&waiting);
	} while (waiting.res == -ENOTCONN);
	assert_int_equal(waiting.res, 4096);
	assert_int_equal(count_look_ups(), 1);
	kill_server();
}

/* With no time to reconnect a try is still one. */
static void no_time_but_for_a_try(void **state)
{
	struct backend *be = open_lost();

	(void)state;
	options.reconnect_timeout = 0;
	START("file", "$file");
	/* The one that finds out that the connection is lost fails. */
	begin_read(be);
	wait_for(&waiting);
	jump += 2000;
	assert_int_equal(CALL(be, read, buffer[0], 4096, 0), 4096);
	kill_server();
}

static void name_that_is_not_known(void **state)
{
	struct backend *be = open_lost();

	(void)state;
	set_look_ups(false, EAI_NONAME);
	begin_read(be);
	turn_until_looked_up(1);
	jump += 2000;
	turn_until_looked_up(2);
	assert_int_equal(waiting.answers, 0);
	START("file", "$file");
	set_look_ups(false, 0);
	jump += 2000;
	assert_int_equal(wait_for(&waiting), 4096);
	kill_server();
}

static void no_thread_for_it(void **state)
{
	struct backend *be = open_lost();

	(void)state;
	START("file", "$file");
	no_threads = true;
	options.reconnect_timeout = 1;
	begin_read(be);
	crew_turn();
	jump += MANY_MS;
	assert_int_equal(wait_for(&waiting), -ENOTCONN);
	assert_int_equal(count_look_ups(), 0);
	no_threads = false;
	jump += MANY_MS;
	begin_read(be);
	wait_for(&waiting);
	jump += MANY_MS;
	assert_int_equal(CALL(be, read, buffer[0], 4096, 0), 4096);
	kill_server();
}

static struct backend *to_connect;
static pthread_t asked_by;

static void read_on_this_thread(void)
{
	fake_port_woken = NULL;
	asked_by = pthread_self();
	begin_read(to_connect);
}

/* A thread of the crew has a packet, and needs the connection for it.  See thread.c. */
static void connecting_fits_on_a_small_stack(void **state)
{
	(void)state;
	to_connect = open_lost();
	stack_used = 0;
	START("file", "$file");
	fake_port_woken = read_on_this_thread;
	fake_port_wake();
	turn_until_looked_up(1);
	assert_int_equal(wait_for(&waiting), 4096);
	assert_false(pthread_equal(looks_up, asked_by) || pthread_equal(looks_up, loop_thread));
	pthread_mutex_lock(&lock);
	while (!stack_used)
		pthread_cond_wait(&change, &lock);
	pthread_mutex_unlock(&lock);
	print_message("# %zu of %zu bytes of stack\n", stack_used, stack_size);
	assert_in_range(stack_used, 1, stack_size / 4);
	kill_server();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static const struct CMUnitTest names[] = {
	TEST(others_are_served_meanwhile),
	TEST(look_up_that_hangs),
	TEST(no_time_but_for_a_try),
	TEST(name_that_is_not_known),
	TEST(no_thread_for_it),
	TEST(connecting_fits_on_a_small_stack),
};

int main(void)
{
	int failed;

	loop_thread = pthread_self();
	begin_stores();
	begin_servers();
	failed = cmocka_run_group_tests(names, NULL, NULL);
	end_servers();
	end_stores();
	return failed;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * The daemon's loop by itself.  Needs no kernel module.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "../zxpagerd/loop.h"
#include "../zxpagerd/thread.h"

#define MANY	(4 * TURN_MAX)

/* struct source - something that is ready as soon as it is waited for */
struct source {
	struct event event;
	int fd;
};

static struct source sources[MANY];
static unsigned int handled;

static void count(struct event *ev, int res)
{
	assert_int_equal(res, EPOLLIN);
	ev->handler = NULL;
	handled++;
}

static int open_sources(void **state)
{
	(void)state;
	handled = 0;
	for (unsigned int i = 0; i < MANY; i++) {
		sources[i] = (struct source){
			.event.handler = count,
			.fd = eventfd(1, EFD_CLOEXEC),
		};
		assert_true(sources[i].fd >= 0);
	}
	return 0;
}

static int close_sources(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < MANY; i++)
		close(sources[i].fd);
	return 0;
}

/* Whoever has much to be done at once does not keep the loop from its other business. */
static void a_turn_ends(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < MANY; i++)
		loop_poll(&sources[i].event, sources[i].fd);
	for (unsigned int before = 0; handled < MANY; before = handled) {
		loop_turn();
		assert_in_range(handled - before, 1, TURN_MAX);
	}
}

static void cancel_others(struct event *ev, int res)
{
	count(ev, res);
	for (unsigned int i = 0; i < 4; i++)
		if (&sources[i].event != ev)
			loop_cancel(&sources[i].event, sources[i].fd);
}

/* Also what is ready, and what the loop has already found. */
static void what_is_cancelled_is_not_handled(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		sources[i].event.handler = cancel_others;
		loop_poll(&sources[i].event, sources[i].fd);
	}
	loop_turn();
	assert_int_equal(handled, 1);
	/* It can be waited for again. */
	sources[2].event.handler = count;
	loop_poll(&sources[2].event, sources[2].fd);
	loop_turn();
	assert_int_equal(handled, 2);
}

static struct timer timers[5];
static unsigned int order[5], over;

static void is_over(struct event *ev, int res)
{
	assert_int_equal(res, -ETIME);
	order[over++] = (unsigned int)(event_owner(ev, struct timer, event) - timers);
}

static void timers_come_in_order(void **state)
{
	static const unsigned int ms[] = { 30, 10, 30, 0, 20 }, want[] = { 3, 1, 4, 0, 2 };
	uint64_t begin = loop_now();

	(void)state;
	over = 0;
	for (unsigned int i = 0; i < 5; i++) {
		timers[i].event.handler = is_over;
		loop_timer(&timers[i], ms[i]);
	}
	while (over < 5)
		loop_turn();
	assert_true(loop_now() >= begin + 30);
	for (unsigned int i = 0; i < 5; i++)
		assert_int_equal(order[i], want[i]);
}

static void *begin_timer(void *unused)
{
	(void)unused;
	loop_lock();
	loop_timer(&timers[1], 0);
	loop_unlock();
	return NULL;
}

/* It is due before the one that the loop waits for. */
static void timer_of_another_thread(void **state)
{
	(void)state;
	over = 0;
	loop_timer(&timers[0], 600000);
	assert_int_equal(thread_start(begin_timer, NULL), 0);
	while (!over)
		loop_turn();
	assert_int_equal(order[0], 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_sources, close_sources)

int main(void)
{
	static const struct CMUnitTest loop[] = {
		TEST(a_turn_ends),
		TEST(what_is_cancelled_is_not_handled),
		cmocka_unit_test(timers_come_in_order),
		cmocka_unit_test(timer_of_another_thread),
	};

	alarm(600);	/* a wake-up that is lost is to fail, not to hang */
	loop_init();
	return cmocka_run_group_tests(loop, NULL, NULL);
}

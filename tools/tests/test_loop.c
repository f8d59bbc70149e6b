// SPDX-License-Identifier: GPL-2.0
/*
 * The daemon's loop by itself, with a real io_uring.  Needs no kernel module.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "../zxpagerd/loop.h"

#define MANY	(4 * TURN_MAX)

static unsigned int handled;

static void count(struct event *ev, int res)
{
	assert_true(res > 0);
	ev->handler = NULL;
	handled++;
}

/* Whoever has much to be done at once does not keep the loop from its other business. */
static void a_turn_ends(void **state)
{
	static struct event events[MANY];
	int fd = eventfd(1, EFD_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	for (unsigned int i = 0; i < MANY; i++) {
		events[i].handler = count;
		loop_poll(&events[i], fd);
	}
	for (unsigned int before = 0; handled < MANY; before = handled) {
		loop_turn();
		assert_in_range(handled - before, 1, TURN_MAX);
	}
	close(fd);
}

int main(void)
{
	static const struct CMUnitTest loop[] = {
		cmocka_unit_test(a_turn_ends),
	};

	loop_init(MANY);
	return cmocka_run_group_tests(loop, NULL, NULL);
}

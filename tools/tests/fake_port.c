// SPDX-License-Identifier: GPL-2.0
/*
 * A port that no packets come out of, for tests of calls that the crew makes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/eventfd.h>

#include <cmocka.h>

#include "../zxpagerd/pager.h"
#include "../zxpagerd/serve.h"
#include "fake_port.h"

static int port = -1;
void (*fake_port_woken)(void);
unsigned int fake_port_settled;

void fake_port_open(void)
{
	port = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
	assert_true(port >= 0);
}

void fake_port_wake(void)
{
	assert_int_equal(eventfd_write(port, 1), 0);
}

unsigned int pager_read_packets(zx_port_packet_t *packets, unsigned int count)
{
	eventfd_t one;

	(void)packets;
	(void)count;
	assert_int_equal(eventfd_read(port, &one), 0);
	return 0;
}

struct serve_mark serve_mark(void)
{
	return (struct serve_mark){ 0 };
}

void serve_packets(const zx_port_packet_t *packets, unsigned int count,
		   struct serve_mark before)
{
	(void)packets;
	(void)before;
	assert_int_equal(count, 0);
	if (fake_port_woken)
		fake_port_woken();
}

void serve_settle(void)
{
	fake_port_settled++;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * The loop of the fake, for sockets that are real and time that is not; and what the
 * daemon needs of the pager and of back ends when it has VMOs, but no module.
 */
#include <poll.h>
#include <stdlib.h>

#include "../zxpagerd/crew.h"
#include "../zxpagerd/serve.h"
#include "fake.h"
#include "fake_loop.h"

#define POLLS	128

static struct {
	struct event *ev;
	int fd;
} polls[POLLS];
static unsigned int poll_count;
static bool completing;
uint64_t fake_key;

void loop_poll(struct event *ev, int fd)
{
	assert_true(poll_count < POLLS);
	polls[poll_count].ev = ev;
	polls[poll_count++].fd = fd;
}

void (*fake_turn)(void);

void crew_turn(void)
{
	if (!fake_turn)
		abort();	/* the tests take the steps */
	serve_settle();
	fake_turn();
}

void loop_watch(void)
{
}

bool fake_loop_step(unsigned int start)
{
	struct pollfd pfd[POLLS];

	if (fake_timer_step() || fake_packets())
		return true;
	for (unsigned int i = 0; i < poll_count; i++)
		pfd[i] = (struct pollfd){ .fd = polls[i].fd, .events = POLLIN };
	if (poll(pfd, poll_count, 0) <= 0)
		return false;
	for (unsigned int n = 0; n < poll_count; n++) {
		unsigned int i = (start + n) % poll_count;
		struct event *ev = polls[i].ev;

		if (!pfd[i].revents)
			continue;
		polls[i] = polls[--poll_count];
		ev->handler(ev, pfd[i].revents);
		return true;
	}
	return false;
}

unsigned int fake_loop_forget(void)
{
	unsigned int left = poll_count;

	poll_count = 0;
	fake_timers_forget();
	return left;
}

void fake_register(void)
{
	if (!vmos)
		assert_int_equal(vmo_register(&vmo), 0);
	vmo.target.key = 1;
}

/* --- the pager ------------------------------------------------------------------ */

zx_status_t pager_detach(struct target *t)
{
	completing = !t->detached;
	return ZX_OK;
}

bool fake_packets(void)
{
	zx_port_packet_t packet = {
		.key = fake_key ? fake_key : vmo.target.key,
		.type = ZX_PKT_TYPE_PAGE_REQUEST,
		.page_request.command = ZX_PAGER_VMO_COMPLETE,
	};

	if (!completing)
		return false;
	completing = false;
	serve_packets(&packet, 1, serve_mark());
	return true;
}

void pager_create_vmo(struct target *t)
{
	(void)t;
	abort();	/* there is one already */
}

/* --- back ends ------------------------------------------------------------------ */

bool backend_is_nbd(const char *path)
{
	(void)path;
	return false;
}

struct backend *backend_file_open(const char *path, bool writable)
{
	(void)path;
	(void)writable;
	abort();
}

struct backend *backend_nbd_open(const char *uri, bool writable,
				 unsigned int under_way)
{
	(void)under_way;
	return backend_file_open(uri, writable);
}

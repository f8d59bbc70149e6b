// SPDX-License-Identifier: GPL-2.0
/*
 * The loop of the fake, for sockets that are real and time that is not; and what the
 * daemon needs of the pager when it has VMOs, but no module.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../zxpagerd/crew.h"
#include "../zxpagerd/serve.h"
#include "fake.h"
#include "fake_loop.h"

#define POLLS	128
#define COPYING	64

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

	if (fake_timer_step() || fake_packets() || (!fake_copies_wait && fake_copy_step()))
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

/* --- copies --------------------------------------------------------------------- */

static struct {
	struct event *ev;
	int fd;
	bool frozen, closes;
} copying[COPYING];
static unsigned int copying_count;
bool fake_copies_wait;
int fake_copy_error;
unsigned int fake_copy_fds;

static void begin_copying(struct event *ev, int fd, bool frozen, bool closes)
{
	assert_true(copying_count < COPYING);
	copying[copying_count].ev = ev;
	copying[copying_count].fd = fd;
	copying[copying_count].frozen = frozen;
	copying[copying_count++].closes = closes;
}

int pager_copy(struct event *ev, const char *name, int fd, bool frozen, bool written_to)
{
	(void)name;
	(void)written_to;
	begin_copying(ev, fd, frozen, false);
	return 0;
}

bool pager_adopt_copy(int fd)
{
	(void)fd;
	fake_copy_fds++;
	return true;
}

void pager_close(struct event *ev, int fd)
{
	begin_copying(ev, fd, false, true);
}

/* What it is a copy of is there as long as it is being made. */
static int make_copy(int from, bool frozen)
{
	struct stat st;
	int fd;

	assert_int_equal(fstat(from, &st), 0);
	if (fake_copy_error)
		return -fake_copy_error;
	fd = memfd_create("copy", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, st.st_size ? st.st_size : 16 * PAGE), 0);
	assert_int_equal(fchmod(fd, frozen ? 0444 : 0666), 0);
	fake_copy_fds++;
	return fd;
}

bool fake_copy_step(void)
{
	struct event *ev = copying[0].ev;
	int res, fd = copying[0].fd;
	bool frozen = copying[0].frozen, closes = copying[0].closes;

	if (!copying_count)
		return false;
	copying_count--;
	for (unsigned int i = 0; i < copying_count; i++)
		copying[i] = copying[i + 1];
	res = closes ? close(fd) : make_copy(fd, frozen);
	fake_copy_fds -= closes;
	ev->handler(ev, res);
	return true;
}

/* All that it has is its own. */
void pager_copy_info(int fd, struct pager_info *info)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	*info = (struct pager_info){
		.size = (uint64_t)st.st_size,
		.own = (uint64_t)st.st_blocks * 512,
	};
}

int pager_reopen(int fd, bool writable)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
}

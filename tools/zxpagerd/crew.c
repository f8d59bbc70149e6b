// SPDX-License-Identifier: GPL-2.0
/*
 * The threads that take packets from the port, and make the calls that may take their time.
 *
 * Who gets a READ reads the file as well, and supplies what was read: nobody has to be woken
 * on the way.  As long as files are read without a sleep, as from the page cache, one thread
 * does all that, and takes the next packet when it is done.  With another one waiting in the
 * port that would be woken instead, for nothing.  Once a read has slept there are several in
 * the port, so that it is never left alone, and each waits for a read of its own.  With small
 * reads that sleep for a moment there are two: who finds that somebody attends to the disk
 * already leaves his reads to him, and goes back to the port.
 *
 * Several of them are supplied together.  A read that hangs all of a sudden, and leaves the
 * port or other calls alone, is noticed by a timer.
 *
 * At most all but one make calls, and one more is started when that is not enough.  None of
 * them belongs to a VMO.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "calls.h"
#include "crew.h"
#include "log.h"
#include "pager.h"
#include "serve.h"
#include "thread.h"

#define PACKETS		64	/* taken with one read() */
#define LISTENERS_MAX	8
#define WATCH_MS	2
#define WATCHES		50	/* without anything to be seen, until it is not watched any more */

static unsigned int threads, busy, listening, parked;
static unsigned int wakes;	/* for those who were parked */
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;

static struct timer watch;
static unsigned int watches;	/* that are left */
static bool alone;	/* all else was, since it was looked at last */

static void *work(void *unused);

static int add_thread(void)
{
	int error = thread_start(work, NULL);

	threads += !error;
	return error;
}

/* There would still be somebody to wait for packets. */
static bool may_leave(void)
{
	return threads - busy > 1 || !add_thread();
}

/* Somebody is to look at what there is to do, and will if he is on his way already. */
static void call_up(void)
{
	if (threads - busy - listening - parked)
		return;
	if (!parked) {
		add_thread();
		return;
	}
	parked--;
	wakes++;
	pthread_cond_signal(&more);
}

void crew_kick(void)
{
	if (calls_any())
		call_up();
}

static void park(void)
{
	parked++;
	while (!wakes)
		loop_wait(&more);
	wakes--;
}

/* So many wait there. */
static unsigned int listeners_max(void)
{
	if (calls_are_quick())
		return 1;
	return calls_are_brief() ? 2 : LISTENERS_MAX;
}

static void listen(void)
{
	zx_port_packet_t packet[PACKETS];
	struct serve_mark before = serve_mark();
	unsigned int taken;

	listening++;
	loop_unlock();
	taken = pager_read_packets(packet, PACKETS);
	loop_lock();
	listening--;
	serve_packets(packet, taken, before);
}

/* --- what is left alone ----------------------------------------------------------------- */

static void watched(struct event *ev, int res)
{
	(void)ev;
	(void)res;
	if (calls_hang(WATCH_MS * UINT64_C(1000000)) && (!listening || calls_any()))
		call_up();
	watches = alone ? WATCHES : watches - 1;
	alone = false;
	if (watches)
		loop_timer(&watch, WATCH_MS);
}

/* The caller is about to make a call, and does not leave what else there is to do alone... */
static void leave_to_others(void)
{
	if (!listening || calls_any())
		call_up();
}

/* ... or does, for it will be back at once, or another will. */
static void leave_alone(void)
{
	alone = true;
	if (watches)
		return;
	watches = WATCHES;
	watch.event.handler = watched;
	loop_timer(&watch, WATCH_MS);
}

/* The first one may sleep. */
static void make_first(void)
{
	if (!calls_next_is_quick()) {
		struct event *ev = calls_take();

		leave_to_others();
		calls_make(ev);
		return;
	}
	leave_alone();
	if (!calls_are_quick() && !listening)
		call_up();
	calls_make(calls_take());
}

/* Those that do not sleep are made one after the other, and what was read goes together. */
static void make_calls(void)
{
	if (calls_may_announce()) {
		leave_alone();
		calls_announce();
		if (!calls_any())
			return;
	}
	make_first();
	for (unsigned int n = 1; n < TURN_MAX && calls_next_is_quick(); n++) {
		leave_alone();
		if (!calls_try(calls_take()))
			return;
	}
}

static void *work(void *unused)
{
	(void)unused;
	loop_lock();
	for (;;) {
		if (calls_any() && may_leave()) {
			busy++;
			make_calls();
			busy--;
		} else if (listening < listeners_max()) {
			listen();
		} else {
			park();
		}
		serve_settle();
		loop_note();
	}
	return NULL;
}

void crew_turn(void)
{
	serve_settle();
	crew_kick();
	loop_turn();
}

void crew_start(void)
{
	int error = add_thread();

	if (!error)
		error = add_thread();
	if (error)
		die("cannot start a thread: %s", strerror(error));
}

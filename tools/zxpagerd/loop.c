// SPDX-License-Identifier: GPL-2.0
/*
 * The event loop of the first thread, for sockets and time, and the lock that it shares
 * with the crew.
 *
 * It waits without the lock and looks at what there is with it.  So nothing that it has
 * found changes before it is handled, though any thread may begin things, or cancel them.
 */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>

#include "log.h"
#include "loop.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t turnstile = PTHREAD_MUTEX_INITIALIZER;

static int epoll = -1, wake = -1;
static struct epoll_event ready[TURN_MAX];
static int ready_count, ready_at;
static struct timer timers = { .next = &timers, .previous = &timers };
static bool waiting, woken, watched;

/* The next one that wants it has the turnstile, where others queue up. */
void loop_lock(void)
{
	pthread_mutex_lock(&turnstile);
	pthread_mutex_lock(&lock);
	pthread_mutex_unlock(&turnstile);
}

void loop_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

void loop_wait(pthread_cond_t *cond)
{
	pthread_cond_wait(cond, &lock);
}

static bool add(int fd, uint32_t events, struct event *ev)
{
	struct epoll_event how = { .events = events, .data.ptr = ev };

	return !epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &how) ||
	       (errno == ENOENT && !epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &how));
}

void loop_init(void)
{
	epoll = epoll_create1(EPOLL_CLOEXEC);
	wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (epoll < 0 || wake < 0 || !add(wake, EPOLLIN, NULL))
		die("cannot wait for events: %s", strerror(errno));
	loop_lock();
}

static void wake_up(void)
{
	if (!waiting || woken)
		return;
	woken = true;
	eventfd_write(wake, 1);
}

void loop_watch(void)
{
	watched = true;
}

void loop_note(void)
{
	if (watched)
		wake_up();
}

void loop_poll_for(struct event *ev, int fd, uint32_t events)
{
	if (!add(fd, events | EPOLLONESHOT, ev))
		die("cannot wait for a descriptor: %s", strerror(errno));
}

void loop_poll(struct event *ev, int fd)
{
	loop_poll_for(ev, fd, EPOLLIN);
}

void loop_cancel(struct event *ev, int fd)
{
	epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
	for (int i = ready_at; i < ready_count; i++)
		if (ready[i].data.ptr == ev)
			ready[i].data.ptr = NULL;
}

uint64_t loop_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t loop_now(void)
{
	return loop_now_ns() / 1000000;
}

/* Most are for the same length of time, so that is at the end. */
void loop_timer(struct timer *timer, unsigned int ms)
{
	struct timer *before = timers.previous;

	timer->due = loop_now() + ms;
	while (before != &timers && before->due > timer->due)
		before = before->previous;
	timer->previous = before;
	timer->next = before->next;
	before->next->previous = timer;
	before->next = timer;
	if (timers.next == timer)
		wake_up();
}

static struct timer *take_due(uint64_t now)
{
	struct timer *timer = timers.next;

	if (timer == &timers || timer->due > now)
		return NULL;
	timers.next = timer->next;
	timer->next->previous = &timers;
	return timer;
}

static void wait_for_events(void)
{
	struct pollfd pfd = { .fd = epoll, .events = POLLIN };
	uint64_t now = loop_now();
	int ms = -1;

	if (timers.next != &timers)
		ms = timers.next->due > now ? (int)(timers.next->due - now) : 0;
	waiting = true;
	loop_unlock();
	poll(&pfd, 1, ms);
	loop_lock();
	waiting = false;
	if (!woken)
		return;
	woken = false;
	eventfd_read(wake, &(eventfd_t){ 0 });
}

/* What was read is supplied once in a turn, so a turn has to end however much is done. */
void loop_turn(void)
{
	struct timer *timer;
	struct event *ev;
	uint64_t now;

	wait_for_events();
	ready_count = epoll_wait(epoll, ready, TURN_MAX, 0);
	for (ready_at = 0; ready_at < ready_count;) {
		ev = ready[ready_at].data.ptr;
		if (ev)
			ev->handler(ev, (int)ready[ready_at].events);
		ready_at++;
	}
	now = loop_now();
	for (unsigned int n = 0; n < TURN_MAX && (timer = take_due(now)); n++)
		timer->event.handler(&timer->event, -ETIME);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * How files are resized.  io_uring has no ftruncate() before Linux 6.9, and a store that
 * hangs is not to hold up the others, so threads make the calls: one for all files as a
 * rule, and more only while those that are there hang.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "log.h"
#include "loop.h"
#include "resizer.h"
#include "thread.h"

#define THREADS_MAX	64

struct queue {
	struct resize *first, **end;
};

/* The first four belong to whoever has the lock. */
static struct queue asked = { NULL, &asked.first };
static struct queue done = { NULL, &done.first };
static unsigned int asked_count, idle;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;

static unsigned int threads, under_way;
static struct event answered;
static int answer = -1;

static void put(struct queue *q, struct resize *r)
{
	r->next = NULL;
	*q->end = r;
	q->end = &r->next;
}

static struct resize *take(struct queue *q)
{
	struct resize *r = q->first;

	if (r) {
		q->first = r->next;
		if (!q->first)
			q->end = &q->first;
	}
	return r;
}

static void *resize_for_ever(void *unused)
{
	struct resize *r;

	(void)unused;
	pthread_mutex_lock(&lock);
	for (;;) {
		idle++;
		while (!(r = take(&asked)))
			pthread_cond_wait(&more, &lock);
		idle--;
		asked_count--;
		pthread_mutex_unlock(&lock);
		r->error = ftruncate(r->fd, (off_t)r->size) ? errno : 0;
		pthread_mutex_lock(&lock);
		put(&done, r);
		while (eventfd_write(answer, 1))
			;
	}
	return NULL;
}

static struct resize *take_done(void)
{
	struct resize *r;

	pthread_mutex_lock(&lock);
	r = take(&done);
	pthread_mutex_unlock(&lock);
	return r;
}

static void take_answers(struct event *ev, int res)
{
	unsigned int taken = 0;
	struct resize *r;
	eventfd_t count;

	(void)res;
	(void)!eventfd_read(answer, &count);
	/* Handlers may begin the next one, for which nobody has to listen anew. */
	for (; (r = take_done()); taken++)
		r->ev->handler(r->ev, -r->error);
	under_way -= taken;
	if (under_way)
		loop_poll(ev, answer);
}

static int add_thread(void)
{
	int error = thread_start(resize_for_ever, NULL);

	threads += !error;
	return error;
}

void resizer_open(void)
{
	int error;

	if (threads)
		return;
	answered.handler = take_answers;
	answer = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (answer < 0)
		die("cannot make an eventfd: %s", strerror(errno));
	error = add_thread();
	if (error)
		die("cannot start a thread: %s", strerror(error));
}

void resizer_begin(struct resize *r)
{
	bool busy;

	pthread_mutex_lock(&lock);
	put(&asked, r);
	busy = ++asked_count > idle;
	pthread_cond_signal(&more);
	pthread_mutex_unlock(&lock);
	/* Without another thread it waits for those that there are. */
	if (busy && threads < THREADS_MAX)
		add_thread();
	if (!under_way++)
		loop_poll(&answered, answer);
}

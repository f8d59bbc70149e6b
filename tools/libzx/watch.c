// SPDX-License-Identifier: MIT
/*
 * The thread that looks for signals that the kernel knows.  There is none before somebody
 * waits for one that is not there; then it stays.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base.h"
#include "signals.h"
#include "table.h"

/* Under the lock of the table; -1: there is no thread. */
static int epoll = -1;
static void (*look_by)(struct zxi_object *object, int fd);

static void look_at(zx_koid_t koid)
{
	struct zxi_object *object;

	zxi_table_lock();
	object = zxi_registry_find(koid);
	if (object && object->watched)
		look_by(object, object->fd);
	zxi_table_unlock();
}

static void *watch(void *arg)
{
	const int fd = (int)(intptr_t)arg;
	struct epoll_event events[16];
	int n;

	for (;;) {
		n = epoll_wait(fd, events, 16, -1);
		/* Somebody has closed what he does not know. */
		if (n < 0 && errno != EINTR)
			return NULL;
		for (int i = 0; i < n; i++)
			look_at(events[i].data.u64);
	}
}

/* It gets no signals of the program's. */
static int start_thread(int fd)
{
	sigset_t all, old;
	pthread_attr_t attr;
	pthread_t thread;
	int error;

	error = pthread_attr_init(&attr);
	if (error)
		return error;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	error = pthread_create(&thread, &attr, watch, (void *)(intptr_t)fd);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return error;
}

static zx_status_t start(void)
{
	const int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd < 0)
		return zxi_errno();
	if (start_thread(fd)) {
		zxi_close_fd(fd);
		return ZX_ERR_NO_RESOURCES;
	}
	epoll = fd;
	return ZX_OK;
}

/* Edges, so that what is there and stays does not keep the thread busy. */
zx_status_t zxi_watch(struct zxi_object *object,
		      void (*look)(struct zxi_object *object, int fd))
{
	struct epoll_event event = { .events = EPOLLPRI | EPOLLET, .data.u64 = object->koid };
	zx_status_t status = ZX_OK;

	if (object->watched)
		return ZX_OK;
	look_by = look;
	if (epoll < 0)
		status = start();
	if (status != ZX_OK)
		return status;
	/* Somebody who has closed the number by hand has left it there. */
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, object->fd, &event) &&
	    (errno != EEXIST || epoll_ctl(epoll, EPOLL_CTL_MOD, object->fd, &event)))
		return errno == ENOSPC ? ZX_ERR_NO_RESOURCES : zxi_errno();
	object->watched = true;
	return ZX_OK;
}

void zxi_watch_end(struct zxi_object *object)
{
	if (object->watched)
		epoll_ctl(epoll, EPOLL_CTL_DEL, object->fd, NULL);
	object->watched = false;
}

/* What the parent watches stays its own. */
void zxi_watch_after_fork(void)
{
	if (epoll >= 0)
		zxi_close_fd(epoll);
	epoll = -1;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * The event loop: one thread, one io_uring, for files and sockets alike.
 */
#include <errno.h>
#include <liburing.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "log.h"
#include "loop.h"

#define SUBMISSIONS	256

static struct io_uring ring;

/*
 * Completions have room for all that can be under way, up to what the kernel allows.  Beyond
 * that it keeps them itself, which takes time and memory, and loses none.
 */
void loop_init(unsigned int under_way)
{
	struct io_uring_params params = {
		.flags = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP,
		.cq_entries = under_way < SUBMISSIONS ? SUBMISSIONS : under_way,
	};
	int rc = io_uring_queue_init_params(SUBMISSIONS, &ring, &params);

	if (rc == -EPERM || rc == -ENOSYS)
		die("no io_uring: %s; see /proc/sys/kernel/io_uring_disabled",
		    strerror(-rc));
	if (rc)
		die("cannot set up io_uring: %s", strerror(-rc));
	/* Only saves the kernel looking for it; this thread alone may use it so. */
	io_uring_register_ring_fd(&ring);
}

static void submit(unsigned int wait)
{
	int rc = io_uring_submit_and_wait(&ring, wait);

	if (rc < 0 && rc != -EINTR && rc != -EAGAIN && rc != -EBUSY)
		die("io_uring does not work any more: %s", strerror(-rc));
}

static struct io_uring_sqe *get_sqe(void)
{
	struct io_uring_sqe *sqe;

	while (!(sqe = io_uring_get_sqe(&ring)))
		submit(0);
	return sqe;
}

void loop_poll_for(struct event *ev, int fd, bool writing)
{
	struct io_uring_sqe *sqe = get_sqe();

	io_uring_prep_poll_add(sqe, fd, writing ? POLLOUT : POLLIN);
	io_uring_sqe_set_data(sqe, ev);
}

void loop_poll(struct event *ev, int fd)
{
	loop_poll_for(ev, fd, false);
}

void loop_cancel(struct event *ev)
{
	struct io_uring_sqe *sqe = get_sqe();

	io_uring_prep_cancel(sqe, ev, 0);
	io_uring_sqe_set_data(sqe, NULL);
}

void loop_read(struct event *ev, int fd, void *buffer, uint32_t length,
	       uint64_t offset)
{
	struct io_uring_sqe *sqe = get_sqe();

	io_uring_prep_read(sqe, fd, buffer, length, offset);
	io_uring_sqe_set_data(sqe, ev);
}

void loop_write(struct event *ev, int fd, const void *buffer, uint32_t length,
		uint64_t offset)
{
	struct io_uring_sqe *sqe = get_sqe();

	io_uring_prep_write(sqe, fd, buffer, length, offset);
	io_uring_sqe_set_data(sqe, ev);
}

void loop_sync(struct event *ev, int fd, bool data_only)
{
	struct io_uring_sqe *sqe = get_sqe();

	io_uring_prep_fsync(sqe, fd, data_only ? IORING_FSYNC_DATASYNC : 0);
	io_uring_sqe_set_data(sqe, ev);
}

void loop_fallocate(struct event *ev, int fd, int mode, uint64_t offset,
		    uint64_t length)
{
	struct io_uring_sqe *sqe = get_sqe();

	io_uring_prep_fallocate(sqe, fd, mode, (off_t)offset, (off_t)length);
	io_uring_sqe_set_data(sqe, ev);
}

void loop_timer(struct timer *timer, unsigned int ms)
{
	struct io_uring_sqe *sqe = get_sqe();

	timer->length.tv_sec = ms / 1000;
	timer->length.tv_nsec = ms % 1000 * 1000000ll;
	io_uring_prep_timeout(sqe, &timer->length, 0, 0);
	io_uring_sqe_set_data(sqe, &timer->event);
}

uint64_t loop_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* What was read is supplied once in a turn, so a turn has to end however much is done. */
void loop_turn(void)
{
	struct io_uring_cqe *cqe;
	struct event *ev;
	int res;

	submit(1);
	for (unsigned int n = 0; n < TURN_MAX && !io_uring_peek_cqe(&ring, &cqe); n++) {
		ev = io_uring_cqe_get_data(cqe);
		res = cqe->res;
		io_uring_cqe_seen(&ring, cqe);
		if (ev)
			ev->handler(ev, res);
	}
}

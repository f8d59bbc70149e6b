/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_LOOP_H
#define ZXD_LOOP_H

#include <linux/time_types.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * struct event - one thing under way; it must stay where it is until it is done
 * @handler: called once when it is done: @res is what read() would have returned,
 *	or -errno; never called from within the call that began it
 */
struct event {
	void (*handler)(struct event *ev, int res);
};

#define event_owner(ev, type, member) \
	((type *)((char *)(ev) - __builtin_offsetof(type, member)))

/* One io_uring for all; @under_way is how many events there can be at a time. */
void loop_init(unsigned int under_way);

/* Once @fd is readable, or writable, or is at its end. */
void loop_poll(struct event *ev, int fd);
void loop_poll_for(struct event *ev, int fd, bool writing);

/* Has a poll that is under way be done soon, with -ECANCELED if not with more. */
void loop_cancel(struct event *ev);

/* Reads @length bytes at @offset; may read fewer. */
void loop_read(struct event *ev, int fd, void *buffer, uint32_t length,
	       uint64_t offset);

/* Writes @length bytes at @offset; may write fewer. */
void loop_write(struct event *ev, int fd, const void *buffer, uint32_t length,
		uint64_t offset);

/* fdatasync(), or fsync(). */
void loop_sync(struct event *ev, int fd, bool data_only);

void loop_fallocate(struct event *ev, int fd, int mode, uint64_t offset,
		    uint64_t length);

/* struct timer - an event that is done after some time, with -ETIME */
struct timer {
	struct event event;
	struct __kernel_timespec length;
};

void loop_timer(struct timer *timer, unsigned int ms);

/* Milliseconds of a clock that is never set. */
uint64_t loop_now(void);

/* Waits until something is done, and calls the handlers of what is, so many of them at most. */
#define TURN_MAX	64
void loop_turn(void);

#endif /* ZXD_LOOP_H */

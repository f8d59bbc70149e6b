/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_LOOP_H
#define ZXD_LOOP_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * struct file_call - a system call on a file; see calls.h
 * @taken: when a thread has begun with it
 */
struct file_call {
	int (*make)(const struct file_call *c);
	struct disk *disk;
	void *buffer;
	uint64_t offset, length;
	uint64_t taken;
	int fd;
	int mode;
};

/*
 * struct event - one thing under way; it must stay where it is until it is done
 * @handler: called once when it is done: @res is what read() would have returned,
 *	or -errno; never called from within the call that began it
 * @next, @call: if it is a call
 */
struct event {
	void (*handler)(struct event *ev, int res);
	struct event *next;
	struct file_call call;
};

#define event_owner(ev, type, member) \
	((type *)((char *)(ev) - __builtin_offsetof(type, member)))

/* The caller has the lock from now on; see loop_lock(). */
void loop_init(void);

/*
 * All that the daemon knows belongs to the thread that has the lock.  Who waits for it gets
 * it before the one that has it gets it again.  Not held while anything is waited for.
 */
void loop_lock(void);
void loop_unlock(void);

/* Waits for @cond, without the lock. */
void loop_wait(pthread_cond_t *cond);

/*
 * Once @fd is readable, or any of @events of epoll_ctl(): those that are is what @ev is
 * told.  An @fd is waited for by one event at a time, and is no file.
 */
void loop_poll(struct event *ev, int fd);
void loop_poll_for(struct event *ev, int fd, uint32_t events);

/* @ev is not handled any more. */
void loop_cancel(struct event *ev, int fd);

/* struct timer - an event that is done after some time, with -ETIME */
struct timer {
	struct event event;
	struct timer *next, *previous;
	uint64_t due;
};

void loop_timer(struct timer *timer, unsigned int ms);

/* Milliseconds and nanoseconds of a clock that is never set. */
uint64_t loop_now(void);
uint64_t loop_now_ns(void);

/*
 * Waits until something is done, without the lock, and calls the handlers of what is, so
 * many events and timers at most.
 */
#define TURN_MAX	64
void loop_turn(void);

/* From now on loop_turn() also ends when loop_note() says that another thread did something. */
void loop_watch(void);
void loop_note(void);

#endif /* ZXD_LOOP_H */

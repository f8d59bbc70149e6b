/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_CALLS_H
#define ZXD_CALLS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "loop.h"

/* struct call_queue - calls that are to be made, in order of arrival */
struct call_queue {
	struct event *first, **end;
};

/*
 * struct disk - what hangs as a whole: a block device, or a file system
 * @announced, @reads, @others: what is to be made; of the first the file system knows
 * @under_way: how many are being made, of both
 * @others_under_way: of @others
 * @brief: a small read sleeps, but not for long; @cannot_tell before whether it will
 * @attendant: the read of the thread that makes those that are announced
 * @next_asking: among those with calls to be made
 */
struct disk {
	dev_t device;
	struct disk *next;
	struct call_queue announced, reads, others;
	unsigned int under_way, others_under_way;
	bool brief, cannot_tell;
	struct event *attendant;
	struct disk *next_asking;
};

/*
 * How many calls one disk may have under way, at most half of which are no reads; all
 * together may have four times as many.  The second half of these is for disks that have
 * no read under way, or nothing else.  To be set before the first one.
 */
extern unsigned int calls_share;

/* The disk of this number; NULL if there is no memory. */
struct disk *calls_disk(dev_t device);

/*
 * Begins a call on something on @disk; @ev is handled with what it returns, or with -errno.
 * calls_begin() is for those of others than files.
 */
void calls_begin(struct disk *disk, struct event *ev, struct file_call call);
void calls_read(struct disk *disk, struct event *ev, int fd, void *buffer, uint32_t length,
		uint64_t offset);
void calls_write(struct disk *disk, struct event *ev, int fd, const void *buffer,
		 uint32_t length, uint64_t offset);
void calls_sync(struct disk *disk, struct event *ev, int fd, bool data_only);
void calls_allocate(struct disk *disk, struct event *ev, int fd, int mode, uint64_t offset,
		    uint64_t length);
void calls_resize(struct disk *disk, struct event *ev, int fd, uint64_t size);

/* There is a call that may be made now; and that call, under way from then on, or NULL. */
bool calls_any(void);
struct event *calls_take(void);

/* Makes it, without the lock, and handles its end. */
void calls_make(struct event *ev);

/*
 * Only if that is a read that does not sleep; false if it would, and is still to be made, or
 * has.
 */
bool calls_try(struct event *ev);

/*
 * The last reads have not slept, or were small and have not for long; and the next call is a
 * read that will be back soon.
 */
bool calls_are_quick(void);
bool calls_are_brief(void);
bool calls_next_is_quick(void);

/*
 * There are small reads of a disk that are better made in turn; and the file system is told of
 * them, without the lock.  They are to be made next, if nobody does that already.
 */
bool calls_may_announce(void);
void calls_announce(void);

/* Some disk is attended to by a thread that has not come back for so long: not any more. */
bool calls_hang(uint64_t ns);

#endif /* ZXD_CALLS_H */

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
 * @reads, @others: what is to be made
 * @under_way: how many are being made, of both
 * @others_under_way: of @others
 * @next_asking: among those with calls to be made
 */
struct disk {
	dev_t device;
	struct disk *next;
	struct call_queue reads, others;
	unsigned int under_way, others_under_way;
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

/* Begins a call on something on @disk; @ev is handled with what it returns, or with -errno. */
void calls_read(struct disk *disk, struct event *ev, int fd, void *buffer, uint32_t length,
		uint64_t offset);
void calls_write(struct disk *disk, struct event *ev, int fd, const void *buffer,
		 uint32_t length, uint64_t offset);
void calls_sync(struct disk *disk, struct event *ev, int fd, bool data_only);
void calls_allocate(struct disk *disk, struct event *ev, int fd, int mode, uint64_t offset,
		    uint64_t length);
void calls_resize(struct disk *disk, struct event *ev, int fd, uint64_t size);

/* There is a call that may be made now; and that call, which is under way from then on. */
bool calls_any(void);
struct event *calls_take(void);

/* Makes it, without the lock, and handles its end. */
void calls_make(struct event *ev);

/* @ev is a read, or is NULL, and the last reads have not slept; and one has, or hangs. */
bool calls_are_quick(const struct event *ev);
void calls_slept(void);

#endif /* ZXD_CALLS_H */

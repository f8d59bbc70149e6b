/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_HELD_H
#define ZXD_HELD_H

#include <stdbool.h>
#include <stddef.h>

#include "keep.h"

/* struct held_copy - with what is told of it; @stored if a service manager has it, too */
struct held_copy {
	struct keep_message told;
	int fd;
	bool stored;
};

/*
 * struct held - what a keeper holds for its workers
 * @vmos: room for @vmo_max, of which there are @vmo_count
 * @copies: likewise, by number
 * @links: connections to servers, by place, of which there are @link_max; or -1
 * @listener, @lock: or -1
 */
struct held {
	int *vmos;
	unsigned int vmo_max, vmo_count;
	struct held_copy *copies;
	unsigned int copy_max, copy_count;
	int *links;
	unsigned int link_max;
	int listener, lock;
};

/* Room for so many; false if there is no memory. */
bool held_init(struct held *held, unsigned int vmo_max, unsigned int copy_max);

/*
 * The worker has sent @message, and @fd unless that is -1, which is held or closed.  NULL, or
 * what is wrong with it.
 */
const char *held_take(struct held *held, const struct keep_message *message, int fd);

/* The copy of that name, or NULL. */
struct held_copy *held_named(struct held *held, const char *name);

/*
 * Number @index of what the next worker is told; *@fd goes along, or is -1.  False if there
 * is no more.
 */
bool held_tell(const struct held *held, unsigned int index, struct keep_message *message,
	       int *fd);

#endif /* ZXD_HELD_H */

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_HOLDERS_H
#define ZXD_HOLDERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct event;
struct target;

/*
 * Begins to look who else has VMOs open, by a descriptor, a mapping or a loop device; @dev is
 * that of all VMOs.  It may take its time, or not end at all: @done is handled when it has,
 * with 0, or with -errno if it did not see all that there may be: -EACCES if this daemon's
 * user may not know it of somebody who was given a descriptor.  One at a time.  0, or an errno
 * if it cannot begin.
 */
int holders_look(dev_t dev, struct event *done);

/* A process that has them open for this daemon, and is none of those; or 0. */
extern pid_t holders_keeper;

/* What was found then: somebody has this one open. */
bool holders_have(const struct target *t);

/* A line for each of them, or for the first. */
void holders_tell(const struct target *t, uint64_t bytes);

#endif /* ZXD_HOLDERS_H */

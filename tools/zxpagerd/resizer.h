/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_RESIZER_H
#define ZXD_RESIZER_H

#include <stdint.h>

struct event;

/* struct resize - an ftruncate() that is to be made; @ev is handled with 0 or -errno */
struct resize {
	struct event *ev;
	int fd;
	uint64_t size;
	struct resize *next;
	int error;
};

/* Before the first; ends the daemon if it cannot.  May be called again. */
void resizer_open(void);

/* @r has to stay where it is until its event is handled. */
void resizer_begin(struct resize *r);

#endif /* ZXD_RESIZER_H */

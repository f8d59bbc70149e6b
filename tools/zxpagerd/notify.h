/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_NOTIFY_H
#define ZXD_NOTIFY_H

#include <stdint.h>

/*
 * What a service manager is told of a keeper: it serves, is about to end, is alive.  Nothing
 * without one.
 */
void notify_ready(void);
void notify_stopping(void);
void notify_alive(void);

/* How often it has to be alive, in milliseconds; 0 if nobody looks. */
uint64_t notify_every(void);

/*
 * Tells it something else, with @fd unless that is -1.  0 or an errno: EAGAIN if it does not hear
 * for @ms.
 */
int notify_send(const char *text, int fd, int ms);

#endif /* ZXD_NOTIFY_H */

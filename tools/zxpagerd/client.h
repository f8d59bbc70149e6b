/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_CLIENT_H
#define ZXD_CLIENT_H

#include <stdbool.h>
#include <sys/types.h>

/* The most that are kept, if the limit of open files allows for as many. */
#define CLIENTS_MAX	4096
extern unsigned int client_max;

/* @gone is called whenever a client has gone, so that there is room for another. */
void client_on_gone(void (*gone)(void));

/*
 * A new connection; it closes itself.  One that is not allowed is refused; so is one for which
 * there is no room, and none of a user with more of them is idle.
 */
void client_add(int fd, uid_t uid, bool allowed);

/* From now on nobody is given a VMO: the daemon is about to end. */
void client_stop(void);

/* Says why there will be no service, and hangs up. */
void client_refuse(int fd, int error);

/* How many there are that stay. */
unsigned int client_count(void);

/*
 * Begins to end a connection for another one of that user: the one that has been idle the
 * longest, of the user who has the most.  Nobody loses one to a user with as many, but to
 * root and the daemon's own.  False if there is none.
 */
bool client_drop_for(uid_t uid);

#endif /* ZXD_CLIENT_H */

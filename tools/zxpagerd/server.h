/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_SERVER_H
#define ZXD_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

/* The most that are kept, if the limit of open files allows for as many. */
#define CLIENTS_MAX	4096
extern unsigned int client_max;

/* Begins to listen; ends the daemon if it cannot. */
void server_open(const char *path);

/* Takes the socket away. */
void server_close(void);

/* A client has gone, so there is room for another. */
void server_client_gone(void);

/* A connection that the server took; it closes itself. */
void client_add(int fd, uid_t uid, bool allowed);

/* Says why there will be no service, and hangs up. */
void client_refuse(int fd, int error);

/* How many there are. */
unsigned int client_count(void);

/* Begins to end the one that has been idle the longest; false if none is. */
bool client_drop_idlest(void);

#endif /* ZXD_SERVER_H */

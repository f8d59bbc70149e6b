/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_SERVER_H
#define ZXD_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

#define CLIENTS_MAX	256

/* Begins to listen; ends the daemon if it cannot. */
void server_open(const char *path);

/* Takes the socket away. */
void server_close(void);

/* A client has gone, so there is room for another. */
void server_client_gone(void);

/* A connection that the server took; it closes itself. */
void client_add(int fd, uid_t uid, bool allowed);

/* How many there are, and an end to the one that has been idle the longest. */
unsigned int client_count(void);
void client_drop_idlest(void);

#endif /* ZXD_SERVER_H */

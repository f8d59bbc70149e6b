/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_SERVER_H
#define ZXD_SERVER_H

/* Begins to listen; ends the daemon if it cannot. */
void server_open(const char *path);

/* Takes the socket away. */
void server_close(void);

#endif /* ZXD_SERVER_H */

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_SERVER_H
#define ZXD_SERVER_H

/* Begins to listen, with @lock of a predecessor or -1; ends the daemon if it cannot. */
void server_open(const char *path, int lock);

/* The same with what a predecessor has opened, and clients may wait at. */
void server_take(const char *path, int listener, int lock);

/* What a successor is to have of it. */
int server_listener(void);
int server_lock(void);

/* Takes the socket away. */
void server_close(void);

/* Called then: somebody else has it, too. */
void server_on_close(void (*closed)(void));

#endif /* ZXD_SERVER_H */

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

/* Takes the socket away; and tells whoever has it, too, if that is not NULL. */
void server_close(void);
extern void (*server_closed)(void);

#endif /* ZXD_SERVER_H */

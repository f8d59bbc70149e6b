/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_LINKS_H
#define ZXD_LINKS_H

/*
 * Connections to servers.  What a worker that dies has sent goes on to its server, and the next
 * worker must not send anything newer before that.  So a keeper has them, too.
 */

/* A worker hands on by @keep each connection that is made; nobody does without a keeper. */
void links_on_made(void (*keep)(unsigned int place, int fd));

/*
 * There is one, that of @place, whose former one has ended.  To be told before anything is written
 * by it.
 */
void links_made(unsigned int place, int fd);

/* Places for so many more, which begin with the one that is returned. */
unsigned int links_reserve(unsigned int count);

/* This is the end of one that was handed on, whoever has it. */
void links_end(int fd);

/* One of the worker before: its server hears that nothing more comes.  It is closed later. */
void links_take(int fd);

/*
 * Waits until each server has closed its end, and so has heard all, for --reconnect-timeout at
 * most; a line if not.
 */
void links_wait(void);

#endif /* ZXD_LINKS_H */

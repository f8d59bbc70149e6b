/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_WORKER_H
#define ZXD_WORKER_H

/*
 * The daemon as a worker of a keeper: takes all that the keeper holds, before anything is
 * opened; ends the daemon if the keeper has gone.
 */
void worker_begin(void);

/* The descriptor of its generation; who is kept has no other. */
int worker_generation(void);

/* The socket for clients and its lock, if a worker before had them; or -1. */
int worker_listener(void);
int worker_lock(void);

/* From now on the keeper has them, too. */
void worker_keep_listener(int listener, int lock);

/* It serves, and hears what the keeper says. */
void worker_serve(void);

#endif /* ZXD_WORKER_H */

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_STOP_H
#define ZXD_STOP_H

#include <stdbool.h>

/*
 * From now on signals that end the daemon are for stop_is_wanted().  A worker of a keeper, which
 * hears of the end in another way, leaves with SIGTERM, and takes no other one.
 */
void stop_catch_signals(bool is_kept);

/* The keeper has had so many signals that ask for the end; or wants another worker. */
void stop_told(unsigned int signals);
void stop_leave(void);

/*
 * Called by a worker that is about to leave: @hear calls one of these if the keeper has said
 * so, or has gone, since without a keeper there is none after it.
 */
void stop_on_leave(void (*hear)(void));

/* This is to be the end. */
bool stop_is_told(void);

/* That, or this worker is to leave. */
bool stop_is_wanted(void);

/* Ends serving, in good order; tells the exit status. */
int stop(void);

#endif /* ZXD_STOP_H */

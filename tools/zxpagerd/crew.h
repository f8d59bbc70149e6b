/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_CREW_H
#define ZXD_CREW_H

/* Starts the first threads; before that calls are not made. */
void crew_start(void);

/* Somebody makes the calls that the first thread has begun. */
void crew_kick(void);

/* A turn of the loop, after what the last one left to be done. */
void crew_turn(void);

#endif /* ZXD_CREW_H */

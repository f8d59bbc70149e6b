/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_CREW_H
#define ZXD_CREW_H

/* Starts the first threads; before that calls are not made. */
void crew_start(void);

/* After a turn of the loop: somebody makes the calls that were begun in it. */
void crew_kick(void);

#endif /* ZXD_CREW_H */

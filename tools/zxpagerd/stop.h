/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_STOP_H
#define ZXD_STOP_H

#include <stdbool.h>

/* From now on signals that end the daemon are for stop_is_wanted(). */
void stop_catch_signals(void);

/* One has come. */
bool stop_is_wanted(void);

/* Ends serving, in good order; tells the exit status. */
int stop(void);

#endif /* ZXD_STOP_H */

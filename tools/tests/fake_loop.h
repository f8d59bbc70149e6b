/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TESTS_FAKE_LOOP_H
#define TESTS_FAKE_LOOP_H

#include <stdbool.h>

/* Handles one thing that is ready, looking for it from number @start on; false if none. */
bool fake_loop_step(unsigned int start);

/* Ends it all; tells what was still being waited for. */
unsigned int fake_loop_forget(void);

#endif /* TESTS_FAKE_LOOP_H */

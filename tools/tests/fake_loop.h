/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TESTS_FAKE_LOOP_H
#define TESTS_FAKE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

/* The VMO of the fake is found by its name and its key from now on. */
void fake_register(void);

/* The key of its packets, if that is not 0. */
extern uint64_t fake_key;

/* Serves the packet that follows a detach; false if there is none. */
bool fake_packets(void);

/* Handles one thing that is ready, looking for it from number @start on; false if none. */
bool fake_loop_step(unsigned int start);

/* What a turn of the loop is to the daemon's end, which takes turns itself. */
extern void (*fake_turn)(void);

/* Ends it all; tells what was still being waited for. */
unsigned int fake_loop_forget(void);

#endif /* TESTS_FAKE_LOOP_H */

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

/*
 * Makes or closes the first copy of those that wait for that; false if there is none.  The loop
 * does so as well, unless they are to wait.
 */
bool fake_copy_step(void);
extern bool fake_copies_wait;

/* What the kernel says to the making of a copy, if that is not 0; so many are open. */
extern int fake_copy_error;
extern unsigned int fake_copy_fds;

/* What a turn of the loop is to the daemon's end, which takes turns itself. */
extern void (*fake_turn)(void);

/* Ends it all; tells what was still being waited for. */
unsigned int fake_loop_forget(void);

#endif /* TESTS_FAKE_LOOP_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Faults that the kernel injects: the nth allocation or user copy of the calling
 * thread fails (/proc/thread-self/fail-nth), or the nth call of one kernel function
 * that allows that (fail_function). And a watchdog that tells which fault made
 * something hang.
 */
#ifndef ZXP_SELFTESTS_FAILNTH_H
#define ZXP_SELFTESTS_FAILNTH_H

#include <stdbool.h>

/* Make ready. NULL, or why this kernel cannot inject faults. */
const char *fail_init(void);

/*
 * The same for errors of functions. Without ftrace the kernel injects them from within
 * what counts as an NMI, and takes a lock there: lockdep would say so, and then nothing
 * any more.
 */
const char *fail_functions_init(void);

/* Fail the nth from now on of what the calling thread allocates and copies. */
void fail_arm(unsigned int n);
/* No more faults. Has the nth been failed? */
bool fail_disarm(void);

/* After fail_disarm(): how many more there would have had to be. */
unsigned int fail_remaining(void);

/*
 * No faults in what follows; fail_disarm() tells what was before. For an operation
 * that has to look at what it did.
 */
void fail_pause(void);
/* And from here on again. */
void fail_resume(void);

/* Until the end the calling thread gets no memory of these kinds. */
#define STARVE_SLAB	1
#define STARVE_PAGES	2
/* By the same thread, and before all the others. */
void starve_init(void);
void starve_begin(unsigned int what);
void starve_end(void);

/*
 * Fail the nth call of a function by any task, or all of them if that is 0. The return
 * value is @err, negative. False after a message if the function allows no such thing.
 */
bool fail_function_begin(const char *function, int err);
void fail_function_arm(unsigned int n);
bool fail_function_disarm(void);
void fail_function_end(const char *function);

/* From now on the process ends with a message when it is not told otherwise in time. */
bool watchdog_start(void);
/* @n 0 is without a fault. */
void watchdog_expect(const char *name, unsigned int n);

/* The lowest free descriptor: it tells of descriptors that were left open. */
int lowest_fd(void);

#endif /* ZXP_SELFTESTS_FAILNTH_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A function of the module takes its time: the kernel traces the return from there, with a
 * stack, again and again.
 */
#ifndef ZXP_SELFTESTS_SLOW_H
#define ZXP_SELFTESTS_SLOW_H

#include <stdbool.h>
#include <stdint.h>

/* With so many stacks each time, 8 at most. False if that cannot be had here. */
bool slow_down(const char *function, unsigned int stacks);
void speed_up(void);
/* How often it was called since; 0 also if that is not known. */
uint64_t slow_calls(void);

#endif /* ZXP_SELFTESTS_SLOW_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A loop device over a descriptor.
 */
#ifndef ZXP_SELFTESTS_LOOP_H
#define ZXP_SELFTESTS_LOOP_H

#include <stdint.h>

/*
 * Its descriptor, open for both, with its path; -ENODEV if there are none here, or another
 * negative errno. @flags are LO_FLAGS_*.
 */
int loop_over(int fd, uint32_t flags, char path[32]);
/* It is a loop device no more, and closed; a negative errno if it stays. */
int loop_end(int loop);

#endif /* ZXP_SELFTESTS_LOOP_H */

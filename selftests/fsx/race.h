/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXP_SELFTESTS_FSX_RACE_H
#define ZXP_SELFTESTS_FSX_RACE_H

#include <stdint.h>

/* Threads that all change the same bytes of @vmo, which the file @store is behind. */
int race(const char *vmo, const char *store, unsigned int rounds, uint64_t seed);

#endif /* ZXP_SELFTESTS_FSX_RACE_H */

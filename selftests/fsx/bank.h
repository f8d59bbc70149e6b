/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A bank that keeps its books in a VMO: each takes the same arguments as the mode of fsx of
 * that name.
 */
#ifndef ZXP_SELFTESTS_FSX_BANK_H
#define ZXP_SELFTESTS_FSX_BANK_H

#include <stdint.h>

int bank_new(const char *state, const char *store, uint64_t seed);
int bank_run(const char *vmo, const char *store, const char *state, uint64_t transfers,
	     unsigned int mark);
int bank_check(const char *store, const char *state);

#endif /* ZXP_SELFTESTS_FSX_BANK_H */

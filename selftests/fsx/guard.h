/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Accesses to a mapping that may fail, by any thread.
 */
#ifndef ZXP_SELFTESTS_FSX_GUARD_H
#define ZXP_SELFTESTS_FSX_GUARD_H

#include <stdbool.h>
#include <stddef.h>

/* Once, before the first of them. */
void guard_begin(void);

/* memcpy(); false if that ended in SIGBUS. */
bool guarded_copy(void *to, const void *from, size_t length);

#endif /* ZXP_SELFTESTS_FSX_GUARD_H */

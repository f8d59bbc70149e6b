/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is kept in a file, to outlive who keeps it.
 */
#ifndef ZXP_SELFTESTS_FSX_STATE_H
#define ZXP_SELFTESTS_FSX_STATE_H

#include <stddef.h>

/*
 * Maps the file, which becomes @size bytes long; @flags are for open(). It does not come back
 * if that fails.
 */
void *map_state(const char *path, size_t size, int flags);

#endif /* ZXP_SELFTESTS_FSX_STATE_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory that nothing refers to any more, where the kernel looks for it.
 */
#ifndef ZXP_SELFTESTS_KMEMLEAK_H
#define ZXP_SELFTESTS_KMEMLEAK_H

#include <stdio.h>

/* What kmemleak has to say, nothing if all is well; NULL if there is no kmemleak. */
FILE *kmemleak_scan(void);

#endif /* ZXP_SELFTESTS_KMEMLEAK_H */

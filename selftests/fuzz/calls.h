/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For who makes calls: RUN(name) begins a function that makes one, with its arguments
 * in a[], and returns a negative errno or what the call gives.
 */
#ifndef ZXP_FUZZ_CALLS_H
#define ZXP_FUZZ_CALLS_H

#include <errno.h>

#include "fuzz.h"

#define RUN(name) long run_##name(struct thread *t __attribute__((unused)), \
				  const struct call_desc *d __attribute__((unused)), \
				  const uint64_t *a)

static inline long result(long ret)
{
	return ret < 0 ? -errno : ret;
}

#endif /* ZXP_FUZZ_CALLS_H */

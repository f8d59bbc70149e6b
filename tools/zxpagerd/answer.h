/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_ANSWER_H
#define ZXD_ANSWER_H

#include <stdint.h>

struct target;

/* Fails a range with @code. */
void answer_fail(struct target *t, uint64_t offset, uint64_t length, int code);

#endif /* ZXD_ANSWER_H */

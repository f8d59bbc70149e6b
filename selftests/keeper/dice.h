/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Numbers that look random and come again with the same seed.
 */
#ifndef ZXP_SELFTESTS_DICE_H
#define ZXP_SELFTESTS_DICE_H

#include <stdint.h>

struct dice {
	uint64_t state;
};

/* 0 .. @sides - 1; none of the sides is nothing to choose from. */
static inline uint32_t roll(struct dice *d, uint32_t sides)
{
	d->state = d->state * 6364136223846793005ULL + 1442695040888963407ULL;
	return sides ? (d->state >> 33) % sides : 0;
}

/* In one of @n cases. */
static inline int one_in(struct dice *d, uint32_t n)
{
	return !roll(d, n);
}

#endif /* ZXP_SELFTESTS_DICE_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One who changes nothing: it reads, prefetches, and makes room.
 */
#ifndef ZXP_SELFTESTS_BYSTANDER_H
#define ZXP_SELFTESTS_BYSTANDER_H

#include <pthread.h>

#include "../lib/pager.h"
#include "dice.h"

struct bystander {
	struct test_vmo *vmo;
	uint64_t room;
	struct dice dice;
	volatile bool stop;
	volatile uint64_t errors;
	pthread_t thread;
};

/* @room: pages that the VMO may ever have. */
bool bystander_start(struct bystander *b, struct test_vmo *vmo, uint64_t room,
		     uint64_t seed);
/* Ended, and nothing went wrong. */
bool bystander_end(struct bystander *b);

#endif /* ZXP_SELFTESTS_BYSTANDER_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kernel functions that take their time, so that a few instructions are long enough for
 * somebody else to come in between.
 */
#ifndef ZXP_SELFTESTS_SLOW_H
#define ZXP_SELFTESTS_SLOW_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct slow {
	/* "p:FUNCTION" where it begins, "r:FUNCTION" where it returns; zxpager:F if it is ours */
	const char *where;
	pid_t tid;			/* in this thread, or in any if it is 0 */
	unsigned int times;		/* how much: some 10 us each, more in a slow guest */
};

/*
 * What was slow before is not any more. False, after a message, if that cannot be had here:
 * the kernel has no such events, so that nothing is proved; with them it must work.
 */
bool slow_down(const struct slow *slow, unsigned int nr);
/* Could it be had, if only the function was there? */
bool can_slow_down(void);

/* In a test: all goes on with it, or it is skipped; a function that is gone fails it. */
#define SLOW_OR_SKIP(slowed) do {						\
	if (!(slowed)) {							\
		ASSERT_FALSE(can_slow_down());					\
		SKIP(return, "nothing can be slowed down here");		\
	}									\
} while (0)
void speed_up(void);
/* How often the first of them was called since; 0 also if that is not known. */
uint64_t slow_calls(void);

#endif /* ZXP_SELFTESTS_SLOW_H */

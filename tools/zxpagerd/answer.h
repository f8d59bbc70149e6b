/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_ANSWER_H
#define ZXD_ANSWER_H

#include <stdint.h>

struct target;

/*
 * struct request - the part of a READ packet that no window was begun for
 * @taken: how much had been supplied when the packet was waited for
 */
struct request {
	struct request *next;
	uint64_t offset;
	uint64_t end;
	uint64_t taken;
};

/* struct requests - those of one VMO, in the order in which they came */
struct requests {
	struct request *first, **end;
};

/* Fails a range with @code. */
void answer_fail(struct target *t, uint64_t offset, uint64_t length, int code);

/* Requests for what just got content are over. */
void answer_trim(struct requests *requests, uint64_t offset, uint64_t end);

#endif /* ZXD_ANSWER_H */

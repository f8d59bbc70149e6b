/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_REQUESTS_H
#define ZXD_REQUESTS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * struct request - what is left of a packet that somebody waits for the answer to
 *
 * A READ:
 * @taken: how much had been supplied when the packet was waited for
 *
 * A DIRTY:
 * @alone: grant what it asks for and nothing around it
 * @waits: was refused for a limit
 * @pass: if so: granted in any case once this pass over the VMO is done
 */
struct request {
	struct request *next, *previous;
	uint64_t offset;
	uint64_t end;
	uint64_t taken;
	bool alone;
	bool waits;
	uint64_t pass;
};

/*
 * struct requests - those of one VMO and one kind, in the order in which they came; all 0 at
 * the start
 * @tree: of tsearch(): the same by their ranges, no two of which have a byte in common
 */
struct requests {
	struct request *first, *last;
	void *tree;
};

extern unsigned long requests_steps;	/* for tests: so often two ranges were compared */

/* All of a range is asked for already. */
bool requests_have(const struct requests *requests, uint64_t offset, uint64_t end);

/* What is not yet is, last of all; false if there is no memory for all of that. */
bool requests_add(struct requests *requests, uint64_t offset, uint64_t end, uint64_t taken);

/*
 * The first one is over, or becomes two, of which that ends at @at; false without memory.
 * Its ends may be moved, towards each other, as long as something is left.
 */
void requests_pop(struct requests *requests);
bool requests_split(struct requests *requests, uint64_t at);

/* What they ask for in a range is over, unless that is in the middle of one. */
void requests_trim(struct requests *requests, uint64_t offset, uint64_t end);

#endif /* ZXD_REQUESTS_H */

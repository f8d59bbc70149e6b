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
	struct request *next;
	uint64_t offset;
	uint64_t end;
	uint64_t taken;
	bool alone;
	bool waits;
	uint64_t pass;
};

/* struct requests - those of one VMO and one kind, in the order in which they came */
struct requests {
	struct request *first, **end;
};

void requests_init(struct requests *requests);

/* All of a range is asked for already, by one of them. */
bool requests_have(const struct requests *requests, uint64_t offset, uint64_t end);

/* The last one; NULL if there is no memory. */
struct request *requests_add(struct requests *requests, uint64_t offset, uint64_t end);

/* The first one is over, or becomes two, of which that ends at @at; false without memory. */
void requests_pop(struct requests *requests);
bool requests_split(struct requests *requests, uint64_t at);

/* What they ask for in a range is over. */
void requests_trim(struct requests *requests, uint64_t offset, uint64_t end);

#endif /* ZXD_REQUESTS_H */

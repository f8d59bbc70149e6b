/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_CHUNKS_H
#define ZXD_CHUNKS_H

#include <stdbool.h>
#include <stdint.h>

#include "loop.h"
#include "parts.h"
#include "pool.h"

#define CHUNKS		4
#define CHUNK_SIZE	(256u << 10)

struct chunks;

/* struct chunk - a piece of a part on its way to the store */
struct chunk {
	struct event event;
	struct chunks *chunks;
	bool busy;
	uint8_t *buffer;	/* while it is busy */
	struct part *part;
	uint64_t offset;
	uint32_t length, put;
};

/*
 * struct chunks - the data of a batch, as it is written
 * @parts: of which those that are no zeroes are
 * @done: called when all of it is in the store or has failed
 * @at: next to be written, in part number @current
 * @writes: how many are under way
 * @any: something was written; @grew and made the store larger
 * @buffers: waits for one only if none is under way
 */
struct chunks {
	struct target *target;
	struct parts *parts;
	void (*done)(struct chunks *chunks);
	unsigned int current;
	uint64_t at;
	struct chunk chunk[CHUNKS];
	unsigned int writes;
	bool any, grew;
	struct pool_user buffers;
};

/* 0 or an errno; before serving, because writing back must not need memory. */
int chunks_init(struct chunks *chunks, struct parts *parts);

/* How many all VMOs share, if that is two for each store; to be set before the first one. */
extern unsigned int chunks_shared;

/* Once in each turn of the loop: those that wait for buffers of others go on. */
void chunks_turn(void);

/* Begins to write; @chunks->done is called in the end, and perhaps from within. */
void chunks_write(struct chunks *chunks);

#endif /* ZXD_CHUNKS_H */

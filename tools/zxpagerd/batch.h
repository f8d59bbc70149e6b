/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_BATCH_H
#define ZXD_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "loop.h"

#define BATCH_RANGES	256
#define BATCH_BYTES	(16u << 20)
#define CHUNKS		4
#define CHUNK_SIZE	(256u << 10)

struct vmo;

/* struct part - a range of a batch; @error is what keeps it from being durable */
struct part {
	uint64_t offset;
	uint64_t end;
	bool zero;
	int error;
};

/* struct chunk - a piece of a part on its way to the store */
struct chunk {
	struct event event;
	struct vmo *vmo;
	bool busy;
	uint8_t *buffer;
	struct part *part;
	uint64_t offset;
	uint32_t length, put;
};

/*
 * struct batch - some of what is dirty in a VMO, as it is written back together
 * @busy: under way
 * @next: where the next batch goes on
 * @error: the first thing that failed
 * @at: next to be zeroed or written, in part number @current
 * @piece: end of the zeroes under way from @at on; @drop if they give up space
 * @limit: where zeroes end, because the store has nothing beyond
 * @writes: chunks under way
 * @unsynced: the store was changed since its last sync; @resized in size
 * @old_size, @new_size: of the store, while it gets another
 */
struct batch {
	bool busy;
	uint64_t next;
	int error;
	struct part parts[BATCH_RANGES];
	unsigned int count;
	unsigned int current;
	uint64_t at;
	uint64_t piece;
	bool drop;
	bool blanking;
	uint64_t limit;
	struct chunk chunks[CHUNKS];
	unsigned int writes;
	struct event event;
	bool unsynced;
	bool resized;
	uint64_t old_size, new_size;
};

/* 0 or an errno; before serving, because writing back must not need memory. */
int batch_init(struct vmo *vmo);
void batch_free(struct vmo *vmo);

/*
 * Begins to write back what is dirty in [@offset, @end), or the first of it, and the
 * VMO's size.  False if there is nothing to do; otherwise writeback_batch_done() is
 * called when it is durable or has failed.
 */
bool batch_begin(struct vmo *vmo, uint64_t offset, uint64_t end);

/* The batch has failed, or @part of it has, if that is not NULL.  Says so. */
void batch_note_error(struct vmo *vmo, struct part *part, int error, const char *what,
		      uint64_t offset, uint64_t length);

#endif /* ZXD_BATCH_H */

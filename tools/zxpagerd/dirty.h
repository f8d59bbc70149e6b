/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_DIRTY_H
#define ZXD_DIRTY_H

#include <stdbool.h>
#include <stdint.h>

#include "loop.h"
#include "ranges.h"

struct vmo;

/*
 * struct grant - a DIRTY packet, or what is left of it
 * @alone: grant what it asks for and nothing around it
 * @waits: was refused for a limit
 * @pass: if so: granted in any case once this pass over the VMO is done
 */
struct grant {
	struct grant *next;
	uint64_t offset;
	uint64_t end;
	bool alone;
	bool waits;
	uint64_t pass;
};

/*
 * struct dirty - how the DIRTYs of one VMO are answered
 * @bytes: in dirty pages: what the kernel said last, and what was granted since
 * @event: of the reservation under way, if @reserving; for [@from, @to)
 * @reserved: where the store is known to have space
 * @unreserved: the store cannot tell
 * @paused: reservations wait for dirty_resume(); @ready was not called yet
 */
struct dirty {
	struct grant *queue, **queue_end;
	uint64_t bytes;
	bool throttled;
	struct event event;
	bool reserving;
	uint64_t from, to;
	struct ranges reserved;
	bool unreserved;
	bool paused;
	void (*ready)(struct vmo *vmo);
};

/* Before serving. */
void dirty_init(struct vmo *vmo);

/* Somebody waits to write to a range: it will be granted or failed. */
void dirty_request(struct vmo *vmo, uint64_t offset, uint64_t length);

/* Nobody waits any more. */
void dirty_cancel(struct vmo *vmo);

/* Grants what may be granted by now, in this VMO and in all. */
void dirty_pump(struct vmo *vmo);
void dirty_pump_all(void);

/* Sets the number of dirty bytes to what the kernel tells. */
void dirty_count(struct vmo *vmo, uint64_t bytes);

/* More than half of what may be dirty in all of them is. */
bool dirty_is_much(void);

/*
 * What is about to make space of the store free again takes care here that nobody
 * reserves it in the meantime.  @ready is called once no reservation is under way, which
 * may be at once.
 */
void dirty_pause(struct vmo *vmo, void (*ready)(struct vmo *vmo));
void dirty_resume(struct vmo *vmo);

#endif /* ZXD_DIRTY_H */

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_AHEAD_H
#define ZXD_AHEAD_H

#include <stdbool.h>
#include <stdint.h>

#define AHEAD_STREAMS	8

/*
 * struct stream - READs that follow one another, those of one client as a rule
 * @from: start of the last window that one of them was for
 * @next: end of what was begun for them
 * @until: where reading ahead stops for now
 * @length: how far to read ahead of the next READ, 0 before a second one has come
 * @used: when the last one came, on the clock of READs; 0 if there is no stream
 * @waits: the window at @from comes first
 */
struct stream {
	uint64_t from;
	uint64_t next;
	uint64_t until;
	uint64_t length;
	uint64_t used;
	bool waits;
};

/*
 * struct ahead - what is to be read of one VMO before anybody asks for it
 * @window: offsets and lengths are multiples of that
 * @max: the most that a stream is ahead of its READs; 0 for nothing ever
 * @clock: counts READs
 * @going: a stream may have something to be read
 */
struct ahead {
	uint64_t window;
	uint64_t max;
	uint64_t clock;
	bool going;
	struct stream streams[AHEAD_STREAMS];
};

/* @max is rounded up to windows. */
void ahead_init(struct ahead *a, uint64_t window, uint64_t max);

/*
 * A READ has come: for the windows that start at @first to @last; @under_way says of that
 * one that it is being read.
 */
void ahead_read(struct ahead *a, uint64_t first, uint64_t last, bool under_way);

/* Nobody waits any more for the window at @offset. */
void ahead_answered(struct ahead *a, uint64_t offset);

/* The window at @offset could not be read or supplied as a whole. */
void ahead_failed(struct ahead *a, uint64_t offset);

/* The window to be read next, as @offset, unless that is @size or more; false if none is. */
bool ahead_next(struct ahead *a, uint64_t size, uint64_t *offset);

#endif /* ZXD_AHEAD_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What one writer has done to its part of a file, and what of that has to be in the store.
 *
 * It lives in a file, so that it outlives its writer.  All offsets are those of the file.
 */
#ifndef ZXP_SELFTESTS_FSX_MODEL_H
#define ZXP_SELFTESTS_FSX_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROOM	300000u	/* bytes of a part, at most */
#define CHANGES	8192u	/* between two syncs of all of it, at most */

/* struct change - a write of what operation @op writes, or of zeroes if that is 0 */
struct change {
	uint64_t offset, end;
	uint32_t op;
};

/*
 * struct part - a part of the file that one writer has for itself
 * @begin, @limit: where it is; somebody else's pages may begin and end within its own
 * @is_tail: the file ends in it, wherever this writer has it end
 * @end: where it ends now
 * @least, @most: where it has ended since that was last known to be durable
 * @ops: operations so far
 * @now: its content
 * @durable: its content when it was last synced; -1 if it was not there
 * @since: @changes that were synced for each byte; those after that may be in the store
 *
 * A change is noted before it is made, so it is known of if that is never answered.
 */
struct part {
	uint64_t begin, limit;
	bool is_tail;
	uint64_t end, least, most;
	uint32_t ops;
	uint32_t syncs, errors;
	uint64_t dice;
	uint32_t changes;
	struct change change[CHANGES];
	uint8_t now[ROOM];
	int16_t durable[ROOM];
	uint32_t since[ROOM];
};

/* What operation @op writes to @at: never zero, for nobody else writes zeroes. */
uint8_t byte_of(uint32_t op, uint64_t at);

/* Operation @op, or whoever zeroes if that is 0, is about to change [@offset, @end). */
void part_change(struct part *p, uint64_t offset, uint64_t end, uint32_t op);

/* It has changed that much.  What it went over, beyond the end, is zero. */
void part_changed(struct part *p, uint64_t offset, uint64_t end, uint32_t op);

/* The file is about to end at @end; it does. */
void part_resize(struct part *p, uint64_t end);
void part_resized(struct part *p, uint64_t end);

/* A sync of [@offset, @end) was answered with success; one of all of the file. */
void part_synced(struct part *p, uint64_t offset, uint64_t end);
void part_synced_all(struct part *p);

/* Is this the content of [@offset, @end)?  If not it says so, and what it knows. */
bool part_is(const struct part *p, const char *what, const uint8_t *content,
	     uint64_t offset, uint64_t end);

/*
 * After a crash: is @content, up to @end, what may be in the store?  From then on it is
 * what is there.
 */
bool part_survives(const struct part *p, const uint8_t *content, uint64_t end);
void part_adopt(struct part *p, const uint8_t *content, uint64_t end);

#endif /* ZXP_SELFTESTS_FSX_MODEL_H */

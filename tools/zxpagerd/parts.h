/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_PARTS_H
#define ZXD_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#define PARTS_MAX	256
#define PARTS_BYTES	(16u << 20)

struct reader;
struct target;

/* struct part - a range of a batch; @error is what keeps it from being durable */
struct part {
	uint64_t offset;
	uint64_t end;
	bool zero;
	int error;
};

/*
 * struct parts - those of a batch
 * @reader: may have read what is written anew
 * @next: where the next batch goes on
 * @error: the first thing that failed
 * @again: something could not be taken now and is no error: another pass has to come
 * @lost: bytes before @next that are; too few if @next was taken back
 */
struct parts {
	struct target *target;
	struct reader *reader;
	struct part part[PARTS_MAX];
	unsigned int count;
	uint64_t next;
	int error;
	bool again;
	uint64_t lost;
};

/*
 * Parts from @offset on, until there are enough; @next is where they end.  0; EAGAIN to
 * come again; EIO.
 */
int parts_collect(struct parts *p, uint64_t offset, uint64_t end);

/* BEGIN.  A part that could not be begun has an error. */
void parts_begin(struct parts *p);

/* The next batch is to go on at @next, though this one has come further. */
void parts_go_back(struct parts *p, uint64_t next);

/* Part number @i goes without the page at @at: what is behind it is a part of its own. */
void parts_leave_out(struct parts *p, unsigned int i, uint64_t at);

/* END, for the parts without an error, when they are durable. */
void parts_end(struct parts *p);

/*
 * Pages in [@offset, @end), which are more than zeroes, are not written back, and can be:
 * those that are lost do not count.
 */
bool parts_any_pages(struct target *t, uint64_t offset, uint64_t end);

/* Bytes before @end that are lost, since their memory has failed. */
uint64_t parts_lost(struct target *t, uint64_t end);

/* Says that something failed. */
void parts_tell_error(struct target *t, int error, const char *what, uint64_t offset,
		      uint64_t length);

/* The batch has failed, or @part of it has, if that is not NULL.  Says so. */
void parts_note_error(struct parts *p, struct part *part, int error, const char *what,
		      uint64_t offset, uint64_t length);

#endif /* ZXD_PARTS_H */

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_WRITERS_H
#define ZXD_WRITERS_H

#include <stdint.h>

#define WRITERS_MAX	8

/*
 * struct writers - where a VMO is written to
 * @next: where one goes on who goes on; @run bytes from there back were granted to it
 * @noted: when, by the count of @notes
 */
struct writers {
	struct writer {
		uint64_t next;
		uint64_t run;
		uint64_t noted;
	} writer[WRITERS_MAX];
	uint64_t notes;
};

/* How much behind what is asked for at @offset is likely to be asked for next. */
uint64_t writers_ahead(const struct writers *w, uint64_t offset, uint64_t length,
		       uint32_t page_size);

/* [@offset, @end) was granted. */
void writers_note(struct writers *w, uint64_t offset, uint64_t end);

#endif /* ZXD_WRITERS_H */

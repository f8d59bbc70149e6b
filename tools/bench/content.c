// SPDX-License-Identifier: GPL-2.0
/*
 * What the daemons have: each page another one.
 */
#include <errno.h>
#include <string.h>

#include "bench.h"

static char *content;

void content_make(void)
{
	uint64_t *word, state = 0x9e3779b97f4a7c15;
	size_t i;

	if (content)
		return;
	/*
	 * Not aligned as what it is copied to is: the TLB that tcg has is direct-mapped,
	 * and two pages of the same place in it make each access to either a miss.
	 */
	content = map_memory(CONTENT_SIZE + PAGE_SIZE, -1) + PAGE_SIZE;
	word = (uint64_t *)content;
	for (i = 0; i < CONTENT_SIZE / sizeof(*word); i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		word[i] = state;
	}
}

const void *content_at(size_t page)
{
	return content + page % CONTENT_PAGES * PAGE_SIZE;
}

size_t content_run(size_t page, size_t nr)
{
	size_t left = CONTENT_PAGES - page % CONTENT_PAGES;

	return nr < left ? nr : left;
}

uint64_t content_word(size_t page)
{
	return *(const uint64_t *)content_at(page);
}

void content_check(const void *data, size_t page, size_t nr, const char *who)
{
	const char *at = data;

	for (; nr; page++, nr--, at += PAGE_SIZE) {
		if (!memcmp(at, content_at(page), PAGE_SIZE))
			continue;
		errno = 0;
		die("%s: page %zu is not what was supplied", who, page);
	}
}

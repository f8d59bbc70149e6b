// SPDX-License-Identifier: GPL-2.0
/*
 * Ranges whose READs are to fail.
 */
#include <errno.h>
#include <stdlib.h>

#include "bad.h"
#include "pager.h"

#define BADS_MAX	1024

int bad_code(const struct bads *bads, uint64_t offset)
{
	for (const struct bad *bad = bads->first; bad; bad = bad->next)
		if (bad->offset <= offset && offset < bad->end)
			return bad->code;
	return 0;
}

bool bad_any(const struct bads *bads, uint64_t offset, uint64_t end)
{
	for (const struct bad *bad = bads->first; bad; bad = bad->next)
		if (bad->offset < end && offset < bad->end)
			return true;
	return false;
}

int bad_add(struct bads *bads, struct target *t, uint64_t offset, uint64_t length,
	    int code)
{
	struct bad *bad;
	uint64_t mask = t->page_size - 1;

	pager_refresh(t);
	if (!length || offset >= t->size || length > t->size - offset)
		return ERANGE;
	if (bads->count == BADS_MAX)
		return ENOSPC;
	bad = malloc(sizeof(*bad));
	if (!bad)
		return ENOMEM;
	*bad = (struct bad){
		.next = bads->first,
		.offset = offset & ~mask,
		.end = (offset + length + mask) & ~mask,
		.code = code,
	};
	bads->first = bad;
	bads->count++;
	return 0;
}

void bad_clear(struct bads *bads)
{
	struct bad *bad;

	while ((bad = bads->first)) {
		bads->first = bad->next;
		free(bad);
	}
	bads->count = 0;
}

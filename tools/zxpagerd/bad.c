// SPDX-License-Identifier: GPL-2.0
/*
 * Ranges whose READs are to fail.
 */
#include <errno.h>
#include <stdlib.h>

#include "reader.h"
#include "vmo.h"

#define BADS_MAX	1024

int reader_bad_code(const struct reader *r, uint64_t offset)
{
	for (const struct bad *bad = r->bads; bad; bad = bad->next)
		if (bad->offset <= offset && offset < bad->end)
			return bad->code;
	return 0;
}

bool reader_has_bad(const struct reader *r, uint64_t offset, uint64_t end)
{
	for (const struct bad *bad = r->bads; bad; bad = bad->next)
		if (bad->offset < end && offset < bad->end)
			return true;
	return false;
}

int reader_add_bad(struct vmo *vmo, uint64_t offset, uint64_t length, int code)
{
	struct reader *r = &vmo->reader;
	struct bad *bad;
	uint64_t mask = r->page_size - 1;

	vmo_refresh(vmo);
	if (!length || offset >= vmo->size || length > vmo->size - offset)
		return ERANGE;
	if (r->bad_count == BADS_MAX)
		return ENOSPC;
	bad = malloc(sizeof(*bad));
	if (!bad)
		return ENOMEM;
	*bad = (struct bad){
		.next = r->bads,
		.offset = offset & ~mask,
		.end = (offset + length + mask) & ~mask,
		.code = code,
	};
	r->bads = bad;
	r->bad_count++;
	return 0;
}

void reader_clear_bad(struct vmo *vmo)
{
	struct bad *bad;

	while ((bad = vmo->reader.bads)) {
		vmo->reader.bads = bad->next;
		free(bad);
	}
	vmo->reader.bad_count = 0;
}

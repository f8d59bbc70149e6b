// SPDX-License-Identifier: GPL-2.0
/*
 * READs that wait for an answer, and the answers to them that are no content.
 */
#include <stdlib.h>

#include "answer.h"
#include "pager.h"

void answer_fail(struct target *t, uint64_t offset, uint64_t length, int code)
{
	uint64_t end = offset + length;
	zx_status_t status;

	do {
		status = pager_fail(t, offset, end - offset, code);
	} while (status == ZX_ERR_OUT_OF_RANGE && pager_clip(t, offset, &end));
	t->failed++;
	if (status != ZX_OK && status != ZX_ERR_BAD_STATE &&
	    !(status == ZX_ERR_OUT_OF_RANGE && t->resizable))
		log_limited(&t->limit, "%s: cannot fail %llu+%llu: status %d",
			    t->name, (unsigned long long)offset,
			    (unsigned long long)length, status);
}

void answer_trim(struct requests *requests, uint64_t offset, uint64_t end)
{
	struct request **link = &requests->first, *req;

	while ((req = *link)) {
		if (offset <= req->offset && req->offset < end)
			req->offset = end < req->end ? end : req->end;
		else if (req->offset < offset && offset < req->end &&
			 req->end <= end)
			req->end = offset;
		if (req->offset < req->end) {
			link = &req->next;
			continue;
		}
		*link = req->next;
		if (!req->next)
			requests->end = link;
		free(req);
	}
}

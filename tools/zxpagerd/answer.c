// SPDX-License-Identifier: GPL-2.0
/*
 * Answers to READs that are no content.
 */
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

// SPDX-License-Identifier: GPL-2.0
/*
 * What snapshots have.
 */
#define _GNU_SOURCE
#include <signal.h>

#include "snapshot.h"
#include "thread.h"

bool words_are(struct test_vmo *vmo, const uint64_t *words, unsigned int nr)
{
	bool ok = true;

	for (unsigned int page = 0; page < nr; page++)
		ok &= vmo_word_is(vmo, page, words[page]);
	return ok;
}

bool is_broken(struct test_vmo *child, uint64_t page)
{
	uint64_t word;

	return zxp_vmo_read(child->fd, page * page_size, 8, &word) == -EIO &&
	       crashes(page_at(child, page), SIGBUS);
}

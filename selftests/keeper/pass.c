// SPDX-License-Identifier: GPL-2.0
/*
 * One pass of writing back: query, BEGIN, copy, END.
 *
 * What a pass may do in any order, and what not:
 *
 * - Ranges begin, are copied and end in any order among each other, and it may leave
 *   some of them for later, but each that has begun also ends in this pass. A zero
 *   range that began and did not end keeps in mind how much of it was promised to be
 *   written, also when others write to it and zero it again: a later END would then
 *   clean what the store does not have.
 * - A range of pages may end in pieces, in any order. It may have been zeroed before it
 *   began, written to before it was copied, and zeroed again since: as what has begun is
 *   kept in mind, END would clean that, and the store has what was written. So it is asked
 *   about before, and zeroes are left for the next pass, which stores them.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <sched.h>
#include <sys/mman.h>
#include <time.h>

#include "keeper.h"

#define PASS_RANGES	32	/* of one query */

struct pass {
	struct keeper *k;
	const struct keeper_generation *g;	/* or NULL: what @k has now */
	struct dice *dice;
	struct zxp_dirty_range range[PASS_RANGES];
	uint64_t nr;
	char *copy;
};

static bool tell(const char *what, uint64_t offset, uint64_t length, int rc)
{
	/* Who is followed by another one begins a pass anew. */
	if (rc != -ESHUTDOWN)
		diag("keeper: %s %#" PRIx64 "+%#" PRIx64 ": %s", what, offset, length,
		     strerror(-rc));
	return false;
}

static int pager_of(const struct pass *pass)
{
	return pass->g ? pass->g->fd : pass->k->p->fd;
}

static int vmo_of(const struct pass *pass)
{
	return pass->g ? pass->g->vmo : pass->k->vmo->fd;
}

static void shuffle(struct pass *pass)
{
	uint64_t i, j;

	for (i = pass->nr; pass->k->wild && i > 1; i--) {
		struct zxp_dirty_range r = pass->range[i - 1];

		j = roll(pass->dice, i);
		pass->range[i - 1] = pass->range[j];
		pass->range[j] = r;
	}
}

static int begin(struct pass *pass, uint64_t offset, uint64_t length, uint64_t options)
{
	return zxp_writeback_begin(pager_of(pass), vmo_of(pass), offset, length, options);
}

static int end(struct pass *pass, uint64_t offset, uint64_t length)
{
	return zxp_writeback_end(pager_of(pass), vmo_of(pass), offset, length);
}

/* The VMO may be shorter by now; what is cut off has nothing to be written. */
static bool begin_range(struct pass *pass, const struct zxp_dirty_range *r)
{
	int rc = begin(pass, r->offset, r->length, r->options);
	uint64_t at;

	for (at = 0; rc == -ERANGE && at < r->length; at += page_size) {
		rc = begin(pass, r->offset + at, page_size, r->options);
		if (rc == -ERANGE)
			return true;
		rc = -ERANGE;
	}
	return !rc || rc == -ERANGE || tell("BEGIN", r->offset, r->length, rc);
}

static bool end_range(struct pass *pass, uint64_t offset, uint64_t length)
{
	int rc = end(pass, offset, length);
	uint64_t at;

	/* Upwards, so that what is left of a zero range is taken page by page. */
	for (at = 0; rc == -ERANGE && at < length; at += page_size) {
		if (end(pass, offset + at, page_size))
			return true;
	}
	return !rc || rc == -ERANGE || tell("END", offset, length, rc);
}

/* The content of a range goes to the store, as it is now. */
static bool copy_pages(struct pass *pass, uint64_t offset, uint64_t length)
{
	struct keeper *k = pass->k;
	int rc = zxp_vmo_read(vmo_of(pass), offset, length, pass->copy);
	uint64_t half = length / 2 / page_size * page_size;

	if (rc == -ERANGE) {
		return length == page_size ||
		       (copy_pages(pass, offset, half) &&
			copy_pages(pass, offset + half, length - half));
	}
	if (rc)
		return tell("read of dirty pages", offset, length, rc);
	pthread_mutex_lock(&k->store_lock);
	memcpy(k->store + offset, pass->copy, length);
	pthread_mutex_unlock(&k->store_lock);
	return true;
}

/* A store takes time, in which others write to what has begun. */
static void take_time(struct pass *pass)
{
	if (pass->k->slow && one_in(pass->dice, 4))
		nanosleep(&(struct timespec){ .tv_nsec = roll(pass->dice, 2000000) },
			  NULL);
}

static bool copy_range(struct pass *pass, const struct zxp_dirty_range *r)
{
	struct keeper *k = pass->k;

	if (k->wild && one_in(pass->dice, 8))
		sched_yield();
	if (!(r->options & ZXP_DIRTY_RANGE_IS_ZERO)) {
		__sync_fetch_and_add(&k->page_ranges, 1);
		return copy_pages(pass, r->offset, r->length);
	}
	__sync_fetch_and_add(&k->zero_ranges, 1);
	pthread_mutex_lock(&k->store_lock);
	memset(k->store + r->offset, 0, r->length);
	pthread_mutex_unlock(&k->store_lock);
	return true;
}

/* What is not zero of a range that was stored as pages. */
static bool end_pages(struct pass *pass, uint64_t offset, uint64_t length)
{
	uint64_t last = offset + length, nr, avail, from, to, i;
	struct zxp_dirty_range range[PASS_RANGES];
	int rc;

	for (; offset < last; offset = to) {
		rc = zxp_query_dirty_ranges(pager_of(pass), vmo_of(pass), offset, last - offset,
					    range, PASS_RANGES, &nr, &avail);
		/* Shorter since, so some of it is left for the next pass. */
		if (rc || !nr)
			return !rc || rc == -ERANGE || tell("query", offset, length, rc);
		for (i = 0; i < nr; i++) {
			from = range[i].offset > offset ? range[i].offset : offset;
			to = range[i].offset + range[i].length;
			if (to > last)
				to = last;
			if (!(range[i].options & ZXP_DIRTY_RANGE_IS_ZERO) &&
			    !end_range(pass, from, to - from))
				return false;
		}
	}
	return true;
}

static bool finish_range(struct pass *pass, const struct zxp_dirty_range *r)
{
	uint64_t cut = roll(pass->dice, r->length / page_size) * page_size;

	if (r->options & ZXP_DIRTY_RANGE_IS_ZERO)
		return end_range(pass, r->offset, r->length);
	if (!pass->k->wild || one_in(pass->dice, 2))
		cut = 0;
	return end_pages(pass, r->offset + cut, r->length - cut) &&
	       end_pages(pass, r->offset, cut);
}

static bool one_by_one(struct pass *pass)
{
	uint64_t i;

	for (i = 0; i < pass->nr; i++) {
		if (!begin_range(pass, &pass->range[i]) ||
		    !copy_range(pass, &pass->range[i]))
			return false;
		take_time(pass);
		if (!finish_range(pass, &pass->range[i]))
			return false;
	}
	return true;
}

static bool all_together(struct pass *pass)
{
	uint64_t i;

	for (i = 0; i < pass->nr; i++)
		if (!begin_range(pass, &pass->range[i]))
			return false;
	shuffle(pass);
	for (i = 0; i < pass->nr; i++)
		if (!copy_range(pass, &pass->range[i]))
			return false;
	take_time(pass);
	shuffle(pass);
	for (i = 0; i < pass->nr; i++)
		if (!finish_range(pass, &pass->range[i]))
			return false;
	return true;
}

/* Leave out some, if nobody waits for the whole. */
static void forget_some(struct pass *pass)
{
	shuffle(pass);
	if (pass->k->wild && one_in(pass->dice, 3))
		pass->nr = roll(pass->dice, pass->nr + 1);
}

/* Ranges may touch what lies beyond the store only if somebody writes there. */
static bool in_store(struct pass *pass)
{
	uint64_t room = pass->k->room * page_size, i;

	for (i = 0; i < pass->nr; i++) {
		struct zxp_dirty_range *r = &pass->range[i];

		if (r->offset + r->length > room)
			return tell("dirty beyond the store", r->offset, r->length, 0);
		if (i && r->offset < r[-1].offset + r[-1].length)
			return tell("not in order", r->offset, r->length, 0);
	}
	return true;
}

static bool run_pass(struct pass *pass, uint64_t offset, uint64_t length, bool all)
{
	struct keeper *k = pass->k;
	uint64_t last = offset + length, at = offset, avail = 0;

	do {
		struct zxp_vmo_info info = vmo_info(k->vmo);
		uint64_t limit = last < info.out_vmo_size ? last : info.out_vmo_size;
		/* A page is part of the range if a byte of it is. */
		uint64_t odd = one_in(pass->dice, 4) ? roll(pass->dice, page_size) : 0;
		int rc;

		if (at >= limit)
			return true;
		rc = zxp_query_dirty_ranges(pager_of(pass), vmo_of(pass), at + odd,
					    limit - at - odd, pass->range, PASS_RANGES,
					    &pass->nr, &avail);
		if (rc == -ERANGE)	/* shorter since that look */
			continue;
		if (rc)
			return tell("query", at, limit - at, rc);
		if (!in_store(pass))
			return false;
		if (!pass->nr)
			return true;
		at = pass->range[pass->nr - 1].offset +
		     pass->range[pass->nr - 1].length;
		if (!all)
			forget_some(pass);
		if (!(one_in(pass->dice, 2) ? one_by_one(pass) : all_together(pass)))
			return false;
	} while (at < last);
	return true;
}

bool keeper_pass_by(struct keeper *k, const struct keeper_generation *g, struct dice *d,
		    uint64_t offset, uint64_t length, bool all)
{
	struct pass pass = { .k = k, .g = g, .dice = d, .copy = map_anon(k->room) };
	bool ok;

	if (!pass.copy)
		return false;
	pthread_mutex_lock(&k->pass_lock);
	ok = run_pass(&pass, offset, length, all);
	k->passes++;
	pthread_mutex_unlock(&k->pass_lock);
	munmap(pass.copy, k->room * page_size);
	return ok;
}

bool keeper_pass(struct keeper *k, struct dice *d, uint64_t offset, uint64_t length,
		 bool all)
{
	struct keeper_generation *g = k->begun ? &k->generation[k->taken_over % 2] : NULL;

	return keeper_pass_by(k, g, d, offset, length, all);
}

uint64_t keeper_dirty(struct keeper *k)
{
	struct zxp_vmo_info info = vmo_info(k->vmo);

	return info.out_dirty_bytes + info.out_zero_bytes;
}

/* Counted by the query itself; -1 if that or the pass goes wrong. */
static int64_t ranges_left(struct keeper *k)
{
	struct dice dice = { 0 };
	uint64_t avail = 0;

	if (!keeper_pass(k, &dice, 0, k->room * page_size, true) ||
	    zxp_query_dirty_ranges(k->p->fd, k->vmo->fd, 0, vmo_info(k->vmo).out_vmo_size,
				   NULL, 0, NULL, &avail))
		return -1;
	return avail;
}

bool keeper_flush(struct keeper *k)
{
	int64_t left = 0;

	/* Pinned pages stay dirty, so it may take until they are let go. */
	return wait_until((left = ranges_left(k)) <= 0) && !left;
}

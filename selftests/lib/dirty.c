// SPDX-License-Identifier: GPL-2.0
/*
 * What is dirty: the calls of a pager on dirty pages, and its queries.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>

#include "dirty.h"

static bool op(const char *name, struct user_pager *p, uint32_t nr_op,
	       struct test_vmo *vmo, uint64_t page, uint64_t nr, uint64_t data)
{
	int rc = zxp_op_range(p->fd, nr_op, vmo->fd, page * page_size, nr * page_size,
			      data);

	if (rc)
		diag("%s of %" PRIu64 "+%" PRIu64 ": %s", name, page, nr, strerror(-rc));
	return !rc;
}

bool pager_dirty(struct user_pager *p, struct test_vmo *vmo, uint64_t page, uint64_t nr)
{
	return op("DIRTY", p, ZXP_PAGER_OP_DIRTY, vmo, page, nr, 0);
}

bool pager_writeback_begin(struct user_pager *p, struct test_vmo *vmo, uint64_t page,
			   uint64_t nr)
{
	return op("WRITEBACK_BEGIN", p, ZXP_PAGER_OP_WRITEBACK_BEGIN, vmo, page, nr, 0);
}

bool pager_writeback_begin_zero(struct user_pager *p, struct test_vmo *vmo,
				uint64_t page, uint64_t nr)
{
	return op("WRITEBACK_BEGIN of zeroes", p, ZXP_PAGER_OP_WRITEBACK_BEGIN, vmo,
		  page, nr, ZXP_DIRTY_RANGE_IS_ZERO);
}

bool pager_writeback_end(struct user_pager *p, struct test_vmo *vmo, uint64_t page,
			 uint64_t nr)
{
	return op("WRITEBACK_END", p, ZXP_PAGER_OP_WRITEBACK_END, vmo, page, nr, 0);
}

bool pager_sync_end(struct user_pager *p, struct test_vmo *vmo, uint64_t page,
		    uint64_t nr, int err)
{
	return op("SYNC_END", p, ZXP_PAGER_OP_SYNC_END, vmo, page, nr, err);
}

bool vmo_zero(struct test_vmo *vmo, uint64_t page, uint64_t nr)
{
	int rc = zxp_vmo_zero(vmo->fd, page * page_size, nr * page_size);

	if (rc)
		diag("ZERO of %" PRIu64 "+%" PRIu64 ": %s", page, nr, strerror(-rc));
	return !rc;
}

/* Where a query puts its results. */
struct query {
	struct zxp_query_dirty_ranges *arg;
	struct zxp_dirty_range *ranges;
	uint64_t room;		/* in ranges */
};

static void show(const struct zxp_dirty_range *r, uint64_t nr)
{
	uint64_t i;

	for (i = 0; i < nr; i++)
		diag("dirty: %#llx+%#llx options %llu", r[i].offset, r[i].length,
		     r[i].options);
}

/* The query of [offset, end) succeeds, and reports @avail ranges in all. */
static bool ask(struct test_vmo *vmo, const struct query *q, uint64_t offset,
		uint64_t end, uint64_t avail)
{
	int rc;

	/* Behind the inputs the structure is left as it is: maybe never touched. */
	q->arg->vmo_fd = vmo->fd;
	q->arg->offset = offset;
	q->arg->length = end - offset;
	q->arg->buffer = (uintptr_t)q->ranges;
	q->arg->buffer_size = q->room * sizeof(*q->ranges);
	rc = zxp_query(vmo->pager->fd, q->arg);
	if (rc) {
		diag("query from %#" PRIx64 ": %s", offset, strerror(-rc));
		return false;
	}
	if (q->arg->out_avail != avail) {
		diag("query from %#" PRIx64 ": %llu dirty ranges instead of %" PRIu64,
		     offset, q->arg->out_avail, avail);
		show(q->ranges, q->room ? q->arg->out_actual : 0);
		return false;
	}
	if (q->arg->out_actual != (avail < q->room ? avail : q->room)) {
		diag("query from %#" PRIx64 ": %llu of %" PRIu64 " ranges in a buffer for %" PRIu64,
		     offset, q->arg->out_actual, avail, q->room);
		return false;
	}
	return true;
}

static bool equal(const struct zxp_dirty_range *seen, const struct dirty_range *want)
{
	if (seen->offset == want->page * page_size &&
	    seen->length == want->nr * page_size &&
	    seen->options == want->options)
		return true;
	diag("wanted: pages %" PRIu64 "+%" PRIu64 ", options %" PRIu64, want->page,
	     want->nr, want->options);
	return false;
}

/* As many at a time as there is room for. */
static bool ask_all(struct test_vmo *vmo, const struct query *q, uint64_t end,
		    const struct dirty_range *want, size_t nr)
{
	uint64_t offset = 0;
	size_t done = 0, i;

	do {
		if (!ask(vmo, q, offset, end, nr - done))
			return false;
		for (i = 0; i < q->arg->out_actual; i++, done++) {
			if (equal(&q->ranges[i], &want[done]))
				continue;
			show(q->ranges, q->arg->out_actual);
			return false;
		}
		if (i)
			offset = q->ranges[i - 1].offset + q->ranges[i - 1].length;
	} while (done < nr);
	return true;
}

bool dirty_ranges_are(struct test_vmo *vmo, const struct dirty_range *want, size_t nr)
{
	struct zxp_query_dirty_ranges arg = { 0 };
	struct zxp_dirty_range ranges[2];
	struct query q = { .arg = &arg };
	uint64_t end = vmo_info(vmo).out_vmo_size;
	char *fresh;
	bool ok;

	if (!ask(vmo, &q, 0, end, nr)) {
		/* Tell what there is, if there is anything to be told. */
		q.ranges = ranges;
		q.room = 2;
		ask(vmo, &q, 0, end, nr);
		return false;
	}
	q.ranges = ranges;
	q.room = 2;
	if (!ask_all(vmo, &q, end, want, nr))
		return false;

	/* The first entry and the structure both lie across a page boundary. */
	fresh = map_anon(4);
	q.ranges = (void *)(fresh + page_size - 16);
	q.arg = (void *)(fresh + 3 * page_size -
			 offsetof(struct zxp_query_dirty_ranges, out_actual));
	ok = ask_all(vmo, &q, end, want, nr);
	munmap(fresh, 4 * page_size);
	return ok;
}

bool was_modified(struct test_vmo *vmo)
{
	uint32_t modified = 0;
	int rc = zxp_query_vmo_stats(vmo->pager->fd, vmo->fd, ZXP_STATS_RESET, &modified);

	if (rc)
		diag("stats: %s", strerror(-rc));
	if (modified & ~ZXP_STATS_MODIFIED)
		diag("stats: unknown bits %#x", modified);
	return modified & ZXP_STATS_MODIFIED;
}

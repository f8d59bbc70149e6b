// SPDX-License-Identifier: GPL-2.0
/*
 * writeback_cycle: a daemon asks what is dirty, begins to write back each range, and
 * ends that. 10,000 pages of a VMO are dirty, in one range, in 100, and in as many as
 * there are pages; between two ranges there are as many clean pages, which are resident
 * too. Nothing is written anywhere: what is measured are the three calls.
 *
 * Nobody else has such calls, so zxpager is compared with itself. What a page costs is
 * the difference of one range of 10,000 pages and one of 1,000; what a range costs,
 * that of the same pages in more ranges. And ten ranges of ten pages are to cost in a
 * VMO of 64 GiB what they cost in one of 1 MiB.
 *
 * No page is mapped, but for the figures that say so: there each one was written to
 * through a mapping, which BEGIN has to make read-only.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <linux/zxpager.h>

#include "peer.h"

#define PAGES		10000UL
#define FEW_PAGES	1000UL
#define SIZES_RANGES	10UL
#define SIZES_RUN	10UL

enum { QUERY, BEGIN, END, CYCLE, STEPS };

static const char *const step_names[STEPS] = { "query", "begin", "end", "cycle" };

/**
 * struct layout - which pages of a VMO are dirty
 * @ranges: how many ranges
 * @run: pages of each
 * @apart: pages from the start of one to the start of the next
 */
struct layout {
	size_t ranges;
	size_t run;
	size_t apart;
};

/**
 * struct dirty_vmo - a VMO whose writes are trapped
 * @pager: its pager
 * @fd: itself
 * @found: where a query puts its ranges
 */
struct dirty_vmo {
	int pager;
	int fd;
	struct zxp_dirty_range *found;
};

static struct dirty_vmo vmo_open(size_t pages)
{
	struct dirty_vmo v = { .pager = zx_pager_open() };

	v.fd = zx_vmo_create(v.pager, pages, ZXP_VMO_TRAP_DIRTY, 0, 1);
	v.found = calloc(PAGES, sizeof(*v.found));
	if (!v.found)
		die("memory for ranges");
	return v;
}

static void vmo_close(struct dirty_vmo *v)
{
	free(v->found);
	close(v->fd);
	close(v->pager);
}

static void fill(const struct dirty_vmo *v, size_t page, size_t nr)
{
	size_t run;

	for (; nr; page += run, nr -= run) {
		run = content_run(page, nr);
		zx_supply(v->pager, v->fd, page, content_at(page), run);
	}
}

static void op(const struct dirty_vmo *v, unsigned int code, const struct layout *l)
{
	size_t i;

	for (i = 0; i < l->ranges; i++)
		if (zx_op_range(v->pager, v->fd, code, i * l->apart, l->run))
			die("OP_RANGE %u", code);
}

static size_t query(const struct dirty_vmo *v, size_t pages)
{
	struct zxp_query_dirty_ranges args = {
		.size = sizeof(args),
		.flags = ZXP_QUERY_NO_AVAIL,
		.vmo_fd = v->fd,
		.length = pages * PAGE_SIZE,
		.buffer = (uintptr_t)v->found,
		.buffer_size = PAGES * sizeof(*v->found),
	};

	if (ioctl(v->pager, ZXP_IOC_QUERY_DIRTY_RANGES, &args))
		die("QUERY_DIRTY_RANGES");
	return args.out_actual;
}

static void check_found(const struct dirty_vmo *v, size_t nr, const struct layout *l)
{
	size_t i;

	errno = 0;
	if (nr != l->ranges)
		die("writeback_cycle: %zu dirty ranges instead of %zu", nr, l->ranges);
	for (i = 0; i < nr; i++)
		if (v->found[i].offset != i * l->apart * PAGE_SIZE ||
		    v->found[i].length != l->run * PAGE_SIZE || v->found[i].options)
			die("writeback_cycle: dirty range %zu is another one", i);
}

/* What is dirty becomes clean; @s gets a sample for each step. */
static void clean(const struct dirty_vmo *v, size_t pages, const struct layout *l,
		  struct samples *s)
{
	uint64_t start = now(), asked, begun, ended;
	size_t found = query(v, pages);

	asked = now();
	op(v, ZXP_PAGER_OP_WRITEBACK_BEGIN, l);
	begun = now();
	op(v, ZXP_PAGER_OP_WRITEBACK_END, l);
	ended = now();

	check_found(v, found, l);
	errno = 0;
	if (query(v, pages))
		die("writeback_cycle: dirty after END");
	sample_span(&s[QUERY], (struct span){ start, asked, 1 });
	sample_span(&s[BEGIN], (struct span){ asked, begun, 1 });
	sample_span(&s[END], (struct span){ begun, ended, 1 });
	sample_span(&s[CYCLE], (struct span){ start, ended, 1 });
}

static void cycle(const struct dirty_vmo *v, size_t pages, const struct layout *l,
		  struct samples *s)
{
	op(v, ZXP_PAGER_OP_DIRTY, l);
	clean(v, pages, l, s);
}

static void emit_slope(const char *step, const char *what, const struct samples *more,
		       const struct samples *less, size_t units)
{
	char name[64];

	snprintf(name, sizeof(name), "writeback_cycle.%s.%s", step, what);
	emit_value(name, NAN, "ns",
		   (sample_typical(more) - sample_typical(less)) / (double)units);
}

/* The same pages in one range, in 100, in as many as there are pages; and fewer. */
static void run_shapes(unsigned int rounds)
{
	static const struct layout shapes[] = {
		{ 1, PAGES, 2 * PAGES },
		{ 100, PAGES / 100, 2 * PAGES / 100 },
		{ PAGES, 1, 2 },
		{ 1, FEW_PAGES, 2 * PAGES },
	};
	enum { ONE, HUNDRED, ALL, FEW, SHAPES };
	struct samples s[SHAPES][STEPS] = { 0 };
	struct dirty_vmo v = vmo_open(2 * PAGES);
	unsigned int i, j, step;
	char name[64];

	fill(&v, 0, 2 * PAGES);
	for (i = 0; i < rounds; i++)
		for (j = 0; j < SHAPES; j++)
			/* A trace of 10,000 ranges takes very long. */
			if (!options.trace || j != ALL)
				cycle(&v, 2 * PAGES, &shapes[j], s[j]);
	for (step = 0; step < STEPS; step++) {
		for (j = ONE; j <= ALL; j++) {
			if (!s[j][step].nr)
				continue;
			snprintf(name, sizeof(name), "writeback_cycle.%s",
				 step_names[step]);
			emit(name, (double)shapes[j].ranges, "ns", &s[j][step]);
		}
		emit_slope(step_names[step], "per_page", &s[ONE][step], &s[FEW][step],
			   PAGES - FEW_PAGES);
		emit_slope(step_names[step], "per_range_to_100", &s[HUNDRED][step],
			   &s[ONE][step], 99);
		if (s[ALL][step].nr)
			emit_slope(step_names[step], "per_range_to_10000",
				   &s[ALL][step], &s[HUNDRED][step], PAGES - 100);
		for (j = 0; j < SHAPES; j++)
			sample_free(&s[j][step]);
	}
	vmo_close(&v);
}

/*
 * A few ranges from front to end of a small VMO; the same ones at the front of a large
 * VMO, which has a page at its end, too; and as many from front to end of that.
 */
static void run_sizes(unsigned int rounds)
{
	static const size_t sizes[] = { MIB(1), GIB(64), GIB(64) };
	static const size_t spread[] = { MIB(1), MIB(1), GIB(64) };
	static const char *const names[] = { "1m", "64g", "64g_apart" };
	struct samples s[ARRAY_SIZE(sizes)][STEPS] = { 0 };
	struct dirty_vmo v[ARRAY_SIZE(sizes)];
	struct layout l[ARRAY_SIZE(sizes)];
	unsigned int i, j, step;
	char name[64];
	size_t at;

	for (j = 0; j < ARRAY_SIZE(sizes); j++) {
		v[j] = vmo_open(sizes[j] / PAGE_SIZE);
		l[j] = (struct layout){
			.ranges = SIZES_RANGES,
			.run = SIZES_RUN,
			.apart = spread[j] / PAGE_SIZE / SIZES_RANGES,
		};
		for (at = 0; at < SIZES_RANGES; at++)
			fill(&v[j], at * l[j].apart, SIZES_RUN);
		fill(&v[j], sizes[j] / PAGE_SIZE - 1, 1);
	}
	for (i = 0; i < rounds; i++)
		for (j = 0; j < ARRAY_SIZE(sizes); j++)
			cycle(&v[j], sizes[j] / PAGE_SIZE, &l[j], s[j]);
	for (j = 0; j < ARRAY_SIZE(sizes); j++) {
		for (step = 0; step < STEPS; step++) {
			snprintf(name, sizeof(name), "writeback_cycle.%s_10.%s",
				 step_names[step], names[j]);
			emit(name, NAN, "ns", &s[j][step]);
			sample_free(&s[j][step]);
		}
		vmo_close(&v[j]);
	}
}

/* Each page has been written to by a client, and is mapped. */
static void run_mapped(unsigned int rounds)
{
	static const struct layout all = { 1, PAGES, PAGES };
	struct dirty_vmo v = vmo_open(PAGES);
	struct samples s[STEPS] = { 0 };
	volatile uint64_t *word;
	char *addr = map_memory(PAGES * PAGE_SIZE, v.fd);
	unsigned int i, step;
	size_t page;
	char name[64];

	fill(&v, 0, PAGES);
	for (i = 0; i < rounds; i++) {
		op(&v, ZXP_PAGER_OP_DIRTY, &all);
		for (page = 0; page < PAGES; page++) {
			word = (volatile uint64_t *)(addr + page * PAGE_SIZE);
			word[1] = i;
		}
		clean(&v, PAGES, &all, s);
	}
	for (step = 0; step < STEPS; step++) {
		snprintf(name, sizeof(name), "writeback_cycle.mapped_%s.per_page",
			 step_names[step]);
		emit_value(name, NAN, "ns", sample_typical(&s[step]) / (double)PAGES);
		sample_free(&s[step]);
	}
	munmap(addr, PAGES * PAGE_SIZE);
	vmo_close(&v);
}

static void run_writeback(void)
{
	run_shapes(times(2, 4, 20));
	if (options.trace)
		return;
	run_sizes(times(50, 100, 1000));
	run_mapped(times(2, 4, 20));
}

ZXB_WORK(writeback_cycle, "10,000 dirty pages: query, BEGIN, END", run_writeback)

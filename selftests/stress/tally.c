// SPDX-License-Identifier: GPL-2.0
/*
 * How much was done of what. A round in which something never happened has shown nothing
 * about it, and so it has failed.
 */
#include <inttypes.h>
#include <stdio.h>

#include "client.h"

#define LONG		400	/* operations that have room for all kinds */
#define MANY		20	/* sealed VMOs, of which some are mapped in large folios */

static struct board totals;
static struct pager_board packets;
static uint64_t total_ops, total_kills;

static uint64_t count_ops(const struct board *b)
{
	uint64_t n = 0;
	int i;

	for (i = 0; i < nr_ops; i++)
		n += b->ops[i];
	return n;
}

static void sum_up(struct pager_board *sum, const struct pager_board *of)
{
	int i;

	for (i = 0; i < 4; i++)
		sum->packets[i] += of->packets[i];
	sum->fails += of->fails;
	sum->cuts += of->cuts;
	sum->generations += of->generations;
	sum->late += of->late;
	for (i = 0; i < 2; i++)
		sum->ranges[i] += of->ranges[i];
}

void tally_round(void)
{
	int i;

	for (i = 0; i < nr_ops; i++) {
		totals.ops[i] += board->ops[i];
		totals.failed[i] += board->failed[i];
		totals.lacks[i] |= board->lacks[i];
		if (board->longest[i] > totals.longest[i])
			totals.longest[i] = board->longest[i];
	}
	for (i = 0; i < PAGERS; i++)
		sum_up(&packets, &board->pager[i]);
	totals.torn += board->torn;
	totals.words += board->words;
	totals.frozen += board->frozen;
	totals.squeezed += board->squeezed;
	totals.marked += board->marked;
	totals.dumped += board->dumped;
	if (board->most_faults > totals.most_faults)
		totals.most_faults = board->most_faults;
	totals.synced += board->synced;
	totals.busy += board->busy;
	totals.churned += board->churned;
	totals.sealed += board->sealed;
	totals.families += board->families;
	totals.children += board->children;
	totals.slices += board->slices;
	totals.moments += board->moments;
	totals.large += board->large;
	totals.poisoned += board->poisoned;
	total_ops += count_ops(board);
}

void tally_killed(void)
{
	total_kills++;
}

uint64_t tally_ops(void)
{
	return total_ops;
}

static bool enough(const char *name, uint64_t n, uint64_t least)
{
	if (n < least)
		diag("too little was done: %s %" PRIu64 " times", name, n);
	return n >= least;
}

static bool enough_of(const struct board *b, const struct pager_board *p)
{
	bool ok = true;
	int i;

	for (i = 0; i < nr_ops; i++)
		if (!b->lacks[i])
			ok &= enough(ops[i].name, b->ops[i] - b->failed[i], LEAST);
	ok &= enough("READ", p->packets[0], LEAST);
	ok &= enough("DIRTY", p->packets[1], LEAST);
	ok &= enough("a pager on the side", b->churned, 1);
	ok &= enough("an attempt to unload", b->busy, 1);
	return ok;
}

bool tally_enough(void)
{
	struct pager_board sum = { 0 };
	int i;

	if (!tally_long_round()) {
		diag("%" PRIu64 " operations: too short a round to have some of each kind",
		     count_ops(board));
		return true;
	}
	for (i = 0; i < PAGERS; i++)
		sum_up(&sum, &board->pager[i]);
	return enough_of(board, &sum);
}

bool tally_long_round(void)
{
	return count_ops(board) >= LONG;
}

bool tally_long(void)
{
	return total_ops >= LONG;
}

bool tally_enough_in_all(void)
{
	bool ok = enough_of(&totals, &packets);

	/* What a fate may keep from a single round. */
	ok &= enough("SYNC", packets.packets[2], 1);
	ok &= enough("COMPLETE", packets.packets[3], 1);
	ok &= enough("FAIL", packets.fails, 1);
	ok &= enough("a request cut off", packets.cuts, 1);
	ok &= enough("a late answer", packets.late, 1);
	ok &= enough("pages written back", packets.ranges[0], LEAST);
	ok &= enough("zeroes written back", packets.ranges[1], LEAST);
	/* Of 400 operations there are three such, or none. */
	if (total_ops >= 4 * LONG)
		ok &= enough("a sync found in the store", totals.synced, 1);
	if (cgroup_freezes())
		ok &= enough("all clients frozen", totals.frozen, 1);
	ok &= enough("a robust mutex marked", totals.marked, 1);
	ok &= enough("a client killed", total_kills, 1);
	ok &= enough("a sealed VMO", totals.sealed, 1);
	ok &= enough("a family of children", totals.families, 1);
	ok &= enough("a child of what is stored to", totals.moments, 1);
	ok &= enough("a slice of a child", totals.slices, 1);
	/* Reclaim may have taken a few of them before they were mapped. */
	if (kernel_has_large_folios() && totals.sealed >= MANY)
		ok &= enough("a large folio mapped", totals.large, 1);
	if (poison_known())
		ok &= enough("a page whose memory fails", totals.poisoned, 1);
	return ok;
}

void tally_print(void)
{
	static const char *const names[] = { "READ", "DIRTY", "SYNC", "COMPLETE" };
	int i;

	for (i = 0; i < nr_ops; i += 3) {
		char line[200];
		int j, n = 0;

		for (j = i; j < i + 3 && j < nr_ops; j++)
			n += snprintf(line + n, sizeof(line) - n,
				      "%14s %7" PRIu64 " %6" PRIu64 " %5.0f ms",
				      ops[j].name, totals.ops[j], totals.failed[j],
				      totals.longest[j] / 1e6);
		diag("%s", line);
	}
	for (i = 0; i < nr_ops; i++)
		if (totals.lacks[i])
			diag("%s: this kernel has no such thing", ops[i].name);
	diag("%" PRIu64 " operations (above: of each, how many failed, the longest), %" PRIu64
	     " words looked at, %" PRIu64 " of them in the middle of a write", total_ops,
	     totals.words, totals.torn);
	for (i = 0; i < 4; i++)
		diag("%s packets: %" PRIu64, names[i], packets.packets[i]);
	diag("%" PRIu64 " FAILs, %" PRIu64 " requests cut off, %" PRIu64 " and %" PRIu64
	     " ranges of pages and of zeroes written back", packets.fails, packets.cuts,
	     packets.ranges[0], packets.ranges[1]);
	diag("%" PRIu64 " generations have taken over, %" PRIu64 " late answers", packets.generations,
	     packets.late);
	diag("%" PRIu64 " robust mutexes marked, %" PRIu64 " words of VMOs in core dumps, at most "
	     "%" PRIu64 " faults for a store beside readers", totals.marked, totals.dumped,
	     totals.most_faults);
	diag("clients were frozen %" PRIu64 " times, and had little memory %" PRIu64 " times",
	     totals.frozen, totals.squeezed);
	diag("%" PRIu64 " syncs found in the store, %" PRIu64 " clients killed, %" PRIu64
	     " pagers on the side, %" PRIu64 " attempts to unload", totals.synced,
	     total_kills, totals.churned, totals.busy);
	diag("%" PRIu64 " sealed VMOs, %" PRIu64 " of them mapped as large folios, %" PRIu64
	     " pages whose memory has failed", totals.sealed, totals.large, totals.poisoned);
	diag("%" PRIu64 " families with %" PRIu64 " children, %" PRIu64
	     " of them made of what was stored to meanwhile, and %" PRIu64
	     " slices of children", totals.families, totals.children, totals.moments,
	     totals.slices);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * snapshot: what a snapshot of a VMO costs who makes it, and who writes to the VMO then.
 *
 *	freeze		of a plain VMO, for each of its pages in memory
 *	freeze_paged	of one with a pager that allows snapshots
 *	store, write	the first to a page, by a mapping and by pwrite(): of a VMO that
 *			has just got a snapshot ("taken"), of one that allows them but has
 *			none ("allowed"), and of one that does not allow them ("never");
 *			"kept" is once more, when the snapshot has its copy
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "peer.h"

/* So far apart that no fault maps two of them. */
#define APART	64UL
#define LONE	16U
#define PAGES	(LONE * APART)

static const size_t frozen[] = { 64, 1024, 16384 };

static int make_vmo(int pager, bool paged, unsigned int flags, size_t pages)
{
	int vmo = zx_vmo_create(pager, pages, 0, paged ? flags : ZXP_CREATE_PLAIN, 0);
	size_t page;

	for (page = 0; page < pages; page++) {
		if (paged)
			zx_supply(pager, vmo, page, content_at(page), 1);
		else if (pwrite(vmo, content_at(page), PAGE_SIZE,
				(off_t)(page * PAGE_SIZE)) != (ssize_t)PAGE_SIZE)
			die("write to a plain VMO");
	}
	return vmo;
}

static int make_snapshot(int vmo, bool paged, size_t pages)
{
	return zx_child_create(vmo, paged ? ZXP_CHILD_POINT_IN_TIME : ZXP_CHILD_SNAPSHOT,
			       pages);
}

/* All pages are mapped to be stored to, each time. */
static void run_freezes(int pager, bool paged, unsigned int rounds)
{
	const char *name = paged ? "snapshot.zxpager.freeze_paged" : "snapshot.zxpager.freeze";
	double typical[ARRAY_SIZE(frozen)];
	struct samples s = { 0 };
	unsigned int i, j;
	char slope[64];
	uint64_t start;
	int vmo, copy;
	size_t page;
	char *addr;

	for (i = 0; i < ARRAY_SIZE(frozen); i++) {
		vmo = make_vmo(pager, paged, ZXP_CREATE_SNAPSHOTS, frozen[i]);
		addr = map_memory(frozen[i] * PAGE_SIZE, vmo);
		for (j = 0; j <= rounds; j++) {
			for (page = 0; page < frozen[i]; page++)
				*(volatile uint64_t *)(addr + page * PAGE_SIZE) = j;
			start = now();
			copy = make_snapshot(vmo, paged, frozen[i]);
			sample_since(&s, start, 1);
			close(copy);
			if (!j)
				s.nr = 0;
		}
		typical[i] = sample_typical(&s);
		emit(name, (double)frozen[i], "ns", &s);
		if (i) {
			snprintf(slope, sizeof(slope), "%s.per_page_to_%zu", name, frozen[i]);
			emit_value(slope, NAN, "ns", (typical[i] - typical[i - 1]) /
				   (double)(frozen[i] - frozen[i - 1]));
		}
		s.nr = 0;
		munmap(addr, frozen[i] * PAGE_SIZE);
		close(vmo);
	}
	sample_free(&s);
}

enum { STORE, WRITE, HOW };
enum { TAKEN, ALLOWED, NEVER, WHO };

static void change(int vmo, char *addr, int how, uint64_t word, struct samples *s)
{
	uint64_t start;
	unsigned int i;
	off_t offset;

	for (i = 0; i < LONE; i++) {
		offset = (off_t)(i * APART * PAGE_SIZE);
		start = now();
		if (how == STORE)
			*(volatile uint64_t *)(addr + offset) = word;
		else if (pwrite(vmo, &word, sizeof(word), offset) != sizeof(word))
			die("write to a VMO");
		sample_since(s, start, 1);
	}
	for (i = 0; i < LONE; i++) {
		offset = (off_t)(i * APART * PAGE_SIZE);
		if (touch_read(addr + offset) != word)
			die("snapshot: wrong word in page %lu", i * APART);
	}
}

/* By a new mapping, so that there is no entry, as after a snapshot. */
static void round_of(int vmo, bool taken, int how, uint64_t word, struct samples *first,
		     struct samples *again)
{
	int copy = taken ? make_snapshot(vmo, true, PAGES) : -1;
	char *addr = map_memory(PAGES * PAGE_SIZE, vmo);

	change(vmo, addr, how, word, first);
	munmap(addr, PAGES * PAGE_SIZE);
	if (!taken)
		return;
	addr = map_memory(PAGES * PAGE_SIZE, vmo);
	change(vmo, addr, how, word + 1, again);
	munmap(addr, PAGES * PAGE_SIZE);
	close(copy);
}

static void run_changes(int pager, unsigned int rounds)
{
	static const char *const who[] = { "taken", "allowed", "never", "kept" };
	static const char *const what[] = { "store", "write" };
	int vmo[WHO] = {
		[TAKEN] = make_vmo(pager, true, ZXP_CREATE_SNAPSHOTS, PAGES),
		[ALLOWED] = make_vmo(pager, true, ZXP_CREATE_SNAPSHOTS, PAGES),
		[NEVER] = make_vmo(pager, true, 0, PAGES),
	};
	struct samples s[HOW][WHO + 1] = { 0 };
	unsigned int i;
	char name[64];
	int j, k;

	for (i = 0; i <= rounds; i++) {
		for (j = 0; j < HOW; j++) {
			for (k = 0; k < WHO; k++)
				round_of(vmo[k], k == TAKEN, j, 2UL * i + 1, &s[j][k],
					 &s[j][WHO]);
			for (k = 0; !i && k <= WHO; k++)
				s[j][k].nr = 0;
		}
	}
	for (j = 0; j < HOW; j++) {
		for (k = 0; k <= WHO; k++) {
			snprintf(name, sizeof(name), "snapshot.%s.%s", who[k], what[j]);
			emit(name, NAN, "ns", &s[j][k]);
			sample_free(&s[j][k]);
		}
	}
	for (k = 0; k < WHO; k++)
		close(vmo[k]);
}

static void run_snapshot(void)
{
	unsigned int rounds = times(4, 8, 32);
	int pager = zx_pager_open();

	run_freezes(pager, false, rounds);
	run_freezes(pager, true, rounds);
	run_changes(pager, rounds);
	close(pager);
}

ZXB_WORK(snapshot, "snapshots of a VMO: making them, and writing to the VMO", run_snapshot)

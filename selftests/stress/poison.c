// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that fails, in VMOs on the side. A page that was not written back is lost until all
 * of it is written anew, whatever becomes of the pages beside it.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "../lib/client.h"
#include "stress.h"

#define PAGES		4
#define BYTES		(PAGES * 4096ULL)
#define MOST		256	/* pages that fail in all rounds: they are gone for good */
#define MOST_A_ROUND	4

/* Each round has a process of its own for this, but all have one machine. */
static uint32_t *nr_failed;
static uint32_t failed_in_round;

void poison_init(void)
{
	if (!memory_can_fail()) {
		diag("memory cannot fail on this kernel");
		return;
	}
	nr_failed = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (nr_failed == MAP_FAILED)
		abort();
}

bool poison_known(void)
{
	return nr_failed;
}

static void write_page(int vmo, uint64_t page, uint64_t key)
{
	uint64_t words[512], i;

	for (i = 0; i < 512; i++)
		words[i] = key + i;
	if (pwrite(vmo, words, sizeof(words), page * 4096) != sizeof(words))
		wrong("poison: page %" PRIu64 " cannot be written: %m", page);
}

/* Who reads is the daemon, which must not wait for itself: -EAGAIN if it would have to. */
static ssize_t try_read(int vmo, uint64_t page, void *buf, size_t len)
{
	struct iovec iov = { buf, len };
	ssize_t n = preadv2(vmo, &iov, 1, page * 4096, RWF_NOWAIT);

	return n < 0 ? -errno : n;
}

/* @may_miss: the daemon has it, so reclaim may take it. */
static void expect_page(int vmo, uint64_t page, uint64_t key, bool may_miss)
{
	uint64_t words[512], i;
	ssize_t n = try_read(vmo, page, words, sizeof(words));

	if (n == -EAGAIN && may_miss)
		return;
	if (n != sizeof(words)) {
		wrong("poison: page %" PRIu64 ": read %zd", page, n);
		return;
	}
	for (i = 0; i < 512 && words[i] == key + i; i++)
		;
	if (i < 512)
		wrong("poison: page %" PRIu64 ": word %" PRIu64 " is %#" PRIx64 ", not %#" PRIx64,
		      page, i, words[i], key + i);
}

/* Of a page that the query has, so that nobody is asked for it. */
static bool expect_lost(int vmo, uint64_t page)
{
	char *map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, vmo, page * 4096), byte;
	ssize_t n;
	bool ok;

	/* Whoever reclaims has it locked for a moment. */
	ok = wait_long((n = try_read(vmo, page, &byte, 1)) != -EAGAIN) && n == -EIO;
	if (!ok)
		wrong("poison: page %" PRIu64 " has failed: read %zd", page, n);
	if (ok && (pwrite(vmo, "x", 1, page * 4096 + 9) >= 0 || errno != EIO)) {
		wrong("poison: page %" PRIu64 " has failed: it can be written in part", page);
		ok = false;
	}
	if (ok && (map == MAP_FAILED || !crashes(map, SIGBUS))) {
		wrong("poison: page %" PRIu64 " has failed: no SIGBUS at %p", page, map);
		ok = false;
	}
	munmap(map, 4096);
	return ok;
}

#define CLEAN		UINT64_MAX	/* in no range that the query has */

/* @want: of each page the options of its range. */
static bool expect_dirty(int pager, int vmo, const uint64_t want[PAGES], const char *when)
{
	struct zxp_dirty_range r[PAGES];
	uint64_t got[PAGES], nr = 0, i, at;

	if (zxp_query_dirty_ranges(pager, vmo, 0, BYTES, r, PAGES, &nr, NULL) || nr > PAGES) {
		wrong("poison: query: %" PRIu64 " ranges", nr);
		return false;
	}
	for (i = 0; i < PAGES; i++)
		got[i] = CLEAN;
	for (i = 0; i < nr; i++)
		for (at = r[i].offset; at < r[i].offset + r[i].length && at < BYTES; at += 4096)
			got[at / 4096] = r[i].options;
	for (i = 0; i < PAGES && got[i] == want[i]; i++)
		;
	if (i < PAGES)
		wrong("poison: %s: the query has %#" PRIx64 " for page %" PRIu64 ", not %#" PRIx64,
		      when, got[i], i, want[i]);
	return i == PAGES;
}

static void write_back(int pager, int vmo)
{
	if (zxp_writeback_begin(pager, vmo, 0, BYTES, 0) ||
	    zxp_writeback_end(pager, vmo, 0, BYTES))
		wrong("poison: it cannot be written back");
}

/* All are dirty, or BEGIN has taken them, when the memory of one fails. */
static bool fail_one(struct dice *d, int pager, int vmo, uint64_t bad, uint64_t key)
{
	uint64_t want[PAGES], i;

	for (i = 0; i < PAGES; i++) {
		write_page(vmo, i, key + i);
		want[i] = i == bad ? ZXP_DIRTY_RANGE_IS_POISONED : 0;
	}
	if (one_in(d, 2) && zxp_writeback_begin(pager, vmo, 0, BYTES, 0))
		wrong("poison: BEGIN");
	if (!memory_fails(vmo, bad))
		wrong("poison: the memory does not fail");
	if (!expect_dirty(pager, vmo, want, "failed") || !expect_lost(vmo, bad))
		return false;
	for (i = 0; i < PAGES; i++)
		if (i != bad)
			expect_page(vmo, i, key + i, false);
	return true;
}

static bool write_back_others(int pager, int vmo, uint64_t bad)
{
	uint64_t want[PAGES], i;

	for (i = 0; i < PAGES; i++)
		want[i] = i == bad ? ZXP_DIRTY_RANGE_IS_POISONED : CLEAN;
	write_back(pager, vmo);
	return expect_dirty(pager, vmo, want, "the others written back") &&
	       expect_lost(vmo, bad);
}

static bool write_anew(int pager, int vmo, uint64_t bad, uint64_t key)
{
	uint64_t want[PAGES], i;

	for (i = 0; i < PAGES; i++)
		want[i] = i == bad ? 0 : CLEAN;
	write_page(vmo, bad, key);
	if (!expect_dirty(pager, vmo, want, "written anew"))
		return false;
	expect_page(vmo, bad, key, false);
	want[bad] = CLEAN;
	write_back(pager, vmo);
	expect_page(vmo, bad, key, true);
	return expect_dirty(pager, vmo, want, "all written back");
}

void poison_once(struct dice *d)
{
	uint64_t bad = roll(d, PAGES), key = roll(d, 1 << 30);
	int pager, vmo;

	if (!nr_failed || failed_in_round == MOST_A_ROUND || load(*nr_failed) >= MOST)
		return;
	failed_in_round++;
	add(*nr_failed, 1);
	pager = zxp_open(O_NONBLOCK);
	/* Nobody is asked for what lies behind the end of the stream. */
	vmo = zxp_create_vmo(pager, ZXP_VMO_UNBOUNDED, ZXP_PORT_OWN, 0, 0);
	if (pager < 0 || vmo < 0) {
		wrong("poison: %d %d", pager, vmo);
		return;
	}
	if (fail_one(d, pager, vmo, bad, key) && write_back_others(pager, vmo, bad) &&
	    write_anew(pager, vmo, bad, key + PAGES))
		add(board->poisoned, 1);
	if (one_in(d, 2) && zxp_detach_vmo(pager, vmo))
		wrong("poison: the VMO cannot be detached");
	close(pager);
	close(vmo);
}

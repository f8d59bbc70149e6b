// SPDX-License-Identifier: GPL-2.0
/*
 * dirty_trap: the first write to pages that are resident, mapped and clean, of which the
 * daemon is told, and which it allows. With userfaultfd that is write protection that
 * is taken away. Once one page at a time, here and there; and once from front to back,
 * with the daemon allowing 128 KiB when it is asked about the first of them.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "peer.h"

#define AHEAD	(KIB(128) / PAGE_SIZE)

static const struct peer *const peers[] = { &peer_zxpager, &peer_userfaultfd };

static struct region *prepare(const struct peer *peer, size_t pages, size_t window)
{
	struct region_spec spec = {
		.pages = pages,
		.window = window,
		.flags = REGION_TRAP,
	};
	struct region *r = region_open(peer, &spec);

	peer->supply(r, 0, pages);
	/* All of it is mapped, and read. */
	region_check(r, 0, pages);
	peer->protect(r);
	return r;
}

/* The second word of a page is what is written; the first one tells the page. */
static void write_page(const struct region *r, size_t page)
{
	((volatile uint64_t *)region_page(r, page))[1] = ~(uint64_t)page;
}

static void finish(struct region *r, size_t written, size_t asked)
{
	const uint64_t *word;
	size_t page;

	errno = 0;
	if (r->asked != asked)
		die("%s: asked %lu times instead of %zu", r->peer->name, r->asked,
		    asked);
	for (page = 0; page < r->spec.pages; page++) {
		word = region_page(r, page);
		if (word[0] == content_word(page) && word[1] == ~(uint64_t)page)
			written--;
	}
	if (written)
		die("%s: %zu writes are missing", r->peer->name, written);
	region_close(r);
}

static void writes(const struct region *r, const unsigned int *page, unsigned int nr,
		   struct samples *s)
{
	uint64_t start;

	for (; nr; nr--, page++) {
		start = now();
		write_page(r, *page);
		sample_since(s, start, 1);
	}
}

/* What a page costs, on average over what one message allows. */
static void writes_ahead(const struct region *r, size_t page, size_t nr,
			 struct samples *s)
{
	uint64_t start;
	size_t i;

	for (; nr; nr -= AHEAD) {
		start = now();
		for (i = 0; i < AHEAD; i++)
			write_page(r, page++);
		sample_since(s, start, AHEAD);
	}
}

static void emit_both(const char *what, const char *suffix, struct samples *s)
{
	char name[64];

	snprintf(name, sizeof(name), "dirty_trap.%s%s", what, suffix);
	emit(name, NAN, "ns", s);
	emit_p99(name, NAN, "ns", s);
	sample_free(s);
}

static void run_dirty(void)
{
	unsigned int rounds = times(16, 32, 50), nr = times(16, 64, 100), i, j;
	size_t windows = times(2, 4, 8), pages = (size_t)rounds * nr;
	struct samples one[ARRAY_SIZE(peers)] = { 0 };
	struct samples ahead[ARRAY_SIZE(peers)] = { 0 };
	struct region *r[ARRAY_SIZE(peers)], *w[ARRAY_SIZE(peers)];
	unsigned int *order = random_order((unsigned int)pages);
	size_t part = windows * AHEAD;

	for (j = 0; j < ARRAY_SIZE(peers); j++) {
		r[j] = prepare(peers[j], pages, 1);
		w[j] = prepare(peers[j], part * rounds, AHEAD);
	}
	for (i = 0; i < rounds; i++) {
		for (j = 0; j < ARRAY_SIZE(peers); j++)
			writes(r[j], order + (size_t)i * nr, nr, &one[j]);
		for (j = 0; j < ARRAY_SIZE(peers); j++)
			writes_ahead(w[j], i * part, part, &ahead[j]);
	}
	for (j = 0; j < ARRAY_SIZE(peers); j++) {
		finish(r[j], pages, pages);
		finish(w[j], part * rounds, windows * rounds);
		emit_both(peers[j]->name, "", &one[j]);
		emit_both(peers[j]->name, "_ahead", &ahead[j]);
	}
	free(order);
}

ZXB_WORK(dirty_trap, "a clean page is written to, the daemon allows it", run_dirty)

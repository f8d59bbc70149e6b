// SPDX-License-Identifier: GPL-2.0
/*
 * scan: missing memory is read from front to back, by a mapping, and by read(2) with
 * 128 KiB a call. The daemons supply 128 KiB at a time; userfaultfd's once also one page
 * at a time, as it does where nothing is known of what comes next. FUSE reads ahead
 * as the kernel sees fit, up to 128 KiB, and before it is needed.
 *
 * A mapping is read a word a page, which is the least that needs the page. Memory of
 * userfaultfd has no read(2): it is copied out of the mapping.
 *
 * A sample is a MiB, for each of its pages. What the program looks at meanwhile is the
 * first and last word of each page; all of it is compared afterwards, so that
 * nothing is supplied behind the clock's back.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"

#define WINDOW	(KIB(128) / PAGE_SIZE)
#define AHEAD	(MIB(2) / PAGE_SIZE)
#define SAMPLE	(MIB(1) / PAGE_SIZE)

enum method { MAPPED, READ, COPIED };

/**
 * struct way - one way to read
 * @peer: a contender
 * @how: how its memory is read
 * @window: pages that its daemon supplies at once
 * @ahead: pages that it goes on with
 * @name: of the figure
 */
struct way {
	const struct peer *peer;
	enum method how;
	size_t window;
	size_t ahead;
	const char *name;
};

static const struct way ways[] = {
	{ &peer_zxpager, MAPPED, WINDOW, AHEAD, "scan.zxpager" },
	{ &peer_userfaultfd, MAPPED, WINDOW, AHEAD, "scan.userfaultfd" },
	{ &peer_userfaultfd, MAPPED, 1, 0, "scan.userfaultfd_4k" },
	{ &peer_fuse, MAPPED, WINDOW, 0, "scan.fuse" },
	{ &peer_zxpager, READ, WINDOW, AHEAD, "scan.zxpager_read" },
	{ &peer_userfaultfd, COPIED, WINDOW, AHEAD, "scan.userfaultfd_read" },
	{ &peer_fuse, READ, WINDOW, 0, "scan.fuse_read" },
};

static size_t choose_pages(void)
{
	size_t size = options.trace ? MIB(2) : options.quick ? MIB(16) : MIB(256);

	while (size > MIB(2) && size + MIB(256) > memory_available())
		size /= 2;
	if (!options.quick && !options.trace && size < MIB(256))
		note("scan: %zu MiB, 256 MiB do not fit", size >> 20);
	return size / PAGE_SIZE;
}

static void check_words(const char *data, size_t page, size_t nr, const char *who)
{
	const char *want;

	for (; nr; nr--, page++, data += PAGE_SIZE) {
		want = content_at(page);
		if (touch_read(data) == touch_read(want) &&
		    touch_read(data + PAGE_SIZE - 8) ==
		    touch_read(want + PAGE_SIZE - 8))
			continue;
		errno = 0;
		die("%s: wrong words in page %zu", who, page);
	}
}

static void read_pages(const struct region *r, char *to, size_t page, size_t nr)
{
	ssize_t size = (ssize_t)(nr * PAGE_SIZE);

	if (pread(r->fd, to, (size_t)size, (off_t)(page * PAGE_SIZE)) != size)
		die("%s: read of page %zu", r->peer->name, page);
}

static void scan_mapping(const struct region *r, size_t page, size_t nr)
{
	for (; nr; nr--, page++) {
		if (touch_read(region_page(r, page)) == content_word(page))
			continue;
		errno = 0;
		die("%s: wrong word in page %zu", r->peer->name, page);
	}
}

static void scan_windows(const struct region *r, enum method how, char *buffer,
			 size_t page, size_t nr)
{
	for (; nr; nr -= WINDOW, page += WINDOW) {
		if (how == READ)
			read_pages(r, buffer, page, WINDOW);
		else
			memcpy(buffer, region_page(r, page), WINDOW * PAGE_SIZE);
		check_words(buffer, page, WINDOW, r->peer->name);
	}
}

/* All of it, by the way it was read. */
static void check(struct region *r, enum method how, char *buffer)
{
	size_t page;

	if (how != READ) {
		region_check(r, 0, r->spec.pages);
		return;
	}
	for (page = 0; page < r->spec.pages; page += WINDOW) {
		read_pages(r, buffer, page, WINDOW);
		content_check(buffer, page, WINDOW, r->peer->name);
	}
}

static void scan(const struct way *way, size_t pages, char *buffer,
		 struct samples *s)
{
	struct region_spec spec = { .pages = pages, .window = way->window,
				    .ahead = way->ahead };
	struct region *r = region_open(way->peer, &spec);
	uint64_t start;
	size_t page;

	for (page = 0; page < pages; page += SAMPLE) {
		start = now();
		if (way->how == MAPPED)
			scan_mapping(r, page, SAMPLE);
		else
			scan_windows(r, way->how, buffer, page, SAMPLE);
		sample_since(s, start, SAMPLE);
	}
	check(r, way->how, buffer);
	errno = 0;
	if (r->supplied != pages)
		die("%s: %lu pages supplied", way->name, r->supplied);
	if (way->peer != &peer_fuse && r->asked > pages / way->window)
		die("%s: asked %lu times", way->name, r->asked);
	region_close(r);
}

static void run_scan(void)
{
	unsigned int rounds = options.trace ? 1 : times(2, 1, 2), i, j;
	struct samples s[ARRAY_SIZE(ways)] = { 0 };
	char *buffer = map_memory(WINDOW * PAGE_SIZE, -1);
	size_t pages = choose_pages();

	/* It is there before it is read into. */
	memset(buffer, 1, WINDOW * PAGE_SIZE);
	for (i = 0; i < rounds; i++)
		for (j = 0; j < ARRAY_SIZE(ways); j++)
			scan(&ways[j], pages, buffer, &s[j]);
	for (j = 0; j < ARRAY_SIZE(ways); j++) {
		emit(ways[j].name, NAN, "ns", &s[j]);
		sample_free(&s[j]);
	}
}

ZXB_WORK(scan, "missing memory is read from front to back", run_scan)

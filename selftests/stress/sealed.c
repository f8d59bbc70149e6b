// SPDX-License-Identifier: GPL-2.0
/*
 * Sealed VMOs on the side. What is supplied in large pieces lies in large folios, which come
 * and go while a client reads them by a mapping. In the end the daemon may go before it.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>

#include "stress.h"

#define LOOKS		8			/* of the client, each at every word */

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

/* It is up to the kernel: it may fetch, join or give up what is mapped. */
static void advise(struct dice *d, void *map)
{
	static const int advice[] = {
		MADV_COLLAPSE, MADV_COLLAPSE, MADV_HUGEPAGE, MADV_DONTNEED, MADV_PAGEOUT,
		MADV_COLD, MADV_WILLNEED,
	};

	madvise(map, SIDE_BYTES, advice[roll(d, sizeof(advice) / sizeof(*advice))]);
}

/* Page table entries of 2 MiB are used, which the content does not tell. */
static bool is_mapped_large(void)
{
	FILE *f = fopen("/proc/self/smaps_rollup", "re");
	unsigned long kb = 0;
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "FilePmdMapped: %lu", &kb) == 1)
			break;
	if (f)
		fclose(f);
	return kb;
}

static void sealed_client(struct dice *d, int vmo)
{
	volatile uint64_t *map;
	uint64_t i, seen;
	int look;

	map = mmap(NULL, SIDE_BYTES, PROT_READ, MAP_SHARED, vmo, 0);
	if (map == MAP_FAILED) {
		wrong("sealed: mmap: %m");
		_exit(1);
	}
	(void)map[0];
	if (is_mapped_large())
		add(board->large, 1);
	for (look = 0; look < LOOKS && load(board->phase) == PHASE_RUN; look++) {
		for (i = 0; i < SIDE_WORDS; i++) {
			seen = map[i];
			if (seen == side_word(i))
				continue;
			wrong("sealed: word %" PRIu64 " is %#" PRIx64, i, seen);
			_exit(1);
		}
		if (one_in(d, 2))
			advise(d, (void *)map);
	}
}

void sealed_once(struct dice *d)
{
	/* In each round one is there for sure that can be mapped at once. */
	bool first = !load(board->sealed);
	struct side s = { .name = "sealed", .client = sealed_client };

	s.pager = zxp_open(O_NONBLOCK);
	s.vmo = zxp_create_vmo_flags(s.pager, 0, ZXP_CREATE_READ_ONLY, ZXP_PORT_OWN, 0,
				     SIDE_BYTES);
	if (s.pager < 0 || s.vmo < 0 || !side_content()) {
		wrong("sealed: %d %d", s.pager, s.vmo);
		return;
	}
	if ((first || one_in(d, 2)) &&
	    zxp_supply_pages(s.pager, s.vmo, 0, SIDE_BYTES, side_content()))
		wrong("sealed: it cannot be supplied");
	s.answers = first || one_in(d, 2) ? UINT32_MAX : roll(d, 4);
	side_once(d, &s);
	add(board->sealed, 1);
}

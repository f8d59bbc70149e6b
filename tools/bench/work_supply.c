// SPDX-License-Identifier: GPL-2.0
/*
 * supply: missing memory is filled while nobody waits for it, 2 MiB with each call: by
 * zxpager from the daemon's memory, and by pages that leave a plain VMO; by userfaultfd
 * with UFFDIO_COPY, which is all that it has for shared memory.
 *
 * A sample is what one call takes for each of its pages. Each contender fills memory of
 * its own, a GiB where that fits; then that is compared, goes, and the next one begins.
 */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/zxpager.h>

#include "peer.h"

#define STEP	(MIB(2) / PAGE_SIZE)

enum { MEMORY, AUX, COPY, WAYS };

/* How many pages are filled: there have to be as many again for the plain VMO. */
static size_t choose_pages(void)
{
	size_t size = options.trace ? MIB(2) : options.quick ? MIB(32) : GIB(1);

	while (size > MIB(2) && size * 2 + MIB(256) > memory_available())
		size /= 2;
	if (!options.quick && size < GIB(1))
		note("supply: %zu MiB, a GiB does not fit", size >> 20);
	return size / PAGE_SIZE;
}

static void fill(struct region *r, struct samples *s)
{
	uint64_t start;
	size_t page;

	for (page = 0; page < r->spec.pages; page += STEP) {
		start = now();
		r->peer->supply(r, page, STEP);
		sample_since(s, start, STEP);
	}
}

static void fill_plain(int vmo, size_t pages)
{
	size_t page, run;

	for (page = 0; page < pages; page += run) {
		run = content_run(page, pages - page);
		if (pwrite(vmo, content_at(page), run * PAGE_SIZE,
			   (off_t)(page * PAGE_SIZE)) != (ssize_t)(run * PAGE_SIZE))
			die("write to a plain VMO");
	}
}

static void fill_from_plain(struct region *r, struct samples *s)
{
	int pager = zx_region_pager(r), plain;
	uint64_t start;
	size_t page;

	plain = zx_vmo_create(pager, r->spec.pages, 0, ZXP_CREATE_PLAIN, 0);
	fill_plain(plain, r->spec.pages);
	for (page = 0; page < r->spec.pages; page += STEP) {
		start = now();
		zx_supply_aux(pager, r->fd, page, plain, page, STEP);
		sample_since(s, start, STEP);
	}
	close(plain);
}

static void run_supply(void)
{
	struct region_spec spec = { .pages = choose_pages(), .flags = REGION_IDLE };
	unsigned int rounds = options.trace ? 1 : 2, i, way;
	struct samples s[WAYS] = { 0 };
	struct region *r;

	for (i = 0; i < rounds; i++) {
		for (way = 0; way < WAYS; way++) {
			r = region_open(way == COPY ? &peer_userfaultfd :
						      &peer_zxpager, &spec);
			if (way == AUX)
				fill_from_plain(r, &s[way]);
			else
				fill(r, &s[way]);
			region_check(r, 0, spec.pages);
			region_close(r);
		}
	}

	emit("supply.zxpager", NAN, "ns", &s[MEMORY]);
	emit("supply.zxpager_aux", NAN, "ns", &s[AUX]);
	emit("supply.userfaultfd", NAN, "ns", &s[COPY]);
	for (way = 0; way < WAYS; way++)
		sample_free(&s[way]);
}

ZXB_WORK(supply, "missing memory is filled, 2 MiB a call", run_supply)

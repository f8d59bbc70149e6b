// SPDX-License-Identifier: GPL-2.0
/*
 * resident: memory that is there, which costs what the page cache costs: what is compared
 * with is a memfd of the same content.
 *
 *	fault		a page that is alone, so that a fault maps nothing else
 *	around		all pages from front to back, by a mapping that is new
 *	read		a page by read(2), here and there
 *	read_128k	32 pages by read(2), one piece after the other
 *
 * What was supplied 128 KiB at a time may lie in memory otherwise than what came page by
 * page, as a memfd's pages do: zxpager_4k is the same with those.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "peer.h"

#define APART	64UL
#define WINDOW	(KIB(128) / PAGE_SIZE)
/* Page tables are built for so many at a time. */
#define SAMPLE	(MIB(2) / PAGE_SIZE)

enum { ZX, ZX_4K, MEMFD, WHO };
enum { FAULT, AROUND, READ, READ_128K, WHAT };

static const char *const who[] = { "zxpager", "zxpager_4k", "memfd" };
static const char *const what[] = { "fault", "around", "read", "read_128k" };

/**
 * struct memory - of one contender
 * @region: what it is of, or NULL
 * @full: all pages are there
 * @sparse: each APART-th one
 * @s: a set for each kind of access
 */
struct memory {
	struct region *region[2];
	int full;
	int sparse;
	struct samples s[WHAT];
};

static void fill_memfd(int fd, size_t page, size_t nr)
{
	ssize_t size = (ssize_t)(nr * PAGE_SIZE);

	if (pwrite(fd, content_at(page), (size_t)size, (off_t)(page * PAGE_SIZE)) !=
	    size)
		die("write to a memfd");
}

static void prepare_memfd(struct memory *m, size_t pages, unsigned int lone)
{
	size_t i;

	m->full = make_memfd(pages * PAGE_SIZE);
	for (i = 0; i < pages; i += WINDOW)
		fill_memfd(m->full, i, WINDOW);
	m->sparse = make_memfd(lone * APART * PAGE_SIZE);
	for (i = 0; i < lone; i++)
		fill_memfd(m->sparse, i * APART, 1);
}

static void prepare_vmo(struct memory *m, size_t pages, unsigned int lone,
			size_t step)
{
	struct region_spec full = { .pages = pages, .flags = REGION_IDLE };
	struct region_spec sparse = { .pages = lone * APART, .flags = REGION_IDLE };
	size_t i;

	m->region[0] = region_open(&peer_zxpager, &full);
	for (i = 0; i < pages; i += step)
		peer_zxpager.supply(m->region[0], i, step);
	m->full = m->region[0]->fd;
	m->region[1] = region_open(&peer_zxpager, &sparse);
	for (i = 0; i < lone; i++)
		peer_zxpager.supply(m->region[1], i * APART, 1);
	m->sparse = m->region[1]->fd;
}

static void wrong(const char *name, size_t page)
{
	errno = 0;
	die("resident, %s: wrong word in page %zu", name, page);
}

static void faults(struct memory *m, const char *name, unsigned int lone)
{
	size_t size = lone * APART * PAGE_SIZE, i;
	char *addr = map_to_read(size, m->sparse);
	uint64_t start, word;

	for (i = 0; i < lone; i++) {
		start = now();
		word = touch_read(addr + i * APART * PAGE_SIZE);
		sample_since(&m->s[FAULT], start, 1);
		if (word != content_word(i * APART))
			wrong(name, i * APART);
	}
	munmap(addr, size);
}

static void around(struct memory *m, const char *name, size_t pages, bool check)
{
	char *addr = map_to_read(pages * PAGE_SIZE, m->full);
	size_t page, i;
	uint64_t start;

	for (page = 0; page < pages; page += SAMPLE) {
		start = now();
		for (i = page; i < page + SAMPLE; i++)
			if (touch_read(addr + i * PAGE_SIZE) != content_word(i))
				wrong(name, i);
		sample_since(&m->s[AROUND], start, SAMPLE);
	}
	if (check)
		content_check(addr, 0, pages, name);
	munmap(addr, pages * PAGE_SIZE);
}

static void read_page(struct memory *m, size_t page, size_t nr, struct samples *s,
		      const char *name)
{
	static char buffer[WINDOW * PAGE_SIZE];
	ssize_t size = (ssize_t)(nr * PAGE_SIZE), n;
	uint64_t start;

	start = now();
	n = pread(m->full, buffer, (size_t)size, (off_t)(page * PAGE_SIZE));
	sample_since(s, start, nr);
	if (n != size)
		die("read of %s", name);
	content_check(buffer, page, nr, name);
}

static void measure(struct memory *m, const char *name, size_t pages,
		    const unsigned int *order, unsigned int lone, bool first)
{
	unsigned int i;

	faults(m, name, lone);
	around(m, name, pages, first);
	for (i = 0; i < lone; i++)
		read_page(m, order[i], 1, &m->s[READ], name);
	for (i = 0; i < lone / 4; i++)
		read_page(m, i * WINDOW % pages, WINDOW, &m->s[READ_128K], name);
}

static void run_resident(void)
{
	size_t size = options.trace ? MIB(2) : options.quick ? MIB(4) : MIB(32);
	size_t pages = size / PAGE_SIZE;
	unsigned int rounds = options.trace ? 2 : times(8, 16, 50), lone = times(64, 256, 256), i, j, k;
	unsigned int *order = random_order((unsigned int)pages);
	struct memory m[WHO] = { 0 };
	char name[64];

	prepare_vmo(&m[ZX], pages, lone, WINDOW);
	prepare_vmo(&m[ZX_4K], pages, lone, 1);
	prepare_memfd(&m[MEMFD], pages, lone);
	/* The first round is thrown away. */
	for (i = 0; i <= rounds; i++) {
		for (j = 0; j < WHO; j++)
			measure(&m[j], who[j], pages, order, lone, !i);
		for (j = 0; !i && j < WHO; j++)
			for (k = 0; k < WHAT; k++)
				m[j].s[k].nr = 0;
	}
	for (j = 0; j < WHO; j++) {
		for (k = 0; k < WHAT; k++) {
			snprintf(name, sizeof(name), "resident.%s.%s", who[j],
				 what[k]);
			emit(name, NAN, "ns", &m[j].s[k]);
			sample_free(&m[j].s[k]);
		}
		if (j == MEMFD) {
			close(m[j].full);
			close(m[j].sparse);
			continue;
		}
		region_close(m[j].region[0]);
		region_close(m[j].region[1]);
	}
	free(order);
}

ZXB_WORK(resident, "memory that is there: faults and reads", run_resident)

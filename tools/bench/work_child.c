// SPDX-License-Identifier: GPL-2.0
/*
 * child: copies of a VMO, which cost what a private mapping of a memfd costs, and can be
 * handed on.
 *
 *	store		the first store to a page that was not looked at; others map it
 *	store_mapped	the same after a load
 *	around		loads of all pages by a new mapping; the root's own is compared with
 *	family		store_mapped by who has 1 to 1,000 siblings with the page mapped
 *	freeze		a copy of a copy, for each page that the latter has for itself
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "peer.h"

/* So far apart that no fault maps two of them. */
#define APART	64UL
#define LONE	16U
#define PAGES	(LONE * APART)
/* Page tables are built for so many at a time. */
#define SAMPLE	(MIB(2) / PAGE_SIZE)

enum { CHILD, PRIVATE, WHO };

static const unsigned int families[] = { 1, 10, 100, 1000 };
static const size_t frozen[] = { 256, 4096 };

/* Shared, but for the contender whose copies are private mappings. */
static char *map_copy(int fd, int flags)
{
	char *addr = mmap(NULL, PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (addr == MAP_FAILED)
		die("mmap of a copy");
	return addr;
}

static void unmap(char *addr)
{
	munmap(addr, PAGES * PAGE_SIZE);
}

static void check_word(const char *addr, size_t page, uint64_t want)
{
	errno = 0;
	if (touch_read(addr + page * PAGE_SIZE) != want)
		die("child: wrong word in page %zu", page);
}

static void look(const char *addr)
{
	unsigned int i;

	for (i = 0; i < LONE; i++)
		check_word(addr, i * APART, content_word(i * APART));
}

static void store(char *addr, struct samples *s)
{
	uint64_t start;
	unsigned int i;

	for (i = 0; i < LONE; i++) {
		start = now();
		*(volatile uint64_t *)(addr + i * APART * PAGE_SIZE) = i;
		sample_since(s, start, 1);
	}
	for (i = 0; i < LONE; i++)
		check_word(addr, i * APART, i);
}

/* One round: by a copy that nobody used so far. */
static void stores(int fd, bool child, bool looks, struct samples *s)
{
	int copy = child ? zx_child_create(fd, ZXP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, PAGES) : fd;
	char *addr = map_copy(copy, child ? MAP_SHARED : MAP_PRIVATE);

	if (looks)
		look(addr);
	store(addr, s);
	unmap(addr);
	if (child)
		close(copy);
}

static void around(int fd, struct samples *s)
{
	char *addr = map_to_read(PAGES * PAGE_SIZE, fd);
	size_t page, i;
	uint64_t start;

	for (page = 0; page < PAGES; page += SAMPLE) {
		start = now();
		for (i = page; i < page + SAMPLE; i++)
			touch_read(addr + i * PAGE_SIZE);
		sample_since(s, start, SAMPLE);
	}
	munmap(addr, PAGES * PAGE_SIZE);
}

/* The first round of each is thrown away. */
static void run_stores(int root, int memfd, unsigned int rounds)
{
	static const char *const who[] = { "zxpager", "memfd" };
	struct samples s[WHO][2] = { 0 }, own = { 0 }, seen = { 0 };
	int fds[WHO] = { root, memfd }, j, k;
	char name[64];
	unsigned int i;

	for (i = 0; i <= rounds; i++) {
		int child = zx_child_create(root, ZXP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, PAGES);

		for (j = 0; j < WHO; j++)
			for (k = 0; k < 2; k++)
				stores(fds[j], j == CHILD, k, &s[j][k]);
		around(root, &own);
		around(child, &seen);
		close(child);
		if (i)
			continue;
		for (j = 0; j < WHO; j++)
			s[j][0].nr = s[j][1].nr = 0;
		own.nr = seen.nr = 0;
	}
	for (j = 0; j < WHO; j++) {
		for (k = 0; k < 2; k++) {
			snprintf(name, sizeof(name), "child.%s.%s", who[j],
				 k ? "store_mapped" : "store");
			emit(name, NAN, "ns", &s[j][k]);
			sample_free(&s[j][k]);
		}
	}
	emit("child.zxpager.around", NAN, "ns", &seen);
	emit("child.root.around", NAN, "ns", &own);
	sample_free(&seen);
	sample_free(&own);
}

static void run_families(int root, unsigned int rounds)
{
	unsigned int most = options.trace ? 10 : families[ARRAY_SIZE(families) - 1], nr = 0, i, j;
	char **sibling = calloc(most, sizeof(*sibling));
	struct samples s = { 0 };
	int child;

	if (!sibling)
		die("memory for %u siblings", most);
	for (i = 0; i < ARRAY_SIZE(families) && families[i] <= most; i++) {
		for (; nr < families[i]; nr++) {
			child = zx_child_create(root, ZXP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, PAGES);
			sibling[nr] = map_copy(child, MAP_SHARED);
			close(child);
			look(sibling[nr]);
		}
		for (j = 0; j <= rounds; j++) {
			stores(root, true, true, &s);
			if (!j)
				s.nr = 0;
		}
		emit("child.zxpager.family", families[i], "ns", &s);
		s.nr = 0;
	}
	while (nr)
		unmap(sibling[--nr]);
	free(sibling);
	sample_free(&s);
}

static void run_freezes(int root, unsigned int rounds)
{
	struct samples s = { 0 };
	double typical[ARRAY_SIZE(frozen)];
	unsigned int i, j;
	uint64_t start;
	int child, copy;
	size_t page;
	char *addr;

	for (i = 0; i < ARRAY_SIZE(frozen); i++) {
		child = zx_child_create(root, ZXP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, frozen[i]);
		addr = map_memory(frozen[i] * PAGE_SIZE, child);
		for (j = 0; j <= rounds; j++) {
			for (page = 0; page < frozen[i]; page++)
				*(volatile uint64_t *)(addr + page * PAGE_SIZE) = j;
			start = now();
			copy = zx_child_create(child, ZXP_CHILD_SNAPSHOT_MODIFIED, frozen[i]);
			sample_since(&s, start, 1);
			close(copy);
			if (!j)
				s.nr = 0;
		}
		typical[i] = sample_typical(&s);
		emit("child.zxpager.freeze", (double)frozen[i], "ns", &s);
		s.nr = 0;
		munmap(addr, frozen[i] * PAGE_SIZE);
		close(child);
	}
	emit_value("child.zxpager.freeze.page", NAN, "ns",
		   (typical[1] - typical[0]) / (double)(frozen[1] - frozen[0]));
	sample_free(&s);
}

static void run_child(void)
{
	unsigned int rounds = times(4, 8, 32);
	size_t pages = frozen[ARRAY_SIZE(frozen) - 1], page;
	int pager = zx_pager_open(), root = zx_vmo_create(pager, pages, 0, 0, 0);
	int memfd = make_memfd(PAGES * PAGE_SIZE);
	char *others, *mapped = map_memory(pages * PAGE_SIZE, root);

	for (page = 0; page < pages; page++) {
		zx_supply(pager, root, page, content_at(page), 1);
		if (page < PAGES && pwrite(memfd, content_at(page), PAGE_SIZE,
					   (off_t)(page * PAGE_SIZE)) != (ssize_t)PAGE_SIZE)
			die("write to a memfd");
	}
	/* Somebody has the pages mapped: the root's own mapping and one of the memfd. */
	look(mapped);
	others = map_to_read(PAGES * PAGE_SIZE, memfd);
	look(others);

	run_stores(root, memfd, rounds);
	run_families(root, rounds);
	run_freezes(root, rounds);

	munmap(mapped, pages * PAGE_SIZE);
	munmap(others, PAGES * PAGE_SIZE);
	close(memfd);
	close(root);
	close(pager);
}

ZXB_WORK(child, "copies of a VMO: first stores, families, copies of copies", run_child)

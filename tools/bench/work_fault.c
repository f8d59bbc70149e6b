// SPDX-License-Identifier: GPL-2.0
/*
 * fault_4k: one thread reads a word of missing pages, here and there, and the daemon
 * supplies the one page. All contenders do so in the same order of pages.
 *
 * The floor is what cannot be avoided: that another thread is asked and answers
 * (a pipe), that it copies a page, and that a page that is there is mapped.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "peer.h"

#define PAGES	(MIB(64) / PAGE_SIZE)
/* Pages that are resident are so far apart that no fault maps two of them. */
#define APART	64UL

static const struct peer *const peers[] = {
	&peer_zxpager, &peer_userfaultfd, &peer_fuse,
};

static void fault(const struct region *r, const unsigned int *page, unsigned int nr,
		  struct samples *s)
{
	uint64_t start, word;

	for (; nr; nr--, page++) {
		start = now();
		word = touch_read(region_page(r, *page));
		sample_since(s, start, 1);
		errno = 0;
		if (word != content_word(*page))
			die("%s: wrong word in page %u", r->peer->name, *page);
	}
}

static void round_trips(struct pipe_pair *pipe, unsigned int nr, struct samples *s)
{
	uint64_t start;

	for (; nr; nr--) {
		start = now();
		pipe_round_trip(pipe);
		sample_since(s, start, 1);
	}
}

static void copies(const unsigned int *page, unsigned int nr, struct samples *s)
{
	static char to[PAGE_SIZE];
	uint64_t start;

	for (; nr; nr--, page++) {
		start = now();
		memcpy(to, content_at(*page), sizeof(to));
		/* The compiler is not to know that nobody reads it. */
		__asm__ volatile("" : : "r"(to) : "memory");
		sample_since(s, start, 1);
	}
}

/* The pages are there, and nothing of them is mapped. */
static void resident(int fd, unsigned int nr, struct samples *s)
{
	size_t size = nr * APART * PAGE_SIZE;
	char *addr = map_to_read(size, fd);
	uint64_t start;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		start = now();
		touch_read(addr + i * APART * PAGE_SIZE);
		sample_since(s, start, 1);
	}
	munmap(addr, size);
}

static void run_fault(void)
{
	unsigned int rounds = times(16, 32, 50), nr = times(16, 64, 100), i, j;
	struct region_spec spec = { .pages = PAGES, .flags = REGION_RANDOM };
	struct samples faults[ARRAY_SIZE(peers)] = { 0 }, parts[3] = { 0 };
	struct region *region[ARRAY_SIZE(peers)];
	unsigned int *order = random_order(PAGES);
	struct pipe_pair *pipe = pipe_open();
	int memfd = make_memfd(nr * APART * PAGE_SIZE);
	char name[64];

	for (i = 0; i < nr; i++)
		if (pwrite(memfd, order, PAGE_SIZE, (off_t)(i * APART * PAGE_SIZE)) !=
		    (ssize_t)PAGE_SIZE)
			die("memfd");
	for (j = 0; j < ARRAY_SIZE(peers); j++)
		region[j] = region_open(peers[j], &spec);

	/* The first round is thrown away. */
	for (i = 0; i <= rounds; i++) {
		for (j = 0; j < ARRAY_SIZE(peers); j++)
			fault(region[j], order + (size_t)i * nr, nr, &faults[j]);
		round_trips(pipe, nr, &parts[0]);
		copies(order + (size_t)i * nr, nr, &parts[1]);
		resident(memfd, nr, &parts[2]);
		if (i)
			continue;
		for (j = 0; j < ARRAY_SIZE(peers); j++)
			faults[j].nr = 0;
		for (j = 0; j < ARRAY_SIZE(parts); j++)
			parts[j].nr = 0;
	}

	for (j = 0; j < ARRAY_SIZE(peers); j++) {
		errno = 0;
		if (region[j]->asked != (size_t)(rounds + 1) * nr ||
		    region[j]->supplied != region[j]->asked)
			die("%s: asked %lu times", peers[j]->name, region[j]->asked);
		for (i = 0; i < (rounds + 1) * nr; i++)
			region_check(region[j], order[i], 1);
		region_close(region[j]);
		snprintf(name, sizeof(name), "fault_4k.%s", peers[j]->name);
		emit(name, NAN, "ns", &faults[j]);
		emit_p99(name, NAN, "ns", &faults[j]);
		sample_free(&faults[j]);
	}
	emit("fault_4k.pipe", NAN, "ns", &parts[0]);
	emit("fault_4k.copy", NAN, "ns", &parts[1]);
	emit("fault_4k.resident", NAN, "ns", &parts[2]);
	emit_value("fault_4k.floor", NAN, "ns",
		   sample_typical(&parts[0]) + sample_typical(&parts[1]) +
		   sample_typical(&parts[2]));
	for (j = 0; j < ARRAY_SIZE(parts); j++)
		sample_free(&parts[j]);
	pipe_close(pipe);
	close(memfd);
	free(order);
}

ZXB_WORK(fault_4k, "a missing page is read, the daemon supplies it", run_fault)

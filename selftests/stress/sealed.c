// SPDX-License-Identifier: GPL-2.0
/*
 * Sealed VMOs on the side. What is supplied in large pieces lies in large folios, which come
 * and go while a client reads them by a mapping. In the end the daemon may go before it.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "stress.h"

#define LARGE		512			/* pages of the largest folio */
#define PAGES		(LARGE + 8)
#define BYTES		(PAGES * 4096ULL)
#define WORDS		(BYTES / 8)
#define LOOKS		8			/* of the client, each at every word */
#define NO_MORE		2			/* its exit status after a SIGBUS */

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

static uint64_t word_at(uint64_t i)
{
	return i * 0x9e3779b97f4a7c15ULL + 1;
}

static const uint64_t *content(void)
{
	static uint64_t *words;
	uint64_t i;

	if (words)
		return words;
	words = map_anon(PAGES);
	for (i = 0; words && i < WORDS; i++)
		words[i] = word_at(i);
	return words;
}

static void on_bus(int sig)
{
	(void)sig;
	_exit(NO_MORE);
}

/* It is up to the kernel: it may fetch, join or give up what is mapped. */
static void advise(struct dice *d, void *map)
{
	static const int advice[] = {
		MADV_COLLAPSE, MADV_COLLAPSE, MADV_HUGEPAGE, MADV_DONTNEED, MADV_PAGEOUT,
		MADV_COLD, MADV_WILLNEED,
	};

	madvise(map, BYTES, advice[roll(d, sizeof(advice) / sizeof(*advice))]);
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

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGBUS, on_bus);
	map = mmap(NULL, BYTES, PROT_READ, MAP_SHARED, vmo, 0);
	if (map == MAP_FAILED) {
		wrong("sealed: mmap: %m");
		_exit(1);
	}
	(void)map[0];
	if (is_mapped_large())
		add(board->large, 1);
	for (look = 0; look < LOOKS && load(board->phase) == PHASE_RUN; look++) {
		for (i = 0; i < WORDS; i++) {
			seen = map[i];
			if (seen == word_at(i))
				continue;
			wrong("sealed: word %" PRIu64 " is %#" PRIx64, i, seen);
			_exit(1);
		}
		if (one_in(d, 2))
			advise(d, (void *)map);
	}
	_exit(0);
}

/* With all of it, or with no more than was asked for. False: something is wrong. */
static bool answer(struct dice *d, int pager, int vmo, const struct zxp_packet *p)
{
	bool all = !one_in(d, 3);
	uint64_t offset = all ? 0 : p->offset, length = all ? BYTES : p->length;
	int ret;

	if (p->command != ZXP_PACKET_READ) {
		wrong("sealed: packet %#x", p->command);
		return false;
	}
	ret = zxp_supply_pages(pager, vmo, offset, length, content() + offset / 8);
	if (ret)
		wrong("sealed: supply of %#" PRIx64 " at %#" PRIx64 ": %d", length, offset, ret);
	return !ret;
}

/* True after so many answers, false if the client ends before. */
static bool serve(struct dice *d, int pager, int vmo, int client, uint32_t answers)
{
	struct pollfd fds[] = {
		{ .fd = pager, .events = POLLIN }, { .fd = client, .events = POLLIN },
	};
	struct zxp_packet p;

	while (answers && poll(fds, 2, -1) > 0 && !fds[1].revents) {
		/* An answer to another packet may have taken this one back. */
		if (read(pager, &p, sizeof(p)) != sizeof(p))
			continue;
		answers = answer(d, pager, vmo, &p) ? answers - 1 : 0;
	}
	return !answers;
}

void sealed_once(struct dice *d)
{
	int pager = zxp_open(O_NONBLOCK), vmo, client, status = 0;
	/* In each round one is there for sure that can be mapped at once. */
	bool first = !load(board->sealed), leaves;
	uint32_t answers;
	pid_t pid;

	vmo = zxp_create_vmo_flags(pager, 0, ZXP_CREATE_READ_ONLY, ZXP_PORT_OWN, 0, BYTES);
	if (pager < 0 || vmo < 0 || !content()) {
		wrong("sealed: %d %d", pager, vmo);
		return;
	}
	if ((first || one_in(d, 2)) &&
	    zxp_supply_pages(pager, vmo, 0, BYTES, content()))
		wrong("sealed: it cannot be supplied");
	pid = fork();
	if (!pid) {
		/* The pager is the daemon's alone. */
		close(pager);
		sealed_client(d, vmo);
	}
	client = syscall(SYS_pidfd_open, pid, 0);
	if (client < 0) {
		wrong("sealed: no client: %m");
		return;
	}
	answers = first || one_in(d, 2) ? UINT32_MAX : roll(d, 4);
	leaves = serve(d, pager, vmo, client, answers);
	if (one_in(d, 2) && zxp_detach_vmo(pager, vmo))
		wrong("sealed: the VMO cannot be detached");
	close(pager);
	close(client);
	close(vmo);
	if (waitpid(pid, &status, 0) != pid)
		wrong("sealed: waitpid: %m");
	/* As long as there is a daemon, all can be read. */
	if (status && !(leaves && status == W_EXITCODE(NO_MORE, 0)))
		wrong("sealed: the client has ended with %#x", status);
	add(board->sealed, 1);
}

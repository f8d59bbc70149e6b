// SPDX-License-Identifier: GPL-2.0
/*
 * daemon: a file on a disk is mapped and read, from front to back and here and there, with
 * nothing of it in the page cache: served by zxpagerd, by a FUSE file system that hands
 * it on, and as itself. The servers are processes of their own.
 *
 * From front to back zxpagerd has its usual window, 128 KiB, and finds out that it can
 * read ahead; the others are told that it will be so. Here and there all are told:
 * zxpagerd by a window of one page and no read-ahead, the others by advice.
 *
 * The file may be there three times, on the disk, in its page cache, and as it is
 * served. So it is a GiB only where there is that much memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "store.h"

#define WINDOW	(KIB(128) / PAGE_SIZE)
/* Pages that make one sample. */
#define PART	(MIB(1) / PAGE_SIZE)

static const struct serving *const servings[] = {
	&serving_zxpagerd, &serving_fuse, &serving_file,
};

static size_t choose_pages(void)
{
	size_t size = options.trace ? MIB(2) : options.quick ? MIB(64) : GIB(1);

	while (size > MIB(2) && size * 3 + MIB(256) > memory_available())
		size /= 2;
	if (!options.quick && size < GIB(1))
		note("daemon: %zu MiB, three times a GiB does not fit", size >> 20);
	return size / PAGE_SIZE;
}

static char *map_cold(const struct server *s, const struct store *store, bool random)
{
	size_t size = store->pages * PAGE_SIZE, page;
	unsigned char *resident = malloc(store->pages);
	char *addr = mmap(NULL, size, PROT_READ, MAP_SHARED, s->fd, 0);

	if (addr == MAP_FAILED || !resident)
		die("mmap of %zu KiB", size >> 10);
	if (madvise(addr, size, random ? MADV_RANDOM : MADV_SEQUENTIAL) ||
	    posix_fadvise(s->fd, 0, 0, random ? POSIX_FADV_RANDOM :
						POSIX_FADV_SEQUENTIAL))
		die("advice");
	if (mincore(addr, size, resident))
		die("mincore");
	errno = 0;
	for (page = 0; page < store->pages; page++)
		if (resident[page] & 1)
			die("daemon: page %zu is not cold", page);
	free(resident);
	return addr;
}

static void check_word(const char *addr, size_t page, const char *who)
{
	if (touch_read(addr + page * PAGE_SIZE) == content_word(page))
		return;
	errno = 0;
	die("daemon: %s: wrong word in page %zu", who, page);
}

/* zxpagerd reads each window once, and nothing but what is needed. */
static void check_windows(const struct serving *serving, const struct server *s,
			  size_t windows)
{
	errno = 0;
	if (serving == &serving_zxpagerd && zxpagerd_windows(s) != windows)
		die("daemon: zxpagerd has read %zu windows instead of %zu",
		    zxpagerd_windows(s), windows);
}

static void run_sequential(const struct serving *serving, const struct store *store,
			   struct samples *s)
{
	struct server server = { 0 };
	size_t page, i;
	uint64_t start;
	char *addr;

	serving->start(&server, store);
	store_cold();
	addr = map_cold(&server, store, false);
	for (page = 0; page < store->pages; page += PART) {
		start = now();
		for (i = 0; i < PART; i++)
			check_word(addr, page + i, serving->name);
		sample_since(s, start, PART);
	}
	check_windows(serving, &server, store->pages / WINDOW);
	munmap(addr, store->pages * PAGE_SIZE);
	serving->stop(&server);
}

static void run_random(const struct serving *serving, const struct store *store,
		       const unsigned int *order, unsigned int nr, struct samples *s)
{
	struct server server = { .window = PAGE_SIZE };
	uint64_t start;
	unsigned int i;
	char *addr;

	serving->start(&server, store);
	store_cold();
	addr = map_cold(&server, store, true);
	for (i = 0; i < nr; i++) {
		start = now();
		check_word(addr, order[i], serving->name);
		sample_since(s, start, 1);
	}
	check_windows(serving, &server, nr);
	munmap(addr, store->pages * PAGE_SIZE);
	serving->stop(&server);
}

static void run_daemon(void)
{
	unsigned int rounds = times(1, 1, 3), nr = times(512, 4096, 4096), i, j;
	struct samples sequential[ARRAY_SIZE(servings)] = { 0 };
	struct samples random[ARRAY_SIZE(servings)] = { 0 };
	size_t pages = choose_pages();
	unsigned int *order = random_order((unsigned int)pages);
	struct store store;
	char name[64];

	store_open(&store, &disk_brd, pages);
	for (i = 0; i < rounds; i++) {
		for (j = 0; j < ARRAY_SIZE(servings); j++)
			run_sequential(servings[j], &store, &sequential[j]);
		for (j = 0; j < ARRAY_SIZE(servings); j++)
			run_random(servings[j], &store, order, nr, &random[j]);
	}
	store_cold();
	store_close(&store);
	for (j = 0; j < ARRAY_SIZE(servings); j++) {
		snprintf(name, sizeof(name), "daemon.%s.sequential", servings[j]->name);
		emit(name, NAN, "ns", &sequential[j]);
		snprintf(name, sizeof(name), "daemon.%s.random", servings[j]->name);
		emit(name, NAN, "ns", &random[j]);
		emit_p99(name, NAN, "ns", &random[j]);
		sample_free(&sequential[j]);
		sample_free(&random[j]);
	}
	free(order);
}

ZXB_WORK(daemon, "a file on a disk, by zxpagerd, by FUSE, and as itself", run_daemon)

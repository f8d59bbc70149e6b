// SPDX-License-Identifier: GPL-2.0
/*
 * clients: one thread or several read pages of a file here and there, at the same time,
 * served by zxpagerd, with nothing of the file in the page cache. Nobody waits for the
 * disk, or it takes 100 us for each request.
 *
 *	all	a page, from the first to the last, with what the clients do, and waits
 *	daemon	what zxpagerd has of the processor for a page
 *
 * The argument, if there is one, is another zxpagerd, to be compared with.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "store.h"

#define PAGES	(MIB(64) / PAGE_SIZE)
#define MOST	16U

static const unsigned int counts[] = { 1, MOST };

/**
 * struct client - a thread that touches pages
 * @thread: its thread
 * @addr: of the first page
 * @order: those that are left
 * @step: how far apart its own are in these
 * @left: so many of its own
 */
struct client {
	pthread_t thread;
	const char *addr;
	const unsigned int *order;
	unsigned int step;
	unsigned int left;
};

static void *client(void *arg)
{
	struct client *c = arg;
	size_t page;

	for (; c->left; c->order += c->step, c->left--) {
		page = *c->order;
		if (touch_read(c->addr + page * PAGE_SIZE) == content_word(page))
			continue;
		errno = 0;
		die("clients: wrong word in page %zu", page);
	}
	return NULL;
}

static uint64_t cpu_time_of(pid_t pid)
{
	struct timespec t;
	clockid_t clock;

	check_rc(clock_getcpuclockid(pid, &clock), "the server's clock");
	if (clock_gettime(clock, &t))
		die("the server's clock");
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void run_clients(const char *addr, const unsigned int *order, unsigned int nr,
			unsigned int count)
{
	struct client clients[MOST];
	unsigned int i;

	for (i = 0; i < count; i++) {
		clients[i] = (struct client){
			.addr = addr,
			.order = order + i,
			.step = count,
			.left = nr / count,
		};
		check_rc(pthread_create(&clients[i].thread, NULL, client, &clients[i]),
			 "thread");
	}
	for (i = 0; i < count; i++)
		check_rc(pthread_join(clients[i].thread, NULL), "thread");
}

/* A sample is a part of the pages, so that each is of many. */
static void measure(const struct store *store, const unsigned int *order, unsigned int count,
		    struct samples *all, struct samples *daemon)
{
	unsigned int nr = options.trace ? 512 : times(2048, 8192, 16384), part = nr / 8, at;
	struct server server = { .window = PAGE_SIZE, .program = options.args[0] };
	size_t size = store->pages * PAGE_SIZE;
	uint64_t start, before;
	char *addr;

	serving_zxpagerd.start(&server, store);
	store_cold();
	addr = map_to_read(size, server.fd);
	if (madvise(addr, size, MADV_RANDOM))
		die("advice");
	for (at = 0; at < nr; at += part) {
		before = cpu_time_of(server.pid);
		start = now();
		run_clients(addr, order + at, part, count);
		sample_since(all, start, part);
		sample_add(daemon, (double)(cpu_time_of(server.pid) - before) / part);
	}
	errno = 0;
	if (zxpagerd_windows(&server) != nr)
		die("clients: zxpagerd has read %zu pages instead of %u",
		    zxpagerd_windows(&server), nr);
	munmap(addr, size);
	serving_zxpagerd.stop(&server);
}

static void measure_disk(const struct disk *disk, const char *name)
{
	unsigned int *order = random_order(PAGES), i;
	struct samples all, daemon;
	struct store store;
	char figure[64];

	store_open(&store, disk, PAGES);
	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		all = daemon = (struct samples){ 0 };
		measure(&store, order, counts[i], &all, &daemon);
		snprintf(figure, sizeof(figure), "clients.%s.all", name);
		emit(figure, counts[i], "ns", &all);
		snprintf(figure, sizeof(figure), "clients.%s.daemon", name);
		emit(figure, counts[i], "ns", &daemon);
		sample_free(&all);
		sample_free(&daemon);
	}
	store_cold();
	store_close(&store);
	free(order);
}

static void run_work(void)
{
	measure_disk(&disk_brd, "brd");
	measure_disk(&disk_slow, "slow");
}

ZXB_WORK(clients, "one or many clients, on a disk that waits or does not", run_work)

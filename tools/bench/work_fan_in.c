// SPDX-License-Identifier: GPL-2.0
/*
 * fault_fan_in: many threads are blocked at once, each on a page of its own.
 *
 * In a round each of N threads touches the page that is its own in that round, and blocks.
 * When there are N messages the daemon, which reads as many at a time as there are, sorts
 * them, makes one range of pages that follow each other, and supplies the ranges, as many
 * with a call as its interface allows; so N threads wake, check what they got, and begin the next round. A sample is a round, seen
 * by the daemon, for each of its faults. For there to be N at once, and not those that
 * happened to be first, the daemon sleeps until the last thread is about to block.
 *
 *	near	the pages of a round follow each other: one range
 *	apart	no two pages do: N ranges
 *	vmos	apart, in 16 VMOs that have one port, or 16 areas that have one
 *		userfaultfd
 *
 * With userfaultfd there are two ways, of which one is better with many threads, the other
 * with few or on many processors: ranges are copied without waking, and all are woken at
 * the end, since each of its wakes looks at all who wait; or, as userfaultfd_each, each
 * copy wakes.
 */
#include <errno.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/zxpager.h>

#include "peer.h"

#define MOST_THREADS	256U
#define MOST_REGIONS	16U
#define CLIENT_STACK	KIB(64)

enum pattern { NEAR, APART, VMOS, PATTERNS };

static const char *const suffixes[PATTERNS] = { "", "_apart", "_vmos" };
static const unsigned int counts[] = { 1, 4, 16, 64, 256 };

enum way { ZXPAGER, UFFD, UFFD_EACH, WAYS };

static const char *const names[WAYS] = {
	"zxpager", "userfaultfd", "userfaultfd_each",
};

/* What a thread wants, or several do whose pages follow each other. */
struct want {
	unsigned int region;
	size_t page;
	size_t nr;
};

/**
 * struct fan - one run, with so many threads
 * @way: who serves them
 * @pattern: of the pages
 * @threads: their number
 * @rounds: so often each of them touches a page
 * @region: of one contender, all with one daemon
 * @regions: how many of them there are
 * @order: pages, see fan_page()
 * @arrived: touches that were begun
 * @last: for each round: its last touch was begun
 * @want: what was read in this round
 * @wants: how many of them there are
 */
struct fan {
	enum way way;
	enum pattern pattern;
	unsigned int threads;
	unsigned int rounds;
	struct region *region[MOST_REGIONS];
	unsigned int regions;
	unsigned int *order;
	atomic_uint arrived;
	sem_t last;
	struct want want[MOST_THREADS];
	unsigned int wants;
};

struct client {
	struct fan *fan;
	unsigned int number;
	pthread_t thread;
};

/* The page of a thread in a round. */
static struct want fan_page(const struct fan *f, unsigned int round,
			    unsigned int number)
{
	unsigned int n = round * f->threads + number;
	struct want want = { .nr = 1 };

	if (f->pattern == NEAR) {
		want.page = round * f->threads + f->order[number];
	} else {
		want.region = n % f->regions;
		want.page = (size_t)f->order[n / f->regions] * 2;
	}
	return want;
}

static void *client(void *arg)
{
	const struct client *c = arg;
	struct fan *f = c->fan;
	const struct region *r;
	unsigned int round;
	struct want want;

	for (round = 0; round < f->rounds; round++) {
		want = fan_page(f, round, c->number);
		r = f->region[want.region];
		/* One thread alone is always the last one. */
		if (f->threads > 1 &&
		    (atomic_fetch_add(&f->arrived, 1) + 1) % f->threads == 0)
			sem_post(&f->last);
		if (touch_read(region_page(r, want.page)) !=
		    content_word(want.page)) {
			errno = 0;
			die("%s: wrong word in page %zu", r->peer->name, want.page);
		}
	}
	return NULL;
}

static void add(struct fan *f, unsigned int region, size_t page)
{
	errno = 0;
	if (f->wants == f->threads)
		die("more messages than threads");
	f->want[f->wants++] = (struct want){ region, page, 1 };
}

static void read_zx(struct fan *f)
{
	struct zxp_packet packet[MOST_THREADS];
	ssize_t n, i;

	n = read(zx_region_pager(f->region[0]), packet, sizeof(packet));
	if (n < 0)
		die("read of packets");
	n /= (ssize_t)sizeof(*packet);
	for (i = 0; i < n; i++) {
		struct region *r = (struct region *)(uintptr_t)packet[i].key;
		unsigned int region = 0;

		while (f->region[region] != r)
			region++;
		errno = 0;
		if (packet[i].command != ZXP_PACKET_READ ||
		    packet[i].length != PAGE_SIZE)
			die("a packet that nobody asked for");
		add(f, region, packet[i].offset / PAGE_SIZE);
	}
}

static void read_uffd(struct fan *f)
{
	struct uffd_msg msg[MOST_THREADS];
	ssize_t n, i;

	n = read(uffd_of_region(f->region[0]), msg, sizeof(msg));
	if (n < 0)
		die("read of messages");
	n /= (ssize_t)sizeof(*msg);
	for (i = 0; i < n; i++) {
		char *addr = (char *)(uintptr_t)msg[i].arg.pagefault.address;
		const struct region *r;
		unsigned int region = 0;

		errno = 0;
		for (;; region++) {
			if (region == f->regions)
				die("a message about %p", (void *)addr);
			r = f->region[region];
			if (addr >= r->addr &&
			    addr < r->addr + r->spec.pages * PAGE_SIZE)
				break;
		}
		add(f, region, (size_t)(addr - r->addr) / PAGE_SIZE);
	}
}

static int compare(const void *a, const void *b)
{
	const struct want *x = a, *y = b;

	if (x->region != y->region)
		return x->region < y->region ? -1 : 1;
	return (x->page > y->page) - (x->page < y->page);
}

static void sort_and_merge(struct fan *f)
{
	struct want *to = f->want, *from = f->want + 1;

	qsort(f->want, f->wants, sizeof(*f->want), compare);
	for (; from < f->want + f->wants; from++) {
		if (from->region == to->region && from->page == to->page + to->nr)
			to->nr++;
		else
			*++to = *from;
	}
	f->wants = (unsigned int)(to - f->want) + 1;
}

/* One range, or all with one call. */
static void supply_zx(struct fan *f)
{
	int pager = zx_region_pager(f->region[0]);
	const struct want *want = f->want;
	struct zx_answers answers;

	if (f->wants == 1) {
		peer_zxpager.supply(f->region[want->region], want->page, want->nr);
		return;
	}
	answers.nr = 0;
	for (; want < f->want + f->wants; want++)
		zx_answer(&answers, pager, f->region[want->region]->fd, want->page,
			  want->nr);
	zx_answer_all(&answers, pager);
}

static void supply_uffd(struct fan *f)
{
	uint64_t mode = f->wants > 1 && f->way == UFFD ?
			UFFDIO_COPY_MODE_DONTWAKE : 0;
	int uffd = uffd_of_region(f->region[0]);
	const char *low = NULL, *high = NULL;
	const struct want *want = f->want;
	size_t page, left, run;
	const char *to;

	for (; want < f->want + f->wants; want++) {
		page = want->page;
		to = region_page(f->region[want->region], page);
		if (!low || to < low)
			low = to;
		if (to + want->nr * PAGE_SIZE > high)
			high = to + want->nr * PAGE_SIZE;
		for (left = want->nr; left; left -= run, page += run) {
			run = content_run(page, left);
			uffd_copy(uffd, region_page(f->region[want->region], page),
				  content_at(page), run, mode);
		}
	}
	if (mode)
		uffd_wake(uffd, low, (size_t)(high - low) / PAGE_SIZE);
}

static void serve(struct fan *f, struct samples *s)
{
	bool zx = f->way == ZXPAGER;
	unsigned int round;
	uint64_t start = 0;

	for (round = 0; round < f->rounds; round++) {
		if (f->threads > 1)
			while (sem_wait(&f->last))
				;
		for (f->wants = 0; f->wants < f->threads; )
			zx ? read_zx(f) : read_uffd(f);
		/* From the first round to the second one threads are created. */
		if (round > 1)
			sample_since(s, start, f->threads);
		/* And behind the last round all of them end. */
		if (round && round + 1 < f->rounds)
			start = now();
		sort_and_merge(f);
		zx ? supply_zx(f) : supply_uffd(f);
	}
}

static void fan_open(struct fan *f)
{
	const struct peer *peer = f->way == ZXPAGER ? &peer_zxpager :
						      &peer_userfaultfd;
	size_t touched = (size_t)f->threads * f->rounds;
	struct region_spec spec = { .flags = REGION_IDLE | REGION_RANDOM };
	unsigned int i;

	f->regions = f->pattern == VMOS ? MOST_REGIONS : 1;
	if (f->pattern == NEAR) {
		f->order = random_order(f->threads);
		spec.pages = touched;
		/* The kernel may map what is there around a page. */
		spec.flags &= ~REGION_RANDOM;
	} else {
		touched = (touched + f->regions - 1) / f->regions;
		f->order = random_order((unsigned int)touched);
		spec.pages = touched * 2;
	}
	for (i = 0; i < f->regions; i++) {
		f->region[i] = region_open(peer, &spec);
		spec.with = f->region[0];
	}
	if (sem_init(&f->last, 0, 0))
		die("semaphore");
}

static void fan_close(struct fan *f)
{
	unsigned int round, i;
	struct want want;

	for (round = 0; round < f->rounds; round++) {
		for (i = 0; i < f->threads; i++) {
			want = fan_page(f, round, i);
			region_check(f->region[want.region], want.page, 1);
		}
	}
	for (i = f->regions; i--; )
		region_close(f->region[i]);
	sem_destroy(&f->last);
	free(f->order);
}

static void fan_in(enum way way, enum pattern pattern, unsigned int threads,
		   unsigned int rounds, struct samples *s)
{
	struct client *clients = calloc(threads, sizeof(*clients));
	struct fan *f = calloc(1, sizeof(*f));
	pthread_attr_t attr;
	unsigned int i;

	if (!clients || !f)
		die("memory for clients");
	f->way = way;
	f->pattern = pattern;
	f->threads = threads;
	f->rounds = rounds;
	fan_open(f);
	check_rc(pthread_attr_init(&attr), "attributes");
	check_rc(pthread_attr_setstacksize(&attr, CLIENT_STACK), "stack");
	for (i = 0; i < threads; i++) {
		clients[i] = (struct client){ .fan = f, .number = i };
		check_rc(pthread_create(&clients[i].thread, &attr, client,
					&clients[i]), "thread");
	}
	serve(f, s);
	for (i = 0; i < threads; i++)
		check_rc(pthread_join(clients[i].thread, NULL), "thread");
	pthread_attr_destroy(&attr);
	fan_close(f);
	free(clients);
	free(f);
}

static void measure(enum pattern pattern, unsigned int threads)
{
	unsigned int turns = options.trace ? 1 : times(2, 2, 8), rounds, i, way;
	unsigned int faults = times(64, 1024, 1024);
	/* One range has one wake anyway. */
	unsigned int ways = pattern == NEAR || options.trace ? UFFD_EACH : WAYS;
	struct samples s[WAYS] = { 0 };
	char name[64];

	rounds = faults / threads < 6 ? 6 : faults / threads;
	for (i = 0; i < turns; i++)
		for (way = 0; way < ways; way++)
			fan_in(way, pattern, threads, rounds + 2, &s[way]);
	for (way = 0; way < ways; way++) {
		snprintf(name, sizeof(name), "fault_fan_in.%s%s", names[way],
			 suffixes[pattern]);
		emit(name, threads, "ns", &s[way]);
		sample_free(&s[way]);
	}
}

static void run_fan_in(void)
{
	enum pattern pattern;
	unsigned int i;

	/* A trace of more takes very long, and is the same again and again. */
	if (options.trace) {
		measure(APART, 16);
		return;
	}
	for (pattern = 0; pattern < PATTERNS; pattern++)
		for (i = 0; i < ARRAY_SIZE(counts); i++)
			measure(pattern, counts[i]);
}

ZXB_WORK(fault_fan_in, "many threads are blocked, each on its page", run_fan_in)

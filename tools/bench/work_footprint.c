// SPDX-License-Identifier: GPL-2.0
/*
 * footprint: bytes of kernel memory that zxpager's objects take, and what it costs to
 * make one more of them when there are many.
 *
 * Kernel memory is what /proc/meminfo has as slabs, per-CPU memory and vmalloc. Slabs
 * are counted in whole pages, so there are so many objects that this is no matter. Free
 * memory has to shrink by as much, or something was not counted; it is not the measure
 * itself, since the rest of the guest lives on.
 *
 * The number of bytes is a ratio to footprint.byte in the table of bars, where the
 * limits are. A memfd is what Linux itself takes for such a file and its pages.
 *
 * Requests are hints (POSIX_FADV_WILLNEED), of which a VMO has no more than 64, so they
 * are those of many VMOs. A blocked thread has its request on its stack: as many threads
 * as is bearable wait for pages, and are compared with themselves waiting for something
 * else.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <linux/zxpager.h>

#include "peer.h"

/* A VMO has so many hints, and a hint has so many pages. */
#define HINTS		64UL
#define HINT_PAGES	128UL
/* Parts in which the many are made, each with a figure of its own. */
#define PARTS		10
#define STACK_SIZE	KIB(64)

struct memory {
	double kernel;
	double free;
};

/* Pages that a CPU has for itself are free, and not counted so. */
static double free_in_cpus(void)
{
	FILE *f = fopen("/proc/zoneinfo", "re");
	char line[128], *count;
	unsigned long pages = 0;

	if (!f)
		die("/proc/zoneinfo");
	while (fgets(line, sizeof(line), f)) {
		count = strstr(line, " count:");
		if (count)
			pages += strtoul(count + strlen(" count:"), NULL, 10);
	}
	fclose(f);
	return (double)(pages * PAGE_SIZE);
}

static struct memory memory_now(void)
{
	static const char *const names[] = { "Slab:", "Percpu:", "VmallocUsed:" };
	struct memory m = { 0 };
	FILE *f = fopen("/proc/meminfo", "re");
	char line[128];
	unsigned int i;

	if (!f)
		die("/proc/meminfo");
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "MemFree:", 8))
			m.free = strtod(line + 8, NULL) * 1024;
		for (i = 0; i < ARRAY_SIZE(names); i++)
			if (!strncmp(line, names[i], strlen(names[i])))
				m.kernel += strtod(line + strlen(names[i]), NULL) *
					    1024;
	}
	fclose(f);
	m.free += free_in_cpus();
	return m;
}

/*
 * What was freed before may still be on its way. There is no event for the end of that:
 * it is so when nothing has changed for a while.
 */
static struct memory memory_settled(void)
{
	struct memory before, m = memory_now();
	unsigned int tries = 0;

	do {
		before = m;
		usleep(200000);
		m = memory_now();
		errno = 0;
		if (++tries == 100)
			die("footprint: memory does not settle");
	} while (fabs(m.kernel - before.kernel) + fabs(m.free - before.free) >
		 (double)KIB(128));
	return m;
}

/*
 * What each of @nr things has taken since @before, beside @pages pages of their own.
 * What is not counted may be a tenth, and some noise.
 */
static double taken(const char *what, struct memory before, size_t nr, size_t pages)
{
	struct memory after = memory_now();
	double kernel = after.kernel - before.kernel;
	double gone = before.free - after.free - (double)(pages * PAGE_SIZE);

	errno = 0;
	if (gone > 1.1 * kernel + (double)MIB(8))
		die("footprint: %s: %.0f KiB are gone, and %.0f KiB counted", what,
		    gone / 1024, kernel / 1024);
	return kernel / (double)nr;
}

static void emit_bytes(const char *who, const char *what, double bytes)
{
	char name[64];

	snprintf(name, sizeof(name), "footprint.%s.%s", who, what);
	emit_value(name, NAN, "bytes", bytes);
}

/*
 * What one more costs, when there are @at of them: a curve; and its first and last points
 * by name, since the bars are about those, in the short form as well.
 */
static void emit_part(const char *what, unsigned int part, double at,
		      struct samples *s)
{
	char name[64];

	snprintf(name, sizeof(name), "footprint.%s", what);
	emit(name, at, "ns", s);
	if (part == 1 || part == PARTS) {
		snprintf(name, sizeof(name), "footprint.%s.%s", what,
			 part == 1 ? "first" : "last");
		emit(name, NAN, "ns", s);
	}
	sample_free(s);
}

/* Room in the table of descriptors, which is not the objects' own. */
static void reserve_files(unsigned int nr)
{
	struct rlimit files = { .rlim_cur = nr + 64, .rlim_max = nr + 64 };

	if (setrlimit(RLIMIT_NOFILE, &files) || dup2(STDERR_FILENO, (int)nr + 63) < 0)
		die("%u descriptors", nr);
	close((int)nr + 63);
}

/* --- VMOs, and hints ------------------------------------------------------------ */

static void make_vmos(int pager, int *vmo, unsigned int nr)
{
	unsigned int i, part, step = nr / PARTS;
	struct samples s = { 0 };
	uint64_t start;

	for (part = 1; part <= PARTS; part++) {
		start = now();
		for (i = 0; i < step; i++)
			*vmo++ = zx_vmo_create(pager, HINTS * HINT_PAGES, 0, 0, 1);
		sample_since(&s, start, step);
		emit_part("create", part, part * step, &s);
	}
}

static size_t requests_of(int vmo)
{
	struct zxp_vmo_info info = { .size = sizeof(info) };

	if (ioctl(vmo, ZXP_IOC_VMO_GET_INFO, &info))
		die("GET_INFO");
	return info.out_requests;
}

static void make_hints(const int *vmo, unsigned int nr_vmos)
{
	struct samples s = { 0 };
	unsigned int i, part, nr = nr_vmos / PARTS;
	size_t hint;
	uint64_t start;

	for (part = 1; part <= PARTS; part++, vmo += nr) {
		start = now();
		for (i = 0; i < nr; i++)
			for (hint = 0; hint < HINTS; hint++)
				if (posix_fadvise(vmo[i],
						  (off_t)(hint * HINT_PAGES * PAGE_SIZE),
						  HINT_PAGES * PAGE_SIZE,
						  POSIX_FADV_WILLNEED))
					die("POSIX_FADV_WILLNEED");
		sample_since(&s, start, nr * HINTS);
		emit_part("hint", part, (double)((size_t)part * nr * HINTS), &s);
		errno = 0;
		for (i = 0; i < nr; i++)
			if (requests_of(vmo[i]) != HINTS)
				die("footprint: %zu requests instead of %lu",
				    requests_of(vmo[i]), HINTS);
	}
}

static void run_vmos(unsigned int nr)
{
	/* A bit more than 100,000 hints for 10,000 VMOs. */
	unsigned int i, hinted = nr / 100 * 16;
	int *vmo = calloc(nr, sizeof(*vmo)), pager = zx_pager_open();
	struct memory before;

	if (!vmo)
		die("memory for %u numbers", nr);
	/* The numbers take memory as they are written. */
	memset(vmo, 0xff, nr * sizeof(*vmo));
	before = memory_settled();
	for (i = 0; i < nr; i++)
		vmo[i] = make_memfd(HINTS * HINT_PAGES * PAGE_SIZE);
	emit_bytes("memfd", "vmo", taken("memfds", before, nr, 0));
	for (i = 0; i < nr; i++)
		close(vmo[i]);

	before = memory_settled();
	make_vmos(pager, vmo, nr);
	emit_bytes("zxpager", "vmo", taken("VMOs", before, nr, 0));

	before = memory_settled();
	make_hints(vmo, hinted);
	emit_bytes("zxpager", "request",
		   taken("hints", before, hinted * HINTS, 0));

	for (i = 1; i < nr; i++)
		close(vmo[i]);
	before = memory_settled();
	for (i = 1; i < nr; i++)
		vmo[i] = zx_child_create(vmo[0], ZXP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, 1);
	emit_bytes("zxpager", "child", taken("children", before, nr - 1, 0));
	for (i = 0; i < nr; i++)
		close(vmo[i]);
	close(pager);
	free(vmo);
}

/* --- threads that wait ------------------------------------------------------------ */

struct crowd {
	pthread_barrier_t barrier;
	char *addr;
};

struct member {
	struct crowd *crowd;
	pthread_t thread;
	size_t page;
	uint64_t word;
};

static void *wait_twice(void *arg)
{
	struct member *m = arg;

	pthread_barrier_wait(&m->crowd->barrier);
	m->word = touch_read(m->crowd->addr + m->page * PAGE_SIZE);
	return NULL;
}

/* The packet of a fault is there once its thread waits. */
static void take_packets(int pager, size_t nr)
{
	struct zxp_packet packets[64];
	ssize_t n;

	for (; nr; nr -= (size_t)n) {
		n = read(pager, packets, sizeof(packets));
		if (n < 0)
			die("read of packets");
		n /= (ssize_t)sizeof(*packets);
	}
}

static void start_crowd(struct crowd *crowd, struct member *m, unsigned int nr)
{
	pthread_attr_t attr;
	unsigned int i;

	check_rc(pthread_barrier_init(&crowd->barrier, NULL, nr + 1), "barrier");
	check_rc(pthread_attr_init(&attr), "attributes");
	check_rc(pthread_attr_setstacksize(&attr, STACK_SIZE), "stack size");
	for (i = 0; i < nr; i++) {
		m[i].crowd = crowd;
		m[i].page = i;
		check_rc(pthread_create(&m[i].thread, &attr, wait_twice, &m[i]),
			 "thread");
	}
	pthread_attr_destroy(&attr);
}

static void run_crowd(unsigned int nr)
{
	struct member *m = calloc(nr, sizeof(*m));
	int pager = zx_pager_open(), vmo = zx_vmo_create(pager, nr, 0, 0, 1);
	struct crowd crowd = { .addr = map_memory(nr * PAGE_SIZE, vmo) };
	struct memory before;
	unsigned int i;
	size_t page, run;

	if (!m)
		die("memory for threads");
	if (madvise(crowd.addr, nr * PAGE_SIZE, MADV_RANDOM))
		die("madvise");
	start_crowd(&crowd, m, nr);
	before = memory_settled();
	pthread_barrier_wait(&crowd.barrier);
	take_packets(pager, nr);
	errno = 0;
	if (requests_of(vmo) != nr)
		die("footprint: %zu requests instead of %u", requests_of(vmo), nr);
	emit_bytes("zxpager", "blocked_fault", taken("faults", before, nr, 0));

	for (page = 0; page < nr; page += run) {
		run = content_run(page, nr - page);
		zx_supply(pager, vmo, page, content_at(page), run);
	}
	for (i = 0; i < nr; i++) {
		check_rc(pthread_join(m[i].thread, NULL), "thread");
		errno = 0;
		if (m[i].word != content_word(m[i].page))
			die("footprint: wrong word in page %u", i);
	}
	pthread_barrier_destroy(&crowd.barrier);
	munmap(crowd.addr, nr * PAGE_SIZE);
	close(vmo);
	close(pager);
	free(m);
}

/* --- pages ---------------------------------------------------------------------- */

static void run_pages(size_t pages)
{
	int pager = zx_pager_open(), memfd;
	int vmo = zx_vmo_create(pager, pages, ZXP_VMO_TRAP_DIRTY, 0, 1);
	struct memory before = memory_settled();
	size_t page, run;
	double clean, other;

	for (page = 0; page < pages; page += run) {
		run = content_run(page, pages - page);
		zx_supply(pager, vmo, page, content_at(page), run);
	}
	clean = taken("pages", before, pages, pages);
	emit_bytes("zxpager", "clean_page", clean);

	before = memory_settled();
	if (zx_op_range(pager, vmo, ZXP_PAGER_OP_DIRTY, 0, pages))
		die("OP_RANGE(DIRTY)");
	emit_bytes("zxpager", "dirty_page", taken("dirty", before, pages, 0));

	before = memory_settled();
	if (zx_op_range(pager, vmo, ZXP_PAGER_OP_WRITEBACK_BEGIN, 0, pages))
		die("OP_RANGE(WRITEBACK_BEGIN)");
	emit_bytes("zxpager", "awaiting_clean_page",
		   taken("awaiting clean", before, pages, 0));
	close(vmo);
	close(pager);

	memfd = make_memfd(pages * PAGE_SIZE);
	before = memory_settled();
	for (page = 0; page < pages; page += run) {
		run = content_run(page, pages - page);
		if (pwrite(memfd, content_at(page), run * PAGE_SIZE,
			   (off_t)(page * PAGE_SIZE)) != (ssize_t)(run * PAGE_SIZE))
			die("memfd");
	}
	other = taken("memfd's pages", before, pages, pages);
	emit_bytes("memfd", "clean_page", other);
	/* What it is beyond the page, and beyond the page cache that all files have. */
	emit_bytes("zxpager", "clean_page_beyond", clean - other);
	close(memfd);
}

/* --- zero ranges ------------------------------------------------------------------ */

/* Every second page is a zero range: two that touch would be one. */
static void make_zeroes(int vmo, unsigned int nr)
{
	struct zxp_vmo_op_range args = {
		.size = sizeof(args),
		.op = ZXP_VMO_OP_ZERO,
		.length = PAGE_SIZE,
	};
	struct samples s = { 0 };
	unsigned int i, part, step = nr / PARTS;
	uint64_t start;

	for (part = 1; part <= PARTS; part++) {
		start = now();
		for (i = 0; i < step; i++) {
			if (ioctl(vmo, ZXP_IOC_VMO_OP_RANGE, &args))
				die("OP_RANGE(ZERO)");
			args.offset += 2 * PAGE_SIZE;
		}
		sample_since(&s, start, step);
		emit_part("zero", part, part * step, &s);
	}
}

static void run_zeroes(unsigned int nr)
{
	int pager = zx_pager_open(), vmo = zx_vmo_create(pager, 2UL * nr, 0, 0, 1);
	struct memory before = memory_settled();

	make_zeroes(vmo, nr);
	emit_bytes("zxpager", "zero_range", taken("zero ranges", before, nr, 0));
	close(vmo);
	close(pager);
}

/* Only what takes instructions, and little of it. */
static void run_traced(void)
{
	int pager = zx_pager_open(), vmo[PARTS];
	unsigned int i;

	make_vmos(pager, vmo, PARTS);
	make_hints(vmo, PARTS);
	make_zeroes(vmo[0], PARTS);
	for (i = 0; i < PARTS; i++)
		close(vmo[i]);
	close(pager);
}

static void run_footprint(void)
{
	unsigned int vmos = times(1000, 10000, 10000);

	if (options.trace) {
		run_traced();
		return;
	}
	reserve_files(vmos + 64);
	emit_value("footprint.byte", NAN, "bytes", 1);
	run_vmos(vmos);
	run_crowd(times(200, 1000, 1000));
	run_pages(times(8192, 65536, 65536));
	run_zeroes(times(10000, 100000, 100000));
}

ZXB_WORK(footprint, "bytes of kernel memory for each of many", run_footprint)

// SPDX-License-Identifier: GPL-2.0
/*
 * crash_writer run VMO RECORD SEED: writes to a VMO until it cannot any more
 * crash_writer check FILE RECORD: is all of that in the file?
 *
 * Each word of a page tells the page, and how often the page has been written. When
 * fsync() and the like have returned, that count goes to RECORD, which has to outlive
 * the crash; so does FILE, which is what the VMO's daemon stores it in. Words may be
 * newer than their record tells, and even differ within a page, but none is older.
 *
 * run ends with 0 when the daemon has gone, check with 0 if nothing is missing.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "keeper/dice.h"

#define PAGE		4096UL
#define WORDS		(PAGE / 8)
#define THREADS		3	/* each writes to pages of its own */
#define AT_ONCE		12	/* pages between two syncs, at most */

static int vmo, record;
static char *map;
static uint64_t pages;
static uint64_t *count;		/* how often each page was written */

struct writer {
	pthread_t thread;
	struct dice dice;
	uint64_t first;		/* its pages are this one and each THREADS-th after */
	uint64_t syncs;
};

static void die(const char *what)
{
	fprintf(stderr, "crash_writer: %s: %s\n", what, strerror(errno));
	exit(2);
}

static uint64_t word(uint64_t page, uint64_t times)
{
	return times << 32 | page;
}

/* The daemon has gone. SIGBUS says the same of a mapping. */
static bool gone(int err)
{
	return err == ESTALE;
}

static void on_bus(int sig)
{
	(void)sig;
	syscall(SYS_exit_group, 0);
}

static bool write_page(struct writer *w, uint64_t page)
{
	uint64_t words[WORDS], i, times = ++count[page];

	for (i = 0; i < WORDS; i++)
		words[i] = word(page, times);
	if (one_in(&w->dice, 2)) {
		memcpy(map + page * PAGE, words, PAGE);
		return true;
	}
	if (pwrite(vmo, words, PAGE, page * PAGE) == PAGE)
		return true;
	if (!gone(errno))
		die("pwrite");
	return false;
}

/* All pages of @list are durable, if it returns true. */
static bool make_durable(struct writer *w, const uint64_t *list, unsigned int nr)
{
	unsigned int i;
	int rc = 0;

	switch (roll(&w->dice, 3)) {
	case 0:
		rc = fsync(vmo);
		break;
	case 1:
		rc = fdatasync(vmo);
		break;
	default:
		for (i = 0; i < nr && !rc; i++)
			rc = msync(map + list[i] * PAGE, PAGE, MS_SYNC);
	}
	if (rc && !gone(errno))
		die("sync");
	return !rc;
}

static void note(const uint64_t *list, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (pwrite(record, &count[list[i]], 8, list[i] * 8) != 8)
			die("record");
}

static void *writer_main(void *arg)
{
	struct writer *w = arg;
	uint64_t list[AT_ONCE], mine = pages / THREADS;
	unsigned int i, nr;

	for (;;) {
		nr = 1 + roll(&w->dice, AT_ONCE);
		for (i = 0; i < nr; i++) {
			list[i] = w->first + THREADS * roll(&w->dice, mine);
			if (!write_page(w, list[i]))
				return NULL;
		}
		if (one_in(&w->dice, 3))
			continue;
		if (!make_durable(w, list, nr))
			return NULL;
		note(list, nr);
		w->syncs++;
	}
}

static int open_file(const char *path, int flags, uint64_t *size)
{
	int fd = open(path, flags | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		die(path);
	*size = st.st_size;
	return fd;
}

static int run(const char *path, const char *record_path, uint64_t seed)
{
	struct writer w[THREADS] = { 0 };
	struct sigaction sa = { .sa_handler = on_bus };
	uint64_t size, i;

	sigaction(SIGBUS, &sa, NULL);
	vmo = open_file(path, O_RDWR, &size);
	pages = size / PAGE;
	record = open_file(record_path, O_RDWR, &size);
	map = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, vmo, 0);
	count = calloc(pages, 8);
	if (map == MAP_FAILED || !count || size != pages * 8)
		die("setup");
	/* It goes on where the last round has ended, or somewhat earlier. */
	for (i = 0; i < pages; i++)
		count[i] = *(volatile uint64_t *)(map + i * PAGE) >> 32;
	printf("writing\n");
	fflush(stdout);
	for (i = 0; i < THREADS; i++) {
		w[i].first = i;
		w[i].dice.state = seed + i;
		if (pthread_create(&w[i].thread, NULL, writer_main, &w[i]))
			die("pthread_create");
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(w[i].thread, NULL);
	return 0;
}

static bool page_is_there(int fd, uint64_t page, uint64_t times)
{
	uint64_t words[WORDS], i;

	if (pread(fd, words, PAGE, page * PAGE) != PAGE)
		die("read of the file");
	for (i = 0; i < WORDS; i++) {
		/* What was never written to is zero. */
		if (words[i] >> 32 >= times &&
		    (words[i] == 0 || (words[i] & 0xffffffff) == page))
			continue;
		fprintf(stderr, "page %" PRIu64 ", word %" PRIu64 ": %#" PRIx64
			", but it was synced when written %" PRIu64 " times\n",
			page, i, words[i], times);
		return false;
	}
	return true;
}

static int check(const char *path, const char *record_path)
{
	uint64_t size, times, page, bad = 0, synced = 0;
	int file = open_file(path, O_RDONLY, &size);
	int fd = open_file(record_path, O_RDONLY, &size);

	for (page = 0; page < size / 8; page++) {
		if (pread(fd, &times, 8, page * 8) != 8)
			die("read of the record");
		synced += !!times;
		bad += !page_is_there(file, page, times);
	}
	printf("%" PRIu64 " pages were synced, %" PRIu64 " of them are wrong\n", synced,
	       bad);
	return bad ? 1 : 0;
}

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "run"))
		return run(argv[2], argv[3], strtoull(argv[4], NULL, 0));
	if (argc == 4 && !strcmp(argv[1], "check"))
		return check(argv[2], argv[3]);
	fprintf(stderr, "usage: crash_writer run VMO RECORD SEED | check FILE RECORD\n");
	return 2;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * What a program has reached: code of the module, by KCOV, each thread for itself;
 * and, also on kernels without it, which calls ended how.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/kcov.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

/* Entries for one thread; what comes after is not counted. */
#define ENTRIES		(64 << 10)
/* Of the module's code. */
#define TEXT_SIZE	(2 << 20)
#define MAX_ERRNO	512

struct cover {
	int fd;
	unsigned long *trace;
};

static struct cover covers[MAX_THREADS];
static bool have_kcov;
static unsigned long text_start;
static uint8_t reached[TEXT_SIZE];
static uint8_t ended[128][MAX_ERRNO + 1];
static unsigned int nr_points, nr_outcomes;

static unsigned long read_text_start(void)
{
	FILE *f = fopen("/sys/module/zxpager/sections/.text", "re");
	unsigned long start = 0;

	if (f && fscanf(f, "%lx", &start) != 1)
		start = 0;
	if (f)
		fclose(f);
	return start;
}

static bool cover_open_one(struct cover *c)
{
	c->fd = hide_fd(open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC));
	if (c->fd < 0 || ioctl(c->fd, KCOV_INIT_TRACE, ENTRIES))
		return false;
	c->trace = mmap(NULL, ENTRIES * sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED,
			c->fd, 0);
	return c->trace != MAP_FAILED;
}

/* False if the kernel cannot, or the module was not built for it. */
bool cover_open(void)
{
	unsigned int i;

	text_start = read_text_start();
	have_kcov = text_start && !access("/sys/kernel/debug/kcov", R_OK);
	for (i = 0; have_kcov && i < MAX_THREADS; i++)
		have_kcov = cover_open_one(&covers[i]);
	return have_kcov;
}

/* By the thread whose calls are to be traced; it ends with it. */
void cover_enable(unsigned int thread)
{
	if (have_kcov && ioctl(covers[thread].fd, KCOV_ENABLE, KCOV_TRACE_PC))
		finding("KCOV_ENABLE failed");
}

void cover_reset(void)
{
	unsigned int i;

	for (i = 0; have_kcov && i < MAX_THREADS; i++)
		covers[i].trace[0] = 0;
}

static unsigned int collect_trace(const unsigned long *trace)
{
	unsigned long n = trace[0] < ENTRIES - 1 ? trace[0] : ENTRIES - 1, i;
	unsigned int found = 0;

	for (i = 1; i <= n; i++) {
		unsigned long at = trace[i] - text_start;

		if (at < TEXT_SIZE && !reached[at]) {
			reached[at] = 1;
			found++;
		}
	}
	nr_points += found;
	return found;
}

/* How much is new of what the program has reached. */
unsigned int cover_collect(const struct program *p)
{
	unsigned int found = 0, i;

	for (i = 0; have_kcov && i < MAX_THREADS; i++)
		found += collect_trace(covers[i].trace);
	for (i = 0; i < p->nr; i++) {
		int result = atomic_load(&shared->result[i]);
		uint8_t *end = ended[p->call[i].kind];

		if (result == NOT_RUN)
			continue;
		result = result > 0 ? MAX_ERRNO : -result;
		if (result > MAX_ERRNO || end[result])
			continue;
		end[result] = 1;
		nr_outcomes++;
		found++;
	}
	return found;
}

unsigned int cover_points(void)
{
	return nr_points;
}

unsigned int cover_outcomes(void)
{
	return nr_outcomes;
}

/* The offsets in .text of what was reached. */
void cover_save(const char *path)
{
	FILE *f = fopen(path, "we");
	unsigned int i;

	if (!f) {
		perror(path);
		return;
	}
	for (i = 0; i < TEXT_SIZE; i++)
		if (reached[i])
			fprintf(f, "%#x\n", i);
	fclose(f);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * For profile.sh: QEMU writes down each instruction of the guest, and a system call that
 * nobody else makes tells where one measurement begins and where it ends. What is
 * between which of these marks is in a file DIR/spans, with a line FIGURE FROM TO NR for
 * each sample.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "bench.h"

/* Between two marks with nothing between them are instructions, too: so many times. */
#define NOTHING	16

static FILE *spans;
static uint64_t marks;

/* A file of that name appears, for who traces to see. */
static void tell_tracer(const char *what)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", options.trace, what);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		die("%s", path);
	close(fd);
}

/* Modules may have been loaded by the work. */
static void copy_symbols(void)
{
	char path[4096], line[512];
	FILE *from = fopen("/proc/kallsyms", "re"), *to;

	snprintf(path, sizeof(path), "%s/kallsyms", options.trace);
	to = fopen(path, "we");
	if (!from || !to)
		die("%s", path);
	while (fgets(line, sizeof(line), from))
		fputs(line, to);
	fclose(from);
	if (fclose(to))
		die("%s", path);
}

static uint64_t mark(void)
{
	getppid();
	return marks++;
}

static void begin(void)
{
	struct samples nothing = { 0 };
	struct span span = { .nr = 1 };
	char path[4096];
	unsigned int i;

	snprintf(path, sizeof(path), "%s/spans", options.trace);
	spans = fopen(path, "we");
	if (!spans)
		die("%s", path);
	copy_symbols();
	tell_tracer("ready");
	snprintf(path, sizeof(path), "%s/go", options.trace);
	while (access(path, F_OK))
		usleep(10000);

	for (i = 0; i < NOTHING; i++) {
		span.start = mark();
		span.end = mark();
		sample_span(&nothing, span);
	}
	trace_name("nothing", NAN, &nothing);
	sample_free(&nothing);
}

/* What is before the first measurement is not traced, which takes long. */
uint64_t trace_mark(void)
{
	if (!spans)
		begin();
	return mark();
}

void trace_end(void)
{
	errno = 0;
	if (!spans)
		die("nothing was measured");
	if (fclose(spans))
		die("%s/spans", options.trace);
	tell_tracer("done");
}

void trace_name(const char *name, double x, const struct samples *s)
{
	const struct span *span = s->span;

	for (; span < s->span + s->nr; span++) {
		if (!span->nr)
			continue;
		fprintf(spans, "%s", name);
		if (!isnan(x))
			fprintf(spans, "@%g", x);
		fprintf(spans, " %lu %lu %zu\n", span->start, span->end, span->nr);
	}
}

// SPDX-License-Identifier: GPL-2.0
/*
 * zxbench: see bench.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

struct options options;

static struct work *works;

void add_work(struct work *work)
{
	struct work **at = &works;

	while (*at && strcmp((*at)->name, work->name) < 0)
		at = &(*at)->next;
	work->next = *at;
	*at = work;
}

static void usage(void)
{
	struct work *work;

	printf("usage: zxbench [--icount] [--quick] [--trace DIR] [--list] WORK[,WORK...] [ARG...]\n\n"
	       "Measures zxpager and others at the same work; prints a line of JSON for\n"
	       "each figure.  Status 2: it could not be measured.\n\n"
	       "  --icount  the clock counts instructions (vm.sh --icount)\n"
	       "  --quick   the short form\n"
	       "  --trace   the shortest form, once DIR/go is there\n"
	       "  --list    print the names of the works\n\n");
	for (work = works; work; work = work->next)
		printf("  %-16s %s\n", work->name, work->what);
}

static void run(const char *name)
{
	struct work *work = works;

	while (work && strcmp(work->name, name))
		work = work->next;
	errno = 0;
	if (!work)
		die("no work '%s' (see --help)", name);
	settle();
	note("%s", work->name);
	work->run();
	if (options.trace)
		trace_end();
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "icount", no_argument, NULL, 'i' },
		{ "quick", no_argument, NULL, 'q' },
		{ "trace", required_argument, NULL, 't' },
		{ "list", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	struct work *work;
	char *names, *name;
	int c;

	while ((c = getopt_long(argc, argv, "+h", longs, NULL)) != -1) {
		switch (c) {
		case 'i':
			options.icount = true;
			break;
		case 'q':
			options.quick = true;
			break;
		case 't':
			options.trace = optarg;
			break;
		case 'l':
			for (work = works; work; work = work->next)
				puts(work->name);
			return 0;
		case 'h':
			usage();
			return 0;
		default:
			return 2;
		}
	}
	if (optind == argc) {
		usage();
		return 2;
	}
	names = argv[optind];
	options.args = argv + optind + 1;
	content_make();
	/* The program is not to be read from the host's disk in the middle of a work. */
	if (mlockall(MCL_CURRENT))
		die("mlockall");
	while ((name = strsep(&names, ",")))
		run(name);
	return 0;
}

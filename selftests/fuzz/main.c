// SPDX-License-Identifier: GPL-2.0
/*
 * The fuzzer: makes programs, has each run by a worker, and keeps those that have
 * reached something. See Documentation/mistakes.rst.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fuzzer.h"

#define MAX_CORPUS	4096
#define MAX_FINDINGS	10

struct options options = {
	.runs = 1000,
	.seed = 1,
	.run_ms = 8000,
	.stuck_s = 120,
};

struct seen seen;

static struct program corpus[MAX_CORPUS];
static unsigned int nr_corpus;

static void keep(const struct program *p, struct dice *d)
{
	unsigned int at = nr_corpus;

	if (at == MAX_CORPUS)
		at = roll(d, MAX_CORPUS);
	else
		nr_corpus++;
	corpus[at] = *p;
}

/* One in four is new; later ones of the corpus are better. */
static void next_program(struct dice *d, struct program *p)
{
	unsigned int at;

	if (nr_corpus < 8 || one_in(d, 4)) {
		generate(d, p);
		return;
	}
	at = one_in(d, 2) ? nr_corpus - 1 - roll(d, nr_corpus / 4 + 1) :
			    roll(d, nr_corpus);
	*p = corpus[at];
	mutate(d, p, &corpus[roll(d, nr_corpus)]);
}

static unsigned long seconds(void)
{
	static struct timespec start;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!start.tv_sec)
		start = now;
	return now.tv_sec - start.tv_sec;
}

static void progress(void)
{
	printf("# %lu executions in %lu s, %u points, %u outcomes, corpus %u, %lu out of time\n",
	       seen.executions, seconds(), cover_points(), cover_outcomes(), nr_corpus,
	       seen.timeouts);
	fflush(stdout);
}

/* What has been found may be why the rest would be found. */
static bool go_on(void)
{
	return seen.executions < options.runs && !seen.stuck && !seen.left && !seen.splat;
}

static void fuzz(void)
{
	struct dice d = { options.seed };
	struct program p;

	while (go_on() && seen.findings < MAX_FINDINGS) {
		next_program(&d, &p);
		if (execute(&p))
			keep(&p, &d);
		if (seen.executions % 200 == 0)
			progress();
		if (seen.executions % RECENT == 0)
			look_for_leaks();
	}
}

static void replay(void)
{
	static char text[MAX_TEXT];
	struct program p;
	char error[256];
	FILE *f = fopen(options.replay, "re");

	if (!f) {
		perror(options.replay);
		exit(2);
	}
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	if (!program_parse(&p, text, error, sizeof(error))) {
		fprintf(stderr, "%s: not a call: %s\n", options.replay, error);
		exit(2);
	}
	while (go_on() && !seen.findings)
		execute(&p);
}

static void limit_memory(void)
{
	/* A program may ask for all there is. */
	if (mkdir(CGROUP, 0755) && errno != EEXIST)
		return;
	write_string(CGROUP "/memory.oom.group", "1");
	write_string(CGROUP "/memory.max", "64M");
}

static unsigned long number(const char *text)
{
	char *rest;
	unsigned long value = strtoul(text, &rest, 0);

	if (!*text || *rest) {
		fprintf(stderr, "fuzz: '%s' is not a number\n", text);
		exit(2);
	}
	return value;
}

static void usage(int status)
{
	puts("fuzz [--runs N] [--seed N] [--fail] [--journal FILE] [--findings FILE]\n"
	     "     [--klog PROGRAM] [--cover FILE] [--points N] [--run-ms N] [--stuck-s N]\n"
	     "     [--verbose] [--replay FILE]\n\n"
	     "Runs programs of calls against the loaded module, N of them; or one program N\n"
	     "times. --fail also fails allocations, --points says how many points of coverage\n"
	     "there are. The PROGRAM says what is wrong in a file of the kernel's log. A program\n"
	     "that found something is kept as FILE with its number. Status 1 if one did.");
	exit(status);
}

static void parse(char **arg)
{
	for (; *arg; arg++) {
		const char *value = arg[1] ?: "";

		if (!strcmp(*arg, "--fail")) {
			options.fail = true;
			continue;
		} else if (!strcmp(*arg, "--verbose")) {
			options.verbose = true;
			continue;
		} else if (!strcmp(*arg, "--help")) {
			usage(0);
		} else if (!strcmp(*arg, "--runs")) {
			options.runs = number(value);
		} else if (!strcmp(*arg, "--seed")) {
			options.seed = number(value);
		} else if (!strcmp(*arg, "--points")) {
			options.points = number(value);
		} else if (!strcmp(*arg, "--run-ms")) {
			options.run_ms = number(value);
		} else if (!strcmp(*arg, "--stuck-s")) {
			options.stuck_s = number(value);
		} else if (!strcmp(*arg, "--replay")) {
			options.replay = value;
		} else if (!strcmp(*arg, "--journal")) {
			options.journal = value;
		} else if (!strcmp(*arg, "--findings")) {
			options.findings = value;
		} else if (!strcmp(*arg, "--klog")) {
			options.klog = value;
		} else if (!strcmp(*arg, "--cover")) {
			options.cover = value;
		} else {
			usage(2);
		}
		arg++;
	}
}

static void test(unsigned int nr, bool good, const char *what)
{
	printf("%sok %u fuzz.%s\n", good ? "" : "not ", nr, what);
}

int main(int argc, char **argv)
{
	bool kcov;

	(void)argc;
	parse(argv + 1);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || references() != 0) {
		fprintf(stderr, "fuzz: the module has to be loaded and not in use\n");
		return 2;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 4096, 4096 });
	journal_open();
	klog_open();
	limit_memory();
	arena_map();
	kcov = cover_open();
	if (options.fail && access("/proc/self/fail-nth", W_OK))
		options.fail = false;
	printf("# seed %lu, %lu executions, %s KCOV, %s failing allocations\n",
	       options.seed, options.runs, kcov ? "with" : "without",
	       options.fail ? "with" : "without");

	seconds();
	if (options.replay)
		replay();
	else
		fuzz();
	runner_end();
	if (!seen.stuck && !seen.left)
		look_for_leaks();
	if (options.cover)
		cover_save(options.cover);

	test(1, seen.executions == options.runs, "executions");
	test(2, !seen.stuck, "no_stuck_task");
	test(3, !seen.left, "nothing_left");
	test(4, !seen.splat, "no_splat");
	test(5, seen.findings <= (unsigned long)seen.stuck + seen.left + seen.splat,
	     "no_broken_rule");
	printf("# fuzz: seed %lu, %lu executions in %lu s, %u of %lu points covered, %u outcomes, corpus %u, %lu workers, %lu out of time, %lu findings\n",
	       options.seed, seen.executions, seconds(), cover_points(), options.points,
	       cover_outcomes(), nr_corpus, seen.workers, seen.timeouts, seen.findings);
	return seen.findings || seen.executions < options.runs;
}

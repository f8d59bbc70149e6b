// SPDX-License-Identifier: GPL-2.0
/*
 * What is told of programs: of each before it is run, to where it outlives the machine,
 * and of those that have found something.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzzer.h"

/* Programs that the journal has, the last ones. */
#define JOURNAL		8

static struct program recent[RECENT];
static int journal_fd = -1;

void journal_open(void)
{
	if (!options.journal)
		return;
	journal_fd = open(options.journal, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (journal_fd < 0) {
		perror(options.journal);
		exit(2);
	}
}

/* Places of the same size, filled up with lines that are empty. */
static void journal(const struct program *p)
{
	static char text[MAX_TEXT];
	size_t n;

	if (journal_fd < 0)
		return;
	memset(text, '\n', sizeof(text));
	n = snprintf(text, sizeof(text), "# execution %lu, seed %lu\n",
		     seen.executions, options.seed);
	n += program_print(p, text + n, sizeof(text) - n);
	text[n] = '\n';
	if (pwrite(journal_fd, text, sizeof(text),
		   seen.executions % JOURNAL * sizeof(text)) != sizeof(text)) {
		perror("fuzz: journal");
		exit(2);
	}
}

/* The next one: it has a number from here on. */
void program_begins(const struct program *p)
{
	seen.executions++;
	recent[seen.executions % RECENT] = *p;
	journal(p);
	if (options.verbose)
		print_program(p, stderr, "");
}

void print_program(const struct program *p, FILE *to, const char *prefix)
{
	static char text[MAX_TEXT];
	char *line, *save;

	program_print(p, text, sizeof(text));
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		fprintf(to, "%s%s\n", prefix, line);
	fflush(to);
}

/* As a file that can be replayed. */
static void keep(unsigned long execution, const char *what)
{
	char path[256];
	FILE *f;

	if (!options.findings)
		return;
	snprintf(path, sizeof(path), "%s-%lu", options.findings, execution);
	f = fopen(path, "we");
	if (!f) {
		perror(path);
		return;
	}
	fprintf(f, "# %s\n# execution %lu, seed %lu\n", what, execution, options.seed);
	print_program(&recent[execution % RECENT], f, "");
	fclose(f);
}

/* Each line a comment, as KTAP wants it. */
void report(unsigned long execution, const char *what)
{
	bool known = execution && execution + RECENT > seen.executions;

	seen.findings++;
	printf("# finding: %s\n", what);
	printf("# in execution %lu, seed %lu%s\n", execution, options.seed,
	       known ? "; replay this:" : "");
	if (!known)
		return;
	print_program(&recent[execution % RECENT], stdout, "#   ");
	keep(execution, what);
}

static void show_file(const char *format, pid_t pid, pid_t tid)
{
	char path[64], text[4096];
	char *line, *save;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), format, pid, tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n < 0 ? 0 : n] = '\0';
	printf("# %s:\n", path);
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		printf("#   %s\n", line);
}

void show_tasks(pid_t pid)
{
	pid_t tid;

	for (tid = pid; tid < pid + 2 * MAX_THREADS; tid++)
		show_file("/proc/%d/task/%d/stack", pid, tid);
	write_string("/proc/sysrq-trigger", "w");
}

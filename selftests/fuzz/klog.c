// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel says while programs run. Not every complaint ends the machine; so
 * after each program what is new is judged, by who judges it at the end as well.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzzer.h"

/* A complaint is over when nothing more of it comes for so long. */
#define QUIET_MS	300

static int kmsg_fd = -1;
/* All since the start: what belongs together may be spread over programs. */
#define LOG_PATH	"/tmp/fuzz-klog"
static FILE *log_file;

void klog_open(void)
{
	if (!options.klog)
		return;
	kmsg_fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	log_file = fopen(LOG_PATH, "we");
	if (kmsg_fd < 0 || !log_file || lseek(kmsg_fd, 0, SEEK_END) < 0) {
		perror("fuzz: the kernel's log");
		exit(2);
	}
}

/* "6,1234,5678,-;text", and lines of which a space is the first */
static void log_record(char *record)
{
	char *text = strchr(record, ';');

	if (!text)
		return;
	text++;
	text[strcspn(text, "\n")] = '\0';
	fprintf(log_file, "%s\n", text);
}

/* True if there was something. */
static bool take_new(void)
{
	char record[8192];
	bool some = false;
	ssize_t n;

	for (;;) {
		n = read(kmsg_fd, record, sizeof(record) - 1);
		if (n > 0) {
			record[n] = '\0';
			log_record(record);
			some = true;
		} else if (n == 0 || errno != EPIPE) {
			/* EPIPE is a gap. */
			break;
		}
	}
	fflush(log_file);
	return some;
}

static bool judge(bool print)
{
	char line[1024], command[512];
	bool bad = false;
	FILE *f;

	snprintf(command, sizeof(command), "exec '%s' --boot " LOG_PATH, options.klog);
	f = popen(command, "re");
	if (!f) {
		perror(options.klog);
		exit(2);
	}
	while (fgets(line, sizeof(line), f)) {
		bad = true;
		if (print)
			printf("# %s", line);
	}
	pclose(f);
	return bad;
}

static void wait_quiet(void)
{
	struct pollfd p = { .fd = kmsg_fd, .events = POLLIN };

	while (poll(&p, 1, QUIET_MS) > 0 && take_new())
		;
}

/* After a program: is there a complaint? */
void klog_look(void)
{
	if (kmsg_fd < 0 || seen.splat || !take_new() || !judge(false))
		return;
	wait_quiet();
	seen.splat = true;
	report(seen.executions, "the kernel complains");
	judge(true);
}

/* What was said now comes of what the fuzzer itself has done. */
void klog_skip(void)
{
	if (kmsg_fd >= 0)
		lseek(kmsg_fd, 0, SEEK_END);
}

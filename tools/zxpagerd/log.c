// SPDX-License-Identifier: GPL-2.0
/*
 * Lines on standard error.
 */
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

#define LINES_A_SECOND	10

bool log_verbose;

/* A pipe that polls as writable takes this much without blocking. */
static void write_line(const char *fmt, va_list args, bool wait)
{
	struct pollfd pfd = { .fd = STDERR_FILENO, .events = POLLOUT };
	char line[1024] = "zxpagerd: ";
	size_t len = strlen(line);
	int n;

	n = vsnprintf(line + len, sizeof(line) - len - 1, fmt, args);
	if (n < 0)
		return;
	len += (size_t)n < sizeof(line) - len - 1 ? (size_t)n :
						    sizeof(line) - len - 2;
	line[len++] = '\n';
	if (wait || (poll(&pfd, 1, 0) == 1 && pfd.revents & POLLOUT))
		(void)!write(STDERR_FILENO, line, len);
}

void log_line(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	write_line(fmt, args, false);
	va_end(args);
}

bool log_allowed(struct log_limit *limit)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec != limit->second) {
		if (limit->dropped)
			log_line("%u more lines like the last ones left out",
				 limit->dropped);
		limit->second = now.tv_sec;
		limit->lines = 0;
		limit->dropped = 0;
	}
	if (limit->lines == LINES_A_SECOND) {
		limit->dropped++;
		return false;
	}
	limit->lines++;
	return true;
}

void die(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	write_line(fmt, args, true);
	va_end(args);
	exit(1);
}

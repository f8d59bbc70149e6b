/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_LOG_H
#define ZXD_LOG_H

#include <stdbool.h>
#include <time.h>

extern bool log_verbose;

/* One line to standard error, or none: a reader that is slow is not waited for. */
void log_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#define log_debug(...) \
	do { \
		if (log_verbose) \
			log_line(__VA_ARGS__); \
	} while (0)

/* What clients can cause at will is logged this often: 10 lines a second each. */
struct log_limit {
	time_t second;
	unsigned int lines;
	unsigned int dropped;
};

bool log_allowed(struct log_limit *limit);

#define log_limited(limit, ...) \
	do { \
		if (log_allowed(limit)) \
			log_line(__VA_ARGS__); \
	} while (0)

/* The line, and exit status 1: for what goes wrong before serving. */
void die(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), noreturn));

#endif /* ZXD_LOG_H */

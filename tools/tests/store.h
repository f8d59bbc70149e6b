/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of the daemon's stores have in common: calls that the crew makes, and a
 * file, made anew for each test.
 */
#ifndef TESTS_STORE_H
#define TESTS_STORE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <cmocka.h>

#include "../zxpagerd/backend.h"

#define SIZE	(1u << 20)

/* A directory of the test's own, and the file in it. */
extern char dir[32], file[64];

/* Makes the directory and starts the crew; removes what is left of that. */
void begin_stores(void);
void end_stores(void);

/* A new file of SIZE zeroes. */
void make_file(void);
off_t size_of_file(void);

/* struct call - something that the store was asked for */
struct call {
	struct event event;
	unsigned int answers;
	int res;
};

/* No answer may come while the store is still being asked. */
extern bool asking;

void called(struct event *ev, int res);
int wait_for(struct call *c);

#define CALL(be, op, ...) ({ \
	struct call call_ = { .event.handler = called }; \
	asking = true; \
	(be)->ops->op(be, &call_.event, ##__VA_ARGS__); \
	asking = false; \
	wait_for(&call_); \
})

#endif /* TESTS_STORE_H */

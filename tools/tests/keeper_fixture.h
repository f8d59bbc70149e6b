/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_TESTS_KEEPER_FIXTURE_H
#define ZXD_TESTS_KEEPER_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* To be included behind cmocka.h. */

#define GIVEN_UP	3
#define NEEDS_S		100000	/* says one that needs long to serve */
#define QUICK_DEATHS	10	/* are too many in a row */

/*
 * struct keeper_shared - what a keeper has in common with its test
 * @skips: pauses are skipped, if nothing happens at once
 * @skipped: so many milliseconds of them, and none when it is @skip_most or more
 * @timeouts: so many times it has waited until nothing came
 * @accept_fails: with EMFILE, so many times more; each is told as await() hears it
 * @accept_spins: so many of them it has not waited before
 */
struct keeper_shared {
	volatile bool skips;
	volatile uint64_t skipped, skip_most;
	volatile unsigned int timeouts;
	volatile unsigned int accept_fails;
	volatile unsigned int accept_spins;
};

extern struct keeper_shared *keeper_shared;

extern pid_t keeper;
extern int news;	/* workers write a byte there when they serve */
extern char keeper_directory[32], keeper_path[80];

/* Of the next keeper: who has started it ignores SIGCHLD; it has exports; what it serves. */
extern bool ignores_children, serves_exports;
extern uint64_t served;

/* Called in a keeper before it begins, which may have its descriptors elsewhere then. */
extern void (*keeper_begins)(int *ready_fd);

int a_file(void);

/* Until so many workers more have served. */
void await(unsigned int workers);

/*
 * Of workers that have one of each kept: that they were told of a store, how much they were given
 * that was kept before.  Together that is the status of their end.
 */
#define KEPT_STORED	1
#define KEPT_GIVEN	2	/* for each of lock and socket */
#define KEPT_COPY	8

/* Its workers do what @first says.  When this returns the first one has served. */
void start(const char *first);

/* How it has ended; and has when it is told to. */
int status(void);
int stopped(void);

/* What comes out of a keeper whose first worker does that, and then is told to end. */
int status_of(const char *first);

/* The other side of that; also of the keeper. */
void keeper_tell_news(void);

/* This is a worker, and what it does as one: keeper_worker.c. */
bool keeper_is_worker(int argc, char **argv);
int keeper_be_worker(void);

int keeper_setup(void **state);
int keeper_teardown(void **state);
int keeper_make_directory(void **state);
int keeper_remove_directory(void **state);

#define TEST(f) cmocka_unit_test_setup_teardown(f, keeper_setup, keeper_teardown)

#endif /* ZXD_TESTS_KEEPER_FIXTURE_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A victim: a process that does what it may not come back from. It has none of the
 * daemon's descriptors, and not the test's output, so that others go on without it.
 */
#ifndef ZXP_SELFTESTS_VICTIM_H
#define ZXP_SELFTESTS_VICTIM_H

#include "task.h"
#include "thread.h"

struct victim;

/* Returns the status that the process exits with. */
typedef int (*victim_fn)(struct victim *v);

/* In shared memory. */
struct victim {
	victim_fn fn;
	struct test_vmo *vmo;
	const void *arg;		/* the test's own */
	pid_t pid;
	volatile pid_t tid;		/* of who is watched, if not the first thread */
	volatile int step;		/* how far it came */
	volatile int allowed;		/* how far it may go */
	volatile long ret;		/* what its access returned, and errno */
	volatile int error;
	volatile unsigned int count;	/* these are the test's own */
	volatile uint64_t value;
};

/* NULL after a message. */
struct victim *victim_start(victim_fn fn, struct test_vmo *vmo, const void *arg);

/* In the victim: it is at @step. And it waits there until it may go on. */
void victim_reach(struct victim *v, int step);
void victim_stop_at(struct victim *v, int step);
/* In the test: it came that far; let it go on from there. */
bool victim_at(struct victim *v, int step);
void victim_pass(struct victim *v, int step);

/* It has exited with @status, was ended by signal @sig, or is now by SIGKILL. */
bool victim_exited(struct victim *v, int status);
bool victim_ended_by(struct victim *v, int sig, bool core);
bool victim_kill(struct victim *v);

#endif /* ZXP_SELFTESTS_VICTIM_H */

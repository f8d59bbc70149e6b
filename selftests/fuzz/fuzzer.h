/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The nouns of the process that has programs run: what it was told, what it has seen,
 * and who looks for what. The worker knows nothing of them.
 */
#ifndef ZXP_FUZZ_FUZZER_H
#define ZXP_FUZZ_FUZZER_H

#include "fuzz.h"

/**
 * struct options - what the fuzzer was told
 * @runs: programs to be run
 * @seed: of the dice
 * @points: of all coverage there can be, if known
 * @run_ms: for one program
 * @stuck_s: for a killed worker to end
 * @replay: the file of a program to be run instead
 * @journal: where programs are written before they are run
 * @findings: where those are kept that found something; their number is appended
 * @klog: a program that judges kernel logs, scripts/klog.sh
 * @cover: where the offsets go that were reached
 * @fail: fail allocations as well
 * @verbose: print each program
 */
struct options {
	unsigned long runs;
	unsigned long seed;
	unsigned long points;
	unsigned long run_ms;
	unsigned long stuck_s;
	const char *replay;
	const char *journal;
	const char *findings;
	const char *klog;
	const char *cover;
	bool fail;
	bool verbose;
};

extern struct options options;

/**
 * struct seen - what has come of it
 * @executions: programs that were run
 * @workers: processes that ran them
 * @timeouts: programs that were ended
 * @findings: that were reported
 * @stuck: a task does not end
 * @left: something is left behind that a program has made
 * @splat: the kernel has complained
 */
struct seen {
	unsigned long executions;
	unsigned long workers;
	unsigned long timeouts;
	unsigned long findings;
	bool stuck;
	bool left;
	bool splat;
};

extern struct seen seen;

/* runner.c: the worker, seen from outside */
bool execute(const struct program *p);
void runner_end(void);

/* report.c */
#define RECENT	1000
void journal_open(void);
void program_begins(const struct program *p);
void report(unsigned long execution, const char *what);
void print_program(const struct program *p, FILE *to, const char *prefix);
void show_tasks(pid_t pid);

/* left.c: what programs have left behind */
long references(void);
void look_for_references(void);
void look_for_leaks(void);

/* klog.c: what the kernel says */
void klog_open(void);
void klog_look(void);
void klog_skip(void);

#endif /* ZXP_FUZZ_FUZZER_H */

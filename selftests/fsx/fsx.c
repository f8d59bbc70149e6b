// SPDX-License-Identifier: GPL-2.0
/*
 * fsx new STATE STORE SEED [--fixed]: a state for a store that is as it is
 * fsx run VMO STORE STATE OPS MARK [--errors]: do anything to a VMO that STORE is behind
 * fsx check STORE STATE: after a crash; is all there that has to be?
 * fsx bank new|run|check ...: the same of a bank, see bank.c
 * fsx race VMO STORE ROUNDS SEED: writers of the same bytes, see race.c
 *
 * A file system exerciser: writers that read, write, map, zero, cut, sync, reopen and
 * evict at random, each in a part of the file that is its own.  What is read is what was
 * written last; what a sync was answered for is looked for in STORE at once.  After a
 * crash each byte there is as it was when last synced, or as something has made it since.
 *
 * --fixed is for a store whose size cannot change; else the last writer also moves the
 * end.  With --errors, calls may fail: that changes nothing, but the next sync that
 * succeeds means all of it.
 *
 * run goes on where the last one ended, up to OPS operations in all.  It says so when it
 * begins and whenever a writer has done MARK more of them.  Exit status 0 if they are done,
 * 1 for a fault, 2 for a broken setup, 3 when the daemon has gone, or after SIGTERM, which
 * kills the writers at any moment.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bank.h"
#include "race.h"
#include "state.h"
#include "writer.h"

struct state {
	struct part part[WRITERS];
};

static struct state *state;
static int store;
static uint8_t content[FILE_MAX];
static volatile sig_atomic_t terminated;

static uint64_t open_store(const char *path)
{
	store = open(path, O_RDONLY | O_CLOEXEC);
	if (store < 0)
		broken(path);
	return read_all(store, content, 0, FILE_MAX);
}

static int new(const char *state_path, const char *store_path, uint64_t seed, bool fixed)
{
	uint64_t size = open_store(store_path);

	state = map_state(state_path, sizeof(*state), O_CREAT | O_TRUNC);
	for (unsigned int i = 0; i < WRITERS; i++) {
		struct part *p = &state->part[i];
		bool last = i == WRITERS - 1;

		p->begin = i * SHARE;
		p->limit = last ? FILE_MAX : p->begin + SHARE;
		p->is_tail = last && !fixed;
		p->dice = seed + i * 1000003;
		if (size < (p->is_tail ? p->begin : p->limit)) {
			errno = EINVAL;
			broken("size of the store");
		}
		part_adopt(p, content + p->begin, p->is_tail ? size : p->limit);
	}
	return DONE;
}

static int check(const char *store_path, const char *state_path)
{
	uint64_t size = open_store(store_path);
	int result = DONE;

	state = map_state(state_path, sizeof(*state), 0);
	for (unsigned int i = 0; i < WRITERS; i++) {
		struct part *p = &state->part[i];
		uint64_t end = p->is_tail ? size : p->limit;

		if (size >= end && end >= p->begin &&
		    part_survives(p, content + p->begin, end))
			part_adopt(p, content + p->begin, end);
		else
			result = FAULT;
	}
	return result;
}

static void terminate(int sig)
{
	(void)sig;
	terminated = true;
}

/* The writers, however that ends; SIGTERM leaves none of them. */
static int wait_for_all(const pid_t *pid)
{
	int result = DONE, is, status, left = WRITERS;

	while (left) {
		if (wait(&status) > 0) {
			left--;
			is = WIFEXITED(status) ? WEXITSTATUS(status) :
			     terminated ? GONE : FAULT;
			/* A fault, and then what is broken, goes before the rest. */
			if (is != DONE && (result == DONE || is < result))
				result = is;
		}
		if (terminated || result == FAULT)
			for (unsigned int i = 0; i < WRITERS; i++)
				kill(pid[i], SIGKILL);
	}
	return result;
}

static int run_all(struct run *run, const char *store_path, const char *state_path)
{
	struct sigaction on_sigterm = { .sa_handler = terminate };
	uint32_t done = 0, syncs = 0, failures = 0;
	pid_t pid[WRITERS];
	int result;

	open_store(store_path);
	state = map_state(state_path, sizeof(*state), 0);
	run->store = store;
	sigaction(SIGTERM, &on_sigterm, NULL);
	say("begun");
	for (unsigned int i = 0; i < WRITERS; i++) {
		pid[i] = fork();
		if (pid[i] < 0)
			broken("fork");
		if (!pid[i])
			exit(writer(&state->part[i], run));
	}
	result = wait_for_all(pid);
	for (unsigned int i = 0; i < WRITERS; i++) {
		done += state->part[i].ops;
		syncs += state->part[i].syncs;
		failures += state->part[i].errors;
	}
	printf("%u operations, %u syncs, %u errors\n", done, syncs, failures);
	return result;
}

static int usage(void)
{
	fprintf(stderr, "usage: fsx [bank] new STATE STORE SEED [--fixed] | "
		"[bank] run VMO STORE STATE OPS MARK [--errors] | "
		"[bank] check STORE STATE | race VMO STORE ROUNDS SEED\n");
	return BROKEN;
}

static int bank(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "new"))
		return bank_new(argv[2], argv[3], strtoull(argv[4], NULL, 0));
	if (argc == 4 && !strcmp(argv[1], "check"))
		return bank_check(argv[2], argv[3]);
	if (argc == 7 && !strcmp(argv[1], "run") && atoi(argv[6]) > 0)
		return bank_run(argv[2], argv[3], argv[4], strtoull(argv[5], NULL, 0),
				strtoul(argv[6], NULL, 0));
	return usage();
}

int main(int argc, char **argv)
{
	bool with = argc > 5 && (!strcmp(argv[argc - 1], "--fixed") ||
				 !strcmp(argv[argc - 1], "--errors"));

	if (argc > 1 && !strcmp(argv[1], "bank"))
		return bank(argc - 1, argv + 1);
	argc -= with;
	if (argc == 5 && !strcmp(argv[1], "new"))
		return new(argv[2], argv[3], strtoull(argv[4], NULL, 0), with);
	if (argc == 4 && !strcmp(argv[1], "check"))
		return check(argv[2], argv[3]);
	if (argc == 7 && !strcmp(argv[1], "run") && atoi(argv[6]) > 0) {
		struct run run = {
			.vmo = argv[2],
			.ops = strtoul(argv[5], NULL, 0) / WRITERS,
			.mark = strtoul(argv[6], NULL, 0),
			.errors = with,
		};

		return run_all(&run, argv[3], argv[4]);
	}
	if (argc == 6 && !strcmp(argv[1], "race") && atoi(argv[4]) > 0)
		return race(argv[2], argv[3], strtoul(argv[4], NULL, 0),
			    strtoull(argv[5], NULL, 0));
	return usage();
}

// SPDX-License-Identifier: GPL-2.0
/*
 * The cgroups of the test: one with all in it, from which memory is reclaimed, and in
 * that one for the clients and one for everybody else. Clients are frozen for a while,
 * and may have hardly any memory for a while; the daemons never are, and answer.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "../lib/client.h"
#include "client.h"

#define CGROUP		"/sys/fs/cgroup/zxp_stress"
#define CLIENTS		CGROUP "/clients"
#define REST		CGROUP "/rest"
#define FREEZE		CLIENTS "/cgroup.freeze"
#define EVENTS		CLIENTS "/cgroup.events"
#define HIGH		CLIENTS "/memory.high"
/* Less than what they have of their own. */
#define LITTLE		"2M"
#define LOOK_MS		1000

void cgroup_init(void)
{
	mkdir(CGROUP, 0700);
	mkdir(CLIENTS, 0700);
	mkdir(REST, 0700);
	write_file(CGROUP "/cgroup.subtree_control", "+memory");
	if (!enter_cgroup(REST))
		diag("no cgroups here");
	if (access(HIGH, W_OK))
		diag("no memory cgroup here");
}

/* Also if whoever did the opposite was killed at it. */
void cgroup_restore(void)
{
	write_file(FREEZE, "0");
	write_file(HIGH, "max");
}

void cgroup_of_clients(void)
{
	enter_cgroup(CLIENTS);
}

static void pause_up_to(struct dice *d, uint32_t ms)
{
	uint64_t ns = 1000000ULL * (1 + roll(d, ms));

	nanosleep(&(struct timespec){ ns / 1000000000, ns % 1000000000 }, NULL);
}

/* The kernel tells when it has got there. */
static bool wait_frozen(int events)
{
	struct pollfd p = { .fd = events, .events = POLLPRI };
	unsigned int looks = watch_patience() * WATCH_MS / LOOK_MS;

	while (read_keyed(EVENTS, "frozen") != 1) {
		char text[64];

		if (!looks-- || load(board->wrong))
			return false;
		poll(&p, 1, LOOK_MS);
		if (pread(events, text, sizeof(text), 0) < 0)
			return false;
	}
	return true;
}

/* All of them stop, whatever they do, and go on. */
static void freeze(struct dice *d)
{
	int events = open(EVENTS, O_RDONLY | O_CLOEXEC);

	if (events < 0)
		return;
	if (!write_file(FREEZE, "1")) {
		if (wait_frozen(events)) {
			add(board->frozen, 1);
			pause_up_to(d, 200);
		} else if (!load(board->wrong)) {
			wrong("the clients do not freeze");
			watch_tell();
		}
		write_file(FREEZE, "0");
	}
	close(events);
}

static void squeeze(struct dice *d)
{
	if (access(HIGH, W_OK) || write_file(HIGH, LITTLE))
		return;
	add(board->squeezed, 1);
	pause_up_to(d, 300);
	write_file(HIGH, "max");
}

bool cgroup_freezes(void)
{
	return !access(FREEZE, W_OK);
}

void cgroup_main(void)
{
	struct dice d = { seed_of(4, 0) };
	unsigned int i;

	for (i = 0; load(board->phase) == PHASE_RUN && !load(board->wrong); i++) {
		if (i % 2)
			squeeze(&d);
		else
			freeze(&d);
		pause_up_to(&d, 2000);
	}
}

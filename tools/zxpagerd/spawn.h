/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_SPAWN_H
#define ZXD_SPAWN_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * struct program - what a worker is
 * @file: of its program, or -1: that of this process
 * @arguments: a file of those, each closed by NUL, or -1: those of this process
 * @reconnect_timeout: what these say of that, in seconds
 */
struct program {
	int file;
	int arguments;
	unsigned int reconnect_timeout;
};

#define PROGRAM_NONE	{ -1, -1, 0 }

void program_close(struct program *program);

/* Workers have these, too; before they are parsed, which changes them. */
void spawn_note_arguments(int argc, char **argv);

/* The same as a file; a mistake ends the program. */
int spawn_arguments(void);

/*
 * Starts one, with @mask for its signals.  0, after a line, if that cannot be; else *@sock is
 * where it is talked to, without waiting.
 */
pid_t spawn_process(const struct program *program, const sigset_t *mask, int *sock);

/* False as long as it is there; else with *@status. */
bool spawn_has_ended(pid_t pid, int *status);

/* Begins a generation of the pager for it; false, after a line, if that cannot be. */
bool spawn_begin(int pager_fd, int sock);

#endif /* ZXD_SPAWN_H */

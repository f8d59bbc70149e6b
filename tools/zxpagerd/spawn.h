/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_SPAWN_H
#define ZXD_SPAWN_H

#include <signal.h>
#include <sys/types.h>

/* Workers have these, too; before they are parsed, which changes them. */
void spawn_note_arguments(int argc, char **argv);

/*
 * Begins a generation of the pager and starts a worker for it, with @mask for its signals.  0,
 * after a line, if that cannot be; else *@sock is where it is talked to, without waiting.
 */
pid_t spawn_worker(int pager_fd, const sigset_t *mask, int *sock);

#endif /* ZXD_SPAWN_H */

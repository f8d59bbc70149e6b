/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_REPLACE_H
#define ZXD_REPLACE_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * zxpagerd --replace, as its keeper sees it: somebody connects to a socket of the keeper's own,
 * beside that of the clients, and hands it a program and its arguments.  They are started, and
 * say that they would serve the same; only then does the worker that there is leave to them.
 */

struct program;

#define REPLACE_FDS	2

/* From now on it may be asked for; @mask is for the signals of who is started. */
void replace_open(const sigset_t *mask);

/* Nobody may ask any more, and who has is refused; the socket goes if @is_own. */
void replace_close(bool is_own);

/* What to wait for, how long at most, and what to do when something may be there. */
void replace_poll(struct pollfd fds[REPLACE_FDS]);
uint64_t replace_wants_a_turn(void);
void replace_turn(uint64_t now_ms);

/* A child has ended that is no worker yet. */
void replace_reap(void);

/* One waits that would serve: the worker is to leave. */
bool replace_is_due(void);

/* It is the next worker, with *@sock, from now on; 0 if there is none. */
pid_t replace_take(int *sock);

/* The program of the next worker, if it is to be started. */
const struct program *replace_program(void);

/* The worker is of a program none of which has served yet. */
bool replace_is_on_trial(void);

/* The worker serves; or has ended, and if it was on trial the program before it is back. */
void replace_serves(void);
void replace_died(void);

/* The other side: asks the keeper of options.socket, and ends with an exit status. */
__attribute__((noreturn)) void replace_ask(void);

#endif /* ZXD_REPLACE_H */

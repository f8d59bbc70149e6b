/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Clients of a daemon that runs: --serve of daemon.bash says where.
 */
#ifndef TESTS_PEER_H
#define TESTS_PEER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

#include "../zxpagerd/proto.h"

/* What the environment has as @name. */
const char *told(const char *name);

/* A new connection; receiving on it has a limit of time. */
int dial(void);

struct zxd_request request(enum zxd_op op, const char *name);

/* The error of the reply to @req, on a connection that stays. */
int ask(int sock, const struct zxd_request *req);

/* The same for ZXD_OPEN; *@fd is the descriptor. */
int ask_for_fd(int sock, const char *name, int *fd);

#define MESSAGE_FDS	253	/* the most that one message takes */

/* A request with @count descriptors @fd; what sendmsg() says. */
ssize_t send_with_fds(int sock, const struct zxd_request *req, const int *fd,
		      unsigned int count);

/* Somebody else is served. */
void assert_served(void);

/* The connection ends without a word, or with a reply of @error and no operation. */
void assert_dropped(int sock);
void assert_refused(int sock, int error);

/* The process of the daemon, its open descriptors, and a number in its status. */
pid_t daemon_pid(void);
unsigned int daemon_fds(void);
unsigned long daemon_status(const char *field);

/* Waits until it has that many; there is no event for it. */
void assert_daemon_fds(unsigned int count);

/* So many descriptors for the test itself. */
void raise_limit(unsigned int files);

/* False, with a line, if there is no daemon. */
bool is_served(void);

#endif /* TESTS_PEER_H */

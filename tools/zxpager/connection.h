/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXPAGER_CONNECTION_H
#define ZXPAGER_CONNECTION_H

#include "../zxpagerd/proto.h"

/* What the program ends with; the manual page names them. */
enum {
	EXIT_OPERATION = 1,	/* the operation failed */
	EXIT_USAGE = 2,
	EXIT_DAEMON = 3,	/* no daemon, or it does not answer */
	EXIT_NO_VMO = 4,
	EXIT_DENIED = 5,
};

/* A line, and the end with @status. */
void die(int status, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), noreturn));

/* The end, for what the daemon has refused with @error. */
void die_refused(const struct zxd_request *request, int error) __attribute__((noreturn));

/* From now on the program ends with @status whatever goes wrong. */
void die_always_with(int status);

void connection_open(const char *path);

/*
 * Sends @op and waits for the reply.  *@fd, if @fd is not NULL, becomes the descriptor
 * that comes along.  Returns 0 or the daemon's errno; ends the program if the daemon
 * does not answer.
 */
int connection_call(const struct zxd_request *request, struct zxd_reply *reply,
		    int *fd);

/* The same, but whatever the daemon refuses ends the program. */
void connection_must(const struct zxd_request *request, struct zxd_reply *reply,
		     int *fd);

/* Until the daemon, or its worker, has gone. */
void connection_wait_for_end(void);

/* A request of @op for the VMO called @name. */
struct zxd_request connection_request(enum zxd_op op, const char *name);

#endif /* ZXPAGER_CONNECTION_H */

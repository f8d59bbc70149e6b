/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An nbdkit that comes and goes.
 */
#ifndef TESTS_NBD_SERVER_H
#define TESTS_NBD_SERVER_H

#include <sys/types.h>

/*
 * The socket, a port instead of that if there is one, and the URI; the file that makes a
 * filter fail, and the one of the filter "log".
 */
extern char sock[64], port[8], uri[128], inject[64], log_file[64];

/* The one that was started last. */
extern pid_t server;

/* Within begin_stores() and end_stores(). */
void begin_servers(void);
void end_servers(void);

/* Another socket, and nothing fails: an export is written by one store at a time. */
void new_socket(void);

/* A free port instead of that, which the URI has beside the name of this machine. */
unsigned int new_port(const char *host);

/*
 * An nbdkit with these arguments, with $file for the file; it takes connections.  Skips
 * the test if there is none on this machine.
 */
#define START(...) start_server((const char *const []){ __VA_ARGS__, NULL })
void start_server(const char *const *args);
void kill_server(void);

/* Whether the filter "error" fails what it is told to. */
void do_inject(void);
void no_inject(void);

/* How many connections the filter "log" has seen. */
unsigned int connections_in_log(void);

#endif /* TESTS_NBD_SERVER_H */

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_OPTIONS_H
#define ZXD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define IDS_MAX		64
#define COPIES_MAX	1024	/* that have a name, of all users */
#define CONNECTIONS_MAX	16	/* to one NBD server */

struct vmo_option {
	char *name;
	const char *path;
	bool writable;
	bool scratch;
	bool snapshots;
};

/*
 * struct options - the command line
 * @window: size of a window in bytes
 * @depth: windows that are read at a time, of each VMO
 * @readahead: the most to read ahead for one reader of a VMO, in bytes; 0 for nothing
 * @window_memory: of the windows of all VMOs together, in bytes
 * @reconnect_timeout: seconds without an NBD server until requests fail
 * @request_timeout: seconds that it may take to answer one; 0: for ever
 * @connections: to an NBD server that can do with several
 * @copies: the most with a name that a user may have
 * @identity_offset, @identity_length: of what an NBD export is known by, if any
 * @max_size: the most that clients may make of a file, in bytes; 0: what its store can have
 * @dirty_window: size of the windows up to whose end more is granted than is asked for
 * @dirty_limit, @dirty_total: the most that may be dirty in one VMO, in all of them
 * @dirty_background: from here on it is written back, however new
 * @writeback_age: seconds after which it is, however little
 * @shutdown_timeout: seconds for each of the three steps at the end
 * @force: not to wait at the end for clients that have VMOs open
 * @ready_fd: where to tell that it serves, or -1
 * @worker_sock: of a worker, where its keeper is; or -1
 * @quick: seconds in which a worker that dies has died quickly
 * @keep: the daemon is a keeper and its worker
 * @replace: have the one that runs go on with these, and with this program
 */
struct options {
	const char *socket;
	uint32_t window;
	unsigned int depth;
	uint64_t readahead;
	uint64_t window_memory;
	unsigned int reconnect_timeout;
	unsigned int request_timeout;
	unsigned int connections;
	unsigned int copies;
	uint64_t identity_offset;
	uint32_t identity_length;
	uint64_t max_size;
	uint64_t dirty_window;
	uint64_t dirty_limit;
	uint64_t dirty_total;
	uint64_t dirty_background;
	unsigned int writeback_age;
	unsigned int shutdown_timeout;
	int ready_fd;
	int worker_sock;
	unsigned int quick;
	bool keep;
	bool replace;
	bool lock_memory;
	bool force;
	uid_t uids[IDS_MAX];
	unsigned int uid_count;
	gid_t gids[IDS_MAX];
	unsigned int gid_count;
	struct vmo_option *vmos;
	unsigned int vmo_count;
};

extern struct options options;

/* Fills in options; a mistake ends the program with a line and exit status 1. */
void options_parse(int argc, char **argv);

/* A hash of what is served, where, and how: what another worker cannot change. */
uint64_t options_served(void);

#endif /* ZXD_OPTIONS_H */

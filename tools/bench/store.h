/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What serves a real file, in a process of its own: for the work "daemon".
 */
#ifndef ZXB_STORE_H
#define ZXB_STORE_H

#include <sys/types.h>

#include "bench.h"

/**
 * struct disk - what the file is on
 * @module: the driver
 * @parameters: of the module
 * @size_parameter: and one for how many KiB there are to be, if it has that
 * @device: which it makes then
 */
struct disk {
	const char *module;
	const char *parameters[8];
	const char *size_parameter;
	const char *device;
};

/* Memory, where nothing waits; and one whose requests take 100 us each. */
extern const struct disk disk_brd, disk_slow;

/**
 * struct store - a file of content.c on ext4
 * @disk: where it is
 * @pages: its size
 * @dir: where the file system is mounted
 * @path: of the file
 */
struct store {
	const struct disk *disk;
	size_t pages;
	char dir[32];
	char path[64];
};

void store_open(struct store *store, const struct disk *disk, size_t pages);
void store_cold(void);		/* nothing of it is in memory, but on the disk */
void store_close(const struct store *store);

/**
 * struct server - who serves it
 * @fd: the file, as it is served
 * @window: how much is read and supplied at once; 0 leaves that to the server
 * @program: the server's, if it is not the one that is built beside this program
 * @pid: the server's; 0 without one
 * @dir: a directory of its own
 * @sock: zxpagerd's
 */
struct server {
	int fd;
	size_t window;
	const char *program;
	pid_t pid;
	char dir[32];
	int sock;
};

/**
 * struct serving - a way to have the file
 * @name: as in the names of figures
 * @start: begin to serve; &server.window is given
 * @stop: end it, and whatever was begun for it
 */
struct serving {
	const char *name;
	void (*start)(struct server *s, const struct store *store);
	void (*stop)(struct server *s);
};

extern const struct serving serving_zxpagerd, serving_fuse, serving_file;

/* Windows that zxpagerd has read so far. */
size_t zxpagerd_windows(const struct server *s);

void make_directory(char *dir, size_t size);
pid_t run_program(char *const *argv, int keep_fd);
void wait_for_end(pid_t pid, const char *what);

#endif

// SPDX-License-Identifier: GPL-2.0
/*
 * crash_append run VMO RECORD BYTES SEED: appends to a VMO, up to that size
 * crash_append kill STORE SIZE PID: kills the daemon as soon as the store is as large
 * crash_append check STORE RECORD: is it the beginning of what was appended?
 *
 * No byte of it is zero, so that zeroes are what nobody has written.  RECORD has how much
 * fdatasync() has promised; the store may have more.
 *
 * run ends with 0 when the daemon has gone, or all is done; check with 0 if it is.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper/dice.h"

#define AT_ONCE		(256u << 10)

static uint8_t buffer[AT_ONCE], want[AT_ONCE];

static void die(const char *what)
{
	fprintf(stderr, "crash_append: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void fill(uint8_t *to, uint64_t offset, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		uint64_t mixed = (offset + i) * 0x9e3779b97f4a7c15ull;

		to[i] = 1 + (mixed >> 40) % 255;
	}
}

static int open_file(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		die(path);
	return fd;
}

/* Some are a few bytes, some reach over several windows. */
static size_t next_length(struct dice *dice, uint64_t left)
{
	uint32_t most = one_in(dice, 3) ? 5000 : AT_ONCE;
	uint32_t length = 1 + roll(dice, most);

	return length < left ? length : left;
}

static int run(const char *path, const char *record_path, uint64_t bytes, uint64_t seed)
{
	int vmo = open_file(path, O_WRONLY | O_APPEND);
	int record = open_file(record_path, O_WRONLY | O_CREAT | O_TRUNC);
	struct dice dice = { .state = seed };
	uint64_t size = 0;
	ssize_t n;

	printf("writing\n");
	fflush(stdout);
	while (size < bytes) {
		size_t length = next_length(&dice, bytes - size);

		fill(buffer, size, length);
		n = write(vmo, buffer, length);
		if (n > 0)
			size += (uint64_t)n;
		if (n < 0 && errno != ESTALE)
			die("write");
		if (n < 0)
			return 0;
		if (!one_in(&dice, 30) && size < bytes)
			continue;
		if (fdatasync(vmo)) {
			if (errno != ESTALE)
				die("fdatasync");
			return 0;
		}
		if (pwrite(record, &size, sizeof(size), 0) != sizeof(size))
			die("record");
	}
	return 0;
}

static int kill_at(const char *path, uint64_t size, pid_t pid)
{
	int news = inotify_init1(IN_CLOEXEC), store = open_file(path, O_RDONLY);
	char events[4096];
	struct stat st;

	if (news < 0 || inotify_add_watch(news, path, IN_MODIFY) < 0)
		die("inotify");
	printf("waiting\n");
	fflush(stdout);
	do {
		if (read(news, events, sizeof(events)) < 0 || fstat(store, &st))
			die("wait for the store");
	} while ((uint64_t)st.st_size < size);
	return kill(pid, SIGKILL) ? 1 : 0;
}

static int check(const char *path, const char *record_path)
{
	int store = open_file(path, O_RDONLY), record = open_file(record_path, O_RDONLY);
	uint64_t size = 0, promised = 0;
	ssize_t n;

	if (pread(record, &promised, sizeof(promised), 0) < 0)
		die("read of the record");
	while ((n = pread(store, buffer, sizeof(buffer), size)) > 0) {
		fill(want, size, n);
		for (ssize_t i = 0; i < n; i++) {
			if (buffer[i] == want[i])
				continue;
			fprintf(stderr, "%#x instead of %#x at %" PRIu64 "\n", buffer[i],
				want[i], size + i);
			return 1;
		}
		size += (uint64_t)n;
	}
	if (n < 0)
		die("read of the store");
	printf("%" PRIu64 " bytes are there, %" PRIu64 " were synced\n", size, promised);
	return size < promised;
}

int main(int argc, char **argv)
{
	if (argc == 6 && !strcmp(argv[1], "run"))
		return run(argv[2], argv[3], strtoull(argv[4], NULL, 0),
			   strtoull(argv[5], NULL, 0));
	if (argc == 5 && !strcmp(argv[1], "kill"))
		return kill_at(argv[2], strtoull(argv[3], NULL, 0), atoi(argv[4]));
	if (argc == 4 && !strcmp(argv[1], "check"))
		return check(argv[2], argv[3]);
	fprintf(stderr, "usage: crash_append run VMO RECORD BYTES SEED | "
		"kill STORE SIZE PID | check STORE RECORD\n");
	return 2;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Looks at a VMO, or at any file, in the ways that a shell cannot.
 *
 *   vmoprobe mapcat PATH                all of it, from a mapping, to standard output
 *   vmoprobe touch PATH OFFSET LENGTH   a byte of each page of a mapping
 *   vmoprobe read PATH OFFSET LENGTH    the same with pread()
 *   vmoprobe store PATH OFFSET LENGTH CHAR
 *                                       fills a range through a mapping
 *   vmoprobe write PATH OFFSET LENGTH CHAR
 *                                       the same with pwrite()
 *   vmoprobe msync PATH OFFSET LENGTH   msync(MS_SYNC) of a mapping
 *   vmoprobe stay PATH                  maps and touches all, closes all descriptors but
 *                                       the standard ones, says "mapped", and stays
 *                                       until standard input ends
 *   vmoprobe own PATH OFFSET LENGTH CHAR
 *                                       the same, and fills a range of it
 *   vmoprobe readonly PATH              tries to write by the descriptor in PATH, which
 *                                       is /proc/self/fd/N
 *
 * It prints "ok", or what went wrong: "SIGBUS at OFFSET", "ESTALE at OFFSET", and then
 * ends with status 10.  Status 1 is trouble of its own.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATUS_FAULT	10

static int fd;
static uint64_t size, page;
static volatile char *map;

/* The handler cannot go on, so it says what there is to say and ends the program. */
static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	char line[64];
	int n;

	(void)sig;
	(void)context;
	n = snprintf(line, sizeof(line), "SIGBUS at %lld\n",
		     (long long)((char *)info->si_addr - (char *)map));
	(void)!write(STDOUT_FILENO, line, (size_t)n);
	_exit(STATUS_FAULT);
}

static void open_path(const char *path, int mode)
{
	struct stat st;

	fd = open(path, mode | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		err(1, "%s", path);
	size = (uint64_t)st.st_size;
}

static void map_path(const char *path, int mode)
{
	int prot = mode == O_RDWR ? PROT_READ | PROT_WRITE : PROT_READ;
	struct sigaction action = {
		.sa_sigaction = on_sigbus,
		.sa_flags = SA_SIGINFO,
	};

	open_path(path, mode);
	map = mmap(NULL, size, prot, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		err(1, "%s: mmap", path);
	sigaction(SIGBUS, &action, NULL);
}

static int done(void)
{
	puts("ok");
	return 0;
}

static int failed(uint64_t at)
{
	printf("%s at %llu\n", strerrorname_np(errno), (unsigned long long)at);
	return STATUS_FAULT;
}

static void touch(uint64_t offset, uint64_t length)
{
	for (uint64_t at = offset; at < offset + length; at += page)
		(void)map[at];
}

static int cmd_mapcat(char **argv)
{
	static char buffer[1 << 16];

	map_path(argv[0], O_RDONLY);
	for (uint64_t at = 0; at < size; at += sizeof(buffer)) {
		size_t n = size - at < sizeof(buffer) ? size - at : sizeof(buffer);

		memcpy(buffer, (const char *)map + at, n);
		if (fwrite(buffer, 1, n, stdout) != n)
			err(1, "standard output");
	}
	return fflush(stdout) ? 1 : 0;
}

static int cmd_touch(char **argv)
{
	map_path(argv[0], O_RDONLY);
	touch(strtoull(argv[1], NULL, 0), strtoull(argv[2], NULL, 0));
	return done();
}

static int cmd_read(char **argv)
{
	uint64_t at = strtoull(argv[1], NULL, 0);
	uint64_t end = at + strtoull(argv[2], NULL, 0);
	char byte;

	open_path(argv[0], O_RDONLY);
	for (; at < end; at += page) {
		if (pread(fd, &byte, 1, (off_t)at) == 1)
			continue;
		return failed(at);
	}
	return done();
}

static int cmd_store(char **argv)
{
	uint64_t at = strtoull(argv[1], NULL, 0);
	uint64_t length = strtoull(argv[2], NULL, 0);

	map_path(argv[0], O_RDWR);
	memset((char *)map + at, argv[3][0], length);
	return done();
}

static int cmd_write(char **argv)
{
	static char buffer[1 << 16];
	uint64_t at = strtoull(argv[1], NULL, 0);
	uint64_t end = at + strtoull(argv[2], NULL, 0);
	ssize_t n;

	open_path(argv[0], O_WRONLY);
	memset(buffer, argv[3][0], sizeof(buffer));
	for (; at < end; at += (uint64_t)n) {
		n = pwrite(fd, buffer, end - at < sizeof(buffer) ? end - at :
			   sizeof(buffer), (off_t)at);
		if (n < 0)
			return failed(at);
	}
	return done();
}

static int cmd_msync(char **argv)
{
	uint64_t at = strtoull(argv[1], NULL, 0);
	uint64_t length = strtoull(argv[2], NULL, 0);

	/* A shared mapping by a descriptor that cannot write has nothing to sync. */
	map_path(argv[0], O_RDWR);
	if (msync((char *)map + at, length, MS_SYNC))
		return failed(at);
	return done();
}

static int stay(void)
{
	char byte;

	touch(0, size);
	close_range(STDERR_FILENO + 1, ~0U, 0);
	puts("mapped");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}

static int cmd_stay(char **argv)
{
	map_path(argv[0], O_RDONLY);
	return stay();
}

static int cmd_own(char **argv)
{
	uint64_t at = strtoull(argv[1], NULL, 0);

	map_path(argv[0], O_RDWR);
	memset((char *)map + at, argv[3][0], strtoull(argv[2], NULL, 0));
	return stay();
}

static int cmd_readonly(char **argv)
{
	const char *number = strrchr(argv[0], '/');
	char byte = 'x';

	fd = number ? (int)strtol(number + 1, NULL, 10) : -1;
	if (fcntl(fd, F_GETFD) < 0)
		errx(1, "%s: want /proc/self/fd/N", argv[0]);
	if (pwrite(fd, &byte, 1, 0) == 1) {
		puts("written");
		return STATUS_FAULT;
	}
	if (mmap(NULL, page, PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED) {
		puts("mapped for writing");
		return STATUS_FAULT;
	}
	if (!ftruncate(fd, 0)) {
		puts("truncated");
		return STATUS_FAULT;
	}
	return done();
}

static const struct {
	const char *name;
	int args;
	int (*run)(char **argv);
} commands[] = {
	{ "mapcat", 1, cmd_mapcat },
	{ "touch", 3, cmd_touch },
	{ "read", 3, cmd_read },
	{ "store", 4, cmd_store },
	{ "write", 4, cmd_write },
	{ "msync", 3, cmd_msync },
	{ "stay", 1, cmd_stay },
	{ "own", 4, cmd_own },
	{ "readonly", 1, cmd_readonly },
};

int main(int argc, char **argv)
{
	page = (uint64_t)sysconf(_SC_PAGESIZE);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (argc == commands[i].args + 2 &&
		    !strcmp(argv[1], commands[i].name))
			return commands[i].run(argv + 2);
	errx(1, "want mapcat, touch, read, store, write, msync, stay, own or readonly, and their arguments");
}

// SPDX-License-Identifier: GPL-2.0
/*
 * What a copy has for itself: told, or saved to a file.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/zxpager.h>

#include "commands.h"
#include "connection.h"

#define RANGES	256		/* with one call */
#define PIECE	(1U << 20)	/* bytes that are read at a time */
#define BLOCK	4096u		/* where that is zero the file has a hole */

static const char *vmo_name;
static int vmo_fd;
static uint64_t vmo_size;
static const char *file_name;	/* it is saved there */
static int file_fd;
static char *part_name;		/* in a file of that name so far; NULL in one without */

/* Its size may change meanwhile. */
static uint64_t size_now(void)
{
	struct stat st;

	if (fstat(vmo_fd, &st))
		die(EXIT_OPERATION, "%s: %s", vmo_name, strerror(errno));
	return (uint64_t)st.st_size;
}

static void open_copy(const char *name)
{
	struct zxd_reply reply;

	vmo_name = name;
	vmo_fd = open_vmo(name, &reply);
	vmo_size = size_now();
}

/* --- what is its own --------------------------------------------------------------------- */

/* Whether it is a copy at all is told before there is a file. */
static void must_be_copy(void)
{
	struct zxp_vmo_query_own arg = { .size = sizeof(arg) };

	if (!ioctl(vmo_fd, ZXP_IOC_VMO_QUERY_OWN, &arg))
		return;
	if (errno == EINVAL)
		die(EXIT_OPERATION, "%s: is no copy, and has nothing of its own", vmo_name);
	if (errno == ENOTTY)
		die(EXIT_OPERATION, "the module that is loaded is too old: load a newer zxpager.ko");
	die(EXIT_OPERATION, "%s: %s", vmo_name, strerror(errno));
}

static void __attribute__((noreturn)) die_unsaved(const char *name, const char *why)
{
	if (part_name)
		unlink(part_name);
	die(EXIT_OPERATION, "%s: %s", name, why);
}

static void must_be_as_large(void)
{
	if (size_now() != vmo_size)
		die_unsaved(vmo_name, "its size changes: save a snapshot of it");
}

/* Ranges from *@at on; how many, and where to go on. */
static size_t query(uint64_t *at, struct zxp_own_range *ranges)
{
	struct zxp_vmo_query_own arg = {
		.size = sizeof(arg),
		.offset = *at,
		.length = vmo_size - *at,
		.buffer = (uintptr_t)ranges,
		.buffer_size = RANGES * sizeof(*ranges),
	};

	while (ioctl(vmo_fd, ZXP_IOC_VMO_QUERY_OWN, &arg)) {
		if (errno == EINTR)
			continue;
		if (errno != ERANGE && file_name)
			die_unsaved(vmo_name, strerror(errno));
		if (errno != ERANGE)
			die(EXIT_OPERATION, "%s: %s", vmo_name, strerror(errno));
		/* It has shrunk meanwhile. */
		if (file_name)
			must_be_as_large();
		vmo_size = size_now();
		if (*at >= vmo_size)
			return 0;
		arg.length = vmo_size - *at;
	}
	*at = arg.out_next;
	return arg.out_actual;
}

static void for_own(void (*each)(const struct zxp_own_range *range))
{
	struct zxp_own_range ranges[RANGES];
	uint64_t at = 0;
	size_t n;

	while (at < vmo_size) {
		n = query(&at, ranges);
		for (size_t i = 0; i < n; i++)
			each(&ranges[i]);
	}
}

static void print(const struct zxp_own_range *range)
{
	printf("%14llu %14llu%s\n", (unsigned long long)range->offset,
	       (unsigned long long)range->length,
	       range->options & ZXP_OWN_RANGE_IS_POISONED ? " lost" :
	       range->options & ZXP_OWN_RANGE_IS_ZERO ? " zero" : "");
}

void cmd_diff(char **argv)
{
	open_copy(argv[0]);
	must_be_copy();
	for_own(print);
}

/* --- saving it --------------------------------------------------------------------------- */

static char *buffer;
static uint64_t lost;

static void __attribute__((noreturn)) die_at(const char *name, uint64_t at)
{
	char why[100];

	snprintf(why, sizeof(why), "at %llu: %s", (unsigned long long)at, strerror(errno));
	die_unsaved(name, why);
}

static void end_by_signal(int sig)
{
	unlink(part_name);
	signal(sig, SIG_DFL);
	raise(sig);
}

/* As open() would with this mode, but of a name that nobody has. */
static int open_part(void)
{
	const int ends[] = { SIGHUP, SIGINT, SIGTERM };
	mode_t mask = umask(0);
	int fd;

	umask(mask);
	if (asprintf(&part_name, "%s.XXXXXX", file_name) < 0)
		die(EXIT_OPERATION, "out of memory");
	fd = mkostemp(part_name, O_CLOEXEC);
	if (fd < 0)
		return -1;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		signal(ends[i], end_by_signal);
	fchmod(fd, 0666 & ~mask);
	return fd;
}

/*
 * A file that gets its name when all is in it; where there are no files without one, it has
 * another until then. What there is of that name is not overwritten.
 */
static char *open_file(void)
{
	char *copy = strdup(file_name), *directory;

	if (!copy)
		die(EXIT_OPERATION, "out of memory");
	directory = strdup(dirname(copy));
	free(copy);
	if (!directory)
		die(EXIT_OPERATION, "out of memory");
	if (!faccessat(AT_FDCWD, file_name, F_OK, AT_SYMLINK_NOFOLLOW))
		die(EXIT_OPERATION, "%s: is there already, and is not overwritten", file_name);
	file_fd = open(directory, O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666);
	if (file_fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
		file_fd = open_part();
	if (file_fd < 0)
		die(EXIT_OPERATION, "%s: %s", file_name, strerror(errno));
	return directory;
}

/* False, if there is one of that name by now, or for another reason. */
static bool name_file(void)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file_fd);
	if (!part_name)
		return !linkat(AT_FDCWD, path, AT_FDCWD, file_name, AT_SYMLINK_FOLLOW);
	if (!renameat2(AT_FDCWD, part_name, AT_FDCWD, file_name, RENAME_NOREPLACE))
		return true;
	/* Some file systems have the one, and some the other. */
	return errno == EINVAL && !link(part_name, file_name) && !unlink(part_name);
}

static void close_file(char *directory)
{
	int dir;

	if (fsync(file_fd) || !name_file())
		die_unsaved(file_name, strerror(errno));
	/* The name is to be there after a power cut, too. */
	dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || fsync(dir) || close(dir) || close(file_fd))
		die_unsaved(file_name, strerror(errno));
	free(directory);
}

static void write_piece(const char *from, size_t length, uint64_t at)
{
	ssize_t n;

	while (length) {
		n = pwrite(file_fd, from, length, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			die_at(file_name, at);
		from += n;
		at += (uint64_t)n;
		length -= (size_t)n;
	}
}

static bool is_zero(const char *bytes, size_t length)
{
	return !bytes[0] && !memcmp(bytes, bytes + 1, length - 1);
}

/* What is zero is a hole. */
static void write_sparse(size_t length, uint64_t at)
{
	size_t block;

	for (size_t i = 0; i < length; i += block) {
		block = length - i < BLOCK ? length - i : BLOCK;
		if (!is_zero(buffer + i, block))
			write_piece(buffer + i, block, at + i);
	}
}

static void save_range(uint64_t at, uint64_t end, bool sparse)
{
	size_t piece = PIECE;
	ssize_t n;

	while (at < end) {
		n = pread(vmo_fd, buffer, end - at < piece ? end - at : piece, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && piece == BLOCK)
			die_at(vmo_name, at);
		if (n < 0) {
			/* Where is it that cannot be read? */
			piece = BLOCK;
			continue;
		}
		/* It has shrunk meanwhile. */
		if (!n)
			must_be_as_large();
		if (sparse)
			write_sparse((size_t)n, at);
		else
			write_piece(buffer, (size_t)n, at);
		at += (uint64_t)n;
	}
}

static void save_own(const struct zxp_own_range *range)
{
	if (range->options & ZXP_OWN_RANGE_IS_POISONED)
		lost += range->length;
	else if (!(range->options & ZXP_OWN_RANGE_IS_ZERO))
		save_range(range->offset, range->offset + range->length, false);
}

void cmd_save(char **argv)
{
	bool all = !strcmp(argv[0], "--all");
	char *directory;

	if (!argv[all] || !argv[all + 1] || argv[all + 2])
		die(EXIT_USAGE, "save: wrong number of arguments (see --help)");
	open_copy(argv[all]);
	if (!all)
		must_be_copy();
	file_name = argv[all + 1];
	buffer = malloc(PIECE);
	if (!buffer)
		die(EXIT_OPERATION, "out of memory");
	/* A limit of file sizes is an error as any other. */
	signal(SIGXFSZ, SIG_IGN);
	directory = open_file();
	if (ftruncate(file_fd, (off_t)vmo_size))
		die_at(file_name, vmo_size);
	if (all)
		save_range(0, vmo_size, true);
	else
		for_own(save_own);
	must_be_as_large();
	close_file(directory);
	if (lost)
		die(EXIT_OPERATION, "%s: all is saved but %llu bytes whose memory has failed (zxpager diff tells which)",
		    vmo_name, (unsigned long long)lost);
}

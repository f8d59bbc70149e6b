// SPDX-License-Identifier: GPL-2.0
/*
 * zxpager: the command line client of zxpagerd.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
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

#define CAT_BUFFER	(1U << 20)

static const char usage[] =
	"Usage: zxpager [--socket PATH] COMMAND\n"
	"\n"
	"  ls                     the VMOs that the daemon serves\n"
	"  stat [NAME]            what they have been asked for so far\n"
	"  cat NAME               the content, to standard output\n"
	"  exec NAME -- CMD ARG...\n"
	"                         run CMD with the VMO's path in place of each {}; it can\n"
	"                         write there if the VMO is served for writing\n"
	"  exec --scratch NAME -- CMD ARG...\n"
	"                         the same with a copy, to which CMD can write; it goes\n"
	"                         with CMD\n"
	"  clone NAME NEW         have the daemon keep a copy of NAME, which can be written to\n"
	"                         and is in no file, as NEW: for all commands but sync and\n"
	"                         those below\n"
	"  snapshot NAME NEW      the same, but it stays as NAME is now\n"
	"  drop NEW               keep it no more\n"
	"  diff NEW               which ranges of a copy are its own: offset and length\n"
	"  save NEW FILE          write these to a new file, with holes for all else\n"
	"  save --all NAME FILE   write all of it, with holes where it is zero\n"
	"  sync NAME              write back what is dirty now, and wait until it is durable\n"
	"\n"
	"For root and the daemon's own user:\n"
	"  fail NAME OFFSET LENGTH [CODE]\n"
	"                         let accesses to missing pages of a range fail with\n"
	"                         EIO, EBADMSG, ESTALE, ENOSPC or ENOBUFS\n"
	"  clear NAME             let them succeed again\n"
	"  hold NAME              leave accesses to missing pages, and first writes\n"
	"                         to clean ones, waiting\n"
	"  release NAME           let them go on\n"
	"  detach NAME            end the service of a VMO for good; what is dirty is\n"
	"                         still written back\n"
	"  stop [--force]         end the daemon, and wait for that; clients that can\n"
	"                         write are waited for first, unless forced\n"
	"\n"
	"OFFSET and LENGTH are bytes, or take K, M or G.\n"
	"  -s, --socket PATH      where the daemon listens (default " ZXD_SOCKET ")\n"
	"  -h, --help             this\n";

static uint64_t number(const char *text)
{
	static const char units[] = "KMG";
	unsigned long long value;
	const char *unit;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || end == text || strchr(text, '-'))
		die(EXIT_USAGE, "'%s' is no number of bytes", text);
	unit = *end ? strchr(units, *end) : NULL;
	if (unit) {
		unsigned int shift = 10 * (unsigned int)(unit - units + 1);

		if (value > UINT64_MAX >> shift)
			die(EXIT_USAGE, "'%s' is too large", text);
		value <<= shift;
		end++;
	}
	if (*end)
		die(EXIT_USAGE, "'%s' is no number of bytes", text);
	return value;
}

static const struct {
	const char *name;
	int code;
} codes[] = {
	{ "EIO", EIO },
	{ "EBADMSG", EBADMSG },
	{ "ESTALE", ESTALE },
	{ "ENOSPC", ENOSPC },
	{ "ENOBUFS", ENOBUFS },
	{ "none", 0 },
};

#define CODES (sizeof(codes) / sizeof(codes[0]))

static uint32_t code_number(const char *name)
{
	for (size_t i = 0; i < CODES; i++)
		if (codes[i].code && !strcasecmp(codes[i].name, name))
			return (uint32_t)codes[i].code;
	die(EXIT_USAGE, "'%s' is no code: want EIO, EBADMSG, ESTALE, ENOSPC or ENOBUFS",
	    name);
}

static const char *code_name(uint32_t code)
{
	for (size_t i = 0; i < CODES; i++)
		if (codes[i].code == (int)code)
			return codes[i].name;
	return strerror((int)code);
}

static const char *state(const struct zxd_reply *r)
{
	if (r->flags & ZXD_COPY)
		return r->flags & ZXD_WRITABLE ? "clone" : "snapshot";
	return r->flags & ZXD_COMPLETE ? "complete" :
	       r->flags & ZXD_DETACHED ? "detached" :
	       r->flags & ZXD_HELD ? "held" : "served";
}

int open_vmo(const char *name, struct zxd_reply *reply)
{
	struct zxd_request request = connection_request(ZXD_OPEN, name);
	int fd;

	connection_must(&request, reply, &fd);
	return fd;
}

/* The VMO of number @index or the next one, false after the last. */
static bool list(uint64_t index, struct zxd_reply *reply)
{
	struct zxd_request request = connection_request(ZXD_LIST, "");
	int error;

	request.index = index;
	error = connection_call(&request, reply, NULL);
	if (error && error != ENOENT)
		die(EXIT_OPERATION, "ls: %s", strerror(error));
	return !error;
}

static void cmd_ls(char **argv)
{
	struct zxd_reply r;

	(void)argv;
	for (uint64_t i = 0; list(i, &r); i = r.next) {
		printf("%s %14llu %-8s %s", r.flags & ZXD_WRITABLE ? "rw" : "ro",
		       (unsigned long long)r.file_size, state(&r), r.name);
		if (r.flags & ZXD_COPY)
			printf(" of %s, %llu bytes own", r.copy_of,
			       (unsigned long long)r.own);
		putchar('\n');
	}
}

#define LINE(what, value) \
	printf("%-20s %llu\n", what, (unsigned long long)(value))

static void print_head(const struct zxd_reply *r)
{
	printf("%-20s %s\n", "name", r->name);
	printf("%-20s %s\n", "state", state(r));
	printf("%-20s %s\n", "mode", r->flags & ZXD_WRITABLE ? "rw" : "ro");
}

static void print_copy(const struct zxd_reply *r)
{
	print_head(r);
	LINE("size", r->vmo_size);
	printf("%-20s %s\n", "copy_of", r->copy_of);
	LINE("own", r->own);
	LINE("user", r->uid);
}

static void print_vmo(const char *name)
{
	struct zxp_vmo_info info = { .size = sizeof(info) };
	struct zxd_reply r;
	int fd = open_vmo(name, &r);

	if (ioctl(fd, ZXP_IOC_VMO_GET_INFO, &info))
		die(EXIT_OPERATION, "%s: the kernel does not tell: %s", name,
		    strerror(errno));
	close(fd);
	print_head(&r);
	LINE("size", info.out_stream_size);
	LINE("resident", info.out_resident);
	LINE("waiting", info.out_waiting);
	LINE("requests", info.out_requests);
	LINE("read_packets", info.out_read_packets);
	LINE("read_bytes", info.out_read_bytes);
	LINE("supplied_bytes", info.out_supplied_bytes);
	LINE("failures", info.out_failures);
	LINE("fail_offset", info.out_fail_offset);
	printf("%-20s %s\n", "fail_code", code_name(info.out_fail_error));
	LINE("dirty_bytes", info.out_dirty_bytes);
	LINE("zero_bytes", info.out_zero_bytes);
	LINE("dirty_packets", info.out_dirty_packets);
	LINE("sync_packets", info.out_sync_packets);
	LINE("daemon_packets", r.packets);
	LINE("daemon_windows", r.windows);
	LINE("daemon_ahead", r.ahead);
	LINE("daemon_failed", r.failed);
	LINE("daemon_late", r.late);
	LINE("daemon_dirty_packets", r.dirty_packets);
	LINE("daemon_dirty", r.dirty);
	LINE("daemon_granted", r.granted);
	LINE("daemon_throttled", r.throttled);
	LINE("daemon_throttling", !!(r.flags & ZXD_THROTTLED));
	LINE("daemon_no_space", r.no_space);
	LINE("daemon_written", r.written);
	LINE("daemon_zeroed", r.zeroed);
	LINE("daemon_store_errors", r.writeback_errors);
	LINE("daemon_failing", !!(r.flags & ZXD_FAILING));
	LINE("daemon_syncs", r.syncs);
}

#undef LINE

static void print_stat(const struct zxd_reply *r)
{
	if (r->flags & ZXD_COPY)
		print_copy(r);
	else
		print_vmo(r->name);
}

static void cmd_stat(char **argv)
{
	struct zxd_request request;
	struct zxd_reply r;

	if (argv[0]) {
		request = connection_request(ZXD_STAT, argv[0]);
		connection_must(&request, &r, NULL);
		print_stat(&r);
		return;
	}
	for (uint64_t i = 0; list(i, &r); i = r.next) {
		if (i)
			putchar('\n');
		print_stat(&r);
	}
}

static void write_all(const char *buffer, size_t length)
{
	ssize_t n;

	while (length) {
		n = write(STDOUT_FILENO, buffer, length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			die(EXIT_OPERATION, "standard output: %s", strerror(errno));
		buffer += n;
		length -= (size_t)n;
	}
}

static void cmd_cat(char **argv)
{
	struct zxd_reply r;
	int fd = open_vmo(argv[0], &r);
	char *buffer = malloc(CAT_BUFFER);
	uint64_t at = 0;
	ssize_t n;

	if (!buffer)
		die(EXIT_OPERATION, "out of memory");
	while ((n = read(fd, buffer, CAT_BUFFER))) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			die(EXIT_OPERATION, "%s: at %llu: %s", argv[0],
			    (unsigned long long)at, strerror(errno));
		write_all(buffer, (size_t)n);
		at += (uint64_t)n;
	}
	free(buffer);
	close(fd);
}

/* @text with each {} replaced by @path. */
static char *substitute(const char *text, const char *path)
{
	size_t room = strlen(text) * (strlen(path) + 1) + 1;
	char *out = malloc(room), *to = out;

	if (!out)
		die(EXIT_OPERATION, "out of memory");
	while (*text) {
		if (text[0] == '{' && text[1] == '}') {
			to = stpcpy(to, path);
			text += 2;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
	return out;
}

static void inherit(const char *name, int fd)
{
	if (fcntl(fd, F_SETFD, 0))
		die(EXIT_OPERATION, "%s: %s", name, strerror(errno));
}

static int make_child(const char *name, int fd, uint32_t options, uint64_t length)
{
	struct zxp_vmo_create_child arg = {
		.size = sizeof(arg),
		.options = options,
		.length = length,
	};
	int rc;

	do {
		rc = ioctl(fd, ZXP_IOC_VMO_CREATE_CHILD, &arg);
	} while (rc && errno == EINTR);
	if (rc)
		die_if_no_copy(name, errno);
	if (rc)
		die(EXIT_OPERATION, "%s: no copy: %s", name, strerror(errno));
	return arg.out_fd;
}

/*
 * A copy of all of it, that nobody else knows.  A descriptor of the VMO stays open as well,
 * so that the daemon knows whom to wait for; but by that nobody can write to it.
 */
static int make_scratch(const char *name, int fd)
{
	struct stat st;
	int copy;

	if (fstat(fd, &st))
		die(EXIT_OPERATION, "%s: %s", name, strerror(errno));
	copy = make_child(name, fd, ZXP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE |
				    ZXP_CHILD_RESIZABLE, (uint64_t)st.st_size);
	inherit(name, make_child(name, fd, ZXP_CHILD_REFERENCE | ZXP_CHILD_NO_WRITE, 0));
	close(fd);
	return copy;
}

static void cmd_exec(char **argv)
{
	bool scratch = !strcmp(argv[0], "--scratch");
	const char *name = argv[scratch];
	struct zxd_reply r;
	char path[32];
	int fd;

	argv += scratch + 1;
	if (argv[0] && !strcmp(argv[0], "--"))
		argv++;
	if (!argv[0])
		die(EXIT_USAGE, "exec: no command (see --help)");
	fd = open_vmo(name, &r);
	if (scratch)
		fd = make_scratch(name, fd);
	inherit(name, fd);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	for (char **arg = argv; *arg; arg++)
		if (strstr(*arg, "{}"))
			*arg = substitute(*arg, path);
	execvp(argv[0], argv);
	die_always_with(errno == ENOENT ? 127 : 126);
	die(EXIT_OPERATION, "%s: %s", argv[0], strerror(errno));
}

/* The daemon does it, so that it also works after a detach, where fsync() fails. */
static void cmd_sync(char **argv)
{
	struct zxd_request request = connection_request(ZXD_SYNC, argv[0]);
	struct zxd_reply r;
	int error = connection_call(&request, &r, NULL);

	if (error == ENOENT || error == EMEDIUMTYPE)
		die_refused(&request, error);
	if (error == EOPNOTSUPP)
		die(EXIT_OPERATION, "%s: this daemon does not write back", argv[0]);
	if (error)
		die(EXIT_OPERATION, "%s: what was written is not all stored: %s",
		    argv[0], strerror(error));
}

static void cmd_fail(char **argv)
{
	struct zxd_request request = connection_request(ZXD_FAIL, argv[0]);
	struct zxd_reply r;

	request.offset = number(argv[1]);
	request.length = number(argv[2]);
	request.code = argv[3] ? code_number(argv[3]) : EIO;
	connection_must(&request, &r, NULL);
}

static void admin(enum zxd_op op, const char *name)
{
	struct zxd_request request = connection_request(op, name);
	struct zxd_reply r;

	connection_must(&request, &r, NULL);
}

static void cmd_clear(char **argv)
{
	admin(ZXD_CLEAR, argv[0]);
}

static void cmd_hold(char **argv)
{
	admin(ZXD_HOLD, argv[0]);
}

static void cmd_release(char **argv)
{
	admin(ZXD_RELEASE, argv[0]);
}

static void cmd_detach(char **argv)
{
	admin(ZXD_DETACH, argv[0]);
}

static void cmd_stop(char **argv)
{
	struct zxd_request request = connection_request(ZXD_STOP, "");
	struct zxd_reply r;

	if (argv[0] && strcmp(argv[0], "--force"))
		die(EXIT_USAGE, "stop: not '%s' (see --help)", argv[0]);
	request.code = !!argv[0];
	connection_must(&request, &r, NULL);
	connection_wait_for_end();
}

static const struct {
	const char *name;
	int min, max;	/* arguments */
	void (*run)(char **argv);
} commands[] = {
	{ "ls",		0, 0,		cmd_ls },
	{ "stat",	0, 1,		cmd_stat },
	{ "cat",	1, 1,		cmd_cat },
	{ "exec",	2, INT_MAX,	cmd_exec },
	{ "clone",	2, 2,		cmd_clone },
	{ "snapshot",	2, 2,		cmd_snapshot },
	{ "drop",	1, 1,		cmd_drop },
	{ "diff",	1, 1,		cmd_diff },
	{ "save",	2, 3,		cmd_save },
	{ "sync",	1, 1,		cmd_sync },
	{ "fail",	3, 4,		cmd_fail },
	{ "clear",	1, 1,		cmd_clear },
	{ "hold",	1, 1,		cmd_hold },
	{ "release",	1, 1,		cmd_release },
	{ "detach",	1, 1,		cmd_detach },
	{ "stop",	0, 1,		cmd_stop },
};

int main(int argc, char **argv)
{
	static const struct option table[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *path = ZXD_SOCKET;
	int c;

	while ((c = getopt_long(argc, argv, "+s:h", table, NULL)) != -1) {
		switch (c) {
		case 's':
			path = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			return EXIT_USAGE;
		}
	}
	argc -= optind + 1;
	argv += optind;
	if (argc < 0)
		die(EXIT_USAGE, "no command (see --help)");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, argv[0]))
			continue;
		if (argc < commands[i].min || argc > commands[i].max)
			die(EXIT_USAGE, "%s: wrong number of arguments (see --help)",
			    argv[0]);
		/* The status is CMD's, so trouble before has one that CMD rarely has. */
		if (commands[i].run == cmd_exec)
			die_always_with(125);
		connection_open(path);
		commands[i].run(argv + 1);
		if (fflush(stdout) || ferror(stdout))
			die(EXIT_OPERATION, "standard output: %s", strerror(errno));
		return 0;
	}
	die(EXIT_USAGE, "no command '%s' (see --help)", argv[0]);
}

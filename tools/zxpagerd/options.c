// SPDX-License-Identifier: GPL-2.0
/*
 * The command line of zxpagerd.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "key.h"
#include "log.h"
#include "options.h"
#include "proto.h"

#define WINDOW_MAX	(4U << 20)
#define DEPTH_MAX	256
#define AHEAD_MAX	(1UL << 30)
#define DIRTY_MAX	(1UL << 40)
#define DIRTY_MOST	(1UL << 30)	/* of all VMOs, if nobody says otherwise */
#define OFFSET_MAX	(1UL << 62)
#define IDENTITY_MAX	(1UL << 20)
#define SECONDS_MAX	(24UL * 3600)

struct options options = {
	.socket = ZXD_SOCKET,
	.window = 128U << 10,
	.depth = 16,
	.readahead = 2U << 20,
	.window_memory = 64U << 20,
	.reconnect_timeout = 30,
	.connections = 4,
	.copies = 16,
	.dirty_window = 128U << 10,
	.writeback_age = 30,
	.shutdown_timeout = 60,
	.ready_fd = -1,
	.worker_sock = -1,
	.quick = 10,
};

static const char **rw_names, **scratch_names, **snapshot_names;
static unsigned int rw_count, scratch_count, snapshot_count;
static void *by_name;		/* a tree of <search.h>, of VMOs */

enum { OPT_RW = 0x100, OPT_UID, OPT_GID, OPT_WINDOW, OPT_DEPTH, OPT_AHEAD,
       OPT_RECONNECT, OPT_REQUEST, OPT_CONNECTIONS, OPT_IDENTITY,
       OPT_READY, OPT_MLOCK, OPT_DIRTY_WINDOW, OPT_DIRTY_LIMIT, OPT_DIRTY_TOTAL,
       OPT_DIRTY_BACKGROUND, OPT_AGE, OPT_TIMEOUT, OPT_FORCE, OPT_MEMORY,
       OPT_MAX_SIZE, OPT_SCRATCH, OPT_SNAPSHOTS, OPT_COPIES, OPT_KEEP,
       OPT_QUICK, OPT_WORKER, OPT_REPLACE };

static const struct argp_option table[] = {
	{ "socket", 's', "PATH", 0,
	  "Where clients connect (default " ZXD_SOCKET ")", 0 },
	{ "rw", OPT_RW, "NAME", 0,
	  "Serve NAME for writing too; its file is written back to", 0 },
	{ "scratch", OPT_SCRATCH, "NAME", 0,
	  "Let clients make copies of NAME that they can write to; has no pages of 2 MiB",
	  0 },
	{ "snapshots", OPT_SNAPSHOTS, "NAME", 0,
	  "Let clients make snapshots of NAME, which is served for writing; nobody else may change its file",
	  0 },
	{ "copies", OPT_COPIES, "N", 0,
	  "Keep N copies with a name for each user but root and the own one (default 16)",
	  0 },
	{ "allow-uid", OPT_UID, "USER", 0,
	  "Serve this user too, beside root and the own one", 0 },
	{ "allow-gid", OPT_GID, "GROUP", 0, "Serve this group too", 0 },
	{ "window", OPT_WINDOW, "SIZE", 0,
	  "Read and supply this much at a time (default 128K)", 0 },
	{ "depth", OPT_DEPTH, "N", 0,
	  "Read N windows of a VMO at a time (default 16)", 0 },
	{ "readahead", OPT_AHEAD, "SIZE", 0,
	  "Be ahead of sequential readers by this much at most; 0: never (default 2M)",
	  0 },
	{ "window-memory", OPT_MEMORY, "SIZE", 0,
	  "Have this much memory for the windows of all VMOs (default 64M)", 0 },
	{ "reconnect-timeout", OPT_RECONNECT, "SECONDS", 0,
	  "Try that long to connect again to an NBD server (default 30)", 0 },
	{ "request-timeout", OPT_REQUEST, "SECONDS", 0,
	  "Give up a connection to an NBD server that does not answer for this long; "
	  "0: never (default)", 0 },
	{ "connections", OPT_CONNECTIONS, "N", 0,
	  "Have N connections to an NBD server that offers multi-conn (default 4)", 0 },
	{ "identity", OPT_IDENTITY, "OFFSET+LENGTH", 0,
	  "Know NBD exports again by this range of their content", 0 },
	{ "max-size", OPT_MAX_SIZE, "SIZE", 0,
	  "Let no file become larger than this (default: what its file system can have)",
	  0 },
	{ "dirty-window", OPT_DIRTY_WINDOW, "SIZE", 0,
	  "Allow who writes in sequence this much more at most (default 128K)", 0 },
	{ "dirty-limit", OPT_DIRTY_LIMIT, "SIZE", 0,
	  "Let writers of a VMO wait while this much of it is dirty (default half of "
	  "--dirty-total)", 0 },
	{ "dirty-total", OPT_DIRTY_TOTAL, "SIZE", 0,
	  "The same for all of them together (default a fifth of the memory, 1G at most)",
	  0 },
	{ "dirty-background", OPT_DIRTY_BACKGROUND, "SIZE", 0,
	  "Write back at once when more than this is dirty (default half of "
	  "--dirty-limit)", 0 },
	{ "writeback-age", OPT_AGE, "SECONDS", 0,
	  "Write back what has been dirty for this long (default 30)", 0 },
	{ "shutdown-timeout", OPT_TIMEOUT, "SECONDS", 0,
	  "At the end wait that long for clients that have VMOs open, and then try that "
	  "long to write everything back (default 60)", 0 },
	{ "force", OPT_FORCE, NULL, 0, "At the end do not wait for clients", 0 },
	{ "keep", OPT_KEEP, NULL, 0,
	  "Serve in a process of its own, and start another one when that dies: clients wait",
	  0 },
	{ "quick", OPT_QUICK, "SECONDS", 0,
	  "With --keep: a process that has served for less than this has died quickly, and after "
	  "ten of these in a row it is over; 0: none that has served counts (default 10)", 0 },
	{ "replace", OPT_REPLACE, NULL, 0,
	  "Have the daemon with --keep that runs go on with this program and these options", 0 },
	{ "worker", OPT_WORKER, "FD", OPTION_HIDDEN, "Be the worker of a keeper", 0 },
	{ "mlock", OPT_MLOCK, NULL, 0, "Keep the daemon's memory from swapping", 0 },
	{ "ready-fd", OPT_READY, "FD", 0,
	  "Write the line 'ready' there once clients can connect", 0 },
	{ "verbose", 'v', NULL, 0, "Log each packet", 0 },
	{ 0 },
};

static const char doc[] =
	"Serve regular files, block devices and NBD exports as pager-backed VMOs."
	"\vzxpager(1) is the client. SIGTERM waits for clients, detaches all VMOs, writes "
	"back what is dirty and ends the daemon; each further one ends one of these steps.";

/* A number with an optional K, M or G, within [min, max]. */
static unsigned long number(const char *what, const char *text, unsigned long min,
			    unsigned long max)
{
	unsigned long value, unit = 1;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (*end == 'K' || *end == 'M' || *end == 'G')
		unit = *end == 'K' ? 1UL << 10 : *end == 'M' ? 1UL << 20 : 1UL << 30;
	if (unit > 1)
		end++;
	if (errno || end == text || *end || *text == '-' || value < min ||
	    value > max / unit)
		die("--%s %s: want a number from %lu to %lu", what, text, min, max);
	return value * unit;
}

static void add_uid(const char *text)
{
	struct passwd *pw = getpwnam(text);
	char *end;

	if (options.uid_count == IDS_MAX)
		die("more than %d --allow-uid", IDS_MAX);
	errno = 0;
	options.uids[options.uid_count] = pw ? pw->pw_uid :
					       (uid_t)strtoul(text, &end, 10);
	if (!pw && (errno || end == text || *end || *text == '-'))
		die("--allow-uid %s: no such user", text);
	options.uid_count++;
}

static void add_gid(const char *text)
{
	struct group *gr = getgrnam(text);
	char *end;

	if (options.gid_count == IDS_MAX)
		die("more than %d --allow-gid", IDS_MAX);
	errno = 0;
	options.gids[options.gid_count] = gr ? gr->gr_gid :
					       (gid_t)strtoul(text, &end, 10);
	if (!gr && (errno || end == text || *end || *text == '-'))
		die("--allow-gid %s: no such group", text);
	options.gid_count++;
}

static int compare(const void *a, const void *b)
{
	const struct vmo_option *one = a, *other = b;

	return strcmp(one->name, other->name);
}

static void add_vmo(char *text)
{
	struct vmo_option *vmo = &options.vmos[options.vmo_count], **found;
	char *equals = strchr(text, '=');

	if (!equals || !equals[1])
		die("'%s': want NAME=FILE", text);
	*equals = '\0';
	if (!zxd_is_name(text))
		die("'%s' is no name: want 1 to %d letters, digits, '.', '_' or '-'",
		    text, ZXD_NAME_SIZE - 1);
	*vmo = (struct vmo_option){ .name = text, .path = equals + 1 };
	found = tsearch(vmo, &by_name, compare);
	if (!found)
		die("out of memory");
	if (*found != vmo)
		die("the name '%s' is given twice", text);
	options.vmo_count++;
}

static struct vmo_option *named(const char *option, const char *name)
{
	struct vmo_option key = { .name = (char *)name };
	struct vmo_option **found = tfind(&key, &by_name, compare);

	if (!found)
		die("--%s %s: no NAME=FILE of that name", option, name);
	return *found;
}

/* One of what nobody writes to is made of what is served with --scratch. */
static void allow_snapshots(const char *name)
{
	struct vmo_option *option = named("snapshots", name);

	if (!option->writable)
		die("--snapshots %s: want it with --rw", name);
	option->snapshots = true;
}

static void set_ready_fd(const char *text)
{
	char *end;
	long fd = strtol(text, &end, 10);

	/* It is the keeper's, and its worker does not have it. */
	if (options.worker_sock >= 0)
		return;
	if (end == text || *end || fd < 0 || fcntl((int)fd, F_GETFD) < 0)
		die("--ready-fd %s: no open file descriptor", text);
	options.ready_fd = (int)fd;
}

static void set_identity(char *text)
{
	char *plus = strchr(text, '+');

	if (!plus)
		die("--identity %s: want OFFSET+LENGTH", text);
	*plus = '\0';
	options.identity_offset = number("identity", text, 0, OFFSET_MAX);
	options.identity_length = (uint32_t)number("identity", plus + 1, 1, IDENTITY_MAX);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	(void)state;
	switch (key) {
	case 's':
		options.socket = arg;
		break;
	case 'v':
		log_verbose = true;
		break;
	case OPT_RW:
		rw_names[rw_count++] = arg;
		break;
	case OPT_SCRATCH:
		scratch_names[scratch_count++] = arg;
		break;
	case OPT_SNAPSHOTS:
		snapshot_names[snapshot_count++] = arg;
		break;
	case OPT_COPIES:
		options.copies = (unsigned int)number("copies", arg, 0, COPIES_MAX);
		break;
	case OPT_UID:
		add_uid(arg);
		break;
	case OPT_GID:
		add_gid(arg);
		break;
	case OPT_WINDOW:
		options.window = (uint32_t)number("window", arg, 1, WINDOW_MAX);
		break;
	case OPT_DEPTH:
		options.depth = (unsigned int)number("depth", arg, 1, DEPTH_MAX);
		break;
	case OPT_AHEAD:
		options.readahead = number("readahead", arg, 0, AHEAD_MAX);
		break;
	case OPT_MEMORY:
		options.window_memory = number("window-memory", arg, 1, DIRTY_MAX);
		break;
	case OPT_RECONNECT:
		options.reconnect_timeout =
			(unsigned int)number("reconnect-timeout", arg, 0, SECONDS_MAX);
		break;
	case OPT_REQUEST:
		options.request_timeout =
			(unsigned int)number("request-timeout", arg, 0, SECONDS_MAX);
		break;
	case OPT_CONNECTIONS:
		options.connections =
			(unsigned int)number("connections", arg, 1, CONNECTIONS_MAX);
		break;
	case OPT_IDENTITY:
		set_identity(arg);
		break;
	case OPT_MAX_SIZE:
		options.max_size = number("max-size", arg, 1, OFFSET_MAX);
		break;
	case OPT_DIRTY_WINDOW:
		options.dirty_window = number("dirty-window", arg, 1, WINDOW_MAX);
		break;
	case OPT_DIRTY_LIMIT:
		options.dirty_limit = number("dirty-limit", arg, 1, DIRTY_MAX);
		break;
	case OPT_DIRTY_TOTAL:
		options.dirty_total = number("dirty-total", arg, 1, DIRTY_MAX);
		break;
	case OPT_DIRTY_BACKGROUND:
		options.dirty_background = number("dirty-background", arg, 1, DIRTY_MAX);
		break;
	case OPT_AGE:
		options.writeback_age =
			(unsigned int)number("writeback-age", arg, 1, SECONDS_MAX);
		break;
	case OPT_TIMEOUT:
		options.shutdown_timeout =
			(unsigned int)number("shutdown-timeout", arg, 1, SECONDS_MAX);
		break;
	case OPT_FORCE:
		options.force = true;
		break;
	case OPT_READY:
		set_ready_fd(arg);
		break;
	case OPT_KEEP:
		options.keep = true;
		break;
	case OPT_REPLACE:
		options.replace = true;
		break;
	case OPT_QUICK:
		options.quick = (unsigned int)number("quick", arg, 0, SECONDS_MAX);
		break;
	case OPT_WORKER:
		options.worker_sock = (int)number("worker", arg, 0, INT_MAX);
		break;
	case OPT_MLOCK:
		options.lock_memory = true;
		break;
	case ARGP_KEY_ARG:
		add_vmo(arg);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/*
 * As the kernel does with its own files: it begins at a tenth of the memory and has writers
 * wait at a fifth.  No more than a slow store can have while the daemon ends.
 */
static void set_dirty_limits(void)
{
	uint64_t memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);

	if (!options.dirty_total)
		options.dirty_total = memory / 5 < DIRTY_MOST ? memory / 5 : DIRTY_MOST;
	if (!options.dirty_limit)
		options.dirty_limit = options.dirty_total / 2;
	if (!options.dirty_background)
		options.dirty_background = options.dirty_limit / 2;
}

static void check_window(const char *what, uint64_t size)
{
	if (size & (size - 1) || size < (uint64_t)sysconf(_SC_PAGESIZE))
		die("--%s %llu: want a power of two, at least a page", what,
		    (unsigned long long)size);
}

void options_parse(int argc, char **argv)
{
	static const struct argp argp = {
		.options = table,
		.parser = parse,
		.args_doc = "NAME=FILE...",
		.doc = doc,
	};

	/* No more than there are arguments. */
	options.vmos = calloc((size_t)argc, sizeof(*options.vmos));
	rw_names = calloc((size_t)argc, sizeof(*rw_names));
	scratch_names = calloc((size_t)argc, sizeof(*scratch_names));
	snapshot_names = calloc((size_t)argc, sizeof(*snapshot_names));
	if (!options.vmos || !rw_names || !scratch_names || !snapshot_names)
		die("out of memory");
	argp_err_exit_status = 1;
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	if (!options.vmo_count)
		die("nothing to serve: give at least one NAME=FILE (see --help)");
	check_window("window", options.window);
	check_window("dirty-window", options.dirty_window);
	set_dirty_limits();
	if (strlen(options.socket) >= sizeof(((struct sockaddr_un *)0)->sun_path) ||
	    !*options.socket)
		die("--socket %s: want a path of 1 to %zu bytes", options.socket,
		    sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
	for (unsigned int i = 0; i < rw_count; i++)
		named("rw", rw_names[i])->writable = true;
	for (unsigned int i = 0; i < scratch_count; i++)
		named("scratch", scratch_names[i])->scratch = true;
	for (unsigned int i = 0; i < snapshot_count; i++)
		allow_snapshots(snapshot_names[i]);
}

static uint64_t hash_text(uint64_t seed, const char *text)
{
	return key_hash(seed, text, strlen(text) + 1);
}

/* In whatever order they are given. */
uint64_t options_served(void)
{
	uint64_t hash = hash_text(KEY_SEED, options.socket);

	for (unsigned int i = 0; i < options.vmo_count; i++) {
		const struct vmo_option *vmo = &options.vmos[i];
		unsigned char kind = (unsigned char)(vmo->writable | vmo->scratch << 1 |
						     vmo->snapshots << 2);

		hash += key_hash(hash_text(hash_text(KEY_SEED, vmo->name), vmo->path), &kind,
				 sizeof(kind));
	}
	return hash;
}

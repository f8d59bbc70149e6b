// SPDX-License-Identifier: GPL-2.0
/*
 * Copies that the daemon keeps under a name.
 */
#include <errno.h>
#include <string.h>

#include "commands.h"
#include "connection.h"

void die_if_no_copy(const char *name, int error)
{
	switch (error) {
	case EOPNOTSUPP:
		die(EXIT_OPERATION, "%s: is not served with --scratch, see zxpagerd(8)",
		    name);
	case ENOTTY:
		die(EXIT_OPERATION, "the module that is loaded is too old: load a newer zxpager.ko");
	case ESTALE:
		die(EXIT_OPERATION, "%s: a page of it is pinned, by direct I/O for example: try again when that is over",
		    name);
	}
}

/* What keeps the daemon from making it. */
static void __attribute__((noreturn)) die_without_copy(const struct zxd_request *request,
						       int error)
{
	const char *name = request->name, *new_name = request->new_name;

	switch (error) {
	case EINVAL:
		die(EXIT_USAGE, "'%s' is no name: want 1 to %d letters, digits, '.', '_' or '-'",
		    new_name, ZXD_NAME_SIZE - 1);
	case EEXIST:
		die(EXIT_OPERATION, "%s: there is a VMO of that name (zxpager ls tells which), or one is just being made",
		    new_name);
	case ETXTBSY:
		die(EXIT_OPERATION, "%s: is served for writing, and without --snapshots, see zxpagerd(8): work on a clone and take them of that, or sync it and copy its file",
		    name);
	case EDQUOT:
		die(EXIT_OPERATION, "%s: you may have no more copies (zxpagerd --copies): drop one",
		    new_name);
	case EUSERS:
		die(EXIT_OPERATION, "%s: the daemon has as many copies as it can keep: drop one",
		    new_name);
	}
	die_if_no_copy(name, error);
	die_refused(request, error);
}

static void make(enum zxd_op op, char **argv)
{
	struct zxd_request request = connection_request(op, argv[0]);
	struct zxd_reply reply;
	int error;

	if (strlen(argv[1]) >= sizeof(request.new_name))
		die(EXIT_USAGE, "'%s' is no name: want 1 to %d characters", argv[1],
		    ZXD_NAME_SIZE - 1);
	memcpy(request.new_name, argv[1], strlen(argv[1]));
	error = connection_call(&request, &reply, NULL);
	if (error)
		die_without_copy(&request, error);
}

void cmd_clone(char **argv)
{
	make(ZXD_CLONE, argv);
}

void cmd_snapshot(char **argv)
{
	make(ZXD_SNAPSHOT, argv);
}

void cmd_drop(char **argv)
{
	struct zxd_request request = connection_request(ZXD_DROP, argv[0]);
	struct zxd_reply reply;

	connection_must(&request, &reply, NULL);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * An NBD export is served once by a daemon, and written by one daemon of a user.
 *
 * It is called by where the connection leads, and the export's own name, since there are
 * many ways to write a URI.  NBD has no locks, so writers have one on a file that is called
 * like the export, in a directory where nobody else can make one.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <libnbd.h>
#include <netinet/in.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "key.h"
#include "lock.h"
#include "log.h"
#include "nbd_claim.h"

/* struct claim - an export that is served; @called is unlike that of any other */
struct claim {
	char *called;
	const char *uri;
};

/* Where the socket leads.  A path that is relative to its server says little. */
static void print_peer(FILE *out, int fd, const char *uri)
{
	union {
		struct sockaddr any;
		struct sockaddr_un un;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_storage storage;
	} peer = { .storage = { 0 } };
	socklen_t size = sizeof(peer.storage) - 1;
	char text[INET6_ADDRSTRLEN];

	if (getpeername(fd, &peer.any, &size))
		peer.any.sa_family = AF_UNSPEC;
	if (peer.any.sa_family == AF_INET)
		fprintf(out, "%s %u ", inet_ntop(AF_INET, &peer.in.sin_addr, text, sizeof(text)),
			ntohs(peer.in.sin_port));
	else if (peer.any.sa_family == AF_INET6)
		fprintf(out, "%s %u ",
			inet_ntop(AF_INET6, &peer.in6.sin6_addr, text, sizeof(text)),
			ntohs(peer.in6.sin6_port));
	else if (peer.any.sa_family == AF_UNIX && *peer.un.sun_path == '/')
		fprintf(out, "%s ", peer.un.sun_path);
	else
		fprintf(out, "%s ", uri);
}

static char *call(struct nbd_handle *handle, const char *uri)
{
	char *export = nbd_get_export_name(handle), *called;
	size_t size;
	FILE *out = open_memstream(&called, &size);

	if (!export || !out)
		die("out of memory");
	print_peer(out, nbd_aio_get_fd(handle), uri);
	fputs(export, out);
	free(export);
	if (fclose(out))
		die("out of memory");
	return called;
}

static int compare(const void *a, const void *b)
{
	const struct claim *one = a, *other = b;

	return strcmp(one->called, other->called);
}

/* A name of any length becomes one that fits. */
static unsigned long long hash(const char *text)
{
	return key_hash(KEY_SEED, text, strlen(text));
}

/* Where nobody but root and this user can make files. */
static const char *lock_directory(void)
{
	const char *dir = geteuid() ? getenv("XDG_RUNTIME_DIR") : "/run";
	struct stat st;

	if (!dir)
		die("XDG_RUNTIME_DIR is not set: only root can write to NBD exports without it");
	if (stat(dir, &st))
		die("%s: %s", dir, strerror(errno));
	if ((st.st_uid && st.st_uid != geteuid()) || st.st_mode & 022)
		die("%s: others can make files there: that is no place for locks", dir);
	return dir;
}

static void lock(const struct claim *claim)
{
	char *path;

	if (asprintf(&path, "%s/zxpagerd-nbd-%016llx.lock", lock_directory(),
		     hash(claim->called)) < 0)
		die("out of memory");
	/* It is there as long as the daemon. */
	if (lock_file(path) < 0) {
		if (errno == EWOULDBLOCK)
			die("%s is being written by another daemon: serve it once",
			    claim->uri);
		die("cannot lock %s: %s", path, strerror(errno));
	}
	free(path);
}

uint64_t nbd_claim(struct nbd_handle *handle, const char *uri, bool writable)
{
	static void *claims;	/* a tree of <search.h> */
	struct claim *claim = malloc(sizeof(*claim)), **found;

	if (!claim)
		die("out of memory");
	claim->uri = uri;
	claim->called = call(handle, uri);
	found = tsearch(claim, &claims, compare);
	if (!found)
		die("out of memory");
	if (*found != claim)
		die("%s is %s under another name: serve it once", uri, (*found)->uri);
	if (writable)
		lock(claim);
	return hash(claim->called);
}

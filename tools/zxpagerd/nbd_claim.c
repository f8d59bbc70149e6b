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

static void *claims;	/* a tree of <search.h> */

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
	const struct nbd_claim *one = a, *other = b;

	return strcmp(one->called, other->called);
}

/* A name of any length becomes one that fits. */
static unsigned long long hash(const char *text)
{
	return key_hash(KEY_SEED, text, strlen(text));
}

/* Where nobody but root and this user can make files; or NULL, after a line. */
static const char *lock_directory(void)
{
	const char *dir = geteuid() ? getenv("XDG_RUNTIME_DIR") : "/run";
	struct stat st;

	if (!dir)
		log_line("XDG_RUNTIME_DIR is not set: only root can write to NBD exports without it");
	else if (stat(dir, &st))
		log_line("%s: %s", dir, strerror(errno));
	else if ((st.st_uid && st.st_uid != geteuid()) || st.st_mode & 022)
		log_line("%s: others can make files there: that is no place for locks", dir);
	else
		return dir;
	return NULL;
}

/* 0, or an errno after a line. */
static int lock(struct nbd_claim *claim)
{
	const char *dir = lock_directory();
	int error;
	char *path;

	if (!dir)
		return EPERM;
	if (asprintf(&path, "%s/zxpagerd-nbd-%016llx.lock", dir, hash(claim->called)) < 0)
		die("out of memory");
	claim->lock = lock_file(path);
	error = claim->lock < 0 ? errno : 0;
	if (error == EWOULDBLOCK)
		log_line("%s is being written by another daemon: serve it once", claim->uri);
	else if (error)
		log_line("cannot lock %s: %s", path, strerror(error));
	free(path);
	return error;
}

static void free_claim(struct nbd_claim *claim)
{
	if (claim->lock >= 0)
		close(claim->lock);
	free(claim->called);
	free(claim);
}

void nbd_unclaim(struct nbd_claim *claim)
{
	tdelete(claim, &claims, compare);
	free_claim(claim);
}

/* One of another size is another one: it never changes. */
static uint64_t identity(const struct nbd_claim *claim, struct nbd_handle *handle)
{
	int64_t size = nbd_get_size(handle);

	return key_hash(hash(claim->called), &size, sizeof(size));
}

struct nbd_claim *nbd_claim(struct nbd_handle *handle, const char *uri, bool writable)
{
	struct nbd_claim *claim = malloc(sizeof(*claim)), **found;
	int error;

	if (!claim)
		die("out of memory");
	if (writable && nbd_is_read_only(handle)) {
		log_line("%s is read-only: leave --rw out", uri);
		free(claim);
		errno = EROFS;
		return NULL;
	}
	claim->uri = uri;
	claim->called = call(handle, uri);
	claim->lock = -1;
	claim->identity = identity(claim, handle);
	found = tsearch(claim, &claims, compare);
	if (!found)
		die("out of memory");
	if (*found != claim) {
		log_line("%s is %s under another name: serve it once", uri, (*found)->uri);
		free_claim(claim);
		errno = EEXIST;
		return NULL;
	}
	error = writable ? lock(claim) : 0;
	if (!error)
		return claim;
	nbd_unclaim(claim);
	errno = error;
	return NULL;
}

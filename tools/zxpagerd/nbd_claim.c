// SPDX-License-Identifier: GPL-2.0
/*
 * One writer for each NBD export.
 *
 * NBD has no locks.  What daemons of one machine, or rather of one network namespace, can
 * do is to bind a socket that is called like the export: that works once, leaves no file
 * and ends with the daemon.  The export is called by where the connection leads, since
 * there are many ways to write a URI.
 */
#include <errno.h>
#include <libnbd.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "log.h"
#include "nbd_claim.h"

/* FNV-1a: a name of any length becomes one that fits. */
static uint64_t hash(uint64_t h, const void *data, size_t length)
{
	for (const uint8_t *p = data, *end = p + length; p < end; p++)
		h = (h ^ *p) * 0x100000001b3;
	return h;
}

static uint64_t hash_text(uint64_t h, const char *text)
{
	return hash(h, text, strlen(text) + 1);
}

/* A UNIX socket is called as its server calls it, which says little if that is relative. */
static uint64_t hash_peer(uint64_t h, int fd, const char *uri)
{
	union {
		struct sockaddr any;
		struct sockaddr_un un;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_storage storage;
	} peer = { .storage = { 0 } };
	socklen_t size = sizeof(peer.storage) - 1;

	if (getpeername(fd, &peer.any, &size))
		return hash_text(h, uri);
	switch (peer.any.sa_family) {
	case AF_INET:
		h = hash(h, &peer.in.sin_addr, sizeof(peer.in.sin_addr));
		return hash(h, &peer.in.sin_port, sizeof(peer.in.sin_port));
	case AF_INET6:
		h = hash(h, &peer.in6.sin6_addr, sizeof(peer.in6.sin6_addr));
		return hash(h, &peer.in6.sin6_port, sizeof(peer.in6.sin6_port));
	case AF_UNIX:
		if (*peer.un.sun_path == '/')
			return hash_text(h, peer.un.sun_path);
	}
	return hash_text(h, uri);
}

void nbd_claim(struct nbd_handle *handle, const char *uri)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char *name = nbd_get_export_name(handle);
	uint64_t h = 0xcbf29ce484222325;
	int fd, length;

	if (!name)
		die("out of memory");
	h = hash_peer(h, nbd_aio_get_fd(handle), uri);
	h = hash_text(h, name);
	free(name);
	/* The zero in front makes it a name of its own world, not a file. */
	length = snprintf(addr.sun_path + 1, sizeof(addr.sun_path) - 1,
			  "zxpagerd/nbd/%016llx", (unsigned long long)h);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		die("cannot make a socket: %s", strerror(errno));
	if (!bind(fd, (struct sockaddr *)&addr,
		  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length)))
		return;
	if (errno == EADDRINUSE)
		die("%s is being written by another daemon, or under another name: serve it once",
		    uri);
	die("%s: cannot claim it: %s", uri, strerror(errno));
}

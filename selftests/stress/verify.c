// SPDX-License-Identifier: GPL-2.0
/*
 * What has become of all the writes, when nobody writes any more.
 */
#define _GNU_SOURCE
#include <inttypes.h>

#include "stress.h"

/* Whatever was done is in the store. */
bool verify_store(int vmo, uint64_t size)
{
	struct range r = { vmo, 0, size < ROOM_BYTES ? size : ROOM_BYTES };
	struct window w;

	window_open(&w, &r);
	return window_check(&w, store + vmo * ROOM_BYTES, r.len, "store");
}

static bool same_as_store(const struct range *r, const uint64_t *buf, size_t len)
{
	const uint64_t *s = (void *)(store + r->vmo * ROOM_BYTES + r->off);
	struct chunk *c;
	size_t i;

	for (i = 0; i < len / 8 && buf[i] == s[i]; i++)
		;
	if (i == len / 8)
		return true;
	c = &board->vmo[r->vmo].chunk[(r->off + i * 8) / CHUNK];
	wrong("VMO %d (options %#x) at %#" PRIx64 " (page %" PRIu64 ") has %#" PRIx64
	      ", the store %#" PRIx64 "; chunk %u to %u, zeroed by %u", r->vmo,
	      board->vmo[r->vmo].options, r->off + i * 8, r->off / 4096, buf[i], s[i],
	      c->done, c->started, c->zeroed);
	return false;
}

/*
 * And in the VMO, as far as it can be read. While its daemon is there that is all of it,
 * and the same as in the store, which all was written back to.
 */
bool verify_vmo(int vmo)
{
	struct vmo_board *vb = &board->vmo[vmo];
	bool gone = load(vb->gone), mine = getpid() == board->pager[vb->pager].pid;
	int fd = mine ? vb->daemon_fd : vb->fd;
	uint64_t buf[512];
	uint64_t off;
	ssize_t n;
	int again;

	for (off = 0; off < ROOM_BYTES; off += sizeof(buf)) {
		struct range r = { vmo, off, sizeof(buf) };
		struct window w;

		window_open(&w, &r);
		/* The last noes may still be on their way. */
		again = vb->fails ? 100 : 0;
		do {
			n = pread(fd, buf, sizeof(buf), off);
		} while (n < 0 && !gone && again--);
		if (n < 0 && !(gone && errno == ESTALE)) {
			wrong("VMO %d: pread of page %" PRIu64 " at the end: %m", vmo,
			      off / 4096);
			return false;
		}
		if (n > 0 && !window_check(&w, buf, n, "at the end"))
			return false;
		if (n > 0 && mine && !same_as_store(&r, buf, n))
			return false;
	}
	return true;
}

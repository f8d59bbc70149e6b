// SPDX-License-Identifier: GPL-2.0
/*
 * One who takes snapshots of a VMO, and knows what each of them has to have for ever.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "witness.h"

static bool complain(const char *what, uint64_t off, uint64_t len, long ret)
{
	diag("%s of a snapshot at %#" PRIx64 "+%#" PRIx64 ": %ld (%m)", what, off, len, ret);
	return false;
}

bool witness_init(struct witness *w, struct test_vmo *vmo, uint64_t room)
{
	memset(w, 0, sizeof(*w));
	w->vmo = vmo;
	w->room = room;
	w->buf = map_anon(room);
	for (unsigned int i = 0; i < WITNESS_SNAPSHOTS; i++) {
		w->snapshot[i].shadow = map_anon(room);
		if (!w->buf || !w->snapshot[i].shadow)
			return complain("memory", 0, room, -1);
	}
	return true;
}

static bool drop(struct witness *w, struct snapshot *s)
{
	if (s->map && (munmap(s->map, w->room * page_size) || close(s->fd)))
		return complain("end", 0, s->size, -1);
	s->map = NULL;
	return true;
}

bool witness_snapshot(struct witness *w, struct dice *d, const char *shadow, uint64_t size)
{
	struct snapshot *s = &w->snapshot[roll(d, WITNESS_SNAPSHOTS)];
	char *map;
	int fd;

	if (!drop(w, s))
		return false;
	if (!size || one_in(d, 4))
		return true;
	fd = zxp_create_child(w->vmo->fd, ZXP_CHILD_POINT_IN_TIME, 0, size);
	if (fd < 0)
		return complain("start", 0, size, fd);
	map = mmap(NULL, w->room * page_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return complain("mmap", 0, size, -1);
	s->fd = fd;
	s->map = map;
	s->size = size;
	memcpy(s->shadow, shadow, size);
	w->made++;
	return true;
}

static bool has(struct witness *w, struct snapshot *s, uint64_t off, uint64_t len, bool maps)
{
	const char *buf = maps ? s->map + off : w->buf;
	long n = maps ? (long)len : pread(s->fd, w->buf, len, off);
	uint64_t i;

	if (n != (long)len)
		return complain("pread", off, len, n);
	if (!memcmp(buf, s->shadow + off, len))
		return true;
	for (i = 0; buf[i] == s->shadow[off + i]; i++)
		;
	diag("%s: %#x instead of %#x", maps ? "mapped" : "read", (unsigned char)buf[i],
	     (unsigned char)s->shadow[off + i]);
	return complain("content", off + i, len - i, n);
}

bool witness_look(struct witness *w, struct dice *d, uint64_t off, uint64_t len)
{
	struct snapshot *s = &w->snapshot[roll(d, WITNESS_SNAPSHOTS)];

	if (!s->map || off >= s->size)
		return true;
	if (len > s->size - off)
		len = s->size - off;
	/* Its own, and nobody else's. */
	if (one_in(d, 8)) {
		s->map[off] = ~s->shadow[off];
		s->shadow[off] = ~s->shadow[off];
	}
	w->looks++;
	return has(w, s, off, len, one_in(d, 2));
}

bool witness_end(struct witness *w)
{
	bool ok = true;

	for (unsigned int i = 0; i < WITNESS_SNAPSHOTS; i++) {
		struct snapshot *s = &w->snapshot[i];

		if (s->map)
			ok &= has(w, s, 0, s->size, false) && has(w, s, 0, s->size, true);
		ok &= drop(w, s);
	}
	return ok;
}

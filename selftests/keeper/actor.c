// SPDX-License-Identifier: GPL-2.0
/*
 * A client that does anything at all: its operations.
 */
#define _GNU_SOURCE
#include <linux/falloc.h>
#include <stdio.h>
#include <sys/mman.h>

#include "../lib/client.h"
#include "actor.h"

#define BYTES(pages)	((pages) * page_size)
#define MAX		BYTES(ROOM)
#define LONGEST		BYTES(2)	/* of one operation, mostly */

struct op {
	const char *name;
	unsigned int weight;
	bool (*fn)(struct actor *a, uint64_t off, uint64_t len);
};

static bool complain(const char *what, uint64_t off, uint64_t len, long ret)
{
	diag("%s %#jx+%#jx: %ld (%m)", what, (uintmax_t)off, (uintmax_t)len, ret);
	return false;
}

static bool same(struct actor *a, const char *buf, uint64_t off, uint64_t len)
{
	uint64_t i;

	if (!memcmp(buf, a->shadow + off, len))
		return true;
	for (i = 0; buf[i] == a->shadow[off + i]; i++)
		;
	diag("at %#jx (page %ju): %#x instead of %#x, of %#jx+%#jx",
	     (uintmax_t)(off + i), (uintmax_t)((off + i) / page_size),
	     (unsigned char)buf[i], (unsigned char)a->shadow[off + i],
	     (uintmax_t)off, (uintmax_t)len);
	return false;
}

/* Bytes that tell which operation wrote them. */
static void make(struct actor *a, uint64_t len)
{
	uint64_t i, word = a->done * 0x9e3779b97f4a7c15ULL | 1;

	for (i = 0; i < len; i++)
		a->buf[i] = word >> (i % 8 * 8) | 1;
}

/* The range as far as it lies within the size. */
static uint64_t clip(struct actor *a, uint64_t off, uint64_t len)
{
	return off >= a->size ? 0 : len < a->size - off ? len : a->size - off;
}

/* It became longer: what lies between the old end and @from is zero. */
static void extend(struct actor *a, uint64_t from, uint64_t size)
{
	if (from > a->size)
		memset(a->shadow + a->size, 0, from - a->size);
	if (size > a->size)
		a->size = size;
}

static bool op_read(struct actor *a, uint64_t off, uint64_t len)
{
	long n = pread(a->vmo->fd, a->buf, len, off);

	if (n != (long)clip(a, off, len))
		return complain("pread", off, len, n);
	return same(a, a->buf, off, n);
}

static bool op_vmo_read(struct actor *a, uint64_t off, uint64_t len)
{
	int rc;

	len = clip(a, off, len);
	if (!len)
		return true;
	rc = zxp_vmo_read(a->vmo->fd, off, len, a->buf);
	return rc ? complain("VMO_READ", off, len, rc) : same(a, a->buf, off, len);
}

static bool op_load(struct actor *a, uint64_t off, uint64_t len)
{
	len = clip(a, off, len);
	return !len || same(a, a->map + off, off, len);
}

static bool op_write(struct actor *a, uint64_t off, uint64_t len)
{
	long n;

	make(a, len);
	n = pwrite(a->vmo->fd, a->buf, len, off);
	if (n != (long)len)
		return complain("pwrite", off, len, n);
	extend(a, off, off + len);
	memcpy(a->shadow + off, a->buf, len);
	return true;
}

static bool op_append(struct actor *a, uint64_t off, uint64_t len)
{
	long n;

	off = a->size;
	if (off + len > MAX)
		return true;
	make(a, len);
	n = write(a->append, a->buf, len);
	if (n != (long)len)
		return complain("append", off, len, n);
	extend(a, off, off + len);
	memcpy(a->shadow + off, a->buf, len);
	return true;
}

static bool op_vmo_write(struct actor *a, uint64_t off, uint64_t len)
{
	int rc;

	len = clip(a, off, len);
	if (!len)
		return true;
	make(a, len);
	rc = zxp_vmo_write(a->vmo->fd, off, len, a->buf);
	memcpy(a->shadow + off, a->buf, len);
	return !rc || complain("VMO_WRITE", off, len, rc);
}

static bool op_store(struct actor *a, uint64_t off, uint64_t len)
{
	len = clip(a, off, len);
	make(a, len);
	memcpy(a->map + off, a->buf, len);
	memcpy(a->shadow + off, a->buf, len);
	return true;
}

static bool op_truncate(struct actor *a, uint64_t off, uint64_t len)
{
	uint64_t size = roll(&a->dice, 3) ? off : BYTES(off / page_size);

	(void)len;
	if (ftruncate(a->vmo->fd, size))
		return complain("ftruncate", size, 0, -1);
	extend(a, size, size);
	a->size = size;
	return true;
}

static bool op_zero(struct actor *a, uint64_t off, uint64_t len)
{
	int rc;

	if (one_in(&a->dice, 2)) {
		len = clip(a, off, len + BYTES(roll(&a->dice, 8)));
	} else {
		off = BYTES(off / page_size);
		len = clip(a, off, BYTES(1 + roll(&a->dice, 10)));
	}
	if (!len)
		return true;
	if (one_in(&a->dice, 2))
		rc = zxp_vmo_zero(a->vmo->fd, off, len);
	else
		rc = fallocate(a->vmo->fd, FALLOC_FL_ZERO_RANGE, off, len);
	memset(a->shadow + off, 0, len);
	return !rc || complain("zero", off, len, rc);
}

/* Whatever this client has written so far is in the store afterwards. */
static bool op_sync(struct actor *a, uint64_t off, uint64_t len)
{
	int rc;

	switch (roll(&a->dice, 6)) {
	case 0:
		rc = fsync(a->vmo->fd);
		break;
	case 1:
		rc = fdatasync(a->vmo->fd);
		break;
	default:
		/* Only mapped stores of that range have to be there, then. */
		off = BYTES(off / page_size);
		len = clip(a, off, len);
		rc = msync(a->map + off, len, MS_SYNC);
		return rc ? complain("msync", off, len, rc) :
		       !a->sync || !memcmp(a->k->store + off, a->shadow + off, len);
	}
	if (rc)
		return complain("fsync", 0, 0, rc);
	a->synced++;
	return !a->sync || keeper_holds(a->k, a->shadow, a->size);
}

/* Pages in no mapping can go, if they are clean. */
static bool op_evict(struct actor *a, uint64_t off, uint64_t len)
{
	int rc;

	(void)off;
	(void)len;
	rc = madvise(a->map, MAX, one_in(&a->dice, 4) ? MADV_PAGEOUT : MADV_DONTNEED);
	if (rc)
		return complain("madvise", 0, MAX, rc);
	rc = posix_fadvise(a->vmo->fd, 0, 0, POSIX_FADV_DONTNEED);
	return !rc || complain("fadvise", 0, 0, rc);
}

static char *map_all(struct actor *a)
{
	return mmap(NULL, MAX, PROT_READ | PROT_WRITE, MAP_SHARED, a->vmo->fd, 0);
}

static bool op_remap(struct actor *a, uint64_t off, uint64_t len)
{
	char *map = map_all(a);

	if (map == MAP_FAILED || munmap(a->map, MAX))
		return complain("mmap", off, len, -1);
	a->map = map;
	return true;
}

static bool op_protect(struct actor *a, uint64_t off, uint64_t len)
{
	off = BYTES(off / page_size);
	if (mprotect(a->map + off, len, PROT_READ) ||
	    !op_load(a, off, len) ||
	    mprotect(a->map + off, len, PROT_READ | PROT_WRITE))
		return complain("mprotect", off, len, -1);
	return true;
}

/* COMMIT makes real pages of what is there, and changes nothing. */
static bool op_commit(struct actor *a, uint64_t off, uint64_t len)
{
	int rc;

	len = clip(a, off, len);
	if (!len)
		return true;
	rc = zxp_vmo_op_range(a->vmo->fd, ZXP_VMO_OP_COMMIT, off, len);
	return !rc || complain("COMMIT", off, len, rc);
}

static bool op_snapshot(struct actor *a, uint64_t off, uint64_t len)
{
	(void)off;
	(void)len;
	return !a->witness || witness_snapshot(a->witness, &a->dice, a->shadow, a->size);
}

static bool op_look(struct actor *a, uint64_t off, uint64_t len)
{
	return !a->witness || witness_look(a->witness, &a->dice, off, len);
}

static const struct op ops[] = {
	{ "read", 24, op_read },
	{ "vmo_read", 12, op_vmo_read },
	{ "load", 40, op_load },
	{ "write", 24, op_write },
	{ "append", 6, op_append },
	{ "vmo_write", 10, op_vmo_write },
	{ "store", 40, op_store },
	{ "truncate", 6, op_truncate },
	{ "zero", 8, op_zero },
	{ "sync", 1, op_sync },
	{ "evict", 4, op_evict },
	{ "remap", 2, op_remap },
	{ "protect", 2, op_protect },
	{ "commit", 2, op_commit },
	{ "snapshot", 3, op_snapshot },
	{ "look", 20, op_look },
};

static const struct op *choose(struct dice *d)
{
	unsigned int sum = 0, i;

	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		sum += ops[i].weight;
	sum = roll(d, sum);
	for (i = 0; sum >= ops[i].weight; i++)
		sum -= ops[i].weight;
	return &ops[i];
}

bool actor_go_on(struct actor *a)
{
	const struct op *op = choose(&a->dice);
	uint64_t off = roll(&a->dice, MAX);
	uint64_t len = 1 + roll(&a->dice, one_in(&a->dice, 20) ? MAX : LONGEST);

	if (len > MAX - off)
		len = MAX - off;
	if (off > a->size && roll(&a->dice, 4))
		off = roll(&a->dice, a->size);
	snprintf(a->told[a->done % TOLD], sizeof(a->told[0]),
		 "%ju: %s %#jx+%#jx, size %#jx", (uintmax_t)a->done, op->name,
		 (uintmax_t)off, (uintmax_t)len, (uintmax_t)a->size);
	a->done++;
	return op->fn(a, off, len);
}

void actor_tell(const struct actor *a)
{
	uint64_t i = a->done > TOLD ? a->done - TOLD : 0;

	for (; i < a->done; i++)
		diag("%s", a->told[i % TOLD]);
}

bool actor_start(struct actor *a, struct keeper *k, uint64_t size)
{
	a->k = k;
	a->vmo = k->vmo;
	a->size = size;
	a->shadow = map_anon(ROOM);
	a->buf = map_anon(ROOM);
	a->map = map_all(a);
	a->append = reopen(a->vmo->fd, O_WRONLY | O_APPEND);
	if (!a->shadow || !a->buf || a->map == MAP_FAILED || a->append < 0)
		return complain("actor", 0, MAX, a->append);
	vmo_fill(a->vmo, 0, ROOM, a->shadow);
	return true;
}

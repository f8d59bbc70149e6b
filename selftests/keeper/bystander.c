// SPDX-License-Identifier: GPL-2.0
/*
 * One who changes nothing: it reads, prefetches, and makes room.
 */
#define _GNU_SOURCE
#include "../lib/client.h"
#include "bystander.h"

static bool bystander_op(struct bystander *b, char *buf)
{
	uint64_t max = b->room * page_size, off = roll(&b->dice, max);
	uint64_t len = roll(&b->dice, max - off);
	int rc;

	switch (roll(&b->dice, 100)) {
	case 0:
		return !write_file("/proc/sys/vm/drop_caches", "1");
	case 1 ... 9:
		rc = zxp_vmo_op_range(b->vmo->fd, ZXP_VMO_OP_PREFETCH, off, len);
		return !rc || rc == -ERANGE;
	case 10 ... 19:
		rc = zxp_vmo_op_range(b->vmo->fd, ZXP_VMO_OP_DONT_NEED, off, len);
		return !rc || rc == -ERANGE;
	case 20 ... 59:
		return !posix_fadvise(b->vmo->fd, off, len, POSIX_FADV_DONTNEED);
	default:
		return pread(b->vmo->fd, buf, len, off) >= 0;
	}
}

static void *bystander_main(void *arg)
{
	struct bystander *b = arg;
	char *buf = map_anon(b->room);

	while (!b->stop) {
		if (!bystander_op(b, buf)) {
			diag("bystander: %m");
			b->errors++;
		}
		/* It is one of many, and there are two processors at most. */
		for (int i = roll(&b->dice, 50); i; i--)
			nap();
	}
	return NULL;
}

bool bystander_start(struct bystander *b, struct test_vmo *vmo, uint64_t room,
		     uint64_t seed)
{
	memset(b, 0, sizeof(*b));
	b->vmo = vmo;
	b->room = room;
	b->dice.state = seed;
	return !pthread_create(&b->thread, NULL, bystander_main, b);
}

bool bystander_end(struct bystander *b)
{
	b->stop = true;
	return !pthread_join(b->thread, NULL) && !b->errors;
}

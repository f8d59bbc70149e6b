// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever can fail fails once, in the calls of a daemon about what is dirty.
 */
#define _GNU_SOURCE
#include <stdio.h>

#include "kselftest_harness.h"
#include "lib/failnth.h"
#include "lib/walk.h"

#define AT(page)	((page) * page_size)

WALK_FIXTURE(fail_init);

static int dirty(struct walk_scene *s)
{
	return zxp_dirty(s->p.fd, s->vmo->fd, 0, AT(s->vmo->pages));
}

/* Clean pages around zeroes that nobody has written, and some that somebody has. */
static bool some_of_all(struct walk_scene *s)
{
	return scene_supply(s, 0, 2) && pager_supply_zero(&s->p, s->vmo, 2, 2) &&
	       scene_supply(s, 4, 1) && vmo_zero(s->vmo, 5, 3);
}

/* Only pages, so that there is nothing to be allocated for each. */
/* So few pages that are there take no memory. */
WALK(dirty_pages) {
	.options = ZXP_VMO_TRAP_DIRTY,
	.how = WALK_EFAULT | WALK_ATOMIC,
	.prepare = scene_supply_all,
	.run = dirty,
};

WALK(dirty_zeroes) {
	.options = ZXP_VMO_TRAP_DIRTY,
	.how = WALK_STARVED | WALK_EFAULT | WALK_ATOMIC,
	.prepare = scene_zero_all,
	.run = dirty,
};

WALK(dirty_mixed) {
	.options = ZXP_VMO_TRAP_DIRTY,
	.how = WALK_STARVED | WALK_EFAULT | WALK_ATOMIC,
	.prepare = some_of_all,
	.run = dirty,
};

/* Somebody waits to write zeroes over with something else. */
static bool writer_waits(struct walk_scene *s)
{
	return scene_zero_all(s) && thread_write_vmo(&s->t, s->vmo, 2, 3) &&
	       pager_wait_dirty(&s->p, s->vmo, 2, 3);
}

static int dirty_awaited(struct walk_scene *s)
{
	return zxp_dirty(s->p.fd, s->vmo->fd, AT(2), AT(3));
}

/* The writer was woken, and asks again: for as much as before. */
static bool writer_asks_again(struct walk_scene *s)
{
	struct zxp_packet packet;

	if (!vmo_wait_blocked(s->vmo, 1))
		return false;
	/* If the call has not come so far, then there is no other packet. */
	if (read(s->p.port, &packet, sizeof(packet)) < 0)
		return errno == EAGAIN;
	return packet.command == ZXP_PACKET_DIRTY && packet.offset == AT(2) &&
	       packet.length == AT(3);
}

static bool writer_is_done(struct walk_scene *s)
{
	return thread_wait(&s->t) && vmo_has(s->vmo, 2, 3, WRITTEN);
}

WALK(dirty_awaited) {
	.options = ZXP_VMO_TRAP_DIRTY,
	.how = WALK_STARVED | WALK_EFAULT | WALK_REASKS,
	.prepare = writer_waits,
	.run = dirty_awaited,
	.again = writer_asks_again,
	.finish = writer_is_done,
};

static int begin(struct walk_scene *s)
{
	return zxp_writeback_begin(s->p.fd, s->vmo->fd, 0, AT(s->vmo->pages), 0);
}

static int begin_zero(struct walk_scene *s)
{
	return zxp_writeback_begin(s->p.fd, s->vmo->fd, 0, AT(s->vmo->pages),
				   ZXP_DIRTY_RANGE_IS_ZERO);
}

static int end(struct walk_scene *s)
{
	return zxp_writeback_end(s->p.fd, s->vmo->fd, 0, AT(s->vmo->pages));
}

static bool begun(struct walk_scene *s)
{
	return scene_mixed(s) && !begin(s);
}

/* What was begun shows in what an END makes of it. */
static bool ended(struct walk_scene *s)
{
	return !end(s);
}

static int begin_and_end(struct walk_scene *s)
{
	int ret = begin(s);

	return ret ?: end(s);
}

WALK(begin) {
	.how = WALK_EFAULT | WALK_ATOMIC,
	.prepare = scene_mixed,
	.run = begin,
	.finish = ended,
};

WALK(begin_zero) {
	.how = WALK_EFAULT | WALK_ATOMIC,
	.prepare = scene_mixed,
	.run = begin_zero,
	.finish = ended,
};

WALK(end) {
	.how = WALK_EFAULT | WALK_ATOMIC,
	.prepare = begun,
	.run = end,
};

WALK(begin_and_end) {
	.how = WALK_EFAULT | WALK_ATOMIC,
	.prepare = scene_mixed,
	.run = begin_and_end,
};

/* Every other page: more ranges than are found at once. */
static bool many_ranges(struct walk_scene *s)
{
	uint64_t page;

	for (page = 0; page < s->vmo->pages; page += 2)
		if (!vmo_zero(s->vmo, page, 1))
			return false;
	return true;
}

static int query(struct walk_scene *s)
{
	struct zxp_dirty_range *ranges = (void *)s->in;
	uint64_t nr = s->vmo->pages / 2, actual, avail, i;
	int ret;

	ret = zxp_query_dirty_ranges(s->p.fd, s->vmo->fd, 0, AT(s->vmo->pages),
				     ranges, nr, &actual, &avail);
	if (ret)
		return ret;
	for (i = 0; i < nr; i++)
		if (ranges[i].offset != AT(2 * i) || ranges[i].length != AT(1) ||
		    ranges[i].options != ZXP_DIRTY_RANGE_IS_ZERO)
			return -EPROTO;
	return actual == nr && avail == nr ? 0 : -EPROTO;
}

/* The flag may be reset by a call that could not tell, as in Zircon. */
static int stats(struct walk_scene *s)
{
	uint32_t modified;

	return zxp_query_vmo_stats(s->p.fd, s->vmo->fd, ZXP_STATS_RESET, &modified);
}

WALK(query) {
	.pages = 40,
	.how = WALK_EFAULT | WALK_ATOMIC,
	.prepare = many_ranges,
	.run = query,
};

WALK(stats) {
	.how = WALK_EFAULT,
	.prepare = scene_mixed,
	.run = stats,
};

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever can fail fails once, where a client makes ranges zero and changes sizes.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <linux/falloc.h>

#include "kselftest_harness.h"
#include "lib/failnth.h"
#include "lib/walk.h"

#define AT(page)	((page) * page_size)
#define TRAP		ZXP_VMO_TRAP_DIRTY

WALK_FIXTURE(fail_init);

static int zero_pages(struct walk_scene *s)
{
	return zxp_vmo_zero(s->vmo->fd, AT(1), AT(6));
}

/* It begins and ends within pages, one dirty and one missing. */
static int zero_parts(struct walk_scene *s)
{
	return zxp_vmo_zero(s->vmo->fd, AT(1) + 512, AT(5));
}

static int zero_by_fallocate(struct walk_scene *s)
{
	return fallocate(s->vmo->fd, FALLOC_FL_ZERO_RANGE, AT(7), AT(3)) ? -errno : 0;
}

/* Page by page: marked zero, so that one range after the other goes. */
static bool speckled(struct walk_scene *s)
{
	uint64_t page;

	for (page = 0; page < s->vmo->pages; page += 2)
		if (!pager_supply_zero(&s->p, s->vmo, page, 1))
			return false;
	return scene_supply(s, 3, 1);
}

WALK(zero_pages) {
	.how = WALK_ENOMEM | WALK_EFAULT,
	.prepare = scene_mixed,
	.run = zero_pages,
};

WALK(zero_speckled) {
	.how = WALK_ENOMEM | WALK_EFAULT,
	.prepare = speckled,
	.run = zero_pages,
};

WALK(zero_parts) {
	.how = WALK_ENOMEM | WALK_EFAULT | WALK_SERVED,
	.prepare = scene_mixed,
	.run = zero_parts,
};

WALK(zero_parts_trap) {
	.options = TRAP,
	.how = WALK_ENOMEM | WALK_EFAULT | WALK_SERVED,
	.prepare = scene_mixed,
	.run = zero_parts,
};

WALK(fallocate_grows) {
	.options = ZXP_VMO_RESIZABLE,
	.how = WALK_ENOMEM,
	.prepare = scene_mixed,
	.run = zero_by_fallocate,
};

static int set_size(struct walk_scene *s, uint64_t size)
{
	return ftruncate(s->vmo->fd, size) ? -errno : 0;
}

static int shrink(struct walk_scene *s)
{
	return set_size(s, AT(3));
}

/* Into a page that is clean, so that it has to be written to. */
static int shrink_into_page(struct walk_scene *s)
{
	return set_size(s, AT(2) + 512);
}

static int grow(struct walk_scene *s)
{
	return set_size(s, AT(11) + 512);
}

static bool ends_in_page(struct walk_scene *s)
{
	return scene_supply(s, 0, 2) && scene_write(s, 1, 1);
}

WALK(shrink) {
	.options = ZXP_VMO_RESIZABLE,
	.how = WALK_SAFE,
	.prepare = scene_mixed,
	.run = shrink,
};

WALK(shrink_into_page) {
	.options = ZXP_VMO_RESIZABLE,
	.how = WALK_SERVED | WALK_SAFE,
	.prepare = scene_mixed,
	.run = shrink_into_page,
};

WALK(shrink_into_page_trap) {
	.options = ZXP_VMO_RESIZABLE | TRAP,
	.how = WALK_SERVED | WALK_SAFE,
	.prepare = scene_mixed,
	.run = shrink_into_page,
};

WALK(grow) {
	.options = ZXP_VMO_RESIZABLE,
	.how = WALK_ENOMEM | WALK_SERVED,
	.prepare = scene_mixed,
	.run = grow,
};

WALK(grow_from_page) {
	.pages = 1,
	.bytes = 512,
	.options = ZXP_VMO_RESIZABLE,
	.how = WALK_ENOMEM | WALK_SERVED,
	.prepare = ends_in_page,
	.run = grow,
};

static int set_stream(struct walk_scene *s, uint64_t size)
{
	return zxp_set_stream_size(s->vmo->fd, size);
}

static int cut_stream(struct walk_scene *s)
{
	return set_stream(s, AT(1));
}

static int cut_stream_in_page(struct walk_scene *s)
{
	return set_stream(s, AT(2) + 512);
}

static int grow_stream(struct walk_scene *s)
{
	return set_stream(s, AT(11) + 512);
}

/* The test's own idea of the size is none for such a VMO. */
static bool mixed_stream(struct walk_scene *s)
{
	return scene_mixed(s) && scene_supply(s, 7, 1);
}

/* It has what it needs before it is cut, and cannot fail any more then. */
WALK(cut_stream) {
	.pages = 8,
	.options = ZXP_VMO_UNBOUNDED,
	.how = WALK_ENOMEM | WALK_EFAULT | WALK_ATOMIC,
	.prepare = mixed_stream,
	.run = cut_stream,
};

WALK(cut_stream_of_fixed) {
	.how = WALK_ENOMEM | WALK_EFAULT | WALK_ATOMIC,
	.prepare = mixed_stream,
	.run = cut_stream,
};

WALK(cut_stream_in_page) {
	.pages = 8,
	.options = ZXP_VMO_UNBOUNDED,
	.how = WALK_ENOMEM | WALK_EFAULT | WALK_SERVED,
	.prepare = mixed_stream,
	.run = cut_stream_in_page,
};

WALK(cut_stream_in_page_trap) {
	.pages = 8,
	.options = ZXP_VMO_UNBOUNDED | TRAP,
	.how = WALK_ENOMEM | WALK_EFAULT | WALK_SERVED,
	.prepare = mixed_stream,
	.run = cut_stream_in_page,
};

WALK(grow_stream) {
	.pages = 8,
	.options = ZXP_VMO_UNBOUNDED,
	.how = WALK_ENOMEM | WALK_EFAULT | WALK_SERVED,
	.prepare = mixed_stream,
	.run = grow_stream,
};

WALK(grow_stream_from_page) {
	.pages = 1,
	.bytes = 512,
	.options = ZXP_VMO_UNBOUNDED | TRAP,
	.how = WALK_ENOMEM | WALK_EFAULT | WALK_SERVED,
	.prepare = ends_in_page,
	.run = grow_stream,
};

TEST_HARNESS_MAIN

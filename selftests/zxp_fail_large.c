// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever can fail fails once, while a large folio is split: for each of its pages one
 * has to be had first. Afterwards it is still one folio, or all single pages.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/mman.h>

#include "kselftest_harness.h"
#include "lib/failnth.h"
#include "lib/walk.h"

#define AT(page)	((page) * page_size)
/* Of the smallest folio that is called large; and as many allocations for a split. */
#define LARGE		16

static const char *large_init(void)
{
	return kernel_has_large_folios() ? fail_init() :
					   "no large folios for this on this kernel";
}

WALK_FIXTURE(large_init);

static bool large(struct walk_scene *s)
{
	return scene_supply(s, 0, LARGE);
}

/* In the page tables already, and only to be read. */
static bool large_map(struct walk_scene *s)
{
	return large(s) && scene_map(s) && *(volatile uint64_t *)s->map;
}

static bool large_to_write(struct walk_scene *s)
{
	fill_written(s->vmo, 0, LARGE, s->out);
	return large(s);
}

static int store(struct walk_scene *s)
{
	*(volatile uint64_t *)(s->map + AT(5)) = written_word(s->vmo, AT(5) / 8);
	return 0;
}

static int write_page(struct walk_scene *s)
{
	ssize_t n = pwrite(s->vmo->fd, s->out + AT(5), AT(1), AT(5));

	return n < 0 ? -errno : n == (ssize_t)AT(1) ? 0 : -ENODATA;
}

static int vmo_write(struct walk_scene *s)
{
	return zxp_vmo_write(s->vmo->fd, AT(5) + 8, AT(1), s->out + AT(5) + 8);
}

static int zero(struct walk_scene *s)
{
	return zxp_vmo_zero(s->vmo->fd, AT(3), AT(9));
}

static int shrink(struct walk_scene *s)
{
	return ftruncate(s->vmo->fd, AT(3)) ? -errno : 0;
}

static int shrink_into_page(struct walk_scene *s)
{
	return ftruncate(s->vmo->fd, AT(3) + 512) ? -errno : 0;
}

static int cut_stream(struct walk_scene *s)
{
	return zxp_set_stream_size(s->vmo->fd, AT(3));
}

WALK(store) {
	.pages = LARGE,
	.prepare = large_map,
	.run = store,
	.min_faults = LARGE,
};

WALK(write) {
	.pages = LARGE,
	.how = WALK_STARVED,
	.prepare = large_to_write,
	.run = write_page,
	.min_faults = LARGE,
};

WALK(vmo_write) {
	.pages = LARGE,
	.how = WALK_STARVED | WALK_EFAULT,
	.prepare = large_to_write,
	.run = vmo_write,
	.min_faults = LARGE,
};

WALK(zero) {
	.pages = LARGE,
	.how = WALK_ENOMEM | WALK_EFAULT,
	.prepare = large,
	.run = zero,
	.min_faults = LARGE,
};

WALK(shrink) {
	.pages = LARGE,
	.options = ZXP_VMO_RESIZABLE,
	.how = WALK_ENOMEM | WALK_ATOMIC,
	.prepare = large,
	.run = shrink,
	.min_faults = LARGE,
};

WALK(shrink_into_page) {
	.pages = LARGE,
	.options = ZXP_VMO_RESIZABLE,
	.how = WALK_ENOMEM,
	.prepare = large,
	.run = shrink_into_page,
	.min_faults = LARGE,
};

WALK(cut_stream) {
	.pages = LARGE,
	.options = ZXP_VMO_UNBOUNDED,
	.how = WALK_ENOMEM | WALK_EFAULT | WALK_ATOMIC,
	.prepare = large,
	.run = cut_stream,
	.min_faults = LARGE,
};

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever can fail fails once, while children are made.
 */
#define _GNU_SOURCE
#include "kselftest_harness.h"
#include "lib/failnth.h"
#include "lib/walk.h"

#define AT(page)	((page) * page_size)

WALK_FIXTURE(fail_init);

/* What makes a descriptor keeps it in the scene. */
static int made(struct walk_scene *s, int fd)
{
	s->fd = fd;
	return fd < 0 ? fd : 0;
}

static int create_copy(struct walk_scene *s)
{
	return made(s, zxp_create_child(s->vmo->fd, ZXP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE,
					0, AT(4)));
}

static int create_slice(struct walk_scene *s)
{
	return made(s, zxp_create_child(s->vmo->fd, ZXP_CHILD_SLICE, 0, AT(4)));
}

static int create_reference(struct walk_scene *s)
{
	return made(s, zxp_create_child(s->vmo->fd, ZXP_CHILD_REFERENCE, 0, 0));
}

/* What was made shows what the VMO has. */
static bool made_child(struct walk_scene *s)
{
	return pread(s->fd, s->in, AT(4), 0) == (ssize_t)AT(4) &&
	       content_is(s->vmo, 0, 2, WRITTEN, s->in) &&
	       content_is(s->vmo, 2, 2, SUPPLIED, s->in + AT(2));
}

WALK(create_copy) {
	.how = WALK_ENOMEM | WALK_EFAULT | WALK_ATOMIC,
	.prepare = scene_mixed,
	.run = create_copy,
	.finish = made_child,
};

WALK(create_slice) {
	.how = WALK_ENOMEM | WALK_EFAULT | WALK_ATOMIC,
	.prepare = scene_mixed,
	.run = create_slice,
	.finish = made_child,
};

WALK(create_reference) {
	.how = WALK_ENOMEM | WALK_EFAULT | WALK_ATOMIC,
	.prepare = scene_mixed,
	.run = create_reference,
	.finish = made_child,
};

TEST_HARNESS_MAIN

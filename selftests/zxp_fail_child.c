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

/* Both of it: what is made of the VMO first goes with the call that fails. */
static int of_a_child(struct walk_scene *s, uint32_t kind, uint32_t made_of_it)
{
	int parent = zxp_create_child(s->vmo->fd, kind, 0, AT(4)), ret;

	if (parent < 0)
		return parent;
	ret = made(s, zxp_create_child(parent, made_of_it, 0,
				       made_of_it == ZXP_CHILD_SLICE ? AT(4) : 0));
	close(parent);
	return ret;
}

static int create_slice_of_copy(struct walk_scene *s)
{
	return of_a_child(s, ZXP_CHILD_SNAPSHOT_MODIFIED, ZXP_CHILD_SLICE);
}

static int create_reference_to_slice(struct walk_scene *s)
{
	return of_a_child(s, ZXP_CHILD_SLICE, ZXP_CHILD_REFERENCE);
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

WALK(create_slice_of_copy) {
	.how = WALK_ENOMEM | WALK_EFAULT | WALK_ATOMIC,
	.prepare = scene_mixed,
	.run = create_slice_of_copy,
	.finish = made_child,
};

WALK(create_reference_to_slice) {
	.how = WALK_ENOMEM | WALK_EFAULT | WALK_ATOMIC,
	.prepare = scene_mixed,
	.run = create_reference_to_slice,
	.finish = made_child,
};

TEST_HARNESS_MAIN

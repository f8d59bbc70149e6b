// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever can fail fails once, while children are made, and in a short life of each kind.
 * Longer ones are in zxp_fail_life.c.
 */
#include "kselftest_harness.h"
#include "lib/child.h"
#include "lib/failnth.h"
#include "lib/life.h"

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

LIFE(life_of_a_copy, 0, 0, 0) {
	MAKE(1, 0, AT_LEAST), STORE(1, 2, 5), CLEAR(1, 0, 1), SHOWS(1, 2, 5), HAS(1, 0, 0),
};

LIFE(life_of_a_copy_of_a_copy, 0, 0, 0) {
	MAKE(1, 0, AT_LEAST), PUT(1, 0, 5), MAKE(2, 1, MODIFIED), STORE(1, 0, 6), SHOWS(2, 0, 5),
	CLOSE(1), HAS(2, 0, 5),
};

LIFE(life_of_a_short_snapshot, 0, 0, -EIO) {
	PLAIN(1, 8), PUT(1, 0, 1), MAKE(2, 1, ZXP_CHILD_SNAPSHOT), STORE(1, 0, 2), PUT(1, 1, 3),
	HAS(2, 0, 1), HAS(2, 1, 0),
};

LIFE(life_of_a_short_point_in_time, 0, ZXP_CREATE_SNAPSHOTS, -EIO) {
	PUT(0, 2, 2), MAKE(1, 0, ZXP_CHILD_POINT_IN_TIME), PUT(0, 2, 3), CLEAR(0, 6, 1),
	HAS(1, 2, 2), HAS(1, 6, RESCUED),
};

/* What should move to who is left cannot, now and when there is another occasion. */
LIFE(life_that_ends_without_memory, 0, 0, 0) {
	MAKE(1, 0, AT_LEAST), PUT(1, 0, 5), PUT(1, 3, 6), CLEAR(1, 5, 2), MAKE(2, 1, MODIFIED),
	CLOSE_STARVED(1), HAS(2, 0, 5), SHOWS(2, 3, 6), HAS(2, 5, 0), MAKE(3, 2, MODIFIED),
	PUT(3, 2, 7), MAKE(4, 3, MODIFIED), CLOSE_STARVED(3), HAS(4, 2, 7), HAS(4, 3, 6),
	CLOSE_STARVED(2), SHOWS(4, 3, 6), HAS(4, 6, 0), PUT(4, 3, 8), HAS(4, 3, 8), HAS(4, 0, 5),
};

LIFE(life_of_snapshots_without_memory, 0, 0, -EIO) {
	PLAIN(1, 8), PUT(1, 0, 1), PUT(1, 3, 2), MAKE(2, 1, ZXP_CHILD_SNAPSHOT), PUT(1, 3, 3),
	MAKE(3, 1, ZXP_CHILD_SNAPSHOT), PUT(1, 3, 4), PUT(1, 6, 5), CLOSE_STARVED(3),
	HAS(2, 3, 2), HAS(2, 6, 0), MAKE(4, 1, ZXP_CHILD_SNAPSHOT), PUT(1, 3, 6), PUT(1, 0, 7),
	CLOSE_STARVED(2), HAS(4, 3, 4), HAS(4, 0, 1), HAS(4, 6, 5),
};

LIFE(life_of_a_short_slice, 0, 0, 0) {
	MAKE(1, 0, AT_LEAST), MAKE(2, 1, ZXP_CHILD_SLICE), STORE(2, 0, 5), CLOSE(1),
	MAKE(3, 2, MODIFIED), PUT(2, 0, 6), HAS(3, 0, 5),
};

TEST_HARNESS_MAIN

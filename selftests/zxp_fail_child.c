// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever can fail fails once, while children are made, and in their lives.
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "kselftest_harness.h"
#include "lib/child.h"
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

/*
 * Lives, as lists of steps. Each object has a number, and 0 is the VMO of the scene. What a
 * step has to find is a word that was stored, or one of these.
 */
#define ROOTS		~0ULL		/* as scene_mixed() has made it, or as supplied */
#define RESCUED		~1ULL		/* that, or zero if it was zeroed in vain before */
#define MAX_STEPS	48
#define OBJECTS		12

struct step {
	int (*fn)(struct walk_scene *s, int *fds, const struct step *step);
	unsigned int object;
	uint64_t page;
	uint64_t value;		/* a word, a number of pages, or a kind */
	unsigned int of;
};

static uint64_t word_for(struct walk_scene *s, const struct step *step)
{
	const uint64_t index = step->page * page_size / 8;

	if (step->value != ROOTS && step->value != RESCUED)
		return step->value;
	return step->page < 2 ? written_word(s->vmo, index) :
	       step->page == 4 || step->page == 5 ? 0 : vmo_word(s->vmo, index);
}

static int found(struct walk_scene *s, const struct step *step, uint64_t word)
{
	if (word == word_for(s, step) || (step->value == RESCUED && s->done > 1 && !word))
		return 0;
	diag("object %u has %#llx in page %llu, not %#llx", step->object,
	     (unsigned long long)word, (unsigned long long)step->page,
	     (unsigned long long)word_for(s, step));
	return -EPROTO;
}

static int do_plain(struct walk_scene *s, int *fds, const struct step *step)
{
	int fd = zxp_create_plain(s->p.fd, AT(step->value));

	fds[step->object] = fd;
	return fd < 0 ? fd : 0;
}

/* Slices are of four pages behind the first two. */
static int do_make(struct walk_scene *s, int *fds, const struct step *step)
{
	bool slice = step->value & ZXP_CHILD_SLICE;
	uint64_t pages = step->value & ZXP_CHILD_REFERENCE ? 0 : slice ? 4 : WALK_PAGES;
	int fd = zxp_create_child(fds[step->of], step->value, slice ? AT(2) : 0, AT(pages));

	(void)s;
	fds[step->object] = fd;
	return fd < 0 ? fd : 0;
}

static int do_put(struct walk_scene *s, int *fds, const struct step *step)
{
	(void)s;
	return write_all(fds[step->object], (const char *)&step->value, 8, AT(step->page));
}

static int do_has(struct walk_scene *s, int *fds, const struct step *step)
{
	uint64_t word;
	int ret = read_all(fds[step->object], (char *)&word, 8, AT(step->page));

	return ret ?: found(s, step, word);
}

static volatile uint64_t *map_page(int *fds, const struct step *step, int prot)
{
	return mmap(NULL, page_size, prot, MAP_SHARED, fds[step->object], AT(step->page));
}

static int do_store(struct walk_scene *s, int *fds, const struct step *step)
{
	volatile uint64_t *map = map_page(fds, step, PROT_READ | PROT_WRITE);

	(void)s;
	if (map == MAP_FAILED)
		return -errno;
	*map = step->value;
	return munmap((void *)map, page_size) ? -errno : 0;
}

static int do_load(struct walk_scene *s, int *fds, const struct step *step)
{
	volatile uint64_t *map = map_page(fds, step, PROT_READ);
	uint64_t word;

	if (map == MAP_FAILED)
		return -errno;
	word = *map;
	return munmap((void *)map, page_size) ? -errno : found(s, step, word);
}

static int do_zero(struct walk_scene *s, int *fds, const struct step *step)
{
	(void)s;
	return zxp_vmo_zero(fds[step->object], AT(step->page), AT(step->value));
}

static int do_commit(struct walk_scene *s, int *fds, const struct step *step)
{
	(void)s;
	return zxp_vmo_op_range(fds[step->object], ZXP_VMO_OP_COMMIT, AT(step->page),
				AT(step->value));
}

static int do_size(struct walk_scene *s, int *fds, const struct step *step)
{
	(void)s;
	return ftruncate(fds[step->object], AT(step->value)) ? -errno : 0;
}

static int do_close(struct walk_scene *s, int *fds, const struct step *step)
{
	(void)s;
	close(fds[step->object]);
	fds[step->object] = -1;
	return 0;
}

#define PLAIN(object, pages)		{ do_plain, object, 0, pages, 0 }
#define MAKE(object, of, kind)		{ do_make, object, 0, kind, of }
#define PUT(object, page, word)		{ do_put, object, page, word, 0 }
#define STORE(object, page, word)	{ do_store, object, page, word, 0 }
#define HAS(object, page, word)		{ do_has, object, page, word, 0 }
#define SHOWS(object, page, word)	{ do_load, object, page, word, 0 }
#define CLEAR(object, page, pages)	{ do_zero, object, page, pages, 0 }
#define COMMIT(object, page, pages)	{ do_commit, object, page, pages, 0 }
#define SIZE(object, pages)		{ do_size, object, 0, pages, 0 }
#define CLOSE(object)			{ do_close, object, 0, 0, 0 }

/* What is still there in the end goes, the last one first. */
static int live(struct walk_scene *s, const struct step *steps)
{
	int fds[OBJECTS], ret = 0, i;

	s->done++;
	memset(fds, -1, sizeof(fds));
	fds[0] = s->vmo->fd;
	for (; !ret && steps->fn; steps++)
		ret = steps->fn(s, fds, steps);
	for (i = OBJECTS - 1; i; i--)
		if (fds[i] >= 0)
			close(fds[i]);
	return ret;
}

/*
 * A before-image for which there is no memory breaks a snapshot, and that is EIO. All else is
 * right, also the next time.
 */
#define LIFE(name, makes, error)						\
	static const struct step steps_##name[MAX_STEPS];			\
	static int run_##name(struct walk_scene *s)				\
	{									\
		return live(s, steps_##name);					\
	}									\
	WALK(name) {								\
		.create_flags = makes,						\
		.how = WALK_ENOMEM | WALK_EFAULT | WALK_SERVED,			\
		.may_fail = error,						\
		.prepare = scene_mixed,						\
		.run = run_##name,						\
	};									\
	static const struct step steps_##name[MAX_STEPS] =

LIFE(life_of_stores, 0, 0) {
	MAKE(1, 0, AT_LEAST), PUT(1, 0, 5), STORE(1, 2, 6), PUT(1, 4, 7), STORE(1, 6, 8),
	STORE(1, 5, 9), HAS(1, 0, 5), SHOWS(1, 2, 6), HAS(1, 4, 7), SHOWS(1, 6, 8), HAS(1, 5, 9),
	SHOWS(1, 1, ROOTS), HAS(1, 3, ROOTS), SHOWS(1, 7, ROOTS), HAS(0, 0, ROOTS), CLOSE(1),
};

LIFE(life_of_zeroes, 0, 0) {
	MAKE(1, 0, AT_LEAST), PUT(1, 0, 5), CLEAR(1, 0, 3), HAS(1, 0, 0), SHOWS(1, 2, 0),
	STORE(1, 1, 6), CLEAR(1, 2, 5), HAS(1, 1, 6), HAS(1, 6, 0), PUT(1, 6, 7), SHOWS(1, 6, 7),
	HAS(1, 7, ROOTS), CLEAR(1, 0, 8), HAS(1, 1, 0), HAS(0, 0, ROOTS), CLOSE(1),
};

LIFE(life_of_sizes, 0, 0) {
	MAKE(1, 0, AT_LEAST | ZXP_CHILD_RESIZABLE), PUT(1, 3, 5), STORE(1, 0, 6), SIZE(1, 2),
	SIZE(1, 12), HAS(1, 3, 0), SHOWS(1, 0, 6), HAS(1, 1, ROOTS), PUT(1, 10, 7), STORE(1, 2, 8),
	MAKE(2, 1, MODIFIED), SIZE(1, 0), HAS(2, 0, 6), HAS(2, 2, 8), CLOSE(1), CLOSE(2),
};

LIFE(life_that_commits, 0, 0) {
	MAKE(1, 0, AT_LEAST), COMMIT(1, 0, 8), HAS(1, 0, ROOTS), HAS(1, 3, ROOTS), HAS(1, 4, 0),
	SHOWS(1, 7, ROOTS), MAKE(2, 1, MODIFIED), COMMIT(2, 0, 8), HAS(2, 6, ROOTS), CLOSE(1),
	SHOWS(2, 1, ROOTS), CLOSE(2),
};

LIFE(life_of_a_parent_that_goes, 0, 0) {
	MAKE(1, 0, AT_LEAST), PUT(1, 0, 5), STORE(1, 6, 6), MAKE(2, 1, MODIFIED), PUT(1, 0, 7),
	STORE(2, 6, 8), SHOWS(2, 0, 5), HAS(1, 0, 7), SHOWS(1, 6, 6), HAS(2, 6, 8), CLOSE(1),
	HAS(2, 0, 5), STORE(2, 0, 9), SHOWS(2, 0, 9), HAS(2, 2, ROOTS), CLOSE(2),
};

LIFE(life_of_a_child_that_goes, 0, 0) {
	MAKE(1, 0, AT_LEAST), PUT(1, 0, 5), STORE(1, 6, 6), MAKE(2, 1, MODIFIED), CLEAR(1, 0, 1),
	STORE(2, 6, 8), HAS(2, 0, 5), CLOSE(2), HAS(1, 0, 0), SHOWS(1, 6, 6), STORE(1, 6, 9),
	HAS(1, 6, 9), HAS(1, 2, ROOTS), CLOSE(1),
};

/* More layers than are looked at one by one, of which some go. */
LIFE(life_of_a_chain, 0, 0) {
	MAKE(1, 0, AT_LEAST), PUT(1, 0, 1), MAKE(2, 1, MODIFIED), PUT(2, 1, 2),
	MAKE(3, 2, MODIFIED), PUT(3, 2, 3), MAKE(4, 3, MODIFIED), PUT(4, 3, 4),
	MAKE(5, 4, MODIFIED), PUT(5, 4, 5), MAKE(6, 5, MODIFIED), PUT(6, 5, 6),
	MAKE(7, 6, MODIFIED), PUT(7, 6, 7), MAKE(8, 7, MODIFIED), PUT(8, 7, 8),
	MAKE(9, 8, MODIFIED), PUT(9, 0, 9), MAKE(10, 9, MODIFIED), CLEAR(10, 1, 1),
	MAKE(11, 10, MODIFIED), HAS(11, 0, 9), HAS(11, 1, 0), HAS(11, 2, 3), HAS(8, 0, 1),
	CLOSE(4), CLOSE(9), CLOSE(5), HAS(11, 3, 4), HAS(11, 4, 5), STORE(11, 4, 10), HAS(10, 4, 5),
	CLOSE(11), HAS(10, 7, 8), HAS(1, 1, ROOTS),
};

LIFE(life_of_a_slice_of_a_copy, 0, 0) {
	MAKE(1, 0, AT_LEAST), MAKE(2, 1, ZXP_CHILD_SLICE), PUT(2, 0, 5), STORE(2, 3, 6),
	HAS(1, 2, 5), MAKE(3, 2, MODIFIED), STORE(2, 0, 7), HAS(3, 0, 5), HAS(3, 3, 6),
	CLEAR(2, 3, 1), CLOSE(1), SHOWS(2, 0, 7), HAS(2, 3, 0), CLOSE(2), SHOWS(3, 0, 5), CLOSE(3),
};

LIFE(life_of_a_reference, 0, 0) {
	MAKE(1, 0, AT_LEAST), PUT(1, 0, 5), MAKE(2, 1, ZXP_CHILD_REFERENCE), STORE(2, 1, 6),
	HAS(1, 1, 6), CLOSE(1), MAKE(3, 2, MODIFIED), PUT(2, 0, 7), HAS(3, 0, 5), HAS(3, 1, 6),
	CLOSE(2), SHOWS(3, 0, 5), HAS(3, 2, ROOTS), CLOSE(3),
};

LIFE(life_of_a_plain_snapshot, 0, -EIO) {
	PLAIN(1, 8), PUT(1, 0, 1), STORE(1, 1, 2), PUT(1, 2, 3), MAKE(2, 1, ZXP_CHILD_SNAPSHOT),
	PUT(1, 0, 5), STORE(1, 1, 6), CLEAR(1, 2, 1), PUT(1, 3, 7), HAS(2, 0, 1), HAS(2, 1, 2),
	HAS(2, 2, 3), HAS(2, 3, 0), HAS(1, 0, 5), SHOWS(1, 1, 6), HAS(1, 2, 0), PUT(2, 0, 8),
	CLOSE(1), HAS(2, 0, 8), HAS(2, 1, 2), CLOSE(2),
};

LIFE(life_of_plain_snapshots, 0, -EIO) {
	PLAIN(1, 8), PUT(1, 0, 1), MAKE(2, 1, ZXP_CHILD_SNAPSHOT), STORE(1, 0, 2),
	MAKE(3, 1, ZXP_CHILD_SNAPSHOT), PUT(1, 0, 3), MAKE(4, 2, ZXP_CHILD_SNAPSHOT), PUT(1, 1, 4),
	HAS(2, 0, 1), HAS(3, 0, 2), CLOSE(2), HAS(4, 0, 1), STORE(1, 0, 5), HAS(3, 1, 0),
	MAKE(5, 1, ZXP_CHILD_SNAPSHOT), CLOSE(3), HAS(4, 0, 1), PUT(1, 0, 6), HAS(5, 0, 5),
	CLOSE(5), HAS(4, 1, 0), HAS(1, 0, 6),
};

/* Each change keeps what is there, or asks for it first; the last page is not asked for. */
LIFE(life_of_a_point_in_time, ZXP_CREATE_SNAPSHOTS, -EIO) {
	PUT(0, 0, 1), PUT(0, 2, 2), MAKE(1, 0, ZXP_CHILD_POINT_IN_TIME), PUT(0, 0, 3),
	STORE(0, 2, 4), HAS(1, 0, 1), HAS(1, 2, 2), HAS(1, 4, 0), HAS(1, 3, ROOTS),
	MAKE(2, 1, ZXP_CHILD_POINT_IN_TIME), PUT(1, 3, 5), HAS(2, 3, ROOTS), HAS(2, 0, 1),
	CLOSE(1), HAS(2, 2, 2), HAS(0, 0, 3),
};

LIFE(life_of_a_rescue, ZXP_CREATE_SNAPSHOTS, -EIO) {
	MAKE(1, 0, ZXP_CHILD_POINT_IN_TIME), CLEAR(0, 2, 1), CLEAR(0, 6, 1), HAS(1, 2, RESCUED),
	HAS(1, 6, RESCUED), HAS(1, 7, ROOTS), HAS(0, 2, 0), HAS(0, 6, 0), CLOSE(1),
};

TEST_HARNESS_MAIN

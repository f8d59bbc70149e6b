/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lives of children, as lists of steps. Each object has a number, and 0 is the VMO of the
 * scene, which is as scene_mixed() has made it. What a step has to find is a word that was
 * stored, or one of those below.
 */
#ifndef ZXP_SELFTESTS_LIFE_H
#define ZXP_SELFTESTS_LIFE_H

#include "walk.h"

#define AT(page)	((page) * page_size)

#define ROOTS		~0ULL		/* as the scene has it, or as supplied */
#define RESCUED		~1ULL		/* that, or zero if it was zeroed in vain before */
#define LIFE_STEPS	48
#define LIFE_OBJECTS	12

struct step {
	int (*fn)(struct walk_scene *s, int *fds, const struct step *step);
	unsigned int object;
	uint64_t page;
	uint64_t value;		/* a word, a number, or a kind */
	unsigned int of;
};

int step_plain(struct walk_scene *s, int *fds, const struct step *step);
int step_make(struct walk_scene *s, int *fds, const struct step *step);
int step_put(struct walk_scene *s, int *fds, const struct step *step);
int step_has(struct walk_scene *s, int *fds, const struct step *step);
int step_store(struct walk_scene *s, int *fds, const struct step *step);
int step_load(struct walk_scene *s, int *fds, const struct step *step);
int step_zero(struct walk_scene *s, int *fds, const struct step *step);
int step_commit(struct walk_scene *s, int *fds, const struct step *step);
int step_size(struct walk_scene *s, int *fds, const struct step *step);
int step_close(struct walk_scene *s, int *fds, const struct step *step);
int step_close_starved(struct walk_scene *s, int *fds, const struct step *step);
int step_supply(struct walk_scene *s, int *fds, const struct step *step);
int step_stream(struct walk_scene *s, int *fds, const struct step *step);
int step_count_own(struct walk_scene *s, int *fds, const struct step *step);
int step_count_children(struct walk_scene *s, int *fds, const struct step *step);
int step_count_halves(struct walk_scene *s, int *fds, const struct step *step);

#define PLAIN(object, pages)		{ step_plain, object, 0, pages, 0 }
#define MAKE(object, of, kind)		{ step_make, object, 0, kind, of }
#define PUT(object, page, word)		{ step_put, object, page, word, 0 }
#define STORE(object, page, word)	{ step_store, object, page, word, 0 }
#define HAS(object, page, word)		{ step_has, object, page, word, 0 }
#define SHOWS(object, page, word)	{ step_load, object, page, word, 0 }
#define CLEAR(object, page, pages)	{ step_zero, object, page, pages, 0 }
#define COMMIT(object, page, pages)	{ step_commit, object, page, pages, 0 }
#define SIZE(object, pages)		{ step_size, object, 0, pages, 0 }
#define SUPPLY(object, page, from, at)	{ step_supply, object, page, at, from }
#define STREAM(object, page, bytes)	{ step_stream, object, page, bytes, 0 }
#define OWN(object, ranges)		{ step_count_own, object, 0, ranges, 0 }
#define CHILDREN(object, nr)		{ step_count_children, object, 0, nr, 0 }
#define HALVES(object, nr)		{ step_count_halves, object, 0, nr, 0 }
#define CLOSE(object)			{ step_close, object, 0, 0, 0 }
#define CLOSE_STARVED(object)		{ step_close_starved, object, 0, 0, 0 }

int live(struct walk_scene *s, const struct step *steps);

/*
 * A before-image for which there is no memory breaks a snapshot, and that is EIO. All else is
 * right, also the next time.
 */
#define LIFE(name, can, makes, error)						\
	static const struct step steps_##name[LIFE_STEPS];			\
	static int run_##name(struct walk_scene *s)				\
	{									\
		return live(s, steps_##name);					\
	}									\
	WALK(name) {								\
		.options = can,							\
		.create_flags = makes,						\
		.how = WALK_ENOMEM | WALK_EFAULT | WALK_SERVED,			\
		.may_fail = error,						\
		.prepare = scene_mixed,						\
		.run = run_##name,						\
	};									\
	static const struct step steps_##name[LIFE_STEPS] =

#endif /* ZXP_SELFTESTS_LIFE_H */

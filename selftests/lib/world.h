/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One of each object, and a reader that waits with its packet unread: what a call
 * that fails has to leave as it was.
 */
#ifndef ZXP_SELFTESTS_WORLD_H
#define ZXP_SELFTESTS_WORLD_H

#include "thread.h"

#define WORLD_PAGES	8
#define WORLD_RESIDENT	1	/* the one page that is there */
#define WORLD_AWAITED	3	/* the page that the reader waits for */

struct bad_fd {
	int fd;
	int err;
	const char *what;
};

#define NR_BAD_FDS	16

/* Aligned ranges that are not in a VMO of WORLD_PAGES, each for one reason. */
struct world_range {
	uint64_t offset, length;
};

#define NR_WORLD_OUTSIDE 11

extern const struct world_range world_outside[NR_WORLD_OUTSIDE];

struct world {
	struct user_pager p;
	struct test_vmo *vmo;
	struct test_vmo *detached;	/* another one of the same pager */
	struct user_pager other;
	struct test_vmo *foreign;	/* a VMO of that other pager */
	int plain;			/* page 1 of WORLD_PAGES was written */
	int read_only;			/* the VMO again, not writable */
	int pipe[2];
	int memfd;
	struct test_thread reader;

	struct zxp_vmo_info info[4];
	int next_fd;
};

bool world_init(struct world *w);
/* Nothing differs from when world_init() was done; tells what does. */
bool world_unchanged(struct world *w);
/* That, and the reader's packet is there and no other, and serving it works. */
bool world_intact(struct world *w);
void world_fini(struct world *w);

/* Descriptors that do not do as the VMO of a pager call; returns how many. */
int world_bad_vmos(struct world *w, struct bad_fd *bad);
/* The same for the plain VMO of a supply. */
int world_bad_plains(struct world *w, struct bad_fd *bad);

/* For a test: @b is each of the bad descriptors in turn, and what has to come of it. */
#define EACH_BAD(list, b)						\
	struct bad_fd bad[NR_BAD_FDS];					\
	int nr_bad = world_bad_##list(&self->w, bad);			\
									\
	for (struct bad_fd *b = bad; b < bad + nr_bad; b++)

#define EXPECT_BAD(b, call) EXPECT_EQ(-(b)->err, call) {		\
	TH_LOG("with %s", (b)->what);					\
}

#endif /* ZXP_SELFTESTS_WORLD_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Walks: one operation again and again, each time with another allocation or user
 * copy failing in it, until there is none left to fail.
 *
 * Each time begins with a VMO made anew. An operation that a fault makes fail must
 * fail with an error that is documented, leave a VMO that makes sense, and succeed when
 * it is done again; in the end all must be as if nothing had happened. How many faults
 * there were is printed, and it is an error if those did not come that have to.
 *
 * What waits for memory and tries again does not fail with one fault. It has to fail
 * when it gets no memory at all.
 */
#ifndef ZXP_SELFTESTS_WALK_H
#define ZXP_SELFTESTS_WALK_H

#include "client.h"
#include "view.h"

/* The size of a VMO, if the operation does not say. */
#define WALK_PAGES	8
/* Twice what one page table maps. */
#define WALK_WINDOW	(4UL << 20)
/* Pages in the buffers. */
#define WALK_ROOM	32

enum walk_flags {
	/* It must have failed with these at some fault, */
	WALK_ENOMEM	= 1 << 0,
	WALK_EFAULT	= 1 << 1,
	/* and may have failed with these. */
	WALK_MAY_ENOMEM	= 1 << 2,
	WALK_MAY_EFAULT	= 1 << 3,
	WALK_MAY_EAGAIN	= 1 << 4,

	/* The daemon answers while it runs. */
	WALK_SERVED	= 1 << 8,
	/* When it fails nothing has changed. */
	WALK_ATOMIC	= 1 << 9,
	/* It may do less than all and not say so: only the next one has to do all. */
	WALK_HINT	= 1 << 10,
	/* Who waits may ask again. */
	WALK_REASKS	= 1 << 11,
	/* There is nothing that can fail in it. */
	WALK_SAFE	= 1 << 12,
	/* No other VMO is there, so the file system is mounted with the first one. */
	WALK_ALONE	= 1 << 13,
	/* No one fault makes it fail with ENOMEM, but it must without any memory. */
	WALK_STARVED	= 1 << 14,
};

struct walk_scene {
	struct user_pager p;
	struct test_vmo *vmo;
	struct server server;
	struct test_thread t;	/* somebody who waits */
	char *out;		/* to write or supply from: WRITTEN or SUPPLIED */
	char *in;		/* to read to */
	/* What an operation makes; all of it goes in the end. */
	int fd;
	int aux;
	int pipe[2];
	char *map;
	size_t map_bytes;
	char *window;		/* where that is */
	char *room;		/* to move that to */
	size_t done;		/* by an operation that goes on where it was */
	struct zxp_packet packets[VIEW_PACKETS];
	unsigned int nr_packets;
};

struct walk_op {
	/* Of the VMO, which is pages and bytes large; 0: WALK_PAGES. */
	uint64_t pages;
	uint64_t bytes;
	uint32_t options;
	uint32_t create_flags;
	unsigned int how;	/* WALK_* */
	unsigned int min_faults;
	unsigned int step;	/* not each fault: for what has many that are not ours */
	/* Instead of allocations and copies: calls of this function. */
	const char *function;
	int error;		/* negative: what it returns */
	/* Negative: what the operation must, and what it may, have failed with. */
	int fails;
	int may_fail;

	bool (*prepare)(struct walk_scene *s);
	int (*run)(struct walk_scene *s);	/* 0 or a negative errno */
	/* After a failure, before it is done again. */
	bool (*again)(struct walk_scene *s);
	/* After a success. */
	bool (*finish)(struct walk_scene *s);
};

/*
 * In a process of its own, and in a memory cgroup of its own, of which nothing must be
 * left in the end. False after a message.
 */
bool walk(const struct walk_op *op, const char *name);

/* For the prepare functions, in pages of the scene's VMO. */
bool scene_supply(struct walk_scene *s, uint64_t page, uint64_t nr);
/* Also answers what is asked meanwhile. */
bool scene_write(struct walk_scene *s, uint64_t page, uint64_t nr);
/* Two pages each that are dirty, clean, dirty zeroes, and missing. */
bool scene_mixed(struct walk_scene *s);
bool scene_supply_all(struct walk_scene *s);
bool scene_zero_all(struct walk_scene *s);
bool scene_write_all(struct walk_scene *s);
/* A shared mapping of all of it, not touched yet. */
bool scene_map(struct walk_scene *s);

/* They go on where a short count left off. 0 or a negative errno. */
int write_all(int fd, const char *buf, size_t len, uint64_t offset);
int read_all(int fd, char *buf, size_t len, uint64_t offset);

/* WALK(name) { .run = ..., }; is a test of that name. */
#define WALK(test)								\
	static const struct walk_op op_##test;					\
	TEST_F_TIMEOUT(walk, test, 1200)					\
	{									\
		ASSERT_TRUE(walk(&op_##test, #test));				\
	}									\
	static const struct walk_op op_##test =

/* @ready is fail_init or fail_functions_init. */
#define WALK_FIXTURE(ready)							\
	FIXTURE(walk)								\
	{									\
	};									\
	FIXTURE_SETUP(walk)							\
	{									\
		const char *reason = ready();					\
										\
		if (reason)							\
			SKIP(return, "%s", reason);				\
	}									\
	FIXTURE_TEARDOWN(walk)							\
	{									\
	}									\
	struct walk_needs_semicolon

#endif /* ZXP_SELFTESTS_WALK_H */

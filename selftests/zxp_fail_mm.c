// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever can fail fails once, where mappings of a VMO are made and changed, and where
 * a process with such mappings forks.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/mman.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "lib/failnth.h"
#include "lib/walk.h"

#define AT(page)	((page) * page_size)
#define BYTES		AT(WALK_PAGES)
/* What glibc registers. */
#define RSEQ_BYTES	32

WALK_FIXTURE(fail_init);

static bool mixed_map(struct walk_scene *s)
{
	return scene_mixed(s) && scene_map(s);
}

static int map_it(struct walk_scene *s, int flags)
{
	char *map = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, flags, s->vmo->fd, 0);

	if (map == MAP_FAILED)
		return -errno;
	s->map = map;
	s->map_bytes = BYTES;
	return 0;
}

static int map_shared(struct walk_scene *s)
{
	return map_it(s, MAP_SHARED);
}

static int map_private(struct walk_scene *s)
{
	return map_it(s, MAP_PRIVATE);
}

/* It shows what is in the VMO. */
static bool map_works(struct walk_scene *s)
{
	return content_is(s->vmo, 0, 2, WRITTEN, s->map) &&
	       content_is(s->vmo, 2, 2, SUPPLIED, s->map + AT(2)) &&
	       content_is(s->vmo, 4, 2, ZEROES, s->map + AT(4));
}

WALK(mmap) {
	.how = WALK_ENOMEM | WALK_ATOMIC,
	.prepare = scene_mixed,
	.run = map_shared,
	.finish = map_works,
};

WALK(mmap_private) {
	.how = WALK_ENOMEM | WALK_ATOMIC,
	.prepare = scene_mixed,
	.run = map_private,
	.finish = map_works,
};

/* With its pages, to another place. */
static int move(struct walk_scene *s)
{
	char *map = mremap(s->map, BYTES, BYTES, MREMAP_MAYMOVE | MREMAP_FIXED, s->room);

	if (map == MAP_FAILED)
		return -errno;
	s->map = map;
	return 0;
}

static bool room_to_move(struct walk_scene *s)
{
	if (!mixed_map(s) || !map_works(s))
		return false;
	s->room = mmap(NULL, BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return s->room != MAP_FAILED;
}

WALK(mremap) {
	.how = WALK_ENOMEM,
	.prepare = room_to_move,
	.run = move,
	.finish = map_works,
};

/* A hole in the middle, so that the mapping becomes two. */
static int unmap_middle(struct walk_scene *s)
{
	return munmap(s->map + AT(3), AT(1)) ? -errno : 0;
}

static int protect_middle(struct walk_scene *s)
{
	return mprotect(s->map + AT(3), AT(1), PROT_READ) ? -errno : 0;
}

static bool touched_map(struct walk_scene *s)
{
	return mixed_map(s) && map_works(s);
}

WALK(munmap) {
	.how = WALK_ENOMEM | WALK_ATOMIC,
	.prepare = touched_map,
	.run = unmap_middle,
};

WALK(mprotect) {
	.how = WALK_ENOMEM | WALK_ATOMIC,
	.prepare = touched_map,
	.run = protect_middle,
	.finish = map_works,
};

static int sync_map(struct walk_scene *s)
{
	return msync(s->map, BYTES, MS_SYNC) ? -errno : 0;
}

static int lock_map(struct walk_scene *s)
{
	return mlock(s->map, BYTES) ? -errno : 0;
}

WALK(msync) {
	.create_flags = ZXP_CREATE_SYNC,
	.how = WALK_SERVED | WALK_SAFE,
	.prepare = touched_map,
	.run = sync_map,
};

/* POSIX wants EAGAIN for what could not be locked. */
WALK(mlock) {
	.how = WALK_MAY_ENOMEM | WALK_SERVED,
	.fails = -EAGAIN,
	.prepare = mixed_map,
	.run = lock_map,
};

/* The child sees what its parent does. */
static int fork_it(struct walk_scene *s)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(*(uint64_t *)(s->map + AT(2)) != vmo_word(s->vmo, AT(2) / 8));
	if (pid < 0)
		return -errno;
	fail_pause();
	return waitpid(pid, &status, 0) == pid && !status ? 0 : -EPROTO;
}

/*
 * After it all pages are to be copied, also that of rseq, into which the kernel stores
 * when it likes; if that fails the process is killed. So none of that.
 */
static bool map_without_rseq(struct walk_scene *s)
{
	char *rseq = (char *)__builtin_thread_pointer() + __rseq_offset;

	if (__rseq_size)
		syscall(SYS_rseq, rseq, RSEQ_BYTES, RSEQ_FLAG_UNREGISTER, RSEQ_SIG);
	return touched_map(s);
}

WALK(fork) {
	.how = WALK_ENOMEM | WALK_MAY_EAGAIN,
	.step = 5,
	.prepare = map_without_rseq,
	.run = fork_it,
	.finish = map_works,
};

TEST_HARNESS_MAIN

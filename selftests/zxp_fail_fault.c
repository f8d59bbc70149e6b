// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever can fail fails once, in accesses to a mapping. An access from user mode is
 * made again by the kernel until there is memory; one from within the kernel ends.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "kselftest_harness.h"
#include "lib/failnth.h"
#include "lib/walk.h"

#define AT(page)	((page) * page_size)
#define TRAP		ZXP_VMO_TRAP_DIRTY

WALK_FIXTURE(fail_init);

static volatile uint64_t *word_of(struct walk_scene *s, uint64_t page)
{
	return (uint64_t *)(s->map + AT(page));
}

/* The first word of each page. */
static int load_all(struct walk_scene *s)
{
	uint64_t page, word;

	for (page = 0; page < s->vmo->pages; page++) {
		word = *word_of(s, page);
		if (word && word != vmo_word(s->vmo, AT(page) / 8) &&
		    word != written_word(s->vmo, AT(page) / 8))
			return -EPROTO;
	}
	return 0;
}

static int store_all(struct walk_scene *s)
{
	uint64_t page;

	for (page = 0; page < s->vmo->pages; page++)
		*word_of(s, page) = written_word(s->vmo, AT(page) / 8);
	return 0;
}

/* The VMO has nothing of what was stored. */
static int store_private(struct walk_scene *s)
{
	int ret = store_all(s);
	uint64_t page;

	for (page = 0; page < s->vmo->pages; page++)
		if (*word_of(s, page) != written_word(s->vmo, AT(page) / 8))
			return -EPROTO;
	return ret;
}

static bool mixed_map(struct walk_scene *s)
{
	return scene_mixed(s) && scene_map(s);
}

static bool zero_map(struct walk_scene *s)
{
	return scene_zero_all(s) && scene_map(s);
}

/* All of it is in the page tables already, and may be read only. */
static bool read_map(struct walk_scene *s)
{
	return scene_supply_all(s) && scene_map(s) && !load_all(s);
}

/* Dirty zeroes that are mapped. */
static bool mapped_zeroes(struct walk_scene *s)
{
	return zero_map(s) && !load_all(s);
}

static bool private_map(struct walk_scene *s)
{
	if (!scene_mixed(s))
		return false;
	s->map_bytes = AT(s->vmo->pages);
	s->map = mmap(NULL, s->map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE,
		      s->vmo->fd, 0);
	return s->map != MAP_FAILED;
}

/* At least a page table each time, and a page for each that is made. */
WALK(load) {
	.how = WALK_SERVED,
	.prepare = mixed_map,
	.run = load_all,
	.min_faults = 4,
};

WALK(load_missing) {
	.pages = 3,
	.how = WALK_SERVED,
	.prepare = scene_map,
	.run = load_all,
	.min_faults = 1,
};

WALK(store) {
	.how = WALK_SERVED,
	.prepare = mixed_map,
	.run = store_all,
	.min_faults = 4,
};

WALK(store_trap) {
	.options = TRAP,
	.how = WALK_SERVED,
	.prepare = mixed_map,
	.run = store_all,
	.min_faults = 1,
};

WALK(store_missing) {
	.pages = 3,
	.options = TRAP,
	.how = WALK_SERVED,
	.prepare = scene_map,
	.run = store_all,
	.min_faults = 1,
};

WALK(store_read_only) {
	.pages = 3,
	.how = WALK_SERVED | WALK_SAFE,
	.prepare = read_map,
	.run = store_all,
};

WALK(store_read_only_trap) {
	.pages = 3,
	.options = TRAP,
	.how = WALK_SERVED | WALK_SAFE,
	.prepare = read_map,
	.run = store_all,
};

WALK(store_mapped_zeroes) {
	.pages = 3,
	.how = WALK_SERVED,
	.prepare = mapped_zeroes,
	.run = store_all,
	.min_faults = 3,
};

WALK(store_mapped_zeroes_trap) {
	.pages = 3,
	.options = TRAP,
	.how = WALK_SERVED | WALK_SAFE,
	.prepare = mapped_zeroes,
	.run = store_all,
};

WALK(store_private) {
	.options = TRAP,
	.how = WALK_SERVED,
	.prepare = private_map,
	.run = store_private,
	.min_faults = WALK_PAGES,
};

/* The same on behalf of madvise(), which tells. */
static int populate(struct walk_scene *s, int advice)
{
	return madvise(s->map, s->map_bytes, advice) ? -errno : 0;
}

static int populate_read(struct walk_scene *s)
{
	return populate(s, MADV_POPULATE_READ);
}

static int populate_write(struct walk_scene *s)
{
	return populate(s, MADV_POPULATE_WRITE);
}

WALK(populate_read) {
	.how = WALK_ENOMEM | WALK_SERVED,
	.prepare = mixed_map,
	.run = populate_read,
};

WALK(populate_read_zeroes) {
	.pages = 3,
	.how = WALK_ENOMEM,
	.prepare = zero_map,
	.run = populate_read,
};

WALK(populate_write) {
	.how = WALK_ENOMEM | WALK_SERVED,
	.prepare = mixed_map,
	.run = populate_write,
};

WALK(populate_write_trap) {
	.options = TRAP,
	.how = WALK_ENOMEM | WALK_SERVED,
	.prepare = mixed_map,
	.run = populate_write,
};

/* A fault waits for memory as long as it takes. */
WALK(populate_write_hidden) {
	.pages = 3,
	.prepare = mapped_zeroes,
	.run = populate_write,
};

/* Accesses of the kernel: from the mapping to a pipe, and the other way. */
static bool map_and_pipe(struct walk_scene *s)
{
	return mixed_map(s) && !pipe(s->pipe);
}

static bool zeroes_and_pipe(struct walk_scene *s)
{
	return zero_map(s) && !pipe(s->pipe);
}

static int copy_out(struct walk_scene *s)
{
	uint64_t page;

	for (page = 0; page < s->vmo->pages; page++)
		if (write(s->pipe[1], (void *)word_of(s, page), 8) != 8)
			return errno ? -errno : -EPROTO;
	return 0;
}

static int copy_in(struct walk_scene *s)
{
	uint64_t page, word;

	for (page = 0; page < s->vmo->pages; page++) {
		word = written_word(s->vmo, AT(page) / 8);
		if (write(s->pipe[1], &word, 8) != 8 ||
		    read(s->pipe[0], (void *)word_of(s, page), 8) != 8)
			return -errno;
	}
	return 0;
}

static bool empty_pipe(struct walk_scene *s)
{
	close(s->pipe[0]);
	close(s->pipe[1]);
	return !pipe(s->pipe);
}

WALK(copy_out) {
	.how = WALK_EFAULT | WALK_ENOMEM | WALK_SERVED,
	.prepare = map_and_pipe,
	.run = copy_out,
	.again = empty_pipe,
};

WALK(copy_in) {
	.pages = 3,
	.how = WALK_EFAULT | WALK_ENOMEM | WALK_SERVED,
	.prepare = zeroes_and_pipe,
	.run = copy_in,
	.again = empty_pipe,
};

WALK(copy_in_trap) {
	.options = TRAP,
	.pages = 3,
	.how = WALK_EFAULT | WALK_ENOMEM | WALK_SERVED,
	.prepare = zeroes_and_pipe,
	.run = copy_in,
	.again = empty_pipe,
};

/*
 * A fault that the daemon fails, whether that can be kept in mind or not. EFAULT from
 * an access of the kernel is what SIGBUS is for one from user mode, and no signal has
 * to be delivered without faults.
 */
static int refused(struct walk_scene *s)
{
	int ret = 0;

	s->server.fail = EBADMSG;
	if (write(s->pipe[1], (void *)word_of(s, 0), 8) >= 0)
		ret = -EPROTO;
	else if (errno != EFAULT)
		ret = -errno;
	return ret;
}

static bool missing_and_pipe(struct walk_scene *s)
{
	return scene_map(s) && !pipe(s->pipe);
}

WALK(refused) {
	.pages = 1,
	.how = WALK_ENOMEM | WALK_SERVED,
	.prepare = missing_and_pipe,
	.run = refused,
};

TEST_HARNESS_MAIN

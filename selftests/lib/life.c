// SPDX-License-Identifier: GPL-2.0
/*
 * The steps of lives: see life.h.
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "child.h"
#include "failnth.h"
#include "life.h"

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

int step_plain(struct walk_scene *s, int *fds, const struct step *step)
{
	int fd = zxp_create_plain(s->p.fd, AT(step->value));

	fds[step->object] = fd;
	return fd < 0 ? fd : 0;
}

/* Slices are of four pages behind the first two. */
int step_make(struct walk_scene *s, int *fds, const struct step *step)
{
	bool slice = step->value & ZXP_CHILD_SLICE;
	uint64_t pages = step->value & ZXP_CHILD_REFERENCE ? 0 : slice ? 4 : WALK_PAGES;
	int fd = zxp_create_child(fds[step->of], step->value, slice ? AT(2) : 0, AT(pages));

	(void)s;
	fds[step->object] = fd;
	return fd < 0 ? fd : 0;
}

int step_put(struct walk_scene *s, int *fds, const struct step *step)
{
	(void)s;
	return write_all(fds[step->object], (const char *)&step->value, 8, AT(step->page));
}

int step_has(struct walk_scene *s, int *fds, const struct step *step)
{
	uint64_t word;
	int ret = read_all(fds[step->object], (char *)&word, 8, AT(step->page));

	return ret ?: found(s, step, word);
}

static volatile uint64_t *map_page(int *fds, const struct step *step, int prot)
{
	return mmap(NULL, page_size, prot, MAP_SHARED, fds[step->object], AT(step->page));
}

int step_store(struct walk_scene *s, int *fds, const struct step *step)
{
	volatile uint64_t *map = map_page(fds, step, PROT_READ | PROT_WRITE);

	(void)s;
	if (map == MAP_FAILED)
		return -errno;
	*map = step->value;
	return munmap((void *)map, page_size) ? -errno : 0;
}

int step_load(struct walk_scene *s, int *fds, const struct step *step)
{
	volatile uint64_t *map = map_page(fds, step, PROT_READ);
	uint64_t word;

	if (map == MAP_FAILED)
		return -errno;
	word = *map;
	return munmap((void *)map, page_size) ? -errno : found(s, step, word);
}

int step_zero(struct walk_scene *s, int *fds, const struct step *step)
{
	(void)s;
	return zxp_vmo_zero(fds[step->object], AT(step->page), AT(step->value));
}

int step_commit(struct walk_scene *s, int *fds, const struct step *step)
{
	(void)s;
	return zxp_vmo_op_range(fds[step->object], ZXP_VMO_OP_COMMIT, AT(step->page),
				AT(step->value));
}

int step_size(struct walk_scene *s, int *fds, const struct step *step)
{
	(void)s;
	return ftruncate(fds[step->object], AT(step->value)) ? -errno : 0;
}

int step_supply(struct walk_scene *s, int *fds, const struct step *step)
{
	return zxp_supply_aux(s->p.fd, fds[step->object], AT(step->page), AT(1),
			      fds[step->of], AT(step->value));
}

int step_stream(struct walk_scene *s, int *fds, const struct step *step)
{
	(void)s;
	return zxp_set_stream_size(fds[step->object], AT(step->page) + step->value);
}

int step_count_own(struct walk_scene *s, int *fds, const struct step *step)
{
	struct zxp_vmo_query_own arg = { .length = AT(WALK_PAGES) };
	struct zxp_own_range ranges[WALK_PAGES];
	int ret = zxp_vmo_query_own(fds[step->object], &arg, ranges, WALK_PAGES);

	(void)s;
	if (ret || arg.out_actual == step->value)
		return ret;
	diag("object %u has %llu ranges for itself, not %llu", step->object,
	     (unsigned long long)arg.out_actual, (unsigned long long)step->value);
	return -EPROTO;
}

int step_count_children(struct walk_scene *s, int *fds, const struct step *step)
{
	struct zxp_vmo_info info;
	int ret = zxp_vmo_get_info(fds[step->object], &info);

	(void)s;
	if (ret || info.out_children == step->value)
		return ret;
	diag("object %u has %llu children, not %llu", step->object,
	     (unsigned long long)info.out_children, (unsigned long long)step->value);
	return -EPROTO;
}

/* In halves of pages: what two share is a half of each. */
int step_count_halves(struct walk_scene *s, int *fds, const struct step *step)
{
	struct zxp_vmo_info info;
	int ret = zxp_vmo_get_info(fds[step->object], &info);

	(void)s;
	if (ret || info.out_scaled_bytes * 2 == AT(step->value))
		return ret;
	diag("object %u has %llu bytes, not %llu halves of pages", step->object,
	     (unsigned long long)info.out_scaled_bytes, (unsigned long long)step->value);
	return -EPROTO;
}

int step_close(struct walk_scene *s, int *fds, const struct step *step)
{
	(void)s;
	close(fds[step->object]);
	fds[step->object] = -1;
	return 0;
}

/* By who gets no memory, while nothing else fails. */
int step_close_starved(struct walk_scene *s, int *fds, const struct step *step)
{
	int ret;

	fail_pause();
	starve_begin(STARVE_SLAB);
	ret = step_close(s, fds, step);
	starve_end();
	fail_resume();
	return ret;
}

/* What is still there in the end goes, the last one first. */
int live(struct walk_scene *s, const struct step *steps)
{
	int fds[LIFE_OBJECTS], ret = 0, i;

	s->done++;
	memset(fds, -1, sizeof(fds));
	fds[0] = s->vmo->fd;
	for (; !ret && steps->fn; steps++)
		ret = steps->fn(s, fds, steps);
	for (i = LIFE_OBJECTS - 1; i; i--)
		if (fds[i] >= 0)
			close(fds[i]);
	return ret;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * What no lack of memory can bring about fails once: that somebody else was faster.
 * The error is injected into each call of a function in turn.
 *
 *	zxp_request_start, _continue, _hint	something came meanwhile: look again
 *	zxp_vmo_cut_stream_locked		a page was cleaned meanwhile: do it again
 *	zxp_vmo_folio_for_write			the VMO has shrunk meanwhile
 *	__filemap_add_folio			the page is there already, or no memory
 *						for the tree that it is put into
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <linux/falloc.h>
#include <sys/mman.h>

#include "kselftest_harness.h"
#include "lib/failnth.h"
#include "lib/walk.h"

#define AT(page)	((page) * page_size)
#define TRAP		ZXP_VMO_TRAP_DIRTY
#define RESIZABLE	ZXP_VMO_RESIZABLE

WALK_FIXTURE(fail_functions_init);

static bool missing(struct walk_scene *s)
{
	fill_written(s->vmo, 0, WALK_ROOM, s->out);
	return scene_map(s);
}

static bool mixed(struct walk_scene *s)
{
	return scene_mixed(s) && missing(s);
}

static bool zeroes(struct walk_scene *s)
{
	return scene_zero_all(s) && missing(s);
}

static int read_it(struct walk_scene *s)
{
	ssize_t n = pread(s->vmo->fd, s->in, AT(s->vmo->pages), 0);

	return n < 0 ? -errno : n < (ssize_t)AT(s->vmo->pages) ? -ENODATA : 0;
}

static int vmo_read(struct walk_scene *s)
{
	return zxp_vmo_read(s->vmo->fd, 0, AT(s->vmo->pages), s->in);
}

static int write_it(struct walk_scene *s)
{
	ssize_t n = pwrite(s->vmo->fd, s->out, AT(s->vmo->pages), 0);

	return n < 0 ? -errno : n < (ssize_t)AT(s->vmo->pages) ? -ENODATA : 0;
}

static int vmo_write(struct walk_scene *s)
{
	return zxp_vmo_write(s->vmo->fd, 0, AT(s->vmo->pages), s->out);
}

static int load(struct walk_scene *s)
{
	uint64_t page;

	for (page = 0; page < s->vmo->pages; page++)
		(void)*(volatile char *)(s->map + AT(page));
	return 0;
}

static int store(struct walk_scene *s)
{
	uint64_t page;

	for (page = 0; page < s->vmo->pages; page++)
		*(volatile uint64_t *)(s->map + AT(page)) =
			written_word(s->vmo, AT(page) / 8);
	return 0;
}

static int commit(struct walk_scene *s)
{
	return zxp_vmo_op_range(s->vmo->fd, ZXP_VMO_OP_COMMIT, 0, AT(s->vmo->pages));
}

static int will_need(struct walk_scene *s)
{
	return -posix_fadvise(s->vmo->fd, 0, AT(2), POSIX_FADV_WILLNEED);
}

/* "Look again": nobody notices. */
#define AGAIN(call)	.function = "zxp_request_" #call, .error = -EAGAIN,	\
			.how = WALK_SERVED

WALK(read_start) {
	AGAIN(start),
	.prepare = mixed,
	.run = read_it,
	.min_faults = 1,
};

WALK(vmo_read_start) {
	AGAIN(start),
	.prepare = mixed,
	.run = vmo_read,
	.min_faults = 1,
};

WALK(write_start) {
	AGAIN(start),
	.prepare = mixed,
	.run = write_it,
	.min_faults = 1,
};

WALK(write_start_trap) {
	.options = TRAP,
	AGAIN(start),
	.prepare = mixed,
	.run = write_it,
	.min_faults = 3,
};

WALK(load_start) {
	AGAIN(start),
	.prepare = mixed,
	.run = load,
	.min_faults = 2,
};

WALK(store_start_trap) {
	.options = TRAP,
	AGAIN(start),
	.prepare = mixed,
	.run = store,
	.min_faults = 8,
};

WALK(commit_start) {
	.options = TRAP,
	AGAIN(start),
	.prepare = mixed,
	.run = commit,
	.min_faults = 2,
};

WALK(hint) {
	.function = "zxp_request_hint",
	.error = -EAGAIN,
	.how = 0,
	.run = will_need,
	.min_faults = 1,
};

/* Too many of them: it is lost. */
WALK(hint_busy) {
	.function = "zxp_request_hint",
	.error = -EBUSY,
	.how = WALK_HINT,
	.run = will_need,
	.min_faults = 1,
};

/* A reader that goes on with its request: its pages come one by one. */
static int read_slowly(struct test_thread *t)
{
	return -zxp_vmo_read(t->vmo->fd, 0, AT(4), t->arg);
}

static int read_in_pieces(struct walk_scene *s)
{
	uint64_t page;

	s->t.vmo = s->vmo;
	s->t.arg = s->in;
	if (!thread_start(&s->t, read_slowly) ||
	    !pager_wait_read(&s->p, s->vmo, 0, 4))
		return -EPROTO;
	for (page = 0; page < 4; page++) {
		if (!pager_supply(&s->p, s->vmo, page, 1))
			return -EPROTO;
		if (page < 3 && !threads_blocked(&s->t, 1, s->vmo))
			return -EPROTO;
	}
	return thread_wait(&s->t) && content_is(s->vmo, 0, 4, SUPPLIED, s->in) ?
	       0 : -EPROTO;
}

WALK(read_continue) {
	.function = "zxp_request_continue",
	.error = -EAGAIN,
	.how = 0,
	.run = read_in_pieces,
	.min_faults = 1,
};

static int shrink(struct walk_scene *s)
{
	return ftruncate(s->vmo->fd, AT(2) + 512) ? -errno : 0;
}

static int grow(struct walk_scene *s)
{
	return ftruncate(s->vmo->fd, AT(11) + 512) ? -errno : 0;
}

static int cut_stream(struct walk_scene *s)
{
	return zxp_set_stream_size(s->vmo->fd, AT(2) + 512);
}

#define CUT		.function = "zxp_vmo_cut_stream_locked", .error = -EAGAIN,	\
			.how = WALK_SERVED, .min_faults = 1

WALK(cut_shrink) {
	.options = RESIZABLE,
	CUT,
	.prepare = mixed,
	.run = shrink,
};

WALK(cut_shrink_trap) {
	.options = RESIZABLE | TRAP,
	CUT,
	.prepare = mixed,
	.run = shrink,
};

WALK(cut_grow) {
	.options = RESIZABLE,
	CUT,
	.prepare = mixed,
	.run = grow,
};

WALK(cut_stream) {
	.options = TRAP,
	CUT,
	.prepare = mixed,
	.run = cut_stream,
};

/*
 * As if it had shrunk: a write that may extend the stream begins anew, and so does
 * COMMIT; one with Zircon's rules is out of range.
 */
#define SHRUNK		.function = "zxp_vmo_folio_for_write", .error = -ERANGE,	\
			.min_faults = 1

WALK(write_shrunk) {
	SHRUNK,
	.how = WALK_SERVED,
	.prepare = mixed,
	.run = write_it,
};

WALK(vmo_write_shrunk) {
	SHRUNK,
	.how = WALK_SERVED,
	.fails = -ERANGE,
	.prepare = mixed,
	.run = vmo_write,
};

WALK(commit_shrunk) {
	SHRUNK,
	.how = WALK_SERVED,
	.prepare = mixed,
	.run = commit,
};

WALK(cut_shrunk) {
	.options = RESIZABLE,
	SHRUNK,
	.how = WALK_SERVED,
	.prepare = mixed,
	.run = shrink,
};

/* Zero ranges get their pages. Who was faster made the same page. */
#define ADD(err)	.function = "__filemap_add_folio", .error = err,		\
			.min_faults = 1

WALK(add_exists) {
	ADD(-EEXIST),
	.how = WALK_SERVED,
	.prepare = zeroes,
	.run = write_it,
};

WALK(add_exists_mapped) {
	ADD(-EEXIST),
	.how = WALK_SERVED,
	.prepare = zeroes,
	.run = store,
};

WALK(add_nomem) {
	ADD(-ENOMEM),
	.how = WALK_SERVED | WALK_STARVED,
	.prepare = zeroes,
	.run = vmo_write,
};

WALK(add_nomem_mapped) {
	ADD(-ENOMEM),
	.how = WALK_SERVED,
	.prepare = zeroes,
	.run = store,
};

static int supply(struct walk_scene *s)
{
	vmo_fill(s->vmo, 0, s->vmo->pages, s->out);
	return zxp_supply_pages(s->p.fd, s->vmo->fd, 0, AT(s->vmo->pages), s->out);
}

static int dirty(struct walk_scene *s)
{
	return zxp_dirty(s->p.fd, s->vmo->fd, 0, AT(s->vmo->pages));
}

WALK(supply_nomem) {
	ADD(-ENOMEM),
	.how = WALK_STARVED,
	.prepare = scene_map,
	.run = supply,
};

WALK(dirty_nomem) {
	.options = TRAP,
	ADD(-ENOMEM),
	.how = WALK_STARVED | WALK_ATOMIC,
	.prepare = zeroes,
	.run = dirty,
};

TEST_HARNESS_MAIN

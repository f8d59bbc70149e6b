// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever can fail fails once, in the calls by which a daemon takes over from another one.
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "kselftest_harness.h"
#include "lib/failnth.h"
#include "lib/walk.h"

#define AT(page)	((page) * page_size)

WALK_FIXTURE(fail_init);

/*
 * Something of each kind, and somebody who waits for a packet that was read. The keeper has
 * its own descriptor; the scene's pager is a generation, whose packets go to the port.
 */
static bool kept(struct walk_scene *s)
{
	if (!scene_mixed(s) || !thread_check_vmo(&s->t, s->vmo, 6, 1) ||
	    !pager_wait_read(&s->p, s->vmo, 6, 1))
		return false;
	s->aux = s->p.fd;
	s->p.fd = zxp_begin_generation(s->aux);
	s->done = vmo_info(s->vmo).out_id;
	return s->p.fd >= 0 && !zxp_bind_vmo(s->p.fd, s->vmo->fd, s->p.port, s->vmo->key) &&
	       pager_wait_read(&s->p, s->vmo, 6, 1);
}

/* If it fails when all is done there is another one in any case, which nobody has. */
static int begin(struct walk_scene *s)
{
	int ret = zxp_begin_generation(s->aux), next = ret;

	if (next == -EFAULT)
		next = zxp_begin_generation(s->aux);
	if (next >= 0) {
		dup2(next, s->p.fd);
		close(next);
	}
	return ret < 0 ? ret : 0;
}

/* It is asked for what was not answered, and answers. */
static bool begun(struct walk_scene *s)
{
	return !zxp_bind_vmo(s->p.fd, s->vmo->fd, s->p.port, s->vmo->key) &&
	       pager_wait_read(&s->p, s->vmo, 6, 1) && pager_supply(&s->p, s->vmo, 6, 1) &&
	       thread_wait(&s->t);
}

WALK(begin_generation) {
	.how = WALK_ENOMEM | WALK_EFAULT | WALK_ATOMIC,
	.prepare = kept,
	.run = begin,
	.finish = begun,
};

static int list(struct walk_scene *s)
{
	struct zxp_vmo_entry entry[2];
	int n = zxp_list_vmos(s->p.fd, 0, entry, 2);

	if (n < 0)
		return n;
	return n == 1 && entry[0].id == s->done &&
	       entry[0].state == ZXP_VMO_ENTRY_UNWRITTEN ? 0 : -EPROTO;
}

WALK(list_vmos) {
	.how = WALK_EFAULT | WALK_ATOMIC,
	.prepare = kept,
	.run = list,
};

static int open_it(struct walk_scene *s)
{
	s->fd = zxp_open_vmo(s->p.fd, s->done);
	return s->fd < 0 ? s->fd : 0;
}

static bool opened(struct walk_scene *s)
{
	return !zxp_writeback_begin(s->p.fd, s->fd, 0, AT(2), 0) &&
	       !zxp_vmo_read(s->fd, 0, AT(2), s->in) &&
	       content_is(s->vmo, 0, 2, WRITTEN, s->in) &&
	       !zxp_writeback_end(s->p.fd, s->fd, 0, AT(2));
}

WALK(open_vmo) {
	.how = WALK_ENOMEM | WALK_EFAULT | WALK_ATOMIC,
	.prepare = kept,
	.run = open_it,
	.finish = opened,
};

static int bind_it(struct walk_scene *s)
{
	return zxp_bind_vmo(s->p.fd, s->vmo->fd, s->p.port, 0x77);
}

static bool bound(struct walk_scene *s)
{
	uint64_t key;

	return !zxp_query_vmo_key(s->p.fd, s->vmo->fd, &key) && key == 0x77;
}

WALK(bind_vmo) {
	.how = WALK_EFAULT | WALK_ATOMIC,
	.prepare = kept,
	.run = bind_it,
	.finish = bound,
};

static int set_limit(struct walk_scene *s)
{
	return zxp_set_time_limit(s->p.fd, 3600000);
}

static bool limited(struct walk_scene *s)
{
	return fdinfo_number(s->aux, "zxpager-time-limit") == 3600000;
}

WALK(set_time_limit) {
	.how = WALK_EFAULT | WALK_ATOMIC,
	.prepare = kept,
	.run = set_limit,
	.finish = limited,
};

TEST_HARNESS_MAIN

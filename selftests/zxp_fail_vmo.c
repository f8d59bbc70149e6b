// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever can fail fails once, in the system calls of a client: reading, writing,
 * making zero, hints.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <linux/falloc.h>
#include <sys/mman.h>

#include "kselftest_harness.h"
#include "lib/failnth.h"
#include "lib/walk.h"

#define AT(page)	((page) * page_size)

WALK_FIXTURE(fail_init);

/* Pages 1 to 3, in unequal parts of them at the ends. */
#define PART		512
#define PART_LENGTH	(AT(3) - 2 * PART)

static bool something_to_write(struct walk_scene *s)
{
	fill_written(s->vmo, 0, WALK_ROOM, s->out);
	return true;
}

static bool zeroes_to_write(struct walk_scene *s)
{
	return scene_zero_all(s) && something_to_write(s);
}

static bool pages_to_write(struct walk_scene *s)
{
	return scene_supply_all(s) && something_to_write(s);
}

static bool mixed_to_write(struct walk_scene *s)
{
	return scene_mixed(s) && something_to_write(s);
}

static int vmo_write(struct walk_scene *s)
{
	return zxp_vmo_write(s->vmo->fd, AT(1) + PART, PART_LENGTH,
			     s->out + AT(1) + PART);
}

static int pwrite_part(struct walk_scene *s)
{
	return write_all(s->vmo->fd, s->out + AT(1) + PART, PART_LENGTH, AT(1) + PART);
}

static int pwrite_whole(struct walk_scene *s)
{
	return write_all(s->vmo->fd, s->out, AT(s->vmo->pages), 0);
}

WALK(vmo_write_missing) {
	.how = WALK_EFAULT | WALK_SERVED,
	.prepare = something_to_write,
	.run = vmo_write,
};

WALK(vmo_write_missing_trap) {
	.options = ZXP_VMO_TRAP_DIRTY,
	.how = WALK_EFAULT | WALK_SERVED,
	.prepare = something_to_write,
	.run = vmo_write,
};

WALK(vmo_write_zeroes) {
	.how = WALK_ENOMEM | WALK_EFAULT | WALK_SERVED,
	.prepare = zeroes_to_write,
	.run = vmo_write,
};

WALK(vmo_write_zeroes_trap) {
	.options = ZXP_VMO_TRAP_DIRTY,
	.how = WALK_EFAULT | WALK_SERVED,
	.prepare = zeroes_to_write,
	.run = vmo_write,
};

WALK(pwrite_pages) {
	.how = WALK_SERVED,
	.prepare = pages_to_write,
	.run = pwrite_part,
	.min_faults = 3,
};

/* From the second page on it is a short count that tells of a failure. */
WALK(pwrite_mixed) {
	.how = WALK_MAY_ENOMEM | WALK_SERVED,
	.prepare = mixed_to_write,
	.run = pwrite_whole,
	.min_faults = 8,
};

WALK(pwrite_mixed_trap) {
	.options = ZXP_VMO_TRAP_DIRTY,
	.how = WALK_SERVED,
	.prepare = mixed_to_write,
	.run = pwrite_whole,
	.min_faults = 8,
};

/* The stream ends in the middle of page 1, and goes on in page 3. */
#define STREAM		(page_size + 1024)

static bool stream_to_extend(struct walk_scene *s)
{
	return scene_supply(s, 0, 2) && something_to_write(s);
}

static int extend(struct walk_scene *s)
{
	return write_all(s->vmo->fd, s->out + AT(3) + PART, PART, AT(3) + PART);
}

static int append(struct walk_scene *s)
{
	ssize_t n;

	for (; s->done < AT(2); s->done += n) {
		n = write(s->fd, s->out + STREAM + s->done, AT(2) - s->done);
		if (n < 0)
			return -errno;
	}
	return 0;
}

static bool stream_to_append(struct walk_scene *s)
{
	s->fd = reopen(s->vmo->fd, O_WRONLY | O_APPEND);
	return s->fd >= 0 && stream_to_extend(s);
}

WALK(extend_unbounded) {
	.pages = 1,
	.bytes = 1024,
	.options = ZXP_VMO_UNBOUNDED,
	.how = WALK_ENOMEM | WALK_SERVED,
	.prepare = stream_to_extend,
	.run = extend,
};

WALK(extend_unbounded_trap) {
	.pages = 1,
	.bytes = 1024,
	.options = ZXP_VMO_UNBOUNDED | ZXP_VMO_TRAP_DIRTY,
	.how = WALK_ENOMEM | WALK_SERVED,
	.prepare = stream_to_extend,
	.run = extend,
};

WALK(extend_resizable) {
	.pages = 1,
	.bytes = 1024,
	.options = ZXP_VMO_RESIZABLE,
	.how = WALK_ENOMEM | WALK_SERVED,
	.prepare = stream_to_extend,
	.run = extend,
};

WALK(append) {
	.pages = 1,
	.bytes = 1024,
	.options = ZXP_VMO_RESIZABLE,
	.how = WALK_MAY_ENOMEM | WALK_SERVED,
	.prepare = stream_to_append,
	.run = append,
	.min_faults = 5,
};

static int vmo_read(struct walk_scene *s)
{
	int ret = zxp_vmo_read(s->vmo->fd, AT(1) + PART, PART_LENGTH, s->in);

	return ret ?: vmo_bytes_match(s->vmo, AT(1) + PART, s->in, PART_LENGTH) ?
	       0 : -EPROTO;
}

static int pread_part(struct walk_scene *s)
{
	int ret = read_all(s->vmo->fd, s->in, PART_LENGTH, AT(1) + PART);

	return ret ?: vmo_bytes_match(s->vmo, AT(1) + PART, s->in, PART_LENGTH) ?
	       0 : -EPROTO;
}

static int pread_zeroes(struct walk_scene *s)
{
	int ret = read_all(s->vmo->fd, s->in, AT(2), 0);

	return ret ?: is_zero(s->in, AT(2)) ? 0 : -EPROTO;
}

WALK(vmo_read) {
	.how = WALK_EFAULT | WALK_SERVED,
	.run = vmo_read,
};

/* A short count and then the rest, so only a first page can fail. */
WALK(pread) {
	.how = WALK_EFAULT | WALK_SERVED,
	.run = pread_part,
};

/* The kernel does not inject faults into clear_user(). */
WALK(pread_zeroes) {
	.how = WALK_SERVED | WALK_SAFE,
	.prepare = scene_zero_all,
	.run = pread_zeroes,
};

static int splice_out(struct walk_scene *s)
{
	loff_t from = 0, to = 0;
	ssize_t n;

	while (to < (loff_t)AT(2)) {
		if (to == from) {
			n = splice(s->vmo->fd, &from, s->pipe[1], NULL, AT(2) - from, 0);
			if (n <= 0)
				return n ? -errno : -ENODATA;
		}
		n = read(s->pipe[0], s->in + to, from - to);
		if (n < 0)
			return -errno;
		to += n;
	}
	return vmo_bytes_match(s->vmo, 0, s->in, AT(2)) ? 0 : -EPROTO;
}

static bool pipe_is_there(struct walk_scene *s)
{
	return !pipe(s->pipe);
}

/* What a pipe has lost with a read that failed is not there for another one. */
static bool empty_pipe(struct walk_scene *s)
{
	close(s->pipe[0]);
	close(s->pipe[1]);
	return pipe_is_there(s);
}

/* Not each kernel allocates memory in it. */
WALK(splice) {
	.how = WALK_MAY_ENOMEM | WALK_EFAULT | WALK_SERVED,
	.prepare = pipe_is_there,
	.run = splice_out,
	.again = empty_pipe,
};

static int op_range(struct walk_scene *s, uint32_t op)
{
	return zxp_vmo_op_range(s->vmo->fd, op, 0, AT(s->vmo->pages));
}

static int commit(struct walk_scene *s)
{
	return op_range(s, ZXP_VMO_OP_COMMIT);
}

static int prefetch(struct walk_scene *s)
{
	return op_range(s, ZXP_VMO_OP_PREFETCH);
}

static int always_need(struct walk_scene *s)
{
	return op_range(s, ZXP_VMO_OP_ALWAYS_NEED);
}

static int dont_need(struct walk_scene *s)
{
	return op_range(s, ZXP_VMO_OP_DONT_NEED);
}

static bool marked(struct walk_scene *s)
{
	return pager_supply_zero(&s->p, s->vmo, 0, 4);
}

static int will_need(struct walk_scene *s)
{
	return -posix_fadvise(s->vmo->fd, AT(1), AT(2), POSIX_FADV_WILLNEED);
}

WALK(commit) {
	.how = WALK_ENOMEM | WALK_EFAULT | WALK_SERVED,
	.prepare = scene_mixed,
	.run = commit,
};

WALK(commit_trap) {
	.options = ZXP_VMO_TRAP_DIRTY,
	.how = WALK_EFAULT | WALK_SERVED,
	.prepare = scene_mixed,
	.run = commit,
};

WALK(commit_marked) {
	.how = WALK_ENOMEM | WALK_EFAULT | WALK_SERVED,
	.prepare = marked,
	.run = commit,
};

WALK(prefetch) {
	.how = WALK_EFAULT | WALK_SERVED,
	.prepare = scene_mixed,
	.run = prefetch,
};

WALK(always_need) {
	.how = WALK_EFAULT | WALK_SERVED,
	.prepare = scene_mixed,
	.run = always_need,
};

WALK(dont_need) {
	.how = WALK_EFAULT,
	.prepare = scene_mixed,
	.run = dont_need,
};

/* Without memory a hint is lost, and nobody is told. */
WALK(will_need) {
	.how = WALK_HINT,
	.run = will_need,
};

static int get_info(struct walk_scene *s)
{
	struct zxp_vmo_info info;
	int ret = zxp_vmo_get_info(s->vmo->fd, &info);

	return ret ?: info.out_vmo_size == AT(WALK_PAGES) ? 0 : -EPROTO;
}

/* What /proc says of the descriptor. */
static int fdinfo(struct walk_scene *s)
{
	char path[64];
	ssize_t n;
	int ret;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", s->vmo->fd);
	s->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (s->fd < 0)
		return -errno;
	n = read(s->fd, s->in, page_size);
	ret = n < 0 ? -errno : 0;
	close(s->fd);
	s->fd = -1;
	return ret ?: strstr(s->in, "zxpager-dirty:\t8192\n") ? 0 : -EPROTO;
}

static int open_again(struct walk_scene *s)
{
	s->fd = reopen(s->vmo->fd, O_RDONLY);
	return s->fd < 0 ? s->fd : 0;
}

static bool shows_the_same(struct walk_scene *s)
{
	return pread(s->fd, s->in, AT(2), 0) == (ssize_t)AT(2) &&
	       content_is(s->vmo, 0, 2, WRITTEN, s->in);
}

static int sync_it(struct walk_scene *s)
{
	return fsync(s->vmo->fd) ? -errno : 0;
}

WALK(vmo_get_info) {
	.how = WALK_EFAULT | WALK_ATOMIC,
	.prepare = scene_mixed,
	.run = get_info,
};

/* The entry of a descriptor in /proc that cannot be made is not there. */
WALK(fdinfo) {
	.how = WALK_ENOMEM | WALK_MAY_EFAULT | WALK_ATOMIC,
	.may_fail = -ENOENT,
	.prepare = scene_mixed,
	.run = fdinfo,
};

WALK(reopen) {
	.how = WALK_ENOMEM | WALK_EFAULT | WALK_ATOMIC,
	.prepare = scene_mixed,
	.run = open_again,
	.finish = shows_the_same,
};

WALK(fsync) {
	.create_flags = ZXP_CREATE_SYNC,
	.how = WALK_SERVED | WALK_SAFE,
	.prepare = scene_mixed,
	.run = sync_it,
};

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever can fail fails once, in the calls of a daemon: what makes objects, supplies
 * and ends.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/mman.h>

#include "kselftest_harness.h"
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

static int open_pager(struct walk_scene *s)
{
	return made(s, zxp_open(0));
}

static int create_port(struct walk_scene *s)
{
	return made(s, zxp_create_port(s->p.fd));
}

static int create_vmo(struct walk_scene *s)
{
	return made(s, zxp_create_vmo_flags(s->p.fd, ZXP_VMO_TRAP_DIRTY |
					    ZXP_VMO_UNBOUNDED, ZXP_CREATE_SYNC,
					    s->p.port, 1, AT(2)));
}

static int create_plain(struct walk_scene *s)
{
	return made(s, zxp_create_plain(s->p.fd, AT(2)));
}

/* What was made works. */
static bool made_pager(struct walk_scene *s)
{
	int vmo = zxp_create_vmo(s->fd, 0, ZXP_PORT_OWN, 1, AT(1));

	return vmo >= 0 && !zxp_supply_pages(s->fd, vmo, 0, AT(1), s->out) &&
	       !close(vmo);
}

static bool made_vmo(struct walk_scene *s)
{
	return !zxp_supply_pages(s->p.fd, s->fd, 0, AT(2), s->out) &&
	       !zxp_dirty(s->p.fd, s->fd, 0, AT(2)) &&
	       !zxp_vmo_write(s->fd, 0, AT(2), s->out);
}

static bool made_plain(struct walk_scene *s)
{
	return pwrite(s->fd, s->out, AT(2), 0) == (ssize_t)AT(2);
}

/* Not one VMO is left. */
static bool alone(struct walk_scene *s)
{
	vmo_release(s->vmo);
	return pager_wait_complete(&s->p, s->vmo->key);
}

WALK(open) {
	.how = WALK_ENOMEM | WALK_MAY_EFAULT | WALK_ATOMIC,
	.run = open_pager,
	.finish = made_pager,
};

WALK(create_port) {
	.how = WALK_ENOMEM | WALK_EFAULT | WALK_ATOMIC,
	.run = create_port,
};

WALK(create_vmo) {
	.how = WALK_ENOMEM | WALK_EFAULT | WALK_ATOMIC,
	.run = create_vmo,
	.finish = made_vmo,
};

WALK(create_first_vmo) {
	.how = WALK_ENOMEM | WALK_EFAULT | WALK_ALONE,
	.prepare = alone,
	.run = create_vmo,
	.finish = made_vmo,
};

WALK(create_plain) {
	.how = WALK_ENOMEM | WALK_EFAULT | WALK_ATOMIC,
	.run = create_plain,
	.finish = made_plain,
};

/* Pages that were supplied have what they were supplied with: zeroes are those in @zeroes. */
static bool has_content(const struct vmo_view *view, uint64_t page, uint64_t end, uint64_t zeroes)
{
	enum view_content want;

	for (; page < end; page++) {
		want = zeroes & 1ULL << page ? VIEW_ZEROES : VIEW_SUPPLIED;
		if (view->page[page].content != want) {
			diag("page %llu is %u and not %u", (unsigned long long)page,
			     view->page[page].content, want);
			return false;
		}
	}
	return true;
}

/* How far a call came is what it says, if it could say it. */
static int told(struct walk_scene *s, const struct zxp_supply_pages *arg, int ret, uint64_t zeroes)
{
	struct vmo_view view;

	if (!ret && arg->out_done != arg->length)
		return -EPROTO;
	if (arg->out_done == ~0ULL || !vmo_look(s->vmo, &view))
		return ret;
	return arg->out_filled <= arg->out_done && arg->out_done <= arg->length &&
	       has_content(&view, 0, arg->out_done / page_size, zeroes) ? ret : -EPROTO;
}

static int supply(struct walk_scene *s)
{
	struct zxp_supply_pages arg = {
		.vmo_fd = s->vmo->fd,
		.aux_fd = -1,
		.length = AT(s->vmo->pages),
		.source = (uintptr_t)s->out,
		.out_done = ~0ULL,
	};
	int ret;

	vmo_fill(s->vmo, 0, s->vmo->pages, s->out);
	ret = zxp_supply(s->p.fd, &arg);
	fail_pause();
	return told(s, &arg, ret, 0);
}

/* Three ranges, of which the one in the middle comes last. */
static int supply_ranges(struct walk_scene *s)
{
	static const uint64_t pages[][2] = { { 0, 2 }, { 5, 1 }, { 2, 3 } };
	struct zxp_supply_range range[ARRAY_SIZE(pages)];
	struct zxp_supply_ranges arg;
	struct vmo_view view;
	unsigned int i;
	uint64_t end;
	int ret;

	vmo_fill(s->vmo, 0, s->vmo->pages, s->out);
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		range[i] = (struct zxp_supply_range) {
			.vmo_fd = s->vmo->fd,
			.aux_fd = -1,
			.offset = AT(pages[i][0]),
			.length = AT(pages[i][1]),
			.source = (uintptr_t)s->out + AT(pages[i][0]),
		};
	ret = zxp_supply_ranges(s->p.fd, range, ARRAY_SIZE(range), &arg);
	fail_pause();
	if (!ret && (arg.out_ranges != ARRAY_SIZE(range) || arg.out_done))
		return -EPROTO;
	if (arg.out_done == ~0ULL || !vmo_look(s->vmo, &view))
		return ret;
	if (ret && arg.out_ranges >= ARRAY_SIZE(range))
		return -EPROTO;
	for (i = 0; i < ARRAY_SIZE(range) && i <= arg.out_ranges; i++) {
		end = pages[i][0] + (i < arg.out_ranges ? pages[i][1] :
						arg.out_done / page_size);
		if (!has_content(&view, pages[i][0], end, 0))
			return -EPROTO;
	}
	return ret;
}

/* Page 1 of it is a hole. */
static bool fill_aux(struct walk_scene *s)
{
	if (s->aux < 0)
		s->aux = zxp_create_plain(s->p.fd, AT(s->vmo->pages));
	vmo_fill(s->vmo, 0, s->vmo->pages, s->out);
	return pwrite(s->aux, s->out, AT(1), 0) == (ssize_t)AT(1) &&
	       pwrite(s->aux, s->out + AT(2), AT(s->vmo->pages - 2), AT(2)) ==
	       (ssize_t)AT(s->vmo->pages - 2);
}

/* All of it has left, whether the call has failed or not. */
static bool aux_is_empty(struct walk_scene *s)
{
	struct zxp_vmo_info info;

	if (!zxp_vmo_get_info(s->aux, &info) && !info.out_resident)
		return true;
	diag("%llu bytes are left in the plain VMO", info.out_resident);
	return false;
}

static int supply_from_aux(struct walk_scene *s, uint64_t zeroes)
{
	struct zxp_supply_pages arg = {
		.flags = ZXP_SUPPLY_AUX,
		.vmo_fd = s->vmo->fd,
		.aux_fd = s->aux,
		.length = AT(s->vmo->pages),
		.out_done = ~0ULL,
	};
	int ret = zxp_supply(s->p.fd, &arg);

	fail_pause();
	return told(s, &arg, ret, zeroes);
}

static int supply_aux(struct walk_scene *s)
{
	return supply_from_aux(s, 1ULL << 1);
}

static int supply_whole_aux(struct walk_scene *s)
{
	return supply_from_aux(s, 0);
}

static int supply_holes(struct walk_scene *s)
{
	return supply_from_aux(s, ~0ULL);
}

/* Before the call was understood nothing has left it. */
static bool refill_aux(struct walk_scene *s)
{
	struct zxp_vmo_info info;

	if (zxp_vmo_get_info(s->aux, &info))
		return false;
	return (info.out_resident == AT(s->vmo->pages - 1) || aux_is_empty(s)) &&
	       fill_aux(s);
}

/* No hole, so that large folios are made of it. */
static bool fill_whole_aux(struct walk_scene *s)
{
	size_t length = AT(s->vmo->pages);

	if (s->aux < 0)
		s->aux = zxp_create_plain(s->p.fd, length);
	vmo_fill(s->vmo, 0, s->vmo->pages, s->out);
	return pwrite(s->aux, s->out, length, 0) == (ssize_t)length;
}

static bool refill_whole_aux(struct walk_scene *s)
{
	struct zxp_vmo_info info;

	if (zxp_vmo_get_info(s->aux, &info))
		return false;
	return (info.out_resident == AT(s->vmo->pages) || aux_is_empty(s)) &&
	       fill_whole_aux(s);
}

static bool empty_aux(struct walk_scene *s)
{
	s->aux = zxp_create_plain(s->p.fd, AT(s->vmo->pages));
	return s->aux >= 0;
}

/* Where one is there already, pages are allocated one by one. */
static bool one_is_there(struct walk_scene *s)
{
	return scene_supply(s, 1, 1);
}

WALK(supply) {
	.pages = 3,
	.how = WALK_ENOMEM | WALK_EFAULT,
	.prepare = one_is_there,
	.run = supply,
};

WALK(supply_ranges) {
	.how = WALK_ENOMEM | WALK_EFAULT,
	.run = supply_ranges,
};

/*
 * More than is prepared at once; where there are large folios the first is one. What
 * cannot be allocated together can be one by one.
 */
WALK(supply_batches) {
	.pages = 18,
	.create_flags = ZXP_CREATE_READ_ONLY,
	.how = WALK_MAY_ENOMEM | WALK_EFAULT,
	.run = supply,
};

WALK(supply_aux) {
	.pages = 4,
	.how = WALK_STARVED | WALK_EFAULT,
	.prepare = fill_aux,
	.run = supply_aux,
	.again = refill_aux,
	.finish = aux_is_empty,
};

/* One large folio, and two pages. */
WALK(supply_aux_large) {
	.pages = 18,
	.create_flags = ZXP_CREATE_READ_ONLY,
	.how = WALK_MAY_ENOMEM | WALK_EFAULT,
	.prepare = fill_whole_aux,
	.run = supply_whole_aux,
	.again = refill_whole_aux,
	.finish = aux_is_empty,
};

WALK(supply_zeroes) {
	.pages = 3,
	.how = WALK_STARVED | WALK_EFAULT,
	.prepare = empty_aux,
	.run = supply_holes,
};

/* Somebody waits for page 0. */
static bool reader_waits(struct walk_scene *s)
{
	return thread_check_vmo(&s->t, s->vmo, 0, 1) &&
	       pager_wait_read(&s->p, s->vmo, 0, 1);
}

static int fail_reader(struct walk_scene *s)
{
	return zxp_fail(s->p.fd, s->vmo->fd, 0, AT(1), EIO);
}

static bool reader_failed(struct walk_scene *s)
{
	return thread_wait_failure(&s->t, EIO);
}

static int detach(struct walk_scene *s)
{
	return zxp_detach_vmo(s->p.fd, s->vmo->fd);
}

static bool reader_detached(struct walk_scene *s)
{
	return thread_wait_failure(&s->t, ESTALE);
}

static bool mixed_and_reader(struct walk_scene *s)
{
	return scene_mixed(s) && thread_check_vmo(&s->t, s->vmo, 6, 1) &&
	       pager_wait_read(&s->p, s->vmo, 6, 1);
}

static int sync_file(struct test_thread *t)
{
	return fsync(t->vmo->fd) ? errno : 0;
}

static bool syncer_waits(struct walk_scene *s)
{
	s->t.vmo = s->vmo;
	return thread_start(&s->t, sync_file) &&
	       pager_wait_sync(&s->p, s->vmo, 0, WALK_PAGES);
}

static int sync_end(struct walk_scene *s)
{
	return zxp_sync_end(s->p.fd, s->vmo->fd, 0, AT(WALK_PAGES), ENOSPC);
}

static bool syncer_failed(struct walk_scene *s)
{
	return thread_wait_failure(&s->t, ENOSPC);
}

WALK(fail) {
	.how = WALK_EFAULT | WALK_ATOMIC,
	.prepare = reader_waits,
	.run = fail_reader,
	.finish = reader_failed,
};

WALK(detach) {
	.how = WALK_EFAULT | WALK_ATOMIC,
	.prepare = mixed_and_reader,
	.run = detach,
	.finish = reader_detached,
};

WALK(sync_end) {
	.create_flags = ZXP_CREATE_SYNC,
	.how = WALK_EFAULT | WALK_ATOMIC,
	.prepare = syncer_waits,
	.run = sync_end,
	.finish = syncer_failed,
};

/* Three packets, since a VMO has one in the stream at a time. */
static bool packets_are_there(struct walk_scene *s)
{
	struct test_vmo *vmo;
	int i;

	for (i = 0; i < 3; i++) {
		vmo = i ? pager_create_vmo(&s->p, 4) : s->vmo;
		if (!vmo || posix_fadvise(vmo->fd, AT(i), AT(1), POSIX_FADV_WILLNEED))
			return false;
	}
	return true;
}

/* Whole packets or nothing; what was not read is still there. */
static int read_packets(struct walk_scene *s)
{
	ssize_t n;

	while (s->nr_packets < 3) {
		n = read(s->p.port, &s->packets[s->nr_packets],
			 (VIEW_PACKETS - s->nr_packets) * sizeof(s->packets[0]));
		if (n < 0)
			return -errno;
		if (!n || n % sizeof(s->packets[0]))
			return -EPROTO;
		s->nr_packets += n / sizeof(s->packets[0]);
	}
	return 0;
}

static bool packets_are_right(struct walk_scene *s)
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		if (s->packets[i].key != s->p.vmos[i]->key ||
		    s->packets[i].offset != AT(i) || s->packets[i].length != AT(1)) {
			diag("packet %u is of %#llx at %#llx", i,
			     s->packets[i].key, s->packets[i].offset);
			return false;
		}
	return s->nr_packets == 3;
}

static int poll_port(struct walk_scene *s)
{
	struct pollfd fd = { .fd = s->p.port, .events = POLLIN };
	int ret = poll(&fd, 1, -1);

	return ret < 0 ? -errno : ret == 1 && fd.revents == POLLIN ? 0 : -EPROTO;
}

WALK(read_packets) {
	.how = WALK_EFAULT | WALK_ATOMIC,
	.prepare = packets_are_there,
	.run = read_packets,
	.finish = packets_are_right,
};

WALK(poll) {
	.how = WALK_EFAULT | WALK_ATOMIC | WALK_MAY_ENOMEM,
	.prepare = packets_are_there,
	.run = poll_port,
};

static int get_info(struct walk_scene *s)
{
	struct zxp_info info;

	return zxp_get_info(s->p.fd, &info);
}

static int close_fd(int *fd)
{
	int ret = close(*fd) ? -errno : 0;

	*fd = -1;
	return ret;
}

static int close_pager(struct walk_scene *s)
{
	int ret = close_fd(&s->p.fd);

	/* There is no pager any more that could be asked. */
	vmo_release(s->vmo);
	return ret;
}

static int close_port(struct walk_scene *s)
{
	return close_fd(&s->p.port);
}

static int close_vmo(struct walk_scene *s)
{
	if (s->vmo->map && munmap(s->vmo->map, s->vmo->map_pages * page_size))
		return -errno;
	s->vmo->map = NULL;
	return close_fd(&s->vmo->fd);
}

static bool complete_came(struct walk_scene *s)
{
	return pager_wait_complete(&s->p, s->vmo->key);
}

WALK(get_info) {
	.how = WALK_EFAULT | WALK_ATOMIC,
	.run = get_info,
};

WALK(close_pager) {
	.how = WALK_SAFE,
	.prepare = mixed_and_reader,
	.run = close_pager,
	.finish = reader_detached,
};

WALK(close_port) {
	.how = WALK_SAFE,
	.prepare = packets_are_there,
	.run = close_port,
};

/* Linux 6.1 wants memory to unmap something. */
WALK(close_vmo) {
	.how = WALK_SAFE | WALK_MAY_ENOMEM,
	.prepare = scene_mixed,
	.run = close_vmo,
	.finish = complete_came,
};

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * System calls that may take their time, or hang, until a thread of the crew makes them.
 *
 * One that hangs cannot be taken back, and has its thread for good.  So a disk that hangs
 * gets no more than its share, and if there are several of them half of all calls are left
 * for the others, one each.  Somebody waits for what is read, so reads go first; and a file
 * system that is frozen, where they go on, has room for them.
 *
 * Where reads sleep, but not for long, a thread for each of them takes more than the reads
 * themselves do.  Then small ones are announced, for the file system to begin them all, and
 * one thread, which attends to the disk, makes them in turn: while it sleeps for one the next
 * ones come as well.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "calls.h"

#define QUICK_NS	50000		/* without a sleep */
#define QUICK_READS	16
#define BRIEF_NS	1000000		/* with one that may be waited for on the way to others */
#define SMALL		(16u << 10)	/* bytes, which take no time to be copied */
#define ANNOUNCED_MAX	32		/* at a time */

unsigned int calls_share = 32;

static struct disk *disks;
static struct disk *asking;	/* each has its turn */
static unsigned int under_way;
static unsigned int quick;	/* so many reads at a stretch have been */
static bool brief;	/* the last one that has slept was small, and has not for long */

struct disk *calls_disk(dev_t device)
{
	struct disk *d = disks;

	while (d && d->device != device)
		d = d->next;
	if (d)
		return d;
	d = malloc(sizeof(*d));
	if (!d)
		return NULL;
	*d = (struct disk){ .device = device, .next = disks };
	disks = d;
	return d;
}

/* --- the calls ---------------------------------------------------------------------- */

static int result(ssize_t n)
{
	return n < 0 ? -errno : (int)n;
}

static int make_read(const struct file_call *c)
{
	struct iovec to;

	if (!c->mode)
		return result(pread(c->fd, c->buffer, c->length, (off_t)c->offset));
	to = (struct iovec){ .iov_base = c->buffer, .iov_len = c->length };
	return result(preadv2(c->fd, &to, 1, (off_t)c->offset, c->mode));
}

static int make_write(const struct file_call *c)
{
	return result(pwrite(c->fd, c->buffer, c->length, (off_t)c->offset));
}

static int make_sync(const struct file_call *c)
{
	return result(c->mode ? fdatasync(c->fd) : fsync(c->fd));
}

static int make_allocate(const struct file_call *c)
{
	return result(fallocate(c->fd, c->mode, (off_t)c->offset, (off_t)c->length));
}

static int make_resize(const struct file_call *c)
{
	return result(ftruncate(c->fd, (off_t)c->offset));
}

/* --- which one is next ------------------------------------------------------------- */

/* There are not many of them. */
static void ask(struct disk *d)
{
	struct disk **end = &asking;

	while (*end)
		end = &(*end)->next_asking;
	d->next_asking = NULL;
	*end = d;
}

static bool has_calls(const struct disk *d)
{
	return d->announced.first || d->reads.first || d->others.first;
}

static bool is_read(const struct event *ev)
{
	return ev->call.make == make_read;
}

static bool is_small(const struct event *ev)
{
	return ev && ev->call.length <= SMALL;
}

static void append(struct call_queue *queue, struct event *ev)
{
	ev->next = NULL;
	if (!queue->first)
		queue->end = &queue->first;
	*queue->end = ev;
	queue->end = &ev->next;
}

static struct event *take_first(struct call_queue *queue)
{
	struct event *ev = queue->first;

	queue->first = ev->next;
	return ev;
}

void calls_begin(struct disk *d, struct event *ev, struct file_call call)
{
	ev->call = call;
	ev->call.disk = d;
	if (!has_calls(d))
		ask(d);
	append(is_read(ev) ? &d->reads : &d->others, ev);
}

/* What the disk may go on with now, or NULL. */
static struct call_queue *may_make(struct disk *d)
{
	bool room = under_way < 2 * calls_share && d->under_way < calls_share;

	if (room || d->under_way == d->others_under_way) {
		if (d->announced.first && !(d->brief && d->attendant))
			return &d->announced;
		if (d->reads.first)
			return &d->reads;
	}
	room = room && d->others_under_way < calls_share / 2;
	return d->others.first && (room || !d->others_under_way) ? &d->others : NULL;
}

/* The one whose turn it is, and where; NULL if there is none. */
static struct call_queue *next_queue(struct disk **disk)
{
	struct call_queue *queue = NULL;

	*disk = under_way < 4 * calls_share ? asking : NULL;
	while (*disk && !(queue = may_make(*disk)))
		*disk = (*disk)->next_asking;
	return queue;
}

bool calls_any(void)
{
	struct disk *d;

	return next_queue(&d);
}

bool calls_are_quick(void)
{
	return quick >= QUICK_READS;
}

bool calls_are_brief(void)
{
	return brief;
}

bool calls_next_is_quick(void)
{
	struct disk *d;
	struct call_queue *queue = next_queue(&d);

	return queue &&
	       (queue == &d->announced || (queue == &d->reads && calls_are_quick()));
}

struct event *calls_take(void)
{
	struct disk **link = &asking, *d;
	struct call_queue *queue = next_queue(&d);
	struct event *ev;

	if (!queue)
		return NULL;
	ev = take_first(queue);
	while (*link != d)
		link = &(*link)->next_asking;
	*link = d->next_asking;
	if (has_calls(d))
		ask(d);
	ev->call.taken = loop_now_ns();
	if (!is_read(ev))
		d->others_under_way++;
	else if (!d->attendant)
		d->attendant = ev;
	d->under_way++;
	under_way++;
	return ev;
}

/* Which way to read a file is better depends on that. */
static void take_time(const struct event *ev, uint64_t ns)
{
	if (ns < QUICK_NS) {
		quick += quick < QUICK_READS;
		return;
	}
	quick = 0;
	brief = is_small(ev) && ns < BRIEF_NS;
	if (is_small(ev))
		ev->call.disk->brief = brief;
}

static void end(struct event *ev)
{
	struct disk *d = ev->call.disk;

	if (!is_read(ev))
		d->others_under_way--;
	if (d->attendant == ev)
		d->attendant = NULL;
	d->under_way--;
	under_way--;
}

/* What it takes is that of the call alone, not of the lock. */
static int make(struct event *ev, uint64_t *ns)
{
	uint64_t begin;
	int res;

	loop_unlock();
	begin = loop_now_ns();
	res = ev->call.make(&ev->call);
	*ns = loop_now_ns() - begin;
	loop_lock();
	end(ev);
	return res;
}

void calls_make(struct event *ev)
{
	uint64_t ns;
	int res = make(ev, &ns);

	if (is_read(ev))
		take_time(ev, ns);
	ev->handler(ev, res);
}

/* Not all file systems can tell.  What is large would be read in pieces. */
bool calls_try(struct event *ev)
{
	struct disk *d = ev->call.disk;
	int mode = is_small(ev) && !d->cannot_tell ? RWF_NOWAIT : 0, res;
	uint64_t ns;

	ev->call.mode = mode;
	res = make(ev, &ns);
	ev->call.mode = 0;
	if (res != -EAGAIN && res != -EOPNOTSUPP) {
		/* One that was not to sleep says nothing of those that may. */
		if (!mode)
			take_time(ev, ns);
		ev->handler(ev, res);
		return mode || ns < QUICK_NS;
	}
	d->cannot_tell = res == -EOPNOTSUPP;
	/* It is still the first one. */
	if (!has_calls(d))
		ask(d);
	ev->next = d->announced.first;
	if (!ev->next)
		d->announced.end = &ev->next;
	d->announced.first = ev;
	return false;
}

/* --- announcing them --------------------------------------------------------------------- */

/* A single one is made at once, but if somebody attends to the disk already. */
static struct disk *disk_to_announce(void)
{
	struct disk *d;
	struct call_queue *queue = calls_are_quick() ? NULL : next_queue(&d);

	if (!queue || queue == &d->others || !d->brief)
		return NULL;
	return is_small(d->reads.first) && (d->attendant || is_small(d->reads.first->next)) ?
	       d : NULL;
}

bool calls_may_announce(void)
{
	return disk_to_announce();
}

/* Others may make them meanwhile, if it takes long: then what is read ahead is not needed. */
void calls_announce(void)
{
	struct disk *d = disk_to_announce();
	struct file_call calls[ANNOUNCED_MAX];
	uint64_t began, ns = 0;
	struct event *first;
	unsigned int n = 0;

	if (!d)
		return;
	first = d->reads.first;
	while (n < ANNOUNCED_MAX && is_small(d->reads.first)) {
		calls[n++] = d->reads.first->call;
		append(&d->announced, take_first(&d->reads));
	}
	first->call.taken = loop_now_ns();
	if (!d->attendant)
		d->attendant = first;
	d->under_way++;
	under_way++;
	loop_unlock();
	/* It sleeps where the file system has to read first where to read: then no more of it. */
	for (unsigned int i = 0; i < n && ns < QUICK_NS; i++) {
		began = loop_now_ns();
		posix_fadvise(calls[i].fd, (off_t)calls[i].offset, (off_t)calls[i].length,
			      POSIX_FADV_WILLNEED);
		ns = loop_now_ns() - began;
	}
	loop_lock();
	d->under_way--;
	under_way--;
	if (d->attendant == first)
		d->attendant = NULL;
}

bool calls_hang(uint64_t ns)
{
	uint64_t now = loop_now_ns();
	bool any = false;

	for (struct disk *d = disks; d; d = d->next) {
		if (!d->attendant || now - d->attendant->call.taken < ns)
			continue;
		d->attendant = NULL;
		d->brief = false;
		quick = 0;
		any = true;
	}
	return any;
}

/* --- beginning them -------------------------------------------------------------------- */

void calls_read(struct disk *disk, struct event *ev, int fd, void *buffer, uint32_t length,
		uint64_t offset)
{
	calls_begin(disk, ev, (struct file_call){
		.make = make_read,
		.fd = fd,
		.buffer = buffer,
		.length = length,
		.offset = offset,
	});
}

void calls_write(struct disk *disk, struct event *ev, int fd, const void *buffer,
		 uint32_t length, uint64_t offset)
{
	calls_begin(disk, ev, (struct file_call){
		.make = make_write,
		.fd = fd,
		.buffer = (void *)buffer,
		.length = length,
		.offset = offset,
	});
}

void calls_sync(struct disk *disk, struct event *ev, int fd, bool data_only)
{
	calls_begin(disk, ev, (struct file_call){ .make = make_sync, .fd = fd, .mode = data_only });
}

void calls_allocate(struct disk *disk, struct event *ev, int fd, int mode, uint64_t offset,
		    uint64_t length)
{
	calls_begin(disk, ev, (struct file_call){
		.make = make_allocate,
		.fd = fd,
		.mode = mode,
		.length = length,
		.offset = offset,
	});
}

void calls_resize(struct disk *disk, struct event *ev, int fd, uint64_t size)
{
	calls_begin(disk, ev, (struct file_call){ .make = make_resize, .fd = fd, .offset = size });
}

// SPDX-License-Identifier: GPL-2.0
/*
 * System calls that may take their time, or hang, until a thread of the crew makes them.
 *
 * One that hangs cannot be taken back, and has its thread for good.  So a disk that hangs
 * gets no more than its share, and if there are several of them half of all calls are left
 * for the others, one each.  Somebody waits for what is read, so reads go first; and a file
 * system that is frozen, where they go on, has room for them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"

#define QUICK_NS	50000
#define QUICK_READS	16

unsigned int calls_share = 32;

static struct disk *disks;
static struct disk *asking;	/* each has its turn */
static unsigned int under_way;
static unsigned int quick;	/* so many reads at a stretch have been */

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
	return result(pread(c->fd, c->buffer, c->length, (off_t)c->offset));
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
	return d->reads.first || d->others.first;
}

static bool is_read(const struct event *ev)
{
	return ev->call.make == make_read;
}

static void begin(struct disk *d, struct event *ev, struct file_call call)
{
	struct call_queue *queue;

	ev->call = call;
	ev->call.disk = d;
	ev->next = NULL;
	if (!has_calls(d))
		ask(d);
	queue = is_read(ev) ? &d->reads : &d->others;
	if (!queue->first)
		queue->end = &queue->first;
	*queue->end = ev;
	queue->end = &ev->next;
}

/* What the disk may go on with now, or NULL. */
static struct call_queue *may_make(struct disk *d)
{
	bool room = under_way < 2 * calls_share && d->under_way < calls_share;

	if (d->reads.first && (room || d->under_way == d->others_under_way))
		return &d->reads;
	room = room && d->others_under_way < calls_share / 2;
	return d->others.first && (room || !d->others_under_way) ? &d->others : NULL;
}

bool calls_any(void)
{
	struct disk *d = under_way < 4 * calls_share ? asking : NULL;

	while (d && !may_make(d))
		d = d->next_asking;
	return d;
}

struct event *calls_take(void)
{
	struct disk **link = &asking, *d;
	struct call_queue *queue;
	struct event *ev;

	while (!(queue = may_make(*link)))
		link = &(*link)->next_asking;
	d = *link;
	*link = d->next_asking;
	ev = queue->first;
	queue->first = ev->next;
	if (has_calls(d))
		ask(d);
	d->others_under_way += !is_read(ev);
	d->under_way++;
	under_way++;
	return ev;
}

bool calls_are_quick(const struct event *ev)
{
	return quick >= QUICK_READS && (!ev || is_read(ev));
}

void calls_slept(void)
{
	quick = 0;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Files are read in two ways, of which one is better if a read does not sleep. */
static void take_time(uint64_t ns)
{
	if (ns >= QUICK_NS)
		quick = 0;
	else if (quick < QUICK_READS)
		quick++;
}

void calls_make(struct event *ev)
{
	uint64_t begin;
	int res;

	loop_unlock();
	begin = now_ns();
	res = ev->call.make(&ev->call);
	begin = now_ns() - begin;
	loop_lock();
	if (is_read(ev))
		take_time(begin);
	else
		ev->call.disk->others_under_way--;
	ev->call.disk->under_way--;
	under_way--;
	ev->handler(ev, res);
}

/* --- beginning them -------------------------------------------------------------------- */

void calls_read(struct disk *disk, struct event *ev, int fd, void *buffer, uint32_t length,
		uint64_t offset)
{
	begin(disk, ev, (struct file_call){
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
	begin(disk, ev, (struct file_call){
		.make = make_write,
		.fd = fd,
		.buffer = (void *)buffer,
		.length = length,
		.offset = offset,
	});
}

void calls_sync(struct disk *disk, struct event *ev, int fd, bool data_only)
{
	begin(disk, ev, (struct file_call){ .make = make_sync, .fd = fd, .mode = data_only });
}

void calls_allocate(struct disk *disk, struct event *ev, int fd, int mode, uint64_t offset,
		    uint64_t length)
{
	begin(disk, ev, (struct file_call){
		.make = make_allocate,
		.fd = fd,
		.mode = mode,
		.length = length,
		.offset = offset,
	});
}

void calls_resize(struct disk *disk, struct event *ev, int fd, uint64_t size)
{
	begin(disk, ev, (struct file_call){ .make = make_resize, .fd = fd, .offset = size });
}

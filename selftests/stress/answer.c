// SPDX-License-Identifier: GPL-2.0
/*
 * The packets of a daemon, what may come when, and the answers.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <sched.h>
#include <sys/stat.h>
#include <time.h>

#include "daemon.h"

#define AT_ONCE		4

static const int codes[] = { EIO, EBADMSG, ENOSPC, ENOBUFS, ESTALE };

/* What was true of a VMO before a read() began holds for all that it returns. */
struct before {
	bool detached[SERVED];
	bool completed[SERVED];
};

static void bad(struct served *s, const char *what, uint64_t off, uint64_t len, int rc)
{
	wrong("daemon, VMO %d: %s %#" PRIx64 "+%#" PRIx64 ": %s", s->v, what, off, len,
	      strerror(-rc));
}

/* For a thread that has begun something with this in mind. */
bool was_followed(struct daemon *d, unsigned int taken_over)
{
	return load(d->begun) != taken_over;
}

/* Another one has taken over, so what this thread says is of no effect. */
static bool is_former(struct daemon_thread *t)
{
	return t->d->keeper >= 0 && load(t->d->taken_over) > t->generation;
}

/* Refused to a former generation: another one was asked for it, or will be. */
static bool late(struct daemon *d, int rc)
{
	if (rc != -ESHUTDOWN || !load(d->begun))
		return false;
	add(d->pb->late, 1);
	return true;
}

/* Errors that are nobody's fault; of a pager that was closed, any. */
static bool may_be(struct daemon *d, struct served *s, int rc)
{
	return !rc || late(d, rc) || rc == -ENOENT || load(d->closing) ||
	       (rc == -ESTALE && load(board->vmo[s->v].gone));
}

static int supply_memory(struct daemon_thread *t, struct served *s, uint64_t off,
			 uint64_t len)
{
	struct zxp_supply_pages arg = {
		.vmo_fd = s->vmo.fd,
		.aux_fd = -1,
		.offset = off,
		.length = len,
		.source = (uintptr_t)s->k.store + off,
	};
	int rc;

	rc = zxp_supply(t->fd, &arg);
	if (!load(t->d->closing))
		add(s->filled, arg.out_filled);
	return rc;
}

static bool all_zero(const char *page)
{
	return !page[0] && !memcmp(page, page + 1, page_size - 1);
}

/* By way of a plain VMO; pages that are zero stay holes of it. */
static int supply_plain(struct daemon_thread *t, struct served *s, uint64_t off,
			uint64_t len)
{
	struct zxp_supply_pages arg = {
		.flags = ZXP_SUPPLY_AUX,
		.vmo_fd = s->vmo.fd,
		.aux_fd = t->aux,
		.offset = off,
		.length = len,
		.source = off,
	};
	uint64_t at;
	int rc;

	for (at = off; at < off + len; at += page_size) {
		if (all_zero(s->k.store + at))
			rc = -zxp_vmo_zero(t->aux, at, page_size);
		else
			rc = pwrite(t->aux, s->k.store + at, page_size, at) < 0 ? errno : 0;
		if (rc) {
			bad(s, "write to a plain VMO", at, page_size, -rc);
			return 0;
		}
	}
	rc = zxp_supply(t->fd, &arg);
	if (!load(t->d->closing))
		add(s->filled, arg.out_filled);
	return rc;
}

static int give(struct daemon_thread *t, struct served *s, uint64_t off, uint64_t len)
{
	int rc;

	pthread_mutex_lock(&s->k.store_lock);
	if (one_in(&t->dice, 8))
		rc = supply_plain(t, s, off, len);
	else
		rc = supply_memory(t, s, off, len);
	pthread_mutex_unlock(&s->k.store_lock);
	return rc;
}

static int allow(struct daemon_thread *t, struct served *s, uint64_t off, uint64_t len)
{
	return zxp_dirty(t->fd, s->vmo.fd, off, len);
}

static int refuse(struct daemon_thread *t, struct served *s, uint64_t off, uint64_t len)
{
	int code = codes[roll(&t->dice, sizeof(codes) / sizeof(codes[0]))];

	add(t->d->pb->fails, 1);
	return zxp_fail(t->fd, s->vmo.fd, off, len, code);
}

typedef int (*answer_fn)(struct daemon_thread *t, struct served *s, uint64_t off,
			 uint64_t len);

/* What was cut off in part is answered as far as it is there. */
static void answer(struct daemon_thread *t, struct served *s, answer_fn fn, uint64_t off,
		   uint64_t len)
{
	bool former = is_former(t);
	uint64_t at;
	int rc = fn(t, s, off, len);

	if (former && rc != -ESHUTDOWN && !load(t->d->closing))
		bad(s, "not refused to a former generation", off, len, rc);
	if (rc == -ERANGE || rc == -ENOENT) {
		for (rc = 0, at = off; at < off + len; at += page_size) {
			rc = fn(t, s, at, page_size);
			if (rc == -ERANGE)
				rc = 0;
			if (!may_be(t->d, s, rc))
				break;
		}
	}
	if (!may_be(t->d, s, rc))
		bad(s, "answer", off, len, rc);
}

/*
 * Where sizes come and go, what was asked for may also be cut off. Whoever waits for it has
 * to notice that by himself. One thread at a time, for this may ask for a page.
 */
static bool cut_off(struct daemon_thread *t, struct served *s, uint64_t off)
{
	struct vmo_board *vb = &board->vmo[s->v];
	struct stat st;
	bool done;

	if (!vb->wild || !(vb->options & ZXP_VMO_RESIZABLE) || off < STABLE_BYTES ||
	    !one_in(&t->dice, 4) || pthread_mutex_trylock(&t->d->cut_lock))
		return false;
	done = !fstat(s->vmo.fd, &st) && (uint64_t)st.st_size > off &&
	       !ftruncate(s->vmo.fd, off);
	pthread_mutex_unlock(&t->d->cut_lock);
	if (done)
		add(t->d->pb->cuts, 1);
	return done;
}

static void answer_request(struct daemon_thread *t, struct served *s, answer_fn fn,
			   uint64_t off, uint64_t len)
{
	uint64_t cut = roll(&t->dice, len / page_size) * page_size;

	if (one_in(&t->dice, 48))
		nanosleep(&(struct timespec){ .tv_nsec = roll(&t->dice, 1000000) }, NULL);
	else if (one_in(&t->dice, 4))
		sched_yield();
	if (load(s->fails) && one_in(&t->dice, 32))
		fn = refuse;
	if (one_in(&t->dice, 8))
		answer_unasked(t, s);
	if (cut_off(t, s, off))
		return;
	if (!cut || one_in(&t->dice, 2)) {
		answer(t, s, fn, off, len);
		return;
	}
	answer(t, s, fn, off + cut, len - cut);
	answer(t, s, fn, off, cut);
}

/* So much at once, and so aligned, that it may be kept in large folios. */
static int give_many(struct daemon_thread *t, struct served *s)
{
	uint64_t len = LARGE_BYTES << roll(&t->dice, 2);

	return give(t, s, roll(&t->dice, STABLE_BYTES / len) * len, len);
}

void answer_before(struct daemon_thread *t, struct served *s)
{
	int rc = 0;

	if (!(board->vmo[s->v].options & ZXP_VMO_TRAP_DIRTY) && one_in(&t->dice, 2))
		rc = give(t, s, 0, STABLE_BYTES);
	if (rc)
		bad(s, "supply before all", 0, STABLE_BYTES, rc);
}

void answer_unasked(struct daemon_thread *t, struct served *s)
{
	uint64_t page = roll(&t->dice, ROOM), nr = 1 + roll(&t->dice, 8);
	uint64_t off, len;
	int rc;

	if (t->d->pb->exact || load(board->calm))
		return;
	if (page + nr > ROOM)
		nr = ROOM - page;
	off = page * page_size;
	len = nr * page_size;
	switch (roll(&t->dice, 6)) {
	case 0:
		rc = load(s->fails) ? refuse(t, s, off, len) : 0;
		break;
	case 1:
		rc = zxp_vmo_op_range(s->vmo.fd, ZXP_VMO_OP_DONT_NEED, off, len);
		break;
	case 2:
		rc = s->vmo.fd < 0 || !(board->vmo[s->v].options & ZXP_VMO_TRAP_DIRTY) ?
			0 : allow(t, s, off, len);
		break;
	case 3:
		rc = give(t, s, off, len);
		break;
	default:
		rc = give_many(t, s);
	}
	if (rc != -ERANGE && !may_be(t->d, s, rc))
		bad(s, "unasked", off, len, rc);
}

static void answer_sync(struct daemon_thread *t, struct served *s, uint64_t off,
			uint64_t len)
{
	int code = load(s->fails) && one_in(&t->dice, 8) ? EIO : 0, rc;
	unsigned int taken_over = load(t->d->taken_over);
	bool former;

	if (!code && !keeper_pass(&s->k, &t->dice, off, len, true) &&
	    !load(t->d->closing) && !was_followed(t->d, taken_over))
		bad(s, "pass of a SYNC", off, len, 0);
	former = is_former(t);
	rc = zxp_sync_end(t->fd, s->vmo.fd, off, len, code);
	if (former && rc != -ESHUTDOWN && !load(t->d->closing))
		bad(s, "SYNC_END not refused to a former generation", off, len, rc);
	if (!may_be(t->d, s, rc))
		bad(s, "SYNC_END", off, len, rc);
}

static bool packet_is_right(struct daemon_thread *t, const struct zxp_packet *p,
			    const struct before *before)
{
	struct daemon *d = t->d;
	uint64_t i = p->key - board->vmo[d->number * SERVED].key;
	bool complete = p->command == ZXP_PACKET_COMPLETE;

	if (i >= SERVED || p->type != ZXP_PKT_TYPE_PAGE_REQUEST || p->status ||
	    p->flags || p->reserved0 || p->reserved1 || p->offset % page_size ||
	    p->length % page_size || !p->length != complete ||
	    p->offset + p->length < p->offset) {
		wrong("packet: key %" PRIu64 " type %u command %#x %#" PRIx64 "+%#" PRIx64,
		      (uint64_t)p->key, p->type, p->command, (uint64_t)p->offset,
		      (uint64_t)p->length);
		return false;
	}
	if (before->completed[i])
		wrong("VMO %d: packet %#x after COMPLETE", d->served[i].v, p->command);
	else if (before->detached[i] && !complete)
		wrong("VMO %d: packet %#x after the detach", d->served[i].v, p->command);
	else
		return true;
	return false;
}

static void answer_packet(struct daemon_thread *t, const struct zxp_packet *p)
{
	struct daemon *d = t->d;
	struct served *s = &d->served[p->key - board->vmo[d->number * SERVED].key];

	add(d->pb->ops, 1);
	switch (p->command) {
	case ZXP_PACKET_READ:
		add(d->pb->packets[0], 1);
		answer_request(t, s, give, p->offset, p->length);
		break;
	case ZXP_PACKET_DIRTY:
		add(d->pb->packets[1], 1);
		answer_request(t, s, allow, p->offset, p->length);
		break;
	case ZXP_PACKET_SYNC:
		add(d->pb->packets[2], 1);
		answer_sync(t, s, p->offset, p->length);
		break;
	case ZXP_PACKET_COMPLETE:
		add(d->pb->packets[3], 1);
		break;
	default:
		wrong("VMO %d: unknown packet %#x", s->v, p->command);
	}
}

/* All that has to be said of a packet before others may be read. */
static void note(struct daemon *d, const struct zxp_packet *p)
{
	struct served *s = &d->served[p->key - board->vmo[d->number * SERVED].key];

	switch (p->command) {
	case ZXP_PACKET_READ:
		add(s->k.reads, 1);
		add(s->read_bytes, p->length);
		break;
	case ZXP_PACKET_DIRTY:
		add(s->k.dirties, 1);
		break;
	case ZXP_PACKET_SYNC:
		add(s->k.syncs, 1);
		break;
	case ZXP_PACKET_COMPLETE:
		put(s->completed, true);
		add(s->k.completes, 1);
	}
}

/* False: this stream has ended. */
static bool answer_stream(struct daemon_thread *t, int fd)
{
	size_t nr = 1 + roll(&t->dice, AT_ONCE), i;
	struct before before;
	struct zxp_packet p[AT_ONCE];
	ssize_t n;

	for (i = 0; i < SERVED; i++) {
		before.detached[i] = load(t->d->served[i].detached);
		before.completed[i] = load(t->d->served[i].completed);
	}
	n = read(fd, p, nr * sizeof(p[0]));
	if (n < 0 && errno == ESHUTDOWN && load(t->d->begun))
		return true;
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		wrong("read of packets: %m");
	if (n == 0)
		return false;
	if (n > 0 && n % sizeof(p[0]))
		wrong("read of packets: %zd bytes", n);
	nr = n > 0 ? n / sizeof(p[0]) : 0;
	for (i = 0; i < nr; i++) {
		if (!packet_is_right(t, &p[i], &before))
			return true;
		note(t->d, &p[i]);
		if (p[i].command == ZXP_PACKET_COMPLETE)
			before.completed[p[i].key -
					 board->vmo[t->d->number * SERVED].key] = true;
	}
	/* Long enough for another generation to begin. */
	if (nr && t->d->keeper >= 0 && one_in(&t->dice, 8))
		nanosleep(&(struct timespec){ .tv_nsec = roll(&t->dice, 4000000) }, NULL);
	for (; nr; nr--) {
		i = roll(&t->dice, nr);
		answer_packet(t, &p[i]);
		p[i] = p[nr - 1];
	}
	return true;
}

void *answer_main(void *arg)
{
	struct daemon_thread *t = arg;
	struct daemon *d = t->d;
	struct pollfd fds[SERVED + 1] = { { .fd = d->stop[0], .events = POLLIN } };
	int i;

	for (i = 0; i < d->nr_streams; i++)
		fds[i + 1] = (struct pollfd){ .fd = d->stream[i], .events = POLLIN };
	while (poll(fds, d->nr_streams + 1, -1) > 0 && !fds[0].revents) {
		/* What it reads of a stream it answers as that generation. */
		if (d->keeper >= 0 && fds[1].revents & POLLERR) {
			t->generation = load(d->taken_over);
			t->fd = d->generation[t->generation];
			fds[1].fd = t->fd;
			sched_yield();
			continue;
		}
		for (i = 1; i <= d->nr_streams; i++)
			if (fds[i].revents && !answer_stream(t, fds[i].fd))
				fds[i].fd = -1;
	}
	return NULL;
}

void answer_no_more(struct daemon *d)
{
	struct zxp_packet p;
	int i;

	for (i = 0; i < d->nr_streams; i++) {
		if (read(d->stream[i], &p, sizeof(p)) == sizeof(p))
			wrong("pager %d: packet %#x of %" PRIu64 " after all",
			      d->number, p.command, (uint64_t)p.key);
	}
}

// SPDX-License-Identifier: GPL-2.0
/*
 * A daemon with a store in plain memory: its threads, and its answers.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <sched.h>
#include <sys/mman.h>
#include <time.h>

#include "keeper.h"

#define AT_ONCE		4	/* packets that a thread takes */
#define NEIGHBOURS	8	/* pages that a wild one gives for nothing */

struct range {
	uint64_t offset, length;
};

/* Threads run in another order, and an answer comes late: that is the point. */
static void dawdle(const struct keeper *k, struct dice *d)
{
	if (!k->wild)
		return;
	if (one_in(d, 64))
		nanosleep(&(struct timespec){ .tv_nsec = roll(d, 200000) }, NULL);
	else if (one_in(d, 4))
		sched_yield();
}

static void wrong(struct keeper *k, const char *what, struct range r, int rc)
{
	diag("keeper: %s %#" PRIx64 "+%#" PRIx64 ": %s", what, r.offset, r.length,
	     strerror(-rc));
	k->errors++;
}

static int give(struct keeper *k, struct range r)
{
	int rc;

	pthread_mutex_lock(&k->store_lock);
	rc = zxp_supply_pages(k->p->fd, k->vmo->fd, r.offset, r.length,
			      k->store + r.offset);
	pthread_mutex_unlock(&k->store_lock);
	return rc;
}

static int allow(struct keeper *k, struct range r)
{
	return zxp_dirty(k->p->fd, k->vmo->fd, r.offset, r.length);
}

typedef int (*answer_fn)(struct keeper *k, struct range r);

/*
 * Errors that are nobody's fault: a page that was evicted in between will be asked
 * for again, and after a detach nobody waits.
 */
static bool may_be(int rc)
{
	return !rc || rc == -ENOENT || rc == -ESTALE;
}

/* A range that was cut off in part is answered as far as it still is there. */
static void answer_range(struct keeper *k, answer_fn fn, struct range r)
{
	int rc = r.length ? fn(k, r) : 0;

	if (rc == -ERANGE) {
		struct range page = { r.offset, page_size };

		for (; page.offset < r.offset + r.length; page.offset += page_size) {
			rc = fn(k, page);
			if (rc == -ERANGE)
				rc = 0;
			if (!may_be(rc))
				break;
		}
	}
	if (!may_be(rc))
		wrong(k, fn == give ? "supply" : "dirty", r, rc);
}

/* More than was asked for, as long as it is in the store; it may well fail. */
static void answer_more(struct keeper *k, answer_fn fn, struct range r, struct dice *d)
{
	uint64_t before = roll(d, NEIGHBOURS) * page_size;
	uint64_t after = roll(d, NEIGHBOURS) * page_size;
	uint64_t room = k->room * page_size;
	int rc;

	if (before > r.offset)
		before = r.offset;
	if (r.offset + r.length + after > room)
		after = room - r.offset - r.length;
	r.offset -= before;
	r.length += before + after;
	rc = fn(k, r);
	if (!may_be(rc) && rc != -ERANGE)
		wrong(k, "more", r, rc);
}

static void answer_halves(struct keeper *k, answer_fn fn, struct range r,
			  struct dice *d)
{
	uint64_t cut = roll(d, r.length / page_size + 1) * page_size;
	struct range half[2] = {
		{ r.offset, cut },
		{ r.offset + cut, r.length - cut },
	};
	int first = roll(d, 2);

	answer_range(k, fn, half[first]);
	dawdle(k, d);
	answer_range(k, fn, half[!first]);
}

static void answer_request(struct keeper *k, answer_fn fn, struct range r,
			   struct dice *d)
{
	if (k->wild && one_in(d, 3))
		answer_more(k, fn, r, d);
	dawdle(k, d);
	if (k->wild && one_in(d, 3))
		answer_halves(k, fn, r, d);
	else
		answer_range(k, fn, r);
}

static void answer_sync(struct keeper *k, struct range r, struct dice *d)
{
	int rc;

	if (!keeper_pass(k, d, r.offset, r.length, true))
		k->errors++;
	rc = zxp_sync_end(k->p->fd, k->vmo->fd, r.offset, r.length, 0);
	if (!may_be(rc))
		wrong(k, "sync", r, rc);
}

static void answer_packet(struct keeper *k, const struct zxp_packet *pkt,
			  struct dice *d)
{
	struct range r = { pkt->offset, pkt->length };

	switch (pkt->command) {
	case ZXP_PACKET_READ:
		__sync_fetch_and_add(&k->reads, 1);
		answer_request(k, give, r, d);
		break;
	case ZXP_PACKET_DIRTY:
		__sync_fetch_and_add(&k->dirties, 1);
		answer_request(k, allow, r, d);
		break;
	case ZXP_PACKET_SYNC:
		__sync_fetch_and_add(&k->syncs, 1);
		answer_sync(k, r, d);
		break;
	case ZXP_PACKET_COMPLETE:
		__sync_fetch_and_add(&k->completes, 1);
		break;
	default:
		wrong(k, "unknown packet", r, -ENXIO);
	}
}

static void *answer_main(void *arg)
{
	struct keeper_thread *t = arg;
	struct keeper *k = t->k;
	struct pollfd fds[2] = {
		{ .fd = k->p->port, .events = POLLIN },
		{ .fd = k->stop[0], .events = POLLIN },
	};
	struct zxp_packet pkt[AT_ONCE];

	while (poll(fds, 2, -1) > 0) {
		size_t nr = k->wild ? 1 + roll(&t->dice, AT_ONCE) : 1;
		ssize_t n = read(k->p->port, pkt, nr * sizeof(pkt[0]));

		if (n <= 0 && fds[1].revents)
			break;
		for (nr = n > 0 ? n / sizeof(pkt[0]) : 0; nr; nr--) {
			size_t i = k->wild ? roll(&t->dice, nr) : 0;

			answer_packet(k, &pkt[i], &t->dice);
			pkt[i] = pkt[nr - 1];
		}
	}
	return NULL;
}

static void *writeback_main(void *arg)
{
	struct keeper_thread *t = arg;
	struct keeper *k = t->k;
	struct pollfd stop = { .fd = k->stop[0], .events = POLLIN };

	/* The pause is how long dirty data gets old here. */
	while (!poll(&stop, 1, roll(&t->dice, 50))) {
		uint64_t page = roll(&t->dice, k->room);
		uint64_t nr = 1 + roll(&t->dice, k->room - page);

		if (one_in(&t->dice, 3))
			page = 0, nr = k->room;
		if (!keeper_pass(k, &t->dice, page * page_size, nr * page_size,
				 false))
			k->errors++;
	}
	return NULL;
}

static bool start_thread(struct keeper *k, struct keeper_thread *t,
			 void *(*fn)(void *), uint64_t seed)
{
	t->k = k;
	t->dice.state = seed;
	return !pthread_create(&t->thread, NULL, fn, t);
}

bool keeper_start(struct keeper *k, struct user_pager *p, struct test_vmo *vmo,
		  uint64_t room, bool wild, uint64_t seed)
{
	int i;

	memset(k, 0, sizeof(*k));
	k->p = p;
	k->vmo = vmo;
	k->wild = wild;
	k->room = room;
	k->store = map_anon(room);
	if (!k->store || pipe(k->stop))
		return false;
	vmo_fill(vmo, 0, room, k->store);
	pthread_mutex_init(&k->store_lock, NULL);
	pthread_mutex_init(&k->pass_lock, NULL);
	fcntl(p->port, F_SETFL, fcntl(p->port, F_GETFL) | O_NONBLOCK);
	for (i = 0; i < KEEPER_THREADS; i++)
		if (!start_thread(k, &k->answer[i], answer_main, seed + 1 + i))
			return false;
	return !wild || start_thread(k, &k->writeback, writeback_main, seed);
}

bool keeper_end(struct keeper *k)
{
	bool ok = write(k->stop[1], "", 1) == 1;
	int i;

	for (i = 0; ok && i < KEEPER_THREADS; i++)
		ok = !pthread_join(k->answer[i].thread, NULL);
	if (ok && k->wild)
		ok = !pthread_join(k->writeback.thread, NULL);
	close(k->stop[0]);
	close(k->stop[1]);
	return ok && !k->errors;
}

bool keeper_holds(struct keeper *k, const char *bytes, uint64_t length)
{
	uint64_t i;
	bool same;

	pthread_mutex_lock(&k->store_lock);
	same = !memcmp(k->store, bytes, length);
	for (i = 0; !same && i < length; i++) {
		if (k->store[i] == bytes[i])
			continue;
		diag("the store has %#x instead of %#x at %#" PRIx64 " (page %" PRIu64 ")",
		     (unsigned char)k->store[i], (unsigned char)bytes[i], i,
		     i / page_size);
		break;
	}
	pthread_mutex_unlock(&k->store_lock);
	return same;
}

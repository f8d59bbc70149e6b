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

static int give(struct keeper_thread *t, struct range r)
{
	struct keeper *k = t->k;
	int rc;

	pthread_mutex_lock(&k->store_lock);
	rc = zxp_supply_pages(t->g->fd, t->g->vmo, r.offset, r.length, k->store + r.offset);
	pthread_mutex_unlock(&k->store_lock);
	return rc;
}

static int allow(struct keeper_thread *t, struct range r)
{
	return zxp_dirty(t->g->fd, t->g->vmo, r.offset, r.length);
}

static int synced(struct keeper_thread *t, struct range r)
{
	return zxp_sync_end(t->g->fd, t->g->vmo, r.offset, r.length, 0);
}

typedef int (*answer_fn)(struct keeper_thread *t, struct range r);

/* Another generation may have begun meanwhile; one that had begun before has to count. */
static int call(struct keeper_thread *t, answer_fn fn, struct range r)
{
	bool former = keeper_is_former(t->k, t->g);
	int rc = fn(t, r);

	if (former && !rc)
		wrong(t->k, "taken from a former generation", r, rc);
	if (rc == -ESHUTDOWN && keeper_followed(t->k, t->g)) {
		__sync_fetch_and_add(&t->k->late, 1);
		return 0;
	}
	return rc;
}

/*
 * Errors that are nobody's fault: a page that was evicted in between will be asked
 * for again, and after a detach nobody waits.
 */
static bool may_be(int rc)
{
	return !rc || rc == -ENOENT || rc == -ESTALE;
}

/* A range that was cut off in part is answered as far as it still is there. */
static void answer_range(struct keeper_thread *t, answer_fn fn, struct range r)
{
	int rc = r.length ? call(t, fn, r) : 0;

	if (rc == -ERANGE) {
		struct range page = { r.offset, page_size };

		for (; page.offset < r.offset + r.length; page.offset += page_size) {
			rc = call(t, fn, page);
			if (rc == -ERANGE)
				rc = 0;
			if (!may_be(rc))
				break;
		}
	}
	if (!may_be(rc))
		wrong(t->k, fn == give ? "supply" : "dirty", r, rc);
}

/* More than was asked for, as long as it is in the store; it may well fail. */
static void answer_more(struct keeper_thread *t, answer_fn fn, struct range r)
{
	uint64_t before = roll(&t->dice, NEIGHBOURS) * page_size;
	uint64_t after = roll(&t->dice, NEIGHBOURS) * page_size;
	uint64_t room = t->k->room * page_size;
	int rc;

	if (before > r.offset)
		before = r.offset;
	if (r.offset + r.length + after > room)
		after = room - r.offset - r.length;
	r.offset -= before;
	r.length += before + after;
	rc = call(t, fn, r);
	if (!may_be(rc) && rc != -ERANGE)
		wrong(t->k, "more", r, rc);
}

static void answer_halves(struct keeper_thread *t, answer_fn fn, struct range r)
{
	uint64_t cut = roll(&t->dice, r.length / page_size + 1) * page_size;
	struct range half[2] = {
		{ r.offset, cut },
		{ r.offset + cut, r.length - cut },
	};
	int first = roll(&t->dice, 2);

	answer_range(t, fn, half[first]);
	dawdle(t->k, &t->dice);
	answer_range(t, fn, half[!first]);
}

static void answer_request(struct keeper_thread *t, answer_fn fn, struct range r)
{
	bool wild = t->k->wild;

	if (wild && one_in(&t->dice, 3))
		answer_more(t, fn, r);
	dawdle(t->k, &t->dice);
	if (wild && one_in(&t->dice, 3))
		answer_halves(t, fn, r);
	else
		answer_range(t, fn, r);
}

static void write_back(struct keeper_thread *t, struct range r, bool all)
{
	if (!keeper_pass_by(t->k, t->g, &t->dice, r.offset, r.length, all) &&
	    !keeper_followed(t->k, t->g))
		t->k->errors++;
}

static void answer_sync(struct keeper_thread *t, struct range r)
{
	int rc;

	write_back(t, r, true);
	rc = call(t, synced, r);
	if (!may_be(rc))
		wrong(t->k, "sync", r, rc);
}

static void answer_packet(struct keeper_thread *t, const struct zxp_packet *pkt)
{
	struct range r = { pkt->offset, pkt->length };

	switch (pkt->command) {
	case ZXP_PACKET_READ:
		answer_request(t, give, r);
		break;
	case ZXP_PACKET_DIRTY:
		answer_request(t, allow, r);
		break;
	case ZXP_PACKET_SYNC:
		answer_sync(t, r);
		break;
	case ZXP_PACKET_COMPLETE:
		break;
	default:
		wrong(t->k, "unknown packet", r, -ENXIO);
	}
}

/* What was read, before it is answered: who is answered may look at these. */
static void note(struct keeper *k, const struct zxp_packet *pkt)
{
	switch (pkt->command) {
	case ZXP_PACKET_READ:
		__sync_fetch_and_add(&k->reads, 1);
		break;
	case ZXP_PACKET_DIRTY:
		__sync_fetch_and_add(&k->dirties, 1);
		break;
	case ZXP_PACKET_SYNC:
		__sync_fetch_and_add(&k->syncs, 1);
		break;
	case ZXP_PACKET_COMPLETE:
		__sync_fetch_and_add(&k->completes, 1);
	}
}

/* What it reads of a generation it answers as that. False: it is to stop. */
static bool answer_some(struct keeper_thread *t)
{
	struct keeper *k = t->k;
	struct pollfd fds[2] = {
		{ .fd = t->g->port, .events = POLLIN },
		{ .fd = k->stop[0], .events = POLLIN },
	};
	struct zxp_packet pkt[AT_ONCE];
	size_t nr = k->wild ? 1 + roll(&t->dice, AT_ONCE) : 1, i;
	ssize_t n;

	if (poll(fds, 2, -1) <= 0)
		return false;
	n = read(t->g->port, pkt, nr * sizeof(pkt[0]));
	if (n <= 0 && fds[1].revents)
		return false;
	nr = n > 0 ? n / sizeof(pkt[0]) : 0;
	for (i = 0; i < nr; i++)
		note(k, &pkt[i]);
	/* Long enough for another one to begin. */
	if (nr && k->begun && one_in(&t->dice, 8))
		nanosleep(&(struct timespec){ .tv_nsec = roll(&t->dice, 4000000) }, NULL);
	for (; nr; nr--) {
		i = k->wild ? roll(&t->dice, nr) : 0;
		answer_packet(t, &pkt[i]);
		pkt[i] = pkt[nr - 1];
	}
	return true;
}

static void *answer_main(void *arg)
{
	struct keeper_thread *t = arg;
	bool goes_on;

	do {
		t->g = keeper_enter(t->k);
		goes_on = answer_some(t);
		keeper_leave(t->k, t->g);
	} while (goes_on);
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
		t->g = keeper_enter(k);
		write_back(t, (struct range){ page * page_size, nr * page_size }, false);
		keeper_leave(k, t->g);
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
	pthread_mutex_init(&k->generation_lock, NULL);
	pthread_cond_init(&k->generation_left, NULL);
	k->generation[0] = (struct keeper_generation) {
		.fd = p->fd, .port = p->port, .vmo = vmo->fd,
	};
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

// SPDX-License-Identifier: GPL-2.0
/*
 * The process of a daemon: what it makes, what its threads do, and how it ends.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "daemon.h"

/* Of the VMOs, in their order: all kinds in each pager but one. */
static const struct {
	uint32_t options, flags;
	bool mixed, wild, fails;
} kinds[VMOS] = {
	{ ZXP_VMO_TRAP_DIRTY | ZXP_VMO_RESIZABLE, ZXP_CREATE_SYNC, true, false, false },
	{ ZXP_VMO_RESIZABLE, 0, false, true, true },
	{ ZXP_VMO_TRAP_DIRTY | ZXP_VMO_UNBOUNDED, ZXP_CREATE_SYNC, false, true, false },
	{ ZXP_VMO_UNBOUNDED, ZXP_CREATE_SYNC, false, false, true },
	{ ZXP_VMO_TRAP_DIRTY, 0, true, false, true },
	{ ZXP_VMO_TRAP_DIRTY | ZXP_VMO_RESIZABLE, ZXP_CREATE_SYNC, false, true, false },
};

static bool has_room(int v)
{
	return kinds[v].options & (ZXP_VMO_RESIZABLE | ZXP_VMO_UNBOUNDED);
}

/* The first pager has its own stream for all, the second a port, the third many. */
static int make_stream(struct daemon *d, int i)
{
	if (d->number == 0) {
		d->stream[0] = d->p.fd;
		d->nr_streams = 1;
		return ZXP_PORT_OWN;
	}
	if (d->number == 1 && i)
		return d->stream[0];
	d->stream[i] = zxp_create_port(d->p.fd);
	if (d->stream[i] < 0 || fcntl(d->stream[i], F_SETFL, O_NONBLOCK))
		return -2;
	d->nr_streams++;
	return d->stream[i];
}

static bool make_vmo(struct daemon *d, struct dice *dice, int i)
{
	struct served *s = &d->served[i];
	int v = d->number * SERVED + i, port = make_stream(d, i);
	struct vmo_board *vb = &board->vmo[v];
	uint64_t size = ROOM_BYTES;

	if (has_room(v))
		size = STABLE_BYTES + roll(dice, ROOM_BYTES - STABLE_BYTES) / CHUNK * CHUNK;
	vb->pager = d->number;
	vb->key = 1000 * (d->number + 1) + i;
	vb->options = kinds[v].options;
	vb->flags = kinds[v].flags;
	vb->mixed = kinds[v].mixed;
	vb->wild = kinds[v].wild;
	vb->fails = kinds[v].fails;
	content_init(v, size);
	s->v = v;
	s->fails = vb->fails;
	s->stream = d->number == 2 ? i : 0;
	s->vmo = (struct test_vmo){
		.pager = &d->p,
		.key = vb->key,
		.fd = zxp_create_vmo_flags(d->p.fd, vb->options, vb->flags, port, vb->key,
					   size),
	};
	s->k.p = &d->p;
	s->k.vmo = &s->vmo;
	s->k.wild = true;
	s->k.slow = true;
	s->k.store = store + v * ROOM_BYTES;
	s->k.room = ROOM;
	pthread_mutex_init(&s->k.store_lock, NULL);
	pthread_mutex_init(&s->k.pass_lock, NULL);
	vb->daemon_fd = s->vmo.fd;
	return s->vmo.fd >= 0;
}

static int begin_generation(struct daemon *d)
{
	int fd = zxp_begin_generation(d->keeper);

	if (fd < 0 || fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK))
		wrong("pager %d: begin a generation: %s", d->number, strerror(-fd));
	return fd;
}

/*
 * Another generation answers. Threads go on with what they have read of the former one, and
 * what they say is late. It is the same daemon to the passes, which have the store.
 */
static void take_over(struct daemon *d)
{
	unsigned int next = d->taken_over + 1;
	int fd, vmo, i;

	if (d->keeper < 0 || next == GENERATIONS)
		return;
	put(d->begun, next);
	fd = begin_generation(d);
	if (fd < 0)
		return;
	for (i = 0; i < SERVED; i++) {
		vmo = zxp_open_vmo(fd, vmo_info(&d->served[i].vmo).out_id);
		if (vmo < 0 || dup2(vmo, d->served[i].vmo.fd) < 0)
			wrong("VMO %d: open: %s", d->served[i].v, strerror(-vmo));
		close(vmo);
	}
	d->generation[next] = fd;
	put(d->p.fd, fd);
	d->stream[0] = fd;
	put(d->taken_over, next);
	add(d->pb->generations, 1);
}

static bool make_all(struct daemon *d, struct dice *dice)
{
	int i;

	if (!user_pager_init_own(&d->p) || pipe(d->stop))
		return false;
	d->keeper = -1;
	/* The one whose packets come by the pager itself. */
	if (d->number == 0) {
		d->keeper = d->p.fd;
		d->p.fd = begin_generation(d);
		d->generation[0] = d->p.fd;
		d->p.port = d->p.fd;
		if (d->p.fd < 0)
			return false;
	}
	for (i = 0; i < SERVED; i++)
		if (!make_vmo(d, dice, i))
			return false;
	return true;
}

static void detach(struct daemon *d, struct served *s)
{
	int rc;

	put(board->vmo[s->v].gone, true);
	rc = zxp_detach_vmo(d->p.fd, s->vmo.fd);
	if (rc)
		wrong("VMO %d: detach: %s", s->v, strerror(-rc));
	put(s->detached, true);
}

/* Another file takes the number, so that who uses it finds no packets there. */
static void close_under(int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, fd) != fd)
		wrong("dup2: %m");
	close(null);
}

static void meet_fate(struct daemon *d, struct dice *dice)
{
	int i;

	switch (d->pb->fate) {
	case FATE_DETACHES:
		detach(d, &d->served[roll(dice, SERVED)]);
		break;
	case FATE_CLOSES_PORT:
		for (i = 0; i < SERVED; i++)
			if (!d->served[i].stream)
				put(board->vmo[d->served[i].v].gone, true);
		d->port_closed = true;
		close_under(d->stream[0]);
		for (i = roll(dice, 200); i; i--)
			nap();
		for (i = 0; i < SERVED; i++)
			if (!d->served[i].stream)
				detach(d, &d->served[i]);
		break;
	case FATE_CLOSES_PAGER:
		for (i = 0; i < SERVED; i++)
			put(board->vmo[d->served[i].v].gone, true);
		put(d->closing, true);
		if (d->keeper >= 0)
			close(d->keeper);
		close_under(d->p.fd);
		break;
	default:
		break;
	}
}

static void *pass_main(void *arg)
{
	struct daemon_thread *t = arg;
	struct daemon *d = t->d;
	struct pollfd stop = { .fd = d->stop[0], .events = POLLIN };

	while (!poll(&stop, 1, roll(&t->dice, 30))) {
		struct served *s = &d->served[roll(&t->dice, SERVED)];
		uint64_t page = roll(&t->dice, ROOM), nr = ROOM - page;
		unsigned int taken_over = load(d->taken_over);
		uint32_t modified;

		if (load(d->closing))
			return NULL;
		t->generation = taken_over;
		t->fd = d->keeper >= 0 ? d->generation[taken_over] : load(d->p.fd);
		if (one_in(&t->dice, 3))
			page = 0, nr = ROOM;
		if (!keeper_pass(&s->k, &t->dice, page * page_size, nr * page_size,
				 one_in(&t->dice, 2)) && !load(d->closing) &&
		    !was_followed(d, taken_over))
			wrong("VMO %d: a pass went wrong", s->v);
		if (one_in(&t->dice, 4))
			answer_unasked(t, s);
		if (one_in(&t->dice, 8))
			zxp_query_vmo_stats(d->p.fd, s->vmo.fd,
					    one_in(&t->dice, 2) ? ZXP_STATS_RESET : 0,
					    &modified);
		add(d->pb->ops, 1);
	}
	return NULL;
}

static bool start(struct daemon *d, struct daemon_thread *t, void *(*fn)(void *),
		  int who)
{
	t->d = d;
	t->fd = d->p.fd;
	t->dice.state = seed_of(100 + d->number * 10 + who, 0);
	t->aux = zxp_create_plain(d->p.fd, ROOM_BYTES);
	return t->aux >= 0 && !pthread_create(&t->thread, NULL, fn, t);
}

/* Nobody waits, and what the daemon has counted is what the module has. */
static void compare_counts(struct served *s)
{
	struct zxp_vmo_info info = vmo_info(&s->vmo);

	if (info.out_waiting || info.out_requests)
		wrong("VMO %d: %ju tasks wait, %ju requests", s->v,
		      (uintmax_t)info.out_waiting, (uintmax_t)info.out_requests);
	if (info.out_read_packets != s->k.reads || info.out_read_bytes != s->read_bytes ||
	    info.out_dirty_packets != s->k.dirties || info.out_sync_packets != s->k.syncs)
		wrong("VMO %d: packets: the module says READ %ju (%ju bytes) DIRTY %ju SYNC %ju, read were %ju (%ju) %ju %ju",
		      s->v, (uintmax_t)info.out_read_packets,
		      (uintmax_t)info.out_read_bytes, (uintmax_t)info.out_dirty_packets,
		      (uintmax_t)info.out_sync_packets, (uintmax_t)s->k.reads,
		      (uintmax_t)s->read_bytes, (uintmax_t)s->k.dirties,
		      (uintmax_t)s->k.syncs);
	if (info.out_supplied_bytes != s->filled)
		wrong("VMO %d: %ju bytes supplied, the calls said %ju", s->v,
		      (uintmax_t)info.out_supplied_bytes, (uintmax_t)s->filled);
}

static bool nobody_waits(struct served *s)
{
	struct zxp_vmo_info info = vmo_info(&s->vmo);

	return !info.out_waiting && !info.out_requests;
}

static void finish(struct daemon *d, struct served *s, struct dice *dice)
{
	bool first = one_in(dice, 3), closed = d->port_closed && !s->stream;

	if (!wait_long(nobody_waits(s)))
		wrong("VMO %d: somebody waits at the end", s->v);
	if (first && !s->detached)
		detach(d, s);
	if (!keeper_flush(&s->k))
		wrong("VMO %d: cannot be written back", s->v);
	verify_store(s->v, vmo_info(&s->vmo).out_stream_size);
	if (!s->detached)
		verify_vmo(s->v);
	if (!s->detached)
		detach(d, s);
	if (!closed && !wait_long(load(s->k.completes)))
		wrong("VMO %d: no COMPLETE", s->v);
	add(d->pb->ops, 1);
}

static void tell_supervisor(struct daemon *d)
{
	put(d->pb->pid, getpid());
	put(d->pb->ready, true);
	wait_long(load(board->phase) >= PHASE_RUN);
}

/* As long as the clients run; the fate comes somewhere in the middle. */
static void wait_for_clients(struct daemon *d, struct dice *dice)
{
	uint64_t met = 200 + roll(dice, 4000);

	while (load(board->phase) < PHASE_FLUSH) {
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
		if (met && !--met)
			meet_fate(d, dice);
		/* Not later: a VMO that is detached is told of once, or else again. */
		else if ((met || d->pb->fate == FATE_LIVES) && !load(board->calm) &&
			 one_in(dice, 8))
			take_over(d);
	}
}

int daemon_main(int number)
{
	static struct daemon d;
	struct daemon_thread thread[ANSWERERS + 1], first;
	struct dice dice = { seed_of(50 + number, 0) };
	int i;

	d.number = number;
	d.pb = &board->pager[number];
	pthread_mutex_init(&d.cut_lock, NULL);
	if (!make_all(&d, &dice)) {
		wrong("pager %d cannot be made", number);
		return 1;
	}
	for (i = 0; i <= ANSWERERS; i++) {
		if (!start(&d, &thread[i], i < ANSWERERS ? answer_main : pass_main, i)) {
			wrong("pager %d has no threads", number);
			return 1;
		}
	}
	/* Whose plain VMO nobody uses as long as nobody asks. */
	first = thread[0];
	first.dice = dice;
	for (i = 0; i < SERVED; i++)
		answer_before(&first, &d.served[i]);
	tell_supervisor(&d);
	wait_for_clients(&d, &dice);
	for (i = 0; i < SERVED; i++)
		put(d.served[i].fails, false);
	for (i = 0; i < SERVED && !d.closing; i++)
		finish(&d, &d.served[i], &dice);
	if (write(d.stop[1], "", 1) != 1)
		wrong("stop: %m");
	for (i = 0; i <= ANSWERERS; i++)
		pthread_join(thread[i].thread, NULL);
	for (i = 0; i < SERVED && !d.closing; i++)
		if (!(d.port_closed && !d.served[i].stream))
			compare_counts(&d.served[i]);
	answer_no_more(&d);
	for (i = 0; i < SERVED; i++) {
		add(d.pb->ranges[0], d.served[i].k.page_ranges);
		add(d.pb->ranges[1], d.served[i].k.zero_ranges);
	}
	return 0;
}

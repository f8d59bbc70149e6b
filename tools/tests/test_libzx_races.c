// SPDX-License-Identifier: MIT
/*
 * Handles whose descriptors' numbers live again, and many threads that make, use and close
 * the same ones.  The module is a fake, so that each VMO can tell whether it was meant.
 *
 *   ZXP_SECONDS   how long the threads are at it (default: a number of rounds)
 */
#include <dirent.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#include "fake_module.h"
#include "fixture.h"

/* Every count that a number has before it begins again. */
#define COUNTS	1022

static zx_handle_t new_vmo(void)
{
	zx_handle_t h;

	ok(zx_vmo_create(PAGE, 0, &h));
	return h;
}

static uint64_t identity(zx_handle_t handle)
{
	return fake_identity(zx_linux_handle_to_fd(handle));
}

/* A write that says to whom. */
static zx_status_t use(zx_handle_t handle, uint64_t who)
{
	return zx_vmo_write(handle, &who, 0, sizeof(who));
}

static void closed_though_its_number_lives(void **state)
{
	zx_handle_t old = new_vmo(), new, h;
	int fd = zx_linux_handle_to_fd(old);
	zx_info_handle_basic_t info;

	(void)state;
	ok(zx_handle_close(old));
	new = new_vmo();
	assert_int_equal(zx_linux_handle_to_fd(new), fd);
	assert_int_not_equal(new, old);
	is(use(old, identity(new)), ZX_ERR_BAD_HANDLE);
	is(zx_handle_check_valid(old), ZX_ERR_NOT_FOUND);
	is(zx_handle_duplicate(old, ZX_RIGHT_SAME_RIGHTS, &h), ZX_ERR_BAD_HANDLE);
	is(zx_handle_replace(old, ZX_RIGHT_SAME_RIGHTS, &h), ZX_ERR_BAD_HANDLE);
	is(zx_object_get_info(old, ZX_INFO_HANDLE_BASIC, &info, sizeof(info), NULL, NULL),
	   ZX_ERR_BAD_HANDLE);
	is(zx_handle_close(old), ZX_ERR_BAD_HANDLE);
	assert_int_equal(zx_linux_handle_to_fd(old), -1);
	assert_int_equal(zx_linux_handle_from_fd(fd), new);
	ok(use(new, identity(new)));
	ok(zx_handle_close(new));
}

/* What is a descriptor and nothing more is no handle. */
static void number_without_a_count(void **state)
{
	zx_handle_t h = new_vmo(), raw = (zx_handle_t)zx_linux_handle_to_fd(h) << 2 | 3;

	(void)state;
	assert_int_not_equal(h, raw);
	is(use(raw, identity(h)), ZX_ERR_BAD_HANDLE);
	is(zx_handle_close(raw), ZX_ERR_BAD_HANDLE);
	assert_int_equal(zx_linux_handle_to_fd(raw), -1);
	ok(zx_handle_close(h));
	assert_int_equal(zx_linux_handle_from_fd(1 << 20), ZX_HANDLE_INVALID);
}

static void counts_begin_again(void **state)
{
	zx_handle_t first = new_vmo(), h = first;
	int fd = zx_linux_handle_to_fd(first);

	(void)state;
	for (int i = 1; i < COUNTS; i++) {
		ok(zx_handle_close(h));
		h = new_vmo();
		assert_int_equal(zx_linux_handle_to_fd(h), fd);
		assert_int_not_equal(h, first);
		is(use(first, identity(h)), ZX_ERR_BAD_HANDLE);
	}
	ok(zx_handle_close(h));
	h = new_vmo();
	assert_int_equal(h, first);
	ok(zx_handle_close(h));
}

/* By close(2) and not by us: seen once a new handle has that number. */
static void closed_behind_the_library(void **state)
{
	zx_handle_t old = new_vmo(), new;
	int fd = zx_linux_handle_to_fd(old);

	(void)state;
	close(fd);
	new = new_vmo();
	assert_int_equal(zx_linux_handle_to_fd(new), fd);
	is(use(old, identity(new)), ZX_ERR_BAD_HANDLE);
	ok(use(new, identity(new)));
	ok(zx_handle_close(new));
}

static void replaced_is_closed(void **state)
{
	zx_handle_t old = new_vmo(), same, less;
	uint64_t who = identity(old);

	(void)state;
	ok(zx_handle_replace(old, ZX_RIGHT_SAME_RIGHTS, &same));
	is(use(old, who), ZX_ERR_BAD_HANDLE);
	ok(use(same, who));
	ok(zx_handle_replace(same, ZX_RIGHT_READ, &less));
	is(use(same, who), ZX_ERR_BAD_HANDLE);
	is(use(less, who), ZX_ERR_ACCESS_DENIED);
	assert_int_equal(identity(less), who);
	assert_int_equal(fcntl(zx_linux_handle_to_fd(less), F_GETFL) & O_ACCMODE, O_RDONLY);
	ok(zx_handle_close(less));
}

static sem_t inside, go_on;

static void stay(int fd)
{
	(void)fd;
	sem_post(&inside);
	sem_wait(&go_on);
}

static void *reads(void *arg)
{
	char byte;

	ok(zx_vmo_read(*(zx_handle_t *)arg, &byte, 0, 1));
	return NULL;
}

/* A call of the thread is under way, and stays so; the handle that it uses is closed. */
static pthread_t close_in_use(zx_handle_t *h)
{
	pthread_t thread;

	assert_int_equal(sem_init(&inside, 0, 0) | sem_init(&go_on, 0, 0), 0);
	fake_read = stay;
	assert_int_equal(pthread_create(&thread, NULL, reads, h), 0);
	sem_wait(&inside);
	ok(zx_handle_close(*h));
	return thread;
}

/* A call that is under way keeps its descriptor from being somebody else's. */
static void closed_while_in_use(void **state)
{
	zx_handle_t first = new_vmo(), h = new_vmo(), other;
	int fd = zx_linux_handle_to_fd(h), status;
	uint64_t who = identity(h);
	pthread_t thread;

	(void)state;
	thread = close_in_use(&h);
	is(use(h, who), ZX_ERR_BAD_HANDLE);
	is(use(zx_linux_handle_from_fd(fd), who), ZX_ERR_BAD_HANDLE);
	other = new_vmo();
	assert_int_not_equal(zx_linux_handle_to_fd(other), fd);
	assert_int_equal(fake_identity(fd), who);
	/* The child has none of the calls, so nothing to wait for. */
	if (!fork())
		_exit(fcntl(fd, F_GETFD) >= 0);
	assert_true(wait(&status) > 0);
	assert_int_equal(status, 0);
	sem_post(&go_on);
	assert_int_equal(pthread_join(thread, NULL), 0);
	fake_read = NULL;
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	ok(zx_handle_close_many((zx_handle_t[]){ first, other }, 2));
}

int __real_zxi_close_fd(int fd);
int __wrap_zxi_close_fd(int fd);

/* The descriptor whose close takes as long as somebody else's call, and whether that came. */
static _Atomic int closes_slowly = -1;
static bool waited;

int __wrap_zxi_close_fd(int fd)
{
	struct timespec until;

	if (fd == closes_slowly) {
		closes_slowly = -1;
		sem_post(&inside);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += 20;
		waited = sem_timedwait(&go_on, &until) == 0;
	}
	return __real_zxi_close_fd(fd);
}

/* Nobody waits while the last call that used a handle closes its descriptor. */
static void closed_slowly_at_the_end(void **state)
{
	zx_handle_t h = new_vmo(), other;
	const int fd = zx_linux_handle_to_fd(h);
	pthread_t thread;

	(void)state;
	thread = close_in_use(&h);
	fake_read = NULL;
	closes_slowly = fd;
	sem_post(&go_on);
	sem_wait(&inside);
	other = new_vmo();
	assert_int_not_equal(zx_linux_handle_to_fd(other), fd);
	sem_post(&go_on);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(waited);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	ok(zx_handle_close(other));
}

static void *seeks_often(void *arg)
{
	for (int i = 0; i < 300000; i++)
		ok(zx_stream_seek(*(zx_handle_t *)arg, ZX_STREAM_SEEK_ORIGIN_START, 0, NULL));
	return NULL;
}

/* Threads that use one handle count themselves in and out: nothing about it is asked for that. */
static void used_by_many_asks_nothing(void **state)
{
	zx_handle_t of = new_vmo(), h;
	pthread_t threads[4];
	unsigned int before;

	(void)state;
	ok(zx_stream_create(ZX_STREAM_MODE_READ, of, 0, &h));
	before = fake_asked;
	for (size_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, seeks_often, &h), 0);
	for (size_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(fake_asked - before, 0);
	ok(zx_handle_close_many((zx_handle_t[]){ of, h }, 2));
}

/* ---- many threads ---- */

#define THREADS	16
#define SHARED	24
/* Together less than a number has counts, so that none comes again within a round. */
#define STEPS	(COUNTS / THREADS / 2 - 1)

/* A handle, and 32 bits of who it is. */
static _Atomic uint64_t shared[SHARED];
static _Atomic int opened, closed;
static pthread_barrier_t barrier;
static _Atomic bool done;

static zx_handle_t handle_of(uint64_t entry)
{
	return (zx_handle_t)entry;
}

struct racer {
	pthread_t thread;
	uint64_t random;
	const char *failed;
};

static unsigned int pick(struct racer *r, unsigned int n)
{
	r->random ^= r->random << 13;
	r->random ^= r->random >> 7;
	r->random ^= r->random << 17;
	return (unsigned int)(r->random >> 32) % n;
}

/* A handle that others may close at any time is open, or it is none. */
static bool fine(struct racer *r, zx_status_t status, const char *what)
{
	if (status != ZX_OK && status != ZX_ERR_BAD_HANDLE)
		r->failed = what;
	return status == ZX_OK;
}

static void must(struct racer *r, zx_status_t status, const char *what)
{
	if (status != ZX_OK)
		r->failed = what;
}

static void step(struct racer *r)
{
	_Atomic uint64_t *at = &shared[pick(r, SHARED)];
	uint64_t entry = atomic_load(at), who = entry >> 32, new;
	zx_info_handle_basic_t info;
	zx_status_t status;
	zx_rights_t rights;
	zx_handle_t h;

	switch (pick(r, 6)) {
	case 0:
		must(r, zx_vmo_create(PAGE, 0, &h), "create");
		opened++;
		new = identity(h) << 32 | h;
		entry = atomic_exchange(at, new);
		if (handle_of(entry) && fine(r, zx_handle_close(handle_of(entry)), "close"))
			closed++;
		break;
	case 1:
		if (fine(r, zx_handle_close(handle_of(entry)), "close") && entry)
			closed++;
		break;
	case 2:
		if (!entry)
			break;
		rights = pick(r, 2) ? ZX_RIGHT_SAME_RIGHTS : ZX_RIGHT_WRITE;
		status = zx_handle_duplicate(handle_of(entry), rights, &h);
		if (!fine(r, status, "duplicate"))
			break;
		must(r, use(h, who), "use of what was duplicated");
		must(r, zx_handle_close(h), "close of what was duplicated");
		break;
	case 3:
		if (!entry)
			break;
		status = zx_handle_replace(handle_of(entry), ZX_RIGHT_SAME_RIGHTS, &h);
		if (!fine(r, status, "replace"))
			break;
		new = who << 32 | h;
		if (!atomic_compare_exchange_strong(at, &entry, new)) {
			must(r, zx_handle_close(h), "close of what was replaced");
			closed++;
		}
		break;
	case 4:
		if (!entry)
			break;
		status = zx_object_get_info(handle_of(entry), ZX_INFO_HANDLE_BASIC, &info,
					    sizeof(info), NULL, NULL);
		if (fine(r, status, "get_info") && info.type != ZX_OBJ_TYPE_VMO)
			r->failed = "type";
		break;
	default:
		if (entry)
			fine(r, use(handle_of(entry), who), "use");
	}
}

/* What a call on what others close at any time may say beside these two. */
static void may(struct racer *r, zx_status_t status, zx_status_t also, const char *what)
{
	if (status != also)
		fine(r, status, what);
}

/*
 * An end of two handles, one of which others use and close, too: the other end hears of it with
 * the last one's close, though a call may still use the first one.
 */
static void close_end(struct racer *r, _Atomic uint64_t *at)
{
	zx_handle_t first, last, peer, old;
	zx_signals_t observed;

	must(r, zx_eventpair_create(0, &first, &peer), "create a pair");
	must(r, zx_handle_duplicate(first, ZX_RIGHT_SAME_RIGHTS, &last), "duplicate");
	opened++;
	old = handle_of(atomic_exchange(at, first));
	if (old && fine(r, zx_handle_close(old), "close"))
		closed++;
	sched_yield();
	if (fine(r, zx_handle_close(first), "close"))
		closed++;
	must(r, zx_handle_close(last), "close of what was duplicated");
	must(r, zx_object_wait_one(peer, ZX_EVENTPAIR_PEER_CLOSED, 0, &observed),
	     "PEER_CLOSED is late");
	must(r, zx_handle_close(peer), "close of the other end");
}

/* Any handle, an event, an end of a pair or a port, and whatever that is for it. */
static void signal_step(struct racer *r)
{
	_Atomic uint64_t *at = &shared[pick(r, SHARED)];
	zx_handle_t h[2], other = handle_of(atomic_load(&shared[pick(r, SHARED)]));
	const zx_signals_t some = ZX_USER_SIGNAL_0 << pick(r, 8);
	zx_handle_t handle = handle_of(atomic_load(at));
	zx_port_packet_t packet;
	zx_wait_item_t items[2];
	zx_signals_t observed;
	zx_status_t status;

	switch (pick(r, 10)) {
	case 9:
		close_end(r, at);
		break;
	case 0:
		if (pick(r, 2)) {
			must(r, zx_event_create(0, &h[0]), "create");
			opened++;
		} else {
			must(r, zx_eventpair_create(0, &h[0], &h[1]), "create a pair");
			opened += 2;
			h[1] = handle_of(atomic_exchange(&shared[pick(r, SHARED)], h[1]));
			if (h[1] && fine(r, zx_handle_close(h[1]), "close"))
				closed++;
		}
		h[0] = handle_of(atomic_exchange(at, h[0]));
		if (h[0] && fine(r, zx_handle_close(h[0]), "close"))
			closed++;
		break;
	case 1:
		if (handle && fine(r, zx_handle_close(handle), "close"))
			closed++;
		break;
	case 2:
		fine(r, zx_object_signal(handle, some, ZX_EVENT_SIGNALED), "signal");
		break;
	case 3:
		fine(r, zx_object_signal(handle, ZX_EVENT_SIGNALED, some), "signal");
		break;
	case 4:
		status = zx_object_signal_peer(handle, some, ZX_EVENT_SIGNALED);
		if (status != ZX_ERR_ACCESS_DENIED)
			may(r, status, ZX_ERR_PEER_CLOSED, "signal_peer");
		break;
	case 5:
		status = zx_object_wait_one(handle, some | ZX_EVENTPAIR_PEER_CLOSED,
					    zx_deadline_after(ZX_USEC(pick(r, 300))),
					    &observed);
		if (status != ZX_ERR_CANCELED)
			may(r, status, ZX_ERR_TIMED_OUT, "wait_one");
		break;
	case 6:
		items[0] = (zx_wait_item_t){ handle, some, 0 };
		items[1] = (zx_wait_item_t){ other, some, 0 };
		status = zx_object_wait_many(items, 2,
					     zx_deadline_after(ZX_USEC(pick(r, 300))));
		if (status != ZX_ERR_CANCELED)
			may(r, status, ZX_ERR_TIMED_OUT, "wait_many");
		break;
	case 7:
		fine(r, zx_object_wait_async(handle, port, some, some | ZX_EVENT_SIGNALED,
					     pick(r, 4)), "wait_async");
		may(r, zx_port_wait(port, 0, &packet), ZX_ERR_TIMED_OUT, "port_wait");
		break;
	default:
		may(r, zx_port_cancel(port, handle, some), ZX_ERR_NOT_FOUND, "cancel");
	}
}

static void (*step_of)(struct racer *r);
static void region_step(struct racer *r);

/* What is mapped in a region stays without handles. */
static zx_status_t close_it(zx_handle_t handle)
{
	if (step_of == region_step)
		zx_vmar_destroy(handle);
	return zx_handle_close(handle);
}

/* @made takes the place of a handle, which is closed. */
static void take_place(struct racer *r, _Atomic uint64_t *at, zx_handle_t made)
{
	const zx_handle_t old = handle_of(atomic_exchange(at, made));

	opened++;
	if (old && fine(r, close_it(old), "close"))
		closed++;
}

static void close_one(struct racer *r, zx_handle_t handle)
{
	if (handle && fine(r, close_it(handle), "close"))
		closed++;
}

/* The same number for what is there, by another handle. */
static void replace_one(struct racer *r, _Atomic uint64_t *at, uint64_t entry)
{
	zx_handle_t h;

	if (!entry || !fine(r, zx_handle_replace(handle_of(entry), ZX_RIGHT_SAME_RIGHTS, &h),
			    "replace"))
		return;
	if (!atomic_compare_exchange_strong(at, &entry, h)) {
		must(r, close_it(h), "close of what was replaced");
		closed++;
	}
}

/* Streams of one VMO, none of which makes it longer. */
static void stream_step(struct racer *r)
{
	_Atomic uint64_t *at = &shared[pick(r, SHARED)];
	const uint64_t entry = atomic_load(at);
	zx_handle_t handle = handle_of(entry), h;
	char bytes[2] = "xy";
	zx_iovec_t v[2] = { { bytes, 1 }, { bytes + 1, 1 } };
	zx_info_stream_t info;
	uint8_t append = 0;
	size_t actual = 0;

	switch (pick(r, 9)) {
	case 0:
		must(r, zx_stream_create(ZX_STREAM_MODE_READ | ZX_STREAM_MODE_WRITE, vmo, 0, &h),
		     "create");
		take_place(r, at, h);
		break;
	case 1:
		close_one(r, handle);
		break;
	case 2:
		if (!fine(r, zx_handle_duplicate(handle, ZX_RIGHT_SAME_RIGHTS, &h), "duplicate"))
			break;
		must(r, zx_stream_readv_at(h, 0, 1, v, 2, &actual), "read of what is duplicated");
		if (actual != 2)
			r->failed = "a read that is cut";
		must(r, zx_handle_close(h), "close of what was duplicated");
		break;
	case 3:
		replace_one(r, at, entry);
		break;
	case 4:
		fine(r, zx_stream_readv(handle, 0, v, 2, &actual), "read");
		break;
	case 5:
		fine(r, zx_stream_writev_at(handle, 0, 0, v, 2, &actual), "write");
		break;
	case 6:
		fine(r, zx_stream_seek(handle, ZX_STREAM_SEEK_ORIGIN_START, 0, NULL), "seek");
		break;
	case 7:
		fine(r, zx_object_get_info(handle, ZX_INFO_STREAM, &info, sizeof(info), NULL,
					   NULL), "get_info");
		break;
	default:
		fine(r, zx_object_set_property(handle, ZX_PROP_STREAM_MODE_APPEND, &append, 1),
		     "set_property");
	}
}

/* Regions, in which the same VMO is mapped, and which go while that is done. */
static void region_step(struct racer *r)
{
	const zx_vm_option_t can = ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE;
	_Atomic uint64_t *at = &shared[pick(r, SHARED)];
	const uint64_t entry = atomic_load(at);
	zx_handle_t handle = handle_of(entry), h;
	zx_vaddr_t addr;
	zx_info_vmar_t info;
	zx_status_t status;

	switch (pick(r, 7)) {
	case 0:
		must(r, zx_vmar_allocate(zx_vmar_root_self(), can, 0, 16 * PAGE, &h, &addr),
		     "allocate");
		take_place(r, at, h);
		break;
	case 1:
		close_one(r, handle);
		break;
	case 2:
		if (!fine(r, zx_handle_duplicate(handle, ZX_RIGHT_SAME_RIGHTS, &h), "duplicate"))
			break;
		must(r, zx_object_get_info(h, ZX_INFO_VMAR, &info, sizeof(info), NULL, NULL),
		     "get_info");
		must(r, zx_handle_close(h), "close of what was duplicated");
		break;
	case 3:
		replace_one(r, at, entry);
		break;
	case 4:
	case 5:
		/* It may be full, too. */
		status = zx_vmar_map(handle, ZX_VM_PERM_READ, 0, vmo, 0, PAGE, &addr);
		if (status != ZX_ERR_NO_RESOURCES)
			may(r, status, ZX_ERR_BAD_STATE, "map");
		if (status == ZX_OK && pick(r, 2))
			may(r, zx_vmar_unmap(handle, addr, PAGE), ZX_ERR_BAD_STATE, "unmap");
		break;
	default:
		if (handle)
			may(r, zx_vmar_destroy(handle), ZX_ERR_BAD_STATE, "destroy");
	}
}

static void *race(void *arg)
{
	struct racer *r = arg;

	while (!done) {
		for (int i = 0; i < STEPS; i++)
			step_of(r);
		pthread_barrier_wait(&barrier);
		/* @done is what it was for all of them. */
		pthread_barrier_wait(&barrier);
	}
	return NULL;
}

static int open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void race_with(void (*step)(struct racer *r))
{
	const char *seconds = getenv("ZXP_SECONDS");
	zx_time_t end = zx_deadline_after(ZX_SEC(seconds ? strtol(seconds, NULL, 10) : 0));
	struct racer racers[THREADS] = { 0 };
	int rounds = seconds ? 0 : 100;

	step_of = step;
	done = false;
	opened = closed = 0;
	assert_int_equal(pthread_barrier_init(&barrier, NULL, THREADS + 1), 0);
	for (int i = 0; i < THREADS; i++) {
		racers[i].random = 0x9e3779b97f4a7c15ull * (unsigned int)(i + 1);
		assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]),
				 0);
	}
	while (!done) {
		pthread_barrier_wait(&barrier);
		if (rounds ? !--rounds : zx_clock_get_monotonic() > end)
			done = true;
		pthread_barrier_wait(&barrier);
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(racers[i].thread, NULL), 0);
		assert_string_equal(racers[i].failed ?: "", "");
	}
	for (int i = 0; i < SHARED; i++) {
		if (handle_of(shared[i]) && close_it(handle_of(shared[i])) == ZX_OK)
			closed++;
		shared[i] = 0;
	}
	/* Each was closed once. */
	assert_int_equal(closed, opened);
	pthread_barrier_destroy(&barrier);
}

static void many_threads(void **state)
{
	int before = open_files();

	(void)state;
	race_with(step);
	/* Nobody was taken for somebody else. */
	assert_int_equal(fake_wrong, 0);
	assert_int_equal(open_files(), before);
}

static void many_threads_signal_and_wait(void **state)
{
	int before = open_files();

	(void)state;
	ok(zx_port_create(0, &port));
	race_with(signal_step);
	ok(zx_handle_close(port));
	/* Nobody had to wait for what only the kernel knows, so there is no thread for it. */
	assert_int_equal(open_files(), before);
}

static void race_with_vmo(void (*step)(struct racer *r))
{
	int before = open_files();

	vmo = new_vmo();
	race_with(step);
	ok(zx_handle_close(vmo));
	assert_int_equal(open_files(), before);
}

static void many_threads_with_streams(void **state)
{
	(void)state;
	race_with_vmo(stream_step);
}

static void many_threads_with_regions(void **state)
{
	(void)state;
	race_with_vmo(region_step);
}

int main(void)
{
	static const struct CMUnitTest libzx_races[] = {
		cmocka_unit_test(closed_though_its_number_lives),
		cmocka_unit_test(number_without_a_count),
		cmocka_unit_test(counts_begin_again),
		cmocka_unit_test(closed_behind_the_library),
		cmocka_unit_test(replaced_is_closed),
		cmocka_unit_test(closed_while_in_use),
		cmocka_unit_test(closed_slowly_at_the_end),
		cmocka_unit_test(used_by_many_asks_nothing),
		cmocka_unit_test(many_threads),
		cmocka_unit_test(many_threads_signal_and_wait),
		cmocka_unit_test(many_threads_with_streams),
		cmocka_unit_test(many_threads_with_regions),
	};

	return cmocka_run_group_tests(libzx_races, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that all change the same bytes.
 *
 * Some write records anywhere, by pwrite() and through a mapping, while others cut the file
 * and let it grow, zero it, sync and evict it.  No two records are the same.  So who has
 * written one and synced it, and still reads it then, knows that it has been there all the
 * time: the store has to have it.  Nobody may meet an error.
 *
 * A round is over when each author has done its steps.  Then all rest, and the mapping, the
 * store after a sync and what is read anew have to be what pread() finds.  What lies behind the
 * lowest end of the round is of this round, or zeroes.
 *
 * A record never spans pages, so what pwrite() has written is there whole or not at all.
 * Stores to a mapping can tear it; rounds have them or not.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/falloc.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../keeper/dice.h"
#include "guard.h"
#include "race.h"
#include "writer.h"

#define PAGE		4096ul
#define WORDS		8
#define RECORD		(WORDS * sizeof(uint64_t))
#define RECORDS		10100u		/* no whole pages */
#define SPACE		(RECORDS * RECORD)
#define AT_ONCE		150u		/* records of a write, at most */
#define AUTHORS		3u
#define STEPS		120u		/* of each author in a round */

struct record {
	uint64_t word[WORDS];
};

struct actor {
	pthread_t thread;
	struct dice dice;
	unsigned int number;
	void (*step)(struct actor *a);
	struct record record[AT_ONCE];
	struct record found[AT_ONCE];
	uint32_t serial;		/* of the last record that it has made */
};

static int vmo, vmo_sync, store;
static uint8_t *map;
static unsigned int round_now;
static bool with_stores, with_zeroes;
static pthread_barrier_t begins, ends;
static bool over;

/* What others do is measured in what the authors do. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t went_on = PTHREAD_COND_INITIALIZER;
static unsigned int steps, writing;	/* authors that have steps left */
static uint64_t least;			/* where the file has ended in this round */

static atomic_uint cuts, zeroes, syncs, compared;
static atomic_uint cutting;		/* odd while somebody cuts */

/* At once, since others may have found the same. */
static __attribute__((noreturn, format(printf, 1, 2))) void fault(const char *format, ...)
{
	char what[200];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	fprintf(stderr, "fsx: race, round %u%s%s: %s\n", round_now,
		with_stores ? ", with stores" : "", with_zeroes ? ", with zeroes" : "", what);
	_exit(FAULT);
}

static __attribute__((noreturn)) void failed(const char *what)
{
	fault("%s: %s", what, strerror(errno));
}

static uint64_t size_now(void)
{
	struct stat st;

	if (fstat(vmo, &st))
		failed("fstat");
	return (uint64_t)st.st_size;
}

/* --- records ---------------------------------------------------------------------- */

/* The round, who made it, how many it has made, and where it is to be. */
static void make_record(struct record *r, struct actor *a, unsigned int at)
{
	uint64_t word = (uint64_t)round_now << 48 | (uint64_t)a->number << 44 |
			(uint64_t)(++a->serial & 0xffffff) << 20 | at;

	for (unsigned int i = 0; i < WORDS; i++)
		r->word[i] = word;
}

static bool is_whole(const struct record *r)
{
	for (unsigned int i = 1; i < WORDS; i++)
		if (r->word[i] != r->word[0])
			return false;
	return true;
}

static unsigned int round_of(const struct record *r)
{
	return r->word[0] >> 48;
}

static bool is_at(const struct record *r, unsigned int at)
{
	return !r->word[0] || (r->word[0] & 0xfffff) == at;
}

/* --- those who write -------------------------------------------------------------- */

/* What was synced, and is there still, is in the store. */
static void compare(struct actor *a, unsigned int at, unsigned int count)
{
	struct record now[AT_ONCE];
	ssize_t n;

	memset(a->found, 0, sizeof(a->found));
	n = pread(store, a->found, count * RECORD, at * RECORD);
	if (n < 0)
		failed("read of the store");
	memset(now, 0, sizeof(now));
	if (pread(vmo, now, count * RECORD, at * RECORD) < 0)
		failed("pread");
	for (unsigned int i = 0; i < count; i++) {
		if (memcmp(&now[i], &a->record[i], RECORD))
			continue;
		if (memcmp(&a->found[i], &a->record[i], RECORD))
			fault("record %u is %#" PRIx64 " and was synced, but the store has %#" PRIx64,
			      at + i, now[i].word[0], a->found[i].word[0]);
		atomic_fetch_add(&compared, 1);
	}
}

static void sync_records(struct actor *a, unsigned int at, unsigned int count)
{
	uint64_t page = at * RECORD & ~(PAGE - 1), end = (at + count) * RECORD;
	int rc;

	switch (roll(&a->dice, 3)) {
	case 0:
		rc = fsync(vmo);
		break;
	case 1:
		rc = fdatasync(vmo);
		break;
	default:
		rc = msync(map + page, end - page, MS_SYNC);
	}
	if (rc)
		failed("a sync");
	compare(a, at, count);
}

/*
 * A mapping has nothing behind the end, which may come nearer meanwhile.  What a store leaves
 * behind the end is part of the file once that grows over it, and no earlier sync has it.
 */
static void store_records(struct actor *a, unsigned int at, unsigned int count)
{
	unsigned int before = atomic_load(&cutting);
	uint64_t end = size_now() / RECORD;

	if (end)
		at %= end;
	for (unsigned int i = 0; i < count && at + i < end; i++) {
		make_record(&a->record[0], a, at + i);
		if (!guarded_copy(map + (at + i) * RECORD, &a->record[0], RECORD))
			return;
	}
	if (before % 2 || before != atomic_load(&cutting))
		return;
	if (end && count == 1 && one_in(&a->dice, 4))
		sync_records(a, at, 1);
}

static void write_records(struct actor *a, unsigned int at, unsigned int count)
{
	bool is_sync = one_in(&a->dice, 8);

	for (unsigned int i = 0; i < count; i++)
		make_record(&a->record[i], a, at + i);
	if (pwrite(is_sync ? vmo_sync : vmo, a->record, count * RECORD, at * RECORD) !=
	    (ssize_t)(count * RECORD))
		failed("pwrite");
	if (is_sync)
		compare(a, at, count);
	else if (one_in(&a->dice, 4))
		sync_records(a, at, count);
}

static void author_step(struct actor *a)
{
	unsigned int count = one_in(&a->dice, 4) ? 1 + roll(&a->dice, AT_ONCE) : 1;
	unsigned int at = roll(&a->dice, RECORDS - count);

	/* Half of them lie where the file ends, or not far behind. */
	if (one_in(&a->dice, 2))
		at %= size_now() / RECORD + 70;
	if (at > RECORDS - count)
		at = RECORDS - count;
	if (with_stores && one_in(&a->dice, 2))
		store_records(a, at, count);
	else
		write_records(a, at, count);
}

/* --- and all the others ----------------------------------------------------------- */

static void cut(uint64_t records)
{
	uint64_t size = records * RECORD;

	atomic_fetch_add(&cutting, 1);
	if (ftruncate(vmo, (off_t)size))
		failed("ftruncate");
	atomic_fetch_add(&cutting, 1);
	if (least > size)
		least = size;
	atomic_fetch_add(&cuts, 1);
}

/* Also to a larger size, and sometimes back at once: nobody sees that it was smaller. */
static void cutter_step(struct actor *a)
{
	uint64_t before = size_now() / RECORD;

	if (one_in(&a->dice, 10))
		cut(0);
	else if (one_in(&a->dice, 3))
		cut(before / 2);
	else
		cut(roll(&a->dice, RECORDS));
	if (one_in(&a->dice, 3))
		cut(before);
}

static void zeroer_step(struct actor *a)
{
	unsigned int at = roll(&a->dice, RECORDS), count = 1 + roll(&a->dice, 300);
	int mode = FALLOC_FL_KEEP_SIZE |
		   (one_in(&a->dice, 2) ? FALLOC_FL_ZERO_RANGE : FALLOC_FL_PUNCH_HOLE);

	if (!with_zeroes)
		return;
	if (fallocate(vmo, mode, (off_t)(at * RECORD), (off_t)(count * RECORD)))
		failed("fallocate");
	atomic_fetch_add(&zeroes, 1);
}

static void syncer_step(struct actor *a)
{
	if (one_in(&a->dice, 2) ? fsync(vmo) : fdatasync(vmo))
		failed("fsync");
	atomic_fetch_add(&syncs, 1);
}

static void evict(void)
{
	if (madvise(map, SPACE, MADV_DONTNEED) ||
	    posix_fadvise(vmo, 0, 0, POSIX_FADV_DONTNEED))
		failed("DONTNEED");
}

static void evicter_step(struct actor *a)
{
	(void)a;
	evict();
}

/* --- a round ---------------------------------------------------------------------- */

static void be_author(struct actor *a)
{
	for (unsigned int i = 0; i < STEPS; i++) {
		a->step(a);
		pthread_mutex_lock(&lock);
		steps++;
		writing -= i == STEPS - 1;
		pthread_cond_broadcast(&went_on);
		pthread_mutex_unlock(&lock);
	}
}

/* As long as anybody writes; each step is some of the authors' later than the last. */
static void be_other(struct actor *a)
{
	unsigned int from = 0;

	for (;;) {
		pthread_mutex_lock(&lock);
		from += 1 + roll(&a->dice, 2 * AUTHORS);
		while (steps < from && writing)
			pthread_cond_wait(&went_on, &lock);
		from = steps;
		if (!writing)
			break;
		pthread_mutex_unlock(&lock);
		a->step(a);
	}
	pthread_mutex_unlock(&lock);
}

static void *act(void *arg)
{
	struct actor *a = arg;

	for (;;) {
		pthread_barrier_wait(&begins);
		if (over)
			return NULL;
		if (a->number < AUTHORS)
			be_author(a);
		else
			be_other(a);
		pthread_barrier_wait(&ends);
	}
}

/* What a store has torn is made whole again, so it is not there in the next round. */
static void look_at_record(struct actor *mender, struct record *r, unsigned int at)
{
	if (!is_whole(r) && !with_stores)
		fault("record %u is torn: %#" PRIx64 " and others", at, r->word[0]);
	if (!is_whole(r)) {
		make_record(r, mender, at);
		if (pwrite(vmo, r, RECORD, (off_t)(at * RECORD)) != (ssize_t)RECORD)
			failed("pwrite");
		return;
	}
	if (!is_at(r, at))
		fault("record %u is %#" PRIx64 ", of another place", at, r->word[0]);
	if (r->word[0] && at * RECORD >= least && round_of(r) != round_now)
		fault("record %u is %#" PRIx64 ", of an earlier round, behind a cut to %" PRIu64,
		      at, r->word[0], least);
}

static void has(const char *what, int fd, const uint8_t *want, uint64_t size)
{
	static uint8_t found[SPACE + PAGE];
	uint64_t n = read_all(fd, found, 0, sizeof(found));

	if (n != size)
		fault("%s ends at %" PRIu64 " instead of %" PRIu64, what, n, size);
	for (uint64_t i = 0; i < size; i++)
		if (found[i] != want[i])
			fault("%s has %#x instead of %#x at %" PRIu64, what, found[i], want[i], i);
}

/* Nobody else does anything. */
static void look_at_all(struct actor *mender)
{
	static struct record all[RECORDS];
	uint64_t size = read_all(vmo, (uint8_t *)all, 0, SPACE);

	if (size != size_now() || size % RECORD)
		fault("%" PRIu64 " of %" PRIu64 " bytes can be read", size, size_now());
	for (unsigned int at = 0; at < size / RECORD; at++)
		look_at_record(mender, &all[at], at);
	if (memcmp(map, all, size))
		fault("the mapping is not what is read");
	if (fsync(vmo))
		failed("fsync");
	has("the store", store, (uint8_t *)all, size);
	evict();
	has("what is read anew", vmo, (uint8_t *)all, size);
}

static void one_round(struct actor *mender)
{
	with_stores = round_now % 2 == 0;
	with_zeroes = round_now % 3 != 0;
	steps = 0;
	writing = AUTHORS;
	least = UINT64_MAX;
	pthread_barrier_wait(&begins);
	pthread_barrier_wait(&ends);
	look_at_all(mender);
}

int race(const char *vmo_path, const char *store_path, unsigned int rounds, uint64_t seed)
{
	static void (*const step[])(struct actor *a) = {
		author_step, author_step, author_step,
		cutter_step, zeroer_step, syncer_step, evicter_step,
	};
	static struct actor actor[sizeof(step) / sizeof(step[0]) + 1];
	const unsigned int actors = sizeof(step) / sizeof(step[0]);

	vmo = open(vmo_path, O_RDWR | O_CLOEXEC);
	vmo_sync = open(vmo_path, O_RDWR | O_DSYNC | O_CLOEXEC);
	store = open(store_path, O_RDONLY | O_CLOEXEC);
	if (vmo < 0 || vmo_sync < 0 || store < 0 || ftruncate(vmo, 0))
		broken(vmo < 0 ? vmo_path : store_path);
	map = mmap(NULL, SPACE, PROT_READ | PROT_WRITE, MAP_SHARED, vmo, 0);
	if (map == MAP_FAILED)
		broken("mmap");
	guard_begin();
	pthread_barrier_init(&begins, NULL, actors + 1);
	pthread_barrier_init(&ends, NULL, actors + 1);
	for (unsigned int i = 0; i <= actors; i++)
		actor[i] = (struct actor){
			.number = i,
			.dice.state = seed + i * 1000003,
			.step = i < actors ? step[i] : NULL,
		};
	for (unsigned int i = 0; i < actors; i++)
		if (pthread_create(&actor[i].thread, NULL, act, &actor[i]))
			broken("pthread_create");
	for (round_now = 1; round_now <= rounds; round_now++)
		one_round(&actor[actors]);
	over = true;
	pthread_barrier_wait(&begins);
	for (unsigned int i = 0; i < actors; i++)
		pthread_join(actor[i].thread, NULL);
	printf("%u rounds, %u cuts, %u zeroed, %u syncs, %u records found in the store\n",
	       rounds, cuts, zeroes, syncs, compared);
	if (cuts < rounds || zeroes < rounds || syncs < rounds || compared < 10 * rounds)
		fault("too little has happened");
	return DONE;
}

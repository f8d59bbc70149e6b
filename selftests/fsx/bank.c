// SPDX-License-Identifier: GPL-2.0
/*
 * A bank that keeps its books in a VMO, as a database would: tellers move money between
 * accounts, and what all accounts have together is always the same.
 *
 * A transfer is written to a log and synced, each by its teller, though others write to
 * the same page; then both balances are stored through a mapping, in the order of the log.
 * When that is full all is synced, and a header says up to where the log is in the
 * balances.  Each sync that succeeds is compared with the store.
 *
 * After a crash the store alone tells the balances: those it has, and the log from the
 * header on, as far as it is whole.  They have the right sum, and no transfer is missing
 * that was acknowledged.  There are two headers, one of which is whole at any moment.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../keeper/dice.h"
#include "bank.h"
#include "guard.h"
#include "state.h"
#include "writer.h"

#define PAGE		4096ul
#define TELLERS		4u
#define ACCOUNTS	2048u
#define EACH		1000000
#define ENTRIES		250u		/* of the log, which goes round */
#define LOG_AT		PAGE
#define BALANCES_AT	(5 * PAGE + 777)
#define BOOKS		(BALANCES_AT + ACCOUNTS * sizeof(int64_t))

/*
 * struct header - up to where the log is in the balances
 * @number: of this header; the last one counts
 * @posted: the last transfer that is
 * @run: that of those behind it
 */
struct header {
	uint64_t number;
	uint64_t posted;
	uint64_t run;
	uint64_t sum;
};

/* struct entry - a transfer, with what both accounts have after it; pages may divide it */
struct entry {
	uint64_t number;
	uint64_t run;
	uint32_t from, to;
	int64_t from_has, to_has;
	uint64_t sum;
};

/* struct state - what outlives the bank: the last transfer that was acknowledged */
struct state {
	uint64_t acknowledged;
	uint64_t seed;
};

struct teller {
	pthread_t thread;
	struct dice dice;
	unsigned int done;
};

static struct state *state;
static int vmo, vmo_sync, store;
static uint8_t *map;
static uint64_t transfers;
static unsigned int mark, syncs;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t went_on = PTHREAD_COND_INITIALIZER;
static struct header header;
static int64_t balance[ACCOUNTS];	/* with all that was begun */
static uint64_t last, posted;		/* begun, and stored in the mapping */
static struct entry ready[ENTRIES];	/* synced; by number, which is 0 if there is none */

static __attribute__((noreturn, format(printf, 1, 2))) void fault(const char *format, ...)
{
	char what[200];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	fprintf(stderr, "fsx: bank: %s\n", what);
	_exit(FAULT);
}

/* A call has failed, or a store: the daemon has gone, or that is a fault. */
static __attribute__((noreturn)) void failed(const char *what)
{
	if (errno == ESTALE)
		_exit(GONE);
	fault("%s: %s", what, strerror(errno));
}

/* --- the books -------------------------------------------------------------------- */

static uint64_t sum_of(const void *of, size_t length)
{
	const uint8_t *byte = of;
	uint64_t sum = 14695981039346656037ull;

	while (length--)
		sum = (sum ^ *byte++) * 1099511628211ull;
	return sum;
}

#define SUM(x)	sum_of(&(x), sizeof(x) - sizeof((x).sum))

static uint64_t place_of(uint64_t number)
{
	return LOG_AT + number % ENTRIES * sizeof(struct entry);
}

static void look_at_total(const char *what)
{
	int64_t total = 0;

	for (unsigned int i = 0; i < ACCOUNTS; i++)
		total += balance[i];
	if (total != (int64_t)ACCOUNTS * EACH)
		fault("%s: %" PRId64 " instead of %" PRId64 ", after transfer %" PRIu64, what,
		      total, (int64_t)ACCOUNTS * EACH, last);
}

/* What a file has, which is all that there is to know: balance[], last and the header. */
static void read_books(const char *what, int fd)
{
	static uint8_t books[BOOKS];
	struct header found[2];
	struct entry entry;

	if (read_all(fd, books, 0, BOOKS) < BOOKS)
		fault("%s: the books are short", what);
	memcpy(found, books, sizeof(found));
	header = (struct header){ 0 };
	for (unsigned int i = 0; i < 2; i++)
		if (found[i].sum == SUM(found[i]) && found[i].number > header.number)
			header = found[i];
	if (!header.number)
		fault("%s: no header is whole", what);
	memcpy(balance, books + BALANCES_AT, sizeof(balance));
	for (last = header.posted; last < header.posted + ENTRIES; last++) {
		memcpy(&entry, books + place_of(last + 1), sizeof(entry));
		if (entry.number != last + 1 || entry.run != header.run ||
		    entry.sum != SUM(entry))
			break;
		balance[entry.from] = entry.from_has;
		balance[entry.to] = entry.to_has;
	}
	look_at_total(what);
	if (last < state->acknowledged)
		fault("%s: the last transfer is number %" PRIu64 ", but number %" PRIu64
		      " was acknowledged", what, last, state->acknowledged);
}

/* A sync was answered: the store has it. */
static void is_stored(const void *what, size_t length, uint64_t offset, const char *name)
{
	uint8_t found[sizeof(balance)];

	if (read_all(store, found, offset, offset + length) < offset + length ||
	    memcmp(found, what, length))
		fault("%s was synced, and is not in the store, up to transfer %" PRIu64, name,
		      last);
	__atomic_fetch_add(&syncs, 1, __ATOMIC_RELAXED);
}

static void write_synced(const void *what, size_t length, uint64_t offset)
{
	if (pwrite(vmo_sync, what, length, (off_t)offset) != (ssize_t)length)
		failed("a write");
}

static void store_mapped(const void *what, size_t length, uint64_t offset)
{
	if (guarded_copy(map + offset, what, length))
		return;
	if (!fsync(vmo))
		errno = EFAULT;
	failed("a store");
}

/* All that has been begun is in the mapping, and nothing is begun until this is over. */
static void balance_books(void)
{
	uint64_t at = ++header.number % 2 * sizeof(header);

	if (fsync(vmo))
		failed("fsync");
	is_stored(balance, sizeof(balance), BALANCES_AT, "the table of balances");
	header.posted = posted;
	header.sum = SUM(header);
	write_synced(&header, sizeof(header), at);
	is_stored(&header, sizeof(header), at, "a header");
}

/* --- transfers -------------------------------------------------------------------- */

/* false if all are done. The log has room again when it is in the balances. */
static bool begin_transfer(struct teller *t, struct entry *e)
{
	int64_t amount = 1 + roll(&t->dice, 1000);

	pthread_mutex_lock(&lock);
	while (last - header.posted == ENTRIES) {
		if (posted == last)
			balance_books();
		else
			pthread_cond_wait(&went_on, &lock);
	}
	if (last == transfers) {
		pthread_mutex_unlock(&lock);
		return false;
	}
	*e = (struct entry){
		.number = ++last,
		.run = header.run,
		.from = roll(&t->dice, ACCOUNTS),
		.to = roll(&t->dice, ACCOUNTS),
	};
	balance[e->from] -= amount;
	balance[e->to] += amount;
	e->from_has = balance[e->from];
	e->to_has = balance[e->to];
	e->sum = SUM(*e);
	pthread_mutex_unlock(&lock);
	return true;
}

static void log_transfer(struct teller *t, const struct entry *e)
{
	uint64_t at = place_of(e->number), page = at & ~(PAGE - 1);

	switch (roll(&t->dice, 3)) {
	case 0:
		write_synced(e, sizeof(*e), at);
		break;
	case 1:
		if (pwrite(vmo, e, sizeof(*e), (off_t)at) != sizeof(*e))
			failed("pwrite");
		if (fdatasync(vmo))
			failed("fdatasync");
		break;
	default:
		store_mapped(e, sizeof(*e), at);
		if (msync(map + page, at + sizeof(*e) - page, MS_SYNC))
			failed("msync");
	}
	is_stored(e, sizeof(*e), at, "a transfer");
}

/* In the order of the log: a balance is never older than the log that has room again. */
static void post_transfer(const struct entry *e)
{
	pthread_mutex_lock(&lock);
	ready[e->number % ENTRIES] = *e;
	for (;;) {
		struct entry *next = &ready[(posted + 1) % ENTRIES];

		if (next->number != posted + 1)
			break;
		store_mapped(&next->from_has, sizeof(int64_t),
			     BALANCES_AT + next->from * sizeof(int64_t));
		store_mapped(&next->to_has, sizeof(int64_t),
			     BALANCES_AT + next->to * sizeof(int64_t));
		state->acknowledged = ++posted;
	}
	pthread_cond_broadcast(&went_on);
	pthread_mutex_unlock(&lock);
}

static void *work(void *arg)
{
	struct teller *t = arg;
	struct entry e;

	while (begin_transfer(t, &e)) {
		log_transfer(t, &e);
		post_transfer(&e);
		if (one_in(&t->dice, 20))
			posix_fadvise(vmo, 0, 0, POSIX_FADV_DONTNEED);
		if (++t->done % mark == 0)
			say("going on");
	}
	return NULL;
}

/* --- the modes -------------------------------------------------------------------- */

static int open_file(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0 && errno == ESTALE)
		exit(GONE);
	if (fd < 0)
		broken(path);
	return fd;
}

static void leave(int sig)
{
	(void)sig;
	_exit(GONE);
}

int bank_new(const char *state_path, const char *store_path, uint64_t seed)
{
	state = map_state(state_path, sizeof(*state), O_CREAT | O_TRUNC);
	state->seed = seed;
	header = (struct header){ .number = 2, .run = 1 };
	header.sum = SUM(header);
	for (unsigned int i = 0; i < ACCOUNTS; i++)
		balance[i] = EACH;
	store = open_file(store_path, O_RDWR);
	if (ftruncate(store, BOOKS) ||
	    pwrite(store, &header, sizeof(header), 0) != sizeof(header) ||
	    pwrite(store, balance, sizeof(balance), BALANCES_AT) != sizeof(balance))
		broken(store_path);
	return DONE;
}

int bank_check(const char *store_path, const char *state_path)
{
	state = map_state(state_path, sizeof(*state), 0);
	read_books("the store", open_file(store_path, O_RDONLY));
	return DONE;
}

/* What the log of an earlier run has beyond its last one is none of this run's. */
static void begin_run(void)
{
	read_books("the VMO", vmo);
	posted = last;
	store_mapped(balance, sizeof(balance), BALANCES_AT);
	header.run++;
	balance_books();
}

int bank_run(const char *vmo_path, const char *store_path, const char *state_path,
	     uint64_t many, unsigned int every)
{
	static struct teller teller[TELLERS];

	state = map_state(state_path, sizeof(*state), 0);
	transfers = many;
	mark = every;
	vmo = open_file(vmo_path, O_RDWR);
	vmo_sync = open_file(vmo_path, O_RDWR | O_DSYNC);
	store = open_file(store_path, O_RDONLY);
	map = mmap(NULL, BOOKS, PROT_READ | PROT_WRITE, MAP_SHARED, vmo, 0);
	if (map == MAP_FAILED)
		broken("mmap");
	guard_begin();
	signal(SIGTERM, leave);
	say("begun");
	begin_run();
	for (unsigned int i = 0; i < TELLERS; i++) {
		teller[i].dice.state = state->seed + last + i * 1000003;
		if (pthread_create(&teller[i].thread, NULL, work, &teller[i]))
			broken("pthread_create");
	}
	for (unsigned int i = 0; i < TELLERS; i++)
		pthread_join(teller[i].thread, NULL);
	balance_books();
	printf("%" PRIu64 " operations, %u syncs in the last run\n", posted, syncs);
	return DONE;
}
